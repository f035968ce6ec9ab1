//! Bid requests: who may send them, what is known of whoever is behind them, the decision, and what a bid holds
//! before it is sent.
//!
//! Where the fast loop meets the world: everything that [`decide`] is not told and may not look up is gathered here.
//! What comes back of a bid is booked in [`crate::shell::booking`].

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use bumpalo::Bump;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use smallvec::SmallVec;

use crate::agent::Agent;
use crate::bidder::{
    Ask, Chosen, Decision, Enrolled, NoBidReason, Silent, Snapshot, compose, decide, markup_fits,
    publisher as publisher_name,
};
use crate::budget::{self, PurseKey, Reservation, Reserved, Shortage, Span, Whose};
use crate::campaign::{AnswerForm, Caller, CountBy, Exchange, NoBidForm, Refusal};
use crate::frequency::{all_caps, counts_by};
use crate::learning::Features;
use crate::ledger::Measure;
use crate::openrtb::{self, BidRequest};
use crate::privacy::Permissions;
use crate::shell::clock;
use crate::shell::exposure_store::{NoPlace, Viewer};
use crate::shell::service::{Service, exposure_of};
use crate::shell::store::Health;
use crate::units::{BidId, Hour, UnixMillis, UserKey};

/// The answer to a bid request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BidReply {
    /// 200 with this body.
    Bid(Vec<u8>),
    /// 200 with this body where the exchange wants to know why, else 204.
    NoBid(NoBidReason, Option<Vec<u8>>),
    /// 400: not OpenRTB.
    Malformed,
    /// 404: no such exchange.
    UnknownExchange,
}

/// Why a caller is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unserved {
    /// There is no such exchange, and none that stands in for it.
    UnknownExchange,
    /// The caller has not shown what the exchange's profile asks for.
    Refused(Refusal),
}

thread_local! {
    /// Where a request is decoded; emptied after each, so that it costs no allocation once it is warm.
    static ARENA: RefCell<Bump> = RefCell::new(Bump::with_capacity(64 * 1024));
    static RANDOM: RefCell<SmallRng> = RefCell::new(SmallRng::from_rng(&mut rand::rng()));
}

impl Service {
    /// How `exchange` is answered, if `caller` may come in there.
    ///
    /// # Errors
    ///
    /// [`Unserved`].
    pub fn admit(&self, exchange: &str, caller: &impl Caller) -> Result<AnswerForm, Unserved> {
        let snapshot = self.snapshot.load();
        let exchange = snapshot.plan.exchange(exchange).ok_or(Unserved::UnknownExchange)?;
        exchange.access.admit(caller).map_err(Unserved::Refused)?;
        Ok(exchange.answer)
    }

