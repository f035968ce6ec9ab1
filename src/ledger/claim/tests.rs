//! The laws of corrections, on random bills and random claims.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

use crate::ledger::{
    AMOUNT_MOST, Account, BidFacts, Bills, Cause, Charge, Claim, ClaimName, Event, EventKind, Extent, Ledger,
    Lot, Quantity, Refusal, Settlement, Share, Target, any_charge, any_event, movements,
};
use crate::ttf::{Bearer, Jurisdiction, Levy, Place};
use crate::units::{
    BidId, CampaignId, Currency, Day, ExchangeId, Femtos, LineItemId, Nanos, RatePpm, UnixMillis,
};

const NOW: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);

/// A bill of the campaign, day and exchange that all tests are about.
fn bill(number: u128, bid: BidFacts, charge: Charge) -> Event {
    let bid = BidFacts {
        id: BidId::mint(NOW, number),
        at: NOW,
        campaign: CampaignId::from_slug("spring"),
        line_item: LineItemId::from_slug("spring/all"),
        exchange: ExchangeId::from_slug("north"),
        deal: None,
        day: Day::from_raw(20_778),
        currency: Currency::EUR,
        ..bid
    };
    Event { bid, at: NOW, kind: EventKind::Impression(charge) }
}

fn any_bills(most: i64) -> impl Strategy<Value = Vec<Event>> {
    vec((any_event(AMOUNT_MOST), any_charge(most)), 1..6).prop_map(|bills| {
        let numbered = (0_u128..).zip(bills);
        numbered.map(|(number, (event, charge))| bill(number, event.bid, charge)).collect()
    })
}

fn lot() -> Target {
    let (campaign, day) = (CampaignId::from_slug("spring"), Day::from_raw(20_778));
    Target::Lot(Lot { campaign, day, exchange: Some(ExchangeId::from_slug("north")), deal: None })
}

fn claim(cause: Cause, target: Target, extent: Extent) -> Claim {
    let name = ClaimName::given(&format!("{cause:?} {target:?} {extent:?}"));
    Claim { name, cause, target, extent, reason: "because".to_owned(), author: "Ada".to_owned() }
}

fn any_claim(most: i64) -> impl Strategy<Value = Claim> {
    let target = prop_oneof![
        2 => (0..6_u128).prop_map(|number| Target::Bid(BidId::mint(NOW, number))),
        1 => Just(lot()),
    ];
    let extent = prop_oneof![
        3 => (-most..=most).prop_map(|raw| Extent::Amount(Nanos::from_raw(raw))),
        2 => (1..=1_000_000_000_i64).prop_map(|share| Extent::Share(Share::from_billionths(share).unwrap())),
        1 => Just(Extent::Share(Share::ALL)),
        1 => (1..4_u32).prop_map(Extent::Impressions),
    ];
    (select(Cause::ALL.as_slice()), target, extent, any::<usize>()).prop_map(
        |(cause, target, extent, name)| Claim {
            name: ClaimName::given("any").at(name),
            ..claim(cause, target, extent)
        },
    )
}

/// The events of the claims that are not refused.
fn settle(bills: &mut Bills, claims: &[Claim]) -> Vec<Event> {
    let settled = claims.iter().filter_map(|claim| bills.settle(claim, NOW).ok());
    settled
        .flat_map(|settled| match settled {
            Settlement::New(events) => events,
            Settlement::Known(_) => Vec::new(),
        })
        .collect()
}

fn books(events: &[Event]) -> Ledger {
    let mut ledger = Ledger::default();
    for event in events {
        ledger.apply(event);
    }
    ledger
}

fn is_empty(ledger: &Ledger) -> bool {
    ledger.balances().all(|(_, balance)| balance == Femtos::ZERO)
        && ledger.budgets().all(|(_, balance)| balance == Quantity::ZERO)
}

