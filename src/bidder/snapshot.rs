//! What the fast loop reads: the plan (campaigns, compiled), today's money, and which line items are live.
//!
//! The slow loop builds the next one and swaps it in whole. The parts change at different speeds, so
//! each is shared: a reload makes a new plan, midnight new purses, every tick a new row of live line items.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::bidder::modifiers::{Modifiers, highest_factor};
use crate::budget::{Book, Expected, Purse, PurseKey, Refusal};
use crate::campaign::{
    Budget, Campaign, Catalog, CountBy, Exchange, Factor, Flight, Limits, LineItem, Pacing, Rates, Status,
};
use crate::frequency::Windows;
use crate::geo::Database;
use crate::pacing::{DaySpan, Pace};
use crate::pricing;
use crate::supply::Lists;
use crate::targeting::{Index, Rows, Scene};
use crate::ttf::Scenario;
use crate::units::{
    CampaignId, Cpm, Currency, Day, Epoch, ExchangeId, Hour, LineItemId, Nanos, Rounding, ScenarioId,
    UnixMillis, limits,
};

/// Everything that one decision reads.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The campaigns, compiled.
    pub plan: Arc<Plan>,
    /// Today's purses and paces.
    pub money: Arc<Money>,
    /// Rows that may bid now: active, in flight, with money left.
    pub live: Live,
    /// How many line items may not, by [`Asleep::kind`].
    pub sleepers: [usize; Asleep::KINDS],
}

/// Rows that may bid now. Those that bid on deals only stand apart, so that no number of better bids in the
/// open auction can keep a search from reaching them.
#[derive(Debug, Clone)]
pub struct Live {
    /// Line items without deals.
    pub open: Rows,
    /// Line items with deals. Those that the day's pace holds back are among them: a guaranteed deal is not.
    pub on_deals: Rows,
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
    /// True if it has modifiers.
    modified: bool,
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
        let campaign_scenarios = catalog
            .campaigns
            .iter()
            .map(|campaign| {
                let found = scenarios.iter().position(|scenario| scenario.id() == campaign.tax.scenario);
                found.unwrap_or(scenarios.len() - 1)
            })
            .collect();
        let mut rows: Vec<PlanRow> = catalog
            .line_items
            .iter()
            .enumerate()
            .map(|(at, line_item)| {
                let value = pricing::value(&line_item.goal);
                let currency = catalog.campaigns[line_item.campaign].currency;
                let line_item = u32::try_from(at).expect("fewer than four billion line items");
                let most = highest_factor(&catalog.line_items[at]).of(value);
                let modified = !catalog.line_items[at].modifiers.is_empty();
                PlanRow { line_item, value, bound: comparable(most, currency, &rates), modified }
            })
            .collect();
        // Ties go to the line item that stands first in the files.
        rows.sort_by_key(|row| (std::cmp::Reverse(row.bound), row.line_item));
        let modifiers = Modifiers::of(&catalog, rows.iter().map(|row| row.line_item));
        let order: Vec<u32> = rows.iter().map(|row| row.line_item).collect();
        let index = Index::build(&catalog, &order);
        let windows = Windows::of(&catalog);
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
        }
    }

    /// By how much the line item of `row` multiplies its value in `scene`.
    #[must_use]
    pub fn factor(&self, row: usize, scene: &Scene<'_>) -> Factor {
        if self.rows[row].modified { self.modifiers.factor(row, scene) } else { Factor::ONE }
    }

    /// What the line item of `row` bids for in `scene`, before data and tax: its rank among the others, in
    /// euros, at most its bound.
    pub(in crate::bidder) fn rank(&self, row: usize, scene: &Scene<'_>) -> Cpm {
        let PlanRow { value, bound, modified, .. } = self.rows[row];
        if !modified {
            return bound;
        }
        let currency = self.campaign(self.line_item(row)).currency;
        comparable(self.modifiers.factor(row, scene).of(value), currency, &self.rates).min(bound)
    }

    /// The rows of `live` whose targeting fits `scene`, those first that are worth most there.
    pub(in crate::bidder) fn best<'s>(
        &'s self,
        scene: &'s Scene<'s>,
        live: &'s Rows,
    ) -> impl Iterator<Item = usize> + 's {
        let bound = |row: usize| self.rows[row].bound;
        let rank = |row: usize| self.rank(row, scene);
        self.index.best(scene, live, limits::ROWS_VALUED_MAX, bound, rank).map(|(row, _)| row)
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

