//! What happened, as facts that never change: the only input of the ledger.

use crate::ledger::rate::DatedRate;
use crate::ledger::setting::Setting;
use crate::ttf::{Assessment, Bearer};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CorrectionId, CreativeId, Currency, Day, DealId, Epoch, ExchangeId,
    Femtos, HouseholdKey, LineItemId, Nanos, UnixMillis, UserKey,
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
    /// The household, where a frequency cap counts by it and consent let us know.
    pub household: Option<HouseholdKey>,
    /// From whose leases it is paid: those of the run of a process that made the bid, or took it over.
    pub lease: Epoch,
    /// Where and to whom the ad was offered.
    pub setting: Setting,
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
    /// The player came to a step of a video or audio ad.
    Playback(Playback),
    /// The books were wrong, or the world changed its mind.
    Correction(Correction),
}

/// A step of playback, as VAST names its tracking events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Playback {
    /// Playing began, or the overlay was shown.
    Start,
    /// A quarter was played.
    FirstQuartile,
    /// Half was played.
    Midpoint,
    /// Three quarters were played.
    ThirdQuartile,
    /// It was played to its end.
    Complete,
    /// The viewer skipped the rest.
    Skip,
    /// It could not be played.
    Error {
        /// VAST's error code, if told.
        code: Option<u32>,
    },
}

impl Playback {
    /// Every step, the error without a code.
    pub const ALL: [Self; 7] = [
        Self::Start,
        Self::FirstQuartile,
        Self::Midpoint,
        Self::ThirdQuartile,
        Self::Complete,
        Self::Skip,
        Self::Error { code: None },
    ];

    /// The step's name in our addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::FirstQuartile => "q1",
            Self::Midpoint => "q2",
            Self::ThirdQuartile => "q3",
            Self::Complete => "complete",
            Self::Skip => "skip",
            Self::Error { .. } => "error",
        }
    }

    /// The step of that name; `error` is the code of one that is an error.
    #[must_use]
    pub fn from_name(name: &str, error: Option<u32>) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name).map(|step| step.with(error))
    }

    /// The step of that code (see [`EventKind::code`]); `error` as in [`Playback::from_name`].
    #[must_use]
    pub fn from_code(code: u8, error: Option<u32>) -> Option<Self> {
        let of_code = |step: &Self| EventKind::Playback(*step).code() == code;
        Self::ALL.into_iter().find(of_code).map(|step| step.with(error))
    }

    const fn with(self, error: Option<u32>) -> Self {
        match self {
            Self::Error { .. } => Self::Error { code: error },
            step => step,
        }
    }
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
    /// How media came into this currency, where the exchange charges another one.
    pub fx: Option<DatedRate>,
    /// The most that media could have come to: the bid. `None` where an older encan did not tell.
    pub bid: Option<Nanos>,
    /// The least media at which it would still have been won, where the exchange told.
    pub to_beat: Option<Nanos>,
}

/// A change of the books after the fact: an entry of its own, never an edit of an old one.
///
/// Its event is about the bid that it corrects. What is added to a whole campaign has an id of its own in its bid's
/// place, and [`crate::ledger::NO_LINE_ITEM`]. Whom an ad was shown to is not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Two corrections with the same id are the same.
    pub id: CorrectionId,
    /// What it is.
    pub cause: Cause,
    /// Impressions to count, negative for those that do not count any more.
    pub impressions: i64,
    /// What to add to the cost; amounts and tax bases are negative where money comes back. The tax has the
    /// rate and the place of what it corrects. Of a refund, media is what the advertiser gets, as a negative amount.
    pub charge: Charge,
    /// What to add to what is used of the budget. It does not follow from the charge: the tax inside a budget is
    /// rounded up, of the bill as it stood and of the bill as it stands, so that all parts sum to nothing.
    pub budget: Nanos,
    /// What to add to what is disputed. A credit note of a disputed amount takes it off.
    pub disputed: Nanos,
    /// Why, in a person's words.
    pub reason: String,
    /// Who says so.
    pub author: String,
}

/// What a correction is. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cause {
    /// The exchange takes back what it billed.
    CreditNote = 1,
    /// We give money back to the advertiser, out of our own.
    Refund = 2,
    /// Impressions that nobody saw, found after the fact.
    InvalidTraffic = 3,
    /// Anything else, by hand.
    Adjustment = 4,
    /// We dispute what the exchange billed: owed, but not accepted.
    Dispute = 5,
    /// A dispute that ended against us: owed as before.
    Conceded = 6,
    /// A flat invoice for targeting data, laid over the impressions of a day.
    DataInvoice = 7,
}

impl Correction {
    /// What it is about in one number: what exchanges, sellers of data or the advertiser get more or less, or what is
    /// disputed.
    #[must_use]
    pub const fn amount(&self) -> Nanos {
        match self.cause {
            Cause::Dispute | Cause::Conceded => self.disputed,
            Cause::CreditNote | Cause::Refund | Cause::InvalidTraffic | Cause::Adjustment => {
                self.charge.media
            }
            Cause::DataInvoice => self.charge.data,
        }
    }
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 7] = [
        Self::CreditNote,
        Self::Refund,
        Self::InvalidTraffic,
        Self::Adjustment,
        Self::Dispute,
        Self::Conceded,
        Self::DataInvoice,
    ];

    /// The cause's name, as people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreditNote => "credit_note",
            Self::Refund => "refund",
            Self::InvalidTraffic => "invalid_traffic",
            Self::Adjustment => "adjustment",
            Self::Dispute => "dispute",
            Self::Conceded => "conceded",
            Self::DataInvoice => "data_invoice",
        }
    }

    /// True if what the impressions cost changes, and with it what is used of the budget.
    #[must_use]
    pub const fn changes_cost(self) -> bool {
        matches!(self, Self::CreditNote | Self::InvalidTraffic | Self::Adjustment | Self::DataInvoice)
    }

    /// The cause of that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| *cause as u8 == code)
    }
}

