//! Whatever comes from outside, made up from seeds by the million: requests, consent strings, native requests,
//! notices, tokens, and the whole path from bytes to bytes. Nothing panics, nothing grows without bound, nothing
//! is taken that should not be, and what a request is read as is what a second reader reads.
//!
//! Here each target runs a slice of a few seconds. A long run, one core and as long as wanted:
//!
//! ```text
//! ENCAN_FUZZ_CASES=10000000 ENCAN_FUZZ_SEED=7 cargo test --release --test fuzz -- --nocapture --test-threads=1
//! ```
//!
//! and one target of it, by its name behind `--test fuzz`. A failing input is made smaller, printed with its seed, and
//! kept in the temporary folder. `ENCAN_SHARED` names the folder that holds `corpus/requests.jsonl` and
//! `corpus/negative.jsonl`, recorded requests to start from beside those of `fixtures/openrtb` and generated ones.

#![expect(clippy::print_stdout, reason = "seeds and counts are what it is run for")]

#[expect(dead_code, reason = "what benches use")]
#[path = "../benches/support/allocations.rs"]
mod allocations;
#[path = "fuzz/bidder.rs"]
mod bidder;
#[path = "fuzz/harness.rs"]
mod harness;
#[path = "fuzz/notices.rs"]
mod notices;
#[path = "support/oracle.rs"]
mod oracle;
mod support;
#[path = "support/tree.rs"]
mod tree;

use bumpalo::Bump;
use encan::certify::faults;
use encan::openrtb::parse;
use encan::privacy::{Permissions, Policy};
use encan::sim::Mutation;
use encan::units::{Decimal, Rounding};
use rand::RngExt as _;
use rand::rngs::SmallRng;
use serde_json::{Value, json};

use bidder::Bidder;
use harness::{Bodies, Judged, choose, fuzz, noise};
use tree::Tree;

/// The most bytes of arena for a byte of body, and in any case. Worst are companions that say nothing: three bytes of
/// body each, over a hundred of arena, and the arena grows by doubling.
const ARENA_PER_BYTE: usize = 128;
const ARENA_LEAST: usize = 16 * 1024;
/// The most bytes of heap for a decision and its answer.
const HEAP_MAX: u64 = 4 * 1024 * 1024;

// The request.

#[test]
fn a_request_is_read_as_a_second_reader_reads_it() {
    let bodies = Bodies::read();
    fuzz(
        "a request is read as a second reader reads it",
        4_000,
        |random| bodies.broken(&Mutation::ALL, random),
        judge_reading,
    );
}

