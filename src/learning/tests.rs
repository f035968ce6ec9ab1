//! Planted truths: worlds whose coefficients are known, and what is learnt of them.

use std::sync::{Arc, LazyLock};

use proptest::prelude::{ProptestConfig, any, proptest};

use crate::learning::value::mix;
use crate::learning::{
    Calibration, Calibrator, Delays, Example, Features, Field, Metrics, Model, ModelFileError, Options,
    Prediction, Rates, Refusal, Score, Trainer, Verdict, judge,
};
use crate::units::{CampaignId, LineItemId, Millis, Nanos, UnixMillis};

const HOUR_MILLIS: i64 = 3_600_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;
/// A Monday.
const BEGIN: UnixMillis = UnixMillis::from_raw(1_794_787_200_000);

/// A seeded source of numbers.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0, 0x5eed)
    }

    /// Evenly from 0 to 1.
    fn part(&mut self) -> f64 {
        f64::from(u32::try_from(self.bits() >> 32).unwrap()) / 4_294_967_296.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    /// Small numbers more often.
    fn skewed(&mut self, end: u64) -> u64 {
        self.below(end).min(self.below(end)).min(self.below(end))
    }
}

/// A coefficient between minus and plus `size`, the same for the same number.
fn planted(number: u64, size: f64) -> f64 {
    (f64::from(u32::try_from(mix(0x7a57, number) >> 32).unwrap()) / 2_147_483_648.0 - 1.0) * size
}

/// An impression with the chances that it truly had.
#[derive(Debug, Clone, Copy)]
struct Truth {
    example: Example,
    chances: Prediction,
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// A delay of the published mixture, cut at the window.
fn delay(random: &mut Random) -> Millis {
    let mean = match random.part() {
        part if part < 0.33 => 900.0,
        part if part < 0.45 => 21_600.0,
        _ => 900_000.0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "a delay is below a year")]
    let seconds = (-(1.0 - random.part()).ln() * mean) as i64;
    if seconds > 30 * 86_400 { delay(random) } else { Millis::from_seconds(seconds) }
}

/// `count` impressions over `days` days from the day `first` on, watched until `until`. About 4 % are clicked, about a
/// quarter of the clicks converts.
fn world(seed: u64, count: usize, first: i64, days: i64, until: UnixMillis) -> Vec<Truth> {
    println!("seed {seed}");
    let mut random = Random(seed << 32);
    (0..count)
        .map(|number| {
            let number = i64::try_from(number).unwrap();
            let at = BEGIN.plus(Millis::from_raw(
                first * DAY_MILLIS + number * days * DAY_MILLIS / i64::try_from(count).unwrap(),
            ));
            truth(&mut random, at, until)
        })
        .collect()
}

fn truth(random: &mut Random, at: UnixMillis, until: UnixMillis) -> Truth {
    let campaign = random.below(6);
    let values = [
        (Field::Outlet, random.skewed(150), 0.9),
        (Field::Hour, u64::try_from(at.raw() / HOUR_MILLIS % 24).unwrap(), 0.3),
        (Field::Device, random.below(3), 0.4),
        (Field::Browser, random.below(6), 0.2),
        (Field::Region, random.skewed(40), 0.3),
        (Field::Size, random.below(4), 0.5),
        (Field::Campaign, campaign, 0.5),
        (Field::LineItem, campaign * 2 + random.below(2), 0.2),
        (Field::Creative, campaign * 3 + random.below(3), 0.4),
    ];
    let mut features = Features::default();
    let (mut click, mut conversion) = (-3.4, -1.2);
    for (field, value, size) in values {
        let number = (field as u64) << 32 | value;
        features.0[field as usize] = u32::try_from(mix(1, number) >> 32).unwrap().max(1);
        click += planted(number, size);
        conversion += planted(number ^ 1 << 60, size);
    }
    click += planted(1 << 50 | values[2].1 << 8 | campaign, 0.4);
    let chances = Prediction { ctr: sigmoid(click), cvr: sigmoid(conversion) };
    let clicked =
        (random.part() < chances.ctr).then(|| Millis::from_raw(i64::try_from(random.below(60_000)).unwrap()));
    let converts = random.part() < chances.cvr;
    let delay = delay(random);
    let example = Example {
        features,
        campaign: CampaignId::from_raw(campaign + 1),
        line_item: LineItemId::from_raw(values[7].1 + 1),
        at,
        observed: until,
        clicked,
        converted: clicked.filter(|_| converts).map(|_| delay),
        value: Nanos::from_raw(5_000_000_000),
    };
    Truth { example, chances }
}

