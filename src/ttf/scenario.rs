//! A tax scenario: who taxes what, where, at which rate and when; and what it makes of an impression.
//!
//! Stands between the files that ad ops write and the bid path: [`Scenario::new`] checks once and turns
//! civil days into instants, so that [`Scenario::rate`] is a binary search and nothing more.

use jiff::tz::TimeZone;

use crate::ttf::check;
use crate::ttf::fault::ScenarioFault;
use crate::ttf::rates::{DatedRate, View, timeline};
use crate::ttf::{
    Assessment, Conflict, Evidence, Exemption, Exposure, Facts, Jurisdiction, Levy, Other, Others, Parties,
    Place, Places, ScenarioSpec, TaxKind, TaxLine, Territory,
};
use crate::units::{Country, Day, Nanos, RatePpm, ScenarioId, UnixMillis};

/// A checked scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    id: ScenarioId,
    spec: ScenarioSpec,
    /// In order of the countries.
    countries: Vec<(Country, Jurisdiction)>,
    /// In the order of the territories.
    zones: Vec<(Jurisdiction, TimeZone)>,
    /// In order of jurisdiction and instant, none over another.
    space: Vec<DatedRate>,
    /// The same on data.
    data: Vec<DatedRate>,
    /// In the order of the rules, each by jurisdiction.
    exempt: Vec<DatedExemption>,
}

/// A rule of exemption in one jurisdiction, between instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ttf) struct DatedExemption {
    pub(in crate::ttf) jurisdiction: Jurisdiction,
    pub(in crate::ttf) from: Option<UnixMillis>,
    pub(in crate::ttf) to: Option<UnixMillis>,
    /// Its place in the specification.
    pub(in crate::ttf) rule: usize,
}

