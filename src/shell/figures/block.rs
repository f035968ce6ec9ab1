//! A block: up to some hundred thousand events of one UTC day as columns, written once and read in chunks.
//!
//! ```text
//! header | tuples: for each fact its different values, and which of them each tuple has | terms | lists | texts |
//!          for each section the number of its rows, and its columns
//! ```
//!
//! Whatever is read is bounded by the bytes that are there; a block that is not as it was written is `None`.

use crate::ledger::{BidFacts, Checksum, Digest, Event, EventKind, utc_day};
use crate::shell::figures::charge;
use crate::shell::figures::facts::{self, Fact, Facts};
use crate::shell::figures::header::Header;
use crate::shell::figures::numbers::{CHUNK, Numbers, Reader, fingerprint, put_column, put_count};
use crate::shell::figures::row::{self, Cells, Lists, Named, Section};
use crate::units::{BidId, Day, UnixMillis};

/// Events in a block: so many that what they share is written once, so few that they take little memory meanwhile.
pub(in crate::shell::figures) const EVENTS_MAX: u64 = 262_144;

const DAY_MS: i64 = 86_400_000;

/// A block in the making.
#[derive(Debug)]
pub(in crate::shell::figures) struct Draft {
    lists: Lists,
    /// Columns by section.
    sections: [Vec<Vec<i64>>; Section::ALL.len()],
    digest: Digest,
    row: Vec<i64>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            lists: Lists::default(),
            sections: Section::ALL.map(|section| vec![Vec::new(); section.width()]),
            digest: Digest::default(),
            row: Vec::new(),
        }
    }
}

impl Draft {
    /// Adds an event, whose checksum this is.
    pub(in crate::shell::figures) fn add(&mut self, event: &Event, checksum: Checksum) {
        let section = row::put(event, &mut self.lists, &mut self.row);
        let columns = &mut self.sections[section as usize];
        debug_assert_eq!(columns.len(), self.row.len(), "a cell for each column of {section:?}");
        columns.iter_mut().zip(&self.row).for_each(|(column, value)| column.push(*value));
        self.digest.add(checksum);
    }

    /// Of the events so far.
    pub(in crate::shell::figures) const fn digest(&self) -> Digest {
        self.digest
    }

    /// The block, complete up to `commit` with all before it.
    pub(in crate::shell::figures) fn to_bytes(&self, day: Day, commit: u64) -> Vec<u8> {
        let mut bytes = vec![0; Header::LEN];
        let tuples = self.lists.tuples.things();
        put_tuples(tuples, &mut bytes);
        put_lists(self.lists.terms.things(), &mut bytes);
        put_lists(self.lists.lists.things(), &mut bytes);
        put_texts(self.lists.texts.things(), &mut bytes);
        for columns in &self.sections {
            put_count(columns.first().map_or(0, Vec::len), &mut bytes);
            columns.iter().for_each(|column| put_column(column, &mut bytes));
        }
        let days = tuples.iter().filter_map(facts::day);
        let (first, last) = days
            .fold((Day::from_raw(i32::MAX), Day::from_raw(i32::MIN)), |(first, last), day| {
                (first.min(day), last.max(day))
            });
        let (_, body) = bytes.split_at(Header::LEN);
        let (len, fingerprint) = (body.len() as u64, fingerprint(body));
        let header = Header { day, digest: self.digest, commit, first, last, len, fingerprint };
        bytes[..Header::LEN].copy_from_slice(&header.to_bytes());
        bytes
    }
}

fn put_tuples(tuples: &[Facts], out: &mut Vec<u8>) {
    put_count(tuples.len(), out);
    for fact in 0..Fact::COUNT {
        let values: Vec<i64> = tuples.iter().map(|facts| facts[fact]).collect();
        let mut different = values.clone();
        different.sort_unstable();
        different.dedup();
        let number = |value: &i64| different.binary_search(value).expect("it is among them");
        let codes: Vec<i64> =
            values.iter().map(|value| i64::try_from(number(value)).expect("a small number")).collect();
        put_count(different.len(), out);
        put_column(&different, out);
        put_column(&codes, out);
    }
}

fn put_lists(lists: &[Vec<i64>], out: &mut Vec<u8>) {
    put_count(lists.len(), out);
    let lengths: Vec<i64> =
        lists.iter().map(|list| i64::try_from(list.len()).expect("a short list")).collect();
    let all: Vec<i64> = lists.iter().flatten().copied().collect();
    put_column(&lengths, out);
    put_count(all.len(), out);
    put_column(&all, out);
}

fn put_texts(texts: &[String], out: &mut Vec<u8>) {
    put_count(texts.len(), out);
    for text in texts {
        put_count(text.len(), out);
        out.extend_from_slice(text.as_bytes());
    }
}

/// How much of its bid an event of [`Block::each`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell::figures) enum Bids {
    /// All, as far as columns keep it.
    Whole,
    /// Of conversions and corrections all, of others time and day: the rest is the tuple's.
    Timed,
}

/// Who is told the events of a block.
pub(in crate::shell::figures) trait Listener {
    /// Events of these tuples come next.
    fn next(&mut self, _tuples: &[i64]) {}

