//! A column of whole numbers as bytes: its least value, and of each value how far it is above, in as few bytes as the
//! widest needs. A column of one value takes none.
//!
//! Under the blocks of a day's figures. What is read here has passed a checksum, and is bounded all the same: whatever
//! the bytes say, nothing is read beyond their end. Deliberately absent: compression, which costs more to undo than the
//! bytes that it saves cost to read.

/// How many values are taken out of columns at a time.
pub(in crate::shell::figures) const CHUNK: usize = 1_024;

/// Bytes that are read from their beginning on, never beyond their end.
#[derive(Debug, Clone, Copy)]
pub(in crate::shell::figures) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(in crate::shell::figures) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The next `count` bytes; `None` if there are not so many.
    pub(in crate::shell::figures) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.bytes.split_at_checked(count)?;
        self.bytes = left;
        Some(taken)
    }

    /// A number of 8 bytes.
    pub(in crate::shell::figures) fn number(&mut self) -> Option<i64> {
        let (taken, left) = self.bytes.split_first_chunk::<8>()?;
        self.bytes = left;
        Some(i64::from_le_bytes(*taken))
    }

    /// A count that stands before that many things of at least `least` bytes each.
    pub(in crate::shell::figures) fn count(&mut self, least: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count.checked_mul(least)? <= self.bytes.len()).then_some(count)
    }

    /// True if all is read.
    pub(in crate::shell::figures) const fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Appends a number of 8 bytes.
pub(in crate::shell::figures) fn put_number(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Appends a count.
pub(in crate::shell::figures) fn put_count(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(count as u64).to_le_bytes());
}

/// One column of `len` values.
#[derive(Debug, Clone, Copy)]
pub(in crate::shell::figures) struct Numbers<'a> {
    base: i64,
    width: usize,
    bytes: &'a [u8],
}

/// Appends `values` as a column.
pub(in crate::shell::figures) fn put_column(values: &[i64], out: &mut Vec<u8>) {
    let base = values.iter().copied().min().unwrap_or(0);
    let most = values.iter().copied().max().unwrap_or(0);
    let above = |value: i64| value.wrapping_sub(base).cast_unsigned();
    let width = (u64::BITS - above(most).leading_zeros()).div_ceil(8) as usize;
    put_number(base, out);
    out.push(u8::try_from(width).expect("a number has 8 bytes at most"));
    out.reserve(values.len() * width);
    for value in values {
        out.extend_from_slice(&above(*value).to_le_bytes()[..width]);
    }
}

impl<'a> Numbers<'a> {
    /// The next column of `reader`, of `len` values; `None` if there is none.
    pub(in crate::shell::figures) fn read(reader: &mut Reader<'a>, len: usize) -> Option<Self> {
        let base = reader.number()?;
        let width = usize::from(*reader.take(1)?.first()?);
        if width > 8 {
            return None;
        }
        Some(Self { base, width, bytes: reader.take(len.checked_mul(width)?)? })
    }

    /// Writes the values from the one of number `first` on into `out`.
    pub(in crate::shell::figures) fn fill(&self, first: usize, out: &mut [i64]) {
        let (from, to) = (first * self.width, (first + out.len()) * self.width);
        let bytes = self.bytes.get(from..to).unwrap_or_default();
        match self.width {
            1 => self.widen::<1>(bytes, out),
            2 => self.widen::<2>(bytes, out),
            3 => self.widen::<3>(bytes, out),
            4 => self.widen::<4>(bytes, out),
            5 => self.widen::<5>(bytes, out),
            6 => self.widen::<6>(bytes, out),
            7 => self.widen::<7>(bytes, out),
            8 => self.widen::<8>(bytes, out),
            _ => out.fill(self.base),
        }
    }

    fn widen<const WIDTH: usize>(&self, bytes: &[u8], out: &mut [i64]) {
        let (values, _) = bytes.as_chunks::<WIDTH>();
        for (out, value) in out.iter_mut().zip(values) {
            let mut wide = [0; 8];
            wide[..WIDTH].copy_from_slice(value);
            *out = self.base.wrapping_add(i64::from_le_bytes(wide));
        }
    }

