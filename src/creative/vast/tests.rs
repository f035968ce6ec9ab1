//! Outlines of every kind of ad, the schemas of every version, and that nothing of other people breaks out.

use proptest::prelude::proptest;
use proptest::string::string_regex;
use roxmltree::{Document, Node};

use crate::campaign::{BannerBody, Companion, Creative, Played};
use crate::creative::samples::{
    advertiser, audio, av, companion, imp, links, overlay, serving, video, video_with, wrapper,
};
use crate::creative::vast::schema::departures;
use crate::creative::{Links, Serving, fit, write};
use crate::openrtb::{Av, Banner, Imp};

/// The protocols of inline ads and wrappers, by version.
const PROTOCOLS: [(u32, u32); 5] = [(2, 5), (3, 6), (7, 8), (11, 12), (13, 14)];

fn offer(protocols: &[u32]) -> Av<'_> {
    Av { protocols, ..av() }
}

fn served(creative: &Creative, offer: Av<'_>, serving: &Serving<'_>) -> String {
    let imp = Imp { video: Some(offer), audio: Some(offer), ..imp() };
    let mut out = String::new();
    write(&fit(creative, &imp).unwrap(), serving, &mut out);
    out
}

fn written(creative: &Creative, protocol: u32, links: &Links<'_>) -> String {
    let ponant = advertiser("Ponant & fils");
    served(creative, offer(&[protocol]), &serving(&ponant, links))
}

/// The ad as an outline, `Name attribute=value: text`, without the media files.
fn outline(node: Node<'_, '_>, out: &mut Vec<String>) {
    if !node.is_element() || node.has_tag_name("MediaFiles") {
        return;
    }
    let mut line = node.tag_name().name().to_owned();
    for attribute in node.attributes() {
        line.push_str(&format!(" {}={}", attribute.name(), attribute.value()));
    }
    if let Some(text) = node.text() {
        line.push_str(&format!(": {text}"));
    }
    out.push(line);
    node.children().for_each(|child| outline(child, out));
}

#[track_caller]
fn check_markup(xml: &str, want: &[&str]) {
    let document = Document::parse(xml).unwrap();
    let mut lines = vec![];
    outline(document.root_element(), &mut lines);
    assert_eq!(lines, want, "{xml}");
}

#[track_caller]
fn check(creative: &Creative, protocol: u32, want: &[&str]) {
    check_markup(&written(creative, protocol, &links()), want);
}

const CLICK: &str = "ClickThrough: https://bid.test/c?t=abc&p=${AUCTION_PRICE}";
const VIEW: &str = "https://bid.test/v?t=abc&p=${AUCTION_PRICE}";
const ERROR: &str = "Error: https://bid.test/p?e=error&code=[ERRORCODE]";
const STEPS: [&str; 5] = [
    "Tracking event=start: https://bid.test/p?e=start",
    "Tracking event=firstQuartile: https://bid.test/p?e=q1",
    "Tracking event=midpoint: https://bid.test/p?e=q2",
    "Tracking event=thirdQuartile: https://bid.test/p?e=q3",
    "Tracking event=complete: https://bid.test/p?e=complete",
];

/// The lines of `parts`, one after the other.
fn lines<'a>(parts: &[&[&'a str]]) -> Vec<&'a str> {
    parts.concat()
}

#[test]
fn vast_2_counts_the_view_at_a_quarter() {
    let view = format!("Tracking event=firstQuartile: {VIEW}");
    let head = ["VAST version=2.0", "Ad id=brest/a", "InLine", "AdSystem: encan", "AdTitle: brest/a", ERROR];
    let body = [
        "Impression: about:blank",
        "Creatives",
        "Creative id=brest/a",
        "Linear",
        "Duration: 00:00:30",
        "TrackingEvents",
    ];
    check(&video(), 2, &lines(&[&head, &body, &STEPS, &[&view, "VideoClicks", CLICK]]));
}

#[test]
fn vast_3_counts_the_view_after_two_seconds() {
    let view = format!("Tracking event=progress offset=00:00:02: {VIEW}");
    let head = ["VAST version=3.0", "Ad id=brest/a", "InLine", "AdSystem: encan", "AdTitle: brest/a"];
    let calls = ["Advertiser: Ponant & fils", ERROR, "Impression: about:blank"];
    let body = ["Creatives", "Creative id=brest/a", "Linear", "Duration: 00:00:30", "TrackingEvents"];
    check(&video(), 3, &lines(&[&head, &calls, &body, &STEPS, &[&view, "VideoClicks", CLICK]]));
}

