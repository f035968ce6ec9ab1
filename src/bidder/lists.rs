//! The lists of one request, asked for each advertiser and creative that is looked at.
//!
//! Short lists are read through, as `blocks` does. Of long ones a sorted copy is made at the first question, so
//! that a request full of them costs little more than its own length, however many candidates there are.
//! Both ways give the same answers.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::bidder::NoBidReason;
use crate::bidder::blocks::{self, same_language, seats_admit, store_id};
use crate::bidder::sorted::{Sorted, by_tag, by_text};
use crate::campaign::{Advertiser, Creative, Exchange};
use crate::openrtb::{BidRequest, Deal};
use crate::taxonomy::CategorySet;
use crate::units::{domains_of, host};

/// Entries of the lists that one question reads, above which they are sorted first.
const LONG_LISTS: usize = 64;
/// The same for the lists of one deal, of which a request may have many.
const LONG_LISTS_OF_DEAL: usize = 16;

/// The sorted copies of the long lists of one request, for one exchange. Empty until asked, and for usual requests
/// ever after.
#[derive(Default)]
pub(in crate::bidder) struct Lists<'a> {
    badv: OnceCell<Sorted<'a>>,
    bapp: OnceCell<Sorted<'a>>,
    bcat: OnceCell<CategorySet>,
    acat: OnceCell<CategorySet>,
    wlang: OnceCell<Sorted<'a>>,
    wlangb: OnceCell<Sorted<'a>>,
    /// By the deal's address: to whom it is open, `None` if not to our seat.
    deals: BTreeMap<usize, Option<Sorted<'a>>>,
}

impl<'a> Lists<'a> {
    /// True if the deal is open to our seat and the advertiser.
    pub(in crate::bidder) fn admit_deal(
        &mut self,
        deal: &'a Deal<'a>,
        exchange: &Exchange,
        advertiser: &Advertiser,
    ) -> bool {
        if deal.wseat.len() + deal.wadomain.len() <= LONG_LISTS_OF_DEAL {
            return blocks::admits_deal(deal, exchange, advertiser);
        }
        let open_to = self.deals.entry(std::ptr::from_ref(deal).addr()).or_insert_with(|| {
            seats_admit(deal.wseat, &[], exchange.seat.as_deref()).then(|| domains(deal.wadomain))
        });
        open_to.as_ref().is_some_and(|open_to| deal.wadomain.is_empty() || cover(open_to, &advertiser.domain))
    }

    /// The block that holds the advertiser, if any.
    pub(in crate::bidder) fn advertiser_block(
        &self,
        request: &BidRequest<'a>,
        advertiser: &Advertiser,
    ) -> Option<NoBidReason> {
        if request.badv.len() <= LONG_LISTS {
            return blocks::advertiser_block(request, advertiser);
        }
        let badv = self.badv.get_or_init(|| domains(request.badv));
        cover(badv, &advertiser.domain).then_some(NoBidReason::AdvertiserBlocked)
    }

    /// The block that holds the creative, if any.
    pub(in crate::bidder) fn creative_block(
        &self,
        request: &BidRequest<'a>,
        creative: &Creative,
    ) -> Option<NoBidReason> {
        let categories = request.acat.len() + request.bcat.len();
        let languages = request.wlang.len() + request.wlangb.len();
        if request.bapp.len() + categories + languages <= LONG_LISTS {
            return blocks::creative_block(request, creative);
        }
        if let Some(bundle) = creative.bundle.as_deref() {
            let bapp = self.bapp.get_or_init(|| apps(request.bapp));
            if bapp.holds(store_id(bundle)) {
                return Some(NoBidReason::AppBlocked);
            }
        }
        let acat = self.acat.get_or_init(|| CategorySet::of(request.acat));
        let bcat = self.bcat.get_or_init(|| CategorySet::of(request.bcat));
        let (coverage, cattax) = (&creative.coverage, request.cattax);
        if !coverage.is_allowed_by(acat, cattax) || coverage.is_blocked_by(bcat, cattax) {
            return Some(NoBidReason::CategoryBlocked);
        }
        let own = creative.language.as_deref();
        let allows = |list: &[&str], sorted: &Sorted<'_>| {
            blocks::language_allowed_by(list, own, |own| agree(sorted, own))
        };
        let allowed = allows(request.wlang, self.wlang.get_or_init(|| tags(request.wlang)))
            && allows(request.wlangb, self.wlangb.get_or_init(|| tags(request.wlangb)));
        (!allowed).then_some(NoBidReason::LanguageNotAllowed)
    }
}

