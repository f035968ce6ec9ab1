//! What an advertiser makes of a person's history: stage, class, score, intents.
//!
//! Pure and exact: the same definition, history and instant give the same standing on any machine.

mod decay;

use smallvec::SmallVec;

use crate::audience::standing::decay::Decayed;
use crate::audience::{Definition, Happened, LeadScore, Past, Rfm, RfmScores, Scores};
use crate::units::{Millis, Nanos, UnixMillis};

/// What a person is to an advertiser at one instant. The default is a person who did nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing<'d> {
    /// The first stage that holds; `None` if none does.
    pub stage: Option<&'d str>,
    /// `None` if nothing counts, or the definition asks for no classes.
    pub rfm: Option<RfmStanding<'d>>,
    /// Whole points, rounded down, from 0 to the cap; 0 if the definition gives none.
    pub lead_score: u32,
    /// Every intent that holds, in the order of the definition.
    pub intents: SmallVec<[&'d str; 4]>,
}

/// Recency, frequency and monetary value of a person of whom something counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RfmStanding<'d> {
    /// The scores.
    pub scores: RfmScores,
    /// The first class that fits.
    pub class: Option<&'d str>,
}

impl<'d> Standing<'d> {
    /// What `history`, in any order, is to the advertiser of `definition` at `now`.
    #[must_use]
    pub fn of(definition: &'d Definition, history: &[Happened], now: UnixMillis) -> Self {
        let past = Past::new(definition, history, now);
        let stage = definition.stages.iter().find(|stage| stage.when.iter().all(|count| count.holds(past)));
        let intents = definition.intents.iter().filter(|intent| intent.when.holds(past));
        Self {
            stage: stage.map(|stage| stage.name.as_str()),
            rfm: definition.rfm.as_ref().and_then(|rfm| rfm_standing(rfm, past)),
            lead_score: definition.lead_score.as_ref().map_or(0, |lead_score| score(lead_score, past)),
            intents: intents.map(|intent| intent.name.as_str()).collect(),
        }
    }
}

/// The sum of points, each halved once for every half-life of its event's age; rounded down once, at the end, and
/// held between 0 and the cap.
fn score(lead_score: &LeadScore, past: Past<'_>) -> u32 {
    let mut sum = Decayed::default();
    for happened in past.iter() {
        if let Some((_, points)) = lead_score.points.iter().find(|(event, _)| *event == happened.event) {
            sum.add(*points, past.age(happened), lead_score.half_life);
        }
    }
    sum.whole().min(lead_score.cap)
}

fn rfm_standing<'d>(rfm: &'d Rfm, past: Past<'_>) -> Option<RfmStanding<'d>> {
    let (mut age, mut count, mut sum) = (None, 0_u32, Nanos::ZERO);
    let counted =
        |happened: &&Happened| rfm.events.contains(&happened.event) && past.age(happened) < rfm.period;
    for happened in past.iter().filter(counted) {
        let own = past.age(happened);
        age = Some(age.map_or(own, |youngest: Millis| youngest.min(own)));
        count = count.saturating_add(1);
        sum = sum.saturating_add(happened.value);
    }
    let age = age?;
    let scores = RfmScores {
        recency: Scores::HIGHEST - reached(&rfm.recency, age),
        frequency: Scores::LOWEST + reached(&rfm.frequency, count),
        monetary: Scores::LOWEST + reached(&rfm.monetary, sum),
    };
    let class = rfm.classes.iter().find(|class| class.range.fits(scores)).map(|class| class.name.as_str());
    Some(RfmStanding { scores, class })
}

/// How many of four ascending thresholds `value` has reached.
fn reached<T: PartialOrd + Copy>(thresholds: &[T; 4], value: T) -> u8 {
    thresholds.iter().map(|threshold| u8::from(value >= *threshold)).sum()
}

#[cfg(test)]
mod tests;
