//! Every field changes the checksum, and nothing else does.

use std::collections::HashMap;

use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{Checksum, Digest, checksum, encode, filed_on, seal, utc_day};
use crate::ledger::{
    AMOUNT_MOST, Cause, Charge, Conversion, Correction, DatedRate, Device, Event, EventKind, Format,
    Playback, Setting, Source, Touch, any_charge, any_event,
};
use crate::ttf::{Bearer, Evidence, Exemption, Jurisdiction, Levy, Place};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CorrectionId, CreativeId, Currency, Day, DealId, Epoch, ExchangeId,
    Femtos, FxRate, HouseholdKey, LineItemId, Nanos, RatePpm, ScenarioId, UnixMillis, UserKey,
};

fn sample<T>(strategy: impl Strategy<Value = T>) -> T {
    strategy.new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

fn event(kind: EventKind) -> Event {
    Event { kind, ..sample(any_event(AMOUNT_MOST)) }
}

fn of(event: &Event) -> Checksum {
    checksum(event, &mut Vec::new())
}

/// One change of an event.
type Change<'a, T> = (&'a str, fn(&mut T));

/// Each of `changes`, made to `plain` and put where `kept` puts it, gives a checksum of its own.
#[track_caller]
fn check<T: Clone>(plain: &T, kept: impl Fn(T) -> Event, changes: &[Change<'_, T>]) {
    let mut seen = HashMap::from([(of(&kept(plain.clone())), "nothing")]);
    for (what, change) in changes {
        let mut changed = plain.clone();
        change(&mut changed);
        assert_eq!(seen.insert(of(&kept(changed)), what), None, "{what} has a checksum of its own");
    }
}

#[test]
fn every_field_of_a_bid_changes_the_checksum() {
    let mut plain = event(EventKind::View);
    plain.bid.day = Day::from_raw(5);
    plain.bid.lease = Epoch::from_raw(3);
    (plain.bid.deal, plain.bid.user, plain.bid.household) = (None, None, None);
    plain.bid.currency = Currency::EUR;
    plain.bid.setting = Setting::default();
    let changes: [Change<'_, Event>; 19] = [
        ("its device", |e| e.bid.setting.device = Device::Tv),
        ("its format", |e| e.bid.setting.format = Format::Video),
        ("what happened", |e| e.kind = EventKind::Click),
        ("when", |e| e.at = UnixMillis::from_raw(e.at.raw() ^ 1)),
        ("the bid", |e| e.bid.id = BidId::from_bytes([7; 16])),
        ("its time", |e| e.bid.at = UnixMillis::from_raw(e.bid.at.raw() ^ 1)),
        ("its day", |e| e.bid.day = Day::from_raw(6)),
        ("its advertiser", |e| e.bid.advertiser = AdvertiserId::from_raw(1)),
        ("its campaign", |e| e.bid.campaign = CampaignId::from_raw(1)),
        ("its line item", |e| e.bid.line_item = LineItemId::from_raw(1)),
        ("its creative", |e| e.bid.creative = CreativeId::from_raw(1)),
        ("its exchange", |e| e.bid.exchange = ExchangeId::from_raw(1)),
        ("its lease", |e| e.bid.lease = Epoch::from_raw(1)),
        ("its deal", |e| e.bid.deal = Some(DealId::from_raw(0))),
        ("its currency", |e| e.bid.currency = Currency::USD),
        ("its user", |e| e.bid.user = Some(UserKey::from_bytes([0; 16]))),
        ("its household", |e| e.bid.household = Some(HouseholdKey::from_raw(1))),
        ("another household", |e| e.bid.household = Some(HouseholdKey::from_raw(2))),
        ("another user", |e| e.bid.user = Some(UserKey::from_bytes([1; 16]))),
    ];
    check(&plain, |event| event, &changes);
}

#[test]
fn every_field_of_a_charge_changes_the_checksum() {
    let mut charge = sample(any_charge(AMOUNT_MOST));
    charge.tax.place.jurisdiction = None;
    charge.tax.place.evidence = Evidence::from_code(0).unwrap();
    charge.bearer = Bearer::Absorb;
    for line in [&mut charge.tax.space, &mut charge.tax.data] {
        line.rate = RatePpm::from_ppm(7).unwrap();
        line.exemption = None;
        line.base = Nanos::from_raw(70);
    }
    charge.tax.more.clear();
    (charge.bid, charge.to_beat) = (None, None);
    let changes: [Change<'_, Charge>; 19] = [
        ("what was bid", |c| c.bid = Some(Nanos::ZERO)),
        ("what was to be beaten", |c| c.to_beat = Some(Nanos::ZERO)),
        ("a second levy", |c| {
            let place = Place { jurisdiction: None, evidence: Evidence::Seller };
            c.tax.more.push(Levy { place, space: c.tax.space, data: c.tax.data });
        }),
        ("a split", |c| c.bearer = Bearer::Split { advertiser: RatePpm::ZERO, inside: false }),
        ("another split", |c| {
            c.bearer = Bearer::Split { advertiser: RatePpm::from_ppm(1).unwrap(), inside: false };
        }),
        ("media", |c| c.media = Nanos::from_raw(c.media.raw() ^ 1)),
        ("data", |c| c.data = Nanos::from_raw(c.data.raw() ^ 1)),
        ("fee", |c| c.fee = Femtos::from_raw(c.fee.raw() ^ (1 << 100))),
        ("scenario", |c| c.tax.scenario = ScenarioId::from_raw(1)),
        ("jurisdiction", |c| c.tax.place.jurisdiction = Jurisdiction::from_code("FR")),
        ("evidence", |c| c.tax.place.evidence = Evidence::from_code(1).unwrap()),
        ("base of space", |c| c.tax.space.base = Nanos::from_raw(71)),
        ("rate on space", |c| c.tax.space.rate = RatePpm::from_ppm(8).unwrap()),
        ("exemption of space", |c| c.tax.space.exemption = Exemption::from_code(1)),
        ("base of data", |c| c.tax.data.base = Nanos::from_raw(71)),
        ("rate on data", |c| c.tax.data.rate = RatePpm::from_ppm(8).unwrap()),
        ("exemption of data", |c| c.tax.data.exemption = Exemption::from_code(1)),
        ("bearer", |c| c.bearer = Bearer::OnTop),
        ("late", |c| c.late = !c.late),
    ];
    check(&charge, |charge| event(EventKind::Impression(charge)), &changes);
}

/// So many target units for seven of dollars.
fn rate(target: u64, day: Option<i32>) -> Option<DatedRate> {
    let rate = FxRate::new(target, 7).unwrap();
    Some(DatedRate { from: Currency::USD, rate, day: day.map(Day::from_raw) })
}

#[test]
fn every_part_of_a_dated_rate_changes_the_checksum() {
    let charge = Charge { fx: rate(3, Some(1)), ..sample(any_charge(AMOUNT_MOST)) };
    let changes: [Change<'_, Charge>; 4] = [
        ("its absence", |c| c.fx = None),
        ("the rate", |c| c.fx = rate(4, Some(1))),
        ("the day", |c| c.fx = rate(3, Some(2))),
        ("the absence of the day", |c| c.fx = rate(3, None)),
    ];
    check(&charge, |charge| event(EventKind::Impression(charge)), &changes);
}

#[test]
fn every_field_of_a_correction_changes_the_checksum() {
    let plain = Correction {
        id: CorrectionId::from_bytes([3; 16]),
        cause: Cause::CreditNote,
        impressions: -1,
        charge: sample(any_charge(AMOUNT_MOST)),
        budget: Nanos::from_raw(-5),
        disputed: Nanos::ZERO,
        reason: "a".to_owned(),
        author: "bc".to_owned(),
    };
    let changes: [Change<'_, Correction>; 9] = [
        ("its id", |c| c.id = CorrectionId::from_bytes([4; 16])),
        ("its cause", |c| c.cause = Cause::Adjustment),
        ("its impressions", |c| c.impressions = 1),
        ("its charge", |c| c.charge.late = !c.charge.late),
        ("its budget", |c| c.budget = Nanos::from_raw(5)),
        ("its dispute", |c| c.disputed = Nanos::from_raw(1)),
        ("its reason", |c| c.reason = String::new()),
        ("its author", |c| c.author = String::new()),
        ("where its reason ends", |c| (c.reason, c.author) = ("ab".to_owned(), "c".to_owned())),
    ];
    check(&plain, |correction| event(EventKind::Correction(correction)), &changes);
}

#[test]
fn every_field_of_a_conversion_changes_the_checksum() {
    let at = UnixMillis::from_raw(9);
    let plain = Conversion {
        kind: "lead".to_owned(),
        acquisition: true,
        order: None,
        value: Nanos::ZERO,
        touch: Touch::Click(at),
        fx: None,
        happened: at,
        lifetime: Nanos::ZERO,
        source: Source::Page,
        code: None,
    };
    let changes: [Change<'_, Conversion>; 14] = [
        ("whether it is an acquisition", |c| c.acquisition = false),
        ("when it happened", |c| c.happened = UnixMillis::from_raw(10)),
        ("what it brings for life", |c| c.lifetime = Nanos::from_raw(1)),
        ("who told", |c| c.source = Source::Server),
        ("its code", |c| c.code = Some(String::new())),
        ("a touch by code", |c| c.touch = Touch::Code),
        ("no touch", |c| c.touch = Touch::None),
        ("its type", |c| c.kind = "leads".to_owned()),
        ("an order without a name", |c| c.order = Some(String::new())),
        ("its order", |c| c.order = Some("lead".to_owned())),
        ("its value", |c| c.value = Nanos::from_raw(1)),
        ("its touch", |c| c.touch = Touch::View(UnixMillis::from_raw(9))),
        ("its rate", |c| c.fx = rate(1, None)),
        ("when it was touched", |c| c.touch = Touch::Click(UnixMillis::from_raw(8))),
    ];
    check(&plain, |conversion| event(EventKind::Conversion(conversion)), &changes);
}

#[test]
fn an_acquisition_has_the_bytes_that_it_had_before_anybody_told_it_from_others() {
    let Event { kind, .. } = &sample(
        any_event(AMOUNT_MOST)
            .prop_filter("a conversion", |event| matches!(event.kind, EventKind::Conversion(_))),
    );
    let EventKind::Conversion(conversion) = kind else { unreachable!("filtered") };
    let bytes = |acquisition| {
        let mut bytes = Vec::new();
        encode(&event(EventKind::Conversion(Conversion { acquisition, ..conversion.clone() })), &mut bytes);
        bytes
    };
    let (acquisition, other) = (bytes(true), bytes(false));
    assert_eq!(other, [acquisition.as_slice(), &[4]].concat());
}

#[test]
fn every_kind_and_what_it_tells_changes_the_checksum() {
    let price = Some(Nanos::from_raw(1));
    let mut kinds = vec![
        EventKind::Win { price: None },
        EventKind::Win { price },
        EventKind::Loss { reason: None, min_to_win: None },
        EventKind::Loss { reason: Some(1), min_to_win: None },
        EventKind::Loss { reason: None, min_to_win: price },
        EventKind::View,
        EventKind::Click,
        EventKind::Playback(Playback::Error { code: Some(0) }),
    ];
    kinds.extend(Playback::ALL.map(EventKind::Playback));
    let sums: std::collections::HashSet<_> = kinds.iter().map(|kind| of(&event(kind.clone()))).collect();
    assert_eq!(sums.len(), kinds.len());
}

/// Whoever verifies a ledger years later needs the same bytes: a change of them is a new version.
#[test]
fn the_bytes_of_an_event_are_what_they_were_when_the_version_was_given() {
    let bid = crate::ledger::BidFacts {
        id: BidId::mint(UnixMillis::from_raw(1_795_262_400_000), 5),
        at: UnixMillis::from_raw(1_795_262_400_000),
        day: Day::from_raw(20_778),
        advertiser: AdvertiserId::from_raw(1),
        campaign: CampaignId::from_raw(2),
        line_item: LineItemId::from_raw(3),
        creative: CreativeId::from_raw(4),
        exchange: ExchangeId::from_raw(5),
        deal: None,
        currency: Currency::EUR,
        user: None,
        household: None,
        lease: Epoch::from_raw(6),
        setting: Setting::default(),
    };
    let won = Event {
        bid,
        at: UnixMillis::from_raw(1_795_262_400_001),
        kind: EventKind::Win { price: Some(Nanos::from_raw(7)) },
    };
    let mut bytes = Vec::new();
    encode(&won, &mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let fields = [
        "01",
        "01",
        "0146fafda1010000",
        "01a1fdfa460000000000000000000005",
        "0046fafda1010000",
        "2a51000000000000",
        "0100000000000000",
        "0200000000000000",
        "0300000000000000",
        "0400000000000000",
        "0500000000000000",
        "0600000000000000",
        "00",
        "0300000000000000",
        "455552",
        "00",
        "00",
        "010700000000000000",
    ];
    assert_eq!(hex, fields.concat());
    // By another program that makes BLAKE3 hashes.
    assert_eq!(of(&won).raw(), 0xeb4c_ac55_4b33_c58a);
}

#[test]
fn a_commit_is_sealed_to_its_number_its_keys_their_content_and_the_one_before() {
    let (former, events) = (Checksum::from_raw(9), Digest { events: 1, sum: 77 });
    let sealed = seal(former, 1, b"key", events);
    assert_eq!(sealed, seal(former, 1, b"key", events));
    for changed in [
        seal(Checksum::from_raw(8), 1, b"key", events),
        seal(former, 2, b"key", events),
        seal(former, 1, b"kex", events),
        seal(former, 1, b"", events),
        seal(former, 1, b"key", Digest { sum: 78, ..events }),
        seal(former, 1, b"key", Digest { events: 2, ..events }),
    ] {
        assert_ne!(sealed, changed);
    }
}

#[test]
fn an_event_is_filed_on_the_utc_day_of_its_bid_and_where_its_key_tells_none_of_its_telling() {
    let mut seen = event(EventKind::View);
    seen.bid.id = BidId::mint(UnixMillis::from_raw(86_399_999), 0);
    seen.at = UnixMillis::from_raw(-1);
    assert_eq!(filed_on(&seen), Day::from_raw(0));
    let order = Conversion {
        kind: String::new(),
        acquisition: true,
        order: None,
        value: Nanos::ZERO,
        touch: Touch::Click(UnixMillis::from_raw(0)),
        fx: None,
        happened: UnixMillis::from_raw(0),
        lifetime: Nanos::ZERO,
        source: Source::Page,
        code: None,
    };
    assert_eq!(filed_on(&Event { kind: EventKind::Conversion(order), ..seen }), Day::from_raw(-1));
    assert_eq!(utc_day(UnixMillis::from_raw(86_400_000)), Day::from_raw(1));
    assert_eq!(utc_day(UnixMillis::from_raw(i64::MAX)), Day::from_raw(i32::MAX));
    assert_eq!(utc_day(UnixMillis::from_raw(i64::MIN)), Day::from_raw(i32::MIN));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_digest_does_not_depend_on_the_order(mut some in proptest::collection::vec(any_event(AMOUNT_MOST), 0..20)) {
        let digest = |events: &[Event]| {
            let mut digest = Digest::default();
            events.iter().for_each(|event| digest.add(of(event)));
            digest
        };
        let before = digest(&some);
        some.reverse();
        prop_assert_eq!(digest(&some), before);
    }
}