/// What is bought with one billed impression, and where it is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// Where.
    pub places: Places,
    /// Whose.
    pub parties: Parties,
    /// When.
    pub billed_at: UnixMillis,
    /// The price paid; negative where it is taken back.
    pub media: Nanos,
    /// Paid for data.
    pub data: Nanos,
    /// False for a test, for which nobody pays.
    pub billable: bool,
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
        Self::seen(spec, View::AtEachInstant)
    }

    fn seen(spec: ScenarioSpec, view: View) -> Result<Self, Vec<ScenarioFault>> {
        let checked = check::checked(&spec)?;
        let covered = |at: &Territory| {
            let jurisdiction = at.jurisdiction;
            at.countries.iter().map(move |country| (*country, jurisdiction)).collect::<Vec<_>>()
        };
        let mut countries: Vec<_> = spec.territories.iter().flat_map(covered).collect();
        countries.sort_unstable();
        Ok(Self {
            id: ScenarioId::from_slug(&spec.slug),
            countries,
            space: timeline(&checked.rates, TaxKind::AdSpace, view),
            data: timeline(&checked.rates, TaxKind::Data, view),
            exempt: checked.exemptions,
            zones: checked.zones,
            spec,
        })
    }

    /// The built-in scenario `none`, which taxes nothing anywhere.
    #[must_use]
    pub fn none() -> Self {
        Self::new(ScenarioSpec {
            slug: check::NONE_SLUG.to_owned(),
            name: "No tax".to_owned(),
            source: "built in".to_owned(),
            evidence: vec![
                Evidence::Advertiser,
                Evidence::Buyer,
                Evidence::Seller,
                Evidence::Exchange,
                Evidence::ViewerDevice,
                Evidence::ViewerAddress,
                Evidence::ViewerHome,
            ],
            ..ScenarioSpec::default()
        })
        .expect("a scenario without territories has nothing to be wrong")
    }

    /// The scenario with the rates that were known by the end of `day`, whenever what they tax was billed: the past as
    /// it was told then. Rows that became known later are left out.
    ///
    /// # Panics
    ///
    /// Never: a part of the rates of a sound scenario is sound.
    #[must_use]
    pub fn as_known_at(&self, day: Day) -> Self {
        let mut spec = self.spec.clone();
        spec.rates.retain(|row| row.known_from.is_none_or(|known| known <= day));
        Self::seen(spec, View::InHindsight).expect("a part of the rates of a sound scenario is sound")
    }

    /// The same scenario with every rate on ad space replaced by `rate`, and every rate on data changed in proportion,
    /// rounded up; the days stay. `None` where several jurisdictions would then tax more than there is.
    #[must_use]
    pub fn at_rate(&self, rate: RatePpm) -> Option<Self> {
        let mut spec = self.spec.clone();
        for row in &mut spec.rates {
            row.rate = match row.kind {
                TaxKind::AdSpace => rate,
                TaxKind::Data => self.in_proportion(row.jurisdiction, row.rate, rate),
            };
        }
        Self::new(spec).ok()
    }

    /// `of` multiplied as the highest rate on ad space becomes `space`.
    fn in_proportion(&self, jurisdiction: Jurisdiction, of: RatePpm, space: RatePpm) -> RatePpm {
        let own = self.space.iter().filter(|row| row.jurisdiction == jurisdiction).map(|row| row.rate.ppm());
        let own = u64::from(own.max().unwrap_or(0));
        let scaled = (u64::from(of.ppm()) * u64::from(space.ppm())).div_ceil(own.max(1));
        let scaled = if own == 0 { u64::from(of.ppm()) } else { scaled };
        RatePpm::from_ppm(u32::try_from(scaled).unwrap_or(u32::MAX)).unwrap_or(RatePpm::ONE)
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

    /// The zone of a jurisdiction's civil dates; `None` of one without a territory.
    #[must_use]
    pub fn zone(&self, jurisdiction: Jurisdiction) -> Option<&TimeZone> {
        self.zones.iter().find(|(of, _)| *of == jurisdiction).map(|(_, zone)| zone)
    }

    /// True if the scenario says where any seller resides.
    #[must_use]
    pub const fn knows_sellers(&self) -> bool {
        !self.spec.residence.sellers.is_empty()
    }

    /// What the scenario itself knows of where parties reside, where `facts` do not tell it.
    #[must_use]
    pub fn with_residence(&self, facts: &Facts, parties: &Parties) -> Facts {
        fn of<Id: PartialEq>(known: &[(Id, Country)], id: &Id) -> Option<Country> {
            known.iter().find(|(own, _)| own == id).map(|(_, country)| *country)
        }
        let residence = &self.spec.residence;
        Facts {
            buyer: facts.buyer.or(residence.buyer),
            exchange: facts.exchange.or_else(|| of(&residence.exchanges, &parties.exchange)),
            seller: facts.seller.or_else(|| of(&residence.sellers, parties.publisher.as_ref()?)),
            ..*facts
        }
    }

    /// Where an impression is taxed that is bought at `at`, by the facts, the order of evidence and the policy for
    /// conflicts. With no fact at hand the fallback is taken, and flagged.
    ///
    /// A fact that lies outside every territory decides only as the first one under [`Conflict::First`], and where no
    /// other points into one.
    #[must_use]
    pub fn places(&self, facts: &Facts, at: UnixMillis) -> Places {
        let mut at_hand = self.spec.evidence.iter().filter_map(|evidence| {
            let country = facts.country(*evidence)?;
            Some(Place { jurisdiction: self.covering(country), evidence: *evidence })
        });
        let Some(first) = at_hand.next() else {
            return Places::one(Place { jurisdiction: self.spec.fallback, evidence: Evidence::Fallback });
        };
        if self.spec.conflict == Conflict::First {
            return Places::one(first);
        }
        let mut taxing: smallvec::SmallVec<[Place; 8]> = smallvec::SmallVec::new();
        for place in std::iter::once(first).chain(at_hand) {
            let is_new = taxing.iter().all(|known| known.jurisdiction != place.jurisdiction);
            if place.jurisdiction.is_some() && is_new {
                taxing.push(place);
            }
        }
        let Some((leading, rest)) = taxing.split_first() else { return Places::one(first) };
        match self.spec.conflict {
            Conflict::First => Places::one(first),
            Conflict::Max => Places::one(self.dearest(&taxing, at).unwrap_or(*leading)),
            Conflict::Sum => Places::several(*leading, rest.iter().copied(), false),
            Conflict::Split => Places::several(*leading, rest.iter().copied(), true),
        }
    }

    /// The place with the highest rate on ad space, then on data; of equals the first.
    fn dearest(&self, places: &[Place], at: UnixMillis) -> Option<Place> {
        let rates = |place: &Place| {
            let jurisdiction = place.jurisdiction?;
            Some(TaxKind::ALL.map(|kind| self.rate(jurisdiction, kind, at).unwrap_or_default()))
        };
        places.iter().rev().max_by_key(|place| rates(place)).copied()
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

    /// The one rate in force at an instant as known then, by the civil date of the jurisdiction; `None` if there is
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

    /// The highest that one purchase can owe of its base at `place` if it is billed at any time from `from` to `to`:
    /// zero where it is exempt all that time.
    #[must_use]
    pub fn highest_owed(
        &self,
        place: Place,
        parties: &Parties,
        kind: TaxKind,
        (from, to): (UnixMillis, UnixMillis),
    ) -> RatePpm {
        let Some(jurisdiction) = place.jurisdiction else { return RatePpm::ZERO };
        let exempt = self.exemption(jurisdiction, parties, kind, (from, to)).is_some();
        if exempt { RatePpm::ZERO } else { self.highest_rate(jurisdiction, kind, from, to) }
    }

    /// Where a purchase at `from` is taxed, and at most at which rates if it is billed at any time until `to`.
    #[must_use]
    pub fn exposure(
        &self,
        facts: &Facts,
        parties: &Parties,
        (from, to): (UnixMillis, UnixMillis),
    ) -> Exposure {
        let places = self.places(&self.with_residence(facts, parties), from);
        let rates = |place| TaxKind::ALL.map(|kind| self.highest_owed(place, parties, kind, (from, to)));
        let [space_rate, data_rate] = rates(places.first());
        let others = places.iter().skip(1).map(|place| {
            let [space_rate, data_rate] = rates(place);
            Other { place, space_rate, data_rate }
        });
        let others = Others::new(others, places.divides());
        Exposure { place: places.first(), space_rate, data_rate, others }
    }

    /// The instants at which a rate or an exemption begins or ends, in no order.
    pub fn changes(&self) -> impl Iterator<Item = UnixMillis> + '_ {
        let rates = self.space.iter().chain(&self.data).flat_map(|row| [Some(row.from), row.to]);
        rates.chain(self.exempt.iter().flat_map(|rule| [rule.from, rule.to])).flatten()
    }

    /// The highest rate of all: of any kind, anywhere, at any time; where several jurisdictions tax all of it, their
    /// highest rates together.
    #[must_use]
    pub fn highest(&self) -> RatePpm {
        let rows = || self.space.iter().chain(&self.data);
        let highest = |jurisdiction| {
            rows().filter(|row| row.jurisdiction == jurisdiction).map(|row| row.rate.ppm()).max()
        };
        let of_all = self.spec.territories.iter().filter_map(|at| highest(at.jurisdiction));
        let ppm = if self.spec.conflict == Conflict::Sum {
            of_all.fold(0, u32::saturating_add)
        } else {
            of_all.max().unwrap_or(0)
        };
        RatePpm::from_ppm(ppm).unwrap_or(RatePpm::ONE)
    }

    /// What `purchase` owes, and why.
    ///
    /// Each line is taxed or exempt, and keeps its base either way. The bases may be negative, but a credit note is made
    /// of the first assessment ([`Assessment::credit_note`]), since it carries the rate of then.
    #[must_use]
    pub fn assess(&self, purchase: &Purchase) -> Assessment {
        let mut levies = purchase.places.iter().enumerate().map(|(at, place)| {
            let line = |kind, base| {
                let base = purchase.places.base_of(at, base);
                match self.rate_or_reason(place, kind, purchase) {
                    Ok(rate) => TaxLine { base, rate, exemption: None },
                    Err(reason) => TaxLine { base, rate: RatePpm::ZERO, exemption: Some(reason) },
                }
            };
            Levy {
                place,
                space: line(TaxKind::AdSpace, purchase.media),
                data: line(TaxKind::Data, purchase.data),
            }
        });
        let Levy { place, space, data } = levies.next().expect("there is a first place");
        Assessment { scenario: self.id, place, space, data, more: levies.collect() }
    }

    /// What `assessment` would have said with the rates and exemptions of this scenario: the same places and bases, taxed
    /// as of `billed_at`. What was not billable, or lay outside, stays so.
    #[must_use]
    pub fn restated(&self, assessment: &Assessment, parties: Parties, billed_at: UnixMillis) -> Assessment {
        let line = |place: Place, kind, line: TaxLine| {
            if place.jurisdiction.is_none() || line.exemption == Some(Exemption::NotBillable) {
                return line;
            }
            let of = Purchase {
                places: Places::one(place),
                parties,
                billed_at,
                media: line.base,
                data: line.base,
                billable: true,
            };
            *self.assess(&of).line(kind)
        };
        let levy = |levy: Levy| Levy {
            space: line(levy.place, TaxKind::AdSpace, levy.space),
            data: line(levy.place, TaxKind::Data, levy.data),
            ..levy
        };
        let first = Levy { place: assessment.place, space: assessment.space, data: assessment.data };
        let Levy { place, space, data } = levy(first);
        let more = assessment.more.iter().copied().map(levy).collect();
        Assessment { scenario: assessment.scenario, place, space, data, more }
    }

    fn rate_or_reason(&self, place: Place, kind: TaxKind, purchase: &Purchase) -> Result<RatePpm, Exemption> {
        if !purchase.billable {
            return Err(Exemption::NotBillable);
        }
        let at = purchase.billed_at;
        let jurisdiction = place.jurisdiction.ok_or(Exemption::OutOfScope)?;
        match self.exemption(jurisdiction, &purchase.parties, kind, (at, at)) {
            Some(reason) => Err(reason),
            None => self.rate(jurisdiction, kind, at).ok_or(Exemption::NoRate),
        }
    }

    /// The reason of the first rule that exempts a purchase all the time from `from` to `to`.
    fn exemption(
        &self,
        jurisdiction: Jurisdiction,
        parties: &Parties,
        kind: TaxKind,
        (from, to): (UnixMillis, UnixMillis),
    ) -> Option<Exemption> {
        fn among<T: PartialEq>(list: &[T], one: &T) -> bool {
            list.is_empty() || list.contains(one)
        }
        let fits = |dated: &&DatedExemption| {
            let rule = &self.spec.exemptions[dated.rule];
            dated.jurisdiction == jurisdiction
                && dated.from.is_none_or(|begin| begin <= from)
                && dated.to.is_none_or(|end| to < end)
                && among(&rule.kinds, &kind)
                && among(&rule.advertisers, &parties.advertiser)
                && among(&rule.campaigns, &parties.campaign)
                && among(&rule.exchanges, &parties.exchange)
        };
        Some(self.spec.exemptions[self.exempt.iter().find(fits)?.rule].reason)
    }
}

#[cfg(test)]
mod tests;
