//! Which bid gains most, for every worth: worked out with the curve, so that the bid path looks it up.
//!
//! What a bid gains is `(worth - bid) * win(bid)`. Over a stretch of bids on which the chance to win rises evenly it is a
//! parabola, whose top follows the worth at half its pace; higher stretches overtake lower ones as the worth grows, and
//! never fall back, for they win more. So one walk over the stretches keeps those that are best for some worth, and from
//! which worth on. Deliberately absent: floors, which are the curve's affair.

use crate::units::Cpm;

/// Bids over which the chance to win rises evenly, in micros; a heap of rivals ends one and begins another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::landscape) struct Stretch {
    /// The least of these bids.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// The chance to win with the least.
    pub won: f64,
    /// By how much it rises with each micro.
    pub rise: f64,
}

impl Stretch {
    /// Where the chance would be none, if it rose like this all the way.
    fn zero(&self) -> f64 {
        if self.rise > 0.0 { self.low - self.won / self.rise } else { f64::NEG_INFINITY }
    }

    /// The best of these bids where an impression is worth `worth`.
    pub(in crate::landscape) fn best(&self, worth: f64) -> f64 {
        top(worth, self.zero(), self.low, self.high)
    }

    fn win(&self, bid: f64) -> f64 {
        self.won + self.rise * (bid - self.low)
    }

    /// What the best of them gains.
    fn gain(&self, worth: f64) -> f64 {
        let bid = self.best(worth);
        (worth - bid) * self.win(bid)
    }
}

/// The top of a parabola that is none at `worth` and at `zero`, within bounds.
fn top(worth: f64, zero: f64, low: f64, high: f64) -> f64 {
    (0.5 * (worth + zero)).max(low).min(high)
}

/// A stretch whose bids are best from some worth on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Arc {
    zero: f64,
    low: f64,
    high: f64,
}

/// The best bid for every worth, of some stretches.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::landscape) struct Best {
    /// The least worth of each arc, ascending, in micros.
    from: Box<[f64]>,
    arcs: Box<[Arc]>,
}

impl Best {
    /// Of `stretches`, by rising bids.
    pub(in crate::landscape) fn of(stretches: impl Iterator<Item = Stretch>) -> Self {
        let mut best: Vec<(f64, Stretch)> = Vec::new();
        for stretch in stretches {
            if stretch.win(stretch.high) <= 0.0 {
                continue;
            }
            // Worth less than its least bid, it gains nothing.
            let mut from = Some(stretch.low);
            while let Some((since, last)) = best.last() {
                from = overtaken(last, &stretch, *since);
                match from {
                    // It is better from where the last one would begin, or before.
                    Some(at) if at <= *since => best.pop(),
                    _ => break,
                };
                from = Some(stretch.low);
            }
            best.extend(from.map(|from| (from, stretch)));
        }
        let arc = |stretch: &Stretch| Arc { zero: stretch.zero(), low: stretch.low, high: stretch.high };
        Self {
            from: best.iter().map(|(from, _)| *from).collect(),
            arcs: best.iter().map(|(_, stretch)| arc(stretch)).collect(),
        }
    }

    /// The bid that gains most where an impression is worth `worth` micros; `None` where none gains anything.
    pub(in crate::landscape) fn bid(&self, worth: f64) -> Option<f64> {
        let at = self.from.partition_point(|from| *from <= worth).checked_sub(1)?;
        let Arc { zero, low, high } = self.arcs[at];
        Some(top(worth, zero, low, high))
    }
}

/// Steps after which it is near enough, whatever the stretches.
const STEPS: u32 = 60;
/// A difference of gains that is none, in micros.
const NOTHING: f64 = 1e-3;

/// From which worth of at least `since` on `higher` gains more than `lower`; `None` for never.
///
/// What it gains on the other only grows with the worth. Newton's steps, within bounds that close in.
fn overtaken(lower: &Stretch, higher: &Stretch, since: f64) -> Option<f64> {
    let most = Cpm::MAX.micros() as f64;
    let lead = |worth: f64| higher.gain(worth) - lower.gain(worth);
    if lead(since) >= 0.0 {
        return Some(since);
    }
    if higher.win(higher.high) <= lower.win(lower.high) || lead(most) < 0.0 {
        return None;
    }
    let (mut behind, mut ahead) = (since, most);
    // Where it leaves its least bid: just there it takes over from a stretch that ends with that bid and rises steeper.
    let mut worth = 2.0 * higher.low - higher.zero();
    for _ in 0..STEPS {
        if !(behind < worth && worth < ahead) {
            worth = f64::midpoint(behind, ahead);
        }
        let by = lead(worth);
        if by.abs() < NOTHING || ahead - behind < 0.5 {
            return Some(worth);
        }
        *(if by > 0.0 { &mut ahead } else { &mut behind }) = worth;
        worth -= by / (higher.win(higher.best(worth)) - lower.win(lower.best(worth)));
    }
    Some(ahead)
}
