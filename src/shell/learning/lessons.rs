//! Bids that are out and what their outcomes will teach: opened with a bid's reservation, closed with it.
//!
//! On the bid path one insertion into a sharded map. An outcome tells the budgets' multipliers at once, and goes as one
//! small message each to the learner and to the keeper of contexts; a full queue drops the message and counts it, and
//! nobody waits. Bounded by the reservations that are open. Lessons live in memory alone: of bids that a former process
//! made nothing is learnt. Deliberately absent: which outcome teaches what (`outcome`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use dashmap::DashMap;
use foldhash::fast::RandomState;

use crate::bidder::{Chosen, Lesson, Rhythms, Snapshot};
use crate::landscape::{Arm, Sample, Segment};
use crate::learning::{Exploration, Features, Prediction};
use crate::ledger::BidFacts;
use crate::notice::{NoticeKind, Params, Ticket};
use crate::pacing::Dual;
use crate::pricing::Auction;
use crate::shell::learning::contexts::ToKeep;
use crate::shell::learning::goals::Came;
use crate::shell::learning::outcome::{self, End, Heard};
use crate::shell::learning::requests::Requests;
use crate::shell::learning::words::KnownWords;
use crate::units::{BidId, CampaignId, Cpm, CreativeId, Currency, ExchangeId, LineItemId, Nanos, UnixMillis};

/// Shards of the map, as many as reservations have.
const SHARDS: usize = 64;
/// Messages that wait for the learner: six seconds of 10,000 outcomes, 8 MB.
const NEWS_MAX: usize = 65_536;
/// Messages that wait for the keeper of contexts, 4 MB.
const KEPT_MAX: usize = 16_384;
/// Bytes of a word that are kept: a page's or an app's name is shorter.
const WORD_BYTES_MAX: usize = 200;

/// What an outcome told, for the learner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// The kind of impression.
    pub segment: Segment,
    /// Its floor.
    pub floor: Cpm,
    /// What it teaches of the price to beat, if anything.
    pub sample: Option<Sample>,
    /// When the bid was made.
    pub at: UnixMillis,
    /// When its time runs out.
    pub until: UnixMillis,
    /// True if nobody told that it was lost.
    pub silent: bool,
    /// Where.
    pub exchange: ExchangeId,
    /// Of the prices.
    pub currency: Currency,
    /// What was shown, if it was billed.
    pub shown: Option<CreativeId>,
    /// Its part in measuring what shading saves, if it has one: worth, and what was paid if it was.
    pub arm: Option<(Arm, Cpm, Option<Cpm>)>,
}

/// A message to the learner.
#[derive(Debug)]
pub enum News {
    /// A bid ended.
    Told(Told),
    /// A creative was clicked.
    Clicked(CreativeId),
    /// Something came of an impression that a line item bid on then, which its goal is kept by.
    Came(LineItemId, UnixMillis, Came),
    /// Somebody wants to see what is learnt, as it would be kept.
    Show(tokio::sync::oneshot::Sender<Vec<u8>>),
}

/// An impression that was billed, as it is kept to train on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// The bid.
    pub bid: BidId,
    /// When it was billed.
    pub at: UnixMillis,
    /// Whose.
    pub campaign: CampaignId,
    /// Which line item.
    pub line_item: LineItemId,
    /// Where.
    pub exchange: ExchangeId,
    /// Exchange and outlet, as multipliers of placements name them.
    pub placement: u64,
    /// What is learnt from.
    pub features: Features,
    /// What it was expected to bring, if a model said so.
    pub chances: Option<Prediction>,
}

/// What is counted here, for the metrics.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages to the learner that were dropped.
    pub dropped: AtomicU64,
    /// Contexts and words that were dropped.
    pub not_kept: AtomicU64,
    /// Contexts and words that were written.
    pub kept: AtomicU64,
    /// Bids above the best price, or for what nobody vouches for.
    pub explored: AtomicU64,
}

/// One bid that is out.
#[derive(Debug)]
struct OpenLesson {
    lesson: Lesson,
    campaign: CampaignId,
    line_item: LineItemId,
    creative: CreativeId,
    exchange: ExchangeId,
    /// Of its price.
    currency: Currency,
    at: UnixMillis,
    until: UnixMillis,
    /// False for a test: its budgets are told, nothing else.
    teaches: bool,
    heard: Option<Heard>,
    /// The multipliers that counted the bid. They hear of its outcome whatever a reload or midnight puts in their place.
    duals: [Option<Arc<Dual>>; 3],
    /// What holds the cost of trying, if the bid explores: that of the day of the bid.
    exploration: Option<Arc<Exploration>>,
}

