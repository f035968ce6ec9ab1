//! What is sent: requests of every format, with every restriction, in every spelling that exchanges use; and
//! requests that are none.
//!
//! Floors are low and sizes common where they are not the point, so that a bidder of any campaigns has something to
//! bid on.

mod blocks;
mod formats;
mod refusals;
mod terms;
mod tolerance;
mod wire;

use serde_json::{Value, json};

use crate::certify::rules::http as rule;
use crate::certify::{Case, Rule, Terms, Wants};

/// How the cases are to be made.
#[derive(Debug, Clone, Copy)]
pub struct Wishes<'a> {
    /// Begins every `id`, so that no bidder takes a second run for a repetition of the first.
    pub run: &'a str,
    /// What the exchange demands.
    pub terms: &'a Terms,
    /// Deals that the bidder under test knows; made up if there are none.
    pub deals: &'a [String],
    /// Domains of advertisers that the bidder has on the first of them.
    pub advertisers: &'a [String],
    /// Whether every request says `test: 1`.
    pub test: bool,
}

/// Every case, in a fixed order.
#[must_use]
pub fn cases(wishes: &Wishes<'_>) -> Vec<Case> {
    let mut cases = Cases { wishes, cases: Vec::new() };
    formats::add(&mut cases);
    terms::add(&mut cases);
    blocks::add(&mut cases);
    wire::add(&mut cases);
    tolerance::add(&mut cases);
    refusals::add(&mut cases);
    cases.cases
}

/// A case of a request that comes from elsewhere; `None` if it is no JSON object.
#[must_use]
pub fn case_of(body: &[u8], name: String, wishes: &Wishes<'_>) -> Option<Case> {
    let mut request: Value = serde_json::from_slice(body).ok().filter(Value::is_object)?;
    let id = format!("{}-{}", wishes.run, request["id"].as_str().unwrap_or_default());
    request["id"] = id.into();
    request["tmax"] = wishes.terms.tmax_ms.into();
    if !wishes.terms.currencies.is_empty() {
        request["cur"] = json!(wishes.terms.currencies);
    }
    if wishes.test {
        request["test"] = 1.into();
    }
    Some(Case { name, ..asking(request) })
}

/// The cases so far.
struct Cases<'a> {
    wishes: &'a Wishes<'a>,
    cases: Vec<Case>,
}

impl Cases<'_> {
    /// A right request, changed by `patch`: objects are merged, all else is replaced.
    fn request(&self, patch: Value) -> Value {
        const VIEWERS: [(&str, &str, &str); 4] = [
            ("FRA", "fr", "203.0.113.0"),
            ("DEU", "de", "198.51.100.0"),
            ("USA", "en", "192.0.2.0"),
            ("GBR", "en", "203.0.113.128"),
        ];
        let number = self.cases.len();
        let (country, language, ip) = VIEWERS[number % VIEWERS.len()];
        let terms = self.wishes.terms;
        let mut request = json!({
            "id": format!("{}-{number}", self.wishes.run),
            "at": 1,
            "tmax": terms.tmax_ms,
            "site": {"id": "certify", "domain": "news.example", "page": "https://news.example/story",
                     "cat": ["IAB12"], "publisher": {"id": "publisher-1", "domain": "news.example"}},
            "device": {"ua": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                              Chrome/140.0.0.0 Safari/537.36",
                       "ip": ip, "devicetype": 2, "os": "Windows", "language": language,
                       "geo": {"country": country, "type": 2}},
            "user": {"id": format!("viewer-{number:08}"), "buyeruid": format!("buyer-{number:08}")},
            "regs": {"coppa": 0, "gdpr": 0, "ext": {"gdpr": 0}},
            "source": {"fd": 0, "tid": format!("tid-{number}")}
        });
        let mut currencies = terms.currencies.clone();
        if currencies.is_empty() {
            // Absent means US dollars alone.
            let offered: &[&str] = [&["USD"][..], &["EUR", "USD"], &["USD", "EUR", "GBP"], &[]][number % 4];
            currencies = offered.iter().map(|code| (*code).to_owned()).collect();
        }
        if !currencies.is_empty() {
            request["cur"] = json!(currencies);
        }
        if self.wishes.test {
            request["test"] = 1.into();
        }
        merge(&mut request, patch);
        request
    }

    /// A right request, which is to be answered.
    fn ask(&mut self, name: &str, patch: Value) {
        let request = self.request(patch);
        self.cases.push(Case { name: name.to_owned(), ..asking(request) });
    }

    /// A request that is wrong or unusual in a way that is to be tolerated; of a plain banner, if `patch` has no imp.
    fn tolerate(&mut self, rule: &'static Rule, name: &str, mut patch: Value) {
        if patch.get("imp").is_none() {
            patch["imp"] = json!([imp(json!({"banner": {"w": 300, "h": 250}}))]);
        }
        let request = self.request(patch);
        self.cases.push(Case { name: name.to_owned(), rule, ..asking(request) });
    }

    /// A banner of the commonest size, which most bidders can fill.
    fn plain(&self) -> Value {
        self.request(json!({"imp": [imp(json!({"banner": {"w": 300, "h": 250}}))]}))
    }

    /// The first deal that the bidder knows, or one that nobody does.
    fn deal(&self, at: usize) -> String {
        self.wishes
            .deals
            .get(at)
            .or(self.wishes.deals.first())
            .cloned()
            .unwrap_or_else(|| format!("deal-{at}"))
    }
}

