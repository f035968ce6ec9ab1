//! What is shown: HTML, VAST and native JSON, against what the imp offers.

use roxmltree::{Document, Node};
use serde_json::Value;

use super::Faults;
use super::read::{flag, number, numbers, text, texts, whole};

pub(super) fn check_banner(offer: &Value, bid: &Value, adm: &str, faults: &mut Faults) {
    faults.must(adm.contains('<'), "`adm` is no HTML");
    let (Some(w), Some(h)) = (side(bid, "w"), side(bid, "h")) else {
        return faults.must(false, "`w` and `h` are missing");
    };
    let formats = offer["format"].as_array().filter(|formats| !formats.is_empty());
    let formats = formats.cloned().unwrap_or_else(|| vec![offer.clone()]);
    let ratio = (side(bid, "wratio"), side(bid, "hratio"));
    let fits = |format: &Value| match ratio {
        (None, None) => {
            let sized = |name, ours| side(format, name).is_none_or(|side| side == ours);
            side(format, "wratio").is_none() && sized("w", w) && sized("h", h)
        }
        ratio => {
            let wide = side(format, "wmin").is_none_or(|least| w >= least);
            ratio == (side(format, "wratio"), side(format, "hratio")) && wide
        }
    };
    faults.must(formats.iter().any(fits), format!("{w}x{h} is none of the sizes"));
    let btype = numbers(&offer["btype"]);
    let lower = adm.to_lowercase();
    for (code, tag) in [(3, "<script"), (4, "<iframe")] {
        faults.must(!btype.contains(&code) || !lower.contains(tag), format!("`btype` blocks `{tag}`"));
    }
}

/// A length above zero; zero is as good as absent.
fn side(value: &Value, name: &str) -> Option<i64> {
    whole(&value[name]).filter(|side| *side > 0)
}

/// The versions of VAST by `protocol`: of an inline ad, and of a wrapper.
const VERSIONS: [(i64, i64, &str); 7] = [
    (1, 4, "1.0"),
    (2, 5, "2.0"),
    (3, 6, "3.0"),
    (7, 8, "4.0"),
    (11, 12, "4.1"),
    (13, 14, "4.2"),
    (15, 16, "4.3"),
];

pub(super) fn check_vast(medium: &str, offer: &Value, bid: &Value, adm: &str, faults: &mut Faults) {
    let document = match Document::parse(adm) {
        Ok(document) => document,
        Err(error) => return faults.must(false, format!("`adm` is no XML: {error}")),
    };
    let root = document.root_element();
    faults.must(root.has_tag_name("VAST"), "`adm` is no VAST");
    let version = root.attribute("version").unwrap_or_default();
    let all = |name: &'static str| document.descendants().filter(move |node| node.has_tag_name(name));
    let (wrapped, overlay) = (all("Wrapper").count() == 1, all("NonLinear").next().is_some());
    let known = VERSIONS.iter().find(|(.., known)| *known == version);
    let protocol = known.map(|(inline, wrapper, _)| if wrapped { *wrapper } else { *inline });
    faults.must(protocol.is_some(), format!("VAST `{version}` does not exist"));
    faults.must(protocol == whole(&bid["protocol"]), "`protocol` is not the version of the VAST");
    let protocols = numbers(&offer["protocols"]);
    let spoken = protocols.is_empty() || protocol.is_some_and(|protocol| protocols.contains(&protocol));
    faults.must(spoken, format!("VAST {version} is none of the protocols"));
    let linearity = whole(&offer["linearity"]);
    faults.must(linearity != Some(2) || overlay, "only non-linear ads are taken");
    faults.must(linearity != Some(1) || !overlay, "only linear ads are taken");
    let ads = all("InLine").count() + all("Wrapper").count();
    faults.must(ads == 1, format!("{ads} ads"));
    let title = if wrapped { "VASTAdTagURI" } else { "AdTitle" };
    for name in ["Impression", title, "AdSystem"] {
        faults.must(all(name).any(|node| !content(node).is_empty()), format!("`{name}` is missing"));
    }
    let link = if overlay { "NonLinearClickThrough" } else { "ClickThrough" };
    let clicks = all(link).any(|node| content(node).starts_with("http"));
    faults.must(clicks || wrapped || medium == "audio", format!("`{link}` is missing"));
    if wrapped || overlay {
        // What is played is the third party's, or nothing: the bid's word counts.
        let duration = whole(&bid["dur"]);
        faults.must(duration.is_some(), "`dur` is missing");
        return check_duration(offer, duration.unwrap_or_default(), faults);
    }
    let durations: Vec<Option<i64>> = all("Duration").map(|node| seconds(&content(node))).collect();
    let [Some(duration)] = durations[..] else {
        return faults.must(false, format!("durations: {durations:?}"));
    };
    faults.must(bid.get("dur").is_none_or(|dur| whole(dur) == Some(duration)), "`dur` is not the VAST's");
    check_duration(offer, duration, faults);
    let media: Vec<Node<'_, '_>> = all("MediaFile").collect();
    faults.must(!media.is_empty(), "no media file");
    for file in media {
        check_file(offer, file, faults);
    }
}

fn content(node: Node<'_, '_>) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

/// `HH:MM:SS` in seconds.
fn seconds(text: &str) -> Option<i64> {
    let parts: Vec<i64> = text.split(':').map_while(|part| part.parse().ok()).collect();
    let [hours, minutes, seconds] = parts[..] else { return None };
    Some(hours * 3_600 + minutes * 60 + seconds)
}

