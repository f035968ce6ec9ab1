//! MIME types: of a picture by its address, and whether a list takes one.

use crate::openrtb::UNREADABLE;

/// True if `mime` is in the list, in any case.
pub(super) fn takes(mimes: &[&str], mime: &str) -> bool {
    mimes.iter().any(|taken| taken.eq_ignore_ascii_case(mime))
}

/// True if `mimes` may take what does not say of which type it is: unless nothing can be read of the list.
pub(super) fn takes_untold(mimes: &[&str]) -> bool {
    mimes != [UNREADABLE]
}

/// True if a picture at `url` is one of `mimes`. An empty list takes all; so does every list that can be read where
/// the address does not tell what the picture is.
pub(super) fn takes_image(mimes: &[&str], url: &str) -> bool {
    if mimes.is_empty() {
        return true;
    }
    match image_mime(url) {
        None => takes_untold(mimes),
        // `image/jpg` is not registered, and is sent all the same.
        Some("image/jpeg") => takes(mimes, "image/jpeg") || takes(mimes, "image/jpg"),
        Some(mime) => takes(mimes, mime),
    }
}

/// The MIME type of a picture, by the extension in its address.
pub(super) fn image_mime(url: &str) -> Option<&'static str> {
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
    use crate::creative::mime::takes_image;
    use crate::openrtb::UNREADABLE;

    #[test]
    fn a_picture_is_taken_by_its_extension() {
        assert!(takes_image(&["image/jpg"], "https://cdn.test/a.JPEG?v=1.png"));
        assert!(takes_image(&["IMAGE/PNG"], "https://cdn.test/a.png#x"));
        assert!(!takes_image(&["image/png"], "https://cdn.test/a.gif"));
        assert!(takes_image(&["image/png"], "https://cdn.test/a?id=7"));
        assert!(takes_image(&[], "https://cdn.test/a.gif"));
        assert!(!takes_image(&[UNREADABLE], "https://cdn.test/a?id=7"));
    }
}
