//! What a native creative answers to each asset of a native request: the one rule that both the fit
//! and the markup ask. Native 1.2, section 4.

use crate::campaign::{CreativeContent, Image};
use crate::openrtb::{NativeAsset, NativeKind};

/// The answer to one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// `title.text`.
    Title(&'a str),
    /// `data.value`.
    Data(&'a str),
    /// `img`.
    Img(&'a Image),
}

/// The answer of a native creative to `asset`, if it has one that keeps to the asset's limits.
///
/// A width or height is exact where it stands alone, and rescaled where a minimum is given (4.4).
pub(super) fn answer<'a>(content: &'a CreativeContent, asset: &NativeAsset<'_>) -> Option<Answer<'a>> {
    let CreativeContent::Native { title, description, sponsored_by, call_to_action, rating, icon, image } =
        content
    else {
        return None;
    };
    match asset.kind {
        NativeKind::Title { len } => within(title, len).map(Answer::Title),
        NativeKind::Data { r#type, len } => {
            let text = match r#type {
                1 => sponsored_by,
                2 => description,
                3 => rating,
                12 => call_to_action,
                _ => return None,
            };
            within(text.as_deref()?, len).map(Answer::Data)
        }
        NativeKind::Img { r#type, w, h, wmin, hmin, mimes } => {
            let candidates = match r#type {
                Some(1) => [icon, &None],
                Some(3) => [image, &None],
                None => [image, icon],
                Some(_) => return None,
            };
            let fits = |image: &&Image| {
                side(image.width, w, wmin) && side(image.height, h, hmin) && takes_image(mimes, &image.url)
            };
            candidates.into_iter().flatten().find(fits).map(Answer::Img)
        }
        NativeKind::Video { .. } | NativeKind::Other => None,
    }
}

/// The text, if it has at most `len` characters; zero is any number.
fn within(text: &str, len: u32) -> Option<&str> {
    let most = usize::try_from(len).unwrap_or(usize::MAX);
    (len == 0 || text.len() <= most || text.chars().count() <= most).then_some(text)
}

fn side(ours: u32, exact: u32, least: u32) -> bool {
    if least > 0 { ours >= least } else { exact == 0 || ours == exact }
}

/// True if a picture at `url` is one of `mimes`. An empty list takes all; so does every list where the
/// address does not tell what the picture is.
pub(super) fn takes_image(mimes: &[&str], url: &str) -> bool {
    if mimes.is_empty() {
        return true;
    }
    match image_mime(url) {
        None => true,
        // `image/jpg` is not registered, and is sent all the same.
        Some("image/jpeg") => takes(mimes, "image/jpeg") || takes(mimes, "image/jpg"),
        Some(mime) => takes(mimes, mime),
    }
}

/// True if `mime` is in the list, in any case.
pub(super) fn takes(mimes: &[&str], mime: &str) -> bool {
    mimes.iter().any(|taken| taken.eq_ignore_ascii_case(mime))
}

/// The MIME type of a picture, by the extension in its address.
fn image_mime(url: &str) -> Option<&'static str> {
    const MIMES: [(&str, &str); 7] = [
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("png", "image/png"),
        ("gif", "image/gif"),
        ("webp", "image/webp"),
        ("avif", "image/avif"),
        ("svg", "image/svg+xml"),
    ];
    let path = url.split(['?', '#']).next()?;
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    MIMES.iter().find(|(own, _)| extension.eq_ignore_ascii_case(own)).map(|(_, mime)| *mime)
}

#[cfg(test)]
mod tests {
    use crate::campaign::Image;
    use crate::creative::assets::{Answer, answer, takes_image};
    use crate::creative::samples::native;
    use crate::openrtb::{NativeAsset, NativeKind};

    #[track_caller]
    fn check(kind: NativeKind<'_>, want: Option<&str>) {
        let creative = native();
        let got = answer(&creative.content, &NativeAsset { id: 1, required: true, kind });
        let got = got.map(|answer| match answer {
            Answer::Title(text) | Answer::Data(text) => text,
            Answer::Img(Image { url, .. }) => url,
        });
        assert_eq!(got, want, "{kind:?}");
    }

    fn img(r#type: Option<u32>, (w, h): (u32, u32), (wmin, hmin): (u32, u32)) -> NativeKind<'static> {
        NativeKind::Img { r#type, w, h, wmin, hmin, mimes: &[] }
    }

    #[test]
    fn a_title_is_counted_in_characters() {
        check(NativeKind::Title { len: 11 }, Some("Été à Brest"));
        check(NativeKind::Title { len: 10 }, None);
        check(NativeKind::Title { len: 0 }, Some("Été à Brest"));
    }

    #[test]
    fn a_text_is_answered_by_its_type() {
        check(NativeKind::Data { r#type: 1, len: 25 }, Some("Compagnie du Ponant"));
        check(NativeKind::Data { r#type: 1, len: 5 }, None);
        check(NativeKind::Data { r#type: 2, len: 0 }, Some("Trois jours & deux nuits"));
        check(NativeKind::Data { r#type: 12, len: 0 }, Some("Réserver"));
        check(NativeKind::Data { r#type: 3, len: 0 }, None);
        check(NativeKind::Data { r#type: 6, len: 0 }, None);
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
    }

    #[test]
    fn videos_and_unknown_assets_have_no_answer() {
        check(NativeKind::Video { mimes: &[], minduration: 0, maxduration: 60, protocols: &[] }, None);
        check(NativeKind::Other, None);
    }

    #[test]
    fn a_picture_is_taken_by_its_extension() {
        assert!(takes_image(&["image/jpg"], "https://cdn.test/a.JPEG?v=1.png"));
        assert!(takes_image(&["IMAGE/PNG"], "https://cdn.test/a.png#x"));
        assert!(!takes_image(&["image/png"], "https://cdn.test/a.gif"));
        assert!(takes_image(&["image/png"], "https://cdn.test/a?id=7"));
        assert!(takes_image(&[], "https://cdn.test/a.gif"));
    }
}
