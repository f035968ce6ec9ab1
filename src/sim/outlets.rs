//! Sites, apps, television channels and screens in the street: like people, each follows from its number.

use crate::sim::json::{Json, write_digits, write_hex};
use crate::sim::people::{choose, happens, scramble, zipf};
use crate::sim::shares;

/// Where an ad is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutletKind {
    Site,
    App,
    Tv,
    Dooh,
}

/// A site, app, channel or screen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outlet {
    pub(crate) kind: OutletKind,
    number: u64,
    hash: u64,
}

/// How much is told, and what changes from request to request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    pub(crate) rich: bool,
    /// Fields that 2.6 added.
    pub(crate) new_fields: bool,
    pub(crate) language: &'static str,
    pub(crate) random: u64,
}

impl Outlet {
    /// The outlet of a kind by its number: the lower, the more traffic it has.
    pub(crate) fn new(kind: OutletKind, number: u64) -> Self {
        Self { kind, number, hash: scramble(number ^ (kind as u64 + 1) << 40) }
    }

    /// One of a kind, by 64 random bits.
    pub(crate) fn draw(kind: OutletKind, random: u64) -> Self {
        let population = match kind {
            OutletKind::Site => 5_000,
            OutletKind::App => 2_000,
            OutletKind::Tv => 200,
            OutletKind::Dooh => 500,
        };
        Self::new(kind, zipf(random, population))
    }

    /// Its domain.
    pub(crate) fn write_domain(&self, out: &mut Vec<u8>) {
        let (first, second) = self.words();
        out.extend_from_slice(first.as_bytes());
        out.push(b'-');
        out.extend_from_slice(second.as_bytes());
        if self.number >= 100 {
            write_digits(out, self.number, 1);
        }
        out.extend_from_slice(b".example");
    }

    /// Its bundle: reversed domain, or a store number for a third of all apps.
    pub(crate) fn write_bundle(&self, out: &mut Vec<u8>) {
        if self.hash.is_multiple_of(3) {
            write_digits(out, 400_000_000 + self.hash % 900_000_000, 1);
            return;
        }
        let (first, second) = self.words();
        out.extend_from_slice(b"com.");
        out.extend_from_slice(first.as_bytes());
        out.push(b'.');
        out.extend_from_slice(second.as_bytes());
        write_digits(out, self.number, 1);
    }

