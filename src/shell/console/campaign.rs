//! One campaign: from requests to conversions with what stops them, its money, its caps, and what learning does.

use std::collections::HashSet;
use std::sync::PoisonError;

use maud::{Markup, html};

use crate::bidder::Snapshot;
use crate::campaign::{Campaign, Goal, LineItem, Status};
use crate::page::{Card, Cell, Column, Grid, Line, cards, figure};
use crate::report::{AimKind, Figures, Row, Table, Totals};
use crate::shell::console::desk::Answer;
use crate::shell::console::frame::Sheet;
use crate::shell::console::funnel::{Sums, Whose};
use crate::shell::console::questions::label;
use crate::shell::console::today::{ByCampaign, Today, curve, days};
use crate::shell::console::view::View;
use crate::shell::console::{budget, caps, path, trials, words};
use crate::shell::experiments::Findings;
use crate::shell::service::Service;
use crate::units::{Currency, Femtos, LineItemId, Nanos, Ratio};

/// Line items and creatives in their tables.
const ROWS_MAX: usize = 60;

/// The ledger's figures of one campaign.
#[derive(Debug, Default)]
pub(in crate::shell::console) struct Tables {
    pub(in crate::shell::console) days: Answer<Table>,
    pub(in crate::shell::console) hours: Answer<Table>,
    pub(in crate::shell::console) line_items: Answer<Table>,
    pub(in crate::shell::console) creatives: Answer<Table>,
    pub(in crate::shell::console) arms: Answer<Table>,
    /// What the experiments say.
    pub(in crate::shell::console) findings: Answer<Findings>,
}

/// One campaign of one snapshot, and what the page says of it.
pub(in crate::shell::console) struct Look<'a> {
    pub(in crate::shell::console) view: &'a View,
    pub(in crate::shell::console) service: &'a Service,
    pub(in crate::shell::console) snapshot: &'a Snapshot,
    pub(in crate::shell::console) campaign: &'a Campaign,
    /// Rows of the plan that are its line items.
    pub(in crate::shell::console) rows: Vec<usize>,
    pub(in crate::shell::console) today: Option<Today>,
    pub(in crate::shell::console) sums: Sums,
    /// Of its whole flight.
    pub(in crate::shell::console) flight: Totals,
    /// Of bids made today.
    pub(in crate::shell::console) of_day: Totals,
    /// False while the ledger is being read for the first time.
    pub(in crate::shell::console) is_read: bool,
    /// By line item: what the sample says.
    pub(in crate::shell::console) samples: Vec<Sums>,
}

/// The page of the campaign at `at` in the catalog of `snapshot`.
#[must_use]
pub(in crate::shell::console) fn page(
    view: &View,
    service: &Service,
    snapshot: &Snapshot,
    at: usize,
    tables: &Tables,
) -> Sheet {
    let campaign = &snapshot.plan.catalog.campaigns[at];
    let look = Look::of(view, service, snapshot, at, tables);
    let advertiser = &snapshot.plan.catalog.advertisers[campaign.advertiser];
    let state = match campaign.status {
        Status::Active => view.say("active", "active"),
        Status::Paused => view.say("paused", "en pause"),
    };
    let subtitle = format!("{} · {} · {state} · {}", advertiser.name, campaign.slug, campaign.zone_name);
    let currency = campaign.currency;
    let spent = look.today.as_ref().map_or(Nanos::ZERO, |today| today.used);
    Sheet {
        title: campaign.name.clone(),
        subtitle,
        told: format!(
            "{} {}",
            view.say("Spent today:", "Dépensé aujourd’hui\u{a0}:"),
            view.money(spent, currency)
        ),
        body: html! {
            section id="figures" aria-labelledby="figures-h" {
                h2 id="figures-h" { (view.say("Figures", "Chiffres")) }
                (words::state_of(view, &tables.line_items))
                (cards(&look.cards()))
            }
            section id="funnel" aria-labelledby="funnel-h" { (path::section(&look)) }
            section id="budget" aria-labelledby="budget-h" {
                (budget::section(&look))
                (look.curve(tables.hours.found.as_deref()))
            }
            section id="items" aria-labelledby="items-h" {
                h2 id="items-h" { (view.say("Line items", "Éléments de ligne")) }
                (look.line_items(tables.line_items.found.as_deref()))
            }
            section id="frequency" aria-labelledby="frequency-h" { (caps::section(&look)) }
            section id="creatives" aria-labelledby="creatives-h" {
                h2 id="creatives-h" { (view.say("Creatives", "Créations")) }
                (look.creatives(tables.creatives.found.as_deref()))
            }
            section id="trials" { (trials::section(&look, tables)) }
            section id="learning" aria-labelledby="learning-h" { (caps::learning(&look)) }
        },
    }
}

