//! `encan tax what-if`: the ledger's impressions under other taxes, side by side.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::ValueEnum;
use serde::Serialize;

use crate::document::{Faults, suggestion};
use crate::shell::cli::report::day;
use crate::shell::cli::tax::sheet::table;
use crate::shell::cli::tax::{Places, scenarios, unusable};
use crate::shell::cli::{INPUT_WRONG, fail, put};
use crate::shell::files::read_path;
use crate::shell::taxes::{Residents, WhatIfAsk, what_if};
use crate::ttf::{Bearer, Case, Outcome, Scenario};
use crate::units::{AdvertiserId, Country, Day, Decimal, RatePpm, Ratio, Rounding};

/// Flags of `tax what-if`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  encan tax what-if --scenario hypothesis-eu --rates 0.01,0.02,0.05,0.1
  encan tax what-if --from 2026-10-01 --to 2026-10-31 --scenario low,fr-dst-passthrough --strategy on_top
  encan tax what-if --strategy absorb,on_top,inside,split:50 --json

The same impressions, taxed otherwise. A bid that leaves room for a tax is lower by that room: an impression is lost if it
would fall below what it had to beat, which is what the exchange told, else the price paid if that was below the bid. Where
nothing tells, the impression is kept and counted as `not told`. With an impression its share of the campaign's conversions is
lost. The CPA counts those of them that are acquisitions. A rate is one on ad space, in percent; that on data changes in proportion. What the money that is left over would buy is
not in it. Impressions of older ledgers are placed by what was booked of them; an advertiser's country is read from the
campaign files.")]
pub struct Args {
    /// The first day of bids, as 2026-10-01.
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<Day>,
    /// The last day.
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Option<Day>,
    /// Under these scenarios, by their file names; several with commas.
    #[arg(long, value_name = "NAMES", default_value = "hypothesis-eu", value_delimiter = ',')]
    scenario: Vec<String>,
    /// At these rates in percent, instead of the scenario's own; several with commas.
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', value_parser = percent)]
    rates: Vec<RatePpm>,
    /// Who bears it: absorb, on_top, inside, split:50 (the advertiser's percentage, on top), split_inside:50.
    #[arg(long, value_name = "WORDS", default_value = "absorb,on_top", value_delimiter = ',')]
    strategy: Vec<Strategy>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Campaign files, for the countries of advertisers.
    #[arg(long, env = "ENCAN_CAMPAIGNS", default_value = "fixtures/campaigns", value_name = "DIR")]
    campaigns: PathBuf,
    #[command(flatten)]
    places: Places,
}

/// How the outcomes are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

/// Who bears the tax, in a word.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Strategy {
    word: String,
    bearer: Bearer,
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let unknown = || format!("`{word}` is none of absorb, on_top, inside, split:50, split_inside:50");
        let bearer = match word.split_once(':') {
            None => match word {
                "absorb" => Bearer::Absorb,
                "on_top" => Bearer::OnTop,
                "inside" => Bearer::Inside,
                _ => return Err(unknown()),
            },
            Some((kind @ ("split" | "split_inside"), share)) => {
                Bearer::Split { advertiser: percent(share)?, inside: kind == "split_inside" }
            }
            Some(_) => return Err(unknown()),
        };
        Ok(Self { word: word.to_owned(), bearer })
    }
}

/// A percentage with up to four decimals.
fn percent(text: &str) -> Result<RatePpm, String> {
    let wrong = || format!("`{text}` is no percentage from 0 to 100 with at most four decimals");
    let ppm =
        Decimal::parse(text).and_then(|number| number.scaled(4, Rounding::Exact)).map_err(|_| wrong())?;
    u32::try_from(ppm).ok().and_then(RatePpm::from_ppm).ok_or_else(wrong)
}

