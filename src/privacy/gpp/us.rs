//! US sections of a GPP string, and the US privacy string before them.
//!
//! Read are the choices that bear on advertising: opt-outs of sale, of sharing and of targeted
//! advertising, known children, the service provider mode of the MSPA, and the browser's Global Privacy
//! Control. Passed over are notices, sensitive data, which we do not process, and consent to uses beyond.
//!
//! Source: IAB Tech Lab, Global Privacy Platform, "Sections", US privacy strings of each state, and "US
//! Privacy String" 1.0.

use std::fmt;

use crate::privacy::SignalFault;
use crate::privacy::bits::Bits;

/// What a US section says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsSection {
    /// Opted out of the sale of personal data.
    pub sale: bool,
    /// Opted out of sharing, which is a word of California.
    pub sharing: bool,
    /// Opted out of targeted advertising.
    pub targeted: bool,
    /// Known to be a child, of any age that the section asks of. Consent given for a child is not relied on.
    pub child: bool,
    /// Who receives the data is a service provider of the publisher and may not use it for advertising
    /// across contexts (MSPA service provider mode).
    pub service_provider: bool,
    /// The browser sent Global Privacy Control.
    pub gpc: bool,
}

/// What of a US section keeps us from recognising the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsRefusal {
    /// Known to be a child.
    Child,
    /// Opted out of sale.
    Sale,
    /// Opted out of sharing.
    Sharing,
    /// Opted out of targeted advertising.
    TargetedAdvertising,
    /// Service provider mode.
    ServiceProvider,
    /// Global Privacy Control.
    GlobalPrivacyControl,
    /// The section cannot be read.
    Unreadable,
    /// The section applies and the string does not hold it, or there is no string that can be read.
    Missing,
}

impl fmt::Display for UsRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Child => "is known to be a child",
            Self::Sale => "opted out of sale",
            Self::Sharing => "opted out of sharing",
            Self::TargetedAdvertising => "opted out of targeted advertising",
            Self::ServiceProvider => "may be served by service providers of the publisher only",
            Self::GlobalPrivacyControl => "sent global privacy control",
            Self::Unreadable => "made choices that cannot be read",
            Self::Missing => "made choices that are not in the string",
        })
    }
}

impl UsSection {
    /// What section `id`, 7 to 27, says in `text`; `None` for another id.
    ///
    /// A choice with the value 3, which is not defined, counts as an opt-out.
    ///
    /// # Errors
    ///
    /// [`SignalFault`] if its version is unknown, it ends too soon, or a segment is there twice or of no
    /// known type.
    #[must_use]
    pub fn read(id: u8, text: &str) -> Option<Result<Self, SignalFault>> {
        let layout = LAYOUTS.get(usize::from(id.checked_sub(FIRST)?))?;
        Some(layout.read(text).ok_or(SignalFault))
    }

    /// The first choice that keeps us from recognising the person.
    #[must_use]
    pub fn refusal(&self) -> Option<UsRefusal> {
        [
            (self.child, UsRefusal::Child),
            (self.sale, UsRefusal::Sale),
            (self.sharing, UsRefusal::Sharing),
            (self.targeted, UsRefusal::TargetedAdvertising),
            (self.service_provider, UsRefusal::ServiceProvider),
            (self.gpc, UsRefusal::GlobalPrivacyControl),
        ]
        .into_iter()
        .find_map(|(chosen, refusal)| chosen.then_some(refusal))
    }
}

/// True if a US privacy string opts out of sale, by its third character.
///
/// # Errors
///
/// [`SignalFault`] if it is not a `1` and three of `Y`, `N` and `-`, in either case.
pub fn opted_out_of_sale(us_privacy: &str) -> Result<bool, SignalFault> {
    let known = |flag: &u8| matches!(flag.to_ascii_uppercase(), b'Y' | b'N' | b'-');
    match us_privacy.as_bytes() {
        [b'1', flags @ ..] if flags.len() == 3 && flags.iter().all(known) => {
            Ok(flags[1].eq_ignore_ascii_case(&b'Y'))
        }
        _ => Err(SignalFault),
    }
}

/// How many fields of two bits a core segment has, in their order.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// Notices, opt-outs, sensitive data, children, further consent, and three fields of the MSPA.
    State(Fields),
    /// The national section: its second version has more kinds of sensitive data and of children.
    National(Fields, Fields),
    /// The MSPA first, then notices and opt-outs, and sensitive data in a segment of its own.
    MspaFirst { children: usize, sensitive_segment: bool },
}

#[derive(Debug, Clone, Copy)]
struct Fields {
    notices: usize,
    sharing: bool,
    targeted: bool,
    sensitive: usize,
    children: usize,
    further_consent: bool,
}

/// The section of the first layout.
const FIRST: u8 = 7;

const fn state(notices: usize, sensitive: usize, children: usize, further_consent: bool) -> Layout {
    Layout::State(Fields { notices, sharing: false, targeted: true, sensitive, children, further_consent })
}

const fn national(sensitive: usize, children: usize) -> Fields {
    Fields { notices: 6, sharing: true, targeted: true, sensitive, children, further_consent: true }
}

