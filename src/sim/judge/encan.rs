//! Our own policy: the pacing room, the landscapes and the one pricing function, wired for a single budget.
//!
//! It learns prices from its own notices only. The server differs in this: it plans ten times a second and not before each
//! opportunity; it tells a budget of a loss when that is told or its time is over, where this believes a silence as early
//! as [`Patience`] says; it counts requests anew after a restart; and line items share its budgets. Of bids
//! that are shaded one in twenty is the control and 15 in a thousand explore, as in the product. Deliberately absent: any rule of its own.
//!
//! What `encan judge` says of it with 20 seeds, in % of hindsight with second prices:
//!
//! | regime | goal | log of campaign 2997 | generator |
//! |---|---|---|---|
//! | budget 1/2, 1/8, 1/32 | 99.5, 99, 97 | 99.9, 99.8, 99.6 | 99.8, 99.9, 99.8 |
//! | budget 1/2000 | 86 | 94.4 ± 0.5 | 96.5 ± 0.5 |
//! | notices after 600 s | 94 | 96.8 ± 0.3 | **88.6 ± 0.2** |
//! | burst at 1/2, 1/8, 1/32 | 98, 97, 90 | 98.1, 98.4, 97.1 | 98.3, 97.5, 96.5 |
//!
//! It never overspent. The goal that is missed: of the generator's auctions three in four cannot be won, so that
//! reservations hold much for little and a tenth of the budget is still held when the day ends; the best baseline reaches
//! 83.2. Three other settings of [`worth_holding`](crate::pacing::worth_holding), on six seeds, brought nothing
//! or lost up to 2.
//!
//! With first prices it is behind the best tuned baseline, which bids a share of the worth, by 4.0 (log) and 2.0
//! (generator) at 1/2 and by 1 at 1/8, and ahead by 12 and 13 at 1/200. Two causes, by a replay of every third row of the log
//! with its prices known: the control share costs 1 to 3 points, for a bid that is not shaded takes several times its part of the money; and landscapes take the price to beat
//! to be independent of the worth, which it is not: without a control share, and without that, 69.0 are within reach at 1/2, and
//! with a share of the worth 70.5.
//!
//! Of 172 lines of the table it is behind the best baseline by more than the interval in 18; beside those above by less
//! than 1 point, but for a budget stopped at noon (log, second price: 3.6),
//! sawtooth prices (generator, first price: 1.9) and a budget that does not bind (log, first price: 1.2).

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

use crate::campaign::{Factor, Pacing};
use crate::landscape::{Landscapes, Sample, Segment, View};
use crate::pacing::{Dual, Outlook, Pace, crowded, worth_holding};
use crate::pricing::{Auction, Case, Priced, Steps, Terms, Unpriced, price};
use crate::sim::facts::AuctionType;
use crate::sim::judge::patience::Patience;
use crate::sim::judge::{Brief, Candidate, Opportunity, Policy, Restart, Told, price_within};
use crate::ttf::Bearer;
use crate::units::{BidId, Cpm, Currency, ExchangeId, FxRate, Multiplier, Nanos, RatePpm, UnixMillis};

struct Encan {
    brief: Brief,
    /// Made at the first opportunity, which says what an impression is worth.
    dual: Option<Dual>,
    pace: Pace,
    outlook: Outlook,
    landscapes: Landscapes,
    view: View,
    /// Samples, and how many of them the view knows.
    samples: u64,
    viewed: u64,
    budget: Nanos,
    /// Told, and of that what the pace was told of as well.
    spent: f64,
    settled: f64,
    /// What the hard guard lets out, as the last opportunity said.
    free: f64,
    patience: Patience,
    /// Opportunities, and how many there were when the plan was made.
    came: u64,
    planned_at: u64,
    open: HashMap<u64, Open, FixedState>,
    /// Those whose outcome is not believed yet, oldest first.
    waiting: VecDeque<u64>,
}

/// A bid that is out.
#[derive(Clone, Copy)]
struct Open {
    bid: Cpm,
    floor: Cpm,
    segment: Segment,
    expected: f64,
    at: UnixMillis,
    known: Known,
}

/// What is known of a bid that is out.
#[derive(Clone, Copy)]
enum Known {
    Nothing,
    /// Told, and not believed yet.
    Told(Nanos, Option<Sample>),
    /// Nothing was told for so long that it counts as lost.
    Silence,
    /// It is from before a crash: only its bill matters.
    Before,
}

const PACING: Pacing = Pacing::Dual { smoothness: 0 };

