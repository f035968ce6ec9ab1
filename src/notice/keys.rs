//! Keys, and the token they sign: version, payload, 128 bits of keyed BLAKE3, in base64url.
//!
//! The payload is encrypted as well, since browsers see tokens: a user's key or our price must not be read
//! from a link. The signature is the nonce of the stream (a synthetic initialisation vector), so equal
//! tickets give equal tokens and nothing else is told.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::notice::ticket::Ticket;
use crate::notice::wire::{Reader, Writer};
use crate::units::{UnixMillis, limits};

/// Bumped whenever the payload's fields change.
const VERSION: u8 = 4;
const MAC_BYTES: usize = 16;

/// What a token is good for. Each kind has its own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// `nurl`.
    Win,
    /// `burl`.
    Billing,
    /// `lurl`.
    Loss,
    /// The pixel of an impression that was shown, for an exchange that bills on it.
    Impression,
    /// The viewable impression's pixel.
    View,
    /// The click's redirect.
    Click,
    /// What the landing page gets, to report a conversion after a click.
    Clicked,
    /// How far a video or audio was played.
    Play,
}

impl NoticeKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Win,
        Self::Billing,
        Self::Loss,
        Self::Impression,
        Self::View,
        Self::Click,
        Self::Clicked,
        Self::Play,
    ];

    /// The kind's name, as in its URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Win => "win",
            Self::Billing => "bill",
            Self::Loss => "loss",
            Self::Impression => "imp",
            Self::View => "view",
            Self::Click => "click",
            Self::Clicked => "clicked",
            Self::Play => "play",
        }
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too long, not base64url, too short, or of another version.
    #[error("the token is not one of ours")]
    Malformed,
    /// Altered, made with another key, or made for another kind of notice.
    #[error("the token's signature does not fit")]
    Forged,
    /// Older than any notice of its kind comes.
    #[error("the token is too old")]
    Expired,
}

/// The signing keys: the current one, and the one before it, for tokens that are still out.
pub struct Keys {
    sets: Vec<[KindKeys; NoticeKind::ALL.len()]>,
}

/// The two keys of one kind of notice.
#[derive(Clone, Copy)]
struct KindKeys {
    sign: [u8; 32],
    encrypt: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("sets", &self.sets.len()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Signs with keys derived from `current`; accepts those of `previous` too.
    #[must_use]
    pub fn new(current: &[u8; 32], previous: Option<&[u8; 32]>) -> Self {
        let derive = |secret: &[u8; 32]| {
            NoticeKind::ALL.map(|kind| {
                let key = |use_| {
                    blake3::derive_key(
                        &format!("encan 2026-11 notice token, {}, {use_}", kind.name()),
                        secret,
                    )
                };
                KindKeys { sign: key("sign"), encrypt: key("encrypt") }
            })
        };
        Self { sets: std::iter::once(current).chain(previous).map(derive).collect() }
    }

    /// Appends the token of `ticket` for `kind`; `touched` is the time of the click for
    /// [`NoticeKind::Clicked`].
    pub fn sign(&self, kind: NoticeKind, ticket: &Ticket, touched: Option<UnixMillis>, out: &mut String) {
        let mut token = Writer::new();
        token.bytes(&[VERSION]);
        ticket.write(&mut token);
        if let Some(touched) = touched {
            token.signed(touched.raw());
        }
        let keys = &self.sets[0][kind as usize];
        let mac = mac(&keys.sign, token.as_slice());
        crypt(&keys.encrypt, &mac, &mut token.as_mut_slice()[1..]);
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
        let (payload, signature) = bytes.split_last_chunk_mut::<MAC_BYTES>().ok_or(TokenError::Malformed)?;
        if payload.first() != Some(&VERSION) {
            return Err(TokenError::Malformed);
        }
        if !self.sets.iter().any(|set| opens(&set[kind as usize], payload, signature)) {
            return Err(TokenError::Forged);
        }
        let mut reader = Reader::new(&payload[1..]);
        let ticket = Ticket::read(&mut reader).ok_or(TokenError::Malformed)?;
        let touched = if kind == NoticeKind::Clicked {
            Some(UnixMillis::from_raw(reader.signed().ok_or(TokenError::Malformed)?))
        } else {
            None
        };
        if !reader.is_empty() {
            return Err(TokenError::Malformed);
        }
        let age_max = match kind {
            NoticeKind::Win | NoticeKind::Billing | NoticeKind::Loss | NoticeKind::Impression => {
                limits::NOTICE_AGE_MAX
            }
            NoticeKind::View | NoticeKind::Click | NoticeKind::Clicked | NoticeKind::Play => {
                limits::CONVERSION_AGE_MAX
            }
        };
        if now > ticket.bid.at.plus(age_max) {
            return Err(TokenError::Expired);
        }
        Ok((ticket, touched))
    }
}

/// Decrypts `payload` in place if it was signed by these keys; else leaves it as it was.
fn opens(keys: &KindKeys, payload: &mut [u8], signature: &[u8; MAC_BYTES]) -> bool {
    crypt(&keys.encrypt, signature, &mut payload[1..]);
    let fits = bool::from(mac(&keys.sign, payload).ct_eq(signature));
    if !fits {
        crypt(&keys.encrypt, signature, &mut payload[1..]);
    }
    fits
}

/// Adds the stream of `key` and `nonce` to `bytes`; twice gives them back.
fn crypt(key: &[u8; 32], nonce: &[u8; MAC_BYTES], bytes: &mut [u8]) {
    let mut stream = blake3::Hasher::new_keyed(key).update(nonce).finalize_xof();
    // As much as our tokens are long, so that its blocks are made side by side.
    let mut masks = [0_u8; 256];
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
