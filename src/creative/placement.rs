//! How a creative is shown on an impression: what the fit decided and the markup needs.

use crate::campaign::{BannerBody, CreativeContent, MediaFile};
use crate::openrtb::{MediaType, NativeAsset};

/// How a creative is shown. Borrows from the creative and the request, so it costs no allocation.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Placement<'a> {
    Banner(BannerPlacement<'a>),
    Video(AvPlacement<'a>),
    Audio(AvPlacement<'a>),
    Native(NativePlacement<'a>),
}

/// A banner's.
#[derive(Debug, Clone, Copy)]
pub struct BannerPlacement<'a> {
    /// What fills it.
    pub body: &'a BannerBody,
    /// Pixels, the creative's own.
    pub width: u32,
    /// Pixels, the creative's own.
    pub height: u32,
    /// `(wratio, hratio)` of the flexible size chosen; `None` for an exact size.
    pub ratio: Option<(u32, u32)>,
    /// True if our viewability script may be added: JavaScript is not blocked (`btype` 3).
    pub script: bool,
}

/// A video's or an audio's.
#[derive(Debug, Clone, Copy)]
pub struct AvPlacement<'a> {
    /// The version to write.
    pub vast: Vast,
    /// Seconds.
    pub duration: u32,
    pub(super) media: &'a [MediaFile],
    /// Bit *i* is set if `media[i]` fits. Files past the 64th are not looked at.
    pub(super) fitting: u64,
    /// Pixels of the player, where told.
    pub(super) player: (Option<u32>, Option<u32>),
}

impl<'a> AvPlacement<'a> {
    /// The media files that fit, at least one, in the creative's order.
    pub fn media(&self) -> impl Iterator<Item = &'a MediaFile> {
        let fitting = self.fitting;
        self.media
            .iter()
            .enumerate()
            .filter(move |(i, _)| *i < 64 && fitting >> i & 1 == 1)
            .map(|(_, file)| file)
    }

    /// The file that suits the player: the largest that fits into it, else the smallest of all.
    fn suiting(&self) -> Option<&'a MediaFile> {
        let (w, h) = self.player;
        let inside =
            |file: &&MediaFile| w.is_none_or(|w| file.width <= w) && h.is_none_or(|h| file.height <= h);
        let area = |file: &&MediaFile| u64::from(file.width) * u64::from(file.height);
        self.media().filter(inside).max_by_key(area).or_else(|| self.media().min_by_key(area))
    }
}

/// A native ad's.
#[derive(Debug, Clone, Copy)]
pub struct NativePlacement<'a> {
    pub(super) content: &'a CreativeContent,
    pub(super) assets: &'a [NativeAsset<'a>],
    pub(super) eventtrackers: &'a [(u32, u32)],
    pub(super) wrapped: bool,
}

/// The versions of VAST that we write, in order of age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vast {
    /// 2.0.
    V2_0,
    /// 3.0.
    V3_0,
    /// 4.0.
    V4_0,
    /// 4.1.
    V4_1,
    /// 4.2.
    V4_2,
}

impl Vast {
    /// The newest first.
    const ALL: [Self; 5] = [Self::V4_2, Self::V4_1, Self::V4_0, Self::V3_0, Self::V2_0];

    /// The newest version that `protocols` takes; 3.0, which every player reads, if it is empty.
    pub(super) fn newest(protocols: &[u32]) -> Option<Self> {
        if protocols.is_empty() {
            return Some(Self::V3_0);
        }
        Self::ALL.into_iter().find(|vast| protocols.contains(&vast.protocol()))
    }

    /// Its code in `bid.protocol`.
    #[must_use]
    pub const fn protocol(self) -> u32 {
        match self {
            Self::V2_0 => 2,
            Self::V3_0 => 3,
            Self::V4_0 => 7,
            Self::V4_1 => 11,
            Self::V4_2 => 13,
        }
    }

    /// Its number, as in `<VAST version="4.2">`.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::V2_0 => "2.0",
            Self::V3_0 => "3.0",
            Self::V4_0 => "4.0",
            Self::V4_1 => "4.1",
            Self::V4_2 => "4.2",
        }
    }
}

impl Placement<'_> {
    /// `bid.mtype`.
    #[must_use]
    pub const fn medium(&self) -> MediaType {
        match self {
            Self::Banner(_) => MediaType::Banner,
            Self::Video(_) => MediaType::Video,
            Self::Audio(_) => MediaType::Audio,
            Self::Native(_) => MediaType::Native,
        }
    }

    /// `bid.w` and `bid.h` in pixels, zero where there is none to tell. Of a video, those of the file that suits
    /// the player.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        match self {
            Self::Banner(banner) => (banner.width, banner.height),
            Self::Video(video) => video.suiting().map_or((0, 0), |file| (file.width, file.height)),
            Self::Audio(_) | Self::Native(_) => (0, 0),
        }
    }

    /// `bid.wratio` and `bid.hratio`, zero unless a flexible size was chosen.
    #[must_use]
    pub fn ratio(&self) -> (u32, u32) {
        match self {
            Self::Banner(banner) => banner.ratio.unwrap_or((0, 0)),
            Self::Video(_) | Self::Audio(_) | Self::Native(_) => (0, 0),
        }
    }

    /// `bid.protocol`.
    #[must_use]
    pub const fn protocol(&self) -> Option<u32> {
        match self {
            Self::Video(av) | Self::Audio(av) => Some(av.vast.protocol()),
            Self::Banner(_) | Self::Native(_) => None,
        }
    }

    /// `bid.dur`, in seconds.
    #[must_use]
    pub const fn duration(&self) -> Option<u32> {
        match self {
            Self::Video(av) | Self::Audio(av) => Some(av.duration),
            Self::Banner(_) | Self::Native(_) => None,
        }
    }
}
