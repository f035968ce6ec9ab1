//! Events in, one row of [`Totals`] for each group out. Parts of a fold merge into the whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use smallvec::SmallVec;

use crate::ledger::Event;
use crate::report::dimension::Group;
use crate::report::table::{self, Names, Table};
use crate::report::{Dimension, Totals};
use crate::units::{CampaignId, Currency, SegmentId};

/// A report in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    group_by: Vec<Dimension>,
    /// In no order until the report is finished: most are met again and again.
    rows: HashMap<Key, Folded, foldhash::fast::RandomState>,
    /// Of every currency. Not the sum of the rows: what belongs to several segments is in several rows, once in here.
    totals: BTreeMap<Currency, Totals>,
}

/// What tells one row from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::report) struct Key {
    /// In the order of the report's dimensions.
    pub(in crate::report) groups: SmallVec<[Group; 3]>,
    pub(in crate::report) currency: Currency,
}

/// What one row has come to so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::report) struct Folded {
    pub(in crate::report) totals: Totals,
    /// The campaigns in it, where each lies wholly in one row; else empty.
    pub(in crate::report) campaigns: BTreeSet<CampaignId>,
}

impl Report {
    /// An empty report with a row for each currency and each group of `group_by`; one named twice counts
    /// once. Without any, the rows are the totals of each currency.
    #[must_use]
    pub fn new(group_by: Vec<Dimension>) -> Self {
        let mut distinct = Vec::with_capacity(group_by.len());
        for dimension in group_by {
            if !distinct.contains(&dimension) {
                distinct.push(dimension);
            }
        }
        Self { group_by: distinct, rows: HashMap::default(), totals: BTreeMap::new() }
    }

    /// Counts one event in. The caller hands in each event once: the ledger knows duplicates.
    pub fn add(&mut self, event: &Event) {
        self.put(event, |totals| totals.add(event));
    }

    /// Adds what events of one group came to, of which `event` is one; where a row holds whole campaigns, all of its
    /// campaign.
    pub fn add_totals(&mut self, event: &Event, totals: &Totals) {
        self.put(event, |row| row.merge(totals));
    }

    /// Puts something into the total and into every row that `event` belongs to.
    fn put(&mut self, event: &Event, into: impl Fn(&mut Totals)) {
        into(self.totals.entry(event.bid.currency).or_default());
        let mut segments = event.bid.setting.segments.iter().peekable();
        if segments.peek().is_none() || !self.group_by.contains(&Dimension::Segment) {
            return into(self.row(event, None));
        }
        segments.for_each(|segment| into(self.row(event, Some(segment))));
    }

    /// The row of an event, counted for `segment`.
    fn row(&mut self, event: &Event, segment: Option<SegmentId>) -> &mut Totals {
        let groups = self.group_by.iter().map(|dimension| dimension.group(event, segment)).collect();
        let whole_campaigns = self.holds_whole_campaigns();
        let row = self.rows.entry(Key { groups, currency: event.bid.currency }).or_default();
        if whole_campaigns {
            row.campaigns.insert(event.bid.campaign);
        }
        &mut row.totals
    }

    /// Adds what another part of the events came to.
    ///
    /// # Panics
    ///
    /// If `other` is grouped otherwise.
    pub fn merge(&mut self, other: Self) {
        assert_eq!(self.group_by, other.group_by, "only reports grouped alike add up");
        for (key, folded) in other.rows {
            let row = self.rows.entry(key).or_default();
            row.totals.merge(&folded.totals);
            row.campaigns.extend(folded.campaigns);
        }
        for (currency, totals) in other.totals {
            self.totals.entry(currency).or_default().merge(&totals);
        }
    }

    /// The finished table, with `names` for the ids and the fixed costs of the campaigns.
    ///
    /// A fixed cost enters whole, whatever the period of the events, and once: in the row of its campaign
    /// if that has any event. Where a row may hold part of a campaign only (by line item, day, ...), none
    /// enters, and [`Table::fixed_costs`] says so.
    #[must_use]
    pub fn finish(self, names: &Names) -> Table {
        let whole_campaigns = self.holds_whole_campaigns();
        table::finish(self.group_by, (self.rows, self.totals), whole_campaigns, names)
    }

    fn holds_whole_campaigns(&self) -> bool {
        self.group_by.iter().all(|dimension| dimension.holds_whole_campaigns())
    }
}
