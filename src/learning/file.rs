//! A model as bytes: what it is, whether it is whole, and its weights that are not zero.
//!
//! All numbers stand little end first. The head has 56 bytes: `encan-ml`, the format's version and that of the fields (4
//! bytes each), the length of the body (8), the BLAKE3 hash of all of that and the body (32). The body: bits, biases,
//! span, delays, metrics, what was seen, the calibration, the weights by slot. Each list has its length before it, which
//! is held against what is left before room is made for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::FixedState;
use thiserror::Error;

use crate::learning::calibration::{Curve, KNOTS_MAX};
use crate::learning::model::Learnt;
use crate::learning::weight::{Entry, Key};
use crate::learning::{
    BITS_MAX, Calibration, Delays, FEATURES_VERSION, Measured, Metrics, Model, Seen, Span,
};
use crate::units::{CampaignId, LineItemId, Nanos, UnixMillis};

/// The version of the format. Raised with every change of what stands in the body.
pub const FORMAT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"encan-ml";
/// Of the head, apart from the hash.
const LABEL: usize = 24;
const HEAD: usize = LABEL + 32;
/// Beyond it no weight is learnt: nobody ever shows e^100 impressions.
const LOG_ODDS_MAX: f32 = 100.0;
/// Bytes of one weight, of what was seen of one, and the least of a campaign's curves.
const ENTRY_BYTES: usize = 30;
const SEEN_BYTES: usize = 40;
const CURVES_BYTES_MIN: usize = 10;

/// Why bytes are no model that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelFileError {
    /// They are something else.
    #[error("not a model: it does not begin with `encan-ml`")]
    NotAModel,
    /// Written by another version.
    #[error("the model has format {found}, this version reads {FORMAT_VERSION}")]
    Format {
        /// Its format.
        found: u32,
    },
    /// Learnt from fields that were taken or hashed otherwise.
    #[error("the model was learnt from fields of version {found}, this version has {FEATURES_VERSION}")]
    Features {
        /// Their version.
        found: u32,
    },
    /// The end is missing.
    #[error("the model is cut off: it has {found} bytes of {whole}")]
    Truncated {
        /// Bytes there are.
        found: u64,
        /// Bytes there should be.
        whole: u64,
    },
    /// Bytes were changed or added.
    #[error("the model is damaged: its checksum does not hold")]
    Damaged,
    /// It is whole, but says what cannot be.
    #[error("the model makes no sense: {0}")]
    Senseless(&'static str),
}

impl Model {
    /// The model as a file, with calibration and metrics. The same model gives the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = vec![];
        write_body(self, &mut body);
        let mut bytes = Vec::with_capacity(HEAD + body.len());
        bytes.extend(MAGIC);
        bytes.extend(FORMAT_VERSION.to_le_bytes());
        bytes.extend(FEATURES_VERSION.to_le_bytes());
        bytes.extend((body.len() as u64).to_le_bytes());
        let hash = checksum(&bytes, &body);
        bytes.extend(hash);
        bytes.extend(body);
        bytes
    }

    /// The model that [`Model::to_bytes`] wrote. Takes at most 128 MiB beside what the bytes themselves take.
    ///
    /// # Errors
    ///
    /// [`ModelFileError`], whatever the bytes are.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        let whole = bytes.strip_prefix(&MAGIC).ok_or(ModelFileError::NotAModel)?;
        let cut = |whole: u64| ModelFileError::Truncated { found: bytes.len() as u64, whole };
        let mut head = Reader(whole);
        let mut version = || head.u32().map_err(|_| cut(HEAD as u64));
        let (format, features) = (version()?, version()?);
        if format != FORMAT_VERSION {
            return Err(ModelFileError::Format { found: format });
        }
        if features != FEATURES_VERSION {
            return Err(ModelFileError::Features { found: features });
        }
        let length = head.u64().map_err(|_| cut(HEAD as u64))?;
        let hash = head.take::<32>().map_err(|_| cut(HEAD as u64))?;
        let body = head.0;
        if (body.len() as u64) < length {
            return Err(cut(length.saturating_add(HEAD as u64)));
        }
        if body.len() as u64 > length || checksum(&bytes[..LABEL], body) != hash {
            return Err(ModelFileError::Damaged);
        }
        read_body(&mut Reader(body)).map_err(ModelFileError::Senseless)
    }
}

fn checksum(label: &[u8], body: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(label).update(body).finalize().as_bytes()
}

