//! Whether and how a creative fits an impression. Allocates nothing.

use crate::campaign::{BannerBody, Creative, CreativeContent, MediaFile};
use crate::creative::assets::{answer, takes, takes_image};
use crate::creative::{AvPlacement, BannerPlacement, Misfit, NativePlacement, Placement, Vast};
use crate::openrtb::{Av, Banner, Format, Imp, MediaType, Native};

/// `btype`: a picture in a link.
const XHTML_BANNER: u32 = 2;
/// `btype`: anything with a script.
const JAVASCRIPT: u32 = 3;
/// `btype`: anything with an iframe.
const IFRAME: u32 = 4;

/// How `creative` is shown on `imp`.
///
/// Looks at the medium, sizes, types, attributes, MIME types, protocols, durations, bit rates and
/// security; not at categories, languages and advertisers, which are the campaign's and not the
/// markup's. An attribute that the request leaves out restricts nothing. Our markup needs no API.
///
/// # Errors
///
/// The first [`Misfit`] found.
pub fn fit<'a>(creative: &'a Creative, imp: &Imp<'a>) -> Result<Placement<'a>, Misfit> {
    let unoffered = Misfit::WrongFormat;
    let placement = match &creative.content {
        CreativeContent::Banner { width, height, body } => {
            let banner = imp.banner.as_ref().ok_or(unoffered(MediaType::Banner))?;
            unblocked(creative, banner.battr)?;
            Placement::Banner(fit_banner(*width, *height, body, banner)?)
        }
        CreativeContent::Video { duration, media } => {
            let video = imp.video.as_ref().ok_or(unoffered(MediaType::Video))?;
            unblocked(creative, video.battr)?;
            Placement::Video(fit_av(*duration, media, video)?)
        }
        CreativeContent::Audio { duration, media } => {
            let audio = imp.audio.as_ref().ok_or(unoffered(MediaType::Audio))?;
            unblocked(creative, audio.battr)?;
            Placement::Audio(fit_av(*duration, media, audio)?)
        }
        content @ CreativeContent::Native { .. } => {
            let native = imp.native.as_ref().ok_or(unoffered(MediaType::Native))?;
            unblocked(creative, native.battr)?;
            Placement::Native(fit_native(content, native)?)
        }
    };
    if imp.secure == Some(true) && !creative.secure {
        return Err(Misfit::NotSecure);
    }
    Ok(placement)
}

fn unblocked(creative: &Creative, battr: &[u32]) -> Result<(), Misfit> {
    match creative.attributes.iter().find(|attribute| battr.contains(attribute)) {
        Some(&attribute) => Err(Misfit::BlockedAttribute(attribute)),
        None => Ok(()),
    }
}

fn fit_banner<'a>(
    width: u32,
    height: u32,
    body: &'a BannerBody,
    banner: &Banner<'_>,
) -> Result<BannerPlacement<'a>, Misfit> {
    let ratio = fit_size(width, height, banner.format).ok_or(Misfit::Size { width, height })?;
    if let Some(blocked) = blocked_type(body, banner.btype) {
        return Err(Misfit::BlockedType(blocked));
    }
    let mime_taken = banner.mimes.is_empty()
        // A picture is written as HTML, so where HTML is taken, it is.
        || takes(banner.mimes, "text/html")
        || matches!(body, BannerBody::Image(url) if takes_image(banner.mimes, url));
    if !mime_taken {
        return Err(Misfit::Mime);
    }
    let script = !banner.btype.contains(&JAVASCRIPT);
    Ok(BannerPlacement { body, width, height, ratio, script })
}

