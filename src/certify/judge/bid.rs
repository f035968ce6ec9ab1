//! One bid: its own fields, and what it shows.

use serde_json::Value;

use super::read::{elements, flag, is_address, numbers, text, texts, whole};
use super::{Answer, banner, blocks, dsa, medium, native, price, vast};
use crate::certify::Judgement;
use crate::certify::rules::{bid as rule, limits};

/// Fields that may hold addresses and macros.
const ADDRESSES: [&str; 4] = ["nurl", "burl", "lurl", "iurl"];

pub(super) fn check(answer: &Answer<'_>, judgement: &mut Judgement) {
    price::check(answer, judgement);
    price::check_deal(answer, judgement);
    blocks::check(answer, judgement);
    dsa::check(answer, judgement);
    check_fields(answer.bid, judgement);
    check_addresses(answer, judgement);
    check_macros(answer, judgement);
    check_medium(answer, judgement);
}

fn check_fields(bid: &Value, judgement: &mut Judgement) {
    let crid = bid["crid"].as_str().unwrap_or_default();
    judgement.must(&rule::CRID, !crid.is_empty(), format!("`crid` is {}", bid["crid"]));
    let bytes = crid.len();
    judgement.must(&rule::CRID_LENGTH, bytes <= 128, format!("`crid` has {bytes} bytes"));
    if let Some(cid) = bid.get("cid") {
        judgement.must(
            &rule::CID,
            cid.as_str().is_some_and(|cid| !cid.is_empty()),
            format!("`cid` is {cid}"),
        );
    }
    let domains = texts(&bid["adomain"]);
    judgement.must(&rule::ADOMAIN, !domains.is_empty(), format!("`adomain` is {}", bid["adomain"]));
    for domain in &domains {
        let is_bare = domain.contains('.') && !domain.contains(['/', ':', ' ', '@']);
        judgement.must(&rule::ADOMAIN_FORM, is_bare, format!("`adomain` `{domain}` is no domain"));
    }
    if let Some(exp) = bid.get("exp") {
        let holds = exp.as_u64().is_some_and(|seconds| seconds > 0);
        judgement.must(&rule::EXP, holds, format!("`exp` is {exp}"));
    }
    if bid.get("language").or_else(|| bid.get("langb")).is_some() {
        let both = bid.get("language").is_some() && bid.get("langb").is_some();
        judgement.must(&rule::LANGUAGE, !both, "`language` and `langb` are both told");
    }
}

fn check_addresses(answer: &Answer<'_>, judgement: &mut Judgement) {
    let Answer { bid, imp, terms, .. } = *answer;
    for name in ADDRESSES {
        if let Some(address) = bid.get(name) {
            // Macros may hold anything; the rest must be an address.
            let holds = address.as_str().is_some_and(is_address);
            judgement.must(&rule::NOTICE_URL, holds, format!("`{name}` is {address}"));
        }
    }
    if flag(&imp["secure"]) {
        for name in ["adm"].into_iter().chain(ADDRESSES) {
            let text = bid[name].as_str().unwrap_or_default();
            judgement.must(&limits::SECURE, !is_insecure(text), format!("`{name}` is not secure"));
        }
    }
    if let Some(billed) = terms.bills_on {
        check_price_notice(billed.field(), answer, judgement);
    }
}

/// `field` is what the exchange bills on. `burl` is optional: who needs no price in it is not held to ask for one.
fn check_price_notice(field: &str, answer: &Answer<'_>, judgement: &mut Judgement) {
    let Answer { bid, terms, .. } = *answer;
    let text = bid[field].as_str().unwrap_or_default();
    // Markup that `nurl` serves is not seen.
    let is_unseen = field == "adm" && text.is_empty();
    let asks = terms.asks_for_price(text);
    if asks || (terms.price_required && !is_unseen) {
        let name = &terms.price_macro;
        let what = if text.is_empty() {
            format!("there is no `{field}`, which is billed")
        } else {
            format!("`{field}`, which is billed, has no `{name}`")
        };
        judgement.must(&rule::NOTICE_PRICE, asks, what);
    }
}

/// True if anything is fetched over plain HTTP; the names of XML namespaces are not fetched.
fn is_insecure(text: &str) -> bool {
    const NAMESPACES: [&str; 2] = ["http://www.w3.org/", "http://www.iab.com/"];
    let text = text.to_ascii_lowercase();
    let text = NAMESPACES.iter().fold(text, |text, namespace| text.replace(namespace, ""));
    text.contains("http:") || text.contains("http%3a") || text.contains("http:\\/")
}

