//! The decision: for each impression the best line item that fits, can pay, and may.

use rand::Rng;
use smallvec::SmallVec;

use crate::agent::Agent;
use crate::audience::Profile;
use crate::bidder::blocks::admits_seat;
use crate::bidder::offer::Market;
use crate::bidder::profile::{answer_currency, beyond_limits};
use crate::bidder::search::{RequestWide, Search};
use crate::bidder::{Awaited, Lesson, NoBidReason, Plan, Snapshot};
use crate::budget::Held;
use crate::campaign::{Advertiser, Arm, Campaign, Creative, Exchange, LineItem};
use crate::creative::{Disclosure, Placement};
use crate::frequency::Seen;
use crate::geo::Located;
use crate::learning::Ad;
use crate::notice::Ticket;
use crate::openrtb::{BidRequest, Deal, Imp};
use crate::pricing::Steps;
use crate::privacy::Permissions;
use crate::supply::judge;
use crate::targeting::{Known, Scene};
use crate::units::{Currency, HouseholdKey, UnixMillis, UserKey};

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
    /// Their household, where that lets us know and a cap asks.
    pub household: Option<HouseholdKey>,
    /// What our audience store knows of the user.
    pub profile: &'u Profile,
    /// What the user and the household were shown.
    pub seen: Seen<'u>,
    /// What the user agent says; `None` if it was not read.
    pub agent: Option<Agent>,
    /// Where the device is by its address, as far as that may be read; `None` if nobody knows.
    pub located: Option<&'a Located<'a>>,
    /// True if our own notices are https: without, an impression that is `secure` is not bid on.
    pub secure: bool,
    /// Now.
    pub now: UnixMillis,
}

impl Ask<'_, '_> {
    /// Whom experiments are made with: the person, where both is permitted, to know and to measure. Anybody else is in no
    /// arm, and is not held out.
    #[must_use]
    pub fn subject(&self) -> Option<UserKey> {
        self.user.filter(|_| self.permissions.measure)
    }

    /// What targeting may see of the request.
    pub(in crate::bidder) fn scene<'s>(&'s self, plan: &'s Plan) -> Scene<'s> {
        let known = Known {
            person: self.permissions.personalise.then_some(self.profile),
            precise: self.permissions.locate,
            agent: self.agent,
            located: self.located,
        };
        Scene::of(plan.index.vocabulary(), self.request, self.exchange.id, known, self.now)
    }

    /// What a bid must tell of who is behind the ad. Whoever is known is profiled: by segments, or by what was
    /// shown before.
    pub(in crate::bidder) fn disclosure(&self) -> Option<Disclosure> {
        let is_known = self.user.is_some() || self.household.is_some();
        Disclosure::wanted(&self.request.regs.dsa, is_known || self.permissions.personalise)
    }
}

/// What to answer.
#[derive(Debug)]
pub struct Decision<'a> {
    /// The currency of all bids.
    pub currency: Currency,
    /// The bids; each holds its worst case, and gives it back if it is dropped.
    pub bids: SmallVec<[Chosen<'a>; 4]>,
    /// Why there is none, if there is none.
    pub reason: NoBidReason,
    /// The campaigns that hold people out and would bid here, each once: it is known then what comes of both groups.
    pub enrolled: SmallVec<[Enrolled<'a>; 2]>,
}

/// The person became part of a campaign's experiment: it was ready to bid.
///
/// Both groups are told at the same step of the decision, so that they differ by nothing but chance.
#[derive(Debug, Clone, Copy)]
pub struct Enrolled<'a> {
    /// Which campaign.
    pub campaign: &'a Campaign,
    /// True if the person is held out: its bid is not among [`Decision::bids`].
    pub held_out: bool,
}

/// One bid.
#[derive(Debug)]
pub struct Chosen<'a> {
    /// On what.
    pub imp: &'a Imp<'a>,
    /// Who.
    pub advertiser: &'a Advertiser,
    /// Of which campaign.
    pub campaign: &'a Campaign,
    /// Which line item.
    pub line_item: &'a LineItem,
    /// Its place in the order of value.
    pub row: usize,
    /// The arm of the line item that the person is in.
    pub arm: Option<&'a Arm>,
    /// With what.
    pub creative: &'a Creative,
    /// Shown how.
    pub placement: Placement<'a>,
    /// On which deal.
    pub deal: Option<&'a Deal<'a>>,
    /// What it must tell of who is behind the ad, if anything.
    pub disclosure: Option<Disclosure>,
    /// What is reserved for it, in the campaign's currency: given back if the bid is dropped.
    pub held: Held<'a>,
    /// What it is expected to take from the budgets that pace it: they are told if it is dropped.
    pub awaited: Awaited<'a>,
    /// What its outcome will teach.
    pub lesson: Lesson,
    /// What the bid says of itself, the price included.
    pub ticket: Ticket,
}

