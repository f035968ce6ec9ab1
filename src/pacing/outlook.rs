//! How many requests are still to come: yesterday's volume and curve, shrunk to what today shows.
//!
//! Of each quarter of an hour it is known how many requests came and how many yesterday's curve promises. Today's scale
//! is the mean of the middle half of these ratios, with yesterday itself as three hours of them. So a day of twice the
//! traffic is seen in its morning, while a burst or a drought, however great, leaves the rest of the day as it was; what
//! now differs from the curve is taken to last for another hour. Where the ratios of the middle half differ much among
//! themselves, the curve is another day's: then only its sum is believed, and that the day goes on as it began.
//!
//! Value in % of hindsight with budgets of 1/2, 1/8, 1/32 where for an hour ten times the traffic comes: from the sum so
//! far, shrunk, 95.5 / 97.6 / 96.8; the middle half alone 96.3 / 98.5 / 97.7; with an hour of what is now 97.7 / 98.6 /
//! 98.3; half an hour or two hours of it are worse where a drought ends in a flood. Whoever knew the volume would reach
//! 99.8 / 99.7 / 99.5. To doubt the curve, and to shrink by time instead of promised traffic, brought 97.2 instead of 78.3
//! where the curve remembered is half a day off, and 98.0 instead of 96.9 where a drought ends in a flood; it costs 0.3
//! where the traffic is half or twice that of the day before.

use crate::pacing::DaySpan;
use crate::units::{Millis, UnixMillis};

/// What is expected of a day's requests, for one budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// Requests of a day, as yesterday's; `None` if there was none.
    pub volume: Option<f64>,
    /// Shares of the day's requests by 24 equal parts of it; they sum to 1.
    pub shares: [f64; 24],
    /// True if the volume is of line items that reached other requests: a first guess and no more.
    is_doubtful: bool,
    /// What was heard of today.
    today: Today,
}

/// The day so far.
#[derive(Debug, Clone, PartialEq)]
struct Today {
    /// The day that it is about; another one begins anew.
    day: Option<DaySpan>,
    /// When it was last heard of, and the count then.
    last: Option<(UnixMillis, u64)>,
    /// Requests a day at the rate of the last minutes, and how far that is known, 0 to 1.
    rate: f64,
    known: f64,
    /// Requests by part of the day, of those parts that were heard from their beginning.
    parts: [f64; PARTS],
    /// The first part that was heard whole, and the one that now is.
    first: usize,
    part: usize,
    /// Today's volume as a multiple of yesterday's, by the parts that are over, and how far the curve is believed, 0 to 1.
    scale: f64,
    trust: f64,
}

/// Parts of a day: quarters of an hour.
const PARTS: usize = 96;
/// What yesterday is worth, as a part of a day: of the ratios, and of a sum.
const YESTERDAY: f64 = 0.125;
const YESTERDAY_OF_SUM: f64 = 0.05;
/// What a doubtful volume is worth, as a part of a day: some four minutes.
const DOUBTFUL_OF_SUM: f64 = 0.003;
/// The logarithms of the ratios differ by this where the curve is believed by half.
const DOUBT: f64 = 0.2;
/// The rate of now is the mean of about so long.
const NOW: Millis = Millis::from_seconds(300);
/// What now differs from the curve is taken to last for so long.
const LASTS: Millis = Millis::from_seconds(3_600);
/// A rate that differs less is noise.
const NOISE: f64 = 0.5;
/// Never fewer until the end of the day, so that the last minutes do not spend all on one impression.
const LEAST: f64 = 50.0;
/// A volume above this is a mistake.
const VOLUME_MOST: f64 = 1e13;

impl Default for Outlook {
    fn default() -> Self {
        Self::new(None, [1.0 / 24.0; 24])
    }
}

impl Outlook {
    /// What a day like `volume` and `shares` promises. Shares that are negative or no numbers count as 0; if none is
    /// left, the day is even.
    #[must_use]
    pub fn new(volume: Option<f64>, shares: [f64; 24]) -> Self {
        let fair = shares.map(|share| if share.is_finite() { share.max(0.0) } else { 0.0 });
        let whole: f64 = fair.iter().sum();
        let even = !(whole > 0.0 && whole.is_finite());
        let shares = fair.map(|share| if even { 1.0 / 24.0 } else { share / whole });
        let volume = volume.filter(|it| it.is_finite() && *it > 0.0).map(|it| it.min(VOLUME_MOST));
        Self { volume, shares, is_doubtful: false, today: Today::new(None) }
    }

