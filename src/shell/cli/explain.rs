//! `encan explain`: for each line item what it would bid on a request, or each rule that says no and what to change.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use bumpalo::Bump;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::audience::{Profile, UserKeys};
use crate::bidder::{Ask, Plan, Snapshot};
use crate::budget::Book;
use crate::document::suggestion;
use crate::frequency::{Exposures, Seen};
use crate::geo::{Place, Readable};
use crate::openrtb::{self, BidRequest};
use crate::privacy::Permissions;
use crate::shell::agents::Agents;
use crate::shell::audience_store::AudienceStore;
use crate::shell::boot::BootError;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::clock;
use crate::shell::config::{ConfigArgs, configure};
use crate::shell::explaining::{Line, json, lines, slugs, text};
use crate::shell::secrets::Secrets;
use crate::units::{HouseholdKey, UserKey, limits};

/// Flags of `explain`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  encan explain --request fixtures/openrtb/accepted/banner_2_5_with_consent_in_ext.json\n  encan explain --request request.json --line-item private-deal-watches/business-press\n\nBudgets and frequency caps are taken as untouched; segments come from the audiences in --data, if any."
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
    /// Only this line item, as `campaign/line-item`.
    #[arg(long, value_name = "CAMPAIGN/LINE_ITEM")]
    pub line_item: Option<String>,
    /// Show every line item, however many there are.
    #[arg(long)]
    pub all: bool,
    /// Print JSON: all line items, with every field.
    #[arg(long)]
    pub json: bool,
}

/// Line items shown on one impression, unless all are asked for.
const SHOWN_MAX: usize = 20;

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
    let person = match person(args, &request, exchange, &permissions) {
        Ok(person) => person,
        Err(error) => return fail(WE_FAILED, &error, error.hint()),
    };
    if let Some(wanted) = args.line_item.as_deref().filter(|wanted| slugs(&plan).all(|slug| slug != *wanted))
    {
        let known: Vec<String> = slugs(&plan).collect();
        let hint = match suggestion(wanted, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name it as `campaign/line-item`".to_owned(),
        };
        return fail(INPUT_WRONG, &format!("there is no line item `{wanted}`"), &hint);
    }
    let mut lines = explained(plan, &request, &args.exchange, &permissions, &person);
    if let Some(wanted) = &args.line_item {
        lines.retain(|line| line.line_item == *wanted);
    }
    let shown_max = if args.all { usize::MAX } else { SHOWN_MAX };
    put(&if args.json { json(&lines) } else { text(&lines, shown_max) });
    ExitCode::SUCCESS
}

/// Who is behind the request.
struct Person {
    user: Option<UserKey>,
    household: Option<HouseholdKey>,
    /// What the audiences know of the user.
    profile: Profile,
}

/// The user and household of the request, and what is known of them.
fn person(
    args: &Args,
    request: &BidRequest<'_>,
    exchange: crate::units::ExchangeId,
    permissions: &Permissions,
) -> Result<Person, BootError> {
    if !args.data.join("secret").exists() {
        // No server ran here yet: whoever has an id is a person whom the store has never seen.
        let keys = UserKeys::new([0; 32]);
        let (user, household) =
            (keys.key(request, exchange, permissions), keys.household(request, permissions));
        let profile = if user.is_some() { Profile::known([]) } else { Profile::default() };
        return Ok(Person { user, household, profile });
    }
    let keys = UserKeys::new(Secrets::open(&args.data, clock::now())?.users);
    let household = keys.household(request, permissions);
    let Some(key) = keys.key(request, exchange, permissions) else {
        return Ok(Person { user: None, household, profile: Profile::default() });
    };
    let profile = AudienceStore::open(&args.data)?.profile(&key, clock::now())?;
    Ok(Person { user: Some(key), household, profile })
}

/// What comes of every line item on every impression: by impression, the best candidates first.
fn explained(
    plan: Plan,
    request: &BidRequest<'_>,
    exchange: &str,
    permissions: &Permissions,
    person: &Person,
) -> Vec<Line> {
    let now = clock::now();
    let snapshot = Snapshot::new(Arc::new(plan), &Book::default(), now, None);
    let exposures = Exposures::default();
    let Person { user, household, profile } = person;
    let exchange = snapshot.plan.exchange(exchange).expect("looked up before");
    let seen = Seen { user: user.map(|_| &exposures), household: household.map(|_| &exposures) };
    let agent = request.device.ua.map(|text| Agents::up_to(1).read(text));
    let located = snapshot.plan.geo.as_ref().and_then(|geo| geo.locate(request, permissions, now));
    let located = located.as_ref();
    say(&format!("place: {}\n", Place::of(request, located, Readable::by(permissions))));
    let (user, secure) = (*user, true);
    let household = household.filter(|_| snapshot.plan.counts_households);
    let ask =
        Ask { request, exchange, permissions, user, household, profile, seen, agent, located, secure, now };
    let mut random = SmallRng::seed_from_u64(1);
    lines(&snapshot, &ask, &mut random)
}
