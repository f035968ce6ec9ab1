//! The keys of notices: rotated while a server runs and notices are out, over crashes and restarts. What was signed
//! before is taken after, what a dropped key signed is not, and no secret is ever said.

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use support::{Encan, Options, encan, wait_until};

const BID: &str = r#"{"id":"r","cur":["EUR"],"site":{"id":"s"},"device":{"geo":{"country":"FRA"}},
    "imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#;

fn keys(verb: &str, data: &Path, flags: &[&str]) -> Output {
    command(verb, data).args(flags).output().expect("the binary runs")
}

fn command(verb: &str, data: &Path) -> Command {
    let mut command = encan();
    command.args(["keys", verb, "--data"]).arg(data);
    command
}

/// The ids of the keys, that which signs first.
fn listed(data: &Path) -> Vec<String> {
    let output = keys("list", data, &["--json"]);
    assert!(output.status.success(), "{output:?}");
    let keys: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let keys = keys.as_array().expect("a list");
    let signs: Vec<bool> = keys.iter().map(|key| key["signs"].as_bool().expect("a flag")).collect();
    assert!(signs[0] && !signs[1..].contains(&true), "{signs:?}");
    keys.iter().map(|key| key["key"].as_str().expect("an id").to_owned()).collect()
}

/// The addresses of a bid's win and billing notices, as paths, with its price: what nobody vouches for may bid very
/// little, and a higher price than that of the bid is refused.
fn bid(server: &Encan) -> [String; 2] {
    let answer = server.post("/openrtb2/generic", BID);
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    let bid = &json["seatbid"][0]["bid"][0];
    let price = bid["price"].to_string();
    ["nurl", "burl"].map(|name| {
        let url = bid[name].as_str().expect("an address");
        let path = &url[url.find("/n/").expect("an address of ours")..];
        path.replace("${AUCTION_PRICE}", &price).replace("${AUCTION_CURRENCY}", "EUR")
    })
}

fn token(path: &str) -> &str {
    let end = path.find('?').expect("parameters");
    path[..end].rsplit('/').next().expect("a last part")
}

/// The id of the key that signed the token of `path`.
fn signer(path: &str) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(token(path)).expect("base64");
    assert_eq!(bytes[0], 5, "version");
    hex(&bytes[1..5])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn status(server: &Encan, path: &str) -> u16 {
    server.get(path).status
}

/// Everything that must not be said: what the file of secrets has of 64 hexadecimal digits.
fn secrets(data: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(data.join("secret")).expect("the file of secrets");
    let words = text.split_whitespace().filter(|word| word.len() == 64);
    words.map(str::to_owned).collect()
}

#[test]
fn a_rotation_takes_effect_in_a_running_server_and_the_notices_that_are_out_stay_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_owned();
    let start = || Encan::start(Options { data: Some(data.clone()), ..Options::default() });
    let server = start();
    let first = listed(&data);
    let before: Vec<_> = (0..3).map(|_| bid(&server)).collect();
    assert!(before.iter().flatten().all(|path| signer(path) == first[0]));
    let rotated = keys("rotate", &data, &[]);
    assert!(rotated.status.success(), "{rotated:?}");
    let second = listed(&data);
    assert_eq!(second[1..], first[..]);
    let said = String::from_utf8(rotated.stdout.clone()).expect("text");
    assert_eq!(said, format!("{} signs, {} is still honoured\n", second[0], first[0]));
    assert_eq!(status(&server, &before[0][1]), 204, "whatever the server knows by now");
    let mut after = bid(&server);
    wait_until("the server signs with the new key", || {
        after = bid(&server);
        signer(&after[0]) == second[0]
    });
    assert_eq!(server.metric("encan_key_reloads_total"), 1);
    assert_eq!(before[1].each_ref().map(|path| status(&server, path)), [204; 2]);
    assert_eq!(after.each_ref().map(|path| status(&server, path)), [204; 2]);
    let between = bid(&server);
    let secrets = secrets(&data);
    assert_eq!(secrets.len(), 4, "that of ids, two keys, a check");
    let (_, words) = server.stop();
    let table = keys("list", &data, &[]);
    for said in [&words, &said, &String::from_utf8(table.stdout).expect("text")] {
        assert!(!secrets.iter().any(|secret| said.contains(secret.as_str())), "{said}");
    }
    let again = start();
    for path in before[2].iter().chain(&between) {
        assert_eq!(status(&again, path), 204, "after a restart");
    }
    for kind in ["win", "bill"] {
        for outcome in ["malformed", "unknown_key", "forged", "expired", "refused"] {
            let name = format!("encan_notices_total{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
            assert_eq!(again.metric(&name), 0, "{name}");
        }
    }
}

