//! By what a report is grouped.

use std::fmt;
use std::str::FromStr;

use crate::ledger::BidFacts;
use crate::units::{AdvertiserId, CampaignId, CreativeId, Day, DealId, ExchangeId, LineItemId};

/// One thing that rows can be told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Who pays.
    Advertiser,
    /// Whose money.
    Campaign,
    /// What bid.
    LineItem,
    /// What was shown.
    Creative,
    /// Where it was bought.
    Exchange,
    /// On which deal, or none.
    Deal,
    /// The campaign's civil day of the bid: the day whose budget paid.
    Day,
}

impl Dimension {
    /// Every dimension, coarse to fine.
    pub const ALL: [Self; 7] = [
        Self::Advertiser,
        Self::Campaign,
        Self::LineItem,
        Self::Creative,
        Self::Exchange,
        Self::Deal,
        Self::Day,
    ];

    /// As an operator writes it: `line-item`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Advertiser => "advertiser",
            Self::Campaign => "campaign",
            Self::LineItem => "line-item",
            Self::Creative => "creative",
            Self::Exchange => "exchange",
            Self::Deal => "deal",
            Self::Day => "day",
        }
    }

    /// The head of its column in CSV and JSON: `line_item`.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::LineItem => "line_item",
            _ => self.name(),
        }
    }

    /// True if a campaign lies wholly in one of its groups, so that costs of a campaign can be told apart.
    #[must_use]
    pub const fn holds_whole_campaigns(self) -> bool {
        matches!(self, Self::Advertiser | Self::Campaign)
    }

    /// The group that a bid belongs to.
    pub(in crate::report) const fn group(self, bid: &BidFacts) -> Group {
        match self {
            Self::Advertiser => Group::Advertiser(bid.advertiser),
            Self::Campaign => Group::Campaign(bid.campaign),
            Self::LineItem => Group::LineItem(bid.line_item),
            Self::Creative => Group::Creative(bid.creative),
            Self::Exchange => Group::Exchange(bid.exchange),
            Self::Deal => Group::Deal(bid.deal),
            Self::Day => Group::Day(bid.day),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dimension {
    type Err = UnknownDimension;

    fn from_str(text: &str) -> Result<Self, UnknownDimension> {
        let named = |dimension: &Self| dimension.name() == text || dimension.header() == text;
        Self::ALL.into_iter().find(named).ok_or_else(|| UnknownDimension { given: text.to_owned() })
    }
}

/// No dimension has that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot group by `{given}`; the dimensions are {}",
    Dimension::ALL.map(Dimension::name).join(", ")
)]
pub struct UnknownDimension {
    /// As written.
    pub given: String,
}

/// One value of a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::report) enum Group {
    Advertiser(AdvertiserId),
    Campaign(CampaignId),
    LineItem(LineItemId),
    Creative(CreativeId),
    Exchange(ExchangeId),
    Deal(Option<DealId>),
    Day(Day),
}

#[cfg(test)]
mod tests {
    use super::Dimension;

    #[test]
    fn a_dimension_reads_back_from_its_name() {
        for dimension in Dimension::ALL {
            assert_eq!(dimension.name().parse(), Ok(dimension));
            assert_eq!(dimension.header().parse(), Ok(dimension));
        }
    }

    #[test]
    fn an_unknown_dimension_is_told_the_known_ones() {
        assert_eq!(
            "week".parse::<Dimension>().unwrap_err().to_string(),
            "cannot group by `week`; the dimensions are advertiser, campaign, line-item, creative, \
             exchange, deal, day"
        );
    }
}
