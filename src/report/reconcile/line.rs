//! One line of a file as it is meant: exact, or unreadable with its place and the reason.

use crate::campaign::currency_in_use;
use crate::report::reconcile::columns::{Columns, Role};
use crate::report::reconcile::day::Days;
use crate::report::reconcile::fields::Fields;
use crate::report::reconcile::money::{self, Beside};
use crate::report::reconcile::number::{Number, Readings};
use crate::report::reconcile::survey::Reading;
use crate::units::{BidId, Currency, Day, Femtos};

/// The most that one line may say, in femto-units: 10^12 units. Sums of any file stay far inside 128 bits.
const AMOUNT_MAX: i128 = 1_000_000_000_000_000_000_000_000_000;
/// Femto-units in a nano: our books know no less.
pub(super) const NANO: i128 = 1_000_000;
/// Characters of a wrong value that are shown.
const SHOWN: usize = 60;
/// What a line of sums calls itself.
const SUMMARIES: &[&str] = &[
    "total",
    "totals",
    "grand total",
    "overall",
    "overall total",
    "sum",
    "summary",
    "subtotal",
    "sub total",
    "gesamt",
    "gesamtsumme",
    "summe",
    "totaux",
    "total general",
    "total général",
    "totale",
    "totaal",
    "suma",
];

/// What stands on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// Nothing in any field.
    Blank,
    /// One bid's impression.
    Bid(BidLine),
    /// The impressions of a day.
    Day(Day, Owed),
    /// A line of sums.
    Summary(SummaryLine),
    /// It cannot be read.
    Wrong(Unreadable),
}

/// What an exchange says that one bid costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BidLine {
    /// The id as written.
    pub written: String,
    /// The same as an id; `None` if it has not the form of ours.
    pub bid: Option<BidId>,
    /// The day, if the file says it.
    pub day: Option<Day>,
    /// What it costs.
    pub owed: Owed,
}

/// Money that a line says is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// Exact.
    pub amount: Femtos,
    /// Of which currency.
    pub currency: Currency,
    /// How many impressions it is for.
    pub impressions: u64,
    /// Amounts that differ by less say the same, with the decimals of this file.
    pub step: Femtos,
}

/// The sums that a file says of itself, as far as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryLine {
    /// All amounts; the currency where the line says it.
    pub amount: Option<(Femtos, Option<Currency>)>,
    /// All impressions.
    pub impressions: Option<u64>,
    /// Amounts that differ by less say the same.
    pub step: Femtos,
}

/// Why a line cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The column's name in the file; empty if it is the whole line.
    pub column: String,
    /// What stands there, cut short.
    pub value: String,
    /// Why.
    pub why: Why,
}

/// Why a value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// A quote is never closed.
    #[error("a quote is opened and never closed")]
    OpenQuote,
    /// More than fits.
    #[error("the line is too long")]
    TooLong,
    /// Cannot be told into fields.
    #[error("the line cannot be told into columns")]
    Broken,
    /// More fields than the heading.
    #[error("the line has more columns than the heading")]
    TooManyColumns,
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Not a number.
    #[error("is not a number")]
    NotANumber,
    /// Not a whole number.
    #[error("is not a whole number")]
    NotWhole,
    /// One number with a decimal point and another with a decimal comma.
    #[error("can be read in two ways: say `--decimal comma` or `--decimal point`")]
    TwoNumbers,
    /// More than is exact, or absurdly large.
    #[error("has more digits than money has")]
    OutOfRange,
    /// Not a day.
    #[error("is not a day")]
    NotADay,
    /// One day with the day first and another with the month first.
    #[error("can be two days: say `--dates day-first` or `--dates month-first`")]
    TwoDays,
    /// Nothing says the currency.
    #[error("says no currency: say `--currency CODE`")]
    NoCurrency,
    /// Not a currency.
    #[error("is not a currency of ISO 4217")]
    NotACurrency,
    /// A sign of several.
    #[error("has a sign that several currencies have: say `--currency CODE`")]
    SeveralCurrencies,
    /// The column and the cell contradict each other.
    #[error("says another currency than its column")]
    TwoCurrencies,
}

impl Unreadable {
    /// A whole line.
    #[must_use]
    pub fn whole(line: &[u8], why: Why) -> Self {
        Self { column: String::new(), value: cut(&String::from_utf8_lossy(line)), why }
    }