/// Long after everything has come.
fn end_of_time() -> UnixMillis {
    BEGIN.plus(Millis::from_raw(400 * DAY_MILLIS))
}

fn options() -> Options {
    Options { bits: 16, ..Options::default() }
}

fn trained(truths: &[Truth], delays: Delays) -> Trainer {
    let mut trainer = Trainer::new(options(), delays);
    for truth in truths {
        trainer.learn(&truth.example);
    }
    trainer
}

fn predicted(model: &Model, example: &Example) -> Option<Prediction> {
    model.predict(model.request_part(&example.features), &example.features, example.campaign)
}

/// What the model and the truth score on `truths`: of clicks.
fn scores(model: &Model, truths: &[Truth]) -> (Metrics, Metrics) {
    let (mut learnt, mut best) = (Score::default(), Score::default());
    for truth in truths {
        let came = truth.example.is_clicked();
        learnt.observe(predicted(model, &truth.example).expect("every campaign was seen").ctr, came);
        best.observe(truth.chances.ctr, came);
    }
    (learnt.metrics(), best.metrics())
}

#[test]
fn a_planted_truth_is_learnt_nearly_as_well_as_it_can_be() {
    let train = world(1, 120_000, 0, 6, end_of_time());
    let test = world(2, 60_000, 6, 2, end_of_time());
    let model = trained(&train, Delays::immediate()).model();
    let (learnt, best) = scores(&model, &test);
    println!("learnt {learnt:?}\nbest   {best:?}");
    let (learnt_auc, best_auc) = (learnt.auc.unwrap(), best.auc.unwrap());
    let error =
        test.iter().map(|it| (predicted(&model, &it.example).unwrap().ctr / it.chances.ctr).ln().powi(2));
    let error = (error.sum::<f64>() / 60_000.0).sqrt();
    let gain = |metrics: &Metrics| 1.0 - metrics.normalised_entropy().unwrap();
    println!(
        "AUC {learnt_auc:.4} of {best_auc:.4}, information gain {:.4} of {:.4}, calibration {:.3}, error of ln p {error:.3}",
        gain(&learnt),
        gain(&best),
        learnt.calibration().unwrap()
    );
    assert!(best_auc - learnt_auc < 0.02, "{learnt_auc} {best_auc}");
    assert!(gain(&learnt) > 0.75 * gain(&best));
    assert!(error < 0.3, "{error}");
    let (low, high) = learnt.calibration_interval();
    assert!(low < 1.05 && high > 0.95, "{low} {high}");
}

#[test]
fn conversions_are_learnt_as_well_as_clicks() {
    let train = world(3, 120_000, 0, 6, end_of_time());
    let model = trained(&train, Delays::default()).model();
    let test = world(4, 20_000, 6, 2, end_of_time());
    let (mut learnt, mut truth) = (0.0, 0.0);
    let mut squares = 0.0;
    for it in &test {
        let cvr = predicted(&model, &it.example).unwrap().cvr;
        (learnt, truth) = (learnt + cvr, truth + it.chances.cvr);
        squares += (cvr - it.chances.cvr).powi(2);
    }
    let error = (squares / 20_000.0_f64).sqrt();
    println!("mean cvr {:.4}, truly {:.4}, error {error:.4}", learnt / 20_000.0, truth / 20_000.0);
    assert!((learnt / truth - 1.0).abs() < 0.05);
    assert!(error < 0.09, "{error}");
}

#[test]
fn the_same_examples_give_the_same_model_to_the_byte() {
    let train = world(5, 20_000, 0, 1, end_of_time());
    let once = trained(&train, Delays::default()).model().to_bytes();
    let again = trained(&train, Delays::default()).model().to_bytes();
    assert!(once == again);
    assert!(once != trained(&train[1..], Delays::default()).model().to_bytes());
}

