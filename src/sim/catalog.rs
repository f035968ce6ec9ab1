//! Catalogs of any size from a seed: lifelike line items for benches and simulated days.
//!
//! Made for the world of [`Traffic`](crate::sim::Traffic): the same places, sites, apps, categories and
//! segments, so that about one line item in a hundred matches a request. Deliberately absent: files; the
//! catalog is built as the campaign room would hand it over.

use std::fmt::Write;

use jiff::tz::TimeZone;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::campaign::{
    Advertiser, AgreedDeal, Attribution, Budget, Campaign, Catalog, ConversionType, Costs, CountBy, Flight,
    FormatKind, FrequencyCap, Goal, Learning, Limits, LineItem, Pacing, Status, TaxPlan, Transparency,
};
use crate::sim::creatives::{SIZES, creative};
use crate::sim::rules::rule;
use crate::ttf::Bearer;
use crate::units::{
    AdvertiserId, CampaignId, Country, Cpm, Currency, LineItemId, Millis, Nanos, RatePpm, ScenarioId,
    UnixMillis,
};

/// A catalog of exactly `line_items` line items, in campaigns of one to about twenty.
///
/// Nine campaigns in ten may always bid; the others are paused or their flight ended in 2020.
#[must_use]
pub fn catalog(seed: u64, line_items: usize) -> Catalog {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let paris = TimeZone::get("Europe/Paris").expect("the time zones are compiled in");
    let mut catalog = Catalog::default();
    while catalog.line_items.len() < line_items {
        if catalog.advertisers.is_empty() || rng.random_bool(0.2) {
            let number = catalog.advertisers.len();
            catalog.advertisers.push(advertiser(number, &mut rng));
        }
        let campaign = campaign(&catalog, &paris, &mut rng);
        catalog.campaigns.push(campaign);
        add_creatives(&mut catalog, &mut rng);
        let count = rng.random_range(1..=20).min(line_items - catalog.line_items.len());
        for number in 0..count {
            let line_item = line_item(&catalog, number, &mut rng);
            catalog.line_items.push(line_item);
        }
    }
    catalog
}

/// Advertisers are numbered with leading zeros, so that they stand in the order of their slugs.
fn advertiser(number: usize, rng: &mut Xoshiro256PlusPlus) -> Advertiser {
    let slug = format!("advertiser-{number:06}");
    let name = format!("Annonceur {number}");
    Advertiser {
        id: AdvertiserId::from_slug(&slug),
        transparency: Transparency::of(&name),
        frequency: Vec::new(),
        name,
        domain: format!("{slug}.example"),
        country: rng.random_bool(0.95).then_some(Country::FR),
        slug,
    }
}

/// A hard budget of money.
fn money(daily: Option<Nanos>, total: Option<Nanos>) -> Budget {
    Budget { money: Limits { hourly: None, daily, total }, ..Budget::default() }
}

fn campaign(catalog: &Catalog, zone: &TimeZone, rng: &mut Xoshiro256PlusPlus) -> Campaign {
    let number = catalog.campaigns.len();
    let slug = format!("campaign-{number:06}");
    let daily = heavy_tailed(rng, 20, 5_000);
    let windows = Attribution {
        click_window: Millis::from_seconds(30 * 86_400),
        view_window: Millis::from_seconds(86_400),
    };
    let mut campaign = Campaign {
        id: CampaignId::from_slug(&slug),
        name: format!("Campagne {number}"),
        advertiser: catalog.advertisers.len() - 1,
        status: if rng.random_bool(0.05) { Status::Paused } else { Status::Active },
        currency: if rng.random_bool(0.85) { Currency::EUR } else { Currency::USD },
        zone: zone.clone(),
        zone_name: "Europe/Paris".to_owned(),
        flight: flight(rng),
        budget: money(
            Some(daily),
            rng.random_bool(0.7).then(|| Nanos::from_raw(daily.raw().saturating_mul(30))),
        ),
        pacing: pacing(rng),
        pooled: rng.random_bool(0.1),
        learning: Learning::default(),
        holdout: None,
        costs: Costs {
            platform_fee: RatePpm::from_ppm(50_000).expect("below one"),
            fixed: heavy_tailed(rng, 10, 2_000),
        },
        tax: TaxPlan {
            scenario: ScenarioId::from_slug("none"),
            scenario_slug: "none".to_owned(),
            bearer: Bearer::OnTop,
        },
        frequency: caps(rng, 0.4, 20),
        attribution: windows,
        conversions: vec![ConversionType::new(
            "purchase",
            heavy_tailed(rng, 20, 200),
            Currency::EUR,
            windows,
        )],
        codes: Vec::new(),
        slug,
    };
    for kind in &mut campaign.conversions {
        kind.currency = campaign.currency;
    }
    campaign
}