impl<'a> Look<'a> {
    fn of(view: &'a View, service: &'a Service, snapshot: &'a Snapshot, at: usize, tables: &Tables) -> Self {
        let plan = &snapshot.plan;
        let campaign = &plan.catalog.campaigns[at];
        let rows = (0..plan.rows.len()).filter(|row| plan.line_item(*row).campaign == at).collect::<Vec<_>>();
        let today = days(snapshot, view.now).into_iter().find(|today| today.campaign == at);
        let (sums, samples) = {
            let funnel = service.console.funnel.lock().unwrap_or_else(PoisonError::into_inner);
            let items = rows.iter().take(ROWS_MAX).map(|row| Whose::LineItem(plan.line_item(*row).id));
            let all: Vec<Whose> = std::iter::once(Whose::Campaign(campaign.id)).chain(items).collect();
            let mut samples = funnel.of_each(&all);
            (samples.remove(0), samples)
        };
        let mut flight = Totals::default();
        let own = |row: &&Row| row.currency == campaign.currency;
        let all = tables.line_items.found.iter().flat_map(|table| &table.rows).filter(own);
        all.for_each(|row| flight.merge(&row.totals));
        let day = today.as_ref().map(|today| today.day.to_string()).unwrap_or_default();
        let of_day = ByCampaign::of(tables.days.found.as_deref()).sums(campaign, |of| of == day);
        let is_read = tables.line_items.found.is_some() && tables.days.found.is_some();
        Self { view, service, snapshot, campaign, rows, today, sums, flight, of_day, is_read, samples }
    }

    /// Its line items, as rows of the plan.
    pub(in crate::shell::console) fn items(&self) -> impl Iterator<Item = (usize, &'a LineItem)> {
        self.rows.iter().map(|row| (*row, self.snapshot.plan.line_item(*row)))
    }

    /// The ids of its line items.
    pub(in crate::shell::console) fn item_ids(&self) -> HashSet<LineItemId> {
        self.items().map(|(_, item)| item.id).collect()
    }

    /// What is spent is known at once; the others are the ledger's.
    fn cards(&self) -> Vec<Card> {
        let (view, currency) = (self.view, self.campaign.currency);
        let fixed = self.campaign.costs.fixed.to_femtos();
        let (day, all) = (Figures::of(&self.of_day, Femtos::ZERO), Figures::of(&self.flight, fixed));
        let whole = view.say("whole flight, with fixed costs", "toute la campagne, frais fixes compris");
        let card = |label: &str, value, note| Card { label: label.to_owned(), value, note };
        let used = self.today.as_ref().map_or(Nanos::ZERO, |today| today.used);
        let target = self.today.as_ref().map_or(Nanos::MAX, |today| today.target);
        let costs = all.all_in.after_tax;
        let mut cards = vec![
            card(
                view.say("Spent today", "Dépensé aujourd’hui"),
                view.money(used, currency),
                format!("{} {}", view.say("of", "sur"), view.money(target, currency)),
            ),
            card(
                view.say("All costs", "Tous les coûts"),
                view.amount(costs.costs, currency),
                whole.to_owned(),
            ),
            card(
                "CPA",
                words::price(view, costs.cpa, currency),
                format!(
                    "{} {}",
                    words::price(view, day.all_in.after_tax.cpa, currency),
                    view.say("today", "aujourd’hui")
                ),
            ),
            card(
                "ROI",
                words::percent(view, costs.roi),
                format!(
                    "{} {}",
                    words::percent(view, day.all_in.after_tax.roi),
                    view.say("today", "aujourd’hui")
                ),
            ),
            card(
                view.say("Tax (TTF)", "Taxe (TTF)"),
                view.amount(self.flight.tax(), currency),
                format!(
                    "{} · {}",
                    self.campaign.tax.scenario_slug,
                    view.amount(self.of_day.tax(), currency) + " " + view.say("today", "aujourd’hui")
                ),
            ),
            card(
                "CTR",
                words::percent(view, all.ctr),
                format!(
                    "{} {}",
                    view.forms.count(self.flight.impressions),
                    view.say("impressions", "impressions")
                ),
            ),
        ];
        if !self.is_read {
            for card in cards.iter_mut().skip(1) {
                (card.value, card.note) = (words::once_read(false, String::new()), String::new());
            }
        }
        cards
    }

