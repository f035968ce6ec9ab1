//! What a run found, as text for people and JSON for machines, and whether it passed.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::client::Failure;
use crate::judge::Wrong;

/// Times are held with three digits up to this many nanoseconds.
const NANOS_MAX: u64 = 120_000_000_000;
/// A send this much after its time is the generator's fault and counted as late.
const LATE: Duration = Duration::from_millis(1);

/// Above this share of late sends the report says that the figures are the generator's too.
const LATE_SHARE: f64 = 0.01;

/// What one connection, and in the end all of them, counted. Sends of the warm-up are not in it.
#[derive(Clone)]
pub struct Tally {
    /// Nanoseconds from the scheduled send to the whole answer, of all answers in time.
    pub latency: Histogram<u64>,
    /// Those of the seconds with conversions, if any are told.
    pub beside: Histogram<u64>,
    /// Those of the seconds without.
    pub alone: Histogram<u64>,
    /// By status.
    pub statuses: BTreeMap<u16, u64>,
    /// Sends without an answer, by kind.
    pub failures: BTreeMap<Failure, u64>,
    /// Answers that do not fit their request, by kind.
    pub wrong: BTreeMap<Wrong, u64>,
    /// Sends that were not begun before the timeout: no connection was free, or the generator was late.
    pub dropped: u64,
    /// Bids in right answers.
    pub bids: u64,
    /// Right answers with a bid.
    pub answers_with_bids: u64,
    /// Of bodies sent.
    pub bytes_out: u64,
    /// Of bodies received.
    pub bytes_in: u64,
}

impl Tally {
    /// Nothing counted.
    pub fn new() -> Self {
        Self {
            latency: histogram(),
            beside: histogram(),
            alone: histogram(),
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            wrong: BTreeMap::new(),
            dropped: 0,
            bids: 0,
            answers_with_bids: 0,
            bytes_out: 0,
            bytes_in: 0,
        }
    }

    /// Adds what another connection counted.
    pub fn add(&mut self, other: &Self) {
        for (sum, part) in [
            (&mut self.latency, &other.latency),
            (&mut self.beside, &other.beside),
            (&mut self.alone, &other.alone),
        ] {
            sum.add(part).expect("all have the same range");
        }
        add_all(&mut self.statuses, &other.statuses);
        add_all(&mut self.failures, &other.failures);
        add_all(&mut self.wrong, &other.wrong);
        self.dropped += other.dropped;
        self.bids += other.bids;
        self.answers_with_bids += other.answers_with_bids;
        self.bytes_out += other.bytes_out;
        self.bytes_in += other.bytes_in;
    }
}

/// How late the generator itself was.
#[derive(Clone)]
pub struct Lateness {
    nanos: Histogram<u64>,
    late: u64,
}

impl Lateness {
    /// Nothing sent.
    pub fn new() -> Self {
        Self { nanos: histogram(), late: 0 }
    }

    /// Counts a send that began `by` after its time.
    pub fn record(&mut self, by: Duration) {
        self.nanos.saturating_record(nanos(by));
        self.late += u64::from(by > LATE);
    }
}

/// Calls of one kind: notices, or conversions.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallTally {
    /// Answered with 200 or 204.
    pub accepted: u64,
    /// Answered otherwise, or not at all.
    pub refused: u64,
    /// Not called, for too many were waiting.
    pub dropped: u64,
}

impl CallTally {
    /// Counts a call that was answered.
    pub fn count(&mut self, accepted: bool) {
        self.accepted += u64::from(accepted);
        self.refused += u64::from(!accepted);
    }

    /// Both together.
    pub fn and(self, other: &Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            refused: self.refused + other.refused,
            dropped: self.dropped + other.dropped,
        }
    }

    fn json(&self) -> Value {
        json!({ "accepted": self.accepted, "refused": self.refused, "dropped": self.dropped })
    }
}

impl fmt::Display for CallTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} accepted, {} refused, {} dropped", self.accepted, self.refused, self.dropped)
    }
}

/// A run, done.
pub struct Report {
    /// What was loaded.
    pub url: String,
    /// The server's commit or version, if it told.
    pub server: Option<String>,
    /// The seed of bodies and times.
    pub seed: u64,
    /// Cores of the machine.
    pub cores: usize,
    /// Connections.
    pub connections: usize,
    /// The time measured, without the warm-up.
    pub measured: Duration,
    /// Sends due in it.
    pub offered: u64,
    /// What became of them.
    pub tally: Tally,
    /// The generator's own lateness in it.
    pub lateness: Lateness,
    /// Notices of the whole run.
    pub notices: CallTally,
    /// Conversions, if any were told beside.
    pub conversions: Option<CallTally>,
    /// The least share of offered sends that must be answered.
    pub min_achieved: f64,
}

