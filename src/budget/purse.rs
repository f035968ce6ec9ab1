//! The purse from which one line item spends, and the guard of what a bid holds of it.

use std::sync::Arc;

use crate::budget::cap::{Cap, Stake};
use crate::budget::refusal::{Refusal, Shortage};
use crate::ledger::{CapKey, Level, Measure, Quantity, Window};
use crate::units::Nanos;

/// What the bids of a soft budget are expected to cost, as shares of their worst case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The mean, in millionths of the worst case.
    pub mean: u32,
    /// The variance, in millionths of the square of the worst case.
    pub variance: u32,
}

impl Expected {
    /// Every bid costs its worst case.
    pub const WORST: Self = Self { mean: 1_000_000, variance: 0 };

    /// The stake of a bid that costs `worst` at most. Both parts rounded up.
    #[must_use]
    pub fn stake(self, worst: Nanos) -> Stake {
        let share = |of: i128, millionths: u32| (of * i128::from(millionths) + 999_999) / 1_000_000;
        let worst = i128::from(worst.raw());
        let thousands = (worst + 999) / 1_000;
        let narrow = |wide: i128| i64::try_from(wide).unwrap_or(i64::MAX);
        Stake {
            mean: Quantity::from_raw(narrow(share(worst, self.mean))),
            variance: narrow(share(thousands * thousands, self.variance)),
        }
    }
}

/// From what one line item spends: its campaign's and its own caps of money by the day and in total, and every
/// other one that has a limit.
#[derive(Debug, Clone)]
pub struct Purse {
    /// Of the campaign: day, total; of the line item: day, total.
    caps: [Arc<Cap>; 4],
    more: Box<[Arc<Cap>]>,
    /// Those of `more`.
    bits: u8,
    expected: Expected,
}

impl Purse {
    /// A purse of these caps of money, and of `more` that have a limit.
    #[must_use]
    pub fn new(caps: [Arc<Cap>; 4], more: Vec<Arc<Cap>>, expected: Expected) -> Self {
        let bits = more.iter().fold(0, |bits, cap| bits | bit(cap.key()));
        Self { caps, more: more.into(), bits, expected }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Cap>> {
        self.caps.iter().chain(&self.more)
    }

    /// What a bid that costs `worst` at most stakes on each kind of cap.
    fn stakes(&self, worst: Nanos) -> Stakes {
        Stakes { worst, money: self.expected.stake(worst), more: self.bits }
    }

    /// Reserves a bid that costs `worst` at most at every level, or nowhere.
    ///
    /// # Errors
    ///
    /// The first cap under which it does not fit.
    pub fn reserve(&self, worst: Nanos) -> Result<Stakes, Refusal> {
        let stakes = self.stakes(worst);
        for (at, cap) in self.all().enumerate() {
            let fits = match cap.key().measure {
                Measure::Clicks => cap.has_room(CLICK),
                measure => cap.try_reserve(stakes.full(measure)),
            };
            if !fits {
                for taken in self.all().take(at) {
                    taken.release(stakes.full(taken.key().measure));
                }
                return Err(refusal(cap, stakes.full(cap.key().measure).mean));
            }
        }
        Ok(stakes)
    }

    /// The same, in a guard that gives the money back unless it is kept: whatever ends a decision, nothing stays
    /// reserved for a bid that nobody sent.
    ///
    /// # Errors
    ///
    /// The first cap under which it does not fit.
    pub fn hold(&self, worst: Nanos) -> Result<Held<'_>, Refusal> {
        let stakes = self.reserve(worst)?;
        Ok(Held { purse: self, stakes, kept: false })
    }

    /// The first cap of which too little is left for a bid that costs `least`.
    #[must_use]
    pub fn exhausted(&self, least: Nanos) -> Option<Refusal> {
        let stakes = self.stakes(least);
        let needs = |cap: &Cap| match cap.key().measure {
            Measure::Clicks => CLICK,
            measure => stakes.full(measure).mean,
        };
        // Only the limit puts a line item to sleep: a lease grows while it is awake.
        self.all().find(|cap| cap.is_spent(needs(cap))).map(|cap| Refusal::of(cap.key(), Shortage::Spent))
    }