/// `truths` with those of each day in an order that is drawn.
fn shuffled(truths: &[Truth], per_day: usize, seed: u64) -> Vec<Truth> {
    let (mut truths, mut random) = (truths.to_vec(), Random(seed));
    for day in truths.chunks_mut(per_day) {
        for place in (1..day.len()).rev() {
            day.swap(place, usize::try_from(random.below(place as u64 + 1)).unwrap());
        }
    }
    truths
}

/// Root mean square of the difference of `ln p` of two models.
fn difference(one: &Model, other: &Model, test: &[Truth]) -> f64 {
    let squares = test.iter().map(|it| {
        let [one, other] = [one, other].map(|model| predicted(model, &it.example).unwrap().ctr);
        (one / other).ln().powi(2)
    });
    (squares.sum::<f64>() / f64::from(u32::try_from(test.len()).unwrap())).sqrt()
}

#[test]
fn the_order_of_examples_in_a_day_barely_matters() {
    let train = world(6, 120_000, 0, 6, end_of_time());
    let test = world(8, 20_000, 6, 1, end_of_time());
    let model = |truths: &[Truth]| trained(truths, Delays::immediate()).model();
    let (one, other) = (model(&train), model(&shuffled(&train, 20_000, 7)));
    let by_chance = difference(&other, &model(&shuffled(&train, 20_000, 8)), &test);
    let by_hours = difference(&one, &other, &test);
    let loss = |model: &Model| scores(model, &test).0.log_loss;
    println!(
        "ln p differs by {by_hours:.4}, of two shuffles by {by_chance:.4}; log loss {:.5} {:.5}",
        loss(&one),
        loss(&other)
    );
    assert!(by_hours < 0.2, "{by_hours}");
    assert!((loss(&one) / loss(&other) - 1.0).abs() < 0.005);
}

#[test]
fn conversions_still_to_come_are_not_learnt_as_refusals() {
    // Of clicks of the last three days half the conversions have not come.
    let now = BEGIN.plus(Millis::from_raw(3 * DAY_MILLIS + 2 * HOUR_MILLIS));
    let train = world(9, 120_000, 0, 3, now);
    let ratio = |delays: Delays| {
        let model = trained(&train, delays).model();
        let sum = |of: &dyn Fn(&Truth) -> f64| train.iter().map(of).sum::<f64>();
        sum(&|it| predicted(&model, &it.example).unwrap().cvr) / sum(&|it| it.chances.cvr)
    };
    let learnt = Delays::of(train.iter().map(|it| &it.example));
    let (naive, corrected) = (ratio(Delays::immediate()), ratio(learnt));
    println!("predicted over true conversions: naive {naive:.3}, corrected {corrected:.3}");
    assert!(naive < 0.65, "{naive}");
    assert!((corrected - 1.0).abs() < 0.1, "{corrected}");
}

#[test]
fn what_may_still_be_clicked_is_not_learnt() {
    let mut trainer = Trainer::new(options(), Delays::default());
    let mut example = world(10, 1, 0, 1, end_of_time())[0].example;
    example.observed = example.at.plus(Millis::from_raw(HOUR_MILLIS - 1));
    assert_eq!(trainer.learn(&example), None);
    assert_eq!(trainer.model().seen_of_campaign(example.campaign).impressions, 0);
    example.observed = example.at.plus(Millis::from_raw(HOUR_MILLIS));
    assert!(trainer.learn(&example).is_some());
    assert_eq!(trainer.model().seen_of_campaign(example.campaign).impressions, 1);
}

#[test]
fn a_campaign_is_spoken_of_from_a_thousand_impressions_on() {
    let train = world(11, 1_001, 0, 1, end_of_time());
    let campaign = CampaignId::from_slug("spring");
    let of = |count: usize| -> Vec<Truth> {
        train[..count].iter().map(|it| Truth { example: Example { campaign, ..it.example }, ..*it }).collect()
    };
    let (few, enough) = (of(999), of(1_000));
    assert_eq!(predicted(&trained(&few, Delays::default()).model(), &few[0].example), None);
    let model = trained(&enough, Delays::default()).model();
    assert!(predicted(&model, &few[0].example).is_some());
    assert_eq!(predicted(&model, &train[0].example), None);
    assert_eq!(predicted(&Model::default(), &few[0].example), None);
}

