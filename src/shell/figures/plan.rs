//! Which blocks tell of each day, and which days have to be built anew: a file is believed only if its events are, to the
//! last one, those that the ledger has of that day.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::ledger::{Checksum, Digest, Event, filed_on};
use crate::shell::figures::block::{Draft, EVENTS_MAX};
use crate::shell::figures::files::{self, Stored};
use crate::shell::store::{Filed, Store, StoreError};
use crate::units::Day;

/// Events beyond a file from which on they are written behind it: so few are looked up in some milliseconds.
const BEHIND_MIN: usize = 4_096;
/// And at least such a part of what the file has, so that a long day is not written anew all the time.
const BEHIND_PART: u64 = 64;

/// Days that are built in one transaction where nobody waits for them.
const REFRESHED_DAYS: usize = 31;

/// One day of the ledger.
#[derive(Debug, Default)]
pub(in crate::shell::figures) struct Planned {
    /// Its blocks.
    pub(in crate::shell::figures) blocks: Vec<Stored>,
    /// Events that came since those were written.
    pub(in crate::shell::figures) more: Vec<Event>,
}

/// All days of the ledger.
pub(in crate::shell::figures) type Plan = BTreeMap<Day, Planned>;

/// The plan of all days of `filed`; files of the days in `distrusted` are not believed, whatever their heads say.
///
/// # Errors
///
/// [`StoreError`] as reading the ledger has it; [`StoreError::Day`] if its events are not those that were committed.
pub(in crate::shell::figures) fn plan(
    store: &Store,
    filed: &Filed,
    data: &Path,
    distrusted: &BTreeSet<Day>,
) -> Result<Plan, StoreError> {
    let (mut plan, stale) = look(store, filed, data, distrusted)?;
    for (day, planned) in plan.iter_mut().filter(|(day, _)| !stale.contains(day)) {
        append(data, *day, filed, planned);
    }
    if !stale.is_empty() {
        build(store, filed, data, &stale, |day, blocks| {
            plan.insert(day, Planned { blocks, more: Vec::new() });
        })?;
    }
    Ok(plan)
}

/// The same as the files are, and the days whose file is not enough.
///
/// # Errors
///
/// [`StoreError`] as reading the ledger has it.
pub(in crate::shell::figures) fn look(
    store: &Store,
    filed: &Filed,
    data: &Path,
    distrusted: &BTreeSet<Day>,
) -> Result<(Plan, BTreeSet<Day>), StoreError> {
    let mut plan = Plan::new();
    let (mut stale, mut behind) = (BTreeSet::new(), BTreeMap::new());
    for (day, digest) in &filed.days {
        let blocks = if distrusted.contains(day) { Vec::new() } else { files::blocks(data, *day) };
        match blocks.last() {
            _ if sum(&blocks) == *digest => {}
            // What came since may be all that is missing. If the journal has forgotten any of it, the digests say so.
            Some(last) => drop(behind.insert(*day, last.header.commit)),
            None => drop(stale.insert(*day)),
        }
        plan.insert(*day, Planned { blocks, more: Vec::new() });
    }
    add_behind(store, filed, &behind, (&mut plan, &mut stale))?;
    Ok((plan, stale))
}

/// How far [`refresh`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell::figures) enum Refreshed {
    /// Every file is as new as the ledger was.
    All,
    /// Some days are left.
    Some,
    /// A file could not be written.
    Unwritable,
}

/// Writes the files of a few days that are stale, the oldest ones, and what came since behind those that are not.
///
/// # Errors
///
/// As [`plan`].
pub(in crate::shell::figures) fn refresh(store: &Store, data: &Path) -> Result<Refreshed, StoreError> {
    store.at_once(|| {
        let filed = store.filed()?;
        let (mut plan, stale) = look(store, &filed, data, &BTreeSet::new())?;
        for (day, planned) in plan.iter_mut().filter(|(day, _)| !stale.contains(day)) {
            append(data, *day, &filed, planned);
        }
        let mut is_written = true;
        let few: BTreeSet<Day> = stale.iter().copied().take(REFRESHED_DAYS).collect();
        if !few.is_empty() {
            build(store, &filed, data, &few, |_, blocks| {
                is_written &= blocks.iter().all(Stored::is_file);
            })?;
        }
        Ok(match (is_written, stale.len() > few.len()) {
            (false, _) => Refreshed::Unwritable,
            (true, true) => Refreshed::Some,
            (true, false) => Refreshed::All,
        })
    })
}

