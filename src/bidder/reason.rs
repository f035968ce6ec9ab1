//! Why there is no bid: an answer, not an error. In the order of the decision: the last reason reached by
//! any line item is the one that is counted for the request.

use std::fmt;

use strum::{EnumDiscriminants, VariantNames};

use crate::budget;
use crate::campaign::CountBy;
use crate::creative::Misfit;
use crate::frequency::Counted;
use crate::privacy::Restriction;
use crate::supply::SupplyFault;
use crate::units::Cpm;

/// Why a line item, or all of them, did not bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumDiscriminants)]
#[strum_discriminants(
    name(NoBidKind),
    doc = "The reasons without their values, for counting.",
    derive(VariantNames, PartialOrd, Ord),
    strum(serialize_all = "snake_case")
)]
pub enum NoBidReason {
    /// The request holds no impression that can be bid on.
    NoImpression,
    /// What is left of `tmax` is not enough.
    OutOfTime,
    /// The ledger takes no events: nothing may be bought.
    LedgerStopped,
    /// The ledger's disk has too little space: a bid's notice could not be kept.
    DiskFull,
    /// A secret that bidding on this exchange needs is not known: a bid could not be billed.
    ExchangeNotReady,
    /// None of the request's currencies is in our table and taken by the exchange.
    CurrencyUnknown,
    /// The request does not admit our seat.
    SeatRefused,
    /// The person may not be recognised, and the exchange's profile then wants no bid.
    PrivacyRefuses(Restriction),
    /// The way that the impression was sold breaks a rule of the exchange's profile.
    SupplyRefused(SupplyFault),
    /// The impression takes https only, and our own notices are not https.
    NotSecure,
    /// A play counts as several impressions (`qty.multiplier`), and not on a screen in public (`dooh`).
    MultipliedElsewhere,
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
    #[strum_discriminants(strum(serialize = "creative_misfit"))]
    Misfit(Misfit),
    /// A frequency cap wants to count, and the viewer, or the household, is not known or may not be recognised.
    ViewerUnknown(Counted),
    /// A frequency cap is reached.
    FrequencyCapped(Counted),
    /// A modifier of the line item multiplies its value by nothing.
    MultipliedByZero,
    /// What came back of the placement so far paused it for the line item.
    PlacementPaused,
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
    /// What trying the unknown may cost today is spent, and of the line item too little is known.
    Explored,
    /// The pace of the day does not allow it yet.
    Paced,
    /// The person is held out of the campaign, to measure what its ads bring: the bid is ready, and is not sent.
    HeldOut,
    /// A better ad of the same pod is too like it, or left too little time or room.
    PodTaken,
    /// A better line item took the place.
    Outbid,
}

impl NoBidReason {
    /// True if the line item could have bid, or bid more, and would then have had the place: its budgets have seen a
    /// request that cost nothing.
    #[must_use]
    pub const fn counts_as_traffic(&self) -> bool {
        matches!(self, Self::WorthNothing | Self::BelowFloor { .. } | Self::PodTaken | Self::Outbid)
    }

    /// A fixed name for metrics and JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        Self::NAMES[self.rank()]
    }

    /// All names, in the order of [`NoBidReason::rank`].
    pub const NAMES: &'static [&'static str] = NoBidKind::VARIANTS;

    /// How far into the decision it lies: an index into [`NoBidReason::NAMES`].
    #[must_use]
    pub fn rank(&self) -> usize {
        NoBidKind::from(self) as usize
    }

    /// The code of `nbr` in a response (OpenRTB 2.6, 4.2.1, by the list of no-bid reasons of OpenRTB 3.0).
    ///
    /// The list speaks of requests and users, hardly of demand: what it has no word for gets a code of our own
    /// from 500 on, as it allows. Those never change their meaning:
    ///
    /// | code | meaning |
    /// |---|---|
    /// | 500 | nobody wants the impression, or everybody who does has spent today's money |
    /// | 501 | none of the currencies |
    /// | 502 | the transparency of the Digital Services Act cannot be shown |
    /// | 503 | `wseat` or `bseat` |
    /// | 504 | https |
    /// | 505 | no deal of ours is offered |
    /// | 506 | a block list, or no creative fits or is approved |
    /// | 507 | below the floor |
    /// | 508 | a privacy signal, where the exchange's profile then wants no bid |
    ///
    /// Budgets, pace and values are nobody's business but ours: they are 500.
    #[must_use]
    pub fn nbr(&self) -> u32 {
        match self {
            Self::LedgerStopped | Self::DiskFull | Self::ExchangeNotReady => 1,
            Self::NoImpression | Self::MultipliedElsewhere => 2,
            Self::ViewerUnknown(_) => 8,
            Self::FrequencyCapped(_) => 9,
            Self::OutOfTime => 15,
            Self::SupplyRefused(fault) => fault.no_bid_code(),
            Self::NoMatch
            | Self::MultipliedByZero
            | Self::PlacementPaused
            | Self::Explored
            | Self::WorthNothing
            | Self::BudgetSpent(_)
            | Self::Paced
            | Self::HeldOut
            | Self::PodTaken
            | Self::Outbid => 500,
            Self::CurrencyUnknown | Self::NoExchangeRate => 501,
            Self::Misfit(Misfit::Disclosure) => 502,
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
            Self::PrivacyRefuses(_) => 508,
        }
    }
}