fn domains<'a>(listed: &[&'a str]) -> Sorted<'a> {
    Sorted::of(listed.iter().map(|domain| host(domain)), by_text)
}

/// True if `domain` is one of `listed` or below it. Entries without a host are passed over: no domain is empty.
fn cover(listed: &Sorted<'_>, domain: &str) -> bool {
    domains_of(host(domain)).any(|domain| listed.holds(domain))
}

fn apps<'a>(listed: &[&'a str]) -> Sorted<'a> {
    Sorted::of(listed.iter().map(|app| store_id(app)), by_text)
}

fn tags<'a>(listed: &[&'a str]) -> Sorted<'a> {
    Sorted::of(listed.iter().map(|tag| tag.trim()), by_tag)
}

/// True if one of `listed` agrees with `own` as far as both go: it is `*`, begins `own`, or is begun by it.
fn agree(listed: &Sorted<'_>, own: &str) -> bool {
    let own = own.trim();
    let mut beginnings = own.match_indices(['-', '_']).map(|(end, _)| &own[..end]);
    listed.holds("*")
        || beginnings.any(|beginning| listed.holds(beginning))
        || listed.from(own).is_some_and(|longer| same_language(longer, own))
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::seq::IndexedRandom as _;
    use rand::{Rng, RngExt as _, SeedableRng as _};

    use super::{agree, apps, cover, domains, tags};
    use crate::bidder::blocks::{covers, same_app, same_language, store_id};
    use crate::units::host;

    /// Three parts of `words` at most, so that many lists hold what they are asked for and many do not.
    fn text(words: &[&str], rng: &mut impl Rng) -> String {
        (0..rng.random_range(0..=4)).map(|_| *words.choose(rng).unwrap()).collect()
    }

    /// Holds what `long` says of random lists and texts of `words` against what `short` says of each entry.
    #[track_caller]
    fn check(words: &[&str], long: impl Fn(&[&str], &str) -> bool, short: impl Fn(&str, &str) -> bool) {
        let seed = rand::random();
        println!("seed {seed}");
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut held = 0;
        for _ in 0..20_000 {
            let listed: Vec<String> = (0..rng.random_range(0..12)).map(|_| text(words, &mut rng)).collect();
            let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
            let own = text(words, &mut rng);
            let want = listed.iter().any(|listed| short(listed, &own));
            assert_eq!(long(&listed, &own), want, "{own:?} in {listed:?}");
            held += usize::from(want);
        }
        assert!((1_000..19_000).contains(&held), "{held} lists held what they were asked for");
    }

    #[test]
    fn sorted_domains_cover_what_one_of_them_covers() {
        let words = ["a", "A", "b", ".", ".", "www.", "*.", "https://", " ", "é", ":8", "/p", "@", "-"];
        check(&words, |listed, own| cover(&domains(listed), own), |listed, own| covers(listed, host(own)));
    }

    #[test]
    fn sorted_apps_hold_what_one_of_them_is() {
        let words = ["id", "ID", "1", "23", "com", ".A", ".a", " ", "é", "_", "-"];
        check(&words, |listed, own| apps(listed).holds(store_id(own)), same_app);
    }

    #[test]
    fn sorted_languages_agree_with_what_one_of_them_agrees_with() {
        let words = ["fr", "FR", "en", "r", "-", "_", "-ca", "_CA", "*", " ", "é", "\0", "!"];
        check(&words, |listed, own| agree(&tags(listed), own), same_language);
    }
}
