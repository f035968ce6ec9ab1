//! The targeting tree: `all`, `any`, `not`, or attributes with what each must be.

use crate::campaign::read::Reading;
use crate::campaign::read::clock::daypart;
use crate::campaign::read::version::versions;
use crate::campaign::rule::{Attribute, Circle, Kind, Range, Rule, Test, Wanted};
use crate::document::{Faults, Node, Object, suggestion};
use crate::units::Country;

/// The ways to combine rules.
const COMBINING: [&str; 3] = ["all", "any", "not"];
/// What becomes of a request that does not tell.
const UNKNOWN: &str = "unknown";
/// Characters of a city, a keyword, a segment's name ...
const VALUE_CHARS_MAX: usize = 256;

/// All keys of a rule: the ways to combine, then the attributes, then what to do about the unknown. Whose clock a
/// daypart reads is said in the daypart.
fn keys() -> Vec<&'static str> {
    let attributes = Attribute::ALL.iter().filter(|attribute| **attribute != Attribute::ViewerDaypart);
    COMBINING.into_iter().chain(attributes.map(|attribute| attribute.name())).chain([UNKNOWN]).collect()
}

/// The rule here.
///
/// An object with several attributes means all of them; `{}` is everyone.
pub(in crate::campaign) fn rule(node: Node<'_>, reading: Reading<'_>, faults: &mut Faults) -> Option<Rule> {
    let object = node.object(&keys(), faults)?;
    let combining = COMBINING.into_iter().find_map(|key| Some((key, object.get(key)?)));
    let Some((key, operand)) = combining else {
        return attributes(object, reading, faults);
    };
    if object.entries().any(|(name, _)| name != key) {
        let fault = node.error(format!("must not have other keys beside `{key}`"));
        return faults.refuse(fault.hint("put them together in the list of an `all`"));
    }
    if key == "not" {
        return Some(Rule::Not(Box::new(rule(operand, reading, faults)?)));
    }
    let operands = operand.list(faults)?;
    if operands.is_empty() {
        return faults.refuse(operand.error("must not be an empty list"));
    }
    let rules: Vec<Option<Rule>> = operands.into_iter().map(|node| rule(node, reading, faults)).collect();
    let rules: Vec<Rule> = rules.into_iter().collect::<Option<_>>()?;
    Some(if key == "all" { Rule::All(rules) } else { Rule::Any(rules) })
}

/// How many segments the rule names.
pub(in crate::campaign) fn segments(rule: &Rule) -> usize {
    rule.tests().filter(|test| test.attribute == Attribute::Segment).map(|test| test.values().len()).sum()
}

fn attributes(object: Object<'_>, reading: Reading<'_>, faults: &mut Faults) -> Option<Rule> {
    let words = [("include", true), ("exclude", false)];
    let unknown = object.get(UNKNOWN);
    let include_unknown = unknown.map_or(Some(false), |node| node.choice(&words, faults));
    let mut tests = Vec::new();
    let mut is_whole = true;
    for (name, node) in object.entries() {
        let Some(attribute) = Attribute::from_name(name) else { continue };
        match wanted(attribute, node, reading, faults) {
            Some((attribute, wanted)) => {
                tests.push(Test { attribute, wanted, include_unknown: include_unknown? });
            }
            None => is_whole = false,
        }
    }
    if tests.is_empty() && unknown.is_some() && is_whole {
        return faults.refuse(object.node().error("has `unknown` but no attribute"));
    }
    let mut rules: Vec<Rule> = tests.into_iter().map(Rule::Is).collect();
    is_whole.then(|| if rules.len() == 1 { rules.remove(0) } else { Rule::All(rules) })
}

/// What `attribute` must be, and which attribute that is: a daypart names its clock inside.
fn wanted(
    attribute: Attribute,
    node: Node<'_>,
    reading: Reading<'_>,
    faults: &mut Faults,
) -> Option<(Attribute, Wanted)> {
    let wanted = match attribute.kind() {
        Kind::Circles => Wanted::Within(values(node, faults, circle)?),
        Kind::Hours => {
            let (attribute, hours) = daypart(node, faults)?;
            return Some((attribute, Wanted::During(hours)));
        }
        Kind::Number { least, most } => Wanted::Between(range(node, (least, most), faults)?),
        Kind::Version => Wanted::Between(versions(node, faults)?),
        Kind::Flag => Wanted::OneOf(vec![node.flag(faults)?.to_string()]),
        Kind::Exchange => {
            Wanted::OneOf(values(node, faults, |node, faults| exchange(node, reading, faults))?)
        }
        _ => Wanted::OneOf(values(node, faults, |node, faults| value(attribute, node, faults))?),
    };
    Some((attribute, wanted))
}

