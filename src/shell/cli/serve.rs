//! `encan serve`: bids, until told to stop.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};

use crate::shell::audience_store::{AudienceError, AudienceWriterHandle};
use crate::shell::boot::{Booted, boot};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, say};
use crate::shell::clock;
use crate::shell::config::{ConfigArgs, Configured, configure};
use crate::shell::console::Sampler;
use crate::shell::corrections;
use crate::shell::disk::DiskWatch;
use crate::shell::events::Forgetting;
use crate::shell::experiments::{GhostKeeper, Inbox as Enrolments};
use crate::shell::feedback::FeedbackThread;
use crate::shell::figures::Keeping;
use crate::shell::http::{Door, Spans, serve};
use crate::shell::learning::{Inbox, Keeper, Kept, Learner, Training};
use crate::shell::leasing::Leasing;
use crate::shell::reload;
use crate::shell::secrets;
use crate::shell::service::Service;
use crate::shell::store::StoreError;
use crate::shell::worker::Worker;
use crate::units::{Millis, limits};

/// How often the slow loop beats.
const TICK: Duration = Duration::from_millis(100);
/// How often users without anything are forgotten.
const PRUNE: Duration = Duration::from_secs(60);
/// How long accepted requests may take to be answered at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Flags of `serve`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan serve\n  encan serve --campaigns my-campaigns --data /var/lib/encan --listen 0.0.0.0:8080 \\\n      --public-url https://bid.example\n\nSIGHUP, or a change of the files, reloads them. SIGTERM and Ctrl-C end it cleanly."
)]
pub struct Args {
    #[command(flatten)]
    server: ServerArgs,
}

/// Flags of a server; `demo` has them too.
#[derive(Debug, Clone, clap::Args)]
pub struct ServerArgs {
    #[command(flatten)]
    pub(in crate::shell) config: ConfigArgs,
    /// Folder of the ledger, the audiences and the secrets.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    pub(in crate::shell) data: PathBuf,
    /// Where exchanges, browsers and advertisers come in. Port 0 picks a free one.
    #[arg(long, env = "ENCAN_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub(in crate::shell) listen: SocketAddr,
    /// Where the operator comes in; loopback only.
    #[arg(long, env = "ENCAN_ADMIN", default_value = "127.0.0.1:9090", value_name = "ADDR")]
    pub(in crate::shell) admin: SocketAddr,
    /// Where the outside reaches the bidder: the start of every notice's address [default: http://LISTEN].
    #[arg(long, env = "ENCAN_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub(in crate::shell) public_url: Option<String>,
    /// MiB of the data folder's disk that stay free for notices: with less, bidding stops.
    #[arg(long, env = "ENCAN_DISK_RESERVE", default_value_t = 256, value_name = "MIB")]
    disk_reserve: u32,
    /// How often chances of clicks and conversions are trained on what became known, as 10m or 1h; 0 = never:
    /// a line item that is after conversions and does not say which to expect then explores for ever.
    #[arg(long, env = "ENCAN_TRAIN_EVERY", default_value = "10m", value_name = "TIME", value_parser = train_every)]
    train_every: Duration,
    /// Days that billed impressions are kept to train on.
    #[arg(long, env = "ENCAN_CONTEXT_DAYS", default_value_t = 90, value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=3_650))]
    context_days: u32,
    /// Minutes from one look at what impressions brought to the next: each may change bids, or propose to.
    #[arg(long, env = "ENCAN_FEEDBACK_MINUTES", default_value_t = 60, value_name = "MINUTES",
          value_parser = clap::value_parser!(u32).range(1..))]
    feedback_minutes: u32,
    /// Milliseconds that a connection may be idle, for tests.
    #[arg(long, hide = true, value_name = "MS")]
    idle_ms: Option<u64>,
    /// Milliseconds that the head of a request may take, for tests.
    #[arg(long, hide = true, value_name = "MS")]
    head_ms: Option<u64>,
}

impl ServerArgs {
    fn spans(&self) -> Spans {
        let usual = Spans::default();
        let idle = self.idle_ms.map_or(usual.idle, Duration::from_millis);
        let head = self.head_ms.map_or(usual.head, Duration::from_millis);
        Spans { idle, head, ..usual }
    }
}

/// An address that notices can begin with: a scheme, a host, perhaps a port and a path, nothing to escape.
fn public_url(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is not an address like https://bid.example");
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(wrong)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]".contains(c);
    let has_host = host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    if has_host && host.chars().all(plain) { Ok(text.trim_end_matches('/').to_owned()) } else { Err(wrong()) }
}

