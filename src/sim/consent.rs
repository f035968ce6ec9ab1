//! Consent strings as consent platforms write them: TCF 2.3 in full, GPP around it or in its US forms.

use crate::units::UnixMillis;

/// What a TC string says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choices {
    /// All purposes and vendors, or none.
    pub(crate) granted: bool,
    /// Vendors are listed up to this number.
    pub(crate) vendors: u32,
    /// Mixed into the vendors' bits: nine in ten are granted.
    pub(crate) seed: u64,
    /// Two letters of the language, lower case.
    pub(crate) language: [u8; 2],
    /// When it was given.
    pub(crate) given: UnixMillis,
}

/// Appends a TC string, with the segment of disclosed vendors that TCF 2.3 asks for.
///
/// Source: IAB Europe, "Transparency and Consent String with Global Vendor & CMP List Formats", v2.3.
pub(crate) fn write_tc_string(out: &mut Vec<u8>, choices: Choices) {
    let mut bits = Bits::new(out);
    let decisecond = u64::try_from(choices.given.raw()).unwrap_or(0) / 100;
    let purposes = if choices.granted { 0b1111_1111_1110_0000_0000_0000 } else { 0 };
    bits.push(2, 6);
    bits.push(decisecond, 36);
    bits.push(decisecond, 36);
    bits.push(10 + choices.seed % 400, 12);
    bits.push(1, 12);
    bits.push(1, 6);
    for letter in choices.language {
        bits.push(u64::from(letter.wrapping_sub(b'a')), 6);
    }
    bits.push(312, 12);
    bits.push(5, 6);
    bits.push(0b10, 2);
    // Precise geolocation goes with the rest.
    bits.push(u64::from(choices.granted) << 11, 12);
    bits.push(purposes, 24);
    // Legitimate interest was taken away from purposes 3 to 6.
    bits.push(purposes & 0b0100_0011_1110_0000_0000_0000, 24);
    bits.push(0, 1);
    bits.push(5, 6);
    bits.push(17, 6);
    vendors(&mut bits, choices, choices.seed);
    vendors(&mut bits, Choices { vendors: choices.vendors.min(64), ..choices }, !choices.seed);
    bits.push(0, 12);
    bits.finish();
    out.push(b'.');
    let mut bits = Bits::new(out);
    bits.push(1, 3);
    disclosed(&mut bits, choices.vendors.min(256));
    bits.finish();
}

/// Appends a GPP string of the section `tcfeuv2`.
pub(crate) fn write_gpp_eu(out: &mut Vec<u8>, choices: Choices) {
    out.extend_from_slice(b"DBABMA~");
    write_tc_string(out, choices);
}

/// GPP strings of US sections with the sections they hold, and the US privacy string of the same choice.
///
/// Source: IAB Tech Lab, "Global Privacy Platform", examples; the last one opts out of sale.
pub(crate) const US: [(&str, u32, &str); 3] =
    [("DBABLA~BVQqAAAAAgA.QA", 7, "1YNN"), ("DBABTA~1YNN", 6, "1YNN"), ("DBABTA~1YYN", 6, "1YYN")];

/// A vendor section as a bit field.
fn vendors(bits: &mut Bits, choices: Choices, seed: u64) {
    bits.push(u64::from(choices.vendors), 16);
    bits.push(0, 1);
    let mut state = seed | 1;
    for _ in 0..choices.vendors {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        bits.push(u64::from(choices.granted && state >> 60 != 0), 1);
    }
}

/// All vendors up to `highest`, as a bit field: whoever is asked for is shown.
fn disclosed(bits: &mut Bits, highest: u32) {
    bits.push(u64::from(highest), 16);
    bits.push(0, 1);
    for _ in 0..highest {
        bits.push(1, 1);
    }
}

/// Bits on their way to base64url without padding.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
    total: u32,
}

