//! Exchange profiles.

use crate::campaign::read::NAME_CHARS_MAX;
use crate::campaign::read::amount::span;
use crate::campaign::{BillsOn, Exchange, MissingPrice, Reservation};
use crate::document::{Document, Fault, Faults, Node, Source};
use crate::units::{ExchangeId, Millis, limits};
use crate::{privacy, supply};

const KEYS: [&str; 8] =
    ["name", "seat", "bills_on", "reservation", "tmax_ms", "margin_ms", "price_decimals", "missing_price"];
/// What every exchange seen so far carries through unrounded.
const PRICE_DECIMALS: u32 = 4;

/// The profile in `source`; its slug is the file's name without `.json`.
pub fn read_exchange(source: &Source, faults: &mut Faults) -> Option<Exchange> {
    let slug = slug_of(source, faults);
    let document = Document::parse(source, faults)?;
    let object = document.root().object(&KEYS, faults)?;
    let name = object.require("name", faults).and_then(|node| node.line(NAME_CHARS_MAX, faults));
    let seat = object.get("seat").map(|node| node.line(NAME_CHARS_MAX, faults));
    let bills_on = object.require("bills_on", faults);
    let words = [("billing", BillsOn::Billing), ("win", BillsOn::Win), ("impression", BillsOn::Impression)];
    let bills_on = bills_on.and_then(|node| node.choice(&words, faults));
    let reservation = object.require("reservation", faults).and_then(|node| reservation(node, faults));
    let tmax_ms = object.require("tmax_ms", faults).and_then(|node| node.integer(1..=60_000, faults));
    let margin_node = object.require("margin_ms", faults);
    let margin_ms = margin_node.and_then(|node| node.integer(0..=60_000, faults));
    let decimals = object.get("price_decimals");
    let price_decimals = decimals.map_or(Some(PRICE_DECIMALS), |node| node.integer(0..=6, faults));
    let words = [("book_bid", MissingPrice::BookBid), ("refuse", MissingPrice::Refuse)];
    let missing_price = object.require("missing_price", faults).and_then(|node| node.choice(&words, faults));
    if let (Some(tmax), Some(margin), Some(node)) = (tmax_ms, margin_ms, margin_node)
        && margin >= tmax
    {
        let problem = format!("must be below `tmax_ms`, got {margin} of {tmax}");
        faults.push(node.error(problem).hint("or no time is left to answer"));
    }
    let slug = slug?;
    Some(Exchange {
        id: ExchangeId::from_slug(slug),
        slug: slug.into(),
        name: name?.into(),
        seat: seat.flatten().map(str::to_string),
        bills_on: bills_on?,
        reservation: reservation?,
        tmax_ms: tmax_ms?,
        margin_ms: margin_ms?,
        price_decimals: price_decimals?,
        missing_price: missing_price?,
        privacy: privacy::Policy::default(),
        supply: supply::Policy::default(),
    })
}

fn reservation(node: Node<'_>, faults: &mut Faults) -> Option<Reservation> {
    let object = node.object(&["display", "av"], faults)?;
    let display = object.require("display", faults).and_then(|node| notice_span(node, faults));
    let av = object.require("av", faults).and_then(|node| notice_span(node, faults));
    Some(Reservation { display: display?, av: av? })
}

/// A span within which notices are honoured.
fn notice_span(node: Node<'_>, faults: &mut Faults) -> Option<Millis> {
    let span = span(node, faults)?;
    if span > limits::NOTICE_AGE_MAX {
        let hours = limits::NOTICE_AGE_MAX.raw() / 3_600_000;
        return faults.refuse(node.error(format!("must be at most {hours}h, got {}", node.echo())));
    }
    Some(span)
}

/// The slug that the file's name gives.
pub(in crate::campaign) fn slug_of<'s>(source: &'s Source, faults: &mut Faults) -> Option<&'s str> {
    let stem = source.stem();
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if (1..=64).contains(&stem.len()) && stem.bytes().all(fits) {
        return Some(stem);
    }
    let fault = Fault::of_file(&source.name, format!("the file's name is not an id: {stem}"));
    faults.refuse(fault.hint("name it with 1 to 64 lower-case letters, digits, `-` and `_`, and `.json`"))
}
