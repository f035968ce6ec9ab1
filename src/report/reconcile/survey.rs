//! The first walk over a file: what its cells as a whole say of how each is to be read.
//!
//! `1,234` alone may be one or a thousand; with `0,50` elsewhere in its column it is one and a bit. The walk also
//! tells which days the ledger has to be asked about.

use jiff::tz::TimeZone;

use crate::report::reconcile::columns::{Columns, Role};
use crate::report::reconcile::day::{DayOrder, Days, day_in};
use crate::report::reconcile::fields::Fields;
use crate::report::reconcile::line::{bid_id, is_summary};
use crate::report::reconcile::money;
use crate::report::reconcile::number::{DecimalMark, Readings};
use crate::units::{Currency, Day};

/// What the operator says of a file, where it does not say it itself.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Of amounts that name none.
    pub currency: Option<Currency>,
    /// The sign before decimals.
    pub mark: Option<DecimalMark>,
    /// Day or month first.
    pub order: Option<DayOrder>,
    /// The zone whose days the exchange counts in.
    pub zone: Option<TimeZone>,
}

/// What a file has shown so far.
#[derive(Debug)]
pub struct Survey<'a> {
    columns: &'a Columns,
    told: &'a Told,
    marks: Seen,
    /// The most decimals: read with a point, with a comma, and of cells that only one reading fits.
    decimals: [i32; 3],
    orders: Seen,
    /// With the day first, with the month first, and of cells that have one reading.
    days: [Span; 3],
    /// The days on which the bids were made, by their ids.
    minted: Span,
    says_currency: bool,
}

/// How the cells of a file are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The columns.
    pub columns: Columns,
    /// The sign before decimals, if it is known.
    pub mark: Option<DecimalMark>,
    /// The most decimals of the money.
    pub decimals: i32,
    /// Day or month first, if it is known.
    pub order: Option<DayOrder>,
    /// The zone whose days the exchange counts in.
    pub zone: Option<TimeZone>,
    /// Of amounts that name none.
    pub currency: Option<Currency>,
    /// The first and the last day that the file names.
    pub days: Option<(Day, Day)>,
    /// The first and the last day on which its bids were made, by their ids.
    pub minted: Option<(Day, Day)>,
}

/// How many cells only one of two readings fits.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    first: u64,
    second: u64,
}

impl Seen {
    /// The reading that some cells demand and none excludes.
    fn decided<T>(self, first: T, second: T) -> Option<T> {
        match (self.first, self.second) {
            (1.., 0) => Some(first),
            (0, 1..) => Some(second),
            _ => None,
        }
    }
}

/// From the first day to the last.
#[derive(Debug, Clone, Copy, Default)]
struct Span(Option<(Day, Day)>);

impl Span {
    fn take(&mut self, day: Day) {
        self.0 = Some(self.0.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
    }
}

/// Days that a bid of ours can have been made on; the id of another system may hold any number.
const MINTED: (Day, Day) = (Day::from_civil(2000, 1, 1), Day::from_civil(2100, 1, 1));

impl<'a> Survey<'a> {
    /// Before the first line.
    #[must_use]
    pub fn new(columns: &'a Columns, told: &'a Told) -> Self {
        Self {
            columns,
            told,
            marks: Seen::default(),
            decimals: [0; 3],
            orders: Seen::default(),
            days: [Span::default(); 3],
            minted: Span::default(),
            says_currency: columns.currency.is_some() || columns.at(Role::Currency).is_some(),
        }
    }

    /// Looks at a line behind the heading.
    pub fn line(&mut self, fields: &Fields) {
        let shifted = fields.iter().skip(self.columns.count()).any(|field| !field.is_empty());
        if shifted || fields.is_blank() || is_summary(fields, self.columns) {
            return;
        }
        if let Some((_, at)) = self.columns.money() {
            let (number, beside) = money::split(&fields.get(at));
            self.says_currency |= beside != money::Beside::Nothing;
            self.number(Readings::of(&number));
        }
        if let Some(at) = self.columns.at(Role::Day)
            && let Some(days) = Days::of(&fields.get(at), self.told.zone.as_ref())
        {
            self.day(days);
        }
        if let Some(at) = self.columns.at(Role::Id)
            && let Some(bid) = bid_id(&fields.get(at))
            && let Some(day) = day_in(&TimeZone::UTC, bid.minted_at())
            && (MINTED.0..MINTED.1).contains(&day)
        {
            self.minted.take(day);
        }
    }

    fn number(&mut self, readings: Readings) {
        match readings.only() {
            Some(DecimalMark::Point) => self.marks.first += 1,
            Some(DecimalMark::Comma) => self.marks.second += 1,
            None => {}
        }
        let clear = if readings.differ() { None } else { readings.point.or(readings.comma) };
        for (most, number) in self.decimals.iter_mut().zip([readings.point, readings.comma, clear]) {
            *most = (*most).max(number.map_or(0, |number| number.decimals()));
        }
    }

    fn day(&mut self, days: Days) {
        match days.only() {
            Some(DayOrder::DayFirst) => self.orders.first += 1,
            Some(DayOrder::MonthFirst) => self.orders.second += 1,
            None => {}
        }
        for (span, day) in self.days.iter_mut().zip([days.day_first, days.month_first, days.in_order(None)]) {
            if let Some(day) = day {
                span.take(day);
            }
        }
    }

    /// True if the file or the operator says what the amounts are in.
    #[must_use]
    pub fn says_currency(&self) -> bool {
        self.says_currency || self.told.currency.is_some()
    }

    /// How its lines are read.
    #[must_use]
    pub fn conclude(self) -> Reading {
        let mark = self.marks.decided(DecimalMark::Point, DecimalMark::Comma);
        let mark = self.told.mark.or(mark);
        let order = self.told.order.or(self.orders.decided(DayOrder::DayFirst, DayOrder::MonthFirst));
        let [with_point, with_comma, clear] = self.decimals;
        let [day_first, month_first, only] = self.days;
        Reading {
            columns: self.columns.clone(),
            mark,
            decimals: match mark {
                Some(DecimalMark::Point) => with_point,
                Some(DecimalMark::Comma) => with_comma,
                None => clear,
            },
            order,
            zone: self.told.zone.clone(),
            currency: self.told.currency,
            days: match order {
                Some(DayOrder::DayFirst) => day_first.0,
                Some(DayOrder::MonthFirst) => month_first.0,
                None => only.0,
            },
            minted: self.minted.0,
        }
    }
}
