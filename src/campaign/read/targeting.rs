//! The targeting tree: `all`, `any`, `not`, or attributes with their values.

use crate::campaign::read::Reading;
use crate::campaign::read::address::domain;
use crate::campaign::read::clock::daypart;
use crate::campaign::{
    ChannelKind, Circle, ConnectionKind, DeviceKind, FormatKind, NamedSegment, PlacementKind, Predicate,
    RollKind, Rule, Test,
};
use crate::document::{Faults, Node, Object, suggestion};
use crate::privacy::sensitive_word;
use crate::units::{Country, ExchangeId, Region};

/// All keys of a rule: the three ways to combine, then the attributes, then what to do about the unknown.
const KEYS: [&str; 32] = [
    "all",
    "any",
    "not",
    "country",
    "region",
    "city",
    "postcode",
    "metro",
    "near",
    "channel",
    "domain",
    "bundle",
    "publisher",
    "category",
    "keyword",
    "language",
    "genre",
    "live",
    "device",
    "os",
    "connection",
    "carrier",
    "format",
    "position",
    "placement",
    "roll",
    "interstitial",
    "rewarded",
    "exchange",
    "segment",
    "daypart",
    "unknown",
];
/// Characters of a city, a keyword, a segment's name ...
const VALUE_CHARS_MAX: usize = 256;

/// The rule here.
///
/// An object with several attributes means all of them; `{}` is everyone.
pub(in crate::campaign) fn rule(node: Node<'_>, reading: Reading<'_>, faults: &mut Faults) -> Option<Rule> {
    let object = node.object(&KEYS, faults)?;
    let combining = ["all", "any", "not"].into_iter().find_map(|key| Some((key, object.get(key)?)));
    let Some((key, operand)) = combining else {
        return attributes(object, reading, faults);
    };
    if object.entries().any(|(name, _)| name != key) {
        let fault = node.error(format!("must not have other keys beside `{key}`"));
        return faults.refuse(fault.hint("put them together in the list of an `all`"));
    }
    if key == "not" {
        return Some(Rule::Not(Box::new(rule(operand, reading, faults)?)));
    }
    let operands = operand.list(faults)?;
    if operands.is_empty() {
        return faults.refuse(operand.error("must not be an empty list"));
    }
    let rules: Vec<Option<Rule>> = operands.into_iter().map(|node| rule(node, reading, faults)).collect();
    let rules: Vec<Rule> = rules.into_iter().collect::<Option<_>>()?;
    Some(if key == "all" { Rule::All(rules) } else { Rule::Any(rules) })
}

/// How many segments the rule names.
pub(in crate::campaign) fn segments(rule: &Rule) -> usize {
    match rule {
        Rule::All(rules) | Rule::Any(rules) => rules.iter().map(segments).sum(),
        Rule::Not(rule) => segments(rule),
        Rule::Is(Test { predicate: Predicate::Segment(names), .. }) => names.len(),
        Rule::Is(_) => 0,
    }
}

fn attributes(object: Object<'_>, reading: Reading<'_>, faults: &mut Faults) -> Option<Rule> {
    let words = [("include", true), ("exclude", false)];
    let unknown = object.get("unknown");
    let include_unknown = unknown.map_or(Some(false), |node| node.choice(&words, faults));
    let mut tests = Vec::new();
    let mut is_whole = true;
    for (name, node) in object.entries().filter(|(name, _)| *name != "unknown" && KEYS.contains(name)) {
        match predicate(name, node, reading, faults) {
            Some(predicate) => tests.push(Test { predicate, include_unknown: include_unknown? }),
            None => is_whole = false,
        }
    }
    if tests.is_empty() && unknown.is_some() && is_whole {
        return faults.refuse(object.node().error("has `unknown` but no attribute"));
    }
    let mut rules: Vec<Rule> = tests.into_iter().map(Rule::Is).collect();
    is_whole.then(|| if rules.len() == 1 { rules.remove(0) } else { Rule::All(rules) })
}

