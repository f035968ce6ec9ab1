//! What a campaign or a line item is after, and how far it has come.
//!
//! Targets are held against what a line item's own goal counts: media, data, our fee and the tax that the advertiser
//! bears, without the campaign's fixed costs, since bids are priced so that this cost stays within the goal. A budget is
//! held against what counts in it: media, data, and the tax borne inside.

use crate::page::{Phrase, words};
use crate::report::{Dimension, Ratio, Totals};
use crate::units::{CampaignId, LineItemId};

/// Whose target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A campaign's: its budget, and its goal where all of its line items have the same.
    Campaign(CampaignId),
    /// A line item's.
    LineItem(LineItemId),
}

/// What is aimed at. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AimKind {
    /// At most so much per thousand impressions.
    Cpm = 1,
    /// At most so much per click.
    Cpc = 2,
    /// At most so much per acquisition.
    Cpa = 3,
    /// At least so much value for each unit of cost.
    Roas = 4,
    /// The budget of the whole flight.
    Budget = 5,
    /// The budget of each day.
    DailyBudget = 6,
}

impl AimKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Cpm, Self::Cpc, Self::Cpa, Self::Roas, Self::Budget, Self::DailyBudget];

    /// The kind of a stored number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }

    /// Its name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpm => "cpm",
            Self::Cpc => "cpc",
            Self::Cpa => "cpa",
            Self::Roas => "roas",
            Self::Budget => "budget",
            Self::DailyBudget => "daily_budget",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn word(self) -> Phrase {
        match self {
            Self::Cpm => words::CPM,
            Self::Cpc => words::CPC,
            Self::Cpa => words::CPA,
            Self::Roas => words::ROAS,
            Self::Budget => words::BUDGET,
            Self::DailyBudget => words::DAILY_BUDGET,
        }
    }

    /// True if its values are amounts of money.
    #[must_use]
    pub const fn is_money(self) -> bool {
        !matches!(self, Self::Roas)
    }

    /// True if less is better.
    const fn is_ceiling(self) -> bool {
        matches!(self, Self::Cpm | Self::Cpc | Self::Cpa)
    }

    /// True if a row of these dimensions can be held against it: a budget is the whole campaign's or line item's.
    pub(in crate::report) fn fits(self, group_by: &[Dimension]) -> bool {
        let whole = |dimension: &&Dimension| {
            !matches!(dimension, Dimension::Advertiser | Dimension::Campaign | Dimension::LineItem)
        };
        let mut others = group_by.iter().filter(whole);
        match self {
            Self::Budget => others.next().is_none(),
            Self::DailyBudget => (others.next(), others.next()) == (Some(&Dimension::Day), None),
            Self::Cpm | Self::Cpc | Self::Cpa | Self::Roas => {
                // By why bids lost, impressions and losses stand apart: nothing is bought where nothing was won.
                !others.any(|dimension| *dimension == Dimension::LossReason)
            }
        }
    }
}

/// One target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aim {
    /// Of what.
    pub kind: AimKind,
    /// How much: nano-units of the campaign's currency, or millionths for a [`AimKind::Roas`]. Above zero.
    pub raw: i64,
}

/// How far a target is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attainment {
    /// Of what.
    pub kind: AimKind,
    /// What was aimed at.
    pub target: Ratio,
    /// What came; `None` where there is no figure yet.
    pub actual: Option<Ratio>,
    /// 1 is as aimed at. Of costs and returns more is better: target / actual, and actual / target. Of a budget, how
    /// much of it is used.
    pub share: Option<Ratio>,
}

impl Aim {
    /// The target as a fraction of units; `None` if it is not above zero.
    #[must_use]
    pub fn value(self) -> Option<Ratio> {
        let scale = if self.kind.is_money() { 1_000_000_000 } else { 1_000_000 };
        Ratio::new(self.raw.into(), scale).filter(|value| value.dividend() > 0)
    }

