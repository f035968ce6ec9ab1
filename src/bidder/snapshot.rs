//! What the fast loop reads: the plan (campaigns, compiled), today's money, and which line items are live.
//!
//! The slow loop builds the next one and swaps it in whole. The parts change at different speeds, so
//! each is shared: a reload makes a new plan, midnight new purses, every tick a new row of live line items.

mod worth;

use std::sync::Arc;

use crate::bidder::modifiers::{Modifiers, highest_factor};
use crate::bidder::money::Money;
use crate::bidder::setting::Asked;
use crate::bidder::{Learned, Rhythm, Rhythms};
use crate::budget::{Book, Refusal};
use crate::campaign::{Campaign, Catalog, CountBy, Exchange, Factor, Flight, LineItem, Rates, Status};
use crate::experiment::Experiments;
use crate::frequency::Windows;
use crate::geo::Database;
use crate::pricing;
use crate::supply::Lists;
use crate::targeting::{Index, Rows, Scene};
use crate::ttf::Scenario;
use crate::units::{
    Cpm, Currency, ExchangeId, LineItemId, Nanos, Rounding, ScenarioId, UnixMillis, UserKey, limits,
};

/// Everything that one decision reads.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The campaigns, compiled.
    pub plan: Arc<Plan>,
    /// Today's purses and paces.
    pub money: Arc<Money>,
    /// What was learnt so far.
    pub learned: Arc<Learned>,
    /// Rows that may bid now: active, in flight, with money left.
    pub live: Live,
    /// How many line items may not, by [`Asleep::kind`].
    pub sleepers: [usize; Asleep::KINDS],
    /// Counts the beats of the slow loop, which are too short for everything.
    pub(in crate::bidder) beat: usize,
}

/// Rows that may bid now. Those that bid on deals only stand apart, so that no number of better bids in the
/// open auction can keep a search from reaching them.
#[derive(Debug, Clone)]
pub struct Live {
    /// Line items without deals.
    pub open: Rows,
    /// Line items with deals. Those that the day's pace holds back are among them: a guaranteed deal is not.
    pub on_deals: Rows,
    /// Line items without deals that may not bid for want of money or by their pace alone: their budgets hear of the
    /// traffic all the same, or the next day would be planned as if there were none at these hours.
    pub resting: Rows,
    /// Such line items with deals.
    pub resting_on_deals: Rows,
    /// By how much budgets and goals multiply the value of each row, as of the last tick: for the order in which rows
    /// are looked at. Prices are made of the multipliers of their own moment.
    factors: Vec<Factor>,
    /// The most that any row from this one on is worth with that, in euros.
    bounds: Vec<Cpm>,
}

impl Live {
    /// No row may bid; `factors` multiply the values of the rows of `plan`.
    fn none(plan: &Plan, factors: Vec<Factor>) -> Self {
        let none = || Rows::none(plan.rows.len());
        let mut highest = Cpm::ZERO;
        let mut bounds: Vec<Cpm> = vec![Cpm::ZERO; factors.len()];
        for (row, factor) in factors.iter().enumerate().rev() {
            highest = highest.max(factor.of(plan.rows[row].bound));
            bounds[row] = highest;
        }
        let (resting, resting_on_deals) = (none(), none());
        Self { open: none(), on_deals: none(), resting, resting_on_deals, factors, bounds }
    }

    /// The same, with `rows` alone.
    pub(in crate::bidder) fn only(&self, plan: &Plan, rows: impl Iterator<Item = usize>) -> Self {
        let mut live = Self::none(plan, self.factors.clone());
        for row in rows {
            if plan.rows[row].on_deals { &mut live.on_deals } else { &mut live.open }.set(row);
        }
        live
    }
}

