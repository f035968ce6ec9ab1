//! JSON as a tree, by serde_json, with what its own `Value` would lose: numbers as they were written, members
//! that stand twice, halves of surrogate pairs as U+FFFD.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    Text(String),
    List(Vec<Self>),
    /// In order, repeated ones too.
    Object(Vec<(String, Self)>),
}

static NULL: Tree = Tree::Null;

impl Tree {
    /// The value that `text` is.
    ///
    /// # Errors
    ///
    /// What `serde_json` says against it; it does not mind depth.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str::<IgnoredAny>(text)?;
        Self::of(serde_json::from_str::<&RawValue>(text)?)
    }

    fn of(raw: &RawValue) -> serde_json::Result<Self> {
        let text = raw.get();
        let mut json = serde_json::Deserializer::from_str(text);
        Ok(match text.as_bytes()[0] {
            b'n' => Self::Null,
            b't' | b'f' => Self::Bool(text == "true"),
            b'"' => Self::Text(json.deserialize_bytes(Wtf8)?),
            b'[' => {
                let elements: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::List(elements.into_iter().map(Self::of).collect::<Result<_, _>>()?)
            }
            b'{' => {
                let members = json.deserialize_map(Members)?.into_iter();
                Self::Object(
                    members.map(|(key, raw)| Ok((key, Self::of(raw)?))).collect::<serde_json::Result<_>>()?,
                )
            }
            _ => Self::Number(text.to_owned()),
        })
    }

    /// The member `name`, the last one of that name; null if there is none.
    pub fn get(&self, name: &str) -> &Self {
        let Self::Object(members) = self else { return &NULL };
        members.iter().rev().find(|(key, _)| key == name).map_or(&NULL, |(_, value)| value)
    }

    /// The elements of a list; none if it is not one.
    pub fn elements(&self) -> &[Self] {
        if let Self::List(elements) = self { elements } else { &[] }
    }

    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

/// A text from the bytes that `serde_json` makes of it, in which halves of pairs stand as if they were characters.
struct Wtf8;

impl Visitor<'_> for Wtf8 {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((first, behind)) = rest.split_first() {
            match rest {
                [0xED, 0xA0..=0xBF, _, behind @ ..] => {
                    out.extend_from_slice("\u{FFFD}".as_bytes());
                    rest = behind;
                }
                _ => {
                    out.push(*first);
                    rest = behind;
                }
            }
        }
        Ok(String::from_utf8(out).expect("only halves of pairs are not UTF-8"))
    }
}

impl<'de> DeserializeSeed<'de> for Wtf8 {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

/// The members of an object, as they come.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key_seed(Wtf8)? {
            members.push((key, map.next_value::<RawRef<'de>>()?.0));
        }
        Ok(members)
    }
}

struct RawRef<'de>(&'de RawValue);

impl<'de> Deserialize<'de> for RawRef<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Self)
    }
}
