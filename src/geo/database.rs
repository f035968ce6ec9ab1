//! A database of addresses: read through once, then asked without allocating.

use core::net::IpAddr;

use maxminddb::Reader;

use crate::geo::address::bits_left;
use crate::geo::walk::{Laid, lay_out, schema_of};
use crate::geo::{Located, Sight, address, cut};
use crate::openrtb::BidRequest;
use crate::privacy::Permissions;
use crate::units::{Millis, UnixMillis, limits};

const DAY_MS: i64 = 86_400_000;

/// Where a database comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Its name, for words.
    pub name: String,
    /// Numbers of which one changes whenever the file does; they mean nothing here.
    pub version: [u64; 4],
}

/// A database of addresses.
#[derive(Debug)]
pub struct Database {
    origin: Origin,
    kind: String,
    built: Option<UnixMillis>,
    laid: Laid,
}

/// Why a file is no database that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseFault {
    /// Not in the format, or cut short.
    #[error("is no MMDB file: {0}")]
    Foreign(String),
    /// In the format, but broken in the middle.
    #[error("is damaged{}: {fault}", network.as_ref().map(|network| format!(" at the network {network}")).unwrap_or_default())]
    Damaged {
        /// Whose record it is, if that is known.
        network: Option<String>,
        /// What is wrong.
        fault: String,
    },
    /// No address is in it.
    #[error("of the type `{0}` has no record")]
    Empty(String),
    /// Its records say nothing about places.
    #[error(
        "of the type `{kind}` says nothing about places that is understood: its records have {}",
        keys_in_words(keys)
    )]
    NotAboutPlaces {
        /// What it says it is.
        kind: String,
        /// Keys of its first record.
        keys: Vec<String>,
    },
}

impl DatabaseFault {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Foreign(_) => {
                "name an .mmdb file, unpacked; one that is being copied is not whole yet: copy it beside, then rename it"
            }
            Self::Damaged { .. } => "fetch the file again, and compare its checksum",
            Self::Empty(_) | Self::NotAboutPlaces { .. } => {
                "name a city or country database: GeoIP2 or GeoLite2, DB-IP, IPinfo, or a flat one with `country_code`"
            }
        }
    }
}

fn keys_in_words(keys: &[String]) -> String {
    match keys {
        [] => "no keys".to_owned(),
        keys => keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
    }
}

impl Database {
    /// The database in `bytes`, every record of which is read once: what is damaged is refused, rather than found on the
    /// bid path.
    ///
    /// # Errors
    ///
    /// [`DatabaseFault`].
    pub fn read(origin: Origin, bytes: Vec<u8>) -> Result<Self, DatabaseFault> {
        let reader = Reader::from_source(bytes).map_err(|error| DatabaseFault::Foreign(error.to_string()))?;
        let schema = schema_of(&reader)?;
        let laid = lay_out(&reader, schema)?;
        let metadata = reader.metadata();
        let built = i64::try_from(metadata.build_epoch).ok().filter(|seconds| *seconds > 0);
        let built = built.map(|seconds| UnixMillis::from_raw(seconds.saturating_mul(1_000)));
        Ok(Self { origin, kind: metadata.database_type.clone(), built, laid })
    }

    /// Where it comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What it says it is, `GeoLite2-City`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// How many networks it tells apart.
    #[must_use]
    pub fn networks(&self) -> usize {
        self.laid.networks
    }

    /// When it was built; `None` if it says 1970, as one made by hand may.
    #[must_use]
    pub fn built(&self) -> Option<UnixMillis> {
        self.built
    }

    /// Its age in days at `now`, if that is more than [`limits::GEO_AGE_MAX`].
    #[must_use]
    pub fn stale_days(&self, now: UnixMillis) -> Option<i64> {
        let age: Millis = now.since(self.built?);
        (age > limits::GEO_AGE_MAX).then(|| age.raw() / DAY_MS)
    }

    /// Where the device of `request` is by its address, as far as `permissions` let us read that ([`Sight`]): by `ip`, or
    /// by `ipv6` if the first tells nothing.
    ///
    /// Of an address that was cut, by us or by the sender, only that is told which holds for all of its network.
    #[must_use]
    pub fn locate(
        &self,
        request: &BidRequest<'_>,
        permissions: &Permissions,
        now: UnixMillis,
    ) -> Option<Located<'_>> {
        let sight = Sight::of(request, permissions);
        let addresses = [request.device.ip, request.device.ipv6].into_iter().flatten().filter_map(address);
        let mut told = addresses.filter_map(|address| self.seen(address, sight, now));
        told.find(|located| *located != Located::default())
    }

    fn seen(&self, address: IpAddr, sight: Sight, now: UnixMillis) -> Option<Located<'_>> {
        match sight {
            Sight::Nothing => None,
            Sight::Whole if cut(address) == address => self.at_network(address, now),
            Sight::Whole => self.at(address, now),
            Sight::Network => self.at_network(address, now),
            Sight::Region => self.at_network(address, now).map(Located::coarse),
        }
    }

    /// What it says of a whole address; `None` if nothing.
    #[must_use]
    pub fn at(&self, address: IpAddr, now: UnixMillis) -> Option<Located<'_>> {
        let number = match address {
            IpAddr::V4(v4) => self.laid.v4.record(v4.to_bits()),
            IpAddr::V6(v6) => self.laid.v6.record(v6.to_bits()),
        };
        Some(self.laid.records.located(number?, now))
    }

    /// What it says of all of the network that `address` lies in, once cut.
    fn at_network(&self, address: IpAddr, now: UnixMillis) -> Option<Located<'_>> {
        let cut = cut(address);
        let prefix = bits_left(cut);
        match cut {
            IpAddr::V4(v4) => self.shared(self.laid.v4.records_of_network(v4.to_bits(), prefix), now),
            IpAddr::V6(v6) => self.shared(self.laid.v6.records_of_network(v6.to_bits(), prefix), now),
        }
    }

    /// What all of these records say. Nothing if there are more than [`limits::NETWORK_PARTS_MAX`].
    fn shared(&self, mut parts: impl Iterator<Item = Option<u32>>, now: UnixMillis) -> Option<Located<'_>> {
        let mut located = self.laid.records.located(parts.next()??, now);
        for (at, part) in parts.enumerate() {
            if at + 1 == limits::NETWORK_PARTS_MAX {
                return None;
            }
            located = located.shared(self.laid.records.located(part?, now));
        }
        Some(located)
    }
}
