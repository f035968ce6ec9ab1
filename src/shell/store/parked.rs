//! Open reservations over a clean restart: written at the end, held again at the next start. What frequency caps count
//! of them stays until the next clean end, for whoever holds them may be killed.

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

/// The last bytes of the keys of an impression and of a loss, which begin with their bid.
const OUTCOMES: [u8; 2] = [2, 3];

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
///
/// Money is taken once: a run that is killed leaves what it took in its lease, which nobody spends until its time is
/// over. The places under frequency caps are taken by every run until one ends cleanly, but for those of bids that
/// were billed, which the ledger tells, or lost.
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
    let mut outcome = connection.prepare("SELECT 1 FROM event WHERE key IN (?, ?)")?;
    let mut parked = Vec::new();
    for row in rows {
        let row: Parked = row?;
        let [billed, lost] = OUTCOMES.map(|kind| [row.bid.as_bytes().as_slice(), &[kind]].concat());
        if !outcome.exists([billed, lost])? {
            parked.push(row);
        }
    }
    connection.execute("DELETE FROM parked WHERE user IS NULL AND household IS NULL", [])?;
    connection.execute("UPDATE parked SET amount = 0, mean = 0, variance = 0, more = 0", [])?;
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
    fn money_is_taken_once_and_a_place_until_the_next_clean_end_with_the_time_that_was_left() {
        let connection = Connection::open_in_memory().unwrap();
        let events = "CREATE TABLE event (key BLOB PRIMARY KEY);";
        connection.execute_batch(&format!("{TABLE} {events} {}", leases::TABLES)).unwrap();
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
        assert!(!ended_cleanly(&connection, epoch).unwrap());
        // Whoever took it was killed: its money is taken, but somebody's place is not.
        let mut place = want[1];
        place.reservation.reserved.stakes = Stakes::default();
        for _ in 0..2 {
            assert_eq!(take(&connection).unwrap(), [place]);
        }
        let billed = [bids[1].as_bytes().as_slice(), &[2]].concat();
        connection.execute("INSERT INTO event VALUES (?)", [billed]).unwrap();
        assert_eq!(take(&connection).unwrap(), [], "what was billed the ledger tells");
        replace(&connection, &[], (epoch.next(), Steady::from_raw(50))).unwrap();
        connection.execute("DELETE FROM event", []).unwrap();
        assert_eq!(take(&connection).unwrap(), [], "until the next clean end");
    }
}
