//! The tax of a month as the ledger has it, and what another rate would make of the same month.

use maud::{Markup, html};

use crate::page::{Cell, Column, Grid, Line};
use crate::report::{Figures, Row, Table, Totals};
use crate::shell::console::desk::Answer;
use crate::shell::console::frame::Sheet;
use crate::shell::console::questions::label;
use crate::shell::console::view::{Fields, View};
use crate::shell::console::words;
use crate::units::{Currency, Day, Femtos, RatePpm, Ratio, UnixMillis};

/// Rates of the slider, in millionths: 0.01 % to 0.1 %, in steps of 0.005 %.
const RATES_PPM: (u32, u32, u32) = (100, 1_000, 50);
/// Rates that stand side by side: 0.01, 0.03, 0.05, 0.1 %.
const USUAL_PPM: [u32; 4] = [100, 300, 500, 1_000];
/// Months to choose from.
const MONTHS: i32 = 24;

/// Which month, and which rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell::console) struct Asked {
    pub(in crate::shell::console) year: i32,
    pub(in crate::shell::console) month: i32,
    rate: RatePpm,
}

impl Asked {
    /// What `query` asks for: `month=2026-11&rate=500`; this month and the highest rate else.
    #[must_use]
    pub(in crate::shell::console) fn of(query: &Fields, now: UnixMillis) -> Self {
        let today = Day::from_raw(i32::try_from(now.raw().div_euclid(86_400_000)).unwrap_or_default());
        let (year, month, _) = today.civil();
        let named = query.get("month").split_once('-').and_then(|(year, month)| {
            let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
            ((1970..=9_999).contains(&year) && (1..=12).contains(&month)).then_some((year, month))
        });
        let (year, month) = named.unwrap_or((year, month));
        let (least, most, _) = RATES_PPM;
        let rate = query.get("rate").parse().ok().map_or(most, |ppm: u32| ppm.clamp(least, most));
        Self { year, month, rate: RatePpm::from_ppm(rate).unwrap_or(RatePpm::ZERO) }
    }

    /// Its first and its last day.
    #[must_use]
    pub(in crate::shell::console) fn days(self) -> (Day, Day) {
        let next = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        let first = Day::from_civil(self.year, self.month, 1);
        (first, Day::from_raw(Day::from_civil(next.0, next.1, 1).raw() - 1))
    }

    fn word(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }
}

/// The page of the month of `asked`, by campaign.
#[must_use]
pub(in crate::shell::console) fn page(view: &View, asked: Asked, answer: &Answer<Table>) -> Sheet {
    let table = answer.found.as_deref();
    Sheet {
        title: view.say("Tax", "Taxe").to_owned(),
        subtitle: asked.word(),
        // Until it is there, the page looks again.
        told: if table.is_none() {
            view.say("Being read.", "Lecture en cours.").to_owned()
        } else {
            String::new()
        },
        body: html! {
            section id="declare" aria-labelledby="declare-h" {
                h2 id="declare-h" { (view.say("Declaration of the month", "Déclaration du mois")) }
                (words::state_of(view, answer))
                (month_form(view, asked))
                @if let Some(table) = table { (declaration(view, table)) }
                p { (downloads(view, asked)) }
            }
            section id="what-if" aria-labelledby="what-if-h" {
                h2 id="what-if-h" { (view.say("What if the rate were another?", "Et si le taux était autre\u{a0}?")) }
                (rate_form(view, asked))
                @if let Some(table) = table { (what_if(view, asked, table)) }
            }
        },
    }
}

fn month_form(view: &View, asked: Asked) -> Markup {
    let months = (0..MONTHS).map(|back| {
        let (year, month, _) =
            Day::from_raw(i32::try_from(view.now.raw().div_euclid(86_400_000)).unwrap_or_default()).civil();
        let whole = year * 12 + month - 1 - back;
        format!("{:04}-{:02}", whole.div_euclid(12), whole.rem_euclid(12) + 1)
    });
    html! {
        form.row method="get" action="/tax" {
            (hidden(view))
            label { (view.say("Month", "Mois"))
                select name="month" { @for month in months {
                    option value=(month) selected[month == asked.word()] { (month) }
                } }
            }
            input type="hidden" name="rate" value=(asked.rate.ppm());
            button type="submit" { (view.say("Show", "Afficher")) }
        }
    }
}

fn rate_form(view: &View, asked: Asked) -> Markup {
    let (least, most, step) = RATES_PPM;
    html! {
        form.row method="get" action="/tax" data-live {
            (hidden(view))
            input type="hidden" name="month" value=(asked.word());
            label for="rate" {
                (view.say("Rate, from 0.01 % to 0.1 %", "Taux, de 0,01 % à 0,1 %")) ": "
                strong { (rate_text(view, asked.rate)) }
                input type="range" id="rate" name="rate" min=(least) max=(most) step=(step) value=(asked.rate.ppm())
                    aria-valuetext=(rate_text(view, asked.rate));
            }
            button type="submit" { (view.say("Reckon", "Calculer")) }
        }
    }
}

fn hidden(view: &View) -> Markup {
    html! { @if let Some(lang) = view.named_lang() { input type="hidden" name="lang" value=(lang); } }
}

fn rate_text(view: &View, rate: RatePpm) -> String {
    Ratio::new(rate.ppm().into(), 1_000_000).map(|ratio| view.forms.percent(ratio, 3)).unwrap_or_default()
}

fn downloads(view: &View, asked: Asked) -> Markup {
    let word = asked.word();
    html! {
        (view.say("Download:", "Télécharger\u{a0}:"))
        @for (name, form) in [("CSV", "csv"), ("JSON", "json")] {
            " " a href={ "/tax." (form) "?month=" (word) } download={ "tax-" (word) "." (form) } { (name) }
        }
    }
}

