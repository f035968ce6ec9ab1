//! "Did you mean": the known word nearest to what was written.

/// The candidate nearest to `word`, if it is so near that a slip of the finger explains it: about one
/// edit in three letters.
#[must_use]
pub fn suggestion<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    /// Longer words are no slip; also bounds the work, which grows with the square.
    const CHARS_MAX: usize = 64;
    let word = word.to_lowercase();
    let chars = word.chars().count();
    if chars > CHARS_MAX {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= ((chars + 1) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::suggestion;

    #[test]
    fn a_slip_is_explained_and_a_different_word_is_not() {
        let known = ["budget", "targeting", "status"];
        assert_eq!(suggestion("buget", known), Some("budget"));
        assert_eq!(suggestion("tagreting", known), Some("targeting"));
        assert_eq!(suggestion("Status", known), Some("status"));
        assert_eq!(suggestion("colour", known), None);
        assert_eq!(suggestion(&"x".repeat(100_000), known), None);
    }
}
