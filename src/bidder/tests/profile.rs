//! What an exchange's profile leaves out of the decision.

use bumpalo::Bump;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::audience::Profile;
use crate::bidder::tests::{NOON, campaign, plan};
use crate::bidder::{Ask, NoBidReason, Snapshot, Witness, decide};
use crate::budget::Book;
use crate::campaign::read_exchange;
use crate::document::{Faults, Source};
use crate::frequency::Seen;
use crate::openrtb::{Imp, parse};
use crate::pricing::Steps;
use crate::privacy::Permissions;

/// Two impressions of 300x250, one of them with a deal.
const REQUEST: &str = r#"{"id": "r", "cur": ["USD", "EUR"], "imp": [
    {"id": "1", "banner": {"w": 300, "h": 250}, "pmp": {"deals": [{"id": "d-1"}]}},
    {"id": "2", "banner": {"w": 300, "h": 250}}]}"#;

/// Bids as `imp campaign currency [deal]`, and behind `|` what was beyond the limits; or the reason for none.
fn answer(profile: &str) -> Result<String, NoBidReason> {
    let campaigns = [campaign("open", "3", ""), campaign("dealt", "2", r#", "deals": ["d-1"]"#)];
    let snapshot = Snapshot::new(plan(&campaigns), &Book::default(), NOON, None);
    let text = format!(
        r#"{{"name": "X", "bills_on": "billing", "reservation": {{"display": "10m", "av": "1h"}},
        "tmax_ms": 120, "margin_ms": 10, "missing_price": "refuse" {profile}}}"#
    );
    let mut faults = Faults::new();
    let exchange = read_exchange(&Source::new("x.json", text), &mut faults).unwrap();
    assert_eq!(faults.into_vec(), []);
    let arena = Bump::new();
    let request = parse(REQUEST.as_bytes(), &arena).unwrap();
    let permissions = Permissions::of(&request, &exchange.privacy);
    let ask = Ask {
        request: &request,
        exchange: &exchange,
        permissions: &permissions,
        user: None,
        profile: &Profile::known([]),
        household: None,
        seen: Seen::default(),
        agent: None,
        located: None,
        secure: false,
        now: NOON,
    };
    let mut beyond = Beyond::default();
    let decision = decide(&snapshot, &ask, &mut SmallRng::seed_from_u64(1), &mut beyond);
    if decision.bids.is_empty() {
        return Err(decision.reason);
    }
    let bids = decision.bids.iter().map(|bid| {
        let deal = bid.deal.map(|deal| format!(" {}", deal.id)).unwrap_or_default();
        format!("{} {} {}{deal}", bid.imp.id, bid.campaign.slug, bid.ticket.price_currency)
    });
    let kept = bids.collect::<Vec<_>>().join(", ");
    let slug = |(imp, at): &(String, usize)| {
        let catalog = &snapshot.plan.catalog;
        format!("{imp} {}", catalog.campaigns[catalog.line_items[*at].campaign].slug)
    };
    let beyond: Vec<String> = beyond.0.iter().map(slug).collect();
    Ok(if beyond.is_empty() { kept } else { format!("{kept} | {}", beyond.join(", ")) })
}

/// Sees what the limits of the profile take away.
#[derive(Default)]
struct Beyond(Vec<(String, usize)>);

impl Witness for Beyond {
    fn declined(&mut self, imp: &Imp<'_>, line_item: usize, reason: NoBidReason) {
        if reason == NoBidReason::LimitExceeded {
            self.0.push((imp.id.to_owned(), line_item));
        }
    }

    fn priced(&mut self, _: &Imp<'_>, _: usize, _: &Steps) {}
}

#[track_caller]
fn check(profile: &str, want: Result<&str, NoBidReason>) {
    assert_eq!(answer(profile), want.map(str::to_owned), "{profile}");
}

#[test]
fn without_limits_every_bid_is_made_in_the_requests_first_currency() {
    check("", Ok("1 dealt USD d-1, 1 open USD, 2 open USD"));
    check(r#", "limits": {"bids": 3, "bids_per_imp": 2}"#, Ok("1 dealt USD d-1, 1 open USD, 2 open USD"));
}

#[test]
fn bids_are_in_a_currency_that_the_exchange_takes() {
    check(r#", "currencies": "EUR""#, Ok("1 dealt EUR d-1, 1 open EUR, 2 open EUR"));
    check(r#", "currencies": ["GBP"]"#, Err(NoBidReason::CurrencyUnknown));
}

#[test]
fn a_limit_takes_the_open_auction_before_the_deal_and_the_later_before_the_earlier() {
    check(r#", "limits": {"bids_per_imp": 1}"#, Ok("1 dealt USD d-1, 2 open USD | 1 open"));
    check(r#", "limits": {"bids": 2}"#, Ok("1 dealt USD d-1, 1 open USD | 2 open"));
    check(r#", "limits": {"bids": 1}"#, Ok("1 dealt USD d-1 | 2 open, 1 open"));
}

#[test]
fn a_creative_is_bid_where_its_medium_its_review_and_its_names_let_it() {
    check(r#", "formats": ["native"]"#, Err(NoBidReason::FormatNotTaken));
    check(r#", "creatives": {"approved": ["open/k"]}"#, Ok("1 open USD, 2 open USD"));
    check(r#", "creatives": {"default": "approved", "refused": ["open/*"]}"#, Ok("1 dealt USD d-1"));
    check(r#", "creatives": {"pending": ["open/k"]}"#, Err(NoBidReason::CreativeNotApproved));
    check(r#", "limits": {"crid_bytes": 6}"#, Ok("1 open USD, 2 open USD | 1 dealt"));
    check(r#", "limits": {"preview_required": true}"#, Err(NoBidReason::LimitExceeded));
}
