//! Worlds that go wrong, from seeds: the slice of every push. `SIM_SEEDS` and `SIM_AUCTIONS` make it as long as one
//! has patience for; `encan sim` does the same on all cores, with a table.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use encan::sim::{Count, Happening, Run, Sabotage, Tally, Terms, run_world};
use strum::IntoEnumIterator as _;

fn quiet(seed: u64, auctions: u64, sabotage: Option<Sabotage>) -> Run {
    run_world(seed, Terms { auctions, sabotage }, &mut |_: &Happening| {})
}

fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().expect("a number"))
}

/// Runs `seeds` worlds on two threads, and gives every run to `look`.
fn many(seeds: std::ops::Range<u64>, auctions: u64, look: impl FnMut(Run) + Send) {
    let (next, look) = (AtomicU64::new(seeds.start), Mutex::new(look));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let run = quiet(seed, auctions, None);
                    look.lock().unwrap_or_else(PoisonError::into_inner)(run);
                }
            });
        }
    });
}

#[test]
fn no_world_breaks_a_law_of_money() {
    let seeds = from_environment("SIM_SEEDS", 120);
    let auctions = from_environment("SIM_AUCTIONS", 1_500);
    let (mut tally, mut violations) = (Tally::default(), Vec::new());
    many(0..seeds, auctions, |run| {
        tally.add(&run.tally);
        violations.extend(run.violation);
    });
    println!("{seeds} seeds, {} auctions, {} faults injected", tally.of(Count::Auctions), tally.faults());
    for violation in &violations {
        println!("{violation}");
    }
    assert!(violations.is_empty(), "{} worlds broke a law, see above", violations.len());
    for (count, number) in tally.rows() {
        println!("{:<20} {number:>12}", count.name());
        assert!(
            number > 0 || seeds < 100,
            "{} never happened: the worlds are tamer than they say",
            count.name()
        );
    }
}

#[test]
fn the_same_seed_is_the_same_run_to_the_last_number() {
    for seed in [1, 6, 7] {
        let mut all = [Vec::new(), Vec::new()];
        let runs = [0, 1].map(|at| {
            run_world(seed, Terms { auctions: 600, sabotage: None }, &mut |happening| {
                all[at].push(*happening);
            })
        });
        assert_eq!(all[0], all[1], "seed {seed}");
        assert_eq!(runs[0].fingerprint, runs[1].fingerprint);
        assert_eq!(runs[0].tally, runs[1].tally);
        assert_ne!(
            runs[0].fingerprint,
            quiet(seed + 1, 600, None).fingerprint,
            "another seed is another run"
        );
    }
}

#[test]
fn every_planted_fault_is_found() {
    for sabotage in Sabotage::iter() {
        let found = (0..200).find_map(|seed| quiet(seed, 800, Some(sabotage)).violation);
        let found = found.unwrap_or_else(|| panic!("{sabotage:?} was not found within 200 worlds"));
        println!("{sabotage:?}: {found}");
        assert_eq!(quiet(found.seed, 800, None).violation, None, "without it the same world is lawful");
    }
}

fn encan(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_encan")).arg("sim").args(arguments).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_counts_worlds_and_names_the_seed_that_broke_a_law() {
    let (code, out, err) = encan(&["--seeds", "4", "--auctions", "200", "--json"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let sum: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&sum["seeds"], &sum["counts"]["auctions"]), (&4.into(), &800.into()), "{sum}");
    assert_eq!(sum["violations"], serde_json::json!([]));

    let planted = ["--seeds", "20", "--auctions", "300", "--plant", "books-twice"];
    let (code, out, err) = encan(&planted);
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(out.contains("law `once` is broken") && err.contains("encan sim --seed"), "{out}{err}");

    let (code, _, err) = encan(&["--plant", "sleeps"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("`sleeps` is none of settles-twice"), "{err}");
}
