//! Keys, and the token they sign: `token.md` has its format.
//!
//! The payload is encrypted as well, since browsers see tokens: a user's key or our price must not be read
//! from a link. The signature is the nonce of the stream (a synthetic initialisation vector), so equal
//! tickets give equal tokens and nothing else is told.
//!
//! Absent: how long a key is kept. Whoever holds the file of keys decides that.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::notice::kind::NoticeKind;
use crate::notice::ticket::{Layout, Ticket};
use crate::notice::wire::{Reader, Writer};
use crate::units::{Millis, UnixMillis, limits};

/// The version that is written. Bumped whenever the fields change.
const VERSION: u8 = 5;
/// The versions before it are honoured as long as any of their tokens may be out: this one has fewer fields.
const VERSION_4: u8 = 4;
/// And this one no id of its key.
const VERSION_WITHOUT_KEY: u8 = 3;
const KEY_ID_BYTES: usize = 4;
const MAC_BYTES: usize = 16;

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too long, not base64url, too short, or of a version that is not read.
    #[error("the token is not one of ours")]
    Malformed,
    /// It names a key that is not held: one of another installation, or one that was dropped.
    #[error("the token's key is not known here")]
    UnknownKey,
    /// Altered, made with another key, or made for another kind of notice.
    #[error("the token's signature does not fit")]
    Forged,
    /// Older than any notice of its kind comes.
    #[error("the token is too old")]
    Expired,
}

/// Names a key in the tokens that it signs. It follows from the key, so that nobody has to hand out numbers, and
/// tells nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl KeyId {
    /// The id of `secret`.
    #[must_use]
    pub fn of(secret: &[u8; 32]) -> Self {
        let hash = blake3::derive_key("encan 2026-11 notice key, id", secret);
        Self(*hash.first_chunk().expect("BLAKE3 gives 32 bytes"))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The signing keys: the current one first, then those before it, for tokens that are still out.
pub struct Keys {
    sets: Vec<KeySet>,
}

/// What is derived of one secret.
struct KeySet {
    id: KeyId,
    kinds: [KindKeys; NoticeKind::ALL.len()],
}

/// The two keys of one kind of notice.
#[derive(Clone, Copy)]
struct KindKeys {
    sign: [u8; 32],
    encrypt: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sets.iter().map(|set| set.id)).finish()
    }
}

