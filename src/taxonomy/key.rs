//! A category's id in eight bytes, so that block lists are compared without a look at texts.

/// An id, case folded: every id of every table has 1 to 8 letters, digits, dashes and underscores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::taxonomy) struct Key(u64);

impl Key {
    /// The id written in `text`, spaces around it left out; `None` for what no table can hold.
    pub(in crate::taxonomy) fn of(text: &str) -> Option<Self> {
        let bytes = text.trim().as_bytes();
        if bytes.is_empty() || bytes.len() > 8 {
            return None;
        }
        let mut folded = [0; 8];
        for (to, from) in folded.iter_mut().zip(bytes) {
            if !from.is_ascii_alphanumeric() && !matches!(from, b'-' | b'_') {
                return None;
            }
            *to = from.to_ascii_uppercase();
        }
        Some(Self(u64::from_be_bytes(folded)))
    }

    /// True if it has the form of Content 1.0, `IABn` or `IABn-m`. No other taxonomy has such ids.
    pub(in crate::taxonomy) fn is_content_1(self) -> bool {
        let bytes = self.0.to_be_bytes();
        bytes.starts_with(b"IAB") && bytes[3].is_ascii_digit()
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn an_id_is_read_whatever_its_case_and_the_space_around_it() {
        assert_eq!(Key::of(" iab25-3\n"), Key::of("IAB25-3"));
        assert_ne!(Key::of("IAB2"), Key::of("IAB25"));
        assert_ne!(Key::of("IAB2"), Key::of("IAB2-1"));
        for text in ["", "  ", "IAB25-3333", "a b", "é", "IAB25+3", "IAB2\0"] {
            assert_eq!(Key::of(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_form_of_content_1_is_known_and_no_other_is_taken_for_it() {
        for (text, want) in
            [("IAB1", true), ("iab17-44", true), ("IABX", false), ("1001", false), ("IAB", false)]
        {
            assert_eq!(Key::of(text).unwrap().is_content_1(), want, "{text}");
        }
    }
}
