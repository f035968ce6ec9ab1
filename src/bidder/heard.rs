//! What budgets hear of one impression: each line item that could have bid on it is told once, whatever it went through.
//!
//! A budget whose traffic is not counted plans as if there were none: so the line items that nobody looked at, since
//! better ones took the place or their money rests, are told of a sample. Deliberately absent: bids, which tell of
//! themselves as their money is reserved.

use rand::{Rng, RngExt as _};
use smallvec::SmallVec;

use crate::bidder::{NoBidReason, Snapshot};
use crate::pacing::Dual;
use crate::targeting::{Rows, Scene};

/// One of so many impressions is told to the budgets of all line items that fit it, those that a better one kept from
/// being looked at: a budget whose line items are always outbid would else never learn that there is traffic.
const SAMPLED_OF: u32 = 32;
/// Rows of one kind that are told of one such impression.
const SAMPLED_ROWS_MAX: usize = 256;

/// What a line item's budgets hear, the least first: of several the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    /// Nothing: the impression was none for it.
    Nothing,
    /// It came by, and the price had no part in that there is no bid.
    Seen,
    /// It came by, and more might have been bid.
    Passed,
    /// All is told already.
    Told,
}

impl News {
    /// What the budgets of a line item hear that was declined for `reason`.
    const fn of(reason: NoBidReason) -> Self {
        match reason {
            NoBidReason::Paced => Self::Told,
            NoBidReason::BudgetSpent(_) | NoBidReason::Explored => Self::Seen,
            _ if reason.counts_as_traffic() => Self::Passed,
            _ => Self::Nothing,
        }
    }
}

/// What the line items that were looked at on one impression came to.
#[derive(Debug, Default)]
pub(in crate::bidder) struct Heard {
    rows: SmallVec<[(usize, News); 16]>,
    is_sampled: bool,
}

impl Heard {
    /// Chance decides whether the others are told as well.
    pub(in crate::bidder) fn drawn(random: &mut impl Rng) -> Self {
        Self { rows: SmallVec::new(), is_sampled: random.random_ratio(1, SAMPLED_OF) }
    }

    /// The line item of `row` was declined for `reason`; it may still bid in another stage.
    pub(in crate::bidder) fn declined(&mut self, row: usize, reason: NoBidReason) {
        let news = News::of(reason);
        // Who is not sampled needs no list of those that hear nothing.
        if news > News::Nothing || self.is_sampled {
            self.rows.push((row, news));
        }
    }

    /// The budgets of `row` were told as its bid was reserved, or held back by their pace.
    pub(in crate::bidder) fn told(&mut self, row: usize) {
        self.rows.push((row, News::Told));
    }

    /// True if they were.
    pub(in crate::bidder) fn is_told(&self, row: usize) -> bool {
        self.rows.contains(&(row, News::Told))
    }

    /// Tells the budgets of the line items that were looked at, each once; and on an impression that is sampled those of
    /// the others that fit `scene`, of those without deals only if `is_open`.
    pub(in crate::bidder) fn tell(
        mut self,
        snapshot: &Snapshot,
        scene: &Scene<'_>,
        is_open: bool,
        random: &mut impl Rng,
    ) {
        self.rows.sort_unstable();
        for (at, (row, news)) in self.rows.iter().enumerate() {
            let is_last = self.rows.get(at + 1).is_none_or(|(next, _)| next != row);
            match news {
                News::Passed if is_last => each_dual(snapshot, *row, |dual| dual.came(1, 0.0)),
                News::Seen if is_last => each_dual(snapshot, *row, |dual| dual.saw(1)),
                _ => {}
            }
        }
        if !self.is_sampled {
            return;
        }
        let live = &snapshot.live;
        let came = |dual: &Dual| dual.came(SAMPLED_OF, 0.0);
        if is_open {
            self.tell_others(snapshot, scene, &live.open, random, came);
        }
        self.tell_others(snapshot, scene, &live.on_deals, random, came);
        // They rest whatever they would bid: their multiplier is not to move.
        let saw = |dual: &Dual| dual.saw(SAMPLED_OF);
        for rows in is_open.then_some(&live.resting).into_iter().chain([&live.resting_on_deals]) {
            self.tell_others(snapshot, scene, rows, random, saw);
        }
    }

    /// Tells the budgets of those of `rows` that fit and were not looked at. It begins anywhere, so that of more than are
    /// told each has its turn.
    fn tell_others(
        &self,
        snapshot: &Snapshot,
        scene: &Scene<'_>,
        rows: &Rows,
        random: &mut impl Rng,
        tell: impl Fn(&Dual),
    ) {
        if rows.is_empty() {
            return;
        }
        let from = random.random_range(0..rows.len());
        let index = &snapshot.plan.index;
        let ahead = index.search(scene, rows, from);
        let behind = index.search(scene, rows, 0).take_while(|row| *row < from);
        let is_new = |row: &usize| {
            self.rows.get(self.rows.partition_point(|it| it.0 < *row)).is_none_or(|it| it.0 != *row)
        };
        for row in ahead.chain(behind).take(SAMPLED_ROWS_MAX).filter(is_new) {
            each_dual(snapshot, row, &tell);
        }
    }
}

/// Tells the budgets of the line item of `row`.
fn each_dual(snapshot: &Snapshot, row: usize, tell: impl Fn(&Dual)) {
    let campaign = snapshot.plan.line_item(row).campaign;
    snapshot.money.rhythms.duals(row, campaign).into_iter().flatten().for_each(tell);
}
