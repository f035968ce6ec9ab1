//! Chains written as `asi/sid asi/sid`, against each rule.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::document;
use crate::document::Faults;
use crate::openrtb::{Channel, Outlet, Source, SupplyChain, SupplyNode};
use crate::supply::{Check, Lists, Policy, SellerName, SellerNames, SupplyFault, judge};
use crate::units::limits::CHAIN_NODES_MAX;

fn lists() -> Lists {
    let (mut lists, mut faults) = (Lists::default(), Faults::new());
    let ads = "x.example, 1, DIRECT\ny.example, 2, RESELLER";
    lists.take_ads_txt(&document::Source::new("site.example.txt", ads), &mut faults);
    lists.take_app_ads_txt(&document::Source::new("app.example.txt", "x.example, 9, DIRECT"), &mut faults);
    let sellers = r#"{"sellers": [{"seller_id": "1", "seller_type": "PUBLISHER"},
        {"seller_id": "2", "seller_type": "INTERMEDIARY", "domain": "elsewhere.example"},
        {"seller_id": "3", "seller_type": "PUBLISHER", "domain": "site.example"},
        {"seller_id": "4", "seller_type": "BOTH", "domain": "elsewhere.example"},
        {"seller_id": "5", "seller_type": "BOTH", "domain": "elsewhere.example", "is_confidential": 1}]}"#;
    lists.take_sellers_json(&document::Source::new("x.example.json", sellers), &mut faults);
    assert!(faults.into_vec().is_empty());
    lists
}

fn nodes(chain: &str) -> Vec<SupplyNode<'_>> {
    chain
        .split_whitespace()
        .map(|text| {
            let (asi, sid) = text.split_once('/').unwrap();
            SupplyNode { asi, sid, ..SupplyNode::default() }
        })
        .collect()
}

fn site(domain: &str) -> Channel<'_> {
    Channel::Site(Outlet { domain: Some(domain), publisher_id: Some("1"), ..Outlet::default() })
}

fn names(texts: &[&str]) -> SellerNames {
    texts.iter().map(|text| SellerName::parse(text).unwrap()).collect()
}

/// `chain` is `-` for none, and incomplete if it begins with `?`.
#[track_caller]
fn check_on(channel: Channel<'_>, policy: &Policy, chain: &str, want: Result<(), SupplyFault>) {
    let complete = !chain.starts_with('?');
    let nodes = if chain == "-" { Vec::new() } else { nodes(chain.trim_start_matches('?')) };
    let chains = [(chain != "-").then_some(SupplyChain { complete, ver: None, nodes: &nodes }), None, None];
    let source = Source { chains, ..Source::default() };
    assert_eq!(judge(&source, &channel, policy, &lists()), want, "{chain}");
}

#[track_caller]
fn check(policy: &Policy, chain: &str, want: Result<(), SupplyFault>) {
    check_on(site("site.example"), policy, chain, want);
}

#[test]
fn without_rules_everything_is_taken() {
    for chain in ["-", "", "?", "?z.example/1", "x.example/1"] {
        check(&Policy::default(), chain, Ok(()));
    }
}

#[test]
fn a_chain_can_be_required_and_required_to_be_complete() {
    let required = Policy { require_chain: true, ..Policy::default() };
    check(&required, "?z.example/1", Ok(()));
    check(&required, "-", Err(SupplyFault::ChainMissing));
    check(&required, "", Err(SupplyFault::ChainIncomplete));
    let complete = Policy { require_complete: true, ..Policy::default() };
    check(&complete, "z.example/1", Ok(()));
    check(&complete, "-", Ok(()));
    check(&complete, "?z.example/1", Err(SupplyFault::ChainIncomplete));
}

#[test]
fn the_exchange_is_the_last_node_and_not_too_many_stand_before_it() {
    let last = Policy { asi: Some("y.example".to_owned()), ..Policy::default() };
    check(&last, "x.example/1 Y.example/2", Ok(()));
    check(&last, "y.example/2 x.example/1", Err(SupplyFault::SenderNotLast));
    let short = Policy { hops_max: Some(2), ..Policy::default() };
    check(&short, "x.example/1 y.example/2", Ok(()));
    check(&short, "x.example/1 y.example/2 z.example/3", Err(SupplyFault::TooManyHops));
}

