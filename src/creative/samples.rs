//! Creatives and offers for the tests of this room.

use crate::campaign::{BannerBody, Creative, CreativeContent, Image, MediaFile};
use crate::creative::Links;
use crate::openrtb::{Av, Banner, Imp, Native, NativeAsset, NativeKind};
use crate::units::{BidId, CreativeId};

fn creative(content: CreativeContent) -> Creative {
    Creative {
        id: CreativeId::from_slug("brest/a"),
        slug: "a".into(),
        crid: "brest/a".into(),
        campaign: 0,
        content,
        landing_page: "https://ponant.test/".into(),
        categories: vec![],
        coverage: Default::default(),
        attributes: vec![],
        language: None,
        bundle: None,
        preview: None,
        secure: true,
    }
}

pub(super) fn image() -> Creative {
    let body = BannerBody::Image("https://cdn.test/a.png?v=1&w=2".into());
    creative(CreativeContent::Banner { width: 300, height: 250, body })
}

pub(super) fn html(body: &str) -> Creative {
    creative(CreativeContent::Banner { width: 300, height: 250, body: BannerBody::Html(body.into()) })
}

pub(super) fn video() -> Creative {
    let file = |name: &str, width, height, bitrate| MediaFile {
        url: format!("https://cdn.test/{name}.mp4?a=1&b=2"),
        mime: "video/mp4".into(),
        width,
        height,
        bitrate,
    };
    let media = vec![file("big", 1280, 720, 2_500), file("small", 640, 360, 800)];
    creative(CreativeContent::Video { duration: 30, media })
}

pub(super) fn audio() -> Creative {
    let media = vec![MediaFile {
        url: "https://cdn.test/a.mp3".into(),
        mime: "audio/mpeg".into(),
        width: 0,
        height: 0,
        bitrate: 128,
    }];
    creative(CreativeContent::Audio { duration: 3_675, media })
}

pub(super) fn native() -> Creative {
    let picture =
        |name: &str, width, height| Image { url: format!("https://cdn.test/{name}"), width, height };
    creative(CreativeContent::Native {
        title: "Été à Brest".into(),
        description: Some("Trois jours & deux nuits".into()),
        sponsored_by: Some("Compagnie du Ponant".into()),
        call_to_action: Some("Réserver".into()),
        rating: None,
        icon: Some(picture("icon.png", 80, 80)),
        image: Some(picture("main.jpg", 1200, 627)),
    })
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
        impression: None,
    }
}
