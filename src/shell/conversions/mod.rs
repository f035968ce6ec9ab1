//! Conversions: read, checked, led back to an ad, booked, and only then answered.
//!
//! A conversion names what led to it: a click by its token; else a promo code; else a person, whose last click or view of
//! the advertiser's ads is looked up in [`Journeys`]; else nothing, and it is kept for the advertiser, for whom experiments
//! count it. Whoever shows no click must show the advertiser's token. An order is counted once, whichever door it comes
//! through. Deliberately absent: shared credit, which reports work out anew from the ledger.

mod desk;
mod form;
mod import;
mod journeys;
mod person;
mod refusal;

use std::path::Path;
use std::sync::Arc;

pub use form::{ConversionForm, ConversionForms, Person};
pub use import::{Imported, RefusedRow, coded_event};
pub use journeys::{Journeys, Met, erase_journeys};
pub use refusal::ConversionRefusal;

use crate::attribution::within_window;
use crate::audience::{Definition, Signals};
use crate::bidder::{Plan, Snapshot};
use crate::campaign::{Attribution, Goal};
use crate::ledger::{Event, EventKind, NO_LINE_ITEM, Source, Touch};
use crate::notice::{self, NoticeKind};
use crate::shell::booking::booked;
use crate::shell::clock;
use crate::shell::conversions::desk::Sent;
use crate::shell::conversions::person::Sought;
use crate::shell::learning::Came;
use crate::shell::metrics::NoticeOutcome;
use crate::shell::service::Service;
use crate::shell::store::StoreError;
use crate::units::{AdvertiserId, Millis, UnixMillis, limits};

/// So many conversions are read on the thread that answers; of more it would keep bids waiting.
const FEW: usize = 8;

/// Where a click leads when its campaign's file is gone.
const USUAL: Attribution = Attribution {
    click_window: Millis::from_seconds(30 * 86_400),
    view_window: Millis::from_seconds(86_400),
};

/// The answer to conversions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversionReply {
    /// Each is booked, or known already.
    Done,
    /// At least one is refused, with its place in the call from 0; so none is booked. It is no use to come again.
    Refused(Vec<(usize, ConversionRefusal)>),
    /// The caller has not shown the token of an advertiser for whom no click vouches.
    Unauthorized,
    /// The ledger did not take it. Come again.
    Unavailable,
}

/// Who tells of conversions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Whoever holds the token of a click: a page.
    Page,
    /// The same: whoever measures an app.
    Install,
    /// An advertiser's server, with the token that it shows.
    Server(Option<Vec<u8>>),
    /// The operator, with a file.
    File,
}

impl Caller {
    const fn source(&self) -> Source {
        match self {
            Self::Page => Source::Page,
            Self::Install => Source::Install,
            Self::Server(_) => Source::Server,
            Self::File => Source::File,
        }
    }

    /// True if only a click vouches for what it says.
    const fn needs_click(&self) -> bool {
        matches!(self, Self::Page | Self::Install)
    }
}

/// A conversion that can be booked.
struct Planned {
    /// `None` for a test, which is not counted.
    event: Option<Event>,
    /// True while the bid's money is still reserved.
    is_early: bool,
}

/// A conversion whose texts are right.
enum Begun {
    Ready(Box<Planned>),
    /// Its person's journey is to be looked at.
    Sought(Sought),
}

/// The ledger cannot be reached now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unavailable;

impl Service {
    /// Books the conversions of a call, all or none.
    pub async fn conversions(self: Arc<Self>, forms: Vec<ConversionForm>, caller: Caller) -> ConversionReply {
        if !self.vouches(&forms, &caller) {
            self.count(NoticeOutcome::Refused, 1);
            return ConversionReply::Unauthorized;
        }
        let count = forms.len();
        let Ok(planned) = self.planned(forms, caller).await else {
            self.count(NoticeOutcome::Failed, count);
            return ConversionReply::Unavailable;
        };
        let (mut whole, mut refused) = (Vec::new(), Vec::new());
        for (at, planned) in planned.into_iter().enumerate() {
            match planned {
                Ok(planned) => whole.push(planned),
                Err(refusal) => refused.push((at, refusal)),
            }
        }
        if !refused.is_empty() {
            for (_, refusal) in &refused {
                self.count(outcome_of(refusal), 1);
            }
            return ConversionReply::Refused(refused);
        }
        match self.book_planned(whole).await {
            Ok(_) => ConversionReply::Done,
            Err(Unavailable) => ConversionReply::Unavailable,
        }
    }

