//! What shading saves, measured: some bids are not shaded, and the others are held against them.
//!
//! Sums are whole numbers, so that they are exact and their order does not matter. Deliberately absent: forgetting, and
//! which bids are shaded at all.

use std::collections::BTreeMap;
use std::fmt;

use crate::units::{BidId, Cpm, Currency, ExchangeId};

/// Of a thousand bids, so many are not shaded.
const CONTROL_PER_MILLE: u64 = 50;
/// Of a thousand bids, so many are above the best price.
const EXPLORED_PER_MILLE: u64 = 15;
/// Wins in each arm below which no interval is given: means of fewer are not near enough to normal.
const WINS_MIN: u64 = 30;
/// Exchanges and currencies whose sums are kept.
pub(in crate::landscape) const ROWS_MAX: usize = 2_000;
/// Half the width of a 95 % interval, in standard errors.
const NORMAL_95: f64 = 1.959_964;

/// How a bid in a first-price auction was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// At its full worth, to compare with: one in twenty.
    Control,
    /// At the best price known.
    Shaded,
    /// Between that and its worth, to learn: 15 in a thousand.
    Explored,
}

impl Arm {
    /// All arms, in the order of their sums.
    pub const ALL: [Self; 3] = [Self::Control, Self::Shaded, Self::Explored];

    /// The arm of a bid: the same whenever it is asked.
    #[must_use]
    pub fn of(id: &BidId) -> Self {
        match hash(id) % 1_000 {
            0..CONTROL_PER_MILLE => Self::Control,
            it if it < CONTROL_PER_MILLE + EXPLORED_PER_MILLE => Self::Explored,
            _ => Self::Shaded,
        }
    }

    /// How far an explored bid goes, 0 to 1: the same whenever it is asked, and independent of its arm.
    #[must_use]
    pub fn draw(id: &BidId) -> f64 {
        (hash(id) / 1_000 % (1 << 32)) as f64 / (1_u64 << 32) as f64
    }
}

/// All bits of an id, mixed (the finalizer of splitmix64, twice).
fn hash(id: &BidId) -> u64 {
    let id = u128::from_be_bytes(*id.as_bytes());
    let [high, low] = [id >> 64, id].map(|part| (part & u128::from(u64::MAX)).try_into().unwrap_or(u64::MAX));
    mix(mix(high) ^ low)
}

const fn mix(key: u64) -> u64 {
    let mut x = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Sums of one arm. Prices in micros per thousand; squares in micros squared. Held at the end of their range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Bids whose outcome is known.
    pub bids: u64,
    /// Those that won.
    pub wins: u64,
    /// What won impressions were worth.
    pub worth: i128,
    /// What was paid for them.
    pub paid: i128,
    /// Squares of what was paid.
    pub paid_squared: i128,
    /// Worth less paid, of won impressions; 0 for the others.
    pub surplus: i128,
    /// Squares of the surplus.
    pub surplus_squared: i128,
}

impl Sums {
    fn add(&mut self, worth: Cpm, paid: Option<Cpm>) {
        self.bids = self.bids.saturating_add(1);
        let Some(paid) = paid else { return };
        let (worth, paid) = (i128::from(worth.micros()), i128::from(paid.micros()));
        self.wins = self.wins.saturating_add(1);
        self.worth = self.worth.saturating_add(worth);
        self.paid = self.paid.saturating_add(paid);
        self.paid_squared = self.paid_squared.saturating_add(paid * paid);
        self.surplus = self.surplus.saturating_add(worth - paid);
        self.surplus_squared = self.surplus_squared.saturating_add((worth - paid) * (worth - paid));
    }

    fn join(&mut self, other: &Self) {
        self.bids = self.bids.saturating_add(other.bids);
        self.wins = self.wins.saturating_add(other.wins);
        self.worth = self.worth.saturating_add(other.worth);
        self.paid = self.paid.saturating_add(other.paid);
        self.paid_squared = self.paid_squared.saturating_add(other.paid_squared);
        self.surplus = self.surplus.saturating_add(other.surplus);
        self.surplus_squared = self.surplus_squared.saturating_add(other.surplus_squared);
    }
}

/// A difference between shaded bids and those that were not, with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saving {
    /// The difference, positive where shading is better; in micros per thousand.
    pub estimate: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// What the same figure is without shading, in micros per thousand.
    pub unshaded: f64,
    /// Shaded bids, or wins, behind it.
    pub shaded_count: u64,
    /// Those that were not shaded.
    pub control_count: u64,
}

impl fmt::Display for Saving {
    /// `0.4210 per thousand (95 % between 0.3900 and 0.4520), 18.3 % of 2.3005, by 9500 against 500`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [estimate, low, high, unshaded] =
            [self.estimate, self.low, self.high, self.unshaded].map(|micros| micros / 1e6);
        write!(f, "{estimate:.4} per thousand (95 % between {low:.4} and {high:.4})")?;
        if self.unshaded.abs() > 0.0 {
            write!(f, ", {:.1} % of {unshaded:.4}", self.estimate / self.unshaded * 100.0)?;
        }
        write!(f, ", by {} against {}", self.shaded_count, self.control_count)
    }
}