    /// The same day, of which nobody knows how many requests it brings, for the line items behind it changed: about
    /// `guess` from `now` to the end of `day`, until others are heard of.
    #[must_use]
    pub fn of_doubtful_volume(self, day: DaySpan, now: UnixMillis, guess: Option<f64>) -> Self {
        let left = 1.0 - self.done(day, now);
        let volume = guess.filter(|_| left > 0.0).map(|guess| guess / left);
        Self { is_doubtful: true, ..Self::new(volume, self.shares) }
    }

    /// Requests of the whole day, where `seen` came from `from` to `now`; `None` while no volume is known.
    #[must_use]
    pub fn of_day(&self, day: DaySpan, from: UnixMillis, now: UnixMillis, seen: u64) -> Option<f64> {
        self.volume?;
        let all = if self.is_doubtful {
            self.by_the_sum(day, from, now, seen)
        } else {
            self.to_come(day, day.start, day.start, day.end, seen)
        };
        Some(all.clamp(LEAST, VOLUME_MOST))
    }

    /// Requests that are still to come between `now` and `until`, where `seen` came since `from`. At least 50 until the
    /// end of the day, at least 1 else.
    #[must_use]
    pub fn to_come(
        &self,
        day: DaySpan,
        from: UnixMillis,
        now: UnixMillis,
        until: UnixMillis,
        seen: u64,
    ) -> f64 {
        let today = Some(&self.today).filter(|today| today.day == Some(day));
        let (Some(volume), Some(today)) = (self.volume.filter(|_| !self.is_doubtful), today) else {
            let ahead = (self.done(day, until) - self.done(day, now)).max(0.0);
            let come = ahead * self.by_the_sum(day, from, now, seen);
            return come.clamp(least(day, until), VOLUME_MOST);
        };
        let come = self.calm(day, now, until, volume, today) + self.unusual(day, now, until, volume, today);
        come.clamp(least(day, until), VOLUME_MOST)
    }

    /// Requests between two instants if nothing unusual is going on: by the curve as far as it is believed, else by
    /// yesterday's sum and by how the day began.
    fn calm(&self, day: DaySpan, now: UnixMillis, until: UnixMillis, volume: f64, today: &Today) -> f64 {
        let (here, there) = (day.position(now), day.position(until).max(day.position(now)));
        let by_curve = (self.done_by(there) - self.done_by(here)).max(0.0) * volume * today.scale;
        if today.trust >= 1.0 || here >= 1.0 {
            return by_curve;
        }
        let begun = today.first.min(PARTS) as f64 / PARTS as f64;
        let heard: f64 = today.parts.iter().sum();
        let unheard = self.done_by(begun) * volume;
        let by_sum = (volume - unheard - heard).max(0.0);
        let as_begun = heard / (here - begun).max(1.0 / PARTS as f64) * (1.0 - here);
        let else_come = f64::midpoint(by_sum, as_begun) * (there - here) / (1.0 - here);
        today.trust * by_curve + (1.0 - today.trust) * else_come
    }

    /// The slow loop tells how many requests came by `now`, counted from any beginning. Counts that fall begin anew.
    pub fn heard(&mut self, day: DaySpan, now: UnixMillis, seen: u64) {
        if self.today.day != Some(day) {
            // The count goes on over midnight.
            let last = self.today.last.take();
            self.today = Today::new(Some(day));
            self.today.last = last.filter(|(at, _)| *at >= day.start.minus(NOW));
            self.today.first = if self.today.last.is_some() { 0 } else { PARTS };
        }
        let Some((then, before)) = self.today.last.replace((now, seen)) else {
            self.today.part = part(day, now);
            self.today.first = self.today.part + 1;
            return;
        };
        let new = seen.checked_sub(before).unwrap_or(seen) as f64;
        let at = part(day, now);
        if at != self.today.part {
            self.today.part = at;
            (self.today.scale, self.today.trust) = self.scale(at);
        }
        if at >= self.today.first {
            self.today.parts[at] += new;
        }
        let passed = now.since(then).raw().max(0) as f64;
        let kept = (-passed / NOW.raw() as f64).exp();
        self.today.rate = self.today.rate * kept + new * day.length() / NOW.raw() as f64;
        self.today.known = 1.0 - (1.0 - self.today.known) * kept;
    }

    /// The share of a day's requests that came before `at`.
    #[must_use]
    pub fn done(&self, day: DaySpan, at: UnixMillis) -> f64 {
        self.done_by(day.position(at))
    }

    fn done_by(&self, position: f64) -> f64 {
        let mut left = position * 24.0;
        let mut done = 0.0;
        for share in self.shares {
            done += share * left.clamp(0.0, 1.0);
            left -= 1.0;
        }
        done
    }

