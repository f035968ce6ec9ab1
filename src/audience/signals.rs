//! What a call from an advertiser's page or server says of consent, by the words that the frameworks give their
//! parameters, and what that permits.

use smallvec::SmallVec;

use crate::audience::Definition;
use crate::openrtb::{BidRequest, Device, Regs, User};
use crate::privacy::Permissions;

/// A section of GPP that nobody knows: stands for one whose number cannot be read.
const NO_SECTION: u32 = u32::MAX;
/// Sections of GPP that one call may name: there are fewer.
const SECTIONS_MAX: usize = 64;

/// Signals of consent, empty where they were not sent. Source: IAB, "URL-based services" of the TCF and of GPP
/// (`gdpr`, `gdpr_consent`, `gpp`, `gpp_sid`), and "US Privacy User Signal Mechanism" (`us_privacy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals<'a> {
    /// `gdpr`: 1 it applies, 0 it does not.
    pub gdpr: &'a str,
    /// `gdpr_consent`: the TC string.
    pub gdpr_consent: &'a str,
    /// `gpp`: the GPP string.
    pub gpp: &'a str,
    /// `gpp_sid`: the numbers of the sections in force, with commas between them.
    pub gpp_sid: &'a str,
    /// `us_privacy`.
    pub us_privacy: &'a str,
    /// `coppa`: 1 directed at children.
    pub coppa: &'a str,
    /// Global Privacy Control is on.
    pub gpc: bool,
    /// The browser asks not to be tracked.
    pub dnt: bool,
}

impl Signals<'_> {
    /// What they permit the advertiser of `definition`, and us for it. A flag that is neither of its words, as a
    /// macro that nobody filled in, is read the stricter way.
    #[must_use]
    pub fn permissions(&self, definition: &Definition) -> Permissions {
        let told = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let gdpr = match self.gdpr {
            "0" => Some(false),
            "" if definition.assume_gdpr => Some(true),
            "" => None,
            _ => Some(true),
        };
        let sections: SmallVec<[u32; 8]> = self
            .gpp_sid
            .split([',', '_'])
            .map(str::trim)
            .filter(|section| !section.is_empty() && *section != "-1")
            .map(|section| section.parse().unwrap_or(NO_SECTION))
            .take(SECTIONS_MAX)
            .collect();
        let regs = Regs {
            coppa: !matches!(self.coppa, "" | "0"),
            gdpr,
            us_privacy: told(self.us_privacy),
            gpp: told(self.gpp),
            gpp_sid: &sections,
            gpc: self.gpc,
            ..Regs::default()
        };
        let request = BidRequest {
            device: Device { dnt: self.dnt, ..Device::default() },
            user: User { consent: told(self.gdpr_consent), ..User::default() },
            regs,
            ..BidRequest::default()
        };
        Permissions::of(&request, &definition.privacy)
    }
}

#[cfg(test)]
mod tests {
    use super::Signals;
    use crate::audience::Definition;
    use crate::privacy::{ConsentRefusal, Restriction, UsRefusal};

    #[track_caller]
    fn check(signals: Signals<'_>, want: Option<Restriction>) {
        let permissions = signals.permissions(&Definition::sample("shop", &["basket"]));
        assert_eq!(permissions.reason, want, "{signals:?}");
        assert_eq!(permissions.personalise, want.is_none(), "{signals:?}");
    }

    #[test]
    fn where_the_gdpr_does_not_apply_and_nothing_else_refuses_all_is_permitted() {
        let free = Signals { gdpr: "0", ..Signals::default() };
        check(free, None);
        check(Signals { us_privacy: "1YNN", gpp_sid: "-1", coppa: "0", ..free }, None);
        check(Signals { us_privacy: "1YYN", ..free }, Some(Restriction::UsPrivacy));
        check(Signals { gpc: true, ..free }, Some(Restriction::GlobalPrivacyControl));
        check(Signals { dnt: true, ..free }, Some(Restriction::DoNotTrack));
        check(Signals { coppa: "1", ..free }, Some(Restriction::Coppa));
        let section = Signals { gpp: "DBABIYA~BQYFGCUA", gpp_sid: "23", ..free };
        check(section, Some(Restriction::UsSection(23, UsRefusal::Sale)));
    }

    #[test]
    fn a_flag_that_is_absent_or_was_not_filled_in_is_read_the_stricter_way() {
        let missing = Some(Restriction::Gdpr(ConsentRefusal::Missing));
        for gdpr in ["", "1", "${GDPR}", "true"] {
            check(Signals { gdpr, ..Signals::default() }, missing);
        }
        let open = Definition { assume_gdpr: false, ..Definition::sample("shop", &[]) };
        assert!(Signals::default().permissions(&open).personalise);
        let macros = Signals { gdpr: "0", gpp_sid: "${GPP_SID}", ..Signals::default() };
        check(macros, Some(Restriction::UnknownSection(u32::MAX)));
    }

    #[test]
    fn a_consent_string_is_asked_for_our_own_vendor() {
        let signals = Signals { gdpr: "1", gdpr_consent: "anything", ..Signals::default() };
        check(signals, Some(Restriction::Gdpr(ConsentRefusal::NoVendorId)));
        let mut known = Definition::sample("shop", &[]);
        known.privacy.vendor_id = Some(7);
        let permissions = signals.permissions(&known);
        assert_eq!(permissions.reason, Some(Restriction::Gdpr(ConsentRefusal::Unreadable)));
    }
}
