//! A file of corrections to claims, every fault with its place.

use std::collections::HashSet;

use crate::document::{Document, Fault, Faults, Node, Object, Source};
use crate::ledger::{Cause, Claim, ClaimName, Extent, Lot, Refusal, Share, Target};
use crate::shell::corrections::causes;
use crate::units::{BidId, CampaignId, Day, DealId, ExchangeId, Nanos, limits};

const KEYS: [&str; 11] =
    ["id", "kind", "bid", "campaign", "exchange", "deal", "day", "amount", "share", "impressions", "reason"];
/// What only a correction of a campaign's day has.
const OF_A_DAY: [&str; 4] = ["exchange", "deal", "day", "impressions"];
/// The largest amount of one correction, in whole units: far above any bill.
const AMOUNT_MAX: i64 = 10_000_000;

/// The claims in `source`, in their order; those without an id are named by the file's bytes and their place in it, so
/// that a file whose answer was lost may be sent again. To be used only if no fault was found.
pub fn read(source: &Source, faults: &mut Faults) -> Option<Vec<Claim>> {
    let document = Document::parse(source, faults)?;
    let file = document.root().object(&["author", "corrections"], faults)?;
    let author = file.require("author", faults).and_then(|it| it.line(limits::AUTHOR_CHARS_MAX, faults));
    let listed = file.require("corrections", faults)?;
    let corrections = listed.list(faults)?;
    let (count, most) = (corrections.len(), limits::CORRECTIONS_OF_FILE_MAX);
    if count == 0 || count > most {
        return faults.refuse(listed.error(format!("must hold 1 to {most} corrections, got {count}")));
    }
    let file = ClaimName::given(&source.text);
    let mut names = HashSet::new();
    let mut claims = Vec::with_capacity(count);
    for (at, correction) in corrections.into_iter().enumerate() {
        if faults.is_full() {
            break;
        }
        let claim = claim(correction, author.unwrap_or_default(), file.at(at), faults);
        if let Some(claim) = claim {
            if !names.insert(claim.name) {
                faults.push(correction.error("has the `id` of another correction of this file"));
            }
            claims.push(claim);
        }
    }
    Some(claims)
}

/// The ids that people gave to the claims of `source`, in their order.
pub(in crate::shell::corrections) fn ids(source: &Source) -> Vec<Option<String>> {
    let mut faults = Faults::new();
    let document = Document::parse(source, &mut faults);
    let root = document.as_ref().map(Document::root);
    let corrections = root.and_then(|root| root.peek("corrections")?.list(&mut faults)).unwrap_or_default();
    let id = |node: &Node<'_>| node.peek("id").and_then(Node::peek_text).map(str::to_owned);
    corrections.iter().map(id).collect()
}

/// The faults that claims of `source` were refused with: by their numbers in the file.
#[must_use]
pub fn refused(source: &Source, refusals: &[(usize, Refusal)]) -> Vec<Fault> {
    let mut faults = Faults::new();
    let document = Document::parse(source, &mut faults);
    let root = document.as_ref().map(Document::root);
    let corrections = root.and_then(|root| root.peek("corrections")?.list(&mut faults)).unwrap_or_default();
    for (at, refusal) in refusals {
        let Some(node) = corrections.get(*at).filter(|_| !faults.is_full()) else { break };
        // Whole sentences about the claim, not about the place.
        let fault = Fault { message: format!("`corrections[{at}]`: {refusal}"), ..node.error(refusal) };
        faults.push(match refusal.hint() {
            Some(hint) => fault.hint(hint),
            None => fault,
        });
    }
    faults.into_vec()
}

fn claim(node: Node<'_>, author: &str, unnamed: ClaimName, faults: &mut Faults) -> Option<Claim> {
    let object = node.object(&KEYS, faults)?;
    let cause = object.require("kind", faults).and_then(|it| it.choice(&causes(), faults));
    let reason = object.require("reason", faults).and_then(|it| it.line(limits::REASON_CHARS_MAX, faults));
    let name = match object.get("id") {
        Some(id) => id.line(limits::AUTHOR_CHARS_MAX, faults).map(ClaimName::given),
        None => Some(unnamed),
    };
    let (target, extent) = (target(object, cause, faults), extent(object, faults));
    Some(Claim {
        name: name?,
        cause: cause?,
        target: target?,
        extent: extent?,
        reason: reason?.to_owned(),
        author: author.to_owned(),
    })
}

