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
            let range = (side(format, least), side(format, most));
            match side(format, exact) {
                Some(side) => side == ours || preferred(range, ours),
                None => range.0.is_none_or(|least| ours >= least) && range.1.is_none_or(|most| ours <= most),
            }
        };
        side(format, "wratio").is_none() && sized("w", "wmin", "wmax", w) && sized("h", "hmin", "hmax", h)
    };
    judgement.must(&limits::SIZE, formats.iter().any(fits), format!("{w}x{h} is none of the sizes"));
}

/// The deprecated ranges: a banner of `w` may be from `wmin` to `wmax` wide if both are told. Without `w`, each end
/// holds by itself.
fn preferred(range: (Option<i64>, Option<i64>), ours: i64) -> bool {
    matches!(range, (Some(least), Some(most)) if (least..=most).contains(&ours))
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