    fn curve(&self, hours: Option<&Table>) -> Markup {
        let Some(today) = self.today.as_ref().filter(|today| today.target != Nanos::MAX) else {
            return html! {};
        };
        let view = self.view;
        let title =
            view.say("Spent so far and plan, by hour", "Dépenses cumulées et plan, par heure").to_owned();
        let chart = curve(view, self.snapshot, &[today], hours, self.campaign.currency, title);
        figure("curve", &chart, &view.forms)
    }

    fn line_items(&self, table: Option<&Table>) -> Markup {
        let (view, currency) = (self.view, self.campaign.currency);
        let rhythms = &self.snapshot.money.rhythms;
        let at = |row: usize| self.snapshot.plan.line_item(row).campaign;
        let read = |text: String| Cell::from(words::once_read(table.is_some(), text));
        let line = |((row, item), sums): ((usize, &LineItem), &Sums)| -> Line {
            let slug = format!("{}/{}", self.campaign.slug, item.slug);
            let totals = totals_of(table, &slug, currency);
            let figures = Figures::of(&totals, Femtos::ZERO);
            let asleep = self.snapshot.asleep(row, view.now);
            let state = asleep.map_or_else(
                || view.say("May bid", "Peut enchérir").to_owned(),
                |asleep| words::reason(view, crate::bidder::Asleep::NAMES[asleep.kind()]),
            );
            let (target, actual) = goal(view, item, &figures, currency);
            let reached = attained(table, &slug, currency).map(|share| view.forms.percent(share, 0));
            [
                Cell::from(item.name.as_str()).noted(state),
                Cell::from(target).noted(actual),
                Cell::from(reached.unwrap_or_default()),
                Cell::from(format!("×\u{a0}{}", rounded(rhythms.goal(row)))),
                Cell::from(format!("×\u{a0}{}", rounded(rhythms.pace(row, at(row))))),
                Cell::from(view.share(sums.passed[5], sums.sampled)),
                read(view.amount(figures.media.before_tax.costs, currency)),
                read(view.forms.count(totals.impressions))
                    .noted(words::once_read(table.is_some(), view.forms.count(totals.clicks))),
                read(view.forms.count(totals.conversions))
                    .noted(words::once_read(table.is_some(), view.forms.count(totals.acquisitions))),
                read(words::price(view, figures.all_in.after_tax.cpa, currency)),
                read(words::percent(view, figures.all_in.after_tax.roi)),
            ]
            .into_iter()
            .collect()
        };
        let grid = Grid {
            caption: view
                .say("Line items over the whole flight", "Éléments de ligne sur toute la campagne")
                .to_owned(),
            columns: vec![
                Column::name(view.say("Line item", "Élément de ligne")).noted(view.say("now", "à présent")),
                Column::number(view.say("Goal", "Objectif")).noted(view.say("reached", "atteint")),
                Column::number(view.say("Attained", "Atteinte")),
                Column::number(view.say("By its goal", "Par l’objectif"))
                    .noted(view.say("multiplier", "multiplicateur")),
                Column::number(view.say("By the pace", "Par le rythme"))
                    .noted(view.say("multiplier", "multiplicateur")),
                Column::number(view.say("Bids", "Enchères"))
                    .noted(view.say("of sampled requests", "des demandes observées")),
                Column::number(view.say("Media", "Média")),
                Column::number("Impressions").noted(view.say("clicks", "clics")),
                Column::number("Conversions").noted("acquisitions"),
                Column::number("CPA"),
                Column::number("ROI"),
            ],
            lines: self.items().zip(&self.samples).map(line).collect(),
            totals: Vec::new(),
        };
        html! { (grid.render()) (more(view, self.rows.len())) }
    }

