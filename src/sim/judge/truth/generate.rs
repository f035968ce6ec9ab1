//! Days from published statistics: what a campaign's traffic is like, without a row of it.
//!
//! A Poisson number of auctions; a Gaussian copula between the predicted chance of a click and the price; prices that
//! nobody of the log ever paid in a Pareto tail; prices that remember the one before; clicks rarer than predicted.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use crate::sim::judge::truth::{Base, CAMPAIGNS, NEVER, Published};

/// Draws days of one campaign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Generator {
    /// Whose statistics.
    pub campaign: &'static Published,
    /// Auctions a day, on average.
    pub volume: f64,
}

impl Default for Generator {
    fn default() -> Self {
        Self { campaign: &CAMPAIGNS[0], volume: 60_000.0 }
    }
}

/// The logs' bidder won this share of its auctions; only their prices are known.
pub(in crate::sim::judge::truth) const WIN_RATE: f64 = 0.238;
/// The exponent of the tail in which the others lie.
pub(in crate::sim::judge::truth) const TAIL: f64 = 1.5;
/// The copula's correlation of chance and price.
pub(in crate::sim::judge::truth) const COPULA: f64 = 0.138;
/// The deviation of the logarithm of the predicted chance.
pub(in crate::sim::judge::truth) const PCTR_LOG_DEVIATION: f64 = 0.394;
/// How far a normal score remembers the one before. Prices remember a little less, for their histogram bends it, and the
/// step of the day adds to it: together the published 0.128.
const MEMORY: f64 = 0.153;
/// Prices fall to this from 30 % of the day's auctions on.
const LATER: f64 = 0.83;
/// Predictions are so much too high.
pub(in crate::sim::judge::truth) const OPTIMISM: f64 = 1.156;
/// Micros in a fen.
const MICROS: f64 = 10_000.0;
/// The highest price, in fen per thousand.
const FEN_MAX: f64 = 100_000.0;

impl Generator {
    /// The auctions of one day.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "draws"
    )]
    pub(in crate::sim::judge::truth) fn rows(&self, seed: u64) -> Vec<Base> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x6a75_6467_6500_0000);
        // Poisson, by its normal limit: a day has thousands.
        let count = (self.volume + self.volume.sqrt() * normal(&mut rng)).round().max(100.0) as usize;
        let pctr_mean = self.campaign.ctr * OPTIMISM;
        let pctr_log = pctr_mean.ln() - PCTR_LOG_DEVIATION * PCTR_LOG_DEVIATION / 2.0;
        let top = f64::from(self.campaign.quantiles[255]);
        let mut memory = normal(&mut rng);
        let mut rows = Vec::with_capacity(count);
        for index in 0..count {
            let winnable = rng.random_bool(WIN_RATE);
            // Only what was won is known to remember: the tail draws afresh.
            let fresh = normal(&mut rng);
            let score = match winnable {
                true => MEMORY * memory + (1.0 - MEMORY * MEMORY).sqrt() * fresh,
                false => fresh,
            };
            let level = below(score);
            let mut fen = match winnable {
                true => {
                    memory = score;
                    f64::from(self.campaign.quantiles[((level * 256.0) as usize).min(255)])
                }
                false => top * (1.0 - level).max(1e-9).powf(-1.0 / TAIL),
            };
            if index as f64 >= 0.3 * count as f64 {
                fen *= LATER;
            }
            let chance = COPULA * score + (1.0 - COPULA * COPULA).sqrt() * normal(&mut rng);
            let pctr = (pctr_log + PCTR_LOG_DEVIATION * chance).exp().min(1.0);
            let clicked = rng.random_bool(pctr / OPTIMISM);
            let converts = clicked && self.campaign.cvr > 0.0 && rng.random_bool(self.campaign.cvr);
            let converts_after = if converts { conversion_delay(&mut rng) } else { NEVER };
            let price = (fen.min(FEN_MAX) * MICROS).round() as u32;
            rows.push(Base { price, pctr: pctr as f32, clicked, converts_after, winnable });
        }
        rows
    }
}

/// Seconds from a click to its conversion: 35 % within an hour, 50 % within a day, the rest within thirty days, each
/// stretch log-uniform (after Chapelle, KDD'14).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most thirty days of seconds")]
pub(in crate::sim::judge::truth) fn conversion_delay(rng: &mut Xoshiro256PlusPlus) -> u32 {
    let share: f64 = rng.random();
    let (low, high) = match share {
        share if share < 0.35 => (10.0_f64, 3_600.0_f64),
        share if share < 0.5 => (3_600.0, 86_400.0),
        _ => (86_400.0, 30.0 * 86_400.0),
    };
    (low.ln() + rng.random::<f64>() * (high / low).ln()).exp() as u32
}

/// A standard normal draw, by Box and Muller.
pub(in crate::sim::judge::truth) fn normal(rng: &mut Xoshiro256PlusPlus) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// The share of standard normal draws below `score`, within 7.5e-8 (Abramowitz and Stegun 26.2.17).
pub(in crate::sim::judge::truth) fn below(score: f64) -> f64 {
    let size = score.abs();
    let t = 1.0 / (1.0 + 0.231_641_9 * size);
    let polynomial = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let above = (-0.5 * size * size).exp() / std::f64::consts::TAU.sqrt() * polynomial;
    if score >= 0.0 { 1.0 - above } else { above }
}
