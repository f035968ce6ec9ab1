//! The notices' promises: what we sign comes back, anything else is refused, each kind of notice means
//! one thing for money.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::campaign::{BillsOn, MissingPrice};
use crate::ledger::{
    Area, BidFacts, Conversion, DatedRate, Device, EventKind, Format, Playback, Segments, Setting, Source,
    Touch, ViewerCountries,
};
use crate::notice::{
    Keys, NoticeKind, Params, Refused, Ticket, TokenError, conversion, event, write_address,
};
use crate::ttf::{Bearer, Evidence, Jurisdiction, Other, Others, Place};
use crate::units::{
    AdvertiserId, ArmId, BidId, CampaignId, Country, Cpm, CreativeId, Currency, Day, DealId, Epoch,
    ExchangeId, FxRate, HouseholdKey, LineItemId, Millis, Multiplier, Nanos, PublisherId, RatePpm,
    ScenarioId, SegmentId, UnixMillis, UserKey, limits,
};

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);

fn keys() -> Keys {
    Keys::new(&[7; 32], None)
}

/// A further place that taxes it.
const OTHER: Other = Other {
    place: Place { jurisdiction: Jurisdiction::from_code("IT"), evidence: Evidence::Advertiser },
    space_rate: RatePpm::ONE,
    data_rate: RatePpm::ONE,
};

/// The longest setting.
fn told() -> Setting {
    let country = Country::from_code("FR");
    Setting {
        publisher: Some(PublisherId::from_slug("site.example")),
        area: Some(Area::new(Country::FR, Some("IDF"))),
        device: Device::Phone,
        format: Format::Video,
        size: Some((1_920, 1_080)),
        arm: Some(ArmId::from_slug("a")),
        segments: Segments::new(std::array::from_fn::<_, 4, _>(|at| SegmentId::from_raw(at as u64))),
        viewer: ViewerCountries { device: country, address: country, home: country },
    }
}

fn ticket() -> Ticket {
    Ticket {
        bid: BidFacts {
            id: BidId::mint(NOW, 42),
            at: NOW,
            day: Day::from_raw(20_775),
            advertiser: AdvertiserId::from_slug("a"),
            campaign: CampaignId::from_slug("c"),
            line_item: LineItemId::from_slug("c/l"),
            creative: CreativeId::from_slug("c/k"),
            exchange: ExchangeId::from_slug("x"),
            deal: Some(DealId::from_slug("d")),
            currency: Currency::EUR,
            user: Some(UserKey::from_bytes([9; 16])),
            household: Some(HouseholdKey::from_raw(u64::MAX)),
            lease: Epoch::from_raw(7),
            setting: told(),
        },
        price: Cpm::from_micros(2_000_000).unwrap(),
        price_currency: Currency::USD,
        fx: FxRate::new(10_000, 10_389).unwrap(),
        fx_day: Some(Day::from_raw(20_088)),
        multiplier: Multiplier::from_millionths(2_500_000).unwrap(),
        data: Cpm::from_micros(100_000).unwrap(),
        fee: RatePpm::from_ppm(80_000).unwrap(),
        scenario: ScenarioId::from_slug("hypothesis-eu"),
        place: Place { jurisdiction: Jurisdiction::from_code("EU"), evidence: Evidence::ViewerDevice },
        space_rate: RatePpm::from_ppm(1_000).unwrap(),
        data_rate: RatePpm::from_ppm(500).unwrap(),
        others: Others::new([OTHER; 3], true),
        bearer: Bearer::Inside,
        billable: true,
        measured: true,
        bills_on: BillsOn::Billing,
        missing_price: MissingPrice::Refuse,
        reserved_for: Millis::from_seconds(600),
        honoured_for: Millis::from_seconds(3 * 3_600),
    }
}

/// The smallest ticket: every optional field at its default.
fn plain() -> Ticket {
    let mut plain = ticket();
    plain.bid.deal = None;
    plain.bid.user = None;
    plain.bid.household = None;
    plain.bid.setting = Setting::default();
    plain.others = Others::default();
    (plain.fx, plain.fx_day) = (FxRate::SAME, None);
    plain.multiplier = Multiplier::ONE;
    plain.price_currency = Currency::EUR;
    plain.place.jurisdiction = None;
    plain
}

