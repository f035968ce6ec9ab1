//! The allocator: who may spend how much of which cap, when several bidders share it, and after one died.
//!
//! At every level `taken <= limit` holds after each grant, where `taken` is what was used without a lease, and
//! for each epoch the more of what it was granted and what it used. A bill that comes after its lease has ended
//! is therefore counted like any other. Pure: a store keeps what [`Treasury`] says, before anybody may use it.

use std::collections::{BTreeMap, HashMap};

use crate::ledger::{CapKey, Event, Measure, Quantity, Window, used, windows};
use crate::units::{CampaignId, Day, Epoch, Hour, LineItemId, Millis, Steady};

/// What a bidder asks of one cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseAsk {
    /// Which.
    pub cap: CapKey,
    /// Its limit, by the plan of the bidder.
    pub limit: Quantity,
    /// How much it wants to hold in all since its epoch began, used or not: more than it holds to get more, less to
    /// give back. The same ask twice is one.
    pub target: Quantity,
    /// Less than this more is of no use: one impression at its worst.
    pub least: Quantity,
}

/// What it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseGrant {
    /// Which.
    pub cap: CapKey,
    /// What it holds in all since its epoch began, used or not.
    pub leased: Quantity,
    /// What of it was used, as far as the allocator was told.
    pub used: Quantity,
    /// What is taken from the cap besides: used before, by others or without a lease, or leased to others.
    pub elsewhere: Quantity,
}

/// Why there is no answer: no money may be spent but what is leased already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllocatorError {
    /// It cannot be reached, or cannot keep what it says.
    #[error("the allocator of budgets cannot be reached")]
    OutOfReach,
    /// The epoch has ended, by its own word or because nothing was heard of it for too long.
    #[error("the leases of epoch {0} have ended")]
    Ended(Epoch),
}

/// Grants leases. What it answers is durable.
pub trait Allocator {
    /// A new epoch, for a bidder that starts.
    ///
    /// # Errors
    ///
    /// [`AllocatorError::OutOfReach`].
    fn enrol(&mut self, now: Steady) -> Result<Epoch, AllocatorError>;

    /// Grants what may be granted of each of `asks`, and takes back what is given back: an answer for each, in their
    /// order. Keeps the leases of `epoch` alive, also without any ask.
    ///
    /// Whoever asks for less than it holds has taken the difference out of use before. Questions of one epoch come in
    /// their order, and none while another is on its way: what carries them drops one that it overtook.
    ///
    /// # Errors
    ///
    /// [`AllocatorError`]: nothing was changed.
    fn lease(
        &mut self,
        epoch: Epoch,
        asks: &[LeaseAsk],
        now: Steady,
    ) -> Result<Vec<LeaseGrant>, AllocatorError>;

    /// Counts events that were booked for the first time: what they use is taken from then on.
    ///
    /// # Errors
    ///
    /// [`AllocatorError::OutOfReach`]: nothing was changed.
    fn count(&mut self, events: &[Event]) -> Result<(), AllocatorError>;

    /// Ends `epoch`, whose bidder ended cleanly: `heir` takes over what its bids that are still out hold, `kept` of
    /// each cap; the rest is free at once.
    ///
    /// # Errors
    ///
    /// [`AllocatorError`]; [`AllocatorError::Ended`] if `heir` is not a living epoch, or is `epoch` itself.
    fn hand_over(
        &mut self,
        epoch: Epoch,
        heir: Epoch,
        kept: &[(CapKey, Quantity)],
        now: Steady,
    ) -> Result<(), AllocatorError>;
}

/// How long leases live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerms {
    /// For how long a bidder of which nothing is heard may still be bidding.
    pub ttl: Millis,
    /// For how long after that a notice of its bids may still come in time.
    pub longest_notice: Millis,
}

/// What one epoch has of one cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Granted, less what was returned.
    pub granted: Quantity,
    /// Used: billed, shown or clicked.
    pub used: Quantity,
}

