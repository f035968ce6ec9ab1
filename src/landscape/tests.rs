//! Landscapes against planted truths, and laws that hold of every one.

use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use super::counts::{BEYOND, CELLS, Counts};
use super::estimate::{EVEN, Sharing, chances};
use super::grid::{BINS, edge};
use super::{Curve, DamagedLandscapes, Landscapes, SEGMENTS_MAX, Sample, Segment};
use crate::units::{BidId, Cpm, Currency, ExchangeId, Millis, UnixMillis};

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);
const DAY: Millis = Millis::from_seconds(86_400);

fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros.clamp(0, Cpm::MAX.micros())).unwrap()
}

fn segment(number: u64) -> Segment {
    Segment { narrow: 1_000 + number, exchange: 2, all: 1 }
}

/// A curve of these samples alone, all without a floor unless told.
fn learnt(samples: impl IntoIterator<Item = Sample>) -> Curve {
    let mut landscapes = Landscapes::default();
    for sample in samples {
        landscapes.learn(&segment(0), Cpm::ZERO, sample, NOW);
    }
    landscapes.view(NOW).curve(&segment(0)).unwrap().clone()
}

#[test]
fn the_curve_of_known_prices_is_their_distribution() {
    let seed = 7;
    println!("seed {seed}");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let prices: Vec<i64> = (0..50_000).map(|_| 1_000_000 + random.random_range(0..2_000_000_i64)).collect();
    let curve = learnt(prices.iter().map(|price| Sample::Exact(cpm(*price))));
    for bid in (900_000..3_300_000).step_by(50_000) {
        let below = prices.iter().filter(|price| **price <= bid);
        let share = below.clone().count() as f64 / prices.len() as f64;
        let paid = below.sum::<i64>() as f64 / prices.len() as f64;
        // The densest bins hold a tenth of the prices, and the last one ends within.
        assert!((curve.win(cpm(bid)) - share).abs() < 0.04, "{bid}: {} {share}", curve.win(cpm(bid)));
        let expected = curve.expected_price(cpm(bid));
        assert!((expected - paid).abs() < 100_000.0, "{bid}: {expected} {paid}");
    }
}

#[test]
fn a_heap_of_rivals_is_beaten_by_a_micro() {
    let prices = (0..1_000).map(|at| if at % 5 < 4 { 1_530_000 } else { 1_000_000 + at * 700 });
    let curve = learnt(prices.map(|price| Sample::Exact(cpm(price))));
    assert_eq!(curve.shaded(cpm(3_000_000), Cpm::ZERO), cpm(1_530_001));
}

#[test]
fn where_the_floor_wins_the_floor_is_bid() {
    let mut landscapes = Landscapes::default();
    let floor = cpm(500_000);
    for at in 0..1_000 {
        let price = if at % 10 < 6 { floor } else { cpm(2_000_000 + at * 1_000) };
        landscapes.learn(&segment(0), floor, Sample::Exact(price), NOW);
    }
    let view = landscapes.view(NOW);
    let curve = view.curve(&segment(0)).unwrap();
    assert_eq!(curve.shaded(cpm(2_200_000), floor), floor);
    assert!((curve.win(floor) - 0.6).abs() < 0.01, "{}", curve.win(floor));
    assert!((curve.expected_price(floor) - 300_000.0).abs() < 5_000.0);
    // On an impression with a higher floor of the same segment, that floor is what is paid.
    let over = curve.expected_price_over(cpm(600_000), cpm(600_000));
    assert!((over - 360_000.0).abs() < 6_000.0, "{over}");
}

#[test]
fn a_heap_between_a_floor_and_the_usual_one_is_beaten_by_a_micro() {
    let mut landscapes = Landscapes::default();
    for at in 0..1_000 {
        let floor = cpm(if at % 2 == 0 { 400_000 } else { 500_000 });
        let price = cpm(if at % 5 < 3 { 440_000 } else { 3_000_000 });
        landscapes.learn(&segment(0), floor, Sample::Exact(price), NOW);
    }
    let view = landscapes.view(NOW);
    let curve = view.curve(&segment(0)).unwrap();
    for (floor, bid) in [(420_000, 440_001), (439_000, 440_001), (445_000, 445_000)] {
        assert_eq!(curve.shaded(cpm(600_000), cpm(floor)), cpm(bid), "above {floor}");
    }
}