    /// The main category of what it is about.
    pub(crate) fn category(&self) -> &'static str {
        self.topic().cat
    }

    /// Parts of that category.
    pub(crate) fn subcategories(&self) -> [&'static str; 3] {
        self.topic().cats
    }

    /// What its keywords say, lower case.
    pub(crate) fn keywords(&self) -> [&'static str; 4] {
        self.topic().keywords
    }

    /// Writes the `site`, `app` or `dooh` object.
    pub(crate) fn write(&self, json: &mut Json, tell: Telling) {
        json.object(match self.kind {
            OutletKind::Site => "site",
            OutletKind::App | OutletKind::Tv => "app",
            OutletKind::Dooh => "dooh",
        });
        json.plain("id", |out| write_hex(out, self.hash, 12));
        json.text("name", self.topic().name);
        json.plain("domain", |out| self.write_domain(out));
        match self.kind {
            OutletKind::Site => self.write_page(json, tell),
            OutletKind::App | OutletKind::Tv => self.write_store(json),
            OutletKind::Dooh => self.write_venue(json),
        }
        self.write_topic(json, tell);
        json.object("publisher");
        json.plain("id", |out| {
            out.extend_from_slice(b"pub-");
            write_digits(out, self.number % 700, 4);
        });
        if tell.rich {
            json.text("name", self.topic().publisher);
            json.plain("domain", |out| self.write_domain(out));
        }
        json.close();
        if self.kind == OutletKind::Tv || (tell.rich && self.kind != OutletKind::Dooh) {
            self.write_content(json, tell);
        }
        json.close();
    }

    fn write_page(&self, json: &mut Json, tell: Telling) {
        json.plain("page", |out| {
            out.extend_from_slice(b"https://www.");
            self.write_domain(out);
            out.push(b'/');
            out.extend_from_slice(choose(&self.topic().slugs, tell.random).as_bytes());
            out.push(b'-');
            write_digits(out, tell.random >> 8 & 0xf_ffff, 6);
            out.extend_from_slice(b".html?utm_source=news&utm_campaign=w");
            write_digits(out, tell.random >> 30 & 63, 1);
        });
        if tell.random >> 36 & 3 == 0 {
            json.text("ref", "https://www.moteur.example/recherche?q=actualit%C3%A9&hl=fr");
        }
        if tell.rich {
            json.number("mobile", 1);
            json.number("privacypolicy", 1);
        }
        if tell.new_fields && tell.random >> 38 & 7 == 0 {
            json.plain("inventorypartnerdomain", |out| self.write_domain(out));
        }
    }

    fn write_store(&self, json: &mut Json) {
        json.plain("bundle", |out| self.write_bundle(out));
        json.plain("storeurl", |out| {
            out.extend_from_slice(b"https://store.example/app?id=");
            self.write_bundle(out);
        });
        json.text("ver", ["3.2.1", "11.0", "2024.9.0", "1.0.8"][(self.hash >> 50 & 3) as usize]);
    }

    fn write_venue(&self, json: &mut Json) {
        let venue = ["transit.airports", "retail.malls", "outdoor.billboards", "transit.subway"];
        json.texts("venuetype", &[venue[(self.hash >> 20 & 3) as usize]]);
        json.number("venuetypetax", 1);
    }

    fn write_topic(&self, json: &mut Json, tell: Telling) {
        let topic = self.topic();
        if self.kind != OutletKind::Dooh {
            json.texts("cat", &[topic.cat]);
            if tell.new_fields {
                json.number("cattax", 1);
            }
            if tell.random >> 41 & 1 == 0 {
                json.texts("sectioncat", &[choose(&topic.cats, self.hash)]);
                json.texts("pagecat", &topic.cats);
            }
        }
        if tell.new_fields && tell.random >> 42 & 1 == 0 {
            json.texts("kwarray", &topic.keywords);
        } else if tell.rich || tell.random >> 43 & 1 == 0 {
            let [first, second, third, fourth] = topic.keywords;
            json.text("keywords", &[first, second, third, fourth].join(","));
        }
    }

    fn write_content(&self, json: &mut Json, tell: Telling) {
        let topic = self.topic();
        json.object("content");
        json.plain("id", |out| write_digits(out, tell.random >> 20 & 0xff_ffff, 7));
        json.text("title", choose(&topic.titles, tell.random));
        self.write_content_categories(json, tell);
        json.plain("url", |out| {
            out.extend_from_slice(b"https://");
            self.write_domain(out);
            out.extend_from_slice(b"/c/");
            write_digits(out, tell.random >> 20 & 0xff_ffff, 7);
        });
        if tell.new_fields && tell.random >> 44 & 1 == 0 {
            json.text("langb", tell.language);
        } else {
            json.text("language", tell.language);
        }
        if self.kind == OutletKind::Tv {
            let episode = (tell.random >> 12 & 7).cast_signed() + 1;
            json.number("episode", episode);
            json.text("series", topic.name);
            json.text("season", ["1", "2", "3", "S04"][(self.hash >> 8 & 3) as usize]);
            json.text("genre", topic.genre);
            json.text("contentrating", ["TV-PG", "TV-14", "-12", "TV-G"][(self.hash >> 10 & 3) as usize]);
            json.flag("livestream", tell.random >> 46 & 3 == 0);
            json.number("len", 1_200 + episode * 180);
            json.number("prodq", 1);
            if tell.new_fields {
                self.write_broadcaster(json);
            }
        } else {
            json.number("context", 5);
        }
        json.close();
    }

    /// Categories of the content, in the taxonomy of the outlet's or in a later one, and data about it.
    fn write_content_categories(&self, json: &mut Json, tell: Telling) {
        let topic = self.topic();
        let (cattax, ids) = LATER_TAXONOMIES[(tell.random >> 50 & 1) as usize];
        if tell.new_fields && happens(tell.random, 6, shares::CONTENT_TAXONOMY) {
            json.texts("cat", &[choose(&ids, self.hash >> 4)]);
            json.number("cattax", cattax);
        } else {
            json.texts("cat", &topic.cats);
        }
        if tell.rich && happens(tell.random, 7, shares::CONTENT_DATA) {
            json.list("data");
            json.open();
            json.text("name", "context.example");
            json.list("segment");
            json.open();
            json.text("id", choose(&ids, self.hash >> 4));
            json.close();
            json.close_list();
            json.object("ext");
            json.number("segtax", cattax);
            json.close();
            json.close();
            json.close_list();
        }
    }

    fn write_broadcaster(&self, json: &mut Json) {
        for part in ["network", "channel"] {
            json.object(part);
            json.plain("id", |out| write_hex(out, self.hash >> 8, 6));
            json.text("name", self.topic().publisher);
            json.plain("domain", |out| self.write_domain(out));
            json.close();
        }
    }

    fn topic(&self) -> &'static Topic {
        choose(&TOPICS, self.hash >> 4)
    }

    fn words(&self) -> (&'static str, &'static str) {
        (FIRST[(self.hash >> 14 & 15) as usize], SECOND[(self.hash >> 18 & 15) as usize])
    }
}

const SLUGS: usize = 3;

/// Content 2.2 and 3.0 by the numbers that `cattax` and `segtax` give both, with a category for each topic.
const LATER_TAXONOMIES: [(i64, [&str; 10]); 2] = [
    (6, ["379", "483", "1", "210", "680", "324", "653", "596", "391", "223"]),
    (7, ["379", "483", "1", "210", "680", "324", "653", "596", "391", "223"]),
];