impl Share {
    /// What of the cap it takes.
    #[must_use]
    pub fn taken(self) -> Quantity {
        self.granted.max(self.used)
    }
}

/// What is taken of one cap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapState {
    /// Used without a lease, and by epochs that are over.
    pub settled: Quantity,
    /// By epoch.
    pub shares: BTreeMap<Epoch, Share>,
}

impl CapState {
    /// All that is taken.
    #[must_use]
    pub fn taken(&self) -> Quantity {
        self.shares.values().fold(self.settled, |sum, share| sum.plus(share.taken()))
    }

    /// All that was used: billed, shown or clicked.
    #[must_use]
    pub fn used(&self) -> Quantity {
        self.shares.values().fold(self.settled, |sum, share| sum.plus(share.used))
    }

    /// What is taken besides the share of `epoch`.
    #[must_use]
    pub fn elsewhere(&self, epoch: Epoch) -> Quantity {
        self.taken().minus(self.shares.get(&epoch).copied().unwrap_or_default().taken())
    }
}

/// The life of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenure {
    /// When its leases end unless something is heard of it.
    pub ends: Steady,
    /// True once it makes no more bids.
    pub is_over: bool,
}

/// The allocator's rules and state. A store of its own keeps its [`Changes`]; without one it is the allocator of
/// one process, for simulations and tests.
#[derive(Debug, Clone)]
pub struct Treasury {
    terms: LeaseTerms,
    caps: Map<CapKey, CapState>,
    tenures: BTreeMap<Epoch, Tenure>,
    last: Epoch,
    /// Windows before these are forgotten.
    since: Option<(Day, Hour)>,
    /// Used since the last look at the caps, by what shares all windows.
    tallies: Map<Tally, Used>,
    changes: Changes,
}

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// What an event has in common with others that count in the same windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Tally {
    campaign: CampaignId,
    line_item: LineItemId,
    day: Day,
    hour: Hour,
    lease: Epoch,
}

/// By measure.
type Used = [Quantity; 3];

/// What changed since it was last asked, by cap and epoch: what to add to what is kept.
pub type Changes = BTreeMap<(CapKey, Epoch), Share>;

impl Treasury {
    /// An empty one.
    #[must_use]
    pub fn new(terms: LeaseTerms) -> Self {
        Self {
            terms,
            caps: Map::default(),
            tenures: BTreeMap::new(),
            last: Epoch::NONE,
            since: None,
            tallies: Map::default(),
            changes: Changes::new(),
        }
    }

    /// One with what a former process left: `last` is the last epoch, and every epoch up to it is over; its leases
    /// end only when no notice of its bids can come in time any more, counted from `now`, for nobody knows how
    /// long ago it died.
    #[must_use]
    pub fn restored(
        terms: LeaseTerms,
        last: Epoch,
        shares: impl IntoIterator<Item = (CapKey, Epoch, Share)>,
        now: Steady,
    ) -> Self {
        let mut treasury = Self { last, ..Self::new(terms) };
        treasury.fill(shares, now);
        treasury
    }

    /// Takes over what is kept. Every epoch whose tenure is not known is over.
    fn fill(&mut self, shares: impl IntoIterator<Item = (CapKey, Epoch, Share)>, now: Steady) {
        let ends = now.plus(self.terms.ttl).plus(self.terms.longest_notice);
        for (cap, epoch, share) in shares {
            let state = self.caps.entry(cap).or_default();
            let is_alive = self.tenures.get(&epoch).is_some_and(|tenure| !tenure.is_over);
            // An epoch that is over and holds nothing beyond what it used needs no name: what comes late is settled
            // like this. One that lives counts on from what it used.
            if epoch == Epoch::NONE || !is_alive && share.granted <= share.used {
                state.settled = state.settled.plus(share.used);
            } else {
                let kept = state.shares.entry(epoch).or_default();
                *kept = Share { granted: kept.granted.plus(share.granted), used: kept.used.plus(share.used) };
                self.tenures.entry(epoch).or_insert(Tenure { ends, is_over: true });
            }
        }
    }

