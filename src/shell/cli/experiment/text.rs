//! The findings for people: a few lines of figures, each with its interval, and the sentence.

use crate::experiment::{Comparison, Effect, Group, Interval};
use crate::page::{Forms, Lang, Phrase};
use crate::shell::cli::experiment::{arms_words, sentence};
use crate::shell::experiments::{ArmsFound, Findings, HoldoutFound};
use crate::units::{Currency, Day, Ratio};

const HEAD: Phrase = Phrase::new("{}: {} held out since {}", "{} : {} de témoins depuis le {}");
const ARMS: Phrase = Phrase::new("{}: arms {}", "{} : variantes {}");
const WITH: Phrase = Phrase::new("with ads", "avec publicités");
const WITHOUT: Phrase = Phrase::new("held out", "témoins");
const PEOPLE: Phrase = Phrase::new("people", "personnes");
const CONVERTED: Phrase = Phrase::new("who converted", "converties");
const ACQUIRED: Phrase = Phrase::new("who were acquired", "acquises");
const RATE: Phrase = Phrase::new("share", "part");
const VALUE: Phrase = Phrase::new("value", "valeur");
const COST: Phrase = Phrase::new("cost", "coût");
const LIFT: Phrase = Phrase::new("lift", "hausse");
const INCREMENTAL: Phrase = Phrase::new("incremental conversions", "conversions incrémentales");
const INCREMENTAL_ACQUISITIONS: Phrase =
    Phrase::new("incremental acquisitions", "acquisitions incrémentales");
const ALWAYS: Phrase = Phrase::new("  however often one looks", "  aussi souvent qu’on regarde");
const CPA: Phrase = Phrase::new("incremental CPA", "CPA incrémental");
const ROI: Phrase = Phrase::new("incremental ROI", "ROI incrémental");
const DETECTABLE: Phrase = Phrase::new("lift that would show", "hausse décelable");
const EXCLUDED: Phrase = Phrase::new(
    "{} people are left out: they were met before, under another holdout.",
    "{} personnes sont laissées de côté : rencontrées avant, sous d’autres témoins.",
);
const FOREIGN: Phrase = Phrase::new(
    "The value of {} conversions in another currency is left out.",
    "La valeur de {} conversions dans une autre devise est laissée de côté.",
);
const NAMELESS: Phrase = Phrase::new(
    "{} conversions name nobody who may be known (user and consent): they count for neither group.",
    "{} conversions ne nomment personne que l’on puisse connaître (utilisateur et consentement) : elles ne comptent \
     pour aucun groupe.",
);
const TO: Phrase = Phrase::new("{} to {}", "{} à {}");
const NO_LIMIT: Phrase = Phrase::new("no limit", "sans limite");
const IMPRESSIONS: Phrase = Phrase::new("impressions", "impressions");
const CLICKS: Phrase = Phrase::new("clicks", "clics");
const CONVERSIONS: Phrase = Phrase::new("conversions", "conversions");
const ACQUISITIONS: Phrase = Phrase::new("acquisitions", "acquisitions");
const ARM_CPA: Phrase = Phrase::new("CPA", "CPA");
const ARM_ROI: Phrase = Phrase::new("ROI", "ROI");
const CPA_ABOVE: Phrase = Phrase::new("CPA above the first", "CPA de plus que la première");
const ROI_ABOVE: Phrase = Phrase::new("ROI above the first", "ROI de plus que la première");

/// Between two columns.
const GAP: usize = 3;
/// Where a figure is not known.
const NONE: &str = "-";

/// All of it.
pub(super) fn text(found: &Findings, forms: &Forms) -> String {
    let holdouts = found.holdouts.iter().map(|found| holdout(found, forms));
    let arms = found.arms.iter().map(|found| compared(found, forms));
    let mut text = holdouts.chain(arms).collect::<Vec<_>>().join("\n");
    text.push('\n');
    text.push_str(crate::experiment::CAVEAT.text(forms.lang()));
    text.push('\n');
    text
}

