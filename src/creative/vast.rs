//! VAST markup of video and audio: one inline linear ad, versions 2.0 to 4.2.
//!
//! Elements stand in the order that the schema of the version wants. Deliberately absent: wrappers,
//! companions, icons, interactive and verification files.

use std::fmt::Write;

use crate::creative::{AvPlacement, Links, Vast, escape};

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Video,
    Audio,
}

/// Stands where a tracking URL is required and there is none to call; players disregard it (VAST 4.1,
/// `Impression`).
const NO_URL: &str = "about:blank";
/// Seconds of play after which a video can be viewable.
const VIEW_AFTER: u32 = 2;

pub(super) fn write(
    kind: Kind,
    crid: &str,
    advertiser: &str,
    av: &AvPlacement<'_>,
    links: &Links<'_>,
    out: &mut String,
) {
    put(
        out,
        format_args!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><VAST version=\"{}\">", av.vast.version()),
    );
    out.push_str("<Ad id=\"");
    escape::xml(crid, out);
    if kind == Kind::Audio && av.vast >= Vast::V4_1 {
        out.push_str("\" adType=\"audio");
    }
    out.push_str("\"><InLine><AdSystem>encan</AdSystem>");
    let impression = links.impression.unwrap_or(NO_URL);
    if av.vast >= Vast::V4_0 {
        element("Impression", impression, out);
        if kind == Kind::Video {
            out.push_str("<ViewableImpression>");
            element("Viewable", links.view, out);
            out.push_str("</ViewableImpression>");
        }
        if av.vast >= Vast::V4_1 {
            put(out, format_args!("<AdServingId>{}</AdServingId>", links.bid));
        }
        text("AdTitle", crid, out);
        text("Advertiser", advertiser, out);
    } else {
        text("AdTitle", crid, out);
        if av.vast == Vast::V3_0 {
            text("Advertiser", advertiser, out);
        }
        element("Impression", impression, out);
    }
    out.push_str("<Creatives><Creative id=\"");
    escape::xml(crid, out);
    out.push_str("\">");
    write_linear(kind, av, links, out);
    write_universal_id(av.vast, crid, out);
    out.push_str("</Creative></Creatives></InLine></Ad></VAST>");
}

fn write_linear(kind: Kind, av: &AvPlacement<'_>, links: &Links<'_>, out: &mut String) {
    out.push_str("<Linear>");
    if av.vast >= Vast::V4_0 {
        if kind == Kind::Audio {
            write_tracking(av, links, out);
        }
        write_duration(av, out);
        write_media(av, out);
        write_clicks(links, out);
    } else {
        write_duration(av, out);
        write_tracking(av, links, out);
        write_clicks(links, out);
        write_media(av, out);
    }
    out.push_str("</Linear>");
}

fn write_duration(av: &AvPlacement<'_>, out: &mut String) {
    let (hours, minutes, seconds) = (av.duration / 3_600, av.duration / 60 % 60, av.duration % 60);
    put(out, format_args!("<Duration>{hours:02}:{minutes:02}:{seconds:02}</Duration>"));
}

/// The view link where the player cannot tell whether the ad is on screen: called after two seconds of
/// play (or at the end of a shorter ad), or after a quarter where VAST 2.0 has no such event.
fn write_tracking(av: &AvPlacement<'_>, links: &Links<'_>, out: &mut String) {
    out.push_str("<TrackingEvents>");
    if av.vast >= Vast::V3_0 {
        let after = VIEW_AFTER.min(av.duration);
        put(out, format_args!("<Tracking event=\"progress\" offset=\"00:00:{after:02}\">"));
    } else {
        out.push_str("<Tracking event=\"firstQuartile\">");
    }
    escape::cdata(links.view, out);
    out.push_str("</Tracking></TrackingEvents>");
}

fn write_media(av: &AvPlacement<'_>, out: &mut String) {
    out.push_str("<MediaFiles>");
    for file in av.media() {
        out.push_str("<MediaFile delivery=\"progressive\" type=\"");
        escape::xml(&file.mime, out);
        put(out, format_args!("\" width=\"{}\" height=\"{}\"", file.width, file.height));
        if file.bitrate > 0 {
            put(out, format_args!(" bitrate=\"{}\"", file.bitrate));
        }
        out.push('>');
        escape::cdata(&file.url, out);
        out.push_str("</MediaFile>");
    }
    out.push_str("</MediaFiles>");
}

fn write_clicks(links: &Links<'_>, out: &mut String) {
    out.push_str("<VideoClicks>");
    element("ClickThrough", links.click, out);
    out.push_str("</VideoClicks>");
}

/// Required from 4.0 on. Our ids are in no registry.
fn write_universal_id(vast: Vast, crid: &str, out: &mut String) {
    if vast < Vast::V4_0 {
        return;
    }
    out.push_str("<UniversalAdId idRegistry=\"unknown\"");
    if vast == Vast::V4_0 {
        out.push_str(" idValue=\"");
        escape::xml(crid, out);
        out.push('"');
    }
    out.push('>');
    escape::xml(crid, out);
    out.push_str("</UniversalAdId>");
}

