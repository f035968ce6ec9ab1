//! The rules: figures to drafts of changes, each beyond noise, shrunk, at most a fifth, with its evidence.
//!
//! Calibration and multipliers are found together: what is expected of an impression is its prediction times what is in
//! force, so that both settle where each placement's chance is right, whichever of the two moved first.

use crate::campaign::Factor;
use crate::feedback::chance::{as_far, at_least, mean_interval, share_as_far, share_interval};
use crate::feedback::row::{Events, Measure};
use crate::feedback::{
    Evidence, Figures, Log, Placement, Row, Rule, Setting, Settings, State, Subject, Target, Value,
};
use crate::units::{CampaignId, LineItemId, Nanos, UnixMillis};

/// A smaller change than this many hundredths is not worth anybody's attention.
const LEAST_HUNDREDTHS: u64 = 3;
/// Whole days that must be known before a budget is called too small.
const DAYS_MIN: usize = 5;
/// Prior events of a placement's multiplier, by how unequal the placements are.
const PRIOR: (f64, f64) = (4.0, 1_000.0);

/// A change that the figures suggest.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::feedback) struct Draft {
    pub(in crate::feedback) target: Target,
    pub(in crate::feedback) from: Value,
    pub(in crate::feedback) to: Value,
    pub(in crate::feedback) evidence: Evidence,
}

/// A row in the light of what is in force.
struct View<'r> {
    row: &'r Row,
    settings: &'r Settings,
    log: &'r Log,
    now: UnixMillis,
    measure: Measure,
}

/// A test whether something is as it should be, and what follows if not.
struct Test {
    setting: Setting,
    rule: Rule,
    figures: Figures,
    from: Factor,
    /// What the figures say it should be, shrunk.
    wanted: f64,
    observed: f64,
    /// With what is in force.
    expected: f64,
    interval: (f64, f64),
    probability: f64,
}

/// What the figures of a line item suggest for it.
pub(in crate::feedback) fn of_line_item(
    row: &Row,
    settings: &Settings,
    log: &Log,
    now: UnixMillis,
) -> Vec<Draft> {
    let known = row.predicted.unwrap_or(row.figures);
    let Some(measure) = Measure::of(&row.subject, &known) else { return Vec::new() };
    let view = View { row, settings, log, now, measure };
    if view.is_paused(None) {
        return Vec::new();
    }
    if let Some(pause) = view.line_item_pause() {
        return vec![pause];
    }
    let mut drafts = view.placement_pauses();
    let tests = view.tests(&known);
    let pausing = |setting: &Setting| {
        let paused = drafts.iter().filter_map(|draft| draft.target.setting.placement());
        setting
            .placement()
            .is_some_and(|placement| paused.into_iter().any(|other| other.key == placement.key))
    };
    let changes: Vec<Draft> = significant(&tests, settings.false_alarms)
        .filter(|test| !pausing(&test.setting))
        .filter_map(|test| view.draft_of(test))
        .collect();
    drafts.extend(changes);
    drafts.extend(budget(Some(row.subject.line_item), &[view.row], settings, log, now));
    drafts
}

/// What the figures of a campaign's line items together suggest for it.
pub(in crate::feedback) fn of_campaign(
    campaign: CampaignId,
    rows: &[&Row],
    settings: &Settings,
    log: &Log,
    now: UnixMillis,
) -> Option<Draft> {
    debug_assert!(rows.iter().all(|row| row.subject.campaign == campaign), "rows of one campaign");
    budget(None, rows, settings, log, now)
}