#[test]
fn passes_more_move_weights_and_count_nothing_twice() {
    let train = world(12, 30_000, 0, 1, end_of_time());
    let mut trainer = trained(&train, Delays::default());
    let once = trainer.model();
    for truth in &train {
        trainer.again(&truth.example);
    }
    let twice = trainer.model();
    let campaign = train[0].example.campaign;
    assert_eq!(once.seen_of_campaign(campaign), twice.seen_of_campaign(campaign));
    let loss = |model: &Model| scores(model, &train).0.log_loss;
    assert!(loss(&twice) < loss(&once));
}

#[test]
fn people_see_the_largest_weights_with_names_and_support() {
    let train = world(13, 60_000, 0, 1, end_of_time());
    let model = trained(&train, Delays::default()).model();
    let weights =
        model.weights(|field, hash| (field == Field::Campaign).then(|| format!("campaign {hash:x}")));
    let size = |it: &super::Weight| it.click.abs().max(it.conversion.abs());
    assert!(weights.is_sorted_by(|a, b| size(a) >= size(b)));
    assert!(weights.iter().any(|it| it.parts.len() == 2), "crosses are listed");
    let campaigns: Vec<_> =
        weights.iter().filter(|it| it.parts[0].field == Field::Campaign && it.parts.len() == 1).collect();
    assert!(!campaigns.is_empty());
    for campaign in campaigns {
        assert!(campaign.parts[0].word.as_ref().unwrap().starts_with("campaign "));
        let seen =
            train.iter().filter(|it| it.example.features.of(Field::Campaign) == campaign.parts[0].hash);
        assert!(campaign.shared || campaign.impressions as usize == seen.count());
    }
    // With 16 places everything collides, and is said to.
    let mut tiny = Trainer::new(Options { bits: 4, ..Options::default() }, Delays::default());
    for truth in &train {
        tiny.learn(&truth.example);
    }
    assert!(tiny.model().weights(|_, _| None).iter().all(|it| it.shared));
}

#[test]
fn a_model_comes_back_from_its_file_as_it_was() {
    let train = world(14, 30_000, 0, 1, end_of_time());
    let trainer = trained(&train, Delays::of(train.iter().map(|it| &it.example)));
    let model = trainer.model();
    let mut calibrator = Calibrator::new(model.delays().clone());
    for it in &train {
        let raw = model.uncalibrated(model.request_part(&it.example.features), &it.example.features);
        calibrator.observe(&it.example, raw);
    }
    let model = model.with_calibration(calibrator.calibration());
    let model = model.with_measured(judge(&model, None, train.iter().map(|it| &it.example)).new);
    let bytes = model.to_bytes();
    println!("{} bytes", bytes.len());
    let back = Model::from_bytes(&bytes).unwrap();
    assert!(back.to_bytes() == bytes);
    assert_eq!(back.measured(), model.measured());
    assert_eq!(back.span(), model.span());
    assert_eq!(back.calibration, model.calibration);
    for it in &train[..1_000] {
        assert_eq!(predicted(&back, &it.example), predicted(&model, &it.example));
    }
    assert_eq!(back.weights(|_, _| None), model.weights(|_, _| None));
    let line_item = train[0].example.line_item;
    assert_eq!(back.seen_of_line_item(line_item), model.seen_of_line_item(line_item));
    assert!(Model::from_bytes(&Model::default().to_bytes()).is_ok());
}

/// A small model's file.
fn file() -> Vec<u8> {
    trained(&world(15, 2_000, 0, 1, end_of_time()), Delays::default()).model().to_bytes()
}

/// `bytes` with the checksum that fits them.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = (bytes.len() - 56) as u64;
    bytes[16..24].copy_from_slice(&length.to_le_bytes());
    let mut hasher = blake3::Hasher::new();
    let hash = *hasher.update(&bytes[..24]).update(&bytes[56..]).finalize().as_bytes();
    bytes[24..56].copy_from_slice(&hash);
    bytes
}

