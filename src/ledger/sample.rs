//! Random events for tests, the extremes of every field among them.

use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};

use crate::ledger::{
    Area, BidFacts, Cause, Charge, Conversion, Correction, DatedRate, Device, Event, EventKind, Format,
    Playback, Segments, Setting, Source, Touch, ViewerCountries,
};
use crate::ttf::{Assessment, Bearer, Evidence, Exemption, Jurisdiction, Levy, Place, TaxLine};
use crate::units::{
    AdvertiserId, ArmId, BidId, CampaignId, CorrectionId, Country, CreativeId, Currency, Day, DealId, Epoch,
    ExchangeId, FxRate, HouseholdKey, LineItemId, Nanos, PublisherId, RatePpm, ScenarioId, SegmentId,
    UnixMillis, UserKey,
};

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![6 => any::<i64>(), 1 => Just(i64::MAX), 1 => Just(i64::MIN), 1 => Just(0)]
}

/// Amounts up to `most`.
fn amount(most: i64) -> impl Strategy<Value = Nanos> {
    prop_oneof![6 => 0..=most, 1 => Just(0), 1 => Just(most)].prop_map(Nanos::from_raw)
}

fn currency() -> impl Strategy<Value = Currency> {
    prop_oneof![Just(Currency::EUR), Just(Currency::USD)]
}

fn country() -> impl Strategy<Value = Option<Country>> {
    let codes = ["FR", "DE", "GB"].map(|code| Country::from_code(code).unwrap());
    option::of(proptest::sample::select(codes.to_vec()))
}

/// Any setting, that of which nothing is told among them.
pub(crate) fn setting() -> BoxedStrategy<Setting> {
    let region = option::of(proptest::sample::select(["IDF", "7", "B1"].as_slice()));
    let area = (country(), region).prop_map(|(country, region)| Some(Area::new(country?, region)));
    let ids = (option::of(any::<u64>()), option::of(any::<u64>()), option::of(any::<(u16, u16)>()));
    let kinds =
        (proptest::sample::select(Device::ALL.as_slice()), proptest::sample::select(Format::ALL.as_slice()));
    let segments = proptest::collection::vec(any::<u64>(), 0..=Segments::MOST);
    let told = (ids, area, kinds, segments, (country(), country(), country())).prop_map(
        |((publisher, arm, size), area, (device, format), segments, (on, address, home))| Setting {
            publisher: publisher.map(PublisherId::from_raw),
            area,
            device,
            format,
            size,
            arm: arm.map(ArmId::from_raw),
            segments: Segments::new(segments.into_iter().map(SegmentId::from_raw)),
            viewer: ViewerCountries { device: on, address, home },
        },
    );
    prop_oneof![1 => Just(Setting::default()), 3 => told].boxed()
}

fn bid() -> BoxedStrategy<BidFacts> {
    let viewer = (option::of(any::<[u8; 16]>()), option::of(any::<u64>()));
    let ids = (any::<[u8; 16]>(), any::<[u64; 5]>(), option::of(any::<u64>()), viewer);
    (ids, number(), any::<i32>(), currency(), setting())
        .prop_map(|((id, ids, deal, (user, household)), at, day, currency, setting)| BidFacts {
            id: BidId::from_bytes(id),
            at: UnixMillis::from_raw(at),
            day: Day::from_raw(day),
            advertiser: AdvertiserId::from_raw(ids[0]),
            campaign: CampaignId::from_raw(ids[1]),
            line_item: LineItemId::from_raw(ids[2]),
            creative: CreativeId::from_raw(ids[3]),
            exchange: ExchangeId::from_raw(ids[4]),
            deal: deal.map(DealId::from_raw),
            currency,
            user: user.map(UserKey::from_bytes),
            household: household.map(HouseholdKey::from_raw),
            lease: Epoch::from_raw(ids[0] % 3),
            setting,
        })
        .boxed()
}

/// A charge whose parts are up to `most`; the sum of three parts must fit.
pub(crate) fn any_charge(most: i64) -> BoxedStrategy<Charge> {
    let rate = || prop_oneof![Just(0), Just(1_000_000), 0..=1_000_000_u32];
    let exemption = || option::of(proptest::sample::select(Exemption::ALL.as_slice()));
    let tax = ((rate(), exemption()), (rate(), exemption()), 0..=7_u8, any::<u64>());
    let place = option::of(prop_oneof![Just("FR"), Just("EU")]);
    let bearer = (0..=4_u8, rate()).prop_map(|(code, share)| {
        let share = RatePpm::from_ppm(share).filter(|_| code > 2);
        Bearer::from_code(code, share).unwrap()
    });
    // One charge in five is taxed in a second place, and one in five divided by two places.
    let second =
        (prop_oneof![3 => Just(None), 1 => Just(Some(false)), 1 => Just(Some(true))], rate()).boxed();
    let told = (option::of(amount(most)), option::of(amount(most)), dated_rate()).boxed();
    (amount(most), amount(most), rate(), tax, place, (bearer, second), any::<bool>(), told)
        .prop_map(
            |(
                media,
                data,
                fee,
                (space, on_data, evidence, scenario),
                place,
                (bearer, second),
                late,
                told,
            )| {
                let line = |base, (ppm, exemption): (u32, Option<Exemption>)| TaxLine {
                    base,
                    rate: RatePpm::from_ppm(if exemption.is_some() { 0 } else { ppm }).unwrap(),
                    exemption,
                };
                let place = Place {
                    jurisdiction: place.map(|code| Jurisdiction::from_code(code).unwrap()),
                    evidence: Evidence::from_code(evidence).unwrap(),
                };
                let (divides, on_other) = (second.0 == Some(true), second.1);
                let of_other = |whole: Nanos| if divides { Nanos::from_raw(whole.raw() / 2) } else { whole };
                let of_first =
                    |whole: Nanos| if divides { whole.saturating_sub(of_other(whole)) } else { whole };
                let other = Levy {
                    place: Place { jurisdiction: Jurisdiction::from_code("IT"), evidence: place.evidence },
                    space: line(of_other(media), (on_other, None)),
                    data: line(of_other(data), (on_other, space.1)),
                };
                let tax = Assessment {
                    scenario: ScenarioId::from_raw(scenario),
                    place,
                    space: line(of_first(media), space),
                    data: line(of_first(data), on_data),
                    more: if second.0.is_some() { vec![other] } else { Vec::new() },
                };
                let fee = media.share(RatePpm::from_ppm(fee).unwrap());
                let (bid, to_beat, fx) = told;
                Charge { media, data, fee, tax, bearer, late, fx, bid, to_beat }
            },
        )
        // Or the strategies of events outgrow a thread's stack.
        .boxed()
}

