//! A pasted bid request, explained as it would be decided now: line item by line item, live, and without any effect.

use bumpalo::Bump;
use maud::{Markup, html};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::document::suggestion;
use crate::geo::{Place, Readable};
use crate::openrtb;
use crate::shell::clock;
use crate::shell::console::frame::Sheet;
use crate::shell::console::known::Known;
use crate::shell::console::view::{Fields, View};
use crate::shell::explaining::{BIDS, Failing, Line, lines, slugs, state, summary};
use crate::shell::service::Service;
use crate::units::limits;

/// Bytes of explanations on one page.
const BYTES_MAX: usize = 60_000;
/// Exchanges to choose from.
const EXCHANGES_MAX: usize = 200;
/// A request to begin with.
const EXAMPLE: &str = r#"{
  "id": "example-1",
  "at": 1,
  "tmax": 120,
  "cur": ["EUR"],
  "imp": [{
    "id": "1",
    "secure": 1,
    "bidfloor": 0.5,
    "bidfloorcur": "EUR",
    "banner": { "format": [{ "w": 300, "h": 250 }, { "w": 728, "h": 90 }] }
  }],
  "site": {
    "domain": "news.example",
    "page": "https://news.example/today",
    "cat": ["IAB12"],
    "publisher": { "id": "p-1", "domain": "news.example" }
  },
  "device": {
    "ua": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    "geo": { "country": "FRA", "city": "Paris", "lat": 48.86, "lon": 2.35 },
    "language": "fr"
  },
  "regs": { "gdpr": 0 }
}"#;

/// What was asked, or is to be.
#[derive(Debug, Default)]
pub(in crate::shell::console) struct Asked {
    request: String,
    exchange: String,
    line_item: String,
    was_sent: bool,
}

impl Asked {
    /// Of a form that was sent.
    #[must_use]
    pub(in crate::shell::console) fn sent(form: &Fields) -> Self {
        let field = |name| form.get(name).trim().to_owned();
        Self {
            request: field("request"),
            exchange: field("exchange"),
            line_item: field("line_item"),
            was_sent: true,
        }
    }

    /// An empty form, or the example.
    #[must_use]
    pub(in crate::shell::console) fn new(query: &Fields) -> Self {
        let request = if query.get("example").is_empty() { "" } else { EXAMPLE };
        Self { request: request.to_owned(), exchange: "generic".to_owned(), ..Self::default() }
    }
}

/// Why there is no explanation, and what to do about it.
#[derive(Debug)]
struct Fault {
    error: String,
    hint: String,
}

impl Fault {
    fn new(error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { error: error.into(), hint: hint.into() }
    }
}

/// What is told of a request before its line items.
#[derive(Debug)]
struct Explained {
    lines: Vec<Line>,
    notes: Vec<String>,
}

/// The page, and whether what was asked can be answered. May take long: not on a thread that serves.
#[must_use]
pub(in crate::shell::console) fn page(view: &View, service: &Service, asked: &Asked) -> (bool, Sheet) {
    let explained = asked.was_sent.then(|| explained(service, asked));
    let is_fine = !matches!(explained, Some(Err(_)));
    let sheet = Sheet {
        title: view.say("Explain a bid request", "Expliquer une demande d’enchère").to_owned(),
        subtitle: String::new(),
        told: String::new(),
        body: html! {
            section id="answer" aria-label=(view.say("Explanation", "Explication")) {
                @match &explained {
                    None => p { (view.say(
                        "What would every line item do with a request right now, with today’s budgets, paces and frequency caps? Nothing is reserved, and nothing is counted.",
                        "Que ferait chaque élément de ligne d’une demande à cet instant, avec les budgets, rythmes et plafonds du jour\u{a0}? Rien n’est réservé, rien n’est compté.",
                    )) },
                    Some(Err(fault)) => div.warn role="alert" {
                        p { strong { (view.say("Error:", "Erreur\u{a0}:")) } " " (fault.error) }
                        @if !fault.hint.is_empty() { p { (view.say("Hint:", "Conseil\u{a0}:")) " " (fault.hint) } }
                    },
                    Some(Ok(explained)) => (answer(view, explained)),
                }
            }
            section id="ask" aria-labelledby="ask-h" { (form(view, service, asked)) }
        },
    };
    (is_fine, sheet)
}

