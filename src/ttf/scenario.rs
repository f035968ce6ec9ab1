//! A scenario: who taxes, where, at which rate, from when to when.

use crate::ttf::{Evidence, Jurisdiction, TaxKind};
use crate::units::{Country, Day, RatePpm};

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
