//! How one budget is paced: its plan for the day, its multiplier, and what traffic it may expect.

use std::sync::{Arc, Mutex, PoisonError};

use crate::campaign::Factor;
use crate::learning::Exploration;
use crate::pacing::{Dual, Outlook, Pace, worth_holding};
use crate::units::{Nanos, UnixMillis};

/// The pace of a campaign's or a line item's budget on one day.
#[derive(Debug, Clone)]
pub struct Rhythm {
    /// The plan for the day.
    pace: Pace,
    /// The multiplier. Outlives days and revisions.
    dual: Arc<Dual>,
    /// The day's traffic: of the slow loop alone.
    outlook: Arc<Mutex<Outlook>>,
    /// Requests that the dual had seen when the plan was made.
    seen_before: u64,
}

impl Rhythm {
    /// A budget that follows `pace` from now on, by the multiplier that it had before.
    #[must_use]
    pub fn new(pace: Pace, dual: Arc<Dual>, outlook: Outlook) -> Self {
        let seen_before = dual.seen();
        Self { pace, dual, outlook: Arc::new(Mutex::new(outlook)), seen_before }
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
        let spent = spent.raw() as f64 + self.dual.outstanding();
        let seen = self.dual.seen();
        // Behind no lock that a decision takes; whoever panicked with it left a whole outlook.
        let mut outlook = self.outlook.lock().unwrap_or_else(PoisonError::into_inner);
        let day = self.pace.day();
        outlook.heard(day, now, seen);
        let since = seen.saturating_sub(self.seen_before);
        self.dual.remember(outlook.to_come(day, day.start, day.start, day.end, since));
        self.dual.replan(self.pace.per_request(&outlook, now, spent, since).unwrap_or(0.0));
    }

    /// False if most of what is left today is held for bids that are out, and a bid that is expected to cost `expected`
    /// and holds `worst` would use less of that than they do. `committed` and `used` are the day's so far.
    #[must_use]
    pub(in crate::bidder) fn is_worth_holding(
        &self,
        expected: f64,
        worst: Nanos,
        committed: Nanos,
        used: Nanos,
    ) -> bool {
        let left = self.pace.target().saturating_sub(used).raw() as f64;
        let reserved = committed.saturating_sub(used).raw() as f64;
        self.pace.target() == Nanos::MAX
            || worth_holding(expected, worst.raw() as f64, self.dual.outstanding(), reserved, left)
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
