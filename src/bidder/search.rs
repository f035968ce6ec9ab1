//! The search for the bids on one impression: candidates from the index, best value first, each held
//! against the request until the impression has what it can get.

use rand::{Rng, RngExt as _};
use smallvec::SmallVec;

use crate::bidder::case::Candidate;
use crate::bidder::decide::{Chosen, Enrolled, Witness};
use crate::bidder::heard::Heard;
use crate::bidder::insight::{Insight, Show};
use crate::bidder::lists::Lists;
use crate::bidder::offer::{Market, Offer};
use crate::bidder::pod::{Pods, Room, filling_order, is_dynamic, pod_of};
use crate::bidder::profile;
use crate::bidder::{NoBidReason, Snapshot};
use crate::campaign::{Advertiser, Arm, Campaign, Creative, Factor, FrequencyCap, LineItem};
use crate::creative::fit;
use crate::frequency::{Exposure, Level, caps_above, caps_of, first_exceeded};
use crate::openrtb::{Channel, Deal, Imp, MediaType};
use crate::pricing::Steps;
use crate::targeting::{Rows, Scene};
use crate::units::{BidId, Multiplier, limits};

/// What the impressions of one request share: candidates are counted over all, long lists are sorted once, and
/// slots of one pod know each other.
#[derive(Default)]
pub(in crate::bidder) struct RequestWide<'a> {
    looked_at: usize,
    lists: Lists<'a>,
    pods: Pods<'a>,
    /// What the bids of the answer count as under frequency caps.
    shown: SmallVec<[Exposure; 4]>,
    /// Whose experiments the person became part of.
    pub(in crate::bidder) enrolled: SmallVec<[Enrolled<'a>; 2]>,
}

impl<'a> RequestWide<'a> {
    /// True if the person was found to be held out of `campaign`.
    fn is_held_out(&self, campaign: &Campaign) -> bool {
        self.enrolled.iter().any(|enrolled| enrolled.held_out && enrolled.campaign.id == campaign.id)
    }

    /// The person becomes part of the experiment of `campaign`, once.
    fn enrol(&mut self, campaign: &'a Campaign, held_out: bool) {
        if self.enrolled.iter().all(|enrolled| enrolled.campaign.id != campaign.id) {
            self.enrolled.push(Enrolled { campaign, held_out });
        }
    }
}

/// What is searched for at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Ads for the dynamic pod of that medium, on deals and in the open auction.
    Pod(MediaType),
    /// One ad for each guaranteed deal: the seller counts on it.
    Guaranteed,
    /// One ad for each deal, up to a number.
    Deals,
    /// One ad in the open auction.
    Open,
}

/// True if `imp` offers a medium that is no dynamic pod.
fn offers_a_slot(imp: &Imp<'_>) -> bool {
    let played = [(imp.video.is_some(), MediaType::Video), (imp.audio.is_some(), MediaType::Audio)];
    imp.banner.is_some()
        || imp.native.is_some()
        || played.into_iter().any(|(offered, medium)| offered && !is_dynamic(imp, medium))
}

/// The search on one impression.
pub(in crate::bidder) struct Search<'a, 'u, 's, W> {
    market: Market<'a, 'u, 's>,
    scene: &'s Scene<'s>,
    request_wide: &'s mut RequestWide<'a>,
    /// The answer's bids; those from `first` on are on this impression.
    bids: &'s mut SmallVec<[Chosen<'a>; 4]>,
    first: usize,
    witness: &'s mut W,
    furthest: NoBidReason,
    stage: Stage,
    /// What budgets are told of the impression.
    heard: Heard,
    insight: Insight,
}

/// Line items that are held against each other by their predicted chances: more cost more time than they bring.
const PREDICTED_MAX: usize = 4;
/// With fewer candidates left for the request, each impression has its first one: holding several against each other
/// would leave the last impressions of a long request without any.
const SPARE_MIN: usize = limits::CANDIDATES_OF_REQUEST_MAX / 4;

/// `None` is the open auction.
type Deals<'a> = SmallVec<[Option<&'a Deal<'a>>; 4]>;

