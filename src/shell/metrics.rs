//! What the server counts, and its page for Prometheus. Labels come from enums, or from the configuration up to a bound:
//! never from what anybody sends.
//!
//! What other parts count, they write to the page themselves. Deliberately absent: figures, which are the ledger's.

mod counts;
mod histogram;
mod money;
mod page;
mod process;
mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::bidder::NoBidReason;
use crate::budget::AllocatorError;
use crate::campaign::Rates;
use crate::ledger::Charge;
use crate::notice::{NoticeKind, TokenError, Unpriced};
use crate::privacy::Restriction;
use crate::shell::clock;
use crate::units::{Currency, Nanos, Rounding, UnixMillis};

pub use counts::Counts;
pub use histogram::{Histogram, OF_WAITING, OF_WORK};
pub use page::{CONTENT_TYPE, Page};
pub use text::text;

/// What became of a notice. `notice/token.md` has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeOutcome {
    /// Booked.
    Booked,
    /// Known already.
    Duplicate,
    /// Booked, when its bid held no money any more.
    Late,
    /// Booked, before its impression was billed.
    Early,
    /// It has no token that could be ours.
    Malformed,
    /// Its token names a key that is not held.
    UnknownKey,
    /// Its token was altered, or made for another kind.
    Forged,
    /// Its token is too old.
    Expired,
    /// It tells a price above the bid.
    Overpriced,
    /// Its token is ours, what it says cannot be taken.
    Refused,
    /// The ledger did not take it: the caller comes again.
    Failed,
    /// The ad was rendered to be looked at: no impression.
    Audit,
    /// There is nothing to book: a test, or another notice moves the money.
    Nothing,
}

/// Why a request got neither a bid nor a word about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// 401: without a password, or with a wrong one.
    Unauthorized,
    /// 403: without a key or from an address that the exchange's profile names.
    Forbidden,
    /// 404: no such exchange.
    UnknownExchange,
    /// 405.
    Method,
    /// 408: the body did not come in time.
    TooLate,
    /// 413.
    TooLarge,
    /// 415: a format or an encoding that is not spoken.
    Unspoken,
    /// 400: the body is not what its encoding says, or its end did not come.
    Broken,
}

/// Which door an event came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventDoor {
    /// A page's pixel.
    Page,
    /// An advertiser's server.
    Server,
}

impl EventDoor {
    const NAMES: [&'static str; 2] = ["page", "server"];
}

/// What became of an event of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    /// Recorded.
    Taken,
    /// Known already by its id.
    Duplicate,
    /// Withheld: the GDPR applies, and the person does not consent.
    Gdpr,
    /// Withheld: a law of the United States applies, and the person opted out.
    Us,
    /// Withheld: the browser says Global Privacy Control.
    Gpc,
    /// Withheld: Canada's section, or one that is not known, applies.
    Gpp,
    /// Withheld: a child's.
    Children,
    /// Withheld: the browser asks not to be tracked.
    Device,
    /// Not an event that can be taken.
    Refused,
    /// Without the advertiser's token.
    Unauthorized,
    /// Could not be recorded: whoever sent it comes again.
    Failed,
}

impl EventOutcome {
    const NAMES: [&'static str; 11] = [
        "taken",
        "duplicate",
        "withheld_gdpr",
        "withheld_us",
        "withheld_gpc",
        "withheld_gpp",
        "withheld_children",
        "withheld_device",
        "refused",
        "unauthorized",
        "failed",
    ];

    /// Withheld by `restriction`.
    #[must_use]
    pub const fn withheld(restriction: Restriction) -> Self {
        match restriction {
            Restriction::Gdpr(_) => Self::Gdpr,
            Restriction::UsPrivacy | Restriction::UsPrivacyUnreadable | Restriction::UsSection(..) => {
                Self::Us
            }
            Restriction::GlobalPrivacyControl => Self::Gpc,
            Restriction::Canada(_) | Restriction::UnknownSection(_) => Self::Gpp,
            Restriction::Coppa => Self::Children,
            Restriction::LimitAdTracking | Restriction::DoNotTrack => Self::Device,
        }
    }
}

impl Turned {
    /// All names, in the order of the reasons.
    pub const NAMES: [&'static str; 8] = [
        "unauthorized",
        "forbidden",
        "unknown_exchange",
        "method",
        "too_late",
        "too_large",
        "unspoken",
        "broken",
    ];
}

impl NoticeOutcome {
    const NAMES: [&'static str; 13] = [
        "booked",
        "duplicate",
        "late",
        "early",
        "malformed",
        "unknown_key",
        "forged",
        "expired",
        "overpriced",
        "refused",
        "failed",
        "audit",
        "nothing",
    ];
}

impl NoticeOutcome {
    /// The same of a notice that came before its impression was billed.
    #[must_use]
    pub fn or_early(self) -> Self {
        if self == Self::Booked { Self::Early } else { self }
    }
}

impl From<TokenError> for NoticeOutcome {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Malformed => Self::Malformed,
            TokenError::UnknownKey => Self::UnknownKey,
            TokenError::Forged => Self::Forged,
            TokenError::Expired => Self::Expired,
        }
    }
}

/// A counter for each reason not to bid.
#[derive(Debug)]
struct ByReason([AtomicU64; NoBidReason::NAMES.len()]);