fn predicate(name: &str, node: Node<'_>, reading: Reading<'_>, faults: &mut Faults) -> Option<Predicate> {
    Some(match name {
        "country" => Predicate::Country(values(node, faults, country)?),
        "region" => Predicate::Region(values(node, faults, region)?),
        "city" => Predicate::City(values(node, faults, lower)?),
        "postcode" => Predicate::Postcode(values(node, faults, lower)?),
        "metro" => Predicate::Metro(values(node, faults, lower)?),
        "near" => Predicate::Near(values(node, faults, circle)?),
        "channel" => Predicate::Channel(values(node, faults, channel)?),
        "domain" => Predicate::Domain(values(node, faults, domain)?),
        "bundle" => Predicate::Bundle(values(node, faults, lower)?),
        "publisher" => Predicate::Publisher(values(node, faults, lower)?),
        "category" => Predicate::Category(values(node, faults, category)?),
        "keyword" => Predicate::Keyword(values(node, faults, keyword)?),
        "language" => Predicate::Language(values(node, faults, language)?),
        "genre" => Predicate::Genre(values(node, faults, lower)?),
        "live" => Predicate::Live(node.flag(faults)?),
        "device" => Predicate::Device(values(node, faults, device)?),
        "os" => Predicate::Os(values(node, faults, lower)?),
        "connection" => Predicate::Connection(values(node, faults, connection)?),
        "carrier" => Predicate::Carrier(values(node, faults, lower)?),
        "format" => Predicate::Format(values(node, faults, format)?),
        "position" => Predicate::Position(values(node, faults, |node, faults| node.integer(0..=17, faults))?),
        "placement" => Predicate::Placement(values(node, faults, |node, faults| {
            node.choice(&PlacementKind::WORDS, faults)
        })?),
        "roll" => {
            Predicate::Roll(values(node, faults, |node, faults| node.choice(&RollKind::WORDS, faults))?)
        }
        "interstitial" => Predicate::Interstitial(node.flag(faults)?),
        "rewarded" => Predicate::Rewarded(node.flag(faults)?),
        "exchange" => {
            Predicate::Exchange(values(node, faults, |node, faults| exchange(node, reading, faults))?)
        }
        "segment" => Predicate::Segment(values(node, faults, segment)?),
        "daypart" => Predicate::Daypart(daypart(node, faults)?),
        _ => return None,
    })
}

/// The values of an attribute: one, or a list of at least one.
fn values<'d, T>(
    node: Node<'d>,
    faults: &mut Faults,
    read: impl Fn(Node<'d>, &mut Faults) -> Option<T>,
) -> Option<Vec<T>> {
    let nodes = node.one_or_more(faults)?;
    let mut values = Vec::with_capacity(nodes.len());
    let mut is_whole = true;
    for node in nodes {
        if faults.is_full() {
            return None;
        }
        match read(node, faults) {
            Some(value) => values.push(value),
            None => is_whole = false,
        }
    }
    is_whole.then_some(values)
}

fn lower(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    Some(node.line(VALUE_CHARS_MAX, faults)?.to_lowercase())
}

pub(in crate::campaign) fn country(node: Node<'_>, faults: &mut Faults) -> Option<Country> {
    let code = node.text(faults)?;
    Country::from_code(code).or_else(|| {
        let fault = node.error(format!("is not a country of ISO 3166-1, got {}", node.echo()));
        faults.refuse(match code {
            "UK" | "uk" => fault.hint("did you mean `GB`?"),
            _ => fault.hint("two or three letters, as `FR` or `FRA`"),
        })
    })
}

fn region(node: Node<'_>, faults: &mut Faults) -> Option<Region> {
    let code = node.text(faults)?;
    Region::from_code(code).or_else(|| {
        let fault = node.error(format!("is not a region of ISO 3166-2, got {}", node.echo()));
        faults.refuse(fault.hint("country and region, as `FR-IDF` or `US-CA`"))
    })
}

fn circle(node: Node<'_>, faults: &mut Faults) -> Option<Circle> {
    let object = node.object(&["lat", "lon", "km"], faults)?;
    let lat = object.require("lat", faults).and_then(|node| node.float(-90.0..=90.0, faults));
    let lon = object.require("lon", faults).and_then(|node| node.float(-180.0..=180.0, faults));
    let km = object.require("km", faults).and_then(|node| node.float(0.001..=20_038.0, faults));
    Some(Circle { lat: lat?, lon: lon?, km: km? })
}

