//! The exchanges' door: a bid request in, bids or none out.

use std::time::Instant;

use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};

use crate::shell::http::{Answer, JSON, body, empty, full, not_allowed};
use crate::shell::service::{BidReply, Service};
use crate::units::limits;

const OPENRTB_VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");

/// The answer to a bid request of `exchange` whose head arrived at `received`.
pub(in crate::shell::http) async fn answer(
    exchange: &str,
    request: &mut Request<Incoming>,
    service: &Service,
    received: Instant,
) -> Answer {
    if request.method() != Method::POST {
        return not_allowed("POST");
    }
    if is_protobuf(request) {
        return empty(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let encoding = request.headers().get(header::CONTENT_ENCODING).cloned();
    let body = match body::read(request, limits::BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(status) => return empty(status),
    };
    let body = match encoding.as_ref().map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => body,
        Some(name) if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") => {
            match body::inflate(&body) {
                Ok(body) => body,
                Err(status) => return empty(status),
            }
        }
        Some(_) => return empty(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    };
    match service.bid(exchange, &body, received) {
        BidReply::Bid(body) => {
            let mut answer = full(StatusCode::OK, JSON, body);
            answer.headers_mut().insert(OPENRTB_VERSION, HeaderValue::from_static("2.6"));
            answer
        }
        BidReply::NoBid(_) => empty(StatusCode::NO_CONTENT),
        BidReply::Malformed => empty(StatusCode::BAD_REQUEST),
        BidReply::UnknownExchange => empty(StatusCode::NOT_FOUND),
    }
}

/// True for the one format of OpenRTB that is named and not spoken. Everything else is tried as JSON:
/// browsers send it as `text/plain`, many servers without any type.
fn is_protobuf(request: &Request<Incoming>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    content_type.starts_with(b"application/x-protobuf")
        || content_type.starts_with(b"application/octet-stream")
}
