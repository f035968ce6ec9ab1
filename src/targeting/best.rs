//! Rows in the order of a value that depends on the request, without looking at all of them.
//!
//! Rows stand in the order of an upper bound. A row is handed out as soon as no later bound is above its
//! value; until then it is held, with others that may turn out better.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::targeting::Search;

/// The rows whose rule holds, with their values: the highest first, of equal ones the lowest row. Made by
/// [`Index::best`](crate::targeting::Index::best).
///
/// Lazy: no row is looked at whose bound is not above the value of the row that comes next. As long as values
/// reach their bounds nothing is held, and nothing allocated.
#[derive(Debug)]
pub struct Best<'s, V, B, F> {
    search: Search<'s>,
    /// How many rows there are.
    len: usize,
    /// How many more rows may be looked at.
    looks: usize,
    /// The first row that was not looked at.
    unseen: usize,
    bound: B,
    value: F,
    held: BinaryHeap<(V, Reverse<usize>)>,
}

impl<'s, V, B, F> Best<'s, V, B, F>
where
    V: Copy + Ord,
    B: Fn(usize) -> V,
    F: FnMut(usize) -> V,
{
    pub(super) fn new(search: Search<'s>, len: usize, looks: usize, bound: B, value: F) -> Self {
        Self { search, len, looks, unseen: 0, bound, value, held: BinaryHeap::new() }
    }

    /// The first unseen row whose bound is not above `value`.
    fn end(&self, value: V) -> usize {
        let (mut low, mut high) = (self.unseen, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            if (self.bound)(middle) > value {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// True if a row after those seen may be worth more than `value`.
    fn is_beatable(&self, value: V) -> bool {
        self.unseen < self.len && (self.bound)(self.unseen) > value
    }
}

impl<V, B, F> Iterator for Best<'_, V, B, F>
where
    V: Copy + Ord,
    B: Fn(usize) -> V,
    F: FnMut(usize) -> V,
{
    type Item = (usize, V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let held = self.held.peek().map(|(value, _)| *value);
            let end = match held {
                _ if self.looks == 0 => 0,
                Some(value) if !self.is_beatable(value) => 0,
                Some(value) => self.end(value),
                None => self.len,
            };
            let Some(row) = (if end == 0 { None } else { self.search.next_before(end) }) else {
                return self.held.pop().map(|(value, Reverse(row))| (row, value));
            };
            self.unseen = row + 1;
            self.looks -= 1;
            let value = (self.value)(row);
            debug_assert!(value <= (self.bound)(row), "the value of row {row} is above its bound");
            if held.is_none_or(|held| held < value) && !self.is_beatable(value) {
                return Some((row, value));
            }
            self.held.push((value, Reverse(row)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::{ProptestConfig, any, proptest};

    use crate::targeting::fixture::{NOW, Random, random_catalog, random_person, random_request};
    use crate::targeting::{Index, Known, Rows, Scene};
    use crate::units::ExchangeId;

    /// Compares the best rows with the full scan's, and holds that no row was looked at in vain.
    #[track_caller]
    fn check(index: &Index, scene: &Scene<'_>, live: &Rows, bounds: &[usize], values: &[usize]) {
        let mut scan: Vec<(usize, usize)> =
            index.search(scene, live, 0).map(|row| (row, values[row])).collect();
        scan.sort_by_key(|(row, value)| (std::cmp::Reverse(*value), *row));
        let looked_at = RefCell::new(Vec::new());
        let value = |row: usize| {
            looked_at.borrow_mut().push(row);
            values[row]
        };
        let mut best = index.best(scene, live, usize::MAX, |row| bounds[row], value);
        for (row, value) in scan {
            assert_eq!(best.next(), Some((row, value)));
            let last = looked_at.borrow().iter().copied().max();
            let needed = last.is_none_or(|last| last <= row || bounds[last] > value);
            assert!(needed, "looked at {last:?} to find {row} of {value}");
        }
        assert_eq!(best.next(), None);
        assert_eq!(best.next(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn the_best_rows_are_the_full_scans_however_many_are_taken(seed in any::<u64>()) {
            let random = &mut Random::from_seed(seed);
            let len = random.below(400);
            let catalog = random_catalog(random, len);
            let index = Index::build(&catalog, &(0u32..).take(len).collect::<Vec<_>>());
            let highest = random.pick(&[2, 50, 1_000_000]);
            let mut bounds: Vec<usize> = (0..len).map(|_| random.below(highest)).collect();
            bounds.sort_by_key(|bound| std::cmp::Reverse(*bound));
            let percent = random.pick(&[0, 20, 100]);
            let values: Vec<usize> = bounds
                .iter()
                .map(|bound| if random.percent(percent) { random.below(bound + 1) } else { *bound })
                .collect();
            for _ in 0..5 {
                let (request, person) = (random_request(random), random_person(random));
                let exchange = ExchangeId::from_slug("adx");
                let known = Known { person: person.as_ref(), precise: true, ..Known::default() };
                let mut scene = Scene::of(index.vocabulary(), &request, exchange, known, NOW);
                scene.look_at(&request.imp[0]);
                let mut live = Rows::none(len);
                (0..len).filter(|_| random.percent(80)).for_each(|row| live.set(row));
                check(&index, &scene, &live, &bounds, &values);
            }
        }
    }
}
