//! The steady scenario: one rate from beginning to end, whatever the answers are.
//!
//! A thread of its own hands each request over at its time; connections take them from a bounded queue,
//! so that a slow server makes requests wait, and then be dropped, but never be sent later than counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use encan::sim::{Mix, RequestFacts, Traffic};
use encan::units::UnixMillis;
use hyper::body::Bytes;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{Connection, bid_request, get};
use crate::conversions::{self, Conversions, is_beside};
use crate::judge::{Answer, judge};
use crate::queue::Queue;
use crate::report::{CallTally, Lateness, Tally, nanos};
use crate::target::Target;

/// Requests waiting for a connection: 64 MB of the larger bodies.
const BACKLOG_MAX: usize = 16_384;
/// Notices waiting to be called.
const NOTICES_MAX: usize = 16_384;
/// Connections that call notices.
const NOTICE_CONNECTIONS: usize = 4;

/// What to send.
pub struct Plan {
    pub target: Target,
    /// Nanoseconds after the start, in order.
    pub due: Vec<u64>,
    /// Requests due before are not counted.
    pub warmup: Duration,
    pub connections: usize,
    pub timeout: Duration,
    pub seed: u64,
    pub mix: Mix,
    /// The share of bids whose notices are called.
    pub notices: f64,
    /// What is told beside.
    pub conversions: Option<Conversions>,
}

/// Counts that a progress line reads while the run goes on.
#[derive(Default)]
pub struct Progress {
    pub sent: AtomicU64,
    pub answered: AtomicU64,
    pub wrong: AtomicU64,
}

/// What was counted.
pub struct Outcome {
    pub tally: Tally,
    pub lateness: Lateness,
    pub notices: CallTally,
    /// If any were told.
    pub conversions: Option<CallTally>,
}

/// A request handed over.
struct Job {
    scheduled: Instant,
    counted: bool,
    is_beside: bool,
    body: Vec<u8>,
    facts: RequestFacts,
}

/// What all connections of a run share.
struct Run {
    plan: Plan,
    jobs: Queue<Job>,
    notices: Queue<String>,
    notices_dropped: AtomicU64,
    progress: Arc<Progress>,
}

/// Runs `plan` to its end: until every request is answered, failed or dropped, and every notice called.
pub async fn run(plan: Plan, progress: Arc<Progress>) -> Outcome {
    let run = Arc::new(Run {
        plan,
        jobs: Queue::new(BACKLOG_MAX),
        notices: Queue::new(NOTICES_MAX),
        notices_dropped: AtomicU64::new(0),
        progress,
    });
    let mut connections = JoinSet::new();
    for _ in 0..run.plan.connections {
        connections.spawn(send_jobs(Arc::clone(&run)));
    }
    let mut callers = JoinSet::new();
    for _ in 0..NOTICE_CONNECTIONS {
        callers.spawn(call_notices(Arc::clone(&run)));
    }
    let start = Instant::now();
    let telling = run.plan.conversions.clone().map(|told| {
        let (plan, last) = (&run.plan, run.plan.due.last().copied().unwrap_or_default());
        let span = (start, Duration::from_nanos(last));
        tokio::spawn(conversions::tell(told, plan.target.clone(), span, (plan.timeout, plan.seed)))
    });
    let dispatch = {
        let run = Arc::clone(&run);
        tokio::task::spawn_blocking(move || dispatch(&run, start))
    };
    let (lateness, overflow) = dispatch.await.expect("the dispatcher does not panic");
    run.jobs.close();
    let mut tally = Tally::new();
    tally.dropped = overflow;
    for part in connections.join_all().await {
        tally.add(&part);
    }
    run.notices.close();
    let mut notices = CallTally::default();
    for part in callers.join_all().await {
        notices = notices.and(&part);
    }
    notices.dropped = run.notices_dropped.load(Ordering::Relaxed);
    let conversions = match telling {
        Some(telling) => Some(telling.await.expect("the teller does not panic")),
        None => None,
    };
    Outcome { tally, lateness, notices, conversions }
}

