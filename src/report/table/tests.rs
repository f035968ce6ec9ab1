//! Whole reports: events in, texts out, and what holds of every fold.

use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use crate::ledger::{
    BidFacts, Bills, Cause, Charge, Claim, ClaimName, Conversion, Event, EventKind, Extent, Setting,
    Settlement, Share, Source, Target, Touch,
};
use crate::report::{Dimension, FixedCost, FixedCosts, Names, Report, Table};
use crate::ttf::{Assessment, Bearer, Evidence, Jurisdiction, Place, Scenario, TaxLine};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, Epoch, ExchangeId, Femtos, LineItemId, Nanos,
    RatePpm, Rounding, ScenarioId, UnixMillis,
};

const NOON: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);

fn nanos(text: &str) -> Nanos {
    Nanos::from_decimal(text, Rounding::Exact).unwrap()
}

fn event(campaign: &str, currency: Currency, day: i32, kind: EventKind) -> Event {
    let bid = BidFacts {
        id: BidId::mint(NOON, 1),
        at: NOON,
        day: Day::from_raw(20_778 + day),
        advertiser: AdvertiserId::from_slug("acme"),
        campaign: CampaignId::from_slug(campaign),
        line_item: LineItemId::from_slug("reach"),
        creative: CreativeId::from_slug("banner"),
        exchange: ExchangeId::from_slug("north"),
        deal: None,
        currency,
        user: None,
        household: None,
        lease: Epoch::from_raw(7),
        setting: Setting::default(),
    };
    Event { bid, at: NOON, kind }
}

/// An impression under a tax of 0.1 % on media and 0.05 % on data, and a fee of a tenth of media.
fn impression(media: Nanos, data: Nanos, bearer: Bearer, evidence: Evidence) -> EventKind {
    let line = |base, ppm| TaxLine { base, rate: RatePpm::from_ppm(ppm).unwrap(), exemption: None };
    let place = Place { jurisdiction: Jurisdiction::from_code("FR"), evidence };
    let scenario = ScenarioId::from_slug("test");
    EventKind::Impression(Charge {
        media,
        data,
        fee: media.share(RatePpm::from_ppm(100_000).unwrap()),
        tax: Assessment {
            scenario,
            place,
            space: line(media, 1_000),
            data: line(data, 500),
            more: Vec::new(),
        },
        bearer,
        late: evidence == Evidence::Fallback,
        fx: None,
        bid: None,
        to_beat: None,
    })
}

fn conversion(value: Nanos) -> EventKind {
    let kind = "purchase".to_owned();
    EventKind::Conversion(Conversion {
        kind,
        order: None,
        value,
        touch: Touch::Click(NOON),
        fx: None,
        happened: NOON,
        lifetime: Nanos::ZERO,
        source: Source::Page,
        code: None,
    })
}

/// Two campaigns in euros, of which one has no clicks, and one in dollars.
fn events() -> Vec<Event> {
    let seen = Evidence::ViewerDevice;
    let of = |campaign, currency, day, kinds: Vec<EventKind>| {
        kinds.into_iter().map(move |kind| event(campaign, currency, day, kind)).collect::<Vec<_>>()
    };
    let paid =
        |media: &str, data: &str, bearer, evidence| impression(nanos(media), nanos(data), bearer, evidence);
    let mut spring = vec![paid("0.025", "0.001", Bearer::OnTop, seen); 10_000];
    spring.extend(vec![paid("0.015", "0.001", Bearer::OnTop, seen); 9_999]);
    spring.extend(vec![EventKind::Win { price: None }; 20_000]);
    spring.extend(vec![EventKind::Loss { reason: Some(102), min_to_win: None }; 61_234]);
    spring.extend(vec![EventKind::View; 13_800]);
    spring.extend(vec![EventKind::Click; 90]);
    spring.extend(vec![conversion(nanos("125.50")); 16]);
    spring.push(paid("0.015", "0.001", Bearer::OnTop, Evidence::Fallback));
    let winter = vec![paid("0.010123457", "0", Bearer::Absorb, seen), EventKind::View];
    let dollars = vec![paid("0.0024", "0", Bearer::Inside, seen), EventKind::Click];
    [
        of("spring", Currency::EUR, 0, spring),
        of("winter", Currency::EUR, 1, winter),
        of("abroad", Currency::USD, 1, dollars),
    ]
    .concat()
}

