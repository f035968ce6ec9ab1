//! The decision: for each impression the best line item that fits, can pay, and may.

use rand::{Rng, RngExt as _};
use smallvec::SmallVec;

use crate::audience::Profile;
use crate::bidder::blocks::{admits_deal, admits_seat, advertiser_block, creative_block};
use crate::bidder::{NoBidReason, Snapshot};
use crate::campaign::{Advertiser, Campaign, Creative, Exchange, LineItem};
use crate::creative::{Disclosure, Placement, fit};
use crate::frequency::{Exposures, Level, first_exceeded};
use crate::ledger::BidFacts;
use crate::notice::Ticket;
use crate::openrtb::{BidRequest, Deal, Imp, MediaType};
use crate::pricing::{Terms, highest_bid, worst_case};
use crate::privacy::Permissions;
use crate::targeting::Scene;
use crate::ttf::{Facts, Place, TaxKind};
use crate::units::{
    BidId, Country, Cpm, Currency, DealId, FxRate, Millis, Nanos, RatePpm, Rounding, UnixMillis, UserKey,
    limits,
};

/// One request, and what the shell fetched for it.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a, 'u> {
    /// The request.
    pub request: &'a BidRequest<'a>,
    /// Who sent it.
    pub exchange: &'a Exchange,
    /// What may be read of the user.
    pub permissions: &'u Permissions,
    /// The user, where that lets us know.
    pub user: Option<UserKey>,
    /// What our audience store knows of the user.
    pub profile: &'u Profile,
    /// What the user was shown; `None` if the user is unknown.
    pub exposures: Option<&'u Exposures>,
    /// True if our own notices are https: without, an impression that is `secure` is not bid on.
    pub secure: bool,
    /// Now.
    pub now: UnixMillis,
}

/// What to answer.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    /// The currency of all bids.
    pub currency: Currency,
    /// The bids; each has its worst case reserved. Whoever drops one releases it.
    pub bids: SmallVec<[Chosen<'a>; 4]>,
    /// Why there is none, if there is none.
    pub reason: NoBidReason,
}

/// One bid.
#[derive(Debug, Clone)]
pub struct Chosen<'a> {
    /// On what.
    pub imp: &'a Imp<'a>,
    /// Who.
    pub advertiser: &'a Advertiser,
    /// Of which campaign.
    pub campaign: &'a Campaign,
    /// Which line item.
    pub line_item: &'a LineItem,
    /// With what.
    pub creative: &'a Creative,
    /// Shown how.
    pub placement: Placement<'a>,
    /// On which deal.
    pub deal: Option<&'a Deal<'a>>,
    /// What it must tell of who is behind the ad, if anything.
    pub disclosure: Option<Disclosure>,
    /// What was reserved, in the campaign's currency.
    pub reserved: Nanos,
    /// What the bid says of itself, the price included.
    pub ticket: Ticket,
}

/// Sees every line item that was looked at and turned down.
pub trait Witness {
    /// `line_item` (an index into the catalog) does not bid on `imp`, because of `reason`.
    fn declined(&mut self, imp: &Imp<'_>, line_item: usize, reason: NoBidReason);
}

/// Nobody looks.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Witness for Silent {
    fn declined(&mut self, _: &Imp<'_>, _: usize, _: NoBidReason) {}
}

/// Decides on every impression of a request. On each at most one bid in the open auction and one on a deal,
/// so that neither suppresses the other (OpenRTB 2.6, 7.3).
pub fn decide<'a>(
    snapshot: &'a Snapshot,
    ask: &Ask<'a, '_>,
    random: &mut impl Rng,
    witness: &mut impl Witness,
) -> Decision<'a> {
    let mut decision =
        Decision { currency: Currency::USD, bids: SmallVec::new(), reason: NoBidReason::NoImpression };
    let Some(currency) = answer_currency(ask.request, snapshot) else {
        decision.reason = NoBidReason::CurrencyUnknown;
        return decision;
    };
    decision.currency = currency;
    if ask.request.regs.dsa.required >= 2 {
        decision.reason = NoBidReason::TransparencyRequired;
        return decision;
    }
    if !admits_seat(ask.request, ask.exchange) {
        decision.reason = NoBidReason::SeatRefused;
        return decision;
    }
    let person = ask.permissions.identify.then_some(ask.profile);
    let mut scene = Scene::of(ask.request, ask.exchange.id, person, ask.now);
    let mut request_wide = RequestWide::default();
    for imp in ask.request.imp {
        scene.look_at(imp);
        let mut search = ImpSearch::new(snapshot, ask, imp, currency, &mut request_wide, witness);
        search.run(&scene, random);
        let ImpSearch { open, on_deal, furthest, .. } = search;
        if furthest.rank() >= decision.reason.rank() {
            decision.reason = furthest;
        }
        decision.bids.extend(on_deal.into_iter().chain(open));
    }
    decision
}

