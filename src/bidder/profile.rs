//! What an exchange's profile leaves out: currencies, media, creatives not reviewed, limits on answers.

use smallvec::SmallVec;

use crate::bidder::{Chosen, NoBidReason};
use crate::campaign::{Creative, Exchange, Rates};
use crate::openrtb::{BidRequest, Imp};
use crate::units::Currency;

/// The answer's currency: the first of the request's that is in our table and that the exchange takes; US
/// dollars if the request names none.
pub(in crate::bidder) fn answer_currency(
    request: &BidRequest<'_>,
    exchange: &Exchange,
    rates: &Rates,
) -> Option<Currency> {
    let fits =
        |currency: &Currency| exchange.takes(*currency) && rates.rate(Currency::EUR, *currency).is_some();
    if request.cur.is_empty() {
        return Some(Currency::USD).filter(fits);
    }
    request.cur.iter().filter_map(|code| Currency::from_code(code)).find(fits)
}

/// Why the exchange would not show the creative, if so.
pub(in crate::bidder) fn creative_block(exchange: &Exchange, creative: &Creative) -> Option<NoBidReason> {
    if !exchange.formats.allow(creative.content.medium()) {
        return Some(NoBidReason::FormatNotTaken);
    }
    if !exchange.approvals.allow(&creative.crid) {
        return Some(NoBidReason::CreativeNotApproved);
    }
    let limits = &exchange.limits;
    let crid_fits = limits.crid_bytes.is_none_or(|most| creative.crid.len() <= most as usize);
    let preview_fits = creative.preview.is_some() || !limits.preview_required;
    (!crid_fits || !preview_fits).then_some(NoBidReason::LimitExceeded)
}

/// Takes from `bids` what the exchange does not take at once: on each impression and in all, bids on guaranteed
/// deals stay before those on other deals, these before the open auction's, then higher prices before lower ones.
pub(in crate::bidder) fn beyond_limits<'a>(
    exchange: &Exchange,
    bids: &mut SmallVec<[Chosen<'a>; 4]>,
) -> SmallVec<[Chosen<'a>; 4]> {
    let mut dropped = SmallVec::new();
    let limits = &exchange.limits;
    let most = |limit: Option<u32>| limit.map_or(usize::MAX, |limit| limit as usize);
    let (in_all, on_one) = (most(limits.bids), most(limits.bids_per_imp));
    if limits.bids.is_none() && limits.bids_per_imp.is_none() {
        return dropped;
    }
    loop {
        let of_imp = |imp: &Imp<'_>| bids.iter().filter(|chosen| std::ptr::eq(chosen.imp, imp)).count();
        let crowded = |chosen: &Chosen<'_>| bids.len() > in_all || of_imp(chosen.imp) > on_one;
        let least = (0..bids.len()).filter(|at| crowded(&bids[*at])).min_by_key(|at| {
            let chosen = &bids[*at];
            let guaranteed = chosen.deal.is_some_and(|deal| deal.guar);
            (guaranteed, chosen.deal.is_some(), chosen.ticket.price, std::cmp::Reverse(*at))
        });
        let Some(least) = least else { return dropped };
        dropped.push(bids.remove(least));
    }
}
