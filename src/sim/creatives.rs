//! Creatives of a generated catalog, in every format.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::campaign::{
    AvAd, BannerAd, BannerBody, Creative, CreativeContent, FormatKind, Image, MediaFile, NativeAd,
    NativeText, Played,
};
use crate::taxonomy::{Coverage, Label, Taxonomy};

/// Banner sizes, the most usual first.
pub(crate) const SIZES: [(u32, u32); 8] =
    [(300, 250), (320, 50), (728, 90), (300, 600), (970, 250), (320, 480), (160, 600), (320, 100)];

/// The creative number `at` of its format, in the campaign with index `campaign` of the catalog.
pub(crate) fn creative(
    campaign: usize,
    campaign_slug: &str,
    domain: &str,
    (format, at): (FormatKind, usize),
    rng: &mut Xoshiro256PlusPlus,
) -> Creative {
    let slug = match format {
        FormatKind::Banner => format!("banner-{at}"),
        FormatKind::Video => format!("video-{at}"),
        FormatKind::Audio => format!("audio-{at}"),
        FormatKind::Native => format!("native-{at}"),
    };
    let crid = format!("{campaign_slug}/{slug}");
    let content = content(format, at, domain, rng);
    let category = ["IAB2", "IAB18", "IAB20", "IAB22", "IAB13", "IAB8"][rng.random_range(0..6)];
    let label = Label::find(Taxonomy::Content1_0, category);
    Creative {
        campaign,
        landing_page: format!("https://www.{domain}/offre?c={at}"),
        categories: vec![category.to_owned()],
        coverage: Coverage::of(label.as_slice()),
        attributes: if rng.random_bool(0.05) { vec![1] } else { Vec::new() },
        language: rng.random_bool(0.5).then(|| "fr".to_owned()),
        preview: Some(format!("https://cdn.{domain}/{crid}.jpg")),
        ..Creative::plain(&crid, content)
    }
}

fn content(format: FormatKind, at: usize, domain: &str, rng: &mut Xoshiro256PlusPlus) -> CreativeContent {
    let file = |kind: &str| format!("https://cdn.{domain}/{at}.{kind}");
    match format {
        FormatKind::Banner => {
            let (width, height) = SIZES[at % SIZES.len()];
            let body = if rng.random_bool(0.5) {
                BannerBody::Image(file("png"))
            } else {
                BannerBody::Html(format!("<a href=\"${{CLICK_URL}}\"><img src=\"{}\"></a>", file("png")))
            };
            CreativeContent::Banner(BannerAd { width, height, body, flexible: false, expands: Vec::new() })
        }
        FormatKind::Video => {
            let duration = [6, 10, 15, 20, 30][rng.random_range(0..5)];
            let sizes = [((640, 360), 1_200), ((1_920, 1_080), 4_500)];
            let media = sizes.map(|(size, rate)| media(file("mp4"), "video/mp4", size, rate));
            CreativeContent::Video(played(duration, media.into()))
        }
        FormatKind::Audio => {
            let duration = [15, 20, 30][rng.random_range(0..3)];
            let media = media(file("mp3"), "audio/mpeg", (0, 0), 128);
            CreativeContent::Audio(played(duration, vec![media]))
        }
        FormatKind::Native => {
            let texts =
                [(1, "Annonceur"), (2, "Jusqu'à dimanche, chez votre marchand."), (3, "4.5"), (12, "Voir")];
            CreativeContent::Native(NativeAd {
                titles: vec!["Une offre à saisir".to_owned()],
                texts: texts.map(|(kind, text)| NativeText { kind, text: text.to_owned() }).into(),
                icons: vec![Image { url: file("ico.png"), width: 80, height: 80 }],
                images: vec![Image { url: file("jpg"), width: 1_200, height: 627 }],
                video: None,
            })
        }
    }
}

fn played(duration: u32, media: Vec<MediaFile>) -> AvAd {
    AvAd { duration, played: Played::Media(media), skippable_after: None, companions: Vec::new() }
}

fn media(url: String, mime: &str, (width, height): (u32, u32), rate: u32) -> MediaFile {
    MediaFile { url, mime: mime.to_owned(), width, height, bitrate: rate..=rate, streaming: false }
}
