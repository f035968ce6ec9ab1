//! One connection to the bidder under test: it is kept as long as the bidder keeps it, and who closed it is told.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::certify::{Case, Connection, HttpAnswer, Wants};
use crate::shell::certify::Target;

/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A connection, made anew when it breaks.
#[derive(Debug)]
pub(super) struct Caller {
    target: Target,
    /// Of every request, unless its case has one of that name.
    headers: HeaderMap,
    patience: Duration,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Caller {
    /// Calls of `target` with `headers`, none longer than `patience`.
    pub(super) fn new(target: Target, headers: HeaderMap, patience: Duration) -> Self {
        Self { target, headers, patience, open: None }
    }

    /// Sends `case`; an error says in words why nothing came.
    pub(super) async fn call(&mut self, case: &Case) -> Result<HttpAnswer, String> {
        let patience = self.patience;
        let answer = match tokio::time::timeout(patience, self.exchange(case)).await {
            Ok(answer) => answer.map_err(|error| in_words(error.as_ref())),
            Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
        };
        // After what was wrong the bidder may hang up, and nobody shall be blamed for it.
        if answer.is_err() || case.wants != Wants::Answer {
            self.open = None;
        }
        answer
    }

    async fn exchange(&mut self, case: &Case) -> Result<HttpAnswer, Failed> {
        let was_open = self.open.is_some();
        if let Some(mut open) = self.open.take()
            && open.ready().await.is_ok()
        {
            // The other side may close it just now: then the request is sent once more, on a new one.
            if let Ok(answer) = send(&mut open, (&self.target, &self.headers), case, Connection::Kept).await {
                self.open = Some(open);
                return Ok(answer);
            }
        }
        let stream = TcpStream::connect(self.target.address).await?;
        stream.set_nodelay(true)?;
        let (mut open, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the connection; a fault shows at the next call.
        tokio::spawn(connection);
        let connection = if was_open { Connection::Lost } else { Connection::New };
        let answer = send(&mut open, (&self.target, &self.headers), case, connection).await?;
        self.open = Some(open);
        Ok(answer)
    }
}

async fn send(
    open: &mut SendRequest<Full<Bytes>>,
    (target, headers): (&Target, &HeaderMap),
    case: &Case,
    connection: Connection,
) -> Result<HttpAnswer, Failed> {
    let mut request =
        Request::builder().method(case.method).uri(&target.path).header(header::HOST, &target.host);
    for (name, value) in &case.headers {
        request = request.header(*name, *value);
    }
    for (name, value) in headers.iter().filter(|(name, _)| case.headers.iter().all(|(own, _)| own != name)) {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(case.body.clone())))?;
    let began = Instant::now();
    let answer = open.send_request(request).await?;
    let status = answer.status().as_u16();
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers =
        answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await?.to_bytes().to_vec();
    let millis = u32::try_from(began.elapsed().as_micros().div_ceil(1_000)).unwrap_or(u32::MAX);
    Ok(HttpAnswer { status, headers, body, millis, connection })
}

/// An error and its causes.
fn in_words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
