//! What another tax changes of impressions whose bids and rivals are known.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::ttf::{
    Bearer, Booked, Bought, Case, Conversions, Evidence, Facts, Group, Jurisdiction, Outcome, Parties, Place,
    Places, RateRow, Scenario, ScenarioSpec, TaxKind, Territory, WhatIf,
};
use crate::units::{
    AdvertiserId, CampaignId, Country, Currency, Day, ExchangeId, Femtos, Nanos, RatePpm, Rounding,
    UnixMillis,
};

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);

fn amount(text: &str) -> Nanos {
    Nanos::from_decimal(text, Rounding::Exact).unwrap()
}

fn ppm(ppm: u32) -> RatePpm {
    RatePpm::from_ppm(ppm).unwrap()
}

/// France, 0.1 % on ad space and 0.05 % on data.
fn scenario() -> Scenario {
    let france = Jurisdiction::from_code("FR").unwrap();
    let row = |kind, rate| RateRow {
        jurisdiction: france,
        kind,
        rate: ppm(rate),
        valid_from: Day::from_civil(2026, 1, 1),
        valid_to: None,
        known_from: None,
    };
    Scenario::new(ScenarioSpec {
        slug: "test".to_owned(),
        territories: vec![Territory {
            jurisdiction: france,
            zone: "Europe/Paris".to_owned(),
            countries: vec![Country::FR],
        }],
        rates: vec![row(TaxKind::AdSpace, 1_000), row(TaxKind::Data, 500)],
        evidence: vec![Evidence::ViewerDevice],
        fallback: Some(france),
        ..ScenarioSpec::default()
    })
    .unwrap()
}

/// Bought untaxed, seen in France.
fn group(campaign: u64) -> Group {
    let nowhere = Place { jurisdiction: None, evidence: Evidence::ViewerDevice };
    Group {
        parties: Parties {
            advertiser: AdvertiserId::from_raw(1),
            campaign: CampaignId::from_raw(campaign),
            exchange: ExchangeId::from_raw(1),
            publisher: None,
        },
        facts: Facts { viewer_device: Some(Country::FR), ..Facts::default() },
        currency: Currency::EUR,
        billed_at: NOW,
        fee: ppm(100_000),
        booked: Booked {
            scenario: Scenario::NONE,
            places: Places::one(nowhere),
            space_rate: RatePpm::ZERO,
            data_rate: RatePpm::ZERO,
            bearer: Bearer::Absorb,
        },
    }
}

fn case<'a>(scenario: &'a Scenario, bearer: Bearer) -> Case<'a> {
    Case { name: bearer.to_string(), scenario: Some(scenario), bearer: Some(bearer) }
}

fn bought(media: &str, bid: Option<&str>, to_beat: Option<&str>) -> Bought {
    Bought {
        group: 0,
        impressions: 1,
        media: amount(media),
        data: Nanos::ZERO,
        bid: bid.map(amount),
        to_beat: to_beat.map(amount),
    }
}

fn outcomes(cases: Vec<Case<'_>>, bought: &[Bought], conversions: (i64, &str)) -> Vec<Outcome> {
    let mut whole = WhatIf::new(cases);
    whole.group(Group { fee: RatePpm::ZERO, ..group(1) });
    bought.iter().for_each(|bought| whole.add(bought));
    let (count, value) = conversions;
    let value = amount(value).to_femtos();
    let conversions = Conversions { count, acquisitions: count, value };
    whole.add_conversions(CampaignId::from_raw(1), Currency::EUR, conversions);
    whole.outcomes()
}

#[test]
fn ten_thousand_that_bring_forty_have_a_cpa_of_50_and_a_roi_of_300_and_with_the_tax_50_05_and_299_60() {
    let scenario = scenario();
    let as_booked = Case { name: "as booked".to_owned(), scenario: None, bearer: None };
    let cases = vec![as_booked, case(&scenario, Bearer::OnTop), case(&scenario, Bearer::Absorb)];
    let told = outcomes(cases, &[bought("10000", None, None)], (200, "40000"));
    let figures: Vec<_> = told
        .iter()
        .map(|outcome| {
            let (cpa, roi) = (outcome.cpa().unwrap().to_decimal(2), outcome.roi().unwrap().to_percent(2));
            (outcome.tax.to_string(), cpa, roi, outcome.margin().to_string())
        })
        .collect();
    let row = |tax: &str, cpa: &str, roi: &str, margin: &str| {
        (tax.to_owned(), cpa.to_owned(), roi.to_owned(), margin.to_owned())
    };
    assert_eq!(
        figures,
        [
            row("0.00", "50.00", "300.00", "0.00"),
            row("10.00", "50.05", "299.60", "0.00"),
            row("10.00", "50.00", "300.00", "-10.00"),
        ]
    );
}

