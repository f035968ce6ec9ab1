//! A running `encan`, and a client to talk to it: the real binary, real HTTP, loopback only.
//!
//! Every wait has a deadline. Deliberately absent: what a good answer is (see `encan::certify`).

#![expect(dead_code, reason = "each border uses its own part")]

pub mod addresses;
pub mod books;
pub mod busy;
pub mod disk;
pub mod eager;
pub mod http;
pub mod market;
pub mod node;
pub mod prometheus;
pub mod proxy;

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use encan::certify::{BilledNotice, Terms};
use tempfile::TempDir;

pub use http::{Client, HttpAnswer};

/// How long anything may take: far above what it takes, so that a busy machine fails nothing.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What the fixtures' generic exchange demands of an answer.
#[must_use]
pub fn terms() -> Terms {
    Terms { bills_on: Some(BilledNotice::Billing), price_decimals: Some(4), ..Terms::default() }
}

/// The binary under test.
#[must_use]
pub fn encan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_encan"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// How to start.
#[derive(Debug, Default)]
pub struct Options {
    /// `--campaigns`; the fixtures if absent.
    pub campaigns: Option<PathBuf>,
    /// `--exchanges`; the fixtures if absent.
    pub exchanges: Option<PathBuf>,
    /// `--data`; a folder of its own, removed at the end, if absent.
    pub data: Option<PathBuf>,
    /// `--public-url`; the server's own address if absent.
    pub public_url: Option<String>,
    /// Further flags.
    pub flags: Vec<String>,
    /// Variables of its environment.
    pub env: Vec<(String, String)>,
}

/// A server that runs until it is stopped, killed or dropped.
#[derive(Debug)]
pub struct Encan {
    child: Child,
    words: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
    /// Where exchanges, browsers and advertisers come in.
    pub public: SocketAddr,
    /// Where the operator comes in.
    pub admin: SocketAddr,
    /// Folder of the ledger.
    pub data: PathBuf,
    own_folder: Option<TempDir>,
}

impl Encan {
    /// Starts `encan serve` and waits for the addresses it prints.
    ///
    /// # Panics
    ///
    /// With everything it said, if it does not start.
    #[must_use]
    pub fn start(options: Options) -> Self {
        Self::try_start(options).unwrap_or_else(|words| panic!("{words}"))
    }

    /// The same, where it may end before it listens.
    ///
    /// # Errors
    ///
    /// How it ended, with everything it said.
    ///
    /// # Panics
    ///
    /// If it neither listens nor ends.
    pub fn try_start(options: Options) -> Result<Self, String> {
        let own_folder = options.data.is_none().then(|| tempfile::tempdir().expect("a folder for data"));
        let data = options.data.or_else(|| own_folder.as_ref().map(|folder| folder.path().to_owned()));
        let data = data.expect("given or made");
        let mut command = encan();
        command.args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"]).arg(&data);
        for (flag, path) in [("--campaigns", options.campaigns), ("--exchanges", options.exchanges)] {
            command.args(path.iter().flat_map(|path| [Path::new(flag), path]));
        }
        command.args(options.public_url.iter().flat_map(|url| ["--public-url", url]));
        command.args(options.flags).envs(options.env);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let words = Arc::new(Mutex::new(String::new()));
        let listener = Some(listen(&mut child, &words));
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { child, words, listener, public: nowhere, admin: nowhere, data, own_folder };
        server.public = server.told("bids      http://")?;
        server.admin = server.told("metrics   http://")?;
        Ok(server)
    }

