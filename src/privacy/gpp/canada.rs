//! The Canadian section of a GPP string (5, `tcfcav1`): what it says to one vendor.
//!
//! Ranges of vendors were written like those of a TC string by the encoders of the first years, and are
//! written in Fibonacci coding, as the specification has it, since. A string does not say which. It is
//! read in both ways; a reading counts if it ends where the text does; and only what every reading that
//! counts permits is permitted.
//!
//! Source: IAB Canada, "TCF Canada", GPP extension 1.1.

use crate::privacy::bits::Bits;
use crate::privacy::vendor::{Coding, RESTRICTION_COUNT, VendorSignals};
use crate::privacy::{Purposes, SignalFault};

/// What a Canadian section says to one vendor, in one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CanadianString {
    /// Purposes with express consent.
    pub express: Purposes,
    /// Purposes with implied consent.
    pub implied: Purposes,
    /// What it says of the vendor: `consent` is express, `legitimate_interest` is implied consent.
    pub vendor: VendorSignals,
}

/// Bits that no encoder pads with: all fill up to 24 at most.
const PADDING: usize = 24;

impl CanadianString {
    /// The readings of `text` for `vendor`, one at least.
    ///
    /// # Errors
    ///
    /// [`SignalFault`] if there is none.
    pub fn read(text: &str, vendor: u16) -> Result<impl Iterator<Item = Self> + use<>, SignalFault> {
        let readings = [Coding::Fibonacci, Coding::Fixed].map(|coding| Self::read_as(text, coding, vendor));
        if readings.iter().all(Option::is_none) {
            return Err(SignalFault);
        }
        Ok(readings.into_iter().flatten())
    }

    /// True if the vendor may process for `purpose`, by express or implied consent.
    #[must_use]
    pub fn permits(&self, purpose: u8) -> bool {
        let vendor = &self.vendor;
        let express = vendor.consent && self.express.has(purpose) && !vendor.interest_required.has(purpose);
        let implied = vendor.legitimate_interest
            && self.implied.has(purpose)
            && !vendor.consent_required.has(purpose)
            && vendor.disclosed != Some(false);
        !vendor.forbidden.has(purpose) && (express || implied)
    }

    fn read_as(text: &str, coding: Coding, vendor: u16) -> Option<Self> {
        let mut segments = text.split('.');
        let mut canadian = Self::read_core(&mut Bits::new(segments.next()?)?, coding, vendor)?;
        canadian.vendor.read_segments(segments, coding, vendor)?;
        Some(canadian)
    }

    fn read_core(bits: &mut Bits<'_>, coding: Coding, vendor: u16) -> Option<Self> {
        if bits.take(6)? != 1 {
            return None;
        }
        // Dates, consent platform and its version, screen, language, versions of vendor list and policy,
        // non-standard texts, special features.
        bits.skip(36 + 36 + 12 + 12 + 6 + 12 + 12 + 6 + 1 + 12)?;
        let express = Purposes::from_field(bits.take(24)?);
        let implied = Purposes::from_field(bits.take(24)?);
        let mut signals = VendorSignals::read_lists(bits, coding, vendor)?;
        // Version 1.0 of the section has no restrictions.
        if bits.left() >= RESTRICTION_COUNT as usize {
            signals.read_restrictions(bits, coding, vendor)?;
        }
        let padded = bits.left() < PADDING && bits.take(u32::try_from(bits.left()).ok()?)? == 0;
        padded.then_some(Self { express, implied, vendor: signals })
    }
}
