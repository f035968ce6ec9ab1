//! Reads a log of won second-price auctions (the public iPinYou extract, campaign 2259): the price paid becomes the price
//! to beat. Deliberately absent: users and clicks, and auctions that were lost, which such a log does not have.

use crate::sim::shading::Auction;
use crate::units::{Cpm, Day, ExchangeId, UnixMillis};

/// Rows that are read at most.
const ROWS_MAX: usize = 5_000_000;
/// The log's prices are hundredths of a unit per thousand.
const MICROS: i64 = 10_000;

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The bytes are no table.
    #[error("the log is no table: {0}")]
    Table(#[from] csv::Error),
    /// A column is missing.
    #[error("the log has no column `{0}`")]
    NoColumn(&'static str),
    /// A cell does not hold what it should.
    #[error("the log, line {line}: `{column}` is `{text}`")]
    Cell {
        /// Counted from 1, with the head.
        line: usize,
        /// Its name.
        column: &'static str,
        /// What stands there.
        text: String,
    },
}

const COLUMNS: [&str; 6] = ["timestamp", "adexchange", "slotwidth", "slotheight", "slotprice", "payprice"];

/// The auctions of `table`, by time. What they are worth to us is not in it, and is 0.
///
/// # Errors
///
/// [`LogError`], with line and cell.
pub fn read_log(table: &[u8]) -> Result<Vec<Auction>, LogError> {
    let mut reader = csv::Reader::from_reader(table);
    let head = reader.headers()?.clone();
    let mut places = [0; COLUMNS.len()];
    for (place, name) in places.iter_mut().zip(COLUMNS) {
        *place = head.iter().position(|cell| cell == name).ok_or(LogError::NoColumn(name))?;
    }
    let mut auctions = vec![];
    for (number, row) in reader.records().take(ROWS_MAX).enumerate() {
        let row = row?;
        let cell = |at: usize| row.get(places[at]).unwrap_or_default();
        let wrong =
            |at: usize| LogError::Cell { line: number + 2, column: COLUMNS[at], text: cell(at).to_owned() };
        let size = |at: usize| cell(at).parse::<u32>().map_err(|_| wrong(at));
        let price = |at: usize| {
            let units: i64 = cell(at).parse().map_err(|_| wrong(at))?;
            units.checked_mul(MICROS).and_then(Cpm::from_micros).ok_or_else(|| wrong(at))
        };
        auctions.push(Auction {
            at: moment(cell(0)).ok_or_else(|| wrong(0))?,
            exchange: ExchangeId::from_slug(cell(1)),
            size: (size(2)?, size(3)?),
            floor: price(4)?,
            to_beat: price(5)?.max(price(4)?),
            worth: Cpm::ZERO,
        });
    }
    auctions.sort_by_key(|auction| auction.at);
    Ok(auctions)
}

/// `YYYYMMDDHHMMSSmmm`, taken as UTC.
fn moment(text: &str) -> Option<UnixMillis> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i32>().ok();
    let (month, day) = (part(4, 6)?, part(6, 8)?);
    if text.len() != 17 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let seconds = i64::from(part(8, 10)? * 3_600 + part(10, 12)? * 60 + part(12, 14)?);
    let days = i64::from(Day::from_civil(part(0, 4)?, month, day).raw());
    Some(UnixMillis::from_raw((days * 86_400 + seconds) * 1_000 + i64::from(part(14, 17)?)))
}

#[cfg(test)]
mod tests {
    use super::{moment, read_log};

    const HEAD: &str = "timestamp,adexchange,slotwidth,slotheight,slotprice,payprice\n";

    #[test]
    fn a_row_becomes_an_auction_whose_floor_is_beaten_at_least() {
        let auctions = read_log(format!("{HEAD}20131022135101295,2,300,250,13,11\n").as_bytes()).unwrap();
        assert_eq!(auctions[0].at.raw(), 1_382_449_861_295);
        assert_eq!(auctions[0].to_beat.micros(), 130_000);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let error = |text: &str| read_log(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("timestamp\n1\n"), "the log has no column `adexchange`");
        let bad = format!("{HEAD}20131022135101295,2,300,250,13,x\n");
        assert_eq!(error(&bad), "the log, line 2: `payprice` is `x`");
        assert!(moment("20131322135101295").is_none() && moment("2013").is_none());
    }
}
