//! A world that goes wrong, from a seed: the real core under virtual time, with everything that loses money elsewhere.
//!
//! Bidders decide with [`crate::bidder`], spend from leases, book with [`crate::till`] over a disk that is none, and are
//! killed, stepped in time and cut off; an exchange bills at the last moment, twice, late, forged or never. An
//! [`Oracle`](oracle) beside them counts what was acknowledged and holds each bid against the laws. One seed is one
//! run, to the last number. Deliberately absent: threads, whose interleavings the atomics' own tests try, and any
//! clock or file.

mod agenda;
mod auctions;
mod clock;
mod disk;
mod exchange;
mod happening;
mod laws;
mod mishaps;
mod nature;
mod notices;
mod oracle;
mod process;
mod sabotage;
mod scene;
mod store;
mod tally;
#[cfg(test)]
mod tests;
mod world;

pub use happening::{Happening, What};
pub use laws::{Law, Violation};
pub use sabotage::Sabotage;
pub use tally::{Count, Tally};
pub use world::{Run, Terms, run};
