//! A tax scenario: who taxes what, where, at which rate and when; and what it makes of an impression.
//!
//! Stands between the files that ad ops write and the bid path: [`Scenario::new`] checks once and turns
//! civil days into instants, so that [`Scenario::rate`] is a binary search and nothing more.

use crate::ttf::check::{self, ScenarioFault};
use crate::ttf::{Assessment, Evidence, Exemption, Jurisdiction, Place, TaxKind, TaxLine};
use crate::units::{Country, Day, Nanos, RatePpm, ScenarioId, UnixMillis};

/// A scenario as written, before its parts are checked against one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioSpec {
    /// The file's name without its ending.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Where the figures come from.
    pub source: String,
    /// Who taxes, and where.
    pub territories: Vec<Territory>,
    /// At which rate, when.
    pub rates: Vec<RateRow>,
    /// The facts that decide the place, the first at hand wins.
    pub evidence: Vec<Evidence>,
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

/// A rate in force over `[valid_from, valid_to)`.
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
}

/// What is known of where an impression's parties are. `None` where nobody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// Where the advertiser resides.
    pub advertiser: Option<Country>,
    /// Where we reside.
    pub buyer: Option<Country>,
    /// Where the exchange resides.
    pub exchange: Option<Country>,
    /// Where the seller of the ad space resides.
    pub seller: Option<Country>,
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
            Evidence::Exchange => self.exchange,
            Evidence::Seller => self.seller,
            Evidence::ViewerDevice => self.viewer_device,
            Evidence::ViewerAddress => self.viewer_address,
            Evidence::ViewerHome => self.viewer_home,
        }
    }
}

/// A rate row between instants: `[from, to)`, for ever if there is no `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ttf) struct DatedRate {
    pub(in crate::ttf) jurisdiction: Jurisdiction,
    pub(in crate::ttf) kind: TaxKind,
    pub(in crate::ttf) rate: RatePpm,
    pub(in crate::ttf) from: UnixMillis,
    pub(in crate::ttf) to: Option<UnixMillis>,
}

/// A checked scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    id: ScenarioId,
    spec: ScenarioSpec,
    /// In order of the countries.
    countries: Vec<(Country, Jurisdiction)>,
    /// In order of jurisdiction and instant.
    space: Vec<DatedRate>,
    /// In order of jurisdiction and instant.
    data: Vec<DatedRate>,
}

impl Scenario {
    /// The id of [`Scenario::none`].
    pub const NONE: ScenarioId = ScenarioId::from_slug(check::NONE_SLUG);

    /// The scenario of a specification, its civil days turned into instants.
    ///
    /// A day begins at its first instant in the zone of its jurisdiction: at one o'clock where the clock
    /// jumps over midnight, at the earlier midnight where there are two. Zones are those of the bundled
    /// database, so that the same file means the same on every machine.
    ///
    /// # Errors
    ///
    /// Every fault found, in the order of the specification.
    pub fn new(spec: ScenarioSpec) -> Result<Self, Vec<ScenarioFault>> {
        let rates = check::dated_rates(&spec)?;
        let of_kind = |kind| {
            let mut rows: Vec<_> = rates.iter().copied().filter(|row| row.kind == kind).collect();
            // A row of a day that its zone skipped is empty: it sorts before the row that follows it.
            let end = |row: &DatedRate| row.to.unwrap_or(UnixMillis::from_raw(i64::MAX));
            rows.sort_by_key(|row| (row.jurisdiction, row.from, end(row)));
            rows
        };
        let (space, data) = (of_kind(TaxKind::AdSpace), of_kind(TaxKind::Data));
        let covered = |at: &Territory| {
            let jurisdiction = at.jurisdiction;
            at.countries.iter().map(move |country| (*country, jurisdiction)).collect::<Vec<_>>()
        };
        let mut countries: Vec<_> = spec.territories.iter().flat_map(covered).collect();
        countries.sort_unstable();
        Ok(Self { id: ScenarioId::from_slug(&spec.slug), spec, countries, space, data })
    }

    /// The built-in scenario `none`, which taxes nothing anywhere.
    #[must_use]
    pub fn none() -> Self {
        Self::new(ScenarioSpec {
            slug: check::NONE_SLUG.to_owned(),
            name: "No tax".to_owned(),
            source: "built in".to_owned(),
            territories: Vec::new(),
            rates: Vec::new(),
            evidence: vec![
                Evidence::Advertiser,
                Evidence::Buyer,
                Evidence::Exchange,
                Evidence::ViewerDevice,
                Evidence::ViewerAddress,
                Evidence::ViewerHome,
            ],
            fallback: None,
        })
        .expect("a scenario without territories has nothing to be wrong")
    }

