//! Conversions, as pages, advertisers' servers, measurers of apps and the operator report them.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, StatusCode};

use crate::shell::conversions::{
    Caller, ConversionForm, ConversionForms, ConversionRefusal, ConversionReply,
};
use crate::shell::http::admin::unposted;
use crate::shell::http::bid::turned_away;
use crate::shell::http::events::{bearer, unauthorized};
use crate::shell::http::notices::picture;
use crate::shell::http::{Answer, JSON, body, empty, full, text};
use crate::shell::service::Service;
use crate::shell::store::StoreError;
use crate::units::limits;

/// Refused conversions of one call that are told.
const TOLD_MAX: usize = 20;

/// A conversion that a browser reports.
pub(in crate::shell::http) async fn pixel(request: &Request<Incoming>, service: Arc<Service>) -> Answer {
    let form = ConversionForm::of_page(request.uri().query().unwrap_or_default());
    match book(vec![form], Caller::Page, service).await {
        ConversionReply::Done => picture(),
        reply => answered(reply, false),
    }
}

/// A conversion that whoever measures an app reports.
pub(in crate::shell::http) async fn install(request: &Request<Incoming>, service: Arc<Service>) -> Answer {
    let form = ConversionForm::of_install(request.uri().query().unwrap_or_default());
    answered(book(vec![form], Caller::Install, service).await, false)
}

/// Conversions that an advertiser's server reports: one, or a list of which all are booked or none.
pub(in crate::shell::http) async fn server(request: &mut Request<Incoming>, service: Arc<Service>) -> Answer {
    let token = bearer(request.headers());
    // Whoever has no token of an advertiser makes us read no more than a conversion.
    let is_heard = token.as_ref().is_some_and(|token| service.hears(token));
    let most = if is_heard { limits::CONVERSIONS_BYTES_MAX } else { limits::CONVERSION_BYTES_MAX };
    let (forms, is_list) = match read(request, most).await {
        Ok(ConversionForms { forms, is_list, .. }) => (forms, is_list),
        Err(answer) => return answer,
    };
    answered(book(forms, Caller::Server(token), service).await, is_list)
}

/// Rows of a file that the operator brings: 200 with what became of each, 503 if they may be sent again. With
/// `?dry_run=1` nothing is booked.
pub(in crate::shell::http) async fn import(
    request: &mut Request<Incoming>,
    service: Arc<Service>,
) -> Result<Answer, Answer> {
    if let Some(refused) = unposted(request) {
        return Err(refused);
    }
    let dry_run = request.uri().query() == Some("dry_run=1");
    let ConversionForms { forms, .. } = read(request, limits::CONVERSIONS_BYTES_MAX).await?;
    // Runs to its end even if the caller hangs up.
    let booking = tokio::spawn(service.import(forms, dry_run));
    match booking.await.unwrap_or(Err(StoreError::Stopped)) {
        Ok(imported) => {
            let told = serde_json::to_vec(&imported).expect("texts and numbers are JSON");
            Ok(full(StatusCode::OK, JSON, told))
        }
        Err(error) => Err(text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n"))),
    }
}

async fn read(request: &mut Request<Incoming>, bytes_max: usize) -> Result<ConversionForms, Answer> {
    let body = body::read(request, bytes_max).await.map_err(turned_away)?;
    let forms = ConversionForms::parse(&body)
        .map_err(|error| text(StatusCode::BAD_REQUEST, format!("not a conversion: {error}\n")))?;
    if forms.sent > limits::CONVERSIONS_OF_CALL_MAX {
        let most = limits::CONVERSIONS_OF_CALL_MAX;
        let words = format!("{} conversions, at most {most} are allowed\n", forms.sent);
        return Err(text(StatusCode::PAYLOAD_TOO_LARGE, words));
    }
    Ok(forms)
}

/// Runs to its end even if the caller hangs up: what is committed must be settled too.
async fn book(forms: Vec<ConversionForm>, caller: Caller, service: Arc<Service>) -> ConversionReply {
    tokio::spawn(service.conversions(forms, caller)).await.unwrap_or(ConversionReply::Unavailable)
}

fn answered(reply: ConversionReply, is_list: bool) -> Answer {
    match reply {
        ConversionReply::Done => empty(StatusCode::NO_CONTENT),
        ConversionReply::Refused(refused) => text(StatusCode::BAD_REQUEST, told(&refused, is_list)),
        ConversionReply::Unauthorized => unauthorized(),
        ConversionReply::Unavailable => empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn told(refused: &[(usize, ConversionRefusal)], is_list: bool) -> String {
    if !is_list {
        return refused.iter().map(|(_, refusal)| format!("{refusal}\n")).collect();
    }
    let mut words = String::from("none was taken:\n");
    for (at, refusal) in refused.iter().take(TOLD_MAX) {
        words.push_str(&format!("conversion {at}: {refusal}\n"));
    }
    if refused.len() > TOLD_MAX {
        words.push_str(&format!("and {} more\n", refused.len() - TOLD_MAX));
    }
    words
}
