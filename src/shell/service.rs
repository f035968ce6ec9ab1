//! The bidder as a service: holds the snapshot, the money and the users, and answers requests and notices.
//!
//! No HTTP here: bytes and words in, replies out, so that the server, the demo and the tests share it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use bumpalo::Bump;
use dashmap::DashMap;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::audience::UserKeys;
use crate::bidder::{Ask, Chosen, Composer, Decision, NoBidReason, Plan, Silent, Snapshot, compose, decide};
use crate::budget::{Book, Open, Reservation, Reserved};
use crate::campaign::Exchange;
use crate::frequency::{Exposure, Level};
use crate::openrtb::{self, BidRequest};
use crate::privacy::Permissions;
use crate::shell::clock;
use crate::shell::metrics::Metrics;
use crate::shell::store::{Name, NameKind, Writer};
use crate::shell::users::Users;
use crate::units::{CreativeId, Millis, UnixMillis};

/// The longest frequency window we rebuild after a restart, and remember.
pub const EXPOSURE_AGE_MAX: Millis = Millis::from_seconds(31 * 86_400);

/// The bidder.
#[derive(Debug)]
pub struct Service {
    snapshot: ArcSwap<Snapshot>,
    /// Held while the next snapshot is made from the last: a beat that began before a reload would else
    /// put the old campaigns and their caps back. The fast loop never takes it.
    succession: Mutex<()>,
    pub(in crate::shell) book: Book,
    pub(in crate::shell) open: Open,
    pub(in crate::shell) users: Users,
    user_keys: UserKeys,
    pub(in crate::shell) composer: Composer,
    pub(in crate::shell) writer: Writer,
    /// What is counted.
    pub metrics: Metrics,
    /// Landing pages of every creative of every revision: a click on an ad that was taken out still leads on.
    pub(in crate::shell) landings: DashMap<CreativeId, String>,
}

/// The answer to a bid request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BidReply {
    /// 200 with this body.
    Bid(Vec<u8>),
    /// 204.
    NoBid(NoBidReason),
    /// 400: not OpenRTB.
    Malformed,
    /// 404: no such exchange.
    UnknownExchange,
}

thread_local! {
    /// Where a request is decoded; emptied after each, so that it costs no allocation once it is warm.
    static ARENA: RefCell<Bump> = RefCell::new(Bump::with_capacity(64 * 1024));
    static RANDOM: RefCell<SmallRng> = RefCell::new(SmallRng::from_rng(&mut rand::rng()));
}

