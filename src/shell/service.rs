//! The bidder as a service: holds the snapshot, the money and the users, for [`crate::shell::bidding`], which answers
//! requests, and [`crate::shell::booking`], which books notices.
//!
//! No HTTP here: bytes and words in, replies out, so that the server, the demo and the tests share it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use dashmap::DashMap;

use crate::audience::{Audiences, UserKeys};
use crate::bidder::{Composer, Learned, Plan, Snapshot};
use crate::budget::{Book, Open, Purse, Reservation};
use crate::frequency::Exposure;
use crate::ledger::BidFacts;
use crate::notice::Keys;
use crate::shell::agents::Agents;
use crate::shell::aims;
use crate::shell::audience_store::{AudienceWriter, Unwritten};
use crate::shell::clock;
use crate::shell::console::Console;
use crate::shell::conversions::Journeys;
use crate::shell::corrections::Corrections;
use crate::shell::events::Events;
use crate::shell::experiments::Ghosts;
use crate::shell::exposure_store::{ExposureStore, Viewer};
use crate::shell::learning::{Learning, Lessons};
use crate::shell::leasing;
use crate::shell::metrics::Metrics;
use crate::shell::publishers::Publishers;
use crate::shell::store::{Health, Name, NameKind, Parked, StoreError, Writer};
use crate::till::Till;
use crate::units::{
    CampaignId, CreativeId, Currency, Day, Hour, LineItemId, Millis, SegmentId, Steady, UnixMillis, UserKey,
};

/// Far longer than a decision takes: after so long every bid that is sent knows the newest limits.
const FORMER_FOR: Millis = Millis::from_seconds(5);

