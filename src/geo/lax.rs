//! Values of any type, taken for absent where they are not of the type that is expected.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What can be made of a value, by its type; the default of anything else.
pub(in crate::geo) trait Lax<'de>: Default {
    /// Of a text.
    fn of_text(_: &'de str) -> Self {
        Self::default()
    }

    /// Of a number of up to 32 bits, or a float; larger ones are absent.
    fn of_number(_: f64) -> Self {
        Self::default()
    }

    /// Of a map, which is read to its end.
    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    /// Of a list, which is read to its end.
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// What can be made of the next value.
///
/// # Errors
///
/// Those of the format: the bytes are damaged.
pub(in crate::geo) fn lax<'de, T: Lax<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Any(PhantomData))
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Lax<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<T, E> {
        Ok(T::of_text(text))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        Ok(T::of_number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let number = u32::try_from(number).map(f64::from);
        Ok(number.map_or_else(|_| T::default(), T::of_number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        let number = i32::try_from(number).map(f64::from);
        Ok(number.map_or_else(|_| T::default(), T::of_number))
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_borrowed_bytes<E: Error>(self, _: &'de [u8]) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::of_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::of_list(list)
    }
}
