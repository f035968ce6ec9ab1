//! Open reservations over a clean restart: written at the end, held again at the next start.

use rusqlite::{Connection, params};

use crate::budget::{PurseKey, Reservation, Reserved, Stake, Stakes};
use crate::frequency::Exposure;
use crate::ledger::Quantity;
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Day, Epoch, Hour, HouseholdKey, LineItemId, Nanos, Steady,
    UserKey,
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
    advertiser INTEGER,
    hour INTEGER NOT NULL DEFAULT 0,
    mean INTEGER,
    variance INTEGER NOT NULL DEFAULT 0,
    more INTEGER NOT NULL DEFAULT 0
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

/// Replaces what is parked, within a transaction: `epoch` ends cleanly at `now`.
pub(in crate::shell::store) fn replace(
    transaction: &Connection,
    open: &[Parked],
    (epoch, now): (Epoch, Steady),
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM parked", [])?;
    transaction.execute("UPDATE epoch SET ended = ?", [epoch.raw().cast_signed()])?;
    let mut insert =
        transaction.prepare("INSERT INTO parked VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for Parked { bid, reservation, exposure } in open {
        let Reservation { reserved: Reserved { purse, stakes }, expires, user, household } = reservation;
        insert.execute(params![
            bid.as_bytes().as_slice(),
            purse.campaign.raw().cast_signed(),
            purse.line_item.raw().cast_signed(),
            purse.day.raw(),
            stakes.worst.raw(),
            expires.since(now).raw().max(0),
            user.map(|user| *user.as_bytes()),
            household.map(|household| household.raw().cast_signed()),
            exposure.map(|exposure| exposure.creative.raw().cast_signed()),
            exposure.map(|exposure| exposure.advertiser.raw().cast_signed()),
            purse.hour.raw(),
            stakes.money.mean.raw(),
            stakes.money.variance,
            stakes.more,
        ])?;
    }
    Ok(())
}

/// True if `epoch` ended cleanly: what it had reserved is parked.
pub(in crate::shell::store) fn ended_cleanly(
    connection: &Connection,
    epoch: Epoch,
) -> rusqlite::Result<bool> {
    let ended: Option<i64> = connection.query_row("SELECT ended FROM epoch", [], |row| row.get(0))?;
    Ok(ended.is_some_and(|ended| ended.cast_unsigned() == epoch.raw()))
}

/// Takes what is parked: whoever commits that holds it from now on, in an epoch that begins now. A reservation has
/// as long to go as it had when it was parked: time that nobody was there to count does not free money.
pub(in crate::shell::store) fn take(connection: &Connection) -> rusqlite::Result<Vec<Parked>> {
    let mut statement = connection.prepare("SELECT * FROM parked")?;
    let rows = statement.query_map([], |row| {
        let purse = PurseKey {
            campaign: CampaignId::from_raw(row.get::<_, i64>(1)?.cast_unsigned()),
            line_item: LineItemId::from_raw(row.get::<_, i64>(2)?.cast_unsigned()),
            day: Day::from_raw(row.get(3)?),
            hour: Hour::from_raw(row.get(10)?),
        };
        let worst = Nanos::from_raw(row.get(4)?);
        let money = Stake { mean: Quantity::from_raw(row.get(11)?), variance: row.get(12)? };
        let reserved = Reserved { purse, stakes: Stakes { worst, money, more: row.get(13)? } };
        let expires = Steady::from_raw(row.get(5)?);
        let user = row.get::<_, Option<[u8; 16]>>(6)?.map(UserKey::from_bytes);
        let id = |column| row.get::<_, Option<i64>>(column).map(|raw| raw.map(i64::cast_unsigned));
        let household = id(7)?.map(HouseholdKey::from_raw);
        let bid = BidId::from_bytes(row.get(0)?);
        // What was parked before there were households has no creative and no advertiser: it counts for neither.
        let counts = user.is_some() || household.is_some();
        let exposure = Exposure {
            bid,
            creative: CreativeId::from_raw(id(8)?.unwrap_or_default()),
            line_item: purse.line_item,
            campaign: purse.campaign,
            advertiser: AdvertiserId::from_raw(id(9)?.unwrap_or_default()),
        };
        let reservation = Reservation { reserved, expires, user, household };
        Ok(Parked { bid, reservation, exposure: counts.then_some(exposure) })
    })?;
    let parked = rows.collect::<rusqlite::Result<_>>()?;
    connection.execute("DELETE FROM parked", [])?;
    connection.execute("UPDATE epoch SET ended = NULL", [])?;
    Ok(parked)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{Parked, TABLE, ended_cleanly, replace, take};
    use crate::budget::{PurseKey, Reservation, Reserved, Stake, Stakes};
    use crate::frequency::Exposure;
    use crate::ledger::Quantity;
    use crate::shell::store::leases;
    use crate::units::{
        AdvertiserId, BidId, CampaignId, CreativeId, Day, Epoch, Hour, HouseholdKey, LineItemId, Nanos,
        Steady, UnixMillis, UserKey,
    };

    #[test]
    fn what_is_parked_is_taken_once_with_the_time_that_it_had_left() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("{TABLE} {}", leases::TABLES)).unwrap();
        let purse = PurseKey {
            campaign: CampaignId::from_slug("c"),
            line_item: LineItemId::from_slug("c/l"),
            day: Day::from_raw(3),
            hour: Hour::from_raw(77),
        };
        let money = Stake { mean: Quantity::from_raw(6), variance: 2 };
        let reserved = Reserved { purse, stakes: Stakes { worst: Nanos::from_raw(7), money, more: 5 } };
        let (user, household) = (Some(UserKey::from_bytes([9; 16])), Some(HouseholdKey::from_raw(u64::MAX)));
        let nobodys = Reservation { reserved, expires: Steady::from_raw(90), user: None, household: None };
        let bids = [1, 2].map(|random| BidId::mint(UnixMillis::from_raw(1_000), random));
        let exposure = Exposure {
            bid: bids[1],
            creative: CreativeId::from_slug("c/k"),
            line_item: purse.line_item,
            campaign: purse.campaign,
            advertiser: AdvertiserId::from_slug("a"),
        };
        let somebodys = Reservation { user, household, expires: Steady::from_raw(10), ..nobodys };
        let open = [
            Parked { bid: bids[0], reservation: nobodys, exposure: None },
            Parked { bid: bids[1], reservation: somebodys, exposure: Some(exposure) },
        ];
        let epoch = Epoch::from_raw(4);
        replace(&connection, &open, (epoch, Steady::from_raw(50))).unwrap();
        assert!(ended_cleanly(&connection, epoch).unwrap());
        assert!(!ended_cleanly(&connection, epoch.next()).unwrap());
        let left = |millis| Steady::from_raw(millis);
        let mut want = open;
        want[0].reservation.expires = left(40);
        want[1].reservation.expires = left(0);
        assert_eq!(take(&connection).unwrap(), want);
        assert_eq!(take(&connection).unwrap(), []);
        assert!(!ended_cleanly(&connection, epoch).unwrap());
    }
}
