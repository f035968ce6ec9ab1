//! Walks through a whole database, once, when it is opened.

use std::collections::{BTreeMap, HashSet};

use foldhash::fast::RandomState;
use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions};
use serde::de::IgnoredAny;

use crate::geo::DatabaseFault;
use crate::geo::record::{Schema, fields};

/// Records that are looked at to find out how they are written.
const SAMPLE: usize = 1_000;
/// Keys of a record that a fault shows.
const KEYS_SHOWN: usize = 8;

/// How the records of a database are written: in the way in which more of the first ones say where they are.
///
/// # Errors
///
/// [`DatabaseFault::NotAboutPlaces`] if none does.
pub(in crate::geo) fn schema_of(reader: &Reader<Vec<u8>>) -> Result<Schema, DatabaseFault> {
    let (mut nested, mut flat, mut seen) = (0, 0, 0);
    let mut keys = Vec::new();
    each_record(reader, |found| {
        nested += usize::from(fields(found, Schema::Nested)?.is_a_place());
        flat += usize::from(fields(found, Schema::Flat)?.is_a_place());
        if keys.is_empty() {
            keys = keys_of(found);
        }
        seen += 1;
        Ok(seen < SAMPLE)
    })?;
    let kind = || reader.metadata().database_type.clone();
    match (seen, nested, flat) {
        (0, ..) => Err(DatabaseFault::Empty(kind())),
        (_, 0, 0) => Err(DatabaseFault::NotAboutPlaces { kind: kind(), keys }),
        _ if nested >= flat => Ok(Schema::Nested),
        _ => Ok(Schema::Flat),
    }
}

/// Shows every record to `look`, each once, until that says `false`; gives the number of networks passed.
///
/// # Errors
///
/// [`DatabaseFault::Damaged`] where the tree, or a record that `look` reads, is.
pub(in crate::geo) fn each_record(
    reader: &Reader<Vec<u8>>,
    mut look: impl FnMut(&LookupResult<'_, Vec<u8>>) -> Result<bool, MaxMindDbError>,
) -> Result<usize, DatabaseFault> {
    let damaged = |network, error: MaxMindDbError| DatabaseFault::Damaged { network, fault: error.to_string() };
    // A tree of n nodes has n + 1 ends, aliases apart. One that runs in circles has no end.
    let ends_max = (reader.metadata().node_count as usize).saturating_mul(3).saturating_add(1);
    let options = WithinOptions::default().include_networks_without_data();
    let mut seen = HashSet::with_hasher(RandomState::default());
    let mut networks = 0;
    let ends = reader.networks(options).map_err(|error| damaged(None, error))?;
    for (at, found) in ends.enumerate() {
        let found = found.map_err(|error| damaged(None, error))?;
        if at > ends_max {
            let fault = "its tree runs in circles".to_owned();
            return Err(DatabaseFault::Damaged { network: None, fault });
        }
        let Some(offset) = found.offset() else { continue };
        networks += 1;
        if seen.insert(offset) {
            let network = || found.network().ok().map(|network| network.to_string());
            if !look(&found).map_err(|error| damaged(network(), error))? {
                break;
            }
        }
    }
    Ok(networks)
}

/// The first keys of a record.
fn keys_of(found: &LookupResult<'_, Vec<u8>>) -> Vec<String> {
    let keys = found.decode::<BTreeMap<&str, IgnoredAny>>().ok().flatten().unwrap_or_default();
    keys.into_keys().take(KEYS_SHOWN).map(str::to_owned).collect()
}
