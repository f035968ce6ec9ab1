//! What stands of each billed impression after all that was corrected of it: the fold that a new correction is
//! held against, so that nothing is taken back twice.
//!
//! Between the events of the store and [`crate::ledger::Claim`]s. What was added to a whole campaign by hand is a
//! bill like an impression's, under an id of its own. No sum of a bill is ever below zero.

use std::collections::BTreeMap;

use crate::ledger::caps::NO_LINE_ITEM;
use crate::ledger::claim::{Claim, Refusal};
use crate::ledger::event::{BidFacts, Cause, Charge, Correction, Event, EventKind};
use crate::ttf::{Levy, TaxLine};
use crate::units::{BidId, CorrectionId, Femtos, Nanos};

/// One billed impression, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    bid: BidFacts,
    /// What was billed, at the price that adjustments made of it.
    billed: Charge,
    /// Of it, what no credit note and no deduction took back.
    left: Charge,
    impressions: i64,
    /// Of what is left to the exchange, what is not accepted.
    disputed: Nanos,
    /// Given back to the advertiser out of our own.
    refunded: Nanos,
}

/// How much of a bill a correction is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) enum Part {
    /// All that there is room for.
    All,
    /// So much of what there is room for.
    Of(Nanos),
}

/// What one correction changes of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ledger) struct Change {
    pub(in crate::ledger) impressions: i64,
    pub(in crate::ledger) charge: Charge,
    pub(in crate::ledger) budget: Nanos,
    pub(in crate::ledger) disputed: Nanos,
}

impl Bill {
    /// The bill that `event` opens, before any correction; `None` for all other events.
    fn opened_by(event: &Event) -> Option<Self> {
        let (billed, impressions) = match &event.kind {
            EventKind::Impression(charge) => (charge.clone(), 1),
            // It opens with nothing: what it adds is added like any later change.
            EventKind::Correction(added) if event.bid.line_item == NO_LINE_ITEM => {
                (nothing_of(&added.charge), 0)
            }
            _ => return None,
        };
        let (left, nothing) = (billed.clone(), Nanos::ZERO);
        Some(Self { bid: event.bid, billed, left, impressions, disputed: nothing, refunded: nothing })
    }

    /// An empty bill about a whole campaign, under the tax of `frame`.
    pub(in crate::ledger) fn of_campaign(bid: BidFacts, frame: &Charge) -> Self {
        let (billed, left) = (nothing_of(frame), nothing_of(frame));
        Self { bid, billed, left, impressions: 0, disputed: Nanos::ZERO, refunded: Nanos::ZERO }
    }

    /// The bid, and all its dimensions.
    #[must_use]
    pub fn bid(&self) -> &BidFacts {
        &self.bid
    }

    /// What is left of what was billed.
    #[must_use]
    pub fn left(&self) -> &Charge {
        &self.left
    }

    /// True if it is an invoice for data.
    pub(in crate::ledger) fn is_for_data(&self) -> bool {
        self.bid.line_item == NO_LINE_ITEM && self.billed.media == Nanos::ZERO
    }

    /// True if the places that tax it divide what they tax: as it was billed, for what is left may be nothing.
    pub(in crate::ledger) fn is_divided(&self) -> bool {
        self.billed.is_divided()
    }

    /// How many impressions still count: one, or none.
    #[must_use]
    pub fn impressions(&self) -> i64 {
        self.impressions
    }

    /// What the advertiser still owes for it, refunds taken off.
    #[must_use]
    pub fn receivable(&self) -> Femtos {
        [self.left.advertiser_cost(), -self.refunded.to_femtos()].into_iter().sum()
    }

    /// What is disputed of it.
    #[must_use]
    pub fn disputed(&self) -> Nanos {
        self.disputed
    }

    /// What of it is below nothing, and how much that is: no correction that was decided here makes such a bill.
    #[must_use]
    pub fn below_nothing(&self) -> Option<(&'static str, String)> {
        if self.impressions < 0 {
            return Some(("impressions", self.impressions.to_string()));
        }
        let accepted: Femtos = [self.left.media.to_femtos(), -self.disputed.to_femtos()].into_iter().sum();
        let least = |line: fn(&Levy) -> &TaxLine| {
            let bases = self.left.tax.levies().map(|levy| line(&levy).base.to_femtos());
            bases.min().unwrap_or(Femtos::ZERO)
        };
        let amounts = [
            ("media", self.left.media.to_femtos()),
            ("data", self.left.data.to_femtos()),
            ("fee", self.left.fee),
            ("taxed media", least(|levy| &levy.space)),
            ("taxed data", least(|levy| &levy.data)),
            ("disputed media", self.disputed.to_femtos()),
            ("media that is not disputed", accepted),
            ("refunds", self.refunded.to_femtos()),
            ("what the advertiser owes", self.receivable()),
        ];
        let (what, amount) = amounts.into_iter().find(|(_, amount)| *amount < Femtos::ZERO)?;
        Some((what, amount.to_string()))
    }

