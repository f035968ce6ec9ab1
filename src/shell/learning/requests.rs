//! How many requests each exchange sent, counted on the bid path without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::units::ExchangeId;

/// Exchanges that are counted: four times what a large bidder is connected to.
const SLOTS: usize = 512;
/// Slots that are looked at for one exchange.
const PROBES: usize = 16;

/// A count for each exchange. One too many is not counted.
#[derive(Debug)]
pub struct Requests {
    slots: Box<[Slot]>,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Slot {
    /// The exchange; 0 = nobody's yet.
    exchange: AtomicU64,
    count: AtomicU64,
}

impl Default for Requests {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| Slot::default()).collect() }
    }
}

impl Requests {
    /// A request came from `exchange`.
    pub fn came(&self, exchange: ExchangeId) {
        let id = exchange.raw();
        let first = usize::try_from(id % SLOTS as u64).unwrap_or(0);
        for probe in 0..PROBES {
            let slot = &self.slots[(first + probe) % SLOTS];
            let mut owner = slot.exchange.load(Ordering::Relaxed);
            if owner == 0 {
                let taken = slot.exchange.compare_exchange(0, id, Ordering::Relaxed, Ordering::Relaxed);
                owner = taken.err().unwrap_or(id);
            }
            if owner == id {
                slot.count.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    }

    /// How many came since the start, of each exchange that sent any.
    #[must_use]
    pub fn counts(&self) -> Vec<(ExchangeId, u64)> {
        let of = |slot: &Slot| {
            let exchange = slot.exchange.load(Ordering::Relaxed);
            (exchange != 0).then(|| (ExchangeId::from_raw(exchange), slot.count.load(Ordering::Relaxed)))
        };
        self.slots.iter().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Requests, SLOTS};
    use crate::units::ExchangeId;

    #[test]
    fn every_exchange_has_a_count_of_its_own_even_where_they_meet() {
        let requests = Requests::default();
        let meeting: Vec<ExchangeId> =
            (1..=3).map(|at| ExchangeId::from_raw(5 + at * SLOTS as u64)).collect();
        for (times, exchange) in meeting.iter().enumerate() {
            (0..=times).for_each(|_| requests.came(*exchange));
        }
        let counts: Vec<u64> = requests.counts().iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [1, 2, 3]);
    }

    #[test]
    fn cores_that_count_at_the_same_time_lose_nothing() {
        let requests = Requests::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|at| requests.came(ExchangeId::from_raw(1 + at % 8))));
            }
        });
        assert_eq!(requests.counts().iter().map(|(_, count)| count).sum::<u64>(), 40_000);
        assert_eq!(requests.counts().len(), 8);
    }
}
