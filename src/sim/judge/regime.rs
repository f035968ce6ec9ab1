//! What goes wrong on a day, as one table: budgets, notices, traffic, prices, people and machines.

/// How much money a day has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// A share of what all of the day's winnable rows cost together.
    Share(f64),
    /// What so many winnable rows of the average price cost.
    Wins(u32),
}

/// How long notices take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delay {
    /// Each takes so many seconds.
    Seconds(u32),
    /// Log-normal with a median of 3 s and a log deviation of 2, cut off at 600 s.
    HeavyTailed,
    /// Between 0 and so many seconds, each as likely: later bids are often told before earlier ones.
    Reordered(u32),
}

impl Delay {
    /// No notice takes longer, in milliseconds.
    #[must_use]
    pub fn longest_ms(self) -> u32 {
        match self {
            Self::Seconds(seconds) | Self::Reordered(seconds) => seconds * 1_000,
            Self::HeavyTailed => 600_000,
        }
    }
}

/// How notices come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Notices {
    /// How long they take.
    pub delay: Delay,
    /// The share of wins whose notice never comes. No notice, no bill: such a win costs and brings nothing.
    pub lost: f64,
    /// The share of wins that are told twice.
    pub duplicated: f64,
}

/// How a day's traffic goes up and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// Even.
    Flat,
    /// As the exchange's published day.
    Day,
    /// The day with a twentieth of its traffic from 6 to 12 o'clock, and thrice as much from 12 to 15.
    DroughtThenFlood,
}

/// How prices move over the day, besides what the rows do themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prices {
    /// Not.
    Plain,
    /// Half as high again from 15 o'clock.
    JumpAt15,
    /// From 0.6 up to 1.4 of themselves, every two hours anew.
    Sawtooth,
    /// 0.4 of themselves from 20 o'clock.
    CheapLast,
}

/// A person changes the budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// At this hour.
    pub hour: u32,
    /// To so much of the first budget.
    pub factor: f64,
}

/// What is remembered of the day before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Believed {
    /// Its volume, as a multiple of the volume that comes today.
    pub volume: f64,
    /// True if its hours are another site's, half a day off.
    pub wrong_curve: bool,
}

/// One way for a day to go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regime {
    /// A name in kebab case.
    pub name: &'static str,
    /// What happens, in a few words.
    pub words: &'static str,
    /// The money.
    pub budget: Budget,
    /// The notices.
    pub notices: Notices,
    /// The traffic.
    pub curve: Curve,
    /// True if from 14 to 15 o'clock nine more rows come for each.
    pub burst: bool,
    /// The prices.
    pub prices: Prices,
    /// A changed budget.
    pub change: Option<Change>,
    /// The memory of the day before.
    pub believed: Believed,
    /// The bidder is killed at noon, and starts again from its ledger.
    pub crash: bool,
    /// What is believed to be worth 1 is worth 1 / this.
    pub optimism: f64,
    /// A tax of 20 % from midnight of the exchange's zone, which is 8 o'clock of the campaign's.
    pub tax: bool,
    /// True if the policy begins with what it learnt the day before.
    pub warm: bool,
    /// Bidders that split the budget and the traffic, their leases levelled every quarter of an hour.
    pub bidders: u32,
}

/// Shares of the day's total cost that are tried on a day without disturbance.
pub const BUDGETS: [(&str, f64); 5] = [
    ("1/2", 1.0 / 2.0),
    ("1/8", 1.0 / 8.0),
    ("1/32", 1.0 / 32.0),
    ("1/200", 1.0 / 200.0),
    ("1/2000", 1.0 / 2000.0),
];

const AT_ONCE: Notices = Notices { delay: Delay::Seconds(0), lost: 0.0, duplicated: 0.0 };

const PLAIN: Regime = Regime {
    name: "",
    words: "",
    budget: Budget::Share(1.0 / 32.0),
    notices: AT_ONCE,
    curve: Curve::Day,
    burst: false,
    prices: Prices::Plain,
    change: None,
    believed: Believed { volume: 1.0, wrong_curve: false },
    crash: false,
    optimism: 1.0,
    tax: false,
    warm: false,
    bidders: 1,
};

/// Most disturbances come with notices after a minute.
const MINUTE: Regime = Regime { notices: seconds(60), ..PLAIN };

const fn seconds(seconds: u32) -> Notices {
    Notices { delay: Delay::Seconds(seconds), ..AT_ONCE }
}

const fn share(of: f64) -> Budget {
    Budget::Share(1.0 / of)
}

const fn after(name: &'static str, words: &'static str, of: f64, delay: u32) -> Regime {
    Regime { name, words, budget: share(of), notices: seconds(delay), ..PLAIN }
}

const fn wins(name: &'static str, words: &'static str, wins: u32) -> Regime {
    Regime { name, words, budget: Budget::Wins(wins), ..MINUTE }
}

