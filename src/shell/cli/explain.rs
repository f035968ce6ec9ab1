//! `encan explain`: for each line item what it would bid on a request, or each rule that says no.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use bumpalo::Bump;
use comfy_table::{ContentArrangement, Table, presets};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use serde::Serialize;

use crate::audience::{Profile, UserKeys};
use crate::bidder::{Ask, Asleep, Chosen, Outcome, Plan, Snapshot, Verdict, explain};
use crate::budget::Book;
use crate::campaign::Factor;
use crate::frequency::Exposures;
use crate::openrtb::{self, BidRequest};
use crate::privacy::Permissions;
use crate::shell::agents::Agents;
use crate::shell::audience_store::AudienceStore;
use crate::shell::boot::BootError;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::clock;
use crate::shell::config::{ConfigArgs, configure};
use crate::shell::secrets::Secrets;
use crate::targeting::Failure;
use crate::units::{UserKey, limits};

/// Flags of `explain`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  encan explain --request fixtures/openrtb/accepted/banner_2_5_with_consent_in_ext.json\n\nBudgets and frequency caps are taken as untouched; segments come from the audiences in --data, if any."
)]
pub struct Args {
    /// The bid request, as JSON.
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// The exchange it came from.
    #[arg(long, value_name = "NAME", default_value = "generic")]
    pub exchange: String,
    #[command(flatten)]
    config: ConfigArgs,
    /// Folder of the audiences.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Columns of the table: what a wide terminal shows.
const TABLE_COLUMNS: u16 = 100;

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let body = match std::fs::read(&args.request) {
        Ok(body) if body.len() <= limits::BODY_INFLATED_BYTES_MAX => body,
        Ok(_) => return fail(INPUT_WRONG, &"the request is larger than the server takes", ""),
        Err(error) => {
            let error = format!("`{}` cannot be read: {error}", args.request.display());
            return fail(INPUT_WRONG, &error, "name a file with one bid request");
        }
    };
    let arena = Bump::new();
    let request = match openrtb::parse(&body, &arena) {
        Ok(request) => request,
        Err(error) => {
            let error = format!("`{}` is no bid request: {error}", args.request.display());
            return fail(INPUT_WRONG, &error, "an exchange would get a 400 for it");
        }
    };
    let plan = match configure(&args.config, 1, clock::now()) {
        Ok(configured) => configured.plan,
        Err(faulty) => {
            say(&faulty.words());
            return fail(INPUT_WRONG, &"the configuration has errors", "mend them, see `encan check`");
        }
    };
    let Some(known) = plan.exchange(&args.exchange) else {
        let hint = "name the file of its profile, without `.json`";
        return fail(INPUT_WRONG, &format!("there is no exchange `{}`", args.exchange), hint);
    };
    if known.slug != args.exchange {
        say(&format!("there is no profile `{}`: `{}` stands in for it\n", args.exchange, known.slug));
    }
    let exchange = known.id;
    let permissions = Permissions::of(&request, &known.privacy);
    if let Some(restriction) = permissions.reason {
        say(&format!("not everything of the person may be used: {restriction}\n"));
    }
    let (user, profile) = match person(args, &request, exchange, &permissions) {
        Ok(person) => person,
        Err(error) => return fail(WE_FAILED, &error, error.hint()),
    };
    let lines = explained(plan, &request, &args.exchange, &permissions, user, &profile);
    put(&if args.json { json(&lines) } else { text(&lines) });
    ExitCode::SUCCESS
}

/// The user of the request, and what the audiences know of them.
fn person(
    args: &Args,
    request: &BidRequest<'_>,
    exchange: crate::units::ExchangeId,
    permissions: &Permissions,
) -> Result<(Option<UserKey>, Profile), BootError> {
    if !args.data.join("secret").exists() {
        // No server ran here yet: nobody is known.
        let anyone = UserKeys::new([0; 32]).key(request, exchange, permissions);
        return Ok((anyone, Profile::known([])));
    }
    let secrets = Secrets::open(&args.data)?;
    let Some(key) = UserKeys::new(secrets.users).key(request, exchange, permissions) else {
        return Ok((None, Profile::default()));
    };
    let people = AudienceStore::open(&args.data)?.profiles(clock::now())?;
    let profile = people.into_iter().find(|(user, _)| *user == key).map(|(_, profile)| profile);
    Ok((Some(key), profile.unwrap_or_else(|| Profile::known([]))))
}