#[test]
fn rates_of_a_hundredth_to_a_tenth_of_a_percent_owe_in_proportion() {
    let rates = [100, 200, 500, 1_000].map(|rate| scenario().at_rate(ppm(rate)).unwrap());
    let cases = rates.iter().map(|scenario| case(scenario, Bearer::OnTop)).collect();
    let told = outcomes(cases, &[bought("100000", None, None)], (0, "0"));
    let owed: Vec<String> = told.iter().map(|outcome| outcome.tax.to_string()).collect();
    assert_eq!(owed, ["10.00", "20.00", "50.00", "100.00"]);
}

#[test]
fn an_impression_is_lost_if_the_bid_with_room_for_the_tax_falls_below_what_was_to_be_beaten() {
    let scenario = scenario();
    let lost = |bearer, of: Bought| {
        let outcome = outcomes(vec![case(&scenario, bearer)], &[of], (10, "100")).remove(0);
        (outcome.lost, outcome.not_told, outcome.conversions_millionths)
    };
    // A bid of 10.01 leaves 10.00 with a tax of 0.1 %.
    for (to_beat, is_lost) in [("10", 0), ("10.000000001", 1)] {
        let of = bought("10.01", Some("10.01"), Some(to_beat));
        assert_eq!(lost(Bearer::OnTop, of), (is_lost, 0, 10_000_000 * (1 - i128::from(is_lost))));
        assert_eq!(lost(Bearer::Absorb, of), (0, 0, 10_000_000));
    }
    // The price tells what was to be beaten if it is below the bid; else nobody does.
    assert_eq!(lost(Bearer::OnTop, bought("10.005", Some("10.01"), None)).0, 1);
    assert_eq!(lost(Bearer::OnTop, bought("10.01", Some("10.01"), None)), (0, 1, 10_000_000));
    assert_eq!(lost(Bearer::OnTop, bought("10.005", None, None)), (0, 1, 10_000_000));
    // With half of the tax 10.005 is left, nearly.
    let half = Bearer::Split { advertiser: ppm(500_000), inside: false };
    assert_eq!(lost(half, bought("10.01", Some("10.01"), Some("10.004"))).0, 0);
    assert_eq!(lost(half, bought("10.01", Some("10.01"), Some("10.006"))).0, 1);
}

#[test]
fn campaigns_keep_conversions_in_proportion_to_their_own_impressions() {
    let scenario = scenario();
    let mut whole = WhatIf::new(vec![case(&scenario, Bearer::Inside)]);
    let (one, other) = (whole.group(group(1)), whole.group(group(2)));
    let lost = Bought { group: one, ..bought("1", Some("1"), Some("1")) };
    let won = Bought { group: one, ..bought("1", Some("1"), Some("0.5")) };
    for bought in [lost, lost, won, Bought { group: other, ..won }] {
        whole.add(&bought);
    }
    for campaign in [1, 2] {
        let value = amount("9").to_femtos();
        let conversions = Conversions { count: 6, acquisitions: 2, value };
        whole.add_conversions(CampaignId::from_raw(campaign), Currency::EUR, conversions);
    }
    let outcome = whole.outcomes().remove(0);
    assert_eq!((outcome.impressions, outcome.lost), (2, 2));
    assert_eq!((outcome.conversions_millionths, outcome.acquisitions_millionths), (8_000_000, 2_666_666));
    // 2 for media, 0.2 of fee and 0.002 of tax, for each acquisition alone.
    assert_eq!(outcome.cpa().unwrap().to_decimal(6), "0.825750");
    assert_eq!(Outcome { acquisitions_millionths: 0, ..outcome.clone() }.cpa(), None);
    assert_eq!(outcome.value, amount("12").to_femtos());
    // Inside, the budget counts the tax; our fee is a tenth of media.
    assert_eq!(outcome.budget, amount("2.002").to_femtos());
    assert_eq!(outcome.fee, amount("0.2").to_femtos());
}

