//! What one exchange demands beyond the specification: its profile, as far as an answer shows it.

/// The demands of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What it waits if a request has no `tmax`, in milliseconds; the cases ask for as much.
    pub tmax_ms: u32,
    /// The share of answers that must come within `tmax`, in percent.
    pub on_time_percent: u32,
    /// What it takes for a no-bid.
    pub no_bid: NoBidForm,
    /// Currencies in which it trades, the preferred one first, three letters each; empty for any.
    pub currencies: Vec<String>,
    /// The seat it gave the bidder.
    pub seat: Option<String>,
    /// What it bills on, if bills are to be checked.
    pub bills_on: Option<BilledNotice>,
    /// True if it, or who books for it, refuses a notice without a price; false if the bid's price stands for one.
    pub price_required: bool,
    /// Its macro for the price, as `${AUCTION_PRICE}`.
    pub price_macro: String,
    /// Decimals of a price that it keeps.
    pub price_decimals: Option<u32>,
}

/// The macro of 4.4; `${AUCTION_PRICE:B64}` is the same, in an encoding that the two have agreed on.
const PRICE_MACRO: &str = "${AUCTION_PRICE";

impl Terms {
    /// True if `text` asks for the price by the exchange's macro. Whoever knows that of 4.4 knows its encodings.
    pub(in crate::certify) fn asks_for_price(&self, text: &str) -> bool {
        let is_standard = self.price_macro.starts_with(PRICE_MACRO);
        let mut behind = text.split(PRICE_MACRO).skip(1);
        text.contains(&self.price_macro)
            || (is_standard && behind.any(|rest| rest.starts_with('}') || rest.starts_with(':')))
    }
}

impl Default for Terms {
    /// Demands nothing that the specification does not; the deadlines are Google's: 85 % within `tmax`.
    fn default() -> Self {
        Self {
            tmax_ms: 120,
            on_time_percent: 85,
            no_bid: NoBidForm::Any,
            currencies: Vec::new(),
            seat: None,
            bills_on: None,
            price_required: true,
            price_macro: format!("{PRICE_MACRO}}}"),
            price_decimals: None,
        }
    }
}

/// What an exchange takes for a no-bid (7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBidForm {
    /// All forms of the specification.
    Any,
    /// 204 with no body.
    NoContent,
    /// 200 with `{}`.
    EmptyObject,
    /// 200 with the request's `id` and an empty `seatbid`.
    NoSeats,
    /// The same, with `nbr`.
    Reason,
}

impl NoBidForm {
    /// As a report says it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Any => "any no-bid of the specification",
            Self::NoContent => "an empty 204",
            Self::EmptyObject => "200 with `{}`",
            Self::NoSeats => "200 with `id` and an empty `seatbid`",
            Self::Reason => "200 with `id`, an empty `seatbid` and `nbr`",
        }
    }
}

/// What moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BilledNotice {
    /// `nurl`.
    Win,
    /// `burl`.
    Billing,
    /// None: a link in the markup, called when the ad is shown.
    Impression,
}

impl BilledNotice {
    /// Its field of a bid.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Win => "nurl",
            Self::Billing => "burl",
            Self::Impression => "adm",
        }
    }
}
