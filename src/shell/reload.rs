//! New campaign files while the server runs: noticed by watching the folders or told by SIGHUP, taken
//! whole or refused whole.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::shell::cli::say;
use crate::shell::clock;
use crate::shell::config::{ConfigArgs, configure_over};
use crate::shell::http::stopped;
use crate::shell::service::{Service, names};
use crate::shell::supply;

/// Editors write a file in several steps: wait until they are done.
const SETTLE: Duration = Duration::from_millis(200);

/// What tells of new files. Made before the files are read for the first time, so that no change and no
/// signal after that is missed.
#[derive(Debug)]
pub struct Signs {
    /// Watches as long as it lives.
    watcher: notify::Result<notify::RecommendedWatcher>,
    changes: mpsc::Receiver<()>,
    hangup: std::io::Result<Signal>,
}

impl Signs {
    /// Begins to watch what `args` name and to hear SIGHUP.
    #[must_use]
    pub fn begin(args: &ConfigArgs) -> Self {
        let (changed, changes) = mpsc::channel(1);
        Self { watcher: start_watching(args, changed), changes, hangup: signal(SignalKind::hangup()) }
    }
}

/// Reloads whenever there is a sign, until `stop`.
pub async fn watch(signs: Signs, service: Arc<Service>, args: ConfigArgs, mut stop: watch::Receiver<bool>) {
    let Signs { watcher, mut changes, hangup } = signs;
    if let Err(error) = &watcher {
        tracing::warn!(%error, "files are not watched: send SIGHUP after a change");
    }
    let mut hangup = match hangup {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::warn!(%error, "SIGHUP is not heard");
            return;
        }
    };
    loop {
        tokio::select! {
            Some(()) = hangup.recv() => {}
            Some(()) = changes.recv(), if watcher.is_ok() => {
                tokio::time::sleep(SETTLE).await;
                while changes.try_recv().is_ok() {}
            }
            () = stopped(&mut stop) => return,
        }
        let (service, args) = (Arc::clone(&service), args.clone());
        // Off the threads that answer requests: a large catalog takes a while to compile.
        let reloaded = tokio::task::spawn_blocking(move || {
            let names = reload(&service, &args);
            names.map(|names| (service, names))
        });
        if let Ok(Some((service, names))) = reloaded.await {
            // A writer that has ended stops the server anyway.
            let _ = service.writer.remember(names).await;
        }
    }
}

fn start_watching(
    args: &ConfigArgs,
    changed: mpsc::Sender<()>,
) -> notify::Result<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let read_only = matches!(&event, Ok(event) if event.kind.is_access());
        if !read_only {
            // A full channel means that a reload is due already.
            let _ = changed.try_send(());
        }
    })?;
    for folder in [&args.campaigns, &args.exchanges, &args.tax, &args.audiences] {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    for folder in supply::folders(&args.supply) {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
    }
    if args.lists.is_dir() {
        watcher.watch(&args.lists, RecursiveMode::NonRecursive)?;
    }
    // The folder, since an editor may replace the file.
    watcher.watch(folder_of(&args.currencies), RecursiveMode::NonRecursive)?;
    if folder_of(&args.geo).is_dir() {
        watcher.watch(folder_of(&args.geo), RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// The folder that the file at `path` lies in.
fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Takes the files as they are now, or refuses them all and goes on as before; the names to remember if
/// they were taken.
fn reload(service: &Service, args: &ConfigArgs) -> Option<Vec<crate::shell::store::Name>> {
    let before = Arc::clone(&service.snapshot().plan);
    let running = before.revision;
    match configure_over(args, running + 1, clock::now(), Some(&before)) {
        Ok(configured) if configured.plan.rows.is_empty() && !service.snapshot().plan.rows.is_empty() => {
            service.metrics.reloaded(false);
            say(
                "error: there are no campaigns any more\n\nhint: to stop them all, set `\"status\": \"paused\"`\n",
            );
            tracing::warn!(revision = running, "new campaigns refused, the old ones go on");
            None
        }
        Ok(configured) => {
            if !configured.warnings.faults.is_empty() {
                say(&configured.warnings.words());
            }
            let (campaigns, line_items) =
                (configured.plan.catalog.campaigns.len(), configured.plan.catalog.line_items.len());
            let [ads_txt, app_ads_txt, sellers_json] = configured.plan.supply.counts();
            let geo = configured
                .plan
                .geo
                .clone()
                .filter(|geo| before.geo.as_ref().is_none_or(|before| !Arc::ptr_eq(geo, before)));
            let names = names(&configured.plan);
            if let Err(error) = service.install(configured.plan) {
                service.metrics.reloaded(false);
                say(&format!("error: {error}\n\nhint: {}\n", error.hint()));
                tracing::warn!(revision = running, "new campaigns refused, the old ones go on");
                return None;
            }
            service.metrics.reloaded(true);
            let revision = running + 1;
            tracing::info!(revision, campaigns, line_items, "campaigns reloaded");
            tracing::info!(revision, ads_txt, app_ads_txt, sellers_json, "supply lists reloaded");
            if let Some(geo) = geo {
                let (kind, networks) = (geo.kind(), geo.networks());
                tracing::info!(revision, kind, networks, "database of addresses reloaded");
            }
            Some(names)
        }
        Err(faulty) => {
            service.metrics.reloaded(false);
            say(&faulty.words());
            tracing::warn!(revision = running, "new campaigns refused, the old ones go on");
            None
        }
    }
}
