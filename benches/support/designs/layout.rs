//! Rules in columns, for the designs that are made of bits: in each column a row wants one of some keys.

use std::collections::HashMap;

use crate::designs::{Expression, Keys};

/// Columns of an attribute each, then columns for what does not fit there.
#[derive(Default)]
pub struct Layout {
    pub columns: Vec<Column>,
    /// By key: the rows that shun it.
    pub shunned: HashMap<u32, Vec<u32>>,
    /// By row: what the columns do not say.
    pub residuals: HashMap<u32, Vec<Expression>>,
}

/// At most one wish of each row.
#[derive(Default)]
pub struct Column {
    /// Rows that wish something.
    pub constrained: Vec<u32>,
    /// By key: the rows that want it.
    pub wanted: HashMap<u32, Vec<u32>>,
}

impl Layout {
    /// The columns of `rules`.
    pub fn of(rules: &[Expression]) -> Self {
        let mut layout = Self::default();
        // By attribute: its column, and the shared columns.
        let (mut own, mut shared) = (HashMap::new(), Vec::new());
        for (row, rule) in (0..).zip(rules) {
            let (mut taken, mut shared_taken) = (Vec::new(), 0);
            for part in conjuncts(rule) {
                let (keys, attribute) = match part {
                    Expression::Has(Keys { keys, negative: true, .. }) => {
                        keys.iter().for_each(|key| layout.shunned.entry(*key).or_default().push(row));
                        continue;
                    }
                    Expression::Has(Keys { keys, attribute, .. }) => (keys.clone(), Some(*attribute)),
                    Expression::Any(parts) => match wishes(parts) {
                        Some(keys) => (keys, None),
                        None => {
                            layout.residuals.entry(row).or_default().push(part.clone());
                            continue;
                        }
                    },
                    Expression::All(_) => unreachable!("conjuncts are flat"),
                };
                let column = match attribute.filter(|attribute| !taken.contains(attribute)) {
                    Some(attribute) => {
                        taken.push(attribute);
                        *own.entry(attribute).or_insert_with(|| layout.add())
                    }
                    None => {
                        shared_taken += 1;
                        if shared.len() < shared_taken {
                            shared.push(layout.add());
                        }
                        shared[shared_taken - 1]
                    }
                };
                let column = &mut layout.columns[column];
                column.constrained.push(row);
                for key in keys {
                    let rows = column.wanted.entry(key).or_default();
                    if rows.last() != Some(&row) {
                        rows.push(row);
                    }
                }
            }
        }
        layout.columns.sort_by_key(|column| std::cmp::Reverse(column.constrained.len()));
        layout
    }

    fn add(&mut self) -> usize {
        self.columns.push(Column::default());
        self.columns.len() - 1
    }

    /// Bytes of the residuals, about.
    pub fn residual_bytes(&self) -> usize {
        self.residuals.values().flatten().map(bytes).sum()
    }
}

/// What must hold in any case.
pub fn conjuncts(rule: &Expression) -> &[Expression] {
    match rule {
        Expression::All(parts) => parts,
        rule => std::slice::from_ref(rule),
    }
}

/// The keys of `parts`, if they are all just wanted.
pub fn wishes(parts: &[Expression]) -> Option<Vec<u32>> {
    let keys = parts.iter().map(|part| match part {
        Expression::Has(Keys { keys, negative: false, .. }) => Some(keys.as_slice()),
        _ => None,
    });
    Some(keys.collect::<Option<Vec<_>>>()?.concat())
}

/// Bytes of a rule, about.
pub fn bytes(rule: &Expression) -> usize {
    match rule {
        Expression::All(parts) | Expression::Any(parts) => 24 + parts.iter().map(bytes).sum::<usize>(),
        Expression::Has(keys) => 32 + 4 * keys.keys.len(),
    }
}
