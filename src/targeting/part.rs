//! A rule as an index stores it: clauses that bits can say, and choices between several of them. Off the bid
//! path.
//!
//! That an attribute is not told counts as a key, so the unknown needs no third value: a leaf passes on it if
//! that key is among those it wants, or is not among those it shuns.

use crate::targeting::rule::{Leaf, Node};
use crate::targeting::sets::Sets;

/// Something that must hold; a row has a list of these.
#[derive(Debug)]
pub(super) enum Part {
    /// Holds if the scene has a key of one of the wanted sets, or none of the shunned one.
    Clause {
        /// Sets by number.
        wanted: Box<[u32]>,
        shunned: Option<u32>,
    },
    /// Holds if all of one of these lists hold.
    Choice(Box<[Box<[Part]>]>),
}

impl Part {
    /// What `node` asks.
    pub(super) fn of(node: &Node, sets: &mut Sets) -> Self {
        match node {
            Node::Leaf(leaf) => Self::clause(std::slice::from_ref(&leaf), sets),
            Node::All(_) => Self::Choice(Box::new([Self::all(node, sets)])),
            Node::Any(parts) => Self::any(parts, sets),
        }
    }

    /// All that must hold for `node` to hold.
    fn all(node: &Node, sets: &mut Sets) -> Box<[Self]> {
        match node {
            Node::All(parts) => parts.iter().map(|part| Self::of(part, sets)).collect(),
            node => Box::new([Self::of(node, sets)]),
        }
    }

    /// Leaves that want something and one that shuns make one clause; whatever else there is to choose makes a
    /// choice.
    fn any(parts: &[Node], sets: &mut Sets) -> Self {
        let (mut simple, mut shuns, mut branches) = (Vec::new(), false, Vec::new());
        for part in parts {
            match part {
                Node::Leaf(leaf) if !leaf.negated || !shuns => {
                    shuns |= leaf.negated;
                    simple.push(leaf);
                }
                part => branches.push(Self::all(part, sets)),
            }
        }
        if branches.is_empty() {
            return Self::clause(&simple, sets);
        }
        if !simple.is_empty() {
            branches.push(Box::new([Self::clause(&simple, sets)]));
        }
        Self::Choice(branches.into())
    }

    /// Leaves of which one must hold, at most one of them negated.
    fn clause(leaves: &[&Leaf], sets: &mut Sets) -> Self {
        let wanted = leaves.iter().filter(|leaf| !leaf.negated).map(|leaf| sets.number(leaf)).collect();
        let shunned = leaves.iter().find(|leaf| leaf.negated).map(|leaf| sets.number(leaf));
        Self::Clause { wanted, shunned }
    }

    /// The most lanes that it can need.
    pub(super) fn lanes_max(&self) -> usize {
        match self {
            // A column has two.
            Self::Clause { .. } => 2,
            Self::Choice(branches) => branches.iter().flatten().map(Self::lanes_max).sum(),
        }
    }
}