#[test]
fn vast_4_2_lets_the_player_measure_the_view() {
    let view = format!("Viewable: {VIEW}");
    let head =
        ["VAST version=4.2", "Ad id=brest/a", "InLine", "AdSystem: encan", ERROR, "Impression: about:blank"];
    let named =
        ["AdServingId: 00000000000000000000000000000007", "AdTitle: brest/a", "Advertiser: Ponant & fils"];
    let body = ["Creatives", "Creative id=brest/a", "Linear", "TrackingEvents"];
    let end = ["Duration: 00:00:30", "VideoClicks", CLICK, "UniversalAdId idRegistry=unknown: brest/a"];
    check(&video(), 13, &lines(&[&head, &["ViewableImpression", &view], &named, &body, &STEPS, &end]));
}

#[test]
fn audio_has_no_screen_and_counts_the_view_by_time() {
    let view = format!("Tracking event=progress offset=00:00:02: {VIEW}");
    let head = ["VAST version=4.1", "Ad id=brest/a adType=audio", "InLine", "AdSystem: encan", ERROR];
    let named = [
        "Impression: about:blank",
        "AdServingId: 00000000000000000000000000000007",
        "AdTitle: brest/a",
        "Advertiser: Ponant & fils",
    ];
    let body = ["Creatives", "Creative id=brest/a", "Linear", "TrackingEvents"];
    let end = ["Duration: 01:01:15", "VideoClicks", CLICK, "UniversalAdId idRegistry=unknown: brest/a"];
    check(&audio(), 11, &lines(&[&head, &named, &body, &STEPS, &[&view], &end]));
}

#[test]
fn a_wrapper_leads_to_the_third_party_and_counts_what_it_plays() {
    let tag = "VASTAdTagURI: https://ads.test/vast?cb=504403158265495552&c=a";
    let click = "ClickTracking: https://bid.test/c?t=abc&p=${AUCTION_PRICE}?t=1";
    let view = format!("Tracking event=progress offset=00:00:02: {VIEW}");
    let body = ["Creatives", "Creative id=brest/a", "Linear", "TrackingEvents"];
    let head = [
        "VAST version=3.0",
        "Ad id=brest/a",
        "Wrapper",
        "AdSystem: encan",
        tag,
        ERROR,
        "Impression: about:blank",
    ];
    check(&wrapper(), 6, &lines(&[&head, &body, &STEPS, &[&view, "VideoClicks", click]]));
    let view = format!("Viewable: {VIEW}");
    let head =
        ["VAST version=4.2", "Ad id=brest/a", "Wrapper", "AdSystem: encan", ERROR, "Impression: about:blank"];
    let seen = ["ViewableImpression", &view];
    check(&wrapper(), 14, &lines(&[&head, &seen, &body, &STEPS, &["VideoClicks", click, tag]]));
}

#[test]
fn an_overlay_is_counted_when_it_is_shown() {
    let shown = "Tracking event=creativeView: https://bid.test/p?e=start";
    let view = format!("Tracking event=creativeView: {VIEW}");
    let head = ["VAST version=2.0", "Ad id=brest/a", "InLine", "AdSystem: encan", "AdTitle: brest/a", ERROR];
    let body =
        ["Impression: about:blank", "Creatives", "Creative id=brest/a", "NonLinearAds", "TrackingEvents"];
    let end = [
        "NonLinear width=480 height=70 minSuggestedDuration=00:00:10",
        "StaticResource creativeType=image/png: https://cdn.test/over.png",
        "NonLinearClickThrough: https://bid.test/c?t=abc&p=${AUCTION_PRICE}",
    ];
    check(&overlay(), 2, &lines(&[&head, &body, &[shown, &view], &end]));
}

#[test]
fn companions_stand_in_a_creative_of_their_own_with_links_where_they_have_none() {
    let creative = video_with(|ad| {
        let body = BannerBody::Html("<a href=\"${CLICK_URL}\">x</a>".into());
        ad.companions =
            vec![companion(300, 250, "https://cdn.test/c"), Companion { width: 300, height: 250, body }];
    });
    let ponant = advertiser("Ponant & fils");
    let (links, place) = (links(), [Banner::default()]);
    for protocols in [[3], [13]] {
        let offer = Av { companionad: &place, ..offer(&protocols) };
        let xml = served(&creative, offer, &serving(&ponant, &links));
        let document = Document::parse(&xml).unwrap();
        let node = document.descendants().find(|node| node.has_tag_name("CompanionAds")).unwrap();
        let mut got = vec![];
        outline(node, &mut got);
        let click = "CompanionClickThrough: https://bid.test/c?t=abc&p=${AUCTION_PRICE}";
        let mut links = [click, "AltText: Ponant & fils"];
        if protocols == [13] {
            links.reverse();
        }
        let want = [
            "CompanionAds",
            "Companion width=300 height=250",
            "StaticResource creativeType=image/jpeg: https://cdn.test/c",
            links[0],
            links[1],
            "Companion width=300 height=250",
            "HTMLResource: <a href=\"https://bid.test/c?t=abc&amp;p=${AUCTION_PRICE}\">x</a>",
        ];
        assert_eq!(got, want);
    }
}

