//! A bidder with a fault: a proxy in front of a server, on real HTTP, that changes what comes back.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::PATIENCE;
use super::http::{Client, HttpAnswer};

/// What was asked.
#[derive(Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The value of the header `name`, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Changes an answer.
pub type Fault = dyn Fn(&Asked, &mut HttpAnswer) + Send + Sync;

/// A header by which a fault asks the proxy to hang up without a word; it is not passed on.
pub const HANG_UP: &str = "x-hang-up";

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    ended: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy in front of `server` with `fault`.
    ///
    /// # Panics
    ///
    /// If this machine has no port left.
    #[must_use]
    pub fn start(server: SocketAddr, fault: Box<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let ended = Arc::new(AtomicBool::new(false));
        let fault: Arc<Fault> = Arc::from(fault);
        let stop = Arc::clone(&ended);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), fault) = (stream, Arc::clone(&fault)) else { continue };
                std::thread::spawn(move || serve(stream, server, fault.as_ref()));
            }
        });
        Self { address, ended, listener: Some(listener) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the listener, so that it sees the end.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

/// One connection: a request, its answer, and so on until either side has enough.
fn serve(stream: TcpStream, server: SocketAddr, fault: &Fault) {
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let mut stream = BufReader::new(stream);
    let mut upstream: Option<Client> = None;
    while let Some(asked) = read(&mut stream) {
        let client = upstream.get_or_insert_with(|| Client::connect(server));
        let headers: Vec<(&str, &str)> =
            asked.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let headers: Vec<(&str, &str)> = headers
            .into_iter()
            .filter(|(name, _)| !matches!(*name, "content-length" | "host" | "connection"))
            .collect();
        let mut answer = client.send(&asked.method, &asked.path, &headers, &asked.body);
        if answer.header("connection") == Some("close") {
            upstream = None;
        }
        fault(&asked, &mut answer);
        let hangs_up = answer.header(HANG_UP).is_some();
        let closes = hangs_up || answer.header("connection") == Some("close");
        if write(stream.get_mut(), &answer).is_err() || closes {
            return;
        }
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut asked = Asked { method, path, headers, body: Vec::new() };
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    asked.body = vec![0; length];
    stream.read_exact(&mut asked.body).ok()?;
    Some(asked)
}

fn write(stream: &mut TcpStream, answer: &HttpAnswer) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} \r\n", answer.status);
    for (name, value) in &answer.headers {
        if !matches!(name.as_str(), "content-length" | HANG_UP) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", answer.body.len()));
    stream.write_all(&[head.as_bytes(), &answer.body].concat())
}

/// A fault of the body of every answer with bids.
#[must_use]
pub fn in_response(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Box<Fault> {
    Box::new(move |_, answer| {
        if answer.status == 200
            && let Ok(mut response) = serde_json::from_slice::<Value>(&answer.body)
        {
            change(&mut response);
            answer.body = response.to_string().into_bytes();
        }
    })
}

/// A fault of every bid; `change` sees the imp that it answers.
#[must_use]
pub fn in_bids(change: impl Fn(&Value, &mut Value) + Send + Sync + 'static) -> Box<Fault> {
    Box::new(move |asked, answer| {
        let Ok(mut response) = serde_json::from_slice::<Value>(&answer.body) else { return };
        let request = asked.json();
        let imps = request["imp"].as_array().cloned().unwrap_or_default();
        for seat in response["seatbid"].as_array_mut().into_iter().flatten() {
            for bid in seat["bid"].as_array_mut().into_iter().flatten() {
                let imp = imps.iter().find(|imp| imp["id"] == bid["impid"]).cloned().unwrap_or_default();
                change(&imp, bid);
            }
        }
        answer.body = response.to_string().into_bytes();
    })
}

/// A fault of the markup of every bid that has `old` in it.
#[must_use]
pub fn in_markup(old: &'static str, new: &'static str) -> Box<Fault> {
    in_bids(move |_, bid| {
        if let Some(markup) = bid["adm"].as_str().filter(|markup| markup.contains(old)) {
            bid["adm"] = markup.replace(old, new).into();
        }
    })
}

/// Every answer waits.
#[must_use]
pub fn late(wait: Duration) -> Box<Fault> {
    Box::new(move |_, _| std::thread::sleep(wait))
}
