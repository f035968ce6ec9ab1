//! Cases from a seed, and a failing one made small.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use encan::sim::{Mix, Mutation, Traffic, mutate};
use encan::units::UnixMillis;
use rand::rngs::SmallRng;
use rand::{Rng, RngExt as _, SeedableRng as _};
use serde_json::value::RawValue;

/// A Wednesday in November 2026, around noon in Paris.
pub const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);

/// Why a case fails, in words. A panic is a failure too.
pub type Judged = Result<(), String>;

/// Inputs that the search for a small one may try.
const TRIES_MAX: usize = 400;
/// Bytes of a failing input that are printed.
const SHOWN_MAX: usize = 4_096;

/// Runs as many cases of `target` as the environment or `cases` says: `make` an input, `judge` it.
///
/// # Panics
///
/// With the seed, the number of the case and a small input, at the first that fails.
pub fn fuzz(
    target: &str,
    cases: u64,
    make: impl Fn(&mut SmallRng) -> Vec<u8>,
    mut judge: impl FnMut(&[u8]) -> Judged,
) {
    let seed = number("ENCAN_FUZZ_SEED").unwrap_or(20_261_121);
    let cases = number("ENCAN_FUZZ_CASES").unwrap_or(cases);
    println!("{target}: {cases} cases from seed {seed}");
    for case in 0..cases {
        // Each case can be made alone.
        let input = make(&mut SmallRng::seed_from_u64(seed.rotate_left(32) ^ case));
        if let Err(why) = attempt(&mut judge, &input) {
            let (small, why) = smallest(&mut judge, input, why);
            let path = kept(target, seed, case, &small);
            let shown = String::from_utf8_lossy(&small[..small.len().min(SHOWN_MAX)]);
            panic!(
                "{target}, seed {seed}, case {case}: {why}\n{} bytes, kept in {}:\n{shown}",
                small.len(),
                path.display()
            );
        }
    }
    println!("{target}: {cases} cases passed");
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}: `{text}` is not a number")))
}

fn attempt(judge: &mut impl FnMut(&[u8]) -> Judged, input: &[u8]) -> Judged {
    catch_unwind(AssertUnwindSafe(|| judge(input))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
        Err(format!("panicked: {}", words.unwrap_or_default()))
    })
}

/// The input without every part that it fails without, by halves.
fn smallest(
    judge: &mut impl FnMut(&[u8]) -> Judged,
    mut input: Vec<u8>,
    mut why: String,
) -> (Vec<u8>, String) {
    let mut tries = 0;
    let mut part = input.len() / 2;
    while part > 0 && tries < TRIES_MAX {
        let mut at = 0;
        while at < input.len() && tries < TRIES_MAX {
            let end = (at + part).min(input.len());
            let shorter = [&input[..at], &input[end..]].concat();
            tries += 1;
            match attempt(judge, &shorter) {
                Err(reason) => (input, why) = (shorter, reason),
                Ok(()) => at = end,
            }
        }
        part /= 2;
    }
    (input, why)
}

fn kept(target: &str, seed: u64, case: u64, input: &[u8]) -> PathBuf {
    let name = target.replace(' ', "-");
    let path = std::env::temp_dir().join(format!("encan-fuzz-{name}-{seed}-{case}"));
    std::fs::write(&path, input).expect("the temporary folder can be written");
    path
}

/// Requests to start from.
pub struct Bodies(Vec<Vec<u8>>);

impl Bodies {
    /// Those of `fixtures/openrtb`, and the recorded ones if `ENCAN_SHARED` names their folder.
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/openrtb");
        let mut bodies = Vec::new();
        for folder in ["accepted", "refused"] {
            let entries = std::fs::read_dir(root.join(folder)).expect("the fixtures are part of the project");
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
            paths.sort();
            bodies.extend(paths.iter().map(|path| std::fs::read(path).expect("a fixture is a file")));
        }
        match std::env::var_os("ENCAN_SHARED") {
            None => println!("ENCAN_SHARED is not set: the recorded requests are not among the seeds"),
            Some(shared) => {
                for name in ["requests.jsonl", "negative.jsonl"] {
                    let path = Path::new(&shared).join("corpus").join(name);
                    let lines = std::fs::read_to_string(path).expect("the corpus is a text");
                    bodies.extend(lines.lines().map(|line| {
                        let line: std::collections::BTreeMap<&str, &RawValue> =
                            serde_json::from_str(line).expect("a line is an object");
                        line["req"].get().as_bytes().to_vec()
                    }));
                }
            }
        }
        Self(bodies)
    }

    /// A request as it comes: recorded, written by hand, or generated.
    pub fn sound(&self, random: &mut SmallRng) -> Vec<u8> {
        if random.random() {
            return self.0[random.random_range(0..self.0.len())].clone();
        }
        let mix = Mix { deal_share: 0.3, dooh: 0.1, ..Mix::default() };
        let mut body = Vec::new();
        Traffic::new(random.next_u64(), mix).next(NOW, &mut body);
        body
    }

    /// A request, most often broken in up to three of `ways`; now and then bytes at random.
    pub fn broken(&self, ways: &[Mutation], random: &mut SmallRng) -> Vec<u8> {
        match random.random_range(0..50) {
            0 => noise(random, 300),
            1..6 => self.sound(random),
            _ => mutate(&self.sound(random), ways, random),
        }
    }
}

/// Up to `most` bytes of anything.
pub fn noise(random: &mut SmallRng, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(0..most)];
    random.fill(&mut bytes[..]);
    bytes
}

/// One of `list`.
pub fn choose<T: Copy>(list: &[T], random: &mut SmallRng) -> T {
    list[random.random_range(0..list.len())]
}
