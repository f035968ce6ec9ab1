//! Whether one attribute can be what several tests want of it.

use std::sync::Arc;

use crate::campaign::read::satisfiable::Literal;
use crate::campaign::rule::{Attribute, Circle, HOURS_OF_WEEK, Holds, Kind, ValueList, Wanted};

/// Values of a test up to which they are compared one by one; more count as a list of unknown values.
pub(super) const VALUES_MAX: usize = 64;
/// Values of a test that are shown.
const WORDS_SHOWN: usize = 3;
/// Kilometres of a degree, a little too many: two circles count as apart only if they surely are.
const KM_A_DEGREE: f64 = 111.0;

/// True if an impression that tells `attribute` may satisfy all of `literals`; `known` if it must tell all of it.
pub(super) fn possible(attribute: Attribute, literals: &[Literal<'_>], known: bool) -> bool {
    let (negative, positive): (Vec<&Literal<'_>>, Vec<&Literal<'_>>) =
        literals.iter().partition(|literal| literal.negated);
    let sides = Sides { attribute, positive, negative };
    if sides.can_hold() {
        return true;
    }
    // Of a person whom the store does not know, the request may name some segments: then what it does not name
    // is unknown.
    let partly = attribute.holds() == Holds::Many
        && !known
        && attribute.untold().is_some()
        && sides.negative.iter().all(|literal| literal.include_unknown);
    partly && {
        let positive = sides.positive.into_iter().filter(|literal| !literal.include_unknown).collect();
        Sides { attribute, positive, negative: sides.negative }.can_hold()
    }
}

/// True if `literal` holds where the attribute has exactly these words.
pub(super) fn holds(literal: &Literal<'_>, words: &[&str]) -> bool {
    let Wanted::OneOf { values, lists } = &*literal.wanted else { return true };
    let fits = values.iter().any(|value| words.contains(&value.as_str()));
    !lists.is_empty() || fits != literal.negated
}

/// What a test wants, in words: `one of FR, DE`.
pub(super) fn in_words(literal: &Literal<'_>) -> String {
    let words = match &*literal.wanted {
        Wanted::OneOf { values, lists } => {
            let lists = lists.iter().map(|list| format!("list {}", list.name()));
            let mut words: Vec<String> = lists.chain(values.iter().cloned()).collect();
            let more = words.len().saturating_sub(WORDS_SHOWN);
            words.truncate(WORDS_SHOWN);
            let words = words.join(", ");
            if more > 0 { format!("{words} and {more} more") } else { words }
        }
        Wanted::Within(circles) => format!("within {} circles", circles.len()),
        Wanted::During(hours) => format!("in {} hours of the week", hours.iter().filter(|on| **on).count()),
        Wanted::Between(_) => "in one range".to_owned(),
        Wanted::Happened(count) => count.to_string(),
        Wanted::Scored(range) => range.to_string(),
    };
    if literal.negated { format!("not {words}") } else { words }
}

/// Tests of one attribute that must hold, and those that must not.
struct Sides<'l> {
    attribute: Attribute,
    positive: Vec<&'l Literal<'l>>,
    negative: Vec<&'l Literal<'l>>,
}

