//! What conversions and events have in common as they arrive in JSON: texts that may be written as numbers, and lists
//! that may be longer than is taken.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A text, or the digits of a number as they were sent: no float ever holds an amount or an order.
pub(in crate::shell) fn digits_or_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let Some(raw) = Option::<&RawValue>::deserialize(deserializer)? else { return Ok(None) };
    match raw.get().as_bytes() {
        [b'"', ..] => serde_json::from_str(raw.get()).map(Some).map_err(D::Error::custom),
        [b'-' | b'0'..=b'9', ..] => Ok(Some(raw.get().to_owned())),
        _ => Err(D::Error::custom(format_args!("{} is neither a text nor a number", raw.get()))),
    }
}

/// The same; empty for `null`.
pub(in crate::shell) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    digits_or_text(deserializer).map(Option::unwrap_or_default)
}

/// The first `most` elements of a list, whatever was sent, and how many were sent; `what` says in errors what list is
/// wanted.
pub(in crate::shell) fn first_of_list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    what: &'static str,
    most: usize,
) -> Result<(Vec<T>, usize), D::Error> {
    deserializer.deserialize_seq(List { what, most, element: PhantomData })
}

struct List<T> {
    what: &'static str,
    most: usize,
    element: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = (Vec<T>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut read, mut sent) = (Vec::new(), 0);
        while sent < self.most {
            let Some(next) = list.next_element()? else { return Ok((read, sent)) };
            read.push(next);
            sent += 1;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            sent += 1;
        }
        Ok((read, sent))
    }
}
