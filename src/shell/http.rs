//! The doors: HTTP/1.1 for exchanges, browsers and advertisers, and the admin's own listener.
//!
//! Reads bytes with limits, hands them to the service, writes what it says. Holds no rule of its own.

use std::convert::Infallible;
use std::future::Future;
use std::io::Read as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::notice::NoticeKind;
use crate::shell::booking::{BookReply, ConversionForm, Query};
use crate::shell::service::{BidReply, Service};
use crate::units::limits;

type Answer = Response<Full<Bytes>>;

const OPENRTB_VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const GIF: HeaderValue = HeaderValue::from_static("image/gif");
/// One transparent pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\
\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Which door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Exchanges, browsers, advertisers.
    Public,
    /// The operator.
    Admin,
}

/// Accepts connections until `stop` says so; returns when every accepted request is answered, or after
/// `drain` at the latest.
pub async fn serve(
    listener: TcpListener,
    door: Door,
    service: Arc<Service>,
    mut stop: watch::Receiver<bool>,
    drain: Duration,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept(), if connections.len() < limits::CONNECTIONS_MAX => accepted,
            Some(_) = connections.join_next() => continue,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let (service, stop) = (Arc::clone(&service), stop.clone());
                connections.spawn(connection(stream, door, service, stop));
            }
            Err(error) => {
                // Out of descriptors, most likely: those that are open will close.
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    drop(listener);
    let answered = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, answered).await.is_err() {
        tracing::warn!(open = connections.len(), "connections cut off");
        // Half-sent requests and unread answers: nothing of theirs is booked half, notices finish by themselves.
        connections.shutdown().await;
    }
}

async fn connection(stream: TcpStream, door: Door, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    // Without it the kernel holds small answers back for up to 40 ms.
    let _ = stream.set_nodelay(true);
    // A client that takes no answers is cut off by the kernel. A socket without that is as good as before.
    let unread = Duration::from_millis(limits::UNREAD_WAIT.raw().unsigned_abs());
    let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(unread));
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(route(door, request, service).await) }
    });
    let idle = Duration::from_millis(limits::IDLE.raw().unsigned_abs());
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .serve_connection(TokioIo::new(stream), answer);
    let mut served = pin!(served);
    // A client that hangs up or sends no HTTP is its own affair.
    tokio::select! {
        _ = served.as_mut() => {}
        () = stopped(&mut stop) => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
}

/// Returns once the server is to stop; also if nobody is left to say so.
pub(in crate::shell) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn route(door: Door, mut request: Request<Incoming>, service: Arc<Service>) -> Answer {
    let answer = match door {
        Door::Public => public(&mut request, service).await,
        Door::Admin => admin(&request, &service),
    };
    // What nobody asked for is read all the same: unread, it would cost the connection, without a word
    // to the client. A body that is too long or too late costs it anyway.
    let is_lost = matches!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
    if !is_lost && !request.body().is_end_stream() {
        let _ = read_body(&mut request, limits::BODY_BYTES_MAX).await;
    }
    answer
}

