//! What makes a budget last: the multiplier of a budget, the plan that it follows, and what both expect of the day.
//!
//! [`Pace`] is the plan of one day: what a request should cost from now on ([`Pace::per_request`]), by what an
//! [`Outlook`] expects of the traffic, and by the clock how much may be committed ([`Pace::allowance`]). [`Dual`] is the
//! multiplier that follows it, [`Target`] the one that keeps a price per click or conversion, or a return; a bid takes
//! the lesser of all that apply. Money in floats predicts here and is never an amount. Deliberately absent: caps, which
//! `budget` holds against every pace; prices, which `landscape` learns.

mod crowd;
mod day;
mod dual;
mod goal;
mod outlook;
mod pace;
mod share;
mod spells;
mod traffic;

pub use crowd::{crowded, worth_holding};
pub use day::DaySpan;
pub use dual::Dual;
pub use goal::{Arrival, Spell, Target};
pub use outlook::Outlook;
pub use pace::Pace;
pub use share::{Member, Pool, pool};
pub use spells::Spells;
pub use traffic::{DamagedTraffic, Group, Traffic};
