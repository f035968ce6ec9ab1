//! Why a supply chain is refused.

use std::fmt;

/// The rule of an [`Exchange`'s policy](crate::supply::Policy) that a request breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupplyFault {
    /// There is no chain, and a rule needs one.
    ChainMissing,
    /// The chain does not go back to the owner of the inventory, or has no node.
    ChainIncomplete,
    /// The last node is not the exchange that sent the request.
    SenderNotLast,
    /// More sellers than allowed stand between.
    TooManyHops,
    /// A node is in the list of blocked sellers.
    SellerBlocked,
    /// A node is not in the list of allowed sellers.
    SellerNotAllowed,
    /// The outlet's `ads.txt` or `app-ads.txt` is not known.
    AdsTxtUnknown,
    /// The outlet's `ads.txt` or `app-ads.txt` does not authorise a node.
    NotAuthorised,
    /// The first seller is not the outlet's owner or sales house.
    NotTheOwner,
    /// The `sellers.json` of a node's advertising system is not known.
    SellersJsonUnknown,
    /// The `sellers.json` of a node's advertising system does not list the seller.
    SellerNotListed,
    /// A node after the first is listed as a publisher, who sells its own only.
    PublisherResells,
}

impl SupplyFault {
    /// The no-bid reason code of OpenRTB 3.0 (`nbr`): 11 and 12 for `ads.txt`, 16 and 17 for the chain.
    #[must_use]
    pub const fn no_bid_code(self) -> u32 {
        match self {
            Self::AdsTxtUnknown => 11,
            Self::NotAuthorised | Self::NotTheOwner => 12,
            Self::ChainMissing | Self::ChainIncomplete | Self::SenderNotLast => 16,
            Self::TooManyHops
            | Self::SellerBlocked
            | Self::SellerNotAllowed
            | Self::SellersJsonUnknown
            | Self::SellerNotListed
            | Self::PublisherResells => 17,
        }
    }
}

impl fmt::Display for SupplyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChainMissing => "the request has no supply chain",
            Self::ChainIncomplete => "the supply chain is not complete",
            Self::SenderNotLast => "the supply chain does not end with the exchange",
            Self::TooManyHops => "the supply chain has too many nodes",
            Self::SellerBlocked => "a seller of the supply chain is blocked",
            Self::SellerNotAllowed => "a seller of the supply chain is not among those allowed",
            Self::AdsTxtUnknown => "the outlet's ads.txt is not known",
            Self::NotAuthorised => "the outlet's ads.txt does not authorise a seller of the supply chain",
            Self::NotTheOwner => {
                "the first seller of the supply chain is not the outlet's owner or sales house"
            }
            Self::SellersJsonUnknown => "the sellers.json of a node of the supply chain is not known",
            Self::SellerNotListed => "a seller of the supply chain is not in its sellers.json",
            Self::PublisherResells => "a seller in the middle of the supply chain is listed as a publisher",
        })
    }
}
