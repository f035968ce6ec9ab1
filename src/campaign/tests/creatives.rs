//! Cases of the readers of creatives: every format, what it may have, and what is said of what it may not.

use crate::campaign::tests::{CAMPAIGN, accept, check};
use crate::campaign::{BannerBody, CreativeContent, Played, Transparency};

const BANNER: &str = r#""banner": {"size": "300x250", "image": "https://cdn.acme.example/a.png"}"#;
const FILE: &str =
    r#"{"url": "https://cdn.acme.example/a.mp4", "mime": "video/mp4", "bitrate": 800, "size": "640x360"}"#;

/// The campaign with `content` in place of its banner has exactly the faults `want`.
#[track_caller]
fn check_content(content: &str, want: &str) {
    check(BANNER, &content.replace("FILE", FILE), want);
}

#[track_caller]
fn content(content: &str) -> CreativeContent {
    let mut catalog = accept(BANNER, &content.replace("FILE", FILE));
    catalog.creatives.remove(0).content
}

#[test]
fn a_creative_says_what_it_needs_and_what_it_is() {
    let catalog = accept(
        BANNER,
        &format!(
            r#""apis": ["mraid-2", 7], "attributes": ["provocative", 22], "rating": "over 12", "language": "FR-ca",
            "privacy_url": "https://acme.example/why",
            "trackers": {{"impression": "https://t.example/?c=${{CACHEBUSTER}}", "view": ["https://t.example/v"]}}, {BANNER}"#
        ),
    );
    let creative = &catalog.creatives[0];
    assert_eq!((creative.apis.as_slice(), creative.attributes.as_slice()), (&[5, 7][..], &[9, 22][..]));
    assert_eq!((creative.rating, creative.language.as_deref()), (Some(2), Some("fr-ca")));
    assert_eq!(creative.privacy_url.as_deref(), Some("https://acme.example/why"));
    assert_eq!(creative.trackers.impression, ["https://t.example/?c=${CACHEBUSTER}"]);
    assert_eq!((creative.trackers.click.len(), creative.trackers.view.len()), (0, 1));
    assert!(creative.secure);
}