/// Hands every request over at its time; the generator's own lateness, and how many found the queue full.
fn dispatch(run: &Run, start: Instant) -> (Lateness, u64) {
    let plan = &run.plan;
    let mut traffic = Traffic::new(plan.seed, plan.mix.clone());
    let (mut lateness, mut overflow) = (Lateness::new(), 0);
    for due in &plan.due {
        let is_beside = is_beside(*due);
        let due = Duration::from_nanos(*due);
        let scheduled = start + due;
        // The body is made before its time, so that making it makes nothing late.
        let mut body = Vec::with_capacity(2_048);
        let facts = traffic.next(unix_now(), &mut body);
        let wait = scheduled.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            thread::sleep(wait);
        }
        let counted = due >= plan.warmup;
        if counted {
            lateness.record(scheduled.elapsed());
        }
        run.progress.sent.fetch_add(1, Ordering::Relaxed);
        if !run.jobs.push(Job { scheduled, counted, is_beside, body, facts }) && counted {
            overflow += 1;
        }
    }
    (lateness, overflow)
}

async fn send_jobs(run: Arc<Run>) -> Tally {
    let plan = &run.plan;
    let mut connection = Connection::new(&plan.target);
    let mut tally = Tally::new();
    let mut unused = Tally::new();
    while let Some(job) = run.jobs.next().await {
        let tally = if job.counted { &mut tally } else { &mut unused };
        let deadline = job.scheduled + plan.timeout;
        if Instant::now() >= deadline {
            tally.dropped += 1;
            continue;
        }
        tally.bytes_out += job.body.len() as u64;
        let request = bid_request(&plan.target, Bytes::from(job.body));
        let answer = connection.exchange(request, deadline).await;
        let latency = job.scheduled.elapsed();
        match answer {
            Err(failure) => *tally.failures.entry(failure).or_default() += 1,
            Ok((status, body)) => {
                tally.latency.saturating_record(nanos(latency));
                if plan.conversions.is_some() {
                    let apart = if job.is_beside { &mut tally.beside } else { &mut tally.alone };
                    apart.saturating_record(nanos(latency));
                }
                run.take_answer(tally, &job.facts, status, &body);
            }
        }
    }
    tally
}

impl Run {
    fn take_answer(&self, tally: &mut Tally, facts: &RequestFacts, status: u16, body: &[u8]) {
        *tally.statuses.entry(status).or_default() += 1;
        tally.bytes_in += body.len() as u64;
        self.progress.answered.fetch_add(1, Ordering::Relaxed);
        match judge(facts, status, body) {
            Ok(answer) => {
                tally.bids += answer.bids as u64;
                tally.answers_with_bids += u64::from(answer.bids > 0);
                self.queue_notices(facts, answer);
            }
            Err(wrong) => {
                *tally.wrong.entry(wrong).or_default() += 1;
                self.progress.wrong.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Queues the notices of the share of bids that wins, evenly spread by the request's random id.
    fn queue_notices(&self, facts: &RequestFacts, answer: Answer) {
        let dice = u32::from_str_radix(facts.id.get(..8).unwrap_or_default(), 16).unwrap_or(0);
        if f64::from(dice) >= self.plan.notices * f64::from(u32::MAX) {
            return;
        }
        for address in answer.notices.into_iter().flatten() {
            if !self.notices.push(address) {
                self.notices_dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

async fn call_notices(run: Arc<Run>) -> CallTally {
    let target = &run.plan.target;
    let mut connection = Connection::new(target);
    let mut tally = CallTally::default();
    while let Some(address) = run.notices.next().await {
        let accepted = match get(target, local_path(&address)) {
            Some(request) => {
                let answer = connection.exchange(request, Instant::now() + run.plan.timeout).await;
                matches!(answer, Ok((200 | 204, _)))
            }
            None => false,
        };
        tally.count(accepted);
    }
    tally
}

/// Path and query of a notice's address: whatever host it names, it is the target that is called.
fn local_path(address: &str) -> &str {
    let Some((_, rest)) = address.split_once("://") else { return address };
    rest.find('/').map_or("/", |at| &rest[at..])
}

fn unix_now() -> UnixMillis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMillis::from_raw(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn a_notice_is_called_on_the_target_whatever_its_host() {
        for (address, path) in [
            ("https://bid.example/n/abc?p=1", "/n/abc?p=1"),
            ("http://127.0.0.1:8080/n", "/n"),
            ("https://bid.example", "/"),
            ("/n/abc", "/n/abc"),
        ] {
            assert_eq!(local_path(address), path);
        }
    }
}