#[test]
fn a_chain_that_nobody_could_look_through_is_refused_where_any_rule_stands() {
    let most = "x.example/1 ".repeat(CHAIN_NODES_MAX as usize);
    let too_many = format!("{most}x.example/1");
    for policy in [
        Policy { require_chain: true, ..Policy::default() },
        Policy { sellers_blocked: names(&["bad.example"]), ..Policy::default() },
        Policy { hops_max: Some(usize::MAX), ..Policy::default() },
    ] {
        check(&policy, &most, Ok(()));
        check(&policy, &too_many, Err(SupplyFault::TooManyHops));
    }
    check(&Policy::default(), &too_many, Ok(()));
}

#[test]
fn sellers_are_blocked_and_allowed_by_system_and_by_id() {
    let blocked = Policy { sellers_blocked: names(&["x.example/1", "bad.example"]), ..Policy::default() };
    check(&blocked, "x.example/2", Ok(()));
    check(&blocked, "-", Ok(()));
    check(&blocked, "y.example/2 x.example/1", Err(SupplyFault::SellerBlocked));
    check(&blocked, "BAD.example/7 y.example/2", Err(SupplyFault::SellerBlocked));
    let allowed = Policy { sellers_allowed: names(&["x.example/1", "y.example"]), ..Policy::default() };
    check(&allowed, "x.example/1 y.example/7", Ok(()));
    check(&allowed, "x.example/2 y.example/7", Err(SupplyFault::SellerNotAllowed));
    check(&allowed, "-", Err(SupplyFault::ChainMissing));
}

#[test]
fn every_node_must_be_authorised_by_the_outlet() {
    let where_known = Policy { ads_txt: Check::WhereKnown, ..Policy::default() };
    check(&where_known, "x.example/1 y.example/2", Ok(()));
    check(&where_known, "x.example/1 y.example/3", Err(SupplyFault::NotAuthorised));
    check_on(site("other.example"), &where_known, "x.example/7", Ok(()));
    let required = Policy { ads_txt: Check::Required, ..Policy::default() };
    check_on(site("www.site.example"), &required, "x.example/1", Ok(()));
    check_on(site("other.example"), &required, "x.example/1", Err(SupplyFault::AdsTxtUnknown));
    check_on(Channel::Unknown, &required, "x.example/1", Err(SupplyFault::AdsTxtUnknown));
    check_on(Channel::Dooh(Outlet::default()), &required, "x.example/1", Ok(()));
    let page = Outlet { page: Some("https://site.example/a"), ..Outlet::default() };
    check_on(Channel::Site(page), &required, "x.example/1", Ok(()));
    let app = Channel::App(Outlet { domain: Some("app.example"), ..Outlet::default() });
    check_on(app, &required, "x.example/9", Ok(()));
    check_on(app, &required, "x.example/1", Err(SupplyFault::NotAuthorised));
}

#[test]
fn without_a_chain_the_publisher_at_the_exchange_is_looked_for() {
    let with_asi = |asi: &str| Policy {
        asi: Some(asi.to_owned()),
        ads_txt: Check::Required,
        sellers_json: Check::WhereKnown,
        ..Policy::default()
    };
    check(&with_asi("x.example"), "-", Ok(()));
    check(&with_asi("y.example"), "-", Err(SupplyFault::NotAuthorised));
    check(&Policy { asi: None, ..with_asi("x.example") }, "-", Err(SupplyFault::ChainMissing));
    let known = Policy { ads_txt: Check::WhereKnown, ..Policy::default() };
    check(&known, "-", Ok(()));
}

