//! What is owed for a period: a fold of billed impressions and corrections into lines, each rounded once.
//!
//! Behind the ledger, whose events it is handed one by one, each once; parts of a fold merge into the whole, in any order.
//! An item counts in the period in which we were told of it, by the civil date of its jurisdiction: what was bid before and
//! billed within is late, and declared; what was bid within and billed after is told, and declared with the next period.
//! Deliberately absent: when a declaration is due, and interest.

mod cents;
mod line;
mod period;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use jiff::tz::TimeZone;

pub use cents::{in_units, spread};
pub use line::{LineKey, Part, Taxpayer, Treatment};
pub use period::{NotAPeriod, Period};

use crate::ttf::declaration::line::{Folded, Share, is_empty, is_unresolved, treatment};
use crate::ttf::{Assessment, Bearer, Jurisdiction, Levy, Scenario, TaxKind};
use crate::units::{AdvertiserId, CampaignId, Currency, Day, Femtos, ScenarioId, UnixMillis};

/// A billed impression, or a correction of one.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Who pays.
    pub advertiser: AdvertiserId,
    /// For what.
    pub campaign: CampaignId,
    /// Of every amount.
    pub currency: Currency,
    /// When the bid was made.
    pub bid_at: UnixMillis,
    /// When we were told: the tax point.
    pub told_at: UnixMillis,
    /// The day of the ledger under which it is filed.
    pub filed: Day,
    /// One; of a correction those that it adds or takes back.
    pub impressions: i64,
    /// True of a correction, which carries rate and place of what it corrects.
    pub is_correction: bool,
    /// What it owes.
    pub assessment: &'a Assessment,
    /// Who bears that.
    pub bearer: Bearer,
}

/// A declaration in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    period: Period,
    by_advertiser: bool,
    spans: HashMap<(ScenarioId, Option<Jurisdiction>), Range<UnixMillis>>,
    elsewhere: Range<UnixMillis>,
    /// Taxed, and no scenario says by which clock.
    clockless: BTreeSet<(ScenarioId, Jurisdiction)>,
    lines: BTreeMap<LineKey, Folded>,
    outside: BTreeMap<TaxAccount, Outside>,
    filed: Option<(Day, Day)>,
}

/// An account of the ledger: to whom, in what.
pub type TaxAccount = (Option<Jurisdiction>, Currency);

/// What lies before and after the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outside {
    /// Owed for what was told before it.
    pub before: Femtos,
    /// Owed for what was told after it.
    pub after: Femtos,
    /// Of what was told after it: bids of the period.
    pub told_after: Part,
}

impl Declaration {
    /// An empty declaration of `period`, by the clocks of the jurisdictions of `scenarios`, and of UTC where there is none.
    /// With `by_advertiser` each advertiser owes its own; else all is ours.
    #[must_use]
    pub fn new<'a>(
        period: Period,
        scenarios: impl IntoIterator<Item = &'a Scenario>,
        by_advertiser: bool,
    ) -> Self {
        let elsewhere = period.span(&TimeZone::UTC);
        let mut spans = HashMap::new();
        for scenario in scenarios {
            for territory in &scenario.spec().territories {
                let zone = scenario.zone(territory.jurisdiction);
                let span = zone.map_or_else(|| elsewhere.clone(), |zone| period.span(zone));
                spans.insert((scenario.id(), Some(territory.jurisdiction)), span);
            }
        }
        let (lines, outside) = (BTreeMap::new(), BTreeMap::new());
        Self {
            period,
            by_advertiser,
            spans,
            elsewhere,
            clockless: BTreeSet::new(),
            lines,
            outside,
            filed: None,
        }
    }

    /// Counts one item in. The caller hands in each once: the ledger knows duplicates.
    pub fn add(&mut self, item: &Item<'_>) {
        for levy in item.assessment.levies() {
            for kind in TaxKind::ALL {
                self.add_line(item, &levy, kind);
            }
        }
    }

    fn add_line(&mut self, item: &Item<'_>, levy: &Levy, kind: TaxKind) {
        let (scenario, jurisdiction) = (item.assessment.scenario, levy.place.jurisdiction);
        let line = match kind {
            TaxKind::AdSpace => &levy.space,
            TaxKind::Data => &levy.data,
        };
        if is_empty(line, kind) {
            return;
        }
        let span = self.spans.get(&(scenario, jurisdiction)).unwrap_or(&self.elsewhere).clone();
        if let Some(taxing) = jurisdiction.filter(|_| !self.spans.contains_key(&(scenario, jurisdiction))) {
            self.clockless.insert((scenario, taxing));
        }
        let part = Part::of(line, item.impressions);
        if !span.contains(&item.told_at) {
            self.add_outside(item, &span, (jurisdiction, item.currency), &part);
            return;
        }
        self.widen(item.filed, item.filed);
        let by_advertiser = self.by_advertiser.then_some(Taxpayer::Advertiser(item.advertiser));
        let key = LineKey {
            taxpayer: by_advertiser.unwrap_or(Taxpayer::Buyer),
            jurisdiction,
            scenario,
            kind,
            treatment: treatment(line),
            currency: item.currency,
        };
        self.lines.entry(key).or_default().add(&Share {
            part,
            passed_on: line.borne(item.bearer),
            campaign: item.campaign,
            is_credit: item.is_correction,
            is_late: !item.is_correction && item.bid_at < span.start,
            is_unresolved: is_unresolved(levy.place, line, scenario != Scenario::NONE),
        });
    }

    fn add_outside(&mut self, item: &Item<'_>, span: &Range<UnixMillis>, account: TaxAccount, part: &Part) {
        let outside = self.outside.entry(account).or_default();
        let side = if item.told_at < span.start { &mut outside.before } else { &mut outside.after };
        *side = [*side, part.tax].into_iter().sum();
        if item.told_at >= span.end && span.contains(&item.bid_at) {
            outside.told_after.add(part);
        }
    }

    fn widen(&mut self, first: Day, last: Day) {
        let (former_first, former_last) = self.filed.unwrap_or((first, last));
        self.filed = Some((former_first.min(first), former_last.max(last)));
    }

    /// Adds what another part of the items came to.
    ///
    /// # Panics
    ///
    /// If `other` is of another period or other taxpayers.
    pub fn merge(&mut self, other: &Self) {
        let alike = self.period == other.period && self.by_advertiser == other.by_advertiser;
        assert!(alike, "only declarations of one period and the same taxpayers add up");
        for (key, folded) in &other.lines {
            self.lines.entry(*key).or_default().merge(folded);
        }
        for (account, more) in &other.outside {
            let outside = self.outside.entry(*account).or_default();
            outside.before = [outside.before, more.before].into_iter().sum();
            outside.after = [outside.after, more.after].into_iter().sum();
            outside.told_after.add(&more.told_after);
        }
        self.clockless.extend(&other.clockless);
        if let Some((first, last)) = other.filed {
            self.widen(first, last);
        }
    }

    /// The finished declaration, each line rounded half up to the cent.
    #[must_use]
    pub fn finish(&self) -> Declared {
        let lines = self.lines.iter().map(|(key, folded)| {
            let declared = folded.all.tax.to_cents_half_up();
            let taxes: Vec<Femtos> = folded.campaigns.values().map(|part| part.tax).collect();
            let cents = spread(declared, &taxes);
            let campaigns = folded.campaigns.iter().zip(cents);
            Line {
                key: *key,
                all: folded.all,
                declared,
                credits: folded.credits,
                late: folded.late,
                unresolved: folded.unresolved,
                passed_on: folded.passed_on,
                absorbed: [folded.all.tax, -folded.passed_on].into_iter().sum(),
                campaigns: campaigns.map(|((id, part), cents)| (*id, *part, cents)).collect(),
            }
        });
        Declared {
            period: self.period,
            lines: lines.collect(),
            outside: self.outside.clone(),
            filed: self.filed,
            clockless: self.clockless.clone(),
        }
    }
}

