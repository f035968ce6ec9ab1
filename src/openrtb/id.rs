//! Ids of people that name nobody.

/// `text` if it can be somebody's id; `None` if it is what systems write where there is none.
///
/// That is: nothing but white space; zeros, with or without hyphens (what phones give out once tracking is limited);
/// a word for nothing, in any case ([`NOBODY`]); or a macro that nobody filled in: `${ID}`, `{{ID}}`, `%%ID%%`, `[ID]`.
/// Taken for ids, each of them would be one person with millions of others' history.
#[must_use]
pub fn personal_id(text: &str) -> Option<&str> {
    let told = text.trim();
    let is_nobody = match told.as_bytes() {
        [] | [b'[', .., b']'] => true,
        [b'0' | b'-', ..] => told.bytes().all(|byte| matches!(byte, b'0' | b'-')) || told == "-1",
        [b'$' | b'{' | b'%', ..] => is_macro(told),
        short => short.len() <= NOBODY_BYTES_MAX && NOBODY.iter().any(|word| told.eq_ignore_ascii_case(word)),
    };
    (!is_nobody).then_some(text)
}

/// Words that systems write where there is no id.
const NOBODY: [&str; 9] = ["null", "(null)", "undefined", "unknown", "none", "nil", "nan", "n/a", "optout"];

/// Bytes of the longest of [`NOBODY`]: real ids are longer, so that hardly any is compared.
const NOBODY_BYTES_MAX: usize = 9;

fn is_macro(text: &str) -> bool {
    [("${", "}"), ("{{", "}}"), ("%%", "%%")].iter().any(|(open, close)| {
        text.len() >= open.len() + close.len() && text.starts_with(open) && text.ends_with(close)
    })
}

#[cfg(test)]
mod tests {
    use super::{NOBODY, NOBODY_BYTES_MAX, personal_id};

    #[track_caller]
    fn check(names: bool, ids: &[&str]) {
        for id in ids {
            assert_eq!(personal_id(id), names.then_some(*id), "{id:?}");
        }
    }

    #[test]
    fn zeros_words_for_nothing_and_unfilled_macros_name_nobody() {
        check(
            false,
            &["", " ", "0", "-", "-1", "00000000-0000-0000-0000-000000000000", "0000-000-000-0000", " 0 "],
        );
        check(
            false,
            &["null", "NULL", "(null)", "undefined", "Unknown", "none", "nil", "NaN", "n/a", "OptOut"],
        );
        check(false, &["[ID]", "[]", "{{uid}}", "{{}}", "${USER_ID}", "${}", "%%ADVERTISING_ID%%", "%%%%"]);
    }

    #[test]
    fn whatever_else_is_sent_is_an_id_as_it_is() {
        check(true, &["1", "01", "-10", "0-1", "u", "nullable", "unknown1", " u ", "é", "ifa"]);
        check(true, &["6D92078A-8246-4BA4-AE5B-76104861E7DC", "{6D92078A-8246-4BA4-AE5B-76104861E7DC}"]);
        // One sign alone opens and closes nothing.
        check(true, &["[", "${", "{{", "%%", "%", "%%%", "$ID", "{ID", "ID]"]);
    }

    #[test]
    fn every_word_for_nothing_is_short_enough_to_be_compared() {
        assert!(NOBODY.iter().all(|word| word.len() <= NOBODY_BYTES_MAX));
    }
}
