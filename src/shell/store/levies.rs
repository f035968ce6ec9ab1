//! Further levies of one impression as the bytes of one column: fixed widths, little end first.

use crate::ttf::{Evidence, Exemption, Jurisdiction, Levy, Place, TaxLine};
use crate::units::{Nanos, RatePpm};

/// The bytes of `levies`.
pub(in crate::shell::store) fn to_bytes(levies: &[Levy]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(29 * levies.len());
    for Levy { place, space, data } in levies {
        bytes.extend_from_slice(place.jurisdiction.as_ref().map_or(b"\0\0", |found| found.code().as_bytes()));
        bytes.push(place.evidence.code());
        for line in [space, data] {
            bytes.extend_from_slice(&line.base.raw().to_le_bytes());
            bytes.extend_from_slice(&line.rate.ppm().to_le_bytes());
            bytes.push(line.exemption.map_or(0, Exemption::code));
        }
    }
    bytes
}

/// The levies of [`to_bytes`]; `None` if `bytes` are anything else.
pub(in crate::shell::store) fn from_bytes(mut bytes: &[u8]) -> Option<Vec<Levy>> {
    let mut levies = Vec::new();
    while !bytes.is_empty() {
        let jurisdiction = match take(&mut bytes)? {
            [0, 0] => None,
            code => Some(Jurisdiction::from_code(std::str::from_utf8(&code).ok()?)?),
        };
        let [evidence] = take(&mut bytes)?;
        let place = Place { jurisdiction, evidence: Evidence::from_code(evidence)? };
        levies.push(Levy { place, space: line(&mut bytes)?, data: line(&mut bytes)? });
    }
    Some(levies)
}

fn line(bytes: &mut &[u8]) -> Option<TaxLine> {
    let base = Nanos::from_raw(i64::from_le_bytes(take(bytes)?));
    let rate = RatePpm::from_ppm(u32::from_le_bytes(take(bytes)?))?;
    let exemption = match take(bytes)? {
        [0] => None,
        [code] => Some(Exemption::from_code(code)?),
    };
    Some(TaxLine { base, rate, exemption })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}
