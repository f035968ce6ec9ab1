//! Prices encrypted by Google's scheme, which BidSwitch, OpenX and others use too.
//!
//! 28 bytes in web-safe base64 without padding: 16 of an initialisation vector, 8 of the price, masked with the
//! first 8 of HMAC-SHA1(encryption key, vector), and the first 4 of HMAC-SHA1(integrity key, price then vector).
//! Source: developers.google.com/authorized-buyers/rtb/response-guide/decrypt-price.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

const VECTOR_BYTES: usize = 16;
const PRICE_BYTES: usize = 8;
const SIGNATURE_BYTES: usize = 4;
const BYTES: usize = VECTOR_BYTES + PRICE_BYTES + SIGNATURE_BYTES;

/// Why an encrypted price cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// Not 28 bytes in web-safe base64.
    #[error("it is not {BYTES} bytes in web-safe base64")]
    Malformed,
    /// Altered, or encrypted with other keys.
    #[error("its signature does not fit")]
    Forged,
}

/// The number that `text` hides.
///
/// # Errors
///
/// [`DecryptError`]; the signature is compared in constant time.
pub(in crate::notice) fn decrypt(
    text: &str,
    encryption: &[u8],
    integrity: &[u8],
) -> Result<u64, DecryptError> {
    // Some callers pad it, with the web-safe sign for it or the usual one.
    let text = text.trim_end_matches(['=', '.']);
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| DecryptError::Malformed)?;
    let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| DecryptError::Malformed)?;
    let (vector, rest) = bytes.split_first_chunk::<VECTOR_BYTES>().ok_or(DecryptError::Malformed)?;
    let (masked, signature) = rest.split_first_chunk::<PRICE_BYTES>().ok_or(DecryptError::Malformed)?;
    let mask = hmac(encryption, &[vector]);
    let mut price = *masked;
    price.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    let want = hmac(integrity, &[&price, vector]);
    if bool::from(want[..SIGNATURE_BYTES].ct_eq(signature)) {
        Ok(u64::from_be_bytes(price))
    } else {
        Err(DecryptError::Forged)
    }
}

/// `number` hidden behind `vector`, which must be another one each time, for the keys of [`decrypt`]: what the
/// exchange does.
pub(in crate::notice) fn encrypt(
    number: u64,
    vector: [u8; VECTOR_BYTES],
    encryption: &[u8],
    integrity: &[u8],
) -> String {
    let price = number.to_be_bytes();
    let signature = hmac(integrity, &[&price, &vector]);
    let mut masked = price;
    masked.iter_mut().zip(hmac(encryption, &[&vector])).for_each(|(byte, mask)| *byte ^= mask);
    URL_SAFE_NO_PAD.encode([&vector[..], &masked, &signature[..SIGNATURE_BYTES]].concat())
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of every length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE;

    use super::{DecryptError, decrypt, encrypt};

    /// The keys and messages that Google publishes with the scheme.
    const ENCRYPTION: &str = "skU7Ax_NL5pPAFyKdkfZjZz2-VhIN8bjj1rVFOaJ_5o=";
    const INTEGRITY: &str = "arO23ykdNqUQ5LEoQ0FVmPkBd7xB5CO89PDZlSjpFxo=";
    const MESSAGES: [(&str, u64); 3] = [
        ("YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCce_6msaw", 100),
        ("YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCAWJRxOgA", 1_900),
        ("YWJjMTIzZGVmNDU2Z2hpN7fhCuPemC32prpWWw", 2_700),
    ];

    fn with(text: &str, encryption: &str, integrity: &str) -> Result<u64, DecryptError> {
        let [encryption, integrity] = [encryption, integrity].map(|key| URL_SAFE.decode(key).unwrap());
        decrypt(text, &encryption, &integrity)
    }

    fn check(text: &str, want: Result<u64, DecryptError>) {
        assert_eq!(with(text, ENCRYPTION, INTEGRITY), want, "{text}");
    }

    #[test]
    fn the_published_messages_are_read() {
        for (text, price) in MESSAGES {
            check(text, Ok(price));
            check(&format!("{text}=="), Ok(price));
            check(&format!("{text}.."), Ok(price));
        }
    }

    #[test]
    fn the_published_messages_are_written_too() {
        let [encryption, integrity] = [ENCRYPTION, INTEGRITY].map(|key| URL_SAFE.decode(key).unwrap());
        for (text, price) in MESSAGES {
            assert_eq!(encrypt(price, *b"abc123def456ghi7", &encryption, &integrity), text);
        }
    }

    #[test]
    fn a_message_with_any_byte_altered_is_refused() {
        let (text, _) = MESSAGES[0];
        for at in 0..text.len() {
            let mut altered = text.as_bytes().to_vec();
            altered[at] = if altered[at] == b'A' { b'Q' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(with(&altered, ENCRYPTION, INTEGRITY).is_err(), "{altered}");
        }
    }

    #[test]
    fn a_message_of_another_length_is_refused() {
        let (text, _) = MESSAGES[0];
        for end in 0..text.len() {
            check(&text[..end], Err(DecryptError::Malformed));
        }
        for text in [&format!("{text}A"), &format!("{text}AAAA"), "1.25", "%%WINNING_PRICE%%", "é"] {
            check(text, Err(DecryptError::Malformed));
        }
    }

    #[test]
    fn another_key_reads_nothing() {
        let (text, _) = MESSAGES[0];
        assert_eq!(with(text, INTEGRITY, INTEGRITY), Err(DecryptError::Forged));
        assert_eq!(with(text, ENCRYPTION, ENCRYPTION), Err(DecryptError::Forged));
        assert_eq!(with(text, INTEGRITY, ENCRYPTION), Err(DecryptError::Forged));
    }
}