/// `value` in euros, so that line items of different currencies have one order.
fn comparable(value: Cpm, currency: Currency, rates: &Rates) -> Cpm {
    rates.rate(currency, Currency::EUR).and_then(|rate| rate.price(value, Rounding::Down)).unwrap_or(value)
}

/// Purses and paces of one day of each campaign.
#[derive(Debug)]
pub struct Money {
    /// By row.
    pub purses: Vec<Purse>,
    /// By campaign.
    pub paces: Vec<Pace>,
    /// By row, for line items with a budget of their own.
    pub line_item_paces: Vec<Option<Pace>>,
    /// By campaign: its civil day.
    pub days: Vec<Day>,
    /// The first instant at which one of the days is over, or the hour if a budget has a limit for each.
    pub valid_until: UnixMillis,
    /// From whose leases the purses spend.
    pub epoch: Epoch,
}

impl Money {
    /// Today's purses from `book`, and a plan for what is left of each day.
    ///
    /// A plan of `former` goes on where nothing that it was made of has changed: a reload or another zone's
    /// midnight is no new start.
    #[must_use]
    pub fn build(plan: &Plan, book: &Book, now: UnixMillis, former: Option<&Snapshot>) -> Self {
        let spans: Vec<(Day, DaySpan)> =
            plan.catalog.campaigns.iter().map(|campaign| day_of(&campaign.zone, now)).collect();
        let former = FormerPaces::of(former);
        let hour = Hour::of(now);
        let mut by_hour = false;
        let mut purses = Vec::with_capacity(plan.rows.len());
        for row in 0..plan.rows.len() {
            let line_item = plan.line_item(row);
            let campaign = plan.campaign(line_item);
            let key = PurseKey {
                campaign: campaign.id,
                line_item: line_item.id,
                day: spans[line_item.campaign].0,
                hour,
            };
            let budgets = [&campaign.budget, &line_item.budget];
            by_hour |= budgets.iter().any(|budget| budget.has_hourly());
            let likely = plan.rows[row].value.per_impression();
            purses.push(book.purse(key, budgets, likely, Expected::WORST));
        }
        let mut paces: Vec<Option<Pace>> = vec![None; plan.catalog.campaigns.len()];
        let mut line_item_paces = Vec::with_capacity(plan.rows.len());
        for (row, purse) in purses.iter().enumerate() {
            let line_item = plan.line_item(row);
            let campaign = plan.campaign(line_item);
            let today = spans[line_item.campaign];
            paces[line_item.campaign].get_or_insert_with(|| {
                former.campaign(campaign, today.0).unwrap_or_else(|| {
                    let committed = (purse.campaign_day(), purse.campaign_total());
                    let target = target(&campaign.budget, campaign.flight, today.1, now, committed);
                    Pace::new(&campaign.pacing, today.1, now, committed.0, target)
                })
            });
            line_item_paces.push((line_item.budget.money != Limits::default()).then(|| {
                former.line_item(line_item, &campaign.zone_name, today.0).unwrap_or_else(|| {
                    let committed = (purse.line_item_day(), purse.line_item_total());
                    let target = target(&line_item.budget, line_item.flight, today.1, now, committed);
                    Pace::new(&line_item.pacing, today.1, now, committed.0, target)
                })
            }));
        }
        let paces = paces.into_iter().zip(&spans).map(|(pace, (_, span))| {
            // A campaign without line items never asks.
            pace.unwrap_or_else(|| Pace::new(&Pacing::Asap, *span, now, Nanos::ZERO, Nanos::ZERO))
        });
        Self {
            purses,
            paces: paces.collect(),
            line_item_paces,
            days: spans.iter().map(|(day, _)| *day).collect(),
            valid_until: spans
                .iter()
                .map(|(_, span)| span.end)
                .chain(by_hour.then(|| hour.end()))
                .min()
                .unwrap_or(UnixMillis::from_raw(i64::MAX)),
            epoch: book.epoch(),
        }
    }
}

/// The paces of a former snapshot, by what they were made of.
struct FormerPaces<'a> {
    snapshot: Option<&'a Snapshot>,
    campaigns: HashMap<CampaignId, usize>,
    rows: HashMap<LineItemId, usize>,
}