impl Report {
    /// Why the run did not pass; empty if it did.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.achieved_share() < self.min_achieved {
            faults.push(format!(
                "achieved {:.4} of the offered rate, asked for {}",
                self.achieved_share(),
                self.min_achieved
            ));
        }
        let wrong = self.wrong();
        if wrong > 0 {
            faults.push(format!("{wrong} wrong answers"));
        }
        if let Some(told) = self.conversions.filter(|told| told.refused + told.dropped > 0) {
            faults.push(format!("conversions: {told}"));
        }
        faults
    }

    /// The report as one JSON object.
    pub fn json(&self) -> Value {
        let tally = &self.tally;
        json!({
            "url": self.url,
            "server": self.server,
            "seed": self.seed,
            "cores": self.cores,
            "connections": self.connections,
            "measured_s": self.measured.as_secs_f64(),
            "offered": self.offered,
            "offered_per_s": self.per_second(self.offered),
            "answered": self.answered(),
            "achieved_per_s": self.per_second(self.answered()),
            "achieved_share": self.achieved_share(),
            "latency_us": self.quantiles_us(&tally.latency),
            "generator": {
                "late_sends": self.lateness.late,
                "lateness_us": self.quantiles_us(&self.lateness.nanos),
            },
            "statuses": names(&tally.statuses, |status| status.to_string()),
            "errors": names(&tally.failures, |failure| failure.word().to_owned()),
            "wrong": names(&tally.wrong, |wrong| wrong.words()),
            "dropped": tally.dropped,
            "bids": tally.bids,
            "answers_with_bids": tally.answers_with_bids,
            "bids_per_request": share(tally.bids, self.offered),
            "body_bytes_out": tally.bytes_out,
            "body_bytes_in": tally.bytes_in,
            "notices": self.notices.json(),
            "conversions": self.conversions.map(|told| json!({
                "told": told.json(),
                "latency_alone_us": self.quantiles_us(&tally.alone),
                "latency_beside_us": self.quantiles_us(&tally.beside),
            })),
            "faults": self.faults(),
        })
    }

    fn answered(&self) -> u64 {
        self.tally.latency.len()
    }

    fn wrong(&self) -> u64 {
        self.tally.wrong.values().sum()
    }

    fn achieved_share(&self) -> f64 {
        share(self.answered(), self.offered)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of one run")]
    fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.measured.as_secs_f64()
    }

    fn quantiles_us(&self, nanos: &Histogram<u64>) -> Value {
        let names =
            QUANTILES.iter().map(|(name, quantile)| (*name, micros(nanos.value_at_quantile(*quantile))));
        let mut all: serde_json::Map<String, Value> =
            names.map(|(name, value)| (name.to_owned(), value.into())).collect();
        all.insert("max".to_owned(), micros(nanos.max()).into());
        all.into()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        let server = self.server.as_deref().unwrap_or("does not tell its commit");
        writeln!(f, "target      {} ({server})", self.url)?;
        writeln!(
            f,
            "run         {:.1} s measured, {} connections, {} cores, seed {}",
            self.measured.as_secs_f64(),
            self.connections,
            self.cores,
            self.seed
        )?;
        writeln!(f, "offered     {} requests, {:.1}/s", self.offered, self.per_second(self.offered))?;
        writeln!(
            f,
            "achieved    {} answers, {:.1}/s, {:.2} % of offered",
            self.answered(),
            self.per_second(self.answered()),
            100.0 * self.achieved_share()
        )?;
        writeln!(f, "latency     {} (from the scheduled send)", line(&tally.latency))?;
        writeln!(f, "generator   {} late by > 1 ms; {}", self.lateness.late, line(&self.lateness.nanos))?;
        writeln!(f, "statuses    {}", list(&tally.statuses, |status| status.to_string()))?;
        writeln!(f, "errors      {}", list(&tally.failures, |failure| failure.word().to_owned()))?;
        writeln!(
            f,
            "dropped     {} (not sent in time: no free connection, or the generator was late)",
            tally.dropped
        )?;
        writeln!(f, "wrong       {}", list(&tally.wrong, |wrong| wrong.words()))?;
        writeln!(
            f,
            "bids        {}, {:.3} per request, in {} answers",
            tally.bids,
            share(tally.bids, self.offered),
            tally.answers_with_bids
        )?;
        writeln!(f, "bodies      {} bytes out, {} bytes in", tally.bytes_out, tally.bytes_in)?;
        writeln!(f, "notices     {}", self.notices)?;
        if let Some(told) = self.conversions {
            writeln!(f, "conversions {told}, in every other second")?;
            writeln!(f, "  alone     {}", line(&tally.alone))?;
            writeln!(f, "  beside    {}", line(&tally.beside))?;
            writeln!(f, "  ratio     {}", ratios(&tally.beside, &tally.alone))?;
        }
        if share(self.lateness.late, self.offered) > LATE_SHARE {
            writeln!(f, "note        the generator itself was late: the latency is its fault too")?;
        }
        match self.faults() {
            faults if faults.is_empty() => write!(f, "passed"),
            faults => write!(f, "FAILED: {}", faults.join("; ")),
        }
    }
}

