//! Contestants in turns: what else the machine does hits all of them, so that ratios are steady where times
//! are not.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::figures::say;

/// The median of so many rounds is steady on a shared machine.
const ROUNDS: usize = 41;
/// Length of one contestant's turn.
const TURN: Duration = Duration::from_millis(10);

/// Somebody who does the same work as the others: a name, and one piece of the work.
pub type Contestant<'c> = (&'c str, &'c mut dyn FnMut() -> usize);

/// Lets contestants work in turns, and prints for each the median time of a piece of work, and the median
/// of its ratio to the first contestant's in the same round.
pub fn compare(title: &str, contestants: &mut [Contestant<'_>]) {
    let mut rounds: Vec<Vec<f64>> = vec![Vec::with_capacity(ROUNDS); contestants.len()];
    for _ in 0..ROUNDS {
        for ((_, work), times) in contestants.iter_mut().zip(&mut rounds) {
            times.push(nanos_each(work));
        }
    }
    for ((name, _), times) in contestants.iter().zip(&rounds) {
        let ratios = times.iter().zip(&rounds[0]).map(|(own, first)| own / first);
        let (ratio, nanos) = (median(ratios.collect()), median(times.clone()));
        say(format_args!("{title}: {name}: {nanos:.0} ns, {ratio:.2} times the first"));
    }
}

/// Nanoseconds of one piece of work, in the mean of one turn.
fn nanos_each(work: &mut dyn FnMut() -> usize) -> f64 {
    let start = Instant::now();
    let mut pieces = 0.0;
    loop {
        black_box(work());
        pieces += 1.0;
        let passed = start.elapsed();
        if passed >= TURN {
            return passed.as_secs_f64() * 1e9 / pieces;
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
