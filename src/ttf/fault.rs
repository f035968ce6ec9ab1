//! What can be wrong with a scenario: where in its file, what, and what to do about it.

use std::fmt::{self, Display};

use crate::ttf::check::ROWS_MAX;
use crate::ttf::{Evidence, Exemption, Jurisdiction, TaxKind};
use crate::units::{Country, Day};

/// What is wrong with a scenario. Indices count from 0 in the lists of the [`crate::ttf::ScenarioSpec`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what the message repeats")]
pub enum ScenarioFault {
    /// The zone is in no database.
    UnknownZone { territory: usize, jurisdiction: Jurisdiction, zone: String },
    /// A jurisdiction has two territories.
    JurisdictionTwice { territory: usize, first: usize, jurisdiction: Jurisdiction },
    /// A country lies in two territories, or twice in one.
    CountryTwice { territory: usize, index: usize, first: usize, country: Country },
    /// More rows than a scenario may have.
    TooMany { list: &'static str, count: usize },
    /// A rate of a jurisdiction that has no territory.
    RateWithoutTerritory { rate: usize, jurisdiction: Jurisdiction },
    /// A day outside the years that the calendar is kept for.
    DayOutOfRange { list: &'static str, index: usize, key: &'static str, day: Day },
    /// What is never in force.
    NeverInForce { list: &'static str, index: usize, valid_from: Day, valid_to: Day },
    /// Two rates at once, of the same day of knowledge: `rate` begins later, `other` was in force.
    Overlap { rate: usize, other: usize, jurisdiction: Jurisdiction, kind: TaxKind, valid_from: Day },
    /// All jurisdictions together tax more than there is.
    SumAboveAll { kind: TaxKind, ppm: u64 },
    /// An exemption without any condition.
    ExemptsAll { rule: usize },
    /// A reason that follows from places and rates.
    ReasonFollows { rule: usize, reason: Exemption },
    /// An exemption in a jurisdiction that has no territory.
    ExemptionWithoutTerritory { rule: usize, index: usize, jurisdiction: Jurisdiction },
    /// An exemption that stands there twice.
    ExemptionTwice { rule: usize, other: usize },
    /// A fact is asked twice.
    EvidenceTwice { index: usize, evidence: Evidence },
    /// The fallback is no fact.
    FallbackAsEvidence { index: usize },
    /// A fact is asked that nobody tells.
    NobodyTells { index: usize, evidence: Evidence },
    /// A party resides in two countries.
    ResidesTwice { list: &'static str },
    /// The fallback has no territory.
    FallbackWithoutTerritory { jurisdiction: Jurisdiction },
    /// No fact and no fallback decides a place.
    NothingDecides { slug: String },
    /// The name of the built-in scenario on one that taxes.
    NoneTaxes { territories: usize },
}

/// A step on the way to a value of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Into an object.
    Key(&'static str),
    /// Into a list, counted from 0.
    At(usize),
}

impl ScenarioFault {
    /// The same fault of a file whose lists have more elements than the specification: `written` tells of a list's name
    /// and an index of the specification which index it has in the file.
    #[must_use]
    pub fn as_written(mut self, written: impl Fn(&'static str, usize) -> usize) -> Self {
        let renumber = |list, indices: &mut [&mut usize]| {
            indices.iter_mut().for_each(|index| **index = written(list, **index));
        };
        match &mut self {
            Self::UnknownZone { territory, .. } => renumber("territories", &mut [territory]),
            Self::JurisdictionTwice { territory, first, .. }
            | Self::CountryTwice { territory, first, .. } => {
                renumber("territories", &mut [territory, first]);
            }
            Self::RateWithoutTerritory { rate, .. } => renumber("rates", &mut [rate]),
            Self::Overlap { rate, other, .. } => renumber("rates", &mut [rate, other]),
            Self::DayOutOfRange { list, index, .. } | Self::NeverInForce { list, index, .. } => {
                renumber(list, &mut [index]);
            }
            Self::ExemptsAll { rule }
            | Self::ReasonFollows { rule, .. }
            | Self::ExemptionWithoutTerritory { rule, .. } => renumber("exemptions", &mut [rule]),
            Self::ExemptionTwice { rule, other } => renumber("exemptions", &mut [rule, other]),
            Self::EvidenceTwice { index, .. }
            | Self::FallbackAsEvidence { index }
            | Self::NobodyTells { index, .. } => renumber("evidence", &mut [index]),
            Self::TooMany { .. }
            | Self::SumAboveAll { .. }
            | Self::ResidesTwice { .. }
            | Self::FallbackWithoutTerritory { .. }
            | Self::NothingDecides { .. }
            | Self::NoneTaxes { .. } => {}
        }
        self
    }

    /// Where it is, in the words of a scenario's file; nowhere in particular if empty.
    #[must_use]
    pub fn place(&self) -> Vec<Step> {
        let within = |list, index, key| vec![Step::Key(list), Step::At(index), Step::Key(key)];
        match *self {
            Self::UnknownZone { territory, .. } => within("territories", territory, "zone"),
            Self::JurisdictionTwice { territory, .. } => within("territories", territory, "jurisdiction"),
            Self::CountryTwice { territory, index, .. } => {
                [within("territories", territory, "countries"), vec![Step::At(index)]].concat()
            }
            Self::TooMany { list, .. } => vec![Step::Key(list)],
            Self::RateWithoutTerritory { rate, .. } => within("rates", rate, "jurisdiction"),
            Self::DayOutOfRange { list, index, key, .. } => within(list, index, key),
            Self::NeverInForce { list, index, .. } => within(list, index, "before"),
            Self::Overlap { rate, .. } => vec![Step::Key("rates"), Step::At(rate)],
            Self::SumAboveAll { .. } => vec![Step::Key("conflict")],
            Self::ExemptsAll { rule } | Self::ExemptionTwice { rule, .. } => {
                vec![Step::Key("exemptions"), Step::At(rule)]
            }
            Self::ReasonFollows { rule, .. } => within("exemptions", rule, "reason"),
            Self::ExemptionWithoutTerritory { rule, index, .. } => {
                [within("exemptions", rule, "jurisdictions"), vec![Step::At(index)]].concat()
            }
            Self::EvidenceTwice { index, .. }
            | Self::FallbackAsEvidence { index }
            | Self::NobodyTells { index, .. } => vec![Step::Key("evidence"), Step::At(index)],
            Self::ResidesTwice { list } => vec![Step::Key("residence"), Step::Key(list)],
            Self::FallbackWithoutTerritory { .. } => vec![Step::Key("fallback")],
            Self::NothingDecides { .. } | Self::NoneTaxes { .. } => Vec::new(),
        }
    }

    /// What is wrong there, without the place.
    #[must_use]
    pub fn problem(&self) -> String {
        match self {
            Self::UnknownZone { jurisdiction, zone, .. } => {
                format!("of {jurisdiction} is no IANA time zone: `{zone}`")
            }
            Self::JurisdictionTwice { first, jurisdiction, .. } => {
                format!("repeats `{jurisdiction}` of `territories[{first}]`")
            }
            Self::CountryTwice { first, country, .. } => {
                format!("repeats `{country}` of `territories[{first}]`")
            }
            Self::TooMany { count, .. } => format!("has {count} rows, more than {ROWS_MAX}"),
            Self::RateWithoutTerritory { jurisdiction, .. }
            | Self::ExemptionWithoutTerritory { jurisdiction, .. }
            | Self::FallbackWithoutTerritory { jurisdiction } => {
                format!("is `{jurisdiction}`, which has no territory")
            }
            Self::DayOutOfRange { day, .. } => format!("is {day}, outside the years 1900 to 2999"),
            Self::NeverInForce { valid_from, valid_to, .. } => {
                format!("must be after {valid_from}, got {valid_to}")
            }
            Self::Overlap { other, jurisdiction, kind, valid_from, .. } => {
                format!("of {jurisdiction} on {kind} begins on {valid_from}, within `rates[{other}]`")
            }
            Self::SumAboveAll { kind, ppm } => {
                let (whole, rest) = (ppm / 10_000, ppm % 10_000);
                format!("taxes {kind} at up to {whole}.{rest:04} % of what it costs, in all jurisdictions")
            }
            Self::ExemptsAll { .. } => "exempts everything, everywhere and at any time".to_owned(),
            Self::ReasonFollows { reason, .. } => format!("is `{reason}`, which no rule decides"),
            Self::ExemptionTwice { other, .. } => format!("repeats `exemptions[{other}]`"),
            Self::EvidenceTwice { evidence, .. } => format!("repeats `{evidence}`"),
            Self::FallbackAsEvidence { .. } => "is `fallback`, which is no fact".to_owned(),
            Self::NobodyTells { evidence, .. } => {
                format!("asks where the {evidence} resides, which no request tells")
            }
            Self::ResidesTwice { .. } => "names one twice".to_owned(),
            Self::NothingDecides { slug } => {
                format!(
                    "scenario `{slug}` has neither `evidence` nor `fallback`, so that no impression has a place"
                )
            }
            Self::NoneTaxes { territories } => {
                format!("scenario `none` is built in and taxes nothing, but has {territories} territories")
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::UnknownZone { .. } => "a name of the IANA database, as `Europe/Paris`",
            Self::JurisdictionTwice { .. } => "put all countries of a jurisdiction into one territory",
            Self::CountryTwice { .. } => "a country lies in one territory; take it out of the other",
            Self::TooMany { .. } => "leave out rows that no impression can meet any more",
            Self::RateWithoutTerritory { .. }
            | Self::ExemptionWithoutTerritory { .. }
            | Self::FallbackWithoutTerritory { .. } => "name one of `territories`, or add it there",
            Self::DayOutOfRange { .. } => "leave `before` out for what is in force until further notice",
            Self::NeverInForce { .. } => "`before` is the first day on which it is no longer in force",
            Self::Overlap { .. } => {
                "end the earlier row with `before`, or say with `known_from` since when the later one is known"
            }
            Self::SumAboveAll { .. } => "`split` divides the base among them, `max` takes the highest",
            Self::ExemptsAll { .. } => {
                "name what is exempt: jurisdictions, kinds, advertisers, campaigns, exchanges or days"
            }
            Self::ReasonFollows { .. } => {
                "one of `threshold`, `house_ad`, `intra_group`, `public_interest`, `taxed_upstream`"
            }
            Self::ExemptionTwice { .. } => "take one of them out",
            Self::EvidenceTwice { .. } => "the first one decides; take the other out",
            Self::FallbackAsEvidence { .. } => "name the jurisdiction in `fallback`",
            Self::NobodyTells { .. } => "say it in `residence`, or take it out",
            Self::ResidesTwice { .. } => "everybody resides in one country",
            Self::NothingDecides { .. } => "say in `evidence` which facts decide, as `[\"viewer_device\"]`",
            Self::NoneTaxes { .. } => "rename it",
        }
    }
}

impl Display for ScenarioFault {
    /// The place and the problem: `` `rates[0].before` must be after 2026-01-01, got 2026-01-01 ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = String::new();
        for step in self.place() {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => path = format!("{path}.{key}"),
                Step::At(index) => path = format!("{path}[{index}]"),
            }
        }
        if path.is_empty() {
            write!(f, "{}", self.problem())
        } else {
            write!(f, "`{path}` {}", self.problem())
        }
    }
}

impl std::error::Error for ScenarioFault {}
