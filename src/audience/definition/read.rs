//! An audience definition from its file, with every fault at once.

use crate::audience::definition::defaults;
use crate::audience::events::read::{kept_span, known_events, refuse_sensitive, topics, unknown_event};
use crate::audience::{
    Definition, EventCount, Intent, LeadScore, NamedEvent, NamedTopic, Rfm, RfmClass, RfmRange, Scores,
    Stage, Words,
};
use crate::document::{Document, Faults, Node, Object, Source, suggestion};
use crate::privacy::{Policy, Purposes};
use crate::units::limits::{DEFINITION_EVENTS_MAX, DEFINITION_NAMES_MAX, LEAD_SCORE_MAX, RETENTION_MAX};
use crate::units::{AdvertiserId, EventId, Millis, Nanos};

/// Points of one event, either way.
const POINTS_MAX: i64 = 1_000;
/// The highest threshold of a frequency.
const FREQUENCY_MAX: u32 = 10_000;
/// Ids on the Global Vendor List have 16 bits.
const VENDOR_ID_MAX: u32 = 0xffff;
/// The last purpose of the TCF; the first, storing, takes consent alone.
const PURPOSE_MAX: u32 = 11;

/// The audience definition in `source`; `None`, with every fault, if anything in it is wrong.
pub fn read_definition(source: &Source, faults: &mut Faults) -> Option<Definition> {
    let document = Document::parse(source, faults)?;
    let keys = [
        "advertiser",
        "events",
        "topics",
        "retention",
        "privacy",
        "token",
        "lead_score",
        "rfm",
        "stages",
        "intents",
    ];
    let errors = faults.errors();
    let object = document.root().object(&keys, faults)?;
    let slug = object.require("advertiser", faults).and_then(|node| node.slug(faults));
    let events = object.require("events", faults).and_then(|node| events(node, faults));
    let retention = object.get("retention").map_or(Some(defaults::RETENTION), |node| retention(node, faults));
    let (policy, assume_gdpr) = match object.get("privacy") {
        Some(node) => privacy(node, faults).unwrap_or((Policy::default(), true)),
        None => (Policy::default(), true),
    };
    let token = object.get("token").and_then(|node| node.secret(faults));
    // What follows is asked of the events: without them every name in it would be a fault of its own.
    let (events, retention) = (events?, retention?);
    let known = Known { events: &events, retention };
    let lead_score = object.get("lead_score").and_then(|node| known.lead_score(node, faults));
    let rfm = object.get("rfm").and_then(|node| known.rfm(node, faults));
    let stages = match object.get("stages") {
        Some(node) => known.stages(node, faults).unwrap_or_default(),
        None => defaults::stages(&events, retention),
    };
    let declared = object.get("topics").map_or(Some(vec![]), |node| declared_topics(node, faults));
    let intents = object.get("intents").and_then(|node| known.intents(node, faults)).unwrap_or_default();
    let slug = slug.filter(|_| faults.errors() == errors)?;
    Some(Definition {
        advertiser: AdvertiserId::from_slug(slug),
        slug: slug.to_owned(),
        privacy: policy,
        assume_gdpr,
        token,
        lead_score,
        rfm,
        topics: all_topics(declared?, &stages, &intents),
        stages,
        intents,
        retention,
        events,
    })
}

/// The highest cap of a score.
fn score_cap_max() -> u32 {
    u32::try_from(LEAD_SCORE_MAX).expect("a small number")
}

fn events(node: Node<'_>, faults: &mut Faults) -> Option<Vec<NamedEvent>> {
    let nodes = node.one_or_more(faults)?;
    if nodes.len() > DEFINITION_EVENTS_MAX {
        return faults.refuse(node.error(format!("has more than {DEFINITION_EVENTS_MAX} events")));
    }
    let mut events: Vec<NamedEvent> = Vec::new();
    let mut is_whole = true;
    for node in nodes {
        let name = new_name(node, events.iter().map(|event| event.slug.as_str()), faults);
        is_whole &= name.is_some();
        events.extend(name.map(NamedEvent::new));
    }
    is_whole.then_some(events)
}

/// Topics that an advertiser may send whatever its stages and intents ask.
fn declared_topics(node: Node<'_>, faults: &mut Faults) -> Option<Vec<NamedTopic>> {
    topics(node, None, faults)
}

