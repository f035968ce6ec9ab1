//! A change of one test of a rule, as ad ops would make it: data, its words, and its application.

use std::fmt;

use crate::campaign::{Attribute, Circle, Kind, Range, Rule, Test, Wanted};
use crate::targeting::failure::words::{hour_word, number_word};

/// A change of one test, or of an `any` that is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// Where it stands in the line item, as `targeting.all[1].not.country`.
    pub path: String,
    /// Which attribute; `None` of an `any` that is empty.
    pub attribute: Option<Attribute>,
    /// What to do there.
    pub change: Change,
    /// The way to it from the root of the rule: which part of each `all` and `any`, 0 for that of a `not`.
    pub(super) at: Vec<usize>,
}

/// What to do about a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Add this value to its list.
    Add(String),
    /// Take these values out of its list; others stay.
    Take(Vec<String>),
    /// Want the other of two values.
    Set(String),
    /// Widen or narrow circles.
    Resize(Vec<Resized>),
    /// Put an hour of the week in (true) or take it out.
    Hour(u8, bool),
    /// Move the ends of the range.
    Bounds {
        /// What it was.
        from: Range,
        /// What it is to be.
        to: Range,
    },
    /// Let pass what is not told.
    IncludeUnknown,
    /// Take the whole test out.
    Remove,
}

/// A circle that is to have another radius.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resized {
    /// Its place in the list.
    pub number: usize,
    /// As it is.
    pub circle: Circle,
    /// The new radius in kilometres, with one decimal: rounded up to widen, down to narrow.
    pub km: f64,
}

impl Change {
    /// A fixed name for JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Take(_) => "take",
            Self::Set(_) => "set",
            Self::Resize(_) => "resize",
            Self::Hour(..) => "hour",
            Self::Bounds { .. } => "bounds",
            Self::IncludeUnknown => "include_unknown",
            Self::Remove => "remove",
        }
    }

    /// `test` after the change; `None` if nothing is left of it.
    #[must_use]
    pub fn applied(&self, test: &Test) -> Option<Test> {
        let mut test = test.clone();
        match (self, &mut test.wanted) {
            (Self::Add(value), Wanted::OneOf { values, .. }) => values.push(value.clone()),
            (Self::Take(taken), Wanted::OneOf { values, .. }) => {
                values.retain(|value| !taken.contains(value));
            }
            (Self::Set(value), Wanted::OneOf { values, .. }) => *values = vec![value.clone()],
            (Self::Resize(resized), Wanted::Within(circles)) => {
                resized.iter().for_each(|resized| circles[resized.number].km = resized.km);
            }
            (Self::Hour(hour, on), Wanted::During(hours)) => hours[usize::from(*hour)] = *on,
            (Self::Bounds { to, .. }, Wanted::Between(range)) => *range = *to,
            (Self::IncludeUnknown, _) => test.include_unknown = true,
            (Self::Remove, _) => return None,
            (change, wanted) => unreachable!("{} is no change of {wanted:?}", change.name()),
        }
        Some(test)
    }
}

/// Makes `edits` in `rule`, whose explanation they are from.
///
/// A test that is taken out is replaced by what does not stand in the way: true, or under a `not` false.
///
/// # Panics
///
/// If the edits are of another rule.
pub fn apply(edits: &[&Edit], rule: &mut Rule) {
    for edit in edits {
        let (mut target, mut negated) = (&mut *rule, false);
        for step in &edit.at {
            target = match target {
                Rule::All(parts) | Rule::Any(parts) => &mut parts[*step],
                Rule::Not(part) => {
                    negated = !negated;
                    part
                }
                Rule::Is(_) => unreachable!("a test has no parts"),
            };
        }
        let edited = match target {
            Rule::Is(test) => edit.change.applied(test).map(Rule::Is),
            Rule::All(_) | Rule::Any(_) | Rule::Not(_) => None,
        };
        *target = edited.unwrap_or(if negated { Rule::Any(Vec::new()) } else { Rule::All(Vec::new()) });
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match (&self.change, path.as_str()) {
            (Change::Add(format), CREATIVES) => write!(f, "add a creative of format `{format}`"),
            (Change::Remove, DEALS) => f.write_str("take the deals out, to bid in the open auction"),
            (Change::Add(value), _) => write!(f, "add `{value}` to `{path}`"),
            (Change::Take(values), _) => write!(f, "take {} out of `{path}`", quoted(values)),
            (Change::Set(value), _) => write!(f, "set `{path}` to {value}"),
            (Change::Resize(circles), _) => resized(circles, path, f),
            (Change::Hour(hour, true), _) => write!(f, "let `{path}` include {}", hour_word(*hour)),
            (Change::Hour(hour, false), _) => write!(f, "take {} out of `{path}`", hour_word(*hour)),
            (Change::Bounds { from, to }, _) => bounds(self.attribute, (*from, *to), path, f),
            (Change::IncludeUnknown, _) => write!(f, "set `unknown` to `include` for `{path}`"),
            (Change::Remove, _) => write!(f, "take `{path}` out"),
        }
    }
}

/// Where the formats of the creatives stand.
pub(super) const CREATIVES: &str = "creatives";
/// Where the deals stand.
pub(super) const DEALS: &str = "deals";
/// Values that the words of an edit list.
const VALUES_SHOWN: usize = 5;

fn quoted(values: &[String]) -> String {
    let shown: Vec<String> = values.iter().take(VALUES_SHOWN).map(|value| format!("`{value}`")).collect();
    match values.len().saturating_sub(VALUES_SHOWN) {
        0 => shown.join(" and "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn resized(circles: &[Resized], path: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (number, Resized { circle, km, .. }) in circles.iter().enumerate() {
        let and = if number == 0 { "" } else { " and " };
        let way = if *km > circle.km { "widen" } else { "narrow" };
        write!(f, "{and}{way} the circle around {} {} of `{path}` to {km:.1} km", circle.lat, circle.lon)?;
    }
    Ok(())
}

/// A range says `at_most` or `below`, whichever reads better.
fn bounds(
    attribute: Option<Attribute>,
    (from, to): (Range, Range),
    path: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let is_version = attribute.is_some_and(|attribute| attribute.kind() == Kind::Version);
    let word = |number| attribute.map_or_else(String::new, |attribute| number_word(attribute, number));
    let mut and = "";
    if from.at_least != to.at_least {
        match to.at_least {
            None => write!(f, "take `{path}.at_least` out")?,
            Some(least) => {
                let way = if from.at_least.is_some_and(|before| least < before) { "lower" } else { "raise" };
                write!(f, "{way} `{path}.at_least` to {}", word(least))?;
            }
        }
        and = " and ";
    }
    if from.below != to.below {
        match to.below {
            None => write!(f, "{and}take the upper end of `{path}` out")?,
            // Versions have no last one below another, so their ranges know no `at_most`.
            Some(below) if from.below.is_some_and(|before| below > before) && !is_version => {
                write!(f, "{and}raise `{path}.at_most` to {}", word(below - 1))?;
            }
            Some(below) if from.below.is_some_and(|before| below > before) => {
                write!(f, "{and}raise `{path}.below` to {}", word(below))?;
            }
            Some(below) => write!(f, "{and}lower `{path}.below` to {}", word(below))?,
        }
    }
    Ok(())
}
