//! The touches before each conversion: of its person, for its advertiser, within the windows.
//!
//! Two walks over the ledger, so that only those are held who convert: first every conversion, then every event. The
//! order within a walk does not matter.

use std::collections::HashMap;

use crate::attribution::within_window;
use crate::attribution::{Manner, Step};
use crate::campaign::Attribution;
use crate::ledger::{BidFacts, Event, EventKind, Touch};
use crate::units::{AdvertiserId, BidId, UnixMillis, UserKey};

/// The touches of a path: far more than anybody clicks and sees within the windows. The latest are kept.
const TOUCHES_MAX: usize = 512;

/// A touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touchpoint {
    /// When.
    pub at: UnixMillis,
    /// How.
    pub manner: Manner,
    /// Of which ad.
    pub bid: BidFacts,
}

/// Conversions, and the touches of their people.
#[derive(Debug, Default)]
pub struct Paths {
    conversions: Vec<Event>,
    touches: HashMap<(UserKey, AdvertiserId), Vec<Touchpoint>>,
}

impl Paths {
    /// Takes the conversions of a walk; what is none is passed over.
    pub fn converted(&mut self, event: &Event) {
        if !matches!(event.kind, EventKind::Conversion(_)) {
            return;
        }
        if let Some(user) = event.bid.user {
            self.touches.entry((user, event.bid.advertiser)).or_default();
        }
        self.conversions.push(event.clone());
    }

    /// The time from the first conversion to the last: touches before and after it, windows apart, are of no use.
    #[must_use]
    pub fn span(&self) -> Option<(UnixMillis, UnixMillis)> {
        let times = || self.conversions.iter().map(happened);
        Some((times().min()?, times().max()?))
    }

    /// Takes the views and clicks of another walk, of those who converted.
    pub fn touched(&mut self, event: &Event) {
        let manner = match event.kind {
            EventKind::View => Manner::View,
            EventKind::Click => Manner::Click,
            _ => return,
        };
        let Some(user) = event.bid.user else { return };
        if let Some(touches) = self.touches.get_mut(&(user, event.bid.advertiser)) {
            touches.push(Touchpoint { at: event.at, manner, bid: event.bid });
        }
    }

    /// Gives each conversion with its path, the oldest touch first: what led to it as the ledger tells, and all other
    /// touches of its person for its advertiser within `windows`, which are those of a touch's ad for a conversion. Of
    /// an ad that was seen and clicked, the click counts. A conversion without any touch has an empty path.
    pub fn each(
        mut self,
        windows: impl Fn(&BidFacts, &Event) -> Attribution,
        mut give: impl FnMut(&Event, &[Touchpoint]),
    ) {
        for touches in self.touches.values_mut() {
            touches.sort_unstable_by_key(place);
            touches.dedup_by_key(|touch| place(touch));
        }
        for conversion in &self.conversions {
            let of_person = conversion
                .bid
                .user
                .and_then(|user| self.touches.get(&(user, conversion.bid.advertiser)).map(Vec::as_slice));
            let path = path(conversion, of_person.unwrap_or_default(), &windows);
            give(conversion, &path);
        }
    }
}

/// When a conversion happened; of other events when they were told.
#[must_use]
pub fn happened(event: &Event) -> UnixMillis {
    if let EventKind::Conversion(conversion) = &event.kind { conversion.happened } else { event.at }
}

/// Of touches at the same instant, the order of their ids; a code is used last.
fn place(touch: &Touchpoint) -> (UnixMillis, Manner, BidId) {
    (touch.at, touch.manner, touch.bid.id)
}

fn path(
    conversion: &Event,
    of_person: &[Touchpoint],
    windows: &impl Fn(&BidFacts, &Event) -> Attribution,
) -> Vec<Touchpoint> {
    let at = happened(conversion);
    let counts = |touch: &&Touchpoint| {
        let moment = match touch.manner {
            Manner::View => Touch::View(touch.at),
            Manner::Click | Manner::Code => Touch::Click(touch.at),
        };
        within_window(moment, at, &windows(&touch.bid, conversion))
    };
    // What the ledger tells is what was answered, whatever the windows are now.
    let mut ads: HashMap<BidId, Touchpoint> =
        told(conversion).map(|touch| (touch.bid.id, touch)).into_iter().collect();
    for touch in of_person.iter().filter(counts) {
        let known = ads.entry(touch.bid.id).or_insert(*touch);
        if known.manner == Manner::View && touch.manner == Manner::Click {
            *known = *touch;
        }
    }
    let mut path: Vec<Touchpoint> = ads.into_values().collect();
    path.sort_unstable_by_key(place);
    path.split_off(path.len().saturating_sub(TOUCHES_MAX))
}

/// The touch that a conversion was told with.
fn told(conversion: &Event) -> Option<Touchpoint> {
    let EventKind::Conversion(facts) = &conversion.kind else { return None };
    let (at, manner) = match facts.touch {
        Touch::Click(at) => (at, Manner::Click),
        Touch::View(at) => (at, Manner::View),
        Touch::Code => (facts.happened, Manner::Code),
        Touch::None => return None,
    };
    Some(Touchpoint { at, manner, bid: conversion.bid })
}

impl Touchpoint {
    /// The touch as a step towards a conversion at `converted_at`, of `channel`.
    #[must_use]
    pub fn step<C>(&self, channel: C, converted_at: UnixMillis) -> Step<C> {
        Step { channel, age: converted_at.since(self.at), manner: self.manner }
    }
}