    /// The day's volume by the sum so far, yesterday's, or what is guessed, weighing a little.
    fn by_the_sum(&self, day: DaySpan, from: UnixMillis, now: UnixMillis, seen: u64) -> f64 {
        let done = (self.done(day, now) - self.done(day, from)).max(0.0);
        match self.volume {
            Some(volume) => {
                let worth = if self.is_doubtful { DOUBTFUL_OF_SUM } else { YESTERDAY_OF_SUM };
                (worth * volume + seen as f64) / (worth + done)
            }
            None => seen as f64 / done.max(1e-6),
        }
    }

    /// Requests that come until then because now is not as usual; negative in a drought.
    fn unusual(&self, day: DaySpan, now: UnixMillis, until: UnixMillis, volume: f64, today: &Today) -> f64 {
        let lasts = now.plus(LASTS).min(day.end);
        let usual = self.calm(day, now, lasts, volume, today);
        let span = |to: UnixMillis| (to.since(now).raw().max(0) as f64) / day.length();
        let here = today.rate * span(lasts);
        let more = (here - usual) * today.known;
        if more.abs() < NOISE * usual || span(lasts) <= 0.0 {
            return 0.0;
        }
        more * (span(until.min(lasts)) / span(lasts))
    }

    /// Today's scale by the parts before `at`, and how far the curve is believed.
    fn scale(&self, at: usize) -> (f64, f64) {
        let Some(volume) = self.volume else { return (1.0, 1.0) };
        let part_of = |part: usize| self.done_by(part as f64 / PARTS as f64);
        let (mut ratios, mut chance) = (vec![], 0.0);
        for part in self.today.first..at.min(PARTS) {
            let promised = (part_of(part + 1) - part_of(part)) * volume;
            if promised > 1e-3 {
                ratios.push((self.today.parts[part] / promised, 1.0 / PARTS as f64));
                // What differs by chance, were the ratio 1.
                chance += 1.0 / (promised + 1.0);
            }
        }
        if ratios.is_empty() {
            return (1.0, 1.0);
        }
        let chance = chance / ratios.len() as f64;
        let middle = middle_half(&mut ratios).max(1e-3);
        let mut differences: Vec<_> = ratios
            .iter()
            .map(|(ratio, weight)| ((ratio.max(middle / 50.0) / middle).ln(), *weight))
            .collect();
        differences.sort_by(|a, b| a.0.total_cmp(&b.0));
        for difference in &mut differences {
            difference.0 *= difference.0;
        }
        let spread = (between_quarters(&differences) - chance / middle).max(0.0);
        ratios.push((1.0, YESTERDAY));
        (middle_half(&mut ratios), 1.0 / (1.0 + spread / (DOUBT * DOUBT)))
    }
}

impl Today {
    fn new(day: Option<DaySpan>) -> Self {
        Self {
            day,
            last: None,
            rate: 0.0,
            known: 0.0,
            parts: [0.0; PARTS],
            first: PARTS,
            part: 0,
            scale: 1.0,
            trust: 1.0,
        }
    }
}

/// The part of the day that `at` is in.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 96")]
fn part(day: DaySpan, at: UnixMillis) -> usize {
    ((day.position(at) * PARTS as f64) as usize).min(PARTS - 1)
}

/// The least that is to come.
fn least(day: DaySpan, until: UnixMillis) -> f64 {
    if until >= day.end { LEAST } else { 1.0 }
}

/// The mean of what lies between the lower and the upper quarter, by weight.
fn middle_half(ratios: &mut [(f64, f64)]) -> f64 {
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    between_quarters(ratios)
}