/// The bidder.
#[derive(Debug)]
pub struct Service {
    pub(in crate::shell) snapshot: ArcSwap<Snapshot>,
    /// Held while the next snapshot is made from the last, so that a tick never undoes a reload. Readers
    /// do not take it.
    making_snapshot: Mutex<()>,
    /// Until when bids may be sent that were decided before the last revision, by the clock that never steps.
    former_until: AtomicI64,
    pub(in crate::shell) book: Book,
    pub(in crate::shell) open: Open,
    pub(in crate::shell) exposures: Arc<ExposureStore>,
    /// What is known of people.
    pub audiences: Arc<Audiences>,
    /// Writes what is known of people.
    pub audience_writer: AudienceWriter,
    pub(in crate::shell) user_keys: UserKeys,
    /// What user agents mean that came before.
    pub(in crate::shell) agents: Agents,
    /// Whose names are kept.
    pub(in crate::shell) publishers: Publishers,
    /// Read whole for each answer and each notice: new keys replace it.
    pub(in crate::shell) composer: ArcSwap<Composer>,
    pub(in crate::shell) writer: Writer,
    /// Which events of people have come.
    pub(in crate::shell) events: Events,
    /// What measured people saw and clicked.
    pub(in crate::shell) journeys: Journeys,
    /// Where corrections are read.
    pub(in crate::shell) corrections: Corrections,
    /// Bids that are out, and what they will teach.
    pub(in crate::shell) lessons: Lessons,
    /// Who became part of which experiment.
    pub(in crate::shell) ghosts: Ghosts,
    /// What is known of learning.
    pub(in crate::shell) learning: Learning,
    /// What is counted.
    pub metrics: Metrics,
    /// What the console keeps between two looks.
    pub(in crate::shell) console: Console,
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

/// Why a new revision is not taken.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A campaign's currency.
    #[error(transparent)]
    Currency(#[from] CurrencyChanged),
    /// Reservations that are longer than any before could not be kept in the ledger.
    #[error("longer reservations cannot be kept: {0}")]
    Ledger(#[from] StoreError),
}

impl InstallError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Currency(error) => error.hint(),
            Self::Ledger(_) => "reload again once the ledger takes notices: see `/readyz`",
        }
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
        (writer, events, journeys, corrections, lessons, ghosts): (
            Writer,
            Events,
            Journeys,
            Corrections,
            Lessons,
            Ghosts,
        ),
    ) -> Self {
        let snapshot = Snapshot::new(Arc::new(plan), &book, clock::now(), None);
        let service = Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            making_snapshot: Mutex::new(()),
            former_until: AtomicI64::new(i64::MIN),
            book,
            open,
            exposures,
            audiences,
            audience_writer,
            user_keys: keys,
            agents: Agents::default(),
            publishers: Publishers::default(),
            composer: ArcSwap::from_pointee(composer),
            writer,
            events,
            journeys,
            corrections,
            lessons,
            ghosts,
            learning: Learning::default(),
            metrics: Metrics::default(),
            console: Console::default(),
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

    /// Takes a new revision of the campaigns, whole, from the next request on. On a thread that may wait.
    ///
    /// # Errors
    ///
    /// [`InstallError`]; the old revision goes on.
    pub fn install(&self, plan: Plan) -> Result<(), InstallError> {
        keeps_currencies(&plan, |campaign| self.currencies.get(&campaign).map(|known| *known))?;
        let longest = leasing::longest_notice(&plan);
        if longest > leasing::longest_notice(&self.snapshot().plan) {
            // Should this process be killed, its leases are locked up as long as its bids may be billed.
            self.writer.lengthen(longest)?;
        }
        let _making = self.making_snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let former = self.snapshot.load();
        let snapshot = Snapshot::new(Arc::new(plan), &self.book, clock::now(), Some(&former));
        self.snapshot.store(Arc::new(snapshot));
        self.former_until.store(clock::steady().plus(FORMER_FOR).raw(), Ordering::Release);
        self.include_open();
        self.remember();
        Ok(())
    }

    /// Replaces what was learnt by what `change` makes of it, whole, from the next request on.
    pub(in crate::shell) fn learn(&self, change: impl FnOnce(&mut Learned)) {
        let _making = self.making_snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let former = self.snapshot.load();
        let mut learned = (*former.learned).clone();
        change(&mut learned);
        self.snapshot.store(Arc::new(former.with_learned(Arc::new(learned), clock::now())));
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
        let campaign = |row| plan.campaign(plan.line_item(row)).id;
        let any_of: HashMap<CampaignId, &Purse> =
            snapshot.money.purses.iter().enumerate().map(|(row, purse)| (campaign(row), purse)).collect();
        let of_line_item = |line_item| purses.get(&line_item).copied();
        self.book.include(&self.open, of_line_item, |campaign| any_of.get(&campaign).copied());
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
        let began = Instant::now();
        let _ = self.book.hourglass().look(steady);
        let expired = self.open.take_expired(steady);
        self.metrics.expired(expired.len());
        for (bid, reservation) in expired {
            self.give_back(bid, &reservation);
            self.lessons.expired(bid);
        }
        let _making = self.making_snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let former = self.snapshot.load();
        let next = former.tick(&self.book, now);
        if next.money.valid_until != former.money.valid_until
            && let Some(today) = next.money.days.iter().min()
        {
            // Bids of days before yesterday are too old to be billed.
            self.book.forget_before(Day::from_raw(today.raw() - 2), Hour::from_raw(Hour::of(now).raw() - 48));
            self.console.forget_before(Day::from_raw(today.raw() - 2));
        }
        self.snapshot.store(Arc::new(next));
        if steady.raw() < self.former_until.load(Ordering::Acquire) {
            // Bids that were decided on the former revision and are out only now hold nothing of the new limits yet.
            self.include_open();
        }
        self.metrics.beat(began.elapsed());
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

    /// Erases a person from the audiences, the journeys and the experiments, and what they were shown from memory; false
    /// if nothing was known of them. The ledger's rows remain, under the keyed hash of the id, and a later start counts them
    /// again;
    /// so do the contexts of those impressions, which name nobody: to find them, the whole ledger would be read.
    ///
    /// # Errors
    ///
    /// [`Unwritten`] if the part of the audiences or of the experiments is not done: it may be tried again.
    pub async fn erase(&self, user: UserKey) -> Result<bool, Unwritten> {
        let was_shown = self.exposures.forget(&user);
        let was_enrolled = self.ghosts.erase(user).await.ok_or(Unwritten)?;
        let had_journey = self.journeys.erase(user).await.ok_or(Unwritten)?;
        Ok(self.audience_writer.erase(user).await? || was_shown || had_journey || was_enrolled)
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

/// The slugs that reports print for the ids of a plan.
#[must_use]
pub fn names(plan: &Plan) -> Vec<Name> {
    let name =
        |kind, id, slug: &str| Name { kind, id, slug: slug.to_owned(), fixed_cost: None, aims: Vec::new() };
    let catalog = &plan.catalog;
    let mut names = Vec::new();
    for advertiser in &catalog.advertisers {
        names.push(name(NameKind::Advertiser, advertiser.id.raw(), &advertiser.slug));
    }
    for campaign in &catalog.campaigns {
        let fixed_cost = Some((campaign.currency, campaign.costs.fixed));
        let aims = aims::of_campaign(catalog, campaign);
        let known = name(NameKind::Campaign, campaign.id.raw(), &campaign.slug);
        names.push(Name { fixed_cost, aims, ..known });
    }
    for deal in catalog.line_items.iter().flat_map(|line_item| &line_item.deals) {
        names.push(name(NameKind::Deal, deal.id.raw(), &deal.slug));
    }
    for line_item in &catalog.line_items {
        let slug = format!("{}/{}", catalog.campaigns[line_item.campaign].slug, line_item.slug);
        let known = name(NameKind::LineItem, line_item.id.raw(), &slug);
        names.push(Name { aims: aims::of_line_item(line_item), ..known });
    }
    for creative in &catalog.creatives {
        names.push(name(NameKind::Creative, creative.id.raw(), &creative.crid));
    }
    for line_item in &catalog.line_items {
        let campaign = &catalog.campaigns[line_item.campaign].slug;
        for arm in &line_item.arms {
            let slug = format!("{campaign}/{}/{}", line_item.slug, arm.slug);
            names.push(name(NameKind::Arm, arm.id.raw(), &slug));
        }
    }
    for segment in plan.segments() {
        names.push(name(NameKind::Segment, SegmentId::from_slug(segment).raw(), segment));
    }
    for exchange in &plan.exchanges {
        names.push(name(NameKind::Exchange, exchange.id.raw(), &exchange.slug));
    }
    names
}
