//! What the bidders are set up with: campaigns with tight caps of all kinds, exchanges, and bid requests.

use std::sync::Arc;

use jiff::tz::TimeZone;
use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;

use crate::bidder::Plan;
use crate::campaign::{
    Advertiser, Attribution, BannerAd, BannerBody, Budget, BudgetMode, Campaign, Catalog, Costs, Creative,
    CreativeContent, Exchange, Flight, Goal, Learning, Limits, LineItem, Pacing, Rates, Rule, Status,
    TaxPlan, Transparency, read_exchange,
};
use crate::document::{Faults, Source};
use crate::ledger::{Level, Measure, Window};
use crate::sim::faults::nature::{Nature, log_uniform};
use crate::ttf::{Bearer, Evidence, Jurisdiction, RateRow, Scenario, ScenarioSpec, TaxKind, Territory};
use crate::units::{
    AdvertiserId, CampaignId, Country, Cpm, Currency, Day, LineItemId, Millis, Nanos, RatePpm, ScenarioId,
    UnixMillis,
};

/// Units of each currency for one euro, in 10^-9.
pub(in crate::sim::faults) const DOLLARS: u64 = 1_038_900_000;
pub(in crate::sim::faults) const EUROS: u64 = 1_000_000_000;
/// The tax of campaigns that have one, on ad space and on data.
pub(in crate::sim::faults) const TAX_PPM: (u32, u32) = (1_000, 500);

const ZONES: [&str; 6] =
    ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe"];

/// Bid requests, in JSON.
pub(in crate::sim::faults) const REQUESTS: [&str; 7] = [
    r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"site":{"domain":"a.example"},"cur":["EUR"]}"#,
    r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"site":{"domain":"a.example"},"cur":["USD"]}"#,
    r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250},"bidfloor":2.5,"bidfloorcur":"EUR"}],"cur":["EUR"]}"#,
    r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250},"bidfloor":0.7,"bidfloorcur":"USD"}],"cur":["EUR","USD"]}"#,
    r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}},{"id":"2","banner":{"w":300,"h":250}}],"cur":["EUR"]}"#,
    r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}},{"id":"2","banner":{"w":300,"h":250}},{"id":"3","banner":{"w":300,"h":250}}],"cur":["USD"]}"#,
    r#"{"id":"r","test":1,"imp":[{"id":"1","banner":{"w":300,"h":250}}],"cur":["EUR"]}"#,
];

/// Everything that a plan is compiled from.
#[derive(Debug, Clone)]
pub(in crate::sim::faults) struct Scene {
    concerns: Vec<Concern>,
    exchanges: Vec<Exchange>,
    scenario: Scenario,
    rates: Rates,
    revision: u64,
}

/// A campaign with its line items; `present` tells whether its file is there.
#[derive(Debug, Clone)]
struct Concern {
    campaign: Campaign,
    line_items: Vec<LineItem>,
    present: bool,
}

impl Scene {
    pub(in crate::sim::faults) fn draw(rng: &mut Xoshiro256PlusPlus, nature: &Nature) -> Self {
        let count = rng.random_range(1..=3);
        let concerns = (0..count).map(|at| Concern::draw(rng, at)).collect();
        let mut faults = Faults::new();
        let rates = r#"{"date": "2024-12-31", "base": "EUR", "source": "test", "rates": {"USD": 1.0389}}"#;
        let rates =
            Rates::read(&Source::new("currencies.json", rates), &mut faults).expect("rates are well written");
        let exchanges = exchanges(nature);
        Self { concerns, exchanges, scenario: scenario(), rates, revision: 0 }
    }

