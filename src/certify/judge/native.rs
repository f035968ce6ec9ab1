//! Native ads: the JSON of the answer against the JSON of the request, by OpenRTB Native 1.2.

use serde_json::Value;

use super::read::{elements, flag, is_address, number, numbers, side, text, whole};
use crate::certify::Judgement;
use crate::certify::rules::markup as rule;

pub(super) fn check(offer: &Value, adm: &str, judgement: &mut Judgement) {
    let Ok(answer) = serde_json::from_str::<Value>(adm) else {
        return judgement.must(&rule::NATIVE_JSON, false, "`adm` is no JSON");
    };
    let answer = answer.get("native").unwrap_or(&answer);
    let asked = match &offer["request"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    let asked = asked.get("native").filter(|native| native["assets"].is_array()).unwrap_or(&asked);
    let link = answer["link"]["url"].as_str().unwrap_or_default();
    judgement.must(&rule::LINK, is_address(link), format!("`link.url` is `{link}`"));
    check_assets(asked, answer, judgement);
    check_trackers(asked, answer, judgement);
    for (field, supported) in [("assetsurl", "aurlsupport"), ("dcourl", "durlsupport")] {
        let holds = answer.get(field).is_none() || flag(&asked[supported]);
        judgement.must(&rule::ASSETS_URL, holds, format!("`{field}` without `{supported}`"));
    }
}

fn check_assets(asked: &Value, answer: &Value, judgement: &mut Judgement) {
    let (wanted, given) = (elements(&asked["assets"]), elements(&answer["assets"]));
    let by_address = answer.get("assetsurl").is_some() || answer.get("dcourl").is_some();
    judgement.must(&rule::NATIVE_JSON, by_address || !given.is_empty(), "no asset is answered");
    let mut seen = Vec::new();
    for asset in given {
        let id = whole(&asset["id"]);
        judgement.must(&rule::ONCE, !seen.contains(&id), format!("asset {} is answered twice", asset["id"]));
        seen.push(id);
        let asked_for = wanted.iter().find(|wanted| id.is_some() && whole(&wanted["id"]) == id);
        judgement.must(&rule::ASKED, asked_for.is_some(), format!("asset {} was not asked for", asset["id"]));
        if let Some(wanted) = asked_for {
            check_asset(wanted, asset, judgement);
        }
    }
    for required in wanted.iter().filter(|asset| flag(&asset["required"]) && !by_address) {
        let answered = seen.contains(&whole(&required["id"]));
        judgement.must(
            &rule::REQUIRED,
            answered,
            format!("required asset {} is not answered", required["id"]),
        );
    }
}

fn check_asset(wanted: &Value, asset: &Value, judgement: &mut Judgement) {
    let kinds: Vec<&str> =
        ["title", "img", "data", "video"].into_iter().filter(|kind| asset[kind].is_object()).collect();
    let holds = matches!(kinds[..], [kind] if wanted[kind].is_object());
    let kind = if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(" and ") };
    judgement.must(&rule::ASKED, holds, format!("asset {} is {kind}, which was not asked", asset["id"]));
    for (kind, field) in [("title", "text"), ("data", "value")] {
        if !asset[kind].is_object() {
            continue;
        }
        let words = text(&asset[kind][field]).unwrap_or_default();
        judgement.must(&rule::TEXT, !words.is_empty(), format!("a {kind} is empty"));
        let length = words.chars().count();
        let most = whole(&wanted[kind]["len"]).and_then(|most| usize::try_from(most).ok()).unwrap_or(0);
        let what = format!("a {kind} of {length} characters is longer than {most}");
        judgement.must(&rule::TEXT, most == 0 || length <= most, what);
    }
    if asset["img"].is_object() {
        check_image(&wanted["img"], &asset["img"], judgement);
    }
    if asset["video"].is_object() {
        let tag = asset["video"]["vasttag"].as_str().unwrap_or_default();
        judgement.must(&rule::VIDEO, tag.contains("<VAST"), "`video.vasttag` holds no VAST");
    }
}

fn check_image(wanted: &Value, given: &Value, judgement: &mut Judgement) {
    let address = given["url"].as_str().unwrap_or_default();
    judgement.must(&rule::IMAGE, is_address(address), format!("an image has the address `{address}`"));
    for (name, least) in [("w", "wmin"), ("h", "hmin")] {
        let Some(ours) = side(given, name) else { continue };
        let fits = match (side(wanted, least), side(wanted, name)) {
            (Some(least), _) => ours >= least,
            (None, Some(exact)) => ours == exact,
            (None, None) => true,
        };
        judgement.must(&rule::IMAGE, fits, format!("an image of `{name}` {ours} does not fit"));
    }
}

fn check_trackers(asked: &Value, answer: &Value, judgement: &mut Judgement) {
    for tracker in elements(&answer["eventtrackers"]) {
        let offered = elements(&asked["eventtrackers"]).iter().any(|offered| {
            number(&offered["event"]).is_some()
                && whole(&offered["event"]) == whole(&tracker["event"])
                && whole(&tracker["method"])
                    .is_some_and(|method| numbers(&offered["methods"]).contains(&method))
        });
        let what = format!("event {} by method {} was not offered", tracker["event"], tracker["method"]);
        judgement.must(&rule::TRACKERS, offered, what);
        let address = tracker["url"].as_str().unwrap_or_default();
        judgement.must(
            &rule::TRACKERS,
            is_address(address),
            format!("a tracker has the address `{address}`"),
        );
    }
}
