//! Our notice URLs: what a bid says of itself, signed, so that its outcome can be booked without any
//! memory of the bid.
//!
//! Each kind of notice has its own key, derived from one secret: the token of a click, which a browser
//! sees, is worth nothing as a billing notice. Deliberately absent: encrypted prices.

mod event;
mod keys;
#[cfg(test)]
mod tests;
mod ticket;
mod wire;

pub use event::{ConversionReport, Outcome, Params, Refused, conversion, event, write_address};
pub use keys::{Keys, NoticeKind, TokenError};
pub use ticket::Ticket;