    /// Goes back to what is kept, where the last changes could not be: `shares` of every cap. Whoever bids goes on.
    pub fn revert(&mut self, shares: impl IntoIterator<Item = (CapKey, Epoch, Share)>) {
        // An epoch whose end could not be kept ends again, later.
        let tenures = std::mem::take(&mut self.tenures);
        let mut kept = Self { last: self.last, since: self.since, tenures, ..Self::new(self.terms) };
        kept.fill(shares.into_iter().filter(|(cap, ..)| !self.has_forgotten(cap.window)), Steady::default());
        *self = kept;
    }

    /// Takes what has changed since the last time; whoever keeps it adds it to what was kept.
    #[must_use]
    pub fn take_changes(&mut self) -> Changes {
        self.spread();
        let mut changes = std::mem::take(&mut self.changes);
        changes.retain(|_, share| *share != Share::default());
        changes
    }

    /// What stands of `cap`.
    #[must_use]
    pub fn state(&mut self, cap: CapKey) -> CapState {
        self.spread();
        self.caps.get(&cap).cloned().unwrap_or_default()
    }

    /// Everything that stands, in no order.
    pub fn states(&mut self) -> impl Iterator<Item = (CapKey, &CapState)> {
        self.spread();
        self.caps.iter().map(|(cap, state)| (*cap, state))
    }

    /// Notices of what is bid from now on may take as long as `longest`.
    pub fn lengthen(&mut self, longest: Millis) {
        self.terms.longest_notice = self.terms.longest_notice.max(longest);
    }

    /// True while something is locked up: granted to an epoch that makes no more bids, and neither used nor free.
    #[must_use]
    pub fn has_locked_up(&self) -> bool {
        self.tenures.values().any(|tenure| tenure.is_over)
    }

    /// The last epoch.
    #[must_use]
    pub fn last_epoch(&self) -> Epoch {
        self.last
    }

    /// Drops what is known of windows that ended before `day` and `hour`: nobody bids in them any more, and nothing of
    /// them is granted from now on. What is used of them later is a change like any other, to be added to what is kept.
    pub fn forget_before(&mut self, day: Day, hour: Hour) {
        self.spread();
        self.since = Some(self.since.map_or((day, hour), |since| (since.0.max(day), since.1.max(hour))));
        let caps = std::mem::take(&mut self.caps);
        self.caps = caps.into_iter().filter(|(cap, _)| !self.has_forgotten(cap.window)).collect();
    }

    fn has_forgotten(&self, window: Window) -> bool {
        self.since.is_some_and(|(day, hour)| match window {
            Window::Total => false,
            Window::Day(of) => of < day,
            Window::Hour(of) => of < hour,
        })
    }

    /// Ends the leases that have run out at `now`; what they held and did not use is free again.
    pub fn expire(&mut self, now: Steady) {
        let ended = |tenure: &Tenure| {
            let quarantine = if tenure.is_over { Millis::default() } else { self.terms.longest_notice };
            now >= tenure.ends.plus(quarantine)
        };
        let over: Vec<Epoch> =
            self.tenures.iter().filter(|(_, tenure)| ended(tenure)).map(|(epoch, _)| *epoch).collect();
        if over.is_empty() {
            return;
        }
        self.spread();
        for epoch in over {
            self.tenures.remove(&epoch);
            for (cap, state) in &mut self.caps {
                let Some(share) = state.shares.remove(&epoch) else { continue };
                state.settled = state.settled.plus(share.used);
                let unused = share.granted.minus(share.used).max(Quantity::ZERO);
                let changed = change(&mut self.changes, *cap, epoch);
                changed.granted = changed.granted.minus(unused);
            }
        }
    }

