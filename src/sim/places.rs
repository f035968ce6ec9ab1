//! Where viewers are: cities with their region, postcode, position and share of the traffic.

/// A city.
#[derive(Debug)]
pub(crate) struct Place {
    /// ISO 3166-1 alpha-3.
    pub(crate) country: &'static str,
    /// ISO 3166-2 without the country.
    pub(crate) region: &'static str,
    pub(crate) city: &'static str,
    pub(crate) zip: &'static str,
    /// 10^-4 degrees.
    pub(crate) lat: i64,
    /// 10^-4 degrees.
    pub(crate) lon: i64,
    /// Minutes from UTC, in winter.
    pub(crate) utcoffset: i64,
    /// ISO 639-1.
    pub(crate) language: &'static str,
    /// Where the GDPR is in force: the European Economic Area and the United Kingdom.
    pub(crate) gdpr: bool,
    weight: u32,
}

/// The place of the `number`-th of many people: the larger a city, the more of them live there.
pub(crate) fn place(number: u64) -> &'static Place {
    let mut left = number % u64::from(WEIGHT);
    for place in PLACES {
        if left < u64::from(place.weight) {
            return place;
        }
        left -= u64::from(place.weight);
    }
    unreachable!("`left` is below the sum of the weights")
}

const WEIGHT: u32 = {
    let (mut sum, mut at) = (0, 0);
    while at < PLACES.len() {
        sum += PLACES[at].weight;
        at += 1;
    }
    sum
};