    fn at(columns: &Columns, role: Role, value: &str, why: Why) -> Self {
        Self { column: columns.name(role).to_owned(), value: cut(value), why }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// The id that a cell holds: 32 hexadecimal digits, dashes and an apostrophe against spreadsheets aside.
#[must_use]
pub fn bid_id(cell: &str) -> Option<BidId> {
    let hex = cell.trim_start_matches('\'').replace('-', "");
    if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&hex, 16).ok().map(|bits| BidId::from_bytes(bits.to_be_bytes()))
}

/// True for a line of sums: its first text, id or day is such a word.
#[must_use]
pub fn is_summary(fields: &Fields, columns: &Columns) -> bool {
    let word = |text: &str| {
        let text = text.trim_end_matches([':', '.']).trim().to_lowercase().replace(['-', '_'], " ");
        SUMMARIES.contains(&text.as_str())
            || ["total ", "grand total "].iter().any(|start| text.starts_with(start))
    };
    let first = fields.iter().find(|field| !field.is_empty());
    let keys = [Role::Id, Role::Day].into_iter().filter_map(|role| columns.at(role));
    first.is_some_and(|first| word(&first)) || keys.map(|at| fields.get(at)).any(|field| word(&field))
}

impl Reading {
    /// What a line says.
    #[must_use]
    pub fn line(&self, fields: &Fields) -> Read {
        if fields.is_blank() {
            return Read::Blank;
        }
        if fields.iter().skip(self.columns.count()).any(|field| !field.is_empty()) {
            // Most likely thousands were set apart by what separates columns: no cell is what it seems.
            let line: Vec<String> = fields.iter().map(|field| field.into_owned()).collect();
            return Read::Wrong(Unreadable::whole(line.join(" | ").as_bytes(), Why::TooManyColumns));
        }
        let read =
            if is_summary(fields, &self.columns) { self.summary(fields) } else { self.subject(fields) };
        read.unwrap_or_else(Read::Wrong)
    }

    fn subject(&self, fields: &Fields) -> Result<Read, Unreadable> {
        let day = self.day(fields)?;
        let Some(at) = self.columns.at(Role::Id) else {
            let day = day.ok_or_else(|| Unreadable::at(&self.columns, Role::Day, "", Why::Empty))?;
            return Ok(Read::Day(day, self.owed(fields)?));
        };
        let written = fields.get(at);
        if written.is_empty() {
            return Err(Unreadable::at(&self.columns, Role::Id, "", Why::Empty));
        }
        let owed = self.owed(fields)?;
        Ok(Read::Bid(BidLine { bid: bid_id(&written), written: cut(&written), day, owed }))
    }

    fn owed(&self, fields: &Fields) -> Result<Owed, Unreadable> {
        let impressions = self.impressions(fields)?.unwrap_or(1);
        let (amount, said) = self.amount(fields, impressions)?;
        let currency = said.or(self.currency).ok_or_else(|| self.wrong_money(fields, Why::NoCurrency))?;
        Ok(Owed { amount, currency, impressions, step: self.step(impressions) })
    }

    fn summary(&self, fields: &Fields) -> Result<Read, Unreadable> {
        let (role, at) = self.columns.money().expect("no columns are without money");
        let impressions = self.impressions(fields)?;
        // A mean price without a count says no sum.
        let silent = fields.get(at).is_empty() || (role == Role::Price && impressions.is_none());
        let count = impressions.unwrap_or(1);
        let amount = if silent { None } else { Some(self.amount(fields, count)?) };
        Ok(Read::Summary(SummaryLine { amount, impressions, step: self.step(count) }))
    }

    /// The amount of a line and the currency that it says.
    fn amount(&self, fields: &Fields, impressions: u64) -> Result<(Femtos, Option<Currency>), Unreadable> {
        let (role, at) = self.columns.money().expect("no columns are without money");
        let wrong = |why| self.wrong_money(fields, why);
        let cell = fields.get(at);
        if cell.is_empty() {
            return Err(wrong(Why::Empty));
        }
        let (text, beside) = money::split(&cell);
        let number = self.number(&text).map_err(wrong)?;
        let amount = match role {
            // A price of a thousand has three decimals less than what one costs.
            Role::Price => number.scaled(12).and_then(|one| one.checked_mul(i128::from(impressions))),
            _ => number.scaled(15),
        };
        let amount =
            amount.filter(|amount| amount.abs() <= AMOUNT_MAX).ok_or_else(|| wrong(Why::OutOfRange))?;
        Ok((Femtos::from_raw(amount), self.said(fields, beside)?))
    }

