//! What a consent string says of one vendor: lists of vendors are walked, and one is looked for.

use crate::privacy::Purposes;
use crate::privacy::bits::Bits;

/// What a consent string says of one vendor. In Canada, legitimate interest reads as implied consent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VendorSignals {
    /// The vendor was consented to.
    pub consent: bool,
    /// The vendor's legitimate interest was told and not objected to.
    pub legitimate_interest: bool,
    /// Whether the vendor was shown to the person; `None` if the string does not list who was.
    pub disclosed: Option<bool>,
    /// Purposes that the publisher forbids the vendor (restriction type 0, and 3, which is not defined).
    pub forbidden: Purposes,
    /// Purposes for which the publisher wants consent (restriction type 1).
    pub consent_required: Purposes,
    /// Purposes for which the publisher wants legitimate interest (restriction type 2).
    pub interest_required: Purposes,
}

/// How the ranges of a list are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::privacy) enum Coding {
    /// Every id has sixteen bits: TCF.
    Fixed,
    /// Every id is the distance from the one before, in Fibonacci coding: GPP.
    Fibonacci,
}

impl VendorSignals {
    /// The two lists at the end of a core segment: consent, then legitimate interest.
    pub(in crate::privacy) fn read_lists(bits: &mut Bits<'_>, coding: Coding, own: u16) -> Option<Self> {
        let consent = in_list(bits, coding, own)?;
        let legitimate_interest = in_list(bits, coding, own)?;
        Some(Self { consent, legitimate_interest, ..Self::default() })
    }

    /// What the publisher restricts. It holds also where a string is not service specific: it should have
    /// none then, and whoever wrote some wanted less.
    pub(in crate::privacy) fn read_restrictions(
        &mut self,
        bits: &mut Bits<'_>,
        coding: Coding,
        own: u16,
    ) -> Option<()> {
        for _ in 0..bits.take(RESTRICTION_COUNT)? {
            let purpose = bits.take_u8(6)?;
            let kind = bits.take(2)?;
            let restricted = match coding {
                Coding::Fixed => in_ranges(bits, coding, own, u16::MAX)?,
                Coding::Fibonacci => in_list(bits, coding, own)?,
            };
            match kind {
                _ if !restricted => {}
                1 => self.consent_required.insert(purpose),
                2 => self.interest_required.insert(purpose),
                _ => self.forbidden.insert(purpose),
            }
        }
        Some(())
    }

    /// The segments behind the core. `None` also if one is there twice or of no known type.
    pub(in crate::privacy) fn read_segments<'a>(
        &mut self,
        segments: impl Iterator<Item = &'a str>,
        coding: Coding,
        own: u16,
    ) -> Option<()> {
        let mut seen = 0u8;
        for segment in segments {
            let mut bits = Bits::new(segment)?;
            let kind = bits.take_u8(3)?;
            match kind {
                1 => self.disclosed = Some(in_list(&mut bits, coding, own)?),
                // Vendors that a publisher allowed (obsolete), and the publisher's own purposes.
                2 | 3 => {}
                _ => return None,
            }
            if seen >> kind & 1 == 1 {
                return None;
            }
            seen |= 1 << kind;
        }
        Some(())
    }
}

/// Bits of the count of restrictions.
pub(in crate::privacy) const RESTRICTION_COUNT: u32 = 12;

/// Reads a list that opens with its highest id and is a bit for each id, or ranges. `None` if it ends too
/// soon, or holds a range that is empty or leaves 1 to the highest id.
fn in_list(bits: &mut Bits<'_>, coding: Coding, own: u16) -> Option<bool> {
    let highest = bits.take_u16(16)?;
    if bits.flag()? {
        return in_ranges(bits, coding, own, highest);
    }
    if own == 0 || own > highest {
        bits.skip(highest.into())?;
        return Some(false);
    }
    bits.skip(usize::from(own - 1))?;
    let listed = bits.flag()?;
    bits.skip(usize::from(highest - own))?;
    Some(listed)
}

/// Reads ranges that open with their count. Every range takes bits of its own, so a count that lies ends
/// with the text.
fn in_ranges(bits: &mut Bits<'_>, coding: Coding, own: u16, highest: u16) -> Option<bool> {
    let count = bits.take_u16(12)?;
    let mut listed = false;
    let mut last = 0;
    for _ in 0..count {
        let (first, end) = range(bits, coding, last)?;
        if first == 0 || first > end || end > highest {
            return None;
        }
        listed |= (first..=end).contains(&own);
        last = end;
    }
    Some(listed)
}

/// The first and the last id of the next range, which may be one; `last` is the id before it.
pub(in crate::privacy) fn range(bits: &mut Bits<'_>, coding: Coding, last: u16) -> Option<(u16, u16)> {
    let several = bits.flag()?;
    let next = |bits: &mut Bits<'_>, before: u16| match coding {
        Coding::Fixed => bits.take_u16(16),
        Coding::Fibonacci => before.checked_add(bits.fibonacci()?),
    };
    let first = next(bits, last)?;
    let end = if several { next(bits, first)? } else { first };
    Some((first, end))
}
