//! What an exchange's profile demands of the way an impression was sold.

use crate::supply::ads_txt::folded;
use crate::units::host;

/// The rules of one exchange; by default there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// A request without a supply chain is refused.
    pub require_chain: bool,
    /// A chain that does not go back to the owner of the inventory (`complete` 0) is refused.
    pub require_complete: bool,
    /// The exchange's own domain in chains, `ads.txt` and `sellers.json`: the last node must have it. Without a
    /// chain, it and the publisher's id are what is looked for in `ads.txt`.
    pub asi: Option<String>,
    /// If not empty, every node must be among them; a request without a chain is refused.
    pub sellers_allowed: SellerNames,
    /// No node may be among them.
    pub sellers_blocked: SellerNames,
    /// The most nodes of a chain. Where any rule stands, [`CHAIN_NODES_MAX`](crate::units::limits::CHAIN_NODES_MAX)
    /// is the most in any case.
    pub hops_max: Option<usize>,
    /// Whether every node must be authorised by the outlet's `ads.txt` or `app-ads.txt`.
    pub ads_txt: Check,
    /// Where we have both files: the first node's seller, by the domain in its `sellers.json`, must be the outlet's
    /// owner or sales house as its `ads.txt` names them (`OWNERDOMAIN`, `MANAGERDOMAIN`; the outlet's domain if
    /// it names no owner). Resellers in the first place and confidential sellers are taken as they are.
    pub require_owner: bool,
    /// Whether every node's seller must be in the `sellers.json` of its advertising system.
    pub sellers_json: Check,
}

/// How a list counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Check {
    /// It does not.
    #[default]
    Off,
    /// What it refuses is refused; where we do not have it, we bid.
    WhereKnown,
    /// What it refuses is refused, and so is all where we do not have it.
    Required,
}

/// A seller in a rule: a whole advertising system, or one of its sellers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SellerName {
    /// The advertising system's domain.
    pub asi: String,
    /// The seller's id there; `None` means all of them.
    pub sid: Option<String>,
}

impl SellerName {
    /// `asi` or `asi/sid`, as `exchange.example/pub-1`; `None` without a domain or with an empty id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (asi, sid) = match text.split_once('/') {
            Some((asi, sid)) => (asi, Some(sid.trim())),
            None => (text, None),
        };
        let asi = host(asi);
        let is_right = asi.contains('.') && sid.is_none_or(|sid| !sid.is_empty());
        is_right.then(|| Self { asi: asi.to_ascii_lowercase(), sid: sid.map(str::to_owned) })
    }
}

/// The sellers of a rule, sorted: thousands of them cost a node of a chain a few comparisons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SellerNames(Box<[SellerName]>);

impl SellerNames {
    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if one of them means the seller `sid` of `asi`, or all of `asi`. Allocates nothing.
    #[must_use]
    pub fn hold(&self, asi: &str, sid: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let (asi, sid) = (host(asi), sid.trim());
        [None, Some(sid)].into_iter().any(|sid| {
            let order = |own: &SellerName| folded(&own.asi, asi).then_with(|| own.sid.as_deref().cmp(&sid));
            self.0.binary_search_by(order).is_ok()
        })
    }
}

impl FromIterator<SellerName> for SellerNames {
    fn from_iter<I: IntoIterator<Item = SellerName>>(names: I) -> Self {
        let mut names: Vec<SellerName> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        Self(names.into_boxed_slice())
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::seq::IndexedRandom as _;
    use rand::{RngExt as _, SeedableRng as _};

    use super::{SellerName, SellerNames};
    use crate::units::host;

    #[test]
    fn a_seller_is_a_system_or_one_of_its_ids() {
        for (text, asi, sid, want) in [
            ("x.example", "X.example", "1", true),
            ("x.example/1", "x.example", "1", true),
            ("x.example/1", "x.example", "2", false),
            ("x.example/a/b", "x.example.", " a/b ", true),
            ("x.example", "y.example", "1", false),
            ("x.example", "a.x.example", "1", false),
        ] {
            let names: SellerNames = SellerName::parse(text).into_iter().collect();
            assert_eq!(names.hold(asi, sid), want, "{text} {asi} {sid}");
        }
        for text in ["", "/1", "x", "x.example/", "x.example/ "] {
            assert_eq!(SellerName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn sorted_names_hold_what_one_of_them_means() {
        let seed = rand::random();
        println!("seed {seed}");
        let mut rng = SmallRng::seed_from_u64(seed);
        let systems =
            ["x.example", "X.example", "www.x.example", "a.x.example", "x.exampl", "y.example.", "é.x"];
        let ids = ["1", "10", "2", " 1 ", "a/b", "A/b", "é", ""];
        for _ in 0..500 {
            let mut text =
                || format!("{}/{}", systems.choose(&mut rng).unwrap(), ids.choose(&mut rng).unwrap());
            let mut texts: Vec<String> = (0..20).map(|_| text()).collect();
            texts.iter_mut().step_by(7).for_each(|text| text.truncate(text.find('/').unwrap()));
            let names: Vec<SellerName> = texts.iter().filter_map(|text| SellerName::parse(text)).collect();
            let names = &names[..rng.random_range(0..=names.len())];
            let sorted: SellerNames = names.iter().cloned().collect();
            for (asi, sid) in systems.iter().flat_map(|asi| ids.map(|sid| (*asi, sid))) {
                let means = |name: &SellerName| {
                    host(asi).eq_ignore_ascii_case(&name.asi)
                        && name.sid.as_deref().is_none_or(|own| own == sid.trim())
                };
                assert_eq!(sorted.hold(asi, sid), names.iter().any(means), "{asi}/{sid} in {names:?}");
            }
        }
    }
}
