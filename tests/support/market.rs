//! An exchange that wins everything: configurations with small budgets, bids and their notices, and what
//! the ledger says of them.
//!
//! Its client gives errors back instead of panicking: a server that is killed answers nothing.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use encan::ledger::{Event, EventKind};
use encan::shell::store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Encan, Options, PATIENCE};

/// A configuration of its own, and a data folder, both removed at the end.
#[derive(Debug)]
pub struct Market {
    folder: TempDir,
}

impl Market {
    /// A market whose exchange `market` waits `reservation` (`1s`, `10m`) for notices.
    #[must_use]
    pub fn new(reservation: &str) -> Self {
        let market = Self { folder: tempfile::tempdir().expect("a folder") };
        for folder in ["campaigns", "exchanges", "data"] {
            std::fs::create_dir(market.folder.path().join(folder)).expect("a new folder");
        }
        let profile = json!({
            "name": "A market that wins everything",
            "bills_on": "billing",
            "reservation": { "display": reservation, "av": reservation },
            "tmax_ms": 60_000,
            "margin_ms": 1,
            "missing_price": "refuse",
        });
        market.put("exchanges/market.json", &profile.to_string());
        market
    }

    /// Writes a file at once: whoever looks sees the old one or the new one.
    pub fn put(&self, name: &str, text: &str) {
        let file = self.path(name);
        let draft = self.folder.path().join("draft");
        std::fs::write(&draft, text).expect("a draft");
        std::fs::rename(&draft, file).expect("the same file system");
    }

    /// Writes the campaign `campaign` by its id.
    pub fn campaign(&self, campaign: &Value) {
        let id = campaign["id"].as_str().expect("a campaign has an id");
        self.put(&format!("campaigns/{id}.json"), &campaign.to_string());
    }

    /// A path in its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where its ledger lies.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Starts the server on it.
    #[must_use]
    pub fn start(&self) -> Encan {
        self.start_with(&[], &[])
    }

    /// Starts the server on it with more flags and variables of the environment.
    #[must_use]
    pub fn start_with(&self, flags: &[&str], env: &[(&str, &str)]) -> Encan {
        Encan::start(self.options(flags, env))
    }

    /// Starts the server on it, which may be killed before it listens.
    #[must_use]
    pub fn start_to_die(&self, failpoints: &str) -> Option<Encan> {
        let started = Encan::try_start(self.options(&[], &[("ENCAN_FAILPOINTS", failpoints)]));
        let is_killed = |words: &str| words.contains("signal: 9");
        started.map_err(|words| assert!(is_killed(&words), "{words}")).ok()
    }

    fn options(&self, flags: &[&str], env: &[(&str, &str)]) -> Options {
        Options {
            campaigns: Some(self.path("campaigns")),
            exchanges: Some(self.path("exchanges")),
            data: Some(self.data()),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            env: env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..Options::default()
        }
    }

    /// Starts the server on it, which ends by itself at once; its exit code and what it said.
    ///
    /// # Panics
    ///
    /// If it does not end.
    #[must_use]
    pub fn refused(&self, env: &[(&str, &str)]) -> (Option<i32>, String) {
        let mut command = super::encan();
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"])
            .arg(self.data());
        command.arg("--campaigns").arg(self.path("campaigns")).arg("--exchanges").arg(self.path("exchanges"));
        command.envs(env.iter().copied());
        super::outcome(command)
    }

    /// Every event of the ledger.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let store = Store::open(&self.data()).expect("a ledger");
        store.events(|event| events.push(event.clone())).expect("a readable ledger");
        events
    }

    /// What the ledger counts against the budget of the campaign `slug`, in nanos.
    #[must_use]
    pub fn spent(&self, slug: &str) -> i64 {
        let campaign = encan::units::CampaignId::from_slug(slug);
        let spends = self.spends();
        spends.iter().filter(|((of, _), _)| *of == campaign.raw()).map(|(_, spent)| spent).sum()
    }

    /// The same by campaign and line item, as their numbers.
    #[must_use]
    pub fn spends(&self) -> BTreeMap<(u64, u64), i64> {
        let mut spends = BTreeMap::new();
        for event in self.events() {
            if let EventKind::Impression(charge) = &event.kind {
                let key = (event.bid.campaign.raw(), event.bid.line_item.raw());
                *spends.entry(key).or_insert(0) += charge.budget_share().raw();
            }
        }
        spends
    }
}

/// A campaign in euros that spends as fast as it can and bids `cpm` on everything, under `budget`.
#[must_use]
pub fn campaign(id: &str, cpm: f64, budget: &Value) -> Value {
    json!({
        "advertiser": { "id": "acme", "name": "Acme", "domain": "acme.example", "country": "FR" },
        "id": id,
        "name": id,
        "currency": "EUR",
        "time_zone": "Etc/UTC",
        "flight": { "start": "2026-01-01" },
        "budget": budget,
        "pacing": "asap",
        "conversions": [{ "type": "purchase", "value": 20 }],
        "line_items": [line_item("all", cpm)],
        "creatives": [{
            "id": "mpu",
            "landing_page": format!("https://acme.example/{id}"),
            "categories": ["IAB17"],
            "language": "en",
            "banner": { "size": "300x250", "image": "https://cdn.acme.example/300x250.png" },
        }],
    })
}

