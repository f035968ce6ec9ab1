//! What was learnt from the sink, as the bid path reads it: calibrations of line items, multipliers of placements, pauses.
//!
//! Immutable: a change makes the next one. Deliberately absent: where changes come from, and their log.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::campaign::Factor;
use crate::units::{ExchangeId, LineItemId};

/// All changes that are in force. Nothing is known by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adjustments {
    line_items: HashMap<LineItemId, Standing, FixedState>,
    /// Of line items that have any.
    placements: HashMap<(LineItemId, u64), Factor, FixedState>,
}

/// What is known of one line item, to make [`Adjustments`] of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjusted {
    /// Which.
    pub line_item: LineItemId,
    /// True if it must not bid.
    pub paused: bool,
    /// What its predictions are multiplied by everywhere.
    pub calibration: Factor,
    /// Within what calibration and multiplier together stay.
    pub corridor: (Factor, Factor),
    /// Multipliers of placements by their keys; [`Factor::ZERO`] for one that is paused.
    pub placements: Vec<(u64, Factor)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    calibration: Factor,
    corridor: (Factor, Factor),
    paused: bool,
    has_placements: bool,
}

impl Adjustments {
    /// Those of `line_items`, each of which stands there once.
    #[must_use]
    pub fn new(line_items: impl IntoIterator<Item = Adjusted>) -> Self {
        let mut adjustments = Self::default();
        for Adjusted { line_item, paused, calibration, corridor, placements } in line_items {
            let has_placements = !placements.is_empty();
            let standing = Standing { calibration, corridor, paused, has_placements };
            adjustments.line_items.insert(line_item, standing);
            let keyed = placements.into_iter().map(|(placement, factor)| ((line_item, placement), factor));
            adjustments.placements.extend(keyed);
        }
        adjustments
    }

    /// By what the value of an impression of `placement` (see [`placement_key`]; [`NOWHERE`] has no multiplier) is
    /// multiplied for `line_item`: its
    /// calibration times the placement's multiplier, rounded down to the millionth, within the campaign's corridor.
    ///
    /// [`Factor::ONE`] where nothing is known of the line item; [`Factor::ZERO`], whatever the corridor, on a placement
    /// that is paused. One look-up for the line item, another one if it has multipliers, none if nothing is known at all.
    #[must_use]
    pub fn factor(&self, line_item: LineItemId, placement: u64) -> Factor {
        let Some(standing) = self.standing(line_item) else { return Factor::ONE };
        let multiplier = if standing.has_placements && placement != NOWHERE {
            self.placements.get(&(line_item, placement)).copied().unwrap_or(Factor::ONE)
        } else {
            Factor::ONE
        };
        if multiplier == Factor::ZERO {
            return Factor::ZERO;
        }
        let (least, most) = standing.corridor;
        Factor::product([standing.calibration, multiplier]).max(least).min(most)
    }

    /// True if `line_item` must not bid at all.
    #[must_use]
    pub fn is_paused(&self, line_item: LineItemId) -> bool {
        self.standing(line_item).is_some_and(|standing| standing.paused)
    }

    /// How many line items are changed in any way, and how many of these are paused.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.line_items.len(), self.line_items.values().filter(|standing| standing.paused).count())
    }

    /// How many multipliers of placements there are, pauses among them.
    #[must_use]
    pub fn placements(&self) -> usize {
        self.placements.len()
    }

    fn standing(&self, line_item: LineItemId) -> Option<&Standing> {
        // An empty map of the standard library answers without hashing.
        self.line_items.get(&line_item)
    }
}

/// In the place of a placement's key: the request names no outlet. What came back of such impressions says nothing of any
/// other one.
pub const NOWHERE: u64 = 0;

/// What names a placement: the exchange and the outlet's domain or bundle, without regard to the case of ASCII letters.
///
/// FNV-1a over the exchange's id (8 bytes, big-endian) and the outlet, so it is stable over restarts and versions.
#[must_use]
pub fn placement_key(exchange: ExchangeId, outlet: &str) -> u64 {
    let outlet = outlet.bytes().map(|byte| byte.to_ascii_lowercase());
    exchange.raw().to_be_bytes().into_iter().chain(outlet).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{Adjusted, Adjustments, NOWHERE, placement_key};
    use crate::campaign::Factor;
    use crate::units::{ExchangeId, LineItemId};

    const ONE: LineItemId = LineItemId::from_raw(1);
    const CORRIDOR: (u32, u32) = (500, 2_000);

    fn factor(thousandths: u32) -> Factor {
        Factor::from_thousandths(thousandths).unwrap()
    }

    fn adjustments(calibration: u32, placements: &[(u64, u32)]) -> Adjustments {
        Adjustments::new([Adjusted {
            line_item: ONE,
            paused: false,
            calibration: factor(calibration),
            corridor: (factor(CORRIDOR.0), factor(CORRIDOR.1)),
            placements: placements.iter().map(|(key, multiplier)| (*key, factor(*multiplier))).collect(),
        }])
    }

    #[test]
    fn nothing_known_changes_nothing() {
        let none = Adjustments::default();
        assert_eq!((none.factor(ONE, 7), none.is_paused(ONE), none.counts()), (Factor::ONE, false, (0, 0)));
        let other = adjustments(800, &[(7, 900)]);
        assert_eq!(other.factor(LineItemId::from_raw(2), 7), Factor::ONE);
    }

    #[test]
    fn calibration_and_multiplier_multiply_within_the_corridor() {
        let both = adjustments(800, &[(7, 900), (8, 100), (9, 5_000), (10, 0)]);
        let found = [6, 7, 8, 9, 10].map(|placement| both.factor(ONE, placement));
        assert_eq!(found, [factor(800), factor(720), factor(500), factor(2_000), Factor::ZERO]);
        let of_none = adjustments(800, &[(NOWHERE, 0)]);
        assert_eq!(of_none.factor(ONE, NOWHERE), factor(800), "no outlet named is no placement");
    }

    #[test]
    fn a_pause_is_of_its_line_item_alone() {
        let paused = Adjusted {
            line_item: ONE,
            paused: true,
            calibration: Factor::ONE,
            corridor: (factor(1), factor(9_000)),
            placements: vec![],
        };
        let paused = Adjustments::new([paused]);
        assert!(paused.is_paused(ONE) && !paused.is_paused(LineItemId::from_raw(2)));
        assert_eq!(paused.counts(), (1, 1));
    }

    #[test]
    fn a_placement_is_its_exchange_and_its_outlet_in_any_case() {
        let [north, south] = ["north", "south"].map(ExchangeId::from_slug);
        let key = placement_key(north, "news.example");
        assert_eq!(key, placement_key(north, "News.EXAMPLE"));
        assert_ne!(key, placement_key(south, "news.example"));
        assert_ne!(key, placement_key(north, "news.example."));
        // Kept in files: it must never change.
        assert_eq!(placement_key(ExchangeId::from_raw(0), ""), 0xa8c7_f832_281a_39c5);
    }
}
