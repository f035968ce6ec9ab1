//! Ids: what people name by a slug, we carry as 64 bits; bids have a time-ordered 128-bit id.

use std::fmt;
use std::num::NonZeroU64;

use crate::units::UnixMillis;

/// Declares an id that is the 64-bit hash of a slug. Two slugs of one kind with the same hash are
/// found, and refused, where they are declared.
macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id of `slug`: its FNV-1a hash, stable over restarts and versions; never 0, which stands for none.
            #[must_use]
            pub const fn from_slug(slug: &str) -> Self {
                match fnv1a(slug.as_bytes()) {
                    0 => Self(1),
                    hash => Self(hash),
                }
            }

            /// The id from its 64 bits, as stored in a token or a ledger.
            #[must_use]
            pub const fn from_raw(raw: u64) -> Self {
                Self(raw)
            }

            /// The 64 bits.
            #[must_use]
            pub const fn raw(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:016x})"), self.0)
            }
        }
    };
}

slug_id!(
    /// An advertiser.
    AdvertiserId
);
slug_id!(
    /// A campaign: holds line items and money.
    CampaignId
);
slug_id!(
    /// A line item: the unit that bids. Hashed from `campaign/line item`.
    LineItemId
);
slug_id!(
    /// A creative. Hashed from `campaign/creative`.
    CreativeId
);
slug_id!(
    /// An exchange, by the name of its profile.
    ExchangeId
);
slug_id!(
    /// A deal, by `imp.pmp.deals.id`.
    DealId
);
slug_id!(
    /// An audience segment, by its name.
    SegmentId
);
slug_id!(
    /// A kind of event that people cause at an advertiser's, by its name: `product_view`, `purchase`.
    EventId
);
slug_id!(
    /// What an event was about, by its name: a product group, a search.
    TopicId
);
slug_id!(
    /// A site, app or screen, by its domain or bundle, else by the exchange's own id of it.
    PublisherId
);
slug_id!(
    /// One of several ways that a line item compares. Hashed from `campaign/line item/arm`.
    ArmId
);
slug_id!(
    /// A tax scenario, by its name.
    ScenarioId
);

const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

/// Declares an id of 48 bits of milliseconds, then 80 random bits, so that ids sort by time.
macro_rules! timed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id of what is made at `now`, with `random` (its low 80 bits are used).
            #[must_use]
            pub fn mint(now: UnixMillis, random: u128) -> Self {
                let millis = u128::from(u64::try_from(now.raw()).unwrap_or(0)) << 80;
                Self((millis | (random & ((1 << 80) - 1))).to_be_bytes())
            }

            /// The id from its 16 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes, in time order.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", u128::from_be_bytes(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

timed_id!(
    /// A bid of ours.
    ///
    /// The order matters to the ledger: rows whose keys come in time order insert ten times as fast.
    BidId
);
timed_id!(
    /// A correction of the books.
    CorrectionId
);

impl BidId {
    /// When it was minted, to the millisecond; 1970 for a time before.
    #[must_use]
    pub fn minted_at(&self) -> UnixMillis {
        let millis = u128::from_be_bytes(self.0) >> 80;
        UnixMillis::from_raw(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

/// Declares an id that is counted up.
macro_rules! counted_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(u64);

        impl $name {
            /// The one of that number.
            #[must_use]
            pub const fn from_raw(raw: u64) -> Self {
                Self(raw)
            }

            /// Its number.
            #[must_use]
            pub const fn raw(self) -> u64 {
                self.0
            }

            /// The one after it.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counted_id!(
    /// One run of a bidder process: whose leases. Rises with every start, and is never used twice.
    Epoch
);
counted_id!(
    /// A change by feedback: counted up from 1, for people to type.
    ChangeId
);

impl Epoch {
    /// Before there were leases: what bids without one are booked under.
    pub const NONE: Self = Self(0);
}

impl ChangeId {
    /// The first one.
    pub const FIRST: Self = Self(1);
}

/// A user, as the keyed hash of an id: the id itself is never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserKey([u8; 16]);

impl UserKey {
    /// The key from the first 128 bits of a keyed hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 128 bits.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The people behind one address, as the keyed hash of it: the address itself is never stored.
///
/// Half as long as a [`UserKey`], for every token of a bid that counts by household carries it: of ten million
/// households no two have the same key in 999,997 of a million installations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HouseholdKey(NonZeroU64);

impl HouseholdKey {
    /// The key from 64 bits of a keyed hash; zero counts as one, so that the absence of a key costs no room.
    #[must_use]
    pub fn from_raw(raw: u64) -> Self {
        Self(NonZeroU64::new(raw).unwrap_or(NonZeroU64::MIN))
    }

    /// The 64 bits; never zero.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::{BidId, CampaignId};
    use crate::units::UnixMillis;

    #[test]
    fn an_id_is_the_published_fnv1a_of_its_slug() {
        assert_eq!(CampaignId::from_slug("foobar").raw(), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn bid_ids_sort_by_time() {
        let early = BidId::mint(UnixMillis::from_raw(1_000), u128::MAX);
        let late = BidId::mint(UnixMillis::from_raw(1_001), 0);
        assert!(early < late);
        assert_eq!(early.minted_at(), UnixMillis::from_raw(1_000));
        assert_eq!(late.to_string(), "0000000003e900000000000000000000");
    }
}
