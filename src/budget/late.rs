//! Limits that are written while bids are out: what those hold counts under them as well.

use crate::budget::book::{Book, Reserved};
use crate::budget::open::Open;
use crate::budget::purse::Purse;
use crate::ledger::{CapKey, Measure, windows};
use crate::units::LineItemId;

impl Book {
    /// Has every bid of `open` hold its part of each limit that the purse of its line item has by now, as far as it
    /// does not: of a limit that is younger than a bid, the bid held nothing, and would be billed beside it.
    pub fn include<'p>(&self, open: &Open, purse: impl Fn(LineItemId) -> Option<&'p Purse>) {
        open.revise(|reservation| {
            let reserved = &mut reservation.reserved;
            if let Some(purse) = purse(reserved.purse.line_item) {
                self.hold_more(purse, reserved);
            }
        });
    }

    fn hold_more(&self, purse: &Purse, reserved: &mut Reserved) {
        let (key, before) = (reserved.purse, reserved.stakes);
        for (level, window) in windows(key.campaign, key.line_item, key.day, key.hour) {
            for measure in [Measure::Money, Measure::Impressions] {
                let key = CapKey { level, window, measure };
                if before.on(key) == Default::default() && purse.limits(key) {
                    reserved.stakes.hold_of(key);
                    let cap = self.cap(key);
                    cap.hold(reserved.stakes.on(key), &cap.enter());
                }
            }
        }
    }
}
