//! What a publisher gets for each kind of asset, tracker and version.

use proptest::prelude::proptest;
use proptest::string::string_regex;
use serde_json::{Value, json};

use crate::campaign::{Creative, CreativeContent};
use crate::creative::samples::{advertiser, file, imp, links, native, native_ad, native_offer, serving};
use crate::creative::{Links, fit, write};
use crate::openrtb::{Imp, Native, NativeAsset, NativeKind};

fn answer(creative: &Creative, offer: Native<'_>, links: &Links<'_>) -> Value {
    let imp = Imp { native: Some(offer), ..imp() };
    let ponant = advertiser("Ponant");
    let mut out = String::new();
    write(&fit(creative, &imp).unwrap(), &serving(&ponant, links), &mut out);
    serde_json::from_str(&out).unwrap()
}

#[track_caller]
fn check(offer: Native<'_>, links: &Links<'_>, want: &Value) {
    assert_eq!(&answer(&native(), offer, links), want);
}

fn with(extra: &Value) -> Value {
    let mut answer = json!({
        "ver": "1.2",
        "assets": [
            {"id": 1, "title": {"text": "Été à Brest"}},
            {"id": 2, "img": {"url": "https://cdn.test/main.jpg", "w": 1200, "h": 627}},
            {"id": 4, "data": {"value": "Compagnie du Ponant"}}
        ],
        "link": {"url": "https://bid.test/c?t=abc&p=${AUCTION_PRICE}"}
    });
    answer.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    answer
}

#[test]
fn assets_are_answered_by_their_ids() {
    check(native_offer(), &links(), &with(&json!({})));
}

#[test]
fn an_answer_is_wrapped_where_the_question_was() {
    check(Native { wrapped: true, ..native_offer() }, &links(), &json!({"native": with(&json!({}))}));
}

#[test]
fn only_trackers_offered_are_sent() {
    let view = "https://bid.test/v?t=abc&p=${AUCTION_PRICE}";
    let paying = Links { impression: Some("https://bid.test/i"), ..links() };
    let offer = |eventtrackers| Native { eventtrackers, ..native_offer() };
    let viewed = json!({"event": 2, "method": 1, "url": view});
    check(offer(&[(1, 1), (2, 1)]), &links(), &with(&json!({"eventtrackers": [viewed]})));
    check(offer(&[(1, 2), (2, 2)]), &links(), &with(&json!({})));
    check(offer(&[(1, 2)]), &paying, &with(&json!({"imptrackers": ["https://bid.test/i"]})));
    let rendered = json!({"event": 1, "method": 1, "url": "https://bid.test/i"});
    check(offer(&[(1, 1), (2, 1)]), &paying, &with(&json!({"eventtrackers": [rendered, viewed]})));
}

/// A native ad with trackers and a privacy link.
fn laden() -> Creative {
    let mut creative = native();
    creative.trackers.impression = vec!["https://t.test/i?c=${CREATIVE_ID}".into()];
    creative.trackers.click = vec!["https://t.test/k".into()];
    creative.trackers.view = vec!["https://t.test/v".into()];
    creative.privacy_url = Some("https://ponant.test/why".into());
    creative
}

#[test]
fn third_parties_are_called_by_what_is_offered() {
    let view = "https://bid.test/v?t=abc&p=${AUCTION_PRICE}";
    let tracker = |event, url: &str| json!({"event": event, "method": 1, "url": url});
    let link = json!({"url": links().click, "clicktrackers": ["https://t.test/k"]});
    let offer = Native { eventtrackers: &[(1, 1), (2, 1), (3, 1)], ..native_offer() };
    let trackers =
        json!([tracker(1, "https://t.test/i?c=a"), tracker(2, view), tracker(2, "https://t.test/v")]);
    assert_eq!(answer(&laden(), offer, &links()), with(&json!({"link": link, "eventtrackers": trackers})));
    let offer = Native { eventtrackers: &[(3, 1), (1, 2)], ..native_offer() };
    let trackers = json!([tracker(3, view), tracker(3, "https://t.test/v")]);
    let shown = json!(["https://t.test/i?c=a"]);
    let want = json!({"link": link, "imptrackers": shown, "eventtrackers": trackers});
    assert_eq!(answer(&laden(), offer, &links()), with(&want));
}

#[test]
fn older_versions_are_answered_in_their_own_shape() {
    let paying = Links { impression: Some("https://bid.test/i"), ..links() };
    for ver in ["1.0", "1.1"] {
        let offer = Native { ver, privacy: true, eventtrackers: &[(1, 1), (2, 1)], ..native_offer() };
        let answer = answer(&laden(), offer, &paying);
        assert_eq!(answer["ver"], ver);
        assert_eq!(answer["imptrackers"], json!(["https://bid.test/i", "https://t.test/i?c=a"]));
        assert_eq!((&answer["eventtrackers"], &answer["privacy"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn the_privacy_link_is_sent_only_where_it_is_taken() {
    let offer = |privacy| Native { privacy, ..native_offer() };
    assert_eq!(answer(&laden(), offer(true), &links())["privacy"], "https://ponant.test/why");
    assert_eq!(answer(&laden(), offer(false), &links())["privacy"], Value::Null);
    assert_eq!(answer(&native(), offer(true), &links())["privacy"], Value::Null);
}

#[test]
fn a_video_is_a_tag_that_counts_play_and_leaves_the_rest_to_the_ad_around_it() {
    let mut ad = native_ad();
    ad.video = Some(file(15));
    let mut creative = laden();
    creative.content = CreativeContent::Native(ad);
    let kind =
        NativeKind::Video { mimes: &["video/mp4"], minduration: 5, maxduration: 15, protocols: &[2, 3] };
    let assets = [NativeAsset { id: 9, required: true, kind }];
    let offer = Native { assets: &assets, eventtrackers: &[(2, 1), (4, 1)], ..native_offer() };
    let paying = Links { impression: Some("https://bid.test/i"), ..links() };
    let answer = answer(&creative, offer, &paying);
    assert_eq!(answer["assets"][0]["id"], 9);
    let tag = answer["assets"][0]["video"]["vasttag"].as_str().unwrap();
    assert!(tag.contains("<VAST version=\"3.0\">") && tag.contains("https://bid.test/p?e=complete"), "{tag}");
    assert!(tag.contains("about:blank") && !tag.contains("t.test/i") && !tag.contains("t.test/v"), "{tag}");
    assert_eq!(answer["imptrackers"], json!(["https://bid.test/i", "https://t.test/i?c=a"]));
    assert_eq!(answer["eventtrackers"][0]["event"], 4);
}

proptest! {
    #[test]
    fn hostile_texts_are_read_back_as_they_were(text in string_regex("([ -~]|[\"\\\\<>\n]|é){1,24}").unwrap()) {
        let mut ad = native_ad();
        ad.titles = vec![text.clone()];
        let creative = Creative::plain("brest/a", CreativeContent::Native(ad));
        let links = Links { click: &text, ..links() };
        let answer = answer(&creative, native_offer(), &links);
        assert_eq!(answer["assets"][0]["title"]["text"], text.as_str());
        assert_eq!(answer["link"]["url"], text.as_str());
    }
}
