//! Creatives: what all of them share. Each format has a reader of its own below.

mod av;
mod banner;
mod codes;
mod native;

use crate::campaign::read::address::{address, asset};
use crate::campaign::read::categories::creative_categories;
use crate::campaign::read::creative::codes::{APIS, ATTRIBUTES, code};
use crate::campaign::read::frequency::frequency;
use crate::campaign::{
    AvAd, BannerAd, BannerBody, Campaign, CapLevel, Creative, CreativeContent, MACROS, Played, Trackers,
};
use crate::document::{Faults, Node, Object, suggestion};
use crate::units::CreativeId;

const KEYS: [&str; 17] = [
    "id",
    "landing_page",
    "categories",
    "attributes",
    "apis",
    "rating",
    "language",
    "bundle",
    "preview",
    "privacy_url",
    "trackers",
    "frequency",
    "banner",
    "video",
    "audio",
    "native",
    "name",
];
/// What `bid.crid` may hold: Google refuses longer ones.
const CRID_BYTES_MAX: usize = 128;
/// Addresses of one kind that a third party has called.
const TRACKERS_MAX: usize = 8;
/// Pixels that no screen exceeds.
const PIXELS_MAX: u32 = 10_000;
/// Attribute: the ad has a skip button.
const SKIP_BUTTON: u32 = 16;

/// The creative here, of `campaign`; its index into the catalog is set later.
pub(in crate::campaign) fn creative(
    node: Node<'_>,
    campaign: &Campaign,
    faults: &mut Faults,
) -> Option<Creative> {
    let object = node.object(&KEYS, faults)?;
    let slug = object.require("id", faults).and_then(|node| node.slug(faults));
    let landing_page = object.require("landing_page", faults).and_then(|node| landing_page(node, faults));
    let categories = object.get("categories").map(|node| creative_categories(node, faults));
    let attributes = each(object, "attributes", faults, |node, faults| code(node, &ATTRIBUTES, faults));
    let apis = each(object, "apis", faults, |node, faults| code(node, &APIS, faults));
    let rating = object.get("rating").and_then(|node| rating(node, faults));
    let language = object.get("language").and_then(|node| language(node, faults));
    let bundle = object.get("bundle").and_then(|node| node.line(256, faults));
    let mut secure = true;
    let privacy_url = object.get("privacy_url").and_then(|node| loaded(node, &mut secure, faults));
    let preview = object.get("preview").and_then(|node| loaded(node, &mut secure, faults));
    let trackers = object.get("trackers").map(|node| trackers(node, &mut secure, faults));
    let flight = Some(campaign.flight);
    let caps = object.get("frequency").map(|node| frequency(node, CapLevel::Creative, flight, faults));
    let content = object.one_of(&["banner", "video", "audio", "native"], faults);
    let content = content.and_then(|(kind, node)| content_of(kind, node, &mut secure, faults));
    let slug = slug?;
    let crid = format!("{}/{slug}", campaign.slug);
    if crid.len() > CRID_BYTES_MAX {
        let problem = format!("makes the creative's id longer than {CRID_BYTES_MAX} bytes: {crid}");
        return faults.refuse(node.error(problem).hint("shorten the id of the campaign or of the creative"));
    }
    if categories.as_ref().is_none_or(|read| read.as_ref().is_some_and(|(ids, _)| ids.is_empty())) {
        warn_of_unlabelled(object, faults);
    }
    let (categories, coverage) = categories.flatten().unwrap_or_default();
    let (content, implied) = content?;
    check_skip_button(object, &content, &attributes, faults);
    check_click_trackers(object, &content, faults);
    let implied = implied.into_iter().filter(|code| !attributes.contains(code)).collect::<Vec<u32>>();
    Some(Creative {
        id: CreativeId::from_slug(&crid),
        slug: slug.into(),
        crid,
        campaign: 0,
        content,
        landing_page: landing_page?,
        categories,
        coverage,
        attributes: [attributes, implied].concat(),
        apis,
        rating,
        language,
        bundle: bundle.map(str::to_string),
        preview,
        privacy_url,
        trackers: trackers.unwrap_or_default(),
        secure,
        frequency: caps.unwrap_or_default(),
    })
}

fn landing_page(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    let page = address(node, faults)?;
    if !page.secure {
        faults.push(node.warning("is not https").hint("browsers warn of such pages: serve it over https"));
    }
    Some(page.url)
}

fn rating(node: Node<'_>, faults: &mut Faults) -> Option<u32> {
    if node.peek_text().is_none() {
        return node.integer(1..=3, faults);
    }
    node.choice(&[("all", 1), ("over 12", 2), ("mature", 3)], faults)
}

/// A language by BCP 47, or `xx`: nothing to read or hear.
fn language(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    let text = node.text(faults)?;
    let mut tags = text.split('-');
    let primary = tags
        .next()
        .filter(|tag| (2..=3).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let rest = tags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric()));
    if let (Some(primary), true, true) = (primary, rest, text.len() <= 35) {
        return Some(format!("{}{}", primary.to_lowercase(), &text[primary.len()..]));
    }
    let fault = node.error(format!("is not a language of BCP 47, got {}", node.echo()));
    faults.refuse(fault.hint("as `fr` or `fr-CA`; `xx` if there is nothing to read or hear"))
}

