//! An exchange's habits, as its profile file states them.

mod access;
mod address;
mod approval;
mod price;

pub use access::{Access, Caller, Credential, Refusal};
pub use address::AddressRange;
pub use approval::{Approval, Approvals};
pub use price::{PriceEncoding, PriceKeys, PriceNotice, PriceUnit};

use crate::document::Secret;
use crate::openrtb::{Channel, MediaType};
use crate::units::{Currency, ExchangeId, Millis, limits};
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
    /// How long after its bid a notice of money is booked: late, once the reservation has expired.
    pub notice_age: NoticeAge,
    /// What it waits if the request has no `tmax`.
    pub tmax_ms: u32,
    /// Taken off `tmax` for the network and its own work.
    pub margin_ms: u32,
    /// Decimals of our prices there, 0 to 6: an exchange that rounds a longer one up would clear above our bid.
    pub price_decimals: u32,
    /// What a price that is empty or unexpanded means.
    pub missing_price: MissingPrice,
    /// What a notice means whose macros were replaced by `AUDIT`.
    pub audit: Audit,
    /// How its notices tell the price.
    pub price: PriceNotice,
    /// How it wants to be answered.
    pub answer: AnswerForm,
    /// The only currencies to bid in, if it takes but some.
    pub currencies: Vec<Currency>,
    /// What may be bid there.
    pub formats: Formats,
    /// How much may be bid there.
    pub limits: BidLimits,
    /// What follows from the privacy signals of its requests.
    pub privacy: privacy::Policy,
    /// What it must tell of the way an impression was sold.
    pub supply: supply::Policy,
    /// Who may come in.
    pub access: Access,
    /// True if it serves every name that has no profile of its own.
    pub stands_in: bool,
    /// Which creatives it has reviewed.
    pub approvals: Approvals,
    /// The file that `approvals` is to be read from, if not the profile's own; beside the profile.
    pub approvals_file: Option<String>,
}

impl Exchange {
    /// True if bids in `currency` are taken.
    #[must_use]
    pub fn takes(&self, currency: Currency) -> bool {
        self.currencies.is_empty() || self.currencies.contains(&currency)
    }

    /// True if all that bidding there needs is known: without the keys of its prices, no bid could be billed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.price.is_readable()
    }

    /// The secrets that the profile refers to, each with the path of its key, to be fetched.
    pub fn secrets(&mut self) -> Vec<(&'static str, &mut Secret)> {
        let mut secrets = self.price.secrets();
        secrets.extend(self.access.secrets());
        secrets
    }
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

/// What a notice does whose macros say `AUDIT` (OpenRTB 2.6, 4.4: the ad was rendered to be looked at).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audit {
    /// The same as one without a price.
    AsMissing,
    /// Nothing: it is no impression, and nothing is booked or given back.
    Ignore,
}

/// How long a bid is reserved, by medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// Banners.
    pub banner: Millis,
    /// Native ads.
    pub native: Millis,
    /// Video.
    pub video: Millis,
    /// Audio.
    pub audio: Millis,
    /// Screens in public, whatever they show; that of the medium if `None`.
    pub dooh: Option<Millis>,
}

impl Reservation {
    /// How long a bid with `medium` is reserved; `dooh` is true on a screen in public.
    #[must_use]
    pub fn of(&self, medium: MediaType, dooh: bool) -> Millis {
        let own = match medium {
            MediaType::Banner => self.banner,
            MediaType::Native => self.native,
            MediaType::Video => self.video,
            MediaType::Audio => self.audio,
        };
        self.dooh.filter(|_| dooh).unwrap_or(own)
    }

    /// The longest of all media; on a screen in public (`dooh`) that of such screens, if it is longer.
    #[must_use]
    pub fn longest(&self, dooh: bool) -> Millis {
        let media = self.banner.max(self.native).max(self.video).max(self.audio);
        self.dooh.filter(|_| dooh).map_or(media, |dooh| dooh.max(media))
    }
}