/// The longest ticket: every number at the end of its range.
fn longest() -> Ticket {
    let mut longest = ticket();
    longest.bid.at = UnixMillis::from_raw(i64::MAX);
    longest.bid.day = Day::from_raw(i32::MIN);
    (longest.price, longest.data) = (Cpm::MAX, Cpm::MAX);
    longest.fx = FxRate::new(u64::MAX, u64::MAX - 1).unwrap();
    longest.fx_day = Some(Day::from_raw(-1));
    longest.bid.lease = Epoch::from_raw(u64::MAX);
    longest.multiplier = Multiplier::from_millionths(1_000_000_000_000).unwrap();
    let whole = RatePpm::from_ppm(1_000_000).unwrap();
    (longest.fee, longest.space_rate, longest.data_rate) = (whole, whole, whole);
    (longest.reserved_for, longest.honoured_for) = (Millis::from_raw(i64::MIN), Millis::from_raw(i64::MAX));
    longest
}

fn token(kind: NoticeKind, ticket: &Ticket, touched: Option<UnixMillis>) -> String {
    let mut token = String::new();
    keys().sign(kind, ticket, touched, &mut token);
    token
}

fn decoded(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token).unwrap()
}

fn encoded(token: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(token)
}

#[test]
fn what_was_signed_comes_back_whole() {
    let bills_on = |bills_on| Ticket { bills_on, ..plain() };
    let undated = Ticket { fx_day: None, ..ticket() };
    for ticket in [ticket(), plain(), longest(), undated].into_iter().chain(BillsOn::ALL.map(bills_on)) {
        for kind in NoticeKind::ALL {
            let touched = (kind == NoticeKind::Clicked).then_some(UnixMillis::from_raw(i64::MAX));
            let token = token(kind, &ticket, touched);
            assert_eq!(keys().verify(kind, &token, NOW), Ok((ticket, touched)));
            assert!(token.len() < limits::TOKEN_CHARS_MAX / 2, "{} characters", token.len());
        }
    }
}

#[test]
fn a_token_with_any_byte_altered_is_refused() {
    let token = token(NoticeKind::Billing, &ticket(), None);
    for at in 0..token.len() {
        for replacement in [b'A', b'z', b'_', b'%', b'='] {
            let mut altered = token.clone().into_bytes();
            if altered[at] == replacement {
                continue;
            }
            altered[at] = replacement;
            let altered = String::from_utf8(altered).unwrap();
            assert!(keys().verify(NoticeKind::Billing, &altered, NOW).is_err(), "byte {at}");
        }
        assert!(keys().verify(NoticeKind::Billing, &token[..at], NOW).is_err(), "cut at {at}");
    }
}

#[test]
fn a_token_tells_nothing_of_the_user_or_the_price() {
    let bytes = |ticket: &Ticket| decoded(&token(NoticeKind::Click, ticket, None));
    let (one, mut other) = (ticket(), ticket());
    other.bid.id = BidId::mint(NOW, 43);
    let (one, other) = (bytes(&one), bytes(&other));
    assert!(!one.windows(16).any(|window| window == [9; 16]), "the user's key");
    // Two bids for the same user share no more bytes than chance gives.
    let same = one.iter().zip(&other).skip(5).filter(|(a, b)| a == b).count();
    assert!(same < 12, "{same} of {} bytes are alike", one.len());
}

#[test]
fn a_token_of_one_kind_is_worth_nothing_as_another() {
    for made in NoticeKind::ALL {
        let token = token(made, &ticket(), (made == NoticeKind::Clicked).then_some(NOW));
        for used in NoticeKind::ALL.into_iter().filter(|used| *used != made) {
            assert_eq!(keys().verify(used, &token, NOW), Err(TokenError::Forged), "{made:?} as {used:?}");
        }
    }
}

