//! What a price depends on, gathered for one candidate: value and factors, taxes, floor, auction, price to beat.

use crate::bidder::NoBidReason;
use crate::bidder::offer::Market;
use crate::bidder::setting::publisher;
use crate::campaign::{Advertiser, Arm, Factor, Goal, LineItem};
use crate::creative::Placement;
use crate::landscape::Segment;
use crate::openrtb::{Deal, MediaType};
use crate::pricing::{Auction, Case, Priced, Steps, Terms, Unpriced, highest_bid, price};
use crate::ttf::{Exposure, Facts, Parties, TaxKind};
use crate::units::{BidId, Country, Cpm, Currency, DealId, FxRate, Millis, PublisherId, RatePpm, Rounding};

/// One candidate: a line item by its row, what it is worth here, and what chance decided.
#[derive(Debug, Clone, Copy)]
pub(in crate::bidder) struct Candidate<'a> {
    pub(in crate::bidder) row: usize,
    /// The arm that the person is in.
    pub(in crate::bidder) arm: Option<&'a Arm>,
    /// By how much modifiers, the arm and what was learnt multiply its value.
    pub(in crate::bidder) factor: Factor,
    /// Of the bid that it may become.
    pub(in crate::bidder) id: BidId,
}

/// A price, and what was known when it was made.
#[derive(Debug, Clone, Copy)]
pub(in crate::bidder) struct PricedCase {
    pub(in crate::bidder) priced: Priced,
    pub(in crate::bidder) floor: Cpm,
    pub(in crate::bidder) auction: Auction,
    pub(in crate::bidder) segment: Segment,
}

impl<'a> Market<'a, '_, '_> {
    /// What the price of `line_item` depends on beside its value, and where it is taxed.
    pub(in crate::bidder) fn terms(
        &self,
        line_item: &LineItem,
        reserved_for: Millis,
    ) -> Result<(Terms, Exposure), NoBidReason> {
        let plan = &*self.snapshot.plan;
        let campaign = plan.campaign(line_item);
        let advertiser = &plan.catalog.advertisers[campaign.advertiser];
        let tax = self.exposure(line_item.campaign, advertiser, reserved_for);
        let fx = plan.rates.rate(campaign.currency, self.currency).ok_or(NoBidReason::NoExchangeRate)?;
        // A price per thousand is for media alone; what is paid per result is to cover all that it costs.
        let fee = if line_item.goal.is_ceiling() { RatePpm::ZERO } else { campaign.costs.platform_fee };
        let terms = Terms {
            data: line_item.data_cpm,
            space_rate: tax.highest(TaxKind::AdSpace),
            data_rate: tax.highest(TaxKind::Data),
            bearer: campaign.tax.bearer,
            fee,
            fx,
            multiplier: self.imp.multiplier,
        };
        Ok((terms, tax))
    }

    /// The most that `line_item` would bid with a creative of `medium`, were it worth `value` and its budgets and goal
    /// without effect; `None` if nothing.
    pub(in crate::bidder) fn worth(
        &self,
        line_item: &LineItem,
        medium: MediaType,
        value: Cpm,
    ) -> Option<Cpm> {
        let (terms, _) = self.terms(line_item, self.reserved_for(medium)).ok()?;
        Some(highest_bid(value, &terms)?.with_decimals(self.ask.exchange.price_decimals))
    }

