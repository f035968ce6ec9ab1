//! What an impression tells beside its request: media, place on the page, deals.

use crate::campaign::Attribute;
use crate::openrtb::{Channel, Imp};
use crate::targeting::Scene;
use crate::targeting::scene::{bit, flag_key};
use crate::targeting::text::{self, word_key};
use crate::units::{DealId, Multiplier, SegmentId};

impl<'a> Scene<'a> {
    /// Looks at an impression of the request, instead of the one before.
    pub fn look_at(&mut self, imp: &'a Imp<'a>) {
        self.imp = Some(imp);
        self.keys.truncate(self.request_keys);
        let formats = [
            (imp.banner.is_some(), word_key("banner")),
            (imp.video.is_some(), word_key("video")),
            (imp.audio.is_some(), word_key("audio")),
            (imp.native.is_some(), word_key("native")),
        ];
        let offered = formats.into_iter().filter(|(offered, _)| *offered);
        self.tell(Attribute::Format, offered.map(|(_, format)| format));
        self.tell(Attribute::Position, positions(imp).map(code_key));
        self.tell(Attribute::Placement, placement(imp).iter().copied());
        self.tell(Attribute::Roll, rolls(imp));
        self.tell(Attribute::Interstitial, [flag_key(imp.instl)]);
        self.tell(Attribute::Rewarded, [flag_key(imp.rwdd)]);
        if matches!(self.request.channel, Channel::Dooh(_)) {
            self.tell_number(Attribute::ImpressionsPerPlay, thousandths(imp.multiplier));
        }
        self.tell(Attribute::Tag, imp.tagid.map(|tag| SegmentId::from_slug(tag).raw()));
        self.tell_share(Attribute::Viewability, imp.viewability());
        self.tell_share(Attribute::ClickThroughRate, imp.click_through_rate());
        self.tell(Attribute::Deal, imp.deals.iter().map(|deal| DealId::from_slug(deal.id).raw()));
        self.told |= bit(Attribute::Deal);
    }

    /// The ranges that hold a share, which rules write in per cent.
    fn tell_share(&mut self, attribute: Attribute, share: Option<f64>) {
        match share {
            Some(share) => self.tell_number(attribute, percent_thousandths(share)),
            // The impression before may have told one.
            None => self.tell(attribute, []),
        }
    }
}

/// A share from 0 to 1 in thousandths of a per cent, rounded to the nearest.
#[expect(clippy::cast_possible_truncation, reason = "the caller has seen that it lies from 0 to 1")]
pub(in crate::targeting) fn percent_thousandths(share: f64) -> i64 {
    (share * 100_000.0).round() as i64
}

/// Impressions that a play counts as, in thousandths, rounded down.
pub(in crate::targeting) fn thousandths(multiplier: Multiplier) -> i64 {
    i64::try_from(multiplier.millionths() / 1_000).unwrap_or(i64::MAX)
}

/// The key of a small number, as a rule spells it.
fn code_key(code: u32) -> u64 {
    text::key(text::digits(code, &mut [0; 10]))
}

/// The positions of the media offered; 0 means unknown.
pub(in crate::targeting) fn positions(imp: &Imp<'_>) -> impl Iterator<Item = u32> {
    let banner = imp.banner.and_then(|banner| banner.pos);
    let video = imp.video.and_then(|video| video.pos);
    let audio = imp.audio.and_then(|audio| audio.pos);
    [banner, video, audio].into_iter().flatten().filter(|position| *position != 0)
}

/// Where the video stands: `plcmt`, else what the older `placement` may be. An old "in-stream" was said of
/// accompanying content too, so it is both, and `not instream` fails on it.
fn placement(imp: &Imp<'_>) -> &'static [u64] {
    const INSTREAM: u64 = word_key("instream");
    const ACCOMPANYING: u64 = word_key("accompanying");
    let Some(video) = &imp.video else { return &[] };
    match (video.plcmt, video.placement) {
        (Some(1), _) => &[INSTREAM],
        (Some(2), _) => &[ACCOMPANYING],
        (Some(3), _) | (None, Some(5)) => const { &[word_key("interstitial")] },
        // Banner, article and feed hold no content that the ad could run in.
        (Some(4), _) | (None, Some(2..=4)) => const { &[word_key("standalone")] },
        (Some(5), _) => const { &[word_key("pause")] },
        (Some(6), _) => const { &[word_key("screensaver")] },
        (Some(7), _) => const { &[word_key("overlay")] },
        (Some(8), _) => const { &[word_key("squeezeback")] },
        (Some(9), _) => const { &[word_key("in_scene")] },
        (None, Some(1)) => &[INSTREAM, ACCOMPANYING],
        (Some(_), _) | (None, _) => &[],
    }
}

/// Where in the content video and audio start: `startdelay` above 0 and -1 is mid-roll, 0 pre-roll, -2
/// post-roll (AdCOM 1.0, "Start Delay Modes").
fn rolls(imp: &Imp<'_>) -> impl Iterator<Item = u64> {
    let delays = [imp.video, imp.audio].into_iter().flatten().filter_map(|av| av.startdelay);
    delays.filter_map(|delay| match delay {
        0 => Some(word_key("pre")),
        1.. | -1 => Some(word_key("mid")),
        -2 => Some(word_key("post")),
        _ => None,
    })
}
