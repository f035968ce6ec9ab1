//! Rows in the order of a value that depends on the request, without looking at all of them.
//!
//! Rows stand in the order of an upper bound. A row is handed out as soon as no later bound is above its
//! value; until then it is held, with others that may turn out better.

use smallvec::SmallVec;

use crate::targeting::Search;

/// Rows held without an allocation: more than these are only held for who takes more of them.
const HELD_INLINE: usize = 64;

/// The rows whose rule holds, with their values: the highest first, of equal ones the lowest row. Made by
/// [`Index::best`](crate::targeting::Index::best).
///
/// Lazy: no row is looked at whose bound is not above the value of the row that comes next. As long as values
/// reach their bounds nothing is held.
#[derive(Debug)]
pub struct Best<'s, V, B, F> {
    search: Search<'s>,
    /// How many more rows may be looked at, and handed out.
    looks: usize,
    most: usize,
    /// The first row that was not looked at.
    unseen: usize,
    /// How many rows there are.
    len: usize,
    bound: B,
    value: F,
    /// The best rows that were looked at, the best last: never more than may still be handed out.
    held: SmallVec<[(V, usize); HELD_INLINE]>,
}

impl<'s, V, B, F> Best<'s, V, B, F>
where
    V: Copy + Ord,
    B: Fn(usize) -> V,
    F: FnMut(usize) -> V,
{
    pub(super) fn new(
        search: Search<'s>,
        len: usize,
        (looks, most): (usize, usize),
        bound: B,
        value: F,
    ) -> Self {
        Self { search, looks, most, unseen: 0, len, bound, value, held: SmallVec::new() }
    }

    /// The first unseen row whose bound is not above `value`.
    fn end(&self, value: V) -> usize {
        let (mut low, mut high) = (self.unseen, self.len);
        // Mostly it is the next one: as long as values reach their bounds.
        if low < high && (self.bound)(low) <= value {
            return low;
        }
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

    /// Holds `row`, which comes after all that are held; if too many are, the worst of them is let go.
    fn hold(&mut self, value: V, row: usize) {
        let at = self.held.partition_point(|(held, _)| *held < value);
        if self.held.len() < self.most {
            self.held.insert(at, (value, row));
        } else if let Some(better) = at.checked_sub(1) {
            self.held.copy_within(1..at, 0);
            self.held[better] = (value, row);
        }
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
        // Rows from there on are not better than the best that is held.
        let mut end = self.held.last().map_or(self.len, |(best, _)| self.end(*best));
        while self.looks > 0 && self.most > 0 && self.unseen < end {
            let Some(row) = self.search.next_before(end) else {
                self.unseen = end;
                break;
            };
            self.unseen = row + 1;
            self.looks -= 1;
            let value = (self.value)(row);
            debug_assert!(value <= (self.bound)(row), "the value of row {row} is above its bound");
            if self.held.last().is_none_or(|(best, _)| *best < value) {
                end = self.end(value);
            }
            self.hold(value, row);
        }
        let (value, row) = self.held.pop()?;
        self.most -= 1;
        Some((row, value))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::{ProptestConfig, any, proptest};

    use crate::targeting::fixture::{NOW, Random, random_catalog, random_person, random_request};
    use crate::targeting::{Index, Known, Rows, Scene};
    use crate::units::ExchangeId;

    /// Compares the `most` best rows with the full scan's, and holds that no row was looked at in vain.
    #[track_caller]
    fn check(index: &Index, scene: &Scene<'_>, live: &Rows, bounds: &[usize], values: &[usize], most: usize) {
        let mut scan: Vec<(usize, usize)> =
            index.search(scene, live, 0).map(|row| (row, values[row])).collect();
        scan.sort_by_key(|(row, value)| (std::cmp::Reverse(*value), *row));
        scan.truncate(most);
        let looked_at = RefCell::new(Vec::new());
        let value = |row: usize| {
            looked_at.borrow_mut().push(row);
            values[row]
        };
        let mut best = index.best(scene, live, (usize::MAX, most), |row| bounds[row], value);
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
                let most = random.pick(&[0, 1, 7, usize::MAX]);
                check(&index, &scene, &live, &bounds, &values, most);
            }
        }
    }
}
