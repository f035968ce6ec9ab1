//! A question put to one block after the other: each different tuple is mapped to its rows once, then events are added up
//! in a loop.

use std::collections::HashMap;
use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use crate::ledger::{Event, EventKind};
use crate::report::{Dimension, GroupNumber, Report, RowNumber};
use crate::shell::figures::block::{Bids, Block, Listener};
use crate::shell::figures::facts::{self, Fact};
use crate::shell::figures::header::Header;
use crate::shell::figures::question::Question;
use crate::units::{CampaignId, Day, SegmentId};

/// True if a block may have events that `question` asks for.
pub(in crate::shell::figures) fn may_tell(header: &Header, question: &Question) -> bool {
    question.from.is_none_or(|from| header.last >= from) && question.to.is_none_or(|to| header.first <= to)
}

/// Some of the events that a question asks for, folded.
#[derive(Debug)]
pub(in crate::shell::figures) struct Folding<'q> {
    question: &'q Question,
    report: Report,
    /// Of each dimension of the report the groups that were met.
    known: Vec<Map<Told, GroupNumber>>,
}

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// What the facts of a dimension tell of one group; of a segment its id, and that there is one.
type Told = [i64; 2];

impl<'q> Folding<'q> {
    /// Of no event.
    pub(in crate::shell::figures) fn new(question: &'q Question) -> Self {
        let report = Report::new(question.by.clone());
        let known = vec![Map::default(); report.group_by().len()];
        Self { question, report, known }
    }

    /// What all came to.
    pub(in crate::shell::figures) fn into_report(self) -> Report {
        self.report
    }

    /// Adds an event that is asked for.
    pub(in crate::shell::figures) fn add(&mut self, event: &Event) {
        self.report.add(event);
    }

    /// Adds what is asked for of `block`; `None` if it cannot be read.
    pub(in crate::shell::figures) fn add_block(&mut self, block: &Block<'_>) -> Option<()> {
        let rows = self.rows(block)?;
        if rows.numbers.is_empty() {
            return Some(());
        }
        let mut adding = Adding { report: &mut self.report, rows, is_known: true };
        block.tell(Bids::Timed, |_| true, &mut adding)?;
        adding.is_known.then_some(())
    }

    /// The rows of the tuples of `block`.
    fn rows(&mut self, block: &Block<'_>) -> Option<Rows> {
        let mut alike = Alike::all(block.tuples());
        let mut columns = Vec::with_capacity(self.known.len());
        for at in 0..self.known.len() {
            let column = self.column(at, block)?;
            alike = alike.and(&column.alike)?;
            columns.push(column);
        }
        for fact in self.question.told_besides() {
            alike = alike.and(&Alike::in_facts(block, &[fact])?)?;
        }
        let (days, campaigns) = (block.fact(Fact::Day)?, block.fact(Fact::Campaign)?);
        let currencies = block.fact(Fact::Currency)?;
        let (mut spans, mut numbers) = (Vec::with_capacity(alike.first.len()), Vec::new());
        for tuple in &alike.first {
            let day = Day::from_raw(i32::try_from(days.of(*tuple)?).ok()?);
            let campaign = CampaignId::from_raw(campaigns.of(*tuple)?.cast_unsigned());
            let first = numbers.len();
            if self.question.asks_for_bids_of(campaign, day) {
                let groups: SmallVec<[&[_]; 3]> = columns.iter().map(|column| column.of(*tuple)).collect();
                let currency = facts::currency(currencies.of(*tuple)?)?;
                numbers.extend(self.report.rows_of(&groups, currency, campaign));
            }
            spans.push(first..numbers.len());
        }
        Some(Rows { alike, spans, numbers })
    }

    /// The groups of the tuples of `block`, of the dimension at that place of the report.
    fn column(&mut self, at: usize, block: &Block<'_>) -> Option<Column> {
        let is_segment = self.report.group_by()[at] == Dimension::Segment;
        let told_by = facts::told_by(self.report.group_by()[at]);
        let facts = told_by.iter().map(|fact| block.fact(*fact)).collect::<Option<Vec<_>>>()?;
        let alike = Alike::in_facts(block, told_by)?;
        let mut groups = Vec::with_capacity(alike.first.len());
        for tuple in &alike.first {
            let mut told = Told::default();
            for (told, fact) in told.iter_mut().zip(&facts) {
                *told = fact.of(*tuple)?;
            }
            groups.push(if is_segment {
                self.segments(at, (block, *tuple), told)?
            } else {
                smallvec![self.group(at, (block, *tuple), told, None)?]
            });
        }
        Some(Column { alike, groups })
    }

