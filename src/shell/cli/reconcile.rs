//! `encan report --reconcile`: an exchange's file of billed impressions against the ledger.
//!
//! The file is read twice, line by line; the ledger is asked for the days that the file covers. What differs goes
//! out as it is found where it is all wanted, so that memory is bounded by the impressions of those days.

mod lines;
mod output;
pub mod progress;

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::tz::TimeZone;

use crate::campaign::{Rates, currency_in_use};
use crate::document::{Faults, render};
use crate::report::reconcile::{
    Books, ColumnError, Comparison, DayOrder, DecimalMark, Fields, Layout, Outcome, Read, Reading, Role,
    Survey, Told,
};
use crate::shell::cli::reconcile::lines::Lines;
use crate::shell::cli::reconcile::output::Output;
use crate::shell::cli::reconcile::progress::Progress;
use crate::shell::cli::report::names;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, say};
use crate::shell::files::read_file;
use crate::shell::store::{Store, StoreError};
use crate::units::{Currency, Day, ExchangeId, UnixMillis, limits};

/// Flags of a reconciliation.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Reconciliation")]
pub struct Flags {
    /// Compare with a file of billed impressions from an exchange.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["by", "format"])]
    pub reconcile: Option<PathBuf>,
    /// Whose file it is; the ledger's exchange of those days if there is only one.
    #[arg(long, value_name = "SLUG", requires = "reconcile")]
    exchange: Option<String>,
    /// Currency of the amounts that name none.
    #[arg(long, value_name = "CODE", requires = "reconcile", value_parser = currency)]
    currency: Option<Currency>,
    /// Table of exchange rates.
    #[arg(long, value_name = "FILE", env = "ENCAN_CURRENCIES", default_value = "fixtures/currencies.json")]
    currencies: PathBuf,
    /// What stands before decimals, where the file leaves it open.
    #[arg(long, value_enum, requires = "reconcile", value_name = "MARK")]
    decimal: Option<Decimals>,
    /// What stands first in 03/04/2026, where the file leaves it open.
    #[arg(long, value_enum, requires = "reconcile", value_name = "ORDER")]
    dates: Option<Dates>,
    /// The zone whose days the exchange counts in; else a day is the campaign's.
    #[arg(long, value_name = "ZONE", requires = "reconcile", value_parser = zone)]
    time_zone: Option<TimeZone>,
    /// Which column is meant: id, price (per thousand), amount, currency, date or impressions.
    #[arg(long, value_name = "WHAT=NAME", requires = "reconcile", value_parser = column)]
    column: Vec<(Role, String)>,
    /// Print every line that differs, not the first ones only.
    #[arg(long, requires = "reconcile")]
    by_line: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Decimals {
    Comma,
    Point,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Dates {
    DayFirst,
    MonthFirst,
}

fn currency(text: &str) -> Result<Currency, String> {
    currency_in_use(text).ok_or_else(|| format!("`{text}` is not a currency of ISO 4217, like EUR"))
}

fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| format!("`{text}` is not a time zone like UTC or Europe/Paris"))
}