#[test]
fn former_keys_are_honoured_a_foreign_one_is_unknown_and_one_of_the_same_name_is_forged() {
    let token = token(NoticeKind::Win, &ticket(), None);
    let rotated = Keys::new(&[8; 32], &[[6; 32], [7; 32]]);
    assert!(rotated.verify(NoticeKind::Win, &token, NOW).is_ok());
    for foreign in [Keys::new(&[8; 32], None), Keys::new(&[6; 32], &[[5; 32]])] {
        assert_eq!(foreign.verify(NoticeKind::Win, &token, NOW), Err(TokenError::UnknownKey));
    }
    // What names our key and was signed by another.
    let mut signed = String::new();
    Keys::new(&[8; 32], None).sign(NoticeKind::Win, &ticket(), None, &mut signed);
    let (mut renamed, ours) = (decoded(&signed), decoded(&token));
    renamed[1..5].copy_from_slice(&ours[1..5]);
    assert_eq!(keys().verify(NoticeKind::Win, &encoded(&renamed), NOW), Err(TokenError::Forged));
}

#[test]
fn a_token_of_another_version_is_none_of_ours() {
    let token = decoded(&token(NoticeKind::Win, &ticket(), None));
    for version in (0..=u8::MAX).filter(|version| *version != 5) {
        let mut other = token.clone();
        other[0] = version;
        let want = if matches!(version, 3 | 4) { TokenError::Forged } else { TokenError::Malformed };
        assert_eq!(keys().verify(NoticeKind::Win, &encoded(&other), NOW), Err(want), "version {version}");
    }
}

