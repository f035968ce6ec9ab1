//! What is taken of every cap, by epoch: rows beside the events, changed in the same commits.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use crate::budget::{Changes, LeaseTerms, Share, Treasury};
use crate::ledger::{CapKey, Level, Measure, Quantity, Window};
use crate::units::{CampaignId, Day, Epoch, Hour, LineItemId, Steady};

pub(in crate::shell::store) const TABLES: &str = "
CREATE TABLE cap (
    level INTEGER NOT NULL,
    id INTEGER NOT NULL,
    span INTEGER NOT NULL,
    window INTEGER NOT NULL,
    measure INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (level, id, span, window, measure, epoch)
) WITHOUT ROWID;
CREATE TABLE epoch (last INTEGER NOT NULL, ended INTEGER);
INSERT INTO epoch VALUES (0, 0);
";

/// Fills `cap` from the events of a ledger that knew no leases.
pub(in crate::shell::store) const FROM_EVENTS: &str = "
INSERT INTO cap
    SELECT 1, campaign, 0, 0, 0, 0, 0, SUM(budget) FROM event WHERE kind = 2 GROUP BY campaign;
INSERT INTO cap
    SELECT 2, line_item, 0, 0, 0, 0, 0, SUM(budget) FROM event WHERE kind = 2 GROUP BY line_item;
INSERT INTO cap
    SELECT 1, campaign, 1, day, 0, 0, 0, SUM(budget) FROM event WHERE kind = 2 GROUP BY campaign, day;
INSERT INTO cap
    SELECT 2, line_item, 1, day, 0, 0, 0, SUM(budget) FROM event WHERE kind = 2 GROUP BY line_item, day;
INSERT INTO cap
    SELECT 1, campaign, 0, 0, kind / 5 + 1, 0, 0, COUNT(*) FROM event WHERE kind IN (2, 5) GROUP BY campaign, kind;
INSERT INTO cap
    SELECT 2, line_item, 0, 0, kind / 5 + 1, 0, 0, COUNT(*) FROM event WHERE kind IN (2, 5) GROUP BY line_item, kind;
INSERT INTO cap
    SELECT 1, campaign, 1, day, kind / 5 + 1, 0, 0, COUNT(*) FROM event WHERE kind IN (2, 5)
    GROUP BY campaign, day, kind;
INSERT INTO cap
    SELECT 2, line_item, 1, day, kind / 5 + 1, 0, 0, COUNT(*) FROM event WHERE kind IN (2, 5)
    GROUP BY line_item, day, kind;
";

/// The numbers of a cap in its row; never reused.
fn numbers(cap: CapKey) -> [i64; 5] {
    let (level, id) = match cap.level {
        Level::Campaign(id) => (1, id.raw()),
        Level::LineItem(id) => (2, id.raw()),
    };
    let (span, window) = match cap.window {
        Window::Total => (0, 0),
        Window::Day(day) => (1, i64::from(day.raw())),
        Window::Hour(hour) => (2, hour.raw()),
    };
    let measure = match cap.measure {
        Measure::Money => 0,
        Measure::Impressions => 1,
        Measure::Clicks => 2,
    };
    [level, id.cast_signed(), span, window, measure]
}

fn cap_of(row: &Row<'_>) -> rusqlite::Result<Option<CapKey>> {
    let id = row.get::<_, i64>(1)?.cast_unsigned();
    let level = match row.get(0)? {
        1 => Level::Campaign(CampaignId::from_raw(id)),
        2 => Level::LineItem(LineItemId::from_raw(id)),
        _ => return Ok(None),
    };
    let window = match row.get(2)? {
        0 => Window::Total,
        1 => Window::Day(Day::from_raw(row.get(3)?)),
        2 => Window::Hour(Hour::from_raw(row.get(3)?)),
        _ => return Ok(None),
    };
    let measure = Measure::ALL.get(usize::from(row.get::<_, u8>(4)?)).copied();
    Ok(measure.map(|measure| CapKey { level, window, measure }))
}

/// The treasury as a former process left it.
pub(in crate::shell::store) fn read(
    connection: &Connection,
    terms: LeaseTerms,
) -> rusqlite::Result<Treasury> {
    let last: Option<i64> =
        connection.query_row("SELECT last FROM epoch", [], |row| row.get(0)).optional()?;
    let last = Epoch::from_raw(last.unwrap_or_default().cast_unsigned());
    Ok(Treasury::restored(terms, last, shares(connection)?, Steady::default()))
}

/// What is kept of every cap, by epoch.
pub(in crate::shell::store) fn shares(
    connection: &Connection,
) -> rusqlite::Result<Vec<(CapKey, Epoch, Share)>> {
    let mut statement = connection.prepare("SELECT * FROM cap")?;
    let rows = statement.query_map([], |row| {
        let share = Share { granted: Quantity::from_raw(row.get(6)?), used: Quantity::from_raw(row.get(7)?) };
        let epoch = Epoch::from_raw(row.get::<_, i64>(5)?.cast_unsigned());
        Ok(cap_of(row)?.map(|cap| (cap, epoch, share)))
    })?;
    let mut shares = Vec::new();
    for row in rows {
        shares.extend(row?);
    }
    Ok(shares)
}

/// Keeps what has changed.
pub(in crate::shell::store) fn write(
    transaction: &Transaction<'_>,
    changes: &Changes,
    last: Epoch,
) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO cap VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET granted = granted + excluded.granted, used = used + excluded.used",
    )?;
    for ((cap, epoch), share) in changes {
        let [level, id, span, window, measure] = numbers(*cap);
        let (granted, used) = (share.granted.raw(), share.used.raw());
        upsert.execute(params![
            level,
            id,
            span,
            window,
            measure,
            epoch.raw().cast_signed(),
            granted,
            used
        ])?;
    }
    transaction.execute("UPDATE epoch SET last = ?", [last.raw().cast_signed()])?;
    Ok(())
}
