//! The log of changes folded: what is in force, what waits for a person, and what may be done with each.
//!
//! A row is never edited: accepting, rejecting and undoing give the same change again in its new state. What is in force
//! of a target is what the last change says that was made and not undone, so undoing the last one restores exactly what
//! was before it; one that another change stands on cannot be undone before that.

use std::collections::{BTreeMap, HashMap};

use crate::campaign::Factor;
use crate::feedback::{By, Change, Setting, State, Target, Value};
use crate::pricing::{Adjusted, Adjustments};
use crate::units::{CampaignId, ChangeId, LineItemId, UnixMillis};

/// A log, folded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Log {
    /// Each change in its last state.
    changes: BTreeMap<ChangeId, Change>,
    /// Changes that are made and not undone, in the order in which they were made.
    in_force: HashMap<Slot, Vec<ChangeId>>,
}

/// What tells targets apart: outlets by their keys, however they are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::feedback) struct Slot(CampaignId, Option<LineItemId>, &'static str, Option<u64>);

impl Slot {
    pub(in crate::feedback) fn of(target: &Target) -> Self {
        let placement = target.setting.placement().map(|placement| placement.key);
        Self(target.campaign, target.line_item, target.setting.name(), placement)
    }
}

/// Why something cannot be done with a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none of that number.
    #[error("there is no change {id}")]
    Unknown {
        /// As asked.
        id: ChangeId,
    },
    /// Only a proposal can be accepted or rejected.
    #[error("change {id} is {}, not proposed", .state.name())]
    NotProposed {
        /// Which.
        id: ChangeId,
        /// What it is.
        state: State,
    },
    /// Only what is made can be undone.
    #[error("change {id} is {}, not made", .state.name())]
    NotMade {
        /// Which.
        id: ChangeId,
        /// What it is.
        state: State,
    },
    /// What it would change is not what it was.
    #[error("change {id} was proposed at {from}, and it is {now} now")]
    Outdated {
        /// Which.
        id: ChangeId,
        /// What it was.
        from: Value,
        /// What it is.
        now: Value,
    },
    /// A later change begins where it ends.
    #[error("change {by} stands on change {id}")]
    StoodOn {
        /// Which.
        id: ChangeId,
        /// The last one.
        by: ChangeId,
    },
}

impl Refusal {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { .. } => "`encan feedback list` shows all".to_owned(),
            Self::NotProposed { id, state: State::Made } => format!("undo it: `encan feedback undo {id}`"),
            Self::NotMade { id, state: State::Proposed } => {
                format!("reject it: `encan feedback reject {id}`")
            }
            Self::NotProposed { .. } | Self::NotMade { .. } => {
                "nothing is left to do; `encan feedback run` looks at the figures again".to_owned()
            }
            Self::Outdated { .. } => "`encan feedback run` looks at the figures again".to_owned(),
            Self::StoodOn { by, .. } => format!("undo that first: `encan feedback undo {by}`"),
        }
    }
}

impl Log {
    /// The fold of a log's rows, in their order.
    #[must_use]
    pub fn replay(rows: impl IntoIterator<Item = Change>) -> Self {
        let mut log = Self::default();
        rows.into_iter().for_each(|row| log.add(row));
        log
    }

    /// Adds one more row.
    pub fn add(&mut self, row: Change) {
        let slot = Slot::of(&row.target);
        let in_force = self.in_force.entry(slot).or_default();
        in_force.retain(|id| *id != row.id);
        if row.state == State::Made {
            in_force.push(row.id);
        }
        if in_force.is_empty() {
            self.in_force.remove(&slot);
        }
        self.changes.insert(row.id, row);
    }

