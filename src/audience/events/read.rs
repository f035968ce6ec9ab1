//! A question about events, from a file.

use crate::audience::{EventCount, NamedEvent, NamedTopic};
use crate::document::{Faults, Node, suggestion};
use crate::privacy::sensitive_word;
use crate::units::Millis;
use crate::units::limits::{EVENT_COUNT_MAX, EVENT_TOPICS_MAX, TOPIC_CHARS_MAX};

/// What questions about an advertiser's events may name.
#[derive(Debug, Clone, Copy)]
pub struct Words<'w> {
    /// Its events.
    pub events: &'w [NamedEvent],
    /// Its topics in order of their ids; `None` where a question declares those that it names.
    pub topics: Option<&'w [NamedTopic]>,
    /// How far back events are known.
    pub retention: Millis,
}

impl EventCount {
    /// The question here: `{"name": "product_view", "within": "7d", "at_least": 1, "topic": "shoes"}`, or the event's
    /// name alone. `name` and `topic` may be lists; `older_than`, `after` and `at_most` are possible, too. `words`
    /// are those of the advertiser.
    ///
    /// `at_least` is 1 where it is absent, or 0 where `at_most` is 0: never.
    pub fn read(node: Node<'_>, words: Words<'_>, faults: &mut Faults) -> Option<Self> {
        let known = words.events;
        if node.peek_text().is_some() {
            return Some(Self { events: vec![known_event(node, known, faults)?], ..Self::any() });
        }
        let keys = ["name", "topic", "within", "older_than", "after", "at_least", "at_most"];
        let object = node.object(&keys, faults)?;
        let events = object.get("name").map(|node| known_events(node, known, faults));
        let topics = object.get("topic").map(|node| topics(node, words.topics, faults));
        let after = object.get("after").map(|node| known_event(node, known, faults));
        let mut span = |key| object.get(key).map(|node| kept_span(node, words.retention, faults));
        let (within, older_than) = (span("within"), span("older_than"));
        let mut count = |key| object.get(key).map(|node| node.integer(0..=EVENT_COUNT_MAX, faults));
        let (at_least, at_most) = (count("at_least"), count("at_most"));
        let (within, older_than) = (optional(within)?, optional(older_than)?);
        let at_most = optional(at_most)?;
        let at_least = optional(at_least)?.unwrap_or(u32::from(at_most != Some(0)));
        if at_most.is_some_and(|most| most < at_least) {
            let fault = node.error("asks for more at least than at most, so it never holds");
            return faults.refuse(fault);
        }
        if at_least == 0 && at_most.is_none() {
            let fault = node.error("always holds: it asks for no event at least, and has no `at_most`");
            return faults.refuse(fault.hint("for none at all, write `\"at_most\": 0`"));
        }
        if within.zip(older_than).is_some_and(|(within, older)| older >= within) {
            let fault = node.error("asks for events that are older than its `within`, so it never holds");
            return faults.refuse(fault.hint("keep `older_than` below `within`"));
        }
        Some(Self {
            events: optional(events)?.unwrap_or_default(),
            topics: optional(topics)?.unwrap_or_default(),
            within,
            older_than,
            after: optional(after)?,
            at_least,
            at_most,
        })
    }
}

/// What was read, if it was there; `None` if it was there and wrong.
fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |read| read.map(Some))
}

/// The events here, each of which must be among `known`.
pub(in crate::audience) fn known_events(
    node: Node<'_>,
    known: &[NamedEvent],
    faults: &mut Faults,
) -> Option<Vec<NamedEvent>> {
    let nodes = node.one_or_more(faults)?;
    let events: Vec<_> = nodes.into_iter().map(|node| known_event(node, known, faults)).collect();
    events.into_iter().collect()
}

fn known_event(node: Node<'_>, known: &[NamedEvent], faults: &mut Faults) -> Option<NamedEvent> {
    let name = node.text(faults)?;
    known
        .iter()
        .find(|event| event.slug == name)
        .cloned()
        .or_else(|| unknown_event(node, name, known, faults))
}

/// Refuses `name`, at `node`, which is none of `known`.
pub(in crate::audience) fn unknown_event<T>(
    node: Node<'_>,
    name: &str,
    known: &[NamedEvent],
    faults: &mut Faults,
) -> Option<T> {
    let fault = node.error(format!("is not an event of the advertiser, got `{name}`"));
    let names: Vec<&str> = known.iter().map(|event| event.slug.as_str()).collect();
    faults.refuse(match suggestion(name, names.iter().copied()) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint(format!("its events are {}", names.join(", "))),
    })
}

/// The topics here.
pub(in crate::audience) fn topics(
    node: Node<'_>,
    known: Option<&[NamedTopic]>,
    faults: &mut Faults,
) -> Option<Vec<NamedTopic>> {
    let nodes = node.one_or_more(faults)?;
    if nodes.len() > EVENT_TOPICS_MAX {
        return faults.refuse(node.error(format!("has more than {EVENT_TOPICS_MAX} topics")));
    }
    let topics: Vec<_> = nodes.into_iter().map(|node| topic(node, known, faults)).collect();
    topics.into_iter().collect()
}

fn topic(node: Node<'_>, known: Option<&[NamedTopic]>, faults: &mut Faults) -> Option<NamedTopic> {
    let name = node.line(TOPIC_CHARS_MAX, faults)?;
    refuse_sensitive(node, name, faults)?;
    let topic = NamedTopic::new(name);
    let Some(known) = known else { return Some(topic) };
    if known.binary_search_by_key(&topic.id, |known| known.id).is_ok() {
        return Some(topic);
    }
    let fault = node.error(format!("is not a topic of the advertiser, got {}", node.echo()));
    faults.refuse(match suggestion(&topic.slug, known.iter().map(|known| known.slug.as_str())) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint("add it to `topics` in the audience definition"),
    })
}

/// A span over which events are still known.
pub(in crate::audience) fn kept_span(
    node: Node<'_>,
    retention: Millis,
    faults: &mut Faults,
) -> Option<Millis> {
    let span = node.span(faults)?;
    if span <= retention {
        return Some(span);
    }
    let fault = node.error(format!("reaches further back than events count, got {}", node.echo()));
    faults.refuse(fault.hint("raise `retention` in the audience definition"))
}

/// Refuses a name that stands for a special category of personal data.
pub(in crate::audience) fn refuse_sensitive(node: Node<'_>, name: &str, faults: &mut Faults) -> Option<()> {
    let Some(word) = sensitive_word(name) else { return Some(()) };
    let fault = node.error(format!("names a sensitive criterion: {word} in {}", node.echo()));
    faults.refuse(
        fault.hint("nobody may be targeted by health, religion, origin, sexual life, politics or union"),
    )
}
