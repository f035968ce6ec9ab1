//! How one budget is paced: its plan for the day, its multiplier, and what traffic it may expect.

use std::sync::Arc;

use crate::campaign::Factor;
use crate::learning::Exploration;
use crate::pacing::{Dual, Outlook, Pace};
use crate::units::{Nanos, UnixMillis};

/// The pace of a campaign's or a line item's budget on one day.
#[derive(Debug, Clone)]
pub struct Rhythm {
    /// The plan for the day.
    pace: Pace,
    /// The multiplier. Outlives days and revisions.
    dual: Arc<Dual>,
    /// The day's traffic.
    outlook: Outlook,
    /// Requests that the dual had seen when the plan was made.
    seen_before: u64,
}

impl Rhythm {
    /// A budget that follows `pace` from now on, by the multiplier that it had before.
    #[must_use]
    pub fn new(pace: Pace, dual: Arc<Dual>, outlook: Outlook) -> Self {
        let seen_before = dual.seen();
        Self { pace, dual, outlook, seen_before }
    }

    /// The multiplier.
    #[must_use]
    pub fn dual(&self) -> &Arc<Dual> {
        &self.dual
    }

    /// The most that may be committed at `now`.
    #[must_use]
    pub fn allowance(&self, now: UnixMillis) -> Nanos {
        self.pace.allowance(now)
    }

    /// What should be committed when the day ends.
    #[must_use]
    pub fn target(&self) -> Nanos {
        self.pace.target()
    }

    /// By how much what an impression is worth is multiplied.
    #[must_use]
    pub fn factor(&self) -> Factor {
        Factor::from_ratio(self.dual.factor())
    }

    /// Says what a request should cost from now on, where `spent` is billed today.
    #[expect(clippy::cast_precision_loss, reason = "a prediction")]
    pub(in crate::bidder) fn replan(&self, now: UnixMillis, spent: Nanos) {
        let spent = spent.raw() as f64 + self.dual.outstanding().max(0.0);
        let seen = self.dual.seen().saturating_sub(self.seen_before);
        self.dual.replan(self.pace.per_request(&self.outlook, now, spent, seen).unwrap_or(0.0));
    }
}

/// What a bid is expected to take from the budgets that it is paced by. Dropped, they hear that it came to nothing;
/// kept, they wait for its outcome.
#[derive(Debug)]
pub struct Awaited<'a> {
    duals: [Option<&'a Dual>; 3],
    expected: f64,
    exploration: Option<(&'a Exploration, Nanos)>,
    kept: bool,
}

impl<'a> Awaited<'a> {
    /// Tells the budgets of a request that came by, and of a bid on it that is expected to cost `expected` nanos.
    #[must_use]
    pub(in crate::bidder) fn new(duals: [Option<&'a Dual>; 3], expected: f64) -> Self {
        duals.into_iter().flatten().for_each(|dual| dual.came(1, expected));
        Self { duals, expected, exploration: None, kept: false }
    }

    /// The bid explores, and holds `worst` of what that may cost.
    pub(in crate::bidder) fn exploring(&mut self, exploration: &'a Exploration, worst: Nanos) {
        self.exploration = Some((exploration, worst));
    }

    /// The bid is sent: its outcome will be told.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.duals.into_iter().flatten().for_each(|dual| dual.outcome(self.expected, 0.0));
            if let Some((exploration, worst)) = self.exploration {
                exploration.give_back(worst);
            }
        }
    }
}
