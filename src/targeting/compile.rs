//! From the rule language to a [`CompiledRule`](crate::targeting::CompiledRule): off the bid path.

use jiff::tz::TimeZone;

use crate::campaign::{
    Catalog, ChannelKind, Circle, ConnectionKind, CreativeContent, DeviceKind, FormatKind, LineItem,
    PlacementKind, Predicate, RollKind, Rule, Test,
};
use crate::targeting::rule::{Hours, Leaf, LeafTest, Node};
use crate::targeting::values::Values;
use crate::targeting::{Attribute, text};
use crate::units::ExchangeId;

/// Values of a leaf that its description lists.
const WORDS_SHOWN: usize = 3;

/// Whose hours `Clock::Campaign` means.
#[derive(Clone, Copy)]
pub(super) struct CampaignZone<'z> {
    pub(super) zone: &'z TimeZone,
    pub(super) number: u16,
}

/// The formats of its creatives, its deals if it has any, and the targeting of `line_item`.
pub(super) fn compile_line_item(catalog: &Catalog, line_item: &LineItem, zone: CampaignZone<'_>) -> Node {
    let mut formats = Vec::new();
    for creative in &line_item.creatives {
        let format = format_of(&catalog.creatives[*creative].content);
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    let mut parts = vec![required(formats_listed(&formats))];
    if !line_item.deals.is_empty() {
        let deals = listed(Attribute::Deal, &line_item.deals, |deal| deal.id.raw(), |deal| deal.slug.clone());
        parts.push(required(deals));
    }
    parts.push(compile(&line_item.targeting, false, zone));
    joined(parts, true)
}

/// `rule`, or its negation.
pub(super) fn compile(rule: &Rule, negated: bool, zone: CampaignZone<'_>) -> Node {
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
        P::Placement(list) => {
            listed(A::Placement, list, |kind| *kind as u64, |kind| word(&PlacementKind::WORDS, *kind))
        }
        P::Roll(list) => listed(A::Roll, list, |kind| *kind as u64, |kind| word(&RollKind::WORDS, *kind)),
        P::Interstitial(on) => flag(A::Interstitial, *on),
        P::Rewarded(on) => flag(A::Rewarded, *on),
        P::Exchange(list) => listed(A::Exchange, list, |id| id.raw(), ExchangeId::to_string),
        P::Segment(list) => {
            listed(A::Segment, list, |segment| segment.id.raw(), |segment| segment.slug.clone())
        }
        P::Daypart(daypart) => {
            let hours = daypart.hours.iter().filter(|on| **on).count();
            let words = format!("one of {hours} hours of the week");
            (LeafTest::Daypart(Box::new(Hours::new(daypart, zone))), words)
        }
    }
}

/// The word of `kind` in campaign files.
fn word<K: PartialEq + Copy>(words: &[(&str, K)], kind: K) -> String {
    words.iter().find(|(_, known)| *known == kind).map_or("", |(word, _)| word).to_owned()
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

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use crate::campaign::{AgreedDeal, Catalog, Circle, LineItem, Predicate, Rule, Test};
    use crate::openrtb::{BidRequest, Channel, Imp, Outlet};
    use crate::targeting::fixture::{NOW, av, banner, catalog, deal, line_item, plain_imp, plain_request};
    use crate::targeting::rule::{LeafTest, Node};
    use crate::targeting::{CompiledRule, Scene, Zones};
    use crate::units::ExchangeId;

    fn is(predicate: Predicate) -> Rule {
        Rule::Is(Test { predicate, include_unknown: false })
    }

    /// Whether a line item holds on an impression of lemonde.fr.
    #[track_caller]
    fn check(line_item: LineItem, imp: &Imp<'_>, want: bool) {
        let catalog: Catalog = catalog(vec![line_item]);
        let outlet = Outlet { domain: Some("lemonde.fr"), ..Outlet::default() };
        let request = BidRequest { channel: Channel::Site(outlet), ..plain_request() };
        let mut scene = Scene::of(&request, ExchangeId::from_slug("adx"), None, NOW);
        scene.look_at(imp);
        let rule = CompiledRule::of_line_item(&catalog, &catalog.line_items[0], &mut Zones::default());
        assert_eq!(rule.holds(&scene), want, "{:?}", rule.failures(&scene));
    }

    #[test]
    fn a_line_item_needs_a_creative_of_a_format_offered() {
        let everyone = || line_item(0, Rule::All(vec![]));
        let display = Imp { banner: Some(banner(None)), ..plain_imp() };
        let video = Imp { video: Some(av(None)), ..plain_imp() };
        check(everyone(), &display, true);
        check(everyone(), &video, false);
        check(LineItem { creatives: vec![0, 2], ..everyone() }, &video, true);
    }

    #[test]
    fn a_line_item_with_deals_needs_one_of_them() {
        let deals = ["a", "b"].map(AgreedDeal::new).to_vec();
        let dealt = || LineItem { deals: deals.clone(), ..line_item(0, Rule::All(vec![])) };
        let open = Imp { banner: Some(banner(None)), ..plain_imp() };
        let (right, wrong) = ([deal("c"), deal("b")], [deal("c")]);
        check(dealt(), &Imp { deals: &right, ..open }, true);
        check(dealt(), &Imp { deals: &wrong, ..open }, false);
        check(dealt(), &open, false);
        check(line_item(0, Rule::All(vec![])), &Imp { deals: &right, ..open }, true);
    }

    #[test]
    fn a_list_of_two_hundred_thousand_domains_is_looked_up() {
        let display = Imp { banner: Some(banner(None)), ..plain_imp() };
        let mut domains: Vec<String> = (0..200_000).map(|number| format!("site-{number}.example")).collect();
        check(line_item(0, is(Predicate::Domain(domains.clone()))), &display, false);
        domains.push("lemonde.fr".to_owned());
        check(line_item(0, is(Predicate::Domain(domains))), &display, true);
    }

    #[test]
    fn nested_rules_of_one_sort_are_dissolved_and_negations_end_at_the_leaves() {
        let near = || is(Predicate::Near(vec![Circle { lat: 0.0, lon: 0.0, km: 1.0 }]));
        let inner = Rule::Not(Box::new(Rule::Any(vec![near(), Rule::Not(Box::new(near()))])));
        let rule = Rule::All(vec![near(), Rule::All(vec![inner])]);
        let compiled = CompiledRule::new(&rule, &TimeZone::UTC, &mut Zones::default());
        let negated: Vec<bool> = compiled
            .into_conjuncts()
            .iter()
            .map(|part| match part {
                Node::Leaf(leaf) if matches!(leaf.test, LeafTest::Near(_)) => leaf.negated,
                other => panic!("{other:?} is no leaf"),
            })
            .collect();
        assert_eq!(negated, [false, true, false]);
    }
}
