//! A targeting rule, compiled, and whether it holds: negations at the leaves, values as keys.

use crate::campaign::{Attribute, Catalog, LineItem, Rule};
use crate::targeting::Scene;
use crate::targeting::compile::{Asker, compile, line_item_rule};
use crate::targeting::values::Values;

/// A rule ready to be asked of scenes.
#[derive(Debug, Clone)]
pub struct CompiledRule {
    root: Node,
}

/// A rule without negations but in its leaves; no `All` directly in an `All`, no `Any` in an `Any`.
#[derive(Debug, Clone)]
pub(super) enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Leaf(Leaf),
}

/// One attribute and what it must, or must not, be.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) attribute: Attribute,
    /// The keys of which the scene must, or must not, tell one.
    pub(super) values: Values,
    pub(super) negated: bool,
    pub(super) include_unknown: bool,
}

/// What a scene says to a leaf's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
    Unknown,
}

impl CompiledRule {
    /// Compiles `rule` of `asker`.
    #[must_use]
    pub fn new(rule: &Rule, asker: &Asker<'_>) -> Self {
        Self { root: compile(rule, false, asker) }
    }

    /// All that must hold for a line item: one of its formats is offered, one of its deals if it has
    /// any, and its targeting.
    #[must_use]
    pub fn of_line_item(catalog: &Catalog, line_item: &LineItem) -> Self {
        Self::new(&line_item_rule(catalog, line_item), &Asker::of(catalog, line_item))
    }

    /// True if the rule holds in `scene`.
    #[must_use]
    pub fn holds(&self, scene: &Scene<'_>) -> bool {
        self.root.holds(scene)
    }

    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    /// What must hold in any case: the parts of a root `All`, or the root alone.
    pub(super) fn conjuncts(&self) -> &[Node] {
        match &self.root {
            Node::All(parts) => parts,
            root => std::slice::from_ref(root),
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<Node>() + self.root.heap_bytes()
    }
}

impl Node {
    pub(super) fn holds(&self, scene: &Scene<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(scene)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(scene)),
            Self::Leaf(leaf) => leaf.holds(scene),
        }
    }
}

impl Node {
    fn heap_bytes(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().map(|part| size_of::<Self>() + part.heap_bytes()).sum()
            }
            Self::Leaf(leaf) => size_of_val(leaf.values.as_slice()),
        }
    }
}

impl Leaf {
    pub(super) fn holds(&self, scene: &Scene<'_>) -> bool {
        match self.fit(scene) {
            Fit::Yes => !self.negated,
            Fit::No => self.negated,
            Fit::Unknown => self.include_unknown,
        }
    }

    /// True if that the attribute is not told counts as one of the values: it fits, or it misfits.
    pub(super) fn counts_untold(&self) -> bool {
        self.include_unknown != self.negated
    }

    pub(super) fn fit(&self, scene: &Scene<'_>) -> Fit {
        if self.values.contains_any(scene.keys(self.attribute)) {
            Fit::Yes
        } else if scene.tells(self.attribute) {
            Fit::No
        } else {
            Fit::Unknown
        }
    }
}
