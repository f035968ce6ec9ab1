//! From a key of a scene to the rows that ask for it, for all columns of an index at once.
//!
//! One open-addressed table of 16-byte slots. A key that one row asks for, as most of a long list's are, is a
//! slot and nothing else; the rows of others are lists, or bits where a list would be longer.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::campaign::Attribute;
use crate::targeting::rows::{BLOCK_ROWS, BLOCK_WORDS};

/// A key that more than one in so many rows ask for has a bit row instead of a list: at most twice the
/// memory, and a search adds it many times as fast.
const DENSE_SHARE: usize = 64;
/// So many of four slots are taken, so that probes stay short.
const TAKEN_OF_FOUR: usize = 3;
/// Marks the attribute of a code that means: it is not told.
const UNTOLD: u8 = 0x80;

/// An attribute's value, or that the attribute is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Code {
    key: u64,
    attribute: u8,
}

/// Number of the bits that a search makes for one side of a column.
pub(super) type Lane = u16;

/// Rows that ask for a key, as a search reads them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Posting<'i> {
    /// In order.
    Sparse(&'i [u32]),
    /// A bit for each row.
    Dense(&'i [u64]),
}

/// The table.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookup {
    slots: Box<[Slot]>,
    links: Box<[Link]>,
    /// The lists, each after its length.
    lists: Box<[u32]>,
    dense: Box<[u64]>,
    /// Words of one bit row in `dense`.
    words: usize,
}

/// Where the rows are that ask for a key on one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Link {
    at: u32,
    pub(super) lane: Lane,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: u64,
    at: u32,
    lane: Lane,
    attribute: u8,
    kind: Kind,
}

/// What `at` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
enum Kind {
    /// Nothing: the slot is free.
    Free,
    /// The row.
    Row,
    /// The place of a list.
    List,
    /// The number of a bit row.
    Dense,
    /// The place of several links; that of the first is how many there are.
    Links,
}

impl Code {
    pub(super) fn of(attribute: Attribute, key: u64) -> Self {
        Self { key, attribute: attribute as u8 }
    }

    /// That `attribute` is not told.
    pub(super) fn untold(attribute: Attribute) -> Self {
        Self { key: 0, attribute: attribute as u8 | UNTOLD }
    }

    /// The slot among `slots` at which to begin.
    fn home(self, slots: usize) -> usize {
        let mixed = (self.key ^ u64::from(self.attribute).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let spread = u128::from(mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let spread = u64::try_from(spread & u128::from(u64::MAX)).expect("masked to 64 bits");
        let home = (u128::from(spread) * slots as u128) >> 64;
        usize::try_from(home).expect("below the number of slots")
    }
}

impl Lookup {
    /// Calls `found` with every link of `code`, one for each lane or set of rows. What is behind them is not looked at.
    pub(super) fn links(&self, code: Code, mut found: impl FnMut(Link)) {
        let Some(slot) = self.slot(code) else { return };
        if slot.kind == Kind::Links {
            let at = slot.at as usize;
            let count = self.links[at].at as usize;
            self.links[at + 1..=at + count].iter().for_each(|link| found(*link));
        } else {
            found(Link { at: slot.at, lane: slot.lane, kind: slot.kind });
        }
    }

    /// The rows behind `link`, which is one of ours.
    pub(super) fn posting<'i>(&'i self, link: &'i Link) -> Posting<'i> {
        let at = link.at as usize;
        match link.kind {
            Kind::Row => Posting::Sparse(std::slice::from_ref(&link.at)),
            Kind::Dense => Posting::Dense(&self.dense[at * self.words..(at + 1) * self.words]),
            Kind::List | Kind::Links | Kind::Free => {
                let count = self.lists[at] as usize;
                Posting::Sparse(&self.lists[at + 1..=at + count])
            }
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.slots)
            + size_of_val(&*self.links)
            + size_of_val(&*self.lists)
            + size_of_val(&*self.dense)
    }

    fn slot(&self, code: Code) -> Option<&Slot> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = code.home(self.slots.len());
        loop {
            let slot = &self.slots[at];
            if slot.key == code.key && slot.attribute == code.attribute && slot.kind != Kind::Free {
                return Some(slot);
            }
            if slot.kind == Kind::Free {
                return None;
            }
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
    }
}

/// Makes a [`Lookup`] over so many rows.
pub(super) struct Maker {
    rows: usize,
    found: Vec<(Code, Link)>,
    links: Vec<Link>,
    /// Where several links are in `links`: the keys of a list have the same.
    joined: HashMap<Box<[Link]>, u32, FixedState>,
    lists: Vec<u32>,
    dense: Vec<u64>,
}

impl Maker {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            rows,
            found: Vec::new(),
            links: Vec::new(),
            joined: HashMap::default(),
            lists: Vec::new(),
            dense: Vec::new(),
        }
    }

