//! What is trained on: impressions of the contexts, with the clicks and conversions that the ledger has of their bids.
//!
//! Read a page at a time, beside whoever writes. Deliberately absent: conversions without a click, which are not learnt, and
//! those that are no acquisition where the line item's goal is a CPA, which pays for none of them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::learning::{Example, Features, Field};
use crate::ledger::{EventKind, Touch};
use crate::report::AimKind;
use crate::shell::learning::contexts::{Contexts, ContextsError};
use crate::shell::learning::lessons::Shown;
use crate::shell::store::{Name, NameKind, Store, StoreError};
use crate::units::{BidId, LineItemId, Millis, Nanos, UnixMillis};

/// Impressions that are read at once: some milliseconds.
const PAGE: usize = 2_000;

/// Why there are no examples.
#[derive(Debug, thiserror::Error)]
pub enum ExamplesError {
    /// The contexts.
    #[error(transparent)]
    Contexts(#[from] ContextsError),
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ExamplesError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Contexts(error) => error.hint(),
            Self::Store(error) => error.hint(),
        }
    }

    /// True if the folder was never a server's: the caller's fault.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::Contexts(ContextsError::Missing { .. }) | Self::Store(StoreError::Missing { .. })
        )
    }
}

/// Conversions of one bid.
#[derive(Debug, Clone, Copy)]
struct Converted {
    /// The first.
    at: UnixMillis,
    /// The click that led to it.
    clicked: UnixMillis,
    /// Of all.
    value: Nanos,
}

/// Contexts and ledger of one folder.
#[derive(Debug)]
pub struct Examples {
    contexts: Contexts,
    store: Store,
    conversions: HashMap<BidId, Converted>,
    /// Until when the ledger is known.
    observed: UnixMillis,
}

impl Examples {
    /// Opens both, as they are at `now`.
    ///
    /// # Errors
    ///
    /// [`ExamplesError`].
    pub fn open(folder: &Path, now: UnixMillis) -> Result<Self, ExamplesError> {
        let store = Store::open(folder)?;
        let contexts = Contexts::open_to_read(folder)?;
        let mut conversions = HashMap::new();
        if let Some((_, first, last)) = contexts.span()? {
            let bids = first.minted_at()..=last.minted_at();
            let by_acquisition = by_acquisition(&store)?;
            store.conversions(|event| {
                let EventKind::Conversion(conversion) = &event.kind else { return };
                let Touch::Click(clicked) = conversion.touch else { return };
                let counts = conversion.acquisition || !by_acquisition.contains(&event.bid.line_item);
                if !counts || !bids.contains(&event.bid.id.minted_at()) {
                    return;
                }
                let first = Converted { at: event.at, clicked, value: Nanos::ZERO };
                let known = conversions.entry(event.bid.id).or_insert(first);
                if event.at < known.at {
                    (known.at, known.clicked) = (event.at, clicked);
                }
                known.value = known.value.saturating_add(conversion.value);
            })?;
        }
        Ok(Self { contexts, store, conversions, observed: now })
    }

    /// How many impressions there are, and the bids of the first and the last; `None` if there are none.
    ///
    /// # Errors
    ///
    /// [`ExamplesError`].
    pub fn span(&self) -> Result<Option<(u64, BidId, BidId)>, ExamplesError> {
        Ok(self.contexts.span()?)
    }

    /// The contexts.
    #[must_use]
    pub fn contexts(&self) -> &Contexts {
        &self.contexts
    }

    /// The next examples after the bid `after` whose bids were made before `until`, in the order of their bids; none at
    /// the end.
    ///
    /// # Errors
    ///
    /// [`ExamplesError`].
    pub fn page(
        &self,
        after: Option<BidId>,
        until: UnixMillis,
    ) -> Result<Vec<(BidId, Example)>, ExamplesError> {
        let shown = self.contexts.page(after, until, PAGE)?;
        let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return Ok(Vec::new()) };
        let mut clicks: HashMap<BidId, UnixMillis> = HashMap::new();
        let end = last.bid.minted_at().plus(Millis::from_raw(1));
        self.store.events_of_bids(first.bid.minted_at(), end, |event| {
            if event.kind == EventKind::Click {
                clicks.insert(event.bid.id, event.at);
            }
        })?;
        let example = |shown: &Shown| (shown.bid, self.example(shown, clicks.get(&shown.bid).copied()));
        Ok(shown.iter().map(example).collect())
    }

    fn example(&self, shown: &Shown, clicked: Option<UnixMillis>) -> Example {
        let converted = self.conversions.get(&shown.bid);
        let clicked = clicked.or(converted.map(|converted| converted.clicked));
        // Clocks of several machines: nothing comes before its cause.
        let after = |later: UnixMillis, earlier| later.since(earlier).max(Millis::default());
        Example {
            features: shown.features,
            campaign: shown.campaign,
            line_item: shown.line_item,
            at: shown.at,
            observed: self.observed,
            clicked: clicked.map(|clicked| after(clicked, shown.at)),
            converted: converted.zip(clicked).map(|(converted, clicked)| after(converted.at, clicked)),
            value: converted.map_or(Nanos::ZERO, |converted| converted.value),
        }
    }
}

/// The line items that are after acquisitions: those under a CPA.
fn by_acquisition(store: &Store) -> Result<HashSet<LineItemId>, StoreError> {
    let names = store.names_besides(NameKind::Publisher)?;
    let is_by_cpa =
        |name: &Name| name.kind == NameKind::LineItem && name.aims.iter().any(|aim| aim.kind == AimKind::Cpa);
    Ok(names.iter().filter(|name| is_by_cpa(name)).map(|name| LineItemId::from_raw(name.id)).collect())
}

/// True if there is anything to learn from: a former encan, or a request that says nothing, leaves all fields untold.
#[must_use]
pub fn tells_anything(features: &Features) -> bool {
    features.of(Field::Campaign) != 0
}