impl Sides<'_> {
    fn can_hold(&self) -> bool {
        if self.positive.iter().any(|one| self.negative.iter().any(|other| one.wanted == other.wanted)) {
            return false;
        }
        match self.attribute.kind() {
            Kind::Circles => self.can_be_near(),
            Kind::Hours => (0..HOURS_OF_WEEK).any(|hour| self.is_hour(hour)),
            Kind::Number { .. } | Kind::Version => self.can_be_number(),
            // What people did may be anything.
            Kind::Events | Kind::Scores => true,
            Kind::Flag => self.can_be_one_of_sets(&[&["true"], &["false"]]),
            kind => match (self.attribute.holds(), kind) {
                (Holds::OneOf(sets), _) => self.can_be_one_of_sets(sets),
                (Holds::One, Kind::Choice(words)) => words.iter().any(|word| self.are_words(&[word])),
                (Holds::One, _) => self.can_be_one(),
                (Holds::Many, Kind::Choice(words)) => {
                    let left: Vec<&str> =
                        words.iter().copied().filter(|word| !self.is_excluded(word)).collect();
                    !left.is_empty() && self.are_words(&left)
                }
                (Holds::Many, _) => self.can_be_many(),
            },
        }
    }

    fn are_words(&self, words: &[&str]) -> bool {
        self.positive.iter().chain(&self.negative).all(|literal| holds(literal, words))
    }

    fn can_be_one_of_sets(&self, sets: &[&[&str]]) -> bool {
        sets.iter().any(|set| self.are_words(set))
    }

    /// One value that fits every positive test and no negative one. If there is one at all, the lowest of those that
    /// the tests name above it is one, too; where no test names any, there is always another value.
    fn can_be_one(&self) -> bool {
        if !self.each_has_something_left() {
            return false;
        }
        let written: Vec<&[String]> = self.positive.iter().filter_map(|literal| written(literal)).collect();
        let fits_all = |value: &str| {
            let is_written = written.iter().all(|values| self.covered(values, value));
            // A list may hold what lies below the value: then only those without anything below are looked up.
            is_written
                && (self.is_hierarchical()
                    || self.positive.iter().all(|literal| self.named_by(literal, value)))
        };
        let mut candidates = written.iter().copied().flatten();
        written.is_empty() || candidates.any(|value| fits_all(value) && !self.is_excluded(value))
    }

    fn can_be_many(&self) -> bool {
        self.each_has_something_left()
    }

    /// True if every positive test has a value, or a list, that no negative one takes away.
    fn each_has_something_left(&self) -> bool {
        self.positive.iter().all(|literal| {
            let Wanted::OneOf { values, lists } = &*literal.wanted else { return true };
            let is_long = values.len() > VALUES_MAX;
            is_long
                || values.iter().any(|value| !self.is_excluded(value))
                || lists.iter().any(|list| {
                    !self.negative.iter().any(|other| match &*other.wanted {
                        Wanted::OneOf { lists, .. } => lists.contains(list),
                        _ => false,
                    })
                })
        })
    }

    /// True if a negative test names `value` or one above it.
    fn is_excluded(&self, value: &str) -> bool {
        self.negative.iter().any(|literal| match &*literal.wanted {
            Wanted::OneOf { values, .. } if values.len() > VALUES_MAX => false,
            _ => self.named_by(literal, value),
        })
    }

    /// True if `literal` names `value` or one above it, negated or not; also if it has too many values to look at.
    fn named_by(&self, literal: &Literal<'_>, value: &str) -> bool {
        let Wanted::OneOf { values, lists } = &*literal.wanted else { return true };
        let kind = self.attribute.kind();
        let in_list = |list: &Arc<ValueList>| {
            let mut above = above(kind, value).into_iter().filter(|above| covers(kind, above, value));
            list.contains(value) || above.any(|above| list.contains(above))
        };
        values.len() > VALUES_MAX || self.covered(values, value) || lists.iter().any(in_list)
    }

    fn is_hierarchical(&self) -> bool {
        matches!(self.attribute.kind(), Kind::Domain | Kind::Page | Kind::Category | Kind::Postcode)
    }

    fn covered(&self, values: &[String], value: &str) -> bool {
        values.iter().any(|above| covers(self.attribute.kind(), above, value))
    }

    fn is_hour(&self, hour: usize) -> bool {
        let has = |literal: &&Literal<'_>| matches!(&*literal.wanted, Wanted::During(hours) if hours[hour]);
        self.positive.iter().all(has) && !self.negative.iter().any(has)
    }

    /// A number in every positive range and in no negative one. If there is one, so is one at the beginning of a
    /// positive range, or at the end of a negative one, or the least of all.
    fn can_be_number(&self) -> bool {
        let range = |literal: &&Literal<'_>| match &*literal.wanted {
            Wanted::Between(range) => Some(*range),
            _ => None,
        };
        let starts = self.positive.iter().filter_map(range).filter_map(|range| range.at_least);
        let ends = self.negative.iter().filter_map(range).filter_map(|range| range.below);
        let has = |literal: &&Literal<'_>, number| range(literal).is_some_and(|range| range.has(number));
        starts.chain(ends).chain([i64::MIN]).any(|number| {
            self.positive.iter().all(|literal| has(literal, number))
                && !self.negative.iter().any(|literal| has(literal, number))
        })
    }

    /// False if two sets of circles lie apart.
    fn can_be_near(&self) -> bool {
        let sets = self.positive.iter().filter_map(|literal| match &*literal.wanted {
            Wanted::Within(circles) if circles.len() <= VALUES_MAX => Some(circles),
            _ => None,
        });
        let sets: Vec<&Vec<Circle>> = sets.collect();
        sets.iter().enumerate().all(|(number, one)| {
            sets[number + 1..]
                .iter()
                .all(|other| one.iter().any(|circle| other.iter().any(|another| !are_apart(circle, another))))
        })
    }
}

/// The values that a test writes out, if it names no list and they are few.
fn written<'l>(literal: &&'l Literal<'_>) -> Option<&'l [String]> {
    match &*literal.wanted {
        Wanted::OneOf { values, lists } if lists.is_empty() && values.len() <= VALUES_MAX => Some(values),
        _ => None,
    }
}

/// True if whatever is `value` is `above`, too: the same, or above it where values have a hierarchy.
pub(in crate::campaign::read) fn covers(kind: Kind, above: &str, value: &str) -> bool {
    let below = |mark: char| value.strip_prefix(above).is_some_and(|rest| rest.starts_with(mark));
    match kind {
        Kind::Domain => value == above || value.strip_suffix(above).is_some_and(|rest| rest.ends_with('.')),
        Kind::Page => value == above || below('/'),
        Kind::Category => value == above || below('-'),
        Kind::Postcode => {
            let (above, value) = (bare(above), bare(value));
            !above.is_empty() && value.starts_with(&above)
        }
        _ => value == above,
    }
}

/// What stands above `value` in the hierarchy of its kind, as far as its text shows it.
pub(in crate::campaign::read) fn above(kind: Kind, value: &str) -> Vec<&str> {
    let cuts = |mark: char| value.match_indices(mark).map(|(at, _)| at);
    match kind {
        Kind::Domain => cuts('.').map(|at| &value[at + 1..]).collect(),
        Kind::Page => cuts('/').map(|at| &value[..at]).collect(),
        Kind::Category => cuts('-').map(|at| &value[..at]).collect(),
        Kind::Postcode => value.char_indices().skip(1).map(|(at, _)| &value[..at]).collect(),
        _ => Vec::new(),
    }
}

/// A postcode without spaces and hyphens.
fn bare(postcode: &str) -> String {
    postcode.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect()
}

/// True if the circles have no point in common.
fn are_apart(one: &Circle, other: &Circle) -> bool {
    let (lat, other_lat) = (one.lat.to_radians(), other.lat.to_radians());
    let half_lat = ((other_lat - lat) / 2.0).sin();
    let half_lon = ((other.lon - one.lon).to_radians() / 2.0).sin();
    let chord = half_lat * half_lat + lat.cos() * other_lat.cos() * half_lon * half_lon;
    let degrees = 2.0 * chord.clamp(0.0, 1.0).sqrt().asin().to_degrees();
    // A hundredth less, since whoever measures otherwise is that near.
    degrees * KM_A_DEGREE * 0.99 > one.km + other.km
}
