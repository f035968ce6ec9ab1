//! A table as one Parquet file: all columns, exact, for warehouses. Only where encan is built with the feature `parquet`.
//!
//! Labels and currency are texts, counts whole numbers, amounts decimals of fifteen places (the last unit that the ledger
//! knows), figures and percentages decimals of six. Uncompressed, one group of rows: a report is small.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::report::column::{Cell, FIGURE_DECIMALS};
use crate::report::export::{Side, changes, labels, names};
use crate::report::{Comparison, Row, Table};

/// Digits of a decimal in sixteen bytes.
const DIGITS: i32 = 38;
/// Decimals of an amount in femto-units.
const AMOUNT_DECIMALS: i32 = 15;

/// One column: all of its values are of one kind.
enum Column {
    Text(Vec<String>),
    Count(Vec<Option<i64>>),
    Decimal { places: i32, values: Vec<Option<i128>> },
}

impl Table {
    /// The rows as a Parquet file with the columns of [`Table::to_csv`].
    ///
    /// # Errors
    ///
    /// [`ParquetError`] if a value has more than 38 digits.
    pub fn to_parquet(&self) -> Result<Vec<u8>, ParquetError> {
        let rows: Vec<&Row> = self.rows.iter().collect();
        let mut columns = self.label_columns(&rows);
        let sides: Vec<Side> = rows.iter().map(|row| Side::of(Some(row))).collect();
        for (at, name) in names().enumerate() {
            let cells = sides.iter().map(|side| side.cell(at)).collect();
            columns.push((name.to_owned(), column(at, cells)?));
        }
        write(columns)
    }

    fn label_columns(&self, rows: &[&Row]) -> Vec<(String, Column)> {
        let heads = self.group_by.iter().map(|dimension| dimension.header()).chain(["currency"]);
        let label = |at: usize| rows.iter().map(|row| labels(row).nth(at).unwrap_or_default()).collect();
        heads.enumerate().map(|(at, head)| (head.to_owned(), Column::Text(label(at)))).collect()
    }
}

impl Comparison {
    /// The rows of both periods as a Parquet file with the columns of [`Comparison::to_csv`].
    ///
    /// # Errors
    ///
    /// [`ParquetError`] if a value has more than 38 digits.
    pub fn to_parquet(&self) -> Result<Vec<u8>, ParquetError> {
        let pairs = self.rows();
        let rows: Vec<&Row> = pairs.iter().filter_map(|pair| pair.any()).collect();
        let mut columns = self.now.label_columns(&rows);
        let present = pairs.iter().map(|pair| pair.present().to_owned()).collect();
        columns.push(("present".to_owned(), Column::Text(present)));
        let sides: Vec<_> = pairs.iter().map(|pair| (Side::of(pair.now), Side::of(pair.before))).collect();
        let mut compared = Vec::new();
        for (at, name) in names().enumerate() {
            let now = sides.iter().map(|(now, _)| now.cell(at)).collect();
            let before = sides.iter().map(|(_, before)| before.cell(at)).collect();
            let change = sides.iter().map(|(now, before)| changes(now, before, at)).collect();
            columns.push((name.to_owned(), column(at, now)?));
            compared.push((format!("{name}_before"), column(at, before)?));
            compared.push((format!("{name}_change_percent"), decimals(change)?));
        }
        columns.extend(compared);
        write(columns)
    }
}

/// The values of column `at`, whose kind any row tells.
fn column(at: usize, cells: Vec<Option<Cell>>) -> Result<Column, ParquetError> {
    let sample = Side::of(Some(&Row::empty(crate::units::Currency::EUR))).cell(at);
    match sample {
        Some(Cell::Count(_) | Cell::Net(_)) => Ok(Column::Count(
            cells
                .into_iter()
                .map(|cell| match cell {
                    Some(Cell::Count(count)) => i64::try_from(count).ok(),
                    Some(Cell::Net(count)) => Some(count),
                    _ => None,
                })
                .collect(),
        )),
        Some(Cell::Amount(_)) => {
            let amount = |cell| match cell {
                Some(Cell::Amount(amount)) => checked(amount.raw()).map(Some),
                _ => Ok(None),
            };
            let values = cells.into_iter().map(amount).collect::<Result<_, _>>()?;
            Ok(Column::Decimal { places: AMOUNT_DECIMALS, values })
        }
        _ => decimals(cells),
    }
}

/// Figures and percentages, in millionths.
fn decimals(cells: Vec<Option<Cell>>) -> Result<Column, ParquetError> {
    let millionths = |cell: Option<Cell>| {
        let text = cell.and_then(|cell| cell.text());
        text.map(|text| text.replace('.', "").parse().map_err(too_long).and_then(checked)).transpose()
    };
    let values = cells.into_iter().map(millionths).collect::<Result<_, _>>()?;
    let places = i32::try_from(FIGURE_DECIMALS).map_err(too_long)?;
    Ok(Column::Decimal { places, values })
}

fn checked(value: i128) -> Result<i128, ParquetError> {
    if value.unsigned_abs() < 10_u128.pow(38) { Ok(value) } else { Err(too_long(value)) }
}

fn too_long(value: impl std::fmt::Display) -> ParquetError {
    ParquetError::General(format!("a value does not fit in {DIGITS} digits: {value}"))
}

fn write(columns: Vec<(String, Column)>) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(|(name, column)| field(name, column)).collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("report").with_fields(fields).build()?);
    let properties = Arc::new(WriterProperties::builder().set_created_by("encan".to_owned()).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties)?;
    let mut group = writer.next_row_group()?;
    for (_, column) in columns {
        put(&mut group, column)?;
    }
    group.close()?;
    writer.into_inner()
}