impl<'a> FormerPaces<'a> {
    fn of(snapshot: Option<&'a Snapshot>) -> Self {
        let Some(former) = snapshot else {
            return Self { snapshot, campaigns: HashMap::new(), rows: HashMap::new() };
        };
        let campaigns = former.plan.catalog.campaigns.iter().enumerate();
        let rows = (0..former.plan.rows.len()).map(|row| (former.plan.line_item(row).id, row));
        Self {
            snapshot,
            campaigns: campaigns.map(|(at, campaign)| (campaign.id, at)).collect(),
            rows: rows.collect(),
        }
    }

    fn campaign(&self, now: &Campaign, today: Day) -> Option<Pace> {
        let former = self.snapshot?;
        let at = *self.campaigns.get(&now.id)?;
        let then = &former.plan.catalog.campaigns[at];
        let unchanged = former.money.days[at] == today
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing)
            && then.zone_name == now.zone_name;
        unchanged.then(|| former.money.paces[at].clone())
    }

    fn line_item(&self, now: &LineItem, zone_name: &str, today: Day) -> Option<Pace> {
        let former = self.snapshot?;
        let row = *self.rows.get(&now.id)?;
        let then = former.plan.line_item(row);
        let unchanged = former.money.days[then.campaign] == today
            && former.plan.campaign(then).zone_name == zone_name
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing);
        former.money.line_item_paces[row].clone().filter(|_| unchanged)
    }
}

impl Snapshot {
    /// A snapshot of `plan` at `now`, after `former` if there was one.
    #[must_use]
    pub fn new(plan: Arc<Plan>, book: &Book, now: UnixMillis, former: Option<&Self>) -> Self {
        let money = Arc::new(Money::build(&plan, book, now, former));
        let (live, sleepers) = live_rows(&plan, &money, now);
        Self { plan, money, live, sleepers }
    }

    /// Why the line item of `row` may not bid on anything at `now`; `None` if it may.
    #[must_use]
    pub fn asleep(&self, row: usize, now: UnixMillis) -> Option<Asleep> {
        let allowances: Vec<Nanos> = self.money.paces.iter().map(|pace| pace.allowance(now)).collect();
        asleep(&self.plan, &self.money, row, &allowances, now)
    }

    /// The snapshot a moment later: new purses if a day is over, and the rows that are live now.
    #[must_use]
    pub fn tick(&self, book: &Book, now: UnixMillis) -> Self {
        if now >= self.money.valid_until {
            return Self::new(Arc::clone(&self.plan), book, now, Some(self));
        }
        let (live, sleepers) = live_rows(&self.plan, &self.money, now);
        Self { plan: Arc::clone(&self.plan), money: Arc::clone(&self.money), live, sleepers }
    }
}

