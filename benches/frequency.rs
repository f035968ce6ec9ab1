//! Frequency caps of one candidate: eight caps at four levels, over what a person saw.

#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;

use encan::campaign::{CountBy, FrequencyCap};
use encan::frequency::{Exposure, Exposures, Level, Seen, first_exceeded};
use encan::units::{AdvertiserId, BidId, CampaignId, CreativeId, LineItemId, Millis, UnixMillis};

use crate::measure::criterion;

const NOW: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);
const HOUR: i64 = 3_600_000;

fn main() {
    // Two windows a level, none of them reached: all that is remembered within a week is looked at.
    let caps = |hourly, weekly| [cap(hourly, HOUR), cap(weekly, 7 * 24 * HOUR)];
    let (creative, line_item, campaign, advertiser) =
        (caps(20, 60), caps(20, 60), caps(30, 64), caps(30, 64));
    let levels: [(Level, &[FrequencyCap]); 4] = [
        (Level::Creative(CreativeId::from_raw(0)), &creative),
        (Level::LineItem(LineItemId::from_raw(0)), &line_item),
        (Level::Campaign(CampaignId::from_raw(0)), &campaign),
        (Level::Advertiser(AdvertiserId::from_raw(0)), &advertiser),
    ];
    let mut criterion = criterion();
    for count in [0, 4, 64, 256] {
        let shown = shown(count);
        let seen = Seen { user: Some(&shown), household: None };
        assert_eq!(first_exceeded(&levels, seen, &[], NOW), None, "none of the caps is reached");
        criterion.bench_function(&format!("frequency/8 caps over {count} exposures"), |bencher| {
            bencher.iter(|| first_exceeded(black_box(&levels), black_box(seen), &[], NOW));
        });
    }
    criterion.final_summary();
}

fn cap(impressions: u32, per: i64) -> FrequencyCap {
    FrequencyCap { by: CountBy::User, impressions, per: Millis::from_raw(per), include_unknown: false }
}

/// `count` exposures of the last week, every eighth of which the candidate's caps count at some level.
fn shown(count: i64) -> Exposures {
    let mut exposures = Exposures::new();
    for number in 0..count {
        let raw = u64::try_from(number).expect("a count");
        let at = UnixMillis::from_raw(NOW.raw() - number * 7 * 24 * HOUR / count.max(1));
        exposures.record(Exposure {
            bid: BidId::mint(at, u128::from(raw)),
            creative: CreativeId::from_raw(raw % 32),
            line_item: LineItemId::from_raw(raw % 24),
            campaign: CampaignId::from_raw(raw % 16),
            advertiser: AdvertiserId::from_raw(raw % 8),
        });
    }
    exposures
}
