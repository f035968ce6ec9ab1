//! The tax on the command line, and what holds of it from the ledger to the last line of a declaration.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use encan::ledger::{
    Account, BidFacts, Bills, Cause, Charge, Claim, ClaimName, Conversion, Event, EventKind, Extent, Ledger,
    Setting, Settlement, Share, Source, Target, Touch, ViewerCountries, filed_on,
};
use encan::shell::store::NameKind;
use encan::ttf::{
    Assessment, Bearer, Declaration, Evidence, Exemption, Item, Jurisdiction, Levy, Place, TaxLine,
};
use encan::units::{
    AdvertiserId, BidId, CampaignId, Country, Currency, Femtos, Nanos, RatePpm, Rounding, ScenarioId,
    UnixMillis,
};
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};
use support::books;
use support::{Encan, Options};

fn at(instant: &str) -> UnixMillis {
    UnixMillis::from_raw(instant.parse::<jiff::Timestamp>().expect("an instant").as_millisecond())
}

fn amount(text: &str) -> Nanos {
    Nanos::from_decimal(text, Rounding::Exact).expect("an amount")
}

/// A bid for an ad seen in France, and when we were told.
fn event(number: u128, campaign: &str, told_at: UnixMillis, kind: EventKind) -> Event {
    let at = UnixMillis::from_raw(told_at.raw() - 1_000);
    let bid = BidFacts {
        campaign: CampaignId::from_slug(campaign),
        setting: Setting {
            viewer: ViewerCountries { device: Some(Country::FR), ..ViewerCountries::default() },
            ..Setting::default()
        },
        ..books::facts(BidId::mint(at, number), at)
    };
    Event { bid, at: told_at, kind }
}

/// At 0.1 % on ad space and 0.05 % on data, in the Union.
fn charge(media: Nanos, data: Nanos, bearer: Bearer, bid: Option<Nanos>) -> Charge {
    let line = |base, ppm| TaxLine { base, rate: RatePpm::from_ppm(ppm).expect("a rate"), exemption: None };
    let place = Place { jurisdiction: Jurisdiction::from_code("EU"), evidence: Evidence::ViewerDevice };
    Charge {
        media,
        data,
        fee: media.share(RatePpm::from_ppm(100_000).expect("a rate")),
        tax: Assessment {
            scenario: ScenarioId::from_slug("hypothesis-eu"),
            place,
            space: line(media, 1_000),
            data: line(data, 500),
            more: Vec::new(),
        },
        bearer,
        late: false,
        fx: None,
        bid,
        to_beat: None,
    }
}

fn write(data: &Path, events: Vec<Event>) {
    let campaign = |slug: &str| books::name(NameKind::Campaign, CampaignId::from_slug(slug).raw(), slug);
    let shop = books::name(NameKind::Advertiser, AdvertiserId::from_slug("shop").raw(), "shop");
    books::write(data, &[campaign("spring"), campaign("autumn"), shop], events);
}

fn tax(data: &Path, args: &[&str]) -> Output {
    support::encan().arg("tax").args(args).arg("--data").arg(data).output().expect("encan runs")
}

