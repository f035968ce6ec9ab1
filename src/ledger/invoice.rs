//! A flat invoice for targeting data: what no impression names a price for, laid over those that used it.
//!
//! Beside [`Claim`]s, of which it is one. Each place and rate at which the day's impressions were taxed gets one bill of
//! its own, with its part of the amount by what was paid for media there, so that the data is taxed where the ads were.
//! Such a bill is taken back like any other. Deliberately absent: an invoice without impressions, which nobody could tax.

use crate::ledger::Setting;
use crate::ledger::bill::{Bill, Bills, Change, nothing_of};
use crate::ledger::caps::NO_LINE_ITEM;
use crate::ledger::claim::{Claim, Lot, Refusal, noon, shares};
use crate::ledger::event::{BidFacts, Charge};
use crate::units::{BidId, CreativeId, Epoch, ExchangeId, Nanos};

/// Impressions that are taxed alike.
struct Alike<'a> {
    /// An impression's charge with nothing in it: its tax, and who bears it.
    frame: Charge,
    first: &'a Bill,
    media: i128,
    count: i128,
}

impl Bills {
    /// The bills that an invoice of `amount` for the data of `lot` comes to, and what is put on each.
    ///
    /// # Errors
    ///
    /// [`Refusal`]: nothing was billed there, or the amount is not above zero.
    pub(in crate::ledger) fn invoiced(
        &self,
        claim: &Claim,
        lot: &Lot,
        amount: Nanos,
    ) -> Result<Vec<(Bill, Change)>, Refusal> {
        if amount < Nanos::ZERO {
            return Err(Refusal::Negative);
        }
        let mut groups: Vec<Alike<'_>> = Vec::new();
        let meant = self.iter().filter(|bill| bill.impressions() > 0 && lot.holds(bill.bid()));
        for bill in meant {
            let mut frame = nothing_of(bill.left());
            // Of the impression, not of its tax.
            (frame.late, frame.fx, frame.bid, frame.to_beat) = (false, None, None, None);
            let media = i128::from(bill.left().media.raw());
            match groups
                .iter_mut()
                .find(|group| group.frame == frame && group.first.is_divided() == bill.is_divided())
            {
                Some(group) => (group.media, group.count) = (group.media + media, group.count + 1),
                None => groups.push(Alike { frame, first: bill, media, count: 1 }),
            }
        }
        if groups.is_empty() {
            return Err(Refusal::NothingBilled);
        }
        // Where all media was free, every impression counts alike.
        let is_free = groups.iter().all(|group| group.media == 0);
        let weights: Vec<i128> =
            groups.iter().map(|group| if is_free { group.count } else { group.media }).collect();
        let parts = shares(amount.raw().into(), &weights);
        let taken = (0_u64..).zip(groups.iter().zip(parts)).filter(|(_, (_, part))| *part > 0);
        taken
            .map(|(number, (group, part))| {
                let part = Nanos::from_raw(i64::try_from(part).map_err(|_| Refusal::TooLarge)?);
                let bill = Bill::of_campaign(group.bid(claim, lot, number), &group.frame);
                let change = bill.invoice(part, group.first.is_divided())?;
                Ok((bill, change))
            })
            .collect()
    }
}

impl Alike<'_> {
    /// What the bill is about in a bid's place: the day, and nothing that only a bid has.
    fn bid(&self, claim: &Claim, lot: &Lot, number: u64) -> BidFacts {
        let at = noon(lot.day);
        BidFacts {
            id: BidId::mint(at, claim.random(number)),
            at,
            line_item: NO_LINE_ITEM,
            creative: CreativeId::from_raw(0),
            exchange: lot.exchange.unwrap_or(ExchangeId::from_raw(0)),
            deal: lot.deal,
            lease: Epoch::NONE,
            user: None,
            household: None,
            setting: Setting::default(),
            ..*self.first.bid()
        }
    }
}
