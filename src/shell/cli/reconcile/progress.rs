//! A line on a terminal that says how far a long comparison has come.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::shell::cli::say;

/// How long nobody is told anything.
const QUIET: Duration = Duration::from_secs(1);
/// How often somebody is.
const TELL: Duration = Duration::from_millis(500);
/// Steps between two looks at the clock.
const STEPS: u32 = 4_096;

/// How far it has come.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
    bytes: u64,
    steps: u32,
    next: Instant,
    told: bool,
}

impl Progress {
    /// At the start of `file`.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        let bytes = std::fs::metadata(file).map_or(0, |known| known.len());
        let terminal = std::io::stderr().is_terminal();
        Self { terminal, bytes, steps: 0, next: Instant::now() + QUIET, told: false }
    }

    /// `read` bytes of the file are done.
    pub fn tell(&mut self, what: &str, read: u64) {
        let bytes = self.bytes.max(1);
        self.step(|| format!("{what}: {} %", (read.min(bytes) * 100) / bytes));
    }

    /// `count` of something are done.
    pub fn count(&mut self, what: &str, count: u64) {
        self.step(|| format!("{what}: {count}"));
    }

    fn step(&mut self, words: impl FnOnce() -> String) {
        self.steps = (self.steps + 1) % STEPS;
        if !self.terminal || self.steps != 0 {
            return;
        }
        let now = Instant::now();
        if now >= self.next {
            self.next = now + TELL;
            self.told = true;
            say(&format!("\r\x1b[K{}", words()));
        }
    }

    /// Clears the line.
    pub fn end(&mut self) {
        if self.told {
            say("\r\x1b[K");
        }
    }
}
