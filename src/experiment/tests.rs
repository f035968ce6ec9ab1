//! Worlds with planted effects: how often intervals hold the truth, and how often nothing is taken for something.

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::experiment::arms::{ArmOutcomes, Comparison};
use crate::experiment::{
    Conclusion, Effect, Group, Interval, Trial, Unreliable, arms_sentence, holdout_sentence,
};
use crate::ledger::{Charge, EventKind, any_charge, any_event, one_of_each};
use crate::page::{Forms, Lang};
use crate::units::{ArmId, Currency, Femtos, Nanos, UserKey};

/// Worlds of one kind: the share of those in which something holds is known to about one in 200.
const WORLDS: usize = 2_000;

/// A seed for a random test, printed so that a failure can be run again.
fn printed_seed() -> u64 {
    let seed = rand::random();
    println!("seed {seed}");
    seed
}

/// How many of `people` do what each does with `chance`: jumps from one to the next.
fn drawn(rng: &mut SmallRng, people: u64, chance: f64) -> u64 {
    let (mut at, mut count) = (0.0, 0);
    loop {
        at += 1.0 + ((1.0 - rng.random::<f64>()).ln() / (1.0 - chance).ln()).floor();
        if at > people as f64 {
            return count;
        }
        count += 1;
    }
}

/// A world: how many people, how many of them held out, how likely they convert without ads, and how much likelier with.
#[derive(Clone, Copy)]
struct World {
    people: u64,
    share: f64,
    rate: f64,
    lift: f64,
}

impl World {
    fn group(self, rng: &mut SmallRng, people: u64, chance: f64) -> Group {
        let converted = drawn(rng, people, chance);
        let mut group = Group { people, converted, acquired: converted, ..Group::default() };
        for _ in 0..converted {
            let value = 10.0 + 40.0 * rng.random::<f64>();
            group.value += value;
            group.value_squares += value * value;
        }
        group
    }

    fn trial(self, rng: &mut SmallRng) -> Trial {
        let out = drawn(rng, self.people, self.share);
        let held_out = self.group(rng, out, self.rate);
        let treated = self.group(rng, self.people - out, self.rate * (1.0 + self.lift));
        let (share, touched, untouched) = (self.share, treated.converted / 2, treated.converted);
        let cost = 0.02 * treated.people as f64;
        Trial { treated, held_out, cost, share, touched, untouched, ..Trial::default() }
    }
}

/// In how many of the worlds `holds`, as a share.
fn share_of_worlds(rng: &mut SmallRng, world: World, holds: impl Fn(&Trial, &Effect) -> bool) -> f64 {
    let hits = (0..WORLDS).filter(|_| {
        let trial = world.trial(rng);
        holds(&trial, &trial.effect().unwrap())
    });
    hits.count() as f64 / WORLDS as f64
}

const WORLDS_OF_ALL_KINDS: [World; 6] = [
    World { people: 20_000, share: 0.1, rate: 0.02, lift: 0.3 },
    World { people: 5_000, share: 0.05, rate: 0.05, lift: 0.5 },
    World { people: 50_000, share: 0.1, rate: 0.005, lift: 0.2 },
    World { people: 4_000, share: 0.5, rate: 0.03, lift: 1.0 },
    World { people: 30_000, share: 0.1, rate: 0.02, lift: -0.2 },
    World { people: 20_000, share: 0.1, rate: 0.01, lift: 0.0 },
];

#[test]
fn intervals_of_a_holdout_hold_the_truth_as_often_as_they_say() {
    let mut rng = SmallRng::seed_from_u64(printed_seed());
    for world in WORLDS_OF_ALL_KINDS {
        let World { people, share, rate, lift } = world;
        let more = rate * lift;
        let of_people = share_of_worlds(&mut rng, world, |trial, effect| {
            effect.incremental_interval.holds(more * trial.treated.people as f64)
        });
        let of_lift = share_of_worlds(&mut rng, world, |_, effect| effect.lift_interval.holds(lift));
        // What each of the conversions costs is infinite where there are none.
        let of_cpa = share_of_worlds(&mut rng, world, |trial, effect| {
            let truth = trial.cost / (more * trial.treated.people as f64);
            match effect.cpa_interval {
                Some(Interval { high: None, .. }) if lift <= 0.0 => true,
                Some(interval) => lift > 0.0 && interval.holds(truth),
                None => lift <= 0.0,
            }
        });
        println!("{people} {share} {rate} {lift}: {of_people:.4} {of_lift:.4} {of_cpa:.4}");
        assert!((0.92..=0.98).contains(&of_people), "{of_people}");
        // A multiple of the share of few people is wider than it need be.
        assert!((0.92..=0.995).contains(&of_lift), "{of_lift}");
        assert!((0.92..=1.0).contains(&of_cpa), "{of_cpa}");
        assert!(lift <= 0.0 || of_cpa <= 0.98, "{of_cpa}");
    }
}

