//! Slugs of ids and the targets of campaigns and line items, kept with the events so that a report needs no campaign
//! files.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use crate::report::{Aim, AimKind};
use crate::units::{Currency, Nanos};

/// The slug of one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Of what: see [`NameKind`].
    pub kind: NameKind,
    /// The id's 64 bits.
    pub id: u64,
    /// What people call it.
    pub slug: String,
    /// A campaign's fixed costs; `None` for the rest.
    pub fixed_cost: Option<(Currency, Nanos)>,
    /// What a campaign or a line item is after; empty for the rest.
    pub aims: Vec<Aim>,
}

/// What a name names. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
#[repr(u8)]
pub enum NameKind {
    Advertiser = 1,
    Campaign = 2,
    LineItem = 3,
    Creative = 4,
    Exchange = 5,
    Deal = 6,
    Publisher = 7,
    Arm = 8,
    Segment = 9,
}

impl NameKind {
    const ALL: [Self; 9] = [
        Self::Advertiser,
        Self::Campaign,
        Self::LineItem,
        Self::Creative,
        Self::Exchange,
        Self::Deal,
        Self::Publisher,
        Self::Arm,
        Self::Segment,
    ];
}

/// A later table of the fourth version: a ledger without it has no targets.
const TARGETS: &str = "
CREATE TABLE IF NOT EXISTS target (
    kind INTEGER NOT NULL,
    id INTEGER NOT NULL,
    measure INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (kind, id, measure)
) WITHOUT ROWID;
";

pub(in crate::shell::store) fn write(connection: &mut Connection, names: &[Name]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    insert(&transaction, names)?;
    transaction.commit()
}

/// The same within a transaction.
pub(in crate::shell::store) fn insert(transaction: &Connection, names: &[Name]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO name (kind, id, slug, currency, fixed_cost) VALUES (?, ?, ?, ?, ?)",
    )?;
    if names.is_empty() {
        return Ok(());
    }
    transaction.execute_batch(TARGETS)?;
    let mut forget = transaction.prepare_cached("DELETE FROM target WHERE kind = ? AND id = ?")?;
    let mut aim = transaction
        .prepare_cached("INSERT OR REPLACE INTO target (kind, id, measure, amount) VALUES (?, ?, ?, ?)")?;
    for name in names {
        let Name { kind, id, slug, fixed_cost, aims } = name;
        if matches!(kind, NameKind::Campaign | NameKind::LineItem) {
            forget.execute(params![*kind as u8, id.cast_signed()])?;
        }
        for Aim { kind: aimed, raw } in aims {
            aim.execute(params![*kind as u8, id.cast_signed(), *aimed as u8, raw])?;
        }
        let currency = fixed_cost.map(|(currency, _)| currency.to_string());
        let amount = fixed_cost.map(|(_, amount)| amount.raw());
        insert.execute(params![*kind as u8, id.cast_signed(), slug, currency, amount])?;
    }
    Ok(())
}

pub(in crate::shell::store) fn read(connection: &Connection) -> rusqlite::Result<Vec<Name>> {
    read_of(connection, SELECT)
}

/// The same but those of `kind`, which are not even walked over.
pub(in crate::shell::store) fn read_besides(
    connection: &Connection,
    kind: NameKind,
) -> rusqlite::Result<Vec<Name>> {
    let kind = kind as u8;
    read_of(connection, &format!("{SELECT} WHERE kind < {kind} UNION ALL {SELECT} WHERE kind > {kind}"))
}

const SELECT: &str = "SELECT kind, id, slug, currency, fixed_cost FROM name";

fn read_of(connection: &Connection, select: &str) -> rusqlite::Result<Vec<Name>> {
    let mut statement = connection.prepare(select)?;
    let mut aims = aims(connection)?;
    let mut rows = statement.query([])?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        let code: u8 = row.get(0)?;
        // A kind that a later minor version added is no reason to refuse the rest.
        if let Some(kind) = NameKind::ALL.into_iter().find(|kind| *kind as u8 == code) {
            let currency: Option<String> = row.get(3)?;
            let amount: Option<i64> = row.get(4)?;
            let currency = currency.as_deref().and_then(Currency::from_code);
            let id = row.get::<_, i64>(1)?.cast_unsigned();
            names.push(Name {
                kind,
                id,
                aims: aims.remove(&(code, id)).unwrap_or_default(),
                slug: row.get(2)?,
                fixed_cost: currency.zip(amount.map(Nanos::from_raw)),
            });
        }
    }
    Ok(names)
}

/// The targets by what they are of. A measure that a later minor version added is left out.
fn aims(connection: &Connection) -> rusqlite::Result<HashMap<(u8, u64), Vec<Aim>>> {
    let mut aims: HashMap<_, Vec<_>> = HashMap::new();
    if !connection.table_exists(None, "target")? {
        return Ok(aims);
    }
    let mut statement =
        connection.prepare("SELECT kind, id, measure, amount FROM target ORDER BY kind, id, measure")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(measure) = AimKind::from_code(row.get(2)?) {
            let of = (row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned());
            aims.entry(of).or_default().push(Aim { kind: measure, raw: row.get(3)? });
        }
    }
    Ok(aims)
}
