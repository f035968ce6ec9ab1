//! Other designs of an index, on the same rules and events as ours, to measure it against.
//!
//! They take what ours would: rules with keys for values. In their favour the keys are small numbers here, and
//! events are translated into them before the clock runs.

mod atree;
mod bitmaps;
mod counting;
mod layout;
mod roaring;

use std::collections::HashMap;

use encan::campaign::Attribute;
use encan::targeting::{CompiledRule, Form, Scene};

pub use atree::Tree;
pub use bitmaps::Bitmaps;
pub use counting::Counting;
pub use roaring::Roaring;

/// An index: rules go in, most valuable first, and rows that match an event come out.
pub trait Design {
    /// The rows that match `event`, in order, at most `most`.
    fn matches(&mut self, event: &Event, most: usize) -> Vec<u32>;
    /// Bytes on the heap, about; 0 if it cannot be told.
    fn heap_bytes(&self) -> usize;
}

/// A rule over numbers of keys.
#[derive(Debug, Clone)]
pub enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Has(Keys),
}

/// Holds if the event has one of the keys, or if it has none of them.
#[derive(Debug, Clone)]
pub struct Keys {
    pub attribute: u8,
    pub keys: Vec<u32>,
    pub negative: bool,
}

/// What an event tells.
pub struct Event {
    /// Number of a key and its attribute.
    pub keys: Vec<(u32, u8)>,
    /// A bit for each key that some rule names.
    has: Vec<u64>,
}

impl Event {
    pub fn has(&self, key: u32) -> bool {
        self.has[key as usize / 64] >> (key % 64) & 1 == 1
    }
}

impl Expression {
    pub fn holds(&self, event: &Event) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(event)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(event)),
            Self::Has(keys) => keys.keys.iter().any(|key| event.has(*key)) != keys.negative,
        }
    }
}

/// The numbers of the keys that rules name.
#[derive(Default)]
pub struct Numbers {
    numbers: HashMap<(u8, Option<u64>), u32>,
}

impl Numbers {
    /// `rule` over numbers.
    pub fn expression(&mut self, rule: &CompiledRule) -> Expression {
        self.translated(&rule.form())
    }

    fn translated(&mut self, form: &Form<'_>) -> Expression {
        match form {
            Form::All(parts) => Expression::All(parts.iter().map(|part| self.translated(part)).collect()),
            Form::Any(parts) => Expression::Any(parts.iter().map(|part| self.translated(part)).collect()),
            Form::Has { attribute, keys, untold, negative } => {
                let attribute = *attribute as u8;
                let keys = keys.iter().map(|key| Some(*key)).chain(untold.then_some(None));
                let keys = keys.map(|key| {
                    let next = u32::try_from(self.numbers.len()).expect("fewer than 2^32 keys");
                    *self.numbers.entry((attribute, key)).or_insert(next)
                });
                Expression::Has(Keys { attribute, keys: keys.collect(), negative: *negative })
            }
        }
    }

    /// What of `scene` some rule names.
    pub fn event(&self, scene: &Scene<'_>) -> Event {
        let mut event = Event { keys: Vec::new(), has: vec![0; self.numbers.len().div_ceil(64)] };
        for attribute in Attribute::ALL {
            let told = scene.keys(*attribute).iter().map(|key| Some(*key));
            for key in told.chain((!scene.tells(*attribute)).then_some(None)) {
                if let Some(number) = self.numbers.get(&(*attribute as u8, key)) {
                    event.keys.push((*number, *attribute as u8));
                    event.has[*number as usize / 64] |= 1 << (number % 64);
                }
            }
        }
        event
    }
}