/// The macros of 4.4.
const MACROS: [&str; 14] = [
    "AUCTION_ID",
    "AUCTION_BID_ID",
    "AUCTION_IMP_ID",
    "AUCTION_SEAT_ID",
    "AUCTION_AD_ID",
    "AUCTION_PRICE",
    "AUCTION_CURRENCY",
    "AUCTION_MBR",
    "AUCTION_LOSS",
    "AUCTION_MIN_TO_WIN",
    "AUCTION_MULTIPLIER",
    "AUCTION_IMP_TS",
    "AUCTION_DISCOUNT_PCT",
    "AUCTION_DISCOUNT_CPM",
];

fn check_macros(answer: &Answer<'_>, judgement: &mut Judgement) {
    let Answer { bid, terms, .. } = *answer;
    for name in ["adm"].into_iter().chain(ADDRESSES) {
        let Some(text) = bid[name].as_str() else { continue };
        let encoded = text.to_ascii_lowercase().contains("$%7b");
        judgement.must(&rule::MACRO_ENCODED, !encoded, format!("a macro in `{name}` is percent-encoded"));
        for rest in text.split("${AUCTION_").skip(1) {
            let written = rest.split('}').next().unwrap_or_default();
            // `:X` names an encoding that the two have agreed on.
            let macro_name = format!("AUCTION_{}", written.split(':').next().unwrap_or_default());
            let of_profile =
                terms.price_macro.strip_prefix("${AUCTION_").and_then(|own| own.strip_suffix('}'));
            let known = MACROS.contains(&macro_name.as_str()) || of_profile == Some(written);
            judgement.must(&rule::MACRO_KNOWN, known, format!("`{name}` has a macro `{macro_name}`"));
        }
    }
}

fn check_medium(answer: &Answer<'_>, judgement: &mut Judgement) {
    let Answer { bid, imp, .. } = *answer;
    let told = matches!(bid["mtype"].as_i64(), Some(1..=4));
    judgement.must(&rule::MTYPE, told, format!("`mtype` is {}", bid["mtype"]));
    let Some(medium) = medium(imp, bid) else { return };
    let offer = &imp[medium];
    judgement.must(&limits::MEDIUM, offer.is_object(), format!("`{medium}` is not offered by the imp"));
    if !offer.is_object() {
        return;
    }
    check_offer(offer, bid, judgement);
    let served_by_nurl = bid.get("adm").is_none() && bid["nurl"].is_string();
    let adm = bid["adm"].as_str().unwrap_or_default();
    let holds = served_by_nurl || !adm.trim().is_empty();
    judgement.must(&rule::ADM, holds, "`adm` is empty, no text, or absent without `nurl`");
    if medium == "banner" {
        banner::check_size(offer, bid, judgement);
    }
    if served_by_nurl || adm.trim().is_empty() {
        return;
    }
    match medium {
        "banner" => banner::check_markup(offer, adm, judgement),
        "native" => native::check(offer, adm, judgement),
        _ => vast::check(medium, offer, bid, adm, judgement),
    }
}

/// What every offer may restrict.
fn check_offer(offer: &Value, bid: &Value, judgement: &mut Judgement) {
    let battr = numbers(&offer["battr"]);
    if !battr.is_empty() {
        let blocked = numbers(&bid["attr"]).into_iter().find(|attribute| battr.contains(attribute));
        let what = format!("`battr` blocks attribute {}", blocked.unwrap_or_default());
        judgement.must(&limits::BATTR, blocked.is_none(), what);
    }
    let needed = [numbers(&bid["apis"]), numbers(&bid["api"])].concat();
    if !needed.is_empty() {
        let offered = numbers(&offer["api"]);
        let missing = needed.iter().find(|api| !offered.contains(api));
        let what = format!("API {} is not offered", missing.copied().unwrap_or_default());
        judgement.must(&limits::APIS, missing.is_none(), what);
    }
}

/// Seconds of a bid, if it tells them.
pub(super) fn dur(bid: &Value) -> Option<i64> {
    whole(&bid["dur"]).filter(|seconds| *seconds > 0)
}

/// The deal that the bid names, if it is offered.
pub(super) fn deal<'a>(answer: &Answer<'a>) -> Option<&'a Value> {
    let named = answer.bid["dealid"].as_str()?;
    elements(&answer.imp["pmp"]["deals"]).iter().find(|deal| text(&deal["id"]).as_deref() == Some(named))
}
