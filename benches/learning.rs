//! What a prediction costs: the fields of a request, its part of the sum, one candidate more; and learning one example.

#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;

use bumpalo::Bump;
use criterion::Criterion;
use encan::learning::{Ad, Calibrator, Delays, Example, Features, Field, Model, Options, Partial, Trainer};
use encan::openrtb::{self, MediaType};
use encan::sim::Mix;
use encan::units::{AdvertiserId, CampaignId, CreativeId, ExchangeId, LineItemId, Millis, Nanos, UnixMillis};

use crate::bodies::{bodies, mean_bytes};
use crate::figures::say;
use crate::measure::criterion;

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);
const REQUESTS: usize = 512;
const CAMPAIGNS: u64 = 300;
const LINE_ITEMS: u64 = 2_000;
const EXAMPLES: u64 = 600_000;
/// Candidates that a search looks at for one impression.
const CANDIDATES: usize = 64;

fn main() {
    let mut criterion = criterion();
    let bodies = bodies(Mix::small(), REQUESTS);
    say(format_args!("learning: requests have {} bytes in the mean", mean_bytes(&bodies)));
    let arena = Bump::new();
    let requests: Vec<_> = bodies
        .iter()
        .map(|body| openrtb::parse(body, &arena).expect("generated bodies are OpenRTB"))
        .collect();
    let exchange = ExchangeId::from_slug("adx");
    let requests: Vec<_> = requests.iter().filter_map(|it| it.imp.first().map(|imp| (it, imp))).collect();
    let features: Vec<Features> = requests
        .iter()
        .map(|(request, imp)| Features::of_request(request, imp, exchange, None, true, NOW))
        .collect();
    let ads: Vec<Ad> = (0..LINE_ITEMS).map(ad).collect();
    let mut turns = requests.iter().cycle();
    criterion.bench_function("learning/fields of a request", |bencher| {
        bencher.iter(|| {
            let (request, imp) = turns.next().expect("a cycle has no end");
            Features::of_request(black_box(request), imp, exchange, None, true, NOW)
        });
    });
    let (mut trainer, model) = trained(&features, &ads);
    predict(&mut criterion, &model, &features, &ads);
    let mut number = EXAMPLES;
    criterion.bench_function("learning/learn an example", |bencher| {
        bencher.iter(|| {
            number += 1;
            trainer.learn(&example(number, &features, &ads))
        });
    });
    criterion.final_summary();
}

fn predict(criterion: &mut Criterion, model: &Model, features: &[Features], ads: &[Ad]) {
    let mut turns = features.iter().cycle();
    criterion.bench_function("learning/part of a request", |bencher| {
        bencher.iter(|| model.request_part(black_box(turns.next().expect("a cycle has no end"))));
    });
    // The candidates of one request after another: what its search looks at, each with its ad.
    let candidates: Vec<(Partial, Features, CampaignId)> = (0..features.len() * CANDIDATES)
        .map(|number| {
            let (of_request, ad) = (&features[number / CANDIDATES], &ads[number * 7 % (4 * CANDIDATES)]);
            (model.request_part(of_request), of_request.with_ad(ad), ad.campaign)
        })
        .collect();
    let told = candidates.iter().filter(|(part, all, of)| model.predict(*part, all, *of).is_some()).count();
    say(format_args!("learning: {told} of {} candidates have a prediction", candidates.len()));
    let mut turns = candidates.iter().cycle();
    criterion.bench_function("learning/one candidate more, its fields ready", |bencher| {
        bencher.iter(|| {
            let (partial, features, campaign) = turns.next().expect("a cycle has no end");
            model.predict(*partial, black_box(features), *campaign)
        });
    });
    let mut number = 0;
    criterion.bench_function("learning/one candidate more, with the fields of its ad", |bencher| {
        bencher.iter(|| {
            number = (number + 1) % candidates.len();
            let (partial, of_request, campaign) = &candidates[number];
            let ad = &ads[number * 7 % (4 * CANDIDATES)];
            model.predict(*partial, &of_request.with_ad(black_box(ad)), *campaign)
        });
    });
}

fn ad(number: u64) -> Ad {
    let campaign = number % CAMPAIGNS;
    Ad {
        medium: MediaType::Banner,
        size: Some([(300, 250), (728, 90), (320, 50), (970, 250)][usize::try_from(number % 4).unwrap_or(0)]),
        deal: None,
        advertiser: AdvertiserId::from_slug(&format!("advertiser {}", campaign / 3)),
        campaign: CampaignId::from_slug(&format!("campaign {campaign}")),
        line_item: LineItemId::from_slug(&format!("campaign {campaign}/line {number}")),
        creative: CreativeId::from_slug(&format!("campaign {campaign}/creative {number}")),
    }
}

/// A model of 2^22 weights, many of them in use, with a calibration.
fn trained(features: &[Features], ads: &[Ad]) -> (Trainer, Model) {
    let mut trainer = Trainer::new(Options::default(), Delays::default());
    let mut calibrator = Calibrator::new(Delays::default());
    for number in 0..EXAMPLES {
        let example = example(number, features, ads);
        if let Some(before) = trainer.learn(&example) {
            calibrator.observe(&example, before);
        }
    }
    let model = trainer.model().with_calibration(calibrator.calibration());
    let bytes = model.to_bytes().len();
    say(format_args!("learning: {} weights, {bytes} bytes as a file", model.weights(|_, _| None).len()));
    (trainer, model)
}

/// One of a hundred is clicked. Every fourth is of an outlet that generated bodies do not have, so that there are many.
fn example(number: u64, features: &[Features], ads: &[Ad]) -> Example {
    let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let place = |length: usize, bits: u64| usize::try_from(bits % length as u64).unwrap_or(0);
    let ad = &ads[place(ads.len(), random)];
    let mut features = features[place(features.len(), random >> 11)].with_ad(ad);
    if random.is_multiple_of(4) {
        features.0[Field::Outlet as usize] = u32::try_from(random >> 13 & 0xffff_ffff).unwrap_or(1);
    }
    Example {
        features,
        campaign: ad.campaign,
        line_item: ad.line_item,
        at: NOW,
        observed: NOW.plus(Millis::from_seconds(86_400)),
        clicked: (random % 100 < 1).then_some(Millis::from_seconds(5)),
        converted: (random % 500 < 1).then_some(Millis::from_seconds(500)),
        value: Nanos::ZERO,
    }
}
