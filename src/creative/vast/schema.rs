//! The order of elements in the schemas of VAST 2.0.1, 3.0, 4.0, 4.1 and 4.2 (IAB Tech Lab), as far as we write
//! them, and what must be there. Written from the schemas, not from the writer.

use roxmltree::{Document, Node};

/// An element within another one: its children in order; `!` must be there, `+` may come more than once.
type Order = (&'static str, &'static str);

/// Since the schemas grew by version, the first line that fits holds: from, to, within, name, children.
const RULES: &[(&str, &str, Order, &str)] = &[
    ("2.0", "4.2", ("", "VAST"), "Ad!+"),
    ("2.0", "4.2", ("VAST", "Ad"), "InLine Wrapper"),
    ("2.0", "2.0", ("Ad", "InLine"), "AdSystem! AdTitle! Description Survey Error Impression!+ Creatives!"),
    (
        "3.0",
        "3.0",
        ("Ad", "InLine"),
        "AdSystem! AdTitle! Description Advertiser Pricing Survey Error Impression!+ Creatives!",
    ),
    (
        "4.0",
        "4.0",
        ("Ad", "InLine"),
        "AdSystem! Error+ Extensions Impression!+ Pricing ViewableImpression AdTitle! AdVerifications Advertiser \
         Category+ Creatives! Description",
    ),
    (
        "4.1",
        "4.2",
        ("Ad", "InLine"),
        "AdSystem! Error+ Extensions Impression!+ Pricing ViewableImpression AdServingId! AdTitle! AdVerifications \
         Advertiser Category+ Creatives! Description",
    ),
    ("2.0", "3.0", ("Ad", "Wrapper"), "AdSystem! VASTAdTagURI! Error Impression!+ Creatives!"),
    (
        "4.0",
        "4.2",
        ("Ad", "Wrapper"),
        "AdSystem! Error+ Extensions Impression!+ Pricing ViewableImpression AdVerifications BlockedAdCategories+ \
         Creatives VASTAdTagURI!",
    ),
    ("4.0", "4.2", ("*", "ViewableImpression"), "Viewable+ NotViewable+ ViewUndetermined+"),
    ("2.0", "4.2", ("*", "Creatives"), "Creative!+"),
    // One of the three until 3.0; any, and the id, in an inline ad since.
    ("2.0", "3.0", ("*", "Creative"), "Linear CompanionAds NonLinearAds"),
    ("4.0", "4.2", ("InLine", "Creative"), "Linear CompanionAds NonLinearAds UniversalAdId!"),
    ("4.0", "4.2", ("Wrapper", "Creative"), "CompanionAds Linear NonLinearAds"),
    ("2.0", "2.0", ("InLine", "Linear"), "Duration! TrackingEvents AdParameters VideoClicks MediaFiles"),
    (
        "3.0",
        "3.0",
        ("InLine", "Linear"),
        "Icons Duration! TrackingEvents AdParameters VideoClicks MediaFiles",
    ),
    (
        "4.0",
        "4.2",
        ("InLine", "Linear"),
        "Icons TrackingEvents AdParameters Duration! MediaFiles! VideoClicks",
    ),
    ("2.0", "2.0", ("Wrapper", "Linear"), "TrackingEvents VideoClicks"),
    ("3.0", "4.2", ("Wrapper", "Linear"), "Icons TrackingEvents VideoClicks"),
    ("3.0", "4.2", ("*", "Icons"), "Icon!+"),
    (
        "3.0",
        "4.2",
        ("*", "Icon"),
        "HTMLResource+ IFrameResource+ StaticResource+ IconClicks IconViewTracking+",
    ),
    ("3.0", "4.2", ("*", "IconClicks"), "IconClickThrough IconClickTracking+"),
    ("2.0", "4.2", ("*", "TrackingEvents"), "Tracking+"),
    ("2.0", "3.0", ("InLine", "VideoClicks"), "ClickThrough ClickTracking+ CustomClick+"),
    ("4.0", "4.2", ("InLine", "VideoClicks"), "ClickTracking+ CustomClick+ ClickThrough"),
    ("2.0", "4.2", ("Wrapper", "VideoClicks"), "ClickTracking+ CustomClick+"),
    ("2.0", "4.2", ("*", "MediaFiles"), "MediaFile!+"),
    ("2.0", "4.2", ("*", "CompanionAds"), "Companion+"),
    (
        "2.0",
        "3.0",
        ("*", "Companion"),
        "StaticResource IFrameResource HTMLResource TrackingEvents CompanionClickThrough AltText AdParameters",
    ),
    (
        "4.0",
        "4.2",
        ("*", "Companion"),
        "HTMLResource+ IFrameResource+ StaticResource+ AdParameters AltText CompanionClickThrough \
         CompanionClickTracking+ CreativeExtensions TrackingEvents",
    ),
    ("2.0", "4.2", ("InLine", "NonLinearAds"), "TrackingEvents NonLinear!+"),
    (
        "2.0",
        "2.0",
        ("*", "NonLinear"),
        "StaticResource IFrameResource HTMLResource NonLinearClickThrough AdParameters",
    ),
    (
        "3.0",
        "3.0",
        ("*", "NonLinear"),
        "StaticResource IFrameResource HTMLResource NonLinearClickTracking+ NonLinearClickThrough AdParameters",
    ),
    (
        "4.0",
        "4.2",
        ("*", "NonLinear"),
        "HTMLResource+ IFrameResource+ StaticResource+ AdParameters NonLinearClickThrough NonLinearClickTracking+",
    ),
];

