//! What a field means when its type deviates: the tolerance that real exchanges need, in one place.
//!
//! A value that cannot be read is absent, except where that would permit more: not understanding must never let a
//! bid slip under a floor, past a list of what is allowed, or past a flag that protects somebody.

use bumpalo::collections::Vec as ArenaVec;

use crate::openrtb::json::{Fault, Reader, Scalar};
use crate::units::limits::LIST_MAX;
use crate::units::{Cpm, Decimal, DecimalError, Rounding};

/// Stands for a section of GPP that cannot be read: no list names it, so the strict outcome is taken.
const UNKNOWN_LAW: u32 = u32::MAX;

/// Stands for a text that was sent and cannot be read: no name, seat, domain, type or language is written so.
pub const UNREADABLE: &str = "\0";

/// Stands for a code that was sent and cannot be read, or is out of range: none is known by this number.
pub const UNKNOWN_CODE: u32 = u32::MAX;

impl<'a> Reader<'a> {
    /// A string, or a number as its text; `None` for the empty string and everything else.
    pub(crate) fn text(&mut self) -> Result<Option<&'a str>, Fault> {
        Ok(match self.scalar()? {
            Scalar::Text(text) | Scalar::Number(text) if !text.is_empty() => Some(text),
            _ => None,
        })
    }

    /// As [`Reader::text`], of a text that protects somebody: one that is there and is no text is [`UNREADABLE`].
    pub(crate) fn strict_text(&mut self) -> Result<Option<&'a str>, Fault> {
        Ok(match self.scalar()? {
            Scalar::Null | Scalar::Text("") => None,
            Scalar::Text(text) | Scalar::Number(text) => Some(text),
            Scalar::Bool(_) | Scalar::Nested => Some(UNREADABLE),
        })
    }

    /// A whole number of at least zero: cut at the point, also from text; true is 1 and false 0. A part of one is
    /// one, since zero often stands for no limit. One that is too large is `u32::MAX`: a player as wide as that
    /// takes nothing, and a time as long as that is no limit.
    #[inline]
    pub(crate) fn whole(&mut self) -> Result<Option<u32>, Fault> {
        if let Some(whole) = self.short_whole() {
            return Ok(Some(whole));
        }
        Ok(match self.scalar()? {
            Scalar::Bool(flag) => Some(u32::from(flag)),
            Scalar::Number(text) | Scalar::Text(text) => cut(text.trim()),
            Scalar::Null | Scalar::Nested => None,
        })
    }

    /// As [`Reader::whole`], but rounded up: for what is the least that is allowed.
    pub(crate) fn whole_up(&mut self) -> Result<Option<u32>, Fault> {
        if let Some(whole) = self.short_whole() {
            return Ok(Some(whole));
        }
        Ok(self.integer(Rounding::Up)?.and_then(not_negative))
    }

    /// As [`Reader::whole`], of either sign: cut at the point, towards zero.
    pub(crate) fn signed(&mut self) -> Result<Option<i32>, Fault> {
        let end = |value: i64| if value < 0 { i32::MIN } else { i32::MAX };
        let value = match self.scalar()? {
            Scalar::Bool(flag) => Some(i64::from(flag)),
            Scalar::Number(text) | Scalar::Text(text) => {
                let text = text.trim();
                let rounding = if text.starts_with('-') { Rounding::Up } else { Rounding::Down };
                integer(text, rounding)
            }
            Scalar::Null | Scalar::Nested => None,
        };
        Ok(value.map(|value| i32::try_from(value).unwrap_or(end(value))))
    }

    /// A flag: any number but zero is true, also as text; `true` and `false` as words too. Unreadable ones
    /// count as absent.
    pub(crate) fn flag(&mut self) -> Result<Option<bool>, Fault> {
        self.flag_or(None)
    }

    /// A flag that protects somebody: one that is there and cannot be read counts as raised.
    pub(crate) fn strict_flag(&mut self) -> Result<Option<bool>, Fault> {
        self.flag_or(Some(true))
    }

    fn flag_or(&mut self, unreadable: Option<bool>) -> Result<Option<bool>, Fault> {
        if let Some(whole) = self.short_whole() {
            return Ok(Some(whole != 0));
        }
        Ok(match self.scalar()? {
            Scalar::Bool(flag) => Some(flag),
            Scalar::Text(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Scalar::Text(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            Scalar::Text(text) if text.trim().is_empty() => None,
            Scalar::Number(text) | Scalar::Text(text) => {
                Decimal::parse(text.trim()).map_or(unreadable, |number| Some(!number.is_zero()))
            }
            Scalar::Null => None,
            Scalar::Nested => unreadable,
        })
    }

    /// Numbers of laws in force, as a list or in one text with commas. One that cannot be read counts as a
    /// law that nobody knows, [`UNKNOWN_LAW`].
    pub(crate) fn laws(&mut self) -> Result<&'a [u32], Fault> {
        let mut laws = ArenaVec::new_in(self.arena());
        let law = |text: &str| {
            let text = text.trim();
            let known = || integer(text, Rounding::Up).and_then(|law| u32::try_from(law).ok());
            (!text.is_empty()).then(|| known().unwrap_or(UNKNOWN_LAW))
        };
        let mut one = |json: &mut Self| {
            match json.scalar()? {
                Scalar::Text(text) | Scalar::Number(text) => laws.extend(text.split(',').filter_map(law)),
                Scalar::Bool(_) | Scalar::Nested => laws.push(UNKNOWN_LAW),
                Scalar::Null => {}
            }
            Ok(())
        };
        if self.peek() == Some(b'[') {
            self.array(LIST_MAX, one)?;
        } else {
            one(self)?;
        }
        Ok(laws.into_bump_slice())
    }

    /// A number from `-most` to `most`, such as degrees; `None` outside. A prediction's input, never an amount.
    pub(crate) fn float(&mut self, most: f64) -> Result<Option<f64>, Fault> {
        Ok(match self.scalar()? {
            Scalar::Number(text) | Scalar::Text(text) => {
                text.trim().parse().ok().filter(|number: &f64| number.abs() <= most)
            }
            _ => None,
        })
    }

    /// A floor, rounded up to the micro-unit; `None` if it is not there, zero if it is negative.
    ///
    /// One that is too high or that cannot be read is [`Cpm::MAX`], so that nothing is bid under it.
    pub(crate) fn floor(&mut self) -> Result<Option<Cpm>, Fault> {
        Ok(match self.scalar()? {
            Scalar::Null => None,
            Scalar::Number(text) | Scalar::Text(text) => Some(floor(text.trim())),
            Scalar::Bool(false) => Some(Cpm::ZERO),
            Scalar::Bool(true) | Scalar::Nested => Some(Cpm::MAX),
        })
    }

    /// The currency of a floor: US dollars if absent or empty, and no currency if it cannot be read.
    pub(crate) fn floor_currency(&mut self) -> Result<&'a str, Fault> {
        Ok(match self.scalar()? {
            Scalar::Null | Scalar::Text("") => "USD",
            Scalar::Text(text) | Scalar::Number(text) => text,
            Scalar::Bool(_) | Scalar::Nested => "",
        })
    }

    /// Up to [`LIST_MAX`] elements of an array, not counting those dropped for which `element` has nothing: no
    /// number of them may push out what restricts.
    pub(crate) fn list<T: Copy, F>(&mut self, element: F) -> Result<&'a [T], Fault>
    where
        F: FnMut(&mut Self) -> Result<Option<T>, Fault>,
    {
        self.list_up_to(LIST_MAX, element)
    }

    /// Strings, or one that stands alone.
    pub(crate) fn texts(&mut self) -> Result<&'a [&'a str], Fault> {
        self.one_or_list(LIST_MAX, Self::text)
    }

    /// Strings that are allowed, or one that stands alone. Null and the empty string say nothing, and nor does a list
    /// of them alone; a list of which nothing else can be read is [`UNREADABLE`], for an empty one allows everything.
    pub(crate) fn allowed_texts(&mut self) -> Result<&'a [&'a str], Fault> {
        let mut unreadable = false;
        let texts = self.one_or_list(LIST_MAX, |json| {
            Ok(match json.scalar()? {
                Scalar::Null | Scalar::Text("") => None,
                Scalar::Text(text) | Scalar::Number(text) => Some(text),
                Scalar::Bool(_) | Scalar::Nested => {
                    unreadable = true;
                    None
                }
            })
        })?;
        Ok(if texts.is_empty() && unreadable { &[UNREADABLE] } else { texts })
    }

    /// Strings that must all be heeded, such as blocked domains: only the body's size limits them.
    pub(crate) fn all_texts(&mut self) -> Result<&'a [&'a str], Fault> {
        self.one_or_list(usize::MAX, Self::text)
    }

    /// Codes, or one that stands alone.
    pub(crate) fn wholes(&mut self) -> Result<&'a [u32], Fault> {
        self.one_or_list(LIST_MAX, Self::code)
    }

    /// Codes that must all be heeded, such as blocked attributes.
    pub(crate) fn all_wholes(&mut self) -> Result<&'a [u32], Fault> {
        self.one_or_list(usize::MAX, Self::code)
    }

    /// Codes that are allowed, or one that stands alone: as [`Reader::allowed_texts`], with [`UNKNOWN_CODE`].
    pub(crate) fn allowed_codes(&mut self) -> Result<&'a [u32], Fault> {
        let mut unreadable = false;
        let codes = self.one_or_list(LIST_MAX, |json| {
            if let Some(code) = json.short_whole() {
                return Ok(Some(code));
            }
            let code = match json.scalar()? {
                Scalar::Null => return Ok(None),
                Scalar::Text(text) if text.trim().is_empty() => return Ok(None),
                Scalar::Bool(flag) => Some(u32::from(flag)),
                Scalar::Number(text) | Scalar::Text(text) => code(text),
                Scalar::Nested => None,
            };
            unreadable |= code.is_none();
            Ok(code)
        })?;
        Ok(if codes.is_empty() && unreadable { &[UNKNOWN_CODE] } else { codes })
    }

    /// A whole number, cut at the point, that names something. Out of range it is a code that nobody knows,
    /// [`UNKNOWN_CODE`]: a list of what is taken must not become an empty one, which takes everything.
    pub(crate) fn code(&mut self) -> Result<Option<u32>, Fault> {
        if let Some(whole) = self.short_whole() {
            return Ok(Some(whole));
        }
        Ok(self.integer(Rounding::Down)?.map(|value| u32::try_from(value).unwrap_or(UNKNOWN_CODE)))
    }

    /// Keywords, from one text or several, split at commas and trimmed.
    pub(crate) fn keywords(&mut self) -> Result<&'a [&'a str], Fault> {
        let mut words = ArenaVec::new_in(self.arena());
        for word in self.texts()?.iter().flat_map(|text| text.split(',')) {
            let word = word.trim();
            if !word.is_empty() && words.len() < LIST_MAX {
                words.push(word);
            }
        }
        Ok(words.into_bump_slice())
    }

    fn integer(&mut self, rounding: Rounding) -> Result<Option<i64>, Fault> {
        Ok(match self.scalar()? {
            Scalar::Bool(flag) => Some(i64::from(flag)),
            Scalar::Number(text) => integer(text, rounding),
            Scalar::Text(text) => integer(text.trim(), rounding),
            Scalar::Null | Scalar::Nested => None,
        })
    }

    fn one_or_list<T: Copy, F>(&mut self, most: usize, mut element: F) -> Result<&'a [T], Fault>
    where
        F: FnMut(&mut Self) -> Result<Option<T>, Fault>,
    {
        if self.peek() == Some(b'[') {
            return self.list_up_to(most, element);
        }
        Ok(match element(self)? {
            Some(one) => self.arena().alloc_slice_copy(&[one]),
            None => &[],
        })
    }

    fn list_up_to<T: Copy, F>(&mut self, most: usize, mut element: F) -> Result<&'a [T], Fault>
    where
        F: FnMut(&mut Self) -> Result<Option<T>, Fault>,
    {
        let mut elements = ArenaVec::new_in(self.arena());
        self.array(usize::MAX, |json| {
            if elements.len() == most {
                return json.skip();
            }
            if let Some(element) = element(json)? {
                if elements.is_empty() {
                    elements.reserve(4);
                }
                elements.push(element);
            }
            Ok(())
        })?;
        Ok(elements.into_bump_slice())
    }
}

