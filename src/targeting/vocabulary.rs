//! What the rules of a catalog ask that is no plain value: circles, ranges, hours by the clocks of zones, lists.
//!
//! Made once for a catalog; each scene then answers every question once, however many line items ask it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::audience::Happened;
use crate::campaign::{Attribute, Catalog, Range, Wanted};
use crate::geo::Spot;
use crate::targeting::behaviour::{Answers, Behaviours};
use crate::targeting::circles::Circles;
use crate::targeting::key::{clock_key, list_key, range_key, unnamed_key, value_key};
use crate::targeting::lists::{Drafts, Lists};
use crate::targeting::scene::bit;
use crate::units::UnixMillis;

/// The questions of a catalog's rules.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// A bit for each attribute that a rule asks of.
    asked: u128,
    zones: Vec<Zone>,
    near: Circles,
    home_near: Circles,
    /// By attribute, each range with its key.
    ranges: Vec<(Attribute, Range, u64)>,
    behaviours: Behaviours,
    /// Of each attribute with lists.
    lists: Vec<Lists>,
}

/// A zone whose hours are asked for.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    pub(super) zone: TimeZone,
    /// What the keys of its hours have in common.
    pub(super) clock: u64,
}

impl Vocabulary {
    /// The questions of all rules of `catalog`.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        // What every line item asks, whatever its rule: its creatives' formats, and its deals.
        let mut vocabulary = Self { asked: bit(Attribute::Format) | bit(Attribute::Deal), ..Self::default() };
        let mut drafts = BTreeMap::new();
        for line_item in &catalog.line_items {
            let campaign = &catalog.campaigns[line_item.campaign];
            let modifiers = line_item.modifiers.iter().flat_map(|modifier| modifier.when.tests());
            for test in line_item.targeting.tests().chain(modifiers) {
                let clock = (&campaign.zone, campaign.zone_name.as_str());
                vocabulary.learn((test.attribute, &test.wanted), clock, &mut drafts);
                if test.attribute.is_behaviour()
                    && let Some(definition) =
                        catalog.audiences.of(catalog.advertisers[campaign.advertiser].id)
                {
                    vocabulary.behaviours.learn(definition, test.attribute, &test.wanted);
                }
            }
        }
        vocabulary.ranges.sort_unstable_by_key(|(attribute, _, key)| (*attribute, *key));
        vocabulary.ranges.dedup();
        vocabulary.lists =
            drafts.into_iter().map(|(attribute, drafts)| Lists::new(attribute, drafts)).collect();
        vocabulary
    }

    /// Takes in what a test of a campaign with this zone asks.
    fn learn(
        &mut self,
        (attribute, wanted): (Attribute, &Wanted),
        (zone, zone_name): (&TimeZone, &str),
        drafts: &mut BTreeMap<Attribute, Drafts>,
    ) {
        self.asked |= bit(attribute);
        match wanted {
            Wanted::OneOf { values, lists } => {
                let keys = |value: &str| value_key(attribute, value);
                for list in lists {
                    drafts
                        .entry(attribute)
                        .or_default()
                        .add(list_key(list), || list.values().map(keys).collect());
                }
                if let Some(list) = unnamed_key(attribute, values) {
                    let values = || values.iter().map(|value| keys(value)).collect();
                    drafts.entry(attribute).or_default().add(list, values);
                }
            }
            Wanted::Within(circles) if attribute == Attribute::HomeNear => self.home_near.add(circles),
            Wanted::Within(circles) => self.near.add(circles),
            Wanted::During(_) => {
                let clock = clock_key(Some(zone_name));
                if attribute == Attribute::Daypart && self.zones.iter().all(|known| known.clock != clock) {
                    self.zones.push(Zone { zone: zone.clone(), clock });
                }
            }
            Wanted::Happened(_) | Wanted::Scored(_) => {}
            Wanted::Between(_) if attribute.is_behaviour() => {}
            Wanted::Between(range) => self.ranges.push((attribute, *range, range_key(*range))),
        }
    }

    /// True if a rule asks what the user agent tells: if not, it need not be read.
    #[must_use]
    pub fn asks_agent(&self) -> bool {
        let told_by_agent = [
            Attribute::Device,
            Attribute::Os,
            Attribute::OsVersion,
            Attribute::Browser,
            Attribute::BrowserVersion,
            Attribute::Robot,
        ];
        told_by_agent.into_iter().any(|attribute| self.asks(attribute))
    }

    /// True if a rule asks of `attribute`: of others a scene need not tell.
    pub(super) fn asks(&self, attribute: Attribute) -> bool {
        self.asked & bit(attribute) != 0
    }

    /// The zones whose hours are asked for.
    pub(super) fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// Adds the keys of the circles that hold `spot` to `keys`.
    pub(super) fn around(&self, attribute: Attribute, spot: Spot, keys: &mut impl Extend<u64>) {
        let circles = if attribute == Attribute::HomeNear { &self.home_near } else { &self.near };
        circles.around(spot, keys);
    }

    /// What the questions about behaviour get as answers of a person with `history`, in the order of attributes.
    pub(super) fn answers(&self, history: &[Happened], now: UnixMillis) -> Answers {
        self.behaviours.answers(history, now)
    }

    /// The lists of `attribute`, if it has any.
    pub(super) fn lists(&self, attribute: Attribute) -> Option<&Lists> {
        self.lists.iter().find(|lists| lists.attribute() == attribute)
    }

    /// The keys of the ranges of `attribute` that `number` lies in.
    pub(super) fn ranges(&self, attribute: Attribute, number: i64) -> impl Iterator<Item = u64> {
        let from = self.ranges.partition_point(|(other, ..)| *other < attribute);
        let own = self.ranges[from..].iter().take_while(move |(other, ..)| *other == attribute);
        own.filter(move |(_, range, _)| range.has(number)).map(|(.., key)| *key)
    }
}
