//! Block lists and lists of what alone is taken: advertisers, categories, apps, languages.

use serde_json::Value;

use super::Answer;
use super::read::{text, texts, whole};
use crate::certify::Judgement;
use crate::certify::rules::limits;

pub(super) fn check(answer: &Answer<'_>, judgement: &mut Judgement) {
    let Answer { request, bid, .. } = *answer;
    let badv = texts(&request["badv"]);
    if !badv.is_empty() {
        let domains = texts(&bid["adomain"]);
        let is_blocked = |domain: &&String| badv.iter().any(|blocked| is_within(domain, blocked));
        let blocked = domains.iter().find(is_blocked);
        judgement.must(&limits::BADV, blocked.is_none(), format!("`badv` blocks `{}`", quoted(blocked)));
    }
    check_categories(request, bid, judgement);
    let bapp = texts(&request["bapp"]);
    if let Some(bundle) = text(&bid["bundle"])
        && !bapp.is_empty()
    {
        judgement.must(&limits::BAPP, !bapp.contains(&bundle), format!("`bapp` blocks `{bundle}`"));
    }
    check_language(request, bid, judgement);
}

/// What is found, for a sentence; empty where nothing is, and no sentence is written.
fn quoted(found: Option<&String>) -> &str {
    found.map_or("", String::as_str)
}

/// True for a domain and all below it, in any case.
pub(super) fn is_within(domain: &str, of: &str) -> bool {
    let bare = |name: &str| {
        let name = name.trim().to_lowercase();
        name.strip_prefix("www.").map_or(name.clone(), str::to_owned)
    };
    let (domain, of) = (bare(domain), bare(of));
    !of.is_empty() && (domain == of || domain.ends_with(&format!(".{of}")))
}

/// Categories are compared within one taxonomy only; between two, nothing can be told from the bodies.
fn check_categories(request: &Value, bid: &Value, judgement: &mut Judgement) {
    let taxonomy = |value: &Value| whole(&value["cattax"]).unwrap_or(1);
    let own = texts(&bid["cat"]);
    if own.is_empty() || taxonomy(request) != taxonomy(bid) {
        return;
    }
    // `IAB25` blocks `IAB25-3` too: not written anywhere, and done everywhere.
    let within = |own: &String, listed: &String| own == listed || own.starts_with(&format!("{listed}-"));
    let bcat = texts(&request["bcat"]);
    if !bcat.is_empty() {
        let blocked = own.iter().find(|own| bcat.iter().any(|listed| within(own, listed)));
        judgement.must(&limits::BCAT, blocked.is_none(), format!("`bcat` blocks `{}`", quoted(blocked)));
    }
    let acat = texts(&request["acat"]);
    if !acat.is_empty() {
        let foreign = own.iter().find(|own| !acat.iter().any(|listed| within(own, listed)));
        judgement.must(&limits::ACAT, foreign.is_none(), format!("`acat` leaves `{}` out", quoted(foreign)));
    }
}

fn check_language(request: &Value, bid: &Value, judgement: &mut Judgement) {
    let taken = [texts(&request["wlang"]), texts(&request["wlangb"])].concat();
    let Some(language) = text(&bid["language"]).or_else(|| text(&bid["langb"])) else { return };
    // `xx` says that there are no words in it.
    if taken.is_empty() || language.eq_ignore_ascii_case("xx") {
        return;
    }
    let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    let holds = taken.iter().any(|taken| primary(taken) == primary(&language));
    judgement.must(&limits::WLANG, holds, format!("`wlang` leaves `{language}` out"));
}
