//! What a judge says of one answer: which rules it could hold it to, and which were broken.

use crate::certify::Rule;

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub rule: &'static Rule,
    /// What is wrong, with the value, as a clause.
    pub what: String,
}

/// All that was seen of one answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The rules that this answer was held to, each once, in the order of the judging.
    pub seen: Vec<&'static Rule>,
    /// What is wrong with it. Empty if all is well.
    pub findings: Vec<Finding>,
    /// Bids in the answer.
    pub bids: usize,
}

impl Judgement {
    /// Holds the answer to `rule`: called only where the rule applies.
    pub(in crate::certify) fn must(&mut self, rule: &'static Rule, holds: bool, what: impl Into<String>) {
        if !self.seen.contains(&rule) {
            self.seen.push(rule);
        }
        if !holds {
            self.findings.push(Finding { rule, what: what.into() });
        }
    }

    /// Adds what another judge saw of the same answer.
    pub(in crate::certify) fn extend(&mut self, other: Self) {
        for rule in other.seen {
            if !self.seen.contains(&rule) {
                self.seen.push(rule);
            }
        }
        self.findings.extend(other.findings);
        self.bids += other.bids;
    }
}