/// Rows that may bid at `now`: active, in flight, with money left for an impression, today and so far. The
/// others are not looked at until the next tick, or a search would end among them; they are counted by why.
fn live_rows(plan: &Plan, money: &Money, now: UnixMillis) -> (Live, [usize; Asleep::KINDS]) {
    let none = || Rows::none(plan.rows.len());
    let mut live = Live { open: none(), on_deals: none() };
    let mut sleepers = [0; Asleep::KINDS];
    let allowances: Vec<Nanos> = money.paces.iter().map(|pace| pace.allowance(now)).collect();
    for row in 0..plan.rows.len() {
        match asleep(plan, money, row, &allowances, now) {
            None if plan.line_item(row).deals.is_empty() => live.open.set(row),
            None => live.on_deals.set(row),
            Some(asleep) => sleepers[asleep.kind()] += 1,
        }
    }
    (live, sleepers)
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

/// Why the line item of `row` may not bid; `allowances` are those of the campaigns' paces at `now`.
fn asleep(plan: &Plan, money: &Money, row: usize, allowances: &[Nanos], now: UnixMillis) -> Option<Asleep> {
    let line_item = plan.line_item(row);
    let campaign = plan.campaign(line_item);
    if campaign.status == Status::Paused || line_item.status == Status::Paused {
        return Some(Asleep::Paused);
    }
    for flight in [campaign.flight, line_item.flight] {
        if now < flight.start {
            return Some(Asleep::NotStarted);
        }
        if flight.end.is_some_and(|end| now >= end) {
            return Some(Asleep::Ended);
        }
    }
    let purse = &money.purses[row];
    // On an agreed deal, or by a modifier, an impression may cost less than its value, elsewhere it costs about that.
    let on_deals = !line_item.deals.is_empty();
    let least =
        if on_deals || plan.rows[row].modified { NANO } else { plan.rows[row].value.per_impression() };
    if let Some(refusal) = purse.exhausted(least) {
        return Some(Asleep::Spent(refusal));
    }
    let within = |committed: Nanos, allowed: Nanos| committed.saturating_add(least) <= allowed;
    let in_pace = within(purse.campaign_day(), allowances[line_item.campaign])
        && money.line_item_paces[row]
            .as_ref()
            .is_none_or(|pace| within(purse.line_item_day(), pace.allowance(now)));
    // A guaranteed deal is bid on whatever the pace; whether one is, only the request tells.
    (!in_pace && !on_deals).then_some(Asleep::Paced)
}

/// The least that anything costs.
const NANO: Nanos = Nanos::from_raw(1);

/// What of a budget should be committed at the end of the day: the daily budget, or an even share of
/// what is left of the total over the days that are left of the flight, whichever is less.
fn target(
    budget: &Budget,
    flight: Flight,
    day: DaySpan,
    now: UnixMillis,
    (committed_today, committed): (Nanos, Nanos),
) -> Nanos {
    let daily = budget.money.daily.unwrap_or(Nanos::MAX);
    let Some(total) = budget.money.total else { return daily };
    let left = total.saturating_sub(committed);
    let end = flight.end.map_or(day.end, |end| end.max(day.end));
    let (today, all) = (day.end.since(now).raw().max(1), end.since(now).raw().max(1));
    let share = i128::from(left.raw()) * i128::from(today) / i128::from(all);
    let share = Nanos::from_raw(i64::try_from(share).unwrap_or(i64::MAX));
    daily.min(committed_today.saturating_add(share))
}

/// The civil day of `zone` at `now`, and its span.
fn day_of(zone: &TimeZone, now: UnixMillis) -> (Day, DaySpan) {
    let zoned =
        Timestamp::from_millisecond(now.raw()).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
    let start = zoned.start_of_day().unwrap_or_else(|_| zoned.clone());
    let end = start.tomorrow().and_then(|next| next.start_of_day()).unwrap_or_else(|_| start.clone());
    let date = zoned.date();
    let day = Day::from_civil(date.year().into(), date.month().into(), date.day().into());
    let millis = |at: &jiff::Zoned| UnixMillis::from_raw(at.timestamp().as_millisecond());
    (day, DaySpan { start: millis(&start), end: millis(&end) })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{day_of, target};
    use crate::campaign::{Budget, Flight, Limits};
    use crate::pacing::DaySpan;
    use crate::units::{Nanos, UnixMillis};

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_day_is_23_or_25_hours_long_where_the_clock_changes() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        for (noon, hours) in
            [("2026-03-29T10:00:00Z", 23), ("2026-10-25T10:00:00Z", 25), ("2026-11-21T10:00:00Z", 24)]
        {
            let at: jiff::Timestamp = noon.parse().unwrap();
            let (day, span) = day_of(&paris, UnixMillis::from_raw(at.as_millisecond()));
            assert_eq!(span.end.since(span.start).raw(), hours * HOUR, "{noon}");
            assert_eq!(day.to_string(), noon[..10]);
            let (next, following) = day_of(&paris, span.end);
            assert_eq!((next.raw(), following.start), (day.raw() + 1, span.end));
        }
    }

    #[test]
    fn a_total_without_a_daily_budget_is_spread_over_what_is_left_of_the_flight() {
        let money = Limits { total: Some(Nanos::from_raw(1_000)), ..Limits::default() };
        let budget = Budget { money, ..Budget::default() };
        let day = DaySpan { start: UnixMillis::from_raw(0), end: UnixMillis::from_raw(24 * HOUR) };
        let end = Some(UnixMillis::from_raw(10 * 24 * HOUR));
        let flight = Flight { start: UnixMillis::from_raw(0), end };
        let spent = (Nanos::ZERO, Nanos::ZERO);
        assert_eq!(target(&budget, flight, day, UnixMillis::from_raw(0), spent), Nanos::from_raw(100));
        let open_end = Flight { end: None, ..flight };
        assert_eq!(target(&budget, open_end, day, UnixMillis::from_raw(0), spent), Nanos::from_raw(1_000));
    }
}
