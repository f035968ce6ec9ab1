//! What an impression offers, medium by medium: banner, video and audio with their pods, native.

use crate::units::Cpm;

/// `DurFloors`, 3.2.35: a floor for bids of some durations. Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurFloor {
    /// Least duration in seconds.
    pub mindur: u32,
    /// Greatest duration in seconds, if told.
    pub maxdur: Option<u32>,
    /// Read as `imp.bidfloor`.
    pub bidfloor: Cpm,
}

/// `Banner`, 3.2.6.
#[derive(Debug, Clone, Copy)]
pub struct Banner<'a> {
    /// Sizes taken: `format[]`, else `w` and `h`; empty = any within `range`. Flexible sizes have a ratio.
    pub format: &'a [Format],
    /// Of a side that neither `format[]` nor `w` or `h` tells; absent = any. With `format[]`, none. Rare, and kept
    /// apart: a request may hold thousands of banners as companions.
    pub range: Option<&'a SizeRange>,
    /// Blocked banner types: 1 XHTML text, 2 XHTML banner, 3 JavaScript, 4 iframe.
    pub btype: &'a [u32],
    /// Blocked creative attributes.
    pub battr: &'a [u32],
    /// MIME types taken; empty = any.
    pub mimes: &'a [&'a str],
    /// API frameworks supported; empty = none.
    pub api: &'a [u32],
    /// Position on the page, 0 to 17.
    pub pos: Option<u32>,
    /// Directions in which an expandable ad may expand: 1 left, 2 right, 3 up, 4 down, 5 full screen,
    /// 6 resize; empty = not told.
    pub expdir: &'a [u32],
    /// `Some(true)` if delivered in the top frame. Absent = unknown.
    pub topframe: Option<bool>,
}

/// The sizes of a banner by their ends, `wmin`, `wmax`, `hmin` and `hmax`: deprecated since OpenRTB 2.4, 3.2.3. Both
/// ends belong to it; of one that ends before it begins, no size does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeRange {
    /// Least width in device-independent pixels; zero = any.
    pub wmin: u32,
    /// Greatest width, if told.
    pub wmax: Option<u32>,
    /// Least height; zero = any.
    pub hmin: u32,
    /// Greatest height, if told.
    pub hmax: Option<u32>,
}

impl SizeRange {
    pub(super) const ANY: Self = Self { wmin: 0, wmax: None, hmin: 0, hmax: None };

    /// True if it holds the size of this width and height.
    #[must_use]
    pub fn holds(&self, width: u32, height: u32) -> bool {
        let within =
            |side: u32, least: u32, most: Option<u32>| side >= least && most.is_none_or(|most| side <= most);
        within(width, self.wmin, self.wmax) && within(height, self.hmin, self.hmax)
    }

    /// What is left of it where `size` tells a side exactly; `None` if that is nothing.
    pub(super) fn beside(mut self, size: Format) -> Option<Self> {
        if size.w > 0 {
            (self.wmin, self.wmax) = (0, None);
        }
        if size.h > 0 {
            (self.hmin, self.hmax) = (0, None);
        }
        (self != Self::ANY).then_some(self)
    }
}

/// `Format`, 3.2.10. Zero = absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Width in device-independent pixels.
    pub w: u32,
    /// Height in device-independent pixels.
    pub h: u32,
    /// Relative width of a flexible size.
    pub wratio: u32,
    /// Relative height of a flexible size.
    pub hratio: u32,
    /// Least width of a flexible size.
    pub wmin: u32,
}

