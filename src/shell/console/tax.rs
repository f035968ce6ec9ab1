//! The tax of a month: what is to be declared of it, and what other rates, scenarios and bearers would make of it.

use maud::{Markup, html};

use crate::bidder::Plan;
use crate::page::{Cell, Column, Grid, Line};
use crate::shell::cli::tax::{Written, body};
use crate::shell::console::desk::Answer;
use crate::shell::console::frame::Sheet;
use crate::shell::console::taxes::{Other, Taxed, What};
use crate::shell::console::view::{Fields, View};
use crate::shell::console::words;
use crate::ttf::{Bearer, Outcome, Period, Scenario};
use crate::units::{Currency, Day, RatePpm, Ratio, UnixMillis};

/// Rates of the slider, in millionths: 0.01 % to 0.1 %, in steps of 0.005 %.
const RATES_PPM: (u32, u32, u32) = (100, 1_000, 50);
/// Months to choose from.
const MONTHS: i32 = 24;

/// Which month, which scenario, and which rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shell::console) struct Asked {
    year: i32,
    month: i32,
    scenario: String,
    rate_ppm: u32,
}

impl Asked {
    /// What `query` asks for: `month=2026-11&scenario=hypothesis-eu&rate=500`; this month, the scenario of most campaigns
    /// and the highest rate else.
    #[must_use]
    pub(in crate::shell::console) fn of(query: &Fields, plan: &Plan, now: UnixMillis) -> Self {
        let (year, month) = month_of(query.get("month")).unwrap_or_else(|| {
            let (year, month, _) = today(now).civil();
            (year, month)
        });
        let named = plan.scenarios.iter().find(|scenario| scenario.slug() == query.get("scenario"));
        let scenario = named.or_else(|| usual(plan)).map_or("none", Scenario::slug).to_owned();
        let (least, most, _) = RATES_PPM;
        let rate_ppm = query.get("rate").parse().ok().map_or(most, |ppm: u32| ppm.clamp(least, most));
        Self { year, month, scenario, rate_ppm }
    }

    /// The month as a period of a declaration.
    #[must_use]
    pub(in crate::shell::console) fn period(&self) -> Option<Period> {
        self.word().parse().ok()
    }

    /// Its first and its last day.
    #[must_use]
    pub(in crate::shell::console) fn days(&self) -> (Day, Day) {
        let next = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        let first = Day::from_civil(self.year, self.month, 1);
        (first, Day::from_raw(Day::from_civil(next.0, next.1, 1).raw() - 1))
    }

    /// What else it could be.
    #[must_use]
    pub(in crate::shell::console) fn other(&self, plan: &Plan) -> Other {
        Other {
            days: self.days(),
            scenario: self.scenario.clone(),
            rate_ppm: self.rate_ppm,
            revision: plan.revision,
        }
    }

    /// The month as `2026-11`.
    #[must_use]
    pub(in crate::shell::console) fn word(&self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }
}

fn month_of(word: &str) -> Option<(i32, i32)> {
    let (year, month) = word.split_once('-')?;
    let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
    ((1970..=9_998).contains(&year) && (1..=12).contains(&month)).then_some((year, month))
}

fn today(now: UnixMillis) -> Day {
    Day::from_raw(i32::try_from(now.raw().div_euclid(86_400_000)).unwrap_or_default())
}

/// The scenario of most campaigns that are taxed at all, else any that taxes.
fn usual(plan: &Plan) -> Option<&Scenario> {
    let count = |scenario: &&Scenario| {
        let campaigns = &plan.catalog.campaigns;
        campaigns.iter().filter(|campaign| campaign.tax.scenario == scenario.id()).count()
    };
    plan.scenarios.iter().filter(|scenario| scenario.id() != Scenario::NONE).max_by_key(count)
}

