//! The second dual: what keeps a price per click or conversion, or a return, over a window.
//!
//! A result costs about in proportion to what is bid. So where a window's results cost `c` each at a mean multiplier `m`,
//! they will cost what was asked, `t`, at `m t / c`. Conversions are late: money is counted by the part of its results
//! that is in by now. Few results prove little: ten results at the price asked are added to what was seen. The bid takes
//! the lesser of this multiplier and that of the budget; a sequence of the two can violate both. What is kept is the mean
//! over the window, never that of every beginning of it: who may not miss a price at first cannot bid at all.
//! Deliberately absent: counting results, and goals without a target, for which the budget alone decides.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::campaign::Goal;
use crate::units::{Millis, UnixMillis};

/// The multiplier of one line item's goal. The bid path reads it, the slow loop moves it.
#[derive(Debug)]
pub struct Target {
    /// What a result may cost, in nanos; of a return, what a nano of value may.
    cost: f64,
    /// The logarithm of the multiplier, as bits.
    log: AtomicU64,
    /// The mean of it over the window, weighted by money, as bits.
    mean: AtomicU64,
    /// When it was last moved, in milliseconds; the least number = never.
    moved: AtomicI64,
}

/// What was spent at about the same time, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spell {
    /// How long ago it was spent.
    pub age: Millis,
    /// In nanos.
    pub spent: f64,
    /// Clicks or conversions of it that are in; of a return, their value in nanos.
    pub results: f64,
}

/// Which part of all results is in after a time: a mixture of three exponentials, each a share and a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival([(f64, Millis); 3]);

/// The multiplier stays within this; above 1 the budget's would be the lesser.
const CORRIDOR: (f64, f64) = (0.1, 1.0);
/// It moves by 20 % an hour at most.
const HOURLY_MOST: f64 = 0.182;
/// Results at the price asked that are added to those seen.
const BELIEF: f64 = 10.0;
/// What was too dear is made up for by being cheaper than asked, with this power of the excess.
const AMENDS: f64 = 1.5;
const HOUR_MILLIS: f64 = 3_600_000.0;

impl Arrival {
    /// Clicks: all at once.
    pub const AT_ONCE: Self =
        Self([(1.0, Millis::from_raw(0)), (0.0, Millis::from_raw(0)), (0.0, Millis::from_raw(0))]);
    /// Conversions: 35 % within an hour, half within a day, the rest over weeks (Chapelle, KDD'14).
    pub const CONVERSIONS: Self = Self([
        (0.35, Millis::from_seconds(1_200)),
        (0.13, Millis::from_seconds(8 * 3_600)),
        (0.52, Millis::from_seconds(20 * 86_400)),
    ]);

    /// The part that is in after `age`, 0 to 1.
    #[must_use]
    pub fn arrived(&self, age: Millis) -> f64 {
        let age = age.raw().max(0) as f64;
        let part = |(share, mean): &(f64, Millis)| match mean.raw() {
            0 => *share,
            mean => share * (1.0 - (-age / mean as f64).exp()),
        };
        self.0.iter().map(part).sum::<f64>().clamp(0.0, 1.0)
    }
}

impl Target {
    /// The target of a goal; `None` for a goal without one.
    #[must_use]
    pub fn of(goal: &Goal) -> Option<Self> {
        let cost = match *goal {
            Goal::Cpc { target, .. } | Goal::Cpa { target, .. } => target.raw() as f64,
            Goal::Return { least, .. } => 1e6 / least as f64,
            Goal::Cpm(_) | Goal::MaxConversions { .. } => return None,
        };
        (cost.is_finite() && cost > 0.0).then(|| Self::at(cost, 0.0, 0.0, i64::MIN))
    }

    fn at(cost: f64, log: f64, mean: f64, moved: i64) -> Self {
        Self {
            cost,
            log: AtomicU64::new(log.to_bits()),
            mean: AtomicU64::new(mean.to_bits()),
            moved: AtomicI64::new(moved),
        }
    }

    /// By how much what an impression is worth is multiplied, 0.1 to 1.
    #[must_use]
    pub fn factor(&self) -> f64 {
        read(&self.log).exp()
    }

