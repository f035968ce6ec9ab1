//! The markup of a bid (`bid.adm`), by medium.

use crate::campaign::Creative;
use crate::creative::{Placement, banner, native, vast};
use crate::units::BidId;

/// Our addresses in the markup, complete and signed. Macros of the exchange in them (`${...}`) stay.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    /// Our id of the bid: names this serving of the ad to a player.
    pub bid: BidId,
    /// Counts a click and leads on to the landing page.
    pub click: &'a str,
    /// Counts a viewable impression; takes GET and POST.
    pub view: &'a str,
    /// Counts a rendered impression, for an exchange that is billed on it.
    pub impression: Option<&'a str>,
}

/// Appends the markup that shows `creative` as `placement` says, which [`fit()`](crate::creative::fit())
/// gave for it.
///
/// `advertiser` is the name people know it by. The view link is called by the standard of the Media
/// Rating Council where the medium lets us measure it: a banner with half of its pixels (30 % of a
/// large one) on screen for a second, a native ad and a VAST 4 video by the exchange's own measure. An
/// older player is asked to call it after two seconds (VAST 2.0: a quarter) of play, on screen or not,
/// and so is one of audio.
pub fn write(
    creative: &Creative,
    advertiser: &str,
    placement: &Placement<'_>,
    links: &Links<'_>,
    out: &mut String,
) {
    match placement {
        Placement::Banner(placement) => banner::write(advertiser, placement, links, out),
        Placement::Video(placement) => {
            vast::write(vast::Kind::Video, &creative.crid, advertiser, placement, links, out);
        }
        Placement::Audio(placement) => {
            vast::write(vast::Kind::Audio, &creative.crid, advertiser, placement, links, out);
        }
        Placement::Native(placement) => native::write(placement, links, out),
    }
}