#[test]
fn a_file_of_another_version_or_kind_is_refused_by_name() {
    let bytes = file();
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        Model::from_bytes(&bytes).unwrap_err()
    };
    assert_eq!(with(0, b'E'), ModelFileError::NotAModel);
    assert_eq!(with(8, 9), ModelFileError::Format { found: 9 });
    assert_eq!(with(12, 9), ModelFileError::Features { found: 9 });
    assert_eq!(with(bytes.len() - 1, !bytes[bytes.len() - 1]), ModelFileError::Damaged);
    assert_eq!(Model::from_bytes(b"").unwrap_err(), ModelFileError::NotAModel);
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Model::from_bytes(&longer).unwrap_err(), ModelFileError::Damaged);
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let bytes = file();
    for end in 8..bytes.len() {
        let error = Model::from_bytes(&bytes[..end]).unwrap_err();
        assert!(matches!(error, ModelFileError::Truncated { .. }), "{end}: {error}");
        // With a checksum that fits, too.
        if end >= 56 {
            let error = Model::from_bytes(&sealed(bytes[..end].to_vec())).unwrap_err();
            assert!(matches!(error, ModelFileError::Senseless(_)), "{end}: {error}");
        }
    }
}

#[test]
fn a_weight_that_is_no_number_is_refused_though_the_checksum_holds() {
    let bytes = file();
    for bad in [f32::NAN, f32::INFINITY, 1e9] {
        // A weight of the last entry, and the bias.
        for at in [bytes.len() - 26, 60] {
            let mut bytes = bytes.clone();
            bytes[at..at + 4].copy_from_slice(&bad.to_le_bytes());
            assert!(matches!(Model::from_bytes(&sealed(bytes)).unwrap_err(), ModelFileError::Senseless(_)));
        }
    }
}

#[test]
fn a_list_longer_than_its_file_gets_no_room() {
    let mut bytes = file();
    // The length of the list of delays stands behind bits, biases and span.
    bytes[56 + 12 + 17..56 + 12 + 25].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(Model::from_bytes(&sealed(bytes)).unwrap_err(), ModelFileError::Senseless(_)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Model::from_bytes(&bytes);
        let mut long = file_head();
        long.extend(&bytes);
        let _ = Model::from_bytes(&sealed(long));
    }

    #[test]
    fn a_damaged_file_is_refused_and_one_with_a_forged_checksum_predicts_probabilities(
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6),
    ) {
        let original = SMALL_FILE.clone();
        let mut bytes = original.clone();
        for (at, byte) in &changes {
            let at = usize::from(*at) % bytes.len();
            bytes[at] = *byte;
        }
        if bytes != original {
            assert!(Model::from_bytes(&bytes).is_err());
        }
        bytes[..16].copy_from_slice(&original[..16]);
        if let Ok(model) = Model::from_bytes(&sealed(bytes)) {
            let truth = truth(&mut Random(1), BEGIN, end_of_time());
            let guess = model.guess(&truth.example.features, truth.example.campaign);
            assert!((0.0..=1.0).contains(&guess.ctr) && (0.0..=1.0).contains(&guess.cvr), "{guess:?}");
        }
    }
}

fn file_head() -> Vec<u8> {
    Model::default().to_bytes()[..56].to_vec()
}

static SMALL_FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut trainer = Trainer::new(Options { bits: 6, ..Options::default() }, Delays::default());
    for truth in world(16, 50, 0, 1, end_of_time()) {
        trainer.learn(&truth.example);
    }
    trainer.model().to_bytes()
});

/// A model trained on 60,000 impressions, and 30,000 of the days after.
fn contestants() -> (Vec<Truth>, Model, Vec<Truth>) {
    let train = world(17, 60_000, 0, 3, end_of_time());
    let model = trained(&train, Delays::immediate()).model();
    (train, model, world(18, 30_000, 3, 1, end_of_time()))
}

fn verdict(new: &Model, old: Option<&Model>, held_out: &[Truth]) -> Verdict {
    let judgement = judge(new, old, held_out.iter().map(|it| &it.example));
    println!("{judgement:?}");
    judgement.verdict
}

#[test]
fn a_good_model_takes_over_and_a_worse_one_does_not() {
    let (train, model, held_out) = contestants();
    let early = trained(&train[..3_000], Delays::immediate()).model();
    assert_eq!(verdict(&model, None, &held_out), Verdict::Accept);
    assert_eq!(verdict(&model, Some(&early), &held_out), Verdict::Accept);
    assert_eq!(verdict(&model, Some(&model), &held_out), Verdict::Accept);
    let refused = verdict(&early, Some(&model), &held_out);
    assert!(matches!(refused, Verdict::Refuse(Refusal::Worse { .. } | Refusal::Miscalibrated { .. })));
}

