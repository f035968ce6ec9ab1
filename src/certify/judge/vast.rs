//! Video and audio: VAST and DAAST against the offer.

use roxmltree::{Document, Node};
use serde_json::Value;

use super::read::{flag, is_address, number, numbers, side, texts, whole};
use crate::certify::Judgement;
use crate::certify::rules::markup as rule;

/// Versions by `protocol`: of an ad, and of a wrapper around one.
const VERSIONS: [(&str, &str, i64, i64); 8] = [
    ("VAST", "1.0", 1, 4),
    ("VAST", "2.0", 2, 5),
    ("VAST", "3.0", 3, 6),
    ("VAST", "4.0", 7, 8),
    ("DAAST", "1.0", 9, 10),
    ("VAST", "4.1", 11, 12),
    ("VAST", "4.2", 13, 14),
    ("VAST", "4.3", 15, 16),
];

/// What of an answer the checks share.
struct Ad<'a, 'd> {
    document: &'d Document<'a>,
    offer: &'a Value,
    bid: &'a Value,
}

impl<'d> Ad<'_, 'd> {
    fn all(&self, name: &'static str) -> impl Iterator<Item = Node<'d, 'd>> {
        self.document.descendants().filter(move |node| node.tag_name().name() == name)
    }

    fn has_words(&self, name: &'static str) -> bool {
        self.all(name).any(|node| !content(node).is_empty())
    }
}

pub(super) fn check(medium: &str, offer: &Value, bid: &Value, adm: &str, judgement: &mut Judgement) {
    let document = match Document::parse(adm.trim_start()) {
        Ok(document) => document,
        Err(error) => return judgement.must(&rule::XML, false, format!("`adm` is no XML: {error}")),
    };
    let ad = Ad { document: &document, offer, bid };
    let name = document.root_element().tag_name().name();
    let is_vast = name == "VAST" || (name == "DAAST" && medium == "audio");
    judgement.must(&rule::XML, is_vast, format!("`adm` is `{name}`, no VAST"));
    if !is_vast {
        return;
    }
    let is_wrapper = ad.all("Wrapper").next().is_some();
    check_version(&ad, is_wrapper, judgement);
    check_parts(&ad, is_wrapper, judgement);
    check_linearity(&ad, is_wrapper, judgement);
    if medium == "video" {
        check_skip(&ad, judgement);
    }
    if !is_wrapper && ad.all("Linear").next().is_some() {
        check_duration(&ad, judgement);
        check_files(&ad, judgement);
    } else if let Some(dur) = whole(&bid["dur"]) {
        // What is played is a third party's, or nothing: the bid's word counts.
        check_length(offer, dur.saturating_mul(1_000), judgement);
    }
}

fn content(node: Node<'_, '_>) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

fn check_version(ad: &Ad<'_, '_>, is_wrapper: bool, judgement: &mut Judgement) {
    let root = ad.document.root_element();
    let version = root.attribute("version").unwrap_or_default();
    let is_known = |(name, known, ..): &&(&str, &str, i64, i64)| {
        *name == root.tag_name().name() && (*known == version || known.strip_suffix(".0") == Some(version))
    };
    let known = VERSIONS.iter().find(is_known);
    judgement.must(&rule::VERSION, known.is_some(), format!("VAST `{version}` does not exist"));
    let Some((.., inline, wrapper)) = known else { return };
    let protocol = if is_wrapper { *wrapper } else { *inline };
    if let Some(told) = ad.bid.get("protocol") {
        let what = format!("`protocol` is {told}, and the VAST is {protocol}");
        judgement.must(&rule::PROTOCOL, whole(told) == Some(protocol), what);
    }
    // One that stands alone in `protocol` is of 2.5.
    let mut protocols = numbers(&ad.offer["protocols"]);
    if protocols.is_empty() {
        protocols = numbers(&ad.offer["protocol"]).into_iter().filter(|code| *code > 0).collect();
    }
    if !protocols.is_empty() {
        let what = format!("VAST {version} (protocol {protocol}) is none of {protocols:?}");
        judgement.must(&rule::PROTOCOLS, protocols.contains(&protocol), what);
    }
}