/// Tokens as each version wrote them, of the tickets of these tests.
const RECORDED: [(u8, NoticeKind, &str, &str); 10] = [
    (
        3,
        NoticeKind::Billing,
        "ticket",
        "AxOmwXD_e9BofUlIei60BPZ3fHlw62EuP3aTVSYTIPHe5ItmW0mm-YiT63mw07kZMccNvFgrwwr3TRJXBqsPXhCSVMnZazVfzqNg8FaDz_oC9TSm4ML0ud7bm967RmDagd0ppqcvteKllqcO6ijh3jAwPxhjO1UgPHZJZGE9dHNJifGYJ5MVEfF8Ru-TYmbDUCDxV_TlPMpULdAhPrEJ",
    ),
    (
        3,
        NoticeKind::Clicked,
        "ticket",
        "Aw_NrQgohgSQhpch474YTlvwNACvEfPQZWBRnHl5tPYWfFkYir9KhrfmnsqXU-UZGzK_mcG7mbQVM_-vUPouoG0LnHFwFjE5qgcRbjQ3BdhzvEuUZ3kUY-v9EoWBETd-lamEi9FJnBxub9eyZcausJvB48pB8QDhUFpIStcpi1OJ9JX9DYKDuz_7GjtRC0p8viZEfp-ZfiaTxDDNXv5RTPUeZs0U",
    ),
    (
        3,
        NoticeKind::Loss,
        "plain",
        "A8sy8QdsppdUYtLr5drJmrWqXpGK0xzJJS_FSXQdFlmUj1KEi3tbEYVrDr66w_zNK_iiknqmx1Kub9OzkYYj8IgViI5nIJhW9fEimRrPFGie-5oaed9Ft2wG5C-EZYRjwC3Dv7SYVSQMOZHuf0RxpBoQMJrv",
    ),
    (
        3,
        NoticeKind::Clicked,
        "plain",
        "A_MGEo4nEnJrVPqyTGHFsobead5s5-rjvjmvUffyKV_N38Bz1uHBt_A5dZ2MigmpAcJBOfHfzemiI-rsGIYr1EwyqHFC3O5mRd183hwxyDOePgOmiHNY62E4ua8dJYq8cSaE3zJaHmVVOC-9gtwvtMO58D8Y8HH07iMQ",
    ),
    (
        4,
        NoticeKind::Billing,
        "ticket",
        "BDUKL3nDOVj7eJs02EajsVdaqJqIJ79ShFswUqnkJEnQrJ41_TdQTgHPHW-_b0n5oDRO1DTmdMZINiynFedWAfvZzQQ3Vzkdai6BfDhitCNwmWU_mAC53YxYtJ1HIpyNhXxJyi5spmpJ0jjEXpx_0alqMMnU7Pp2uTyMq1icM22_4I7v2bz97oXTB2fwJmWros7A7s2762qudfgJK1L3pco4OeO1q94H4JvU",
    ),
    (
        4,
        NoticeKind::Clicked,
        "ticket",
        "BDUKL3mimOSlfOnVuwS4iKTSLo6m3cIIXYV_Tf53tqF2_OjjJ5lGNnuOJsF97qX-leqVnlhzx-DUViuE8wzOJyU7D98od9tlSu5RqB7PFHIdMRQV1L3h0Y9wFWyDir7TUjKoqQuwPO1T7FZjchfmLXMPV_aODzWOe4v8IoYZeAtMGj-ojIRx-Zor0DKeqzR6FhnivtSSulIq8kvwDQl2HDs-jRzCC2F5a099iLA1ZkEV",
    ),
    (
        4,
        NoticeKind::Loss,
        "plain",
        "BDUKL3n8MY_plrIoJaJ1MIRo0OknvamZfvczmvw36JDcNrOcqbUwW-xbIFUgsd-C3QbKcCCrl5ZD3ZOfvgP5zxn3vCqvSsS1I1YnrUtqOgKQ1DjHNisvbZylesTccmbQwjQhePl1q0aveYk0MMEZgDaOyR7xkcHDebXvk9Do",
    ),
    (
        4,
        NoticeKind::Clicked,
        "plain",
        "BDUKL3l0Zol5loL5WnOcTf0uylNCP2SIw7QxN2qwL_4M7q8rsbudwkO6TlByg6a4NP9JwLPmC2yFwGKQFNBXQ_hL5deVQ7sgxj6UdpKbA1B9lW9eM_HlyyIlqWG8MNTJaN3wIQyA3Fo-TOffbI7k1W-bxQ5wBRz3wpN2vPHNHefWhJyY",
    ),
    (
        5,
        NoticeKind::Billing,
        "ticket",
        "BTUKL3mPlIkghnWCnAUQco2RT4AOt1SCEJZkq-IN1LGj5rEm-EG3DrOiSMhpdEjCcaqy-7NWt9ip3e7XeB84gFUljBnFs4saT5sDRxmbTPkfW5lEpPU8vEZb1j1W51H1KQZqoX7jpgdcKZ-1tJoDvUYwxV_Gl3jtoxlhZ1qQYAvyo_oHzZCLAVSzbFV5n060CgcY_v9-Msuqw4gHFcnIUYADkP3JhEqLXz1Iq3iK17M5iFxSAQNf0hFByvPBm4r0WZzh4AJ82MWI6vmNKnJjWziCrsPWNo2JdXxazM_RjEF2LiHr5xQr2uYJV5knyJ9OR_KHwIMXc0HoKW-HakplymbQTTMMSMYEXzU",
    ),
    (
        5,
        NoticeKind::Clicked,
        "plain",
        "BTUKL3lPYGG4ZfO6mLq9Nd3ZMFuqwDFg7zAzCUVCE9I7TacdgZ9uZLvsrq-8dAfQclfDZnBt-eHk9sVoSbGzAS8jmKvaIVEYuzj2RFnj_QoBeOl7dICFJVgDsNl1rswNpQ2ngfqspnKuvFOcB9IAr0m9WZ36uiYSa3QeCugWUenqi6OLr_Q",
    ),
];

#[test]
fn a_recorded_token_of_each_version_says_what_it_said() {
    for (version, kind, name, token) in RECORDED {
        let mut want = if name == "plain" { plain() } else { ticket() };
        if version == 3 {
            // It knew none, and was good for a day.
            (want.honoured_for, want.fx_day) = (limits::NOTICE_AGE_MAX, None);
            want.bid.lease = Epoch::NONE;
        }
        if version < 5 {
            (want.bid.setting, want.others) = (Setting::default(), Others::default());
        }
        let touched = (kind == NoticeKind::Clicked).then(|| NOW.plus(Millis::from_seconds(90)));
        assert_eq!(decoded(token)[0], version);
        assert_eq!(keys().verify(kind, token, NOW), Ok((want, touched)), "{name}, version {version}");
        // Behind a rotation, too, and not without its key.
        let rotated = Keys::new(&[1; 32], &[[2; 32], [7; 32]]);
        assert_eq!(rotated.verify(kind, token, NOW), Ok((want, touched)));
        let foreign = Keys::new(&[1; 32], None).verify(kind, token, NOW);
        assert_eq!(foreign, Err(if version == 3 { TokenError::Forged } else { TokenError::UnknownKey }));
        if version == 5 {
            assert_eq!(self::token(kind, &want, touched), token, "it is still written so");
        }
    }
}

