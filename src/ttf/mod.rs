//! The hypothetical TTF: what an impression would owe if buying ad space and data were taxed.
//!
//! Stands alone: it imports amounts and nothing else. A [`ScenarioSpec`] is what ad ops wrote; once
//! checked it is a [`Scenario`], which places an impression, finds the rate of its day and writes the
//! [`Assessment`] that the ledger keeps. A [`Declaration`] folds those into lines for a period; a [`WhatIf`] holds the same
//! impressions against other scenarios, rates and bearers. Deliberately absent: who is told, and when a declaration is due.

mod assessment;
mod check;
mod declaration;
mod fault;
mod others;
mod places;
mod rates;
mod scenario;
mod spec;
mod what_if;

pub use assessment::{
    Assessment, Bearer, Evidence, Exemption, Jurisdiction, Levy, Place, Standing, TaxKind, TaxLine, tax_owed,
};
pub use declaration::{
    Declaration, Declared, Item, Line, LineKey, NotAPeriod, Outside, Part, Period, Reconciled, TaxAccount,
    Taxpayer, Treatment, in_units, spread,
};
pub use fault::{ScenarioFault, Step};
pub use others::{Exposure, Other, Others};
pub use places::Places;
pub use scenario::{Purchase, Scenario};
pub use spec::{Conflict, ExemptionRule, Facts, Parties, RateRow, Residence, ScenarioSpec, Territory};
pub use what_if::{Booked, Bought, Case, Conversions, Group, Outcome, WhatIf};
