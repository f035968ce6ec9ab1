//! What fails is told, and mended by no more than it takes.

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use crate::audience::Profile;
use crate::campaign::{Attribute, Catalog, Circle, LineItem, Range, Rule, Test, Wanted};
use crate::openrtb::{BidRequest, Channel, Content, Device, Geo, Imp, Outlet, Segment, User};
use crate::targeting::compile::line_item_rule;
use crate::targeting::failure::{Change, Edit, Explanation, Names, apply, explanation, explanation_of};
use crate::targeting::fixture::{
    NOW, PARIS, Random, catalog, line_item, plain_imp, plain_request, random_catalog, random_person,
    random_request, random_rule, vocabulary_of,
};
use crate::targeting::{Asker, CompiledRule, Index, Known, Rows, Scene, Vocabulary, failures_of};
use crate::units::{ExchangeId, Millis, Multiplier, SegmentId};

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

/// The changes that make `rule` hold on a Saturday at 22:30 in Paris, on a live site about cars, for a person in
/// segments of the request (`shoes` of acme) and of our own (`vip`).
#[track_caller]
fn check_edits(rule: &Rule, want: &[&str]) {
    let geo = Geo {
        country: Some("FRA"),
        region: Some("IDF"),
        zip: Some("75 011"),
        lat: Some(48.85),
        lon: Some(2.35),
        ..Geo::default()
    };
    let content = Content { livestream: Some(true), genre: Some("Drama, News"), ..Content::default() };
    let outlet =
        Outlet { domain: Some("www.News.example"), cat: &["53"], cattax: 6, content, ..Outlet::default() };
    let segments = &[Segment { provider: Some("acme"), id: "shoes", segtax: 0, segclass: None }];
    let request = BidRequest {
        channel: Channel::Dooh(outlet),
        device: Device { geo, language: Some("pt-BR"), ..Device::default() },
        user: User { segments, ..User::default() },
        ..plain_request()
    };
    let imp = Imp { multiplier: Multiplier::from_millionths(14_200_000).unwrap(), ..plain_imp() };
    let later = NOW.plus(Millis::from_raw(1));
    let person =
        Profile::known([(SegmentId::from_slug("vip"), later), (SegmentId::from_slug("nameless"), later)]);
    let known = Known { person: Some(&person), precise: true, ..Known::default() };
    let other = Rule::is(Attribute::Segment, ["vip"]);
    let names = Names::of(&catalog(vec![line_item(0, other)])).with_exchanges(["adx"]);
    let vocabulary = vocabulary_of([rule]);
    let mut scene = Scene::of(&vocabulary, &request, ExchangeId::from_slug("adx"), known, NOW);
    scene.look_at(&imp);
    let explanation = explanation_of(rule, &PARIS, &names, &scene);
    let edits = explanation.smallest().expect("every rule can be changed");
    let words: Vec<String> = edits.iter().map(ToString::to_string).collect();
    assert_eq!(words, want, "{explanation:?}");
}

fn is(attribute: Attribute, wanted: Wanted) -> Rule {
    Rule::Is(Test { attribute, wanted, include_unknown: false })
}

fn not(rule: Rule) -> Rule {
    Rule::Not(Box::new(rule))
}

#[test]
fn a_value_is_added_as_rules_spell_it_and_taken_out_as_this_one_does() {
    let one = |attribute, value: &str| Rule::is(attribute, [value]);
    check_edits(&country(&["BE"]), &["add `FR` to `targeting.country`"]);
    check_edits(&one(Attribute::Region, "BE-VLG"), &["add `FR-IDF` to `targeting.region`"]);
    check_edits(&one(Attribute::Postcode, "69"), &["add `75 011` to `targeting.postcode`"]);
    check_edits(&one(Attribute::Language, "fr"), &["add `pt` to `targeting.language`"]);
    check_edits(&one(Attribute::Genre, "sport"), &["add `drama` to `targeting.genre`"]);
    check_edits(&one(Attribute::Exchange, "other"), &["add `adx` to `targeting.exchange`"]);
    check_edits(&one(Attribute::Segment, "cars"), &["add `shoes` to `targeting.segment`"]);
    check_edits(&one(Attribute::Live, "false"), &["set `targeting.live` to true"]);
    check_edits(&not(country(&["BE", "FR"])), &["take `FR` out of `targeting.not.country`"]);
    check_edits(&not(country(&["FR"])), &["take `targeting.not.country` out"]);
    let segments = Rule::is(Attribute::Segment, ["vip", "cars", "acme:shoes"]);
    check_edits(&not(segments), &["take `acme:shoes` and `vip` out of `targeting.not.segment`"]);
    check_edits(&os("ios"), &["set `unknown` to `include` for `targeting.os`"]);
    check_edits(&not(os("ios")), &["set `unknown` to `include` for `targeting.not.os`"]);
}

