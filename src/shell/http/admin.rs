//! The operator's door: health and metrics.

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};

use crate::shell::http::{Answer, empty, full, not_allowed, text};
use crate::shell::service::Service;

/// The answer to the operator.
pub(in crate::shell::http) fn answer(request: &Request<Incoming>, service: &Service) -> Answer {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_allowed("GET");
    }
    match request.uri().path() {
        "/healthz" => text(StatusCode::OK, "ok\n".to_owned()),
        "/readyz" if service.is_ready() => text(StatusCode::OK, "ready\n".to_owned()),
        "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "the ledger has stopped\n".to_owned()),
        "/metrics" => {
            let body = service.metrics.text(service.open.len(), &service.snapshot());
            full(StatusCode::OK, HeaderValue::from_static("text/plain; version=0.0.4"), body)
        }
        "/" => text(StatusCode::OK, "encan\n\n/healthz\n/readyz\n/metrics\n".to_owned()),
        _ => empty(StatusCode::NOT_FOUND),
    }
}
