//! What may be bid at an exchange: media, currencies, limits, and how long money is held.

use crate::campaign::read::amount::{currency, span};
use crate::campaign::{BidLimits, Formats, NoticeAge, Reservation};
use crate::document::{Faults, Node, Object};
use crate::units::{Currency, Millis, limits};

/// `display` stands for banner and native, `av` for video and audio; `dooh` may be left out.
pub(in crate::campaign::read::exchange) fn reservation(
    node: Node<'_>,
    faults: &mut Faults,
) -> Option<Reservation> {
    const KEYS: [&str; 7] = ["display", "av", "banner", "native", "video", "audio", "dooh"];
    let object = node.object(&KEYS, faults)?;
    let both = |short: &str, media: [&str; 2], faults: &mut Faults| {
        let short_span = object.get(short).map(|node| notice_span(node, faults));
        let own = media.map(|medium| object.get(medium).map(|node| notice_span(node, faults)));
        if short_span.is_none() && own.iter().any(Option::is_none) {
            faults.push(object.missing(short));
        } else if let (Some(_), [Some(_), Some(_)]) = (short_span, own) {
            let fault = object.get(short).map(|node| node.warning("has no effect"));
            let hint = format!("`{}` and `{}` are given", media[0], media[1]);
            faults.push(fault?.hint(hint));
        }
        let [first, second] = own.map(|own| own.or(short_span).flatten());
        Some((first?, second?))
    };
    let display = both("display", ["banner", "native"], faults);
    let av = both("av", ["video", "audio"], faults);
    let dooh = object.get("dooh").map(|node| notice_span(node, faults));
    let dooh = match dooh {
        Some(span) => Some(span?),
        None => None,
    };
    let ((banner, native), (video, audio)) = (display?, av?);
    Some(Reservation { banner, native, video, audio, dooh })
}

/// A span within which notices are honoured.
fn notice_span(node: Node<'_>, faults: &mut Faults) -> Option<Millis> {
    let span = span(node, faults)?;
    if span > limits::NOTICE_AGE_MAX {
        let hours = limits::NOTICE_AGE_MAX.raw() / 3_600_000;
        return faults.refuse(node.error(format!("must be at most {hours}h, got {}", node.echo())));
    }
    Some(span)
}

/// How long notices of money are booked: what `notice_age` of the profile says, the usual for the rest. `None` without
/// a sound reservation, which it is held against.
pub(in crate::campaign::read::exchange) fn notice_age(
    profile: Object<'_>,
    reservation: Option<&Reservation>,
    faults: &mut Faults,
) -> Option<NoticeAge> {
    let node = profile.get("notice_age");
    let object = match node {
        Some(node) => Some(node.object(&["display", "av", "app", "dooh"], faults)?),
        None => None,
    };
    let reservation = reservation?;
    let mut age = NoticeAge::usual(reservation);
    let display = reservation.banner.max(reservation.native);
    let av = reservation.video.max(reservation.audio);
    let mut sound = true;
    for (key, reserved, age) in [
        ("display", display, &mut age.display),
        ("av", av, &mut age.av),
        ("app", reservation.longest(false), &mut age.app),
        ("dooh", reservation.longest(true), &mut age.dooh),
    ] {
        let Some(node) = object.and_then(|object| object.get(key)) else { continue };
        match notice_span(node, faults) {
            Some(span) if span < reserved => {
                let fault =
                    node.error(format!("must not be shorter than `reservation`, got {}", node.echo()));
                faults.push(fault.hint("or a notice is refused whose money is still held"));
                sound = false;
            }
            Some(span) => *age = span,
            None => sound = false,
        }
    }
    sound.then_some(age)
}

/// The currencies that are taken: at least one, none twice. All of our table where nothing is said.
pub(in crate::campaign::read::exchange) fn currencies(
    node: Node<'_>,
    faults: &mut Faults,
) -> Option<Vec<Currency>> {
    let nodes = node.one_or_more(faults)?;
    let mut currencies = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(currency) = currency(node, faults) else { continue };
        if currencies.contains(&currency) {
            faults.push(node.error(format!("is given twice: {}", node.echo())));
        } else {
            currencies.push(currency);
        }
    }
    (!currencies.is_empty()).then_some(currencies)
}

/// The media that may be bid: at least one. All where nothing is said.
pub(in crate::campaign::read::exchange) fn formats(node: Node<'_>, faults: &mut Faults) -> Option<Formats> {
    type Field = fn(&mut Formats) -> &mut bool;
    const WORDS: [(&str, Field); 4] = [
        ("banner", |formats| &mut formats.banner),
        ("native", |formats| &mut formats.native),
        ("video", |formats| &mut formats.video),
        ("audio", |formats| &mut formats.audio),
    ];
    let mut formats = Formats { banner: false, native: false, video: false, audio: false };
    for node in node.one_or_more(faults)? {
        let Some(field) = node.choice(&WORDS, faults) else { continue };
        if std::mem::replace(field(&mut formats), true) {
            faults.push(node.error(format!("is given twice: {}", node.echo())));
        }
    }
    Some(formats)
}

/// Limits that the exchange sets. None where nothing is said.
pub(in crate::campaign::read::exchange) fn limits(node: Node<'_>, faults: &mut Faults) -> Option<BidLimits> {
    const KEYS: [&str; 5] = ["bids", "bids_per_imp", "markup_bytes", "crid_bytes", "preview_required"];
    let object = node.object(&KEYS, faults)?;
    let number = |key, max, faults: &mut Faults| match object.get(key) {
        Some(node) => node.integer(1..=max, faults).map(Some),
        None => Some(None),
    };
    let bids = number("bids", 1_000, faults);
    let bids_per_imp = number("bids_per_imp", 1_000, faults);
    let markup_bytes = number("markup_bytes", 10_000_000, faults);
    let crid_bytes = number("crid_bytes", 1_000, faults);
    let preview = object.get("preview_required").map_or(Some(false), |node| node.flag(faults));
    Some(BidLimits {
        bids: bids?,
        bids_per_imp: bids_per_imp?,
        markup_bytes: markup_bytes?,
        crid_bytes: crid_bytes?,
        preview_required: preview?,
    })
}
