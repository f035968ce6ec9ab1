//! A day of one regime: rows with their times, prices as the regime moves them, the budget, and what a policy is told.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use crate::pacing::DaySpan;
use crate::sim::facts::AuctionType;
use crate::sim::judge::truth::generate::WIN_RATE;
use crate::sim::judge::truth::published::{AVITO_DAY, IPINYOU_DAY};
use crate::sim::judge::truth::{Base, DAY_MS, Generator, HOUR_MS, Log, Row};
use crate::sim::judge::{Brief, Budget, Curve, Prices, Regime};
use crate::units::{Day, Millis, Nanos, RatePpm, UnixMillis};

/// Where days come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Real auctions; a seed says at which row the day begins, 0 is the first.
    Log(Log),
    /// Published statistics.
    Generator(Generator),
}

impl Source {
    /// About how many of a day's auctions have a price that was ever paid.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    pub fn winnable(&self) -> f64 {
        match self {
            Self::Log(log) => log.len() as f64,
            Self::Generator(generator) => generator.volume * WIN_RATE,
        }
    }
}

/// All that really happens on a day.
#[derive(Debug, Clone)]
pub struct Truth {
    pub(in crate::sim::judge::truth) rows: Vec<Row>,
    pub(in crate::sim::judge::truth) regime: Regime,
    pub(in crate::sim::judge::truth) auction: AuctionType,
    pub(in crate::sim::judge::truth) start: UnixMillis,
    pub(in crate::sim::judge::truth) budget: Nanos,
    /// Shares of the rows by hour.
    pub(in crate::sim::judge::truth) hours: [f64; 24],
    pub(in crate::sim::judge::truth) seed: u64,
}

/// An impression is worth so many times what it costs on average: enough that a budget of half the day's cost must
/// still bid below what is worth it.
const WORTH: f64 = 2.0;
/// Extra rows for each row of the burst's hour.
const BURST: u32 = 9;
const BURST_HOUR: u32 = 14;
const TAX_HOUR: u32 = 8;
const TAX_PPM: u32 = 200_000;

impl Truth {
    /// The day that `seed` draws from `source`.
    #[must_use]
    pub fn new(source: &Source, regime: &Regime, auction: AuctionType, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x6461_7900_0000_0000);
        let base = base(source, seed);
        let weights = weights(regime.curve);
        let worth = worth(&base);
        let times = times(&mut rng, base.len(), &weights);
        let mut rows: Vec<Row> =
            times.iter().zip(&base).map(|(at, base)| row(*at, base, worth, regime)).collect();
        // Before the burst, whose rows are extra.
        let budget = budget(&rows, regime);
        if regime.burst {
            burst(&mut rng, &mut rows, &base, worth, regime);
        }
        let mut hours = [0.0; 24];
        for row in &rows {
            hours[hour(row.at)] += 1.0;
        }
        let start = Day::from_civil(2026, 3, 2);
        let start = UnixMillis::from_raw(i64::from(start.raw()) * i64::from(DAY_MS));
        Self { rows, regime: *regime, auction, start, budget, hours, seed }
    }

    /// The same day with another auction.
    #[must_use]
    pub fn in_auction(&self, auction: AuctionType) -> Self {
        Self { auction, ..self.clone() }
    }

    /// Auctions of the day.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True for none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What the day begins with.
    #[must_use]
    pub fn budget(&self) -> Nanos {
        self.budget
    }

    /// What a policy is told before the day.
    #[must_use]
    pub fn brief(&self) -> Brief {
        let day = DaySpan { start: self.start, end: self.start.plus(Millis::from_raw(i64::from(DAY_MS))) };
        Brief {
            day,
            budget: self.budget,
            auction: self.auction,
            hourly: self.remembered(),
            longest_notice: Millis::from_raw(i64::from(self.regime.notices.delay.longest_ms())),
            seed: self.seed,
        }
    }

    /// The hourly volumes of the day before: those of the regime without its surprises.
    #[expect(clippy::cast_precision_loss, reason = "a volume")]
    fn remembered(&self) -> [f64; 24] {
        let usual: f64 = match self.regime.burst {
            true => {
                self.rows.len() as f64
                    - self.hours[BURST_HOUR as usize] * f64::from(BURST) / f64::from(1 + BURST)
            }
            false => self.rows.len() as f64,
        };
        let shares = match (self.regime.believed.wrong_curve, self.regime.curve) {
            (true, _) => std::array::from_fn(|hour| AVITO_DAY[(hour + 12) % 24]),
            (false, Curve::Flat) => weights(Curve::Flat),
            (false, Curve::Day | Curve::DroughtThenFlood) => weights(Curve::Day),
        };
        let whole: f64 = shares.iter().sum();
        shares.map(|share| share / whole * usual * self.regime.believed.volume)
    }

    /// The tax at a row.
    pub(in crate::sim::judge::truth) fn tax(&self, at: u32) -> RatePpm {
        tax(&self.regime, at)
    }

    /// The time of a row as policies see it.
    pub(in crate::sim::judge::truth) fn instant(&self, at: u32) -> UnixMillis {
        self.start.plus(Millis::from_raw(i64::from(at)))
    }
}

