//! What kind of world a seed makes: how busy, how hostile, how unlucky.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng as _, RngExt as _};

use crate::units::{Millis, UnixMillis, limits};

/// A world's habits, the same for a whole run.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim::faults) struct Nature {
    /// Bidders that share one allocator; alone, a bidder has the allocator within it, as the server does.
    pub(in crate::sim::faults) nodes: usize,
    /// Between two auctions, on average.
    pub(in crate::sim::faults) gap_ms: i64,
    /// Between two beats of the slow loop.
    pub(in crate::sim::faults) tick_ms: i64,
    /// For how long leases live.
    pub(in crate::sim::faults) ttl: Millis,
    /// The wall clock's first instant.
    pub(in crate::sim::faults) begins: UnixMillis,
    /// The longest commit.
    pub(in crate::sim::faults) commit_ms: i64,
    /// The longest way from a commit to whoever waits for it.
    pub(in crate::sim::faults) answer_ms: i64,
    /// For how long bids are reserved at each of the exchanges.
    pub(in crate::sim::faults) reserved: [Millis; 3],
    /// How the exchange behaves.
    pub(in crate::sim::faults) habits: Habits,
    /// What goes wrong.
    pub(in crate::sim::faults) perils: Perils,
}

/// How the exchange behaves: chances for each bid.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim::faults) struct Habits {
    pub(in crate::sim::faults) wins: f64,
    /// It clears below the bid.
    pub(in crate::sim::faults) below: f64,
    /// Bills at the last moment of the reservation.
    pub(in crate::sim::faults) last_moment: f64,
    /// Bills after it.
    pub(in crate::sim::faults) late: f64,
    /// Never tells.
    pub(in crate::sim::faults) never: f64,
    /// A notice comes again, though it was acknowledged.
    pub(in crate::sim::faults) twice: f64,
    /// It comes a hundred times.
    pub(in crate::sim::faults) flood: f64,
    /// Somebody makes a notice up.
    pub(in crate::sim::faults) forged: f64,
    /// Somebody alters what a notice says of money.
    pub(in crate::sim::faults) altered: f64,
    /// The price is empty, or `AUDIT`.
    pub(in crate::sim::faults) priceless: f64,
    /// A loss is told.
    pub(in crate::sim::faults) loss_told: f64,
    /// A loss is told of a bid that is billed as well.
    pub(in crate::sim::faults) contradicts: f64,
    pub(in crate::sim::faults) views: f64,
    pub(in crate::sim::faults) clicks: f64,
    /// An answer of ours does not arrive.
    pub(in crate::sim::faults) answer_lost: f64,
    /// How often it tries again.
    pub(in crate::sim::faults) retries: u8,
}

/// What goes wrong: chances for each auction, and for each commit.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sim::faults) struct Perils {
    pub(in crate::sim::faults) kill: f64,
    pub(in crate::sim::faults) power: f64,
    pub(in crate::sim::faults) clean_end: f64,
    pub(in crate::sim::faults) step: f64,
    pub(in crate::sim::faults) reload: f64,
    pub(in crate::sim::faults) cut_off: f64,
    /// For each commit: the machine stops before it.
    pub(in crate::sim::faults) before: f64,
    /// It stops after it, before anybody is answered.
    pub(in crate::sim::faults) after: f64,
    /// The disk is full.
    pub(in crate::sim::faults) full: f64,
    /// The disk fails.
    pub(in crate::sim::faults) failing: f64,
    /// By how many millionths clocks may be fast or slow.
    pub(in crate::sim::faults) drift_ppm: i64,
}

/// Days around which a world begins: both changes of the clock, a leap day, the year's end, and any day.
/// Midnight in UTC.
const DAYS: [i64; 6] = [
    1_774_742_400_000, // 2026-03-29
    1_792_886_400_000, // 2026-10-25
    1_835_395_200_000, // 2028-02-29
    1_798_675_200_000, // 2026-12-31
    1_798_761_600_000, // 2027-01-01
    1_795_219_200_000, // 2026-11-21
];

const HOUR_MS: i64 = 3_600_000;

/// A chance that is none half of the time, and up to `most` otherwise.
fn chance(rng: &mut Xoshiro256PlusPlus, most: f64) -> f64 {
    if rng.random_bool(0.5) { 0.0 } else { rng.random::<f64>() * most }
}