/// `Video`, 3.2.7, and `Audio`, 3.2.8: what they share, and the fields of video (zero or empty in audio).
#[derive(Debug, Clone, Copy)]
pub struct Av<'a> {
    /// MIME types taken.
    pub mimes: &'a [&'a str],
    /// Protocols taken: 2 VAST 2.0, 3 VAST 3.0, 7 VAST 4.0 ..., else the one of `protocol`; empty = all.
    pub protocols: &'a [u32],
    /// Least duration in seconds.
    pub minduration: u32,
    /// Greatest duration in seconds, if told.
    pub maxduration: Option<u32>,
    /// The only durations taken, in seconds; empty = `minduration` to `maxduration`.
    pub rqddurs: &'a [u32],
    /// Player width.
    pub w: Option<u32>,
    /// Player height.
    pub h: Option<u32>,
    /// 0 pre-roll, above 0 mid-roll at that second, -1 any mid-roll, -2 post-roll.
    pub startdelay: Option<i32>,
    /// 1 linear, 2 overlay; absent = both.
    pub linearity: Option<u32>,
    /// `plcmt`: 1 instream, 2 accompanying, 3 interstitial, 4 standalone ...; absent = unknown.
    pub plcmt: Option<u32>,
    /// The older `placement`.
    pub placement: Option<u32>,
    /// `Some(true)` if the player lets the user skip.
    pub skip: Option<bool>,
    /// Only ads longer than this many seconds may be skipped (default 0).
    pub skipmin: u32,
    /// Seconds of play after which skipping begins (default 0).
    pub skipafter: u32,
    /// Seconds by which `maxduration` may be exceeded: 0 none (default), `u32::MAX` any.
    pub maxextended: u32,
    /// Companion banners that can be shown.
    pub companionad: &'a [Banner<'a>],
    /// Kinds of companions taken: 1 static, 2 HTML, 3 iframe; empty = all.
    pub companiontype: &'a [u32],
    /// Least bit rate in kbit/s; zero = none.
    pub minbitrate: u32,
    /// Greatest bit rate in kbit/s, if told.
    pub maxbitrate: Option<u32>,
    /// Blocked creative attributes.
    pub battr: &'a [u32],
    /// API frameworks supported; empty = none.
    pub api: &'a [u32],
    /// Delivery methods: 1 streaming, 2 progressive, 3 download; empty = all.
    pub delivery: &'a [u32],
    /// Position on the page.
    pub pos: Option<u32>,
    /// The pod it is part of, if any.
    pub pod: Option<Pod<'a>>,
    /// True if letterboxing is allowed (default).
    pub boxingallowed: bool,
    /// Floor per second of the bid's duration, in `imp.bidfloorcur`.
    pub mincpmpersec: Option<Cpm>,
    /// Floors by the bid's duration, in `imp.bidfloorcur`.
    pub durfloors: &'a [DurFloor],
}

/// What a video or audio offer says of its pod (7.6). With `poddur` it is a dynamic pod, or the dynamic part
/// of a hybrid one, for which several bids may be made; without, one slot of a structured pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pod<'a> {
    /// The pod's name: imps with the same one are slots of one pod.
    pub podid: Option<&'a str>,
    /// Where the pod stands in the content: -1 last, 0 any, 1 first.
    pub podseq: i32,
    /// Which slots are offered: -1 last, 0 any, 1 first, 2 first or last.
    pub slotinpod: i32,
    /// Seconds of the dynamic part; above zero.
    pub poddur: Option<u32>,
    /// Most ads in the dynamic part, if told.
    pub maxseq: Option<u32>,
    /// By what two ads of the pod count as the same: 1 advertiser domain, 2 category, 3 creative id,
    /// 4 media file, 5 nothing; empty = not told.
    pub poddedupe: &'a [u32],
}

/// `Native`, 3.2.9, with its request (Native 1.2, section 4) already read.
#[derive(Debug, Clone, Copy)]
pub struct Native<'a> {
    /// What must and may be answered. Never empty: a native imp without assets is no medium.
    pub assets: &'a [NativeAsset<'a>],
    /// `(event, method)` pairs that may be tracked, in the numbering of Native 1.2.
    pub eventtrackers: &'a [(u32, u32)],
    /// Blocked creative attributes.
    pub battr: &'a [u32],
    /// API frameworks supported; empty = none.
    pub api: &'a [u32],
    /// The version asked for (`ver`), default 1.2.
    pub ver: &'a str,
    /// True if an address of the ad's privacy information may be answered.
    pub privacy: bool,
    /// True if the native request came wrapped in `{"native": ...}` (1.0); the answer is wrapped too.
    pub wrapped: bool,
}

/// One asset of a native request.
#[derive(Debug, Clone, Copy)]
pub struct NativeAsset<'a> {
    /// Repeated in the answer.
    pub id: u32,
    /// True if an answer without it is refused.
    pub required: bool,
    /// What it is.
    pub kind: NativeKind<'a>,
}

/// The kinds of native assets.
#[derive(Debug, Clone, Copy)]
pub enum NativeKind<'a> {
    /// Text of at most `len` characters.
    Title {
        /// Most characters; `u32::MAX` if not told.
        len: u32,
    },
    /// An image.
    Img {
        /// 1 icon, 3 main; absent = unknown.
        r#type: Option<u32>,
        /// Exact width, zero = any.
        w: u32,
        /// Exact height, zero = any.
        h: u32,
        /// Least width, zero = any.
        wmin: u32,
        /// Least height, zero = any.
        hmin: u32,
        /// MIME types taken; empty = all.
        mimes: &'a [&'a str],
    },
    /// A video, answered with a VAST tag.
    Video {
        /// MIME types taken.
        mimes: &'a [&'a str],
        /// Least duration in seconds.
        minduration: u32,
        /// Greatest duration in seconds; `u32::MAX` if not told.
        maxduration: u32,
        /// Protocols taken.
        protocols: &'a [u32],
    },
    /// A piece of text by its type: 1 sponsored, 2 description, 12 call to action ...
    Data {
        /// The type.
        r#type: u32,
        /// Most characters, zero = any.
        len: u32,
    },
    /// A kind this bidder does not know, or a required asset without id; unanswerable.
    Other,
}
