//! How long the caps of a plan count an exposure.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::campaign::{Catalog, CountBy, FrequencyCap};
use crate::frequency::{Exposure, Level};
use crate::units::{Millis, UnixMillis};

/// The longest windows of a catalog's caps, by what they count over and for whom.
#[derive(Debug, Clone, Default)]
pub struct Windows {
    longest: HashMap<(Level, CountBy), Millis, RandomState>,
}

impl Windows {
    /// Those of `catalog`.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        let mut windows = Self::default();
        for advertiser in &catalog.advertisers {
            windows.add(Level::Advertiser(advertiser.id), &advertiser.frequency);
        }
        for campaign in &catalog.campaigns {
            windows.add(Level::Campaign(campaign.id), &campaign.frequency);
        }
        for line_item in &catalog.line_items {
            windows.add(Level::LineItem(line_item.id), &line_item.frequency);
        }
        for creative in &catalog.creatives {
            windows.add(Level::Creative(creative.id), &creative.frequency);
        }
        windows
    }

    /// Adds `caps` over what `level` says.
    pub fn add(&mut self, level: Level, caps: &[FrequencyCap]) {
        for cap in caps {
            let longest = self.longest.entry((level, cap.by)).or_default();
            *longest = (*longest).max(cap.per);
        }
    }

    /// The longest of all; `None` where there is no cap.
    #[must_use]
    pub fn longest(&self) -> Option<Millis> {
        self.longest.values().copied().max()
    }

    /// From when on no cap by `by` counts `exposure` any more; `None` if none ever does.
    #[must_use]
    pub fn end(&self, exposure: &Exposure, by: CountBy) -> Option<UnixMillis> {
        if self.longest.is_empty() {
            return None;
        }
        let levels = [
            Level::Creative(exposure.creative),
            Level::LineItem(exposure.line_item),
            Level::Campaign(exposure.campaign),
            Level::Advertiser(exposure.advertiser),
        ];
        let longest = levels.iter().filter_map(|level| self.longest.get(&(*level, by))).max()?;
        Some(exposure.at().plus(*longest))
    }
}

#[cfg(test)]
mod tests {
    use super::Windows;
    use crate::campaign::{CountBy, FrequencyCap};
    use crate::frequency::{Exposure, Level};
    use crate::units::{AdvertiserId, BidId, CampaignId, CreativeId, LineItemId, Millis, UnixMillis};

    #[test]
    fn an_exposure_counts_as_long_as_the_longest_window_of_its_levels_and_kind() {
        let cap =
            |by, per| FrequencyCap { by, impressions: 1, per: Millis::from_raw(per), include_unknown: false };
        let mut windows = Windows::default();
        let line_item = LineItemId::from_slug("c/l");
        windows.add(Level::LineItem(line_item), &[cap(CountBy::User, 10), cap(CountBy::User, 5)]);
        windows.add(Level::Campaign(CampaignId::from_slug("c")), &[cap(CountBy::User, 20)]);
        windows.add(Level::Campaign(CampaignId::from_slug("d")), &[cap(CountBy::Household, 90)]);
        let end = |line_item: &str, campaign: &str, by| {
            let exposure = Exposure {
                bid: BidId::mint(UnixMillis::from_raw(1_000), 1),
                creative: CreativeId::from_slug("c/k"),
                line_item: LineItemId::from_slug(line_item),
                campaign: CampaignId::from_slug(campaign),
                advertiser: AdvertiserId::from_slug("a"),
            };
            windows.end(&exposure, by).map(UnixMillis::raw)
        };
        assert_eq!(end("c/l", "c", CountBy::User), Some(1_020));
        assert_eq!(end("c/l", "x", CountBy::User), Some(1_010));
        assert_eq!(end("c/l", "c", CountBy::Household), None);
        assert_eq!(end("d/l", "d", CountBy::Household), Some(1_090));
        assert_eq!(end("x/l", "x", CountBy::User), None);
        assert_eq!(windows.longest(), Some(Millis::from_raw(90)));
        assert_eq!(Windows::default().longest(), None);
    }
}
