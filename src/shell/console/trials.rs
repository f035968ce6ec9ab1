//! What is tried on people: who is held out of a campaign, and the arms of its line items.

use maud::{Markup, html};

use crate::bidder::Snapshot;
use crate::page::{Cell, Column, Grid, Line};
use crate::shell::console::campaign::Look;
use crate::shell::console::view::View;
use crate::shell::console::words;
use crate::units::{RatePpm, Ratio};

/// Arms in the table.
const ARMS_MAX: usize = 60;
/// Campaigns in the overview's list.
const CAMPAIGNS_MAX: usize = 20;

fn share(view: &View, share: RatePpm) -> String {
    words::percent(view, Ratio::new(share.ppm().into(), 1_000_000))
}

/// The section of a campaign's page; nothing where nothing is tried.
#[must_use]
pub(in crate::shell::console) fn section(look: &Look<'_>) -> Markup {
    let view = look.view;
    let arms = look.items().flat_map(|(_, item)| item.arms.iter().map(move |arm| (item, arm)));
    let line = |(item, arm): (&crate::campaign::LineItem, &crate::campaign::Arm)| -> Line {
        let creatives = arm.creatives.as_ref().map(|own| view.forms.count(own.len() as u64));
        [
            Cell::from(format!("{}: {}", item.name, arm.slug)),
            Cell::from(share(view, arm.share)),
            Cell::from(format!("×\u{a0}{}", arm.multiply)),
            Cell::from(creatives.unwrap_or_else(|| view.say("all", "toutes").to_owned())),
        ]
        .into_iter()
        .collect()
    };
    let grid = Grid {
        caption: view.say("Arms", "Variantes").to_owned(),
        columns: vec![
            Column::name(view.say("Line item and arm", "Élément de ligne et variante")),
            Column::number(view.say("People", "Personnes")),
            Column::number(view.say("Value", "Valeur")),
            Column::number(view.say("Creatives", "Créations")),
        ],
        lines: arms.take(ARMS_MAX).map(line).collect(),
        totals: Vec::new(),
    };
    html! {
        @if look.campaign.holdout.is_some() || !grid.lines.is_empty() {
            h2 id="trials-h" { (view.say("Experiments", "Expériences")) }
            @if let Some(holdout) = &look.campaign.holdout {
                p { (share(view, holdout.share)) " "
                    (view.say("of people are held out: they are never shown the campaign.", "des personnes sont exclues\u{a0}: la campagne ne leur est jamais montrée.")) }
            }
            @if !grid.lines.is_empty() { (grid.render()) }
        }
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
