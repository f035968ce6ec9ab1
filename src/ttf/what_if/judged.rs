//! One group of impressions, and how many of them each way to tax would have lost.

use smallvec::SmallVec;

use crate::ttf::what_if::{Bought, Case, Group};
use crate::ttf::{Bearer, Evidence, Places, Purchase, Scenario, TaxKind};
use crate::units::{Femtos, Nanos, RatePpm};

/// Ppm in a whole.
const ONE: i64 = 1_000_000;
/// Amounts below this can be multiplied by a rate, and two of them added, in 64 bits. One impression at the highest price
/// costs less.
const SMALL: i64 = 1_000_000_000_000;

/// How one group stands under one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ttf) struct Taxed {
    /// Of each place: its rates.
    rates: SmallVec<[[RatePpm; 2]; 4]>,
    places: Places,
    pub(in crate::ttf) bearer: Bearer,
    pub(in crate::ttf) is_unresolved: bool,
}

/// Impressions, and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ttf) struct Sum {
    pub(in crate::ttf) impressions: i64,
    pub(in crate::ttf) media: i128,
    pub(in crate::ttf) data: i128,
}

/// A group, and what was counted in it.
#[derive(Debug, Clone)]
pub(in crate::ttf) struct Judged {
    pub(in crate::ttf) group: Group,
    pub(in crate::ttf) all: Sum,
    pub(in crate::ttf) not_told: i64,
    /// What a bid left room for, in parts per million of media and of data.
    room: [i64; 2],
    /// Each distinct room that a case asks for and that is more, and what it loses.
    lost: SmallVec<[([i64; 2], Sum); 8]>,
    /// Of each case, the place of its room in `lost`; `None` loses nothing.
    of_case: SmallVec<[Option<u16>; 16]>,
}

impl Taxed {
    /// How `group` is taxed under `case`.
    pub(in crate::ttf) fn new(group: &Group, case: &Case<'_>) -> Self {
        let booked = &group.booked;
        let bearer = case.bearer.unwrap_or(booked.bearer);
        let Some(scenario) = case.scenario else {
            let is_unresolved =
                booked.scenario != Scenario::NONE && booked.places.first().evidence == Evidence::Fallback;
            // In all places together, as one.
            let places = Places::one(booked.places.first());
            let rates = [[booked.space_rate, booked.data_rate]].into_iter().collect();
            return Self { rates, places, bearer, is_unresolved };
        };
        let places = if booked.scenario == scenario.id() {
            booked.places
        } else {
            let facts = scenario.with_residence(&group.facts, &group.parties);
            scenario.places(&facts, group.billed_at)
        };
        let purchase = Purchase {
            places,
            parties: group.parties,
            billed_at: group.billed_at,
            media: Nanos::ZERO,
            data: Nanos::ZERO,
            billable: true,
        };
        let assessment = scenario.assess(&purchase);
        let rates = assessment.levies().map(|levy| [levy.space.rate, levy.data.rate]).collect();
        Self { rates, places, bearer, is_unresolved: assessment.is_unresolved() }
    }

    /// What a bid leaves room for: of media and of data, in parts per million.
    fn room(&self) -> [i64; 2] {
        [0, 1].map(|kind| {
            let of = |rates: &[RatePpm; 2]| i64::from(self.bearer.borne_rate(rates[kind]).ppm());
            let rates = self.rates.iter().map(of);
            if self.places.divides() { rates.max().unwrap_or(0) } else { rates.sum() }
        })
    }

    /// The tax on so much media and data, and what of it the advertiser bears.
    pub(in crate::ttf) fn tax(&self, media: i128, data: i128) -> (Femtos, Femtos) {
        let count = i128::try_from(self.rates.len()).unwrap_or(1);
        let (mut all, mut borne) = (0, 0);
        for (at, rates) in self.rates.iter().enumerate() {
            for (rate, base) in rates.iter().zip([media, data]) {
                let part = base / count;
                let base = match (self.places.divides(), at) {
                    (false, _) => base,
                    (true, 0) => base - part * (count - 1),
                    (true, _) => part,
                };
                all += base * i128::from(rate.ppm());
                borne += base * i128::from(self.bearer.borne_rate(*rate).ppm());
            }
        }
        (Femtos::from_raw(all), Femtos::from_raw(borne))
    }
}

