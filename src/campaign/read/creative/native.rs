//! Native ads: texts by their asset, pictures, a video.

use std::cmp::Reverse;

use crate::campaign::read::creative::av::native_video;
use crate::campaign::read::creative::{loaded, size};
use crate::campaign::{Image, NativeAd, NativeText};
use crate::document::{Faults, Node, Object};

/// Texts for one asset, and pictures of one kind.
const VARIANTS_MAX: usize = 8;
const TITLE_CHARS_MAX: usize = 140;

/// Texts by their key: the type of the data asset (Native 1.2, 7.4), and the most characters.
const TEXTS: [(&str, u32, usize); 12] = [
    ("sponsored_by", 1, 100),
    ("description", 2, 300),
    ("rating", 3, 10),
    ("likes", 4, 20),
    ("downloads", 5, 20),
    ("price", 6, 30),
    ("sale_price", 7, 30),
    ("phone", 8, 40),
    ("address", 9, 200),
    ("more_description", 10, 300),
    ("display_url", 11, 200),
    ("call_to_action", 12, 50),
];
const RATING: u32 = 3;

pub(super) fn native(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<NativeAd> {
    let keys: Vec<&str> =
        ["title", "icon", "image", "video"].into_iter().chain(TEXTS.map(|(key, ..)| key)).collect();
    let object = node.object(&keys, faults)?;
    let titles =
        texts(object, "title", faults, |node, faults| node.line(TITLE_CHARS_MAX, faults).map(str::to_string));
    let mut all = Vec::new();
    for (key, kind, chars_max) in TEXTS {
        let values = texts(object, key, faults, |node, faults| value(node, kind, chars_max, faults));
        all.extend(values.into_iter().map(|text| NativeText { kind, text }));
    }
    let icons = variants(object, "icon", faults, |node, faults| image(node, secure, faults));
    let images = variants(object, "image", faults, |node, faults| image(node, secure, faults));
    let video = object.get("video").and_then(|node| native_video(node, secure, faults));
    object.require("title", faults)?;
    (!titles.is_empty()).then_some(NativeAd { titles, texts: all, icons, images, video })
}

/// The text of a data asset; a number will do, and a rating is one from 0 to 5.
fn value(node: Node<'_>, kind: u32, chars_max: usize, faults: &mut Faults) -> Option<String> {
    if kind == RATING {
        node.float(0.0..=5.0, faults)?;
        return node.number_text(faults).map(str::to_string);
    }
    if node.peek_text().is_none() {
        return node.number_text(faults).map(str::to_string);
    }
    node.line(chars_max, faults).map(str::to_string)
}

/// The texts of `key`, the longest first.
fn texts<'d>(
    object: Object<'d>,
    key: &str,
    faults: &mut Faults,
    read: impl FnMut(Node<'d>, &mut Faults) -> Option<String>,
) -> Vec<String> {
    let mut texts = variants(object, key, faults, read);
    texts.sort_by_key(|text| Reverse(text.chars().count()));
    texts
}

/// What `read` makes of the value of `key`, or of each of them.
fn variants<'d, T>(
    object: Object<'d>,
    key: &str,
    faults: &mut Faults,
    mut read: impl FnMut(Node<'d>, &mut Faults) -> Option<T>,
) -> Vec<T> {
    let Some(node) = object.get(key) else { return Vec::new() };
    let nodes = node.one_or_more(faults).unwrap_or_default();
    if nodes.len() > VARIANTS_MAX {
        let problem = format!("has {} variants, at most {VARIANTS_MAX} are allowed", nodes.len());
        faults.push(node.error(problem));
    }
    nodes.into_iter().take(VARIANTS_MAX).filter_map(|node| read(node, faults)).collect()
}

fn image(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<Image> {
    let object = node.object(&["url", "size"], faults)?;
    let url = object.require("url", faults).and_then(|node| loaded(node, secure, faults));
    let size = object.require("size", faults).and_then(|node| size(node, faults));
    let (url, (width, height)) = (url?, size?);
    Some(Image { url, width, height })
}
