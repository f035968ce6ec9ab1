//! The bytes of a token: fixed fields as they are, numbers as LEB128, signed ones in zigzag.

/// Far above the fields of a ticket at their longest, with the time of a click and the signature: 362 bytes.
const BYTES_MAX: usize = 448;

/// Appends fields. Every bid signs half a dozen tokens of forty fields, so it never asks for room.
///
/// # Panics
///
/// Above [`BYTES_MAX`] bytes: a ticket has grown.
#[derive(Debug)]
pub(in crate::notice) struct Writer {
    bytes: [u8; BYTES_MAX],
    length: usize,
}

impl Writer {
    pub(in crate::notice) const fn new() -> Self {
        Self { bytes: [0; BYTES_MAX], length: 0 }
    }

    #[inline]
    pub(in crate::notice) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    #[inline]
    pub(in crate::notice) fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes(&[(value & 0x7f) as u8 | 0x80]);
            value >>= 7;
        }
        self.bytes(&[(value & 0x7f) as u8]);
    }

    pub(in crate::notice) fn signed(&mut self, value: i64) {
        self.unsigned(value.cast_unsigned() << 1 ^ (value >> 63).cast_unsigned());
    }

    pub(in crate::notice) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }

    pub(in crate::notice) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Takes fields off the front; `None` where the bytes end early.
#[derive(Debug)]
pub(in crate::notice) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(in crate::notice) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(in crate::notice) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(in crate::notice) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*head)
    }

    pub(in crate::notice) fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(head)
    }

    pub(in crate::notice) fn id(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.array()?))
    }

    pub(in crate::notice) fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(in crate::notice) fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Reader, Writer};

    proptest! {
        #[test]
        fn numbers_come_back_as_they_went(signed in any::<i64>(), unsigned in any::<u64>()) {
            let mut out = Writer::new();
            out.signed(signed);
            out.unsigned(unsigned);
            let mut back = Reader::new(out.as_slice());
            prop_assert_eq!(back.signed(), Some(signed));
            prop_assert_eq!(back.unsigned(), Some(unsigned));
            prop_assert!(back.is_empty());
        }
    }
}