impl Keys {
    /// Signs with keys derived from `current`; accepts those of `former` too.
    #[must_use]
    pub fn new<'a>(current: &'a [u8; 32], former: impl IntoIterator<Item = &'a [u8; 32]>) -> Self {
        let derive = |secret: &[u8; 32]| {
            let kinds = NoticeKind::ALL.map(|kind| {
                let key = |use_| {
                    blake3::derive_key(
                        &format!("encan 2026-11 notice token, {}, {use_}", kind.name()),
                        secret,
                    )
                };
                KindKeys { sign: key("sign"), encrypt: key("encrypt") }
            });
            KeySet { id: KeyId::of(secret), kinds }
        };
        Self { sets: std::iter::once(current).chain(former).map(derive).collect() }
    }

    /// The ids of the keys, that which signs first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.sets.iter().map(|set| set.id)
    }

    /// Appends the token of `ticket` for `kind`; `touched` is the time of the click for
    /// [`NoticeKind::Clicked`].
    pub fn sign(&self, kind: NoticeKind, ticket: &Ticket, touched: Option<UnixMillis>, out: &mut String) {
        let set = &self.sets[0];
        let mut token = Writer::new();
        token.bytes(&[VERSION]);
        token.bytes(&set.id.0);
        ticket.write(&mut token);
        if let Some(touched) = touched {
            token.signed(touched.raw());
        }
        let keys = &set.kinds[kind as usize];
        let mac = mac(&keys.sign, token.as_slice());
        crypt(&keys.encrypt, &mac, &mut token.as_mut_slice()[1 + KEY_ID_BYTES..]);
        token.bytes(&mac);
        URL_SAFE_NO_PAD.encode_string(token.as_slice(), out);
    }

    /// The ticket of a token made for `kind`, and the time of the click if it holds one.
    ///
    /// # Errors
    ///
    /// [`TokenError`], after the signature was compared in constant time.
    pub fn verify(
        &self,
        kind: NoticeKind,
        token: &str,
        now: UnixMillis,
    ) -> Result<(Ticket, Option<UnixMillis>), TokenError> {
        if token.len() > limits::TOKEN_CHARS_MAX {
            return Err(TokenError::Malformed);
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenError::Malformed)?;
        let (signed, signature) = bytes.split_last_chunk_mut::<MAC_BYTES>().ok_or(TokenError::Malformed)?;
        let (fields, layout) = self.opened(kind, signed, signature)?;
        let mut reader = Reader::new(fields);
        let ticket = Ticket::read(&mut reader, layout).ok_or(TokenError::Malformed)?;
        let touched = if kind == NoticeKind::Clicked {
            Some(UnixMillis::from_raw(reader.signed().ok_or(TokenError::Malformed)?))
        } else {
            None
        };
        if !reader.is_empty() {
            return Err(TokenError::Malformed);
        }
        if now > ticket.bid.at.plus(age_max(kind, &ticket)) {
            return Err(TokenError::Expired);
        }
        Ok((ticket, touched))
    }

    /// Decrypts the fields in `signed`, and tells how they are laid out.
    fn opened<'b>(
        &self,
        kind: NoticeKind,
        signed: &'b mut [u8],
        signature: &[u8; MAC_BYTES],
    ) -> Result<(&'b [u8], Layout), TokenError> {
        let (header, layout) = match *signed {
            [version @ (VERSION | VERSION_4), a, b, c, d, ..] => {
                let id = KeyId([a, b, c, d]);
                let set = self.sets.iter().find(|set| set.id == id).ok_or(TokenError::UnknownKey)?;
                let header = 1 + KEY_ID_BYTES;
                if !opens(&set.kinds[kind as usize], header, signed, signature) {
                    return Err(TokenError::Forged);
                }
                (header, if version == VERSION { Layout::Current } else { Layout::Version4 })
            }
            // It names no key: each is tried.
            [VERSION_WITHOUT_KEY, ..] => {
                let mut sets = self.sets.iter();
                if !sets.any(|set| opens(&set.kinds[kind as usize], 1, signed, signature)) {
                    return Err(TokenError::Forged);
                }
                (1, Layout::Version3)
            }
            _ => return Err(TokenError::Malformed),
        };
        Ok((&signed[header..], layout))
    }
}

/// How old a bid may be when a notice of `kind` comes: what its exchange's profile says where money is told, as
/// long as any campaign counts conversions for the rest.
fn age_max(kind: NoticeKind, ticket: &Ticket) -> Millis {
    match kind {
        NoticeKind::Win | NoticeKind::Billing | NoticeKind::Loss | NoticeKind::Impression => {
            ticket.honoured_for.min(limits::NOTICE_AGE_MAX)
        }
        NoticeKind::View | NoticeKind::Click | NoticeKind::Clicked | NoticeKind::Play => {
            limits::CONVERSION_AGE_MAX
        }
    }
}

/// Decrypts what `signed` has behind its `header` in place if it was signed by these keys; else leaves it as it was.
fn opens(keys: &KindKeys, header: usize, signed: &mut [u8], signature: &[u8; MAC_BYTES]) -> bool {
    crypt(&keys.encrypt, signature, &mut signed[header..]);
    let fits = bool::from(mac(&keys.sign, signed).ct_eq(signature));
    if !fits {
        crypt(&keys.encrypt, signature, &mut signed[header..]);
    }
    fits
}

/// Adds the stream of `key` and `nonce` to `bytes`; twice gives them back.
fn crypt(key: &[u8; 32], nonce: &[u8; MAC_BYTES], bytes: &mut [u8]) {
    let mut stream = blake3::Hasher::new_keyed(key).update(nonce).finalize_xof();
    // As much as our tokens are long, so that its blocks are made side by side.
    let mut masks = [0_u8; 320];
    for part in bytes.chunks_mut(masks.len()) {
        let masks = &mut masks[..part.len()];
        stream.fill(masks);
        part.iter_mut().zip(masks).for_each(|(byte, mask)| *byte ^= *mask);
    }
}

fn mac(key: &[u8; 32], payload: &[u8]) -> [u8; MAC_BYTES] {
    let full = blake3::keyed_hash(key, payload);
    *full.as_bytes().first_chunk().expect("BLAKE3 gives 32 bytes")
}
