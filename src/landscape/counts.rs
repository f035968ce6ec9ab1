//! What auctions told of one segment, as sums that forget: half of it within a day.
//!
//! A sample weighs more the later it is, instead of all others losing weight (forward decay), so that sums are scaled
//! only now and then, and the order of samples does not matter. Deliberately absent: what follows from the sums.

use crate::landscape::Sample;
use crate::landscape::grid::{BINS, EDGES, MEDIAN_BIN, START_MAX, bin_of, edge, start_around};
use crate::units::{Cpm, UnixMillis};

/// Where a price to beat can lie: at the floor, in one of the bins, above all of them.
pub const CELLS: usize = BINS + 2;
/// The cell above the window.
pub const BEYOND: usize = BINS + 1;
/// After so long a sample weighs half.
pub const HALF_LIFE_MS: f64 = 86_400_000.0;
/// Half-lives after which sums are scaled: far from where a float ends.
const RESCALED_AFTER: f64 = 32.0;
/// The median of what was told may stand so far from where it should before the window moves. There are always two and a
/// half doublings above it, since prices have long tails, and no bid above the window is known to win more; and four below,
/// where bids of small budgets are.
const MEDIAN_BINS: std::ops::RangeInclusive<usize> = 32..=44;

/// The price of a bin that came most often, and how often, at least: by majority vote, so that a heap of equal prices is
/// found without a list of them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Heap {
    /// The price in micros; 0 where the bin has seen none.
    pub price: i64,
    /// Votes for it, less those for all others.
    pub votes: f64,
}

/// Sums of samples, each as its weight at the landmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// The first bin of the window.
    pub start: usize,
    /// When a sample of weight 1 was seen.
    pub landmark: UnixMillis,
    /// Prices to beat that are known, by cell.
    pub exact: [f64; CELLS],
    /// Wins whose price to beat is not known, by the edge at which we bid. The lowest is never used: what lies below the
    /// window counts to its first bin.
    pub won: [f64; EDGES],
    /// Losses whose price to beat is not known, by the edge at which we bid.
    pub lost: [f64; EDGES],
    /// What came most often, by bin.
    pub heaps: [Heap; BINS],
    /// Floors in micros, each by the weight of its sample.
    pub floors: f64,
    /// All samples.
    pub total: f64,
}

impl Counts {
    /// Nothing yet, of a segment whose first price or bid is `price`, told at `at`.
    pub fn around(price: Cpm, at: UnixMillis) -> Self {
        Self {
            start: start_around(price),
            landmark: at,
            exact: [0.0; CELLS],
            won: [0.0; EDGES],
            lost: [0.0; EDGES],
            heaps: [Heap::default(); BINS],
            floors: 0.0,
            total: 0.0,
        }
    }

    /// What a sample that weighed 1 at the landmark weighs at `now`.
    pub fn scale(&self, now: UnixMillis) -> f64 {
        (-half_lives(self.landmark, now)).clamp(-1_000.0, RESCALED_AFTER).exp2()
    }

    /// Samples, as they weigh at `now`.
    pub fn weight(&self, now: UnixMillis) -> f64 {
        self.total * self.scale(now)
    }

    /// Adds a sample.
    pub fn add(&mut self, floor: Cpm, sample: Sample, at: UnixMillis) {
        if half_lives(self.landmark, at) > RESCALED_AFTER {
            self.rescale(at);
        }
        let weight = half_lives(self.landmark, at).max(-1_000.0).exp2();
        match sample {
            Sample::Exact(price) if price <= floor => self.exact[0] += weight,
            Sample::Exact(price) => self.add_exact(price, weight),
            Sample::Won(bid) => match self.position(bid) {
                Position::Below => self.won[1] += weight,
                Position::Within(bin, part) => {
                    self.won[bin.max(1)] += weight * (1.0 - part);
                    self.won[bin + 1] += weight * part;
                }
                // That a price is below one that is above everything tells nothing.
                Position::Above => return,
            },
            Sample::Lost(bid) => match self.position(bid) {
                Position::Below => self.lost[0] += weight,
                Position::Within(bin, part) => {
                    self.lost[bin] += weight * (1.0 - part);
                    self.lost[bin + 1] += weight * part;
                }
                Position::Above => self.exact[BEYOND] += weight,
            },
        }
        self.floors += floor.micros() as f64 * weight;
        self.total += weight;
    }

