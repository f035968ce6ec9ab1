//! Tests of what campaigns are told about rules that nothing satisfies, by the matcher itself: the check of campaigns
//! knows no requests, and these know no rules of logic.

use crate::campaign::{Attribute, Conflict, Holds, Rule, conflict, holds_always};
use crate::openrtb::{Av, BidRequest, Device, Imp};
use crate::targeting::fixture::{
    EXCHANGES, NOW, PARIS, Random, av, plain_request, random_person, random_request, random_rule,
    random_test, vocabulary_of,
};
use crate::targeting::key::value_key;
use crate::targeting::{CompiledRule, Known, Scene};
use crate::units::{ExchangeId, Millis, UnixMillis};

/// By rule: whether some random request satisfies it, and whether it is said that none does. Fails where a rule is
/// both, or is said to hold of everybody and does not.
fn check(random: &mut Random, rules: &[Rule], requests: usize) -> Vec<(bool, bool)> {
    let vocabulary = vocabulary_of(rules);
    let compiled: Vec<CompiledRule> = rules.iter().map(|rule| CompiledRule::new(rule, &PARIS)).collect();
    let mut is_met = vec![false; rules.len()];
    let mut is_always = vec![true; rules.len()];
    for _ in 0..requests {
        let request: BidRequest<'_> = random_request(random);
        let person = random_person(random);
        let known = Known { person: person.as_ref(), precise: random.percent(50), ..Known::default() };
        let exchange = ExchangeId::from_slug(random.pick(EXCHANGES));
        let hours = i64::try_from(random.below(168)).unwrap();
        let now: UnixMillis = NOW.plus(Millis::from_seconds(hours * 3_600));
        let mut scene = Scene::of(&vocabulary, &request, exchange, known, now);
        scene.look_at(&request.imp[0]);
        for (number, rule) in compiled.iter().enumerate() {
            let holds = rule.holds(&scene);
            is_met[number] |= holds;
            is_always[number] &= holds;
        }
    }
    for (rule, is_always) in rules.iter().zip(is_always) {
        assert!(is_always || !holds_always(rule), "{rule:?} is said to hold of everybody");
    }
    let both = rules.iter().zip(is_met);
    both.map(|(rule, is_met)| {
        let conflict = conflict(rule);
        let is_never = matches!(conflict, Some(Conflict::Never(_)));
        assert!(!(is_met && is_never), "{rule:?} is satisfied, and said to be a conflict: {conflict:?}");
        (is_met, is_never)
    })
    .collect()
}

/// Two or three tests, all of which must hold, on one or two attributes.
fn tight_rule(random: &mut Random) -> Rule {
    let attributes = [random.pick(Attribute::ALL), random.pick(Attribute::ALL)];
    let count = 2 + random.below(2);
    let tests = (0..count).map(|_| {
        let attribute = if random.percent(80) { attributes[0] } else { attributes[1] };
        let test = Rule::Is(random_test(random, attribute));
        if random.percent(40) { Rule::Not(Box::new(test)) } else { test }
    });
    let tests = tests.collect();
    if random.percent(80) { Rule::All(tests) } else { Rule::Any(tests) }
}

#[test]
fn a_rule_is_said_to_be_impossible_only_if_no_request_satisfies_it() {
    for seed in 0..4 {
        println!("seed {seed}");
        let random = &mut Random::from_seed(seed);
        let rules: Vec<Rule> = (0..400).map(|_| random_rule(random, 3)).collect();
        let found = check(random, &rules, 400);
        assert!(found.iter().filter(|(met, _)| *met).count() > 100, "most can be satisfied");
    }
}

#[test]
fn most_of_the_tight_rules_that_no_request_satisfies_are_found() {
    let (mut unmet, mut found) = (0, 0);
    for seed in 10..14 {
        println!("seed {seed}");
        let random = &mut Random::from_seed(seed);
        let rules: Vec<Rule> = (0..400).map(|_| tight_rule(random)).collect();
        for (is_met, is_never) in check(random, &rules, 2_000) {
            unmet += usize::from(!is_met);
            found += usize::from(is_never);
        }
    }
    println!("{found} of {unmet}");
    assert!(unmet > 200 && found * 2 > unmet, "{found} of {unmet}");
}

/// What `device`, `connection` and the others of mixed words may be, the table of attributes says; a request that
/// tells something else would be called impossible.
#[test]
fn no_request_tells_a_set_of_words_that_the_table_of_attributes_does_not_know() {
    let rules: Vec<Rule> = [Attribute::Device, Attribute::Connection, Attribute::Placement]
        .map(|attribute| Rule::is(attribute, ["x"]))
        .into();
    let vocabulary = vocabulary_of(&rules);
    for code in (0..12).map(Some).chain([None]) {
        for older in (0..8).map(Some).chain([None]) {
            let device = Device { devicetype: code, connectiontype: code, ..Device::default() };
            let video = Some(Av { plcmt: code, placement: older, ..av(None) });
            let imp = Imp { id: "1", video, ..Imp::default() };
            let request = BidRequest { device, ..plain_request() };
            let mut scene =
                Scene::of(&vocabulary, &request, ExchangeId::from_slug("adx"), Known::default(), NOW);
            scene.look_at(&imp);
            for attribute in [Attribute::Device, Attribute::Connection, Attribute::Placement] {
                let Holds::OneOf(sets) = attribute.holds() else { panic!("{attribute} is one of sets") };
                let keys = scene.value_keys(attribute);
                let is_set = |set: &&[&str]| {
                    set.len() == keys.len()
                        && set.iter().all(|word| keys.contains(&value_key(attribute, word)))
                };
                assert!(keys.is_empty() || sets.iter().any(is_set), "{attribute} of {code:?}, {older:?}");
            }
        }
    }
}
