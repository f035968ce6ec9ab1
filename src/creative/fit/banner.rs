//! Banners, and the companions of a video, which are offered as banners are. OpenRTB 2.6, 3.2.6 and 3.2.10.

use crate::campaign::{BannerAd, BannerBody, Companion, Creative};
use crate::creative::mime::{takes, takes_image};
use crate::creative::{BannerPlacement, Misfit};
use crate::openrtb::{Banner, Format};

/// `btype`: a picture in a link.
const XHTML_BANNER: u32 = 2;
/// `btype`: anything with a script.
const JAVASCRIPT: u32 = 3;
/// `btype`: anything with an iframe.
const IFRAME: u32 = 4;

pub(super) fn fit_banner<'a>(
    creative: &Creative,
    ad: &'a BannerAd,
    banner: &Banner<'_>,
) -> Result<BannerPlacement<'a>, Misfit> {
    let own = (ad.width, ad.height);
    let size = Size::taken(own, ad.flexible, banner);
    let Size { width, height, ratio } = size.ok_or(Misfit::Size { width: own.0, height: own.1 })?;
    if let Some(blocked) = blocked_type(&ad.body, banner.btype) {
        return Err(Misfit::BlockedType(blocked));
    }
    if !mime_taken(&ad.body, banner.mimes) {
        return Err(Misfit::Mime);
    }
    if !may_expand(creative, ad, banner) {
        return Err(Misfit::Expansion);
    }
    let script = !banner.btype.contains(&JAVASCRIPT);
    Ok(BannerPlacement { body: &ad.body, width, height, ratio, script })
}

/// True if `companion` may stand in the place that `banner` offers; `kinds` are those of `companiontype`.
pub(super) fn takes_companion(companion: &Companion, banner: &Banner<'_>, kinds: &[u32]) -> bool {
    const STATIC: u32 = 1;
    const HTML: u32 = 2;
    let kind = match companion.body {
        BannerBody::Image(_) => STATIC,
        BannerBody::Html(_) => HTML,
    };
    let own = (companion.width, companion.height);
    (kinds.is_empty() || kinds.contains(&kind))
        && Size::taken(own, false, banner).is_some_and(|size| size.ratio.is_none())
        && blocked_type(&companion.body, banner.btype).is_none()
        && mime_taken(&companion.body, banner.mimes)
}

fn mime_taken(body: &BannerBody, mimes: &[&str]) -> bool {
    mimes.is_empty()
        // A picture is written as HTML, so where HTML is taken, it is.
        || takes(mimes, "text/html")
        || matches!(body, BannerBody::Image(url) if takes_image(mimes, url))
}

/// True of an ad that stays as it is. One that expands needs every direction listed; and within an iframe a
/// framework that resizes it.
fn may_expand(creative: &Creative, ad: &BannerAd, banner: &Banner<'_>) -> bool {
    if ad.expands.is_empty() {
        return true;
    }
    let resized = creative.apis.iter().any(|api| banner.api.contains(api));
    ad.expands.iter().all(|direction| banner.expdir.contains(direction))
        && (banner.topframe != Some(false) || resized)
}

/// A size to show an ad in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
    /// That of the flexible size chosen.
    ratio: Option<(u32, u32)>,
}

impl Size {
    /// The size in which `banner` takes an ad of `own` pixels: its own before another one, an exact one before
    /// a ratio. A side that is not told is any within the range; a list without any size takes all.
    fn taken(own: (u32, u32), flexible: bool, banner: &Banner<'_>) -> Option<Self> {
        let (formats, (width, height)) = (banner.format, own);
        if banner.range.is_some_and(|range| !range.holds(width, height)) {
            return None;
        }
        let own = Self { width, height, ratio: None };
        let side = |told: u32, ours: u32| told == 0 || told == ours;
        let fixed = |format: &&Format| format.w > 0 || format.h > 0;
        let by_ratio = |format: &&Format| format.wratio > 0 && format.hratio > 0;
        // Half a ratio is a size that nobody can tell, and not one that takes all.
        let sized = |format: &Format| fixed(&format) || format.wratio > 0 || format.hratio > 0;
        if !formats.iter().any(sized) {
            return Some(own);
        }
        let mut exact = formats.iter().filter(fixed);
        if exact.any(|format| side(format.w, width) && side(format.h, height)) {
            return Some(own);
        }
        let alike = |w: u32, h: u32| u64::from(width) * u64::from(h) == u64::from(height) * u64::from(w);
        if flexible {
            let mut scaled = formats.iter().filter(|format| format.w > 0 && format.h > 0);
            if let Some(format) = scaled.find(|format| alike(format.w, format.h)) {
                return Some(Self { width: format.w, height: format.h, ratio: None });
            }
        }
        let mut of_ratio =
            formats.iter().filter(by_ratio).filter(|format| alike(format.wratio, format.hratio));
        let format = of_ratio.find(|format| flexible || width >= format.wmin)?;
        let wide = width.max(format.wmin);
        let high = u64::from(wide) * u64::from(height) / u64::from(width.max(1));
        let high = if wide == width { height } else { u32::try_from(high).unwrap_or(u32::MAX) };
        Some(Self { width: wide, height: high, ratio: Some((format.wratio, format.hratio)) })
    }
}

/// The blocked type that the body is of. Its text is read only where its answer matters.
fn blocked_type(body: &BannerBody, btype: &[u32]) -> Option<u32> {
    let blocks = |code| btype.contains(&code);
    match body {
        BannerBody::Image(_) => blocks(XHTML_BANNER).then_some(XHTML_BANNER),
        BannerBody::Html(html) => {
            if !(blocks(XHTML_BANNER) || blocks(JAVASCRIPT) || blocks(IFRAME)) {
                return None;
            }
            let own = if has_tag(html, "<script") { JAVASCRIPT } else { XHTML_BANNER };
            if blocks(own) {
                return Some(own);
            }
            (blocks(IFRAME) && has_tag(html, "<iframe")).then_some(IFRAME)
        }
    }
}

fn has_tag(html: &str, tag: &str) -> bool {
    html.as_bytes().windows(tag.len()).any(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}
