//! Which ads a conversion is credited to: those within the windows, and by how much, under every model at once.
//!
//! On the slow path, behind the ledger: a fold of its events. A conversion is told with the touch that led to it, so
//! that booking needs no search; [`Paths`] finds the others of its person, and [`Credits`] shares each conversion out.
//! Shares are parts per million by largest remainder, so that every conversion is credited once, whatever the model.
//! Deliberately absent: experiments, which alone say what an ad caused, and touches of people who may not be measured.

mod credit;
mod late;
mod model;
mod path;
#[cfg(test)]
mod tests;

pub use credit::{Credit, Credits};
pub use late::is_late;
pub use model::{Manner, Model, Step};
pub use path::{Paths, Touchpoint, happened};

use crate::campaign::Attribution;
use crate::ledger::Touch;
use crate::units::UnixMillis;

/// True if a conversion at `converted_at` counts as caused by `touch`.
///
/// Both edges count: a conversion at the very instant of the touch, and one exactly as long after it as
/// the window lasts. A touch after the conversion never counts.
#[must_use]
pub fn within_window(touch: Touch, converted_at: UnixMillis, windows: &Attribution) -> bool {
    let (touched_at, window) = match touch {
        Touch::Click(at) => (at, windows.click_window),
        Touch::View(at) => (at, windows.view_window),
        // Whoever says a code may have seen the ad at any time; and what nobody saw led to nothing.
        Touch::Code => return true,
        Touch::None => return false,
    };
    touched_at <= converted_at && converted_at.since(touched_at) <= window
}
