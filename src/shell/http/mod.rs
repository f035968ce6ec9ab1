//! The doors: HTTP/1.1 for exchanges, browsers and advertisers, and the admin's own listener.
//!
//! Reads bytes with limits, hands them to the service, writes what it says. Holds no rule of its own.

mod admin;
mod bid;
mod body;
mod connection;
mod console;
mod conversions;
mod cors;
mod events;
mod notices;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use connection::Spans;

use crate::shell::http::cors::Page;
use crate::shell::service::Service;
use crate::units::limits;

type Answer = Response<Full<Bytes>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

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
    spans: Spans,
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
                connections.spawn(connection::serve(stream, door, service, spans, stop));
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

/// Returns once the server is to stop; also if nobody is left to say so.
pub(in crate::shell) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn route(door: Door, mut request: Request<Incoming>, service: Arc<Service>, peer: IpAddr) -> Answer {
    let exchange = request.uri().path().strip_prefix("/openrtb2/");
    let is_for_pages = door == Door::Public && exchange.is_none_or(|exchange| service.admits_pages(exchange));
    let page = Page::of(&request).filter(|_| is_for_pages);
    let preflight = Page::preflight(&request).filter(|_| is_for_pages);
    let mut answer = match (door, preflight) {
        (Door::Public, Some(preflight)) => preflight,
        (Door::Public, None) => public(&mut request, service, peer).await,
        (Door::Admin, _) => admin::answer(&mut request, service).await,
    };
    if let Some(page) = page {
        page.admit(&mut answer);
    }
    // What nobody asked for is read all the same: unread, it would cost the connection, without a word
    // to the client. A body that is too long or too late costs it anyway.
    let is_lost = matches!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
    if !is_lost && !request.body().is_end_stream() {
        body::discard(&mut request, limits::BODY_BYTES_MAX).await;
    }
    answer
}

async fn public(request: &mut Request<Incoming>, service: Arc<Service>, peer: IpAddr) -> Answer {
    let received = Instant::now();
    let path = request.uri().path();
    if let Some(exchange) = path.strip_prefix("/openrtb2/") {
        let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if exchange.is_empty() || !exchange.bytes().all(of_a_name) {
            return empty(StatusCode::NOT_FOUND);
        }
        let exchange = exchange.to_owned();
        return bid::answer(&exchange, request, &service, received, peer).await;
    }
    if let Some(rest) = path.strip_prefix("/n/") {
        return notices::notice(rest, request, service).await;
    }
    match (request.method(), path) {
        (&Method::GET, "/c/pixel.gif") => conversions::pixel(request, service).await,
        (&Method::POST, "/c/s2s") => conversions::server(request, service).await,
        (&Method::GET, "/c/install") => conversions::install(request, service).await,
        (&Method::GET, "/e/pixel.gif") => events::pixel(request, service).await,
        (&Method::POST, "/e/s2s") => events::server(request, service).await,
        (&Method::GET, "/healthz") => {
            let (version, commit) = (env!("CARGO_PKG_VERSION"), env!("ENCAN_COMMIT"));
            let body = format!("{{\"status\":\"ok\",\"version\":\"{version}\",\"commit\":\"{commit}\"}}\n");
            full(StatusCode::OK, JSON, body)
        }
        (_, "/c/pixel.gif" | "/c/install" | "/e/pixel.gif") => not_allowed("GET"),
        (_, "/c/s2s" | "/e/s2s") => not_allowed("POST"),
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
