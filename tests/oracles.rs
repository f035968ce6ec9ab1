//! What others make of our answers: every one to the recorded and the generated requests is read by a schema of
//! OpenRTB and a parser of VAST that we did not write (`tests/node/oracle.mjs`).

#[path = "oracles/planted.rs"]
mod planted;
#[path = "oracles/samples.rs"]
mod samples;
mod support;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use encan::sim::{Mix, Traffic};
use encan::units::UnixMillis;
use planted::{Planted, planted};
use samples::{SAMPLES, Sample, samples};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use support::node::{self, Needs, Script};
use support::{Client, eager};

/// `protocols`: a version of VAST, inline and as a wrapper (2.0, 3.0, 4.0, 4.1 and 4.2).
const PROTOCOLS: [[u64; 2]; 5] = [[2, 5], [3, 6], [7, 8], [11, 12], [13, 14]];
/// The samples whose ad can be written in each of them.
const VERSATILE: [&str; 8] = [
    "video",
    "stream",
    "overlay",
    "overlay of HTML",
    "audio wrapper",
    "laden",
    "laden wrapper",
    "laden overlay",
];

/// What the oracle says of one answer.
#[derive(Debug, Deserialize)]
struct Verdict {
    faults: Vec<String>,
    /// `mtype` of each bid whose markup was read.
    markups: Vec<u64>,
    /// What of VAST beyond the plain linear ad was among it.
    forms: Vec<String>,
}

/// The oracle, asked one answer at a time.
struct Oracle(Script);

impl Oracle {
    fn start() -> Self {
        Self(Script::start("oracle.mjs", &[]))
    }

    fn judge(&mut self, request: &Value, answer: &[u8]) -> Verdict {
        let answer = String::from_utf8(answer.to_vec()).expect("JSON is UTF-8");
        let line = json!({ "wrapped": wrapped(request), "answer": answer });
        self.0.tell(format!("{line}\n").as_bytes());
        serde_json::from_value(self.0.line()).expect("a verdict")
    }
}

/// The ids of the imps whose native request stands in a `native` of its own, as the first version wrapped it.
fn wrapped(request: &Value) -> Vec<&str> {
    let imps = request["imp"].as_array().into_iter().flatten();
    let is_wrapped = |imp: &&Value| match &imp["native"]["request"] {
        Value::String(text) => {
            serde_json::from_str(text).is_ok_and(|native: Value| native["native"].is_object())
        }
        native => native["native"].is_object(),
    };
    imps.filter(is_wrapped).filter_map(|imp| imp["id"].as_str()).collect()
}

/// What became of a stream.
#[derive(Debug, Default)]
struct Tally {
    answers: usize,
    markups: BTreeMap<u64, usize>,
    forms: BTreeMap<String, usize>,
    /// By fault: how often, and the first answer it was found in.
    faults: BTreeMap<String, (usize, String)>,
}

impl Tally {
    /// Posts `body` for `exchange` and has the answer judged, if there is one.
    fn post(&mut self, client: &mut Client, oracle: &mut Oracle, exchange: &str, body: &[u8]) {
        let path = format!("/openrtb2/{exchange}");
        let answer = client.send("POST", &path, &[("content-type", "application/json")], body);
        if answer.status != 200 {
            return;
        }
        let request: Value = serde_json::from_slice(body).expect("a stream of JSON");
        let verdict = oracle.judge(&request, &answer.body);
        self.answers += 1;
        for medium in verdict.markups {
            *self.markups.entry(medium).or_default() += 1;
        }
        for form in verdict.forms {
            *self.forms.entry(form).or_default() += 1;
        }
        for fault in verdict.faults {
            let sample = || format!("{}\n  {}", String::from_utf8_lossy(body), answer.text());
            self.faults.entry(fault).or_insert_with(|| (0, sample())).0 += 1;
        }
    }

    /// Fails if anything was wrong, or too little was read; else tells what was, to be printed.
    #[track_caller]
    fn judged(&self, name: &str, answers_min: usize, media: &[u64]) -> String {
        let list =
            self.faults.iter().map(|(fault, (times, sample))| format!("\n{times} x {fault}\n  {sample}"));
        let list: String = list.take(8).collect();
        assert!(self.faults.is_empty(), "{name}: {} kinds of faults{list}", self.faults.len());
        assert!(self.answers >= answers_min, "{name}: only {} answers", self.answers);
        assert_eq!(Vec::from_iter(self.markups.keys().copied()), media, "{name}: media");
        format!(
            "{name}: {} answers read, bids by mtype {:?}, forms {:?}",
            self.answers, self.markups, self.forms
        )
    }
}

/// The exchanges in turn: one billed by `burl`, one by the markup.
fn exchange(number: usize) -> &'static str {
    if number.is_multiple_of(2) { "generic" } else { "prebid-js" }
}

#[test]
fn answers_to_recorded_requests_are_read_by_others() {
    let Some(shared) = std::env::var_os("ENCAN_SHARED").map(PathBuf::from) else {
        println!("ENCAN_SHARED is not set: the recorded requests were not sent");
        return;
    };
    if !node::is_ready(Needs::Nothing) {
        return;
    }
    let ((server, _folder), mut oracle) = (eager::server(), Oracle::start());
    let (mut client, mut tally) = (server.client(), Tally::default());
    let lines = std::fs::read_to_string(shared.join("corpus/requests.jsonl")).expect("the corpus is a text");
    for line in lines.lines() {
        let line: BTreeMap<&str, &RawValue> = serde_json::from_str(line).expect("a line is an object");
        for name in ["generic", "prebid-js"] {
            tally.post(&mut client, &mut oracle, name, line["req"].get().as_bytes());
        }
    }
    println!("{}", tally.judged("recorded", 1_000, &[1, 2, 3, 4]));
}

