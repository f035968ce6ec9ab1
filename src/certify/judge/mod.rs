//! The relational judge: whether a response fits its request, by OpenRTB 2.6 and the habits by which
//! exchanges throw bids away.
//!
//! Written against the specification and not against the bidder: it shares no code with it but decimal numbers,
//! and reads plain JSON. What cannot be told from the two bodies is not judged.

mod banner;
mod bid;
mod blocks;
mod dsa;
mod native;
mod pod;
mod price;
pub(in crate::certify) mod read;
mod vast;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::certify::rules::{bid as rule, limits};
use crate::certify::{Finding, Judgement, Terms};
use read::{elements, flag, text, texts, whole};

/// One bid, and what it answers.
#[derive(Debug, Clone, Copy)]
struct Answer<'a> {
    request: &'a Value,
    imp: &'a Value,
    bid: &'a Value,
    seat: &'a str,
    cur: &'a str,
    terms: &'a Terms,
}

/// Everything that is wrong with `response` as the body of an answer to `request`. Empty if all is well; a
/// response without bids is a no-bid, and nothing is wrong with it.
#[must_use]
pub fn faults(request: &Value, response: &[u8], terms: &Terms) -> Vec<Finding> {
    judge(request, response, terms).findings
}

/// The same, with the rules that could be held against it.
#[must_use]
pub fn judge(request: &Value, response: &[u8], terms: &Terms) -> Judgement {
    let mut judgement = Judgement::default();
    match serde_json::from_slice::<Value>(response) {
        Ok(parsed) if parsed.is_object() => {
            judgement.must(&rule::JSON, true, "");
            if !is_no_bid(&parsed) {
                check_response(request, &parsed, terms, &mut judgement);
                check_ids_of_viewer(request, response, &mut judgement);
            }
        }
        Ok(_) => judgement.must(&rule::JSON, false, "the response is JSON, but no object"),
        Err(error) => judgement.must(&rule::JSON, false, format!("the response is not JSON: {error}")),
    }
    judgement
}

/// True for a response that says it has no bids (7.1): `{}`, or no seats.
pub(in crate::certify) fn is_no_bid(response: &Value) -> bool {
    match &response["seatbid"] {
        Value::Null => true,
        Value::Array(seats) => seats.is_empty(),
        _ => false,
    }
}

fn check_response(request: &Value, response: &Value, terms: &Terms, judgement: &mut Judgement) {
    let same = response["id"].is_string() && response["id"] == request["id"];
    judgement.must(&rule::ID, same, format!("`id` is {}, not {}", response["id"], request["id"]));
    let cur = response["cur"].as_str().unwrap_or("USD");
    check_currency(request, response, cur, terms, judgement);
    judgement.must(&rule::SEATBID, response["seatbid"].is_array(), "`seatbid` is no list");
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut answers: Vec<Answer<'_>> = Vec::new();
    for seat in elements(&response["seatbid"]) {
        let name = check_seat(request, seat, terms, judgement);
        for bid in elements(&seat["bid"]) {
            judgement.bids += 1;
            let id = bid["id"].as_str().unwrap_or_default().to_owned();
            let new = !id.is_empty() && ids.insert(id);
            judgement.must(&rule::BID_ID, new, format!("`bid.id` is {} or there twice", bid["id"]));
            let imp = imp(request, &bid["impid"]);
            let what = || format!("`impid` {} is no imp of the request", bid["impid"]);
            judgement.must(&rule::IMPID, imp.is_some(), what());
            if let Some(imp) = imp {
                let answer = Answer { request, imp, bid, seat: name, cur, terms };
                bid::check(&answer, judgement);
                answers.push(answer);
            }
        }
    }
    pod::check(request, &answers, judgement);
}