    /// Moves the multiplier by what the window's `spells` show, of which `fresh` nanos were spent since the last time;
    /// by 20 % an hour at most. The slow loop calls it, alone.
    pub fn learn(&self, spells: &[Spell], fresh: f64, arrival: &Arrival, now: UnixMillis) {
        let fair = |nanos: f64| if nanos.is_finite() { nanos.max(0.0) } else { 0.0 };
        let sum = |of: &dyn Fn(&Spell) -> f64| spells.iter().map(|spell| fair(of(spell))).sum::<f64>();
        let spent = sum(&|spell| spell.spent);
        let ripe = sum(&|spell| spell.spent * arrival.arrived(spell.age));
        let results = sum(&|spell| spell.results);
        let before = read(&self.log);
        let share = if spent > 0.0 { (fair(fresh) / spent).min(1.0) } else { 0.0 };
        let mean = read(&self.mean) + (before - read(&self.mean)) * share;
        store(&self.mean, mean);
        // Of a return, a result is a nano: belief is measured in money that buys ten results of the mean size seen.
        let belief = BELIEF * self.cost.max(if results > 0.0 { ripe / results } else { 0.0 });
        let belief = if self.cost < 1e3 { belief.max(spent * 0.02) } else { belief };
        let asked = (belief / self.cost + results) / (belief + ripe) * self.cost;
        let power = if asked < 1.0 { AMENDS } else { 1.0 };
        let wanted = (mean + power * asked.ln()).clamp(CORRIDOR.0.ln(), CORRIDOR.1.ln());
        let last = self.moved.swap(now.raw(), Ordering::Relaxed);
        let hours =
            if last == i64::MIN { 1.0 } else { now.raw().saturating_sub(last).max(0) as f64 / HOUR_MILLIS };
        let most = HOURLY_MOST * hours.min(1.0);
        if wanted.is_finite() {
            store(&self.log, before + (wanted - before).clamp(-most, most));
        }
    }

    /// Goes on where `kept` was, which a former process left: a start is no new hour to move in.
    pub fn resume(&self, kept: &Self) {
        store(&self.log, read(&kept.log));
        store(&self.mean, read(&kept.mean));
        self.moved.store(kept.moved.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The length of [`Target::to_bytes`].
    pub const BYTES: usize = 32;

    /// What a restart reads again.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let [cost, log, mean] = [self.cost, read(&self.log), read(&self.mean)].map(f64::to_le_bytes);
        let words = [cost, log, mean, self.moved.load(Ordering::Relaxed).to_le_bytes()];
        for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word);
        }
        bytes
    }

    /// Goes on from what [`Target::to_bytes`] gave, for the same or a changed target; `None` if it is not that.
    #[must_use]
    pub fn resumed(goal: &Goal, bytes: &[u8]) -> Option<Self> {
        let fresh = Self::of(goal)?;
        let bytes: &[u8; Self::BYTES] = bytes.try_into().ok()?;
        let mut words = [[0; 8]; 4];
        for (word, place) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            word.copy_from_slice(place);
        }
        let [cost, log, mean, moved] = words;
        let [cost, log, mean] = [cost, log, mean].map(f64::from_le_bytes);
        let corridor = CORRIDOR.0.ln()..=CORRIDOR.1.ln();
        let fits = cost.is_finite() && cost > 0.0 && corridor.contains(&log) && corridor.contains(&mean);
        // What is bid is a multiple of the target: another target needs the same multiplier.
        fits.then(|| Self::at(fresh.cost, log, mean, i64::from_le_bytes(moved)))
    }
}

fn read(word: &AtomicU64) -> f64 {
    f64::from_bits(word.load(Ordering::Relaxed))
}

