//! What is learnt of real auctions. The rows stay outside the project: `ENCAN_SHARED` names the folder that holds
//! `data/log_2259.csv.gz` and `data/auctions_2997_train.csv.gz` (of the iPinYou logs, Zhang et al., arXiv:1407.7073).

#![expect(clippy::print_stdout, reason = "figures are what it is run for")]
#![expect(clippy::unwrap_used, reason = "the rows are sound, or the test ends")]

use std::fs::File;
use std::path::PathBuf;

use bumpalo::Bump;
use encan::learning::{
    Ad, Calibration, Calibrator, Delays, Example, Features, Metrics, Options, Prediction, Refusal, Score,
    Trainer, Verdict, judge,
};
use encan::openrtb::{self, MediaType};
use encan::units::{
    AdvertiserId, CampaignId, CreativeId, Day, ExchangeId, LineItemId, Millis, Nanos, UnixMillis,
};
use flate2::read::GzDecoder;
use serde_json::json;

const DAY_MILLIS: i64 = 86_400_000;

/// The rows of a file of the shared folder, without their head; `None` if that is not there.
fn rows(name: &str) -> Option<Vec<csv::StringRecord>> {
    let Some(shared) = std::env::var_os("ENCAN_SHARED").map(PathBuf::from) else {
        println!("SKIPPED: ENCAN_SHARED is not set, so that {name} was not read");
        return None;
    };
    let path = shared.join("data").join(name);
    let Ok(file) = File::open(&path) else {
        println!("SKIPPED: there is no {}", path.display());
        return None;
    };
    Some(csv::Reader::from_reader(GzDecoder::new(file)).records().map(|row| row.unwrap()).collect())
}

/// `20131022135101295` in China, eight hours before UTC.
fn instant(text: &str) -> UnixMillis {
    let part = |from: usize, to: usize| text[from..to].parse::<i32>().unwrap();
    let day = i64::from(Day::from_civil(part(0, 4), part(4, 6), part(6, 8)).raw());
    let seconds = i64::from((part(8, 10) * 60 + part(10, 12)) * 60 + part(12, 14)) - 8 * 3_600;
    UnixMillis::from_raw(day * DAY_MILLIS + seconds * 1_000 + i64::from(part(14, 17)))
}

/// A row of the log, by way of the bid request that it was.
fn example(row: &csv::StringRecord) -> Example {
    let at = instant(&row[3]);
    let (width, height): (u32, u32) = (row[8].parse().unwrap(), row[9].parse().unwrap());
    let body = json!({
        "id": "1",
        "imp": [{"id": "1", "tagid": &row[10], "banner": {"w": width, "h": height}}],
        "site": {"domain": &row[7]},
        "device": {"geo": {"country": "CHN", "region": &row[4], "city": &row[5], "utcoffset": 480}},
    });
    let (body, arena) = (body.to_string(), Bump::new());
    let request = openrtb::parse(body.as_bytes(), &arena).unwrap();
    let exchange = ExchangeId::from_slug(&row[6]);
    let (campaign, line_item) = (CampaignId::from_slug("2259"), LineItemId::from_slug("2259/all"));
    let ad = Ad {
        medium: MediaType::Banner,
        size: Some((width, height)),
        deal: None,
        advertiser: AdvertiserId::from_slug("2259"),
        campaign,
        line_item,
        creative: CreativeId::from_slug(&row[12]),
    };
    let known = !row[15].is_empty();
    Example {
        features: Features::of_request(&request, &request.imp[0], exchange, None, known, at).with_ad(&ad),
        campaign,
        line_item,
        at,
        observed: at.plus(Millis::from_raw(40 * DAY_MILLIS)),
        clicked: (&row[1] == "1").then(|| Millis::from_seconds(1)),
        converted: None,
        value: Nanos::ZERO,
    }
}