/// Runs the verb.
#[must_use]
pub(super) fn run(args: &Args) -> ExitCode {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return fail(INPUT_WRONG, &format!("--from {from} is after --to {to}"), "both days are included");
    }
    let known = match scenarios(&args.places.tax) {
        Ok(known) => known,
        Err(code) => return code,
    };
    let taxed = match taxed(args, known) {
        Ok(taxed) => taxed,
        Err(code) => return code,
    };
    let as_booked = Case { name: "as booked".to_owned(), scenario: None, bearer: None };
    let others = taxed.iter().flat_map(|(name, scenario)| {
        args.strategy.iter().map(move |strategy| Case {
            name: format!("{name}, {}", strategy.word),
            scenario: Some(scenario),
            bearer: Some(strategy.bearer),
        })
    });
    let ask = WhatIfAsk {
        from: args.from,
        to: args.to,
        residents: residents(args),
        without_archives: args.places.without_archives,
    };
    let cases: Vec<_> = std::iter::once(as_booked).chain(others).collect();
    let outcomes = match what_if(&args.places.data, &cases, &ask) {
        Ok(outcomes) => outcomes,
        Err(error) => return unusable(&error),
    };
    let rows: Vec<OutcomeRow> = outcomes.iter().map(OutcomeRow::of).collect();
    put(&match if args.json { Format::Json } else { args.format } {
        Format::Table => text(&rows),
        Format::Csv => csv(&rows),
        Format::Json => serde_json::to_string_pretty(&rows).expect("texts and numbers are JSON") + "\n",
    });
    ExitCode::SUCCESS
}

/// The scenarios that are asked for, each at each rate, with a name for people.
fn taxed(args: &Args, mut known: Vec<Scenario>) -> Result<Vec<(String, Scenario)>, ExitCode> {
    known.push(Scenario::none());
    let mut taxed = Vec::new();
    for name in &args.scenario {
        let Some(scenario) = known.iter().find(|scenario| scenario.slug() == name) else {
            let hint = match suggestion(name, known.iter().map(Scenario::slug)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => known.iter().map(Scenario::slug).collect::<Vec<_>>().join(", "),
            };
            let error = format!("there is no tax scenario `{name}` in `{}`", args.places.tax.display());
            return Err(fail(INPUT_WRONG, &error, &hint));
        };
        if args.rates.is_empty() {
            taxed.push((name.clone(), scenario.clone()));
        }
        for rate in &args.rates {
            let Some(changed) = scenario.at_rate(*rate) else {
                let error = format!("at {rate} the jurisdictions of `{name}` would tax more than there is");
                return Err(fail(INPUT_WRONG, &error, "each of them taxes all of an impression"));
            };
            taxed.push((format!("{name} at {rate}"), changed));
        }
    }
    Ok(taxed)
}

/// Where advertisers reside, by the campaign files; what cannot be read tells nothing, and `check` says why.
fn residents(args: &Args) -> Residents {
    let sources = read_path(&args.campaigns, &mut Faults::new());
    let told = sources.iter().filter_map(|source| {
        let file: serde_json::Value = serde_json::from_str(&source.text).ok()?;
        let text = |key: &str| file.get("advertiser")?.get(key)?.as_str();
        Some((AdvertiserId::from_slug(text("id")?), Country::from_code(text("country")?)?))
    });
    told.collect()
}

/// An outcome in decimal numbers; amounts are exact, figures have six decimals and are null where there is none.
#[derive(Debug, Serialize)]
struct OutcomeRow {
    case: String,
    currency: String,
    tax: String,
    tax_borne: String,
    tax_absorbed: String,
    media: String,
    all_in: String,
    budget: String,
    impressions: i64,
    lost: i64,
    not_told: i64,
    unresolved: i64,
    conversions: String,
    value: String,
    cpa: Option<String>,
    roi_percent: Option<String>,
    margin: String,
    acquisitions: String,
}

impl OutcomeRow {
    fn of(outcome: &Outcome) -> Self {
        let decimal = |ratio: Option<Ratio>| ratio.map(|ratio| ratio.to_decimal(6));
        Self {
            case: outcome.name.clone(),
            currency: outcome.currency.to_string(),
            tax: outcome.tax.to_string(),
            tax_borne: outcome.borne.to_string(),
            tax_absorbed: outcome.absorbed().to_string(),
            media: outcome.media.to_string(),
            all_in: outcome.all_in().to_string(),
            budget: outcome.budget.to_string(),
            impressions: outcome.impressions,
            lost: outcome.lost,
            not_told: outcome.not_told,
            unresolved: outcome.unresolved,
            conversions: decimal(outcome.conversions()).unwrap_or_default(),
            value: outcome.value.to_string(),
            cpa: decimal(outcome.cpa()),
            roi_percent: outcome.roi().map(|ratio| ratio.to_percent(6)),
            margin: outcome.margin().to_string(),
            acquisitions: decimal(outcome.acquisitions()).unwrap_or_default(),
        }
    }