    /// True if every conversion without a click is of an advertiser whose token the caller shows, or the caller is the
    /// operator. Pages show a click or nothing.
    fn vouches(&self, forms: &[ConversionForm], caller: &Caller) -> bool {
        let Caller::Server(shown) = caller else { return true };
        let snapshot = self.snapshot();
        let definitions = &snapshot.plan.catalog.audiences;
        let opens = |definition: &Definition| {
            let token = definition.token.as_ref();
            token.zip(shown.as_deref()).is_some_and(|(token, shown)| token.is(shown))
        };
        // A form that names nobody at all is told what it lacks.
        let mut named = forms.iter().filter(|form| !has_click(form) && !form.advertiser.is_empty());
        named.all(|form| definitions.of(AdvertiserId::from_slug(&form.advertiser)).is_some_and(opens))
    }

    /// What becomes of each form. Whatever takes long is done beside the threads that answer bid requests.
    async fn planned(
        self: &Arc<Self>,
        forms: Vec<ConversionForm>,
        caller: Caller,
    ) -> Result<Vec<Result<Planned, ConversionRefusal>>, Unavailable> {
        let (now, snapshot, source) = (clock::now(), self.snapshot(), caller.source());
        let is_long = forms.len() > FEW;
        let begin = {
            let (service, snapshot) = (Arc::clone(self), Arc::clone(&snapshot));
            move || -> Vec<Result<Begun, ConversionRefusal>> {
                forms.iter().map(|form| service.begin(&snapshot, form, &caller, now)).collect()
            }
        };
        let begun = if is_long { aside(begin).await? } else { begin() };
        let mut journeys = Vec::new();
        for begun in begun.iter().flatten() {
            if let Begun::Sought(sought) = begun {
                // A journey that cannot be looked at is none: the conversion is kept all the same.
                journeys.push(self.journeys.of(sought.user, sought.advertiser).await.unwrap_or_default());
            }
        }
        let folder = self.journeys.folder().to_owned();
        let is_long = is_long || !journeys.is_empty();
        let end = move || ended(begun, journeys, &snapshot.plan, &folder, (source, now));
        let ended = if is_long { aside(end).await? } else { end() };
        ended.map_err(|error| {
            tracing::warn!(%error, "the ads of conversions not read");
            Unavailable
        })
    }

    fn begin(
        &self,
        snapshot: &Snapshot,
        form: &ConversionForm,
        caller: &Caller,
        now: UnixMillis,
    ) -> Result<Begun, ConversionRefusal> {
        let plan: &Plan = &snapshot.plan;
        if has_click(form) || caller.needs_click() {
            return self.clicked(plan, form, caller, now).map(Box::new).map(Begun::Ready);
        }
        if names_nobody(form, caller) {
            return Err(ConversionRefusal::Nobody);
        }
        let sent = Sent::read(form, now)?;
        let advertiser = Some(form.advertiser.as_str()).filter(|slug| !slug.is_empty());
        let advertiser = advertiser.map(|slug| (AdvertiserId::from_slug(slug), slug));
        let user = self.permitted(plan, form, advertiser.map(|(id, _)| id))?;
        if sent.code.is_none()
            && sent.order.is_some()
            && let (Some(user), Some((advertiser, slug))) = (user, advertiser)
        {
            return Ok(Begun::Sought(Sought { sent, advertiser, slug: slug.to_owned(), user }));
        }
        let how = (caller.source(), now, rand::random());
        let event = desk::without_ad((&plan.catalog, &plan.rates), sent, advertiser, user, how)?;
        Ok(Begun::Ready(Box::new(Planned { event: Some(event), is_early: false })))
    }

    /// A conversion that a click leads to. A campaign whose file is gone takes every type, for 30 days.
    fn clicked(
        &self,
        plan: &Plan,
        form: &ConversionForm,
        caller: &Caller,
        now: UnixMillis,
    ) -> Result<Planned, ConversionRefusal> {
        let (ticket, clicked) =
            self.composer.load().keys().verify(NoticeKind::Clicked, form.click.trim(), now)?;
        let clicked = clicked.expect("a token of this kind holds the time of its click");
        let mut sent = Sent::read(form, now)?;
        // A clock that is behind ours may have the conversion before the click.
        if clicked.since(sent.happened) <= limits::EVENT_AHEAD_MAX {
            sent.happened = sent.happened.max(clicked);
        }
        let campaign = plan.catalog.campaigns.iter().find(|campaign| campaign.id == ticket.bid.campaign);
        let declared = match campaign {
            Some(campaign) => {
                let declared = campaign.conversions.iter().find(|declared| declared.name == sent.kind);
                let (campaign, kind) = (campaign.slug.clone(), &sent.kind);
                Some(
                    declared
                        .ok_or_else(|| ConversionRefusal::UnknownType { campaign, kind: kind.clone() })?,
                )
            }
            None => None,
        };
        let (touch, windows) = (Touch::Click(clicked), declared.map_or(&USUAL, |declared| &declared.windows));
        if !within_window(touch, sent.happened, windows) {
            return Err(ConversionRefusal::OutsideWindow);
        }
        let money = (ticket.bid.currency, &plan.rates);
        let conversion = sent.conversion(declared, money, touch, caller.source())?;
        let is_early = self.open.contains(ticket.bid.id);
        let mut event = ticket.billable.then(|| notice::conversion(&ticket, conversion, now));
        // The click permitted to be measured; what is said since counts more.
        let definition = plan.catalog.audiences.of(ticket.bid.advertiser);
        let signals = form.signals();
        let denies = definition.is_some_and(|definition| !signals.permissions(definition).measure);
        if let Some(event) = event.as_mut().filter(|_| denies && signals != Signals::default()) {
            event.bid.user = None;
        }
        Ok(Planned { event, is_early })
    }

