//! What the request refuses: advertisers, apps, categories, languages, seats.
//!
//! Lists are compared as exchanges send them, in whatever case and form. Where a list says what is allowed, a
//! creative that does not say what it is is not in it: without categories it is refused where `acat` stands,
//! without a language where `wlang` or `wlangb` does.

use crate::bidder::NoBidReason;
use crate::campaign::{Advertiser, Creative, Exchange};
use crate::openrtb::{BidRequest, Deal};
use crate::units::host;

/// True if the request takes bids of our seat: `wseat` holds it or is empty, and `bseat` does not hold it.
///
/// The two exclude each other; where both are sent, both must let us in. A seat that the exchange gave us no
/// name for is in no list.
pub(in crate::bidder) fn admits_seat(request: &BidRequest<'_>, exchange: &Exchange) -> bool {
    seats_admit(request.wseat, request.bseat, exchange.seat.as_deref())
}

pub(in crate::bidder) fn seats_admit(wseat: &[&str], bseat: &[&str], seat: Option<&str>) -> bool {
    let ours =
        |list: &[&str]| seat.is_some_and(|seat| list.iter().any(|listed| listed.trim() == seat.trim()));
    (wseat.is_empty() || ours(wseat)) && !ours(bseat)
}

/// True if the deal is open to our seat and the advertiser.
pub(in crate::bidder) fn admits_deal(deal: &Deal<'_>, exchange: &Exchange, advertiser: &Advertiser) -> bool {
    let domain = host(&advertiser.domain);
    seats_admit(deal.wseat, &[], exchange.seat.as_deref())
        && (deal.wadomain.is_empty() || deal.wadomain.iter().any(|allowed| covers(allowed, domain)))
}

/// The block that holds the advertiser, if any.
pub(in crate::bidder) fn advertiser_block(
    request: &BidRequest<'_>,
    advertiser: &Advertiser,
) -> Option<NoBidReason> {
    let domain = host(&advertiser.domain);
    let blocked = request.badv.iter().any(|blocked| covers(blocked, domain));
    blocked.then_some(NoBidReason::AdvertiserBlocked)
}

/// The block that holds the creative, if any.
///
/// `acat` and `bcat` exclude each other; where both are sent, both must let the creative through.
pub(in crate::bidder) fn creative_block(
    request: &BidRequest<'_>,
    creative: &Creative,
) -> Option<NoBidReason> {
    let is_listed = |bundle: &str| request.bapp.iter().any(|blocked| same_app(blocked, bundle));
    if creative.bundle.as_deref().is_some_and(is_listed) {
        return Some(NoBidReason::AppBlocked);
    }
    let coverage = &creative.coverage;
    if !coverage.is_allowed(request.acat, request.cattax) || coverage.is_blocked(request.bcat, request.cattax)
    {
        return Some(NoBidReason::CategoryBlocked);
    }
    let own = creative.language.as_deref();
    if ![request.wlang, request.wlangb].into_iter().all(|list| language_allowed(list, own)) {
        return Some(NoBidReason::LanguageNotAllowed);
    }
    None
}

/// True if `domain` (a [`host`]) is the host of `listed` or below it, whatever their case. Internationalised names
/// are compared as they are written, in punycode or not.
pub(in crate::bidder) fn covers(listed: &str, domain: &str) -> bool {
    let listed = host(listed);
    let Some(start) = domain.len().checked_sub(listed.len()) else { return false };
    !listed.is_empty()
        && domain.get(start..).is_some_and(|tail| tail.eq_ignore_ascii_case(listed))
        && (start == 0 || domain.as_bytes()[start - 1] == b'.')
}

/// True if both are the same app in a store, whatever their case: a package's name, or Apple's number with or
/// without `id` before it.
pub(in crate::bidder) fn same_app(listed: &str, own: &str) -> bool {
    store_id(listed).eq_ignore_ascii_case(store_id(own))
}

/// What names the app `text` in its store.
pub(in crate::bidder) fn store_id(text: &str) -> &str {
    let text = text.trim();
    let number = match text.get(..2) {
        Some(prefix) if prefix.eq_ignore_ascii_case("id") => &text[2..],
        _ => return text,
    };
    if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) { number } else { text }
}

/// True if a creative in the language `own` may be shown where `allowed` are the languages.
///
/// Without a list anything may; without words in it (`xx`, `zxx`) a creative may be shown anywhere.
fn language_allowed(allowed: &[&str], own: Option<&str>) -> bool {
    language_allowed_by(allowed, own, |own| allowed.iter().any(|allowed| same_language(allowed, own)))
}

