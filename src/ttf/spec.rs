//! A scenario as ad ops wrote it, before its parts are checked against one another, and the facts that it is asked about.

use crate::ttf::{Evidence, Exemption, Jurisdiction, TaxKind};
use crate::units::{AdvertiserId, CampaignId, Country, Day, ExchangeId, PublisherId, RatePpm};

/// A scenario as written, before its parts are checked against one another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScenarioSpec {
    /// The file's name without its ending.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Where the figures come from.
    pub source: String,
    /// Who taxes, and where.
    pub territories: Vec<Territory>,
    /// At which rate, when, and since when that is known.
    pub rates: Vec<RateRow>,
    /// What is not taxed whatever the rate; the first that fits gives the reason.
    pub exemptions: Vec<ExemptionRule>,
    /// The facts that decide the place, in order.
    pub evidence: Vec<Evidence>,
    /// What holds where the facts point at several jurisdictions.
    pub conflict: Conflict,
    /// Where those reside of whom no request tells it.
    pub residence: Residence,
    /// The jurisdiction taken, and flagged, where no fact is at hand. `None`: such an impression is
    /// outside, and flagged too.
    pub fallback: Option<Jurisdiction>,
}

/// A jurisdiction and the countries it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// Who taxes.
    pub jurisdiction: Jurisdiction,
    /// Its civil date decides which rate is in force: an IANA zone name.
    pub zone: String,
    /// Where it taxes. No country lies in two territories.
    pub countries: Vec<Country>,
}

/// A rate in force over `[valid_from, valid_to)`, as known since `known_from`.
///
/// Of two rows in force, that which was known later supersedes the other, from the day on which it is known: what was
/// billed before is taxed as was known then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateRow {
    /// Whose.
    pub jurisdiction: Jurisdiction,
    /// On what.
    pub kind: TaxKind,
    /// How much.
    pub rate: RatePpm,
    /// The first day.
    pub valid_from: Day,
    /// The first day after it; `None` = until further notice.
    pub valid_to: Option<Day>,
    /// The first day on which anybody could know; `None` = always.
    pub known_from: Option<Day>,
}

/// What is not taxed, and why. Each list names alternatives and may be empty, which fits everything; all that are not
/// empty must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExemptionRule {
    /// Why.
    pub reason: Exemption,
    /// Where.
    pub jurisdictions: Vec<Jurisdiction>,
    /// On what.
    pub kinds: Vec<TaxKind>,
    /// Who pays.
    pub advertisers: Vec<AdvertiserId>,
    /// For what.
    pub campaigns: Vec<CampaignId>,
    /// Bought where.
    pub exchanges: Vec<ExchangeId>,
    /// The first day, by the civil date of the jurisdiction.
    pub valid_from: Option<Day>,
    /// The first day after it.
    pub valid_to: Option<Day>,
}

/// What holds where the facts at hand point at several taxing jurisdictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conflict {
    /// The first fact at hand decides, even if it lies outside every territory.
    #[default]
    First,
    /// The jurisdiction with the highest rate taxes: on ad space, then on data, then the first.
    Max,
    /// Each taxes all of it.
    Sum,
    /// Each taxes an equal part of it; what cannot be divided goes to the first.
    Split,
}

/// Where parties reside of whom no request tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Residence {
    /// We.
    pub buyer: Option<Country>,
    /// Exchanges, none of them twice.
    pub exchanges: Vec<(ExchangeId, Country)>,
    /// Sites, apps and screens, by their domain or bundle, none of them twice.
    pub sellers: Vec<(PublisherId, Country)>,
}

/// What is known of where an impression's parties are. `None` where nobody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Facts {
    /// Where the advertiser resides.
    pub advertiser: Option<Country>,
    /// Where we reside.
    pub buyer: Option<Country>,
    /// Where the seller of the ad space resides.
    pub seller: Option<Country>,
    /// Where the exchange resides.
    pub exchange: Option<Country>,
    /// Where the viewer's device is (`device.geo`).
    pub viewer_device: Option<Country>,
    /// Where the viewer's address is.
    pub viewer_address: Option<Country>,
    /// Where the viewer is at home (`user.geo`).
    pub viewer_home: Option<Country>,
}

impl Facts {
    /// The country that one kind of evidence points at. A fallback points nowhere.
    #[must_use]
    pub const fn country(&self, evidence: Evidence) -> Option<Country> {
        match evidence {
            Evidence::Fallback => None,
            Evidence::Advertiser => self.advertiser,
            Evidence::Buyer => self.buyer,
            Evidence::Seller => self.seller,
            Evidence::Exchange => self.exchange,
            Evidence::ViewerDevice => self.viewer_device,
            Evidence::ViewerAddress => self.viewer_address,
            Evidence::ViewerHome => self.viewer_home,
        }
    }
}

/// Whose purchase it is: what exemptions go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parties {
    /// Who pays.
    pub advertiser: AdvertiserId,
    /// For what.
    pub campaign: CampaignId,
    /// Where it is bought.
    pub exchange: ExchangeId,
    /// Who sells, where that is known and asked for.
    pub publisher: Option<PublisherId>,
}
