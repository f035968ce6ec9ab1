//! Everything that the ledger keeps, rebuilt from its events by the pure books and compared: the first difference is named
//! exactly, with what is kept and what was rebuilt.
//!
//! One walk over the rows of the ledger and its archives, in one transaction beside whoever writes; memory holds sums,
//! never rows. It changes nothing. Deliberately absent: what leases were granted, of which no event tells; columns that
//! nobody reads; and repair: whatever is wrong is restored from a backup.

mod bills;
mod rows;
mod sums;

use std::path::PathBuf;

use crate::ledger::{Account, CapKey};
use crate::report::{Names, Report};
use crate::shell::figures;
use crate::shell::store::error::StoreError;
use crate::shell::store::schema::{Store, first_fault};
use crate::shell::store::verify::rows::Rebuilt;
use crate::shell::store::{archive, leases};
use crate::units::{BidId, Currency, Day, Epoch, Hour, UnixMillis};

/// One thing that is checked, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumIter)]
pub enum Check {
    /// SQLite's own check of every page.
    Pages,
    /// Each archive is there, byte for byte, with the events that were put into it.
    Archives,
    /// Each event is what was written, under its own key.
    Events,
    /// What was committed since the last snapshot is sealed, commit by commit.
    Commits,
    /// The digest of each day: no event is missing or too many.
    Days,
    /// Each account's balance.
    Accounts,
    /// What is used of each cap, in all and by the epoch that began last.
    Caps,
    /// Debits equal credits in each currency.
    Currencies,
    /// The totals of `encan report`, which adds up events, are those of the accounts.
    Totals,
    /// No bill was credited beyond what was billed.
    Bills,
    /// The columns that reports read say what the rows say.
    Figures,
}

impl Check {
    /// Its name, for people and programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Archives => "archives",
            Self::Events => "events",
            Self::Commits => "commits",
            Self::Days => "days",
            Self::Accounts => "accounts",
            Self::Caps => "caps",
            Self::Currencies => "currencies",
            Self::Totals => "totals",
            Self::Bills => "bills",
            Self::Figures => "figures",
        }
    }
}

/// Where a difference is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File(PathBuf),
    /// The row of this key, in hexadecimal; the bid that it is about, if that can be read.
    Row {
        /// The file that it is in.
        file: PathBuf,
        /// The key.
        key: String,
        /// The bid.
        bid: Option<BidId>,
    },
    /// A UTC day.
    Day(Day),
    /// An account of a currency.
    Account(Account, Currency),
    /// A cap; of one epoch, or of all.
    Cap(CapKey, Option<Epoch>),
    /// A figure of the report in a currency.
    Total(&'static str, Currency),
    /// All accounts of a currency.
    Currency(Currency),
    /// The bill of a bid.
    Bill(BidId),
}

/// The first thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which check found it.
    pub check: Check,
    /// Where.
    pub place: Place,
    /// What is kept there.
    pub kept: String,
    /// What it should be.
    pub rebuilt: String,
}

/// Why a ledger was not found right.
#[derive(Debug)]
pub enum VerifyError {
    /// It is not.
    Differs(Box<Difference>),
    /// It cannot be read.
    Store(StoreError),
}

impl From<StoreError> for VerifyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl VerifyError {
    fn differs(check: Check, place: Place, kept: &impl ToString, rebuilt: &impl ToString) -> Self {
        let (kept, rebuilt) = (kept.to_string(), rebuilt.to_string());
        Self::Differs(Box::new(Difference { check, place, kept, rebuilt }))
    }
}

/// How many of each thing were checked, in the order of the checks.
pub type Verified = Vec<(Check, u64)>;

impl Store {
    /// Checks everything at `now`, and tells `each` how many events are done.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Differs`] with the first difference; [`VerifyError::Store`] if the ledger cannot be read.
    pub fn verify(&self, now: UnixMillis, each: &mut dyn FnMut(u64)) -> Result<Verified, VerifyError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        // All as of one commit, whatever is written meanwhile.
        let transaction = self.connection.unchecked_transaction().map_err(sqlite)?;
        let mut verified = vec![(Check::Pages, self.verify_pages()?)];
        let archives = archive::list(&self.connection, &self.file)?;
        let mut rebuilt = Rebuilt::new(Hour::of(now).raw().saturating_sub(leases::HOURS_KEPT));
        for archive in &archives {
            self.verify_archive(archive, &mut rebuilt, each)?;
        }
        rebuilt.read(&self.connection, &self.file, each)?;
        verified.extend([(Check::Archives, archives.len() as u64), (Check::Events, rebuilt.events)]);
        let kept = self.kept().map_err(|error| sums::unkept(error, &self.file))?;
        let commits = "SELECT count(*) FROM journal WHERE number > (SELECT number FROM snapshot)";
        let commits: i64 = self.connection.query_row(commits, [], |row| row.get(0)).map_err(sqlite)?;
        verified.push((Check::Commits, commits.unsigned_abs()));
        verified.push((Check::Days, sums::days(kept.sums.days(), rebuilt.sums.days())?));
        let balances = (kept.sums.balances(), rebuilt.sums.balances());
        verified.push((Check::Accounts, sums::balances(&balances.0, &balances.1)?));
        verified.push((Check::Caps, sums::caps(&kept, &rebuilt)?));
        verified.push((Check::Currencies, sums::balanced(&balances.0)?));
        let Rebuilt { report, figures, .. } = rebuilt;
        let table = Report::finish(report, &Names::default());
        verified.push((Check::Totals, sums::totals(&table, &balances.0)?));
        verified.push((Check::Bills, self.verify_bills()?));
        let folder = self.file.parent().unwrap_or(&self.file);
        let (files, wrong) = figures::verify(self, folder, &figures)?;
        if let Some(wrong) = wrong {
            let place = Place::Day(wrong.day);
            return Err(VerifyError::differs(Check::Figures, place, &wrong.kept, &wrong.rebuilt));
        }
        verified.push((Check::Figures, files));
        transaction.commit().map_err(sqlite)?;
        Ok(verified)
    }

    /// SQLite's own check; how many pages there are.
    fn verify_pages(&self) -> Result<u64, VerifyError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let found: String =
            self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
        if found != "ok" {
            let found = first_fault(&found);
            return Err(VerifyError::differs(Check::Pages, Place::File(self.file.clone()), &found, &"ok"));
        }
        let pages: i64 =
            self.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(sqlite)?;
        Ok(pages.unsigned_abs())
    }
}

#[cfg(test)]
mod tests;
