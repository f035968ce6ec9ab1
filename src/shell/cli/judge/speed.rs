//! How long a bid takes: the policy alone, without the judge.

use std::hint::black_box;
use std::time::Instant;

use crate::pacing::DaySpan;
use crate::sim::AuctionType;
use crate::sim::judge::{Brief, Candidate, Opportunity, Told};
use crate::units::{Cpm, Millis, Nanos, RatePpm, UnixMillis};

/// Bids of a day, at most, and for each auction of a judged day.
const BIDS: u32 = 400_000;
const BIDS_PER_ROW: u32 = 10;
const DAY_MS: i64 = 86_400_000;

const RUNS: u32 = 3;

/// Nanoseconds for a bid and what is told of it, on average over a day of 400,000, of which every fourth wins; of fewer
/// where judged days are as short as `rows`. The best of three days, for the machine may have other work.
pub fn nanos_per_bid(candidate: &Candidate, rows: Option<u32>) -> f64 {
    let bids = rows.map_or(BIDS, |rows| BIDS.min(rows.saturating_mul(BIDS_PER_ROW)));
    (0..RUNS).map(|_| day(candidate, bids)).fold(f64::INFINITY, f64::min)
}

fn day(candidate: &Candidate, bids: u32) -> f64 {
    let start = UnixMillis::from_raw(1_772_000_000_000);
    let span = DaySpan { start, end: start.plus(Millis::from_raw(DAY_MS)) };
    let paid = Nanos::from_raw(200_000);
    let brief = Brief {
        day: span,
        budget: Nanos::from_raw(paid.raw() * i64::from(bids) / 20),
        auction: AuctionType::SecondPrice,
        hourly: [f64::from(bids) / 24.0; 24],
        longest_notice: Millis::from_raw(0),
        seed: 7,
    };
    let setting = candidate.settings.get(candidate.settings.len() / 2).copied().unwrap_or_default();
    let mut policy = (candidate.make)(&brief, setting);
    let began = Instant::now();
    for number in 0..bids {
        let at = start.plus(Millis::from_raw(i64::from(number) * DAY_MS / i64::from(bids)));
        let opportunity = Opportunity {
            number: u64::from(number),
            at,
            value: 500_000.0 + f64::from(number % 97) * 20_000.0,
            floor: Cpm::ZERO,
            segment: u64::from(number % 4),
            tax: RatePpm::ZERO,
            most: Cpm::MAX,
        };
        if let Some(bid) = black_box(policy.bid(black_box(&opportunity))) {
            let won =
                Told::Won { paid: paid.min(bid.per_impression()), to_win: Cpm::from_micros(paid.raw()) };
            let told = if number % 4 == 0 { won } else { Told::Expired };
            policy.told(u64::from(number), black_box(told), at);
        }
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(bids)
}
