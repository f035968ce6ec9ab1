//! Exchange profiles.
//!
//! | key | what it says | where it is left out |
//! |---|---|---|
//! | `name` | for people | required |
//! | `bills_on` | `billing`, `win` or `impression`: the notice that moves money | required |
//! | `reservation` | how long money is held: `display` (or `banner` and `native`), `av` (or `video` and `audio`), `dooh` | required, but for `dooh`: as the medium |
//! | `notice_age` | how long after its bid a notice of money is booked: `display`, `av` (on sites), `app` (and television), `dooh`; 24h at most, no less than the reservation | `3h`, `6h`, `12h`, `24h`, or twice the reservation if that is longer |
//! | `tmax_ms`, `margin_ms` | what it waits, and what of that is the network's | required |
//! | `missing_price` | `book_bid` or `refuse`, for a notice without a price | required |
//! | `seat` | ours there | none |
//! | `audit` | `ignore` or `as_missing`, for a notice that says `AUDIT` | `as_missing` |
//! | `price_macro` | its name for the price | `${AUCTION_PRICE}`, with `:B64` in base64 |
//! | `price_encoding` | `plain`, `base64` or `google` (encrypted) | `plain` |
//! | `price_keys` | the places of `encryption` and `integrity`, `env:NAME` or `file:PATH` | required with `google` |
//! | `price_unit` | of an encrypted number: `micros_per_impression` or `micros_per_thousand` | the first |
//! | `price_decimals` | of our prices, 0 to 6 | 4; 3 with micros an impression |
//! | `no_bid` | `empty` (204) or `nbr` (200 with the reason) | `empty` |
//! | `answer` | `content_type` with or without its charset, `gzip` for who lists it | without; true |
//! | `currencies` | the only ones to bid in | all of the table |
//! | `formats` | of `banner`, `native`, `video`, `audio` | all |
//! | `limits` | `bids`, `bids_per_imp`, `markup_bytes`, `crid_bytes`, `preview_required` | none |
//! | `privacy` | `vendor_id`, `legitimate_interests`; `gdpr`, `us`, `gpp`: `bid`, `contextual_only` or `no_bid`; `children`, `devices`: one of the last two | `contextual_only` |
//! | `supply` | `require_chain`, `require_complete`, `asi`, `sellers_allowed`, `sellers_blocked`, `hops_max`, `require_owner`; `ads_txt`, `sellers_json`: `off`, `where_known` or `required` | no rule |
//! | `authentication` | `none`, or of `basic`, `header`, `addresses` those that `require` says: `all` or `any` | `none`; `all` |
//! | `trusted_proxies` | whose `X-Forwarded-For` is believed | nobody's |
//! | `stands_in` | true: it serves every name without a profile | false: such a name is not found |
//! | `creatives` | `default`, `approved`, `pending`, `refused`, `bid_pending`; or the `file` that says so | all approved; `pending` where lists are given |

mod access;
mod approval;
mod bids;
mod price;
mod rules;
#[cfg(test)]
mod tests;

use crate::campaign::read::NAME_CHARS_MAX;
use crate::campaign::{
    AnswerForm, Approvals, Audit, BidLimits, BillsOn, Exchange, Formats, MissingPrice, NoBidForm,
};
use crate::document::{Document, Fault, Faults, Object, Source};
use crate::units::ExchangeId;
use crate::{privacy, supply};

const KEYS: [&str; 25] = [
    "name",
    "bills_on",
    "reservation",
    "notice_age",
    "tmax_ms",
    "margin_ms",
    "missing_price",
    "seat",
    "audit",
    "price_decimals",
    "price_macro",
    "price_encoding",
    "price_unit",
    "price_keys",
    "no_bid",
    "answer",
    "currencies",
    "formats",
    "limits",
    "privacy",
    "supply",
    "authentication",
    "trusted_proxies",
    "stands_in",
    "creatives",
];

/// True if the document is an exchange profile, whatever its faults: it has a key that no other file has.
#[must_use]
pub fn is_exchange(source: &Source) -> bool {
    let document = Document::parse(source, &mut Faults::new());
    document.is_some_and(|document| {
        ["bills_on", "missing_price"].iter().any(|key| document.root().peek(key).is_some())
    })
}

