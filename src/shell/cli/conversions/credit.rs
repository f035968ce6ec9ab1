//! `encan conversions credit`: conversions and their value, credited anew from the ledger under every model side by side.

use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::attribution::{Credit, Credits, Manner, Model, Paths, Step, Touchpoint, happened, is_late};
use crate::campaign::Attribution;
use crate::ledger::{BidFacts, Event, EventKind};
use crate::report::Names;
use crate::shell::cli::conversions::{Format, Period, columns, csv, unread};
use crate::shell::cli::report::names;
use crate::shell::cli::{put, say};
use crate::shell::clock;
use crate::shell::config::{ConfigArgs, configure};
use crate::shell::store::{Store, StoreError};
use crate::units::{CampaignId, Currency, Millis, Nanos, limits};

/// Flags of `conversions credit`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  encan conversions credit
  encan conversions credit --by campaign,format --from 2026-11-01 --to 2026-11-30
  encan conversions credit --model shapley --format csv > credit.csv

models       last-touch    the last click or promo code, else the last view: as booked
             first-touch   the first touch
             linear        the same to each touch
             time-decay    half as much for each 7 days further back
             position      40 % to the first, 40 % to the last, 20 % to those between
             shapley       the same to each channel, however often it touched

A path has what led to a conversion as it was told, and the other views and clicks of its person for the advertiser within
the windows of their campaigns (30 days after a click and 1 day after a view where no file of theirs is found). Of who may not be
measured only what was told is known. Conversions without any touch are credited to nobody.")]
pub struct Args {
    /// What is credited: exchange, campaign, line-item, creative, advertiser, deal, format, device, publisher; several
    /// with commas.
    #[arg(long, value_enum, value_name = "CHANNELS", default_value = "exchange", value_delimiter = ',')]
    by: Vec<By>,
    /// One model alone.
    #[arg(long, value_name = "MODEL", value_parser = model)]
    model: Option<Model>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    config: ConfigArgs,
}

fn model(name: &str) -> Result<Model, String> {
    Model::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Model::ALL.iter().map(|model| model.name()).collect();
        format!("`{name}` is none of {}", known.join(", "))
    })
}

/// What of an ad is a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    Exchange,
    Campaign,
    LineItem,
    Creative,
    Advertiser,
    Deal,
    Format,
    Device,
    Publisher,
}

impl By {
    const fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Campaign => "campaign",
            Self::LineItem => "line_item",
            Self::Creative => "creative",
            Self::Advertiser => "advertiser",
            Self::Deal => "deal",
            Self::Format => "format",
            Self::Device => "device",
            Self::Publisher => "publisher",
        }
    }

    /// What of the ad of `touch` is credited. A promo code is a channel of its own where no ad is known.
    fn channel(self, touch: &Touchpoint, names: &Names) -> String {
        let bid = &touch.bid;
        let slug = |name: Option<&String>, id: String| name.cloned().unwrap_or(id);
        match self {
            Self::Campaign => slug(names.campaigns.get(&bid.campaign), bid.campaign.to_string()),
            Self::Advertiser => slug(names.advertisers.get(&bid.advertiser), bid.advertiser.to_string()),
            _ if touch.manner == Manner::Code => "promo code".to_owned(),
            Self::Exchange => slug(names.exchanges.get(&bid.exchange), bid.exchange.to_string()),
            Self::LineItem => slug(names.line_items.get(&bid.line_item), bid.line_item.to_string()),
            Self::Creative => slug(names.creatives.get(&bid.creative), bid.creative.to_string()),
            Self::Deal => match bid.deal {
                Some(deal) => slug(names.deals.get(&deal), deal.to_string()),
                None => "no deal".to_owned(),
            },
            Self::Format => bid.setting.format.name().to_owned(),
            Self::Device => bid.setting.device.name().to_owned(),
            Self::Publisher => match bid.setting.publisher {
                Some(publisher) => slug(names.publishers.get(&publisher), publisher.to_string()),
                None => "unknown".to_owned(),
            },
        }
    }
}