#[test]
fn circles_hours_and_ranges_are_moved_as_little_as_it_takes() {
    let circle = |lat, km| Circle { lat, lon: 2.35, km };
    let near = |circles: &[Circle]| is(Attribute::Near, Wanted::Within(circles.to_vec()));
    // A hundredth of a degree of latitude is 1.112 km.
    check_edits(
        &near(&[circle(48.80, 3.0), circle(48.83, 1.5)]),
        &["widen the circle around 48.83 2.35 of `targeting.near` to 2.3 km"],
    );
    check_edits(
        &not(near(&[circle(48.80, 6.0), circle(45.0, 1.0)])),
        &["narrow the circle around 48.8 2.35 of `targeting.not.near` to 5.5 km"],
    );
    check_edits(&not(near(&[circle(48.85, 6.0)])), &["take `targeting.not.near` out"]);
    let hours = |on: &[usize]| {
        let hours = std::array::from_fn(|hour| on.contains(&hour));
        is(Attribute::Daypart, Wanted::During(Box::new(hours)))
    };
    let now = 5 * 24 + 22;
    check_edits(&hours(&[0]), &["let `targeting.daypart` include sat 22:00"]);
    check_edits(&not(hours(&[0, now])), &["take sat 22:00 out of `targeting.not.daypart`"]);
    check_edits(&not(hours(&[now])), &["take `targeting.not.daypart` out"]);
    let range =
        |at_least, below| is(Attribute::ImpressionsPerPlay, Wanted::Between(Range { at_least, below }));
    let path = "targeting.impressions_per_play";
    check_edits(&range(Some(20_000), None), &[&format!("lower `{path}.at_least` to 14.2")]);
    check_edits(&range(Some(1_000), Some(9_000)), &[&format!("raise `{path}.at_most` to 14.2")]);
    let path = "targeting.not.impressions_per_play";
    check_edits(&not(range(Some(14_000), None)), &[&format!("raise `{path}.at_least` to 14.201")]);
    check_edits(&not(range(None, Some(15_000))), &[&format!("lower `{path}.below` to 14.2")]);
}

#[test]
fn of_several_ways_the_fewest_changes_are_told_then_the_nearest() {
    let both = Rule::All(vec![country(&["BE"]), Rule::is(Attribute::Live, ["false"])]);
    let either = Rule::Any(vec![both.clone(), os("ios")]);
    check_edits(&either, &["set `unknown` to `include` for `targeting.any[1].os`"]);
    let nearer = Rule::Any(vec![os("ios"), country(&["BE"])]);
    check_edits(&nearer, &["add `FR` to `targeting.any[1].country`"]);
    let spelt_out = Rule::All(vec![Rule::All(vec![country(&["BE"])]), either.clone()]);
    check_edits(
        &spelt_out,
        &[
            "add `FR` to `targeting.all[0].country`",
            "set `unknown` to `include` for `targeting.all[1].any[1].os`",
        ],
    );
    // Of what must not all hold, one that does not is enough.
    let held = Rule::All(vec![country(&["FR", "BE"]), Rule::is(Attribute::Segment, ["vip"])]);
    check_edits(&not(held), &["take `FR` out of `targeting.not.country`"]);
    check_edits(&Rule::Any(Vec::new()), &["take `targeting` out"]);
}

/// A random request as rules see it.
struct Seen {
    request: BidRequest<'static>,
    person: Option<Profile>,
    precise: bool,
}

impl Seen {
    fn random(random: &mut Random) -> Self {
        let (request, person) = (random_request(random), random_person(random));
        Self { request, person, precise: random.percent(50) }
    }

