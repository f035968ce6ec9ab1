//! One change of what is bid: what, from where to where, on what evidence, and what has become of it.

use std::fmt;

use crate::campaign::Factor;
use crate::units::{CampaignId, ChangeId, ExchangeId, LineItemId, Nanos, UnixMillis};

/// A change as it stands at one moment. A log holds the same change again whenever its state becomes another.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its name.
    pub id: ChangeId,
    /// When it came into this state.
    pub at: UnixMillis,
    /// What it changes.
    pub target: Target,
    /// What was before.
    pub from: Value,
    /// What is after it.
    pub to: Value,
    /// Why.
    pub evidence: Evidence,
    /// What has become of it.
    pub state: State,
    /// Who brought it into this state.
    pub by: By,
}

/// What a change changes. There is one value for each at any time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Whose money.
    pub campaign: CampaignId,
    /// Which line item; `None` for the campaign itself.
    pub line_item: Option<LineItemId>,
    /// What of it.
    pub setting: Setting,
}

/// What of a line item or a campaign can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Setting {
    /// What predictions are multiplied by, everywhere.
    Calibrate,
    /// What impressions of a placement are multiplied by.
    Placement(Placement),
    /// Whether it bids, everywhere or on one placement.
    Pause(Option<Placement>),
    /// What it may spend a day. Stands in the campaign's file, where a person raises it.
    RaiseBudget,
}

impl Setting {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Calibrate => "calibrate",
            Self::Placement(_) => "placement",
            Self::Pause(_) => "pause",
            Self::RaiseBudget => "raise_budget",
        }
    }

    /// The placement that it is about, if it is about one.
    #[must_use]
    pub const fn placement(&self) -> Option<&Placement> {
        match self {
            Self::Placement(placement) | Self::Pause(Some(placement)) => Some(placement),
            Self::Calibrate | Self::Pause(None) | Self::RaiseBudget => None,
        }
    }
}

/// An outlet at an exchange.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placement {
    /// As [`crate::pricing::placement_key`] has it.
    pub key: u64,
    /// Where it is bought.
    pub exchange: ExchangeId,
    /// Its domain or bundle, for people.
    pub outlet: String,
}

/// What a setting is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Of a calibration or a multiplier.
    Factor(Factor),
    /// True if it must not bid.
    Paused(bool),
    /// A day's budget.
    Money(Nanos),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factor(factor) => factor.fmt(f),
            Self::Paused(true) => f.write_str("paused"),
            Self::Paused(false) => f.write_str("bidding"),
            Self::Money(amount) => amount.fmt(f),
        }
    }
}

/// What has become of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits for a person.
    Proposed,
    /// In force.
    Made,
    /// Was in force.
    Undone,
    /// Never was in force.
    Rejected,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Proposed, Self::Made, Self::Undone, Self::Rejected];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Made => "made",
            Self::Undone => "undone",
            Self::Rejected => "rejected",
        }
    }
}

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// A rule.
    Automatic,
    /// A person.
    Person,
}

impl By {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Automatic, Self::Person];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Person => "person",
        }
    }
}

/// Why a change is right, by the figures at the time.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Which rule says so.
    pub rule: Rule,
    /// The first instant of the window; bids were made at or after it.
    pub from: UnixMillis,
    /// The first instant after it.
    pub to: UnixMillis,
    /// Billed impressions in it.
    pub impressions: u64,
    /// What they cost: media, data, and the tax that the advertiser bears.
    pub spend: Nanos,
    /// Clicks on them.
    pub clicks: u64,
    /// Conversions by them.
    pub conversions: u64,
    /// What these brought.
    pub value: Nanos,
    /// Events that the rule counts.
    pub observed: f64,
    /// Events that it would expect if nothing were to be changed.
    pub expected: f64,
    /// The 95 % interval of observed / expected; `None` where there is none.
    pub interval: Option<(f64, f64)>,
    /// How likely figures like these are if nothing is to be changed, 0 to 1.
    pub probability: f64,
    /// All that in words.
    pub sentence: String,
}

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A line item brings more or less than its predictions say.
    Calibration,
    /// A placement brings more or less than the line item's others.
    PlacementLift,
    /// Much was spent, and nothing came.
    NothingCame,
    /// The goal is met with the whole budget spent.
    GoalMetBudgetSpent,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Calibration, Self::PlacementLift, Self::NothingCame, Self::GoalMetBudgetSpent];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calibration => "calibration",
            Self::PlacementLift => "placement_lift",
            Self::NothingCame => "nothing_came",
            Self::GoalMetBudgetSpent => "goal_met_budget_spent",
        }
    }
}
