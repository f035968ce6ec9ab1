//! Every misfit, beside what fits.

use crate::campaign::{AvAd, BannerBody, Companion, Creative, CreativeContent, Played, Wrapper};
use crate::creative::samples::{
    audio, av, banner, companion, file, html, html_with, image, imp, native, native_ad, native_offer,
    overlay, video, video_ad, video_with, wrapped, wrapper,
};
use crate::creative::{Disclosure, Form, Misfit, Vast, fit};
use crate::openrtb::{
    Av, Banner, Format, Imp, MediaType, Native, NativeAsset, NativeKind, Pod, SizeRange, UNKNOWN_CODE,
    UNREADABLE,
};

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
        (vec![flexible(6, 0, 0)], Err(other)),
    ] {
        check_banner(&image(), Banner { format: &formats, ..banner() }, want);
    }
}

#[test]
fn a_banner_without_sizes_is_within_the_range() {
    let other = Misfit::Size { width: 300, height: 250 };
    for ((wmin, wmax), (hmin, hmax), want) in [
        ((300, Some(300)), (250, Some(250)), Ok(())),
        ((0, None), (0, Some(250)), Ok(())),
        ((728, Some(728)), (90, Some(90)), Err(other)),
        ((301, None), (0, None), Err(other)),
        ((0, Some(299)), (0, None), Err(other)),
        ((0, None), (251, None), Err(other)),
        ((0, None), (0, Some(249)), Err(other)),
        ((400, Some(200)), (0, None), Err(other)),
    ] {
        let range = SizeRange { wmin, wmax, hmin, hmax };
        let range = Some(&range);
        check_banner(&image(), Banner { range, ..banner() }, want);
        check_banner(&image(), Banner { range, format: &[size(300, 0)], ..banner() }, want);
    }
}

