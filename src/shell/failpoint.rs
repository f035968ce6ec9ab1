//! Failpoints: places on the way to the disk where a test makes a development build die or fail.
//!
//! `ENCAN_FAILPOINTS="ledger.commit=eio@5,booking.settle=kill@37"` arms them: the fifth commit fails, and
//! the 37th settlement is never reached. `@5..` means the fifth pass and all after it; without `@` it is
//! the first. A release has none of this: no name, no variable, no check.

use std::io;

/// A place that can be armed. Where nothing is written, nothing can fail: see [`pass`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(debug_assertions, derive(strum::EnumString, strum::VariantNames, strum::IntoStaticStr))]
#[expect(missing_docs, reason = "the names say it")]
pub enum Point {
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.create"))]
    LedgerCreate,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.created"))]
    LedgerCreated,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.begin"))]
    LedgerBegin,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.row"))]
    LedgerRow,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.park"))]
    LedgerPark,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.commit"))]
    LedgerCommit,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.committed"))]
    LedgerCommitted,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.answered"))]
    LedgerAnswered,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.checkpoint"))]
    LedgerCheckpoint,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.checkpointed"))]
    LedgerCheckpointed,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.revert"))]
    LedgerRevert,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.close"))]
    LedgerClose,
    #[cfg_attr(debug_assertions, strum(serialize = "ledger.closed"))]
    LedgerClosed,
    #[cfg_attr(debug_assertions, strum(serialize = "booking.settle"))]
    BookingSettle,
    #[cfg_attr(debug_assertions, strum(serialize = "booking.settled"))]
    BookingSettled,
    #[cfg_attr(debug_assertions, strum(serialize = "secrets.write"))]
    SecretsWrite,
    #[cfg_attr(debug_assertions, strum(serialize = "secrets.sync"))]
    SecretsSync,
    #[cfg_attr(debug_assertions, strum(serialize = "secrets.rename"))]
    SecretsRename,
    #[cfg_attr(debug_assertions, strum(serialize = "secrets.sync_folder"))]
    SecretsSyncFolder,
    #[cfg_attr(debug_assertions, strum(serialize = "audience.commit"))]
    AudienceCommit,
    #[cfg_attr(debug_assertions, strum(serialize = "audience.committed"))]
    AudienceCommitted,
    #[cfg_attr(debug_assertions, strum(serialize = "events.begin"))]
    EventsBegin,
    #[cfg_attr(debug_assertions, strum(serialize = "events.recorded"))]
    EventsRecorded,
    #[cfg_attr(debug_assertions, strum(serialize = "events.keep"))]
    EventsKeep,
}

/// What a point does instead of letting go on. Nothing arms one in a release.
#[cfg_attr(not(debug_assertions), expect(dead_code, reason = "only builds for tests are armed"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// `EIO`, or what SQLite makes of a sync that failed.
    Sync,
    /// `ENOSPC`, or what SQLite makes of it.
    NoSpace,
}

/// Passes a point where a file is written.
///
/// # Errors
///
/// What it is armed with.
#[inline]
pub fn file(point: Point) -> io::Result<()> {
    match hit(point) {
        None => Ok(()),
        Some(Fault::Sync) => Err(rustix::io::Errno::IO.into()),
        Some(Fault::NoSpace) => Err(rustix::io::Errno::NOSPC.into()),
    }
}

/// Passes a point where SQLite writes.
///
/// # Errors
///
/// What it is armed with.
#[inline]
pub fn sqlite(point: Point) -> rusqlite::Result<()> {
    let code = match hit(point) {
        None => return Ok(()),
        Some(Fault::Sync) => rusqlite::ffi::SQLITE_IOERR_FSYNC,
        Some(Fault::NoSpace) => rusqlite::ffi::SQLITE_FULL,
    };
    Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
}

/// Passes a point where nothing is written, so that nothing can fail but the whole process.
#[inline]
pub fn pass(point: Point) {
    let _ = hit(point);
}