const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];

/// `span` in whole nanoseconds, held at the greatest.
pub fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, NANOS_MAX, 3).expect("the bounds are apart")
}

fn line(nanos: &Histogram<u64>) -> String {
    let mut line = String::new();
    for (name, quantile) in QUANTILES {
        let value = micros(nanos.value_at_quantile(quantile)) / 1_000.0;
        write!(line, "{name} {value:.3}  ").expect("a string takes all");
    }
    let max = micros(nanos.max()) / 1_000.0;
    write!(line, "max {max:.3} ms").expect("a string takes all");
    line
}

/// How much longer those beside took.
fn ratios(beside: &Histogram<u64>, alone: &Histogram<u64>) -> String {
    let ratio = |quantile| share(beside.value_at_quantile(quantile), alone.value_at_quantile(quantile));
    let told = QUANTILES.iter().take(4).map(|(name, quantile)| format!("{name} {:.2}", ratio(*quantile)));
    told.collect::<Vec<_>>().join("  ")
}

#[expect(clippy::cast_precision_loss, reason = "two minutes of nanoseconds are exact")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn add_all<K: Ord + Copy>(sums: &mut BTreeMap<K, u64>, counts: &BTreeMap<K, u64>) {
    for (key, count) in counts {
        *sums.entry(*key).or_default() += count;
    }
}

fn names<K: Copy>(counts: &BTreeMap<K, u64>, name: impl Fn(K) -> String) -> Value {
    let named = counts.iter().map(|(key, count)| (name(*key), Value::from(*count)));
    Value::Object(named.collect())
}

fn list<K: Copy>(counts: &BTreeMap<K, u64>, name: impl Fn(K) -> String) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    counts.iter().map(|(key, count)| format!("{} x {count}", name(*key))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CallTally, Lateness, Report, Tally};
    use crate::judge::Wrong;

    /// A run of 100 offered requests of which `answered` were answered, `wrong` of them wrong.
    fn report(answered: u64, wrong: u64) -> Report {
        let mut tally = Tally::new();
        tally.latency.record_n(2_000_000, answered).unwrap();
        if wrong > 0 {
            tally.wrong.insert(Wrong::Id, wrong);
        }
        Report {
            url: "http://127.0.0.1/".to_owned(),
            server: None,
            seed: 1,
            cores: 2,
            connections: 8,
            measured: Duration::from_secs(2),
            offered: 100,
            tally,
            lateness: Lateness::new(),
            notices: CallTally::default(),
            conversions: None,
            min_achieved: 0.99,
        }
    }

    #[test]
    fn a_run_fails_by_its_rate_or_by_one_wrong_answer() {
        assert_eq!(report(99, 0).faults(), Vec::<String>::new());
        assert_eq!(report(98, 0).faults(), ["achieved 0.9800 of the offered rate, asked for 0.99"]);
        assert_eq!(report(100, 1).faults(), ["1 wrong answers"]);
    }

    #[test]
    fn rates_count_the_time_measured_only() {
        assert!(report(100, 0).to_string().contains("100 answers, 50.0/s, 100.00 % of offered"));
    }

    #[test]
    fn a_late_generator_is_not_hidden() {
        let mut report = report(100, 0);
        assert!(!report.to_string().contains("itself was late"));
        for _ in 0..2 {
            report.lateness.record(Duration::from_millis(5));
        }
        assert!(report.to_string().contains("itself was late"));
    }
}
