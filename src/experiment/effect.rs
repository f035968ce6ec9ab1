//! What a campaign's ads bring: people who were ready to be bid on, of whom some are held out, compared by what they do.
//!
//! Everybody counts in the group that chance put them in, whether or not an ad was shown (intention to treat): whoever
//! was reached differs from whoever was not by more than the ad. A person counts from the first bid on. Sources: Rubin,
//! Journal of Educational Psychology 66 (1974), 688-701; Johnson, Lewis and Nubbemeyer, Journal of Marketing Research 54
//! (2017), 867-884 (ghost ads).

use crate::experiment::interval::{Interval, Share, deviations, difference, multiple};

/// How often an interval holds the truth.
pub const CONFIDENCE: f64 = 0.95;
/// How often an effect that is there is to be found, where it is said how large one must be.
const POWER: f64 = 0.8;
/// Sizes of groups that chance brings about less often than once in a thousand are no chance: two-sided.
const UNLIKELY: f64 = 0.999;
/// People for whom an interval that holds whenever one looks is the narrowest.
const LOOKED_AT: f64 = 50_000.0;
/// People who convert in either group without whom the normal approximation of what they are worth is none.
const WORTH_KNOWN: u64 = 10;
/// People in either group without whom nothing is said.
const PEOPLE_MIN: u64 = 100;

/// One group.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Group {
    /// People whom the campaign was ready to bid on.
    pub people: u64,
    /// Those of them who converted after that, within the window.
    pub converted: u64,
    /// Those of them of whom any conversion was an acquisition.
    pub acquired: u64,
    /// What their conversions are worth, in units of the campaign's currency.
    pub value: f64,
    /// The sum of the squares of what each person's are worth.
    #[serde(skip)]
    pub value_squares: f64,
}

/// Both groups, and what is known of how they came about.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Trial {
    /// Who is shown the campaign.
    pub treated: Group,
    /// Who is not.
    pub held_out: Group,
    /// All that the ads of the treated group cost the advertiser since, in units of the campaign's currency.
    pub cost: f64,
    /// The share that was to be held out.
    pub share: f64,
    /// People who are in the file as of both groups: in none here.
    pub in_both: u64,
    /// Bids that could not be kept: people may be missing.
    pub missed: u64,
    /// Conversions of both groups that an ad's click or view led to, as the ledger has it.
    pub touched: u64,
    /// Those that were reported without one.
    pub untouched: u64,
}

/// Why nothing can be concluded, however many people there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreliable {
    /// The groups have other sizes than chance gives them: something keeps people of one of them away.
    Sizes,
    /// People are in both groups.
    InBoth,
    /// Bids were not kept.
    Missed,
    /// Conversions come by clicks and views alone: of those who are held out nobody would ever hear.
    Unreported,
}

/// What can be concluded.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Nothing: see why.
    Unreliable(Unreliable),
    /// The ads bring conversions. `always` if that holds however often one looks, and not for one look alone.
    Brings {
        /// See above.
        always: bool,
    },
    /// The ads cost conversions.
    Costs {
        /// As above.
        always: bool,
    },
    /// The groups are not told apart yet; this many more people, if the effect is what it looks like. `None` if none is
    /// seen at all.
    CannotTell {
        /// In both groups together.
        more: Option<u64>,
    },
}

/// What the comparison says. Intervals are of 95 %, for one look.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Effect {
    /// The share of people who convert, with ads and without.
    pub rates: [f64; 2],
    /// Their intervals.
    pub rate_intervals: [Interval; 2],
    /// By how much more people convert with ads, as a share of people.
    pub difference: f64,
    /// Its interval.
    pub difference_interval: Interval,
    /// How many of the treated who converted would not have without the ads.
    pub incremental: f64,
    /// Its interval.
    pub incremental_interval: Interval,
    /// The same, however often one looks.
    pub incremental_always: Interval,
    /// By how much the ads raise the share of people who convert, as a share of what it is without; `None` if nobody
    /// who is held out converts.
    pub lift: Option<f64>,
    /// Its interval.
    pub lift_interval: Interval,
    /// How many of the treated were acquired and would not have been without the ads.
    pub incremental_acquisitions: f64,
    /// Its interval.
    pub incremental_acquisitions_interval: Interval,
    /// What each of these acquisitions costs; `None` if there are none, or it cannot be told from a gain.
    pub cpa: Option<f64>,
    /// Its interval; `None` if nobody was acquired, or the ads certainly bring no acquisition.
    pub cpa_interval: Option<Interval>,
    /// What the ads bring above their cost, as a share of it; `None` without cost, or where too few convert to tell.
    pub roi: Option<f64>,
    /// Its interval.
    pub roi_interval: Interval,
    /// The least lift that so many people would show four times in five.
    pub detectable_lift: Option<f64>,
    /// What can be concluded.
    pub conclusion: Conclusion,
}