#[cfg(not(debug_assertions))]
#[inline(always)]
const fn hit(_: Point) -> Option<Fault> {
    None
}

/// Nothing to arm in a release.
///
/// # Errors
///
/// None.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn arm() -> Result<(), String> {
    Ok(())
}

#[cfg(not(debug_assertions))]
pub use fake_disk::{free_bytes, pages_max};

/// The real disk is all there is.
#[cfg(not(debug_assertions))]
mod fake_disk {
    /// No other number of bytes than the system says.
    #[inline(always)]
    pub const fn free_bytes() -> Option<u64> {
        None
    }

    /// No other bound than the disk.
    #[inline(always)]
    pub const fn pages_max() -> Option<u32> {
        None
    }
}

#[cfg(debug_assertions)]
use armed::hit;
#[cfg(debug_assertions)]
pub use armed::{arm, free_bytes, pages_max};

#[cfg(debug_assertions)]
mod armed {
    use std::ops::RangeInclusive;
    use std::str::FromStr as _;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use strum::VariantNames as _;

    use crate::shell::failpoint::{Fault, Point};

    const VARIABLE: &str = "ENCAN_FAILPOINTS";
    /// Names a file with lines like `free 1000` and `pages 60`: what is said of the disk instead of the truth.
    const FAKE_DISK: &str = "ENCAN_FAKE_DISK";

    #[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
    #[strum(serialize_all = "lowercase")]
    enum Action {
        Kill,
        Panic,
        Sleep,
        Eio,
        Enospc,
    }

    #[derive(Debug)]
    struct Armed {
        point: Point,
        action: Action,
        at: RangeInclusive<u64>,
        passes: AtomicU64,
    }

    static ARMED: OnceLock<Vec<Armed>> = OnceLock::new();

    /// Arms what the environment says, once, at the start.
    ///
    /// # Errors
    ///
    /// What of it means nothing, and what would.
    pub fn arm() -> Result<(), String> {
        if let Ok(text) = std::env::var(VARIABLE) {
            let armed = text.split(',').filter(|part| !part.trim().is_empty()).map(read);
            let armed =
                armed.collect::<Result<Vec<_>, _>>().map_err(|error| format!("{VARIABLE}: {error}"))?;
            // A second call, from a test in the same process, changes nothing.
            let _ = ARMED.set(armed);
        }
        Ok(())
    }

    /// `point=action@pass`.
    fn read(text: &str) -> Result<Armed, String> {
        let text = text.trim();
        let (name, rest) =
            text.split_once('=').ok_or_else(|| format!("`{text}` is not like `ledger.commit=eio@5`"))?;
        let (action, pass) = rest.split_once('@').unwrap_or((rest, "1"));
        let point = Point::from_str(name)
            .map_err(|_| format!("there is no point `{name}`, only {}", Point::VARIANTS.join(", ")))?;
        let known = Action::from_str(action)
            .map_err(|_| format!("`{name}` cannot `{action}`, only {}", Action::VARIANTS.join(", ")))?;
        if matches!(known, Action::Eio | Action::Enospc) && !can_fail(point) {
            return Err(format!("nothing is written at `{name}`, so `{action}` means nothing there"));
        }
        let number = |text: &str| match text.parse() {
            Ok(number @ 1..) => Ok(number),
            _ => Err(format!("`{name}` has the pass `{text}`, not a number from 1 on")),
        };
        let at = match pass.strip_suffix("..") {
            Some(first) => number(first)?..=u64::MAX,
            None => number(pass).map(|only| only..=only)?,
        };
        Ok(Armed { point, action: known, at, passes: AtomicU64::new(0) })
    }

    /// True where something is written.
    fn can_fail(point: Point) -> bool {
        !matches!(
            point,
            Point::LedgerCreated
                | Point::LedgerCommitted
                | Point::LedgerAnswered
                | Point::LedgerCheckpointed
                | Point::LedgerClosed
                | Point::BookingSettle
                | Point::BookingSettled
                | Point::AudienceCommitted
                | Point::EventsRecorded
        )
    }