    /// What `look` sees of it through `vocabulary`.
    fn look<R>(&self, vocabulary: &Vocabulary, look: impl FnOnce(&Scene<'_>) -> R) -> R {
        let known = Known { person: self.person.as_ref(), precise: self.precise, ..Known::default() };
        let mut scene = Scene::of(vocabulary, &self.request, ExchangeId::from_slug("adx"), known, NOW);
        scene.look_at(&self.request.imp[0]);
        look(&scene)
    }

    /// What the matcher says of `rule`.
    fn holds(&self, rule: &Rule) -> bool {
        self.look(&vocabulary_of([rule]), |scene| CompiledRule::new(rule, &PARIS).holds(scene))
    }

    fn explanation(&self, rule: &Rule) -> Explanation {
        let names = Names::of(&catalog(vec![line_item(0, rule.clone())])).with_exchanges(["adx"]);
        self.look(&vocabulary_of([rule]), |scene| explanation_of(rule, &PARIS, &names, scene))
    }
}

/// Ways to everything that one edit can change: tests, and combinations of nothing.
fn places(rule: &Rule, at: &[usize], into: &mut Vec<Vec<usize>>) {
    let mut inner = |number: usize, part: &Rule| places(part, &[at, &[number]].concat(), into);
    match rule {
        Rule::All(parts) | Rule::Any(parts) if !parts.is_empty() => {
            parts.iter().enumerate().for_each(|(number, part)| inner(number, part));
        }
        Rule::Not(part) => inner(0, part),
        Rule::Is(_) | Rule::All(_) | Rule::Any(_) => into.push(at.to_vec()),
    }
}

/// `rule` with what stands at `places` out of the way: no edit of a test can do more.
fn freed(rule: &Rule, places: &[&[usize]]) -> Rule {
    let mut rule = rule.clone();
    let edits: Vec<Edit> = places
        .iter()
        .map(|at| Edit { path: String::new(), attribute: None, change: Change::Remove, at: at.to_vec() })
        .collect();
    apply(&edits.iter().collect::<Vec<_>>(), &mut rule);
    rule
}

/// True if some `count` of `places` from `from` on, beside `chosen`, make `rule` hold.
fn holds_with(
    seen: &Seen,
    rule: &Rule,
    places: &[Vec<usize>],
    count: usize,
    chosen: &mut Vec<usize>,
) -> bool {
    if count == 0 {
        let chosen: Vec<&[usize]> = chosen.iter().map(|number| places[*number].as_slice()).collect();
        return seen.holds(&freed(rule, &chosen));
    }
    let from = chosen.last().map_or(0, |last| last + 1);
    (from..places.len()).any(|number| {
        chosen.push(number);
        let holds = holds_with(seen, rule, places, count - 1, chosen);
        chosen.pop();
        holds
    })
}

/// Nothing that a file could not say.
fn check_sayable(rule: &Rule) {
    for test in rule.tests() {
        match &test.wanted {
            Wanted::OneOf { values, lists } => {
                assert!(!values.is_empty() || !lists.is_empty(), "{test:?}");
                // Classes are read by the advertiser's definition.
                for value in values.iter().filter(|_| test.attribute != Attribute::Rfm) {
                    assert_eq!(test.attribute.canonical(value).as_ref(), Ok(value), "{test:?}");
                }
            }
            Wanted::Within(circles) => assert!(circles.iter().all(|circle| circle.km > 0.0), "{test:?}"),
            Wanted::During(hours) => assert!(hours.contains(&true), "{test:?}"),
            // No edit touches these.
            Wanted::Happened(_) | Wanted::Scored(_) => {}
            Wanted::Between(range) => {
                assert!(range.at_least.is_some() || range.below.is_some(), "{test:?}");
                assert!(range.at_least.zip(range.below).is_none_or(|(from, to)| from < to), "{test:?}");
            }
        }
    }
}

/// What can be tried out in a reasonable time.
const PLACES_TRIED_MAX: usize = 12;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn failures_are_empty_exactly_if_the_rule_holds_and_nothing_needs_to_change(seed in any::<u64>()) {
        let random = &mut Random::from_seed(seed);
        let seen = Seen::random(random);
        for _ in 0..20 {
            let rule = random_rule(random, 3);
            let explanation = seen.explanation(&rule);
            let holds = seen.holds(&rule);
            prop_assert_eq!(explanation.failures.is_empty(), holds, "{:?}", rule);
            prop_assert_eq!(explanation.smallest() == Some(vec![]), holds, "{:?}", rule);
        }
    }

