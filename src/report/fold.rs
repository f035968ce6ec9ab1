//! Events in, one row of [`Totals`] for each group out. Parts of a fold merge into the whole.
//!
//! Groups and rows have numbers, so that whoever has many events of the same groups looks their rows up once: a key is as
//! short as numbers are, and names stay out of it until the report is finished.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use smallvec::{SmallVec, smallvec};

use crate::ledger::Event;
use crate::report::dimension::Group;
use crate::report::{Dimension, Names, Table, Totals, finish};
use crate::units::{CampaignId, Currency, SegmentId};

/// Rows that lie in the caches of a core anyway: some hundred kilobytes.
const CACHED_MAX: usize = 1_024;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The number of a group among those of its dimension, in one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupNumber(u32);

/// The number of a row of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowNumber(u32);

impl RowNumber {
    const fn at(self) -> usize {
        self.0 as usize
    }
}

/// The rows in which an event counts: one, but of several segments one for each, and the total.
pub type RowNumbers = SmallVec<[RowNumber; 2]>;

/// A report in the making.
#[derive(Debug, Clone)]
pub struct Report {
    group_by: Vec<Dimension>,
    /// Of each dimension the groups that were met.
    groups: Vec<Groups>,
    /// In no order until the report is finished: most are met again and again.
    numbers: Map<Key, RowNumber>,
    rows: Vec<Totals>,
    /// The campaigns in each row, where each lies wholly in one row; else empty.
    campaigns: BTreeSet<(RowNumber, CampaignId)>,
}

/// What tells one row from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    /// In the order of the report's dimensions. Empty for what was counted of the currency altogether, where that is
    /// not the sum of the rows: what belongs to several segments is in several rows, once in there.
    groups: SmallVec<[GroupNumber; 3]>,
    currency: Currency,
}

/// Groups of one dimension by number, each once.
#[derive(Debug, Clone, Default)]
struct Groups {
    numbers: Map<Group, GroupNumber>,
    groups: Vec<Group>,
}

