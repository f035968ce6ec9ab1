//! A validating pull reader of JSON: one pass over the bytes, nothing allocated outside the arena.
//!
//! The decoders call it for what they want and skip the rest; what is skipped is still checked, so
//! that half a document is never taken for a whole one. Skipping is a loop with its open containers in
//! the bits of one integer: no document, however deep, can exhaust the stack. Deliberately absent: a
//! tree of values, and numbers as floats.

use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;

use crate::units::limits::JSON_DEPTH_MAX;

const _: () = assert!(JSON_DEPTH_MAX <= 128, "`skip` keeps one bit a container in a u128");

/// Why a text is not JSON that we read, and the byte at which that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Against the grammar of RFC 8259.
    NotJson { at: usize },
    /// Nested deeper than [`JSON_DEPTH_MAX`].
    TooDeep { at: usize },
}

/// A value that holds no other, or `Nested` for one that does, which is then behind us.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// Its text, which follows the grammar of numbers.
    Number(&'a str),
    /// Unescaped.
    Text(&'a str),
    Nested,
}

/// A position in a JSON text. Every method expects to stand before a value and leaves it behind.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    arena: &'a Bump,
}

impl<'a> Reader<'a> {
    /// A reader before the value that `text` is; unescaped strings and lists go to `arena`.
    pub(crate) fn new(text: &'a str, arena: &'a Bump) -> Self {
        Self { text, at: 0, depth: 0, arena }
    }

