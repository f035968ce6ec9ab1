//! When a win is believed: as late as the losses of its time are known.
//!
//! Wins are told after seconds. Of a loss many exchanges say nothing, so that it shows only when a bid's time runs out:
//! whoever learns of wins at once learns for so long that everything is won. Where losses are told, nothing waits.
//! Deliberately absent: what is learnt; budgets, which hear of every bill at once.

use std::collections::{BTreeMap, HashMap};

use crate::shell::learning::lessons::Told;
use crate::units::{ExchangeId, UnixMillis};

/// Wins that wait at once: beyond them a win is believed when it is told. A hundred bytes each.
const WAITING_MAX: usize = 500_000;
/// Of the losses of an exchange, the part that is known by silence alone from which on its wins wait.
const SILENT_LEAST: f64 = 0.1;
/// Losses that are remembered, about: older ones fade.
const LOSSES: f64 = 1_000.0;

/// The wins that wait, and how losses are known.
#[derive(Debug, Default)]
pub struct Waits {
    /// By when their time runs out, and their number.
    waiting: BTreeMap<(UnixMillis, u64), Told>,
    taken: u64,
    /// True if an exchange turned out to tell its losses.
    is_news: bool,
    /// By exchange: losses that were told, and those that silence told.
    losses: HashMap<ExchangeId, (f64, f64)>,
}

impl Waits {
    /// What may be learnt of at once: all but wins where losses are silent, which are kept until their time has run out.
    pub fn take(&mut self, told: Told, now: UnixMillis) -> Option<Told> {
        if told.shown.is_none() {
            let was_silent = is_silent(&self.losses, told.exchange);
            let (known, silent) = self.losses.entry(told.exchange).or_default();
            *(if told.silent { &mut *silent } else { &mut *known }) += 1.0;
            if *known + *silent > LOSSES {
                (*known, *silent) = (*known / 2.0, *silent / 2.0);
            }
            self.is_news |= was_silent && !is_silent(&self.losses, told.exchange);
            return Some(told);
        }
        let waits =
            is_silent(&self.losses, told.exchange) && told.until > now && self.waiting.len() < WAITING_MAX;
        if !waits {
            return Some(told);
        }
        self.taken += 1;
        self.waiting.insert((told.until, self.taken), told);
        None
    }

    /// All that wait: nothing more will come.
    pub fn rest(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    /// Those whose time has run out by `now`, and those of exchanges whose losses turned out to be told.
    pub fn due(&mut self, now: UnixMillis) -> Vec<Told> {
        let later = self.waiting.split_off(&(now, u64::MAX));
        let mut due: Vec<Told> = std::mem::replace(&mut self.waiting, later).into_values().collect();
        if std::mem::take(&mut self.is_news) {
            let losses = std::mem::take(&mut self.losses);
            due.extend(
                self.waiting
                    .extract_if(.., |_, told| !is_silent(&losses, told.exchange))
                    .map(|(_, told)| told),
            );
            self.losses = losses;
        }
        due
    }
}

/// True if losses of `exchange` are not told, as far as is known; of a new one nothing is.
fn is_silent(losses: &HashMap<ExchangeId, (f64, f64)>, exchange: ExchangeId) -> bool {
    let (known, silent) = losses.get(&exchange).copied().unwrap_or_default();
    known + silent <= 0.0 || silent / (known + silent) > SILENT_LEAST
}

#[cfg(test)]
mod tests {
    use super::Waits;
    use crate::landscape::{Sample, Segment};
    use crate::shell::learning::lessons::Told;
    use crate::units::{Cpm, CreativeId, Currency, ExchangeId, UnixMillis};

    fn told(until: i64, won: bool, silent: bool) -> Told {
        let (exchange, at) = (ExchangeId::from_slug("x"), UnixMillis::from_raw(0));
        Told {
            segment: Segment::of(exchange, Currency::EUR, (300, 250), Cpm::ZERO, at),
            floor: Cpm::ZERO,
            sample: Some(Sample::Won(Cpm::ZERO)),
            at,
            until: UnixMillis::from_raw(until),
            silent,
            exchange,
            currency: Currency::EUR,
            shown: won.then(|| CreativeId::from_slug("k")),
            arm: None,
        }
    }

    fn at(millis: i64) -> UnixMillis {
        UnixMillis::from_raw(millis)
    }

    #[test]
    fn where_losses_are_silent_a_win_waits_for_those_of_its_time() {
        let mut waits = Waits::default();
        assert!(waits.take(told(100, true, false), at(1)).is_none());
        assert!(waits.take(told(200, true, false), at(1)).is_none());
        assert!(waits.take(told(100, false, true), at(100)).is_some());
        assert_eq!(waits.due(at(100)).len(), 1);
        assert_eq!(waits.due(at(199)).len(), 0);
        assert_eq!(waits.due(at(200)).len(), 1);
        assert!(waits.take(told(100, true, false), at(150)).is_some(), "its time has run out");
    }

    #[test]
    fn where_losses_are_told_nothing_waits() {
        let mut waits = Waits::default();
        assert!(waits.take(told(100, true, false), at(1)).is_none());
        for _ in 0..20 {
            assert!(waits.take(told(100, false, false), at(1)).is_some());
        }
        assert_eq!(waits.due(at(2)).len(), 1);
        assert!(waits.take(told(100, true, false), at(1)).is_some());
        // One in ten of silence is what gets lost on the way.
        assert!(waits.take(told(100, false, true), at(100)).is_some());
        assert!(waits.take(told(300, true, false), at(101)).is_some());
        for _ in 0..5 {
            let _ = waits.take(told(100, false, true), at(100));
        }
        assert!(waits.take(told(300, true, false), at(101)).is_none());
        assert_eq!((waits.rest().len(), waits.rest().len()), (1, 0), "at the end none is left out");
    }
}
