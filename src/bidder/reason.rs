//! Why there is no bid: an answer, not an error. In the order of the decision: the last reason reached by
//! any line item is the one that is counted for the request.

use std::fmt;

use crate::budget;
use crate::creative::Misfit;
use crate::frequency;
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
    /// A secret that bidding on this exchange needs is not known: a bid could not be billed.
    ExchangeNotReady,
    /// None of the request's currencies is in our table and taken by the exchange.
    CurrencyUnknown,
    /// The request wants the transparency of the Digital Services Act (`regs.dsa`), which is not given yet.
    TransparencyRequired,
    /// The request does not admit our seat.
    SeatRefused,
    /// The impression takes https only, and our own notices are not https.
    NotSecure,
    /// Of the line items that may spend now, none's targeting fits. Metrics count the others by why they may not.
    NoMatch,
    /// The impression is sold on deals only, and the line item has none of them.
    DealsOnly,
    /// The line item bids on deals that are not offered, or not to this seat or advertiser.
    DealNotOffered,
    /// The exchange takes no creatives of this medium.
    FormatNotTaken,
    /// The exchange has not approved the creative.
    CreativeNotApproved,
    /// The bid exceeds a limit of the exchange.
    LimitExceeded,
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
    pub const NAMES: [&'static str; 26] = [
        "no_impression",
        "out_of_time",
        "ledger_stopped",
        "exchange_not_ready",
        "currency_unknown",
        "transparency_required",
        "seat_refused",
        "not_secure",
        "no_match",
        "deals_only",
        "deal_not_offered",
        "format_not_taken",
        "creative_not_approved",
        "limit_exceeded",
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
            Self::ExchangeNotReady => 3,
            Self::CurrencyUnknown => 4,
            Self::TransparencyRequired => 5,
            Self::SeatRefused => 6,
            Self::NotSecure => 7,
            Self::NoMatch => 8,
            Self::DealsOnly => 9,
            Self::DealNotOffered => 10,
            Self::FormatNotTaken => 11,
            Self::CreativeNotApproved => 12,
            Self::LimitExceeded => 13,
            Self::AdvertiserBlocked => 14,
            Self::AppBlocked => 15,
            Self::CategoryBlocked => 16,
            Self::LanguageNotAllowed => 17,
            Self::Misfit(_) => 18,
            Self::FrequencyCapped(_) => 19,
            Self::NoExchangeRate => 20,
            Self::WorthNothing => 21,
            Self::BelowFloor { .. } => 22,
            Self::BudgetSpent(_) => 23,
            Self::Paced => 24,
            Self::Outbid => 25,
        }
    }
}

impl NoBidReason {
    /// The code of `nbr` in a response (OpenRTB 2.6, 4.2.1, by the list of no-bid reasons of OpenRTB 3.0).
    ///
    /// The list speaks of requests and users, hardly of demand: what it has no word for gets a code of our own
    /// from 500 on, as it allows. Those never change their meaning:
    ///
    /// | code | meaning |
    /// |---|---|
    /// | 500 | nobody wants the impression, or everybody who does has spent today's money |
    /// | 501 | none of the currencies |
    /// | 502 | the Digital Services Act's transparency is not given |
    /// | 503 | `wseat` or `bseat` |
    /// | 504 | https |
    /// | 505 | no deal of ours is offered |
    /// | 506 | a block list, or no creative fits or is approved |
    /// | 507 | below the floor |
    ///
    /// Budgets, pace and values are nobody's business but ours: they are 500.
    #[must_use]
    pub const fn nbr(&self) -> u32 {
        match self {
            Self::LedgerStopped | Self::ExchangeNotReady => 1,
            Self::NoImpression => 2,
            Self::FrequencyCapped(_) => 9,
            Self::OutOfTime => 15,
            Self::NoMatch | Self::WorthNothing | Self::BudgetSpent(_) | Self::Paced | Self::Outbid => 500,
            Self::CurrencyUnknown | Self::NoExchangeRate => 501,
            Self::TransparencyRequired => 502,
            Self::SeatRefused => 503,
            Self::NotSecure => 504,
            Self::DealsOnly | Self::DealNotOffered => 505,
            Self::FormatNotTaken
            | Self::CreativeNotApproved
            | Self::LimitExceeded
            | Self::AdvertiserBlocked
            | Self::AppBlocked
            | Self::CategoryBlocked
            | Self::LanguageNotAllowed
            | Self::Misfit(_) => 506,
            Self::BelowFloor { .. } => 507,
        }
    }
}

impl fmt::Display for NoBidReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImpression => f.write_str("the request has no impression that can be bid on"),
            Self::OutOfTime => f.write_str("`tmax` leaves no time"),
            Self::LedgerStopped => f.write_str("the ledger has stopped"),
            Self::ExchangeNotReady => f.write_str("a secret of the exchange's profile is not known"),
            Self::CurrencyUnknown => f.write_str(
                "no currency of `cur` is in the table of exchange rates and taken by the exchange",
            ),
            Self::TransparencyRequired => {
                f.write_str("`regs.dsa` requires transparency, which is not given yet")
            }
            Self::SeatRefused => f.write_str("`wseat` or `bseat` leaves our seat out"),
            Self::NotSecure => {
                f.write_str("the impression takes https only, and our notices are not (`--public-url`)")
            }
            Self::NoMatch => f.write_str("the targeting does not fit"),
            Self::DealsOnly => f.write_str("the impression is sold on deals only (`private_auction`)"),
            Self::DealNotOffered => f.write_str("none of its deals is offered to us"),
            Self::FormatNotTaken => f.write_str("the exchange's profile leaves the creative's medium out"),
            Self::CreativeNotApproved => f.write_str("the exchange has not approved the creative"),
            Self::LimitExceeded => f.write_str("the bid exceeds a limit of the exchange's profile"),
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
    use crate::frequency::Level;
    use crate::units::CampaignId;

    #[test]
    fn the_code_for_the_exchange_is_of_the_list_or_one_of_ours_and_tells_no_budget() {
        for (reason, nbr) in [
            (NoBidReason::NoImpression, 2),
            (NoBidReason::OutOfTime, 15),
            (NoBidReason::LedgerStopped, 1),
            (NoBidReason::FrequencyCapped(Level::Campaign(CampaignId::from_slug("c"))), 9),
            (NoBidReason::SeatRefused, 503),
            (NoBidReason::Paced, NoBidReason::NoMatch.nbr()),
            (NoBidReason::BudgetSpent(Refusal::CampaignDaily), NoBidReason::NoMatch.nbr()),
        ] {
            assert_eq!(reason.nbr(), nbr, "{}", reason.name());
        }
    }

    #[test]
    fn names_and_ranks_agree() {
        for (reason, rank, name) in [
            (NoBidReason::NoImpression, 0, "no_impression"),
            (NoBidReason::NoMatch, 8, "no_match"),
            (NoBidReason::AppBlocked, 15, "app_blocked"),
            (NoBidReason::WorthNothing, 21, "worth_nothing"),
            (NoBidReason::BudgetSpent(Refusal::CampaignDaily), 23, "budget_spent"),
            (NoBidReason::Outbid, 25, "outbid"),
        ] {
            assert_eq!((reason.rank(), reason.name()), (rank, name));
        }
    }
}