    /// What of it `cause` may be about at most.
    pub(in crate::ledger) fn room(&self, cause: Cause) -> Nanos {
        match cause {
            Cause::CreditNote | Cause::InvalidTraffic => self.lead(&self.left),
            Cause::Adjustment => self.left.media,
            Cause::DataInvoice => self.left.data,
            Cause::Dispute => self.left.media.saturating_sub(self.disputed),
            Cause::Conceded => self.disputed,
            Cause::Refund => whole_nanos(self.left.advertiser_cost()).saturating_sub(self.refunded),
        }
    }

    /// What a share of the bill is a share of.
    pub(in crate::ledger) fn whole(&self, cause: Cause) -> Nanos {
        match cause {
            Cause::CreditNote | Cause::InvalidTraffic => self.lead(&self.billed),
            Cause::Adjustment | Cause::Dispute | Cause::Conceded | Cause::DataInvoice => self.billed.media,
            Cause::Refund => whole_nanos(self.billed.advertiser_cost()),
        }
    }

    /// What was refunded of it.
    pub(in crate::ledger) fn refunded(&self) -> Nanos {
        self.refunded
    }

    /// True if it is an impression of which `cause` can take anything.
    pub(in crate::ledger) fn has_room(&self, cause: Cause) -> bool {
        match cause {
            Cause::CreditNote | Cause::InvalidTraffic => self.impressions > 0,
            _ => self.bid.line_item != NO_LINE_ITEM && self.room(cause) > Nanos::ZERO,
        }
    }

    /// The amount that the others go with: the price, or that of the data where the place itself was free.
    fn lead(&self, charge: &Charge) -> Nanos {
        if self.billed.media == Nanos::ZERO { charge.data } else { charge.media }
    }

    /// What a correction by `cause` of `part` changes.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if there is less room than `part`, or amounts leave their range.
    pub(in crate::ledger) fn change(&self, cause: Cause, part: Part) -> Result<Change, Refusal> {
        let room = self.room(cause);
        let amount = match part {
            Part::All => room,
            Part::Of(amount) => amount,
        };
        if cause == Cause::Refund && amount < Nanos::ZERO {
            self.check_room(opposite(amount), self.refunded, Cause::Refund)?;
        } else {
            let adds = matches!(cause, Cause::Adjustment | Cause::DataInvoice);
            self.check_room(if adds { opposite(amount) } else { amount }, room, cause)?;
        }
        let untouched = || Change {
            impressions: 0,
            charge: nothing_of(&self.left),
            budget: Nanos::ZERO,
            disputed: Nanos::ZERO,
        };
        match cause {
            Cause::CreditNote | Cause::InvalidTraffic => self.credit(amount, amount == room),
            Cause::Adjustment => self.adjust(amount),
            Cause::DataInvoice => self.invoice(amount, self.is_divided()),
            Cause::Dispute => Ok(Change { disputed: amount, ..untouched() }),
            Cause::Conceded => Ok(Change { disputed: opposite(amount), ..untouched() }),
            Cause::Refund => {
                let mut change = untouched();
                change.charge.media = opposite(amount);
                Ok(change)
            }
        }
    }

    fn check_room(&self, asked: Nanos, left: Nanos, cause: Cause) -> Result<(), Refusal> {
        if asked <= left {
            return Ok(());
        }
        Err(Refusal::MoreThanLeft { cause, asked, left: left.into(), currency: self.bid.currency })
    }

    /// Takes `amount` of the leading amount back, and of all others in proportion; with the last of it everything,
    /// the impression too.
    fn credit(&self, amount: Nanos, is_all: bool) -> Result<Change, Refusal> {
        let whole = self.lead(&self.left);
        let back = |of: i128| if is_all { Some(of) } else { portion(of, amount, whole) };
        let mut charge =
            each(&self.left, |of| back(of).and_then(i128::checked_neg)).ok_or(Refusal::TooLarge)?;
        if self.is_divided() && !is_all {
            divide(&mut charge, &self.left);
        }
        self.changed(if is_all { -self.impressions } else { 0 }, charge)
    }

    /// Changes the price by `amount`: what goes to the exchange, our fee in proportion, the tax on the place. Data and
    /// the count stay.
    fn adjust(&self, amount: Nanos) -> Result<Change, Refusal> {
        // Downwards in proportion to what is left, so that nothing falls below zero; upwards to what was billed.
        let of = if amount < Nanos::ZERO { &self.left } else { &self.billed };
        let mut charge = nothing_of(&self.left);
        charge.media = amount;
        if of.media != Nanos::ZERO {
            let fee = portion(of.fee.raw(), amount, of.media).ok_or(Refusal::TooLarge)?;
            charge.fee = Femtos::from_raw(fee);
        }
        lay(&mut charge, self.is_divided().then_some(of));
        self.changed(0, charge)
    }

