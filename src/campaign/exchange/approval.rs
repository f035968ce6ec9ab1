//! Which creatives an exchange has reviewed: many show none that they have not.

use std::collections::HashMap;

/// What an exchange said of a creative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// It may be shown.
    Approved,
    /// It waits for its review.
    Pending,
    /// It may not be shown.
    Refused,
}

/// The state of all creatives at one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approvals {
    /// Of creatives that are not listed.
    default: Approval,
    /// By `crid`, and by campaign as `campaign/*`.
    listed: HashMap<String, Approval>,
    /// True if creatives that wait may be bid.
    bid_pending: bool,
}

impl Approvals {
    /// Every creative may be bid.
    #[must_use]
    pub fn everything() -> Self {
        Self::new(Approval::Approved, HashMap::new(), false)
    }

    /// The states in `listed`, by `campaign/creative` or `campaign/*`; `default` for all others.
    #[must_use]
    pub fn new(default: Approval, listed: HashMap<String, Approval>, bid_pending: bool) -> Self {
        Self { default, listed, bid_pending }
    }

    /// The state of `crid` (`campaign/creative`): its own, else its campaign's, else the default.
    #[must_use]
    pub fn of(&self, crid: &str) -> Approval {
        if self.listed.is_empty() {
            return self.default;
        }
        let own = self.listed.get(crid);
        let by_campaign = || {
            // The key is the slug with its slash and a star; slugs are short, so this stays on the stack.
            let slash = crid.find('/')?;
            let mut key = smallvec::SmallVec::<[u8; 72]>::from_slice(&crid.as_bytes()[..=slash]);
            key.push(b'*');
            self.listed.get(core::str::from_utf8(&key).ok()?)
        };
        own.or_else(by_campaign).copied().unwrap_or(self.default)
    }

    /// What is listed, `campaign/creative` or `campaign/*`, in no order.
    pub fn listed(&self) -> impl Iterator<Item = &str> {
        self.listed.keys().map(String::as_str)
    }

    /// True if `crid` may be bid.
    #[must_use]
    pub fn allow(&self, crid: &str) -> bool {
        match self.of(crid) {
            Approval::Approved => true,
            Approval::Pending => self.bid_pending,
            Approval::Refused => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Approval, Approvals};

    fn approvals(default: Approval, bid_pending: bool) -> Approvals {
        let listed = [
            ("spring/mpu", Approval::Approved),
            ("spring/*", Approval::Refused),
            ("autumn/*", Approval::Approved),
            ("autumn/new", Approval::Pending),
        ];
        let listed = listed.map(|(crid, approval)| (crid.to_owned(), approval)).into();
        Approvals::new(default, listed, bid_pending)
    }

    #[test]
    fn a_creative_has_its_own_state_before_its_campaigns() {
        let approvals = approvals(Approval::Pending, false);
        for (crid, want) in [
            ("spring/mpu", Approval::Approved),
            ("spring/sky", Approval::Refused),
            ("autumn/sky", Approval::Approved),
            ("autumn/new", Approval::Pending),
            ("winter/mpu", Approval::Pending),
            ("no slash", Approval::Pending),
        ] {
            assert_eq!(approvals.of(crid), want, "{crid}");
        }
    }

    #[test]
    fn what_waits_is_bid_only_where_the_profile_says_so() {
        assert!(!approvals(Approval::Approved, false).allow("autumn/new"));
        assert!(approvals(Approval::Approved, true).allow("autumn/new"));
        assert!(!approvals(Approval::Approved, true).allow("spring/sky"));
        assert!(Approvals::everything().allow("a/b"));
    }
}