/// The same, where `agrees` tells whether a language is in the list.
pub(in crate::bidder) fn language_allowed_by(
    allowed: &[&str],
    own: Option<&str>,
    agrees: impl FnOnce(&str) -> bool,
) -> bool {
    let is_wordless = |own: &str| ["xx", "zxx"].iter().any(|code| own.eq_ignore_ascii_case(code));
    allowed.is_empty() || own.is_some_and(|own| is_wordless(own) || agrees(own))
}

/// True if the tags (BCP 47, or two letters of ISO 639-1) agree as far as both go: `fr` and `fr-CA` do, `fr-FR` and
/// `fr-CA` do not. `*` is every language.
pub(in crate::bidder) fn same_language(allowed: &str, own: &str) -> bool {
    let parts = |tag| str::split(str::trim(tag), ['-', '_']);
    allowed.trim() == "*" || parts(allowed).zip(parts(own)).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

#[cfg(test)]
mod tests {
    use super::{covers, language_allowed, same_app, same_language, seats_admit};

    #[test]
    fn a_blocked_domain_covers_those_below_it_and_no_neighbour() {
        for listed in [
            "shop.example",
            "SHOP.example",
            "www.shop.example",
            " shop.example",
            "shop.example.",
            "WWW.shop.example.",
            "*.shop.example",
            "https://shop.example",
            "http://www.shop.example:8080/path?q=1",
            "shop.example/path",
        ] {
            assert!(covers(listed, "shop.example"), "{listed}");
            assert!(covers(listed, "www.shop.example"), "{listed}");
            assert!(covers(listed, "de.shop.example"), "{listed}");
            assert!(!covers(listed, "workshop.example"), "{listed}");
            assert!(!covers(listed, "example"), "{listed}");
        }
        for listed in ["", " ", ".", "www.", "https://", "*.", "é", "de.shop.example"] {
            assert!(!covers(listed, "shop.example"), "{listed}");
        }
        assert!(covers("xn--caf-dma.example", "XN--caf-dma.example"));
        assert!(!covers("café.example", "xn--caf-dma.example"));
    }

    #[test]
    fn an_app_is_known_by_its_store_id_however_it_is_written() {
        for (listed, own, want) in [
            ("com.example.game", "com.example.game", true),
            ("COM.example.Game", "com.example.game", true),
            ("com.example.game2", "com.example.game", false),
            ("123456789", "id123456789", true),
            ("ID123456789 ", "123456789", true),
            ("id12345678", "123456789", false),
            ("id.example.game", "example.game", false),
            ("id", "", false),
        ] {
            assert_eq!(same_app(listed, own), want, "{listed} {own}");
        }
    }

    #[test]
    fn languages_agree_as_far_as_both_tags_go() {
        for (allowed, own, want) in [
            ("fr-CA", "fr", true),
            ("FR", "fr_BE", true),
            ("fr-FR", "fr-CA", false),
            ("en", "fr", false),
            ("*", "fr", true),
            ("", "fr", false),
            ("fra", "fr", false),
        ] {
            assert_eq!(same_language(allowed, own), want, "{allowed} {own}");
        }
    }

    #[test]
    fn a_list_of_languages_takes_what_has_no_words_and_not_what_does_not_say() {
        for (allowed, own, want) in [
            (&["en", "fr"][..], Some("fr"), true),
            (&["en"], Some("fr"), false),
            (&["en"], Some("xx"), true),
            (&["en"], Some("zxx"), true),
            (&["xx"], Some("fr"), false),
            (&["en"], None, false),
            (&[], None, true),
            (&[], Some("fr"), true),
        ] {
            assert_eq!(language_allowed(allowed, own), want, "{allowed:?} {own:?}");
        }
    }

    #[test]
    fn both_lists_of_seats_must_let_us_in() {
        for (wseat, bseat, seat, want) in [
            (&[][..], &[][..], Some("ours"), true),
            (&["ours", "x"], &[], Some("ours"), true),
            (&["x"], &[], Some("ours"), false),
            (&[], &["ours"], Some("ours"), false),
            (&[], &["x"], Some("ours"), true),
            (&["ours"], &["ours"], Some("ours"), false),
            (&["x"], &[], None, false),
            (&[], &["x"], None, true),
        ] {
            assert_eq!(seats_admit(wseat, bseat, seat), want, "{wseat:?} {bseat:?} {seat:?}");
        }
    }
}
