//! Our notice URLs: what a bid says of itself, signed, so that its outcome can be booked without any
//! memory of the bid.
//!
//! Each kind of notice has its own key, derived from one secret: the token of a click, which a browser
//! sees, is worth nothing as a billing notice.
//!
//! # Macros
//!
//! Exchanges replace macros by plain text search, without escaping (OpenRTB 2.6, 4.4). What each does here:
//!
//! | macro | parameter | for money |
//! |---|---|---|
//! | `AUCTION_PRICE`, or the profile's `price_macro` | `p` | what is billed, at most what was bid; see [`clearing_price`] |
//! | `AUCTION_CURRENCY` | `c` | another one than the bid's is refused |
//! | `AUCTION_MULTIPLIER` | `q`, where a play counts as several | what was delivered, at most what was bid for |
//! | `AUCTION_LOSS` | `r` | ends the reservation, unless it is 0 (won) or the markup bills |
//! | `AUCTION_MIN_TO_WIN` | `m` | nothing: it is kept beside the loss, and teaches what it takes to win |
//! | `AUCTION_ID`, `..._BID_ID`, `..._IMP_ID`, `..._SEAT_ID`, `..._AD_ID` | none | the token holds ours, and theirs may arrive unescaped |
//! | `AUCTION_MBR` | none | follows from the price |
//! | `AUCTION_IMP_TS` | none | events are dated by our clock |
//! | `AUCTION_DISCOUNT_...` | none | the price is told after the discount |
//!
//! Parameters are read leniently: raw or percent-encoded, the first one of a name, whatever stands around them.
//! A price that is empty, not replaced, in another currency or no price at all is missing: then the profile's
//! `missing_price` says whether the bid's price is booked. One above the bid is refused by every profile. `AUDIT` is missing too; where the profile says `"audit": "ignore"`, it is no impression at all.
//!
//! Where the markup itself bills (`"bills_on": "impression"`) the notice comes from a browser, and nothing that it
//! says of money counts: the bid's own price is booked, once, and a loss is news that frees no money.
#![doc = include_str!("token.md")]

mod event;
mod google;
mod keys;
mod kind;
mod price;
#[cfg(test)]
mod tests;
mod ticket;
mod wire;

pub use event::{Outcome, Params, Refused, Unpriced, conversion, event, write_address};
pub use keys::{KeyId, Keys, TokenError};
pub use kind::NoticeKind;
pub use price::{Unreadable, clearing_price, written_price};
pub use ticket::Ticket;
