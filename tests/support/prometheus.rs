//! Prometheus' own tool, and pages of its text format as far as tests read them.
//!
//! Where `promtool` is missing, a test that needs it says so and passes, unless `ENCAN_PROMTOOL=required`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// The tool's file: `PROMTOOL`, or whatever the path leads to.
fn promtool() -> OsString {
    std::env::var_os("PROMTOOL").unwrap_or_else(|| "promtool".into())
}

/// True if `promtool` can run; else says that it is missing.
///
/// # Panics
///
/// If it cannot, and `ENCAN_PROMTOOL=required` says that it must.
#[must_use]
pub fn is_ready() -> bool {
    let mut version = Command::new(promtool());
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    if version.status().is_ok_and(|status| status.success()) {
        return true;
    }
    let missing = "no `promtool`: it is in Debian's package `prometheus`, or name one in PROMTOOL";
    let is_required = std::env::var_os("ENCAN_PROMTOOL").is_some_and(|value| value == "required");
    assert!(!is_required, "ENCAN_PROMTOOL=required, but {missing}");
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    // Past the capture of the test's own output: it passes, and nobody reads that of a test that passed.
    let _ = std::io::stderr().write_all(format!("SKIPPED {name}: {missing}\n").as_bytes());
    false
}

/// Runs `promtool` with `arguments`, and `stdin` to read; all that it says, and whether it is content.
///
/// # Panics
///
/// If it does not run.
#[must_use]
pub fn judged(arguments: &[&str], stdin: &str) -> (bool, String) {
    let mut command = Command::new(promtool());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("promtool is there");
    // A tool that reads nothing has closed it already.
    let _ = child.stdin.take().expect("it is piped").write_all(stdin.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("promtool ends");
    let words = [stdout, stderr].map(|words| String::from_utf8_lossy(&words).into_owned()).concat();
    (status.success(), words)
}

/// One sample of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// A page of metrics.
#[derive(Debug, Default)]
pub struct Page {
    /// By name: type and help.
    pub families: BTreeMap<String, (String, String)>,
    pub samples: Vec<Sample>,
}

impl Page {
    /// Reads a page.
    ///
    /// # Panics
    ///
    /// At a line that is none of the format, or a sample whose metric was not told of before.
    #[must_use]
    pub fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line must end");
        let mut page = Self::default();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a name and a help");
                let former = page.families.insert(name.to_owned(), (String::new(), help.to_owned()));
                assert_eq!(former, None, "`{name}` twice");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a name and a type");
                kind.clone_into(&mut page.families.get_mut(name).expect("a help before").0);
            } else {
                assert!(!line.starts_with('#'), "{line}");
                let sample = sample(line);
                assert!(page.family(&sample.name).is_some(), "no help before {line}");
                page.samples.push(sample);
            }
        }
        page
    }

    /// The metric that a sample of that name is of: a histogram's samples have names of their own.
    #[must_use]
    pub fn family<'s>(&self, sample: &'s str) -> Option<&'s str> {
        let endings = ["_bucket", "_sum", "_count"].into_iter().filter_map(|end| sample.strip_suffix(end));
        let is = |name: &str, histogram: bool| {
            let kind = self.families.get(name).map(|(kind, _)| kind.as_str());
            kind.is_some_and(|kind| (kind == "histogram") == histogram)
        };
        let of_histogram = endings.clone().find(|name| is(name, true));
        of_histogram.or_else(|| is(sample, false).then_some(sample))
    }

    /// Every series, as it is written, without its value.
    #[must_use]
    pub fn series(&self) -> BTreeSet<String> {
        let series = self.samples.iter().map(|sample| format!("{}{:?}", sample.name, sample.labels));
        series.collect()
    }

    /// The value of the one series of that name and those labels.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let is = |sample: &&Sample| {
            let has = |(label, value): &(&str, &str)| sample.labels.get(*label).is_some_and(|of| of == value);
            sample.name == name && sample.labels.len() == labels.len() && labels.iter().all(has)
        };
        self.samples.iter().find(is).unwrap_or_else(|| panic!("no {name} with {labels:?}")).value
    }
}

/// `name{label="value"} number`; what is escaped in a value is read back.
fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').expect("a series and a value");
    let value = value.parse().unwrap_or_else(|_| panic!("`{value}` is no number in {line}"));
    let mut labels = BTreeMap::new();
    let Some((name, mut rest)) = series.split_once('{') else {
        return Sample { name: series.to_owned(), labels, value };
    };
    while rest != "}" {
        let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label in {line}"));
        let mut text = String::new();
        let mut letters = after.char_indices();
        let end = loop {
            match letters.next().unwrap_or_else(|| panic!("no end of a label in {line}")) {
                (at, '"') => break at,
                (_, '\\') => text.push(match letters.next().expect("an escaped letter").1 {
                    'n' => '\n',
                    letter => letter,
                }),
                (_, letter) => text.push(letter),
            }
        };
        assert_eq!(labels.insert(label.trim_start_matches(',').to_owned(), text), None, "{line}");
        rest = &after[end + 1..];
    }
    Sample { name: name.to_owned(), labels, value }
}
