//! Random events for tests, the extremes of every field among them.

use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};

use crate::ledger::{
    BidFacts, Cause, Charge, Conversion, Correction, DatedRate, Event, EventKind, Playback, Touch,
};
use crate::ttf::{Assessment, Bearer, Evidence, Exemption, Jurisdiction, Place, TaxLine};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CorrectionId, CreativeId, Currency, Day, DealId, Epoch, ExchangeId,
    FxRate, HouseholdKey, LineItemId, Nanos, RatePpm, ScenarioId, UnixMillis, UserKey,
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

fn bid() -> impl Strategy<Value = BidFacts> {
    let viewer = (option::of(any::<[u8; 16]>()), option::of(any::<u64>()));
    let ids = (any::<[u8; 16]>(), any::<[u64; 5]>(), option::of(any::<u64>()), viewer);
    (ids, number(), any::<i32>(), currency()).prop_map(
        |((id, ids, deal, (user, household)), at, day, currency)| BidFacts {
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
        },
    )
}

/// A charge whose parts are up to `most`; the sum of three parts must fit.
pub(crate) fn any_charge(most: i64) -> impl Strategy<Value = Charge> {
    let rate = || prop_oneof![Just(0), Just(1_000_000), 0..=1_000_000_u32];
    let exemption = || option::of((1..=3_u8).prop_map(|code| Exemption::from_code(code).unwrap()));
    let tax = ((rate(), exemption()), (rate(), exemption()), 0..=6_u8, any::<u64>());
    let place = option::of(prop_oneof![Just("FR"), Just("EU")]);
    (amount(most), amount(most), rate(), tax, place, 0..=2_u8, any::<bool>(), dated_rate()).prop_map(
        |(media, data, fee, (space, on_data, evidence, scenario), place, bearer, late, fx)| {
            let line = |base, (ppm, exemption): (u32, Option<Exemption>)| TaxLine {
                base,
                rate: RatePpm::from_ppm(if exemption.is_some() { 0 } else { ppm }).unwrap(),
                exemption,
            };
            let tax = Assessment {
                scenario: ScenarioId::from_raw(scenario),
                place: Place {
                    jurisdiction: place.map(|code| Jurisdiction::from_code(code).unwrap()),
                    evidence: Evidence::from_code(evidence).unwrap(),
                },
                space: line(media, space),
                data: line(data, on_data),
            };
            let fee = media.share(RatePpm::from_ppm(fee).unwrap());
            Charge { media, data, fee, tax, bearer: Bearer::from_code(bearer).unwrap(), late, fx }
        },
    )
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

fn conversion() -> impl Strategy<Value = Conversion> {
    let touch = (any::<bool>(), number()).prop_map(|(click, at)| {
        let at = UnixMillis::from_raw(at);
        if click { Touch::Click(at) } else { Touch::View(at) }
    });
    ("\\PC{0,128}", option::of("\\PC{0,128}"), number(), touch, dated_rate()).prop_map(
        |(kind, order, value, touch, fx)| Conversion {
            kind,
            order,
            value: Nanos::from_raw(value),
            touch,
            fx,
        },
    )
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
            order: order.map(str::to_owned),
            value: Nanos::from_raw(1),
            touch: Touch::Click(UnixMillis::from_raw(0)),
            fx: None,
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
