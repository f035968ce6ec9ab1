//! One line of a declaration: who owes what to whom at which rate, and what it is made of.

use std::collections::BTreeMap;

use crate::ttf::{Evidence, Exemption, Jurisdiction, Place, TaxKind, TaxLine};
use crate::units::{AdvertiserId, CampaignId, Currency, Femtos, Nanos, RatePpm, ScenarioId};

/// Who owes the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taxpayer {
    /// We, who buy.
    Buyer,
    /// One of those for whom we buy.
    Advertiser(AdvertiserId),
}

/// How a line stands towards the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Treatment {
    /// At this rate, even zero.
    Taxed(RatePpm),
    /// Nothing is owed, for this reason.
    Exempt(Exemption),
}

/// What tells one line from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    /// Who owes it.
    pub taxpayer: Taxpayer,
    /// To whom; `None` where no jurisdiction taxes.
    pub jurisdiction: Option<Jurisdiction>,
    /// Under which tax.
    pub scenario: ScenarioId,
    /// On what.
    pub kind: TaxKind,
    /// At which rate, or why none.
    pub treatment: Treatment,
    /// Of every amount.
    pub currency: Currency,
}

/// Some of the items of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Part {
    /// Entries of the ledger.
    pub entries: u64,
    /// Impressions: fewer where some were taken back.
    pub impressions: i64,
    /// What was paid.
    pub base: Femtos,
    /// The tax owed on it, exact.
    pub tax: Femtos,
}

/// A line in the making.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::ttf) struct Folded {
    pub(in crate::ttf) all: Part,
    pub(in crate::ttf) credits: Part,
    pub(in crate::ttf) late: Part,
    pub(in crate::ttf) unresolved: Part,
    pub(in crate::ttf) passed_on: Femtos,
    pub(in crate::ttf) campaigns: BTreeMap<CampaignId, Part>,
}

/// What one item adds to a line.
#[derive(Debug, Clone, Copy)]
pub(in crate::ttf) struct Share {
    pub(in crate::ttf) part: Part,
    pub(in crate::ttf) passed_on: Femtos,
    pub(in crate::ttf) campaign: CampaignId,
    pub(in crate::ttf) is_credit: bool,
    pub(in crate::ttf) is_late: bool,
    pub(in crate::ttf) is_unresolved: bool,
}

impl Part {
    /// One item of `impressions` on `line`.
    pub(in crate::ttf) fn of(line: &TaxLine, impressions: i64) -> Self {
        Self { entries: 1, impressions, base: line.base.to_femtos(), tax: line.tax() }
    }

    /// Both together.
    ///
    /// # Panics
    ///
    /// Beyond 1.7 * 10^23 units, which no ledger of `i64` amounts reaches.
    pub(in crate::ttf) fn add(&mut self, more: &Self) {
        self.entries += more.entries;
        self.impressions += more.impressions;
        self.base = [self.base, more.base].into_iter().sum();
        self.tax = [self.tax, more.tax].into_iter().sum();
    }
}

impl Folded {
    pub(in crate::ttf) fn add(&mut self, share: &Share) {
        self.all.add(&share.part);
        for (part, fits) in [
            (&mut self.credits, share.is_credit),
            (&mut self.late, share.is_late),
            (&mut self.unresolved, share.is_unresolved),
        ] {
            if fits {
                part.add(&share.part);
            }
        }
        self.passed_on = [self.passed_on, share.passed_on].into_iter().sum();
        self.campaigns.entry(share.campaign).or_default().add(&share.part);
    }

    pub(in crate::ttf) fn merge(&mut self, other: &Self) {
        self.all.add(&other.all);
        self.credits.add(&other.credits);
        self.late.add(&other.late);
        self.unresolved.add(&other.unresolved);
        self.passed_on = [self.passed_on, other.passed_on].into_iter().sum();
        for (campaign, part) in &other.campaigns {
            self.campaigns.entry(*campaign).or_default().add(part);
        }
    }
}

/// How the line of one kind at `place` stands.
pub(in crate::ttf) fn treatment(line: &TaxLine) -> Treatment {
    line.exemption.map_or(Treatment::Taxed(line.rate), Treatment::Exempt)
}

/// True if no evidence decided the place, and one was needed: what is not billable needs none.
pub(in crate::ttf) fn is_unresolved(place: Place, line: &TaxLine, is_taxing: bool) -> bool {
    is_taxing && place.evidence == Evidence::Fallback && line.exemption != Some(Exemption::NotBillable)
}

/// True of a line on which nothing was paid: data that nobody bought is no line of a declaration.
pub(in crate::ttf) fn is_empty(line: &TaxLine, kind: TaxKind) -> bool {
    kind == TaxKind::Data && line.base == Nanos::ZERO
}
