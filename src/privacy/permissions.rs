//! All signals of a request, one after the other, to what they leave permitted.

use crate::openrtb::BidRequest;
use crate::privacy::gpp::{SECTION_MAX, TCF_CANADA, TCF_EU, US_PRIVACY, opted_out_of_sale};
use crate::privacy::purposes::{BASIC_ADS, MEASURE, PERSONALISED_ADS, PROFILE, STORE};
use crate::privacy::{
    CanadianString, ConsentRefusal, GppString, Outcome, Policy, Purposes, Restriction, TcString, UsRefusal,
    UsSection,
};

/// What a request allows. `locate` includes `personalise`; that and `measure` include `identify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// Whether to bid, and whether on anything but the context.
    pub outcome: Outcome,
    /// True if ids may be read and stored: frequency, cookie match.
    pub identify: bool,
    /// True if the ad may be chosen by what is known of the person: segments, behaviour, audiences.
    pub personalise: bool,
    /// True if the place of the person may be used precisely.
    pub locate: bool,
    /// True if views, clicks and conversions may be counted by person.
    pub measure: bool,
    /// Why not everything: the first signal, in the order of [`Restriction`], of those with the strictest
    /// outcome.
    pub reason: Option<Restriction>,
}

impl Permissions {
    const EVERYTHING: Self = Self {
        outcome: Outcome::Bid,
        identify: true,
        personalise: true,
        locate: true,
        measure: true,
        reason: None,
    };

    /// What `request` allows on an exchange with this policy: what every signal in it allows.
    ///
    /// The GDPR applies if `regs.gdpr` says so, in either place, if section 2 of GPP is in force, or if
    /// the flag is absent and there is a TC string: somebody who asked for consent thought it was needed.
    /// A flag that says no leaves the string unread.
    #[must_use]
    pub fn of(request: &BidRequest<'_>, policy: &Policy) -> Self {
        let regs = &request.regs;
        let mut allowed = Self::EVERYTHING;
        allowed.refuse_if(regs.coppa, Restriction::Coppa, policy.children.into());
        allowed.refuse_if(request.device.lmt, Restriction::LimitAdTracking, policy.devices.into());
        allowed.refuse_if(request.device.dnt, Restriction::DoNotTrack, policy.devices.into());
        let sections = SectionsInForce::of(request);
        allowed.heed_gdpr(request, &sections, policy);
        let us_privacy = [regs.us_privacy, regs.us_privacy_ext].into_iter().flatten();
        for us_privacy in us_privacy.filter(|text| !text.is_empty()) {
            match opted_out_of_sale(us_privacy) {
                Ok(opted_out) => allowed.refuse_if(opted_out, Restriction::UsPrivacy, policy.us),
                Err(_) => allowed.refuse(Restriction::UsPrivacyUnreadable, policy.us),
            }
        }
        allowed.refuse_if(regs.gpc, Restriction::GlobalPrivacyControl, policy.us);
        allowed.heed_canada(&sections, policy);
        allowed.heed_us(&sections, policy);
        if let Some(unknown) = sections.unknown {
            allowed.refuse(Restriction::UnknownSection(unknown), policy.gpp);
        }
        allowed
    }

    /// Why no bid is to be made, if that is the outcome.
    #[must_use]
    pub fn refused(&self) -> Option<Restriction> {
        self.reason.filter(|_| self.outcome == Outcome::NoBid)
    }

