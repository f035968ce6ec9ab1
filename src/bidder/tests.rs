//! The decision on requests written as JSON against campaigns written as JSON.

mod apart;
mod experiments;
mod frequency;
mod hints;
mod learning;
mod limits;
mod lists;
mod modifiers;
mod profile;
mod traffic;

use std::sync::Arc;

use bumpalo::Bump;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::audience::Profile;
use crate::bidder::{
    Ask, Composer, Decision, NoBidReason, Outcome, Plan, Silent, Snapshot, compose, decide, explain,
};
use crate::budget::{Book, Refusal, Span, Whose};
use crate::campaign::{Rates, Surroundings, compile, read_exchange};
use crate::creative::Misfit;
use crate::document::{Faults, Source};
use crate::frequency::{Exposure, Exposures, Seen};
use crate::notice::Keys;
use crate::openrtb::parse;
use crate::privacy::{self, ConsentRefusal, Permissions, Restriction};
use crate::supply::{Check, Lists, Policy, SupplyFault};
use crate::units::{
    AdvertiserId, BidId, CampaignId, Cpm, CreativeId, LineItemId, Nanos, Rounding, UnixMillis, UserKey,
};

const NOON: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);

/// A seed for a random test, printed so that a failure can be run again.
fn printed_seed() -> u64 {
    let seed = rand::random();
    println!("seed {seed}");
    seed
}

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
    let surroundings = Surroundings {
        scenarios: &[],
        exchanges: &["generic"],
        rates: &rates,
        audiences: &crate::audience::Definitions::default(),
        lists: &[],
    };
    let compiled = compile(campaigns, surroundings, NOON);
    let catalog = compiled.catalog.unwrap_or_else(|| panic!("{:?}", compiled.faults));
    Arc::new(Plan::build(1, catalog, vec![exchange], Vec::new(), rates))
}

/// What `look` sees of a request to the first exchange of the plan.
fn asked<R>(
    snapshot: &Snapshot,
    request: &str,
    exposures: Option<&Exposures>,
    look: impl for<'a> FnOnce(&'a Snapshot, &Ask<'a, '_>) -> R,
) -> R {
    asked_at(NOON, snapshot, request, exposures, look)
}

/// The same at `now`.
fn asked_at<R>(
    now: UnixMillis,
    snapshot: &Snapshot,
    request: &str,
    exposures: Option<&Exposures>,
    look: impl for<'a> FnOnce(&'a Snapshot, &Ask<'a, '_>) -> R,
) -> R {
    let arena = Bump::new();
    let request = parse(request.as_bytes(), &arena).unwrap();
    let exchange = &snapshot.plan.exchanges[0];
    let permissions = Permissions::of(&request, &exchange.privacy);
    let user = exposures.map(|_| UserKey::from_bytes([1; 16]));
    let profile = &Profile::known([]);
    let ask = Ask {
        request: &request,
        exchange,
        permissions: &permissions,
        user,
        profile,
        household: None,
        seen: Seen { user: exposures, household: None },
        agent: None,
        located: None,
        secure: false,
        now,
    };
    look(snapshot, &ask)
}

fn decided<'a>(snapshot: &'a Snapshot, ask: &Ask<'a, '_>) -> Decision<'a> {
    decide(snapshot, ask, &mut SmallRng::seed_from_u64(1), &mut Silent)
}

/// The bids as `campaign price currency [deal]`, or the reason for none.
fn answer(snapshot: &Snapshot, request: &str, exposures: Option<&Exposures>) -> Result<String, NoBidReason> {
    asked(snapshot, request, exposures, |snapshot, ask| words(decided(snapshot, ask)))
}

