//! Walks through a whole database, once, when it is opened.

use core::net::IpAddr;
use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::RandomState;
use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions};
use serde::de::IgnoredAny;

use crate::geo::DatabaseFault;
use crate::geo::ranges::Ranges;
use crate::geo::record::{Schema, fields};
use crate::geo::records::{Recorder, Records};

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
    let (mut nested, mut flat, mut offsets) = (0, 0, HashSet::new());
    let mut keys = Vec::new();
    each_network(reader, |found| {
        if !found.offset().is_some_and(|offset| offsets.insert(offset)) {
            return Ok(true);
        }
        nested += usize::from(fields(found, Schema::Nested)?.is_a_place());
        flat += usize::from(fields(found, Schema::Flat)?.is_a_place());
        if keys.is_empty() {
            keys = keys_of(found);
        }
        Ok(offsets.len() < SAMPLE)
    })?;
    let kind = || reader.metadata().database_type.clone();
    match (offsets.len(), nested, flat) {
        (0, ..) => Err(DatabaseFault::Empty(kind())),
        (_, 0, 0) => Err(DatabaseFault::NotAboutPlaces { kind: kind(), keys }),
        _ if nested >= flat => Ok(Schema::Nested),
        _ => Ok(Schema::Flat),
    }
}

/// The networks of a database, and where their records are.
#[derive(Debug)]
pub(in crate::geo) struct Laid {
    pub(in crate::geo) v4: Ranges<u32>,
    pub(in crate::geo) v6: Ranges<u128>,
    pub(in crate::geo) records: Records,
    /// How many networks have a record.
    pub(in crate::geo) networks: usize,
}

/// Reads every network and every record, and lays them out for searching.
///
/// # Errors
///
/// [`DatabaseFault::Damaged`].
pub(in crate::geo) fn lay_out(reader: &Reader<Vec<u8>>, schema: Schema) -> Result<Laid, DatabaseFault> {
    let (mut v4, mut v6) = (Ranges::new(), Ranges::new());
    let (mut recorder, mut networks) = (Recorder::default(), 0);
    let mut numbers: HashMap<usize, u32, RandomState> = HashMap::default();
    each_network(reader, |found| {
        let number = match found.offset() {
            None => None,
            Some(offset) => {
                networks += 1;
                let known = numbers.get(&offset).copied();
                let number =
                    known.map_or_else(|| fields(found, schema).map(|fields| recorder.add(&fields)), Ok)?;
                numbers.insert(offset, number);
                Some(number)
            }
        };
        let network = found.network()?;
        match network.ip() {
            IpAddr::V4(start) => v4.add(start.to_bits(), network.prefix(), number),
            IpAddr::V6(start) => v6.add(start.to_bits(), network.prefix(), number),
        }
        Ok(true)
    })?;
    v4.finish();
    v6.finish();
    Ok(Laid { v4, v6, records: recorder.finish(), networks })
}

/// Shows every network to `look`, in order, those without a record too, until that says `false`.
///
/// # Errors
///
/// [`DatabaseFault::Damaged`] where the tree, or a record that `look` reads, is.
fn each_network(
    reader: &Reader<Vec<u8>>,
    mut look: impl FnMut(&LookupResult<'_, Vec<u8>>) -> Result<bool, MaxMindDbError>,
) -> Result<(), DatabaseFault> {
    let damaged =
        |network, error: MaxMindDbError| DatabaseFault::Damaged { network, fault: error.to_string() };
    // A tree of n nodes has n + 1 ends, aliases apart. One that runs in circles has no end.
    let ends_max = (reader.metadata().node_count as usize).saturating_mul(3).saturating_add(1);
    let options = WithinOptions::default().include_networks_without_data();
    let ends = reader.networks(options).map_err(|error| damaged(None, error))?;
    for (at, found) in ends.enumerate() {
        let found = found.map_err(|error| damaged(None, error))?;
        if at > ends_max {
            let fault = "its tree runs in circles".to_owned();
            return Err(DatabaseFault::Damaged { network: None, fault });
        }
        let network = || found.network().ok().map(|network| network.to_string());
        if !look(&found).map_err(|error| damaged(network(), error))? {
            break;
        }
    }
    Ok(())
}

/// The first keys of a record.
fn keys_of(found: &LookupResult<'_, Vec<u8>>) -> Vec<String> {
    let keys = found.decode::<BTreeMap<&str, IgnoredAny>>().ok().flatten().unwrap_or_default();
    keys.into_keys().take(KEYS_SHOWN).map(str::to_owned).collect()
}