/// A finished line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who owes what to whom.
    pub key: LineKey,
    /// All of it, corrections taken off.
    pub all: Part,
    /// The tax in cents, rounded half up.
    pub declared: i128,
    /// Of it, corrections.
    pub credits: Part,
    /// Of it, bids of an earlier period that were billed in this one.
    pub late: Part,
    /// Of it, what no evidence placed.
    pub unresolved: Part,
    /// Of the tax, what advertisers bear, exact.
    pub passed_on: Femtos,
    /// Of the tax, what we bear, exact.
    pub absorbed: Femtos,
    /// By campaign, in order of their ids, with cents that sum to those declared.
    pub campaigns: Vec<(CampaignId, Part, i128)>,
}

/// A finished declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Of which period.
    pub period: Period,
    /// In order of their keys.
    pub lines: Vec<Line>,
    /// What else is owed, before and after.
    pub outside: BTreeMap<TaxAccount, Outside>,
    /// The first and the last day of the ledger under which what is declared is filed.
    pub filed: Option<(Day, Day)>,
    /// What is taxed under scenarios that were not handed in, so that its days are those of UTC.
    pub clockless: BTreeSet<(ScenarioId, Jurisdiction)>,
}

/// What one account of the ledger says beside the declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconciled {
    /// To whom, in what.
    pub account: TaxAccount,
    /// Owed before the period.
    pub before: Femtos,
    /// The lines of the declaration, exact.
    pub declared: Femtos,
    /// Owed after the period.
    pub after: Femtos,
    /// What the ledger owes in all, by its own books.
    pub booked: Femtos,
}

impl Reconciled {
    /// What is declared, before and after less what is booked: zero if both agree.
    #[must_use]
    pub fn difference(&self) -> Femtos {
        [self.before, self.declared, self.after, -self.booked].into_iter().sum()
    }
}

impl Declared {
    /// The sum of the declared cents by taxpayer and currency.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<(Taxpayer, Currency), i128> {
        let mut totals = BTreeMap::new();
        for line in &self.lines {
            *totals.entry((line.key.taxpayer, line.key.currency)).or_default() += line.declared;
        }
        totals
    }

    /// Holds the sum of the lines, and of what lies before and after, against what the ledger's accounts say is owed.
    #[must_use]
    pub fn reconcile(&self, booked: &BTreeMap<TaxAccount, Femtos>) -> Vec<Reconciled> {
        let empty = |account: TaxAccount| Reconciled {
            account,
            before: Femtos::ZERO,
            declared: Femtos::ZERO,
            after: Femtos::ZERO,
            booked: Femtos::ZERO,
        };
        let mut all: BTreeMap<TaxAccount, Reconciled> = BTreeMap::new();
        for line in &self.lines {
            let account = (line.key.jurisdiction, line.key.currency);
            let row = all.entry(account).or_insert_with(|| empty(account));
            row.declared = [row.declared, line.all.tax].into_iter().sum();
        }
        for (account, outside) in &self.outside {
            let row = all.entry(*account).or_insert_with(|| empty(*account));
            (row.before, row.after) = (outside.before, outside.after);
        }
        for (account, owed) in booked {
            all.entry(*account).or_insert_with(|| empty(*account)).booked = *owed;
        }
        let owes = |row: &Reconciled| row.declared != Femtos::ZERO || row.booked != Femtos::ZERO;
        all.into_values().filter(|row| owes(row) || row.difference() != Femtos::ZERO).collect()
    }
}

#[cfg(test)]
mod tests;
