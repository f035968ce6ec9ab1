//! A finished report: named rows in order, and a total for each currency.

use std::collections::HashMap;
use std::hash::Hash;

use smallvec::SmallVec;

use crate::ledger::{Device, Format, NO_LINE_ITEM};
use crate::page::Phrase;
use crate::report::dimension::{Group, Loss};
use crate::report::{Aim, Attainment, Dimension, Figures, Label, Scope, Totals};
use crate::units::{
    AdvertiserId, ArmId, CampaignId, CreativeId, Currency, DealId, ExchangeId, Femtos, LineItemId, Nanos,
    PublisherId, SegmentId,
};

/// What people call the ids of a report, and what campaigns cost besides. An id without a name is written
/// as its hexadecimal digits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Names {
    pub advertisers: HashMap<AdvertiserId, String>,
    pub campaigns: HashMap<CampaignId, String>,
    pub line_items: HashMap<LineItemId, String>,
    pub creatives: HashMap<CreativeId, String>,
    pub exchanges: HashMap<ExchangeId, String>,
    pub deals: HashMap<DealId, String>,
    pub publishers: HashMap<PublisherId, String>,
    pub arms: HashMap<ArmId, String>,
    pub segments: HashMap<SegmentId, String>,
    /// Creation, staff: once for the campaign.
    pub fixed_costs: HashMap<CampaignId, FixedCost>,
    /// What campaigns and line items are after.
    pub aims: HashMap<Scope, Vec<Aim>>,
}

/// What a campaign costs once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedCost {
    /// The campaign's: the cost enters rows of this currency only.
    pub currency: Currency,
    /// How much.
    pub amount: Nanos,
}

/// Whether the all-in costs of a table hold the fixed costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixedCosts {
    /// They do, if there are any.
    Included,
    /// There are some, but no row holds a whole campaign.
    LeftOut,
}

/// A finished report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What the labels of its rows are.
    pub group_by: Vec<Dimension>,
    /// In order of the labels, days in order of time, then of the currency.
    pub rows: Vec<Row>,
    /// Of each currency all that was counted, without labels: the sum of the rows, unless they are by segment.
    pub totals: Vec<Row>,
    /// Whether all-in costs are complete.
    pub fixed_costs: FixedCosts,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// One for each dimension of the table; none for a total.
    pub labels: Vec<Label>,
    /// Of every amount in it.
    pub currency: Currency,
    /// What was counted.
    pub totals: Totals,
    /// The fixed costs of its campaigns.
    pub fixed: Femtos,
    /// What its campaign or line item is after, where the row is held against it.
    pub aims: Vec<Aim>,
}

impl Table {
    /// The same with its days and hours so many days later.
    pub(in crate::report) fn later(mut self, days: i32) -> Self {
        for label in self.rows.iter_mut().flat_map(|row| &mut row.labels) {
            *label = label.clone().later(days);
        }
        self
    }
}

impl Table {
    /// True if all of it lies within one group: one day, of a table by day.
    #[must_use]
    pub fn is_of_one_group(&self) -> bool {
        self.rows.windows(2).all(|pair| pair[0].labels == pair[1].labels)
    }

    /// The rows of one currency, with an empty one for each day or hour between them in which there was nothing. For
    /// tables by one of these alone.
    pub(in crate::report) fn without_gaps(&self, currency: Currency) -> Vec<Row> {
        let mut every: Vec<Row> = Vec::new();
        for row in self.rows.iter().filter(|row| row.currency == currency) {
            while let Some(next) = every.last().and_then(|last| last.labels.first()).and_then(Label::next)
                && Some(&next) != row.labels.first()
                && every.len() < GAPLESS_MOST
            {
                every.push(Row { labels: vec![next], ..Row::empty(currency) });
            }
            every.push(row.clone());
        }
        every
    }
}

/// Times of a chart beyond which gaps are left as they are: an event of a wrong clock must not make a page endless.
const GAPLESS_MOST: usize = 2_000;

impl Row {
    /// The figures of the row.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures::of(&self.totals, self.fixed)
    }

    /// How far its aims are met.
    pub fn attainments(&self) -> impl Iterator<Item = Attainment> {
        self.aims.iter().filter_map(|aim| aim.attained(&self.totals))
    }

    /// Where it stands in the order of the rows.
    pub(in crate::report) fn place(&self) -> (SmallVec<[&str; 3]>, Currency) {
        (self.labels.iter().map(Label::machine).collect(), self.currency)
    }

    /// A row in which nothing was counted.
    pub(in crate::report) fn empty(currency: Currency) -> Self {
        let (totals, fixed) = (Totals::default(), Femtos::ZERO);
        Self { labels: Vec::new(), currency, totals, fixed, aims: Vec::new() }
    }
}