impl Default for ByReason {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

/// All counters of a process.
#[derive(Debug)]
pub struct Metrics {
    started: UnixMillis,
    requests: AtomicU64,
    malformed: AtomicU64,
    panics: AtomicU64,
    out_of_reach: AtomicU64,
    leases_ended: AtomicU64,
    bids: AtomicU64,
    no_bids: ByReason,
    notices: [[AtomicU64; NoticeOutcome::NAMES.len()]; NoticeKind::ALL.len()],
    unpriced: [AtomicU64; Unpriced::NAMES.len()],
    turned: [AtomicU64; Turned::NAMES.len()],
    events: [[AtomicU64; EventOutcome::NAMES.len()]; EventDoor::NAMES.len()],
    expired: AtomicU64,
    reloads: AtomicU64,
    reloads_refused: AtomicU64,
    key_reloads: AtomicU64,
    key_reloads_refused: AtomicU64,
    impressions: AtomicU64,
    /// In nanos of a euro, as the two below.
    media: AtomicU64,
    data: AtomicU64,
    tax: AtomicU64,
    decisions: Histogram<{ OF_WORK.len() }>,
    beats: Histogram<{ OF_WAITING.len() }>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            started: clock::now(),
            requests: AtomicU64::default(),
            malformed: AtomicU64::default(),
            panics: AtomicU64::default(),
            out_of_reach: AtomicU64::default(),
            leases_ended: AtomicU64::default(),
            bids: AtomicU64::default(),
            no_bids: ByReason::default(),
            notices: Default::default(),
            unpriced: Default::default(),
            turned: Default::default(),
            events: Default::default(),
            expired: AtomicU64::default(),
            reloads: AtomicU64::default(),
            reloads_refused: AtomicU64::default(),
            key_reloads: AtomicU64::default(),
            key_reloads_refused: AtomicU64::default(),
            impressions: AtomicU64::default(),
            media: AtomicU64::default(),
            data: AtomicU64::default(),
            tax: AtomicU64::default(),
            decisions: Histogram::new(OF_WORK),
            beats: Histogram::new(OF_WAITING),
        }
    }
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Metrics {
    /// A bid request was answered, with bids or for `no_bid` without, after `took` of our own work.
    pub fn answered(&self, no_bid: Option<NoBidReason>, took: Duration) {
        add(&self.requests, 1);
        if let Some(reason) = no_bid {
            add(&self.no_bids.0[reason.rank()], 1);
        }
        self.decisions.observe(took);
    }

    /// The slow loop's beat took so long.
    pub fn beat(&self, took: Duration) {
        self.beats.observe(took);
    }

    /// An impression was billed in `currency`. Sums in euros are rounded up to the nano, each impression's for itself, and
    /// leave out what `rates` do not lead to euros.
    pub fn paid(&self, charge: &Charge, currency: Currency, rates: &Rates) {
        add(&self.impressions, 1);
        let Some(rate) = rates.rate(currency, Currency::EUR) else { return };
        let amounts = [charge.media, charge.data, charge.tax.tax().to_nanos_up()];
        for (counter, amount) in [&self.media, &self.data, &self.tax].into_iter().zip(amounts) {
            let euros = rate.amount(amount, Rounding::Up).unwrap_or(Nanos::ZERO);
            add(counter, u64::try_from(euros.raw()).unwrap_or(0));
        }
    }

    /// An answer holds `count` bids.
    pub fn bid(&self, count: usize) {
        add(&self.bids, count as u64);
    }

    /// A body was not OpenRTB.
    pub fn malformed(&self) {
        add(&self.requests, 1);
        add(&self.malformed, 1);
    }

    /// A request was turned away before it was read.
    pub fn turned(&self, reason: Turned) {
        add(&self.turned[reason as usize], 1);
    }

    /// A decision panicked: a fault of ours.
    pub fn panicked(&self) {
        add(&self.panics, 1);
    }

    /// The allocator of budgets gave no answer.
    pub fn unleased(&self, error: &AllocatorError) {
        let counter = match error {
            AllocatorError::OutOfReach => &self.out_of_reach,
            AllocatorError::Ended(_) => &self.leases_ended,
        };
        add(counter, 1);
    }

    /// A notice came.
    pub fn noticed(&self, kind: NoticeKind, outcome: NoticeOutcome) {
        add(&self.notices[kind as usize][outcome as usize], 1);
    }

    /// An impression was booked at the bid's price, for the exchange told none that can be taken.
    pub fn unpriced(&self, why: Unpriced) {
        add(&self.unpriced[why as usize], 1);
    }

    /// An event of a person came.
    pub fn happened(&self, door: EventDoor, outcome: EventOutcome) {
        add(&self.events[door as usize][outcome as usize], 1);
    }

    /// Reservations expired without a notice.
    pub fn expired(&self, count: usize) {
        add(&self.expired, count as u64);
    }

    /// New campaign files were taken, or refused.
    pub fn reloaded(&self, taken: bool) {
        add(if taken { &self.reloads } else { &self.reloads_refused }, 1);
    }

    /// New notice keys were taken, or refused.
    pub fn keys_reloaded(&self, taken: bool) {
        add(if taken { &self.key_reloads } else { &self.key_reloads_refused }, 1);
    }
}
