//! Notices of exchanges and browsers.

use std::future::Future;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, StatusCode};

use crate::notice::NoticeKind;
use crate::shell::booking::BookReply;
use crate::shell::http::{Answer, empty, full, not_allowed, text};
use crate::shell::service::Service;

const GIF: HeaderValue = HeaderValue::from_static("image/gif");
/// One transparent pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\
\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// The answer to a notice; `rest` is what its path has behind `/n/`.
pub(in crate::shell::http) async fn notice(
    rest: &str,
    request: &Request<Incoming>,
    service: Arc<Service>,
) -> Answer {
    let Some((kind, token)) = rest.split_once('/') else { return empty(StatusCode::NOT_FOUND) };
    let kind = NoticeKind::ALL.into_iter().find(|known| known.name() == kind);
    let Some(kind) = kind.filter(|kind| *kind != NoticeKind::Clicked) else {
        return empty(StatusCode::NOT_FOUND);
    };
    if !matches!(*request.method(), Method::GET | Method::POST) {
        return not_allowed("GET, POST");
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let booking = Arc::clone(&service).notice(kind, token.to_owned(), query);
    let of_a_browser =
        matches!(kind, NoticeKind::Impression | NoticeKind::View | NoticeKind::Click | NoticeKind::Play);
    booked(finish(booking).await, of_a_browser)
}

/// Runs to its end even if the caller hangs up: what is committed must be settled too.
async fn finish(booking: impl Future<Output = BookReply> + Send + 'static) -> BookReply {
    tokio::spawn(booking).await.unwrap_or(BookReply::Unavailable)
}

/// What a browser is shown.
pub(in crate::shell::http) fn picture() -> Answer {
    let mut answer = full(StatusCode::OK, GIF, PIXEL);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The answer to a notice. Browsers get a picture, servers nothing.
fn booked(reply: BookReply, picture: bool) -> Answer {
    match reply {
        BookReply::Done if picture => self::picture(),
        BookReply::Done => empty(StatusCode::NO_CONTENT),
        BookReply::Redirect(address) => {
            let mut answer = empty(StatusCode::FOUND);
            match HeaderValue::from_str(&address) {
                Ok(address) => {
                    answer.headers_mut().insert(header::LOCATION, address);
                    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                    answer
                }
                Err(_) => empty(StatusCode::NOT_FOUND),
            }
        }
        BookReply::Refused(refusal) => text(StatusCode::BAD_REQUEST, format!("{refusal}\n")),
        BookReply::Unavailable => empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}
