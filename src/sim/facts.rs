//! What a generated body says, for whoever judges the answer to it.

use smallvec::SmallVec;

use crate::campaign::FormatKind;
use crate::units::{Country, Cpm, Currency};

/// What one bid request says.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestFacts {
    /// `id`.
    pub id: String,
    /// One for each `imp`, in order.
    pub imps: Vec<ImpFacts>,
    /// `device.geo.country`.
    pub country: Option<Country>,
    /// The viewer's number: the lower, the more often it comes.
    pub user: u64,
    /// True if the body carries an id of the viewer (`user.buyeruid`, or an `ifa` that may be used).
    pub identified: bool,
    /// What `gdpr` says; `None` if it is absent.
    pub gdpr: Option<bool>,
    /// `at`.
    pub auction: AuctionType,
    /// `cur`; empty if absent, which means US dollars.
    pub currencies: SmallVec<[Currency; 2]>,
    /// `tmax`.
    pub tmax_ms: u32,
    /// The class its length was drawn from.
    pub size: SizeClass,
    /// True if its fields stand in the places of 2.6, false for those of 2.5.
    pub new_fields: bool,
    /// `test`: nothing of it is billable.
    pub test: bool,
}

/// What one impression says.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpFacts {
    /// `id`.
    pub id: String,
    /// The media it is offered as; not empty.
    pub formats: SmallVec<[FormatKind; 2]>,
    /// `bidfloor`, zero if absent. It is absent where a price per second takes its place;
    /// floors by duration are never below it.
    pub floor: Cpm,
    /// `bidfloorcur`, US dollars if absent.
    pub floor_currency: Currency,
    /// True if only bids on a listed deal are taken.
    pub private: bool,
    /// The deals offered.
    pub deals: Vec<DealFacts>,
}

/// What one deal says.
#[derive(Debug, Clone, PartialEq)]
pub struct DealFacts {
    /// `id`.
    pub id: String,
    /// `bidfloor`.
    pub floor: Cpm,
    /// `bidfloorcur`, US dollars if absent.
    pub floor_currency: Currency,
}

/// `at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuctionType {
    /// 1: the winner pays its bid.
    FirstPrice,
    /// 2: the winner pays what it had to beat.
    SecondPrice,
}

/// Lengths of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SizeClass {
    /// 0.8 to 2.5 kB, about 1.5 kB: what most exchanges send.
    Small,
    /// 2.5 to 6 kB, about 4 kB: with segments, extended ids, consent, several impressions.
    Large,
    /// 6 to 12 kB: with long lists of blocked advertisers besides.
    Huge,
}

impl SizeClass {
    /// The least and the greatest length in bytes.
    #[must_use]
    pub const fn bounds(self) -> (usize, usize) {
        match self {
            Self::Small => (800, 2_500),
            Self::Large => (2_500, 6_000),
            Self::Huge => (6_000, 12_288),
        }
    }
}
