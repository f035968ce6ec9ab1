//! Windows, paths and sums of credits; the sums also on public paths, where they are at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::PathBuf;

use proptest::prelude::{Just, any, prop, prop_assert_eq, prop_oneof, proptest};

use crate::attribution::{Credits, Manner, Model, Paths, Step, within_window};
use crate::campaign::Attribution;
use crate::ledger::{BidFacts, Event, EventKind, Touch};
use crate::ledger::{Conversion, NO_LINE_ITEM, Setting, Source};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, Epoch, ExchangeId, Millis, Nanos, Rounding,
    UnixMillis, UserKey,
};

const WINDOWS: Attribution =
    Attribution { click_window: Millis::from_raw(1_000), view_window: Millis::from_raw(100) };

#[test]
fn both_edges_of_a_window_count() {
    let touched = UnixMillis::from_raw(5_000);
    let counts = |touch, at| within_window(touch, UnixMillis::from_raw(at), &WINDOWS);
    assert_eq!(
        [4_999, 5_000, 6_000, 6_001].map(|at| counts(Touch::Click(touched), at)),
        [false, true, true, false]
    );
    assert_eq!(
        [4_999, 5_000, 5_100, 5_101].map(|at| counts(Touch::View(touched), at)),
        [false, true, true, false]
    );
}

/// The bid of one letter, by the person of one number.
fn bid(letter: char, user: Option<u8>) -> BidFacts {
    let number = u128::from(u32::from(letter));
    BidFacts {
        id: BidId::mint(UnixMillis::default(), number),
        at: UnixMillis::default(),
        day: Day::from_raw(0),
        advertiser: AdvertiserId::from_slug("shop"),
        campaign: CampaignId::from_slug("spring"),
        line_item: NO_LINE_ITEM,
        creative: CreativeId::from_slug("mpu"),
        exchange: ExchangeId::from_slug(&letter.to_string()),
        deal: None,
        currency: Currency::EUR,
        user: user.map(|user| UserKey::from_bytes([user; 16])),
        household: None,
        lease: Epoch::NONE,
        setting: Setting::default(),
    }
}

fn event(bid: BidFacts, at: i64, kind: EventKind) -> Event {
    Event { bid, at: UnixMillis::from_raw(at), kind }
}

fn conversion(bid: BidFacts, at: i64, touch: Touch) -> Event {
    let (kind, order) = ("purchase".to_owned(), None);
    let conversion = Conversion {
        kind,
        acquisition: true,
        order,
        value: Nanos::ZERO,
        touch,
        fx: None,
        happened: UnixMillis::from_raw(at),
        lifetime: Nanos::ZERO,
        source: Source::Page,
        code: None,
    };
    // Told long after it happened, which changes nothing.
    event(bid, at + 5_000, EventKind::Conversion(conversion))
}

/// The path of each conversion of `events` as letters, clicks as capitals.
fn paths(events: &[Event]) -> Vec<String> {
    let mut paths = Paths::default();
    events.iter().for_each(|event| paths.converted(event));
    events.iter().for_each(|event| paths.touched(event));
    let mut found = Vec::new();
    paths.each(
        |_, _| WINDOWS,
        |_, path| {
            let letter = |touch: &super::Touchpoint| {
                let letter = char::from(touch.bid.id.as_bytes()[15]);
                if touch.manner == Manner::View { letter } else { letter.to_ascii_uppercase() }
            };
            found.push(path.iter().map(letter).collect());
        },
    );
    found
}

fn clicked(letter: char, user: u8, at: i64) -> Event {
    event(bid(letter, Some(user)), at, EventKind::Click)
}

fn viewed(letter: char, user: u8, at: i64) -> Event {
    event(bid(letter, Some(user)), at, EventKind::View)
}

#[test]
fn a_path_is_what_its_person_met_within_the_windows_and_no_more() {
    let told = |at| Touch::Click(UnixMillis::from_raw(at));
    let mut events = vec![
        conversion(bid('c', Some(1)), 2_000, told(1_950)),
        clicked('c', 1, 1_951),
        viewed('a', 1, 1_900),
        viewed('b', 1, 1_899),
        clicked('d', 1, 1_000),
        clicked('e', 1, 999),
        clicked('f', 1, 2_001),
        viewed('g', 1, 1_910),
        clicked('g', 1, 1_920),
        clicked('h', 2, 1_930),
        event(bid('i', None), 1_940, EventKind::Click),
        clicked('d', 1, 1_000),
    ];
    assert_eq!(paths(&events), ["DaGC"]);
    events.reverse();
    assert_eq!(paths(&events), ["DaGC"], "in any order");
    // Nobody may be measured: only what was told is known.
    assert_eq!(paths(&[conversion(bid('c', None), 2_000, told(1_950)), clicked('d', 1, 1_960)]), ["C"]);
    // Whatever the windows are now, what was answered stands.
    assert_eq!(paths(&[conversion(bid('c', Some(1)), 9_000, told(10))]), ["C"]);
    // A code is used last; who is known without any touch has none.
    assert_eq!(paths(&[conversion(bid('k', Some(1)), 2_000, Touch::Code), clicked('d', 1, 1_960)]), ["DK"]);
    assert_eq!(paths(&[conversion(bid('k', Some(1)), 2_000, Touch::None), clicked('d', 2, 1_960)]), [""]);
    // Another advertiser's ads led to nothing here.
    let other = BidFacts { advertiser: AdvertiserId::from_slug("other"), ..bid('d', Some(1)) };
    let mut events = vec![conversion(bid('c', Some(1)), 2_000, told(1_950))];
    events.push(event(other, 1_960, EventKind::Click));
    assert_eq!(paths(&events), ["C"]);
}

