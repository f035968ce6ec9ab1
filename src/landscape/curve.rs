//! One landscape, as the bid path asks it: the chance to win with a price, what that costs, and which bid gains most.

use crate::landscape::arms::Arm;
use crate::landscape::counts::Counts;
use crate::landscape::estimate::Chances;
use crate::landscape::grid::{BINS, EDGES, bin_of, edge};
use crate::units::{BidId, Cpm};

/// Samples, own and borrowed, from which on bids are shaded: with fewer, the bid that looks best is too often only the
/// luckiest.
pub const WEIGHT_MIN: f32 = 100.0;
/// Places of a bin at which bids are tried.
const PLACES: i64 = 4;

/// A heap of equal prices within a bin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Heap {
    /// In micros; 0 for none.
    price: i64,
    /// The chance of it.
    chance: f64,
}

/// A bid that is best for some worths, and the least such worth, in micros.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Peak {
    from: f64,
    bid: Cpm,
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
    /// What is best without a floor, by worth.
    peaks: Box<[Peak]>,
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
            peaks: Box::default(),
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
        curve.peaks = curve.peaks();
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

    /// For each worth the best of all edges, heaps and places between, above the usual floor.
    ///
    /// The surplus of a bid is a line over worths, which rises by its chance to win; the best bid is the line that is
    /// highest. Chances rise with bids, so one walk keeps the lines of the upper envelope.
    fn peaks(&self) -> Box<[Peak]> {
        let mut peaks: Vec<(Peak, f64)> = vec![];
        let mut offer = |bid: Cpm, won: f64| {
            let cost = bid.micros() as f64;
            if won <= 0.0 || cost < self.floor {
                return;
            }
            let mut from = cost;
            while let Some((last, last_won)) = peaks.last() {
                if won <= *last_won {
                    return;
                }
                // Where this line crosses the last one.
                from = (cost * won - last.bid.micros() as f64 * last_won) / (won - last_won);
                if from > last.from {
                    break;
                }
                peaks.pop();
                from = cost;
            }
            peaks.push((Peak { from, bid }, won));
        };
        for bin in 0..BINS {
            let (low, high) = (edge(self.start + bin), edge(self.start + bin + 1));
            let mut bids = [1, 2, 3, PLACES].map(|part| low + (high - low) * part / PLACES).to_vec();
            if self.heaps[bin].price > 0 {
                bids.push((self.heaps[bin].price + 1).min(high));
                bids.sort_unstable();
            }
            for bid in bids.into_iter().filter_map(Cpm::from_micros) {
                offer(bid, self.win(bid));
            }
        }
        peaks.into_iter().map(|(peak, _)| peak).collect()
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
        let gain = |bid: Cpm| (value - bid.micros() as f64) * self.win(bid);
        let mut best = Best { bid: worth, surplus: 0.0 };
        best.offer(least, gain(least));
        let known = self.peaks.partition_point(|peak| peak.from <= value);
        match known.checked_sub(1).map(|at| self.peaks[at].bid) {
            // Peaks hold for usual floors; a floor a bin below is not one.
            Some(bid) if bid >= least && floor.micros() as f64 >= self.floor * 0.9 => {
                best.offer(bid.min(worth), gain(bid));
            }
            Some(_) | None => self.scan(worth, least, &mut best),
        }
        best.bid
    }

    /// The best of all edges and heaps from `floor` to `worth`: where the floor is above what would be best without
    /// it, or below what floors usually are.
    fn scan(&self, worth: Cpm, floor: Cpm, best: &mut Best) {
        let from = (bin_of(floor) + 1).saturating_sub(self.start);
        for at in from..EDGES {
            let left = worth.micros() - edge(self.start + at);
            if left <= 0 {
                break;
            }
            best.offer(price(self.edge(at)), left as f64 * self.won[at]);
        }
        let bin = bin_of(best.bid).saturating_sub(self.start);
        for bin in bin..(bin + 2).min(BINS) {
            let (low, high) = (edge(self.start + bin), edge(self.start + bin + 1));
            for bid in [1, 2, 3].map(|part| low + (high - low) * part / PLACES) {
                if let Some(bid) = Cpm::from_micros(bid).filter(|bid| (floor..=worth).contains(bid)) {
                    best.offer(bid, (worth.micros() - bid.micros()) as f64 * self.win(bid));
                }
            }
        }
        for bin in from.saturating_sub(1)..BINS {
            let heap = self.heaps[bin].price;
            if heap >= worth.micros() {
                break;
            }
            if heap >= floor.micros()
                && let Some(bid) = Cpm::from_micros(heap + 1)
            {
                best.offer(bid, (worth.micros() - bid.micros()) as f64 * self.win(bid));
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
