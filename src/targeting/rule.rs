//! A targeting rule, compiled: negations pushed to the leaves, lists hashed.

use jiff::tz::TimeZone;
use smallvec::SmallVec;

use crate::campaign::{
    Catalog, ChannelKind, Circle, Clock, ConnectionKind, CreativeContent, Daypart, DeviceKind, FormatKind,
    LineItem, Predicate, Rule, Test,
};
use crate::targeting::values::Values;
use crate::targeting::{Attribute, Scene, text};
use crate::units::{DealId, ExchangeId, SegmentId};

/// Values of a leaf that its description lists.
const WORDS_SHOWN: usize = 3;

/// The distinct time zones of a set of rules. A [`Scene`] remembers hours by their numbers, so it may
/// only meet rules compiled with one and the same `Zones`.
#[derive(Debug, Clone, Default)]
pub struct Zones {
    zones: Vec<TimeZone>,
}

impl Zones {
    fn number(&mut self, zone: &TimeZone) -> u16 {
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

/// Whose hours `Clock::Campaign` means.
#[derive(Clone, Copy)]
struct CampaignZone<'z> {
    zone: &'z TimeZone,
    number: u16,
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
        let mut formats: SmallVec<[FormatKind; 4]> = SmallVec::new();
        for creative in &line_item.creatives {
            let format = format_of(&catalog.creatives[*creative].content);
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        let mut parts = vec![required(formats_listed(&formats))];
        if !line_item.deals.is_empty() {
            let deals = listed(Attribute::Deal, &line_item.deals, |deal| deal.raw(), DealId::to_string);
            parts.push(required(deals));
        }
        let zone = &catalog.campaigns[line_item.campaign].zone;
        parts.push(Self::new(&line_item.targeting, zone, zones).root);
        Self { root: joined(parts, true) }
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
    pub(super) fn conjuncts(&self) -> &[Node] {
        match &self.root {
            Node::All(parts) => parts,
            root => std::slice::from_ref(root),
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
    fn new(daypart: &Daypart, campaign: CampaignZone<'_>) -> Self {
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

fn compile(rule: &Rule, negated: bool, zone: CampaignZone<'_>) -> Node {
    match rule {
        Rule::All(parts) => joined(parts.iter().map(|part| compile(part, negated, zone)), !negated),
        Rule::Any(parts) => joined(parts.iter().map(|part| compile(part, negated, zone)), negated),
        Rule::Not(part) => compile(part, !negated, zone),
        Rule::Is(Test { predicate, include_unknown }) => {
            let (test, wanted) = leaf_test(predicate, zone);
            let wanted = if negated { format!("not {wanted}") } else { wanted };
            Node::Leaf(Leaf { test, negated, include_unknown: *include_unknown, wanted: wanted.into() })
        }
    }
}

/// `parts` under one `All` (or `Any`), with those of the same sort dissolved.
fn joined(parts: impl IntoIterator<Item = Node>, all: bool) -> Node {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Node::All(inner) if all => flat.extend(inner),
            Node::Any(inner) if !all => flat.extend(inner),
            part => flat.push(part),
        }
    }
    match (flat.len(), all) {
        (1, _) => flat.remove(0),
        (_, true) => Node::All(flat.into()),
        (_, false) => Node::Any(flat.into()),
    }
}

fn required((test, wanted): (LeafTest, String)) -> Node {
    Node::Leaf(Leaf { test, negated: false, include_unknown: false, wanted: wanted.into() })
}

fn leaf_test(predicate: &Predicate, zone: CampaignZone<'_>) -> (LeafTest, String) {
    use Attribute as A;
    use Predicate as P;
    match predicate {
        P::Country(list) => {
            listed(A::Country, list, |country| text::country_key(*country), ToString::to_string)
        }
        P::Region(list) => listed(A::Region, list, |region| text::region_key(*region), ToString::to_string),
        P::City(list) => texts(A::City, list),
        P::Postcode(list) => listed(A::Postcode, list, |prefix| text::postcode_key(prefix), String::clone),
        P::Metro(list) => texts(A::Metro, list),
        P::Near(circles) => (LeafTest::Near(circles.as_slice().into()), words(circles, circle_word)),
        P::Channel(list) => {
            listed(A::Channel, list, |kind| *kind as u64, |kind| channel_word(*kind).to_owned())
        }
        P::Domain(list) => listed(A::Domain, list, |domain| text::domain_key(domain), String::clone),
        P::Bundle(list) => texts(A::Bundle, list),
        P::Publisher(list) => texts(A::Publisher, list),
        P::Category(list) => texts(A::Category, list),
        P::Keyword(list) => texts(A::Keyword, list),
        P::Language(list) => texts(A::Language, list),
        P::Genre(list) => texts(A::Genre, list),
        P::Live(live) => flag(A::Live, *live),
        P::Device(list) => listed(A::Device, list, |kind| *kind as u64, |kind| device_word(*kind).to_owned()),
        P::Os(list) => texts(A::Os, list),
        P::Connection(list) => {
            listed(A::Connection, list, |kind| *kind as u64, |kind| connection_word(*kind).to_owned())
        }
        P::Carrier(list) => texts(A::Carrier, list),
        P::Format(list) => formats_listed(list),
        P::Position(list) => listed(A::Position, list, |code| u64::from(*code), u32::to_string),
        P::Interstitial(on) => flag(A::Interstitial, *on),
        P::Rewarded(on) => flag(A::Rewarded, *on),
        P::Exchange(list) => listed(A::Exchange, list, |id| id.raw(), ExchangeId::to_string),
        P::Segment(list) => listed(A::Segment, list, |id| id.raw(), SegmentId::to_string),
        P::Daypart(daypart) => {
            let hours = daypart.hours.iter().filter(|on| **on).count();
            let words = format!("one of {hours} hours of the week");
            (LeafTest::Daypart(Box::new(Hours::new(daypart, zone))), words)
        }
    }
}

fn texts(attribute: Attribute, list: &[String]) -> (LeafTest, String) {
    listed(attribute, list, |word| text::key(word), String::clone)
}

fn flag(attribute: Attribute, on: bool) -> (LeafTest, String) {
    listed(attribute, &[on], |on| u64::from(*on), bool::to_string)
}

fn formats_listed(list: &[FormatKind]) -> (LeafTest, String) {
    listed(Attribute::Format, list, |kind| *kind as u64, |kind| format_word(*kind).to_owned())
}

fn listed<T>(
    attribute: Attribute,
    list: &[T],
    key: impl Fn(&T) -> u64,
    word: impl Fn(&T) -> String,
) -> (LeafTest, String) {
    (LeafTest::Keys(attribute, Values::new(list.iter().map(key))), words(list, word))
}

/// The first few of `list`, and how many more.
fn words<T>(list: &[T], word: impl Fn(&T) -> String) -> String {
    let mut text = list.iter().take(WORDS_SHOWN).map(word).collect::<Vec<_>>().join(", ");
    match list.len() {
        0 => "nothing".to_owned(),
        len if len > WORDS_SHOWN => {
            text.push_str(&format!(" and {} more", len - WORDS_SHOWN));
            text
        }
        _ => text,
    }
}

fn circle_word(circle: &Circle) -> String {
    format!("{} km around {} {}", circle.km, circle.lat, circle.lon)
}

fn channel_word(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Site => "site",
        ChannelKind::App => "app",
        ChannelKind::Dooh => "dooh",
    }
}

fn device_word(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Phone => "phone",
        DeviceKind::Tablet => "tablet",
        DeviceKind::Desktop => "desktop",
        DeviceKind::Tv => "tv",
        DeviceKind::Other => "other",
    }
}

fn connection_word(kind: ConnectionKind) -> &'static str {
    match kind {
        ConnectionKind::Ethernet => "ethernet",
        ConnectionKind::Wifi => "wifi",
        ConnectionKind::Cellular => "cellular",
    }
}

fn format_word(kind: FormatKind) -> &'static str {
    match kind {
        FormatKind::Banner => "banner",
        FormatKind::Video => "video",
        FormatKind::Audio => "audio",
        FormatKind::Native => "native",
    }
}

fn format_of(content: &CreativeContent) -> FormatKind {
    match content {
        CreativeContent::Banner { .. } => FormatKind::Banner,
        CreativeContent::Video { .. } => FormatKind::Video,
        CreativeContent::Audio { .. } => FormatKind::Audio,
        CreativeContent::Native { .. } => FormatKind::Native,
    }
}
