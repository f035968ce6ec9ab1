//! The file `learned`: landscapes, multipliers of budgets and counts, so that a restart goes on where the last run was.
//!
//! Sections, each with a name, a version and a length, behind them the BLAKE3 hash of all before it. A section that is
//! not known is passed over, so that an older encan can read a newer file whose sections it knows.

use std::collections::HashMap;

use crate::campaign::Pacing;
use crate::landscape::{DamagedLandscapes, Landscapes};
use crate::learning::Creative as Brought;
use crate::pacing::{DamagedTraffic, Dual, Traffic};
use crate::shell::learning::goals::Goals;
use crate::units::{CampaignId, CreativeId, Currency, Day, Nanos, UnixMillis};

const MAGIC: &[u8; 8] = b"encan-ln";
/// Bumped when the frame of sections changes.
const VERSION: u32 = 1;
const HASH_BYTES: usize = 32;
const HEAD_BYTES: usize = 8 + 4 + 8;
/// Bytes of the file that are read: far above 20,000 segments.
pub const BYTES_MAX: u64 = 256 << 20;
/// Multipliers in a file: each is of a campaign or line item that was loaded.
const MULTIPLIERS_MAX: usize = 4_000_000;
const MULTIPLIER_BYTES: usize = 1 + 8 + 8 + Dual::BYTES;
const TRIED_BYTES: usize = 8 + 4 + 8;

/// Creatives that are counted: each that is loaded, and those of a while ago.
pub const CREATIVES_MAX: usize = 1_000_000;

/// Why the file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// It is something else.
    #[error("it does not begin with `encan-ln`")]
    Foreign,
    /// Written by a newer encan.
    #[error("it has version {found}, this encan knows {VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// Cut short, or changed.
    #[error("its checksum is wrong: it was cut short or changed")]
    Damaged,
    /// A section that no encan wrote.
    #[error("its section `{0}` cannot be read")]
    Section(&'static str),
    /// The landscapes.
    #[error("its landscapes cannot be read: {0}")]
    Landscapes(String),
}

impl From<DamagedTraffic> for KeptError {
    fn from(_: DamagedTraffic) -> Self {
        Self::Section("traf")
    }
}

impl From<DamagedLandscapes> for KeptError {
    fn from(error: DamagedLandscapes) -> Self {
        Self::Landscapes(error.to_string())
    }
}

/// Whose budget a multiplier paces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A campaign's.
    Campaign,
    /// A line item's own.
    LineItem,
    /// That of all pooled campaigns of an advertiser.
    Pool,
}

impl Whose {
    const ALL: [Self; 3] = [Self::LineItem, Self::Campaign, Self::Pool];

    fn byte(self) -> u8 {
        match self {
            Self::LineItem => 0,
            Self::Campaign => 1,
            Self::Pool => 2,
        }
    }
}

/// The state of one budget's pace.
#[derive(Debug)]
pub struct Multiplier {
    /// Whose.
    pub whose: Whose,
    /// Of the campaign, the line item or the pool's advertiser.
    pub id: u64,
    /// How the budget was paced (`mode`): paced otherwise, it needs another multiplier. A pool's says its
    /// currency (`pool_mode`): an advertiser has one in each.
    pub mode: u64,
    /// What its bids are multiplied by, and what moves that.
    pub dual: Dual,
}

/// A number for a way of pacing, the same in every process: the first bytes of the BLAKE3 of its word and numbers.
#[must_use]
pub fn mode(pacing: &Pacing) -> u64 {
    let mut words = pacing.word().as_bytes().to_vec();
    match pacing {
        Pacing::Dual { smoothness } => words.extend_from_slice(&smoothness.to_le_bytes()),
        Pacing::Curve(shares) => words.extend(shares.iter().flat_map(|share| share.to_le_bytes())),
        Pacing::Even | Pacing::Ahead | Pacing::Asap => {}
    }
    let hash = blake3::hash(&words);
    hash.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// The same for a pool, whose money is in `currency`.
#[must_use]
pub fn pool_mode(currency: Currency) -> u64 {
    let hash = blake3::hash(currency.code().as_bytes());
    hash.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// What trying the unknown cost a campaign on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// Whose.
    pub campaign: CampaignId,
    /// The civil day, in the campaign's zone.
    pub day: Day,
    /// Spent, or held for bids that were out.
    pub spent: Nanos,
}

/// How many samples were learnt, since the file was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Samples {
    /// The price to beat was told.
    pub exact: u64,
    /// Won, at a price that was enough.
    pub won: u64,
    /// Lost, at a price that was not.
    pub lost: u64,
}

