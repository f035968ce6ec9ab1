//! What really happens on a day: prices, clicks, delays. Read by the judge alone.
//!
//! The fields of [`Truth`] are private to this folder, and no policy stands in it: a policy that reads a price before
//! its notice does not compile.

mod account;
mod crowd;
mod day;
mod generate;
mod hindsight;
mod leak;
mod log;
mod notices;
mod published;
mod replay;
#[cfg(test)]
mod tests;

pub use crowd::{Crowd, CrowdOutcome};
pub use day::{Source, Truth};
pub use generate::Generator;
pub use hindsight::{Best, hindsight};
pub use leak::first_leak;
pub use log::{Log, LogError};
pub use published::{CAMPAIGNS, Published};
pub use replay::{Outcome, learnt_on, replay};

/// An impression before the day gives it a time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Base {
    /// The lowest price that wins, in micros per thousand.
    price: u32,
    /// The chance of a click, as predicted.
    pctr: f32,
    /// It would be clicked.
    clicked: bool,
    /// It would convert so many seconds after the click; [`NEVER`] if not.
    converts_after: u32,
    /// Its price lies in what was ever won in the logs: such rows make up the day's total cost.
    winnable: bool,
}

/// An impression of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    /// Milliseconds into the day.
    at: u32,
    /// The lowest price that wins, in micros per thousand.
    price: u32,
    /// What it is worth, in nanos.
    value: f32,
    clicked: bool,
    winnable: bool,
    converts_after: u32,
}

/// No conversion.
const NEVER: u32 = u32::MAX;
const HOUR_MS: u32 = 3_600_000;
const DAY_MS: u32 = 24 * HOUR_MS;

/// A fair 64-bit number for each pair: what happens to one row does not depend on what was bid on others.
const fn mix(seed: u64, number: u64) -> u64 {
    let mut mixed = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A fair number from 0 up to 1, 1 left out.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
