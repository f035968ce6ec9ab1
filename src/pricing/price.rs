//! The one function that prices a candidate, and the steps that it took.

use crate::campaign::Factor;
use crate::landscape::{Arm, Curve};
use crate::pacing::Dual;
use crate::pricing::{Terms, highest_bid, worst_case};
use crate::units::{BidId, Cpm, Nanos};

/// How an auction makes a price of its bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auction {
    /// The winner pays what it bid (`at` 1).
    FirstPrice,
    /// The winner pays the second highest bid or the floor (`at` 2).
    SecondPrice,
    /// A deal at an agreed price, which is the floor (`at` 3).
    Agreed,
}

/// One candidate on one impression.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What a thousand impressions are worth, modifiers and what was learnt included, in the campaign's currency.
    pub value: Cpm,
    /// By how much its goal allows more, or less, than that.
    pub goal: Factor,
    /// By how much its budget does. Above 1 only for a bid that may be shaded: it is then shaded from so many times what
    /// it may be at most, and that is not passed.
    pub pace: Factor,
    /// Never more than this, in the campaign's currency.
    pub ceiling: Option<Cpm>,
    /// Data, fee, tax, currency.
    pub terms: Terms,
    /// How the price is made.
    pub auction: Auction,
    /// What must be bid at least, in the answer's currency.
    pub floor: Cpm,
    /// What is known of the price to beat; without it nothing is shaded.
    pub curve: Option<&'a Curve>,
    /// The bid that may be shaded, if it may: its id decides in which arm of the comparison it is.
    pub shaded_as: Option<&'a BidId>,
    /// Decimals of a price that the exchange carries.
    pub decimals: u32,
}

/// The steps of a price, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumCount, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// What it is worth; in the campaign's currency, as the next two.
    Value,
    /// What its goal allows.
    Goal,
    /// What its budget allows: the lesser of both counts.
    Pace,
    /// After data, tax and fee, in the answer's currency, as all that follow: the most worth bidding.
    Tax,
    /// What is best bid of that.
    Shading,
    /// At least the floor.
    Floor,
    /// In the decimals that the exchange carries: what is sent.
    Tick,
}

/// How many steps there are.
const STEPS: usize = <Step as strum::EnumCount>::COUNT;

/// What was left after each step that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Steps([Option<Cpm>; STEPS]);

impl Steps {
    /// The steps that were taken, in order, and what was left after each.
    pub fn iter(&self) -> impl Iterator<Item = (Step, Cpm)> {
        let steps = <Step as strum::VariantArray>::VARIANTS.iter().copied();
        steps.zip(self.0).filter_map(|(step, left)| Some((step, left?)))
    }

    const fn note(&mut self, step: Step, left: Cpm) {
        self.0[step as usize] = Some(left);
    }
}

/// A price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priced {
    /// The most worth bidding, in the answer's currency.
    pub worth: Cpm,
    /// What is bid, in the answer's currency.
    pub price: Cpm,
    /// What winning can take from the budget, in the campaign's currency.
    pub worst: Nanos,
    /// What the bid is expected to take from the budget, lost or won, in nanos of the campaign's currency.
    pub expected: f64,
    /// Its arm in measuring what shading saves; `None` if it could not be shaded.
    pub arm: Option<Arm>,
}

/// Why there is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpriced {
    /// Nothing is left of the value.
    WorthNothing,
    /// The most worth bidding is below the floor. In the answer's currency.
    BelowFloor {
        /// The most worth bidding.
        worth: Cpm,
    },
}

