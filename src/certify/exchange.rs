//! One exchange of HTTP messages: what is sent, what is wanted back, and the judging of what came.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use crate::certify::judge::{is_no_bid, judge};
use crate::certify::rules::{bid, http as rule};
use crate::certify::{Judgement, NoBidForm, Rule, Terms};

/// A request to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// For people: what is special about it.
    pub name: String,
    /// What its answer's status is held to.
    pub rule: &'static Rule,
    /// What should come back.
    pub wants: Wants,
    /// The HTTP method.
    pub method: &'static str,
    /// Headers beside length and host, names in lower case.
    pub headers: Vec<(&'static str, &'static str)>,
    /// As sent, compressed or not.
    pub body: Vec<u8>,
    /// The bid request in it, where bids may come.
    pub request: Option<Value>,
    /// The deadline in milliseconds, where keeping it is judged.
    pub tmax_ms: Option<u32>,
}

/// What should come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Bids that fit, or a no-bid.
    Answer,
    /// 400.
    Refusal,
    /// 400 or a no-bid.
    RefusalOrNoBid,
    /// 404 or 405.
    NotAllowed,
    /// 400 or 415, or an answer in the format of the request.
    OtherFormat,
    /// Anything but a 5xx; the connection may be cut.
    Survival,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
    /// From the first byte sent to the last one received, in milliseconds, rounded up.
    pub millis: u32,
    /// The connection it came on.
    pub connection: Connection,
}

/// The connection that an answer came on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Made for it.
    New,
    /// The one of the request before.
    Kept,
    /// Made for it, because the server had closed the one before.
    Lost,
}

impl HttpAnswer {
    /// The value of the header `name`, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body, inflated if it is compressed; as it came if that fails.
    #[must_use]
    pub fn text(&self) -> String {
        let inflated = if self.is_gzip() { inflate(&self.body) } else { None };
        String::from_utf8_lossy(inflated.as_deref().unwrap_or(&self.body)).into_owned()
    }

    fn is_gzip(&self) -> bool {
        self.body.starts_with(&[0x1f, 0x8b])
    }
}

/// Bytes of an inflated answer: above any that an exchange would read.
const INFLATED_BYTES_MAX: u64 = 8 * 1024 * 1024;

fn inflate(body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    MultiGzDecoder::new(body).take(INFLATED_BYTES_MAX).read_to_end(&mut whole).ok()?;
    Some(whole)
}

/// Judges what came back to `case`; `Err` says why nothing came.
#[must_use]
pub fn judge_answer(case: &Case, terms: &Terms, answer: Result<&HttpAnswer, &str>) -> Judgement {
    let mut judgement = Judgement::default();
    let answer = match answer {
        Ok(answer) => answer,
        // Who is sent too much may hang up at once.
        Err(_) if case.wants == Wants::Survival => return judgement,
        Err(why) => {
            judgement.must(&rule::ANSWERED, false, why);
            return judgement;
        }
    };
    judgement.must(&rule::ANSWERED, true, "");
    let status = answer.status;
    // Of a method that is not taken, the wrong status is one fault, and told by its own rule.
    if case.wants != Wants::NotAllowed {
        judgement.must(&rule::SURVIVAL, status < 500, format!("answered with {status}"));
    }
    check_connection(case, answer, &mut judgement);
    let body = decoded(case, answer, &mut judgement);
    check_status(case, terms, answer, &body, &mut judgement);
    judgement
}

fn check_connection(case: &Case, answer: &HttpAnswer, judgement: &mut Judgement) {
    if case.wants == Wants::Answer {
        let closes = answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if closes || answer.connection != Connection::New {
            let holds = !closes && answer.connection == Connection::Kept;
            judgement.must(&rule::KEEP_ALIVE, holds, "the connection was closed after an answer");
        }
    }
    if let Some(version) = answer.header("x-openrtb-version") {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
        let holds =
            version.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor));
        judgement.must(&rule::VERSION_ECHO, holds, format!("`x-openrtb-version` is `{version}`"));
    }
}

/// The body without its encoding.
fn decoded(case: &Case, answer: &HttpAnswer, judgement: &mut Judgement) -> Vec<u8> {
    let asked = case.headers.iter().any(|(name, value)| *name == "accept-encoding" && value.contains("gzip"));
    let told = answer.header("content-encoding").filter(|told| !told.eq_ignore_ascii_case("identity"));
    let is_gzip = answer.is_gzip();
    if !asked {
        let what = format!("{}, and none was asked for", encoding_in_words(told));
        judgement.must(&rule::GZIP_UNASKED, told.is_none() && !is_gzip, what);
    }
    if told.is_none() && !is_gzip {
        return answer.body.clone();
    }
    let says_so = told.is_some_and(|told| told.eq_ignore_ascii_case("gzip"));
    let inflated = inflate(&answer.body);
    // An empty body has nothing to inflate; calling it gzip is still wrong.
    let holds = says_so && is_gzip && inflated.is_some();
    let form = if is_gzip { "gzip" } else { "no gzip" };
    let what =
        format!("{}, and the {} bytes of the body are {form}", encoding_in_words(told), answer.body.len());
    judgement.must(&rule::GZIP_ANSWER, holds, what);
    inflated.filter(|_| is_gzip).unwrap_or_else(|| answer.body.clone())
}