fn target(object: Object<'_>, cause: Option<Cause>, faults: &mut Faults) -> Option<Target> {
    let (key, value) = object.one_of(&["bid", "campaign"], faults)?;
    if key == "bid" {
        for key in OF_A_DAY {
            if let Some(other) = object.get(key) {
                faults.push(other.error("goes with a `campaign`, not with a `bid`"));
            }
        }
        return bid(value, faults).map(Target::Bid);
    }
    let campaign = name(value, faults).map(CampaignId::from_slug);
    let day = object.require("day", faults).and_then(|it| day(it, faults));
    let (exchange, deal) = (object.get("exchange"), object.get("deal"));
    // Data is bought for a campaign, wherever its ads are.
    if exchange.is_none() && deal.is_none() && cause != Some(Cause::DataInvoice) {
        let fault = object.node().error("needs an `exchange` or a `deal`");
        return faults.refuse(fault.hint("what was billed where, is known by exchange, deal and day"));
    }
    let exchange = exchange.map(|it| name(it, faults).map(ExchangeId::from_slug));
    let deal = deal.map(|it| name(it, faults).map(DealId::from_slug));
    let (exchange, deal) =
        (exchange.map_or(Some(None), |it| it.map(Some)), deal.map_or(Some(None), |it| it.map(Some)));
    Some(Target::Lot(Lot { campaign: campaign?, day: day?, exchange: exchange?, deal: deal? }))
}

/// A name as it stands in a configuration or in a bid request.
fn name<'d>(node: Node<'d>, faults: &mut Faults) -> Option<&'d str> {
    node.line(limits::AUTHOR_CHARS_MAX, faults)
}

fn bid(node: Node<'_>, faults: &mut Faults) -> Option<BidId> {
    let text = node.text(faults)?;
    let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u128::from_str_radix(text, 16).ok().filter(|_| is_id) {
        Some(number) => Some(BidId::from_bytes(number.to_be_bytes())),
        None => {
            let fault = node.error(format!("is not the id of a bid, got {}", node.echo()));
            faults.refuse(fault.hint("that of the bid response, 32 hexadecimal digits"))
        }
    }
}

fn day(node: Node<'_>, faults: &mut Faults) -> Option<Day> {
    let text = node.text(faults)?;
    match text.parse::<jiff::civil::Date>() {
        Ok(date) => Some(Day::from_civil(date.year().into(), date.month().into(), date.day().into())),
        Err(_) => faults.refuse(node.error(format!("is not a day like 2026-11-01, got {}", node.echo()))),
    }
}

