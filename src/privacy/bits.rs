//! Bits of a consent string: base64url text read in place, from the front, without a buffer.

/// A cursor over the bits that base64url text stands for, six a character, the highest first.
///
/// Reading past the end gives `None`, and so does every read after a character that is not base64url:
/// the text is checked as a whole when the cursor is made.
#[derive(Debug, Clone, Copy)]
pub(in crate::privacy) struct Bits<'a> {
    text: &'a [u8],
    /// The next bit; never past the end.
    at: usize,
}

/// The most bits that [`Bits::take`] gives at once: a date is the widest field there is.
const WIDEST: u32 = 36;
const SEXTET: usize = 6;

impl<'a> Bits<'a> {
    /// The bits of `text`; `None` if a character is not base64url. Padding with `=` is none: no version of
    /// the formats allows it.
    pub(in crate::privacy) fn new(text: &'a str) -> Option<Self> {
        let text = text.as_bytes();
        // One pass without a branch a character: nearly every text is sound.
        let seen = text.iter().fold(0, |seen, byte| seen | SEXTETS[usize::from(*byte)]);
        (seen < NOT_BASE64URL).then_some(Self { text, at: 0 })
    }

    /// Bits that are not read yet.
    pub(in crate::privacy) const fn left(&self) -> usize {
        self.text.len() * SEXTET - self.at
    }

    /// The next `width` bits as a number, at most 36.
    pub(in crate::privacy) fn take(&mut self, width: u32) -> Option<u64> {
        debug_assert!(width <= WIDEST, "no field has {width} bits");
        let end = self.ahead(width as usize)?;
        let mut value = 0;
        let (first, last) = (self.at / SEXTET, end.div_ceil(SEXTET));
        for byte in &self.text[first..last] {
            value = value << SEXTET | u64::from(SEXTETS[usize::from(*byte)]);
        }
        self.at = end;
        let behind = last * SEXTET - end;
        Some(value >> behind & ((1 << width) - 1))
    }

    /// The next bits as a small number; at most eight.
    pub(in crate::privacy) fn take_u8(&mut self, width: u32) -> Option<u8> {
        u8::try_from(self.take(width)?).ok()
    }

    /// The next bits as a number; at most sixteen.
    pub(in crate::privacy) fn take_u16(&mut self, width: u32) -> Option<u16> {
        u16::try_from(self.take(width)?).ok()
    }

    /// The next bit.
    pub(in crate::privacy) fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// Passes over `width` bits, in no time.
    pub(in crate::privacy) fn skip(&mut self, width: usize) -> Option<()> {
        self.at = self.ahead(width)?;
        Some(())
    }

    /// A number in Fibonacci coding: a bit for each of 1, 2, 3, 5, 8 ..., and a one behind the last that
    /// is set. `None` above 65,535, which no id exceeds.
    pub(in crate::privacy) fn fibonacci(&mut self) -> Option<u16> {
        let (mut term, mut next): (u32, u32) = (1, 2);
        let (mut sum, mut before) = (0, false);
        loop {
            let bit = self.flag()?;
            if bit && before {
                return u16::try_from(sum).ok();
            }
            sum += if bit { term } else { 0 };
            if sum > u32::from(u16::MAX) || term > u32::from(u16::MAX) {
                return None;
            }
            (term, next, before) = (next, term + next, bit);
        }
    }

    /// Where `width` bits further is, if that is not past the end.
    const fn ahead(&self, width: usize) -> Option<usize> {
        if width <= self.left() { Some(self.at + width) } else { None }
    }
}

/// Above every sextet.
const NOT_BASE64URL: u8 = 64;

/// What each byte stands for in base64url (RFC 4648, table 2).
const SEXTETS: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut sextets = [NOT_BASE64URL; 256];
    let mut sextet: u8 = 0;
    while sextet < NOT_BASE64URL {
        sextets[alphabet[sextet as usize] as usize] = sextet;
        sextet += 1;
    }
    sextets
};

#[cfg(test)]
mod tests {
    use super::Bits;
    use crate::privacy::sample::base64url;

    /// Fields of these widths are read from `text`, up to the first that is not there.
    #[track_caller]
    fn check(text: &str, widths: &[u32], want: &[u64]) {
        let mut bits = Bits::new(text).unwrap();
        let got: Vec<u64> = widths.iter().map_while(|width| bits.take(*width)).collect();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn fields_are_read_across_characters_from_the_highest_bit() {
        // 000011 000001 000000 000001 001100
        check("DBABM", &[6, 6, 12, 6], &[3, 1, 1, 12]);
        check("DBABM", &[30], &[0b00_0011_0000_0100_0000_0000_0100_1100]);
        check("DBABM", &[5, 1, 4, 14], &[1, 1, 0, 0b01_0000_0000_0001]);
        check("_-AA", &[6, 6], &[63, 62]);
        check("__________", &[1, 36, 23, 0], &[1, (1 << 36) - 1, (1 << 23) - 1, 0]);
    }

    #[test]
    fn nothing_is_read_past_the_end() {
        check("", &[0, 1], &[0]);
        check("AA", &[12, 0, 1], &[0, 0]);
        check("AA", &[13], &[]);
        let mut bits = Bits::new("AB").unwrap();
        assert_eq!((bits.skip(13), bits.skip(usize::MAX), bits.left()), (None, None, 12));
        assert_eq!((bits.skip(11), bits.flag(), bits.flag()), (Some(()), Some(true), None));
    }

    #[test]
    fn text_that_is_not_base64url_is_not_read_at_all() {
        for text in ["A=", "AAA+", "/", "A A", "é", "A.A", "A~A", "\0"] {
            assert!(Bits::new(text).is_none(), "{text}");
        }
    }

    /// `digits`, each a bit, hold this number in Fibonacci coding.
    #[track_caller]
    fn check_fibonacci(digits: &str, want: Option<u16>) {
        let text = base64url(digits);
        assert_eq!(Bits::new(&text).unwrap().fibonacci(), want, "{digits}");
    }

    #[test]
    fn a_fibonacci_number_ends_at_two_ones() {
        for (digits, want) in
            [("11", 1), ("011", 2), ("0011", 3), ("1011", 4), ("00011", 5), ("10011", 6), ("01011", 7)]
        {
            check_fibonacci(digits, Some(want));
        }
        check_fibonacci("000000", None);
        check_fibonacci("010101", None);
        check_fibonacci("", None);
    }

    #[test]
    fn a_fibonacci_number_of_more_than_sixteen_bits_is_none() {
        // 46,368 is the 23rd term; 46,368 + 17,711 + 1,597 = 65,676 is too much, and so is 75,025.
        check_fibonacci("000000000000000000000011", Some(46_368));
        check_fibonacci("000000000000000100001011", None);
        check_fibonacci("0000000000000000000000011", None);
        check_fibonacci(&"0".repeat(600), None);
    }
}
