//! How a creative is shown on an impression: what the fit decided, the bid says and the markup needs.

use crate::campaign::{AvAd, BannerBody, Companion, Creative, MediaFile, NativeAd, Wrapper};
use crate::creative::Vast;
use crate::creative::skip::{SKIP_BUTTON, Skip};
use crate::openrtb::{MediaType, Native};

/// How a creative is shown. Borrows from the creative and the request, so it costs no allocation.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    /// What is shown.
    pub creative: &'a Creative,
    /// By which medium, and how.
    pub form: Form<'a>,
    /// The frameworks that the place supports.
    pub(super) api: &'a [u32],
}

/// A placement by its medium.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Form<'a> {
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
    /// Pixels: the creative's own, or of a flexible creative those of the place.
    pub width: u32,
    /// Pixels, as `width`.
    pub height: u32,
    /// `(wratio, hratio)` of the flexible size chosen; `None` for an exact size.
    pub ratio: Option<(u32, u32)>,
    /// True if our scripts may be added: JavaScript is not blocked (`btype` 3).
    pub script: bool,
}

/// A video's or an audio's.
#[derive(Debug, Clone, Copy)]
pub struct AvPlacement<'a> {
    /// The version to write.
    pub vast: Vast,
    /// Seconds.
    pub duration: u32,
    pub(super) shown: Shown<'a>,
    /// Pixels of the player, where told.
    pub(super) player: (Option<u32>, Option<u32>),
    pub(super) skip: Skip,
    pub(super) companions: &'a [Companion],
    /// Bit *i* is set if `companions[i]` is taken.
    pub(super) beside: u32,
}

/// What is played, as far as it fits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shown<'a> {
    /// Bit *i* of `fitting` is set if `files[i]` fits. Files past the 64th are not looked at.
    Files {
        files: &'a [MediaFile],
        fitting: u64,
    },
    Wrapper(&'a Wrapper),
    Overlay(&'a Companion),
}

impl<'a> AvPlacement<'a> {
    /// The media files that fit, in the creative's order: at least one if the ad has files of its own.
    pub fn media(&self) -> impl Iterator<Item = &'a MediaFile> + use<'a> {
        let (files, fitting) = match self.shown {
            Shown::Files { files, fitting } => (files, fitting),
            Shown::Wrapper(_) | Shown::Overlay(_) => (&[][..], 0),
        };
        set(files, fitting)
    }

    /// The companions that the place takes.
    pub fn companions(&self) -> impl Iterator<Item = &'a Companion> + use<'a> {
        set(self.companions, self.beside.into())
    }

    /// The file that suits the player: the largest that fits into it, else the smallest of all.
    fn suiting(&self) -> Option<&'a MediaFile> {
        let (w, h) = self.player;
        let inside =
            |file: &&MediaFile| w.is_none_or(|w| file.width <= w) && h.is_none_or(|h| file.height <= h);
        let area = |file: &&MediaFile| u64::from(file.width) * u64::from(file.height);
        self.media().filter(inside).max_by_key(area).or_else(|| self.media().min_by_key(area))
    }

    const fn protocol(&self) -> u32 {
        match self.shown {
            Shown::Wrapper(_) => self.vast.wrapper_protocol(),
            Shown::Files { .. } | Shown::Overlay(_) => self.vast.protocol(),
        }
    }

    fn size(&self) -> (u32, u32) {
        match self.shown {
            Shown::Overlay(overlay) => (overlay.width, overlay.height),
            // What a third party plays is made for the player, as far as we know.
            Shown::Wrapper(_) => (self.player.0.unwrap_or(0), self.player.1.unwrap_or(0)),
            Shown::Files { .. } => self.suiting().map_or((0, 0), |file| (file.width, file.height)),
        }
    }
}

/// The items whose bit is set.
fn set<T>(items: &[T], bits: u64) -> impl Iterator<Item = &T> {
    items.iter().take(64).enumerate().filter(move |(at, _)| bits >> at & 1 == 1).map(|(_, item)| item)
}

