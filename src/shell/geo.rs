//! The file of the database of addresses: opened when it is new, kept when the next one is bad, missed when it is gone.
//!
//! It comes from others and is replaced while the bidder runs, so what is wrong with a new one is a warning, and the one
//! before goes on. Only a bidder that has none yet does not start on a bad one.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::document::{Fault, Faults};
use crate::geo::{Database, Origin};
use crate::units::{UnixMillis, limits};

/// The database that comes with encan: places invented for the addresses of documentation.
pub const SHIPPED: &str = "fixtures/geo/test-ranges.mmdb";

/// The database at `path`; the one `before`, if the file has not changed or is bad.
///
/// Without one before, a bad or missing file is an error, but for the one that comes with encan: whoever names none may
/// run without.
pub fn load_geo(
    path: &Path,
    before: Option<&Arc<Database>>,
    now: UnixMillis,
    faults: &mut Faults,
) -> Option<Arc<Database>> {
    let name = path.display().to_string();
    let database = match open(path, &name, before) {
        Ok(database) => Some(database),
        Err((message, hint)) => {
            let fault = Fault::of_file(&name, message);
            faults.push(match before {
                Some(_) => fault.as_warning().hint(format!("the one read before goes on: {hint}")),
                None if path == Path::new(SHIPPED) && !path.exists() => fault
                    .as_warning()
                    .hint("name a database with `--geo FILE`; without one, no address tells a place"),
                None => fault.hint(hint),
            });
            before.cloned()
        }
    };
    if let Some(days) = database.as_ref().and_then(|database| database.stale_days(now)) {
        let fault = Fault::of_file(
            name,
            format!("is a database of addresses of {days} days ago: networks have moved since"),
        );
        faults.push(fault.as_warning().hint("fetch a newer one; it is taken while the server runs"));
    }
    database
}

fn open(path: &Path, name: &str, before: Option<&Arc<Database>>) -> Result<Arc<Database>, (String, String)> {
    let unreadable = |error: &io::Error| {
        let (message, hint) = match error.kind() {
            io::ErrorKind::NotFound => {
                ("there is no such file".to_owned(), "name a database of addresses with `--geo FILE`")
            }
            _ => (format!("cannot be read: {error}"), "let the server's user read the file"),
        };
        (message, hint.to_owned())
    };
    let mut file = File::open(path).map_err(|error| unreadable(&error))?;
    let metadata = file.metadata().map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err(("is no file".to_owned(), "name the .mmdb file itself".to_owned()));
    }
    if metadata.len() > limits::GEO_FILE_BYTES_MAX {
        let megabytes = limits::GEO_FILE_BYTES_MAX / 1_000_000;
        return Err((format!("is larger than {megabytes} MB"), "name a city or country database".to_owned()));
    }
    // Taken before the bytes: a file that changes while it is read has another version afterwards.
    let origin = Origin { name: name.to_owned(), version: version(&metadata) };
    if let Some(before) = before.filter(|before| *before.origin() == origin) {
        return Ok(Arc::clone(before));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    let database =
        Database::read(origin, bytes).map_err(|fault| (fault.to_string(), fault.hint().to_owned()))?;
    Ok(Arc::new(database))
}

/// Changes whenever the file does: its inode, length and time of change.
fn version(metadata: &Metadata) -> [u64; 4] {
    let changed = [metadata.mtime(), metadata.mtime_nsec()].map(i64::cast_unsigned);
    [metadata.ino(), metadata.len(), changed[0], changed[1]]
}