    fn heed_gdpr(&mut self, request: &BidRequest<'_>, sections: &SectionsInForce<'_>, policy: &Policy) {
        let regs = &request.regs;
        let strings = [request.user.consent, request.user.consent_ext].into_iter().flatten();
        let mut strings = strings.filter(|text| !text.is_empty() && regs.gdpr != Some(false)).peekable();
        let by_gpp = sections.has(TCF_EU);
        if !(by_gpp || regs.gdpr == Some(true) || strings.peek().is_some()) {
            return;
        }
        if !by_gpp && strings.peek().is_none() {
            self.refuse(Restriction::Gdpr(ConsentRefusal::Missing), policy.gdpr);
        }
        for text in strings.map(Some).chain(sections.texts(TCF_EU)) {
            let refusals = refusals_of(text, policy.vendor_id, |text, vendor| {
                Refusals::of_tc_string(text, vendor, policy.legitimate_interests)
            });
            self.withhold(refusals, Restriction::Gdpr, policy.gdpr);
        }
    }

    fn heed_canada(&mut self, sections: &SectionsInForce<'_>, policy: &Policy) {
        for text in sections.texts(TCF_CANADA) {
            let refusals = refusals_of(text, policy.vendor_id, Refusals::of_canadian_string);
            self.withhold(refusals, Restriction::Canada, policy.gpp);
        }
    }

    fn heed_us(&mut self, sections: &SectionsInForce<'_>, policy: &Policy) {
        for id in US_PRIVACY..=SECTION_MAX {
            for text in sections.texts(id) {
                let refusal = match text {
                    None => Some(UsRefusal::Missing),
                    Some(text) => us_refusal(id, text),
                };
                let Some(refusal) = refusal else { continue };
                let outcome = match refusal {
                    // Whoever vouches for the law does not vouch for a child.
                    UsRefusal::Child => policy.us.max(policy.children.into()),
                    _ => policy.us,
                };
                self.refuse(Restriction::UsSection(id, refusal), outcome);
            }
        }
    }

    fn refuse_if(&mut self, applies: bool, restriction: Restriction, outcome: Outcome) {
        if applies {
            self.refuse(restriction, outcome);
        }
    }

    /// The person may not be recognised; nothing happens if the policy waives that.
    fn refuse(&mut self, restriction: Restriction, outcome: Outcome) {
        if outcome > self.outcome {
            *self = Self { outcome, reason: Some(restriction), ..Self::NOTHING };
        }
    }

    const NOTHING: Self = Self {
        outcome: Outcome::ContextualOnly,
        identify: false,
        personalise: false,
        locate: false,
        measure: false,
        reason: None,
    };

    /// Takes away what a consent string refuses; nothing happens if the policy waives that.
    fn withhold(
        &mut self,
        refusals: Refusals,
        restriction: fn(ConsentRefusal) -> Restriction,
        outcome: Outcome,
    ) {
        if outcome == Outcome::Bid {
            return;
        }
        if let Some(refusal) = refusals.identify {
            return self.refuse(restriction(refusal), outcome);
        }
        self.personalise &= refusals.personalise.is_none();
        self.locate &= refusals.personalise.or(refusals.locate).is_none();
        self.measure &= refusals.measure.is_none();
        let first = refusals.personalise.or(refusals.locate).or(refusals.measure);
        self.reason = self.reason.or(first.map(restriction));
    }
}

/// Why a consent string does not permit each thing; `None` if it does.
#[derive(Debug, Clone, Copy, Default)]
struct Refusals {
    identify: Option<ConsentRefusal>,
    personalise: Option<ConsentRefusal>,
    locate: Option<ConsentRefusal>,
    measure: Option<ConsentRefusal>,
}

/// What `read` finds in a string for our vendor, if there are both.
fn refusals_of(
    text: Option<&str>,
    vendor: Option<u16>,
    read: impl FnOnce(&str, u16) -> Refusals,
) -> Refusals {
    match (vendor, text) {
        (None, _) => Refusals::everything(ConsentRefusal::NoVendorId),
        (_, None) => Refusals::everything(ConsentRefusal::Missing),
        (Some(vendor), Some(text)) => read(text, vendor),
    }
}

/// The special feature of the TCF.
const PRECISE_GEOLOCATION: u8 = 1;

impl Refusals {
    fn everything(refusal: ConsentRefusal) -> Self {
        Self { identify: Some(refusal), ..Self::default() }
    }

