//! New keys while the server runs. The file is looked at every second and at SIGHUP: the folder that it lies in is
//! written all the time, so that being told of its changes would cost more than looking.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch::Receiver;

use crate::shell::clock;
use crate::shell::http::stopped;
use crate::shell::secrets::{FILE, Secrets, SecretsError};
use crate::shell::service::Service;

const LOOK: Duration = Duration::from_secs(1);

/// What tells one file from the next of its name.
type Looks = (u64, i64, i64, u64);

/// Takes the notice keys of `folder` whenever they have changed, until `stop`. `users` is the secret of the ids of
/// people that the server started with.
pub async fn watch(service: Arc<Service>, folder: PathBuf, users: [u8; 32], mut stop: Receiver<bool>) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => Some(hangup),
        Err(error) => {
            tracing::warn!(%error, "SIGHUP is not heard, the keys are looked at all the same");
            None
        }
    };
    // Nothing yet: what was changed since the start is seen at the first look.
    let mut seen = None;
    loop {
        let told = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = told => {}
            () = stopped(&mut stop) => return,
        }
        let (service, folder) = (Arc::clone(&service), folder.clone());
        let looked = tokio::task::spawn_blocking(move || look(&service, &folder, users, seen));
        seen = looked.await.unwrap_or(seen);
    }
}

/// Takes the keys if the file is not the one that was `seen`; gives what was seen now.
fn look(service: &Service, folder: &Path, users: [u8; 32], seen: Option<Looks>) -> Option<Looks> {
    let found = std::fs::metadata(folder.join(FILE)).ok();
    let found = found.map(|file| (file.ino(), file.mtime(), file.mtime_nsec(), file.len()));
    if found == seen {
        return seen;
    }
    match durable(folder) {
        Ok(secrets) if secrets.users != users => {
            service.metrics.keys_reloaded(false);
            tracing::error!(
                "another secret for the ids of people is in place: restart, or put back the file"
            );
        }
        Ok(secrets) => {
            let keys = secrets.keys(clock::now());
            if !keys.ids().eq(service.composer.load().keys().ids()) {
                let ids: Vec<String> = keys.ids().map(|id| id.to_string()).collect();
                service.take_keys(keys);
                service.metrics.keys_reloaded(true);
                tracing::info!(current = ids[0], former = ids[1..].join(" "), "notice keys taken");
            }
        }
        Err(error) => {
            service.metrics.keys_reloaded(false);
            tracing::error!(%error, hint = error.hint(), "notice keys refused, the old ones go on");
        }
    }
    found
}

/// The secrets, on the disk for good: a key that a loss of power could take back must not sign.
fn durable(folder: &Path) -> Result<Secrets, SecretsError> {
    let secrets = Secrets::existing(folder)?;
    // Whoever put the file there may have synced neither.
    let synced = std::fs::File::open(folder.join(FILE))
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::File::open(folder)?.sync_all());
    synced.map_err(|source| SecretsError::File { file: folder.join(FILE), source })?;
    Ok(secrets)
}