    /// An event, and the number of its tuple.
    fn event(&mut self, tuple: usize, event: &Event);
}

/// Is told nothing ahead.
struct Each<F>(F);

impl<F: FnMut(usize, &Event)> Listener for Each<F> {
    fn event(&mut self, tuple: usize, event: &Event) {
        self.0(tuple, event);
    }
}

/// A fact of all tuples, as it stands in the bytes.
#[derive(Debug)]
struct Told<'a> {
    /// Its different values.
    values: Vec<i64>,
    /// Which of them each tuple has.
    codes: Numbers<'a>,
}

/// A fact of all tuples.
#[derive(Debug)]
pub(in crate::shell::figures) struct OfTuples<'a> {
    /// Its different values.
    pub(in crate::shell::figures) values: &'a [i64],
    /// Which of them each tuple has: one that is there.
    pub(in crate::shell::figures) codes: Vec<u32>,
}

impl OfTuples<'_> {
    /// Of tuple `number`; `None` if there is no such tuple.
    pub(in crate::shell::figures) fn of(&self, number: usize) -> Option<i64> {
        self.values.get(*self.codes.get(number)? as usize).copied()
    }
}

/// A block, read.
#[derive(Debug)]
pub(in crate::shell::figures) struct Block<'a> {
    /// The day under which its events are filed.
    day: Day,
    tuples: usize,
    facts: Vec<Told<'a>>,
    named: Named,
    sections: Vec<(Section, usize, Vec<Numbers<'a>>)>,
}

impl<'a> Block<'a> {
    /// The block of `header`, whose body this is; `None` if it is not as it was written.
    pub(in crate::shell::figures) fn read(header: &Header, body: &'a [u8]) -> Option<Self> {
        if body.len() as u64 != header.len || fingerprint(body) != header.fingerprint {
            return None;
        }
        let mut reader = Reader::new(body);
        let (tuples, facts) = read_tuples(&mut reader)?;
        let terms = read_lists(&mut reader)?;
        let charges = terms.iter().map(|list| charge::of_terms(list)).collect::<Option<_>>()?;
        let named = Named { charges, lists: read_lists(&mut reader)?, texts: read_texts(&mut reader)? };
        let mut sections = Vec::with_capacity(Section::ALL.len());
        for section in Section::ALL {
            let rows = usize::try_from(reader.number()?).ok()?;
            let columns = (0..section.width()).map(|_| Numbers::read(&mut reader, rows));
            sections.push((section, rows, columns.collect::<Option<Vec<_>>>()?));
        }
        let rows: usize = sections.iter().map(|(_, rows, _)| *rows).try_fold(0, usize::checked_add)?;
        let is_whole = reader.is_at_end() && rows as u64 == header.digest.events && tuples <= rows;
        is_whole.then_some(Self { day: header.day, tuples, facts, named, sections })
    }

    /// How many tuples there are.
    pub(in crate::shell::figures) const fn tuples(&self) -> usize {
        self.tuples
    }

