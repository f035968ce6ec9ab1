//! `encan experiment`: what ads bring by holdouts, and which arm is better, with one sentence on each.

mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::document::suggestion;
use crate::experiment::{CAVEAT, arms_sentence, holdout_sentence};
use crate::page::{Forms, Lang};
use crate::shell::cli::report::{day, names};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::experiments::{ArmsFound, Findings, HoldoutFound, Wanted, findings};
use crate::shell::store::{Store, StoreError};
use crate::units::{CampaignId, Day, Millis};

/// Flags of `experiment`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan experiment\n  encan experiment velo-spring --lang fr\n  encan experiment velo-spring --window 7 --type purchase --json\n\nA campaign with `\"holdout\": {\"percent\": 10}` is never shown to that share of the people who are known. The others are\ncompared with them from the first bid on, whether or not an ad was shown. Conversions of the advertiser count for both\nalike, so report those of everybody, by user and with their consent: what only a click tells, nobody who is held out can have.\nThe incremental CPA is what each acquisition costs that the ads brought, and so is the CPA of an arm; other conversions count\nas conversions alone.\n\nIntervals are of 95 %, for one look at a moment that was chosen beforehand. What holds however often one looks is said so\n(`incremental_always`). Line items with `arms` are compared by what is credited to each arm's own ads."
)]
pub struct Args {
    /// Only this campaign.
    #[arg(value_name = "CAMPAIGN")]
    pub campaign: Option<String>,
    /// Days after the first bid that a conversion counts.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=365))]
    pub window: u16,
    /// Only conversions of this type. Where it is no acquisition, there is no CPA.
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Only people who were met on this day of UTC or later for the first time, as 2026-11-01.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: Option<Day>,
    /// Print JSON: every figure.
    #[arg(long)]
    pub json: bool,
    /// In which language: en or fr.
    #[arg(long, value_name = "LANG", default_value_t = Lang::En)]
    pub lang: Lang,
    /// Folder of the ledger.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    if let Err(code) = known(args) {
        return code;
    }
    let wanted = Wanted {
        campaign: args.campaign.as_deref().map(CampaignId::from_slug),
        window: Millis::from_seconds(i64::from(args.window) * 86_400),
        kind: args.kind.clone(),
        from: args.from,
    };
    let found = match findings(&args.data, &wanted) {
        Ok(found) => found,
        Err(error) => {
            return fail(if error.is_input() { INPUT_WRONG } else { WE_FAILED }, &error, error.hint());
        }
    };
    let forms = Forms::new(args.lang);
    if args.json {
        let mut json =
            serde_json::to_string_pretty(&as_json(&found, &forms)).expect("texts and numbers are JSON");
        json.push('\n');
        put(&json);
        return ExitCode::SUCCESS;
    }
    if found.holdouts.is_empty() && found.arms.is_empty() {
        say(
            "nobody was held out yet, and no line item has arms\n\nhint: write `\"holdout\": {\"percent\": 10}` in a campaign, or `arms` in a line item\n",
        );
        return ExitCode::SUCCESS;
    }
    put(&text::text(&found, &forms));
    ExitCode::SUCCESS
}

/// That the campaign is one that the ledger knows.
fn known(args: &Args) -> Result<(), ExitCode> {
    let Some(campaign) = &args.campaign else { return Ok(()) };
    let failed = |error: StoreError| {
        let code = if matches!(error, StoreError::Missing { .. }) { INPUT_WRONG } else { WE_FAILED };
        fail(code, &error, error.hint())
    };
    let names = Store::open(&args.data).and_then(|store| names(&store)).map_err(failed)?;
    let slugs: Vec<&str> = names.campaigns.values().map(String::as_str).collect();
    if slugs.contains(&campaign.as_str()) {
        return Ok(());
    }
    let hint = match suggestion(campaign, slugs.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name it as its file does in `id`".to_owned(),
    };
    Err(fail(INPUT_WRONG, &format!("the ledger knows no campaign `{campaign}`"), &hint))
}

fn as_json(found: &Findings, forms: &Forms) -> Value {
    let holdout = |found: &HoldoutFound| {
        json!({
            "campaign": found.campaign,
            "currency": found.currency.to_string(),
            "percent": f64::from(found.share.ppm()) / 10_000.0,
            "since": found.since.raw(),
            "excluded": found.excluded,
            "foreign_values": found.foreign,
            "nameless": found.nameless,
            "trial": found.trial,
            "effect": found.effect,
            "sentence": sentence(found, forms),
        })
    };
    let arms = |found: &ArmsFound| {
        json!({
            "line_item": found.line_item,
            "currency": found.currency.to_string(),
            "arms": found.names,
            "comparison": found.comparison,
            "sentence": arms_words(found, forms),
        })
    };
    json!({
        "holdouts": found.holdouts.iter().map(holdout).collect::<Vec<_>>(),
        "arms": found.arms.iter().map(arms).collect::<Vec<_>>(),
        "caveat": CAVEAT.text(forms.lang()),
    })
}

/// What can be concluded of a holdout.
fn sentence(found: &HoldoutFound, forms: &Forms) -> String {
    holdout_sentence(&found.trial, found.effect.as_ref(), found.currency, forms)
}

/// What can be concluded of arms.
fn arms_words(found: &ArmsFound, forms: &Forms) -> String {
    let names: Vec<&str> = found.names.iter().map(String::as_str).collect();
    arms_sentence(&found.comparison, &names, found.currency, forms)
}