#[test]
fn what_a_correction_takes_back_is_taken_back_in_every_case() {
    let scenario = scenario();
    // Won by far, won by a hair that a tax takes, in the first and in the second price, and nobody knows.
    for (bid, to_beat) in [
        (Some("3"), Some("1")),
        (Some("2"), Some("2")),
        (Some("2.0001"), None),
        (Some("2"), None),
        (None, None),
    ] {
        let billed = bought("2", bid, to_beat);
        let back = Bought { impressions: -1, media: amount("-2"), ..billed };
        let outcome = outcomes(vec![case(&scenario, Bearer::OnTop)], &[billed, back], (0, "0")).remove(0);
        assert_eq!((outcome.impressions, outcome.media, outcome.tax), (0, Femtos::ZERO, Femtos::ZERO));
        assert_eq!(outcome.not_told, 0, "{bid:?} {to_beat:?}");
    }
}

fn rows() -> impl Strategy<Value = Vec<Bought>> {
    let maybe = || prop_oneof![Just(None), (1..20_000_000_i64).prop_map(|raw| Some(Nanos::from_raw(raw)))];
    let row = (0..2_u32, 1..10_000_000_i64, 0..1_000_000_i64, maybe(), maybe());
    let row = row.prop_map(|(group, media, data, bid, to_beat)| Bought {
        group,
        impressions: 1,
        media: Nanos::from_raw(media),
        data: Nanos::from_raw(data),
        bid,
        to_beat,
    });
    proptest::collection::vec(row, 0..80)
}

fn counted<'a>(cases: &[Case<'a>], rows: &[Bought]) -> WhatIf<'a> {
    let mut whole = WhatIf::new(cases.to_vec());
    whole.group(group(1));
    whole.group(group(2));
    rows.iter().for_each(|row| whole.add(row));
    whole
}

proptest! {
    #[test]
    fn parts_of_the_impressions_merge_into_the_whole(rows in rows(), cut in any::<proptest::sample::Index>()) {
        let scenario = scenario();
        let cases = [case(&scenario, Bearer::OnTop), case(&scenario, Bearer::Absorb)];
        let cut = if rows.is_empty() { 0 } else { cut.index(rows.len()) };
        let mut parts = counted(&cases, &rows[cut..]);
        parts.merge(&counted(&cases, &rows[..cut]));
        let whole = counted(&cases, &rows).outcomes();
        prop_assert_eq!(parts.outcomes(), whole.clone());
        // Whose groups have other numbers, or are not all known.
        let mut turned = WhatIf::new(cases.to_vec());
        turned.group(group(2));
        for row in rows.iter().filter(|row| row.group == 1) {
            turned.add(&Bought { group: 0, ..*row });
        }
        let first: Vec<Bought> = rows.iter().copied().filter(|row| row.group == 0).collect();
        turned.merge(&counted(&cases, &first));
        prop_assert_eq!(turned.outcomes(), whole);
    }

    #[test]
    fn who_absorbs_loses_nothing_and_a_higher_rate_never_loses_less(rows in rows(), low in 1..1_000_u32, more in 1..500_000_u32) {
        let [low, high] = [low, low + more].map(|rate| scenario().at_rate(ppm(rate)).unwrap());
        let cases = [case(&low, Bearer::Absorb), case(&low, Bearer::OnTop), case(&high, Bearer::OnTop)];
        let told = counted(&cases, &rows).outcomes();
        if let [absorbed, low, high] = &told[..] {
            prop_assert_eq!(absorbed.lost, 0);
            prop_assert!(low.lost <= high.lost);
            for outcome in &told {
                prop_assert_eq!(outcome.lost + outcome.impressions, absorbed.impressions);
                let parts = [outcome.borne, outcome.absorbed()];
                prop_assert_eq!(parts.into_iter().sum::<Femtos>(), outcome.tax);
            }
        }
    }

    #[test]
    fn each_loss_is_by_the_bid_that_is_left(rows in rows(), rate in 1..1_000_000_u32) {
        let scenario = scenario().at_rate(ppm(rate)).unwrap();
        let data_rate = scenario.rate(Jurisdiction::from_code("FR").unwrap(), TaxKind::Data, NOW).unwrap();
        let told = counted(&[case(&scenario, Bearer::OnTop)], &rows).outcomes();
        // By another way: in whole nanos, bid by bid.
        let lost = rows.iter().filter(|row| {
            row.contest().is_some_and(|(bid, to_beat)| {
                let left = i128::from(bid.raw()) * 1_000_000 - row.data.share(data_rate).raw();
                left.div_euclid(1_000_000 + i128::from(rate)) < i128::from(to_beat.raw())
            })
        });
        prop_assert_eq!(told.first().map_or(0, |outcome| outcome.lost), i64::try_from(lost.count()).unwrap());
    }
}