const CALIFORNIA: Fields =
    Fields { notices: 3, sharing: true, targeted: false, sensitive: 9, children: 2, further_consent: true };

/// Layouts of the sections 7 to 27.
const LAYOUTS: [Layout; 21] = [
    Layout::National(national(12, 2), national(16, 3)), // 7 usnat
    Layout::State(CALIFORNIA),                          // 8 usca
    state(3, 8, 1, false),                              // 9 usva
    state(3, 7, 1, false),                              // 10 usco
    state(4, 8, 1, false),                              // 11 usut
    state(3, 8, 3, false),                              // 12 usct
    state(3, 8, 3, true),                               // 13 usfl
    state(3, 8, 3, true),                               // 14 usmt
    state(3, 11, 3, true),                              // 15 usor
    state(3, 8, 1, true),                               // 16 ustx
    state(3, 9, 5, true),                               // 17 usde
    state(4, 8, 1, false),                              // 18 usia
    state(3, 8, 1, true),                               // 19 usne
    state(3, 8, 3, true),                               // 20 usnh
    state(3, 10, 5, true),                              // 21 usnj
    state(3, 8, 1, true),                               // 22 ustn
    state(3, 8, 1, true),                               // 23 usmn
    Layout::MspaFirst { children: 0, sensitive_segment: false }, // 24 usmd
    Layout::MspaFirst { children: 1, sensitive_segment: true }, // 25 usin
    Layout::MspaFirst { children: 1, sensitive_segment: true }, // 26 usky
    Layout::MspaFirst { children: 1, sensitive_segment: true }, // 27 usri
];

/// Bits of a field.
const FIELD: u32 = 2;
/// Bits of a national section of version 1 with its padding. A longer one was written, under the old
/// number, in the layout of version 2, by encoders of the months in between.
const NATIONAL_1_BITS: usize = 66;

impl Layout {
    fn read(self, text: &str) -> Option<UsSection> {
        let mut segments = text.split('.');
        let mut bits = Bits::new(segments.next()?)?;
        let length = bits.left();
        let version = bits.take(6)?;
        let mut section = match (self, version) {
            (Self::State(fields), 1) => fields.read(&mut bits)?,
            (Self::National(fields, _), 1) if length <= NATIONAL_1_BITS => fields.read(&mut bits)?,
            (Self::National(_, fields), 1 | 2) => fields.read(&mut bits)?,
            (Self::MspaFirst { children, .. }, 1) => mspa_first(&mut bits, children)?,
            _ => return None,
        };
        match self {
            // It has no number, and nothing that we ask for.
            Self::MspaFirst { sensitive_segment: true, .. } => {}
            _ => section.gpc = gpc(segments)?,
        }
        Some(section)
    }
}

impl Fields {
    fn read(self, bits: &mut Bits<'_>) -> Option<UsSection> {
        skip(bits, self.notices)?;
        let mut section = UsSection { sale: chosen(bits)?, ..UsSection::default() };
        if self.sharing {
            section.sharing = chosen(bits)?;
        }
        if self.targeted {
            section.targeted = chosen(bits)?;
        }
        skip(bits, self.sensitive)?;
        section.child = child(bits, self.children)?;
        skip(bits, usize::from(self.further_consent))?;
        // Covered by the MSPA, its opt-out option mode, its service provider mode.
        skip(bits, 2)?;
        section.service_provider = chosen(bits)?;
        Some(section)
    }
}

fn mspa_first(bits: &mut Bits<'_>, children: usize) -> Option<UsSection> {
    skip(bits, 1)?;
    // 0 none, 1 opt-out option mode, 2 service provider mode.
    let service_provider = bits.take(FIELD)? >= 2;
    skip(bits, 3)?;
    let (sale, targeted) = (chosen(bits)?, chosen(bits)?);
    let child = child(bits, children)?;
    skip(bits, 1)?;
    Some(UsSection { sale, targeted, child, service_provider, ..UsSection::default() })
}

/// A choice: 0 does not apply, 1 yes, 2 no; 3 is not defined and counts as yes.
fn chosen(bits: &mut Bits<'_>) -> Option<bool> {
    Some(bits.take(FIELD)? & 1 == 1)
}

/// True if one of `kinds` of children is told of: 0 is not a known child, others say whether a parent consented.
fn child(bits: &mut Bits<'_>, kinds: usize) -> Option<bool> {
    (0..kinds).try_fold(false, |child, _| Some(child | (bits.take(FIELD)? != 0)))
}

fn skip(bits: &mut Bits<'_>, fields: usize) -> Option<()> {
    bits.skip(fields * FIELD as usize)
}

/// Whether the segments after the core say Global Privacy Control: at most one, of type 1.
fn gpc<'a>(mut segments: impl Iterator<Item = &'a str>) -> Option<bool> {
    let Some(segment) = segments.next() else { return Some(false) };
    let mut bits = Bits::new(segment)?;
    let gpc = (bits.take(2)? == 1).then_some(bits.flag()?)?;
    segments.next().is_none().then_some(gpc)
}
