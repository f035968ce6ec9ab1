//! Notices: verified, booked, and only then answered.

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::campaign::Audit;
use crate::ledger::{Charge, Event, EventKind};
use crate::notice::{self, NoticeKind, Params, Refused, Ticket, TokenError};
use crate::shell::clock;
use crate::shell::exposure_store::Viewer;
use crate::shell::failpoint::{self, Point};
use crate::shell::learning::Came;
use crate::shell::metrics::NoticeOutcome;
use crate::shell::service::{Service, exposure_of, viewer_of};
use crate::shell::store::StoreError;
use crate::units::UnixMillis;

/// The answer to a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookReply {
    /// Booked, or known already.
    Done,
    /// A click, booked: lead on to this address.
    Redirect(String),
    /// The token or the report is refused, with a word why. It is no use to come again.
    Refused(BookRefusal),
    /// The ledger did not take it. Come again.
    Unavailable,
}

/// Why a notice is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookRefusal {
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The price.
    #[error(transparent)]
    Price(#[from] Refused),
    /// No creative of that name was ever loaded by this process.
    #[error("the ad of this click is not known any more")]
    NoLanding,
}

impl Service {
    /// Books a notice of `kind`.
    pub async fn notice(self: Arc<Self>, kind: NoticeKind, token: String, query: String) -> BookReply {
        let now = clock::now();
        let (ticket, _) = match self.composer.load().keys().verify(kind, &token, now) {
            Ok(verified) => verified,
            Err(error) => {
                self.metrics.noticed(kind, error.into());
                return BookReply::Refused(error.into());
            }
        };
        let query = Query::parse(&query);
        let booked = self.understood(kind, &ticket, query.params(), now).await;
        self.metrics.noticed(
            kind,
            match &booked {
                Ok(outcome) => *outcome,
                Err(Failure::Refused(refused)) => refusal(refused),
                Err(Failure::Store) => NoticeOutcome::Failed,
            },
        );
        match (kind, booked) {
            // A person who clicked is led on even if the click could not be booked. Not so a player that only
            // tells of a click, for it would fetch the page as a picture.
            (NoticeKind::Click, _) if query.get("t").is_empty() => self.landing(&ticket, now),
            (_, Ok(_)) => BookReply::Done,
            (_, Err(Failure::Refused(refused))) => BookReply::Refused(refused.into()),
            (_, Err(Failure::Store)) => BookReply::Unavailable,
        }
    }

    /// Books a notice by the habits of its exchange: how it writes prices, and what an audit means there.
    async fn understood(
        &self,
        kind: NoticeKind,
        ticket: &Ticket,
        params: Params<'_>,
        now: UnixMillis,
    ) -> Result<NoticeOutcome, Failure> {
        let snapshot = self.snapshot();
        // Without its profile a price can only be a plain number: anything else is refused.
        let exchange = snapshot.plan.exchange_of(ticket.bid.exchange);
        let price = match exchange {
            Some(exchange) => match notice::clearing_price(params.price, &exchange.price) {
                Err(unreadable) if ticket.is_billed_by(kind) && kind != NoticeKind::Impression => {
                    return Err(Refused::from(unreadable).into());
                }
                // A notice that moves no money, or not by its price, is news all the same.
                price => price.unwrap_or(Cow::Borrowed("unreadable")),
            },
            None => Cow::Borrowed(params.price),
        };
        let params = Params { price: &price, ..params };
        if params.are_audit() && exchange.is_some_and(|exchange| exchange.audit == Audit::Ignore) {
            return Ok(NoticeOutcome::Audit);
        }
        self.book_notice(kind, ticket, &params, now).await
    }

    async fn book_notice(
        &self,
        kind: NoticeKind,
        ticket: &Ticket,
        params: &Params<'_>,
        now: UnixMillis,
    ) -> Result<NoticeOutcome, Failure> {
        let snapshot = self.snapshot();
        let scenario = snapshot.plan.scenario(ticket.scenario);
        let till = self.till();
        let early = follows_impression(kind) && self.open.contains(ticket.bid.id);
        let mut pending = till.begin(kind, ticket, params, now, scenario)?;
        let events = std::mem::take(&mut pending.events);
        let paid = events.iter().find_map(charge).map(|charge| (charge.budget_share(), charge.goal_cost()));
        let kept = if events.is_empty() { Ok((events, Vec::new())) } else { self.writer.book(events).await };
        let (events, news) = match kept {
            Ok(kept) => kept,
            Err(failure) => {
                till.lost(pending);
                return Err(failure.into());
            }
        };
        let new = events.iter().zip(&news).filter_map(|(event, is_new)| charge(event).filter(|_| *is_new));
        new.for_each(|charge| self.metrics.paid(charge, ticket.bid.currency, &snapshot.plan.rates));
        failpoint::pass(Point::BookingSettle);
        for (event, _) in events.iter().zip(&news).filter(|(_, is_new)| **is_new) {
            self.journeys.booked(event);
        }
        pending.events = events;
        let settled = till.kept(pending, &news);
        failpoint::pass(Point::BookingSettled);
        if let Some(why) = settled.unpriced {
            self.metrics.unpriced(why);
        }
        let facts = &ticket.bid;
        if settled.paid {
            let (paid, cost) = paid.unwrap_or_default();
            self.lessons.billed(&snapshot, (kind, ticket, params), paid, now);
            self.lessons.came(facts, Came::Paid(cost));
        } else if settled.given_back.is_some() {
            self.lessons.lost(ticket, params);
        } else {
            self.lessons.heard(kind, ticket, params);
        }
        if kind == NoticeKind::Click && booked(&news) == NoticeOutcome::Booked {
            self.lessons.clicked(facts);
        }
        if let Some(reservation) = settled.given_back {
            self.exposures.withdraw(&viewer_of(&reservation), facts.id);
        }
        if settled.paid && settled.held_no_place {
            // Its place under the frequency caps went with the reservation, or with a former process.
            let viewer = Viewer { user: facts.user, household: facts.household };
            self.exposures.restore(&viewer, exposure_of(facts), &snapshot.plan.windows, now);
        }
        Ok(match booked(&news) {
            NoticeOutcome::Booked if settled.late => NoticeOutcome::Late,
            outcome if early => outcome.or_early(),
            outcome => outcome,
        })
    }

