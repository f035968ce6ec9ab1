//! What the bid path reads: the curves of a moment, by segment. Never changes; the next moment has its own.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::landscape::{Curve, Segment};

/// The landscapes of a moment.
#[derive(Debug, Clone, Default)]
pub struct View {
    curves: HashMap<u64, Arc<Curve>, FixedState>,
}

impl View {
    pub(in crate::landscape) const fn new(curves: HashMap<u64, Arc<Curve>, FixedState>) -> Self {
        Self { curves }
    }

    /// The curve of the narrowest kind of `segment` that is known; `None` while nothing is.
    #[must_use]
    pub fn curve(&self, segment: &Segment) -> Option<&Curve> {
        [segment.narrow, segment.exchange, segment.all]
            .iter()
            .find_map(|key| self.curves.get(key))
            .map(|it| &**it)
    }

    /// How many kinds of impressions are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.curves.len()
    }

    /// True while nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.curves.is_empty()
    }
}
