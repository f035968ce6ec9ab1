//! Many campaigns on one stream: each auction suits a few of them, the best of their bids goes out, and budgets are as
//! unequal as in life.

use crate::sim::facts::AuctionType;
use crate::sim::judge::truth::account::cost;
use crate::sim::judge::truth::notices::{Event, Queue};
use crate::sim::judge::truth::{Generator, Row, Source, Truth, mix, unit};
use crate::sim::judge::{Brief, Opportunity, Policy, REGIMES, Told};
use crate::units::{Cpm, Millis, Nanos, RatePpm};

/// A day of many campaigns.
#[derive(Debug, Clone)]
pub struct Crowd {
    truth: Truth,
    /// By campaign: Zipf, the first has the most.
    budgets: Vec<i64>,
}

/// What a kind of policy made of the campaigns.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CrowdOutcome {
    /// What the impressions were worth to whom they went, in nanos.
    pub value: f64,
    /// Paid, of all budgets together: 1 = all.
    pub spend_of_budget: f64,
    /// The most that any campaign paid above its budget, in nanos.
    pub over: i64,
    /// How often a policy was asked for a bid.
    pub asked: u64,
    /// State of a campaign.
    pub bytes: usize,
}

/// Campaigns that an auction suits.
const SUITED: u64 = 8;
/// All budgets together, as a share of what all winnable auctions cost.
const BUDGETS: f64 = 1.0 / 8.0;
const NOTICE_MS: u32 = 60_000;
/// Rounds in which the bound is tightened.
const ROUNDS: u32 = 60;

impl Crowd {
    /// A day of `auctions` for `campaigns` campaigns.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "budgets are draws")]
    pub fn new(auctions: u32, campaigns: usize, seed: u64) -> Self {
        let source = Source::Generator(Generator { volume: f64::from(auctions), ..Generator::default() });
        let truth = Truth::new(&source, &REGIMES[0], AuctionType::SecondPrice, seed);
        let total: f64 = truth.rows.iter().filter(|row| row.winnable).map(|row| f64::from(row.price)).sum();
        let harmonic: f64 = (1..=campaigns).map(|rank| 1.0 / rank as f64).sum();
        let budget = |rank: usize| ((total * BUDGETS / harmonic / rank as f64) as i64).max(1);
        Self { budgets: (1..=campaigns).map(budget).collect(), truth }
    }

    /// How many campaigns there are.
    #[must_use]
    pub fn campaigns(&self) -> usize {
        self.budgets.len()
    }

    /// Who is suited by an auction, and what it is worth to each, in nanos.
    #[expect(clippy::cast_possible_truncation, reason = "below the number of campaigns")]
    fn suited(&self, number: u64, row: &Row) -> impl Iterator<Item = (usize, f64)> + use<> {
        let (seed, campaigns, value) = (self.truth.seed, self.budgets.len() as u64, f64::from(row.value));
        (0..SUITED).map(move |place| {
            let bits = mix(seed ^ 0x0063_726f_7764, number * SUITED + place);
            // Worth half to one and a half of what it is worth on average.
            ((bits % campaigns) as usize, value * (0.5 + unit(mix(bits, 1))))
        })
    }

    /// Runs a policy of its own for each campaign.
    #[must_use]
    pub fn run(&self, make: &dyn Fn(&Brief) -> Box<dyn Policy>) -> CrowdOutcome {
        let mut whole = self.truth.brief();
        whole.longest_notice = Millis::from_raw(i64::from(NOTICE_MS));
        let part = SUITED as f64 / self.budgets.len() as f64;
        whole.hourly = whole.hourly.map(|volume| volume * part);
        let policies = (0_u64..).zip(&self.budgets).map(|(number, budget)| {
            let seed = mix(self.truth.seed, number);
            make(&Brief { budget: Nanos::from_raw(*budget), seed, ..whole.clone() })
        });
        let mut run = CrowdRun {
            crowd: self,
            policies: policies.collect(),
            accounts: self
                .budgets
                .iter()
                .map(|budget| Purse { budget: *budget, ..Purse::default() })
                .collect(),
            queue: Queue::default(),
            winners: vec![(0, 0); self.truth.rows.len()],
            outcome: CrowdOutcome::default(),
        };
        for (number, row) in (0_u32..).zip(&self.truth.rows) {
            run.until(row.at);
            run.auction(number, row);
        }
        run.until(u32::MAX);
        run.outcome()
    }