#[test]
fn a_recorded_token_of_version_3_with_any_byte_altered_is_refused() {
    let (_, kind, _, token) = RECORDED[0];
    let whole = decoded(token);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut altered = whole.clone();
            altered[at] ^= 1 << bit;
            assert!(keys().verify(kind, &encoded(&altered), NOW).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_token_is_honoured_to_the_last_moment_of_its_kind_and_no_longer() {
    let honoured_for = |span| Ticket { honoured_for: span, ..ticket() };
    let (hour, day) = (Millis::from_seconds(3_600), limits::NOTICE_AGE_MAX);
    for kind in NoticeKind::ALL {
        let of_money =
            matches!(kind, NoticeKind::Win | NoticeKind::Billing | NoticeKind::Loss | NoticeKind::Impression);
        for (ticket, age) in [
            (honoured_for(hour), hour),
            (honoured_for(day), day),
            // No profile may say more.
            (honoured_for(Millis::from_raw(i64::MAX)), day),
        ] {
            let age = if of_money { age } else { limits::CONVERSION_AGE_MAX };
            let token = token(kind, &ticket, (kind == NoticeKind::Clicked).then_some(NOW));
            let last = NOW.plus(age);
            assert!(keys().verify(kind, &token, last).is_ok(), "{kind:?} after {age:?}");
            let later = keys().verify(kind, &token, last.plus(Millis::from_raw(1)));
            assert_eq!(later, Err(TokenError::Expired), "{kind:?} after {age:?} and more");
        }
    }
}

#[test]
fn macros_stand_unescaped_and_ids_do_not_stand_at_all() {
    let mut url = String::new();
    write_address(
        &keys(),
        NoticeKind::Billing,
        &plain(),
        "https://bid.example",
        "${AUCTION_PRICE}",
        &mut url,
    );
    assert!(url.starts_with("https://bid.example/n/bill/"), "{url}");
    assert!(url.ends_with("?p=${AUCTION_PRICE}&c=${AUCTION_CURRENCY}&m=${AUCTION_MIN_TO_WIN}"), "{url}");
}

/// What a billing notice with this price and currency costs in media.
#[track_caller]
fn check(price: &str, currency: &str, ticket: &Ticket, want: &Result<i64, Refused>) {
    let params = Params { price, currency, ..Params::default() };
    let got = event(NoticeKind::Billing, ticket, &params, NOW, None, false).map(|outcome| {
        assert!(outcome.closes);
        let EventKind::Impression(charge) = &outcome.events[0].kind else { panic!("an impression") };
        assert_eq!(outcome.spent, Some(charge.budget_share()), "the cap and the books agree");
        charge.media.raw()
    });
    assert_eq!(&got, want, "price `{price}`, currency `{currency}`");
}

#[test]
fn a_price_is_accepted_up_to_the_bid_and_in_its_currency() {
    let plain = plain();
    check("2", "EUR", &plain, &Ok(2_000_000));
    check("1.234567", "EUR", &plain, &Ok(1_234_567));
    check(" 1.5 ", "", &plain, &Ok(1_500_000));
    check("1.5", "${AUCTION_CURRENCY}", &plain, &Ok(1_500_000));
    check("0", "EUR", &plain, &Ok(0));
    let above = Refused::AboveBid { cleared: Cpm::from_micros(2_000_001).unwrap(), bid: plain.price };
    check("2.000001", "EUR", &plain, &Err(above));
    check("1", "USD", &plain, &Err(Refused::Currency("USD".to_owned(), Currency::EUR)));
    for raw in ["-1", "1,5", "NaN", "1e400", "a"] {
        check(raw, "EUR", &plain, &Err(Refused::NotAPrice(raw.to_owned())));
    }
}

#[test]
fn a_missing_price_follows_the_profile() {
    for raw in ["", "AUDIT", "${AUCTION_PRICE}", "$%7BAUCTION_PRICE%7D${"] {
        check(raw, "", &plain(), &Err(Refused::NoPrice));
        check(raw, "", &Ticket { missing_price: MissingPrice::BookBid, ..plain() }, &Ok(2_000_000));
    }
}

#[test]
fn a_price_above_the_bid_is_refused_whatever_the_profile_says_of_missing_ones() {
    let lenient = Ticket { missing_price: MissingPrice::BookBid, ..plain() };
    let cleared = Cpm::from_micros(2_000_001).unwrap();
    check("2.000001", "EUR", &lenient, &Err(Refused::AboveBid { cleared, bid: lenient.price }));
    check("two", "EUR", &lenient, &Ok(2_000_000));
}

#[test]
fn a_price_in_another_currency_is_converted_against_us_and_by_the_play() {
    // 2 USD per thousand, 2.5 impressions a play: 5,000,000 nanos of USD, / 1.0389 rounded up.
    check("2", "USD", &ticket(), &Ok(4_812_783));
}

#[test]
fn an_impression_in_another_currency_keeps_the_rate_it_was_booked_by_and_the_day_of_it() {
    let booked = |ticket: &Ticket| {
        let params = Params { price: "2", ..Params::default() };
        let outcome = event(NoticeKind::Billing, ticket, &params, NOW, None, false).unwrap();
        let EventKind::Impression(charge) = &outcome.events[0].kind else { panic!("an impression") };
        charge.fx
    };
    let (from, rate, day) = (Currency::USD, ticket().fx, Some(Day::from_raw(20_088)));
    assert_eq!(booked(&ticket()), Some(DatedRate { from, rate, day }));
    assert_eq!(booked(&plain()), None);
}

#[test]
fn a_removed_scenario_is_remembered_by_the_ticket() {
    let params = Params { price: "2", ..Params::default() };
    let alone = Ticket { others: Others::default(), ..ticket() };
    let outcome = event(NoticeKind::Billing, &alone, &params, NOW, None, true).unwrap();
    let EventKind::Impression(charge) = &outcome.events[0].kind else { panic!("an impression") };
    assert_eq!(charge.tax.tax().raw(), 4_812_783 * 1_000 + 250_000 * 500);
    assert!(charge.late);
    assert_eq!(outcome.spent, Some(Nanos::from_raw(4_812_783 + 250_000 + 4_938)));
}

#[test]
fn several_places_share_what_is_taxed_or_tax_all_of_it_as_the_ticket_says() {
    let params = Params { price: "2", ..Params::default() };
    let bases = |divides| {
        let two = Ticket { others: Others::new([OTHER], divides), ..ticket() };
        let outcome = event(NoticeKind::Billing, &two, &params, NOW, None, true).unwrap();
        let EventKind::Impression(charge) = &outcome.events[0].kind else { panic!("an impression") };
        let [first, second] = charge.tax.levies().collect::<Vec<_>>()[..] else { panic!("two places") };
        assert_eq!((first.space.rate, second.space.rate), (two.space_rate, OTHER.space_rate));
        assert_eq!(second.place, OTHER.place);
        (first.space.base.raw(), second.space.base.raw(), first.data.base.raw(), second.data.base.raw())
    };
    // What cannot be divided is taxed in the first place.
    assert_eq!(bases(true), (2_406_392, 2_406_391, 125_000, 125_000));
    assert_eq!(bases(false), (4_812_783, 4_812_783, 250_000, 250_000));
}

#[test]
fn a_test_leaves_no_trace_but_the_end_of_its_reservation() {
    let test = Ticket { billable: false, ..plain() };
    let params = Params { price: "2", ..Params::default() };
    for (kind, closes) in [
        (NoticeKind::Win, false),
        (NoticeKind::Billing, true),
        (NoticeKind::Loss, true),
        (NoticeKind::Impression, false),
        (NoticeKind::View, false),
        (NoticeKind::Click, false),
    ] {
        let outcome = event(kind, &test, &params, NOW, None, false).unwrap();
        assert_eq!((outcome.events.len(), outcome.spent, outcome.closes), (0, None, closes), "{kind:?}");
    }
}

#[test]
fn only_the_notice_that_the_profile_names_moves_money() {
    let params = Params { price: "1", step: "start", ..Params::default() };
    let spent = |kind, bills_on| {
        let ticket = Ticket { bills_on, ..plain() };
        event(kind, &ticket, &params, NOW, None, false).unwrap().spent
    };
    let paid = Some(Nanos::from_raw(1_000_000 + 100_000));
    let as_bid = Some(Nanos::from_raw(2_000_000 + 100_000));
    let pairs = [
        (BillsOn::Billing, NoticeKind::Billing),
        (BillsOn::Win, NoticeKind::Win),
        (BillsOn::Impression, NoticeKind::Impression),
    ];
    assert_eq!(pairs.map(|(bills_on, _)| bills_on), BillsOn::ALL);
    for (bills_on, named) in pairs {
        for kind in NoticeKind::ALL {
            // A browser's word on the price is not taken: the bid's own is booked.
            let paid = if kind == NoticeKind::Impression { as_bid } else { paid };
            let want = if kind == named { paid } else { None };
            assert_eq!(spent(kind, bills_on), want, "{kind:?} where {bills_on:?} bills");
        }
    }
}

#[test]
fn a_loss_keeps_its_reason_and_the_price_that_would_have_won() {
    let params = Params { loss: "102", min_to_win: "2.5", ..Params::default() };
    let outcome = event(NoticeKind::Loss, &plain(), &params, NOW, None, false).unwrap();
    assert!(outcome.closes);
    let lost = EventKind::Loss { reason: Some(102), min_to_win: Some(Nanos::from_raw(2_500_000)) };
    assert_eq!(outcome.events[0].kind, lost);
    let params = Params { loss: "${AUCTION_LOSS}", min_to_win: "", ..Params::default() };
    let outcome = event(NoticeKind::Loss, &plain(), &params, NOW, None, false).unwrap();
    assert_eq!(outcome.events[0].kind, EventKind::Loss { reason: None, min_to_win: None });
}

#[test]
fn each_step_of_playback_is_an_event_of_its_own_and_closes_nothing() {
    let booked = |step, error| {
        let params = Params { step, error, ..Params::default() };
        event(NoticeKind::Play, &plain(), &params, NOW, None, false)
    };
    for step in Playback::ALL {
        let outcome = booked(step.name(), "").unwrap();
        assert!(!outcome.closes && outcome.spent.is_none(), "{step:?}");
        assert_eq!(outcome.events[0].kind, EventKind::Playback(step));
    }
    for (error, code) in [("405", Some(405)), ("[ERRORCODE]", None), ("-1", None)] {
        let kind = EventKind::Playback(Playback::Error { code });
        assert_eq!(booked("error", error).unwrap().events[0].kind, kind);
    }
    assert_eq!(booked("q4", ""), Err(Refused::UnknownStep("q4".to_owned())));
    let long = "x".repeat(1_000);
    assert_eq!(booked(&long, ""), Err(Refused::UnknownStep("x".repeat(32))));
}

#[test]
fn an_order_converts_once_whichever_click_it_is_reported_with() {
    let report = |order: Option<&str>, kind: &str| Conversion {
        kind: kind.to_owned(),
        acquisition: true,
        order: order.map(str::to_owned),
        value: Nanos::ZERO,
        touch: Touch::Click(NOW),
        fx: None,
        happened: NOW,
        lifetime: Nanos::ZERO,
        source: Source::Page,
        code: None,
    };
    let mut other = ticket();
    other.bid.id = BidId::mint(NOW, 43);
    let key = |ticket: &Ticket, order, kind| conversion(ticket, report(order, kind), NOW).key();
    assert_eq!(key(&ticket(), Some("A1"), "purchase"), key(&other, Some("A1"), "purchase"));
    assert_ne!(key(&ticket(), Some("A1"), "purchase"), key(&ticket(), Some("A2"), "purchase"));
    assert_ne!(key(&ticket(), Some("A1"), "purchase"), key(&ticket(), Some("A1"), "lead"));
    assert_ne!(key(&ticket(), None, "purchase"), key(&other, None, "purchase"));
}

#[test]
fn where_the_markup_bills_a_browser_neither_sets_the_price_nor_frees_the_money() {
    let ticket = Ticket { bills_on: BillsOn::Impression, multiplier: Multiplier::ONE, ..plain() };
    let booked =
        |params: Params<'_>| event(NoticeKind::Impression, &ticket, &params, NOW, None, false).unwrap();
    let whole = booked(Params::default()).spent;
    for (price, currency, multiplier) in
        [("0", "", ""), ("0.01", "USD", "0.000001"), ("nonsense", "XXX", "0")]
    {
        let params = Params { price, currency, multiplier, ..Params::default() };
        assert_eq!(booked(params).spent, whole, "{price} {currency} {multiplier}");
    }
    let lost = |ticket: &Ticket| {
        let params = Params { loss: "102", ..Params::default() };
        event(NoticeKind::Loss, ticket, &params, NOW, None, false).unwrap().closes
    };
    assert!(!lost(&ticket));
    assert!(lost(&Ticket { bills_on: BillsOn::Billing, ..ticket }));
}

#[test]
fn a_multiplier_counts_only_where_a_play_was_bid_as_several_impressions() {
    let spent = |multiplier, told: &str| {
        let params = Params { price: "1", multiplier: told, ..Params::default() };
        let ticket = Ticket { multiplier, ..plain() };
        event(NoticeKind::Billing, &ticket, &params, NOW, None, false).unwrap().spent
    };
    assert_eq!(spent(Multiplier::ONE, "0.000001"), spent(Multiplier::ONE, ""));
    let ten = Multiplier::from_millionths(10_000_000).unwrap();
    assert!(spent(ten, "2.5") < spent(ten, ""));
    assert_eq!(spent(ten, "11"), spent(ten, ""));
}

#[test]
fn a_person_who_may_not_be_measured_is_in_no_event_that_measures() {
    let user = |kind, measured| {
        let ticket = Ticket { measured, ..ticket() };
        let params = Params { price: "1", step: "start", ..Params::default() };
        let outcome = event(kind, &ticket, &params, NOW, None, false).unwrap();
        outcome.events.last().unwrap().bid.user.is_some()
    };
    for kind in [NoticeKind::View, NoticeKind::Click, NoticeKind::Play] {
        assert_eq!((user(kind, true), user(kind, false)), (true, false), "{kind:?}");
    }
    assert!(user(NoticeKind::Billing, false), "the frequency caps count it");
}

#[test]
fn a_household_is_told_of_impressions_only_and_takes_eight_bytes_of_a_token() {
    let household = |kind| {
        let params = Params { price: "1", step: "start", ..Params::default() };
        let outcome = event(kind, &ticket(), &params, NOW, None, false).unwrap();
        outcome.events.last().unwrap().bid.household
    };
    assert_eq!(household(NoticeKind::Billing), ticket().bid.household);
    for kind in [NoticeKind::Win, NoticeKind::Loss, NoticeKind::View, NoticeKind::Click, NoticeKind::Play] {
        assert_eq!(household(kind), None, "{kind:?}");
    }
    let mut without = ticket();
    without.bid.household = None;
    let chars = |ticket| token(NoticeKind::Billing, ticket, None).len();
    assert!((10..=11).contains(&(chars(&ticket()) - chars(&without))), "8 bytes in base64");
}

#[test]
fn a_currency_is_known_in_either_case() {
    let of = |currency| {
        let params = Params { price: "1", currency, ..Params::default() };
        event(NoticeKind::Billing, &plain(), &params, NOW, None, false).map(|outcome| outcome.spent.is_some())
    };
    assert_eq!(of("usd").or(of("eur")), Ok(true));
    assert!(of("gbp").is_err());
}
