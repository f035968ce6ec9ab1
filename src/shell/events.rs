//! Events of people at advertisers': checked, permitted, counted, and recorded once.
//!
//! From the doors (`http::events`) to the audiences. What an event says is checked first, for that tells nothing of a
//! person; then consent is asked; only then is anybody's id read. Without permission nothing of a person is read,
//! kept or logged: only a counter knows. Conversions are apart: they belong to a click and to the ledger, and name no
//! person.

mod forgetting;
mod form;
mod once;

pub use forgetting::Forgetting;
pub use form::{EventForm, EventForms, Unusable};
pub use once::{Alone, Numbered, Once, OnceError, OnceKey};

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use dashmap::DashSet;

use crate::audience::{Arrival, Definition, Definitions, Happened, IdKind, Signals};
use crate::bidder::Plan;
use crate::shell::audience_store::{Change, Name, NameKind};
use crate::shell::clock;
use crate::shell::failpoint::{self, Point};
use crate::shell::metrics::{EventDoor, EventOutcome};
use crate::shell::service::Service;
use crate::units::{AdvertiserId, Currency, EventId, TopicId, UnixMillis, UserKey};

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventReply {
    /// Every event is recorded, was before, or may not be: who sent it is not told which.
    Done,
    /// At least one is no event that can be taken, with its place in the call from 0; so none is.
    Refused(Vec<(usize, Unusable)>),
    /// The caller has not shown the advertiser's token.
    Unauthorized,
    /// They could not be recorded: to be sent again.
    Unavailable,
}

/// An event that may be recorded, and of whom.
#[derive(Debug, Clone, Copy)]
struct Ready {
    user: UserKey,
    happened: Happened,
    /// What makes it the same event, and until when it can come again.
    once: Option<(OnceKey, UnixMillis)>,
}

impl Ready {
    /// The same for the file of ids, if it has one.
    fn numbered(&self) -> Option<Numbered> {
        self.once.map(|(key, expires)| Numbered { key, happened: self.happened, expires })
    }
}

impl Service {
    /// Takes an event that a page reports for whoever visits it: the person that it names, else the one of our
    /// `cookie`, else one who gets a new cookie, whose value is given back.
    pub async fn page_event(
        self: Arc<Self>,
        form: EventForm,
        cookie: Option<String>,
    ) -> (EventReply, Option<String>) {
        let now = clock::now();
        let fresh = form.person().is_none() && cookie.is_none();
        let cookie = cookie.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
        let read = self.arrived(&form, Some(&cookie), now);
        match read {
            Err(unusable) => {
                self.metrics.happened(EventDoor::Page, EventOutcome::Refused);
                (EventReply::Refused(vec![(0, unusable)]), None)
            }
            Ok(Err(withheld)) => {
                self.metrics.happened(EventDoor::Page, withheld);
                (EventReply::Done, None)
            }
            Ok(Ok(ready)) => {
                let reply = self.record(EventDoor::Page, vec![ready]).await;
                let sets = fresh && reply == EventReply::Done;
                (reply, sets.then_some(cookie))
            }
        }
    }

    /// True if `shown` is the token of any advertiser; counted if it is none's. To be asked before anything of a call
    /// is read.
    pub fn hears(&self, shown: &[u8]) -> bool {
        let snapshot = self.snapshot();
        let opens = |definition: &Definition| definition.token.as_ref().is_some_and(|token| token.is(shown));
        let is_heard = snapshot.plan.catalog.audiences.iter().any(opens);
        if !is_heard {
            self.metrics.happened(EventDoor::Server, EventOutcome::Unauthorized);
        }
        is_heard
    }