/// Adds the creatives of the last campaign: one medium, or banners and another.
fn add_creatives(catalog: &mut Catalog, rng: &mut Xoshiro256PlusPlus) {
    let owner = catalog.campaigns.len() - 1;
    let campaign = &catalog.campaigns[owner];
    let domain = &catalog.advertisers[campaign.advertiser].domain;
    let mut formats = Vec::new();
    if rng.random_bool(0.7) {
        let count = rng.random_range(2..=SIZES.len());
        formats.extend((0..count).map(|at| (FormatKind::Banner, at)));
    }
    let other =
        [FormatKind::Video, FormatKind::Video, FormatKind::Native, FormatKind::Native, FormatKind::Audio];
    if formats.is_empty() || rng.random_bool(0.4) {
        let format = other[rng.random_range(0..other.len())];
        formats.extend((0..2).map(|at| (format, at)));
    }
    for (format, at) in formats {
        catalog.creatives.push(creative(owner, &campaign.slug, domain, (format, at), rng));
    }
}

/// A line item of the last campaign.
fn line_item(catalog: &Catalog, number: usize, rng: &mut Xoshiro256PlusPlus) -> LineItem {
    let owner = catalog.campaigns.len() - 1;
    let campaign = &catalog.campaigns[owner];
    let slug = format!("line-{number:02}");
    let mut path = String::new();
    write!(path, "{}/{slug}", campaign.slug).expect("a string takes all");
    let creatives = catalog.creatives.iter().enumerate().rev();
    let creatives = creatives.take_while(|(_, creative)| creative.campaign == owner).map(|(at, _)| at);
    let deals = if rng.random_bool(0.03) {
        vec![AgreedDeal::new(["deal-1", "deal-2", "deal-3"][rng.random_range(0..3)])]
    } else {
        Vec::new()
    };
    LineItem {
        id: LineItemId::from_slug(&path),
        name: format!("Ligne {number}"),
        slug,
        campaign: owner,
        status: if rng.random_bool(0.04) { Status::Paused } else { Status::Active },
        flight: campaign.flight,
        budget: money(rng.random_bool(0.5).then(|| heavy_tailed(rng, 5, 1_000)), None),
        pacing: campaign.pacing.clone(),
        goal: goal(rng),
        goal_window: Millis::from_seconds([1, 7, 7, 7, 30][rng.random_range(0..5)] * 86_400),
        vouched: true,
        targeting: rule(rng),
        modifiers: Vec::new(),
        frequency: caps(rng, 0.6, 6),
        deals,
        data_cpm: if rng.random_bool(0.2) { price(rng, 10, 80) } else { Cpm::ZERO },
        creatives: creatives.collect(),
        arms: Vec::new(),
    }
}

fn flight(rng: &mut Xoshiro256PlusPlus) -> Flight {
    const END_OF_2020: UnixMillis = UnixMillis::from_raw(1_609_455_600_000);
    Flight { start: UnixMillis::from_raw(0), end: rng.random_bool(0.05).then_some(END_OF_2020) }
}

/// Mostly for value, as where nothing is said.
fn pacing(rng: &mut Xoshiro256PlusPlus) -> Pacing {
    match rng.random_range(0..10) {
        0 => Pacing::Asap,
        1 => Pacing::Curve(Box::new(evening_curve())),
        2 => Pacing::Even,
        3 => Pacing::Ahead,
        4 => Pacing::Dual { smoothness: rng.random_range(1..=1_000) },
        _ => Pacing::default(),
    }
}

/// Every kind; half of them a price, since that is what most people buy by.
fn goal(rng: &mut Xoshiro256PlusPlus) -> Goal {
    let ctr = f64::from(rng.random_range(5..40)) / 10_000.0;
    let cvr = f64::from(rng.random_range(10..120)) / 1_000.0;
    match rng.random_range(0..20) {
        0..10 => Goal::Cpm(price(rng, 50, 1_500)),
        10..14 => Goal::Cpc { target: heavy_tailed(rng, 1, 4), ctr },
        14..17 => Goal::Cpa { target: heavy_tailed(rng, 5, 80), ctr, cvr },
        17..19 => Goal::Return {
            least: rng.random_range(10..120) * 100_000,
            value: heavy_tailed(rng, 20, 200),
            ctr,
            cvr,
        },
        _ => Goal::MaxConversions { ceiling: price(rng, 50, 1_500), ctr, cvr },
    }
}

fn caps(rng: &mut Xoshiro256PlusPlus, share: f64, most: u32) -> Vec<FrequencyCap> {
    if !rng.random_bool(share) {
        return Vec::new();
    }
    let per = [3_600, 86_400, 7 * 86_400][rng.random_range(0..3)];
    vec![FrequencyCap {
        by: CountBy::User,
        impressions: rng.random_range(1..=most),
        per: Millis::from_seconds(per),
        include_unknown: rng.random_bool(0.5),
    }]
}

