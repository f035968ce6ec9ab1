//! Consent strings for tests: written bit by bit, and those of `fixtures/consent`, made by the IAB's own
//! encoders.

use std::collections::BTreeSet;

use rand::rngs::SmallRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use serde::Deserialize;

use crate::privacy::Purposes;

/// Text of base64url for bits written as digits; anything else in `digits` is for the eye.
pub(in crate::privacy) fn base64url(digits: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<usize> =
        digits.bytes().filter(|b| matches!(b, b'0' | b'1')).map(|b| usize::from(b - b'0')).collect();
    let sextet = |bits: &[usize]| (0..6).fold(0, |value, at| value << 1 | bits.get(at).copied().unwrap_or(0));
    bits.chunks(6).map(|bits| char::from(alphabet[sextet(bits)])).collect()
}

/// A TC string for one vendor: `base` says what is not the default.
#[derive(Debug, Clone)]
pub(in crate::privacy) struct Tc {
    pub policy: u8,
    pub consents: Vec<u8>,
    pub interests: Vec<u8>,
    pub features: u16,
    pub vendor: u16,
    pub vendor_consent: bool,
    pub vendor_interest: bool,
    /// Purpose and type.
    pub restrictions: Vec<(u8, u8)>,
    /// Of the vendor, in a segment of its own.
    pub disclosed: Option<bool>,
}

impl Default for Tc {
    /// Everything is consented to, under TCF 2.3.
    fn default() -> Self {
        Self {
            policy: 5,
            consents: (1..=11).collect(),
            interests: Vec::new(),
            features: 0b1100_0000_0000,
            vendor: 755,
            vendor_consent: true,
            vendor_interest: false,
            restrictions: Vec::new(),
            disclosed: Some(true),
        }
    }
}

impl Tc {
    pub(in crate::privacy) fn text(&self) -> String {
        let purposes = |own: &[u8]| -> String {
            let own = Purposes::new(own.iter().copied());
            (1..=24).map(|purpose| if own.has(purpose) { '1' } else { '0' }).collect()
        };
        // One entry, a range of one.
        let entry = format!("0{:016b}", self.vendor);
        let list = |held: bool| {
            let entries = if held { format!("000000000001{entry}") } else { "0".repeat(12) };
            format!("{:016b}1{entries}", self.vendor)
        };
        let created = 17_636_334_723u64;
        let mut core = format!("000010{created:036b}{created:036b}");
        core += &format!("{:012b}{:012b}{:06b}{:06b}{:06b}{:012b}{:06b}", 300, 1, 1, 5, 13, 120, self.policy);
        core += &format!("10{:012b}{}{}", self.features, purposes(&self.consents), purposes(&self.interests));
        core += &format!("0{:06b}{:06b}", 5, 17);
        core += &list(self.vendor_consent);
        core += &list(self.vendor_interest);
        core += &format!("{:012b}", self.restrictions.len());
        for (purpose, kind) in &self.restrictions {
            core += &format!("{purpose:06b}{kind:02b}000000000001{entry}");
        }
        let disclosed =
            self.disclosed.map(|disclosed| format!(".{}", base64url(&format!("001{}", list(disclosed)))));
        base64url(&core) + &disclosed.unwrap_or_default()
    }
}

/// `fixtures/consent/tcf.json`.
pub(in crate::privacy) fn tcf_vectors() -> Vec<TcfVector> {
    vectors(include_str!("../../fixtures/consent/tcf.json"))
}

/// `fixtures/consent/gpp.json`.
pub(in crate::privacy) fn gpp_vectors() -> Vec<GppVector> {
    vectors(include_str!("../../fixtures/consent/gpp.json"))
}

fn vectors<T: for<'de> Deserialize<'de>>(text: &'static str) -> Vec<T> {
    #[derive(Deserialize)]
    struct File<T> {
        vectors: Vec<T>,
    }
    let file: File<T> = serde_json::from_str(text).expect("the generator writes this form");
    assert!(file.vectors.len() > 100, "{} vectors prove little", file.vectors.len());
    file.vectors
}

