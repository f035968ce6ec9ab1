//! How far requests come with each campaign, and what stops them: sums over a sample of the last hour.
//!
//! A sampled request is explained off the bid path; here only how far each line item came is kept, and why no further.
//! Nothing of the request or of a person is.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::bidder::{Asleep, NoBidReason, Outcome};
use crate::units::{CampaignId, LineItemId, Millis, UnixMillis};

/// How far a request came with a line item: each step holds all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::shell) enum Step {
    /// It was received and could be read.
    Seen,
    /// The line item may spend now.
    Awake,
    /// Its targeting fits.
    Targeted,
    /// A creative fits, nothing blocks it, no frequency cap is reached.
    Eligible,
    /// It is worth more than the floor, and there is money for it.
    Priced,
    /// It bids.
    Bid,
}

impl Step {
    /// All of them, in order.
    pub(in crate::shell) const ALL: [Self; 6] =
        [Self::Seen, Self::Awake, Self::Targeted, Self::Eligible, Self::Priced, Self::Bid];
}

/// The last step that was made, and the name of what stopped it there; none if it bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::shell) struct Reach {
    pub(in crate::shell) step: Step,
    pub(in crate::shell) stopped_by: &'static str,
}

impl Reach {
    /// How far `outcome` is.
    #[must_use]
    pub(in crate::shell) fn of(outcome: &Outcome) -> Self {
        let (step, stopped_by) = match outcome {
            Outcome::Bids(_) => (Step::Bid, ""),
            Outcome::Asleep(asleep, _) => (Step::Seen, Asleep::NAMES[asleep.kind()]),
            Outcome::Untargeted(why) => {
                // The first test that has to change speaks for the rule; where no change helps, the first that fails.
                let needed = why.failures.iter().find(|failure| failure.is_needed);
                (
                    Step::Awake,
                    needed.or(why.failures.first()).map_or("targeting", |failure| failure.attribute),
                )
            }
            Outcome::Declined(reason) => (declined(*reason), reason.name()),
        };
        Self { step, stopped_by }
    }
}

/// The last step of a line item that was declined for `reason`.
const fn declined(reason: NoBidReason) -> Step {
    match reason {
        NoBidReason::MultipliedByZero
        | NoBidReason::PlacementPaused
        | NoBidReason::NoExchangeRate
        | NoBidReason::WorthNothing
        | NoBidReason::BelowFloor { .. }
        | NoBidReason::BudgetSpent(_)
        | NoBidReason::Explored
        | NoBidReason::Paced => Step::Eligible,
        NoBidReason::PodTaken | NoBidReason::Outbid => Step::Priced,
        _ => Step::Targeted,
    }
}

/// Of whom sums are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::shell) enum Whose {
    Campaign(CampaignId),
    LineItem(LineItemId),
}

/// How long one slot lasts, and how many there are: an hour.
const SLOT: Millis = Millis::from_seconds(5 * 60);
const SLOTS: i64 = 12;
/// The most sums in one slot: beyond it, line items of which there are none yet are left out.
const SUMS_MAX: usize = 50_000;

#[derive(Debug)]
struct Slot {
    began: UnixMillis,
    sampled: u64,
    counts: HashMap<(Whose, Reach), u64, foldhash::fast::RandomState>,
}

/// The sums of the last hour.
#[derive(Debug, Default)]
pub(in crate::shell) struct Funnel {
    slots: VecDeque<Slot>,
}

/// What the sample says of one campaign or line item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::shell) struct Sums {
    /// Requests that were sampled.
    pub(in crate::shell) sampled: u64,
    /// Of them, how many made each step at least.
    pub(in crate::shell) passed: [u64; Step::ALL.len()],
    /// What stopped the others, after which step, and how many: the most frequent first.
    pub(in crate::shell) stopped: Vec<(Reach, u64)>,
}

impl Sums {
    /// Of `sampled` requests, so many made it so far.
    fn of(sampled: u64, reached: HashMap<Reach, u64>) -> Self {
        let mut sums = Self { sampled, ..Self::default() };
        for (reach, count) in &reached {
            for step in Step::ALL.into_iter().filter(|step| *step <= reach.step) {
                sums.passed[step as usize] += count;
            }
        }
        // Whoever is not counted slept.
        sums.passed[Step::Seen as usize] = sampled;
        sums.stopped = reached.into_iter().filter(|(reach, _)| reach.step != Step::Bid).collect();
        sums.stopped.sort_by_key(|(reach, count)| (reach.step, std::cmp::Reverse(*count), reach.stopped_by));
        sums
    }

