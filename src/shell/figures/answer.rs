//! A question put to every day, on all cores.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::report::Report;
use crate::shell::figures::block::Block;
use crate::shell::figures::files::Stored;
use crate::shell::figures::fold::{self, Row};
use crate::shell::figures::plan::{Plan, plan};
use crate::shell::figures::question::Question;
use crate::shell::store::{Filed, Store, StoreError};
use crate::units::Day;

/// How often files may turn out not to be what their heads say, each time others, before the ledger is read instead.
const ATTEMPTS: usize = 3;

/// What all events of the ledger come to.
///
/// # Errors
///
/// As [`plan`].
pub(in crate::shell::figures) fn report(
    store: &Store,
    filed: &Filed,
    data: &Path,
    question: &Question,
) -> Result<Report, StoreError> {
    let mut distrusted = BTreeSet::new();
    for _ in 0..ATTEMPTS {
        let plan = plan(store, filed, data, &distrusted)?;
        match fold(&plan, question) {
            Ok(report) => return Ok(report),
            Err(damaged) => distrusted.extend(damaged),
        }
    }
    crate::shell::figures::scan(store, question)
}

/// Folds every block and what came since; or the days of which a block is not what its head says.
fn fold(plan: &Plan, question: &Question) -> Result<Report, BTreeSet<Day>> {
    let mut report = Report::new(question.by.clone());
    let blocks: Vec<(Day, &Stored)> = plan
        .iter()
        .flat_map(|(day, planned)| planned.blocks.iter().map(|block| (*day, block)))
        .filter(|(_, block)| fold::may_tell(&block.header, question))
        .collect();
    let damaged = Mutex::new(BTreeSet::new());
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut part, mut buffer) = (Report::new(question.by.clone()), Vec::new());
        while let Some((day, block)) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
            match rows_of(block, question, &mut buffer) {
                Some(rows) => rows.iter().for_each(|(event, totals)| part.add_totals(event, totals)),
                None => drop(damaged.lock().map(|mut days| days.insert(*day))),
            }
        }
        part
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(blocks.len());
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
        report.merge(work());
        for other in others {
            match other.join() {
                Ok(part) => report.merge(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    let damaged = damaged.into_inner().unwrap_or_default();
    if !damaged.is_empty() {
        return Err(damaged);
    }
    for event in plan.values().flat_map(|planned| &planned.more) {
        if question.asks_for(&event.bid) {
            report.add(event);
        }
    }
    Ok(report)
}

fn rows_of(block: &Stored, question: &Question, buffer: &mut Vec<u8>) -> Option<Vec<Row>> {
    let body = block.body(buffer)?;
    fold::rows(&Block::read(&block.header, body)?, question)
}
