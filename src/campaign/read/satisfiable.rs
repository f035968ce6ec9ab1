//! Whether any request at all can satisfy a rule: without false alarm, as far as the attribute table shows it.
//!
//! A rule is satisfied one way at a time: of every `any` one branch is taken, and what is left is tests that must all
//! hold. Tests of one attribute are held against each other ([`possible`]), those of several by what tells them: a
//! domain is a site's, a region lies in its country. What takes too long to look at counts as satisfiable. Of the values
//! of lists only those are looked up that a rule writes out, too.

pub(in crate::campaign::read) mod possible;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::campaign::read::satisfiable::possible::{in_words, possible};
use crate::campaign::rule::{Attribute, Rule, Test, Wanted};
use crate::units::Region;

/// Comparisons of values after which a rule counts as satisfiable: what people write takes some hundred.
const COMPARISONS_MAX: usize = 1_000_000;
/// Nested choices after which a rule counts as satisfiable: each is a call within a call.
const CHOICES_MAX: usize = 200;

/// Why no request can satisfy a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// None at all; to stand after `can never be satisfied:`.
    Never(String),
    /// Only those that do not tell what the rule asks, which it includes.
    OnlyUnknown(String),
}

/// Why no request can satisfy `rule`; `None` if one can, or if it cannot be told.
#[must_use]
pub fn conflict(rule: &Rule) -> Option<Conflict> {
    let never = first_conflict(rule, false).map(Conflict::Never);
    never.or_else(|| first_conflict(rule, true).map(Conflict::OnlyUnknown))
}

/// True if every request satisfies `rule`; false if one does not, or if it cannot be told.
#[must_use]
pub fn holds_always(rule: &Rule) -> bool {
    first_conflict(&Rule::Not(Box::new(with_unknown_turned(rule))), false).is_some()
}

/// `rule`, but the unknown passes where it did not, and the other way round: then `not` of it is its opposite, since
/// to a test and to its negation the unknown is one and the same.
fn with_unknown_turned(rule: &Rule) -> Rule {
    let each = |rules: &[Rule]| rules.iter().map(with_unknown_turned).collect();
    match rule {
        Rule::All(rules) => Rule::All(each(rules)),
        Rule::Any(rules) => Rule::Any(each(rules)),
        Rule::Not(rule) => Rule::Not(Box::new(with_unknown_turned(rule))),
        Rule::Is(test) => Rule::Is(Test { include_unknown: !test.include_unknown, ..test.clone() }),
    }
}

fn first_conflict(rule: &Rule, known: bool) -> Option<String> {
    let mut search = Search { known, comparisons: COMPARISONS_MAX, first: None, ways: 0 };
    if search.finds_way(vec![(rule, false)], Vec::new(), Vec::new(), 0) {
        return None;
    }
    let first = search.first?;
    Some(if search.ways > 1 { format!("no branch of its `any` can; of the first {first}") } else { first })
}

/// One test, or its negation.
#[derive(Debug, Clone)]
struct Literal<'r> {
    wanted: Cow<'r, Wanted>,
    negated: bool,
    include_unknown: bool,
}

/// Tests by what they are on, all of which must hold.
type Literals<'r> = BTreeMap<Attribute, Vec<Literal<'r>>>;

struct Search {
    /// True if what a test asks must be known, whatever it says of the unknown.
    known: bool,
    comparisons: usize,
    /// The conflict of the first way.
    first: Option<String>,
    /// Ways that end in a conflict.
    ways: usize,
}

