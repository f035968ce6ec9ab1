//! Whether and how a creative fits an impression, and the markup that shows it there.
//!
//! Between the decision and the response: [`fit()`] answers with a [`Placement`] or a [`Misfit`], and
//! [`write()`] turns the placement and our links into banner HTML, VAST or Native 1.2 JSON. Nothing of
//! other people passes into markup without being escaped for its place. Deliberately absent: minting
//! the links, choosing among creatives, and any markup fetched from a third party.
//!
//! In HTML and in addresses of third parties an advertiser may write these macros; each value is escaped for
//! the place where it stands. Macros of the exchange (`${AUCTION_...}`) pass unchanged.
//!
//! | macro | value |
//! |---|---|
//! | `${CLICK_URL}` | our click link: counts, and leads to the landing page; encoded within another address |
//! | `${CLICK_URL_ENC}` | the same, percent-encoded to be a parameter of another address |
//! | `${CACHEBUSTER}` | digits, others for every bid |
//! | `${BID_ID}` | our id of the bid |
//! | `${CAMPAIGN_ID}`, `${CREATIVE_ID}` | `id` of the campaign, of the creative |
//! | `${WIDTH}`, `${HEIGHT}` | pixels as bid, 0 where there are none |
//!
//! Absent: consent strings, for a third party that may use them gets them from the exchange.

mod assets;
mod banner;
mod disclosure;
mod escape;
mod fit;
mod macros;
mod markup;
mod mime;
mod misfit;
mod native;
mod placement;
mod skip;
mod vast;
mod version;

#[cfg(test)]
mod samples;

pub use disclosure::Disclosure;
pub use fit::fit;
pub use markup::{Links, Serving, write};
pub use misfit::Misfit;
pub use placement::{AvPlacement, BannerPlacement, Form, NativePlacement, Placement};
pub use version::Vast;