#[test]
fn a_broken_model_is_refused() {
    let (_, model, held_out) = contestants();
    let mut broken = model.clone();
    Arc::make_mut(&mut broken.learnt).bias[0] = f32::NAN;
    assert!(matches!(verdict(&broken, Some(&model), &held_out), Verdict::Refuse(Refusal::Broken(_))));
    let wild = Options { clicks: Rates { alpha: f64::NAN, ..options().clicks }, ..options() };
    let mut trainer = Trainer::new(wild, Delays::default());
    for it in &held_out {
        trainer.learn(&it.example);
    }
    assert!(matches!(verdict(&trainer.model(), None, &held_out), Verdict::Refuse(Refusal::Broken(_))));
}

#[test]
fn a_model_that_predicts_half_too_much_is_refused() {
    let (_, model, held_out) = contestants();
    let mut high = model.clone();
    Arc::make_mut(&mut high.learnt).bias[0] += 1.5_f32.ln();
    let refused = verdict(&high, None, &held_out);
    assert!(matches!(refused, Verdict::Refuse(Refusal::Miscalibrated { what: "clicks", .. })));
}

#[test]
fn held_out_days_of_few_clicks_decide_nothing() {
    let (_, model, held_out) = contestants();
    assert!(matches!(
        verdict(&model, None, &held_out[..900]),
        Verdict::Refuse(Refusal::TooFew { examples: 900, .. })
    ));
    let quiet: Vec<Truth> = held_out.iter().filter(|it| !it.example.is_clicked()).copied().collect();
    assert!(matches!(verdict(&model, None, &quiet), Verdict::Refuse(Refusal::TooFew { clicks: 0, .. })));
}

/// The score of `curve` over `truths` predicted with `factor`, of one campaign or of all.
fn score(truths: &[Truth], factor: impl Fn(CampaignId) -> f64, curve: &Calibration) -> Metrics {
    let mut score = Score::default();
    for it in truths {
        let raw = Prediction { ctr: it.chances.ctr * factor(it.example.campaign), ..it.chances };
        score.observe(curve.apply(it.example.campaign, raw).ctr, it.example.is_clicked());
    }
    score.metrics()
}

fn calibration(truths: &[Truth], factor: impl Fn(CampaignId) -> f64) -> Calibration {
    let mut calibrator = Calibrator::new(Delays::immediate());
    for it in truths {
        let raw = Prediction { ctr: it.chances.ctr * factor(it.example.campaign), ..it.chances };
        calibrator.observe(&it.example, raw);
    }
    calibrator.calibration()
}

#[test]
fn a_model_that_predicts_too_much_is_corrected_to_within_its_interval() {
    let (fit, check) = (world(19, 100_000, 0, 1, end_of_time()), world(20, 100_000, 1, 1, end_of_time()));
    let high = |_| 1.156;
    let curve = calibration(&fit, high);
    let (before, after) = (score(&check, high, &Calibration::default()), score(&check, high, &curve));
    println!("before {:?}, after {:?}", before.calibration(), after.calibration());
    assert!(before.calibration_interval().0 > 1.0);
    let (low, high) = after.calibration_interval();
    assert!(low < 1.0 && high > 1.0, "{low} {high}");
    assert!(after.log_loss < before.log_loss);
    assert!(after.auc.unwrap() > before.auc.unwrap() - 0.002, "the order is kept");
}

#[test]
fn each_campaign_is_corrected_by_its_own_clicks() {
    let (fit, check) = (world(21, 120_000, 0, 1, end_of_time()), world(22, 120_000, 1, 1, end_of_time()));
    let factor = |campaign: CampaignId| if campaign.raw().is_multiple_of(2) { 1.3 } else { 0.8 };
    let curve = calibration(&fit, factor);
    for number in 1..=6 {
        let campaign = CampaignId::from_raw(number);
        let own: Vec<Truth> = check.iter().filter(|it| it.example.campaign == campaign).copied().collect();
        let after = score(&own, factor, &curve);
        println!(
            "{number}: {:?} {:?}",
            score(&own, factor, &Calibration::default()).calibration(),
            after.calibration()
        );
        assert!(curve.has_own_clicks(campaign));
        assert!((after.calibration().unwrap() - 1.0).abs() < 0.12);
    }
}

