//! A question put to one block: each different tuple is mapped to its row once, then events are added up in a loop.

use std::collections::HashMap;

use crate::ledger::{Event, EventKind};
use crate::report::Totals;
use crate::shell::figures::block::{Bids, Block};
use crate::shell::figures::facts::{self, Fact};
use crate::shell::figures::header::Header;
use crate::shell::figures::question::Question;

/// No row.
const NONE: u32 = u32::MAX;
/// Pairs of numbers up to which a table says what they are together; beyond, a map does.
const TABLE_MAX: usize = 1 << 20;

/// One row's part of a block: an event that stands for its group, and what all of them add up to.
pub(in crate::shell::figures) type Row = (Event, Totals);

/// True if a block may have events that `question` asks for.
pub(in crate::shell::figures) fn may_tell(header: &Header, question: &Question) -> bool {
    question.from.is_none_or(|from| header.last >= from) && question.to.is_none_or(|to| header.first <= to)
}

/// The rows of `block`; `None` if it cannot be read.
pub(in crate::shell::figures) fn rows(block: &Block<'_>, question: &Question) -> Option<Vec<Row>> {
    let Groups { of_tuple, first } = groups(block, &question.told_by())?;
    let mut rows: Vec<Row> = Vec::new();
    let mut row_of = Vec::with_capacity(first.len());
    for tuple in first {
        let event = stands_for(block, tuple)?;
        row_of.push(if question.asks_for(&event.bid) {
            rows.push((event, Totals::default()));
            u32::try_from(rows.len() - 1).ok()?
        } else {
            NONE
        });
    }
    if rows.is_empty() {
        return Some(rows);
    }
    let row_of: Vec<u32> = of_tuple.iter().map(|group| row_of[*group as usize]).collect();
    let mut is_known = true;
    block.each(
        Bids::Timed,
        |_| true,
        |tuple, event| match row_of.get(tuple) {
            Some(&NONE) => {}
            Some(row) => rows[*row as usize].1.add(event),
            None => is_known = false,
        },
    )?;
    is_known.then_some(rows)
}

/// Which tuples agree in the facts that are asked for.
struct Groups {
    of_tuple: Vec<u32>,
    /// Of each group its first tuple.
    first: Vec<usize>,
}

/// Numbers groups fact by fact, so that there are never more numbers than tuples.
fn groups(block: &Block<'_>, told_by: &[Fact]) -> Option<Groups> {
    let tuples = block.tuples();
    let mut groups = Groups { of_tuple: vec![0; tuples], first: (0..tuples.min(1)).collect() };
    for fact in told_by {
        let (values, codes) = block.fact(*fact)?;
        if values.len() > 1 {
            groups = split(&groups, values.len(), &codes)?;
        }
    }
    Some(groups)
}

fn split(groups: &Groups, values: usize, codes: &[i64]) -> Option<Groups> {
    let mut finer = Groups { of_tuple: Vec::with_capacity(codes.len()), first: Vec::new() };
    let pairs = groups.first.len().checked_mul(values)?;
    let mut table = if pairs <= TABLE_MAX { vec![NONE; pairs] } else { Vec::new() };
    let mut map: HashMap<usize, u32, foldhash::fast::RandomState> = HashMap::default();
    for (tuple, (group, code)) in groups.of_tuple.iter().zip(codes).enumerate() {
        let pair = *group as usize * values + usize::try_from(*code).ok()?;
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

/// An event of tuple `number`, as far as the tuple tells.
fn stands_for(block: &Block<'_>, number: usize) -> Option<Event> {
    let (facts, bid) = (block.facts_of(number)?, block.bid(number)?);
    let kind = match facts::loss(&facts) {
        Some(reason) => EventKind::Loss { reason, min_to_win: None },
        None => EventKind::View,
    };
    Some(Event { bid, at: bid.at, kind })
}
