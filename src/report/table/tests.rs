//! Whole reports: events in, texts out, and what holds of every fold.

use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use crate::ledger::{
    Area, BidFacts, Bills, Cause, Charge, Claim, ClaimName, Conversion, Device, Event, EventKind, Extent,
    Format, Segments, Setting, Settlement, Share, Source, Target, Touch,
};
use crate::page::{Forms, Lang};
use crate::report::{
    Aim, AimKind, Comparison, Dimension, FixedCost, FixedCosts, Label, Names, Report, Scope, Sheet, Table,
};
use crate::ttf::{Assessment, Bearer, Evidence, Jurisdiction, Place, Scenario, TaxLine};
use crate::units::{
    AdvertiserId, ArmId, BidId, CampaignId, Country, CreativeId, Currency, Day, Epoch, ExchangeId, Femtos,
    LineItemId, Nanos, PublisherId, RatePpm, Rounding, ScenarioId, SegmentId, UnixMillis,
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
    converted("purchase", true, value)
}

fn converted(kind: &str, acquisition: bool, value: Nanos) -> EventKind {
    EventKind::Conversion(Conversion {
        kind: kind.to_owned(),
        acquisition,
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

fn english() -> Forms {
    Forms::new(Lang::En)
}

/// The text is that of the file, which a mismatch prints in full.
#[track_caller]
fn check_golden(text: &str, golden: &str) {
    assert_eq!(text, golden, "\n{text}");
}

#[test]
fn people_read_blocks_with_totals_and_notes() {
    check_golden(&table(&[Dimension::Campaign]).to_text(&english()), include_str!("by_campaign.txt"));
    check_golden(
        &table(&[Dimension::Day, Dimension::Exchange]).to_text(&english()),
        include_str!("by_day.txt"),
    );
    check_golden(&table(&[]).to_text(&english()), include_str!("total.txt"));
    check_golden(
        &table(&[Dimension::Campaign]).to_text(&Forms::new(Lang::Fr)),
        include_str!("by_campaign_fr.txt"),
    );
}

#[test]
fn targets_stand_beside_what_came() {
    check_golden(&aimed().to_text(&english()), include_str!("targets.txt"));
}

/// A campaign that wants a CPA of 30 and a line item that wants a CPM of 25, each in its own table's rows only.
fn aimed() -> Table {
    let mut names = names();
    let aim = |kind, units: i64| Aim { kind, raw: units * 1_000_000_000 };
    let spring = Scope::Campaign(CampaignId::from_slug("spring"));
    let daily = aim(AimKind::DailyBudget, 100);
    names.aims.insert(spring, vec![aim(AimKind::Cpa, 30), aim(AimKind::Budget, 500), daily]);
    names.aims.insert(Scope::LineItem(LineItemId::from_slug("reach")), vec![aim(AimKind::Cpm, 25)]);
    let mut report = Report::new(vec![Dimension::Campaign]);
    events().iter().for_each(|event| report.add(event));
    report.finish(&names)
}

/// The spring campaign of two days, of which the first has more of everything but conversions.
fn compared() -> Comparison {
    let of = |day: i32, impressions: usize, conversions: usize| {
        let seen = Evidence::ViewerDevice;
        let paid = impression(nanos("0.02"), Nanos::ZERO, Bearer::OnTop, seen);
        let mut report = Report::new(vec![Dimension::Campaign, Dimension::Day]);
        for kind in std::iter::repeat_n(paid, impressions)
            .chain(std::iter::repeat_n(EventKind::Click, impressions / 10))
            .chain(std::iter::repeat_n(conversion(nanos("100")), conversions))
        {
            report.add(&event("spring", Currency::EUR, day, kind));
        }
        report.add(&event(if day == 0 { "old" } else { "new" }, Currency::EUR, day, EventKind::Click));
        report.finish(&names())
    };
    Comparison::new(of(1, 1_000, 12), of(0, 1_500, 8), 1)
}

#[test]
fn two_periods_stand_beside_each_other() {
    check_golden(&compared().to_text(&english()), include_str!("compared.txt"));
    check_golden(&compared().to_csv(), include_str!("compared.csv"));
    let json: serde_json::Value = serde_json::from_str(&compared().to_json()).unwrap();
    let row = |present: &str| {
        let rows = json["rows"].as_array().unwrap();
        rows.iter().find(|row| row["present"] == present).unwrap().clone()
    };
    let both = row("both");
    assert_eq!((&both["impressions"], &both["before"]["impressions"]), (&1_000.into(), &1_500.into()));
    assert_eq!(both["change_percent"]["impressions"], "-33.333333");
    assert_eq!(both["change_percent"]["refunds"], serde_json::Value::Null);
    assert_eq!((&row("now")["before"], &row("now")["clicks"]), (&serde_json::Value::Null, &1.into()));
    assert_eq!(
        (&row("before")["clicks"], &row("before")["before"]["clicks"]),
        (&serde_json::Value::Null, &1.into())
    );
    assert_eq!(json["totals"][0]["change_percent"]["conversions"], "50.000000");
}

#[test]
fn a_page_holds_every_row_a_chart_and_its_notes_in_both_languages() {
    let (table, over_time) = (aimed(), table(&[Dimension::Day]));
    let both = compared();
    for (lang, words) in [(Lang::En, ["Return", "300.00%"]), (Lang::Fr, ["Rendement", "€"])] {
        let sheet =
            Sheet { table: &table, over_time: Some(&over_time), comparison: None, subtitle: "novembre" };
        let html = sheet.to_html(&Forms::new(lang));
        assert!(html.contains(&format!("<html lang=\"{lang}\">")) && html.contains(words[0]));
        assert!(html.contains("spring") && html.contains("novembre"));
        assert!(html.contains("<svg class=\"chart\"") && html.contains("<figcaption>"), "charts");
        assert!(!html.contains("<script") && !html.contains("https://"));
        assert!(html.len() < 60_000, "{} bytes", html.len());
        let sheet = Sheet { table: &both.now, over_time: None, comparison: Some(&both), subtitle: "" };
        let html = sheet.to_html(&Forms::new(lang));
        assert!(html.contains(if lang == Lang::En { "-33.3%" } else { "-33,3\u{202f}%" }), "{html}");
    }
}

#[test]
fn a_chart_over_time_has_a_place_for_days_without_events() {
    let mut report = Report::new(vec![Dimension::Day]);
    for day in [0, 3] {
        report.add(&event("spring", Currency::EUR, day, EventKind::Click));
    }
    let table = report.finish(&Names::default());
    assert!(!table.is_of_one_group());
    let days = table.without_gaps(Currency::EUR);
    let told: Vec<_> = days.iter().map(|row| (row.labels[0].machine(), row.totals.clicks)).collect();
    assert_eq!(told, [("2026-11-21", 1), ("2026-11-22", 0), ("2026-11-23", 0), ("2026-11-24", 1)]);
}

#[test]
fn an_empty_page_says_so() {
    let table = Report::new(vec![Dimension::Day]).finish(&Names::default());
    let sheet = Sheet { table: &table, over_time: Some(&table), comparison: None, subtitle: "" };
    assert!(sheet.to_html(&Forms::new(Lang::Fr)).contains("Aucun événement."));
}

/// An event of each kind that a setting tells apart.
fn set(change: impl Fn(&mut Setting)) -> Event {
    let mut event = event("spring", Currency::EUR, 0, EventKind::Click);
    change(&mut event.bid.setting);
    event
}

fn labels_of(dimension: Dimension, events: &[Event], names: &Names) -> Vec<(String, u64)> {
    let mut report = Report::new(vec![dimension]);
    events.iter().for_each(|event| report.add(event));
    let rows = report.finish(names).rows;
    rows.into_iter().map(|row| (row.labels[0].to_string(), row.totals.clicks)).collect()
}

#[test]
fn every_fact_of_a_setting_tells_rows_apart_and_what_is_not_told_is_a_row_too() {
    let mut names = names();
    let [news, publisher] = ["news", "le-monde.fr"];
    names.publishers.insert(PublisherId::from_raw(7), publisher.to_owned());
    names.arms.insert(ArmId::from_raw(7), "spring/reach: long".to_owned());
    names.segments.insert(SegmentId::from_raw(7), news.to_owned());
    let plain = set(|_| {});
    let check = |dimension, told: Event, wanted: [&str; 2]| {
        let mut wanted = wanted.map(|label| (label.to_owned(), 1));
        wanted.sort();
        assert_eq!(labels_of(dimension, &[plain.clone(), told], &names), wanted);
    };
    let paris = Area::new(Country::FR, Some("IDF"));
    check(
        Dimension::Publisher,
        set(|to| to.publisher = Some(PublisherId::from_raw(7))),
        [publisher, "unknown"],
    );
    check(Dimension::Place, set(|to| to.area = Some(paris)), ["FR-IDF", "unknown"]);
    check(Dimension::Device, set(|to| to.device = Device::Tv), ["tv", "unknown"]);
    check(Dimension::Arm, set(|to| to.arm = Some(ArmId::from_raw(7))), ["no arm", "spring/reach: long"]);
    let banner = |to: &mut Setting| (to.format, to.size) = (Format::Banner, Some((300, 250)));
    check(Dimension::Format, set(banner), ["banner 300x250", "unknown"]);
    let video = |to: &mut Setting| (to.format, to.size) = (Format::Video, Some((640, 360)));
    check(Dimension::Format, set(video), ["unknown", "video"]);
    let in_one = set(|to| to.segments = Segments::new([SegmentId::from_raw(7)]));
    check(Dimension::Segment, in_one, ["news", "no segment"]);
}

#[test]
fn what_is_shown_to_two_segments_counts_in_both_and_once_in_the_total() {
    let both = set(|to| to.segments = Segments::new([1, 2].map(SegmentId::from_raw)));
    let one = set(|to| to.segments = Segments::new([SegmentId::from_raw(2)]));
    let mut report = Report::new(vec![Dimension::Segment]);
    for event in [&both, &one] {
        report.add(event);
    }
    let table = report.finish(&Names::default());
    let clicks: Vec<u64> = table.rows.iter().map(|row| row.totals.clicks).collect();
    assert_eq!((clicks, table.totals[0].totals.clicks), (vec![1, 2], 2));
    assert!(table.to_text(&english()).contains("counts in each"));
}

#[test]
fn losses_stand_by_their_reason_in_the_words_of_openrtb() {
    let loss = |reason| event("spring", Currency::EUR, 0, EventKind::Loss { reason, min_to_win: None });
    let mut report = Report::new(vec![Dimension::LossReason]);
    for event in [loss(Some(102)), loss(Some(102)), loss(None), set(|_| {})] {
        report.add(&event);
    }
    let rows = report.finish(&Names::default()).rows;
    let told: Vec<_> = rows.iter().map(|row| (row.labels[0].machine(), row.totals.losses)).collect();
    assert_eq!(told, [("102 Lost to Higher Bid", 2), ("no reason told", 1), ("not lost", 0)]);
}

#[test]
fn hours_are_those_of_utc_and_days_those_of_the_campaign() {
    let mut late = set(|_| {});
    late.bid.at = UnixMillis::from_raw(NOON.raw() + 11 * 3_600_000 + 3_599_999);
    late.bid.day = Day::from_raw(late.bid.day.raw() + 1);
    let names = Names::default();
    assert_eq!(labels_of(Dimension::Hour, &[late.clone()], &names), [("2026-11-21T23Z".to_owned(), 1)]);
    assert_eq!(labels_of(Dimension::Day, &[late], &names), [("2026-11-22".to_owned(), 1)]);
}

/// A campaign that paid 40 for impressions, and what they brought.
fn bought(kinds: &[EventKind]) -> Table {
    let paid = impression(nanos("40"), Nanos::ZERO, Bearer::Absorb, Evidence::ViewerDevice);
    let mut report = Report::new(vec![Dimension::Campaign]);
    report.add(&event("autumn", Currency::EUR, 0, paid));
    report.add(&event("autumn", Currency::EUR, 0, EventKind::Click));
    for kind in kinds {
        report.add(&event("autumn", Currency::EUR, 0, kind.clone()));
    }
    report.finish(&Names::default())
}

#[test]
fn a_sign_up_counts_as_a_conversion_with_its_value_and_costs_no_more_as_an_acquisition() {
    let lifetime = |mut kind: EventKind| {
        if let EventKind::Conversion(conversion) = &mut kind {
            conversion.lifetime = nanos("132");
        }
        kind
    };
    let signed_up = lifetime(converted("sign-up", false, nanos("1")));
    let table = bought(&[signed_up.clone(), lifetime(conversion(nanos("100")))]);
    let json: serde_json::Value = serde_json::from_str(&table.to_json()).unwrap();
    let row = &json["rows"][0];
    assert_eq!((&row["conversions"], &row["acquisitions"]), (&2.into(), &1.into()));
    // 40 for media and a fee of 4.
    for (name, value) in [
        ("cpa_all_in_after_tax", "44.000000"),
        ("ltv_to_cac_all_in_after_tax", "3.000000"),
        ("lifetime_value", "132.00"),
        ("cvr_percent", "200.000000"),
        ("value", "101.00"),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    assert!(table.to_text(&english()).contains("no acquisitions, which no CPA counts: 1.\n"));

    let alone = bought(&[signed_up]);
    let json: serde_json::Value = serde_json::from_str(&alone.to_json()).unwrap();
    let row = &json["rows"][0];
    assert_eq!((&row["conversions"], &row["acquisitions"]), (&1.into(), &0.into()));
    assert_eq!(row["cpa_all_in_after_tax"], serde_json::Value::Null);
    assert_eq!(row["ltv_to_cac_all_in_after_tax"], serde_json::Value::Null);
    // One click may be a chance of none, but none of infinitely much is told.
    assert_eq!(row["cpa_all_in_after_tax_high"], serde_json::Value::Null);
    let text = alone.to_text(&english());
    assert!(!text.contains("inf") && !text.contains("NaN"), "{text}");
}

#[test]
fn a_conversion_that_no_ad_led_to_counts_for_nobody() {
    let EventKind::Conversion(conversion) = conversion(nanos("10")) else { unreachable!("just made") };
    let nobody = Conversion { touch: Touch::None, ..conversion.clone() };
    let mut report = Report::new(Vec::new());
    for kind in [conversion, nobody] {
        report.add(&event("spring", Currency::EUR, 0, EventKind::Conversion(kind)));
    }
    let totals = report.finish(&Names::default()).totals[0].totals;
    assert_eq!((totals.conversions, totals.unattributed_conversions), (1, 1));
    assert_eq!((totals.value, totals.unattributed_value), (nanos("10").to_femtos(), nanos("10").to_femtos()));
}

#[test]
fn a_conversion_told_after_the_day_is_over_everywhere_restates_it() {
    let told_after = |days: i64| {
        let mut event = event("spring", Currency::EUR, 0, conversion(nanos("10")));
        event.at = UnixMillis::from_raw(NOON.raw() + days * 86_400_000);
        let mut report = Report::new(Vec::new());
        report.add(&event);
        report.finish(&Names::default()).totals[0].totals.restated_conversions
    };
    assert_eq!([0, 1, 2, 30].map(told_after), [0, 0, 1, 1]);
}

#[test]
fn what_budgets_hold_is_media_data_and_the_tax_inside_rounded_up_by_bill() {
    let paid = |bearer| impression(nanos("0.000000015"), Nanos::ZERO, bearer, Evidence::ViewerDevice);
    let budget = |bearer| {
        let mut report = Report::new(Vec::new());
        for _ in 0..2 {
            report.add(&event("spring", Currency::EUR, 0, paid(bearer)));
        }
        report.finish(&Names::default()).totals[0].totals.budget
    };
    assert_eq!(budget(Bearer::OnTop), nanos("0.00000003").to_femtos());
    assert_eq!(budget(Bearer::Inside), nanos("0.000000032").to_femtos());
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
        check_golden(&table.to_text(&english()), include_str!("corrected.txt"));
        check_golden(&table.to_csv(), include_str!("corrected.csv"));
    }
}

#[test]
fn an_empty_report_has_a_header_and_no_rows() {
    let table = Report::new(vec![Dimension::Day]).finish(&Names::default());
    assert_eq!(table.to_text(&english()), "No events.\n");
    assert!(table.to_csv().starts_with("day,currency,wins,losses,impressions,"));
    assert_eq!(table.to_csv().lines().count(), 1);
}

#[test]
fn an_id_without_a_name_is_written_in_hexadecimal() {
    let labels: Vec<_> = table(&[Dimension::Campaign]).rows.into_iter().map(|row| row.labels).collect();
    assert!(labels.contains(&vec![Label::named(CampaignId::from_slug("abroad").to_string())]), "{labels:?}");
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
        (amount(), any::<bool>()).prop_map(|(value, acquisition)| converted("lead", acquisition, value)),
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
        prop_assert_eq!(merged.unwrap().finish(&names()), whole.finish(&names()));
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
