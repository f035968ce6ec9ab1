//! What one impression will bring, by what was learnt: taken of the request once, completed for each candidate.

use crate::bidder::offer::Market;
use crate::campaign::{Creative, Factor, LineItem};
use crate::creative::Placement;
use crate::learning::{Ad, Features, Field, Partial, Prediction};
use crate::openrtb::Deal;
use crate::pricing::{learned, placement_key};
use crate::units::DealId;

/// What is learnt from of an impression, whoever bids on it.
#[derive(Debug, Clone, Copy)]
pub(in crate::bidder) struct Insight {
    features: Features,
    partial: Option<Partial>,
    /// Exchange and outlet; 0 where no outlet is named.
    pub(in crate::bidder) placement: u64,
}

/// What a candidate will bring there.
#[derive(Debug, Clone, Copy)]
pub(in crate::bidder) struct Outlook {
    pub(in crate::bidder) features: Features,
    /// `None` where only the campaign's file says so.
    pub(in crate::bidder) chances: Option<Prediction>,
    /// By how much that, and what came back so far, multiply what it is worth.
    pub(in crate::bidder) factor: Factor,
}

impl Insight {
    /// Of the impression of `market`.
    pub(in crate::bidder) fn of(market: &Market<'_, '_, '_>) -> Self {
        let ask = market.ask;
        let known = ask.user.is_some();
        let mut features =
            Features::of_request(ask.request, market.imp, ask.exchange.id, ask.agent, known, ask.now);
        if !ask.permissions.locate {
            // Nothing finer than a country is kept of who does not let us.
            for field in [Field::Region, Field::City] {
                features.0[field as usize] = 0;
            }
        }
        let partial = market.snapshot.learned.model.as_ref().map(|model| model.request_part(&features));
        let outlet =
            ask.request.channel.outlet().and_then(|outlet| outlet.bundle.or(outlet.domain).or(outlet.id));
        let placement = outlet.map_or(0, |outlet| placement_key(ask.exchange.id, outlet));
        Self { features, partial, placement }
    }

    /// For `line_item` with `creative` as `placement`, on `deal`.
    pub(in crate::bidder) fn outlook(
        &self,
        market: &Market<'_, '_, '_>,
        line_item: &LineItem,
        creative: &Creative,
        placement: &Placement<'_>,
        deal: Option<&Deal<'_>>,
    ) -> Outlook {
        let plan = &market.snapshot.plan;
        let campaign = plan.campaign(line_item);
        let size = Some(placement.size()).filter(|size| *size != (0, 0));
        let features = self.features.with_ad(&Ad {
            medium: placement.medium(),
            size,
            deal: deal.map(|deal| DealId::from_slug(deal.id)),
            advertiser: plan.catalog.advertisers[campaign.advertiser].id,
            campaign: campaign.id,
            line_item: line_item.id,
            creative: creative.id,
        });
        let snapshot_learned = &market.snapshot.learned;
        let model = snapshot_learned.model.as_ref().zip(self.partial);
        let chances = line_item.goal.chances().and_then(|(ctr, cvr)| {
            let (model, partial) = model?;
            let predicted = model.predict(partial, &features, campaign.id)?;
            Some(predicted.shrunk(&model.seen_of_line_item(line_item.id), Some(ctr), cvr))
        });
        let corridor = campaign.learning.corridor;
        let by_model = chances.map_or(Factor::ONE, |chances| learned(&line_item.goal, &chances, corridor));
        let by_figures = snapshot_learned.adjustments.factor(line_item.id, self.placement);
        let factor = match by_figures {
            // A placement that is paused is so whatever the corridor.
            Factor::ZERO => Factor::ZERO,
            _ => Factor::product([by_model, by_figures]).clamp(corridor.0, corridor.1),
        };
        Outlook { features, chances, factor }
    }
}