/// The integer that `text` is a number of, the end of the range if it is beyond.
fn integer(text: &str, rounding: Rounding) -> Option<i64> {
    if let Ok(plain) = text.parse() {
        return Some(plain);
    }
    let number = Decimal::parse(text).ok()?;
    let end = if number.is_negative() { i64::MIN } else { i64::MAX };
    Some(number.scaled(0, rounding).unwrap_or(end))
}

/// As [`Reader::code`].
fn code(text: &str) -> Option<u32> {
    integer(text.trim(), Rounding::Down).map(|value| u32::try_from(value).unwrap_or(UNKNOWN_CODE))
}

fn cut(text: &str) -> Option<u32> {
    match integer(text, Rounding::Down)? {
        0 => integer(text, Rounding::Up).and_then(not_negative),
        value => not_negative(value),
    }
}

fn not_negative(value: i64) -> Option<u32> {
    (value >= 0).then(|| u32::try_from(value).unwrap_or(u32::MAX))
}

fn floor(text: &str) -> Cpm {
    let micros = Decimal::parse(text).and_then(|decimal| decimal.scaled(6, Rounding::Up));
    match micros {
        Ok(micros) => Cpm::from_micros(micros.max(0)).unwrap_or(Cpm::MAX),
        Err(DecimalError::OutOfRange) if text.starts_with('-') => Cpm::ZERO,
        Err(_) => Cpm::MAX,
    }
}
