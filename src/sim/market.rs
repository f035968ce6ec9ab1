//! The other side of the auction: rivals, viewers who look, click and buy, and the truth of it all.
//!
//! Knows what really happened and tells the bidder only what an exchange would. Draws from a seed; the
//! outcomes of a run depend on the bids, its rates do not. Busier than life, so that a minute shows
//! conversions. Deliberately absent: the network, which the shell brings.

use std::collections::BTreeMap;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use crate::units::{Country, Cpm, Millis, Nanos};

/// A bid as the exchange reads it in our answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Per thousand, in the answer's currency.
    pub price: Cpm,
    /// The floor it must reach; in the same currency.
    pub floor: Cpm,
    /// True for an auction where the winner pays what it bid.
    pub first_price: bool,
}

/// How an auction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// We won, and pay this per thousand.
    Won(Cpm),
    /// A rival won with this price.
    Lost {
        /// OpenRTB loss code.
        reason: u32,
        /// What would have won.
        min_to_win: Cpm,
    },
}

/// What follows a billed impression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaction {
    /// The ad was seen.
    pub viewed: bool,
    /// The ad was clicked.
    pub clicked: bool,
    /// The click led to a purchase.
    pub converted: bool,
    /// Some notices come twice.
    pub notified_twice: bool,
}

/// The exchange's own dice.
#[derive(Debug)]
pub struct Market {
    random: Xoshiro256PlusPlus,
}

const VIEWED: f64 = 0.6;
const CLICKED: f64 = 0.08;
const CONVERTED: f64 = 0.3;
const TWICE: f64 = 0.05;

impl Market {
    /// A market with dice from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    /// Holds the auction: the best rival bids between the floor and 1.6 times our price, log-uniformly.
    pub fn auction(&mut self, offer: Offer) -> Outcome {
        let (low, high) = (offer.floor.micros().max(10_000), offer.price.micros().saturating_mul(8) / 5);
        let rival = if low < high { self.log_uniform(low, high) } else { low };
        let rival = Cpm::from_micros(rival).unwrap_or(Cpm::MAX);
        if rival > offer.price {
            return Outcome::Lost { reason: 102, min_to_win: rival };
        }
        Outcome::Won(if offer.first_price { offer.price } else { rival.max(offer.floor) })
    }

    /// What the viewer does.
    pub fn reaction(&mut self) -> Reaction {
        let viewed = self.random.random_bool(VIEWED);
        let clicked = viewed && self.random.random_bool(CLICKED);
        let converted = clicked && self.random.random_bool(CONVERTED);
        Reaction { viewed, clicked, converted, notified_twice: self.random.random_bool(TWICE) }
    }

    /// What a conversion brings that usually brings `usual`: half to one and a half of it, to the cent.
    pub fn conversion_value(&mut self, usual: Nanos) -> Nanos {
        const CENT: i64 = 10_000_000;
        let cents = usual.raw() / CENT;
        Nanos::from_raw(self.random.random_range(cents / 2..=cents + cents / 2) * CENT)
    }

    /// How long until the next request, for `per_second` of them on average.
    #[expect(clippy::cast_possible_truncation, reason = "clamped to an hour")]
    pub fn pause(&mut self, per_second: f64) -> Millis {
        let unit: f64 = self.random.random();
        let seconds = -(1.0 - unit).ln() / per_second;
        Millis::from_raw((seconds * 1_000.0).clamp(0.0, 3_600_000.0) as i64)
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a rival's price is a draw"
    )]
    fn log_uniform(&mut self, low: i64, high: i64) -> i64 {
        let (low, high) = ((low as f64).ln(), (high as f64).ln());
        let unit: f64 = self.random.random();
        (low + unit * (high - low)).exp() as i64
    }
}

/// What really happened, counted by the exchange itself, for each campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// By the campaign's slug (`bid.cid`).
    pub campaigns: BTreeMap<String, CampaignTruth>,
}

/// What really happened to one campaign. Amounts in its currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CampaignTruth {
    /// Billed.
    pub impressions: u64,
    /// Auctions lost.
    pub losses: u64,
    /// Seen.
    pub views: u64,
    /// Clicked.
    pub clicks: u64,
    /// Bought.
    pub conversions: u64,
    /// Charged for ad space, by the viewer's country.
    pub media: BTreeMap<Option<Country>, i128>,
    /// What the purchases brought.
    pub value: i128,
}

impl CampaignTruth {
    /// Charged for ad space, in nanos.
    #[must_use]
    pub fn media_total(&self) -> i128 {
        self.media.values().sum()
    }
}

impl Truth {
    /// Adds what another part of the exchange counted.
    pub fn merge(&mut self, other: Self) {
        for (slug, more) in other.campaigns {
            let own = self.campaigns.entry(slug).or_default();
            own.impressions += more.impressions;
            own.losses += more.losses;
            own.views += more.views;
            own.clicks += more.clicks;
            own.conversions += more.conversions;
            own.value += more.value;
            for (country, media) in more.media {
                *own.media.entry(country).or_default() += media;
            }
        }
    }
}

/// What one impression at `price` costs in the campaign's currency, by the exchange's own arithmetic:
/// `euros` are the units of each currency for one euro, in 10^-9. Rounded up to the nano.
#[must_use]
pub fn charged(price: Cpm, bid_euros: u64, campaign_euros: u64) -> i128 {
    let numerator = i128::from(price.micros()) * i128::from(campaign_euros);
    let divisor = i128::from(bid_euros);
    (numerator + divisor - 1) / divisor
}

#[cfg(test)]
mod tests {
    use super::{Market, Offer, Outcome, charged};
    use crate::units::{Cpm, Nanos};

    fn cpm(micros: i64) -> Cpm {
        Cpm::from_micros(micros).unwrap()
    }

    #[test]
    fn we_never_pay_more_than_we_bid_nor_less_than_the_floor() {
        let mut market = Market::new(7);
        let mut won = 0;
        for price in 1..2_000 {
            for first_price in [true, false] {
                let offer = Offer { price: cpm(price * 10_000), floor: cpm(300_000), first_price };
                if let Outcome::Won(clearing) = market.auction(offer) {
                    won += 1;
                    assert!(clearing <= offer.price && clearing >= offer.floor);
                    assert!(!first_price || clearing == offer.price);
                }
            }
        }
        assert!((500..3_500).contains(&won), "{won} of 3,998");
    }

    #[test]
    fn the_same_seed_gives_the_same_market() {
        let run = |seed| {
            let mut market = Market::new(seed);
            (0..100)
                .map(|_| (market.reaction(), market.conversion_value(Nanos::from_raw(4_000_000_000))))
                .collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn a_charge_in_another_currency_is_rounded_up() {
        assert_eq!(charged(cpm(1_000_000), 1_000_000_000, 1_000_000_000), 1_000_000);
        assert_eq!(charged(cpm(1_000_000), 1_038_900_000, 1_000_000_000), 962_557);
    }
}