#[test]
fn too_few_samples_shade_nothing() {
    let curve = learnt((0..40).map(|_| Sample::Exact(cpm(1_000_000))));
    assert!(curve.weight < super::WEIGHT_MIN);
    assert_eq!(curve.shaded(cpm(5_000_000), Cpm::ZERO), cpm(5_000_000));
    assert_eq!(curve.bid(cpm(5_000_000), Cpm::ZERO, &BidId::mint(NOW, 7)), (cpm(5_000_000), None));
}

#[test]
fn where_wins_tell_the_price_the_estimate_is_that_of_kaplan_and_meier() {
    let seed = 11;
    println!("seed {seed}");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut counts = Counts::around(cpm(edge(140)), NOW);
    // Both prices and bids at edges, so that only the estimator is compared.
    let (mut died, mut left) = ([0.0; CELLS], [0.0; CELLS]);
    for _ in 0..5_000 {
        let at = |cell: usize| cpm(edge(counts.start + cell));
        let (price, bid) = (random.random_range(10..50_usize), random.random_range(5..55_usize));
        if price <= bid {
            died[price] += 1.0;
            counts.add(Cpm::ZERO, Sample::Exact(at(price)), NOW);
        } else {
            left[bid] += 1.0;
            counts.add(Cpm::ZERO, Sample::Lost(at(bid)), NOW);
        }
    }
    let mut mass = EVEN;
    for _ in 0..20 {
        mass = chances(&counts, 1.0, (&EVEN, 1e-9), &mass, Sharing::Likeliest);
    }
    let (mut at_risk, mut survival, mut sum) = (5_000.0, 1.0, 0.0);
    for cell in 1..=BINS {
        survival *= if at_risk > 0.0 { 1.0 - died[cell] / at_risk } else { 1.0 };
        at_risk -= died[cell] + left[cell];
        sum += mass[cell];
        if cell < 50 {
            assert!((1.0 - survival - sum).abs() < 1e-3, "{cell}: {} {sum}", 1.0 - survival);
        }
    }
}

#[test]
fn where_only_winning_is_told_the_estimate_is_the_likeliest_rising_curve() {
    let seed = 12;
    println!("seed {seed}");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut counts = Counts::around(cpm(edge(140)), NOW);
    let mut pools = vec![(0.0_f64, 0.0_f64); BINS];
    for _ in 0..100_000 {
        let (price, bid) = (random.random_range(10..50_usize), random.random_range(5..55_usize));
        let at = cpm(edge(counts.start + bid));
        counts.add(Cpm::ZERO, if price <= bid { Sample::Won(at) } else { Sample::Lost(at) }, NOW);
        pools[bid].0 += f64::from(u8::from(price <= bid));
        pools[bid].1 += 1.0;
    }
    let mut mass = EVEN;
    for _ in 0..20 {
        mass = chances(&counts, 1.0, (&EVEN, 1e-6), &mass, Sharing::Likeliest);
    }
    // Pool adjacent violators: (wins, bids, edges).
    let mut rising: Vec<(f64, f64, usize)> = vec![];
    for (wins, bids) in &pools[5..55] {
        rising.push((*wins, *bids, 1));
        while let [.., a, b] = rising[..]
            && a.0 / a.1 > b.0 / b.1
        {
            rising.truncate(rising.len() - 2);
            rising.push((a.0 + b.0, a.1 + b.1, a.2 + b.2));
        }
    }
    let wanted = rising.iter().flat_map(|(wins, bids, edges)| std::iter::repeat_n(wins / bids, *edges));
    let mut sum: f64 = mass[..5].iter().sum();
    for (cell, wanted) in (5..55).zip(wanted) {
        sum += mass[cell];
        assert!((sum - wanted).abs() < 0.01, "{cell}: {sum} {wanted}");
    }
}

