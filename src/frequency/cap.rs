//! Whether one more exposure would exceed a cap.

use std::fmt;

use crate::campaign::FrequencyCap;
use crate::frequency::{Exposure, Exposures};
use crate::units::{CampaignId, LineItemId, UnixMillis};

/// Over what a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// One line item.
    LineItem(LineItemId),
    /// All line items of a campaign.
    Campaign(CampaignId),
}

impl Level {
    fn counts(self, exposure: &Exposure) -> bool {
        match self {
            Self::LineItem(id) => exposure.line_item == id,
            Self::Campaign(id) => exposure.campaign == id,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineItem(_) => "line item",
            Self::Campaign(_) => "campaign",
        })
    }
}

/// A cap that leaves no room for one more exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// Over what it counts.
    pub level: Level,
    /// The cap.
    pub cap: FrequencyCap,
    /// How many exposures its window holds; `None` if the person is unknown and the cap bars such.
    pub seen: Option<usize>,
}

/// The first of `caps` that one more exposure at `now` would exceed.
///
/// `exposures` is `None` for a person without id: then a cap holds only if it includes unknown users.
/// The window is open at its old end: at `now`, what was shown exactly `cap.per` ago no longer counts.
/// It has no young end: an exposure that another machine's clock puts after `now` counts.
#[must_use]
pub fn first_exceeded(
    caps: &[(Level, &[FrequencyCap])],
    exposures: Option<&Exposures>,
    now: UnixMillis,
) -> Option<Exceeded> {
    let caps = caps.iter().flat_map(|(level, caps)| caps.iter().map(|cap| (*level, *cap)));
    for (level, cap) in caps {
        let seen = exposures.map(|exposures| seen(level, cap, exposures, now));
        let full = match seen {
            Some(seen) => u32::try_from(seen).map_or(true, |seen| seen >= cap.impressions),
            None => !cap.include_unknown_users,
        };
        if full {
            return Some(Exceeded { level, cap, seen });
        }
    }
    None
}

fn seen(level: Level, cap: FrequencyCap, exposures: &Exposures, now: UnixMillis) -> usize {
    let opens = now.minus(cap.per);
    exposures.iter().rev().take_while(|shown| shown.at > opens).filter(|shown| level.counts(shown)).count()
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