#[test]
fn rotations_under_traffic_refuse_no_notice() {
    let server = Encan::start(Options::default());
    let data = server.data.clone();
    let rotations = 4;
    std::thread::scope(|scope| {
        let traffic = || {
            let mut signers = Vec::new();
            let mut out = Vec::new();
            // Until a bid was signed by the last key: the first one and four more.
            while listed(&data).len() <= rotations || signers.last() != listed(&data).first() {
                let [win, bill] = bid(&server);
                signers.push(signer(&bill));
                assert_eq!(status(&server, &win), 204);
                // A few stay out over the rotations; more would hold the budget that the day has by now.
                if out.len() < 10 {
                    out.push(bill);
                } else {
                    assert_eq!(status(&server, &bill), 204);
                }
            }
            for bill in &out {
                assert_eq!(status(&server, bill), 204);
            }
            signers.dedup();
            assert!(signers.len() >= 2, "{signers:?}");
        };
        for _ in 0..2 {
            scope.spawn(traffic);
        }
        for _ in 0..rotations {
            assert!(keys("rotate", &data, &[]).status.success());
            wait_until("the server signs with it", || signer(&bid(&server)[0]) == listed(&data)[0]);
        }
    });
    for outcome in ["malformed", "unknown_key", "forged"] {
        assert_eq!(server.metric(&format!("encan_notices_total{{kind=\"bill\",outcome=\"{outcome}\"}}")), 0);
    }
}

/// The file of secrets as its documentation has it, of `(secret, retired)`.
fn file_of(notices: &[([u8; 32], Option<i64>)]) -> String {
    let mut text = format!("encan secrets 2\nusers {}\n", hex(&[9; 32]));
    for (secret, retired) in notices {
        let retired = retired.map_or("-".to_owned(), |retired| retired.to_string());
        let _ = writeln!(text, "notice {} made 1700000000000 retired {retired}", hex(secret));
    }
    let check = blake3::hash(text.as_bytes());
    let _ = writeln!(text, "check {check}");
    text
}

#[test]
fn a_token_of_a_key_that_was_dropped_is_refused_as_of_an_unknown_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_owned();
    let put = |notices: &[([u8; 32], Option<i64>)]| {
        std::fs::write(data.join("secret"), file_of(notices)).expect("a file");
    };
    let start = || Encan::start(Options { data: Some(data.clone()), ..Options::default() });
    put(&[([1; 32], None)]);
    let server = start();
    let out: Vec<_> = (0..2).map(|_| bid(&server)).collect();
    drop(server);
    let now = encan::shell::clock::now().raw();
    let day = 86_400_000;
    // 61 days: one for a server that did not notice, 60 for the last token.
    put(&[([2; 32], None), ([1; 32], Some(now - 61 * day + 600_000))]);
    let server = start();
    assert_eq!(listed(&data).len(), 2);
    assert_eq!(status(&server, &out[0][0]), 204, "its last day");
    drop(server);
    put(&[([2; 32], None), ([1; 32], Some(now - 61 * day - 1))]);
    let server = start();
    assert_eq!(listed(&data).len(), 1);
    let refused = server.get(&out[1][0]);
    assert_eq!((refused.status, refused.text().as_str()), (400, "the token's key is not known here\n"));
    assert_eq!(server.metric("encan_notices_total{kind=\"win\",outcome=\"unknown_key\"}"), 1);
    let rotated = keys("rotate", &data, &[]);
    let said = String::from_utf8(rotated.stdout).expect("text");
    assert!(said.contains("is gone: every notice that it signed has expired"), "{said}");
    assert!(!std::fs::read_to_string(data.join("secret")).expect("a file").contains(&hex(&[1; 32])));
}