#[derive(Debug, Deserialize)]
pub(in crate::privacy) struct TcfVector {
    pub note: String,
    pub string: String,
    pub want: TcfFound,
}

#[derive(Debug, Deserialize)]
pub(in crate::privacy) struct TcfFound {
    pub last_updated: i64,
    pub policy_version: u8,
    pub service_specific: bool,
    pub special_features: Ids,
    pub consents: Ids,
    pub legitimate_interests: Ids,
    pub purpose_one_treatment: bool,
    pub publisher_country: String,
    pub vendor_consents: Ids,
    pub vendor_legitimate_interests: Ids,
    pub disclosed: Option<Ids>,
    pub restrictions: Vec<RestrictionFound>,
}

#[derive(Debug, Deserialize)]
pub(in crate::privacy) struct RestrictionFound {
    pub purpose: u8,
    pub kind: u8,
    pub vendors: Ids,
}

#[derive(Debug, Deserialize)]
pub(in crate::privacy) struct GppVector {
    pub note: String,
    pub string: String,
    #[serde(default)]
    pub us: std::collections::BTreeMap<String, UsFound>,
    pub us_privacy: Option<String>,
    pub canada: Option<CanadaFound>,
    pub europe: Option<TcfFound>,
}

#[derive(Debug, Deserialize)]
pub(in crate::privacy) struct UsFound {
    pub sale: u8,
    pub sharing: u8,
    pub targeted: u8,
    pub children: Vec<u8>,
    pub service_provider: bool,
    pub gpc: bool,
}

#[derive(Debug, Deserialize)]
pub(in crate::privacy) struct CanadaFound {
    pub legacy: bool,
    pub express: Ids,
    pub implied: Ids,
    pub vendor_express: Ids,
    pub vendor_implied: Ids,
    pub disclosed: Option<Ids>,
    pub restrictions: Vec<RestrictionFound>,
}

/// Ids as `1-5,9`.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "String")]
pub(in crate::privacy) struct Ids(pub BTreeSet<u16>);

impl From<String> for Ids {
    fn from(text: String) -> Self {
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            first.parse().unwrap()..=last.parse().unwrap()
        };
        Self(text.split(',').filter(|part| !part.is_empty()).flat_map(range).collect())
    }
}

impl Ids {
    pub(in crate::privacy) fn has(&self, id: u16) -> bool {
        self.0.contains(&id)
    }

    pub(in crate::privacy) fn purposes(&self) -> Purposes {
        Purposes::new(self.0.iter().map(|id| u8::try_from(*id).unwrap()))
    }
}

/// Ids at which a list of ranges or bits may go wrong: the ends of its runs, and their neighbours.
pub(in crate::privacy) fn probes<'i>(lists: impl IntoIterator<Item = &'i Ids>) -> BTreeSet<u16> {
    let mut probes = BTreeSet::from([1, 2, 755, u16::MAX]);
    for list in lists {
        let ends = list.0.iter().filter(|id| !list.has(**id - 1) || !list.has(**id + 1));
        probes.extend(ends.flat_map(|id| [*id - 1, *id, *id + 1]));
    }
    probes.remove(&0);
    probes
}

/// `text` with a few bits turned over, dots and tildes left where they are.
pub(in crate::privacy) fn mangled(text: &str, random: &mut SmallRng) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..bytes.len());
        if let Some(sextet) = alphabet.iter().position(|letter| *letter == bytes[at]) {
            bytes[at] = alphabet[sextet ^ 1 << random.random_range(0..6)];
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A random source, its seed printed.
pub(in crate::privacy) fn seeded() -> SmallRng {
    let seed = rand::rng().next_u64();
    println!("seed {seed}");
    SmallRng::seed_from_u64(seed)
}
