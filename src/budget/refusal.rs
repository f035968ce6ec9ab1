//! Which cap said no, and why.

use std::fmt;

use crate::ledger::{CapKey, Level, Measure, Window};

/// Whose cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// The campaign's.
    Campaign,
    /// The line item's.
    LineItem,
}

/// Over which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// This clock hour.
    Hourly,
    /// This day.
    Daily,
    /// The flight.
    Total,
}

/// Why it has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shortage {
    /// Its limit is used or reserved.
    Spent,
    /// Its limit is not reached, but no more of it is leased to this process.
    NotLeased,
}

/// Which cap said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refusal {
    /// Whose.
    pub whose: Whose,
    /// Over which time.
    pub span: Span,
    /// Of what.
    pub measure: Measure,
    /// Why.
    pub shortage: Shortage,
}

impl Refusal {
    /// What the cap of `key` says.
    #[must_use]
    pub fn of(key: CapKey, shortage: Shortage) -> Self {
        let whose = match key.level {
            Level::Campaign(_) => Whose::Campaign,
            Level::LineItem(_) => Whose::LineItem,
        };
        let span = match key.window {
            Window::Hour(_) => Span::Hourly,
            Window::Day(_) => Span::Daily,
            Window::Total => Span::Total,
        };
        Self { whose, span, measure: key.measure, shortage }
    }

    /// A spent budget of money.
    #[must_use]
    pub const fn money(whose: Whose, span: Span) -> Self {
        Self { whose, span, measure: Measure::Money, shortage: Shortage::Spent }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self.whose {
            Whose::Campaign => "campaign",
            Whose::LineItem => "line item",
        };
        let span = match self.span {
            Span::Hourly => "hourly",
            Span::Daily => "daily",
            Span::Total => "total",
        };
        let (what, are) = match self.measure {
            Measure::Money => ("budget", "is spent or reserved"),
            Measure::Impressions => ("impressions", "are shown or reserved"),
            Measure::Clicks => ("clicks", "are reached"),
        };
        match self.shortage {
            Shortage::Spent => write!(f, "the {whose}'s {span} {what} {are}"),
            Shortage::NotLeased => write!(f, "no more of the {whose}'s {span} {what} is leased yet"),
        }
    }
}