    fn add_exact(&mut self, price: Cpm, weight: f64) {
        let bin = bin_of(price);
        let Some(bin) = bin.checked_sub(self.start) else {
            self.exact[1] += weight;
            return;
        };
        if bin >= BINS {
            self.exact[BEYOND] += weight;
            return;
        }
        self.exact[bin + 1] += weight;
        let heap = &mut self.heaps[bin];
        if heap.price == price.micros() {
            heap.votes += weight;
        } else if heap.votes >= weight {
            heap.votes -= weight;
        } else {
            *heap = Heap { price: price.micros(), votes: weight - heap.votes };
        }
    }

    /// Where a bid stands in the window. A bid within a bin counts in parts to both its edges, so that the estimate is
    /// right to the first order.
    fn position(&self, bid: Cpm) -> Position {
        let grid = bin_of(bid);
        match grid.checked_sub(self.start) {
            None => Position::Below,
            Some(bin) if bin >= BINS => Position::Above,
            Some(bin) => {
                let (low, high) = (edge(grid), edge(grid + 1));
                Position::Within(bin, (bid.micros() - low).max(0) as f64 / (high - low) as f64)
            }
        }
    }

    /// Expresses the sums as weights at `now`.
    pub fn rescale(&mut self, now: UnixMillis) {
        let scale = self.scale(now);
        let sums = self.exact.iter_mut().chain(&mut self.won).chain(&mut self.lost);
        sums.chain(self.heaps.iter_mut().map(|heap| &mut heap.votes)).for_each(|sum| *sum *= scale);
        self.floors *= scale;
        self.total *= scale;
        self.landmark = now;
    }

    /// Moves the window to where the prices and bids are, if most of them left its middle; true if it moved.
    pub fn follow(&mut self) -> bool {
        let mut left = self.total / 2.0;
        let at = |cell: usize| {
            let edge = cell.min(BINS);
            if cell == 0 {
                0.0
            } else {
                self.exact[cell] + if cell == BEYOND { 0.0 } else { self.won[edge] + self.lost[edge] }
            }
        };
        left -= (self.exact[0] + self.lost[0]) / 2.0;
        let median = (1..CELLS).find(|cell| {
            left -= at(*cell);
            left <= 0.0
        });
        let Some(median) = median.filter(|it| !MEDIAN_BINS.contains(it)) else { return false };
        let start = (self.start + median).saturating_sub(MEDIAN_BIN + 1).min(START_MAX);
        if start == self.start || self.total <= 0.0 {
            return false;
        }
        self.move_to(start);
        true
    }

    /// Puts the window at `start`. What lay outside becomes what it is: known to be below or above an edge.
    pub fn move_to(&mut self, start: usize) {
        let old = self.clone();
        *self = Self { start, ..Self::around(Cpm::ZERO, old.landmark) };
        (self.floors, self.total) = (old.floors, old.total);
        self.exact[0] = old.exact[0];
        // An edge of the old window, in the new one.
        let moved = |edge: usize| (old.start + edge).checked_sub(start);
        for cell in 1..=BINS {
            match moved(cell) {
                // The lowest bin also holds all that lay below it.
                Some(at) if cell == 1 && at > 1 => self.won[at.min(BINS)] += old.exact[1],
                Some(at @ 1..=BINS) => {
                    self.exact[at] += old.exact[cell];
                    self.heaps[at - 1] = old.heaps[cell - 1];
                }
                None | Some(0) => self.exact[1] += old.exact[cell],
                Some(_) => self.exact[BEYOND] += old.exact[cell],
            }
        }
        for edge in 0..EDGES {
            match moved(edge) {
                Some(at) if at <= BINS => {
                    self.won[at.max(1)] += old.won[edge];
                    self.lost[at] += old.lost[edge];
                }
                Some(_) => {
                    self.total -= old.won[edge];
                    self.exact[BEYOND] += old.lost[edge];
                }
                None => {
                    self.won[1] += old.won[edge];
                    self.lost[0] += old.lost[edge];
                }
            }
        }
        match moved(BINS) {
            Some(at) if at < BINS => self.lost[at] += old.exact[BEYOND],
            None => self.lost[0] += old.exact[BEYOND],
            Some(_) => self.exact[BEYOND] += old.exact[BEYOND],
        }
        self.total = self.total.max(0.0);
    }
}

/// Where a bid stands in a window.
enum Position {
    Below,
    /// The bin, and which part of it is below the bid.
    Within(usize, f64),
    Above,
}

fn half_lives(from: UnixMillis, to: UnixMillis) -> f64 {
    to.raw().saturating_sub(from.raw()) as f64 / HALF_LIFE_MS
}
