//! An ad, as its campaign's file describes it.

use std::ops::RangeInclusive;

use crate::campaign::FrequencyCap;
use crate::openrtb::MediaType;
use crate::taxonomy::Coverage;
use crate::units::CreativeId;

/// Names of the macros that HTML and addresses of third parties may hold, as `${CLICK_URL}`; what each stands
/// for is told where the markup is made.
pub const MACROS: [&str; 8] =
    ["CLICK_URL", "CLICK_URL_ENC", "CACHEBUSTER", "BID_ID", "CAMPAIGN_ID", "CREATIVE_ID", "WIDTH", "HEIGHT"];

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
    /// Creative attributes (AdCOM list), for `battr`: those written, and those that the content implies. A skip
    /// control of its own (16) is not among them: whether it is shown is decided for each impression.
    pub attributes: Vec<u32>,
    /// API frameworks (AdCOM list) of which the ad needs one; empty if it needs none.
    pub apis: Vec<u32>,
    /// Media rating (`qagmediarating`): 1 all audiences, 2 over 12, 3 mature.
    pub rating: Option<u32>,
    /// BCP 47, the primary tag in lower case; `xx` if there is nothing to read or hear.
    pub language: Option<String>,
    /// The advertised app.
    pub bundle: Option<String>,
    /// A picture of it, for the exchange's review.
    pub preview: Option<String>,
    /// What the viewer may read about why the ad is shown.
    pub privacy_url: Option<String>,
    /// Addresses of third parties that are called besides ours.
    pub trackers: Trackers,
    /// True if all that it loads is https. The landing page does not count: our redirect leads there.
    pub secure: bool,
    /// Caps of this creative, over all line items that use it.
    pub frequency: Vec<FrequencyCap>,
}

impl CreativeContent {
    /// The medium it is shown in.
    #[must_use]
    pub const fn medium(&self) -> MediaType {
        match self {
            Self::Banner(_) => MediaType::Banner,
            Self::Video(_) => MediaType::Video,
            Self::Audio(_) => MediaType::Audio,
            Self::Native(_) => MediaType::Native,
        }
    }
}

impl Creative {
    /// `content` under the name `crid`, with nothing else said about it; secure, of the first campaign.
    #[must_use]
    pub fn plain(crid: &str, content: CreativeContent) -> Self {
        Self {
            id: CreativeId::from_slug(crid),
            slug: crid.rsplit('/').next().unwrap_or(crid).to_owned(),
            crid: crid.to_owned(),
            campaign: 0,
            content,
            landing_page: String::new(),
            categories: Vec::new(),
            coverage: Coverage::default(),
            attributes: Vec::new(),
            apis: Vec::new(),
            rating: None,
            language: None,
            bundle: None,
            preview: None,
            privacy_url: None,
            trackers: Trackers::default(),
            secure: true,
            frequency: Vec::new(),
        }
    }
}

/// Addresses of third parties, with macros; each list short.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trackers {
    /// Called when the ad is rendered.
    pub impression: Vec<String>,
    /// Called when it is clicked.
    pub click: Vec<String>,
    /// Called when it was viewable.
    pub view: Vec<String>,
}

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CreativeContent {
    Banner(BannerAd),
    Video(AvAd),
    Audio(AvAd),
    Native(NativeAd),
}

/// A display ad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BannerAd {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What fills it.
    pub body: BannerBody,
    /// True if it fills every size of its ratio.
    pub flexible: bool,
    /// Directions into which it expands, by the codes of `expdir`; empty if it stays as it is.
    pub expands: Vec<u32>,
}

/// What fills a banner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BannerBody {
    /// A picture that links to the landing page.
    Image(String),
    /// HTML with `${CLICK_URL}` where the link goes.
    Html(String),
}

/// A video or audio ad, served as VAST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvAd {
    /// Seconds; of an overlay, how long it should be shown at least.
    pub duration: u32,
    /// What is played.
    pub played: Played,
    /// Seconds after which the ad's own skip control appears, if it brings one.
    pub skippable_after: Option<u32>,
    /// Banners beside it.
    pub companions: Vec<Companion>,
}

/// What a video or audio ad plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Played {
    /// Our own files, at least one.
    Media(Vec<MediaFile>),
    /// What a third party's server answers.
    Wrapper(Wrapper),
    /// A picture or HTML over the content, which plays on: a non-linear ad.
    Overlay(Companion),
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
    /// kbit/s: from the least to the most of an adaptive stream; both ends the same otherwise. 0 is not told.
    pub bitrate: RangeInclusive<u32>,
    /// True for a streaming protocol; a file that is downloaded as it plays otherwise.
    pub streaming: bool,
}

/// A VAST tag of a third party, and what it is known to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapper {
    /// Its address, with macros.
    pub url: String,
    /// Protocols (AdCOM list) of its inline answers; empty if not known.
    pub protocols: Vec<u32>,
    /// MIME types of its media; empty if not known.
    pub mimes: Vec<String>,
    /// kbit/s of its media, if known.
    pub bitrate: Option<RangeInclusive<u32>>,
}

/// A banner beside or over a video or audio ad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What fills it.
    pub body: BannerBody,
}

/// Native assets. Of texts for the same asset the longest stands first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NativeAd {
    /// Asset `title`; at least one.
    pub titles: Vec<String>,
    /// Data assets.
    pub texts: Vec<NativeText>,
    /// Images of type 1.
    pub icons: Vec<Image>,
    /// Images of type 3.
    pub images: Vec<Image>,
    /// A video, of files of our own.
    pub video: Option<AvAd>,
}

/// A text for a data asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NativeText {
    /// Type of the data asset: 1 sponsored, 2 description, 3 rating ...
    pub kind: u32,
    /// Its value.
    pub text: String,
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