fn check_parts(ad: &Ad<'_, '_>, is_wrapper: bool, judgement: &mut Judgement) {
    let ads = ad.all("InLine").count() + ad.all("Wrapper").count();
    judgement.must(&rule::PARTS, ads == 1, format!("there are {ads} ads"));
    let last = if is_wrapper { "VASTAdTagURI" } else { "AdTitle" };
    for name in ["AdSystem", "Impression", last] {
        judgement.must(&rule::PARTS, ad.has_words(name), format!("`{name}` is missing"));
    }
    for click in ad.all("ClickThrough") {
        let address = content(click);
        judgement.must(&rule::CLICK, is_address(&address), format!("`ClickThrough` is `{address}`"));
    }
}

/// `linearity`: 1 linear, 2 not.
fn check_linearity(ad: &Ad<'_, '_>, is_wrapper: bool, judgement: &mut Judgement) {
    let asked = whole(&ad.offer["linearity"]);
    let wanted = match asked {
        Some(1) => "Linear",
        Some(2) => "NonLinearAds",
        _ => return,
    };
    let has = |name| ad.all(name).next().is_some();
    if is_wrapper && !has("Linear") && !has("NonLinearAds") {
        // Only the next tag tells.
        return;
    }
    let has = has(wanted);
    judgement.must(&rule::LINEARITY, has, format!("`linearity` is {asked:?}, and there is no `{wanted}`"));
}

/// 7.4: where the player has a skip button, the creative brings none; where it has none, a creative that brings its
/// own says so.
fn check_skip(ad: &Ad<'_, '_>, judgement: &mut Judgement) {
    let declared = numbers(&ad.bid["attr"]).contains(&16);
    let Some(skip) = ad.offer.get("skip") else { return };
    if flag(skip) {
        judgement.must(&rule::SKIP, !declared, "`skip` is 1, and attribute 16 is declared");
    } else {
        let brings = ad.all("Linear").any(|linear| linear.has_attribute("skipoffset"));
        let what = "the VAST has a `skipoffset`, and attribute 16 is not declared";
        judgement.must(&rule::SKIP, declared || !brings, what);
    }
}