impl Search {
    /// True if `pending` (rules, or their negations), `tests`, and one branch of each of `choices` can hold together.
    fn finds_way<'r>(
        &mut self,
        mut pending: Vec<(&'r Rule, bool)>,
        mut tests: Vec<(&'r Test, bool)>,
        mut choices: Vec<(&'r [Rule], bool)>,
        depth: usize,
    ) -> bool {
        while let Some((rule, negated)) = pending.pop() {
            match rule {
                Rule::Is(test) => tests.push((test, negated)),
                Rule::Not(rule) => pending.push((rule, !negated)),
                Rule::All(rules) if !negated => pending.extend(rules.iter().rev().map(|rule| (rule, false))),
                Rule::Any(rules) if negated => pending.extend(rules.iter().rev().map(|rule| (rule, true))),
                Rule::All(rules) | Rule::Any(rules) => choices.push((rules, negated)),
            }
        }
        if !self.may_compare(&tests) || depth > CHOICES_MAX {
            return true;
        }
        if let Some(conflict) = self.conflict_of(&tests) {
            self.ways += 1;
            self.first.get_or_insert(conflict);
            return false;
        }
        let Some((branches, negated)) = choices.pop() else { return true };
        if branches.is_empty() {
            self.ways += 1;
            self.first.get_or_insert_with(|| "`{}` holds of everybody, so its `not` of nobody".to_owned());
        }
        branches
            .iter()
            .any(|branch| self.finds_way(vec![(branch, negated)], tests.clone(), choices.clone(), depth + 1))
    }

    /// False if comparing `tests` with each other would take too long.
    fn may_compare(&mut self, tests: &[(&Test, bool)]) -> bool {
        let values = |(test, _): &(&Test, bool)| test.listed().0.len().min(possible::VALUES_MAX) + 1;
        let all: usize = tests.iter().map(values).sum();
        self.comparisons = self.comparisons.saturating_sub(all.saturating_mul(all));
        self.comparisons > 0
    }

    fn conflict_of(&self, tests: &[(&Test, bool)]) -> Option<String> {
        let mut literals = Literals::new();
        for (test, negated) in tests {
            let literal = Literal {
                wanted: Cow::Borrowed(&test.wanted),
                negated: *negated,
                include_unknown: test.include_unknown,
            };
            literals.entry(test.attribute).or_default().push(literal);
        }
        self.add_implied(&mut literals);
        for (attribute, own) in &literals {
            if (self.known || must_be_told(*attribute, own)) && !possible(*attribute, own, self.known) {
                let wanted: Vec<String> = own.iter().map(in_words).collect();
                return Some(format!("no `{attribute}` is {}", wanted.join(" and ")));
            }
        }
        channel_conflict(&literals)
    }

    /// Adds what follows from the tests: of whoever is in a region, the country; of a video's place, the video.
    fn add_implied(&self, literals: &mut Literals<'_>) {
        let mut implied: Vec<(Attribute, Vec<String>)> = Vec::new();
        for (attribute, own) in &*literals {
            let is_told = self.known || must_be_told(*attribute, own);
            match attribute {
                _ if !is_told => {}
                Attribute::Region => implied.extend(countries(own).map(|own| (Attribute::Country, own))),
                Attribute::HomeRegion => {
                    implied.extend(countries(own).map(|own| (Attribute::HomeCountry, own)));
                }
                Attribute::Placement => implied.push((Attribute::Format, vec!["video".to_owned()])),
                Attribute::Roll => {
                    implied.push((Attribute::Format, vec!["video".to_owned(), "audio".to_owned()]));
                }
                _ => {}
            }
        }
        for (attribute, values) in implied {
            let wanted = Cow::Owned(Wanted::one_of(values));
            let literal = Literal { wanted, negated: false, include_unknown: false };
            literals.entry(attribute).or_default().push(literal);
        }
    }
}

/// The countries of the regions that each of `literals` wants, as far as they are written out.
fn countries<'l>(literals: &'l [Literal<'_>]) -> impl Iterator<Item = Vec<String>> + 'l {
    literals.iter().filter(|literal| !literal.negated).filter_map(|literal| match &*literal.wanted {
        Wanted::OneOf { values, lists } if lists.is_empty() => {
            let countries = values.iter().filter_map(|value| Some(Region::from_code(value)?.country()));
            Some(countries.map(|country| country.to_string()).collect())
        }
        _ => None,
    })
}

/// True if the tests of `attribute` cannot hold where a request says nothing of it.
fn must_be_told(attribute: Attribute, literals: &[Literal<'_>]) -> bool {
    attribute.untold().is_none() || literals.iter().any(|literal| !literal.include_unknown)
}

/// What the tests ask that no one channel tells.
fn channel_conflict(literals: &Literals<'_>) -> Option<String> {
    let own = literals.get(&Attribute::Channel).map_or(&[][..], Vec::as_slice);
    let bound: Vec<Attribute> = literals
        .iter()
        .filter(|(attribute, own)| !attribute.channels().is_empty() && must_be_told(**attribute, own))
        .map(|(attribute, _)| *attribute)
        .collect();
    // A request that shows neither site, app nor screen tells nothing that is bound to one.
    if bound.is_empty() {
        return None;
    }
    let is_wanted = |channel: &str| own.iter().all(|literal| possible::holds(literal, &[channel]));
    let tells_all = |channel: &&str| bound.iter().all(|attribute| attribute.channels().contains(channel));
    if ["site", "app", "dooh"].iter().any(|channel| is_wanted(channel) && tells_all(channel)) {
        return None;
    }
    let wanted = own.iter().map(|literal| format!("`channel` {}", in_words(literal)));
    let told =
        bound.iter().map(|attribute| format!("`{attribute}` (of {})", attribute.channels().join(", ")));
    let all: Vec<String> = wanted.chain(told).collect();
    Some(format!("no request has {}", all.join(" and ")))
}