impl Service {
    /// A bidder on `plan`, with what a former process left in `book` and `users`.
    #[must_use]
    pub fn new(
        plan: Plan,
        book: Book,
        users: Users,
        keys: UserKeys,
        composer: Composer,
        writer: Writer,
    ) -> Self {
        let snapshot = Snapshot::new(Arc::new(plan), &book, clock::now());
        let service = Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            succession: Mutex::default(),
            book,
            open: Open::default(),
            users,
            user_keys: keys,
            composer,
            writer,
            metrics: Metrics::default(),
            landings: DashMap::new(),
        };
        service.remember_landings();
        service
    }

    /// What the fast loop reads now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The keys of users, for imports.
    #[must_use]
    pub fn user_keys(&self) -> &UserKeys {
        &self.user_keys
    }

    /// True while events can be booked.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.writer.is_alive()
    }

    /// Takes a new revision of the campaigns, whole, from the next request on.
    pub fn install(&self, plan: Plan) {
        let _alone = self.succession.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = Snapshot::new(Arc::new(plan), &self.book, clock::now());
        self.snapshot.store(Arc::new(snapshot));
        self.remember_landings();
    }

    fn remember_landings(&self) {
        for creative in &self.snapshot.load().plan.catalog.creatives {
            self.landings.insert(creative.id, creative.landing_page.clone());
        }
    }

    /// The slow loop's beat, every fraction of a second: expired reservations are given back, midnight
    /// brings new purses, exhausted line items leave the live row.
    pub fn tick(&self, now: UnixMillis) {
        let expired = self.open.take_expired(now);
        self.metrics.expired(expired.len());
        for (bid, reservation) in expired {
            self.give_back(bid, &reservation);
        }
        let _alone = self.succession.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self.snapshot.load().tick(&self.book, now);
        self.snapshot.store(Arc::new(next));
    }

    /// Returns what an unsuccessful bid held: its money and its place under the frequency caps.
    pub(in crate::shell) fn give_back(&self, bid: crate::units::BidId, reservation: &Reservation) {
        self.book.release(&reservation.reserved);
        if let Some(user) = &reservation.user {
            self.users.withdraw(user, bid);
        }
    }

    /// Answers a bid request whose head arrived at `received`.
    #[must_use]
    pub fn bid(&self, exchange: &str, body: &[u8], received: Instant) -> BidReply {
        let started = Instant::now();
        let answer = catch_unwind(AssertUnwindSafe(|| self.try_bid(exchange, body, received)));
        let reply = answer.unwrap_or_else(|_| {
            // The panic's message went to the log. A decision that failed is no bid.
            self.metrics.panicked();
            ARENA.with(|arena| drop(arena.replace(Bump::with_capacity(64 * 1024))));
            BidReply::NoBid(NoBidReason::NoMatch)
        });
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        match &reply {
            BidReply::Bid(_) => self.metrics.answered(1, NoBidReason::NoMatch, micros),
            BidReply::NoBid(reason) => self.metrics.answered(0, *reason, micros),
            BidReply::Malformed => self.metrics.malformed(),
            BidReply::UnknownExchange => {}
        }
        reply
    }

    fn try_bid(&self, exchange: &str, body: &[u8], received: Instant) -> BidReply {
        let snapshot = self.snapshot.load();
        let Some(exchange) = snapshot.plan.exchange(exchange) else { return BidReply::UnknownExchange };
        ARENA.with_borrow_mut(|arena| {
            arena.reset();
            match openrtb::parse(body, arena) {
                Ok(request) => self.answer(&snapshot, exchange, &request, received, arena),
                Err(_) => BidReply::Malformed,
            }
        })
    }

    fn answer(
        &self,
        snapshot: &Snapshot,
        exchange: &Exchange,
        request: &BidRequest<'_>,
        received: Instant,
        arena: &Bump,
    ) -> BidReply {
        let tmax = request.tmax.unwrap_or(exchange.tmax_ms);
        let spent = u32::try_from(received.elapsed().as_millis()).unwrap_or(u32::MAX);
        if spent.saturating_add(exchange.margin_ms) >= tmax {
            return BidReply::NoBid(NoBidReason::OutOfTime);
        }
        if !self.writer.is_alive() {
            return BidReply::NoBid(NoBidReason::LedgerStopped);
        }
        let now = clock::now();
        let permissions = Permissions::of(request);
        let user = self.user_keys.key(request, exchange.id, &permissions);
        let decision = {
            let found = user.as_ref().map(|key| self.users.get(key));
            let nobody = Default::default();
            let ask = Ask {
                request,
                exchange,
                permissions: &permissions,
                user,
                profile: found.as_ref().map_or(&nobody, |found| &found.user().profile),
                exposures: found.as_ref().map(|found| &found.user().exposures),
                now,
            };
            RANDOM.with_borrow_mut(|random| decide(snapshot, &ask, random, &mut Silent))
        };
        let Decision { currency, mut bids, reason } = decision;
        let mut reason = reason;
        bids.retain(|chosen| {
            let kept = self.hold(chosen, now);
            if !kept {
                reason = NoBidReason::FrequencyCapped(Level::LineItem(chosen.line_item.id));
            }
            kept
        });
        if bids.is_empty() {
            return BidReply::NoBid(reason);
        }
        let mut out = Vec::with_capacity(4_096 * bids.len());
        compose(&self.composer, request.id, exchange.seat.as_deref(), currency, &bids, arena, &mut out);
        BidReply::Bid(out)
    }

    /// Opens a bid's reservation and takes its place under the frequency caps; if there is none any more,
    /// the money is given back and the bid is not sent.
    fn hold(&self, chosen: &Chosen<'_>, now: UnixMillis) -> bool {
        let bid = &chosen.ticket.bid;
        let reserved = Reserved {
            campaign: bid.campaign,
            line_item: bid.line_item,
            day: bid.day,
            amount: chosen.reserved,
        };
        let caps = [
            (Level::LineItem(bid.line_item), chosen.line_item.frequency.as_slice()),
            (Level::Campaign(bid.campaign), chosen.campaign.frequency.as_slice()),
        ];
        let capped = caps.iter().any(|(_, caps)| !caps.is_empty());
        let user = bid.user.filter(|_| capped);
        if let Some(user) = user {
            let exposure =
                Exposure { line_item: bid.line_item, campaign: bid.campaign, at: now, bid: bid.id };
            if !self.users.expose(user, &caps, exposure, now) {
                self.book.release(&reserved);
                return false;
            }
        }
        let expires = now.plus(chosen.ticket.reserved_for);
        self.open.insert(bid.id, Reservation { reserved, expires, user });
        true
    }
}

/// The slugs that reports print for the ids of a plan.
#[must_use]
pub fn names(plan: &Plan) -> Vec<Name> {
    let name = |kind, id, slug: &str| Name { kind, id, slug: slug.to_owned(), fixed_cost: None };
    let catalog = &plan.catalog;
    let mut names = Vec::new();
    for advertiser in &catalog.advertisers {
        names.push(name(NameKind::Advertiser, advertiser.id.raw(), &advertiser.slug));
    }
    for campaign in &catalog.campaigns {
        let fixed_cost = Some((campaign.currency, campaign.costs.fixed));
        names.push(Name { fixed_cost, ..name(NameKind::Campaign, campaign.id.raw(), &campaign.slug) });
    }
    for line_item in &catalog.line_items {
        let slug = format!("{}/{}", catalog.campaigns[line_item.campaign].slug, line_item.slug);
        names.push(name(NameKind::LineItem, line_item.id.raw(), &slug));
    }
    for creative in &catalog.creatives {
        names.push(name(NameKind::Creative, creative.id.raw(), &creative.crid));
    }
    for exchange in &plan.exchanges {
        names.push(name(NameKind::Exchange, exchange.id.raw(), &exchange.slug));
    }
    names
}
