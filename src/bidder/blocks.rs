//! What the request refuses: advertisers, apps, categories, languages, seats.

use crate::campaign::{Advertiser, Creative, Exchange};
use crate::openrtb::{BidRequest, Deal};

use crate::bidder::NoBidReason;

/// True if the request takes bids of our seat. A seat that the exchange gave us no name for is only
/// refused where seats are listed at all.
pub(in crate::bidder) fn admits_seat(request: &BidRequest<'_>, exchange: &Exchange) -> bool {
    let ours = |list: &[&str]| exchange.seat.as_deref().is_some_and(|seat| list.contains(&seat));
    (request.wseat.is_empty() || ours(request.wseat)) && !ours(request.bseat)
}

/// True if the deal is open to our seat and the advertiser.
pub(in crate::bidder) fn admits_deal(deal: &Deal<'_>, exchange: &Exchange, advertiser: &Advertiser) -> bool {
    let seat = exchange.seat.as_deref();
    let seated = deal.wseat.is_empty() || seat.is_some_and(|seat| deal.wseat.contains(&seat));
    seated
        && (deal.wadomain.is_empty()
            || deal.wadomain.iter().any(|allowed| covers(allowed, &advertiser.domain)))
}

/// The block that holds the advertiser, if any.
pub(in crate::bidder) fn advertiser_block(
    request: &BidRequest<'_>,
    advertiser: &Advertiser,
) -> Option<NoBidReason> {
    let blocked = request.badv.iter().any(|blocked| covers(blocked, &advertiser.domain));
    blocked.then_some(NoBidReason::AdvertiserBlocked)
}

/// The block that holds the creative, if any.
pub(in crate::bidder) fn creative_block(
    request: &BidRequest<'_>,
    creative: &Creative,
) -> Option<NoBidReason> {
    if creative.bundle.as_deref().is_some_and(|bundle| request.bapp.contains(&bundle)) {
        return Some(NoBidReason::AppBlocked);
    }
    if !request.acat.is_empty() {
        let allowed = |own: &String| category_listed(request.acat, own);
        if request.cattax != 1 || !creative.categories.iter().all(allowed) || creative.categories.is_empty() {
            return Some(NoBidReason::CategoryBlocked);
        }
    }
    if !request.bcat.is_empty() {
        // Our categories are in taxonomy 1. Without a mapping, a block in another may mean any of them.
        let mapped = request.cattax == 1;
        if !mapped || creative.categories.iter().any(|own| category_listed(request.bcat, own)) {
            return Some(NoBidReason::CategoryBlocked);
        }
    }
    let language_fits = |language: &str| {
        [request.wlang, request.wlangb]
            .into_iter()
            .all(|list| list.is_empty() || list.iter().any(|allowed| same_language(allowed, language)))
    };
    // `xx` has nothing to read or hear, so it speaks every language (bid.language, 4.2.3).
    if creative.language.as_deref().is_some_and(|language| language != "xx" && !language_fits(language)) {
        return Some(NoBidReason::LanguageNotAllowed);
    }
    None
}

/// True if `own` is listed, or a parent of it is (`IAB25` covers `IAB25-3`).
fn category_listed(listed: &[&str], own: &str) -> bool {
    listed.iter().any(|listed| {
        own.get(..listed.len()).is_some_and(|head| head.eq_ignore_ascii_case(listed))
            && matches!(own.as_bytes().get(listed.len()), None | Some(b'-'))
    })
}

/// True if `domain` (lower case) is `listed` or a domain below it.
fn covers(listed: &str, domain: &str) -> bool {
    let listed = listed.trim();
    let listed = listed.get(..4).filter(|w| w.eq_ignore_ascii_case("www.")).map_or(listed, |_| &listed[4..]);
    let Some(start) = domain.len().checked_sub(listed.len()) else { return false };
    !listed.is_empty()
        && domain.get(start..).is_some_and(|tail| tail.eq_ignore_ascii_case(listed))
        && (start == 0 || domain.as_bytes()[start - 1] == b'.')
}

/// True if the languages agree up to the shorter of both tags (`fr` and `fr-CA`).
fn same_language(allowed: &str, own: &str) -> bool {
    primary_tag(allowed).eq_ignore_ascii_case(primary_tag(own))
}

fn primary_tag(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{category_listed, covers, same_language};

    #[test]
    fn a_blocked_domain_covers_those_below_it_and_no_neighbour() {
        for listed in ["shop.example", "SHOP.example", "www.shop.example", " shop.example"] {
            assert!(covers(listed, "shop.example"), "{listed}");
            assert!(covers(listed, "de.shop.example"), "{listed}");
            assert!(!covers(listed, "workshop.example"), "{listed}");
        }
        assert!(!covers("", "shop.example"));
        assert!(!covers("é", "shop.example"));
    }

    #[test]
    fn a_blocked_category_blocks_its_children_and_no_neighbour() {
        assert!(category_listed(&["IAB25"], "IAB25-3"));
        assert!(category_listed(&["iab25-3"], "IAB25-3"));
        assert!(!category_listed(&["IAB2"], "IAB25-3"));
        assert!(!category_listed(&["IAB25-3"], "IAB25"));
    }

    #[test]
    fn languages_agree_by_their_first_part() {
        assert!(same_language("fr-CA", "fr"));
        assert!(same_language("FR", "fr_BE"));
        assert!(!same_language("en", "fr"));
    }
}
