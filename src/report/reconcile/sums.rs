//! Sums of both sides by day and currency: whole numbers only, so that no order of the lines changes one.

use std::collections::{BTreeMap, BTreeSet};

use crate::campaign::Rates;
use crate::report::Ratio;
use crate::report::reconcile::line::{NANO, Owed};
use crate::units::{Currency, Day, Femtos, FxRate, Nanos};

/// Both sides of one day, or of all, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The day; `None` for lines that name none, and for a total.
    pub day: Option<Day>,
    /// Of all amounts of the row.
    pub currency: Currency,
    /// Impressions in the file, less those that both have taken back.
    pub their_impressions: i64,
    /// Impressions that we have billed, less those that were taken back.
    pub our_impressions: i64,
    /// The file's amount.
    pub theirs: Femtos,
    /// Ours; converted once, rounded down to the nano, where it is in another currency.
    pub ours: Femtos,
    /// Amounts that differ by less say the same, with the decimals of the file.
    pub step: Femtos,
}

impl Row {
    /// Theirs minus ours.
    #[must_use]
    pub fn difference(&self) -> Femtos {
        Femtos::from_raw(self.theirs.raw() - self.ours.raw())
    }

    /// The difference as a part of ours; `None` if ours is nothing.
    #[must_use]
    pub fn share(&self) -> Option<Ratio> {
        Ratio::new(self.difference().raw(), self.ours.raw())
    }

    /// True if the amounts are the same within the file's decimals.
    #[must_use]
    pub fn amounts_agree(&self) -> bool {
        self.theirs == self.ours || self.difference().raw().abs() < self.step.raw()
    }
}

/// Both sides so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums(BTreeMap<(Option<Day>, Currency), Sum>);

#[derive(Debug, Clone, Default)]
struct Sum {
    their_impressions: i64,
    theirs: i128,
    step: i128,
    our_impressions: i64,
    /// In nanos, by the currency of the books: converted once, at the end.
    ours: BTreeMap<Currency, i128>,
}

impl Sums {
    pub(super) fn add_theirs(&mut self, day: Option<Day>, owed: &Owed, impressions: i64) {
        let sum = self.0.entry((day, owed.currency)).or_default();
        sum.their_impressions = sum.their_impressions.saturating_add(impressions);
        sum.theirs += owed.amount.raw();
        sum.step += owed.step.raw();
    }

    /// Adds `amount` of `own` currency to what is compared in `shown`.
    pub(super) fn add_ours(
        &mut self,
        day: Option<Day>,
        shown: Currency,
        (own, amount): (Currency, Nanos),
        impressions: i64,
    ) {
        let sum = self.0.entry((day, shown)).or_default();
        sum.our_impressions += impressions;
        *sum.ours.entry(own).or_default() += i128::from(amount.raw());
        if own != shown {
            // Each of ours was rounded up to the nano in its own currency.
            sum.step += NANO;
        }
    }

    /// Currencies of the books and those that they are shown in, where these are others.
    pub(super) fn conversions(&self) -> BTreeSet<(Currency, Currency)> {
        let owns = |((_, shown), sum): (&(_, Currency), &Sum)| {
            let shown = *shown;
            sum.ours.keys().map(move |own| (*own, shown)).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(owns).filter(|(own, shown)| own != shown).collect()
    }

    /// A row for each day and currency, and one for each currency.
    pub(super) fn rows(&self, rates: &Rates) -> (Vec<Row>, Vec<Row>) {
        let mut totals: BTreeMap<Currency, Sum> = BTreeMap::new();
        for ((_, currency), sum) in &self.0 {
            totals.entry(*currency).or_default().merge(sum);
        }
        let rows = self.0.iter().map(|((day, currency), sum)| sum.row(*day, *currency, rates)).collect();
        (rows, totals.iter().map(|(currency, sum)| sum.row(None, *currency, rates)).collect())
    }
}

impl Sum {
    fn merge(&mut self, other: &Self) {
        self.their_impressions = self.their_impressions.saturating_add(other.their_impressions);
        self.theirs += other.theirs;
        self.step += other.step;
        self.our_impressions += other.our_impressions;
        for (currency, amount) in &other.ours {
            *self.ours.entry(*currency).or_default() += amount;
        }
    }

    fn row(&self, day: Option<Day>, currency: Currency, rates: &Rates) -> Row {
        let in_shown = |(own, amount): (&Currency, &i128)| {
            let rate = rates.rate(*own, currency).expect("what is compared has a rate");
            converted(*amount, rate)
        };
        let ours: i128 = self.ours.iter().map(in_shown).sum();
        Row {
            day,
            currency,
            their_impressions: self.their_impressions,
            our_impressions: self.our_impressions,
            theirs: Femtos::from_raw(self.theirs),
            ours: Femtos::from_raw(ours * NANO),
            step: Femtos::from_raw(self.step),
        }
    }
}

/// Nanos at a rate, rounded down.
fn converted(nanos: i128, rate: FxRate) -> i128 {
    let (target, per) = rate.parts();
    // 10^10 units at any rate of the table stay far inside 128 bits.
    (nanos * i128::from(target)).div_euclid(i128::from(per))
}