fn channel(node: Node<'_>, faults: &mut Faults) -> Option<ChannelKind> {
    node.choice(
        &[("site", ChannelKind::Site), ("app", ChannelKind::App), ("dooh", ChannelKind::Dooh)],
        faults,
    )
}

fn device(node: Node<'_>, faults: &mut Faults) -> Option<DeviceKind> {
    let words = [
        ("phone", DeviceKind::Phone),
        ("tablet", DeviceKind::Tablet),
        ("desktop", DeviceKind::Desktop),
        ("tv", DeviceKind::Tv),
        ("other", DeviceKind::Other),
    ];
    node.choice(&words, faults)
}

fn connection(node: Node<'_>, faults: &mut Faults) -> Option<ConnectionKind> {
    let words = [
        ("ethernet", ConnectionKind::Ethernet),
        ("wifi", ConnectionKind::Wifi),
        ("cellular", ConnectionKind::Cellular),
    ];
    node.choice(&words, faults)
}

fn format(node: Node<'_>, faults: &mut Faults) -> Option<FormatKind> {
    let words = [
        ("banner", FormatKind::Banner),
        ("video", FormatKind::Video),
        ("audio", FormatKind::Audio),
        ("native", FormatKind::Native),
    ];
    node.choice(&words, faults)
}

/// A category of the IAB Content Taxonomy 1.0 (`IAB2-3`); requests in other taxonomies are mapped to it.
pub(in crate::campaign) fn category(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    let upper = node.line(VALUE_CHARS_MAX, faults)?.to_uppercase();
    let is_number =
        |text: &str| !text.is_empty() && text.len() <= 6 && text.bytes().all(|b| b.is_ascii_digit());
    let own = upper.strip_prefix("IAB").unwrap_or_default();
    let (tier1, tier2) = own.split_once('-').unwrap_or((own, "0"));
    if is_number(tier1) && is_number(tier2) {
        return Some(upper);
    }
    let problem = format!("is not a category of the IAB Content Taxonomy 1.0, got {}", node.echo());
    let fault = node.error(problem);
    faults.refuse(fault.hint("as `IAB2`, or `IAB2-3` for one below it"))
}

pub(in crate::campaign) fn language(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    let text = node.text(faults)?;
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Some(text.to_lowercase());
    }
    let fault = node.error(format!("is not a language of ISO 639-1, got {}", node.echo()));
    faults.refuse(fault.hint("two letters, as `fr`"))
}

fn keyword(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    let keyword = lower(node, faults)?;
    refuse_sensitive(node, &keyword, faults)?;
    Some(keyword)
}

/// A segment by its name, case kept: exchanges' names differ by it.
fn segment(node: Node<'_>, faults: &mut Faults) -> Option<NamedSegment> {
    let name = node.line(VALUE_CHARS_MAX, faults)?;
    refuse_sensitive(node, name, faults)?;
    Some(NamedSegment::new(name))
}

fn refuse_sensitive(node: Node<'_>, name: &str, faults: &mut Faults) -> Option<()> {
    let Some(word) = sensitive_word(name) else { return Some(()) };
    let fault = node.error(format!("names a sensitive criterion: {} in {}", word, node.echo()));
    faults.refuse(
        fault.hint("nobody may be targeted by health, religion, origin, sexual life, politics or union"),
    )
}

fn exchange(node: Node<'_>, reading: Reading<'_>, faults: &mut Faults) -> Option<ExchangeId> {
    let slug = node.text(faults)?;
    let known = reading.surroundings.exchanges;
    if known.contains(&slug) {
        return Some(ExchangeId::from_slug(slug));
    }
    let fault = node.error(format!("is not a known exchange, got {}", node.echo()));
    faults.refuse(match suggestion(slug, known.iter().copied()) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint(format!("known exchanges: {}", known.join(", "))),
    })
}