    /// True if a page of any publisher may call the exchange of that name: not where a browser could be made to
    /// show what only its user has, a password that it remembers or its place in a network.
    #[must_use]
    pub fn admits_pages(&self, exchange: &str) -> bool {
        let snapshot = self.snapshot.load();
        snapshot.plan.exchange(exchange).is_none_or(|exchange| !exchange.access.asks())
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
            BidReply::NoBid(NoBidReason::NoMatch, None)
        });
        let took = started.elapsed();
        match &reply {
            BidReply::Bid(_) => self.metrics.answered(None, took),
            BidReply::NoBid(reason, _) => self.metrics.answered(Some(*reason), took),
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
                Ok(request) => {
                    self.console.samples.offer(&exchange.slug, body, received);
                    match self.answer(&snapshot, exchange, &request, received, arena) {
                        Ok(body) => BidReply::Bid(body),
                        Err(reason) => BidReply::NoBid(reason, told(exchange, &request, reason)),
                    }
                }
                Err(_) => BidReply::Malformed,
            }
        })
    }

    /// That the notice of a bid could be kept.
    fn keeps_notices(&self) -> Result<(), NoBidReason> {
        match self.writer.health() {
            Health::Sound => Ok(()),
            Health::NoSpace => Err(NoBidReason::DiskFull),
            Health::Ended => Err(NoBidReason::LedgerStopped),
        }
    }

    fn answer(
        &self,
        snapshot: &Snapshot,
        exchange: &Exchange,
        request: &BidRequest<'_>,
        received: Instant,
        arena: &Bump,
    ) -> Result<Vec<u8>, NoBidReason> {
        if is_out_of_time(request, exchange, received) {
            return Err(NoBidReason::OutOfTime);
        }
        self.keeps_notices()?;
        let now = clock::now();
        self.lessons.requests.came(exchange.id);
        let composer = self.composer.load();
        let permissions = Permissions::of(request, &exchange.privacy);
        let user = self.user_keys.key(request, exchange.id, &permissions);
        let counts_households = snapshot.plan.counts_households;
        let household = counts_households.then(|| self.user_keys.household(request, &permissions)).flatten();
        let located = snapshot.plan.geo.as_ref().and_then(|geo| geo.locate(request, &permissions, now));
        let (decision, agent) = {
            let profile = user.as_ref().map(|key| self.audiences.profile(key, now)).unwrap_or_default();
            // Whether or not a rule asks: what is learnt from must not change with the rules.
            let agent = request.device.ua.map(|text| self.agents.read(text));
            // Last, for their shards stay locked while the decision reads them.
            let exposures = self.exposures.get(&Viewer { user, household }, &snapshot.plan.windows, now);
            let ask = Ask {
                request,
                exchange,
                permissions: &permissions,
                user,
                household,
                profile: &profile,
                seen: exposures.seen(),
                agent,
                located: located.as_ref(),
                secure: composer.is_secure(),
                now,
            };
            (RANDOM.with_borrow_mut(|random| decide(snapshot, &ask, random, &mut Silent)), agent)
        };
        let Decision { currency, mut bids, mut reason, enrolled } = decision;
        if is_out_of_time(request, exchange, received) {
            // Whoever asked has gone on. The bids are dropped, and with them what they hold.
            return Err(NoBidReason::OutOfTime);
        }
        if let Some(user) = user.filter(|_| !request.test) {
            self.enrol(snapshot, &enrolled, user, now);
        }
        let mut unsent = Unsent { service: self, bids: SmallVec::new() };
        bids.retain(|chosen| {
            if !markup_fits(&composer, exchange, chosen) {
                reason = NoBidReason::LimitExceeded;
                return false;
            }
            let held = self.hold(snapshot, chosen, now).map(|()| unsent.bids.push(chosen.ticket.bid.id));
            held.map_err(|refused| reason = refused).is_ok()
        });
        if bids.is_empty() {
            return Err(reason);
        }
        let mut out = Vec::with_capacity(4_096 * bids.len());
        compose(&composer, request.id, exchange, currency, &bids, arena, &mut out);
        unsent.bids.clear();
        self.sent(request, &bids, agent, now);
        Ok(out)
    }

    /// Tells everybody who counts or names what was sent.
    fn sent<'a>(&self, request: &BidRequest<'a>, bids: &[Chosen<'a>], agent: Option<Agent>, now: UnixMillis) {
        for chosen in bids {
            let features = chosen.lesson.features.filter(|features| self.lessons.words.is_any_new(features));
            if let Some(features) = features {
                self.lessons.name(words(request, chosen, features, agent, now));
            }
        }
        let publisher = bids.first().and_then(|chosen| chosen.ticket.bid.setting.publisher);
        let name = request.channel.outlet().and_then(publisher_name);
        if let Some((id, name)) = publisher.zip(name) {
            self.publishers.meet(id, name, &self.writer);
        }
        self.metrics.bid(bids.len());
        for chosen in bids {
            self.console.sent(chosen.ticket.bid.campaign, chosen.ticket.bid.day);
        }
    }

    /// `user` is part of these experiments from now on.
    fn enrol(&self, snapshot: &Snapshot, enrolled: &[Enrolled<'_>], user: UserKey, now: UnixMillis) {
        for Enrolled { campaign, held_out } in enrolled {
            let advertiser = snapshot.plan.catalog.advertisers[campaign.advertiser].id;
            self.ghosts.tell(campaign, advertiser, (user, *held_out), now);
        }
    }

    /// Opens a bid's reservation and takes its place under the frequency caps, so that bids that are made at the
    /// same time cannot exceed one together.
    ///
    /// # Errors
    ///
    /// Why there is no place any more: the bid is not sent.
    fn hold(&self, snapshot: &Snapshot, chosen: &mut Chosen<'_>, now: UnixMillis) -> Result<(), NoBidReason> {
        let bid = &chosen.ticket.bid;
        let steady = clock::steady();
        if self.book.hourglass().look(steady) {
            // The process slept since the slow loop last looked: its leases may be others' by now.
            let span = Span::Total;
            let (whose, measure, shortage) = (Whose::Campaign, Measure::Money, Shortage::NotLeased);
            return Err(NoBidReason::BudgetSpent(budget::Refusal { whose, span, measure, shortage }));
        }
        let caps = all_caps(chosen.creative, chosen.line_item, chosen.campaign, chosen.advertiser);
        let user = bid.user.filter(|_| counts_by(&caps, CountBy::User));
        let viewer = Viewer { user, household: bid.household };
        if viewer != Viewer::default() {
            let place = self.exposures.expose(&viewer, &caps, exposure_of(bid), now);
            place.map_err(|NoPlace(counted)| NoBidReason::FrequencyCapped(counted))?;
        }
        let reserved = Reserved {
            purse: PurseKey {
                campaign: bid.campaign,
                line_item: bid.line_item,
                day: bid.day,
                hour: Hour::of(bid.at),
            },
            stakes: chosen.held.stakes(),
        };
        let expires = steady.plus(chosen.ticket.reserved_for);
        self.open.insert(bid.id, Reservation { reserved, expires, user, household: bid.household });
        // Whoever closes the reservation gives back what it holds: from here on nobody else may.
        chosen.keep();
        self.lessons.open(&snapshot.money.rhythms, chosen);
        Ok(())
    }
}