/// Sums by exchange, currency and arm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arms {
    rows: BTreeMap<(ExchangeId, Currency), [Sums; 3]>,
}

impl Arms {
    /// Counts a bid whose outcome is known; `paid` is `None` if it was lost. An exchange too many is not counted.
    pub fn add(&mut self, exchange: ExchangeId, currency: Currency, arm: Arm, worth: Cpm, paid: Option<Cpm>) {
        if self.rows.len() < ROWS_MAX || self.rows.contains_key(&(exchange, currency)) {
            self.rows.entry((exchange, currency)).or_default()[arm as usize].add(worth, paid);
        }
    }

    /// The sums of each exchange and currency, by [`Arm::ALL`].
    pub fn rows(&self) -> impl Iterator<Item = (ExchangeId, Currency, &[Sums; 3])> {
        self.rows.iter().map(|((exchange, currency), sums)| (*exchange, *currency, sums))
    }

    pub(in crate::landscape) fn set(&mut self, exchange: ExchangeId, currency: Currency, sums: [Sums; 3]) {
        self.rows.insert((exchange, currency), sums);
    }

    /// The sums of an exchange, or of all that are in `currency`.
    #[must_use]
    pub fn sums(&self, exchange: Option<ExchangeId>, currency: Currency) -> [Sums; 3] {
        let mut all = [Sums::default(); 3];
        for (key, sums) in &self.rows {
            if key.1 == currency && exchange.is_none_or(|exchange| exchange == key.0) {
                all.iter_mut().zip(sums).for_each(|(all, one)| all.join(one));
            }
        }
        all
    }

    /// How much more a shaded bid gains than one that is not: the surplus, worth less paid, of a bid, won or not.
    /// `None` below 30 wins in either arm.
    #[must_use]
    pub fn gained(&self, exchange: Option<ExchangeId>, currency: Currency) -> Option<Saving> {
        let [control, shaded, _] = self.sums(exchange, currency);
        let mean = |sums: &Sums| Mean::of(sums.bids, sums.surplus, sums.surplus_squared);
        saving(&control, &shaded, mean(&control), mean(&shaded), 1.0)
    }

    /// How much less a thousand won impressions cost with shading. What shading wins is cheaper also because it loses
    /// what is dear, so this is what is seen on the bill; [`Arms::gained`] says whether it was worth it. `None` below 30
    /// wins in either arm.
    #[must_use]
    pub fn saved(&self, exchange: Option<ExchangeId>, currency: Currency) -> Option<Saving> {
        let [control, shaded, _] = self.sums(exchange, currency);
        let mean = |sums: &Sums| Mean::of(sums.wins, sums.paid, sums.paid_squared);
        saving(&control, &shaded, mean(&control), mean(&shaded), -1.0)
    }

    /// Both figures in plain words.
    #[must_use]
    pub fn in_words(&self, exchange: Option<ExchangeId>, currency: Currency) -> String {
        match (self.saved(exchange, currency), self.gained(exchange, currency)) {
            (Some(saved), Some(gained)) => {
                format!(
                    "won impressions cost {} less by shading: {saved}. A bid gains more by it: {gained}.",
                    currency.code()
                )
            }
            _ => format!("too few wins yet to say what shading saves: {WINS_MIN} in each arm are needed."),
        }
    }
}

/// A mean, and the square of its standard error.
#[derive(Debug, Clone, Copy)]
struct Mean {
    count: u64,
    mean: f64,
    error_squared: f64,
}

impl Mean {
    fn of(count: u64, sum: i128, squares: i128) -> Self {
        let n = count.max(2) as f64;
        let mean = sum as f64 / n;
        // The subtraction loses nothing here: spread and mean of prices are of one size.
        let variance = ((squares as f64 - sum as f64 * mean) / (n - 1.0)).max(0.0);
        Self { count, mean, error_squared: variance / n }
    }
}

/// Welch's interval for the difference of two means, in the direction that is better.
fn saving(control: &Sums, shaded: &Sums, without: Mean, with: Mean, better: f64) -> Option<Saving> {
    if control.wins < WINS_MIN || shaded.wins < WINS_MIN {
        return None;
    }
    let estimate = (with.mean - without.mean) * better;
    let half = NORMAL_95 * (with.error_squared + without.error_squared).sqrt();
    Some(Saving {
        estimate,
        low: estimate - half,
        high: estimate + half,
        unshaded: without.mean,
        shaded_count: with.count,
        control_count: without.count,
    })
}

#[cfg(test)]
mod tests {
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{RngExt as _, SeedableRng as _};

    use super::{Arm, Arms};
    use crate::units::{BidId, Cpm, Currency, ExchangeId, UnixMillis};

    const HERE: ExchangeId = ExchangeId::from_raw(1);

    fn cpm(micros: i64) -> Cpm {
        Cpm::from_micros(micros).unwrap()
    }