/// No sum of any bill is below zero, and no account is on the wrong side.
#[track_caller]
fn check_sums(bills: &Bills, ledger: &Ledger) {
    let mut disputed = Femtos::ZERO;
    for bill in bills.iter() {
        let left = bill.left();
        let amounts = [left.media, left.data, bill.disputed()];
        let bases = left.tax.levies().flat_map(|levy| [levy.space.base, levy.data.base]);
        assert!(amounts.into_iter().chain(bases).all(|amount| amount >= Nanos::ZERO), "{bill:?}");
        let taxed_in_each = |each: fn(Levy) -> Nanos| -> Vec<Nanos> { left.tax.levies().map(each).collect() };
        for (whole, in_each) in
            [(left.media, taxed_in_each(|of| of.space.base)), (left.data, taxed_in_each(|of| of.data.base))]
        {
            let sum: i64 = in_each.iter().map(|base| base.raw()).sum();
            let is_divided = sum == whole.raw();
            assert!(
                is_divided || !bill.is_divided() && in_each.iter().all(|&base| base == whole),
                "{bill:?}"
            );
        }
        assert!(left.fee >= Femtos::ZERO && bill.receivable() >= Femtos::ZERO, "{bill:?}");
        assert!((0..=1).contains(&bill.impressions()) && bill.disputed() <= left.media, "{bill:?}");
        disputed = [disputed, bill.disputed().to_femtos()].into_iter().sum();
    }
    for ((account, _), balance) in ledger.balances() {
        match account {
            Account::Receivable(_) | Account::TaxAbsorbed | Account::Refunds => {
                assert!(balance >= Femtos::ZERO, "{account:?} {balance}");
            }
            Account::Disputed(_) => assert_eq!(balance, -disputed),
            _ => assert!(balance <= Femtos::ZERO, "{account:?} {balance}"),
        }
    }
}

proptest! {
    #[test]
    fn a_bill_and_its_credit_note_are_nothing_on_every_account_whatever_the_rate_of_today(
        bills in any_bills(AMOUNT_MOST),
    ) {
        for event in bills {
            let mut known = Bills::of([event.clone()]);
            let all = claim(Cause::CreditNote, Target::Bid(event.bid.id), Extent::Share(Share::ALL));
            let mut events = vec![event];
            events.extend(settle(&mut known, &[all]));
            prop_assert_eq!(events.len(), 2);
            prop_assert!(is_empty(&books(&events)), "{:?}", events);
        }
    }

    #[test]
    fn parts_of_any_size_and_what_is_left_at_last_are_nothing_on_every_account(
        bills in any_bills(1_000),
        claims in vec(any_claim(1_000), 0..12),
    ) {
        let mut known = Bills::of(bills.clone());
        let mut events = bills.clone();
        events.extend(settle(&mut known, &claims));
        for bid in known.iter().map(|bill| bill.bid().id).collect::<Vec<_>>() {
            let about = Target::Bid(bid);
            let refunded = known.get(bid).unwrap().refunded();
            let rest = [
                claim(Cause::Refund, about, Extent::Amount(Nanos::from_raw(-refunded.raw()))),
                claim(Cause::CreditNote, about, Extent::Impressions(1)),
            ];
            events.extend(settle(&mut known, &rest));
            // Added after the impression was taken back, or to the whole campaign.
            let left = known.get(bid).unwrap().left();
            // An impression was taken back whole: there is data left of an invoice alone.
            let added = Extent::Amount(if left.data > Nanos::ZERO { left.data } else { left.media });
            events.extend(settle(&mut known, &[claim(Cause::CreditNote, about, added)]));
        }
        let ledger = books(&events);
        prop_assert!(is_empty(&ledger), "{:?}", ledger.balances().collect::<Vec<_>>());
        let left: i64 = known.iter().map(crate::ledger::Bill::impressions).sum();
        prop_assert_eq!(left, 0);
    }

    #[test]
    fn no_sum_is_ever_below_zero(bills in any_bills(1_000), claims in vec(any_claim(600), 0..20)) {
        let mut known = Bills::of(bills.clone());
        let mut ledger = books(&bills);
        check_sums(&known, &ledger);
        for claim in claims {
            for event in settle(&mut known, &[claim]) {
                ledger.apply(&event);
            }
            check_sums(&known, &ledger);
        }
    }

    #[test]
    fn any_order_and_duplicates_of_bills_and_corrections_give_the_same_books_and_bills(
        (events, others) in (any_bills(1_000_000_000_000), vec(any_claim(1_000_000_000_000), 0..12)).prop_flat_map(
            |(bills, claims)| {
                let mut events = bills.clone();
                events.extend(settle(&mut Bills::of(bills), &claims));
                let twice = [events.clone(), events.clone()].concat();
                (Just(events), Just(twice).prop_shuffle())
            }
        ),
    ) {
        prop_assert_eq!(books(&events), books(&others));
        prop_assert_eq!(Bills::of(events), Bills::of(others));
    }

    #[test]
    fn what_a_running_count_knows_is_what_a_fold_finds(
        bills in any_bills(1_000),
        claims in vec(any_claim(1_000), 0..12),
    ) {
        let mut running = Bills::of(bills.clone());
        let mut events = bills;
        events.extend(settle(&mut running, &claims));
        prop_assert_eq!(running, Bills::of(events));
    }

    #[test]
    fn an_amount_is_spread_over_its_bills_to_the_last_nano(
        bills in any_bills(1_000),
        asked in 1..3_000_i64,
        cause in select(vec![Cause::CreditNote, Cause::InvalidTraffic, Cause::Adjustment]),
    ) {
        let sum = |known: &Bills| known.iter().map(|bill| bill.left().media.raw()).sum::<i64>();
        let mut known = Bills::of(bills);
        let before = sum(&known);
        let signed = if cause == Cause::Adjustment { -asked } else { asked };
        let asks = claim(cause, lot(), Extent::Amount(Nanos::from_raw(signed)));
        let settled = known.settle(&asks, NOW);
        prop_assert_eq!(settled.is_ok(), asked <= before);
        prop_assert_eq!(before - sum(&known), if settled.is_ok() { asked } else { 0 });
    }
}

