//! What becomes of each line: exactly one verdict.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::report::reconcile::line::Unreadable;
use crate::units::{Currency, Day, Femtos};

/// What a line comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumIter)]
pub enum Verdict {
    /// Both say the same amount, to the nano.
    Exact,
    /// Both say the same amount with the decimals that the file has.
    Rounded,
    /// Both say the same amount at the rate of the table.
    Converted,
    /// Both credit the same amount.
    CreditAgrees,
    /// A line of a day; the day's sums are compared.
    OfDay,
    /// A line of sums that says what its lines come to.
    Summary,
    /// A line of sums without an amount or a count that could be compared.
    SummaryUncompared,
    /// Nothing in any field.
    Blank,
    /// The amounts differ.
    Differs,
    /// The amounts differ at the rate of the table.
    ConvertedDiffers,
    /// The amounts are in currencies between which there is no rate.
    NoRate,
    /// They bill what we have credited.
    Credited,
    /// They credit what we have not credited, or another amount.
    CreditDiffers,
    /// The file bills it again.
    Twice,
    /// We know the bid, and have not billed it.
    NotBilled,
    /// The bid was made at another exchange.
    OtherExchange,
    /// Nothing was ever booked for such a bid.
    UnknownId,
    /// It cannot be read.
    Unreadable,
    /// A line of sums that says something else than its lines come to.
    SummaryDiffers,
    /// Not a line: we billed it, and the file does not.
    OnlyOurs,
}

impl Verdict {
    pub(super) const COUNT: usize = 20;

    /// Its name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Rounded => "rounded",
            Self::Converted => "converted",
            Self::CreditAgrees => "credit_agrees",
            Self::OfDay => "of_day",
            Self::Summary => "summary",
            Self::SummaryUncompared => "summary_uncompared",
            Self::Blank => "blank",
            Self::Differs => "differs",
            Self::ConvertedDiffers => "converted_differs",
            Self::NoRate => "no_rate",
            Self::Credited => "credited",
            Self::CreditDiffers => "credit_differs",
            Self::Twice => "twice",
            Self::NotBilled => "not_billed",
            Self::OtherExchange => "other_exchange",
            Self::UnknownId => "unknown_id",
            Self::Unreadable => "unreadable",
            Self::SummaryDiffers => "summary_differs",
            Self::OnlyOurs => "only_ours",
        }
    }

    /// The same for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Exact => "agrees to the nano",
            Self::Rounded => "agrees within the file's decimals",
            Self::Converted => "agrees at the rate of the table",
            Self::CreditAgrees => "credited by both",
            Self::OfDay => "counted into its day",
            Self::Summary => "sums that agree",
            Self::SummaryUncompared => "sums, not compared",
            Self::Blank => "empty",
            Self::Differs => "price differs",
            Self::ConvertedDiffers => "differs at the rate of the table",
            Self::NoRate => "another currency without a rate",
            Self::Credited => "credited by us",
            Self::CreditDiffers => "credited by them otherwise",
            Self::Twice => "billed again in the file",
            Self::NotBilled => "a bid of ours, not billed",
            Self::OtherExchange => "a bid at another exchange",
            Self::UnknownId => "unknown bid",
            Self::Unreadable => "unreadable",
            Self::SummaryDiffers => "sums that differ",
            Self::OnlyOurs => "only in our ledger",
        }
    }

    /// True if nobody need look at it.
    #[must_use]
    pub const fn agrees(self) -> bool {
        matches!(
            self,
            Self::Exact
                | Self::Rounded
                | Self::Converted
                | Self::CreditAgrees
                | Self::OfDay
                | Self::Summary
                | Self::SummaryUncompared
                | Self::Blank
        )
    }
}

/// How many lines have each verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Verdict::COUNT]);

impl Counts {
    pub(super) fn add(&mut self, verdict: Verdict) {
        self.0[verdict as usize] += 1;
    }

    pub(super) fn set(&mut self, verdict: Verdict, count: u64) {
        self.0[verdict as usize] = count;
    }

