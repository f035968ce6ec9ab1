//! What `explain` says of each line item, as texts and numbers: for the command line and the console.
//!
//! Entered with a request that is parsed and everything that is known of who is behind it. Deliberately absent: where the
//! snapshot comes from; whoever asks for an explanation of a running bidder hands in one that is apart from it.

mod line;
mod text;

use rand::Rng;

pub(in crate::shell) use line::{BIDS, Failing, Line, json};
pub(in crate::shell) use text::{state, summary, text};

use crate::bidder::{Ask, Plan, Snapshot, Then, Verdict, explain};
use crate::campaign::LineItem;

/// What comes of every line item on every impression of `ask`: by impression, the best candidates first.
pub(in crate::shell) fn lines<'a>(
    snapshot: &'a Snapshot,
    ask: &Ask<'a, '_>,
    random: &mut impl Rng,
) -> Vec<Line> {
    let (decision, mut verdicts) = explain(snapshot, ask, random);
    // Those that are equally near stay in the order of value.
    verdicts.sort_by_key(|verdict| {
        let changes = verdict.changes().unwrap_or(usize::MAX);
        (verdict.imp, changes, verdict.then != Some(Then::Bids), verdict.distance())
    });
    let line = |verdict: &Verdict| {
        let line_item = &snapshot.plan.catalog.line_items[verdict.line_item];
        let imp = ask.request.imp[verdict.imp].id.to_owned();
        Line::of(verdict, imp, slug(&snapshot.plan, line_item), &decision)
    };
    verdicts.iter().map(line).collect()
}

/// The names of all line items, as `campaign/line-item`.
pub(in crate::shell) fn slugs(plan: &Plan) -> impl Iterator<Item = String> {
    plan.catalog.line_items.iter().map(|line_item| slug(plan, line_item))
}

fn slug(plan: &Plan, line_item: &LineItem) -> String {
    format!("{}/{}", plan.campaign(line_item).slug, line_item.slug)
}
