//! One landscape, as the bid path asks it: the chance to win with a price, what that costs, and which bid gains most.

use crate::landscape::arms::Arm;
use crate::landscape::counts::{CELLS, Counts};
use crate::landscape::estimate::{Chances, EVEN};
use crate::landscape::grid::{BINS, EDGES, bin_of, edge};
use crate::units::{BidId, Cpm};

/// Samples, own and borrowed, from which on bids are shaded: with fewer, the bid that looks best is too often only the
/// luckiest.
pub const WEIGHT_MIN: f32 = 100.0;
/// Of what a narrow segment takes from a wider one, so much is spread evenly: no price is impossible.
const SPREAD: f64 = 0.005;

/// A heap of equal prices within a bin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Heap {
    /// In micros; 0 for none.
    price: i64,
    /// The chance of it.
    chance: f64,
}

/// The landscape of one segment, mixed with wider ones where it has seen little.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Samples behind it, its own and those borrowed.
    pub weight: f32,
    /// The first bin of the window.
    start: usize,
    /// The mean floor, in micros: what is paid where no rival is above it.
    floor: f64,
    /// The chance that the price to beat is in each cell.
    chances: Chances,
    /// The edges of the window, in micros.
    edges: [f64; EDGES],
    /// The chance to win with a bid at each edge.
    won: [f64; EDGES],
    /// `E[price * 1(price <= edge)]`, in micros.
    paid: [f64; EDGES],
    /// The prices within bins at which many rivals stand.
    heaps: [Heap; BINS],
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            weight: 0.0,
            start: 0,
            floor: 0.0,
            chances: EVEN,
            edges: [0.0; EDGES],
            won: [0.0; EDGES],
            paid: [0.0; EDGES],
            heaps: [Heap::default(); BINS],
        }
    }
}

impl Curve {
    /// The curve with `chances` in the window of `counts`, from `weight` samples, of which `scale` a count are its own and
    /// `borrowed` those of `wider`.
    pub(in crate::landscape) fn new(
        counts: &Counts,
        chances: Chances,
        weight: f64,
        scale: f64,
        wider: Option<(&Self, f64)>,
    ) -> Self {
        let mut curve = Self {
            weight: single(weight),
            start: counts.start,
            floor: if counts.total > 0.0 { counts.floors / counts.total } else { 0.0 },
            chances,
            ..Self::default()
        };
        for (at, place) in curve.edges.iter_mut().enumerate() {
            *place = edge(counts.start + at) as f64;
        }
        (curve.won[0], curve.paid[0]) = (chances[0], chances[0] * curve.floor);
        for bin in 0..BINS {
            let heap = curve.heap(counts, bin, scale, wider);
            curve.heaps[bin] = heap;
            let middle = f64::midpoint(curve.edges[bin], curve.edges[bin + 1]);
            let spread = chances[bin + 1] - heap.chance;
            curve.won[bin + 1] = curve.won[bin] + chances[bin + 1];
            curve.paid[bin + 1] = curve.paid[bin] + spread * middle + heap.chance * heap.price as f64;
        }
        curve
    }

    /// The heap in a bin, by its own samples and those of the wider curve; the heavier where they differ.
    fn heap(&self, counts: &Counts, bin: usize, scale: f64, wider: Option<(&Self, f64)>) -> Heap {
        let own = counts.heaps[bin];
        let mut heap = (own.price, own.votes * scale);
        let mut samples = counts.exact[bin + 1] * scale;
        if let Some((wider, borrowed)) = wider
            && let Some(at @ 0..BINS) = (self.start + bin).checked_sub(wider.start)
        {
            samples += wider.chances[at + 1] * borrowed;
            let other = wider.heaps[at];
            let votes = other.chance * borrowed;
            if other.price == heap.0 {
                heap.1 += votes;
            } else if votes > heap.1 {
                heap = (other.price, votes);
            }
        }
        if heap.0 == 0 || samples <= 0.0 {
            return Heap::default();
        }
        Heap { price: heap.0, chance: self.chances[bin + 1] * (heap.1 / samples).clamp(0.0, 1.0) }
    }