    /// Where a click leads: the creative's landing page, with a token to report a conversion with.
    fn landing(&self, ticket: &Ticket, now: UnixMillis) -> BookReply {
        let Some(page) = self.landings.get(&ticket.bid.creative) else {
            return BookReply::Refused(BookRefusal::NoLanding);
        };
        let mut token = String::new();
        self.composer.load().keys().sign(NoticeKind::Clicked, ticket, Some(now), &mut token);
        BookReply::Redirect(with_parameter(&page, "encan_click", &token))
    }
}

/// What is billed, if something is.
fn charge(event: &Event) -> Option<&Charge> {
    if let EventKind::Impression(charge) = &event.kind { Some(charge) } else { None }
}

pub(in crate::shell) fn booked(news: &[bool]) -> NoticeOutcome {
    if news.is_empty() {
        return NoticeOutcome::Nothing;
    }
    if news.iter().any(|new| *new) { NoticeOutcome::Booked } else { NoticeOutcome::Duplicate }
}

/// True for what only an ad that was shown can bring.
fn follows_impression(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::View | NoticeKind::Click | NoticeKind::Play)
}

fn refusal(refused: &Refused) -> NoticeOutcome {
    match refused {
        Refused::AboveBid { .. } => NoticeOutcome::Overpriced,
        _ => NoticeOutcome::Refused,
    }
}

enum Failure {
    Refused(Refused),
    Store,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<StoreError> for Failure {
    fn from(_: StoreError) -> Self {
        Self::Store
    }
}

/// `page` with one more query parameter, before its fragment.
fn with_parameter(page: &str, name: &str, value: &str) -> String {
    let (page, fragment) = page.split_once('#').map_or((page, None), |(page, rest)| (page, Some(rest)));
    let joint = if page.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{page}{joint}{name}={value}{fragment}")
}

/// The query of an address, read leniently: exchanges paste values in raw.
#[derive(Debug)]
pub struct Query<'a> {
    pairs: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Query<'a> {
    /// Splits `text` at `&`, decodes `%` and `+`; what is no pair is left out.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        Self { pairs: pairs.map(|(key, value)| (key, decoded(value))).collect() }
    }

    /// The value of `key`, empty if there is none.
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        self.pairs.iter().find(|(found, _)| *found == key).map_or("", |(_, value)| value)
    }

    /// The value of `key`, if it is there and not empty.
    #[must_use]
    pub fn optional(&self, key: &str) -> Option<String> {
        Some(self.get(key)).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// What the macros of a notice's address became.
    #[must_use]
    pub fn params(&self) -> Params<'_> {
        Params {
            price: self.get("p"),
            currency: self.get("c"),
            loss: self.get("r"),
            min_to_win: self.get("m"),
            multiplier: self.get("q"),
            step: self.get("e"),
            error: self.get("code"),
        }
    }
}

/// `value` as whoever encoded it as a form meant it: a space may have become a plus.
fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains('+') {
        return percent_decode_str(value).decode_utf8_lossy();
    }
    let spaced = value.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Query, with_parameter};

    #[test]
    fn a_parameter_goes_before_the_fragment_and_behind_the_query() {
        for (page, want) in [
            ("https://a.example/p", "https://a.example/p?k=v"),
            ("https://a.example/p?x=1", "https://a.example/p?x=1&k=v"),
            ("https://a.example/p#top", "https://a.example/p?k=v#top"),
            ("https://a.example/?x=1#a?b", "https://a.example/?x=1&k=v#a?b"),
        ] {
            assert_eq!(with_parameter(page, "k", "v"), want);
        }
    }

    #[test]
    fn a_query_is_read_as_it_comes() {
        let query = Query::parse("p=1.5&c=&x&m=%32&p=2&z=a=b");
        assert_eq!(query.get("p"), "1.5");
        assert_eq!(query.get("c"), "");
        assert_eq!(query.get("m"), "2");
        assert_eq!(query.get("z"), "a=b");
        assert_eq!(query.optional("x"), None);
        let form = Query::parse("order=a+b%2Bc&p=+1.5");
        assert_eq!((form.get("order"), form.get("p")), ("a b+c", " 1.5"));
    }
}
