//! Rates between instants: rows that supersede one another, laid out so that exactly one is in force at any time.
//!
//! Behind the checks, before the bid path: what overlaps is cut here, once, so that a look-up is a binary search.

use crate::ttf::{Jurisdiction, TaxKind};
use crate::units::{RatePpm, UnixMillis};

/// A rate between instants: `[from, to)`, for ever if there is no `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ttf) struct DatedRate {
    pub(in crate::ttf) jurisdiction: Jurisdiction,
    pub(in crate::ttf) rate: RatePpm,
    pub(in crate::ttf) from: UnixMillis,
    pub(in crate::ttf) to: Option<UnixMillis>,
}

/// A row between instants, and the instant from which on it is known; `None` = always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ttf) struct KnownRate {
    pub(in crate::ttf) kind: TaxKind,
    pub(in crate::ttf) rate: DatedRate,
    pub(in crate::ttf) known: Option<UnixMillis>,
}

/// Whether a row counts from the instant on that it is known, or for all that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ttf) enum View {
    /// As things were known at each instant: how bids and bills are taxed.
    AtEachInstant,
    /// As all is known in the end: how the past is told again.
    InHindsight,
}

/// The rates of one kind, none over another, in order of jurisdiction and instant.
pub(in crate::ttf) fn timeline(rows: &[KnownRate], kind: TaxKind, view: View) -> Vec<DatedRate> {
    let mut rows: Vec<&KnownRate> = rows.iter().filter(|row| row.kind == kind).collect();
    rows.sort_by_key(|row| row.rate.jurisdiction);
    rows.chunk_by(|a, b| a.rate.jurisdiction == b.rate.jurisdiction)
        .flat_map(|rows| of_jurisdiction(rows, view))
        .collect()
}

fn of_jurisdiction(rows: &[&KnownRate], view: View) -> Vec<DatedRate> {
    let begin = |row: &KnownRate| match (view, row.known) {
        (View::AtEachInstant, Some(known)) => row.rate.from.max(known),
        _ => row.rate.from,
    };
    let ends = rows.iter().filter_map(|row| row.rate.to);
    let mut cuts: Vec<UnixMillis> = rows.iter().map(|row| begin(row)).chain(ends).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut line: Vec<DatedRate> = Vec::with_capacity(cuts.len());
    for (index, from) in cuts.iter().copied().enumerate() {
        let in_force = |row: &&&KnownRate| begin(row) <= from && row.rate.to.is_none_or(|to| from < to);
        // The last in order of what was known: rows of one day do not overlap.
        let row = rows.iter().filter(in_force).max_by_key(|row| row.known);
        let Some(row) = row else { continue };
        let to = cuts.get(index + 1).copied();
        match line.last_mut() {
            Some(last) if last.to == Some(from) && last.rate == row.rate.rate => last.to = to,
            _ => line.push(DatedRate { from, to, ..row.rate }),
        }
    }
    line
}
