//! Every cap that a bid of one line item and day counts in, found at once: what a notice would have to look up one
//! by one.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::budget::cap::Cap;
use crate::budget::expected::Experience;
use crate::budget::gate::Gate;
use crate::budget::purse::Kind;
use crate::units::{CampaignId, Day, Hour, LineItemId};

/// So many locks on the chains: two notices rarely meet.
const SHARDS: usize = 64;

/// Which chain: its campaign, line item and day.
pub type ChainKey = (CampaignId, LineItemId, Day);

/// A cap with its kind, which need not be looked up in it.
pub type Link = (Kind, Arc<Cap>);

/// The caps of one line item and day.
#[derive(Debug)]
pub struct Chain {
    /// How many caps the book had made by then: it is made again once there are more.
    pub made: u64,
    /// In front of all of them.
    pub gate: Arc<Gate>,
    /// Those of the day and in total.
    pub caps: Box<[Link]>,
    /// Those of the hours that were asked for; `None` where neither the campaign nor the line item has any of an
    /// hour.
    pub hours: Option<Vec<(Hour, Box<[Link]>)>>,
    /// What the campaign's bids are expected to cost, where its budget is soft.
    pub experience: Option<Arc<Experience>>,
}

impl Chain {
    /// All caps of a bid that was made in `hour`, if it knows those of that hour.
    pub fn links(&self, hour: Hour) -> Option<impl Iterator<Item = &Link>> {
        let of_hour: &[Link] = match &self.hours {
            None => &[],
            Some(hours) => &hours.iter().find(|(of, _)| *of == hour)?.1,
        };
        Some(self.caps.iter().chain(of_hour))
    }
}

type Shard = HashMap<ChainKey, Chain, foldhash::fast::RandomState>;

/// All chains.
#[derive(Debug)]
pub struct Chains([RwLock<Shard>; SHARDS]);

impl Default for Chains {
    fn default() -> Self {
        Self(std::array::from_fn(|_| RwLock::default()))
    }
}

impl Chains {
    fn shard(&self, (_, line_item, _): ChainKey) -> &RwLock<Shard> {
        let at = usize::try_from(line_item.raw() % SHARDS as u64).expect("fewer shards than that");
        &self.0[at]
    }

    /// Does `act` with the chain of `key` that knows all of `made` caps and those of `hour`; made first, if it has to
    /// be.
    pub fn with<T>(
        &self,
        key: ChainKey,
        hour: Hour,
        made: u64,
        make: impl FnOnce() -> Chain,
        act: impl FnOnce(&Chain) -> T,
    ) -> T {
        let shard = self.shard(key);
        {
            let chains = shard.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(chain) = chains.get(&key)
                && chain.made == made
                && chain.links(hour).is_some()
            {
                return act(chain);
            }
        }
        let mut chain = make();
        let done = act(&chain);
        let mut chains = shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(former) = chains.remove(&key)
            && former.made == chain.made
            && let (Some(hours), Some(known)) = (&mut chain.hours, former.hours)
        {
            // Bids of the hour before are out as well.
            hours.extend(known.into_iter().filter(|(of, _)| *of != hour));
        }
        chains.insert(key, chain);
        done
    }

    /// Forgets those of days before `day`, and hours before `hour`.
    pub fn forget_before(&self, day: Day, hour: Hour) {
        for shard in &self.0 {
            let mut chains = shard.write().unwrap_or_else(PoisonError::into_inner);
            chains.retain(|(_, _, of), _| *of >= day);
            for hours in chains.values_mut().filter_map(|chain| chain.hours.as_mut()) {
                hours.retain(|(of, _)| *of >= hour);
            }
        }
    }
}