/// One revision of the campaign files, compiled.
#[derive(Debug)]
pub struct Plan {
    /// Counts up with every reload.
    pub revision: u64,
    /// What ad ops asked for.
    pub catalog: Catalog,
    /// Request to rows.
    pub index: Index,
    /// Line items, the highest possible value first.
    pub rows: Vec<PlanRow>,
    /// The exchanges' habits.
    pub exchanges: Vec<Exchange>,
    /// The taxes.
    pub scenarios: Vec<Scenario>,
    /// Exchange rates.
    pub rates: Rates,
    /// Who may sell which outlet, and who sells at which exchange.
    pub supply: Lists,
    /// True if a frequency cap counts by household: nobody's household is asked for otherwise.
    pub counts_households: bool,
    /// How long its frequency caps count an exposure.
    pub windows: Windows,
    /// Where addresses are; `None` without a database.
    pub geo: Option<Arc<Database>>,
    /// For each campaign the place of its scenario in `scenarios`.
    campaign_scenarios: Vec<usize>,
    modifiers: Modifiers,
    experiments: Experiments,
    /// The segments that bids tell of people.
    pub(in crate::bidder) asked: Asked,
}

/// A line item in the order of value.
#[derive(Debug, Clone, Copy)]
pub struct PlanRow {
    /// Index into the catalog's line items.
    pub line_item: u32,
    /// What a thousand impressions are worth to it before its modifiers, in its campaign's currency.
    pub value: Cpm,
    /// The most that they can be worth with its modifiers, in euros: the order of rows.
    pub bound: Cpm,
    /// True if it has modifiers, or arms that multiply.
    modified: bool,
    /// The least that one impression takes from its budget.
    least: Nanos,
    // What every tick asks of every row stands here: line items and campaigns lie elsewhere in memory.
    /// Its line item's id.
    id: LineItemId,
    /// Index into the catalog's campaigns.
    campaign: u32,
    /// True if it bids on deals only.
    on_deals: bool,
    /// True if a person stopped it or its campaign.
    paused: bool,
    /// When its flight and its campaign's have begun, and when one of them is over.
    flight: Flight,
}

impl PlanRow {
    /// Index into the catalog's campaigns.
    const fn campaign(&self) -> usize {
        self.campaign as usize
    }
}

impl Plan {
    /// Compiles a catalog. Scenarios that a campaign names and `scenarios` lacks count as `none`.
    ///
    /// # Panics
    ///
    /// If the catalog holds more than four billion line items.
    #[must_use]
    pub fn build(
        revision: u64,
        catalog: Catalog,
        exchanges: Vec<Exchange>,
        mut scenarios: Vec<Scenario>,
        rates: Rates,
    ) -> Self {
        scenarios.push(Scenario::none());
        let campaign_scenarios: Vec<usize> = catalog
            .campaigns
            .iter()
            .map(|campaign| {
                let found = scenarios.iter().position(|scenario| scenario.id() == campaign.tax.scenario);
                found.unwrap_or(scenarios.len() - 1)
            })
            .collect();
        let decimals = exchanges.iter().map(|exchange| exchange.price_decimals).min().unwrap_or(6);
        let mut rows: Vec<PlanRow> = catalog
            .line_items
            .iter()
            .enumerate()
            .map(|(at, line_item)| {
                let value = pricing::value(&line_item.goal);
                let campaign = &catalog.campaigns[line_item.campaign];
                let most = highest_factor(line_item).of(value);
                let scenario = &scenarios[campaign_scenarios[line_item.campaign]];
                let number = |at: usize| u32::try_from(at).expect("fewer than four billion line items");
                PlanRow {
                    line_item: number(at),
                    value,
                    bound: comparable(most, campaign.currency, &rates),
                    modified: !line_item.modifiers.is_empty()
                        || line_item.arms.iter().any(|arm| arm.multiply != Factor::ONE),
                    least: least(&catalog, at, scenario, decimals),
                    id: line_item.id,
                    campaign: number(line_item.campaign),
                    on_deals: !line_item.deals.is_empty(),
                    paused: [campaign.status, line_item.status].contains(&Status::Paused),
                    flight: both(campaign.flight, line_item.flight),
                }
            })
            .collect();
        // Ties go to the line item that stands first in the files.
        rows.sort_by_key(|row| (std::cmp::Reverse(row.bound), row.line_item));
        let modifiers = Modifiers::of(&catalog, rows.iter().map(|row| row.line_item));
        let order: Vec<u32> = rows.iter().map(|row| row.line_item).collect();
        let asked = Asked::of(&catalog, rows.iter().map(|row| row.line_item));
        let index = Index::build(&catalog, &order);
        let windows = Windows::of(&catalog);
        let experiments = Experiments::of(&catalog);
        let counts_households = catalog.frequency_caps().any(|cap| cap.by == CountBy::Household);
        Self {
            revision,
            catalog,
            index,
            rows,
            exchanges,
            scenarios,
            rates,
            supply: Lists::default(),
            counts_households,
            windows,
            geo: None,
            campaign_scenarios,
            modifiers,
            experiments,
            asked,
        }
    }

