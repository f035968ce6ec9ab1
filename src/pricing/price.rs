//! The one function that prices a candidate, and the steps that it took.

use crate::campaign::Factor;
use crate::landscape::Curve;
use crate::pricing::{Terms, highest_bid, worst_case};
use crate::units::{Cpm, Nanos};

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

/// How a bid in a first-price auction is shaded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shading {
    /// Not at all: nothing is known, the campaign wants none, or it is no open first-price auction.
    Unshaded,
    /// Not at all, so that what shading saves can be measured.
    Control,
    /// To where the expected surplus is highest.
    Best,
    /// Above that, by this draw from 0 to 1, so that prices that are never bid stay known.
    Explored(f64),
}

/// One candidate on one impression.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What a thousand impressions are worth, modifiers and what was learnt included, in the campaign's currency.
    pub value: Cpm,
    /// By how much its goal allows more, or less, than that.
    pub goal: Factor,
    /// By how much its budget does.
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
    /// How it is shaded.
    pub shading: Shading,
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
    /// What was left after each step.
    steps: [Cpm; STEPS],
}

impl Priced {
    /// What was left after each step, in order.
    pub fn steps(&self) -> impl Iterator<Item = (Step, Cpm)> {
        <Step as strum::VariantArray>::VARIANTS.iter().copied().zip(self.steps)
    }
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

/// A chance to win where nothing is known of the price to beat.
const UNKNOWN_WIN: f64 = 0.5;

/// The price of `case`.
///
/// # Errors
///
/// [`Unpriced`].
pub fn price(case: &Case<'_>) -> Result<Priced, Unpriced> {
    let by_goal = case.goal.of(case.value);
    let paced = case.pace.of(case.value).min(by_goal).min(case.ceiling.unwrap_or(Cpm::MAX));
    let worth = highest_bid(paced, &case.terms).ok_or(Unpriced::WorthNothing)?;
    let below = Unpriced::BelowFloor { worth };
    if worth < case.floor {
        return Err(below);
    }
    let shaded = match (case.shading, case.curve) {
        (Shading::Unshaded | Shading::Control, _) | (_, None) => worth,
        (Shading::Best, Some(curve)) => curve.shaded(worth, case.floor),
        (Shading::Explored(_draw), Some(curve)) => curve.shaded(worth, case.floor),
    };
    let agreed = case.auction == Auction::Agreed && case.floor > Cpm::ZERO;
    let above_floor = if agreed { case.floor } else { shaded.max(case.floor).min(worth) };
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
    let expected = expected(case, sent, worst);
    let steps = [case.value, by_goal, paced, worth, shaded, above_floor, sent];
    Ok(Priced { worth, price: sent, worst, expected, steps })
}

/// What the bid is expected to take from the budget.
#[expect(clippy::cast_precision_loss, reason = "a prediction")]
fn expected(case: &Case<'_>, sent: Cpm, worst: Nanos) -> f64 {
    let worst = worst.raw() as f64;
    let Some(curve) = case.curve else { return worst * UNKNOWN_WIN };
    match case.auction {
        Auction::FirstPrice | Auction::Agreed => worst * curve.win(sent),
        Auction::SecondPrice => worst * (curve.expected_price(sent) / sent.micros() as f64).clamp(0.0, 1.0),
    }
}
