//! A conversion as it arrives: texts, of a query or of JSON.

use serde::de::{Deserialize as _, Deserializer, Error as _};
use serde_json::value::RawValue;

/// A conversion as it arrives: texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversionForm {
    /// What the landing page got as `encan_click`.
    pub click: String,
    /// `purchase`, `lead`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// The order, to count it once. As JSON a text or a number.
    #[serde(default, deserialize_with = "digits_or_text")]
    pub order: Option<String>,
    /// What it brought, in currency units; the type's value if absent. As JSON a text or a number.
    #[serde(default, deserialize_with = "digits_or_text")]
    pub value: Option<String>,
    /// Of the value; the campaign's if absent.
    #[serde(default)]
    pub currency: Option<String>,
}

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