/// An address of a third party, with macros.
fn foreign(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<String> {
    let url = loaded(node, secure, faults)?;
    check_macros(node, &url, faults);
    Some(url)
}

fn trackers(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Trackers {
    let Some(object) = node.object(&["impression", "click", "view"], faults) else {
        return Trackers::default();
    };
    let mut read = |key| {
        let Some(node) = object.get(key) else { return Vec::new() };
        let nodes = node.one_or_more(faults).unwrap_or_default();
        if nodes.len() > TRACKERS_MAX {
            faults.push(
                node.error(format!("has {} addresses, at most {TRACKERS_MAX} are allowed", nodes.len())),
            );
        }
        nodes.into_iter().take(TRACKERS_MAX).filter_map(|node| foreign(node, secure, faults)).collect()
    };
    Trackers { impression: read("impression"), click: read("click"), view: read("view") }
}

fn each<'d, T>(
    object: Object<'d>,
    key: &str,
    faults: &mut Faults,
    read: impl Fn(Node<'d>, &mut Faults) -> Option<T>,
) -> Vec<T> {
    let nodes = object.get(key).and_then(|node| node.list(faults)).unwrap_or_default();
    nodes.into_iter().filter_map(|node| read(node, faults)).collect()
}

/// The content, and the attributes that it implies. `secure` turns false if anything is loaded without https.
fn content_of(
    kind: &str,
    node: Node<'_>,
    secure: &mut bool,
    faults: &mut Faults,
) -> Option<(CreativeContent, Vec<u32>)> {
    match kind {
        "banner" => {
            let (ad, implied) = banner::banner(node, secure, faults)?;
            Some((CreativeContent::Banner(ad), implied))
        }
        "native" => Some((CreativeContent::Native(native::native(node, secure, faults)?), Vec::new())),
        "video" => Some((CreativeContent::Video(av::video(node, secure, faults)?), Vec::new())),
        _ => Some((CreativeContent::Audio(av::audio(node, secure, faults)?), Vec::new())),
    }
}

/// Whether a skip button is shown depends on the player, so it is not written as an attribute.
fn check_skip_button(object: Object<'_>, content: &CreativeContent, attributes: &[u32], faults: &mut Faults) {
    let (CreativeContent::Video(ad) | CreativeContent::Audio(ad)) = content else { return };
    if attributes.contains(&SKIP_BUTTON) {
        let node = object.get("attributes").unwrap_or_else(|| object.node());
        let fault = node.error(format!("must not have {SKIP_BUTTON} (skip button)"));
        let hint = match ad {
            AvAd { played: Played::Overlay(_), .. } => "an overlay is closed, not skipped",
            _ => "write `\"skippable_after\": \"5s\"` beside `duration`",
        };
        faults.push(fault.hint(hint));
    }
}

/// HTML has links of its own, which we do not look for.
fn check_click_trackers(object: Object<'_>, content: &CreativeContent, faults: &mut Faults) {
    let CreativeContent::Banner(BannerAd { body: BannerBody::Html(_), .. }) = content else { return };
    if let Some(node) = object.get("trackers").and_then(|node| node.peek("click")) {
        let fault = node.warning("is not called: the links of `html` are its own");
        faults.push(fault.hint("call it from the markup"));
    }
}

/// A list of blocked categories may mean any creative that has none.
fn warn_of_unlabelled(object: Object<'_>, faults: &mut Faults) {
    let fault = match object.get("categories") {
        Some(node) => node.warning("names no category"),
        None => object.node().warning("has no `categories`"),
    };
    faults.push(fault.hint("it is not bid wherever a request blocks categories, which most do"));
}

/// A warning for the first macro in `text` that neither we nor the exchange replace. Other scripts' `${name}`
/// is none, for macros are in capitals.
fn check_macros(node: Node<'_>, text: &str, faults: &mut Faults) {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    let capitals = |name: &&str| {
        !name.is_empty() && name.len() <= 40 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    };
    let mut unknown =
        names.filter(capitals).filter(|name| !name.starts_with("AUCTION_") && !MACROS.contains(name));
    if let Some(name) = unknown.next() {
        let fault = node.warning(format!("has `${{{name}}}`, which is none of our macros"));
        faults.push(match suggestion(name, MACROS) {
            Some(near) => fault.hint(format!("did you mean `${{{near}}}`?")),
            None => fault.hint(format!("known are {}", MACROS.join(", "))),
        });
    }
}

/// An address that stands in the markup: of what is loaded with the ad, or linked from it.
fn loaded(node: Node<'_>, secure: &mut bool, faults: &mut Faults) -> Option<String> {
    let address = asset(node, faults)?;
    *secure &= address.secure;
    Some(address.url)
}

/// Width and height, as `300x250`.
fn size(node: Node<'_>, faults: &mut Faults) -> Option<(u32, u32)> {
    let text = node.text(faults)?;
    let pixels = |text: &str| {
        let fits = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|pixels| fits && (1..=PIXELS_MAX).contains(pixels))
    };
    let size = text.split_once('x').and_then(|(width, height)| Some((pixels(width)?, pixels(height)?)));
    size.or_else(|| {
        let fault = node.error(format!("is not a size, got {}", node.echo()));
        faults.refuse(fault.hint(format!("width and height in pixels, 1 to {PIXELS_MAX}, as `300x250`")))
    })
}