/// Three bills of 0.10, 0.20 and 0.30 with 0.01 of data each and a fee of a tenth; a tax of 0.1 % and 0.05 % inside.
fn three() -> Vec<Event> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let tree = Strategy::new_tree(&(any_event(AMOUNT_MOST), any_charge(1)), &mut runner).unwrap();
    let (event, frame) = proptest::strategy::ValueTree::current(&tree);
    let of = |number: u128| {
        let media = Nanos::from_raw(i64::try_from(number).unwrap() * 100_000_000);
        let mut charge = frame.clone();
        (charge.media, charge.data) = (media, Nanos::from_raw(10_000_000));
        charge.fee = media.share(RatePpm::from_ppm(100_000).unwrap());
        charge.bearer = Bearer::Inside;
        charge.late = false;
        charge.tax.place = Place { jurisdiction: Jurisdiction::from_code("FR"), ..charge.tax.place };
        for (line, base, ppm) in
            [(&mut charge.tax.space, media, 1_000), (&mut charge.tax.data, charge.data, 500)]
        {
            (line.base, line.rate, line.exemption) = (base, RatePpm::from_ppm(ppm).unwrap(), None);
        }
        bill(number, event.bid, charge)
    };
    (1..=3).map(of).collect()
}

fn bid(number: u128) -> Target {
    Target::Bid(BidId::mint(NOW, number))
}

fn amount(text: &str) -> Extent {
    Extent::Amount(Nanos::from_decimal(text, crate::units::Rounding::Exact).unwrap())
}

/// What `claims` come to on the three bills: the refusal of the last, or the balances.
#[track_caller]
fn check_refused(claims: &[(Cause, Target, Extent)], want: &str) {
    let mut known = Bills::of(three());
    let (last, former) = claims.split_last().unwrap();
    for (cause, target, extent) in former {
        known.settle(&claim(*cause, *target, *extent), NOW).unwrap();
    }
    let before = known.clone();
    let refusal = known.settle(&claim(last.0, last.1, last.2), NOW).unwrap_err();
    assert_eq!(refusal.to_string(), want);
    assert_eq!(known, before, "nothing was changed");
}

#[test]
fn more_than_is_left_is_refused_and_all_that_is_left_is_not() {
    let half = Extent::Share(Share::from_billionths(500_000_000).unwrap());
    let credit = |extent| (Cause::CreditNote, bid(1), extent);
    check_refused(
        &[credit(amount("0.11"))],
        "asks for 0.11 EUR, but only 0.10 EUR is left of what was billed",
    );
    check_refused(
        &[credit(amount("0.07")), credit(half)],
        "asks for 0.05 EUR, but only 0.03 EUR is left of what was billed",
    );
    check_refused(
        &[(Cause::InvalidTraffic, lot(), amount("0.61"))],
        "asks for 0.61 EUR, but only 0.60 EUR is left of what was billed",
    );
    check_refused(
        &[credit(Extent::Share(Share::ALL)), (Cause::InvalidTraffic, lot(), Extent::Impressions(3))],
        "asks for 3 impressions, but only 2 are left of what was billed",
    );
    check_refused(
        &[(Cause::Adjustment, bid(1), amount("-0.11"))],
        "asks for 0.11 EUR, but only 0.10 EUR is left of what was billed",
    );
    let mut known = Bills::of(three());
    for extent in [amount("0.05"), half] {
        known.settle(&claim(Cause::CreditNote, bid(1), extent), NOW).unwrap();
    }
    assert_eq!(known.get(BidId::mint(NOW, 1)).unwrap().impressions(), 0);
}

