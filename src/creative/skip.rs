//! Who lets the viewer skip a video or audio ad. OpenRTB 2.6, section 7.4.

use crate::creative::Vast;
use crate::openrtb::Av;

/// Creative attribute: the ad has a skip button.
pub(super) const SKIP_BUTTON: u32 = 16;

/// The way to skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skip {
    /// None.
    Never,
    /// The player's own button: ours is left out, and the attribute is not declared.
    Player,
    /// The ad's own button, after so many seconds: the attribute is declared.
    Own(u32),
    /// The button that a third party's answer brings, which we cannot take away.
    Foreign,
}

impl Skip {
    /// How files of our own are skipped: `after` seconds if the creative wants to bring a button.
    ///
    /// The button keeps to `skipmin` and `skipafter`. It is left out of VAST 2.0, which knows none, and of a
    /// rewarded ad: what is skipped earns no reward.
    pub(super) fn of_files(
        after: Option<u32>,
        duration: u32,
        vast: Vast,
        av: &Av<'_>,
        rewarded: bool,
    ) -> Self {
        if av.skip == Some(true) {
            return Self::Player;
        }
        match after.map(|after| after.max(av.skipafter)) {
            Some(after) if vast >= Vast::V3_0 && !rewarded && duration > av.skipmin && after < duration => {
                Self::Own(after)
            }
            _ => Self::Never,
        }
    }

    /// How a third party's answer is skipped: `brings` tells whether it has a button.
    pub(super) fn of_wrapper(brings: bool, av: &Av<'_>) -> Self {
        match (av.skip, brings) {
            (Some(true), _) => Self::Player,
            (_, true) => Self::Foreign,
            (_, false) => Self::Never,
        }
    }

    /// True if the bid must declare the attribute.
    pub(super) const fn is_declared(self) -> bool {
        matches!(self, Self::Own(_) | Self::Foreign)
    }
}
