//! The learner: a thread that folds what outcomes told into landscapes, makes a view of them once a second for the bid
//! path, and keeps all that is learnt in the file `learned`, once a minute and at the end.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::bidder::Snapshot;
use crate::landscape::Sample;
use crate::learning::Creative as Brought;
use crate::pacing::{Dual, Group};
use crate::shell::clock;
use crate::shell::learning::files;
use crate::shell::learning::kept::{BYTES_MAX, CREATIVES_MAX, Kept, KeptError, Multiplier};
use crate::shell::learning::lessons::{News, Told};
use crate::shell::learning::waits::Waits;
use crate::shell::service::Service;
use crate::units::{CampaignId, CreativeId, LineItemId};

/// The file in the folder of the data.
pub const FILE: &str = "learned";
/// How often the bid path gets a new view.
const VIEW: Duration = Duration::from_secs(1);
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

/// Lets the budgets of `snapshot` go on with the multipliers that they had, and expect the traffic that was learnt.
pub fn resume(snapshot: &Snapshot, kept: &Kept) {
    let rhythms = &snapshot.money.rhythms;
    rhythms.expect(&snapshot.plan, &kept.traffic, clock::now());
    *snapshot.learned.traffic.lock().unwrap_or_else(PoisonError::into_inner) = kept.traffic.clone();
    for Multiplier { is_campaign, id, dual: former } in &kept.multipliers {
        let money = &snapshot.money;
        let dual = if *is_campaign {
            let campaigns = &snapshot.plan.catalog.campaigns;
            let at = campaigns.iter().position(|campaign| campaign.id == CampaignId::from_raw(*id));
            at.map(|at| rhythms.campaigns[at].dual())
        } else {
            let row = money.row(LineItemId::from_raw(*id));
            row.and_then(|row| rhythms.line_items[row].as_ref()).map(|rhythm| rhythm.dual())
        };
        if let Some(dual) = dual {
            dual.resume(former);
        }
    }
}

/// The thread.
#[derive(Debug)]
pub struct Learner {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

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
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("learner".to_owned()).spawn(move || {
            let mut desk = Desk {
                service,
                folder,
                kept,
                is_changed: true,
                failed: false,
                waits: Waits::default(),
                stood: HashMap::new(),
            };
            desk.run(&news, &stopped);
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends it: what waits is folded, and all is written.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // A panic in it was told when it happened.
        let _ = self.thread.join();
    }
}

struct Desk {
    service: Arc<Service>,
    folder: PathBuf,
    kept: Kept,
    /// True if the view is older than the landscapes.
    is_changed: bool,
    /// Wins of which the losses beside them are not known yet.
    waits: Waits,
    /// True if the last write failed: said once.
    failed: bool,
    /// The counts of requests as they stood when they were last looked at.
    stood: HashMap<Group, u64>,
}

impl Desk {
    fn run(&mut self, news: &Receiver<News>, stopped: &AtomicBool) {
        let (mut viewed, mut written) = (Instant::now(), Instant::now());
        self.kept.goals.resume(&self.service.snapshot());
        self.view();
        loop {
            match news.recv_timeout(LOOK) {
                Ok(first) => {
                    self.take(first);
                    news.try_iter().take(AT_ONCE).for_each(|news| self.take(news));
                }
                Err(RecvTimeoutError::Timeout) if stopped.load(Ordering::Acquire) => break,
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
            self.is_changed = true;
        }
    }

    /// Gives the bid path the landscapes as they are now.
    fn view(&mut self) {
        if !std::mem::take(&mut self.is_changed) {
            return;
        }
        let landscapes = self.kept.landscapes.view(clock::now());
        self.service.learning.taught(&self.kept, landscapes.len());
        let creatives = Arc::new(self.kept.creatives.clone());
        self.service.learn(|learned| {
            learned.landscapes = landscapes;
            learned.creatives = creatives;
        });
    }

    /// Takes along what the snapshot knows best.
    fn look_around(&mut self) {
        let snapshot = self.service.snapshot();
        let (plan, money) = (&snapshot.plan, &snapshot.money);
        let now = clock::now();
        let rhythms = &money.rhythms;
        let mut traffic = snapshot.learned.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        let stood = &mut self.stood;
        let mut came = |group, count: u64| {
            let before = stood.insert(group, count).unwrap_or(0);
            // A count that fell has begun anew. Without room for another group, a plan goes by the exchanges' curve.
            let _ = traffic.add(group, now, count.checked_sub(before).unwrap_or(count));
        };
        for (exchange, count) in self.service.lessons.requests.counts() {
            came(Group::Exchange(exchange.raw()), count);
        }
        let mut multipliers = Vec::with_capacity(rhythms.campaigns.len());
        let mut look = |is_campaign, id, dual: &Dual| {
            came(if is_campaign { Group::Campaign(id) } else { Group::LineItem(id) }, dual.seen());
            // What was written can be read: none is left out.
            multipliers.extend(Dual::from_bytes(&dual.to_bytes()).map(|dual| Multiplier {
                is_campaign,
                id,
                dual,
            }));
        };
        for (campaign, rhythm) in plan.catalog.campaigns.iter().zip(&rhythms.campaigns) {
            look(true, campaign.id.raw(), rhythm.dual());
        }
        for (row, rhythm) in rhythms.line_items.iter().enumerate() {
            if let Some(rhythm) = rhythm {
                look(false, plan.line_item(row).id.raw(), rhythm.dual());
            }
        }
        self.kept.goals.keep(&snapshot, now);
        self.kept.goal_bytes = self.kept.goals.to_bytes(&snapshot);
        self.kept.multipliers = multipliers;
        self.kept.traffic = traffic.clone();
        self.kept.at = now;
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