/// What is kept.
#[derive(Debug, Default)]
pub struct Kept {
    /// When.
    pub at: UnixMillis,
    /// The price to beat, and what shading saves.
    pub landscapes: Landscapes,
    /// How many samples they were made of.
    pub samples: Samples,
    /// How budgets are paced.
    pub multipliers: Vec<Multiplier>,
    /// What trying cost today, where it cost anything.
    pub tried: Vec<Tried>,
    /// How many requests came when.
    pub traffic: Traffic,
    /// What creatives brought.
    pub creatives: HashMap<CreativeId, Brought>,
    /// What line items spent, and what came of it.
    pub goals: Goals,
    /// The bytes of that with the multipliers as they stand; made when all is looked around for.
    pub goal_bytes: Vec<u8>,
}

const LANDSCAPES: [u8; 4] = *b"land";
const SAMPLES: [u8; 4] = *b"smpl";
const MULTIPLIERS: [u8; 4] = *b"mult";
const TRIED: [u8; 4] = *b"expl";
const TRAFFIC: [u8; 4] = *b"traf";
const CREATIVES: [u8; 4] = *b"crea";
const GOALS: [u8; 4] = *b"goal";

impl Kept {
    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 << 16);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.at.raw().to_le_bytes());
        let mut section = |name: [u8; 4], body: &[u8]| {
            bytes.extend_from_slice(&name);
            bytes.extend_from_slice(&1_u32.to_le_bytes());
            bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
            bytes.extend_from_slice(body);
        };
        section(LANDSCAPES, &self.landscapes.to_bytes());
        let Samples { exact, won, lost } = self.samples;
        section(SAMPLES, &[exact, won, lost].map(u64::to_le_bytes).concat());
        let mut multipliers = Vec::with_capacity(self.multipliers.len() * MULTIPLIER_BYTES);
        for Multiplier { whose, id, mode, dual } in &self.multipliers {
            multipliers.push(whose.byte());
            multipliers.extend_from_slice(&id.to_le_bytes());
            multipliers.extend_from_slice(&mode.to_le_bytes());
            multipliers.extend_from_slice(&dual.to_bytes());
        }
        section(MULTIPLIERS, &multipliers);
        let mut tried = Vec::with_capacity(self.tried.len() * TRIED_BYTES);
        for Tried { campaign, day, spent } in &self.tried {
            tried.extend_from_slice(&campaign.raw().to_le_bytes());
            tried.extend_from_slice(&day.raw().to_le_bytes());
            tried.extend_from_slice(&spent.raw().to_le_bytes());
        }
        section(TRIED, &tried);
        section(TRAFFIC, &self.traffic.to_bytes());
        let mut creatives: Vec<_> = self.creatives.iter().collect();
        creatives.sort_by_key(|(id, _)| **id);
        let words = |(id, brought): (&CreativeId, &Brought)| [id.raw(), brought.impressions, brought.clicks];
        let words = creatives.into_iter().flat_map(words);
        section(CREATIVES, &words.flat_map(u64::to_le_bytes).collect::<Vec<u8>>());
        section(GOALS, &self.goal_bytes);
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    /// Reads what [`Kept::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// [`KeptError`]: nothing of it is to be used.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeptError> {
        let magic = bytes.get(..8).ok_or(KeptError::Damaged)?;
        if magic != MAGIC {
            return Err(KeptError::Foreign);
        }
        let mut head = Reader(&bytes[8..]);
        let found = u32::from_le_bytes(head.array().ok_or(KeptError::Damaged)?);
        if found != VERSION {
            return Err(KeptError::Newer { found });
        }
        let end = bytes.len().checked_sub(HASH_BYTES).filter(|end| *end >= HEAD_BYTES);
        let (body, hash) = bytes.split_at(end.ok_or(KeptError::Damaged)?);
        if blake3::hash(body).as_bytes() != hash {
            return Err(KeptError::Damaged);
        }
        let mut rest = Reader(&body[12..]);
        let at = UnixMillis::from_raw(i64::from_le_bytes(rest.array().ok_or(KeptError::Damaged)?));
        let mut kept = Self { at, ..Self::default() };
        while !rest.0.is_empty() {
            let (name, version, section) = rest.section().ok_or(KeptError::Section("?"))?;
            if version == 1 {
                kept.take(name, section)?;
            }
        }
        Ok(kept)
    }

    fn take(&mut self, name: [u8; 4], section: &[u8]) -> Result<(), KeptError> {
        match name {
            LANDSCAPES => self.landscapes = Landscapes::from_bytes(section)?,
            SAMPLES => {
                let mut from = Reader(section);
                let mut next = || from.array().map(u64::from_le_bytes).ok_or(KeptError::Section("smpl"));
                self.samples = Samples { exact: next()?, won: next()?, lost: next()? };
            }
            MULTIPLIERS => {
                let count = section.len() / MULTIPLIER_BYTES;
                if !section.len().is_multiple_of(MULTIPLIER_BYTES) || count > MULTIPLIERS_MAX {
                    return Err(KeptError::Section("mult"));
                }
                let multipliers = section.chunks_exact(MULTIPLIER_BYTES).map(multiplier);
                self.multipliers = multipliers.collect::<Option<_>>().ok_or(KeptError::Section("mult"))?;
            }
            TRIED => {
                let count = section.len() / TRIED_BYTES;
                if !section.len().is_multiple_of(TRIED_BYTES) || count > MULTIPLIERS_MAX {
                    return Err(KeptError::Section("expl"));
                }
                let all = section.chunks_exact(TRIED_BYTES).map(tried);
                self.tried = all.collect::<Option<_>>().ok_or(KeptError::Section("expl"))?;
            }
            TRAFFIC => self.traffic = Traffic::from_bytes(section)?,
            CREATIVES => {
                if !section.len().is_multiple_of(24) || section.len() / 24 > CREATIVES_MAX {
                    return Err(KeptError::Section("crea"));
                }
                let creatives = section.chunks_exact(24).map(brought);
                self.creatives = creatives.collect::<Option<_>>().ok_or(KeptError::Section("crea"))?;
            }
            GOALS => {
                self.goals = Goals::from_bytes(section).ok_or(KeptError::Section("goal"))?;
                self.goal_bytes = section.to_vec();
            }
            // A newer encan's.
            _ => {}
        }
        Ok(())
    }
}

