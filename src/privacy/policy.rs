//! What an exchange's profile says of privacy: who we are to the frameworks, and what follows from a refusal.

use crate::privacy::Purposes;

/// How requests of one exchange are judged. The default knows no vendor id and bids by context alone
/// wherever something restricts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Our id on the Global Vendor List, 1 and up; the Canadian section is read for the same id. Without
    /// one, a string that names vendors permits nothing.
    pub vendor_id: Option<u16>,
    /// Purposes for which our entry on the Global Vendor List declares legitimate interest, or that are
    /// flexible. For all others a TC string is asked for consent alone.
    pub legitimate_interests: Purposes,
    /// What follows from `regs.coppa`, and from a child that a US section knows of.
    pub children: Unwaivable,
    /// What follows from `device.lmt` and `device.dnt`.
    pub devices: Unwaivable,
    /// What follows where the GDPR applies and the TC string, wherever it stands, refuses ids or basic ads
    /// (purposes 1 and 2). One that permits these is bid on within what it permits.
    pub gdpr: Outcome,
    /// What follows from an opt-out in `regs.us_privacy`, in a US section of GPP, or by Global Privacy Control.
    pub us: Outcome,
    /// What follows from any other section of GPP that refuses: Canada's, and one that is not known.
    pub gpp: Outcome,
}

/// What follows from a refusal; the later, the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A bid like any other: the exchange vouches for the law itself, so nothing is asked of the string.
    Bid,
    /// A bid by the context alone: no id, no segment, no frequency, nothing stored.
    ContextualOnly,
    /// No bid.
    NoBid,
}

/// What follows from a refusal that no exchange can vouch for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unwaivable {
    /// As [`Outcome::ContextualOnly`].
    ContextualOnly,
    /// No bid.
    NoBid,
}

impl From<Unwaivable> for Outcome {
    fn from(unwaivable: Unwaivable) -> Self {
        match unwaivable {
            Unwaivable::ContextualOnly => Self::ContextualOnly,
            Unwaivable::NoBid => Self::NoBid,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            vendor_id: None,
            legitimate_interests: Purposes::NONE,
            children: Unwaivable::ContextualOnly,
            devices: Unwaivable::ContextualOnly,
            gdpr: Outcome::ContextualOnly,
            us: Outcome::ContextualOnly,
            gpp: Outcome::ContextualOnly,
        }
    }
}
