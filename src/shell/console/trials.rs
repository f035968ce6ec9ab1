//! What is tried on people: who is held out of a campaign, and the arms of its line items.

use maud::{Markup, html};

use crate::bidder::Snapshot;
use crate::campaign::{Arm, LineItem};
use crate::experiment::{CAVEAT, arms_sentence, holdout_sentence};
use crate::page::{Cell, Column, Grid, Line};
use crate::report::{Figures, Table};
use crate::shell::console::campaign::{Look, Tables, totals_of};
use crate::shell::console::view::View;
use crate::shell::console::words;
use crate::shell::experiments::{ArmsFound, Findings, HoldoutFound};
use crate::units::{Femtos, RatePpm, Ratio};

/// Arms in the table.
const ARMS_MAX: usize = 60;
/// Campaigns in the overview's list.
const CAMPAIGNS_MAX: usize = 20;

fn share(view: &View, share: RatePpm) -> String {
    words::percent(view, Ratio::new(share.ppm().into(), 1_000_000))
}

/// The section of a campaign's page; nothing where nothing is tried.
#[must_use]
pub(in crate::shell::console) fn section(look: &Look<'_>, tables: &Tables) -> Markup {
    let view = look.view;
    let has_arms = look.items().any(|(_, item)| !item.arms.is_empty());
    html! {
        @if look.campaign.holdout.is_some() || has_arms {
            h2 id="trials-h" { (view.say("Experiments", "Expériences")) }
            @if let Some(holdout) = &look.campaign.holdout {
                p { (share(view, holdout.share)) " "
                    (view.say("of people are held out: they are never shown the campaign.", "des personnes sont exclues\u{a0}: la campagne ne leur est jamais montrée.")) }
            }
            @if let Some(findings) = &tables.findings.found { (sentences(view, findings)) }
            @else { (words::state_of(view, &tables.findings)) }
            @if has_arms { (arms(look, tables.arms.found.as_deref()).render()) }
        }
    }
}

/// What can be concluded, in plain words.
fn sentences(view: &View, found: &Findings) -> Markup {
    let holdout = |found: &HoldoutFound| {
        holdout_sentence(&found.trial, found.effect.as_ref(), found.currency, &view.forms)
    };
    let arms = |found: &ArmsFound| {
        let names: Vec<&str> = found.names.iter().map(String::as_str).collect();
        format!(
            "{}: {}",
            found.line_item,
            arms_sentence(&found.comparison, &names, found.currency, &view.forms)
        )
    };
    html! {
        @for found in &found.holdouts { p { (holdout(found)) } }
        @for found in found.arms.iter().take(ARMS_MAX) { p { (arms(found)) } }
        @if !found.holdouts.is_empty() || !found.arms.is_empty() { p { small { (CAVEAT.text(view.lang)) } } }
    }
}

fn arms(look: &Look<'_>, table: Option<&Table>) -> Grid {
    let (view, currency) = (look.view, look.campaign.currency);
    let all = look.items().flat_map(|(_, item)| item.arms.iter().map(move |arm| (item, arm)));
    let read = |text: String| Cell::from(words::once_read(table.is_some(), text));
    let line = |(item, arm): (&LineItem, &Arm)| -> Line {
        let name = format!("{}/{}/{}", look.campaign.slug, item.slug, arm.slug);
        let totals = totals_of(table, &name, currency);
        let figures = Figures::of(&totals, Femtos::ZERO);
        [
            Cell::from(format!("{}: {}", item.name, arm.slug)),
            Cell::from(share(view, arm.share)),
            Cell::from(format!("×\u{a0}{}", arm.multiply)),
            read(view.forms.count(totals.impressions)),
            read(words::percent(view, figures.ctr)),
            read(view.forms.count(totals.conversions)),
            read(view.forms.count(totals.acquisitions)),
            read(words::price(view, figures.all_in.after_tax.cpa, currency)),
            read(words::percent(view, figures.all_in.after_tax.roi)),
        ]
        .into_iter()
        .collect()
    };
    Grid {
        caption: view.say("Arms", "Variantes").to_owned(),
        columns: vec![
            Column::name(view.say("Line item and arm", "Élément de ligne et variante")),
            Column::number(view.say("People", "Personnes")),
            Column::number(view.say("Value", "Valeur")),
            Column::number("Impressions"),
            Column::number("CTR"),
            Column::number("Conversions"),
            Column::number("Acquisitions"),
            Column::number("CPA"),
            Column::number("ROI"),
        ],
        lines: all.take(ARMS_MAX).map(line).collect(),
        totals: Vec::new(),
    }
}

/// The list on the overview; nothing where nothing is tried.
#[must_use]
pub(in crate::shell::console) fn overview(view: &View, snapshot: &Snapshot) -> Markup {
    let catalog = &snapshot.plan.catalog;
    let mut arms = vec![0_usize; catalog.campaigns.len()];
    for item in &catalog.line_items {
        arms[item.campaign] += item.arms.len();
    }
    let tried: Vec<_> = catalog
        .campaigns
        .iter()
        .zip(&arms)
        .filter(|(campaign, arms)| campaign.holdout.is_some() || **arms > 0)
        .take(CAMPAIGNS_MAX)
        .collect();
    html! {
        @if !tried.is_empty() {
            h2 id="trials-h" { (view.say("Experiments", "Expériences")) }
            ul { @for (campaign, arms) in tried { li {
                a href=(view.link(&format!("/campaigns/{}", words::in_path(&campaign.slug)))) { (campaign.name) } ": "
                @if let Some(holdout) = &campaign.holdout {
                    (share(view, holdout.share)) " " (view.say("of people held out", "des personnes exclues"))
                }
                @if campaign.holdout.is_some() && *arms > 0 { ", " }
                @if *arms > 0 { (view.forms.count(*arms as u64)) " " (view.say("arms", "variantes")) }
            } } }
        }
    }
}