/// The keys of billing notices as the documentation derives them.
fn derived(secret: &[u8; 32], what: &str) -> [u8; 32] {
    blake3::derive_key(&format!("encan 2026-11 notice token, bill, {what}"), secret)
}

fn masked(fields: &mut [u8], secret: &[u8; 32], signature: &[u8]) {
    let mut stream = vec![0; fields.len()];
    blake3::Hasher::new_keyed(&derived(secret, "encrypt")).update(signature).finalize_xof().fill(&mut stream);
    fields.iter_mut().zip(stream).for_each(|(byte, mask)| *byte ^= mask);
}

/// How many bytes of `fields` version 3 had: up to the multiplier.
fn length_of_version_3(fields: &[u8]) -> usize {
    // Of a number's bytes the last alone has no sign to go on.
    let skip = |at: usize, numbers: usize| {
        (0..numbers).fold(at, |at, _| {
            at + fields[at..].iter().position(|byte| byte & 0x80 == 0).expect("a number's end") + 1
        })
    };
    let at = skip(16, 2) + 6 * 8;
    let (flags, bills_on) = (fields[at], fields[at + 1]);
    let has = |bit: u8, length: usize| if flags & bit != 0 { length } else { 0 };
    let household = if bills_on & 128 != 0 { 8 } else { 0 };
    // Codes, currencies, prices, rates, how long it is reserved; deal, user, household, jurisdiction.
    let at = skip(at + 4 + 6, 6) + has(1, 8) + has(2, 16) + household + has(16, 2);
    skip(at, has(32, 2) + has(64, 1))
}

/// The token of `path` as version 3 would have written it, by the documentation alone.
fn as_version_3(path: &str, secret: &[u8; 32]) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(token(path)).expect("base64");
    let signature = bytes.split_off(bytes.len() - 16);
    masked(&mut bytes[5..], secret, &signature);
    let signed = blake3::keyed_hash(&derived(secret, "sign"), &bytes);
    assert_eq!(signed.as_bytes()[..16], signature, "signed as it is documented");
    let fields = bytes[5..][..length_of_version_3(&bytes[5..])].to_vec();
    let mut old = [vec![3], fields].concat();
    let signed = blake3::keyed_hash(&derived(secret, "sign"), &old);
    let signature = &signed.as_bytes()[..16];
    masked(&mut old[1..], secret, signature);
    old.extend_from_slice(signature);
    path.replace(token(path), &URL_SAFE_NO_PAD.encode(old))
}

#[test]
fn secrets_and_tokens_from_before_rotation_go_on_working_through_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_owned();
    let old = [[7; 32], [9; 32]].concat();
    std::fs::write(data.join("secret"), &old).expect("a file");
    let start = || Encan::start(Options { data: Some(data.clone()), ..Options::default() });
    let server = start();
    let out: Vec<_> = (0..3).map(|_| as_version_3(&bid(&server)[1], &[7; 32])).collect();
    assert_eq!(std::fs::read(data.join("secret")).expect("a file"), old, "a start changes nothing");
    assert_eq!(server.get(&out[0]).text(), "");
    assert!(keys("rotate", &data, &[]).status.success());
    assert_eq!(listed(&data).len(), 2);
    wait_until("the server signs with the new key", || signer(&bid(&server)[0]) == listed(&data)[0]);
    assert_eq!(status(&server, &out[1]), 204);
    assert_eq!(status(&server, &as_version_3(&out_as_current(&server, &data), &current(&data))), 204);
    drop(server);
    assert_eq!(status(&start(), &out[2]), 204);
    let text = std::fs::read_to_string(data.join("secret")).expect("text by now");
    assert!(text.contains(&format!("users {}", hex(&[9; 32]))), "the secret of ids stays");
}