/// Between `least` and `most`, each order of magnitude as likely as the next.
pub(in crate::sim::faults) fn log_uniform(rng: &mut Xoshiro256PlusPlus, least: i64, most: i64) -> i64 {
    let mut high = least.max(1);
    let steps = (most / high).max(1).ilog2();
    for _ in 0..rng.random_range(0..=steps) {
        high = high.saturating_mul(2);
    }
    rng.random_range(high..=high.saturating_mul(2)).clamp(least, most)
}

impl Nature {
    /// The nature of a world of `auctions`.
    pub(in crate::sim::faults) fn draw(rng: &mut Xoshiro256PlusPlus, auctions: u64) -> Self {
        let gap_ms = log_uniform(rng, 1, 5_000);
        let tick_ms = (gap_ms * 5).clamp(100, 20_000);
        let lasts = gap_ms.saturating_mul(i64::try_from(auctions).unwrap_or(i64::MAX)).min(60 * 24 * HOUR_MS);
        // Most worlds pass a midnight, of one zone or another.
        let midnight = DAYS[rng.random_range(0..DAYS.len())] + rng.random_range(-14..=12) * HOUR_MS;
        let before = i64::try_from(rng.next_u64() % lasts.max(1).cast_unsigned()).unwrap_or(0);
        let reserved = std::array::from_fn(|_| {
            let bids = log_uniform(rng, 4, 3_000);
            Millis::from_raw((gap_ms * bids).clamp(1_500, limits::NOTICE_AGE_MAX.raw() / 8))
        });
        let calm = rng.random_bool(0.1);
        let slow = rng.random_range(0..4);
        Self {
            nodes: if rng.random_bool(0.7) { 1 } else { rng.random_range(2..=3) },
            gap_ms,
            tick_ms,
            ttl: Millis::from_raw((tick_ms * 30).max(limits::LEASE_TTL.raw())),
            begins: UnixMillis::from_raw(midnight - before),
            commit_ms: [1, 5, 20, gap_ms * 4 + 20][slow],
            answer_ms: [0, 2, 5, gap_ms * 2 + 5][rng.random_range(0..=slow)],
            reserved,
            habits: Habits::draw(rng),
            perils: if calm { Perils::default() } else { Perils::draw(rng, auctions) },
        }
    }

    /// The longest reservation of all exchanges.
    pub(in crate::sim::faults) fn longest(&self) -> Millis {
        self.reserved.iter().copied().max().unwrap_or_default()
    }
}

impl Habits {
    fn draw(rng: &mut Xoshiro256PlusPlus) -> Self {
        let wins = if rng.random_bool(0.4) { 1.0 } else { rng.random_range(0.05..1.0) };
        Self {
            wins,
            below: if rng.random_bool(0.4) { 0.0 } else { rng.random() },
            last_moment: if rng.random_bool(0.2) { 1.0 } else { chance(rng, 0.5) },
            late: chance(rng, 0.1),
            never: chance(rng, 0.2),
            twice: chance(rng, 0.3),
            flood: chance(rng, 0.002),
            forged: chance(rng, 0.1),
            altered: chance(rng, 0.1),
            priceless: chance(rng, 0.1),
            loss_told: if rng.random_bool(0.3) { 1.0 } else { chance(rng, 1.0) },
            contradicts: chance(rng, 0.02),
            views: chance(rng, 0.3),
            clicks: chance(rng, 0.2),
            answer_lost: chance(rng, 0.1),
            retries: rng.random_range(0..=8),
        }
    }
}

impl Perils {
    fn draw(rng: &mut Xoshiro256PlusPlus, auctions: u64) -> Self {
        // So many of each in a run, on average; more where there are few auctions.
        #[expect(clippy::cast_precision_loss, reason = "a chance is no more precise")]
        let auctions = auctions.max(1) as f64;
        let mut times = |most: f64| (chance(rng, most) / auctions).min(0.5);
        let (kill, power, clean_end, step) = (times(20.0), times(10.0), times(20.0), times(20.0));
        let (reload, cut_off) = (times(60.0), times(20.0));
        let (before, after, full, failing) = (times(10.0), times(10.0), times(20.0), times(8.0));
        let drift_ppm = if rng.random_bool(0.5) { 0 } else { rng.random_range(-500..=500) };
        Self { kill, power, clean_end, step, reload, cut_off, before, after, full, failing, drift_ppm }
    }
}
