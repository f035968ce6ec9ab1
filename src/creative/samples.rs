//! Creatives and offers for the tests of this room.

use crate::campaign::{
    Advertiser, AvAd, BannerAd, BannerBody, Companion, Creative, CreativeContent, Image, MediaFile, NativeAd,
    NativeText, Played, Transparency, Wrapper,
};
use crate::creative::{Links, Serving};
use crate::openrtb::{Av, Banner, Imp, Native, NativeAsset, NativeKind};
use crate::units::{AdvertiserId, BidId};

fn creative(content: CreativeContent) -> Creative {
    Creative { landing_page: "https://ponant.test/".into(), ..Creative::plain("brest/a", content) }
}

pub(super) fn banner_ad(body: BannerBody) -> BannerAd {
    BannerAd { width: 300, height: 250, body, flexible: false, expands: vec![] }
}

pub(super) fn image() -> Creative {
    let body = BannerBody::Image("https://cdn.test/a.png?v=1&w=2".into());
    creative(CreativeContent::Banner(banner_ad(body)))
}

pub(super) fn html(body: &str) -> Creative {
    creative(CreativeContent::Banner(banner_ad(BannerBody::Html(body.into()))))
}

/// A banner of HTML, changed.
pub(super) fn html_with(change: impl Fn(&mut BannerAd)) -> Creative {
    let mut ad = banner_ad(BannerBody::Html("<b>x</b>".into()));
    change(&mut ad);
    creative(CreativeContent::Banner(ad))
}

fn media_file(name: &str, (width, height): (u32, u32), bitrate: u32) -> MediaFile {
    MediaFile {
        url: format!("https://cdn.test/{name}.mp4?a=1&b=2"),
        mime: "video/mp4".into(),
        width,
        height,
        bitrate: bitrate..=bitrate,
        streaming: false,
    }
}

/// An ad of one file.
pub(super) fn file(duration: u32) -> AvAd {
    let played = Played::Media(vec![media_file("small", (640, 360), 800)]);
    AvAd { duration, played, skippable_after: None, companions: vec![] }
}

pub(super) fn video_ad() -> AvAd {
    let files = vec![media_file("big", (1280, 720), 2_500), media_file("small", (640, 360), 800)];
    AvAd { duration: 30, played: Played::Media(files), skippable_after: None, companions: vec![] }
}

pub(super) fn video() -> Creative {
    video_with(|_| {})
}

/// A video, changed.
pub(super) fn video_with(change: impl Fn(&mut AvAd)) -> Creative {
    let mut ad = video_ad();
    change(&mut ad);
    creative(CreativeContent::Video(ad))
}

/// A tag of a third party.
pub(super) fn wrapper() -> Creative {
    video_with(|ad| ad.played = Played::Wrapper(wrapped()))
}

pub(super) fn wrapped() -> Wrapper {
    let url = "https://ads.test/vast?cb=${CACHEBUSTER}&c=${CREATIVE_ID}".into();
    Wrapper { url, protocols: vec![], mimes: vec![], bitrate: None }
}

/// A picture over the content.
pub(super) fn overlay() -> Creative {
    video_with(|ad| {
        ad.duration = 10;
        ad.played = Played::Overlay(companion(480, 70, "https://cdn.test/over.png"));
    })
}

pub(super) fn companion(width: u32, height: u32, image: &str) -> Companion {
    Companion { width, height, body: BannerBody::Image(image.into()) }
}

pub(super) fn audio() -> Creative {
    let media = vec![MediaFile {
        url: "https://cdn.test/a.mp3".into(),
        mime: "audio/mpeg".into(),
        width: 0,
        height: 0,
        bitrate: 128..=128,
        streaming: false,
    }];
    let played = Played::Media(media);
    creative(CreativeContent::Audio(AvAd {
        duration: 3_675,
        played,
        skippable_after: None,
        companions: vec![],
    }))
}

pub(super) fn native_ad() -> NativeAd {
    let picture =
        |name: &str, width, height| Image { url: format!("https://cdn.test/{name}"), width, height };
    let text = |kind, text: &str| NativeText { kind, text: text.into() };
    NativeAd {
        titles: vec!["Été à Brest".into(), "Été".into()],
        texts: vec![
            text(1, "Compagnie du Ponant"),
            text(2, "Trois jours & deux nuits"),
            text(2, "Trois jours"),
            text(12, "Réserver"),
        ],
        icons: vec![picture("icon.png", 80, 80)],
        images: vec![picture("main.jpg", 1200, 627), picture("square.jpg", 300, 300)],
        video: None,
    }
}

pub(super) fn native() -> Creative {
    creative(CreativeContent::Native(native_ad()))
}

pub(super) fn imp() -> Imp<'static> {
    Imp { id: "1", ..Imp::default() }
}

pub(super) fn banner() -> Banner<'static> {
    Banner::default()
}

pub(super) fn av() -> Av<'static> {
    Av::default()
}

pub(super) fn native_offer() -> Native<'static> {
    const ASSETS: &[NativeAsset<'static>] = &[
        NativeAsset { id: 1, required: true, kind: NativeKind::Title { len: 90 } },
        NativeAsset {
            id: 2,
            required: true,
            kind: NativeKind::Img {
                r#type: Some(3),
                w: 0,
                h: 0,
                wmin: 600,
                hmin: 300,
                mimes: &["image/jpeg"],
            },
        },
        NativeAsset { id: 4, required: false, kind: NativeKind::Data { r#type: 1, len: 25 } },
        NativeAsset { id: 5, required: false, kind: NativeKind::Data { r#type: 6, len: 0 } },
    ];
    Native { assets: ASSETS, ..Native::default() }
}

pub(super) fn links() -> Links<'static> {
    let mut bid = [0; 16];
    bid[15] = 7;
    Links {
        bid: BidId::from_bytes(bid),
        click: "https://bid.test/c?t=abc&p=${AUCTION_PRICE}",
        view: "https://bid.test/v?t=abc&p=${AUCTION_PRICE}",
        play: "https://bid.test/p?e=",
        impression: None,
    }
}

pub(super) fn advertiser(name: &str) -> Advertiser {
    Advertiser {
        id: AdvertiserId::from_slug("ponant"),
        slug: "ponant".into(),
        name: name.into(),
        domain: "ponant.test".into(),
        country: None,
        transparency: Transparency::of(name),
        frequency: Vec::new(),
    }
}

pub(super) fn serving<'a>(advertiser: &'a Advertiser, links: &Links<'a>) -> Serving<'a> {
    Serving { advertiser, campaign: "brest", links: *links, discloses: false }
}