fn explained(service: &Service, asked: &Asked) -> Result<Explained, Fault> {
    if asked.request.is_empty() {
        return Err(Fault::new("there is no request", "paste one bid request as JSON, or take the example"));
    }
    if asked.request.len() > limits::EXPLAINED_BYTES_MAX {
        let error = format!(
            "the request has {} bytes, more than the {} that this page takes",
            asked.request.len(),
            limits::EXPLAINED_BYTES_MAX
        );
        return Err(Fault::new(error, "explain it with `encan explain --request FILE`"));
    }
    let arena = Bump::new();
    let request = openrtb::parse(asked.request.as_bytes(), &arena).map_err(|error| {
        Fault::new(format!("this is no bid request: {error}"), "an exchange would get a 400 for it")
    })?;
    let book = service.book.apart();
    let now = clock::now();
    let snapshot = service.snapshot().apart(&book, now);
    let plan = &snapshot.plan;
    let Some(exchange) = plan.exchange(&asked.exchange) else {
        let known: Vec<&str> = plan.exchanges.iter().map(|exchange| exchange.slug.as_str()).collect();
        let hint = suggestion(&asked.exchange, known.iter().copied()).map_or_else(
            || format!("there are {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Fault::new(format!("there is no exchange `{}`", asked.exchange), hint));
    };
    if !asked.line_item.is_empty() && slugs(plan).all(|slug| slug != asked.line_item) {
        let known: Vec<String> = slugs(plan).collect();
        let hint = match suggestion(&asked.line_item, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name it as `campaign/line-item`".to_owned(),
        };
        return Err(Fault::new(format!("there is no line item `{}`", asked.line_item), hint));
    }
    let known = Known::of(service, &snapshot, exchange, &request, now);
    let mut notes = Vec::new();
    if exchange.slug != asked.exchange {
        notes.push(format!("there is no profile `{}`: `{}` stands in for it", asked.exchange, exchange.slug));
    }
    if let Some(restriction) = &known.permissions.reason {
        notes.push(format!("not everything of the person may be used: {restriction}"));
    }
    let readable = Readable::by(&known.permissions);
    notes.push(format!("place: {}", Place::of(&request, known.located.as_ref(), readable)));
    let ask = known.ask(&request, exchange);
    let mut lines = lines(&snapshot, &ask, &mut SmallRng::seed_from_u64(1));
    if !asked.line_item.is_empty() {
        lines.retain(|line| line.line_item == asked.line_item);
    }
    Ok(Explained { lines, notes })
}

fn form(view: &View, service: &Service, asked: &Asked) -> Markup {
    let snapshot = service.snapshot();
    let exchanges: Vec<&str> =
        snapshot.plan.exchanges.iter().map(|exchange| exchange.slug.as_str()).take(EXCHANGES_MAX).collect();
    html! {
        h2 id="ask-h" { (view.say("Request", "Demande")) }
        form.stack method="post" action=(view.link("/explain")) {
            label {
                (view.say("Bid request (OpenRTB JSON)", "Demande d’enchère (OpenRTB, JSON)"))
                textarea name="request" rows="14" required spellcheck="false" autocomplete="off"
                    autocapitalize="off" maxlength=(limits::EXPLAINED_BYTES_MAX) { (asked.request) }
            }
            label {
                (view.say("Exchange", "Place de marché"))
                input name="exchange" list="exchanges" required autocomplete="off" value=(asked.exchange);
                datalist id="exchanges" { @for slug in exchanges { option value=(slug) {} } }
            }
            label {
                (view.say("Only this line item, as campaign/line-item (optional)", "Seulement cet élément, sous la forme campagne/élément (facultatif)"))
                input name="line_item" autocomplete="off" value=(asked.line_item);
            }
            div.buttons {
                button type="submit" { (view.say("Explain", "Expliquer")) }
                a href=(example(view)) { (view.say("Fill in an example", "Remplir avec un exemple")) }
            }
        }
    }
}

fn example(view: &View) -> String {
    let lang = view.named_lang().map(|lang| format!("&lang={lang}")).unwrap_or_default();
    format!("/explain?example=1{lang}")
}

fn answer(view: &View, explained: &Explained) -> Markup {
    let mut bytes = 0;
    let mut of_imps = Vec::new();
    for of_imp in explained.lines.chunk_by(|one, other| one.imp == other.imp) {
        let mut articles = Vec::new();
        for line in of_imp {
            if bytes >= BYTES_MAX {
                break;
            }
            let article = article(line);
            bytes += article.0.len();
            articles.push(article);
        }
        of_imps.push((of_imp, articles));
    }
    html! {
        @for note in &explained.notes { p { (note) } }
        @if of_imps.is_empty() {
            p { (view.say("The request has no impression that can be bid on.", "La demande n’a aucun emplacement sur lequel enchérir.")) }
        }
        @for (of_imp, articles) in &of_imps {
            h2 { (summary(of_imp)) }
            @for article in articles { (article) }
            @let more = of_imp.len() - articles.len();
            @if more > 0 {
                p { (view.forms.count(more as u64)) " " (view.say(
                    "more are not shown here: name one below, or use `encan explain --all`.",
                    "autres ne sont pas montrés ici\u{a0}: nommez-en un ci-dessous, ou utilisez `encan explain --all`.",
                )) }
            }
        }
    }
}

fn article(line: &Line) -> Markup {
    // What is not targeting stands first, as on the command line.
    let reasons = line.reasons.len() - line.failures.len();
    html! {
        article {
            h4 { (line.line_item) " " span.tag { (state(line)) } }
            @if let Some(arm) = &line.arm { p { "the person is in its arm " (arm) } }
            @if let Some(factor) = &line.factor {
                p { (if line.arm.is_some() { "its modifiers and its arm" } else { "its modifiers" })
                    " multiply its value by " (factor) }
            }
            @if !line.steps.is_empty() {
                p { @for (number, step) in line.steps.iter().enumerate() {
                    @if number > 0 { " → " }
                    (step.step) " " (step.price)
                } }
            }
            @for reason in &line.reasons[..reasons] { p { (reason) } }
            @if line.then.is_none() { @if let Some(hint) = &line.hint { p.fix { "hint: " (hint) } } }
            @if !line.failures.is_empty() { ul { @for failing in &line.failures { li { (failure(failing)) } } } }
            @if let Some(then) = line.then.as_deref().filter(|then| *then != BIDS) {
                p { "then " (then) }
                @if let Some(hint) = &line.hint { p.fix { "hint: " (hint) } }
            }
        }
    }
}

fn failure(failing: &Failing) -> Markup {
    let Failing { attribute, path, seen, wanted, .. } = failing;
    html! {
        code { (path) } @if !path.ends_with(attribute) { ": " (attribute) }
        " is " (seen)
        @if failing.absent { " (" code { "unknown" } ": " code { "exclude" } ")" }
        ", wanted " (wanted)
        @if let Some(edit) = failing.edit.as_ref().filter(|_| failing.needed) {
            p.fix { "change: " (edit.text) }
        }
    }
}