fn say(name: &str, metrics: &Metrics) {
    let (low, high) = metrics.calibration_interval();
    println!(
        "{name}: {} examples, {} clicks of {:.2} predicted ({:?}, {low:.3} to {high:.3}), log loss {:.6}, normalised entropy {:?}, AUC {:?}",
        metrics.examples,
        metrics.outcomes,
        metrics.expected,
        metrics.calibration(),
        metrics.log_loss,
        metrics.normalised_entropy(),
        metrics.auc,
    );
}

#[test]
fn of_a_log_with_five_clicks_no_model_is_made_that_bids() {
    let Some(rows) = rows("log_2259.csv.gz") else { return };
    let mut train: Vec<Example> = rows.iter().filter(|row| &row[0] == "train").map(example).collect();
    let test: Vec<Example> = rows.iter().filter(|row| &row[0] == "test").map(example).collect();
    train.sort_by_key(|example| example.at);
    let mut trainer = Trainer::new(Options::default(), Delays::default());
    let mut progress = Score::default();
    for example in &train {
        let before = trainer.learn(example).expect("a log is ripe");
        progress.observe(before.ctr, example.is_clicked());
    }
    let model = trainer.model();
    let judgement = judge(&model, None, &test);
    let (clicks, count) = (train.iter().filter(|it| it.is_clicked()).count(), train.len());
    let mut constant = Score::default();
    for example in &test {
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        constant.observe(clicks as f64 / count as f64, example.is_clicked());
    }
    println!("train: {count} impressions, {clicks} clicks");
    say("each before it was learnt", &progress.metrics());
    say("held out", &judgement.new.clicks);
    say("held out, by the mean of train", &constant.metrics());
    println!("{} weights; {:?}", model.weights(|_, _| None).len(), judgement.verdict);
    // There is nothing to rank by: none of the held-out impressions was clicked.
    assert_eq!(judgement.new.clicks.outcomes, 0);
    assert!(matches!(judgement.verdict, Verdict::Refuse(Refusal::TooFew { clicks: 0, .. })));
    // What was predicted is possible all the same: not even one click in a thousand, and in the interval.
    assert_eq!(judgement.new.clicks.broken, 0);
    assert!(judgement.new.clicks.calibration_interval().0 < 1.25);
}

#[test]
fn a_published_model_corrected_by_a_few_clicks_stays_within_its_interval() {
    let Some(rows) = rows("auctions_2997_train.csv.gz") else { return };
    let campaign = CampaignId::from_slug("2997");
    let predicted = |row: &csv::StringRecord| Prediction { ctr: row[3].parse().unwrap(), cvr: 0.0 };
    let (fit, check) = rows.split_at(rows.len() / 2);
    let mut calibrator = Calibrator::new(Delays::default());
    for row in fit {
        let example = Example {
            features: Features::default(),
            campaign,
            line_item: LineItemId::from_slug("2997/all"),
            at: UnixMillis::from_raw(0),
            observed: UnixMillis::from_raw(DAY_MILLIS),
            clicked: (&row[1] == "1").then(Millis::default),
            converted: None,
            value: Nanos::ZERO,
        };
        calibrator.observe(&example, predicted(row));
    }
    let score = |rows: &[csv::StringRecord], calibration: &Calibration| {
        let mut score = Score::default();
        for row in rows {
            score.observe(calibration.apply(campaign, predicted(row)).ctr, &row[1] == "1");
        }
        score.metrics()
    };
    let (raw, corrected) = (Calibration::default(), calibrator.calibration());
    say("first half, as published", &score(fit, &raw));
    say("first half, corrected by itself", &score(fit, &corrected));
    let (before, after) = (score(check, &raw), score(check, &corrected));
    say("second half, as published", &before);
    say("second half, corrected by the first", &after);
    // Some 60 clicks say little: the published predictions are within the second half's interval, too.
    let (low, high) = after.calibration_interval();
    assert!(low < 1.0 && high > 1.0, "{low} {high}");
}