#[test]
fn a_day_later_a_sample_weighs_half() {
    let mut landscapes = Landscapes::default();
    for _ in 0..400 {
        landscapes.learn(&segment(0), Cpm::ZERO, Sample::Exact(cpm(1_000_000)), NOW);
    }
    for _ in 0..400 {
        landscapes.learn(&segment(0), Cpm::ZERO, Sample::Exact(cpm(2_000_000)), NOW.plus(DAY));
    }
    let view = landscapes.view(NOW.plus(DAY));
    let won = view.curve(&segment(0)).unwrap().win(cpm(1_500_000));
    assert!((won - 1.0 / 3.0).abs() < 0.01, "{won}");
}

#[test]
fn prices_of_three_times_the_median_are_told_apart_whatever_the_first_price_was() {
    for first in [30_000, 300_000, 1_000_000, 3_000_000, 90_000_000] {
        let mut landscapes = Landscapes::default();
        landscapes.learn(&segment(0), Cpm::ZERO, Sample::Exact(cpm(first)), NOW);
        // Half of them below 1.0, three quarters below 2.25.
        for at in (0..2_000).map(|number| number * 777 % 2_000) {
            landscapes.learn(&segment(0), Cpm::ZERO, Sample::Exact(cpm(at * at)), NOW);
            if at % 100 == 0 {
                let _ = landscapes.view(NOW);
            }
        }
        let view = landscapes.view(NOW);
        let curve = view.curve(&segment(0)).unwrap();
        for (bid, share) in [(1_000_000, 0.5), (2_250_000, 0.75), (3_000_000, 0.866)] {
            assert!((curve.win(cpm(bid)) - share).abs() < 0.03, "{first}: {bid}: {}", curve.win(cpm(bid)));
        }
    }
}

#[test]
fn a_window_follows_prices_that_move_far() {
    let mut landscapes = Landscapes::default();
    let mut at = NOW;
    for price in [10_000, 1_000_000, 100_000_000, 50_000] {
        at = at.plus(Millis::from_seconds(10 * 86_400));
        for part in 0..2_000 {
            landscapes.learn(
                &segment(0),
                Cpm::ZERO,
                Sample::Exact(cpm(price + part * 7_919 % 2_000 * price / 4_000)),
                at,
            );
            if part % 100 == 0 {
                let _ = landscapes.view(at);
            }
        }
        let view = landscapes.view(at);
        let curve = view.curve(&segment(0)).unwrap();
        let won = curve.win(cpm(price * 5 / 4));
        assert!((won - 0.5).abs() < 0.08, "{price}: {won}");
    }
}

#[test]
fn a_segment_that_saw_little_goes_by_its_exchange() {
    let mut landscapes = Landscapes::default();
    for _ in 0..5_000 {
        landscapes.learn(&segment(0), Cpm::ZERO, Sample::Exact(cpm(1_000_000)), NOW);
    }
    landscapes.learn(&segment(1), Cpm::ZERO, Sample::Exact(cpm(4_000_000)), NOW);
    let view = landscapes.view(NOW);
    let won = view.curve(&segment(1)).unwrap().win(cpm(1_100_000));
    assert!((won - 200.0 / 201.0).abs() < 0.01, "{won}");
    let unknown = Segment { narrow: 9, exchange: 9, all: 9 };
    assert!(view.curve(&unknown).is_none());
    assert!(view.curve(&Segment { narrow: 9, ..segment(0) }).is_some(), "its exchange is known");
}

#[test]
fn only_what_changed_is_made_again() {
    let mut landscapes = Landscapes::default();
    for number in 0..50 {
        landscapes.learn(&segment(number), Cpm::ZERO, Sample::Exact(cpm(1_000_000)), NOW);
    }
    let before = landscapes.view(NOW);
    landscapes.learn(&segment(7), Cpm::ZERO, Sample::Exact(cpm(1_000_000)), NOW);
    let after = landscapes.view(NOW.plus(Millis::from_seconds(1)));
    let same = |number| {
        std::ptr::eq(before.curve(&segment(number)).unwrap(), after.curve(&segment(number)).unwrap())
    };
    assert!(same(8) && !same(7));
}