impl Chosen<'_> {
    /// What of it is learnt from beside the request.
    #[must_use]
    pub fn ad(&self) -> Ad {
        let (bid, size) = (&self.ticket.bid, self.placement.size());
        Ad {
            medium: self.placement.medium(),
            size: (size != (0, 0)).then_some(size),
            deal: bid.deal,
            advertiser: bid.advertiser,
            campaign: bid.campaign,
            line_item: bid.line_item,
            creative: bid.creative,
        }
    }

    /// The bid is sent: its money stays held, and its outcome is waited for.
    pub fn keep(&mut self) {
        self.held.keep();
        self.awaited.keep();
    }
}

/// Sees every line item that was looked at and turned down.
pub trait Witness {
    /// `line_item` (an index into the catalog) does not bid on `imp`, because of `reason`.
    fn declined(&mut self, imp: &Imp<'_>, line_item: usize, reason: NoBidReason);

    /// The price of `line_item` on `imp` was worked out in these `steps`, down to a bid or to where it failed.
    fn priced(&mut self, imp: &Imp<'_>, line_item: usize, steps: &Steps);
}

/// Nobody looks.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Witness for Silent {
    fn declined(&mut self, _: &Imp<'_>, _: usize, _: NoBidReason) {}
    fn priced(&mut self, _: &Imp<'_>, _: usize, _: &Steps) {}
}

/// Decides on every impression of a request. On each at most one bid in the open auction and one on each deal,
/// so that none suppresses another (OpenRTB 2.6, 7.3); in a dynamic pod as many as fill it best.
pub fn decide<'a>(
    snapshot: &'a Snapshot,
    ask: &Ask<'a, '_>,
    random: &mut impl Rng,
    witness: &mut impl Witness,
) -> Decision<'a> {
    let mut decision = Decision {
        currency: Currency::USD,
        bids: SmallVec::new(),
        reason: NoBidReason::NoImpression,
        enrolled: SmallVec::new(),
    };
    match admitted(snapshot, ask) {
        Ok(currency) => decision.currency = currency,
        Err(reason) => {
            decision.reason = reason;
            return decision;
        }
    }
    let mut scene = ask.scene(&snapshot.plan);
    let mut request_wide = RequestWide::default();
    for imp in ask.request.imp {
        scene.look_at(imp);
        let market = Market { snapshot, ask, imp, currency: decision.currency };
        let mut search = Search::new(market, &scene, &mut request_wide, &mut decision.bids, witness);
        let furthest = search.run(random);
        if furthest.rank() >= decision.reason.rank() {
            decision.reason = furthest;
        }
    }
    decision.enrolled = request_wide.enrolled;
    for dropped in beyond_limits(ask.exchange, &mut decision.bids) {
        let line_item = snapshot.plan.rows[dropped.row].line_item as usize;
        witness.declined(dropped.imp, line_item, NoBidReason::LimitExceeded);
        decision.reason = NoBidReason::LimitExceeded;
    }
    decision
}

/// The currency to bid in, if the request as a whole may be bid on.
fn admitted(snapshot: &Snapshot, ask: &Ask<'_, '_>) -> Result<Currency, NoBidReason> {
    let (request, exchange) = (ask.request, ask.exchange);
    if !exchange.is_ready() {
        return Err(NoBidReason::ExchangeNotReady);
    }
    let currency =
        answer_currency(request, exchange, &snapshot.plan.rates).ok_or(NoBidReason::CurrencyUnknown)?;
    if !admits_seat(request, exchange) {
        return Err(NoBidReason::SeatRefused);
    }
    if let Some(refused) = ask.permissions.refused() {
        return Err(NoBidReason::PrivacyRefuses(refused));
    }
    judge(&request.source, &request.channel, &exchange.supply, &snapshot.plan.supply)
        .map_err(NoBidReason::SupplyRefused)?;
    Ok(currency)
}