fn words(mut decision: Decision<'_>) -> Result<String, NoBidReason> {
    if decision.bids.is_empty() {
        return Err(decision.reason);
    }
    decision.bids.iter_mut().for_each(|bid| bid.keep());
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
    check(&one, "", r#", "bcat": ["IAB22-1"], "cattax": 6"#, Err(NoBidReason::CategoryBlocked));
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
fn categories_are_compared_in_the_taxonomy_of_the_request() {
    let one = [campaign("c", "1", "")];
    let bids = Ok("c 1.00 EUR");
    // `IAB22-1` is 481 in Content 2.x and 3.x, and 1364 in Ad Product 2.0; 473 and 1361 stand above them.
    for (blocked, other, cattax) in [("481", "474", 2), ("473", "1", 6), ("473", "1", 9), ("1361", "1374", 8)]
    {
        let list = |key, id| format!(r#", "{key}": ["{id}"], "cattax": {cattax}"#);
        check(&one, "", &list("bcat", blocked), Err(NoBidReason::CategoryBlocked));
        check(&one, "", &list("bcat", other), bids);
        check(&one, "", &list("acat", blocked), bids);
        check(&one, "", &list("acat", other), Err(NoBidReason::CategoryBlocked));
    }
    check(&one, "", r#", "bcat": ["1"], "cattax": 500"#, Err(NoBidReason::CategoryBlocked));
}

/// `cat` and `cattax` of the first bid, the creative labelled with `categories`.
#[track_caller]
fn check_labels(categories: &str, want: (&str, Option<u32>)) {
    let labelled = campaign("c", "1", "").text.replace(r#"["IAB22-1"]"#, categories);
    let snapshot = Snapshot::new(plan(&[Source::new("c.json", labelled)]), &Book::default(), NOON, None);
    let body = asked(&snapshot, &request("", ""), None, |snapshot, ask| {
        let decision = decided(snapshot, ask);
        let composer = Composer::new(Keys::new(&[7; 32], None), "http://bid.example".to_owned());
        let (arena, mut body) = (Bump::new(), Vec::new());
        compose(
            &composer,
            ask.request.id,
            ask.exchange,
            decision.currency,
            &decision.bids,
            &arena,
            &mut body,
        );
        body
    });
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let bid = &body["seatbid"][0]["bid"][0];
    let cattax = bid["cattax"].as_u64().map(|cattax| u32::try_from(cattax).unwrap());
    assert_eq!((bid["cat"].to_string().as_str(), cattax), want);
}

#[test]
fn a_bid_tells_its_categories_in_the_taxonomy_of_the_campaign_file() {
    check_labels(r#"["iab22-1", "IAB3"]"#, (r#"["IAB22-1","IAB3"]"#, None));
    check_labels(r#"{"taxonomy": "ad_product_2.0", "ids": ["1364"]}"#, (r#"["1364"]"#, Some(8)));
    check_labels(r#"{"taxonomy": "content_3.1", "ids": ["481"]}"#, (r#"["481"]"#, Some(9)));
}

#[test]
fn an_ad_that_cannot_show_who_is_behind_it_is_not_bid_where_nobody_else_does() {
    let dsa =
        |pubrender: u8| format!(r#", "regs": {{"dsa": {{"dsarequired": 2, "pubrender": {pubrender}}}}}"#);
    check(&[campaign("c", "1", "")], "", &dsa(0), Ok("c 1.00 EUR"));
    let overlay = |pubrender| {
        let offer = r#""imp": [{"id": "1", "video": {"protocols": [2]}}]"#;
        let request = format!(r#"{{"id": "r", "cur": ["EUR"], {offer} {}}}"#, dsa(pubrender));
        let snapshot = Snapshot::new(plan(&[video("v", "9", 15, "")]), &Book::default(), NOON, None);
        answer(&snapshot, &request, None)
    };
    assert_eq!(overlay(2), Ok("v 9.00 EUR".to_owned()));
    assert_eq!(overlay(0), Err(NoBidReason::Misfit(Misfit::Disclosure)), "VAST 2.0 has no place for it");
}

#[test]
fn where_the_exchange_wants_no_bid_for_a_person_unknown_there_is_none() {
    let mut plan = plan(&[campaign("c", "1", "")]);
    let gdpr = request("", r#", "regs": {"gdpr": 1}"#);
    let answer_of =
        |plan: &Arc<Plan>| answer(&Snapshot::new(plan.clone(), &Book::default(), NOON, None), &gdpr, None);
    assert_eq!(answer_of(&plan).as_deref(), Ok("c 1.00 EUR"));
    Arc::get_mut(&mut plan).unwrap().exchanges[0].privacy.gdpr = privacy::Outcome::NoBid;
    let missing = Restriction::Gdpr(ConsentRefusal::Missing);
    assert_eq!(answer_of(&plan), Err(NoBidReason::PrivacyRefuses(missing)));
}

#[test]
fn an_impression_sold_against_the_rules_of_the_exchange_is_not_bid_on() {
    let mut lists = Lists::default();
    lists.take_ads_txt(&Source::new("a.example.txt", "x.example, 1, DIRECT"), &mut Faults::new());
    let mut plan = Arc::into_inner(plan(&[campaign("c", "1", "")])).unwrap().with_supply(lists);
    plan.exchanges[0].supply =
        Policy { require_chain: true, ads_txt: Check::WhereKnown, ..Policy::default() };
    let snapshot = Snapshot::new(Arc::new(plan), &Book::default(), NOON, None);
    let sold = |chain: &str| {
        let root = format!(r#", "site": {{"domain": "www.a.example"}}{chain}"#);
        answer(&snapshot, &request("", &root), None)
    };
    let chain = |sid: &str| {
        format!(r#""schain": {{"complete": 1, "nodes": [{{"asi": "X.example", "sid": "{sid}"}}]}}"#)
    };
    let refused = |fault| Err(NoBidReason::SupplyRefused(fault));
    assert_eq!(sold(&format!(r#", "source": {{{}}}"#, chain("1"))), Ok("c 1.00 EUR".to_owned()));
    assert_eq!(
        sold(&format!(r#", "source": {{"ext": {{{}}}}}"#, chain("2"))),
        refused(SupplyFault::NotAuthorised)
    );
    assert_eq!(sold(""), refused(SupplyFault::ChainMissing));
    let both = format!(r#", "source": {{{}}}, "ext": {{{}}}"#, chain("1"), chain("2"));
    assert_eq!(sold(&both), refused(SupplyFault::NotAuthorised));
    let verdicts = asked(&snapshot, &request("", ""), None, |snapshot, ask| {
        explain(snapshot, ask, &mut SmallRng::seed_from_u64(1)).1
    });
    let missing = NoBidReason::SupplyRefused(SupplyFault::ChainMissing);
    assert!(matches!(verdicts[0].outcome, Outcome::Declined(reason) if reason == missing));
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
    assert!(matches!(ask(None), Err(NoBidReason::ViewerUnknown(_))), "nobody knows how often");
    exposures.record(Exposure {
        bid: BidId::mint(NOON, 1),
        creative: CreativeId::from_slug("c/k"),
        line_item: LineItemId::from_slug("c/l"),
        campaign: CampaignId::from_slug("c"),
        advertiser: AdvertiserId::from_slug("a"),
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
    let spent = NoBidReason::BudgetSpent(Refusal::money(Whose::LineItem, Span::Daily));
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
    let share = 20_000_000_000 / 288;
    let committed = |snapshot: &Snapshot| {
        // So many requests in a moment lower the bids, so that more of them have room.
        while answer(snapshot, &request("", ""), None).is_ok() {}
        snapshot.money.purses[0].line_item_day().raw()
    };
    let same = Snapshot::new(even("20"), &book, NOON, Some(&first));
    let before = committed(&same);
    assert!((60_000_000..=share).contains(&before), "{before}");
    let raised = Snapshot::new(even("50"), &book, NOON, Some(&same));
    let after = committed(&raised);
    assert!(after > share && after <= before + 50_000_000_000 / 288, "{after}");
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

/// A campaign of one advertiser with a video of so many seconds; `more` holds keys of the line item.
fn video(id: &str, cpm: &str, seconds: u32, more: &str) -> Source {
    let text = format!(
        r#"{{"advertiser": {{"id": "{id}", "name": "A", "domain": "{id}.example"}}, "id": "{id}", "name": "{id}",
        "currency": "EUR", "time_zone": "UTC", "flight": {{"start": "2026-01-01"}},
        "budget": {{"daily": 100}}, "pacing": "asap",
        "line_items": [{{"id": "l", "name": "L", "goal": {{"cpm": {cpm}}} {more}}}],
        "creatives": [{{"id": "k", "landing_page": "https://shop.example/", "categories": ["IAB22-1"],
            "video": {{"duration": "{seconds}s", "media": [{{"url": "https://cdn.shop.example/{id}.mp4",
                "mime": "video/mp4", "bitrate": 800, "size": "640x360"}}]}}}}]}}"#
    );
    Source::new(format!("{id}.json"), text)
}

/// A request with these videos, each an imp of its own, in euros.
fn video_request(offers: &[&str]) -> String {
    let imps = offers.iter().enumerate().map(|(at, offer)| {
        format!(r#"{{"id": "{at}", "bidfloorcur": "EUR", "video": {{"mimes": ["video/mp4"], {offer}}}}}"#)
    });
    let imps = imps.collect::<Vec<_>>().join(",");
    format!(r#"{{"id": "r", "imp": [{imps}], "cur": ["EUR"]}}"#)
}

#[track_caller]
fn check_pod(campaigns: &[Source], offers: &[&str], want: Result<&str, NoBidReason>) {
    let snapshot = Snapshot::new(plan(campaigns), &Book::default(), NOON, None);
    assert_eq!(answer(&snapshot, &video_request(offers), None), want.map(str::to_owned));
}

#[test]
fn a_dynamic_pod_gets_as_many_bids_as_fit_into_its_time_and_number() {
    let four =
        [video("a", "9", 30, ""), video("b", "8", 15, ""), video("c", "7", 15, ""), video("d", "2", 15, "")];
    check_pod(&four, &[r#""poddur": 75"#], Ok("a 9.00 EUR, b 8.00 EUR, c 7.00 EUR, d 2.00 EUR"));
    check_pod(&four, &[r#""poddur": 60"#], Ok("a 9.00 EUR, b 8.00 EUR, c 7.00 EUR"));
    check_pod(&four, &[r#""poddur": 60, "maxseq": 2"#], Ok("a 9.00 EUR, b 8.00 EUR"));
    check_pod(&four, &[r#""poddur": 14"#], Err(NoBidReason::Misfit(Misfit::Duration { seconds: 30 })));
}

#[test]
fn a_pod_is_filled_by_worth_a_second_where_that_brings_more() {
    let three = [video("long", "9", 30, ""), video("b", "8", 15, ""), video("c", "7", 15, "")];
    check_pod(&three, &[r#""poddur": 30"#], Ok("b 8.00 EUR, c 7.00 EUR"));
    check_pod(&three, &[r#""poddur": 30, "maxseq": 1"#], Ok("long 9.00 EUR"));
}

#[test]
fn a_pod_takes_an_advertiser_once_unless_it_says_otherwise() {
    let (a, mut twin) = (video("a", "9", 15, ""), video("twin", "8", 15, ""));
    twin.text = twin
        .text
        .replace("twin.example", "a.example")
        .replace(r#""id": "twin", "name": "A""#, r#""id": "a", "name": "A""#);
    let two = [a, twin];
    check_pod(&two, &[r#""poddur": 60"#], Ok("a 9.00 EUR"));
    check_pod(&two, &[r#""poddur": 60, "poddedupe": [1]"#], Ok("a 9.00 EUR"));
    check_pod(&two, &[r#""poddur": 60, "poddedupe": [5]"#], Ok("a 9.00 EUR, twin 8.00 EUR"));
    check_pod(&two, &[r#""poddur": 60, "poddedupe": [3, 4]"#], Ok("a 9.00 EUR, twin 8.00 EUR"));
    check_pod(&two, &[r#""poddur": 60, "poddedupe": [2]"#], Ok("a 9.00 EUR"));
}

#[test]
fn slots_of_one_structured_pod_know_each_other_and_those_of_two_do_not() {
    let one = [video("a", "9", 15, ""), video("b", "8", 15, "")];
    let slots = |pods: [&str; 2]| pods.map(|pod| format!(r#""podid": "{pod}", "slotinpod": 1"#));
    let same = slots(["p", "p"]);
    check_pod(&one, &[&same[0], &same[1]], Ok("a 9.00 EUR, b 8.00 EUR"));
    check_pod(&one[..1], &[&same[0], &same[1]], Ok("a 9.00 EUR"));
    let other = slots(["p", "q"]);
    check_pod(&one, &[&other[0], &other[1]], Ok("a 9.00 EUR, a 9.00 EUR"));
    check_pod(&one, &[&same[0], r#""podid": "p", "poddur": 60"#], Ok("a 9.00 EUR, b 8.00 EUR"));
}

#[test]
fn the_floor_of_a_pod_counts_the_seconds_of_each_ad() {
    let two = [video("a", "9", 30, ""), video("b", "8", 15, "")];
    check_pod(&two, &[r#""poddur": 60, "mincpmpersec": 0.5"#], Ok("b 8.00 EUR"));
}

#[test]
fn each_deal_gets_a_bid_of_its_own_and_no_open_bid_crowds_them_out() {
    let mut crowd: Vec<Source> = (0..100).map(|at| campaign(&format!("open-{at}"), "9", "")).collect();
    crowd.push(campaign("x", "2", r#", "deals": ["d-1", "d-2"]"#));
    crowd.push(campaign("y", "1", r#", "deals": ["d-1", "d-2"]"#));
    crowd.push(campaign("z", "0.5", r#", "deals": ["d-1"]"#));
    let deals = r#", "pmp": {"deals": [{"id": "d-1"}, {"id": "d-2"}]}"#;
    check(&crowd, deals, "", Ok("x 2.00 EUR d-1, y 1.00 EUR d-2, open-0 9.00 EUR"));
}

#[test]
fn of_its_deals_a_line_item_bids_on_the_guaranteed_one_first_and_else_on_one_it_can_pay() {
    let one = [campaign("x", "2", r#", "deals": ["dear", "cheap"]"#)];
    let deals = |guar: u8| {
        format!(
            r#", "pmp": {{"private_auction": 1, "deals": [{{"id": "cheap", "bidfloor": 0.5}},
                {{"id": "dear", "bidfloor": 1, "guar": {guar}}}]}}"#
        )
    };
    check(&one, &deals(0), "", Ok("x 2.00 EUR cheap"));
    check(&one, &deals(1), "", Ok("x 2.00 EUR dear"));
    let too_dear = r#", "pmp": {"deals": [{"id": "dear", "bidfloor": 9}, {"id": "cheap"}]}"#;
    check(&one, too_dear, "", Ok("x 2.00 EUR cheap"));
}

#[test]
fn a_guaranteed_deal_is_held_back_by_the_budget_but_not_by_the_pace() {
    // A cent an impression; the day's even share so far has no room for one.
    let paced = r#", "deals": ["d"], "budget": {"daily": 0.02}, "pacing": "even""#;
    let snapshot = Snapshot::new(plan(&[campaign("x", "10", paced)]), &Book::default(), NOON, None);
    let ask = |guar: u8| {
        let deals = format!(r#", "pmp": {{"deals": [{{"id": "d", "guar": {guar}}}]}}"#);
        answer(&snapshot, &request(&deals, ""), None)
    };
    assert_eq!(ask(0), Err(NoBidReason::Paced));
    assert_eq!(ask(1), Ok("x 10.00 EUR d".to_owned()));
    assert_eq!(ask(1), Ok("x 10.00 EUR d".to_owned()));
    assert_eq!(ask(1), Err(NoBidReason::BudgetSpent(Refusal::money(Whose::LineItem, Span::Daily))));
}

#[test]
fn a_guaranteed_deal_is_bid_on_whatever_others_are_worth() {
    let mut all: Vec<Source> = (0..6)
        .map(|at| campaign(&format!("x{at}"), &format!("3{at}"), &format!(r#", "deals": ["d-{at}"]"#)))
        .collect();
    all.push(campaign("g", "2", r#", "deals": ["g"]"#));
    let others: Vec<String> = (0..6).map(|at| format!(r#"{{"id": "d-{at}"}}"#)).collect();
    let deals = format!(r#", "pmp": {{"deals": [{}, {{"id": "g", "guar": 1}}]}}"#, others.join(","));
    let want = "g 2.00 EUR g, x5 35.00 EUR d-5, x4 34.00 EUR d-4, x3 33.00 EUR d-3, x2 32.00 EUR d-2";
    check(&all, &deals, "", Ok(want));
}

#[test]
fn a_medium_beside_a_dynamic_pod_gets_a_bid_of_its_own() {
    let two = [campaign("banner", "5", ""), video("long", "9", 30, ""), video("short", "8", 15, "")];
    let offer = |more: &str| {
        let video = r#""video": {"mimes": ["video/mp4"], "poddur": 15}"#;
        format!(r#"{{"id": "r", "cur": ["EUR"], "imp": [{{"id": "1", {video} {more}}}]}}"#)
    };
    let ask =
        |more: &str| answer(&Snapshot::new(plan(&two), &Book::default(), NOON, None), &offer(more), None);
    assert_eq!(ask(""), Ok("short 8.00 EUR".to_owned()));
    let banner = r#", "banner": {"w": 300, "h": 250}"#;
    assert_eq!(ask(banner), Ok("short 8.00 EUR, banner 5.00 EUR".to_owned()));
}

#[test]
fn bids_on_one_slot_of_a_pod_are_alternatives_and_not_neighbours() {
    let dealt = video("a", "20", 15, r#", "deals": ["d"]"#);
    let mut open = video("b", "10", 15, "");
    open.text = open
        .text
        .replace("b.example", "a.example")
        .replace(r#""id": "b", "name": "A""#, r#""id": "a", "name": "A""#);
    let slot = |pod: &str| {
        let deals = r#""pmp": {"deals": [{"id": "d"}]}, "bidfloorcur": "EUR""#;
        format!(
            r#"{{"id": "r", "cur": ["EUR"], "imp": [{{"id": "1", {deals}, "video": {{"mimes": ["video/mp4"]{pod}}}}}]}}"#
        )
    };
    let snapshot = Snapshot::new(plan(&[dealt, open]), &Book::default(), NOON, None);
    for pod in ["", r#", "podid": "p", "slotinpod": 1"#] {
        assert_eq!(answer(&snapshot, &slot(pod), None), Ok("a 20.00 EUR d, b 10.00 EUR".to_owned()), "{pod}");
    }
}

#[test]
fn a_pod_that_takes_everything_twice_gets_one_line_item_in_every_slot() {
    let one = [video("a", "9", 15, "")];
    let slot = r#""podid": "p", "poddedupe": [5]"#;
    check_pod(&one, &[slot, slot], Ok("a 9.00 EUR, a 9.00 EUR"));
}

#[test]
fn a_bid_that_is_dropped_gives_its_money_back() {
    let snapshot = Snapshot::new(plan(&[campaign("c", "10", "")]), &Book::default(), NOON, None);
    asked(&snapshot, &request("", ""), None, |snapshot, ask| {
        let decision = decided(snapshot, ask);
        let committed = || snapshot.money.purses[0].campaign_day();
        assert_eq!(committed(), Nanos::from_raw(10_000_000));
        drop(decision);
        assert_eq!(committed(), Nanos::ZERO);
    });
}

#[test]
fn what_a_request_announces_holds_money_no_longer_than_the_slowest_medium_of_the_profile() {
    let snapshot = Snapshot::new(plan(&[campaign("c", "10", "")]), &Book::default(), NOON, None);
    let held = |exp: u32| {
        asked(&snapshot, &request(&format!(r#", "exp": {exp}"#), ""), None, |snapshot, ask| {
            decided(snapshot, ask).bids[0].ticket.reserved_for.raw() / 60_000
        })
    };
    assert_eq!([0, 900, 1_000_000_000].map(held), [10, 15, 60], "minutes");
}

#[test]
fn one_play_counts_as_many_impressions_on_screens_in_public_only() {
    let one = [campaign("c", "1", "")];
    let qty = r#", "qty": {"multiplier": 12.5}"#;
    check(&one, qty, r#", "dooh": {"id": "d"}"#, Ok("c 1.00 EUR"));
    check(&one, qty, r#", "site": {"id": "s"}"#, Err(NoBidReason::MultipliedElsewhere));
    check(&one, qty, "", Err(NoBidReason::MultipliedElsewhere));
    check(&one, r#", "qty": {"multiplier": 1}"#, "", Ok("c 1.00 EUR"));
}

#[test]
fn a_changed_targeting_is_planned_anew_with_the_multiplier_that_was() {
    let wants = |rule: &str| plan(&[campaign("c", "10", &format!(r#", "targeting": {rule}"#))]);
    let book = Book::default();
    let first = Snapshot::new(wants("{}"), &book, NOON, None);
    (0..20).for_each(|_| drop(answer(&first, &request("", ""), None)));
    let seen = |snapshot: &Snapshot| snapshot.money.rhythms.campaigns[0].seen_today();
    assert_eq!(seen(&first), 20);
    let same = Snapshot::new(wants("{}"), &book, NOON, Some(&first));
    assert_eq!(seen(&same), 20);
    let other = Snapshot::new(wants(r#"{"country": "DE"}"#), &book, NOON, Some(&same));
    assert_eq!(seen(&other), 0);
    let dual = |snapshot: &Snapshot| Arc::clone(snapshot.money.rhythms.campaigns[0].dual());
    assert!(Arc::ptr_eq(&dual(&first), &dual(&other)));
}
