//! Who is in which group: a keyed hash of the person's key, so that the same person is in the same group for ever.
//!
//! Nobody is remembered for it: after a restart, and on every machine, the same hash says the same.

use crate::campaign::{Catalog, Holdout, LineItem};
use crate::units::UserKey;

/// Says which hash it is, so that no other use of the same texts gives the same numbers.
const OF_HOLDOUTS: &str = "encan holdout 1";
/// The same for arms: who is held out of a campaign tells nothing of the arm that the others are in.
const OF_ARMS: &str = "encan arms 1";
/// People are told apart by shares of this.
const WHOLE: u128 = 1_000_000;

/// A way to draw a lot for every person: uniform, and independent of every other draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Draw {
    key: [u8; 32],
}

impl Draw {
    fn new(purpose: &str, salt: &str) -> Self {
        Self { key: blake3::derive_key(purpose, salt.as_bytes()) }
    }

    /// The lot of `user`: 0 to 999,999, each as likely to within one in 10^13.
    fn lot(&self, user: &UserKey) -> u32 {
        let hash = blake3::keyed_hash(&self.key, user.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        let lot = (u128::from(u64::from_le_bytes(first)) * WHOLE) >> 64;
        u32::try_from(lot).expect("a lot is below the whole")
    }
}

/// Who is held out of one campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Out {
    draw: Draw,
    below: u32,
}

/// Who is in which arm of one line item.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Split {
    draw: Draw,
    /// The first lot behind each arm.
    ends: Vec<u32>,
}

/// The experiments of a catalog, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Experiments {
    /// By campaign; empty if none holds anybody out.
    holdouts: Vec<Option<Out>>,
    /// By line item; empty if none has arms.
    splits: Vec<Option<Split>>,
}

impl Experiments {
    /// Those of `catalog`.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        let holdouts: Vec<_> =
            catalog.campaigns.iter().map(|campaign| campaign.holdout.as_ref().map(out)).collect();
        let slug = |line_item: &LineItem| &catalog.campaigns[line_item.campaign].slug;
        let splits: Vec<_> =
            catalog.line_items.iter().map(|line_item| split(slug(line_item), line_item)).collect();
        Self { holdouts: or_none(holdouts), splits: or_none(splits) }
    }

    /// True if `user` is never shown the campaign at this place of the catalog.
    ///
    /// Who is held out at one share is held out at every greater one.
    #[must_use]
    pub fn holds_out(&self, campaign: usize, user: &UserKey) -> bool {
        let out = self.holdouts.get(campaign).and_then(Option::as_ref);
        out.is_some_and(|out| out.draw.lot(user) < out.below)
    }

    /// The arm of `user` in the line item at this place of the catalog: its place in [`LineItem::arms`]; `None` if it has
    /// none.
    #[must_use]
    pub fn arm(&self, line_item: usize, user: &UserKey) -> Option<usize> {
        let split = self.splits.get(line_item)?.as_ref()?;
        let lot = split.draw.lot(user);
        Some(split.ends.partition_point(|end| *end <= lot))
    }
}

fn out(holdout: &Holdout) -> Out {
    Out { draw: Draw::new(OF_HOLDOUTS, &holdout.salt), below: holdout.share.ppm() }
}

fn split(campaign: &str, line_item: &LineItem) -> Option<Split> {
    if line_item.arms.is_empty() {
        return None;
    }
    let draw = Draw::new(OF_ARMS, &format!("{campaign}/{}", line_item.slug));
    let mut end = 0;
    let ends = line_item.arms.iter().map(|arm| {
        end += arm.share.ppm();
        end
    });
    Some(Split { draw, ends: ends.collect() })
}

/// Nothing at all, if none is there: most catalogs have no experiment.
fn or_none<T>(all: Vec<Option<T>>) -> Vec<Option<T>> {
    if all.iter().all(Option::is_none) { Vec::new() } else { all }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{Draw, OF_ARMS, OF_HOLDOUTS};
    use crate::units::UserKey;

    /// The key of a person, as a keyed hash of an id would be.
    fn user(number: u64) -> UserKey {
        let mut key = [0; 16];
        key.copy_from_slice(&blake3::hash(&number.to_le_bytes()).as_bytes()[..16]);
        UserKey::from_bytes(key)
    }

    /// Chi-square of counts that should be equal.
    fn chi_square(counts: &[u64]) -> f64 {
        let sum: u64 = counts.iter().sum();
        let expected = sum as f64 / counts.len() as f64;
        counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum()
    }

    #[test]
    fn lots_are_uniform() {
        let draw = Draw::new(OF_HOLDOUTS, "spring");
        let mut counts = [0; 100];
        (0..200_000).for_each(|number| counts[draw.lot(&user(number)) as usize / 10_000] += 1);
        // The 99.9 % point of chi-square with 99 degrees of freedom is 148.2.
        assert!(chi_square(&counts) < 148.2, "{counts:?}");
        // Keys that hardly differ are as good as any.
        let mut counts = [0; 100];
        for number in 0..200_000_u128 {
            counts[draw.lot(&UserKey::from_bytes(number.to_be_bytes())) as usize / 10_000] += 1;
        }
        assert!(chi_square(&counts) < 148.2, "{counts:?}");
    }

    #[test]
    fn draws_of_two_campaigns_and_of_two_purposes_are_independent() {
        let one = Draw::new(OF_HOLDOUTS, "spring");
        for other in
            [Draw::new(OF_HOLDOUTS, "summer"), Draw::new(OF_HOLDOUTS, "sprinh"), Draw::new(OF_ARMS, "spring")]
        {
            let mut cells = [0; 100];
            for number in 0..100_000 {
                let (a, b) = (one.lot(&user(number)) / 100_000, other.lot(&user(number)) / 100_000);
                cells[(a * 10 + b) as usize] += 1;
            }
            assert!(chi_square(&cells) < 148.2, "{cells:?}");
        }
    }

    #[test]
    fn the_lot_of_a_person_never_changes() {
        // Written down once: another hash would put everybody into another group.
        let draw = Draw::new(OF_HOLDOUTS, "spring");
        assert_eq!([1, 2, 3].map(|number| draw.lot(&user(number))), [811_156, 845_302, 980_555]);
        let draw = Draw::new(OF_ARMS, "spring/all");
        assert_eq!([1, 2, 3].map(|number| draw.lot(&user(number))), [497_153, 461_113, 102_820]);
    }

    proptest! {
        #[test]
        fn a_lot_is_below_the_whole_and_depends_on_nothing_else(bytes: [u8; 16], salt in ".{0,40}") {
            let user = UserKey::from_bytes(bytes);
            let lot = Draw::new(OF_HOLDOUTS, &salt).lot(&user);
            prop_assert!(lot < 1_000_000);
            prop_assert_eq!(lot, Draw::new(OF_HOLDOUTS, &salt).lot(&user));
        }
    }
}
