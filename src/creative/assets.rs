//! What a native creative answers to each asset of a native request: the one rule that both the fit
//! and the markup ask. Native 1.2, section 4.

use crate::campaign::{Image, NativeAd};
use crate::creative::AvPlacement;
use crate::creative::fit::fit_av;
use crate::creative::mime::takes_image;
use crate::openrtb::{Av, NativeAsset, NativeKind};

/// The answer to one asset.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer<'a> {
    /// `title.text`.
    Title(&'a str),
    /// `data.value`.
    Data(&'a str),
    /// `img`.
    Img(&'a Image),
    /// `video.vasttag`.
    Video(AvPlacement<'a>),
}

/// The answer of `ad` to `asset`, if it has one that keeps to the asset's limits: of texts the longest that
/// fits, of pictures the first.
///
/// A width or height is exact where it stands alone, and rescaled where a minimum is given (4.4).
pub(super) fn answer<'a>(ad: &'a NativeAd, asset: &NativeAsset<'_>) -> Option<Answer<'a>> {
    match asset.kind {
        NativeKind::Title { len } => longest(ad.titles.iter(), len).map(Answer::Title),
        NativeKind::Data { r#type, len } => {
            let texts = ad.texts.iter().filter(|text| text.kind == r#type);
            longest(texts.map(|text| &text.text), len).map(Answer::Data)
        }
        NativeKind::Img { r#type, w, h, wmin, hmin, mimes } => {
            let none: &[Image] = &[];
            let [first, second] = match r#type {
                Some(1) => [&ad.icons, none],
                Some(3) => [&ad.images, none],
                None => [ad.images.as_slice(), &ad.icons],
                Some(_) => return None,
            };
            let fits = |image: &&Image| {
                side(image.width, w, wmin) && side(image.height, h, hmin) && takes_image(mimes, &image.url)
            };
            first.iter().chain(second).find(fits).map(Answer::Img)
        }
        NativeKind::Video { mimes, minduration, maxduration, protocols } => {
            let maxduration = Some(maxduration);
            let player = Av { mimes, minduration, maxduration, protocols, ..Av::default() };
            fit_av(ad.video.as_ref()?, &player, false).ok().map(Answer::Video)
        }
        NativeKind::Other => None,
    }
}

/// The first of `texts` that has at most `len` characters; zero is any number.
fn longest<'a>(mut texts: impl Iterator<Item = &'a String>, len: u32) -> Option<&'a str> {
    let most = usize::try_from(len).unwrap_or(usize::MAX);
    let fits = |text: &&String| len == 0 || text.len() <= most || text.chars().count() <= most;
    texts.find(fits).map(String::as_str)
}

fn side(ours: u32, exact: u32, least: u32) -> bool {
    if least > 0 { ours >= least } else { exact == 0 || ours == exact }
}

#[cfg(test)]
mod tests {
    use crate::campaign::{Image, NativeText};
    use crate::creative::assets::{Answer, answer};
    use crate::creative::samples::{file, native_ad};
    use crate::openrtb::{NativeAsset, NativeKind};

    #[track_caller]
    fn check(kind: NativeKind<'_>, want: Option<&str>) {
        let ad = native_ad();
        let got = answer(&ad, &NativeAsset { id: 1, required: true, kind });
        let got = got.map(|answer| match answer {
            Answer::Title(text) | Answer::Data(text) => text,
            Answer::Img(Image { url, .. }) => url,
            Answer::Video(video) => &video.media().next().unwrap().url,
        });
        assert_eq!(got, want, "{kind:?}");
    }

    fn img(r#type: Option<u32>, (w, h): (u32, u32), (wmin, hmin): (u32, u32)) -> NativeKind<'static> {
        NativeKind::Img { r#type, w, h, wmin, hmin, mimes: &[] }
    }

    #[test]
    fn the_longest_title_that_fits_is_taken_counted_in_characters() {
        check(NativeKind::Title { len: 11 }, Some("Été à Brest"));
        check(NativeKind::Title { len: 0 }, Some("Été à Brest"));
        check(NativeKind::Title { len: 10 }, Some("Été"));
        check(NativeKind::Title { len: 2 }, None);
    }

    #[test]
    fn a_text_is_answered_by_its_type() {
        check(NativeKind::Data { r#type: 1, len: 25 }, Some("Compagnie du Ponant"));
        check(NativeKind::Data { r#type: 1, len: 5 }, None);
        check(NativeKind::Data { r#type: 2, len: 0 }, Some("Trois jours & deux nuits"));
        check(NativeKind::Data { r#type: 2, len: 11 }, Some("Trois jours"));
        check(NativeKind::Data { r#type: 500, len: 0 }, None);
    }

    #[test]
    fn every_type_of_data_asset_has_its_text() {
        let mut ad = native_ad();
        for kind in 1..=12 {
            ad.texts = vec![NativeText { kind, text: format!("text {kind}") }];
            for asked in 1..=12 {
                let asset =
                    NativeAsset { id: 1, required: true, kind: NativeKind::Data { r#type: asked, len: 0 } };
                assert_eq!(answer(&ad, &asset).is_some(), asked == kind);
            }
        }
    }

    #[test]
    fn a_picture_is_exact_unless_a_minimum_is_given() {
        let main = Some("https://cdn.test/main.jpg");
        check(img(Some(3), (1200, 627), (0, 0)), main);
        check(img(Some(3), (1200, 628), (0, 0)), None);
        check(img(Some(3), (0, 0), (600, 300)), main);
        check(img(Some(3), (600, 300), (600, 300)), main);
        check(img(Some(3), (0, 0), (1201, 0)), None);
        check(img(Some(1), (0, 0), (80, 80)), Some("https://cdn.test/icon.png"));
        check(img(None, (80, 80), (0, 0)), Some("https://cdn.test/icon.png"));
        check(img(Some(2), (0, 0), (0, 0)), None);
        check(img(Some(3), (300, 300), (0, 0)), Some("https://cdn.test/square.jpg"));
    }

    #[test]
    fn a_video_keeps_to_the_types_durations_and_protocols_asked_for() {
        let mut ad = native_ad();
        ad.video = Some(file(15));
        let fits = |minduration, maxduration, mimes, protocols| {
            let kind = NativeKind::Video { mimes, minduration, maxduration, protocols };
            answer(&ad, &NativeAsset { id: 1, required: true, kind }).is_some()
        };
        assert!(fits(0, 60, &["video/mp4"], &[2, 3]));
        assert!(!fits(16, 60, &["video/mp4"], &[2, 3]));
        assert!(!fits(0, 14, &["video/mp4"], &[2, 3]));
        assert!(!fits(0, 60, &["video/webm"], &[2, 3]));
        assert!(!fits(0, 60, &["video/mp4"], &[1]));
        let kind = NativeKind::Video { mimes: &[], minduration: 0, maxduration: 60, protocols: &[] };
        check(kind, None);
    }

    #[test]
    fn an_unknown_asset_has_no_answer() {
        check(NativeKind::Other, None);
    }
}