    /// Takes the events that an advertiser's server reports, all or none: of advertisers whose token is `shown`.
    pub async fn server_events(self: Arc<Self>, forms: Vec<EventForm>, shown: Vec<u8>) -> EventReply {
        let now = clock::now();
        if !self.knows_token(&forms, &shown) {
            self.metrics.happened(EventDoor::Server, EventOutcome::Unauthorized);
            return EventReply::Unauthorized;
        }
        let (mut ready, mut withheld, mut unusable) = (Vec::new(), Vec::new(), Vec::new());
        for (at, form) in forms.iter().enumerate() {
            match self.arrived(form, None, now) {
                Ok(Ok(event)) => ready.push(event),
                Ok(Err(outcome)) => withheld.push(outcome),
                Err(problem) => unusable.push((at, problem)),
            }
        }
        if !unusable.is_empty() {
            self.metrics.happened(EventDoor::Server, EventOutcome::Refused);
            return EventReply::Refused(unusable);
        }
        withheld.into_iter().for_each(|outcome| self.metrics.happened(EventDoor::Server, outcome));
        self.record(EventDoor::Server, ready).await
    }

    /// True if `shown` is the token of every advertiser with a definition that `forms` name, and of one at least.
    fn knows_token(&self, forms: &[EventForm], shown: &[u8]) -> bool {
        let snapshot = self.snapshot();
        let mut advertisers: Vec<AdvertiserId> = forms.iter().map(EventForm::advertiser).collect();
        advertisers.sort_unstable();
        advertisers.dedup();
        let mut definitions =
            advertisers.iter().filter_map(|id| snapshot.plan.catalog.audiences.of(*id)).peekable();
        let opens = |definition: &Definition| definition.token.as_ref().is_some_and(|token| token.is(shown));
        definitions.peek().is_some() && definitions.all(opens)
    }

    /// The event in `form`, of whom it names, else of whoever has `cookie`; or by which signal it is withheld.
    fn arrived(
        &self,
        form: &EventForm,
        cookie: Option<&str>,
        now: UnixMillis,
    ) -> Result<Result<Ready, EventOutcome>, Unusable> {
        let snapshot = self.snapshot();
        let plan: &Plan = &snapshot.plan;
        let definition =
            plan.catalog.audiences.of(form.advertiser()).ok_or_else(|| form.unknown_advertiser())?;
        let rate = |from| plan.rates.rate(from, Currency::EUR);
        let arrival = Arrival::read(form.sent()?, definition, rate, now)?;
        let signals: Signals<'_> = form.signals();
        let permissions = signals.permissions(definition);
        if !permissions.personalise {
            return Ok(Err(permissions.reason.map_or(EventOutcome::Gdpr, EventOutcome::withheld)));
        }
        let (kind, id) = match (form.person(), cookie) {
            (Some(person), _) => person?,
            (None, Some(cookie)) => (IdKind::Buyer, cookie),
            (None, None) => return Err(Unusable::Nobody),
        };
        let user = self.user_keys().key_of(kind, id);
        let once = arrival.id.map(|id| {
            let expires = arrival.happened.at.plus(definition.retention);
            (OnceKey::new(&user, &arrival.happened, id), expires)
        });
        Ok(Ok(Ready { user, happened: arrival.happened, once }))
    }

    /// Records each event that did not happen before. Not torn by a caller that hangs up.
    async fn record(self: Arc<Self>, door: EventDoor, ready: Vec<Ready>) -> EventReply {
        let recorded = tokio::spawn(async move {
            let outcomes = self.record_new(&ready).await;
            let counted = outcomes.as_ref().map_or(vec![EventOutcome::Failed; ready.len()], Vec::clone);
            counted.into_iter().for_each(|outcome| self.metrics.happened(door, outcome));
            if outcomes.is_some() { EventReply::Done } else { EventReply::Unavailable }
        });
        recorded.await.unwrap_or(EventReply::Unavailable)
    }

