//! Whether and how a creative fits an impression, and the markup that shows it there.
//!
//! Between the decision and the response: [`fit()`] answers with a [`Placement`] or a [`Misfit`], and
//! [`write()`] turns the placement and our links into banner HTML, VAST or Native 1.2 JSON. Nothing of
//! other people passes into markup without being escaped for its place. Deliberately absent: minting
//! the links, choosing among creatives, and any markup fetched from a third party.

mod assets;
mod banner;
mod escape;
mod fit;
mod markup;
mod misfit;
mod native;
mod placement;
mod vast;

#[cfg(test)]
mod samples;

pub use fit::fit;
pub use markup::{Links, write};
pub use misfit::Misfit;
pub use placement::{AvPlacement, BannerPlacement, NativePlacement, Placement, Vast};
