//! Requests broken as real ones are, and worse: other types, other nesting, cut, doubled, deep and huge.
//!
//! Mutations work on the bytes and know where the values stand, also in what is no JSON any more, so that they
//! can be heaped. Deliberately absent: what a reader should make of it.

mod spans;

use rand::{Rng, RngExt};

use crate::sim::mutate::spans::{Kind, Span, spans};

/// A way to break a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mutation {
    /// `300` becomes `300.0`, `3e2` or `300.5`.
    Float,
    /// `1` becomes `"1"`.
    Quoted,
    /// `"7"` becomes `7`.
    Unquoted,
    /// A number becomes `true` or `false`.
    Bool,
    /// Anything becomes `null`.
    Null,
    /// Anything becomes a list of itself.
    Listed,
    /// A list or an object becomes what it holds first.
    Unlisted,
    /// Anything becomes one of a list of things that stand there wrongly.
    Foreign,
    /// Two values stand in each other's place.
    Swapped,
    /// A member or an element is gone.
    Dropped,
    /// A member stands twice, the second time with another value.
    Doubled,
    /// An element of a list stands many times: the same impression again and again.
    Repeated,
    /// A field that nobody knows.
    Unknown,
    /// A text spelt in escapes.
    Escaped,
    /// The JSON inside a text has other types in its turn: a native request.
    Inside,
    /// A number that no integer holds, and perhaps no float.
    Huge,
    /// A text or a list of up to 64 kB.
    Long,
    /// Brackets in brackets, around the depth that is read or 100,000 of them.
    Deep,
    /// Half of a surrogate pair.
    HalfSurrogate,
    /// Cut at any byte.
    Truncated,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// Some bits of some bytes turned.
    Flipped,
}

/// What stands where it should not.
const FOREIGN: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "0.5",
    "-0.5",
    "-0.0",
    "1e308",
    "1e-308",
    "18446744073709551616",
    "\"\"",
    "\"1\"",
    "\" \"",
    "\"-1.5\"",
    "\"0.5\"",
    "\"yes\"",
    "\" TRUE \"",
    "\"a,b, ,c\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"<]]>&\"",
    "[]",
    "[null]",
    "[[]]",
    "[1,\"2\",null]",
    "{}",
    "{\"id\":\"1\"}",
    "[{}]",
    "{\"\":{}}",
];

/// Numbers at the ends of what can be held.
const HUGE: &[&str] = &[
    "1e400",
    "-1e400",
    "1e-400",
    "9999999999999999999999999999999999999999999999999",
    "0.0000000000000000000000000000000000000000000000000000001",
    "1e99999999999",
    "4294967296",
    "-9223372036854775809",
    "1000000.000001",
    "999999.9999999",
];

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Float,
        Self::Quoted,
        Self::Unquoted,
        Self::Bool,
        Self::Null,
        Self::Listed,
        Self::Unlisted,
        Self::Foreign,
        Self::Swapped,
        Self::Dropped,
        Self::Doubled,
        Self::Repeated,
        Self::Unknown,
        Self::Escaped,
        Self::Inside,
        Self::Huge,
        Self::Long,
        Self::Deep,
        Self::HalfSurrogate,
        Self::Truncated,
        Self::NotUtf8,
        Self::Flipped,
    ];

    /// Those that leave JSON to be JSON that every reader takes.
    pub const OF_TYPES: &[Self] = Self::ALL.split_at(15).0;

    /// `body` broken this way; `None` where there is nothing to break.
    pub fn apply(self, body: &[u8], random: &mut impl Rng) -> Option<Vec<u8>> {
        let spans = spans(body);
        let any = |random: &mut _| one_of(&spans, random, |_| true);
        let of = |random: &mut _, kind: Kind| one_of(&spans, random, |span| span.kind == kind);
        match self {
            Self::Float => {
                let whole = |span: &Span| {
                    let digits =
                        body[span.start..span.end].iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9'));
                    span.kind == Kind::Number && digits
                };
                let form = choose(&[".0", ".5", "e2", "E-1", ".000"], random);
                one_of(&spans, random, whole).map(|span| insert(body, span.end, form.as_bytes()))
            }
            Self::Quoted => of(random, Kind::Number).map(|span| around(body, span, "\"", "\"")),
            Self::Unquoted => of(random, Kind::Text).map(|span| {
                let inner = &body[span.start + 1..(span.end - 1).max(span.start + 1)];
                let digits = inner.iter().all(u8::is_ascii_digit) && matches!(inner, [b'1'..=b'9', ..]);
                put(body, span, if digits { inner } else { b"7" })
            }),
            Self::Bool => {
                let word = if random.random() { "true" } else { "false" };
                of(random, Kind::Number).map(|span| put(body, span, word.as_bytes()))
            }
            Self::Null => any(random).map(|span| put(body, span, b"null")),
            Self::Listed => any(random).map(|span| around(body, span, "[", "]")),
            Self::Unlisted => unlisted(body, &spans, random),
            Self::Foreign => any(random).map(|span| put(body, span, choose(FOREIGN, random).as_bytes())),
            Self::Swapped => swapped(body, &spans, random),
            Self::Dropped => {
                one_of(&spans, random, |span| span.parent.is_some()).map(|span| dropped(body, span))
            }
            Self::Doubled => doubled(body, &spans, random),
            Self::Repeated => repeated(body, &spans, random),
            Self::Unknown => of(random, Kind::Object).map(|span| {
                let value = choose(FOREIGN, random);
                let comma = if is_empty(body, span) { "" } else { "," };
                let field = format!("\"x_{}\":{value}{comma}", random.random_range(0..1_000));
                insert(body, span.start + 1, field.as_bytes())
            }),
            Self::Escaped => of(random, Kind::Text).map(|span| escaped(body, span)),
            Self::Inside => inside(body, &spans, random),
            Self::Huge => {
                of(random, Kind::Number).map(|span| put(body, span, choose(HUGE, random).as_bytes()))
            }
            Self::Long => any(random).map(|span| put(body, span, &long(random))),
            Self::Deep => any(random).map(|span| put(body, span, &deep(random))),
            Self::HalfSurrogate => of(random, Kind::Text).map(|span| {
                let half = choose(&["\\ud83d", "\\udc00", "\\uD83D\\u0041", "\\ud83d\\ud83d\\ude00"], random);
                insert(body, span.start + 1, half.as_bytes())
            }),
            Self::Truncated => Some(body[..at(body.len(), random)].to_vec()),
            Self::NotUtf8 => {
                let bytes: &[&[u8]] =
                    &[b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"];
                Some(insert(body, at(body.len(), random), choose(bytes, random)))
            }
            Self::Flipped => Some(flipped(body, random)),
        }
    }
}

