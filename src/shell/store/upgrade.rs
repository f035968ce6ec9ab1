//! What brings the tables of an older version up to date, in one transaction: a killed upgrade changed nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, params};

use crate::budget::{Allocator as _, LeaseTerms, Treasury};
use crate::ledger::{self, Sums};
use crate::shell::store::error::StoreError;
use crate::shell::store::schema::SCHEMA_VERSION;
use crate::shell::store::{balances, journal, leases, row};
use crate::units::{Epoch, Millis};

/// From version 1, which knew no households.
const TO_VERSION_2: &str = "
ALTER TABLE event ADD COLUMN household INTEGER;
ALTER TABLE parked ADD COLUMN household INTEGER;
ALTER TABLE parked ADD COLUMN creative INTEGER;
ALTER TABLE parked ADD COLUMN advertiser INTEGER;
";

/// From version 2, which knew no leases, no corrections and no checksums.
const TO_VERSION_3: &str = "
ALTER TABLE event ADD COLUMN lease INTEGER;
ALTER TABLE event ADD COLUMN cause INTEGER;
ALTER TABLE event ADD COLUMN impressions INTEGER;
ALTER TABLE event ADD COLUMN why TEXT;
ALTER TABLE event ADD COLUMN author TEXT;
ALTER TABLE event ADD COLUMN correction BLOB;
ALTER TABLE event ADD COLUMN fx_from TEXT;
ALTER TABLE event ADD COLUMN fx_target INTEGER;
ALTER TABLE event ADD COLUMN fx_per INTEGER;
ALTER TABLE event ADD COLUMN fx_day INTEGER;
ALTER TABLE event ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parked ADD COLUMN hour INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parked ADD COLUMN mean INTEGER;
ALTER TABLE parked ADD COLUMN variance INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parked ADD COLUMN more INTEGER NOT NULL DEFAULT 0;
UPDATE parked SET mean = amount, expires = MAX(0, expires - unixepoch() * 1000);
";

/// From version 3, which knew no setting, one place and one bearer of a tax, and less of conversions. Its checksums stay:
/// they say nothing of what was not told.
const TO_VERSION_4: &str = "
ALTER TABLE event ADD COLUMN setting BLOB;
ALTER TABLE event ADD COLUMN tax_share INTEGER;
ALTER TABLE event ADD COLUMN tax_more BLOB;
ALTER TABLE event ADD COLUMN bid_most INTEGER;
ALTER TABLE event ADD COLUMN to_beat INTEGER;
ALTER TABLE event ADD COLUMN happened INTEGER;
ALTER TABLE event ADD COLUMN lifetime INTEGER;
ALTER TABLE event ADD COLUMN source INTEGER;
ALTER TABLE event ADD COLUMN code TEXT;
";

/// From version 4, which did not tell acquisitions from other conversions: all of its count as acquisitions, as they did
/// then. Its checksums stay.
const TO_VERSION_5: &str = "
ALTER TABLE event ADD COLUMN acquisition INTEGER;
";

/// Rows that are read before as many are changed: no cursor stands in a table while it is written.
const CHUNK: u32 = 4_096;
/// How often an upgrade that takes its time says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(1);

/// Brings `file` from version `from` up to date.
pub(in crate::shell::store) fn upgrade(
    connection: &mut Connection,
    file: &Path,
    from: i64,
) -> Result<(), StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let transaction = connection.transaction().map_err(sqlite)?;
    if from < 2 {
        transaction.execute_batch(TO_VERSION_2).map_err(sqlite)?;
    }
    if from < 3 {
        let tables = format!("{TO_VERSION_3} {} {} {}", leases::TABLES, balances::TABLES, journal::TABLES);
        transaction.execute_batch(&tables).map_err(sqlite)?;
    }
    if from < 4 {
        transaction.execute_batch(TO_VERSION_4).map_err(sqlite)?;
    }
    transaction.execute_batch(TO_VERSION_5).map_err(sqlite)?;
    if from < 3 {
        sum_up(&transaction, file)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(sqlite)?;
    transaction.commit().map_err(sqlite)
}

/// Gives every event its checksum, and keeps what all of them add up to.
fn sum_up(transaction: &Transaction<'_>, file: &Path) -> Result<(), StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let (mut sums, mut encoded) = (Sums::default(), Vec::new());
    let terms = LeaseTerms { ttl: Millis::default(), longest_notice: Millis::default() };
    let mut treasury = Treasury::new(terms);
    let mut select = transaction.prepare(row::AFTER).map_err(sqlite)?;
    let mut update = transaction.prepare("UPDATE event SET checksum = ? WHERE key = ?").map_err(sqlite)?;
    let (mut last, mut done, mut said) = (Vec::new(), 0_u64, Instant::now());
    loop {
        let mut chunk = Vec::new();
        let mut rows = select.query(params![last, CHUNK]).map_err(sqlite)?;
        while let Some(found) = rows.next().map_err(sqlite)? {
            let event = row::read(found, file)?;
            let checksum = ledger::checksum(&event, &mut encoded);
            sums.add(&event, checksum);
            // It keeps what it counts until it is asked: it cannot be out of its own reach.
            let _ = treasury.count(std::slice::from_ref(&event));
            chunk.push((found.get::<_, Vec<u8>>(0).map_err(sqlite)?, checksum));
        }
        drop(rows);
        let Some((key, _)) = chunk.last() else { break };
        last.clone_from(key);
        for (key, checksum) in &chunk {
            update.execute(params![checksum.raw().cast_signed(), key]).map_err(sqlite)?;
        }
        done += chunk.len() as u64;
        if said.elapsed() >= SAY_EVERY {
            said = Instant::now();
            tracing::info!(file = %file.display(), events = done, "the ledger is being brought up to date");
        }
    }
    balances::add(transaction, &sums).map_err(sqlite)?;
    leases::write(transaction, &treasury.take_changes(), Epoch::NONE).map_err(sqlite)
}