/// A span like 10m; 0 is never.
fn train_every(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time like 10m, 1h or 30s, or 0");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let most = 7 * 86_400;
    let whole = count.checked_mul(seconds).filter(|whole| *whole <= most);
    whole.map(Duration::from_secs).ok_or_else(|| format!("`{text}` is more than a week"))
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(WE_FAILED, &error, "the system gives no threads"),
    };
    runtime.block_on(async {
        // Heard from the first moment on: a signal right after the start must not tear anything.
        let mut ends = match Ends::begin() {
            Ok(ends) => ends,
            Err(error) => return fail(WE_FAILED, &error, "the system gives no signals"),
        };
        let mut server = match Server::start(&args.server).await {
            Ok(server) => server,
            Err(refused) => return refused,
        };
        // The doors are open already: until the audiences are read, bids go by context alone, and until it is read what
        // people were shown, nothing that a cap counts is shown to them.
        let read = tokio::select! {
            read = server.people_read() => read,
            signal = ends.told() => return server.stop(Ok(signal)).await,
        };
        if let Err(error) = read {
            return server.stop(Err(error)).await;
        }
        server.announce();
        let ended = tokio::select! {
            signal = ends.told() => Ok(signal),
            error = &mut server.failed => {
                Err(error.unwrap_or_else(|_| "the ledger's writer has ended".to_owned()))
            }
        };
        server.stop(ended).await
    })
}

/// Warnings and what an operator did, as lines on stderr; `ENCAN_LOG` sets the level.
pub(in crate::shell) fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ENCAN_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second call, from a test in the same process, changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
}

/// The signals that end the server.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    fn begin() -> std::io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt })
    }

    async fn told(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }
}

/// A running server.
#[derive(Debug)]
pub(in crate::shell) struct Server {
    pub(in crate::shell) service: Arc<Service>,
    pub(in crate::shell) bids: SocketAddr,
    pub(in crate::shell) admin: SocketAddr,
    pub(in crate::shell) failed: oneshot::Receiver<String>,
    data: PathBuf,
    stop: watch::Sender<bool>,
    doors: Vec<tokio::task::JoinHandle<()>>,
    beat: Beat,
    leasing: Leasing,
    forgetting: Forgetting,
    keeping: Keeping,
    feedback: FeedbackThread,
    disk: DiskWatch,
    sampler: Sampler,
    school: School,
    reloads: tokio::task::JoinHandle<()>,
    writer: crate::shell::store::WriterHandle,
    audience_writer: AudienceWriterHandle,
    audiences_read: oneshot::Receiver<Result<(), AudienceError>>,
    exposures_read: oneshot::Receiver<Result<(), StoreError>>,
}