/// `body` broken in one to three of `ways`, one after the other.
pub fn mutate(body: &[u8], ways: &[Mutation], random: &mut impl Rng) -> Vec<u8> {
    let mut broken = body.to_vec();
    for _ in 0..random.random_range(1..=3) {
        if let Some(next) = choose(ways, random).apply(&broken, random) {
            broken = next;
        }
    }
    broken
}

fn choose<T: Copy>(list: &[T], random: &mut impl Rng) -> T {
    list[random.random_range(0..list.len())]
}

/// A position in `length` bytes.
fn at(length: usize, random: &mut impl Rng) -> usize {
    random.random_range(0..length.max(1)).min(length)
}

fn one_of(spans: &[Span], random: &mut impl Rng, fits: impl Fn(&Span) -> bool) -> Option<Span> {
    let count = spans.iter().filter(|span| fits(span)).count();
    let nth = random.random_range(0..count.max(1));
    spans.iter().filter(|span| fits(span)).nth(nth).copied()
}

/// `body` with `new` in the place of `span`.
fn put(body: &[u8], span: Span, new: &[u8]) -> Vec<u8> {
    [&body[..span.start], new, &body[span.end..]].concat()
}

fn insert(body: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    [&body[..at], new, &body[at..]].concat()
}

fn around(body: &[u8], span: Span, before: &str, behind: &str) -> Vec<u8> {
    put(body, span, &[before.as_bytes(), &body[span.start..span.end], behind.as_bytes()].concat())
}

/// True for `{}`, `[]`, and both with white space inside.
fn is_empty(body: &[u8], span: Span) -> bool {
    let inner = body.get(span.start + 1..span.end.saturating_sub(1)).unwrap_or_default();
    inner.iter().all(u8::is_ascii_whitespace)
}

fn unlisted(body: &[u8], spans: &[Span], random: &mut impl Rng) -> Option<Vec<u8>> {
    let child = one_of(spans, random, |span| span.parent.is_some())?;
    let parent = spans[child.parent?];
    Some(put(body, parent, &body[child.start..child.end]))
}

fn swapped(body: &[u8], spans: &[Span], random: &mut impl Rng) -> Option<Vec<u8>> {
    let one = one_of(spans, random, |_| true)?;
    let other = one_of(spans, random, |span| span.end <= one.start || one.end <= span.start)?;
    let (first, second) = if one.start < other.start { (one, other) } else { (other, one) };
    let parts = [
        &body[..first.start],
        &body[second.start..second.end],
        &body[first.end..second.start],
        &body[first.start..first.end],
        &body[second.end..],
    ];
    Some(parts.concat())
}