    /// Where strings and lists of this text are kept.
    pub(crate) fn arena(&self) -> &'a Bump {
        self.arena
    }

    /// Checks that nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault()),
        }
    }

    /// The first byte of the next token, white space skipped; `None` at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Calls `field` with each key of an object, in order; it must read or skip the value.
    ///
    /// False, and the value skipped, if it is not an object.
    pub(crate) fn object<F>(&mut self, mut field: F) -> Result<bool, Fault>
    where
        F: FnMut(&mut Self, &'a [u8]) -> Result<(), Fault>,
    {
        if self.peek() != Some(b'{') {
            self.skip()?;
            return Ok(false);
        }
        self.enter()?;
        if self.leaves(b'}') {
            return Ok(true);
        }
        loop {
            let key = self.key()?;
            field(self, key.as_bytes())?;
            if self.leaves(b'}') {
                return Ok(true);
            }
            self.take(b',')?;
        }
    }

    /// Calls `element` before each of the first `most` elements of an array; it must read or skip it.
    ///
    /// False, and the value skipped, if it is not an array.
    pub(crate) fn array<F>(&mut self, most: usize, mut element: F) -> Result<bool, Fault>
    where
        F: FnMut(&mut Self) -> Result<(), Fault>,
    {
        if self.peek() != Some(b'[') {
            self.skip()?;
            return Ok(false);
        }
        self.enter()?;
        if self.leaves(b']') {
            return Ok(true);
        }
        let mut left = most;
        loop {
            if left > 0 {
                left -= 1;
                element(self)?;
            } else {
                self.skip()?;
            }
            if self.leaves(b']') {
                return Ok(true);
            }
            self.take(b',')?;
        }
    }

    /// The next value.
    pub(crate) fn scalar(&mut self) -> Result<Scalar<'a>, Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(Scalar::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Scalar::Number),
            Some(b't') => self.word("true").map(|()| Scalar::Bool(true)),
            Some(b'f') => self.word("false").map(|()| Scalar::Bool(false)),
            Some(b'n') => self.word("null").map(|()| Scalar::Null),
            _ => self.skip().map(|()| Scalar::Nested),
        }
    }

    /// Leaves the next value behind, whatever it is, checked.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        // The lowest bit tells whether the innermost container opened here is an object.
        let mut objects = 0u128;
        let mut open = 0usize;
        loop {
            let opened = match self.peek() {
                Some(b'"') => self.skip_string().map(|()| false),
                Some(b'-' | b'0'..=b'9') => self.number().map(|_| false),
                Some(b't') => self.word("true").map(|()| false),
                Some(b'f') => self.word("false").map(|()| false),
                Some(b'n') => self.word("null").map(|()| false),
                Some(bracket @ (b'{' | b'[')) => {
                    self.enter()?;
                    open += 1;
                    objects = objects << 1 | u128::from(bracket == b'{');
                    Ok(true)
                }
                _ => Err(self.fault()),
            }?;
            let mut first = opened;
            while open > 0 {
                let object = objects & 1 == 1;
                if self.leaves(if object { b'}' } else { b']' }) {
                    open -= 1;
                    objects >>= 1;
                    first = false;
                    continue;
                }
                if !first {
                    self.take(b',')?;
                }
                if object {
                    self.skip_key()?;
                }
                break;
            }
            if open == 0 {
                return Ok(());
            }
        }
    }

    fn fault(&self) -> Fault {
        Fault::NotJson { at: self.at }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over the opening bracket.
    fn enter(&mut self) -> Result<(), Fault> {
        if self.depth == JSON_DEPTH_MAX {
            return Err(Fault::TooDeep { at: self.at });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Steps over the closing `bracket`, if it comes next.
    #[inline]
    fn leaves(&mut self, bracket: u8) -> bool {
        let leaves = self.peek() == Some(bracket);
        if leaves {
            self.depth -= 1;
            self.at += 1;
        }
        leaves
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(self.fault());
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault());
        }
        self.at += word.len();
        Ok(())
    }

    fn key(&mut self) -> Result<&'a str, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault());
        }
        let key = self.string()?;
        self.take(b':')?;
        Ok(key)
    }

    fn skip_key(&mut self) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault());
        }
        self.skip_string()?;
        self.take(b':')
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        if self.at == start { Err(self.fault()) } else { Ok(()) }
    }

    /// The string whose opening quote is next: a piece of the text, or unescaped into the arena.
    fn string(&mut self) -> Result<&'a str, Fault> {
        let start = self.at + 1;
        self.at = plain_end(self.text.as_bytes(), start);
        if self.byte() == Some(b'"') {
            self.at += 1;
            return Ok(&self.text[start..self.at - 1]);
        }
        let mut unescaped = ArenaString::with_capacity_in(2 * (self.at - start) + 16, self.arena);
        let mut plain = start;
        loop {
            unescaped.push_str(&self.text[plain..self.at]);
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(unescaped.into_bump_str());
                }
                Some(b'\\') => unescaped.push(self.escape()?),
                _ => return Err(self.fault()),
            }
            plain = self.at;
            self.at = plain_end(self.text.as_bytes(), plain);
        }
    }

    fn skip_string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            self.at = plain_end(self.text.as_bytes(), self.at);
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.escape()?;
                }
                _ => return Err(self.fault()),
            }
        }
    }

    /// The character of the escape whose backslash is next. Half a surrogate pair stands for no
    /// character: it becomes U+FFFD, since the grammar allows it and exchanges cut strings anywhere.
    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let plain = match self.byte() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.fault()),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let unit = self.hex4()?;
        if let 0xD800..=0xDBFF = unit
            && self.text.as_bytes()[self.at..].starts_with(b"\\u")
        {
            let behind_first = self.at;
            self.at += 2;
            if let low @ 0xDC00..=0xDFFF = self.hex4()? {
                let code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(code).expect("a pair of surrogates is a character"));
            }
            self.at = behind_first;
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            value = value << 4 | digit.ok_or(self.fault())?;
            self.at += 1;
        }
        Ok(value)
    }
}

/// The first position from `from` on that holds a quote, a backslash or a control character, or the
/// end: what is before it stands in a JSON string as it is. Eight bytes at a time.
#[inline]
pub(crate) fn plain_end(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let chunk = u64::from_le_bytes(*chunk);
        let quote = chunk ^ (ONES * 0x22);
        let backslash = chunk ^ (ONES * 0x5C);
        // A borrow may mark a byte wrongly, but only above one that is marked rightly.
        let marks = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (chunk.wrapping_sub(ONES * 0x20) & !chunk);
        let marks = marks & HIGHS;
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        at += 1;
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests;
