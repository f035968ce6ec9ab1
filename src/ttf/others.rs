//! The places that tax one bid and the highest rates there while it is out, as its tickets carry them.

use crate::ttf::{Place, Places, TaxKind};
use crate::units::RatePpm;

/// Where a bid is taxed, and at most at which rates while it is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// The first place.
    pub place: Place,
    /// The highest rate on ad space there.
    pub space_rate: RatePpm,
    /// On data.
    pub data_rate: RatePpm,
    /// Further places.
    pub others: Others,
}

impl Exposure {
    /// The highest rate of all places together: their sum where each taxes all of the base, the highest where they share
    /// it. That is at least what all of them ask, whoever bears how much of it, and whoever gets what cannot be divided.
    #[must_use]
    pub fn highest(&self, kind: TaxKind) -> RatePpm {
        let of = |space: RatePpm, data: RatePpm| match kind {
            TaxKind::AdSpace => space.ppm(),
            TaxKind::Data => data.ppm(),
        };
        let first = of(self.space_rate, self.data_rate);
        let others = self.others.iter().map(|other| of(other.space_rate, other.data_rate));
        let ppm = if self.others.divides() {
            others.fold(first, u32::max)
        } else {
            others.fold(first, u32::saturating_add)
        };
        RatePpm::from_ppm(ppm).unwrap_or(RatePpm::ONE)
    }
}

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

    /// `first` and these places, without their rates.
    #[must_use]
    pub fn places(&self, first: Place) -> Places {
        Places::several(first, self.iter().map(|other| other.place), self.divides)
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
