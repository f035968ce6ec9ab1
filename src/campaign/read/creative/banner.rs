//! Banners, and the pictures and HTML that stand beside or over a video.

use crate::campaign::read::creative::{check_macros, loaded, size};
use crate::campaign::read::reach::check_size;
use crate::campaign::{BannerAd, BannerBody, Companion};
use crate::document::{Faults, Node, Object};

/// A banner's markup; it goes out with every bid.
const HTML_CHARS_MAX: usize = 16_384;
/// Where the click goes, in a banner's markup: as it is, or within another address.
const CLICK_MACROS: [&str; 2] = ["${CLICK_URL}", "${CLICK_URL_ENC}"];
/// Attribute: it fills whatever size it finds.
const RESPONSIVE: u32 = 18;
/// `expdir`, in words.
const DIRECTIONS: [(&str, u32); 6] =
    [("left", 1), ("right", 2), ("up", 3), ("down", 4), ("full screen", 5), ("resize", 6)];
/// The attribute of an expandable ad, by what makes it expand.
const EXPANDS_ON: [(&str, u32); 3] = [("load", 3), ("click", 4), ("rollover", 5)];

/// The banner, and the attributes that it implies.
pub(super) fn banner(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<(BannerAd, Vec<u32>)> {
    let keys = ["size", "image", "html", "flexible", "expands", "expands_on"];
    let object = node.object(&keys, faults)?;
    let size_node = object.require("size", faults);
    let size = size_node.and_then(|node| size(node, faults));
    let flexible_node = object.get("flexible");
    let flexible = flexible_node.and_then(|node| node.flag(faults)).unwrap_or(false);
    if let (Some(node), Some(size), false) = (size_node, size, flexible) {
        check_size(node, size, faults);
    }
    let mut implied = Vec::new();
    let expands = expansion(object, &mut implied, faults);
    let body = body(object, secure, faults)?;
    if let (BannerBody::Image(_), Some(node)) = (&body, object.get("expands")) {
        faults.push(node.error("is for `html`: a picture does not expand"));
    }
    if let (BannerBody::Image(_), true, Some(node)) = (&body, flexible, flexible_node) {
        faults.push(node.error("is for `html`: a picture has its size"));
    }
    if flexible {
        implied.push(RESPONSIVE);
    }
    let (width, height) = size?;
    Some((BannerAd { width, height, body, flexible, expands }, implied))
}

/// The directions; what makes it expand is added to `implied`.
fn expansion(object: Object<'_>, implied: &mut Vec<u32>, faults: &mut Faults) -> Vec<u32> {
    let on = object.get("expands_on");
    let Some(node) = object.get("expands") else {
        if let Some(on) = on {
            faults.push(on.error("needs `expands`").hint("write where to, as `\"expands\": [\"down\"]`"));
        }
        return Vec::new();
    };
    let nodes = node.one_or_more(faults).unwrap_or_default();
    implied.push(on.and_then(|node| node.choice(&EXPANDS_ON, faults)).unwrap_or(EXPANDS_ON[1].1));
    nodes.into_iter().filter_map(|node| node.choice(&DIRECTIONS, faults)).collect()
}

/// `image` or `html`.
fn body(object: Object<'_>, secure: &mut bool, faults: &mut Faults) -> Option<BannerBody> {
    match object.one_of(&["image", "html"], faults)? {
        ("image", node) => loaded(node, secure, faults).map(BannerBody::Image),
        (_, node) => html(node, secure, faults).map(BannerBody::Html),
    }
}

fn html(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<String> {
    let html = node.text(faults)?;
    let chars = html.chars().count();
    if chars == 0 || chars > HTML_CHARS_MAX {
        let problem = format!("must have 1 to {HTML_CHARS_MAX} characters, has {chars}");
        return faults.refuse(node.error(problem).hint("load what is longer from your server"));
    }
    if !CLICK_MACROS.iter().any(|click| html.contains(click)) {
        let click = CLICK_MACROS[0];
        let fault = node.warning(format!("has no `{click}`: clicks will not be counted"));
        faults.push(fault.hint(format!("link to `{click}`, it leads to the landing page")));
    }
    check_macros(node, html, faults);
    // The names of XML namespaces look like addresses, but nothing is fetched from there.
    if html.replace("http://www.w3.org/", "").contains("http://") {
        *secure = false;
        let fault = node.warning("has an address that is not https: the ad will not serve on secure pages");
        faults.push(fault.hint("serve it over https"));
    }
    Some(html.into())
}

/// A banner beside or over a video: `size`, and `image` or `html`.
pub(super) fn companion(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<Companion> {
    let object = node.object(&["size", "image", "html"], faults)?;
    let size = object.require("size", faults).and_then(|node| size(node, faults));
    let body = body(object, secure, faults);
    let ((width, height), body) = (size?, body?);
    Some(Companion { width, height, body })
}