#[test]
fn every_node_must_be_a_seller_of_its_system() {
    let where_known = Policy { sellers_json: Check::WhereKnown, ..Policy::default() };
    check(&where_known, "x.example/1 x.example/2 z.example/5", Ok(()));
    check(&where_known, "x.example/77", Err(SupplyFault::SellerNotListed));
    check(&where_known, "x.example/2 x.example/1", Err(SupplyFault::PublisherResells));
    let required = Policy { sellers_json: Check::Required, ..Policy::default() };
    check(&required, "x.example/1", Ok(()));
    check(&required, "x.example/1 z.example/5", Err(SupplyFault::SellersJsonUnknown));
}

#[test]
fn the_first_seller_must_be_the_owner_or_sales_house_of_the_outlet() {
    let owner = Policy { require_owner: true, ..Policy::default() };
    // Of `x.example`: 3 is the site's owner, 4 somebody else, 5 hidden, 2 a reseller.
    check(&owner, "x.example/3 y.example/9", Ok(()));
    check(&owner, "x.example/4", Err(SupplyFault::NotTheOwner));
    check(&owner, "?x.example/4", Ok(()));
    for not_told in ["x.example/5", "x.example/2", "x.example/77", "z.example/4"] {
        check(&owner, not_told, Ok(()));
    }
    check_on(site("other.example"), &owner, "x.example/4", Ok(()));
}

#[test]
fn every_chain_that_was_sent_must_keep_the_rules() {
    let blocked = Policy { sellers_blocked: names(&["bad.example"]), ..Policy::default() };
    let (good, bad) = (nodes("x.example/1"), nodes("bad.example/1"));
    let chain = |nodes| Some(SupplyChain { complete: true, ver: None, nodes });
    let judged = |chains| {
        judge(&Source { chains, ..Source::default() }, &Channel::Unknown, &blocked, &Lists::default())
    };
    assert_eq!(judged([chain(&good), chain(&good), None]), Ok(()));
    for chains in [[chain(&good), chain(&bad), None], [None, None, chain(&bad)]] {
        assert_eq!(judged(chains), Err(SupplyFault::SellerBlocked));
    }
}

#[test]
fn no_bid_codes_are_those_of_openrtb_3() {
    for (fault, code) in [
        (SupplyFault::AdsTxtUnknown, 11),
        (SupplyFault::NotAuthorised, 12),
        (SupplyFault::NotTheOwner, 12),
        (SupplyFault::ChainIncomplete, 16),
        (SupplyFault::SellerBlocked, 17),
    ] {
        assert_eq!(fault.no_bid_code(), code, "{fault}");
    }
}

#[test]
fn no_chain_makes_it_panic_and_no_rule_more_lets_more_through() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let words =
        ["", "x.example", "y.example", "bad.example", "1", "2", "é", "a".repeat(300).leak(), "//", "."];
    let lists = lists();
    for _ in 0..2_000 {
        let mut word = || *words.choose(&mut rng).unwrap();
        let nodes: Vec<SupplyNode<'_>> =
            (0..4).map(|_| SupplyNode { asi: word(), sid: word(), ..SupplyNode::default() }).collect();
        let (domain, asi) = (word(), word());
        let nodes = &nodes[..rng.random_range(0..=4)];
        let chain = Some(SupplyChain { complete: rng.random(), ver: None, nodes });
        let source =
            Source { chains: [chain.filter(|_| rng.random_bool(0.8)), None, None], ..Source::default() };
        let checks = [Check::Off, Check::WhereKnown, Check::Required];
        let looser = Policy {
            require_complete: rng.random(),
            asi: rng.random_bool(0.3).then(|| asi.to_owned()),
            sellers_blocked: names(&["bad.example"]),
            ads_txt: *checks[..2].choose(&mut rng).unwrap(),
            ..Policy::default()
        };
        let stricter = Policy {
            require_chain: true,
            hops_max: Some(2),
            ads_txt: Check::Required,
            sellers_json: *checks.choose(&mut rng).unwrap(),
            ..looser.clone()
        };
        let passes = |policy| judge(&source, &site(domain), policy, &lists).is_ok();
        assert!(!passes(&stricter) || passes(&looser), "{source:?} on {domain}");
    }
}
