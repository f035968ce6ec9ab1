//! What ad ops asked for, checked and complete: the immutable [`Catalog`] that one revision of the
//! campaign files compiles to.
//!
//! References between parts are indices into the catalog's own lists, so that the fast path never looks
//! a name up. Slugs stay beside the ids, for people.

use jiff::tz::TimeZone;

use crate::audience::Definitions;
use crate::campaign::{
    Arm, Attribution, ConversionType, Creative, Factor, FrequencyCap, Holdout, Modifier, Rule,
};
use crate::ttf::Bearer;
use crate::units::{
    AdvertiserId, CampaignId, Country, Cpm, Currency, DealId, LineItemId, Millis, Nanos, RatePpm, ScenarioId,
    UnixMillis,
};

/// All that may bid, of one revision.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// In order of their slugs.
    pub advertisers: Vec<Advertiser>,
    /// In order of their slugs.
    pub campaigns: Vec<Campaign>,
    /// By campaign, as written.
    pub line_items: Vec<LineItem>,
    /// By campaign, as written.
    pub creatives: Vec<Creative>,
    /// What advertisers make of what people did.
    pub audiences: Definitions,
}

/// Who pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertiser {
    /// From `slug`.
    pub id: AdvertiserId,
    /// As written in `advertiser.id`.
    pub slug: String,
    /// For people.
    pub name: String,
    /// What `bid.adomain` says: lower case, no `www.`.
    pub domain: String,
    /// Residence, for the tax.
    pub country: Option<Country>,
    /// What the Digital Services Act has told to viewers.
    pub transparency: Transparency,
    /// Caps over all of its campaigns.
    pub frequency: Vec<FrequencyCap>,
}

/// Who is behind an ad (Digital Services Act, article 26): at most 100 characters each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transparency {
    /// On whose behalf it is shown.
    pub behalf: String,
    /// Who paid for it.
    pub paid: String,
}

impl Transparency {
    /// Characters of either name (IAB Tech Lab, DSA Transparency 1.0).
    pub const CHARS_MAX: usize = 100;

    /// One and the same, cut to what is allowed.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let name: String = name.chars().take(Self::CHARS_MAX).collect();
        Self { behalf: name.clone(), paid: name }
    }
}

/// Whether a campaign or line item may bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It may.
    Active,
    /// A person stopped it.
    Paused,
}

/// A campaign.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// From `slug`.
    pub id: CampaignId,
    /// As written in `id`; unique over all files.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Index into [`Catalog::advertisers`].
    pub advertiser: usize,
    /// Whether it may bid.
    pub status: Status,
    /// Of every amount in the campaign.
    pub currency: Currency,
    /// Its day is this zone's day.
    pub zone: TimeZone,
    /// The zone's IANA name.
    pub zone_name: String,
    /// When it runs.
    pub flight: Flight,
    /// What it may spend.
    pub budget: Budget,
    /// How it spends.
    pub pacing: Pacing,
    /// True if what the advertiser's campaigns that say so may spend today is spent where it buys most, each within its
    /// own caps.
    pub pooled: bool,
    /// What may be learnt for it.
    pub learning: Learning,
    /// To whom it is never shown, so that its effect is known.
    pub holdout: Option<Holdout>,
    /// What it costs besides media.
    pub costs: Costs,
    /// The hypothetical tax.
    pub tax: TaxPlan,
    /// Caps over all of its line items.
    pub frequency: Vec<FrequencyCap>,
    /// What counts as caused by an ad.
    pub attribution: Attribution,
    /// Kinds of conversions; a conversion of another kind is refused.
    pub conversions: Vec<ConversionType>,
    /// Promo codes that tell that its ads led to a conversion of any kind, as [`crate::campaign::promo_code`] writes them.
    pub codes: Vec<String>,
}

/// `[start, end)`; open if there is no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    /// The first instant.
    pub start: UnixMillis,
    /// The first instant after it.
    pub end: Option<UnixMillis>,
}

/// What a campaign or a line item may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Money: media, paid data, and the tax where it is borne `inside`.
    pub money: Limits<Nanos>,
    /// Billed impressions.
    pub impressions: Limits<u32>,
    /// Clicks: bidding stops when they are reached; what is shown already may still be clicked.
    pub clicks: Limits<u32>,
    /// How bids that are out count. Only a campaign's is read; its line items follow it.
    pub mode: BudgetMode,
}

