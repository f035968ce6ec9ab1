//! Pricing a candidate. The whole: its chances by a warm model, its value, goal and pace, the curve of its kind of
//! impression, and `price`, in first- and second-price auctions. And each part alone; the tax terms among them.
//!
//! Times are those of samples of a few microseconds: their least, and their median. On a machine that does other things
//! the least is the time of the work.

#[path = "support/bodies.rs"]
#[expect(dead_code, reason = "what other benches use")]
mod bodies;
#[path = "support/figures.rs"]
mod figures;

use std::hint::black_box;
use std::time::Instant;

use bumpalo::Bump;
use encan::campaign::{Factor, Goal};
use encan::landscape::{Landscapes, Sample, Segment, View};
use encan::learning::{Ad, Calibrator, Delays, Example, Features, Model, Options, Partial, Trainer};
use encan::openrtb::{self, MediaType};
use encan::pacing::Dual;
use encan::pricing::{Auction, Case, Steps, Terms, highest_bid, learned, price, value, worst_case};
use encan::sim::Mix;
use encan::ttf::Bearer;
use encan::units::{
    AdvertiserId, BidId, CampaignId, Cpm, CreativeId, Currency, ExchangeId, FxRate, LineItemId, Millis,
    Multiplier, Nanos, RatePpm,
};

use crate::bodies::{NOW, bodies};
use crate::figures::say;

const SAMPLES: usize = 5_000;
/// Candidates of a sample: as many as a search looks at on one impression.
const CANDIDATES: usize = 64;
const REQUESTS: usize = 32;
const CAMPAIGNS: u64 = 40;
const SEGMENTS: u32 = 64;
const EXAMPLES: usize = 300_000;

/// What the price of one candidate is made of.
struct Candidate {
    partial: Partial,
    features: Features,
    ad: Ad,
    goal: Goal,
    value: Cpm,
    by_goal: Factor,
    dual: Dual,
    terms: Terms,
    segment: Segment,
    floor: Cpm,
    id: BidId,
}

fn main() {
    let arena = Bump::new();
    let bodies = bodies(Mix::small(), REQUESTS);
    let requests: Vec<Features> = bodies
        .iter()
        .map(|body| {
            let request = openrtb::parse(body, &arena).expect("generated bodies are OpenRTB");
            Features::of_request(&request, &request.imp[0], ExchangeId::from_slug("adx"), None, true, NOW)
        })
        .collect();
    let model = model(&requests);
    let landscapes = landscapes();
    let candidates: Vec<Candidate> = (0..)
        .take(REQUESTS * CANDIDATES)
        .map(|number| candidate(number, &model, &requests[number / CANDIDATES]))
        .collect();
    let predicted = candidates.iter().filter(|one| predict(&model, one).is_some()).count();
    let shaded = candidates.iter().filter(|one| landscapes.curve(&one.segment).is_some()).count();
    say(format_args!("price: {} candidates, {predicted} predicted, {shaded} with a curve", candidates.len()));
    measure("highest_bid and worst_case", &candidates, |one| {
        let bid = highest_bid(one.value, &one.terms)?;
        worst_case(bid, &one.terms)
    });
    measure("chances of the model, fields ready", &candidates, |one| predict(&model, one));
    measure("fields of the ad", &candidates, |one| one.features.with_ad(&one.ad));
    measure("multiplier of the budget", &candidates, |one| Factor::from_ratio(one.dual.factor()));
    measure("curve of the segment", &candidates, |one| landscapes.curve(&one.segment));
    for (name, auction) in [("first price", Auction::FirstPrice), ("second price", Auction::SecondPrice)] {
        measure(&format!("price, {name}, without model and curve"), &candidates, |one| {
            priced(one, auction, Factor::ONE, Factor::ONE, &View::default())
        });
        measure(&format!("price, {name}, curve"), &candidates, |one| {
            priced(one, auction, Factor::ONE, Factor::ONE, &landscapes)
        });
        measure(&format!("price, {name}, model, budget and curve: the whole"), &candidates, |one| {
            let pace = Factor::from_ratio(one.dual.factor());
            let learned = predict(&model, one).unwrap_or(Factor::ONE);
            priced(one, auction, learned, pace, &landscapes)
        });
    }
}

/// Prints what `work` takes for one candidate, the same ones over and over, as they are in one search after another.
fn measure<'a, T>(name: &str, candidates: &'a [Candidate], work: impl Fn(&'a Candidate) -> T) {
    let mut nanos: Vec<f64> = (0..SAMPLES)
        .map(|sample| {
            let of_request = &candidates[sample % REQUESTS * CANDIDATES..][..CANDIDATES];
            let start = Instant::now();
            for candidate in of_request {
                black_box(work(black_box(candidate)));
            }
            start.elapsed().as_secs_f64() * 1e9 / CANDIDATES as f64
        })
        .collect();
    nanos.sort_by(f64::total_cmp);
    say(format_args!("price/{name}: least {:.0} ns, median {:.0} ns", nanos[0], nanos[SAMPLES / 2]));
}

