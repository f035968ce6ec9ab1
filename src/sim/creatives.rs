//! Creatives of a generated catalog, in every format.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::campaign::{BannerBody, Creative, CreativeContent, FormatKind, Image, MediaFile};
use crate::taxonomy::{Coverage, Label, Taxonomy};
use crate::units::CreativeId;

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
        id: CreativeId::from_slug(&crid),
        slug,
        campaign,
        content,
        landing_page: format!("https://www.{domain}/offre?c={at}"),
        categories: vec![category.to_owned()],
        coverage: Coverage::of(label.as_slice()),
        attributes: if rng.random_bool(0.05) { vec![1] } else { Vec::new() },
        language: rng.random_bool(0.5).then(|| "fr".to_owned()),
        bundle: None,
        preview: Some(format!("https://cdn.{domain}/{crid}.jpg")),
        crid,
        secure: true,
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
            CreativeContent::Banner { width, height, body }
        }
        FormatKind::Video => CreativeContent::Video {
            duration: [6, 10, 15, 20, 30][rng.random_range(0..5)],
            media: [(640, 360, 1_200), (1_920, 1_080, 4_500)]
                .map(|(width, height, bitrate)| MediaFile {
                    url: file("mp4"),
                    mime: "video/mp4".to_owned(),
                    width,
                    height,
                    bitrate,
                })
                .into(),
        },
        FormatKind::Audio => CreativeContent::Audio {
            duration: [15, 20, 30][rng.random_range(0..3)],
            media: vec![MediaFile {
                url: file("mp3"),
                mime: "audio/mpeg".to_owned(),
                width: 0,
                height: 0,
                bitrate: 128,
            }],
        },
        FormatKind::Native => CreativeContent::Native {
            title: "Une offre à saisir".to_owned(),
            description: Some("Jusqu'à dimanche, chez votre marchand.".to_owned()),
            sponsored_by: Some("Annonceur".to_owned()),
            call_to_action: Some("Voir".to_owned()),
            rating: Some("4.5".to_owned()),
            icon: Some(Image { url: file("ico.png"), width: 80, height: 80 }),
            image: Some(Image { url: file("jpg"), width: 1_200, height: 627 }),
        },
    }
}