#[track_caller]
fn printed_json(data: &Path, args: &[&str]) -> Value {
    let output = tax(data, args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// October: 60,000 and 40,000 EUR in two campaigns, of which one is borne by us; November: 5.
fn two_months(data: &Path) {
    let impression = |number, campaign, told, media, bearer| {
        let charge = charge(amount(media), Nanos::ZERO, bearer, Some(amount("70000")));
        event(number, campaign, at(told), EventKind::Impression(charge))
    };
    let conversion = |number: u128| {
        let kind = Conversion {
            kind: "purchase".to_owned(),
            acquisition: true,
            order: Some(number.to_string()),
            value: amount("1000"),
            touch: Touch::Click(at("2026-10-05T12:00:00Z")),
            fx: None,
            happened: at("2026-10-05T12:00:00Z"),
            lifetime: Nanos::ZERO,
            source: Source::Page,
            code: None,
        };
        event(number, "spring", at("2026-10-06T12:00:00Z"), EventKind::Conversion(kind))
    };
    let mut events = vec![
        impression(1, "spring", "2026-10-05T12:00:00Z", "60000", Bearer::OnTop),
        impression(2, "autumn", "2026-10-31T22:59:59Z", "40000", Bearer::Absorb),
        // November in Brussels, October in UTC; its bid was made in October there too.
        impression(3, "spring", "2026-10-31T23:00:00.500Z", "5", Bearer::OnTop),
    ];
    events.extend((10..210).map(conversion));
    write(data, events);
}

#[test]
fn a_month_is_declared_by_the_clock_of_its_jurisdiction_and_agrees_with_the_books() {
    let folder = tempfile::tempdir().unwrap();
    two_months(folder.path());
    let told = printed_json(folder.path(), &["declare", "--period", "2026-10", "--by", "campaign", "--json"]);
    let line = &told["lines"][0];
    assert_eq!(told["lines"].as_array().unwrap().len(), 1, "{told:#}");
    assert_eq!((line["jurisdiction"].as_str(), line["tax"].as_str()), (Some("EU"), Some("hypothesis-eu")));
    assert_eq!(line["rate"], "0.1 %");
    assert_eq!((&line["all"]["base"], &line["declared"]), (&"100000.00".into(), &"100.00".into()));
    assert_eq!((&line["passed_on"], &line["absorbed"]), (&"60.00".into(), &"40.00".into()));
    let campaigns: BTreeMap<&str, &str> = line["campaigns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["campaign"].as_str().unwrap(), row["declared"].as_str().unwrap()))
        .collect();
    assert_eq!(campaigns, BTreeMap::from([("autumn", "40.00"), ("spring", "60.00")]));
    let books = &told["reconciliation"][0];
    assert_eq!((&books["booked"], &books["difference"]), (&"100.005".into(), &"0.00".into()));
    assert_eq!((&books["before"], &books["after"]), (&"0.00".into(), &"0.005".into()));
    assert_eq!(told["told_after"][0]["impressions"], 1);
    assert_eq!(told["ledger"]["first_day"], "2026-10-05");
    let hash =
        |period| printed_json(folder.path(), &["declare", "--period", period, "--json"])["ledger"].clone();
    assert_eq!(hash("2026-10"), told["ledger"], "the same days have the same hash");
    let november = printed_json(folder.path(), &["declare", "--period", "2026-11", "--json"]);
    assert_eq!(november["lines"][0]["late"]["impressions"], 1);
    assert_eq!(november["lines"][0]["declared"], "0.01");
    let year = printed_json(folder.path(), &["declare", "--period", "2026", "--per-advertiser", "--json"]);
    assert_eq!(year["totals"][0]["taxpayer"], "shop");
    assert_eq!(year["totals"][0]["declared"], "100.01");
}

#[test]
fn a_declaration_has_a_form_for_people_for_spreadsheets_and_for_browsers() {
    let folder = tempfile::tempdir().unwrap();
    two_months(folder.path());
    let printed = |format: &str| {
        let output = tax(
            folder.path(),
            &[
                "declare",
                "--period",
                "2026-Q4",
                "--taxpayer",
                "A & B",
                "--by",
                "campaign",
                "--format",
                format,
            ],
        );
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let table = printed("table");
    assert!(table.contains("A & B owes 100.01 EUR") && table.contains("equal"), "{table}");
    let csv = printed("csv");
    assert!(csv.starts_with("taxpayer,jurisdiction,tax,kind,treatment,rate"), "{csv}");
    assert!(
        csv.contains("A & B,EU,hypothesis-eu,ad_space,taxed,0.1 %,,EUR,,3,3,100005.00,100.005,100.01,"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 4, "{csv}");
    let html = printed("html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("A &amp; B owes"), "{html}");
    for outside in ["<script", "http://", "https://", "src="] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn what_is_no_period_no_scenario_or_no_ledger_is_said_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |args: &[&str], code, want: &str| {
        let output = tax(folder.path(), args);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words}");
        assert!(words.contains(want), "{want} in {words}");
    };
    refused(&["declare", "--period", "2026-13"], 1, "a month is written 2026-10, a quarter 2026-Q4");
    refused(&["declare", "--period", "2026-10"], 1, "there is no ledger in");
    refused(&["what-if", "--scenario", "hypotesis-eu"], 1, "did you mean `hypothesis-eu`?");
    refused(&["what-if", "--strategy", "half"], 1, "`half` is none of absorb");
    refused(&["what-if", "--rates", "101"], 1, "is no percentage");
}

#[test]
fn a_declaration_under_a_scenario_without_a_file_is_shown_and_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut charge = charge(amount("60000"), Nanos::ZERO, Bearer::OnTop, None);
    charge.tax.scenario = ScenarioId::from_raw(7);
    write(folder.path(), vec![event(1, "spring", at("2026-10-05T12:00:00Z"), EventKind::Impression(charge))]);
    let output = tax(folder.path(), &["declare", "--period", "2026-10"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("no file tells the clock of EU under the scenario 0000000000000007"), "{words}");
    assert!(words.contains("--tax DIR"), "{words}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("60.00"));
}

#[test]
fn the_same_impressions_are_told_under_other_rates_and_bearers() {
    let folder = tempfile::tempdir().unwrap();
    two_months(folder.path());
    let rows = printed_json(
        folder.path(),
        &[
            "what-if",
            "--to",
            "2026-10-30",
            "--rates",
            "0.01,0.1",
            "--strategy",
            "absorb,on_top,split:50",
            "--json",
        ],
    );
    let figures: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| ["case", "tax", "tax_absorbed", "all_in"].map(|key| row[key].as_str().unwrap()))
        .collect();
    // 60,000 of media and 6,000 of fee.
    let want = [
        ["as booked", "60.00", "0.00", "66060.00"],
        ["hypothesis-eu at 0.01 %, absorb", "6.00", "6.00", "66000.00"],
        ["hypothesis-eu at 0.01 %, on_top", "6.00", "0.00", "66006.00"],
        ["hypothesis-eu at 0.01 %, split:50", "6.00", "3.00", "66003.00"],
        ["hypothesis-eu at 0.1 %, absorb", "60.00", "60.00", "66000.00"],
        ["hypothesis-eu at 0.1 %, on_top", "60.00", "0.00", "66060.00"],
        ["hypothesis-eu at 0.1 %, split:50", "60.00", "30.00", "66030.00"],
    ];
    assert_eq!(figures, want);
    assert_eq!(rows[0]["cpa"], "330.300000");
    assert_eq!(rows[1]["lost"], 0);
}

/// A market whose one campaign is of a German advertiser, who bears three fifths of a tax that both countries share.
fn shared(folder: &Path) -> Options {
    let put = |path: &str, text: String| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    let split = json!({ "split": { "advertiser_percent": 60, "counted": "inside" } });
    let campaign = json!({
        "advertiser": {
            "id": "shop", "name": "Shop", "domain": "shop.example", "country": "DE",
            "tax": { "scenario": "hypothesis-shared", "bearer": split },
        },
        "id": "shared", "name": "shared", "currency": "EUR", "time_zone": "Europe/Paris",
        "flight": { "start": "2025-01-01" }, "budget": { "daily": 100 }, "pacing": "asap",
        "costs": { "platform_fee_percent": 10 },
        "line_items": [{ "id": "all", "deals": "shared", "goal": { "cpm": 10 }, "data_cpm": 1 }],
        "creatives": [{
            "id": "mpu", "landing_page": "https://shop.example/", "categories": ["IAB3"],
            "banner": { "size": "300x250", "image": "https://cdn.shop.example/300x250.png" },
        }],
    });
    let exchange = json!({
        "name": "x", "bills_on": "billing", "reservation": { "display": "10m", "av": "1h" }, "tmax_ms": 60_000,
        "margin_ms": 10, "price_decimals": 6, "missing_price": "refuse",
    });
    put("campaigns/shared.json", campaign.to_string());
    put("exchanges/market.json", exchange.to_string());
    let at = |name: &str| Some(folder.join(name));
    Options { campaigns: at("campaigns"), exchanges: at("exchanges"), ..Options::default() }
}

#[test]
fn a_tax_that_two_countries_share_and_two_parties_bear_is_in_the_price_the_bill_and_the_declaration() {
    let folder = tempfile::tempdir().unwrap();
    let server = Encan::start(shared(folder.path()));
    let request = json!({
        "id": "r", "cur": ["EUR"], "device": { "geo": { "country": "FRA" } },
        "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 }, "pmp": { "deals": [{ "id": "shared" }] } }],
    });
    let answer = server.post("/openrtb2/market", request.to_string()).json();
    let bid = &answer["seatbid"][0]["bid"][0];
    // (10 - 1 x 1.0003) / 1.0006: three fifths of 0.1 % on the place and of 0.05 % on the data.
    assert_eq!(bid["price"], 8.994_303, "{answer}");
    let burl = bid["burl"].as_str().unwrap();
    let bill = burl[burl.find("/n/").unwrap()..].replace("${AUCTION_PRICE}", "5");
    assert_eq!(server.get(&bill.replace("${AUCTION_CURRENCY}", "EUR")).status, 204);
    let year = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::get("Europe/Paris").unwrap()).year();
    let declared = printed_json(&server.data, &["declare", "--period", &year.to_string(), "--json"]);
    let lines: Vec<_> = declared["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let of = |key: &str| line[key].as_str().unwrap();
            (
                of("jurisdiction"),
                of("kind"),
                line["all"]["base"].as_str().unwrap(),
                of("passed_on"),
                of("absorbed"),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("DE", "ad_space", "0.0025", "0.0000015", "0.000001"),
            ("DE", "data", "0.0005", "0.00000015", "0.0000001"),
            ("FR", "ad_space", "0.0025", "0.0000015", "0.000001"),
            ("FR", "data", "0.0005", "0.00000015", "0.0000001"),
        ]
    );
    assert!(
        declared["reconciliation"].as_array().unwrap().iter().all(|row| row["agrees"] == true),
        "{declared:#}"
    );
}

#[test]
fn a_fee_that_does_not_cover_what_we_bear_is_a_warning_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string("fixtures/campaigns/branding-ile-de-france.json").unwrap();
    let check = |text: &str| {
        std::fs::write(folder.path().join("branding.json"), text).unwrap();
        let output = support::encan().arg("check").arg(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(check(&text), "");
    let fee = text.lines().find(|line| line.contains("platform_fee_percent")).unwrap();
    let mut campaign: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(campaign["tax"]["bearer"], "absorb", "{fee}");
    campaign["costs"]["platform_fee_percent"] = json!(0.05);
    let words = check(&serde_json::to_string_pretty(&campaign).unwrap());
    assert!(
        words.contains("`tax.bearer` makes us bear up to 0.1 % of media, with a fee of 0.05 %"),
        "{words}"
    );
    assert!(words.contains("raise `costs.platform_fee_percent`"), "{words}");
}

/// An impression in one place or in two.
fn charges() -> impl Strategy<Value = Charge> {
    let share = (0..=1_000_000_u32, any::<bool>()).prop_map(|(ppm, inside)| Bearer::Split {
        advertiser: RatePpm::from_ppm(ppm).expect("a share"),
        inside,
    });
    let bearer = prop_oneof![Just(Bearer::Absorb), Just(Bearer::OnTop), Just(Bearer::Inside), share];
    let reason = proptest::option::weighted(0.2, proptest::sample::select(Exemption::ALL.to_vec()));
    (1..10_000_000_000_i64, 0..1_000_000_000_i64, bearer, any::<bool>(), reason, 0..=7_u8).prop_map(
        |(media, data, bearer, twice, reason, evidence)| {
            let (media, data) = (Nanos::from_raw(media), Nanos::from_raw(data));
            let mut charge = charge(media, data, bearer, None);
            charge.tax.place.evidence = Evidence::from_code(evidence).expect("an evidence");
            if let Some(reason) = reason {
                (charge.tax.space.exemption, charge.tax.space.rate) = (Some(reason), RatePpm::ZERO);
            }
            if twice {
                let Assessment { space, data, .. } = charge.tax.clone();
                let jurisdiction = Jurisdiction::from_code("IT");
                let place = Place { jurisdiction, evidence: Evidence::Advertiser };
                charge.tax.more = vec![Levy { place, space, data }];
            }
            charge
        },
    )
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let day = at("2026-09-28T00:00:00Z").raw()..at("2026-11-03T00:00:00Z").raw();
    let one = (charges(), day, any::<u32>(), any::<bool>());
    let one = one.prop_map(|(charge, told, number, spring)| {
        let campaign = if spring { "spring" } else { "autumn" };
        let kind = EventKind::Impression(charge);
        event(number.into(), campaign, UnixMillis::from_raw(told), kind)
    });
    proptest::collection::vec(one, 0..30)
}

/// The impressions, and a credit note of every second one, for half of it.
fn with_credit_notes(events: &[Event]) -> Vec<Event> {
    let mut all = events.to_vec();
    let mut bills = Bills::of(events.iter().cloned());
    for event in events.iter().step_by(2) {
        let claim = Claim {
            name: ClaimName::given(&event.bid.id.to_string()),
            cause: Cause::CreditNote,
            target: Target::Bid(event.bid.id),
            extent: Extent::Share(Share::ALL),
            reason: "not seen".to_owned(),
            author: "auditor".to_owned(),
        };
        if let Ok(Settlement::New(notes)) =
            bills.settle(&claim, UnixMillis::from_raw(event.at.raw() + 86_400_000))
        {
            all.extend(notes);
        }
    }
    all
}

/// The declaration of October, and what the ledger owes, of the events that are news to it.
fn october(events: &[Event]) -> (Declaration, BTreeMap<(Option<Jurisdiction>, Currency), Femtos>) {
    let mut ledger = Ledger::default();
    let mut declaration = Declaration::new("2026-10".parse().expect("a month"), [], false);
    for event in events {
        let (charge, impressions) = match &event.kind {
            EventKind::Impression(charge) => (charge, 1),
            EventKind::Correction(correction) => (&correction.charge, correction.impressions),
            _ => continue,
        };
        if ledger.apply(event) == encan::ledger::Applied::Duplicate {
            continue;
        }
        declaration.add(&Item {
            advertiser: event.bid.advertiser,
            campaign: event.bid.campaign,
            currency: event.bid.currency,
            bid_at: event.bid.at,
            told_at: event.at,
            filed: filed_on(event),
            impressions,
            is_correction: matches!(event.kind, EventKind::Correction(_)),
            assessment: &charge.tax,
            bearer: charge.bearer,
        });
    }
    let owed = ledger.balances().filter_map(|((account, currency), balance)| match account {
        Account::Tax(at) => Some(((at, currency), -balance)),
        _ => None,
    });
    (declaration, owed.collect())
}

proptest! {
    #[test]
    fn order_and_duplicates_do_not_matter(events in events(), turn in any::<proptest::sample::Index>()) {
        let once = with_credit_notes(&events);
        let mut often = [once.clone(), once.clone()].concat();
        if !often.is_empty() {
            let turn = turn.index(often.len());
            often.rotate_left(turn);
        }
        often.reverse();
        prop_assert_eq!(october(&once), october(&often));
    }

    #[test]
    fn the_lines_and_what_lies_before_and_after_are_what_the_ledger_owes(events in events()) {
        let (declaration, booked) = october(&with_credit_notes(&events));
        for row in declaration.finish().reconcile(&booked) {
            prop_assert_eq!(row.difference(), Femtos::ZERO, "{:?}", row.account);
        }
    }

    #[test]
    fn an_event_and_its_credit_note_owe_nothing_together(events in events()) {
        let all = with_credit_notes(&events);
        let credited: Vec<BidId> = all[events.len()..].iter().map(|event| event.bid.id).collect();
        let pairs: Vec<Event> = all.into_iter().filter(|event| credited.contains(&event.bid.id)).collect();
        let (_, booked) = october(&pairs);
        for (account, owed) in booked {
            prop_assert_eq!(owed, Femtos::ZERO, "{:?}", account);
        }
    }

    #[test]
    fn net_and_tax_are_gross_in_every_row_of_a_report(events in events()) {
        let mut report = encan::report::Report::new(vec![encan::report::Dimension::Campaign]);
        with_credit_notes(&events).iter().for_each(|event| report.add(event));
        for row in report.finish(&<_>::default()).rows {
            let figures = row.figures();
            for (sides, tax) in
                [(figures.media, row.totals.tax_borne.space), (figures.all_in, row.totals.tax_borne.total())]
            {
                let gross = [sides.before_tax.costs, tax].into_iter().sum::<Femtos>();
                prop_assert_eq!(gross, sides.after_tax.costs);
            }
            let parts = [row.totals.tax_borne.total(), row.totals.tax_absorbed.total()];
            prop_assert_eq!(parts.into_iter().sum::<Femtos>(), row.totals.tax());
        }
    }

    #[test]
    fn a_year_of_months_sums_to_what_each_month_owes(amounts in proptest::collection::vec(1..10_000_000_000_i64, 12)) {
        let events: Vec<Event> = (1..=12).zip(&amounts).map(|(month, media)| {
            let charge = charge(Nanos::from_raw(*media), Nanos::ZERO, Bearer::OnTop, None);
            let told = at(&format!("2026-{month:02}-15T12:00:00Z"));
            event(month, "spring", told, EventKind::Impression(charge))
        }).collect();
        let exact = |period: &str| {
            let mut declaration = Declaration::new(period.parse().unwrap(), [], false);
            for event in &events {
                let EventKind::Impression(charge) = &event.kind else { continue };
                declaration.add(&Item {
                    advertiser: event.bid.advertiser,
                    campaign: event.bid.campaign,
                    currency: event.bid.currency,
                    bid_at: event.bid.at,
                    told_at: event.at,
                    filed: filed_on(event),
                    impressions: 1,
                    is_correction: false,
                    assessment: &charge.tax,
                    bearer: charge.bearer,
                });
            }
            declaration.finish().lines.iter().map(|line| line.all.tax).sum::<Femtos>()
        };
        let months: Femtos = (1..=12).map(|month| exact(&format!("2026-{month:02}"))).sum();
        prop_assert_eq!(months, exact("2026"));
        let quarters: Femtos = (1..=4).map(|quarter| exact(&format!("2026-Q{quarter}"))).sum();
        prop_assert_eq!(quarters, exact("2026"));
    }
}
