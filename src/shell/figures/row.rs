//! What happened, as a row of whole numbers, and back. Each kind of event has a section of rows of one width.
//!
//! Left out is what no figure needs: orders, and the ids, reasons and authors of corrections.

use std::collections::HashMap;
use std::hash::Hash;

use crate::ledger::{
    BidFacts, Cause, Charge, Conversion, Correction, Event, EventKind, Playback, Source, Touch,
};
use crate::shell::figures::charge;
use crate::shell::figures::facts::{self, Facts};
use crate::units::{BidId, CorrectionId, Epoch, Nanos, UnixMillis};

/// Kinds of events that are kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Section {
    /// Wins.
    Win,
    /// Billed impressions.
    Impression,
    /// Losses.
    Loss,
    /// Whatever is only counted: views, clicks, steps of playback.
    Mark,
    /// Conversions.
    Conversion,
    /// Corrections.
    Correction,
}

/// What every row begins with: the tuple, the bid's time within its hour, and how much later we were told.
const SHARED: usize = 3;

impl Section {
    /// Every section, in their order.
    pub(in crate::shell::figures) const ALL: [Self; 6] =
        [Self::Win, Self::Impression, Self::Loss, Self::Mark, Self::Conversion, Self::Correction];

    pub(in crate::shell::figures) const fn of(kind: &EventKind) -> Self {
        match kind {
            EventKind::Win { .. } => Self::Win,
            EventKind::Impression(_) => Self::Impression,
            EventKind::Loss { .. } => Self::Loss,
            EventKind::View | EventKind::Click | EventKind::Playback(_) => Self::Mark,
            EventKind::Conversion(_) => Self::Conversion,
            EventKind::Correction(_) => Self::Correction,
        }
    }

    /// How many columns its rows have.
    pub(in crate::shell::figures) const fn width(self) -> usize {
        SHARED
            + match self {
                Self::Win | Self::Loss => 2,
                Self::Impression => charge::WIDTH,
                Self::Mark => 3,
                Self::Conversion => 11,
                Self::Correction => 4 + charge::WIDTH,
            }
    }
}

/// Different things by number, each once.
#[derive(Debug)]
pub(in crate::shell::figures) struct Numbered<T> {
    numbers: HashMap<T, i64, foldhash::fast::RandomState>,
    things: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { numbers: HashMap::default(), things: Vec::new() }
    }
}

impl<T: Hash + Eq + Clone> Numbered<T> {
    /// The number of `thing`, which is a new one if it was not there.
    pub(in crate::shell::figures) fn number(&mut self, thing: T) -> i64 {
        if let Some(number) = self.numbers.get(&thing) {
            return *number;
        }
        let number = i64::try_from(self.things.len()).expect("fewer things than events");
        self.things.push(thing.clone());
        self.numbers.insert(thing, number);
        number
    }

    /// Each by its number.
    pub(in crate::shell::figures) fn things(&self) -> &[T] {
        &self.things
    }
}

/// What rows name by number.
#[derive(Debug, Default)]
pub(in crate::shell::figures) struct Lists {
    pub(in crate::shell::figures) tuples: Numbered<Facts>,
    /// What of charges is no amount.
    pub(in crate::shell::figures) terms: Numbered<Vec<i64>>,
    pub(in crate::shell::figures) lists: Numbered<Vec<i64>>,
    pub(in crate::shell::figures) texts: Numbered<String>,
}

/// The same, read.
#[derive(Debug)]
pub(in crate::shell::figures) struct Named {
    /// A charge without amounts for each terms.
    pub(in crate::shell::figures) charges: Vec<Charge>,
    pub(in crate::shell::figures) lists: Vec<Vec<i64>>,
    pub(in crate::shell::figures) texts: Vec<String>,
}

/// The cells of one row, of a chunk of columns, from left to right.
#[derive(Debug)]
pub(in crate::shell::figures) struct Cells<'a> {
    columns: std::slice::Iter<'a, Vec<i64>>,
    row: usize,
}

impl<'a> Cells<'a> {
    pub(in crate::shell::figures) fn new(columns: &'a [Vec<i64>], row: usize) -> Self {
        Self { columns: columns.iter(), row }
    }

    /// The next cell; zero behind the last one.
    pub(in crate::shell::figures) fn next(&mut self) -> i64 {
        self.columns.next().and_then(|column| column.get(self.row)).copied().unwrap_or(0)
    }

    pub(in crate::shell::figures) fn nanos(&mut self) -> Nanos {
        Nanos::from_raw(self.next())
    }

    pub(in crate::shell::figures) fn optional(&mut self) -> Option<i64> {
        let (is_some, value) = (self.next() != 0, self.next());
        is_some.then_some(value)
    }

    /// What of `things` the next cell numbers.
    pub(in crate::shell::figures) fn of<'b, T>(&mut self, things: &'b [T]) -> Option<&'b T> {
        things.get(usize::try_from(self.next()).ok()?)
    }
}

/// Appends whether there is a value, and the value.
pub(in crate::shell::figures) fn put_optional(value: Option<i64>, row: &mut Vec<i64>) {
    row.extend([value.is_some().into(), value.unwrap_or(0)]);
}

