//! An exchange's habits, as its profile file states them.

use crate::units::{ExchangeId, Millis};
use crate::{privacy, supply};

/// An exchange profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// From `slug`.
    pub id: ExchangeId,
    /// The last part of its address, `/openrtb2/{slug}`.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Our seat there, if it gave us one.
    pub seat: Option<String>,
    /// Which notice moves money.
    pub bills_on: BillsOn,
    /// How long a bid is reserved before it counts as lost: the longest delay of its notices.
    pub reservation: Reservation,
    /// What it waits if the request has no `tmax`.
    pub tmax_ms: u32,
    /// Taken off `tmax` for the network and its own work.
    pub margin_ms: u32,
    /// Decimals of our prices there, 0 to 6: an exchange that rounds a longer one up would clear above our bid.
    pub price_decimals: u32,
    /// What a price that is `AUDIT`, empty or unexpanded means.
    pub missing_price: MissingPrice,
    /// What follows from the privacy signals of its requests.
    pub privacy: privacy::Policy,
    /// What it must tell of the way an impression was sold.
    pub supply: supply::Policy,
}

/// Which notice moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillsOn {
    /// `burl`.
    Billing,
    /// `nurl`.
    Win,
    /// A link in the markup, called when the ad is shown: for exchanges within the viewer's page, most of which
    /// call no `burl`. The price in it went through the viewer's browser: it counts up to our bid.
    Impression,
}

impl BillsOn {
    /// All of them. Their place here is how tickets write them.
    pub const ALL: [Self; 3] = [Self::Billing, Self::Win, Self::Impression];
}

/// What a notice without a price does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingPrice {
    /// It is booked at the bid's price.
    BookBid,
    /// It is refused and counted.
    Refuse,
}

/// How long a bid is reserved, by medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// Banner and native.
    pub display: Millis,
    /// Video and audio.
    pub av: Millis,
}
