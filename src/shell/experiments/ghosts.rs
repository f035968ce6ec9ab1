//! What a bid tells of experiments: that a campaign was ready to bid on somebody, in which group, once a day.
//!
//! A set in memory, sharded, keeps what was told today, so that a person who comes often costs a look-up; what is new goes
//! through a bounded queue. What finds no room there is counted, and told again at the person's next bid.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};

use crate::campaign::{Campaign, Holdout};
use crate::shell::metrics::Page;
use crate::units::{AdvertiserId, CampaignId, Currency, Day, RatePpm, UnixMillis, UserKey};

/// Messages that wait to be written. One is about a hundred bytes.
const QUEUE: usize = 65_536;
/// Two cores wait for each other only on the same shard.
const SHARDS: usize = 64;
/// People of a shard that are remembered; beyond it the shard forgets, and they are told again, which changes nothing.
const TOLD_OF_SHARD_MAX: usize = 16_384;

/// Something for the keeper.
#[derive(Debug)]
pub(super) enum ToKeep {
    /// Somebody is in an experiment.
    Enrolled(Enrolment),
    /// Somebody is erased.
    Erase(UserKey, tokio::sync::oneshot::Sender<bool>),
}

/// A campaign was ready to bid on somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolment {
    /// Which campaign, as it was then.
    pub design: Design,
    /// On whom.
    pub user: UserKey,
    /// True if nothing was sent: the person is held out.
    pub held_out: bool,
    /// When.
    pub at: UnixMillis,
}

/// A campaign's holdout as its file had it. Groups of different ones are not comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Design {
    /// Of what.
    pub campaign: CampaignId,
    /// Whose conversions count.
    pub advertiser: AdvertiserId,
    /// Of its amounts.
    pub currency: Currency,
    /// Who is held out.
    pub share: RatePpm,
    /// A hash of the share and the salt: who exactly.
    pub draw: u64,
}

impl Design {
    /// That of `campaign`, which is `advertiser`'s.
    #[must_use]
    pub fn of(campaign: &Campaign, holdout: &Holdout, advertiser: AdvertiserId) -> Self {
        let mut hash = blake3::Hasher::new();
        hash.update(&holdout.share.ppm().to_le_bytes()).update(holdout.salt.as_bytes());
        let mut draw = [0; 8];
        draw.copy_from_slice(&hash.finalize().as_bytes()[..8]);
        let (id, currency) = (campaign.id, campaign.currency);
        Self { campaign: id, advertiser, currency, share: holdout.share, draw: u64::from_le_bytes(draw) }
    }
}

/// What was told today.
#[derive(Debug)]
struct Told {
    day: Day,
    people: HashSet<(CampaignId, UserKey), foldhash::fast::RandomState>,
}

/// Where bids tell of experiments.
#[derive(Debug)]
pub struct Ghosts {
    shards: Box<[Mutex<Told>]>,
    queue: SyncSender<ToKeep>,
    /// Bids that were not sent, and bids that were, of campaigns that hold people out.
    counts: [AtomicU64; 2],
    pub(super) kept: AtomicU64,
    /// Messages that found no room, or could not be written.
    pub(super) dropped: AtomicU64,
}

/// What the keeper reads.
#[derive(Debug)]
pub struct Inbox(pub(super) Receiver<ToKeep>);

impl Ghosts {
    /// One that nobody told anything, and its other end.
    #[must_use]
    pub fn new() -> (Self, Inbox) {
        let (queue, inbox) = sync_channel(QUEUE);
        let none = || Mutex::new(Told { day: Day::from_raw(i32::MIN), people: HashSet::default() });
        let ghosts = Self {
            shards: (0..SHARDS).map(|_| none()).collect(),
            queue,
            counts: [AtomicU64::new(0), AtomicU64::new(0)],
            kept: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        };
        (ghosts, Inbox(inbox))
    }

    /// `campaign` of `advertiser` was ready to bid on `user`. Never waits for anything but its shard.
    pub fn tell(
        &self,
        campaign: &Campaign,
        advertiser: AdvertiserId,
        (user, held_out): (UserKey, bool),
        at: UnixMillis,
    ) {
        let Some(holdout) = &campaign.holdout else { return };
        self.counts[usize::from(held_out)].fetch_add(1, Ordering::Relaxed);
        let day = day_of(at);
        let shard = &self.shards[usize::from(user.as_bytes()[0]) % SHARDS];
        let mut told = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if told.day != day || told.people.len() >= TOLD_OF_SHARD_MAX {
            told.day = day;
            told.people.clear();
        }
        if !told.people.insert((campaign.id, user)) {
            return;
        }
        let design = Design::of(campaign, holdout, advertiser);
        let sent = self.queue.try_send(ToKeep::Enrolled(Enrolment { design, user, held_out, at }));
        if sent.is_err() {
            // The next bid on the person tries again.
            told.people.remove(&(campaign.id, user));
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has all that is kept of `user` deleted; true if there was anything. `None` if it could not be: the queue is full, or
    /// there is no keeper.
    pub async fn erase(&self, user: UserKey) -> Option<bool> {
        let (done, answer) = tokio::sync::oneshot::channel();
        match self.queue.try_send(ToKeep::Erase(user, done)) {
            Ok(()) => answer.await.ok(),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => None,
        }
    }
}

/// The day of UTC.
pub(super) fn day_of(at: UnixMillis) -> Day {
    let day = at.raw().div_euclid(86_400_000);
    Day::from_raw(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN + 1 } else { i32::MAX }))
}

/// What is counted.
pub fn write_metrics(ghosts: &Ghosts, page: &mut Page) {
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let help = "Requests on which a campaign with a holdout was ready to bid, by the person's group.";
    let mut bids = page.counters("encan_holdout_bids_total", help);
    for (group, counter) in ["treated", "held_out"].iter().zip(&ghosts.counts) {
        bids.sample(&[("group", group)], read(counter));
    }
    let help = "People and days of experiments that were kept.";
    page.counter("encan_holdout_rows_total", help, read(&ghosts.kept));
    let help = "People and days of experiments that could not be kept: their reports are unreliable.";
    page.counter("encan_holdout_dropped_total", help, read(&ghosts.dropped));
}
