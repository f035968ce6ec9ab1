//! What others make of our answers: every one to the recorded and the generated requests is read by a schema of
//! OpenRTB and a parser of VAST that we did not write (`tests/node/oracle.mjs`).

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use encan::sim::{Mix, Traffic};
use encan::units::UnixMillis;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use support::node::{self, Needs, Script};
use support::{Client, Encan, eager};

/// One of each medium. A machine may be busy, so there is time.
const IMPS: [(u64, &str); 4] = [
    (1, r#""banner": {"w": 300, "h": 250}"#),
    (
        2,
        r#""video": {"mimes": ["video/mp4"], "protocols": [3, 7, 13], "w": 640, "h": 360, "maxduration": 30}"#,
    ),
    (3, r#""audio": {"mimes": ["audio/mpeg"], "protocols": [2], "maxduration": 30}"#),
    (
        4,
        r#""native": {"request": "{\"ver\":\"1.2\",\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":90}},
            {\"id\":2,\"required\":1,\"img\":{\"type\":3,\"wmin\":300,\"hmin\":150}}],
            \"eventtrackers\":[{\"event\":1,\"methods\":[1]},{\"event\":2,\"methods\":[1]}]}"}"#,
    ),
];

/// What the oracle says of one answer.
#[derive(Debug, Deserialize)]
struct Verdict {
    faults: Vec<String>,
    /// `mtype` of each bid whose markup was read.
    markups: Vec<u64>,
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
        format!("{name}: {} answers read, bids by mtype {:?}", self.answers, self.markups)
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

/// A good answer to each of [`IMPS`], with its request, from an exchange that is billed by the markup.
fn samples(server: &Encan) -> BTreeMap<u64, (Value, Value)> {
    let mut client = server.client();
    let sample = |(medium, imp): (u64, &str)| {
        let body =
            format!(r#"{{"id": "r", "tmax": 20000, "imp": [{{"id": "1", {}}}]}}"#, imp.replace('\n', ""));
        let answer = client.send("POST", "/openrtb2/prebid-js", &[], body.as_bytes());
        assert_eq!(answer.status, 200, "no bid on {body}");
        (medium, (serde_json::from_str(&body).expect("JSON"), answer.json()))
    };
    IMPS.into_iter().map(sample).collect()
}

/// Puts `new` in the place of `old` in the markup.
fn in_markup(old: &'static str, new: &'static str) -> impl Fn(&mut Value) {
    move |answer| {
        let adm = &mut answer["seatbid"][0]["bid"][0]["adm"];
        let text = adm.as_str().expect("markup").to_owned();
        assert!(text.contains(old), "no {old} in {text}");
        *adm = Value::from(text.replacen(old, new, 1));
    }
}

/// Sets the field `name` of the bid.
fn in_bid(name: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |answer| answer["seatbid"][0]["bid"][0][name] = value.clone()
}

/// Sets the field `name` of the response.
fn in_answer(name: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |answer| answer[name] = value.clone()
}

/// Takes the field `name` out of the bid.
fn not_in_bid(name: &'static str) -> impl Fn(&mut Value) {
    move |answer| {
        let bid = answer["seatbid"][0]["bid"][0].as_object_mut().expect("a bid");
        bid.remove(name).expect("it was there");
    }
}

/// What is done to a good answer of this medium, and what the oracle says of it.
type Planted = (u64, Box<dyn Fn(&mut Value)>, &'static str);

fn planted() -> Vec<Planted> {
    vec![
        (1, Box::new(in_answer("id", json!(7))), "Answer/id must be string"),
        (1, Box::new(in_answer("idd", json!("r"))), "Answer must NOT have additional properties idd"),
        (1, Box::new(in_answer("cur", json!("usd"))), "Answer/cur must match pattern"),
        (1, Box::new(in_answer("seatbid", json!([]))), "Answer/seatbid must NOT have fewer than 1 items"),
        (1, Box::new(in_answer("seatbid", json!([{"bid": []}]))), "bid must NOT have fewer than 1 items"),
        (1, Box::new(in_bid("price", json!("1.5"))), "bid[]/price must be number"),
        (1, Box::new(in_bid("w", json!(300.5))), "bid[]/w must be integer"),
        (1, Box::new(in_bid("mtype", json!(5))), "mtype must be equal to one of the allowed values"),
        (1, Box::new(in_bid("cat", json!("IAB3"))), "bid[]/cat must be array"),
        (1, Box::new(in_bid("attr", json!([]))), "bid[]/attr must NOT have fewer than 1 items"),
        (1, Box::new(in_bid("attr", json!([0]))), "bid[]/attr[] must"),
        (1, Box::new(in_bid("dealid", json!(""))), "bid[]/dealid must NOT have fewer than 1 characters"),
        (1, Box::new(in_bid("api", json!(3))), "bid[] must NOT have additional properties api"),
        (1, Box::new(not_in_bid("impid")), "bid[] must have required property 'impid'"),
        (2, Box::new(in_bid("dur", json!(16))), "VAST: lasts 15 s, the bid says 16"),
        (2, Box::new(in_bid("protocol", json!(2))), "protocol 2"),
        (2, Box::new(in_markup("</VAST>", "")), "unclosed xml tag(s): VAST"),
        (2, Box::new(in_markup("<AdSystem>encan</AdSystem>", "")), "VAST: no AdSystem"),
        (2, Box::new(in_markup("<Duration>", "<Duration>x")), "VAST: lasts -1 s"),
        (
            2,
            Box::new(in_markup("<Impression>", "<Impression>no address ")),
            "an Impression without an address",
        ),
        (2, Box::new(in_markup("<ClickThrough>", "<ClickThru>")), "Opening and ending tag mismatch"),
        (2, Box::new(in_markup("video/mp4", "audio/mp4")), "VAST: a MediaFile of another medium"),
        (2, Box::new(in_markup(" delivery=\"progressive\"", "")), "VAST: a MediaFile without delivery"),
        (
            2,
            Box::new(in_markup("<![CDATA[https://cdn", "<![CDATA[cdn")),
            "VAST: a MediaFile without an address",
        ),
        (
            3,
            Box::new(in_markup("<MediaFiles>", "<MediaFiles/><MediaFiles>")),
            "VAST: Element 'MediaFiles' is empty",
        ),
        (
            3,
            Box::new(in_markup("<Linear>", "<NonLinear/><Linear>")),
            "VAST: Element 'NonLinear' missing required",
        ),
        (4, Box::new(in_markup("{", "")), "mtype 4 cannot be read: "),
        (4, Box::new(in_markup("\"link\"", "\"lnk\"")), "NativeAd must have required property 'link'"),
        (
            4,
            Box::new(in_markup("\"title\":", "\"data\":")),
            "NativeAd/assets[]/data must have required property 'value'",
        ),
        (4, Box::new(in_markup("\"id\":1,", "\"id\":\"1\",")), "NativeAd/assets[]/id must be integer"),
        (4, Box::new(in_markup("\"event\":1", "\"event\":9")), "NativeAd/eventtrackers[]/event must be"),
        (
            4,
            Box::new(in_markup("\"url\":\"https://bid", "\"url\":\"bid")),
            "native: a link without an address",
        ),
    ]
}

#[test]
fn the_oracle_takes_good_answers_and_finds_every_planted_fault() {
    if !node::is_ready(Needs::Nothing) {
        return;
    }
    let ((server, _folder), mut oracle) = (eager::server(), Oracle::start());
    let samples = samples(&server);
    let mut judged = |medium: u64, change: &dyn Fn(&mut Value)| {
        let (request, mut answer) = samples[&medium].clone();
        change(&mut answer);
        oracle.judge(&request, answer.to_string().as_bytes()).faults
    };
    for (medium, _) in IMPS {
        assert_eq!(judged(medium, &|_| {}), [""; 0], "mtype {medium}");
    }
    for (medium, change, want) in planted() {
        let faults = judged(medium, &change);
        assert!(faults.iter().any(|fault| fault.contains(want)), "no `{want}` in {faults:?}");
        assert!(faults.iter().any(|fault| fault.contains(want)), "no `{want}` in {faults:?}");
    }
}

fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    UnixMillis::from_raw(i64::try_from(since.as_millis()).expect("before the year 292 million"))
}
