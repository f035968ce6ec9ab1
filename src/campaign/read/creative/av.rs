//! Video and audio: files of our own, a tag of a third party, or an overlay; and what stands beside them.

use std::ops::RangeInclusive;

use crate::campaign::read::amount::span;
use crate::campaign::read::creative::banner::companion;
use crate::campaign::read::creative::codes::{VAST, code};
use crate::campaign::read::creative::{foreign, loaded, size};
use crate::campaign::{AvAd, Companion, MediaFile, Played, Wrapper};
use crate::document::{Faults, Node, Object};

/// kbit/s and seconds that no line or viewer exceeds.
const BITRATE_MAX: u32 = 200_000;
const SECONDS_MAX: i64 = 3_600;
/// Files of one ad: the fit keeps one bit for each.
const FILES_MAX: usize = 64;
/// Companions of one ad: the fit keeps one bit for each.
const COMPANIONS_MAX: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Medium {
    Video,
    Audio,
}

impl Medium {
    /// How MIME types of its files begin.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Video => "video/",
            Self::Audio => "audio/",
        }
    }
}

pub(super) fn video(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<AvAd> {
    let keys = ["duration", "media", "wrapper", "overlay", "skippable_after", "companions"];
    let object = node.object(&keys, faults)?;
    whole(object, Medium::Video, &["media", "wrapper", "overlay"], secure, faults)
}

pub(super) fn audio(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<AvAd> {
    let object = node.object(&["duration", "media", "wrapper", "skippable_after", "companions"], faults)?;
    whole(object, Medium::Audio, &["media", "wrapper"], secure, faults)
}

/// The video of a native ad: files, and nothing around them.
pub(super) fn native_video(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<AvAd> {
    let object = node.object(&["duration", "media"], faults)?;
    whole(object, Medium::Video, &["media"], secure, faults)
}

fn whole(
    object: Object<'_>,
    medium: Medium,
    kinds: &[&'static str],
    secure: &mut bool,
    faults: &mut Faults,
) -> Option<AvAd> {
    let duration = object.require("duration", faults).and_then(|node| seconds(node, faults));
    let played = match kinds {
        // One that is alone is missed by its name.
        [only] => object.require(only, faults).map(|node| (*only, node)),
        kinds => object.one_of(kinds, faults),
    };
    let played = played.and_then(|(kind, node)| match kind {
        "media" => media(node, medium, secure, faults).map(Played::Media),
        "wrapper" => wrapper(node, medium, secure, faults).map(Played::Wrapper),
        _ => companion(node, secure, faults).map(Played::Overlay),
    });
    let skip_node = object.get("skippable_after");
    let skippable_after = skip_node.and_then(|node| seconds(node, faults));
    let companions = companions(object, secure, faults);
    if let (Some(node), Some(after), Some(duration)) = (skip_node, skippable_after, duration)
        && after >= duration
    {
        faults.push(node.error(format!("must be less than the duration, got {}", node.echo())));
    }
    if let (Some(node), Some(Played::Overlay(_))) = (skip_node, &played) {
        faults.push(node.error("is for what plays by itself: an overlay is closed, not skipped"));
    }
    Some(AvAd { duration: duration?, played: played?, skippable_after, companions })
}

fn media(node: Node<'_>, medium: Medium, secure: &mut bool, faults: &mut Faults) -> Option<Vec<MediaFile>> {
    let nodes = node.one_or_more(faults)?;
    if nodes.len() > FILES_MAX {
        let problem = format!("has {} files, at most {FILES_MAX} are allowed", nodes.len());
        return faults.refuse(node.error(problem));
    }
    let files: Vec<_> = nodes.into_iter().map(|node| media_file(node, medium, secure, faults)).collect();
    files.into_iter().collect()
}

fn media_file(node: Node<'_>, medium: Medium, secure: &mut bool, faults: &mut Faults) -> Option<MediaFile> {
    let keys: &[&str] = match medium {
        Medium::Video => &["url", "mime", "bitrate", "size", "delivery"],
        Medium::Audio => &["url", "mime", "bitrate", "delivery"],
    };
    let object = node.object(keys, faults)?;
    let url = object.require("url", faults).and_then(|node| loaded(node, secure, faults));
    let bitrate = object.require("bitrate", faults).and_then(|node| bitrate(node, faults));
    let size = match medium {
        Medium::Video => object.require("size", faults).and_then(|node| size(node, faults)),
        Medium::Audio => Some((0, 0)),
    };
    let words = [("progressive", false), ("streaming", true)];
    let streaming = object.get("delivery").and_then(|node| node.choice(&words, faults)).unwrap_or(false);
    let mime = object.require("mime", faults).and_then(|node| mime(node, medium, streaming, faults));
    let ((width, height), mime) = (size?, mime?);
    Some(MediaFile { url: url?, mime, width, height, bitrate: bitrate?, streaming })
}

/// A MIME type of the medium; of a stream also that of its playlist (`application/x-mpegURL`).
fn mime(node: Node<'_>, medium: Medium, streaming: bool, faults: &mut Faults) -> Option<String> {
    let mime = node.line(100, faults)?.to_lowercase();
    let prefix = medium.prefix();
    if mime.starts_with(prefix) || (streaming && mime.starts_with("application/")) {
        return Some(mime);
    }
    let fault = node.error(format!("must begin with `{prefix}`, got {}", node.echo()));
    faults.refuse(fault.hint(format!("as `{prefix}mp4`")))
}

/// kbit/s: a number, or `{"min": .., "max": ..}` of an adaptive stream.
fn bitrate(node: Node<'_>, faults: &mut Faults) -> Option<RangeInclusive<u32>> {
    if !node.is_object() {
        let rate = node.integer(1..=BITRATE_MAX, faults)?;
        return Some(rate..=rate);
    }
    let object = node.object(&["min", "max"], faults)?;
    let mut end = |key| object.require(key, faults).and_then(|node| node.integer(1..=BITRATE_MAX, faults));
    let (least, most) = (end("min"), end("max"));
    let range = least?..=most?;
    if range.is_empty() {
        return faults.refuse(node.error(format!("ends at {} below its start", range.end())));
    }
    Some(range)
}

fn wrapper(node: Node<'_>, medium: Medium, secure: &mut bool, faults: &mut Faults) -> Option<Wrapper> {
    if !node.is_object() {
        let url = foreign(node, secure, faults)?;
        return Some(Wrapper { url, protocols: Vec::new(), mimes: Vec::new(), bitrate: None });
    }
    let object = node.object(&["url", "versions", "mimes", "bitrate"], faults)?;
    let url = object.require("url", faults).and_then(|node| foreign(node, secure, faults));
    let versions = object.get("versions").and_then(|node| node.one_or_more(faults)).unwrap_or_default();
    let protocols = versions.into_iter().filter_map(|node| code(node, &VAST, faults)).collect();
    let mimes = object.get("mimes").and_then(|node| node.one_or_more(faults)).unwrap_or_default();
    // What a script plays is for the third party to know.
    let mimes = mimes.into_iter().filter_map(|node| mime(node, medium, true, faults)).collect();
    let bitrate = object.get("bitrate").and_then(|node| bitrate(node, faults));
    Some(Wrapper { url: url?, protocols, mimes, bitrate })
}

fn companions(object: Object<'_>, secure: &mut bool, faults: &mut Faults) -> Vec<Companion> {
    let Some(node) = object.get("companions") else { return Vec::new() };
    let nodes = node.one_or_more(faults).unwrap_or_default();
    if nodes.len() > COMPANIONS_MAX {
        let problem = format!("has {} companions, at most {COMPANIONS_MAX} are allowed", nodes.len());
        faults.push(node.error(problem));
    }
    let read = nodes.into_iter().take(COMPANIONS_MAX);
    read.filter_map(|node| companion(node, secure, faults)).collect()
}

/// A whole number of seconds, as `15s`.
fn seconds(node: Node<'_>, faults: &mut Faults) -> Option<u32> {
    let seconds = span(node, faults)?.raw() / 1_000;
    let fits = u32::try_from(seconds).ok().filter(|_| seconds <= SECONDS_MAX);
    fits.or_else(|| faults.refuse(node.error(format!("must be at most {SECONDS_MAX}s, got {}", node.echo()))))
}
