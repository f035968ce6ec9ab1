//! The hypothetical TTF: what an impression would owe if buying ad space and data were taxed.
//!
//! Stands alone: it imports amounts and nothing else. A [`ScenarioSpec`] is what ad ops wrote; once
//! checked it is a [`Scenario`], which places an impression, finds the rate of its day and writes the
//! [`Assessment`] that the ledger keeps. Deliberately absent: who is told, and when a declaration is due.

mod assessment;
mod check;
mod others;
mod scenario;

pub use assessment::{
    Assessment, Bearer, Evidence, Exemption, Jurisdiction, Levy, Place, Standing, TaxKind, TaxLine, tax_owed,
};
pub use check::ScenarioFault;
pub use others::{Other, Others};
pub use scenario::{Facts, RateRow, Scenario, ScenarioSpec, Territory};