    /// The same plan with lists of who may sell.
    #[must_use]
    pub fn with_supply(self, supply: Lists) -> Self {
        Self { supply, ..self }
    }

    /// The same plan with a database of addresses.
    #[must_use]
    pub fn with_geo(self, geo: Option<Arc<Database>>) -> Self {
        Self { geo, ..self }
    }

    /// The line item of a row.
    #[must_use]
    pub fn line_item(&self, row: usize) -> &LineItem {
        &self.catalog.line_items[self.rows[row].line_item as usize]
    }

    /// The campaign of a line item.
    #[must_use]
    pub fn campaign(&self, line_item: &LineItem) -> &Campaign {
        &self.catalog.campaigns[line_item.campaign]
    }

    /// The tax of a campaign, by its place in the catalog.
    #[must_use]
    pub fn scenario_of(&self, campaign: usize) -> &Scenario {
        &self.scenarios[self.campaign_scenarios[campaign]]
    }

    /// The tax of an id.
    #[must_use]
    pub fn scenario(&self, id: ScenarioId) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.id() == id)
    }

    /// The profile of an exchange, by the last part of its address; of a name that has none, the profile that
    /// stands in for such names.
    #[must_use]
    pub fn exchange(&self, slug: &str) -> Option<&Exchange> {
        let named = self.exchanges.iter().find(|exchange| exchange.slug == slug);
        named.or_else(|| self.exchanges.iter().find(|exchange| exchange.stands_in))
    }

    /// The profile of the exchange `id`, as a bid names it.
    #[must_use]
    pub fn exchange_of(&self, id: ExchangeId) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| exchange.id == id)
    }
}

/// When both fly.
fn both(one: Flight, other: Flight) -> Flight {
    let end = one.end.into_iter().chain(other.end).min();
    Flight { start: one.start.max(other.start), end }
}

/// `value` in euros, so that line items of different currencies have one order.
fn comparable(value: Cpm, currency: Currency, rates: &Rates) -> Cpm {
    rates.rate(currency, Currency::EUR).and_then(|rate| rate.price(value, Rounding::Down)).unwrap_or(value)
}

impl Snapshot {
    /// A snapshot of `plan` at `now`, after `former` if there was one.
    #[must_use]
    pub fn new(plan: Arc<Plan>, book: &Book, now: UnixMillis, former: Option<&Self>) -> Self {
        let money = Arc::new(Money::build(&plan, book, now, former));
        money.rhythms.replan(&plan, &money.purses, now);
        let learned = former.map(|former| Arc::clone(&former.learned)).unwrap_or_default();
        Self::of(plan, money, learned, now)
    }

    /// With the rows that are live at `now`.
    pub(in crate::bidder) fn of(
        plan: Arc<Plan>,
        money: Arc<Money>,
        learned: Arc<Learned>,
        now: UnixMillis,
    ) -> Self {
        let (live, sleepers) = live_rows(&plan, &money, &learned, now);
        Self { plan, money, learned, live, sleepers, beat: 0 }
    }