impl Names {
    /// What people call a group.
    pub(in crate::report) fn label(&self, group: Group) -> Label {
        fn named<Id: Hash + Eq + ToString>(names: &HashMap<Id, String>, id: &Id) -> Label {
            Label::named(names.get(id).cloned().unwrap_or_else(|| id.to_string()))
        }
        match group {
            Group::Advertiser(id) => named(&self.advertisers, &id),
            Group::Campaign(id) if id.raw() == 0 => Label::phrase(NO_CAMPAIGN),
            Group::Campaign(id) => named(&self.campaigns, &id),
            Group::LineItem(NO_LINE_ITEM) => Label::phrase(WHOLE_CAMPAIGN),
            Group::LineItem(id) => named(&self.line_items, &id),
            Group::Creative(id) if id.raw() == 0 => Label::phrase(NO_CREATIVE),
            Group::Creative(id) => named(&self.creatives, &id),
            Group::Exchange(id) if id.raw() == 0 => Label::phrase(NO_EXCHANGE),
            Group::Exchange(id) => named(&self.exchanges, &id),
            Group::Deal(Some(id)) => named(&self.deals, &id),
            Group::Deal(None) => Label::phrase(NO_DEAL),
            Group::Publisher(Some(id)) => named(&self.publishers, &id),
            Group::Place(Some(area)) => Label::named(area.to_string()),
            Group::Publisher(None) | Group::Place(None) => Label::phrase(UNKNOWN),
            Group::Device(device) => Label::phrase(device_word(device)),
            Group::Segment(Some(id)) => named(&self.segments, &id),
            Group::Segment(None) => Label::phrase(NO_SEGMENT),
            Group::Format(format, Some(size)) => Label::sized(format_word(format), size),
            Group::Format(format, None) => Label::phrase(format_word(format)),
            Group::Arm(Some(id)) => named(&self.arms, &id),
            Group::Arm(None) => Label::phrase(NO_ARM),
            Group::Loss(Loss::None) => Label::phrase(NO_LOSS),
            Group::Loss(Loss::Untold) => Label::phrase(UNTOLD),
            Group::Loss(Loss::For(code)) => Label::reason(code),
            Group::Day(day) => Label::day(day),
            Group::Hour(hour) => Label::hour(hour),
        }
    }
}

const WHOLE_CAMPAIGN: Phrase = Phrase::new("whole campaign", "campagne entière");
const NO_CAMPAIGN: Phrase = Phrase::new("no campaign", "sans campagne");
const NO_CREATIVE: Phrase = Phrase::new("no creative", "sans création");
const NO_EXCHANGE: Phrase = Phrase::new("no exchange", "sans place de marché");
const NO_DEAL: Phrase = Phrase::new("no deal", "sans deal");
const NO_SEGMENT: Phrase = Phrase::new("no segment", "sans segment");
const NO_ARM: Phrase = Phrase::new("no arm", "sans variante");
const NO_LOSS: Phrase = Phrase::new("not lost", "non perdue");
const UNTOLD: Phrase = Phrase::new("no reason told", "motif non communiqué");
const UNKNOWN: Phrase = Phrase::new("unknown", "inconnu");

const fn device_word(device: Device) -> Phrase {
    match device {
        Device::Unknown => UNKNOWN,
        Device::Phone => Phrase::new("phone", "téléphone"),
        Device::Tablet => Phrase::new("tablet", "tablette"),
        Device::Desktop => Phrase::new("desktop", "ordinateur"),
        Device::Tv => Phrase::new("tv", "téléviseur"),
        Device::Other => Phrase::new("other", "autre"),
    }
}

const fn format_word(format: Format) -> Phrase {
    match format {
        Format::Unknown => UNKNOWN,
        Format::Banner => Phrase::new("banner", "bannière"),
        Format::Video => Phrase::new("video", "vidéo"),
        Format::Audio => Phrase::new("audio", "audio"),
        Format::Native => Phrase::new("native", "natif"),
    }
}

#[cfg(test)]
mod tests;