proptest! {
    #[test]
    fn every_conversion_is_credited_once_under_every_model(
        steps in prop::collection::vec(
            (0..6_u8, 0..60 * 86_400_000_i64, prop_oneof![Just(Manner::View), Just(Manner::Click), Just(Manner::Code)]),
            1..80,
        ),
        value in any::<i64>(),
    ) {
        let path: Vec<Step<u8>> = steps
            .into_iter()
            .map(|(channel, age, manner)| Step { channel, age: Millis::from_raw(age), manner })
            .collect();
        let mut credits = Credits::default();
        credits.add(&path, Nanos::from_raw(value));
        for (at, model) in Model::ALL.into_iter().enumerate() {
            let shares = model.shares(&path);
            prop_assert_eq!(shares.iter().sum::<u32>(), 1_000_000, "{:?}", model);
            prop_assert_eq!(&shares, &model.shares(&path), "the same again");
            let credited: u64 = credits.rows().map(|(_, row)| row[at].conversions).sum();
            prop_assert_eq!(credited, 1_000_000, "{:?}", model);
            let worth: i128 = credits.rows().map(|(_, row)| row[at].value.raw()).sum();
            prop_assert_eq!(worth, i128::from(value) * 1_000_000, "{:?}", model);
        }
    }
}

/// `attribution_paths.csv.gz` of the folder that `ENCAN_SHARED` names.
fn public_paths() -> Option<String> {
    let Some(shared) = std::env::var_os("ENCAN_SHARED").map(PathBuf::from) else {
        println!("SKIPPED: ENCAN_SHARED is not set, the public paths were not read");
        return None;
    };
    let file = shared.join("data/attribution_paths.csv.gz");
    let Ok(bytes) = std::fs::read(&file) else {
        println!("SKIPPED: {} cannot be read", file.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip of text");
    Some(text)
}

/// What each channel of `path` should get of one conversion, by fractions.
fn expected(model: Model, path: &[&str]) -> BTreeMap<String, f64> {
    let mut credit = BTreeMap::new();
    let len = path.len();
    #[expect(clippy::cast_precision_loss, reason = "a path is short")]
    let part = |count: usize| 1.0 / count as f64;
    let distinct: BTreeSet<&str> = path.iter().copied().collect();
    for (at, channel) in path.iter().enumerate() {
        let is_edge = at == 0 || at + 1 == len;
        *credit.entry((*channel).to_owned()).or_insert(0.0) += match model {
            Model::LastTouch => f64::from(u8::from(at + 1 == len)),
            Model::FirstTouch => f64::from(u8::from(at == 0)),
            Model::Linear => part(len),
            Model::Position if len <= 2 => part(len),
            Model::Position if is_edge => 0.4,
            Model::Position => 0.2 * part(len - 2),
            Model::Shapley if path[..at].contains(channel) => 0.0,
            Model::Shapley => part(distinct.len()),
            // A day from touch to touch.
            Model::TimeDecay => {
                #[expect(clippy::cast_precision_loss, reason = "a path is short")]
                let weight = |at: usize| (-((len - 1 - at) as f64) / 7.0).exp2();
                weight(at) / (0..len).map(weight).sum::<f64>()
            }
        };
    }
    credit
}

#[test]
fn public_paths_are_credited_to_the_last_conversion_under_every_model() {
    let Some(text) = public_paths() else { return };
    let (mut credits, mut conversions, mut value) = (Credits::default(), 0_u64, 0_i64);
    let mut expectation: Vec<BTreeMap<String, f64>> = vec![BTreeMap::new(); Model::ALL.len()];
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let path: Vec<&str> = cells[0].split(" > ").collect();
        let times: u64 = cells[1].parse().expect("a count");
        let worth = Nanos::from_decimal(cells[2], Rounding::Down).expect("an amount");
        let steps = (0..).zip(path.iter().rev());
        let mut steps: Vec<Step<String>> = steps
            .map(|(days, channel)| Step {
                channel: (*channel).to_owned(),
                age: Millis::from_seconds(86_400 * days),
                manner: Manner::Click,
            })
            .collect();
        steps.reverse();
        // The file gives the value of all conversions of a path together: it goes with the first.
        for number in 0..times {
            credits.add(&steps, if number == 0 { worth } else { Nanos::ZERO });
        }
        for (model, sums) in Model::ALL.into_iter().zip(&mut expectation) {
            for (channel, credit) in expected(model, &path) {
                #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
                let times = times as f64;
                *sums.entry(channel).or_insert(0.0) += credit * times;
            }
        }
        conversions += times;
        value += if times > 0 { worth.raw() } else { 0 };
    }
    assert_eq!(conversions, 19_785);
    assert_eq!(value / 10_000_000, 7_480_297, "74,802.97");
    for (at, model) in Model::ALL.into_iter().enumerate() {
        let credited: u64 = credits.rows().map(|(_, row)| row[at].conversions).sum();
        assert_eq!(credited, conversions * 1_000_000, "{model:?}");
        let worth: i128 = credits.rows().map(|(_, row)| row[at].value.raw()).sum();
        assert_eq!(worth, i128::from(value) * 1_000_000, "{model:?}");
        for (channel, row) in credits.rows() {
            let want = expectation[at].get(channel).copied().unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "compared to a hundredth")]
            let got = row[at].conversions as f64 / 1e6;
            // Each conversion rounds by a millionth at most for each of its touches.
            assert!((got - want).abs() < 0.25, "{model:?} {channel}: {got} for {want}");
        }
    }
}