    /// The same, with what was learnt since.
    #[must_use]
    pub fn with_learned(&self, learned: Arc<Learned>, now: UnixMillis) -> Self {
        let next = Self::of(Arc::clone(&self.plan), Arc::clone(&self.money), learned, now);
        Self { beat: self.beat, ..next }
    }

    /// Why the line item of `row` may not bid on anything at `now`; `None` if it may.
    #[must_use]
    pub fn asleep(&self, row: usize, now: UnixMillis) -> Option<Asleep> {
        let (campaign, rhythms) = (self.plan.rows[row].campaign(), &self.money.rhythms);
        let allowance = rhythms.campaigns[campaign].allowance(now);
        let factor = rhythms.factor(row, campaign);
        asleep(&self.plan, &self.money, &self.learned, (row, factor), allowance, now)
    }

    /// Those of the rows of `live` whose targeting fits `scene` that bid most there for `subject`, the best first: as many as a search
    /// looks at.
    pub(in crate::bidder) fn best<'s>(
        &'s self,
        scene: &'s Scene<'s>,
        subject: Option<UserKey>,
        live: &'s Rows,
    ) -> impl Iterator<Item = usize> + 's {
        let bound = |row: usize| self.live.bounds[row];
        let rank = move |row: usize| self.live.factors[row].of(self.plan.rank(row, scene, subject.as_ref()));
        let limits = (limits::ROWS_VALUED_MAX, limits::CANDIDATES_MAX);
        self.plan.index.best(scene, live, limits, bound, rank).map(|(row, _)| row)
    }

    /// The snapshot a moment later: new purses if a day or an hour is over, and the rows that are live now.
    #[must_use]
    pub fn tick(&self, book: &Book, now: UnixMillis) -> Self {
        if !self.money.is_of(now) {
            return Self::new(Arc::clone(&self.plan), book, now, Some(self));
        }
        let beat = self.beat.wrapping_add(1);
        self.money.rhythms.replan_some(&self.plan, &self.money.purses, beat, now);
        let next = Self::of(Arc::clone(&self.plan), Arc::clone(&self.money), Arc::clone(&self.learned), now);
        Self { beat, ..next }
    }
}

/// Rows that may bid at `now`: active, in flight, with money left for an impression, today and so far. The
/// others are not looked at until the next tick, or a search would end among them; they are counted by why.
fn live_rows(
    plan: &Plan,
    money: &Money,
    learned: &Learned,
    now: UnixMillis,
) -> (Live, [usize; Asleep::KINDS]) {
    let mut live = Live::none(plan, factors(plan, &money.rhythms));
    let mut sleepers = [0; Asleep::KINDS];
    let allowances: Vec<Nanos> = money.rhythms.campaigns.iter().map(|pace| pace.allowance(now)).collect();
    for row in 0..plan.rows.len() {
        let allowance = allowances[plan.rows[row].campaign()];
        match asleep(plan, money, learned, (row, live.factors[row]), allowance, now) {
            None if plan.rows[row].on_deals => live.on_deals.set(row),
            None => live.open.set(row),
            Some(asleep) => {
                sleepers[asleep.kind()] += 1;
                if matches!(asleep, Asleep::Spent(_) | Asleep::Paced) {
                    let on_deals = plan.rows[row].on_deals;
                    if on_deals { &mut live.resting_on_deals } else { &mut live.resting }.set(row);
                }
            }
        }
    }
    (live, sleepers)
}

/// By how much budgets and goals multiply the value of each row: [`Rhythms::factor`], with the multiplier of a campaign
/// read once for all of its rows.
fn factors(plan: &Plan, rhythms: &Rhythms) -> Vec<Factor> {
    let campaigns: Vec<Factor> = rhythms.campaigns.iter().map(Rhythm::factor).collect();
    let rows = plan.rows.iter().enumerate().map(|(row, of)| {
        let [_, own, pool] = rhythms.multipliers(row, of.campaign());
        let others = own.into_iter().chain(pool).map(|dual| Factor::from_ratio(dual.factor()));
        others.fold(campaigns[of.campaign()].min(rhythms.goal(row)), Factor::min)
    });
    rows.collect()
}

