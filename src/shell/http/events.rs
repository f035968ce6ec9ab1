//! What people did at advertisers', as their pages and servers report it.
//!
//! A page's pixel is answered by the same picture whether the event was recorded or may not be; only one that nobody
//! could ever take is told why. Our cookie is set where a person is met for the first time and permits it.

use std::sync::Arc;

use hyper::Request;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};

use crate::shell::events::{EventForm, EventForms, EventReply, Unusable};
use crate::shell::http::bid::turned_away;
use crate::shell::http::{Answer, body, empty, notices, text};
use crate::shell::service::Service;
use crate::units::limits;

/// The cookie whose value is the `buyer` id that exchanges get by cookie match.
const COOKIE: &str = "encan_id";
/// Digits of its value: 128 random bits in hexadecimal.
const COOKIE_DIGITS: usize = 32;
/// Refused events of one call that are told.
const TOLD_MAX: usize = 20;

/// An event that a page reports.
pub(in crate::shell::http) async fn pixel(request: &Request<Incoming>, service: Arc<Service>) -> Answer {
    let headers = request.headers();
    let mut form = EventForm::of_query(request.uri().query().unwrap_or_default());
    // What the browser itself says goes before what the page says of it.
    for (name, flag) in [("sec-gpc", &mut form.gpc), ("dnt", &mut form.dnt)] {
        if headers.get(name).is_some_and(|value| value.as_bytes() == b"1") {
            "1".clone_into(flag);
        }
    }
    let (reply, fresh) = service.page_event(form, cookie(headers)).await;
    let mut answer = match reply {
        EventReply::Done => notices::picture(),
        EventReply::Refused(unusable) => text(StatusCode::BAD_REQUEST, told(&unusable)),
        EventReply::Unauthorized => empty(StatusCode::UNAUTHORIZED),
        EventReply::Unavailable => empty(StatusCode::SERVICE_UNAVAILABLE),
    };
    if let Some(value) = fresh.and_then(|value| HeaderValue::from_str(&set_cookie(&value)).ok()) {
        answer.headers_mut().insert(header::SET_COOKIE, value);
    }
    answer
}

/// Events that an advertiser's server reports: one, or a list.
pub(in crate::shell::http) async fn server(request: &mut Request<Incoming>, service: Arc<Service>) -> Answer {
    // Whoever has no token at all makes us read nothing.
    let Some(token) = bearer(request.headers()).filter(|token| service.hears(token)) else {
        return unauthorized();
    };
    let body = match body::read(request, limits::EVENTS_BYTES_MAX).await {
        Ok(body) => body,
        Err(turned) => return turned_away(turned),
    };
    let is_list = body.trim_ascii_start().first() == Some(&b'[');
    let forms = if is_list {
        serde_json::from_slice::<EventForms>(&body)
    } else {
        serde_json::from_slice::<EventForm>(&body).map(|form| EventForms { forms: vec![form], sent: 1 })
    };
    match forms {
        Err(error) => text(StatusCode::BAD_REQUEST, format!("not an event: {error}\n")),
        Ok(EventForms { sent, .. }) if sent > limits::EVENTS_OF_CALL_MAX => {
            let words = format!("{sent} events, at most {} are allowed\n", limits::EVENTS_OF_CALL_MAX);
            text(StatusCode::PAYLOAD_TOO_LARGE, words)
        }
        Ok(EventForms { sent: 0, .. }) => empty(StatusCode::NO_CONTENT),
        Ok(EventForms { forms, .. }) => match service.server_events(forms, token).await {
            EventReply::Done => empty(StatusCode::NO_CONTENT),
            EventReply::Refused(unusable) if is_list => {
                text(StatusCode::BAD_REQUEST, told_of_list(&unusable))
            }
            EventReply::Refused(unusable) => text(StatusCode::BAD_REQUEST, told(&unusable)),
            EventReply::Unauthorized => unauthorized(),
            EventReply::Unavailable => empty(StatusCode::SERVICE_UNAVAILABLE),
        },
    }
}

fn told(unusable: &[(usize, Unusable)]) -> String {
    unusable.iter().map(|(_, problem)| format!("{problem}\n")).collect()
}

fn told_of_list(unusable: &[(usize, Unusable)]) -> String {
    let mut words = String::from("none was taken:\n");
    for (at, problem) in unusable.iter().take(TOLD_MAX) {
        words.push_str(&format!("event {at}: {problem}\n"));
    }
    if unusable.len() > TOLD_MAX {
        words.push_str(&format!("and {} more\n", unusable.len() - TOLD_MAX));
    }
    words
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750, 2.1).
pub(in crate::shell::http) fn bearer(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii().to_vec())
}

pub(in crate::shell::http) fn unauthorized() -> Answer {
    let mut answer = empty(StatusCode::UNAUTHORIZED);
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

/// The value of our cookie, if it is one that we may have set.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = sent.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == COOKIE)?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (value.len() == COOKIE_DIGITS && value.bytes().all(is_digit)).then(|| value.to_owned())
}

/// Sets the cookie for as long as an event counts at most, from now on: coming again does not prolong it.
fn set_cookie(value: &str) -> String {
    let seconds = limits::RETENTION_MAX.raw() / 1_000;
    format!("{COOKIE}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=None")
}

#[cfg(test)]
mod tests {
    use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue};

    use super::{bearer, cookie};

    #[test]
    fn our_cookie_is_found_among_others_and_a_foreign_value_is_none() {
        let id = "0123456789abcdef0123456789abcdef";
        let of = |line: &str| cookie(&HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(line).unwrap())]));
        assert_eq!(of(&format!("a=b; encan_id={id}; c=d")).as_deref(), Some(id));
        for line in ["", "encan_id=", "encan_id=x", "xencan_id=0123456789abcdef0123456789abcdef"] {
            assert_eq!(of(line), None, "{line}");
        }
        assert_eq!(of(&format!("encan_id={}", id.to_uppercase())), None);
    }

    #[test]
    fn a_token_comes_as_a_bearer_s() {
        let of = |line: &str| {
            bearer(&HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(line).unwrap())]))
        };
        assert_eq!(of("Bearer abc"), Some(b"abc".to_vec()));
        assert_eq!(of("bearer  abc "), Some(b"abc".to_vec()));
        for line in ["", "Basic abc", "Bearer", "abc"] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