fn check_currency(request: &Value, response: &Value, cur: &str, terms: &Terms, judgement: &mut Judgement) {
    let mut offered = texts(&request["cur"]);
    if offered.is_empty() {
        offered.push("USD".to_owned());
    }
    let is_text = matches!(response["cur"], Value::Null | Value::String(_));
    let is_offered = offered.iter().any(|offered| offered.eq_ignore_ascii_case(cur));
    let traded = &terms.currencies;
    let is_traded = traded.is_empty() || traded.iter().any(|traded| traded.eq_ignore_ascii_case(cur));
    let what = format!("`cur` {} is none of {}", response["cur"], offered.join(", "));
    judgement.must(&rule::CUR, is_text && is_offered && is_traded, what);
}

/// A seat in a sentence.
fn seat_in_words(name: &str) -> String {
    if name.is_empty() { "a seat without a name".to_owned() } else { format!("seat `{name}`") }
}

/// Judges a seat, and gives its name.
fn check_seat<'a>(request: &Value, seat: &'a Value, terms: &Terms, judgement: &mut Judgement) -> &'a str {
    let name = seat["seat"].as_str().unwrap_or_default();
    let holds = |list: &[String]| list.iter().any(|listed| listed == name);
    let wseat = texts(&request["wseat"]);
    if !wseat.is_empty() {
        judgement.must(&limits::WSEAT, holds(&wseat), format!("`wseat` leaves {} out", seat_in_words(name)));
    }
    let bseat = texts(&request["bseat"]);
    if !bseat.is_empty() {
        judgement.must(&limits::BSEAT, !holds(&bseat), format!("`bseat` blocks seat `{name}`"));
    }
    if let Some(own) = &terms.seat {
        judgement.must(
            &rule::SEAT_PROFILE,
            own == name,
            format!("the bids are of {}, not of `{own}`", seat_in_words(name)),
        );
    }
    if let Some(group) = seat.get("group") {
        let holds = matches!(group.as_i64(), Some(0 | 1));
        judgement.must(&rule::SEAT_GROUP, holds, format!("`group` is {group}"));
    }
    judgement.must(&rule::SEAT_BID, !elements(&seat["bid"]).is_empty(), "`bid` of a seat is empty");
    name
}

/// The first imp of that id: what comes later under the same id cannot be answered.
fn imp<'a>(request: &'a Value, impid: &Value) -> Option<&'a Value> {
    elements(&request["imp"]).iter().find(|imp| impid.is_string() && text(&imp["id"]) == text(impid))
}

/// The shortest id that is told from chance.
const ID_BYTES_MIN: usize = 8;

/// Where the viewer is protected, no id of theirs comes back, for it would travel on to browsers.
fn check_ids_of_viewer(request: &Value, response: &[u8], judgement: &mut Judgement) {
    let (regs, user, device) = (&request["regs"], &request["user"], &request["device"]);
    let consent = text(&user["consent"]).or_else(|| text(&user["ext"]["consent"])).unwrap_or_default();
    let gdpr = flag(&regs["gdpr"]) || flag(&regs["ext"]["gdpr"]);
    let protected =
        flag(&regs["coppa"]) || flag(&device["lmt"]) || flag(&device["dnt"]) || (gdpr && consent.is_empty());
    let ids = [&user["id"], &user["buyeruid"], &device["ifa"]].into_iter().filter_map(text);
    let ids: Vec<String> = ids.filter(|id| id.len() >= ID_BYTES_MIN).collect();
    if !protected || ids.is_empty() {
        return;
    }
    let response = String::from_utf8_lossy(response);
    let repeated = ids.into_iter().find(|id| response.contains(id.as_str()));
    let what = format!("the viewer's id `{}` comes back", repeated.as_deref().unwrap_or_default());
    judgement.must(&rule::PRIVACY, repeated.is_none(), what);
}

/// What a bid shows, by `mtype`; if that is absent, the only medium that the imp offers.
fn medium(imp: &Value, bid: &Value) -> Option<&'static str> {
    const MEDIA: [&str; 4] = ["banner", "video", "audio", "native"];
    match whole(&bid["mtype"]) {
        Some(mtype) => usize::try_from(mtype).ok()?.checked_sub(1).and_then(|at| MEDIA.get(at).copied()),
        None => {
            let mut offered = MEDIA.into_iter().filter(|medium| imp[medium].is_object());
            offered.next().filter(|_| offered.next().is_none())
        }
    }
}