/// Between `least` and `most` hundredths per thousand.
fn price(rng: &mut Xoshiro256PlusPlus, least: i64, most: i64) -> Cpm {
    Cpm::from_micros(rng.random_range(least..=most) * 10_000).expect("below the highest price")
}

/// Between `least` and `most` units, mostly near the least.
fn heavy_tailed(rng: &mut Xoshiro256PlusPlus, least: i64, most: i64) -> Nanos {
    let share: i64 = rng.random_range(0..1_000);
    Nanos::from_raw((least * 1_000 + (most - least) * share / 1_000 * share * share / 1_000) * 1_000_000)
}

/// More in the evening, nothing at night.
fn evening_curve() -> [u32; 24] {
    let mut shares = [0; 24];
    shares[7..18].fill(40_000);
    shares[18..23].fill(112_000);
    shares
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bumpalo::Bump;

    use super::catalog;
    use crate::audience::Profile;
    use crate::campaign::Pacing;
    use crate::openrtb;
    use crate::sim::{Mix, Traffic};
    use crate::targeting::{Index, Known, Rows, Scene};
    use crate::units::{ExchangeId, UnixMillis};

    #[test]
    fn it_has_as_many_line_items_as_asked_for_and_whole_references() {
        for count in [1, 7, 1_000] {
            let catalog = catalog(1, count);
            assert_eq!(catalog.line_items.len(), count);
            for line_item in &catalog.line_items {
                assert!(!line_item.creatives.is_empty());
                for at in &line_item.creatives {
                    assert_eq!(catalog.creatives[*at].campaign, line_item.campaign);
                }
            }
            assert!(catalog.campaigns.iter().all(|campaign| campaign.advertiser < catalog.advertisers.len()));
            assert!(catalog.advertisers.is_sorted_by(|a, b| a.slug < b.slug));
            assert!(catalog.campaigns.is_sorted_by(|a, b| a.slug < b.slug));
        }
    }

    #[test]
    fn ids_are_unique() {
        let catalog = catalog(2, 5_000);
        let ids: std::collections::HashSet<_> =
            catalog.line_items.iter().map(|line_item| line_item.id).collect();
        assert_eq!(ids.len(), 5_000);
    }

    #[test]
    fn the_same_seed_gives_the_same_catalog() {
        assert_eq!(format!("{:?}", catalog(3, 200)), format!("{:?}", catalog(3, 200)));
    }

    #[test]
    fn every_goal_and_every_way_of_pacing_is_drawn() {
        let catalog = catalog(5, 2_000);
        let goals: BTreeSet<&str> =
            catalog.line_items.iter().map(|line_item| line_item.goal.word()).collect();
        assert_eq!(goals.into_iter().collect::<Vec<_>>(), ["cpa", "cpc", "cpm", "max_conversions", "roas"]);
        let paced: BTreeSet<&str> = catalog.campaigns.iter().map(|campaign| campaign.pacing.word()).collect();
        assert_eq!(paced.into_iter().collect::<Vec<_>>(), ["ahead", "asap", "curve", "dual", "even"]);
        assert!(catalog.campaigns.iter().any(|campaign| campaign.pooled));
    }

    #[test]
    fn the_evening_curve_sums_to_one() {
        for campaign in catalog(1, 2_000).campaigns {
            if let Pacing::Curve(shares) = campaign.pacing {
                assert_eq!(shares.iter().sum::<u32>(), 1_000_000);
            }
        }
    }

    #[test]
    fn a_few_line_items_in_a_thousand_match_a_request() {
        let catalog = catalog(4, 2_000);
        let order: Vec<u32> = (0..2_000).collect();
        let index = Index::build(&catalog, &order);
        let mut traffic = Traffic::new(4, Mix::default());
        let now = UnixMillis::from_raw(1_795_000_000_000);
        let person = Profile::known([]);
        let known = Known { person: Some(&person), precise: true, ..Known::default() };
        let mut matches = 0;
        for _ in 0..200 {
            let mut body = Vec::new();
            let _ = traffic.next(now, &mut body);
            let arena = Bump::new();
            let request = openrtb::parse(&body, &arena).unwrap();
            let exchange = ExchangeId::from_slug("demo");
            let mut scene = Scene::of(index.vocabulary(), &request, exchange, known, now);
            scene.look_at(&request.imp[0]);
            matches += index.search(&scene, &Rows::all(2_000), 0).count();
        }
        let permille = matches * 1_000 / (2_000 * 200);
        assert!((2..=20).contains(&permille), "{permille} in a thousand");
    }
}