fn holdout(found: &HoldoutFound, forms: &Forms) -> String {
    let lang = forms.lang();
    let share = forms.percent(ratio(f64::from(found.share.ppm()) / 1e6), 0);
    let since = i32::try_from(found.since.raw().div_euclid(86_400_000))
        .map_or_else(|_| NONE.to_owned(), |day| forms.day(Day::from_raw(day)));
    let mut lines = vec![HEAD.with(lang, &[&found.campaign, &share, &since]), String::new()];
    let groups = [&found.trial.treated, &found.trial.held_out];
    let both = |of: &dyn Fn(&Group) -> String| groups.map(of).to_vec();
    let money = |amount: f64| forms.price(ratio(amount), found.currency, 2);
    let mut rows = vec![
        (String::new(), vec![WITH.text(lang).to_owned(), WITHOUT.text(lang).to_owned()]),
        (PEOPLE.text(lang).to_owned(), both(&|group| forms.count(i128::from(group.people)))),
        (CONVERTED.text(lang).to_owned(), both(&|group| forms.count(i128::from(group.converted)))),
        (ACQUIRED.text(lang).to_owned(), both(&|group| forms.count(i128::from(group.acquired)))),
        (VALUE.text(lang).to_owned(), both(&|group| money(group.value))),
        (COST.text(lang).to_owned(), vec![money(found.trial.cost)]),
    ];
    if let Some(effect) = &found.effect {
        rows.extend(effects(effect, found.currency, forms));
    }
    lines.extend(aligned(&rows));
    lines.push(String::new());
    lines.push(sentence(found, forms));
    if found.excluded > 0 {
        lines.push(EXCLUDED.with(lang, &[&forms.count(i128::from(found.excluded))]));
    }
    if found.nameless > 0 {
        lines.push(NAMELESS.with(lang, &[&forms.count(i128::from(found.nameless))]));
    }
    if found.foreign > 0 {
        lines.push(FOREIGN.with(lang, &[&forms.count(i128::from(found.foreign))]));
    }
    lines.push(String::new());
    lines.join("\n")
}

type Row = (String, Vec<String>);

fn effects(effect: &Effect, currency: Currency, forms: &Forms) -> Vec<Row> {
    let lang = forms.lang();
    let percent = |share: f64| forms.percent(ratio(share), 2);
    let change = |share: f64| forms.change(ratio(share), 1);
    let people = |people: f64| forms.decimal(ratio(people), 1);
    let money = |amount: f64| forms.price(ratio(amount), currency, 2);
    let rate = |at: usize| {
        let interval = between(effect.rate_intervals[at], &percent, lang);
        format!("{} ({interval})", percent(effect.rates[at]))
    };
    let row = |name: Phrase, point: Option<String>, interval: Option<String>| {
        (name.text(lang).to_owned(), [point, interval].into_iter().map(known).collect())
    };
    let one = |name: Phrase, point: Option<f64>, interval: Interval, write: &dyn Fn(f64) -> String| {
        row(name, point.map(write), point.map(|_| between(interval, write, lang)))
    };
    vec![
        (RATE.text(lang).to_owned(), vec![rate(0), rate(1)]),
        one(LIFT, effect.lift, effect.lift_interval, &change),
        one(INCREMENTAL, Some(effect.incremental), effect.incremental_interval, &people),
        row(ALWAYS, Some(String::new()), Some(between(effect.incremental_always, &people, lang))),
        one(
            INCREMENTAL_ACQUISITIONS,
            Some(effect.incremental_acquisitions),
            effect.incremental_acquisitions_interval,
            &people,
        ),
        row(CPA, effect.cpa.map(money), effect.cpa_interval.map(|interval| between(interval, &money, lang))),
        one(ROI, effect.roi, effect.roi_interval, &change),
        row(DETECTABLE, effect.detectable_lift.map(change), Some(String::new())),
    ]
}

fn known(text: Option<String>) -> String {
    text.unwrap_or_else(|| NONE.to_owned())
}

