//! Frequency caps, and whether one can ever be the one that says no among the others that an ad counts under.
//!
//! What is asked is whether any history of exposures, each of which all caps let pass, leaves an impression that
//! this cap alone has counted too many for. A cap of a wider level counts whatever a narrower one counts; a
//! narrower one says nothing of what else the wider one counts, for another line item may come tomorrow. A user
//! is taken to be in one household, and a household to hold any number of users.

use crate::campaign::Catalog;
use crate::units::Millis;

/// At most `impressions` in any window of `per`, for one user or household.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrequencyCap {
    /// For whom.
    pub by: CountBy,
    /// Most impressions, at least 1.
    pub impressions: u32,
    /// The sliding window.
    pub per: Millis,
    /// True if somebody who cannot be counted may be shown the ad all the same.
    pub include_unknown: bool,
}

/// For whom a frequency cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountBy {
    /// Each user, by an id.
    User,
    /// Each household, by the address.
    Household,
}

/// Over what a frequency cap counts. The narrowest first: each holds all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CapLevel {
    Creative,
    LineItem,
    Campaign,
    Advertiser,
}

impl Catalog {
    /// Every frequency cap, in no order.
    pub fn frequency_caps(&self) -> impl Iterator<Item = &FrequencyCap> {
        let advertisers = self.advertisers.iter().flat_map(|advertiser| &advertiser.frequency);
        let campaigns = self.campaigns.iter().flat_map(|campaign| &campaign.frequency);
        let line_items = self.line_items.iter().flat_map(|line_item| &line_item.frequency);
        let creatives = self.creatives.iter().flat_map(|creative| &creative.frequency);
        advertisers.chain(campaigns).chain(line_items).chain(creatives)
    }
}

/// Why a cap never says no alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadow {
    /// The caps that always say no with it, by their places in the chain; never empty. One, if one of them
    /// suffices.
    pub cast_by: Vec<usize>,
    /// The most impressions with which it would say no alone, in the same window; `None` if there are none.
    pub binds_at: Option<u32>,
    /// True if it alone keeps out whoever cannot be counted, and so is good for something.
    pub keeps_out_unknown: bool,
}

/// Why the cap at `at` of `chain` never says no alone; `None` if it can.
///
/// `chain` is all that one ad counts under. Of caps that count the same, the first can say no.
#[must_use]
pub fn shadow(chain: &[(CapLevel, FrequencyCap)], at: usize) -> Option<Shadow> {
    let (level, cap) = chain[at];
    let is_twin =
        |twin: &FrequencyCap| (twin.by, twin.impressions, twin.per) == (cap.by, cap.impressions, cap.per);
    let counts_too = |(other, (of, beside)): &(usize, &(CapLevel, FrequencyCap))| {
        *of >= level && *other != at && !(*other > at && *of == level && is_twin(beside))
    };
    let beside: Vec<(usize, FrequencyCap)> =
        chain.iter().enumerate().filter(counts_too).map(|(other, (_, cap))| (other, *cap)).collect();
    let of_kind = |by| beside.iter().copied().filter(move |(_, other)| other.by == by);
    let mut bounding: Vec<(usize, FrequencyCap)> = of_kind(cap.by).collect();
    if cap.by == CountBy::User && of_kind(CountBy::Household).any(|(_, other)| !other.include_unknown) {
        // Whoever is shown anything is in a known household, which counts it too. The other way round there are
        // always more users in the household, each of whom saw nothing yet.
        bounding.extend(of_kind(CountBy::Household));
    }
    let only = bounding.iter().find(|bound| is_in_shadow(cap, std::slice::from_ref(bound)));
    let cast_by = match only {
        Some((other, _)) => vec![*other],
        None if is_in_shadow(cap, &bounding) => bounding.iter().map(|(other, _)| *other).collect(),
        None => return None,
    };
    let earliest = earliest(cap.impressions, &bounding);
    let binds_at = (1..cap.impressions).rev().find(|fewer| earliest[place(*fewer)] < cap.per);
    let keeps_out_unknown = !cap.include_unknown && of_kind(cap.by).all(|(_, other)| other.include_unknown);
    Some(Shadow { cast_by, binds_at, keeps_out_unknown })
}

/// True if, before one more impression is too many for `cap`, its window is always over under `bounds`.
fn is_in_shadow(cap: FrequencyCap, bounds: &[(usize, FrequencyCap)]) -> bool {
    earliest(cap.impressions, bounds)[place(cap.impressions)] >= cap.per
}

/// How long after the first impression each of the next `count` can come at the earliest, under `bounds`.
///
/// A cap of m a window lets an impression pass as soon as the m-th before it is a whole window old. To be as
/// early as possible with each impression is as early as possible for all later ones.
fn earliest(count: u32, bounds: &[(usize, FrequencyCap)]) -> Vec<Millis> {
    let mut earliest = vec![Millis::default()];
    for next in 1..=place(count) {
        let after = |(_, bound): &(usize, FrequencyCap)| {
            let freeing = next.checked_sub(place(bound.impressions))?;
            Some(Millis::from_raw(earliest[freeing].raw().saturating_add(bound.per.raw())))
        };
        earliest.push(bounds.iter().filter_map(after).fold(earliest[next - 1], Millis::max));
    }
    earliest
}

