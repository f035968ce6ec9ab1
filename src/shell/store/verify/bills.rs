//! Corrections, held against the bills that they are about.

use std::collections::BTreeMap;

use crate::ledger::{Bills, Event};
use crate::shell::store::schema::Store;
use crate::shell::store::verify::{Check, Place, VerifyError};
use crate::units::BidId;

impl Store {
    /// Each bill that was corrected, after all its corrections; how many there are.
    pub(in crate::shell::store::verify) fn verify_bills(&self) -> Result<u64, VerifyError> {
        let mut corrected: BTreeMap<BidId, Vec<Event>> = BTreeMap::new();
        self.corrections(|event| corrected.entry(event.bid.id).or_default().push(event.clone()))?;
        let count = corrected.len() as u64;
        for (bid, mut events) in corrected {
            let corrections = events.len();
            events.extend(self.events_of_bid(bid)?);
            let bills = Bills::of(events);
            let Some(bill) = bills.get(bid) else {
                let kept = format!("{corrections} corrections");
                return Err(VerifyError::differs(
                    Check::Bills,
                    Place::Bill(bid),
                    &kept,
                    &"nothing was billed",
                ));
            };
            if let Some((what, amount)) = bill.below_nothing() {
                let kept = format!("{what}: {amount}");
                return Err(VerifyError::differs(Check::Bills, Place::Bill(bid), &kept, &"0 or more"));
            }
        }
        Ok(count)
    }
}