/// A line item that bids `cpm` on everything.
#[must_use]
pub fn line_item(id: &str, cpm: f64) -> Value {
    json!({ "id": id, "goal": { "cpm": cpm }, "targeting": { "country": ["FR", "DE"] } })
}

/// A request for banners at `imps` places, with time to answer on a busy machine.
#[must_use]
pub fn request(imps: usize) -> String {
    let imps: Vec<Value> =
        (0..imps).map(|at| json!({ "id": at.to_string(), "banner": { "w": 300, "h": 250 } })).collect();
    let device = json!({ "geo": { "country": "FRA" } });
    let site = json!({ "domain": "news.example", "page": "https://news.example/" });
    json!({ "id": "r", "imp": imps, "cur": ["EUR"], "tmax": 60_000, "device": device, "site": site })
        .to_string()
}

/// A bid that we got.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The bid's id.
    pub id: String,
    /// The slug of its campaign.
    pub campaign: String,
    /// In millionths per thousand: the nanos that one impression costs.
    pub price: i64,
    win: String,
    billing: String,
    loss: String,
    /// The path of its click.
    pub click: String,
    /// The path of its view.
    pub view: String,
}

impl Offer {
    fn read(bid: &Value) -> Self {
        let text = |key: &str| bid[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {bid}")).to_owned();
        let path = |key: &str| {
            let url = text(key);
            url[url.find("/n/").expect("a notice")..].to_owned()
        };
        let markup = text("adm");
        let linked = |start: &str| {
            let rest = &markup[markup.find(start).expect("a link")..];
            let ends = |c: char| !(c.is_ascii_alphanumeric() || "/-_".contains(c));
            rest[..rest.find(ends).unwrap_or(rest.len())].to_owned()
        };
        Self {
            id: text("id"),
            campaign: text("cid"),
            price: micros(&bid["price"].to_string()),
            win: path("nurl"),
            billing: path("burl"),
            loss: path("lurl"),
            click: linked("/n/click/"),
            view: linked("/n/view/"),
        }
    }

    /// The path of its billing notice at `price`, in millionths.
    #[must_use]
    pub fn billed_at(&self, price: i64) -> String {
        at_price(&self.billing, price)
    }

    /// The path of its win notice at `price`, in millionths.
    #[must_use]
    pub fn won_at(&self, price: i64) -> String {
        at_price(&self.win, price)
    }

    /// The path of its loss notice: lost to a higher bid.
    #[must_use]
    pub fn lost(&self) -> String {
        self.loss.replace("${AUCTION_LOSS}", "102").replace("${AUCTION_MIN_TO_WIN}", "")
    }
}

fn at_price(path: &str, price: i64) -> String {
    let price = format!("{}.{:06}", price / 1_000_000, price % 1_000_000);
    path.replace("${AUCTION_PRICE}", &price).replace("${AUCTION_CURRENCY}", "EUR")
}

/// A decimal number in millionths.
fn micros(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<6}").parse().unwrap_or_else(|_| panic!("`{text}` is no price of six decimals"))
}

/// An answer, as far as we look.
#[derive(Debug, Clone)]
pub struct Told {
    pub status: u16,
    /// Where a click leads.
    pub location: Option<String>,
    pub body: Vec<u8>,
}

/// A client that keeps one connection and makes a new one where that broke.
#[derive(Debug)]
pub struct Buyer {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Buyer {
    /// A client of the public door of `encan`.
    #[must_use]
    pub fn of(encan: &Encan) -> Self {
        Self::at(encan.public)
    }

    /// A client of `address`.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// One exchange of words.
    ///
    /// # Errors
    ///
    /// If there is no whole answer: whether the request was heard is unknown.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<Told> {
        let told = self.try_ask(method, path, body);
        if told.is_err() {
            self.stream = None;
        }
        told
    }

    fn try_ask(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<Told> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: encan\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.get_mut().write_all(format!("{head}{body}").as_bytes())?;
        let told = read_answer(&mut stream)?;
        self.stream = Some(stream);
        Ok(told)
    }

    /// Asks for bids on `imps` places; none if the answer is 204.
    ///
    /// # Errors
    ///
    /// As [`Buyer::ask`].
    ///
    /// # Panics
    ///
    /// At any other answer.
    pub fn try_bids(&mut self, imps: usize) -> std::io::Result<Vec<Offer>> {
        let told = self.ask("POST", "/openrtb2/market", &request(imps))?;
        match told.status {
            204 => Ok(Vec::new()),
            200 => {
                let answer: Value = serde_json::from_slice(&told.body).expect("an answer in JSON");
                let bids = answer["seatbid"][0]["bid"].as_array().expect("bids");
                Ok(bids.iter().map(Offer::read).collect())
            }
            other => panic!("a bid request was answered {other}"),
        }
    }

