//! What stands before each block of a day's file: of which events it is, and how its bytes are known again.

use crate::ledger::{Digest, ENCODING_VERSION};
use crate::shell::figures::numbers::fingerprint;
use crate::units::Day;

const MAGIC: &[u8; 8] = b"encancol";
/// Bumped with every change of what a block holds or how: files of another format are built anew.
const FORMAT: u32 = 3;

/// The head of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell::figures) struct Header {
    /// The UTC day under which its events are filed.
    pub(in crate::shell::figures) day: Day,
    /// Of its events.
    pub(in crate::shell::figures) digest: Digest,
    /// The ledger's commit up to which the file is complete with this block, if it was made beside it.
    pub(in crate::shell::figures) commit: u64,
    /// The first civil day of its bids.
    pub(in crate::shell::figures) first: Day,
    /// The last.
    pub(in crate::shell::figures) last: Day,
    /// Bytes behind the header.
    pub(in crate::shell::figures) len: u64,
    /// Of these.
    pub(in crate::shell::figures) fingerprint: u64,
}

impl Header {
    /// Bytes of a header.
    pub(in crate::shell::figures) const LEN: usize = 88;

    /// Its bytes.
    pub(in crate::shell::figures) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = Vec::with_capacity(Self::LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        // The digests are sums of checksums of that encoding.
        bytes.extend_from_slice(&u32::from(ENCODING_VERSION).to_le_bytes());
        bytes.extend_from_slice(&self.digest.events.to_le_bytes());
        bytes.extend_from_slice(&self.digest.sum.to_le_bytes());
        bytes.extend_from_slice(&self.commit.to_le_bytes());
        for day in [self.day, self.first, self.last, Day::default()] {
            bytes.extend_from_slice(&day.raw().to_le_bytes());
        }
        bytes.extend_from_slice(&self.len.to_le_bytes());
        bytes.extend_from_slice(&self.fingerprint.to_le_bytes());
        bytes.extend_from_slice(&fingerprint(&bytes).to_le_bytes());
        bytes.try_into().expect("the fields of a header")
    }

    /// The header of these bytes; `None` if they are not one of this format, or damaged.
    pub(in crate::shell::figures) fn from_bytes(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let mut rest = bytes.as_slice();
        let (_magic, _versions): ([u8; 8], [u8; 8]) = (take(&mut rest)?, take(&mut rest)?);
        let digest = Digest {
            events: u64::from_le_bytes(take(&mut rest)?),
            sum: u128::from_le_bytes(take(&mut rest)?),
        };
        let commit = u64::from_le_bytes(take(&mut rest)?);
        let mut day = || Some(Day::from_raw(i32::from_le_bytes(take(&mut rest)?)));
        let (filed, first, last, _room) = (day()?, day()?, day()?, day()?);
        let (len, fingerprint) = (u64::from_le_bytes(take(&mut rest)?), u64::from_le_bytes(take(&mut rest)?));
        let header = Self { day: filed, digest, commit, first, last, len, fingerprint };
        // What is written again is what was read only if nothing in it was changed.
        (header.to_bytes() == *bytes).then_some(header)
    }
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::Header;
    use crate::ledger::Digest;
    use crate::units::Day;

    const HEADER: Header = Header {
        day: Day::from_raw(20_000),
        digest: Digest { events: 3, sum: 1 << 100 },
        commit: 17,
        first: Day::from_raw(19_999),
        last: Day::from_raw(20_001),
        len: 1_000,
        fingerprint: 0x1234_5678_9abc_def0,
    };

    #[test]
    fn a_header_reads_back_and_no_changed_byte_does() {
        let bytes = HEADER.to_bytes();
        assert_eq!(Header::from_bytes(&bytes), Some(HEADER));
        for at in 0..bytes.len() {
            let mut changed = bytes;
            changed[at] ^= 1;
            assert_eq!(Header::from_bytes(&changed), None, "byte {at}");
        }
    }
}
