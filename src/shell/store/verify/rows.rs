//! Every row: what was written, and what all of them add up to.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::ledger::{
    CapKey, Digest, Event, EventKind, Quantity, Sums, Window, checksum, filed_on, used, windows,
};
use crate::report::Report;
use crate::shell::figures::Sketch;
use crate::shell::store::archive::Archive;
use crate::shell::store::error::StoreError;
use crate::shell::store::row;
use crate::shell::store::schema::Store;
use crate::shell::store::verify::{Check, Place, VerifyError};
use crate::units::{Day, Epoch, Hour};

/// What the events add up to.
pub(in crate::shell::store::verify) struct Rebuilt {
    pub(in crate::shell::store::verify) events: u64,
    pub(in crate::shell::store::verify) sums: Sums,
    /// What is used of each cap by each epoch; hours from `hours_from` on.
    pub(in crate::shell::store::verify) caps: HashMap<(CapKey, Epoch), Quantity, foldhash::fast::RandomState>,
    /// Without groups: a row for each currency.
    pub(in crate::shell::store::verify) report: Report,
    /// Hours before are not kept.
    pub(in crate::shell::store::verify) hours_from: Hour,
    /// What figures keep of them.
    pub(in crate::shell::store::verify) figures: Sketch,
    encoded: Vec<u8>,
}

impl Rebuilt {
    pub(in crate::shell::store::verify) fn new(hours_from: i64) -> Self {
        Self {
            events: 0,
            sums: Sums::default(),
            caps: HashMap::default(),
            report: Report::new(Vec::new()),
            hours_from: Hour::from_raw(hours_from),
            figures: Sketch::default(),
            encoded: Vec::new(),
        }
    }

    /// Reads and adds every event of `file`.
    pub(in crate::shell::store::verify) fn read(
        &mut self,
        connection: &Connection,
        file: &Path,
        each: &mut dyn FnMut(u64),
    ) -> Result<(), VerifyError> {
        let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
        let mut statement = connection.prepare(row::SELECT).map_err(sqlite)?;
        let mut rows = statement.query([]).map_err(sqlite)?;
        while let Some(found) = rows.next().map_err(sqlite)? {
            self.add(found, file)?;
            each(self.events);
        }
        Ok(())
    }

    fn add(&mut self, found: &Row<'_>, file: &Path) -> Result<(), VerifyError> {
        let key = found.get_ref(0).map_err(|source| StoreError::Sqlite { file: file.to_owned(), source })?;
        let (is_bytes, key) = match key {
            ValueRef::Blob(key) => (true, key.to_vec()),
            ValueRef::Text(key) => (false, key.to_vec()),
            _ => (false, Vec::new()),
        };
        let differs = |bid, kept: &dyn ToString, rebuilt: &dyn ToString| {
            let place = Place::Row { file: file.to_owned(), key: hex(&key), bid };
            VerifyError::differs(Check::Events, place, &kept.to_string(), &rebuilt.to_string())
        };
        if !is_bytes {
            return Err(differs(None, &"a key that is no bytes", &"an event"));
        }
        let event = match row::read(found, file) {
            Ok(event) => event,
            Err(StoreError::Row(what)) => return Err(differs(None, &what, &"an event")),
            // A value of another type than was written.
            Err(StoreError::Sqlite { source, .. }) if source.sqlite_error_code().is_none() => {
                return Err(differs(None, &source, &"an event"));
            }
            Err(error) => return Err(error.into()),
        };
        let bid = Some(event.bid.id);
        let (kept, rebuilt) = (row::checksum(found, file)?, checksum(&event, &mut self.encoded));
        if kept != rebuilt {
            let words = |sum: u64| format!("checksum {sum:016x}");
            return Err(differs(bid, &words(kept.raw()), &words(rebuilt.raw())));
        }
        if event.key().as_bytes() != key {
            let words = |key: &[u8]| format!("key {}", hex(key));
            return Err(differs(bid, &words(&key), &words(event.key().as_bytes())));
        }
        let (kept, rebuilt) = (row::budget(found, file)?, budget_of(&event));
        if kept != rebuilt {
            return Err(differs(bid, &format!("budget {kept}"), &format!("budget {rebuilt}")));
        }
        self.sums.add(&event, row::checksum(found, file)?);
        self.report.add(&event);
        self.figures.add(filed_on(&event), &event);
        self.use_caps(&event);
        self.events += 1;
        Ok(())
    }

    fn use_caps(&mut self, event: &Event) {
        let bid = &event.bid;
        for (measure, quantity) in used(event) {
            for (level, window) in windows(bid.campaign, bid.line_item, bid.day, Hour::of(bid.at)) {
                let is_kept = !matches!(window, Window::Hour(hour) if hour < self.hours_from);
                if is_kept {
                    let cap = CapKey { level, window, measure };
                    let sum = self.caps.entry((cap, bid.lease)).or_default();
                    *sum = sum.plus(quantity);
                }
            }
        }
    }
}

/// What its row says that an event uses of a budget, in nanos.
fn budget_of(event: &Event) -> i64 {
    match &event.kind {
        EventKind::Impression(charge) => charge.budget_share().raw(),
        EventKind::Correction(correction) => correction.budget.raw(),
        _ => 0,
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Store {
    /// The archive's bytes, its events, and that they are those that were put into it.
    pub(in crate::shell::store::verify) fn verify_archive(
        &self,
        archive: &Archive,
        rebuilt: &mut Rebuilt,
        each: &mut dyn FnMut(u64),
    ) -> Result<(), VerifyError> {
        let (connection, file) = self.opened_archive(archive).map_err(|error| match error {
            StoreError::Archive { file, what } => {
                VerifyError::differs(Check::Archives, Place::File(file), &what, &"as it was written")
            }
            other => other.into(),
        })?;
        let before: Vec<(Day, Digest)> =
            rebuilt.sums.days().iter().map(|(day, digest)| (*day, *digest)).collect();
        rebuilt.read(&connection, &file, each)?;
        let mut found = Digest::default();
        rebuilt.sums.days().values().for_each(|digest| found += *digest);
        for (_, digest) in before {
            found.events = found.events.wrapping_sub(digest.events);
            found.sum = found.sum.wrapping_sub(digest.sum);
        }
        if found != archive.digest {
            let words = |digest: Digest| format!("{} events, sum {:032x}", digest.events, digest.sum);
            let (kept, found) = (words(archive.digest), words(found));
            return Err(VerifyError::differs(Check::Archives, Place::File(file), &kept, &found));
        }
        Ok(())
    }
}
