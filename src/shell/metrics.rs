//! Counters, and their text for Prometheus. Labels come from enums, never from input.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bidder::{Asleep, NoBidReason, Snapshot};
use crate::budget::AllocatorError;
use crate::notice::{NoticeKind, TokenError, Unpriced};
use crate::privacy::Restriction;

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

/// Upper bounds of the buckets of a decision's time, in microseconds.
const BUCKETS_US: [u64; 12] = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000];

/// A counter for each reason not to bid.
#[derive(Debug)]
struct ByReason([AtomicU64; NoBidReason::NAMES.len()]);

impl Default for ByReason {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

/// All counters of a process.
#[derive(Debug, Default)]
pub struct Metrics {
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
    decision_us: [AtomicU64; BUCKETS_US.len() + 1],
    decision_us_sum: AtomicU64,
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Metrics {
    /// A bid request was answered, with bids or for `no_bid` without, after `micros` of our own work.
    pub fn answered(&self, no_bid: Option<NoBidReason>, micros: u64) {
        add(&self.requests, 1);
        if let Some(reason) = no_bid {
            add(&self.no_bids.0[reason.rank()], 1);
        }
        let bucket = BUCKETS_US.iter().position(|bound| micros <= *bound).unwrap_or(BUCKETS_US.len());
        add(&self.decision_us[bucket], 1);
        add(&self.decision_us_sum, micros);
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

    /// All that is counted of requests, bids and notices by now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            requests: read(&self.requests),
            malformed: read(&self.malformed),
            panics: read(&self.panics),
            bids: read(&self.bids),
            no_bids: self.no_bids.0.iter().map(read).collect(),
            wins: read(&self.notices[NoticeKind::Win as usize][NoticeOutcome::Booked as usize]),
            decision_us: self.decision_us.iter().map(read).collect(),
        }
    }