/// Writes `event` as a row of the section that is returned.
pub(in crate::shell::figures) fn put(event: &Event, lists: &mut Lists, row: &mut Vec<i64>) -> Section {
    row.clear();
    let (facts, after) = facts::facts(event, &mut lists.lists);
    let told = event.at.raw().wrapping_sub(event.bid.at.raw());
    row.extend([lists.tuples.number(facts), after, told]);
    match &event.kind {
        EventKind::Win { price } => put_optional(price.map(Nanos::raw), row),
        // The reason is a fact.
        EventKind::Loss { min_to_win, .. } => put_optional(min_to_win.map(Nanos::raw), row),
        EventKind::Impression(charge) => charge::put(charge, lists, row),
        EventKind::View | EventKind::Click => row.extend([event.kind.code().into(), 0, 0]),
        EventKind::Playback(step) => {
            row.push(event.kind.code().into());
            let code = if let Playback::Error { code } = step { *code } else { None };
            put_optional(code.map(i64::from), row);
        }
        EventKind::Conversion(conversion) => put_conversion(conversion, event.at, lists, row),
        EventKind::Correction(correction) => {
            row.extend([
                correction.cause as i64,
                correction.impressions,
                correction.budget.raw(),
                correction.disputed.raw(),
            ]);
            charge::put(&correction.charge, lists, row);
        }
    }
    Section::of(&event.kind)
}

fn put_conversion(conversion: &Conversion, told: UnixMillis, lists: &mut Lists, row: &mut Vec<i64>) {
    let (touch, touched) = conversion.touch.parts();
    row.extend([
        lists.texts.number(conversion.kind.clone()),
        conversion.value.raw(),
        touch.into(),
        touched.map_or(0, UnixMillis::raw),
        lists.lists.number(charge::rate_list(conversion.fx)),
        told.raw().wrapping_sub(conversion.happened.raw()),
        conversion.lifetime.raw(),
        conversion.source as i64,
        conversion.acquisition.into(),
    ]);
    let code = conversion.code.clone().map(|code| lists.texts.number(code));
    put_optional(code, row);
}

/// Writes to `kind` what happened, of a row whose first three cells are taken; `None` if no event is written so. Rows of one
/// section are read into the same place, with the number of the terms that the last one had.
pub(in crate::shell::figures) fn read(
    section: Section,
    cells: &mut Cells<'_>,
    (facts, told): (&Facts, UnixMillis),
    named: &Named,
    (kind, terms): (&mut EventKind, &mut Option<i64>),
) -> Option<()> {
    *kind = match section {
        Section::Win => EventKind::Win { price: cells.optional().map(Nanos::from_raw) },
        Section::Loss => {
            EventKind::Loss { reason: facts::loss(facts)?, min_to_win: cells.optional().map(Nanos::from_raw) }
        }
        Section::Impression => match kind {
            EventKind::Impression(charge) => return charge::take_into(cells, named, (charge, terms)),
            _ => EventKind::Impression(charge::take(cells, named)?),
        },
        Section::Mark => mark(cells)?,
        Section::Conversion => EventKind::Conversion(conversion(cells, told, named)?),
        Section::Correction => EventKind::Correction(correction(cells, named)?),
    };
    Some(())
}

fn mark(cells: &mut Cells<'_>) -> Option<EventKind> {
    let code = u8::try_from(cells.next()).ok()?;
    let error = cells.optional().map(u32::try_from).transpose().ok()?;
    [EventKind::View, EventKind::Click]
        .into_iter()
        .find(|kind| kind.code() == code)
        .or_else(|| Playback::from_code(code, error).map(EventKind::Playback))
}

fn conversion(cells: &mut Cells<'_>, told: UnixMillis, named: &Named) -> Option<Conversion> {
    let (kind, value) = (cells.of(&named.texts)?.clone(), cells.nanos());
    let (touch, touched) = (u8::try_from(cells.next()).ok()?, UnixMillis::from_raw(cells.next()));
    let has_time = Touch::from_parts(touch, None).is_none();
    let touch = Touch::from_parts(touch, has_time.then_some(touched))?;
    let fx = charge::of_rate_list(cells.of(&named.lists)?)?;
    let happened = UnixMillis::from_raw(told.raw().wrapping_sub(cells.next()));
    let lifetime = cells.nanos();
    let source = Source::from_code(u8::try_from(cells.next()).ok()?)?;
    let acquisition = cells.next() != 0;
    let code = match cells.optional() {
        Some(number) => Some(named.texts.get(usize::try_from(number).ok()?)?.clone()),
        None => None,
    };
    Some(Conversion { kind, acquisition, order: None, value, touch, fx, happened, lifetime, source, code })
}

fn correction(cells: &mut Cells<'_>, named: &Named) -> Option<Correction> {
    let cause = Cause::from_code(u8::try_from(cells.next()).ok()?)?;
    let (impressions, budget, disputed) = (cells.next(), cells.nanos(), cells.nanos());
    Some(Correction {
        id: CorrectionId::from_bytes([0; 16]),
        cause,
        impressions,
        charge: charge::take(cells, named)?,
        budget,
        disputed,
        reason: String::new(),
        author: String::new(),
    })
}

/// What of an event is kept in columns: without what [`facts`] and this file leave out.
#[must_use]
pub(in crate::shell::figures) fn kept(event: &Event) -> Event {
    let bid = BidFacts {
        id: BidId::from_bytes([0; 16]),
        user: None,
        household: None,
        lease: Epoch::NONE,
        ..event.bid
    };
    let mut kind = event.kind.clone();
    match &mut kind {
        EventKind::Conversion(conversion) => conversion.order = None,
        EventKind::Correction(correction) => {
            correction.id = CorrectionId::from_bytes([0; 16]);
            correction.reason.clear();
            correction.author.clear();
        }
        _ => {}
    }
    Event { bid, at: event.at, kind }
}
