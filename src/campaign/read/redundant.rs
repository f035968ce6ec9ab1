//! Lints of what says nothing in a rule: values given twice, covered by others, or all there are; rules given twice.

use std::collections::HashSet;

use crate::campaign::read::satisfiable::holds_always;
use crate::campaign::read::satisfiable::possible::above;
use crate::campaign::rule::{Attribute, HOURS_OF_WEEK, Kind, Rule, Wanted};
use crate::document::{Faults, Node};

/// Rules of one list up to which each is held against those before it.
const RULES_MAX: usize = 256;

/// A warning for what says nothing in the values that are written at `node`.
pub(in crate::campaign) fn check_wanted(
    node: Node<'_>,
    attribute: Attribute,
    wanted: &Wanted,
    faults: &mut Faults,
) {
    match wanted {
        Wanted::OneOf { values, lists } => {
            check_repeated(node, values.iter().map(String::as_str), faults);
            check_repeated(node, lists.iter().map(|list| list.name()), faults);
            check_covered(node, attribute, values, faults);
            if is_every_word(attribute, values) {
                warn_of_everything(node, attribute, faults);
            }
        }
        Wanted::During(hours) if **hours == [true; HOURS_OF_WEEK] => {
            warn_of_everything(node, attribute, faults);
        }
        Wanted::During(_)
        | Wanted::Within(_)
        | Wanted::Between(_)
        | Wanted::Happened(_)
        | Wanted::Scored(_) => {}
    }
}

/// A warning for each of `rules` that stands in the same list before; `nodes` are theirs.
pub(in crate::campaign) fn check_repeated_rules(nodes: &[Node<'_>], rules: &[Rule], faults: &mut Faults) {
    if rules.len() > RULES_MAX {
        return;
    }
    for (number, (node, rule)) in nodes.iter().zip(rules).enumerate() {
        if let Some(first) = rules[..number].iter().position(|other| other == rule) {
            let fault = node.warning(format!("says the same as `{}`", nodes[first].path()));
            faults.push(fault.hint("once is enough"));
        }
    }
}

/// A warning if `rule` holds of everybody, though it is not written as that.
pub(in crate::campaign) fn check_not_always(node: Node<'_>, rule: &Rule, faults: &mut Faults) {
    let is_everyone = *rule == Rule::All(Vec::new());
    if !is_everyone && holds_always(rule) {
        faults.push(node.warning("holds of everybody").hint("leave it out if that is meant"));
    }
}

fn check_repeated<'n>(node: Node<'_>, names: impl Iterator<Item = &'n str>, faults: &mut Faults) {
    let mut known = HashSet::new();
    let mut repeated = names.filter(|name| !known.insert(*name));
    if let Some(first) = repeated.next() {
        let fault = node.warning(format!("names `{first}` twice{}", and_more(repeated.count())));
        faults.push(fault.hint("once is enough"));
    }
}

fn check_covered(node: Node<'_>, attribute: Attribute, values: &[String], faults: &mut Faults) {
    let known: HashSet<&str> = values.iter().map(String::as_str).collect();
    let above = |value: &'_ str| -> Option<&str> {
        above(attribute.kind(), value).into_iter().find_map(|above| known.get(above).copied())
    };
    let mut covered = values.iter().filter_map(|value| Some((value, above(value)?)));
    if let Some((value, above)) = covered.next() {
        let problem =
            format!("names `{value}`, which is covered by its `{above}`{}", and_more(covered.count()));
        faults.push(node.warning(problem).hint("the wider one is enough; or was only the narrower meant?"));
    }
}

fn is_every_word(attribute: Attribute, values: &[String]) -> bool {
    let Kind::Choice(words) = attribute.kind() else { return false };
    words.iter().all(|word| values.iter().any(|value| value == word))
}

fn warn_of_everything(node: Node<'_>, attribute: Attribute, faults: &mut Faults) {
    let fault = node.warning("takes every value there is");
    faults.push(match attribute.untold() {
        None => fault.hint("leave it out: it always holds"),
        Some(_) => fault.hint("leave it out, unless it shall only ask that the request tells one"),
    });
}

fn and_more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(", and {count} more") }
}