    /// One fact of all tuples; `None` if a tuple has none of its values.
    pub(in crate::shell::figures) fn fact(&self, fact: Fact) -> Option<OfTuples<'_>> {
        let Told { values, codes } = self.facts.get(fact as usize)?;
        // What is no code is beyond all of them.
        let code = |raw: &i64| u32::try_from(*raw).unwrap_or(u32::MAX);
        let codes: Vec<u32> = codes.all(self.tuples).iter().map(code).collect();
        codes.iter().all(|code| (*code as usize) < values.len()).then_some(OfTuples { values, codes })
    }

    /// The list of that number.
    pub(in crate::shell::figures) fn list(&self, number: i64) -> Option<&[i64]> {
        self.named.lists.get(usize::try_from(number).ok()?).map(Vec::as_slice)
    }

    /// All facts of tuple `number`.
    pub(in crate::shell::figures) fn facts_of(&self, number: usize) -> Option<Facts> {
        let mut facts = [0; Fact::COUNT];
        for (fact, Told { values, codes }) in facts.iter_mut().zip(&self.facts) {
            let mut code = [0];
            codes.fill(number, &mut code);
            *fact = *values.get(usize::try_from(code[0]).ok()?)?;
        }
        Some(facts)
    }

    /// The bid of tuple `number`, as far as it tells.
    pub(in crate::shell::figures) fn bid(&self, number: usize) -> Option<BidFacts> {
        facts::bid(&self.facts_of(number)?, 0, &self.named.lists)
    }

    /// The bids of all tuples.
    fn bids(&self) -> Option<Vec<BidFacts>> {
        let columns = self.facts.iter().map(|told| (&told.values, told.codes.all(self.tuples)));
        let columns: Vec<_> = columns.collect();
        let mut bids = Vec::with_capacity(self.tuples);
        let mut facts = [0; Fact::COUNT];
        for tuple in 0..self.tuples {
            for (fact, (values, codes)) in facts.iter_mut().zip(&columns) {
                *fact = *values.get(usize::try_from(codes[tuple]).ok()?)?;
            }
            bids.push(facts::bid(&facts, 0, &self.named.lists)?);
        }
        Some(bids)
    }

    /// An id in the place of one that is not kept: of a bid that is filed under the same day.
    fn stand_in(&self, made: UnixMillis) -> BidId {
        let is_of_day = utc_day(made) == self.day;
        BidId::mint(
            if is_of_day { made } else { UnixMillis::from_raw(i64::from(self.day.raw()) * DAY_MS) },
            0,
        )
    }

    /// Calls `each` with every event of the sections that are asked for, and the number of its tuple. `None` if one
    /// cannot be read.
    pub(in crate::shell::figures) fn each(
        &self,
        bids: Bids,
        is_asked: impl Fn(Section) -> bool,
        each: impl FnMut(usize, &Event),
    ) -> Option<()> {
        self.tell(bids, is_asked, &mut Each(each))
    }

    /// Tells `listener` every event of the sections that are asked for. `None` if one cannot be read.
    pub(in crate::shell::figures) fn tell(
        &self,
        bids: Bids,
        is_asked: impl Fn(Section) -> bool,
        listener: &mut impl Listener,
    ) -> Option<()> {
        if self.tuples == 0 {
            return Some(());
        }
        let whole = if bids == Bids::Whole { self.bids()? } else { Vec::new() };
        let (hours, losses, days) = (self.fact(Fact::Hour)?, self.fact(Fact::Loss)?, self.fact(Fact::Day)?);
        let mut facts = self.facts_of(0)?;
        let bid = self.bid(0)?;
        // One place for all: an event is larger than what its row has.
        let mut event = Event { bid, at: bid.at, kind: EventKind::View };
        for (section, rows, columns) in self.sections.iter().filter(|(section, ..)| is_asked(*section)) {
            let is_few = matches!(section, Section::Conversion | Section::Correction);
            let mut terms = None;
            let mut chunk = vec![Vec::new(); columns.len()];
            for first in (0..*rows).step_by(CHUNK) {
                let count = CHUNK.min(rows - first);
                for (cells, column) in chunk.iter_mut().zip(columns) {
                    cells.resize(count, 0);
                    column.fill(first, cells);
                }
                listener.next(chunk.first()?);
                for at in 0..count {
                    let mut cells = Cells::new(&chunk, at);
                    let tuple = usize::try_from(cells.next()).ok()?;
                    let (after, later) = (cells.next(), cells.next());
                    for (fact, told) in [(Fact::Hour, &hours), (Fact::Loss, &losses), (Fact::Day, &days)] {
                        facts[fact as usize] = told.of(tuple)?;
                    }
                    if bids == Bids::Whole {
                        event.bid = *whole.get(tuple)?;
                    } else if is_few {
                        event.bid = self.bid(tuple)?;
                    }
                    (event.bid.at, event.bid.day) = (facts::made_at(&facts, after), facts::day(&facts)?);
                    event.at = UnixMillis::from_raw(event.bid.at.raw().wrapping_add(later));
                    if bids == Bids::Whole {
                        event.bid.id = self.stand_in(event.bid.at);
                    }
                    let place = (&mut event.kind, &mut terms);
                    row::read(*section, &mut cells, (&facts, event.at), &self.named, place)?;
                    listener.event(tuple, &event);
                }
            }
        }
        Some(())
    }
}

fn read_tuples<'a>(reader: &mut Reader<'a>) -> Option<(usize, Vec<Told<'a>>)> {
    let tuples = usize::try_from(reader.number()?).ok()?;
    let mut facts = Vec::with_capacity(Fact::COUNT);
    for _ in 0..Fact::COUNT {
        let different = usize::try_from(reader.number()?).ok()?;
        if different > tuples {
            return None;
        }
        let values = bounded(Numbers::read(reader, different)?, different)?;
        facts.push(Told { values, codes: Numbers::read(reader, tuples)? });
    }
    Some((tuples, facts))
}

/// All values of a column of which a count says how long it is: a column of one value takes no bytes, so that the bytes
/// alone bound no memory.
fn bounded(numbers: Numbers<'_>, len: usize) -> Option<Vec<i64>> {
    const MOST: usize = 1 << 26;
    (len <= MOST).then(|| numbers.all(len))
}

fn read_lists(reader: &mut Reader<'_>) -> Option<Vec<Vec<i64>>> {
    let count = usize::try_from(reader.number()?).ok()?;
    let lengths = bounded(Numbers::read(reader, count)?, count)?;
    let all = usize::try_from(reader.number()?).ok()?;
    let all = bounded(Numbers::read(reader, all)?, all)?;
    let mut rest = all.as_slice();
    let mut lists = Vec::with_capacity(count);
    for length in lengths {
        let (list, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        lists.push(list.to_vec());
        rest = after;
    }
    rest.is_empty().then_some(lists)
}

fn read_texts(reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let count = reader.count(8)?;
    let mut texts = Vec::with_capacity(count);
    for _ in 0..count {
        let len = reader.count(1)?;
        texts.push(std::str::from_utf8(reader.take(len)?).ok()?.to_owned());
    }
    Some(texts)
}
