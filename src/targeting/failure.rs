//! Why a rule does not hold: its failing leaves, in words. Off the bid path.

use std::fmt;

use crate::campaign::{PlacementKind, RollKind};
use crate::targeting::rule::{Leaf, LeafTest, Node};
use crate::targeting::scene::{categories, positions, site_host};
use crate::targeting::{Attribute, CompiledRule, Scene};
use crate::units::{ExchangeId, SegmentId};

/// Characters of a seen value that are shown.
const SEEN_CHARS_MAX: usize = 120;

/// One reason why a rule does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The attribute, in the words of the rule language.
    pub attribute: &'static str,
    /// What the scene tells, or `absent`.
    pub seen: String,
    /// What the rule wants, long lists cut.
    pub wanted: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, wanted {}", self.attribute, self.seen, self.wanted)
    }
}

impl CompiledRule {
    /// Every leaf that keeps the rule from holding in `scene`; empty exactly if it holds.
    ///
    /// Of an `any` that fails, all branches fail, and each is told.
    #[must_use]
    pub fn failures(&self, scene: &Scene<'_>) -> Vec<Failure> {
        let mut failures = Vec::new();
        collect(self.root(), scene, &mut failures);
        failures
    }
}

fn collect(node: &Node, scene: &Scene<'_>, failures: &mut Vec<Failure>) {
    match node {
        Node::All(parts) => parts.iter().for_each(|part| collect(part, scene, failures)),
        Node::Any(parts) if parts.is_empty() => {
            failures.push(Failure {
                attribute: "any",
                seen: "empty".to_owned(),
                wanted: "at least one rule in it".to_owned(),
            });
        }
        Node::Any(parts) => {
            if !node.holds(scene) {
                parts.iter().for_each(|part| collect(part, scene, failures));
            }
        }
        Node::Leaf(leaf) => {
            if !leaf.holds(scene) {
                failures.push(failure(leaf, scene));
            }
        }
    }
}

fn failure(leaf: &Leaf, scene: &Scene<'_>) -> Failure {
    let (attribute, seen) = match &leaf.test {
        LeafTest::Keys(attribute, _) => (attribute.name(), seen(*attribute, scene)),
        LeafTest::Near(_) => {
            ("near", scene.point().map_or_else(absent, |point| format!("{} {}", point.lat, point.lon)))
        }
        LeafTest::Daypart(hours) => ("daypart", hours.now(scene).map_or_else(absent, hour_word)),
    };
    Failure { attribute, seen, wanted: leaf.wanted.to_string() }
}

fn absent() -> String {
    "absent".to_owned()
}

fn hour_word(hour: u8) -> String {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    format!("{} {}:00", DAYS[usize::from(hour / 24)], hour % 24)
}

/// What `scene` tells of `attribute`, as it was sent.
fn seen(attribute: Attribute, scene: &Scene<'_>) -> String {
    let keys = scene.keys(attribute);
    if keys.is_empty() {
        return if scene.tells(attribute) { "none".to_owned() } else { absent() };
    }
    let words = sent(attribute, scene).join(", ");
    let mut seen: String = words.chars().take(SEEN_CHARS_MAX).collect();
    if seen.len() < words.len() {
        seen.push_str(" ...");
    }
    if !scene.tells(attribute) {
        seen.push_str(" and perhaps more");
    }
    seen
}

fn sent(attribute: Attribute, scene: &Scene<'_>) -> Vec<String> {
    let (request, geo) = (scene.request(), scene.geo());
    let device = &request.device;
    let outlet = request.channel.outlet().copied().unwrap_or_default();
    let content = outlet.content;
    let one = |text: Option<&str>| text.map(str::to_owned).into_iter().collect();
    match attribute {
        Attribute::Country => one(geo.country),
        Attribute::Region => one(geo.region),
        Attribute::City => one(geo.city),
        Attribute::Postcode => one(geo.zip),
        Attribute::Metro => one(geo.metro),
        Attribute::Domain => one(site_host(&request.channel)),
        Attribute::Bundle => one(outlet.bundle),
        Attribute::Publisher => one(outlet.publisher_id),
        Attribute::Category => {
            categories(&outlet, &content).map(|(_, category)| category.to_owned()).collect()
        }
        Attribute::Keyword => {
            let words = outlet.keywords.iter().chain(request.user.keywords).map(|word| (*word).to_owned());
            words.take(scene.keys(attribute).len()).collect()
        }
        Attribute::Language => one(content.language.or(device.language)),
        Attribute::Genre => one(content.genre),
        Attribute::Os => one(device.os),
        Attribute::Carrier => one(device.carrier),
        Attribute::Device => vec![format!("type {}", device.devicetype.unwrap_or(0))],
        Attribute::Connection => vec![format!("type {}", device.connectiontype.unwrap_or(0))],
        Attribute::Position => scene.imp().into_iter().flat_map(positions).map(|at| at.to_string()).collect(),
        Attribute::Deal => {
            scene.imp().into_iter().flat_map(|imp| imp.deals).map(|deal| deal.id.to_owned()).collect()
        }
        Attribute::Live | Attribute::Interstitial | Attribute::Rewarded => {
            scene.keys(attribute).iter().map(|key| (*key == 1).to_string()).collect()
        }
        Attribute::Placement => named(scene.keys(attribute), &PlacementKind::WORDS, |kind| kind as u64),
        Attribute::Roll => named(scene.keys(attribute), &RollKind::WORDS, |kind| kind as u64),
        Attribute::Channel => numbered(scene.keys(attribute), &["site", "app", "dooh"]),
        Attribute::Format => numbered(scene.keys(attribute), &["banner", "video", "audio", "native"]),
        Attribute::Exchange => {
            scene.keys(attribute).iter().map(|key| ExchangeId::from_raw(*key).to_string()).collect()
        }
        Attribute::Segment => {
            scene.keys(attribute).iter().map(|key| SegmentId::from_raw(*key).to_string()).collect()
        }
    }
}

