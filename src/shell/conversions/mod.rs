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

use std::sync::Arc;

pub(in crate::shell) use form::digits_or_text;
pub use form::{ConversionForm, ConversionForms, Person};
pub use import::{Imported, RefusedRow, coded_event};
pub use journeys::{Journeys, Met, erase_journeys};
pub use refusal::ConversionRefusal;

use crate::attribution::within_window;
use crate::audience::Definition;
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
use crate::units::{AdvertiserId, Millis, UnixMillis, limits};

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
    Ready(Planned),
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
        let Ok(planned) = self.planned(&forms, &caller).await else {
            self.count(NoticeOutcome::Failed, forms.len());
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

    /// What becomes of each form.
    async fn planned(
        self: &Arc<Self>,
        forms: &[ConversionForm],
        caller: &Caller,
    ) -> Result<Vec<Result<Planned, ConversionRefusal>>, Unavailable> {
        let (now, snapshot) = (clock::now(), self.snapshot());
        let begun: Vec<_> = forms.iter().map(|form| self.begin(&snapshot, form, caller, now)).collect();
        let sought = begun.iter().flatten().filter_map(|begun| match begun {
            Begun::Sought(sought) => Some(sought),
            Begun::Ready(_) => None,
        });
        let mut found = self.found(&snapshot, sought.collect()).await?.into_iter();
        let mut plan = |begun| match begun {
            Begun::Ready(planned) => Ok(planned),
            Begun::Sought(sought) => {
                let ad = found.next().flatten();
                let event = sought.event(&snapshot.plan, ad, (caller.source(), now, rand::random()))?;
                Ok(Planned { event: Some(event), is_early: false })
            }
        };
        Ok(begun.into_iter().map(|begun| begun.and_then(&mut plan)).collect())
    }

    fn begin(
        &self,
        snapshot: &Snapshot,
        form: &ConversionForm,
        caller: &Caller,
        now: UnixMillis,
    ) -> Result<Begun, ConversionRefusal> {
        let plan: &Plan = &snapshot.plan;
        if has_click(form) || caller.needs_click() || form_names_nobody(form, caller) {
            return self.clicked(plan, form, caller, now).map(Begun::Ready);
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
        Ok(Begun::Ready(Planned { event: Some(event), is_early: false }))
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
        let event = ticket.billable.then(|| notice::conversion(&ticket, conversion, now));
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
        let mut news = news.into_iter();
        let mut outcomes = Vec::with_capacity(planned.len());
        for Planned { event, is_early } in planned {
            let new = event.as_ref().and_then(|_| news.next());
            let outcome = new.map_or(NoticeOutcome::Nothing, |new| booked(&[new]));
            if let (Some(event), NoticeOutcome::Booked) = (&event, outcome) {
                self.teach(event);
            }
            let outcome = if is_early { outcome.or_early() } else { outcome };
            self.count(outcome, 1);
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Tells the goal of the line item that led to a new conversion. A goal on the cost of an acquisition counts
    /// acquisitions alone.
    fn teach(&self, event: &Event) {
        let EventKind::Conversion(conversion) = &event.kind else { return };
        if event.bid.line_item == NO_LINE_ITEM {
            return;
        }
        let snapshot = self.snapshot();
        let catalog = &snapshot.plan.catalog;
        let counts =
            catalog.line_items.iter().find(|known| known.id == event.bid.line_item).is_none_or(|it| {
                let kinds = &catalog.campaigns[it.campaign].conversions;
                let kind = kinds.iter().find(|kind| kind.name == conversion.kind);
                !matches!(it.goal, Goal::Cpa { .. }) || kind.is_none_or(|kind| kind.acquisition)
            });
        if counts {
            self.lessons.came(&event.bid, Came::Conversion(conversion.value));
        }
    }

    fn count(&self, outcome: NoticeOutcome, times: usize) {
        for _ in 0..times {
            self.metrics.noticed(NoticeKind::Clicked, outcome);
        }
    }
}

fn has_click(form: &ConversionForm) -> bool {
    !form.click.trim().is_empty()
}

/// True if neither a click nor an advertiser is named, and no code that would name one to the operator.
fn form_names_nobody(form: &ConversionForm, caller: &Caller) -> bool {
    form.advertiser.is_empty() && (*caller != Caller::File || form.code.trim().is_empty())
}

fn outcome_of(refusal: &ConversionRefusal) -> NoticeOutcome {
    if let ConversionRefusal::Token(error) = refusal { (*error).into() } else { NoticeOutcome::Refused }
}