    /// Everything, in the text format of Prometheus, with what the caller knows of the moment.
    #[must_use]
    pub fn text(&self, open_reservations: usize, snapshot: &Snapshot) -> String {
        let mut out = String::with_capacity(8_192);
        for (name, help, counter) in [
            ("encan_bid_requests_total", "Bid requests received.", &self.requests),
            ("encan_bid_requests_malformed_total", "Bodies that are not OpenRTB.", &self.malformed),
            ("encan_bids_total", "Bids made.", &self.bids),
            (
                "encan_allocator_out_of_reach_total",
                "Rounds in which the allocator of budgets gave no answer.",
                &self.out_of_reach,
            ),
            (
                "encan_leases_ended_total",
                "Rounds in which this process had no leases any more.",
                &self.leases_ended,
            ),
            ("encan_panics_total", "Decisions that panicked, answered with no bid.", &self.panics),
            ("encan_reservations_expired_total", "Reservations that no notice closed.", &self.expired),
            ("encan_reloads_total", "Revisions of the campaign files taken.", &self.reloads),
            (
                "encan_reloads_refused_total",
                "Revisions of the campaign files refused.",
                &self.reloads_refused,
            ),
            ("encan_key_reloads_total", "Changes of the notice keys taken.", &self.key_reloads),
            (
                "encan_key_reloads_refused_total",
                "Changes of the notice keys refused.",
                &self.key_reloads_refused,
            ),
        ] {
            let value = read(counter);
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}\n");
        }
        let name = "encan_no_bids_total";
        let _ = write!(
            out,
            "# HELP {name} Requests without a bid, by the last reason reached.\n# TYPE {name} counter\n"
        );
        for (reason, counter) in NoBidReason::NAMES.iter().zip(&self.no_bids.0) {
            let _ = writeln!(out, "{name}{{reason=\"{reason}\"}} {}", read(counter));
        }
        let name = "encan_requests_refused_total";
        let help = "Requests to exchanges' addresses that were turned away unread, by why.";
        let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} counter\n");
        for (reason, counter) in Turned::NAMES.iter().zip(&self.turned) {
            let _ = writeln!(out, "{name}{{reason=\"{reason}\"}} {}", read(counter));
        }
        self.write_notices(&mut out);
        self.write_events(&mut out);
        self.write_decision_time(&mut out);
        for (name, help, value) in [
            ("encan_reservations_open", "Bids whose outcome is not known.", open_reservations as u64),
            ("encan_revision", "Revision of the campaign files in use.", snapshot.plan.revision),
            ("encan_line_items", "Line items loaded.", snapshot.plan.rows.len() as u64),
        ] {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
        }
        let name = "encan_line_items_asleep";
        let _ = write!(out, "# HELP {name} Line items that may not bid now, by why.\n# TYPE {name} gauge\n");
        for (reason, count) in Asleep::NAMES.iter().zip(snapshot.sleepers) {
            let _ = writeln!(out, "{name}{{reason=\"{reason}\"}} {count}");
        }
        out
    }

    fn write_notices(&self, out: &mut String) {
        let name = "encan_notices_total";
        let _ = write!(out, "# HELP {name} Notices received, by kind and outcome.\n# TYPE {name} counter\n");
        for kind in NoticeKind::ALL {
            for (outcome, counter) in NoticeOutcome::NAMES.iter().zip(&self.notices[kind as usize]) {
                let (kind, value) = (kind.name(), read(counter));
                let _ = writeln!(out, "{name}{{kind=\"{kind}\",outcome=\"{outcome}\"}} {value}");
            }
        }
        let name = "encan_notices_unpriced_total";
        let help = "Impressions booked at the bid's price, for want of one that can be taken, by why.";
        let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} counter\n");
        for (why, counter) in Unpriced::NAMES.iter().zip(&self.unpriced) {
            let _ = writeln!(out, "{name}{{reason=\"{why}\"}} {}", read(counter));
        }
    }

    fn write_events(&self, out: &mut String) {
        let name = "encan_events_total";
        let help = "Events of people at advertisers', by who sent them and what became of them.";
        let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} counter\n");
        for (door, outcomes) in EventDoor::NAMES.iter().zip(&self.events) {
            for (outcome, counter) in EventOutcome::NAMES.iter().zip(outcomes) {
                let _ = writeln!(out, "{name}{{door=\"{door}\",outcome=\"{outcome}\"}} {}", read(counter));
            }
        }
    }

    fn write_decision_time(&self, out: &mut String) {
        let name = "encan_decision_seconds";
        let _ = write!(out, "# HELP {name} Time from a body read to its answer.\n# TYPE {name} histogram\n");
        let mut count = 0;
        for (bound, counter) in BUCKETS_US.iter().zip(&self.decision_us) {
            count += read(counter);
            let _ = writeln!(out, "{name}_bucket{{le=\"{}\"}} {count}", seconds(*bound));
        }
        count += read(&self.decision_us[BUCKETS_US.len()]);
        let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "{name}_sum {}", seconds(read(&self.decision_us_sum)));
        let _ = writeln!(out, "{name}_count {count}");
    }
}

/// Counters as they were at one moment, or what was counted between two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Bid requests received.
    pub requests: u64,
    /// Bodies that are not OpenRTB.
    pub malformed: u64,
    /// Decisions that panicked.
    pub panics: u64,
    /// Bids made.
    pub bids: u64,
    /// Requests without a bid, in the order of [`NoBidReason::NAMES`].
    pub no_bids: Vec<u64>,
    /// Win notices that were booked.
    pub wins: u64,
    /// Decisions by the time that they took, in the order of the bounds of the buckets, and above them.
    decision_us: Vec<u64>,
}

