//! Landscapes as bytes, to keep them over a restart, and back. What is damaged is refused whole.
//!
//! Little-endian: `ENCANLND`, version, number of segments, segments by key, number of rows of sums, rows; then the first
//! 16 bytes of the BLAKE3 of all that. A segment lists only the sums that are not 0. Curves are not kept: they follow.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::landscape::arms::{Arms, ROWS_MAX, Sums};
use crate::landscape::counts::{Counts, Heap};
use crate::landscape::grid::START_MAX;
use crate::landscape::learn::{Learnt, Width};
use crate::landscape::{Landscapes, SEGMENTS_MAX};
use crate::units::{Cpm, Currency, ExchangeId, UnixMillis};

const MAGIC: [u8; 8] = *b"ENCANLND";
const VERSION: u16 = 1;
const CHECK_BYTES: usize = 16;
/// The highest sum that is believed: 2^32 a millisecond for a day, with room for forward decay.
const SUM_MAX: f64 = 1e40;

/// Why bytes are not landscapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DamagedLandscapes {
    /// They begin differently.
    #[error("not a file of landscapes: it does not begin with `ENCANLND`")]
    Foreign,
    /// Of another version of encan.
    #[error("landscapes have version {found}, version {VERSION} can be read")]
    Version {
        /// The version found.
        found: u16,
    },
    /// A byte is not as it was written.
    #[error("landscapes are damaged: the checksum does not match")]
    Checksum,
    /// The checksum is right, and what stands there is not possible.
    #[error("landscapes are damaged at byte {at}: {what}")]
    Impossible {
        /// Where.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

impl Landscapes {
    /// All that was learnt, and what shading saved. The same landscapes give the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(VERSION.to_le_bytes());
        let mut segments: Vec<_> = self.segments().iter().collect();
        segments.sort_by_key(|(key, _)| **key);
        out.extend(u32::try_from(segments.len()).unwrap_or(u32::MAX).to_le_bytes());
        for (key, learnt) in segments {
            write_segment(&mut out, *key, learnt);
        }
        out.extend(u32::try_from(self.arms().rows().count()).unwrap_or(u32::MAX).to_le_bytes());
        for (exchange, currency, sums) in self.arms().rows() {
            out.extend(exchange.raw().to_le_bytes());
            out.extend(currency.code().as_bytes());
            for sums in sums {
                out.extend(sums.bids.to_le_bytes());
                out.extend(sums.wins.to_le_bytes());
                for sum in [sums.worth, sums.paid, sums.paid_squared, sums.surplus, sums.surplus_squared] {
                    out.extend(sum.to_le_bytes());
                }
            }
        }
        let check = blake3::hash(&out);
        out.extend(&check.as_bytes()[..CHECK_BYTES]);
        out
    }

    /// What [`Landscapes::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// [`DamagedLandscapes`], for anything else; never a part of it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DamagedLandscapes> {
        if bytes.first_chunk() != Some(&MAGIC) {
            return Err(DamagedLandscapes::Foreign);
        }
        let Some((body, check)) = bytes.split_last_chunk::<CHECK_BYTES>() else {
            return Err(DamagedLandscapes::Checksum);
        };
        let mut reader = Reader { bytes: body, at: MAGIC.len() };
        let found = u16::from_le_bytes(reader.take()?);
        if found != VERSION {
            return Err(DamagedLandscapes::Version { found });
        }
        if blake3::hash(body).as_bytes()[..CHECK_BYTES] != *check {
            return Err(DamagedLandscapes::Checksum);
        }
        let count = reader.count(SEGMENTS_MAX, "more segments than are kept")?;
        let mut segments = HashMap::with_capacity_and_hasher(count, FixedState::default());
        for _ in 0..count {
            let (key, learnt) = reader.segment()?;
            if segments.insert(key, learnt).is_some() {
                return Err(reader.impossible("a segment twice"));
            }
        }
        let mut arms = Arms::default();
        for _ in 0..reader.count(ROWS_MAX, "more exchanges than are kept")? {
            let exchange = ExchangeId::from_raw(u64::from_le_bytes(reader.take()?));
            let code = reader.take::<3>()?;
            let currency = std::str::from_utf8(&code).ok().and_then(Currency::from_code);
            let currency = currency.ok_or_else(|| reader.impossible("no currency"))?;
            let sums = [reader.sums()?, reader.sums()?, reader.sums()?];
            arms.set(exchange, currency, sums);
        }
        if reader.at != body.len() {
            return Err(reader.impossible("more bytes than there should be"));
        }
        Ok(Self::new(segments, arms))
    }
}

