//! Recency, frequency and monetary value: scores from 1 to 5, and classes as ranges of them.

use std::fmt;

use crate::units::{EventId, Millis, Nanos};

/// How scores are given, and what classes they make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rfm {
    /// Events that count, as purchases do.
    pub events: Vec<EventId>,
    /// Only events younger than this.
    pub period: Millis,
    /// Ages of the last event from which on recency is worth 4, 3, 2 and 1; younger ones 5. Ascending.
    pub recency: [Millis; 4],
    /// Counts from which on frequency is worth 2, 3, 4 and 5. Ascending.
    pub frequency: [u32; 4],
    /// Sums, in euros, from which on the monetary value is worth 2, 3, 4 and 5. Ascending.
    pub monetary: [Nanos; 4],
    /// A person is in the first that fits.
    pub classes: Vec<RfmClass>,
}

/// Three scores, each from 1 to 5, 5 the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RfmScores {
    /// How lately.
    pub recency: u8,
    /// How often.
    pub frequency: u8,
    /// For how much.
    pub monetary: u8,
}

/// A name for some scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RfmClass {
    /// As written.
    pub name: String,
    /// The scores.
    pub range: RfmRange,
}

/// Scores that fit, of each of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RfmRange {
    /// Of recency.
    pub recency: Scores,
    /// Of frequency.
    pub frequency: Scores,
    /// Of monetary value.
    pub monetary: Scores,
}

impl RfmRange {
    /// True if all three scores fit.
    #[must_use]
    pub const fn fits(self, scores: RfmScores) -> bool {
        self.recency.has(scores.recency)
            && self.frequency.has(scores.frequency)
            && self.monetary.has(scores.monetary)
    }
}

impl fmt::Display for RfmRange {
    /// As `recency 4 or 5, monetary 5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [("recency", self.recency), ("frequency", self.frequency), ("monetary", self.monetary)];
        let asked = named.into_iter().filter(|(_, scores)| *scores != Scores::ALL);
        let words: Vec<String> = asked.map(|(name, scores)| format!("{name} {scores}")).collect();
        f.write_str(if words.is_empty() { "any customer" } else { "" })?;
        f.write_str(&words.join(", "))
    }
}

/// A set of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scores(u8);

impl Scores {
    /// The lowest score.
    pub const LOWEST: u8 = 1;
    /// The highest score.
    pub const HIGHEST: u8 = 5;
    /// Every score.
    pub const ALL: Self = Self::from_to(Self::LOWEST, Self::HIGHEST);
    /// No score.
    pub const NONE: Self = Self(0);

    /// The scores from `low` to `high`, both included.
    #[must_use]
    pub const fn from_to(low: u8, high: u8) -> Self {
        let mut scores = Self::NONE;
        let mut score = low;
        while score <= high && score <= Self::HIGHEST {
            scores = scores.with(score);
            score += 1;
        }
        scores
    }

    /// The same and `score`, if it is from 1 to 5.
    #[must_use]
    pub const fn with(self, score: u8) -> Self {
        if Self::LOWEST <= score && score <= Self::HIGHEST { Self(self.0 | 1 << score) } else { self }
    }

    /// True if `score` is among them.
    #[must_use]
    pub const fn has(self, score: u8) -> bool {
        score <= Self::HIGHEST && self.0 >> score & 1 == 1
    }

    /// The scores, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (Self::LOWEST..=Self::HIGHEST).filter(move |score| self.has(*score))
    }
}

impl fmt::Display for Scores {
    /// As `4 or 5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.iter().map(|score| score.to_string()).collect();
        f.write_str(&words.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::Scores;

    #[test]
    fn a_set_of_scores_holds_what_was_put_in_and_nothing_else() {
        let some = Scores::from_to(2, 3).with(5).with(0).with(6);
        assert_eq!(some.iter().collect::<Vec<_>>(), [2, 3, 5]);
        assert!(!some.has(0) && !some.has(6) && !some.has(200));
        assert_eq!(some.to_string(), "2 or 3 or 5");
        assert_eq!(Scores::from_to(1, 200), Scores::ALL);
        assert_eq!(Scores::from_to(4, 3), Scores::NONE);
    }
}