/// By how much the model multiplies the value of a candidate.
fn predict(model: &Model, one: &Candidate) -> Option<Factor> {
    let (ctr, cvr) = one.goal.chances()?;
    let chances = model.predict(one.partial, &one.features, one.ad.campaign)?;
    let chances = chances.shrunk(&model.seen_of_line_item(one.ad.line_item), Some(ctr), cvr);
    Some(learned(&one.goal, &chances, (factor(0.1), factor(10.0))))
}

fn priced(one: &Candidate, auction: Auction, learned: Factor, pace: Factor, view: &View) -> Option<Cpm> {
    let case = Case {
        value: learned.of(one.value),
        goal: one.by_goal,
        pace,
        ceiling: None,
        terms: one.terms,
        auction,
        floor: one.floor,
        curve: view.curve(&one.segment),
        shaded_as: (auction == Auction::FirstPrice).then_some(&one.id),
        decimals: 4,
    };
    price(&case, &mut Steps::default()).ok().map(|priced| priced.price)
}

fn candidate(number: usize, model: &Model, of_request: &Features) -> Candidate {
    let random = mixed(number);
    let ad = ad(random);
    let floor = cpm([100_000, 200_000, 400_000][number % 3]);
    let goal =
        Goal::Cpc { target: Nanos::from_raw(300_000_000 + i64::from(random.0) % 900_000_000), ctr: 0.01 };
    Candidate {
        partial: model.request_part(of_request),
        features: of_request.with_ad(&ad),
        ad,
        goal,
        value: value(&goal),
        by_goal: factor([1.0, 0.8, 1.4][number % 3]),
        dual: Dual::at(-f64::from(random.1 % 100) / 50.0),
        terms: terms(number),
        segment: segment(random.1 % SEGMENTS, floor),
        floor,
        id: BidId::mint(NOW, u128::from(random.0) << 32 | u128::from(random.1)),
    }
}

/// Data, rates, bearers and currencies in turn.
fn terms(number: usize) -> Terms {
    let ppm = |ppm| RatePpm::from_ppm(ppm).expect("below one");
    let dollars = FxRate::new(1_038_900_000, 1_000_000_000).expect("neither side is zero");
    Terms {
        data: cpm([0, 0, 400_000][number % 3]),
        space_rate: ppm([0, 100, 1_000, 30_000][number % 4]),
        data_rate: ppm([0, 50, 500][number % 3]),
        fee: ppm([0, 50_000][number % 2]),
        bearer: [Bearer::Absorb, Bearer::OnTop, Bearer::Inside][number % 3],
        fx: [FxRate::SAME, dollars][number % 2],
        multiplier: Multiplier::ONE,
    }
}

fn ad(random: (u32, u32)) -> Ad {
    let (campaign, line_item) = (u64::from(random.0) % CAMPAIGNS, u64::from(random.1) % 8);
    Ad {
        medium: MediaType::Banner,
        size: Some(
            [(300, 250), (728, 90), (320, 50), (970, 250)][usize::try_from(line_item % 4).unwrap_or(0)],
        ),
        deal: None,
        advertiser: AdvertiserId::from_raw(campaign / 3),
        campaign: CampaignId::from_raw(campaign),
        line_item: LineItemId::from_raw(campaign << 8 | line_item),
        creative: CreativeId::from_raw(campaign << 8 | line_item),
    }
}

/// A model of 2^22 places, with a calibration.
fn model(requests: &[Features]) -> Model {
    let mut trainer = Trainer::new(Options::default(), Delays::default());
    let mut calibrator = Calibrator::new(Delays::default());
    for number in 0..EXAMPLES {
        let random = mixed(number);
        let ad = ad(random);
        let example = Example {
            features: requests[number % REQUESTS].with_ad(&ad),
            campaign: ad.campaign,
            line_item: ad.line_item,
            at: NOW,
            observed: NOW.plus(Millis::from_seconds(86_400)),
            clicked: (random.0 % 100 < 1).then_some(Millis::from_seconds(5)),
            converted: None,
            value: Nanos::ZERO,
        };
        if let Some(before) = trainer.learn(&example) {
            calibrator.observe(&example, before);
        }
    }
    trainer.model().with_calibration(calibrator.calibration())
}

/// 64 sizes, of each of which 400 prices are known.
fn landscapes() -> View {
    let mut landscapes = Landscapes::default();
    for number in 0..400 * SEGMENTS {
        let floor = cpm([100_000, 200_000, 400_000][number as usize % 3]);
        let above = i64::from(mixed(number as usize).0 % 3_000_000);
        let sample = Sample::Exact(cpm(floor.micros() + above));
        landscapes.learn(&segment(number / 3 % SEGMENTS, floor), floor, sample, NOW);
    }
    landscapes.view(NOW)
}

fn segment(number: u32, floor: Cpm) -> Segment {
    Segment::of(ExchangeId::from_slug("adx"), Currency::EUR, (300 + number, 250), floor, NOW)
}

fn factor(ratio: f64) -> Factor {
    Factor::from_ratio(ratio)
}

fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros).expect("below the highest price")
}

/// Two numbers that look random, of one (the multiplier of Fibonacci hashing, in halves).
fn mixed(number: usize) -> (u32, u32) {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed >> 33) as u32, ((mixed & 0xffff_ffff) >> 1) as u32)
}
