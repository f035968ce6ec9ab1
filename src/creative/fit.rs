//! Whether and how a creative fits an impression. Allocates nothing.

mod av;
mod banner;
mod native;
#[cfg(test)]
mod tests;

use crate::campaign::{Creative, CreativeContent};
use crate::creative::{Form, Misfit, Placement};
use crate::openrtb::{Imp, MediaType};

pub(super) use crate::creative::fit::av::fit_av;

/// How `creative` is shown on `imp`.
///
/// Looks at the medium, sizes, types, attributes, frameworks, MIME types, protocols, durations, bit rates,
/// skipping and security; not at categories, languages and advertisers, which are the campaign's and not the
/// markup's, nor at where the impression stands (`plcmt`, `startdelay`, `instl`), which targeting chooses: an
/// interstitial is a banner of its formats. An attribute that the request leaves out restricts nothing, but for
/// frameworks and for directions of expansion: those not listed are not supported (3.2.6).
///
/// # Errors
///
/// The first [`Misfit`] found.
pub fn fit<'a>(creative: &'a Creative, imp: &Imp<'a>) -> Result<Placement<'a>, Misfit> {
    let unoffered = Misfit::WrongFormat;
    let (form, api) = match &creative.content {
        CreativeContent::Banner(ad) => {
            let banner = imp.banner.as_ref().ok_or(unoffered(MediaType::Banner))?;
            unblocked(creative, banner.battr)?;
            (Form::Banner(banner::fit_banner(creative, ad, banner)?), banner.api)
        }
        CreativeContent::Video(ad) => {
            let video = imp.video.as_ref().ok_or(unoffered(MediaType::Video))?;
            unblocked(creative, video.battr)?;
            (Form::Video(fit_av(ad, video, imp.rwdd)?), video.api)
        }
        CreativeContent::Audio(ad) => {
            let audio = imp.audio.as_ref().ok_or(unoffered(MediaType::Audio))?;
            unblocked(creative, audio.battr)?;
            (Form::Audio(fit_av(ad, audio, imp.rwdd)?), audio.api)
        }
        CreativeContent::Native(ad) => {
            let native = imp.native.as_ref().ok_or(unoffered(MediaType::Native))?;
            unblocked(creative, native.battr)?;
            (Form::Native(native::fit_native(ad, native)?), native.api)
        }
    };
    if !creative.apis.is_empty() && !creative.apis.iter().any(|own| api.contains(own)) {
        return Err(Misfit::Api);
    }
    if imp.secure == Some(true) && !creative.secure {
        return Err(Misfit::NotSecure);
    }
    Ok(Placement { creative, form, api })
}

fn unblocked(creative: &Creative, battr: &[u32]) -> Result<(), Misfit> {
    match creative.attributes.iter().find(|attribute| battr.contains(attribute)) {
        Some(&attribute) => Err(Misfit::BlockedAttribute(attribute)),
        None => Ok(()),
    }
}
