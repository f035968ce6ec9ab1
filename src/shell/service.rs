//! The bidder as a service: holds the snapshot, the money and the users, and answers requests and notices.
//!
//! No HTTP here: bytes and words in, replies out, so that the server, the demo and the tests share it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use bumpalo::Bump;
use dashmap::DashMap;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::audience::{Audiences, UserKeys};
use crate::bidder::{
    Ask, Chosen, Composer, Decision, NoBidReason, Plan, Silent, Snapshot, compose, decide, markup_fits,
};
use crate::budget::{self, Book, Open, Purse, PurseKey, Reservation, Reserved, Shortage, Span, Whose};
use crate::campaign::{AnswerForm, Caller, CountBy, Exchange, NoBidForm, Refusal};
use crate::frequency::{Exposure, all_caps, counts_by};
use crate::ledger::{BidFacts, Measure};
use crate::notice::Keys;
use crate::openrtb::{self, BidRequest};
use crate::privacy::Permissions;
use crate::shell::agents::Agents;
use crate::shell::audience_store::{AudienceWriter, Unwritten};
use crate::shell::clock;
use crate::shell::corrections::Corrections;
use crate::shell::events::Events;
use crate::shell::exposure_store::{ExposureStore, NoPlace, Viewer};
use crate::shell::metrics::Metrics;
use crate::shell::store::{Health, Name, NameKind, Parked, Writer};
use crate::till::Till;
use crate::units::{CampaignId, CreativeId, Currency, Day, Hour, LineItemId, Steady, UnixMillis, UserKey};

/// The bidder.
#[derive(Debug)]
pub struct Service {
    snapshot: ArcSwap<Snapshot>,
    /// Held while the next snapshot is made from the last, so that a tick never undoes a reload. Readers
    /// do not take it.
    making_snapshot: Mutex<()>,
    pub(in crate::shell) book: Book,
    pub(in crate::shell) open: Open,
    pub(in crate::shell) exposures: Arc<ExposureStore>,
    /// What is known of people.
    pub audiences: Arc<Audiences>,
    /// Writes what is known of people.
    pub audience_writer: AudienceWriter,
    user_keys: UserKeys,
    agents: Agents,
    /// Read whole for each answer and each notice: new keys replace it.
    pub(in crate::shell) composer: ArcSwap<Composer>,
    pub(in crate::shell) writer: Writer,
    /// Which events of people have come.
    pub(in crate::shell) events: Events,
    /// Where corrections are read.
    pub(in crate::shell) corrections: Corrections,
    /// What is counted.
    pub metrics: Metrics,
    /// Landing pages of every creative of every revision: a click on an ad that was taken out still leads on.
    pub(in crate::shell) landings: DashMap<CreativeId, String>,
    /// The currency of every campaign that ever had money in this ledger.
    currencies: DashMap<CampaignId, Currency>,
}

/// A campaign whose amounts would change their currency: what is spent is in the old one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("campaign `{campaign}` is in {now}, but the ledger has it in {then}")]
pub struct CurrencyChanged {
    /// Its slug.
    pub campaign: String,
    /// In the ledger.
    pub then: Currency,
    /// In the file.
    pub now: Currency,
}

impl CurrencyChanged {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "give the campaign in the new currency an id of its own"
    }
}