const FIRST: [&str; 16] = [
    "gazette", "courrier", "echo", "planete", "daily", "metro", "jardin", "foot", "cine", "auto", "recette",
    "meteo", "tribune", "radio", "jeux", "sante",
];
const SECOND: [&str; 16] = [
    "nord", "ouest", "express", "monde", "news", "club", "mag", "live", "info", "hebdo", "plus", "zone",
    "pro", "box", "arena", "one",
];

struct Topic {
    cat: &'static str,
    cats: [&'static str; 3],
    name: &'static str,
    publisher: &'static str,
    genre: &'static str,
    keywords: [&'static str; 4],
    slugs: [&'static str; SLUGS],
    titles: [&'static str; 2],
}

const TOPICS: [&Topic; 10] = [
    &Topic {
        cat: "IAB12",
        cats: ["IAB12-1", "IAB12-2", "IAB12-3"],
        name: "L'Écho du matin",
        publisher: "Presse régionale SA",
        genre: "news",
        keywords: ["actualité", "politique", "france", "monde"],
        slugs: ["politique/le-debat-du-jour", "region/travaux", "monde/sommet"],
        titles: ["Le journal de 20 h", "« On ne lâchera rien » : la colère des riverains"],
    },
    &Topic {
        cat: "IAB17",
        cats: ["IAB17-12", "IAB17-44", "IAB17-1"],
        name: "Plein But",
        publisher: "Sport Médias",
        genre: "sports",
        keywords: ["football", "ligue 1", "transferts", "tennis"],
        slugs: ["foot/ligue-1/resume", "tennis/tournoi", "rugby/classement"],
        titles: ["Le match en direct", "The \"comeback\" of the season"],
    },
    &Topic {
        cat: "IAB2",
        cats: ["IAB2-3", "IAB2-10", "IAB2-15"],
        name: "Auto & Route",
        publisher: "Mécanique Éditions",
        genre: "documentary",
        keywords: ["voiture électrique", "suv", "occasion", "essai"],
        slugs: ["essais/suv-hybride", "occasion/annonces", "actu/bonus"],
        titles: ["Essai : 1 000 km en électrique", "Road trip"],
    },
    &Topic {
        cat: "IAB8",
        cats: ["IAB8-5", "IAB8-9", "IAB8-10"],
        name: "À table !",
        publisher: "Cuisine Plus",
        genre: "lifestyle",
        keywords: ["recette", "dessert", "cuisine", "vin"],
        slugs: ["recettes/tarte", "desserts/chocolat", "menus/dimanche"],
        titles: ["La tarte aux pommes de mémé", "Baking with friends"],
    },
    &Topic {
        cat: "IAB9",
        cats: ["IAB9-30", "IAB9-5", "IAB9-23"],
        name: "Puzzle Quest",
        publisher: "Bright Owl Games",
        genre: "game show",
        keywords: ["game", "puzzle", "strategy", "free"],
        slugs: ["games/puzzle", "guides/level-42", "news/update"],
        titles: ["Level 42", "Grand tournoi"],
    },
    &Topic {
        cat: "IAB1",
        cats: ["IAB1-5", "IAB1-6", "IAB1-7"],
        name: "Ciné Salon",
        publisher: "Image et Son",
        genre: "drama",
        keywords: ["film", "série", "streaming", "musique"],
        slugs: ["films/critique", "series/saison-3", "musique/festival"],
        titles: ["Les Brumes, épisode 4", "Behind the scenes"],
    },
    &Topic {
        cat: "IAB20",
        cats: ["IAB20-3", "IAB20-18", "IAB20-27"],
        name: "Partir",
        publisher: "Voyages Hebdo",
        genre: "travel",
        keywords: ["voyage", "hôtel", "vol", "plage"],
        slugs: ["europe/week-end", "hotels/bord-de-mer", "vols/promo"],
        titles: ["Dix îles où se perdre", "Slow travel"],
    },
    &Topic {
        cat: "IAB19",
        cats: ["IAB19-6", "IAB19-18", "IAB19-30"],
        name: "Octet",
        publisher: "Tech & Co",
        genre: "technology",
        keywords: ["smartphone", "laptop", "ai", "test"],
        slugs: ["tests/smartphone", "guides/pc-portable", "actu/ia"],
        titles: ["Comparatif : C:\\> ou $ ?", "Five gadgets"],
    },
    &Topic {
        cat: "IAB13",
        cats: ["IAB13-3", "IAB13-7", "IAB13-9"],
        name: "Patrimoine",
        publisher: "Finance Matin",
        genre: "business",
        keywords: ["bourse", "impôts", "crédit", "épargne"],
        slugs: ["bourse/cac-40", "impots/bareme", "immobilier/taux"],
        titles: ["Faut-il acheter maintenant ?", "Markets today"],
    },
    &Topic {
        cat: "IAB7",
        cats: ["IAB7-1", "IAB7-30", "IAB7-32"],
        name: "Bien-être",
        publisher: "Santé Magazine",
        genre: "health",
        keywords: ["santé", "sport", "sommeil", "nutrition"],
        slugs: ["sommeil/conseils", "nutrition/fer", "forme/courir"],
        titles: ["Courir sans se blesser", "Sleep better"],
    },
];