/// How long after its bid a notice of money is booked, by where the ad was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeAge {
    /// Banners and native ads on sites.
    pub display: Millis,
    /// Video and audio on sites.
    pub av: Millis,
    /// Anything in apps, those of television sets among them, and where the request does not tell.
    pub app: Millis,
    /// Screens in public, whatever they show.
    pub dooh: Millis,
}

impl NoticeAge {
    /// Where a profile says nothing. The latest notices that are known come 10 minutes after the auction for banners,
    /// an hour for video on sites and 3 hours for apps and television; the rest is for an outage of ours, through
    /// which an exchange repeats its notices. What is older will not be billed.
    const USUAL: Self = Self {
        display: Millis::from_seconds(3 * 3_600),
        av: Millis::from_seconds(6 * 3_600),
        app: Millis::from_seconds(12 * 3_600),
        dooh: limits::NOTICE_AGE_MAX,
    };

    /// Where a profile says nothing but `reservation`: the usual ages, and no less than twice the reservation, so that
    /// there is a time in which a notice is late and not lost.
    #[must_use]
    pub fn usual(reservation: &Reservation) -> Self {
        let least = |usual: Millis, reserved: Millis| {
            let twice = Millis::from_raw(reserved.raw().saturating_mul(2));
            usual.max(twice).min(limits::NOTICE_AGE_MAX)
        };
        Self {
            display: least(Self::USUAL.display, reservation.banner.max(reservation.native)),
            av: least(Self::USUAL.av, reservation.video.max(reservation.audio)),
            app: least(Self::USUAL.app, reservation.longest(false)),
            dooh: least(Self::USUAL.dooh, reservation.longest(true)),
        }
    }

    /// How long notices of a bid with `medium` are booked that is shown in `channel`.
    #[must_use]
    pub fn of(&self, medium: MediaType, channel: &Channel<'_>) -> Millis {
        match (channel, medium) {
            (Channel::Dooh(_), _) => self.dooh,
            (Channel::Site(_), MediaType::Banner | MediaType::Native) => self.display,
            (Channel::Site(_), MediaType::Video | MediaType::Audio) => self.av,
            (Channel::App(_) | Channel::Unknown, _) => self.app,
        }
    }
}

/// How no bid is told (OpenRTB 2.6, 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBidForm {
    /// 204, nothing else.
    Empty,
    /// 200 with the reason, `{"id":...,"seatbid":[],"nbr":...}`.
    Reason,
}

/// How it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerForm {
    /// True for `application/json; charset=utf-8`, false for `application/json`.
    pub charset: bool,
    /// True if answers may be compressed for a caller who lists gzip.
    pub gzip: bool,
    /// The form of no bid.
    pub no_bid: NoBidForm,
}

/// The media that may be bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formats {
    /// Banners.
    pub banner: bool,
    /// Native ads.
    pub native: bool,
    /// Video.
    pub video: bool,
    /// Audio.
    pub audio: bool,
}

impl Formats {
    /// All of them.
    pub const ALL: Self = Self { banner: true, native: true, video: true, audio: true };

    /// True if `medium` may be bid.
    #[must_use]
    pub const fn allow(self, medium: MediaType) -> bool {
        match medium {
            MediaType::Banner => self.banner,
            MediaType::Native => self.native,
            MediaType::Video => self.video,
            MediaType::Audio => self.audio,
        }
    }
}

/// Limits on answers. `None`: only our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BidLimits {
    /// Bids in one answer.
    pub bids: Option<u32>,
    /// Bids on one impression, on a deal and in the open auction together.
    pub bids_per_imp: Option<u32>,
    /// Bytes of `adm`, before it is escaped for JSON.
    pub markup_bytes: Option<u32>,
    /// Bytes of `crid`.
    pub crid_bytes: Option<u32>,
    /// True if a bid without `iurl` is refused there.
    pub preview_required: bool,
}