fn field(name: &str, column: &Column) -> Result<TypePtr, ParquetError> {
    let of = |physical| Type::primitive_type_builder(name, physical);
    let built = match column {
        Column::Text(_) => of(Physical::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String))
            .with_repetition(Repetition::REQUIRED),
        Column::Count(_) => of(Physical::INT64).with_repetition(Repetition::OPTIONAL),
        Column::Decimal { places, .. } => of(Physical::FIXED_LEN_BYTE_ARRAY)
            .with_length(16)
            .with_logical_type(Some(LogicalType::decimal(*places, DIGITS)))
            .with_precision(DIGITS)
            .with_scale(*places)
            .with_repetition(Repetition::OPTIONAL),
    };
    Ok(Arc::new(built.build()?))
}

fn put(group: &mut SerializedRowGroupWriter<'_, Vec<u8>>, column: Column) -> Result<(), ParquetError> {
    let mut writer = group.next_column()?.ok_or_else(|| too_long("columns"))?;
    match column {
        Column::Text(texts) => {
            let texts: Vec<ByteArray> = texts.iter().map(|text| text.as_str().into()).collect();
            writer.typed::<ByteArrayType>().write_batch(&texts, None, None)?;
        }
        Column::Count(values) => {
            let there: Vec<i64> = values.iter().copied().flatten().collect();
            writer.typed::<Int64Type>().write_batch(&there, Some(&levels(&values)), None)?;
        }
        Column::Decimal { values, .. } => {
            let bytes = |value: i128| FixedLenByteArray::from(value.to_be_bytes().to_vec());
            let there: Vec<_> = values.iter().copied().flatten().map(bytes).collect();
            writer.typed::<FixedLenByteArrayType>().write_batch(&there, Some(&levels(&values)), None)?;
        }
    }
    writer.close()
}

/// 1 for each value that is there.
fn levels<T>(values: &[Option<T>]) -> Vec<i16> {
    values.iter().map(|value| value.is_some().into()).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::Field;

    use crate::report::{Comparison, Dimension, FixedCosts, Label, Row, Table, Totals};
    use crate::units::{Currency, Nanos, Rounding};

    fn table() -> Table {
        let amount = |text| Nanos::from_decimal(text, Rounding::Exact).unwrap().to_femtos();
        let totals = Totals {
            impressions: -3,
            clicks: 7,
            media: amount("1234567.890123456"),
            value: amount("-1"),
            ..Totals::default()
        };
        let row = |name: &str, totals| Row {
            labels: vec![Label::named(name)],
            totals,
            ..Row::empty(Currency::EUR)
        };
        Table {
            group_by: vec![Dimension::Campaign],
            rows: vec![row("none", Totals::default()), row("été", totals)],
            totals: Vec::new(),
            fixed_costs: FixedCosts::Included,
        }
    }

    /// Every value as the CSV writes it.
    fn read(file: Vec<u8>) -> Vec<Vec<(String, String)>> {
        let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
        let told = |field: &Field| match field {
            Field::Null => String::new(),
            Field::Str(text) => text.clone(),
            Field::Long(count) => count.to_string(),
            Field::Decimal(decimal) => {
                let raw = i128::from_be_bytes(decimal.data().try_into().unwrap());
                let scale = usize::try_from(decimal.scale()).unwrap();
                let sign = if raw < 0 { "-" } else { "" };
                let digits = format!("{:0>1$}", raw.unsigned_abs(), scale + 1);
                let (whole, rest) = digits.split_at(digits.len() - scale);
                format!("{sign}{whole}.{rest}")
            }
            other => panic!("{other}"),
        };
        let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
        rows.map(|row| row.get_column_iter().map(|(name, field)| (name.clone(), told(field))).collect())
            .collect()
    }

    /// Amounts of a CSV have as few decimals as they need.
    fn same(parquet: &str, csv: &str) -> bool {
        let trimmed = |text: &str| match text.split_once('.') {
            Some((whole, rest)) => format!("{whole}.{}", rest.trim_end_matches('0')),
            None => text.to_owned(),
        };
        trimmed(parquet) == trimmed(csv)
    }

    #[track_caller]
    fn check(file: Vec<u8>, csv: &str) {
        let rows = read(file);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), records.len());
        for (row, record) in rows.iter().zip(&records) {
            assert_eq!(
                row.iter().map(|(name, _)| name).collect::<Vec<_>>(),
                names.iter().collect::<Vec<_>>()
            );
            for ((name, parquet), csv) in row.iter().zip(record) {
                assert!(same(parquet, csv), "{name}: `{parquet}` in Parquet, `{csv}` in CSV");
            }
        }
    }

    #[test]
    fn a_file_reads_back_as_what_the_csv_says() {
        check(table().to_parquet().unwrap(), &table().to_csv());
    }

    #[test]
    fn two_periods_read_back_as_what_the_csv_says() {
        let mut before = table();
        before.rows.remove(0);
        before.rows[0].totals.clicks = 14;
        let both = Comparison::new(table(), before, 0);
        check(both.to_parquet().unwrap(), &both.to_csv());
    }

    #[test]
    fn an_empty_table_is_a_file_without_rows() {
        let empty = Table { rows: Vec::new(), ..table() };
        assert!(read(empty.to_parquet().unwrap()).is_empty());
    }
}
