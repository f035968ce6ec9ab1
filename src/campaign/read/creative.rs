//! Creatives.

use crate::campaign::read::address::{Address, address, asset};
use crate::campaign::read::amount::span;
use crate::campaign::read::categories::creative_categories;
use crate::campaign::read::reach::check_size;
use crate::campaign::read::targeting::language;
use crate::campaign::{BannerBody, Creative, CreativeContent, Image, MediaFile};
use crate::document::{Faults, Node, Object};
use crate::units::CreativeId;

const KEYS: [&str; 12] = [
    "id",
    "landing_page",
    "categories",
    "attributes",
    "language",
    "bundle",
    "preview",
    "banner",
    "video",
    "audio",
    "native",
    "name",
];
/// What `bid.crid` may hold: Google refuses longer ones.
const CRID_BYTES_MAX: usize = 128;
/// A banner's markup; it goes out with every bid.
const HTML_CHARS_MAX: usize = 16_384;
/// Pixels, kbit/s and seconds that no screen, line or viewer exceeds.
const PIXELS_MAX: u32 = 10_000;
const BITRATE_MAX: u32 = 200_000;
const SECONDS_MAX: i64 = 3_600;
/// Where the click goes, in a banner's markup.
const CLICK_MACRO: &str = "${CLICK_URL}";

/// The creative here, of the campaign `campaign`; its index into the catalog is set later.
pub(in crate::campaign) fn creative(node: Node<'_>, campaign: &str, faults: &mut Faults) -> Option<Creative> {
    let object = node.object(&KEYS, faults)?;
    let slug = object.require("id", faults).and_then(|node| node.slug(faults));
    let landing_page = object.require("landing_page", faults).and_then(|node| landing_page(node, faults));
    let categories = object.get("categories").map(|node| creative_categories(node, faults));
    let attributes = each(object, "attributes", faults, |node, faults| node.integer(1..=500, faults));
    let language = object.get("language").map(|node| language(node, faults));
    let bundle = object.get("bundle").map(|node| node.line(256, faults));
    let preview = object.get("preview").map(|node| asset(node, faults));
    let content = object.one_of(&["banner", "video", "audio", "native"], faults);
    let content = content.and_then(|(kind, node)| content_of(kind, node, faults));
    let slug = slug?;
    let crid = format!("{campaign}/{slug}");
    if crid.len() > CRID_BYTES_MAX {
        let problem = format!("makes the creative's id longer than {CRID_BYTES_MAX} bytes: {crid}");
        return faults.refuse(node.error(problem).hint("shorten the id of the campaign or of the creative"));
    }
    let (content, is_secure) = content?;
    let (categories, coverage) = categories.flatten().unwrap_or_default();
    let preview = preview.flatten();
    Some(Creative {
        id: CreativeId::from_slug(&crid),
        slug: slug.into(),
        crid,
        campaign: 0,
        content,
        landing_page: landing_page?,
        categories,
        coverage,
        attributes,
        language: language.flatten(),
        bundle: bundle.flatten().map(str::to_string),
        secure: is_secure && preview.as_ref().is_none_or(|preview| preview.secure),
        preview: preview.map(|preview| preview.url),
    })
}

