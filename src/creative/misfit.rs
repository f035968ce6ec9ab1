//! Why a creative cannot be shown on an impression: an answer, with what its reader will ask for.

use std::fmt;

use crate::openrtb::MediaType;

/// The first reason found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Misfit {
    /// The medium of the creative is not offered.
    WrongFormat(MediaType),
    /// No size of the banner takes ours, or the player is smaller than the overlay.
    Size {
        /// Ours.
        width: u32,
        /// Ours.
        height: u32,
    },
    /// The banner type is blocked (`btype`).
    BlockedType(u32),
    /// An attribute of the creative is blocked (`battr`).
    BlockedAttribute(u32),
    /// No MIME type of ours is taken.
    Mime,
    /// The ad needs an API framework, and none of those it can use is supported.
    Api,
    /// The ad expands, and the place does not let it.
    Expansion,
    /// No version of VAST that we write is taken.
    Protocol,
    /// Our duration is not taken.
    Duration {
        /// Ours.
        seconds: u32,
    },
    /// The ad is linear and only overlays are taken, or the other way round.
    Linearity {
        /// True if ours is an overlay.
        overlay: bool,
    },
    /// What is streamed is not taken, or what is downloaded.
    Delivery,
    /// No bit rate of ours is taken.
    BitRate,
    /// Not everything in the creative is https.
    NotSecure,
    /// Letterboxing is not allowed, and no file of ours has the player's aspect.
    Aspect,
    /// The user earns a reward by watching, and a third party's answer could be skipped.
    Skippable,
    /// A required native asset cannot be answered.
    RequiredAsset(u32),
    /// No native asset at all can be answered.
    NoAsset,
    /// The markup would have to show who is behind the ad, and cannot.
    Disclosure,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WrongFormat(medium) => write!(f, "{} is not offered", medium_word(medium)),
            Self::Size { width, height } => write!(f, "no size offered takes {width}x{height}"),
            Self::BlockedType(1) => f.write_str("banner type 1 (text) is blocked"),
            Self::BlockedType(2) => f.write_str("banner type 2 (picture) is blocked"),
            Self::BlockedType(3) => f.write_str("banner type 3 (JavaScript) is blocked"),
            Self::BlockedType(4) => f.write_str("banner type 4 (iframe) is blocked"),
            Self::BlockedType(code) => write!(f, "banner type {code} is blocked"),
            Self::BlockedAttribute(code) => write!(f, "creative attribute {code} is blocked"),
            Self::Mime => f.write_str("no MIME type of the creative is taken"),
            Self::Api => f.write_str("no API framework that the creative can use is supported"),
            Self::Expansion => f.write_str("the creative expands, and may not do so here"),
            Self::Protocol => f.write_str("none of VAST 2.0, 3.0, 4.0, 4.1, 4.2 is taken"),
            Self::Duration { seconds } => write!(f, "a duration of {seconds} s is not taken"),
            Self::Linearity { overlay: false } => f.write_str("only non-linear ads are taken"),
            Self::Linearity { overlay: true } => f.write_str("only linear ads are taken"),
            Self::Delivery => f.write_str("the delivery of the creative's files is not taken"),
            Self::BitRate => f.write_str("no bit rate of the creative is taken"),
            Self::NotSecure => f.write_str("https is required, and the creative is not all https"),
            Self::Aspect => f.write_str("no media file has the player's aspect, and bars are not allowed"),
            Self::Skippable => f.write_str("the user is rewarded for watching, and the ad could be skipped"),
            Self::RequiredAsset(id) => write!(f, "required native asset {id} cannot be answered"),
            Self::NoAsset => f.write_str("no native asset can be answered"),
            Self::Disclosure => f.write_str("the ad itself cannot show on whose behalf it is"),
        }
    }
}

fn medium_word(medium: MediaType) -> &'static str {
    match medium {
        MediaType::Banner => "banner",
        MediaType::Video => "video",
        MediaType::Audio => "audio",
        MediaType::Native => "native",
    }
}
