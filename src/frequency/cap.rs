//! Whether one more exposure would exceed a cap.

use std::fmt;

use crate::campaign::{Advertiser, Campaign, CapLevel, CountBy, Creative, FrequencyCap, LineItem};
use crate::frequency::{Exposure, Exposures};
use crate::units::{AdvertiserId, CampaignId, CreativeId, LineItemId, UnixMillis};

/// Over what a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// One creative, in all line items that use it.
    Creative(CreativeId),
    /// One line item.
    LineItem(LineItemId),
    /// All line items of a campaign.
    Campaign(CampaignId),
    /// All campaigns of an advertiser.
    Advertiser(AdvertiserId),
}

impl Level {
    #[inline]
    fn counts(self, exposure: &Exposure) -> bool {
        match self {
            Self::Creative(id) => exposure.creative == id,
            Self::LineItem(id) => exposure.line_item == id,
            Self::Campaign(id) => exposure.campaign == id,
            Self::Advertiser(id) => exposure.advertiser == id,
        }
    }

    const fn kind(self) -> CapLevel {
        match self {
            Self::Creative(_) => CapLevel::Creative,
            Self::LineItem(_) => CapLevel::LineItem,
            Self::Campaign(_) => CapLevel::Campaign,
            Self::Advertiser(_) => CapLevel::Advertiser,
        }
    }
}

/// Caps, each list with what it counts over.
pub type Caps<'a, const N: usize> = [(Level, &'a [FrequencyCap]); N];

/// The caps of one creative.
#[must_use]
pub fn caps_of(creative: &Creative) -> Caps<'_, 1> {
    [(Level::Creative(creative.id), &creative.frequency)]
}

/// The caps under which a line item counts, whatever its creative.
#[must_use]
pub fn caps_above<'a>(
    line_item: &'a LineItem,
    campaign: &'a Campaign,
    advertiser: &'a Advertiser,
) -> Caps<'a, 3> {
    [
        (Level::LineItem(line_item.id), &line_item.frequency),
        (Level::Campaign(campaign.id), &campaign.frequency),
        (Level::Advertiser(advertiser.id), &advertiser.frequency),
    ]
}

/// All caps under which an ad counts, the narrowest level first.
#[must_use]
pub fn all_caps<'a>(
    creative: &'a Creative,
    line_item: &'a LineItem,
    campaign: &'a Campaign,
    advertiser: &'a Advertiser,
) -> Caps<'a, 4> {
    let [own] = caps_of(creative);
    let [line_item, campaign, advertiser] = caps_above(line_item, campaign, advertiser);
    [own, line_item, campaign, advertiser]
}

/// True if one of `caps` counts by `by`.
#[must_use]
pub fn counts_by(caps: &[(Level, &[FrequencyCap])], by: CountBy) -> bool {
    caps.iter().any(|(_, caps)| caps.iter().any(|cap| cap.by == by))
}

/// What was shown to whoever is behind a request; `None` where they are not known or must not be recognised.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// By the user.
    pub user: Option<&'a Exposures>,
    /// By the household.
    pub household: Option<&'a Exposures>,
}

impl<'a> Seen<'a> {
    fn by(self, by: CountBy) -> Option<&'a Exposures> {
        match by {
            CountBy::User => self.user,
            CountBy::Household => self.household,
        }
    }
}

/// Of which level a cap is, and for whom it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Over what.
    pub level: CapLevel,
    /// For whom.
    pub by: CountBy,
}

/// `line item`, or `line item by household`.
impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.level {
            CapLevel::Creative => "creative",
            CapLevel::LineItem => "line item",
            CapLevel::Campaign => "campaign",
            CapLevel::Advertiser => "advertiser",
        })?;
        match self.by {
            CountBy::User => Ok(()),
            CountBy::Household => f.write_str(" by household"),
        }
    }
}

/// A cap that leaves no room for one more exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// Which.
    pub counted: Counted,
    /// The cap.
    pub cap: FrequencyCap,
    /// True if it is reached, or has no room to count in; false if whoever it counts by is not known, and it keeps
    /// such out.
    pub is_reached: bool,
}