impl fmt::Display for NoBidReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImpression => f.write_str("the request has no impression that can be bid on"),
            Self::OutOfTime => f.write_str("`tmax` leaves no time"),
            Self::LedgerStopped => f.write_str("the ledger has stopped"),
            Self::DiskFull => f.write_str("the ledger's disk has too little space"),
            Self::ExchangeNotReady => f.write_str("a secret of the exchange's profile is not known"),
            Self::CurrencyUnknown => f.write_str(
                "no currency of `cur` is in the table of exchange rates and taken by the exchange",
            ),
            Self::SeatRefused => f.write_str("`wseat` or `bseat` leaves our seat out"),
            Self::PrivacyRefuses(restriction) => {
                write!(f, "{restriction}, and the exchange's profile then wants no bid")
            }
            Self::SupplyRefused(fault) => write!(f, "{fault}"),
            Self::NotSecure => {
                f.write_str("the impression takes https only, and our notices are not (`--public-url`)")
            }
            Self::MultipliedElsewhere => f.write_str(
                "`qty.multiplier` counts one play as several, and this is no screen in public (`dooh`)",
            ),
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
            Self::ViewerUnknown(counted) => {
                let who = match counted.by {
                    CountBy::User => "viewer",
                    CountBy::Household => "viewer's household",
                };
                write!(f, "the {who} is not known, and a frequency cap of the {counted} wants to count")
            }
            Self::FrequencyCapped(counted) => write!(f, "a frequency cap of the {counted} is reached"),
            Self::MultipliedByZero => f.write_str("its modifiers multiply the value by 0"),
            Self::Explored => {
                f.write_str("too little is known of what it brings, and what trying may cost today is spent")
            }
            Self::PlacementPaused => f.write_str("what came back of this placement so far has paused it"),
            Self::NoExchangeRate => f.write_str("there is no exchange rate to the request's currency"),
            Self::WorthNothing => f.write_str("nothing is left of the value after data and tax"),
            Self::BelowFloor { worth, floor } => {
                write!(f, "the floor is {floor}, the impression is worth {worth} at most")
            }
            Self::BudgetSpent(refusal) => write!(f, "{refusal}"),
            Self::Paced => f.write_str("the day's pace does not allow it yet"),
            Self::HeldOut => f.write_str(
                "the person is held out of the campaign, to measure what its ads bring: the bid is not sent",
            ),
            Self::PodTaken => f.write_str("better ads of the same pod are too like it, or left no room"),
            Self::Outbid => f.write_str("a better line item took the place"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NoBidReason;
    use crate::budget::{Refusal, Span, Whose};
    use crate::creative::Misfit;

    #[test]
    fn names_and_ranks_agree() {
        let ranked = [
            (NoBidReason::NoImpression, "no_impression"),
            (NoBidReason::NoMatch, "no_match"),
            (NoBidReason::AppBlocked, "app_blocked"),
            (NoBidReason::Misfit(Misfit::Mime), "creative_misfit"),
            (NoBidReason::WorthNothing, "worth_nothing"),
            (NoBidReason::BudgetSpent(Refusal::money(Whose::Campaign, Span::Daily)), "budget_spent"),
            (NoBidReason::Outbid, "outbid"),
        ];
        for (reason, name) in ranked {
            assert_eq!(reason.name(), name);
        }
        assert!(ranked.is_sorted_by_key(|(reason, _)| reason.rank()));
        assert_eq!(NoBidReason::Outbid.rank() + 1, NoBidReason::NAMES.len());
    }
}
