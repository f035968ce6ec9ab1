//! Whom impressions were shown to, as the ledger remembers it: what frequency caps count after a start.

use rusqlite::Row;

use crate::frequency::Exposure;
use crate::shell::exposure_store::Viewer;
use crate::shell::store::error::StoreError;
use crate::shell::store::schema::Store;
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, HouseholdKey, LineItemId, Millis, UnixMillis, UserKey,
};

impl Store {
    /// Calls `each` with whom billed impressions were shown to whose bids were made after `since`, where that is known,
    /// in order of time, until it returns false.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn exposures(
        &self,
        since: UnixMillis,
        mut each: impl FnMut(&Viewer, Exposure) -> bool,
    ) -> Result<(), StoreError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        // Keys begin with the time of the bid: what is older is not even looked at.
        let mut statement = self
            .connection
            .prepare(
                "SELECT user, household, bid, creative, line_item, campaign, advertiser FROM event
                 WHERE key >= ? AND kind = 2 AND (user IS NOT NULL OR household IS NOT NULL) ORDER BY key",
            )
            .map_err(sqlite)?;
        let first = BidId::mint(since.plus(Millis::from_raw(1)), 0);
        let mut rows = statement.query([first.as_bytes().as_slice()]).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            let (viewer, exposure) = exposure(row).map_err(sqlite)?;
            if !each(&viewer, exposure) {
                break;
            }
        }
        Ok(())
    }
}

fn exposure(row: &Row<'_>) -> rusqlite::Result<(Viewer, Exposure)> {
    let id = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let household = row.get::<_, Option<i64>>(1)?;
    let viewer = Viewer {
        user: row.get::<_, Option<[u8; 16]>>(0)?.map(UserKey::from_bytes),
        household: household.map(|raw| HouseholdKey::from_raw(raw.cast_unsigned())),
    };
    let exposure = Exposure {
        bid: BidId::from_bytes(row.get(2)?),
        creative: CreativeId::from_raw(id(3)?),
        line_item: LineItemId::from_raw(id(4)?),
        campaign: CampaignId::from_raw(id(5)?),
        advertiser: AdvertiserId::from_raw(id(6)?),
    };
    Ok((viewer, exposure))
}
