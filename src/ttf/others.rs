//! Further places that tax one bid, as its tickets carry them.

use crate::ttf::Place;
use crate::units::RatePpm;

/// One more place, and the highest rates in force there while the bid is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other {
    /// Where.
    pub place: Place,
    /// On ad space.
    pub space_rate: RatePpm,
    /// On data.
    pub data_rate: RatePpm,
}

/// The places that tax a bid beside the first one: few, so that a ticket has room for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Others {
    places: [Option<Other>; Self::MOST],
    divides: bool,
}

impl Others {
    /// So many places beside the first one; of a scenario that names more the last ones are left out.
    pub const MOST: usize = 3;

    /// These places. `divides` tells that all of them, the first one too, share the base; else each taxes all of it.
    #[must_use]
    pub fn new(places: impl IntoIterator<Item = Other>, divides: bool) -> Self {
        let mut others = Self { divides, ..Self::default() };
        others.places.iter_mut().zip(places).for_each(|(room, place)| *room = Some(place));
        others
    }

    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = &Other> {
        self.places.iter().flatten()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places[0].is_none()
    }

    /// True if the places share the base.
    #[must_use]
    pub const fn divides(&self) -> bool {
        self.divides
    }
}