/// The page of the month of `asked`.
#[must_use]
pub(in crate::shell::console) fn page(
    view: &View,
    plan: &Plan,
    asked: &Asked,
    declared: &Answer<Written>,
    compared: &Answer<Vec<Taxed>>,
) -> Sheet {
    let is_there = declared.found.is_some() && compared.found.is_some();
    let failed = declared.failed.is_some() || compared.failed.is_some();
    // Until it is there, the page looks again.
    let waits = !is_there && !failed;
    Sheet {
        title: view.say("Tax", "Taxe").to_owned(),
        subtitle: asked.word(),
        told: if waits { view.say("Being read.", "Lecture en cours.").to_owned() } else { String::new() },
        body: html! {
            section id="declare" aria-labelledby="declare-h" {
                h2 id="declare-h" { (view.say("Declaration of the month", "Déclaration du mois")) }
                (month_form(view, asked))
                (words::state_of(view, declared))
                @if let Some(declared) = &declared.found {
                    (body(declared, view.lang))
                    p { (downloads(view, asked)) }
                }
            }
            section id="what-if" aria-labelledby="what-if-h" {
                h2 id="what-if-h" { (view.say("What if it were taxed otherwise?", "Et si la taxe était autre\u{a0}?")) }
                (rate_form(view, plan, asked))
                (words::state_of(view, compared))
                @if let Some(compared) = &compared.found { (comparison(view, asked, compared)) }
            }
        },
    }
}

fn month_form(view: &View, asked: &Asked) -> Markup {
    let months = (0..MONTHS).map(|back| {
        let (year, month, _) = today(view.now).civil();
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
            input type="hidden" name="scenario" value=(asked.scenario);
            input type="hidden" name="rate" value=(asked.rate_ppm);
            button type="submit" { (view.say("Show", "Afficher")) }
        }
    }
}

fn rate_form(view: &View, plan: &Plan, asked: &Asked) -> Markup {
    let (least, most, step) = RATES_PPM;
    let rate = rate_text(view, asked.rate_ppm);
    html! {
        form.row method="get" action="/tax" data-live {
            (hidden(view))
            input type="hidden" name="month" value=(asked.word());
            label { (view.say("Scenario", "Scénario"))
                select name="scenario" { @for scenario in &plan.scenarios {
                    option value=(scenario.slug()) selected[scenario.slug() == asked.scenario] { (scenario.slug()) }
                } }
            }
            label for="rate" {
                span { (view.say("Rate on ad space, 0.01 % to 0.1 %:", "Taux sur l’espace, de 0,01 % à 0,1 %\u{a0}:")) " " strong { (rate) } }
                input type="range" id="rate" name="rate" min=(least) max=(most) step=(step) value=(asked.rate_ppm)
                    aria-valuetext=(rate);
            }
            button type="submit" { (view.say("Reckon", "Calculer")) }
        }
    }
}

fn hidden(view: &View) -> Markup {
    html! { @if let Some(lang) = view.named_lang() { input type="hidden" name="lang" value=(lang); } }
}

fn rate_text(view: &View, ppm: u32) -> String {
    Ratio::new(ppm.into(), 1_000_000).map(|ratio| view.forms.percent(ratio, 3)).unwrap_or_default()
}

fn downloads(view: &View, asked: &Asked) -> Markup {
    let word = asked.word();
    let lang = view.named_lang().map(|lang| format!("&lang={lang}")).unwrap_or_default();
    html! {
        (view.say("Download the declaration:", "Télécharger la déclaration\u{a0}:"))
        @for (name, form) in [("CSV", "csv"), ("JSON", "json"), ("HTML", "html")] {
            " " a href={ "/tax." (form) "?month=" (word) (lang) } download={ "tax-" (word) "." (form) } { (name) }
        }
    }
}

/// The same impressions under other taxes, by currency: those with most costs first.
fn comparison(view: &View, asked: &Asked, all: &[Taxed]) -> Markup {
    let mut currencies: Vec<(i128, Currency)> = all
        .first()
        .into_iter()
        .flat_map(|booked| &booked.outcomes)
        .map(|outcome| (outcome.all_in().raw(), outcome.currency))
        .collect();
    currencies.sort_by_key(|(costs, currency)| (std::cmp::Reverse(*costs), *currency));
    html! {
        p { (view.say(
            "The same impressions, taxed otherwise. A bid that leaves room for a tax is lower: an impression is lost where it would have fallen below what it had to beat.",
            "Les mêmes impressions, taxées autrement. Une enchère qui réserve la taxe est plus basse\u{a0}: une impression est perdue là où elle serait passée sous le prix à battre.",
        )) }
        @if currencies.is_empty() { p { (view.say("Nothing was billed in this month.", "Rien n’a été facturé ce mois-ci.")) } }
        @for (number, (_, currency)) in currencies.into_iter().enumerate() {
            @if number == 0 { (grid(view, asked, all, currency).render()) }
            @else { details { summary { (currency) } (grid(view, asked, all, currency).render()) } }
        }
    }
}