#[test]
fn what_can_be_read_of_no_list_takes_nothing() {
    let (types, codes) = ([UNREADABLE], [UNKNOWN_CODE]);
    check_banner(&image(), Banner { mimes: &types, ..banner() }, Err(Misfit::Mime));
    check_banner(&image(), Banner { mimes: &[], ..banner() }, Ok(()));
    check_video(Av { mimes: &types, ..av() }, Err(Misfit::Mime));
    check_video(Av { delivery: &codes, ..av() }, Err(Misfit::Delivery));
    check_video(Av { delivery: &[], ..av() }, Ok(()));
    for fits in [
        fit(&video(), &Imp { video: Some(Av { protocols: &codes, ..av() }), ..imp() }).is_ok(),
        fit(&video(), &Imp { video: Some(Av { rqddurs: &codes, ..av() }), ..imp() }).is_ok(),
    ] {
        assert!(!fits);
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
        let Form::Banner(banner) = fit(&creative, &imp).unwrap().form else { panic!("a banner") };
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
    check(&image, &Imp { banner: Some(Banner { battr: &[8], ..banner() }), ..imp() }, Ok(MediaType::Banner));
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
    check_video(Av { linearity: Some(2), ..av() }, Err(Misfit::Linearity { overlay: false }));
    check_video(Av { linearity: Some(1), ..av() }, Ok(()));
    check_video(Av { mimes: &["video/ogg"], ..av() }, Err(Misfit::Mime));
    check_video(Av { mimes: &["VIDEO/MP4"], ..av() }, Ok(()));
    check_video(Av { delivery: &[1], ..av() }, Err(Misfit::Delivery));
    check_video(Av { delivery: &[1, 2], ..av() }, Ok(()));
    check_video(Av { delivery: &[0], ..av() }, Ok(()));
    check_video(Av { delivery: &[1, u32::MAX], ..av() }, Err(Misfit::Delivery));
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
    let placement = fit(&creative, &imp).unwrap();
    let Form::Video(placed) = placement.form else { panic!("a video") };
    let Played::Media(files) = video_ad().played else { panic!("files") };
    assert_eq!(placed.media().collect::<Vec<_>>(), [&files[1]]);
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
    let short = NativeAsset { id: 8, required: true, kind: NativeKind::Title { len: 2 } };
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

/// The video of [`video_with`] on an offer.
#[track_caller]
fn check_ad(change: impl Fn(&mut AvAd), offer: Av<'_>, want: Result<(), Misfit>) {
    check(&video_with(change), &Imp { video: Some(offer), ..imp() }, want.map(|()| MediaType::Video));
}

#[test]
fn a_flexible_creative_takes_the_size_of_the_place_if_its_ratio_is_the_same() {
    let other = Misfit::Size { width: 300, height: 250 };
    let flex = html_with(|ad| ad.flexible = true);
    let rigid = html_with(|_| {});
    for (formats, want) in [
        (vec![size(600, 500)], Ok(((600, 500), (0, 0)))),
        (vec![size(600, 500), size(300, 250)], Ok(((300, 250), (0, 0)))),
        (vec![size(600, 501)], Err(other)),
        (vec![flexible(6, 5, 900)], Ok(((900, 750), (6, 5)))),
        (vec![flexible(6, 5, 10)], Ok(((300, 250), (6, 5)))),
    ] {
        let imp = Imp { banner: Some(Banner { format: &formats, ..banner() }), ..imp() };
        let got = fit(&flex, &imp).map(|placement| (placement.size(), placement.ratio()));
        assert_eq!(got, want, "{formats:?}");
    }
    check_banner(&rigid, Banner { format: &[size(600, 500)], ..banner() }, Err(other));
}

#[test]
fn an_ad_that_needs_a_framework_needs_one_that_is_listed() {
    for (own, offered, want) in [
        (vec![], &[][..], Ok(vec![])),
        (vec![], &[5], Ok(vec![])),
        (vec![5, 6], &[3, 5], Ok(vec![5])),
        (vec![5, 6], &[3], Err(Misfit::Api)),
        (vec![5], &[], Err(Misfit::Api)),
    ] {
        let mut creatives = [image(), video(), audio(), native()];
        creatives.iter_mut().for_each(|creative| creative.apis.clone_from(&own));
        let offer = Imp {
            banner: Some(Banner { api: offered, ..banner() }),
            video: Some(Av { api: offered, ..av() }),
            audio: Some(Av { api: offered, ..av() }),
            native: Some(Native { api: offered, ..native_offer() }),
            ..imp()
        };
        for creative in &creatives {
            let got = fit(creative, &offer).map(|placement| placement.apis().collect::<Vec<_>>());
            assert_eq!(got, want);
        }
    }
}

#[test]
fn an_ad_expands_only_where_every_direction_is_listed_and_something_lets_it() {
    let mut down = html_with(|ad| ad.expands = vec![4]);
    let offer = Banner { expdir: &[2, 4], ..banner() };
    check_banner(&down, offer, Ok(()));
    check_banner(&down, Banner { expdir: &[2], ..banner() }, Err(Misfit::Expansion));
    check_banner(&down, banner(), Err(Misfit::Expansion));
    check_banner(&image(), Banner { topframe: Some(false), ..banner() }, Ok(()));
    check_banner(&down, Banner { topframe: Some(true), ..offer }, Ok(()));
    check_banner(&down, Banner { topframe: Some(false), ..offer }, Err(Misfit::Expansion));
    down.apis = vec![5];
    check_banner(&down, Banner { topframe: Some(false), api: &[5], ..offer }, Ok(()));
}

#[test]
fn an_ad_of_a_pod_is_not_longer_than_the_pod() {
    let seconds = Misfit::Duration { seconds: 30 };
    let pod = |poddur| Av { pod: Some(Pod { poddur, ..Pod::default() }), ..av() };
    check_video(pod(None), Ok(()));
    check_video(pod(Some(30)), Ok(()));
    check_video(pod(Some(29)), Err(seconds));
    check_video(Av { rqddurs: &[15], ..pod(Some(60)) }, Err(seconds));
}

#[test]
fn a_longest_duration_may_be_extended() {
    let longest = Av { maxduration: Some(20), ..av() };
    check_video(Av { maxextended: 9, ..longest }, Err(Misfit::Duration { seconds: 30 }));
    check_video(Av { maxextended: 10, ..longest }, Ok(()));
    check_video(Av { maxextended: u32::MAX, ..longest }, Ok(()));
}

#[test]
fn a_stream_is_streamed_and_a_file_is_loaded() {
    let stream = |ad: &mut AvAd| {
        let Played::Media(files) = &mut ad.played else { panic!("files") };
        files.truncate(1);
        files[0].streaming = true;
    };
    check_ad(stream, Av { delivery: &[1], ..av() }, Ok(()));
    check_ad(stream, Av { delivery: &[2, 3], ..av() }, Err(Misfit::Delivery));
    check_ad(stream, av(), Ok(()));
    check_ad(|_| {}, Av { delivery: &[1], ..av() }, Err(Misfit::Delivery));
    check_ad(|_| {}, Av { delivery: &[3], ..av() }, Ok(()));
}

#[test]
fn an_adaptive_stream_fits_if_any_of_its_rates_does() {
    let adaptive = |ad: &mut AvAd| {
        let Played::Media(files) = &mut ad.played else { panic!("files") };
        files.truncate(1);
        files[0].bitrate = 300..=6_000;
    };
    check_ad(adaptive, Av { maxbitrate: Some(500), ..av() }, Ok(()));
    check_ad(adaptive, Av { minbitrate: 6_000, ..av() }, Ok(()));
    check_ad(adaptive, Av { maxbitrate: Some(299), ..av() }, Err(Misfit::BitRate));
    check_ad(adaptive, Av { minbitrate: 6_001, ..av() }, Err(Misfit::BitRate));
}

/// The offset of our own skip control, and the attributes declared.
#[track_caller]
fn check_skip(offer: Av<'_>, rwdd: bool, want: Result<&[u32], Misfit>) {
    let creative = video_with(|ad| ad.skippable_after = Some(5));
    let imp = Imp { video: Some(offer), rwdd, ..imp() };
    let got = fit(&creative, &imp).map(|placement| placement.attributes().collect::<Vec<_>>());
    assert_eq!(got, want.map(<[u32]>::to_vec), "{offer:?}");
}

#[test]
fn a_skip_control_of_its_own_is_declared_and_left_out_where_the_player_has_one() {
    check_skip(av(), false, Ok(&[16]));
    check_skip(Av { skip: Some(false), ..av() }, false, Ok(&[16]));
    check_skip(Av { skip: Some(true), ..av() }, false, Ok(&[]));
    check_skip(Av { skip: Some(true), battr: &[16], ..av() }, false, Ok(&[]));
    let blocked = Err(Misfit::BlockedAttribute(16));
    check_skip(Av { battr: &[16], ..av() }, false, blocked);
    check_skip(Av { skip: Some(false), battr: &[16], ..av() }, false, blocked);
    check_skip(Av { skipmin: 30, ..av() }, false, Ok(&[]));
    check_skip(Av { skipmin: 29, ..av() }, false, Ok(&[16]));
    check_skip(Av { skipafter: 29, ..av() }, false, Ok(&[16]));
    check_skip(Av { skipafter: 30, ..av() }, false, Ok(&[]));
    check_skip(Av { protocols: &[2], ..av() }, false, Ok(&[]));
    check_skip(av(), true, Ok(&[]));
    check(&video(), &Imp { video: Some(Av { battr: &[16], ..av() }), ..imp() }, Ok(MediaType::Video));
}

#[test]
fn a_reward_is_not_given_for_what_a_third_party_lets_skip() {
    let skippable = video_with(|ad| {
        ad.played = Played::Wrapper(wrapped());
        ad.skippable_after = Some(5);
    });
    let rewarded = |skip| Imp { video: Some(Av { skip, ..av() }), rwdd: true, ..imp() };
    check(&skippable, &rewarded(None), Err(Misfit::Skippable));
    check(&skippable, &rewarded(Some(true)), Ok(MediaType::Video));
    check(&wrapper(), &rewarded(None), Ok(MediaType::Video));
    let placement = Imp { video: Some(av()), ..imp() };
    assert_eq!(fit(&skippable, &placement).unwrap().attributes().collect::<Vec<_>>(), [16]);
    check(&overlay(), &rewarded(None), Err(Misfit::Linearity { overlay: true }));
}

#[test]
fn an_overlay_stands_over_content() {
    let linear = Misfit::Linearity { overlay: true };
    for (offer, want) in [
        (av(), Ok(())),
        (Av { linearity: Some(2), ..av() }, Ok(())),
        (Av { linearity: Some(1), ..av() }, Err(linear)),
        (Av { placement: Some(1), ..av() }, Ok(())),
        (Av { placement: Some(4), ..av() }, Err(linear)),
        (Av { placement: Some(4), plcmt: Some(1), ..av() }, Ok(())),
        (Av { plcmt: Some(4), ..av() }, Err(linear)),
        (Av { plcmt: Some(4), linearity: Some(2), ..av() }, Ok(())),
        (Av { mimes: &["video/mp4", "image/png"], ..av() }, Ok(())),
        (Av { mimes: &["video/mp4"], ..av() }, Err(Misfit::Mime)),
        (Av { w: Some(480), h: Some(70), ..av() }, Ok(())),
        (Av { w: Some(479), ..av() }, Err(Misfit::Size { width: 480, height: 70 })),
        (Av { minduration: 11, ..av() }, Err(Misfit::Duration { seconds: 10 })),
        (Av { protocols: &[1], ..av() }, Err(Misfit::Protocol)),
    ] {
        check(&overlay(), &Imp { video: Some(offer), ..imp() }, want.map(|()| MediaType::Video));
    }
    let html = |ad: &mut AvAd| {
        let body = BannerBody::Html("<b>x</b>".into());
        ad.played = Played::Overlay(Companion { width: 480, height: 70, body });
    };
    check_ad(html, Av { mimes: &["text/html"], ..av() }, Ok(()));
    check_ad(html, Av { mimes: &["image/png"], ..av() }, Err(Misfit::Mime));
    let placement = Imp { video: Some(av()), ..imp() };
    assert_eq!(fit(&overlay(), &placement).unwrap().size(), (480, 70));
}

#[test]
fn a_wrapper_is_written_in_the_newest_version_whose_wrapper_is_taken() {
    for (protocols, own, want) in [
        (&[][..], vec![], Ok(6)),
        (&[2, 3, 5, 6], vec![], Ok(6)),
        (&[2, 5, 14], vec![], Ok(14)),
        (&[8, 12], vec![], Ok(12)),
        (&[2, 3, 7, 13], vec![], Err(Misfit::Protocol)),
        (&[4, 10, 16], vec![], Err(Misfit::Protocol)),
        (&[3, 6], vec![3, 13], Ok(6)),
        (&[3, 6], vec![13], Err(Misfit::Protocol)),
        (&[], vec![13], Ok(6)),
    ] {
        let creative = video_with(|ad| {
            let protocols = own.clone();
            ad.played = Played::Wrapper(Wrapper { protocols, ..wrapped() });
        });
        let imp = Imp { video: Some(Av { protocols, ..av() }), ..imp() };
        assert_eq!(fit(&creative, &imp).map(|placement| placement.protocol()), want.map(Some));
    }
}

#[test]
fn a_wrapped_answer_has_the_size_of_the_player() {
    let (creative, player) = (wrapper(), Av { w: Some(640), h: Some(360), ..av() });
    let size = |offer| fit(&creative, &Imp { video: Some(offer), ..imp() }).unwrap().size();
    assert_eq!((size(player), size(av())), ((640, 360), (0, 0)));
}

#[test]
fn what_is_known_of_a_wrapped_answer_must_be_taken() {
    let known = |ad: &mut AvAd| {
        let (mimes, bitrate) = (vec!["video/mp4".to_owned()], Some(800..=2_000));
        ad.played = Played::Wrapper(Wrapper { mimes, bitrate, ..wrapped() });
    };
    let unknown = |ad: &mut AvAd| ad.played = Played::Wrapper(wrapped());
    check_ad(known, Av { mimes: &["video/mp4"], maxbitrate: Some(900), ..av() }, Ok(()));
    check_ad(known, Av { mimes: &["video/webm"], ..av() }, Err(Misfit::Mime));
    check_ad(known, Av { maxbitrate: Some(700), ..av() }, Err(Misfit::BitRate));
    check_ad(unknown, Av { mimes: &["video/webm"], maxbitrate: Some(700), ..av() }, Ok(()));
    check_ad(unknown, Av { maxduration: Some(29), ..av() }, Err(Misfit::Duration { seconds: 30 }));
}

#[test]
fn companions_are_those_that_one_of_the_places_takes() {
    let creative = video_with(|ad| {
        let body = BannerBody::Html("<script></script>".into());
        ad.companions = vec![
            companion(300, 250, "https://cdn.test/c.png"),
            Companion { width: 300, height: 250, body },
            companion(728, 90, "https://cdn.test/c.jpg"),
        ];
    });
    let place = [size(300, 250)];
    let place = Banner { format: &place, ..banner() };
    for (companionad, companiontype, want) in [
        (vec![], &[][..], vec![]),
        (vec![place], &[], vec![0, 1]),
        (vec![place], &[1], vec![0]),
        (vec![place], &[2, 3], vec![1]),
        (vec![place], &[3], vec![]),
        (vec![Banner { btype: &[3], ..place }], &[], vec![0]),
        (vec![Banner { mimes: &["image/png"], ..place }], &[], vec![0]),
        (vec![banner()], &[1], vec![0, 2]),
        (vec![place, Banner { format: &[size(728, 90)], ..banner() }], &[], vec![0, 1, 2]),
    ] {
        let offer = Av { companionad: &companionad, companiontype, ..av() };
        let imp = Imp { video: Some(offer), ..imp() };
        let Form::Video(placed) = fit(&creative, &imp).unwrap().form else { panic!("a video") };
        let CreativeContent::Video(ad) = &creative.content else { panic!("a video") };
        let want: Vec<&Companion> = want.into_iter().map(|at: usize| &ad.companions[at]).collect();
        assert_eq!(placed.companions().collect::<Vec<_>>(), want);
    }
}

#[test]
fn a_native_video_is_answered_or_missed_like_any_asset() {
    let mut ad = native_ad();
    ad.video = Some(file(15));
    let creative = Creative::plain("brest/a", CreativeContent::Native(ad));
    let kind =
        NativeKind::Video { mimes: &["video/mp4"], minduration: 5, maxduration: 15, protocols: &[2, 3] };
    let asset = [NativeAsset { id: 4, required: true, kind }];
    let offer = Imp { native: Some(Native { assets: &asset, ..native_offer() }), ..imp() };
    check(&creative, &offer, Ok(MediaType::Native));
    check(&native(), &offer, Err(Misfit::RequiredAsset(4)));
}

#[test]
fn who_is_behind_an_ad_is_shown_by_every_markup_that_can() {
    let mut linked = native();
    linked.privacy_url = Some("https://ponant.test/privacy".into());
    let private = |ver| Native { privacy: true, ver, ..native_offer() };
    let old = Av { protocols: &[2], ..av() };
    for (creative, offer, want) in [
        (image(), Imp { banner: Some(banner()), ..imp() }, true),
        (html("<b></b>"), Imp { banner: Some(banner()), ..imp() }, true),
        (video(), Imp { video: Some(av()), ..imp() }, true),
        (wrapper(), Imp { video: Some(av()), ..imp() }, true),
        (video(), Imp { video: Some(old), ..imp() }, false),
        (overlay(), Imp { video: Some(av()), ..imp() }, false),
        (audio(), Imp { audio: Some(av()), ..imp() }, false),
        (linked.clone(), Imp { native: Some(private("1.2")), ..imp() }, true),
        (linked.clone(), Imp { native: Some(private("1.1")), ..imp() }, false),
        (linked, Imp { native: Some(native_offer()), ..imp() }, false),
        (native(), Imp { native: Some(private("1.2")), ..imp() }, false),
    ] {
        let placement = fit(&creative, &offer).unwrap();
        let told = Disclosure { in_markup: true, as_data: false, personal: false };
        assert_eq!(told.fits(&placement), if want { Ok(()) } else { Err(Misfit::Disclosure) });
        let elsewhere = Disclosure { in_markup: false, ..told };
        assert_eq!(elsewhere.fits(&placement), Ok(()));
    }
}