impl View<'_> {
    fn target(&self, setting: Setting) -> Target {
        let Subject { campaign, line_item, .. } = self.row.subject;
        Target { campaign, line_item: Some(line_item), setting }
    }

    fn factor(&self, setting: Setting) -> Factor {
        match self.log.value(&self.target(setting)) {
            Some(Value::Factor(factor)) => factor,
            _ => Factor::ONE,
        }
    }

    fn is_paused(&self, placement: Option<&Placement>) -> bool {
        self.log.value(&self.target(Setting::Pause(placement.cloned()))) == Some(Value::Paused(true))
    }

    /// Calibration and multipliers, one test each.
    fn tests(&self, known: &Figures) -> Vec<Test> {
        let all = self.measure.events(known);
        let mut tests = Vec::new();
        // What the predictions lack or exceed on placements that have a multiplier, is in that.
        let mut weighted = all.expected;
        let mut placed = Vec::new();
        for (placement, figures) in &self.row.placements {
            let multiplier = self.factor(Setting::Placement(placement.clone()));
            let events = self.measure.events(figures);
            weighted += events.expected * (multiplier.as_f64() - 1.0);
            placed.push((placement, figures, multiplier, events));
        }
        tests.extend(self.calibration(known, all, weighted));
        tests.extend(self.multipliers(&placed));
        tests
    }

    fn calibration(&self, known: &Figures, all: Events, weighted: f64) -> Option<Test> {
        let (enough, prior) = (self.settings.line_item_events, self.settings.prior_events);
        let from = self.factor(Setting::Calibrate);
        let expected = weighted * from.as_f64();
        let is_told = expected.is_finite() && expected > 0.0 && weighted > 0.0;
        if !is_told || all.observed.max(expected) < enough {
            return None;
        }
        let (low, high) = mean_interval(all.observed);
        Some(Test {
            setting: Setting::Calibrate,
            rule: Rule::Calibration,
            figures: *known,
            from,
            wanted: (prior + all.observed) / (prior + weighted),
            observed: all.observed,
            expected,
            interval: (low / expected, high / expected),
            probability: as_far(all.observed, expected),
        })
    }

    fn multipliers(&self, placed: &[(&Placement, &Figures, Factor, Events)]) -> Vec<Test> {
        let observed: f64 = placed.iter().map(|(.., events)| events.observed).sum();
        let weight = |multiplier: &Factor, events: &Events| events.expected * multiplier.as_f64();
        let weights: f64 = placed.iter().map(|(.., multiplier, events)| weight(multiplier, events)).sum();
        if placed.len() < 2 || observed < self.settings.line_item_events || weights <= 0.0 {
            return Vec::new();
        }
        // Events for each one that is predicted, on placements as they are multiplied now.
        let rate = observed / weights;
        let enough = |events: &Events| events.expected * rate >= self.settings.placement_events;
        let judged = || placed.iter().filter(|(.., events)| enough(events));
        let prior = prior_of(judged().map(|(.., events)| (events.observed, events.expected * rate)));
        let test = |(placement, figures, from, events): &(&Placement, &Figures, Factor, Events)| {
            let share = weight(from, events) / weights;
            let (low, high) = share_interval(events.observed, observed);
            Test {
                setting: Setting::Placement((*placement).clone()),
                rule: Rule::PlacementLift,
                figures: **figures,
                from: *from,
                wanted: (prior + events.observed) / (prior + events.expected * rate),
                observed: events.observed,
                expected: share * observed,
                interval: (low / share, high / share),
                probability: share_as_far(events.observed, observed, share),
            }
        };
        let open = judged().filter(|(placement, ..)| !self.is_paused(Some(placement)));
        open.filter(|(.., multiplier, events)| weight(multiplier, events) < weights).map(test).collect()
    }

    /// The change that a test asks for that did not hold; none where it would be against the evidence once it is
    /// shrunk, too small, or out of the corridor.
    fn draft_of(&self, test: &Test) -> Option<Draft> {
        let to = step(test.from, test.wanted, self.row.subject.learning.corridor)?;
        let less = test.observed < test.expected;
        if less != (to < test.from) {
            return None;
        }
        let noun = self.measure.noun();
        let (observed, expected) = (test.observed, test.expected);
        let at = test.setting.placement().map_or_else(
            || "the line item".to_owned(),
            |placement| format!("`{}`", printable(&placement.outlet)),
        );
        let against = match test.rule {
            Rule::PlacementLift => "the line item's other placements let expect",
            _ => "was predicted",
        };
        let (low, high) = test.interval;
        let sentence = format!(
            "{at} brought {observed:.1} {noun} where {expected:.1} is what {against}: {:.2} times as many, 95 % interval \
             {low:.2} to {high:.2}",
            observed / expected,
        );
        let found = (observed, expected, Some(test.interval), test.probability);
        Some(Draft {
            target: self.target(test.setting.clone()),
            from: Value::Factor(test.from),
            to: Value::Factor(to),
            evidence: self.evidence(test.rule, &test.figures, found, sentence),
        })
    }

    fn line_item_pause(&self) -> Option<Draft> {
        let due = self.without_events(&self.row.figures)?;
        self.pause(None, &self.row.figures, due, 1)
    }

    fn placement_pauses(&self) -> Vec<Draft> {
        let placements = || {
            let open = self.row.placements.iter().filter(|(placement, _)| !self.is_paused(Some(placement)));
            open.filter(|(_, figures)| self.due(figures) >= self.settings.pause_targets)
        };
        let tested = placements().count();
        placements()
            .filter_map(|(placement, figures)| {
                let due = self.without_events(figures)?;
                self.pause(Some(placement), figures, due, tested)
            })
            .collect()
    }

    /// Events that should have come: by the target, else by what was predicted.
    fn due(&self, figures: &Figures) -> f64 {
        let events = self.measure.events(figures);
        events.due.unwrap_or(events.expected * self.factor(Setting::Calibrate).as_f64())
    }

    /// The same where none came.
    fn without_events(&self, figures: &Figures) -> Option<f64> {
        let came = match self.measure {
            Measure::Clicks { .. } => figures.clicks,
            Measure::Conversions { .. } | Measure::Value { .. } => figures.conversions,
        };
        (came == 0).then(|| self.due(figures))
    }

    /// A pause, where `due` events should have come and none did; one of `tested` that may look so by chance.
    fn pause(
        &self,
        placement: Option<&Placement>,
        figures: &Figures,
        due: f64,
        tested: usize,
    ) -> Option<Draft> {
        let probability = (-due).exp();
        let tested = f64::from(u32::try_from(tested.max(1)).unwrap_or(u32::MAX));
        if !due.is_finite()
            || due < self.settings.pause_targets
            || probability >= self.settings.pause_chance / tested
        {
            return None;
        }
        let at = placement.map_or_else(
            || "the line item".to_owned(),
            |placement| format!("`{}`", printable(&placement.outlet)),
        );
        let sentence = format!(
            "{at} spent {} and brought no {}, where {due:.1} should have come; by chance alone that happens once in {:.0} times",
            figures.spend,
            self.measure.noun(),
            probability.recip(),
        );
        let found = (0.0, due, Some((0.0, mean_interval(0.0).1 / due)), probability);
        Some(Draft {
            target: self.target(Setting::Pause(placement.cloned())),
            from: Value::Paused(false),
            to: Value::Paused(true),
            evidence: self.evidence(Rule::NothingCame, figures, found, sentence),
        })
    }

    fn evidence(
        &self,
        rule: Rule,
        figures: &Figures,
        found: (f64, f64, Option<(f64, f64)>, f64),
        sentence: String,
    ) -> Evidence {
        let until = self.now.minus(self.settings.settle(&self.row.subject.goal));
        evidence(rule, figures, (self.now.minus(self.settings.window), until), found, sentence)
    }
}