    /// No set of policies can get more value than this: the Lagrangian bound of the fractional assignment, tightened by
    /// multiplicative steps of each campaign's price of money.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a measure")]
    pub fn bound(&self) -> f64 {
        let mut prices = vec![1.0_f64; self.budgets.len()];
        let mut spent = vec![0.0_f64; self.budgets.len()];
        let mut least = f64::INFINITY;
        for round in 0..ROUNDS {
            spent.fill(0.0);
            let mut bound: f64 =
                prices.iter().zip(&self.budgets).map(|(price, budget)| price * *budget as f64).sum();
            for (number, row) in (0_u64..).zip(&self.truth.rows) {
                let cost = f64::from(row.price);
                let gains = self
                    .suited(number, row)
                    .filter(|(_, value)| *value >= cost)
                    .map(|(campaign, value)| (campaign, value - prices[campaign] * cost));
                let best = gains.max_by(|a, b| a.1.total_cmp(&b.1));
                if let Some((campaign, gain)) = best.filter(|(_, gain)| *gain > 0.0) {
                    bound += gain;
                    spent[campaign] += cost;
                }
            }
            least = least.min(bound);
            let step = 1.0 / (1.0 + f64::from(round)).sqrt();
            for ((price, spent), budget) in prices.iter_mut().zip(&spent).zip(&self.budgets) {
                let too_much = (spent / *budget as f64 - 1.0).clamp(-1.0, 1.0);
                *price = (*price * (step * too_much).exp()).clamp(1e-3, 1e3);
            }
        }
        least
    }
}

/// One campaign's money.
#[derive(Debug, Clone, Copy, Default)]
struct Purse {
    budget: i64,
    paid: i64,
    reserved: i64,
    over: i64,
}

struct CrowdRun<'c> {
    crowd: &'c Crowd,
    policies: Vec<Box<dyn Policy>>,
    accounts: Vec<Purse>,
    queue: Queue,
    /// Whose bid went out, and what it may cost at worst.
    winners: Vec<(usize, i64)>,
    outcome: CrowdOutcome,
}

impl CrowdRun<'_> {
    fn auction(&mut self, number: u32, row: &Row) {
        let truth = &self.crowd.truth;
        let at = truth.instant(row.at);
        let mut best: Option<(usize, f64, Cpm)> = None;
        for (campaign, value) in self.crowd.suited(u64::from(number), row) {
            let purse = self.accounts[campaign];
            let free = (purse.budget - purse.paid - purse.reserved).max(0);
            let opportunity = Opportunity {
                number: u64::from(number),
                at,
                value,
                floor: Cpm::ZERO,
                segment: 0,
                tax: RatePpm::ZERO,
                most: Cpm::from_micros(free).unwrap_or(Cpm::MAX),
            };
            self.outcome.asked += 1;
            let Some(bid) = self.policies[campaign].bid(&opportunity) else { continue };
            let goes = bid <= opportunity.most && best.is_none_or(|(_, _, other)| bid > other);
            let unsent =
                if goes { best.replace((campaign, value, bid)).map(|it| it.0) } else { Some(campaign) };
            if let Some(unsent) = unsent {
                self.policies[unsent].told(u64::from(number), Told::Unsent, at);
            }
        }
        let Some((campaign, value, bid)) = best else { return };
        let worst = cost(bid, RatePpm::ZERO).raw();
        self.accounts[campaign].reserved += worst;
        self.winners[number as usize] = (campaign, worst);
        let due = row.at + NOTICE_MS;
        if bid.micros() < i64::from(row.price) {
            return self.queue.put(due, number, Event::Expired);
        }
        self.outcome.value += value;
        self.queue.put(due, number, Event::Won { paid: i64::from(row.price), to_win: row.price });
    }

    fn until(&mut self, at: u32) {
        while let Some((now, row, event)) = self.queue.next(at) {
            let (campaign, worst) = self.winners[row as usize];
            let (told, paid) = match event {
                Event::Won { paid, to_win } => {
                    let to_win = Cpm::from_micros(i64::from(to_win));
                    (Told::Won { paid: Nanos::from_raw(paid), to_win }, paid)
                }
                _ => (Told::Expired, 0),
            };
            let purse = &mut self.accounts[campaign];
            purse.reserved -= worst;
            purse.paid += paid;
            purse.over = purse.over.max(purse.paid - purse.budget);
            self.policies[campaign].told(u64::from(row), told, self.crowd.truth.instant(now));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "measures")]
    fn outcome(mut self) -> CrowdOutcome {
        let paid: i64 = self.accounts.iter().map(|it| it.paid).sum();
        let budgets: i64 = self.accounts.iter().map(|it| it.budget).sum();
        self.outcome.spend_of_budget = paid as f64 / budgets.max(1) as f64;
        self.outcome.over = self.accounts.iter().map(|it| it.over).max().unwrap_or(0);
        self.outcome.bytes = self.policies.first().map_or(0, |policy| policy.bytes_per_campaign());
        self.outcome
    }
}
