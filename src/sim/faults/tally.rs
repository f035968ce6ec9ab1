//! What a run did and met, counted.

use strum::{EnumCount, EnumIter, IntoEnumIterator as _, IntoStaticStr};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumCount, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Count {
    Auctions,
    Unserved,
    Bids,
    RefusedByCaps,
    Notices,
    Impressions,
    LastMoment,
    Late,
    Losses,
    Clicks,
    Views,
    Acknowledged,
    AnswersLost,
    TooOld,
    NeverTold,
    Retries,
    Duplicates,
    Forged,
    Altered,
    Priceless,
    Contradictions,
    Commits,
    Crashes,
    PowerCuts,
    CleanRestarts,
    DiskFull,
    DiskErrors,
    ClockSteps,
    Reloads,
    CutOffs,
    Leases,
    Replays,
}

impl Count {
    /// The count's name, as it is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// True if it counts something that went wrong on purpose.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(
            self,
            Self::LastMoment
                | Self::Late
                | Self::AnswersLost
                | Self::NeverTold
                | Self::Duplicates
                | Self::Forged
                | Self::Altered
                | Self::Priceless
                | Self::Contradictions
                | Self::Crashes
                | Self::PowerCuts
                | Self::CleanRestarts
                | Self::DiskFull
                | Self::DiskErrors
                | Self::ClockSteps
                | Self::Reloads
                | Self::CutOffs
        )
    }
}

/// How often each happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally([u64; Count::COUNT]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; Count::COUNT])
    }
}

impl Tally {
    /// One more.
    pub fn one(&mut self, count: Count) {
        self.0[count as usize] += 1;
    }

    /// How many of one kind.
    #[must_use]
    pub const fn of(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }

    /// All faults that were injected.
    #[must_use]
    pub fn faults(&self) -> u64 {
        Count::iter().filter(|count| count.is_fault()).map(|count| self.of(count)).sum()
    }

    /// Every count, in its order.
    pub fn rows(&self) -> impl Iterator<Item = (Count, u64)> + '_ {
        Count::iter().map(|count| (count, self.of(count)))
    }
}