#[test]
fn a_skip_control_of_its_own_has_an_offset_and_an_event() {
    let creative = video_with(|ad| ad.skippable_after = Some(5));
    let ponant = advertiser("Ponant & fils");
    let links = links();
    let serving = serving(&ponant, &links);
    let own = served(&creative, offer(&[3]), &serving);
    assert!(own.contains("<Linear skipoffset=\"00:00:05\">"), "{own}");
    assert!(own.contains("<Tracking event=\"skip\"><![CDATA[https://bid.test/p?e=skip]]>"), "{own}");
    let players = served(&creative, Av { skip: Some(true), ..offer(&[3]) }, &serving);
    assert!(!players.contains("skipoffset") && players.contains("event=\"skip\""), "{players}");
    let later = served(&creative, Av { skipafter: 10, ..offer(&[13]) }, &serving);
    assert!(later.contains("skipoffset=\"00:00:10\""), "{later}");
    let old = served(&creative, offer(&[2]), &serving);
    assert!(!old.contains("skip"), "{old}");
}

#[test]
fn third_parties_are_called_besides_us_and_in_place_of_nobody() {
    let mut creative = video();
    creative.trackers.impression = vec!["https://t.test/i?c=${CAMPAIGN_ID}".into()];
    creative.trackers.click = vec!["https://t.test/k".into()];
    creative.trackers.view = vec!["https://t.test/v".into()];
    for (protocol, _) in PROTOCOLS {
        let xml = written(&creative, protocol, &links());
        assert!(xml.contains("<Impression><![CDATA[https://t.test/i?c=brest]]></Impression>"), "{xml}");
        assert!(!xml.contains("about:blank"), "{xml}");
        assert_eq!(xml.matches("https://t.test/k").count(), 1, "{xml}");
        assert_eq!(xml.matches("https://t.test/v").count(), 1, "{xml}");
        assert_eq!(xml.matches(VIEW).count(), 1, "{xml}");
    }
}

#[test]
fn an_icon_tells_who_is_behind_the_ad() {
    let ponant = advertiser("Ponant & fils");
    let links = links();
    let told = Serving { discloses: true, ..serving(&ponant, &links) };
    let mut creative = video();
    creative.privacy_url = Some("https://ponant.test/why".into());
    let xml = served(&creative, offer(&[3]), &told);
    let document = Document::parse(&xml).unwrap();
    let icon = document.descendants().find(|node| node.has_tag_name("HTMLResource")).unwrap();
    assert!(icon.text().unwrap().contains(">Ad: Ponant &amp; fils</div>"), "{xml}");
    assert!(xml.contains("<IconClickThrough><![CDATA[https://ponant.test/why]]>"), "{xml}");
    assert!(!served(&creative, offer(&[3]), &serving(&ponant, &links)).contains("Icon"));
}

#[test]
fn vast_4_0_has_the_value_of_the_id_and_no_serving_id() {
    let xml = written(&video(), 7, &links());
    assert!(xml.contains("<UniversalAdId idRegistry=\"unknown\" idValue=\"brest/a\">brest/a</"), "{xml}");
    assert!(!xml.contains("AdServingId"), "{xml}");
}

#[test]
fn every_file_that_fits_is_offered() {
    let xml = written(&video(), 2, &links());
    assert!(
        xml.contains(
            "<MediaFiles><MediaFile delivery=\"progressive\" type=\"video/mp4\" width=\"1280\" height=\"720\" \
             bitrate=\"2500\"><![CDATA[https://cdn.test/big.mp4?a=1&b=2]]></MediaFile><MediaFile \
             delivery=\"progressive\" type=\"video/mp4\" width=\"640\" height=\"360\" bitrate=\"800\">\
             <![CDATA[https://cdn.test/small.mp4?a=1&b=2]]></MediaFile></MediaFiles>"
        ),
        "{xml}"
    );
}

#[test]
fn an_adaptive_stream_tells_both_ends_of_its_rate() {
    let creative = video_with(|ad| {
        let Played::Media(files) = &mut ad.played else { panic!("files") };
        files[0].bitrate = 300..=6_000;
        files[0].streaming = true;
    });
    let new = written(&creative, 3, &links());
    assert!(
        new.contains("delivery=\"streaming\"") && new.contains(" minBitrate=\"300\" maxBitrate=\"6000\""),
        "{new}"
    );
    assert!(written(&creative, 2, &links()).contains(" bitrate=\"6000\""));
}

