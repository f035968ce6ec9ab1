//! The learner: a thread that folds what outcomes told into landscapes, makes a view of them once a second for the bid
//! path, and keeps all that is learnt in the file `learned`, once a minute and at the end.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::bidder::Snapshot;
use crate::landscape::Sample;
use crate::learning::Creative as Brought;
use crate::pacing::{Dual, Group};
use crate::shell::clock;
use crate::shell::learning::files;
use crate::shell::learning::kept::{
    BYTES_MAX, CREATIVES_MAX, Kept, KeptError, Multiplier, Tried, Whose, mode, pool_mode,
};
use crate::shell::learning::lessons::{News, Told};
use crate::shell::learning::waits::Waits;
use crate::shell::service::Service;
use crate::shell::worker::{Stop, Worker};
use crate::units::{CampaignId, CreativeId, Nanos, UnixMillis};

/// The file in the folder of the data.
pub const FILE: &str = "learned";
/// How often the bid path gets a new view.
const VIEW: Duration = Duration::from_secs(1);
/// How often it gets what creatives brought, at most: a copy of all of them.
const CREATIVES: Duration = Duration::from_secs(10);
/// How often the file is written.
const KEEP: Duration = Duration::from_secs(60);
/// How long the thread waits for a message before it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(100);
/// Messages that are folded before the clock is looked at.
const AT_ONCE: usize = 1_024;

/// What is kept in `folder`, or why it is refused; `None` if nothing is.
///
/// # Errors
///
/// If the file cannot be read.
pub fn kept_in(folder: &Path) -> std::io::Result<Option<Result<Kept, KeptError>>> {
    Ok(files::read(folder, FILE, BYTES_MAX)?.map(|bytes| Kept::from_bytes(&bytes)))
}

/// Reads what a former run learnt in `folder`. A file that cannot be used is put aside, with a warning: the server then
/// starts as though it had learnt nothing.
#[must_use]
pub fn former(folder: &Path) -> Kept {
    let why = match kept_in(folder) {
        Ok(None) => return Kept::default(),
        Ok(Some(Ok(kept))) => return kept,
        Ok(Some(Err(error))) => error.to_string(),
        Err(error) => error.to_string(),
    };
    let aside = files::put_aside(folder, FILE, clock::now());
    tracing::warn!(error = why, aside = %aside.display(), "what was learnt cannot be used: begun anew");
    Kept::default()
}

/// Lets the budgets of `snapshot` go on with the multipliers that they had, where they are paced as before, and with what
/// trying cost them today, and expect the traffic that was learnt.
pub fn resume(snapshot: &Snapshot, kept: &Kept) {
    let money = &snapshot.money;
    money.rhythms.expect(&snapshot.plan, &kept.traffic, clock::now());
    *snapshot.learned.traffic.lock().unwrap_or_else(PoisonError::into_inner) = kept.traffic.clone();
    // An advertiser has a pool in each currency.
    let known: HashMap<(Whose, u64, u64), &Arc<Dual>> =
        duals(snapshot).map(|(whose, id, mode, dual)| ((whose, id, mode), dual)).collect();
    for Multiplier { whose, id, mode, dual: former } in &kept.multipliers {
        if let Some(dual) = known.get(&(*whose, *id, *mode)) {
            dual.resume(former);
        }
    }
    let campaigns = snapshot.plan.catalog.campaigns.iter().enumerate();
    let campaigns: HashMap<CampaignId, usize> = campaigns.map(|(at, campaign)| (campaign.id, at)).collect();
    for Tried { campaign, day, spent } in &kept.tried {
        if let Some(at) = campaigns.get(campaign).filter(|at| money.days[**at] == *day) {
            money.rhythms.exploration(*at).resume(*spent);
        }
    }
}