/// A native ad's.
#[derive(Debug, Clone, Copy)]
pub struct NativePlacement<'a> {
    pub(super) ad: &'a NativeAd,
    pub(super) offer: Native<'a>,
}

impl NativePlacement<'_> {
    /// True for an offer of Native 1.0 or 1.1, which know no event trackers and no privacy link.
    pub(super) fn is_old(&self) -> bool {
        matches!(self.offer.ver, "1" | "1.0" | "1.1")
    }

    /// The video, if the offer asks for one.
    pub(super) fn video(&self) -> Option<&AvAd> {
        use crate::openrtb::NativeKind::Video;
        let asked = self.offer.assets.iter().any(|asset| matches!(asset.kind, Video { .. }));
        self.ad.video.as_ref().filter(|_| asked)
    }
}

impl<'a> Placement<'a> {
    /// `bid.mtype`.
    #[must_use]
    pub const fn medium(&self) -> MediaType {
        match self.form {
            Form::Banner(_) => MediaType::Banner,
            Form::Video(_) => MediaType::Video,
            Form::Audio(_) => MediaType::Audio,
            Form::Native(_) => MediaType::Native,
        }
    }

    /// `bid.w` and `bid.h` in pixels, zero where there is none to tell. Of a video, those of the file that suits
    /// the player; of an overlay its own; of a third party's answer the player's.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        match &self.form {
            Form::Banner(banner) => (banner.width, banner.height),
            Form::Video(video) => video.size(),
            Form::Audio(_) | Form::Native(_) => (0, 0),
        }
    }

    /// `bid.wratio` and `bid.hratio`, zero unless a flexible size was chosen.
    #[must_use]
    pub fn ratio(&self) -> (u32, u32) {
        match self.form {
            Form::Banner(banner) => banner.ratio.unwrap_or((0, 0)),
            Form::Video(_) | Form::Audio(_) | Form::Native(_) => (0, 0),
        }
    }

    /// `bid.protocol`.
    #[must_use]
    pub const fn protocol(&self) -> Option<u32> {
        match &self.form {
            Form::Video(av) | Form::Audio(av) => Some(av.protocol()),
            Form::Banner(_) | Form::Native(_) => None,
        }
    }

    /// `bid.dur`, in seconds.
    #[must_use]
    pub const fn duration(&self) -> Option<u32> {
        match &self.form {
            Form::Video(av) | Form::Audio(av) => Some(av.duration),
            Form::Banner(_) | Form::Native(_) => None,
        }
    }

    /// `bid.attr`: the creative's, and the skip button if the markup brings one.
    pub fn attributes(&self) -> impl Iterator<Item = u32> + use<'a> {
        let skip = match &self.form {
            Form::Video(av) | Form::Audio(av) if av.skip.is_declared() => Some(SKIP_BUTTON),
            _ => None,
        };
        self.creative.attributes.iter().copied().chain(skip)
    }

    /// `bid.apis`: those frameworks of the creative that the place supports.
    pub fn apis(&self) -> impl Iterator<Item = u32> + use<'a> {
        let supported = self.api;
        self.creative.apis.iter().copied().filter(move |api| supported.contains(api))
    }

    /// True if the markup asks a player to tell how far it has played: [`Links::play`](crate::creative::Links)
    /// is needed.
    #[must_use]
    pub fn is_played(&self) -> bool {
        match &self.form {
            Form::Video(_) | Form::Audio(_) => true,
            Form::Native(native) => native.video().is_some(),
            Form::Banner(_) => false,
        }
    }

    /// True if the markup itself can show on whose behalf and by whom paid the ad is: a banner by a label, a
    /// linear video from VAST 3.0 on by an icon, a native ad by a privacy link where one is allowed. Audio has
    /// no screen, and an overlay no icons.
    #[must_use]
    pub fn can_disclose(&self) -> bool {
        match &self.form {
            Form::Banner(_) => true,
            Form::Video(av) => av.vast >= Vast::V3_0 && !matches!(av.shown, Shown::Overlay(_)),
            Form::Audio(_) => false,
            Form::Native(native) => {
                native.offer.privacy && !native.is_old() && self.creative.privacy_url.is_some()
            }
        }
    }
}
