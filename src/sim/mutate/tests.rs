//! Mutations on generated requests.

use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use serde_json::Value;

use crate::sim::mutate::spans::{Kind, spans};
use crate::sim::{Mix, Mutation, Traffic, mutate};
use crate::units::UnixMillis;

fn bodies(count: usize) -> Vec<Vec<u8>> {
    let mut traffic = Traffic::new(3, Mix { deal_share: 0.3, ..Mix::default() });
    let bodies = (0..count).map(|_| {
        let mut body = Vec::new();
        traffic.next(UnixMillis::from_raw(1_795_000_000_000), &mut body);
        body
    });
    bodies.collect()
}

#[test]
fn every_value_of_a_request_is_found() {
    fn count(value: &Value) -> usize {
        1 + match value {
            Value::Array(elements) => elements.iter().map(count).sum(),
            Value::Object(members) => members.values().map(count).sum::<usize>(),
            _ => 0,
        }
    }
    for body in bodies(200) {
        let spans = spans(&body);
        assert_eq!(spans.len(), count(&serde_json::from_slice(&body).unwrap()));
        for span in spans {
            let value: Value = serde_json::from_slice(&body[span.start..span.end]).unwrap();
            let kind = match value {
                Value::Object(_) => Kind::Object,
                Value::Array(_) => Kind::List,
                Value::String(_) => Kind::Text,
                Value::Number(_) => Kind::Number,
                Value::Null | Value::Bool(_) => Kind::Word,
            };
            assert_eq!(span.kind, kind);
        }
    }
}

#[test]
fn every_mutation_changes_most_requests() {
    let bodies = bodies(300);
    for mutation in Mutation::ALL {
        let mut random = SmallRng::seed_from_u64(5);
        let changed = bodies
            .iter()
            .filter(|body| mutation.apply(body, &mut random).is_some_and(|broken| broken != **body));
        // Few requests are native.
        let least = if mutation == Mutation::Inside { 10 } else { 250 };
        let changed = changed.count();
        assert!(changed >= least, "{mutation:?}: {changed} of 300");
    }
}

#[test]
fn mutations_of_types_leave_json_alone() {
    let mut random = SmallRng::seed_from_u64(6);
    for body in bodies(1_000) {
        let broken = mutate(&body, Mutation::OF_TYPES, &mut random);
        let read: Result<Value, _> = serde_json::from_slice(&broken);
        assert!(read.is_ok(), "{read:?}: {}", String::from_utf8_lossy(&broken));
    }
}

#[test]
fn anything_at_all_can_be_broken_again_and_again() {
    let mut random = SmallRng::seed_from_u64(7);
    for mut body in
        [Vec::new(), b"{".to_vec(), b"\"".to_vec(), b"[1".to_vec(), b"{\"a\"".to_vec(), vec![0xff; 9]]
    {
        for _ in 0..300 {
            body = mutate(&body, &Mutation::ALL, &mut random);
            body.truncate(4_096);
        }
    }
}

#[test]
fn the_same_seed_breaks_the_same_way() {
    let run = |seed| {
        let mut random = SmallRng::seed_from_u64(seed);
        bodies(50).iter().map(|body| mutate(body, &Mutation::ALL, &mut random)).collect::<Vec<_>>()
    };
    assert!(run(1) == run(1) && run(1) != run(2));
}
