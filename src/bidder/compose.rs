//! From a decision to the bytes of the answer: signed links, markup, response.

use std::borrow::Cow;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use crate::bidder::Chosen;
use crate::creative::{self, Links};
use crate::notice::{self, Keys, NoticeKind};
use crate::openrtb::{self, Bid, BidResponse};
use crate::units::Currency;

/// What every answer needs: the keys that sign, and our own public address.
#[derive(Debug)]
pub struct Composer {
    keys: Keys,
    base: String,
}

impl Composer {
    /// `base` is where our notices are reachable, without a slash at the end (`https://bid.example`).
    #[must_use]
    pub fn new(keys: Keys, base: String) -> Self {
        Self { keys, base }
    }

    /// The keys, to verify what comes back.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// True if our notices are https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.base.starts_with("https://")
    }

    fn url(&self, kind: NoticeKind, chosen: &Chosen<'_>) -> String {
        notice::path(&self.keys, kind, &chosen.ticket, &self.base)
    }
}

/// Appends the response to `request_id` with `bids`, of which there is at least one, all in `currency`.
pub fn compose(
    composer: &Composer,
    request_id: &str,
    seat: Option<&str>,
    currency: Currency,
    bids: &[Chosen<'_>],
    arena: &Bump,
    out: &mut Vec<u8>,
) {
    let mut wire = BumpVec::with_capacity_in(bids.len(), arena);
    wire.extend(bids.iter().map(|chosen| bid(composer, chosen, arena)));
    let bidid = bids.first().map_or_else(String::new, |first| first.ticket.bid.id.to_string());
    let response = BidResponse { id: request_id, bidid: Cow::Owned(bidid), cur: currency, seat, bid: &wire };
    openrtb::write(&response, out);
}

fn bid<'a>(composer: &Composer, chosen: &'a Chosen<'a>, arena: &'a Bump) -> Bid<'a> {
    let ticket = &chosen.ticket;
    let creative = chosen.creative;
    let (click, view) = (composer.url(NoticeKind::Click, chosen), composer.url(NoticeKind::View, chosen));
    let links = Links { bid: ticket.bid.id, click: &click, view: &view, impression: None };
    let mut adm = String::with_capacity(2_048);
    creative::write(creative, &chosen.advertiser.name, &chosen.placement, &links, &mut adm);
    let (w, h) = chosen.placement.size();
    let (wratio, hratio) = chosen.placement.ratio();
    Bid {
        id: Cow::Owned(ticket.bid.id.to_string()),
        impid: chosen.imp.id,
        price: ticket.price,
        adm: Cow::Owned(adm),
        nurl: Some(Cow::Owned(composer.url(NoticeKind::Win, chosen))),
        burl: Some(Cow::Owned(composer.url(NoticeKind::Billing, chosen))),
        lurl: Some(Cow::Owned(composer.url(NoticeKind::Loss, chosen))),
        adomain: arena.alloc([chosen.advertiser.domain.as_str()]),
        bundle: creative.bundle.as_deref(),
        cid: &chosen.campaign.slug,
        crid: &creative.crid,
        iurl: creative.preview.as_deref(),
        cat: arena.alloc_slice_fill_iter(creative.categories.iter().map(String::as_str)),
        cattax: 1,
        attr: &creative.attributes,
        apis: &[],
        protocol: chosen.placement.protocol(),
        language: creative.language.as_deref(),
        dealid: chosen.deal.map(|deal| deal.id),
        w,
        h,
        wratio,
        hratio,
        exp: u32::try_from(ticket.reserved_for.raw() / 1_000).ok(),
        dur: chosen.placement.duration(),
        mtype: chosen.placement.medium(),
    }
}