    /// Adds `amount` for data, taxed as data is there; where several places divide what they tax, in equal parts.
    pub(in crate::ledger) fn invoice(&self, amount: Nanos, divides: bool) -> Result<Change, Refusal> {
        let mut charge = nothing_of(&self.left);
        charge.data = amount;
        let nothing = nothing_of(&charge);
        lay(&mut charge, divides.then_some(&nothing));
        self.changed(0, charge)
    }

    fn changed(&self, impressions: i64, charge: Charge) -> Result<Change, Refusal> {
        let after = sum(&self.left, &charge).ok_or(Refusal::TooLarge)?;
        if after.advertiser_cost() < self.refunded.to_femtos() {
            let (refunded, currency) = (self.refunded, self.bid.currency);
            return Err(Refusal::Refunded { refunded, owed: after.advertiser_cost(), currency });
        }
        let budget = after.budget_share().checked_sub(self.left.budget_share()).ok_or(Refusal::TooLarge)?;
        // A credit note settles a dispute before anything else.
        let less = opposite(charge.media).max(Nanos::ZERO);
        Ok(Change { impressions, budget, disputed: opposite(less.min(self.disputed)), charge })
    }

    /// Counts a correction in.
    ///
    /// # Panics
    ///
    /// If amounts leave their range, which no correction that was ever booked makes them do.
    pub(in crate::ledger) fn count(&mut self, correction: &Correction) {
        const FITS: &str = "what is left of a bill was checked when it was corrected";
        if correction.cause == Cause::Refund {
            self.refunded = self.refunded.checked_sub(correction.charge.media).expect(FITS);
            return;
        }
        self.left = sum(&self.left, &correction.charge).expect(FITS);
        if matches!(correction.cause, Cause::Adjustment | Cause::DataInvoice) {
            self.billed = sum(&self.billed, &correction.charge).expect(FITS);
        }
        self.impressions += correction.impressions;
        self.disputed = self.disputed.checked_add(correction.disputed).expect(FITS);
    }
}

/// Bills by their bids, and the corrections that are known of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bills {
    bills: BTreeMap<BidId, Bill>,
    corrections: BTreeMap<(CorrectionId, BidId), ()>,
}

impl Bills {
    /// The bills that `events` are about, in any order; the same event twice counts once. Events of other kinds are
    /// passed over.
    #[must_use]
    pub fn of(events: impl IntoIterator<Item = Event>) -> Self {
        let mut bills = Self::default();
        let mut corrections = BTreeMap::new();
        for event in events {
            if let Some(bill) = Bill::opened_by(&event) {
                bills.bills.entry(event.bid.id).or_insert(bill);
            }
            if let EventKind::Correction(correction) = event.kind {
                corrections.insert((correction.id, event.bid.id), correction);
            }
        }
        for ((id, bid), correction) in corrections {
            bills.know(id, bid);
            if let Some(bill) = bills.bills.get_mut(&bid) {
                bill.count(&correction);
            }
        }
        bills
    }

    /// Takes note of a correction that is booked, of a bill that nobody asks for: its id is taken.
    pub fn know(&mut self, correction: CorrectionId, bid: BidId) {
        self.corrections.insert((correction, bid), ());
    }

    /// The bill of a bid.
    #[must_use]
    pub fn get(&self, bid: BidId) -> Option<&Bill> {
        self.bills.get(&bid)
    }

    /// All of them, in the order of their bids.
    pub fn iter(&self) -> impl Iterator<Item = &Bill> {
        self.bills.values()
    }

    /// The corrections that `claim` was booked as before: their ids and bids.
    pub(in crate::ledger) fn booked<'a>(
        &'a self,
        claim: &Claim,
    ) -> impl Iterator<Item = (CorrectionId, BidId)> + use<'a> {
        let (first, last) = claim.name.ids();
        let all = (first, BidId::from_bytes([0; 16]))..=(last, BidId::from_bytes([0xff; 16]));
        self.corrections.range(all).map(|(booked, ())| *booked)
    }

    /// Counts in what was just decided, so that the next claim finds it.
    pub(in crate::ledger) fn take(&mut self, bill: Bill, correction: &Correction) {
        let bid = bill.bid.id;
        self.bills.entry(bid).or_insert(bill).count(correction);
        self.know(correction.id, bid);
    }
}

/// The whole nanos in `sum`, held at the end of the range.
fn whole_nanos(sum: Femtos) -> Nanos {
    nanos(sum.raw().div_euclid(1_000_000)).unwrap_or(Nanos::MAX)
}

