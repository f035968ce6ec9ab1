//! The test for policies that know what they cannot: what comes later is changed, and earlier decisions must not move.

use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom as _;

use crate::sim::judge::truth::{Row, Truth, replay};
use crate::sim::judge::{Brief, Policy};
use crate::units::Cpm;

/// The first decision among the first `rows` that changes, in any bit, when all later rows are permuted; `None` for a
/// policy that does not know the future. `make` is handed the day itself, which an honest policy ignores.
#[must_use]
pub fn first_leak(
    truth: &Truth,
    rows: usize,
    make: &dyn Fn(&Truth, &Brief) -> Box<dyn Policy>,
) -> Option<u64> {
    let other = permuted(truth, rows);
    let decisions = |truth: &Truth| {
        let mut all: Vec<Option<Cpm>> = Vec::with_capacity(truth.rows.len());
        replay(truth, &|brief| make(truth, brief), |_, bid| all.push(bid));
        all
    };
    let (one, two) = (decisions(truth), decisions(&other));
    (0_u64..).zip(one.iter().zip(&two)).take(rows).find(|(_, (a, b))| a != b).map(|(number, _)| number)
}

/// The same day, with all that the rows from `from` on are in another order; times stay.
fn permuted(truth: &Truth, from: usize) -> Truth {
    let mut other = truth.clone();
    let from = from.min(truth.rows.len());
    let mut later: Vec<Row> = truth.rows[from..].to_vec();
    later.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(truth.seed ^ 0x6c65_616b));
    for (row, drawn) in other.rows[from..].iter_mut().zip(later) {
        *row = Row { at: row.at, ..drawn };
    }
    other
}