    /// The address that stands behind `label` in what it says.
    fn told(&mut self, label: &str) -> Result<SocketAddr, String> {
        let address = |words: &str| {
            let (_, rest) = words.split_once(label)?;
            rest.split_once('/')?.0.parse().ok()
        };
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(address) = address(&self.words()) {
                return Ok(address);
            }
            let ended = self.child.try_wait().expect("our own child");
            if let Some(status) = ended {
                return Err(format!("encan ended at its start: {status}\n{}", self.words()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("encan did not start in {PATIENCE:?}:\n{}", self.words());
    }

    /// What it said until now, on stderr.
    #[must_use]
    pub fn words(&self) -> String {
        self.words.lock().expect("nobody panics with it").clone()
    }

    /// A connection to the public door.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::connect(self.public)
    }

    /// One GET at the public door.
    #[must_use]
    pub fn get(&self, path: &str) -> HttpAnswer {
        self.client().send("GET", path, &[], b"")
    }

    /// One POST at the public door.
    #[must_use]
    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> HttpAnswer {
        self.client().send("POST", path, &[("content-type", "application/json")], body.as_ref())
    }

    /// One GET at the admin's door.
    #[must_use]
    pub fn admin(&self, path: &str) -> HttpAnswer {
        Client::connect(self.admin).send("GET", path, &[], b"")
    }

    /// The value of a metric by its full name, labels included: `encan_bids_total`.
    ///
    /// # Panics
    ///
    /// If there is none, with all that are.
    #[must_use]
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.admin("/metrics").text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no metric `{name}` in\n{text}"))
    }

    /// The output of `encan report` on its ledger, which may be open.
    #[must_use]
    pub fn report(&self, flags: &[&str]) -> Output {
        encan().arg("report").arg("--data").arg(&self.data).args(flags).output().expect("the binary runs")
    }

    /// SIGTERM; gives the exit code and everything it said.
    ///
    /// # Panics
    ///
    /// If it does not end.
    pub fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let told = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().expect("a shell");
        assert!(told.success(), "SIGTERM was not sent");
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                self.listened();
                return (status.code(), self.words());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("encan did not end in {PATIENCE:?} after SIGTERM:\n{}", self.words());
    }

    /// SIGKILL: no chance to write anything. The folder of the data stays with the caller.
    ///
    /// # Panics
    ///
    /// If it is not our child any more.
    pub fn kill(mut self) -> Option<TempDir> {
        self.child.kill().expect("our own child");
        self.own_folder.take()
    }

    fn listened(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.join().expect("it only copies text");
        }
    }
}

impl Drop for Encan {
    fn drop(&mut self) {
        // Ended already, most likely.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.listened();
    }
}

/// Lets `command` end by itself; its exit code and what it said on stderr.
///
/// # Panics
///
/// If it does not end.
#[must_use]
pub fn outcome(mut command: Command) -> (Option<i32>, String) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let words = Arc::new(Mutex::new(String::new()));
    let listener = listen(&mut child, &words);
    let start = Instant::now();
    let status = loop {
        match child.try_wait().expect("our own child") {
            None if start.elapsed() > PATIENCE => {
                // It may hold our ports and files.
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
            ended => break ended,
        }
    };
    listener.join().expect("it only copies text");
    let words = words.lock().expect("nobody panics with it").clone();
    let status = status.unwrap_or_else(|| panic!("it did not end in {PATIENCE:?}:\n{words}"));
    (status.code(), words)
}

/// Keeps stderr empty, so that the server never waits for us, and keeps the text.
fn listen(child: &mut Child, words: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let mut stderr = child.stderr.take().expect("it is piped");
    let words = Arc::clone(words);
    std::thread::spawn(move || {
        let mut piece = [0; 4_096];
        while let Ok(length @ 1..) = stderr.read(&mut piece) {
            let text = String::from_utf8_lossy(&piece[..length]);
            words.lock().expect("nobody panics with it").push_str(&text);
        }
    })
}

/// Asks again and again until `holds` does.
///
/// # Panics
///
/// If it does not hold in time.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a test whose bids must all be made in one hour, and so on one day; again if the hour ended meanwhile.
///
/// # Panics
///
/// As `test` does within an hour.
pub fn within_an_hour(test: impl Fn() + std::panic::RefUnwindSafe) {
    let hour = || encan::units::Hour::of(encan::shell::clock::now());
    loop {
        let before = hour();
        let result = std::panic::catch_unwind(&test);
        match result {
            Ok(()) => return,
            Err(_) if hour() != before => {}
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}