    /// How many bidders may be bidding.
    fn bidders(&self) -> i64 {
        let live = self.tenures.values().filter(|tenure| !tenure.is_over).count();
        i64::try_from(live).unwrap_or(i64::MAX).max(1)
    }

    /// Adds what was tallied to every window.
    fn spread(&mut self) {
        for (tally, used) in self.tallies.drain() {
            for (level, window) in windows(tally.campaign, tally.line_item, tally.day, tally.hour) {
                for (measure, quantity) in Measure::ALL.into_iter().zip(used) {
                    if quantity == Quantity::ZERO {
                        continue;
                    }
                    let cap = CapKey { level, window, measure };
                    let state = self.caps.entry(cap).or_default();
                    let tenure = self.tenures.get(&tally.lease);
                    // Who makes no more bids does not spend again what comes back: its lease shrinks with its use,
                    // here and in what is kept, or the next start would take the difference for bids that are out.
                    let has_begun = tally.lease != Epoch::NONE && tally.lease <= self.last;
                    let is_over = has_begun && tenure.is_none_or(|tenure| tenure.is_over);
                    let returned = if is_over { quantity.min(Quantity::ZERO) } else { Quantity::ZERO };
                    if tenure.is_some() {
                        let share = state.shares.entry(tally.lease).or_default();
                        share.used = share.used.plus(quantity);
                        share.granted = share.granted.plus(returned);
                    } else {
                        state.settled = state.settled.plus(quantity);
                    }
                    let changed = change(&mut self.changes, cap, tally.lease);
                    changed.used = changed.used.plus(quantity);
                    changed.granted = changed.granted.plus(returned);
                }
            }
        }
    }

    /// What of `ask` is granted to `epoch`, where `bidders` share the cap.
    fn grant(&mut self, epoch: Epoch, bidders: i64, ask: &LeaseAsk) -> LeaseGrant {
        if self.has_forgotten(ask.cap.window) {
            // What is taken of it is not known here: all of it may be.
            let (leased, used) = (Quantity::ZERO, Quantity::ZERO);
            return LeaseGrant { cap: ask.cap, leased, used, elsewhere: ask.limit };
        }
        let state = self.caps.entry(ask.cap).or_default();
        let free = ask.limit.minus(state.taken()).max(Quantity::ZERO);
        // Alone there is nobody to leave anything to.
        let parts = if bidders == 1 { 1 } else { bidders.saturating_mul(2) };
        let fair = Quantity::from_raw(free.raw() / parts);
        let more = fair.max(ask.least).min(free);
        let share = state.shares.entry(epoch).or_default();
        let leased = ask.target.min(share.taken().plus(more)).max(share.used);
        let granted = leased.minus(share.granted);
        share.granted = leased;
        let used = share.used;
        let elsewhere = state.elsewhere(epoch);
        let changed = change(&mut self.changes, ask.cap, epoch);
        changed.granted = changed.granted.plus(granted);
        LeaseGrant { cap: ask.cap, leased, used, elsewhere }
    }

    /// The tenure of `epoch`, if it may still bid at `now`.
    fn alive(&mut self, epoch: Epoch, now: Steady) -> Result<&mut Tenure, AllocatorError> {
        self.expire(now);
        // One that was silent for too long may come back while nothing of its leases was given to anybody.
        let tenure = self.tenures.get_mut(&epoch).filter(|tenure| !tenure.is_over);
        tenure.ok_or(AllocatorError::Ended(epoch))
    }
}

fn change(changes: &mut Changes, cap: CapKey, epoch: Epoch) -> &mut Share {
    changes.entry((cap, epoch)).or_default()
}

impl Allocator for Treasury {
    fn enrol(&mut self, now: Steady) -> Result<Epoch, AllocatorError> {
        self.expire(now);
        self.last = self.last.next();
        self.tenures.insert(self.last, Tenure { ends: now.plus(self.terms.ttl), is_over: false });
        Ok(self.last)
    }

