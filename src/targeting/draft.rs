//! Lays out the rules of all rows in columns: off the bid path.
//!
//! Attributes that many rows ask for have a column of their own, others share one: a key then leads to one lane
//! mostly. Clauses over several attributes, and a row's second in the same column, go to the first of further
//! columns that the row has free. What a row shuns in any case goes to one column for all.

use crate::campaign::Attribute;
use crate::targeting::column::{Branch, Choice, Column, Group};
use crate::targeting::lookup::{Code, Lane, Link, Lookup, Maker};
use crate::targeting::part::Part;
use crate::targeting::rows::Blocks;
use crate::targeting::rule::Node;
use crate::targeting::sets::Sets;

/// Attributes share a column until one in so many rows asks for them: then few rows ask for two of them.
const COLUMN_SHARE: usize = 16;
/// A search clears as many words first, and may have to pass as many columns. Usual rules need below 100; what is
/// beyond is asked of the row.
const LANES_MAX: usize = 8_192;
/// A set of at least so many keys is stored once for all its rows, if so many have it: days and hours, lists from
/// files.
const SHARED_KEYS_MIN: usize = 8;
const SHARED_ROWS_MIN: usize = 4;
/// A key of more such sets has rows of its own instead: a search looks at each set.
const SETS_OF_KEY_MAX: usize = 32;

/// The rules of rows, before they have columns.
#[derive(Default)]
pub(super) struct Draft {
    sets: Sets,
    /// In the order of rows.
    parts: Vec<(u32, Part)>,
}

/// What an index is made of.
pub(super) struct Layout {
    pub(super) group: Group,
    pub(super) lookup: Lookup,
    pub(super) lanes: usize,
    /// A bit for each attribute that some row asks for.
    pub(super) attributes: u128,
    /// Rows of whose rule something is left to ask, in order, perhaps more than once.
    pub(super) partial: Vec<u32>,
}

impl Draft {
    /// Adds the rule of the next row: all of `conjuncts`.
    pub(super) fn add(&mut self, row: u32, conjuncts: &[Node]) {
        for node in conjuncts {
            let part = Part::of(node, &mut self.sets);
            self.parts.push((row, part));
        }
    }

    /// Lays out all that was added over `rows` rows.
    pub(super) fn lay_out(self, rows: usize) -> Layout {
        let mut placing = Placing { sets: &self.sets, rows, lanes: 0, placed: Vec::new() };
        let homes = self.homes(rows);
        let mut columns = Columns::new(&homes);
        let mut partial = Vec::new();
        for (row, part) in &self.parts {
            if usize::from(placing.lanes) + part.lanes_max() > LANES_MAX {
                partial.push(*row);
            } else {
                columns.place(*row, part, &mut placing);
            }
        }
        let Placing { placed, lanes, .. } = placing;
        drop(self.parts);
        let attributes = placed.iter().fold(0, |bits, placed| bits | self.sets.bit(placed.set));
        let lookup = lookup(&self.sets, placed, rows);
        let mut group = columns.finish();
        group.seal();
        Layout { group, lookup, lanes: usize::from(lanes), attributes, partial }
    }

    /// By attribute: the number of its column.
    fn homes(&self, rows: usize) -> Homes {
        let mut counts = [0_usize; Attribute::COUNT];
        self.parts.iter().for_each(|(_, part)| self.count(part, &mut counts));
        let mut attributes: Vec<Attribute> = Attribute::ALL.to_vec();
        attributes.retain(|attribute| counts[*attribute as usize] > 0);
        attributes.sort_by_key(|attribute| std::cmp::Reverse(counts[*attribute as usize]));
        let mut homes = [0; Attribute::COUNT];
        let (mut home, mut filled) = (0, 0);
        for attribute in attributes {
            let count = counts[attribute as usize];
            if filled > 0 && (filled + count) * COLUMN_SHARE > rows {
                (home, filled) = (home + 1, 0);
            }
            homes[attribute as usize] = home;
            filled += count;
        }
        homes
    }

    /// Counts the clauses of `part` that are of one attribute, by attribute.
    fn count(&self, part: &Part, counts: &mut [usize; Attribute::COUNT]) {
        match part {
            Part::Clause { wanted, shunned: None } => {
                if let [set] = **wanted {
                    counts[self.sets.attribute(set) as usize] += 1;
                }
            }
            Part::Clause { .. } => {}
            Part::Choice(branches) => branches.iter().flatten().for_each(|part| self.count(part, counts)),
        }
    }
}

/// By attribute: the number of the column that its clauses go to first.
type Homes = [u8; Attribute::COUNT];

/// A row that asks for the keys of a set on a lane.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    set: u32,
    lane: Lane,
    row: u32,
}

/// What all columns share while rows are placed.
struct Placing<'d> {
    sets: &'d Sets,
    rows: usize,
    lanes: Lane,
    placed: Vec<Placed>,
}

/// The columns and choices of a group so far, and which of them the row at hand has free.
struct Columns<'d> {
    columns: Vec<Column>,
    choices: Vec<(Blocks, Vec<(Blocks, Self)>)>,
    homes: &'d Homes,
    /// Columns by their number in `homes`.
    own: Vec<(u8, usize)>,
    mixed: Vec<usize>,
    shunned: Option<usize>,
    row: Option<u32>,
    own_taken: u128,
    mixed_taken: usize,
    choices_taken: usize,
}

impl<'d> Columns<'d> {
    fn new(homes: &'d Homes) -> Self {
        Self {
            columns: Vec::new(),
            choices: Vec::new(),
            homes,
            own: Vec::new(),
            mixed: Vec::new(),
            shunned: None,
            row: None,
            own_taken: 0,
            mixed_taken: 0,
            choices_taken: 0,
        }
    }

