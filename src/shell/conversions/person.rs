//! Conversions that name a person: whether that may be read, and to which ad it leads.

use std::collections::HashMap;
use std::path::Path;

use crate::bidder::Plan;
use crate::campaign::Campaign;
use crate::ledger::{BidFacts, Event, EventKind, Source, Touch};
use crate::shell::conversions::desk::{self, Sent};
use crate::shell::conversions::{ConversionForm, ConversionRefusal, Met};
use crate::shell::service::Service;
use crate::shell::store::{Store, StoreError};
use crate::units::{AdvertiserId, UnixMillis, UserKey};

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
    /// The first of `journey` that counts.
    fn choose(&self, plan: &Plan, journey: &[Met]) -> Option<Met> {
        let catalog = &plan.catalog;
        let own =
            catalog.campaigns.iter().filter(|it| catalog.advertisers[it.advertiser].id == self.advertiser);
        let own: Vec<&Campaign> = own.collect();
        let counts = |met: &&Met| {
            desk::counts(&own, (met.campaign, met.touch()), &self.sent.kind, self.sent.happened).is_some()
        };
        journey.iter().find(counts).copied()
    }

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
            let campaigns: Vec<&Campaign> =
                catalog.campaigns.iter().filter(|it| it.id == bid.campaign).collect();
            let declared = desk::counts(&campaigns, (bid.campaign, touch), &sent.kind, sent.happened)?;
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
}

/// For each conversion, beside whose journey it stands, the last click within its window, else the last view: as the
/// ledger in `folder` knows them, by a look at each by its key. On a thread that may wait.
///
/// # Errors
///
/// [`StoreError`].
pub(in crate::shell::conversions) fn ads(
    plan: &Plan,
    sought: &[(&Sought, Vec<Met>)],
    folder: &Path,
) -> Result<Vec<Option<Ad>>, StoreError> {
    let met: Vec<Option<Met>> = sought.iter().map(|(sought, journey)| sought.choose(plan, journey)).collect();
    let mut facts = HashMap::new();
    if met.iter().any(Option::is_some) {
        let store = Store::open(folder)?;
        for met in met.iter().flatten() {
            for event in store.events_of_bid(met.bid)? {
                if matches!(event.kind, EventKind::View | EventKind::Click) {
                    facts.insert((met.bid, event.kind == EventKind::Click), event.bid);
                }
            }
        }
    }
    let ad = |met: Met| Some(Ad { bid: *facts.get(&(met.bid, met.is_click))?, touch: met.touch() });
    Ok(met.into_iter().map(|met| met.and_then(ad)).collect())
}

impl Met {
    fn touch(&self) -> Touch {
        if self.is_click { Touch::Click(self.at) } else { Touch::View(self.at) }
    }
}