    /// The groups of the segments that a tuple's list of that number names.
    fn segments(&mut self, at: usize, of: (&Block<'_>, usize), [list, _]: Told) -> Option<GroupNumbers> {
        let list = of.0.list(list)?;
        if list.is_empty() {
            return Some(smallvec![self.group(at, of, [0, 0], None)?]);
        }
        let id = |raw: &i64| SegmentId::from_raw(raw.cast_unsigned());
        list.iter().map(|raw| self.group(at, of, [*raw, 1], Some(id(raw)))).collect()
    }

    /// The group of a tuple of `block`; only of one that was not met before its facts are read.
    fn group(
        &mut self,
        at: usize,
        (block, tuple): (&Block<'_>, usize),
        told: Told,
        segment: Option<SegmentId>,
    ) -> Option<GroupNumber> {
        if let Some(number) = self.known[at].get(&told) {
            return Some(*number);
        }
        let number = self.report.group(at, &stands_for(block, tuple)?, segment);
        self.known[at].insert(told, number);
        Some(number)
    }
}

/// Which tuples of a block count in the same rows, and in which.
#[derive(Debug)]
struct Rows {
    alike: Alike,
    /// Of those that are alike where their rows are: they have none where they are not asked for.
    spans: Vec<Range<usize>>,
    numbers: Vec<RowNumber>,
}

impl Rows {
    /// Of a tuple; `None` if there is no such tuple.
    fn of(&self, tuple: usize) -> Option<&[RowNumber]> {
        self.numbers.get(self.spans.get(*self.alike.of_tuple.get(tuple)? as usize)?.clone())
    }
}

/// Adds the events of a block where they belong.
struct Adding<'a> {
    report: &'a mut Report,
    rows: Rows,
    /// False once an event had no tuple.
    is_known: bool,
}

impl Listener for Adding<'_> {
    fn next(&mut self, tuples: &[i64]) {
        if self.report.is_worth_fetching() {
            let of = |tuple: &i64| self.rows.of(usize::try_from(*tuple).ok()?);
            self.report.fetch(tuples.iter().filter_map(of).flatten().copied());
        }
    }

    fn event(&mut self, tuple: usize, event: &Event) {
        match self.rows.of(tuple) {
            Some(rows) => rows.iter().for_each(|row| self.report.add_to(*row, event)),
            None => self.is_known = false,
        }
    }
}

/// One group, but of segments several.
type GroupNumbers = SmallVec<[GroupNumber; 4]>;

/// The groups of one dimension, of all tuples of a block.
#[derive(Debug)]
struct Column {
    alike: Alike,
    groups: Vec<GroupNumbers>,
}

impl Column {
    fn of(&self, tuple: usize) -> &[GroupNumber] {
        &self.groups[self.alike.of_tuple[tuple] as usize]
    }
}

/// Which tuples of a block agree in something.
#[derive(Debug, Clone)]
struct Alike {
    /// Of each tuple a number, which is the same of those that agree.
    of_tuple: Vec<u32>,
    /// Of each number its first tuple.
    first: Vec<usize>,
}

/// No number yet.
const NONE: u32 = u32::MAX;
/// Pairs of numbers up to which a table says what they are together; beyond, a map does.
const TABLE_MAX: usize = 1 << 18;

impl Alike {
    /// All in nothing.
    fn all(tuples: usize) -> Self {
        Self { of_tuple: vec![0; tuples], first: (0..tuples.min(1)).collect() }
    }

    /// Those that agree in some facts.
    fn in_facts(block: &Block<'_>, facts: &[Fact]) -> Option<Self> {
        facts.iter().try_fold(Self::all(block.tuples()), |alike, fact| {
            let fact = block.fact(*fact)?;
            if fact.values.len() <= 1 { Some(alike) } else { alike.split(&fact.codes, fact.values.len()) }
        })
    }

    /// Those that agree in that as well.
    fn and(self, other: &Self) -> Option<Self> {
        match (self.first.len(), other.first.len()) {
            (_, 0 | 1) => Some(self),
            (0 | 1, _) => Some(other.clone()),
            (_, numbers) => self.split(&other.of_tuple, numbers),
        }
    }

    /// Those that have the same code, too, of so many; never more numbers than tuples.
    fn split(&self, codes: &[u32], count: usize) -> Option<Self> {
        let mut finer = Self { of_tuple: Vec::with_capacity(codes.len()), first: Vec::new() };
        let pairs = self.first.len().checked_mul(count)?;
        let mut table = if pairs <= TABLE_MAX { vec![NONE; pairs] } else { Vec::new() };
        let mut map: Map<usize, u32> = Map::default();
        for (tuple, (number, code)) in self.of_tuple.iter().zip(codes).enumerate() {
            let pair = *number as usize * count + *code as usize;
            let number = match table.get_mut(pair) {
                Some(number) => number,
                None => map.entry(pair).or_insert(NONE),
            };
            if *number == NONE {
                *number = u32::try_from(finer.first.len()).ok()?;
                finer.first.push(tuple);
            }
            finer.of_tuple.push(*number);
        }
        Some(finer)
    }
}

/// An event of tuple `number`, as far as the tuple tells.
fn stands_for(block: &Block<'_>, number: usize) -> Option<Event> {
    let (facts, bid) = (block.facts_of(number)?, block.bid(number)?);
    let kind = match facts::loss(&facts) {
        Some(reason) => EventKind::Loss { reason, min_to_win: None },
        None => EventKind::View,
    };
    Some(Event { bid, at: bid.at, kind })
}
