//! A rule as clauses that must all hold, each of them if one of its literals does: what an index can say
//! with bits. Off the bid path.
//!
//! A literal is true if the scene has one of some keys, or if it has none of them. That an attribute is not
//! told counts as a key, so the unknown needs no third value: a leaf passes on it if that key is among those
//! it wants, or not among those it shuns.

use smallvec::{SmallVec, smallvec};

use crate::campaign::Attribute;
use crate::targeting::rule::{Leaf, Node};
use crate::targeting::values::Values;

/// Clauses that one `Any` of several `All` may become: an `Any` of four pairs. Each repeats the keys of its
/// literals, so that more would cost more memory than the rule is worth.
const PRODUCT_MAX: usize = 16;
/// Literals of one clause that shun keys: what `not` makes of an `All` of so many leaves.
pub(super) const NEGATIVES_MAX: usize = 4;

/// True if the scene has one of the keys; if `negative`, true if it has none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal<'r> {
    pub(super) attribute: Attribute,
    pub(super) values: &'r Values,
    /// That the attribute is not told is one of the keys.
    pub(super) untold: bool,
    pub(super) negative: bool,
}

/// Holds if one of its literals does.
pub(super) type Clause<'r> = SmallVec<[Literal<'r>; 2]>;

/// What a node asks, in clauses.
#[derive(Debug)]
pub(super) struct Clauses<'r> {
    /// Each holds wherever the node does.
    pub(super) all: Vec<Clause<'r>>,
    /// Where all of them hold, the node does.
    pub(super) exact: bool,
}

impl<'r> Clauses<'r> {
    /// The clauses of `node`: exact, but for rules that would need too many.
    pub(super) fn of(node: &'r Node) -> Self {
        match node {
            Node::Leaf(leaf) => Self::of_leaf(leaf),
            Node::All(parts) => {
                let mut clauses = Self { all: Vec::new(), exact: true };
                for part in parts {
                    let part = Self::of(part);
                    clauses.exact &= part.exact;
                    clauses.all.extend(part.all);
                }
                clauses
            }
            Node::Any(parts) => Self::of_any(parts.iter().map(Self::of).collect()),
        }
    }

    fn of_leaf(leaf: &'r Leaf) -> Self {
        let literal = Literal {
            attribute: leaf.attribute,
            values: &leaf.values,
            untold: leaf.counts_untold(),
            negative: leaf.negated,
        };
        Self { all: vec![smallvec![literal]], exact: true }
    }

    /// The parts' clauses multiplied out; if that makes too many, some that hold wherever a part does.
    fn of_any(parts: Vec<Self>) -> Self {
        let exact = parts.iter().all(|part| part.exact);
        let product = parts.iter().try_fold(1_usize, |product, part| product.checked_mul(part.all.len()));
        let (all, multiplied) = match product {
            Some(0..=PRODUCT_MAX) => (multiplied(&parts), true),
            _ => (side_by_side(&parts), false),
        };
        let sayable =
            |clause: &Clause<'_>| clause.iter().filter(|literal| literal.negative).count() <= NEGATIVES_MAX;
        let count = all.len();
        let all: Vec<Clause<'r>> = all.into_iter().filter(sayable).collect();
        Self { exact: exact && multiplied && all.len() == count, all }
    }
}

/// For each choice of a clause of every part, all their literals in one.
fn multiplied<'r>(parts: &[Clauses<'r>]) -> Vec<Clause<'r>> {
    parts.iter().fold(vec![Clause::new()], |made, part| {
        let joined = |one: &Clause<'r>, more: &Clause<'r>| one.iter().chain(more).copied().collect();
        made.iter().flat_map(|one| part.all.iter().map(move |more| joined(one, more))).collect()
    })
}

/// The parts' first clauses in one, their second ones, and so on; a part with fewer begins again.
fn side_by_side<'r>(parts: &[Clauses<'r>]) -> Vec<Clause<'r>> {
    if parts.iter().any(|part| part.all.is_empty()) {
        return Vec::new();
    }
    let most = parts.iter().map(|part| part.all.len()).max().unwrap_or(0).min(PRODUCT_MAX);
    let nth = |at: usize| parts.iter().flat_map(move |part| part.all[at % part.all.len()].iter().copied());
    (0..most).map(|at| nth(at).collect()).collect()
}
