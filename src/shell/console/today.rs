//! What each campaign spends today against its plan, by the book, the plan and the ledger together.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::bidder::Snapshot;
use crate::campaign::Campaign;
use crate::pacing::DaySpan;
use crate::page::{Chart, Kind, Point, Series, Unit};
use crate::report::{Row, Table, Totals};
use crate::shell::console::questions::{hour, label};
use crate::shell::console::view::View;
use crate::units::{Currency, Day, Femtos, Hour, Nanos, Ratio, UnixMillis};

/// A campaign's day.
#[derive(Debug, Clone)]
pub(in crate::shell::console) struct Today {
    /// Index into the catalog's campaigns.
    pub(in crate::shell::console) campaign: usize,
    pub(in crate::shell::console) day: Day,
    pub(in crate::shell::console) span: DaySpan,
    /// Used of the budget: media, data, and the tax where it is borne inside.
    pub(in crate::shell::console) used: Nanos,
    /// What the plan wants by now and at the end of the day; `None` where it is spent as fast as it comes.
    pub(in crate::shell::console) planned: Option<Nanos>,
    /// What the day should end with; without an end where nothing limits it.
    pub(in crate::shell::console) target: Nanos,
}

/// The day of each campaign that has line items, in the order of the catalog.
#[must_use]
pub(in crate::shell::console) fn days(snapshot: &Snapshot, now: UnixMillis) -> Vec<Today> {
    let (plan, money) = (&snapshot.plan, &snapshot.money);
    let mut days: BTreeMap<usize, Today> = BTreeMap::new();
    for (row, purse) in money.purses.iter().enumerate() {
        let campaign = plan.line_item(row).campaign;
        let rhythm = &money.rhythms.campaigns[campaign];
        days.entry(campaign).or_insert_with(|| Today {
            campaign,
            day: money.days[campaign],
            span: rhythm.day(),
            used: purse.campaign_day_used(),
            planned: rhythm.planned(now),
            target: rhythm.target(),
        });
    }
    days.into_values().collect()
}

/// The first day of the month of the earliest of `days`, today where there is none.
#[must_use]
pub(in crate::shell::console) fn month_of(days: &[Today], now: UnixMillis) -> Day {
    let civil = i32::try_from(now.raw().div_euclid(86_400_000)).unwrap_or_default();
    let earliest = days.iter().map(|today| today.day).min().unwrap_or(Day::from_raw(civil));
    let (year, month, _) = earliest.civil();
    Day::from_civil(year, month, 1)
}

/// The rows of a table by campaign and day, by the campaign.
#[derive(Debug, Default)]
pub(in crate::shell::console) struct ByCampaign<'t>(HashMap<&'t str, Vec<&'t Row>>);

impl<'t> ByCampaign<'t> {
    #[must_use]
    pub(in crate::shell::console) fn of(table: Option<&'t Table>) -> Self {
        let mut rows: HashMap<&str, Vec<&Row>> = HashMap::new();
        for row in table.into_iter().flat_map(|table| &table.rows) {
            rows.entry(label(row, 0)).or_default().push(row);
        }
        Self(rows)
    }

    /// The sums of `campaign` over the days that `is_asked` says.
    #[must_use]
    pub(in crate::shell::console) fn sums(
        &self,
        campaign: &Campaign,
        is_asked: impl Fn(&str) -> bool,
    ) -> Totals {
        let rows = self.0.get(campaign.slug.as_str()).into_iter().flatten();
        let own = rows.filter(|row| row.currency == campaign.currency && is_asked(label(row, 1)));
        let mut totals = Totals::default();
        own.for_each(|row| totals.merge(&row.totals));
        totals
    }
}

/// The curve of the campaigns in `days`, all of one currency and one span: what the plan wants spent by each hour of the
/// day, and what the ledger, in `hours`, has. Together they are one budget.
#[must_use]
pub(in crate::shell::console) fn curve(
    view: &View,
    snapshot: &Snapshot,
    days: &[&Today],
    hours: Option<&Table>,
    currency: Currency,
    title: String,
) -> Chart {
    let span = days.first().map_or(DaySpan { start: view.now, end: view.now }, |today| today.span);
    let first = Hour::of(span.start);
    // A zone that is half an hour off has its midnight within an hour of UTC; a day in which clocks change, 23 or 25.
    let count = (Hour::of(UnixMillis::from_raw(span.end.raw() - 1)).raw() - first.raw() + 1).clamp(1, 26);
    let mut spent: BTreeMap<Hour, i128> = BTreeMap::new();
    let campaigns = &snapshot.plan.catalog.campaigns;
    let own: HashSet<&str> = days.iter().map(|today| campaigns[today.campaign].slug.as_str()).collect();
    for row in hours.into_iter().flat_map(|table| &table.rows) {
        let is_own = row.currency == currency && own.contains(label(row, 0));
        if let Some(hour) = hour(row).filter(|_| is_own) {
            *spent.entry(hour).or_default() += row.totals.budget.raw();
        }
    }
    let ends = (0..count).map(|at| {
        let hour = Hour::from_raw(first.raw() + at);
        (hour, hour.end().min(span.end))
    });
    let (mut planned, mut actual, mut places) = (Vec::new(), Vec::new(), Vec::new());
    let mut sum = 0;
    for (hour, end) in ends {
        let plans = days.iter().filter_map(|today| {
            snapshot.money.rhythms.campaigns[today.campaign].planned(end).map(|plan| plan.to_femtos().raw())
        });
        let plan = plans.fold(None, |sum: Option<i128>, plan| Some(sum.unwrap_or(0) + plan));
        sum += spent.get(&hour).copied().unwrap_or(0);
        let is_past = hour.start() <= view.now;
        planned.push(plan.and_then(|plan| point(view, plan, currency)));
        actual.push(if is_past { point(view, sum, currency) } else { None });
        places.push(view.forms.hour_of_day(Hour::from_raw(hour.raw() - first.raw())));
    }
    let series = |name: &str, points| Series { name: name.to_owned(), points };
    Chart {
        title,
        kind: Kind::Lines,
        unit: Unit::Money(currency),
        places,
        series: vec![series(view.say("Spent", "Dépensé"), actual), series(view.say("Plan", "Plan"), planned)],
    }
}

fn point(view: &View, femtos: i128, currency: Currency) -> Option<Point> {
    const UNIT: i128 = 1_000_000_000_000_000;
    let ratio = Ratio::new(femtos, UNIT)?;
    Some(Point::new(ratio, view.amount(Femtos::from_raw(femtos), currency)))
}
