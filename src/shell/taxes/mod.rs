//! The one way from the ledger to a declaration and to a what-if, for the command line and the console alike.
//!
//! Reads beside the server that writes, as of one commit. Deliberately absent: what is owed, which `ttf` knows.

mod what_if;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

pub use what_if::{Residents, WhatIfAsk, what_if};

use crate::ledger::{self, Account, Charge, Digest, Event, EventKind};
use crate::report::Names;
use crate::shell::cli::report::names;
use crate::shell::figures::{self, Question, Section};
use crate::shell::store::{Store, StoreError};
use crate::ttf::{Declaration, Declared, Item, Parties, Period, Reconciled, Scenario, TaxAccount};
use crate::units::{Day, Femtos, ScenarioId, UnixMillis};

/// What is to be declared.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// For which time.
    pub period: Period,
    /// True if each advertiser owes its own.
    pub by_advertiser: bool,
    /// With the rates that were known by the end of this day; else as booked.
    pub as_known: Option<Day>,
    /// True if days that were archived are left out.
    pub without_archives: bool,
}

/// A declaration, and what stands beside it.
#[derive(Debug)]
pub struct Sheet {
    /// Its lines.
    pub declared: Declared,
    /// Its sums against the ledger's own books.
    pub reconciled: Vec<Reconciled>,
    /// The hash of all events of the ledger's days that it is made of; `None` if there are none.
    pub hash: Option<String>,
    /// What people call the ids.
    pub names: Names,
    /// What people call the scenarios.
    pub scenarios: HashMap<ScenarioId, String>,
}

/// The declaration of the ledger in `folder`, whose taxes are among `scenarios`.
///
/// # Errors
///
/// [`StoreError`].
pub fn declare(folder: &Path, scenarios: &[Scenario], ask: &Ask) -> Result<Sheet, StoreError> {
    let mut store = Store::open(folder)?;
    if ask.without_archives {
        store = store.without_archives();
    }
    let restated: Option<Vec<Scenario>> =
        ask.as_known.map(|day| scenarios.iter().map(|scenario| scenario.as_known_at(day)).collect());
    let empty = || Declaration::new(ask.period, scenarios, ask.by_advertiser);
    let question = Question { without_archives: ask.without_archives, ..Question::default() };
    let sections = [Section::Impression, Section::Correction];
    let add = |declaration: &mut Declaration, event: &Event| {
        let Some((charge, impressions)) = charge(event) else { return };
        let of = |scenario: &&Scenario| scenario.id() == charge.tax.scenario;
        let known = restated.as_ref().and_then(|scenarios| scenarios.iter().find(of));
        let tax = known.map(|known| known.restated(&charge.tax, parties(event), tax_point(event)));
        declaration.add(&Item {
            advertiser: event.bid.advertiser,
            campaign: event.bid.campaign,
            currency: event.bid.currency,
            bid_at: event.bid.at,
            told_at: event.at,
            filed: ledger::filed_on(event),
            impressions,
            is_correction: matches!(event.kind, EventKind::Correction(_)),
            assessment: tax.as_ref().unwrap_or(&charge.tax),
            bearer: charge.bearer,
        });
    };
    // As of one commit, so that a bill that comes meanwhile is in both or in neither.
    let (parts, kept) = store.at_once(|| {
        let parts = figures::parts(&store, folder, (&question, &sections), empty, add)?;
        Ok((parts, store.kept()?))
    })?;
    let mut declaration = empty();
    parts.iter().for_each(|part| declaration.merge(part));
    let declared = declaration.finish();
    let mut booked: BTreeMap<TaxAccount, Femtos> = BTreeMap::new();
    for ((account, currency), balance) in kept.sums.balances() {
        if let Account::Tax(jurisdiction) = account {
            // What we owe is a credit.
            booked.insert((jurisdiction, currency), -balance);
        }
    }
    Ok(Sheet {
        reconciled: declared.reconcile(&booked),
        hash: declared.filed.map(|(first, last)| hash(kept.sums.days(), first, last)),
        declared,
        names: names(&store)?,
        scenarios: slugs(scenarios),
    })
}

/// What people call the scenarios.
pub(in crate::shell) fn slugs(scenarios: &[Scenario]) -> HashMap<ScenarioId, String> {
    let own = scenarios.iter().map(|scenario| (scenario.id(), scenario.slug().to_owned()));
    own.chain([(Scenario::NONE, "none".to_owned())]).collect()
}

/// The charge of an event that moves tax, and the impressions that it counts.
pub(in crate::shell) fn charge(event: &Event) -> Option<(&Charge, i64)> {
    match &event.kind {
        EventKind::Impression(charge) => Some((charge, 1)),
        EventKind::Correction(correction) if correction.cause.changes_cost() => {
            Some((&correction.charge, correction.impressions))
        }
        _ => None,
    }
}

/// Whose purchase an event is about.
pub(in crate::shell) fn parties(event: &Event) -> Parties {
    let bid = &event.bid;
    Parties {
        advertiser: bid.advertiser,
        campaign: bid.campaign,
        exchange: bid.exchange,
        publisher: bid.setting.publisher,
    }
}

/// When the tax is due that an event is about. A correction is about what was billed then, and of that only the bid's
/// time is known: minutes before.
pub(in crate::shell) fn tax_point(event: &Event) -> UnixMillis {
    if matches!(event.kind, EventKind::Impression(_)) { event.at } else { event.bid.at }
}

/// The hash of the digests of all days from `first` to `last`: day, count and sum of each that has events, in order.
fn hash(days: &BTreeMap<Day, Digest>, first: Day, last: Day) -> String {
    let mut hash = blake3::Hasher::new();
    for (day, digest) in days.range(first..=last) {
        hash.update(&day.raw().to_le_bytes());
        hash.update(&digest.events.to_le_bytes());
        hash.update(&digest.sum.to_le_bytes());
    }
    hash.finalize().to_hex().to_string()
}
