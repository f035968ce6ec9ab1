//! Video and audio. OpenRTB 2.6, 3.2.7, 3.2.8 and 7.4.

use std::ops::RangeInclusive;

use crate::campaign::{AvAd, BannerBody, Companion, MediaFile, Played, Wrapper};
use crate::creative::fit::banner::takes_companion;
use crate::creative::mime::{takes, takes_image, takes_untold};
use crate::creative::placement::Shown;
use crate::creative::skip::{SKIP_BUTTON, Skip};
use crate::creative::{AvPlacement, Misfit, Vast};
use crate::openrtb::Av;

/// `linearity`: what plays instead of the content.
const LINEAR: u32 = 1;
/// `linearity`: what stands over it.
const NON_LINEAR: u32 = 2;
/// The older `placement` without content to stand over: in banner, in article, in feed.
const NO_CONTENT: [u32; 3] = [2, 3, 4];
/// `plcmt`: standalone, without content.
const STANDALONE: u32 = 4;

/// How `ad` is shown by the player that `av` describes. `rewarded` tells that the user earns a reward.
///
/// A slot of a pod is fit like any other: each ad of a dynamic pod must be as short as the pod. What is not known
/// of a third party's answer restricts nothing.
pub(in crate::creative) fn fit_av<'a>(
    ad: &'a AvAd,
    av: &Av<'_>,
    rewarded: bool,
) -> Result<AvPlacement<'a>, Misfit> {
    let overlay = matches!(ad.played, Played::Overlay(_));
    if !linearity_taken(overlay, av) || (overlay && rewarded) {
        return Err(Misfit::Linearity { overlay });
    }
    let vast = version(&ad.played, av).ok_or(Misfit::Protocol)?;
    if !in_time(ad.duration, av) {
        return Err(Misfit::Duration { seconds: ad.duration });
    }
    let brings = ad.skippable_after.is_some();
    let (shown, skip) = match &ad.played {
        Played::Media(files) => {
            let skip = Skip::of_files(ad.skippable_after, ad.duration, vast, av, rewarded);
            (Shown::Files { files, fitting: fitting(files, av)? }, skip)
        }
        Played::Wrapper(wrapper) => (Shown::Wrapper(fit_wrapper(wrapper, av)?), Skip::of_wrapper(brings, av)),
        Played::Overlay(overlay) => (Shown::Overlay(fit_overlay(overlay, av)?), Skip::Never),
    };
    if skip.is_declared() && av.battr.contains(&SKIP_BUTTON) {
        return Err(Misfit::BlockedAttribute(SKIP_BUTTON));
    }
    if rewarded && skip == Skip::Foreign {
        return Err(Misfit::Skippable);
    }
    Ok(AvPlacement {
        vast,
        duration: ad.duration,
        shown,
        player: (av.w, av.h),
        skip,
        companions: &ad.companions,
        beside: beside(&ad.companions, av),
    })
}

/// An overlay needs content to stand over.
fn linearity_taken(overlay: bool, av: &Av<'_>) -> bool {
    match (overlay, av.linearity) {
        (true, Some(told)) => told == NON_LINEAR,
        (true, None) => {
            let no_content = av.placement.is_some_and(|placement| NO_CONTENT.contains(&placement));
            av.plcmt != Some(STANDALONE) && (av.plcmt.is_some() || !no_content)
        }
        (false, told) => told.is_none_or(|told| told == LINEAR),
    }
}

/// The version to write. Behind a wrapper the player must read at least one version that the third party is
/// known to answer in.
fn version(played: &Played, av: &Av<'_>) -> Option<Vast> {
    let Played::Wrapper(wrapper) = played else { return Vast::newest(av.protocols) };
    let vast = Vast::newest_wrapper(av.protocols)?;
    let read = |own: &u32| av.protocols.contains(own);
    let readable = wrapper.protocols.is_empty() || wrapper.protocols.iter().any(read);
    (av.protocols.is_empty() || readable).then_some(vast)
}

