//! By what a report is grouped.

use std::fmt;
use std::str::FromStr;

use crate::ledger::{Area, Device, Event, EventKind, Format};
use crate::page::{Phrase, words};
use crate::units::{
    AdvertiserId, ArmId, CampaignId, CreativeId, Day, DealId, ExchangeId, Hour, LineItemId, PublisherId,
    SegmentId,
};

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
    /// On which site, app or screen.
    Publisher,
    /// Where the viewer is: country and region.
    Place,
    /// On what.
    Device,
    /// To whom: what of several segments counts in each, so that rows add up to more than the total.
    Segment,
    /// As what: banners with their size.
    Format,
    /// Which arm of a comparison.
    Arm,
    /// Why a bid lost; all that is no loss is a row of its own.
    LossReason,
    /// The campaign's civil day of the bid: the day whose budget paid.
    Day,
    /// The clock hour of the bid, of UTC: the same for campaigns of all zones.
    Hour,
}

impl Dimension {
    /// Every dimension, coarse to fine.
    pub const ALL: [Self; 15] = [
        Self::Advertiser,
        Self::Campaign,
        Self::LineItem,
        Self::Creative,
        Self::Exchange,
        Self::Deal,
        Self::Publisher,
        Self::Place,
        Self::Device,
        Self::Segment,
        Self::Format,
        Self::Arm,
        Self::LossReason,
        Self::Day,
        Self::Hour,
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
            Self::Publisher => "publisher",
            Self::Place => "place",
            Self::Device => "device",
            Self::Segment => "segment",
            Self::Format => "format",
            Self::Arm => "arm",
            Self::LossReason => "loss-reason",
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }

    /// The head of its column in CSV and JSON: `line_item`.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::LineItem => "line_item",
            Self::LossReason => "loss_reason",
            _ => self.name(),
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn word(self) -> Phrase {
        match self {
            Self::Advertiser => words::ADVERTISER,
            Self::Campaign => words::CAMPAIGN,
            Self::LineItem => words::LINE_ITEM,
            Self::Creative => words::CREATIVE,
            Self::Exchange => words::EXCHANGE,
            Self::Deal => words::DEAL,
            Self::Publisher => words::PUBLISHER,
            Self::Place => words::PLACE,
            Self::Device => words::DEVICE,
            Self::Segment => words::SEGMENT,
            Self::Format => words::FORMAT,
            Self::Arm => words::ARM,
            Self::LossReason => words::LOSS_REASON,
            Self::Day => words::DAY,
            Self::Hour => words::HOUR,
        }
    }

    /// True if a campaign lies wholly in one of its groups, so that costs of a campaign can be told apart.
    #[must_use]
    pub const fn holds_whole_campaigns(self) -> bool {
        matches!(self, Self::Advertiser | Self::Campaign)
    }

    /// The group that an event belongs to, which is counted for `segment`.
    pub(in crate::report) fn group(self, event: &Event, segment: Option<SegmentId>) -> Group {
        let bid = &event.bid;
        match self {
            Self::Advertiser => Group::Advertiser(bid.advertiser),
            Self::Campaign => Group::Campaign(bid.campaign),
            Self::LineItem => Group::LineItem(bid.line_item),
            Self::Creative => Group::Creative(bid.creative),
            Self::Exchange => Group::Exchange(bid.exchange),
            Self::Deal => Group::Deal(bid.deal),
            Self::Publisher => Group::Publisher(bid.setting.publisher),
            Self::Place => Group::Place(bid.setting.area),
            Self::Device => Group::Device(bid.setting.device),
            Self::Segment => Group::Segment(segment),
            Self::Format => {
                let format = bid.setting.format;
                Group::Format(format, bid.setting.size.filter(|_| format == Format::Banner))
            }
            Self::Arm => Group::Arm(bid.setting.arm),
            Self::LossReason => Group::Loss(match event.kind {
                EventKind::Loss { reason: Some(code), .. } => Loss::For(code),
                EventKind::Loss { reason: None, .. } => Loss::Untold,
                _ => Loss::None,
            }),
            Self::Day => Group::Day(bid.day),
            Self::Hour => Group::Hour(Hour::of(bid.at)),
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
    Publisher(Option<PublisherId>),
    Place(Option<Area>),
    Device(Device),
    Segment(Option<SegmentId>),
    Format(Format, Option<(u16, u16)>),
    Arm(Option<ArmId>),
    Loss(Loss),
    Day(Day),
    Hour(Hour),
}

/// Why a bid lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::report) enum Loss {
    /// It did not, or nobody said so.
    None,
    /// The exchange gave no reason.
    Untold,
    /// For the reason of that code.
    For(u32),
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
             exchange, deal, publisher, place, device, segment, format, arm, loss-reason, day, hour"
        );
    }
}
