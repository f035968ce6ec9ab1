//! A targeting rule, compiled, and whether it holds: negations at the leaves, lists hashed.

use jiff::tz::TimeZone;

use crate::campaign::{Catalog, Circle, Clock, Daypart, LineItem, Rule};
use crate::targeting::compile::{CampaignZone, compile, compile_line_item};
use crate::targeting::values::Values;
use crate::targeting::{Attribute, Scene};

/// The distinct time zones of a set of rules. A [`Scene`] remembers hours by their numbers, so it may
/// only meet rules compiled with one and the same `Zones`.
#[derive(Debug, Clone, Default)]
pub struct Zones {
    zones: Vec<TimeZone>,
}

impl Zones {
    pub(super) fn number(&mut self, zone: &TimeZone) -> u16 {
        let known = self.zones.iter().position(|known| known == zone);
        let number = known.unwrap_or_else(|| {
            self.zones.push(zone.clone());
            self.zones.len() - 1
        });
        u16::try_from(number).expect("the earth has fewer than 65,536 time zones")
    }
}

/// A rule ready to be asked of scenes.
#[derive(Debug, Clone)]
pub struct CompiledRule {
    root: Node,
}

/// A rule without negations but in its leaves; no `All` directly in an `All`, no `Any` in an `Any`.
#[derive(Debug, Clone)]
pub(super) enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Leaf(Leaf),
}

/// One attribute and what it must, or must not, be.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) test: LeafTest,
    pub(super) negated: bool,
    pub(super) include_unknown: bool,
    /// The values in short, for people.
    pub(super) wanted: Box<str>,
}

#[derive(Debug, Clone)]
pub(super) enum LeafTest {
    Keys(Attribute, Values),
    Near(Box<[Circle]>),
    Daypart(Box<Hours>),
}

/// Hours of the week as bits, and whose.
#[derive(Debug, Clone)]
pub(super) struct Hours {
    bits: [u64; 3],
    /// The zone and its number; `None` is the viewer's clock.
    zone: Option<(TimeZone, u16)>,
}

/// What a scene says to a leaf's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    Unknown,
}

impl CompiledRule {
    /// Compiles `rule` of a campaign in `zone`.
    #[must_use]
    pub fn new(rule: &Rule, zone: &TimeZone, zones: &mut Zones) -> Self {
        let number = zones.number(zone);
        Self { root: compile(rule, false, CampaignZone { zone, number }) }
    }

    /// All that must hold for a line item: one of its formats is offered, one of its deals if it has
    /// any, and its targeting.
    #[must_use]
    pub fn of_line_item(catalog: &Catalog, line_item: &LineItem, zones: &mut Zones) -> Self {
        let zone = &catalog.campaigns[line_item.campaign].zone;
        let number = zones.number(zone);
        Self { root: compile_line_item(catalog, line_item, CampaignZone { zone, number }) }
    }

    /// True if the rule holds in `scene`.
    #[must_use]
    pub fn holds(&self, scene: &Scene<'_>) -> bool {
        self.root.holds(scene)
    }

    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    /// What must hold in any case: the parts of a root `All`, or the root alone.
    pub(super) fn into_conjuncts(self) -> Vec<Node> {
        match self.root {
            Node::All(parts) => parts.into_vec(),
            root => vec![root],
        }
    }
}

impl Node {
    pub(super) fn holds(&self, scene: &Scene<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(scene)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(scene)),
            Self::Leaf(leaf) => leaf.holds(scene),
        }
    }
}

impl Leaf {
    pub(super) fn holds(&self, scene: &Scene<'_>) -> bool {
        match self.fit(scene) {
            Fit::Yes => !self.negated,
            Fit::No => self.negated,
            Fit::Unknown => self.include_unknown,
        }
    }

    fn fit(&self, scene: &Scene<'_>) -> Fit {
        let fits = match &self.test {
            LeafTest::Keys(attribute, values) => {
                let fits = values.contains_any(scene.keys(*attribute));
                (fits || scene.tells(*attribute)).then_some(fits)
            }
            LeafTest::Near(circles) => {
                scene.point().map(|point| circles.iter().any(|circle| point.within(circle)))
            }
            LeafTest::Daypart(hours) => hours.now(scene).map(|hour| hours.has(hour)),
        };
        fits.map_or(Fit::Unknown, |fits| if fits { Fit::Yes } else { Fit::No })
    }
}

impl Hours {
    pub(super) fn new(daypart: &Daypart, campaign: CampaignZone<'_>) -> Self {
        let mut bits = [0; 3];
        for (hour, on) in daypart.hours.iter().enumerate() {
            bits[hour / 64] |= u64::from(*on) << (hour % 64);
        }
        let zone = match daypart.clock {
            Clock::Campaign => Some((campaign.zone.clone(), campaign.number)),
            Clock::Viewer => None,
        };
        Self { bits, zone }
    }

    fn has(&self, hour: u8) -> bool {
        self.bits[usize::from(hour / 64)] >> (hour % 64) & 1 == 1
    }

    /// The hour of the week of `scene`.
    pub(super) fn now(&self, scene: &Scene<'_>) -> Option<u8> {
        match &self.zone {
            Some((zone, number)) => scene.hour_in(zone, *number),
            None => scene.viewer_hour(),
        }
    }
}
