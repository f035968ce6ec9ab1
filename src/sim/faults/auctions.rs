//! Auctions: a request comes, a bidder decides, the exchange goes on from there.

use rand::RngExt as _;
use smallvec::SmallVec;

use crate::audience::Profile;
use crate::bidder::{Ask, NoBidReason, Silent, decide};
use crate::budget::{PurseKey, Reservation, Reserved};
use crate::frequency::Seen;
use crate::notice::Ticket;
use crate::privacy::Permissions;
use crate::sim::faults::exchange::Course;
use crate::sim::faults::happening::What;
use crate::sim::faults::laws::Broken;
use crate::sim::faults::process::Node;
use crate::sim::faults::tally::Count;
use crate::sim::faults::world::{Task, World};
use crate::units::{Hour, UnixMillis};

/// The bids of one answer, with what each holds.
type Sent = SmallVec<[(Ticket, i64); 4]>;

impl World<'_> {
    /// One auction at one of the bidders.
    pub(in crate::sim::faults) fn auction(&mut self) -> Result<(), Broken> {
        self.count(Count::Auctions);
        let node = self.rng.random_range(0..self.nodes.len());
        let Some(sent) = self.decided(node) else {
            self.count(Count::Unserved);
            return Ok(());
        };
        for (ticket, stated) in sent {
            self.bid(node, &ticket, stated)?;
        }
        Ok(())
    }

    /// What the bidder answers; `None` if it does not.
    fn decided(&mut self, node: usize) -> Option<Sent> {
        let request = &self.requests[self.rng.random_range(0..self.requests.len())];
        let exchange = self.rng.random_range(0..self.nature.reserved.len());
        let now = self.now;
        let Node { clock, process: Some(process), .. } = &self.nodes[node] else { return None };
        if process.is_ending || process.cannot_keep {
            return None;
        }
        let snapshot = &process.snapshot;
        let exchange = snapshot.plan.exchanges.get(exchange)?;
        let wall = clock.wall(now);
        let ask = Ask {
            request,
            exchange,
            permissions: &Permissions::of(request, &exchange.privacy),
            user: None,
            household: None,
            profile: &Profile::default(),
            seen: Seen { user: None, household: None },
            agent: None,
            located: None,
            secure: false,
            now: wall,
        };
        // Whoever hears nothing of the allocator for as long as leases live, stops.
        let is_out = process.book.hourglass().look(clock.steady(now));
        let decision = decide(snapshot, &ask, &mut self.rng, &mut Silent);
        if let NoBidReason::BudgetSpent(_) = decision.reason {
            self.tally.one(Count::RefusedByCaps);
        }
        let mut sent = Sent::new();
        for mut chosen in decision.bids {
            if is_out {
                break;
            }
            let (ticket, stakes) = (chosen.ticket, chosen.held.stakes());
            let expires = clock.steady(now).plus(ticket.reserved_for);
            let reserved = Reserved { purse: purse_of(&ticket, wall), stakes };
            let reservation = Reservation { reserved, expires, user: None, household: None };
            process.open.insert(ticket.bid.id, reservation);
            chosen.keep();
            sent.push((ticket, stakes.worst.raw()));
        }
        Some(sent)
    }

    /// A bid reaches the exchange.
    fn bid(&mut self, node: usize, ticket: &Ticket, stated: i64) -> Result<(), Broken> {
        self.count(Count::Bids);
        let alone = self.is_alone();
        let number = self.oracle.sent(ticket, (node, self.now, stated), &self.plan, alone)?;
        self.happened(What::Bid, Some(node), Some(number), stated);
        let until = self.oracle.bids[number as usize].until;
        // After every letter of the same instant.
        self.agenda.set(until + 1, Task::Expire(number));
        let course = Course::draw(&mut self.rng, &self.nature.habits, number, ticket);
        for (is, count) in [
            (course.is_last_moment, Count::LastMoment),
            (course.is_contradictory, Count::Contradictions),
            (course.is_silent, Count::NeverTold),
            (course.is_priceless(), Count::Priceless),
        ] {
            if is {
                self.count(count);
            }
        }
        self.oracle.bids[number as usize].price = course.price;
        for (after, letter) in course.letters {
            self.agenda.set(self.now + after, Task::Deliver(letter));
        }
        Ok(())
    }
}

/// In whose purse a bid is, as the server says it.
fn purse_of(ticket: &Ticket, now: UnixMillis) -> PurseKey {
    let bid = &ticket.bid;
    debug_assert_eq!(bid.at, now, "a bid is made when it is decided");
    PurseKey { campaign: bid.campaign, line_item: bid.line_item, day: bid.day, hour: Hour::of(bid.at) }
}
