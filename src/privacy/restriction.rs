//! Why a person may not be recognised, or not for everything.

use std::fmt;

use crate::privacy::UsRefusal;
use crate::privacy::purposes::{BASIC_ADS, MEASURE, PERSONALISED_ADS, PROFILE, STORE};

/// A signal that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the string is not of a version, a length or a form that is known")]
pub struct SignalFault;

/// Why a person may not be recognised, or not for everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Restriction {
    /// `regs.coppa`: a child.
    Coppa,
    /// `device.lmt`.
    LimitAdTracking,
    /// `device.dnt`.
    DoNotTrack,
    /// The GDPR applies, and a TC string refuses.
    Gdpr(ConsentRefusal),
    /// `regs.us_privacy` opts out of sale.
    UsPrivacy,
    /// `regs.us_privacy` cannot be read.
    UsPrivacyUnreadable,
    /// `regs.ext.gpc`.
    GlobalPrivacyControl,
    /// The Canadian section of GPP applies, and refuses.
    Canada(ConsentRefusal),
    /// A US section of GPP applies, and refuses.
    UsSection(u8, UsRefusal),
    /// A section of GPP applies that is not known.
    UnknownSection(u32),
}

/// Why a string that names vendors and purposes permits less than everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentRefusal {
    /// There is no string.
    Missing,
    /// The exchange's profile names no vendor id.
    NoVendorId,
    /// The string cannot be read.
    Unreadable,
    /// The string does not say that our vendor was shown to the person.
    NotDisclosed,
    /// Our vendor has no legal basis for this purpose.
    Purpose(u8),
    /// Precise geolocation, a special feature, was not opted in to.
    PreciseGeolocation,
}

impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coppa => f.write_str("directed at children (coppa)"),
            Self::LimitAdTracking => f.write_str("ad tracking is limited (lmt)"),
            Self::DoNotTrack => f.write_str("do not track (dnt)"),
            Self::Gdpr(refusal) => write!(f, "gdpr applies, and {refusal}"),
            Self::UsPrivacy => f.write_str("opted out of sale (us_privacy)"),
            Self::UsPrivacyUnreadable => f.write_str("us_privacy cannot be read"),
            Self::GlobalPrivacyControl => f.write_str("global privacy control is on (gpc)"),
            Self::Canada(refusal) => write!(f, "the canadian gpp section applies, and {refusal}"),
            Self::UsSection(id, refusal) => {
                write!(f, "gpp section {id} applies, and the person {refusal}")
            }
            Self::UnknownSection(id) => write!(f, "gpp section {id} applies and is not known"),
        }
    }
}

impl fmt::Display for ConsentRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no consent string"),
            Self::NoVendorId => {
                f.write_str("the exchange's profile has no vendor id to look for in the string")
            }
            Self::Unreadable => f.write_str("the consent string cannot be read"),
            Self::NotDisclosed => f.write_str("the string does not list our vendor as disclosed"),
            Self::PreciseGeolocation => {
                f.write_str("precise geolocation (special feature 1) was not opted in to")
            }
            Self::Purpose(purpose) => {
                write!(f, "the string permits us no purpose {purpose}")?;
                let words = match *purpose {
                    STORE => "store and access information",
                    BASIC_ADS => "basic advertising",
                    PROFILE => "profiles",
                    PERSONALISED_ADS => "personalised advertising",
                    MEASURE => "measurement",
                    _ => return Ok(()),
                };
                write!(f, " ({words})")
            }
        }
    }
}
