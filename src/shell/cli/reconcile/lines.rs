//! The lines of a file, one at a time and each of bounded length, however long the file is.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use crate::report::reconcile::{Fields, Split, Unreadable, Why};
use crate::units::limits;

/// Reads lines.
#[derive(Debug)]
pub struct Lines<R> {
    from: R,
    /// Lines that were looked at in vain for the end of a quoted text.
    ahead: VecDeque<Physical>,
    /// The number of the line that was read last.
    number: u64,
    /// Bytes that were read.
    pub read: u64,
}

/// A line of the file as it stands there, without its end.
#[derive(Debug)]
pub struct Physical {
    /// From 1.
    pub number: u64,
    /// What stands on it, cut at the longest that is read.
    pub text: Vec<u8>,
    /// True if there was more.
    pub cut: bool,
}

impl<R: BufRead> Lines<R> {
    /// From the start of a file. A byte order mark is passed over.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn new(mut from: R) -> io::Result<Self> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let mark = if from.fill_buf()?.starts_with(MARK) { MARK.len() } else { 0 };
        from.consume(mark);
        Ok(Self { from, ahead: VecDeque::new(), number: 0, read: mark as u64 })
    }

    /// The next line as it stands there.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn physical(&mut self) -> io::Result<Option<Physical>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let mut text = Vec::new();
        let longest = limits::RECONCILE_LINE_BYTES_MAX as u64;
        let taken = io::Read::take(&mut self.from, longest).read_until(b'\n', &mut text)? as u64;
        if taken == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.read += taken;
        let mut cut = false;
        if text.last() == Some(&b'\n') {
            text.pop();
            if text.last() == Some(&b'\r') {
                text.pop();
            }
        } else if taken == longest {
            let rest = self.from.skip_until(b'\n')? as u64;
            self.read += rest;
            cut = rest > 0;
        }
        Ok(Some(Physical { number: self.number, text, cut }))
    }

    /// The number of the next line and whether it is split into `fields`; a quoted text may go over some lines.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn split(&mut self, fields: &mut Fields) -> io::Result<Option<(u64, Result<(), Unreadable>)>> {
        let Some(first) = self.physical()? else { return Ok(None) };
        let wrong = |why| Some((first.number, Err(Unreadable::whole(&first.text, why))));
        if first.cut {
            return Ok(wrong(Why::TooLong));
        }
        match fields.split(&first.text) {
            Split::Whole => return Ok(Some((first.number, Ok(())))),
            Split::Broken => return Ok(wrong(Why::Broken)),
            Split::Open => {}
        }
        let mut whole = first.text.clone();
        let mut others = Vec::new();
        while others.len() < limits::RECONCILE_LINES_JOINED_MAX {
            let Some(next) = self.physical()? else { break };
            whole.push(b'\n');
            whole.extend_from_slice(&next.text);
            let cut = next.cut;
            others.push(next);
            match fields.split(&whole) {
                Split::Whole => return Ok(Some((first.number, Ok(())))),
                Split::Open if !cut => {}
                Split::Open | Split::Broken => break,
            }
        }
        // The quote was a slip: it takes its own line with it and no other.
        for line in others.into_iter().rev() {
            self.ahead.push_front(line);
        }
        Ok(wrong(Why::OpenQuote))
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use crate::report::reconcile::Fields;
    use crate::units::limits;

    /// Numbers and fields of every line, or why it is none.
    #[track_caller]
    fn check(text: &str, want: &[(u64, &str)]) {
        let (mut lines, mut fields) = (Lines::new(text.as_bytes()).unwrap(), Fields::new(b','));
        let mut found = Vec::new();
        while let Some((number, split)) = lines.split(&mut fields).unwrap() {
            let told = match split {
                Ok(()) => fields.iter().collect::<Vec<_>>().join("|"),
                Err(wrong) => wrong.why.to_string(),
            };
            found.push((number, told));
        }
        let want: Vec<_> = want.iter().map(|(number, told)| (*number, (*told).to_owned())).collect();
        assert_eq!(found, want, "{text:?}");
        assert_eq!(lines.read, text.len() as u64, "{text:?}");
    }

    #[test]
    fn every_end_of_a_line_is_one() {
        check("\u{feff}a,b\r\nc,d\n\ne", &[(1, "a|b"), (2, "c|d"), (3, ""), (4, "e")]);
        check("", &[]);
    }

    #[test]
    fn a_quoted_text_goes_over_lines_and_an_open_quote_costs_its_own_line_only() {
        check("\"a\nb\",1\nc,2\n", &[(1, "a\nb|1"), (3, "c|2")]);
        check("\"a,1\nb,2\nc,3\n", &[(1, "a quote is opened and never closed"), (2, "b|2"), (3, "c|3")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let long = "x".repeat(limits::RECONCILE_LINE_BYTES_MAX + 5);
        check(&format!("{long}\na,b\n"), &[(1, "the line is too long"), (2, "a|b")]);
    }
}
