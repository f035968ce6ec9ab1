//! The one way from what was kept of experiments, and the ledger, to what they say: for the command line and the console.
//!
//! Reads beside the server that writes.

use std::path::Path;

use crate::experiment::{ArmOutcomes, Comparison, Effect, Outcomes, Subject, Trial};
use crate::report::Names;
use crate::shell::cli::report::names;
use crate::shell::experiments::file::{ExperimentFile, Running};
use crate::shell::experiments::ghosts::day_of;
use crate::shell::side_file::SideFileError;
use crate::shell::store::{Store, StoreError};
use crate::units::{ArmId, CampaignId, Currency, Day, Millis, RatePpm, UnixMillis, UserKey};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of this campaign alone.
    pub campaign: Option<CampaignId>,
    /// How long after the first bid a conversion counts.
    pub window: Millis,
    /// Only conversions of this kind.
    pub kind: Option<String>,
    /// Only people whom a holdout met on this day of UTC or later for the first time, and bids on arms from then on.
    pub from: Option<Day>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unfound {
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was kept of experiments.
    #[error(transparent)]
    File(#[from] SideFileError),
}

impl Unfound {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Store(error) => error.hint(),
            Self::File(error) => error.hint(),
        }
    }

    /// True if the question is wrong, and not the answer.
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Store(StoreError::Missing { .. }))
    }
}

/// What experiments say.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// Of campaigns that hold people out, by their names.
    pub holdouts: Vec<HoldoutFound>,
    /// Of line items with arms, by their names.
    pub arms: Vec<ArmsFound>,
}

/// What a holdout says.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldoutFound {
    /// The campaign's name.
    pub campaign: String,
    /// Its id.
    pub id: CampaignId,
    /// Of all amounts.
    pub currency: Currency,
    /// The share that is held out.
    pub share: RatePpm,
    /// When somebody was first met.
    pub since: UnixMillis,
    /// People who are left out: a holdout of another share or salt met them before.
    pub excluded: u64,
    /// Conversions whose value is in another currency, and left out.
    pub foreign: u64,
    /// Conversions of the advertiser that name nobody whom we may know: they count for neither group.
    pub nameless: u64,
    /// The groups.
    pub trial: Trial,
    /// What they say; `None` as long as one of them is nearly empty.
    pub effect: Option<Effect>,
}

/// What the arms of a line item say.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmsFound {
    /// The line item's name, as `campaign/line item`.
    pub line_item: String,
    /// Of all amounts.
    pub currency: Currency,
    /// The arms' names, in the order of the comparison.
    pub names: Vec<String>,
    /// What they say.
    pub comparison: Comparison,
}

/// What the experiments of the data in `folder` say.
///
/// # Errors
///
/// [`Unfound`].
pub fn findings(folder: &Path, wanted: &Wanted) -> Result<Findings, Unfound> {
    let store = Store::open(folder)?;
    let names = names(&store)?;
    let mut groups = match ExperimentFile::open_to_read(folder)? {
        Some(file) => enrolled(&file, wanted)?,
        None => Vec::new(),
    };
    let mut arms = ArmOutcomes::default();
    read_ledger(&store, wanted, &mut groups, &mut arms)?;
    let mut holdouts: Vec<HoldoutFound> = groups.iter().map(|group| group.found(&names)).collect();
    holdouts.sort_by(|a, b| a.campaign.cmp(&b.campaign));
    Ok(Findings { holdouts, arms: arms_found(&arms, wanted, &names) })
}

/// A holdout while its people are gathered.
struct Gathered {
    running: Running,
    outcomes: Outcomes,
    excluded: u64,
    missed: u64,
    since: UnixMillis,
}

impl Gathered {
    fn found(&self, names: &Names) -> HoldoutFound {
        let design = &self.running.design;
        let share = f64::from(design.share.ppm()) / f64::from(RatePpm::ONE.ppm());
        let trial = self.outcomes.trial(share, self.missed);
        let slug = names.campaigns.get(&design.campaign).cloned();
        HoldoutFound {
            campaign: slug.unwrap_or_else(|| design.campaign.to_string()),
            id: design.campaign,
            currency: design.currency,
            share: design.share,
            since: self.since,
            excluded: self.excluded,
            foreign: self.outcomes.foreign(),
            nameless: self.outcomes.nameless(),
            trial,
            effect: trial.effect(),
        }
    }
}