impl Budget {
    /// True if anything is limited for each hour.
    #[must_use]
    pub fn has_hourly(&self) -> bool {
        self.money.hourly.is_some() || self.impressions.hourly.is_some() || self.clicks.hourly.is_some()
    }
}

/// A limit for each window of time; `None` = without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits<T> {
    /// For each clock hour.
    pub hourly: Option<T>,
    /// For each day of the campaign's zone.
    pub daily: Option<T>,
    /// For the whole flight.
    pub total: Option<T>,
}

/// How bids whose outcome is not known count against the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BudgetMode {
    /// Each at its worst case: no cap is ever passed.
    #[default]
    Hard,
    /// Together at what they are expected to cost, and so many hundredths of a standard deviation on top:
    /// spends more while notices are slow, and can pass a cap.
    Soft {
        /// Hundredths of a standard deviation.
        deviations: u32,
    },
}

/// How a day's budget is laid over the day.
#[derive(Debug, Clone, PartialEq)]
pub enum Pacing {
    /// Where it buys most: every request at the same multiple of what it is worth. `smoothness`, in thousandths from 0
    /// to 1,000, ties it to time.
    Dual {
        /// 0 = for value alone, 1,000 = as even as the traffic allows.
        smoothness: u32,
    },
    /// In proportion to time.
    Even,
    /// In proportion to time, but a part sooner, so that nothing is left over.
    Ahead,
    /// In proportion to these 24 hourly shares, which sum to 1,000,000.
    Curve(Box<[u32; 24]>),
    /// As fast as it comes.
    Asap,
}

impl Pacing {
    /// Its word in campaign files.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Dual { .. } => "dual",
            Self::Even => "even",
            Self::Ahead => "ahead",
            Self::Curve(_) => "curve",
            Self::Asap => "asap",
        }
    }
}

impl Default for Pacing {
    /// For value alone.
    fn default() -> Self {
        Self::Dual { smoothness: 0 }
    }
}

/// Costs besides media and data. None of them counts against the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Costs {
    /// The platform's fee, as a share of media.
    pub platform_fee: RatePpm,
    /// Creation, staff: once for the campaign.
    pub fixed: Nanos,
}

/// Which tax, and who bears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxPlan {
    /// From `scenario_slug`.
    pub scenario: ScenarioId,
    /// The name of a file in the tax folder, or `none`.
    pub scenario_slug: String,
    /// Who bears it.
    pub bearer: Bearer,
}

/// A line item: the unit that bids.
#[derive(Debug, Clone)]
pub struct LineItem {
    /// From `campaign slug/slug`.
    pub id: LineItemId,
    /// As written in `id`; unique in the campaign.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Index into [`Catalog::campaigns`].
    pub campaign: usize,
    /// Whether it may bid.
    pub status: Status,
    /// Within the campaign's flight.
    pub flight: Flight,
    /// Within the campaign's budget.
    pub budget: Budget,
    /// Its own, else the campaign's.
    pub pacing: Pacing,
    /// What it is after.
    pub goal: Goal,
    /// Over how long its goal is to be met.
    pub goal_window: Millis,
    /// True if its file says what chances to expect, or needs none. Else usual ones are supposed, and it spends at most
    /// the exploration share until enough came back to know better.
    pub vouched: bool,
    /// Who, where, when. `Rule::All(vec![])` is everyone.
    pub targeting: Rule,
    /// What makes an impression worth more or less than `goal` says; those that hold multiply.
    pub modifiers: Vec<Modifier>,
    /// Caps of this line item alone.
    pub frequency: Vec<FrequencyCap>,
    /// If not empty: bids only on these deals.
    pub deals: Vec<AgreedDeal>,
    /// Price of the paid segments it uses, per thousand impressions.
    pub data_cpm: Cpm,
    /// Indices into [`Catalog::creatives`]; not empty.
    pub creatives: Vec<usize>,
    /// What is tried on whom; empty, or two and more.
    pub arms: Vec<Arm>,
}

impl LineItem {
    /// The creatives that are shown to somebody of `arm`; `None` is who is in no arm.
    #[must_use]
    pub fn creatives_of<'a>(&'a self, arm: Option<&'a Arm>) -> &'a [usize] {
        arm.and_then(|arm| arm.creatives.as_deref()).unwrap_or(&self.creatives)
    }
}