fn column(text: &str) -> Result<(Role, String), String> {
    let (role, name) = text.split_once('=').ok_or_else(|| format!("`{text}` is not like id=NAME"))?;
    let role = Role::from_name(role)
        .ok_or_else(|| format!("`{role}` is none of id, price, amount, currency, date, impressions"))?;
    Ok((role, name.to_owned()))
}

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The exchange's file.
    pub file: &'a Path,
    /// How to read it.
    pub flags: &'a Flags,
    /// The days that it covers, if the operator says so.
    pub days: (Option<Day>, Option<Day>),
    /// Folder of the ledger.
    pub data: &'a Path,
    /// For programs.
    pub json: bool,
    /// Passes archives over.
    pub without_archives: bool,
}

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error("`{}` cannot be read: {source}", file.display())]
    File { file: PathBuf, source: io::Error },
    #[error("`{}` is in UTF-16", file.display())]
    Utf16 { file: PathBuf },
    #[error("`{}`: {source}", file.display())]
    Columns { file: PathBuf, source: ColumnError },
    #[error("`{}` does not say the currency of its amounts", file.display())]
    NoCurrency { file: PathBuf },
    #[error("`{}` was changed while it was read", file.display())]
    Changed { file: PathBuf },
    #[error("no exchange `{slug}` is in the ledger; there are {known}")]
    UnknownExchange { slug: String, known: String },
    #[error("the ledger has impressions of several exchanges in those days: {known}")]
    SeveralExchanges { known: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Halt {
    fn code(&self) -> u8 {
        match self {
            Self::Store(StoreError::Missing { .. }) => INPUT_WRONG,
            Self::Store(_) => WE_FAILED,
            _ => INPUT_WRONG,
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::File { .. } => {
                "name the exchange's file; it is read twice, so it cannot be a pipe".to_owned()
            }
            Self::Utf16 { .. } => "save it as CSV in UTF-8".to_owned(),
            Self::Columns { source, .. } => source.hint(),
            Self::NoCurrency { .. } => "say it with `--currency CODE`".to_owned(),
            Self::Changed { .. } => "take a copy, and reconcile that".to_owned(),
            Self::UnknownExchange { .. } => "an exchange is named as its profile's file".to_owned(),
            Self::SeveralExchanges { .. } => "say whose file it is with `--exchange SLUG`".to_owned(),
            Self::Store(error) => error.hint().to_owned(),
        }
    }
}

/// Runs it. The exit code is 0 if all agrees and 1 if anything differs.
#[must_use]
pub fn run(task: &Task<'_>) -> ExitCode {
    let Some(rates) = rates(&task.flags.currencies) else { return ExitCode::from(INPUT_WRONG) };
    match reconciled(task, &rates) {
        Ok(outcome) if outcome.agrees() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(INPUT_WRONG),
        Err(halt) => fail(halt.code(), &halt, &halt.hint()),
    }
}

/// The table of rates; without one, nothing is converted.
fn rates(file: &Path) -> Option<Rates> {
    if !file.exists() {
        return Some(Rates::only(Currency::EUR));
    }
    let mut faults = Faults::new();
    let source = read_file(file, &mut faults);
    let rates = source.as_ref().and_then(|source| Rates::read(source, &mut faults));
    if rates.is_none() {
        say(&render(&faults.into_vec(), &source.into_iter().collect::<Vec<_>>(), false));
    }
    rates
}

fn reconciled(task: &Task<'_>, rates: &Rates) -> Result<Outcome, Halt> {
    let flags = task.flags;
    let told = Told {
        currency: flags.currency,
        mark: flags.decimal.map(|mark| match mark {
            Decimals::Comma => DecimalMark::Comma,
            Decimals::Point => DecimalMark::Point,
        }),
        order: flags.dates.map(|order| match order {
            Dates::DayFirst => DayOrder::DayFirst,
            Dates::MonthFirst => DayOrder::MonthFirst,
        }),
        zone: flags.time_zone.clone(),
    };
    let mut progress = Progress::new(task.file);
    let layout = layout(task)?;
    let (reading, lines) = surveyed(task, &layout, &told, &mut progress)?;
    let mut store = Store::open(task.data)?;
    if task.without_archives {
        store = store.without_archives();
    }
    let books = books(task, &store, &reading, &mut progress)?;
    let mut output = Output::new(task, &layout);
    let outcome = compared(task, &layout, &reading, (books, rates), &store, (&mut output, &mut progress))?;
    progress.end();
    if outcome.counts.lines() + layout.heading as u64 + 1 != lines {
        return Err(Halt::Changed { file: task.file.to_owned() });
    }
    output.end(&outcome);
    Ok(outcome)
}

/// The file from its start.
fn opened(task: &Task<'_>) -> Result<Lines<BufReader<File>>, Halt> {
    let unreadable = |source| Halt::File { file: task.file.to_owned(), source };
    let file = File::open(task.file).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::from(io::ErrorKind::InvalidInput)));
    }
    Lines::new(BufReader::with_capacity(1 << 16, file)).map_err(unreadable)
}

fn layout(task: &Task<'_>) -> Result<Layout, Halt> {
    let unreadable = |source| Halt::File { file: task.file.to_owned(), source };
    let mut lines = opened(task)?;
    let mut top = Vec::new();
    while top.len() < limits::RECONCILE_TOP_LINES
        && let Some(line) = lines.physical().map_err(unreadable)?
    {
        top.push(line.text);
    }
    if top.first().is_some_and(|line| line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff")) {
        return Err(Halt::Utf16 { file: task.file.to_owned() });
    }
    Layout::find(&top, &task.flags.column)
        .map_err(|source| Halt::Columns { file: task.file.to_owned(), source })
}

