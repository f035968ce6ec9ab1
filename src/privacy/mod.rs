//! Consent flags to [`Permissions`]: what may be known about the person behind a request.
//!
//! Second on the fast path, right after parsing: nobody reads an id before asking here. This version
//! reads flags and no consent string. Where a law applies whose string would have to be decoded (TCF,
//! GPP), the strict outcome is taken: the request is bid on by its context alone.
//!
//! Deliberately absent: decoding TC and GPP strings, vendor lists, and guessing a law from a place. A
//! request that leaves `regs.gdpr` out is not taken to be under the GDPR.

use std::fmt;

use crate::openrtb::{BidRequest, Regs};

/// What a request allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// True if ids, segments and counts of the person may be read and stored.
    pub identify: bool,
    /// Why not, if not: the first that applies, in the order of [`Restriction`].
    pub reason: Option<Restriction>,
}

impl Permissions {
    /// What `request` allows, by its flags.
    #[must_use]
    pub fn of(request: &BidRequest<'_>) -> Self {
        let reason = restriction(request);
        Self { identify: reason.is_none(), reason }
    }
}

/// Why a person may not be recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Restriction {
    /// `regs.coppa`: a child.
    Coppa,
    /// `device.lmt`.
    LimitAdTracking,
    /// `device.dnt`.
    DoNotTrack,
    /// `regs.gdpr`: the TC string is not decoded yet, so it counts as a refusal.
    Gdpr,
    /// The third character of `regs.us_privacy` is `Y`: opted out of sale.
    UsPrivacy,
    /// `regs.ext.gpc`.
    GlobalPrivacyControl,
    /// `regs.gpp_sid` names a law: the GPP string is not decoded yet, so it counts as a refusal.
    Gpp,
}

impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Coppa => "directed at children (coppa)",
            Self::LimitAdTracking => "ad tracking is limited (lmt)",
            Self::DoNotTrack => "do not track (dnt)",
            Self::Gdpr => "gdpr applies and consent is not read yet",
            Self::UsPrivacy => "opted out of sale (us_privacy)",
            Self::GlobalPrivacyControl => "global privacy control is on (gpc)",
            Self::Gpp => "a gpp section applies and is not read yet",
        })
    }
}

fn restriction(request: &BidRequest<'_>) -> Option<Restriction> {
    let regs = &request.regs;
    [
        (regs.coppa, Restriction::Coppa),
        (request.device.lmt, Restriction::LimitAdTracking),
        (request.device.dnt, Restriction::DoNotTrack),
        (regs.gdpr == Some(true), Restriction::Gdpr),
        (sale_refused(regs), Restriction::UsPrivacy),
        (regs.gpc, Restriction::GlobalPrivacyControl),
        (regs.gpp_sid.iter().any(|sid| is_law(*sid)), Restriction::Gpp),
    ]
    .into_iter()
    .find_map(|(applies, restriction)| applies.then_some(restriction))
}

/// Source: IAB US Privacy String 1.0: version, notice, opt-out of sale, LSPA.
fn sale_refused(regs: &Regs<'_>) -> bool {
    regs.us_privacy.is_some_and(|text| matches!(text.as_bytes().get(2), Some(b'Y' | b'y')))
}

/// True for every GPP section that stands for a law, also one newer than this text: 0 is "none", 3 the
/// header, 4 the integrity section. Source: IAB GPP section ids (2 tcfeuv2, 5 tcfcav1, 6 and up US).
fn is_law(sid: u32) -> bool {
    !matches!(sid, 0 | 3 | 4)
}

#[cfg(test)]
mod tests {
    use super::{Permissions, Restriction};
    use crate::openrtb::{BidRequest, Device, Regs};

    #[track_caller]
    fn check(regs: Regs<'_>, device: Device<'_>, want: Option<Restriction>) {
        let request = BidRequest { id: "1", device, regs, ..BidRequest::default() };
        assert_eq!(Permissions::of(&request), Permissions { identify: want.is_none(), reason: want });
    }

    #[test]
    fn a_request_without_flags_may_be_identified() {
        check(Regs::default(), Device::default(), None);
        check(Regs { gdpr: Some(false), ..Regs::default() }, Device::default(), None);
    }

    #[test]
    fn every_flag_alone_restricts() {
        let none = Regs::default();
        let device = Device::default();
        check(Regs { coppa: true, ..none }, device, Some(Restriction::Coppa));
        check(none, Device { lmt: true, ..device }, Some(Restriction::LimitAdTracking));
        check(none, Device { dnt: true, ..device }, Some(Restriction::DoNotTrack));
        check(Regs { gdpr: Some(true), ..none }, device, Some(Restriction::Gdpr));
        check(Regs { gpc: true, ..none }, device, Some(Restriction::GlobalPrivacyControl));
    }

    #[test]
    fn only_an_opt_out_of_sale_restricts_under_us_privacy() {
        for text in ["1YYN", "1NY-", "1yyn"] {
            let regs = Regs { us_privacy: Some(text), ..Regs::default() };
            check(regs, Device::default(), Some(Restriction::UsPrivacy));
        }
        for text in ["1YNN", "1---", "1YNY", "", "1", "é"] {
            check(Regs { us_privacy: Some(text), ..Regs::default() }, Device::default(), None);
        }
    }

    #[test]
    fn a_gpp_section_that_is_a_law_restricts_with_and_without_its_string() {
        for sid in [&[2][..], &[5], &[6], &[27], &[3, 8], &[99]] {
            for gpp in [None, Some("DBAA")] {
                let regs = Regs { gpp, gpp_sid: sid, ..Regs::default() };
                check(regs, Device::default(), Some(Restriction::Gpp));
            }
        }
        for sid in [&[][..], &[0], &[3, 4]] {
            let regs = Regs { gpp: Some("DBAA"), gpp_sid: sid, ..Regs::default() };
            check(regs, Device::default(), None);
        }
    }

    #[test]
    fn of_several_restrictions_the_first_is_told() {
        let regs = Regs { coppa: true, gdpr: Some(true), gpc: true, ..Regs::default() };
        check(regs, Device::default(), Some(Restriction::Coppa));
        assert!(Restriction::Coppa.to_string().contains("children"));
    }
}