/// All regimes, in the order of the report.
pub static REGIMES: &[Regime] = &[
    after("budget-2", "budget 1/2 of the total cost", 2.0, 0),
    after("budget-8", "budget 1/8", 8.0, 0),
    after("budget-32", "budget 1/32", 32.0, 0),
    after("budget-200", "budget 1/200", 200.0, 0),
    after("budget-2000", "budget 1/2000", 2000.0, 0),
    Regime { name: "flat", words: "even traffic", curve: Curve::Flat, ..PLAIN },
    Regime { name: "not-binding", words: "more budget than the day costs", budget: share(0.2), ..MINUTE },
    wins("wins-5", "budget of 5 average wins", 5),
    wins("wins-20", "budget of 20 average wins", 20),
    wins("wins-100", "budget of 100 average wins", 100),
    wins("wins-700", "budget of 700 average wins", 700),
    after("notice-1s", "notices after 1 s", 32.0, 1),
    after("notice-10s", "notices after 10 s", 32.0, 10),
    after("notice-60s", "notices after 60 s", 32.0, 60),
    after("notice-600s", "notices after 600 s", 32.0, 600),
    after("notice-60s-200", "notices after 60 s, budget 1/200", 200.0, 60),
    after("notice-600s-200", "notices after 600 s, budget 1/200", 200.0, 600),
    after("notice-60s-2000", "notices after 60 s, budget 1/2000", 2000.0, 60),
    Regime {
        name: "notice-heavy",
        words: "heavy-tailed delays",
        notices: Notices { delay: Delay::HeavyTailed, ..AT_ONCE },
        ..PLAIN
    },
    Regime {
        name: "notice-lost",
        words: "1 % of notices lost",
        notices: Notices { lost: 0.01, ..seconds(60) },
        ..PLAIN
    },
    Regime {
        name: "notice-twice",
        words: "1 % of notices twice",
        notices: Notices { duplicated: 0.01, ..seconds(60) },
        ..PLAIN
    },
    Regime {
        name: "notice-reordered",
        words: "notices out of order, within 120 s",
        notices: Notices { delay: Delay::Reordered(120), ..AT_ONCE },
        ..PLAIN
    },
    Regime {
        name: "wrong-curve",
        words: "the curve remembered is another",
        believed: Believed { volume: 1.0, wrong_curve: true },
        ..MINUTE
    },
    Regime {
        name: "volume-half",
        words: "half the traffic of the day before",
        believed: Believed { volume: 2.0, wrong_curve: false },
        ..MINUTE
    },
    Regime {
        name: "volume-double",
        words: "twice the traffic of the day before",
        believed: Believed { volume: 0.5, wrong_curve: false },
        ..MINUTE
    },
    Regime { name: "burst-2", words: "an hour of x10 traffic, budget 1/2", budget: share(2.0), ..BURST },
    Regime { name: "burst-8", words: "an hour of x10 traffic, budget 1/8", budget: share(8.0), ..BURST },
    Regime { name: "burst-32", words: "an hour of x10 traffic, budget 1/32", ..BURST },
    Regime {
        name: "drought-flood",
        words: "six hours of drought, then a flood",
        curve: Curve::DroughtThenFlood,
        ..MINUTE
    },
    Regime { name: "prices-jump", words: "prices x1.5 from 15 o'clock", prices: Prices::JumpAt15, ..MINUTE },
    Regime { name: "prices-sawtooth", words: "prices as a sawtooth", prices: Prices::Sawtooth, ..MINUTE },
    Regime { name: "prices-cheap-last", words: "cheap last hours", prices: Prices::CheapLast, ..MINUTE },
    Regime {
        name: "budget-doubled",
        words: "budget x2 at noon",
        change: Some(Change { hour: 12, factor: 2.0 }),
        ..MINUTE
    },
    Regime {
        name: "budget-halved",
        words: "budget x0.5 at noon",
        change: Some(Change { hour: 12, factor: 0.5 }),
        ..MINUTE
    },
    Regime {
        name: "budget-stopped",
        words: "budget to 0 at noon",
        change: Some(Change { hour: 12, factor: 0.0 }),
        ..MINUTE
    },
    Regime { name: "warm-32", words: "a second day", warm: true, ..MINUTE },
    Regime {
        name: "warm-200",
        words: "a second day, budget 1/200",
        budget: share(200.0),
        warm: true,
        ..MINUTE
    },
    Regime {
        name: "warm-2000",
        words: "a second day, budget 1/2000",
        budget: share(2000.0),
        warm: true,
        ..MINUTE
    },
    Regime { name: "crash", words: "killed at noon", crash: true, ..MINUTE },
    Regime { name: "pctr-high", words: "values believed 15.6 % too high", optimism: 1.156, ..MINUTE },
    Regime { name: "tax", words: "20 % tax from 8 o'clock", tax: true, ..MINUTE },
    Regime { name: "bidders-4", words: "four bidders, one budget", bidders: 4, ..MINUTE },
    Regime { name: "bidders-16", words: "sixteen bidders, one budget", bidders: 16, ..MINUTE },
];

const BURST: Regime = Regime { burst: true, ..MINUTE };

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{REGIMES, Regime};

    #[test]
    fn every_regime_has_a_name_of_its_own_and_says_what_happens() {
        let names: HashSet<_> = REGIMES.iter().map(|it| it.name).collect();
        assert_eq!(names.len(), REGIMES.len());
        assert!(REGIMES.iter().all(|Regime { name, words, .. }| !name.is_empty() && !words.is_empty()));
    }
}
