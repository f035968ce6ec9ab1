//! From who was ready to be bid on, and the ledger's events, to the two groups of a campaign.
//!
//! Conversions of the advertiser count for everybody in either group, whatever led to them and whichever campaign has the
//! credit: what is credited to an ad cannot happen to who saw none. Of the costs those of the campaign's own impressions
//! count, and what was corrected of them.

use std::collections::HashMap;

use crate::experiment::effect::{Group, Trial};
use crate::ledger::{Conversion, Event, EventKind};
use crate::units::{AdvertiserId, BidId, CampaignId, Currency, Femtos, Millis, Nanos, UnixMillis, UserKey};

/// Whose experiment it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The campaign.
    pub campaign: CampaignId,
    /// Whose conversions count.
    pub advertiser: AdvertiserId,
    /// Of its amounts.
    pub currency: Currency,
    /// How long after the first bid a conversion counts.
    pub window: Millis,
}

/// The people of an experiment, and what became of them.
#[derive(Debug)]
pub struct Outcomes {
    subject: Subject,
    /// The one kind of conversion that counts; `None` = all.
    kind: Option<String>,
    people: HashMap<UserKey, Person>,
    cost: Femtos,
    in_both: u64,
    touched: u64,
    untouched: u64,
    foreign: u64,
    nameless: u64,
    /// Bids on the treated group that were billed, once corrections are known to matter.
    corrected: HashMap<BidId, Femtos>,
}

#[derive(Debug, Clone, Copy)]
struct Person {
    held_out: bool,
    /// True if the file has the person in both groups.
    in_both: bool,
    first: UnixMillis,
    conversions: u32,
    acquisitions: u32,
    value: Nanos,
}

impl Outcomes {
    /// Nobody yet. Only conversions of `kind` count, if one is given.
    #[must_use]
    pub fn new(subject: Subject, kind: Option<String>) -> Self {
        Self {
            subject,
            kind,
            people: HashMap::new(),
            cost: Femtos::ZERO,
            in_both: 0,
            touched: 0,
            untouched: 0,
            foreign: 0,
            nameless: 0,
            corrected: HashMap::new(),
        }
    }

    /// The campaign was ready to bid on `user` at `at`.
    pub fn enrol(&mut self, user: UserKey, held_out: bool, at: UnixMillis) {
        let (conversions, acquisitions, value) = (0, 0, Nanos::ZERO);
        let new = Person { held_out, in_both: false, first: at, conversions, acquisitions, value };
        let person = self.people.entry(user).or_insert(new);
        person.first = person.first.min(at);
        if person.held_out != held_out && !person.in_both {
            person.in_both = true;
            self.in_both += 1;
        }
    }

    /// What the ledger has of them. Corrections of impressions are to come before what they correct, so that the ledger may
    /// be read twice: see [`Outcomes::correct`].
    pub fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Conversion(conversion) => {
                if self.kind.as_ref().is_some_and(|kind| *kind != conversion.kind) {
                    return;
                }
                self.converted(event, conversion);
            }
            EventKind::Impression(charge) => self.charged(event, charge.advertiser_cost()),
            _ => {}
        }
    }

    /// Remembers what a correction changes of one impression. What is added to the whole campaign is of no group.
    pub fn correct(&mut self, event: &Event) {
        let EventKind::Correction(correction) = &event.kind else { return };
        if event.bid.campaign != self.subject.campaign {
            return;
        }
        let change = self.corrected.entry(event.bid.id).or_insert(Femtos::ZERO);
        *change = [*change, correction.charge.advertiser_cost()].into_iter().sum();
    }

    fn converted(&mut self, event: &Event, conversion: &Conversion) {
        let (at, touched) = (conversion.happened, conversion.touch.parts().1.is_some());
        let Subject { advertiser, window, currency, .. } = self.subject;
        if event.bid.advertiser != advertiser {
            return;
        }
        let Some(user) = event.bid.user else {
            self.nameless += 1;
            return;
        };
        let Some(person) = self.people.get_mut(&user) else { return };
        if at < person.first || at.since(person.first) > window {
            return;
        }
        person.conversions = person.conversions.saturating_add(1);
        person.acquisitions = person.acquisitions.saturating_add(conversion.acquisition.into());
        if event.bid.currency == currency {
            person.value = person.value.saturating_add(conversion.value);
        } else {
            self.foreign += 1;
        }
        if touched { self.touched += 1 } else { self.untouched += 1 }
    }

    fn charged(&mut self, event: &Event, cost: Femtos) {
        if event.bid.campaign != self.subject.campaign {
            return;
        }
        let person = event.bid.user.and_then(|user| self.people.get(&user));
        // Who is held out has no impressions; whatever was shown before the first bid of the experiment is none of its,
        // and of what comes after the window neither conversions count nor costs.
        let within =
            |first: UnixMillis| event.bid.at >= first && event.bid.at.since(first) <= self.subject.window;
        if person.is_some_and(|person| !person.held_out && !person.in_both && within(person.first)) {
            let change = self.corrected.get(&event.bid.id).copied().unwrap_or(Femtos::ZERO);
            self.cost = [self.cost, cost, change].into_iter().sum();
        }
    }

    /// Conversions whose value is in another currency, and is left out.
    #[must_use]
    pub fn foreign(&self) -> u64 {
        self.foreign
    }

    /// Conversions of the advertiser whose person may not be known, or was not told: they count for neither group.
    #[must_use]
    pub fn nameless(&self) -> u64 {
        self.nameless
    }

    /// The two groups, of which `share` was to be held out; `missed` bids could not be kept.
    #[must_use]
    pub fn trial(&self, share: f64, missed: u64) -> Trial {
        let mut groups = [Group::default(); 2];
        for person in self.people.values().filter(|person| !person.in_both) {
            let group = &mut groups[usize::from(person.held_out)];
            let value = units(person.value.to_femtos());
            group.people += 1;
            group.converted += u64::from(person.conversions > 0);
            group.acquired += u64::from(person.acquisitions > 0);
            group.value += value;
            group.value_squares += value * value;
        }
        let [treated, held_out] = groups;
        let (in_both, touched, untouched) = (self.in_both, self.touched, self.untouched);
        Trial { treated, held_out, cost: units(self.cost), share, in_both, missed, touched, untouched }
    }
}

/// An amount in units of its currency, for estimates.
#[expect(clippy::cast_precision_loss, reason = "estimates: what is booked stays whole")]
pub(in crate::experiment) fn units(amount: Femtos) -> f64 {
    amount.raw() as f64 / 1e15
}