/// All topics that are named, once each, in order of their ids.
fn all_topics(declared: Vec<NamedTopic>, stages: &[Stage], intents: &[Intent]) -> Vec<NamedTopic> {
    let asked = stages.iter().flat_map(|stage| &stage.when).chain(intents.iter().map(|intent| &intent.when));
    let mut all = declared;
    all.extend(asked.flat_map(|count| count.topics.iter().cloned()));
    all.sort_by_key(|topic| topic.id);
    all.dedup_by_key(|topic| topic.id);
    all
}

fn retention(node: Node<'_>, faults: &mut Faults) -> Option<Millis> {
    let span = node.span(faults)?;
    if span <= RETENTION_MAX {
        return Some(span);
    }
    let fault = node.error(format!("must be at most 395 days, got {}", node.echo()));
    faults.refuse(fault.hint("thirteen months is as long as a cookie may recognise a person"))
}

/// Who we are to the frameworks of consent, and whether the GDPR is assumed.
fn privacy(node: Node<'_>, faults: &mut Faults) -> Option<(Policy, bool)> {
    let object = node.object(&["vendor_id", "legitimate_interests", "assume_gdpr"], faults)?;
    let vendor_id = object.get("vendor_id").map(|node| node.integer(1..=VENDOR_ID_MAX, faults));
    let assume_gdpr = object.get("assume_gdpr").map_or(Some(true), |node| node.flag(faults));
    let mut purposes = Vec::new();
    for node in object.get("legitimate_interests").and_then(|node| node.list(faults)).unwrap_or_default() {
        purposes.push(u8::try_from(node.integer(2..=PURPOSE_MAX, faults)?).ok()?);
    }
    let vendor_id = match vendor_id {
        Some(id) => Some(u16::try_from(id?).ok()?),
        None => None,
    };
    let policy = Policy { vendor_id, legitimate_interests: Purposes::new(purposes), ..Policy::default() };
    Some((policy, assume_gdpr?))
}

/// A name that is not among `taken`: an id that stands for nothing sensitive.
fn new_name<'d, 't>(
    node: Node<'d>,
    mut taken: impl Iterator<Item = &'t str>,
    faults: &mut Faults,
) -> Option<&'d str> {
    let name = node.slug(faults)?;
    refuse_sensitive(node, name, faults)?;
    if taken.any(|taken| taken == name) {
        return faults.refuse(node.error(format!("is given twice, got {}", node.echo())));
    }
    Some(name)
}

/// What the rest of a definition is asked against.
struct Known<'k> {
    events: &'k [NamedEvent],
    retention: Millis,
}

