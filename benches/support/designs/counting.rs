//! Posting lists and counters, after Whang et al., "Indexing Boolean Expressions", VLDB 2009: a rule matches if
//! as many of its wishes are met as it has, and nothing that it shuns is there.
//!
//! A wish may be met by several keys, so that wishes are bits rather than a count.

use std::collections::HashMap;

use crate::designs::layout::{bytes, conjuncts, wishes};
use crate::designs::{Design, Event, Expression, Keys};

/// The bit of what is shunned.
const SHUNNED: u8 = 63;

pub struct Counting {
    /// By key: rows and which of their wishes it meets.
    postings: HashMap<u32, Vec<(u32, u8)>>,
    /// By row: all its wishes.
    wishes: Vec<u64>,
    /// Rows without a wish.
    free: Vec<u32>,
    /// By row: what postings do not say.
    residuals: HashMap<u32, Vec<Expression>>,
    /// By row: the wishes met.
    met: Vec<u64>,
    touched: Vec<u32>,
}

impl Counting {
    pub fn new(rules: &[Expression]) -> Self {
        let mut index = Self {
            postings: HashMap::new(),
            wishes: Vec::new(),
            free: Vec::new(),
            residuals: HashMap::new(),
            met: vec![0; rules.len()],
            touched: Vec::new(),
        };
        for (row, rule) in (0..).zip(rules) {
            let mut count = 0;
            for part in conjuncts(rule) {
                let (keys, bit) = match part {
                    Expression::Has(Keys { keys, negative: true, .. }) => (keys.clone(), SHUNNED),
                    Expression::Has(Keys { keys, .. }) => (keys.clone(), count),
                    Expression::Any(parts) => match wishes(parts) {
                        Some(keys) => (keys, count),
                        None => {
                            index.residuals.entry(row).or_default().push(part.clone());
                            continue;
                        }
                    },
                    Expression::All(_) => unreachable!("conjuncts are flat"),
                };
                assert!(count < SHUNNED, "a rule has fewer wishes");
                count += u8::from(bit != SHUNNED);
                for key in keys {
                    index.postings.entry(key).or_default().push((row, bit));
                }
            }
            index.wishes.push((1 << count) - 1);
            if count == 0 {
                index.free.push(row);
            }
        }
        index
    }
}

impl Design for Counting {
    fn matches(&mut self, event: &Event, most: usize) -> Vec<u32> {
        for (row, bit) in event.keys.iter().filter_map(|(key, _)| self.postings.get(key)).flatten() {
            let met = &mut self.met[*row as usize];
            if *met == 0 {
                self.touched.push(*row);
            }
            *met |= 1 << bit;
        }
        let met = |row: &u32| self.met[*row as usize] == self.wishes[*row as usize];
        let touched = self.touched.iter().copied().filter(|row| self.wishes[*row as usize] != 0);
        let mut found: Vec<u32> = touched.chain(self.free.iter().copied()).filter(met).collect();
        found.retain(|row| {
            self.residuals.get(row).is_none_or(|rest| rest.iter().all(|rule| rule.holds(event)))
        });
        for row in self.touched.drain(..) {
            self.met[row as usize] = 0;
        }
        found.sort_unstable();
        found.truncate(most);
        found
    }

    fn heap_bytes(&self) -> usize {
        let postings: usize = self.postings.values().map(|rows| size_of_val(&**rows)).sum();
        let entries = self.postings.capacity() * (size_of::<(u32, Vec<(u32, u8)>)>() + 1);
        let residuals: usize = self.residuals.values().flatten().map(bytes).sum();
        postings + entries + residuals + 16 * self.wishes.len() + 4 * self.free.len()
    }
}
