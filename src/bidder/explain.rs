//! The decision's twin: the same [`decide`], with a witness, and for the line items that it never looked
//! at the rules that kept them out.

use rand::Rng;

use crate::bidder::hint::{asleep_hint, hint};
use crate::bidder::offer::Market;
use crate::bidder::snapshot::Asleep;
use crate::bidder::trial::{Then, Trial};
use crate::bidder::{Ask, Chosen, Decision, NoBidReason, Snapshot, Witness, decide};
use crate::campaign::{Factor, LineItem};
use crate::openrtb::Imp;
use crate::pricing::Steps;
use crate::targeting::{Explanation, Names, Scene, changed, explanation};

/// What one line item does on one impression.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Index into the request's impressions.
    pub imp: usize,
    /// Index into the catalog's line items.
    pub line_item: usize,
    /// By how much its modifiers and its arm multiply its value here.
    pub factor: Factor,
    /// The arm of the line item that the person is in, as written in `id`.
    pub arm: Option<String>,
    /// What it does.
    pub outcome: Outcome,
    /// How its price was worked out; empty if nobody came that far.
    pub steps: Steps,
    /// What would help against what its targeting does not say, now or then: a price, a budget, a block. The changes
    /// of its targeting are in the outcome.
    pub hint: Option<String>,
    /// What it would do after a single change of its targeting or deals, if that is all it takes to fit: tried with
    /// the same decision.
    pub then: Option<Then>,
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

    /// How far the changes of its targeting are, to order those of equally many: less is nearer.
    #[must_use]
    pub fn distance(&self) -> u32 {
        match &self.outcome {
            Outcome::Bids(_) | Outcome::Declined(_) => 0,
            Outcome::Untargeted(why) | Outcome::Asleep(_, why) => why.distance,
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
        let view = View { market, scene: &scene, names: &names, decision: &decision, seen: &seen };
        let mut of_imp: Vec<Verdict> = (0..plan.rows.len()).map(|row| view.verdict(at, row)).collect();
        try_out(&view, &mut of_imp, random);
        verdicts.append(&mut of_imp);
    }
    (decision, verdicts)
}

/// One impression, and what the decision did on it.
struct View<'v, 'a, 'u> {
    market: Market<'a, 'u, 'v>,
    scene: &'v Scene<'v>,
    names: &'v Names,
    decision: &'v Decision<'a>,
    seen: &'v Seen,
}

impl View<'_, '_, '_> {
    fn verdict(&self, at: usize, row: usize) -> Verdict {
        let Market { snapshot, ask, imp, .. } = self.market;
        let plan = &snapshot.plan;
        let (line_item, item) = (plan.rows[row].line_item as usize, plan.line_item(row));
        let subject = ask.subject();
        let factor = plan.factor(row, self.scene, subject.as_ref());
        let arm = plan.arm(row, subject.as_ref()).map(|arm| arm.slug.clone());
        let won = |chosen: &Chosen<'_>| chosen.imp.id == imp.id && chosen.row == row;
        let outcome = match (self.decision.bids.iter().position(won), self.seen.of(imp, line_item)) {
            (Some(bid), _) => Outcome::Bids(bid),
            (None, Some(reason)) => Outcome::Declined(reason),
            (None, None) => {
                let why = explanation(&plan.catalog, item, self.names, self.scene);
                match snapshot.asleep(row, ask.now) {
                    Some(asleep) => Outcome::Asleep(asleep, why),
                    None if why.failures.is_empty() && factor == Factor::ZERO => {
                        Outcome::Declined(NoBidReason::MultipliedByZero)
                    }
                    None if why.failures.is_empty() => Outcome::Declined(unlooked(self.decision)),
                    None => Outcome::Untargeted(why),
                }
            }
        };
        let hint = match &outcome {
            Outcome::Declined(reason) => self.hint(row, *reason),
            Outcome::Asleep(asleep, _) => Some(asleep_hint(plan.campaign(item), item, *asleep, ask.now)),
            Outcome::Bids(_) | Outcome::Untargeted(_) => None,
        };
        let steps = self.seen.steps(imp, line_item);
        Verdict { imp: at, line_item, factor, arm, outcome, steps, hint, then: None }
    }

    fn hint(&self, row: usize, reason: NoBidReason) -> Option<String> {
        let imp = self.market.imp;
        let rivals = self.decision.bids.iter().filter(|chosen| chosen.imp.id == imp.id);
        hint(&self.market, (row, self.scene), reason, rivals)
    }
}

/// Tries the changes of those that one change makes fit. `verdicts` are of all rows, in order.
fn try_out(view: &View<'_, '_, '_>, verdicts: &mut [Verdict], random: &mut impl Rng) {
    let Market { snapshot, ask, imp, .. } = view.market;
    let catalog = &snapshot.plan.catalog;
    let edited = |verdict: &Verdict| -> Option<LineItem> {
        let Outcome::Untargeted(why) = &verdict.outcome else { return None };
        let edits = why.smallest().filter(|edits| edits.len() == 1)?;
        changed(catalog, &catalog.line_items[verdict.line_item], &edits)
    };
    let edited: Vec<(usize, LineItem)> =
        verdicts.iter().enumerate().filter_map(|(row, verdict)| Some((row, edited(verdict)?))).collect();
    if edited.is_empty() {
        return;
    }
    let rows: Vec<usize> = edited.iter().map(|(row, _)| *row).collect();
    let items = edited.into_iter().map(|(row, item)| (verdicts[row].line_item, item));
    let mut trial = Trial::new(snapshot, items);
    for row in rows {
        let then = trial.tried(row, imp, ask, view.decision, random);
        if let Then::Declined(reason) = then {
            verdicts[row].hint = view.hint(row, reason);
        }
        verdicts[row].then = Some(then);
    }
}

/// Why a line item that fits was not looked at: the search had ended, or never began.
pub(in crate::bidder) fn unlooked(decision: &Decision<'_>) -> NoBidReason {
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

/// Every line item that was declined.
#[derive(Default)]
pub(in crate::bidder) struct Seen {
    /// Imp id, line item, reason.
    declined: Vec<(String, usize, NoBidReason)>,
    /// Imp id, line item, the steps of its price.
    priced: Vec<(String, usize, Steps)>,
}

impl Seen {
    /// Why `line_item` was declined on `imp`, if it was.
    pub(in crate::bidder) fn of(&self, imp: &Imp<'_>, line_item: usize) -> Option<NoBidReason> {
        let of_both = |(id, item, _): &&(String, usize, NoBidReason)| *id == imp.id && *item == line_item;
        self.declined.iter().find(of_both).map(|(.., reason)| *reason)
    }

    /// How the last price of `line_item` on `imp` was worked out.
    fn steps(&self, imp: &Imp<'_>, line_item: usize) -> Steps {
        let of_both = |(id, item, _): &&(String, usize, Steps)| *id == imp.id && *item == line_item;
        self.priced.iter().rfind(of_both).map(|(.., steps)| *steps).unwrap_or_default()
    }
}

impl Witness for Seen {
    fn declined(&mut self, imp: &Imp<'_>, line_item: usize, reason: NoBidReason) {
        self.declined.push((imp.id.to_owned(), line_item, reason));
    }

    fn priced(&mut self, imp: &Imp<'_>, line_item: usize, steps: &Steps) {
        self.priced.push((imp.id.to_owned(), line_item, *steps));
    }
}