fn write_body(model: &Model, out: &mut Vec<u8>) {
    let learnt = &model.learnt;
    out.extend(learnt.bits.to_le_bytes());
    write_f32s(&learnt.bias, out);
    out.push(learnt.span.is_some().into());
    if let Some(span) = learnt.span {
        out.extend(span.from.raw().to_le_bytes());
        out.extend(span.to.raw().to_le_bytes());
    }
    write_length(learnt.delays.shares().len(), out);
    for share in learnt.delays.shares() {
        out.extend(share.to_le_bytes());
    }
    out.push(model.measured.is_some().into());
    if let Some(measured) = &model.measured {
        write_metrics(&measured.clicks, out);
        write_metrics(&measured.conversions, out);
    }
    write_seen(&learnt.campaigns, |campaign| campaign.raw(), out);
    write_seen(&learnt.line_items, |line_item| line_item.raw(), out);
    write_calibration(&model.calibration, out);
    write_length(learnt.entries.len(), out);
    for entry in &learnt.entries {
        write_entry(entry, learnt.weights[entry.slot as usize], out);
    }
}

fn write_entry(entry: &Entry, weights: [f32; 2], out: &mut Vec<u8>) {
    out.extend(entry.slot.to_le_bytes());
    write_f32s(&weights, out);
    out.push(entry.key.place);
    out.push(entry.shared.into());
    for number in [entry.key.left, entry.key.right, entry.support[0], entry.support[1]] {
        out.extend(number.to_le_bytes());
    }
}

fn write_metrics(metrics: &Metrics, out: &mut Vec<u8>) {
    for number in [metrics.examples, metrics.outcomes, metrics.broken] {
        out.extend(number.to_le_bytes());
    }
    for number in [metrics.expected, metrics.log_loss, metrics.auc.unwrap_or(-1.0)] {
        out.extend(number.to_le_bytes());
    }
}

/// In the order of ids, so that the bytes are the same for the same model.
fn write_seen<K: Copy>(seen: &HashMap<K, Seen, FixedState>, raw: impl Fn(K) -> u64, out: &mut Vec<u8>) {
    let mut rows: Vec<(u64, &Seen)> = seen.iter().map(|(id, seen)| (raw(*id), seen)).collect();
    rows.sort_by_key(|(id, _)| *id);
    write_length(rows.len(), out);
    for (id, seen) in rows {
        for number in [id, seen.impressions, seen.clicks, seen.conversions] {
            out.extend(number.to_le_bytes());
        }
        out.extend(seen.value.raw().to_le_bytes());
    }
}

fn write_calibration(calibration: &Calibration, out: &mut Vec<u8>) {
    for curve in &calibration.all {
        write_curve(Some(curve), out);
    }
    let mut rows: Vec<_> = calibration.campaigns.iter().collect();
    rows.sort_by_key(|(campaign, _)| **campaign);
    write_length(rows.len(), out);
    for (campaign, curves) in rows {
        out.extend(campaign.raw().to_le_bytes());
        for curve in curves {
            write_curve(curve.as_ref(), out);
        }
    }
}

/// The number of knots, which is at most 64, then them; 255 for no curve.
fn write_curve(curve: Option<&Curve>, out: &mut Vec<u8>) {
    let Some(curve) = curve else { return out.push(u8::MAX) };
    out.push(u8::try_from(curve.knots().len()).unwrap_or(u8::MAX));
    for knot in curve.knots() {
        write_f32s(knot, out);
    }
}

fn write_f32s(numbers: &[f32], out: &mut Vec<u8>) {
    for number in numbers {
        out.extend(number.to_le_bytes());
    }
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    out.extend((length as u64).to_le_bytes());
}

const SHORT: &str = "it ends before it is complete";
const NO_NUMBER: &str = "a weight is no number";