fn brought(bytes: &[u8]) -> Option<(CreativeId, Brought)> {
    let mut from = Reader(bytes);
    let mut next = || from.array().map(u64::from_le_bytes);
    let (id, impressions, clicks) = (CreativeId::from_raw(next()?), next()?, next()?);
    Some((id, Brought { impressions, clicks }))
}

fn multiplier(bytes: &[u8]) -> Option<Multiplier> {
    let mut from = Reader(bytes);
    let [byte] = from.array()?;
    let whose = Whose::ALL.into_iter().find(|whose| whose.byte() == byte)?;
    let mut next = || from.array().map(u64::from_le_bytes);
    let (id, mode) = (next()?, next()?);
    Some(Multiplier { whose, id, mode, dual: Dual::from_bytes(from.0)? })
}

fn tried(bytes: &[u8]) -> Option<Tried> {
    let mut from = Reader(bytes);
    let campaign = CampaignId::from_raw(u64::from_le_bytes(from.array()?));
    let day = Day::from_raw(i32::from_le_bytes(from.array()?));
    let spent = i64::from_le_bytes(from.array()?);
    (spent >= 0).then_some(Tried { campaign, day, spent: Nanos::from_raw(spent) })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    /// Name, version and body of the next section.
    fn section(&mut self) -> Option<([u8; 4], u32, &'a [u8])> {
        let (name, version) = (self.array()?, u32::from_le_bytes(self.array()?));
        let length = usize::try_from(u64::from_le_bytes(self.array()?)).ok()?;
        let (body, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some((name, version, body))
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, KeptError, Multiplier, Samples, Tried, Whose, mode};
    use crate::campaign::Pacing;
    use crate::landscape::{Sample, Segment};
    use crate::learning::Creative as Brought;
    use crate::pacing::{Dual, Group};
    use crate::units::{CampaignId, Cpm, CreativeId, Currency, Day, ExchangeId, Nanos, UnixMillis};

    fn kept() -> Kept {
        let mut kept = Kept { at: UnixMillis::from_raw(1_000), ..Kept::default() };
        let at = UnixMillis::from_raw(0);
        let segment = Segment::of(ExchangeId::from_slug("x"), Currency::EUR, (300, 250), Cpm::ZERO, at);
        let price = Cpm::from_micros(1_500_000).unwrap();
        kept.landscapes.learn(&segment, Cpm::ZERO, Sample::Exact(price), at);
        kept.samples = Samples { exact: 1, won: 2, lost: 3 };
        let multiplier = |whose| Multiplier { whose, id: 7, mode: 5, dual: Dual::at(-0.5) };
        kept.multipliers = Whose::ALL.map(multiplier).into();
        kept.tried = vec![tried()];
        kept.traffic.add(Group::Exchange(7), at, 3);
        kept.creatives.insert(CreativeId::from_slug("c/one"), Brought { impressions: 5, clicks: 1 });
        kept
    }

    fn tried() -> Tried {
        let campaign = CampaignId::from_slug("c");
        Tried { campaign, day: Day::from_raw(20_514), spent: Nanos::from_raw(9) }
    }

    #[test]
    fn ways_of_pacing_have_numbers_of_their_own() {
        let mut curve = [0; 24];
        curve[0] = 1_000_000;
        let morning = Pacing::Curve(Box::new(curve));
        curve.reverse();
        let all = [
            Pacing::Dual { smoothness: 0 },
            Pacing::Dual { smoothness: 500 },
            Pacing::Even,
            Pacing::Ahead,
            Pacing::Asap,
            morning,
            Pacing::Curve(Box::new(curve)),
        ];
        let numbers: std::collections::HashSet<u64> = all.iter().map(mode).collect();
        assert_eq!(numbers.len(), all.len());
        assert_eq!(mode(&Pacing::Even), mode(&Pacing::Even.clone()));
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let bytes = kept().to_bytes();
        let mut read = Kept::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes(), bytes);
        let whose: Vec<Whose> = read.multipliers.iter().map(|multiplier| multiplier.whose).collect();
        assert_eq!((read.samples, whose), (Samples { exact: 1, won: 2, lost: 3 }, Whose::ALL.to_vec()));
        assert_eq!(read.tried, [tried()]);
        assert_eq!(read.landscapes.view(UnixMillis::from_raw(0)).len(), 3);
    }

    #[test]
    fn a_file_that_was_cut_changed_or_is_of_another_version_is_refused_whole() {
        let bytes = kept().to_bytes();
        for length in 0..bytes.len() {
            assert!(Kept::from_bytes(&bytes[..length]).is_err(), "cut at {length}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Kept::from_bytes(&changed).is_err(), "byte {at}");
        }
        let mut newer = bytes.clone();
        newer[8] = 2;
        assert_eq!(Kept::from_bytes(&newer).unwrap_err(), KeptError::Newer { found: 2 });
        assert_eq!(Kept::from_bytes(b"{\"json\": true}").unwrap_err(), KeptError::Foreign);
    }

    #[test]
    fn a_section_that_is_not_known_is_passed_over() {
        let bytes = kept().to_bytes();
        let mut longer = bytes[..bytes.len() - 32].to_vec();
        longer.extend_from_slice(b"what");
        longer.extend_from_slice(&1_u32.to_le_bytes());
        longer.extend_from_slice(&2_u64.to_le_bytes());
        longer.extend_from_slice(&[9, 9]);
        let hash = blake3::hash(&longer);
        longer.extend_from_slice(hash.as_bytes());
        assert_eq!(Kept::from_bytes(&longer).unwrap().to_bytes(), bytes);
    }
}