/// A cap of the first list of `caps` of which one more exposure at `now` would exceed any.
///
/// Somebody who is not known passes only caps that include such. `beside` are bids of the same answer, which
/// count as shown to both. A window is open at its old end: at `now`, what was shown exactly `cap.per` ago no
/// longer counts. It has no young end: an exposure that another machine's clock puts after `now` counts. Where one
/// more could not be remembered, every cap that would have to count it is exceeded.
#[must_use]
pub fn first_exceeded(
    caps: &[(Level, &[FrequencyCap])],
    seen: Seen<'_>,
    beside: &[Exposure],
    now: UnixMillis,
) -> Option<Exceeded> {
    let lists = caps.iter().filter(|(_, caps)| !caps.is_empty());
    lists.copied().find_map(|(level, caps)| {
        let exceeded = |by| {
            let of_kind = move || caps.iter().filter(move |cap| cap.by == by);
            let (cap, is_reached) = match seen.by(by) {
                Some(exposures) if exposures.is_full(now) => (of_kind().next()?, true),
                Some(exposures) => (reached(level, of_kind, exposures, beside, now)?, true),
                None => (of_kind().find(|cap| !cap.include_unknown)?, false),
            };
            Some(Exceeded { counted: Counted { level: level.kind(), by }, cap: *cap, is_reached })
        };
        exceeded(CountBy::User).or_else(|| exceeded(CountBy::Household))
    })
}