/// The price of `case`, and the `steps` to it or to where it failed.
///
/// # Errors
///
/// [`Unpriced`].
pub fn price(case: &Case<'_>, steps: &mut Steps) -> Result<Priced, Unpriced> {
    let by_goal = case.goal.of(case.value);
    let most = by_goal.min(case.ceiling.unwrap_or(Cpm::MAX));
    let shading = case.curve.zip(case.shaded_as);
    // A price paid as bid: money that would be left over is better spent on less shading, up to the whole worth.
    let haste = (shading.is_some() && case.pace > Factor::ONE).then(|| case.pace.of(most));
    let pace = if haste.is_some() { Factor::ONE } else { case.pace };
    let paced = pace.of(case.value).min(most);
    steps.note(Step::Value, case.value);
    steps.note(Step::Goal, by_goal);
    steps.note(Step::Pace, paced);
    let worth = highest_bid(paced, &case.terms).ok_or(Unpriced::WorthNothing)?;
    steps.note(Step::Tax, worth);
    let below = Unpriced::BelowFloor { worth };
    if worth < case.floor {
        return Err(below);
    }
    let (shaded, arm) = match shading {
        Some((curve, id)) => {
            let from = haste.and_then(|haste| highest_bid(haste, &case.terms)).unwrap_or(worth);
            let (shaded, arm) = curve.bid(from, case.floor, id);
            (shaded.min(worth), arm)
        }
        None => (worth, None),
    };
    steps.note(Step::Shading, shaded);
    let agreed = case.auction == Auction::Agreed && case.floor > Cpm::ZERO;
    let above_floor = if agreed { case.floor } else { shaded.max(case.floor).min(worth) };
    steps.note(Step::Floor, above_floor);
    let mut sent = above_floor.with_decimals(case.decimals);
    if agreed || sent < case.floor {
        // What is billed may be rounded either way, so an agreed price is bid with the decimals that are carried.
        sent = above_floor.max(case.floor).with_decimals_up(case.decimals);
        if !agreed && sent > worth {
            return Err(below);
        }
    }
    if sent == Cpm::ZERO {
        return Err(Unpriced::WorthNothing);
    }
    let worst = worst_case(sent, &case.terms).ok_or(Unpriced::WorthNothing)?;
    steps.note(Step::Tick, sent);
    Ok(Priced { worth, price: sent, worst, expected: expected(case, sent, worst), arm })
}

