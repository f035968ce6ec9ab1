//! Conversions: read, checked, booked, and only then answered.

mod form;

use std::sync::Arc;

pub use form::ConversionForm;
pub(in crate::shell) use form::digits_or_text;

use crate::attribution::within_window;
use crate::campaign::Rates;
use crate::ledger::{DatedRate, Touch};
use crate::notice::{self, ConversionReport, NoticeKind, Ticket, TokenError};
use crate::shell::booking::booked;
use crate::shell::clock;
use crate::shell::learning::Came;
use crate::shell::metrics::NoticeOutcome;
use crate::shell::service::Service;
use crate::units::{Currency, FxRate, Nanos, Rounding, UnixMillis};

/// The answer to a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversionReply {
    /// Booked, or known already.
    Done,
    /// Refused, with a word why. It is no use to come again.
    Refused(ConversionRefusal),
    /// The ledger did not take it. Come again.
    Unavailable,
}

/// Why a conversion is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConversionRefusal {
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A conversion that its campaign does not declare.
    #[error("campaign `{campaign}` declares no conversion of type `{kind}`")]
    UnknownType {
        /// The campaign.
        campaign: String,
        /// The type reported.
        kind: String,
    },
    /// A value that is no amount.
    #[error("the value `{0}` is not an amount")]
    Value(String),
    /// A currency without a rate to the campaign's.
    #[error("there is no exchange rate from `{0}`")]
    Currency(String),
    /// A type that no campaign declares.
    #[error("the type has more than {WORD_BYTES_MAX} bytes")]
    TypeTooLong,
    /// An order id that is not kept.
    #[error("the order has more than {WORD_BYTES_MAX} bytes")]
    OrderTooLong,
    /// Too long after the click.
    #[error("the conversion came after the campaign's click window")]
    OutsideWindow,
}

/// The longest order id or type.
const WORD_BYTES_MAX: usize = 128;

impl Service {
    /// Books a conversion that followed a click.
    pub async fn conversion(self: Arc<Self>, form: ConversionForm) -> ConversionReply {
        let reply = self.book_conversion(form).await;
        self.metrics.noticed(
            NoticeKind::Clicked,
            match &reply {
                Ok(outcome) => *outcome,
                Err(ConversionReply::Refused(ConversionRefusal::Token(error))) => (*error).into(),
                Err(ConversionReply::Refused(_)) => NoticeOutcome::Refused,
                Err(_) => NoticeOutcome::Failed,
            },
        );
        match reply {
            Ok(_) => ConversionReply::Done,
            Err(reply) => reply,
        }
    }

    async fn book_conversion(&self, form: ConversionForm) -> Result<NoticeOutcome, ConversionReply> {
        let now = clock::now();
        let refuse = ConversionReply::Refused;
        let verified = self.composer.load().keys().verify(NoticeKind::Clicked, form.click.trim(), now);
        let (ticket, clicked) = verified.map_err(|error| refuse(error.into()))?;
        let clicked = clicked.expect("a token of this kind holds the time of its click");
        let report = self.report(&ticket, clicked, now, form).map_err(refuse)?;
        if !ticket.billable {
            // A test is not counted.
            return Ok(NoticeOutcome::Nothing);
        }
        let value = report.value;
        let event = notice::conversion(&ticket, clicked, report, now);
        let early = self.open.contains(ticket.bid.id);
        let news = self.writer.append(vec![event]).await.map_err(|_| ConversionReply::Unavailable)?;
        let outcome = booked(&news);
        if outcome == NoticeOutcome::Booked {
            self.lessons.came(&ticket.bid, Came::Conversion(value));
        }
        Ok(if early { outcome.or_early() } else { outcome })
    }

    /// The report in the campaign's own words and currency. A campaign whose file is gone takes every
    /// type, for 30 days.
    fn report(
        &self,
        ticket: &Ticket,
        clicked: UnixMillis,
        now: UnixMillis,
        form: ConversionForm,
    ) -> Result<ConversionReport, ConversionRefusal> {
        let snapshot = self.snapshot();
        let campaign = snapshot.plan.catalog.campaigns.iter().find(|c| c.id == ticket.bid.campaign);
        let kind = form.kind;
        if kind.len() > WORD_BYTES_MAX {
            return Err(ConversionRefusal::TypeTooLong);
        }
        let mut usual = Nanos::ZERO;
        if let Some(campaign) = campaign {
            let declared = campaign.conversions.iter().find(|declared| declared.name == kind);
            let Some(declared) = declared else {
                return Err(ConversionRefusal::UnknownType { campaign: campaign.slug.clone(), kind });
            };
            usual = declared.value;
            if !within_window(Touch::Click(clicked), now, &campaign.attribution) {
                return Err(ConversionRefusal::OutsideWindow);
            }
        }
        let (value, fx) = match form.value.as_deref().map(str::trim).filter(|value| !value.is_empty()) {
            None => (usual, None),
            Some(text) => {
                let value = Nanos::from_decimal(text, Rounding::Down)
                    .ok()
                    .filter(|value| *value >= Nanos::ZERO)
                    .ok_or_else(|| ConversionRefusal::Value(text.to_owned()))?;
                let currency = form.currency.as_deref().filter(|code| !code.is_empty());
                let fx = currency.map(|code| dated_rate(code, ticket, &snapshot.plan.rates)).transpose()?;
                let rate = fx.map_or(FxRate::SAME, |fx| fx.rate);
                let value = rate.amount(value, Rounding::Down);
                let value = value.ok_or_else(|| ConversionRefusal::Value(text.to_owned()))?;
                (value, fx.filter(|fx| fx.from != ticket.bid.currency))
            }
        };
        let order = form.order.filter(|order| !order.is_empty());
        if order.as_ref().is_some_and(|order| order.len() > WORD_BYTES_MAX) {
            // Cut to a length, two orders could be taken for one.
            return Err(ConversionRefusal::OrderTooLong);
        }
        Ok(ConversionReport { kind, order, value, fx })
    }
}

/// By what an amount in `code` becomes one of the campaign's.
fn dated_rate(code: &str, ticket: &Ticket, rates: &Rates) -> Result<DatedRate, ConversionRefusal> {
    let unknown = || ConversionRefusal::Currency(code.to_owned());
    let from = Currency::from_code(code).ok_or_else(unknown)?;
    let rate = rates.rate(from, ticket.bid.currency).ok_or_else(unknown)?;
    Ok(DatedRate { from, rate, day: rates.date() })
}
