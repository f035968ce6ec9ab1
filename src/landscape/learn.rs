//! Learns the price to beat from what auctions told.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::landscape::arms::{Arm, Arms};
use crate::landscape::counts::Counts;
use crate::landscape::estimate::{Chances, EVEN, Sharing, chances, prior};
use crate::landscape::{Curve, Segment, View};
use crate::units::{Cpm, Currency, ExchangeId, Millis, UnixMillis};

/// Segments of all widths together: some 100 MB. Real traffic makes a few thousand; sizes that somebody invents must not
/// make more than this.
pub const SEGMENTS_MAX: usize = 20_000;
/// Of these, exchanges and currencies, which come from configured exchanges.
const WIDE_MAX: usize = 2_000;
/// A segment that weighs less is forgotten: its last sample is a week old, or more.
const WEIGHT_KEPT: f64 = 0.01;
/// What a segment takes at most from the next wider one, in samples.
const BORROWED_MAX: f64 = 200.0;
/// Samples that a segment takes at least, the widest from nowhere: no price is impossible.
const BORROWED_EVENLY: f64 = 1.0;
/// A curve without a new sample is made again after so long, since it forgets, and wider ones learn.
const STALE: Millis = Millis::from_seconds(600);

/// What one auction told of the price to beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Exactly this: the clearing price of a second-price auction that we won, or `${AUCTION_MIN_TO_WIN}`.
    Exact(Cpm),
    /// We won with this: it was at most that.
    Won(Cpm),
    /// We lost with this: it was more.
    Lost(Cpm),
}

/// A price that beat more than so many times our bid is only known to be above that.
const FAR: i64 = 2;

impl Sample {
    /// What a loss with `bid` to `to_win` tells: exactly that price, or where it is more than twice the bid, that it is
    /// more than twice the bid.
    ///
    /// A window stands where the prices lie that were told. Most auctions may go for many times what we would ever pay,
    /// and must not draw it away from where we bid: with budgets of a 200th, generated days of first prices then reached
    /// half of what they could, for the prices at which was bid lay below the window.
    #[must_use]
    pub fn lost_to(bid: Cpm, to_win: Cpm) -> Self {
        let far = bid.micros().checked_mul(FAR).and_then(Cpm::from_micros).unwrap_or(Cpm::MAX);
        if to_win > far { Self::Lost(far) } else { Self::Exact(to_win) }
    }

    const fn price(self) -> Cpm {
        match self {
            Self::Exact(price) | Self::Won(price) | Self::Lost(price) => price,
        }
    }
}

/// How wide a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    /// A currency.
    All,
    /// An exchange.
    Exchange,
    /// A kind of impression.
    Narrow,
}

/// One segment, as it learns.
#[derive(Debug, Clone)]
pub struct Learnt {
    /// How wide it is.
    pub width: Width,
    /// The next wider one; itself for the widest.
    pub wider: u64,
    /// What it was told.
    pub counts: Counts,
    changed: bool,
    made: UnixMillis,
    curve: Arc<Curve>,
    /// Where the window of the curve starts, and its chances: where the next estimate starts.
    chances: Box<(usize, Chances)>,
}

impl Learnt {
    /// A segment with `counts`, whose curve is not made yet.
    pub fn new(width: Width, wider: u64, counts: Counts) -> Self {
        let made = counts.landmark;
        let chances = Box::new((usize::MAX, EVEN));
        Self { width, wider, counts, changed: true, made, curve: Arc::default(), chances }
    }
}

/// All landscapes, as they learn, and what shading saved.
#[derive(Debug, Clone, Default)]
pub struct Landscapes {
    segments: HashMap<u64, Learnt, FixedState>,
    arms: Arms,
}

impl Landscapes {
    /// These segments and sums.
    pub(in crate::landscape) const fn new(segments: HashMap<u64, Learnt, FixedState>, arms: Arms) -> Self {
        Self { segments, arms }
    }

    /// All segments, in no order.
    pub(in crate::landscape) const fn segments(&self) -> &HashMap<u64, Learnt, FixedState> {
        &self.segments
    }