/// A channel, in one currency.
type Key = (Vec<String>, Currency);

/// Of one currency: how many conversions there are, what nobody is credited with, and what was told late.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    conversions: u64,
    value: i128,
    without_touch: u64,
    late: u64,
}

struct Credited {
    credits: Credits<Key>,
    sums: BTreeMap<Currency, Sum>,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    if let Some(fault) = args.period.fault() {
        return fault;
    }
    match credited(args) {
        Ok(credited) => {
            put(&printed(&credited, args));
            ExitCode::SUCCESS
        }
        Err(error) => unread(&error),
    }
}

/// The windows of each campaign and type of conversion that has a file.
type Windows = HashMap<CampaignId, (Attribution, HashMap<String, Attribution>)>;

fn windows(config: &ConfigArgs) -> Windows {
    let Ok(configured) = configure(config, 1, clock::now()) else {
        say(
            "warning: the campaign files cannot be read: 30 days after a click and 1 day after a view count\n",
        );
        return Windows::new();
    };
    let campaigns = &configured.plan.catalog.campaigns;
    let of = |kinds: &[crate::campaign::ConversionType]| {
        kinds.iter().map(|kind| (kind.name.clone(), kind.windows)).collect()
    };
    campaigns.iter().map(|it| (it.id, (it.attribution, of(&it.conversions)))).collect()
}

/// Thirty days after a click, one after a view.
const USUAL: Attribution = Attribution {
    click_window: Millis::from_seconds(30 * 86_400),
    view_window: Millis::from_seconds(86_400),
};

fn credited(args: &Args) -> Result<Credited, StoreError> {
    let store = Store::open(&args.period.data)?;
    let (names, windows) = (names(&store)?, windows(&args.config));
    let mut paths = Paths::default();
    store.conversions(|event| {
        if args.period.holds(happened(event)) {
            paths.converted(event);
        }
    })?;
    if let Some((first, last)) = paths.span() {
        // A bid is out for a day at most before its view, and 60 days after it no click of it is honoured.
        let before = limits::CONVERSION_AGE_MAX.raw() + limits::NOTICE_AGE_MAX.raw();
        let from = first.minus(Millis::from_raw(2 * before));
        store.events_of_bids(from, last.plus(Millis::from_raw(1)), |event| paths.touched(event))?;
    }
    let of = |bid: &BidFacts, conversion: &Event| {
        let known = windows.get(&bid.campaign);
        let kind = if let EventKind::Conversion(it) = &conversion.kind { it.kind.as_str() } else { "" };
        known.map_or(USUAL, |(campaign, kinds)| *kinds.get(kind).unwrap_or(campaign))
    };
    let mut credited = Credited { credits: Credits::default(), sums: BTreeMap::new() };
    paths.each(of, |event, path| credited.add(event, path, args, &names));
    Ok(credited)
}

impl Credited {
    fn add(&mut self, event: &Event, path: &[Touchpoint], args: &Args, names: &Names) {
        let EventKind::Conversion(conversion) = &event.kind else { return };
        let currency = event.bid.currency;
        let step = |touch: &Touchpoint| -> Step<Key> {
            let channel = args.by.iter().map(|by| by.channel(touch, names)).collect();
            touch.step((channel, currency), conversion.happened)
        };
        let path: Vec<Step<Key>> = path.iter().map(step).collect();
        self.credits.add(&path, conversion.value);
        let sum = self.sums.entry(currency).or_default();
        sum.conversions += 1;
        sum.value += i128::from(conversion.value.raw());
        sum.without_touch += u64::from(path.is_empty());
        sum.late += u64::from(is_late(conversion.happened, event.at));
    }
}

/// The models to print, with their places in [`Model::ALL`].
fn models(args: &Args) -> Vec<(usize, Model)> {
    let is_wanted = |(_, model): &(usize, Model)| args.model.is_none_or(|wanted| wanted == *model);
    Model::ALL.into_iter().enumerate().filter(is_wanted).collect()
}

