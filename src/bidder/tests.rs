//! The decision on requests written as JSON against campaigns written as JSON.

use std::sync::Arc;

use bumpalo::Bump;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::audience::Profile;
use crate::bidder::{Ask, Asleep, NoBidReason, Plan, Silent, Snapshot, decide};
use crate::budget::{Book, Refusal};
use crate::campaign::{Rates, Surroundings, compile, read_exchange};
use crate::document::{Faults, Source};
use crate::frequency::{Exposure, Exposures};
use crate::openrtb::parse;
use crate::privacy::Permissions;
use crate::units::{BidId, CampaignId, Cpm, LineItemId, Nanos, Rounding, UnixMillis, UserKey};

const NOON: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);

/// A campaign of one line item with a 300x250 picture; `more` holds keys of the line item.
fn campaign(id: &str, cpm: &str, more: &str) -> Source {
    let text = format!(
        r#"{{"advertiser": {{"id": "a", "name": "A", "domain": "shop.example"}}, "id": "{id}", "name": "{id}",
        "currency": "EUR", "time_zone": "UTC", "flight": {{"start": "2026-01-01"}},
        "budget": {{"daily": 100}}, "pacing": "asap",
        "line_items": [{{"id": "l", "name": "L", "goal": {{"cpm": {cpm}}} {more}}}],
        "creatives": [{{"id": "k", "landing_page": "https://shop.example/", "categories": ["IAB22-1"],
            "language": "fr", "banner": {{"size": "300x250", "image": "https://cdn.shop.example/k.png"}}}}]}}"#
    );
    Source::new(format!("{id}.json"), text)
}

fn plan(campaigns: &[Source]) -> Arc<Plan> {
    let mut faults = Faults::new();
    let rates = Source::new(
        "currencies.json",
        r#"{"date": "2024-12-31", "base": "EUR", "source": "test", "rates": {"USD": 1.0389}}"#,
    );
    let rates = Rates::read(&rates, &mut faults).unwrap();
    let exchange = Source::new(
        "generic.json",
        r#"{"name": "Generic", "seat": "seat-1", "bills_on": "billing",
            "reservation": {"display": "10m", "av": "1h"}, "tmax_ms": 120, "margin_ms": 10, "price_decimals": 6,
            "missing_price": "refuse"}"#,
    );
    let exchange = read_exchange(&exchange, &mut faults).unwrap();
    let surroundings = Surroundings { scenarios: &[], exchanges: &["generic"], rates: &rates };
    let compiled = compile(campaigns, surroundings, NOON);
    let catalog = compiled.catalog.unwrap_or_else(|| panic!("{:?}", compiled.faults));
    Arc::new(Plan::build(1, catalog, vec![exchange], Vec::new(), rates))
}

/// The bids as `campaign price currency [deal]`, or the reason for none.
fn answer(snapshot: &Snapshot, request: &str, exposures: Option<&Exposures>) -> Result<String, NoBidReason> {
    let arena = Bump::new();
    let request = parse(request.as_bytes(), &arena).unwrap();
    let permissions = Permissions::of(&request);
    let ask = Ask {
        request: &request,
        exchange: snapshot.plan.exchange("generic").unwrap(),
        permissions: &permissions,
        user: exposures.map(|_| UserKey::from_bytes([1; 16])),
        profile: &Profile::known([]),
        exposures,
        secure: false,
        now: NOON,
    };
    let decision = decide(snapshot, &ask, &mut SmallRng::seed_from_u64(1), &mut Silent);
    if decision.bids.is_empty() {
        return Err(decision.reason);
    }
    let bids = decision.bids.iter().map(|bid| {
        let deal = bid.deal.map(|deal| format!(" {}", deal.id)).unwrap_or_default();
        format!("{} {} {}{deal}", bid.campaign.slug, bid.ticket.price, bid.ticket.price_currency)
    });
    Ok(bids.collect::<Vec<_>>().join(", "))
}