/// The values of an attribute: one, or a list of at least one.
fn values<'d, T>(
    node: Node<'d>,
    faults: &mut Faults,
    read: impl Fn(Node<'d>, &mut Faults) -> Option<T>,
) -> Option<Vec<T>> {
    let nodes = node.one_or_more(faults)?;
    let mut values = Vec::with_capacity(nodes.len());
    let mut is_whole = true;
    for node in nodes {
        if faults.is_full() {
            return None;
        }
        match read(node, faults) {
            Some(value) => values.push(value),
            None => is_whole = false,
        }
    }
    is_whole.then_some(values)
}

/// One value of `attribute`, in its canonical form.
pub(in crate::campaign) fn value(
    attribute: Attribute,
    node: Node<'_>,
    faults: &mut Faults,
) -> Option<String> {
    let text = match attribute.kind() {
        Kind::Code(most) => return Some(node.integer(0..=most, faults)?.to_string()),
        Kind::Choice(words) => {
            let words: Vec<(&'static str, &str)> = words.iter().map(|word| (*word, *word)).collect();
            return Some(node.choice(&words, faults)?.to_owned());
        }
        _ => node.line(VALUE_CHARS_MAX, faults)?,
    };
    match attribute.canonical(text) {
        Ok(value) => Some(value),
        Err(unfit) => {
            let fault = node.error(format!("{}, got {}", unfit.problem, node.echo()));
            faults.refuse(fault.hint(unfit.remedy))
        }
    }
}

/// A country, wherever a file names one.
pub(in crate::campaign) fn country(node: Node<'_>, faults: &mut Faults) -> Option<Country> {
    Country::from_code(&value(Attribute::Country, node, faults)?)
}

/// A domain, wherever a file names one: lower case and without `www.`.
pub(in crate::campaign) fn domain(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    value(Attribute::Domain, node, faults)
}

fn circle(node: Node<'_>, faults: &mut Faults) -> Option<Circle> {
    let object = node.object(&["lat", "lon", "km"], faults)?;
    let lat = object.require("lat", faults).and_then(|node| node.float(-90.0..=90.0, faults));
    let lon = object.require("lon", faults).and_then(|node| node.float(-180.0..=180.0, faults));
    let km = object.require("km", faults).and_then(|node| node.float(0.001..=20_038.0, faults));
    Some(Circle { lat: lat?, lon: lon?, km: km? })
}

/// `{"at_least": 40, "below": 80}`, with three decimals, within `bounds`; `at_most` is below the next thousandth.
fn range(node: Node<'_>, bounds: (i64, i64), faults: &mut Faults) -> Option<Range> {
    let object = node.object(&["at_least", "at_most", "below"], faults)?;
    let mut number = |key| match object.get(key) {
        None => Some(None),
        Some(node) => {
            let number = node.scaled(3, faults)?;
            if (bounds.0..=bounds.1).contains(&number) {
                return Some(Some(number));
            }
            let (least, most) = (bounds.0 / 1_000, bounds.1 / 1_000);
            faults.refuse(node.error(format!("must be from {least} to {most}, got {}", node.echo())))
        }
    };
    let (at_least, at_most, below) = (number("at_least")?, number("at_most")?, number("below")?);
    if at_most.is_some() && below.is_some() {
        return faults.refuse(node.error("must not have both `at_most` and `below`"));
    }
    let below = below.or(at_most.map(|most| most + 1));
    if at_least.is_none() && below.is_none() {
        let fault = node.error("must say from where or up to where");
        return faults.refuse(fault.hint("as `{\"at_least\": 70}` or `{\"at_least\": 18, \"below\": 35}`"));
    }
    if at_least.zip(below).is_some_and(|(least, below)| least >= below) {
        return faults.refuse(node.error("can never be satisfied: it ends before it begins"));
    }
    Some(Range { at_least, below })
}

fn exchange(node: Node<'_>, reading: Reading<'_>, faults: &mut Faults) -> Option<String> {
    let slug = node.text(faults)?;
    let known = reading.surroundings.exchanges;
    if known.contains(&slug) {
        return Some(slug.to_owned());
    }
    let fault = node.error(format!("is not a known exchange, got {}", node.echo()));
    faults.refuse(match suggestion(slug, known.iter().copied()) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint(format!("known exchanges: {}", known.join(", "))),
    })
}
