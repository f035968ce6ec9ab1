//! What happened in a run, in few words: for a trace, and for the proof that two runs are one.

use std::fmt;

use strum::IntoStaticStr;

/// One thing that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happening {
    /// True time in milliseconds since the world began.
    pub at: i64,
    /// What.
    pub what: What,
    /// Of which bidder, where it is one's.
    pub node: Option<u8>,
    /// Of which bid, counted from 0, where it is one's.
    pub bid: Option<u32>,
    /// How much, how many or how long.
    pub number: i64,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum What {
    Bid,
    NoticeArrives,
    NoticeRefused,
    NoticeUnheard,
    Committed,
    Booked,
    Settled,
    GivenBack,
    Acknowledged,
    Unavailable,
    Expired,
    Leased,
    LeaseUnheard,
    DiskFailed,
    DiskFull,
    Killed,
    Ended,
    Started,
    ClockStepped,
    PlanChanged,
    CutOff,
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what: &'static str = self.what.into();
        write!(f, "{:>12} ms  {what:<16}", self.at)?;
        if let Some(node) = self.node {
            write!(f, " bidder {node}")?;
        }
        if let Some(bid) = self.bid {
            write!(f, " bid {bid}")?;
        }
        write!(f, " {}", self.number)
    }
}

/// The fingerprint of all that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::faults) struct Fingerprint(u64);

impl Fingerprint {
    pub(in crate::sim::faults) fn new(seed: u64) -> Self {
        Self(seed ^ 0xcbf2_9ce4_8422_2325)
    }

    /// Takes one more happening in.
    pub(in crate::sim::faults) fn add(&mut self, happening: &Happening) {
        let node = happening.node.map_or(u64::MAX, u64::from);
        let bid = happening.bid.map_or(u64::MAX, u64::from);
        let parts = [
            happening.at.cast_unsigned(),
            happening.what as u64,
            node,
            bid,
            happening.number.cast_unsigned(),
        ];
        for part in parts {
            // Every bit of the sum so far depends on every bit before it.
            let mixed = (self.0 ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ (mixed >> 29);
        }
    }

    pub(in crate::sim::faults) fn value(self) -> u64 {
        self.0
    }
}
