//! What a notice does to the money, before and after its events are kept. Between the two somebody else writes
//! them down; nothing here waits.
//!
//! Stands behind `notice` and before the store: [`Till::begin`] turns a verified notice into events and holds the
//! bid's reservation, [`Till::kept`] settles it once the events are kept, [`Till::lost`] puts it back where they
//! could not be. Deliberately absent: who keeps the events, and what frequency caps make of it.

#[cfg(test)]
mod tests;

use crate::budget::{Book, Hold, Open, Reservation};
use crate::ledger::{self, Event, EventKind};
use crate::notice::{self, NoticeKind, Params, Refused, Ticket, Unpriced};
use crate::ttf::Scenario;
use crate::units::{BidId, Nanos, UnixMillis};

/// The caps of a process and its bids that are out.
#[derive(Debug, Clone, Copy)]
pub struct Till<'a> {
    /// The caps.
    pub book: &'a Book,
    /// The bids.
    pub open: &'a Open,
}

/// A notice whose events wait to be kept.
#[derive(Debug)]
pub struct Pending {
    /// To be kept in one commit.
    pub events: Vec<Event>,
    bid: BidId,
    /// What the bid holds, if this notice closes it and nobody else does.
    held: Option<Reservation>,
    closes: bool,
    late: bool,
    /// Why the bid's price is booked, if it is for want of another.
    unpriced: Option<Unpriced>,
}

/// What became of the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// True if an impression was paid for the first time.
    pub paid: bool,
    /// If it was, and at the bid's price for want of another: why.
    pub unpriced: Option<Unpriced>,
    /// True if it was news, and its bid held no money any more: its reservation had expired, or was closed.
    pub late: bool,
    /// True if nothing was reserved for it any more, or by another run: nor had it a place under the frequency caps.
    pub held_no_place: bool,
    /// The reservation of a bid that came to nothing: its place under the frequency caps is free again.
    pub given_back: Option<Reservation>,
}

impl Till<'_> {
    /// What a notice of `kind` means, and the reservation that it closes, held until it is kept or lost.
    ///
    /// # Errors
    ///
    /// [`Refused`]: nothing is to be kept, nothing is held.
    pub fn begin(
        &self,
        kind: NoticeKind,
        ticket: &Ticket,
        params: &Params<'_>,
        now: UnixMillis,
        scenario: Option<&Scenario>,
    ) -> Result<Pending, Refused> {
        let bid = ticket.bid.id;
        let understood = notice::event(kind, ticket, params, now, scenario, false)?;
        if !understood.closes {
            let (events, unpriced) = (understood.events, understood.unpriced);
            return Ok(Pending { events, bid, held: None, closes: false, late: false, unpriced });
        }
        let hold = self.open.hold(bid);
        let held = if let Hold::Ours(reservation) = hold { Some(reservation) } else { None };
        let late = hold == Hold::Gone && self.is_late(ticket, now);
        let understood = match notice::event(kind, ticket, params, now, scenario, late) {
            Ok(understood) => understood,
            Err(refused) => {
                if held.is_some() {
                    self.open.put_back(bid);
                }
                return Err(refused);
            }
        };
        let mut events = understood.events;
        let holds_money = match hold {
            Hold::Ours(held) | Hold::Others(held) => held.reserved.stakes.worst > Nanos::ZERO,
            Hold::Gone => false,
        };
        if holds_money {
            // A bid that this run took over from another is paid from its own lease, whichever of twins is kept; not so
            // one of which it took over only the place under frequency caps, for its money lies in the lease of a run
            // that was killed.
            for event in &mut events {
                event.bid.lease = self.book.epoch();
            }
        }
        Ok(Pending { events, bid, held, closes: true, late, unpriced: understood.unpriced })
    }

    /// True if the reservation of a bid that is not open here has expired. Of a bid of another run that was never
    /// open here only its own time tells.
    fn is_late(&self, ticket: &Ticket, now: UnixMillis) -> bool {
        ticket.bid.lease == self.book.epoch() || now > ticket.bid.at.plus(ticket.reserved_for)
    }

    /// The events are kept; `news` says for each whether it was the first of its key.
    #[must_use]
    pub fn kept(&self, pending: Pending, news: &[bool]) -> Settled {
        let Pending { events, bid, held, closes, late, unpriced } = pending;
        let held = held.and_then(|held| self.open.take(bid).or(Some(held)));
        let mut settled = Settled {
            paid: false,
            unpriced: None,
            late: late && news.last() == Some(&true),
            held_no_place: false,
            given_back: None,
        };
        let mut was_billed = false;
        for (event, is_new) in events.iter().zip(news) {
            let charge = if let EventKind::Impression(charge) = &event.kind { Some(charge) } else { None };
            was_billed |= charge.is_some();
            if !is_new {
                continue;
            }
            let reserved = held.as_ref().filter(|_| charge.is_some()).map(|held| &held.reserved);
            let used = ledger::used(event);
            if !used.is_empty() {
                self.book.settle(&event.bid, reserved, &used);
            }
            if charge.is_some() {
                settled.paid = true;
                settled.unpriced = unpriced;
                settled.held_no_place = held.is_none();
            }
        }
        if let (true, false, Some(held)) = (closes, settled.paid, held) {
            self.book.release(&held.reserved);
            // Billed before by a twin that came at the same time: the money is paid, the ad was seen.
            settled.given_back = (!was_billed).then_some(held);
        }
        settled
    }

    /// The events could not be kept: whoever sent the notice comes again.
    #[expect(clippy::needless_pass_by_value, reason = "a notice is kept or lost, once")]
    pub fn lost(&self, pending: Pending) {
        if pending.held.is_some() {
            self.open.put_back(pending.bid);
        }
    }
}