/// The candidate: one setting, since nothing is left to tune.
pub fn candidate() -> Candidate {
    Candidate {
        name: "encan",
        words: "our own pacing, with landscapes learnt from its own notices",
        ours: true,
        settings: vec![[0.0; 2]],
        make: |brief, _| Box::new(Encan::new(brief)),
    }
}

impl Encan {
    fn new(brief: &Brief) -> Self {
        let volume = brief.volume();
        Self {
            dual: None,
            pace: Pace::new(&PACING, brief.day, brief.day.start, Nanos::ZERO, brief.budget),
            outlook: Outlook::new(Some(volume), brief.hourly.map(|requests| requests / volume)),
            landscapes: Landscapes::default(),
            view: View::default(),
            samples: 0,
            viewed: 0,
            budget: brief.budget,
            spent: 0.0,
            settled: 0.0,
            free: brief.budget.raw() as f64,
            patience: Patience::default(),
            came: 0,
            planned_at: 0,
            open: HashMap::default(),
            waiting: VecDeque::new(),
            brief: brief.clone(),
        }
    }

    /// What the slow loop does.
    fn plan(&mut self, now: UnixMillis, worth: f64) {
        self.believe(now);
        self.outlook.heard(self.brief.day, now, self.came);
        // A hundredth more samples than before is news.
        if self.samples > self.viewed + self.viewed / 100 {
            self.view = self.landscapes.view(now);
            self.viewed = self.samples;
        }
        let seen = self.came - self.planned_at;
        let spent = self.settled + self.dual.as_ref().map_or(0.0, Dual::outstanding);
        let Some(rho) = self.pace.per_request(&self.outlook, now, spent, seen) else { return };
        match &self.dual {
            None => self.dual = Some(Dual::first(rho, worth)),
            Some(dual) if crowded(self.left() - self.free, self.left()) => dual.replan_crowded(rho),
            Some(dual) => dual.replan(rho),
        }
        if let Some(dual) = &self.dual {
            dual.remember(self.brief.volume());
        }
    }

    fn left(&self) -> f64 {
        self.budget.raw() as f64 - self.spent
    }

    /// Believes in the outcome of bids that are old enough: told, or lost in silence.
    fn believe(&mut self, now: UnixMillis) {
        let wait = self.patience.lost_after(self.brief.longest_notice);
        while let Some(number) = self.waiting.front().copied() {
            let old = |open: &Open| now.since(open.at) >= wait || matches!(open.known, Known::Silence);
            if !self.open.get(&number).is_none_or(old) {
                return;
            }
            self.waiting.pop_front();
            let Some(open) = self.open.get_mut(&number) else { continue };
            match open.known {
                Known::Told(paid, sample) => {
                    if let Some(open) = self.open.remove(&number) {
                        self.learn(&open, open.expected, paid, sample);
                    }
                }
                _ => {
                    open.known = Known::Silence;
                    let silent = *open;
                    self.learn(&silent, silent.expected, Nanos::ZERO, Some(Sample::Lost(silent.bid)));
                }
            }
        }
    }

    fn learn(&mut self, open: &Open, expected: f64, paid: Nanos, sample: Option<Sample>) {
        let paid = paid.raw() as f64;
        self.settled += paid;
        if let Some(dual) = &self.dual {
            dual.outcome(expected, paid);
        }
        if let Some(sample) = sample {
            self.landscapes.learn(&open.segment, open.floor, sample, open.at);
            self.samples += 1;
        }
    }

    /// The product's price for the opportunity.
    fn price(&self, opportunity: &Opportunity, segment: &Segment, dual: &Dual) -> Result<Priced, Unpriced> {
        let first = self.brief.auction == AuctionType::FirstPrice;
        let id = BidId::mint(opportunity.at, u128::from(opportunity.number));
        let terms = Terms {
            data: Cpm::ZERO,
            space_rate: opportunity.tax,
            data_rate: RatePpm::ZERO,
            bearer: Bearer::OnTop,
            fee: RatePpm::ZERO,
            fx: FxRate::SAME,
            multiplier: Multiplier::ONE,
        };
        let case = Case {
            value: price_within(opportunity.value, RatePpm::ZERO),
            goal: Factor::ONE,
            pace: Factor::from_ratio(if first { dual.shade() } else { dual.factor() }),
            ceiling: None,
            terms,
            auction: if first { Auction::FirstPrice } else { Auction::SecondPrice },
            floor: opportunity.floor,
            curve: self.view.curve(segment),
            shaded_as: first.then_some(&id),
            decimals: 6,
        };
        price(&case, &mut Steps::default())
    }
}