    /// The chances of this curve, for a window that starts at `start`.
    pub(in crate::landscape) fn prior(&self, start: usize) -> Chances {
        let mut prior = [SPREAD / CELLS as f64; CELLS];
        prior[0] += self.chances[0] * (1.0 - SPREAD);
        for (cell, chance) in self.chances.iter().enumerate().skip(1) {
            let at = (self.start + cell).saturating_sub(start).clamp(1, CELLS - 1);
            prior[at] += chance * (1.0 - SPREAD);
        }
        prior
    }

    /// The chances, if the window starts at `start`.
    pub(in crate::landscape) fn chances_at(&self, start: usize) -> Option<&Chances> {
        (self.weight > 0.0 && self.start == start).then_some(&self.chances)
    }

    /// The chance that `bid` wins, 0 to 1, on an impression whose floor it reaches: that the price to beat is at most
    /// `bid`. One half while nothing is known.
    #[must_use]
    pub fn win(&self, bid: Cpm) -> f64 {
        if self.weight <= 0.0 {
            return 0.5;
        }
        match bin_of(bid).checked_sub(self.start) {
            _ if bid == Cpm::ZERO => 0.0,
            None => self.won[0],
            Some(bin) if bin >= BINS => self.won[BINS],
            Some(bin) => {
                let bid = bid.micros() as f64;
                let (low, high, heap) = (self.edges[bin], self.edges[bin + 1], self.heaps[bin]);
                let part = (bid - low) / (high - low) * (self.chances[bin + 1] - heap.chance);
                let heaped = if bid >= heap.price as f64 { heap.chance } else { 0.0 };
                (self.won[bin] + part + heaped).min(self.won[bin + 1])
            }
        }
    }

    /// What `bid` is expected to cost where the winner pays the price to beat, in micros per thousand:
    /// `E[price * 1(price <= bid)]`. A prediction; at most `bid * win(bid)`.
    #[must_use]
    pub fn expected_price(&self, bid: Cpm) -> f64 {
        let most = self.win(bid) * bid.micros() as f64;
        if self.weight <= 0.0 {
            return most;
        }
        let expected = match bin_of(bid).checked_sub(self.start) {
            None => self.paid[0],
            Some(bin) if bin >= BINS => self.paid[BINS],
            Some(bin) => {
                let bid = bid.micros() as f64;
                let (low, high, heap) = (self.edges[bin], self.edges[bin + 1], self.heaps[bin]);
                let part = (bid - low) / (high - low) * (self.chances[bin + 1] - heap.chance);
                let price = heap.price as f64;
                let heaped = if bid >= price { heap.chance * price } else { 0.0 };
                self.paid[bin] + part * f64::midpoint(low, bid) + heaped
            }
        };
        expected.min(most)
    }

    /// As [`Curve::expected_price`], on an impression with this `floor`, which is paid where rivals are below it.
    #[must_use]
    pub fn expected_price_over(&self, bid: Cpm, floor: Cpm) -> f64 {
        let floor = floor.min(bid);
        let above = (self.expected_price(bid) - self.expected_price(floor)).max(0.0);
        (self.win(floor) * floor.micros() as f64 + above).min(self.win(bid) * bid.micros() as f64)
    }

    /// The bid of at least `floor` and at most `worth` with the highest expected surplus, `(worth - bid) * win(bid)`,
    /// where the winner pays what it bid; a micro above a heap of rivals where that is best. Rounded down to the micro.
    /// `worth` itself while less is known than [`WEIGHT_MIN`], where no bid can win, and where `floor` is above it.
    #[must_use]
    pub fn shaded(&self, worth: Cpm, floor: Cpm) -> Cpm {
        if self.weight < WEIGHT_MIN || worth <= floor {
            return worth;
        }
        let value = worth.micros() as f64;
        let least = floor.max(LEAST);
        let mut best = Best { bid: worth, surplus: 0.0 };
        best.offer(least, (value - least.micros() as f64) * self.win(least));
        let from = (bin_of(floor) + 1).saturating_sub(self.start);
        let to = (bin_of(worth) + 1).saturating_sub(self.start).min(EDGES);
        let mut top = (usize::MAX, best.surplus);
        for at in from..to {
            let surplus = (value - self.edges[at]) * self.won[at];
            if surplus > top.1 {
                top = (at, surplus);
            }
        }
        if top.0 != usize::MAX {
            best.offer(price(self.edges[top.0]), top.1);
        }
        for at in from.saturating_sub(1)..to.min(BINS) {
            let heap = self.heaps[at];
            if (value - heap.price as f64) * self.won[at + 1] > best.surplus {
                self.try_heap(heap.price, worth, floor, &mut best);
            }
        }
        let bin = bin_of(best.bid).saturating_sub(self.start);
        for bin in bin.saturating_sub(1)..(bin + 2).min(BINS) {
            self.try_within(bin, worth, floor, &mut best);
        }
        best.bid
    }

