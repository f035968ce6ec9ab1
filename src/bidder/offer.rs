//! What a line item would bid: priced, taxed and ticketed, with nothing reserved for it yet.

use crate::bidder::case::{Candidate, PricedCase};
use crate::bidder::insight::{Insight, Outlook, Show};
use crate::bidder::{Ask, Awaited, Chosen, Lesson, NoBidReason, Rhythm, Snapshot};
use crate::budget::Purse;
use crate::campaign::{Advertiser, Arm, Campaign, CountBy, Creative, Factor, LineItem};
use crate::creative::Placement;
use crate::frequency::{Caps, all_caps, counts_by};
use crate::learning::Exploration;
use crate::ledger::BidFacts;
use crate::notice::Ticket;
use crate::openrtb::{Channel, Deal, Imp, MediaType};
use crate::pricing::{Steps, Terms};
use crate::targeting::Scene;
use crate::ttf::Exposure;
use crate::units::{BidId, Cpm, Currency, DealId, Millis, Nanos, limits};

/// What every offer on one impression shares.
#[derive(Debug, Clone, Copy)]
pub(in crate::bidder) struct Market<'a, 'u, 's> {
    pub(in crate::bidder) snapshot: &'a Snapshot,
    pub(in crate::bidder) ask: &'s Ask<'a, 'u>,
    pub(in crate::bidder) imp: &'a Imp<'a>,
    /// The answer's.
    pub(in crate::bidder) currency: Currency,
}

/// A line item that fits, may, and is worth it.
#[derive(Debug, Clone)]
pub(in crate::bidder) struct Offer<'a> {
    pub(in crate::bidder) row: usize,
    pub(in crate::bidder) imp: &'a Imp<'a>,
    pub(in crate::bidder) advertiser: &'a Advertiser,
    pub(in crate::bidder) campaign: &'a Campaign,
    pub(in crate::bidder) line_item: &'a LineItem,
    pub(in crate::bidder) arm: Option<&'a Arm>,
    pub(in crate::bidder) creative: &'a Creative,
    pub(in crate::bidder) placement: Placement<'a>,
    pub(in crate::bidder) deal: Option<&'a Deal<'a>>,
    id: BidId,
    outlook: Outlook,
    case: PricedCase,
    terms: Terms,
    tax: Exposure,
    reserved_for: Millis,
}

impl<'a> Offer<'a> {
    /// The frequency caps under which it counts.
    pub(in crate::bidder) fn caps(&self) -> Caps<'a, 4> {
        all_caps(self.creative, self.line_item, self.campaign, self.advertiser)
    }

    /// The most worth bidding, per thousand, in the answer's currency.
    pub(in crate::bidder) fn worth(&self) -> Cpm {
        self.case.priced.worth
    }
}

