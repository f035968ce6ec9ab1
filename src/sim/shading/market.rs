//! The auctions of the study: their truth, and seeded worlds of them. Deliberately absent: rivals who answer our bids.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use crate::units::{Cpm, ExchangeId, UnixMillis};

/// One auction, with its truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Auction {
    /// When.
    pub at: UnixMillis,
    /// Where.
    pub exchange: ExchangeId,
    /// Width and height.
    pub size: (u32, u32),
    /// The least that may be bid.
    pub floor: Cpm,
    /// A bid of this or more wins. At least the floor.
    pub to_beat: Cpm,
    /// What it is worth to us.
    pub worth: Cpm,
}

/// What a seeded world is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::Display, strum::EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub enum World {
    /// Prices differ by exchange, size and floor, and stand in heaps.
    Contexts,
    /// One distribution of prices for all: context tells nothing.
    Alike,
    /// As contexts, and every price rises by half at a moment.
    Moved,
}

/// The first instant of seeded worlds.
const BEGINS: i64 = 1_795_046_400_000;
/// Days of a seeded world.
const DAYS: i64 = 4;
/// Kinds of impressions of a seeded world.
const KINDS: usize = 48;

/// How prices of one kind are made.
#[derive(Debug, Clone, Copy)]
struct Kind {
    exchange: ExchangeId,
    size: (u32, u32),
    floor: i64,
    median: f64,
    spread: f64,
    /// Of auctions, those without a rival above the floor.
    alone: f64,
    /// Of the others, those where a rival bids the same, always.
    heaped: f64,
    heap: f64,
}

/// `count` auctions of `world`, by time, with worths that are log-normal about 1.5 times the usual price.
#[must_use]
pub fn auctions(world: World, count: usize, seed: u64) -> Vec<Auction> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let alike = kind(&mut random, 0, 0.0);
    let kinds: Vec<Kind> = (0..KINDS)
        .map(|number| match world {
            World::Alike => Kind { exchange: exchange(number), size: size(number), ..alike },
            World::Contexts | World::Moved => kind(&mut random, number, 0.7),
        })
        .collect();
    (0..count)
        .map(|number| {
            let kind = &kinds[random.random_range(0..KINDS)];
            let part = number as f64 / count.max(1) as f64;
            let moved = if world == World::Moved && part > 0.5 { 1.5 } else { 1.0 };
            let rival = if random.random_bool(kind.heaped) {
                kind.heap
            } else {
                kind.median * (kind.spread * normal(&mut random)).exp()
            };
            let floor = price(kind.floor as f64);
            let is_alone = random.random_bool(kind.alone);
            let to_beat = if is_alone { floor } else { price(rival * moved).max(floor) };
            let worth = price(1_500_000.0 * (WORTH_SPREAD * normal(&mut random)).exp());
            let at = UnixMillis::from_raw(BEGINS + whole(part * (DAYS * 86_400_000) as f64));
            Auction { at, exchange: kind.exchange, size: kind.size, floor, to_beat, worth }
        })
        .collect()
}

/// The spread of values: that of the click rates of a published model (log-normal, campaign 2997 of iPinYou).
const WORTH_SPREAD: f64 = 0.394;

/// Gives each auction a worth about `median`, independent of its price.
pub fn give_worth(auctions: &mut [Auction], median: Cpm, seed: u64) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    for auction in auctions {
        auction.worth = price(median.micros() as f64 * (WORTH_SPREAD * normal(&mut random)).exp());
    }
}

fn kind(random: &mut Xoshiro256PlusPlus, number: usize, spread: f64) -> Kind {
    let median = 1_000_000.0 * (spread * normal(random)).exp();
    Kind {
        exchange: exchange(number),
        size: size(number),
        floor: whole(median * random.random_range(0.2..0.8)),
        median,
        spread: random.random_range(0.15..0.6),
        alone: random.random_range(0.0..0.4),
        heaped: random.random_range(0.0..0.4),
        heap: median * random.random_range(0.8..1.4),
    }
}

fn exchange(number: usize) -> ExchangeId {
    ExchangeId::from_raw(number as u64 % 4)
}

fn size(number: usize) -> (u32, u32) {
    (300 + u32::try_from(number / 4).unwrap_or(0) * 20, 250)
}

/// Standard normal (Box and Muller, 1958).
fn normal(random: &mut Xoshiro256PlusPlus) -> f64 {
    let (a, b): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "drawn prices and times are far below the end of the range"
)]
const fn whole(number: f64) -> i64 {
    number as i64
}

fn price(micros: f64) -> Cpm {
    Cpm::from_micros(whole(micros).clamp(1, Cpm::MAX.micros())).unwrap_or(Cpm::ZERO)
}
