//! Why a rule does not hold: its failing tests, in words. Off the bid path.

use std::fmt;

use jiff::Timestamp;

use crate::campaign::{Attribute, Catalog, Circle, Kind, LineItem, Range, Rule, Test, Wanted};
use crate::targeting::Scene;
use crate::targeting::compile::{Asker, leaf, line_item_rule};
use crate::targeting::key::value_key;
use crate::targeting::rule::Leaf;
use crate::targeting::scene::{categories, hour_in, positions, site_host, thousandths};
use crate::units::{ExchangeId, SegmentId};

/// Characters of a seen value that are shown.
const SEEN_CHARS_MAX: usize = 120;
/// Values of a test that its description lists.
const WORDS_SHOWN: usize = 3;

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

/// Every test that keeps `line_item` from fitting `scene`; empty exactly if it fits.
///
/// Of an `any` that fails, all branches fail, and each is told.
#[must_use]
pub fn failures(catalog: &Catalog, line_item: &LineItem, scene: &Scene<'_>) -> Vec<Failure> {
    failures_of(&line_item_rule(catalog, line_item), &Asker::of(catalog, line_item), scene)
}

/// The same of a rule of `asker`.
#[must_use]
pub fn failures_of(rule: &Rule, asker: &Asker<'_>, scene: &Scene<'_>) -> Vec<Failure> {
    let mut failures = Vec::new();
    Explainer { asker, scene, failures: &mut failures }.explain(rule, false);
    // The creatives' formats and a rule may want the same.
    let mut each = Vec::with_capacity(failures.len());
    for failure in failures {
        if !each.contains(&failure) {
            each.push(failure);
        }
    }
    each
}

struct Explainer<'e> {
    asker: &'e Asker<'e>,
    scene: &'e Scene<'e>,
    failures: &'e mut Vec<Failure>,
}

impl Explainer<'_> {
    /// Adds what keeps `rule`, or its negation, from holding; true if it holds.
    fn explain(&mut self, rule: &Rule, negated: bool) -> bool {
        match rule {
            Rule::Not(part) => self.explain(part, !negated),
            Rule::Is(test) => {
                let leaf = leaf(test, negated, self.asker);
                let holds = leaf.holds(self.scene);
                if !holds {
                    self.failures.push(self.failure(test, &leaf));
                }
                holds
            }
            Rule::All(parts) if !negated => self.every(parts, negated),
            Rule::Any(parts) if negated => self.every(parts, negated),
            Rule::All(parts) | Rule::Any(parts) => self.one(parts, negated),
        }
    }

    fn every(&mut self, parts: &[Rule], negated: bool) -> bool {
        let mut all = true;
        for part in parts {
            all &= self.explain(part, negated);
        }
        all
    }

    fn one(&mut self, parts: &[Rule], negated: bool) -> bool {
        let before = self.failures.len();
        if parts.is_empty() {
            self.failures.push(Failure {
                attribute: "any",
                seen: "empty".to_owned(),
                wanted: "at least one rule in it".to_owned(),
            });
            return false;
        }
        let mut holds = false;
        for part in parts {
            holds |= self.explain(part, negated);
        }
        if holds {
            self.failures.truncate(before);
        }
        holds
    }

    fn failure(&self, test: &Test, leaf: &Leaf) -> Failure {
        let wanted = wanted(test);
        let wanted = if leaf.negated { format!("not {wanted}") } else { wanted };
        Failure {
            attribute: test.attribute.name(),
            seen: seen(test.attribute, self.scene, self.asker),
            wanted,
        }
    }
}

/// What a test wants, in words.
fn wanted(test: &Test) -> String {
    match &test.wanted {
        Wanted::OneOf(values) => words(values, String::clone),
        Wanted::Within(circles) => words(circles, circle_word),
        Wanted::During(hours) => {
            let hours = hours.iter().filter(|on| **on).count();
            format!("one of {hours} hours of the week")
        }
        Wanted::Between(range) => range_word(*range),
    }
}

