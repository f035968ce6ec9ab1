//! Which page answers which address, and what is gathered for it.

use std::sync::Arc;
use std::time::Instant;

use maud::html as markup;

use crate::bidder::Snapshot;
use crate::document::suggestion;
use crate::report::Dimension;
use crate::shell::cli::tax::html;
use crate::shell::clock;
use crate::shell::console::campaign::{self, Tables};
use crate::shell::console::desk::{Answer, MOMENT, PATIENCE};
use crate::shell::console::explain;
use crate::shell::console::frame::{Sheet, render};
use crate::shell::console::overview;
use crate::shell::console::questions::Question;
use crate::shell::console::tax;
use crate::shell::console::today::{days, month_of};
use crate::shell::console::view::{Fields, View};
use crate::shell::console::words::in_path;
use crate::shell::service::Service;
use crate::units::UnixMillis;

/// What is asked of the console.
#[derive(Debug, Clone)]
pub(in crate::shell) struct Asked {
    pub(in crate::shell) path: String,
    pub(in crate::shell) query: String,
    /// A browser's `Accept-Language`.
    pub(in crate::shell) accepted: String,
    /// A form that was sent, if one was.
    pub(in crate::shell) form: Option<String>,
    /// What styles and scripts of the page are known by; new for each page.
    pub(in crate::shell) nonce: String,
}

/// What is shown.
#[derive(Debug)]
pub(in crate::shell) struct Shown {
    pub(in crate::shell) kind: Kind,
    /// False if there is no such thing, or what was sent cannot be answered.
    pub(in crate::shell) outcome: Outcome,
    pub(in crate::shell) body: String,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell) enum Kind {
    Html,
    Csv,
    Json,
    /// A file of its own, to be kept.
    HtmlFile,
    /// A few words.
    Text,
}

/// Whether it is what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell) enum Outcome {
    Found,
    Missing,
    /// What was sent cannot be answered.
    Refused,
    /// The ledger was not read in time, or cannot be.
    NotYet,
}

/// True if a page stands at `path`, or may.
#[must_use]
pub(in crate::shell) fn is_page(path: &str) -> bool {
    matches!(path, "/" | "/tax" | "/explain" | "/api")
        || file(path).is_some()
        || path.starts_with("/campaigns/")
}

/// What stands at the address of `asked`.
pub(in crate::shell) async fn show(service: &Arc<Service>, asked: Asked) -> Shown {
    let now = clock::now();
    match asked.path.as_str() {
        "/" => overview(service, asked, now).await,
        "/tax" | "/tax.csv" | "/tax.json" | "/tax.html" => tax(service, asked, now).await,
        "/explain" => explain(service, asked, now).await,
        "/api" => rendered(asked, now, |view, _| (Outcome::Found, api(view))).await,
        _ => campaign(service, asked, now).await,
    }
}

/// Makes a page off the threads that serve.
async fn rendered(
    asked: Asked,
    now: UnixMillis,
    make: impl FnOnce(&View, &Asked) -> (Outcome, Sheet) + Send + 'static,
) -> Shown {
    let made = tokio::task::spawn_blocking(move || {
        let view = View::new(&asked.path, &asked.query, &asked.accepted, now);
        let (outcome, sheet) = make(&view, &asked);
        Shown { kind: Kind::Html, outcome, body: render(&view, &sheet, &asked.nonce) }
    })
    .await;
    // A panic's message went to the log.
    made.unwrap_or_else(|_| not_yet("the page could not be made\n"))
}

fn not_yet(words: &str) -> Shown {
    Shown { kind: Kind::Text, outcome: Outcome::NotYet, body: words.to_owned() }
}

async fn overview(service: &Arc<Service>, asked: Asked, now: UnixMillis) -> Shown {
    let snapshot = service.snapshot();
    let days = days(&snapshot, now);
    let today = days.iter().map(|today| today.day).min();
    let month = month_of(&days, now);
    let hours = service.console.table(Question::Hours(today.unwrap_or(month)));
    let month = service.console.table(Question::Days(month));
    let until = Instant::now() + MOMENT;
    let (month, hours) = (month.by(until).await, hours.by(until).await);
    let service = Arc::clone(service);
    rendered(asked, now, move |view, _| (Outcome::Found, overview::page(view, &service, &month, &hours)))
        .await
}

async fn campaign(service: &Arc<Service>, asked: Asked, now: UnixMillis) -> Shown {
    let name = asked.path.trim_start_matches("/campaigns/");
    let slug = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
    let snapshot = service.snapshot();
    let campaigns = &snapshot.plan.catalog.campaigns;
    let Some(at) = campaigns.iter().position(|campaign| campaign.slug == slug) else {
        let near = suggestion(&slug, campaigns.iter().map(|campaign| campaign.slug.as_str()));
        let near = near.map(str::to_owned);
        let make = move |view: &View, _: &Asked| (Outcome::Missing, missing(view, &slug, near.as_deref()));
        return rendered(asked, now, make).await;
    };
    let id = campaigns[at].id;
    let days = days(&snapshot, now);
    let today = days.iter().find(|today| today.campaign == at).map(|today| today.day);
    let from = today.unwrap_or_else(|| month_of(&days, now));
    let ask = |question| service.console.table(question);
    let (days, hours) = (ask(Question::Days(from)), ask(Question::Hours(from)));
    let (line_items, creatives) =
        (ask(Question::Campaign(id, Dimension::LineItem)), ask(Question::Campaign(id, Dimension::Creative)));
    let arms = ask(Question::Campaign(id, Dimension::Arm));
    let findings = tries(&snapshot, at).then(|| service.console.findings(id));
    let until = Instant::now() + MOMENT;
    let tables = Tables {
        arms: arms.by(until).await,
        findings: match findings {
            Some(findings) => findings.by(until).await,
            None => Answer::default(),
        },
        days: days.by(until).await,
        hours: hours.by(until).await,
        line_items: line_items.by(until).await,
        creatives: creatives.by(until).await,
    };
    let service = Arc::clone(service);
    let make = move |view: &View, _: &Asked| {
        (Outcome::Found, campaign::page(view, &service, &snapshot, at, &tables))
    };
    rendered(asked, now, make).await
}

