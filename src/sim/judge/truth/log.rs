//! Logs of real auctions: rows of `seq,click,market_price,pctr` in any order of columns, others ignored.
//!
//! Prices are in CNY fen per thousand. A log has no times; the day gives them.

use thiserror::Error;

use crate::sim::judge::truth::{Base, NEVER};

/// Auctions in the order of their log.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    pub(in crate::sim::judge::truth) rows: Vec<Base>,
}

/// A row that is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogError {
    /// The first line lacks a column.
    #[error("line 1 names no column `{0}`; wanted are click, market_price, pctr")]
    NoColumn(&'static str),
    /// A line is too short.
    #[error("line {line} has no column `{column}`")]
    Short {
        /// Counted from 1.
        line: usize,
        /// Its name.
        column: &'static str,
    },
    /// A value is none.
    #[error("line {line}: `{column}` must be {wanted}, got `{found}`")]
    Value {
        /// Counted from 1.
        line: usize,
        /// Its name.
        column: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What stands there.
        found: String,
    },
    /// There is nothing to replay.
    #[error("{0} rows are too few, 100 are the least")]
    Few(usize),
    /// All is free or worthless, so that nothing can be paced.
    #[error("the rows cost or are worth nothing")]
    Nothing,
}

/// The highest price of a row, in fen per thousand.
const FEN_MAX: f64 = 100_000.0;
/// Micros in a fen.
const MICROS: f64 = 10_000.0;
const ROWS_MIN: usize = 100;

impl Log {
    /// The auctions that `text` tells.
    ///
    /// # Errors
    ///
    /// [`LogError`], with the line.
    pub fn read(text: &str) -> Result<Self, LogError> {
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let head = lines.next().map_or("", |(_, line)| line.trim_start_matches('\u{feff}'));
        let names: Vec<&str> = head.split(',').map(str::trim).collect();
        let place = |column: &'static str| {
            names.iter().position(|it| *it == column).ok_or(LogError::NoColumn(column))
        };
        let columns =
            [(place("click")?, "click"), (place("market_price")?, "market_price"), (place("pctr")?, "pctr")];
        let mut rows = Vec::new();
        for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
            rows.push(row(line, text, columns)?);
        }
        if rows.len() < ROWS_MIN {
            return Err(LogError::Few(rows.len()));
        }
        let costs = rows.iter().any(|it| it.price > 0) && rows.iter().any(|it| it.pctr > 0.0);
        if costs { Ok(Self { rows }) } else { Err(LogError::Nothing) }
    }

    /// The first `rows` auctions; all if there are fewer.
    #[must_use]
    pub fn first(&self, rows: usize) -> Self {
        Self { rows: self.rows[..rows.min(self.rows.len())].to_vec() }
    }

    /// How many auctions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True for none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held in range before")]
fn row(line: usize, text: &str, columns: [(usize, &'static str); 3]) -> Result<Base, LogError> {
    let [clicked, price, pctr] = columns.map(|(place, column)| {
        let found = text.split(',').nth(place).map(|it| it.trim().trim_matches('"'));
        found.ok_or(LogError::Short { line, column })
    });
    let fault =
        |column, wanted, found: &str| LogError::Value { line, column, wanted, found: found.to_owned() };
    let (clicked, price, pctr) = (clicked?, price?, pctr?);
    let clicked = match clicked {
        "0" => false,
        text => {
            let number = text.parse::<u32>().map_err(|_| fault("click", "a number of clicks", text))?;
            number > 0
        }
    };
    let within = |number: &f64, most: f64| (0.0..=most).contains(number);
    let fen = price.parse::<f64>().ok().filter(|it| within(it, FEN_MAX));
    let fen = fen.ok_or_else(|| fault("market_price", "fen per thousand from 0 to 100000", price))?;
    let chance = pctr.parse::<f64>().ok().filter(|it| within(it, 1.0));
    let chance = chance.ok_or_else(|| fault("pctr", "a chance from 0 to 1", pctr))?;
    Ok(Base {
        price: (fen * MICROS).round() as u32,
        pctr: chance as f32,
        clicked,
        converts_after: NEVER,
        winnable: true,
    })
}

#[cfg(test)]
mod tests {
    use super::Log;

    fn log(head: &str, row: &str) -> String {
        format!("{head}\n{}", format!("{row}\n").repeat(120))
    }

    #[track_caller]
    fn refused(text: &str, want: &str) {
        assert_eq!(Log::read(text).unwrap_err().to_string(), want);
    }

    #[test]
    fn columns_may_stand_in_any_order_and_others_are_ignored() {
        let plain = Log::read(&log("seq,click,market_price,pctr", "7,1,30,0.002")).unwrap();
        let other = Log::read(&log("pctr,user,market_price,click", "0.002,\"x\",30,1")).unwrap();
        assert_eq!(plain, other);
        assert_eq!((plain.len(), plain.rows[0].price, plain.rows[0].clicked), (120, 300_000, true));
        assert_eq!(plain.first(7).len(), 7);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        refused(
            "seq,click,pctr\n",
            "line 1 names no column `market_price`; wanted are click, market_price, pctr",
        );
        refused("", "line 1 names no column `click`; wanted are click, market_price, pctr");
        refused("click,market_price,pctr\n0,3\n", "line 2 has no column `pctr`");
        refused(
            "click,market_price,pctr\n0,3,0.1\n0,-3,0.1\n",
            "line 3: `market_price` must be fen per thousand from 0 to 100000, got `-3`",
        );
        refused(
            "click,market_price,pctr\n0,3,NaN\n",
            "line 2: `pctr` must be a chance from 0 to 1, got `NaN`",
        );
        refused("click,market_price,pctr\nno,3,0\n", "line 2: `click` must be a number of clicks, got `no`");
        refused("click,market_price,pctr\n0,3,0.1\n", "1 rows are too few, 100 are the least");
        refused(&log("click,market_price,pctr", "0,0,0.1"), "the rows cost or are worth nothing");
    }
}
