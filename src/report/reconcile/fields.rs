//! One line of a separated file to its fields.

use std::borrow::Cow;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Fields of a line that are looked at: exports have some dozens.
const FIELDS_MAX: usize = 1_024;

/// What a text comes to as a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// A line, whose fields are in [`Fields`].
    Whole,
    /// A quote is still open: the line may go on behind the line break.
    Open,
    /// No line that can be told into fields.
    Broken,
}

/// The fields of the line that was split last.
#[derive(Debug)]
pub struct Fields {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Fields {
    /// Splits at `separator`, a byte of ASCII.
    #[must_use]
    pub fn new(separator: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(separator).build();
        Self { reader, text: Vec::new(), ends: vec![0; FIELDS_MAX], count: 0 }
    }

    /// Splits `line`, which ends without its line break. Quotes hold what they enclose together, and a doubled
    /// quote within them is one.
    pub fn split(&mut self, line: &[u8]) -> Split {
        self.count = 0;
        self.text.clear();
        self.text.resize(line.len() + 1, 0);
        self.reader.reset();
        let (first, read, written, ends) = self.reader.read_record(line, &mut self.text, &mut self.ends);
        // A line break of its own ends the record; what comes before it must not have ended one.
        match first {
            ReadRecordResult::InputEmpty => {}
            // Nothing in it: the reader passes over it.
            ReadRecordResult::End => return Split::Whole,
            ReadRecordResult::Record | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                return Split::Broken;
            }
        }
        debug_assert_eq!(read, line.len(), "an empty input was read");
        let (text, places) = (&mut self.text[written..], &mut self.ends[ends..]);
        let (last, _, _, more) = self.reader.read_record(b"\n", text, places);
        match last {
            ReadRecordResult::Record => {
                self.count = ends + more;
                Split::Whole
            }
            // Within quotes the break is part of the field.
            ReadRecordResult::InputEmpty if written + ends + line.len() > 0 && !is_blank(line) => Split::Open,
            ReadRecordResult::InputEmpty | ReadRecordResult::End => Split::Whole,
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => Split::Broken,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The field at `at` without spaces around it; empty if the line is shorter.
    #[must_use]
    pub fn get(&self, at: usize) -> Cow<'_, str> {
        if at >= self.count {
            return Cow::Borrowed("");
        }
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        let text = String::from_utf8_lossy(&self.text[start..self.ends[at]]);
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        }
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, str>> {
        (0..self.count).map(|at| self.get(at))
    }

    /// True if no field holds anything.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.iter().all(|field| field.is_empty())
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::{Fields, Split};

    #[track_caller]
    fn check(line: &str, split: Split, want: &[&str]) {
        let mut fields = Fields::new(b',');
        assert_eq!(fields.split(line.as_bytes()), split, "{line:?}");
        assert_eq!(fields.iter().collect::<Vec<_>>(), want, "{line:?}");
    }

    #[test]
    fn quotes_hold_a_field_together() {
        check("a,b", Split::Whole, &["a", "b"]);
        check("\"1,234.56\", x ,", Split::Whole, &["1,234.56", "x", ""]);
        check("\"say \"\"so\"\"\",2", Split::Whole, &["say \"so\"", "2"]);
        check("5\" screen,2", Split::Whole, &["5\" screen", "2"]);
        check("\"two\nlines\",2", Split::Whole, &["two\nlines", "2"]);
        check("", Split::Whole, &[]);
        check(",,", Split::Whole, &["", "", ""]);
    }

    #[test]
    fn an_open_quote_and_a_broken_line_are_told() {
        check("a,\"b", Split::Open, &[]);
        check("a,b\rc,d", Split::Broken, &[]);
        check(&",".repeat(2_000), Split::Broken, &[]);
    }

    #[test]
    fn one_line_leaves_nothing_to_the_next() {
        let mut fields = Fields::new(b';');
        assert_eq!(fields.split(b"a;\"b"), Split::Open);
        assert_eq!(fields.split(b"c;d;e"), Split::Whole);
        assert_eq!(fields.iter().collect::<Vec<_>>(), ["c", "d", "e"]);
        assert_eq!((fields.get(9).as_ref(), fields.is_blank()), ("", false));
    }
}
