//! Deals: their floors, who may bid on them, and on what terms.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::campaign::FormatKind;
use crate::sim::facts::{DealFacts, ImpFacts};
use crate::sim::imps::Placement;
use crate::sim::json::Json;
use crate::sim::shares;
use crate::sim::video::write_durfloors;
use crate::units::{Cpm, Currency};

/// Writes `pmp`, if there are deals to offer.
pub(crate) fn write_pmp(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    placement: &Placement,
    facts: &mut ImpFacts,
) {
    if placement.deals.is_empty() {
        return;
    }
    json.object("pmp");
    json.flag("private_auction", facts.private);
    json.list("deals");
    let first = rng.random_range(0..placement.deals.len());
    let most = if placement.rich { placement.deals.len().min(3) } else { 1 };
    let timed = facts.formats.iter().all(|format| matches!(format, FormatKind::Video | FormatKind::Audio));
    for at in 0..rng.random_range(1..=most) {
        let id = &placement.deals[(first + at) % placement.deals.len()];
        facts.deals.push(write_deal(json, rng, placement, (id, timed && placement.new_fields)));
    }
    json.close_list();
    json.close();
}

/// Writes one deal; a timed one may have floors by duration.
fn write_deal(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    placement: &Placement,
    (id, timed): (&str, bool),
) -> DealFacts {
    let mut floor = Cpm::from_micros(rng.random_range(50..1_200) * 10_000).expect("below 12 units");
    let currency = placement.floor_currency.filter(|_| rng.random_bool(0.7));
    let fixed = rng.random_bool(shares::DEAL_FIXED);
    json.open();
    json.text("id", id);
    if timed && !fixed && rng.random_bool(shares::DEAL_DURFLOORS) {
        write_durfloors(json, rng, floor);
    } else if timed && !fixed && rng.random_bool(shares::DEAL_MINCPMPERSEC) {
        json.decimal("mincpmpersec", rng.random_range(10..60), 2);
        floor = Cpm::ZERO;
    }
    if floor > Cpm::ZERO {
        json.decimal("bidfloor", floor.micros(), 6);
    }
    if let Some(currency) = currency {
        json.text("bidfloorcur", currency.code());
    }
    if fixed {
        json.number("at", 3);
    } else if rng.random_bool(0.6) {
        json.number("at", [1, 1, 2][rng.random_range(0..3)]);
    }
    if rng.random_bool(shares::DEAL_WSEAT) {
        json.texts("wseat", &["seat-1", "42"]);
    }
    if rng.random_bool(shares::DEAL_WADOMAIN) {
        json.texts("wadomain", &["advertiser-1.example", "advertiser-2.example"]);
    }
    if placement.new_fields && rng.random_bool(shares::DEAL_GUAR) {
        json.number("guar", 1);
    }
    json.close();
    DealFacts { id: id.to_owned(), floor, floor_currency: currency.unwrap_or(Currency::USD) }
}