fn evidence(
    rule: Rule,
    figures: &Figures,
    (from, to): (UnixMillis, UnixMillis),
    (observed, expected, interval, probability): (f64, f64, Option<(f64, f64)>, f64),
    sentence: String,
) -> Evidence {
    let &Figures { impressions, spend, clicks, conversions, value, .. } = figures;
    Evidence {
        rule,
        from,
        to,
        impressions,
        spend,
        clicks,
        conversions,
        value,
        observed,
        expected,
        interval,
        probability,
        sentence,
    }
}

/// A proposal to raise the day's budget of `line_item`, or of the campaign of `rows`: where the days' budgets were spent,
/// and the goal is met even at the lower end of what the figures leave open.
fn budget(
    line_item: Option<LineItemId>,
    rows: &[&Row],
    settings: &Settings,
    log: &Log,
    now: UnixMillis,
) -> Option<Draft> {
    let Subject { campaign, daily, .. } = rows.first()?.subject;
    let limit = if line_item.is_some() { daily.line_item } else { daily.campaign }?;
    let days = rows.iter().map(|row| row.days.len()).max()?;
    // From the newest day back: on a day that a row has not, it spent nothing.
    let spent = |back: usize| -> i128 {
        rows.iter().filter_map(|row| row.days.iter().rev().nth(back)).map(|day| i128::from(day.raw())).sum()
    };
    let full = (0..days).filter(|back| spent(*back) * 100 >= i128::from(limit.raw()) * 95).count();
    if limit <= Nanos::ZERO || days < DAYS_MIN || full * 5 < days * 4 {
        return None;
    }
    let (mut observed, mut due, mut figures) = (0.0, 0.0, Figures::default());
    for row in rows.iter().filter(|row| row.figures.impressions > 0) {
        let events = Measure::of(&row.subject, &row.figures)?.events(&row.figures);
        observed += events.observed;
        due += events.due?;
        figures = figures.plus(&row.figures);
    }
    let (low, high) = mean_interval(observed);
    if observed < settings.line_item_events || due <= 0.0 || low < due {
        return None;
    }
    let target = Target { campaign, line_item, setting: Setting::RaiseBudget };
    let to = raised(limit, first_limit(log, &target, now.minus(settings.budget_memory)))?;
    let longest = rows.iter().map(|row| settings.settle(&row.subject.goal)).max()?;
    let sentence = format!(
        "{full} of {days} days spent the whole budget, and the goal is met {:.2} times over (at least {:.2} times by the 95 % \
         interval)",
        observed / due,
        low / due,
    );
    let found = (observed, due, Some((low / due, high / due)), at_least(observed, due));
    let window = (now.minus(settings.window), now.minus(longest));
    let evidence = evidence(Rule::GoalMetBudgetSpent, &figures, window, found, sentence);
    Some(Draft { target, from: Value::Money(limit), to: Value::Money(to), evidence })
}