impl<'a> Market<'a, '_, '_> {
    /// What `candidate` bids with the ad of `show`, on the first of `deals` (`None` is the open auction) whose floor it
    /// reaches; and the `steps` of the last price that was tried.
    pub(in crate::bidder) fn offer(
        &self,
        candidate: &Candidate<'a>,
        show: &Show<'a, '_>,
        deals: &[Option<&'a Deal<'a>>],
        insight: &Insight,
        steps: &mut Steps,
    ) -> Result<Offer<'a>, NoBidReason> {
        let plan: &'a _ = &*self.snapshot.plan;
        let line_item = plan.line_item(candidate.row);
        let campaign = plan.campaign(line_item);
        let reserved_for = self.reserved_for(show.placement.medium());
        let (terms, tax) = self.terms(line_item, reserved_for)?;
        let mut refused = NoBidReason::DealNotOffered;
        for deal in deals.iter().copied() {
            *steps = Steps::default();
            let outlook = insight.outlook(self, &Show { deal, ..*show });
            if outlook.factor == Factor::ZERO {
                refused = NoBidReason::PlacementPaused;
                continue;
            }
            let factor = Factor::product([candidate.factor, outlook.factor]);
            match self.price(&Candidate { factor, ..*candidate }, terms, deal, show.placement, steps) {
                Ok(case) => {
                    return Ok(Offer {
                        row: candidate.row,
                        imp: self.imp,
                        advertiser: &plan.catalog.advertisers[campaign.advertiser],
                        campaign,
                        line_item,
                        arm: candidate.arm,
                        creative: show.creative,
                        placement: *show.placement,
                        deal,
                        id: candidate.id,
                        outlook,
                        case,
                        terms,
                        tax,
                        reserved_for,
                    });
                }
                Err(reason) => refused = reason,
            }
        }
        Err(refused)
    }

    /// Reserves the worst case of `offer`, if the day's pace and every cap allow it: then it is a bid.
    ///
    /// A guaranteed deal is not held back by the pace or for being unknown, for the seller counts on it; by the caps it is.
    /// Budgets are told of so many `requests`: 0 if they have heard of this one.
    pub(in crate::bidder) fn reserve(
        &self,
        offer: &Offer<'a>,
        (insight, scene): (&Insight, &Scene<'_>),
        requests: u32,
    ) -> Result<Chosen<'a>, NoBidReason> {
        let money = &self.snapshot.money;
        if !money.is_of(self.ask.now) {
            // The day or hour is over, or the clock stepped back, and the next snapshot is not here yet: its caps are
            // not known.
            return Err(NoBidReason::Paced);
        }
        let purse = &money.purses[offer.row];
        if let Some(refusal) = purse.exhausted(offer.case.priced.worst) {
            return Err(NoBidReason::BudgetSpent(refusal));
        }
        let is_guaranteed = offer.deal.is_some_and(|deal| deal.guar);
        if !is_guaranteed && !self.keeps_pace(offer, purse) {
            let duals = money.rhythms.duals(offer.row, offer.line_item.campaign);
            duals.into_iter().flatten().for_each(|dual| dual.kept_back(requests, offer.case.priced.expected));
            return Err(NoBidReason::Paced);
        }
        let (campaign, worst) = (offer.line_item.campaign, offer.case.priced.worst);
        let held = purse.hold(worst).map_err(NoBidReason::BudgetSpent)?;
        let exploration = money.rhythms.exploration(campaign);
        let explores = !is_guaranteed && self.explores(offer, exploration)?;
        let duals = money.rhythms.duals(offer.row, campaign);
        let mut awaited = Awaited::new(duals, requests, offer.case.priced.expected);
        if explores {
            awaited.exploring(exploration, worst);
        }
        Ok(Chosen {
            imp: offer.imp,
            advertiser: offer.advertiser,
            campaign: offer.campaign,
            line_item: offer.line_item,
            row: offer.row,
            arm: offer.arm,
            creative: offer.creative,
            placement: offer.placement,
            deal: offer.deal,
            disclosure: self.ask.disclosure(),
            held,
            awaited,
            lesson: self.lesson(offer, insight, if explores { worst } else { Nanos::ZERO }),
            ticket: self.ticket(offer, scene),
        })
    }

    /// Whether `offer` is made to learn, and what it may cost is then taken from the `exploration`.
    fn explores(&self, offer: &Offer<'_>, exploration: &Exploration) -> Result<bool, NoBidReason> {
        let (learned, worst) = (&self.snapshot.learned, offer.case.priced.worst);
        let creatives = &self.snapshot.plan.catalog.creatives;
        let ids = offer.line_item.creatives_of(offer.arm).iter().map(|at| creatives[*at].id);
        if !learned.knows(offer.line_item, ids.clone()) {
            return if exploration.spend(worst) { Ok(true) } else { Err(NoBidReason::Explored) };
        }
        let is_tried = learned.is_tried(offer.line_item, offer.creative.id, ids);
        Ok(is_tried && exploration.lets_compare() && exploration.spend(worst))
    }

    /// True if the day's plans allow `offer` by now, and it would use what it holds.
    fn keeps_pace(&self, offer: &Offer<'_>, purse: &Purse) -> bool {
        let (rhythms, now) = (&self.snapshot.money.rhythms, self.ask.now);
        let (expected, worst) = (offer.case.priced.expected, offer.case.priced.worst);
        let allows = |rhythm: &Rhythm, committed: Nanos, used: Nanos| {
            committed.saturating_add(worst) <= rhythm.allowance(now)
                && rhythm.is_worth_holding(expected, worst, committed, used)
        };
        let campaign = &rhythms.campaigns[offer.line_item.campaign];
        allows(campaign, purse.campaign_day(), purse.campaign_day_used())
            && rhythms.line_items[offer.row]
                .as_ref()
                .is_none_or(|rhythm| allows(rhythm, purse.line_item_day(), purse.line_item_day_used()))
    }

    /// What the outcome of `offer` will teach.
    fn lesson(&self, offer: &Offer<'_>, insight: &Insight, explored: Nanos) -> Lesson {
        let case = &offer.case;
        let show = Show {
            line_item: offer.line_item,
            creative: offer.creative,
            placement: &offer.placement,
            deal: offer.deal,
        };
        Lesson {
            segment: case.segment,
            auction: case.auction,
            arm: case.priced.arm,
            floor: case.floor,
            worth: case.priced.worth,
            price: case.priced.price,
            fx: offer.terms.fx.inverse(),
            expected: case.priced.expected,
            explored,
            features: insight.to_keep(self, &show),
            chances: offer.outlook.chances,
            placement: insight.placement(self),
        }
    }

    /// What the bid says of itself.
    fn ticket(&self, offer: &Offer<'_>, scene: &Scene<'_>) -> Ticket {
        let exchange = self.ask.exchange;
        let campaign = offer.campaign;
        let bid = BidFacts {
            id: offer.id,
            at: self.ask.now,
            day: self.snapshot.money.days[offer.line_item.campaign],
            advertiser: offer.advertiser.id,
            campaign: campaign.id,
            line_item: offer.line_item.id,
            creative: offer.creative.id,
            exchange: exchange.id,
            deal: offer.deal.map(|deal| DealId::from_slug(deal.id)),
            currency: campaign.currency,
            user: self.ask.user,
            household: self.ask.household.filter(|_| counts_by(&offer.caps(), CountBy::Household)),
            lease: self.snapshot.money.epoch,
            setting: self.setting(offer, scene),
        };
        let terms = &offer.terms;
        Ticket {
            bid,
            price: offer.case.priced.price,
            price_currency: self.currency,
            fx: terms.fx.inverse(),
            fx_day: self.snapshot.plan.rates.date().filter(|_| self.currency != campaign.currency),
            multiplier: terms.multiplier,
            data: terms.data,
            fee: campaign.costs.platform_fee,
            scenario: self.snapshot.plan.scenario_of(offer.line_item.campaign).id(),
            place: offer.tax.place,
            space_rate: offer.tax.space_rate,
            data_rate: offer.tax.data_rate,
            others: offer.tax.others,
            bearer: terms.bearer,
            billable: !self.ask.request.test,
            measured: self.ask.permissions.measure,
            bills_on: exchange.bills_on,
            missing_price: exchange.missing_price,
            reserved_for: offer.reserved_for,
            honoured_for: self.honoured_for(offer),
        }
    }

    /// How long the bid is reserved: as the profile says, longer if the request announces it, and never longer
    /// than for the slowest medium of that exchange: anybody can announce anything.
    pub(in crate::bidder) fn reserved_for(&self, medium: MediaType) -> Millis {
        let dooh = matches!(self.ask.request.channel, Channel::Dooh(_));
        let usual = self.ask.exchange.reservation.of(medium, dooh);
        let announced =
            self.imp.exp.map_or(Millis::default(), |seconds| Millis::from_seconds(seconds.into()));
        usual.max(announced.min(self.ask.exchange.reservation.longest(dooh))).min(limits::NOTICE_AGE_MAX)
    }

    /// How long notices of the bid's money are taken: as the profile says, and never shorter than it is reserved.
    fn honoured_for(&self, offer: &Offer<'_>) -> Millis {
        let age = &self.ask.exchange.notice_age;
        age.of(offer.placement.medium(), &self.ask.request.channel).max(offer.reserved_for)
    }
}
