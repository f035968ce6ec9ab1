//! What the rules of a catalog ask that is no plain value: circles, ranges, hours by the clocks of zones.
//!
//! Made once for a catalog; each scene then answers every question once, however many line items ask it.

use jiff::tz::TimeZone;

use crate::campaign::{Attribute, Catalog, Range, Wanted};
use crate::targeting::circles::Circles;
use crate::targeting::key::{clock_key, range_key};
use crate::targeting::place::Point;
use crate::targeting::scene::bit;

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
        for line_item in &catalog.line_items {
            let campaign = &catalog.campaigns[line_item.campaign];
            let modifiers = line_item.modifiers.iter().flat_map(|modifier| modifier.when.tests());
            for test in line_item.targeting.tests().chain(modifiers) {
                vocabulary.learn(test.attribute, &test.wanted, (&campaign.zone, &campaign.zone_name));
            }
        }
        vocabulary.ranges.sort_unstable_by_key(|(attribute, _, key)| (*attribute, *key));
        vocabulary.ranges.dedup();
        vocabulary
    }

    /// Takes in what a test of a campaign with this zone asks.
    fn learn(&mut self, attribute: Attribute, wanted: &Wanted, (zone, zone_name): (&TimeZone, &str)) {
        self.asked |= bit(attribute);
        match wanted {
            Wanted::OneOf(_) => {}
            Wanted::Within(circles) if attribute == Attribute::HomeNear => {
                circles.iter().for_each(|circle| self.home_near.add(circle));
            }
            Wanted::Within(circles) => circles.iter().for_each(|circle| self.near.add(circle)),
            Wanted::During(_) => {
                let clock = clock_key(Some(zone_name));
                if attribute == Attribute::Daypart && self.zones.iter().all(|known| known.clock != clock) {
                    self.zones.push(Zone { zone: zone.clone(), clock });
                }
            }
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

    /// Adds the keys of the circles that hold `point` to `keys`.
    pub(super) fn around(&self, attribute: Attribute, point: Point, keys: &mut impl Extend<u64>) {
        let circles = if attribute == Attribute::HomeNear { &self.home_near } else { &self.near };
        circles.around(point, keys);
    }

    /// The keys of the ranges of `attribute` that `number` lies in.
    pub(super) fn ranges(&self, attribute: Attribute, number: i64) -> impl Iterator<Item = u64> {
        let from = self.ranges.partition_point(|(other, ..)| *other < attribute);
        let own = self.ranges[from..].iter().take_while(move |(other, ..)| *other == attribute);
        own.filter(move |(_, range, _)| range.has(number)).map(|(.., key)| *key)
    }
}
