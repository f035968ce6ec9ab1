//! What one billed impression owes, and why: the record that the ledger keeps.

use std::fmt;

use crate::units::{Femtos, Nanos, RatePpm, ScenarioId};

/// Who bears the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bearer {
    /// We do: bids and the advertiser's budget are unchanged, our margin pays.
    Absorb,
    /// The advertiser does, on top: the budget counts media only, the tax is a line of its own.
    OnTop,
    /// The advertiser does, inside: the budget counts media and tax ("TTF incluse").
    Inside,
}

/// What is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaxKind {
    /// An impression when billed, on the price paid.
    AdSpace,
    /// Paid targeting data used in a billed impression.
    Data,
}

/// A taxing jurisdiction by its two capital letters: a country (`FR`) or a union (`EU`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jurisdiction([u8; 2]);

impl Jurisdiction {
    /// The jurisdiction of two capital letters.
    #[must_use]
    pub const fn from_code(code: &str) -> Option<Self> {
        match code.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Self([*a, *b])),
            _ => None,
        }
    }

    /// The two letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two capital letters")
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The fact that decided where an impression is taxed. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Evidence {
    /// None was at hand: the scenario's fallback was taken, and the impression is flagged.
    Fallback = 0,
    /// Where the advertiser resides.
    Advertiser = 1,
    /// Where we reside.
    Buyer = 2,
    /// Where the exchange resides.
    Exchange = 3,
    /// Where the viewer's device is (`device.geo`).
    ViewerDevice = 4,
    /// Where the viewer's address is.
    ViewerAddress = 5,
    /// Where the viewer is at home (`user.geo`).
    ViewerHome = 6,
}

/// Where an impression is taxed, and why there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// `None`: the evidence lies outside every jurisdiction of the scenario.
    pub jurisdiction: Option<Jurisdiction>,
    /// What decided it. [`Evidence::Fallback`] flags the impression as unresolved.
    pub evidence: Evidence,
}

/// Why nothing is owed although something was bought. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Exemption {
    /// The scenario taxes nothing there.
    OutOfScope = 1,
    /// No rate is in force on that day.
    NoRate = 2,
    /// `test=1`, or an ad of our own.
    NotBillable = 3,
}

/// One kind's part of an assessment: base and rate, or base and exemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaxLine {
    /// What was paid.
    pub base: Nanos,
    /// Zero if exempt.
    pub rate: RatePpm,
    /// Why nothing is owed; the base is kept.
    pub exemption: Option<Exemption>,
}

impl TaxLine {
    /// The tax owed, exact.
    #[must_use]
    pub fn tax(&self) -> Femtos {
        self.base.share(self.rate)
    }
}

/// What one billed impression owes, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessment {
    /// Under which scenario.
    pub scenario: ScenarioId,
    /// Where.
    pub place: Place,
    /// On the price paid.
    pub space: TaxLine,
    /// On paid data.
    pub data: TaxLine,
}

impl Assessment {
    /// The tax owed on both kinds, exact.
    #[must_use]
    pub fn tax(&self) -> Femtos {
        self.space.tax().checked_add(self.data.tax()).expect("two taxes of one impression fit in 128 bits")
    }
}