impl Known<'_> {
    fn lead_score(&self, node: Node<'_>, faults: &mut Faults) -> Option<LeadScore> {
        let object = node.object(&["points", "half_life", "cap"], faults)?;
        let points = object
            .require("points", faults)
            .and_then(|node| node.each_value(faults, |node, event, faults| self.points(node, event, faults)));
        let half_life = object.get("half_life").map_or(Some(defaults::HALF_LIFE), |node| node.span(faults));
        let cap = object
            .get("cap")
            .map_or(Some(defaults::SCORE_CAP), |node| node.integer(1..=score_cap_max(), faults));
        Some(LeadScore { points: points?, half_life: half_life?, cap: cap? })
    }

    fn points(&self, node: Node<'_>, event: &str, faults: &mut Faults) -> Option<(EventId, i32)> {
        let Some(known) = self.events.iter().find(|known| known.slug == event) else {
            return unknown_event(node, event, self.events, faults);
        };
        let points = node.scaled(0, faults)?;
        match i32::try_from(points).ok().filter(|_| (-POINTS_MAX..=POINTS_MAX).contains(&points)) {
            Some(points) => Some((known.id, points)),
            None => {
                let problem = format!("must be from -{POINTS_MAX} to {POINTS_MAX}, got {}", node.echo());
                faults.refuse(node.error(problem))
            }
        }
    }

    fn rfm(&self, node: Node<'_>, faults: &mut Faults) -> Option<Rfm> {
        let keys = ["events", "period", "recency_days", "frequency", "monetary", "classes"];
        let object = node.object(&keys, faults)?;
        let events = match object.get("events") {
            Some(node) => known_events(node, self.events, faults),
            None => match self.events.iter().find(|event| event.slug == defaults::PURCHASE) {
                Some(purchase) => Some(vec![purchase.clone()]),
                None => {
                    let fault = object.missing("events");
                    faults.refuse(fault.hint("the advertiser sends no `purchase`: name what counts as one"))
                }
            },
        };
        let period =
            object.get("period").map_or(Some(self.retention), |node| kept_span(node, self.retention, faults));
        let recency = thresholds(object, "recency_days", defaults::RECENCY_DAYS, faults, |node, faults| {
            node.integer(1..=395, faults)
        });
        let frequency = thresholds(object, "frequency", defaults::FREQUENCY, faults, |node, faults| {
            node.integer(2..=FREQUENCY_MAX, faults)
        });
        let monetary = thresholds(object, "monetary", defaults::MONETARY, faults, amount);
        let classes = match object.get("classes") {
            Some(node) => classes(node, faults),
            None => Some(defaults::classes()),
        };
        Some(Rfm {
            events: events?.iter().map(|event| event.id).collect(),
            period: period?,
            recency: recency?.map(|days| Millis::from_seconds(i64::from(days) * 86_400)),
            frequency: frequency?,
            monetary: monetary?,
            classes: classes?,
        })
    }

    fn stages(&self, node: Node<'_>, faults: &mut Faults) -> Option<Vec<Stage>> {
        let mut stages: Vec<Stage> = Vec::new();
        for node in named_list(node, faults)? {
            let taken = |name: &str| stages.iter().any(|stage| stage.name == name);
            let stage = match node.peek_text() {
                Some(name) if taken(name) => {
                    faults.refuse(node.error(format!("is given twice, got {}", node.echo())))
                }
                Some(name) => self.usual_stage(node, name, faults),
                None => {
                    let named = stages.iter().map(|stage| stage.name.as_str());
                    self.own_stage(node, named, faults)
                }
            };
            stages.extend(stage);
        }
        Some(stages)
    }

    /// One of the stages that need no description.
    fn usual_stage(&self, node: Node<'_>, name: &str, faults: &mut Faults) -> Option<Stage> {
        let stage = defaults::stage(name, self.events, self.retention);
        stage.or_else(|| {
            if defaults::STAGES.contains(&name) {
                let fault = node.error(format!("asks for an event that is not sent, got {}", node.echo()));
                return faults
                    .refuse(fault.hint("add `basket` or `purchase` to `events`, or describe the stage"));
            }
            let fault = node.error(format!("is no usual stage, got {}", node.echo()));
            faults.refuse(match suggestion(name, defaults::STAGES) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint("describe it: {\"name\": ..., \"when\": {\"name\": \"product_view\"}}"),
            })
        })
    }

    fn own_stage<'t>(
        &self,
        node: Node<'_>,
        taken: impl Iterator<Item = &'t str>,
        faults: &mut Faults,
    ) -> Option<Stage> {
        let object = node.object(&["name", "when"], faults)?;
        let name = object.require("name", faults).and_then(|node| new_name(node, taken, faults));
        let when = object.require("when", faults).and_then(|node| {
            let asked: Vec<_> =
                node.one_or_more(faults)?.into_iter().map(|node| self.count(node, faults)).collect();
            let asked = asked.into_iter().collect::<Option<Vec<_>>>()?;
            // Strangers are not looked up at all, so they are in no stage, whatever it asks.
            if asked.iter().all(EventCount::holds_for_nobody) {
                let fault = node.error("holds for people who did nothing, and they are in no stage");
                return faults.refuse(fault.hint("ask for something that they did as well"));
            }
            Some(asked)
        });
        Some(Stage { name: name?.to_owned(), when: when? })
    }

    fn intents(&self, node: Node<'_>, faults: &mut Faults) -> Option<Vec<Intent>> {
        let mut intents: Vec<Intent> = Vec::new();
        for node in named_list(node, faults)? {
            let named = intents.iter().map(|intent| intent.name.as_str());
            let intent = self.intent(node, named, faults);
            intents.extend(intent);
        }
        Some(intents)
    }

    fn intent<'t>(
        &self,
        node: Node<'_>,
        taken: impl Iterator<Item = &'t str>,
        faults: &mut Faults,
    ) -> Option<Intent> {
        let object = node.object(&["name", "events", "topics", "at_least", "within"], faults)?;
        let name = object.require("name", faults).and_then(|node| new_name(node, taken, faults));
        let events =
            object.get("events").map_or(Some(vec![]), |node| known_events(node, self.events, faults));
        let topics = object.get("topics").map_or(Some(vec![]), |node| topics(node, None, faults));
        let at_least = object.get("at_least").map_or(Some(1), |node| node.integer(1..=1_000, faults));
        let within =
            object.require("within", faults).and_then(|node| kept_span(node, self.retention, faults));
        let (name, events, topics) = (name?.to_owned(), events?, topics?);
        if events.is_empty() && topics.is_empty() {
            return faults.refuse(node.error("names neither `events` nor `topics`"));
        }
        let when =
            EventCount { events, topics, within: Some(within?), at_least: at_least?, ..EventCount::any() };
        Some(Intent { name, when })
    }

    fn count(&self, node: Node<'_>, faults: &mut Faults) -> Option<EventCount> {
        let words = Words { events: self.events, topics: None, retention: self.retention };
        EventCount::read(node, words, faults)
    }
}