type Row = (&'static str, &'static str, &'static str, i64, i64, u32);

const fn french(row: Row) -> Place {
    abroad(row, "FRA", 60, "fr", true)
}

const fn abroad(
    row: Row,
    country: &'static str,
    utcoffset: i64,
    language: &'static str,
    gdpr: bool,
) -> Place {
    let (region, city, zip, lat, lon, weight) = row;
    Place { country, region, city, zip, lat, lon, utcoffset, language, gdpr, weight }
}

const PLACES: &[Place] = &[
    french(("IDF", "Paris", "75011", 488_566, 23_522, 120)),
    french(("IDF", "Boulogne-Billancourt", "92100", 488_397, 22_399, 40)),
    french(("IDF", "Saint-Denis", "93200", 489_362, 23_574, 40)),
    french(("IDF", "Créteil", "94000", 487_904, 24_556, 20)),
    french(("ARA", "Lyon", "69003", 457_640, 48_357, 45)),
    french(("ARA", "Grenoble", "38000", 451_885, 57_245, 14)),
    french(("ARA", "Clermont-Ferrand", "63000", 457_772, 30_870, 12)),
    french(("ARA", "Saint-Étienne", "42000", 454_397, 43_872, 12)),
    french(("PAC", "Marseille", "13006", 432_965, 53_698, 42)),
    french(("PAC", "Nice", "06000", 437_102, 72_620, 20)),
    french(("PAC", "Toulon", "83000", 431_242, 59_280, 12)),
    french(("OCC", "Toulouse", "31000", 436_047, 14_442, 36)),
    french(("OCC", "Montpellier", "34000", 436_108, 38_767, 20)),
    french(("OCC", "Nîmes", "30000", 438_367, 43_601, 10)),
    french(("NAQ", "Bordeaux", "33000", 448_378, -5_792, 34)),
    french(("NAQ", "Limoges", "87000", 458_336, 12_611, 9)),
    french(("NAQ", "La Rochelle", "17000", 461_603, -11_511, 9)),
    french(("HDF", "Lille", "59800", 506_292, 30_573, 36)),
    french(("HDF", "Amiens", "80000", 498_941, 22_958, 10)),
    french(("HDF", "Calais", "62100", 509_513, 18_587, 8)),
    french(("GES", "Strasbourg", "67000", 485_734, 77_521, 24)),
    french(("GES", "Nancy", "54000", 486_921, 61_844, 12)),
    french(("GES", "Reims", "51100", 492_583, 40_317, 12)),
    french(("PDL", "Nantes", "44000", 472_184, -15_536, 28)),
    french(("PDL", "Angers", "49000", 474_784, -5_632, 11)),
    french(("PDL", "Le Mans", "72000", 480_061, 1_996, 9)),
    french(("BRE", "Rennes", "35000", 481_173, -16_778, 20)),
    french(("BRE", "Brest", "29200", 483_904, -44_861, 11)),
    french(("NOR", "Rouen", "76000", 494_432, 10_999, 14)),
    french(("NOR", "Caen", "14000", 491_829, -3_707, 11)),
    french(("BFC", "Dijon", "21000", 473_220, 50_415, 12)),
    french(("BFC", "Besançon", "25000", 472_378, 60_241, 9)),
    french(("CVL", "Tours", "37000", 473_941, 6_848, 12)),
    french(("CVL", "Orléans", "45000", 479_029, 19_093, 10)),
    french(("20R", "Ajaccio", "20000", 419_192, 87_386, 5)),
    abroad(("BE", "Berlin", "10115", 525_200, 134_050, 40), "DEU", 60, "de", true),
    abroad(("BY", "München", "80331", 481_351, 115_820, 30), "DEU", 60, "de", true),
    abroad(("NW", "Köln", "50667", 509_375, 69_603, 30), "DEU", 60, "de", true),
    abroad(("MD", "Madrid", "28013", 404_168, -37_038, 36), "ESP", 60, "es", true),
    abroad(("CT", "Barcelona", "08002", 413_874, 21_686, 28), "ESP", 60, "es", true),
    abroad(("25", "Milano", "20121", 454_642, 91_900, 34), "ITA", 60, "it", true),
    abroad(("62", "Roma", "00184", 419_028, 124_964, 30), "ITA", 60, "it", true),
    abroad(("BRU", "Bruxelles", "1000", 508_503, 43_517, 24), "BEL", 60, "fr", true),
    abroad(("VLG", "Antwerpen", "2000", 512_194, 44_025, 16), "BEL", 60, "nl", true),
    abroad(("NH", "Amsterdam", "1012", 523_676, 49_041, 22), "NLD", 60, "nl", true),
    abroad(("11", "Lisboa", "1100", 387_223, -91_393, 14), "PRT", 0, "pt", true),
    abroad(("14", "Warszawa", "00-001", 522_297, 210_122, 18), "POL", 60, "pl", true),
    abroad(("9", "Wien", "1010", 482_082, 163_738, 14), "AUT", 60, "de", true),
    abroad(("AB", "Stockholm", "111 20", 593_293, 180_686, 12), "SWE", 60, "sv", true),
    abroad(("D", "Dublin", "D02", 533_498, -62_603, 10), "IRL", 0, "en", true),
    abroad(("ENG", "London", "EC1A", 515_074, -1_278, 40), "GBR", 0, "en", true),
    abroad(("GE", "Genève", "1201", 462_044, 61_432, 12), "CHE", 60, "fr", false),
    abroad(("NY", "New York", "10001", 407_128, -740_060, 60), "USA", -300, "en", false),
    abroad(("CA", "Los Angeles", "90012", 340_522, -1_182_437, 60), "USA", -480, "en", false),
    abroad(("CA", "San Francisco", "94103", 377_749, -1_224_194, 30), "USA", -480, "en", false),
    abroad(("TX", "Houston", "77002", 297_604, -953_698, 40), "USA", -360, "en", false),
    abroad(("IL", "Chicago", "60601", 418_781, -876_298, 36), "USA", -360, "en", false),
    abroad(("FL", "Miami", "33101", 257_617, -801_918, 36), "USA", -300, "en", false),
    abroad(("VA", "Richmond", "23219", 375_407, -774_360, 20), "USA", -300, "en", false),
    abroad(("CO", "Denver", "80202", 397_392, -1_049_903, 20), "USA", -420, "en", false),
    abroad(("CT", "Hartford", "06103", 417_658, -726_734, 10), "USA", -300, "en", false),
    abroad(("QC", "Montréal", "H2Y", 455_017, -735_673, 30), "CAN", -300, "fr", false),
    abroad(("ON", "Toronto", "M5H", 436_532, -793_832, 20), "CAN", -300, "en", false),
    abroad(("SP", "São Paulo", "01000", -235_505, -466_333, 30), "BRA", -180, "pt", false),
    abroad(("13", "Tokyo", "100-0001", 356_762, 1_396_503, 20), "JPN", 540, "ja", false),
    abroad(("MH", "Mumbai", "400001", 190_760, 728_777, 24), "IND", 330, "en", false),
    abroad(("CAS", "Casablanca", "20000", 335_731, -75_898, 14), "MAR", 60, "fr", false),
    abroad(("DK", "Dakar", "11000", 147_167, -174_677, 8), "SEN", 0, "fr", false),
    abroad(("NSW", "Sydney", "2000", -338_688, 1_512_093, 12), "AUS", 600, "en", false),
];

#[cfg(test)]
mod tests {
    use crate::sim::places::{PLACES, WEIGHT, place};
    use crate::units::{Country, Region};

    #[test]
    fn every_place_is_on_the_map() {
        for place in PLACES {
            let country = Country::from_code(place.country).unwrap();
            assert!(Region::new(country, place.region).is_some(), "{}", place.city);
            assert!(place.lat.abs() <= 900_000 && place.lon.abs() <= 1_800_000, "{}", place.city);
        }
    }

    #[test]
    fn about_half_of_all_viewers_live_in_france() {
        let french = (0..u64::from(WEIGHT)).filter(|n| place(*n).country == "FRA").count();
        let share = 100 * french / WEIGHT as usize;
        assert!((40..60).contains(&share), "{share} %");
    }
}