impl<'a, 'u, 's, W: Witness> Search<'a, 'u, 's, W> {
    pub(in crate::bidder) fn new(
        market: Market<'a, 'u, 's>,
        scene: &'s Scene<'s>,
        request_wide: &'s mut RequestWide<'a>,
        bids: &'s mut SmallVec<[Chosen<'a>; 4]>,
        witness: &'s mut W,
    ) -> Self {
        let first = bids.len();
        let (furthest, stage) = (NoBidReason::NoMatch, Stage::Open);
        let heard = Heard::default();
        let insight = Insight::default();
        Self { market, scene, request_wide, bids, first, witness, furthest, stage, heard, insight }
    }

    /// Adds the bids on this impression. Gives the reason that the line item came to which got furthest
    /// without one.
    pub(in crate::bidder) fn run(&mut self, random: &mut impl Rng) -> NoBidReason {
        let imp = self.market.imp;
        if imp.secure == Some(true) && !self.market.ask.secure {
            return NoBidReason::NotSecure;
        }
        if imp.multiplier != Multiplier::ONE && !matches!(self.market.ask.request.channel, Channel::Dooh(_)) {
            return NoBidReason::MultipliedElsewhere;
        }
        self.heard = Heard::drawn(random);
        for medium in [MediaType::Video, MediaType::Audio] {
            if let Some(pod) = pod_of(imp, medium).filter(|pod| pod.poddur.is_some()) {
                self.stage = Stage::Pod(medium);
                self.fill(Room::of(&pod), random);
            }
        }
        let live = &self.market.snapshot.live;
        if offers_a_slot(imp) {
            if imp.deals.iter().any(|deal| deal.guar) {
                self.stage = Stage::Guaranteed;
                self.bid_on(&live.on_deals, imp.deals.len(), random);
            }
            if !imp.deals.is_empty() {
                self.stage = Stage::Deals;
                self.bid_on(&live.on_deals, limits::DEAL_BIDS_OF_IMP_MAX, random);
            }
            if !imp.private_auction {
                self.stage = Stage::Open;
                self.bid_openly(&live.open, random);
            }
        }
        if imp.private_auction {
            self.leave_out(&live.open, NoBidReason::DealsOnly);
        }
        let heard = std::mem::take(&mut self.heard);
        heard.tell(self.market.snapshot, self.scene, !imp.private_auction, random);
        self.furthest
    }

    /// Bids with the best of `rows`, up to `most` of them.
    fn bid_on(&mut self, rows: &'a Rows, most: usize, random: &mut impl Rng) {
        let snapshot: &'a Snapshot = self.market.snapshot;
        let mut left = most;
        for row in snapshot.best(self.scene, self.market.ask.subject(), rows) {
            if left == 0 || !self.looks_at_one_more() {
                break;
            }
            if !self.has_creative(row) {
                continue;
            }
            match self.consider(row, random).and_then(|offer| self.take(&offer)) {
                Ok(()) => left -= 1,
                Err(reason) => self.decline(row, reason),
            }
        }
    }

    /// Bids with the best of `rows` in the open auction. Rows stand in the order of what they bid before chances are
    /// predicted; where they are, the best few are held against each other by what they bid with that.
    fn bid_openly(&mut self, rows: &'a Rows, random: &mut impl Rng) {
        let snapshot: &'a Snapshot = self.market.snapshot;
        let mut candidates = snapshot.best(self.scene, self.market.ask.subject(), rows);
        let mut offers: SmallVec<[Offer<'a>; 1]> = SmallVec::new();
        loop {
            let next = if offers.len() < self.held_max() { candidates.next() } else { None };
            if let Some(row) = next.filter(|_| self.looks_at_one_more()) {
                match self.has_creative(row).then(|| self.consider(row, random)) {
                    Some(Ok(offer)) => offers.push(offer),
                    Some(Err(reason)) => self.decline(row, reason),
                    None => {}
                }
                continue;
            }
            if offers.is_empty() {
                return;
            }
            offers.sort_by_key(|offer| std::cmp::Reverse(offer.worth()));
            let mut is_taken = false;
            for offer in offers.drain(..) {
                let outcome = if is_taken { Err(NoBidReason::Outbid) } else { self.take(&offer) };
                match outcome {
                    Ok(()) => is_taken = true,
                    Err(reason) => self.decline(offer.row, reason),
                }
            }
            if is_taken {
                return;
            }
        }
    }

    /// How many line items are held against each other.
    fn held_max(&self) -> usize {
        let left = limits::CANDIDATES_OF_REQUEST_MAX.saturating_sub(self.request_wide.looked_at);
        let predicts = self.market.snapshot.learned.model.is_some();
        if predicts && left >= SPARE_MIN { PREDICTED_MAX } else { 1 }
    }

    /// Fills a dynamic pod with what is worth most together.
    fn fill(&mut self, mut room: Room, random: &mut impl Rng) {
        let snapshot: &'a Snapshot = self.market.snapshot;
        let live = &snapshot.live;
        let mut offers: SmallVec<[Offer<'a>; 4]> = SmallVec::new();
        let open = (!self.market.imp.private_auction).then_some(&live.open);
        for rows in [Some(&live.on_deals), open].into_iter().flatten() {
            for row in snapshot.best(self.scene, self.market.ask.subject(), rows) {
                if offers.len() == limits::POD_OFFERS_MAX || !self.looks_at_one_more() {
                    break;
                }
                if !self.has_creative(row) {
                    continue;
                }
                match self.consider(row, random) {
                    Ok(offer) => offers.push(offer),
                    Err(reason) => self.decline(row, reason),
                }
            }
        }
        filling_order(&mut offers, room);
        for offer in &offers {
            if !room.holds(offer) {
                self.decline(offer.row, NoBidReason::PodTaken);
                continue;
            }
            match self.take(offer) {
                Ok(()) => room.take(offer),
                Err(reason) => self.decline(offer.row, reason),
            }
        }
    }

    /// True if the line item of `row` has a creative for the stage; only an imp that offers a dynamic pod beside
    /// something else leaves one out.
    fn has_creative(&self, row: usize) -> bool {
        let plan = &self.market.snapshot.plan;
        let creatives = plan.line_item(row).creatives_of(self.arm(row)).iter();
        creatives.map(|at| &plan.catalog.creatives[*at]).any(|creative| self.is_of_stage(creative))
    }

    /// The arm of the line item of `row` that the person is in.
    fn arm(&self, row: usize) -> Option<&'a Arm> {
        let snapshot: &'a Snapshot = self.market.snapshot;
        snapshot.plan.arm(row, self.market.ask.subject().as_ref())
    }

    fn is_of_stage(&self, creative: &Creative) -> bool {
        let medium = creative.content.medium();
        match self.stage {
            Stage::Pod(of) => medium == of,
            Stage::Guaranteed | Stage::Deals | Stage::Open => !is_dynamic(self.market.imp, medium),
        }
    }

    fn looks_at_one_more(&mut self) -> bool {
        self.request_wide.looked_at += 1;
        self.request_wide.looked_at <= limits::CANDIDATES_OF_REQUEST_MAX
    }

    fn decline(&mut self, row: usize, reason: NoBidReason) {
        if reason.rank() > self.furthest.rank() && reason != NoBidReason::Outbid {
            self.furthest = reason;
        }
        if reason != NoBidReason::Outbid || self.stage != Stage::Guaranteed {
            // After the guaranteed deals the same line items are asked for the others.
            self.heard.declined(row, reason);
        }
        let line_item = self.market.snapshot.plan.rows[row].line_item as usize;
        self.witness.declined(self.market.imp, line_item, reason);
    }

    /// Declines the line items of `rows` that fit, without a closer look.
    fn leave_out(&mut self, rows: &'a Rows, reason: NoBidReason) {
        let plan = &self.market.snapshot.plan;
        for row in plan.index.search(self.scene, rows, 0).take(limits::CANDIDATES_MAX) {
            self.decline(row, reason);
        }
    }

    /// Makes a bid of `offer`, if it may stand beside what is chosen and its money can be reserved.
    fn take(&mut self, offer: &Offer<'a>) -> Result<(), NoBidReason> {
        if !self.request_wide.pods.admits(offer) {
            return Err(NoBidReason::PodTaken);
        }
        if !self.request_wide.shown.is_empty() {
            // The ads of a pod are offered together, each without the others.
            self.keep_caps(&offer.caps())?;
        }
        let requests = u32::from(!self.heard.is_told(offer.row));
        let chosen = self.market.reserve(offer, (&self.insight, self.scene), requests)?;
        self.heard.told(offer.row);
        if offer.campaign.holdout.is_some() && self.holds_out(offer) {
            // A ghost bid: all went as for everybody, and nothing is sent. Dropped, it gives back what it holds.
            return Err(NoBidReason::HeldOut);
        }
        self.request_wide.pods.note(offer);
        self.request_wide.shown.push(Exposure {
            bid: chosen.ticket.bid.id,
            creative: offer.creative.id,
            line_item: offer.line_item.id,
            campaign: offer.campaign.id,
            advertiser: offer.advertiser.id,
        });
        self.bids.push(chosen);
        Ok(())
    }

    /// True if the person is held out of the campaign of `offer`. Either way they are part of its experiment from now on:
    /// it was ready to bid.
    fn holds_out(&mut self, offer: &Offer<'a>) -> bool {
        let Some(subject) = self.market.ask.subject() else { return false };
        let held_out = self.market.snapshot.plan.holds_out(offer.line_item.campaign, &subject);
        self.request_wide.enrol(offer.campaign, held_out);
        held_out
    }

    /// Whether one more impression keeps `caps`, the other bids of the answer counted as shown.
    fn keep_caps(&self, caps: &[(Level, &[FrequencyCap])]) -> Result<(), NoBidReason> {
        let ask = self.market.ask;
        match first_exceeded(caps, ask.seen, &self.request_wide.shown, ask.now) {
            None => Ok(()),
            Some(exceeded) if exceeded.is_reached => Err(NoBidReason::FrequencyCapped(exceeded.counted)),
            Some(exceeded) => Err(NoBidReason::ViewerUnknown(exceeded.counted)),
        }
    }

    /// What one line item offers, nothing reserved; or why it does not.
    fn consider(&mut self, row: usize, random: &mut impl Rng) -> Result<Offer<'a>, NoBidReason> {
        let plan: &'a _ = &*self.market.snapshot.plan;
        let ask = self.market.ask;
        let line_item = plan.line_item(row);
        let campaign = plan.campaign(line_item);
        if self.request_wide.is_held_out(campaign) {
            return Err(NoBidReason::HeldOut);
        }
        let advertiser = &plan.catalog.advertisers[campaign.advertiser];
        let deals = self.deals_for(line_item, advertiser)?;
        if let Some(block) = self.request_wide.lists.advertiser_block(ask.request, advertiser) {
            return Err(block);
        }
        self.keep_caps(&caps_above(line_item, campaign, advertiser))?;
        let (subject, arm) = (ask.subject(), self.arm(row));
        let factor = plan.factor(row, self.scene, subject.as_ref());
        if factor == Factor::ZERO {
            return Err(NoBidReason::MultipliedByZero);
        }
        let candidate = Candidate { row, arm, factor, id: BidId::mint(ask.now, random.random()) };
        self.offer_of(&candidate, &deals, random)
    }

    /// The deals that a line item may bid on in this stage, guaranteed ones first; the open auction if it has none.
    ///
    /// Outside of pods a deal takes one bid, and a line item makes one: those that have theirs are left out.
    fn deals_for(&mut self, line_item: &LineItem, advertiser: &Advertiser) -> Result<Deals<'a>, NoBidReason> {
        let imp = self.market.imp;
        if line_item.deals.is_empty() {
            return Ok(SmallVec::from_slice(&[None]));
        }
        let exchange = self.market.ask.exchange;
        let lists = &mut self.request_wide.lists;
        let is_agreed = |deal: &&'a Deal<'a>| line_item.deals.iter().any(|agreed| agreed.slug == deal.id);
        let mut deals: Deals<'a> = imp
            .deals
            .iter()
            .filter(is_agreed)
            .filter(|deal| lists.admit_deal(deal, exchange, advertiser))
            .map(Some)
            .collect();
        if deals.is_empty() {
            return Err(NoBidReason::DealNotOffered);
        }
        if !matches!(self.stage, Stage::Pod(_)) {
            let taken = &self.bids[self.first..];
            let has_bid = taken.iter().any(|chosen| chosen.line_item.id == line_item.id);
            let guaranteed_only = self.stage == Stage::Guaranteed;
            deals.retain(|deal| {
                deal.is_some_and(|deal| {
                    (deal.guar || !guaranteed_only)
                        && taken.iter().all(|chosen| chosen.deal.is_none_or(|other| other.id != deal.id))
                })
            });
            if deals.is_empty() || has_bid {
                return Err(NoBidReason::Outbid);
            }
        }
        deals.sort_by_key(|deal| deal.is_none_or(|deal| !deal.guar));
        Ok(deals)
    }

    /// What `candidate` offers with the first creative that fits and reaches a floor, each of them with the
    /// same chance to be tried first.
    fn offer_of(
        &mut self,
        candidate: &Candidate<'a>,
        deals: &[Option<&'a Deal<'a>>],
        random: &mut impl Rng,
    ) -> Result<Offer<'a>, NoBidReason> {
        let line_item = self.market.snapshot.plan.line_item(candidate.row);
        let creatives = line_item.creatives_of(candidate.arm);
        let count = creatives.len();
        let first = if count > 1 { self.first_creative(line_item, creatives, random) } else { 0 };
        let mut refused = NoBidReason::NoMatch;
        for at in (first..count).chain(0..first) {
            let creative = &self.market.snapshot.plan.catalog.creatives[creatives[at]];
            if !self.is_of_stage(creative) {
                continue;
            }
            match self.offer_with(candidate, creatives[at], deals) {
                Ok(offer) => return Ok(offer),
                Err(reason) if reason.rank() >= refused.rank() => refused = reason,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    /// Which of these `creatives` of `line_item` is tried first: one that is likely to be the best, else any.
    fn first_creative(&self, line_item: &LineItem, creatives: &[usize], random: &mut impl Rng) -> usize {
        let snapshot = self.market.snapshot;
        let ids = creatives.iter().map(|at| snapshot.plan.catalog.creatives[*at].id);
        // Trying costs money, of which a campaign has a share: beyond it the best so far is shown.
        let exploration = snapshot.money.rhythms.exploration(line_item.campaign);
        let may_try = exploration.lets_compare();
        let likely = snapshot.learned.creative(line_item, ids, may_try.then_some(|| random.random()));
        likely.unwrap_or_else(|| random.random_range(0..creatives.len()))
    }

    /// What `candidate` offers with one creative, an index into the catalog.
    fn offer_with(
        &mut self,
        candidate: &Candidate<'a>,
        creative: usize,
        deals: &[Option<&'a Deal<'a>>],
    ) -> Result<Offer<'a>, NoBidReason> {
        let request = self.market.ask.request;
        let creative = &self.market.snapshot.plan.catalog.creatives[creative];
        if let Some(unwanted) = profile::creative_block(self.market.ask.exchange, creative) {
            return Err(unwanted);
        }
        if let Some(block) = self.request_wide.lists.creative_block(request, creative) {
            return Err(block);
        }
        let placement = fit(creative, self.market.imp).map_err(NoBidReason::Misfit)?;
        if let Some(disclosure) = self.market.ask.disclosure() {
            disclosure.fits(&placement).map_err(NoBidReason::Misfit)?;
        }
        self.keep_caps(&caps_of(creative))?;
        let line_item = self.market.snapshot.plan.line_item(candidate.row);
        let show = Show { line_item, creative, placement: &placement, deal: None };
        let mut steps = Steps::default();
        let offer = self.market.offer(candidate, &show, deals, &self.insight, &mut steps);
        let line_item = self.market.snapshot.plan.rows[candidate.row].line_item as usize;
        self.witness.priced(self.market.imp, line_item, &steps);
        offer
    }
}
