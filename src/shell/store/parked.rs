//! Open reservations over a clean restart: written at the end, held again at the next start.

use rusqlite::{Connection, params};

use crate::budget::{Reservation, Reserved};
use crate::frequency::Exposure;
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Day, HouseholdKey, LineItemId, Nanos, UnixMillis, UserKey,
};

pub(in crate::shell::store) const TABLE: &str = "
CREATE TABLE parked (
    bid BLOB PRIMARY KEY,
    campaign INTEGER NOT NULL,
    line_item INTEGER NOT NULL,
    day INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    user BLOB,
    household INTEGER,
    creative INTEGER,
    advertiser INTEGER
) WITHOUT ROWID;
";

/// A bid whose outcome is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parked {
    /// Which.
    pub bid: BidId,
    /// What it holds.
    pub reservation: Reservation,
    /// What frequency caps count of it; `None` if they count nothing.
    pub exposure: Option<Exposure>,
}

/// Replaces what is parked, within a transaction.
pub(in crate::shell::store) fn replace(transaction: &Connection, open: &[Parked]) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM parked", [])?;
    let mut insert = transaction.prepare("INSERT INTO parked VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for Parked { bid, reservation, exposure } in open {
        let Reservation { reserved, expires, user, household } = reservation;
        insert.execute(params![
            bid.as_bytes().as_slice(),
            reserved.campaign.raw().cast_signed(),
            reserved.line_item.raw().cast_signed(),
            reserved.day.raw(),
            reserved.amount.raw(),
            expires.raw(),
            user.map(|user| *user.as_bytes()),
            household.map(|household| household.raw().cast_signed()),
            exposure.map(|exposure| exposure.creative.raw().cast_signed()),
            exposure.map(|exposure| exposure.advertiser.raw().cast_signed()),
        ])?;
    }
    Ok(())
}

/// What is parked and still open at `now`: neither expired, nor billed or lost since. What was parked
/// stays until the next clean end, so that a crash in between changes nothing.
pub(in crate::shell::store) fn read(
    connection: &Connection,
    now: UnixMillis,
) -> rusqlite::Result<Vec<Parked>> {
    let mut statement = connection.prepare(
        "SELECT bid, campaign, line_item, day, amount, expires, user, household, creative, advertiser
         FROM parked
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
        let id = |column| row.get::<_, Option<i64>>(column).map(|raw| raw.map(i64::cast_unsigned));
        let household = id(7)?.map(HouseholdKey::from_raw);
        let bid = BidId::from_bytes(row.get(0)?);
        // What was parked before there were households has no creative and no advertiser: it counts for neither.
        let counts = user.is_some() || household.is_some();
        let exposure = Exposure {
            bid,
            creative: CreativeId::from_raw(id(8)?.unwrap_or_default()),
            line_item: reserved.line_item,
            campaign: reserved.campaign,
            advertiser: AdvertiserId::from_raw(id(9)?.unwrap_or_default()),
        };
        let reservation = Reservation { reserved, expires, user, household };
        Ok(Parked { bid, reservation, exposure: counts.then_some(exposure) })
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{Parked, TABLE, read, replace};
    use crate::budget::{Reservation, Reserved};
    use crate::frequency::Exposure;
    use crate::units::{
        AdvertiserId, BidId, CampaignId, CreativeId, Day, HouseholdKey, LineItemId, Nanos, UnixMillis,
        UserKey,
    };

    const EARLY: UnixMillis = UnixMillis::from_raw(1_000);
    const LATE: UnixMillis = UnixMillis::from_raw(2_000);

    #[test]
    fn what_is_parked_is_held_until_it_expires_is_billed_or_lost() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("{TABLE} CREATE TABLE event (key BLOB PRIMARY KEY);")).unwrap();
        let reserved = Reserved {
            campaign: CampaignId::from_slug("c"),
            line_item: LineItemId::from_slug("c/l"),
            day: Day::from_raw(3),
            amount: Nanos::from_raw(7),
        };
        let (user, household) = (Some(UserKey::from_bytes([9; 16])), Some(HouseholdKey::from_raw(u64::MAX)));
        let nobodys = Reservation { reserved, expires: LATE, user: None, household: None };
        let exposure = |bid| Exposure {
            bid,
            creative: CreativeId::from_slug("c/k"),
            line_item: reserved.line_item,
            campaign: reserved.campaign,
            advertiser: AdvertiserId::from_slug("a"),
        };
        let bids = [1, 2, 3].map(|random| BidId::mint(EARLY, random));
        let open = [
            Parked { bid: bids[0], reservation: nobodys, exposure: None },
            Parked {
                bid: bids[1],
                reservation: Reservation { user, ..nobodys },
                exposure: Some(exposure(bids[1])),
            },
            Parked {
                bid: bids[2],
                reservation: Reservation { user, household, ..nobodys },
                exposure: Some(exposure(bids[2])),
            },
        ];
        replace(&connection, &open).unwrap();
        assert_eq!(read(&connection, EARLY).unwrap(), open);
        for (bid, kind) in [(bids[0], 2), (bids[1], 3), (bids[2], 1)] {
            let key = [bid.as_bytes().as_slice(), &[kind]].concat();
            connection.execute("INSERT INTO event VALUES (?)", [key]).unwrap();
        }
        assert_eq!(read(&connection, EARLY).unwrap(), open[2..], "a win alone closes nothing");
        assert!(read(&connection, LATE).unwrap().is_empty());
        replace(&connection, &[]).unwrap();
        assert!(read(&connection, EARLY).unwrap().is_empty());
    }
}