    /// All `len` values.
    pub(in crate::shell::figures) fn all(&self, len: usize) -> Vec<i64> {
        let mut values = vec![0; len];
        self.fill(0, &mut values);
        values
    }
}

/// 64 bits of `bytes`, to find damage by: any change within eight bytes changes it for sure, any other one but for one
/// chance in 2^64. Nobody is kept from forging it.
pub(in crate::shell::figures) fn fingerprint(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    // Each step maps one state to one state for a given word, and one word to one state for a given state.
    let step = |state: u64, word: u64| (state ^ word).wrapping_mul(ODD).rotate_left(29);
    let mut lanes = [1_u64, 2, 3, 4];
    let (blocks, rest) = bytes.as_chunks::<32>();
    let add = |lanes: &mut [u64; 4], block: &[u8; 32]| {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = step(*lane, u64::from_le_bytes(*word));
        }
    };
    for block in blocks {
        add(&mut lanes, block);
    }
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    add(&mut lanes, &last);
    let sum = lanes.into_iter().fold(bytes.len() as u64, step);
    sum ^ (sum >> 32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, prop_assert_ne, proptest};

    use super::{Numbers, Reader, fingerprint, put_column};

    fn read_back(values: &[i64]) -> (usize, Vec<i64>) {
        let mut bytes = Vec::new();
        put_column(values, &mut bytes);
        let mut reader = Reader::new(&bytes);
        let numbers = Numbers::read(&mut reader, values.len()).unwrap();
        assert!(reader.is_at_end());
        (bytes.len(), numbers.all(values.len()))
    }

    #[test]
    fn a_column_of_one_value_takes_no_bytes_for_it() {
        assert_eq!(read_back(&[7; 1_000]), (9, vec![7; 1_000]));
        assert_eq!(read_back(&[]), (9, vec![]));
    }

    #[test]
    fn a_column_takes_what_its_widest_value_needs() {
        for (values, width) in
            [([5, 260], 1), ([5, 261], 2), ([-1, 0xff_ffff - 1], 3), ([i64::MIN, i64::MAX], 8)]
        {
            assert_eq!(read_back(&values), (9 + 2 * width, values.to_vec()), "{values:?}");
        }
    }

    #[test]
    fn a_column_that_ends_too_early_is_none() {
        let mut bytes = Vec::new();
        put_column(&[1, 1_000_000], &mut bytes);
        bytes.pop();
        assert!(Numbers::read(&mut Reader::new(&bytes), 2).is_none());
        assert!(Numbers::read(&mut Reader::new(&bytes), usize::MAX).is_none());
        assert!(Reader::new(&i64::MAX.to_le_bytes()).count(1).is_none());
    }

    proptest! {
        #[test]
        fn every_column_reads_back(values: Vec<i64>, narrow: Vec<i16>) {
            prop_assert_eq!(read_back(&values).1, values);
            let narrow: Vec<i64> = narrow.into_iter().map(i64::from).collect();
            prop_assert_eq!(read_back(&narrow).1, narrow);
        }

        #[test]
        fn a_fingerprint_tells_every_byte_and_the_length(mut bytes: Vec<u8>, at: usize, by in 1_u8..) {
            let before = fingerprint(&bytes);
            bytes.push(0);
            prop_assert_ne!(fingerprint(&bytes), before);
            let before = fingerprint(&bytes);
            let at = at % bytes.len();
            bytes[at] ^= by;
            prop_assert_ne!(fingerprint(&bytes), before);
        }

        #[test]
        fn nothing_that_is_read_panics(bytes: Vec<u8>, len in any::<usize>()) {
            let mut reader = Reader::new(&bytes);
            let _ = Numbers::read(&mut reader, len).map(|numbers| numbers.fill(3, &mut [0; 4]));
        }
    }
}