/// A request for one 300x250 banner in euros; `imp` and `root` hold further keys.
fn request(imp: &str, root: &str) -> String {
    format!(
        r#"{{"id": "r", "imp": [{{"id": "1", "banner": {{"w": 300, "h": 250}} {imp}}}], "cur": ["EUR"] {root}}}"#
    )
}

/// A floor that the value does not reach, both in euros.
fn below(worth: &str, floor: &str) -> Result<&'static str, NoBidReason> {
    let cpm = |text| Cpm::from_decimal(text, Rounding::Exact).unwrap();
    Err(NoBidReason::BelowFloor { worth: cpm(worth), floor: cpm(floor) })
}

#[track_caller]
fn check(campaigns: &[Source], imp: &str, root: &str, want: Result<&str, NoBidReason>) {
    let snapshot = Snapshot::new(plan(campaigns), &Book::default(), NOON, None);
    assert_eq!(answer(&snapshot, &request(imp, root), None), want.map(str::to_owned));
}

#[test]
fn the_best_value_bids_what_it_is_worth() {
    let two = [campaign("low", "1.5", ""), campaign("high", "2.5", "")];
    check(&two, "", "", Ok("high 2.50 EUR"));
}

#[test]
fn a_floor_is_rounded_up_before_comparing() {
    let one = [campaign("c", "1.000001", "")];
    check(&one, r#", "bidfloor": 1.0000001, "bidfloorcur": "EUR""#, "", Ok("c 1.000001 EUR"));
    check(&one, r#", "bidfloor": 1.0000011, "bidfloorcur": "EUR""#, "", below("1.000001", "1.000002"));
}

#[test]
fn a_floor_in_another_currency_is_converted_and_one_in_none_refused() {
    let one = [campaign("c", "1", "")];
    check(&one, r#", "bidfloor": 1.0389"#, "", Ok("c 1.00 EUR"));
    check(&one, r#", "bidfloor": 1.039"#, "", below("1", "1.000097"));
    check(&one, r#", "bidfloor": 0.01, "bidfloorcur": "XYZ""#, "", Err(NoBidReason::NoExchangeRate));
    check(&one, r#", "bidfloor": 0, "bidfloorcur": "XYZ""#, "", Ok("c 1.00 EUR"));
}

#[test]
fn the_answer_is_in_the_first_currency_that_the_request_takes_and_we_know() {
    let one = [campaign("c", "1", "")];
    check(&one, "", r#", "cur": ["XYZ", "USD", "EUR"]"#, Ok("c 1.0389 USD"));
    check(&one, "", r#", "cur": []"#, Ok("c 1.0389 USD"));
    check(&one, "", r#", "cur": ["XYZ"]"#, Err(NoBidReason::CurrencyUnknown));
}

#[test]
fn a_deal_bid_and_an_open_bid_stand_side_by_side() {
    let two = [campaign("open", "3", ""), campaign("dealt", "2", r#", "deals": ["d-1"]"#)];
    let deals = r#", "pmp": {"deals": [{"id": "d-1"}]}"#;
    check(&two, deals, "", Ok("dealt 2.00 EUR d-1, open 3.00 EUR"));
    check(&two, "", "", Ok("open 3.00 EUR"));
    let private = r#", "pmp": {"private_auction": 1, "deals": [{"id": "d-1"}]}"#;
    check(&two, private, "", Ok("dealt 2.00 EUR d-1"));
    check(&two[..1], private, "", Err(NoBidReason::DealsOnly));
}

#[test]
fn a_fixed_price_deal_is_bid_at_its_price_and_a_dear_one_not_at_all() {
    let one = [campaign("c", "5", r#", "deals": ["d"]"#)];
    let deal = |floor: &str, more: &str| {
        format!(r#", "pmp": {{"deals": [{{"id": "d", "bidfloor": {floor}, "bidfloorcur": "EUR" {more}}}]}}"#)
    };
    check(&one, &deal("4", r#", "at": 3"#), "", Ok("c 4.00 EUR d"));
    check(&one, &deal("4", ""), "", Ok("c 5.00 EUR d"));
    check(&one, &deal("6", r#", "at": 3"#), "", below("5", "6"));
    check(&one, &deal("4", r#", "wseat": ["seat-2"]"#), "", Err(NoBidReason::DealNotOffered));
    check(&one, &deal("4", r#", "wseat": ["seat-1"]"#), "", Ok("c 5.00 EUR d"));
    check(&one, &deal("4", r#", "wadomain": ["other.example"]"#), "", Err(NoBidReason::DealNotOffered));
    check(&one, &deal("4", r#", "wadomain": ["shop.example"]"#), "", Ok("c 5.00 EUR d"));
}

#[test]
fn what_the_request_blocks_is_not_bid() {
    let one = [campaign("c", "1", "")];
    let bids = Ok("c 1.00 EUR");
    check(&one, "", r#", "badv": ["shop.example"]"#, Err(NoBidReason::AdvertiserBlocked));
    check(&one, "", r#", "badv": ["op.example"]"#, bids);
    check(&one, "", r#", "bcat": ["IAB22"]"#, Err(NoBidReason::CategoryBlocked));
    check(&one, "", r#", "bcat": ["IAB2"]"#, bids);
    check(&one, "", r#", "bcat": ["1"], "cattax": 6"#, Err(NoBidReason::CategoryBlocked));
    check(&one, "", r#", "wlang": ["de"]"#, Err(NoBidReason::LanguageNotAllowed));
    check(&one, "", r#", "wlang": ["de", "fr-FR"]"#, bids);
    check(&one, "", r#", "wseat": ["seat-2"]"#, Err(NoBidReason::SeatRefused));
    check(&one, "", r#", "wseat": ["seat-1"]"#, bids);
    check(&one, "", r#", "bseat": ["seat-1"]"#, Err(NoBidReason::SeatRefused));
}

#[test]
fn an_ad_without_a_word_speaks_every_language() {
    let mut silent = campaign("c", "1", "");
    silent.text = silent.text.replace(r#""language": "fr""#, r#""language": "xx""#);
    check(&[silent], "", r#", "wlang": ["de"]"#, Ok("c 1.00 EUR"));
}

#[test]
fn an_impression_that_takes_https_only_is_not_answered_with_plain_notices() {
    let one = [campaign("c", "1", "")];
    check(&one, r#", "secure": 1"#, "", Err(NoBidReason::NotSecure));
    check(&one, r#", "secure": 0"#, "", Ok("c 1.00 EUR"));
}

#[test]
fn only_the_categories_that_the_request_allows_are_bid() {
    let one = [campaign("c", "1", "")];
    check(&one, "", r#", "acat": ["IAB22"]"#, Ok("c 1.00 EUR"));
    check(&one, "", r#", "acat": ["IAB1", "IAB22-2"]"#, Err(NoBidReason::CategoryBlocked));
}

#[test]
fn transparency_that_we_do_not_give_yet_is_a_reason_not_to_bid() {
    let one = [campaign("c", "1", "")];
    let required = r#", "regs": {"ext": {"dsa": {"dsarequired": 2}}}"#;
    check(&one, "", required, Err(NoBidReason::TransparencyRequired));
    check(&one, "", r#", "regs": {"ext": {"dsa": {"dsarequired": 1}}}"#, Ok("c 1.00 EUR"));
}

#[test]
fn a_long_block_list_blocks_as_a_short_one_does() {
    let two = [campaign("c", "1", ""), campaign("d", "2", "")];
    let others: Vec<String> = (0..500).map(|at| format!("\"other-{at}.example\"")).collect();
    let list = |last: &str| format!(r#", "badv": [{}, "{last}"]"#, others.join(","));
    check(&two, "", &list("shop.example"), Err(NoBidReason::AdvertiserBlocked));
    check(&two, "", &list("shops.example"), Ok("d 2.00 EUR"));
}

#[test]
fn a_frequency_cap_counts_what_the_user_was_shown() {
    let capped = [campaign("c", "1", r#", "frequency": [{"impressions": 1, "per": "1d"}]"#)];
    let snapshot = Snapshot::new(plan(&capped), &Book::default(), NOON, None);
    let mut exposures = Exposures::default();
    let ask = |exposures: Option<&Exposures>| answer(&snapshot, &request("", ""), exposures);
    assert_eq!(ask(Some(&exposures)), Ok("c 1.00 EUR".to_owned()));
    assert!(matches!(ask(None), Err(NoBidReason::FrequencyCapped(_))), "nobody knows how often");
    exposures.record(Exposure {
        line_item: LineItemId::from_slug("c/l"),
        campaign: CampaignId::from_slug("c"),
        at: NOON,
        bid: BidId::mint(NOON, 1),
    });
    assert!(matches!(ask(Some(&exposures)), Err(NoBidReason::FrequencyCapped(_))));
}

#[test]
fn a_budget_is_bid_to_its_last_impression_and_no_further() {
    let small = [campaign("c", "10", r#", "budget": {"daily": 0.03}"#)];
    let snapshot = Snapshot::new(plan(&small), &Book::default(), NOON, None);
    for _ in 0..3 {
        assert!(answer(&snapshot, &request("", ""), None).is_ok());
    }
    let spent = NoBidReason::BudgetSpent(Refusal::LineItemDaily);
    assert_eq!(answer(&snapshot, &request("", ""), None), Err(spent));
}

#[test]
fn an_unchanged_budget_keeps_its_pace_over_a_reload_and_a_changed_one_is_planned_anew() {
    let even = |daily: &str| {
        let more = format!(r#", "budget": {{"daily": {daily}}}, "pacing": "even""#);
        plan(&[campaign("c", "10", &more)])
    };
    let book = Book::default();
    let first = Snapshot::new(even("20"), &book, NOON, None);
    // Half of the day is left, and of it a five-minute share of 20 euros: six impressions of a cent.
    let head_start = (0..20).filter(|_| answer(&first, &request("", ""), None).is_ok()).count();
    assert_eq!(head_start, 6);
    let same = Snapshot::new(even("20"), &book, NOON, Some(&first));
    assert_eq!(answer(&same, &request("", ""), None), Err(NoBidReason::NoMatch));
    assert_eq!(same.asleep(0, NOON), Some(Asleep::Paced));
    let raised = Snapshot::new(even("50"), &book, NOON, Some(&same));
    assert!(answer(&raised, &request("", ""), None).is_ok());
    let purse = &raised.money.purses[0];
    assert_eq!(purse.line_item_day().committed(), Nanos::from_raw(70_000_000));
}

#[test]
fn line_items_that_may_not_spend_now_do_not_crowd_out_those_that_may() {
    // A hundred dear line items without room in their budget stand before a cheap one.
    let mut crowd: Vec<Source> =
        (0..100).map(|at| campaign(&format!("dear-{at}"), "90", r#", "budget": {"daily": 0.05}"#)).collect();
    crowd.push(campaign("cheap", "1", ""));
    check(&crowd, "", "", Ok("cheap 1.00 EUR"));
    // The same where the pace, not the budget, has no room: half a day's even share of 20 euros.
    let paced = r#", "budget": {"daily": 20}, "pacing": "even""#;
    let mut crowd: Vec<Source> = (0..100).map(|at| campaign(&format!("dear-{at}"), "90", paced)).collect();
    crowd.push(campaign("cheap", "1", ""));
    check(&crowd, "", "", Ok("cheap 1.00 EUR"));
}
