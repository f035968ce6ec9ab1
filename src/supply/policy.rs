//! What an exchange's profile demands of the way an impression was sold.

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
    pub sellers_allowed: Vec<SellerName>,
    /// No node may be among them.
    pub sellers_blocked: Vec<SellerName>,
    /// The most nodes of a chain.
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
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// True if it means the seller `sid` of `asi`.
    #[must_use]
    pub fn means(&self, asi: &str, sid: &str) -> bool {
        // Lists are mostly of ids, which are compared without looking for a host.
        self.sid.as_deref().is_none_or(|own| own == sid.trim()) && host(asi).eq_ignore_ascii_case(&self.asi)
    }
}

#[cfg(test)]
mod tests {
    use super::SellerName;

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
            assert_eq!(SellerName::parse(text).unwrap().means(asi, sid), want, "{text} {asi} {sid}");
        }
        for text in ["", "/1", "x", "x.example/", "x.example/ "] {
            assert_eq!(SellerName::parse(text), None, "{text}");
        }
    }
}
