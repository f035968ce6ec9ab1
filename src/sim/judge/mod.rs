//! The judge of pacing: days of auctions whose prices are known, and policies that spend a budget on them blindly.
//!
//! `truth` owns prices, clicks and the delays of notices, in fields that nothing outside it can read; a [`Policy`]
//! sees an [`Opportunity`] when it comes and what is [`Told`] when its notice arrives. Days come from a log of real
//! auctions or from a generator with published statistics; a [`Regime`] says what goes wrong on them. Deliberately
//! absent: the clock (the shell measures speed), threads, files, and our own pacing, which is one policy among others.

mod encan;
mod goals;
mod patience;
mod policies;
mod policy;
mod regime;
mod statistics;
mod truth;
mod tune;

pub use goals::{GOALS, Goal};
pub use policies::{Candidate, policies};
pub use policy::{Brief, Opportunity, Policy, Restart, Told, price_within};
pub use regime::{BUDGETS, Believed, Budget, Change, Curve, Delay, Notices, Prices, REGIMES, Regime};
pub use statistics::{Interval, bootstrap, mean};
pub use truth::{
    Best, CAMPAIGNS, Crowd, CrowdOutcome, Generator, Log, LogError, Outcome, Published, Source, Truth,
    first_leak, hindsight, learnt_on, replay,
};
pub use tune::{Day, Tuned, tune};