/// The elements of a list of things with names.
fn named_list<'d>(node: Node<'d>, faults: &mut Faults) -> Option<Vec<Node<'d>>> {
    let nodes = node.list(faults)?;
    if nodes.len() > DEFINITION_NAMES_MAX {
        return faults.refuse(node.error(format!("has more than {DEFINITION_NAMES_MAX} elements")));
    }
    Some(nodes)
}

/// Four thresholds, ascending.
fn thresholds<T: Copy + PartialOrd>(
    object: Object<'_>,
    key: &str,
    usual: [T; 4],
    faults: &mut Faults,
    read: impl Fn(Node<'_>, &mut Faults) -> Option<T>,
) -> Option<[T; 4]> {
    let Some(node) = object.get(key) else { return Some(usual) };
    let nodes = node.list(faults)?;
    let read: Vec<Option<T>> = nodes.into_iter().map(|node| read(node, faults)).collect();
    let read: Vec<T> = read.into_iter().collect::<Option<_>>()?;
    match <[T; 4]>::try_from(read) {
        Ok(four) if four.is_sorted_by(|one, other| one < other) => Some(four),
        _ => faults.refuse(node.error("must be four ascending numbers: where the next score begins")),
    }
}

/// A sum above 0, in euros.
fn amount(node: Node<'_>, faults: &mut Faults) -> Option<Nanos> {
    let nanos = node.scaled(9, faults)?;
    if nanos <= 0 {
        return faults.refuse(node.error(format!("must be greater than 0, got {}", node.echo())));
    }
    Some(Nanos::from_raw(nanos))
}

fn classes(node: Node<'_>, faults: &mut Faults) -> Option<Vec<RfmClass>> {
    let mut classes: Vec<RfmClass> = Vec::new();
    for node in named_list(node, faults)? {
        let Some(object) = node.object(&["name", "recency", "frequency", "monetary"], faults) else {
            continue;
        };
        let named = classes.iter().map(|class| class.name.as_str());
        let name = object.require("name", faults).and_then(|node| new_name(node, named, faults));
        let range = RfmRange::read(object, faults);
        if let (Some(name), Some(range)) = (name, range) {
            classes.push(RfmClass { name: name.to_owned(), range });
        }
    }
    Some(classes)
}

impl RfmRange {
    /// The range in `recency`, `frequency` and `monetary` of an object; what is absent fits any score.
    pub fn read(object: Object<'_>, faults: &mut Faults) -> Option<Self> {
        let mut fitting = |key| object.get(key).map_or(Some(Scores::ALL), |node| Scores::read(node, faults));
        let (recency, frequency, monetary) = (fitting("recency"), fitting("frequency"), fitting("monetary"));
        Some(Self { recency: recency?, frequency: frequency?, monetary: monetary? })
    }
}

impl Scores {
    /// The scores here: one, or a list of them.
    pub fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let mut scores = Self::NONE;
        for node in node.one_or_more(faults)? {
            let score = node.integer(Self::LOWEST.into()..=Self::HIGHEST.into(), faults)?;
            scores = scores.with(u8::try_from(score).ok()?);
        }
        Some(scores)
    }
}
