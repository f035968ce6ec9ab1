//! Native markup, 1.0 to 1.2: the JSON answer to the assets asked for, in the shape of the version asked for.
//!
//! Events have the numbers of Native 1.2, not those of AdCOM, which differ by one. Trackers are of the kinds
//! offered. Deliberately absent: JavaScript trackers, fallback links and assets fetched by URL.

use std::borrow::Cow;

use serde::Serialize;

use crate::campaign::Creative;
use crate::creative::assets::{Answer, answer};
use crate::creative::macros::Macros;
use crate::creative::{NativePlacement, Serving, vast};

/// `eventtrackers.event`: the impression.
const IMPRESSION: u32 = 1;
/// `eventtrackers.event`: half of it on screen for a second.
const VIEWABLE_MRC50: u32 = 2;
/// `eventtrackers.event`: all of it on screen for a second.
const VIEWABLE_MRC100: u32 = 3;
/// `eventtrackers.event`: half of a video on screen for two seconds.
const VIEWABLE_VIDEO50: u32 = 4;
/// `eventtrackers.method`: an image.
const IMG: u32 = 1;

#[derive(Serialize)]
#[serde(untagged)]
enum Root<'a> {
    Wrapped { native: Native<'a> },
    Bare(Native<'a>),
}

#[derive(Serialize)]
struct Native<'a> {
    ver: &'a str,
    assets: Vec<Asset<'a>>,
    link: Link<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    imptrackers: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    eventtrackers: Vec<EventTracker<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    privacy: Option<&'a str>,
}

#[derive(Serialize)]
struct Asset<'a> {
    id: u32,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Body<'a> {
    Title { text: &'a str },
    Data { value: &'a str },
    Img { url: &'a str, w: u32, h: u32 },
    Video { vasttag: String },
}

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clicktrackers: Vec<Cow<'a, str>>,
}

#[derive(Serialize)]
struct EventTracker<'a> {
    event: u32,
    method: u32,
    url: Cow<'a, str>,
}

pub(super) fn write<'a>(
    creative: &'a Creative,
    native: &NativePlacement<'a>,
    serving: &'a Serving<'a>,
    macros: &Macros<'a>,
    out: &mut String,
) {
    let foreign = |addresses: &'a [String]| addresses.iter().map(|address| macros.address(address));
    let mut has_video = false;
    let assets = native.offer.assets.iter().filter_map(|asset| {
        let body = match answer(native.ad, asset)? {
            Answer::Title(text) => Body::Title { text },
            Answer::Data(value) => Body::Data { value },
            Answer::Img(image) => Body::Img { url: &image.url, w: image.width, h: image.height },
            Answer::Video(av) => {
                has_video = true;
                let mut vasttag = String::new();
                let kind = vast::Kind::Video;
                let macros = *macros;
                vast::Tag { kind, creative, av: &av, serving, macros, within_native: true }
                    .write(&mut vasttag);
                Body::Video { vasttag }
            }
        };
        Some(Asset { id: asset.id, body })
    });
    let assets = assets.collect();
    let is_old = native.is_old();
    let clicktrackers = foreign(&creative.trackers.click).collect();
    let mut answer = Native {
        ver: if is_old { native.offer.ver } else { "1.2" },
        assets,
        link: Link { url: serving.links.click, clicktrackers },
        imptrackers: vec![],
        eventtrackers: vec![],
        privacy: creative.privacy_url.as_deref().filter(|_| native.offer.privacy && !is_old),
    };
    let offered = |event: &u32| !is_old && native.offer.eventtrackers.contains(&(*event, IMG));
    let shown = serving.links.impression.map(Cow::Borrowed).into_iter();
    let shown = shown.chain(foreign(&creative.trackers.impression));
    if offered(&IMPRESSION) {
        let trackers = shown.map(|url| EventTracker { event: IMPRESSION, method: IMG, url });
        answer.eventtrackers.extend(trackers);
    } else {
        answer.imptrackers.extend(shown);
    }
    // The video's own measure comes first; a stricter one serves where the usual one is not offered.
    let video = has_video.then_some(VIEWABLE_VIDEO50).filter(offered);
    if let Some(event) = video.or_else(|| [VIEWABLE_MRC50, VIEWABLE_MRC100].into_iter().find(offered)) {
        let viewed =
            std::iter::once(Cow::Borrowed(serving.links.view)).chain(foreign(&creative.trackers.view));
        answer.eventtrackers.extend(viewed.map(|url| EventTracker { event, method: IMG, url }));
    }
    let root = if native.offer.wrapped { Root::Wrapped { native: answer } } else { Root::Bare(answer) };
    out.push_str(&serde_json::to_string(&root).expect("texts and numbers are JSON"));
}

#[cfg(test)]
mod tests;
