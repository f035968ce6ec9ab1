//! Why there is no bid: an answer, not an error. In the order of the decision: the last reason reached by
//! any line item is the one that is counted for the request.

use std::fmt;

use crate::budget;
use crate::creative::Misfit;
use crate::frequency;
use crate::supply::SupplyFault;
use crate::units::Cpm;

/// Why a line item, or all of them, did not bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBidReason {
    /// The request holds no impression that can be bid on.
    NoImpression,
    /// What is left of `tmax` is not enough.
    OutOfTime,
    /// The ledger takes no events: nothing may be bought.
    LedgerStopped,
    /// None of the request's currencies is in our table.
    CurrencyUnknown,
    /// The request wants the transparency of the Digital Services Act (`regs.dsa`), which is not given yet.
    TransparencyRequired,
    /// The request does not admit our seat.
    SeatRefused,
    /// The way that the impression was sold breaks a rule of the exchange's profile.
    SupplyRefused(SupplyFault),
    /// The impression takes https only, and our own notices are not https.
    NotSecure,
    /// Of the line items that may spend now, none's targeting fits. Metrics count the others by why they may not.
    NoMatch,
    /// The impression is sold on deals only, and the line item has none of them.
    DealsOnly,
    /// The line item bids on deals that are not offered, or not to this seat or advertiser.
    DealNotOffered,
    /// `badv` holds the advertiser.
    AdvertiserBlocked,
    /// `bapp` holds the advertised app.
    AppBlocked,
    /// `bcat` holds a category of the creative, or is in a taxonomy that ours cannot be mapped to.
    CategoryBlocked,
    /// `wlang` leaves the creative's language out.
    LanguageNotAllowed,
    /// No creative fits.
    Misfit(Misfit),
    /// A frequency cap is reached, or the user is unknown and the cap excludes such.
    FrequencyCapped(frequency::Level),
    /// There is no rate to the request's currency.
    NoExchangeRate,
    /// Nothing is left of the value after data and tax.
    WorthNothing,
    /// The value is below the floor. Both per thousand, in the answer's currency.
    BelowFloor {
        /// The most that is worth bidding.
        worth: Cpm,
        /// What must be bid at least.
        floor: Cpm,
    },
    /// A day's or a flight's budget is spent or reserved.
    BudgetSpent(budget::Refusal),
    /// The pace of the day does not allow it yet.
    Paced,
    /// A better line item took the place.
    Outbid,
}

impl NoBidReason {
    /// A fixed name for metrics and JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        Self::NAMES[self.rank()]
    }

    /// All names, in the order of [`NoBidReason::rank`].
    pub const NAMES: [&'static str; 23] = [
        "no_impression",
        "out_of_time",
        "ledger_stopped",
        "currency_unknown",
        "transparency_required",
        "seat_refused",
        "supply_refused",
        "not_secure",
        "no_match",
        "deals_only",
        "deal_not_offered",
        "advertiser_blocked",
        "app_blocked",
        "category_blocked",
        "language_not_allowed",
        "creative_misfit",
        "frequency_capped",
        "no_exchange_rate",
        "worth_nothing",
        "below_floor",
        "budget_spent",
        "paced",
        "outbid",
    ];

    /// How far into the decision it lies: an index into [`NoBidReason::NAMES`].
    #[must_use]
    pub const fn rank(&self) -> usize {
        match self {
            Self::NoImpression => 0,
            Self::OutOfTime => 1,
            Self::LedgerStopped => 2,
            Self::CurrencyUnknown => 3,
            Self::TransparencyRequired => 4,
            Self::SeatRefused => 5,
            Self::SupplyRefused(_) => 6,
            Self::NotSecure => 7,
            Self::NoMatch => 8,
            Self::DealsOnly => 9,
            Self::DealNotOffered => 10,
            Self::AdvertiserBlocked => 11,
            Self::AppBlocked => 12,
            Self::CategoryBlocked => 13,
            Self::LanguageNotAllowed => 14,
            Self::Misfit(_) => 15,
            Self::FrequencyCapped(_) => 16,
            Self::NoExchangeRate => 17,
            Self::WorthNothing => 18,
            Self::BelowFloor { .. } => 19,
            Self::BudgetSpent(_) => 20,
            Self::Paced => 21,
            Self::Outbid => 22,
        }
    }
}

impl fmt::Display for NoBidReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImpression => f.write_str("the request has no impression that can be bid on"),
            Self::OutOfTime => f.write_str("`tmax` leaves no time"),
            Self::LedgerStopped => f.write_str("the ledger has stopped"),
            Self::CurrencyUnknown => f.write_str("no currency of `cur` is in the table of exchange rates"),
            Self::TransparencyRequired => {
                f.write_str("`regs.dsa` requires transparency, which is not given yet")
            }
            Self::SeatRefused => f.write_str("`wseat` or `bseat` leaves our seat out"),
            Self::SupplyRefused(fault) => write!(f, "{fault}"),
            Self::NotSecure => {
                f.write_str("the impression takes https only, and our notices are not (`--public-url`)")
            }
            Self::NoMatch => f.write_str("the targeting does not fit"),
            Self::DealsOnly => f.write_str("the impression is sold on deals only (`private_auction`)"),
            Self::DealNotOffered => f.write_str("none of its deals is offered to us"),
            Self::AdvertiserBlocked => f.write_str("`badv` blocks the advertiser"),
            Self::AppBlocked => f.write_str("`bapp` blocks the advertised app"),
            Self::CategoryBlocked => f.write_str("`bcat` or `acat` leaves a category of the creative out"),
            Self::LanguageNotAllowed => f.write_str("`wlang` leaves the creative's language out"),
            Self::Misfit(misfit) => write!(f, "no creative fits: {misfit}"),
            Self::FrequencyCapped(level) => write!(f, "a frequency cap of the {level} is reached"),
            Self::NoExchangeRate => f.write_str("there is no exchange rate to the request's currency"),
            Self::WorthNothing => f.write_str("nothing is left of the value after data and tax"),
            Self::BelowFloor { worth, floor } => {
                write!(f, "the floor is {floor}, the impression is worth {worth} at most")
            }
            Self::BudgetSpent(refusal) => write!(f, "{refusal}"),
            Self::Paced => f.write_str("the day's pace does not allow it yet"),
            Self::Outbid => f.write_str("a better line item took the place"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NoBidReason;
    use crate::budget::Refusal;

    #[test]
    fn names_and_ranks_agree() {
        for (reason, rank, name) in [
            (NoBidReason::NoImpression, 0, "no_impression"),
            (NoBidReason::NoMatch, 8, "no_match"),
            (NoBidReason::AppBlocked, 12, "app_blocked"),
            (NoBidReason::WorthNothing, 18, "worth_nothing"),
            (NoBidReason::BudgetSpent(Refusal::CampaignDaily), 20, "budget_spent"),
            (NoBidReason::Outbid, 22, "outbid"),
        ] {
            assert_eq!((reason.rank(), reason.name()), (rank, name));
        }
    }
}