impl Policy for Encan {
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        self.free = nanos(opportunity.most) * (1.0 + f64::from(opportunity.tax.ppm()) / 1e6);
        self.plan(opportunity.at, opportunity.value);
        self.came += 1;
        let dual = self.dual.as_ref()?;
        let segment = segment(opportunity);
        let Ok(Priced { price: bid, worst, expected, .. }) = self.price(opportunity, &segment, dual) else {
            dual.came(1, 0.0);
            return None;
        };
        let worst = worst.raw() as f64;
        let left = self.left();
        let makes = bid <= opportunity.most
            && worth_holding(expected, worst, dual.outstanding(), left - self.free, left);
        if !makes {
            dual.kept_back(1, expected);
            return None;
        }
        dual.came(1, expected);
        let (floor, at) = (opportunity.floor, opportunity.at);
        self.open
            .insert(opportunity.number, Open { bid, floor, segment, expected, at, known: Known::Nothing });
        self.waiting.push_back(opportunity.number);
        Some(bid)
    }

    fn told(&mut self, number: u64, told: Told, now: UnixMillis) {
        let Some(open) = self.open.get(&number).copied() else { return };
        let (paid, sample) = match told {
            Told::Won { paid, to_win } => (paid, Some(to_win.map_or(Sample::Won(open.bid), Sample::Exact))),
            Told::Lost { to_win } => {
                let lost_to = |to_win| Sample::lost_to(open.bid, to_win);
                (Nanos::ZERO, Some(to_win.map_or(Sample::Lost(open.bid), lost_to)))
            }
            Told::Expired => (Nanos::ZERO, Some(Sample::Lost(open.bid))),
            Told::Unsent => (Nanos::ZERO, None),
            Told::Clicked | Told::Converted => return,
        };
        let won = matches!(told, Told::Won { .. });
        if won && !matches!(open.known, Known::Told(..)) {
            self.spent += paid.raw() as f64;
            self.patience.told(now.since(open.at));
        }
        match open.known {
            Known::Nothing => {
                if let Some(open) = self.open.get_mut(&number) {
                    open.known = Known::Told(paid, sample);
                }
            }
            Known::Told(..) => {}
            Known::Silence => {
                self.open.remove(&number);
                if won {
                    self.learn(&open, 0.0, paid, sample);
                }
            }
            Known::Before => {
                self.open.remove(&number);
                self.settled += paid.raw() as f64;
            }
        }
    }

    fn budget(&mut self, budget: Nanos, now: UnixMillis) {
        self.budget = budget;
        self.planned_at = self.came;
        self.pace = Pace::new(&PACING, self.brief.day, now, Nanos::ZERO, budget);
    }

    fn bytes_per_campaign(&self) -> usize {
        size_of::<Dual>()
    }

    fn persist(&self) -> Vec<u8> {
        let dual = self.dual.as_ref().map_or([0; Dual::BYTES], Dual::to_bytes);
        [&dual[..], &self.landscapes.to_bytes()].concat()
    }

    fn restart(&mut self, restart: &Restart) {
        self.spent = restart.spent.raw() as f64;
        self.settled = self.spent;
        let before = Open {
            bid: Cpm::ZERO,
            floor: Cpm::ZERO,
            segment: NOTHING,
            expected: 0.0,
            at: restart.at,
            known: Known::Before,
        };
        self.open = restart.open.iter().map(|(number, _)| (*number, before)).collect();
        self.pace = Pace::new(&PACING, self.brief.day, restart.at, Nanos::ZERO, self.budget);
        if let Some((dual, landscapes)) = restart.learnt.split_at_checked(Dual::BYTES) {
            self.dual = Dual::from_bytes(dual);
            self.landscapes = Landscapes::from_bytes(landscapes).unwrap_or_default();
            self.view = self.landscapes.view(restart.at);
        }
    }
}

const NOTHING: Segment = Segment { narrow: 0, exchange: 0, all: 0 };

fn segment(opportunity: &Opportunity) -> Segment {
    let exchange = ExchangeId::from_raw(1);
    let currency = Currency::from_code("CNY").unwrap_or(Currency::EUR);
    let kind = u32::try_from(opportunity.segment).unwrap_or(u32::MAX);
    Segment::of(exchange, currency, (kind, 0), opportunity.floor, opportunity.at)
}

/// What an impression costs at a price per thousand: as many nanos as the price has micros.
fn nanos(price: Cpm) -> f64 {
    price.micros() as f64
}
