//! The rows of a file of orders: a heading that says which column is which, then an order a line.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::document::suggestion;
use crate::shell::conversions::ConversionForm;

/// What a column can be, with the words that shops use for it; spaces, case and signs apart.
const COLUMNS: [(Column, &[&str]); 8] = [
    (Column::Order, &["order", "orderid", "ordernumber", "orderno", "transaction", "transactionid", "id"]),
    (
        Column::Code,
        &["code", "promocode", "promo", "coupon", "couponcode", "voucher", "vouchercode", "discountcode"],
    ),
    (Column::Value, &["value", "amount", "total", "ordertotal", "ordervalue", "revenue"]),
    (Column::Currency, &["currency", "currencycode"]),
    (
        Column::Time,
        &["time", "date", "datetime", "timestamp", "happened", "orderdate", "ordertime", "createdat"],
    ),
    (Column::Kind, &["type", "conversiontype", "kind", "event"]),
    (Column::Advertiser, &["advertiser", "advertiserid"]),
    (Column::Lifetime, &["lifetimevalue", "ltv", "lifetime"]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Order,
    Code,
    Value,
    Currency,
    Time,
    Kind,
    Advertiser,
    Lifetime,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub(in crate::shell::cli::conversions) enum RowsError {
    /// It cannot be opened or read.
    #[error("`{}` cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// No column of that meaning.
    #[error("`{}` line 1: no column is the {what}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// The meaning.
        what: &'static str,
        /// What to do about it.
        hint: String,
    },
    /// Two columns of one meaning.
    #[error("`{}` line 1: `{first}` and `{second}` mean the same", file.display())]
    Twice {
        /// The file.
        file: PathBuf,
        /// One name.
        first: String,
        /// The other.
        second: String,
    },
}

impl RowsError {
    /// What to do about it.
    pub(in crate::shell::cli::conversions) fn hint(&self) -> &str {
        match self {
            Self::Unreadable { .. } => "name a CSV file with a heading, in UTF-8",
            Self::Missing { hint, .. } => hint,
            Self::Twice { .. } => "rename or remove one of the two",
        }
    }
}

/// A file that is read row by row.
pub(in crate::shell::cli::conversions) struct Rows<R> {
    reader: csv::Reader<R>,
    columns: Vec<Option<Column>>,
    advertiser: String,
    /// True once the file could not be read on.
    is_torn: bool,
    /// Names of columns that mean nothing here.
    pub(in crate::shell::cli::conversions) unused: Vec<String>,
}

/// A row, or why it is none.
pub(in crate::shell::cli::conversions) struct Row {
    /// Its line in the file.
    pub line: u64,
    /// As it stands there.
    pub text: String,
    /// What it says.
    pub form: Result<ConversionForm, String>,
}

impl<R: Read> Rows<R> {
    /// The rows of `file`, whose text `from` is, all of `advertiser` where no column says.
    ///
    /// # Errors
    ///
    /// [`RowsError`]: what the heading lacks.
    pub(in crate::shell::cli::conversions) fn open(
        file: &Path,
        separator: u8,
        from: R,
        advertiser: Option<&str>,
    ) -> Result<Self, RowsError> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(from);
        let unreadable = |source| RowsError::Unreadable { file: file.to_owned(), source };
        let heading = reader.headers().map_err(unreadable)?.clone();
        let names: Vec<&str> = heading.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
        let columns: Vec<Option<Column>> = names.iter().map(|name| meaning(name)).collect();
        for (at, column) in columns.iter().enumerate() {
            let first = columns[..at].iter().position(|before| column.is_some() && before == column);
            if let Some(first) = first {
                let (first, second) = (names[first].to_owned(), names[at].to_owned());
                return Err(RowsError::Twice { file: file.to_owned(), first, second });
            }
        }
        let has = |column| columns.contains(&Some(column));
        let missing = |what, words: &[&str]| {
            let near = names.iter().find_map(|name| suggestion(&plain(name), words.iter().copied()));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`? columns found: {}", names.join(", ")),
                None => format!("name one `{}`; columns found: {}", words[0], names.join(", ")),
            };
            RowsError::Missing { file: file.to_owned(), what, hint }
        };
        if !has(Column::Order) {
            return Err(missing("order", COLUMNS[0].1));
        }
        if !has(Column::Code) && !has(Column::Advertiser) && advertiser.is_none() {
            return Err(missing("promo code", COLUMNS[1].1));
        }
        let unused = names.iter().zip(&columns).filter(|(_, column)| column.is_none());
        let unused = unused.map(|(name, _)| (*name).to_owned()).collect();
        let advertiser = advertiser.unwrap_or_default().to_owned();
        Ok(Self { reader, columns, advertiser, is_torn: false, unused })
    }

    /// Bytes of the file that were read.
    pub(in crate::shell::cli::conversions) fn read(&self) -> u64 {
        self.reader.position().byte()
    }

    fn form(&self, record: &csv::StringRecord) -> Result<ConversionForm, String> {
        if record.len() > self.columns.len() {
            return Err(format!("{} cells, and the heading has {}", record.len(), self.columns.len()));
        }
        let mut form = ConversionForm { advertiser: self.advertiser.clone(), ..ConversionForm::default() };
        for (column, cell) in self.columns.iter().zip(record) {
            let (Some(column), false) = (column, cell.is_empty()) else { continue };
            let text = cell.to_owned();
            match column {
                Column::Order => form.order = Some(text),
                Column::Code => form.code = text,
                Column::Value => form.value = Some(text),
                Column::Currency => form.currency = Some(text),
                Column::Time => form.time = text,
                Column::Kind => form.kind = text,
                Column::Advertiser => form.advertiser = text,
                Column::Lifetime => form.lifetime_value = Some(text),
            }
        }
        Ok(form)
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.is_torn {
            return None;
        }
        let mut record = csv::StringRecord::new();
        let line = self.reader.position().line();
        match self.reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let text = record.iter().collect::<Vec<_>>().join(",");
                Some(Row { line, text, form: self.form(&record) })
            }
            Err(error) => {
                // A row that is not UTF-8 is passed over; what follows a failure of the disk cannot be read either.
                self.is_torn = error.is_io_error();
                let line = error.position().map_or(line, csv::Position::line);
                Some(Row { line, text: String::new(), form: Err(error.to_string()) })
            }
        }
    }
}

fn meaning(name: &str) -> Option<Column> {
    let plain = plain(name);
    COLUMNS.iter().find(|(_, words)| words.contains(&plain.as_str())).map(|(column, _)| *column)
}

/// A name without spaces, case and signs.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What separates the cells of a file whose heading is `line`: the one of comma, semicolon and tab that it has most of.
pub(in crate::shell::cli::conversions) fn separator(line: &[u8]) -> u8 {
    let count = |separator: u8| line.iter().filter(|byte| **byte == separator).count();
    *b";\t,".iter().max_by_key(|separator| count(**separator)).unwrap_or(&b',')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Row, Rows, RowsError, separator};
    use crate::shell::conversions::ConversionForm;

    fn rows(text: &'static str, advertiser: Option<&str>) -> Result<Rows<&'static [u8]>, RowsError> {
        let line = text.lines().next().unwrap_or_default();
        Rows::open(Path::new("o.csv"), separator(line.as_bytes()), text.as_bytes(), advertiser)
    }

    #[test]
    fn columns_are_found_by_the_words_that_shops_use() {
        let text = "\u{feff}Order ID;Coupon code;Total;Currency;Created at;Name\n17; spring10 ;1.50;EUR;2026-11-01;Ada\n18;;;;;\n";
        let mut rows = rows(text, Some("acme")).unwrap();
        assert_eq!(rows.unused, ["Name"]);
        let Row { line, text, form } = rows.next().unwrap();
        assert_eq!((line, text.as_str()), (2, "17,spring10,1.50,EUR,2026-11-01,Ada"));
        let want = ConversionForm {
            order: Some("17".to_owned()),
            code: "spring10".to_owned(),
            value: Some("1.50".to_owned()),
            currency: Some("EUR".to_owned()),
            time: "2026-11-01".to_owned(),
            advertiser: "acme".to_owned(),
            ..ConversionForm::default()
        };
        assert_eq!(form, Ok(want));
        assert_eq!(rows.next().unwrap().form.unwrap().order.as_deref(), Some("18"));
        assert!(rows.next().is_none());
    }

    #[test]
    fn a_heading_that_does_not_say_enough_is_refused() {
        for (text, advertiser, want) in [
            ("code,value\n", None, "`o.csv` line 1: no column is the order"),
            ("order,value\n", None, "`o.csv` line 1: no column is the promo code"),
            ("order,code,Order id\n", None, "`o.csv` line 1: `order` and `Order id` mean the same"),
            ("", None, "`o.csv` line 1: no column is the order"),
        ] {
            let error = rows(text, advertiser).err().unwrap_or_else(|| panic!("{text} was read"));
            assert_eq!(error.to_string(), want);
            assert!(!error.hint().is_empty());
        }
        assert!(rows("order,value\n", Some("acme")).is_ok());
        let long = rows("order,code\n1,a,b\n", None).unwrap().next().unwrap();
        assert_eq!(long.form, Err("3 cells, and the heading has 2".to_owned()));
    }
}