    fn lease(
        &mut self,
        epoch: Epoch,
        asks: &[LeaseAsk],
        now: Steady,
    ) -> Result<Vec<LeaseGrant>, AllocatorError> {
        let ends = now.plus(self.terms.ttl);
        self.alive(epoch, now)?.ends = ends;
        self.spread();
        let bidders = self.bidders();
        Ok(asks.iter().map(|ask| self.grant(epoch, bidders, ask)).collect())
    }

    fn count(&mut self, events: &[Event]) -> Result<(), AllocatorError> {
        for event in events {
            let bid = &event.bid;
            let (campaign, line_item, day, lease) = (bid.campaign, bid.line_item, bid.day, bid.lease);
            for (measure, quantity) in used(event) {
                let tally = Tally { campaign, line_item, day, hour: Hour::of(bid.at), lease };
                let sum = &mut self.tallies.entry(tally).or_default()[measure as usize];
                *sum = sum.plus(quantity);
            }
        }
        Ok(())
    }

    fn hand_over(
        &mut self,
        epoch: Epoch,
        heir: Epoch,
        kept: &[(CapKey, Quantity)],
        now: Steady,
    ) -> Result<(), AllocatorError> {
        let _ = self.alive(heir, now)?;
        if epoch == heir {
            return Err(AllocatorError::Ended(epoch));
        }
        self.spread();
        for (cap, quantity) in kept {
            let state = self.caps.entry(*cap).or_default();
            let former = state.shares.get(&epoch).copied().unwrap_or_default();
            // No more than the epoch held: nothing is taken from the cap that was not before.
            let kept = former.taken().minus(former.used).min(*quantity).max(Quantity::ZERO);
            let share = state.shares.entry(heir).or_default();
            share.granted = share.granted.plus(kept);
            let changed = change(&mut self.changes, *cap, heir);
            changed.granted = changed.granted.plus(kept);
        }
        // Its time is over now, and with it what nobody took over.
        if let Some(tenure) = self.tenures.get_mut(&epoch) {
            *tenure = Tenure { ends: now, is_over: true };
            self.expire(now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::strategy::{Strategy as _, ValueTree as _};
    use proptest::test_runner::TestRunner;

    use super::{Allocator, AllocatorError, Changes, LeaseAsk, LeaseGrant, LeaseTerms, Share, Treasury};
    use crate::budget::{Stage, TERMS, check_contract};
    use crate::ledger::{
        AMOUNT_MOST, Applied, BudgetAccount, CapKey, Event, EventKind, LeaseMove, LeaseStep, Ledger, Level,
        Measure, Quantity, Window, any_event,
    };
    use crate::units::{CampaignId, Day, Epoch, Hour, Millis, Steady};

    /// A treasury whose changes are kept before it answers, in rows and in the double-entry books, which must agree.
    struct Kept {
        treasury: Treasury,
        rows: BTreeMap<(CapKey, Epoch), Share>,
        books: Ledger,
        moves: u64,
    }

    impl Kept {
        fn keep<T>(&mut self, answer: T) -> T {
            for ((cap, epoch), share) in self.treasury.take_changes() {
                let row = self.rows.entry((cap, epoch)).or_default();
                row.granted = row.granted.plus(share.granted);
                row.used = row.used.plus(share.used);
                let step = if share.granted < Quantity::ZERO { LeaseStep::Return } else { LeaseStep::Grant };
                let quantity = Quantity::from_raw(share.granted.raw().max(-i64::MAX).abs());
                self.moves += 1;
                self.books.apply_lease(&LeaseMove { epoch, number: self.moves, cap, step, quantity });
            }
            self.check_books();
            answer
        }

        /// Spent, leased and available are the same in both.
        fn check_books(&mut self) {
            let caps: BTreeSet<CapKey> = self.rows.keys().map(|(cap, _)| *cap).collect();
            for cap in caps {
                let state = self.treasury.state(cap);
                assert_eq!(self.books.budget(BudgetAccount::Spent(cap)), state.used(), "{cap:?}");
                let mut taken = Quantity::ZERO.minus(self.books.budget(BudgetAccount::Available(cap)));
                for (account, balance) in self.books.budgets() {
                    if let BudgetAccount::Leased(of, epoch) = account
                        && of == cap
                    {
                        // Below zero: billed beyond the lease, or after it had ended.
                        taken = taken.minus(balance.min(Quantity::ZERO));
                        let share = state.shares.get(&epoch).copied().unwrap_or_default();
                        let unused = share.granted.minus(share.used).max(Quantity::ZERO);
                        assert_eq!(balance.max(Quantity::ZERO), unused, "{cap:?} of {epoch}");
                    }
                }
                assert_eq!(taken, state.taken(), "{cap:?}");
            }
        }
    }

    impl Allocator for Kept {
        fn enrol(&mut self, now: Steady) -> Result<Epoch, AllocatorError> {
            let answer = self.treasury.enrol(now);
            self.keep(answer)
        }

        fn lease(
            &mut self,
            epoch: Epoch,
            asks: &[LeaseAsk],
            now: Steady,
        ) -> Result<Vec<LeaseGrant>, AllocatorError> {
            let answer = self.treasury.lease(epoch, asks, now);
            self.keep(answer)
        }

        fn count(&mut self, events: &[Event]) -> Result<(), AllocatorError> {
            for event in events {
                assert_eq!(self.books.apply(event), Applied::New);
            }
            let answer = self.treasury.count(events);
            self.keep(answer)
        }

        fn hand_over(
            &mut self,
            epoch: Epoch,
            heir: Epoch,
            kept: &[(CapKey, Quantity)],
            now: Steady,
        ) -> Result<(), AllocatorError> {
            let answer = self.treasury.hand_over(epoch, heir, kept, now);
            self.keep(answer)
        }
    }

    impl Stage for Kept {
        fn allocator(&mut self) -> &mut dyn Allocator {
            self
        }

        fn restart(&mut self) -> Steady {
            let rows = self.rows.iter().map(|((cap, epoch), share)| (*cap, *epoch, *share));
            self.treasury = Treasury::restored(TERMS, self.treasury.last_epoch(), rows, Steady::default());
            Steady::default()
        }
    }

    #[test]
    fn the_treasury_keeps_the_contract_of_allocators_and_equals_the_books() {
        let make = || -> Box<dyn Stage> {
            let (treasury, books) = (Treasury::new(TERMS), Ledger::default());
            Box::new(Kept { treasury, rows: BTreeMap::new(), books, moves: 0 })
        };
        check_contract(&make, 300);
    }

    const NOW: Steady = Steady::from_raw(1_000);
    const CAP: CapKey = CapKey {
        level: Level::Campaign(CampaignId::from_raw(7)),
        window: Window::Total,
        measure: Measure::Money,
    };

    fn ask(target: i64) -> LeaseAsk {
        let [limit, target, least] = [100, target, 1].map(Quantity::from_raw);
        LeaseAsk { cap: CAP, limit, target, least }
    }

    #[test]
    fn what_could_not_be_kept_is_as_if_it_had_not_been_and_whoever_bids_goes_on() {
        let mut treasury =
            Treasury::new(LeaseTerms { ttl: Millis::from_raw(5), longest_notice: Millis::from_raw(50) });
        let epoch = treasury.enrol(NOW).unwrap();
        treasury.lease(epoch, &[ask(30)], NOW).unwrap();
        let kept: Vec<(CapKey, Epoch, Share)> =
            treasury.take_changes().into_iter().map(|((cap, epoch), share)| (cap, epoch, share)).collect();
        let before = treasury.state(CAP);
        treasury.lease(epoch, &[ask(90)], NOW).unwrap();
        assert_ne!(treasury.state(CAP), before);
        treasury.revert(kept);
        assert_eq!(treasury.state(CAP), before);
        assert!(treasury.take_changes().is_empty(), "nothing is left to be kept");
        let granted = treasury.lease(epoch, &[ask(60)], NOW).unwrap();
        assert_eq!(granted[0].leased, Quantity::from_raw(60), "its leases are alive");
        assert_eq!(treasury.last_epoch(), epoch);
    }

    #[test]
    fn an_epoch_that_lives_counts_on_from_what_it_used_though_nothing_of_its_lease_is_left() {
        let mut treasury =
            Treasury::new(LeaseTerms { ttl: Millis::from_raw(5), longest_notice: Millis::from_raw(50) });
        let epoch = treasury.enrol(NOW).unwrap();
        let used_up = Share { granted: Quantity::from_raw(30), used: Quantity::from_raw(30) };
        treasury.revert([(CAP, epoch, used_up)]);
        let granted = treasury.lease(epoch, &[ask(40)], NOW).unwrap();
        let [leased, used, elsewhere] = [40, 30, 0].map(Quantity::from_raw);
        assert_eq!(granted, [LeaseGrant { cap: CAP, leased, used, elsewhere }]);
    }

    #[test]
    fn of_a_forgotten_window_nothing_is_granted_or_known_and_what_it_uses_later_is_a_change() {
        let mut treasury = Treasury::new(TERMS);
        let epoch = treasury.enrol(NOW).unwrap();
        let event = any_event(AMOUNT_MOST).new_tree(&mut TestRunner::deterministic()).unwrap().current();
        let mut event = Event { kind: EventKind::Click, ..event };
        event.bid.lease = epoch;
        let (day, hour) = (event.bid.day, Hour::of(event.bid.at));
        let cap =
            |window| CapKey { level: Level::Campaign(event.bid.campaign), window, measure: Measure::Clicks };
        let old = [cap(Window::Day(day)), cap(Window::Hour(hour))];
        let all = [cap(Window::Total), old[0], old[1]];
        let asks = all.map(|cap| LeaseAsk { cap, ..ask(30) });
        let of_cap =
            |changes: Changes| all.map(|cap| changes.get(&(cap, epoch)).copied().unwrap_or_default());
        treasury.lease(epoch, &asks, NOW).unwrap();
        treasury.count(std::slice::from_ref(&event)).unwrap();
        let rows: Vec<_> =
            treasury.take_changes().into_iter().map(|((cap, of), share)| (cap, of, share)).collect();
        let share = |granted: i64, used: i64| Share {
            granted: Quantity::from_raw(granted),
            used: Quantity::from_raw(used),
        };
        // The day and the hour of the event themselves are still known.
        treasury.forget_before(day, hour);
        assert!(all.iter().all(|cap| treasury.state(*cap).used() == Quantity::from_raw(1)));
        treasury.forget_before(Day::from_raw(day.raw() + 1), Hour::from_raw(hour.raw() + 1));
        assert!(treasury.states().all(|(cap, _)| cap.window == Window::Total), "no memory is left of them");
        let leased = treasury.lease(epoch, &asks, NOW).unwrap();
        let taken =
            leased.iter().map(|grant| (grant.leased.raw(), grant.elsewhere.raw())).collect::<Vec<_>>();
        assert_eq!(taken, [(30, 0), (0, 100), (0, 100)]);
        assert!(treasury.take_changes().is_empty());
        treasury.count(std::slice::from_ref(&event)).unwrap();
        assert_eq!(of_cap(treasury.take_changes()), [share(0, 1); 3], "added to its row");
        // Neither an earlier day nor a commit that failed brings them back.
        treasury.forget_before(day, hour);
        treasury.revert(rows);
        assert!(treasury.states().all(|(cap, _)| cap.window == Window::Total));
        assert_eq!(treasury.state(all[0]).used(), Quantity::from_raw(1));
    }
}