fn nanos(raw: i128) -> Option<Nanos> {
    i64::try_from(raw).ok().map(Nanos::from_raw)
}

pub(in crate::ledger) fn opposite(amount: Nanos) -> Nanos {
    Nanos::ZERO.saturating_sub(amount)
}

/// `of * amount / whole`, towards zero, without the product; `None` beyond the range or if `whole` is zero.
fn portion(of: i128, amount: Nanos, whole: Nanos) -> Option<i128> {
    let (amount, whole) = (i128::from(amount.raw()), i128::from(whole.raw()));
    let (times, rest) = (of.checked_div(whole)?, of.checked_rem(whole)?);
    times.checked_mul(amount)?.checked_add(rest * amount / whole)
}

/// `charge` with `change` made of each amount, the tax under the same rates, place and reasons.
fn each(charge: &Charge, change: impl Fn(i128) -> Option<i128>) -> Option<Charge> {
    let of = |amount: Nanos| nanos(change(amount.raw().into())?);
    let line = |line: TaxLine| Some(TaxLine { base: of(line.base)?, ..line });
    let mut changed = charge.clone();
    (changed.media, changed.data) = (of(charge.media)?, of(charge.data)?);
    changed.fee = Femtos::from_raw(change(charge.fee.raw())?);
    (changed.tax.space, changed.tax.data) = (line(charge.tax.space)?, line(charge.tax.data)?);
    for levy in &mut changed.tax.more {
        (levy.space, levy.data) = (line(levy.space)?, line(levy.data)?);
    }
    Some(changed)
}

/// Lays media and data before the places that tax them: all before each, or divided as `like` has them.
fn lay(charge: &mut Charge, like: Option<&Charge>) {
    if let Some(like) = like {
        return divide(charge, like);
    }
    (charge.tax.space.base, charge.tax.data.base) = (charge.media, charge.data);
    for levy in &mut charge.tax.more {
        (levy.space.base, levy.data.base) = (charge.media, charge.data);
    }
}

/// Divides media and data among the places as `like` has them divided, so that no nano is taxed twice or not at all, and
/// no place gives back more than it has.
fn divide(charge: &mut Charge, like: &Charge) {
    let space = parts(charge.media, like.tax.levies().map(|levy| levy.space.base));
    let data = parts(charge.data, like.tax.levies().map(|levy| levy.data.base));
    (charge.tax.space.base, charge.tax.data.base) = (space[0], data[0]);
    for (at, levy) in (1..).zip(&mut charge.tax.more) {
        (levy.space.base, levy.data.base) = (space[at], data[at]);
    }
}

/// `amount` in proportion to `weights`, in whole nanos that sum to it, none further from zero than its exact part
/// rounded away from zero. In equal parts if nothing has weight.
fn parts(amount: Nanos, weights: impl Iterator<Item = Nanos>) -> Vec<Nanos> {
    let mut weights: Vec<Nanos> = weights.collect();
    if weights.iter().all(|&weight| weight == Nanos::ZERO) {
        weights.fill(Nanos::from_raw(1));
    }
    let whole = whole_nanos(weights.iter().map(|weight| weight.to_femtos()).sum());
    let (mut reached, mut given) = (0_i128, 0_i128);
    let next = |weight: Nanos| {
        reached += i128::from(weight.raw());
        let upto = portion(reached, amount, whole).unwrap_or_default();
        let part = upto - given;
        given = upto;
        nanos(part).unwrap_or_default()
    };
    weights.into_iter().map(next).collect()
}

pub(in crate::ledger) fn nothing_of(charge: &Charge) -> Charge {
    each(charge, |_| Some(0)).expect("nothing is within every range")
}

/// Both together, under the tax of the first.
fn sum(charge: &Charge, more: &Charge) -> Option<Charge> {
    let mut sum = charge.clone();
    sum.media = charge.media.checked_add(more.media)?;
    sum.data = charge.data.checked_add(more.data)?;
    sum.fee = charge.fee.checked_add(more.fee)?;
    sum.tax.space.base = charge.tax.space.base.checked_add(more.tax.space.base)?;
    sum.tax.data.base = charge.tax.data.base.checked_add(more.tax.data.base)?;
    // A correction has the places of what it corrects, in their order.
    for (levy, more) in sum.tax.more.iter_mut().zip(&more.tax.more) {
        levy.space.base = levy.space.base.checked_add(more.space.base)?;
        levy.data.base = levy.data.base.checked_add(more.data.base)?;
    }
    // Beyond this no later sum of both and the tax could be told.
    let net = sum.media.checked_add(sum.data)?;
    sum.bearer.budget_share(net, sum.tax.borne(sum.bearer))?;
    Some(sum)
}