    /// Places `part` of the rule of `row`, whose parts come together.
    fn place(&mut self, row: u32, part: &Part, placing: &mut Placing<'_>) {
        if self.row != Some(row) {
            self.row = Some(row);
            (self.own_taken, self.mixed_taken, self.choices_taken) = (0, 0, 0);
        }
        match part {
            Part::Clause { wanted, shunned } => self.place_clause(row, wanted, *shunned, placing),
            Part::Choice(branches) => self.place_choice(row, branches, placing),
        }
    }

    fn place_clause(&mut self, row: u32, wanted: &[u32], shunned: Option<u32>, placing: &mut Placing<'_>) {
        let at = match (wanted, shunned) {
            ([], Some(_)) => match self.shunned {
                Some(at) => at,
                None => *self.shunned.insert(placing.add(&mut self.columns)),
            },
            ([set], None) => {
                let home = self.homes[placing.sets.attribute(*set) as usize];
                if self.own_taken >> home & 1 == 1 {
                    self.mixed_column(placing)
                } else {
                    self.own_taken |= 1 << home;
                    self.own_column(home, placing)
                }
            }
            _ => self.mixed_column(placing),
        };
        let column = &mut self.columns[at];
        match shunned {
            Some(set) => {
                column.base.touch(row as usize);
                placing.placed.push(Placed { set, lane: column.shunned_lane(), row });
            }
            None => column.base.clear(row as usize),
        }
        let lane = column.lane;
        placing.placed.extend(wanted.iter().map(|set| Placed { set: *set, lane, row }));
    }

    fn own_column(&mut self, home: u8, placing: &mut Placing<'_>) -> usize {
        if let Some((_, at)) = self.own.iter().find(|(own, _)| *own == home) {
            return *at;
        }
        let at = placing.add(&mut self.columns);
        self.own.push((home, at));
        at
    }

    /// The first shared column that the row has free.
    fn mixed_column(&mut self, placing: &mut Placing<'_>) -> usize {
        if self.mixed.len() == self.mixed_taken {
            self.mixed.push(placing.add(&mut self.columns));
        }
        self.mixed_taken += 1;
        self.mixed[self.mixed_taken - 1]
    }

    fn place_choice(&mut self, row: u32, branches: &[Box<[Part]>], placing: &mut Placing<'_>) {
        if self.choices.len() == self.choices_taken {
            self.choices.push((Blocks::new(placing.rows, true), Vec::new()));
        }
        let (base, taken) = &mut self.choices[self.choices_taken];
        self.choices_taken += 1;
        base.clear(row as usize);
        for (at, parts) in branches.iter().enumerate() {
            if taken.len() == at {
                taken.push((Blocks::new(placing.rows, false), Self::new(self.homes)));
            }
            let (rows, columns) = &mut taken[at];
            rows.set(row as usize);
            parts.iter().for_each(|part| columns.place(row, part, placing));
        }
    }

    fn finish(self) -> Group {
        let choices = self.choices.into_iter().map(|(base, branches)| {
            let branches =
                branches.into_iter().map(|(rows, columns)| Branch { rows, group: columns.finish() });
            Choice { base, branches: branches.collect() }
        });
        Group { columns: self.columns, choices: choices.collect() }
    }
}

impl Placing<'_> {
    /// Adds a column to `columns`.
    fn add(&mut self, columns: &mut Vec<Column>) -> usize {
        columns.push(Column { lane: self.lanes, base: Blocks::new(self.rows, true) });
        // The second lane is that of what is shunned.
        self.lanes += 2;
        columns.len() - 1
    }
}

/// The table of all that is `placed`.
fn lookup(sets: &Sets, mut placed: Vec<Placed>, rows: usize) -> Lookup {
    placed.sort_unstable();
    placed.dedup();
    let mut maker = Maker::new(rows);
    // What no set shares, by code; and what some do.
    let mut single: Vec<(Code, Lane, u32)> = Vec::new();
    let mut shared: Vec<&[Placed]> = Vec::new();
    let mut leads: Vec<(Code, usize)> = Vec::new();
    for group in placed.chunk_by(|one, other| (one.set, one.lane) == (other.set, other.lane)) {
        let codes = sets.codes(group[0].set);
        if group.len() >= SHARED_ROWS_MIN && sets.len(group[0].set) >= SHARED_KEYS_MIN {
            leads.extend(codes.map(|code| (code, shared.len())));
            shared.push(group);
        } else {
            single.extend(
                codes.flat_map(|code| group.iter().map(move |placed| (code, placed.lane, placed.row))),
            );
        }
    }
    leads.sort_unstable();
    let mut links: Vec<Option<Link>> = vec![None; shared.len()];
    for group in leads.chunk_by(|one, other| one.0 == other.0) {
        for (code, at) in group {
            if group.len() > SETS_OF_KEY_MAX {
                single.extend(shared[*at].iter().map(|placed| (*code, placed.lane, placed.row)));
            } else {
                let link = links[*at].get_or_insert_with(|| {
                    let numbers: Vec<u32> = shared[*at].iter().map(|placed| placed.row).collect();
                    maker.link(shared[*at][0].lane, &numbers)
                });
                maker.lead(*code, *link);
            }
        }
    }
    drop((leads, shared));
    drop(placed);
    single.sort_unstable();
    single.dedup();
    let mut numbers: Vec<u32> = Vec::new();
    for group in single.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        numbers.clear();
        numbers.extend(group.iter().map(|(_, _, row)| *row));
        let link = maker.link(group[0].1, &numbers);
        maker.lead(group[0].0, link);
    }
    maker.finish()
}