/// A deal that a line item bids on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedDeal {
    /// From `slug`.
    pub id: DealId,
    /// As the exchange writes it in `imp.pmp.deals.id`.
    pub slug: String,
}

impl AgreedDeal {
    /// The deal that the exchange names `slug`.
    #[must_use]
    pub fn new(slug: &str) -> Self {
        Self { id: DealId::from_slug(slug), slug: slug.to_owned() }
    }
}

/// What a line item is after, in the campaign's currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// At most this per thousand impressions.
    Cpm(Cpm),
    /// This per click, where one impression is expected to bring `ctr` clicks.
    Cpc {
        /// Per click.
        target: Nanos,
        /// Clicks per impression, 0 to 1.
        ctr: f64,
    },
    /// This per conversion.
    Cpa {
        /// Per conversion.
        target: Nanos,
        /// Clicks per impression, 0 to 1.
        ctr: f64,
        /// Conversions per click, 0 to 1.
        cvr: f64,
    },
    /// That much of conversions' value for each unit of cost.
    Return {
        /// Value per cost, in millionths: a ROAS of 4 and a ROI of 300 % are both 4,000,000.
        least: u64,
        /// What a conversion is expected to be worth.
        value: Nanos,
        /// Clicks per impression, 0 to 1.
        ctr: f64,
        /// Conversions per click, 0 to 1.
        cvr: f64,
    },
    /// As many conversions as the budget buys.
    MaxConversions {
        /// At most this per thousand impressions.
        ceiling: Cpm,
        /// Clicks per impression, 0 to 1.
        ctr: f64,
        /// Conversions per click, 0 to 1.
        cvr: f64,
    },
}

impl Goal {
    /// Clicks per impression and, for goals on conversions, conversions per click, as ad ops expect them: each 0 to 1.
    /// `None` where nothing but impressions counts.
    #[must_use]
    pub const fn chances(&self) -> Option<(f64, Option<f64>)> {
        match *self {
            Self::Cpm(_) => None,
            Self::Cpc { ctr, .. } => Some((ctr, None)),
            Self::Cpa { ctr, cvr, .. }
            | Self::Return { ctr, cvr, .. }
            | Self::MaxConversions { ctr, cvr, .. } => Some((ctr, Some(cvr))),
        }
    }

    /// True if its price is the most that is paid, and not what an impression is worth.
    #[must_use]
    pub const fn is_ceiling(&self) -> bool {
        matches!(self, Self::Cpm(_) | Self::MaxConversions { .. })
    }

    /// Its word in campaign files; `roas` for a return on investment, too.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Cpm(_) => "cpm",
            Self::Cpc { .. } => "cpc",
            Self::Cpa { .. } => "cpa",
            Self::Return { .. } => "roas",
            Self::MaxConversions { .. } => "max_conversions",
        }
    }
}

/// What may be learnt for a campaign, and how far that may change what it bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learning {
    /// The least and the most by which learnt chances, calibration and placements together may multiply what an
    /// impression is worth.
    pub corridor: (Factor, Factor),
    /// The share of the money that may be spent on what is not known yet.
    pub exploration: RatePpm,
    /// What happens to changes that the sink's figures suggest.
    pub feedback: Feedback,
    /// True if bids in first-price auctions are shaded.
    pub shading: bool,
}

impl Default for Learning {
    fn default() -> Self {
        let quarter = Factor::from_thousandths(250).unwrap_or(Factor::ONE);
        let fourfold = Factor::from_thousandths(4_000).unwrap_or(Factor::ONE);
        Self {
            corridor: (quarter, fourfold),
            exploration: RatePpm::from_ppm(20_000).unwrap_or(RatePpm::ZERO),
            feedback: Feedback::Propose,
            shading: true,
        }
    }
}

/// What happens to changes that the sink's figures suggest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Feedback {
    /// None is made.
    Off,
    /// A person accepts them.
    #[default]
    Propose,
    /// They are made, bounded and reversible.
    Automatic,
}

impl Feedback {
    /// Its word in campaign files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Propose => "propose",
            Self::Automatic => "automatic",
        }
    }
}

/// `format`, and the kind of a creative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FormatKind {
    Banner,
    Video,
    Audio,
    Native,
}

impl FormatKind {
    /// The format's word in campaign files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Banner => "banner",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Native => "native",
        }
    }
}
