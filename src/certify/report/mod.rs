//! What became of a run: by rule how often it was seen and broken, the first example of each fault, deadlines.
//!
//! A rule that was never seen is not applicable, and the report says so: a bidder that never bids breaks no rule
//! about bids, and keeps none.

mod conclusion;
mod text;

pub use conclusion::Conclusion;

use serde::Serialize;

use crate::certify::rules::http as rule;
use crate::certify::{Case, Connection, Finding, HttpAnswer, Judgement, Rule, Terms, Wants, all_rules};

/// A run, as it goes on.
#[derive(Debug)]
pub struct Report {
    lines: Vec<Line>,
    on_time_percent: u32,
    requests: u64,
    answers_with_bids: u64,
    bids: u64,
    /// Milliseconds of the answers whose deadline counts.
    millis: Vec<u32>,
    late: u64,
    unbid: Vec<(usize, String)>,
    failures: Vec<Failure>,
    /// Right cases of the fixed list that were answered.
    asked: u64,
    /// Right cases that an answer came to, and those of them that were answered with 401 or 403.
    right_answers: u64,
    turned_away: u64,
    cut_short: bool,
}

/// What became of one rule.
#[derive(Debug, Clone)]
pub struct Line {
    /// Which.
    pub rule: &'static Rule,
    /// Answers that it could be held against.
    pub seen: u64,
    /// Answers that broke it.
    pub failed: u64,
    /// The first that broke it, in the order of the cases.
    pub example: Option<Example>,
}

/// A fault, with what was sent and what came.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    /// In the order of the cases.
    pub number: usize,
    /// The name of the case.
    pub case: String,
    /// What is wrong.
    pub why: String,
    /// The body sent; compressed bodies as what they hold.
    pub sent: String,
    /// The answer: status, time, body; or why there is none.
    pub came: String,
}

/// How a rule was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Seen, and never broken.
    Pass,
    /// Broken.
    Fail,
    /// Never seen.
    NotApplicable,
}

impl Line {
    /// How it was kept.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.seen, self.failed) {
            (0, _) => Verdict::NotApplicable,
            (_, 0) => Verdict::Pass,
            _ => Verdict::Fail,
        }
    }
}

/// An answer with faults, whole.
#[derive(Debug, Clone)]
pub struct Failure {
    /// In the order of the cases.
    pub number: usize,
    /// What was sent.
    pub case: Case,
    /// What came, or why nothing did.
    pub answer: Result<HttpAnswer, String>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Failures that are kept whole: nobody reads more.
const FAILURES_MAX: usize = 200;

impl Report {
    /// An empty report of a run under `terms`.
    #[must_use]
    pub fn new(terms: &Terms) -> Self {
        let line = |rule| Line { rule, seen: 0, failed: 0, example: None };
        Self {
            lines: all_rules().into_iter().map(line).collect(),
            on_time_percent: terms.on_time_percent,
            requests: 0,
            answers_with_bids: 0,
            bids: 0,
            millis: Vec::new(),
            late: 0,
            unbid: Vec::new(),
            failures: Vec::new(),
            asked: 0,
            right_answers: 0,
            turned_away: 0,
            cut_short: false,
        }
    }

    /// Adds what came back to case `number`. `fixed` cases are named if no bid came.
    pub fn add(
        &mut self,
        (number, fixed): (usize, bool),
        case: &Case,
        answer: Result<&HttpAnswer, &str>,
        judgement: &Judgement,
    ) {
        self.requests += 1;
        self.bids += u64::try_from(judgement.bids).unwrap_or(u64::MAX);
        self.answers_with_bids += u64::from(judgement.bids > 0);
        for rule in &judgement.seen {
            let broken = judgement.findings.iter().find(|finding| finding.rule == *rule);
            let example = broken.map(|finding| example(number, case, answer, &finding.what));
            self.count(rule, example);
        }
        if let Ok(answer) = answer
            && case.wants == Wants::Answer
        {
            self.right_answers += 1;
            self.turned_away += u64::from(matches!(answer.status, 401 | 403));
        }
        if case.wants == Wants::Answer && fixed {
            self.asked += 1;
            if judgement.bids == 0 {
                self.unbid.push((number, case.name.clone()));
            }
        }
        if !judgement.findings.is_empty() && self.failures.len() < FAILURES_MAX {
            let answer = answer.cloned().map_err(str::to_owned);
            let findings = judgement.findings.clone();
            self.failures.push(Failure { number, case: case.clone(), answer, findings });
        }
        self.time(number, case, answer);
    }

    /// Counts a rule that was seen once, and broken if there is an example of it.
    fn count(&mut self, rule: &'static Rule, example: Option<Example>) {
        let Some(line) = self.lines.iter_mut().find(|line| line.rule == rule) else { return };
        line.seen += 1;
        if let Some(example) = example {
            line.failed += 1;
            if line.example.as_ref().is_none_or(|first| example.number < first.number) {
                line.example = Some(example);
            }
        }
    }

