//! Slugs of ids, kept with the events so that a report needs no campaign files.

use rusqlite::{Connection, params};

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
    for name in names {
        let Name { kind, id, slug, fixed_cost } = name;
        let currency = fixed_cost.map(|(currency, _)| currency.to_string());
        let amount = fixed_cost.map(|(_, amount)| amount.raw());
        insert.execute(params![*kind as u8, id.cast_signed(), slug, currency, amount])?;
    }
    Ok(())
}

pub(in crate::shell::store) fn read(connection: &Connection) -> rusqlite::Result<Vec<Name>> {
    let mut statement = connection.prepare("SELECT kind, id, slug, currency, fixed_cost FROM name")?;
    let mut rows = statement.query([])?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        let code: u8 = row.get(0)?;
        // A kind that a later minor version added is no reason to refuse the rest.
        if let Some(kind) = NameKind::ALL.into_iter().find(|kind| *kind as u8 == code) {
            let currency: Option<String> = row.get(3)?;
            let amount: Option<i64> = row.get(4)?;
            let currency = currency.as_deref().and_then(Currency::from_code);
            names.push(Name {
                kind,
                id: row.get::<_, i64>(1)?.cast_unsigned(),
                slug: row.get(2)?,
                fixed_cost: currency.zip(amount.map(Nanos::from_raw)),
            });
        }
    }
    Ok(names)
}
