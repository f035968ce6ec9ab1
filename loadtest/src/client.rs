//! One keep-alive HTTP/1.1 connection to the target, opened again when it breaks.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::target::Target;

/// Bytes of an answer, far above a response with a bid for each imp.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The target took no connection.
    Connect,
    /// The connection broke before the answer was whole.
    Broken,
    /// No whole answer in time.
    Timeout,
}

impl Failure {
    /// A word for the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Broken => "broken",
            Self::Timeout => "timeout",
        }
    }
}

/// A connection, perhaps not open.
pub struct Connection<'a> {
    target: &'a Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl<'a> Connection<'a> {
    /// A connection to be opened when first used.
    pub fn new(target: &'a Target) -> Self {
        Self { target, sender: None }
    }

    /// Status and body of the answer, if it is whole before `deadline`.
    ///
    /// # Errors
    ///
    /// [`Failure`]; the connection is then closed and the next exchange opens another.
    pub async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Result<(u16, Bytes), Failure> {
        let answer = timeout_at(deadline, self.try_exchange(request)).await;
        let answer = answer.unwrap_or(Err(Failure::Timeout));
        if answer.is_err() {
            self.sender = None;
        }
        answer
    }

    async fn try_exchange(&mut self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes), Failure> {
        self.open().await?;
        let sender = self.sender.as_mut().expect("just opened");
        let response = sender.send_request(request).await.map_err(|_| Failure::Broken)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok((status, body.map_err(|_| Failure::Broken)?.to_bytes()))
    }

    /// Opens the connection unless it is.
    pub async fn open(&mut self) -> Result<(), Failure> {
        if let Some(sender) = &mut self.sender
            && sender.ready().await.is_ok()
        {
            return Ok(());
        }
        self.sender = Some(connect(self.target.address).await.ok_or(Failure::Connect)?);
        Ok(())
    }
}

async fn connect(address: SocketAddr) -> Option<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

/// A bid request.
pub fn bid_request(target: &Target, body: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(Method::POST)
        .uri(target.path.as_str())
        .header("host", target.authority.as_str())
        .header("content-type", "application/json")
        .header("x-openrtb-version", "2.6")
        .body(Full::new(body))
        .expect("the target's path was a URL's")
}

/// A GET of `path`, if it is a path.
pub fn get(target: &Target, path: &str) -> Option<Request<Full<Bytes>>> {
    let request = Request::builder().uri(path).header("host", target.authority.as_str());
    request.body(Full::default()).ok()
}
