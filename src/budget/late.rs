//! Limits that are written while bids are out: what those hold counts under them as well.

use crate::budget::book::{Book, Reserved};
use crate::budget::open::Open;
use crate::budget::purse::Purse;
use crate::ledger::{CapKey, Level, Measure, windows};
use crate::units::{CampaignId, LineItemId};

impl Book {
    /// Has every bid of `open` hold its part of each limit that the purse of its line item has by now, as far as it
    /// does not: of a limit that is younger than a bid, the bid held nothing, and would be billed beside it. Bids of a
    /// line item without a purse hold those of their campaign, which any purse of it knows. Twice is as good as once.
    pub fn include<'p>(
        &self,
        open: &Open,
        purse: impl Fn(LineItemId) -> Option<&'p Purse>,
        any_of: impl Fn(CampaignId) -> Option<&'p Purse>,
    ) {
        open.revise(|reservation| {
            let reserved = &mut reservation.reserved;
            if let Some(purse) = purse(reserved.purse.line_item) {
                self.hold_more(purse, reserved, |_| true);
            } else if let Some(purse) = any_of(reserved.purse.campaign) {
                self.hold_more(purse, reserved, |level| matches!(level, Level::Campaign(_)));
            }
        });
    }

    fn hold_more(&self, purse: &Purse, reserved: &mut Reserved, holds: impl Fn(Level) -> bool) {
        let (key, before) = (reserved.purse, reserved.stakes);
        let windows = windows(key.campaign, key.line_item, key.day, key.hour);
        for (level, window) in windows.into_iter().filter(|(level, _)| holds(*level)) {
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
