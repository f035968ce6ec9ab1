//! What tests want, in words.

use crate::campaign::{Attribute, Circle, Kind, Range, Test, Wanted, number_version};

/// Values of a test that its description lists.
const WORDS_SHOWN: usize = 3;

/// What a test wants.
pub(super) fn wanted(test: &Test) -> String {
    match &test.wanted {
        Wanted::OneOf { values, lists } => {
            let lists = lists
                .iter()
                .map(|list| format!("one of list {} ({} values)", list.name(), in_thousands(list.len())));
            let values = (!values.is_empty()).then(|| words(values, String::clone));
            lists.chain(values).collect::<Vec<_>>().join(" or ")
        }
        Wanted::Within(circles) => words(circles, circle_word),
        Wanted::During(hours) => {
            let hours = hours.iter().filter(|on| **on).count();
            format!("one of {hours} hours of the week")
        }
        Wanted::Between(range) => range_word(test.attribute, *range),
        Wanted::Happened(count) => count.to_string(),
        Wanted::Scored(range) => range.to_string(),
    }
}

/// The key under which a rule file asks of `attribute`: a daypart says inside whose clock it reads.
pub(super) fn file_key(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::ViewerDaypart => Attribute::Daypart.name(),
        attribute => attribute.name(),
    }
}

/// The first few of a list.
fn words<T>(list: &[T], word: impl Fn(&T) -> String) -> String {
    let shown: Vec<String> = list.iter().take(WORDS_SHOWN).map(word).collect();
    let shown = shown.join(", ");
    match list.len().saturating_sub(WORDS_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `312,004`.
fn in_thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut words = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

fn circle_word(circle: &Circle) -> String {
    format!("{} km around {} {}", circle.km, circle.lat, circle.lon)
}

/// Thousandths as people write them.
pub(super) fn thousandths_word(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, rest) = (thousandths.unsigned_abs() / 1_000, thousandths.unsigned_abs() % 1_000);
    let text = format!("{sign}{whole}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number of `attribute` as people write it.
pub(super) fn number_word(attribute: Attribute, number: i64) -> String {
    match attribute.kind() {
        Kind::Version => number_version(number).to_string(),
        _ => thousandths_word(number),
    }
}

pub(super) fn range_word(attribute: Attribute, range: Range) -> String {
    let word = |number| number_word(attribute, number);
    match (range.at_least.map(word), range.below.map(word)) {
        (Some(least), Some(below)) => format!("at least {least} and below {below}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(below)) => format!("below {below}"),
        (None, None) => "any number".to_owned(),
    }
}

/// An hour of the week, as `sat 22:00`.
pub(super) fn hour_word(hour: u8) -> String {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    format!("{} {}:00", DAYS[usize::from(hour / 24)], hour % 24)
}
