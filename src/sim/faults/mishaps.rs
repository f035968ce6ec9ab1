//! What goes wrong, and how the world comes back from it.

use std::sync::Arc;

use rand::RngExt as _;

use crate::ledger::{CapKey, Ledger, Measure, Quantity, Window};
use crate::sim::faults::happening::What;
use crate::sim::faults::laws::{Broken, InWords, Law, Lawful, law};
use crate::sim::faults::nature::log_uniform;
use crate::sim::faults::notices::taken_along;
use crate::sim::faults::process::{Node, Process};
use crate::sim::faults::sabotage::Sabotage;
use crate::sim::faults::store::{Answer, Door, Job};
use crate::sim::faults::tally::Count;
use crate::sim::faults::world::{Task, World};

const HOUR_MS: i64 = 3_600_000;
/// Events that are booked in several orders at the end of a run.
const SAMPLE: usize = 200;

/// What becomes of one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    /// The machine stops before it.
    Before,
    /// It stops after it, before anybody is answered.
    After,
    Full,
    /// The disk fails; it may have kept everything all the same.
    Failing,
}

impl World<'_> {
    /// Perhaps something goes wrong now.
    pub(in crate::sim::faults) fn mishap(&mut self) -> Lawful {
        if self.is_closing() {
            return Ok(());
        }
        let perils = self.nature.perils;
        let mut dice: f64 = self.rng.random();
        let mut falls = |chance: f64| {
            dice -= chance;
            dice < 0.0 && dice >= -chance
        };
        let (kill, power, clean_end) = (falls(perils.kill), falls(perils.power), falls(perils.clean_end));
        let (step, reload, cut_off) = (falls(perils.step), falls(perils.reload), falls(perils.cut_off));
        let node = self.rng.random_range(0..self.nodes.len());
        if kill && self.nodes[node].process.is_some() {
            self.kill(node);
        } else if power {
            self.cut_power();
        } else if clean_end && let Some(process) = &mut self.nodes[node].process {
            process.is_ending = true;
            self.park(node);
        } else if step {
            self.step_clock(node);
        } else if reload {
            self.reload();
        } else if cut_off && !self.is_alone() {
            let lasts = log_uniform(&mut self.rng, 1, self.nature.ttl.raw() * 3);
            self.nodes[node].cut_off_until = self.now + lasts;
            self.count(Count::CutOffs);
            self.happened(What::CutOff, Some(node), None, lasts);
        }
        Ok(())
    }

    /// Somebody corrects the wall clock of a machine.
    fn step_clock(&mut self, node: usize) {
        let by = match self.rng.random_range(0..4) {
            0 => HOUR_MS,
            1 => -HOUR_MS,
            _ => self.rng.random_range(-HOUR_MS..=HOUR_MS),
        };
        self.nodes[node].clock.step(by);
        self.count(Count::ClockSteps);
        self.happened(What::ClockStepped, Some(node), None, by);
    }

    /// Campaigns change, at every bidder at once.
    fn reload(&mut self) {
        self.scene.edit(&mut self.rng);
        self.plan = self.scene.plan();
        self.oracle.planned(&self.plan);
        for Node { clock, process, .. } in &mut self.nodes {
            if let Some(process) = process {
                process.install(Arc::clone(&self.plan), clock.wall(self.now));
            }
        }
        self.count(Count::Reloads);
        self.happened(What::PlanChanged, None, None, i64::try_from(self.plan.revision).unwrap_or(0));
    }

    /// A bidder dies, whatever it was doing.
    pub(in crate::sim::faults) fn kill(&mut self, node: usize) {
        self.count(Count::Crashes);
        self.happened(What::Killed, Some(node), None, 0);
        self.fall(node);
        if self.is_alone() {
            self.stop_store();
        }
    }

    /// Everything dies.
    fn cut_power(&mut self) {
        self.count(Count::PowerCuts);
        self.happened(What::Killed, None, None, 0);
        for node in 0..self.nodes.len() {
            self.fall(node);
        }
        self.stop_store();
    }

    fn stop_store(&mut self) {
        self.store.stop();
        self.store_life += 1;
    }

    /// The memory of a process is gone; it comes back some time.
    fn fall(&mut self, node: usize) {
        let Some(process) = self.nodes[node].process.take() else { return };
        // Whoever comes after it reads what was kept.
        self.oracle.read_by_heir(node);
        for waiting in process.waiting.into_values() {
            let (letter, counts) = taken_along(waiting);
            if counts {
                self.oracle.answered(letter.bid, self.now);
            }
            self.again(letter);
        }
        self.come_back(node);
    }

    fn come_back(&mut self, node: usize) {
        // Mostly it is watched over; sometimes somebody must come.
        let longest = if self.rng.random_bool(0.1) {
            self.nature.ttl.raw() + self.nature.longest().raw() / 4
        } else {
            self.nature.gap_ms * 100
        };
        let after = log_uniform(&mut self.rng, 1, longest);
        self.agenda.set(self.now + after, Task::Start(node));
    }

    /// A bidder that was told to end has parked what is open.
    pub(in crate::sim::faults) fn ended(&mut self, node: usize) {
        self.count(Count::CleanRestarts);
        self.happened(What::Ended, Some(node), None, 0);
        self.nodes[node].process = None;
        if self.is_alone() {
            self.stop_store();
        }
        self.come_back(node);
    }

    /// A bidder starts.
    pub(in crate::sim::faults) fn start(&mut self, node: usize) -> Lawful {
        if self.nodes[node].process.is_some() {
            return Ok(());
        }
        if !self.store.is_open() {
            self.store.open(self.now);
            self.check_books()?;
        }
        let Some(begun) = self.store.begin(node, self.now) else { return Ok(()) };
        let forgets_parked = self.is(Sabotage::ForgetsParked);
        let Node { clock, process, lives, .. } = &mut self.nodes[node];
        clock.start(self.now);
        *lives += 1;
        let door = Door { node, life: *lives };
        let wall = clock.wall(self.now);
        let parked = i64::try_from(begun.parked.len()).unwrap_or(i64::MAX);
        *process = Some(Process::boot(door, begun, Arc::clone(&self.plan), wall, forgets_parked));
        self.happened(What::Started, Some(node), None, parked);
        if !self.is_closing() && self.nature.perils.kill > 0.0 && self.rng.random_bool(0.05) {
            // It dies as soon as it has begun: what it took over dies with it.
            self.kill(node);
        }
        Ok(())
    }

    fn fate(&mut self) -> Fate {
        if self.is_closing() {
            return Fate::Kept;
        }
        let perils = self.nature.perils;
        let mut dice: f64 = self.rng.random();
        for (chance, fate) in [
            (perils.before, Fate::Before),
            (perils.after, Fate::After),
            (perils.full, Fate::Full),
            (perils.failing, Fate::Failing),
        ] {
            dice -= chance;
            if dice < 0.0 {
                return fate;
            }
        }
        Fate::Kept
    }

    /// The commit that is on its way ends.
    pub(in crate::sim::faults) fn commit(&mut self) -> Lawful {
        self.store.is_busy = false;
        let batch = self.store.batch();
        self.count(Count::Commits);
        match self.fate() {
            Fate::Kept => {
                for answer in self.write_down(&batch)? {
                    let takes = self.rng.random_range(0..=self.nature.answer_ms);
                    self.agenda.set(self.now + takes, Task::Answer(answer));
                }
            }
            Fate::Before => {
                if self.is(Sabotage::AnswersBeforeCommit) {
                    self.pretend(&batch)?;
                }
                self.cut_power();
            }
            Fate::After => {
                let _ = self.write_down(&batch)?;
                self.cut_power();
            }
            Fate::Full => {
                self.count(Count::DiskFull);
                self.happened(What::DiskFull, None, None, 0);
                for answer in self.store.roll_back(batch, self.now) {
                    self.agenda.set(self.now, Task::Answer(answer));
                }
            }
            Fate::Failing => self.fail(batch)?,
        }
        Ok(())
    }

    /// The disk fails: nobody is told that anything was kept, and the process ends. What is on the disk, the next
    /// one reads.
    fn fail(&mut self, batch: Vec<Job>) -> Lawful {
        self.count(Count::DiskErrors);
        self.happened(What::DiskFailed, None, None, 0);
        if self.is(Sabotage::RetriesSync) {
            return self.pretend(&batch);
        }
        if self.rng.random_bool(0.5) {
            let _ = self.write_down(&batch)?;
        }
        for job in batch {
            if let Job::Append { door, number, .. } = job {
                self.answer(Answer::Appended { door, number, news: None })?;
            }
        }
        self.cut_power();
        Ok(())
    }

    /// What a sabotaged writer does: answers as if all were kept.
    fn pretend(&mut self, batch: &[Job]) -> Lawful {
        for job in batch {
            if let Job::Append { door, number, events } = job {
                let news = Some(vec![true; events.len()]);
                self.answer(Answer::Appended { door: *door, number: *number, news })?;
            }
        }
        Ok(())
    }

    fn write_down(&mut self, batch: &[Job]) -> Result<Vec<Answer>, Broken> {
        let from = self.store.disk.events.len();
        let answers = self.store.commit(batch, self.now)?;
        self.happened(What::Committed, None, None, i64::try_from(batch.len()).unwrap_or(i64::MAX));
        self.witness(from)?;
        Ok(answers)
    }

    /// What the disk and the allocator say is used is what the exchange counted.
    fn check_books(&mut self) -> Lawful {
        self.count(Count::Replays);
        let (oracle, spent) = (&self.oracle.used, &self.store.disk.spent);
        let of = |cap: &CapKey| oracle.get(cap).copied().unwrap_or_default();
        for (cap, spent) in spent {
            law(Law::Books, *spent == of(cap), || {
                format!("{}: {spent} is spent by the ledger, {} was billed", InWords(*cap), of(cap))
            })?;
        }
        law(Law::Durable, spent.len() == oracle.len(), || "the ledger lost a cap".to_owned())?;
        let Some(treasury) = self.store.treasury() else { return Ok(()) };
        let used: Vec<(CapKey, i64)> =
            treasury.states().map(|(cap, state)| (cap, state.used().raw())).collect();
        let caps = used.iter().filter(|(_, used)| *used != 0).count();
        for (cap, used) in used {
            let counted = self.oracle.used.get(&cap).copied().unwrap_or_default();
            law(Law::Books, used == counted, || {
                format!("{}: {used} is used by the allocator, {counted} was billed", InWords(cap))
            })?;
        }
        let billed = self.oracle.used.values().filter(|used| **used != 0).count();
        law(Law::Books, caps == billed, || format!("the allocator knows {caps} caps, {billed} were used"))
    }

    /// The end of the world: what must be true when nothing is on its way any more.
    pub(in crate::sim::faults) fn close(&mut self) -> Lawful {
        self.check_books()?;
        for node in 0..self.nodes.len() {
            let Some(process) = &self.nodes[node].process else { continue };
            let open = process.open.len();
            law(Law::Drained, open == 0, || format!("bidder {node} still holds {open} bids"))?;
            let epoch = process.book.epoch();
            let mut caps: Vec<CapKey> = self.store.disk.shares.keys().map(|(cap, _)| *cap).collect();
            caps.dedup();
            for key in caps {
                let cap = process.book.cap(key);
                let (committed, used) = (cap.committed_here(), cap.used());
                law(Law::Drained, committed == used, || {
                    format!(
                        "bidder {node}: {} of {} are committed, {} used",
                        committed.raw(),
                        InWords(key),
                        used.raw()
                    )
                })?;
                // A cap without a limit need not be looked at by anybody; one that was made in the midst of a run
                // may count twice what was used while it asked, and never less.
                let kept = self.store.disk.used(key, epoch);
                let is_whole = key.measure == Measure::Money && key.window == Window::Total;
                let agrees = if is_whole { used == kept } else { used >= kept };
                law(Law::Drained, cap.limit() == Quantity::MAX || agrees, || {
                    format!("bidder {node} used {} of {}, {} is kept", used.raw(), InWords(key), kept.raw())
                })?;
            }
        }
        self.check_orders()
    }

    /// Some of the events give the same books in any order, however often they come.
    fn check_orders(&mut self) -> Lawful {
        let events = &self.store.disk.events;
        let first = self.rng.random_range(0..=events.len().saturating_sub(SAMPLE));
        let sample = &events[first..events.len().min(first + SAMPLE)];
        let mut straight = Ledger::default();
        for event in sample {
            let _ = straight.apply(event);
        }
        let mut shuffled = Ledger::default();
        for _ in 0..sample.len() {
            let _ = shuffled.apply(&sample[self.rng.random_range(0..sample.len())]);
        }
        for event in sample.iter().rev() {
            let _ = shuffled.apply(event);
        }
        law(Law::AnyOrder, straight == shuffled, || "two orders of the same events differ".to_owned())
    }
}
