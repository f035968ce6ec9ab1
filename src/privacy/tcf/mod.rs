//! TC strings of the European framework, TCF 2.0 to 2.3: what one of them says to one vendor.
//!
//! Read in one pass over the text, without a buffer. What is not asked is passed over: the consent
//! platform, its screen and language, the publisher's own purposes, and the vendors that a publisher
//! allowed in the days of out-of-band consent.
//!
//! Source: IAB Tech Lab, "Transparency and Consent String with Global Vendor & CMP List Formats", v2.3 of
//! April 2025; IAB Europe, "TCF Policies", 5.0.

use crate::privacy::bits::Bits;
use crate::privacy::purposes::STORE;
use crate::privacy::vendor::{Coding, VendorSignals};
use crate::privacy::{Purposes, SignalFault};
use crate::units::UnixMillis;

/// What a TC string says to one vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcString {
    /// When the choice was last changed, in steps of a tenth of a second.
    pub last_updated: UnixMillis,
    /// `TcfPolicyVersion`: 4 is TCF 2.2, 5 is TCF 2.3.
    pub policy_version: u8,
    /// `IsServiceSpecific`: given on one site or app, not on all.
    pub service_specific: bool,
    /// Special features that were opted in to; 1 is precise geolocation.
    pub special_features: SpecialFeatures,
    /// Purposes that were consented to.
    pub consents: Purposes,
    /// Purposes whose legitimate interest was told and not objected to.
    pub legitimate_interests: Purposes,
    /// `PurposeOneTreatment`: purpose 1 was not asked for, as the publisher's country would not have it.
    pub purpose_one_treatment: bool,
    /// `PublisherCC`, upper case.
    pub publisher_country: [u8; 2],
    /// What it says of the vendor.
    pub vendor: VendorSignals,
}

/// Special features 1 to 12.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpecialFeatures(u16);

impl SpecialFeatures {
    /// True if `feature` was opted in to.
    #[must_use]
    pub fn has(self, feature: u8) -> bool {
        (1..=12).contains(&feature) && self.0 >> (12 - feature) & 1 == 1
    }
}

/// The first policy under which legitimate interest does not hold for purposes 3 to 6 (TCF 2.2).
const NO_INTEREST_IN_PROFILES: u8 = 4;
/// The first policy under which the vendors that were disclosed must be listed (TCF 2.3).
const DISCLOSURE_MANDATORY: u8 = 5;
/// The first instant from which they must be listed under any policy: 1 March 2026, 0:00 UTC.
const DISCLOSURE_MANDATORY_FROM: UnixMillis = UnixMillis::from_raw(1_772_323_200_000);

impl TcString {
    /// What `text` says to `vendor`, an id of the Global Vendor List.
    ///
    /// # Errors
    ///
    /// [`SignalFault`] if it is not a TC string of version 2, ends too soon, has a range of vendors that is
    /// empty or leaves 1 to the highest id, or a segment twice or of no known type.
    pub fn read(text: &str, vendor: u16) -> Result<Self, SignalFault> {
        Self::read_segments(text, vendor).ok_or(SignalFault)
    }

    /// True if the vendor may process for `purpose`: as it was disclosed where it must be, the publisher
    /// does not forbid it, and there is consent, or legitimate interest in one of `declared`, the purposes
    /// for which the vendor declares legitimate interest (or flexibility) in the Global Vendor List.
    ///
    /// Legitimate interest never holds for purpose 1, nor for 3 to 6 from TCF 2.2 on. A purpose 1 that the
    /// publisher's country would not have asked for is not permitted by that: there is no consent.
    #[must_use]
    pub fn permits(&self, purpose: u8, declared: Purposes) -> bool {
        let vendor = &self.vendor;
        if !self.is_disclosed() || vendor.forbidden.has(purpose) {
            return false;
        }
        let consent = vendor.consent && self.consents.has(purpose) && !vendor.interest_required.has(purpose);
        let told = vendor.legitimate_interest && self.legitimate_interests.has(purpose);
        let interest = told && !vendor.consent_required.has(purpose) && vendor.disclosed != Some(false);
        consent || (interest && declared.has(purpose) && self.interest_can_hold(purpose))
    }

    /// True if the vendor was shown to the person, or the string is too old to have to tell. There,
    /// a list that leaves the vendor out takes legitimate interest alone, which needs to be told of first.
    #[must_use]
    pub fn is_disclosed(&self) -> bool {
        let mandatory =
            self.policy_version >= DISCLOSURE_MANDATORY || self.last_updated >= DISCLOSURE_MANDATORY_FROM;
        self.vendor.disclosed == Some(true) || !mandatory
    }

    fn interest_can_hold(&self, purpose: u8) -> bool {
        let profiles = (3..=6).contains(&purpose);
        purpose != STORE && !(profiles && self.policy_version >= NO_INTEREST_IN_PROFILES)
    }

    fn read_segments(text: &str, vendor: u16) -> Option<Self> {
        let mut segments = text.split('.');
        let mut tc = Self::read_core(&mut Bits::new(segments.next()?)?, vendor)?;
        tc.vendor.read_segments(segments, Coding::Fixed, vendor)?;
        Some(tc)
    }

    fn read_core(bits: &mut Bits<'_>, vendor: u16) -> Option<Self> {
        if bits.take(6)? != 2 {
            return None;
        }
        bits.skip(36)?;
        let deciseconds = i64::try_from(bits.take(36)?).ok()?;
        // Consent platform and its version, screen, language, version of the vendor list.
        bits.skip(12 + 12 + 6 + 12 + 12)?;
        let policy_version = bits.take_u8(6)?;
        let service_specific = bits.flag()?;
        // Non-standard texts.
        bits.skip(1)?;
        let special_features = SpecialFeatures(bits.take_u16(12)?);
        let consents = Purposes::from_field(bits.take(24)?);
        let legitimate_interests = Purposes::from_field(bits.take(24)?);
        let purpose_one_treatment = bits.flag()?;
        let publisher_country = [letter(bits)?, letter(bits)?];
        let mut signals = VendorSignals::read_lists(bits, Coding::Fixed, vendor)?;
        signals.read_restrictions(bits, Coding::Fixed, vendor)?;
        Some(Self {
            last_updated: UnixMillis::from_raw(deciseconds * 100),
            policy_version,
            service_specific,
            special_features,
            consents,
            legitimate_interests,
            purpose_one_treatment,
            publisher_country,
            vendor: signals,
        })
    }
}

/// A letter in six bits, `A` is zero.
fn letter(bits: &mut Bits<'_>) -> Option<u8> {
    Some(b'A' + bits.take_u8(6)?)
}

#[cfg(test)]
pub(in crate::privacy) mod tests;
