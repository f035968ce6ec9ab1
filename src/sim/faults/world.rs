//! The world: virtual time, one task after another, and the laws after each.

use std::sync::Arc;

use bumpalo::Bump;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use crate::bidder::Plan;
use crate::budget::{LeaseTerms, Look, Lot};
use crate::notice::Keys;
use crate::openrtb::{BidRequest, parse};
use crate::sim::faults::agenda::Agenda;
use crate::sim::faults::clock::Clock;
use crate::sim::faults::exchange::Letter;
use crate::sim::faults::happening::{Fingerprint, Happening, What};
use crate::sim::faults::laws::{Broken, Violation};
use crate::sim::faults::nature::Nature;
use crate::sim::faults::oracle::Oracle;
use crate::sim::faults::process::{Node, Process};
use crate::sim::faults::sabotage::Sabotage;
use crate::sim::faults::scene::{REQUESTS, Scene};
use crate::sim::faults::store::{Answer, Door, Job, Store, parked};
use crate::sim::faults::tally::{Count, Tally};
use crate::units::Steady;

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How many auctions.
    pub auctions: u64,
    /// A fault to plant.
    pub sabotage: Option<Sabotage>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// Of which world.
    pub seed: u64,
    /// What it did and met.
    pub tally: Tally,
    /// Two runs with the same fingerprint were the same.
    pub fingerprint: u64,
    /// The first law that was broken.
    pub violation: Option<Violation>,
}

/// Runs the world of `seed` to its end, or until a law is broken. `watch` is told all that happens.
///
/// # Panics
///
/// If a request of the world's own is none: a fault of the world.
pub fn run(seed: u64, terms: Terms, watch: &mut dyn FnMut(&Happening)) -> Run {
    let arena = Bump::new();
    let requests: Vec<BidRequest<'_>> = REQUESTS
        .iter()
        .map(|body| parse(body.as_bytes(), &arena).expect("the world's own requests are well written"))
        .collect();
    let mut world = World::new(seed, terms, &requests, watch);
    let violation = world.live().err().map(|Broken { law, words }| Violation {
        seed,
        step: world.step,
        at: world.now,
        law,
        words,
    });
    Run { seed, tally: world.tally, fingerprint: world.fingerprint.value(), violation }
}

/// What is to happen.
#[derive(Debug)]
pub(in crate::sim::faults) enum Task {
    Auction,
    Tick(usize),
    Deliver(Letter),
    /// The commit that a store began in one of its lives ends.
    Commit(u64),
    Answer(Answer),
    /// The reservation of a bid is over.
    Expire(u32),
    Start(usize),
    Close,
}

/// Everything there is.
pub(in crate::sim::faults) struct World<'a> {
    pub(in crate::sim::faults) now: i64,
    step: u64,
    pub(in crate::sim::faults) rng: Xoshiro256PlusPlus,
    pub(in crate::sim::faults) nature: Nature,
    pub(in crate::sim::faults) scene: Scene,
    pub(in crate::sim::faults) plan: Arc<Plan>,
    pub(in crate::sim::faults) requests: &'a [BidRequest<'a>],
    pub(in crate::sim::faults) keys: Keys,
    pub(in crate::sim::faults) strange_keys: Keys,
    pub(in crate::sim::faults) agenda: Agenda<Task>,
    pub(in crate::sim::faults) store: Store,
    /// How often the store was stopped.
    pub(in crate::sim::faults) store_life: u64,
    pub(in crate::sim::faults) nodes: Vec<Node>,
    pub(in crate::sim::faults) oracle: Oracle,
    pub(in crate::sim::faults) tally: Tally,
    fingerprint: Fingerprint,
    watch: &'a mut dyn FnMut(&Happening),
    pub(in crate::sim::faults) sabotage: Option<Sabotage>,
    /// Auctions that are left.
    left: u64,
    /// Notices that were begun.
    pub(in crate::sim::faults) begun: u64,
}