    /// What became of each of `ready`; `None` if none could be recorded, so that all may be sent again.
    async fn record_new(self: &Arc<Self>, ready: &[Ready]) -> Option<Vec<EventOutcome>> {
        let numbered: Vec<Numbered> = ready.iter().filter_map(Ready::numbered).collect();
        // Nobody is told that an event is recorded while another call still tries to.
        let _alone = self.events.once.alone(numbered.iter().map(|event| event.key).collect()).await;
        let mut begun = self.with_once(move |once| once.begin(&numbered)).await?.into_iter();
        let news: Vec<Option<Ready>> = ready
            .iter()
            .map(|event| match event.once {
                None => Some(*event),
                Some(_) => begun.next().flatten().map(|happened| Ready { happened, ..*event }),
            })
            .collect();
        let new: Vec<Ready> = news.iter().flatten().copied().collect();
        if !new.is_empty() {
            let changes = new.iter().map(|event| (event.user, Change::Happened(event.happened))).collect();
            let unnamed = self.events.unnamed(&new, &self.snapshot().plan.catalog.audiences);
            self.audience_writer.write(changes, unnamed.names).await.ok()?;
            failpoint::pass(Point::EventsRecorded);
            self.events.named(&unnamed.acts);
            let keys: Vec<OnceKey> = new.iter().filter_map(|event| Some(event.once?.0)).collect();
            if !keys.is_empty() {
                // They are recorded, whatever becomes of this: see `Once::keep`.
                self.with_once(move |once| once.keep(&keys)).await;
            }
        }
        let outcome = |new: Option<Ready>| new.map_or(EventOutcome::Duplicate, |_| EventOutcome::Taken);
        Some(news.into_iter().map(outcome).collect())
    }

    /// Asks the file of ids, off the threads that answer requests; `None` if it fails.
    async fn with_once<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Once) -> Result<T, OnceError> + Send + 'static,
    ) -> Option<T> {
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || act(&service.events.once)).await;
        match done {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "ids of events not kept");
                None
            }
            Err(_) => None,
        }
    }
}

/// What is remembered of events besides what they say of people.
#[derive(Debug)]
pub struct Events {
    /// Which ids have come.
    pub(in crate::shell) once: Once,
    /// Whose names the audience store keeps, as this process knows.
    named: DashSet<NamedAct>,
}

/// What somebody did, as far as it has names.
type NamedAct = (AdvertiserId, EventId, Option<TopicId>);

/// What exports cannot name yet.
#[derive(Debug, Default)]
struct Unnamed {
    /// What it is.
    acts: HashSet<NamedAct>,
    /// Its names.
    names: Vec<Name>,
}

impl Events {
    /// Opens or makes the file of ids in the data folder.
    ///
    /// # Errors
    ///
    /// [`OnceError`].
    pub fn open(folder: &Path) -> Result<Self, OnceError> {
        Ok(Self { once: Once::open(folder)?, named: DashSet::new() })
    }

    /// The names of what is in `events` and is not kept yet, for exports.
    fn unnamed(&self, events: &[Ready], definitions: &Definitions) -> Unnamed {
        let mut unnamed = Unnamed::default();
        for Ready { happened, .. } in events {
            let Happened { advertiser, event, topic, .. } = *happened;
            let Some(definition) = definitions.of(advertiser) else { continue };
            let act = (advertiser, event, topic);
            if self.named.contains(&act) || !unnamed.acts.insert(act) {
                continue;
            }
            let names = &mut unnamed.names;
            let slug = definition.slug.clone();
            names.push(Name { kind: NameKind::Advertiser, id: advertiser.raw(), slug });
            let event = definition.events.iter().find(|known| known.id == event);
            names.extend(event.map(|known| Name {
                kind: NameKind::Event,
                id: known.id.raw(),
                slug: known.slug.clone(),
            }));
            let topic = topic.and_then(|topic| definition.topic(topic));
            names.extend(topic.map(|known| Name {
                kind: NameKind::Topic,
                id: known.id.raw(),
                slug: known.slug.clone(),
            }));
        }
        unnamed
    }

    /// The store keeps the names of `acts` now.
    fn named(&self, acts: &HashSet<NamedAct>) {
        for act in acts {
            self.named.insert(*act);
        }
    }
}