impl Server {
    /// Checks everything, opens everything, and starts to answer. What is wrong is said before.
    pub(in crate::shell) async fn start(args: &ServerArgs) -> Result<Self, ExitCode> {
        let signs = reload::Signs::begin(&args.config);
        let configured = configure(&args.config, 1, clock::now()).map_err(|faulty| {
            say(&faulty.words());
            let hint = "`encan check` shows the same, without starting";
            fail(INPUT_WRONG, &"the configuration has errors: nothing was started", hint)
        })?;
        let Configured { plan, warnings } = configured;
        if !warnings.faults.is_empty() {
            say(&warnings.words());
        }
        if !args.admin.ip().is_loopback() {
            let error = format!("the admin address {} is not on loopback", args.admin);
            return Err(fail(INPUT_WRONG, &error, "use 127.0.0.1, and a tunnel from elsewhere"));
        }
        let (public, bids) = bind(args.listen, "--listen").await?;
        let (private, admin) = bind(args.admin, "--admin").await?;
        let base = args.public_url.clone().unwrap_or_else(|| format!("http://{bids}"));
        let booted = boot(plan, &args.data, base);
        let booted = booted.map_err(|error| fail(error.exit_code(), &error, error.hint()))?;
        let Booted {
            service, writer, failed, audience_writer, audiences_read, exposures_read, secrets, ..
        } = booted;
        let taught = (booted.inbox, booted.learnt, booted.enrolments);
        announce_door(&args.data, admin)?;
        let every = Millis::from_seconds(i64::from(args.feedback_minutes) * 60);
        let feedback = FeedbackThread::start(Arc::clone(&service), &args.data, every)
            .map_err(|error| fail(WE_FAILED, &error, &error.hint()))?;
        let no_thread = |error| fail(WE_FAILED, &error, "the system gives no threads");
        let reserve = u64::from(args.disk_reserve) << 20;
        let disk = DiskWatch::start(Arc::clone(&service), args.data.clone(), reserve).map_err(no_thread)?;
        let sampler = Sampler::start(Arc::clone(&service), args.data.clone()).map_err(no_thread)?;
        let school = School::start(&service, args, taught).map_err(no_thread)?;
        let (stop, stopped) = watch::channel(false);
        let spans = args.spans();
        let door = |listener, door| {
            tokio::spawn(serve(listener, door, Arc::clone(&service), spans, stopped.clone(), DRAIN))
        };
        let doors = vec![door(public, Door::Public), door(private, Door::Admin)];
        let beat = Beat::start(Arc::clone(&service)).map_err(no_thread)?;
        let leasing = Leasing::start(Arc::clone(&service)).map_err(no_thread)?;
        let forgetting = Forgetting::start(Arc::clone(&service)).map_err(no_thread)?;
        let keeping = Keeping::start(args.data.clone()).map_err(no_thread)?;
        let keys = secrets::watch(Arc::clone(&service), args.data.clone(), secrets.users, stopped.clone());
        let files = reload::watch(signs, Arc::clone(&service), args.config.clone(), stopped);
        let reloads = tokio::spawn(async { _ = tokio::join!(files, keys) });
        Ok(Self {
            service,
            bids,
            admin,
            failed,
            data: args.data.clone(),
            stop,
            doors,
            beat,
            leasing,
            forgetting,
            keeping,
            feedback,
            disk,
            sampler,
            school,
            reloads,
            writer,
            audience_writer,
            audiences_read,
            exposures_read,
        })
    }

    /// Returns once the audiences and what people were shown are in memory, or says why they cannot be. To be asked
    /// once.
    pub(in crate::shell) async fn people_read(&mut self) -> Result<(), String> {
        match (&mut self.audiences_read).await {
            Ok(read) => read.map_err(|error| format!("{error}; {}", error.hint()))?,
            Err(_) => return Err("the reader of the audiences has ended".to_owned()),
        }
        match (&mut self.exposures_read).await {
            Ok(read) => read.map_err(|error| format!("{error}; {}", error.hint())),
            Err(_) => Err("the reader of what people were shown has ended".to_owned()),
        }
    }

    fn announce(&self) {
        let catalog = &self.service.snapshot().plan.catalog;
        let (campaigns, line_items) = (catalog.campaigns.len(), catalog.line_items.len());
        if !self.service.composer.load().is_secure() {
            say(
                "warning: the public address is not https, so impressions that take https only are not bid on\n\n\
                 hint: name the address that exchanges reach, with `--public-url https://...`\n\n",
            );
        }
        say(&format!(
            "encan bids for {campaigns} campaigns with {line_items} line items\n\
             \n\
             \x20 bids      http://{bids}/openrtb2/{{exchange}}\n\
             \x20 metrics   http://{admin}/metrics\n\
             \x20 console   http://{admin}/\n\
             \x20 ledger    {data}\n\
             \n\
             Try it:\n\
             \n\
             \x20 curl -s http://{bids}/openrtb2/generic -d '{{\"id\":\"1\",\"imp\":[{{\"id\":\"1\",\"banner\":{{\"w\":300,\"h\":250}}}}]}}'\n\
             \n",
            bids = self.bids,
            admin = self.admin,
            data = self.data.display(),
        ));
    }