/// `body` without `span`, its key and one of the commas beside it.
fn dropped(body: &[u8], span: Span) -> Vec<u8> {
    let white = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = span.key.unwrap_or(span.start);
    let behind = span.end + white(&body[span.end..]);
    if body.get(behind) == Some(&b',') {
        return [&body[..start], &body[behind + 1..]].concat();
    }
    let before = start - body[..start].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    let before = if before > 0 && body[before - 1] == b',' { before - 1 } else { start };
    [&body[..before], &body[span.end..]].concat()
}

fn doubled(body: &[u8], spans: &[Span], random: &mut impl Rng) -> Option<Vec<u8>> {
    let span = one_of(spans, random, |span| span.key.is_some())?;
    let key = &body[span.key?..span.start];
    let other = one_of(spans, random, |_| true)?;
    let value = match random.random() {
        true => &body[other.start..other.end],
        false => choose(FOREIGN, random).as_bytes(),
    };
    Some(insert(body, span.end, &[b",", key, value].concat()))
}

fn repeated(body: &[u8], spans: &[Span], random: &mut impl Rng) -> Option<Vec<u8>> {
    let in_list = |span: &Span| span.parent.is_some_and(|parent| spans[parent].kind == Kind::List);
    let span = one_of(spans, random, in_list)?;
    let element = [b",", &body[span.start..span.end]].concat();
    let most = (64 * 1024 / element.len()).clamp(1, 1_500);
    let times = if random.random() { random.random_range(1..=2) } else { random.random_range(1..=most) };
    Some(insert(body, span.end, &element.repeat(times)))
}

/// Every letter and digit of a text as `\u0061`.
fn escaped(body: &[u8], span: Span) -> Vec<u8> {
    let mut out = Vec::with_capacity(6 * (span.end - span.start));
    let mut bytes = body[span.start..span.end].iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                out.push(b'\\');
                let next = bytes.next();
                out.extend(next);
                // The digits of an escape that is there already.
                let digits = if next == Some(&b'u') { 4 } else { 0 };
                out.extend(bytes.by_ref().take(digits));
            }
            byte if byte.is_ascii_alphanumeric() => {
                out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            }
            _ => out.push(*byte),
        }
    }
    put(body, span, &out)
}

fn inside(body: &[u8], spans: &[Span], random: &mut impl Rng) -> Option<Vec<u8>> {
    let holds = |span: &Span| span.kind == Kind::Text && body[span.start..].starts_with(b"\"{\\\"");
    let span = one_of(spans, random, holds)?;
    let text: String = serde_json::from_slice(&body[span.start..span.end]).ok()?;
    let broken = choose(Mutation::OF_TYPES, random).plain()?.apply(text.as_bytes(), random)?;
    let broken = serde_json::to_vec(&String::from_utf8_lossy(&broken)).ok()?;
    Some(put(body, span, &broken))
}

impl Mutation {
    /// Itself, unless it looks inside a text.
    fn plain(self) -> Option<Self> {
        (self != Self::Inside).then_some(self)
    }
}

fn long(random: &mut impl Rng) -> Vec<u8> {
    let elements = ["1,", "\"a\",", "{},", "[],", "null,", "{\"id\":\"1\"},", "{\"w\":1},"];
    let bytes = random.random_range(1..64 * 1024);
    if random.random() {
        let element = choose(&elements, random);
        let mut list = [b"[", element.repeat(bytes / element.len() + 1).as_bytes()].concat();
        list.pop();
        list.push(b']');
        list
    } else {
        [b"\"", "x, ".repeat(bytes / 3).as_bytes(), b"\""].concat()
    }
}

fn deep(random: &mut impl Rng) -> Vec<u8> {
    let depth = if random.random_bool(0.1) { 100_000 } else { random.random_range(100..140) };
    let (open, close) = choose(&[("[", "]"), ("{\"a\":", "}"), ("{\"ext\":", "}")], random);
    let closed = if random.random_bool(0.8) { depth } else { random.random_range(0..depth) };
    [open.repeat(depth), "1".to_owned(), close.repeat(closed)].concat().into_bytes()
}

fn flipped(body: &[u8], random: &mut impl Rng) -> Vec<u8> {
    let mut out = body.to_vec();
    for _ in 0..random.random_range(1..=8) {
        let at = at(out.len(), random);
        if let Some(byte) = out.get_mut(at) {
            *byte ^= 1 << random.random_range(0..8);
        }
    }
    out
}

#[cfg(test)]
mod tests;