/// Attributes, the required ones with `!`, by element and the version since which they are there.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("VAST", "version!"),
    ("Ad", "id sequence adType:4.1"),
    ("Creative", "id sequence AdID"),
    ("Linear", "skipoffset:3.0"),
    ("Tracking", "event! offset:3.0"),
    (
        "MediaFile",
        "id delivery! type! width! height! bitrate minBitrate:3.0 maxBitrate:3.0 scalable maintainAspectRatio apiFramework",
    ),
    ("Companion", "id width! height!"),
    ("CompanionClickTracking", "id!"),
    ("NonLinear", "id width! height! scalable maintainAspectRatio minSuggestedDuration apiFramework"),
    ("StaticResource", "creativeType!"),
    ("Icon", "program! width! height! xPosition! yPosition!"),
    ("UniversalAdId", "idRegistry! idValue"),
];

const EVENTS: &str = "creativeView start firstQuartile midpoint thirdQuartile complete";
const EVENTS_SINCE_3: &str = "skip progress";

/// Everything in which `xml` departs from the schema of its version.
pub(super) fn departures(xml: &str) -> Vec<String> {
    let document = match Document::parse(xml) {
        Ok(document) => document,
        Err(error) => return vec![error.to_string()],
    };
    let version = document.root_element().attribute("version").unwrap_or_default();
    let mut departures = Vec::new();
    for node in document.descendants().filter(Node::is_element) {
        if node.tag_name().namespace().is_some() {
            departures.push(format!("{} is in a namespace", name(node)));
        }
        check_children(node, version, &mut departures);
        check_attributes(node, version, &mut departures);
    }
    departures
}

fn name<'a>(node: Node<'a, '_>) -> &'a str {
    node.tag_name().name()
}

fn check_children(node: Node<'_, '_>, version: &str, departures: &mut Vec<String>) {
    let children: Vec<&str> = node.children().filter(Node::is_element).map(name).collect();
    let within = |outer: &str| outer == "*" || node.ancestors().skip(1).any(|node| name(node) == outer);
    let rule = RULES.iter().find(|(from, to, (outer, own), _)| {
        *from <= version && version <= *to && *own == name(node) && (outer.is_empty() || within(outer))
    });
    let Some((.., order)) = rule else {
        if !children.is_empty() {
            departures.push(format!("{} has {children:?}", name(node)));
        }
        return;
    };
    let mut left = children.as_slice();
    for step in order.split(' ') {
        let own = step.trim_end_matches(['!', '+']);
        let count = left.iter().take_while(|child| **child == own).count();
        if count == 0 && step.contains('!') {
            departures.push(format!("{} lacks {own}", name(node)));
        }
        if count > 1 && !step.contains('+') {
            departures.push(format!("{} has {count} {own}", name(node)));
        }
        left = &left[count..];
    }
    if !left.is_empty() {
        departures.push(format!("{} has {left:?} out of order", name(node)));
    }
}

fn check_attributes(node: Node<'_, '_>, version: &str, departures: &mut Vec<String>) {
    let own = ATTRIBUTES.iter().find(|(own, _)| *own == name(node)).map_or("", |(_, attributes)| attributes);
    let known: Vec<(&str, &str, bool)> = own
        .split(' ')
        .map(|attribute| {
            let (attribute, since) = attribute.split_once(':').unwrap_or((attribute, "2.0"));
            (attribute.trim_end_matches('!'), since, attribute.ends_with('!'))
        })
        .collect();
    for attribute in node.attributes() {
        if !known.iter().any(|(known, since, _)| *known == attribute.name() && *since <= version) {
            departures.push(format!("{} has {}", name(node), attribute.name()));
        }
    }
    for (required, ..) in known.iter().filter(|(.., required)| *required) {
        if node.attribute(*required).is_none() {
            departures.push(format!("{} lacks {required}", name(node)));
        }
    }
    if let Some(event) = node.attribute("event") {
        let since_3 = if version >= "3.0" { EVENTS_SINCE_3 } else { "" };
        if !EVENTS.split(' ').chain(since_3.split(' ')).any(|known| known == event) {
            departures.push(format!("an event {event}"));
        }
        if (event == "progress") != node.attribute("offset").is_some() {
            departures.push(format!("{event} with or without its offset"));
        }
    }
}
