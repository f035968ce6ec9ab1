//! What of an impression is learnt from.

use strum::{EnumCount, VariantArray};

/// One thing that is known of an impression and its ad. The order is part of the format of models and kept examples:
/// add at the end.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, EnumCount, VariantArray, strum::Display, strum::EnumString,
)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Field {
    Exchange,
    Channel,
    Outlet,
    Publisher,
    Placement,
    Medium,
    Size,
    Position,
    Interstitial,
    Device,
    Os,
    Browser,
    Connection,
    Country,
    Region,
    City,
    Language,
    Hour,
    Weekday,
    Category,
    Recognised,
    Deal,
    Advertiser,
    Campaign,
    LineItem,
    Creative,
}

/// How many fields there are.
pub const FIELDS: usize = Field::COUNT;

/// For each field the hash of its value; 0 = not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features(pub [u32; FIELDS]);

impl Default for Features {
    fn default() -> Self {
        Self([0; FIELDS])
    }
}