fn check_duration(offer: &Value, duration: i64, faults: &mut Faults) {
    let required = numbers(&offer["rqddurs"]);
    let least = side(offer, "minduration").unwrap_or(0);
    let extended = match whole(&offer["maxextended"]).unwrap_or(0) {
        ..0 => i64::MAX,
        seconds => seconds,
    };
    let most = side(offer, "maxduration").map_or(i64::MAX, |most| most.saturating_add(extended));
    let fits =
        if required.is_empty() { (least..=most).contains(&duration) } else { required.contains(&duration) };
    faults.must(fits, format!("{duration} s is not a duration that is taken"));
}

fn check_file(offer: &Value, file: Node<'_, '_>, faults: &mut Faults) {
    let mime = file.attribute("type").unwrap_or_default();
    let mimes = texts(&offer["mimes"]);
    let taken = mimes.is_empty() || mimes.iter().any(|taken| taken.eq_ignore_ascii_case(mime));
    faults.must(taken, format!("MIME type `{mime}` is not taken"));
    faults.must(content(file).starts_with("http"), "a media file has no address");
    if let Some(rate) = file.attribute("bitrate").and_then(|rate| rate.parse::<i64>().ok()) {
        let least = side(offer, "minbitrate").unwrap_or(0);
        let most = side(offer, "maxbitrate").unwrap_or(i64::MAX);
        faults.must((least..=most).contains(&rate), format!("{rate} kbit/s are not taken"));
    }
    let boxed = offer.get("boxingallowed").is_some_and(|allowed| whole(allowed) == Some(0));
    let file_side = |name| file.attribute(name).and_then(|side| side.parse::<i64>().ok());
    let sides = (side(offer, "w"), side(offer, "h"), file_side("width"), file_side("height"));
    if let (true, (Some(w), Some(h), Some(width), Some(height))) = (boxed, sides) {
        faults.must(w * height == h * width, format!("{width}x{height} is of another aspect"));
    }
}

pub(super) fn check_native(offer: &Value, adm: &str, faults: &mut Faults) {
    let Ok(answer) = serde_json::from_str::<Value>(adm) else {
        return faults.must(false, "`adm` is no JSON");
    };
    let answer = answer.get("native").unwrap_or(&answer);
    let asked = match &offer["request"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    let asked = asked.get("native").filter(|native| native["assets"].is_array()).unwrap_or(&asked);
    let link = answer["link"]["url"].as_str().unwrap_or_default();
    faults.must(link.starts_with("http"), "`link.url` is missing");
    let (none, assets) = (Vec::new(), &asked["assets"]);
    let wanted = assets.as_array().unwrap_or(&none);
    let given = answer["assets"].as_array().unwrap_or(&none);
    faults.must(!given.is_empty(), "no asset is answered");
    let mut seen = Vec::new();
    for asset in given {
        let id = whole(&asset["id"]);
        faults.must(id.is_some() && !seen.contains(&id), format!("asset {id:?} is answered twice"));
        seen.push(id);
        match wanted.iter().find(|wanted| whole(&wanted["id"]) == id) {
            Some(wanted) => check_asset(wanted, asset, faults),
            None => faults.must(false, format!("asset {id:?} was not asked for")),
        }
    }
    for required in wanted.iter().filter(|asset| flag(&asset["required"])) {
        let answered = seen.contains(&whole(&required["id"]));
        faults.must(answered, format!("required asset {} is not answered", required["id"]));
    }
    let offered = |tracker: &Value| {
        let trackers = asked["eventtrackers"].as_array().unwrap_or(&none);
        trackers.iter().any(|offered| {
            let methods = numbers(&offered["methods"]);
            whole(&offered["event"]) == whole(&tracker["event"])
                && whole(&tracker["method"]).is_some_and(|method| methods.contains(&method))
        })
    };
    let trackers = answer["eventtrackers"].as_array().unwrap_or(&none);
    faults.must(trackers.iter().all(offered), "an event tracker was not offered");
}

fn check_asset(wanted: &Value, asset: &Value, faults: &mut Faults) {
    for (kind, field) in [("title", "text"), ("data", "value")] {
        if !asset[kind].is_object() {
            continue;
        }
        let words = text(&asset[kind][field]).unwrap_or_default();
        let most = number(&wanted[kind]["len"]).unwrap_or(0.0);
        let length = f64::from(u32::try_from(words.chars().count()).unwrap_or(u32::MAX));
        faults.must(wanted[kind].is_object(), format!("a {kind} was not asked for"));
        faults.must(!words.is_empty(), format!("a {kind} is empty"));
        faults.must(most <= 0.0 || length <= most, format!("a {kind} of {length} characters is too long"));
    }
    if asset["img"].is_object() {
        let (given, wanted) = (&asset["img"], &wanted["img"]);
        let address = given["url"].as_str().unwrap_or_default();
        faults
            .must(wanted.is_object() && address.starts_with("http"), "an img was not asked for or is empty");
        for (name, least) in [("w", "wmin"), ("h", "hmin")] {
            let Some(ours) = side(given, name) else { continue };
            let fits = match (side(wanted, least), side(wanted, name)) {
                (Some(least), _) => ours >= least,
                (None, Some(exact)) => ours == exact,
                (None, None) => true,
            };
            faults.must(fits, format!("an img of `{name}` {ours} does not fit"));
        }
    }
    let kinds = ["title", "img", "data", "video"].iter().filter(|kind| asset[**kind].is_object()).count();
    faults.must(kinds == 1, format!("an asset of {kinds} kinds"));
}