impl OpenLesson {
    /// Tells the budgets what the bid came to.
    #[expect(clippy::cast_precision_loss, reason = "a prediction")]
    fn tell_budgets(&self, paid: Nanos) {
        for dual in self.duals.iter().flatten() {
            dual.outcome(self.lesson.expected, paid.raw() as f64);
        }
        if let Some(exploration) = &self.exploration {
            exploration.give_back(self.lesson.explored.saturating_sub(paid).max(Nanos::ZERO));
        }
    }
}

/// All bids that are out.
#[derive(Debug)]
pub struct Lessons {
    open: DashMap<BidId, OpenLesson, RandomState>,
    news: SyncSender<News>,
    to_keep: SyncSender<ToKeep>,
    /// Which values of features have a name already.
    pub words: KnownWords,
    /// How many requests came.
    pub requests: Requests,
    /// For the metrics.
    pub counts: Counts,
}

/// Where the messages arrive.
#[derive(Debug)]
pub struct Inbox {
    /// The learner's.
    pub news: Receiver<News>,
    /// The keeper's.
    pub to_keep: Receiver<ToKeep>,
}

impl Lessons {
    /// No bid is out.
    #[must_use]
    pub fn new() -> (Self, Inbox) {
        let (news, inbox) = sync_channel(NEWS_MAX);
        let (to_keep, kept) = sync_channel(KEPT_MAX);
        let lessons = Self {
            open: DashMap::with_hasher_and_shard_amount(RandomState::default(), SHARDS),
            news,
            to_keep,
            words: KnownWords::default(),
            requests: Requests::default(),
            counts: Counts::default(),
        };
        (lessons, Inbox { news: inbox, to_keep: kept })
    }

    /// A bid is held that was decided by `rhythms`: its outcome will be told.
    pub fn open(&self, rhythms: &Rhythms, chosen: &Chosen<'_>) {
        let at = chosen.line_item.campaign;
        let explores = chosen.lesson.explored > Nanos::ZERO;
        let Ticket { bid, price_currency: currency, billable: teaches, .. } = chosen.ticket;
        if chosen.lesson.arm == Some(Arm::Explored) || explores {
            self.counts.explored.fetch_add(1, Ordering::Relaxed);
        }
        let lesson = OpenLesson {
            lesson: chosen.lesson,
            campaign: bid.campaign,
            line_item: bid.line_item,
            creative: bid.creative,
            exchange: bid.exchange,
            currency,
            at: bid.at,
            until: bid.at.plus(chosen.ticket.reserved_for),
            teaches,
            heard: None,
            duals: rhythms.shared_duals(chosen.row, at),
            exploration: explores.then(|| Arc::clone(rhythms.exploration(at))),
        };
        self.open.insert(bid.id, lesson);
    }

    /// A bid was not sent after all: its budgets hear that it came to nothing.
    pub fn unsent(&self, bid: BidId) {
        if let Some((_, open)) = self.open.remove(&bid) {
            open.tell_budgets(Nanos::ZERO);
        }
    }

    /// The ad of `bid` was clicked, for the first time.
    pub fn clicked(&self, bid: &BidFacts) {
        self.tell(News::Clicked(bid.creative));
        self.came(bid, Came::Click);
    }

    /// Something came of the impression of `bid`, for the first time.
    pub fn came(&self, bid: &BidFacts, came: Came) {
        self.tell(News::Came(bid.line_item, bid.at, came));
    }

    /// A notice of `kind` came that does not end the bid.
    pub fn heard(&self, kind: NoticeKind, ticket: &Ticket, params: &Params<'_>) {
        let is_won = |loss: outcome::Loss| loss.reason == Some(0);
        let (bills_on, currency) = (ticket.bills_on, ticket.price_currency);
        let min_to_win = outcome::min_to_win(kind, bills_on, params, currency);
        let told = match kind {
            NoticeKind::Win => None,
            NoticeKind::Loss => Some(outcome::loss(params, min_to_win)),
            _ => return,
        };
        let Some(mut open) = self.open.get_mut(&ticket.bid.id) else { return };
        let lesson = &open.lesson;
        let heard = match told {
            Some(loss) if !is_won(loss) => Heard::Lost(outcome::lost(lesson, loss)),
            _ => {
                let cleared = outcome::cleared(kind, params, currency);
                Heard::Won(outcome::won(lesson, cleared, min_to_win))
            }
        };
        open.heard = Some(heard);
    }

