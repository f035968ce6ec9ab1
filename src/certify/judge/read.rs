//! Values of requests and responses, read as leniently as exchanges send them.

use serde_json::Value;

/// A text; a number as its digits.
pub(in crate::certify) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of texts, or one alone; an empty one says nothing.
pub(in crate::certify) fn texts(value: &Value) -> Vec<String> {
    let texts: Vec<String> = match value {
        Value::Array(values) => values.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    };
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}

/// A number, in quotes or not.
pub(in crate::certify) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        value => value.as_f64(),
    }
}

/// A number without its fraction.
pub(in crate::certify) fn whole(value: &Value) -> Option<i64> {
    number(value).and_then(|number| format!("{:.0}", number.trunc()).parse().ok())
}

/// A list of whole numbers, or one alone.
pub(in crate::certify) fn numbers(value: &Value) -> Vec<i64> {
    match value {
        Value::Array(values) => values.iter().filter_map(whole).collect(),
        value => whole(value).into_iter().collect(),
    }
}

/// True for 1 in all its forms.
pub(in crate::certify) fn flag(value: &Value) -> bool {
    whole(value) == Some(1)
}

/// The elements of a list; none of anything else.
pub(in crate::certify) fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A length above zero; zero is as good as absent.
pub(in crate::certify) fn side(value: &Value, name: &str) -> Option<i64> {
    whole(&value[name]).filter(|side| *side > 0)
}

/// True for an address that a server or browser can call.
pub(in crate::certify) fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace))
}
