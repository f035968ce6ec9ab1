//! The hypothetical TTF: what an impression would owe if buying ad space and data were taxed.
//!
//! Stands alone: it imports amounts and nothing else.

mod assessment;

pub use assessment::{Assessment, Bearer, Evidence, Exemption, Jurisdiction, Place, TaxKind, TaxLine};
