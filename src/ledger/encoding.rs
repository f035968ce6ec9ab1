//! An event as bytes, for its checksum: the same on every machine, and another for every other event.
//!
//! A store keeps the checksum beside the event; whoever reads both later can tell whether either was changed, and a
//! [`Digest`] of many whether one is missing or too many. Deliberately absent: reading events back from these bytes,
//! and secrecy. A checksum finds damage and edits by hand; somebody who knows this file can forge one.

use std::ops::AddAssign;

use crate::ledger::event::{BidFacts, Charge, Conversion, Correction, Event, EventKind, Playback, Source};
use crate::ledger::rate::DatedRate;
use crate::ttf::TaxLine;
use crate::units::{Day, Nanos, UnixMillis};

/// Begins every encoding. Bumped with every change of what follows: old checksums are then made anew by an upgrade.
pub const ENCODING_VERSION: u8 = 1;

/// 64 bits of the content of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum(u64);

impl Checksum {
    /// From its bits, as stored.
    #[must_use]
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// Its bits.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// Of any bytes: the first 8 of their BLAKE3 hash, little end first.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::first_of(&blake3::hash(bytes))
    }

    fn first_of(hash: &blake3::Hash) -> Self {
        let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        Self(u64::from_le_bytes(*first))
    }
}

/// The checksum of `event`; `buffer` is only room to work in, which a caller with many events keeps.
#[must_use]
pub fn checksum(event: &Event, buffer: &mut Vec<u8>) -> Checksum {
    buffer.clear();
    encode(event, buffer);
    Checksum::of_bytes(buffer)
}

/// Appends the encoding of `event`: fixed widths, little end first; before what may be absent a 0 or 1; before a
/// text its length.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    let mut to = Bytes(out);
    to.byte(ENCODING_VERSION);
    to.byte(event.kind.code());
    to.number(event.at.raw());
    to.bid(&event.bid);
    match &event.kind {
        EventKind::Win { price } => to.optional(price.map(|price| price.raw())),
        EventKind::Impression(charge) => to.charge(charge),
        EventKind::Loss { reason, min_to_win } => {
            to.optional(reason.map(i64::from));
            to.optional(min_to_win.map(|price| price.raw()));
        }
        EventKind::Playback(Playback::Error { code }) => to.optional(code.map(i64::from)),
        EventKind::View | EventKind::Click | EventKind::Playback(_) => {}
        EventKind::Conversion(conversion) => to.conversion(conversion),
        EventKind::Correction(correction) => to.correction(correction),
    }
    to.later(event);
}

/// Begins each part that was not told when the first checksums were made: an event without it has the checksum that it
/// had then.
#[repr(u8)]
enum Later {
    Setting = 1,
    Charge = 2,
    Conversion = 3,
    NoAcquisition = 4,
}

struct Bytes<'a>(&'a mut Vec<u8>);

