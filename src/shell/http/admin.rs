//! The operator's door: health, metrics, and what is known of a person.

use std::borrow::Cow;

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;

use crate::audience::ImportId;
use crate::shell::http::{Answer, JSON, empty, full, not_allowed, text};
use crate::shell::leasing;
use crate::shell::service::Service;

/// The answer to the operator.
pub(in crate::shell::http) async fn answer(request: &Request<Incoming>, service: &Service) -> Answer {
    if let Some(id) = request.uri().path().strip_prefix("/v1/audience/") {
        return person(request.method(), id, service).await;
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
        "/readyz" if service.writer.is_alive() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "the leases have ended\n".to_owned())
        }
        "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "the ledger has stopped\n".to_owned()),
        "/metrics" => {
            let mut body = service.metrics.text(service.open.len(), &service.snapshot());
            service.audience_writer.write_metrics(&service.audiences, &mut body);
            leasing::write_metrics(service, &mut body);
            full(StatusCode::OK, HeaderValue::from_static("text/plain; version=0.0.4"), body)
        }
        "/" => {
            let paths = "encan\n\n/healthz\n/readyz\n/metrics\n/v1/audience/{id_type}/{user_id}\n";
            text(StatusCode::OK, paths.to_owned())
        }
        _ => empty(StatusCode::NOT_FOUND),
    }
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
