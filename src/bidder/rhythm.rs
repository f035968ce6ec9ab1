//! How one budget is paced: its plan for the day, its multiplier, and what traffic it may expect.

use std::sync::{Arc, Mutex, PoisonError};

use crate::campaign::Factor;
use crate::learning::Exploration;
use crate::pacing::{DaySpan, Dual, Outlook, Pace, crowded, worth_holding};
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
    /// What the budget should spend today, were it for itself alone.
    share: Nanos,
}

impl Rhythm {
    /// A budget that follows `pace` from now on, by the multiplier that it had before, or by a new one that begins
    /// where the day's traffic and `worth`, what an impression is worth in nanos, suggest.
    #[must_use]
    pub fn new(pace: Pace, dual: Option<Arc<Dual>>, outlook: Outlook, now: UnixMillis, worth: f64) -> Self {
        let dual = dual.unwrap_or_else(|| {
            let known = outlook.volume.and_then(|_| pace.per_request(&outlook, now, 0.0, 0));
            Arc::new(known.map_or_else(Dual::default, |rho| Dual::first(rho, worth)))
        });
        let seen_before = dual.seen();
        let share = pace.target();
        Self { pace, dual, outlook: Arc::new(Mutex::new(outlook)), seen_before, share }
    }

    /// The same, which for itself alone should spend `share` today.
    #[must_use]
    pub(in crate::bidder) fn with_share(self, share: Nanos) -> Self {
        Self { share, ..self }
    }

    /// As it is now, apart: what is told to one is not told to the other.
    #[must_use]
    pub(in crate::bidder) fn apart(&self) -> Self {
        let outlook = self.outlook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self {
            dual: Arc::new(self.dual.apart()),
            outlook: Arc::new(Mutex::new(outlook)),
            pace: self.pace.clone(),
            ..*self
        }
    }

    /// What the plan wants committed by `at`, as far as today's traffic is known; `None` where it is spent as fast as
    /// it comes.
    #[must_use]
    pub fn planned(&self, at: UnixMillis) -> Option<Nanos> {
        let outlook = self.outlook.lock().unwrap_or_else(PoisonError::into_inner);
        self.pace.wanted(&outlook, at)
    }

    /// What the budget should spend today, were it for itself alone.
    #[must_use]
    pub fn share(&self) -> Nanos {
        self.share
    }

    /// The day that is planned.
    #[must_use]
    pub fn day(&self) -> DaySpan {
        self.pace.day()
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

    /// The multiplier, if the budget has to last: one that is spent as fast as it comes is not held back by what its
    /// multiplier was when it had to.
    #[must_use]
    pub(in crate::bidder) fn multiplier(&self) -> Option<&Dual> {
        (!self.pace.is_free()).then_some(&*self.dual)
    }

    /// By how much what an impression is worth is multiplied.
    #[must_use]
    pub fn factor(&self) -> Factor {
        self.multiplier().map_or(Factor::ONE, |dual| Factor::from_ratio(dual.factor()))
    }

    /// Says what a request should cost from now on, where `committed` and `used` are the day's so far.
    #[expect(clippy::cast_precision_loss, reason = "a prediction")]
    pub(in crate::bidder) fn replan(&self, now: UnixMillis, committed: Nanos, used: Nanos) {
        let spent = used.raw() as f64 + self.dual.outstanding();
        let seen = self.dual.seen();
        // Behind no lock that a decision takes; whoever panicked with it left a whole outlook.
        let mut outlook = self.outlook.lock().unwrap_or_else(PoisonError::into_inner);
        let day = self.pace.day();
        outlook.heard(day, now, seen);
        let since = self.seen_today();
        if let Some(requests) = outlook.of_day(day, self.pace.from(), now, since) {
            self.dual.remember(requests);
        }
        let rho = self.pace.per_request(&outlook, now, spent, since).unwrap_or(0.0);
        let (reserved, left) = self.reserved(committed, used);
        if crowded(reserved, left) { self.dual.replan_crowded(rho) } else { self.dual.replan(rho) }
    }

    /// Takes `outlook` for what the day promises from now on; what came so far is heard anew.
    pub(in crate::bidder) fn expect(&self, outlook: Outlook) {
        *self.outlook.lock().unwrap_or_else(PoisonError::into_inner) = outlook;
    }

    /// Requests that are still to come today.
    pub(in crate::bidder) fn to_come(&self, now: UnixMillis) -> f64 {
        let outlook = self.outlook.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = self.seen_today();
        let day = self.pace.day();
        outlook.to_come(day, self.pace.from(), now, day.end, seen)
    }

    /// The day as it would be for a budget whose line items now reach others, in `otherwise`: about as many requests as it
    /// was to bring, until some came. Where nothing was known either, nothing is.
    pub(in crate::bidder) fn redirected(&self, otherwise: Outlook, now: UnixMillis) -> Outlook {
        let is_known = {
            let outlook = self.outlook.lock().unwrap_or_else(PoisonError::into_inner);
            outlook.volume.is_some() || self.seen_today() > 0
        };
        let guess = is_known.then(|| self.to_come(now));
        otherwise.of_doubtful_volume(self.pace.day(), now, guess)
    }

    /// Requests that the whole day brings, as far as is known at `now`; 0 while nothing is.
    pub(in crate::bidder) fn volume(&self, now: UnixMillis) -> f64 {
        let outlook = self.outlook.lock().unwrap_or_else(PoisonError::into_inner);
        outlook.of_day(self.pace.day(), self.pace.from(), now, self.seen_today()).unwrap_or(0.0)
    }

    /// Requests since the plan was made.
    pub(in crate::bidder) fn seen_today(&self) -> u64 {
        self.dual.seen().saturating_sub(self.seen_before)
    }

    /// What is held for bids that are out, and what is left of the day's target, in nanos.
    fn reserved(&self, committed: Nanos, used: Nanos) -> (f64, f64) {
        let left = self.pace.target().saturating_sub(used).raw() as f64;
        (committed.saturating_sub(used).raw() as f64, left)
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
        let (reserved, left) = self.reserved(committed, used);
        self.pace.is_free()
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
    /// Tells the budgets of so many `requests` that came by, and of a bid on them that is expected to cost `expected`
    /// nanos: 0 if they have heard of the request.
    #[must_use]
    pub(in crate::bidder) fn new(duals: [Option<&'a Dual>; 3], requests: u32, expected: f64) -> Self {
        duals.into_iter().flatten().for_each(|dual| dual.came(requests, expected));
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
