//! The purse from which one line item spends, and the guard of what a bid holds of it.

use std::sync::Arc;

use crate::budget::bell::Hourglass;
use crate::budget::cap::{Cap, Stake};
use crate::budget::expected::Experience;
use crate::budget::gate::Gate;
use crate::budget::refusal::{Refusal, Shortage};
use crate::ledger::{CapKey, Level, Measure, Quantity, Window};
use crate::units::Nanos;

/// From what one line item spends: its campaign's and its own caps of money by the day and in total, and every
/// other one that has a limit.
#[derive(Debug, Clone)]
pub struct Purse {
    /// Of the campaign's money: day, total; of the line item's: day, total; then every other one. With what each of
    /// them measures, which need not be looked up in the cap. All of them stand behind `gate`.
    caps: Box<[(Measure, Arc<Cap>)]>,
    gate: Arc<Gate>,
    /// Those caps that not every purse has.
    bits: u8,
    /// What bids are expected to cost, where the budget is soft.
    experience: Option<Arc<Experience>>,
    hourglass: Hourglass,
}

impl Purse {
    /// A purse of these caps of money, and of `more` that have a limit, all behind `gate`. Its bids count what
    /// `experience` tells, or without one their worst case; once `hourglass` has run out it is closed.
    #[must_use]
    pub(in crate::budget) fn new(
        caps: [Arc<Cap>; 4],
        more: Vec<Arc<Cap>>,
        gate: Arc<Gate>,
        experience: Option<Arc<Experience>>,
        hourglass: Hourglass,
    ) -> Self {
        let bits = more.iter().fold(0, |bits, cap| bits | bit(cap.key()));
        let all = caps.into_iter().chain(more);
        let caps = all.map(|cap| (cap.key().measure, cap)).collect();
        Self { caps, gate, bits, experience, hourglass }
    }

    /// What a bid that costs `worst` at most stakes on each kind of cap.
    fn stakes(&self, worst: Nanos) -> Stakes {
        let money = match &self.experience {
            None => Stake::certain(Quantity::money(worst)),
            Some(experience) => experience.expected().stake(worst),
        };
        Stakes { worst, money, more: self.bits }
    }

    /// Reserves a bid that costs `worst` at most at every level, or nowhere.
    ///
    /// # Errors
    ///
    /// The first cap under which it does not fit.
    pub fn reserve(&self, worst: Nanos) -> Result<Stakes, Refusal> {
        if self.hourglass.is_out() {
            return Err(Refusal::of(self.caps[0].1.key(), Shortage::NotLeased));
        }
        let stakes = self.stakes(worst);
        let inside = self.gate.enter();
        // All are asked before one is changed: nothing has to be taken back, and nobody sees a bid that was refused.
        let refusing = self.caps.iter().find(|(measure, cap)| match measure {
            Measure::Clicks => !cap.has_room(CLICK),
            measure => !cap.fits(stakes.full(*measure), &inside),
        });
        if let Some((measure, cap)) = refusing {
            drop(inside);
            let needed = stakes.needs(*measure);
            cap.was_refused(needed);
            return Err(refusal(cap, needed));
        }
        self.each_stake(&stakes, |cap, stake| cap.commit(stake, &inside));
        Ok(stakes)
    }

    /// Every cap, and what a bid that holds `stakes` holds of it.
    fn each_stake(&self, stakes: &Stakes, act: impl Fn(&Cap, Stake)) {
        for (measure, cap) in &self.caps {
            if *measure != Measure::Clicks {
                act(cap, stakes.full(*measure));
            }
        }
    }

    fn release(&self, stakes: &Stakes) {
        let inside = self.gate.enter();
        self.each_stake(stakes, |cap, stake| cap.release(stake, &inside));
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
        // Only the limit puts a line item to sleep: a lease grows while it is awake.
        let (_, spent) = self.caps.iter().find(|(measure, cap)| cap.is_spent(stakes.needs(*measure)))?;
        Some(Refusal::of(spent.key(), Shortage::Spent))
    }

    /// True if it has a limit of the kind of `key`, besides those of money by the day and in total.
    pub(in crate::budget) fn limits(&self, key: CapKey) -> bool {
        self.bits & bit(key) != 0
    }

    /// What is committed of the campaign's money today, by anybody.
    #[must_use]
    pub fn campaign_day(&self) -> Nanos {
        committed(&self.caps[0].1)
    }

    /// What of the campaign's money is used today: billed here, or taken elsewhere.
    #[must_use]
    pub fn campaign_day_used(&self) -> Nanos {
        used(&self.caps[0].1)
    }

    /// Over the campaign's flight.
    #[must_use]
    pub fn campaign_total(&self) -> Nanos {
        committed(&self.caps[1].1)
    }

    /// What is committed of the line item's money today.
    #[must_use]
    pub fn line_item_day(&self) -> Nanos {
        committed(&self.caps[2].1)
    }

    /// What the campaign's money still lets it spend today: by the day's limit and in total.
    #[must_use]
    pub fn campaign_left(&self) -> Nanos {
        let left = |cap: &Cap| cap.limit().raw().saturating_sub(cap.committed().raw()).max(0);
        Nanos::from_raw(left(&self.caps[0].1).min(left(&self.caps[1].1)))
    }

    /// What of the line item's money is used today.
    #[must_use]
    pub fn line_item_day_used(&self) -> Nanos {
        used(&self.caps[2].1)
    }

    /// Over the line item's flight.
    #[must_use]
    pub fn line_item_total(&self) -> Nanos {
        committed(&self.caps[3].1)
    }
}

/// One click.
const CLICK: Quantity = Quantity::count(1);

fn committed(cap: &Cap) -> Nanos {
    Nanos::from_raw(cap.committed().raw())
}

fn used(cap: &Cap) -> Nanos {
    Nanos::from_raw(cap.used().plus(cap.elsewhere()).raw())
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
        self.of(Kind::of(key))
    }

    /// The same, of a cap of `kind`.
    #[must_use]
    pub(in crate::budget) const fn of(&self, kind: Kind) -> Stake {
        if kind.is_common || self.more & kind.bit != 0 {
            self.full(kind.measure)
        } else {
            Stake::certain(Quantity::ZERO)
        }
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

    /// What must be left of a cap for it.
    const fn needs(&self, measure: Measure) -> Quantity {
        if matches!(measure, Measure::Clicks) { CLICK } else { self.full(measure).mean }
    }
}

/// What of a cap's name tells how much a bid holds of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What it counts.
    pub measure: Measure,
    /// True for those of which every purse has one.
    is_common: bool,
    /// Of the others.
    bit: u8,
}

impl Kind {
    /// Of the cap of `key`.
    #[must_use]
    pub fn of(key: CapKey) -> Self {
        Self { measure: key.measure, is_common: is_common(key), bit: bit(key) }
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
            self.purse.release(&self.stakes);
        }
    }
}