    /// The bids on `imps` places of a server that is there.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    #[track_caller]
    pub fn bids(&mut self, imps: usize) -> Vec<Offer> {
        self.try_bids(imps).expect("an answer")
    }

    /// The bid on one place, if there is one.
    #[track_caller]
    pub fn bid(&mut self) -> Option<Offer> {
        self.bids(1).pop()
    }

    /// Sends a notice, which must be taken.
    ///
    /// # Panics
    ///
    /// If it is not.
    #[track_caller]
    pub fn tell(&mut self, path: &str) {
        let told = self.ask("GET", path, "").expect("an answer");
        assert!((200..300).contains(&told.status), "{} to {path}", told.status);
    }
}

/// Reads one answer.
///
/// # Errors
///
/// If the stream ends or is no HTTP.
pub fn read_answer(stream: &mut BufReader<TcpStream>) -> std::io::Result<Told> {
    let mut line = String::new();
    let mut next = |stream: &mut BufReader<TcpStream>| {
        line.clear();
        match stream.read_line(&mut line)? {
            0 => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
            _ => Ok(line.trim_end().to_owned()),
        }
    };
    let invalid = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let status = next(stream)?.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(invalid)?;
    let (mut length, mut location) = (0, None);
    loop {
        let header = next(stream)?;
        let Some((name, value)) = header.split_once(": ") else { break };
        match name {
            "content-length" => length = value.parse().map_err(|_| invalid())?,
            "location" => location = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Told { status, location, body })
}

impl Encan {
    /// The number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by its name, `HUP`.
    ///
    /// # Panics
    ///
    /// If it is gone.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let told =
            Command::new("sh").args(["-c", "kill -\"$0\" \"$1\"", name, &id]).status().expect("a shell");
        assert!(told.success(), "SIG{name} was not sent");
    }

    /// Waits until it has ended; its exit code and everything it said.
    ///
    /// # Panics
    ///
    /// If it does not end.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                self.listened();
                return (status.code(), self.words());
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("encan did not end in {PATIENCE:?}:\n{}", self.words());
    }
}

/// A request of which the server has read the head; its body is still to come.
///
/// # Panics
///
/// If it is gone.
#[must_use]
pub fn half_sent(encan: &Encan, body: &str) -> BufReader<TcpStream> {
    let mut stream = BufReader::new(TcpStream::connect(encan.public).expect("the server listens"));
    stream.get_mut().set_read_timeout(Some(PATIENCE)).expect("the server listens");
    let length = body.len();
    let head = format!(
        "POST /openrtb2/market HTTP/1.1\r\nhost: encan\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.get_mut().write_all(head.as_bytes()).expect("the server listens");
    assert_eq!(read_answer(&mut stream).expect("the server listens").status, 100);
    stream
}

/// A connection on which the server has read the beginning of a head: what was written is not in its queue any more.
///
/// # Panics
///
/// If it is gone, or does not read it.
#[must_use]
pub fn begun(encan: &Encan) -> TcpStream {
    let mut stream = TcpStream::connect(encan.public).expect("the server listens");
    stream.write_all(b"POST /openrtb2/market HTTP/1.1\r\nhost: encan\r\nx-half").expect("the server listens");
    let port = |address: SocketAddr| format!(":{:04X}", address.port());
    let ours = port(stream.local_addr().expect("it is connected"));
    // Its end of the connection: number, its address, ours, the state, `bytes to send:bytes to read`.
    let is_read = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        matches!(fields[..], [_, its, other, _, queues, ..]
            if its.ends_with(&port(encan.public)) && other.ends_with(&ours) && queues.ends_with(":00000000"))
    };
    super::wait_until("the server reads", || {
        std::fs::read_to_string("/proc/net/tcp").expect("what the kernel knows").lines().any(is_read)
    });
    stream
}

/// Every file below `folder` with its bytes.
///
/// # Panics
///
/// If one cannot be read.
#[must_use]
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).expect("a file"));
        }
    }
    found
}

/// The rows of `encan report --json` on the ledger in `data`.
///
/// # Panics
///
/// If there is no report.
#[must_use]
pub fn report(data: &Path) -> Value {
    let output =
        super::encan().args(["report", "--json", "--data"]).arg(data).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a report in JSON")
}

/// The seed of a random test: `ENCAN_SEED`, or a new one. Printed, so that a failure can be repeated.
#[must_use]
#[expect(clippy::print_stdout, reason = "whoever reads a failure needs it")]
pub fn seed() -> u64 {
    let given = std::env::var("ENCAN_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(rand::random);
    println!("seed: ENCAN_SEED={seed}");
    seed
}