/// What the budget was before all raises since `since`.
fn first_limit(log: &Log, target: &Target, since: UnixMillis) -> Option<Nanos> {
    let raises = log.changes().filter(|it| it.target == *target && it.state == State::Made && it.at >= since);
    let amounts =
        raises.filter_map(|it| if let Value::Money(amount) = it.from { Some(amount) } else { None });
    amounts.min()
}

/// A fifth more than `limit`, rounded down to a hundredth of a unit; below the double of what it was at `first`.
fn raised(limit: Nanos, first: Option<Nanos>) -> Option<Nanos> {
    const HUNDREDTH: i128 = 10_000_000;
    let (limit, first) = (i128::from(limit.raw()), i128::from(first.unwrap_or(limit).raw()));
    let most = (limit * 6 / 5).min(first * 2 - 1);
    let to = most - most.rem_euclid(HUNDREDTH);
    let is_worth = (to - limit) * 100 >= limit * i128::from(LEAST_HUNDREDTHS);
    is_worth.then(|| i64::try_from(to).ok().map(Nanos::from_raw)).flatten()
}

/// The tests that do not hold, where of all that do hold together no more than `alarms` are among them (Benjamini and
/// Hochberg 1995; where all hold, `alarms` is the chance of any).
fn significant(tests: &[Test], alarms: f64) -> impl Iterator<Item = &Test> {
    let mut chances: Vec<f64> = tests.iter().map(|test| test.probability).collect();
    chances.sort_by(f64::total_cmp);
    let count = f64::from(u32::try_from(chances.len()).unwrap_or(u32::MAX));
    let bound = |at: usize| alarms * f64::from(u32::try_from(at + 1).unwrap_or(u32::MAX)) / count;
    let last = (0..chances.len()).rev().find(|at| chances[*at] <= bound(*at)).map(|at| chances[at]);
    tests.iter().filter(move |test| last.is_some_and(|last| test.probability <= last))
}

/// Prior events of the placements' multipliers: the gamma law around 1 whose spread is what `(observed, expected)` scatter
/// beyond Poisson's (empirical Bayes by moments; Robbins 1956, Clayton and Kaldor 1987).
fn prior_of(placements: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (excess, squares) = placements.fold((0.0, 0.0), |(excess, squares), (observed, expected)| {
        (excess + (observed - expected).powi(2) - expected, squares + expected * expected)
    });
    let (least, most) = PRIOR;
    let spread: f64 = excess / squares;
    if spread > 0.0 { spread.recip().clamp(least, most) } else { most }
}

/// From `from` towards `wanted`, at most a fifth of `from` and within the corridor, in thousandths; `None` where that is
/// less than three hundredths away.
pub(in crate::feedback) fn step(from: Factor, wanted: f64, corridor: (Factor, Factor)) -> Option<Factor> {
    let from = u64::from(from.millionths());
    let (low, high) = ((from * 4).div_ceil(5), from * 6 / 5);
    let (least, most) = (corridor.0.millionths().max(1), corridor.1.millionths());
    if !wanted.is_finite() || wanted < 0.0 {
        return None;
    }
    let wanted = Factor::from_ratio(wanted).millionths().max(least).min(most);
    let rounded = (u64::from(wanted) + 500) / 1_000 * 1_000;
    // Rounding must not leave the corridor either.
    let to = rounded.max(u64::from(least)).min(u64::from(most)).max(low).min(high);
    let is_worth = to.abs_diff(from) * 100 >= from * LEAST_HUNDREDTHS && from > 0;
    is_worth.then(|| u32::try_from(to).ok().and_then(Factor::from_millionths)).flatten()
}

/// A word as a request spelt it, without what a terminal would take for more than letters, and at most 100 of them.
#[must_use]
pub fn printable(word: &str) -> String {
    // Nor may what turns the direction of writing make one word look like another.
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    word.chars().filter(|c| !c.is_control() && !turns(*c)).take(100).collect()
}