/// The first few of a list.
fn words<T>(list: &[T], word: impl Fn(&T) -> String) -> String {
    let shown: Vec<String> = list.iter().take(WORDS_SHOWN).map(word).collect();
    let shown = shown.join(", ");
    match list.len().saturating_sub(WORDS_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn circle_word(circle: &Circle) -> String {
    format!("{} km around {} {}", circle.km, circle.lat, circle.lon)
}

/// Thousandths as people write them.
fn thousandths_word(thousandths: i64) -> String {
    let text = format!("{}.{:03}", thousandths / 1_000, (thousandths % 1_000).abs());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn range_word(range: Range) -> String {
    match (range.at_least.map(thousandths_word), range.below.map(thousandths_word)) {
        (Some(least), Some(below)) => format!("at least {least} and below {below}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(below)) => format!("below {below}"),
        (None, None) => "any number".to_owned(),
    }
}

fn hour_word(hour: u8) -> String {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    format!("{} {}:00", DAYS[usize::from(hour / 24)], hour % 24)
}

/// What `scene` tells `asker` of `attribute`, as it was sent.
fn seen(attribute: Attribute, scene: &Scene<'_>, asker: &Asker<'_>) -> String {
    let words = sent(attribute, scene, asker).join(", ");
    if words.is_empty() {
        return if scene.tells(attribute) { "none" } else { "absent" }.to_owned();
    }
    let mut seen: String = words.chars().take(SEEN_CHARS_MAX).collect();
    if seen.len() < words.len() {
        seen.push_str(" ...");
    }
    if !scene.tells(attribute) {
        // Words that say nothing, as an unknown country code, or a list that is not whole.
        let known_in_part = !scene.keys(attribute).is_empty();
        seen.push_str(if known_in_part { " and perhaps more" } else { ", which says nothing" });
    }
    seen
}

fn sent(attribute: Attribute, scene: &Scene<'_>, asker: &Asker<'_>) -> Vec<String> {
    let (keys, imp) = (scene.keys(attribute), scene.imp());
    match attribute {
        Attribute::Near => {
            scene.point().map(|point| format!("{} {}", point.lat, point.lon)).into_iter().collect()
        }
        Attribute::HomeNear if scene.tells(attribute) => {
            let home = &scene.request().user.geo;
            home.lat.zip(home.lon).map(|(lat, lon)| format!("{lat} {lon}")).into_iter().collect()
        }
        Attribute::Daypart => asker_hour(scene, asker).map(hour_word).into_iter().collect(),
        Attribute::ViewerDaypart => scene.viewer_hour().map(hour_word).into_iter().collect(),
        Attribute::Category => {
            let outlet = scene.request().channel.outlet().copied().unwrap_or_default();
            categories(&outlet, &outlet.content).map(|(_, category)| category.to_owned()).collect()
        }
        Attribute::Keyword => {
            let outlet = scene.request().channel.outlet().copied().unwrap_or_default();
            let words = outlet.keywords.iter().chain(scene.request().user.keywords);
            words.take(keys.len()).map(|word| (*word).to_owned()).collect()
        }
        Attribute::Position => imp.into_iter().flat_map(positions).map(|at| at.to_string()).collect(),
        Attribute::ImpressionsPerPlay => {
            let imp = imp.filter(|_| scene.tells(attribute));
            imp.map(|imp| thousandths_word(thousandths(imp.multiplier))).into_iter().collect()
        }
        Attribute::Deal => imp.into_iter().flat_map(|imp| imp.deals).map(|deal| deal.id.to_owned()).collect(),
        Attribute::Exchange => keys.iter().map(|key| ExchangeId::from_raw(*key).to_string()).collect(),
        Attribute::Segment => keys.iter().map(|key| SegmentId::from_raw(*key).to_string()).collect(),
        _ => match attribute.kind() {
            Kind::Choice(words) => chosen(attribute, scene, words),
            Kind::Flag => chosen(attribute, scene, &["true", "false"]),
            _ => text_sent(attribute, scene).map(str::to_owned).into_iter().collect(),
        },
    }
}

/// The one text that an attribute reads.
fn text_sent<'a>(attribute: Attribute, scene: &Scene<'a>) -> Option<&'a str> {
    let (request, geo) = (scene.request(), scene.geo());
    let (device, home) = (&request.device, &request.user.geo);
    let outlet = request.channel.outlet().copied().unwrap_or_default();
    let content = &outlet.content;
    let text = match attribute {
        Attribute::Country => return geo.country,
        Attribute::Region => return geo.region,
        Attribute::City => return geo.city,
        Attribute::Postcode => return geo.zip,
        Attribute::Metro => return geo.metro,
        Attribute::Domain => return site_host(&request.channel),
        Attribute::Bundle => return outlet.bundle,
        Attribute::Publisher => return outlet.publisher_id,
        Attribute::Language => return content.language.or(device.language),
        Attribute::Genre => return content.genre,
        Attribute::Series => return content.series,
        Attribute::ContentRating => return content.contentrating,
        Attribute::ContentChannel => return content.channel.and_then(|channel| channel.name),
        Attribute::Network => return content.network.and_then(|network| network.name),
        Attribute::Os => return device.os,
        Attribute::Make => return device.make,
        Attribute::Model => return device.model,
        Attribute::Carrier => return device.carrier,
        Attribute::Tag => return scene.imp()?.tagid,
        Attribute::HomeCountry => home.country,
        Attribute::HomeRegion => home.region,
        Attribute::HomeCity => home.city,
        Attribute::HomePostcode => home.zip,
        Attribute::HomeMetro => home.metro,
        Attribute::Page => outlet.page,
        Attribute::Site | Attribute::App => outlet.id,
        _ => None,
    };
    // What may not be read of a person is not shown either.
    text.filter(|_| !scene.keys(attribute).is_empty())
}

/// Those of `words` whose keys the scene tells.
fn chosen(attribute: Attribute, scene: &Scene<'_>, words: &[&str]) -> Vec<String> {
    let keys = scene.keys(attribute);
    let told = words.iter().filter(|word| keys.contains(&value_key(attribute, word)));
    told.map(|word| (*word).to_owned()).collect()
}

/// The hour of the week by the clock of `asker`.
fn asker_hour(scene: &Scene<'_>, asker: &Asker<'_>) -> Option<u8> {
    let zone = jiff::tz::TimeZone::get(asker.zone_name).ok()?;
    Some(hour_in(&zone, Timestamp::from_millisecond(scene.now().raw()).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

    use crate::campaign::{Attribute, Rule};
    use crate::openrtb::{BidRequest, Device, Geo};
    use crate::targeting::fixture::{
        NOW, PARIS, Random, plain_imp, plain_request, random_person, random_request, random_rule,
        vocabulary_of,
    };
    use crate::targeting::{CompiledRule, Known, Scene, failures_of};
    use crate::units::ExchangeId;

    /// The failures of `rule` on a request from Belgium that tells nothing else.
    #[track_caller]
    fn check(rule: &Rule, want: &[&str]) {
        let geo = Geo { country: Some("BEL"), ..Geo::default() };
        let request = BidRequest { device: Device { geo, ..Device::default() }, ..plain_request() };
        let imp = plain_imp();
        let vocabulary = vocabulary_of([rule]);
        let mut scene = Scene::of(&vocabulary, &request, ExchangeId::from_slug("adx"), Known::default(), NOW);
        scene.look_at(&imp);
        let failures = failures_of(rule, &PARIS, &scene);
        let failures: Vec<String> = failures.iter().map(ToString::to_string).collect();
        assert_eq!(failures, want);
    }

    fn country(codes: &[&str]) -> Rule {
        Rule::is(Attribute::Country, codes.iter().copied())
    }

    fn os(name: &str) -> Rule {
        Rule::is(Attribute::Os, [name])
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
            let rules: Vec<Rule> = (0..20).map(|_| random_rule(&mut random, 3)).collect();
            let vocabulary = vocabulary_of(&rules);
            let known = Known { person: person.as_ref(), precise: random.percent(50), agent: None };
            let mut scene = Scene::of(&vocabulary, &request, ExchangeId::from_slug("adx"), known, NOW);
            scene.look_at(&request.imp[0]);
            for rule in &rules {
                let holds = CompiledRule::new(rule, &PARIS).holds(&scene);
                prop_assert_eq!(failures_of(rule, &PARIS, &scene).is_empty(), holds, "{:?}", rule);
            }
        }
    }
}
