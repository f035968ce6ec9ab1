//! Ids of people to [`UserKey`]s: a keyed hash, so that a leaked store names nobody.

use std::fmt;

use crate::openrtb::BidRequest;
use crate::privacy::Permissions;
use crate::units::{ExchangeId, UserKey};

/// Opens every hashed text, so that a key made for another purpose under the same secret never
/// equals one of ours.
const DOMAIN: &[u8] = b"encan user key 1";

/// What an id of a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind<'a> {
    /// Our own id, by cookie match (`user.buyeruid`): one person on every exchange.
    Buyer,
    /// The advertising id of a device (`device.ifa`), in any case.
    Ifa,
    /// An extended id (`user.eids`) of this source.
    Eid(&'a str),
    /// The exchange's own id (`user.id`): means nothing on another exchange.
    Exchange(ExchangeId),
}

impl<'a> IdKind<'a> {
    /// Reads `buyer`, `ifa`, `eid:{source}` or `exchange:{slug}`.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        match text.split_once(':') {
            Some(("eid", source)) if !source.is_empty() => Some(Self::Eid(source)),
            Some(("exchange", slug)) if !slug.is_empty() => Some(Self::Exchange(ExchangeId::from_slug(slug))),
            None if text == "buyer" => Some(Self::Buyer),
            None if text == "ifa" => Some(Self::Ifa),
            _ => None,
        }
    }
}

/// Makes [`UserKey`]s under one secret.
#[derive(Clone)]
pub struct UserKeys {
    secret: [u8; 32],
}

impl fmt::Debug for UserKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserKeys(secret)")
    }
}

impl UserKeys {
    /// Keys under `secret`. Under another secret every person is a new one.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The key of the person behind `request`: by the first at hand of `buyeruid`, `ifa`, the first
    /// extended id, and the exchange's id. `None` if there is none, or it may not be read.
    #[must_use]
    pub fn key(
        &self,
        request: &BidRequest<'_>,
        exchange: ExchangeId,
        permissions: &Permissions,
    ) -> Option<UserKey> {
        if !permissions.identify {
            return None;
        }
        let user = &request.user;
        let told = |id: &&str| !id.is_empty();
        let (kind, id) = None
            .or_else(|| user.buyeruid.filter(told).map(|id| (IdKind::Buyer, id)))
            .or_else(|| request.device.ifa.filter(told).map(|id| (IdKind::Ifa, id)))
            .or_else(|| {
                let first = user.eids.iter().find(|eid| !eid.id.is_empty());
                first.map(|eid| (IdKind::Eid(eid.source), eid.id))
            })
            .or_else(|| user.id.filter(told).map(|id| (IdKind::Exchange(exchange), id)))?;
        Some(self.key_of(kind, id))
    }

    /// The key of `id`, as an import names it.
    #[must_use]
    pub fn key_of(&self, kind: IdKind<'_>, id: &str) -> UserKey {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(DOMAIN);
        match kind {
            IdKind::Buyer => {
                hasher.update(b"\0buyer\0").update(id.as_bytes());
            }
            IdKind::Ifa => {
                hasher.update(b"\0ifa\0");
                for byte in id.bytes() {
                    hasher.update(&[byte.to_ascii_lowercase()]);
                }
            }
            IdKind::Eid(source) => {
                let length = u64::try_from(source.len()).expect("a length fits in 64 bits");
                hasher.update(b"\0eid\0").update(&length.to_be_bytes());
                hasher.update(source.as_bytes()).update(id.as_bytes());
            }
            IdKind::Exchange(exchange) => {
                hasher.update(b"\0exchange\0").update(&exchange.raw().to_be_bytes()).update(id.as_bytes());
            }
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        UserKey::from_bytes(key)
    }
}

#[cfg(test)]
mod tests {
    use super::{IdKind, UserKeys};
    use crate::openrtb::{BidRequest, Device, Eid, Regs, User};
    use crate::privacy::{Permissions, Policy};
    use crate::units::ExchangeId;

    const KEYS: UserKeys = UserKeys::new([7; 32]);
    const ADX: ExchangeId = ExchangeId::from_slug("adx");
    const EIDS: &[Eid<'_>] = &[eid("id5", "x"), eid("uid2", "y")];

    const fn eid<'a>(source: &'a str, id: &'a str) -> Eid<'a> {
        Eid { source, id, atype: None, inserter: None, matcher: None, mm: None }
    }

    #[track_caller]
    fn check(user: User<'_>, ifa: Option<&str>, gdpr: bool, want: Option<(IdKind<'_>, &str)>) {
        let request = BidRequest {
            id: "1",
            device: Device { ifa, ..Device::default() },
            user,
            regs: Regs { gdpr: Some(gdpr), ..Regs::default() },
            ..BidRequest::default()
        };
        let key = KEYS.key(&request, ADX, &Permissions::of(&request, &Policy::default()));
        assert_eq!(key, want.map(|(kind, id)| KEYS.key_of(kind, id)));
    }

    #[test]
    fn the_first_id_at_hand_names_the_person() {
        let all = User { buyeruid: Some("b"), id: Some("u"), eids: EIDS, ..User::default() };
        check(all, Some("AB-C"), false, Some((IdKind::Buyer, "b")));
        let no_buyer = User { buyeruid: Some(""), ..all };
        check(no_buyer, Some("AB-C"), false, Some((IdKind::Ifa, "ab-c")));
        check(no_buyer, None, false, Some((IdKind::Eid("id5"), "x")));
        check(User { eids: &[], ..no_buyer }, None, false, Some((IdKind::Exchange(ADX), "u")));
        check(User::default(), None, false, None);
    }

    #[test]
    fn without_permission_nobody_has_a_key() {
        let user = User { buyeruid: Some("b"), id: Some("u"), eids: EIDS, ..User::default() };
        check(user, Some("ab-c"), true, None);
    }

    #[test]
    fn keys_of_other_kinds_secrets_and_exchanges_differ() {
        let keys = [
            KEYS.key_of(IdKind::Buyer, "a"),
            KEYS.key_of(IdKind::Ifa, "a"),
            KEYS.key_of(IdKind::Eid("a"), "a"),
            KEYS.key_of(IdKind::Eid(""), "aa"),
            KEYS.key_of(IdKind::Exchange(ADX), "a"),
            KEYS.key_of(IdKind::Exchange(ExchangeId::from_slug("other")), "a"),
            UserKeys::new([8; 32]).key_of(IdKind::Buyer, "a"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "key {at}");
        }
        assert_eq!(KEYS.key_of(IdKind::Ifa, "AB"), KEYS.key_of(IdKind::Ifa, "ab"));
        assert!(!format!("{KEYS:?}").contains('7'));
    }

    #[test]
    fn a_kind_reads_as_an_import_writes_it() {
        assert_eq!(IdKind::parse("eid:id5-sync.com"), Some(IdKind::Eid("id5-sync.com")));
        assert_eq!(IdKind::parse("exchange:adx"), Some(IdKind::Exchange(ADX)));
        for text in ["", "Buyer", "eid", "eid:", "exchange:", "ifa:x", "email"] {
            assert_eq!(IdKind::parse(text), None, "{text}");
        }
    }
}