#[test]
fn names_that_are_not_known_are_said_with_the_nearest() {
    check(
        BANNER,
        &format!(r#""apis": ["mraid2"], {BANNER}"#),
        "error 20:16 `creatives[0].apis[0]` must be one of `vpaid-1`, `vpaid-2`, `mraid-1`, `ormma`, `mraid-2`, \
         `mraid-3`, `omid-1`, `simid-1.0`, `simid-1.1`, got \"mraid2\" (did you mean `mraid-2`?)",
    );
    check(
        BANNER,
        &format!(r#""rating": 4, {BANNER}"#),
        "error 20:17 `creatives[0].rating` must be from 1 to 3, got 4",
    );
    check(
        BANNER,
        &format!(r#""language": "french", {BANNER}"#),
        "error 20:19 `creatives[0].language` is not a language of BCP 47, got \"french\" \
         (as `fr` or `fr-CA`; `xx` if there is nothing to read or hear)",
    );
    for language in ["fr", "xx", "zh-Hant-TW", "de-1996"] {
        accept(BANNER, &format!(r#""language": "{language}", {BANNER}"#));
    }
}

#[test]
fn a_tracker_or_link_without_https_keeps_the_ad_off_secure_pages() {
    let insecure = format!(r#""trackers": {{"view": "http://t.example/v"}}, {BANNER}"#);
    check(
        BANNER,
        &insecure,
        "warning 20:28 `creatives[0].trackers.view` is not https: the ad will not serve on secure pages \
         (serve it over https)",
    );
    let privacy = format!(r#""privacy_url": "http://acme.example/why", {BANNER}"#);
    check(
        BANNER,
        &privacy,
        "warning 20:22 `creatives[0].privacy_url` is not https: the ad will not serve on secure pages \
         (serve it over https)",
    );
    let nine = [r#""https://t.example/v""#; 9].join(", ");
    check(
        BANNER,
        &format!(r#""trackers": {{"view": [{nine}]}}, {BANNER}"#),
        "error 20:20 `creatives[0].trackers.view` has 9 addresses, at most 8 are allowed",
    );
}

#[test]
fn html_may_expand_and_fill_any_size_of_its_ratio() {
    let html = r#""html": "<a href='${CLICK_URL_ENC}'>x</a>""#;
    let catalog = accept(
        BANNER,
        &format!(
            r#""banner": {{"size": "300x500", "flexible": true, "expands": ["down", "full screen"], {html}}}"#
        ),
    );
    let creative = &catalog.creatives[0];
    assert_eq!(creative.attributes, [4, 18]);
    let CreativeContent::Banner(ad) = &creative.content else { panic!("a banner") };
    assert!(ad.flexible && ad.expands == [4, 5] && matches!(ad.body, BannerBody::Html(_)));
    let rollover =
        format!(r#""banner": {{"size": "300x250", "expands": "up", "expands_on": "rollover", {html}}}"#);
    assert_eq!(accept(BANNER, &rollover).creatives[0].attributes, [5]);
    check(
        BANNER,
        r#""banner": {"size": "300x250", "flexible": true, "expands": ["up"], "image": "https://a.example/a.png"}"#,
        "error 20:49 `creatives[0].banner.flexible` is for `html`: a picture has its size\n\
         error 20:55 `creatives[0].banner.expands` is for `html`: a picture does not expand",
    );
    check(
        BANNER,
        &format!(r#""banner": {{"size": "300x250", "expands_on": "click", {html}}}"#),
        "error 20:51 `creatives[0].banner.expands_on` needs `expands` (write where to, as `\"expands\": [\"down\"]`)",
    );
}

#[test]
fn a_macro_that_is_none_of_ours_is_said_and_those_of_the_exchange_are_not() {
    let html = |text: &str| {
        format!(r#""banner": {{"size": "300x250", "html": "<a href='${{CLICK_URL}}'>{text} `${{x}}`</a>"}}"#)
    };
    accept(BANNER, &html("${AUCTION_PRICE:B64} ${CACHEBUSTER} ${WIDTH}"));
    check(
        BANNER,
        &html("${CLICKURL}"),
        "warning 20:45 `creatives[0].banner.html` has `${CLICKURL}`, which is none of our macros \
         (did you mean `${CLICK_URL}`?)",
    );
    check(
        BANNER,
        &format!(r#""trackers": {{"click": "https://t.example/k"}}, {}"#, html("")),
        "warning 20:29 `creatives[0].trackers.click` is not called: the links of `html` are its own \
         (call it from the markup)",
    );
    check(
        BANNER,
        &format!(r#""trackers": {{"view": "https://t.example/?c=${{PRICE}}"}}, {BANNER}"#),
        "warning 20:28 `creatives[0].trackers.view` has `${PRICE}`, which is none of our macros \
         (known are CLICK_URL, CLICK_URL_ENC, CACHEBUSTER, BID_ID, CAMPAIGN_ID, CREATIVE_ID, WIDTH, HEIGHT)",
    );
}

#[test]
fn a_video_plays_files_or_a_tag_or_is_an_overlay() {
    let CreativeContent::Video(ad) = content(
        r#""video": {"duration": "20s", "skippable_after": "5s", "media": [FILE,
            {"url": "https://a.example/a.m3u8", "mime": "application/x-mpegURL", "bitrate": {"min": 300, "max": 6000},
             "size": "1280x720", "delivery": "streaming"}],
            "companions": [{"size": "300x250", "image": "https://a.example/c.png"}]}"#,
    ) else {
        panic!("a video")
    };
    let Played::Media(files) = &ad.played else { panic!("files") };
    assert_eq!((files[0].bitrate.clone(), files[1].bitrate.clone()), (800..=800, 300..=6_000));
    assert_eq!((files[0].streaming, files[1].streaming), (false, true));
    assert_eq!((ad.skippable_after, ad.companions.len()), (Some(5), 1));

    let tag = r#""video": {"duration": "30s", "wrapper": {"url": "https://a.example/vast?cb=${CACHEBUSTER}",
        "versions": ["3.0", "4.2"], "mimes": ["video/mp4", "application/javascript"], "bitrate": 2000}}"#;
    let CreativeContent::Video(ad) = content(tag) else { panic!("a video") };
    let Played::Wrapper(wrapper) = &ad.played else { panic!("a wrapper") };
    assert_eq!((wrapper.protocols.as_slice(), wrapper.bitrate.clone()), (&[3, 13][..], Some(2_000..=2_000)));
    assert_eq!(wrapper.mimes, ["video/mp4", "application/javascript"]);
    content(r#""audio": {"duration": "30s", "wrapper": "https://a.example/vast"}"#);

    let over =
        r#""video": {"duration": "10s", "overlay": {"size": "480x70", "image": "https://a.example/o.png"}}"#;
    let CreativeContent::Video(ad) = content(over) else { panic!("a video") };
    assert!(matches!(ad.played, Played::Overlay(_)));
}

#[test]
fn what_a_video_cannot_be_is_said() {
    check_content(
        r#""video": {"duration": "30s"}"#,
        "error 20:7 `creatives[0].video` must have exactly one of `media`, `wrapper`, `overlay`",
    );
    check_content(
        r#""audio": {"duration": "30s", "overlay": {}}"#,
        "error 20:7 `creatives[0].audio` must have exactly one of `media`, `wrapper`\n\
         error 20:36 `creatives[0].audio.overlay` is not a known key \
         (known keys: `duration`, `media`, `wrapper`, `skippable_after`, `companions`)",
    );
    check_content(
        r#""video": {"duration": "30s", "skippable_after": "30s", "media": FILE}"#,
        "error 20:55 `creatives[0].video.skippable_after` must be less than the duration, got \"30s\"",
    );
    check_content(
        r#""video": {"duration": "9s", "skippable_after": "5s", "overlay": {"size": "9x9", "image": "https://a.example/o.png"}}"#,
        "error 20:54 `creatives[0].video.skippable_after` is for what plays by itself: an overlay is closed, not skipped",
    );
    check_content(
        r#""attributes": [16], "video": {"duration": "30s", "media": FILE}"#,
        "error 20:7 `creatives[0].attributes` must not have 16 (skip button) \
         (write `\"skippable_after\": \"5s\"` beside `duration`)",
    );
    check_content(
        r#""video": {"duration": "30s", "wrapper": {"url": "https://a.example/v", "versions": ["1.0"]}}"#,
        "error 20:91 `creatives[0].video.wrapper.versions[0]` must be one of `2.0`, `3.0`, `4.0`, `4.1`, `4.2`, \
         got \"1.0\" (did you mean `2.0`?)",
    );
    check_content(
        r#""video": {"duration": "30s", "media": {"url": "https://a.example/v", "mime": "video/mp4", "size": "9x9",
            "bitrate": {"min": 9, "max": 8}}}"#,
        "error 21:13 `creatives[0].video.media.bitrate` ends at 8 below its start",
    );
}

#[test]
fn a_native_ad_has_variants_and_every_kind_of_text() {
    let CreativeContent::Native(ad) = content(
        r#""native": {"title": ["Short", "A longer title"], "description": ["d", "dd"], "sponsored_by": "s", "rating": 4.5,
            "likes": 1200, "downloads": "5k", "price": "$1", "sale_price": "$0.5", "phone": "+33 1", "address": "a",
            "more_description": "m", "display_url": "acme.example", "call_to_action": "Go",
            "icon": {"url": "https://a.example/i.png", "size": "80x80"},
            "image": [{"url": "https://a.example/1.png", "size": "1200x627"}, {"url": "https://a.example/2.png", "size": "300x300"}],
            "video": {"duration": "15s", "media": FILE}}"#,
    ) else {
        panic!("a native ad")
    };
    assert_eq!(ad.titles, ["A longer title", "Short"]);
    let texts: Vec<(u32, &str)> = ad.texts.iter().map(|text| (text.kind, text.text.as_str())).collect();
    assert_eq!(texts[..4], [(1, "s"), (2, "dd"), (2, "d"), (3, "4.5")]);
    assert_eq!(texts[4..].iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert_eq!(texts[4].1, "1200");
    assert_eq!((ad.icons.len(), ad.images.len(), ad.video.is_some()), (1, 2, true));
    check_content(
        r#""native": {"title": "t", "video": {"duration": "15s"}}"#,
        "error 20:32 `creatives[0].native.video.media` is missing",
    );
}

#[test]
fn who_is_behind_the_ads_is_the_advertiser_unless_it_is_written() {
    let domain = r#""domain": "acme.example","#;
    let plain = accept(domain, domain);
    assert_eq!(plain.advertisers[0].transparency, Transparency::of("Acme"));
    let told = format!(r#"{domain} "transparency": {{"paid": "Acme Media GmbH"}},"#);
    let written = &accept(domain, &told).advertisers[0].transparency;
    assert_eq!((written.behalf.as_str(), written.paid.as_str()), ("Acme", "Acme Media GmbH"));
    let long = format!(r#"{domain} "transparency": {{"behalf": "{}"}},"#, "x".repeat(101));
    check(
        domain,
        &long,
        "error 2:101 `advertiser.transparency.behalf` has 101 characters, at most 100 are allowed",
    );
    assert!(CAMPAIGN.contains(BANNER));
}
