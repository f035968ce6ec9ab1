//! What the events of one row add up to: whole numbers only, so that no order or split changes a sum.

use crate::ledger::{Cause, Charge, Correction, Event, EventKind, Playback, Touch, utc_day};
use crate::ttf::{Standing, TaxKind};
use crate::units::{Femtos, Nanos};

/// The sums of one row, all amounts in one currency.
///
/// What a win changes lies together, and what an impression changes: large reports wait for memory, which comes in lines
/// of 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C, align(64))]
pub struct Totals {
    /// Bids that we were told have won.
    pub wins: u64,
    /// Bids that we were told have lost.
    pub losses: u64,
    /// Billed impressions, less those that corrections took back.
    pub impressions: i64,
    /// Of the impressions, billed after their reservation had expired.
    pub late_impressions: i64,
    /// Of the impressions, taxed where the scenario's fallback says, since no evidence was at hand.
    pub unresolved_impressions: i64,
    /// Viewable impressions.
    pub views: u64,
    /// Clicks.
    pub clicks: u64,
    /// Conversions that an ad led to, of whatever kind.
    pub conversions: u64,
    /// Paid to exchanges.
    pub media: Femtos,
    /// Paid for segments.
    pub data: Femtos,
    /// Our fee.
    pub fee: Femtos,
    /// What is used of the budgets: media, data, and the tax borne inside, each bill rounded up to the nano.
    pub budget: Femtos,
    /// The tax that the advertiser bears, on top or inside.
    pub tax_borne: TaxSum,
    /// The tax that we bear.
    pub tax_absorbed: TaxSum,
    /// Of the conversions, those that were booked as acquisitions: what a CPA counts.
    pub acquisitions: u64,
    /// Of the conversions, told after the day of their bid was over everywhere: figures of that day have changed since.
    pub restated_conversions: u64,
    /// Conversions of which nobody knows what led to them: they count for no ad.
    pub unattributed_conversions: u64,
    /// Video and audio ads that began to play.
    pub starts: u64,
    /// Of the starts, played to the end.
    pub completes: u64,
    /// What corrections changed of the impressions: in their number already.
    pub corrected_impressions: i64,
    /// What the conversions brought: the gains of a ROI.
    pub value: Femtos,
    /// What the acquired customers are expected to bring altogether, of those of whom somebody said so. What is said of a
    /// conversion that is no acquisition counts nowhere, or a customer who signs up and buys would bring it twice.
    pub lifetime: Femtos,
    /// What the conversions that count for no ad brought.
    pub unattributed_value: Femtos,
    /// What corrections changed of media, data, fee and tax: in these already. Below zero where money came back.
    pub corrected: Femtos,
    /// Given back to advertisers out of our own: in no cost.
    pub refunds: Femtos,
    /// Of media, what we do not accept.
    pub disputed: Femtos,
}

/// A sum of taxes by what is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaxSum {
    /// On ad space.
    pub space: Femtos,
    /// On targeting data.
    pub data: Femtos,
}

impl TaxSum {
    /// On both.
    #[must_use]
    pub fn total(self) -> Femtos {
        sum(self.space, self.data)
    }
}

impl Totals {
    /// The tax owed, whoever bears it.
    #[must_use]
    pub fn tax(&self) -> Femtos {
        sum(self.tax_borne.total(), self.tax_absorbed.total())
    }

    /// What the advertiser is charged before tax: media, data and our fee.
    #[must_use]
    pub fn net(&self) -> Femtos {
        [self.data, self.fee].into_iter().fold(self.media, sum)
    }

    /// What a line item's goal counts: net and the tax that the advertiser bears.
    #[must_use]
    pub fn goal_cost(&self) -> Femtos {
        sum(self.net(), self.tax_borne.total())
    }