fn declaration(view: &View, table: &Table) -> Markup {
    let line = |row: &Row| -> Line {
        let amount = |amount| view.amount(amount, row.currency);
        let name =
            if row.labels.is_empty() { words::total(view, row.currency) } else { label(row, 0).to_owned() };
        [
            Cell::from(name),
            Cell::from(view.forms.count(row.totals.impressions)),
            Cell::from(amount(row.totals.media)),
            Cell::from(amount(row.totals.data)),
            Cell::from(amount(row.totals.tax_borne.total())),
            Cell::from(amount(row.totals.tax_absorbed.total())),
            Cell::from(amount(row.totals.tax())),
        ]
        .into_iter()
        .collect()
    };
    let grid = Grid {
        caption: view
            .say("Tax by campaign, as the ledger has it", "Taxe par campagne, selon le registre")
            .to_owned(),
        columns: vec![
            Column::name(view.say("Campaign", "Campagne")),
            Column::number("Impressions"),
            Column::number(view.say("Ad space", "Espace publicitaire")),
            Column::number(view.say("Targeting data", "Données de ciblage")),
            Column::number(view.say("Borne by advertisers", "Supportée par les annonceurs")),
            Column::number(view.say("Absorbed by us", "Absorbée par nous")),
            Column::number(view.say("Tax owed", "Taxe due")),
        ],
        lines: table.rows.iter().map(line).collect(),
        totals: table.totals.iter().map(line).collect(),
    };
    grid.render()
}

/// The same month under other rates, if every impression had been bought all the same.
fn what_if(view: &View, asked: Asked, table: &Table) -> Markup {
    let mut rates: Vec<u32> = USUAL_PPM.to_vec();
    rates.push(asked.rate.ppm());
    rates.sort_unstable();
    rates.dedup();
    let grid = |row: &Row| Grid {
        caption: format!(
            "{} ({})",
            view.say("The same impressions under each rate", "Les mêmes impressions à chaque taux"),
            row.currency
        ),
        columns: vec![
            Column::name(view.say("Rate", "Taux")),
            Column::number(view.say("Tax", "Taxe")),
            Column::number("CPA").noted(view.say("passed on", "répercutée")),
            Column::number("ROI").noted(view.say("passed on", "répercutée")),
            Column::number("CPA").noted(view.say("absorbed", "absorbée")),
            Column::number("ROI").noted(view.say("absorbed", "absorbée")),
            Column::number(view.say("Our margin", "Notre marge")).noted(view.say("passed on", "répercutée")),
            Column::number(view.say("Our margin", "Notre marge")).noted(view.say("absorbed", "absorbée")),
        ],
        lines: rates.iter().map(|ppm| under(view, row, *ppm, asked.rate.ppm())).collect(),
        totals: Vec::new(),
    };
    html! { @for row in &table.totals { (grid(row).render()) } }
}

fn under(view: &View, row: &Row, ppm: u32, asked: u32) -> Line {
    let rate = RatePpm::from_ppm(ppm).unwrap_or(RatePpm::ZERO);
    let tax = |base: Femtos| Femtos::from_raw(base.raw() * i128::from(rate.ppm()) / 1_000_000);
    let owed = Femtos::from_raw(tax(row.totals.media).raw() + tax(row.totals.data).raw());
    let taxed = |borne: bool| {
        let sums = crate::report::TaxSum { space: tax(row.totals.media), data: tax(row.totals.data) };
        let none = crate::report::TaxSum::default();
        let totals = Totals {
            tax_borne: if borne { sums } else { none },
            tax_absorbed: if borne { none } else { sums },
            ..row.totals
        };
        Figures::of(&totals, row.fixed).all_in.after_tax
    };
    let (passed, absorbed) = (taxed(true), taxed(false));
    let margin = Femtos::from_raw(row.totals.fee.raw() - owed.raw());
    let currency: Currency = row.currency;
    let mark = if ppm == asked { view.say("chosen", "choisi") } else { "" };
    [
        Cell::from(rate_text(view, rate)).noted(mark),
        Cell::from(view.amount(owed, currency)),
        Cell::from(words::price(view, passed.cpa, currency)),
        Cell::from(words::percent(view, passed.roi)),
        Cell::from(words::price(view, absorbed.cpa, currency)),
        Cell::from(words::percent(view, absorbed.roi)),
        Cell::from(view.amount(row.totals.fee, currency)),
        Cell::from(view.amount(margin, currency)),
    ]
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::Asked;
    use crate::shell::console::view::Fields;
    use crate::units::UnixMillis;

    #[test]
    fn a_month_and_a_rate_are_read_and_held_within_their_range() {
        let now = UnixMillis::from_raw(1_795_262_400_000);
        let asked = |query| Asked::of(&Fields::of(query), now);
        let (first, last) = asked("month=2026-02&rate=500").days();
        assert_eq!((first.to_string(), last.to_string()), ("2026-02-01".to_owned(), "2026-02-28".to_owned()));
        let (first, last) = asked("month=2026-12").days();
        assert_eq!((first.to_string(), last.to_string()), ("2026-12-01".to_owned(), "2026-12-31".to_owned()));
        assert_eq!(asked("rate=1").rate.ppm(), 100);
        assert_eq!(asked("rate=99999999999").rate.ppm(), 1_000);
        for nonsense in ["month=2026-13", "month=x-y", "month=99999-01", ""] {
            assert_eq!((asked(nonsense).year, asked(nonsense).month), (2026, 11), "{nonsense}");
        }
    }
}
