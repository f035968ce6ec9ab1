//! Double entry: what each event moves between which accounts.

use std::collections::{BTreeMap, HashSet};

use crate::ledger::event::{Charge, Event, EventKey, EventKind};
use crate::ttf::Jurisdiction;
use crate::units::{CampaignId, Currency, ExchangeId, Femtos};

/// Where money stands, from encan's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Owed by the advertiser of a campaign.
    Receivable(CampaignId),
    /// Owed to an exchange for ad space.
    Media(ExchangeId),
    /// Owed for segments.
    Data,
    /// Earned.
    Fees,
    /// Owed to a jurisdiction.
    Tax(Option<Jurisdiction>),
    /// Tax that we bear.
    TaxAbsorbed,
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
    let EventKind::Impression(charge) = &event.kind else { return Vec::new() };
    let entries = impression(event, charge);
    let sum: Femtos = entries.iter().map(|entry| entry.amount).sum();
    assert_eq!(sum, Femtos::ZERO, "debits equal credits for bid {}", event.bid.id);
    entries
}

fn impression(event: &Event, charge: &Charge) -> Vec<Entry> {
    let currency = event.bid.currency;
    let line = |account, amount| Entry { account, currency, amount };
    let (media, data) = (charge.media.to_femtos(), charge.data.to_femtos());
    let tax = charge.tax.tax();
    let net: Femtos = [media, data, charge.fee].into_iter().sum();
    let (billed, absorbed) = if charge.bearer.advertiser_pays() {
        ([net, tax].into_iter().sum(), Femtos::ZERO)
    } else {
        (net, tax)
    };
    let mut entries = vec![
        line(Account::Receivable(event.bid.campaign), billed),
        line(Account::TaxAbsorbed, absorbed),
        line(Account::Media(event.bid.exchange), -media),
        line(Account::Data, -data),
        line(Account::Fees, -charge.fee),
        line(Account::Tax(charge.tax.place.jurisdiction), -tax),
    ];
    entries.retain(|entry| entry.amount != Femtos::ZERO);
    entries
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
    balances: BTreeMap<(Account, Currency), Femtos>,
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
        self.assert_balanced();
        Applied::New
    }

    /// The balance of an account; a debit is positive.
    #[must_use]
    pub fn balance(&self, account: Account, currency: Currency) -> Femtos {
        self.balances.get(&(account, currency)).copied().unwrap_or_default()
    }

    fn assert_balanced(&self) {
        let sum: Femtos = self.balances.values().copied().sum();
        assert_eq!(sum, Femtos::ZERO, "debits equal credits");
    }
}
