//! What a campaign counts as its success: kinds of conversions, how long after an ad they count, and promo codes.

use crate::campaign::Campaign;
use crate::units::{Currency, Millis, Nanos};

/// How long after an ad a conversion counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribution {
    /// After a click, default 30 days.
    pub click_window: Millis,
    /// After a view, default 1 day.
    pub view_window: Millis,
}

/// A kind of conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionType {
    /// `purchase`, `lead`, `install`, ...
    pub name: String,
    /// What one is worth if the event does not say, in the campaign's currency, by the rates of the day.
    pub value: Nanos,
    /// Of a value that an event sends without a currency; the campaign's if the file names none.
    pub currency: Currency,
    /// What the customer is worth in all, in the campaign's currency; `None` where nobody said.
    pub lifetime: Option<Nanos>,
    /// How long after an ad one counts.
    pub windows: Attribution,
    /// True if it is an acquisition: what every CPA counts, of goals and of reports. Each conversion is booked with it.
    pub acquisition: bool,
    /// Promo codes that tell that the campaign's ads led to one of this kind, as [`promo_code`] writes them.
    pub codes: Vec<String>,
}

impl ConversionType {
    /// An acquisition worth `value` of `currency`, within `windows`.
    #[must_use]
    pub fn new(name: &str, value: Nanos, currency: Currency, windows: Attribution) -> Self {
        let (lifetime, acquisition, codes) = (None, true, Vec::new());
        Self { name: name.to_owned(), value, currency, lifetime, windows, acquisition, codes }
    }
}

/// A promo code as it is compared: without spaces around it, in capitals, since people type it.
#[must_use]
pub fn promo_code(written: &str) -> String {
    written.trim().to_uppercase()
}

impl Campaign {
    /// Every promo code of the campaign, and the kind of conversion that it stands for if it is of one alone.
    pub fn every_code(&self) -> impl Iterator<Item = (&str, Option<&ConversionType>)> {
        let own = self.codes.iter().map(|code| (code.as_str(), None));
        let of_kinds = self.conversions.iter();
        own.chain(of_kinds.flat_map(|kind| kind.codes.iter().map(move |code| (code.as_str(), Some(kind)))))
    }
}
