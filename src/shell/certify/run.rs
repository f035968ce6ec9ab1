//! A run: workers take the cases one after the other, each on its own connection; the judging stands beside them, so
//! that it costs no answer its time.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::HeaderMap;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::campaign::PriceNotice;
use crate::certify::{Case, HttpAnswer, Notice, Report, Terms, judge_answer, judge_notice, notices};
use crate::notice::written_price;
use crate::shell::certify::caller::Caller;
use crate::shell::certify::{Target, TargetError};

/// The longest that one request may take: after that it is not late, but unanswered.
const PATIENCE: Duration = Duration::from_secs(5);
/// Answers that wait for the judge.
const QUEUE_MAX: usize = 64;
/// Bids whose notices are sent: each costs the bidder's customers money.
const NOTIFIED_BIDS_MAX: u64 = 30;

/// What to run.
#[derive(Debug)]
pub struct Run {
    /// The bidder.
    pub target: Target,
    /// What the exchange demands.
    pub terms: Terms,
    /// What to send.
    pub cases: Vec<Case>,
    /// How many of them, from the first, are named in the report if no bid comes.
    pub fixed: usize,
    /// Connections side by side, at least one.
    pub connections: usize,
    /// The longest that all may take.
    pub limit: Duration,
    /// Sent with every bid request, and with no notice: credentials are the bidder's alone.
    pub headers: HeaderMap,
    /// Which notices are sent, if any are.
    pub notices: Option<Notices>,
}

/// How notices are sent.
#[derive(Debug)]
pub struct Notices {
    /// Scheme, host and port in place of those in their addresses.
    pub base: Option<String>,
    /// How the exchange tells the price.
    pub price: PriceNotice,
}

impl Notices {
    /// `price`, a decimal number per thousand, as the exchange writes it to who bid on the request `id`; empty if it
    /// cannot be written. No two are hidden behind the same vector.
    fn written(&self, id: &Value, count: u64, price: &str) -> String {
        let hash = blake3::hash(format!("{id} {count} {price}").as_bytes());
        let vector = hash.as_bytes().first_chunk().copied().unwrap_or_default();
        written_price(price, vector, &self.price).unwrap_or_default()
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was seen.
    pub report: Report,
    /// True if time was over before all cases were sent.
    pub cut_short: bool,
    /// Notices that could not be sent, for their addresses are not http.
    pub unsent_notices: u64,
}

/// A case on its way: its number, and what came back.
type Answered = (usize, Case, Result<HttpAnswer, String>);
type Waiting = Arc<Mutex<VecDeque<(usize, Case)>>>;

impl Run {
    /// Sends everything and judges what comes; `progress` is told the number of answers and bids so far.
    pub async fn run(self, mut progress: impl FnMut(u64, u64)) -> Outcome {
        let end = Instant::now() + self.limit;
        let waiting: Waiting = Arc::new(Mutex::new(self.cases.into_iter().enumerate().collect()));
        let (sender, mut answers) = mpsc::channel(QUEUE_MAX);
        for _ in 0..self.connections.max(1) {
            let caller = Caller::new(self.target.clone(), self.headers.clone(), PATIENCE);
            tokio::spawn(work(caller, Arc::clone(&waiting), sender.clone(), end));
        }
        drop(sender);
        let mut report = Report::new(&self.terms);
        let mut notifier = self.notices.map(Notifier::new);
        while let Some((number, case, answer)) = answers.recv().await {
            let came = answer.as_ref().map_err(String::as_str);
            let judgement = judge_answer(&case, &self.terms, came);
            report.add((number, number < self.fixed), &case, came, &judgement);
            if let (Some(notifier), Some(request), Ok(answer)) = (&mut notifier, &case.request, &answer)
                && judgement.bids > 0
                && Instant::now() < end
            {
                notifier.notify((number, request), answer, &self.terms, &mut report).await;
            }
            if report.is_locked_out() {
                waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
            progress(report.requests(), report.bids());
        }
        let cut_short = !waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if cut_short {
            report.cut_short();
        }
        Outcome { report, cut_short, unsent_notices: notifier.map_or(0, |notifier| notifier.unsent) }
    }
}

async fn work(mut caller: Caller, waiting: Waiting, sender: mpsc::Sender<Answered>, end: Instant) {
    while Instant::now() < end {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((number, case)) = next else { return };
        let answer = caller.call(&case).await;
        if sender.send((number, case, answer)).await.is_err() {
            return;
        }
    }
}

/// Sends the notices of the first bids.
struct Notifier {
    how: Notices,
    bids: u64,
    unsent: u64,
}

impl Notifier {
    fn new(how: Notices) -> Self {
        Self { how, bids: 0, unsent: 0 }
    }

    async fn notify(
        &mut self,
        (number, request): (usize, &Value),
        answer: &HttpAnswer,
        terms: &Terms,
        report: &mut Report,
    ) {
        if self.bids >= NOTIFIED_BIDS_MAX {
            return;
        }
        let Ok(response) = serde_json::from_str::<Value>(&answer.text()) else { return };
        let mut former: Option<u16> = None;
        let count = Cell::new(self.bids);
        let encode = |price: &str| {
            count.set(count.get() + 1);
            self.how.written(&request["id"], count.get(), price)
        };
        let notices = notices(request, &response, self.bids, (terms, &encode));
        for notice in notices {
            let came = match self.call(&notice).await {
                Ok(came) => came,
                Err(_) => {
                    self.unsent += 1;
                    continue;
                }
            };
            let came = came.as_ref().map_err(String::as_str);
            let judgement = judge_notice(&notice, came.map(|answer| answer.status), former);
            report.add((number, false), &notice.case, came, &judgement);
            former = came.ok().map(|answer| answer.status);
        }
        let bids = response["seatbid"].as_array().into_iter().flatten();
        let bids = bids.map(|seat| seat["bid"].as_array().map_or(0, Vec::len)).sum::<usize>();
        self.bids += u64::try_from(bids).unwrap_or(u64::MAX);
    }

    async fn call(&self, notice: &Notice) -> Result<Result<HttpAnswer, String>, TargetError> {
        let url = match &self.how.base {
            Some(base) => {
                let path = notice.url.split_once("://").map_or(notice.url.as_str(), |(_, rest)| rest);
                let path = path.find('/').map_or("/", |at| &path[at..]);
                format!("{}{path}", base.trim_end_matches('/'))
            }
            None => notice.url.clone(),
        };
        // Braces of an unexpanded macro are no part of a request target for us, and are for who sends it.
        let url = url.replace('{', "%7B").replace('}', "%7D");
        let target = Target::resolve(&url).await?;
        Ok(Caller::new(target, HeaderMap::new(), PATIENCE).call(&notice.case).await)
    }
}