    /// Each change in its last state, in the order of their numbers.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.changes.values()
    }

    /// The change of that number, in its last state.
    #[must_use]
    pub fn get(&self, id: ChangeId) -> Option<&Change> {
        self.changes.get(&id)
    }

    /// The number of the next new change.
    #[must_use]
    pub fn next_id(&self) -> ChangeId {
        self.changes.keys().next_back().map_or(ChangeId::FIRST, |last| last.next())
    }

    /// What is in force of `target`; without any change what it is by itself, `None` for a budget, which the campaign's
    /// file tells.
    #[must_use]
    pub fn value(&self, target: &Target) -> Option<Value> {
        let last = self.last(&Slot::of(target)).map(|change| change.to);
        last.or(match target.setting {
            Setting::Calibrate | Setting::Placement(_) => Some(Value::Factor(Factor::ONE)),
            Setting::Pause(_) => Some(Value::Paused(false)),
            Setting::RaiseBudget => None,
        })
    }

    /// The change `id` accepted by a person at `now`: the row to add.
    ///
    /// # Errors
    ///
    /// [`Refusal`] unless it is proposed, and what it changes still is what it was then.
    pub fn accept(&self, id: ChangeId, now: UnixMillis) -> Result<Change, Refusal> {
        let change = self.proposed(id)?;
        // What a budget is stands in a file that a person edits.
        let value = self.value(&change.target).filter(|_| change.target.setting != Setting::RaiseBudget);
        match value {
            Some(now) if now != change.from => Err(Refusal::Outdated { id, from: change.from, now }),
            _ => Ok(become_by(change, State::Made, By::Person, now)),
        }
    }

    /// The change `id` rejected by a person at `now`: the row to add.
    ///
    /// # Errors
    ///
    /// [`Refusal`] unless it is proposed.
    pub fn reject(&self, id: ChangeId, now: UnixMillis) -> Result<Change, Refusal> {
        self.proposed(id).map(|change| become_by(change, State::Rejected, By::Person, now))
    }

    /// The change `id` undone by a person at `now`: the row to add. Then what it changed is again what it was.
    ///
    /// # Errors
    ///
    /// [`Refusal`] unless it is the last one made of what it changes.
    pub fn undo(&self, id: ChangeId, now: UnixMillis) -> Result<Change, Refusal> {
        let change = self.changes.get(&id).ok_or(Refusal::Unknown { id })?;
        if change.state != State::Made {
            return Err(Refusal::NotMade { id, state: change.state });
        }
        match self.last(&Slot::of(&change.target)) {
            Some(last) if last.id != id => Err(Refusal::StoodOn { id, by: last.id }),
            _ => Ok(become_by(change, State::Undone, By::Person, now)),
        }
    }

    fn proposed(&self, id: ChangeId) -> Result<&Change, Refusal> {
        let change = self.changes.get(&id).ok_or(Refusal::Unknown { id })?;
        let is_proposed = change.state == State::Proposed;
        if is_proposed { Ok(change) } else { Err(Refusal::NotProposed { id, state: change.state }) }
    }

    /// The last change in force of `slot`.
    fn last(&self, slot: &Slot) -> Option<&Change> {
        self.changes.get(self.in_force.get(slot)?.last()?)
    }
}

/// `change` in a new state.
pub(in crate::feedback) fn become_by(change: &Change, state: State, by: By, at: UnixMillis) -> Change {
    Change { at, state, by, ..change.clone() }
}

impl Adjustments {
    /// What `log` has in force, within the corridors of the campaigns, as the plan has them now. What a campaign without
    /// one had is left out. The same log gives the same adjustments.
    #[must_use]
    pub fn of(log: &Log, corridors: &HashMap<CampaignId, (Factor, Factor)>) -> Self {
        let mut line_items: BTreeMap<LineItemId, Adjusted> = BTreeMap::new();
        let mut paused_placements = Vec::new();
        for change in log.in_force.keys().filter_map(|slot| log.last(slot)) {
            let Target { campaign, line_item, setting } = &change.target;
            let (Some(line_item), Some(corridor)) = (*line_item, corridors.get(campaign)) else { continue };
            let adjusted = line_items.entry(line_item).or_insert_with(|| Adjusted {
                line_item,
                paused: false,
                calibration: Factor::ONE,
                corridor: *corridor,
                placements: Vec::new(),
            });
            match (setting, change.to) {
                (Setting::Calibrate, Value::Factor(factor)) => adjusted.calibration = factor,
                // Nothing at all is what a pause says, within no corridor.
                (Setting::Placement(placement), Value::Factor(factor)) if factor != Factor::ZERO => {
                    adjusted.placements.push((placement.key, factor));
                }
                (Setting::Pause(None), Value::Paused(paused)) => adjusted.paused = paused,
                (Setting::Pause(Some(placement)), Value::Paused(true)) => {
                    paused_placements.push((line_item, placement.key));
                }
                _ => {}
            }
        }
        for (line_item, placement) in paused_placements {
            if let Some(adjusted) = line_items.get_mut(&line_item) {
                adjusted.placements.retain(|(key, _)| *key != placement);
                adjusted.placements.push((placement, Factor::ZERO));
            }
        }
        Self::new(line_items.into_values())
    }
}
