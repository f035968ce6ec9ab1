//! What a line item would bid: priced, taxed and ticketed, with nothing reserved for it yet.

use rand::{Rng, RngExt as _};

use crate::bidder::{Ask, Chosen, NoBidReason, Snapshot};
use crate::campaign::{Advertiser, Campaign, CountBy, Creative, Factor, LineItem};
use crate::creative::Placement;
use crate::frequency::{Caps, all_caps, counts_by};
use crate::ledger::BidFacts;
use crate::notice::Ticket;
use crate::openrtb::{Channel, Deal, Imp, MediaType};
use crate::pricing::{Terms, highest_bid, worst_case};
use crate::ttf::{Facts, Place, TaxKind};
use crate::units::{BidId, Country, Cpm, Currency, DealId, FxRate, Millis, Nanos, RatePpm, Rounding, limits};

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
    pub(in crate::bidder) creative: &'a Creative,
    pub(in crate::bidder) placement: Placement<'a>,
    pub(in crate::bidder) deal: Option<&'a Deal<'a>>,
    /// The most worth bidding, per thousand, in the answer's currency.
    pub(in crate::bidder) worth: Cpm,
    price: Cpm,
    /// What winning can take from the budget, in the campaign's currency.
    worst: Nanos,
    terms: Terms,
    place: Place,
    reserved_for: Millis,
}

impl<'a> Offer<'a> {
    /// The frequency caps under which it counts.
    pub(in crate::bidder) fn caps(&self) -> Caps<'a, 4> {
        all_caps(self.creative, self.line_item, self.campaign, self.advertiser)
    }
}

/// The tax on one impression, at its worst while the bid is open.
struct TaxTerms {
    place: Place,
    space_highest: RatePpm,
    data_highest: RatePpm,
}