fn write_segment(out: &mut Vec<u8>, key: u64, learnt: &Learnt) {
    let counts = &learnt.counts;
    out.extend(key.to_le_bytes());
    out.extend(learnt.wider.to_le_bytes());
    out.push(learnt.width as u8);
    out.extend(u16::try_from(counts.start).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(counts.landmark.raw().to_le_bytes());
    out.extend(counts.floors.to_le_bytes());
    out.extend(counts.total.to_le_bytes());
    write_sums(out, &counts.exact);
    write_sums(out, &counts.won);
    write_sums(out, &counts.lost);
    write_sums(out, &counts.heaps.map(|heap| heap.votes));
    for heap in counts.heaps.iter().filter(|heap| heap.votes > 0.0) {
        out.extend(heap.price.to_le_bytes());
    }
}

/// How many are not 0, then each with its place.
fn write_sums(out: &mut Vec<u8>, sums: &[f64]) {
    let told = || (0_u8..).zip(sums).filter(|(_, sum)| **sum > 0.0);
    out.push(u8::try_from(told().count()).unwrap_or(u8::MAX));
    for (place, sum) in told() {
        out.push(place);
        out.extend(sum.to_le_bytes());
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    const fn impossible(&self, what: &'static str) -> DamagedLandscapes {
        DamagedLandscapes::Impossible { at: self.at, what }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], DamagedLandscapes> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let chunk = rest.first_chunk().ok_or_else(|| self.impossible("it ends too soon"))?;
        self.at += N;
        Ok(*chunk)
    }

    fn count(&mut self, most: usize, what: &'static str) -> Result<usize, DamagedLandscapes> {
        let count = usize::try_from(u32::from_le_bytes(self.take()?)).unwrap_or(usize::MAX);
        if count > most { Err(self.impossible(what)) } else { Ok(count) }
    }

    fn sum(&mut self) -> Result<f64, DamagedLandscapes> {
        let sum = f64::from_le_bytes(self.take()?);
        if (0.0..=SUM_MAX).contains(&sum) { Ok(sum) } else { Err(self.impossible("no sum of weights")) }
    }

    fn sums_into(&mut self, sums: &mut [f64]) -> Result<(), DamagedLandscapes> {
        let mut from = 0;
        for _ in 0..self.take::<1>()?[0] {
            let place = usize::from(self.take::<1>()?[0]);
            if place < from || place >= sums.len() {
                return Err(self.impossible("a place out of order"));
            }
            sums[place] = self.sum()?;
            from = place + 1;
        }
        Ok(())
    }

    fn segment(&mut self) -> Result<(u64, Learnt), DamagedLandscapes> {
        let (key, wider) = (u64::from_le_bytes(self.take()?), u64::from_le_bytes(self.take()?));
        let width = match self.take::<1>()?[0] {
            0 => Width::All,
            1 => Width::Exchange,
            2 => Width::Narrow,
            _ => return Err(self.impossible("no width of a segment")),
        };
        let start = usize::from(u16::from_le_bytes(self.take()?));
        if start > START_MAX {
            return Err(self.impossible("a window above all prices"));
        }
        let landmark = UnixMillis::from_raw(i64::from_le_bytes(self.take()?));
        let mut counts = Counts { start, ..Counts::around(Cpm::ZERO, landmark) };
        (counts.floors, counts.total) = (self.sum()?, self.sum()?);
        self.sums_into(&mut counts.exact)?;
        self.sums_into(&mut counts.won)?;
        self.sums_into(&mut counts.lost)?;
        let mut votes = [0.0; crate::landscape::grid::BINS];
        self.sums_into(&mut votes)?;
        for (heap, votes) in counts.heaps.iter_mut().zip(votes).filter(|(_, votes)| *votes > 0.0) {
            let price = i64::from_le_bytes(self.take()?);
            if Cpm::from_micros(price).is_none() {
                return Err(self.impossible("no price"));
            }
            *heap = Heap { price, votes };
        }
        Ok((key, Learnt::new(width, wider, counts)))
    }

    fn sums(&mut self) -> Result<Sums, DamagedLandscapes> {
        let (bids, wins) = (u64::from_le_bytes(self.take()?), u64::from_le_bytes(self.take()?));
        let mut sum = || self.take().map(i128::from_le_bytes);
        Ok(Sums {
            bids,
            wins,
            worth: sum()?,
            paid: sum()?,
            paid_squared: sum()?,
            surplus: sum()?,
            surplus_squared: sum()?,
        })
    }
}