/// Conversions with six decimals, exact.
fn counted(credit: &Credit) -> String {
    format!("{}.{:06}", credit.conversions / 1_000_000, credit.conversions % 1_000_000)
}

/// Conversions for people, with two decimals.
fn rounded(credit: &Credit) -> String {
    let hundredths = (credit.conversions + 5_000) / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// An amount for people, with cents.
fn cents(credit: &Credit) -> String {
    let cents = credit.value.to_cents_half_up();
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

fn printed(credited: &Credited, args: &Args) -> String {
    match args.period.format() {
        Format::Table => table(credited, args),
        Format::Csv => {
            let names = models(args).into_iter().flat_map(|(_, model)| {
                let name = model.name().replace('-', "_");
                [format!("{name}_conversions"), format!("{name}_value")]
            });
            let dimensions = args.by.iter().map(|by| by.name().to_owned());
            let mut rows: Vec<Vec<String>> =
                vec![dimensions.chain(["currency".to_owned()]).chain(names).collect()];
            for ((channel, currency), credits) in credited.credits.rows() {
                let cells = models(args)
                    .into_iter()
                    .flat_map(|(at, _)| [counted(&credits[at]), credits[at].value.to_string()]);
                let start = channel.iter().cloned().chain([currency.to_string()]);
                rows.push(start.chain(cells).collect());
            }
            csv(&rows)
        }
        Format::Json => json_text(credited, args),
    }
}

fn table(credited: &Credited, args: &Args) -> String {
    let mut text = String::new();
    for (title, cell) in [("Conversions", rounded as fn(&Credit) -> String), ("Value", cents)] {
        let dimensions = args.by.iter().map(|by| by.name().replace('_', " "));
        let head = dimensions.chain(["currency".to_owned()]);
        let mut rows: Vec<Vec<String>> =
            vec![head.chain(models(args).iter().map(|(_, model)| model.name().to_owned())).collect()];
        for ((channel, currency), credits) in credited.credits.rows() {
            let start = channel.iter().cloned().chain([currency.to_string()]);
            rows.push(start.chain(models(args).into_iter().map(|(at, _)| cell(&credits[at]))).collect());
        }
        text.push_str(&format!("{title}\n\n{}\n", columns(&rows, |at| at > args.by.len())));
    }
    for (currency, sum) in &credited.sums {
        let value = Nanos::from_raw(i64::try_from(sum.value).unwrap_or(i64::MAX));
        text.push_str(&format!(
            "{} conversions, {value} {currency}; without any touch, credited to nobody: {}; told late, restating the past: {}\n",
            sum.conversions, sum.without_touch, sum.late
        ));
    }
    if credited.sums.is_empty() {
        text.push_str("no conversions\n");
    }
    text
}

fn json_text(credited: &Credited, args: &Args) -> String {
    let rows: Vec<Value> = credited
        .credits
        .rows()
        .map(|((channel, currency), credits)| {
            let mut row: Map<String, Value> = Map::new();
            for (by, name) in args.by.iter().zip(channel) {
                row.insert(by.name().to_owned(), json!(name));
            }
            row.insert("currency".to_owned(), json!(currency.to_string()));
            let of = models(args).into_iter().map(|(at, model)| {
                let credit = json!({
                    "conversions": counted(&credits[at]),
                    "value": credits[at].value.to_string(),
                });
                (model.name().to_owned(), credit)
            });
            row.insert("models".to_owned(), Value::Object(of.collect()));
            Value::Object(row)
        })
        .collect();
    let sum = |(currency, sum): (&Currency, &Sum)| {
        json!({
            "currency": currency.to_string(),
            "conversions": sum.conversions,
            "value": Nanos::from_raw(i64::try_from(sum.value).unwrap_or(i64::MAX)).to_string(),
            "without_touch": sum.without_touch,
            "late": sum.late,
        })
    };
    let totals: Vec<Value> = credited.sums.iter().map(sum).collect();
    serde_json::to_string_pretty(&json!({ "rows": rows, "totals": totals })).expect("texts are JSON") + "\n"
}