    fn number(&self, text: &str) -> Result<Number, Why> {
        let readings = Readings::of(text);
        match self.mark {
            Some(mark) => readings.with(mark).ok_or(Why::NotANumber),
            None if readings.differ() => Err(Why::TwoNumbers),
            None => readings.point.or(readings.comma).ok_or(Why::NotANumber),
        }
    }

    /// The currency that a line says, by its column, its money's heading or the sign beside the number.
    fn said(&self, fields: &Fields, beside: Beside) -> Result<Option<Currency>, Unreadable> {
        let wrong = |why| self.wrong_money(fields, why);
        let code = self.columns.at(Role::Currency).map(|at| fields.get(at)).filter(|code| !code.is_empty());
        let column = match code {
            Some(code) => match currency_in_use(&code) {
                Some(currency) => Some(currency),
                None => {
                    let why = Why::NotACurrency;
                    return Err(Unreadable::at(&self.columns, Role::Currency, &code, why));
                }
            },
            None => self.columns.currency,
        };
        match beside {
            Beside::Nothing => Ok(column),
            Beside::Unknown => Err(wrong(Why::NotANumber)),
            Beside::One(own) if column.is_none_or(|column| column == own) => Ok(Some(own)),
            Beside::Several(codes) => match column.or(self.currency) {
                Some(currency) if codes.contains(&currency.code()) => Ok(Some(currency)),
                Some(_) => Err(wrong(Why::TwoCurrencies)),
                None => Err(wrong(Why::SeveralCurrencies)),
            },
            Beside::One(_) => Err(wrong(Why::TwoCurrencies)),
        }
    }

    /// How many impressions a line says it is for.
    fn impressions(&self, fields: &Fields) -> Result<Option<u64>, Unreadable> {
        let Some(at) = self.columns.at(Role::Impressions) else { return Ok(None) };
        let cell = fields.get(at);
        if cell.is_empty() {
            return Ok(None);
        }
        let wrong = |why| Unreadable::at(&self.columns, Role::Impressions, &cell, why);
        let readings = Readings::of(&cell);
        let whole = |number: Option<Number>| number.and_then(Number::whole);
        // A count has no decimals, so that most have one reading only.
        match (whole(readings.point), whole(readings.comma)) {
            (Some(one), Some(other)) if one != other => {
                let marked = self.mark.and_then(|mark| whole(readings.with(mark)));
                marked.map(Some).ok_or_else(|| wrong(Why::TwoNumbers))
            }
            (Some(one), _) | (None, Some(one)) => Ok(Some(one)),
            (None, None) if readings.point.or(readings.comma).is_some() => Err(wrong(Why::NotWhole)),
            (None, None) => Err(wrong(Why::NotANumber)),
        }
    }

    fn day(&self, fields: &Fields) -> Result<Option<Day>, Unreadable> {
        let Some(at) = self.columns.at(Role::Day) else { return Ok(None) };
        let cell = fields.get(at);
        let wrong = |why| Unreadable::at(&self.columns, Role::Day, &cell, why);
        if cell.is_empty() {
            return Err(wrong(Why::Empty));
        }
        let days = Days::of(&cell, self.zone.as_ref()).ok_or_else(|| wrong(Why::NotADay))?;
        let unsure = if days.differ() && self.order.is_none() { Why::TwoDays } else { Why::NotADay };
        days.in_order(self.order).map(Some).ok_or_else(|| wrong(unsure))
    }

    /// One unit of the last decimal of the file for so many impressions, but no less than the nano that our books
    /// round up to.
    fn step(&self, impressions: u64) -> Femtos {
        let (role, _) = self.columns.money().expect("no columns are without money");
        let per_thousand = role == Role::Price;
        let unit = if per_thousand { 12 } else { 15 };
        let shift = u32::try_from((unit - self.decimals).clamp(0, 27)).expect("not negative");
        let one = 10_i128.pow(shift).max(NANO);
        let times = if per_thousand { i128::from(impressions.max(1)) } else { 1 };
        Femtos::from_raw(one.saturating_mul(times).min(AMOUNT_MAX))
    }

    fn wrong_money(&self, fields: &Fields, why: Why) -> Unreadable {
        let (role, at) = self.columns.money().expect("no columns are without money");
        Unreadable::at(&self.columns, role, &fields.get(at), why)
    }
}