#[test]
fn what_ads_return_lies_in_its_interval_as_often_as_it_says() {
    let mut rng = SmallRng::seed_from_u64(printed_seed());
    for world in [
        World { people: 20_000, share: 0.1, rate: 0.02, lift: 0.3 },
        World { people: 10_000, share: 0.3, rate: 0.05, lift: 0.5 },
    ] {
        let found = share_of_worlds(&mut rng, world, |trial, effect| {
            let gain = 30.0 * world.rate * world.lift * trial.treated.people as f64;
            effect.roi.is_some() && effect.roi_interval.holds(gain / trial.cost - 1.0)
        });
        println!("{found:.4}");
        assert!((0.91..=0.98).contains(&found), "{found}");
    }
}

#[test]
fn ads_that_do_nothing_are_rarely_said_to_do_something() {
    let mut rng = SmallRng::seed_from_u64(printed_seed());
    let still = |conclusion: Conclusion| matches!(conclusion, Conclusion::CannotTell { .. });
    for world in WORLDS_OF_ALL_KINDS {
        let world = World { lift: 0.0, ..world };
        let found = share_of_worlds(&mut rng, world, |_, effect| still(effect.conclusion));
        let for_good = share_of_worlds(&mut rng, world, |_, effect| effect.incremental_always.holds(0.0));
        println!("{found:.4} {for_good:.4}");
        // 95 % but for what 2,000 worlds leave to chance: five deviations and a little.
        assert!(found > 0.92, "{found}");
        assert!(for_good > 0.98, "{for_good}");
    }
    let strong = World { people: 60_000, share: 0.1, rate: 0.02, lift: 0.7 };
    let found = share_of_worlds(&mut rng, strong, |_, effect| {
        matches!(effect.conclusion, Conclusion::Brings { always: true })
    });
    assert!(found > 0.95, "an effect that is there is found: {found}");
}

#[test]
fn who_looks_every_day_is_misled_by_the_interval_for_one_look_and_not_by_the_other() {
    let mut rng = SmallRng::seed_from_u64(printed_seed());
    let (mut once, mut always) = (0, 0);
    const LOOKS: usize = 40;
    let world = World { people: 2_000, share: 0.1, rate: 0.03, lift: 0.0 };
    for _ in 0..1_000 {
        let mut sum = Trial { share: 0.1, untouched: 1, ..Trial::default() };
        let mut seen = (false, false);
        for _ in 0..LOOKS {
            let more = world.trial(&mut rng);
            for (group, more) in [(&mut sum.treated, more.treated), (&mut sum.held_out, more.held_out)] {
                group.people += more.people;
                group.converted += more.converted;
            }
            let Some(effect) = sum.effect() else { continue };
            seen.0 |= !effect.incremental_interval.holds(0.0);
            seen.1 |= !effect.incremental_always.holds(0.0);
        }
        once += usize::from(seen.0);
        always += usize::from(seen.1);
    }
    println!("false alarms in 1000 worlds of {LOOKS} looks: {once} for one look, {always} always");
    assert!(once > 150, "{once}");
    assert!(always <= 50, "{always}");
}

/// A line item with arms of so many people each, whose conversions cost as given, and what is found of them.
fn arms(rng: &mut SmallRng, people: u32, cpas: &[f64]) -> Comparison {
    let mut outcomes = ArmOutcomes::default();
    let ids: Vec<ArmId> = (0..cpas.len()).map(|at| ArmId::from_slug(&format!("c/l/{at}"))).collect();
    for (arm, cpa) in ids.iter().zip(cpas) {
        for number in 0..people {
            let mut key = [0; 16];
            key[..4].copy_from_slice(&number.to_le_bytes());
            // People are reached more or less often, and who is reached more converts more.
            let reached = 1.0 - (1.0 - rng.random::<f64>()).ln();
            let cost = 0.05 * reached;
            let chance = (cost / cpa).min(0.9);
            #[expect(clippy::cast_possible_truncation, reason = "a few cents")]
            let femtos = Femtos::from_raw((cost * 1e15) as i128);
            let conversions = (0..2).filter(|_| rng.random::<f64>() < chance / 2.0).count();
            let conversions = (u32::try_from(conversions).unwrap(), Nanos::from_raw(20_000_000_000));
            outcomes.put((*arm, UserKey::from_bytes(key)), femtos, conversions);
        }
    }
    outcomes.comparison(&ids)
}