/// An element that holds a URL.
fn element(name: &str, url: &str, out: &mut String) {
    put(out, format_args!("<{name}>"));
    escape::cdata(url, out);
    put(out, format_args!("</{name}>"));
}

/// An element that holds a text.
fn text(name: &str, text: &str, out: &mut String) {
    put(out, format_args!("<{name}>"));
    escape::xml(text, out);
    put(out, format_args!("</{name}>"));
}

fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("a String takes every text");
}

#[cfg(test)]
mod tests {
    use roxmltree::{Document, Node};

    use crate::campaign::Creative;
    use crate::creative::samples::{audio, av, imp, links, video};
    use crate::creative::{Links, fit, write};
    use crate::openrtb::{Av, Imp};

    fn written(creative: &Creative, protocol: u32, links: &Links<'_>) -> String {
        let protocols = [protocol];
        let offer = Av { protocols: &protocols, ..av() };
        let imp = Imp { video: Some(offer), audio: Some(offer), ..imp() };
        let mut out = String::new();
        write(creative, "Ponant & fils", &fit(creative, &imp).unwrap(), links, &mut out);
        out
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
    fn check(creative: &Creative, protocol: u32, want: &[&str]) {
        let xml = written(creative, protocol, &links());
        let document = Document::parse(&xml).unwrap();
        let mut lines = vec![];
        outline(document.root_element(), &mut lines);
        assert_eq!(lines, want, "{xml}");
    }

    const CLICK: &str = "ClickThrough: https://bid.test/c?t=abc&p=${AUCTION_PRICE}";

    #[test]
    fn vast_2_counts_the_view_at_a_quarter() {
        check(
            &video(),
            2,
            &[
                "VAST version=2.0",
                "Ad id=brest/a",
                "InLine",
                "AdSystem: encan",
                "AdTitle: brest/a",
                "Impression: about:blank",
                "Creatives",
                "Creative id=brest/a",
                "Linear",
                "Duration: 00:00:30",
                "TrackingEvents",
                "Tracking event=firstQuartile: https://bid.test/v?t=abc&p=${AUCTION_PRICE}",
                "VideoClicks",
                CLICK,
            ],
        );
    }

    #[test]
    fn vast_3_counts_the_view_after_two_seconds() {
        check(
            &video(),
            3,
            &[
                "VAST version=3.0",
                "Ad id=brest/a",
                "InLine",
                "AdSystem: encan",
                "AdTitle: brest/a",
                "Advertiser: Ponant & fils",
                "Impression: about:blank",
                "Creatives",
                "Creative id=brest/a",
                "Linear",
                "Duration: 00:00:30",
                "TrackingEvents",
                "Tracking event=progress offset=00:00:02: https://bid.test/v?t=abc&p=${AUCTION_PRICE}",
                "VideoClicks",
                CLICK,
            ],
        );
    }

    #[test]
    fn vast_4_2_lets_the_player_measure_the_view() {
        check(
            &video(),
            13,
            &[
                "VAST version=4.2",
                "Ad id=brest/a",
                "InLine",
                "AdSystem: encan",
                "Impression: about:blank",
                "ViewableImpression",
                "Viewable: https://bid.test/v?t=abc&p=${AUCTION_PRICE}",
                "AdServingId: 00000000000000000000000000000007",
                "AdTitle: brest/a",
                "Advertiser: Ponant & fils",
                "Creatives",
                "Creative id=brest/a",
                "Linear",
                "Duration: 00:00:30",
                "VideoClicks",
                CLICK,
                "UniversalAdId idRegistry=unknown: brest/a",
            ],
        );
    }

    #[test]
    fn audio_has_no_screen_and_counts_the_view_by_time() {
        check(
            &audio(),
            11,
            &[
                "VAST version=4.1",
                "Ad id=brest/a adType=audio",
                "InLine",
                "AdSystem: encan",
                "Impression: about:blank",
                "AdServingId: 00000000000000000000000000000007",
                "AdTitle: brest/a",
                "Advertiser: Ponant & fils",
                "Creatives",
                "Creative id=brest/a",
                "Linear",
                "TrackingEvents",
                "Tracking event=progress offset=00:00:02: https://bid.test/v?t=abc&p=${AUCTION_PRICE}",
                "Duration: 01:01:15",
                "VideoClicks",
                CLICK,
                "UniversalAdId idRegistry=unknown: brest/a",
            ],
        );
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
    fn an_impression_link_is_called_on_the_impression() {
        let with = Links { impression: Some("https://bid.test/i?x=]]>&y"), ..links() };
        for protocol in [2, 3, 7, 11, 13] {
            let xml = written(&video(), protocol, &with);
            let document = Document::parse(&xml).unwrap();
            let node = document.descendants().find(|node| node.has_tag_name("Impression")).unwrap();
            let text: String = node.children().filter_map(|child| child.text()).collect();
            assert_eq!(text, "https://bid.test/i?x=]]>&y");
        }
    }
}