    /// Time counts on connections that stand: making one is no part of a bid. An answer that never came is late.
    fn time(&mut self, number: usize, case: &Case, answer: Result<&HttpAnswer, &str>) {
        let Some(tmax) = case.tmax_ms.filter(|_| case.wants == Wants::Answer) else { return };
        let millis = answer.map_or(u32::MAX, |answer| answer.millis);
        self.millis.push(millis);
        let late = millis > tmax;
        self.late += u64::from(late);
        let why = match answer {
            Ok(answer) => format!("the answer took {} ms of {tmax}", answer.millis),
            Err(why) => why.to_owned(),
        };
        self.count(&rule::ON_TIME, late.then(|| example(number, case, answer, &why)));
    }

    /// The rules in the order of the sections. Deadlines are kept if enough answers were in time.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = self.lines.clone();
        for line in lines.iter_mut().filter(|line| line.rule == &rule::ON_TIME) {
            let in_time = line.seen - line.failed;
            if in_time * 100 >= line.seen * u64::from(self.on_time_percent) {
                line.failed = 0;
                line.example = None;
            }
        }
        lines
    }

    /// Bids that came.
    #[must_use]
    pub fn bids(&self) -> u64 {
        self.bids
    }

    /// Answers judged.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Answers with faults, whole, in the order of the cases; at most 200.
    #[must_use]
    pub fn failures(&self) -> Vec<&Failure> {
        let mut failures: Vec<&Failure> = self.failures.iter().collect();
        failures.sort_by_key(|failure| failure.number);
        failures
    }

    /// The time in milliseconds within which `percent` of the answers came; `None` if there are none.
    fn percentile(&self, percent: usize) -> Option<u32> {
        let mut millis = self.millis.clone();
        millis.sort_unstable();
        let at = (millis.len() * percent).div_ceil(100).max(1) - 1;
        millis.get(at).copied()
    }

    /// The whole report for programs, of the bidder at `url` under the profile `profile`.
    #[must_use]
    pub fn to_json(&self, url: &str, profile: &str) -> String {
        let lines = self.lines();
        let rules: Vec<RuleJson<'_>> = lines
            .iter()
            .map(|line| RuleJson {
                id: line.rule.id,
                section: line.rule.section,
                what: line.rule.what,
                verdict: line.verdict(),
                seen: line.seen,
                failed: line.failed,
                example: line.example.as_ref(),
            })
            .collect();
        let report = ReportJson {
            url,
            profile,
            outcome: self.conclusion(),
            passes: self.conclusion() == Conclusion::Pass,
            requests: self.requests,
            answers_with_bids: self.answers_with_bids,
            bids: self.bids,
            late: self.late,
            // An answer that never came has no time.
            latency_ms: [50, 95, 99].map(|at| self.percentile(at).filter(|millis| *millis < u32::MAX)),
            cases_without_bids: self.unbid(),
            rules,
        };
        let mut json = serde_json::to_string_pretty(&report).expect("texts and numbers are JSON");
        json.push('\n');
        json
    }

    fn unbid(&self) -> Vec<&str> {
        let mut unbid: Vec<&(usize, String)> = self.unbid.iter().collect();
        unbid.sort();
        unbid.into_iter().map(|(_, name)| name.as_str()).collect()
    }
}

#[derive(Serialize)]
struct ReportJson<'a> {
    url: &'a str,
    profile: &'a str,
    outcome: Conclusion,
    /// For who asks no more than that.
    passes: bool,
    requests: u64,
    answers_with_bids: u64,
    bids: u64,
    late: u64,
    /// At 50, 95 and 99 %.
    latency_ms: [Option<u32>; 3],
    cases_without_bids: Vec<&'a str>,
    rules: Vec<RuleJson<'a>>,
}

#[derive(Serialize)]
struct RuleJson<'a> {
    id: &'a str,
    section: &'a str,
    what: &'a str,
    verdict: Verdict,
    seen: u64,
    failed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<&'a Example>,
}

fn example(number: usize, case: &Case, answer: Result<&HttpAnswer, &str>, why: &str) -> Example {
    let sent = match &case.request {
        Some(request) => request.to_string(),
        None if case.body.is_empty() => format!("{}, without a body", case.method),
        None => String::from_utf8_lossy(&case.body).into_owned(),
    };
    let came = match answer {
        Ok(answer) => format!("{} in {} ms {}", answer.status, answer.millis, answer.text()),
        Err(why) => why.to_owned(),
    };
    Example { number, case: case.name.clone(), why: why.to_owned(), sent: cut(&sent), came: cut(&came) }
}

/// Characters of a message that an example shows.
const EXAMPLE_CHARS_MAX: usize = 8_000;

fn cut(text: &str) -> String {
    match text.char_indices().nth(EXAMPLE_CHARS_MAX) {
        Some((at, _)) => format!("{} ...", &text[..at]),
        None => text.to_owned(),
    }
}

/// An answer as a person reads it: status, headers, body.
#[must_use]
pub fn wire_text(answer: &HttpAnswer) -> String {
    let headers: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let connection = match answer.connection {
        Connection::New => "a new connection",
        Connection::Kept => "the connection of the request before",
        Connection::Lost => "a new connection, for the one before was closed",
    };
    format!("{} in {} ms on {connection}\n{headers}\n{}", answer.status, answer.millis, answer.text())
}