    /// The plan of the campaigns that are there.
    pub(in crate::sim::faults) fn plan(&mut self) -> Arc<Plan> {
        self.revision += 1;
        let mut catalog = Catalog { advertisers: vec![advertiser()], ..Catalog::default() };
        for concern in self.concerns.iter().filter(|concern| concern.present) {
            let at = catalog.campaigns.len();
            let content = CreativeContent::Banner(BannerAd {
                width: 300,
                height: 250,
                body: BannerBody::Image("https://cdn.shop.example/k.png".to_owned()),
                flexible: false,
                expands: Vec::new(),
            });
            let crid = format!("{}/k", concern.campaign.slug);
            catalog.creatives.push(Creative { campaign: at, ..Creative::plain(&crid, content) });
            catalog.campaigns.push(concern.campaign.clone());
            let line_items = concern.line_items.iter().cloned();
            catalog.line_items.extend(line_items.map(|line_item| LineItem {
                campaign: at,
                creatives: vec![at],
                ..line_item
            }));
        }
        let scenarios = vec![self.scenario.clone()];
        Arc::new(Plan::build(self.revision, catalog, self.exchanges.clone(), scenarios, self.rates.clone()))
    }

    /// Somebody changes something: a limit is raised, lowered, set to nothing, taken out; a campaign comes or goes.
    pub(in crate::sim::faults) fn edit(&mut self, rng: &mut Xoshiro256PlusPlus) {
        let at = rng.random_range(0..self.concerns.len());
        let concern = &mut self.concerns[at];
        if rng.random_bool(0.1) {
            concern.present = !concern.present;
            return;
        }
        let of = rng.random_range(0..=concern.line_items.len());
        let price = concern.line_items[0].goal_micros();
        let budget =
            if of == 0 { &mut concern.campaign.budget } else { &mut concern.line_items[of - 1].budget };
        match rng.random_range(0..3) {
            0 => budget.money = edited(budget.money, rng, |rng| Nanos::from_raw(amount(rng, price)), scaled),
            1 => budget.impressions = edited(budget.impressions, rng, impressions, scaled_count),
            _ => budget.clicks = edited(budget.clicks, rng, clicks, scaled_count),
        }
    }
}

/// What a limit is of.
trait Priced {
    fn goal_micros(&self) -> i64;
}

impl Priced for LineItem {
    fn goal_micros(&self) -> i64 {
        if let Goal::Cpm(price) = self.goal { price.micros() } else { 1_000_000 }
    }
}

fn edited<T: Copy>(
    limits: Limits<T>,
    rng: &mut Xoshiro256PlusPlus,
    fresh: impl Fn(&mut Xoshiro256PlusPlus) -> T,
    scaled: impl Fn(T, u32) -> T,
) -> Limits<T> {
    let mut limits = limits;
    let limit = match rng.random_range(0..3) {
        0 => &mut limits.hourly,
        1 => &mut limits.daily,
        _ => &mut limits.total,
    };
    *limit = match (*limit, rng.random_range(0..5)) {
        (None, _) | (_, 0) => Some(fresh(rng)),
        (Some(limit), 1) => Some(scaled(limit, 0)),
        (Some(limit), 2) => Some(scaled(limit, rng.random_range(0..100))),
        (Some(limit), 3) => Some(scaled(limit, rng.random_range(100..300))),
        (Some(_), _) => None,
    };
    limits
}

fn scaled(amount: Nanos, per_cent: u32) -> Nanos {
    let wide = i128::from(amount.raw()) * i128::from(per_cent) / 100;
    Nanos::from_raw(i64::try_from(wide).unwrap_or(i64::MAX))
}

fn scaled_count(count: u32, per_cent: u32) -> u32 {
    u32::try_from(u64::from(count) * u64::from(per_cent) / 100).unwrap_or(u32::MAX)
}

/// An amount that pays some impressions at `price` micros per thousand, and not a whole number of them.
fn amount(rng: &mut Xoshiro256PlusPlus, price: i64) -> i64 {
    price.saturating_mul(log_uniform(rng, 2, 8_000)) + rng.random_range(0..price.max(1))
}

fn impressions(rng: &mut Xoshiro256PlusPlus) -> u32 {
    u32::try_from(log_uniform(rng, 1, 5_000)).unwrap_or(1)
}