/// The cap that is reached first on the way back from `now`: where a cap of n meets the n-th exposure within its
/// window. So one walk serves any number of caps.
fn reached<'a, I: Iterator<Item = &'a FrequencyCap>>(
    level: Level,
    caps: impl Fn() -> I,
    exposures: &Exposures,
    beside: &[Exposure],
    now: UnixMillis,
) -> Option<&'a FrequencyCap> {
    let longest = caps().map(|cap| cap.per).max()?;
    let opens = now.minus(longest);
    let shown = exposures.iter().rev().map(|shown| (shown, shown.at())).take_while(|(_, at)| *at > opens);
    let beside = beside.iter().map(|bid| (bid, now));
    let counted = beside.chain(shown).filter(|(shown, _)| level.counts(shown));
    for (count, (_, at)) in (1..).zip(counted) {
        let full = caps().find(|cap| cap.impressions <= count && at > now.minus(cap.per));
        if full.is_some() {
            return full;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Counted, Level, Seen, first_exceeded};
    use crate::campaign::{CapLevel, CountBy, FrequencyCap};
    use crate::frequency::{Exposure, Exposures};
    use crate::units::limits::EXPOSURES_MAX;
    use crate::units::{AdvertiserId, BidId, CampaignId, CreativeId, LineItemId, Millis, UnixMillis};

    const CREATIVE: Level = Level::Creative(CreativeId::from_slug("a/c/l/k"));
    const LINE_ITEM: Level = Level::LineItem(LineItemId::from_slug("a/c/l"));
    const CAMPAIGN: Level = Level::Campaign(CampaignId::from_slug("a/c"));
    const ADVERTISER: Level = Level::Advertiser(AdvertiserId::from_slug("a"));

    fn cap(impressions: u32, per: i64) -> FrequencyCap {
        FrequencyCap { by: CountBy::User, impressions, per: Millis::from_raw(per), include_unknown: false }
    }

    /// An ad of `path`, advertiser/campaign/line item/creative.
    fn exposure(path: &str, at: i64, number: u128) -> Exposure {
        let upto = |parts: usize| path.split('/').take(parts).collect::<Vec<_>>().join("/");
        Exposure {
            bid: BidId::mint(UnixMillis::from_raw(at), number),
            creative: CreativeId::from_slug(path),
            line_item: LineItemId::from_slug(&upto(3)),
            campaign: CampaignId::from_slug(&upto(2)),
            advertiser: AdvertiserId::from_slug(&upto(1)),
        }
    }

    fn exposures(shown: &[(&str, i64)]) -> Exposures {
        let mut exposures = Exposures::default();
        for (number, (path, at)) in (0..).zip(shown) {
            exposures.record(exposure(path, *at, number));
        }
        exposures
    }

    /// The cap that one more ad `a/c/l/k` exceeds at 1,000, and whether it is reached, after `shown` to the user.
    #[track_caller]
    fn check(
        caps: &[(Level, &[FrequencyCap])],
        shown: Option<&[(&str, i64)]>,
        want: Option<(CapLevel, bool)>,
    ) {
        let exposures = shown.map(exposures);
        let seen = Seen { user: exposures.as_ref(), household: None };
        let got = first_exceeded(caps, seen, &[], UnixMillis::from_raw(1_000));
        assert_eq!(got.map(|exceeded| (exceeded.counted.level, exceeded.is_reached)), want);
    }

    #[test]
    fn the_last_place_is_free_and_then_none() {
        let caps: &[(Level, &[FrequencyCap])] = &[(LINE_ITEM, &[cap(2, 100)])];
        check(caps, Some(&[("a/c/l/k", 950)]), None);
        check(caps, Some(&[("a/c/l/k", 950), ("a/c/l/k", 960)]), Some((CapLevel::LineItem, true)));
    }

    #[test]
    fn a_window_is_open_at_its_old_end_and_has_no_young_end() {
        let caps: &[(Level, &[FrequencyCap])] = &[(LINE_ITEM, &[cap(1, 100)])];
        check(caps, Some(&[("a/c/l/k", 900)]), None);
        for at in [901, 1_000, 1_001] {
            check(caps, Some(&[("a/c/l/k", at)]), Some((CapLevel::LineItem, true)));
        }
    }

    #[test]
    fn each_level_counts_its_own_and_nothing_beside_it() {
        let one: &[FrequencyCap] = &[cap(1, 100)];
        let levels = [CREATIVE, LINE_ITEM, CAMPAIGN, ADVERTISER];
        let kinds = [CapLevel::Creative, CapLevel::LineItem, CapLevel::Campaign, CapLevel::Advertiser];
        for (depth, other) in ["a/c/l/k", "a/c/l/x", "a/c/x/k", "a/x/l/k", "x/c/l/k"].into_iter().enumerate()
        {
            for (at, (level, kind)) in levels.into_iter().zip(kinds).enumerate() {
                check(&[(level, one)], Some(&[(other, 950)]), (at >= depth).then_some((kind, true)));
            }
        }
    }

    #[test]
    fn the_narrowest_level_is_named_first() {
        let one: &[FrequencyCap] = &[cap(1, 100)];
        let caps = [(CREATIVE, one), (LINE_ITEM, one), (ADVERTISER, one)];
        check(&caps, Some(&[("a/c/l/k", 950)]), Some((CapLevel::Creative, true)));
        check(&caps, Some(&[("a/c/l/x", 950)]), Some((CapLevel::LineItem, true)));
        check(&caps, Some(&[("a/c/x/x", 950)]), Some((CapLevel::Advertiser, true)));
    }

    #[test]
    fn of_several_windows_each_must_have_room() {
        let caps: &[(Level, &[FrequencyCap])] = &[(LINE_ITEM, &[cap(1, 10), cap(2, 500)])];
        check(caps, Some(&[("a/c/l/k", 950)]), None);
        check(caps, Some(&[("a/c/l/k", 995)]), Some((CapLevel::LineItem, true)));
        check(caps, Some(&[("a/c/l/k", 600), ("a/c/l/k", 950)]), Some((CapLevel::LineItem, true)));
    }

    #[test]
    fn somebody_unknown_passes_only_caps_that_say_so() {
        let shut: &[FrequencyCap] = &[cap(1, 100)];
        let open: &[FrequencyCap] = &[FrequencyCap { include_unknown: true, ..cap(1, 100) }];
        check(&[(LINE_ITEM, shut)], None, Some((CapLevel::LineItem, false)));
        check(&[(LINE_ITEM, open), (CAMPAIGN, shut)], None, Some((CapLevel::Campaign, false)));
        check(&[(LINE_ITEM, open), (CAMPAIGN, open)], None, None);
        check(&[(LINE_ITEM, &[])], None, None);
    }

    #[test]
    fn a_household_counts_apart_from_its_users() {
        let caps: [(Level, &[FrequencyCap]); 1] =
            [(LINE_ITEM, &[cap(2, 100), FrequencyCap { by: CountBy::Household, ..cap(3, 100) }])];
        let check = |user: Option<usize>, household: Option<usize>, want: Option<(CountBy, bool)>| {
            let seen = |count: usize| exposures(&vec![("a/c/l/k", 950); count]);
            let (user, household) = (user.map(seen), household.map(seen));
            let seen = Seen { user: user.as_ref(), household: household.as_ref() };
            let got = first_exceeded(&caps, seen, &[], UnixMillis::from_raw(1_000));
            assert_eq!(got.map(|exceeded| (exceeded.counted.by, exceeded.is_reached)), want);
        };
        check(Some(1), Some(2), None);
        check(Some(2), Some(2), Some((CountBy::User, true)));
        check(Some(1), Some(3), Some((CountBy::Household, true)));
        check(Some(0), None, Some((CountBy::Household, false)));
        check(None, Some(0), Some((CountBy::User, false)));
    }

    #[test]
    fn bids_of_the_same_answer_count_as_shown() {
        let caps: [(Level, &[FrequencyCap]); 1] = [(CAMPAIGN, &[cap(2, 100)])];
        let shown = exposures(&[("a/c/l/k", 950)]);
        let seen = Seen { user: Some(&shown), household: None };
        let beside =
            |path| first_exceeded(&caps, seen, &[exposure(path, 1_000, 9)], UnixMillis::from_raw(1_000));
        assert!(beside("a/c/x/x").is_some());
        assert_eq!(beside("a/x/x/x"), None);
    }

    #[test]
    fn a_withdrawn_bid_makes_room() {
        let mut shown = exposures(&[("a/c/l/k", 950)]);
        let one: &[_] = &[("a/c/l/k", 950)];
        check(&[(LINE_ITEM, &[cap(1, 100)])], Some(one), Some((CapLevel::LineItem, true)));
        let bid = shown.iter().next().unwrap().bid;
        assert!(shown.withdraw(bid));
        let seen = Seen { user: Some(&shown), household: None };
        let caps: [(Level, &[FrequencyCap]); 1] = [(LINE_ITEM, &[cap(1, 100)])];
        assert_eq!(first_exceeded(&caps, seen, &[], UnixMillis::from_raw(1_000)), None);
    }

    #[test]
    fn where_nothing_more_can_be_remembered_every_cap_that_would_count_it_is_exceeded() {
        let full = exposures(&vec![("x/x/x/x", 999); EXPOSURES_MAX]);
        let almost = exposures(&vec![("x/x/x/x", 999); EXPOSURES_MAX - 1]);
        let caps: [(Level, &[FrequencyCap]); 1] = [(LINE_ITEM, &[cap(2, 100)])];
        let check = |user, household, want: Option<CountBy>| {
            let seen = Seen { user: Some(user), household: Some(household) };
            let got = first_exceeded(&caps, seen, &[], UnixMillis::from_raw(1_000));
            assert_eq!(
                got.map(|exceeded| (exceeded.counted.by, exceeded.is_reached)),
                want.map(|by| (by, true))
            );
        };
        check(&almost, &almost, None);
        check(&full, &almost, Some(CountBy::User));
        check(&almost, &full, None);
    }

    #[test]
    fn a_reason_names_level_and_kind() {
        let words = |level, by| Counted { level, by }.to_string();
        assert_eq!(words(CapLevel::LineItem, CountBy::User), "line item");
        assert_eq!(words(CapLevel::Advertiser, CountBy::Household), "advertiser by household");
    }
}