#[test]
fn intervals_of_arms_hold_the_truth_as_often_as_they_say() {
    let mut rng = SmallRng::seed_from_u64(printed_seed());
    let worlds = 2_000;
    let (mut cpa, mut roi, mut distance) = (0, 0, 0);
    for _ in 0..worlds {
        let found = arms(&mut rng, 300, &[0.5, 0.8]);
        cpa += usize::from(found.arms[0].cpa_interval.holds(0.5));
        roi += usize::from(found.arms[1].roi_interval.holds(20.0 / 0.8 - 1.0));
        distance += usize::from(found.against[0].cpa.holds(0.3));
    }
    println!("of {worlds}: {cpa} {roi} {distance}");
    for hits in [cpa, roi, distance] {
        let share = hits as f64 / f64::from(worlds);
        assert!((0.92..=0.98).contains(&share), "{share}");
    }
}

#[test]
fn several_arms_that_are_alike_are_rarely_told_apart() {
    let mut rng = SmallRng::seed_from_u64(printed_seed());
    let worlds = 1_000;
    let told = |found: &Comparison| found.against.iter().any(|against| against.cpa_differs);
    let alike = (0..worlds).filter(|_| told(&arms(&mut rng, 300, &[0.5; 4]))).count();
    println!("{alike} of {worlds}");
    assert!(alike < 80, "{alike} of {worlds}: 5 % but for chance");
    let different = (0..100).filter(|_| told(&arms(&mut rng, 600, &[0.5, 0.5, 1.5]))).count();
    assert!(different > 90, "{different} of 100");
}

fn trial(treated: (u64, u64), held_out: (u64, u64)) -> Trial {
    let group = |(people, converted)| Group { people, converted, acquired: converted, ..Group::default() };
    let all = (treated.0 + held_out.0) as f64;
    let share = held_out.0 as f64 / all;
    Trial {
        treated: group(treated),
        held_out: group(held_out),
        cost: 9_840.0,
        share,
        untouched: 5,
        ..Trial::default()
    }
}

#[track_caller]
fn says(trial: &Trial, en: &str, fr: &str) {
    let effect = trial.effect();
    let say = |lang| holdout_sentence(trial, effect.as_ref(), Currency::EUR, &Forms::new(lang));
    assert_eq!(say(Lang::En), en);
    assert_eq!(say(Lang::Fr).replace(['\u{a0}', '\u{202f}'], " "), fr);
}

#[test]
fn one_sentence_says_what_can_be_concluded() {
    says(
        &trial((90_000, 1_000), (10_000, 60)),
        "Of 1,000 people who converted, between 294 and 596 would not have done so without the ads; each \
         acquisition that these brought cost €16.51 to €33.41 (incremental CPA).",
        "Sur 1 000 personnes converties, entre 294 et 596 ne l’auraient pas été sans les publicités ; chaque \
         acquisition qu’elles ont apportée a coûté de 16,51 € à 33,41 € (CPA incrémental).",
    );
    let early = trial((9_000, 100), (1_000, 9));
    assert!(matches!(early.effect().unwrap().conclusion, Conclusion::CannotTell { more: Some(1..) }));
    let idle = trial((9_000, 90), (1_000, 12));
    assert_eq!(idle.effect().unwrap().conclusion, Conclusion::CannotTell { more: None });
    let harmful = trial((90_000, 600), (10_000, 100));
    assert!(matches!(harmful.effect().unwrap().conclusion, Conclusion::Costs { .. }));
    for (trial, lang, begins, ends) in [
        (
            &early,
            Lang::En,
            "Cannot tell yet: of 100 people who converted, up to ",
            "if the effect is what it looks like.",
        ),
        (
            &early,
            Lang::Fr,
            "Impossible à dire pour l’instant : sur 100 personnes",
            "si l’effet est tel qu’il paraît.",
        ),
        (
            &idle,
            Lang::En,
            "Cannot tell: among 90 people who converted, nothing is seen",
            "would probably have shown.",
        ),
        (
            &harmful,
            Lang::En,
            "The ads cost conversions: without them, between ",
            "more people would have converted.",
        ),
    ] {
        let said = holdout_sentence(trial, trial.effect().as_ref(), Currency::EUR, &Forms::new(lang));
        println!("{said}");
        let said = said.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(said.starts_with(begins) && said.contains(ends), "{said}");
    }
    says(
        &trial((900, 12), (90, 1)),
        "Cannot tell yet: 900 people were bid on and 90 held out; at least 100 of each are needed.",
        "Impossible à dire pour l’instant : 900 personnes exposées et 90 témoins ; il en faut au moins 100 de \
         chaque.",
    );
}