    /// Learns of an auction on an impression of `segment` with `floor`, decided about `at`. What comes late counts as
    /// much as if it had come in time. Where there are [`SEGMENTS_MAX`] segments, a new one takes the places of the least
    /// used: a 16th of the narrow ones is forgotten at once, and their impressions fall back on their exchange.
    pub fn learn(&mut self, segment: &Segment, floor: Cpm, sample: Sample, at: UnixMillis) {
        let keys = [
            (segment.all, segment.all, Width::All),
            (segment.exchange, segment.all, Width::Exchange),
            (segment.narrow, segment.exchange, Width::Narrow),
        ];
        for (key, wider, width) in keys {
            if !self.segments.contains_key(&key) && !self.makes_room(width, at) {
                return;
            }
            let first = || Learnt::new(width, wider, Counts::around(sample.price().max(floor), at));
            let learnt = self.segments.entry(key).or_insert_with(first);
            learnt.counts.add(floor, sample, at);
            learnt.changed = true;
        }
    }

    /// What the bid path reads from now on. Only curves with new samples are made again, and those that are ten minutes
    /// old.
    #[must_use]
    pub fn view(&mut self, now: UnixMillis) -> View {
        self.segments.retain(|_, learnt| learnt.counts.weight(now) >= WEIGHT_KEPT);
        for width in [Width::All, Width::Exchange, Width::Narrow] {
            let due: Vec<u64> = self
                .segments
                .iter()
                .filter(|(_, it)| it.width == width && (it.changed || now.since(it.made) >= STALE))
                .map(|(key, _)| *key)
                .collect();
            for key in due {
                self.make(key, now);
            }
        }
        View::new(self.segments.iter().map(|(key, learnt)| (*key, Arc::clone(&learnt.curve))).collect())
    }

    /// Counts the outcome of a first-price bid: in which arm it was, what the impression was worth to us, and what we
    /// paid, `None` if it was lost.
    pub fn outcome(
        &mut self,
        exchange: ExchangeId,
        currency: Currency,
        arm: Arm,
        worth: Cpm,
        paid: Option<Cpm>,
    ) {
        self.arms.add(exchange, currency, arm, worth, paid);
    }

    /// What shading saved.
    #[must_use]
    pub const fn arms(&self) -> &Arms {
        &self.arms
    }

    /// Makes the curve of `key` from what it and wider segments learnt.
    fn make(&mut self, key: u64, now: UnixMillis) {
        let Some(width) = self.segments.get(&key).map(|it| it.width) else { return };
        let wider = self
            .segments
            .get(&key)
            .filter(|_| width != Width::All)
            .and_then(|it| self.segments.get(&it.wider))
            .map(|it| (Arc::clone(&it.curve), it.chances.clone()));
        let Some(learnt) = self.segments.get_mut(&key) else { return };
        learnt.counts.follow();
        let (scale, own) = (learnt.counts.scale(now), learnt.counts.weight(now));
        let start = learnt.counts.start;
        let (spread, borrowed) = match &wider {
            // Its own samples are among those of the wider one, and do not count twice.
            Some((curve, chances)) if curve.weight > 0.0 => {
                let others = f64::from(curve.weight) - own;
                (prior(&chances.1, chances.0, start), others.clamp(BORROWED_EVENLY, BORROWED_MAX))
            }
            Some(_) | None => (EVEN, BORROWED_EVENLY),
        };
        let first = if learnt.chances.0 == start { learnt.chances.1 } else { spread };
        let chances = chances(&learnt.counts, scale, (&spread, borrowed), &first, Sharing::Smooth);
        let wider = wider.as_ref().map(|(curve, _)| (&**curve, borrowed));
        let weight = own + if wider.is_some() { borrowed } else { 0.0 };
        learnt.curve = Arc::new(Curve::new(&learnt.counts, &chances, weight, scale, wider));
        *learnt.chances = (start, chances);
        (learnt.changed, learnt.made) = (false, now);
    }

    /// Makes room for one more segment; false where there is none.
    fn makes_room(&mut self, width: Width, now: UnixMillis) -> bool {
        if width != Width::Narrow && self.segments.len() >= WIDE_MAX {
            let wide = self.segments.values().filter(|it| it.width != Width::Narrow).count();
            if wide >= WIDE_MAX {
                return false;
            }
        }
        if self.segments.len() < SEGMENTS_MAX {
            return true;
        }
        let mut narrow: Vec<(f64, u64)> = self
            .segments
            .iter()
            .filter(|(_, it)| it.width == Width::Narrow)
            .map(|(key, it)| (it.counts.weight(now), *key))
            .collect();
        narrow.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        narrow.truncate(SEGMENTS_MAX / 16);
        for (_, key) in &narrow {
            self.segments.remove(key);
        }
        !narrow.is_empty()
    }
}