fn store(word: &AtomicU64, number: f64) {
    word.store(number.to_bits(), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Arrival, CORRIDOR, Spell, Target};
    use crate::campaign::Goal;
    use crate::units::{Cpm, Millis, Nanos, UnixMillis};

    const HOUR: i64 = 3_600_000;

    fn cpa(nanos: i64) -> Goal {
        Goal::Cpa { target: Nanos::from_raw(nanos), ctr: 0.01, cvr: 0.1 }
    }

    #[test]
    fn conversions_arrive_a_third_in_an_hour_half_in_a_day_and_the_rest_in_weeks() {
        for (hours, part) in [(0, 0.0), (1, 0.35), (24, 0.5), (24 * 20, 0.81), (24 * 365, 1.0)] {
            let arrived = Arrival::CONVERSIONS.arrived(Millis::from_raw(hours * HOUR));
            assert!((arrived - part).abs() < 0.01, "{hours} h: {arrived}");
        }
        assert!((Arrival::AT_ONCE.arrived(Millis::from_raw(0)) - 1.0).abs() < 1e-9);
    }

    /// The price of results over the last of ten weeks, as a multiple of the target, where a result costs `dear` times
    /// the target at a multiplier of 1, and its multiplier.
    fn weeks(dear: f64) -> (f64, f64) {
        let (cost, target) = (1e9, Target::of(&cpa(1_000_000_000)).unwrap());
        let mut spells: Vec<(i64, f64, f64)> = vec![];
        for hour in 0..10 * 7 * 24_i64 {
            let spent = 2e9 * target.factor();
            spells.push((hour, spent, spent / (cost * dear * target.factor())));
            let window = spells.iter().rev().take(7 * 24).map(|(at, spent, final_results)| {
                let age = Millis::from_raw((hour - at) * HOUR);
                Spell { age, spent: *spent, results: final_results * Arrival::CONVERSIONS.arrived(age) }
            });
            let window: Vec<Spell> = window.collect();
            target.learn(&window, spent, &Arrival::CONVERSIONS, UnixMillis::from_raw(hour * HOUR));
        }
        let last = spells.iter().rev().take(7 * 24);
        let (spent, results) = last.fold((0.0, 0.0), |sum, spell| (sum.0 + spell.1, sum.1 + spell.2));
        (spent / results / cost, target.factor())
    }

    #[test]
    fn a_window_costs_what_was_asked_although_most_conversions_are_not_in_yet() {
        for dear in [1.3, 2.0, 4.0] {
            let (cost, factor) = weeks(dear);
            assert!((0.9..=1.02).contains(&cost), "{dear} times as dear: {cost} of the target");
            assert!((factor * dear - 1.0).abs() < 0.15, "{factor}");
        }
        assert!((weeks(0.5).1 - 1.0).abs() < 1e-9, "what is cheap is not slowed");
    }

    #[test]
    fn few_results_move_little_and_money_without_any_moves_by_a_fifth_an_hour() {
        let target = Target::of(&cpa(1_000)).unwrap();
        let spell = |spent, results| [Spell { age: Millis::from_raw(400 * 24 * HOUR), spent, results }];
        target.learn(&spell(3_000.0, 2.0), 3_000.0, &Arrival::CONVERSIONS, UnixMillis::from_raw(0));
        assert!(target.factor() > 0.88, "{}", target.factor());
        let before = target.factor();
        target.learn(&spell(1e9, 0.0), 1e9, &Arrival::CONVERSIONS, UnixMillis::from_raw(HOUR));
        assert!((target.factor() / before - 0.8336).abs() < 0.001);
        target.learn(&spell(1e9, 0.0), 0.0, &Arrival::CONVERSIONS, UnixMillis::from_raw(HOUR));
        assert!((target.factor() / before - 0.8336).abs() < 0.001, "no time passed");
    }

    #[test]
    fn a_goal_without_a_target_has_none() {
        assert!(Target::of(&Goal::Cpm(Cpm::ZERO)).is_none());
        assert!(Target::of(&cpa(0)).is_none());
    }

    #[test]
    fn a_restart_goes_on_and_foreign_bytes_are_refused() {
        let target = Target::of(&cpa(1_000)).unwrap();
        let spells = [Spell { age: Millis::from_raw(HOUR), spent: 1e9, results: 0.0 }];
        target.learn(&spells, 1e9, &Arrival::AT_ONCE, UnixMillis::from_raw(0));
        let kept = Target::resumed(&cpa(2_000), &target.to_bytes()).unwrap();
        let again = Target::of(&cpa(2_000)).unwrap();
        again.resume(&kept);
        assert!((again.factor() - target.factor()).abs() < 1e-12);
        // Restarted ten times in a minute, it moves by what a minute allows.
        for second in (0..60).step_by(6) {
            let restarted = Target::resumed(&cpa(2_000), &again.to_bytes()).unwrap();
            again.resume(&restarted);
            again.learn(&spells, 0.0, &Arrival::AT_ONCE, UnixMillis::from_raw(second * 1_000));
        }
        let least = target.factor() * (-super::HOURLY_MOST / 60.0).exp();
        assert!((least..target.factor()).contains(&again.factor()), "{}", again.factor());
        assert!(Target::resumed(&cpa(1_000), &[0xff; Target::BYTES]).is_none());
        assert!(Target::resumed(&cpa(1_000), &[]).is_none());
    }

    proptest! {
        #[test]
        fn no_input_makes_it_leave_its_corridor(
            steps in proptest::collection::vec(any::<(i64, f64, f64, f64, i64)>(), 1..20), cost in 1..i64::MAX,
        ) {
            let target = Target::of(&cpa(cost)).unwrap();
            for (age, spent, results, fresh, now) in steps {
                let spells = [Spell { age: Millis::from_raw(age), spent, results }];
                target.learn(&spells, fresh, &Arrival::CONVERSIONS, UnixMillis::from_raw(now));
                let factor = target.factor();
                prop_assert!((CORRIDOR.0 - 1e-9..=CORRIDOR.1 + 1e-9).contains(&factor), "{factor}");
            }
        }
    }
}