impl Groups {
    fn number(&mut self, group: Group) -> GroupNumber {
        *self.numbers.entry(group).or_insert_with(|| {
            self.groups.push(group);
            GroupNumber(number(self.groups.len() - 1))
        })
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("four billion rows fit in no memory")
}

impl GroupNumber {
    pub(in crate::report) const fn at(self) -> usize {
        self.0 as usize
    }
}

/// A row that is complete but for its names.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Folded<'a> {
    /// Of each dimension of the report.
    pub(in crate::report) groups: &'a [GroupNumber],
    pub(in crate::report) currency: Currency,
    pub(in crate::report) totals: &'a Totals,
    pub(in crate::report) number: RowNumber,
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
        Self {
            groups: vec![Groups::default(); distinct.len()],
            group_by: distinct,
            numbers: Map::default(),
            rows: Vec::new(),
            campaigns: BTreeSet::new(),
        }
    }

    /// By what it is grouped, each once.
    #[must_use]
    pub fn group_by(&self) -> &[Dimension] {
        &self.group_by
    }

    /// Counts one event in. The caller hands in each event once: the ledger knows duplicates.
    pub fn add(&mut self, event: &Event) {
        let dimensions = 0..self.group_by.len();
        let groups: SmallVec<[_; 3]> = dimensions.map(|at| self.groups_of(at, event)).collect();
        let groups: SmallVec<[&[_]; 3]> = groups.iter().map(SmallVec::as_slice).collect();
        for row in self.rows_of(&groups, event.bid.currency, event.bid.campaign) {
            self.add_to(row, event);
        }
    }

    /// The groups that `event` belongs to, of the dimension at that place of [`Report::group_by`].
    fn groups_of(&mut self, at: usize, event: &Event) -> SmallVec<[GroupNumber; 4]> {
        let mut segments = event.bid.setting.segments.iter().peekable();
        if segments.peek().is_none() || self.group_by[at] != Dimension::Segment {
            return smallvec![self.group(at, event, None)];
        }
        segments.map(|segment| self.group(at, event, Some(segment))).collect()
    }

    /// The number of the group that `event` belongs to, counted for `segment`, of the dimension at that place of
    /// [`Report::group_by`].
    ///
    /// # Panics
    ///
    /// If there is no such dimension.
    pub fn group(&mut self, at: usize, event: &Event, segment: Option<SegmentId>) -> GroupNumber {
        self.groups[at].number(self.group_by[at].group(event, segment))
    }

    /// The rows in which an event counts: of `campaign`, of `currency`, and of these groups, for each dimension one, or
    /// those of several segments.
    pub fn rows_of(
        &mut self,
        groups: &[&[GroupNumber]],
        currency: Currency,
        campaign: CampaignId,
    ) -> RowNumbers {
        let Some(segments) = self.group_by.iter().position(|dimension| *dimension == Dimension::Segment)
        else {
            let row = self.row(groups.iter().flat_map(|groups| groups.first()).copied().collect(), currency);
            if self.holds_whole_campaigns() {
                self.campaigns.insert((row, campaign));
            }
            return smallvec![row];
        };
        let total = self.row(SmallVec::new(), currency);
        let of_segment = |segment: &GroupNumber| {
            let one = groups
                .iter()
                .enumerate()
                .flat_map(|(at, groups)| if at == segments { Some(segment) } else { groups.first() });
            self.row(one.copied().collect(), currency)
        };
        std::iter::once(total).chain(groups[segments].iter().map(of_segment)).collect()
    }

    fn row(&mut self, groups: SmallVec<[GroupNumber; 3]>, currency: Currency) -> RowNumber {
        *self.numbers.entry(Key { groups, currency }).or_insert_with(|| {
            self.rows.push(Totals::default());
            RowNumber(number(self.rows.len() - 1))
        })
    }

    /// Counts an event in one of its rows.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn add_to(&mut self, row: RowNumber, event: &Event) {
        self.rows[row.at()].add(event);
    }

    /// Lets the processor fetch rows that are about to be added to, all of them at once: else it waits for each one in turn,
    /// where they are too many for its caches. Nothing else comes of it.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn fetch(&self, rows: impl Iterator<Item = RowNumber>) {
        // A row is longer than what a processor fetches at a time; these fields are all over what most events change.
        let touched = rows.map(|row| {
            let Totals { wins, media, tax_absorbed, .. } = &self.rows[row.at()];
            i128::from(*wins) ^ media.raw() ^ tax_absorbed.data.raw()
        });
        std::hint::black_box(touched.fold(0, |all, one| all ^ one));
    }

    /// True if there are so many rows that [`Report::fetch`] is worth its while.
    #[must_use]
    pub const fn is_worth_fetching(&self) -> bool {
        self.rows.len() > CACHED_MAX
    }

    /// Adds what another part of the events came to.
    ///
    /// # Panics
    ///
    /// If `other` is grouped otherwise.
    pub fn merge(&mut self, other: Self) {
        assert_eq!(self.group_by, other.group_by, "only reports grouped alike add up");
        let groups = self.groups.iter_mut().zip(&other.groups);
        let own_groups: Vec<Vec<GroupNumber>> = groups
            .map(|(own, other)| other.groups.iter().map(|group| own.number(*group)).collect())
            .collect();
        let (before, mut own_rows) = (self.rows.len(), Vec::with_capacity(other.rows.len()));
        for (key, totals) in other.keys().into_iter().zip(&other.rows) {
            let groups = key.groups.iter().zip(&own_groups).map(|(group, own)| own[group.at()]).collect();
            let row = self.row(groups, key.currency);
            own_rows.push(row);
            if row.at() < before {
                self.rows[row.at()].merge(totals);
            } else {
                self.rows[row.at()] = *totals;
            }
        }
        let campaigns = other.campaigns.into_iter();
        self.campaigns.extend(campaigns.map(|(row, campaign)| (own_rows[row.at()], campaign)));
    }

    /// The finished table, with `names` for the ids and the fixed costs of the campaigns.
    ///
    /// A fixed cost enters whole, whatever the period of the events, and once: in the row of its campaign
    /// if that has any event. Where a row may hold part of a campaign only (by line item, day, ...), none
    /// enters, and [`Table::fixed_costs`] says so.
    #[must_use]
    pub fn finish(self, names: &Names) -> Table {
        finish::finish(&self, names)
    }

    /// The groups that were met of each dimension, by their numbers.
    pub(in crate::report) fn groups(&self) -> impl Iterator<Item = &[Group]> {
        self.groups.iter().map(|groups| groups.groups.as_slice())
    }

    /// Every row, in no order.
    pub(in crate::report) fn rows(&self) -> Vec<Folded<'_>> {
        let rows = self.keys().into_iter().zip(&self.rows).enumerate();
        // Not the totals, where they are apart.
        let own = rows.filter(|(_, (key, _))| key.groups.len() == self.group_by.len());
        own.map(|(at, (Key { groups, currency }, totals))| Folded {
            groups,
            currency: *currency,
            totals,
            number: RowNumber(number(at)),
        })
        .collect()
    }

    /// Of each currency all that was counted.
    pub(in crate::report) fn totals(&self) -> BTreeMap<Currency, Totals> {
        let are_apart = self.group_by.contains(&Dimension::Segment);
        let mut totals: BTreeMap<Currency, Totals> = BTreeMap::new();
        for (key, row) in self.keys().into_iter().zip(&self.rows) {
            if !are_apart || key.groups.is_empty() {
                totals.entry(key.currency).or_default().merge(row);
            }
        }
        totals
    }

    /// The keys of the rows, by their numbers.
    fn keys(&self) -> Vec<&Key> {
        let mut keys = vec![None; self.rows.len()];
        self.numbers.iter().for_each(|(key, number)| keys[number.at()] = Some(key));
        keys.into_iter().map(|key| key.expect("a row is made with its key")).collect()
    }

    /// The campaigns in a row, where each lies wholly in one row; else none.
    pub(in crate::report) fn campaigns(&self, row: RowNumber) -> impl Iterator<Item = CampaignId> {
        let (first, last) = ((row, CampaignId::from_raw(0)), (row, CampaignId::from_raw(u64::MAX)));
        self.campaigns.range(first..=last).map(|(_, campaign)| *campaign)
    }

    /// True if each campaign lies wholly in one row.
    pub(in crate::report) fn holds_whole_campaigns(&self) -> bool {
        self.group_by.iter().all(|dimension| dimension.holds_whole_campaigns())
    }
}
