//! Double entry: what each event moves between which accounts.

use std::collections::{BTreeMap, HashSet};

use crate::ledger::caps::{BudgetAccount, LeaseMove, Movement, Quantity, lease_movements, movements};
use crate::ledger::event::{Cause, Charge, Correction, Event, EventKey, EventKind};
use crate::ttf::Jurisdiction;
use crate::units::{CampaignId, Currency, Epoch, ExchangeId, Femtos, Nanos};

/// Where money stands, from encan's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Owed by the advertiser of a campaign.
    Receivable(CampaignId),
    /// Owed to an exchange for ad space.
    Media(ExchangeId),
    /// The same, of impressions billed after their reservation had expired.
    Late(ExchangeId),
    /// Billed by an exchange, and not accepted.
    Disputed(ExchangeId),
    /// Owed for segments.
    Data,
    /// Earned.
    Fees,
    /// Owed to a jurisdiction.
    Tax(Option<Jurisdiction>),
    /// Tax that we bear.
    TaxAbsorbed,
    /// Given back to advertisers out of our own.
    Refunds,
}

/// One line: positive is a debit, negative a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Which account.
    pub account: Account,
    /// Of which currency.
    pub currency: Currency,
    /// Debit if positive.
    pub amount: Femtos,
}

/// The entries of one event; none for an event that moves no money.
///
/// # Panics
///
/// If debits and credits differ, which is a fault of ours: a stopped bidder costs less than wrong books.
#[must_use]
pub fn entries(event: &Event) -> Vec<Entry> {
    let entries = match &event.kind {
        EventKind::Impression(charge) => charged(event, charge, Nanos::ZERO),
        EventKind::Correction(correction) => corrected(event, correction),
        _ => return Vec::new(),
    };
    let sum: Femtos = entries.iter().map(|entry| entry.amount).sum();
    assert_eq!(sum, Femtos::ZERO, "debits equal credits for bid {}", event.bid.id);
    entries
}

/// What a charge moves, of whose media `disputed` is not accepted.
fn charged(event: &Event, charge: &Charge, disputed: Nanos) -> Vec<Entry> {
    let (currency, exchange) = (event.bid.currency, event.bid.exchange);
    let line = |account, amount| Entry { account, currency, amount };
    let (media, data) = (charge.media.to_femtos(), charge.data.to_femtos());
    let disputed = disputed.to_femtos();
    let accepted: Femtos = [media, -disputed].into_iter().sum();
    let (borne, absorbed) = (charge.tax.borne(charge.bearer), charge.tax.absorbed(charge.bearer));
    let billed = [media, data, charge.fee, borne].into_iter().sum();
    let mut entries = vec![
        line(Account::Receivable(event.bid.campaign), billed),
        line(Account::TaxAbsorbed, absorbed),
        line(if charge.late { Account::Late(exchange) } else { Account::Media(exchange) }, -accepted),
        line(Account::Disputed(exchange), -disputed),
        line(Account::Data, -data),
        line(Account::Fees, -charge.fee),
    ];
    entries.extend(charge.tax.levies().map(|levy| line(Account::Tax(levy.place.jurisdiction), -levy.tax())));
    entries.retain(|entry| entry.amount != Femtos::ZERO);
    entries
}

/// A refund leaves what we owe to others as it is; a dispute moves it, and has no charge; the rest changes the cost.
fn corrected(event: &Event, correction: &Correction) -> Vec<Entry> {
    if correction.cause != Cause::Refund {
        return charged(event, &correction.charge, correction.disputed);
    }
    let (currency, amount) = (event.bid.currency, correction.charge.media.to_femtos());
    vec![
        Entry { account: Account::Receivable(event.bid.campaign), currency, amount },
        Entry { account: Account::Refunds, currency, amount: -amount },
    ]
}

/// Whether an event was news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Booked.
    New,
    /// Known: nothing changed.
    Duplicate,
}

/// Books in memory: balances as a fold over distinct events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    seen: HashSet<EventKey>,
    seen_moves: HashSet<(Epoch, u64)>,
    balances: BTreeMap<(Account, Currency), Femtos>,
    budgets: BTreeMap<BudgetAccount, Quantity>,
}

impl Ledger {
    /// Books `event` once: the second time nothing changes, and any order gives the same balances.
    ///
    /// # Panics
    ///
    /// If debits and credits differ before or after, or beyond 10^23 units: faults of ours.
    pub fn apply(&mut self, event: &Event) -> Applied {
        if !self.seen.insert(event.key()) {
            return Applied::Duplicate;
        }
        self.assert_balanced();
        for entry in entries(event) {
            let balance = self.balances.entry((entry.account, entry.currency)).or_default();
            *balance = balance.checked_add(entry.amount).expect("a balance fits in 128 bits");
        }
        self.move_budgets(&movements(event));
        self.assert_balanced();
        Applied::New
    }

    /// Books a change of a lease, once.
    ///
    /// # Panics
    ///
    /// As [`Ledger::apply`].
    pub fn apply_lease(&mut self, change: &LeaseMove) -> Applied {
        if !self.seen_moves.insert((change.epoch, change.number)) {
            return Applied::Duplicate;
        }
        self.move_budgets(&lease_movements(change));
        self.assert_balanced();
        Applied::New
    }

    /// The balance of a budget's account; zero if nothing was ever moved there.
    #[must_use]
    pub fn budget(&self, account: BudgetAccount) -> Quantity {
        self.budgets.get(&account).copied().unwrap_or_default()
    }

    /// Every budget's account that something was ever moved on, in their order.
    pub fn budgets(&self) -> impl Iterator<Item = (BudgetAccount, Quantity)> {
        self.budgets.iter().map(|(account, balance)| (*account, *balance))
    }

    /// Every account of money that something was ever moved on, in their order.
    pub fn balances(&self) -> impl Iterator<Item = ((Account, Currency), Femtos)> {
        self.balances.iter().map(|(account, balance)| (*account, *balance))
    }

    fn move_budgets(&mut self, movements: &[Movement]) {
        for movement in movements {
            let balance = self.budgets.entry(movement.account).or_default();
            let sum = balance.raw().checked_add(movement.quantity.raw());
            *balance = Quantity::from_raw(sum.expect("a budget's balance fits in 64 bits"));
        }
    }

    /// The balance of an account; a debit is positive.
    #[must_use]
    pub fn balance(&self, account: Account, currency: Currency) -> Femtos {
        self.balances.get(&(account, currency)).copied().unwrap_or_default()
    }

    fn assert_balanced(&self) {
        let sum: Femtos = self.balances.values().copied().sum();
        assert_eq!(sum, Femtos::ZERO, "debits equal credits");
        let sum: i128 = self.budgets.values().map(|balance| i128::from(balance.raw())).sum();
        assert_eq!(sum, 0, "debits equal credits in the budgets");
    }
}
