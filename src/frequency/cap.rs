//! Whether one more exposure would exceed a cap.

use std::fmt;

use crate::campaign::{Advertiser, Campaign, CapLevel, CountBy, Creative, FrequencyCap, LineItem};
use crate::frequency::{Exposure, Exposures};
use crate::units::{AdvertiserId, CampaignId, CreativeId, LineItemId, UnixMillis};

/// Over what a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// True if it is reached; false if whoever it counts by is not known, and it keeps such out.
    pub is_reached: bool,
}

/// A cap of the first list of `caps` of which one more exposure at `now` would exceed any.
///
/// Somebody who is not known passes only caps that include such. `beside` are bids of the same answer, which
/// count as shown to both. A window is open at its old end: at `now`, what was shown exactly `cap.per` ago no
/// longer counts. It has no young end: an exposure that another machine's clock puts after `now` counts.
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
    let mut count = 0;
    for (_, at) in beside.chain(shown).filter(|(shown, _)| level.counts(shown)) {
        count += 1;
        let full = caps().find(|cap| cap.impressions <= count && at > now.minus(cap.per));
        if full.is_some() {
            return full;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Exceeded, Level, first_exceeded};
    use crate::campaign::FrequencyCap;
    use crate::frequency::{Exposure, Exposures};
    use crate::units::{BidId, CampaignId, LineItemId, Millis, UnixMillis};

    const LINE_ITEM: Level = Level::LineItem(LineItemId::from_slug("c/a"));
    const CAMPAIGN: Level = Level::Campaign(CampaignId::from_slug("c"));

    fn cap(impressions: u32, per: i64) -> FrequencyCap {
        FrequencyCap { impressions, per: Millis::from_raw(per), include_unknown_users: false }
    }

    fn exposures(shown: &[(&str, i64)]) -> Exposures {
        let mut exposures = Exposures::default();
        for (number, (line_item, at)) in (0..).zip(shown) {
            let at = UnixMillis::from_raw(*at);
            exposures.record(Exposure {
                line_item: LineItemId::from_slug(line_item),
                campaign: CampaignId::from_slug(line_item.split('/').next().unwrap()),
                at,
                bid: BidId::mint(at, number),
            });
        }
        exposures
    }

    /// What one more ad of line item `c/a` exceeds at 1,000, with these caps, after `shown`.
    #[track_caller]
    fn check(
        line_item: &[FrequencyCap],
        campaign: &[FrequencyCap],
        shown: Option<&[(&str, i64)]>,
        want: Option<(Level, Option<usize>)>,
    ) {
        let exposures = shown.map(exposures);
        let caps = [(LINE_ITEM, line_item), (CAMPAIGN, campaign)];
        let got = first_exceeded(&caps, exposures.as_ref(), UnixMillis::from_raw(1_000));
        assert_eq!(got.map(|Exceeded { level, seen, .. }| (level, seen)), want);
    }

    #[test]
    fn the_last_place_is_free_and_then_none() {
        check(&[cap(2, 100)], &[], Some(&[("c/a", 950)]), None);
        check(&[cap(2, 100)], &[], Some(&[("c/a", 950), ("c/a", 960)]), Some((LINE_ITEM, Some(2))));
    }

    #[test]
    fn a_window_is_open_at_its_old_end_and_has_no_young_end() {
        check(&[cap(1, 100)], &[], Some(&[("c/a", 900)]), None);
        check(&[cap(1, 100)], &[], Some(&[("c/a", 901)]), Some((LINE_ITEM, Some(1))));
        check(&[cap(1, 100)], &[], Some(&[("c/a", 1_000)]), Some((LINE_ITEM, Some(1))));
        check(&[cap(1, 100)], &[], Some(&[("c/a", 1_001)]), Some((LINE_ITEM, Some(1))));
    }

    #[test]
    fn a_line_item_counts_its_own_and_a_campaign_all_of_its() {
        let shown: &[_] = &[("c/b", 950), ("d/a", 960)];
        check(&[cap(1, 100)], &[], Some(shown), None);
        check(&[cap(1, 100)], &[cap(1, 100)], Some(shown), Some((CAMPAIGN, Some(1))));
        check(&[], &[cap(2, 100)], Some(shown), None);
    }

    #[test]
    fn of_several_windows_each_must_have_room() {
        let caps = [cap(1, 10), cap(2, 500)];
        check(&caps, &[], Some(&[("c/a", 950)]), None);
        check(&caps, &[], Some(&[("c/a", 600), ("c/a", 950)]), Some((LINE_ITEM, Some(2))));
    }

    #[test]
    fn an_unknown_user_passes_only_caps_that_say_so() {
        let open = FrequencyCap { include_unknown_users: true, ..cap(1, 100) };
        check(&[cap(1, 100)], &[], None, Some((LINE_ITEM, None)));
        check(&[open], &[cap(1, 100)], None, Some((CAMPAIGN, None)));
        check(&[open], &[open], None, None);
        check(&[], &[], None, None);
    }

    #[test]
    fn a_withdrawn_bid_makes_room() {
        let mut shown = exposures(&[("c/a", 950)]);
        let caps: [(Level, &[FrequencyCap]); 1] = [(LINE_ITEM, &[cap(1, 100)])];
        let now = UnixMillis::from_raw(1_000);
        assert!(first_exceeded(&caps, Some(&shown), now).is_some());
        let bid = shown.iter().next().unwrap().bid;
        shown.withdraw(bid);
        assert_eq!(first_exceeded(&caps, Some(&shown), now), None);
    }
}
