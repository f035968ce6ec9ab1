//! Faults that are planted: what the laws must find, or they prove nothing.

use strum::{EnumIter, EnumString, IntoStaticStr, VariantNames};

/// A fault of the code around the core, or of the core as seen through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Sabotage {
    /// The till counts every paid impression twice.
    SettlesTwice,
    /// A notice that is known already is booked again.
    BooksTwice,
    /// A restart forgets that notices of the dead may still come.
    ForgetsQuarantine,
    /// A clean restart forgets the bids that are out.
    ForgetsParked,
    /// A notice is answered before its events are kept.
    AnswersBeforeCommit,
    /// A failed sync is tried again, and believed.
    RetriesSync,
    /// A win that does not bill frees the reservation.
    FreesOnWin,
    /// The day is taken when the impression is billed, not when the bid was made.
    DayOfBilling,
    /// Tokens are not verified.
    TrustsTokens,
    /// A price above the bid is believed.
    TrustsPrices,
    /// The allocator grants twice what it may.
    GrantsTwice,
    /// Reservations expire by the wall clock.
    ExpiresByWall,
    /// A reservation may expire while its notice is being booked.
    ExpiresWhileBooked,
    /// A commit that found no space leaves its grants and counts in memory.
    KeepsWhatWasRolledBack,
}
