//! A campaign's caps: what is used, reserved and leased of each, and what is left.

use maud::{Markup, html};

use crate::budget::Cap;
use crate::ledger::{CapKey, Level, Measure, Quantity, Window};
use crate::page::{Cell, Column, Grid, Line};
use crate::shell::console::campaign::Look;
use crate::units::{Hour, Nanos, Ratio};

/// Caps in the table.
const CAPS_MAX: usize = 80;

/// The section.
#[must_use]
pub(in crate::shell::console) fn section(look: &Look<'_>) -> Markup {
    let view = look.view;
    let (ids, hour) = (look.item_ids(), Hour::of(view.now));
    let day = look.today.as_ref().map(|today| today.day);
    let is_now = |window: Window| match window {
        Window::Total => true,
        Window::Day(of) => Some(of) == day,
        Window::Hour(of) => of == hour,
    };
    let is_own = |key: &CapKey| {
        is_now(key.window)
            && match key.level {
                Level::Campaign(id) => id == look.campaign.id,
                Level::LineItem(id) => ids.contains(&id),
            }
    };
    let mut caps = look.service.book.caps(is_own);
    caps.retain(|cap| cap.limit() != Quantity::MAX || matches!(cap.key().level, Level::Campaign(_)));
    // The campaign's first, then by line item; money before counts; the day before the flight.
    caps.sort_by_key(|cap| {
        let key = cap.key();
        (!matches!(key.level, Level::Campaign(_)), key.level, key.measure, std::cmp::Reverse(key.window))
    });
    let soft = caps.iter().any(|cap| cap.is_soft());
    let grid = Grid {
        caption: view.say("Budgets and leases", "Budgets et allocations").to_owned(),
        columns: vec![
            Column::name(view.say("Budget", "Budget")),
            Column::number(view.say("Limit", "Limite")),
            Column::number(view.say("Used", "Utilisé")),
            Column::number(view.say("Reserved", "Réservé"))
                .noted(view.say("by bids that are out", "par les enchères en cours")),
            Column::number(view.say("Leased", "Alloué")).noted(view.say("to this process", "à ce processus")),
            Column::number(view.say("Left", "Reste")),
        ],
        lines: caps.iter().take(CAPS_MAX).map(|cap| line(look, cap)).collect(),
        totals: Vec::new(),
    };
    html! {
        h2 id="budget-h" { (view.say("Budget and pace", "Budget et rythme")) }
        p {
            (view.say("Pacing:", "Rythme\u{a0}:")) " " (look.campaign.pacing.word())
            @if look.campaign.pooled { ", " (view.say("pooled with the advertiser’s other campaigns", "mis en commun avec les autres campagnes de l’annonceur")) }
            @if soft { ". " (view.say("The budget is soft: it can be passed a little.", "Le budget est souple\u{a0}: il peut être légèrement dépassé.")) }
        }
        (grid.render())
    }
}

fn line(look: &Look<'_>, cap: &Cap) -> Line {
    let (view, key) = (look.view, cap.key());
    let written = |quantity: Quantity| match key.measure {
        _ if quantity == Quantity::MAX => "–".to_owned(),
        Measure::Money => view.money(Nanos::from_raw(quantity.raw()), look.campaign.currency),
        Measure::Impressions | Measure::Clicks => view.forms.count(quantity.raw()),
    };
    let (limit, used) = (cap.limit(), cap.used().plus(cap.elsewhere()));
    let committed = cap.committed();
    let reserved = committed.minus(used).max(Quantity::ZERO);
    let left = if limit == Quantity::MAX { limit } else { limit.minus(committed).max(Quantity::ZERO) };
    let share = Ratio::new(used.raw().into(), limit.raw().into()).filter(|_| limit != Quantity::MAX);
    let leased = cap.leased().filter(|_| limit != Quantity::MAX);
    let what = match key.measure {
        Measure::Money => view.say("money", "argent"),
        Measure::Impressions => "impressions",
        Measure::Clicks => view.say("clicks", "clics"),
    };
    let window = match key.window {
        Window::Total => view.say("whole flight", "toute la campagne"),
        Window::Day(_) => view.say("today", "aujourd’hui"),
        Window::Hour(_) => view.say("this hour", "cette heure"),
    };
    let whose = match key.level {
        Level::Campaign(_) => view.say("Campaign", "Campagne").to_owned(),
        Level::LineItem(id) => {
            let item = look.items().find(|(_, item)| item.id == id);
            item.map_or_else(|| id.to_string(), |(_, item)| item.name.clone())
        }
    };
    [
        Cell::from(whose).noted(format!("{what}, {window}")),
        Cell::from(written(limit)),
        Cell::from(written(used)).noted(share.map(|share| view.forms.percent(share, 1)).unwrap_or_default()),
        Cell::from(written(reserved)),
        Cell::from(leased.map(written).unwrap_or_default()),
        Cell::from(written(left)),
    ]
    .into_iter()
    .collect()
}