fn compared(found: &ArmsFound, forms: &Forms) -> String {
    let lang = forms.lang();
    let mut lines = vec![ARMS.with(lang, &[&found.line_item, &found.names.join(", ")]), String::new()];
    lines.extend(aligned(&arm_rows(&found.comparison, &found.names, found.currency, forms)));
    lines.extend([String::new(), arms_words(found, forms), String::new()]);
    lines.join("\n")
}

fn arm_rows(comparison: &Comparison, names: &[String], currency: Currency, forms: &Forms) -> Vec<Row> {
    let lang = forms.lang();
    let money = |amount: f64| forms.price(ratio(amount), currency, 2);
    let change = |share: f64| forms.change(ratio(share), 1);
    let arms = &comparison.arms;
    let counts = |name: Phrase, of: &dyn Fn(usize) -> u64| {
        let cells = (0..arms.len()).map(|at| forms.count(i128::from(of(at))));
        (name.text(lang).to_owned(), cells.collect())
    };
    let figure = |point: Option<f64>, interval: Interval, write: &dyn Fn(f64) -> String| {
        let point = point.map(|point| match between(interval, write, lang) {
            none if none == NONE => write(point),
            ends => format!("{} ({ends})", write(point)),
        });
        known(point)
    };
    let against = |of: &dyn Fn(usize) -> String| {
        let others = (0..comparison.against.len()).map(of);
        std::iter::once(NONE.to_owned()).chain(others).collect::<Vec<_>>()
    };
    let cpa = arms.iter().map(|arm| figure(arm.cpa, arm.cpa_interval, &money)).collect();
    let roi = arms.iter().map(|arm| figure(arm.roi, arm.roi_interval, &change)).collect();
    vec![
        (String::new(), names.to_vec()),
        counts(PEOPLE, &|at| arms[at].people),
        counts(IMPRESSIONS, &|at| arms[at].impressions),
        counts(CLICKS, &|at| arms[at].clicks),
        counts(CONVERSIONS, &|at| arms[at].conversions),
        counts(ACQUISITIONS, &|at| arms[at].acquisitions),
        (COST.text(lang).to_owned(), arms.iter().map(|arm| money(arm.cost)).collect()),
        (ARM_CPA.text(lang).to_owned(), cpa),
        (ARM_ROI.text(lang).to_owned(), roi),
        (CPA_ABOVE.text(lang).to_owned(), against(&|at| between(comparison.against[at].cpa, &money, lang))),
        (ROI_ABOVE.text(lang).to_owned(), against(&|at| between(comparison.against[at].roi, &change, lang))),
    ]
}

/// The ends of an interval; nothing where nothing bounds it.
fn between(interval: Interval, write: &dyn Fn(f64) -> String, lang: Lang) -> String {
    if interval == Interval::default() {
        return NONE.to_owned();
    }
    let end = |end: Option<f64>| end.map_or_else(|| NO_LIMIT.text(lang).to_owned(), write);
    TO.with(lang, &[&end(interval.low), &end(interval.high)])
}

/// Names to the left, figures to the right of their columns.
fn aligned(rows: &[Row]) -> Vec<String> {
    let width = |text: &str| text.chars().count();
    let first = rows.iter().map(|(name, _)| width(name)).max().unwrap_or_default();
    let columns = rows.iter().map(|(_, cells)| cells.len()).max().unwrap_or_default();
    let of_column = |at: usize| rows.iter().filter_map(move |(_, cells)| cells.get(at));
    let widths: Vec<usize> =
        (0..columns).map(|at| of_column(at).map(|cell| width(cell)).max().unwrap_or_default()).collect();
    let line = |(name, cells): &Row| {
        let mut line = format!("  {name}{}", " ".repeat(first - width(name)));
        for (cell, wide) in cells.iter().zip(&widths) {
            line.push_str(&" ".repeat(GAP + wide - width(cell)));
            line.push_str(cell);
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A fraction, to the millionth.
#[expect(clippy::cast_possible_truncation, reason = "a figure for people; cut far beyond every one")]
fn ratio(value: f64) -> Ratio {
    Ratio::new((value * 1e6).round().clamp(-1e30, 1e30) as i128, 1_000_000).expect("a million is above 0")
}