/// One line item on one impression, in words.
#[derive(Debug, Serialize)]
struct Line {
    imp: String,
    line_item: String,
    bids: bool,
    /// By how much its modifiers multiply its value, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bid: Option<BidWords>,
    reasons: Vec<String>,
}

#[derive(Debug, Serialize)]
struct BidWords {
    price: String,
    currency: String,
    creative: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deal: Option<String>,
}

fn explained(
    plan: Plan,
    request: &BidRequest<'_>,
    exchange: &str,
    permissions: &Permissions,
    user: Option<UserKey>,
    profile: &Profile,
) -> Vec<Line> {
    let now = clock::now();
    let snapshot = Snapshot::new(Arc::new(plan), &Book::default(), now, None);
    let exposures = Exposures::default();
    let exchange = snapshot.plan.exchange(exchange).expect("looked up before");
    let exposures = user.is_some().then_some(&exposures);
    let agent = request.device.ua.map(|text| Agents::up_to(1).read(text));
    let ask = Ask { request, exchange, permissions, user, profile, exposures, agent, secure: true, now };
    let mut random = SmallRng::seed_from_u64(1);
    let (decision, mut verdicts) = explain(&snapshot, &ask, &mut random);
    // What bids is what was asked for: it stands above all that does not.
    verdicts.sort_by_key(|verdict| (verdict.imp, !matches!(verdict.outcome, Outcome::Bids(_))));
    let line = |verdict: Verdict| {
        let line_item = &snapshot.plan.catalog.line_items[verdict.line_item];
        let campaign = &snapshot.plan.catalog.campaigns[line_item.campaign].slug;
        let (bid, reasons) = match verdict.outcome {
            Outcome::Bids(at) => (Some(bid_words(&decision.bids[at])), Vec::new()),
            Outcome::Declined(reason) => (None, vec![reason.to_string()]),
            Outcome::Untargeted(failures) => (None, failures.iter().map(Failure::to_string).collect()),
            Outcome::Asleep(asleep, failures) => {
                let asleep = asleep_words(asleep);
                (None, std::iter::once(asleep).chain(failures.iter().map(Failure::to_string)).collect())
            }
        };
        let imp = request.imp[verdict.imp].id.to_owned();
        let factor = (verdict.factor != Factor::ONE).then(|| verdict.factor.to_string());
        let line_item = format!("{campaign}/{}", line_item.slug);
        Line { imp, line_item, bids: bid.is_some(), factor, bid, reasons }
    };
    verdicts.into_iter().map(line).collect()
}

fn bid_words(chosen: &Chosen<'_>) -> BidWords {
    BidWords {
        price: chosen.ticket.price.to_string(),
        currency: chosen.ticket.price_currency.to_string(),
        creative: chosen.creative.slug.clone(),
        deal: chosen.deal.map(|deal| deal.id.to_owned()),
    }
}

fn asleep_words(asleep: Asleep) -> String {
    match asleep {
        Asleep::Paused => "it is paused".to_owned(),
        Asleep::NotStarted => "its flight has not begun".to_owned(),
        Asleep::Ended => "its flight is over".to_owned(),
        Asleep::Spent(refusal) => refusal.to_string(),
        Asleep::Paced => "the day's pace does not allow it yet".to_owned(),
    }
}

fn json(lines: &[Line]) -> String {
    let mut json = serde_json::to_string_pretty(lines).expect("texts and flags are JSON");
    json.push('\n');
    json
}

fn text(lines: &[Line]) -> String {
    if lines.is_empty() {
        return "the request has no impression that can be bid on\n".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_width(TABLE_COLUMNS);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["imp", "line item", "bids", "why not"]);
    for line in lines {
        let bid = line.bid.as_ref().map_or_else(
            || "no".to_owned(),
            |bid| {
                let deal = bid.deal.as_ref().map(|deal| format!(" on deal {deal}")).unwrap_or_default();
                format!("{} {} with {}{deal}", bid.price, bid.currency, bid.creative)
            },
        );
        let factor =
            line.factor.as_ref().map(|factor| format!("its modifiers multiply its value by {factor}"));
        let reasons: Vec<&str> = line.reasons.iter().chain(&factor).map(String::as_str).collect();
        table.add_row([line.imp.clone(), line.line_item.clone(), bid, reasons.join("\n")]);
    }
    format!("{table}\n")
}
