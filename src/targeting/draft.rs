//! Lays out the clauses of all rows in columns: off the bid path.
//!
//! A column holds at most one clause of a row. Attributes that many rows ask for have a column of their own;
//! the clauses of the others, those over several attributes and a row's second on the same attribute go to
//! the first shared column that the row has free. What a row shuns in any case goes to one column for all.

use crate::campaign::Attribute;
use crate::targeting::clause::{Clause, Clauses, Literal, NEGATIVES_MAX};
use crate::targeting::column::Column;
use crate::targeting::lookup::{Code, Lane, Lookup, Maker};
use crate::targeting::rule::Node;
use crate::targeting::sets::Sets;

/// An attribute that one in so many rows asks for has its own column.
const OWN_COLUMN_SHARE: usize = 64;
/// Clauses of a row that columns take; what its others say is asked of the row. A search may have to pass
/// as many columns.
const ROW_CLAUSES_MAX: usize = 48;
/// A set of at least so many keys is stored once for all its rows, if one in [`SHARED_ROWS_SHARE`] and at least
/// [`SHARED_ROWS_MIN`] have it: days and hours, mostly.
const SHARED_KEYS_MIN: usize = 8;
const SHARED_ROWS_MIN: usize = 4;
/// Bounds how many such sets a key leads to.
const SHARED_ROWS_SHARE: usize = 128;

/// The clauses of rows, before they have columns.
#[derive(Default)]
pub(super) struct Draft {
    sets: Sets,
    clauses: Vec<Drafted>,
    literals: Vec<Wanted>,
    /// Row and what of its rule clauses do not say.
    residuals: Vec<(u32, Box<[Node]>)>,
}

#[derive(Clone, Copy)]
struct Drafted {
    row: u32,
    sort: Sort,
    /// Where its literals end in `literals`.
    end: usize,
}

#[derive(Clone, Copy)]
struct Wanted {
    set: u32,
    negative: bool,
}

/// What kind of column a clause can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Some keys of one attribute.
    Of(Attribute),
    /// Keys of several attributes, and perhaps none of some other keys.
    Mixed,
    /// None of these keys, or none of those.
    Multiple,
    /// None of some keys.
    Shunned,
}

/// What an index is made of.
pub(super) struct Layout {
    /// The fewest rows first.
    pub(super) columns: Box<[Column]>,
    pub(super) lookup: Lookup,
    pub(super) lanes: usize,
    /// A bit for each attribute that some row asks for.
    pub(super) attributes: u64,
    /// In the order of rows.
    pub(super) residuals: Box<[(u32, Box<[Node]>)]>,
}

impl Draft {
    /// Adds the rule of the next row.
    pub(super) fn add(&mut self, row: u32, conjuncts: Vec<Node>) {
        let mut residual = Vec::new();
        let mut left = ROW_CLAUSES_MAX;
        for node in conjuncts {
            let Clauses { all, mut exact } = Clauses::of(&node);
            for clause in all {
                let sort = Sort::of(&clause);
                if sort != Sort::Shunned {
                    if left == 0 {
                        exact = false;
                        continue;
                    }
                    left -= 1;
                }
                self.add_clause(row, sort, &clause);
            }
            if !exact {
                residual.push(node);
            }
        }
        if !residual.is_empty() {
            self.residuals.push((row, residual.into()));
        }
    }

    fn add_clause(&mut self, row: u32, sort: Sort, clause: &Clause<'_>) {
        for literal in clause {
            let set = self.sets.number(literal);
            self.literals.push(Wanted { set, negative: literal.negative });
        }
        self.clauses.push(Drafted { row, sort, end: self.literals.len() });
    }

    /// Lays out all that was added over `rows` rows.
    pub(super) fn lay_out(mut self, rows: usize) -> Layout {
        let mut columns = Columns::new(rows, self.own_columns(rows));
        let mut placed: Vec<Placed> = Vec::with_capacity(self.literals.len());
        let mut start = 0;
        for clause in &self.clauses {
            let literals = &self.literals[start..clause.end];
            start = clause.end;
            let column = columns.take(clause.row, clause.sort);
            columns.place(column, clause.row, literals, &mut placed);
        }
        self.clauses = Vec::new();
        self.literals = Vec::new();
        let attributes =
            placed.iter().fold(0, |bits, placed| bits | 1 << self.sets.attribute(placed.set) as u32);
        let lookup = lookup(&self.sets, placed, rows);
        Layout {
            lanes: usize::from(columns.lanes),
            columns: columns.finish(),
            lookup,
            attributes,
            residuals: self.residuals.into(),
        }
    }

    /// A bit for each attribute that has a column of its own.
    fn own_columns(&self, rows: usize) -> u64 {
        let mut counts = [0_usize; Attribute::COUNT];
        for clause in &self.clauses {
            if let Sort::Of(attribute) = clause.sort {
                counts[attribute as usize] += 1;
            }
        }
        let many = |attribute: &Attribute| counts[*attribute as usize] * OWN_COLUMN_SHARE > rows;
        Attribute::ALL.iter().copied().filter(many).fold(0, |bits, attribute| bits | 1 << attribute as u32)
    }
}

