//! Why a rule does not hold, and the smallest change that makes it hold. Off the bid path.
//!
//! [`explanation`] walks a rule as it was written and asks every test of the scene: the matcher's twin. Of each
//! that fails it says where it stands, what was seen and what was wanted, and the nearest change of it. Of an
//! `all` every failing part must change, of an `any` the part that takes the fewest changes, by the nearest of
//! several; under a `not` the two change places. [`apply`] makes the changes: edits are data.

mod edit;
mod names;
mod nearest;
mod seen;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::fmt::Write as _;

use crate::campaign::{AgreedDeal, Attribute, Catalog, LineItem, Rule, Test};
use crate::targeting::Scene;
use crate::targeting::compile::{Asker, leaf, line_item_rule};
use crate::targeting::failure::edit::{CREATIVES, DEALS};
use crate::targeting::failure::nearest::nearest;
use crate::targeting::failure::seen::Sight;
use crate::targeting::failure::words::{file_key, wanted};
use crate::targeting::rule::Fit;

pub use edit::{Change, Edit, Resized, apply};
pub use names::Names;

/// Where the root of a line item's own rule stands.
const TARGETING: &str = "targeting";

/// One reason why a rule does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The attribute, in the words of the rule language; `any` if that is empty.
    pub attribute: &'static str,
    /// Where it stands in the line item, as `targeting.all[1].not.country`; `creatives` and `deals` for what these
    /// ask.
    pub path: String,
    /// What the scene tells, or `absent`.
    pub seen: String,
    /// What the rule wants, long lists cut.
    pub wanted: String,
    /// True if it fails because not enough is told, and the test says (or means) `"unknown": "exclude"`.
    pub is_unknown: bool,
    /// What the test says of what is not told: true for `include`.
    pub includes_unknown: bool,
    /// The nearest change of it that makes it hold; `None` if there is none.
    pub edit: Option<Edit>,
    /// True if that is part of the smallest change of the rule.
    pub is_needed: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, wanted {}", self.attribute, self.seen, self.wanted)
    }
}

/// All that is to be said of a rule that does not hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    /// Every failing test, in the order of the rule; empty exactly if it holds. Of an `any` that fails, all
    /// branches fail, and each is told.
    pub failures: Vec<Failure>,
    /// False if no change of the line item makes it hold: the impression offers nothing that we know.
    pub can_change: bool,
    /// How far the smallest change is, where several are of as many edits: less is nearer.
    pub distance: u32,
}

impl Explanation {
    /// The smallest set of changes that makes the rule hold; empty if it does, `None` if nothing does.
    #[must_use]
    pub fn smallest(&self) -> Option<Vec<&Edit>> {
        let needed = self.failures.iter().filter(|failure| failure.is_needed);
        self.can_change.then(|| needed.filter_map(|failure| failure.edit.as_ref()).collect())
    }
}

/// Why `line_item` does not fit `scene`.
#[must_use]
pub fn explanation(catalog: &Catalog, line_item: &LineItem, names: &Names, scene: &Scene<'_>) -> Explanation {
    let asker = Asker::of(catalog, line_item);
    let mut walk = Walk::new(Sight { scene, asker: &asker, names });
    let Rule::All(parts) = line_item_rule(catalog, line_item) else {
        unreachable!("a line item wants formats and its targeting")
    };
    let places = [Some(CREATIVES), (parts.len() == 3).then_some(DEALS), Some(TARGETING)];
    let mut way = Some(Way::default());
    for (number, (part, place)) in parts.iter().zip(places.into_iter().flatten()).enumerate() {
        walk.path = place.to_owned();
        walk.at = vec![number];
        way = both(way, walk.explain(part, false));
    }
    walk.done(way)
}

/// `line_item` after `edits` from its explanation; `None` if it needs a creative that nobody has made yet.
#[must_use]
pub fn changed(catalog: &Catalog, line_item: &LineItem, edits: &[&Edit]) -> Option<LineItem> {
    let mut rule = line_item_rule(catalog, line_item);
    apply(edits, &mut rule);
    let Rule::All(mut parts) = rule else { return None };
    let mut changed = line_item.clone();
    changed.targeting = parts.pop()?;
    for edit in edits {
        match (edit.path.as_str(), &edit.change) {
            (CREATIVES, _) => return None,
            (DEALS, Change::Add(slug)) => changed.deals.push(AgreedDeal::new(slug)),
            (DEALS, _) => changed.deals.clear(),
            _ => {}
        }
    }
    Some(changed)
}

/// The same of a rule of `asker`.
#[must_use]
pub fn explanation_of(rule: &Rule, asker: &Asker<'_>, names: &Names, scene: &Scene<'_>) -> Explanation {
    let mut walk = Walk::new(Sight { scene, asker, names });
    let way = walk.explain(rule, false);
    walk.done(way)
}

/// Every test that keeps `line_item` from fitting `scene`; empty exactly if it fits.
#[must_use]
pub fn failures(catalog: &Catalog, line_item: &LineItem, scene: &Scene<'_>) -> Vec<Failure> {
    explanation(catalog, line_item, &Names::of(catalog), scene).failures
}

/// The same of a rule of `asker`.
#[must_use]
pub fn failures_of(rule: &Rule, asker: &Asker<'_>, scene: &Scene<'_>) -> Vec<Failure> {
    explanation_of(rule, asker, &Names::default(), scene).failures
}

struct Walk<'s, 'r> {
    sight: Sight<'s, 'r>,
    failures: Vec<Failure>,
    /// Where it is, in the words of the file and in steps from the root.
    path: String,
    at: Vec<usize>,
}

