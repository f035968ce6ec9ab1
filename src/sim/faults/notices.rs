//! Notices: verified, begun, committed, settled, acknowledged; or not, and tried again.

use rand::RngExt as _;

use crate::budget::AllocatorError;
use crate::ledger::{EventKind, used};
use crate::notice::{NoticeKind, Params, Ticket};
use crate::sim::faults::exchange::{Due, Letter, Says, due};
use crate::sim::faults::happening::What;
use crate::sim::faults::laws::{Broken, Law, Lawful, law};
use crate::sim::faults::oracle::Fact;
use crate::sim::faults::process::{Node, Waiting};
use crate::sim::faults::sabotage::Sabotage;
use crate::sim::faults::store::{Answer, Door, Job};
use crate::sim::faults::tally::Count;
use crate::sim::faults::world::{Task, World};
use crate::till::Pending;
use crate::units::{Cpm, Day, UnixMillis};

impl World<'_> {
    /// A letter arrives.
    pub(in crate::sim::faults) fn deliver(&mut self, letter: Letter) -> Lawful {
        let record = &self.oracle.bids[letter.bid as usize];
        let (ticket, node) = (record.ticket, record.node);
        let is_up = self.nodes[node].process.as_ref().is_some_and(|process| !process.is_ending);
        if !is_up {
            self.happened(What::NoticeUnheard, Some(node), Some(letter.bid), i64::from(letter.attempt));
            self.again(letter);
            return Ok(());
        }
        self.count(if letter.attempt == 0 { Count::Notices } else { Count::Retries });
        if letter.says.is_forged() {
            self.count(Count::Forged);
        } else if letter.says.is_altered() {
            self.count(Count::Altered);
        }
        self.happened(What::NoticeArrives, Some(node), Some(letter.bid), letter.kind as i64);
        let wall = self.nodes[node].clock.wall(self.now);
        let due = due(&letter, &ticket);
        if !self.is_verified(&letter, &ticket, wall) {
            let is_old = wall > ticket.bid.at.plus(ticket.honoured_for);
            if is_old {
                self.count(Count::TooOld);
            }
            law(Law::Refused, letter.says.is_forged() || is_old, || {
                format!("the token of bid {}, {:?}, is refused", letter.bid, letter.kind)
            })?;
            self.happened(What::NoticeRefused, Some(node), Some(letter.bid), 0);
            return Ok(());
        }
        law(Law::Forged, !letter.says.is_forged(), || {
            format!("a forged token of bid {}, {:?}, is taken", letter.bid, letter.kind)
        })?;
        self.understand(node, letter, (&ticket, due), wall)
    }

    /// True if our key says that the letter is ours.
    fn is_verified(&self, letter: &Letter, ticket: &Ticket, wall: UnixMillis) -> bool {
        let mut token = String::with_capacity(320);
        let keys = if letter.says == Says::Strange { &self.strange_keys } else { &self.keys };
        let kind = match letter.says {
            Says::Borrowed if letter.kind == NoticeKind::View => NoticeKind::Click,
            Says::Borrowed => NoticeKind::View,
            _ => letter.kind,
        };
        keys.sign(kind, ticket, None, &mut token);
        if let Says::Turned(bit) = letter.says {
            let mut bytes = token.into_bytes();
            let at = usize::from(bit) % bytes.len();
            // Another sign of the same alphabet, so that the bytes below differ.
            bytes[at] = if bytes[at] == b'A' { b'Q' } else { b'A' };
            token = String::from_utf8(bytes).unwrap_or_default();
        }
        self.is(Sabotage::TrustsTokens) || self.keys.verify(letter.kind, &token, wall).is_ok()
    }

    fn understand(
        &mut self,
        node: usize,
        letter: Letter,
        (ticket, due): (&Ticket, Due),
        wall: UnixMillis,
    ) -> Lawful {
        let (price, currency, loss) = words(&letter, ticket);
        let params = Params { price: &price, currency: &currency, loss: &loss, ..Params::default() };
        let counts = matches!(due, Due::Billed(_)) && self.oracle.arrived(letter.bid, self.now);
        let Some(process) = self.nodes[node].process.as_mut() else { return Ok(()) };
        if self.sabotage == Some(Sabotage::FreesOnWin)
            && letter.kind == NoticeKind::Win
            && let Some(reservation) = process.open.take(ticket.bid.id)
        {
            process.book.release(&reservation.reserved);
        }
        let mut believed = *ticket;
        if self.sabotage == Some(Sabotage::TrustsPrices) {
            believed.price = Cpm::MAX;
        }
        let scenario = process.snapshot.plan.scenario(ticket.scenario);
        let begun = process.till().begin(letter.kind, &believed, &params, wall, scenario);
        let mut pending = match begun {
            Ok(pending) => pending,
            Err(refused) => {
                law(Law::Refused, due == Due::Refused, || {
                    format!("the notice of bid {} is refused: {refused}", letter.bid)
                })?;
                self.happened(What::NoticeRefused, Some(node), Some(letter.bid), 1);
                return Ok(());
            }
        };
        law(Law::Forged, due != Due::Refused, || {
            format!("what {:?} says of bid {} is taken", letter.says, letter.bid)
        })?;
        if self.sabotage == Some(Sabotage::DayOfBilling) {
            let today = Day::from_raw(i32::try_from(wall.raw().div_euclid(86_400_000)).unwrap_or(i32::MAX));
            pending.events.iter_mut().for_each(|event| event.bid.day = today);
        }
        self.append(node, Waiting { letter, pending, counts })
    }

    /// Hands the events of a notice to the writer.
    fn append(&mut self, node: usize, waiting: Waiting) -> Lawful {
        let is_cut_off = self.now < self.nodes[node].cut_off_until;
        let Some(process) = self.nodes[node].process.as_mut() else { return Ok(()) };
        if waiting.pending.events.is_empty() {
            let door = process.door;
            return self.settle(door, waiting, &[]);
        }
        if is_cut_off {
            process.till().lost(waiting.pending);
            self.unavailable(node, waiting.letter, waiting.counts);
            return Ok(());
        }
        self.begun += 1;
        let number = self.begun;
        let (door, events) = (process.door, waiting.pending.events.clone());
        process.waiting.insert(number, waiting);
        self.store.push(Job::Append { door, number, events });
        Ok(())
    }

    /// What the writer said reaches whoever waits.
    pub(in crate::sim::faults) fn answer(&mut self, answer: Answer) -> Lawful {
        match answer {
            Answer::Appended { door, number, news } => self.appended(door, number, news),
            Answer::Leased { door, sent, grants } => {
                let until = self.nodes[door.node].clock.steady(sent).plus(self.nature.ttl);
                let Some(process) = self.behind(door) else { return Ok(()) };
                process.is_asking = false;
                match grants {
                    Ok(grants) => {
                        process.book.granted(&grants, until);
                        self.count(Count::Leases);
                        let count = i64::try_from(grants.len()).unwrap_or(i64::MAX);
                        self.happened(What::Leased, Some(door.node), None, count);
                    }
                    Err(AllocatorError::OutOfReach) => {
                        self.happened(What::LeaseUnheard, Some(door.node), None, 0);
                    }
                    // Its money may be somebody else's by now.
                    Err(AllocatorError::Ended(_)) => self.kill(door.node),
                }
                Ok(())
            }
            Answer::Parked { door } => {
                if self.behind(door).is_some() {
                    self.ended(door.node);
                }
                Ok(())
            }
        }
    }

    fn appended(&mut self, door: Door, number: u64, news: Option<Vec<bool>>) -> Lawful {
        let Some(process) = self.behind(door) else { return Ok(()) };
        process.cannot_keep = news.is_none();
        let Some(waiting) = process.waiting.remove(&number) else { return Ok(()) };
        match news {
            Some(news) => self.settle(door, waiting, &news)?,
            None => {
                process.till().lost(waiting.pending);
                self.unavailable(door.node, waiting.letter, waiting.counts);
            }
        }
        self.park(door.node);
        Ok(())
    }

    /// The events are kept: the money moves in memory, and the exchange is told.
    pub(in crate::sim::faults) fn settle(&mut self, door: Door, waiting: Waiting, news: &[bool]) -> Lawful {
        let Waiting { letter, pending, counts } = waiting;
        for event in &pending.events {
            law(Law::KeptBeforeAcknowledged, self.store.disk.knows(&event.key()), || {
                format!("a notice of bid {}, {:?}, is acknowledged and not kept", letter.bid, letter.kind)
            })?;
        }
        let is_click =
            pending.events.iter().zip(news).any(|(event, new)| *new && event.kind == EventKind::Click);
        let twice = self.is(Sabotage::SettlesTwice).then(|| pending.events.clone());
        let Node { process: Some(process), .. } = &self.nodes[door.node] else { return Ok(()) };
        let settled = process.till().kept(pending, news);
        if let (true, Some(events)) = (settled.paid, twice) {
            for event in events {
                process.book.settle(&event.bid, None, &used(&event));
            }
        }
        if counts {
            self.oracle.answered(letter.bid, self.now);
        }
        if settled.paid {
            self.oracle.heard(letter.bid);
        }
        if is_click {
            self.oracle.clicked(letter.bid);
        }
        if let Says::Lost(code) = letter.says
            && code != 0
            && !self.oracle.bids[letter.bid as usize].ticket.is_billed_by(NoticeKind::Impression)
        {
            self.oracle.lost(letter.bid);
            self.happened(What::GivenBack, Some(door.node), Some(letter.bid), 0);
        }
        self.happened(What::Settled, Some(door.node), Some(letter.bid), i64::from(settled.paid));
        if news.iter().all(|new| !new) && !news.is_empty() {
            self.count(Count::Duplicates);
        }
        if self.rng.random_bool(self.nature.habits.answer_lost) {
            self.count(Count::AnswersLost);
            self.again(letter);
        } else {
            self.count(Count::Acknowledged);
            self.happened(What::Acknowledged, Some(door.node), Some(letter.bid), letter.kind as i64);
        }
        Ok(())
    }

    /// A notice is told to come again.
    fn unavailable(&mut self, node: usize, letter: Letter, counts: bool) {
        self.happened(What::Unavailable, Some(node), Some(letter.bid), 0);
        if counts {
            self.oracle.answered(letter.bid, self.now);
        }
        self.again(letter);
    }

    /// The exchange tries again, later each time, until it gives up.
    pub(in crate::sim::faults) fn again(&mut self, letter: Letter) {
        if letter.attempt < self.nature.habits.retries {
            let after = self.nature.gap_ms.max(50) << letter.attempt;
            let letter = Letter { attempt: letter.attempt + 1, ..letter };
            self.agenda.set(self.now + after, Task::Deliver(letter));
        }
    }

    /// What a commit kept is counted by the oracle, first.
    pub(in crate::sim::faults) fn witness(&mut self, from: usize) -> Result<(), Broken> {
        for at in from..self.store.disk.events.len() {
            let fact = self.oracle.kept(&self.store.disk.events[at])?;
            let bid = self.oracle.number(self.store.disk.events[at].bid.id);
            let count = match (&self.store.disk.events[at].kind, fact) {
                (_, Fact::Impression) => Some(Count::Impressions),
                (_, Fact::Late) => Some(Count::Late),
                (EventKind::Loss { .. }, _) => Some(Count::Losses),
                (EventKind::Click, _) => Some(Count::Clicks),
                (EventKind::View, _) => Some(Count::Views),
                _ => None,
            };
            if let Some(count) = count {
                self.count(count);
            }
            let code = i64::from(self.store.disk.events[at].kind.code());
            self.happened(What::Booked, None, bid, code);
        }
        Ok(())
    }
}

/// Price, currency and reason, as the letter says them.
fn words(letter: &Letter, ticket: &Ticket) -> (String, String, String) {
    let currency = ticket.price_currency.code().to_owned();
    match letter.says {
        Says::Price(price) => (price.to_string(), currency, String::new()),
        Says::NoPrice => (String::new(), currency, String::new()),
        Says::Audit => ("AUDIT".to_owned(), currency, String::new()),
        Says::Above => {
            let above = Cpm::from_micros(ticket.price.micros() + 1).unwrap_or(Cpm::MAX);
            (above.to_string(), currency, String::new())
        }
        Says::Foreign => (ticket.price.to_string(), "XTS".to_owned(), String::new()),
        Says::Noise => ("1,5e".to_owned(), currency, String::new()),
        Says::Lost(code) => (String::new(), String::new(), code.to_string()),
        Says::Plain | Says::Turned(_) | Says::Strange | Says::Borrowed => {
            ("0.01".to_owned(), String::new(), "102".to_owned())
        }
    }
}

/// A notice that a process took with it when it died.
pub(in crate::sim::faults) fn taken_along(waiting: Waiting) -> (Letter, bool) {
    let Waiting { letter, pending, counts } = waiting;
    let Pending { .. } = pending;
    (letter, counts)
}