/// The mean of the middle half of a row, by weight.
fn between_quarters(row: &[(f64, f64)]) -> f64 {
    let whole: f64 = row.iter().map(|(_, weight)| weight).sum();
    let (mut before, mut sum, mut weights) = (0.0, 0.0, 0.0);
    for (number, weight) in row {
        let after = before + weight / whole;
        let inside = (after.min(0.75) - f64::max(before, 0.25)).max(0.0);
        sum += number * inside;
        weights += inside;
        before = after;
    }
    if weights > 0.0 { sum / weights } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Outlook, middle_half};
    use crate::pacing::DaySpan;
    use crate::units::UnixMillis;

    const HOUR: i64 = 3_600_000;

    fn day(hours: i64) -> DaySpan {
        DaySpan { start: UnixMillis::from_raw(7 * HOUR), end: UnixMillis::from_raw((7 + hours) * HOUR) }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of a test")]
    fn whole(count: f64) -> u64 {
        count as u64
    }

    /// What is to come after the hours of `traffic`, each so many times 1,000 requests, where 24,000 a day were usual.
    fn after(hours: i64, traffic: &[f64]) -> f64 {
        let day = day(hours);
        let mut outlook = Outlook::new(Some(24_000.0), [1.0; 24]);
        let (mut seen, mut now) = (0.0, day.start);
        outlook.heard(day, now, 0);
        for times in traffic {
            for _ in 0..60 {
                seen += times * 1_000.0 * 24.0 / hours as f64 / 60.0;
                now = UnixMillis::from_raw(now.raw() + HOUR / 60);
                outlook.heard(day, now, whole(seen));
            }
        }
        outlook.to_come(day, day.start, now, day.end, whole(seen))
    }

    #[track_caller]
    fn check(hours: i64, traffic: &[f64], want: f64) {
        let come = after(hours, traffic);
        assert!((come / want - 1.0).abs() < 0.1, "{come}, not {want}");
    }

    #[test]
    fn a_usual_day_goes_on_as_usual_whether_it_has_23_24_or_25_hours() {
        for hours in [23, 24, 25] {
            check(hours, &[], 24_000.0);
            check(hours, &[1.0; 12], 24_000.0 * (hours - 12) as f64 / hours as f64);
            check(hours, &vec![1.0; usize::try_from(hours).unwrap()], 50.0);
        }
    }

    #[test]
    fn twice_the_traffic_is_believed_and_a_burst_is_not() {
        check(24, &[2.0; 12], 22_000.0);
        let burst = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 10.0, 1.0, 1.0, 1.0];
        check(24, &burst, 12_000.0);
        // While it lasts, another hour of it.
        check(24, &burst[..9], 14_000.0 + 10_000.0);
    }

    #[test]
    fn a_drought_leaves_the_evening_as_it_was() {
        check(24, &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0], 15_000.0);
    }

    #[test]
    fn of_another_curve_only_the_sum_is_believed() {
        // A night that nobody remembers, and a morning that makes up for it.
        let traffic = [0.1, 0.1, 0.1, 0.2, 0.2, 0.4, 0.8, 1.2, 1.6, 2.0, 2.4, 2.4];
        let come = after(24, &traffic);
        assert!((11_000.0..=14_500.0).contains(&come), "{come}");
    }

    #[test]
    fn without_yesterday_the_day_goes_on_as_it_began() {
        let outlook = Outlook::default();
        let now = UnixMillis::from_raw((7 + 6) * HOUR);
        let come = outlook.to_come(day(24), day(24).start, now, day(24).end, 6_000);
        assert!((come - 18_000.0).abs() < 1.0, "{come}");
        let afternoon = outlook.to_come(day(24), now, UnixMillis::from_raw(16 * HOUR), day(24).end, 3_000);
        assert!((afternoon - 15_000.0).abs() < 1.0, "{afternoon}");
    }

    #[test]
    fn a_doubtful_volume_stands_until_others_are_heard_of_and_then_soon_counts_for_little() {
        let now = UnixMillis::from_raw((7 + 6) * HOUR);
        let outlook = Outlook::new(Some(1.0), [1.0; 24]).of_doubtful_volume(day(24), now, Some(18_000.0));
        let come = |minutes: i64, seen: u64| {
            let later = UnixMillis::from_raw(now.raw() + minutes * HOUR / 60);
            outlook.to_come(day(24), now, later, day(24).end, seen)
        };
        assert!((come(0, 0) - 18_000.0).abs() < 1e-6);
        // A tenth of the traffic, and ten times as much; 1,800 and 180,000 would be right.
        for (seen, want) in [(100, 1_700.0..4_000.0), (10_000, 140_000.0..180_000.0)] {
            let come = come(60, seen);
            assert!(want.contains(&come), "{come}");
        }
        let all = outlook.of_day(day(24), now, now, 0).unwrap();
        assert!((all - 24_000.0).abs() < 1e-6, "{all}");
        assert_eq!(Outlook::default().of_day(day(24), now, now, 5_000), None);
        let none = Outlook::default().of_doubtful_volume(day(24), day(24).end, Some(50.0));
        assert_eq!(none.volume, None, "of a day that is over nothing is guessed");
    }

    #[test]
    fn the_middle_half_ignores_either_end() {
        assert!((middle_half(&mut [(1.0, 1.0), (100.0, 0.2), (1.0, 1.0), (0.0, 0.3)]) - 1.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn no_input_gives_no_number(
            volume in any::<f64>(), shares in any::<[f64; 24]>(), start in any::<i32>(), times in any::<[i32; 4]>(),
            seen in any::<u64>(), length in 0..100_000_000_i64,
        ) {
            let [from, now, until, heard] = times.map(|at| UnixMillis::from_raw(at.into()));
            let start = UnixMillis::from_raw(start.into());
            let day = DaySpan { start, end: UnixMillis::from_raw(start.raw() + length) };
            let mut outlook = Outlook::new(Some(volume), shares);
            outlook.heard(day, heard, seen / 2);
            outlook.heard(day, now, seen);
            let come = outlook.to_come(day, from, now, until, seen);
            prop_assert!(come.is_finite() && come >= 1.0, "{come}");
        }
    }
}
