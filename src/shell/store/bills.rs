//! What corrections are about: the bills, and what was corrected of them before.

use std::collections::HashSet;

use rusqlite::params;

use crate::ledger::{Bills, Event, EventKind, Lot, NO_LINE_ITEM, Target};
use crate::shell::store::error::StoreError;
use crate::shell::store::reader::Store;
use crate::shell::store::row;
use crate::units::{BidId, Millis, UnixMillis};

impl Store {
    /// The bills that corrections of `targets` are about. Reads every correction of the ledger: whatever is booked
    /// under an id stands in its way.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn bills(&self, targets: &[Target]) -> Result<Bills, StoreError> {
        let mut events = Vec::new();
        let (mut bids, mut lots): (Vec<BidId>, Vec<Lot>) = (Vec::new(), Vec::new());
        for target in targets {
            match target {
                Target::Bid(bid) => bids.push(*bid),
                Target::Lot(lot) => lots.push(Lot { exchange: None, deal: None, ..*lot }),
            }
        }
        bids.sort_unstable();
        bids.dedup();
        lots.sort_unstable_by_key(|lot| (lot.campaign, lot.day));
        lots.dedup();
        for bid in bids {
            let billed = format!("{} WHERE bid = ?1 AND key >= ?1 AND key < ?2 AND kind = 2", row::SELECT);
            let upto = [bid.as_bytes().as_slice(), &[0xff]].concat();
            self.collect(&billed, params![bid.as_bytes(), upto], &mut events)?;
        }
        for lot in lots {
            // A civil day of any zone lies within a day before and a day after that of UTC.
            let midnight = UnixMillis::from_raw(i64::from(lot.day.raw()) * 86_400_000);
            let day = Millis::from_seconds(86_400);
            let from = BidId::mint(midnight.minus(day), 0);
            let upto = BidId::mint(midnight.plus(day).plus(day), 0);
            let within = "WHERE key >= ? AND key < ? AND campaign = ? AND day = ? AND kind = 2";
            let (campaign, day) = (lot.campaign.raw().cast_signed(), lot.day.raw());
            let parameters = params![from.as_bytes(), upto.as_bytes(), campaign, day];
            self.collect(&format!("{} {within}", row::SELECT), parameters, &mut events)?;
        }
        let meant: HashSet<BidId> = events.iter().map(|event| event.bid.id).collect();
        let mut others = Vec::new();
        self.corrections(|event| {
            if meant.contains(&event.bid.id) || event.bid.line_item == NO_LINE_ITEM {
                events.push(event.clone());
            } else if let EventKind::Correction(correction) = &event.kind {
                others.push((correction.id, event.bid.id));
            }
        })?;
        let mut bills = Bills::of(events);
        for (id, bid) in others {
            bills.know(id, bid);
        }
        Ok(bills)
    }

    fn collect(
        &self,
        query: &str,
        parameters: &[&dyn rusqlite::ToSql],
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let mut statement = self.connection.prepare_cached(query).map_err(sqlite)?;
        let mut rows = statement.query(parameters).map_err(sqlite)?;
        while let Some(found) = rows.next().map_err(sqlite)? {
            events.push(row::read(found, &self.file)?);
        }
        Ok(())
    }
}