fn names() -> Names {
    let mut names = Names::default();
    names.advertisers.insert(AdvertiserId::from_slug("acme"), "acme".to_owned());
    for campaign in ["spring", "winter"] {
        names.campaigns.insert(CampaignId::from_slug(campaign), campaign.to_owned());
    }
    let cost = FixedCost { currency: Currency::EUR, amount: nanos("60") };
    names.fixed_costs.insert(CampaignId::from_slug("spring"), cost);
    names
}

fn table(group_by: &[Dimension]) -> Table {
    let mut report = Report::new(group_by.to_vec());
    events().iter().for_each(|event| report.add(event));
    report.finish(&names())
}

/// The text is that of the file, which a mismatch prints in full.
#[track_caller]
fn check_golden(text: &str, golden: &str) {
    assert_eq!(text, golden, "\n{text}");
}

#[test]
fn people_read_two_blocks_with_totals_and_notes() {
    check_golden(&table(&[Dimension::Campaign]).to_text(), include_str!("by_campaign.txt"));
    check_golden(&table(&[Dimension::Day, Dimension::Exchange]).to_text(), include_str!("by_day.txt"));
    check_golden(&table(&[]).to_text(), include_str!("total.txt"));
}

#[test]
fn machines_read_exact_amounts() {
    check_golden(&table(&[Dimension::Campaign]).to_csv(), include_str!("by_campaign.csv"));
    check_golden(&(table(&[Dimension::LineItem]).to_json() + "\n"), include_str!("by_line_item.json"));
}

/// Three impressions of one campaign, of which one was credited whole, one in part; a refund and a dispute.
fn corrected() -> Vec<Event> {
    let kind = || impression(nanos("40"), nanos("2"), Bearer::OnTop, Evidence::ViewerDevice);
    let mut events: Vec<Event> = (1..=3)
        .map(|number| {
            let mut event = event("spring", Currency::EUR, 0, kind());
            event.bid.id = BidId::mint(NOON, number);
            event
        })
        .collect();
    let mut bills = Bills::of(events.clone());
    for (number, cause, extent) in [
        (1, Cause::CreditNote, Extent::Share(Share::ALL)),
        (2, Cause::InvalidTraffic, Extent::Amount(nanos("10"))),
        (2, Cause::Refund, Extent::Amount(nanos("1.5"))),
        (3, Cause::Dispute, Extent::Amount(nanos("5"))),
    ] {
        let target = Target::Bid(BidId::mint(NOON, number));
        let name = ClaimName::given("robots").at(events.len());
        let (reason, author) = ("robots".to_owned(), "Ada".to_owned());
        let claim = Claim { name, cause, target, extent, reason, author };
        let Ok(Settlement::New(more)) = bills.settle(&claim, NOON) else { panic!("{claim:?} is refused") };
        events.extend(more);
    }
    events.push(event("spring", Currency::EUR, 0, conversion(nanos("300"))));
    events
}

#[test]
fn corrections_are_in_every_figure_and_shown_in_a_column_of_their_own() {
    // Corrections may be read before what they correct.
    for events in [corrected(), corrected().into_iter().rev().collect()] {
        let mut report = Report::new(vec![Dimension::LineItem, Dimension::Day]);
        events.iter().for_each(|event| report.add(event));
        let table = report.finish(&names());
        check_golden(&table.to_text(), include_str!("corrected.txt"));
        check_golden(&table.to_csv(), include_str!("corrected.csv"));
    }
}

#[test]
fn an_empty_report_has_a_header_and_no_rows() {
    let table = Report::new(vec![Dimension::Day]).finish(&Names::default());
    assert_eq!(table.to_text(), "no events\n");
    assert!(table.to_csv().starts_with("day,currency,wins,losses,impressions,"));
    assert_eq!(table.to_csv().lines().count(), 1);
}

#[test]
fn an_id_without_a_name_is_written_in_hexadecimal() {
    let labels: Vec<_> = table(&[Dimension::Campaign]).rows.into_iter().map(|row| row.labels).collect();
    assert!(labels.contains(&vec![CampaignId::from_slug("abroad").to_string()]), "{labels:?}");
}

#[test]
fn fixed_costs_enter_only_rows_that_hold_whole_campaigns() {
    let check = |group_by: &[Dimension], fixed, wanted| {
        let table = table(group_by);
        let sum: Femtos = table.rows.iter().map(|row| row.fixed).sum();
        assert_eq!((sum, table.fixed_costs), (nanos(fixed).to_femtos(), wanted), "{group_by:?}");
    };
    check(&[], "60", FixedCosts::Included);
    check(&[Dimension::Advertiser], "60", FixedCosts::Included);
    check(&[Dimension::Advertiser, Dimension::Campaign], "60", FixedCosts::Included);
    check(&[Dimension::Campaign, Dimension::Day], "0", FixedCosts::LeftOut);
    check(&[Dimension::LineItem], "0", FixedCosts::LeftOut);
}