    #[test]
    fn the_smallest_change_makes_a_rule_hold_and_so_does_changing_all_that_fails(seed in any::<u64>()) {
        let random = &mut Random::from_seed(seed);
        let seen = Seen::random(random);
        for _ in 0..20 {
            let rule = random_rule(random, 3);
            let explanation = seen.explanation(&rule);
            let smallest = explanation.smallest().expect("every rule can be changed");
            let all: Vec<&Edit> = explanation.failures.iter().filter_map(|fail| fail.edit.as_ref()).collect();
            prop_assert_eq!(all.len(), explanation.failures.len());
            for edits in [smallest, all] {
                let mut edited = rule.clone();
                apply(&edits, &mut edited);
                let words: Vec<String> = edits.iter().map(ToString::to_string).collect();
                prop_assert!(seen.holds(&edited), "{:?} of {:?}", words, rule);
                check_sayable(&edited);
            }
        }
    }

    #[test]
    fn no_fewer_changes_make_a_rule_hold(seed in any::<u64>()) {
        let random = &mut Random::from_seed(seed);
        let seen = Seen::random(random);
        for _ in 0..10 {
            let rule = random_rule(random, 3);
            let explanation = seen.explanation(&rule);
            let smallest = explanation.smallest().expect("every rule can be changed").len();
            let mut places = Vec::new();
            self::places(&rule, &[], &mut places);
            if smallest > 1 && places.len() <= PLACES_TRIED_MAX {
                let tried = holds_with(&seen, &rule, &places, smallest - 1, &mut Vec::new());
                prop_assert!(!tried, "{} changes are more than it takes: {:?}", smallest, rule);
            }
        }
    }

    #[test]
    fn of_a_line_item_the_index_finds_what_has_no_failure_and_the_change_makes_it_fit(seed in any::<u64>()) {
        let random = &mut Random::from_seed(seed);
        let seen = Seen::random(random);
        let catalog = random_catalog(random, 30);
        let index = Index::build(&catalog, &(0..30).collect::<Vec<_>>());
        let names = Names::of(&catalog);
        let live = Rows::all(30);
        let found: Vec<usize> = seen.look(index.vocabulary(), |scene| index.search(scene, &live, 0).collect());
        for (row, line_item) in catalog.line_items.iter().enumerate() {
            let why = seen.look(index.vocabulary(), |scene| explanation(&catalog, line_item, &names, scene));
            prop_assert_eq!(why.failures.is_empty(), found.contains(&row));
            prop_assert_eq!(why.smallest() == Some(vec![]), found.contains(&row));
            let offers = seen.request.imp[0];
            let is_bare = offers.banner.is_none()
                && offers.video.is_none()
                && offers.audio.is_none()
                && offers.native.is_none();
            prop_assert_eq!(why.can_change, !is_bare, "{:?}", why);
            let Some(edits) = why.smallest() else { continue };
            let mut edited = line_item_rule(&catalog, line_item);
            apply(&edits, &mut edited);
            // The campaign's clock is its own.
            let campaign = line_item.campaign;
            let edited = LineItem { campaign, ..self::line_item(0, edited) };
            let one = Catalog { line_items: vec![edited], ..catalog.clone() };
            let holds = seen.look(&Vocabulary::of(&one), |scene| {
                let asker = Asker::of(&one, &one.line_items[0]);
                CompiledRule::new(&one.line_items[0].targeting, &asker).holds(scene)
            });
            prop_assert!(holds, "{:?}", edits);
        }
    }
}

#[test]
fn whatever_a_scene_tells_is_shown() {
    println!("seed 11");
    let random = &mut Random::from_seed(11);
    let mut shown = [false; Attribute::COUNT];
    for _ in 0..12_000 {
        let seen = Seen::random(random);
        let rule = random_rule(random, 0);
        let Rule::Is(test) = &rule else { panic!("a rule of depth 0 is a test") };
        let explanation = seen.explanation(&Rule::Not(Box::new(rule.clone())));
        for failure in explanation.failures.iter().filter(|failure| !failure.is_unknown) {
            let attribute = test.attribute;
            assert!(
                !["absent", "none"].contains(&failure.seen.as_str()),
                "`{attribute}` is told, and `sent` has no words for it"
            );
            shown[attribute as usize] = true;
        }
    }
    let missed: Vec<&str> = Attribute::ALL
        .iter()
        .filter(|attribute| !shown[**attribute as usize])
        .map(|attribute| attribute.name())
        .collect();
    assert_eq!(missed, [""; 0], "the pools of the fixture never meet on these");
}
