//! One replay: a strategy bids on auction after auction, and is told as much as the exchange tells. Truth stays here.

use crate::landscape::{Arm, Arms, Landscapes, Sample, Segment, View};
use crate::sim::shading::Auction;
use crate::units::{BidId, Cpm, Currency, UnixMillis};

/// How bids are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::Display, strum::EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub enum Strategy {
    /// At the value, times the multiplier.
    Unshaded,
    /// By one landscape of all auctions.
    Global,
    /// By the landscapes of their context, which fall back on wider ones; as the global one, with no bids but shaded ones,
    /// and those that explore where prices are not told.
    Contextual,
    /// As contextual, with the bids that are not shaded, so that the saving is measured: what is really run.
    WithControl,
    /// At the price to beat, wherever that is below the value: nobody can know it.
    Hindsight,
}

/// What the exchange tells after an auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::Display, strum::EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub enum Told {
    /// The price to beat, won or lost.
    MinToWin,
    /// Won or lost.
    Outcome,
}

/// Sums of some auctions.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Take {
    /// What the won ones were worth, in units per thousand.
    pub value: f64,
    /// What was paid for them.
    pub spend: f64,
    /// How many.
    pub wins: u64,
}

/// Auctions between two views: as the slow loop, the landscapes that are read are a little old.
const VIEW_EVERY: usize = 100;

/// Replays `auctions` in order, with worths times `multiplier`; the takes of `blocks` equal parts. The first of
/// `from` auctions are bid on and learnt from, and not counted.
pub fn replay(
    auctions: &[Auction],
    (strategy, told): (Strategy, Told),
    multiplier: f64,
    (blocks, from): (usize, usize),
) -> (Vec<Take>, Arms) {
    let mut takes = vec![Take::default(); blocks];
    let mut landscapes = Landscapes::default();
    let mut view = View::default();
    for (number, auction) in auctions.iter().enumerate() {
        let learns = !matches!(strategy, Strategy::Unshaded | Strategy::Hindsight);
        if learns && number % VIEW_EVERY == 0 {
            view = landscapes.view(auction.at);
        }
        let worth = times(auction.worth, multiplier);
        let segment = segment(auction, strategy);
        let (bid, arm) = match strategy {
            Strategy::Unshaded => (worth, None),
            Strategy::Hindsight => (if auction.to_beat <= worth { auction.to_beat } else { Cpm::ZERO }, None),
            Strategy::Global | Strategy::Contextual | Strategy::WithControl => {
                let id = BidId::mint(UnixMillis::from_raw(0), number as u128);
                let explores = told == Told::Outcome && Arm::of(&id) == Arm::Explored;
                match view.curve(&segment) {
                    None => (worth, None),
                    Some(curve) if strategy == Strategy::WithControl => curve.bid(worth, auction.floor, &id),
                    Some(curve) if explores => (curve.bid(worth, auction.floor, &id).0, None),
                    Some(curve) => (curve.shaded(worth, auction.floor), None),
                }
            }
        };
        if bid < auction.floor || bid == Cpm::ZERO {
            continue;
        }
        let won = bid >= auction.to_beat;
        if let Some(arm) = arm {
            landscapes.outcome(auction.exchange, Currency::USD, arm, worth, won.then_some(bid));
        }
        if learns {
            let sample = match told {
                Told::MinToWin => Sample::Exact(auction.to_beat),
                Told::Outcome if won => Sample::Won(bid),
                Told::Outcome => Sample::Lost(bid),
            };
            landscapes.learn(&segment, auction.floor, sample, auction.at);
        }
        if won && number >= from {
            let take = &mut takes[(number - from) * blocks / (auctions.len() - from).max(1)];
            take.value += auction.worth.micros() as f64 / 1e6;
            take.spend += bid.micros() as f64 / 1e6;
            take.wins += 1;
        }
    }
    (takes, landscapes.arms().clone())
}

fn segment(auction: &Auction, strategy: Strategy) -> Segment {
    let Auction { exchange, size, floor, at, .. } = *auction;
    let segment = Segment::of(exchange, Currency::USD, size, floor, at);
    match strategy {
        Strategy::Global => Segment { narrow: segment.all, exchange: segment.all, all: segment.all },
        Strategy::Unshaded | Strategy::Contextual | Strategy::WithControl | Strategy::Hindsight => segment,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "held to the range of prices")]
fn times(worth: Cpm, multiplier: f64) -> Cpm {
    let micros = (worth.micros() as f64 * multiplier).clamp(0.0, Cpm::MAX.micros() as f64);
    Cpm::from_micros(micros as i64).unwrap_or(Cpm::ZERO)
}
