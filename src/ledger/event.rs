//! What happened, as facts that never change: the only input of the ledger.

use crate::ttf::{Assessment, Bearer};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, DealId, ExchangeId, Femtos, LineItemId,
    Nanos, UnixMillis, UserKey,
};

/// One fact about one bid. Two events with the same [`Event::key`] are the same event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The bid it is about, and all its dimensions.
    pub bid: BidFacts,
    /// When we were told.
    pub at: UnixMillis,
    /// What happened.
    pub kind: EventKind,
}

/// What every event repeats of its bid, so that no event needs another to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BidFacts {
    /// Time-ordered.
    pub id: BidId,
    /// When the bid was made.
    pub at: UnixMillis,
    /// The campaign's civil day of `at`: the day whose cap it counts against.
    pub day: Day,
    /// Who pays.
    pub advertiser: AdvertiserId,
    /// Whose money.
    pub campaign: CampaignId,
    /// What bid.
    pub line_item: LineItemId,
    /// What was shown.
    pub creative: CreativeId,
    /// Where it was bought.
    pub exchange: ExchangeId,
    /// On which deal.
    pub deal: Option<DealId>,
    /// The campaign's: of every amount of the event.
    pub currency: Currency,
    /// The user, where consent let us know.
    pub user: Option<UserKey>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// We were told that we won. Moves no money unless the exchange bills on the win notice, in which
    /// case the billed impression arrives as its own event.
    Win {
        /// What the exchange said it costs, in the campaign's currency.
        price: Option<Nanos>,
    },
    /// An impression was billed. The one event that moves money.
    Impression(Charge),
    /// The bid lost.
    Loss {
        /// OpenRTB loss code, if told.
        reason: Option<u32>,
        /// The least price that would have won, if told, in the exchange's words converted to nanos an impression.
        min_to_win: Option<Nanos>,
    },
    /// The impression was viewable.
    View,
    /// The ad was clicked.
    Click,
    /// A conversion followed the ad.
    Conversion(Conversion),
}

/// What a billed impression costs, each part exact, in the campaign's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Paid to the exchange.
    pub media: Nanos,
    /// Paid for segments.
    pub data: Nanos,
    /// Our fee.
    pub fee: Femtos,
    /// The tax on media and data: base, rate, place, rule, for each kind.
    pub tax: Assessment,
    /// Who bears it.
    pub bearer: Bearer,
    /// True if the reservation had expired before.
    pub late: bool,
}

/// A conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// `purchase`, `lead`, ...
    pub kind: String,
    /// The order, to count it once; else the bid itself is the order.
    pub order: Option<String>,
    /// What it brought.
    pub value: Nanos,
    /// What led to it.
    pub touch: Touch,
}

/// What led to a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// A click at this time.
    Click(UnixMillis),
    /// A view at this time.
    View(UnixMillis),
}

/// Names an event: the bid and what happened to it; for a conversion the advertiser's order instead.
///
/// Bytes sort by the time of the bid, which the store depends on for speed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(smallvec::SmallVec<[u8; 24]>);

impl EventKey {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Event {
    /// Two events with the same key are the same event.
    #[must_use]
    pub fn key(&self) -> EventKey {
        let mut key = smallvec::SmallVec::new();
        match &self.kind {
            EventKind::Conversion(conversion) => {
                // An order converts once, whichever bid it is reported with. 128 bits: no two collide.
                let mut hash = blake3::Hasher::new();
                // Lengths first, so that no order ends where another one's type begins.
                let order = conversion.order.as_deref();
                hash.update(&order.map_or(u64::MAX, |order| order.len() as u64).to_le_bytes());
                match order {
                    Some(order) => {
                        hash.update(&self.bid.advertiser.raw().to_le_bytes());
                        hash.update(order.as_bytes());
                    }
                    None => {
                        hash.update(self.bid.id.as_bytes());
                    }
                }
                hash.update(conversion.kind.as_bytes());
                key.extend_from_slice(&[0xff]);
                key.extend_from_slice(&hash.finalize().as_bytes()[..16]);
            }
            kind => {
                key.extend_from_slice(self.bid.id.as_bytes());
                key.push(kind.code());
            }
        }
        EventKey(key)
    }
}

impl EventKind {
    /// The number under which the kind is stored, never reused.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Win { .. } => 1,
            Self::Impression(_) => 2,
            Self::Loss { .. } => 3,
            Self::View => 4,
            Self::Click => 5,
            Self::Conversion(_) => 6,
        }
    }
}

impl Charge {
    /// What of the impression counts against the budget; held at the end of the range.
    #[must_use]
    pub fn budget_share(&self) -> Nanos {
        let net = self.media.saturating_add(self.data);
        self.bearer.budget_share(net, self.tax.tax()).unwrap_or(Nanos::MAX)
    }
}
