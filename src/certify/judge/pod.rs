//! Pods (7.6): bids for one imp that fill a break together, and imps of one pod.

use serde_json::Value;

use super::bid::dur;
use super::read::{numbers, side, text, texts, whole};
use super::{Answer, medium};
use crate::certify::Judgement;
use crate::certify::rules::limits;

/// Bids that are told apart before a pod is no longer looked at: longer than any break.
const POD_BIDS_MAX: usize = 256;

pub(super) fn check(request: &Value, answers: &[Answer<'_>], judgement: &mut Judgement) {
    let answers = &answers[..answers.len().min(POD_BIDS_MAX)];
    for answer in answers {
        check_fields(answer, judgement);
    }
    check_dynamic(answers, judgement);
    check_repetition(request, answers, judgement);
}

/// The offer of the medium that the bid shows.
fn offer<'a>(answer: &Answer<'a>) -> &'a Value {
    medium(answer.imp, answer.bid).map_or(&Value::Null, |medium| &answer.imp[medium])
}

fn check_fields(answer: &Answer<'_>, judgement: &mut Judgement) {
    let (offer, bid) = (offer(answer), answer.bid);
    let is_dynamic = side(offer, "poddur").is_some();
    if is_dynamic || offer.get("podid").is_some() {
        judgement.must(&limits::POD_DUR, dur(bid).is_some(), "a bid for a pod does not tell `dur`");
    }
    if let Some(slot) = bid.get("slotinpod") {
        let holds = is_dynamic && matches!(whole(slot), Some(-1..=2));
        let what =
            format!("`slotinpod` is {slot}, and the pod is {}dynamic", if is_dynamic { "" } else { "not " });
        judgement.must(&limits::POD_SLOT, holds, what);
    }
}

/// Length and number, for the bids of one seat on one imp that compete for the same money: open bids, or those
/// of one deal.
fn check_dynamic(answers: &[Answer<'_>], judgement: &mut Judgement) {
    let key = |answer: &Answer<'_>| (text(&answer.bid["impid"]), text(&answer.bid["dealid"]));
    for (at, first) in answers.iter().enumerate() {
        let offer = offer(first);
        let Some(poddur) = side(offer, "poddur") else { continue };
        let same = |other: &&Answer<'_>| key(other) == key(first) && other.seat == first.seat;
        if answers[..at].iter().any(|other| same(&other)) {
            continue;
        }
        let bids: Vec<&Answer<'_>> = answers.iter().filter(same).collect();
        let length: i64 = bids.iter().filter_map(|answer| dur(answer.bid)).fold(0, i64::saturating_add);
        let what = format!("bids of {length} s together come to a pod of {poddur} s");
        judgement.must(&limits::POD_LENGTH, length <= poddur, what);
        if let Some(maxseq) = side(offer, "maxseq") {
            let count = i64::try_from(bids.len()).unwrap_or(i64::MAX);
            let what = format!("{count} bids come to a pod of at most {maxseq} ads");
            judgement.must(&limits::POD_COUNT, count <= maxseq, what);
        }
    }
}

/// `poddedupe`: 1 advertisers, 2 categories, 3 creatives. 4, media files, cannot be told from the outside.
fn check_repetition(request: &Value, answers: &[Answer<'_>], judgement: &mut Judgement) {
    // A pod is its `podid`; an imp without one is a pod of its own.
    let pod = |answer: &Answer<'_>| {
        text(&offer(answer)["podid"]).ok_or_else(|| text(&answer.bid["impid"]).unwrap_or_default())
    };
    for (at, answer) in answers.iter().enumerate() {
        let asked = [numbers(&offer(answer)["poddedupe"]), numbers(&request["ext"]["poddedupe"])].concat();
        for (code, field) in [(1, "adomain"), (2, "cat"), (3, "crid")] {
            if !asked.contains(&code) {
                continue;
            }
            let own = texts(&answer.bid[field]);
            let mut before = answers[..at].iter().filter(|other| pod(other) == pod(answer));
            let twice = before.any(|other| texts(&other.bid[field]).iter().any(|value| own.contains(value)));
            let what = format!("`poddedupe` {code}, and {field} {} twice", answer.bid[field]);
            judgement.must(&limits::POD_DEDUPE, !twice, what);
        }
    }
}