fn read_body(from: &mut Reader<'_>) -> Result<Model, &'static str> {
    let bits = from.u32()?;
    if bits > BITS_MAX {
        return Err("it has more weights than a model may");
    }
    let bias = [from.log_odds()?, from.log_odds()?];
    let span = if from.flag()? {
        let (from, to) = (from.i64()?, from.i64()?);
        Some(Span { from: UnixMillis::from_raw(from), to: UnixMillis::from_raw(to) })
    } else {
        None
    };
    let shares = (0..from.length(8)?).map(|_| from.f64()).collect::<Result<Vec<_>, _>>()?;
    let delays = Delays::from_shares(&shares).ok_or("its delays are no curve")?;
    let measured = if from.flag()? {
        Some(Measured { clicks: from.metrics()?, conversions: from.metrics()? })
    } else {
        None
    };
    let campaigns = from.seen(CampaignId::from_raw)?;
    let line_items = from.seen(LineItemId::from_raw)?;
    let calibration = from.calibration()?;
    let mut weights = vec![[0.0; 2]; 1 << bits];
    let entries = from.entries(&mut weights)?;
    if !from.0.is_empty() {
        return Err("something stands behind its end");
    }
    let learnt = Learnt { bits, bias, weights, entries, campaigns, line_items, delays, span };
    Ok(Model { learnt: Arc::new(learnt), calibration: Arc::new(calibration), measured })
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn u8(&mut self) -> Result<u8, &'static str> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn flag(&mut self) -> Result<bool, &'static str> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a flag is neither 0 nor 1"),
        }
    }

    fn u32(&mut self) -> Result<u32, &'static str> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, &'static str> {
        self.take().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64, &'static str> {
        self.take().map(i64::from_le_bytes)
    }

    fn f32(&mut self) -> Result<f32, &'static str> {
        let number = self.take().map(f32::from_le_bytes)?;
        if number.is_finite() { Ok(number) } else { Err(NO_NUMBER) }
    }

    /// A number that log-odds can be added up of.
    fn log_odds(&mut self) -> Result<f32, &'static str> {
        let number = self.f32()?;
        if number.abs() <= LOG_ODDS_MAX { Ok(number) } else { Err("a weight is out of range") }
    }

    fn f64(&mut self) -> Result<f64, &'static str> {
        let number = self.take().map(f64::from_le_bytes)?;
        if number.is_finite() { Ok(number) } else { Err(NO_NUMBER) }
    }

    /// The length of a list whose elements have at least `bytes` each: as many as can be there.
    fn length(&mut self, bytes: usize) -> Result<usize, &'static str> {
        let length = usize::try_from(self.u64()?).map_err(|_| SHORT)?;
        if length <= self.0.len() / bytes { Ok(length) } else { Err(SHORT) }
    }

    fn metrics(&mut self) -> Result<Metrics, &'static str> {
        let [examples, outcomes, broken] = [self.u64()?, self.u64()?, self.u64()?];
        let [expected, log_loss, auc] = [self.f64()?, self.f64()?, self.f64()?];
        let auc = Some(auc).filter(|auc| *auc >= 0.0);
        Ok(Metrics { examples, outcomes, expected, log_loss, auc, broken })
    }

    fn seen<K: Eq + Hash>(
        &mut self,
        id: impl Fn(u64) -> K,
    ) -> Result<HashMap<K, Seen, FixedState>, &'static str> {
        let rows = (0..self.length(SEEN_BYTES)?).map(|_| {
            let key = id(self.u64()?);
            let [impressions, clicks, conversions] = [self.u64()?, self.u64()?, self.u64()?];
            let value = Nanos::from_raw(self.i64()?);
            Ok((key, Seen { impressions, clicks, conversions, value }))
        });
        rows.collect()
    }

    fn calibration(&mut self) -> Result<Calibration, &'static str> {
        let all = [self.curve()?.unwrap_or_default(), self.curve()?.unwrap_or_default()];
        let rows = (0..self.length(CURVES_BYTES_MIN)?)
            .map(|_| Ok((CampaignId::from_raw(self.u64()?), [self.curve()?, self.curve()?])));
        let campaigns = rows.collect::<Result<_, &'static str>>()?;
        Ok(Calibration { all, campaigns })
    }

    fn curve(&mut self) -> Result<Option<Curve>, &'static str> {
        let knots = usize::from(self.u8()?);
        if knots == usize::from(u8::MAX) {
            return Ok(None);
        }
        if knots > KNOTS_MAX {
            return Err("a calibration has too many knots");
        }
        let knots =
            (0..knots).map(|_| Ok([self.f32()?, self.f32()?])).collect::<Result<_, &'static str>>()?;
        Curve::new(knots).map(Some).ok_or("a calibration does not rise")
    }

    /// The entries, whose weights are put in their places.
    fn entries(&mut self, weights: &mut [[f32; 2]]) -> Result<Vec<Entry>, &'static str> {
        let mut entries: Vec<Entry> = vec![];
        for _ in 0..self.length(ENTRY_BYTES)? {
            let slot = self.u32()?;
            if entries.last().is_some_and(|last| last.slot >= slot) {
                return Err("its weights are not in order");
            }
            *weights.get_mut(slot as usize).ok_or("a weight has no place")? =
                [self.log_odds()?, self.log_odds()?];
            let (place, shared) = (self.u8()?, self.flag()?);
            let [left, right] = [self.u32()?, self.u32()?];
            let support = [self.u32()?, self.u32()?];
            entries.push(Entry { slot, key: Key { place, left, right }, support, shared });
        }
        Ok(entries)
    }
}