/// The first currency of the request in our table; US dollars if it names none.
fn answer_currency(request: &BidRequest<'_>, snapshot: &Snapshot) -> Option<Currency> {
    let known = |currency: &Currency| snapshot.plan.rates.rate(Currency::EUR, *currency).is_some();
    if request.cur.is_empty() {
        return Some(Currency::USD).filter(known);
    }
    request.cur.iter().filter_map(|code| Currency::from_code(code)).find(known)
}

/// Entries of block lists above which reading them once for each advertiser and creative is worth a note.
const LONG_LISTS: usize = 64;

/// What the impressions of one request share: candidates are counted over all, and long block lists are read
/// once for each advertiser and creative.
#[derive(Default)]
struct RequestWide {
    looked_at: usize,
    advertisers: Vec<(usize, Option<NoBidReason>)>,
    creatives: Vec<(usize, Option<NoBidReason>)>,
}

/// What `block` says of `index`; asked once where `listed` entries are many.
fn once(
    known: &mut Vec<(usize, Option<NoBidReason>)>,
    listed: usize,
    index: usize,
    block: impl FnOnce() -> Option<NoBidReason>,
) -> Option<NoBidReason> {
    if listed <= LONG_LISTS {
        return block();
    }
    if let Some((_, answer)) = known.iter().find(|(asked, _)| *asked == index) {
        return *answer;
    }
    let answer = block();
    known.push((index, answer));
    answer
}

/// The search for the bids on one impression.
struct ImpSearch<'a, 'u, 's, W> {
    snapshot: &'a Snapshot,
    ask: &'s Ask<'a, 'u>,
    imp: &'a Imp<'a>,
    currency: Currency,
    request_wide: &'s mut RequestWide,
    witness: &'s mut W,
    open: Option<Chosen<'a>>,
    on_deal: Option<Chosen<'a>>,
    furthest: NoBidReason,
}

impl<'a, 'u, 's, W: Witness> ImpSearch<'a, 'u, 's, W> {
    fn new(
        snapshot: &'a Snapshot,
        ask: &'s Ask<'a, 'u>,
        imp: &'a Imp<'a>,
        currency: Currency,
        request_wide: &'s mut RequestWide,
        witness: &'s mut W,
    ) -> Self {
        let furthest = NoBidReason::NoMatch;
        Self { snapshot, ask, imp, currency, request_wide, witness, open: None, on_deal: None, furthest }
    }

    fn run(&mut self, scene: &Scene<'_>, random: &mut impl Rng) {
        if self.imp.secure == Some(true) && !self.ask.secure {
            self.furthest = NoBidReason::NotSecure;
            return;
        }
        let plan = &self.snapshot.plan;
        for row in plan.index.search(scene, &self.snapshot.live, 0).take(limits::CANDIDATES_MAX) {
            self.request_wide.looked_at += 1;
            if self.request_wide.looked_at > limits::CANDIDATES_OF_REQUEST_MAX {
                break;
            }
            let line_item = plan.rows[row].line_item as usize;
            match self.consider(row, random) {
                Ok(chosen) if chosen.deal.is_some() => self.on_deal = Some(chosen),
                Ok(chosen) => self.open = Some(chosen),
                Err(reason) => {
                    if reason.rank() > self.furthest.rank() && reason != NoBidReason::Outbid {
                        self.furthest = reason;
                    }
                    self.witness.declined(self.imp, line_item, reason);
                }
            }
            let open_done = self.open.is_some() || self.imp.private_auction;
            let deals_done = self.on_deal.is_some() || self.imp.deals.is_empty();
            if open_done && deals_done {
                break;
            }
        }
    }