/// The hour of the day, 0 to 23.
pub(in crate::sim::judge::truth) fn hour(at: u32) -> usize {
    usize::try_from(at / HOUR_MS).map_or(23, |hour| hour.min(23))
}

fn tax(regime: &Regime, at: u32) -> RatePpm {
    match regime.tax && at >= TAX_HOUR * HOUR_MS {
        true => RatePpm::from_ppm(TAX_PPM).unwrap_or(RatePpm::ZERO),
        false => RatePpm::ZERO,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "below the number of rows")]
fn base(source: &Source, seed: u64) -> Vec<Base> {
    match source {
        Source::Generator(generator) => generator.rows(seed),
        Source::Log(log) => {
            let mut rows = log.rows.clone();
            if seed > 0 && !rows.is_empty() {
                let from = super::mix(seed, 1) % rows.len() as u64;
                rows.rotate_left(from as usize);
            }
            rows
        }
    }
}

/// What a predicted click is worth, in nanos.
fn worth(rows: &[Base]) -> f64 {
    let winnable = || rows.iter().filter(|row| row.winnable);
    let cost: f64 = winnable().map(|row| f64::from(row.price)).sum();
    let chances: f64 = winnable().map(|row| f64::from(row.pctr)).sum();
    if chances > 0.0 { WORTH * cost / chances } else { 0.0 }
}

/// How much traffic each hour brings; only ratios mean anything.
fn weights(curve: Curve) -> [f64; 24] {
    match curve {
        Curve::Flat => [1.0; 24],
        Curve::Day => IPINYOU_DAY,
        Curve::DroughtThenFlood => std::array::from_fn(|hour| match hour {
            6..12 => IPINYOU_DAY[hour] * 0.05,
            12..15 => IPINYOU_DAY[hour] * 3.0,
            _ => IPINYOU_DAY[hour],
        }),
    }
}

/// When `count` rows come, sorted: independent draws from the day's weights.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time within the day")]
fn times(rng: &mut Xoshiro256PlusPlus, count: usize, weights: &[f64; 24]) -> Vec<u32> {
    let whole: f64 = weights.iter().sum();
    let mut before = [0.0; 25];
    for hour in 0..24 {
        before[hour + 1] = before[hour] + weights[hour];
    }
    let mut times: Vec<u32> = (0..count)
        .map(|_| {
            let level = rng.random::<f64>() * whole;
            let hour = before[1..24].partition_point(|end| *end <= level);
            let part = ((level - before[hour]) / weights[hour].max(1e-12)).clamp(0.0, 1.0);
            let at = (hour as f64 + part) * f64::from(HOUR_MS);
            (at as u32).min(DAY_MS - 1)
        })
        .collect();
    times.sort_unstable();
    times
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "prices are far below the range")]
fn row(at: u32, base: &Base, worth: f64, regime: &Regime) -> Row {
    let hours = f64::from(at) / f64::from(HOUR_MS);
    let factor = match regime.prices {
        Prices::Plain => 1.0,
        Prices::JumpAt15 => {
            if hours >= 15.0 {
                1.5
            } else {
                1.0
            }
        }
        Prices::Sawtooth => 0.6 + 0.8 * (hours % 2.0) / 2.0,
        Prices::CheapLast => {
            if hours >= 20.0 {
                0.4
            } else {
                1.0
            }
        }
    };
    let Base { price, pctr, clicked, converts_after, winnable } = *base;
    Row {
        at,
        price: (f64::from(price) * factor).round() as u32,
        value: (f64::from(pctr) * worth) as f32,
        clicked,
        winnable,
        converts_after,
    }
}

/// The money of the day, taxes included; at least what one nano costs.
#[expect(clippy::cast_possible_truncation, reason = "far below the range")]
fn budget(rows: &[Row], regime: &Regime) -> Nanos {
    let (mut cost, mut wins) = (0.0_f64, 0.0_f64);
    for row in rows.iter().filter(|row| row.winnable) {
        cost += f64::from(row.price) * (1.0 + f64::from(tax(regime, row.at).ppm()) / 1e6);
        wins += 1.0;
    }
    let budget = match regime.budget {
        Budget::Share(share) => cost * share,
        Budget::Wins(number) => cost / wins.max(1.0) * f64::from(number),
    };
    Nanos::from_raw((budget.round() as i64).max(1))
}

/// Adds the rows of the burst: drawn from all of the day's.
fn burst(rng: &mut Xoshiro256PlusPlus, rows: &mut Vec<Row>, base: &[Base], worth: f64, regime: &Regime) {
    let from = BURST_HOUR * HOUR_MS;
    let usual = rows.iter().filter(|row| hour(row.at) == BURST_HOUR as usize).count();
    for _ in 0..usual * BURST as usize {
        let at = rng.random_range(from..from + HOUR_MS);
        let drawn = &base[rng.random_range(0..base.len())];
        rows.push(row(at, drawn, worth, regime));
    }
    rows.sort_by_key(|row| row.at);
}