    /// Of one verdict.
    #[must_use]
    pub const fn of(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize]
    }

    /// Every verdict that any has, in the order of the table.
    pub fn each(&self) -> impl Iterator<Item = (Verdict, u64)> {
        let all = <Verdict as strum::IntoEnumIterator>::iter();
        all.map(|verdict| (verdict, self.of(verdict))).filter(|(_, count)| *count > 0)
    }

    /// True if any line was held against our books, or is only there.
    #[must_use]
    pub fn compares(&self) -> bool {
        let says_nothing =
            [Verdict::Blank, Verdict::Summary, Verdict::SummaryUncompared, Verdict::SummaryDiffers];
        self.each().any(|(verdict, _)| !says_nothing.contains(&verdict))
    }

    /// Of all lines of the file.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.0.iter().sum::<u64>() - self.of(Verdict::OnlyOurs)
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.each().map(|(verdict, count)| (verdict.name(), count)))
    }
}

/// One line and its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its number in the file, from 1; `None` for what only our ledger has.
    pub line: Option<u64>,
    /// What it comes to.
    pub verdict: Verdict,
    /// The bid, as the file writes it.
    pub bid: String,
    /// The day that it counts for.
    pub day: Option<Day>,
    /// Of both amounts.
    pub currency: Option<Currency>,
    /// What they say.
    pub theirs: Option<Femtos>,
    /// What we say, in the same currency.
    pub ours: Option<Femtos>,
    /// What else there is to know.
    pub why: Option<Reason>,
}

/// What else there is to know of a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// We were told that the bid won, and never that it was billed.
    #[error("we were told that it won, not that it was billed")]
    Won,
    /// We were told that the bid lost.
    #[error("we were told that it lost")]
    Lost,
    /// Something else was booked.
    #[error("it was seen or clicked, but never billed")]
    Seen,
    /// Not an id of ours.
    #[error("no id of ours looks like this")]
    NotOurForm,
    /// A correction of ours that is about many bids, or about one without a bill.
    #[error("a correction that no single bill is behind")]
    Correction,
    /// Where and why it cannot be read.
    #[error("{}", place(.0))]
    Unreadable(Unreadable),
    /// The sums of the lines.
    #[error("the lines come to {amount} in {impressions} impressions")]
    LinesComeTo {
        /// As `1.20 EUR`.
        amount: String,
        /// How many.
        impressions: u64,
    },
    /// What we owe is in a currency that the table has no rate for.
    #[error("ours is in {0}, which the table of rates does not lead to")]
    NoRate(Currency),
}

fn place(wrong: &Unreadable) -> String {
    let Unreadable { column, value, why } = wrong;
    if column.is_empty() {
        format!("{why}: `{value}`")
    } else {
        format!("column `{column}`: `{value}` {why}")
    }
}

impl Finding {
    /// Theirs minus ours, where both are known; what one side does not know of, it says nothing for.
    #[must_use]
    pub fn difference(&self) -> Option<Femtos> {
        let raw = |amount: Option<Femtos>| amount.unwrap_or(Femtos::ZERO).raw();
        self.theirs.or(self.ours)?;
        Some(Femtos::from_raw(raw(self.theirs) - raw(self.ours)))
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |amount: Option<Femtos>| amount.map(|amount| amount.to_string());
        let mut form = serializer.serialize_struct("Finding", 9)?;
        form.serialize_field("line", &self.line)?;
        form.serialize_field("verdict", self.verdict.name())?;
        form.serialize_field("bid", Some(&self.bid).filter(|bid| !bid.is_empty()).unwrap_or(&String::new()))?;
        form.serialize_field("day", &self.day.map(|day| day.to_string()))?;
        form.serialize_field("currency", &self.currency.map(|currency| currency.to_string()))?;
        form.serialize_field("theirs", &text(self.theirs))?;
        form.serialize_field("ours", &text(self.ours))?;
        form.serialize_field("difference", &text(self.difference()))?;
        form.serialize_field("why", &self.why.as_ref().map(ToString::to_string))?;
        form.end()
    }
}
