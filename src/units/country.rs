//! Countries and regions by their ISO 3166 codes. OpenRTB speaks alpha-3, people alpha-2; both are read.

use std::fmt;

/// ISO 3166-1, alpha-2 then alpha-3, in the order of alpha-2. Source: ISO 3166-1:2020, by Debian's
/// iso-codes.
const CODES: &str = "\
    ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA \
    AZAZE BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES \
    BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK \
    CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA \
    DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA \
    GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS \
    GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD \
    IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA \
    KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA \
    LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ \
    MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC \
    NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM \
    PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC \
    SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV \
    SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR \
    TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR \
    VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE";

/// Bytes from one entry of `CODES` to the next.
const ENTRY: usize = 6;

/// For each code, read as a number of base 26: the place of its entry in `CODES`, from 1; 0 if there is none.
static ALPHA2: [u8; 26 * 26] = places(0, 2);
static ALPHA3: [u8; 26 * 26 * 26] = places(2, 5);

/// The places of the codes that stand in bytes `from..to` of each entry.
const fn places<const N: usize>(from: usize, to: usize) -> [u8; N] {
    let codes = CODES.as_bytes();
    let mut places = [0; N];
    let (mut entry, mut place) = (0, 1);
    while entry < codes.len() {
        let (mut at, mut number) = (entry + from, 0);
        while at < entry + to {
            number = number * 26 + (codes[at] - b'A') as usize;
            at += 1;
        }
        places[number] = place;
        place += 1;
        entry += ENTRY;
    }
    places
}

/// A country by its ISO 3166-1 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// France.
    pub const FR: Self = Self(*b"FR");

    /// The country of an alpha-2 or alpha-3 code, in any case; `None` if there is no such country.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let places: &[u8] = match code.len() {
            2 => &ALPHA2,
            3 => &ALPHA3,
            _ => return None,
        };
        let number = code.bytes().try_fold(0, |number, letter| {
            let letter = letter.to_ascii_uppercase();
            letter.is_ascii_uppercase().then(|| number * 26 + usize::from(letter - b'A'))
        })?;
        let place = places[number].checked_sub(1)?;
        let entry = &CODES.as_bytes()[usize::from(place) * ENTRY..];
        Some(Self([entry[0], entry[1]]))
    }

    /// The two letters.
    #[must_use]
    pub fn alpha2(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two capital letters")
    }

    /// The three letters.
    #[must_use]
    pub fn alpha3(&self) -> &'static str {
        let at = CODES
            .as_bytes()
            .chunks(ENTRY)
            .position(|entry| entry[..2] == self.0)
            .expect("made from the table");
        &CODES[at * ENTRY + 2..at * ENTRY + 5]
    }

    /// All countries, in the order of their alpha-2 codes.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.as_bytes().chunks(ENTRY).map(|entry| Self([entry[0], entry[1]]))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.alpha2())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.alpha2())
    }
}

/// A region: a country and up to three letters or digits of ISO 3166-2 (`FR-IDF`, `US-CA`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    country: Country,
    code: [u8; 3],
}

impl Region {
    /// The region of `country` with the given code, which may repeat the country (`IDF`, `FR-IDF`).
    ///
    /// Only the form is checked: ISO 3166-2 changes too often for a list to stay right.
    #[must_use]
    pub fn new(country: Country, code: &str) -> Option<Self> {
        let own = match code.split_once('-') {
            Some((prefix, own)) if Country::from_code(prefix) == Some(country) => own,
            Some(_) => return None,
            None => code,
        };
        if own.is_empty() || own.len() > 3 || !own.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let mut code = [b' '; 3];
        code[..own.len()].copy_from_slice(own.as_bytes());
        code.make_ascii_uppercase();
        Some(Self { country, code })
    }

    /// The region of a full code (`FR-IDF`).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let (country, own) = code.split_once('-')?;
        Self::new(Country::from_code(country)?, own)
    }

    /// The country it lies in.
    #[must_use]
    pub fn country(self) -> Country {
        self.country
    }

    /// The code without its country, `IDF`.
    #[must_use]
    pub fn own_code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("letters and digits").trim_end()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.country, self.own_code())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Country, Region};

    #[test]
    fn both_iso_forms_name_the_same_country() {
        for country in Country::all() {
            assert_eq!(Country::from_code(country.alpha2()), Some(country));
            assert_eq!(Country::from_code(country.alpha3()), Some(country));
        }
        assert_eq!(Country::all().count(), 249);
        assert_eq!(Country::from_code("fra"), Some(Country::FR));
    }

    #[test]
    fn what_is_no_country_has_no_code() {
        for code in ["", "F", "TST", "ZZ", "FRAN", "F1", "F-A", "é", "日", &"Z".repeat(99)] {
            assert_eq!(Country::from_code(code), None, "{code}");
        }
    }

    #[test]
    fn a_region_reads_with_and_without_its_country() {
        let region = Region::from_code("FR-IDF");
        assert_eq!(region, Region::new(Country::FR, "idf"));
        assert_eq!(region, Region::new(Country::FR, "FRA-IDF"));
        assert_eq!(region.unwrap().to_string(), "FR-IDF");
        assert_eq!(Region::new(Country::FR, "US-CA"), None);
        assert_eq!(Region::from_code("FR-"), None);
        assert_eq!(Region::from_code("Paris"), None);
    }
}
