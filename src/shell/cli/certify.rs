//! `encan certify`: holds any running bidder to OpenRTB, and says rule by rule what it keeps.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::campaign::{self, BillsOn, Exchange, MissingPrice, read_exchange};
use crate::certify::{
    BilledNotice, Case, Conclusion, NoBidForm, Report, Terms, Wishes, case_of, cases, wire_text,
};
use crate::document::{Faults, Source, render};
use crate::shell::certify::{Header, Notices, Outcome, Run, Target, headers};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::files::read_file;
use crate::shell::{clock, exchange_secrets};
use crate::sim::{Mix, Traffic};

/// Flags of `certify`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan certify --url http://127.0.0.1:8080/openrtb2/generic\n  encan certify --url http://bidder.test/bid --profile my-exchange.json --requests 1000 --json\n  encan certify --url http://127.0.0.1:8080/openrtb2/generic --deal PRESS-HOME-2026 --save failures/\n\nThe requests look like live ones: many bidders treat `test: 1` in a way of its own, and what is certified is what they do live. No money moves, for no notice is sent without --notices; but a bidder may hold money for its bids for a while. Use --test-flag where that is too much.\n\nCredentials: the secrets that the profile's `authentication` refers to are sent as the exchange would; --header adds others. Neither goes with notices.\n\nExit codes: 0 every rule that was tried is kept, 1 a rule is broken, too few bids came to certify anything, or the flags are wrong, 2 nobody listens, every request was turned away, or time was over."
)]
pub struct Args {
    /// Where the bidder takes bid requests; plain http only.
    #[arg(long)]
    pub url: String,
    /// An exchange profile: a file, or the name of one in --exchanges.
    #[arg(long, default_value = "generic", value_name = "PROFILE")]
    pub profile: String,
    /// Folder of exchange profiles.
    #[arg(long, env = "ENCAN_EXCHANGES", default_value = "fixtures/exchanges", value_name = "DIR")]
    pub exchanges: PathBuf,
    /// Generated requests beside the fixed ones.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub requests: u32,
    /// Of the generated requests.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// A deal that the bidder knows; may be given several times.
    #[arg(long = "deal", value_name = "ID")]
    pub deals: Vec<String>,
    /// The domain of an advertiser that the bidder has on the first deal; may be given several times.
    #[arg(long = "advertiser", value_name = "DOMAIN")]
    pub advertisers: Vec<String>,
    /// A header to send with every bid request, as a key; may be given several times. Goes before the profile's.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<Header>,
    /// Milliseconds to answer, in place of the profile's.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub tmax: Option<u32>,
    /// The share of answers, in percent, that must come within that time.
    #[arg(long, default_value_t = 85, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(..=100))]
    pub on_time: u32,
    /// Connections side by side.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub connections: u32,
    /// Seconds after which no further request is sent.
    #[arg(long, default_value_t = 120, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub limit: u32,
    /// Say `test: 1` in every request: not billable.
    #[arg(long)]
    pub test_flag: bool,
    /// Send win and billing notices of the first bids too. This moves money.
    #[arg(long)]
    pub notices: bool,
    /// Send the notices here, whatever host their addresses name: http://HOST:PORT.
    #[arg(long, value_name = "URL", requires = "notices")]
    pub notices_at: Option<String>,
    /// Write each failing request and its answer into this folder.
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(WE_FAILED, &error, "the system gives no threads"),
    };
    // The address first: without it, nothing else matters.
    let target = match runtime.block_on(Target::resolve(&args.url)) {
        Ok(target) => target,
        Err(error) => return fail(INPUT_WRONG, &error, error.hint()),
    };
    let exchange = match profile(args) {
        Ok(exchange) => exchange,
        Err(words) => {
            say(&words);
            return fail(INPUT_WRONG, &"the profile cannot be used", "name a file, or one in --exchanges");
        }
    };
    if args.notices && !exchange.is_ready() {
        let hint = "without them no notice tells a price: set what `price_keys` of the profile refers to";
        return fail(INPUT_WRONG, &"the keys of the exchange's prices are not known", hint);
    }
    runtime.block_on(certify(args, &exchange, target))
}

async fn certify(args: &Args, exchange: &Exchange, target: Target) -> ExitCode {
    if let Err(error) = tokio::net::TcpStream::connect(target.address).await {
        let error = format!("nobody listens at {}: {error}", target.address);
        return fail(WE_FAILED, &error, "start the bidder first, as with `encan serve`");
    }
    let terms = terms(args, exchange);
    let (cases, fixed) = all_cases(args, &terms);
    let total = cases.len();
    let base = args.notices_at.clone();
    let notices = args.notices.then(|| Notices { base, price: exchange.price.clone() });
    let headers = headers(&args.headers, &exchange.access);
    let connections = usize::try_from(args.connections).unwrap_or(1);
    let limit = Duration::from_secs(args.limit.into());
    let run = Run { target, terms, cases, fixed, connections, limit, headers, notices };
    let in_place = io::stderr().is_terminal();
    let mut shown: Option<Instant> = None;
    let outcome = run
        .run(|requests, bids| {
            let due = shown.is_none_or(|shown| shown.elapsed() > Duration::from_millis(100));
            if in_place && due {
                shown = Some(Instant::now());
                say(&format!("\r\x1b[K{requests} of {total} requests answered, {bids} bids"));
            }
        })
        .await;
    if in_place {
        say("\r\x1b[K");
    }
    concluded(args, exchange, &outcome)
}

