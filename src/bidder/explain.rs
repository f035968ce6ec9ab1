//! The decision's twin: the same [`decide`], with a witness, and for the line items that it never looked
//! at the rules that kept them out.

use rand::Rng;

use crate::bidder::snapshot::Asleep;
use crate::bidder::{Ask, Decision, NoBidReason, Snapshot, Witness, decide};
use crate::campaign::Factor;
use crate::openrtb::Imp;
use crate::targeting::{Failure, failures};

/// What one line item does on one impression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Index into the request's impressions.
    pub imp: usize,
    /// Index into the catalog's line items.
    pub line_item: usize,
    /// By how much its modifiers multiply its value here.
    pub factor: Factor,
    /// What it does.
    pub outcome: Outcome,
}

/// Bid, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It bids: an index into [`Decision::bids`].
    Bids(usize),
    /// It was not live: nobody looked at its targeting. Its failing rules are told all the same.
    Asleep(Asleep, Vec<Failure>),
    /// These rules of its targeting fail.
    Untargeted(Vec<Failure>),
    /// It was looked at, and declined.
    Declined(NoBidReason),
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
    let mut scene = ask.scene(plan);
    let mut verdicts = Vec::with_capacity(ask.request.imp.len() * plan.rows.len());
    for (at, imp) in ask.request.imp.iter().enumerate() {
        scene.look_at(imp);
        for (row, plan_row) in plan.rows.iter().enumerate() {
            let line_item = plan_row.line_item as usize;
            let won = decision.bids.iter().position(|chosen| {
                chosen.imp.id == imp.id && chosen.line_item.id == plan.catalog.line_items[line_item].id
            });
            let declined = seen.declined.iter().find(|(id, item, _)| *id == imp.id && *item == line_item);
            let factor = plan.factor(row, &scene);
            let outcome = match (won, declined) {
                (Some(bid), _) => Outcome::Bids(bid),
                (None, Some((_, _, reason))) => Outcome::Declined(*reason),
                (None, None) => {
                    let failures = failures(&plan.catalog, &plan.catalog.line_items[line_item], &scene);
                    match snapshot.asleep(row, ask.now) {
                        Some(asleep) => Outcome::Asleep(asleep, failures),
                        None if failures.is_empty() && factor == Factor::ZERO => {
                            Outcome::Declined(NoBidReason::MultipliedByZero)
                        }
                        None if failures.is_empty() => Outcome::Declined(unlooked(&decision)),
                        None => Outcome::Untargeted(failures),
                    }
                }
            };
            verdicts.push(Verdict { imp: at, line_item, factor, outcome });
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

impl Witness for Seen {
    fn declined(&mut self, imp: &Imp<'_>, line_item: usize, reason: NoBidReason) {
        self.declined.push((imp.id.to_owned(), line_item, reason));
    }
}