async fn public(request: &mut Request<Incoming>, service: Arc<Service>) -> Answer {
    let received = Instant::now();
    let path = request.uri().path();
    if let Some(exchange) = path.strip_prefix("/openrtb2/") {
        let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if exchange.is_empty() || !exchange.bytes().all(of_a_name) {
            return empty(StatusCode::NOT_FOUND);
        }
        let exchange = exchange.to_owned();
        return bid(&exchange, request, &service, received).await;
    }
    if let Some(rest) = path.strip_prefix("/n/") {
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
        let of_a_browser = matches!(kind, NoticeKind::View | NoticeKind::Click | NoticeKind::Play);
        return booked(finish(booking).await, of_a_browser);
    }
    match (request.method(), path) {
        (&Method::GET, "/c/pixel.gif") => {
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
        (&Method::POST, "/c/s2s") => conversion(request, service).await,
        (&Method::GET, "/healthz") => {
            let (version, commit) = (env!("CARGO_PKG_VERSION"), env!("ENCAN_COMMIT"));
            let body = format!("{{\"status\":\"ok\",\"version\":\"{version}\",\"commit\":\"{commit}\"}}\n");
            full(StatusCode::OK, JSON, body)
        }
        (_, "/c/pixel.gif") => not_allowed("GET"),
        (_, "/c/s2s") => not_allowed("POST"),
        _ => empty(StatusCode::NOT_FOUND),
    }
}

/// Runs to its end even if the caller hangs up: what is committed must be settled too.
async fn finish(booking: impl Future<Output = BookReply> + Send + 'static) -> BookReply {
    tokio::spawn(booking).await.unwrap_or(BookReply::Unavailable)
}

async fn bid(
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
    let body = match read_body(request, limits::BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(status) => return empty(status),
    };
    let body = match encoding.as_ref().map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => body,
        Some(name) if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") => {
            match inflate(&body) {
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

/// The whole body, if it arrives in time and stays below `bytes_max`.
async fn read_body(request: &mut Request<Incoming>, bytes_max: usize) -> Result<Bytes, StatusCode> {
    let body = request.body_mut();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let wait = Duration::from_millis(limits::BODY_WAIT.raw().unsigned_abs());
    let read = async {
        let mut whole = Bytes::new();
        let mut rest = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(part) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
            if whole.len() + rest.len() + part.len() > bytes_max {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            // Most bodies come in one piece, which is taken as it is.
            if whole.is_empty() && rest.is_empty() {
                whole = part;
            } else {
                if rest.is_empty() {
                    rest.reserve(announced.max(whole.len() + part.len()));
                    rest.extend_from_slice(&std::mem::take(&mut whole));
                }
                rest.extend_from_slice(&part);
            }
        }
        Ok(if rest.is_empty() { whole } else { Bytes::from(rest) })
    };
    tokio::time::timeout(wait, read).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

/// Inflates a body, up to the limit: a bomb is cut off there.
fn inflate(body: &[u8]) -> Result<Bytes, StatusCode> {
    let limit = u64::try_from(limits::BODY_INFLATED_BYTES_MAX).unwrap_or(u64::MAX);
    let mut whole = Vec::with_capacity(body.len().saturating_mul(4).min(limits::BODY_INFLATED_BYTES_MAX));
    let mut decoder = MultiGzDecoder::new(body).take(limit + 1);
    decoder.read_to_end(&mut whole).map_err(|_| StatusCode::BAD_REQUEST)?;
    if whole.len() > limits::BODY_INFLATED_BYTES_MAX {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    Ok(Bytes::from(whole))
}

async fn conversion(request: &mut Request<Incoming>, service: Arc<Service>) -> Answer {
    let body = match read_body(request, limits::CONVERSION_BYTES_MAX).await {
        Ok(body) => body,
        Err(status) => return empty(status),
    };
    match serde_json::from_slice::<ConversionForm>(&body) {
        Ok(form) => booked(finish(service.conversion(form)).await, false),
        Err(error) => text(StatusCode::BAD_REQUEST, format!("not a conversion: {error}\n")),
    }
}

/// The answer to a notice. Browsers get a picture, servers nothing.
fn booked(reply: BookReply, picture: bool) -> Answer {
    match reply {
        BookReply::Done if picture => {
            let mut answer = full(StatusCode::OK, GIF, PIXEL);
            answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            answer
        }
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

fn admin(request: &Request<Incoming>, service: &Service) -> Answer {
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

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    if matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
        // The rest of the body is not read, so the connection ends here.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn full(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    answer
}

fn text(status: StatusCode, words: String) -> Answer {
    full(status, TEXT, words)
}

fn not_allowed(allowed: &'static str) -> Answer {
    let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use hyper::StatusCode;

    use super::inflate;
    use crate::units::limits::BODY_INFLATED_BYTES_MAX;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_inflated_up_to_the_limit_and_a_bomb_is_cut_off() {
        assert_eq!(inflate(&gzip(b"{}")).unwrap(), &b"{}"[..]);
        let full = vec![b' '; BODY_INFLATED_BYTES_MAX];
        assert_eq!(inflate(&gzip(&full)).unwrap().len(), full.len());
        let bomb = vec![b' '; BODY_INFLATED_BYTES_MAX + 1];
        assert_eq!(inflate(&gzip(&bomb)), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(inflate(b"not gzip"), Err(StatusCode::BAD_REQUEST));
        assert_eq!(inflate(&gzip(b"{}")[..10]), Err(StatusCode::BAD_REQUEST));
    }
}