    /// The hash of its slug.
    #[must_use]
    pub const fn id(&self) -> ScenarioId {
        self.id
    }

    /// The file's name without its ending.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.spec.slug
    }

    /// For people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// As written.
    #[must_use]
    pub const fn spec(&self) -> &ScenarioSpec {
        &self.spec
    }

    /// Where an impression is taxed: the first fact at hand, in the scenario's order, decides, even if it
    /// lies outside every territory. With none at hand the fallback is taken, and flagged.
    #[must_use]
    pub fn place(&self, facts: &Facts) -> Place {
        let at_hand = |evidence: &Evidence| facts.country(*evidence).map(|country| (*evidence, country));
        match self.spec.evidence.iter().find_map(at_hand) {
            Some((evidence, country)) => Place { jurisdiction: self.covering(country), evidence },
            None => Place { jurisdiction: self.spec.fallback, evidence: Evidence::Fallback },
        }
    }

    fn covering(&self, country: Country) -> Option<Jurisdiction> {
        let at = self.countries.binary_search_by_key(&country, |(covered, _)| *covered).ok()?;
        Some(self.countries[at].1)
    }

    const fn rows(&self, kind: TaxKind) -> &[DatedRate] {
        match kind {
            TaxKind::AdSpace => self.space.as_slice(),
            TaxKind::Data => self.data.as_slice(),
        }
    }

    /// The one rate in force at an instant, by the civil date of the jurisdiction; `None` if there is
    /// none.
    #[must_use]
    pub fn rate(&self, jurisdiction: Jurisdiction, kind: TaxKind, at: UnixMillis) -> Option<RatePpm> {
        let rows = self.rows(kind);
        let begun = rows.partition_point(|row| (row.jurisdiction, row.from) <= (jurisdiction, at));
        let row = rows[..begun].last()?;
        let in_force = row.jurisdiction == jurisdiction && row.to.is_none_or(|to| at < to);
        in_force.then_some(row.rate)
    }

    /// The highest rate in force at any instant from `from` to `to`, both included; zero if there is
    /// none. What a reservation must hold if the impression may be billed at any time between.
    #[must_use]
    pub fn highest_rate(
        &self,
        jurisdiction: Jurisdiction,
        kind: TaxKind,
        from: UnixMillis,
        to: UnixMillis,
    ) -> RatePpm {
        let meets = |row: &&DatedRate| {
            row.jurisdiction == jurisdiction && row.from <= to && row.to.is_none_or(|end| from < end)
        };
        self.rows(kind).iter().filter(meets).map(|row| row.rate).max().unwrap_or(RatePpm::ZERO)
    }

    /// The highest rate of all: of any kind, anywhere, at any time.
    #[must_use]
    pub fn highest(&self) -> RatePpm {
        self.space.iter().chain(&self.data).map(|row| row.rate).max().unwrap_or(RatePpm::ZERO)
    }

    /// What an impression billed at `billed_at` owes on `media` and `data`, and why.
    ///
    /// Each line is taxed or exempt, and keeps its base either way. `billable` is false for a test and for
    /// an ad of our own. The bases may be negative, but a credit note is made of the first assessment
    /// ([`Assessment::credit_note`]), since it carries the rate of then.
    #[must_use]
    pub fn assess(
        &self,
        place: Place,
        billed_at: UnixMillis,
        media: Nanos,
        data: Nanos,
        billable: bool,
    ) -> Assessment {
        let line = |kind, base| match self.rate_or_reason(place, kind, billed_at, billable) {
            Ok(rate) => TaxLine { base, rate, exemption: None },
            Err(reason) => TaxLine { base, rate: RatePpm::ZERO, exemption: Some(reason) },
        };
        Assessment {
            scenario: self.id,
            place,
            space: line(TaxKind::AdSpace, media),
            data: line(TaxKind::Data, data),
            more: Vec::new(),
        }
    }

    fn rate_or_reason(
        &self,
        place: Place,
        kind: TaxKind,
        at: UnixMillis,
        billable: bool,
    ) -> Result<RatePpm, Exemption> {
        if !billable {
            return Err(Exemption::NotBillable);
        }
        let jurisdiction = place.jurisdiction.ok_or(Exemption::OutOfScope)?;
        self.rate(jurisdiction, kind, at).ok_or(Exemption::NoRate)
    }
}

#[cfg(test)]
mod tests;