impl Counts {
    /// What was counted after `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let each = |now: &[u64], then: &[u64]| {
            let then = then.iter().copied().chain(std::iter::repeat(0));
            now.iter().zip(then).map(|(now, then)| now.saturating_sub(then)).collect()
        };
        Self {
            requests: self.requests.saturating_sub(before.requests),
            malformed: self.malformed.saturating_sub(before.malformed),
            panics: self.panics.saturating_sub(before.panics),
            bids: self.bids.saturating_sub(before.bids),
            no_bids: each(&self.no_bids, &before.no_bids),
            wins: self.wins.saturating_sub(before.wins),
            decision_us: each(&self.decision_us, &before.decision_us),
        }
    }

    /// Decisions that were timed.
    #[must_use]
    pub fn decisions(&self) -> u64 {
        self.decision_us.iter().sum()
    }

    /// The bound in microseconds below which `percent` of the decisions stay: the upper bound of a bucket, so at most that;
    /// `Err` with the highest bound if they took longer, `None` without any decision.
    #[must_use]
    pub fn decision_within(&self, percent: u64) -> Option<Result<u64, u64>> {
        let wanted = (self.decisions() * percent).div_ceil(100);
        let mut sum = 0;
        let mut reaches = |count: &u64| {
            sum += count;
            sum >= wanted
        };
        let bucket = self.decision_us.iter().position(&mut reaches).filter(|_| wanted > 0)?;
        Some(BUCKETS_US.get(bucket).copied().ok_or(BUCKETS_US[BUCKETS_US.len() - 1]))
    }
}

/// Microseconds as seconds, exactly.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{EventDoor, EventOutcome, Metrics, NoticeOutcome};
    use crate::bidder::{NoBidReason, Plan, Snapshot};
    use crate::budget::Book;
    use crate::campaign::{Catalog, Rates};
    use crate::notice::NoticeKind;
    use crate::privacy::Restriction;
    use crate::units::{Currency, UnixMillis};

    #[test]
    fn a_share_of_all_decisions_stays_within_the_bound_of_its_bucket() {
        let metrics = Metrics::default();
        assert_eq!(metrics.counts().decision_within(50), None);
        for micros in 1..=100 {
            metrics.answered(None, micros);
        }
        let counts = metrics.counts();
        assert_eq!(counts.decision_within(10), Some(Ok(10)));
        assert_eq!(counts.decision_within(50), Some(Ok(50)));
        assert_eq!(counts.decision_within(99), Some(Ok(100)));
        metrics.answered(None, 1_000_000);
        let later = metrics.counts().since(&counts);
        assert_eq!((later.decisions(), later.decision_within(50)), (1, Some(Err(100_000))));
    }

    #[test]
    fn every_answer_is_counted_once_under_its_reason() {
        let metrics = Metrics::default();
        metrics.answered(Some(NoBidReason::Paced), 15);
        metrics.answered(None, 1_500_000);
        metrics.bid(2);
        metrics.noticed(NoticeKind::Win, NoticeOutcome::Duplicate);
        metrics.happened(EventDoor::Server, EventOutcome::withheld(Restriction::GlobalPrivacyControl));
        let plan = Plan::build(1, Catalog::default(), vec![], vec![], Rates::only(Currency::EUR));
        let snapshot = Snapshot::new(Arc::new(plan), &Book::default(), UnixMillis::default(), None);
        let text = metrics.text(3, &snapshot);
        for line in [
            "encan_bid_requests_total 2",
            "encan_bids_total 2",
            "encan_no_bids_total{reason=\"paced\"} 1",
            "encan_no_bids_total{reason=\"no_match\"} 0",
            "encan_notices_total{kind=\"win\",outcome=\"duplicate\"} 1",
            "encan_decision_seconds_bucket{le=\"0.00001\"} 0",
            "encan_decision_seconds_bucket{le=\"0.00002\"} 1",
            "encan_decision_seconds_bucket{le=\"+Inf\"} 2",
            "encan_decision_seconds_sum 1.500015",
            "encan_reservations_open 3",
            "encan_events_total{door=\"server\",outcome=\"withheld_gpc\"} 1",
            "encan_events_total{door=\"page\",outcome=\"taken\"} 0",
            "encan_line_items_asleep{reason=\"paced\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