#[test]
fn segments_are_bounded_and_the_least_used_make_room() {
    let mut landscapes = Landscapes::default();
    let most = SEGMENTS_MAX as u64;
    for number in 0..most + 100 {
        for _ in 0..if number < 5 { 3 } else { 1 } {
            landscapes.learn(&segment(number), Cpm::ZERO, Sample::Exact(cpm(1_000_000)), NOW);
        }
    }
    let view = landscapes.view(NOW);
    assert!(view.len() <= SEGMENTS_MAX && view.len() > SEGMENTS_MAX / 2, "{}", view.len());
    let own = |number| {
        let curve = view.curve(&segment(number)).unwrap();
        !std::ptr::eq(curve, view.curve(&Segment { narrow: 0, ..segment(0) }).unwrap())
    };
    assert!((0..5).all(own) && own(most + 99), "much used and new ones stay");
}

fn samples() -> impl Strategy<Value = Vec<(u64, Cpm, Sample, i64)>> {
    let price = (0_u32..40, 1_i64..2_000).prop_map(|(shift, part)| cpm((part << shift) / 1_000));
    let near = (200_000_i64..5_000_000).prop_map(cpm);
    let price = prop::strategy::Union::new([price.boxed(), near.clone().boxed(), near.boxed()]);
    let sample = (0_u8..3, price).prop_map(|(kind, price)| match kind {
        0 => Sample::Exact(price),
        1 => Sample::Won(price),
        _ => Sample::Lost(price),
    });
    let floor = (0_i64..900_000).prop_map(cpm);
    prop::collection::vec((0_u64..3, floor, sample, 0_i64..3 * 86_400_000), 1..400)
}

fn told(samples: &[(u64, Cpm, Sample, i64)]) -> Landscapes {
    let mut landscapes = Landscapes::default();
    for (number, floor, sample, after) in samples {
        landscapes.learn(&segment(*number), *floor, *sample, NOW.plus(Millis::from_raw(*after)));
    }
    landscapes
}