/// One time in two: each number at the end of its range, too.
fn dated_rate() -> BoxedStrategy<Option<DatedRate>> {
    let side = || prop_oneof![Just(1), Just(u64::MAX), 1..=u64::MAX];
    let day = option::of(prop_oneof![Just(i32::MIN), any::<i32>()]);
    option::of((side(), side(), day).prop_map(|(target, per, day)| DatedRate {
        from: Currency::USD,
        rate: FxRate::new(target, per).unwrap(),
        day: day.map(Day::from_raw),
    }))
    // Or the strategies of events outgrow a thread's stack.
    .boxed()
}

fn conversion() -> BoxedStrategy<Conversion> {
    let touch = (0..=3_u8, number()).prop_map(|(code, at)| {
        Touch::from_parts(code, Some(UnixMillis::from_raw(at)).filter(|_| code < 2)).unwrap()
    });
    let told =
        (number(), number(), proptest::sample::select(Source::ALL.as_slice()), option::of("\\PC{0,9}"));
    (("\\PC{0,128}", any::<bool>()), option::of("\\PC{0,128}"), number(), touch, dated_rate(), told)
        .prop_map(|((kind, acquisition), order, value, touch, fx, (happened, lifetime, source, code))| {
            Conversion {
                kind,
                acquisition,
                order,
                value: Nanos::from_raw(value),
                touch,
                fx,
                happened: UnixMillis::from_raw(happened),
                lifetime: Nanos::from_raw(lifetime),
                source,
                code,
            }
        })
        .boxed()
}

fn playback() -> impl Strategy<Value = Playback> {
    let any_code = option::of(any::<u32>()).prop_map(|code| Playback::Error { code });
    prop_oneof![proptest::sample::select(Playback::ALL.as_slice()), any_code]
}

fn correction(most: i64) -> impl Strategy<Value = Correction> {
    let cause = proptest::sample::select(Cause::ALL.as_slice());
    let words = proptest::sample::select(["found \"later\"", "d\u{e9}j\u{e0} vu"].as_slice());
    (any::<[u8; 16]>(), cause, 0..=1_i64, any_charge(most), (amount(most), amount(most)), words).prop_map(
        |(id, cause, impressions, charge, (budget, disputed), words)| Correction {
            id: CorrectionId::from_bytes(id),
            cause,
            impressions,
            charge,
            budget,
            disputed,
            reason: words.to_owned(),
            author: words.to_owned(),
        },
    )
}

/// An event of any kind. `most` bounds the parts of a charge.
pub(crate) fn any_event(most: i64) -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        1 => option::of(number()).prop_map(|price| EventKind::Win { price: price.map(Nanos::from_raw) }),
        3 => any_charge(most).prop_map(EventKind::Impression),
        1 => (option::of(any::<u32>()), option::of(number())).prop_map(|(reason, price)| EventKind::Loss {
            reason,
            min_to_win: price.map(Nanos::from_raw)
        }),
        1 => Just(EventKind::View),
        1 => Just(EventKind::Click),
        1 => conversion().prop_map(EventKind::Conversion),
        1 => playback().prop_map(EventKind::Playback),
        1 => correction(most).prop_map(EventKind::Correction).boxed(),
    ];
    (bid(), number(), kind).prop_map(|(bid, at, kind)| Event { bid, at: UnixMillis::from_raw(at), kind })
}

/// One event of each kind about the bid of `event`, with `charge` for the impression.
pub(crate) fn one_of_each(event: &Event, charge: Charge) -> Vec<Event> {
    let conversion = |kind: &str, order: Option<&str>| {
        EventKind::Conversion(Conversion {
            kind: kind.to_owned(),
            acquisition: true,
            order: order.map(str::to_owned),
            value: Nanos::from_raw(1),
            touch: Touch::Click(UnixMillis::from_raw(0)),
            fx: None,
            happened: event.at,
            lifetime: Nanos::ZERO,
            source: Source::Page,
            code: None,
        })
    };
    let kinds = [
        EventKind::Win { price: None },
        EventKind::Impression(charge),
        EventKind::Loss { reason: None, min_to_win: None },
        EventKind::View,
        EventKind::Click,
        conversion("purchase", None),
        conversion("lead", None),
        conversion("purchase", Some("order")),
        conversion("purchase", Some("order2")),
        conversion("urchase", Some("orderp")),
        conversion("", Some("orderpurchase")),
        conversion("c", Some("a\0b")),
        conversion("b\0c", Some("a")),
    ];
    let played = Playback::ALL.map(EventKind::Playback);
    kinds.into_iter().chain(played).map(|kind| Event { kind, ..event.clone() }).collect()
}

/// The amount beyond which a charge of three parts may not be booked.
pub(crate) const AMOUNT_MOST: i64 = Nanos::MAX.raw() / 4;
