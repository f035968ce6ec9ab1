//! Scalars and lists of a document, with their ranges checked.

use std::ops::RangeInclusive;

use jsonc_parser::ast::Value;

use crate::document::node::quoted;
use crate::document::{Faults, Node, suggestion};
use crate::units::{Decimal, DecimalError, Millis, Rounding};

/// Characters of what was written that a message repeats.
const ECHO_CHARS_MAX: usize = 60;

impl<'d> Node<'d> {
    /// What was written, short enough for a message: `-5`, `"spring"`, `a list`.
    #[must_use]
    pub fn echo(self) -> String {
        let cut = |text: &str| match text.char_indices().nth(ECHO_CHARS_MAX) {
            Some((at, _)) => format!("{}...", &text[..at]),
            None => text.to_string(),
        };
        match self.value() {
            Value::StringLit(lit) => format!("\"{}\"", cut(&lit.value)),
            Value::NumberLit(lit) => cut(lit.value),
            _ => self.kind().to_string(),
        }
    }

    /// The text here.
    pub fn text(self, faults: &mut Faults) -> Option<&'d str> {
        match self.value() {
            Value::StringLit(lit) => Some(&lit.value),
            _ => faults.refuse(self.wrong_type("a text")),
        }
    }

    /// The text here, of 1 to `chars_max` characters, none of them a control character.
    pub fn line(self, chars_max: usize, faults: &mut Faults) -> Option<&'d str> {
        let text = self.text(faults)?;
        let chars = text.chars().count();
        if text.trim().is_empty() {
            faults.refuse(self.error("must not be empty"))
        } else if chars > chars_max {
            faults.refuse(self.error(format!("has {chars} characters, at most {chars_max} are allowed")))
        } else if text.chars().any(char::is_control) {
            faults.refuse(self.error("must not contain line breaks or control characters"))
        } else {
            Some(text)
        }
    }

    /// The slug here: 1 to 64 lower-case letters, digits, `-` and `_`.
    pub fn slug(self, faults: &mut Faults) -> Option<&'d str> {
        let text = self.text(faults)?;
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if !text.is_empty() && text.len() <= 64 && text.bytes().all(fits) {
            return Some(text);
        }
        let fault = self.error(format!("is not an id, got {}", self.echo()));
        faults.refuse(fault.hint("an id has 1 to 64 lower-case letters, digits, `-` and `_`"))
    }

    /// True or false.
    pub fn flag(self, faults: &mut Faults) -> Option<bool> {
        match self.value() {
            Value::BooleanLit(lit) => Some(lit.value),
            _ => faults.refuse(self.wrong_type("true or false")),
        }
    }

    /// The text of the number here, as written; a text that holds a number will do.
    pub fn number_text(self, faults: &mut Faults) -> Option<&'d str> {
        let text = match self.value() {
            Value::NumberLit(lit) => lit.value,
            Value::StringLit(lit) if Decimal::parse(&lit.value) != Err(DecimalError::NotANumber) => {
                &lit.value
            }
            _ => return faults.refuse(self.wrong_type("a number")),
        };
        Some(text)
    }

    /// The number here in units of `10^-scale`, exact.
    pub fn scaled(self, scale: i32, faults: &mut Faults) -> Option<i64> {
        let text = self.number_text(faults)?;
        match Decimal::parse(text).and_then(|decimal| decimal.scaled(scale, Rounding::Exact)) {
            Ok(scaled) => Some(scaled),
            Err(DecimalError::TooPrecise) if scale == 0 => {
                faults.refuse(self.error(format!("must be a whole number, got {}", self.echo())))
            }
            Err(DecimalError::TooPrecise) => {
                let problem = format!("has more than {scale} decimals: {}", self.echo());
                faults.refuse(self.error(problem).hint("numbers are exact here, nothing is rounded"))
            }
            Err(DecimalError::OutOfRange | DecimalError::NotANumber) => {
                faults.refuse(self.error(format!("is too large, got {}", self.echo())))
            }
        }
    }

    /// The whole number here, within `range`.
    pub fn integer(self, range: RangeInclusive<u32>, faults: &mut Faults) -> Option<u32> {
        let number = self.scaled(0, faults)?;
        match u32::try_from(number) {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (low, high) = (range.start(), range.end());
                faults.refuse(self.error(format!("must be from {low} to {high}, got {}", self.echo())))
            }
        }
    }

    /// The number here as a float, within `range`: for places and expectations, never for amounts.
    pub fn float(self, range: RangeInclusive<f64>, faults: &mut Faults) -> Option<f64> {
        let number = self.number_text(faults)?.parse::<f64>().ok();
        match number {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                let (low, high) = (range.start(), range.end());
                faults.refuse(self.error(format!("must be from {low} to {high}, got {}", self.echo())))
            }
        }
    }

    /// What the text here stands for, by `words`.
    pub fn choice<T: Copy>(self, words: &[(&'static str, T)], faults: &mut Faults) -> Option<T> {
        let text = self.text(faults)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let fault = self.error(format!("must be one of {}, got {}", quoted(&known), self.echo()));
        faults.refuse(match suggestion(text, known.iter().copied()) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault,
        })
    }

    /// The span above 0 here, written as a whole number of seconds, minutes, hours or days: `30d`.
    pub fn span(self, faults: &mut Faults) -> Option<Millis> {
        const SECONDS: [(char, i64); 4] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
        let text = self.text(faults)?;
        let parse = |(unit, seconds): (char, i64)| {
            let digits = text.strip_suffix(unit)?;
            let fits = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<i64>().ok().filter(|count| fits && *count > 0).map(|count| count * seconds)
        };
        let span = SECONDS.into_iter().find_map(parse).map(Millis::from_seconds);
        span.or_else(|| {
            let fault = self.error(format!("must be a span of time above 0, got {}", self.echo()));
            faults.refuse(fault.hint("a whole number and s, m, h or d: `90s`, `10m`, `6h`, `30d`"))
        })
    }

    /// The elements of the list here.
    pub fn list(self, faults: &mut Faults) -> Option<Vec<Node<'d>>> {
        match self.value() {
            Value::Array(array) => Some(array.elements.iter().map(|element| self.at(element)).collect()),
            _ => faults.refuse(self.wrong_type("a list")),
        }
    }

    /// The elements of the list here, at least one; or the value itself where a list may be left out.
    pub fn one_or_more(self, faults: &mut Faults) -> Option<Vec<Node<'d>>> {
        match self.value() {
            Value::Array(array) if array.elements.is_empty() => {
                faults.refuse(self.error("must not be an empty list"))
            }
            Value::Array(_) => self.list(faults),
            _ => Some(vec![self]),
        }
    }
}