    /// Books all in one commit; for each whether it is new.
    async fn book_planned(
        self: &Arc<Self>,
        planned: Vec<Planned>,
    ) -> Result<Vec<NoticeOutcome>, Unavailable> {
        let events: Vec<Event> = planned.iter().filter_map(|planned| planned.event.clone()).collect();
        let news = if events.is_empty() { Ok(Vec::new()) } else { self.writer.append(events).await };
        let Ok(news) = news else {
            self.count(NoticeOutcome::Failed, planned.len());
            return Err(Unavailable);
        };
        let (mut news, snapshot) = (news.into_iter(), self.snapshot());
        let mut outcomes = Vec::with_capacity(planned.len());
        for Planned { event, is_early } in planned {
            let new = event.as_ref().and_then(|_| news.next());
            let outcome = new.map_or(NoticeOutcome::Nothing, |new| booked(&[new]));
            if let (Some(event), NoticeOutcome::Booked) = (&event, outcome) {
                self.teach(&snapshot, event);
            }
            let outcome = if is_early { outcome.or_early() } else { outcome };
            self.count(outcome, 1);
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Tells the goal of the line item that led to a new conversion. A goal on the cost of an acquisition counts
    /// acquisitions alone.
    fn teach(&self, snapshot: &Snapshot, event: &Event) {
        let EventKind::Conversion(conversion) = &event.kind else { return };
        if event.bid.line_item == NO_LINE_ITEM {
            return;
        }
        let row = snapshot.money.row(event.bid.line_item);
        let is_by_cpa = row.is_some_and(|row| matches!(snapshot.plan.line_item(row).goal, Goal::Cpa { .. }));
        if conversion.acquisition || !is_by_cpa {
            self.lessons.came(&event.bid, Came::Conversion(conversion.value));
        }
    }

    fn count(&self, outcome: NoticeOutcome, times: usize) {
        for _ in 0..times {
            self.metrics.noticed(NoticeKind::Clicked, outcome);
        }
    }
}

/// Each form that began well led to its ad, if one is sought.
fn ended(
    begun: Vec<Result<Begun, ConversionRefusal>>,
    journeys: Vec<Vec<Met>>,
    plan: &Plan,
    folder: &Path,
    (source, now): (Source, UnixMillis),
) -> Result<Vec<Result<Planned, ConversionRefusal>>, StoreError> {
    let sought = begun.iter().flatten().filter_map(|begun| match begun {
        Begun::Sought(sought) => Some(sought),
        Begun::Ready(_) => None,
    });
    let sought: Vec<(&Sought, Vec<Met>)> = sought.zip(journeys).collect();
    let mut ads = person::ads(plan, &sought, folder)?.into_iter();
    let mut end = |begun| match begun {
        Begun::Ready(planned) => Ok(*planned),
        Begun::Sought(sought) => {
            let event = sought.event(plan, ads.next().flatten(), (source, now, rand::random()))?;
            Ok(Planned { event: Some(event), is_early: false })
        }
    };
    Ok(begun.into_iter().map(|begun| begun.and_then(&mut end)).collect())
}

/// Does `act` on a thread that may wait.
async fn aside<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Result<T, Unavailable> {
    tokio::task::spawn_blocking(act).await.map_err(|_| Unavailable)
}

fn has_click(form: &ConversionForm) -> bool {
    !form.click.trim().is_empty()
}

/// True if neither a click nor an advertiser is named, and no code that would name one to the operator.
fn names_nobody(form: &ConversionForm, caller: &Caller) -> bool {
    form.advertiser.is_empty() && (*caller != Caller::File || form.code.trim().is_empty())
}

fn outcome_of(refusal: &ConversionRefusal) -> NoticeOutcome {
    if let ConversionRefusal::Token(error) = refusal { (*error).into() } else { NoticeOutcome::Refused }
}