    /// What one line item bids, with its worst case reserved; or why it does not.
    fn consider(&mut self, row: usize, random: &mut impl Rng) -> Result<Chosen<'a>, NoBidReason> {
        let plan: &'a _ = &*self.snapshot.plan;
        let line_item = plan.line_item(row);
        let campaign = plan.campaign(line_item);
        let advertiser = &plan.catalog.advertisers[campaign.advertiser];
        let deal = self.deal_for(line_item, advertiser)?;
        if if deal.is_some() { self.on_deal.is_some() } else { self.open.is_some() } {
            return Err(NoBidReason::Outbid);
        }
        let request = self.ask.request;
        let block = || advertiser_block(request, advertiser);
        if let Some(block) =
            once(&mut self.request_wide.advertisers, request.badv.len(), campaign.advertiser, block)
        {
            return Err(block);
        }
        let (creative, placement) = self.creative_for(line_item, random)?;
        let caps = [
            (Level::LineItem(line_item.id), line_item.frequency.as_slice()),
            (Level::Campaign(campaign.id), campaign.frequency.as_slice()),
        ];
        if let Some(exceeded) = first_exceeded(&caps, self.ask.exposures, self.ask.now) {
            return Err(NoBidReason::FrequencyCapped(exceeded.level));
        }
        let reserved_for = self.reserved_for(placement.medium());
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
        let highest = highest_bid(plan.rows[row].value, &terms).ok_or(NoBidReason::WorthNothing)?;
        let price = self.price(highest, deal, &placement)?;
        let reserved = worst_case(price, &terms).ok_or(NoBidReason::WorthNothing)?;
        self.reserve(row, line_item.campaign, reserved)?;
        let bid = BidFacts {
            id: BidId::mint(self.ask.now, random.random()),
            at: self.ask.now,
            day: self.snapshot.money.days[line_item.campaign],
            advertiser: advertiser.id,
            campaign: campaign.id,
            line_item: line_item.id,
            creative: creative.id,
            exchange: self.ask.exchange.id,
            deal: deal.map(|deal| DealId::from_slug(deal.id)),
            currency: campaign.currency,
            user: self.ask.user,
        };
        let ticket = self.ticket(bid, price, &terms, tax.place, reserved_for, line_item.campaign);
        Ok(Chosen {
            imp: self.imp,
            advertiser,
            campaign,
            line_item,
            creative,
            placement,
            deal,
            disclosure: self.disclosure(),
            reserved,
            ticket,
        })
    }

    /// What bids on this request must tell of who is behind the ad. Whoever is known is profiled: by segments,
    /// or by what was shown before.
    fn disclosure(&self) -> Option<Disclosure> {
        Disclosure::wanted(&self.ask.request.regs.dsa, self.ask.user.is_some())
    }

    /// What the bid says of itself.
    fn ticket(
        &self,
        bid: BidFacts,
        price: Cpm,
        terms: &Terms,
        place: Place,
        reserved_for: Millis,
        campaign: usize,
    ) -> Ticket {
        let plan = &self.snapshot.plan;
        Ticket {
            bid,
            price,
            price_currency: self.currency,
            fx: terms.fx.inverse(),
            multiplier: terms.multiplier,
            data: terms.data,
            fee: plan.catalog.campaigns[campaign].costs.platform_fee,
            scenario: plan.scenario_of(campaign).id(),
            place,
            space_rate: terms.space_rate,
            data_rate: terms.data_rate,
            bearer: terms.bearer,
            billable: !self.ask.request.test,
            bills_on: self.ask.exchange.bills_on,
            missing_price: self.ask.exchange.missing_price,
            reserved_for,
        }
    }

    /// The deal that a line item bids on: `None` for the open auction.
    fn deal_for(
        &self,
        line_item: &LineItem,
        advertiser: &Advertiser,
    ) -> Result<Option<&'a Deal<'a>>, NoBidReason> {
        if line_item.deals.is_empty() {
            return if self.imp.private_auction { Err(NoBidReason::DealsOnly) } else { Ok(None) };
        }
        let fits = |deal: &&Deal<'_>| {
            line_item.deals.iter().any(|agreed| agreed.slug == deal.id)
                && admits_deal(deal, self.ask.exchange, advertiser)
        };
        self.imp.deals.iter().find(fits).map(Some).ok_or(NoBidReason::DealNotOffered)
    }

    /// A creative that fits, each of them with the same chance to be tried first.
    fn creative_for(
        &mut self,
        line_item: &LineItem,
        random: &mut impl Rng,
    ) -> Result<(&'a Creative, Placement<'a>), NoBidReason> {
        let count = line_item.creatives.len();
        let first = if count > 1 { random.random_range(0..count) } else { 0 };
        let mut refused = NoBidReason::NoMatch;
        for at in (first..count).chain(0..first) {
            let index = line_item.creatives[at];
            let creative = &self.snapshot.plan.catalog.creatives[index];
            let request = self.ask.request;
            let block = || creative_block(request, creative);
            let listed = request.bcat.len() + request.acat.len() + request.bapp.len();
            let answer = match once(&mut self.request_wide.creatives, listed, index, block) {
                Some(block) => Err(block),
                None => {
                    let placement = fit(creative, self.imp).and_then(|placement| {
                        let disclosed = self.disclosure().map_or(Ok(()), |told| told.fits(&placement));
                        disclosed.map(|()| placement)
                    });
                    placement.map_err(NoBidReason::Misfit)
                }
            };
            match answer {
                Ok(placement) => return Ok((creative, placement)),
                Err(reason) if reason.rank() >= refused.rank() => refused = reason,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    /// How long the bid is reserved: as the profile says, longer if the request announces it.
    fn reserved_for(&self, medium: MediaType) -> Millis {
        let reservation = self.ask.exchange.reservation;
        let usual = match medium {
            MediaType::Banner | MediaType::Native => reservation.display,
            MediaType::Video | MediaType::Audio => reservation.av,
        };
        let announced =
            self.imp.exp.map_or(Millis::default(), |seconds| Millis::from_seconds(seconds.into()));
        usual.max(announced).min(limits::NOTICE_AGE_MAX)
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

    /// The price to send: the highest worth bidding if it reaches the floor; the agreed price on a
    /// fixed-price deal.
    fn price(
        &self,
        highest: Cpm,
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
        } else {
            let rate = self.floor_rate(currency).ok_or(NoBidReason::NoExchangeRate)?;
            rate.price(floor, Rounding::Up).unwrap_or(Cpm::MAX)
        };
        let highest = highest.with_decimals(self.ask.exchange.price_decimals);
        if highest < floor {
            return Err(NoBidReason::BelowFloor { worth: highest, floor });
        }
        if highest == Cpm::ZERO {
            return Err(NoBidReason::WorthNothing);
        }
        let agreed = deal.is_some_and(|deal| deal.at == Some(3)) && floor > Cpm::ZERO;
        Ok(if agreed { floor } else { highest })
    }

    fn floor_rate(&self, currency: &str) -> Option<FxRate> {
        if currency == self.currency.code() {
            return Some(FxRate::SAME);
        }
        self.snapshot.plan.rates.rate(Currency::from_code(currency)?, self.currency)
    }

    /// Reserves the worst case, if the day's pace and every cap allow it.
    fn reserve(&self, row: usize, campaign: usize, worst: Nanos) -> Result<(), NoBidReason> {
        let (money, now) = (&self.snapshot.money, self.ask.now);
        if now >= money.valid_until {
            // The day is over and the next snapshot is not here yet: its caps are not known.
            return Err(NoBidReason::Paced);
        }
        let purse = &money.purses[row];
        let within = |committed: Nanos, allowed: Nanos| committed.saturating_add(worst) <= allowed;
        let campaign_allows = within(purse.campaign_day().committed(), money.paces[campaign].allowance(now));
        let own_allows = money.line_item_paces[row]
            .as_ref()
            .is_none_or(|pace| within(purse.line_item_day().committed(), pace.allowance(now)));
        if let Some(refusal) = purse.exhausted(worst) {
            return Err(NoBidReason::BudgetSpent(refusal));
        }
        if !campaign_allows || !own_allows {
            return Err(NoBidReason::Paced);
        }
        purse.reserve(worst).map_err(NoBidReason::BudgetSpent)
    }
}

/// The tax on one impression, at its worst while the bid is open.
struct TaxTerms {
    place: Place,
    space_highest: RatePpm,
    data_highest: RatePpm,
}