/// True if the campaign at `at` tries anything on people.
fn tries(snapshot: &Snapshot, at: usize) -> bool {
    let catalog = &snapshot.plan.catalog;
    let mut items = catalog.line_items.iter().filter(|item| item.campaign == at);
    catalog.campaigns[at].holdout.is_some() || items.any(|item| !item.arms.is_empty())
}

fn missing(view: &View, slug: &str, near: Option<&str>) -> Sheet {
    Sheet {
        title: view.say("No such campaign", "Campagne inconnue").to_owned(),
        subtitle: String::new(),
        told: String::new(),
        body: markup! {
            section id="missing" {
                p { (view.say("There is no campaign", "Il n’y a pas de campagne")) " " code { (slug) } "." }
                @if let Some(near) = near {
                    p { (view.say("Did you mean", "Vouliez-vous dire")) " "
                        a href=(view.link(&format!("/campaigns/{}", in_path(near)))) { (near) } (view.say("?", "\u{a0}?")) }
                }
                p { a href=(view.link("/")) { (view.say("All campaigns", "Toutes les campagnes")) } }
            }
        },
    }
}

async fn tax(service: &Arc<Service>, asked: Asked, now: UnixMillis) -> Shown {
    let plan = Arc::clone(&service.snapshot().plan);
    let month = tax::Asked::of(&Fields::of(&asked.query), &plan, now);
    let Some(period) = month.period() else { return not_yet("this is no month\n") };
    let declared = service.console.declared(&plan, period);
    let Some(kind) = file(&asked.path) else {
        let compared = service.console.compared(&plan, month.other(&plan));
        let until = Instant::now() + MOMENT;
        let (declared, compared) = (declared.by(until).await, compared.by(until).await);
        let make = move |view: &View, _: &Asked| {
            (Outcome::Found, tax::page(view, &plan, &month, &declared, &compared))
        };
        return rendered(asked, now, make).await;
    };
    let Some(written) = declared.by(Instant::now() + PATIENCE).await.found else {
        return not_yet("the ledger is being read: come again in a moment\n");
    };
    let lang = View::new(&asked.path, &asked.query, &asked.accepted, now).lang;
    let body = match kind {
        Kind::Csv => written.to_csv(),
        Kind::Json => written.to_json(),
        _ => html(&written, lang),
    };
    Shown { kind, outcome: Outcome::Found, body }
}

/// The form of the file at `path`; `None` where it is a page.
fn file(path: &str) -> Option<Kind> {
    match path {
        "/tax.csv" => Some(Kind::Csv),
        "/tax.json" => Some(Kind::Json),
        "/tax.html" => Some(Kind::HtmlFile),
        _ => None,
    }
}

async fn explain(service: &Arc<Service>, asked: Asked, now: UnixMillis) -> Shown {
    let service = Arc::clone(service);
    let make = move |view: &View, asked: &Asked| {
        let question = match &asked.form {
            Some(form) => explain::Asked::sent(&Fields::of(form)),
            None => explain::Asked::new(&view.query),
        };
        let (is_fine, sheet) = explain::page(view, &service, &question);
        (if is_fine { Outcome::Found } else { Outcome::Refused }, sheet)
    };
    rendered(asked, now, make).await
}

/// The addresses at this door that are for programs.
const ADDRESSES: [(&str, &str, &str); 7] = [
    ("/healthz", "answers while the process runs", "répond tant que le processus tourne"),
    ("/readyz", "200 while it may bid, else 503 and why", "200 s’il peut enchérir, sinon 503 et pourquoi"),
    ("/metrics", "everything that is counted, for Prometheus", "tout ce qui est compté, pour Prometheus"),
    ("/v1/learned", "what was learnt, as a file", "ce qui est appris, en un fichier"),
    (
        "/v1/audience/{id_type}/{user_id}",
        "what is known of a person; DELETE erases it",
        "ce que l’on sait d’une personne\u{a0}; DELETE l’efface",
    ),
    ("/v1/ledger/corrections", "POST books corrections", "POST enregistre des corrections"),
    ("/v1/conversions", "POST takes orders by promo code", "POST prend des commandes par code promo"),
];

fn api(view: &View) -> Sheet {
    Sheet {
        title: view.say("Addresses for programs", "Adresses pour programmes").to_owned(),
        subtitle: String::new(),
        told: String::new(),
        body: markup! {
            section id="api" {
                dl { @for (path, english, french) in ADDRESSES {
                    dt { @if path.contains('{') || english.starts_with("POST") { code { (path) } }
                        @else { a href=(path) { code { (path) } } } }
                    dd { (match view.lang {
                        crate::page::Lang::En => english,
                        crate::page::Lang::Fr => french,
                    }) }
                } }
            }
        },
    }
}