impl<'a> World<'a> {
    fn new(
        seed: u64,
        terms: Terms,
        requests: &'a [BidRequest<'a>],
        watch: &'a mut dyn FnMut(&Happening),
    ) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let nature = Nature::draw(&mut rng, terms.auctions);
        let mut scene = Scene::draw(&mut rng, &nature);
        let plan = scene.plan();
        let mut oracle = Oracle::default();
        oracle.planned(&plan);
        let leases = LeaseTerms { ttl: nature.ttl, longest_notice: nature.longest() };
        let drift = nature.perils.drift_ppm;
        let clock = |at: usize| Clock::new(nature.begins, if at.is_multiple_of(2) { drift } else { -drift });
        let node = |at| Node { clock: clock(at), process: None, lives: 0, cut_off_until: 0 };
        Self {
            now: 0,
            step: 0,
            nature,
            scene,
            plan,
            requests,
            keys: Keys::new(&[7; 32], Some(&[8; 32])),
            strange_keys: Keys::new(&[9; 32], None),
            agenda: Agenda::new(),
            store: Store::new(leases, terms.sabotage),
            store_life: 0,
            nodes: (0..nature.nodes).map(node).collect(),
            oracle,
            tally: Tally::default(),
            fingerprint: Fingerprint::new(seed),
            watch,
            sabotage: terms.sabotage,
            left: terms.auctions,
            begun: 0,
            rng,
        }
    }

    fn live(&mut self) -> Result<(), Broken> {
        for node in 0..self.nodes.len() {
            self.start(node)?;
            let first = self.rng.random_range(1..=self.nature.tick_ms);
            self.agenda.set(first, Task::Tick(node));
        }
        self.agenda.set(self.nature.tick_ms * 2, Task::Auction);
        while let Some((at, task)) = self.agenda.next() {
            self.now = at;
            self.step += 1;
            match task {
                Task::Auction => self.next_auction()?,
                Task::Tick(node) => self.tick(node),
                Task::Deliver(letter) => self.deliver(letter)?,
                Task::Commit(life) if life == self.store_life => self.commit()?,
                Task::Commit(_) => {}
                Task::Answer(answer) => self.answer(answer)?,
                Task::Expire(bid) => self.oracle.expired(bid),
                Task::Start(node) => self.start(node)?,
                Task::Close => return self.close(),
            }
            self.write();
        }
        Ok(())
    }

    fn next_auction(&mut self) -> Result<(), Broken> {
        if self.left == 0 {
            // Long enough for every letter that is out, and every reservation.
            let rest = self.nature.longest().raw() * 5 + self.nature.gap_ms.max(50) * 2_000;
            self.agenda.set(self.now + rest, Task::Close);
            return Ok(());
        }
        self.left -= 1;
        let gap = self.rng.random_range(0..=self.nature.gap_ms * 2);
        self.agenda.set(self.now + gap, Task::Auction);
        self.mishap()?;
        self.auction()
    }

    /// True once no more auctions come: nothing goes wrong any more.
    pub(in crate::sim::faults) fn is_closing(&self) -> bool {
        self.left == 0
    }

    pub(in crate::sim::faults) fn is(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    /// The bidder alone has the allocator within it.
    pub(in crate::sim::faults) fn is_alone(&self) -> bool {
        self.nodes.len() == 1
    }

    pub(in crate::sim::faults) fn happened(
        &mut self,
        what: What,
        node: Option<usize>,
        bid: Option<u32>,
        number: i64,
    ) {
        let node = node.and_then(|node| u8::try_from(node).ok());
        let happening = Happening { at: self.now, what, node, bid, number };
        self.fingerprint.add(&happening);
        (self.watch)(&happening);
    }

    /// Begins the next commit if one is due.
    fn write(&mut self) {
        if self.store.is_open() && !self.store.is_busy && self.store.has_work() {
            self.store.is_busy = true;
            let takes = self.rng.random_range(0..=self.nature.commit_ms);
            self.agenda.set(self.now + takes, Task::Commit(self.store_life));
        }
    }

    /// The slow loop's beat of one bidder.
    fn tick(&mut self, node: usize) {
        self.agenda.set(self.now + self.nature.tick_ms, Task::Tick(node));
        let Node { clock, process: Some(process), .. } = &mut self.nodes[node] else { return };
        let wall = clock.wall(self.now);
        let steady = if self.sabotage == Some(Sabotage::ExpiresByWall) {
            Steady::from_raw(wall.since(self.nature.begins).raw() - clock.true_time(Steady::default()))
        } else {
            clock.steady(self.now)
        };
        if self.sabotage == Some(Sabotage::ExpiresWhileBooked) {
            for waiting in process.waiting.values() {
                expire_anyway(process, self.oracle.bids[waiting.letter.bid as usize].ticket.bid.id, steady);
            }
        }
        let expired = process.open.take_expired(steady);
        for (_, reservation) in &expired {
            process.book.release(&reservation.reserved);
        }
        process.tick(wall);
        let _ = process.book.hourglass().look(clock.steady(self.now));
        if !expired.is_empty() {
            self.happened(What::Expired, Some(node), None, i64::try_from(expired.len()).unwrap_or(i64::MAX));
        }
        self.ask(node);
        self.park(node);
    }

    /// Asks the allocator if the bell rang, or time has come.
    fn ask(&mut self, node: usize) {
        let (now, nature) = (self.now, &self.nature);
        let Node { clock, process: Some(process), cut_off_until, .. } = &mut self.nodes[node] else { return };
        if process.is_asking || process.is_ending || now < *cut_off_until {
            return;
        }
        let look = if now - process.asked >= nature.tick_ms * 5 {
            Look::Round
        } else if process.book.bell().has_rung() {
            Look::Rung
        } else {
            return;
        };
        let asks = process.book.asks(clock.steady(now), &Lot { ttl: nature.ttl }, look);
        (process.asked, process.is_asking) = (now, true);
        let (door, epoch) = (process.door, process.book.epoch());
        self.store.push(Job::Lease { door, epoch, asks, sent: now });
    }

    /// Parks what is open of a bidder that ends, once no notice of its waits any more.
    pub(in crate::sim::faults) fn park(&mut self, node: usize) {
        let Node { clock, process: Some(process), .. } = &mut self.nodes[node] else { return };
        if process.is_ending && !process.is_parking && process.waiting.is_empty() {
            process.is_parking = true;
            let open = parked(process.open.all(), clock.steady(self.now));
            let (door, epoch) = (process.door, process.book.epoch());
            self.store.push(Job::Park { door, epoch, open });
        }
    }

    /// The process behind `door`, if it still lives.
    pub(in crate::sim::faults) fn behind(&mut self, door: Door) -> Option<&mut Process> {
        self.nodes[door.node].process.as_mut().filter(|process| process.door == door)
    }

    pub(in crate::sim::faults) fn count(&mut self, count: Count) {
        self.tally.one(count);
    }
}

fn expire_anyway(process: &Process, bid: crate::units::BidId, now: Steady) {
    if let Some(reservation) = process.open.take(bid) {
        if reservation.expires <= now {
            process.book.release(&reservation.reserved);
        } else {
            process.open.insert(bid, reservation);
        }
    }
}