    /// How many were stopped by the reason of that name, after whichever step.
    #[must_use]
    pub(in crate::shell) fn stopped_by(&self, name: &str) -> u64 {
        self.stopped.iter().filter(|(reach, _)| reach.stopped_by == name).map(|(_, count)| count).sum()
    }
}

impl Funnel {
    /// A request was sampled at `now`; `reaches` says how far it came with each line item on each impression. What
    /// came furthest counts, for the line item and for its campaign.
    pub(in crate::shell) fn add(
        &mut self,
        now: UnixMillis,
        reaches: impl Iterator<Item = (CampaignId, LineItemId, Reach)>,
    ) {
        let mut furthest: HashMap<Whose, Reach, foldhash::fast::RandomState> = HashMap::default();
        for (campaign, line_item, reach) in reaches {
            keep_further(&mut furthest, Whose::Campaign(campaign), reach);
            // Whoever sleeps does so on every request: the plan says that without counting.
            if reach.step > Step::Seen {
                keep_further(&mut furthest, Whose::LineItem(line_item), reach);
            }
        }
        let slot = self.slot(now);
        slot.sampled += 1;
        for key in furthest {
            let is_full = slot.counts.len() >= SUMS_MAX;
            let may_begin = !is_full || matches!(key.0, Whose::Campaign(_));
            match slot.counts.get_mut(&key) {
                Some(count) => *count += 1,
                None if may_begin => drop(slot.counts.insert(key, 1)),
                None => {}
            }
        }
    }

    /// The slot of `now`, after those that are too old are forgotten.
    fn slot(&mut self, now: UnixMillis) -> &mut Slot {
        self.forget(now);
        let is_over = |slot: &Slot| {
            let age = now.since(slot.began);
            age >= SLOT || age.raw() < 0
        };
        if self.slots.back().is_none_or(is_over) {
            self.slots.push_back(Slot { began: now, sampled: 0, counts: HashMap::default() });
        }
        self.slots.back_mut().expect("it was just looked at or made")
    }

    /// Forgets what is older than an hour; a clock that steps back forgets what it has not reached again.
    fn forget(&mut self, now: UnixMillis) {
        let hour = Millis::from_raw(SLOT.raw() * SLOTS);
        let is_of_the_hour = |slot: &Slot| {
            let age = now.since(slot.began);
            age < hour && age > Millis::from_raw(-hour.raw())
        };
        self.slots.retain(is_of_the_hour);
    }

    /// The sums of each of `all` over the last hour, in one walk over everybody's.
    #[must_use]
    pub(in crate::shell) fn of_each(&self, all: &[Whose]) -> Vec<Sums> {
        let places: HashMap<Whose, usize> = all.iter().enumerate().map(|(at, whose)| (*whose, at)).collect();
        let mut reached: Vec<HashMap<Reach, u64>> = vec![HashMap::new(); all.len()];
        for ((whose, reach), count) in self.slots.iter().flat_map(|slot| &slot.counts) {
            if let Some(at) = places.get(whose) {
                *reached[*at].entry(*reach).or_default() += count;
            }
        }
        let sampled = self.sampled();
        reached.into_iter().map(|reached| Sums::of(sampled, reached)).collect()
    }

    /// Requests that were sampled in the last hour.
    #[must_use]
    pub(in crate::shell) fn sampled(&self) -> u64 {
        self.slots.iter().map(|slot| slot.sampled).sum()
    }

    /// When the first of them was.
    #[must_use]
    pub(in crate::shell) fn since(&self) -> Option<UnixMillis> {
        self.slots.front().map(|slot| slot.began)
    }
}

fn keep_further<K: Eq + Hash>(
    furthest: &mut HashMap<K, Reach, foldhash::fast::RandomState>,
    key: K,
    reach: Reach,
) {
    // Of those that came equally far the first counts: that of the best value.
    let kept = furthest.entry(key).or_insert(reach);
    if reach.step > kept.step {
        *kept = reach;
    }
}

#[cfg(test)]
mod tests {
    use super::{Funnel, Reach, SUMS_MAX, Step, Sums, Whose};
    use crate::bidder::{NoBidReason, Outcome};
    use crate::units::{CampaignId, LineItemId, UnixMillis};

    fn of(funnel: &Funnel, whose: Whose) -> Sums {
        funnel.of_each(&[whose]).remove(0)
    }

