//! Balances and digests: sums over all events, kept so that nobody needs to read every event to know them. Written as
//! snapshots; what came after the last one, the journal tells.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use crate::ledger::{Account, Digest, Sums};
use crate::ttf::Jurisdiction;
use crate::units::{CampaignId, Currency, Day, ExchangeId, Femtos};

/// Amounts and sums are 128 bits, big end first.
pub(in crate::shell::store) const TABLES: &str = "
CREATE TABLE balance (
    account INTEGER NOT NULL,
    id INTEGER NOT NULL,
    place TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BLOB NOT NULL,
    PRIMARY KEY (account, id, place, currency)
) WITHOUT ROWID;
CREATE TABLE digest (
    day INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    sum BLOB NOT NULL
);
";

/// The number of an account in its row, never reused; the id that it is of, or 0; its place, or nothing.
fn columns(account: &Account) -> (u8, i64, &str) {
    match account {
        Account::Receivable(campaign) => (1, campaign.raw().cast_signed(), ""),
        Account::Media(exchange) => (2, exchange.raw().cast_signed(), ""),
        Account::Late(exchange) => (3, exchange.raw().cast_signed(), ""),
        Account::Disputed(exchange) => (4, exchange.raw().cast_signed(), ""),
        Account::Data => (5, 0, ""),
        Account::Fees => (6, 0, ""),
        Account::Tax(place) => (7, 0, place.as_ref().map_or("", Jurisdiction::code)),
        Account::TaxAbsorbed => (8, 0, ""),
        Account::Refunds => (9, 0, ""),
    }
}

/// What [`columns`] wrote; `None` if no encan did.
fn account_of(number: u8, id: i64, place: &str) -> Option<Account> {
    let raw = id.cast_unsigned();
    Some(match number {
        1 => Account::Receivable(CampaignId::from_raw(raw)),
        2 => Account::Media(ExchangeId::from_raw(raw)),
        3 => Account::Late(ExchangeId::from_raw(raw)),
        4 => Account::Disputed(ExchangeId::from_raw(raw)),
        5 => Account::Data,
        6 => Account::Fees,
        7 if place.is_empty() => Account::Tax(None),
        7 => Account::Tax(Some(Jurisdiction::from_code(place)?)),
        8 => Account::TaxAbsorbed,
        9 => Account::Refunds,
        _ => return None,
    })
}

/// Adds `sums` to what is kept.
pub(in crate::shell::store) fn add(transaction: &Transaction<'_>, sums: &Sums) -> rusqlite::Result<()> {
    let mut read = transaction.prepare_cached(
        "SELECT amount FROM balance WHERE account = ? AND id = ? AND place = ? AND currency = ?",
    )?;
    let mut write = transaction.prepare_cached("INSERT OR REPLACE INTO balance VALUES (?, ?, ?, ?, ?)")?;
    for ((account, currency), amount) in sums.balances() {
        let (number, id, place) = columns(&account);
        let kept: Option<[u8; 16]> =
            read.query_row(params![number, id, place, currency.code()], |row| row.get(0)).optional()?;
        let kept = Femtos::from_raw(kept.map_or(0, i128::from_be_bytes));
        let sum = kept.checked_add(amount).expect("a balance fits in 128 bits");
        write.execute(params![number, id, place, currency.code(), sum.raw().to_be_bytes()])?;
    }
    let mut read = transaction.prepare_cached("SELECT events, sum FROM digest WHERE day = ?")?;
    let mut write = transaction.prepare_cached("INSERT OR REPLACE INTO digest VALUES (?, ?, ?)")?;
    for (day, digest) in sums.days() {
        let mut sum = read.query_row([day.raw()], |row| digest_of(row, 0)).optional()?.unwrap_or_default();
        sum += *digest;
        write.execute(params![day.raw(), sum.events.cast_signed(), sum.sum.to_be_bytes()])?;
    }
    Ok(())
}

fn digest_of(row: &Row<'_>, at: usize) -> rusqlite::Result<Digest> {
    let events = row.get::<_, i64>(at)?.cast_unsigned();
    Ok(Digest { events, sum: u128::from_be_bytes(row.get(at + 1)?) })
}

/// What is kept; `None` where a row names an account or a currency that no encan wrote.
pub(in crate::shell::store) fn read(connection: &Connection) -> rusqlite::Result<Option<Sums>> {
    let mut sums = Sums::default();
    let mut statement = connection.prepare("SELECT account, id, place, currency, amount FROM balance")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (place, currency): (String, String) = (row.get(2)?, row.get(3)?);
        let account = account_of(row.get(0)?, row.get(1)?, &place).zip(Currency::from_code(&currency));
        let Some(account) = account else { return Ok(None) };
        sums.add_balance(account, Femtos::from_raw(i128::from_be_bytes(row.get(4)?)));
    }
    let mut statement = connection.prepare("SELECT day, events, sum FROM digest")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sums.add_day(Day::from_raw(row.get(0)?), digest_of(row, 1)?);
    }
    Ok(Some(sums))
}