/// The profile in `source`; its slug is the file's name without `.json`. Its secrets are named, not fetched.
pub fn read_exchange(source: &Source, faults: &mut Faults) -> Option<Exchange> {
    let slug = slug_of(source, faults);
    let document = Document::parse(source, faults)?;
    let object = document.root().object(&KEYS, faults)?;
    let name = object.require("name", faults).and_then(|node| node.line(NAME_CHARS_MAX, faults));
    let seat = object.get("seat").map(|node| node.line(NAME_CHARS_MAX, faults));
    let bills_on = object.require("bills_on", faults);
    let words = [("billing", BillsOn::Billing), ("win", BillsOn::Win), ("impression", BillsOn::Impression)];
    let bills_on = bills_on.and_then(|node| node.choice(&words, faults));
    let reservation = object.require("reservation", faults).and_then(|node| bids::reservation(node, faults));
    let notice_age = bids::notice_age(object, reservation.as_ref(), faults);
    let (tmax_ms, margin_ms) = times(object, faults);
    let words = [("book_bid", MissingPrice::BookBid), ("refuse", MissingPrice::Refuse)];
    let missing_price = object.require("missing_price", faults).and_then(|node| node.choice(&words, faults));
    // Where nothing is said, an audit is a notice like any other, without a price.
    let words = [("ignore", Audit::Ignore), ("as_missing", Audit::AsMissing)];
    let audit = object.get("audit").map_or(Some(Audit::AsMissing), |node| node.choice(&words, faults));
    let currencies = object.get("currencies").map_or(Some(Vec::new()), |node| bids::currencies(node, faults));
    let price = price::price(object, currencies.as_deref(), faults);
    let answer = answer(object, faults);
    let formats = object.get("formats").map_or(Some(Formats::ALL), |node| bids::formats(node, faults));
    let limits = object.get("limits").map_or(Some(BidLimits::default()), |node| bids::limits(node, faults));
    let usual = || Some(privacy::Policy::default());
    let privacy = object.get("privacy").map_or_else(usual, |node| rules::privacy(node, faults));
    let usual = || Some(supply::Policy::default());
    let supply = object.get("supply").map_or_else(usual, |node| rules::supply(node, faults));
    let access = access::access(object, faults);
    let stands_in = object.get("stands_in").map_or(Some(false), |node| node.flag(faults));
    let everything = || Some((Approvals::everything(), None));
    let approvals = object.get("creatives").map_or_else(everything, |node| approval::creatives(node, faults));
    let (slug, (price, price_decimals), (approvals, approvals_file)) = (slug?, price?, approvals?);
    Some(Exchange {
        id: ExchangeId::from_slug(slug),
        slug: slug.into(),
        name: name?.into(),
        seat: seat.flatten().map(str::to_string),
        bills_on: bills_on?,
        reservation: reservation?,
        notice_age: notice_age?,
        tmax_ms: tmax_ms?,
        margin_ms: margin_ms?,
        price_decimals,
        missing_price: missing_price?,
        audit: audit?,
        price,
        answer: answer?,
        currencies: currencies?,
        formats: formats?,
        limits: limits?,
        privacy: privacy?,
        supply: supply?,
        access: access?,
        stands_in: stands_in?,
        approvals,
        approvals_file,
    })
}

fn times(object: Object<'_>, faults: &mut Faults) -> (Option<u32>, Option<u32>) {
    let tmax_ms = object.require("tmax_ms", faults).and_then(|node| node.integer(1..=60_000, faults));
    let margin_node = object.require("margin_ms", faults);
    let margin_ms = margin_node.and_then(|node| node.integer(0..=60_000, faults));
    if let (Some(tmax), Some(margin), Some(node)) = (tmax_ms, margin_ms, margin_node)
        && margin >= tmax
    {
        let problem = format!("must be below `tmax_ms`, got {margin} of {tmax}");
        faults.push(node.error(problem).hint("or no time is left to answer"));
    }
    (tmax_ms, margin_ms)
}

/// `answer` and `no_bid`; where nothing is said, 204 for no bid, `application/json`, compressed on request.
fn answer(object: Object<'_>, faults: &mut Faults) -> Option<AnswerForm> {
    let words = [("empty", NoBidForm::Empty), ("nbr", NoBidForm::Reason)];
    let no_bid = object.get("no_bid").map_or(Some(NoBidForm::Empty), |node| node.choice(&words, faults));
    let (mut charset, mut gzip) = (Some(false), Some(true));
    if let Some(node) = object.get("answer") {
        let object = node.object(&["content_type", "gzip"], faults)?;
        let words = [("application/json", false), ("application/json; charset=utf-8", true)];
        charset = object.get("content_type").map_or(charset, |node| node.choice(&words, faults));
        gzip = object.get("gzip").map_or(gzip, |node| node.flag(faults));
    }
    Some(AnswerForm { charset: charset?, gzip: gzip?, no_bid: no_bid? })
}

/// The approvals in a file of their own, which a profile names as `"creatives": {"file": ...}`.
pub fn read_approvals(source: &Source, faults: &mut Faults) -> Option<Approvals> {
    approval::approvals(Document::parse(source, faults)?.root(), faults)
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