fn extent(object: Object<'_>, faults: &mut Faults) -> Option<Extent> {
    let (key, value) = object.one_of(&["amount", "share", "impressions"], faults)?;
    match key {
        "amount" => {
            let amount = value.scaled(9, faults)?;
            if amount == 0 {
                return faults.refuse(value.error("must not be 0"));
            }
            if amount.unsigned_abs() > AMOUNT_MAX.unsigned_abs() * 1_000_000_000 {
                let problem = format!("must be at most {AMOUNT_MAX}, got {}", value.echo());
                return faults.refuse(value.error(problem));
            }
            Some(Extent::Amount(Nanos::from_raw(amount)))
        }
        "share" => {
            let share = Share::from_billionths(value.scaled(9, faults)?);
            let fault = || value.error(format!("must be above 0 and at most 1, got {}", value.echo()));
            share.map(Extent::Share).or_else(|| faults.refuse(fault()))
        }
        _ => {
            let most = u32::try_from(limits::CORRECTED_BILLS_MAX).unwrap_or(u32::MAX);
            value.integer(1..=most, faults).map(Extent::Impressions)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{read, refused};
    use crate::document::{Faults, Source};
    use crate::ledger::{Cause, Extent, Refusal, Share, Target};

    fn source(corrections: &str) -> Source {
        Source::new("c.json", format!("{{\"author\": \"Ada\", \"corrections\": [\n{corrections}\n]}}"))
    }

    #[track_caller]
    fn check(corrections: &str, want: &str) {
        let mut faults = Faults::new();
        let _ = read(&source(corrections), &mut faults);
        let faults = faults.into_vec();
        assert_eq!(faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; "), want);
        assert!(faults.iter().all(|fault| fault.place.as_ref().is_some_and(|place| place.line == 2)));
    }

    const BID: &str = r#""bid": "019b0a1c2d3e4f5061728394a5b6c7d8", "reason": "found later""#;

    #[test]
    fn claims_are_read_in_their_order() {
        let text = format!(
            r#"{{"id": "cn-1", "kind": "credit_note", {BID}, "share": 1}},
            {{"kind": "invalid_traffic", "campaign": "spring", "exchange": "north", "day": "2026-11-21",
              "impressions": 120, "reason": "robots", "note": "by report 7"}}"#
        );
        let mut faults = Faults::new();
        let claims = read(&source(&text), &mut faults).unwrap();
        assert_eq!(faults.errors(), 0);
        assert_eq!((claims[0].cause, claims[0].extent), (Cause::CreditNote, Extent::Share(Share::ALL)));
        assert!(matches!(claims[1].target, Target::Lot(lot) if lot.day.to_string() == "2026-11-21"));
        assert_eq!((claims[1].extent, claims[1].author.as_str()), (Extent::Impressions(120), "Ada"));
    }

    #[test]
    fn every_fault_has_its_place() {
        let lot = r#""campaign": "spring", "day": "2026-11-21", "reason": "r""#;
        for (text, want) in [
            (format!(r#"{{"kind": "credit", {BID}, "share": 1}}"#), "`corrections[0].kind` must be one of `credit_note`, `refund`, `invalid_traffic`, `adjustment`, `dispute`, `conceded`, `data_invoice`, got \"credit\""),
            (r#"{"kind": "refund", "bid": "7", "amount": 1, "reason": "r"}"#.to_owned(), "`corrections[0].bid` is not the id of a bid, got \"7\""),
            (format!(r#"{{"kind": "refund", {BID}, "amount": 1, "share": 1}}"#), "`corrections[0]` must have exactly one of `amount`, `share`, `impressions`"),
            (format!(r#"{{"kind": "refund", {BID}, "amount": "0.0000000001"}}"#), "`corrections[0].amount` has more than 9 decimals: \"0.0000000001\""),
            (format!(r#"{{"kind": "refund", {BID}, "amount": 10000001}}"#), "`corrections[0].amount` must be at most 10000000, got 10000001"),
            (format!(r#"{{"kind": "refund", {BID}, "share": 1.5}}"#), "`corrections[0].share` must be above 0 and at most 1, got 1.5"),
            (format!(r#"{{"kind": "refund", {BID}, "impressions": 1}}"#), "`corrections[0].impressions` goes with a `campaign`, not with a `bid`"),
            (format!(r#"{{"kind": "refund", {lot}, "share": 1}}"#), "`corrections[0]` needs an `exchange` or a `deal`"),
            (r#"{"kind": "refund", "bid": "019b0a1c2d3e4f5061728394a5b6c7d8", "amount": 1}"#.to_owned(), "`corrections[0].reason` is missing"),
            (r#"{"kind": "refund", "bid": "019b0a1c2d3e4f5061728394a5b6c7d8", "amount": 1, "reason": "a\nb"}"#.to_owned(), "`corrections[0].reason` must not contain line breaks or control characters"),
            (format!(r#"{{"id": "a", "kind": "refund", {BID}, "amount": 1}}, {{"id": "a", "kind": "refund", {BID}, "amount": 2}}"#), "`corrections[1]` has the `id` of another correction of this file"),
        ] {
            check(&text, want);
        }
    }

    #[test]
    fn a_file_names_its_author_and_holds_something() {
        for (text, want) in [
            (
                r#"{"corrections": []}"#,
                "`author` is missing; `corrections` must hold 1 to 20000 corrections, got 0",
            ),
            (r#"{"author": " ", "corrections": [{}]}"#, "`author` must not be empty"),
        ] {
            let mut faults = Faults::new();
            let _ = read(&Source::new("c.json", text), &mut faults);
            let all: Vec<_> = faults.into_vec().into_iter().map(|fault| fault.message).collect();
            assert!(all.join("; ").contains(want), "{all:?}");
        }
    }

    #[test]
    fn what_the_ledger_refuses_is_shown_at_its_place() {
        let source = source("{},\n{}");
        let faults = refused(&source, &[(1, Refusal::Nothing), (0, Refusal::NothingBilled)]);
        let shown: Vec<_> = faults.iter().map(|fault| fault.headline()).collect();
        assert_eq!(
            shown,
            [
                "`c.json` line 2: `corrections[0]`: nothing was billed there",
                "`c.json` line 3: `corrections[1]`: comes to nothing"
            ]
        );
    }
}
