//! What an impression is worth to the line item of a row, by its modifiers and by the arm that the person is in.

use crate::bidder::Plan;
use crate::bidder::setting::written_segments;
use crate::bidder::snapshot::{PlanRow, comparable};
use crate::campaign::{Arm, Factor};
use crate::targeting::Scene;
use crate::units::{Cpm, UserKey};

impl Plan {
    /// By how much the line item of `row` multiplies its value in `scene` for `subject`: its modifiers and its arm.
    #[must_use]
    pub fn factor(&self, row: usize, scene: &Scene<'_>, subject: Option<&UserKey>) -> Factor {
        if !self.rows[row].modified {
            return Factor::ONE;
        }
        let arm = self.arm(row, subject).map(|arm| arm.multiply);
        Factor::product([self.modifiers.factor(row, scene)].into_iter().chain(arm))
    }

    /// The arm of the line item of `row` that `subject` is in; `None` if it tries nothing, or on nobody who is known.
    #[must_use]
    pub fn arm(&self, row: usize, subject: Option<&UserKey>) -> Option<&Arm> {
        let at = self.rows[row].line_item as usize;
        let arms = &self.catalog.line_items[at].arms;
        if arms.is_empty() {
            return None;
        }
        arms.get(self.experiments.arm(at, subject?)?)
    }

    /// The names of the segments that rules write out, each once. Those of long lists are left out: they are keys of
    /// somebody else's, and no words for people.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        let all = self.catalog.line_items.iter().flat_map(written_segments);
        all.collect::<std::collections::BTreeSet<_>>().into_iter()
    }

    /// True if `subject` is never shown the campaign, an index into the catalog.
    #[must_use]
    pub fn holds_out(&self, campaign: usize, subject: &UserKey) -> bool {
        self.experiments.holds_out(campaign, subject)
    }

    /// What the line item of `row` bids for in `scene` and for `subject`, before its pace, data and tax, in euros; at most
    /// its bound.
    pub(in crate::bidder::snapshot) fn rank(
        &self,
        row: usize,
        scene: &Scene<'_>,
        subject: Option<&UserKey>,
    ) -> Cpm {
        let PlanRow { value, bound, modified, .. } = self.rows[row];
        if !modified {
            return bound;
        }
        let currency = self.campaign(self.line_item(row)).currency;
        comparable(self.factor(row, scene, subject).of(value), currency, &self.rates).min(bound)
    }
}