    fn try_heap(&self, heap: i64, worth: Cpm, floor: Cpm, best: &mut Best) {
        if let Some(bid) = Cpm::from_micros(heap + 1).filter(|bid| (floor..=worth).contains(&bid)) {
            best.offer(bid, (worth.micros() - bid.micros()) as f64 * self.win(bid));
        }
    }

    /// Where the surplus peaks between the edges of a bin, below its heap and above.
    fn try_within(&self, bin: usize, worth: Cpm, floor: Cpm, best: &mut Best) {
        let (low, high, heap) = (self.edges[bin], self.edges[bin + 1], self.heaps[bin]);
        let slope = (self.chances[bin + 1] - heap.chance) / (high - low);
        if slope <= 0.0 {
            return;
        }
        for won in [self.won[bin], self.won[bin] + heap.chance] {
            let peak = f64::midpoint(worth.micros() as f64, low - won / slope);
            let bid = price(peak.clamp(low, high)).clamp(floor.max(LEAST), worth);
            best.offer(bid, (worth.micros() - bid.micros()) as f64 * self.win(bid));
        }
    }

    /// A bid above the best one, so that prices that are never bid stay known: as far from it towards `worth` as `draw`
    /// says, 0 to 1.
    #[must_use]
    pub fn explored(&self, worth: Cpm, floor: Cpm, draw: f64) -> Cpm {
        let best = self.shaded(worth, floor);
        let above = (worth.micros() - best.micros()) as f64 * draw.clamp(0.0, 1.0);
        price(best.micros() as f64 + above).clamp(best, worth)
    }

    /// What to bid in a first-price auction, and in which arm of the comparison: [`Curve::shaded`], for some bids `worth`
    /// or [`Curve::explored`], as [`Arm::of`] says. `None` for the arm, and `worth`, while too little is known to shade.
    #[must_use]
    pub fn bid(&self, worth: Cpm, floor: Cpm, id: &BidId) -> (Cpm, Option<Arm>) {
        if self.weight < WEIGHT_MIN || worth <= floor {
            return (worth, None);
        }
        let arm = Arm::of(id);
        let bid = match arm {
            Arm::Control => worth,
            Arm::Shaded => self.shaded(worth, floor),
            Arm::Explored => self.explored(worth, floor, Arm::draw(id)),
        };
        (bid, Some(arm))
    }
}

/// The least that can be bid.
const LEAST: Cpm = match Cpm::from_micros(1) {
    Some(least) => least,
    None => Cpm::ZERO,
};

/// The best bid so far.
struct Best {
    bid: Cpm,
    surplus: f64,
}

impl Best {
    fn offer(&mut self, bid: Cpm, surplus: f64) {
        if surplus > self.surplus {
            *self = Self { bid, surplus };
        }
    }
}

/// Micros as a price, rounded down.
#[expect(clippy::cast_possible_truncation, reason = "held to the range of prices before")]
fn price(micros: f64) -> Cpm {
    Cpm::from_micros(micros.clamp(0.0, Cpm::MAX.micros() as f64) as i64).unwrap_or(Cpm::ZERO)
}

#[expect(clippy::cast_possible_truncation, reason = "a weight is compared roughly")]
const fn single(weight: f64) -> f32 {
    weight as f32
}