#[test]
fn a_share_of_a_day_takes_no_more_of_a_bill_than_is_left_of_it() {
    let half = Extent::Share(Share::from_billionths(500_000_000).unwrap());
    let credit = |target, extent| claim(Cause::CreditNote, target, extent);
    let mut known = Bills::of(three());
    // Nothing is left of the first, less than a half of the second, all of the third.
    for (number, text) in [(1, "0.10"), (2, "0.15")] {
        known.settle(&credit(bid(number), amount(text)), NOW).unwrap();
    }
    let Settlement::New(events) = known.settle(&credit(lot(), half), NOW).unwrap() else { panic!("new") };
    assert_eq!(events.len(), 2, "no entry about the first");
    let left = |number| known.get(BidId::mint(NOW, number)).unwrap().left().media.raw();
    assert_eq!([left(1), left(2), left(3)], [0, 0, 150_000_000]);
    // Of one bid that is named, no more than is left is given in silence.
    check_refused(
        &[(Cause::CreditNote, bid(2), amount("0.15")), (Cause::CreditNote, bid(2), half)],
        "asks for 0.10 EUR, but only 0.05 EUR is left of what was billed",
    );
    let rest = Extent::Share(Share::ALL);
    check_refused(&[(Cause::CreditNote, lot(), rest), (Cause::CreditNote, lot(), half)], "comes to nothing");
}

#[test]
fn a_dispute_is_about_what_is_owed_and_conceded_is_what_is_disputed() {
    let dispute = |text| (Cause::Dispute, bid(1), amount(text));
    let conceded = |text| (Cause::Conceded, bid(1), amount(text));
    check_refused(
        &[dispute("0.06"), dispute("0.05")],
        "asks for 0.05 EUR, but only 0.04 EUR of it is undisputed",
    );
    check_refused(
        &[dispute("0.06"), conceded("0.07")],
        "asks for 0.07 EUR, but only 0.06 EUR of it is disputed",
    );
}

#[test]
fn a_credit_note_settles_what_is_disputed_first() {
    let mut known = Bills::of(three());
    let exchange = ExchangeId::from_slug("north");
    let mut ledger = books(&three());
    let mut check = |cause, text: &str, media: &str, disputed: &str| {
        for event in settle(&mut known, &[claim(cause, bid(1), amount(text))]) {
            ledger.apply(&event);
        }
        let balance = |account| ledger.balance(account, Currency::EUR).to_string();
        assert_eq!(
            (balance(Account::Media(exchange)).as_str(), balance(Account::Disputed(exchange)).as_str()),
            (media, disputed)
        );
    };
    check(Cause::Dispute, "0.08", "-0.52", "-0.08");
    check(Cause::Conceded, "0.01", "-0.53", "-0.07");
    check(Cause::CreditNote, "0.05", "-0.53", "-0.02");
    check(Cause::CreditNote, "0.04", "-0.51", "0.00");
}

#[test]
fn a_refund_is_our_own_money_and_moves_neither_what_is_owed_nor_a_budget() {
    let mut known = Bills::of(three());
    let events = settle(&mut known, &[claim(Cause::Refund, bid(1), amount("0.02"))]);
    let [event] = events.as_slice() else { panic!("one entry, not {events:?}") };
    assert!(movements(event).is_empty());
    let mut ledger = Ledger::default();
    ledger.apply(event);
    let moved: Vec<_> =
        ledger.balances().map(|((account, _), amount)| (account, amount.to_string())).collect();
    let receivable = Account::Receivable(CampaignId::from_slug("spring"));
    assert_eq!(moved, [(receivable, "-0.02".to_owned()), (Account::Refunds, "0.02".to_owned())]);
    let refund = |text| (Cause::Refund, bid(1), amount(text));
    check_refused(
        &[refund("0.02"), refund("0.12")],
        "asks for 0.12 EUR, but only 0.100105 EUR of it can be refunded or taken back",
    );
    check_refused(
        &[refund("0.02"), refund("-0.03")],
        "asks for 0.03 EUR, but only 0.02 EUR of it can be refunded or taken back",
    );
    check_refused(
        &[refund("0.02"), (Cause::CreditNote, bid(1), Extent::Share(Share::ALL))],
        "would leave 0.00 EUR to be paid by the advertiser, who was refunded 0.02 EUR of it",
    );
}

