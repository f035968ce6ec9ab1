//! The markup of a bid (`bid.adm`), by medium.

use crate::campaign::Advertiser;
use crate::creative::macros::Macros;
use crate::creative::{Form, Placement, banner, native, vast};
use crate::units::BidId;

/// Our addresses in the markup, complete and signed. Macros of the exchange in them (`${...}`) stay.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    /// Our id of the bid: names this serving of the ad to a player.
    pub bid: BidId,
    /// Counts a click and leads on to the landing page. With `?t=1` behind it, counts only: for a player that
    /// tells of a click.
    pub click: &'a str,
    /// Counts a viewable impression; takes GET and POST.
    pub view: &'a str,
    /// Counts a step of playback, whose name goes behind it. Empty where nothing is played
    /// ([`Placement::is_played`]).
    pub play: &'a str,
    /// Counts a rendered impression, for an exchange that is billed on it.
    pub impression: Option<&'a str>,
}

/// What the markup says besides the creative.
#[derive(Debug, Clone, Copy)]
pub struct Serving<'a> {
    /// Whose ad it is.
    pub advertiser: &'a Advertiser,
    /// The slug of its campaign.
    pub campaign: &'a str,
    /// Our addresses.
    pub links: Links<'a>,
    /// True if the markup must show who is behind the ad, which it can
    /// ([`Disclosure::fits`](crate::creative::Disclosure::fits)).
    pub discloses: bool,
}

impl Serving<'_> {
    /// What is shown to viewers of who is behind the ad.
    pub(super) fn label(&self) -> Option<String> {
        let told = &self.advertiser.transparency;
        self.discloses.then(|| match told.behalf == told.paid {
            true => format!("Ad: {}", told.behalf),
            false => format!("Ad: {}, paid for by {}", told.behalf, told.paid),
        })
    }
}

/// Appends the markup that shows a creative as `placement` says, which [`fit()`](crate::creative::fit())
/// gave for it.
///
/// The view link is called by the standard of the Media Rating Council where the medium lets us measure it: a
/// banner with half of its pixels (30 % of a large one) on screen for a second, a native ad and a VAST 4 video by
/// the exchange's own measure. An older player is asked to call it after two seconds (VAST 2.0: a quarter) of
/// play, on screen or not, and so is one of audio; one that shows an overlay, when it shows it.
pub fn write(placement: &Placement<'_>, serving: &Serving<'_>, out: &mut String) {
    let macros = Macros::of(placement, serving);
    let tag = |kind, av| vast::Tag {
        kind,
        creative: placement.creative,
        av,
        serving,
        macros,
        within_native: false,
    };
    match &placement.form {
        Form::Banner(form) => banner::write(placement.creative, form, serving, &macros, out),
        Form::Video(av) => tag(vast::Kind::Video, av).write(out),
        Form::Audio(av) => tag(vast::Kind::Audio, av).write(out),
        Form::Native(form) => native::write(placement.creative, form, serving, &macros, out),
    }
}