fn sum(blocks: &[Stored]) -> Digest {
    let mut sum = Digest::default();
    blocks.iter().for_each(|block| sum += block.header.digest);
    sum
}

/// Looks up what came after each file of `behind` was written; a day of which that is not all that is missing is stale.
fn add_behind(
    store: &Store,
    filed: &Filed,
    behind: &BTreeMap<Day, u64>,
    (plan, stale): (&mut Plan, &mut BTreeSet<Day>),
) -> Result<(), StoreError> {
    let mut digests: BTreeMap<Day, Digest> =
        behind.keys().filter_map(|day| Some((*day, sum(&plan.get(day)?.blocks)))).collect();
    store.events_after(filed, behind, |event, checksum| {
        let day = filed_on(event);
        if let (Some(digest), Some(planned)) = (digests.get_mut(&day), plan.get_mut(&day)) {
            digest.add(checksum);
            planned.more.push(event.clone());
        }
    })?;
    stale.extend(
        digests.iter().filter(|(day, found)| filed.days.get(day) != Some(found)).map(|(day, _)| *day),
    );
    Ok(())
}

/// Writes what came since behind the file, once that is enough, or the journal is about to forget it.
fn append(data: &Path, day: Day, filed: &Filed, planned: &mut Planned) {
    let Some(last) = planned.blocks.last().filter(|_| !planned.more.is_empty()) else { return };
    let told = filed.commit.saturating_sub(filed.told_after());
    let is_urgent = filed.told_after() > 0 && filed.commit.saturating_sub(last.header.commit) > told / 2;
    let least =
        BEHIND_MIN.max(usize::try_from(sum(&planned.blocks).events / BEHIND_PART).unwrap_or(usize::MAX));
    if planned.more.len() < least && !is_urgent {
        return;
    }
    let (mut draft, mut encoded) = (Draft::default(), Vec::new());
    for event in &planned.more {
        draft.add(event, crate::ledger::checksum(event, &mut encoded));
    }
    let Some(before) = files::bytes(data, day, &planned.blocks) else { return };
    let block = draft.to_bytes(day, filed.commit);
    if files::write(data, day, &[&before, &block]) {
        let written = files::blocks(data, day);
        let mut whole = sum(&planned.blocks);
        whole += draft.digest();
        // Another process may have replaced it in between, by more.
        if sum(&written) == whole {
            (planned.blocks, planned.more) = (written, Vec::new());
        }
    }
}

/// The blocks of a day in the making.
#[derive(Debug, Default)]
struct Blocks {
    done: Vec<Vec<u8>>,
    draft: Draft,
    digest: Digest,
}

impl Blocks {
    fn add(&mut self, (day, commit): (Day, u64), event: &Event, checksum: Checksum) {
        self.draft.add(event, checksum);
        self.digest.add(checksum);
        if self.draft.digest().events >= EVENTS_MAX {
            self.done.push(std::mem::take(&mut self.draft).to_bytes(day, commit));
        }
    }

    fn finish(mut self, day: Day, commit: u64) -> Vec<Vec<u8>> {
        if self.draft.digest().events > 0 {
            self.done.push(self.draft.to_bytes(day, commit));
        }
        self.done
    }
}

/// Builds `days` from the ledger's rows, writes their files, and hands each day's blocks to `each`.
fn build(
    store: &Store,
    filed: &Filed,
    data: &Path,
    days: &BTreeSet<Day>,
    mut each: impl FnMut(Day, Vec<Stored>),
) -> Result<(), StoreError> {
    files::sweep(data);
    let commit = filed.commit;
    let mut apart: BTreeMap<Day, Blocks> = BTreeMap::new();
    store.apart_on(days, |day, event, checksum| {
        apart.entry(day).or_default().add((day, commit), event, checksum);
    })?;
    for day in days {
        let mut blocks = apart.remove(day).unwrap_or_default();
        store.bids_on(*day, |event, checksum| blocks.add((*day, commit), event, checksum))?;
        if filed.days.get(day) != Some(&blocks.digest) {
            return Err(StoreError::Day { day: *day });
        }
        let blocks = blocks.finish(*day, commit);
        let slices: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        let stored = if files::write(data, *day, &slices) { files::blocks(data, *day) } else { Vec::new() };
        each(
            *day,
            if filed.days.get(day) == Some(&sum(&stored)) {
                stored
            } else {
                blocks.into_iter().filter_map(Stored::in_memory).collect()
            },
        );
    }
    Ok(())
}
