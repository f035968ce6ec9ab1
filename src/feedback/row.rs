//! The rows that suggestions are made of: a line item's figures over a window, and those of each of its placements.

use crate::campaign::{Goal, Learning};
use crate::feedback::Placement;
use crate::units::{CampaignId, LineItemId, Nanos};

/// A line item in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which, and what is wanted of it.
    pub subject: Subject,
    /// Of all its impressions that are old enough to have brought what they bring. What they were expected to bring is
    /// by the goal's own chances.
    pub figures: Figures,
    /// Of those of them whose predictions are known, by these; `None` if no impression's are.
    pub predicted: Option<Figures>,
    /// By placement, of those of them whose placement is known.
    pub placements: Vec<(Placement, Figures)>,
    /// What counted against its budget on each of the last whole days, oldest first.
    pub days: Vec<Nanos>,
}

/// A line item, and what is wanted of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Subject {
    /// Whose money.
    pub campaign: CampaignId,
    /// Which.
    pub line_item: LineItemId,
    /// What it is after.
    pub goal: Goal,
    /// How far what is learnt may change it.
    pub learning: Learning,
    /// What it may spend a day.
    pub daily: Daily,
}

/// Limits of a day's money; `None` = without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Daily {
    /// The line item's.
    pub line_item: Option<Nanos>,
    /// Its campaign's.
    pub campaign: Option<Nanos>,
}

/// What some impressions cost and brought.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// How many were billed.
    pub impressions: u64,
    /// What they cost: media, data, and the tax that the advertiser bears.
    pub spend: Nanos,
    /// Clicks on them.
    pub clicks: u64,
    /// Conversions by them that the goal counts: of a CPA acquisitions, else all.
    pub conversions: u64,
    /// What all conversions by them brought.
    pub value: Nanos,
    /// The sum of the squares of what each brought, in units: how unequal they are.
    pub value_squares: f64,
    /// The sum of the chances of a click, before adjustments.
    pub expected_clicks: f64,
    /// The sum of the chances of a conversion, before adjustments.
    pub expected_conversions: f64,
}

impl Figures {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            impressions: self.impressions.saturating_add(other.impressions),
            spend: self.spend.saturating_add(other.spend),
            clicks: self.clicks.saturating_add(other.clicks),
            conversions: self.conversions.saturating_add(other.conversions),
            value: self.value.saturating_add(other.value),
            value_squares: self.value_squares + other.value_squares,
            expected_clicks: self.expected_clicks + other.expected_clicks,
            expected_conversions: self.expected_conversions + other.expected_conversions,
        }
    }
}

/// The events that a goal is about, counted so that they scatter as Poisson's do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::feedback) struct Events {
    pub(in crate::feedback) observed: f64,
    pub(in crate::feedback) expected: f64,
    /// As many as the spend would bring at the goal's target; `None` if the goal has none.
    pub(in crate::feedback) due: Option<f64>,
}

/// How events are counted for a goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::feedback) enum Measure {
    /// Clicks, at this target in units.
    Clicks { target: f64 },
    /// Conversions, at this target in units if there is one.
    Conversions { target: Option<f64> },
    /// Conversions' value in lots of `lot` units, where a conversion is expected to be worth `each`, and `least` is
    /// wanted for each unit spent.
    Value { lot: f64, each: f64, least: f64 },
}

impl Measure {
    /// How the events of `subject` are counted, whose conversions are told by `figures`; `None` where the goal is about
    /// impressions alone.
    ///
    /// The scatter of a sum of values is as that of Poisson events worth the sum of squares over the sum each
    /// (the compound Poisson law's variance is the expected sum of squares).
    pub(in crate::feedback) fn of(subject: &Subject, figures: &Figures) -> Option<Self> {
        match subject.goal {
            Goal::Cpm(_) => None,
            Goal::Cpc { target, .. } => Some(Self::Clicks { target: units(target) }),
            Goal::Cpa { target, .. } => Some(Self::Conversions { target: Some(units(target)) }),
            Goal::MaxConversions { .. } => Some(Self::Conversions { target: None }),
            Goal::Return { least, value, .. } => {
                let (each, sum) = (units(value), units(figures.value));
                let lot = figures.value_squares / sum;
                let lot = if lot.is_finite() && lot > 0.0 { lot } else { each };
                (lot > 0.0).then_some(Self::Value { lot, each, least: count(least) / 1e6 })
            }
        }
    }

    /// The events of `figures`.
    pub(in crate::feedback) fn events(self, figures: &Figures) -> Events {
        let spend = units(figures.spend);
        let due = |target: f64| (target > 0.0).then_some(spend / target);
        match self {
            Self::Clicks { target } => Events {
                observed: count(figures.clicks),
                expected: figures.expected_clicks,
                due: due(target),
            },
            Self::Conversions { target } => Events {
                observed: count(figures.conversions),
                expected: figures.expected_conversions,
                due: target.and_then(due),
            },
            Self::Value { lot, each, least } => Events {
                observed: units(figures.value).max(0.0) / lot,
                expected: figures.expected_conversions * each / lot,
                due: due(lot / least).filter(|due| due.is_finite()),
            },
        }
    }

    /// What the events are, for people.
    pub(in crate::feedback) const fn noun(self) -> &'static str {
        match self {
            Self::Clicks { .. } => "clicks",
            Self::Conversions { .. } => "conversions",
            Self::Value { .. } => "conversions by their value",
        }
    }
}

/// An amount in units.
#[expect(clippy::cast_precision_loss, reason = "evidence is no more precise than a float")]
pub(in crate::feedback) fn units(amount: Nanos) -> f64 {
    amount.raw() as f64 / 1e9
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "evidence is no more precise than a float")]
pub(in crate::feedback) fn count(count: u64) -> f64 {
    count as f64
}