    /// The price of `candidate`, shown as `placement`, on `deal` (`None` is the open auction), and the `steps` to it.
    pub(in crate::bidder) fn price(
        &self,
        candidate: &Candidate<'a>,
        terms: Terms,
        deal: Option<&Deal<'a>>,
        placement: &Placement<'_>,
        steps: &mut Steps,
    ) -> Result<PricedCase, NoBidReason> {
        let (snapshot, exchange) = (self.snapshot, self.ask.exchange);
        let line_item = snapshot.plan.line_item(candidate.row);
        let campaign = snapshot.plan.campaign(line_item);
        let floor = self.floor(deal, placement)?;
        let auction = self.auction(deal);
        let segment = self.segment(floor, deal, placement);
        let curve = snapshot.learned.landscapes.curve(&segment);
        // What others bid on a deal is between them and its seller: there a price is an agreement.
        let is_shaded = deal.is_none() && auction == Auction::FirstPrice && campaign.learning.shading;
        let guaranteed = deal.is_some_and(|deal| deal.guar);
        let case = Case {
            value: candidate.factor.of(snapshot.plan.rows[candidate.row].value),
            // The seller of a guaranteed deal counts on it, whatever the goal and the pace.
            goal: if guaranteed { Factor::ONE } else { snapshot.money.rhythms.goal(candidate.row) },
            pace: match (guaranteed, is_shaded) {
                (true, _) => Factor::MAX,
                (false, true) => snapshot.money.rhythms.shading_pace(candidate.row, line_item.campaign),
                (false, false) => snapshot.money.rhythms.pace(candidate.row, line_item.campaign),
            },
            ceiling: if let Goal::MaxConversions { ceiling, .. } = line_item.goal {
                Some(ceiling)
            } else {
                None
            },
            terms,
            auction,
            floor,
            curve,
            shaded_as: is_shaded.then_some(&candidate.id),
            decimals: exchange.price_decimals,
        };
        let priced = price(&case, steps).map_err(|unpriced| match unpriced {
            Unpriced::WorthNothing => NoBidReason::WorthNothing,
            Unpriced::BelowFloor { worth } => NoBidReason::BelowFloor { worth, floor },
        })?;
        Ok(PricedCase { priced, floor, auction, segment })
    }

    /// What must be bid at least, in the answer's currency.
    fn floor(&self, deal: Option<&Deal<'a>>, placement: &Placement<'_>) -> Result<Cpm, NoBidReason> {
        let av = match placement.medium() {
            MediaType::Video => self.imp.video.as_ref(),
            MediaType::Audio => self.imp.audio.as_ref(),
            MediaType::Banner | MediaType::Native => None,
        };
        let (floor, currency) = self.imp.floor(deal, av, placement.duration());
        if floor == Cpm::ZERO || currency == self.currency.code() {
            return Ok(floor);
        }
        let rate = self.floor_rate(currency).ok_or(NoBidReason::NoExchangeRate)?;
        Ok(rate.price(floor, Rounding::Up).unwrap_or(Cpm::MAX))
    }

    fn floor_rate(&self, currency: &str) -> Option<FxRate> {
        self.snapshot.plan.rates.rate(Currency::from_code(currency)?, self.currency)
    }

    /// How the price is made: as the deal says, else as the request does.
    fn auction(&self, deal: Option<&Deal<'a>>) -> Auction {
        match deal.and_then(|deal| deal.at).unwrap_or(self.ask.request.at) {
            1 => Auction::FirstPrice,
            3 if deal.is_some() => Auction::Agreed,
            _ => Auction::SecondPrice,
        }
    }

    /// The kind of impression, as far as the price to beat depends on it.
    fn segment(&self, floor: Cpm, deal: Option<&Deal<'a>>, placement: &Placement<'_>) -> Segment {
        let size = match placement.size() {
            (0, 0) => (placement.medium() as u32, 0),
            size => size,
        };
        let segment = Segment::of(self.ask.exchange.id, self.currency, size, floor, self.ask.now);
        match deal {
            Some(deal) => segment.on_deal(DealId::from_slug(deal.id)),
            None => segment,
        }
    }

    /// Where the bid is taxed, and at most at which rates while it is out.
    fn exposure(&self, campaign: usize, advertiser: &Advertiser, reserved_for: Millis) -> Exposure {
        let scenario = self.snapshot.plan.scenario_of(campaign);
        let request = self.ask.request;
        let facts = Facts {
            advertiser: advertiser.country,
            viewer_device: request.device.geo.country.and_then(Country::from_code),
            viewer_address: self.ask.located.and_then(|located| located.country),
            viewer_home: request.user.geo.country.and_then(Country::from_code),
            ..Facts::default()
        };
        let now = self.ask.now;
        let outlet = request.channel.outlet().filter(|_| scenario.knows_sellers());
        let parties = Parties {
            advertiser: advertiser.id,
            campaign: self.snapshot.plan.catalog.campaigns[campaign].id,
            exchange: self.ask.exchange.id,
            publisher: outlet.and_then(publisher).map(PublisherId::from_slug),
        };
        scenario.exposure(&facts, &parties, (now, now.plus(reserved_for)))
    }
}
