//! The parts of the world that are no world: the order of tasks, fingerprints, counts.

use crate::sim::faults::agenda::Agenda;
use crate::sim::faults::happening::{Fingerprint, Happening, What};
use crate::sim::faults::tally::{Count, Tally};

#[test]
fn tasks_come_in_the_order_of_their_times_and_then_of_their_setting_down() {
    let mut agenda = Agenda::new();
    for (at, task) in [(5, "c"), (1, "a"), (5, "d"), (2, "b")] {
        agenda.set(at, task);
    }
    let order: Vec<_> = std::iter::from_fn(|| agenda.next()).collect();
    assert_eq!(order, [(1, "a"), (2, "b"), (5, "c"), (5, "d")]);
}

#[test]
fn a_fingerprint_tells_every_part_and_the_order_of_what_happened() {
    let one = Happening { at: 1, what: What::Bid, node: Some(0), bid: Some(2), number: 3 };
    let others = [
        Happening { at: 2, ..one },
        Happening { what: What::Booked, ..one },
        Happening { node: None, ..one },
        Happening { bid: None, ..one },
        Happening { number: 4, ..one },
    ];
    let of = |happenings: &[Happening]| {
        let mut fingerprint = Fingerprint::new(1);
        happenings.iter().for_each(|happening| fingerprint.add(happening));
        fingerprint
    };
    for other in others {
        assert_ne!(of(&[one]), of(&[other]));
        assert_ne!(of(&[one, other]), of(&[other, one]));
    }
}

#[test]
fn faults_are_those_that_were_meant_to_go_wrong() {
    let mut tally = Tally::default();
    tally.one(Count::Bids);
    tally.one(Count::Forged);
    tally.one(Count::Crashes);
    let mut sum = tally;
    sum.add(&tally);
    assert_eq!((tally.faults(), sum.faults(), sum.of(Count::Bids)), (2, 4, 2));
    assert_eq!(sum.rows().map(|(_, number)| number).sum::<u64>(), 6);
}