/// Prints the report and gives the exit code.
fn concluded(args: &Args, exchange: &Exchange, outcome: &Outcome) -> ExitCode {
    let report = &outcome.report;
    if report.is_locked_out() {
        let error = format!("the bidder turned away all of {} requests with 401 or 403", report.requests());
        let hint = "it asks for credentials: name them in the profile's `authentication`, or give --header 'name: value'";
        return fail(WE_FAILED, &error, hint);
    }
    put(&if args.json {
        report.to_json(&args.url, &exchange.slug)
    } else {
        report.to_text(&args.url, &exchange.slug)
    });
    if args.deals.is_empty() && !args.json {
        say("\nhint: name deals that the bidder knows with --deal, or rules about deals are hardly tried\n");
    }
    if outcome.unsent_notices > 0 {
        let count = outcome.unsent_notices;
        say(&format!("{count} notices were not sent, for their addresses are not http; see --notices-at\n"));
    }
    if let Some(folder) = &args.save
        && let Err(error) = save(folder, report)
    {
        let error = format!("`{}` cannot be written: {error}", folder.display());
        return fail(WE_FAILED, &error, "name a folder that can be made");
    }
    match report.conclusion() {
        Conclusion::Pass => ExitCode::SUCCESS,
        Conclusion::Incomplete if outcome.cut_short => {
            let error = format!("time was over after {} requests", report.requests());
            fail(WE_FAILED, &error, "give more with --limit, or ask less with --requests")
        }
        Conclusion::Fail | Conclusion::Incomplete => ExitCode::from(INPUT_WRONG),
    }
}

/// The profile that `--profile` names, or what is wrong with it in words.
fn profile(args: &Args) -> Result<Exchange, String> {
    let named = Path::new(&args.profile);
    let is_path = named.components().count() > 1 || named.extension().is_some();
    let path = if is_path { named.to_owned() } else { args.exchanges.join(format!("{}.json", args.profile)) };
    let mut faults = Faults::new();
    let source = read_file(&path, &mut faults);
    let exchange = source.as_ref().and_then(|source| read_exchange(source, &mut faults));
    let sources: Vec<_> = source.into_iter().collect();
    match exchange {
        Some(exchange) if faults.errors() == 0 => Ok(with_secrets(exchange, &sources)),
        _ => Err(render(&faults.into_vec(), &sources, io::stderr().is_terminal())),
    }
}

/// The profile with its secrets; of each that cannot be had, a warning is written.
fn with_secrets(exchange: Exchange, sources: &[Source]) -> Exchange {
    let mut exchanges = [exchange];
    for fault in exchange_secrets::fetch(&mut exchanges, sources) {
        say(&format!("warning: {}\n", fault.headline()));
    }
    let [exchange] = exchanges;
    exchange
}

/// What the profile demands of an answer.
fn terms(args: &Args, exchange: &Exchange) -> Terms {
    Terms {
        tmax_ms: args.tmax.unwrap_or(exchange.tmax_ms),
        on_time_percent: args.on_time,
        no_bid: match exchange.answer.no_bid {
            campaign::NoBidForm::Empty => NoBidForm::NoContent,
            campaign::NoBidForm::Reason => NoBidForm::Reason,
        },
        currencies: exchange.currencies.iter().map(|currency| currency.code().to_owned()).collect(),
        seat: exchange.seat.clone(),
        bills_on: match exchange.bills_on {
            BillsOn::Billing => Some(BilledNotice::Billing),
            BillsOn::Win => Some(BilledNotice::Win),
            BillsOn::Impression => Some(BilledNotice::Impression),
        },
        price_required: exchange.missing_price == MissingPrice::Refuse,
        price_macro: exchange.price.name.clone(),
        price_decimals: Some(exchange.price_decimals),
    }
}

/// The fixed cases and the generated ones, and how many are fixed.
fn all_cases(args: &Args, terms: &Terms) -> (Vec<Case>, usize) {
    let now = clock::now();
    let run = format!("certify-{:x}", now.raw());
    let (deals, advertisers) = (&args.deals, &args.advertisers);
    let wishes = Wishes { run: &run, terms, deals, advertisers, test: args.test_flag };
    let mut all = cases(&wishes);
    let fixed = all.len();
    let mut mix = Mix { deal_share: 0.3, ..Mix::default() };
    if !args.deals.is_empty() {
        mix.deals.clone_from(&args.deals);
    }
    let mut traffic = Traffic::new(args.seed, mix);
    let mut body = Vec::new();
    for number in 1..=args.requests {
        body.clear();
        traffic.next(now, &mut body);
        all.extend(case_of(&body, format!("generated request {number}"), &wishes));
    }
    (all, fixed)
}

/// A request and an answer of each failure, in files named for the case.
fn save(folder: &Path, report: &Report) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for failure in report.failures() {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = failure.case.name.chars().map(word).take(60).collect();
        let file = |ending: &str| folder.join(format!("{:04}-{name}.{ending}", failure.number));
        std::fs::write(file("request"), &failure.case.body)?;
        let mut words = String::new();
        for finding in &failure.findings {
            words.push_str(&format!("{} ({}): {}\n", finding.rule.id, finding.rule.section, finding.what));
        }
        let headers = failure.case.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        words.push_str(&format!("\nsent {} with\n{}", failure.case.method, headers.collect::<String>()));
        let came = failure.answer.as_ref().map_or_else(Clone::clone, wire_text);
        words.push_str(&format!("\ncame {came}\n"));
        std::fs::write(file("answer"), words)?;
    }
    Ok(())
}