/// `HH:MM:SS` or `HH:MM:SS.mmm` in milliseconds.
fn millis(text: &str) -> Option<i64> {
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<i64> = text.split(':').map_while(|part| part.parse().ok()).collect();
    let [hours, minutes, seconds] = parts[..] else { return None };
    let fraction: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let seconds = hours.checked_mul(3_600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?;
    seconds.checked_mul(1_000)?.checked_add(fraction).filter(|millis| *millis >= 0)
}

fn check_duration(ad: &Ad<'_, '_>, judgement: &mut Judgement) {
    let durations: Vec<Option<i64>> = ad.all("Duration").map(|node| millis(&content(node))).collect();
    let [Some(duration)] = durations[..] else {
        return judgement.must(&rule::DURATION_FORM, false, format!("durations: {durations:?}"));
    };
    judgement.must(&rule::DURATION_FORM, true, "");
    let seconds = duration / 1_000;
    if let Some(dur) = ad.bid.get("dur") {
        // Whole seconds of a broken duration may be rounded either way.
        let up = duration.saturating_add(999) / 1_000;
        let holds = whole(dur).is_some_and(|dur| dur == seconds || dur == up);
        judgement.must(&rule::DUR, holds, format!("`dur` is {dur}, the VAST lasts {duration} ms"));
    }
    check_length(ad.offer, duration, judgement);
}

/// Whether an ad of so many milliseconds is taken.
fn check_length(offer: &Value, duration: i64, judgement: &mut Judgement) {
    let required = numbers(&offer["rqddurs"]);
    let fits = if required.is_empty() {
        let extended = match whole(&offer["maxextended"]) {
            Some(-1) => i64::MAX,
            more => more.unwrap_or(0).max(0),
        };
        let least = side(offer, "minduration").unwrap_or(0);
        let most = side(offer, "maxduration").map_or(i64::MAX, |most| most.saturating_add(extended));
        least.saturating_mul(1_000) <= duration && duration <= most.saturating_mul(1_000)
    } else {
        required.iter().any(|required| required.saturating_mul(1_000) == duration)
    };
    judgement.must(&rule::DURATION, fits, format!("{duration} ms is not a duration that is taken"));
}

/// A player takes one file of several: some file must fit, in one respect after the other.
fn check_files(ad: &Ad<'_, '_>, judgement: &mut Judgement) {
    let mut files: Vec<Node<'_, '_>> = ad.all("MediaFile").collect();
    let addressed = !files.is_empty() && files.iter().all(|file| is_address(&content(*file)));
    judgement.must(&rule::MEDIA, addressed, "no media file, or one without address");
    let offer = ad.offer;
    let mimes = texts(&offer["mimes"]);
    if !mimes.is_empty() {
        let told: Vec<&str> = files.iter().filter_map(|file| file.attribute("type")).collect();
        let what = format!("types {told:?} are none of {mimes:?}");
        files.retain(|file| {
            let mime = file.attribute("type").unwrap_or_default();
            mimes.iter().any(|taken| taken.eq_ignore_ascii_case(mime))
        });
        judgement.must(&rule::MIMES, !files.is_empty(), what);
    }
    // Zero is no code of the list: some write it for "not known".
    let delivery: Vec<i64> = numbers(&offer["delivery"]).into_iter().filter(|code| *code != 0).collect();
    if !delivery.is_empty() && !files.is_empty() {
        // 1 streaming, 2 progressive, 3 download, which is a progressive file kept.
        files.retain(|file| match file.attribute("delivery") {
            Some("streaming") => delivery.contains(&1),
            Some("progressive") => delivery.contains(&2) || delivery.contains(&3),
            _ => true,
        });
        judgement.must(&rule::DELIVERY, !files.is_empty(), format!("no file is delivered as {delivery:?}"));
    }
    check_bitrate(offer, &mut files, judgement);
    check_aspect(offer, &files, judgement);
}

fn check_bitrate(offer: &Value, files: &mut Vec<Node<'_, '_>>, judgement: &mut Judgement) {
    let (least, most) = (side(offer, "minbitrate"), side(offer, "maxbitrate"));
    if files.is_empty() || (least, most) == (None, None) {
        return;
    }
    let told = |file: &Node<'_, '_>| file.attribute("bitrate").and_then(|rate| rate.parse::<i64>().ok());
    let rates: Vec<Option<i64>> = files.iter().map(told).collect();
    let range = least.unwrap_or(0)..=most.unwrap_or(i64::MAX);
    files.retain(|file| told(file).is_none_or(|rate| range.contains(&rate)));
    let what = format!("{rates:?} kbit/s are not taken");
    judgement.must(&rule::BITRATE, !files.is_empty(), what);
}

/// A tenth of a percent of difference is the rounding of sizes.
fn check_aspect(offer: &Value, files: &[Node<'_, '_>], judgement: &mut Judgement) {
    let boxing = offer.get("boxingallowed").is_none_or(|allowed| whole(allowed) != Some(0));
    // Pixels are whole: parts of one are cut.
    let pixels = |name| number(&offer[name]).map(f64::trunc).filter(|pixels| *pixels > 0.0);
    let (Some(w), Some(h)) = (pixels("w"), pixels("h")) else { return };
    if boxing || files.is_empty() {
        return;
    }
    let side = |file: &Node<'_, '_>, name| file.attribute(name).and_then(|side| side.parse::<f64>().ok());
    let fits = |file: &Node<'_, '_>| match (side(file, "width"), side(file, "height")) {
        (Some(width), Some(height)) => (w * height - h * width).abs() <= h * width / 1_000.0,
        _ => true,
    };
    judgement.must(&rule::ASPECT, files.iter().any(fits), format!("no file has the aspect of {w}x{h}"));
}