fn landing_page(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    let page = address(node, faults)?;
    if !page.secure {
        faults.push(node.warning("is not https").hint("browsers warn of such pages: serve it over https"));
    }
    Some(page.url)
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

/// The content, and whether all its addresses are https.
fn content_of(kind: &str, node: Node<'_>, faults: &mut Faults) -> Option<(CreativeContent, bool)> {
    match kind {
        "banner" => banner(node, faults),
        "native" => native(node, faults),
        _ => playable(node, kind == "video", faults),
    }
}

fn banner(node: Node<'_>, faults: &mut Faults) -> Option<(CreativeContent, bool)> {
    let object = node.object(&["size", "image", "html"], faults)?;
    let size_node = object.require("size", faults);
    let size = size_node.and_then(|node| size(node, faults));
    if let (Some(node), Some(size)) = (size_node, size) {
        check_size(node, size, faults);
    }
    let (kind, body) = object.one_of(&["image", "html"], faults)?;
    let (body, is_secure) = match kind {
        "image" => {
            let Address { url, secure } = asset(body, faults)?;
            (BannerBody::Image(url), secure)
        }
        _ => html(body, faults)?,
    };
    let (width, height) = size?;
    Some((CreativeContent::Banner { width, height, body }, is_secure))
}

fn html(node: Node<'_>, faults: &mut Faults) -> Option<(BannerBody, bool)> {
    let html = node.text(faults)?;
    let chars = html.chars().count();
    if chars == 0 || chars > HTML_CHARS_MAX {
        let problem = format!("must have 1 to {HTML_CHARS_MAX} characters, has {chars}");
        return faults.refuse(node.error(problem).hint("load what is longer from your server"));
    }
    if !html.contains(CLICK_MACRO) {
        let fault = node.warning(format!("has no `{CLICK_MACRO}`: clicks will not be counted"));
        faults.push(fault.hint(format!("link to `{CLICK_MACRO}`, it leads to the landing page")));
    }
    // The names of XML namespaces look like addresses, but nothing is fetched from there.
    let is_secure = !html.replace("http://www.w3.org/", "").contains("http://");
    if !is_secure {
        let fault = node.warning("has an address that is not https: the ad will not serve on secure pages");
        faults.push(fault.hint("serve it over https"));
    }
    Some((BannerBody::Html(html.into()), is_secure))
}

fn playable(node: Node<'_>, is_video: bool, faults: &mut Faults) -> Option<(CreativeContent, bool)> {
    let object = node.object(&["duration", "media"], faults)?;
    let duration = object.require("duration", faults).and_then(|node| seconds(node, faults));
    let media_node = object.require("media", faults)?;
    let nodes = media_node.one_or_more(faults)?;
    let files: Vec<_> = nodes.into_iter().map(|node| media_file(node, is_video, faults)).collect();
    let files: Vec<(MediaFile, bool)> = files.into_iter().collect::<Option<_>>()?;
    let is_secure = files.iter().all(|(_, is_secure)| *is_secure);
    let media = files.into_iter().map(|(file, _)| file).collect();
    let duration = duration?;
    let content = match is_video {
        true => CreativeContent::Video { duration, media },
        false => CreativeContent::Audio { duration, media },
    };
    Some((content, is_secure))
}

/// A whole number of seconds, as `15s`.
fn seconds(node: Node<'_>, faults: &mut Faults) -> Option<u32> {
    let seconds = span(node, faults)?.raw() / 1_000;
    let fits = u32::try_from(seconds).ok().filter(|_| seconds <= SECONDS_MAX);
    fits.or_else(|| faults.refuse(node.error(format!("must be at most {SECONDS_MAX}s, got {}", node.echo()))))
}

fn media_file(node: Node<'_>, is_video: bool, faults: &mut Faults) -> Option<(MediaFile, bool)> {
    let (keys, medium): (&[&str], _) = match is_video {
        true => (&["url", "mime", "bitrate", "size"], "video/"),
        false => (&["url", "mime", "bitrate"], "audio/"),
    };
    let object = node.object(keys, faults)?;
    let file = object.require("url", faults).and_then(|node| asset(node, faults));
    let bitrate = object.require("bitrate", faults).and_then(|node| node.integer(1..=BITRATE_MAX, faults));
    let size = match is_video {
        true => object.require("size", faults).and_then(|node| size(node, faults)),
        false => Some((0, 0)),
    };
    let mime_node = object.require("mime", faults)?;
    let mime = mime_node.line(100, faults)?.to_lowercase();
    if !mime.starts_with(medium) {
        let fault = mime_node.error(format!("must begin with `{medium}`, got {}", mime_node.echo()));
        return faults.refuse(fault.hint(format!("as `{medium}mp4`")));
    }
    let (Address { url, secure }, (width, height)) = (file?, size?);
    Some((MediaFile { url, mime, width, height, bitrate: bitrate? }, secure))
}

fn native(node: Node<'_>, faults: &mut Faults) -> Option<(CreativeContent, bool)> {
    let keys = ["title", "description", "sponsored_by", "call_to_action", "rating", "icon", "image"];
    let object = node.object(&keys, faults)?;
    let mut text = |key: &str, chars_max: usize| {
        let node = object.get(key)?;
        node.line(chars_max, faults).map(str::to_string)
    };
    let (title, description) = (text("title", 140), text("description", 300));
    let (sponsored_by, call_to_action) = (text("sponsored_by", 100), text("call_to_action", 50));
    let rating = object.get("rating").and_then(|node| {
        node.float(0.0..=5.0, faults)?;
        node.number_text(faults).map(str::to_string)
    });
    let icon = object.get("icon").and_then(|node| image(node, faults));
    let image = object.get("image").and_then(|node| image(node, faults));
    object.require("title", faults)?;
    let is_secure = icon.iter().chain(&image).all(|(_, is_secure)| *is_secure);
    let content = CreativeContent::Native {
        title: title?,
        description,
        sponsored_by,
        call_to_action,
        rating,
        icon: icon.map(|(icon, _)| icon),
        image: image.map(|(image, _)| image),
    };
    Some((content, is_secure))
}

fn image(node: Node<'_>, faults: &mut Faults) -> Option<(Image, bool)> {
    let object = node.object(&["url", "size"], faults)?;
    let file = object.require("url", faults).and_then(|node| asset(node, faults));
    let size = object.require("size", faults).and_then(|node| size(node, faults));
    let (Address { url, secure }, (width, height)) = (file?, size?);
    Some((Image { url, width, height }, secure))
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