/// A way to make a part of a rule hold: which failures to mend, and how far that is. Empty if it holds.
#[derive(Default)]
struct Way {
    failures: Vec<usize>,
    distance: u32,
}

/// Both ways together; `None` if one of them is none.
fn both(one: Option<Way>, other: Option<Way>) -> Option<Way> {
    let (mut one, other) = one.zip(other)?;
    one.failures.extend(other.failures);
    one.distance = one.distance.saturating_add(other.distance);
    Some(one)
}

impl<'s, 'r> Walk<'s, 'r> {
    fn new(sight: Sight<'s, 'r>) -> Self {
        Self { sight, failures: Vec::new(), path: TARGETING.to_owned(), at: Vec::new() }
    }

    fn done(mut self, way: Option<Way>) -> Explanation {
        let can_change = way.is_some();
        let distance = way.as_ref().map_or(u32::MAX, |way| way.distance);
        for number in way.into_iter().flat_map(|way| way.failures) {
            self.failures[number].is_needed = true;
        }
        Explanation { failures: self.failures, can_change, distance }
    }

    /// Adds what keeps `rule`, or its negation, from holding. Gives the smallest way to make it hold, `None` if
    /// there is none.
    fn explain(&mut self, rule: &Rule, negated: bool) -> Option<Way> {
        match rule {
            Rule::Not(part) => self.within(0, ".not", |walk| walk.explain(part, !negated)),
            Rule::Is(test) => self.test(test, negated),
            Rule::All(parts) | Rule::Any(parts) => {
                let is_all = matches!(rule, Rule::All(_));
                if is_all != negated {
                    self.every(parts, negated, is_all)
                } else {
                    self.one(parts, negated, is_all)
                }
            }
        }
    }

    fn every(&mut self, parts: &[Rule], negated: bool, is_all: bool) -> Option<Way> {
        let mut way = Some(Way::default());
        for number in 0..parts.len() {
            way = both(way, self.part(parts, number, negated, is_all));
        }
        way
    }

    fn one(&mut self, parts: &[Rule], negated: bool, is_all: bool) -> Option<Way> {
        if parts.is_empty() {
            return self.empty();
        }
        let before = self.failures.len();
        let mut nearest: Option<Way> = None;
        for number in 0..parts.len() {
            let Some(way) = self.part(parts, number, negated, is_all) else { continue };
            if way.failures.is_empty() {
                self.failures.truncate(before);
                return Some(way);
            }
            let size = |way: &Way| (way.failures.len(), way.distance);
            if nearest.as_ref().is_none_or(|nearest| size(&way) < size(nearest)) {
                nearest = Some(way);
            }
        }
        nearest
    }

    /// One of the parts of an `all` or `any`. An object of several attributes is an `all` of nothing but tests.
    fn part(&mut self, parts: &[Rule], number: usize, negated: bool, is_all: bool) -> Option<Way> {
        let is_object = is_all && parts.iter().all(|part| matches!(part, Rule::Is(_)));
        let key = if is_all { "all" } else { "any" };
        let step = if is_object { String::new() } else { format!(".{key}[{number}]") };
        self.within(number, &step, |walk| walk.explain(&parts[number], negated))
    }

    fn within<R>(&mut self, number: usize, step: &str, walk: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        self.path.push_str(step);
        self.at.push(number);
        let result = walk(self);
        self.at.pop();
        self.path.truncate(length);
        result
    }

    fn test(&mut self, test: &Test, negated: bool) -> Option<Way> {
        let leaf = leaf(test, negated, self.sight.asker);
        if leaf.holds(self.sight.scene) {
            return Some(Way::default());
        }
        // A question that a person who did nothing satisfies is compiled turned over: go by what fails.
        let fit = match leaf.fit(self.sight.scene) {
            Fit::Unknown => Fit::Unknown,
            Fit::Yes | Fit::No if negated => Fit::Yes,
            Fit::Yes | Fit::No => Fit::No,
        };
        let mut path = self.path.clone();
        if path != CREATIVES && path != DEALS {
            write!(path, ".{}", file_key(test.attribute)).expect("a String takes every text");
        }
        let step = nearest(self.sight, test, negated, fit, &path);
        let wanted = wanted(test);
        let failure = Failure {
            attribute: test.attribute.name(),
            path,
            seen: self.sight.seen(test),
            wanted: if negated { format!("not {wanted}") } else { wanted },
            is_unknown: fit == Fit::Unknown,
            includes_unknown: test.include_unknown,
            edit: None,
            is_needed: false,
        };
        self.failed(failure, Some(test.attribute), step)
    }

    /// An `any` of nothing, or the negation of an `all` of nothing.
    fn empty(&mut self) -> Option<Way> {
        let failure = Failure {
            attribute: "any",
            path: self.path.clone(),
            seen: "empty".to_owned(),
            wanted: "at least one rule in it".to_owned(),
            is_unknown: false,
            includes_unknown: false,
            edit: None,
            is_needed: false,
        };
        self.failed(failure, None, Some(nearest::taken_out()))
    }

    fn failed(
        &mut self,
        failure: Failure,
        attribute: Option<Attribute>,
        step: Option<nearest::Step>,
    ) -> Option<Way> {
        let (path, at) = (failure.path.clone(), self.at.clone());
        let number = self.failures.len();
        let (change, distance) = step.unzip();
        let edit = change.map(|change| Edit { path, attribute, change, at });
        self.failures.push(Failure { edit, ..failure });
        distance.map(|distance| Way { failures: vec![number], distance })
    }
}
