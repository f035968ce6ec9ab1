//! What holds of every declaration, whatever its items and however they are divided.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use std::collections::BTreeMap;

use crate::ttf::{
    Assessment, Bearer, Declaration, Declared, Evidence, Item, Jurisdiction, Parties, Period, Place, Places,
    Purchase, RateRow, Scenario, ScenarioSpec, Standing, TaxKind, Taxpayer, Territory, Treatment,
};
use crate::units::{
    AdvertiserId, CampaignId, Country, Currency, Day, ExchangeId, Femtos, Nanos, RatePpm, UnixMillis,
};

const DAY: i64 = 86_400_000;

fn at(instant: &str) -> UnixMillis {
    UnixMillis::from_raw(instant.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// France at 0.1 % until the middle of October 2026 and 0.2 % after it, 0.05 % on data.
fn scenario() -> Scenario {
    let france = Jurisdiction::from_code("FR").unwrap();
    let row = |kind, ppm, from, valid_to| RateRow {
        jurisdiction: france,
        kind,
        rate: RatePpm::from_ppm(ppm).unwrap(),
        valid_from: from,
        valid_to,
        known_from: None,
    };
    let change = Day::from_civil(2026, 10, 15);
    let start = Day::from_civil(2026, 1, 1);
    Scenario::new(ScenarioSpec {
        slug: "test".to_owned(),
        territories: vec![Territory {
            jurisdiction: france,
            zone: "Europe/Paris".to_owned(),
            countries: vec![Country::FR],
        }],
        rates: vec![
            row(TaxKind::AdSpace, 1_000, start, Some(change)),
            row(TaxKind::AdSpace, 2_000, change, None),
            row(TaxKind::Data, 500, start, None),
        ],
        evidence: vec![Evidence::ViewerDevice],
        fallback: Some(france),
        ..ScenarioSpec::default()
    })
    .unwrap()
}

/// An entry of a ledger, in a form that a test can hold.
#[derive(Debug, Clone)]
struct Entry {
    campaign: u64,
    bid_at: UnixMillis,
    told_at: UnixMillis,
    is_correction: bool,
    assessment: Assessment,
    bearer: Bearer,
}

impl Entry {
    fn item(&self) -> Item<'_> {
        Item {
            advertiser: AdvertiserId::from_raw(self.campaign % 2),
            campaign: CampaignId::from_raw(self.campaign),
            currency: Currency::EUR,
            bid_at: self.bid_at,
            told_at: self.told_at,
            filed: Day::from_raw(i32::try_from(self.bid_at.raw().div_euclid(DAY)).unwrap()),
            impressions: if self.is_correction { -1 } else { 1 },
            is_correction: self.is_correction,
            assessment: &self.assessment,
            bearer: self.bearer,
        }
    }

    /// The note that takes it back, told a day later.
    fn credit_note(&self) -> Self {
        let told_at = UnixMillis::from_raw(self.told_at.raw() + DAY);
        let assessment = self.assessment.credit_note().unwrap();
        Self { told_at, is_correction: true, assessment, ..self.clone() }
    }
}

fn bought(media: &str, data: &str, told_at: &str) -> Entry {
    let amount = |text| Nanos::from_decimal(text, crate::units::Rounding::Exact).unwrap();
    entry(1, 0, at(told_at), amount(media), amount(data), Evidence::ViewerDevice, true, Bearer::OnTop)
}

#[expect(clippy::too_many_arguments, reason = "what a random entry is made of")]
fn entry(
    campaign: u64,
    delay: i64,
    told_at: UnixMillis,
    media: Nanos,
    data: Nanos,
    evidence: Evidence,
    billable: bool,
    bearer: Bearer,
) -> Entry {
    let place = Place { jurisdiction: Jurisdiction::from_code("FR"), evidence };
    let parties = Parties {
        advertiser: AdvertiserId::from_raw(campaign % 2),
        campaign: CampaignId::from_raw(campaign),
        exchange: ExchangeId::from_raw(1),
        publisher: None,
    };
    let places = Places::one(place);
    let assessment =
        scenario().assess(&Purchase { places, parties, billed_at: told_at, media, data, billable });
    let bid_at = UnixMillis::from_raw(told_at.raw() - delay);
    Entry { campaign, bid_at, told_at, is_correction: false, assessment, bearer }
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let (begin, end) = (at("2026-09-25T00:00:00Z").raw(), at("2026-11-05T00:00:00Z").raw());
    let evidence = prop_oneof![3 => Just(Evidence::ViewerDevice), 1 => Just(Evidence::Fallback)];
    let bearer = prop_oneof![
        Just(Bearer::Absorb),
        Just(Bearer::OnTop),
        (0..=1_000_000_u32, any::<bool>())
            .prop_map(|(ppm, inside)| Bearer::Split { advertiser: RatePpm::from_ppm(ppm).unwrap(), inside }),
    ];
    let money = (0..10_000_000_000_i64, prop_oneof![Just(0), 0..1_000_000_000_i64]);
    let one = (0..6_u64, 0..3 * DAY, begin..end, money, evidence, any::<bool>(), bearer, any::<bool>());
    let one = one.prop_map(|(campaign, delay, told, (media, data), evidence, billable, bearer, back)| {
        let (media, data) = (Nanos::from_raw(media), Nanos::from_raw(data));
        let told_at = UnixMillis::from_raw(told);
        let entry = entry(campaign, delay, told_at, media, data, evidence, billable, bearer);
        if back { entry.credit_note() } else { entry }
    });
    proptest::collection::vec(one, 0..60)
}

fn empty() -> Declaration {
    Declaration::new("2026-10".parse().unwrap(), [&scenario()], false)
}

fn folded<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Declaration {
    let mut declaration = empty();
    entries.into_iter().for_each(|entry| declaration.add(&entry.item()));
    declaration
}

fn tax(declared: &Declared) -> Femtos {
    declared.lines.iter().map(|line| line.all.tax).sum()
}

#[test]
fn a_hundred_thousand_at_a_tenth_of_a_percent_declares_a_hundred_by_the_rate_of_its_day() {
    let entries =
        [bought("60000", "0", "2026-10-01T12:00:00Z"), bought("40000", "2", "2026-10-02T12:00:00Z")];
    let declared = folded(&entries).finish();
    let told: Vec<(String, i128)> = declared
        .lines
        .iter()
        .map(|line| (format!("{} {:?}", line.key.kind, line.key.treatment), line.declared))
        .collect();
    let rate = |ppm| Treatment::Taxed(RatePpm::from_ppm(ppm).unwrap());
    assert_eq!(
        told,
        [(format!("ad space {:?}", rate(1_000)), 10_000), (format!("data {:?}", rate(500)), 0)],
        "a hundred for the place; a tenth of a cent for the data is none"
    );
    assert_eq!(declared.lines[0].all.base, Femtos::from_raw(100_000 * 10_i128.pow(15)));
}

#[test]
fn a_line_is_rounded_half_up_once() {
    // 4.995 x 0.1 % is just below half a cent, 5.00 is half of one.
    for (media, cents) in [("4.999999999", 0), ("5", 1)] {
        assert_eq!(folded(&[bought(media, "0", "2026-10-01T12:00:00Z")]).finish().lines[0].declared, cents);
    }
}

#[test]
fn what_is_told_within_is_declared_and_what_is_told_after_is_told_beside() {
    // The period is October in Paris: from 22:00 UTC to 23:00 UTC.
    for (told, is_declared) in [
        ("2026-09-30T21:59:59.999Z", false),
        ("2026-09-30T22:00:00Z", true),
        ("2026-10-31T22:59:59.999Z", true),
        ("2026-10-31T23:00:00Z", false),
    ] {
        assert_eq!(
            folded(&[bought("5", "0", told)]).finish().lines.len(),
            usize::from(is_declared),
            "{told}"
        );
    }
    let mut late = bought("5", "0", "2026-10-01T12:00:00Z");
    late.bid_at = at("2026-09-30T21:00:00Z");
    assert_eq!(folded([&late]).finish().lines[0].late.impressions, 1);
    late.is_correction = true;
    let credited = &folded([&late]).finish().lines[0];
    assert_eq!((credited.late.entries, credited.credits.entries), (0, 1), "a credit note, not a late bill");
    let mut told_after = bought("5", "0", "2026-11-01T12:00:00Z");
    told_after.bid_at = at("2026-10-31T20:00:00Z");
    let declared = folded([&told_after]).finish();
    assert!(declared.lines.is_empty());
    let outside: Vec<_> = declared.outside.values().collect();
    assert_eq!(
        (outside[0].told_after.impressions, outside[0].after),
        (1, Femtos::from_raw(10_000_000_000_000))
    );
}

#[test]
fn an_advertiser_owes_its_own_if_asked() {
    let period: Period = "2026-10".parse().unwrap();
    let mut declaration = Declaration::new(period, [&scenario()], true);
    let one = bought("10", "0", "2026-10-01T12:00:00Z");
    let other = Entry { campaign: 2, ..one.clone() };
    [&one, &other, &one].into_iter().for_each(|entry| declaration.add(&entry.item()));
    let declared = declaration.finish();
    let owed: Vec<_> =
        declared.totals().into_iter().map(|((taxpayer, _), cents)| (taxpayer, cents)).collect();
    let advertiser = |raw| Taxpayer::Advertiser(AdvertiserId::from_raw(raw));
    assert_eq!(owed, [(advertiser(0), 1), (advertiser(1), 2)]);
}

#[test]
fn a_ledger_that_owes_something_else_is_told_with_the_difference() {
    let declared = folded(&[bought("10", "0", "2026-10-01T12:00:00Z")]).finish();
    let account = (Jurisdiction::from_code("FR"), Currency::EUR);
    let owed = Femtos::from_raw(10_000_000_000_000);
    let difference = |booked: Femtos| {
        let rows = declared.reconcile(&BTreeMap::from([(account, booked)]));
        rows.iter().map(super::Reconciled::difference).collect::<Vec<_>>()
    };
    assert_eq!(difference(owed), [Femtos::ZERO]);
    assert_eq!(difference(Femtos::from_raw(1)), [Femtos::from_raw(9_999_999_999_999)]);
    assert_eq!(declared.reconcile(&BTreeMap::new())[0].difference(), owed);
}

proptest! {
    #[test]
    fn any_partition_and_any_order_of_events_sums_to_the_same_declaration(
        entries in entries(), cut in any::<proptest::sample::Index>(),
    ) {
        let whole = folded(&entries);
        let cut = if entries.is_empty() { 0 } else { cut.index(entries.len()) };
        let mut parts = folded(&entries[cut..]);
        parts.merge(&folded(entries[..cut].iter().rev()));
        prop_assert_eq!(&parts, &whole);
        prop_assert_eq!(parts.finish(), whole.finish());
    }

    #[test]
    fn each_line_is_within_half_a_cent_and_campaign_lines_sum_to_it(entries in entries()) {
        const CENT: i128 = 10_000_000_000_000;
        for line in folded(&entries).finish().lines {
            prop_assert!((line.all.tax.raw() - line.declared * CENT).abs() * 2 <= CENT);
            prop_assert_eq!(line.campaigns.iter().map(|(_, _, cents)| cents).sum::<i128>(), line.declared);
            let exact: Femtos = line.campaigns.iter().map(|(_, part, _)| part.tax).sum();
            prop_assert_eq!(exact, line.all.tax);
        }
    }

    #[test]
    fn an_event_and_its_credit_note_declare_nothing_across_a_change_of_rate(entries in entries()) {
        let billed: Vec<Entry> = entries.into_iter().filter(|entry| !entry.is_correction).collect();
        let notes: Vec<Entry> = billed.iter().map(Entry::credit_note).collect();
        let year = |entries: &[Entry]| {
            let mut declaration = Declaration::new("2026".parse().unwrap(), [&scenario()], false);
            entries.iter().for_each(|entry| declaration.add(&entry.item()));
            declaration.finish()
        };
        for line in year(&[billed, notes].concat()).lines {
            prop_assert_eq!((line.all.tax, line.all.base, line.declared), (Femtos::ZERO, Femtos::ZERO, 0));
            prop_assert_eq!((line.passed_on, line.absorbed, line.all.impressions), (Femtos::ZERO, Femtos::ZERO, 0));
        }
    }

    #[test]
    fn absorbed_and_passed_on_are_the_tax(entries in entries()) {
        for line in folded(&entries).finish().lines {
            prop_assert_eq!([line.absorbed, line.passed_on].into_iter().sum::<Femtos>(), line.all.tax);
        }
    }

    #[test]
    fn each_event_is_taxed_exempt_or_unresolved_and_declared_before_or_after_the_period(entries in entries()) {
        let declared = folded(&entries).finish();
        let outside: Femtos =
            declared.outside.values().flat_map(|outside| [outside.before, outside.after]).sum();
        let all: Femtos = entries.iter().map(|entry| entry.assessment.tax()).sum();
        prop_assert_eq!([tax(&declared), outside].into_iter().sum::<Femtos>(), all);
        for line in &declared.lines {
            let unresolved = line.unresolved.entries;
            prop_assert!(unresolved <= line.all.entries);
            if let Treatment::Exempt(reason) = line.key.treatment {
                prop_assert_eq!(line.all.tax, Femtos::ZERO, "{:?}", reason);
            }
        }
        for entry in &entries {
            let standings = TaxKind::ALL.map(|kind| entry.assessment.standing(kind));
            for (kind, standing) in TaxKind::ALL.into_iter().zip(standings) {
                let exempt = entry.assessment.line(kind).exemption;
                let fits = match standing {
                    Standing::Taxed => exempt.is_none(),
                    Standing::Exempt(reason) => exempt == Some(reason),
                    Standing::Unresolved => entry.assessment.is_unresolved(),
                };
                prop_assert!(fits);
            }
        }
    }
}