proptest! {
    #[test]
    fn a_higher_bid_never_wins_less_nor_is_expected_to_cost_more_than_it_bids(
        samples in samples(), mut bids in prop::collection::vec(1_i64..20_000_000, 2..40),
    ) {
        let mut landscapes = told(&samples);
        let view = landscapes.view(NOW.plus(DAY));
        let curve = view.curve(&segment(samples[0].0)).unwrap();
        bids.sort_unstable();
        let mut last = 0.0;
        for bid in bids {
            let (won, cost) = (curve.win(cpm(bid)), curve.expected_price(cpm(bid)));
            prop_assert!((0.0..=1.0 + 1e-9).contains(&won) && won >= last - 1e-12, "{bid}: {won} after {last}");
            prop_assert!(cost >= 0.0 && cost <= bid as f64 * won);
            last = won;
        }
    }

    #[test]
    fn a_shaded_bid_stays_between_floor_and_worth(
        samples in samples(), worth in 1_i64..20_000_000, percent in 0_i64..100, draw in any::<f64>(),
    ) {
        let mut landscapes = told(&samples);
        let view = landscapes.view(NOW.plus(DAY));
        let curve = view.curve(&segment(samples[0].0)).unwrap();
        let (worth, floor) = (cpm(worth), cpm(worth * percent / 100));
        let shaded = curve.shaded(worth, floor);
        prop_assert!((floor..=worth).contains(&shaded), "{shaded}");
        let explored = curve.explored(worth, floor, draw);
        prop_assert!((shaded..=worth).contains(&explored), "{explored}");
    }

    #[test]
    fn no_bid_on_a_fine_grid_gains_more_than_the_shaded_one(samples in samples(), worth in 100_000_i64..6_000_000, floor in 0_i64..400_000) {
        let mut landscapes = told(&samples);
        let view = landscapes.view(NOW.plus(DAY));
        let curve = view.curve(&segment(samples[0].0)).unwrap();
        if curve.weight < super::WEIGHT_MIN {
            return Ok(());
        }
        let gain = |bid: Cpm| (worth - bid.micros()) as f64 * curve.win(bid);
        let floor = cpm(floor.min(worth - 1));
        let best = gain(curve.shaded(cpm(worth), floor));
        for part in 1..=2_000 {
            let bid = cpm(worth * part / 2_000).max(floor);
            // A heap is beaten by a micro, and bids are whole micros.
            prop_assert!(gain(bid) <= best * (1.0 + 1e-9) + 1.0, "{bid}: {} {best}", gain(bid));
        }
    }

    #[test]
    fn forgetting_twice_is_forgetting_once(samples in samples(), first in 0_i64..10, second in 0_i64..10) {
        let mut counts = Counts::around(cpm(1_000_000), NOW);
        for (_, floor, sample, after) in samples {
            counts.add(floor, sample, NOW.plus(Millis::from_raw(after)));
        }
        let (mut twice, mut once) = (counts.clone(), counts);
        let end = NOW.plus(Millis::from_seconds((first + second) * 86_400));
        twice.rescale(NOW.plus(Millis::from_seconds(first * 86_400)));
        twice.rescale(end);
        once.rescale(end);
        let sums = |it: &Counts| [it.exact.to_vec(), it.won.to_vec(), it.lost.to_vec(), vec![it.total]].concat();
        for (a, b) in sums(&twice).into_iter().zip(sums(&once)) {
            prop_assert!((a - b).abs() <= 1e-9 * a.max(b), "{a} {b}");
        }
    }

    #[test]
    fn the_order_of_samples_does_not_matter(samples in samples()) {
        let exact: Vec<_> = samples.into_iter().filter(|it| !matches!(it.2, Sample::Exact(_))).collect();
        let mut counts = [(); 2].map(|()| Counts::around(cpm(1_000_000), NOW));
        for (_, floor, sample, after) in &exact {
            counts[0].add(*floor, *sample, NOW.plus(Millis::from_raw(*after)));
        }
        for (_, floor, sample, after) in exact.iter().rev() {
            counts[1].add(*floor, *sample, NOW.plus(Millis::from_raw(*after)));
        }
        prop_assert!((counts[0].total - counts[1].total).abs() < 1e-6);
        for at in 0..=BINS {
            prop_assert!((counts[0].won[at] - counts[1].won[at]).abs() < 1e-6);
        }
    }

    #[test]
    fn a_window_that_moves_keeps_every_loss_and_every_price(samples in samples(), start in 0_usize..256) {
        let mut counts = Counts::around(cpm(1_000_000), NOW);
        for (_, floor, sample, _) in samples.into_iter().filter(|it| !matches!(it.2, Sample::Won(_))) {
            counts.add(floor, sample, NOW);
        }
        let weigh = |it: &Counts| {
            it.exact.iter().sum::<f64>() + it.lost.iter().sum::<f64>() + it.won.iter().sum::<f64>()
        };
        let before = weigh(&counts);
        counts.move_to(start);
        prop_assert!((weigh(&counts) - before).abs() < 1e-6 && counts.exact[BEYOND] >= 0.0);
    }

    #[test]
    fn bytes_give_back_what_was_learnt(samples in samples(), bids in 0_u64..200) {
        let mut landscapes = told(&samples);
        for bid in 0..bids {
            let arm = super::Arm::of(&BidId::mint(NOW, u128::from(bid)));
            let paid = (bid % 3 > 0).then(|| cpm(1_000 + 17 * bid.cast_signed()));
            landscapes.outcome(ExchangeId::from_raw(bid % 4), Currency::EUR, arm, cpm(5_000), paid);
        }
        let bytes = landscapes.to_bytes();
        let mut back = Landscapes::from_bytes(&bytes).unwrap();
        prop_assert!(back.to_bytes() == bytes);
        prop_assert_eq!(back.arms(), landscapes.arms());
        let (a, b) = (landscapes.view(NOW.plus(DAY)), back.view(NOW.plus(DAY)));
        for number in 0..3 {
            prop_assert_eq!(a.curve(&segment(number)), b.curve(&segment(number)));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..300), flip in any::<(u16, u8)>()) {
        let _ = Landscapes::from_bytes(&bytes);
        // The same behind a right head and checksum, so that the reader behind them is reached.
        let mut sealed = b"ENCANLND\x01\0".to_vec();
        sealed.extend(&bytes);
        let check = blake3::hash(&sealed);
        sealed.extend(&check.as_bytes()[..16]);
        let _ = Landscapes::from_bytes(&sealed);
        let mut good = told(&[(0, Cpm::ZERO, Sample::Exact(cpm(1_000_000)), 0)]).to_bytes();
        let at = usize::from(flip.0) % (good.len() - 16);
        good[at] ^= flip.1;
        let is_whole = flip.1 == 0;
        prop_assert_eq!(Landscapes::from_bytes(&good).is_ok(), is_whole);
        let length = good.len() - 16;
        let check = blake3::hash(&good[..length]);
        good[length..].copy_from_slice(&check.as_bytes()[..16]);
        if let Ok(mut landscapes) = Landscapes::from_bytes(&good) {
            let view = landscapes.view(NOW);
            if let Some(curve) = view.curve(&segment(0)) {
                let _ = curve.shaded(cpm(2_000_000), Cpm::ZERO);
            }
        }
    }
}