impl<'a> Bits<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, held: 0, count: 0, total: 0 }
    }

    /// Appends the low `width` bits of `value`, the highest first; at most 36.
    fn push(&mut self, value: u64, width: u32) {
        self.held = self.held << width | (value & ((1 << width) - 1));
        self.count += width;
        self.total += width;
        while self.count >= 6 {
            self.count -= 6;
            self.out.push(base64url(self.held >> self.count));
        }
        self.held &= (1 << self.count) - 1;
    }

    /// Appends the bits left over, filled up with zeros to whole bytes, then to a letter.
    fn finish(mut self) {
        self.push(0, self.total.next_multiple_of(8) - self.total);
        if self.count > 0 {
            self.push(0, 6 - self.count);
        }
    }
}

fn base64url(sextet: u64) -> u8 {
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(sextet & 63) as usize]
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::{Choices, US, write_gpp_eu, write_tc_string};
    use crate::privacy::{GppString, Purposes, TcString, UsSection, opted_out_of_sale};
    use crate::units::UnixMillis;

    #[test]
    fn a_tc_string_opens_with_its_version_and_both_dates() {
        let given = UnixMillis::from_raw(1_782_000_000_000);
        let mut out = Vec::new();
        write_tc_string(&mut out, Choices { granted: true, vendors: 100, seed: 3, language: *b"fr", given });
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with('C'), "version 2 is C: {text}");
        assert_eq!(text[1..7], text[7..13], "created and updated");
        assert!(text.contains('.'), "disclosed vendors are there: {text}");
    }

    #[test]
    fn every_segment_is_strict_base64_of_the_length_its_vendors_need() {
        for vendors in 1..200u32 {
            let given = UnixMillis::from_raw(1_782_000_000_000);
            let mut out = Vec::new();
            write_tc_string(&mut out, Choices { granted: true, vendors, seed: 3, language: *b"fr", given });
            let text = String::from_utf8(out).unwrap();
            let segments: Vec<Vec<u8>> =
                text.split('.').map(|segment| URL_SAFE_NO_PAD.decode(segment).unwrap()).collect();
            // Core fields, two vendor sections with their heads, and the count of restrictions.
            let core_bits = 213 + (17 + vendors) + (17 + vendors.min(64)) + 12;
            assert_eq!(segments[0].len(), core_bits.div_ceil(8) as usize);
            assert_eq!(segments[1].len(), (3 + 17 + vendors).div_ceil(8) as usize);
            assert_eq!(segments[0][0] >> 2, 2, "version");
            assert_eq!(segments[1][0] >> 5, 1, "disclosed vendors");
        }
    }

    #[test]
    fn a_string_permits_nine_vendors_in_ten_if_all_was_granted_and_else_none() {
        let permitted = |granted: bool, vendor: u16| {
            (0..1_000u64).filter(move |seed| {
                let given = UnixMillis::from_raw(1_782_000_000_000);
                let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let mut out = Vec::new();
                write_gpp_eu(&mut out, Choices { granted, vendors: 20, seed, language: *b"fr", given });
                let text = String::from_utf8(out).unwrap();
                let section = GppString::read(&text).unwrap().section(2).unwrap();
                let tc = TcString::read(section, vendor).unwrap();
                assert!(tc.is_disclosed() || vendor > 20, "{text}");
                (1..=4).chain([7]).all(|purpose| tc.permits(purpose, Purposes::NONE))
            })
        };
        for vendor in [1, 10, 20] {
            assert!((850..1_000).contains(&permitted(true, vendor).count()), "vendor {vendor}");
            assert_eq!(permitted(false, vendor).count(), 0);
        }
        assert_eq!(permitted(true, 21).count(), 0, "not in the list");
    }

    #[test]
    fn of_the_us_strings_the_last_alone_opts_out() {
        for (at, (gpp, id, us_privacy)) in US.into_iter().enumerate() {
            let section = GppString::read(gpp).unwrap().section(id.try_into().unwrap()).unwrap();
            let opted_out = match id {
                6 => opted_out_of_sale(section).unwrap(),
                _ => UsSection::read(7, section).unwrap().unwrap().refusal().is_some(),
            };
            assert_eq!((opted_out, opted_out_of_sale(us_privacy).unwrap()), (at == 2, at == 2), "{gpp}");
        }
    }
}
