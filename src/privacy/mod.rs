//! Privacy signals of a request to [`Permissions`]: what may be known about the person behind it.
//!
//! Second on the fast path, right after parsing: nobody reads an id before asking here. Consent strings
//! are read where they stand, without a buffer, for one vendor, us. Every signal counts, in both places where
//! it may stand, and only what all of them permit is permitted. What applies and cannot be read permits
//! nothing. What follows from a refusal (a bid by context alone, or none) is the [`Policy`] of the exchange.
//! A [`sensitive_word`] is refused wherever a person names what people are chosen by.
//!
//! Deliberately absent: vendor lists, guessing a law from a place, the age of a consent, and the Digital
//! Services Act, which is about ads and not about people.

mod bits;
mod gpp;
mod permissions;
mod policy;
mod purposes;
mod restriction;
mod sensitive;
mod tcf;
mod vendor;

pub use gpp::{CanadianString, GppString, UsRefusal, UsSection, opted_out_of_sale};
pub use permissions::Permissions;
pub use policy::{Outcome, Policy, Unwaivable};
pub use purposes::Purposes;
pub use restriction::{ConsentRefusal, Restriction, SignalFault};
pub use sensitive::sensitive_word;
pub use tcf::{SpecialFeatures, TcString};
pub use vendor::VendorSignals;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
