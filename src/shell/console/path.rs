//! The way of requests to conversions: each step, how many made it, and what stopped the others.

use std::sync::PoisonError;

use maud::{Markup, html};

use crate::shell::console::campaign::Look;
use crate::shell::console::frame::bar;
use crate::shell::console::funnel::Step;
use crate::shell::console::words;

/// Reasons told of each step.
const REASONS_MAX: usize = 6;

/// The section.
#[must_use]
pub(in crate::shell::console) fn section(look: &Look<'_>) -> Markup {
    let view = look.view;
    let sampled = view.forms.count(look.sums.sampled);
    let since = {
        let funnel = look.service.console.funnel.lock().unwrap_or_else(PoisonError::into_inner);
        funnel.since()
    };
    html! {
        h2 id="funnel-h" { (view.say("From requests to conversions", "Des demandes aux conversions")) }
        @match since {
            Some(since) => p { (match view.lang {
                crate::page::Lang::En => format!("Steps up to the bid: of {sampled} requests that were sampled since {}, at most an hour ago.", view.time(since)),
                crate::page::Lang::Fr => format!("Étapes jusqu’à l’enchère\u{a0}: sur {sampled} demandes observées depuis {}, une heure au plus.", view.time(since)),
            }) },
            None => p { (view.say("No request has been sampled yet.", "Aucune demande observée pour l’instant.")) },
        }
        div.two {
            (steps(look))
            (outcomes(look))
        }
    }
}

fn name(look: &Look<'_>, step: Step) -> &'static str {
    let view = look.view;
    match step {
        Step::Seen => view.say("Requests seen", "Demandes vues"),
        Step::Awake => view.say("Campaign may spend", "Peut dépenser"),
        Step::Targeted => view.say("Targeting matches", "Ciblage satisfait"),
        Step::Eligible => view.say("Creative and rules fit", "Création et règles conviennent"),
        Step::Priced => view.say("Priced above the floor", "Prix au-dessus du plancher"),
        Step::Bid => view.say("Bid", "Enchère"),
    }
}

fn steps(look: &Look<'_>) -> Markup {
    let (view, sums) = (look.view, &look.sums);
    let caption = view.say(
        "Steps up to the bid, and what stopped the others",
        "Étapes jusqu’à l’enchère, et ce qui a arrêté les autres",
    );
    let stopped = |step: Step| sums.stopped.iter().filter(move |(reach, _)| reach.step == step);
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) { table {
            caption { (caption) }
            thead { tr {
                th scope="col" { (view.say("Step", "Étape")) }
                th.n scope="col" { (view.say("Requests", "Demandes")) }
                th.n scope="col" { (view.say("Share", "Part")) }
            } }
            tbody { @for step in Step::ALL {
                tr {
                    th scope="row" {
                        strong { (name(look, step)) }
                        @for (reach, count) in stopped(step).take(REASONS_MAX) {
                            small { (stopped_line(look, *count, &words::reason(view, reach.stopped_by))) }
                        }
                        @let rest: u64 = stopped(step).skip(REASONS_MAX).map(|(_, count)| count).sum();
                        @if rest > 0 { small { (stopped_line(look, rest, view.say("other reasons", "autres motifs"))) } }
                    }
                    td.n { (view.forms.count(sums.passed[step as usize])) }
                    td.n { (bar(sums.passed[step as usize], sums.sampled, "s0")) (view.share(sums.passed[step as usize], sums.sampled)) }
                }
            } }
        } }
    }
}

/// How many were stopped after a step, and by what.
fn stopped_line(look: &Look<'_>, count: u64, reason: &str) -> String {
    format!("−\u{a0}{} {reason}", look.view.forms.count(count))
}

/// What came of today's bids, by the ledger.
fn outcomes(look: &Look<'_>) -> Markup {
    let (view, totals) = (look.view, &look.of_day);
    let day = look.today.as_ref().map(|today| today.day);
    let bids = day.and_then(|day| look.service.console.sent.get(&(look.campaign.id, day)).map(|sent| *sent));
    let bids = bids.unwrap_or_default();
    let impressions = totals.impressions.max(0).unsigned_abs();
    let caption = view.say("What came of today’s bids", "Ce que les enchères du jour ont donné");
    let lines = [
        (view.say("Bids of this run", "Enchères depuis le démarrage"), bids, None),
        (view.say("Wins", "Gains"), totals.wins, Some(bids)),
        (view.say("Impressions billed", "Impressions facturées"), impressions, Some(bids)),
        (view.say("Viewable", "Visibles"), totals.views, Some(impressions)),
        (view.say("Clicks", "Clics"), totals.clicks, Some(impressions)),
        (view.say("Conversions", "Conversions"), totals.conversions, Some(totals.clicks)),
        (view.say("Acquisitions", "Acquisitions"), totals.acquisitions, Some(totals.conversions)),
    ];
    // Bids of an earlier run are not counted here, and their wins are: then a share of bids would be none.
    let is_whole = totals.wins <= bids && impressions <= bids;
    html! {
        div {
            div.scroll tabindex="0" role="region" aria-label=(caption) { table {
                caption { (caption) }
                thead { tr {
                    th scope="col" { (view.say("Step", "Étape")) }
                    th.n scope="col" { (view.say("Count", "Nombre")) }
                    th.n scope="col" { (view.say("Of the step before", "De l’étape précédente")) }
                } }
                tbody { @for (number, (name, count, whole)) in lines.iter().enumerate() {
                    @let is_told = number == 0 || look.is_read;
                    @let whole = whole.filter(|_| is_told && (is_whole || number > 2));
                    tr {
                        th scope="row" { strong { (name) } }
                        td.n { (words::once_read(is_told, view.forms.count(*count))) }
                        td.n { @match whole {
                            Some(whole) => { (bar(*count, whole, "s2")) (view.share(*count, whole)) },
                            None => "–",
                        } }
                    }
                } }
            } }
            @if totals.losses > 0 {
                p { (view.say("Losses that were told:", "Pertes signalées\u{a0}:")) " " (view.forms.count(totals.losses)) }
            }
        }
    }
}