    pub(super) fn hit(point: Point) -> Option<Fault> {
        let mut fault = None;
        for armed in ARMED.get()?.iter().filter(|armed| armed.point == point) {
            let pass = armed.passes.fetch_add(1, Ordering::Relaxed) + 1;
            if armed.at.contains(&pass) {
                fault = armed.act().or(fault);
            }
        }
        fault
    }

    impl Armed {
        fn act(&self) -> Option<Fault> {
            let name: &'static str = self.point.into();
            match self.action {
                Action::Eio => return Some(Fault::Sync),
                Action::Enospc => return Some(Fault::NoSpace),
                Action::Panic => panic!("the failpoint `{name}`"),
                Action::Sleep => std::thread::sleep(Duration::from_millis(200)),
                Action::Kill => {
                    // No destructor, no exit handler, no last write: what a crash leaves.
                    let _ = rustix::process::kill_process(
                        rustix::process::getpid(),
                        rustix::process::Signal::KILL,
                    );
                    // The signal may come to another thread first; this one goes no further.
                    loop {
                        std::thread::park();
                    }
                }
            }
            None
        }
    }

    /// What the fake disk says of `key`.
    fn fake(key: &str) -> Option<u64> {
        static FILE: OnceLock<Option<std::path::PathBuf>> = OnceLock::new();
        let file = FILE.get_or_init(|| std::env::var_os(FAKE_DISK).map(Into::into)).as_ref()?;
        let text = std::fs::read_to_string(file).ok()?;
        text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok())
    }

    /// The bytes said to be free on the disk, if a test says so.
    #[must_use]
    pub fn free_bytes() -> Option<u64> {
        fake("free ")
    }

    /// The pages beyond which the ledger's file may not grow, if a test says so.
    #[must_use]
    pub fn pages_max() -> Option<u32> {
        fake("pages ").and_then(|pages| u32::try_from(pages).ok())
    }

    #[cfg(test)]
    mod tests {
        use super::{Action, can_fail, read};
        use crate::shell::failpoint::Point;
        use strum::VariantNames as _;

        #[test]
        fn a_point_an_action_and_a_pass_arm_it() {
            for (text, point, action, at) in [
                ("ledger.commit=eio@5", Point::LedgerCommit, Action::Eio, 5..=5),
                ("booking.settle=kill", Point::BookingSettle, Action::Kill, 1..=1),
                (" ledger.row=enospc@3..", Point::LedgerRow, Action::Enospc, 3..=u64::MAX),
                ("secrets.rename=sleep@1", Point::SecretsRename, Action::Sleep, 1..=1),
            ] {
                let armed = read(text).unwrap();
                assert_eq!((armed.point, armed.action, armed.at), (point, action, at), "{text}");
            }
        }

        #[test]
        fn what_means_nothing_is_refused_with_what_would() {
            for (text, want) in [
                ("ledger.commit", "is not like `ledger.commit=eio@5`"),
                ("ledger.comit=eio", "there is no point `ledger.comit`, only ledger.create, "),
                ("ledger.commit=die", "cannot `die`, only kill, panic, sleep, eio, enospc"),
                ("ledger.commit=eio@0", "the pass `0`, not a number from 1 on"),
                ("ledger.commit=eio@x..", "the pass `x`"),
                ("ledger.committed=eio", "nothing is written at `ledger.committed`"),
            ] {
                let error = read(text).unwrap_err();
                assert!(error.contains(want), "`{want}` in `{error}`");
            }
        }

        #[test]
        fn every_point_can_be_killed_at_and_fails_only_where_something_is_written() {
            for name in Point::VARIANTS {
                let point = read(&format!("{name}=kill")).unwrap().point;
                assert_eq!(<&str>::from(point), *name);
                assert_eq!(read(&format!("{name}=eio")).is_ok(), can_fail(point), "{name}");
            }
        }
    }
}