fn clicks(rng: &mut Xoshiro256PlusPlus) -> u32 {
    u32::try_from(log_uniform(rng, 1, 200)).unwrap_or(1)
}

fn limits_of<T>(
    rng: &mut Xoshiro256PlusPlus,
    chances: [f64; 3],
    mut draw: impl FnMut(&mut Xoshiro256PlusPlus) -> T,
) -> Limits<T> {
    let mut one = |chance| rng.random_bool(chance).then(|| draw(rng));
    Limits { hourly: one(chances[0]), daily: one(chances[1]), total: one(chances[2]) }
}

fn budget(rng: &mut Xoshiro256PlusPlus, price: i64) -> Budget {
    Budget {
        money: limits_of(rng, [0.2, 0.5, 0.4], |rng| Nanos::from_raw(amount(rng, price))),
        impressions: limits_of(rng, [0.1, 0.15, 0.15], impressions),
        clicks: limits_of(rng, [0.03, 0.05, 0.05], clicks),
        mode: BudgetMode::Hard,
    }
}

impl Concern {
    fn draw(rng: &mut Xoshiro256PlusPlus, number: usize) -> Self {
        let slug = format!("c{number}");
        let price = log_uniform(rng, 50_000, 30_000_000);
        let zone_name = ZONES[rng.random_range(0..ZONES.len())];
        let zone = TimeZone::get(zone_name).expect("the time zones are compiled in");
        let taxed = rng.random_bool(0.4);
        let scenario_slug = if taxed { "tax" } else { "none" };
        let mode =
            if rng.random_bool(0.15) { BudgetMode::Soft { deviations: 200 } } else { BudgetMode::Hard };
        let flight = Flight { start: UnixMillis::from_raw(0), end: None };
        let pacing = if rng.random_bool(0.1) { Pacing::Even } else { Pacing::Asap };
        let campaign = Campaign {
            id: CampaignId::from_slug(&slug),
            name: slug.clone(),
            advertiser: 0,
            status: Status::Active,
            currency: if rng.random_bool(0.6) { Currency::EUR } else { Currency::USD },
            zone,
            zone_name: zone_name.to_owned(),
            flight,
            budget: Budget { mode, ..budget(rng, price) },
            pacing: pacing.clone(),
            pooled: false,
            learning: Learning::default(),
            holdout: None,
            costs: Costs { platform_fee: RatePpm::from_ppm(50_000).expect("below one"), fixed: Nanos::ZERO },
            tax: TaxPlan {
                scenario: ScenarioId::from_slug(scenario_slug),
                scenario_slug: scenario_slug.to_owned(),
                bearer: [Bearer::Absorb, Bearer::OnTop, Bearer::Inside][rng.random_range(0..3)],
            },
            frequency: Vec::new(),
            attribution: Attribution {
                click_window: Millis::from_seconds(86_400),
                view_window: Millis::from_seconds(86_400),
            },
            conversions: Vec::new(),
            codes: Vec::new(),
            slug,
        };
        let count = rng.random_range(1..=3);
        let line_items = (0..count).map(|number| line_item(rng, &campaign, number, price)).collect();
        Self { campaign, line_items, present: true }
    }
}

fn line_item(rng: &mut Xoshiro256PlusPlus, campaign: &Campaign, number: usize, price: i64) -> LineItem {
    let slug = format!("l{number}");
    let price = (price + rng.random_range(0..=price / 4)).max(1);
    LineItem {
        id: LineItemId::from_slug(&format!("{}/{slug}", campaign.slug)),
        name: slug.clone(),
        slug,
        campaign: 0,
        status: Status::Active,
        flight: campaign.flight,
        budget: if rng.random_bool(0.6) { budget(rng, price) } else { Budget::default() },
        pacing: campaign.pacing.clone(),
        goal: Goal::Cpm(Cpm::from_micros(price).expect("below the highest price")),
        goal_window: Millis::from_seconds(7 * 86_400),
        vouched: true,
        targeting: Rule::All(Vec::new()),
        modifiers: Vec::new(),
        frequency: Vec::new(),
        deals: Vec::new(),
        data_cpm: if rng.random_bool(0.3) {
            Cpm::from_micros(price / 10).expect("a price")
        } else {
            Cpm::ZERO
        },
        creatives: Vec::new(),
        arms: Vec::new(),
    }
}

