//! Open reservations over a clean restart: written at the end, held again at the next start.

use rusqlite::{Connection, params};

use crate::budget::{Reservation, Reserved};
use crate::units::{BidId, CampaignId, Day, LineItemId, Nanos, UnixMillis, UserKey};

pub(in crate::shell::store) const TABLE: &str = "
CREATE TABLE parked (
    bid BLOB PRIMARY KEY,
    campaign INTEGER NOT NULL,
    line_item INTEGER NOT NULL,
    day INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    user BLOB
) WITHOUT ROWID;
";

/// Replaces what is parked.
pub(in crate::shell::store) fn write(
    connection: &mut Connection,
    open: &[(BidId, Reservation)],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute("DELETE FROM parked", [])?;
    {
        let mut insert = transaction.prepare("INSERT INTO parked VALUES (?, ?, ?, ?, ?, ?, ?)")?;
        for (bid, Reservation { reserved, expires, user }) in open {
            insert.execute(params![
                bid.as_bytes().as_slice(),
                reserved.campaign.raw().cast_signed(),
                reserved.line_item.raw().cast_signed(),
                reserved.day.raw(),
                reserved.amount.raw(),
                expires.raw(),
                user.map(|user| *user.as_bytes()),
            ])?;
        }
    }
    transaction.commit()
}

/// What is parked and still open at `now`: neither expired, nor billed or lost since. What was parked
/// stays until the next clean end, so that a crash in between changes nothing.
pub(in crate::shell::store) fn read(
    connection: &Connection,
    now: UnixMillis,
) -> rusqlite::Result<Vec<(BidId, Reservation)>> {
    let mut statement = connection.prepare(
        "SELECT bid, campaign, line_item, day, amount, expires, user FROM parked
         WHERE expires > ?1
           AND NOT EXISTS (SELECT 1 FROM event WHERE key = CAST(parked.bid || x'02' AS BLOB))
           AND NOT EXISTS (SELECT 1 FROM event WHERE key = CAST(parked.bid || x'03' AS BLOB))",
    )?;
    let rows = statement.query_map([now.raw()], |row| {
        let reserved = Reserved {
            campaign: CampaignId::from_raw(row.get::<_, i64>(1)?.cast_unsigned()),
            line_item: LineItemId::from_raw(row.get::<_, i64>(2)?.cast_unsigned()),
            day: Day::from_raw(row.get(3)?),
            amount: Nanos::from_raw(row.get(4)?),
        };
        let expires = UnixMillis::from_raw(row.get(5)?);
        let user = row.get::<_, Option<[u8; 16]>>(6)?.map(UserKey::from_bytes);
        Ok((BidId::from_bytes(row.get(0)?), Reservation { reserved, expires, user }))
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{TABLE, read, write};
    use crate::budget::{Reservation, Reserved};
    use crate::units::{BidId, CampaignId, Day, LineItemId, Nanos, UnixMillis, UserKey};

    const EARLY: UnixMillis = UnixMillis::from_raw(1_000);
    const LATE: UnixMillis = UnixMillis::from_raw(2_000);

    #[test]
    fn what_is_parked_is_held_until_it_expires_is_billed_or_lost() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("{TABLE} CREATE TABLE event (key BLOB PRIMARY KEY);")).unwrap();
        let reserved = Reserved {
            campaign: CampaignId::from_slug("c"),
            line_item: LineItemId::from_slug("c/l"),
            day: Day::from_raw(3),
            amount: Nanos::from_raw(7),
        };
        let reservation = Reservation { reserved, expires: LATE, user: Some(UserKey::from_bytes([9; 16])) };
        let bids = [1, 2, 3].map(|random| BidId::mint(EARLY, random));
        let open: Vec<_> = bids.iter().map(|bid| (*bid, reservation)).collect();
        write(&mut connection, &open).unwrap();
        assert_eq!(read(&connection, EARLY).unwrap(), open);
        for (bid, kind) in [(bids[0], 2), (bids[1], 3), (bids[2], 1)] {
            let key = [bid.as_bytes().as_slice(), &[kind]].concat();
            connection.execute("INSERT INTO event VALUES (?)", [key]).unwrap();
        }
        assert_eq!(read(&connection, EARLY).unwrap(), open[2..], "a win alone closes nothing");
        assert!(read(&connection, LATE).unwrap().is_empty());
        write(&mut connection, &[]).unwrap();
        assert!(read(&connection, EARLY).unwrap().is_empty());
    }
}