#[test]
fn answers_to_generated_requests_are_read_by_others() {
    if !node::is_ready(Needs::Nothing) {
        return;
    }
    let ((server, _folder), mut oracle) = (eager::server(), Oracle::start());
    for seed in [2, 20_261_122, u64::MAX - 1] {
        println!("seed {seed}");
        let mut client = server.client();
        let mut traffic = Traffic::new(seed, Mix { deal_share: 0.3, ..Mix::default() });
        let (mut tally, mut body) = (Tally::default(), Vec::new());
        for number in 0..1_500 {
            body.clear();
            traffic.next(now(), &mut body);
            tally.post(&mut client, &mut oracle, exchange(number), &body);
        }
        println!("{}", tally.judged(&format!("seed {seed}"), 300, &[1, 2, 3, 4]));
    }
}

#[test]
fn answers_to_the_fixtures_are_read_by_others() {
    if !node::is_ready(Needs::Nothing) {
        return;
    }
    let ((server, _folder), mut oracle) = (eager::server(), Oracle::start());
    let (mut client, mut tally) = (server.client(), Tally::default());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/openrtb/accepted");
    for entry in std::fs::read_dir(folder).expect("the fixtures are part of the project") {
        let body = std::fs::read(entry.expect("a folder is read to its end").path()).expect("a file");
        for name in ["generic", "prebid-js"] {
            tally.post(&mut client, &mut oracle, name, &body);
        }
    }
    // The one for audio speaks DAAST alone.
    println!("{}", tally.judged("fixtures", 10, &[1, 2, 4]));
}

#[test]
fn every_form_is_read_by_others_in_every_version() {
    if !node::is_ready(Needs::Nothing) {
        return;
    }
    let ((server, _folder), mut oracle) = (eager::server(), Oracle::start());
    let mut client = server.client();
    for sample in SAMPLES.iter().filter(|sample| VERSATILE.contains(&sample.name)) {
        for (protocols, exchange) in PROTOCOLS.iter().flat_map(|own| [(own, "generic"), (own, "prebid-js")]) {
            let what = format!("{} in {protocols:?} by {exchange}", sample.name);
            let mut tally = Tally::default();
            let body = sample.request(Some(*protocols));
            tally.post(&mut client, &mut oracle, exchange, body.as_bytes());
            // An icon, which the publisher demands of these, cannot be written in VAST 2.0.
            if protocols[0] == 2 && sample.forms.contains(&"icon") {
                assert_eq!(tally.answers, 0, "{what}");
                continue;
            }
            let medium = if sample.name.contains("audio") { 3 } else { 2 };
            tally.judged(&what, 1, &[medium]);
            let want: BTreeMap<_, _> = sample.forms.iter().map(|form| ((*form).to_owned(), 1)).collect();
            assert_eq!(tally.forms, want, "{what}");
        }
    }
}

#[test]
fn the_oracle_takes_good_answers_and_finds_every_planted_fault() {
    if !node::is_ready(Needs::Nothing) {
        return;
    }
    let ((server, _folder), mut oracle) = (eager::server(), Oracle::start());
    let samples = samples(&server);
    let mut judged = |name: &str, change: &dyn Fn(&mut Value)| {
        let (request, mut answer) = samples[name].clone();
        change(&mut answer);
        oracle.judge(&request, answer.to_string().as_bytes())
    };
    for Sample { name, forms, .. } in &SAMPLES {
        let verdict = judged(name, &|_| {});
        assert_eq!(verdict.faults, [""; 0], "{name}: {}", samples[name].1);
        assert_eq!(verdict.forms, *forms, "{name}: {}", samples[name].1);
    }
    let missed = |(name, change, want): Planted| {
        let faults = judged(name, &change).faults;
        let found = faults.iter().any(|fault| fault.contains(want));
        (!found).then(|| format!("{name}: no `{want}` in {faults:?}"))
    };
    let missed: Vec<String> = planted().filter_map(missed).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn the_oracle_follows_no_wrapper() {
    if !node::is_ready(Needs::Nothing) {
        return;
    }
    let ((server, _folder), mut oracle) = (eager::server(), Oracle::start());
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let here = format!("http://{}/", other.local_addr().expect("bound"));
    let (request, mut answer) = samples(&server)["wrapper"].clone();
    let adm = &mut answer["seatbid"][0]["bid"][0]["adm"];
    // All that could be called: the tag, the trackers, the links.
    *adm = Value::from(adm.as_str().expect("markup").replace("https://", &here));
    let verdict = oracle.judge(&request, answer.to_string().as_bytes());
    assert_eq!((verdict.faults, verdict.forms), (vec![], vec!["wrapper".to_owned()]), "{answer}");
    // The oracle reads one line at a time: once the next verdict is there, the first one has had its time.
    oracle.judge(&request, answer.to_string().as_bytes());
    other.set_nonblocking(true).expect("a socket can be asked without waiting");
    let called = other.accept().map(|(_, from)| from).map_err(|error| error.kind());
    assert_eq!(called, Err(ErrorKind::WouldBlock));
}

fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    UnixMillis::from_raw(i64::try_from(since.as_millis()).expect("before the year 292 million"))
}
