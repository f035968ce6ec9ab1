//! Column files against the rows of the ledger: those that an answer would use, event by event.
//!
//! A file that no answer would use, because it is stale or damaged, is not wrong: it is built anew before it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use crate::ledger::{Checksum, Digest, Event, EventKind, checksum};
use crate::shell::figures::block::{Bids, Block};
use crate::shell::figures::plan::{Planned, look};
use crate::shell::figures::row::kept;
use crate::shell::store::{Filed, Store, StoreError};
use crate::units::Day;

/// A day of which the columns say something else than the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shell) struct Wrong {
    /// The day.
    pub(in crate::shell) day: Day,
    /// What the columns say.
    pub(in crate::shell) kept: String,
    /// What the rows say.
    pub(in crate::shell) rebuilt: String,
}

/// What columns keep of events, added up: rows are read once, whoever asks for their sums.
#[derive(Debug, Default)]
pub(in crate::shell) struct Sketch {
    days: BTreeMap<Day, Digest>,
    encoded: Vec<u8>,
}

impl Sketch {
    /// Adds an event that is filed under `day`.
    pub(in crate::shell) fn add(&mut self, day: Day, event: &Event) {
        self.days.entry(day).or_default().add(checksum(&kept(event), &mut self.encoded));
    }
}

/// The first day whose file would be used and says something else than `rows`, all rows of the ledger; and how many files
/// would be used.
///
/// # Errors
///
/// [`StoreError`] as reading the ledger has it.
pub(in crate::shell) fn verify(
    store: &Store,
    data: &Path,
    rows: &Sketch,
) -> Result<(u64, Option<Wrong>), StoreError> {
    let filed = store.filed()?;
    let (plan, stale) = look(store, &filed, data, &BTreeSet::new())?;
    let mut files = 0;
    for (day, planned) in
        plan.iter().filter(|(day, planned)| !stale.contains(day) && !planned.blocks.is_empty())
    {
        let mut sketch = Sketch::default();
        if each(planned, |event| sketch.add(*day, event)).is_none() {
            continue;
        }
        let (kept, rebuilt) = (sketch.days.get(day), rows.days.get(day));
        if kept != rebuilt {
            return Ok((files, Some(difference(store, &filed, *day, planned)?)));
        }
        files += 1;
    }
    Ok((files, None))
}

/// Every event of a day, as its columns have it; `None` if they are damaged.
fn each(planned: &Planned, mut each: impl FnMut(&Event)) -> Option<()> {
    let mut buffer = Vec::new();
    for stored in &planned.blocks {
        let block = Block::read(&stored.header, stored.body(&mut buffer)?)?;
        block.each(Bids::Whole, |_| true, |_, event| each(event))?;
    }
    planned.more.iter().for_each(each);
    Some(())
}

/// The first event that only one of both has.
fn difference(store: &Store, filed: &Filed, day: Day, planned: &Planned) -> Result<Wrong, StoreError> {
    let mut encoded = Vec::new();
    let mut of_columns: HashMap<u64, (i64, Event)> = HashMap::new();
    let mut count = |event: &Event, by: i64| {
        let event = kept(event);
        let sum: Checksum = checksum(&event, &mut encoded);
        of_columns.entry(sum.raw()).or_insert((0, event)).0 += by;
    };
    let _ = each(planned, |event| count(event, 1));
    store.apart_on(&BTreeSet::from([day]), |_, event, _| count(event, -1))?;
    store.bids_on(day, |event, _| count(event, -1))?;
    let first = |is_of: fn(i64) -> bool| {
        let found = of_columns.values().filter(|(more, _)| is_of(*more)).map(|(_, event)| event);
        found.min_by_key(|event| (event.bid.at, event.kind.code())).map_or_else(String::new, words)
    };
    let events = filed.days.get(&day).map_or(0, |digest| digest.events);
    Ok(Wrong {
        day,
        kept: format!("figures of {} events: {}", events, first(|more| more > 0)),
        rebuilt: format!("rows of {} events: {}", events, first(|more| more < 0)),
    })
}

/// An event in a few words.
fn words(event: &Event) -> String {
    let what = match &event.kind {
        EventKind::Win { .. } => "a win".to_owned(),
        EventKind::Impression(charge) => format!("an impression for {}", charge.media),
        EventKind::Loss { .. } => "a loss".to_owned(),
        EventKind::View => "a view".to_owned(),
        EventKind::Click => "a click".to_owned(),
        EventKind::Conversion(conversion) => format!("a conversion worth {}", conversion.value),
        EventKind::Playback(step) => format!("the step {} of a playback", step.name()),
        EventKind::Correction(correction) => {
            format!("a {} of {}", correction.cause.name(), correction.amount())
        }
    };
    let bid = &event.bid;
    format!("{what}, campaign {}, line item {}, bid at {} ms", bid.campaign, bid.line_item, bid.at.raw())
}
