//! What an impression brought, as far as it is known yet.

use crate::learning::Features;
use crate::units::{CampaignId, LineItemId, Millis, Nanos, UnixMillis};

/// How long after an impression its clicks are complete: nearly all come within minutes. Before, it is not learnt of,
/// clicked or not, for the clicks come first and would be learnt alone.
pub const CLICK_RIPE: Millis = Millis::from_seconds(3_600);

/// How long after a click its conversion counts. Source: the default window of the ledger's attribution, 30 days.
pub const CONVERSION_WINDOW: Millis = Millis::from_seconds(30 * 86_400);

/// One impression and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example {
    /// What was known of it when it was bid on, ad included.
    pub features: Features,
    /// Whose it is.
    pub campaign: CampaignId,
    /// Whose within the campaign.
    pub line_item: LineItemId,
    /// When it was shown.
    pub at: UnixMillis,
    /// Until when clicks and conversions are known; what came later is left out.
    pub observed: UnixMillis,
    /// How long after `at` it was clicked, first.
    pub clicked: Option<Millis>,
    /// How long after the click the first conversion came.
    pub converted: Option<Millis>,
    /// What all its conversions are worth, in the campaign's currency; zero if nobody told.
    pub value: Nanos,
}

/// What is known of a click's conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Click {
    /// How long it has been watched.
    pub(super) watched: Millis,
    /// How long after it the conversion came, if it has come.
    pub(super) converted: Option<Millis>,
}

impl Example {
    /// True once its clicks are complete, by [`CLICK_RIPE`].
    #[must_use]
    pub fn is_ripe(&self) -> bool {
        self.observed.since(self.at) >= CLICK_RIPE
    }

    /// True if a click came while it was watched.
    #[must_use]
    pub fn is_clicked(&self) -> bool {
        self.click().is_some()
    }

    /// The click, with the conversion if that came in time.
    pub(super) fn click(&self) -> Option<Click> {
        let watched = self.observed.since(self.at.plus(self.clicked?));
        let in_time = watched.min(CONVERSION_WINDOW);
        let converted = self.converted.filter(|delay| *delay <= in_time);
        (watched >= Millis::default()).then_some(Click { watched, converted })
    }
}
