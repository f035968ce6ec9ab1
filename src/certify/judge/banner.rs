//! Banners: size and markup against the offer.

use serde_json::Value;

use super::read::{elements, numbers, side};
use crate::certify::Judgement;
use crate::certify::rules::{limits, markup};

pub(super) fn check_size(offer: &Value, bid: &Value, judgement: &mut Judgement) {
    // Without a list the banner has a width and a height; ratios are the list's.
    let plain = serde_json::json!({"w": offer["w"], "h": offer["h"], "wmin": offer["wmin"], "wmax": offer["wmax"],
        "hmin": offer["hmin"], "hmax": offer["hmax"]});
    let formats: Vec<&Value> = match elements(&offer["format"]) {
        [] => vec![&plain],
        formats => formats.iter().collect(),
    };
    let ratio = (side(bid, "wratio"), side(bid, "hratio"));
    if ratio != (None, None) {
        return check_ratio(&formats, ratio, side(bid, "w"), judgement);
    }
    let (Some(w), Some(h)) = (side(bid, "w"), side(bid, "h")) else {
        return judgement.must(&limits::SIZE_TOLD, false, "`w` and `h` are missing");
    };
    judgement.must(&limits::SIZE_TOLD, true, "");
    let fits = |format: &&Value| {
        let sized = |exact, least, most, ours| {
            side(format, exact).is_none_or(|side| side == ours || side_range(format, least, most, ours))
        };
        side(format, "wratio").is_none() && sized("w", "wmin", "wmax", w) && sized("h", "hmin", "hmax", h)
    };
    judgement.must(&limits::SIZE, formats.iter().any(fits), format!("{w}x{h} is none of the sizes"));
}

/// The deprecated ranges: a banner of `w` may be from `wmin` to `wmax` wide if both are told.
fn side_range(format: &Value, least: &str, most: &str, ours: i64) -> bool {
    match (side(format, least), side(format, most)) {
        (Some(least), Some(most)) => (least..=most).contains(&ours),
        _ => false,
    }
}

fn check_ratio(
    formats: &[&Value],
    ratio: (Option<i64>, Option<i64>),
    w: Option<i64>,
    judgement: &mut Judgement,
) {
    let fits = |format: &&Value| {
        let wide = side(format, "wmin").is_none_or(|least| w.is_none_or(|w| w >= least));
        ratio == (side(format, "wratio"), side(format, "hratio")) && wide
    };
    let told = |side: Option<i64>| side.map_or("?".to_owned(), |side| side.to_string());
    let (wide, high) = (told(ratio.0), told(ratio.1));
    let what = format!("the ratio {wide}:{high} of width {} is none of the sizes", told(w));
    judgement.must(&limits::FLEXIBLE, formats.iter().any(fits), what);
}

pub(super) fn check_markup(offer: &Value, adm: &str, judgement: &mut Judgement) {
    judgement.must(&markup::HTML, adm.contains('<'), "`adm` is no HTML");
    let btype = numbers(&offer["btype"]);
    if btype.is_empty() {
        return;
    }
    let lower = adm.to_lowercase();
    for (code, tag) in [(3, "<script"), (4, "<iframe")] {
        let holds = !btype.contains(&code) || !lower.contains(tag);
        judgement.must(&limits::BTYPE, holds, format!("`btype` blocks `{tag}`"));
    }
}
