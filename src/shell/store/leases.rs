//! What is taken of every cap, by epoch: rows beside the events, changed in the same commits.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use crate::budget::{Changes, LeaseTerms, Share, Treasury};
use crate::ledger::{CapKey, Level, Measure, Quantity, Window};
use crate::units::{CampaignId, Day, Epoch, Hour, LineItemId, Millis, Steady, UnixMillis};

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
CREATE TABLE epoch (last INTEGER NOT NULL, ended INTEGER, longest INTEGER NOT NULL);
INSERT INTO epoch VALUES (0, 0, 0);
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

/// For how long hours are kept: a bid is billed, and its click comes, well within it.
pub(in crate::shell::store) const HOURS_KEPT: i64 = 48;

/// For how many days before today's days are of use. Those of campaigns far in the west are a day behind.
const DAYS_KEPT: i64 = 3;
const HOURS_OF_DAY: i64 = 24;

/// The first day and hour that a bid which is still billed may count in.
pub(in crate::shell::store) fn first_windows(now: UnixMillis) -> (Day, Hour) {
    let hour = Hour::of(now).raw();
    let day = hour.div_euclid(HOURS_OF_DAY).saturating_sub(DAYS_KEPT);
    let day = Day::from_raw(i32::try_from(day).unwrap_or(i32::MIN));
    (day, Hour::from_raw(hour.saturating_sub(HOURS_KEPT)))
}

/// The last epoch that began.
pub(in crate::shell::store) fn last_epoch(connection: &Connection) -> rusqlite::Result<Epoch> {
    let last: Option<i64> =
        connection.query_row("SELECT last FROM epoch", [], |row| row.get(0)).optional()?;
    Ok(Epoch::from_raw(last.unwrap_or_default().cast_unsigned()))
}

/// The longest that a notice may take of any bid that may still be out: a former process may have had other profiles.
pub(in crate::shell::store) fn longest(connection: &Connection) -> rusqlite::Result<Millis> {
    let longest: Option<i64> =
        connection.query_row("SELECT longest FROM epoch", [], |row| row.get(0)).optional()?;
    Ok(Millis::from_raw(longest.unwrap_or_default()))
}

/// Keeps that it is `longest` now.
pub(in crate::shell::store) fn keep_longest(
    transaction: &Transaction<'_>,
    longest: Millis,
) -> rusqlite::Result<()> {
    transaction.execute("UPDATE epoch SET longest = ?", [longest.raw()]).map(|_| ())
}

/// Counts epochs that are long over (all that they held is used or given back, or is of a day of which nobody may
/// spend any more) as used without a lease, and forgets hours that nobody bids in or is billed for any more: a ledger does not grow with every start.
pub(in crate::shell::store) fn tidy(
    transaction: &Transaction<'_>,
    last: Epoch,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let (day, hour) = first_windows(now);
    transaction.execute("DELETE FROM cap WHERE span = 2 AND window < ?", [hour.raw()])?;
    let (last, day) = (last.raw().cast_signed(), i64::from(day.raw()));
    transaction.execute(
        "INSERT INTO cap
             SELECT level, id, span, window, measure, 0, 0, SUM(used) FROM cap
             WHERE epoch BETWEEN 1 AND ?1 - 1 AND (granted <= used OR span = 1 AND window < ?2)
             GROUP BY level, id, span, window, measure
         ON CONFLICT DO UPDATE SET used = used + excluded.used",
        [last, day],
    )?;
    transaction.execute(
        "DELETE FROM cap
             WHERE epoch BETWEEN 1 AND ?1 - 1 AND (granted <= used OR span = 1 AND window < ?2)",
        [last, day],
    )?;
    Ok(())
}

/// Every row.
pub(in crate::shell::store) fn shares(
    connection: &Connection,
) -> rusqlite::Result<Vec<(CapKey, Epoch, Share)>> {
    shares_since(connection, (Day::from_raw(i32::MIN), Hour::from_raw(i64::MIN)))
}

/// The rows of totals, and of windows that are not before these.
pub(in crate::shell::store) fn shares_since(
    connection: &Connection,
    (day, hour): (Day, Hour),
) -> rusqlite::Result<Vec<(CapKey, Epoch, Share)>> {
    let mut statement = connection.prepare(
        "SELECT * FROM cap WHERE span = 0 OR span = 1 AND window >= ? OR span = 2 AND window >= ?",
    )?;
    let rows = statement.query_map([i64::from(day.raw()), hour.raw()], |row| {
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

/// The treasury as a former process left it, but for windows that nobody spends of any more at `now`: a start takes no
/// longer, and no more memory, with every day that ever was.
pub(in crate::shell::store) fn read(
    connection: &Connection,
    terms: LeaseTerms,
    last: Epoch,
    now: UnixMillis,
) -> rusqlite::Result<Treasury> {
    let (day, hour) = first_windows(now);
    let shares = shares_since(connection, (day, hour))?;
    let mut treasury = Treasury::restored(terms, last, shares, Steady::default());
    treasury.forget_before(day, hour);
    Ok(treasury)
}

/// Keeps what the treasury has changed, in the caller's commit: only then may it be told.
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
    let last = last.raw().cast_signed();
    transaction.prepare_cached("UPDATE epoch SET last = ?1 WHERE last <> ?1")?.execute([last])?;
    Ok(())
}

#[cfg(test)]
mod tests;
