//! A question put to every day, on all cores.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::ledger::Event;
use crate::report::Report;
use crate::shell::figures::block::{Bids, Block};
use crate::shell::figures::files::Stored;
use crate::shell::figures::fold::{self, Folding};
use crate::shell::figures::plan::{Plan, plan};
use crate::shell::figures::question::Question;
use crate::shell::figures::row::Section;
use crate::shell::store::{Filed, Store, StoreError};
use crate::units::Day;

/// How often files may turn out not to be what their heads say, each time others, before the ledger is read instead.
const ATTEMPTS: usize = 3;

/// What all events of the ledger that `question` asks for come to.
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
    let empty = || Folding::new(question);
    let parts = each_part(store, filed, data, question, (&empty, &Folding::add_block, &Folding::add))?;
    let Some(parts) = parts else { return crate::shell::figures::scan(store, question) };
    let merged = parts.into_iter().map(Folding::into_report).reduce(|mut whole, part| {
        whole.merge(part);
        whole
    });
    Ok(merged.unwrap_or_else(|| empty().into_report()))
}

/// Folds the events of `sections` that `question` asks for into one part for each core.
///
/// # Errors
///
/// As [`plan`].
pub(in crate::shell::figures) fn parts<P: Send>(
    store: &Store,
    filed: &Filed,
    data: &Path,
    (question, sections): (&Question, &[Section]),
    (empty, add): (&(impl Fn() -> P + Sync), &(impl Fn(&mut P, &Event) + Sync)),
) -> Result<Vec<P>, StoreError> {
    let asked = |part: &mut P, event: &Event| {
        if sections.contains(&Section::of(&event.kind)) && question.asks_for(&event.bid) {
            add(part, event);
        }
    };
    let of_block = |part: &mut P, block: &Block<'_>| {
        block.each(Bids::Whole, |section| sections.contains(&section), |_, event| asked(part, event))
    };
    if let Some(parts) = each_part(store, filed, data, question, (empty, &of_block, &asked))? {
        return Ok(parts);
    }
    let mut part = empty();
    store.events(|event| asked(&mut part, event))?;
    Ok(vec![part])
}

/// One part for each core, of all blocks and what came since; `None` if the files cannot be trusted.
fn each_part<P: Send>(
    store: &Store,
    filed: &Filed,
    data: &Path,
    question: &Question,
    (empty, of_block, add): (
        &(impl Fn() -> P + Sync),
        &(impl Fn(&mut P, &Block<'_>) -> Option<()> + Sync),
        &impl Fn(&mut P, &Event),
    ),
) -> Result<Option<Vec<P>>, StoreError> {
    let mut distrusted = BTreeSet::new();
    for _ in 0..ATTEMPTS {
        let plan = plan(store, filed, data, &distrusted)?;
        match on_all_cores(&plan, question, empty, of_block) {
            Ok(mut parts) => {
                let mut last = empty();
                let more = plan.values().flat_map(|planned| &planned.more);
                more.filter(|event| question.asks_for(&event.bid)).for_each(|event| add(&mut last, event));
                parts.push(last);
                return Ok(Some(parts));
            }
            Err(damaged) => distrusted.extend(damaged),
        }
    }
    Ok(None)
}

/// Hands every block that may tell something to one of as many parts as there are cores; or the days of which a block is
/// not what its head says.
fn on_all_cores<P: Send>(
    plan: &Plan,
    question: &Question,
    empty: &(impl Fn() -> P + Sync),
    of_block: &(impl Fn(&mut P, &Block<'_>) -> Option<()> + Sync),
) -> Result<Vec<P>, BTreeSet<Day>> {
    let blocks: Vec<(Day, &Stored)> = plan
        .iter()
        .flat_map(|(day, planned)| planned.blocks.iter().map(|block| (*day, block)))
        .filter(|(_, block)| fold::may_tell(&block.header, question))
        .collect();
    let damaged = Mutex::new(BTreeSet::new());
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut part, mut buffer) = (empty(), Vec::new());
        while let Some((day, stored)) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let body = stored.body(&mut buffer);
            let block = body.and_then(|body| Block::read(&stored.header, body));
            if block.and_then(|block| of_block(&mut part, &block)).is_none() {
                damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(*day);
            }
        }
        part
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(blocks.len());
    let parts = std::thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
        let mut parts = vec![work()];
        for other in others {
            parts.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        parts
    });
    let damaged = damaged.into_inner().unwrap_or_else(PoisonError::into_inner);
    if damaged.is_empty() { Ok(parts) } else { Err(damaged) }
}
