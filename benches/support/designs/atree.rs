//! The crate `a-tree`: "A-Tree: A Dynamic Data Structure for Efficiently Indexing Arbitrary Boolean
//! Expressions", SIGMOD 2021.

use std::fmt::Write;

use a_tree::{ATree, AttributeDefinition};
use encan::campaign::Attribute;

use crate::designs::{Design, Event, Expression, Keys};
use crate::figures::say;

pub struct Tree {
    tree: ATree<u32>,
    names: Vec<String>,
    heap_bytes: usize,
}

impl Tree {
    /// Says how far it is: a hundred thousand rules take a minute.
    pub fn new(rules: &[Expression]) -> Self {
        let names: Vec<String> = (0..Attribute::COUNT).map(|number| format!("a{number}")).collect();
        let definitions: Vec<_> = names.iter().map(|name| AttributeDefinition::integer_list(name)).collect();
        let mut tree = ATree::new(&definitions).expect("each name stands once");
        let before = resident_bytes();
        let mut text = String::new();
        for (row, rule) in (0..).zip(rules) {
            text.clear();
            write(rule, &mut text);
            tree.insert(&row, &text).expect("it has these operators");
            if row % 20_000 == 19_999 {
                say(format_args!("a-tree: {} of {} rules inserted", row + 1, rules.len()));
            }
        }
        Self { tree, names, heap_bytes: resident_bytes().saturating_sub(before) }
    }
}

impl Design for Tree {
    fn matches(&mut self, event: &Event, most: usize) -> Vec<u32> {
        let mut lists: Vec<Vec<i64>> = vec![Vec::new(); self.names.len()];
        event.keys.iter().for_each(|(key, attribute)| lists[usize::from(*attribute)].push(i64::from(*key)));
        let mut builder = self.tree.make_event();
        for (name, list) in self.names.iter().zip(&lists) {
            builder.with_integer_list(name, list).expect("the tree was told of it");
        }
        let event = builder.build().expect("every attribute is told");
        let report = self.tree.search(&event).expect("the event is of this tree");
        let mut found: Vec<u32> = report.matches().iter().map(|row| **row).collect();
        found.sort_unstable();
        found.truncate(most);
        found
    }

    fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }
}

fn write(rule: &Expression, out: &mut String) {
    let (parts, word) = match rule {
        Expression::Has(Keys { attribute, keys, negative }) => {
            let list = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let operator = if *negative { "none of" } else { "one of" };
            write!(out, "a{attribute} {operator} [{list}]").expect("a string takes all");
            return;
        }
        Expression::All(parts) => (parts, " and "),
        Expression::Any(parts) => (parts, " or "),
    };
    if parts.is_empty() {
        // Always, or never: its language has no word for either.
        let word = if word == " and " { "or" } else { "and" };
        write!(out, "a0 is empty {word} a0 is not empty").expect("a string takes all");
    }
    for (number, part) in parts.iter().enumerate() {
        out.push_str(if number == 0 { "" } else { word });
        out.push('(');
        write(part, out);
        out.push(')');
    }
}

/// Memory of this process, for want of a better measure; 0 where the system does not tell.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4_096
}
