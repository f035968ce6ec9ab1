//! The decision's twin: the same [`decide`], with a witness, and for the line items that it never looked
//! at the rules that kept them out.

use rand::Rng;

use crate::bidder::hint::{asleep_hint, hint};
use crate::bidder::offer::Market;
use crate::bidder::snapshot::Asleep;
use crate::bidder::{Ask, Decision, NoBidReason, Snapshot, Witness, decide};
use crate::openrtb::Imp;
use crate::targeting::{Explanation, Names, explanation};

/// What one line item does on one impression.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Index into the request's impressions.
    pub imp: usize,
    /// Index into the catalog's line items.
    pub line_item: usize,
    /// What it does.
    pub outcome: Outcome,
    /// What would help against what its targeting does not say: a price, a budget, a block. The changes of its
    /// targeting are in the outcome.
    pub hint: Option<String>,
}

/// Bid, or why not.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It bids: an index into [`Decision::bids`].
    Bids(usize),
    /// It was not live: nobody looked at its targeting, which is told all the same.
    Asleep(Asleep, Explanation),
    /// Its targeting fails.
    Untargeted(Explanation),
    /// It was looked at, and declined.
    Declined(NoBidReason),
}

impl Verdict {
    /// How many changes it takes at least until it bids, or is declined for something else; `None` if no change
    /// of the line item helps. 0 exactly if it bids.
    #[must_use]
    pub fn changes(&self) -> Option<usize> {
        match &self.outcome {
            Outcome::Bids(_) => Some(0),
            Outcome::Declined(_) => self.hint.is_some().then_some(1),
            Outcome::Untargeted(why) => why.smallest().map(|edits| edits.len()),
            Outcome::Asleep(_, why) => why.smallest().map(|edits| edits.len() + 1),
        }
    }
}

/// Decides, and says of every line item and impression what came of it, best value first.
///
/// The decision's reservations are made as always: give them back, or use a book of your own.
pub fn explain<'a>(
    snapshot: &'a Snapshot,
    ask: &Ask<'a, '_>,
    random: &mut impl Rng,
) -> (Decision<'a>, Vec<Verdict>) {
    let mut seen = Seen::default();
    let decision = decide(snapshot, ask, random, &mut seen);
    let plan = &snapshot.plan;
    let slugs = plan.exchanges.iter().map(|exchange| exchange.slug.as_str());
    let names = Names::of(&plan.catalog).with_exchanges(slugs);
    let mut scene = ask.scene(plan);
    let mut verdicts = Vec::with_capacity(ask.request.imp.len() * plan.rows.len());
    for (at, imp) in ask.request.imp.iter().enumerate() {
        scene.look_at(imp);
        let market = Market { snapshot, ask, imp, currency: decision.currency };
        for (row, plan_row) in plan.rows.iter().enumerate() {
            let line_item = plan_row.line_item as usize;
            let item = &plan.catalog.line_items[line_item];
            let won = decision
                .bids
                .iter()
                .position(|chosen| chosen.imp.id == imp.id && chosen.line_item.id == item.id);
            let outcome = match (won, seen.of(imp, line_item)) {
                (Some(bid), _) => Outcome::Bids(bid),
                (None, Some(reason)) => Outcome::Declined(reason),
                (None, None) => {
                    let why = explanation(&plan.catalog, item, &names, &scene);
                    match snapshot.asleep(row, ask.now) {
                        Some(asleep) => Outcome::Asleep(asleep, why),
                        None if why.failures.is_empty() => Outcome::Declined(unlooked(&decision)),
                        None => Outcome::Untargeted(why),
                    }
                }
            };
            let hint = match &outcome {
                Outcome::Declined(reason) => {
                    let rivals = decision.bids.iter().filter(|chosen| chosen.imp.id == imp.id);
                    hint(&market, item, *reason, rivals)
                }
                Outcome::Asleep(asleep, _) => Some(asleep_hint(plan.campaign(item), item, *asleep, ask.now)),
                Outcome::Bids(_) | Outcome::Untargeted(_) => None,
            };
            verdicts.push(Verdict { imp: at, line_item, outcome, hint });
        }
    }
    (decision, verdicts)
}

/// Why a line item that fits was not looked at: the search had ended, or never began.
fn unlooked(decision: &Decision<'_>) -> NoBidReason {
    match decision.reason {
        refused @ (NoBidReason::ExchangeNotReady
        | NoBidReason::CurrencyUnknown
        | NoBidReason::SeatRefused
        | NoBidReason::PrivacyRefuses(_)
        | NoBidReason::SupplyRefused(_)
        | NoBidReason::MultipliedElsewhere
        | NoBidReason::NotSecure)
            if decision.bids.is_empty() =>
        {
            refused
        }
        _ => NoBidReason::Outbid,
    }
}

#[derive(Default)]
struct Seen {
    /// Imp id, line item, reason.
    declined: Vec<(String, usize, NoBidReason)>,
}

impl Seen {
    /// Why `line_item` was declined on `imp`, if it was.
    fn of(&self, imp: &Imp<'_>, line_item: usize) -> Option<NoBidReason> {
        let of_both = |(id, item, _): &&(String, usize, NoBidReason)| *id == imp.id && *item == line_item;
        self.declined.iter().find(of_both).map(|(.., reason)| *reason)
    }
}

impl Witness for Seen {
    fn declined(&mut self, imp: &Imp<'_>, line_item: usize, reason: NoBidReason) {
        self.declined.push((imp.id.to_owned(), line_item, reason));
    }
}
