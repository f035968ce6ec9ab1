//! A fold becomes a table: its rows are named and put in order, and the totals are added.
//!
//! Each group is named once, and its name looked at once for the order: rows have numbers until then, and share the names.

use std::collections::BTreeMap;

use crate::report::dimension::Group;
use crate::report::fold::{Folded, GroupNumber, Report};
use crate::report::totals::sum;
use crate::report::{Aim, Dimension, FixedCosts, Label, Names, Row, Scope, Table};
use crate::units::{Currency, Femtos, Nanos};

/// Names the rows of `report`, puts them in order and adds the totals.
pub(in crate::report) fn finish(report: &Report, names: &Names) -> Table {
    let group_by = report.group_by().to_vec();
    let columns: Vec<Column> = report.groups().map(|groups| Column::new(groups, names)).collect();
    let aims = Aims::new(report, names);
    let totals = report.totals().into_iter();
    let mut totals: BTreeMap<Currency, Row> =
        totals.map(|(currency, totals)| (currency, Row { totals, ..Row::empty(currency) })).collect();
    let row = |folded: Folded<'_>| {
        let named = columns.iter().zip(folded.groups);
        let fixed = fixed_costs(report, &folded, names);
        if let Some(total) = totals.get_mut(&folded.currency) {
            total.fixed = sum(total.fixed, fixed);
        }
        Row {
            labels: named.map(|(column, group)| column.labels[group.at()].clone()).collect(),
            currency: folded.currency,
            totals: *folded.totals,
            fixed,
            aims: aims.of(&folded),
        }
    };
    let rows = in_order(report, &columns).into_iter().map(row).collect();
    let left_out =
        !report.holds_whole_campaigns() && names.fixed_costs.values().any(|cost| cost.amount != Nanos::ZERO);
    let fixed_costs = if left_out { FixedCosts::LeftOut } else { FixedCosts::Included };
    Table { group_by, rows, totals: totals.into_values().collect(), fixed_costs }
}

/// The groups of one dimension as rows show them, by number.
struct Column {
    labels: Vec<Label>,
    by_name: Places,
    /// Where two ids have one name.
    by_id: Option<Places>,
}

/// Where each group stands in an order.
struct Places {
    of_group: Vec<usize>,
    count: usize,
}

impl Column {
    fn new(groups: &[Group], names: &Names) -> Self {
        let labels: Vec<Label> = groups.iter().map(|group| names.label(*group)).collect();
        let by_name = Places::new(&labels.iter().map(Label::machine).collect::<Vec<_>>());
        let by_id = (by_name.count < groups.len()).then(|| Places::new(groups));
        Self { labels, by_name, by_id }
    }
}

impl Places {
    /// Of these values; those that are equal share one.
    fn new<T: Ord>(values: &[T]) -> Self {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by(|a, b| values[*a].cmp(&values[*b]));
        let (mut of_group, mut count) = (vec![0; values.len()], 0);
        for same in order.chunk_by(|a, b| values[*a] == values[*b]) {
            same.iter().for_each(|at| of_group[*at] = count);
            count += 1;
        }
        Self { of_group, count }
    }

    fn of(&self, group: GroupNumber) -> usize {
        self.of_group[group.at()]
    }
}

/// The rows by their names, then by currency; two ids with one name in the order of the ids.
fn in_order<'a>(report: &'a Report, columns: &[Column]) -> Vec<Folded<'a>> {
    let mut rows = report.rows();
    // What decides least is put in order first: what comes after it leaves it so, where it does not decide.
    for (at, column) in columns.iter().enumerate().rev() {
        if let Some(places) = &column.by_id {
            rows = counted(&rows, places.count, |row| places.of(row.groups[at]));
        }
    }
    rows.sort_by_key(|row| row.currency);
    for (at, column) in columns.iter().enumerate().rev() {
        let places = &column.by_name;
        rows = counted(&rows, places.count, |row| places.of(row.groups[at]));
    }
    rows
}

/// `rows` in the order of `place`, of which there are so many; those of one place stay in their order.
fn counted<T: Copy>(rows: &[T], places: usize, place: impl Fn(&T) -> usize) -> Vec<T> {
    let mut next = vec![0; places + 1];
    rows.iter().for_each(|row| next[place(row) + 1] += 1);
    (1..=places).for_each(|place| next[place] += next[place - 1]);
    let mut order = rows.to_vec();
    for row in rows {
        let next = &mut next[place(row)];
        order[*next] = *row;
        *next += 1;
    }
    order
}

/// What rows are held against: their line item's aims, else their campaign's.
struct Aims {
    /// The dimension that tells, by its place in the report, and the aims of each of its groups.
    told: Option<(usize, Vec<Vec<Aim>>)>,
}

impl Aims {
    fn new(report: &Report, names: &Names) -> Self {
        let group_by = report.group_by();
        let of_group = |group: &Group| {
            let aims = match group {
                Group::LineItem(id) => names.aims.get(&Scope::LineItem(*id)),
                Group::Campaign(id) => names.aims.get(&Scope::Campaign(*id)),
                _ => None,
            };
            aims.into_iter().flatten().filter(|aim| aim.kind.fits(group_by)).copied().collect()
        };
        let at = |told_by: Dimension| group_by.iter().position(|dimension| *dimension == told_by);
        let at = at(Dimension::LineItem).or_else(|| at(Dimension::Campaign));
        let told = at.zip(at.and_then(|at| report.groups().nth(at)));
        Self { told: told.map(|(at, groups)| (at, groups.iter().map(of_group).collect())) }
    }

    fn of(&self, row: &Folded<'_>) -> Vec<Aim> {
        self.told.as_ref().map_or_else(Vec::new, |(at, aims)| aims[row.groups[*at].at()].clone())
    }
}

fn fixed_costs(report: &Report, row: &Folded<'_>, names: &Names) -> Femtos {
    let costs = report.campaigns(row.number).filter_map(|campaign| names.fixed_costs.get(&campaign));
    costs.filter(|cost| cost.currency == row.currency).map(|cost| cost.amount.to_femtos()).sum()
}
