//! The console's pages over HTTP: who may send a form, what a page may load, how it is packed.
//!
//! The operator's door has no login. So no page of another site may read it or have a browser send it anything: a form
//! from elsewhere is refused, and so is every name but an address or `localhost`, or a name that its owner points to this
//! machine would make this door a part of their site.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};

use crate::shell::console::{Asked, Kind, Outcome, Shown, show};
use crate::shell::http::bid::{accepts_gzip, turned_away};
use crate::shell::http::{Answer, body, full, not_allowed, text};
use crate::shell::service::Service;
use crate::units::limits;

/// A form with the longest request, each byte escaped, and its other fields.
const FORM_BYTES_MAX: usize = 3 * limits::EXPLAINED_BYTES_MAX + 4_096;

/// The answer to `request` for a page.
pub(in crate::shell::http) async fn answer(
    request: &mut Request<Incoming>,
    service: &Arc<Service>,
) -> Answer {
    if !is_own_name(request.headers()) {
        let words = "the console answers to an IP address or `localhost`\n";
        return text(StatusCode::MISDIRECTED_REQUEST, words.to_owned());
    }
    let path = request.uri().path().to_owned();
    let form = match *request.method() {
        Method::GET | Method::HEAD => None,
        Method::POST if path == "/explain" => match sent(request).await {
            Ok(form) => Some(form),
            Err(refused) => return refused,
        },
        _ => return not_allowed(if path == "/explain" { "GET, POST" } else { "GET" }),
    };
    let headers = request.headers();
    let asked = Asked {
        path,
        query: request.uri().query().unwrap_or_default().to_owned(),
        accepted: value(headers, &header::ACCEPT_LANGUAGE).unwrap_or_default().to_owned(),
        form,
        nonce: nonce(),
    };
    let nonce = asked.nonce.clone();
    let takes_gzip = accepts_gzip(headers);
    page(show(service, asked).await, &nonce, takes_gzip)
}

/// What a form of our own sent.
async fn sent(request: &mut Request<Incoming>) -> Result<String, Answer> {
    if !is_own_form(request.headers()) {
        let words = "a form is sent from the console's own page\n";
        return Err(text(StatusCode::FORBIDDEN, words.to_owned()));
    }
    let content_type = value(request.headers(), &header::CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let words = "send application/x-www-form-urlencoded\n";
        return Err(text(StatusCode::UNSUPPORTED_MEDIA_TYPE, words.to_owned()));
    }
    let body = body::read(request, FORM_BYTES_MAX).await.map_err(turned_away)?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

fn page(shown: Shown, nonce: &str, takes_gzip: bool) -> Answer {
    let status = match shown.outcome {
        Outcome::Found => StatusCode::OK,
        Outcome::Missing => StatusCode::NOT_FOUND,
        Outcome::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        Outcome::NotYet => StatusCode::SERVICE_UNAVAILABLE,
    };
    let content_type = match shown.kind {
        Kind::Html | Kind::HtmlFile => "text/html; charset=utf-8",
        Kind::Csv => "text/csv; charset=utf-8",
        Kind::Json => "application/json",
        Kind::Text => "text/plain; charset=utf-8",
    };
    let packed = if takes_gzip { body::compressed(shown.body.as_bytes()) } else { None };
    let is_packed = packed.is_some();
    let bytes = packed.map_or_else(|| Bytes::from(shown.body), Bytes::from);
    let mut answer = full(status, HeaderValue::from_static(content_type), bytes);
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::VARY, "accept-encoding, accept-language"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if matches!(shown.kind, Kind::Csv | Kind::Json | Kind::HtmlFile) {
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// True if the caller names this door by an address or as `localhost`, or not at all.
pub(in crate::shell::http) fn is_own_name(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

/// True if a form comes from a page of this door, or from a program, which says nothing of where it stands.
fn is_own_form(headers: &HeaderMap) -> bool {
    if let Some(site) = value(headers, &HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    match value(headers, &header::ORIGIN) {
        None => !headers.contains_key(header::ORIGIN),
        Some(origin) => {
            let host = value(headers, &header::HOST);
            origin.split_once("://").is_some_and(|(_, of)| Some(of) == host)
        }
    }
}

fn value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What only this page's own style and script are known by: 128 random bits.
fn nonce() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{HeaderName, HeaderValue};

    use super::{is_own_form, is_own_name, nonce};

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        of.iter().map(header).collect()
    }

    #[test]
    fn a_form_is_taken_from_our_own_page_or_from_a_program_and_from_no_other_site() {
        for (of, want) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:9090")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("host", "127.0.0.1:9090"), ("origin", "http://127.0.0.1:9090")], true),
            (&[("host", "127.0.0.1:9090"), ("origin", "http://127.0.0.1:8080")], false),
            (&[("host", "127.0.0.1:9090"), ("origin", "https://evil.example")], false),
            (&[("host", "127.0.0.1:9090"), ("origin", "null")], false),
        ] {
            assert_eq!(is_own_form(&headers(of)), want, "{of:?}");
        }
    }

    #[test]
    fn the_console_has_no_name_that_somebody_else_could_give_it() {
        for (host, want) in [
            ("127.0.0.1:9090", true),
            ("127.0.0.1", true),
            ("[::1]:9090", true),
            ("localhost:9090", true),
            ("LocalHost", true),
            ("evil.example:9090", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
        ] {
            assert_eq!(is_own_name(&headers(&[("host", host)])), want, "{host}");
        }
        assert!(is_own_name(&HeaderMap::new()));
    }

    #[test]
    fn no_two_pages_have_the_same_nonce() {
        assert_ne!(nonce(), nonce());
        assert_eq!(nonce().len(), 32);
    }
}
