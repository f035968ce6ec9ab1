//! Texts of one long list of a request, sorted, so that each question costs a few comparisons.

use std::cmp::Ordering;

/// The texts, in an order that takes for equal what the list's field takes for equal.
#[derive(Debug)]
pub(in crate::bidder) struct Sorted<'a> {
    texts: Vec<&'a str>,
    order: Order,
}

/// How two texts of a field compare.
pub(in crate::bidder) type Order = fn(&str, &str) -> Ordering;

impl<'a> Sorted<'a> {
    /// `texts`, each once. Allocates once where their number is known.
    pub(in crate::bidder) fn of(texts: impl Iterator<Item = &'a str>, order: Order) -> Self {
        let mut texts: Vec<&str> = texts.collect();
        texts.sort_unstable_by(|one, other| order(one, other));
        texts.dedup_by(|one, other| order(one, other).is_eq());
        Self { texts, order }
    }

    /// The first that does not stand before `text`.
    pub(in crate::bidder) fn from(&self, text: &str) -> Option<&'a str> {
        let at = self.texts.partition_point(|own| (self.order)(own, text).is_lt());
        self.texts.get(at).copied()
    }

    /// True if one of them equals `text`.
    pub(in crate::bidder) fn holds(&self, text: &str) -> bool {
        self.from(text).is_some_and(|found| (self.order)(found, text).is_eq())
    }
}

/// By bytes, whatever the case of letters.
pub(in crate::bidder) fn by_text(one: &str, other: &str) -> Ordering {
    let folded = |text| str::bytes(text).map(|byte| byte.to_ascii_lowercase());
    folded(one).cmp(folded(other))
}

/// By the parts of language tags, whatever their case: a tag stands right before those that it begins.
pub(in crate::bidder) fn by_tag(one: &str, other: &str) -> Ordering {
    let folded = |tag| str::bytes(tag).map(|b| (b != b'-' && b != b'_').then(|| b.to_ascii_lowercase()));
    folded(one).cmp(folded(other))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{Sorted, by_tag, by_text};

    thread_local! {
        static COMPARISONS: Cell<usize> = const { Cell::new(0) };
    }

    /// What `work` costs, in comparisons.
    fn comparisons(work: impl FnOnce()) -> usize {
        COMPARISONS.set(0);
        work();
        COMPARISONS.get()
    }

    #[test]
    fn a_question_to_the_longest_list_costs_a_few_comparisons() {
        let counted: super::Order = |one, other| {
            COMPARISONS.set(COMPARISONS.get() + 1);
            by_text(one, other)
        };
        let texts: Vec<String> = (0..24_000).map(|at| format!("b{}.example", at * 7_919 % 24_000)).collect();
        let sorted = Sorted::of(texts.iter().map(String::as_str), counted);
        for text in ["b0.example", "b23999.example", "b24000.example", "", "zzz"] {
            let cost = comparisons(|| assert_eq!(sorted.holds(text), texts.iter().any(|own| own == text)));
            assert!(cost <= 17, "{text}: {cost} comparisons");
        }
        let cost = comparisons(|| drop(Sorted::of(texts.iter().map(String::as_str), counted)));
        assert!(cost <= 24_000 * 30, "{cost} comparisons");
        let same = std::iter::repeat_n("same.example", 24_000);
        let cost = comparisons(|| assert_eq!(Sorted::of(same, counted).texts.len(), 1));
        assert!(cost <= 24_000 * 30, "{cost} comparisons");
    }

    #[test]
    fn texts_are_found_whatever_their_case_and_others_are_not() {
        let sorted = Sorted::of(["b.example", "A.example", "é"].into_iter(), by_text);
        for (text, want) in
            [("a.EXAMPLE", true), ("B.example", true), ("é", true), ("É", false), ("", false), ("a", false)]
        {
            assert_eq!(sorted.holds(text), want, "{text}");
        }
    }

    #[test]
    fn a_tag_stands_right_before_those_that_it_begins() {
        let sorted = Sorted::of(["fra", "fr_CA-x", "FR", "fr!", "en"].into_iter(), by_tag);
        assert_eq!(sorted.texts, ["en", "FR", "fr_CA-x", "fr!", "fra"]);
        assert_eq!(sorted.from("fr-ca"), Some("fr_CA-x"));
        assert_eq!(sorted.from("zz"), None);
    }
}