#[test]
fn an_adjustment_changes_the_price_and_with_it_fee_and_tax_but_neither_data_nor_the_count() {
    let mut known = Bills::of(three());
    let change = |known: &mut Bills, text| {
        let events = settle(known, &[claim(Cause::Adjustment, bid(1), amount(text))]);
        let EventKind::Correction(correction) = events[0].kind.clone() else { panic!("a correction") };
        correction
    };
    let up = change(&mut known, "0.05");
    assert_eq!(
        (up.charge.fee.to_string(), up.charge.tax.tax().to_string()),
        ("0.005".into(), "0.00005".into())
    );
    assert_eq!((up.charge.data, up.impressions, up.budget.to_string()), (Nanos::ZERO, 0, "0.05005".into()));
    let down = change(&mut known, "-0.15");
    assert_eq!((down.charge.fee.to_string(), down.budget.to_string()), ("-0.015".into(), "-0.15015".into()));
    let left = known.get(BidId::mint(NOW, 1)).unwrap();
    assert_eq!((left.left().data.to_string(), left.impressions()), ("0.01".to_owned(), 1));
}

#[test]
fn an_amount_added_to_a_campaign_is_a_bill_of_its_own_that_can_be_taken_back() {
    let mut known = Bills::of(three());
    let add = claim(Cause::Adjustment, lot(), amount("1.5"));
    let Ok(Settlement::New(events)) = known.settle(&add, NOW) else { panic!("one entry") };
    let [event] = events.as_slice() else { panic!("one entry, not {events:?}") };
    assert_eq!((event.bid.line_item, event.bid.day), (crate::ledger::NO_LINE_ITEM, Day::from_raw(20_778)));
    assert_eq!(known.settle(&add, NOW), Ok(Settlement::Known(1)));
    let back = claim(Cause::CreditNote, Target::Bid(event.bid.id), Extent::Share(Share::ALL));
    let mut all = events.clone();
    all.extend(settle(&mut known, &[back]));
    assert!(is_empty(&books(&all)), "{all:?}");
    let nowhere = Target::Lot(Lot { exchange: None, ..lot_of(lot()) });
    check_refused(
        &[(Cause::Adjustment, nowhere, amount("1"))],
        "an amount that is added to a campaign needs an exchange",
    );
}

/// A bill under a tax of `ppm` on data in `code`.
fn taxed(number: u128, media: &str, code: &str, ppm: u32) -> Event {
    let mut event = three().swap_remove(0);
    let EventKind::Impression(charge) = &mut event.kind else { panic!("a bill") };
    event.bid.id = BidId::mint(NOW, number);
    charge.media = Nanos::from_decimal(media, crate::units::Rounding::Exact).unwrap();
    charge.tax.place.jurisdiction = Jurisdiction::from_code(code);
    charge.tax.data.rate = RatePpm::from_ppm(ppm).unwrap();
    charge.tax.data.exemption = None;
    event
}

#[test]
fn an_invoice_for_data_is_laid_over_a_day_and_taxed_where_its_ads_were() {
    let bills = [taxed(1, "1", "FR", 500), taxed(2, "2", "FR", 500), taxed(3, "1", "IT", 1_000)];
    let mut known = Bills::of(bills);
    let day = Target::Lot(Lot { exchange: None, ..lot_of(lot()) });
    let invoice = claim(Cause::DataInvoice, day, amount("8"));
    let Ok(Settlement::New(events)) = known.settle(&invoice, NOW) else { panic!("entries") };
    let told = |event: &Event| {
        let EventKind::Correction(correction) = &event.kind else { panic!("a correction") };
        let charge = &correction.charge;
        let place = charge.tax.place.jurisdiction.unwrap().to_string();
        (place, charge.data.to_string(), charge.tax.tax().to_string(), correction.impressions)
    };
    let owed = |place: &str, data: &str, tax: &str| (place.to_owned(), data.to_owned(), tax.to_owned(), 0);
    assert_eq!(
        events.iter().map(told).collect::<Vec<_>>(),
        [owed("FR", "6.00", "0.003"), owed("IT", "2.00", "0.002")]
    );
    assert_eq!(known.settle(&invoice, NOW), Ok(Settlement::Known(2)));
    let back = |event: &Event| claim(Cause::CreditNote, Target::Bid(event.bid.id), Extent::Share(Share::ALL));
    let mut all = events.clone();
    all.extend(settle(&mut known, &events.iter().map(back).collect::<Vec<_>>()));
    assert!(is_empty(&books(&all)), "{all:?}");
    check_refused(
        &[(Cause::DataInvoice, bid(1), amount("1"))],
        "is an invoice for data, which is an `amount` of a `campaign` and `day`",
    );
    check_refused(&[(Cause::DataInvoice, day, amount("-1"))], "asks for an amount below 0");
}

