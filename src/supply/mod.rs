//! Who sold an impression: supply chains held against an exchange's rules, `ads.txt` and `sellers.json`.
//!
//! The lists come in as texts, are compiled off the bid path, and are only looked up on it. Deliberately absent:
//! fetching them (whoever runs the bidder puts the files there), the payment chain of TAG, and ads.cert.

mod ads_txt;
mod fault;
mod judge;
mod lists;
mod policy;
mod sellers;

pub use ads_txt::{AdsTxt, Relation};
pub use fault::SupplyFault;
pub use judge::judge;
pub use lists::Lists;
pub use policy::{Check, Policy, SellerName, SellerNames};
pub use sellers::{SellerKind, Sellers};
