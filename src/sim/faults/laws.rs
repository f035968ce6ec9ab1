//! The laws of money, and what broke one.

use std::fmt;

use strum::{EnumIter, IntoStaticStr};

use crate::ledger::{CapKey, Level, Measure, Window};

/// What must never happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Law {
    /// A bid is sent only if all that may still be billed in time, and what was, stay within each limit with it.
    WithinLimits,
    /// The allocator grants no more than a limit leaves.
    WithinGrants,
    /// Nothing is acknowledged that is not kept.
    KeptBeforeAcknowledged,
    /// What was kept stays.
    Durable,
    /// Each fact of a bid is kept once.
    Once,
    /// An impression costs what its exchange said, to the nano.
    Price,
    /// An event says of its bid what the bid was: campaign, line item, and the campaign's day on which it was made.
    Facts,
    /// What is forged, altered or nobody's changes nothing.
    Forged,
    /// A good notice in its time is not refused.
    Refused,
    /// A bid says the worst that it can cost.
    WorstCase,
    /// Debits equal credits, and the allocator's figures are the ledger's.
    Books,
    /// In the end nothing is reserved, and every process counts what the allocator counts.
    Drained,
    /// Any order of the same events gives the same books.
    AnyOrder,
}

impl Law {
    /// The law's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A law that was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("seed {seed}, step {step}, {at} ms: law `{}` is broken: {words}", law.name())]
pub struct Violation {
    /// Of which run.
    pub seed: u64,
    /// After how many tasks.
    pub step: u64,
    /// At which true time, in milliseconds since the world began.
    pub at: i64,
    /// Which.
    pub law: Law,
    /// By what.
    pub words: String,
}

/// What broke which law, before the world adds when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim::faults) struct Broken {
    pub(in crate::sim::faults) law: Law,
    pub(in crate::sim::faults) words: String,
}

/// Nothing, or what broke a law.
pub(in crate::sim::faults) type Lawful = Result<(), Broken>;

/// Breaks `law` unless it `holds`.
pub(in crate::sim::faults) fn law(law: Law, holds: bool, words: impl FnOnce() -> String) -> Lawful {
    if holds { Ok(()) } else { Err(Broken { law, words: words() }) }
}

/// A cap in words.
pub(in crate::sim::faults) struct InWords(pub(in crate::sim::faults) CapKey);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CapKey { level, window, measure } = self.0;
        let measure = match measure {
            Measure::Money => "money",
            Measure::Impressions => "impressions",
            Measure::Clicks => "clicks",
        };
        match level {
            Level::Campaign(id) => write!(f, "{measure} of campaign {id}")?,
            Level::LineItem(id) => write!(f, "{measure} of line item {id}")?,
        }
        match window {
            Window::Total => write!(f, " in total"),
            Window::Day(day) => write!(f, " on {day}"),
            Window::Hour(hour) => write!(f, " in hour {}", hour.raw()),
        }
    }
}
