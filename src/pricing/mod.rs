//! What to bid: one function from what an impression is worth to the price that is sent.
//!
//! value -> goal -> pace -> tax -> shading -> floor -> tick, for both kinds of auction, every currency, tax and floor.
//! [`price`] is the only one that prices, and notes every step, so that an explanation shows what was done and not
//! something like it. Integer arithmetic from the value on: a float predicts what an impression is worth, what it takes
//! to win and what it will cost; it enters in [`value`], [`learned`] and the factors, and leaves through a rounded
//! price. Deliberately absent: where factors and landscapes come from.

mod adjust;
mod price;
mod terms;
mod value;

pub use adjust::{Adjusted, Adjustments, NOWHERE, placement_key};
pub use price::{Auction, Case, Priced, Step, Steps, Unpriced, price};
pub use terms::{Terms, highest_bid, worst_case};
pub use value::{learned, value};
