//! What a run comes to: passed, failed, or too little seen to say.

use serde::Serialize;

use crate::certify::report::text::count_of;
use crate::certify::report::{Report, Verdict};
use crate::certify::rules_of_bids;

/// Bids below which nothing is said of a bidder: the fixed cases alone ask over a hundred times.
const BIDS_MIN: u64 = 20;
/// The share of the rules of bids that must have been tried, in percent. A bidder of one medium, without deals,
/// tries more.
const TRIED_PERCENT_MIN: usize = 50;
/// Requests that are turned away one after the other before no more are sent.
const TURNED_AWAY_ENOUGH: u64 = 20;

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Enough was tried, and no rule was broken.
    Pass,
    /// A rule was broken.
    Fail,
    /// No rule was broken, and too little was tried.
    Incomplete,
}

impl Report {
    /// What the run comes to.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        if self.lines().iter().any(|line| line.verdict() == Verdict::Fail) {
            Conclusion::Fail
        } else if self.lack().is_some() {
            Conclusion::Incomplete
        } else {
            Conclusion::Pass
        }
    }

    /// What a run without a fault lacks before it certifies anything, as a sentence with what to do about it.
    pub(in crate::certify::report) fn lack(&self) -> Option<String> {
        const HINT: &str = "Give the bidder under test campaigns that take anything, with low floors, and name its \
                            deals with --deal.";
        if self.cut_short {
            return Some(
                "Time was over before all requests were sent. See --limit and --requests.".to_owned(),
            );
        }
        if self.bids == 0 {
            return Some(format!("No bid came at all, so that nothing about bids is certified. {HINT}"));
        }
        if self.bids < BIDS_MIN {
            let bids = count_of(self.bids, "bid");
            return Some(format!("{bids} came, and fewer than {BIDS_MIN} certify nothing. {HINT}"));
        }
        let rules = rules_of_bids();
        let tried = self.lines.iter().filter(|line| line.seen > 0 && rules.contains(&line.rule)).count();
        (tried * 100 < rules.len() * TRIED_PERCENT_MIN).then(|| {
            let all = rules.len();
            format!(
                "{tried} of the {all} rules of bids were tried, and fewer than half certify nothing. {HINT}"
            )
        })
    }

    /// True if every right request so far, and at least 20 of them, was answered with 401 or 403: then nothing was
    /// judged but a lock.
    #[must_use]
    pub fn is_locked_out(&self) -> bool {
        self.turned_away >= TURNED_AWAY_ENOUGH && self.turned_away == self.right_answers
    }

    /// Notes that time was over before all was sent.
    pub fn cut_short(&mut self) {
        self.cut_short = true;
    }
}
