//! A campaign's frequency caps and how often they said no, and what learning may do and does for it.

use maud::{Markup, html};

use crate::campaign::{CountBy, Feedback, FrequencyCap};
use crate::page::{Card, Cell, Column, Grid, Line, cards};
use crate::shell::console::campaign::Look;
use crate::shell::console::view::View;
use crate::shell::console::words;
use crate::units::{Millis, Ratio};

/// Caps in the table.
const CAPS_MAX: usize = 60;

/// The section on frequency.
#[must_use]
pub(in crate::shell::console) fn section(look: &Look<'_>) -> Markup {
    let (view, sums) = (look.view, &look.sums);
    let catalog = &look.snapshot.plan.catalog;
    let advertiser = &catalog.advertisers[look.campaign.advertiser];
    let mut caps: Vec<(String, &FrequencyCap)> = Vec::new();
    for cap in &advertiser.frequency {
        caps.push((format!("{} {}", view.say("Advertiser", "Annonceur"), advertiser.name), cap));
    }
    for cap in &look.campaign.frequency {
        caps.push((view.say("Campaign", "Campagne").to_owned(), cap));
    }
    for (_, item) in look.items() {
        caps.extend(item.frequency.iter().map(|cap| (item.name.clone(), cap)));
    }
    let mut creatives: Vec<usize> = look.items().flat_map(|(_, item)| item.creatives.clone()).collect();
    creatives.sort_unstable();
    creatives.dedup();
    for creative in creatives.into_iter().map(|at| &catalog.creatives[at]) {
        caps.extend(creative.frequency.iter().map(|cap| (creative.slug.clone(), cap)));
    }
    let line = |(whose, cap): &(String, &FrequencyCap)| -> Line {
        let by = match cap.by {
            CountBy::User => view.say("person", "personne"),
            CountBy::Household => view.say("household", "foyer"),
        };
        let unknown =
            if cap.include_unknown { view.say("shown", "vu") } else { view.say("not shown", "non vu") };
        [
            Cell::from(whose.as_str()),
            Cell::from(view.forms.count(cap.impressions)),
            Cell::from(span(view, cap.per)),
            Cell::from(by),
            Cell::from(unknown),
        ]
        .into_iter()
        .collect()
    };
    let grid = Grid {
        caption: view.say("Frequency caps", "Plafonds de fréquence").to_owned(),
        columns: vec![
            Column::name(view.say("Of", "De")),
            Column::number("Impressions"),
            Column::number(view.say("Within", "En")),
            Column::number(view.say("For each", "Pour chaque")),
            Column::number(view.say("Who is not known", "Un inconnu")),
        ],
        lines: caps.iter().take(CAPS_MAX).map(line).collect(),
        totals: Vec::new(),
    };
    let said_no = [
        (words::reason(view, "frequency_capped"), sums.stopped_by("frequency_capped")),
        (words::reason(view, "viewer_unknown"), sums.stopped_by("viewer_unknown")),
    ];
    html! {
        h2 id="frequency-h" { (view.say("Frequency", "Fréquence")) }
        @if caps.is_empty() { p { (view.say("No frequency cap.", "Aucun plafond de fréquence.")) } }
        @else {
            div.two {
                (grid.render())
                (words::bars(
                    view,
                    view.say("How often they had the last word, of sampled requests", "Combien de fois ils ont eu le dernier mot, sur les demandes observées"),
                    said_no.into_iter(),
                    sums.sampled,
                ))
            }
        }
    }
}

/// A span in its largest whole unit.
fn span(view: &View, span: Millis) -> String {
    let seconds = span.raw() / 1_000;
    for (length, unit) in [(86_400, view.say("d", "j")), (3_600, "h"), (60, "min")] {
        if seconds >= length && seconds % length == 0 {
            return format!("{}\u{a0}{unit}", seconds / length);
        }
    }
    format!("{seconds}\u{a0}s")
}

/// The section on learning.
#[must_use]
pub(in crate::shell::console) fn learning(look: &Look<'_>) -> Markup {
    let (view, of) = (look.view, &look.campaign.learning);
    let at = look.items().next().map(|(_, item)| item.campaign);
    let learned = &look.snapshot.learned;
    let card = |label: &str, value: String, note: String| Card { label: label.to_owned(), value, note };
    let feedback = match of.feedback {
        Feedback::Off => view.say("Off", "Désactivées"),
        Feedback::Propose => view.say("Proposed to a person", "Proposées à une personne"),
        Feedback::Automatic => view.say("Made, within bounds", "Appliquées, dans des bornes"),
    };
    let model = match &learned.model {
        Some(model) if model.speaks_of(look.campaign.id) => {
            view.say("Speaks of this campaign", "Parle de cette campagne")
        }
        Some(_) => view.say("Knows too little of it", "N’en sait pas assez"),
        None => view.say("None yet", "Pas encore"),
    };
    let currency = look.campaign.currency;
    let mut list = vec![
        card(view.say("Model of chances", "Modèle de chances"), model.to_owned(), String::new()),
        card(
            view.say("Learnt values stay within", "Les valeurs apprises restent entre"),
            format!("×\u{a0}{} – {}", of.corridor.0, of.corridor.1),
            view.say("of what the file says", "de ce que dit le fichier").to_owned(),
        ),
        card(
            view.say("Changes by figures", "Changements selon les chiffres"),
            feedback.to_owned(),
            String::new(),
        ),
        card(
            view.say("Shading", "Réduction des enchères"),
            if of.shading { view.say("On", "Oui") } else { view.say("Off", "Non") }.to_owned(),
            view.say("first-price bids only", "au premier prix seulement").to_owned(),
        ),
    ];
    if let Some(at) = at {
        let tried = look.snapshot.money.rhythms.exploration(at);
        list.push(card(
            view.say("Trying the unknown, today", "Exploration, aujourd’hui"),
            view.money(tried.spent(), currency),
            format!("{} {}", view.say("of", "sur"), view.money(tried.allowed(), currency)),
        ));
    }
    let grid = changed(look);
    let share = Ratio::new(of.exploration.ppm().into(), 1_000_000);
    html! {
        h2 id="learning-h" { (view.say("Learning", "Apprentissage")) }
        (cards(&list))
        p { (view.say("Share of the budget that may try the unknown:", "Part du budget qui peut explorer\u{a0}:")) " " (words::percent(view, share)) }
        @if !grid.lines.is_empty() { (grid.render()) }
    }
}

/// What the figures of each line item changed of what it bids.
fn changed(look: &Look<'_>) -> Grid {
    let (view, learned) = (look.view, &look.snapshot.learned);
    let changed = look.items().filter_map(|(_, item)| {
        let factor = learned.adjustments.factor(item.id, crate::pricing::NOWHERE);
        let is_paused = learned.adjustments.is_paused(item.id);
        (is_paused || factor != crate::campaign::Factor::ONE).then(|| {
            let value = if is_paused {
                view.say("paused", "en pause").to_owned()
            } else {
                format!("×\u{a0}{factor}")
            };
            Line::from_iter([Cell::from(item.name.as_str()), Cell::from(value)])
        })
    });
    Grid {
        caption: view.say("What figures changed", "Ce que les chiffres ont changé").to_owned(),
        columns: vec![
            Column::name(view.say("Line item", "Élément de ligne")),
            Column::number(view.say("Value", "Valeur")),
        ],
        lines: changed.take(CAPS_MAX).collect(),
        totals: Vec::new(),
    }
}