/// The first campaign of `plan` whose currency is another than in `known`.
///
/// # Errors
///
/// [`CurrencyChanged`].
pub fn keeps_currencies(
    plan: &Plan,
    known: impl Fn(CampaignId) -> Option<Currency>,
) -> Result<(), CurrencyChanged> {
    let changed = plan.catalog.campaigns.iter().find_map(|campaign| {
        let then = known(campaign.id).filter(|then| *then != campaign.currency)?;
        Some(CurrencyChanged { campaign: campaign.slug.clone(), then, now: campaign.currency })
    });
    changed.map_or(Ok(()), Err)
}

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
    /// A bidder on `plan`, with what a former process left: spends and open reservations, users, and what they were shown.
    #[must_use]
    pub fn new(
        plan: Plan,
        (book, open): (Book, Open),
        exposures: Arc<ExposureStore>,
        (audiences, audience_writer): (Arc<Audiences>, AudienceWriter),
        keys: UserKeys,
        composer: Composer,
        (writer, events, corrections): (Writer, Events, Corrections),
    ) -> Self {
        let snapshot = Snapshot::new(Arc::new(plan), &book, clock::now(), None);
        let service = Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            making_snapshot: Mutex::new(()),
            book,
            open,
            exposures,
            audiences,
            audience_writer,
            user_keys: keys,
            agents: Agents::default(),
            composer: ArcSwap::from_pointee(composer),
            writer,
            events,
            corrections,
            metrics: Metrics::default(),
            landings: DashMap::new(),
            currencies: DashMap::new(),
        };
        service.include_open();
        service.remember();
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

    /// True while events can be booked and money can be leased, once the audiences and what people were shown are read.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.writer.health() == Health::Sound
            && !self.book.hourglass().is_broken()
            && self.audiences.is_complete()
            && self.exposures.is_complete()
    }

    /// True once what a former process showed is read: until then nothing that a frequency cap counts is shown to
    /// anybody who is known.
    #[must_use]
    pub fn has_read_exposures(&self) -> bool {
        self.exposures.is_complete()
    }

    /// Takes a new revision of the campaigns, whole, from the next request on.
    ///
    /// # Errors
    ///
    /// [`CurrencyChanged`]; the old revision goes on.
    pub fn install(&self, plan: Plan) -> Result<(), CurrencyChanged> {
        keeps_currencies(&plan, |campaign| self.currencies.get(&campaign).map(|known| *known))?;
        let _making = self.making_snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let former = self.snapshot.load();
        let snapshot = Snapshot::new(Arc::new(plan), &self.book, clock::now(), Some(&former));
        self.snapshot.store(Arc::new(snapshot));
        self.include_open();
        self.remember();
        Ok(())
    }

    /// Signs with `keys` from the next answer on, and verifies by them.
    pub(in crate::shell) fn take_keys(&self, keys: Keys) {
        self.composer.store(Arc::new(self.composer.load().with_keys(keys)));
    }

    /// Has the bids that are out hold their part of limits that are new.
    fn include_open(&self) {
        let snapshot = self.snapshot.load();
        let (plan, purses) = (&snapshot.plan, &snapshot.money.purses);
        let purses: HashMap<LineItemId, &Purse> =
            purses.iter().enumerate().map(|(row, purse)| (plan.line_item(row).id, purse)).collect();
        self.book.include(&self.open, |line_item| purses.get(&line_item).copied());
    }

    /// Keeps what outlives a campaign's file: landing pages and currencies.
    fn remember(&self) {
        let catalog = &self.snapshot.load().plan.catalog;
        for creative in &catalog.creatives {
            self.landings.insert(creative.id, creative.landing_page.clone());
        }
        for campaign in &catalog.campaigns {
            self.currencies.insert(campaign.id, campaign.currency);
        }
    }

    /// The slow loop's beat, every fraction of a second: expired reservations are given back, midnight
    /// brings new purses, exhausted line items leave the live row.
    pub fn tick(&self, now: UnixMillis, steady: Steady) {
        let _ = self.book.hourglass().look(steady);
        let expired = self.open.take_expired(steady);
        self.metrics.expired(expired.len());
        for (bid, reservation) in expired {
            self.give_back(bid, &reservation);
        }
        let _making = self.making_snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let former = self.snapshot.load();
        let next = former.tick(&self.book, now);
        if next.money.valid_until != former.money.valid_until
            && let Some(today) = next.money.days.iter().min()
        {
            // Bids of days before yesterday are too old to be billed.
            self.book.forget_before(Day::from_raw(today.raw() - 2), Hour::from_raw(Hour::of(now).raw() - 48));
        }
        self.snapshot.store(Arc::new(next));
    }

    /// Returns what an unsuccessful bid held: its money and its place under the frequency caps.
    pub(in crate::shell) fn give_back(&self, bid: crate::units::BidId, reservation: &Reservation) {
        self.book.release(&reservation.reserved);
        self.exposures.withdraw(&viewer_of(reservation), bid);
    }

    /// The caps and the bids that are out, for notices.
    pub(in crate::shell) fn till(&self) -> Till<'_> {
        Till { book: &self.book, open: &self.open }
    }

    /// All bids whose outcome is not known, as the next process will want them.
    #[must_use]
    pub fn parked(&self) -> Vec<Parked> {
        let park = |(bid, reservation): (_, Reservation)| {
            let exposure = self.exposures.of(&viewer_of(&reservation), bid);
            Parked { bid, reservation, exposure }
        };
        self.open.all().into_iter().map(park).collect()
    }

    /// Erases a person from the audiences, and what they were shown from memory; false if nothing was known of
    /// them. The ledger's rows remain, under the keyed hash of the id, and a later start counts them again.
    ///
    /// # Errors
    ///
    /// [`Unwritten`] if the audiences' part is not done: it may be tried again.
    pub async fn erase(&self, user: UserKey) -> Result<bool, Unwritten> {
        let was_shown = self.exposures.forget(&user);
        Ok(self.audience_writer.erase(user).await? || was_shown)
    }

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
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        match &reply {
            BidReply::Bid(_) => self.metrics.answered(None, micros),
            BidReply::NoBid(reason, _) => self.metrics.answered(Some(*reason), micros),
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
                Ok(request) => match self.answer(&snapshot, exchange, &request, received, arena) {
                    Ok(body) => BidReply::Bid(body),
                    Err(reason) => BidReply::NoBid(reason, told(exchange, &request, reason)),
                },
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
        let composer = self.composer.load();
        let permissions = Permissions::of(request, &exchange.privacy);
        let user = self.user_keys.key(request, exchange.id, &permissions);
        let counts_households = snapshot.plan.counts_households;
        let household = counts_households.then(|| self.user_keys.household(request, &permissions)).flatten();
        let located = snapshot.plan.geo.as_ref().and_then(|geo| geo.locate(request, &permissions, now));
        let decision = {
            let profile = user.as_ref().map(|key| self.audiences.profile(key, now)).unwrap_or_default();
            // Reading a user agent is worth it only where a rule asks.
            let told = request.device.ua.filter(|_| snapshot.plan.index.vocabulary().asks_agent());
            let agent = told.map(|text| self.agents.read(text));
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
            RANDOM.with_borrow_mut(|random| decide(snapshot, &ask, random, &mut Silent))
        };
        let Decision { currency, mut bids, mut reason } = decision;
        if is_out_of_time(request, exchange, received) {
            // Whoever asked has gone on. The bids are dropped, and with them what they hold.
            return Err(NoBidReason::OutOfTime);
        }
        bids.retain(|chosen| {
            if !markup_fits(&composer, exchange, chosen) {
                reason = NoBidReason::LimitExceeded;
                return false;
            }
            match self.hold(chosen, now) {
                Ok(()) => true,
                Err(refused) => {
                    reason = refused;
                    false
                }
            }
        });
        if bids.is_empty() {
            return Err(reason);
        }
        self.metrics.bid(bids.len());
        let mut out = Vec::with_capacity(4_096 * bids.len());
        compose(&composer, request.id, exchange, currency, &bids, arena, &mut out);
        Ok(out)
    }

    /// Opens a bid's reservation and takes its place under the frequency caps, so that bids that are made at the
    /// same time cannot exceed one together.
    ///
    /// # Errors
    ///
    /// Why there is no place any more: the bid is not sent.
    fn hold(&self, chosen: &mut Chosen<'_>, now: UnixMillis) -> Result<(), NoBidReason> {
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
        chosen.held.keep();
        Ok(())
    }
}

/// For whom a reservation's bid counts.
pub(in crate::shell) fn viewer_of(reservation: &Reservation) -> Viewer {
    Viewer { user: reservation.user, household: reservation.household }
}

/// What the frequency caps count of a bid.
pub(in crate::shell) fn exposure_of(bid: &BidFacts) -> Exposure {
    Exposure {
        bid: bid.id,
        creative: bid.creative,
        line_item: bid.line_item,
        campaign: bid.campaign,
        advertiser: bid.advertiser,
    }
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
    for deal in catalog.line_items.iter().flat_map(|line_item| &line_item.deals) {
        names.push(name(NameKind::Deal, deal.id.raw(), &deal.slug));
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