/// The multipliers of all budgets: whose, of which id, and how the budget is paced. One of a pool comes once.
pub(in crate::shell::learning) fn duals(
    snapshot: &Snapshot,
) -> impl Iterator<Item = (Whose, u64, u64, &Arc<Dual>)> {
    let (plan, rhythms) = (&snapshot.plan, &snapshot.money.rhythms);
    let campaigns = plan.catalog.campaigns.iter().zip(&rhythms.campaigns).map(|(campaign, rhythm)| {
        (Whose::Campaign, campaign.id.raw(), mode(&campaign.pacing), rhythm.dual())
    });
    let line_items = rhythms.line_items.iter().enumerate().filter_map(|(row, rhythm)| {
        let line_item = plan.line_item(row);
        Some((Whose::LineItem, line_item.id.raw(), mode(&line_item.pacing), rhythm.as_ref()?.dual()))
    });
    let mut met = HashSet::new();
    let pools = plan.catalog.campaigns.iter().enumerate().filter_map(move |(at, campaign)| {
        let pool = rhythms.pool(at).filter(|_| met.insert((campaign.advertiser, campaign.currency)))?;
        let advertiser = plan.catalog.advertisers[campaign.advertiser].id;
        Some((Whose::Pool, advertiser.raw(), pool_mode(campaign.currency), pool))
    });
    campaigns.chain(line_items).chain(pools)
}

/// The thread.
#[derive(Debug)]
pub struct Learner(Worker);

impl Learner {
    /// Starts it on what a former run had `kept`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(
        service: Arc<Service>,
        folder: PathBuf,
        news: Receiver<News>,
        kept: Kept,
    ) -> std::io::Result<Self> {
        let thread = Worker::start("learner", move |stop| {
            let mut desk = Desk {
                service,
                folder,
                kept,
                is_changed: true,
                are_creatives_changed: true,
                creatives_viewed: None,
                failed: false,
                waits: Waits::default(),
                stood: HashMap::new(),
            };
            desk.run(&news, stop);
        })?;
        Ok(Self(thread))
    }

    /// Ends it: what waits is folded, and all is written.
    pub fn stop(self) {
        self.0.stop();
    }
}

struct Desk {
    service: Arc<Service>,
    folder: PathBuf,
    kept: Kept,
    /// True if the view is older than the landscapes.
    is_changed: bool,
    /// True if what creatives brought is newer than the bid path knows.
    are_creatives_changed: bool,
    /// When the bid path last got that.
    creatives_viewed: Option<Instant>,
    /// Wins of which the losses beside them are not known yet.
    waits: Waits,
    /// True if the last write failed: said once.
    failed: bool,
    /// The counts of requests as they stood when they were last looked at.
    stood: HashMap<Group, u64>,
}