    /// Stores `rows`, which are in order and each once, for one or more codes on `lane`.
    pub(super) fn link(&mut self, lane: Lane, rows: &[u32]) -> Link {
        if let [row] = rows {
            return Link { at: *row, lane, kind: Kind::Row };
        }
        let words = words_of(self.rows);
        if rows.len() > self.rows / DENSE_SHARE {
            let at = number(self.dense.len() / words);
            let start = self.dense.len();
            self.dense.resize(start + words, 0);
            for row in rows {
                self.dense[start + *row as usize / 64] |= 1 << (row % 64);
            }
            return Link { at, lane, kind: Kind::Dense };
        }
        let at = number(self.lists.len());
        self.lists.push(number(rows.len()));
        self.lists.extend(rows);
        Link { at, lane, kind: Kind::List }
    }

    /// Makes `code` lead to what is stored at `link`.
    pub(super) fn lead(&mut self, code: Code, link: Link) {
        self.found.push((code, link));
    }

    pub(super) fn finish(mut self) -> Lookup {
        let mut found = std::mem::take(&mut self.found);
        found.sort_unstable_by_key(|(code, link)| (*code, link.lane, link.kind as u8, link.at));
        let codes = found.chunk_by(|(one, _), (other, _)| one == other).count();
        let free = Slot { key: 0, at: 0, lane: 0, attribute: 0, kind: Kind::Free };
        let mut slots = vec![free; if codes == 0 { 0 } else { codes * 4 / TAKEN_OF_FOUR + 1 }];
        for group in found.chunk_by(|(one, _), (other, _)| one == other) {
            let (code, link) = (group[0].0, self.joined(group));
            let mut at = code.home(slots.len());
            while slots[at].kind != Kind::Free {
                at = if at + 1 == slots.len() { 0 } else { at + 1 };
            }
            let Link { at: place, lane, kind } = link;
            slots[at] = Slot { key: code.key, at: place, lane, attribute: code.attribute, kind };
        }
        Lookup {
            slots: slots.into(),
            links: self.links.into(),
            lists: self.lists.into(),
            dense: self.dense.into(),
            words: words_of(self.rows),
        }
    }

    /// The one link of a code, or one to all of them.
    fn joined(&mut self, group: &[(Code, Link)]) -> Link {
        if let [(_, link)] = group {
            return *link;
        }
        let several: Box<[Link]> = group.iter().map(|(_, link)| *link).collect();
        let at = match self.joined.get(&several) {
            Some(at) => *at,
            None => {
                let at = number(self.links.len());
                self.links.push(Link { at: number(group.len()), lane: 0, kind: Kind::Links });
                self.links.extend(&*several);
                self.joined.insert(several, at);
                at
            }
        };
        Link { at, lane: 0, kind: Kind::Links }
    }
}

/// Words of a bit row over so many rows: whole blocks.
fn words_of(rows: usize) -> usize {
    rows.div_ceil(BLOCK_ROWS) * BLOCK_WORDS
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("an index holds fewer than 2^32 values of its rows")
}
