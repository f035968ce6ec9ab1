//! The scripts in `tests/node`, which need Node.js, its packages, and for one of them a browser.
//!
//! Where those are missing, a test that needs them says so and passes, unless `ENCAN_BROWSER=required`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// How long a script may take: above the time after which it gives up by itself.
const PATIENCE: Duration = Duration::from_secs(150);
/// Where a browser is looked for.
const CHROMIUM: &str = "/usr/bin/chromium";

/// What a script needs beside Node.js and its packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    Browser,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/node")
}

/// The browser's file: `CHROMIUM`, or where Debian puts it.
fn chromium() -> PathBuf {
    std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from(CHROMIUM), PathBuf::from)
}

/// What is missing, each with how to get it.
fn missing(needs: Needs) -> Vec<String> {
    let mut missing = Vec::new();
    let version = Command::new("node").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        missing.push("no `node`: install Node.js 20 or later".to_owned());
    }
    if !folder().join("node_modules/.package-lock.json").exists() {
        missing.push("no packages: run `npm ci --prefix tests/node`".to_owned());
    }
    if needs == Needs::Browser && !chromium().exists() {
        let file = chromium().display().to_string();
        missing.push(format!("no {file}: run `apt-get install chromium`, or name a Chromium in CHROMIUM"));
    }
    missing
}

/// True if the scripts can run; else says what is missing.
///
/// # Panics
///
/// If they cannot, and `ENCAN_BROWSER=required` says that they must.
#[must_use]
pub fn is_ready(needs: Needs) -> bool {
    let missing = missing(needs);
    if missing.is_empty() {
        return true;
    }
    let is_required = std::env::var_os("ENCAN_BROWSER").is_some_and(|value| value == "required");
    assert!(!is_required, "ENCAN_BROWSER=required, but {}", missing.join("; "));
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    // Past the capture of the test's own output: it passes, and nobody reads that of a test that passed.
    let line = format!("SKIPPED {name}: {}\n", missing.join("; "));
    let _ = std::io::stderr().write_all(line.as_bytes());
    false
}

/// A script that runs, and talks in lines of JSON. It ends with this value at the latest.
#[derive(Debug)]
pub struct Script {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    reader: Option<JoinHandle<()>>,
    words: Option<JoinHandle<String>>,
}

impl Script {
    /// Starts `node tests/node/{name}` with more in its environment.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start(name: &str, environment: &[(&str, PathBuf)]) -> Self {
        let mut command = Command::new("node");
        command.arg(name).current_dir(folder()).env("CHROMIUM", chromium());
        command.envs(environment.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("node is there");
        let mut stderr = child.stderr.take().expect("it is piped");
        let (sender, lines) = channel();
        let stdout: ChildStdout = child.stdout.take().expect("it is piped");
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody waits for it any more.
                let _ = sender.send(line);
            }
        });
        let words = std::thread::spawn(move || {
            let mut words = String::new();
            let _ = stderr.read_to_string(&mut words);
            words
        });
        let stdin = child.stdin.take();
        Self { child, stdin, lines, reader: Some(reader), words: Some(words) }
    }

    /// Sends it `text`.
    ///
    /// # Panics
    ///
    /// If it takes none any more.
    pub fn tell(&mut self, text: &[u8]) {
        let stdin = self.stdin.as_mut().expect("nothing follows the end");
        if stdin.write_all(text).and_then(|()| stdin.flush()).is_err() {
            panic!("the script takes nothing any more: {}", self.last_words());
        }
    }

    /// Tells it that nothing more will come.
    pub fn end(&mut self) {
        self.stdin = None;
    }

    /// The next line it prints.
    ///
    /// # Panics
    ///
    /// With its own words, if none comes in time.
    pub fn line(&mut self) -> Value {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}")),
            Err(error) => panic!("the script says nothing ({error}): {}", self.last_words()),
        }
    }

    /// Ends it; what it wrote to stderr.
    fn last_words(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.stdin = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.words.take().and_then(|words| words.join().ok()).unwrap_or_default()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.last_words();
    }
}