/// Bids that are open and of which no answer is written yet. Dropped, they are given back: a panic on the way to the
/// answer leaves nothing reserved.
struct Unsent<'a> {
    service: &'a Service,
    bids: SmallVec<[BidId; 4]>,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        for bid in &self.bids {
            if let Some(reservation) = self.service.open.take(*bid) {
                self.service.give_back(*bid, &reservation);
                self.service.lessons.unsent(*bid);
            }
        }
    }
}

/// The names of what a bid's features are hashes of.
fn words<'a>(
    request: &BidRequest<'a>,
    chosen: &Chosen<'a>,
    features: Features,
    agent: Option<Agent>,
    now: UnixMillis,
) -> impl Iterator<Item = (u8, u32, String)> + use<'a> {
    let bid = &chosen.ticket.bid;
    let known = bid.user.is_some();
    let of_request = Features::words_of_request(request, chosen.imp, bid.exchange, agent, known, now);
    let ad = chosen.ad();
    let all = of_request.chain(Features::words_of_ad(&ad));
    // Only what is kept of the bid.
    all.filter(move |(field, hash, _)| features.of(*field) == *hash)
        .map(|(field, hash, text)| (field as u8, hash, text))
}

/// True if what is left of `tmax` is not more than the network and the exchange itself need.
fn is_out_of_time(request: &BidRequest<'_>, exchange: &Exchange, received: Instant) -> bool {
    let tmax = request.tmax.unwrap_or(exchange.tmax_ms);
    let spent = u32::try_from(received.elapsed().as_millis()).unwrap_or(u32::MAX);
    spent.saturating_add(exchange.margin_ms) >= tmax
}

/// The body that tells why there is no bid, where the exchange wants one.
fn told(exchange: &Exchange, request: &BidRequest<'_>, reason: NoBidReason) -> Option<Vec<u8>> {
    (exchange.answer.no_bid == NoBidForm::Reason).then(|| {
        let mut body = Vec::with_capacity(request.id.len() + 64);
        openrtb::write_no_bid(request.id, reason.nbr(), &mut body);
        body
    })
}