#[test]
fn damage_is_named() {
    let good = told(&[(0, Cpm::ZERO, Sample::Exact(cpm(1_000_000)), 0)]).to_bytes();
    let refused = |bytes: &[u8]| Landscapes::from_bytes(bytes).map(|_| ()).unwrap_err();
    assert!(Landscapes::from_bytes(&good).is_ok());
    assert_eq!(refused(b"{}"), DamagedLandscapes::Foreign);
    assert_eq!(refused(&good[..good.len() - 1]), DamagedLandscapes::Checksum);
    let mut newer = good.clone();
    newer[8] = 9;
    assert_eq!(refused(&newer).to_string(), "landscapes have version 9, version 1 can be read");
    let mut body = good[..good.len() - 16].to_vec();
    body.push(0);
    let check = blake3::hash(&body);
    body.extend(&check.as_bytes()[..16]);
    assert!(refused(&body).to_string().ends_with("more bytes than there should be"));
}

#[test]
fn the_first_view_of_a_moment_never_panics_at_the_ends_of_time() {
    let mut landscapes = Landscapes::default();
    for at in [i64::MIN, 0, i64::MAX, -1, i64::MAX] {
        for sample in [Sample::Exact(Cpm::MAX), Sample::Won(Cpm::ZERO), Sample::Lost(Cpm::MAX)] {
            landscapes.learn(&segment(0), Cpm::MAX, sample, UnixMillis::from_raw(at));
            let view = landscapes.view(UnixMillis::from_raw(at));
            if let Some(curve) = view.curve(&segment(0)) {
                assert!((0.0..=1.0).contains(&curve.win(Cpm::MAX)));
                let _ = curve.shaded(Cpm::MAX, Cpm::ZERO);
            }
        }
    }
}

#[test]
fn prices_far_above_our_bids_do_not_draw_the_window_away_from_them() {
    let seed = 11;
    println!("seed {seed}");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut landscapes = Landscapes::default();
    // The first price is the highest of all.
    for at in 0..20_000_i64 {
        let high = at == 0 || random.random_bool(0.8);
        let to_beat = cpm(if high { 50_000_000 } else { random.random_range(100_000..300_000) });
        let bid = cpm(random.random_range(100_000..300_000));
        let sample = if to_beat <= bid { Sample::Exact(to_beat) } else { Sample::lost_to(bid, to_beat) };
        landscapes.learn(&segment(0), Cpm::ZERO, sample, NOW);
    }
    let _ = landscapes.view(NOW);
    let view = landscapes.view(NOW.plus(Millis::from_seconds(700)));
    let curve = view.curve(&segment(0)).unwrap();
    for (bid, chance) in [(150_000, 0.05), (200_000, 0.1), (250_000, 0.15)] {
        let found = curve.win(cpm(bid));
        assert!((found - chance).abs() < 0.02, "{bid}: {found}, not {chance}");
    }
}

#[test]
fn what_a_loss_tells_is_exact_as_far_as_twice_the_bid() {
    assert_eq!(Sample::lost_to(cpm(500), cpm(1_000)), Sample::Exact(cpm(1_000)));
    assert_eq!(Sample::lost_to(cpm(500), cpm(1_001)), Sample::Lost(cpm(1_000)));
    assert_eq!(Sample::lost_to(Cpm::MAX, Cpm::MAX), Sample::Exact(Cpm::MAX));
}
