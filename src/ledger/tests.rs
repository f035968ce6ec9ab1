//! The laws of the books, on random events.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::ledger::{
    AMOUNT_MOST, Account, Applied, Charge, Event, EventKind, Ledger, any_charge, any_event, entries,
    one_of_each,
};
use crate::ttf::{Assessment, Bearer, Evidence, Jurisdiction, Place, TaxLine};
use crate::units::{
    CampaignId, Currency, ExchangeId, Femtos, Nanos, RatePpm, Rounding, ScenarioId, UnixMillis,
};

/// A list of events and the same in another order.
fn shuffled() -> impl Strategy<Value = (Vec<Event>, Vec<Event>)> {
    vec(any_event(AMOUNT_MOST), 1..20)
        .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle()))
}

fn books(events: &[Event]) -> Ledger {
    let mut ledger = Ledger::default();
    for event in events {
        ledger.apply(event);
    }
    ledger
}

proptest! {
    #[test]
    fn the_entries_of_every_event_balance(event in any_event(AMOUNT_MOST)) {
        let sum: Femtos = entries(&event).iter().map(|entry| entry.amount).sum();
        prop_assert_eq!(sum, Femtos::ZERO);
        prop_assert!(entries(&event).iter().all(|entry| entry.currency == event.bid.currency));
        let moves = matches!(event.kind, EventKind::Impression(_) | EventKind::Correction(_));
        prop_assert!(moves || entries(&event).is_empty());
    }

    #[test]
    fn the_same_event_again_changes_nothing((events, again) in shuffled()) {
        let once = books(&events);
        let mut twice = once.clone();
        for event in &again {
            prop_assert_eq!(twice.apply(event), Applied::Duplicate);
        }
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn any_order_gives_the_same_balances((events, other_order) in shuffled()) {
        prop_assert_eq!(books(&events), books(&other_order));
    }

    #[test]
    fn a_key_tells_the_kinds_of_events_apart_and_knows_nothing_of_their_contents(
        event in any_event(AMOUNT_MOST),
        charges in (any_charge(AMOUNT_MOST), any_charge(AMOUNT_MOST)),
        later in any::<i64>(),
    ) {
        let keys = |event: &Event, charge| -> Vec<_> {
            one_of_each(event, charge).iter().map(Event::key).collect()
        };
        let (first, second) = (keys(&event, charges.0), charges.1);
        prop_assert_eq!(first.iter().collect::<HashSet<_>>().len(), first.len());
        let told_later = Event { at: UnixMillis::from_raw(later), ..event };
        prop_assert_eq!(first, keys(&told_later, second));
    }
}

#[test]
fn an_order_converts_once_whichever_bid_it_is_reported_with_and_once_for_each_advertiser() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut next = || {
        let tree = Strategy::new_tree(&any_event(AMOUNT_MOST), &mut runner).unwrap();
        proptest::strategy::ValueTree::current(&tree)
    };
    let (first, mut second) = (next(), next());
    let free = charge_of(Bearer::Absorb);
    let order = |event: &Event| one_of_each(event, free.clone())[7].key();
    let orderless = |event: &Event| one_of_each(event, free.clone())[5].key();
    assert_ne!(order(&first), order(&second), "an order of another advertiser is another one");
    second.bid.advertiser = first.bid.advertiser;
    assert_eq!(order(&first), order(&second));
    assert_ne!(orderless(&first), orderless(&second));
}

/// Media 10, data 2, fee 1, and a tax of 0.1 % and 0.05 % owed to France: 0.011.
fn charge_of(bearer: Bearer) -> Charge {
    let nanos = |text| Nanos::from_decimal(text, Rounding::Exact).unwrap();
    let line = |base, ppm| TaxLine { base, rate: RatePpm::from_ppm(ppm).unwrap(), exemption: None };
    let (media, data) = (nanos("10"), nanos("2"));
    let place = Place { jurisdiction: Jurisdiction::from_code("FR"), evidence: Evidence::ViewerDevice };
    let scenario = ScenarioId::from_slug("hypothesis-fr");
    let tax =
        Assessment { scenario, place, space: line(media, 1_000), data: line(data, 500), more: Vec::new() };
    Charge {
        media,
        data,
        fee: nanos("1").to_femtos(),
        tax,
        bearer,
        late: false,
        fx: None,
        bid: None,
        to_beat: None,
    }
}

/// What stands on each account after one impression.
#[track_caller]
fn check(bearer: Bearer, receivable: &str, absorbed: &str) {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let tree = Strategy::new_tree(&any_event(AMOUNT_MOST), &mut runner).unwrap();
    let mut event = proptest::strategy::ValueTree::current(&tree);
    event.bid.campaign = CampaignId::from_slug("c");
    event.bid.exchange = ExchangeId::from_slug("x");
    event.bid.currency = Currency::EUR;
    event.kind = EventKind::Impression(charge_of(bearer));
    let ledger = books(&[event]);
    for (account, want) in [
        (Account::Receivable(CampaignId::from_slug("c")), receivable),
        (Account::TaxAbsorbed, absorbed),
        (Account::Media(ExchangeId::from_slug("x")), "-10.00"),
        (Account::Data, "-2.00"),
        (Account::Fees, "-1.00"),
        (Account::Tax(Jurisdiction::from_code("FR")), "-0.011"),
    ] {
        assert_eq!(ledger.balance(account, Currency::EUR).to_string(), want, "{account:?}");
        assert_eq!(ledger.balance(account, Currency::USD), Femtos::ZERO, "no other currency");
    }
}

#[test]
fn a_tax_that_we_absorb_is_our_cost_and_the_advertiser_owes_the_net() {
    check(Bearer::Absorb, "13.00", "0.011");
}

#[test]
fn a_tax_that_the_advertiser_bears_is_owed_by_the_advertiser_on_top_or_inside() {
    check(Bearer::OnTop, "13.011", "0.00");
    check(Bearer::Inside, "13.011", "0.00");
}

#[test]
fn a_goal_counts_media_data_our_fee_and_the_tax_that_the_advertiser_bears() {
    let charge = |bearer, ppm| {
        let mut charge = charge_of(bearer);
        charge.tax.space.rate = RatePpm::from_ppm(ppm).unwrap();
        charge.tax.data.rate = RatePpm::ZERO;
        charge.data = Nanos::ZERO;
        charge.tax.data.base = Nanos::ZERO;
        charge
    };
    let nanos = |text| Nanos::from_decimal(text, Rounding::Exact).unwrap();
    for (bearer, want, of_budget) in
        [(Bearer::OnTop, "12", "10"), (Bearer::Inside, "12", "12"), (Bearer::Absorb, "10", "10")]
    {
        let taxed = Charge { fee: Femtos::ZERO, ..charge(bearer, 200_000) };
        assert_eq!(taxed.goal_cost(), nanos(want), "a tax of a fifth, {bearer}");
        assert_eq!(taxed.budget_share(), nanos(of_budget), "{bearer}");
        // The fee is of media, and not of tax.
        assert_eq!(charge(bearer, 200_000).goal_cost(), nanos(want).checked_add(nanos("1")).unwrap());
    }
    assert_eq!(charge_of(Bearer::OnTop).goal_cost(), nanos("13.011"));
}