    fn of_tc_string(text: &str, vendor: u16, declared: Purposes) -> Self {
        let Ok(tc) = TcString::read(text, vendor) else {
            return Self::everything(ConsentRefusal::Unreadable);
        };
        if !tc.is_disclosed() {
            return Self::everything(ConsentRefusal::NotDisclosed);
        }
        let locate = !tc.special_features.has(PRECISE_GEOLOCATION);
        Self {
            locate: locate.then_some(ConsentRefusal::PreciseGeolocation),
            ..Self::of_purposes(|purpose| tc.permits(purpose, declared))
        }
    }

    /// What one of the readings refuses is refused.
    fn of_canadian_string(text: &str, vendor: u16) -> Self {
        let Ok(readings) = CanadianString::read(text, vendor) else {
            return Self::everything(ConsentRefusal::Unreadable);
        };
        readings.fold(Self::default(), |refusals, reading| {
            let further = Self::of_purposes(|purpose| reading.permits(purpose));
            Self {
                identify: refusals.identify.or(further.identify),
                personalise: refusals.personalise.or(further.personalise),
                locate: None,
                measure: refusals.measure.or(further.measure),
            }
        })
    }

    fn of_purposes(permits: impl Fn(u8) -> bool) -> Self {
        let first = |purposes: &[u8]| {
            let refused = purposes.iter().copied().find(|purpose| !permits(*purpose));
            refused.map(ConsentRefusal::Purpose)
        };
        Self {
            identify: first(&[STORE, BASIC_ADS]),
            personalise: first(&[PROFILE, PERSONALISED_ADS]),
            locate: None,
            measure: first(&[MEASURE]),
        }
    }
}

fn us_refusal(id: u8, text: &str) -> Option<UsRefusal> {
    if id == US_PRIVACY {
        return match opted_out_of_sale(text) {
            Ok(opted_out) => opted_out.then_some(UsRefusal::Sale),
            Err(_) => Some(UsRefusal::Unreadable),
        };
    }
    match UsSection::read(id, text)? {
        Ok(section) => section.refusal(),
        Err(_) => Some(UsRefusal::Unreadable),
    }
}

/// The sections of GPP in force, and the strings that should hold them.
struct SectionsInForce<'a> {
    /// A bit for each section that is known.
    known: u32,
    /// One that is not known.
    unknown: Option<u32>,
    /// Of both places, if they differ; `None` for one that cannot be read.
    strings: [Option<GppString<'a>>; 2],
    /// How many of `strings` there are: one that is absent counts.
    count: usize,
}

impl<'a> SectionsInForce<'a> {
    fn of(request: &BidRequest<'a>) -> Self {
        let regs = &request.regs;
        let (mut known, mut unknown) = (0, None);
        for id in regs.gpp_sid.iter().copied() {
            match id {
                // None, the header, and the signal's integrity.
                0 | 3 | 4 => {}
                2 | 5..=27 => known |= 1u32 << id,
                _ => unknown = unknown.or(Some(id)),
            }
        }
        let read = |text: Option<&'a str>| text.and_then(|text| GppString::read(text).ok());
        let strings = if known == 0 { [None; 2] } else { [read(regs.gpp), read(regs.gpp_ext)] };
        Self { known, unknown, strings, count: 1 + usize::from(regs.gpp_ext.is_some()) }
    }

    fn has(&self, id: u8) -> bool {
        self.known >> id & 1 == 1
    }

    /// The texts of section `id`, one a string, `None` for a string that does not hold it; nothing if the
    /// section is not in force.
    fn texts(&self, id: u8) -> impl Iterator<Item = Option<&'a str>> {
        let strings = if self.has(id) { &self.strings[..self.count] } else { &[] };
        strings.iter().map(move |string| string.as_ref().and_then(|string| string.section(id)))
    }
}