    /// Counts one event in.
    pub fn add(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Win { .. } => self.wins += 1,
            EventKind::Loss { .. } => self.losses += 1,
            EventKind::Impression(charge) => {
                self.add_charge(charge, 1);
                add_nanos(&mut self.budget, charge.budget_share());
            }
            EventKind::View => self.views += 1,
            EventKind::Click => self.clicks += 1,
            EventKind::Playback(Playback::Start) => self.starts += 1,
            EventKind::Playback(Playback::Complete) => self.completes += 1,
            EventKind::Playback(_) => {}
            EventKind::Correction(correction) => self.add_correction(correction),
            EventKind::Conversion(conversion) if conversion.touch == Touch::None => {
                self.unattributed_conversions += 1;
                add_nanos(&mut self.unattributed_value, conversion.value);
            }
            EventKind::Conversion(conversion) => {
                self.conversions += 1;
                // No zone's day lasts beyond the next day of UTC.
                let is_over = utc_day(event.at).raw() > event.bid.day.raw() + 1;
                self.restated_conversions += u64::from(is_over);
                add_nanos(&mut self.value, conversion.value);
                if conversion.acquisition {
                    self.acquisitions += 1;
                    add_nanos(&mut self.lifetime, conversion.lifetime);
                }
            }
        }
    }

    /// What a correction changes of the cost. A refund and a dispute leave it as it is.
    fn add_correction(&mut self, correction: &Correction) {
        add_nanos(&mut self.disputed, correction.disputed);
        if correction.cause == Cause::Refund {
            self.refunds = sum(self.refunds, -correction.charge.media.to_femtos());
        }
        if correction.cause.changes_cost() {
            let charge = &correction.charge;
            let parts = [charge.media.to_femtos(), charge.data.to_femtos(), charge.fee, charge.tax.tax()];
            self.corrected = parts.into_iter().fold(self.corrected, sum);
            self.corrected_impressions += correction.impressions;
            add_nanos(&mut self.budget, correction.budget);
            self.add_charge(charge, correction.impressions);
        }
    }

    fn add_charge(&mut self, charge: &Charge, impressions: i64) {
        self.impressions += impressions;
        if charge.late {
            self.late_impressions += impressions;
        }
        if charge.tax.standing(TaxKind::AdSpace) == Standing::Unresolved {
            self.unresolved_impressions += impressions;
        }
        self.add_cost(charge);
    }

    fn add_cost(&mut self, charge: &Charge) {
        add_nanos(&mut self.media, charge.media);
        add_nanos(&mut self.data, charge.data);
        self.fee = sum(self.fee, charge.fee);
        for levy in charge.tax.levies() {
            for (line, borne, absorbed) in [
                (levy.space, &mut self.tax_borne.space, &mut self.tax_absorbed.space),
                (levy.data, &mut self.tax_borne.data, &mut self.tax_absorbed.data),
            ] {
                let of_advertiser = line.borne(charge.bearer);
                *borne = sum(*borne, of_advertiser);
                *absorbed = sum(*absorbed, sum(line.tax(), -of_advertiser));
            }
        }
    }

    /// Adds the sums of another row of the same currency.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in [
            (&mut self.wins, other.wins),
            (&mut self.losses, other.losses),
            (&mut self.views, other.views),
            (&mut self.clicks, other.clicks),
            (&mut self.starts, other.starts),
            (&mut self.completes, other.completes),
            (&mut self.conversions, other.conversions),
            (&mut self.acquisitions, other.acquisitions),
            (&mut self.restated_conversions, other.restated_conversions),
            (&mut self.unattributed_conversions, other.unattributed_conversions),
        ] {
            *count += more;
        }
        for (count, more) in [
            (&mut self.impressions, other.impressions),
            (&mut self.late_impressions, other.late_impressions),
            (&mut self.unresolved_impressions, other.unresolved_impressions),
            (&mut self.corrected_impressions, other.corrected_impressions),
        ] {
            *count += more;
        }
        for (amount, more) in [
            (&mut self.media, other.media),
            (&mut self.data, other.data),
            (&mut self.fee, other.fee),
            (&mut self.tax_borne.space, other.tax_borne.space),
            (&mut self.tax_borne.data, other.tax_borne.data),
            (&mut self.tax_absorbed.space, other.tax_absorbed.space),
            (&mut self.tax_absorbed.data, other.tax_absorbed.data),
            (&mut self.corrected, other.corrected),
            (&mut self.refunds, other.refunds),
            (&mut self.disputed, other.disputed),
            (&mut self.value, other.value),
            (&mut self.lifetime, other.lifetime),
            (&mut self.unattributed_value, other.unattributed_value),
            (&mut self.budget, other.budget),
        ] {
            *amount = sum(*amount, more);
        }
    }
}

fn add_nanos(amount: &mut Femtos, more: Nanos) {
    *amount = sum(*amount, more.to_femtos());
}

/// The sum of two amounts of a report.
///
/// # Panics
///
/// Beyond 1.7 * 10^23 units: 10^13 events of the largest amount that there is.
pub(in crate::report) fn sum(a: Femtos, b: Femtos) -> Femtos {
    a.checked_add(b).expect("the amounts of a report fit in 128 bits")
}

#[cfg(test)]
impl Totals {
    /// 10,000 for media with a tax of 0.1 % that the advertiser bears, and 200 acquisitions that brought 40,000.
    pub(in crate::report) fn of_ten_thousand() -> Self {
        use crate::units::Rounding;
        let amount =
            |text| Nanos::from_decimal(text, Rounding::Exact).expect("an amount of a test").to_femtos();
        Self {
            impressions: 5_000_000,
            clicks: 20_000,
            conversions: 200,
            acquisitions: 200,
            media: amount("10000"),
            tax_borne: TaxSum { space: amount("10"), data: Femtos::ZERO },
            budget: amount("10010"),
            value: amount("40000"),
            ..Self::default()
        }
    }
}