/// Why a line item may not bid on anything now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asleep {
    /// A person stopped it or its campaign.
    Paused,
    /// Its flight, or its campaign's, has not begun.
    NotStarted,
    /// Its flight, or its campaign's, is over.
    Ended,
    /// Not even one impression fits under a cap.
    Spent(Refusal),
    /// Not even one impression fits under the day's pace so far.
    Paced,
}

impl Asleep {
    /// How many kinds there are.
    pub const KINDS: usize = Self::NAMES.len();
    /// The kinds' names, for metrics, in the order of [`Asleep::kind`].
    pub const NAMES: [&'static str; 5] = ["paused", "not_started", "ended", "spent", "paced"];

    /// An index into [`Asleep::NAMES`].
    #[must_use]
    pub const fn kind(self) -> usize {
        match self {
            Self::Paused => 0,
            Self::NotStarted => 1,
            Self::Ended => 2,
            Self::Spent(_) => 3,
            Self::Paced => 4,
        }
    }
}

/// Why the line item of `row` may not bid, whose value budgets and its goal multiply by `factor`; `allowance` is that
/// of its campaign's pace at `now`.
fn asleep(
    plan: &Plan,
    money: &Money,
    learned: &Learned,
    (row, factor): (usize, Factor),
    allowance: Nanos,
    now: UnixMillis,
) -> Option<Asleep> {
    let of = &plan.rows[row];
    if of.paused || learned.adjustments.is_paused(of.id) {
        return Some(Asleep::Paused);
    }
    if of.flight.end.is_some_and(|end| now >= end) {
        return Some(Asleep::Ended);
    }
    if now < of.flight.start {
        return Some(Asleep::NotStarted);
    }
    let purse = &money.purses[row];
    // Who bids less than its value has room for an impression in less.
    let least = Nanos::from_raw(factor.min(Factor::ONE).of_amount(of.least.raw())).max(NANO);
    if let Some(refusal) = purse.exhausted(least) {
        return Some(Asleep::Spent(refusal));
    }
    let within = |committed: Nanos, allowed: Nanos| committed.saturating_add(least) <= allowed;
    let in_pace = within(purse.campaign_day(), allowance)
        && money.rhythms.line_items[row]
            .as_ref()
            .is_none_or(|pace| within(purse.line_item_day(), pace.allowance(now)));
    // A guaranteed deal is bid on whatever the pace; whether one is, only the request tells.
    (!in_pace && !of.on_deals).then_some(Asleep::Paced)
}

/// The least that anything costs.
const NANO: Nanos = Nanos::from_raw(1);

/// The least that one impression takes from the budget of the line item at `at`, whose campaign is taxed by
/// `scenario`, where prices have at least `decimals` decimals. Whoever sleeps has less than that: with more, what came
/// back of one bill could not be spent again.
fn least(catalog: &Catalog, at: usize, scenario: &Scenario, decimals: u32) -> Nanos {
    let line_item = &catalog.line_items[at];
    if !line_item.deals.is_empty() || !line_item.modifiers.is_empty() {
        // On an agreed deal, or by a modifier, an impression may cost next to nothing.
        return NANO;
    }
    let value = pricing::value(&line_item.goal);
    // A bid leaves room for the tax, whether or not the budget counts it.
    let bears = catalog.campaigns[line_item.campaign].tax.bearer.advertiser_pays();
    let rate = if bears { i128::from(scenario.highest().ppm()) } else { 0 };
    let left = i128::from(value.micros()) * 1_000_000 / (1_000_000 + rate);
    let left = i64::try_from(left).ok().and_then(Cpm::from_micros).unwrap_or(value);
    left.with_decimals(decimals).per_impression().max(NANO)
}
