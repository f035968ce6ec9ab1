//! What a policy may know: the brief of its day, each opportunity as it comes, and what notices tell, when they tell it.
//!
//! Nothing here holds a price before its notice.

use crate::pacing::DaySpan;
use crate::sim::facts::AuctionType;
use crate::units::{Cpm, Millis, Nanos, RatePpm, UnixMillis};

/// What a policy is told before its day begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Brief {
    /// The day on which the budget is to be spent.
    pub day: DaySpan,
    /// The budget of the day, taxes included. Later budgets come by [`Policy::budget`].
    pub budget: Nanos,
    /// What a winner pays.
    pub auction: AuctionType,
    /// Requests in each 24th of the day before, as far as anybody remembers: in some regimes it remembers wrongly.
    pub hourly: [f64; 24],
    /// No notice takes longer; a bid without one is lost by then.
    pub longest_notice: Millis,
    /// Draws of a policy that draws come from here.
    pub seed: u64,
}

impl Brief {
    /// Requests of the day before.
    #[must_use]
    pub fn volume(&self) -> f64 {
        self.hourly.iter().sum()
    }

    /// The share of the day's requests that came before `now` on the day before, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn done(&self, now: UnixMillis) -> f64 {
        let length = self.day.end.since(self.day.start).raw().max(1) as f64;
        let position = (now.since(self.day.start).raw() as f64 / length).clamp(0.0, 1.0) * 24.0;
        let (mut before, mut left) = (0.0, position);
        for volume in self.hourly {
            before += volume * left.clamp(0.0, 1.0);
            left -= 1.0;
        }
        let volume = self.volume();
        if volume > 0.0 { before / volume } else { position / 24.0 }
    }
}

/// An auction to which a policy may send a bid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opportunity {
    /// Counts up from 0 over the day; of several bidders of one budget each sees some of the numbers.
    pub number: u64,
    /// When it comes.
    pub at: UnixMillis,
    /// What the impression is believed to be worth, in nanos, taxes included: never worth a bid above it.
    pub value: f64,
    /// No bid below it wins.
    pub floor: Cpm,
    /// The kind of impression: equal for those whose prices are alike.
    pub segment: u64,
    /// The tax that is paid on top of the price.
    pub tax: RatePpm,
    /// The highest price that the hard guard lets out now.
    pub most: Cpm,
}

impl Opportunity {
    /// The highest price that, with its tax, costs at most `nanos`; rounded down.
    #[must_use]
    pub fn price_for(&self, nanos: f64) -> Cpm {
        price_within(nanos, self.tax)
    }
}

/// The highest price that, with `tax` on top, costs at most `nanos`; rounded down.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "saturates, and is held in range")]
pub fn price_within(nanos: f64, tax: RatePpm) -> Cpm {
    let micros = nanos / (1.0 + f64::from(tax.ppm()) / 1e6);
    Cpm::from_micros(micros.max(0.0) as i64).unwrap_or(Cpm::MAX)
}

/// What a notice says, after its delay. Notices may come out of order, twice, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The bid won.
    Won {
        /// What it cost, taxes included.
        paid: Nanos,
        /// The lowest price that would have won, where the exchange tells.
        to_win: Option<Cpm>,
    },
    /// The bid lost.
    Lost {
        /// The lowest price that would have won, where the exchange tells.
        to_win: Option<Cpm>,
    },
    /// No notice came in time: the bid counts as lost, and its reservation is free again.
    Expired,
    /// The bid did not go out: the guard or a better bid of the same bidder kept it. Told at once.
    Unsent,
    /// The impression was clicked.
    Clicked,
    /// The click led to a conversion.
    Converted,
}

/// What a ledger knows after a crash, and what the policy itself kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// Booked as spent.
    pub spent: Nanos,
    /// Bids that are out, and what each may cost at worst.
    pub open: Vec<(u64, Nanos)>,
    /// What [`Policy::persist`] gave, up to an hour before the crash; empty if it gives nothing.
    pub learnt: Vec<u8>,
    /// When bidding goes on.
    pub at: UnixMillis,
}

/// A way to spend a budget over a day.
pub trait Policy {
    /// What it bids, per thousand and before tax; `None` = nothing. Asked for every opportunity, so that traffic can be
    /// counted. A bid above [`Opportunity::most`] does not go out, unless the policy says that it is not
    /// [guarded](Policy::guarded).
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm>;

    /// A notice about the bid on opportunity `number` arrives at `now`.
    fn told(&mut self, number: u64, told: Told, now: UnixMillis);

    /// A person changed the budget of the day. What is spent stays spent.
    fn budget(&mut self, budget: Nanos, now: UnixMillis);

    /// Bytes of pacing state, whatever is kept for each open bid apart.
    fn bytes_per_campaign(&self) -> usize;

    /// What a start may read again; empty = nothing.
    fn persist(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Goes on after a crash, or on a new day with what was learnt the day before.
    fn restart(&mut self, restart: &Restart) {
        let _ = restart;
    }

    /// False only for policies that are planted to prove that overspending is seen.
    fn guarded(&self) -> bool {
        true
    }
}