fn advertiser() -> Advertiser {
    Advertiser {
        id: AdvertiserId::from_slug("a"),
        slug: "a".to_owned(),
        name: "A".to_owned(),
        domain: "shop.example".to_owned(),
        country: Some(Country::FR),
        transparency: Transparency::of("A"),
        frequency: Vec::new(),
    }
}

/// Three exchanges: each bills on another notice.
fn exchanges(nature: &Nature) -> Vec<Exchange> {
    let profiles = [("a", "billing", "refuse"), ("b", "win", "book_bid"), ("c", "impression", "refuse")];
    let mut exchanges = Vec::new();
    for ((slug, bills_on, missing), reserved) in profiles.into_iter().zip(nature.reserved) {
        let text = format!(
            r#"{{"name": "{slug}", "seat": "s", "bills_on": "{bills_on}", "reservation": {{"display": "10m", "av": "1h"}},
            "tmax_ms": 120, "margin_ms": 10, "price_decimals": 6, "missing_price": "{missing}"}}"#
        );
        let mut faults = Faults::new();
        let read = read_exchange(&Source::new(format!("{slug}.json"), text), &mut faults);
        let mut exchange = read.expect("the profile is well written");
        // As long as suits the pace of this world; files speak of minutes.
        let of = &mut exchange.reservation;
        (of.banner, of.native, of.video, of.audio, of.dooh) = (reserved, reserved, reserved, reserved, None);
        exchanges.push(exchange);
    }
    exchanges
}

fn scenario() -> Scenario {
    let france = Jurisdiction::from_code("FR").expect("two letters");
    let row = |kind, ppm| RateRow {
        jurisdiction: france,
        kind,
        rate: RatePpm::from_ppm(ppm).expect("below one"),
        valid_from: Day::from_civil(2020, 1, 1),
        valid_to: None,
        known_from: None,
    };
    let spec = ScenarioSpec {
        slug: "tax".to_owned(),
        name: "Tax".to_owned(),
        source: "test".to_owned(),
        territories: vec![Territory {
            jurisdiction: france,
            zone: "Europe/Paris".to_owned(),
            countries: vec![Country::FR],
        }],
        rates: vec![row(TaxKind::AdSpace, TAX_PPM.0), row(TaxKind::Data, TAX_PPM.1)],
        evidence: vec![Evidence::Advertiser],
        ..ScenarioSpec::default()
    };
    Scenario::new(spec).expect("the scenario is well written")
}

/// What `budgets` of a campaign and of a line item say of a cap, read apart from the core.
pub(in crate::sim::faults) fn limit(
    budgets: [&Budget; 2],
    level: Level,
    window: Window,
    measure: Measure,
) -> Option<i64> {
    let budget = budgets[usize::from(matches!(level, Level::LineItem(_)))];
    let pick = |hourly: Option<i64>, daily: Option<i64>, total: Option<i64>| match window {
        Window::Hour(_) => hourly,
        Window::Day(_) => daily,
        Window::Total => total,
    };
    let counted = |limits: Limits<u32>| {
        pick(limits.hourly.map(i64::from), limits.daily.map(i64::from), limits.total.map(i64::from))
    };
    match measure {
        Measure::Money => {
            let money = budget.money;
            pick(money.hourly.map(Nanos::raw), money.daily.map(Nanos::raw), money.total.map(Nanos::raw))
        }
        Measure::Impressions => counted(budget.impressions),
        Measure::Clicks => counted(budget.clicks),
    }
}