#[test]
fn a_campaign_with_few_clicks_borrows_and_without_any_nothing_changes() {
    let fit = world(23, 100_000, 0, 1, end_of_time());
    let young = CampaignId::from_slug("young");
    let raw = Prediction { ctr: 0.05, cvr: 0.2 };
    assert_eq!(calibration(&fit[..100], |_| 2.0).apply(young, raw), raw);
    let curve = calibration(&fit, |_| 2.0);
    assert!(!curve.has_own_clicks(young));
    let borrowed = curve.apply(young, raw).ctr;
    assert!((borrowed - 0.025).abs() < 0.003, "{borrowed}");
}

#[test]
fn corrections_never_turn_an_order_round() {
    let fit = world(24, 60_000, 0, 1, end_of_time());
    // Predictions that say little of the truth.
    let curve = calibration(&fit, |campaign| 0.3 * f64::from(u32::try_from(campaign.raw()).unwrap()));
    for campaign in [1, 2, 6, 99].map(CampaignId::from_raw) {
        let corrected = (0..=2_000).map(|step| {
            let ctr = f64::from(step) / 2_000.0;
            curve.apply(campaign, Prediction { ctr, cvr: ctr })
        });
        let corrected: Vec<_> = corrected.collect();
        assert!(corrected.is_sorted_by(|a, b| a.ctr <= b.ctr && a.cvr <= b.cvr));
        assert!(corrected.iter().all(|it| (0.0..=1.0).contains(&it.ctr)));
    }
}

#[test]
fn young_clicks_do_not_pull_a_calibration_down() {
    let now = BEGIN.plus(Millis::from_raw(3 * DAY_MILLIS + 2 * HOUR_MILLIS));
    let fit = world(25, 120_000, 0, 3, now);
    let corrected = |delays: Delays| {
        let mut calibrator = Calibrator::new(delays);
        fit.iter().for_each(|it| calibrator.observe(&it.example, it.chances));
        let curve = calibrator.calibration();
        let sum = |of: &dyn Fn(&Truth) -> f64| fit.iter().map(of).sum::<f64>();
        sum(&|it| curve.apply(it.example.campaign, it.chances).cvr) / sum(&|it| it.chances.cvr)
    };
    let (naive, aware) = (corrected(Delays::immediate()), corrected(Delays::default()));
    println!("naive {naive:.3}, aware of delays {aware:.3}");
    assert!(naive < 0.7);
    assert!((aware - 1.0).abs() < 0.06);
}

#[test]
fn what_fades_counts_less() {
    let fit = world(26, 60_000, 0, 1, end_of_time());
    let mut calibrator = Calibrator::new(Delays::immediate());
    fit.iter().for_each(|it| {
        calibrator.observe(&it.example, Prediction { ctr: it.chances.ctr * 2.0, ..it.chances });
    });
    let raw = Prediction { ctr: 0.08, cvr: 0.2 };
    let full = calibrator.calibration().apply(CampaignId::from_raw(1), raw).ctr;
    calibrator.fade(0.1);
    let faded = calibrator.calibration().apply(CampaignId::from_raw(1), raw).ctr;
    calibrator.fade(0.0);
    assert!(full < faded && faded < raw.ctr, "{full} {faded}");
    assert_eq!(calibrator.calibration().apply(CampaignId::from_raw(1), raw), raw);
}

#[test]
fn a_line_item_that_brought_nothing_yet_is_worth_what_its_file_expects() {
    let model = Prediction { ctr: 0.004, cvr: 0.2 };
    let seen = |impressions, clicks| super::Seen { impressions, clicks, ..super::Seen::default() };
    assert_eq!(model.shrunk(&seen(0, 0), Some(0.001), Some(0.1)), Prediction { ctr: 0.001, cvr: 0.1 });
    // Ten clicks are expected of 10,000 impressions, ten conversions of 100 clicks: halfway.
    let halfway = model.shrunk(&seen(10_000, 100), Some(0.001), Some(0.1));
    assert!((halfway.ctr - 0.0025).abs() < 1e-12 && (halfway.cvr - 0.15).abs() < 1e-12, "{halfway:?}");
    for untold in [None, Some(0.0), Some(-1.0), Some(2.0), Some(f64::NAN)] {
        assert_eq!(model.shrunk(&seen(0, 0), untold, untold), model);
    }
}
