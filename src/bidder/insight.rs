//! What one impression will bring, by what was learnt: taken of the request once, completed for each candidate.
//!
//! Nothing is taken before something asks for it: a candidate that no model speaks of costs no hash, and an impression
//! without a bid and without a model none either.

use std::cell::OnceCell;

use crate::bidder::offer::Market;
use crate::bidder::setting::publisher;
use crate::campaign::{Creative, Factor, LineItem};
use crate::creative::Placement;
use crate::learning::{Ad, Features, Field, Partial, Prediction};
use crate::openrtb::Deal;
use crate::pricing::{NOWHERE, learned, placement_key};
use crate::units::DealId;

/// What tells more of a person than of the page, the ad and a kind of device: which of them we know, where they are, how
/// they are connected and the language that they set. System and browser stay, for they are families without a version.
const OF_A_PERSON: [Field; 5] =
    [Field::Recognised, Field::Region, Field::City, Field::Connection, Field::Language];

/// What is learnt from of an impression, whoever bids on it.
#[derive(Debug, Default)]
pub(in crate::bidder) struct Insight {
    features: OnceCell<Features>,
    partial: OnceCell<Partial>,
    placement: OnceCell<u64>,
}

/// What a candidate will bring there.
#[derive(Debug, Clone, Copy)]
pub(in crate::bidder) struct Outlook {
    /// `None` where only the campaign's file says so.
    pub(in crate::bidder) chances: Option<Prediction>,
    /// By how much that, and what came back so far, multiply what it is worth.
    pub(in crate::bidder) factor: Factor,
}

/// Whose ad it is, and which, as what it is shown, on which deal.
#[derive(Debug, Clone, Copy)]
pub(in crate::bidder) struct Show<'a, 's> {
    pub(in crate::bidder) line_item: &'a LineItem,
    pub(in crate::bidder) creative: &'a Creative,
    pub(in crate::bidder) placement: &'s Placement<'a>,
    pub(in crate::bidder) deal: Option<&'a Deal<'a>>,
}

impl Insight {
    /// Exchange and outlet of the impression of `market`; [`NOWHERE`] where no outlet is named.
    pub(in crate::bidder) fn placement(&self, market: &Market<'_, '_, '_>) -> u64 {
        *self.placement.get_or_init(|| {
            let outlet = market.ask.request.channel.outlet();
            let name = outlet.and_then(publisher);
            name.map_or(NOWHERE, |name| placement_key(market.ask.exchange.id, name))
        })
    }

    /// All fields of `show` there.
    pub(in crate::bidder) fn features(&self, market: &Market<'_, '_, '_>, show: &Show<'_, '_>) -> Features {
        let plan = &market.snapshot.plan;
        let campaign = plan.campaign(show.line_item);
        self.of_request(market).with_ad(&Ad {
            medium: show.placement.medium(),
            size: Some(show.placement.size()).filter(|size| *size != (0, 0)),
            deal: show.deal.map(|deal| DealId::from_slug(deal.id)),
            advertiser: plan.catalog.advertisers[campaign.advertiser].id,
            campaign: campaign.id,
            line_item: show.line_item.id,
            creative: show.creative.id,
        })
    }

    /// Those of `show` that may be kept: none of who does not let us measure, and nothing of the person of who does not
    /// let us go by that.
    pub(in crate::bidder) fn to_keep(
        &self,
        market: &Market<'_, '_, '_>,
        show: &Show<'_, '_>,
    ) -> Option<Features> {
        let permissions = market.ask.permissions;
        permissions.measure.then(|| {
            let features = self.features(market, show);
            if permissions.personalise { features } else { features.without(&OF_A_PERSON) }
        })
    }

    /// What `show` will bring, and what that makes of its value: of a guaranteed deal nothing less, for its seller counts on
    /// the bid that the campaign's file allows.
    pub(in crate::bidder) fn outlook(&self, market: &Market<'_, '_, '_>, show: &Show<'_, '_>) -> Outlook {
        let corridor = market.snapshot.plan.campaign(show.line_item).learning.corridor;
        let chances = self.chances(market, show);
        let by_model =
            chances.map_or(Factor::ONE, |chances| learned(&show.line_item.goal, &chances, corridor));
        let adjustments = &market.snapshot.learned.adjustments;
        let placement = if adjustments.placements() > 0 { self.placement(market) } else { NOWHERE };
        let factor = match adjustments.factor(show.line_item.id, placement) {
            // A placement that is paused is so whatever the corridor.
            Factor::ZERO => Factor::ZERO,
            by_figures => Factor::product([by_model, by_figures]).clamp(corridor.0, corridor.1),
        };
        let is_guaranteed = show.deal.is_some_and(|deal| deal.guar);
        let factor = if is_guaranteed { factor.max(Factor::ONE) } else { factor };
        Outlook { chances, factor }
    }

    /// What the model expects of `show`; `None` where it says nothing, or the goal does not ask.
    fn chances(&self, market: &Market<'_, '_, '_>, show: &Show<'_, '_>) -> Option<Prediction> {
        let (ctr, cvr) = show.line_item.goal.chances()?;
        let campaign = market.snapshot.plan.campaign(show.line_item).id;
        let model = market.snapshot.learned.model.as_ref().filter(|model| model.speaks_of(campaign))?;
        let partial = *self.partial.get_or_init(|| model.request_part(self.of_request(market)));
        let predicted = model.predict(partial, &self.features(market, show), campaign)?;
        Some(predicted.shrunk(&model.seen_of_line_item(show.line_item.id), Some(ctr), cvr))
    }

    /// The fields of the request and the impression.
    fn of_request(&self, market: &Market<'_, '_, '_>) -> &Features {
        self.features.get_or_init(|| {
            let ask = market.ask;
            let known = ask.user.is_some();
            let features =
                Features::of_request(ask.request, market.imp, ask.exchange.id, ask.agent, known, ask.now);
            // Nothing finer than a country is gone by of who does not let us.
            if ask.permissions.locate { features } else { features.without(&[Field::Region, Field::City]) }
        })
    }
}