impl<'a> Market<'a, '_, '_> {
    /// What the line item of `row`, its value multiplied by `factor`, bids with `creative`, on the first of `deals` (`None` is the open auction)
    /// whose floor it reaches.
    pub(in crate::bidder) fn offer(
        &self,
        (row, factor): (usize, Factor),
        creative: &'a Creative,
        placement: Placement<'a>,
        deals: &[Option<&'a Deal<'a>>],
    ) -> Result<Offer<'a>, NoBidReason> {
        let plan: &'a _ = &*self.snapshot.plan;
        let line_item = plan.line_item(row);
        let campaign = plan.campaign(line_item);
        let advertiser = &plan.catalog.advertisers[campaign.advertiser];
        let reserved_for = self.reserved_for(placement.medium());
        let (terms, place) = self.terms(line_item, reserved_for)?;
        let worth = highest_bid(factor.of(plan.rows[row].value), &terms).ok_or(NoBidReason::WorthNothing)?;
        let worth = worth.with_decimals(self.ask.exchange.price_decimals);
        let mut refused = NoBidReason::DealNotOffered;
        for deal in deals.iter().copied() {
            match self.price(worth, deal, &placement) {
                Ok(price) => {
                    let worst = worst_case(price, &terms).ok_or(NoBidReason::WorthNothing)?;
                    let imp = self.imp;
                    return Ok(Offer {
                        row,
                        imp,
                        advertiser,
                        campaign,
                        line_item,
                        creative,
                        placement,
                        deal,
                        worth,
                        price,
                        worst,
                        terms,
                        place,
                        reserved_for,
                    });
                }
                Err(reason) => refused = reason,
            }
        }
        Err(refused)
    }

    /// What the price of `line_item` depends on beside its value, and where it is taxed.
    fn terms(&self, line_item: &LineItem, reserved_for: Millis) -> Result<(Terms, Place), NoBidReason> {
        let plan = &*self.snapshot.plan;
        let campaign = plan.campaign(line_item);
        let advertiser = &plan.catalog.advertisers[campaign.advertiser];
        let tax = self.tax_terms(line_item.campaign, advertiser, reserved_for);
        let fx = plan.rates.rate(campaign.currency, self.currency).ok_or(NoBidReason::NoExchangeRate)?;
        let terms = Terms {
            data: line_item.data_cpm,
            space_rate: tax.space_highest,
            data_rate: tax.data_highest,
            bearer: campaign.tax.bearer,
            fx,
            multiplier: self.imp.multiplier,
        };
        Ok((terms, tax.place))
    }

    /// The most that `line_item` would bid with a creative of `medium`, were it worth `value`; `None` if nothing.
    pub(in crate::bidder) fn worth(
        &self,
        line_item: &LineItem,
        medium: MediaType,
        value: Cpm,
    ) -> Option<Cpm> {
        let (terms, _) = self.terms(line_item, self.reserved_for(medium)).ok()?;
        Some(highest_bid(value, &terms)?.with_decimals(self.ask.exchange.price_decimals))
    }

    /// Reserves the worst case of `offer`, if the day's pace and every cap allow it: then it is a bid.
    ///
    /// A guaranteed deal is not held back by the pace, for the seller counts on it; by the caps it is.
    pub(in crate::bidder) fn reserve(
        &self,
        offer: &Offer<'a>,
        random: &mut impl Rng,
    ) -> Result<Chosen<'a>, NoBidReason> {
        let (money, now) = (&self.snapshot.money, self.ask.now);
        if !money.is_of(now) {
            // The day is another and its snapshot is not here yet: its caps are not known.
            return Err(NoBidReason::Paced);
        }
        let purse = &money.purses[offer.row];
        if let Some(refusal) = purse.exhausted(offer.worst) {
            return Err(NoBidReason::BudgetSpent(refusal));
        }
        let campaign = offer.line_item.campaign;
        let within = |committed: Nanos, allowed: Nanos| committed.saturating_add(offer.worst) <= allowed;
        let in_pace = within(purse.campaign_day(), money.paces[campaign].allowance(now))
            && money.line_item_paces[offer.row]
                .as_ref()
                .is_none_or(|pace| within(purse.line_item_day(), pace.allowance(now)));
        if !in_pace && !offer.deal.is_some_and(|deal| deal.guar) {
            return Err(NoBidReason::Paced);
        }
        let held = purse.hold(offer.worst).map_err(NoBidReason::BudgetSpent)?;
        Ok(Chosen {
            imp: offer.imp,
            advertiser: offer.advertiser,
            campaign: offer.campaign,
            line_item: offer.line_item,
            row: offer.row,
            creative: offer.creative,
            placement: offer.placement,
            deal: offer.deal,
            disclosure: self.ask.disclosure(),
            held,
            ticket: self.ticket(offer, random),
        })
    }

    /// What the bid says of itself.
    fn ticket(&self, offer: &Offer<'_>, random: &mut impl Rng) -> Ticket {
        let exchange = self.ask.exchange;
        let campaign = offer.campaign;
        let bid = BidFacts {
            id: BidId::mint(self.ask.now, random.random()),
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
        };
        let terms = &offer.terms;
        Ticket {
            bid,
            price: offer.price,
            price_currency: self.currency,
            fx: terms.fx.inverse(),
            fx_day: self.snapshot.plan.rates.date().filter(|_| self.currency != campaign.currency),
            multiplier: terms.multiplier,
            data: terms.data,
            fee: campaign.costs.platform_fee,
            scenario: self.snapshot.plan.scenario_of(offer.line_item.campaign).id(),
            place: offer.place,
            space_rate: terms.space_rate,
            data_rate: terms.data_rate,
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
    fn reserved_for(&self, medium: MediaType) -> Millis {
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

    fn tax_terms(&self, campaign: usize, advertiser: &Advertiser, reserved_for: Millis) -> TaxTerms {
        let scenario = self.snapshot.plan.scenario_of(campaign);
        let request = self.ask.request;
        let facts = Facts {
            advertiser: advertiser.country,
            viewer_device: request.device.geo.country.and_then(Country::from_code),
            viewer_home: request.user.geo.country.and_then(Country::from_code),
            ..Facts::default()
        };
        let place = scenario.place(&facts);
        let now = self.ask.now;
        let highest = |kind| match place.jurisdiction {
            Some(jurisdiction) => scenario.highest_rate(jurisdiction, kind, now, now.plus(reserved_for)),
            None => RatePpm::ZERO,
        };
        TaxTerms { place, space_highest: highest(TaxKind::AdSpace), data_highest: highest(TaxKind::Data) }
    }

    /// The price to send: all that it is worth if that reaches the floor; the agreed price on a fixed-price
    /// deal (`at` 3).
    fn price(
        &self,
        worth: Cpm,
        deal: Option<&Deal<'a>>,
        placement: &Placement<'_>,
    ) -> Result<Cpm, NoBidReason> {
        let av = match placement.medium() {
            MediaType::Video => self.imp.video.as_ref(),
            MediaType::Audio => self.imp.audio.as_ref(),
            MediaType::Banner | MediaType::Native => None,
        };
        let (floor, currency) = self.imp.floor(deal, av, placement.duration());
        let floor = if floor == Cpm::ZERO {
            Cpm::ZERO
        } else if currency == self.currency.code() {
            floor
        } else {
            let rate = self.floor_rate(currency).ok_or(NoBidReason::NoExchangeRate)?;
            rate.price(floor, Rounding::Up).unwrap_or(Cpm::MAX)
        };
        if worth < floor {
            return Err(NoBidReason::BelowFloor { worth, floor });
        }
        if worth == Cpm::ZERO {
            return Err(NoBidReason::WorthNothing);
        }
        let agreed = deal.is_some_and(|deal| deal.at == Some(3)) && floor > Cpm::ZERO;
        // What is billed may be rounded either way, so an agreed price is bid with the decimals that are carried.
        Ok(if agreed { floor.with_decimals_up(self.ask.exchange.price_decimals) } else { worth })
    }

    fn floor_rate(&self, currency: &str) -> Option<FxRate> {
        self.snapshot.plan.rates.rate(Currency::from_code(currency)?, self.currency)
    }
}
