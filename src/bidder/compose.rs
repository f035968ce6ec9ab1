//! From a decision to the bytes of the answer: signed links, markup, response.

use std::borrow::Cow;
use std::fmt::Write as _;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use crate::bidder::Chosen;
use crate::campaign::Exchange;
use crate::creative::{self, Disclosure, Links, Serving};
use crate::notice::{self, Keys, NoticeKind};
use crate::openrtb::{self, Bid, BidDsa, BidResponse};
use crate::units::Currency;

/// Room for the longest text of most bids, VAST with its links.
const TEXT_BYTES: usize = 8_192;

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

    /// The same, but signing with `keys`.
    #[must_use]
    pub fn with_keys(&self, keys: Keys) -> Self {
        Self { keys, base: self.base.clone() }
    }

    /// The keys, to verify what comes back.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The domain of our public address, which stands for us where the choice of an ad is explained.
    fn domain(&self) -> &str {
        let host = self.base.split_once("://").map_or(self.base.as_str(), |(_, rest)| rest);
        host.split(['/', ':']).next().unwrap_or_default()
    }

    /// True if our notices are https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.base.starts_with("https://")
    }

    fn write_address(&self, kind: NoticeKind, chosen: &Chosen<'_>, exchange: &Exchange, out: &mut String) {
        notice::write_address(&self.keys, kind, &chosen.ticket, &self.base, &exchange.price.name, out);
    }
}

/// True if the markup of `chosen` is not longer than `exchange` takes. Costs nothing where there is no limit.
#[must_use]
pub fn markup_fits(composer: &Composer, exchange: &Exchange, chosen: &Chosen<'_>) -> bool {
    let Some(most) = exchange.limits.markup_bytes else { return true };
    let address = |kind| {
        let mut out = String::new();
        composer.write_address(kind, chosen, exchange, &mut out);
        out
    };
    let (click, view) = (address(NoticeKind::Click), address(NoticeKind::View));
    let impression = chosen.ticket.is_billed_by(NoticeKind::Impression);
    let impression = impression.then(|| address(NoticeKind::Impression));
    let play = if chosen.placement.is_played() { address(NoticeKind::Play) } else { String::new() };
    let (id, impression) = (chosen.ticket.bid.id, impression.as_deref());
    let links = Links { bid: id, click: &click, view: &view, play: &play, impression };
    let mut markup = String::new();
    write_markup(chosen, links, &mut markup);
    markup.len() <= most as usize
}

fn write_markup(chosen: &Chosen<'_>, links: Links<'_>, out: &mut String) {
    let serving = Serving {
        advertiser: chosen.advertiser,
        campaign: &chosen.campaign.slug,
        links,
        discloses: chosen.disclosure.is_some_and(|told| told.in_markup),
    };
    creative::write(&chosen.placement, &serving, out);
}

/// Appends the response to `request_id` with `bids`, of which there is at least one, all in `currency`, as
/// `exchange` wants it.
pub fn compose(
    composer: &Composer,
    request_id: &str,
    exchange: &Exchange,
    currency: Currency,
    bids: &[Chosen<'_>],
    arena: &Bump,
    out: &mut Vec<u8>,
) {
    let mut text = String::with_capacity(TEXT_BYTES);
    let mut wire = BumpVec::with_capacity_in(bids.len(), arena);
    wire.extend(bids.iter().map(|chosen| bid(composer, exchange, chosen, &mut text, arena)));
    let bidid = wire.first().map_or(Cow::Borrowed(""), |first| first.id.clone());
    let response =
        BidResponse { id: request_id, bidid, cur: currency, seat: exchange.seat.as_deref(), bid: &wire };
    openrtb::write(&response, out);
}

/// Every text of the bid is written into `text` and then kept in the arena, so that one allocation does for
/// all of them.
fn bid<'a>(
    composer: &Composer,
    exchange: &Exchange,
    chosen: &'a Chosen<'a>,
    text: &mut String,
    arena: &'a Bump,
) -> Bid<'a> {
    let ticket = &chosen.ticket;
    let creative = chosen.creative;
    let placement = &chosen.placement;
    let mut kept = |write: &dyn Fn(&mut String)| -> &'a str {
        text.clear();
        write(text);
        arena.alloc_str(text)
    };
    let mut address = |kind| kept(&|out| composer.write_address(kind, chosen, exchange, out));
    let (click, view) = (address(NoticeKind::Click), address(NoticeKind::View));
    let play = if placement.is_played() { address(NoticeKind::Play) } else { "" };
    let [nurl, burl, lurl] = [NoticeKind::Win, NoticeKind::Billing, NoticeKind::Loss].map(&mut address);
    let billed_when_shown = ticket.is_billed_by(NoticeKind::Impression);
    let impression = billed_when_shown.then(|| address(NoticeKind::Impression));
    let links = Links { bid: ticket.bid.id, click, view, play, impression };
    let adm = kept(&|out| write_markup(chosen, links, out));
    let id = kept(&|out| write!(out, "{}", ticket.bid.id).expect("a string takes everything"));
    let (w, h) = placement.size();
    let (wratio, hratio) = placement.ratio();
    // Two letters are what ISO 639-1 has; everything else is told by BCP 47.
    let (language, langb) = match creative.language.as_deref() {
        Some(language) if language.len() == 2 => (Some(language), None),
        language => (None, language),
    };
    Bid {
        id: Cow::Borrowed(id),
        impid: chosen.imp.id,
        price: ticket.price,
        adm: Cow::Borrowed(adm),
        nurl: Some(Cow::Borrowed(nurl)),
        burl: Some(Cow::Borrowed(burl)),
        // A page that shows the ad must not be able to say that it lost.
        lurl: (!billed_when_shown).then_some(Cow::Borrowed(lurl)),
        adomain: arena.alloc([chosen.advertiser.domain.as_str()]),
        bundle: creative.bundle.as_deref(),
        cid: &chosen.campaign.slug,
        crid: &creative.crid,
        iurl: creative.preview.as_deref(),
        cat: arena.alloc_slice_fill_iter(creative.categories.iter().map(String::as_str)),
        cattax: creative.coverage.taxonomy().code(),
        attr: BumpVec::from_iter_in(placement.attributes(), arena).into_bump_slice(),
        apis: BumpVec::from_iter_in(placement.apis(), arena).into_bump_slice(),
        protocol: placement.protocol(),
        qagmediarating: creative.rating.unwrap_or(0),
        language,
        langb,
        dealid: chosen.deal.map(|deal| deal.id),
        w,
        h,
        wratio,
        hratio,
        exp: u32::try_from(ticket.reserved_for.raw() / 1_000).ok(),
        dur: placement.duration(),
        mtype: placement.medium(),
        slotinpod: 0,
        dsa: chosen.disclosure.map(|told| dsa(composer, chosen, told, arena)),
    }
}

/// `ext.dsa`: names always, and by what the ad was chosen where the publisher takes it.
fn dsa<'a>(composer: &Composer, chosen: &'a Chosen<'a>, told: Disclosure, arena: &'a Bump) -> BidDsa<'a> {
    let names = &chosen.advertiser.transparency;
    let chosen_by: &[(&str, &[u32])] =
        if told.as_data { arena.alloc([(&*arena.alloc_str(composer.domain()), told.params())]) } else { &[] };
    BidDsa { behalf: &names.behalf, paid: &names.paid, transparency: chosen_by, adrender: told.in_markup }
}

#[cfg(test)]
mod tests;