    /// In the order of [`CSV`].
    fn cells(&self) -> [String; 18] {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        [
            self.case.clone(),
            self.currency.clone(),
            self.tax.clone(),
            self.tax_borne.clone(),
            self.tax_absorbed.clone(),
            self.media.clone(),
            self.all_in.clone(),
            self.budget.clone(),
            self.impressions.to_string(),
            self.lost.to_string(),
            self.not_told.to_string(),
            self.unresolved.to_string(),
            self.conversions.clone(),
            self.value.clone(),
            optional(&self.cpa),
            optional(&self.roi_percent),
            self.margin.clone(),
            self.acquisitions.clone(),
        ]
    }
}

const CSV: [&str; 18] = [
    "case",
    "currency",
    "tax",
    "tax_borne",
    "tax_absorbed",
    "media",
    "all_in",
    "budget",
    "impressions",
    "lost",
    "not_told",
    "unresolved",
    "conversions",
    "value",
    "cpa",
    "roi_percent",
    "margin",
    "acquisitions",
];

fn csv(rows: &[OutcomeRow]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(CSV).expect("memory takes every write");
    for row in rows {
        writer.write_record(row.cells()).expect("every row has the columns of the header");
    }
    let bytes = writer.into_inner().expect("memory takes every write");
    String::from_utf8(bytes).expect("written from text")
}

fn text(rows: &[OutcomeRow]) -> String {
    if rows.is_empty() {
        return "no impressions\n".to_owned();
    }
    let heads = [
        "case",
        "",
        "tax",
        "absorbed",
        "media",
        "all in",
        "impressions",
        "lost",
        "not told",
        "conversions",
        "acquisitions",
        "CPA",
        "ROI %",
        "margin",
    ];
    let mut table = table(&heads, 2);
    for row in rows {
        let short = |text: &str, decimals: usize| shortened(text, decimals);
        let figure = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), |t| short(t, 2));
        table.add_row([
            row.case.clone(),
            row.currency.clone(),
            short(&row.tax, 6),
            short(&row.tax_absorbed, 6),
            short(&row.media, 6),
            short(&row.all_in, 6),
            row.impressions.to_string(),
            row.lost.to_string(),
            row.not_told.to_string(),
            short(&row.conversions, 2),
            short(&row.acquisitions, 2),
            figure(&row.cpa),
            figure(&row.roi_percent),
            short(&row.margin, 6),
        ]);
    }
    let unresolved: i64 = rows.iter().map(|row| row.unresolved).max().unwrap_or(0);
    let mut text = format!("{table}\n");
    if unresolved > 0 {
        text.push_str(&format!("Impressions of unknown place, taxed by a fallback: up to {unresolved}.\n"));
    }
    if rows.iter().any(|row| row.not_told > 0) {
        text.push_str(
            "What is not told whether it would be won is kept: lost impressions are at least these.\n",
        );
    }
    text
}

/// A decimal number cut after so many decimals: a look, not an amount.
fn shortened(text: &str, decimals: usize) -> String {
    match text.split_once('.') {
        Some((whole, rest)) => format!("{whole}.{}", rest.get(..decimals).unwrap_or(rest)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Strategy, percent};
    use crate::ttf::Bearer;

    #[test]
    fn a_strategy_is_a_word_and_a_split_has_a_share() {
        let read = |word: &str| word.parse::<Strategy>().map(|strategy| strategy.bearer);
        assert_eq!(read("on_top"), Ok(Bearer::OnTop));
        let half = percent("50").unwrap();
        assert_eq!(read("split:50"), Ok(Bearer::Split { advertiser: half, inside: false }));
        assert_eq!(read("split_inside:50"), Ok(Bearer::Split { advertiser: half, inside: true }));
        for wrong in ["", "split", "half", "split:101", "absorb:1", "split:50:1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
