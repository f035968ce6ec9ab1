//! An ad, as its campaign's file describes it.

use crate::taxonomy::Coverage;
use crate::units::CreativeId;

/// An ad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creative {
    /// From `campaign slug/slug`.
    pub id: CreativeId,
    /// As written in `id`; unique in the campaign.
    pub slug: String,
    /// `bid.crid`: `campaign slug/slug`, at most 128 bytes.
    pub crid: String,
    /// Index into the catalog's campaigns.
    pub campaign: usize,
    /// What is shown.
    pub content: CreativeContent,
    /// Where a click leads. https or http.
    pub landing_page: String,
    /// `bid.cat`, in the taxonomy of `coverage`.
    pub categories: Vec<String>,
    /// The same against block lists of every taxonomy.
    pub coverage: Coverage,
    /// Creative attributes (AdCOM list), for `battr`.
    pub attributes: Vec<u32>,
    /// Two letters.
    pub language: Option<String>,
    /// The advertised app.
    pub bundle: Option<String>,
    /// A picture of it, for the exchange's review.
    pub preview: Option<String>,
    /// True if all that it loads is https. The landing page does not count: our redirect leads there.
    pub secure: bool,
}

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreativeContent {
    /// Display.
    Banner {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// What fills it.
        body: BannerBody,
    },
    /// VAST video.
    Video {
        /// Seconds.
        duration: u32,
        /// At least one.
        media: Vec<MediaFile>,
    },
    /// VAST audio.
    Audio {
        /// Seconds.
        duration: u32,
        /// At least one.
        media: Vec<MediaFile>,
    },
    /// Native assets.
    Native {
        /// Asset `title`.
        title: String,
        /// Data 2.
        description: Option<String>,
        /// Data 1.
        sponsored_by: Option<String>,
        /// Data 12.
        call_to_action: Option<String>,
        /// Data 3, as `4.5`.
        rating: Option<String>,
        /// Image 1.
        icon: Option<Image>,
        /// Image 3.
        image: Option<Image>,
    },
}

/// What fills a banner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BannerBody {
    /// A picture that links to the landing page.
    Image(String),
    /// HTML with `${CLICK_URL}` where the link goes.
    Html(String),
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its address.
    pub url: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// One rendition of a video or audio ad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// Its address.
    pub url: String,
    /// `video/mp4`.
    pub mime: String,
    /// Pixels; 0 for audio.
    pub width: u32,
    /// Pixels; 0 for audio.
    pub height: u32,
    /// kbit/s.
    pub bitrate: u32,
}