fn place(impressions: u32) -> usize {
    usize::try_from(impressions).expect("a cap is small")
}

#[cfg(test)]
mod tests {
    use super::shadow;
    use crate::campaign::{CapLevel, CountBy, FrequencyCap};
    use crate::units::Millis;

    const USER: CountBy = CountBy::User;
    const HOUSEHOLD: CountBy = CountBy::Household;

    fn cap(by: CountBy, impressions: u32, hours: i64) -> FrequencyCap {
        FrequencyCap { by, impressions, per: Millis::from_seconds(hours * 3_600), include_unknown: false }
    }

    fn open(cap: FrequencyCap) -> FrequencyCap {
        FrequencyCap { include_unknown: true, ..cap }
    }

    /// The shadow of the first cap: who casts it, and with how many impressions it would bind.
    #[track_caller]
    fn check(chain: &[(CapLevel, FrequencyCap)], want: Option<(&[usize], Option<u32>)>) {
        let got = shadow(chain, 0).map(|shadow| (shadow.cast_by, shadow.binds_at));
        assert_eq!(got, want.map(|(cast_by, binds_at)| (cast_by.to_vec(), binds_at)));
    }

    /// The first cap and another beside it.
    #[track_caller]
    fn beside(cap: FrequencyCap, other: FrequencyCap, want: Option<Option<u32>>) {
        let chain = [(CapLevel::LineItem, cap), (CapLevel::LineItem, other)];
        check(&chain, want.map(|binds_at| (&[1][..], binds_at)));
    }

    #[test]
    fn a_longer_window_with_fewer_or_as_many_impressions_hides_a_shorter_one() {
        beside(cap(USER, 3, 1), cap(USER, 2, 24), Some(Some(1)));
        beside(cap(USER, 3, 1), cap(USER, 3, 24), Some(Some(2)));
        beside(cap(USER, 3, 1), cap(USER, 4, 24), None);
    }

    #[test]
    fn a_shorter_window_hides_a_longer_one_that_it_can_never_fill() {
        beside(cap(USER, 48, 24), cap(USER, 2, 1), Some(Some(47)));
        beside(cap(USER, 47, 24), cap(USER, 2, 1), None);
        beside(cap(USER, 1, 1), cap(USER, 1, 2), Some(None));
    }

    #[test]
    fn several_caps_together_can_hide_one_that_none_of_them_hides_alone() {
        let own = |impressions, hours| (CapLevel::LineItem, cap(USER, impressions, hours));
        let outer = (CapLevel::Campaign, cap(USER, 3, 7));
        check(&[own(5, 11), own(2, 4), outer], Some((&[1, 2], Some(4))));
        check(&[own(5, 12), own(2, 4), outer], None);
    }

    #[test]
    fn a_wider_level_hides_a_narrower_one_and_never_the_other_way_round() {
        let (wide, narrow) =
            ((CapLevel::Advertiser, cap(USER, 3, 24)), (CapLevel::Creative, cap(USER, 5, 24)));
        check(&[narrow, wide], Some((&[1], Some(2))));
        check(&[wide, narrow], None);
        check(&[wide, (CapLevel::Creative, cap(USER, 1, 24))], None);
    }

    #[test]
    fn of_twins_the_first_can_say_no() {
        let twin = (CapLevel::LineItem, cap(USER, 2, 24));
        assert_eq!(shadow(&[twin, twin], 0), None);
        assert_eq!(shadow(&[twin, twin], 1).map(|shadow| shadow.cast_by), Some(vec![0]));
    }

    #[test]
    fn a_household_hides_its_users_and_no_user_a_household() {
        beside(cap(USER, 5, 24), cap(HOUSEHOLD, 3, 24), Some(Some(2)));
        beside(cap(HOUSEHOLD, 5, 24), cap(USER, 3, 24), None);
        beside(cap(USER, 5, 24), open(cap(HOUSEHOLD, 3, 24)), None);
    }

    #[test]
    fn a_cap_that_alone_keeps_out_the_unknown_says_so() {
        let keeps_out = |own, other| {
            let chain = [(CapLevel::LineItem, own), (CapLevel::Campaign, other)];
            shadow(&chain, 0).unwrap().keeps_out_unknown
        };
        assert!(keeps_out(cap(USER, 5, 24), open(cap(USER, 2, 24))));
        assert!(keeps_out(cap(USER, 5, 24), cap(HOUSEHOLD, 2, 24)), "of users, not of households");
        assert!(!keeps_out(cap(USER, 5, 24), cap(USER, 2, 24)));
        assert!(!keeps_out(open(cap(USER, 5, 24)), open(cap(USER, 2, 24))));
    }
}