fn in_time(duration: u32, av: &Av<'_>) -> bool {
    let within_pod = av.pod.and_then(|pod| pod.poddur).is_none_or(|whole| duration <= whole);
    let within_slot = if av.rqddurs.is_empty() {
        let most = av.maxduration.map(|most| most.saturating_add(av.maxextended));
        duration >= av.minduration && most.is_none_or(|most| duration <= most)
    } else {
        av.rqddurs.contains(&duration)
    };
    within_pod && within_slot
}

/// The files that fit, as bits. If there are none: what the file that came furthest failed at.
fn fitting(files: &[MediaFile], av: &Av<'_>) -> Result<u64, Misfit> {
    let mut bits = 0u64;
    let (mut furthest, mut reached) = (Misfit::Mime, 0);
    for (at, file) in files.iter().enumerate().take(64) {
        let checks = [
            (av.mimes.is_empty() || takes(av.mimes, &file.mime), Misfit::Mime),
            (delivered(file, av.delivery), Misfit::Delivery),
            (rate_taken(&file.bitrate, av), Misfit::BitRate),
            (av.boxingallowed || same_aspect(file, av), Misfit::Aspect),
        ];
        match checks.iter().position(|(holds, _)| !holds) {
            None => bits |= 1 << at,
            Some(failed) if failed >= reached => (furthest, reached) = (checks[failed].1, failed),
            Some(_) => {}
        }
    }
    if bits == 0 { Err(furthest) } else { Ok(bits) }
}

/// `delivery`: a stream is streamed (1); a file is played as it loads (2), or loaded first (3). Zero is no code of
/// the list: some write it for "not known".
fn delivered(file: &MediaFile, methods: &[u32]) -> bool {
    let takes = |method: &u32| if file.streaming { *method == 1 } else { matches!(method, 2 | 3) };
    methods.iter().all(|method| *method == 0) || methods.iter().any(takes)
}

/// True if one of the rates is within the offer's; a rate of zero is one that is not told.
fn rate_taken(rates: &RangeInclusive<u32>, av: &Av<'_>) -> bool {
    *rates.end() == 0
        || (*rates.end() >= av.minbitrate && av.maxbitrate.is_none_or(|most| *rates.start() <= most))
}

/// True also where the player or the file has no size.
fn same_aspect(file: &MediaFile, av: &Av<'_>) -> bool {
    let (Some(w), Some(h)) = (av.w, av.h) else { return true };
    u64::from(w) * u64::from(file.height) == u64::from(h) * u64::from(file.width)
}

fn fit_wrapper<'a>(wrapper: &'a Wrapper, av: &Av<'_>) -> Result<&'a Wrapper, Misfit> {
    let taken = (wrapper.mimes.is_empty() && takes_untold(av.mimes))
        || av.mimes.is_empty()
        || wrapper.mimes.iter().any(|mime| takes(av.mimes, mime));
    if !taken {
        return Err(Misfit::Mime);
    }
    if wrapper.bitrate.as_ref().is_some_and(|rates| !rate_taken(rates, av)) {
        return Err(Misfit::BitRate);
    }
    Ok(wrapper)
}

fn fit_overlay<'a>(overlay: &'a Companion, av: &Av<'_>) -> Result<&'a Companion, Misfit> {
    let Companion { width, height, ref body } = *overlay;
    if av.w.is_some_and(|w| width > w) || av.h.is_some_and(|h| height > h) {
        return Err(Misfit::Size { width, height });
    }
    let taken = match body {
        BannerBody::Image(url) => takes_image(av.mimes, url),
        BannerBody::Html(_) => av.mimes.is_empty() || takes(av.mimes, "text/html"),
    };
    if taken { Ok(overlay) } else { Err(Misfit::Mime) }
}

/// The companions that one of the places offered takes, as bits.
fn beside(companions: &[Companion], av: &Av<'_>) -> u32 {
    let taken = |companion: &Companion| {
        av.companionad.iter().any(|banner| takes_companion(companion, banner, av.companiontype))
    };
    let bits = companions.iter().take(32).enumerate().filter(|(_, companion)| taken(companion));
    bits.fold(0, |bits, (at, _)| bits | 1 << at)
}