/// The case of a right request.
fn asking(request: Value) -> Case {
    Case {
        name: String::new(),
        rule: &rule::STATUS,
        wants: Wants::Answer,
        method: "POST",
        headers: vec![JSON],
        body: request.to_string().into_bytes(),
        tmax_ms: request["tmax"].as_u64().and_then(|tmax| u32::try_from(tmax).ok()),
        request: Some(request),
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// An imp `1` with a low floor, changed by `patch`.
fn imp(patch: Value) -> Value {
    let mut imp = json!({"id": "1", "tagid": "top", "bidfloor": 0.01, "bidfloorcur": "USD"});
    merge(&mut imp, patch);
    imp
}

/// An imp with a video, changed by `patch`.
fn video(patch: Value) -> Value {
    let mut video = json!({"mimes": ["video/mp4", "video/webm"], "protocols": [2, 3, 5, 6, 7, 8], "minduration": 5,
        "maxduration": 60, "w": 1280, "h": 720, "startdelay": 0, "plcmt": 1, "placement": 1, "linearity": 1});
    merge(&mut video, patch);
    imp(json!({ "video": video }))
}

/// The same with audio.
fn audio(patch: Value) -> Value {
    let mut audio = json!({"mimes": ["audio/mpeg", "audio/mp4", "audio/ogg"], "protocols": [2, 3, 7, 9],
        "minduration": 5, "maxduration": 60, "startdelay": 0, "feed": 1});
    merge(&mut audio, patch);
    imp(json!({ "audio": audio }))
}

/// The assets that most native ads have.
fn native_request() -> Value {
    json!({"ver": "1.2", "context": 1, "plcmttype": 1, "assets": [
        {"id": 1, "required": 1, "title": {"len": 90}},
        {"id": 2, "required": 1, "img": {"type": 3, "wmin": 300, "hmin": 157}},
        {"id": 3, "required": 0, "data": {"type": 2, "len": 140}},
        {"id": 4, "required": 0, "data": {"type": 1, "len": 25}},
        {"id": 5, "required": 0, "img": {"type": 1, "wmin": 50, "hmin": 50}}
    ], "eventtrackers": [{"event": 1, "methods": [1, 2]}], "privacy": 1})
}

/// An imp with a native ad, its request changed by `patch`.
fn native(patch: Value) -> Value {
    let mut request = native_request();
    merge(&mut request, patch);
    imp(json!({"native": {"ver": "1.2", "request": request.to_string()}}))
}

/// Puts `patch` over `value`: fields of objects one by one, everything else whole.
fn merge(value: &mut Value, patch: Value) {
    match (value, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (name, patch) in patch {
                merge(fields.entry(name).or_insert(Value::Null), patch);
            }
        }
        (value, patch) => *value = patch,
    }
}

#[cfg(test)]
mod tests;