    fn creatives(&self, table: Option<&Table>) -> Markup {
        let (view, currency) = (self.view, self.campaign.currency);
        let catalog = &self.snapshot.plan.catalog;
        let mut own: Vec<usize> = self.items().flat_map(|(_, item)| item.creatives.iter().copied()).collect();
        own.sort_unstable();
        own.dedup();
        let read = |text: String| Cell::from(words::once_read(table.is_some(), text));
        let line = |at: &usize| -> Line {
            let creative = &catalog.creatives[*at];
            let totals = totals_of(table, &creative.crid, currency);
            let figures = Figures::of(&totals, Femtos::ZERO);
            [
                Cell::from(creative.slug.as_str()),
                read(view.forms.count(totals.impressions)),
                read(view.share(totals.views, totals.impressions.max(0).unsigned_abs())),
                read(view.forms.count(totals.clicks)),
                read(words::percent(view, figures.ctr)),
                read(view.forms.count(totals.conversions)),
                read(words::percent(view, figures.cvr)),
                read(view.amount(figures.media.before_tax.costs, currency)),
                read(view.forms.count(totals.acquisitions)),
                read(words::price(view, figures.all_in.after_tax.cpa, currency)),
            ]
            .into_iter()
            .collect()
        };
        let grid = Grid {
            caption: view
                .say("Creatives over the whole flight", "Créations sur toute la campagne")
                .to_owned(),
            columns: vec![
                Column::name(view.say("Creative", "Création")),
                Column::number("Impressions"),
                Column::number(view.say("Viewable", "Visibles")),
                Column::number(view.say("Clicks", "Clics")),
                Column::number("CTR"),
                Column::number("Conversions"),
                Column::number(view.say("CVR", "Taux de conversion")),
                Column::number(view.say("Media", "Média")),
                Column::number("Acquisitions"),
                Column::number("CPA"),
            ],
            lines: own.iter().take(ROWS_MAX).map(line).collect(),
            totals: Vec::new(),
        };
        html! { (grid.render()) (more(view, own.len())) }
    }
}

fn more(view: &View, all: usize) -> Markup {
    let more = all.saturating_sub(ROWS_MAX);
    html! { @if more > 0 {
        p { (view.forms.count(more as u64)) " " (view.say("more: see `encan report`.", "de plus\u{a0}: voir `encan report`.")) }
    } }
}

/// The sums of the row named `name`.
pub(in crate::shell::console) fn totals_of(table: Option<&Table>, name: &str, currency: Currency) -> Totals {
    let own = |row: &&Row| label(row, 0) == name && row.currency == currency;
    let mut totals = Totals::default();
    table.into_iter().flat_map(|table| &table.rows).filter(own).for_each(|row| totals.merge(&row.totals));
    totals
}

/// How far the goal of the row named `name` is met: its cost or return against what was aimed at.
fn attained(table: Option<&Table>, name: &str, currency: Currency) -> Option<Ratio> {
    let own = |row: &&Row| label(row, 0) == name && row.currency == currency;
    let row = table?.rows.iter().find(own)?;
    // A ceiling is no target, and neither is a budget.
    let is_target = |kind| matches!(kind, AimKind::Cpc | AimKind::Cpa | AimKind::Roas);
    row.attainments().find(|attainment| is_target(attainment.kind))?.share
}

/// A multiplier with two decimals.
fn rounded(factor: crate::campaign::Factor) -> String {
    let text = factor.to_string();
    match text.split_once('.') {
        Some((whole, rest)) if rest.len() > 2 => format!("{whole}.{}", &rest[..2]),
        _ => text,
    }
}

/// What a line item is after, and what it has reached.
fn goal(view: &View, item: &LineItem, figures: &Figures, currency: Currency) -> (String, String) {
    let price = |ratio| words::price(view, ratio, currency);
    let after = figures.all_in.after_tax;
    match &item.goal {
        Goal::Cpm(ceiling) => (
            format!("CPM ≤\u{a0}{}", per_thousand(view, *ceiling, currency)),
            format!("CPM {}", price(figures.media.before_tax.cpm)),
        ),
        Goal::Cpc { target, .. } => {
            (format!("CPC {}", view.money(*target, currency)), format!("CPC {}", price(after.cpc)))
        }
        Goal::Cpa { target, .. } => {
            (format!("CPA {}", view.money(*target, currency)), format!("CPA {}", price(after.cpa)))
        }
        Goal::Return { least, .. } => {
            let roi = Ratio::new(i128::from(*least) - 1_000_000, 1_000_000);
            (format!("ROI {}", words::percent(view, roi)), format!("ROI {}", words::percent(view, after.roi)))
        }
        Goal::MaxConversions { ceiling, .. } => (
            view.say("Most conversions", "Le plus de conversions").to_owned(),
            format!("CPM ≤\u{a0}{}", per_thousand(view, *ceiling, currency)),
        ),
    }
}

fn per_thousand(view: &View, price: crate::units::Cpm, currency: Currency) -> String {
    let ratio = Ratio::new(price.micros().into(), 1_000_000);
    words::price(view, ratio, currency)
}
