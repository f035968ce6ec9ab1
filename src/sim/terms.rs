//! The terms of an auction: price rule, currencies, seats, languages, what is blocked, and who sells.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};

use crate::sim::facts::AuctionType;
use crate::sim::json::{Json, write_digits, write_hex, write_uuid};
use crate::sim::outlets::OutletKind;
use crate::sim::people::scramble;
use crate::sim::plan::Plan;
use crate::sim::shares;

/// Writes `at`, `tmax`, `cur`, seats and languages.
pub(crate) fn write_terms(json: &mut Json, rng: &mut Xoshiro256PlusPlus, plan: &Plan) -> AuctionType {
    let second = rng.random_bool(0.2);
    // Second price is the default, so half of those requests leave it out.
    if !second || rng.random_bool(0.5) {
        json.number("at", 1 + i64::from(second));
    }
    if plan.test {
        json.number("test", 1);
    }
    json.number("tmax", i64::from(plan.tmax_ms));
    if !plan.currencies.is_empty() {
        json.list("cur");
        for currency in &plan.currencies {
            json.element(currency.code());
        }
        json.close_list();
    }
    if rng.random_bool(shares::WSEAT) {
        json.texts("wseat", [&["seat-1"][..], &["seat-1", "42"], &["7"]][rng.random_range(0..3)]);
    } else if rng.random_bool(shares::BSEAT) {
        json.texts("bseat", &["7", "blocked-seat"]);
    }
    if rng.random_bool(shares::WLANG) {
        if plan.new_fields {
            json.texts("wlangb", &["fr-FR", "en"]);
        } else {
            json.texts("wlang", &["fr", "en", "de", "es", "it", "nl"]);
        }
    }
    if rng.random_bool(shares::ALLIMPS) {
        json.number("allimps", 1);
    }
    if second { AuctionType::SecondPrice } else { AuctionType::FirstPrice }
}

/// Writes `source` with its supply chain, and the oldest place of one.
pub(crate) fn write_source(json: &mut Json, rng: &mut Xoshiro256PlusPlus, plan: &Plan) {
    let nodes = if plan.rich() { rng.random_range(1..=3) } else { rng.random_range(0..=1) };
    let oldest = nodes > 0 && !plan.new_fields && rng.random_bool(shares::SCHAIN_OF_2_4);
    json.object("source");
    json.flag("fd", rng.random_bool(0.3));
    json.plain("tid", |out| write_uuid(out, rng.next_u64(), rng.next_u64()));
    if nodes > 0 && !oldest {
        if plan.new_fields {
            write_chain(json, rng, nodes);
        } else {
            json.object("ext");
            write_chain(json, rng, nodes);
            json.close();
        }
    }
    json.close();
    if oldest {
        json.object("ext");
        write_chain(json, rng, nodes);
        json.close();
    }
}

fn write_chain(json: &mut Json, rng: &mut Xoshiro256PlusPlus, nodes: u32) {
    json.object("schain");
    json.text("ver", "1.0");
    json.flag("complete", !rng.random_bool(shares::SCHAIN_INCOMPLETE));
    json.list("nodes");
    for _ in 0..nodes {
        let seller = rng.random_range(0..40u64);
        json.open();
        json.plain("asi", |out| {
            out.extend_from_slice(b"ssp-");
            write_digits(out, seller, 2);
            out.extend_from_slice(b".example");
        });
        json.plain("sid", |out| write_hex(out, scramble(seller), 10));
        json.number("hp", 1);
        json.close();
    }
    json.close_list();
    json.close();
}

/// Categories of Content 1.0.
const CATEGORIES: &[&str] = &[
    "IAB24", "IAB25", "IAB26", "IAB7-39", "IAB8-18", "IAB8-5", "IAB9-9", "IAB14-1", "IAB11-4", "IAB23",
    "IAB25-3", "IAB26-4",
];

/// Categories in other taxonomies with the number that `cattax` gives each: sensitive topics in Content 2.0 to
/// 3.1, alcohol, gambling and the like in Ad Product 1.0 and 2.0.
const IN_OTHER_TAXONOMIES: &[(i64, &[&str])] = &[
    (2, &["v9i3On", "380", "453", "286"]),
    (3, &["1002", "1039", "1198", "1269"]),
    (5, &["v9i3On", "380", "453", "286"]),
    (6, &["v9i3On", "380", "453", "286"]),
    (7, &["v9i3On", "386", "389", "286", "JLBCU7"]),
    (8, &["1002", "1049", "1198", "1552"]),
    (9, &["v9i3On", "386", "389", "286", "JLBCU7"]),
];

/// Writes blocked categories, apps and advertisers, until the body is as long as it was drawn to be.
pub(crate) fn write_blocks(json: &mut Json, rng: &mut Xoshiro256PlusPlus, plan: &Plan) {
    if plan.new_fields && plan.rich() && rng.random_bool(shares::ACAT) {
        write_categories(json, rng, plan, "acat");
    } else if json.len() + 30 < plan.target {
        write_categories(json, rng, plan, "bcat");
    }
    if plan.rich() && plan.outlet == OutletKind::App && rng.random_bool(shares::BAPP) {
        json.texts("bapp", &["com.blocked.game", "com.other.blocked", "571823991"]);
    }
    if json.len() + 30 < plan.target {
        json.list("badv");
        while json.len() + 12 < plan.target {
            let number = rng.random_range(0..50_000u64);
            json.plain_element(|out| {
                out.extend_from_slice(b"blocked-brand-");
                write_digits(out, number, 1);
                out.extend_from_slice(b".example");
            });
        }
        json.close_list();
    }
}

fn write_categories(json: &mut Json, rng: &mut Xoshiro256PlusPlus, plan: &Plan, name: &str) {
    let other = plan.new_fields && rng.random_bool(shares::CATTAX);
    let (taxonomy, ids) = match other {
        true => IN_OTHER_TAXONOMIES[rng.random_range(0..IN_OTHER_TAXONOMIES.len())],
        false if name == "acat" => (1, &["IAB1", "IAB2", "IAB3", "IAB19", "IAB20", "IAB22"][..]),
        false => (1, CATEGORIES),
    };
    json.list(name);
    for (at, id) in ids.iter().enumerate() {
        if at == 0 || json.len() + 20 < plan.target {
            json.element(id);
        }
    }
    json.close_list();
    if taxonomy != 1 {
        json.number("cattax", taxonomy);
    }
}