#[test]
fn the_incremental_cpa_of_a_holdout_is_one_of_acquisitions_and_none_without_any() {
    let all = trial((90_000, 1_000), (10_000, 60));
    let effect = |treated, held_out| {
        let group = |group, acquired| Group { acquired, ..group };
        let (treated, held_out) = (group(all.treated, treated), group(all.held_out, held_out));
        Trial { treated, held_out, ..all }.effect().unwrap()
    };
    // A tenth of what the ads brought: 55 people rather than 460, who cost 9,840.
    let some = effect(100, 5);
    assert_eq!((some.incremental, some.incremental_acquisitions.round()), (460.0, 55.0));
    assert!((some.cpa.unwrap() - 9_840.0 / 55.0).abs() < 1e-9);
    assert!(some.cpa_interval.unwrap().holds(9_840.0 / 55.0) && !some.cpa_interval.unwrap().holds(21.39));
    let none = effect(0, 0);
    assert_eq!((none.cpa, none.cpa_interval), (None, None));
    assert_eq!(none.conclusion, some.conclusion, "people converted all the same");
}

#[test]
fn what_a_conversion_costs_in_an_arm_is_told_of_acquisitions_alone() {
    let arm = ArmId::from_slug("c/l/a");
    let mut event = any_event(1_000).new_tree(&mut TestRunner::deterministic()).unwrap().current();
    event.bid.setting.arm = Some(arm);
    event.bid.user = Some(UserKey::from_bytes([1; 16]));
    let charge = any_charge(1_000).new_tree(&mut TestRunner::deterministic()).unwrap().current();
    let media = Nanos::from_raw(40_000_000_000);
    let all = one_of_each(&event, Charge { media, ..charge });
    let arm_of = |acquisitions: usize| {
        let (mut outcomes, mut left) = (ArmOutcomes::default(), acquisitions);
        for mut event in all.clone() {
            if let EventKind::Conversion(conversion) = &mut event.kind {
                conversion.acquisition = left > 0;
                left = left.saturating_sub(1);
            }
            outcomes.take(&event);
        }
        outcomes.comparison(&[arm]).arms[0]
    };
    let (none, two) = (arm_of(0), arm_of(2));
    assert_eq!((none.conversions, none.acquisitions, none.cpa), (8, 0, None));
    assert_eq!((two.conversions, two.acquisitions, two.acquired, two.converted), (8, 2, 1, 1));
    assert!(two.cost >= 40.0 && (two.cpa.unwrap() - two.cost / 2.0).abs() < 1e-9, "{two:?}");
}

#[test]
fn what_cannot_be_relied_on_says_so_first() {
    let sound = trial((90_000, 1_000), (10_000, 60));
    let why = |trial: Trial| (trial.unreliable(), trial.effect().unwrap().conclusion);
    assert_eq!(why(sound).0, None);
    for (trial, want) in [
        (Trial { missed: 1, ..sound }, Unreliable::Missed),
        (Trial { in_both: 1, ..sound }, Unreliable::InBoth),
        (Trial { share: 0.11, ..sound }, Unreliable::Sizes),
        (Trial { touched: 3, untouched: 0, ..sound }, Unreliable::Unreported),
    ] {
        assert_eq!(why(trial), (Some(want), Conclusion::Unreliable(want)));
    }
    let missed = Trial { missed: 1_200, ..sound };
    says(
        &missed,
        "Nothing can be concluded: 1,200 bids could not be kept, so that people are missing.",
        "Rien à conclure : 1 200 enchères n’ont pu être gardées, il manque donc des personnes.",
    );
    let mut rng = SmallRng::seed_from_u64(printed_seed());
    let chance = (0..2_000).filter(|_| {
        let world = World { people: 10_000, share: 0.1, rate: 0.02, lift: 0.0 };
        world.trial(&mut rng).unreliable().is_some()
    });
    assert!(chance.count() < 12, "groups of chance are taken for such: 1 in 1,000 is not");
}

#[test]
fn arms_that_differ_are_named_with_the_difference() {
    let mut rng = SmallRng::seed_from_u64(7);
    let say = |found: &Comparison, names: &[&str]| {
        arms_sentence(found, names, Currency::EUR, &Forms::new(Lang::En))
    };
    let apart = say(&arms(&mut rng, 2_000, &[0.5, 1.5]), &["a", "b"]);
    assert!(
        apart.starts_with("An acquisition costs €") && apart.contains(" more in arm b than in a."),
        "{apart}"
    );
    assert!(apart.contains("The ROI of arm b is ") && apart.contains(" points below that of a."), "{apart}");
    let few = say(&arms(&mut rng, 20, &[0.5, 0.5]), &["a", "b"]);
    assert_eq!(few, "Cannot tell yet which arm is better: each needs at least 10 people who are acquired.");
}