    fn id(number: u128) -> BidId {
        BidId::mint(UnixMillis::from_raw(1_795_000_000_000), number)
    }

    #[test]
    fn arms_have_their_shares_and_never_change() {
        let mut counts = [0_u32; 3];
        let mut draws = 0.0;
        for number in 0..100_000 {
            counts[Arm::of(&id(number)) as usize] += 1;
            draws += Arm::draw(&id(number));
            assert_eq!(Arm::of(&id(number)), Arm::of(&id(number)));
            assert!((0.0..1.0).contains(&Arm::draw(&id(number))));
        }
        assert!((4_700..5_300).contains(&counts[0]), "{counts:?}");
        assert!((1_350..1_650).contains(&counts[2]), "{counts:?}");
        assert!((49_500.0..50_500.0).contains(&draws), "{draws}");
    }

    /// A world where prices to beat are even on 0 to 2 and every worth is 2: unshaded gains nothing; a bid of 1 wins half
    /// the time and gains 1.
    fn world(seed: u64, bids: u128) -> Arms {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut arms = Arms::default();
        for number in 0..bids {
            let arm = Arm::of(&id(number + u128::from(seed) * bids));
            let worth = cpm(random.random_range(1_500_000..2_500_000));
            let bid = if arm == Arm::Control { worth } else { cpm(worth.micros() / 2) };
            let won = bid.micros() >= random.random_range(0..2_000_000);
            arms.add(HERE, Currency::EUR, arm, worth, won.then_some(bid));
        }
        arms
    }

    #[test]
    fn the_interval_covers_the_truth_in_nineteen_of_twenty_worlds() {
        // Means over worth w even on 1.5 to 2.5: gained E[w/2 * w/4] = (4 + 1/12) / 8. Paid without shading: w where it
        // wins, which is min(1, w/2); with it w/2, in proportion to w.
        let gained = (4.0 + 1.0 / 12.0) / 8.0 * 1e6;
        let won = |w: f64| (w / 2.0).min(1.0);
        let grid = || (0..10_000).map(|at| 1.5 + (f64::from(at) + 0.5) / 10_000.0);
        let paid: f64 = grid().map(|w| w * won(w)).sum::<f64>() / grid().map(won).sum::<f64>();
        let shaded: f64 = grid().map(|w| w / 2.0 * w).sum::<f64>() / grid().sum::<f64>();
        let saved = (paid - shaded) * 1e6;
        let worlds = 400;
        let (mut gained_in, mut saved_in) = (0, 0);
        for seed in 0..worlds {
            let arms = world(seed, 3_000);
            let it = arms.gained(Some(HERE), Currency::EUR).unwrap();
            gained_in += u32::from((it.low..=it.high).contains(&gained));
            let it = arms.saved(Some(HERE), Currency::EUR).unwrap();
            saved_in += u32::from((it.low..=it.high).contains(&saved));
        }
        println!("seeds 0 to {worlds}: {gained_in} and {saved_in} intervals hold the truth");
        // 380 are expected, with a standard deviation of 4.4.
        assert!((362..=396).contains(&gained_in) && (362..=396).contains(&saved_in));
    }

    #[test]
    fn where_nothing_is_saved_the_interval_says_so() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(4);
        let mut arms = Arms::default();
        for number in 0..20_000 {
            let price = cpm(random.random_range(500_000..1_500_000));
            arms.add(HERE, Currency::EUR, Arm::of(&id(number)), cpm(2_000_000), Some(price));
        }
        let it = arms.gained(None, Currency::EUR).unwrap();
        assert!(it.low < 0.0 && it.high > 0.0, "{it}");
    }

    #[test]
    fn too_little_gives_no_number() {
        let mut arms = Arms::default();
        assert_eq!(arms.gained(None, Currency::EUR), None);
        for _ in 0..29 {
            arms.add(HERE, Currency::EUR, Arm::Control, cpm(2), Some(cpm(1)));
        }
        for _ in 0..1_000 {
            arms.add(HERE, Currency::EUR, Arm::Shaded, cpm(2), Some(cpm(1)));
        }
        assert_eq!(arms.saved(None, Currency::EUR), None);
        assert!(arms.in_words(None, Currency::EUR).starts_with("too few wins"));
        arms.add(HERE, Currency::EUR, Arm::Control, cpm(2), Some(cpm(1)));
        assert!(arms.saved(None, Currency::EUR).is_some());
        // Another currency, or another exchange, is another matter.
        assert_eq!(arms.saved(None, Currency::USD), None);
        assert_eq!(arms.saved(Some(ExchangeId::from_raw(2)), Currency::EUR), None);
    }

    #[test]
    fn sums_at_the_end_of_their_range_stay_there() {
        let mut arms = Arms::default();
        for _ in 0..100 {
            for arm in Arm::ALL {
                arms.add(HERE, Currency::EUR, arm, Cpm::MAX, Some(Cpm::ZERO));
            }
        }
        let it = arms.gained(None, Currency::EUR).unwrap();
        assert!(it.estimate.abs() < 1.0 && it.low.is_finite() && it.high.is_finite());
    }
}