#[test]
fn currencies_never_add_up() {
    let table = table(&[]);
    let media = |row: &crate::report::Row| (row.currency, row.totals.media.to_string());
    let rows: Vec<_> = table.rows.iter().map(media).collect();
    let wanted = [(Currency::EUR, "400.010123457".to_owned()), (Currency::USD, "0.0024".to_owned())];
    assert_eq!(rows, wanted);
}

#[test]
fn a_dimension_named_twice_counts_once() {
    let twice = table(&[Dimension::Campaign, Dimension::Campaign]);
    assert_eq!(twice, table(&[Dimension::Campaign]));
}

#[test]
fn under_the_scenario_none_no_impression_is_unresolved() {
    let EventKind::Impression(mut charge) =
        impression(nanos("1"), Nanos::ZERO, Bearer::Absorb, Evidence::Fallback)
    else {
        unreachable!("just made");
    };
    charge.tax.scenario = Scenario::NONE;
    let mut report = Report::new(Vec::new());
    report.add(&event("spring", Currency::EUR, 0, EventKind::Impression(charge)));
    assert_eq!(report.finish(&Names::default()).totals[0].totals.unresolved_impressions, 0);
}

fn any_event() -> impl Strategy<Value = Event> {
    let advertiser = RatePpm::from_ppm(600_000).unwrap();
    let split = [false, true].map(|inside| Bearer::Split { advertiser, inside });
    let bearers = [Bearer::Absorb, Bearer::OnTop, Bearer::Inside, split[0], split[1]];
    let bearer = proptest::sample::select(bearers.to_vec());
    let evidence = (0..=6_u8).prop_map(|code| Evidence::from_code(code).unwrap());
    let amount = || (0..i64::MAX / 1_000).prop_map(Nanos::from_raw);
    let kind = prop_oneof![
        Just(EventKind::Win { price: None }),
        Just(EventKind::Loss { reason: None, min_to_win: None }),
        Just(EventKind::View),
        Just(EventKind::Click),
        amount().prop_map(conversion),
        (amount(), amount(), bearer, evidence)
            .prop_map(|(media, data, bearer, evidence)| impression(media, data, bearer, evidence)),
    ];
    let campaign = prop_oneof![Just("spring"), Just("winter")];
    let currency = prop_oneof![Just(Currency::EUR), Just(Currency::USD)];
    (campaign, currency, 0..3_i32, kind)
        .prop_map(|(campaign, currency, day, kind)| event(campaign, currency, day, kind))
}

proptest! {
    #[test]
    fn the_parts_of_a_fold_in_any_order_merge_into_the_whole(
        events in proptest::collection::vec((any_event(), 0..4_usize), 0..60),
        group_by in proptest::sample::subsequence(Dimension::ALL.to_vec(), 0..4),
    ) {
        let mut whole = Report::new(group_by.clone());
        let mut parts = vec![Report::new(group_by); 4];
        for (event, part) in &events {
            whole.add(event);
            parts[*part].add(event);
        }
        let merged = parts.into_iter().rev().reduce(|mut merged, part| {
            merged.merge(part);
            merged
        });
        prop_assert_eq!(merged.unwrap(), whole);
    }

    #[test]
    fn net_and_tax_are_gross_in_every_row_and_the_rows_sum_to_the_total(
        events in proptest::collection::vec(any_event(), 1..60),
        by_day in any::<bool>(),
    ) {
        let mut report = Report::new(vec![if by_day { Dimension::Day } else { Dimension::Campaign }]);
        events.iter().for_each(|event| report.add(event));
        let table = report.finish(&names());
        for row in table.rows.iter().chain(&table.totals) {
            let all_in = row.figures().all_in;
            let gross: Femtos = [all_in.before_tax.costs, row.totals.tax_borne.total()].into_iter().sum();
            prop_assert_eq!(gross, all_in.after_tax.costs);
        }
        for total in &table.totals {
            let of_currency = table.rows.iter().filter(|row| row.currency == total.currency);
            let tax: Femtos = of_currency.map(|row| row.totals.tax()).sum();
            prop_assert_eq!(tax, total.totals.tax());
        }
    }
}