/// The ratio of the size that takes ours, `None` in it if the size is exact; exact ones go first.
///
/// A side that is not told is any; a list without any size takes all.
#[expect(clippy::option_option, reason = "outer: whether it fits; inner: as a ratio or not")]
fn fit_size(width: u32, height: u32, formats: &[Format]) -> Option<Option<(u32, u32)>> {
    let side = |told: u32, ours: u32| told == 0 || told == ours;
    let flexible = |format: &Format| format.wratio > 0 && format.hratio > 0;
    let fixed = |format: &Format| format.w > 0 || format.h > 0;
    if !formats.iter().any(|format| fixed(format) || flexible(format)) {
        return Some(None);
    }
    if formats.iter().any(|format| fixed(format) && side(format.w, width) && side(format.h, height)) {
        return Some(None);
    }
    let same_ratio = |format: &&Format| {
        u64::from(width) * u64::from(format.hratio) == u64::from(height) * u64::from(format.wratio)
    };
    let wide = |format: &&Format| width >= format.wmin;
    let format = formats.iter().filter(|format| flexible(format)).filter(same_ratio).find(wide)?;
    Some(Some((format.wratio, format.hratio)))
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

fn fit_av<'a>(duration: u32, media: &'a [MediaFile], av: &Av<'_>) -> Result<AvPlacement<'a>, Misfit> {
    if av.linearity == Some(2) {
        return Err(Misfit::Linearity);
    }
    let vast = Vast::newest(av.protocols).ok_or(Misfit::Protocol)?;
    let in_time = if av.rqddurs.is_empty() {
        duration >= av.minduration && av.maxduration.is_none_or(|most| duration <= most)
    } else {
        av.rqddurs.contains(&duration)
    };
    if !in_time {
        return Err(Misfit::Duration { seconds: duration });
    }
    // Streaming alone is what a progressive file cannot do; it can be downloaded.
    if !av.delivery.is_empty() && av.delivery.iter().all(|&method| method == 1) {
        return Err(Misfit::Delivery);
    }
    Ok(AvPlacement { vast, duration, media, fitting: fitting(media, av)?, player: (av.w, av.h) })
}

/// The files that fit, as bits. If there are none: what the file that came furthest failed at.
fn fitting(media: &[MediaFile], av: &Av<'_>) -> Result<u64, Misfit> {
    let mut bits = 0u64;
    let mut furthest = Misfit::Mime;
    for (i, file) in media.iter().enumerate().take(64) {
        if !av.mimes.is_empty() && !takes(av.mimes, &file.mime) {
            continue;
        }
        // A rate of zero is one the campaign does not tell.
        let rate = file.bitrate;
        if rate > 0 && (rate < av.minbitrate || av.maxbitrate.is_some_and(|most| rate > most)) {
            if furthest == Misfit::Mime {
                furthest = Misfit::BitRate;
            }
        } else if !av.boxingallowed && !same_aspect(file, av) {
            furthest = Misfit::Aspect;
        } else {
            bits |= 1 << i;
        }
    }
    if bits == 0 { Err(furthest) } else { Ok(bits) }
}

/// True also where the player or the file has no size.
fn same_aspect(file: &MediaFile, av: &Av<'_>) -> bool {
    let (Some(w), Some(h)) = (av.w, av.h) else { return true };
    u64::from(w) * u64::from(file.height) == u64::from(h) * u64::from(file.width)
}

fn fit_native<'a>(content: &'a CreativeContent, native: &Native<'a>) -> Result<NativePlacement<'a>, Misfit> {
    let mut answered = false;
    for asset in native.assets {
        match answer(content, asset) {
            Some(_) => answered = true,
            None if asset.required => return Err(Misfit::RequiredAsset(asset.id)),
            None => {}
        }
    }
    if !answered {
        return Err(Misfit::NoAsset);
    }
    Ok(NativePlacement {
        content,
        assets: native.assets,
        eventtrackers: native.eventtrackers,
        wrapped: native.wrapped,
    })
}

#[cfg(test)]
mod tests {
    use crate::campaign::{Creative, CreativeContent};
    use crate::creative::samples::{audio, av, banner, html, image, imp, native, native_offer, video};
    use crate::creative::{Misfit, Placement, Vast, fit};
    use crate::openrtb::{Av, Banner, Format, Imp, MediaType, NativeAsset, NativeKind, Pod};

    #[track_caller]
    fn check(creative: &Creative, imp: &Imp<'_>, want: Result<MediaType, Misfit>) {
        assert_eq!(fit(creative, imp).map(|placement| placement.medium()), want);
    }

    #[track_caller]
    fn check_banner(creative: &Creative, offer: Banner<'_>, want: Result<(), Misfit>) {
        check(creative, &Imp { banner: Some(offer), ..imp() }, want.map(|()| MediaType::Banner));
    }

    #[track_caller]
    fn check_video(offer: Av<'_>, want: Result<(), Misfit>) {
        check(&video(), &Imp { video: Some(offer), ..imp() }, want.map(|()| MediaType::Video));
    }

    fn size(w: u32, h: u32) -> Format {
        Format { w, h, wratio: 0, hratio: 0, wmin: 0 }
    }

    fn flexible(wratio: u32, hratio: u32, wmin: u32) -> Format {
        Format { w: 0, h: 0, wratio, hratio, wmin }
    }

    #[test]
    fn only_the_medium_offered_is_taken() {
        let everything = Imp {
            banner: Some(banner()),
            video: Some(av()),
            audio: Some(av()),
            native: Some(native_offer()),
            ..imp()
        };
        for (creative, medium) in [
            (image(), MediaType::Banner),
            (video(), MediaType::Video),
            (audio(), MediaType::Audio),
            (native(), MediaType::Native),
        ] {
            check(&creative, &everything, Ok(medium));
            check(&creative, &imp(), Err(Misfit::WrongFormat(medium)));
        }
    }

    #[test]
    fn a_banner_has_one_of_the_sizes() {
        let other = Misfit::Size { width: 300, height: 250 };
        for (formats, want) in [
            (vec![], Ok(())),
            (vec![size(0, 0)], Ok(())),
            (vec![size(728, 90), size(300, 250)], Ok(())),
            (vec![size(300, 0)], Ok(())),
            (vec![size(728, 90), size(250, 300)], Err(other)),
            (vec![flexible(6, 5, 300)], Ok(())),
            (vec![flexible(6, 5, 301)], Err(other)),
            (vec![flexible(4, 3, 0)], Err(other)),
        ] {
            check_banner(&image(), Banner { format: &formats, ..banner() }, want);
        }
    }

    #[test]
    fn a_flexible_size_is_answered_with_its_ratio_and_an_exact_one_without() {
        let creative = image();
        for (formats, want) in
            [(vec![flexible(6, 5, 0)], (6, 5)), (vec![flexible(6, 5, 0), size(300, 250)], (0, 0))]
        {
            let imp = Imp { banner: Some(Banner { format: &formats, ..banner() }), ..imp() };
            assert_eq!(fit(&creative, &imp).unwrap().ratio(), want);
        }
    }

    #[test]
    fn a_blocked_banner_type_is_found_in_the_markup() {
        let (plain, script) = (html("<b>x</b>"), html("<SCRIPT>x</SCRIPT>"));
        let frame = html("<p></p><IFrame src=x>");
        for (creative, btype, want) in [
            (&image(), 2, Err(Misfit::BlockedType(2))),
            (&image(), 3, Ok(())),
            (&plain, 2, Err(Misfit::BlockedType(2))),
            (&plain, 3, Ok(())),
            (&script, 3, Err(Misfit::BlockedType(3))),
            (&script, 2, Ok(())),
            (&frame, 4, Err(Misfit::BlockedType(4))),
            (&script, 4, Ok(())),
        ] {
            check_banner(creative, Banner { btype: &[btype], ..banner() }, want);
        }
    }

    #[test]
    fn where_scripts_are_blocked_ours_is_left_out() {
        let creative = image();
        for (btype, want) in [(&[3][..], false), (&[1, 4], true), (&[], true)] {
            let imp = Imp { banner: Some(Banner { btype, ..banner() }), ..imp() };
            let Ok(Placement::Banner(banner)) = fit(&creative, &imp) else { panic!("a banner fits") };
            assert_eq!(banner.script, want);
        }
    }

    #[test]
    fn a_banner_is_of_a_mime_type_taken() {
        for (creative, mimes, want) in [
            (&image(), &["image/jpeg"][..], Err(Misfit::Mime)),
            (&image(), &["image/png"], Ok(())),
            (&image(), &["TEXT/HTML"], Ok(())),
            (&html("x"), &["image/png"], Err(Misfit::Mime)),
            (&html("x"), &["text/html"], Ok(())),
            (&html("x"), &[], Ok(())),
        ] {
            check_banner(creative, Banner { mimes, ..banner() }, want);
        }
    }

    #[test]
    fn a_blocked_attribute_refuses_in_every_medium() {
        let blocked = Err(Misfit::BlockedAttribute(9));
        let mut creatives = [image(), video(), audio(), native()];
        for creative in &mut creatives {
            creative.attributes = vec![1, 9];
        }
        let [image, video, audio, native] = creatives;
        let battr = &[8, 9];
        check(&image, &Imp { banner: Some(Banner { battr, ..banner() }), ..imp() }, blocked);
        check(&video, &Imp { video: Some(Av { battr, ..av() }), ..imp() }, blocked);
        check(&audio, &Imp { audio: Some(Av { battr, ..av() }), ..imp() }, blocked);
        let mut offer = native_offer();
        offer.battr = battr;
        check(&native, &Imp { native: Some(offer), ..imp() }, blocked);
        check(
            &image,
            &Imp { banner: Some(Banner { battr: &[8], ..banner() }), ..imp() },
            Ok(MediaType::Banner),
        );
    }

    #[test]
    fn https_is_required_only_where_the_impression_says_so() {
        let mut insecure = image();
        insecure.secure = false;
        let offer = |secure| Imp { secure, banner: Some(banner()), ..imp() };
        check(&insecure, &offer(Some(true)), Err(Misfit::NotSecure));
        check(&image(), &offer(Some(true)), Ok(MediaType::Banner));
        check(&insecure, &offer(Some(false)), Ok(MediaType::Banner));
        check(&insecure, &offer(None), Ok(MediaType::Banner));
    }

    #[test]
    fn a_video_keeps_to_what_the_player_takes() {
        let seconds = Misfit::Duration { seconds: 30 };
        check_video(Av { pod: Some(Pod::default()), ..av() }, Ok(()));
        check_video(Av { linearity: Some(2), ..av() }, Err(Misfit::Linearity));
        check_video(Av { linearity: Some(1), ..av() }, Ok(()));
        check_video(Av { mimes: &["video/ogg"], ..av() }, Err(Misfit::Mime));
        check_video(Av { mimes: &["VIDEO/MP4"], ..av() }, Ok(()));
        check_video(Av { delivery: &[1], ..av() }, Err(Misfit::Delivery));
        check_video(Av { delivery: &[1, 2], ..av() }, Ok(()));
        check_video(Av { minduration: 31, ..av() }, Err(seconds));
        check_video(Av { maxduration: Some(29), ..av() }, Err(seconds));
        check_video(Av { minduration: 30, maxduration: Some(30), ..av() }, Ok(()));
        check_video(Av { rqddurs: &[15, 60], ..av() }, Err(seconds));
        check_video(Av { rqddurs: &[15, 30], maxduration: Some(15), ..av() }, Ok(()));
        check_video(Av { minbitrate: 9_000, ..av() }, Err(Misfit::BitRate));
        check_video(Av { maxbitrate: Some(100), ..av() }, Err(Misfit::BitRate));
        check_video(Av { maxbitrate: Some(1_000), ..av() }, Ok(()));
    }

    #[test]
    fn without_boxing_the_aspect_is_exact() {
        let offer = Av { boxingallowed: false, w: Some(640), ..av() };
        check_video(Av { h: Some(360), ..offer }, Ok(()));
        check_video(Av { h: Some(480), ..offer }, Err(Misfit::Aspect));
        check_video(Av { h: Some(480), boxingallowed: true, ..offer }, Ok(()));
        check_video(Av { h: None, ..offer }, Ok(()));
    }

    #[test]
    fn the_size_told_is_that_of_the_file_that_suits_the_player() {
        let creative = video();
        let told = |w, h| {
            let imp = Imp { video: Some(Av { w, h, ..av() }), ..imp() };
            fit(&creative, &imp).expect("a video fits").size()
        };
        assert_eq!(told(Some(1920), Some(1080)), (1280, 720));
        assert_eq!(told(Some(640), Some(360)), (640, 360));
        assert_eq!(told(Some(320), Some(180)), (640, 360));
        assert_eq!(told(None, None), (1280, 720));
    }

    #[test]
    fn only_the_files_that_fit_are_placed() {
        let creative = video();
        let imp = Imp { video: Some(Av { maxbitrate: Some(1_000), ..av() }), ..imp() };
        let Ok(placement @ Placement::Video(placed)) = fit(&creative, &imp) else { panic!("a video fits") };
        let CreativeContent::Video { media, .. } = &creative.content else { panic!("a video") };
        assert_eq!(placed.media().collect::<Vec<_>>(), [&media[1]]);
        assert_eq!(placement.size(), (640, 360));
        assert_eq!(placement.duration(), Some(30));
    }

    #[test]
    fn the_newest_protocol_offered_is_written() {
        for (protocols, want) in [
            (&[][..], Some(Vast::V3_0)),
            (&[2, 3, 5, 6], Some(Vast::V3_0)),
            (&[13, 2, 11, 7], Some(Vast::V4_2)),
            (&[2], Some(Vast::V2_0)),
            (&[7, 8], Some(Vast::V4_0)),
            (&[1, 4, 9, 15], None),
        ] {
            let creative = video();
            let imp = Imp { video: Some(Av { protocols, ..av() }), ..imp() };
            let got = fit(&creative, &imp).map(|placement| placement.protocol());
            assert_eq!(got, want.map(|vast| Some(vast.protocol())).ok_or(Misfit::Protocol));
        }
    }

    #[test]
    fn every_required_native_asset_is_answered() {
        let title = NativeAsset { id: 7, required: true, kind: NativeKind::Title { len: 90 } };
        let short = NativeAsset { id: 8, required: true, kind: NativeKind::Title { len: 3 } };
        let optional = NativeAsset { required: false, ..short };
        for (assets, want) in [
            (vec![title, optional], Ok(MediaType::Native)),
            (vec![title, short], Err(Misfit::RequiredAsset(8))),
            (vec![optional], Err(Misfit::NoAsset)),
        ] {
            let mut offer = native_offer();
            offer.assets = &assets;
            check(&native(), &Imp { native: Some(offer), ..imp() }, want);
        }
    }

    #[test]
    fn a_misfit_says_what_it_is_in_words() {
        for (misfit, want) in [
            (Misfit::Size { width: 300, height: 250 }, "no size offered takes 300x250"),
            (Misfit::RequiredAsset(4), "required native asset 4 cannot be answered"),
            (Misfit::WrongFormat(MediaType::Audio), "audio is not offered"),
        ] {
            assert_eq!(misfit.to_string(), want);
        }
    }
}