    /// The impression of a bid was billed at `now` by a notice of `kind`, and its budget counts `paid`. Of a bid that was
    /// taken for lost, or that a former process made, the budgets in `snapshot` hear alone: nothing of it is out any more.
    pub fn billed(
        &self,
        snapshot: &Snapshot,
        (kind, ticket, params): (NoticeKind, &Ticket, &Params<'_>),
        paid: Nanos,
        now: UnixMillis,
    ) {
        let Some((bid, open)) = self.open.remove(&ticket.bid.id) else {
            return tell_late(snapshot, ticket.bid.line_item, paid);
        };
        let cleared = outcome::cleared(kind, params, open.currency);
        let min_to_win = outcome::min_to_win(kind, ticket.bills_on, params, open.currency);
        let end = End::Billed { cleared, min_to_win };
        self.close(&open, end, paid);
        if open.teaches {
            let OpenLesson { lesson, campaign, line_item, exchange, .. } = open;
            let Lesson { features, chances, placement, .. } = lesson;
            // Of who does not let us measure, nothing is kept.
            let Some(features) = features else { return };
            let shown = Shown { bid, at: now, campaign, line_item, exchange, placement, features, chances };
            self.keep(ToKeep::Shown(Box::new(shown)));
        }
    }

    /// A loss notice closed a bid.
    pub fn lost(&self, ticket: &Ticket, params: &Params<'_>) {
        if let Some((_, open)) = self.open.remove(&ticket.bid.id) {
            let told = outcome::min_to_win(NoticeKind::Loss, ticket.bills_on, params, open.currency);
            self.close(&open, End::Lost(outcome::loss(params, told)), Nanos::ZERO);
        }
    }

    /// The time of a bid ran out.
    pub fn expired(&self, bid: BidId) {
        if let Some((_, open)) = self.open.remove(&bid) {
            self.close(&open, End::Expired, Nanos::ZERO);
        }
    }

    /// Values of features with their names, of which some are new.
    pub fn name(&self, words: impl Iterator<Item = (u8, u32, String)>) {
        for (field, hash, mut text) in words {
            if hash == 0 || self.words.has(usize::from(field), hash) {
                continue;
            }
            text.truncate(text.floor_char_boundary(WORD_BYTES_MAX));
            if self.keep(ToKeep::Word { field, hash, text }) {
                self.words.add(usize::from(field), hash);
            }
        }
    }

    /// What is learnt, as it would be kept; `None` if the learner cannot be asked now.
    pub async fn shown(&self) -> Option<Vec<u8>> {
        let (answer, shown) = tokio::sync::oneshot::channel();
        self.news.try_send(News::Show(answer)).ok()?;
        shown.await.ok()
    }

    /// How many bids are out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// True if no bid is out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn close(&self, open: &OpenLesson, end: End, paid: Nanos) {
        let OpenLesson { lesson, exchange, currency, at, .. } = open;
        open.tell_budgets(paid);
        if !open.teaches {
            return;
        }
        let sample = outcome::sample(lesson, open.heard, end);
        let arm = arm(lesson, sample, end);
        let shown = if let End::Billed { .. } = end { Some(open.creative) } else { None };
        if sample.is_none() && shown.is_none() {
            return;
        }
        self.tell(News::Told(Told {
            segment: lesson.segment,
            floor: lesson.floor,
            sample,
            at: *at,
            until: open.until,
            silent: end == End::Expired && open.heard.is_none(),
            exchange: *exchange,
            currency: *currency,
            shown,
            arm,
        }));
    }

    fn tell(&self, news: News) {
        if self.news.try_send(news).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn keep(&self, what: ToKeep) -> bool {
        let is_kept = self.to_keep.try_send(what).is_ok();
        if !is_kept {
            self.counts.not_kept.fetch_add(1, Ordering::Relaxed);
        }
        is_kept
    }
}

/// The part that a bid has in measuring what shading saves: those that were lost for another reason than the price have
/// none, for they are lost in every part alike.
fn arm(lesson: &Lesson, sample: Option<Sample>, end: End) -> Option<(Arm, Cpm, Option<Cpm>)> {
    let arm = lesson.arm?;
    if lesson.auction != Auction::FirstPrice || sample.is_none() {
        return None;
    }
    let paid = match end {
        End::Billed { cleared, .. } => Some(cleared.unwrap_or(lesson.price)),
        End::Lost(_) | End::Expired => None,
    };
    Some((arm, lesson.worth, paid))
}

/// Tells the budgets of a line item of a bill that none of them waits for any more.
#[expect(clippy::cast_precision_loss, reason = "a prediction")]
fn tell_late(snapshot: &Snapshot, line_item: LineItemId, paid: Nanos) {
    let Some(row) = snapshot.money.row(line_item) else { return };
    let campaign = snapshot.plan.line_item(row).campaign;
    for dual in snapshot.money.rhythms.duals(row, campaign).into_iter().flatten() {
        dual.outcome(0.0, paid.raw() as f64);
    }
}
