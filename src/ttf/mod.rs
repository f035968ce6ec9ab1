//! The hypothetical TTF: what an impression would owe if buying ad space and data were taxed.
//!
//! Stands alone: it imports amounts and nothing else.

mod assessment;
mod scenario;

pub use assessment::{Assessment, Bearer, Evidence, Exemption, Jurisdiction, Place, TaxKind, TaxLine};
pub use scenario::{RateRow, ScenarioSpec, Territory};
