//! Whole streams of bid requests through a running server: none breaks it, and every bid is one that an
//! exchange would take.
//!
//! The recorded requests stay outside the project: `ENCAN_SHARED` names the folder that holds
//! `corpus/requests.jsonl` and `corpus/negative.jsonl`, each line `{"src", "lic", "req"}`.

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use encan::certify::faults;
use encan::sim::{Mix, Mutation, Traffic, mutate};
use encan::units::UnixMillis;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use serde_json::Value;
use serde_json::value::RawValue;
use support::Client;
use support::eager::server;

/// What became of a stream.
#[derive(Debug, Default)]
struct Tally {
    statuses: BTreeMap<u16, usize>,
    by_medium: BTreeMap<u64, usize>,
    on_deals: usize,
    /// By fault: how often, and the first request it was found on.
    faults: BTreeMap<String, (usize, String)>,
}

impl Tally {
    /// Posts `body` and judges the answer.
    fn post(&mut self, client: &mut Client, body: &[u8]) {
        let answer = client.send("POST", "/openrtb2/generic", &[("content-type", "application/json")], body);
        *self.statuses.entry(answer.status).or_default() += 1;
        let request: Value = serde_json::from_slice(body).expect("a stream of JSON");
        let mut found = Vec::new();
        match (answer.status, is_openrtb(&request)) {
            (200, true) => {
                let findings = faults(&request, &answer.body, &support::terms());
                found.extend(findings.iter().map(|finding| format!("{}: {}", finding.rule.id, finding.what)));
                for bid in answer.json()["seatbid"][0]["bid"].as_array().into_iter().flatten() {
                    *self.by_medium.entry(bid["mtype"].as_u64().unwrap_or(0)).or_default() += 1;
                    self.on_deals += usize::from(bid["dealid"].is_string());
                }
            }
            (204, true) | (400, false) if answer.body.is_empty() => {}
            (status, is_openrtb) => found.push(format!("answered with {status}, is OpenRTB: {is_openrtb}")),
        }
        for fault in found {
            let sample = || format!("{}\n  {}", String::from_utf8_lossy(body), answer.text());
            self.faults.entry(fault).or_insert_with(|| (0, sample())).0 += 1;
        }
    }

    /// Fails if anything was wrong; else tells what became of the stream, to be printed.
    fn judged(&self, name: &str) -> String {
        let list =
            self.faults.iter().map(|(fault, (times, sample))| format!("\n{times} x {fault}\n  {sample}"));
        let list: String = list.take(8).collect();
        assert!(self.faults.is_empty(), "{name}: {} kinds of faults{list}", self.faults.len());
        let Self { statuses, by_medium, on_deals, .. } = self;
        format!("{name}: by status {statuses:?}, bids by mtype {by_medium:?}, on deals {on_deals}")
    }
}

/// OpenRTB refuses little, and whoever reads it leniently even less.
fn is_openrtb(request: &Value) -> bool {
    request["id"].is_string() && request["imp"].as_array().is_some_and(|imps| !imps.is_empty())
}

#[test]
fn every_recorded_request_is_answered_and_every_bid_would_be_taken() {
    let Some(shared) = std::env::var_os("ENCAN_SHARED").map(PathBuf::from) else {
        println!("ENCAN_SHARED is not set: the recorded requests were not sent");
        return;
    };
    let (server, _campaigns) = server();
    let mut client = server.client();
    for (name, media) in [("requests.jsonl", &[1, 2, 3, 4][..]), ("negative.jsonl", &[])] {
        let lines = std::fs::read_to_string(shared.join("corpus").join(name)).expect("the corpus is a text");
        let mut tally = Tally::default();
        for line in lines.lines() {
            let line: BTreeMap<&str, &RawValue> = serde_json::from_str(line).expect("a line is an object");
            tally.post(&mut client, line["req"].get().as_bytes());
        }
        println!("{}", tally.judged(name));
        for medium in media {
            assert!(tally.by_medium.contains_key(medium), "{name}: no bid of mtype {medium}");
        }
    }
    assert_eq!(server.metric("encan_panics_total"), 0);
}

#[test]
fn every_generated_request_is_answered_and_every_bid_would_be_taken() {
    let (server, _campaigns) = server();
    for seed in [1, 20_261_121, u64::MAX] {
        let mut client = server.client();
        let mut traffic = Traffic::new(seed, Mix { deal_share: 0.3, ..Mix::default() });
        let mut tally = Tally::default();
        let mut body = Vec::new();
        println!("seed {seed}");
        for _ in 0..1_500 {
            body.clear();
            traffic.next(now(), &mut body);
            tally.post(&mut client, &body);
        }
        println!("{}", tally.judged(&format!("seed {seed}")));
        assert!(tally.by_medium.len() == 4 && tally.on_deals > 0, "{tally:?}");
    }
    assert_eq!(server.metric("encan_panics_total"), 0);
}

#[test]
fn a_request_of_wrong_types_breaks_nothing() {
    let (server, _campaigns) = server();
    for seed in [7, 77, 777] {
        println!("seed {seed}");
        let mut client = server.client();
        let mut traffic = Traffic::new(seed, Mix { deal_share: 0.3, ..Mix::default() });
        let mut random = SmallRng::seed_from_u64(seed);
        let mut tally = Tally::default();
        for _ in 0..1_500 {
            let mut body = Vec::new();
            traffic.next(now(), &mut body);
            tally.post(&mut client, &mutate(&body, Mutation::OF_TYPES, &mut random));
        }
        println!("{}", tally.judged(&format!("seed {seed}")));
    }
    assert_eq!(server.metric("encan_panics_total"), 0);
}

fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    UnixMillis::from_raw(i64::try_from(since.as_millis()).expect("before the year 292 million"))
}