/// A conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// `purchase`, `lead`, ...
    pub kind: String,
    /// True if the campaign called its kind an acquisition when it was booked: what a CPA counts. True where nobody said,
    /// as of a campaign whose file is gone and of what an older encan booked.
    pub acquisition: bool,
    /// The order, to count it once; else the bid itself is the order.
    pub order: Option<String>,
    /// What it brought.
    pub value: Nanos,
    /// What led to it.
    pub touch: Touch,
    /// How the value came into the campaign's currency, where it was reported in another one.
    pub fx: Option<DatedRate>,
    /// When it happened, as reported; else when we were told.
    pub happened: UnixMillis,
    /// What the customer is expected to bring altogether; zero where nobody said.
    pub lifetime: Nanos,
    /// Who reported it.
    pub source: Source,
    /// The promo code that was used.
    pub code: Option<String>,
}

/// Who reported a conversion. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Source {
    /// A page, by a pixel.
    #[default]
    Page = 0,
    /// The advertiser's server.
    Server = 1,
    /// Whoever measures an app.
    Install = 2,
    /// A file of orders, with their promo codes.
    File = 3,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Page, Self::Server, Self::Install, Self::File];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Server => "server",
            Self::Install => "install",
            Self::File => "file",
        }
    }

    /// The source of that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|source| *source as u8 == code)
    }
}

/// What led to a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// A click at this time.
    Click(UnixMillis),
    /// A view at this time.
    View(UnixMillis),
    /// A promo code of the campaign, whenever its ads were seen.
    Code,
    /// Nobody knows: it counts for no ad, only where everybody's conversions are counted.
    None,
}

impl Touch {
    /// The number under which it is stored, never reused, and its time, where it has one.
    #[must_use]
    pub const fn parts(self) -> (u8, Option<UnixMillis>) {
        match self {
            Self::Click(at) => (0, Some(at)),
            Self::View(at) => (1, Some(at)),
            Self::Code => (2, None),
            Self::None => (3, None),
        }
    }

    /// The touch of that number and time; `None` if there is no such touch.
    #[must_use]
    pub const fn from_parts(code: u8, at: Option<UnixMillis>) -> Option<Self> {
        match (code, at) {
            (0, Some(at)) => Some(Self::Click(at)),
            (1, Some(at)) => Some(Self::View(at)),
            (2, None) => Some(Self::Code),
            (3, None) => Some(Self::None),
            _ => None,
        }
    }
}

/// Names an event: the bid and what happened to it; for a conversion the advertiser's order instead.
///
/// Bytes sort by the time of the bid, which the store depends on for speed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(smallvec::SmallVec<[u8; 24]>);

impl EventKey {
    /// The length of every key.
    pub const LEN: usize = 17;

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
            EventKind::Correction(correction) => {
                key.extend_from_slice(&[0xfe]);
                key.extend_from_slice(correction.id.as_bytes());
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
            // Each step has a number of its own, so that each is counted once for a bid.
            Self::Playback(Playback::Start) => 7,
            Self::Playback(Playback::FirstQuartile) => 8,
            Self::Playback(Playback::Midpoint) => 9,
            Self::Playback(Playback::ThirdQuartile) => 10,
            Self::Playback(Playback::Complete) => 11,
            Self::Playback(Playback::Skip) => 12,
            Self::Playback(Playback::Error { .. }) => 13,
            Self::Correction(_) => 14,
        }
    }
}

impl Charge {
    /// What the advertiser pays for it: media, data, our fee, and the tax that the advertiser bears.
    #[must_use]
    pub fn advertiser_cost(&self) -> Femtos {
        let borne = self.tax.borne(self.bearer);
        [self.media.to_femtos(), self.data.to_femtos(), self.fee, borne].into_iter().sum()
    }

    /// True if the places that tax it divide what they tax, rather than each taxing all of it. Where nothing was paid,
    /// nothing tells, and it is false.
    #[must_use]
    pub fn is_divided(&self) -> bool {
        let part = |of: Nanos, whole: Nanos| whole != Nanos::ZERO && of != whole;
        let further = self.tax.more.first();
        further.is_some_and(|levy| part(levy.space.base, self.media) || part(levy.data.base, self.data))
    }

    /// The same as a line item's goal counts it, rounded up to the nano: bids are priced so that all of it stays within
    /// what the impression is worth.
    #[must_use]
    pub fn goal_cost(&self) -> Nanos {
        self.advertiser_cost().to_nanos_up()
    }

    /// What of it counts against the budget; held at the end of the range.
    #[must_use]
    pub fn budget_share(&self) -> Nanos {
        let net = self.media.saturating_add(self.data);
        self.bearer.budget_share(net, self.tax.borne(self.bearer)).unwrap_or(Nanos::MAX)
    }
}