impl Sum {
    fn add(&mut self, bought: &Bought) {
        self.impressions += i64::from(bought.impressions);
        self.media += i128::from(bought.media.raw());
        self.data += i128::from(bought.data.raw());
    }

    pub(in crate::ttf) fn merge(&mut self, other: &Self) {
        self.impressions += other.impressions;
        self.media += other.media;
        self.data += other.data;
    }

    pub(in crate::ttf) fn less(&self, other: &Self) -> Self {
        Self {
            impressions: self.impressions - other.impressions,
            media: self.media - other.media,
            data: self.data - other.data,
        }
    }
}

impl Judged {
    pub(in crate::ttf) fn new(group: Group, cases: &[Case<'_>]) -> Self {
        let as_booked = Case { name: String::new(), scenario: None, bearer: None };
        let room = Taxed::new(&group, &as_booked).room();
        let mut lost: SmallVec<[([i64; 2], Sum); 8]> = SmallVec::new();
        let of_case = cases.iter().map(|case| {
            let wanted = Taxed::new(&group, case).room();
            if wanted.iter().zip(room).all(|(wanted, own)| *wanted <= own) {
                return None;
            }
            let at = lost.iter().position(|(known, _)| *known == wanted).unwrap_or_else(|| {
                lost.push((wanted, Sum::default()));
                lost.len() - 1
            });
            u16::try_from(at).ok()
        });
        let of_case = of_case.collect();
        Self { group, all: Sum::default(), not_told: 0, room, lost, of_case }
    }

    /// Counts one impression in.
    pub(in crate::ttf) fn add(&mut self, bought: &Bought) {
        self.all.add(bought);
        // What a correction takes back of an impression that a case loses, it need not lose.
        let Some((bid, to_beat)) = bought.contest() else {
            self.not_told += i64::from(bought.impressions);
            return;
        };
        for (room, lost) in &mut self.lost {
            if is_lost(bid.raw(), bought.data.raw().abs(), to_beat.raw(), self.room, *room) {
                lost.add(bought);
            }
        }
    }

    pub(in crate::ttf) fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        self.not_told += other.not_told;
        for ((_, own), (_, more)) in self.lost.iter_mut().zip(&other.lost) {
            own.merge(more);
        }
    }

    /// What the case at `at` loses.
    pub(in crate::ttf) fn lost(&self, at: usize) -> Sum {
        let room = self.of_case.get(at).copied().flatten();
        room.and_then(|room| self.lost.get(usize::from(room))).map(|(_, lost)| *lost).unwrap_or_default()
    }
}

/// True if a bid that leaves room for `after`, in parts per million of media and data, would fall below `to_beat`, where
/// that which left room for `before` was `bid`.
///
/// `bid * (1 + before) + data * before = bid' * (1 + after) + data * after`: what the impression may cost with its tax stays
/// the same, rounded down to the nano.
fn is_lost(bid: i64, data: i64, to_beat: i64, before: [i64; 2], after: [i64; 2]) -> bool {
    if bid < SMALL && data < SMALL && to_beat < SMALL {
        bid * (ONE + before[0]) + data * (before[1] - after[1]) < to_beat * (ONE + after[0])
    } else {
        let [bid, data, to_beat] = [bid, data, to_beat].map(i128::from);
        let [before, after] = [before, after].map(|room| room.map(i128::from));
        let one = i128::from(ONE);
        bid * (one + before[0]) + data * (before[1] - after[1]) < to_beat * (one + after[0])
    }
}

/// Both kinds, in the order of rates here.
const _: () = assert!(matches!(TaxKind::ALL, [TaxKind::AdSpace, TaxKind::Data]));
