//! One keep-alive connection to the server, and the calls an exchange, a browser or a shop makes on it.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The longest any call may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The connection.
    #[error("the connection to {address} failed: {source}")]
    Connection {
        /// Of the server.
        address: SocketAddr,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer in time.
    #[error("no answer from {address} within {PATIENCE:?}")]
    Late {
        /// Of the server.
        address: SocketAddr,
    },
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Where it leads, if it leads elsewhere.
    pub location: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// A client with one connection, made anew when it breaks.
#[derive(Debug)]
pub struct Caller {
    address: SocketAddr,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Caller {
    /// A client of the server at `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, open: None }
    }

    /// GET of an address below the server's own; of a whole URL only the path counts.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn get(&mut self, path: &str) -> Result<Answer, CallError> {
        self.call(Method::GET, path, Vec::new()).await
    }

    /// POST of JSON.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn post(&mut self, path: &str, body: Vec<u8>) -> Result<Answer, CallError> {
        self.call(Method::POST, path, body).await
    }

    async fn call(&mut self, method: Method, path: &str, body: Vec<u8>) -> Result<Answer, CallError> {
        let address = self.address;
        let answered = tokio::time::timeout(PATIENCE, self.exchange(method, path, body)).await;
        let answer = match answered {
            Ok(answer) => answer.map_err(|source| CallError::Connection { address, source }),
            Err(_) => Err(CallError::Late { address }),
        };
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    async fn exchange(
        &mut self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let below = |url: &'_ str| url.find('/').map_or("/".to_owned(), |at| url[at..].to_owned());
        let path = path.split_once("://").map_or_else(|| path.to_owned(), |(_, rest)| below(rest));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let answer = self.connected().await?.send_request(request).await?;
        let status = answer.status();
        let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.map(str::to_owned);
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Answer { status, location, body })
    }

    async fn connected(
        &mut self,
    ) -> Result<&mut SendRequest<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
        let usable = match &mut self.open {
            Some(open) => open.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            let (open, connection) = handshake(TokioIo::new(stream)).await?;
            // Ends with the connection; a fault shows at the next call.
            tokio::spawn(connection);
            self.open = Some(open);
        }
        Ok(self.open.as_mut().expect("connected above"))
    }
}
