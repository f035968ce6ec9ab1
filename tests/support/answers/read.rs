//! Values of a bid request as leniently as exchanges send them.

use serde_json::Value;

/// A text; a number as its digits.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of texts, or one alone; an empty one says nothing.
pub(super) fn texts(value: &Value) -> Vec<String> {
    let texts: Vec<String> = match value {
        Value::Array(values) => values.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    };
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}

/// A number, in quotes or not.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        value => value.as_f64(),
    }
}

/// A number without its fraction.
pub(super) fn whole(value: &Value) -> Option<i64> {
    number(value).and_then(|number| format!("{:.0}", number.trunc()).parse().ok())
}

/// A list of whole numbers, or one alone.
pub(super) fn numbers(value: &Value) -> Vec<i64> {
    match value {
        Value::Array(values) => values.iter().filter_map(whole).collect(),
        value => whole(value).into_iter().collect(),
    }
}

/// True for 1 in all its forms.
pub(super) fn flag(value: &Value) -> bool {
    whole(value) == Some(1)
}

/// The value, if it is an object.
pub(super) fn object(value: &Value) -> Option<&Value> {
    value.is_object().then_some(value)
}