    /// True if it has a limit of the kind of `key`, besides those of money by the day and in total.
    pub(in crate::budget) fn limits(&self, key: CapKey) -> bool {
        self.bits & bit(key) != 0
    }

    /// What is committed of the campaign's money today, by anybody.
    #[must_use]
    pub fn campaign_day(&self) -> Nanos {
        committed(&self.caps[0])
    }

    /// Over the campaign's flight.
    #[must_use]
    pub fn campaign_total(&self) -> Nanos {
        committed(&self.caps[1])
    }

    /// What is committed of the line item's money today.
    #[must_use]
    pub fn line_item_day(&self) -> Nanos {
        committed(&self.caps[2])
    }

    /// Over the line item's flight.
    #[must_use]
    pub fn line_item_total(&self) -> Nanos {
        committed(&self.caps[3])
    }
}

/// One click.
const CLICK: Quantity = Quantity::count(1);

fn committed(cap: &Cap) -> Nanos {
    Nanos::from_raw(cap.committed().raw())
}

fn refusal(cap: &Cap, wanted: Quantity) -> Refusal {
    let shortage = if cap.is_spent(wanted) { Shortage::Spent } else { Shortage::NotLeased };
    Refusal::of(cap.key(), shortage)
}

/// What one bid holds of each kind of cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stakes {
    /// What it costs at worst.
    pub worst: Nanos,
    /// What that counts.
    pub money: Stake,
    /// Of which caps besides those of money by the day and in total it holds its part: a bit each.
    pub more: u8,
}

impl Stakes {
    /// A bid that counts its worst case.
    #[must_use]
    pub const fn certain(worst: Nanos) -> Self {
        Self { worst, money: Stake::certain(Quantity::money(worst)), more: 0 }
    }

    /// What it holds of the cap of `key`, in its own windows. Of clicks nothing: whether one comes is not ours to
    /// reserve.
    #[must_use]
    pub fn on(&self, key: CapKey) -> Stake {
        if is_common(key) || self.more & bit(key) != 0 { self.full(key.measure) } else { Stake::default() }
    }

    /// Holds its part of caps of the kind of `key` from now on.
    pub(in crate::budget) fn hold_of(&mut self, key: CapKey) {
        self.more |= bit(key);
    }

    const fn full(&self, measure: Measure) -> Stake {
        match measure {
            Measure::Money => self.money,
            Measure::Impressions => Stake::certain(Quantity::count(1)),
            Measure::Clicks => Stake::certain(Quantity::ZERO),
        }
    }
}

/// True for the caps of which every purse has one: money by the day and in total.
fn is_common(key: CapKey) -> bool {
    key.measure == Measure::Money && !matches!(key.window, Window::Hour(_))
}

/// The bit of a cap that only some purses have; none for one of which nothing is reserved.
fn bit(key: CapKey) -> u8 {
    let place = match (key.measure, key.window) {
        (Measure::Money, Window::Hour(_)) => 0,
        (Measure::Impressions, Window::Hour(_)) => 1,
        (Measure::Impressions, Window::Day(_)) => 2,
        (Measure::Impressions, Window::Total) => 3,
        _ => return 0,
    };
    let level = u8::from(matches!(key.level, Level::LineItem(_)));
    1 << (2 * place + level)
}

/// What was reserved under every cap of a purse. Dropped, it is given back.
#[derive(Debug)]
pub struct Held<'a> {
    purse: &'a Purse,
    stakes: Stakes,
    kept: bool,
}

impl Held<'_> {
    /// How much.
    #[must_use]
    pub fn stakes(&self) -> Stakes {
        self.stakes
    }

    /// Leaves it reserved; whoever keeps it settles or releases it through the book.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.kept {
            for cap in self.purse.all() {
                cap.release(self.stakes.full(cap.key().measure));
            }
        }
    }
}