/// Who is in the groups of every holdout that is asked for.
fn enrolled(file: &ExperimentFile, wanted: &Wanted) -> Result<Vec<Gathered>, SideFileError> {
    let mut all = Vec::new();
    let running = file.running()?.into_iter();
    for running in running.filter(|of| wanted.campaign.is_none_or(|campaign| campaign == of.design.campaign))
    {
        let from = wanted.from.map_or(running.since, |day| running.since.max(start_of(day)));
        let subject = Subject {
            campaign: running.design.campaign,
            advertiser: running.design.advertiser,
            currency: running.design.currency,
            window: wanted.window,
        };
        let outcomes = Outcomes::new(subject, wanted.kind.clone());
        let missed = file.missed_since(day_of(from))?;
        let mut gathered = Gathered { running, outcomes, excluded: 0, missed, since: from };
        // Rows come person by person: whoever was met under another holdout before is in no group of this one.
        let mut person: Vec<(bool, UnixMillis, bool)> = Vec::new();
        let mut last: Option<UserKey> = None;
        let mut close = |user: Option<UserKey>, rows: &mut Vec<(bool, UnixMillis, bool)>| {
            let Some(user) = user else { return };
            if rows.iter().all(|(_, at, is_ours)| *is_ours && *at >= from) {
                rows.iter().for_each(|(held_out, at, _)| gathered.outcomes.enrol(user, *held_out, *at));
            } else {
                gathered.excluded += 1;
            }
            rows.clear();
        };
        file.each(running.design.campaign, |met| {
            if last != Some(met.user) {
                close(last, &mut person);
                last = Some(met.user);
            }
            person.push((met.held_out, met.at, met.design == running.number));
        })?;
        close(last, &mut person);
        all.push(gathered);
    }
    Ok(all)
}

/// What became of them, and of the people of arms.
fn read_ledger(
    store: &Store,
    wanted: &Wanted,
    groups: &mut [Gathered],
    arms: &mut ArmOutcomes,
) -> Result<(), StoreError> {
    let of_arms = wanted.from.map(start_of);
    let is_wanted = |at: UnixMillis, campaign: CampaignId| {
        of_arms.is_none_or(|from| at >= from) && wanted.campaign.is_none_or(|only| only == campaign)
    };
    store.corrections(|event| {
        groups.iter_mut().for_each(|group| group.outcomes.correct(event));
    })?;
    store.conversions(|event| {
        groups.iter_mut().for_each(|group| group.outcomes.take(event));
        let is_of_kind = match (&wanted.kind, &event.kind) {
            (Some(kind), crate::ledger::EventKind::Conversion(conversion)) => conversion.kind == *kind,
            _ => true,
        };
        if is_of_kind && is_wanted(event.bid.at, event.bid.campaign) {
            arms.take(event);
        }
    })?;
    let from = of_arms.unwrap_or(UnixMillis::from_raw(0));
    store.events_of_bids(from, UnixMillis::from_raw(LAST), |event| {
        groups.iter_mut().for_each(|group| group.outcomes.take(event));
        if is_wanted(event.bid.at, event.bid.campaign) {
            arms.take(event);
        }
    })
}

/// Behind every bid, and before the keys of corrections and conversions, which begin with 0xfe and 0xff: the first byte of a
/// key is the highest of the 48 bits of a bid's time.
const LAST: i64 = (0xfe << 40) - 1;

fn start_of(day: Day) -> UnixMillis {
    UnixMillis::from_raw(i64::from(day.raw()) * 86_400_000)
}

fn arms_found(arms: &ArmOutcomes, wanted: &Wanted, names: &Names) -> Vec<ArmsFound> {
    let of_campaign = |campaign: CampaignId| wanted.campaign.is_none_or(|only| only == campaign);
    let mut found: Vec<ArmsFound> = Vec::new();
    for (tried, ids) in arms.line_items().into_iter().filter(|(tried, _)| of_campaign(tried.campaign)) {
        let mut named: Vec<(String, ArmId)> = ids
            .into_iter()
            .map(|arm| {
                let slug =
                    names.arms.get(&arm).map(|slug| slug.rsplit('/').next().unwrap_or(slug).to_owned());
                (slug.unwrap_or_else(|| arm.to_string()), arm)
            })
            .collect();
        named.sort();
        let ids: Vec<ArmId> = named.iter().map(|(_, arm)| *arm).collect();
        let line_item = names.line_items.get(&tried.line_item).cloned();
        found.push(ArmsFound {
            line_item: line_item.unwrap_or_else(|| tried.line_item.to_string()),
            currency: tried.currency,
            names: named.into_iter().map(|(name, _)| name).collect(),
            comparison: arms.comparison(&ids),
        });
    }
    found.sort_by(|a, b| a.line_item.cmp(&b.line_item));
    found
}