#[test]
fn an_impression_link_is_called_on_the_impression() {
    let with = Links { impression: Some("https://bid.test/i?x=]]>&y"), ..links() };
    for (protocol, _) in PROTOCOLS {
        let xml = written(&video(), protocol, &with);
        let document = Document::parse(&xml).unwrap();
        let node = document.descendants().find(|node| node.has_tag_name("Impression")).unwrap();
        let text: String = node.children().filter_map(|child| child.text()).collect();
        assert_eq!(text, "https://bid.test/i?x=]]>&y");
    }
}

/// A creative with all that one of its kind can have.
fn laden(mut creative: Creative) -> Creative {
    use crate::campaign::CreativeContent::{Audio, Video};
    creative.trackers.impression = vec!["https://t.test/i".into(), "https://u.test/i".into()];
    creative.trackers.click = vec!["https://t.test/k".into(), "https://u.test/k".into()];
    creative.trackers.view = vec!["https://t.test/v".into(), "https://u.test/v".into()];
    creative.privacy_url = Some("https://ponant.test/why".into());
    if let Video(ad) | Audio(ad) = &mut creative.content {
        let body = BannerBody::Html("<b>x</b>".into());
        ad.companions =
            vec![companion(300, 250, "https://cdn.test/c.png"), Companion { width: 1, height: 1, body }];
        ad.skippable_after = Some(5);
    }
    creative
}

#[test]
fn every_kind_of_ad_keeps_to_the_schema_of_every_version() {
    let (ponant, links, place) = (advertiser("Ponant & fils"), links(), [Banner::default()]);
    let html = video_with(|ad| {
        ad.played =
            Played::Overlay(Companion { width: 9, height: 9, body: BannerBody::Html("<b></b>".into()) });
    });
    for creative in [video(), audio(), wrapper(), overlay(), html] {
        for (inline, wrapped) in PROTOCOLS {
            for creative in [creative.clone(), laden(creative.clone())] {
                let plain = serving(&ponant, &links);
                let discloses = inline > 2;
                for serving in [
                    plain,
                    Serving { discloses, ..plain },
                    Serving { links: Links { play: "", ..links }, ..plain },
                ] {
                    let protocols = [inline, wrapped];
                    let offer = Av { companionad: &place, ..offer(&protocols) };
                    let xml = served(&creative, offer, &serving);
                    assert_eq!(departures(&xml), Vec::<String>::new(), "{xml}");
                }
            }
        }
    }
}

#[test]
fn the_check_against_the_schema_finds_what_is_wrong() {
    let right = written(&video(), 3, &links());
    for (old, new, want) in [
        ("<AdTitle>brest/a</AdTitle>", "", "InLine lacks AdTitle"),
        ("<Duration>00:00:30</Duration>", "", "Linear lacks Duration"),
        ("event=\"start\"", "event=\"begin\"", "an event begin"),
        ("delivery=\"progressive\"", "deliver=\"progressive\"", "MediaFile has deliver"),
        (
            "version=\"3.0\"",
            "version=\"2.0\"",
            "InLine has [\"Advertiser\", \"Error\", \"Impression\", \"Creatives\"] out of order",
        ),
    ] {
        let found = departures(&right.replacen(old, new, 1));
        assert!(found.iter().any(|found| found == want), "{found:?}");
    }
}

proptest! {
    #[test]
    fn hostile_texts_are_read_back_as_they_were(
        text in string_regex("([ -~]|[<>&\"'\\]\\\\]|\\]\\]>|<!--|é){1,24}").unwrap(),
        version in 0..5_usize,
    ) {
        let mut creative = laden(video());
        creative.crid.clone_from(&text);
        creative.trackers.impression = vec![text.clone()];
        let ponant = advertiser(&text);
        let links = Links { click: &text, view: &text, play: &text, ..links() };
        let discloses = PROTOCOLS[version].0 > 2;
        let protocols = [PROTOCOLS[version].0];
        let xml = served(&creative, offer(&protocols), &Serving { discloses, ..serving(&ponant, &links) });
        assert_eq!(departures(&xml), Vec::<String>::new(), "{xml}");
        let document = Document::parse(&xml).unwrap();
        for name in ["AdTitle", "Impression", "ClickThrough"] {
            let node = document.descendants().find(|node| node.has_tag_name(name)).unwrap();
            let read: String = node.children().filter_map(|child| child.text()).collect();
            assert_eq!(read, text, "{name}");
        }
    }
}