    /// How far `totals` have come; `None` if the target is none.
    #[must_use]
    pub fn attained(self, totals: &Totals) -> Option<Attainment> {
        let target = self.value()?;
        let cost = totals.goal_cost();
        let per = |count: i128, unit: i128| Ratio::new(cost.raw(), count.checked_mul(unit)?);
        let actual = match self.kind {
            AimKind::Cpm => per(totals.impressions.into(), FEMTOS / 1_000),
            AimKind::Cpc => per(totals.clicks.into(), FEMTOS),
            AimKind::Cpa => per(totals.acquisitions.into(), FEMTOS),
            AimKind::Roas => Ratio::new(totals.value.raw(), cost.raw()),
            AimKind::Budget | AimKind::DailyBudget => Ratio::new(totals.budget.raw(), FEMTOS),
        };
        let share =
            actual.and_then(
                |actual| {
                    if self.kind.is_ceiling() { target.over(actual) } else { actual.over(target) }
                },
            );
        Some(Attainment { kind: self.kind, target, actual, share })
    }
}

/// Femto-units in a unit.
const FEMTOS: i128 = 1_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::{Aim, AimKind};
    use crate::report::{Dimension, Totals};

    #[track_caller]
    fn check(kind: AimKind, raw: i64, actual: &str, share: &str) {
        let attained = Aim { kind, raw }.attained(&Totals::of_ten_thousand()).unwrap();
        assert_eq!(attained.actual.unwrap().to_decimal(4), actual);
        assert_eq!(attained.share.unwrap().to_percent(2), share);
    }

    #[test]
    fn a_target_is_held_against_the_cost_that_its_goal_counts() {
        check(AimKind::Cpa, 50_050_000_000, "50.0500", "100.00");
        check(AimKind::Cpa, 55_055_000_000, "50.0500", "110.00");
        check(AimKind::Cpa, 25_025_000_000, "50.0500", "50.00");
        check(AimKind::Cpc, 1_001_000_000, "0.5005", "200.00");
        check(AimKind::Cpm, 2_002_000_000, "2.0020", "100.00");
        check(AimKind::Roas, 4_000_000, "3.9960", "99.90");
        check(AimKind::Budget, 20_020_000_000_000, "10010.0000", "50.00");
    }

    #[test]
    fn a_cpa_that_is_aimed_at_is_one_of_acquisitions() {
        let aim = Aim { kind: AimKind::Cpa, raw: 50_050_000_000 };
        let others = Totals { conversions: 1_000, ..Totals::of_ten_thousand() };
        assert_eq!(aim.attained(&others), aim.attained(&Totals::of_ten_thousand()));
        let none = aim.attained(&Totals { acquisitions: 0, ..others }).unwrap();
        assert_eq!((none.actual, none.share), (None, None));
    }

    #[test]
    fn nothing_bought_has_attained_nothing_and_a_target_of_nothing_is_none() {
        let attained = Aim { kind: AimKind::Cpa, raw: 1 }.attained(&Totals::default()).unwrap();
        assert_eq!((attained.actual, attained.share), (None, None));
        assert!(Aim { kind: AimKind::Cpa, raw: 0 }.attained(&Totals::of_ten_thousand()).is_none());
        let budget = Aim { kind: AimKind::Budget, raw: 1 }.attained(&Totals::default()).unwrap();
        assert_eq!(budget.share.unwrap().to_percent(0), "0");
    }

    #[test]
    fn a_budget_is_that_of_whole_campaigns_and_a_daily_one_that_of_a_day() {
        use Dimension::{Advertiser, Campaign, Day, Exchange, LineItem, LossReason};
        assert!(AimKind::Budget.fits(&[Advertiser, Campaign, LineItem]));
        assert!(!AimKind::Budget.fits(&[Campaign, Day]));
        assert!(AimKind::DailyBudget.fits(&[Campaign, Day]));
        assert!(!AimKind::DailyBudget.fits(&[Campaign]));
        assert!(!AimKind::DailyBudget.fits(&[Campaign, Day, Exchange]));
        assert!(AimKind::Cpa.fits(&[Campaign, Exchange, Day]));
        assert!(!AimKind::Cpa.fits(&[Campaign, LossReason]));
    }

    #[test]
    fn a_measure_reads_back_from_its_number() {
        for kind in AimKind::ALL {
            assert_eq!(AimKind::from_code(kind as u8), Some(kind));
        }
        assert_eq!(AimKind::from_code(0), None);
    }
}