/// The first walk: how the lines are read, and how many there are with all above them.
fn surveyed(
    task: &Task<'_>,
    layout: &Layout,
    told: &Told,
    progress: &mut Progress,
) -> Result<(Reading, u64), Halt> {
    let unreadable = |source| Halt::File { file: task.file.to_owned(), source };
    let mut survey = Survey::new(&layout.columns, told);
    let mut lines = below_the_heading(task, layout)?;
    let mut fields = Fields::new(layout.separator);
    let mut count = layout.heading as u64 + 1;
    while let Some((_, split)) = lines.split(&mut fields).map_err(unreadable)? {
        count += 1;
        if split.is_ok() {
            survey.line(&fields);
        }
        progress.tell("looking through the file", lines.read);
    }
    if !survey.says_currency() {
        return Err(Halt::NoCurrency { file: task.file.to_owned() });
    }
    Ok((survey.conclude(), count))
}

fn below_the_heading(task: &Task<'_>, layout: &Layout) -> Result<Lines<BufReader<File>>, Halt> {
    let mut lines = opened(task)?;
    for _ in 0..=layout.heading {
        lines.physical().map_err(|source| Halt::File { file: task.file.to_owned(), source })?;
    }
    Ok(lines)
}

/// What the ledger has billed in the days of the file, and a margin of two on either side: no zone is further
/// from another, and a bid is made some hours before it is billed.
fn books(task: &Task<'_>, store: &Store, reading: &Reading, progress: &mut Progress) -> Result<Books, Halt> {
    let known = names(store)?.exchanges;
    let slugs = |ids: &mut dyn Iterator<Item = ExchangeId>| {
        let slug = |id| known.get(&id).map_or_else(|| format!("{id}"), |slug| format!("`{slug}`"));
        let mut slugs: Vec<String> = ids.map(slug).collect();
        slugs.sort();
        slugs.join(", ")
    };
    let exchange = match &task.flags.exchange {
        None => None,
        Some(slug) => match ExchangeId::from_slug(slug) {
            id if known.contains_key(&id) => Some(id),
            _ => {
                let known = slugs(&mut known.keys().copied());
                return Err(Halt::UnknownExchange { slug: slug.clone(), known });
            }
        },
    };
    let mut books = Books::new(exchange, reading.zone.clone());
    let (first, last) = coverage(task, reading).or(reading.minted).unwrap_or_default();
    let day = |day: Day, off: i64| UnixMillis::from_raw((i64::from(day.raw()) + off) * 86_400_000);
    store.corrections(|event| books.take(event))?;
    let mut taken = 0;
    store.events_of_bids(day(first, -2), day(last, 3), |event| {
        books.take(event);
        taken += 1;
        progress.count("events of the ledger read", taken);
    })?;
    if books.exchanges().count() > 1 {
        return Err(Halt::SeveralExchanges { known: slugs(&mut books.exchanges()) });
    }
    Ok(books)
}

/// The days that the file covers, by what the operator and the file say.
fn coverage(task: &Task<'_>, reading: &Reading) -> Option<(Day, Day)> {
    let (from, to) = task.days;
    let said = reading.days;
    if from.is_none() && to.is_none() {
        return said;
    }
    // An end that nobody says is that of the bids themselves.
    let known = said.or(reading.minted);
    let first = from.or(known.map(|(first, _)| first)).or(to)?;
    let last = to.or(known.map(|(_, last)| last)).or(from)?;
    Some((first, last.max(first)))
}

/// The second walk.
fn compared(
    task: &Task<'_>,
    layout: &Layout,
    reading: &Reading,
    (books, rates): (Books, &Rates),
    store: &Store,
    (output, progress): (&mut Output<'_>, &mut Progress),
) -> Result<Outcome, Halt> {
    let unreadable = |source| Halt::File { file: task.file.to_owned(), source };
    let mut comparison = Comparison::new(books, rates, layout.columns.by_day());
    let mut lines = below_the_heading(task, layout)?;
    let mut fields = Fields::new(layout.separator);
    while let Some((number, split)) = lines.split(&mut fields).map_err(unreadable)? {
        let read = match split {
            Ok(()) => reading.line(&fields),
            Err(wrong) => Read::Wrong(wrong),
        };
        let finding = comparison.line(number, read, |bid| store.events_of_bid(bid))?;
        output.found(&finding);
        progress.tell("comparing", lines.read);
    }
    Ok(comparison.finish(coverage(task, reading), |finding| output.found(finding)))
}
