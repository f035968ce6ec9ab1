//! What every baseline that follows a plan shares: its budget, what notices said was spent, which bids are out, and that
//! it moves one number at the end of each step. What the number is, and how it moves, is the baseline's own [`Rule`].

use std::collections::HashSet;

use foldhash::fast::FixedState;

use crate::sim::judge::{Brief, Opportunity, Policy, Restart, Told};
use crate::units::{Cpm, Millis, Nanos, UnixMillis};

/// How a baseline follows its plan.
pub trait Rule {
    /// A step is over: its number moves.
    fn move_by(&mut self, step: Step);

    /// What it bids; `None` = it takes no part.
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm>;

    /// Its number, as it is kept over a restart.
    fn level(&self) -> f64;

    /// Takes up a number that was kept.
    fn resume(&mut self, level: f64);
}

/// A rule and its books.
#[derive(Debug)]
pub struct Booked<R> {
    books: Books,
    rule: R,
}

impl<R: Rule> Booked<R> {
    /// A rule at the day's start.
    pub fn new(brief: &Brief, rule: R) -> Self {
        Self { books: Books::new(brief), rule }
    }
}

impl<R: Rule> Policy for Booked<R> {
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        if let Some(step) = self.books.step(opportunity.at) {
            self.rule.move_by(step);
        }
        let price = self.rule.bid(opportunity)?;
        self.books.sent(opportunity.number);
        Some(price)
    }

    fn told(&mut self, number: u64, told: Told, _: UnixMillis) {
        self.books.told(number, told);
    }

    fn budget(&mut self, budget: Nanos, _: UnixMillis) {
        self.books.budget(budget);
    }

    fn bytes_per_campaign(&self) -> usize {
        size_of::<Self>()
    }

    fn persist(&self) -> Vec<u8> {
        self.rule.level().to_le_bytes().to_vec()
    }

    fn restart(&mut self, restart: &Restart) {
        if let Some(level) = self.books.restart(restart) {
            self.rule.resume(level);
        }
    }
}

/// The books of one budget.
#[derive(Debug)]
struct Books {
    brief: Brief,
    budget: f64,
    spent: f64,
    /// Bids that are out, so that a notice that comes twice counts once.
    open: HashSet<u64, FixedState>,
    /// When the current step began, and when it ends.
    from: UnixMillis,
    until: UnixMillis,
    spent_before: f64,
}

/// A step that is over.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Money planned for it: what was left, by the curve of the day before; in nanos.
    pub planned: f64,
    /// Money that notices told of in it.
    pub spent: f64,
}

const STEP: Millis = Millis::from_seconds(60);

impl Books {
    /// Books of the day's start.
    #[expect(clippy::cast_precision_loss, reason = "a plan")]
    fn new(brief: &Brief) -> Self {
        Self {
            budget: brief.budget.raw() as f64,
            spent: 0.0,
            open: HashSet::default(),
            from: brief.day.start,
            until: brief.day.start.plus(STEP),
            spent_before: 0.0,
            brief: brief.clone(),
        }
    }

    /// The step that ended before `now`, if one did: a minute, or longer where nothing came.
    fn step(&mut self, now: UnixMillis) -> Option<Step> {
        if now < self.until {
            return None;
        }
        let planned = self.planned(self.spent_before, self.from, now);
        let spent = self.spent - self.spent_before;
        (self.from, self.until, self.spent_before) = (now, now.plus(STEP), self.spent);
        Some(Step { planned, spent })
    }

    /// What of the money that is left belongs between two instants.
    fn planned(&self, spent: f64, from: UnixMillis, to: UnixMillis) -> f64 {
        let (from, to) = (self.brief.done(from), self.brief.done(to));
        (self.budget - spent).max(0.0) * (to - from) / (1.0 - from).max(1e-9)
    }

    /// A bid goes out.
    fn sent(&mut self, number: u64) {
        self.open.insert(number);
    }

    /// A notice came.
    #[expect(clippy::cast_precision_loss, reason = "a plan")]
    fn told(&mut self, number: u64, told: Told) {
        match told {
            Told::Clicked | Told::Converted => {}
            Told::Won { paid, .. } => {
                if self.open.remove(&number) {
                    self.spent += paid.raw() as f64;
                }
            }
            Told::Lost { .. } | Told::Expired | Told::Unsent => {
                self.open.remove(&number);
            }
        }
    }

    /// The budget changed.
    #[expect(clippy::cast_precision_loss, reason = "a plan")]
    fn budget(&mut self, budget: Nanos) {
        self.budget = budget.raw() as f64;
    }

    /// Goes on from the ledger; gives what was kept, if the day has begun. A new day begins with the tuned start, for the
    /// last minutes of a day that has spent its money teach a level of their own.
    #[expect(clippy::cast_precision_loss, reason = "a plan")]
    fn restart(&mut self, restart: &Restart) -> Option<f64> {
        self.spent = restart.spent.raw() as f64;
        self.spent_before = self.spent;
        self.open = restart.open.iter().map(|(number, _)| *number).collect();
        (self.from, self.until) = (restart.at, restart.at.plus(STEP));
        if restart.at > self.brief.day.start { kept(&restart.learnt) } else { None }
    }
}

/// The number that was kept as eight bytes, if it was.
fn kept(learnt: &[u8]) -> Option<f64> {
    let number = f64::from_le_bytes(learnt.try_into().ok()?);
    number.is_finite().then_some(number)
}
