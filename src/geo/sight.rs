//! How much of an address may be read.

use crate::openrtb::BidRequest;
use crate::privacy::{Outcome, Permissions, Restriction, UsRefusal};

/// How much of an address may be read; the later, the more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// Nothing: no bid is made.
    Nothing,
    /// A child's: the network, for country, region and clock. OpenRTB 2.6, 7.5, takes city, metro, postcode and
    /// coordinates out of such a request; an address must not bring them back.
    Region,
    /// The network: IPv4 to 24 bits, IPv6 to 48. Whoever may not be recognised is one of many there.
    Network,
    /// The whole address: the ad may be chosen by what is known of the person.
    Whole,
}

impl Sight {
    /// How much of its address `request` lets us read, with these permissions.
    #[must_use]
    pub fn of(request: &BidRequest<'_>, permissions: &Permissions) -> Self {
        let is_child = request.regs.coppa
            || matches!(
                permissions.reason,
                Some(Restriction::Coppa | Restriction::UsSection(_, UsRefusal::Child))
            );
        if permissions.outcome == Outcome::NoBid {
            Self::Nothing
        } else if is_child {
            Self::Region
        } else if permissions.personalise {
            Self::Whole
        } else {
            Self::Network
        }
    }
}