    fn reach(step: Step, stopped_by: &'static str) -> Reach {
        Reach { step, stopped_by }
    }

    fn at(minutes: i64) -> UnixMillis {
        UnixMillis::from_raw(minutes * 60_000)
    }

    fn add(funnel: &mut Funnel, minutes: i64, reaches: &[(u64, u64, Reach)]) {
        let ids = |(campaign, item, reach): &(u64, u64, Reach)| {
            (CampaignId::from_raw(*campaign), LineItemId::from_raw(*item), *reach)
        };
        funnel.add(at(minutes), reaches.iter().map(ids));
    }

    #[test]
    fn of_a_campaign_the_line_item_that_came_furthest_counts_once_a_request() {
        let mut funnel = Funnel::default();
        let (floor, geo) = (reach(Step::Eligible, "below_floor"), reach(Step::Awake, "country"));
        add(&mut funnel, 0, &[(1, 10, geo), (1, 11, floor), (1, 11, geo), (2, 20, reach(Step::Bid, ""))]);
        add(&mut funnel, 1, &[(1, 10, geo), (1, 11, geo), (2, 20, reach(Step::Seen, "paused"))]);
        let one = of(&funnel, Whose::Campaign(CampaignId::from_raw(1)));
        assert_eq!((one.sampled, one.passed), (2, [2, 2, 1, 1, 0, 0]));
        assert_eq!(one.stopped, vec![(geo, 1), (floor, 1)]);
        let item = of(&funnel, Whose::LineItem(LineItemId::from_raw(11)));
        assert_eq!((item.passed, item.stopped_by("below_floor")), ([2, 2, 1, 1, 0, 0], 1));
        let two = of(&funnel, Whose::Campaign(CampaignId::from_raw(2)));
        assert_eq!((two.passed, two.stopped_by("paused")), ([2, 1, 1, 1, 1, 1], 1));
        let sleeper = of(&funnel, Whose::LineItem(LineItemId::from_raw(20)));
        assert_eq!(sleeper.passed, [2, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn what_is_older_than_an_hour_is_forgotten_and_the_rest_is_not() {
        let mut funnel = Funnel::default();
        let bid = reach(Step::Bid, "");
        for minute in 0..90 {
            add(&mut funnel, minute, &[(1, 10, bid)]);
        }
        let since = funnel.since().unwrap();
        assert!((at(30)..at(36)).contains(&since), "{since:?}");
        let whole = 90 - since.raw().unsigned_abs() / 60_000;
        assert_eq!(of(&funnel, Whose::Campaign(CampaignId::from_raw(1))).passed, [whole; 6]);
        add(&mut funnel, 1_000, &[]);
        assert_eq!(funnel.sampled(), 1);
    }

    #[test]
    fn a_clock_that_steps_back_begins_a_slot_of_its_own() {
        let mut funnel = Funnel::default();
        add(&mut funnel, 100, &[]);
        add(&mut funnel, 90, &[]);
        assert_eq!(funnel.sampled(), 2);
        add(&mut funnel, 10, &[]);
        assert_eq!(funnel.sampled(), 1, "what lies in the future is no last hour");
    }

    #[test]
    fn memory_is_bounded_and_campaigns_are_counted_all_the_same() {
        let mut funnel = Funnel::default();
        let bid = reach(Step::Bid, "");
        let many: Vec<(u64, u64, Reach)> = (0..SUMS_MAX as u64 + 10).map(|item| (1, item, bid)).collect();
        add(&mut funnel, 0, &many);
        add(&mut funnel, 0, &[(7, u64::MAX, bid)]);
        assert!(funnel.slots[0].counts.len() <= SUMS_MAX + 2);
        assert_eq!(of(&funnel, Whose::Campaign(CampaignId::from_raw(7))).passed[5], 1);
        assert_eq!(of(&funnel, Whose::LineItem(LineItemId::from_raw(u64::MAX))).passed[5], 0);
    }

    #[test]
    fn a_reason_stands_after_the_last_step_that_was_made() {
        for (reason, want) in [
            (NoBidReason::AdvertiserBlocked, Step::Targeted),
            (NoBidReason::WorthNothing, Step::Eligible),
            (NoBidReason::Outbid, Step::Priced),
        ] {
            let reach = Reach::of(&Outcome::Declined(reason));
            assert_eq!((reach.step, reach.stopped_by), (want, reason.name()));
        }
        assert_eq!(Reach::of(&Outcome::Bids(0)).step, Step::Bid);
    }
}