impl Desk {
    fn run(&mut self, news: &Receiver<News>, stop: &Stop) {
        let (mut viewed, mut written) = (Instant::now(), Instant::now());
        self.kept.goals.resume(&self.service.snapshot());
        self.view();
        loop {
            match news.recv_timeout(LOOK) {
                Ok(first) => {
                    self.take(first);
                    news.try_iter().take(AT_ONCE).for_each(|news| self.take(news));
                }
                Err(RecvTimeoutError::Timeout) if stop.is_set() => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if viewed.elapsed() >= VIEW {
                viewed = Instant::now();
                for told in self.waits.due(clock::now()) {
                    self.learn(&told);
                }
                self.view();
            }
            if written.elapsed() >= KEEP {
                written = Instant::now();
                self.write();
            }
        }
        // Bids that are still out teach nothing more.
        for told in self.waits.rest() {
            self.learn(&told);
        }
        self.write();
    }

    fn take(&mut self, news: News) {
        match news {
            News::Told(told) => {
                if let Some(told) = self.waits.take(told, clock::now()) {
                    self.learn(&told);
                }
            }
            News::Clicked(creative) => self.brought(creative, |brought| brought.clicks += 1),
            News::Came(line_item, at, came) => {
                let snapshot = self.service.snapshot();
                self.kept.goals.came(&snapshot, line_item, at, came);
            }
            News::Show(answer) => {
                self.look_around();
                // Whoever asked may have gone.
                let _ = answer.send(self.kept.to_bytes());
            }
        }
    }

    fn learn(&mut self, told: &Told) {
        if let Some(sample) = told.sample {
            self.kept.landscapes.learn(&told.segment, told.floor, sample, told.at);
            let samples = &mut self.kept.samples;
            match sample {
                Sample::Exact(_) => samples.exact += 1,
                Sample::Won(_) => samples.won += 1,
                Sample::Lost(_) => samples.lost += 1,
            }
        }
        if let Some(creative) = told.shown {
            self.brought(creative, |brought| brought.impressions += 1);
        }
        if let Some((arm, worth, paid)) = told.arm {
            self.kept.landscapes.outcome(told.exchange, told.currency, arm, worth, paid);
        }
        self.is_changed = true;
    }

    fn brought(&mut self, creative: CreativeId, add: impl FnOnce(&mut Brought)) {
        let creatives = &mut self.kept.creatives;
        if creatives.len() < CREATIVES_MAX || creatives.contains_key(&creative) {
            add(creatives.entry(creative).or_default());
            self.are_creatives_changed = true;
        }
    }

    /// Gives the bid path the landscapes as they are now, and what creatives brought as it lately was.
    fn view(&mut self) {
        let is_due = self.creatives_viewed.is_none_or(|viewed| viewed.elapsed() >= CREATIVES);
        let creatives = (is_due && std::mem::take(&mut self.are_creatives_changed)).then(|| {
            self.creatives_viewed = Some(Instant::now());
            Arc::new(self.kept.creatives.clone())
        });
        let is_changed = std::mem::take(&mut self.is_changed);
        let landscapes = is_changed.then(|| self.kept.landscapes.view(clock::now()));
        if let Some(landscapes) = &landscapes {
            self.service.learning.taught(&self.kept, landscapes.len());
        }
        if landscapes.is_none() && creatives.is_none() {
            return;
        }
        self.service.learn(|learned| {
            if let Some(landscapes) = landscapes {
                learned.landscapes = landscapes;
            }
            if let Some(creatives) = creatives {
                learned.creatives = creatives;
            }
        });
    }

    /// Takes along what the snapshot knows best.
    fn look_around(&mut self) {
        let snapshot = self.service.snapshot();
        let now = clock::now();
        let of_exchanges = self.service.lessons.requests.counts();
        // Exchanges first: if there is no room for all, their curve is what the others go by.
        let mut counts: Vec<(Group, u64)> = of_exchanges
            .into_iter()
            .map(|(exchange, count)| (Group::Exchange(exchange.raw()), count))
            .collect();
        let mut multipliers = Vec::with_capacity(snapshot.money.rhythms.campaigns.len());
        for (whose, id, mode, dual) in duals(&snapshot) {
            match whose {
                Whose::Campaign => counts.push((Group::Campaign(id), dual.seen())),
                Whose::LineItem => counts.push((Group::LineItem(id), dual.seen())),
                // Its requests are its campaigns'.
                Whose::Pool => {}
            }
            // What was written can be read: none is left out.
            let dual = Dual::from_bytes(&dual.to_bytes());
            multipliers.extend(dual.map(|dual| Multiplier { whose, id, mode, dual }));
        }
        self.count(counts, now);
        // Nobody else adds to it, so that the lock is held only to put the newer one in its place.
        let newer = self.kept.traffic.clone();
        let mut traffic = snapshot.learned.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        let older = std::mem::replace(&mut *traffic, newer);
        drop(traffic);
        drop(older);
        self.kept.tried = tried(&snapshot);
        self.kept.goals.keep(&snapshot, now);
        self.kept.goal_bytes = self.kept.goals.to_bytes(&snapshot);
        self.kept.multipliers = multipliers;
        self.kept.at = now;
    }

    /// Learns how much came since the counts were last looked at. Groups that are gone are not looked at again.
    fn count(&mut self, counts: Vec<(Group, u64)>, now: UnixMillis) {
        for (group, count) in &counts {
            let before = self.stood.get(group).copied().unwrap_or(0);
            // A count that fell has begun anew. Without room for another group, a plan goes by the exchanges' curve.
            let _ = self.kept.traffic.add(*group, now, count.checked_sub(before).unwrap_or(*count));
        }
        self.stood = counts.into_iter().collect();
    }

    fn write(&mut self) {
        self.look_around();
        match files::replace(&self.folder, FILE, &self.kept.to_bytes()) {
            Ok(()) => self.failed = false,
            Err(error) => {
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::warn!(%error, "what was learnt cannot be written: tried again each minute");
                }
            }
        }
    }
}

/// What trying cost campaigns today, where it cost anything.
pub(in crate::shell::learning) fn tried(snapshot: &Snapshot) -> Vec<Tried> {
    let money = &snapshot.money;
    let campaigns = snapshot.plan.catalog.campaigns.iter().zip(&money.days).enumerate();
    let all = campaigns.map(|(at, (campaign, day))| {
        let spent = money.rhythms.exploration(at).spent();
        Tried { campaign: campaign.id, day: *day, spent }
    });
    all.filter(|tried| tried.spent > Nanos::ZERO).collect()
}
