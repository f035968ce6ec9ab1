//! From addresses to records: the space of addresses cut into ranges, in order.
//!
//! The tree of a file takes a cache miss for nearly every bit of an address. Laid out as sorted starts of ranges, with a
//! table by the first 16 bits, a search touches a few lines of memory.

/// An address as a number.
pub(in crate::geo) trait Key: Copy + Ord {
    /// The first address.
    const FIRST: Self;

    /// Its first 16 bits.
    fn bucket(self) -> usize;

    /// The last address of the network of `prefix` bits that this one begins.
    fn last_of(self, prefix: u8) -> Self;

    /// The address after this; `None` after the last.
    fn next(self) -> Option<Self>;
}

impl Key for u32 {
    const FIRST: Self = 0;

    fn bucket(self) -> usize {
        usize::from(u16::try_from(self >> 16).expect("16 bits"))
    }

    fn last_of(self, prefix: u8) -> Self {
        self | Self::MAX.checked_shr(prefix.into()).unwrap_or(0)
    }

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Key for u128 {
    const FIRST: Self = 0;

    fn bucket(self) -> usize {
        usize::from(u16::try_from(self >> 112).expect("16 bits"))
    }

    fn last_of(self, prefix: u8) -> Self {
        self | Self::MAX.checked_shr(prefix.into()).unwrap_or(0)
    }

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

const BUCKETS: usize = 1 << 16;
/// The record of a range of which nothing is known.
const NOTHING: u32 = u32::MAX;

/// The space of addresses, cut into ranges. Made by adding networks in order, then [`Ranges::finish`].
#[derive(Debug)]
pub(in crate::geo) struct Ranges<K> {
    /// Where each range begins; it ends where the next begins.
    starts: Vec<K>,
    /// Of each range, the number of its record.
    records: Vec<u32>,
    /// For each first 16 bits, the first range that begins there or after.
    buckets: Vec<u32>,
    /// The first address that no network was added for; `None` at the end of the space.
    open: Option<K>,
}

impl<K: Key> Ranges<K> {
    pub(in crate::geo) fn new() -> Self {
        Self { starts: Vec::new(), records: Vec::new(), buckets: Vec::new(), open: Some(K::FIRST) }
    }

    /// Adds the network of `prefix` bits that `start` begins, behind all that were added before.
    pub(in crate::geo) fn add(&mut self, start: K, prefix: u8, record: Option<u32>) {
        if let Some(open) = self.open.filter(|open| *open < start) {
            self.begin(open, NOTHING);
        }
        self.begin(start, record.unwrap_or(NOTHING));
        self.open = start.last_of(prefix).next();
    }

    fn begin(&mut self, start: K, record: u32) {
        if self.records.last() != Some(&record) {
            self.starts.push(start);
            self.records.push(record);
        }
    }

    /// Ends the space and makes the table. Nothing may be added afterwards.
    pub(in crate::geo) fn finish(&mut self) {
        if let Some(open) = self.open.take() {
            self.begin(open, NOTHING);
        }
        self.buckets = Vec::with_capacity(BUCKETS + 1);
        let mut at = 0;
        for bucket in 0..=BUCKETS {
            at += self.starts[at..].iter().take_while(|start| start.bucket() < bucket).count();
            self.buckets.push(u32::try_from(at).expect("fewer ranges than a file has bytes"));
        }
        self.starts.shrink_to_fit();
        self.records.shrink_to_fit();
    }

    /// The number of the record of `key`.
    pub(in crate::geo) fn record(&self, key: K) -> Option<u32> {
        self.record_at(self.after(key))
    }

    /// The numbers of the records of the network of `prefix` bits that `key` begins, in order; `None` for a part of
    /// which nothing is known.
    pub(in crate::geo) fn records_of_network(&self, key: K, prefix: u8) -> impl Iterator<Item = Option<u32>> {
        let (after, last) = (self.after(key), key.last_of(prefix));
        let further = self.starts[after..].iter().take_while(move |start| **start <= last);
        let further = further.enumerate().map(move |(at, _)| self.record_at(after + at + 1));
        std::iter::once(self.record_at(after)).chain(further)
    }

    /// The place after the range of `key`.
    fn after(&self, key: K) -> usize {
        let bucket = key.bucket();
        let (from, to) = (self.buckets[bucket] as usize, self.buckets[bucket + 1] as usize);
        from + self.starts[from..to].partition_point(|start| *start <= key)
    }

    fn record_at(&self, after: usize) -> Option<u32> {
        let record = *self.records.get(after.checked_sub(1)?)?;
        (record != NOTHING).then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::rngs::SmallRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::Ranges;

    #[test]
    fn every_address_finds_the_record_of_its_network_and_no_other() {
        let seed = rand::random();
        eprintln!("seed {seed}");
        let mut random = SmallRng::seed_from_u64(seed);
        for _ in 0..50 {
            let mut networks = BTreeMap::new();
            for _ in 0..random.random_range(0..200) {
                let prefix = random.random_range(8..=32_u8);
                let start = random.random::<u32>() & !(u32::MAX.checked_shr(prefix.into()).unwrap_or(0));
                networks.insert(start, (prefix, random.random_range(0..3_u32)));
            }
            let mut ranges = Ranges::<u32>::new();
            let mut kept: Vec<(u32, u32, u32)> = Vec::new();
            for (start, (prefix, record)) in networks {
                let last = start | u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
                if kept.last().is_none_or(|(_, before, _)| *before < start) {
                    kept.push((start, last, record));
                    ranges.add(start, prefix, Some(record));
                }
            }
            ranges.finish();
            let edges = kept
                .iter()
                .flat_map(|(start, last, _)| [start.wrapping_sub(1), *start, *last, last.wrapping_add(1)]);
            let others: Vec<u32> = (0..200).map(|_| random.random()).chain([0, u32::MAX]).collect();
            for key in edges.chain(others) {
                let network = kept.iter().find(|(start, last, _)| (start..=last).contains(&&key));
                assert_eq!(ranges.record(key), network.map(|(.., record)| *record), "{key:#x}");
                let cut = key & !0xff;
                let mut parts: Vec<Option<u32>> = (cut..=cut | 0xff).map(|key| ranges.record(key)).collect();
                parts.dedup();
                assert!(ranges.records_of_network(cut, 24).eq(parts), "{cut:#x}");
            }
        }
    }

    #[test]
    fn without_a_network_nothing_is_known_and_with_all_of_them_everything_is() {
        let mut none = Ranges::<u128>::new();
        none.finish();
        assert_eq!((none.record(0), none.record(u128::MAX)), (None, None));
        let mut all = Ranges::<u128>::new();
        all.add(0, 0, Some(7));
        all.finish();
        assert_eq!((all.record(0), all.record(u128::MAX)), (Some(7), Some(7)));
        assert!(all.records_of_network(u128::MAX, 128).eq([Some(7)]));
    }
}
