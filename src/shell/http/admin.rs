//! The operator's door: the console, health, metrics, what is known of a person, corrections of the books.

use std::borrow::Cow;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;

use crate::audience::ImportId;
use crate::shell::console::is_page;
use crate::shell::corrections::Unbooked;
use crate::shell::http::bid::turned_away;
use crate::shell::http::{Answer, JSON, body, console, conversions, empty, full, not_allowed, text};
use crate::shell::metrics;
use crate::shell::service::Service;
use crate::shell::store::{Health, StoreError};
use crate::units::limits;

/// The answer to the operator.
pub(in crate::shell::http) async fn answer(request: &mut Request<Incoming>, service: Arc<Service>) -> Answer {
    // What tells of people or moves money is not for a page that gave itself this door's address.
    if request.uri().path().starts_with("/v1/") && !console::is_own_name(request.headers()) {
        let words = "call this address by its number, or as localhost\n".to_owned();
        return text(StatusCode::MISDIRECTED_REQUEST, words);
    }
    if request.uri().path() == "/v1/ledger/corrections" {
        return correct(request, service).await.unwrap_or_else(|refused| refused);
    }
    if request.uri().path() == "/v1/conversions" {
        return conversions::import(request, service).await.unwrap_or_else(|refused| refused);
    }
    if let Some(id) = request.uri().path().strip_prefix("/v1/audience/") {
        return person(request.method(), id, &service).await;
    }
    if is_page(request.uri().path()) {
        return console::answer(request, &service).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_allowed("GET");
    }
    match request.uri().path() {
        "/healthz" => text(StatusCode::OK, "ok\n".to_owned()),
        "/readyz" if service.is_ready() => text(StatusCode::OK, "ready\n".to_owned()),
        "/readyz" if !service.audiences.is_complete() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "the audiences are being read\n".to_owned())
        }
        "/readyz" if service.writer.health() == Health::NoSpace => {
            text(StatusCode::SERVICE_UNAVAILABLE, "the ledger's disk has too little space\n".to_owned())
        }
        "/readyz" if !service.has_read_exposures() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "what people were shown is being read\n".to_owned())
        }
        "/readyz" if service.writer.health() == Health::Sound => {
            text(StatusCode::SERVICE_UNAVAILABLE, "the leases have ended\n".to_owned())
        }
        "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "the ledger has stopped\n".to_owned()),
        "/metrics" => {
            full(StatusCode::OK, HeaderValue::from_static(metrics::CONTENT_TYPE), metrics::text(&service))
        }
        "/v1/learned" => match service.lessons.shown().await {
            Some(bytes) => full(StatusCode::OK, HeaderValue::from_static("application/octet-stream"), bytes),
            None => text(StatusCode::SERVICE_UNAVAILABLE, "the learner is busy\n".to_owned()),
        },
        _ => empty(StatusCode::NOT_FOUND),
    }
}

/// Books a file of corrections, or with `?dry_run=1` says what it comes to: 200 once it is committed, 400 with every
/// fault, 503 if it may be sent again.
async fn correct(request: &mut Request<Incoming>, service: Arc<Service>) -> Result<Answer, Answer> {
    if let Some(refused) = unposted(request) {
        return Err(refused);
    }
    let dry_run = request.uri().query() == Some("dry_run=1");
    let body = body::read(request, limits::CORRECTIONS_BYTES_MAX).await.map_err(turned_away)?;
    let file = String::from_utf8(body.to_vec())
        .map_err(|_| text(StatusCode::BAD_REQUEST, "not UTF-8\n".to_owned()))?;
    // Runs to its end even if the caller hangs up: what is committed must be settled too.
    let booking = tokio::spawn(async move { service.correct(file, dry_run).await });
    match booking.await.unwrap_or(Err(Unbooked::Store(StoreError::Stopped))) {
        Ok(told) => {
            let told = serde_json::to_vec(&told).expect("texts and numbers are JSON");
            Ok(full(StatusCode::OK, JSON, told))
        }
        Err(Unbooked::Faulty(faults)) => {
            let faults = serde_json::to_vec(&faults).expect("texts and numbers are JSON");
            Err(full(StatusCode::BAD_REQUEST, JSON, faults))
        }
        Err(Unbooked::Store(error)) => Err(text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n"))),
    }
}

/// The answer to what is not posted as JSON, as the operator's own programs post what they have booked: what a page of
/// any site can make a browser send without being asked is never JSON.
pub(in crate::shell::http) fn unposted(request: &Request<Incoming>) -> Option<Answer> {
    if request.method() != Method::POST {
        return Some(not_allowed("POST"));
    }
    let content_type = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let words = || "send application/json\n".to_owned();
    (content_type != Some(b"application/json")).then(|| text(StatusCode::UNSUPPORTED_MEDIA_TYPE, words()))
}

/// Shows or erases the person of `{id_type}/{user_id}`.
async fn person(method: &Method, id: &str, service: &Service) -> Answer {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8().map(Cow::into_owned).ok();
    let parts = id.split_once('/').and_then(|(of, id)| Some((decoded(of)?, decoded(id)?)));
    let Some((id_type, user_id)) = parts else { return empty(StatusCode::NOT_FOUND) };
    let user = match ImportId::new(&id_type, &user_id) {
        Ok(id) => id.key(service.user_keys()),
        Err(error) => return text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    match *method {
        Method::GET | Method::HEAD => match service.audience_writer.show(user).await {
            Ok(Some(person)) => {
                full(StatusCode::OK, JSON, serde_json::to_vec(&person).expect("texts are JSON"))
            }
            Ok(None) => empty(StatusCode::NOT_FOUND),
            Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        },
        Method::DELETE => match service.erase(user).await {
            Ok(true) => empty(StatusCode::NO_CONTENT),
            Ok(false) => empty(StatusCode::NOT_FOUND),
            Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        },
        _ => not_allowed("GET, DELETE"),
    }
}