/// A billing notice that the current key signed.
fn out_as_current(server: &Encan, data: &Path) -> String {
    let [_, bill] = bid(server);
    assert_eq!(signer(&bill), listed(data)[0]);
    bill
}

/// The secret that signs.
fn current(data: &Path) -> [u8; 32] {
    let secret = &secrets(data)[1];
    std::array::from_fn(|at| u8::from_str_radix(&secret[2 * at..2 * at + 2], 16).expect("digits"))
}

#[test]
fn a_damaged_file_is_refused_and_kept_and_a_running_server_goes_on_with_what_it_has() {
    let server = Encan::start(Options::default());
    let data = server.data.clone();
    let file = data.join("secret");
    let sound = std::fs::read(&file).expect("a file");
    let before = bid(&server);
    let mut damaged = sound.clone();
    damaged[100] ^= 1;
    std::fs::write(&file, &damaged).expect("written");
    wait_until("the server looks", || server.metric("encan_key_reloads_refused_total") > 0);
    assert_eq!(status(&server, &before[0]), 204);
    assert_eq!(status(&server, &bid(&server)[1]), 204);
    for verb in ["rotate", "list"] {
        let output = keys(verb, &data, &[]);
        let words = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(words.contains("is damaged: its lines do not fit its check\n\nhint: restore"), "{words}");
    }
    // Another installation's secrets would make strangers of everybody.
    std::fs::write(&file, file_of(&[([1; 32], None)])).expect("written");
    let refused = server.metric("encan_key_reloads_refused_total");
    wait_until("the server looks", || server.metric("encan_key_reloads_refused_total") > refused);
    assert_eq!(status(&server, &bid(&server)[1]), 204);
    std::fs::write(&file, &damaged).expect("written");
    let folder = server.kill().expect("a folder of its own");
    let mut start = encan();
    start.args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"]).arg(folder.path());
    let output = start.output().expect("the binary runs");
    let words = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("secret` is damaged"), "{words}");
    assert_eq!(std::fs::read(&file).expect("a file"), damaged);
    std::fs::write(&file, &sound).expect("written");
    assert_eq!(listed(folder.path()).len(), 1);
}

#[test]
fn a_folder_without_secrets_is_named_and_gets_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for data in [folder.path().to_owned(), folder.path().join("nowhere")] {
        for verb in ["rotate", "list"] {
            let output = keys(verb, &data, &[]);
            let words = String::from_utf8(output.stderr).expect("text");
            assert_eq!(output.status.code(), Some(1), "{words}");
            let want =
                format!("error: there are no secrets in `{}`\n\nhint: name the folder", data.display());
            assert!(words.starts_with(&want), "{words}");
        }
        assert!(!data.join("secret").exists());
    }
}

#[test]
fn a_rotation_that_is_killed_at_any_moment_is_done_or_not_begun() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    std::fs::write(data.join("secret"), file_of(&[([1; 32], None)])).expect("a file");
    // As long as a whole one takes, so that kills fall before, within and after it.
    let start = Instant::now();
    assert!(keys("rotate", data, &[]).status.success());
    let whole = u64::try_from(start.elapsed().as_micros()).expect("a short time");
    let mut known = listed(data);
    for round in 0..40 {
        let mut child = command("rotate", data).stdout(std::process::Stdio::null()).spawn().expect("it runs");
        std::thread::sleep(Duration::from_micros(random.random_range(0..=whole)));
        child.kill().expect("our own child");
        child.wait().expect("our own child");
        let now = listed(data);
        let begun = now.len() - known.len();
        assert!(begun <= 1, "round {round}");
        assert_eq!(now[begun..], known[..], "round {round}: no key is lost");
        known = now;
    }
    println!("{} of 40 were done", known.len() - 2);
    assert!(keys("rotate", data, &[]).status.success(), "what a kill left is in nobody's way");
    assert_eq!(listed(data)[1..], known[..]);
    assert_eq!(secrets(data)[0], hex(&[9; 32]));
}