/// The words of the kinds whose numbers are among `keys`.
fn named<K: Copy>(keys: &[u64], words: &[(&str, K)], number: impl Fn(K) -> u64) -> Vec<String> {
    let told = words.iter().filter(|(_, kind)| keys.contains(&number(*kind)));
    told.map(|(word, _)| (*word).to_owned()).collect()
}

/// The names of kinds, by their numbers.
fn numbered(keys: &[u64], names: &[&str]) -> Vec<String> {
    (0..).zip(names).filter(|(number, _)| keys.contains(number)).map(|(_, name)| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

    use crate::campaign::{Predicate, Rule, Test};
    use crate::openrtb::{BidRequest, Device, Geo};
    use crate::targeting::fixture::{
        NOW, Random, plain_imp, plain_request, random_person, random_request, random_rule,
    };
    use crate::targeting::{CompiledRule, Scene, Zones};
    use crate::units::{Country, ExchangeId};

    /// The failures of `rule` on a request from Belgium that tells nothing else.
    #[track_caller]
    fn check(rule: &Rule, want: &[&str]) {
        let geo = Geo { country: Some("BEL"), ..Geo::default() };
        let request = BidRequest { device: Device { geo, ..Device::default() }, ..plain_request() };
        let imp = plain_imp();
        let mut scene = Scene::of(&request, ExchangeId::from_slug("adx"), None, NOW);
        scene.look_at(&imp);
        let rule = CompiledRule::new(rule, &TimeZone::UTC, &mut Zones::default());
        let failures: Vec<String> = rule.failures(&scene).iter().map(ToString::to_string).collect();
        assert_eq!(failures, want);
    }

    fn country(codes: &[&str]) -> Rule {
        let countries = codes.iter().map(|code| Country::from_code(code).unwrap()).collect();
        Rule::Is(Test { predicate: Predicate::Country(countries), include_unknown: false })
    }

    fn os(name: &str) -> Rule {
        Rule::Is(Test { predicate: Predicate::Os(vec![name.to_owned()]), include_unknown: false })
    }

    #[test]
    fn every_failing_leaf_is_told_with_what_was_seen() {
        check(&country(&["BE"]), &[]);
        check(&country(&["FR"]), &["country is BEL, wanted FR"]);
        let both = Rule::All(vec![country(&["FR"]), os("ios"), country(&["BE"])]);
        check(&both, &["country is BEL, wanted FR", "os is absent, wanted ios"]);
    }

    #[test]
    fn an_any_that_holds_tells_nothing_and_one_that_fails_all_its_branches() {
        check(&Rule::Any(vec![country(&["FR"]), country(&["BE"])]), &[]);
        let neither = Rule::Any(vec![country(&["FR"]), os("ios")]);
        check(&neither, &["country is BEL, wanted FR", "os is absent, wanted ios"]);
        check(&Rule::Any(vec![]), &["any is empty, wanted at least one rule in it"]);
        check(&Rule::Not(Box::new(Rule::All(vec![]))), &["any is empty, wanted at least one rule in it"]);
        check(&Rule::All(vec![]), &[]);
    }

    #[test]
    fn a_negation_is_told_as_such_and_fails_on_the_absent() {
        check(&Rule::Not(Box::new(country(&["BE"]))), &["country is BEL, wanted not BE"]);
        check(&Rule::Not(Box::new(os("ios"))), &["os is absent, wanted not ios"]);
        check(&Rule::Not(Box::new(Rule::Not(Box::new(country(&["BE"]))))), &[]);
    }

    #[test]
    fn a_long_list_is_cut() {
        let list = country(&["FR", "DE", "LU", "NL", "CH"]);
        check(&list, &["country is BEL, wanted FR, DE, LU and 2 more"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn failures_are_empty_exactly_if_the_rule_holds(seed in any::<u64>()) {
            let mut random = Random::from_seed(seed);
            let request = random_request(&mut random);
            let person = random_person(&mut random);
            let mut scene = Scene::of(&request, ExchangeId::from_slug("adx"), person.as_ref(), NOW);
            scene.look_at(&request.imp[0]);
            let mut zones = Zones::default();
            for _ in 0..20 {
                let rule = random_rule(&mut random, 3);
                let compiled = CompiledRule::new(&rule, &TimeZone::UTC, &mut zones);
                prop_assert_eq!(compiled.failures(&scene).is_empty(), compiled.holds(&scene), "{:?}", rule);
            }
        }
    }
}