/// What the bid is expected to take from the budget.
#[expect(clippy::cast_precision_loss, reason = "a prediction")]
fn expected(case: &Case<'_>, sent: Cpm, worst: Nanos) -> f64 {
    let worst = worst.raw() as f64;
    let Some(curve) = case.curve else {
        let unpaced = worst * case.value.micros() as f64 / case.pace.of(case.value).micros().max(1) as f64;
        return Dual::unknown(worst, unpaced.max(worst));
    };
    match case.auction {
        Auction::FirstPrice | Auction::Agreed => worst * curve.win(sent),
        Auction::SecondPrice => {
            let price = curve.expected_price_over(sent, case.floor);
            worst * (price / sent.micros() as f64).clamp(0.0, 1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Auction, Case, Step, Steps, Unpriced, price};
    use crate::campaign::Factor;
    use crate::landscape::{Arm, Curve, Landscapes, Sample, Segment};
    use crate::pricing::{Terms, highest_bid};
    use crate::ttf::Bearer;
    use crate::units::{BidId, Cpm, FxRate, Multiplier, RatePpm, Rounding, UnixMillis};

    fn cpm(text: &str) -> Cpm {
        Cpm::from_decimal(text, Rounding::Exact).unwrap()
    }

    fn factor(millionths: u32) -> Factor {
        Factor::from_millionths(millionths).unwrap()
    }

    fn terms(space_ppm: u32) -> Terms {
        Terms {
            data: Cpm::ZERO,
            space_rate: RatePpm::from_ppm(space_ppm).unwrap(),
            data_rate: RatePpm::ZERO,
            bearer: Bearer::OnTop,
            fee: RatePpm::ZERO,
            fx: FxRate::SAME,
            multiplier: Multiplier::ONE,
        }
    }

    fn case(value: &str, floor: &str) -> Case<'static> {
        Case {
            value: cpm(value),
            goal: Factor::ONE,
            pace: Factor::ONE,
            ceiling: None,
            terms: terms(0),
            auction: Auction::SecondPrice,
            floor: cpm(floor),
            curve: None,
            shaded_as: None,
            decimals: 6,
        }
    }

    #[track_caller]
    fn check(case: &Case<'_>, want: Result<&str, Unpriced>, steps: &[&str]) {
        let mut taken = Steps::default();
        let found = price(case, &mut taken).map(|priced| priced.price);
        assert_eq!(found, want.map(cpm));
        let taken: Vec<String> =
            taken.iter().map(|(step, left)| format!("{} {left}", <&str>::from(step))).collect();
        assert_eq!(taken, steps);
    }

    #[test]
    fn a_price_is_value_goal_pace_tax_shading_floor_and_tick_in_this_order() {
        let case = Case {
            goal: factor(1_500_000),
            pace: factor(500_000),
            terms: terms(1_000),
            decimals: 2,
            ..case("10.01", "1")
        };
        let steps = [
            "value 10.01",
            "goal 15.015",
            "pace 5.005",
            "tax 5.00",
            "shading 5.00",
            "floor 5.00",
            "tick 5.00",
        ];
        check(&case, Ok("5"), &steps);
    }

    #[test]
    fn the_lesser_of_what_goal_and_budget_allow_counts() {
        let both = |goal, pace| {
            let case = Case { goal: factor(goal), pace: factor(pace), ..case("10", "0") };
            price(&case, &mut Steps::default()).unwrap().price
        };
        assert_eq!(both(400_000, 900_000), cpm("4"));
        assert_eq!(both(900_000, 400_000), cpm("4"));
        assert_eq!(both(2_000_000, 10_000_000), cpm("20"));
    }

    #[test]
    fn a_ceiling_is_never_passed() {
        let case = Case { ceiling: Some(cpm("8")), ..case("10", "0") };
        assert_eq!(price(&case, &mut Steps::default()).unwrap().price, cpm("8"));
    }

    #[test]
    fn below_the_floor_there_is_no_price_and_the_steps_end_there() {
        check(
            &case("2", "2.000001"),
            Err(Unpriced::BelowFloor { worth: cpm("2") }),
            &["value 2.00", "goal 2.00", "pace 2.00", "tax 2.00"],
        );
        check(&case("0", "0"), Err(Unpriced::WorthNothing), &["value 0.00", "goal 0.00", "pace 0.00"]);
    }

    #[test]
    fn a_price_that_is_cut_below_the_floor_is_raised_to_it_if_it_is_worth_that() {
        let cut = |value: &str| Case { decimals: 2, ..case(value, "1.235") };
        assert_eq!(price(&cut("1.24"), &mut Steps::default()).unwrap().price, cpm("1.24"));
        let worth = cpm("1.239");
        assert_eq!(price(&cut("1.239"), &mut Steps::default()), Err(Unpriced::BelowFloor { worth }));
    }

    #[test]
    fn an_agreed_price_is_bid_whatever_it_is_worth_above_that() {
        let agreed = Case { auction: Auction::Agreed, decimals: 2, ..case("10", "4.001") };
        assert_eq!(price(&agreed, &mut Steps::default()).unwrap().price, cpm("4.01"));
        let without = Case { auction: Auction::Agreed, ..case("10", "0") };
        assert_eq!(price(&without, &mut Steps::default()).unwrap().price, cpm("10"));
    }

    /// Prices to beat of 0 to 10, each as likely: from a worth of `x`, the most surplus is in half of it.
    fn even_prices() -> Curve {
        let (mut landscapes, now) = (Landscapes::default(), UnixMillis::from_raw(1_795_000_000_000));
        let segment = Segment { narrow: 3, exchange: 2, all: 1 };
        for at in 0..20_000_i64 {
            // In a mixed order: a window begins around the first price.
            let to_beat = Cpm::from_micros((10_000 + at * 7_919) % 20_000 * 500).unwrap();
            landscapes.learn(&segment, Cpm::ZERO, Sample::Exact(to_beat), now);
        }
        landscapes.view(now).curve(&segment).unwrap().clone()
    }

    fn id_of(arm: Arm) -> BidId {
        let mut ids = (0..100_000).map(|random| BidId::mint(UnixMillis::from_raw(0), random));
        ids.find(|id| Arm::of(id) == arm).unwrap()
    }

    #[test]
    fn a_pace_above_one_shades_less_and_never_bids_more_than_the_worth() {
        let (curve, shaded, control) = (even_prices(), id_of(Arm::Shaded), id_of(Arm::Control));
        let bid = |pace, goal, ceiling: Option<&str>, id| {
            let (curve, shaded_as, auction) = (Some(&curve), Some(id), Auction::FirstPrice);
            let (pace, goal, ceiling) = (factor(pace), factor(goal), ceiling.map(cpm));
            let case = Case { pace, goal, ceiling, curve, shaded_as, auction, ..case("8", "0") };
            let mut steps = Steps::default();
            let price = price(&case, &mut steps).unwrap().price;
            let paced = steps.iter().find(|(step, _)| *step == Step::Pace).unwrap().1;
            assert!(price <= paced && paced <= cpm("8"), "{price} {paced}");
            price.micros() as f64 / 1e6
        };
        for (pace, want) in [(500_000, 2.0), (1_000_000, 4.0), (1_500_000, 6.0), (10_000_000, 8.0)] {
            let found = bid(pace, 1_000_000, None, &shaded);
            assert!((found - want).abs() < 0.4, "{pace}: {found}, not {want}");
        }
        // A goal and a ceiling say what one bid may be, however much money there is.
        for (goal, ceiling) in [(500_000, None), (1_000_000, Some("4"))] {
            assert!((bid(10_000_000, goal, ceiling, &shaded) - 4.0).abs() < 1e-9);
            assert!((bid(1_500_000, goal, ceiling, &shaded) - 3.0).abs() < 0.3);
        }
        assert!((bid(10_000_000, 1_000_000, None, &control) - 8.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_shaded_bid_is_within_its_worth_and_reaches_the_floor_at_any_pace(
            value in 0..50_000_000_i64, floor in 0..9_000_000_i64, pace in 0..10_000_000_u32,
            goal in 0..1_000_000_u32, space in 0..1_000_000_u32, random in any::<u64>(),
        ) {
            static CURVE: LazyLock<Curve> = LazyLock::new(even_prices);
            let id = BidId::mint(UnixMillis::from_raw(0), random.into());
            let case = Case {
                value: Cpm::from_micros(value).unwrap(),
                goal: factor(goal),
                pace: factor(pace),
                terms: terms(space),
                floor: Cpm::from_micros(floor).unwrap(),
                auction: Auction::FirstPrice,
                curve: Some(&CURVE),
                shaded_as: Some(&id),
                ..case("0", "0")
            };
            if let Ok(priced) = price(&case, &mut Steps::default()) {
                prop_assert!(case.floor <= priced.price && priced.price <= priced.worth);
                let most = case.goal.min(case.pace).min(Factor::ONE).of(case.value);
                prop_assert_eq!(Some(priced.worth), highest_bid(most, &case.terms));
            }
        }

        #[test]
        fn a_bid_is_within_its_worth_and_reaches_the_floor(
            value in 0..50_000_000_i64, floor in 0..20_000_000_i64, goal in 0..10_000_000_u32,
            pace in 0..10_000_000_u32, space in 0..1_000_000_u32, decimals in 0..=6_u32,
        ) {
            let case = Case {
                value: Cpm::from_micros(value).unwrap(),
                goal: factor(goal),
                pace: factor(pace),
                terms: terms(space),
                floor: Cpm::from_micros(floor).unwrap(),
                decimals,
                ..case("0", "0")
            };
            if let Ok(priced) = price(&case, &mut Steps::default()) {
                prop_assert!(case.floor <= priced.price && priced.price <= priced.worth);
                let allowed = case.goal.min(case.pace).of(case.value);
                prop_assert_eq!(Some(priced.worth), highest_bid(allowed, &case.terms));
                prop_assert!(priced.price.with_decimals(decimals) == priced.price);
                prop_assert!((0.0..=1e18).contains(&priced.expected));
            }
        }

        #[test]
        fn a_price_never_falls_with_the_value(value in 0..50_000_000_i64, more in 0..50_000_000_i64, pace in 0..1_000_000_u32) {
            let of = |value| {
                let case = Case { value: Cpm::from_micros(value).unwrap(), pace: factor(pace), ..case("0", "0.5") };
                price(&case, &mut Steps::default()).map_or(Cpm::ZERO, |priced| priced.price)
            };
            prop_assert!(of(value) <= of(value + more));
        }
    }
}
