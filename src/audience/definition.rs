//! What an advertiser says of its audience: the events it sends, and what follows from them.
//!
//! One file an advertiser. A definition names everything that rules may ask about a person: events, stages of the life
//! cycle, classes by recency, frequency and monetary value, a score, intents. What is no part of a definition is not
//! kept, and nothing is invented: a person is what the events say.

mod defaults;
mod read;
mod rfm;

pub use read::read_definition;
pub use rfm::{Rfm, RfmClass, RfmRange, RfmScores, Scores};

use crate::audience::{EventCount, NamedEvent, NamedTopic, Words};
use crate::document::Secret;
use crate::privacy::Policy;
use crate::units::{AdvertiserId, EventId, Millis, TopicId};

/// An advertiser's audience definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// From `slug`.
    pub advertiser: AdvertiserId,
    /// The advertiser, as campaigns name it in `advertiser.id`.
    pub slug: String,
    /// The events it may send, as written.
    pub events: Vec<NamedEvent>,
    /// The topics that are kept, in order of their ids: an event about another is kept without it.
    pub topics: Vec<NamedTopic>,
    /// How long an event counts for anything, and may be sent late; at most
    /// [`RETENTION_MAX`](crate::units::limits::RETENTION_MAX). It does not delete: every event is deleted at
    /// [`HISTORY_AGE_MAX`](crate::units::limits::HISTORY_AGE_MAX), or with its person, and stands in exports and before
    /// the operator until then. So a longer retention counts what happened before it was set.
    pub retention: Millis,
    /// How the consent of people who visit the advertiser is read: who we are to the frameworks. No refusal is waived.
    pub privacy: Policy,
    /// True if an event that does not say whether the GDPR applies is one to which it applies.
    pub assume_gdpr: bool,
    /// What the advertiser's server shows; without it no server is heard.
    pub token: Option<Secret>,
    /// Points for what a person does.
    pub lead_score: Option<LeadScore>,
    /// Recency, frequency, monetary value.
    pub rfm: Option<Rfm>,
    /// The life cycle: a person is in the first stage that holds.
    pub stages: Vec<Stage>,
    /// What a person may want: all that hold.
    pub intents: Vec<Intent>,
}

impl Definition {
    /// True if the advertiser may send `event`.
    #[must_use]
    pub fn has_event(&self, event: EventId) -> bool {
        self.events.iter().any(|known| known.id == event)
    }

    /// The topic of that id, if it is kept.
    #[must_use]
    pub fn topic(&self, topic: TopicId) -> Option<&NamedTopic> {
        self.topics.binary_search_by_key(&topic, |known| known.id).ok().map(|at| &self.topics[at])
    }

    /// The words that questions may use.
    #[must_use]
    pub fn words(&self) -> Words<'_> {
        Words { events: &self.events, topics: Some(&self.topics), retention: self.retention }
    }

    /// The names of its stages.
    pub fn stage_names(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().map(|stage| stage.name.as_str())
    }

    /// The names of its classes; none if it has no `rfm`.
    pub fn class_names(&self) -> impl Iterator<Item = &str> {
        self.rfm.iter().flat_map(|rfm| &rfm.classes).map(|class| class.name.as_str())
    }

    /// The names of its intents.
    pub fn intent_names(&self) -> impl Iterator<Item = &str> {
        self.intents.iter().map(|intent| intent.name.as_str())
    }
}

/// Points for what a person does, which halve as time goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadScore {
    /// Points for an event of each kind; below zero where it speaks against.
    pub points: Vec<(EventId, i32)>,
    /// After so long an event's points are worth half.
    pub half_life: Millis,
    /// The highest score; the lowest is zero.
    pub cap: u32,
}

/// A stage of the life cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// As written.
    pub name: String,
    /// All of which must hold.
    pub when: Vec<EventCount>,
}

/// Something that a person may want, as their events tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// As written.
    pub name: String,
    /// What must hold.
    pub when: EventCount,
}

/// The definitions of all advertisers that have one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Definitions {
    /// In order of their advertisers' ids.
    sorted: Vec<Definition>,
    /// True if some could not be read.
    is_partial: bool,
}

impl Definitions {
    /// These definitions; of two of one advertiser the first.
    #[must_use]
    pub fn new(mut definitions: Vec<Definition>) -> Self {
        definitions.sort_by_key(|definition| definition.advertiser);
        definitions.dedup_by_key(|definition| definition.advertiser);
        Self { sorted: definitions, is_partial: false }
    }

    /// The same, where some could not be read: who has no definition here may have one.
    #[must_use]
    pub fn partial(self) -> Self {
        Self { is_partial: true, ..self }
    }

    /// True if some could not be read.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// All of them, to fetch their tokens.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Definition> {
        self.sorted.iter_mut()
    }

    /// The definition of `advertiser`.
    #[must_use]
    pub fn of(&self, advertiser: AdvertiserId) -> Option<&Definition> {
        let at = self.sorted.binary_search_by_key(&advertiser, |definition| definition.advertiser);
        at.ok().map(|at| &self.sorted[at])
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.sorted.iter()
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
impl Definition {
    /// The definition in `text`, which is right.
    pub(crate) fn of_text(text: &str) -> Self {
        let mut faults = crate::document::Faults::new();
        let read = read_definition(&crate::document::Source::new("a.json", text), &mut faults);
        assert_eq!(faults.into_vec(), []);
        read.expect("a definition without fault")
    }

    /// The definition that a file with an advertiser and its events alone gives.
    pub(in crate::audience) fn sample(advertiser: &str, events: &[&str]) -> Self {
        let events: Vec<NamedEvent> = events.iter().map(|event| NamedEvent::new(event)).collect();
        Self {
            advertiser: AdvertiserId::from_slug(advertiser),
            slug: advertiser.to_owned(),
            retention: defaults::RETENTION,
            privacy: Policy::default(),
            assume_gdpr: true,
            token: None,
            lead_score: None,
            rfm: None,
            stages: defaults::stages(&events, defaults::RETENTION),
            intents: Vec::new(),
            topics: ["shoes"].map(NamedTopic::new).to_vec(),
            events,
        }
    }
}
