//! One landscape, as the bid path asks it: the chance to win with a price, what that costs, and which bid gains most.

use crate::landscape::arms::Arm;
use crate::landscape::best::{Best, Stretch};
use crate::landscape::counts::Counts;
use crate::landscape::estimate::Chances;
use crate::landscape::grid::{BINS, EDGES, bin_of, edge};
use crate::units::{BidId, Cpm};

/// Samples, own and borrowed, from which on bids are shaded: with fewer, the bid that looks best is too often only the
/// luckiest.
pub const WEIGHT_MIN: f32 = 100.0;
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
    /// What is best of the bids from the usual floor on, by worth.
    best: Best,
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
            best: Best::default(),
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
        chances: &Chances,
        weight: f64,
        scale: f64,
        wider: Option<(&Self, f64)>,
    ) -> Self {
        let mut curve = Self {
            weight: single(weight),
            start: counts.start,
            floor: if counts.total > 0.0 { counts.floors / counts.total } else { 0.0 },
            ..Self::default()
        };
        curve.won[0] = chances[0];
        curve.paid[0] = chances[0] * curve.floor;
        for bin in 0..BINS {
            curve.won[bin + 1] = curve.won[bin] + chances[bin + 1];
            let heap = curve.heap(counts, bin, scale, wider);
            curve.heaps[bin] = heap;
            let middle = f64::midpoint(curve.edge(bin), curve.edge(bin + 1));
            let spread = curve.chance(bin) - heap.chance;
            curve.paid[bin + 1] = curve.paid[bin] + spread * middle + heap.chance * heap.price as f64;
        }
        let usual = curve.usual_floor().micros() as f64;
        curve.best = Best::of((0..BINS).flat_map(|bin| curve.stretches(bin, usual)));
        curve
    }

    /// An edge of the window, in micros.
    const fn edge(&self, at: usize) -> f64 {
        edge(self.start + at) as f64
    }

    /// The chance that the price to beat is in a bin.
    fn chance(&self, bin: usize) -> f64 {
        self.won[bin + 1] - self.won[bin]
    }

    /// The mean floor, rounded down to the micro.
    fn usual_floor(&self) -> Cpm {
        price(self.floor)
    }

    /// The bids of a bin from `floor` on: those up to its heap, and those that beat it.
    fn stretches(&self, bin: usize, floor: f64) -> impl Iterator<Item = Stretch> + use<> {
        let (low, high, heap) = (self.edge(bin), self.edge(bin + 1), self.heaps[bin]);
        let rise = (self.chance(bin) - heap.chance).max(0.0) / (high - low);
        let stretch = move |from: f64, to: f64, heaped: f64, won: f64| {
            let from = from.max(floor);
            (from <= to).then_some(Stretch {
                low: from,
                high: to,
                won: won + heaped + rise * (from - low),
                rise,
            })
        };
        let (won, price) = (self.won[bin], heap.price as f64);
        let both = if heap.price > 0 {
            [stretch(low, price - 1.0, 0.0, won), stretch((price + 1.0).min(high), high, heap.chance, won)]
        } else {
            [stretch(low, high, 0.0, won), None]
        };
        both.into_iter().flatten()
    }

    /// The heap in a bin, by its own samples and those of the wider curve; the heavier where they differ.
    fn heap(&self, counts: &Counts, bin: usize, scale: f64, wider: Option<(&Self, f64)>) -> Heap {
        let own = counts.heaps[bin];
        let mut heap = (own.price, own.votes * scale);
        let mut samples = counts.exact[bin + 1] * scale;
        if let Some((wider, borrowed)) = wider
            && let Some(at @ 0..BINS) = (self.start + bin).checked_sub(wider.start)
        {
            samples += wider.chance(at) * borrowed;
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
        Heap { price: heap.0, chance: self.chance(bin) * (heap.1 / samples).clamp(0.0, 1.0) }
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
                let (low, high, heap) = (self.edge(bin), self.edge(bin + 1), self.heaps[bin]);
                let part = (bid - low) / (high - low) * (self.chance(bin) - heap.chance);
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
                let (low, high, heap) = (self.edge(bin), self.edge(bin + 1), self.heaps[bin]);
                let part = (bid - low) / (high - low) * (self.chance(bin) - heap.chance);
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
        let least = floor.max(LEAST);
        let value = worth.micros() as f64;
        let mut best = Chosen { bid: worth, surplus: 0.0 };
        best.offer(least, self.gain(value, least));
        let usual = self.usual_floor();
        match self.best.bid(value).map(price) {
            // What is best of all bids from the usual floor on is best of those from a higher one on.
            Some(bid) if bid >= least => {
                best.offer(bid, self.gain(value, bid));
                self.try_between(worth, least, usual, &mut best);
            }
            Some(_) => self.try_between(worth, least, worth, &mut best),
            None => self.try_between(worth, least, usual, &mut best),
        }
        best.bid
    }

    /// What `bid` gains on average, in micros.
    fn gain(&self, value: f64, bid: Cpm) -> f64 {
        (value - bid.micros() as f64) * self.win(bid)
    }

    /// The best of the bids from `floor` to `end`: where the floor is above what would be best without it, or below what
    /// floors usually are.
    fn try_between(&self, worth: Cpm, floor: Cpm, end: Cpm, best: &mut Chosen) {
        let end = end.min(worth);
        if floor >= end {
            return;
        }
        let (value, from) = (worth.micros() as f64, floor.micros() as f64);
        let bins = bin_of(floor).saturating_sub(self.start)..=bin_of(end).saturating_sub(self.start);
        for bin in bins.filter(|bin| *bin < BINS) {
            // No bid from here on gains as much as one that costs no more than this bin begins with, and always wins.
            if (value - self.edge(bin).max(from)) * self.won[BINS] <= best.surplus {
                break;
            }
            for stretch in self.stretches(bin, from) {
                let bid = price(stretch.best(value)).clamp(floor, worth);
                best.offer(bid, self.gain(value, bid));
            }
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
struct Chosen {
    bid: Cpm,
    surplus: f64,
}

impl Chosen {
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
