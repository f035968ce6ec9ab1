//! Accounts and caps in words: names instead of ids, where the ledger knows them.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;

use crate::ledger::{Account, CapKey, Level, Measure, Quantity, Window};
use crate::report::Names;
use crate::ttf::Jurisdiction;
use crate::units::{Hour, Nanos};

fn name<K: Eq + Hash + Display>(names: &HashMap<K, String>, id: &K) -> String {
    names.get(id).cloned().unwrap_or_else(|| id.to_string())
}

/// The account's kind, and whose it is.
pub(super) fn account(account: Account, names: &Names) -> (&'static str, String) {
    match account {
        Account::Receivable(campaign) => ("receivable", name(&names.campaigns, &campaign)),
        Account::Media(exchange) => ("media", name(&names.exchanges, &exchange)),
        Account::Late(exchange) => ("late", name(&names.exchanges, &exchange)),
        Account::Disputed(exchange) => ("disputed", name(&names.exchanges, &exchange)),
        Account::Data => ("data", String::new()),
        Account::Fees => ("fees", String::new()),
        Account::Tax(place) => ("tax", place.as_ref().map_or("nowhere", Jurisdiction::code).to_owned()),
        Account::TaxAbsorbed => ("tax_absorbed", String::new()),
        Account::Refunds => ("refunds", String::new()),
    }
}

/// What holds a cap: its kind and its name.
pub(super) fn holder(level: Level, names: &Names) -> (&'static str, String) {
    match level {
        Level::Campaign(campaign) => ("campaign", name(&names.campaigns, &campaign)),
        Level::LineItem(line_item) => ("line_item", name(&names.line_items, &line_item)),
    }
}

/// Over which time a cap counts: `total`, a day, or the start of an hour in UTC.
pub(super) fn window(window: Window) -> String {
    match window {
        Window::Total => "total".to_owned(),
        Window::Day(day) => day.to_string(),
        Window::Hour(hour) => start(hour),
    }
}

fn start(hour: Hour) -> String {
    let start = jiff::Timestamp::from_millisecond(hour.start().raw()).unwrap_or_default();
    start.strftime("%Y-%m-%dT%HZ").to_string()
}

/// What a cap counts.
pub(super) const fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Money => "money",
        Measure::Impressions => "impressions",
        Measure::Clicks => "clicks",
    }
}

/// A cap in one line.
pub(super) fn cap(cap: CapKey, names: &Names) -> String {
    let (kind, name) = holder(cap.level, names);
    format!("{} of {kind} `{name}`, {}", measure(cap.measure), window(cap.window))
}

/// So much of what a cap counts.
pub(super) fn quantity(measure: Measure, quantity: Quantity) -> String {
    match measure {
        Measure::Money => Nanos::from_raw(quantity.raw()).to_string(),
        Measure::Impressions | Measure::Clicks => quantity.raw().to_string(),
    }
}
