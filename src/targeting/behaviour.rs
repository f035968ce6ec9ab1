//! What rules ask of people's behaviour at each advertiser, and what a history answers.
//!
//! A question's key is told if its answer is another than that of a person who did nothing. So a scene answers the
//! few advertisers in the person's history, and a question that somebody who did nothing satisfies (never bought) is
//! compiled with its negation turned over.

use smallvec::SmallVec;

use crate::audience::{Definition, EventCount, Happened, Past, RfmRange, Standing};
use crate::campaign::{Attribute, Range, Wanted};
use crate::targeting::key::{count_key, defined_key, points_key, scores_key};
use crate::units::{AdvertiserId, UnixMillis};

/// What a history answers: keys, each of an attribute.
pub(super) type Answers = SmallVec<[(Attribute, u64); 8]>;

/// The questions about behaviour of a catalog's rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Behaviours {
    /// In order of advertisers.
    sorted: Vec<Behaviour>,
}

/// The questions about behaviour at one advertiser.
#[derive(Debug, Clone)]
struct Behaviour {
    definition: Definition,
    counts: Vec<(EventCount, u64)>,
    points: Vec<(Range, u64)>,
    ranges: Vec<(RfmRange, u64)>,
    /// True if a rule asks for more than events.
    asks_standing: bool,
}

/// True of `wanted` if a person who did nothing satisfies it.
pub(super) fn holds_for_nobody(attribute: Attribute, wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Happened(count) => count.holds_for_nobody(),
        Wanted::Between(range) => attribute == Attribute::LeadScore && range.has(0),
        _ => false,
    }
}

/// A score in the unit of ranges.
pub(super) fn in_thousandths(points: u32) -> i64 {
    i64::from(points) * 1_000
}

impl Behaviours {
    /// Takes in what a rule asks at the advertiser of `definition`.
    pub(super) fn learn(&mut self, definition: &Definition, attribute: Attribute, wanted: &Wanted) {
        let advertiser = definition.advertiser;
        let own = match self.at(advertiser) {
            Ok(at) => &mut self.sorted[at],
            Err(at) => {
                // What nobody asks here, nobody should find here.
                let definition = Definition { token: None, ..definition.clone() };
                let (counts, points, ranges) = (Vec::new(), Vec::new(), Vec::new());
                self.sorted
                    .insert(at, Behaviour { definition, counts, points, ranges, asks_standing: false });
                &mut self.sorted[at]
            }
        };
        own.asks_standing |= attribute != Attribute::Event;
        match wanted {
            Wanted::Happened(count) => add(&mut own.counts, count.as_ref(), count_key(advertiser, count)),
            Wanted::Between(range) => add(&mut own.points, range, points_key(advertiser, *range)),
            Wanted::Scored(range) => add(&mut own.ranges, range, scores_key(advertiser, *range)),
            _ => {}
        }
    }

    fn at(&self, advertiser: AdvertiserId) -> Result<usize, usize> {
        self.sorted.binary_search_by_key(&advertiser, |behaviour| behaviour.definition.advertiser)
    }

    /// The keys that `history` answers at `now`, in the order of their attributes.
    pub(super) fn answers(&self, history: &[Happened], now: UnixMillis) -> Answers {
        let mut answers = Answers::new();
        if self.sorted.is_empty() {
            return answers;
        }
        let mut met: SmallVec<[AdvertiserId; 4]> = SmallVec::new();
        for advertiser in history.iter().map(|happened| happened.advertiser) {
            if met.contains(&advertiser) {
                continue;
            }
            met.push(advertiser);
            if let Ok(at) = self.at(advertiser) {
                self.sorted[at].answer(history, now, &mut answers);
            }
        }
        answers.sort_unstable();
        answers
    }
}

/// Adds a question that is not known yet.
fn add<Q: Clone>(questions: &mut Vec<(Q, u64)>, question: &Q, key: u64) {
    if questions.iter().all(|(_, known)| *known != key) {
        questions.push((question.clone(), key));
    }
}

impl Behaviour {
    fn answer(&self, history: &[Happened], now: UnixMillis, answers: &mut Answers) {
        let past = Past::new(&self.definition, history, now);
        let counted = self.counts.iter().filter(|(count, _)| count.holds(past) != count.holds_for_nobody());
        answers.extend(counted.map(|(_, key)| (Attribute::Event, *key)));
        if !self.asks_standing {
            return;
        }
        let standing = Standing::of(&self.definition, history, now);
        let advertiser = self.definition.advertiser;
        let named = |name: &str| defined_key(advertiser, name);
        answers.extend(standing.stage.map(|stage| (Attribute::Stage, named(stage))));
        answers.extend(standing.intents.iter().map(|intent| (Attribute::Intent, named(intent))));
        let points = in_thousandths(standing.lead_score);
        let other = self.points.iter().filter(|(range, _)| range.has(points) != range.has(0));
        answers.extend(other.map(|(_, key)| (Attribute::LeadScore, *key)));
        if let Some(rfm) = standing.rfm {
            answers.extend(rfm.class.map(|class| (Attribute::Rfm, named(class))));
            let fitting = self.ranges.iter().filter(|(range, _)| range.fits(rfm.scores));
            answers.extend(fitting.map(|(_, key)| (Attribute::Rfm, *key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::audience::Profile;
    use crate::campaign::{Attribute, Rule, Test};
    use crate::targeting::fixture::{NOW, PARIS, Random, plain_imp, plain_request, vocabulary_of};
    use crate::targeting::fixture_behaviour::{random_history, random_wanted};
    use crate::targeting::oracle::did;
    use crate::targeting::{CompiledRule, Known, Scene};
    use crate::units::ExchangeId;

    /// What a rule and its negation answer of `profile`.
    fn answers(test: Test, profile: Option<&Profile>) -> [bool; 2] {
        let rule = Rule::Is(test);
        let vocabulary = vocabulary_of([&rule]);
        let (request, imp) = (plain_request(), plain_imp());
        let known = Known { person: profile, ..Known::default() };
        let mut scene = Scene::of(&vocabulary, &request, ExchangeId::from_slug("adx"), known, NOW);
        scene.look_at(&imp);
        let negated = Rule::Not(Box::new(rule.clone()));
        [rule, negated].map(|rule| CompiledRule::new(&rule, &PARIS).holds(&scene))
    }

    #[test]
    fn a_rule_holds_exactly_if_it_is_true_of_the_history() {
        println!("seed 11");
        let random = &mut Random::from_seed(11);
        let mut held = [0; Attribute::COUNT];
        for _ in 0..6_000 {
            let attribute = random.pick(&Attribute::BEHAVIOUR);
            let include_unknown = random.percent(50);
            let test = Test { attribute, wanted: random_wanted(attribute, random), include_unknown };
            let history = random_history(random);
            let profile = Profile { history: history.as_slice().into(), ..Profile::known([]) };
            let want = did(&test, &history, NOW);
            let told = format!("{test:?} of {history:?}");
            assert_eq!(answers(test.clone(), Some(&profile)), [want, !want], "{told}");
            assert_eq!(answers(test.clone(), None), [include_unknown; 2], "not permitted: {told}");
            let late = Profile::default();
            assert_eq!(answers(test, Some(&late)), [include_unknown; 2], "the store was late: {told}");
            held[attribute as usize] += usize::from(want);
        }
        for attribute in Attribute::BEHAVIOUR {
            assert!(held[attribute as usize] > 50, "{attribute} held {} times", held[attribute as usize]);
        }
    }
}