impl Bytes<'_> {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn number(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn id(&mut self, id: u64) {
        self.0.extend_from_slice(&id.to_le_bytes());
    }

    fn optional(&mut self, number: Option<i64>) {
        self.byte(number.is_some().into());
        if let Some(number) = number {
            self.number(number);
        }
    }

    fn text(&mut self, text: &str) {
        self.id(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn optional_text(&mut self, text: Option<&str>) {
        self.byte(text.is_some().into());
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn bid(&mut self, bid: &BidFacts) {
        self.0.extend_from_slice(bid.id.as_bytes());
        self.number(bid.at.raw());
        self.number(bid.day.raw().into());
        for id in [
            bid.advertiser.raw(),
            bid.campaign.raw(),
            bid.line_item.raw(),
            bid.creative.raw(),
            bid.exchange.raw(),
            bid.lease.raw(),
        ] {
            self.id(id);
        }
        self.optional(bid.deal.map(|deal| deal.raw().cast_signed()));
        self.text(bid.currency.code());
        self.byte(bid.user.is_some().into());
        if let Some(user) = bid.user {
            self.0.extend_from_slice(user.as_bytes());
        }
        self.optional(bid.household.map(|household| household.raw().cast_signed()));
    }

    fn charge(&mut self, charge: &Charge) {
        self.number(charge.media.raw());
        self.number(charge.data.raw());
        self.0.extend_from_slice(&charge.fee.raw().to_le_bytes());
        self.id(charge.tax.scenario.raw());
        self.optional_text(charge.tax.place.jurisdiction.as_ref().map(|jurisdiction| jurisdiction.code()));
        self.byte(charge.tax.place.evidence.code());
        self.tax_line(&charge.tax.space);
        self.tax_line(&charge.tax.data);
        self.byte(charge.bearer.code());
        self.byte(charge.late.into());
        self.rate(charge.fx);
    }

    fn rate(&mut self, fx: Option<DatedRate>) {
        self.byte(fx.is_some().into());
        if let Some(DatedRate { from, rate, day }) = fx {
            let (target, per) = rate.parts();
            self.text(from.code());
            self.id(target);
            self.id(per);
            self.optional(day.map(|day| day.raw().into()));
        }
    }

    fn tax_line(&mut self, line: &TaxLine) {
        self.number(line.base.raw());
        self.number(line.rate.ppm().into());
        self.optional(line.exemption.map(|exemption| exemption.code().into()));
    }

    fn conversion(&mut self, conversion: &Conversion) {
        self.text(&conversion.kind);
        self.optional_text(conversion.order.as_deref());
        self.number(conversion.value.raw());
        let (touch, at) = conversion.touch.parts();
        self.byte(touch);
        self.number(at.unwrap_or_default().raw());
        self.rate(conversion.fx);
    }

    fn later(&mut self, event: &Event) {
        let setting = event.bid.setting.to_bytes();
        if !setting.is_empty() {
            self.byte(Later::Setting as u8);
            self.byte(u8::try_from(setting.len()).unwrap_or(u8::MAX));
            self.0.extend_from_slice(&setting);
        }
        match &event.kind {
            EventKind::Impression(charge) => self.later_charge(charge),
            EventKind::Correction(correction) => self.later_charge(&correction.charge),
            EventKind::Conversion(conversion) => self.later_conversion(conversion, event.at),
            _ => {}
        }
    }

    fn later_charge(&mut self, charge: &Charge) {
        let Charge { bid, to_beat, bearer, tax, .. } = charge;
        if bid.is_none() && to_beat.is_none() && bearer.share().is_none() && tax.more.is_empty() {
            return;
        }
        self.byte(Later::Charge as u8);
        self.optional(bid.map(Nanos::raw));
        self.optional(to_beat.map(Nanos::raw));
        self.optional(bearer.share().map(|share| share.ppm().into()));
        self.id(tax.more.len() as u64);
        for levy in &tax.more {
            self.optional_text(levy.place.jurisdiction.as_ref().map(|jurisdiction| jurisdiction.code()));
            self.byte(levy.place.evidence.code());
            self.tax_line(&levy.space);
            self.tax_line(&levy.data);
        }
    }

    fn later_conversion(&mut self, conversion: &Conversion, told: UnixMillis) {
        let Conversion { happened, lifetime, source, code, acquisition, .. } = conversion;
        let is_plain = *happened == told && *lifetime == Nanos::ZERO && *source == Source::Page;
        if !is_plain || code.is_some() {
            self.byte(Later::Conversion as u8);
            self.number(happened.raw());
            self.number(lifetime.raw());
            self.byte(*source as u8);
            self.optional_text(code.as_deref());
        }
        if !acquisition {
            self.byte(Later::NoAcquisition as u8);
        }
    }

    fn correction(&mut self, correction: &Correction) {
        self.0.extend_from_slice(correction.id.as_bytes());
        self.byte(correction.cause as u8);
        self.number(correction.impressions);
        self.charge(&correction.charge);
        self.number(correction.budget.raw());
        self.number(correction.disputed.raw());
        self.text(&correction.reason);
        self.text(&correction.author);
    }
}

/// How many events, and the sum of their checksums: a set of events in any order, so that one that is missing, added
/// or changed is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest {
    /// How many.
    pub events: u64,
    /// The sum of their checksums, modulo 2^128.
    pub sum: u128,
}

impl Digest {
    /// Adds one event.
    pub fn add(&mut self, checksum: Checksum) {
        *self += Self { events: 1, sum: checksum.raw().into() };
    }
}

impl AddAssign for Digest {
    fn add_assign(&mut self, other: Self) {
        self.events = self.events.wrapping_add(other.events);
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// Seals one commit of a journal to the one before it, whose seal is `former`: no commit can be changed, left out or
/// put elsewhere unseen. `keys` are those of its events, one behind the other; `events` is their digest.
#[must_use]
pub fn seal(former: Checksum, number: u64, keys: &[u8], events: Digest) -> Checksum {
    let mut hash = blake3::Hasher::new();
    hash.update(&[ENCODING_VERSION]);
    hash.update(&former.raw().to_le_bytes());
    hash.update(&number.to_le_bytes());
    hash.update(&events.events.to_le_bytes());
    hash.update(&events.sum.to_le_bytes());
    hash.update(keys);
    Checksum::first_of(&hash.finalize())
}

/// The UTC day under which an event is filed: that of its bid, by the bid's id; of a conversion and of a correction,
/// whose keys tell no time, that on which we were told. Held at the ends of what a day can be.
#[must_use]
pub fn filed_on(event: &Event) -> Day {
    let at = match event.kind {
        EventKind::Conversion(_) | EventKind::Correction(_) => event.at,
        _ => event.bid.id.minted_at(),
    };
    utc_day(at)
}

/// The UTC day of `at`, held at the ends of what a day can be.
#[must_use]
pub fn utc_day(at: UnixMillis) -> Day {
    let days = at.raw().div_euclid(86_400_000);
    Day::from_raw(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
}

#[cfg(test)]
mod tests;
