//! Conversions, as pages and advertisers' servers report them.

use std::future::Future;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, StatusCode};

use crate::shell::booking::Query;
use crate::shell::conversions::{ConversionForm, ConversionReply};
use crate::shell::http::notices::picture;
use crate::shell::http::{Answer, body, empty, text};
use crate::shell::metrics::Turned;
use crate::shell::service::Service;
use crate::units::limits;

/// A conversion that a browser reports.
pub(in crate::shell::http) async fn pixel(request: &Request<Incoming>, service: Arc<Service>) -> Answer {
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let form = ConversionForm {
        click: query.get("click").to_owned(),
        kind: query.get("type").to_owned(),
        order: query.optional("order"),
        value: query.optional("value"),
        currency: query.optional("currency"),
    };
    booked(finish(Arc::clone(&service).conversion(form)).await, true)
}

/// A conversion that an advertiser's server reports.
pub(in crate::shell::http) async fn server(request: &mut Request<Incoming>, service: Arc<Service>) -> Answer {
    let body = match body::read(request, limits::CONVERSION_BYTES_MAX).await {
        Ok(body) => body,
        Err(Turned::TooLarge) => return empty(StatusCode::PAYLOAD_TOO_LARGE),
        Err(Turned::TooLate) => return empty(StatusCode::REQUEST_TIMEOUT),
        Err(_) => return empty(StatusCode::BAD_REQUEST),
    };
    match serde_json::from_slice::<ConversionForm>(&body) {
        Ok(form) => booked(finish(service.conversion(form)).await, false),
        Err(error) => text(StatusCode::BAD_REQUEST, format!("not a conversion: {error}\n")),
    }
}

/// Runs to its end even if the caller hangs up: what is committed must be settled too.
async fn finish(booking: impl Future<Output = ConversionReply> + Send + 'static) -> ConversionReply {
    tokio::spawn(booking).await.unwrap_or(ConversionReply::Unavailable)
}

/// The answer to a conversion. Browsers get a picture, servers nothing.
fn booked(reply: ConversionReply, to_browser: bool) -> Answer {
    match reply {
        ConversionReply::Done if to_browser => picture(),
        ConversionReply::Done => empty(StatusCode::NO_CONTENT),
        ConversionReply::Refused(refusal) => text(StatusCode::BAD_REQUEST, format!("{refusal}\n")),
        ConversionReply::Unavailable => empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}