#[test]
fn what_two_places_divide_is_divided_after_a_credit_too_and_each_nano_is_taxed_once() {
    let mut event = taxed(1, "0.000000007", "FR", 500);
    let EventKind::Impression(charge) = &mut event.kind else { panic!("a bill") };
    let of_other = |place| Levy {
        place: Place { jurisdiction: Jurisdiction::from_code(place), evidence: charge.tax.place.evidence },
        ..charge.tax.levies().next().unwrap()
    };
    charge.tax.more = vec![of_other("IT"), of_other("ES"), of_other("AT")];
    for (at, base) in [(0, 2), (1, 2), (2, 1)] {
        charge.tax.more[at].space.base = Nanos::from_raw(base);
        charge.tax.more[at].data.base = Nanos::ZERO;
    }
    charge.tax.space.base = Nanos::from_raw(2);
    (charge.data, charge.tax.data.base) = (Nanos::ZERO, Nanos::ZERO);
    let mut known = Bills::of([event]);
    let day = Target::Lot(Lot { exchange: None, ..lot_of(lot()) });
    for number in 0..5 {
        let nano = claim(Cause::CreditNote, bid(1), amount("0.000000001"));
        settle(&mut known, &[Claim { name: ClaimName::given("a nano").at(number), ..nano }]);
        check_sums(&known, &Ledger::default());
    }
    assert_eq!(known.iter().next().unwrap().left().media.raw(), 2);
    let Ok(Settlement::New(events)) = known.settle(&claim(Cause::DataInvoice, day, amount("8")), NOW) else {
        panic!("entries")
    };
    let [Event { kind: EventKind::Correction(invoice), .. }] = &events[..] else { panic!("one entry") };
    let bases: Vec<String> = invoice.charge.tax.levies().map(|levy| levy.data.base.to_string()).collect();
    assert_eq!(bases, ["2.00"; 4]);
}

fn lot_of(target: Target) -> Lot {
    let Target::Lot(lot) = target else { panic!("a lot") };
    lot
}

#[test]
fn what_was_never_billed_or_is_no_amount_is_refused() {
    let other_day = Target::Lot(Lot { day: Day::from_raw(1), ..lot_of(lot()) });
    for (cause, target, extent, want) in [
        (Cause::CreditNote, bid(9), amount("1"), "bid `BID` was never billed"),
        (Cause::CreditNote, other_day, amount("1"), "nothing was billed there"),
        (Cause::Adjustment, other_day, amount("1"), "nothing was billed there"),
        (Cause::CreditNote, bid(1), amount("0"), "comes to nothing"),
        (Cause::CreditNote, bid(1), amount("-1"), "asks for an amount below 0"),
        (Cause::Adjustment, bid(1), Extent::Impressions(1), "is an adjustment, which is an `amount`"),
        (Cause::Adjustment, bid(1), amount("9223372036"), "amounts leave their range"),
    ] {
        let want = want.replace("BID", &BidId::mint(NOW, 9).to_string());
        check_refused(&[(cause, target, extent)], &want);
    }
}

#[test]
fn the_same_claim_is_booked_once_and_another_one_under_its_name_is_refused() {
    let mut known = Bills::of(three());
    let first = claim(Cause::InvalidTraffic, lot(), Extent::Impressions(2));
    assert!(matches!(known.settle(&first, NOW), Ok(Settlement::New(events)) if events.len() == 2));
    assert_eq!(known.settle(&first, NOW), Ok(Settlement::Known(2)));
    let other = Claim { reason: "another".to_owned(), ..first };
    assert_eq!(known.settle(&other, NOW), Err(Refusal::SaysOther));
}

#[test]
fn impressions_are_taken_whole_and_evenly_in_the_order_of_their_bids() {
    let mut known = Bills::of(three());
    settle(&mut known, &[claim(Cause::InvalidTraffic, lot(), Extent::Impressions(2))]);
    let counts: Vec<i64> = known.iter().map(crate::ledger::Bill::impressions).collect();
    assert_eq!(counts, [1, 0, 0]);
    let lefts: Vec<String> = known.iter().map(|bill| bill.left().media.to_string()).collect();
    assert_eq!(lefts, ["0.10", "0.00", "0.00"]);
}