/// What the header says.
fn encoding_in_words(told: Option<&str>) -> String {
    told.map_or("there is no `content-encoding`".to_owned(), |told| format!("`content-encoding` is `{told}`"))
}

fn check_status(case: &Case, terms: &Terms, answer: &HttpAnswer, body: &[u8], judgement: &mut Judgement) {
    let status = answer.status;
    let wanted = match case.wants {
        Wants::Answer => matches!(status, 200 | 204),
        Wants::Refusal => status == 400,
        Wants::RefusalOrNoBid => matches!(status, 200 | 204 | 400),
        Wants::NotAllowed => matches!(status, 404 | 405),
        Wants::OtherFormat => {
            let asked =
                case.headers.iter().find(|(name, _)| *name == "content-type").map(|(_, value)| *value);
            let in_kind = asked.is_some() && answer.header("content-type") == asked;
            matches!(status, 204 | 400 | 415) || (status == 200 && in_kind)
        }
        Wants::Survival => status < 500,
    };
    judgement.must(case.rule, wanted, format!("answered with {status}"));
    match status {
        204 => {
            let announced = answer.header("content-length").is_some_and(|length| length != "0");
            judgement.must(&rule::NO_CONTENT, body.is_empty() && !announced, "a 204 has a body");
        }
        400 => judgement.must(&rule::MALFORMED_EMPTY, body.is_empty(), "a 400 has content"),
        _ => {}
    }
    let Some(request) = case.request.as_ref().filter(|_| matches!(status, 200 | 204)) else { return };
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let no_bid = status == 204 || body.is_empty() || parsed.as_ref().is_some_and(is_no_bid);
    if no_bid {
        check_no_bid(request, terms, status, (body, parsed.as_ref()), judgement);
    } else {
        let content_type = answer.header("content-type").unwrap_or_default();
        let holds = content_type.to_ascii_lowercase().starts_with("application/json");
        judgement.must(&rule::TYPE_OF_ANSWER, holds, format!("`content-type` is `{content_type}`"));
        judgement.extend(judge(request, body, terms));
        let refused = case.wants == Wants::RefusalOrNoBid && judgement.bids > 0;
        judgement.must(case.rule, !refused, "a bid came");
    }
}

/// No bids, in one of the forms of 7.1, and in the one that the exchange wants.
fn check_no_bid(
    request: &Value,
    terms: &Terms,
    status: u16,
    (body, parsed): (&[u8], Option<&Value>),
    judgement: &mut Judgement,
) {
    let fields = parsed.and_then(Value::as_object);
    let form = match (status, fields) {
        (204, _) => Some(NoBidForm::NoContent),
        (_, Some(fields)) if fields.is_empty() => Some(NoBidForm::EmptyObject),
        (_, Some(fields)) if fields.get("id") == Some(&request["id"]) => {
            Some(if fields.contains_key("nbr") { NoBidForm::Reason } else { NoBidForm::NoSeats })
        }
        _ => None,
    };
    let what = if body.is_empty() {
        "200 with an empty body"
    } else {
        "neither `{}` nor the `id` of the request with an empty `seatbid`"
    };
    judgement.must(&rule::NO_BID_FORM, form.is_some(), what);
    if let Some(reason) = fields.and_then(|fields| fields.get("nbr")) {
        let holds = reason.as_u64().is_some_and(|code| code <= 17 || code >= 500);
        judgement.must(&rule::NO_BID_REASON, holds, format!("`nbr` is {reason}"));
    }
    if terms.no_bid != NoBidForm::Any {
        let came = form.map_or("something else", NoBidForm::words);
        let what = format!("{came} instead of {}", terms.no_bid.words());
        judgement.must(&rule::NO_BID_PROFILE, form == Some(terms.no_bid), what);
    }
    if let Some(parsed) = parsed.filter(|parsed| parsed.get("id").is_some()) {
        let what = format!("`id` is {}, not {}", parsed["id"], request["id"]);
        judgement.must(&bid::ID, parsed["id"] == request["id"], what);
    }
}
