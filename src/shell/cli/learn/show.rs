//! `encan learn show`: the model in use, for a person.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::feedback::printable;
use crate::learning::{Field, Part, Weight};
use crate::report::Names;
use crate::shell::cli::learn::measures::Measures;
use crate::shell::cli::learn::{DataArgs, instant, known_names, span};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put};
use crate::shell::clock;
use crate::shell::learning::{Contexts, ContextsError, Found, Models};
use crate::units::{AdvertiserId, CampaignId, CreativeId, DealId, ExchangeId, LineItemId};

/// Flags of `learn show`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  encan learn show
  encan learn show --top 200 --json

A weight is what a value adds to the log-odds: 0.69 doubles a small chance, -0.69 halves it. A value whose name is not
kept is shown by its hash; `shared` says that other values have the same weight, for their hashes meet.")]
pub struct Args {
    /// How many weights, the largest first.
    #[arg(long, value_name = "N", default_value_t = 30)]
    top: usize,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, Serialize)]
struct Shown {
    version: String,
    written: String,
    age_seconds: i64,
    from: Option<String>,
    to: Option<String>,
    /// On what it was not made of, when it was made.
    measures: Option<Measures>,
    former: usize,
    weights_in_all: usize,
    weights: Vec<ShownWeight>,
}

#[derive(Debug, Serialize)]
struct ShownWeight {
    /// `field=value`; two of a cross.
    values: Vec<String>,
    click: f32,
    conversion: f32,
    impressions: u32,
    clicks: u32,
    shared: bool,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let data = &args.data.data;
    let models = Models::new(data);
    let found = match models.current() {
        Ok(Some(found)) => found,
        Ok(None) => {
            let error = format!("`{}` has no model", data.display());
            return fail(
                INPUT_WRONG,
                &error,
                "`encan learn train` makes one; or name a folder with `--data DIR`",
            );
        }
        Err(error) => return fail(WE_FAILED, &error, error.hint()),
    };
    let words = match Contexts::open_to_read(data).and_then(|contexts| contexts.words()) {
        Ok(words) => words,
        Err(ContextsError::Missing { .. }) => HashMap::new(),
        Err(error) => return fail(WE_FAILED, &error, error.hint()),
    };
    let names = match known_names(data) {
        Ok(names) => names,
        Err(error) => return fail(WE_FAILED, &error, error.hint()),
    };
    let shown = shown(&found, args.top, models.former_count(), |field, hash| {
        let word = words.get(&(field as u8, hash))?;
        Some(printable(&name(&names, field, word).unwrap_or_else(|| word.clone())))
    });
    put(&if args.json {
        serde_json::to_string_pretty(&shown).expect("texts and numbers are JSON") + "\n"
    } else {
        text(&shown)
    });
    ExitCode::SUCCESS
}

/// What people call the id that `word` is, where it is one.
fn name(names: &Names, field: Field, word: &str) -> Option<String> {
    let id = u64::from_str_radix(word, 16).ok()?;
    let found = match field {
        Field::Exchange => names.exchanges.get(&ExchangeId::from_raw(id)),
        Field::Deal => names.deals.get(&DealId::from_raw(id)),
        Field::Advertiser => names.advertisers.get(&AdvertiserId::from_raw(id)),
        Field::Campaign => names.campaigns.get(&CampaignId::from_raw(id)),
        Field::LineItem => names.line_items.get(&LineItemId::from_raw(id)),
        Field::Creative => names.creatives.get(&CreativeId::from_raw(id)),
        _ => None,
    };
    found.cloned()
}

fn shown(found: &Found, top: usize, former: usize, words: impl Fn(Field, u32) -> Option<String>) -> Shown {
    let weights = found.model.weights(words);
    let ends = found.model.span();
    Shown {
        version: found.version.clone(),
        written: instant(found.written),
        age_seconds: clock::now().since(found.written).raw() / 1_000,
        from: ends.map(|span| instant(span.from)),
        to: ends.map(|span| instant(span.to)),
        measures: found.model.measured().map(Measures::of),
        former,
        weights_in_all: weights.len(),
        weights: weights.into_iter().take(top).map(shown_weight).collect(),
    }
}

fn shown_weight(weight: Weight) -> ShownWeight {
    let value = |Part { field, hash, word }: Part| {
        format!("{field}={}", word.unwrap_or_else(|| format!("#{hash:08x}")))
    };
    ShownWeight {
        values: weight.parts.into_iter().map(value).collect(),
        click: weight.click,
        conversion: weight.conversion,
        impressions: weight.impressions,
        clicks: weight.clicks,
        shared: weight.shared,
    }
}

fn text(shown: &Shown) -> String {
    let Shown { version, written, from, to, former, .. } = shown;
    let age = span(shown.age_seconds.saturating_mul(1_000));
    let mut out = format!("model {version}, written {written}, {age} ago; {former} former ones are kept\n");
    if let (Some(from), Some(to)) = (from, to) {
        let _ = writeln!(out, "made of impressions from {from} to {to}");
    }
    if let Some(measures) = &shown.measures {
        let _ = write!(out, "\non newer impressions, that it was not made of\n{}", measures.text());
    }
    let _ = writeln!(out, "\nthe largest {} of {} weights", shown.weights.len(), shown.weights_in_all);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["value", "click", "conversion", "impressions", "clicks", ""]);
    for weight in &shown.weights {
        table.add_row([
            weight.values.join(" and "),
            format!("{:+.3}", weight.click),
            format!("{:+.3}", weight.conversion),
            weight.impressions.to_string(),
            weight.clicks.to_string(),
            if weight.shared { "shared".to_owned() } else { String::new() },
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let _ = writeln!(out, "{}", table.trim_fmt());
    out
}