    /// Ends it: no new requests, accepted ones answered, everything committed.
    pub(in crate::shell) async fn stop(self, why: Result<&'static str, String>) -> ExitCode {
        if let Ok(signal) = &why {
            tracing::info!(signal, "stopping");
        }
        let _ = self.stop.send(true);
        for door in self.doors {
            let _ = door.await;
        }
        self.reloads.abort();
        let _ = self.reloads.await;
        let (beat, leasing, forgetting, disk) = (self.beat, self.leasing, self.forgetting, self.disk);
        let (school, keeping, sampler) = (self.school, self.keeping, self.sampler);
        let feedback = self.feedback;
        let ended = move || {
            beat.stop();
            leasing.stop();
            forgetting.stop();
            feedback.stop();
            disk.stop();
            sampler.stop();
            school.stop();
            keeping.stop();
        };
        let _ = tokio::task::spawn_blocking(ended).await;
        // Bids still out keep their money over a restart. A writer that has ended says why below.
        let _ =
            self.service.writer.park(self.service.book.epoch(), self.service.parked(), clock::steady()).await;
        drop(self.service);
        corrections::withdraw(&self.data);
        let closed = tokio::task::spawn_blocking(|| {
            self.audience_writer.join();
            self.writer.join()
        })
        .await;
        match (why, closed) {
            (Ok(_), Ok(Ok(()))) => {
                tracing::info!("stopped, the ledger is closed");
                ExitCode::SUCCESS
            }
            (_, Ok(Err(error))) => fail(WE_FAILED, &error, error.hint()),
            (Err(error), _) => fail(WE_FAILED, &error, ""),
            (_, Err(error)) => fail(WE_FAILED, &error, ""),
        }
    }
}

/// The threads of learning and of experiments.
#[derive(Debug)]
struct School {
    experiments: GhostKeeper,
    learner: Learner,
    keeper: Keeper,
    training: Training,
}

impl School {
    fn start(
        service: &Arc<Service>,
        args: &ServerArgs,
        taught: (Inbox, Kept, Enrolments),
    ) -> std::io::Result<Self> {
        let (service, folder) = (|| Arc::clone(service), || args.data.clone());
        let (inbox, learnt, enrolments) = taught;
        Ok(Self {
            experiments: GhostKeeper::start(service(), folder(), enrolments)?,
            learner: Learner::start(service(), folder(), inbox.news, learnt)?,
            keeper: Keeper::start(service(), folder(), inbox.to_keep, args.context_days)?,
            training: Training::start(service(), folder(), args.train_every)?,
        })
    }

    /// Ends them: what waits is folded and written.
    fn stop(self) {
        self.experiments.stop();
        self.training.stop();
        self.keeper.stop();
        self.learner.stop();
    }
}

/// Tells other processes where the operator's door is.
fn announce_door(data: &Path, admin: SocketAddr) -> Result<(), ExitCode> {
    corrections::announce(data, admin).map_err(|error| {
        let hint = "free disk space, or name a folder that can be written with `--data DIR`";
        fail(WE_FAILED, &format!("the data folder cannot be written: {error}"), hint)
    })
}

async fn bind(address: SocketAddr, flag: &str) -> Result<(TcpListener, SocketAddr), ExitCode> {
    let refused = |error: std::io::Error| {
        let hint = format!(
            "stop what uses it, or name another address with `{flag} ADDR` (port 0 picks a free one)"
        );
        fail(WE_FAILED, &format!("cannot listen on {address}: {error}"), &hint)
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

/// The slow loop, on a thread of its own: whatever it takes, requests do not wait for it.
#[derive(Debug)]
struct Beat(Worker);

impl Beat {
    fn start(service: Arc<Service>) -> std::io::Result<Self> {
        Worker::start("slow loop", move |stop| {
            let mut pruned = Instant::now();
            while !stop.is_set() {
                service.tick(clock::now(), clock::steady());
                if pruned.elapsed() >= PRUNE {
                    pruned = Instant::now();
                    service.exposures.prune(clock::now(), limits::FREQUENCY_WINDOW_MAX);
                }
                std::thread::park_timeout(pause(&service));
            }
        })
        .map(Self)
    }

    /// Ends it after the beat that it is in.
    fn stop(self) {
        self.0.stop();
    }
}

/// How long the slow loop rests: until its next beat, or until a day or an hour ends, for nothing is bid after it
/// before it has been seen.
fn pause(service: &Service) -> Duration {
    let left = service.snapshot().money.valid_until.since(clock::now()).raw().max(1);
    TICK.min(Duration::from_millis(left.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::public_url;

    #[test]
    fn the_public_address_is_one_that_notices_can_begin_with() {
        for (text, want) in [
            ("https://bid.example", "https://bid.example"),
            ("https://bid.example:8443/", "https://bid.example:8443"),
            ("http://[::1]:8080/rtb", "http://[::1]:8080/rtb"),
        ] {
            assert_eq!(public_url(text).as_deref(), Ok(want));
        }
        for text in [
            "",
            "bid.example",
            "https://",
            "ftp://bid.example",
            "https://bid.example/a b",
            "https://b/\"",
            "https://b/${X}",
        ] {
            assert!(public_url(text).is_err(), "{text}");
        }
    }
}
