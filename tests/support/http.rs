//! A blocking HTTP/1.1 client on one connection. It says exactly what it is told to, so that what no
//! library sends can be sent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

/// One connection, kept alive.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The value of the header `name`, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("a body of text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

impl Client {
    /// # Panics
    ///
    /// If nobody listens there.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("not zero");
        stream.set_nodelay(true).expect("a TCP stream");
        Self { stream: BufReader::new(stream), address }
    }

    /// Sends a request with the length of its body, and reads the answer.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> HttpAnswer {
        let length = body.len().to_string();
        self.write_head(method, path, headers, ("content-length", &length));
        self.write(body);
        self.read(method)
    }

    /// Sends the body in chunks, so that its length is not announced.
    pub fn send_chunked(&mut self, method: &str, path: &str, chunks: &[&[u8]]) -> HttpAnswer {
        self.write_head(method, path, &[], ("transfer-encoding", "chunked"));
        for chunk in chunks {
            self.write(format!("{:x}\r\n", chunk.len()).as_bytes());
            self.write(chunk);
            self.write(b"\r\n");
        }
        self.write(b"0\r\n\r\n");
        self.read(method)
    }

    /// Sends a head without the body that it may announce.
    pub fn send_bare(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> HttpAnswer {
        let (last, headers) = headers.split_last().expect("a header");
        self.write_head(method, path, headers, *last);
        self.read(method)
    }

    fn write_head(&mut self, method: &str, path: &str, headers: &[(&str, &str)], last: (&str, &str)) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers.iter().chain([&last]) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.write(head.as_bytes());
    }

    /// A server may answer and hang up before it has read everything.
    fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes);
    }

    fn read(&mut self, method: &str) -> HttpAnswer {
        let status_line = self.line();
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| panic!("`{status_line}` is not the start of an answer"));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header has a colon");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = HttpAnswer { status, headers, body: Vec::new() };
        assert_eq!(answer.header("transfer-encoding"), None, "encan always tells a length");
        let told = answer.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        answer.body = vec![0; if method == "HEAD" { 0 } else { told }];
        self.stream.read_exact(&mut answer.body).expect("the whole body arrives");
        answer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let length = self.stream.read_line(&mut line).expect("an answer arrives in time");
        assert!(length > 0, "the server closed the connection");
        line.trim_end().to_owned()
    }
}
