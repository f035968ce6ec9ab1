//! Conversions that name a person: whether that may be read, and to which ad it leads.

use std::collections::HashMap;
use std::sync::Arc;

use crate::bidder::{Plan, Snapshot};
use crate::ledger::{BidFacts, Event, EventKind, Source, Touch};
use crate::shell::conversions::desk::{self, Sent};
use crate::shell::conversions::{ConversionForm, ConversionRefusal, Met, Unavailable};
use crate::shell::service::Service;
use crate::shell::store::{Store, StoreError};
use crate::units::{AdvertiserId, BidId, UnixMillis, UserKey};

/// A conversion of a person whose journey is to be looked at.
pub(in crate::shell::conversions) struct Sought {
    /// What it says.
    pub sent: Sent,
    /// Whose.
    pub advertiser: AdvertiserId,
    /// Its name.
    pub slug: String,
    /// Who.
    pub user: UserKey,
}

/// The ad that somebody met before a conversion.
#[derive(Debug, Clone, Copy)]
pub(in crate::shell::conversions) struct Ad {
    bid: BidFacts,
    touch: Touch,
}

impl Sought {
    /// The event, led back to `ad`, else kept for the advertiser.
    pub(in crate::shell::conversions) fn event(
        self,
        plan: &Plan,
        ad: Option<Ad>,
        (source, now, random): (Source, UnixMillis, u128),
    ) -> Result<Event, ConversionRefusal> {
        let Self { sent, advertiser, slug, user } = self;
        let (catalog, rates) = (&plan.catalog, &plan.rates);
        let of_ad = ad.and_then(|Ad { bid, touch }| {
            let (_, declared) = desk::counts(catalog, (bid.campaign, touch), &sent.kind, sent.happened)?;
            Some((bid, touch, declared))
        });
        let Some((bid, touch, declared)) = of_ad else {
            let how = (source, now, random);
            return desk::without_ad((catalog, rates), sent, Some((advertiser, &slug)), Some(user), how);
        };
        let conversion = sent.conversion(Some(declared), (bid.currency, rates), touch, source)?;
        Ok(Event { bid, at: now, kind: EventKind::Conversion(conversion) })
    }
}

impl Service {
    /// The person that `form` names, if consent lets us read the id and measure by it.
    pub(in crate::shell::conversions) fn permitted(
        &self,
        plan: &Plan,
        form: &ConversionForm,
        advertiser: Option<AdvertiserId>,
    ) -> Result<Option<UserKey>, ConversionRefusal> {
        let definition = advertiser.and_then(|advertiser| plan.catalog.audiences.of(advertiser));
        let Some(definition) = definition.filter(|_| form.user.is_some()) else { return Ok(None) };
        let permissions = form.signals().permissions(definition);
        if !permissions.identify || !permissions.measure {
            return Ok(None);
        }
        Ok(form.person()?.map(|(kind, id)| self.user_keys().key_of(kind, id)))
    }

    /// For each conversion the last click of its person within its window, else the last view.
    pub(in crate::shell::conversions) async fn found(
        self: &Arc<Self>,
        snapshot: &Snapshot,
        sought: Vec<&Sought>,
    ) -> Result<Vec<Option<Ad>>, Unavailable> {
        let mut met: Vec<Option<Met>> = Vec::with_capacity(sought.len());
        for Sought { sent, advertiser, user, .. } in sought.iter().copied() {
            // A journey that cannot be looked at is none: the conversion is kept all the same.
            let journey = self.journeys.of(*user, *advertiser).await.unwrap_or_default();
            let catalog = &snapshot.plan.catalog;
            let counts = |met: &Met| {
                desk::counts(catalog, (met.campaign, met.touch()), &sent.kind, sent.happened).is_some()
            };
            met.push(journey.into_iter().find(counts));
        }
        let bids: Vec<BidId> = met.iter().flatten().map(|met| met.bid).collect();
        let facts = self.facts(bids).await?;
        let ad = |met: Met| {
            let bid = *facts.get(&(met.bid, met.is_click))?;
            Some(Ad { bid, touch: met.touch() })
        };
        Ok(met.into_iter().map(|met| met.and_then(ad)).collect())
    }

    /// What the ledger knows of the views and clicks of `bids`: a look at each by its key, off the threads that answer.
    async fn facts(&self, bids: Vec<BidId>) -> Result<HashMap<(BidId, bool), BidFacts>, Unavailable> {
        if bids.is_empty() {
            return Ok(HashMap::new());
        }
        let folder = self.journeys.folder().to_owned();
        let read = move || -> Result<_, StoreError> {
            let (store, mut facts) = (Store::open(&folder)?, HashMap::new());
            for bid in bids {
                for event in store.events_of_bid(bid)? {
                    if matches!(event.kind, EventKind::View | EventKind::Click) {
                        facts.insert((bid, event.kind == EventKind::Click), event.bid);
                    }
                }
            }
            Ok(facts)
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(facts)) => Ok(facts),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the ad of a conversion not read");
                Err(Unavailable)
            }
            Err(_) => Err(Unavailable),
        }
    }
}

impl Met {
    fn touch(&self) -> Touch {
        if self.is_click { Touch::Click(self.at) } else { Touch::View(self.at) }
    }
}