impl Trial {
    /// What the groups say; `None` as long as one of them is nearly empty.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        let (with, without) = (self.treated, self.held_out);
        if with.people.min(without.people) < PEOPLE_MIN {
            return None;
        }
        let z = deviations(CONFIDENCE);
        let [one, other] = [with, without].map(Group::share);
        let treated = one.people;
        let between = difference(one, other, z);
        let incremental_interval = between.times(treated);
        let incremental = (one.rate() - other.rate()) * treated;
        let always = difference(one, other, always_valid(one.people + other.people)).times(treated);
        let times = multiple(one, other, z);
        let cpa_interval = Some(self.cost).filter(|cost| *cost > 0.0);
        let [bought, unbought] = [with, without].map(Group::acquired_share);
        let acquisitions = (bought.rate() - unbought.rate()) * treated;
        let acquisitions_interval = difference(bought, unbought, z).times(treated);
        let cpa_interval = cpa_interval.filter(|_| with.acquired > 0);
        let (roi, roi_interval) = self.roi(z).unwrap_or_default();
        let without_ads = other.rate();
        Some(Effect {
            rates: [one.rate(), other.rate()],
            rate_intervals: [one, other].map(|share| {
                let (low, high) = share.wilson(z);
                Interval::new(low, high)
            }),
            difference: one.rate() - other.rate(),
            difference_interval: between,
            incremental,
            incremental_interval,
            incremental_always: always,
            lift: (without_ads > 0.0).then(|| one.rate() / without_ads - 1.0),
            lift_interval: times.plus(-1.0),
            incremental_acquisitions: acquisitions,
            incremental_acquisitions_interval: acquisitions_interval,
            cpa: Some(self.cost / acquisitions).filter(|_| self.cost > 0.0 && acquisitions > 0.0),
            cpa_interval: cpa_interval.and_then(|cost| acquisitions_interval.price_of_each(cost)),
            roi,
            roi_interval,
            detectable_lift: self
                .detectable()
                .map(|(least, _)| least / without_ads)
                .filter(|lift| lift.is_finite()),
            conclusion: self.conclusion(incremental_interval, always),
        })
    }

    fn conclusion(&self, once: Interval, always: Interval) -> Conclusion {
        if let Some(why) = self.unreliable() {
            return Conclusion::Unreliable(why);
        }
        if once.is_above(0.0) {
            return Conclusion::Brings { always: always.is_above(0.0) };
        }
        if once.is_below(0.0) {
            return Conclusion::Costs { always: always.is_below(0.0) };
        }
        Conclusion::CannotTell { more: self.detectable().and_then(|(_, more)| more) }
    }

    /// Why nothing can be concluded from it, if so.
    #[must_use]
    pub fn unreliable(&self) -> Option<Unreliable> {
        let people = self.treated.people + self.held_out.people;
        if self.missed > 0 {
            return Some(Unreliable::Missed);
        }
        if self.in_both > 0 {
            return Some(Unreliable::InBoth);
        }
        let [all, out, share] = [float(people), float(self.held_out.people), self.share];
        let spread = (all * share * (1.0 - share)).sqrt();
        if spread > 0.0 && (out - all * share).abs() > deviations(UNLIKELY) * spread + 0.5 {
            return Some(Unreliable::Sizes);
        }
        (self.touched > 0 && self.untouched == 0).then_some(Unreliable::Unreported)
    }

    /// The least difference of shares that is found four times in five, and how many more people it takes until the one
    /// that is seen is found as often.
    fn detectable(&self) -> Option<(f64, Option<u64>)> {
        let (one, other) = (self.treated.share(), self.held_out.share());
        let all = one.people + other.people;
        let pooled = (one.hits + other.hits) / all;
        let spread = (pooled * (1.0 - pooled) * (1.0 / one.people + 1.0 / other.people)).sqrt();
        let reach = deviations(CONFIDENCE) + crate::experiment::interval::normal_quantile(POWER);
        let least = reach * spread;
        let seen = one.rate() - other.rate();
        let more = (seen > 0.0 && least > seen).then(|| all * ((least / seen).powi(2) - 1.0));
        (least > 0.0).then(|| (least, more.and_then(two_digits)))
    }

    /// What is gained above the cost, as a share of it, and between what it lies: means of what people bring, without
    /// supposing that they vary alike (Welch). The cost is known.
    fn roi(&self, z: f64) -> Option<(Option<f64>, Interval)> {
        let (with, without) = (self.treated, self.held_out);
        let is_known = self.cost > 0.0 && with.converted.min(without.converted) >= WORTH_KNOWN;
        if !is_known || with.value + without.value <= 0.0 {
            return None;
        }
        let people = float(with.people);
        let gain = people * (with.mean() - without.mean());
        let half = z * people * (with.variance_of_mean() + without.variance_of_mean()).sqrt();
        let roi = |gain: f64| gain / self.cost - 1.0;
        Some((Some(roi(gain)), Interval::new(roi(gain - half), roi(gain + half))))
    }
}

impl Group {
    fn share(self) -> Share {
        Share { people: float(self.people), hits: float(self.converted) }
    }

    fn acquired_share(self) -> Share {
        Share { people: float(self.people), hits: float(self.acquired) }
    }

    fn mean(&self) -> f64 {
        self.value / float(self.people)
    }

    fn variance_of_mean(&self) -> f64 {
        let people = float(self.people);
        (self.value_squares - people * self.mean().powi(2)).max(0.0) / (people - 1.0) / people
    }
}

/// How many standard deviations wide an interval is that holds at every look together, once `people` are in it.
///
/// Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
/// sequences", Annals of Statistics 52 (2024), theorem 2.2 with its tuning of rho.
fn always_valid(people: f64) -> f64 {
    let alpha = 1.0 - CONFIDENCE;
    let rho2 = (-2.0 * alpha.ln() + (-2.0 * alpha.ln()).ln() + 1.0) / LOOKED_AT;
    let grown = people * rho2 + 1.0;
    (2.0 * grown / (people * rho2) * (grown.sqrt() / alpha).ln()).sqrt()
}

/// Rounded up to two digits, as a plan is made; `None` beyond any number of people.
fn two_digits(people: f64) -> Option<u64> {
    if !people.is_finite() || people > 1e10 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10^10")]
    let whole = people.ceil() as u64;
    let step = 10_u64.pow(whole.max(1).ilog10().saturating_sub(1));
    Some(whole.div_ceil(step) * step)
}

#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
pub(in crate::experiment) fn float(count: u64) -> f64 {
    count as f64
}
