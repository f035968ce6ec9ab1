//! What a campaign lets be measured: who is held out of it, and which arms a line item tries against each other.
//!
//! Who is in which group follows from a hash of the person's key; here stands only what the file says. Deliberately
//! absent: frequency caps that differ by arm, and arms of a whole campaign.

use crate::campaign::Factor;
use crate::units::{ArmId, RatePpm};

/// The people to whom a campaign is never shown, so that it is known what happens without its ads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdout {
    /// Their share of all people who are known: 1 % to 50 %.
    pub share: RatePpm,
    /// Who they are follows from it: the campaign's id, unless the file says otherwise. Campaigns with the same one and the
    /// same share hold out the same people.
    pub salt: String,
}

/// A way of advertising that a line item tries on a share of the people who are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    /// From `campaign slug/line item slug/slug`.
    pub id: ArmId,
    /// As written in `id`; unique in the line item.
    pub slug: String,
    /// The share of people; those of all arms of a line item sum to the whole.
    pub share: RatePpm,
    /// Indices into [`crate::campaign::Catalog::creatives`], some of the line item's; `None` = all of them.
    pub creatives: Option<Vec<usize>>,
    /// By how much what an impression is worth is multiplied.
    pub multiply: Factor,
}