fn grid(view: &View, asked: &Asked, all: &[Taxed], currency: Currency) -> Grid {
    let line = |taxed: &Taxed| {
        let outcome = taxed.outcomes.iter().find(|outcome| outcome.currency == currency)?;
        Some(line(view, asked, &taxed.what, outcome))
    };
    Grid {
        caption: format!("{} ({currency})", view.say("Side by side", "Côte à côte")),
        columns: vec![
            Column::name(view.say("Way", "Cas")),
            Column::number(view.say("Tax", "Taxe")),
            Column::number(view.say("Borne by advertisers", "Supportée par les annonceurs")),
            Column::number(view.say("Spend", "Dépenses")).noted(view.say("all in", "tout compris")),
            Column::number(view.say("Wins lost", "Gains perdus")),
            Column::number("CPA"),
            Column::number("ROI"),
            Column::number(view.say("Our margin", "Notre marge")),
        ],
        lines: all.iter().filter_map(line).collect(),
        totals: Vec::new(),
    }
}

fn line(view: &View, asked: &Asked, what: &What, outcome: &Outcome) -> Line {
    let amount = |amount| view.amount(amount, outcome.currency);
    let on_top = view.say("on top", "en sus");
    let (name, note) = match what {
        What::Booked => (view.say("As booked", "Tel que comptabilisé").to_owned(), String::new()),
        What::Borne(bearer) => {
            let chosen = format!("{} {}", asked.scenario, rate_text(view, asked.rate_ppm));
            (borne(view, *bearer).to_owned(), chosen)
        }
        What::Rate(rate) => (rate_text(view, RatePpm::ppm(*rate)), format!("{}, {on_top}", asked.scenario)),
        What::Scenario(slug) => {
            (slug.clone(), format!("{}, {on_top}", view.say("its own rates", "ses taux")))
        }
    };
    [
        Cell::from(name).noted(note),
        Cell::from(amount(outcome.tax)),
        Cell::from(amount(outcome.borne)),
        Cell::from(amount(outcome.all_in())),
        Cell::from(view.forms.count(outcome.lost)),
        Cell::from(words::price(view, outcome.cpa(), outcome.currency)),
        Cell::from(words::percent(view, outcome.roi())),
        Cell::from(amount(outcome.margin())),
    ]
    .into_iter()
    .collect()
}

fn borne(view: &View, bearer: Bearer) -> &'static str {
    match bearer {
        Bearer::Absorb => view.say("Absorbed by us", "Absorbée par nous"),
        Bearer::OnTop => view.say("Passed on, on top", "Répercutée en sus"),
        Bearer::Inside => view.say("Passed on, inside the budget", "Répercutée dans le budget"),
        Bearer::Split { .. } => view.say("Split in halves", "Partagée par moitié"),
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;
    use crate::bidder::Plan;
    use crate::campaign::{Catalog, Rates};
    use crate::shell::console::view::Fields;
    use crate::units::{Currency, UnixMillis};

    #[test]
    fn a_month_and_a_rate_are_read_and_held_within_their_range() {
        let now = UnixMillis::from_raw(1_795_262_400_000);
        let plan = Plan::build(1, Catalog::default(), vec![], vec![], Rates::only(Currency::EUR));
        let asked = |query| Asked::of(&Fields::of(query), &plan, now);
        let (first, last) = asked("month=2026-02&rate=500").days();
        assert_eq!((first.to_string(), last.to_string()), ("2026-02-01".to_owned(), "2026-02-28".to_owned()));
        let (first, last) = asked("month=2026-12").days();
        assert_eq!((first.to_string(), last.to_string()), ("2026-12-01".to_owned(), "2026-12-31".to_owned()));
        assert_eq!(asked("rate=1").rate_ppm, 100);
        assert_eq!(asked("rate=4294967295").rate_ppm, 1_000);
        assert_eq!(asked("rate=99999999999").rate_ppm, 1_000);
        assert!(asked("").period().is_some());
        for nonsense in ["month=2026-13", "month=x-y", "month=99999-01", ""] {
            assert_eq!((asked(nonsense).year, asked(nonsense).month), (2026, 11), "{nonsense}");
        }
        assert_eq!(asked("scenario=nobody-wrote-it").scenario, "none");
    }
}