#[test]
fn a_native_request_is_read_as_a_second_reader_reads_it() {
    let bodies = Bodies::read();
    let natives = native_requests(&bodies);
    fuzz(
        "a native request is read as a second reader reads it",
        3_000,
        |random| {
            let native = natives[random.random_range(0..natives.len())].as_bytes();
            let native = encan::sim::mutate(native, &Mutation::ALL, random);
            let native = String::from_utf8_lossy(&native).into_owned();
            // As text, as it mostly comes, or as it is, which may break everything around it.
            let request = if random.random_bool(0.7) { json!(native).to_string() } else { native };
            format!(r#"{{"id":"r","imp":[{{"id":"1","native":{{"request":{request}}}}}]}}"#).into_bytes()
        },
        judge_reading,
    );
}

/// Native requests of the requests to start from, as texts.
fn native_requests(bodies: &Bodies) -> Vec<String> {
    let mut random: SmallRng = rand::SeedableRng::seed_from_u64(1);
    let mut found = Vec::new();
    for _ in 0..20_000 {
        let Ok(body) = serde_json::from_slice::<Value>(&bodies.sound(&mut random)) else { continue };
        for imp in body["imp"].as_array().into_iter().flatten() {
            match &imp["native"]["request"] {
                Value::String(text) => found.push(text.clone()),
                object @ Value::Object(_) => found.push(object.to_string()),
                _ => {}
            }
        }
        if found.len() > 100 {
            break;
        }
    }
    found
}

/// The parser against the second reader: what is taken, and all that is read.
fn judge_reading(body: &[u8]) -> Judged {
    let (arena, second_arena) = (Bump::new(), Bump::new());
    let read = parse(body, &arena);
    judge_as_value(body, read.as_ref().err())?;
    let bytes = arena.allocated_bytes();
    if bytes > ARENA_LEAST + ARENA_PER_BYTE * body.len() {
        return Err(format!("{bytes} bytes of arena for {} of body", body.len()));
    }
    let tree = match oracle::tree(body) {
        Ok(tree) => tree,
        Err(refusal) => {
            let refused = read.as_ref().is_err_and(|error| refusal.is(*error));
            return refused
                .then_some(())
                .ok_or_else(|| format!("read as {read:?}, not refused as {refusal:?}"));
        }
    };
    match (read, oracle::request(&tree, &second_arena)) {
        (Ok(read), Ok(second)) => {
            let (read, second) = (format!("{read:#?}"), format!("{second:#?}"));
            if read == second { Ok(()) } else { Err(difference(&read, &second)) }
        }
        (Err(error), Err(refusal)) if refusal.is(error) => Ok(()),
        (read, second) => Err(format!("read as {read:?}, by the second reader as {second:?}")),
    }
}

/// The parser against `serde_json::Value` alone, which minds depth one bracket earlier, numbers beyond a float, and
/// halves of surrogate pairs: what it takes is JSON, and what it refuses for any other reason is not.
fn judge_as_value(body: &[u8], error: Option<&encan::openrtb::ParseError>) -> Judged {
    use encan::openrtb::ParseError::{NotJson, NotUtf8, TooDeep};
    let is_json = !matches!(error, Some(NotUtf8 { .. } | NotJson { .. } | TooDeep { .. }));
    match serde_json::from_slice::<Value>(body) {
        Ok(_) if is_json => Ok(()),
        Ok(_) => Err(format!("serde_json takes it, but: {error:?}")),
        Err(_) if !is_json => Ok(()),
        Err(refused) => {
            let words = refused.to_string();
            let known = ["recursion limit", "number out of range", "surrogate", "hex escape"];
            let known = known.iter().any(|known| words.contains(known));
            known.then_some(()).ok_or_else(|| format!("taken, but serde_json says: {words}"))
        }
    }
}

/// The first line that differs, with the lines before it.
fn difference(read: &str, second: &str) -> String {
    let lines: Vec<(&str, &str)> = read.lines().zip(second.lines()).collect();
    let at = lines.iter().position(|(read, second)| read != second).unwrap_or(lines.len());
    let before: Vec<&str> = lines[at.saturating_sub(6)..at].iter().map(|(read, _)| *read).collect();
    let (read, second) = lines.get(at).copied().unwrap_or(("its end", "its end"));
    format!("after\n{}\nread\n{read}\nand by the second reader\n{second}", before.join("\n"))
}

// Consent.

#[test]
fn a_consent_string_of_whatever_bytes_is_judged_the_same_twice() {
    let bodies = Bodies::read();
    let strings = consent_strings(&bodies);
    println!("{} consent strings to start from", strings.len());
    fuzz(
        "a consent string of whatever bytes is judged the same twice",
        4_000,
        |random| {
            let mut field = || json!(consent_string(&strings, random));
            let (newer, older, gpp, gpp_ext) = (field(), field(), field(), field());
            let sections =
                [json!([2]), json!([7]), json!([6, 8, 2]), json!("2,7"), json!([300]), Value::Null];
            let sections = sections[random.random_range(0..sections.len())].clone();
            let gdpr = choose(&[0, 1, 1, 1, 2], random);
            let mut us_privacy = || choose(&["1YNN", "1YYN", "1---", "", "1Y", "zzzz", "1\u{e9}Y"], random);
            let (us_privacy, us_privacy_ext) = (us_privacy(), us_privacy());
            json!({
                "id": "r", "imp": [{ "id": "1", "banner": {} }],
                "regs": { "gdpr": gdpr, "gpp": gpp, "gpp_sid": sections, "us_privacy": us_privacy,
                          "ext": { "gpp": gpp_ext, "us_privacy": us_privacy_ext } },
                "user": { "buyeruid": "u", "consent": newer, "ext": { "consent": older } },
            })
            .to_string()
            .into_bytes()
        },
        |body| {
            let (first, second) = (permissions(body), permissions(body));
            if first == second { Ok(()) } else { Err(format!("{first}, then {second}")) }
        },
    );
}

/// What a request permits, in words. The one place that knows how permissions are read.
fn permissions(body: &[u8]) -> String {
    let arena = Bump::new();
    let policy = Policy { vendor_id: Some(10), ..Policy::default() };
    match parse(body, &arena) {
        Ok(request) => format!("{:?}", Permissions::of(&request, &policy)),
        Err(error) => error.to_string(),
    }
}

/// Strings that requests to start from carry.
fn consent_strings(bodies: &Bodies) -> Vec<String> {
    let mut random: SmallRng = rand::SeedableRng::seed_from_u64(2);
    let mut found = Vec::new();
    for _ in 0..2_000 {
        let Ok(body) = serde_json::from_slice::<Value>(&bodies.sound(&mut random)) else { continue };
        let (user, regs) = (&body["user"], &body["regs"]);
        for place in [&user["consent"], &user["ext"]["consent"], &regs["gpp"], &regs["ext"]["gpp"]] {
            found.extend(place.as_str().map(str::to_owned));
        }
    }
    found
}

/// A consent string: as it came, broken, or made up.
fn consent_string(strings: &[String], random: &mut SmallRng) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~=";
    let mut text = strings[random.random_range(0..strings.len())].clone().into_bytes();
    let made_up = |random: &mut SmallRng, most: usize| -> Vec<u8> {
        (0..random.random_range(0..most)).map(|_| choose(LETTERS, random)).collect()
    };
    match random.random_range(0..8) {
        0 => {}
        1 => text = noise(random, 200),
        2 => text = made_up(random, 400),
        3 => text = [b"C", &made_up(random, 6_000)[..]].concat(),
        4 => text.truncate(random.random_range(0..=text.len())),
        5 => text = [&text[..], b"~", &text[..], b".", &made_up(random, 100)[..]].concat(),
        _ => {
            for _ in 0..random.random_range(1..6) {
                let at = random.random_range(0..text.len().max(1));
                if let Some(letter) = text.get_mut(at) {
                    *letter = choose(LETTERS, random);
                }
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

// The whole path.

#[test]
fn a_broken_request_gets_a_right_answer_or_none_in_bounded_memory() {
    let bodies = Bodies::read();
    let bidder = Bidder::new();
    let (mut bids, mut refused, mut heap_most, mut arena_most) = (0u64, 0u64, 0, 0.0f64);
    fuzz(
        "a broken request gets a right answer or none in bounded memory",
        3_000,
        |random| {
            // Half of them keep their JSON: more of those are bid on.
            let ways = if random.random() { &Mutation::ALL[..] } else { Mutation::OF_TYPES };
            bodies.broken(ways, random)
        },
        |body| {
            let Ok(answered) = bidder.answer(body) else {
                refused += 1;
                return Ok(());
            };
            heap_most = heap_most.max(answered.heap_bytes);
            arena_most = arena_most.max(answered.arena_bytes as f64 / (body.len() + 256) as f64);
            if answered.heap_bytes > HEAP_MAX {
                return Err(format!("{} bytes of heap for {} of body", answered.heap_bytes, body.len()));
            }
            let Some(answer) = answered.answer else { return Ok(()) };
            bids += 1;
            judge_answer(body, &answer)
        },
    );
    println!(
        "{bids} answers, {refused} refused, at most {heap_most} bytes of heap, {arena_most:.1} of arena a byte"
    );
    assert!(bids > 0, "nothing was bid on");
}

/// Whether an exchange would take `answer`. The one place that knows who judges that.
fn judge_answer(body: &[u8], answer: &[u8]) -> Judged {
    let mut request = for_the_judge(&oracle::tree(body).map_err(|refusal| format!("{refusal:?}"))?);
    // Zero is a taxonomy that is not stated, in all its forms, and a part of one is the first.
    let taxonomy = match &request["cattax"] {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_f64(),
    };
    if taxonomy.is_some_and(|taxonomy| taxonomy.abs() < 1.0) {
        request["cattax"] = Value::Null;
    }
    for imp in request["imp"].as_array_mut().into_iter().flatten() {
        let native = imp.get_mut("native").and_then(|native| native.get_mut("request"));
        if let Some(Value::String(text)) = native
            && let Ok(inner) = oracle::tree(text.as_bytes())
        {
            *text = for_the_judge(&inner).to_string();
        }
    }
    let findings = faults(&request, answer, &support::terms());
    let faults: Vec<String> =
        findings.iter().map(|finding| format!("{}: {}", finding.rule.id, finding.what)).collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{}", faults.join(", "), String::from_utf8_lossy(answer)))
}

/// A request as the judge can read it, who knows no halves of surrogate pairs and no numbers but floats: those that
/// would change are texts of the same spelling.
fn for_the_judge(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Bool(flag) => Value::Bool(*flag),
        Tree::Text(text) => Value::String(text.clone()),
        Tree::Number(text) => match serde_json::from_str::<Value>(text) {
            Ok(number) if format!("{number}") == *text => number,
            _ => Value::String(text.clone()),
        },
        Tree::List(elements) => elements.iter().map(for_the_judge).collect(),
        // Of a repeated key the last counts.
        Tree::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), member_for_the_judge(key, value))).collect()
        }
    }
}

/// A flag is raised by any number but zero: the judge cuts it at the point first.
fn member_for_the_judge(key: &str, value: &Tree) -> Value {
    const FLAGS: [&str; 5] = ["boxingallowed", "secure", "private_auction", "skip", "required"];
    let is_fraction = |number: Decimal| {
        let cut = [Rounding::Down, Rounding::Up].map(|rounding| number.scaled(0, rounding));
        !number.is_zero() && cut.contains(&Ok(0))
    };
    match value {
        Tree::Number(text) | Tree::Text(text)
            if FLAGS.contains(&key) && Decimal::parse(text.trim()).is_ok_and(is_fraction) =>
        {
            Value::from(1)
        }
        value => for_the_judge(value),
    }
}