impl Sort {
    fn of(clause: &[Literal<'_>]) -> Self {
        let negatives = clause.iter().filter(|literal| literal.negative).count();
        match clause {
            [_] if negatives == 1 => Self::Shunned,
            _ if negatives > 1 => Self::Multiple,
            _ if negatives == 1 => Self::Mixed,
            [first, rest @ ..] if rest.iter().all(|literal| literal.attribute == first.attribute) => {
                Self::Of(first.attribute)
            }
            _ => Self::Mixed,
        }
    }
}

/// A row that asks for the keys of a set on a lane.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    set: u32,
    lane: Lane,
    row: u32,
}

/// The columns so far, and which of them the row at hand has free.
struct Columns {
    rows: usize,
    columns: Vec<Column>,
    lanes: Lane,
    /// By attribute.
    own: [Option<usize>; Attribute::COUNT],
    owning: u64,
    mixed: Vec<usize>,
    multiple: Vec<usize>,
    shunned: Option<usize>,
    row: u32,
    own_taken: u64,
    mixed_taken: usize,
    multiple_taken: usize,
}

impl Columns {
    fn new(rows: usize, owning: u64) -> Self {
        Self {
            rows,
            columns: Vec::new(),
            lanes: 0,
            own: [None; Attribute::COUNT],
            owning,
            mixed: Vec::new(),
            multiple: Vec::new(),
            shunned: None,
            row: u32::MAX,
            own_taken: 0,
            mixed_taken: 0,
            multiple_taken: 0,
        }
    }

    /// The column for a clause of `row`.
    fn take(&mut self, row: u32, sort: Sort) -> usize {
        if row != self.row {
            (self.row, self.own_taken, self.mixed_taken, self.multiple_taken) = (row, 0, 0, 0);
        }
        match sort {
            Sort::Of(attribute) if (self.owning & !self.own_taken) >> attribute as u32 & 1 == 1 => {
                self.own_taken |= 1 << attribute as u32;
                match self.own[attribute as usize] {
                    Some(column) => column,
                    None => {
                        let column = self.add(0);
                        self.own[attribute as usize] = Some(column);
                        column
                    }
                }
            }
            Sort::Of(_) | Sort::Mixed => {
                if self.mixed.len() == self.mixed_taken {
                    let column = self.add(1);
                    self.mixed.push(column);
                }
                self.mixed_taken += 1;
                self.mixed[self.mixed_taken - 1]
            }
            Sort::Multiple => {
                if self.multiple.len() == self.multiple_taken {
                    let column = self.add(NEGATIVES_MAX);
                    self.multiple.push(column);
                }
                self.multiple_taken += 1;
                self.multiple[self.multiple_taken - 1]
            }
            Sort::Shunned => match self.shunned {
                Some(column) => column,
                None => {
                    let column = self.add(1);
                    self.shunned = Some(column);
                    column
                }
            },
        }
    }

    fn add(&mut self, negatives: usize) -> usize {
        let column = Column::new(self.rows, self.lanes, negatives);
        self.lanes = column.lanes_end();
        self.columns.push(column);
        self.columns.len() - 1
    }

    fn place(&mut self, column: usize, row: u32, literals: &[Wanted], placed: &mut Vec<Placed>) {
        let column = &mut self.columns[column];
        let mut negatives = 0;
        for literal in literals {
            let lane = if literal.negative {
                negatives += 1;
                column.negative_lane(negatives - 1)
            } else {
                column.lane()
            };
            placed.push(Placed { set: literal.set, lane, row });
        }
        column.constrain(row as usize, negatives);
    }

    fn finish(self) -> Box<[Column]> {
        let mut columns = self.columns;
        columns.iter_mut().for_each(Column::seal);
        columns.sort_by_key(Column::passing);
        columns.into()
    }
}

/// The table of all that is `placed`.
fn lookup(sets: &Sets, mut placed: Vec<Placed>, rows: usize) -> Lookup {
    placed.sort_unstable();
    placed.dedup();
    let shared_rows = SHARED_ROWS_MIN.max(rows / SHARED_ROWS_SHARE);
    let mut maker = Maker::new(rows);
    // What no set shares, by code.
    let mut single: Vec<(Code, Lane, u32)> = Vec::new();
    let mut numbers: Vec<u32> = Vec::new();
    for group in placed.chunk_by(|one, other| (one.set, one.lane) == (other.set, other.lane)) {
        let Placed { set, lane, .. } = group[0];
        if group.len() >= shared_rows && sets.len(set) >= SHARED_KEYS_MIN {
            numbers.clear();
            numbers.extend(group.iter().map(|placed| placed.row));
            let link = maker.link(lane, &numbers);
            sets.codes(set).for_each(|code| maker.lead(code, link));
        } else {
            let each = group.iter().flat_map(|placed| sets.codes(set).map(|code| (code, lane, placed.row)));
            single.extend(each);
        }
    }
    drop(placed);
    single.sort_unstable();
    single.dedup();
    for group in single.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        numbers.clear();
        numbers.extend(group.iter().map(|(_, _, row)| *row));
        let link = maker.link(group[0].1, &numbers);
        maker.lead(group[0].0, link);
    }
    maker.finish()
}
