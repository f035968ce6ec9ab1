//! The rule language: `all`, `any` and `not` over attributes with what each of them must be.
//!
//! One table ([`Attribute`]) says which attributes there are; everything else (the reader of files, the compiled
//! rule, the explanation) goes by it.

mod attribute;
mod value;

pub use attribute::{Attribute, Kind, PLACEMENTS, version_number};
pub use value::Unfit;

/// A targeting rule. A [`Test`] on something the request does not tell fails, negated or not, unless it
/// says `"unknown": "include"`.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Every one holds. Empty: true.
    All(Vec<Self>),
    /// At least one holds. Empty: false.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// One attribute.
    Is(Test),
}

/// One attribute and what it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Which.
    pub attribute: Attribute,
    /// What it must be.
    pub wanted: Wanted,
    /// True if a request that does not tell passes (also under `not`).
    pub include_unknown: bool,
}

/// What an attribute must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// One of these values, in their canonical form.
    OneOf(Vec<String>),
    /// Within one of these circles.
    Within(Vec<Circle>),
    /// In one of these hours of the week.
    During(Box<[bool; HOURS_OF_WEEK]>),
    /// A number in this range.
    Between(Range),
}

/// Hours of a week, from Monday 0:00 on.
pub const HOURS_OF_WEEK: usize = 168;

/// A circle on the globe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    /// Degrees, -90 to 90.
    pub lat: f64,
    /// Degrees, -180 to 180.
    pub lon: f64,
    /// Radius in kilometres, above 0.
    pub km: f64,
}

/// Numbers from `at_least` to below `below`, in the attribute's unit. Never empty, never everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    /// The least.
    pub at_least: Option<i64>,
    /// The first that is too much.
    pub below: Option<i64>,
}

impl Range {
    /// True if `number` lies in it.
    #[must_use]
    pub fn has(self, number: i64) -> bool {
        self.at_least.is_none_or(|least| least <= number) && self.below.is_none_or(|below| number < below)
    }
}

impl Rule {
    /// `attribute` is one of `values`, which are in their canonical form; the unknown does not pass.
    #[must_use]
    pub fn is<V: Into<String>>(attribute: Attribute, values: impl IntoIterator<Item = V>) -> Self {
        let wanted = Wanted::OneOf(values.into_iter().map(Into::into).collect());
        Self::Is(Test { attribute, wanted, include_unknown: false })
    }

    /// Every test in it, whatever it stands under, in order.
    pub fn tests(&self) -> Box<dyn Iterator<Item = &Test> + '_> {
        match self {
            Self::All(rules) | Self::Any(rules) => Box::new(rules.iter().flat_map(Self::tests)),
            Self::Not(rule) => rule.tests(),
            Self::Is(test) => Box::new(std::iter::once(test)),
        }
    }
}

impl Test {
    /// The values of which one must fit; none if the test is on something else than values.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match &self.wanted {
            Wanted::OneOf(values) => values,
            Wanted::Within(_) | Wanted::During(_) | Wanted::Between(_) => &[],
        }
    }
}
