//! The clearing price, as its exchange writes it, to a decimal number per thousand.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::campaign::{PriceEncoding, PriceNotice, PriceUnit};
use crate::notice::event::is_missing;
use crate::notice::google::{DecryptError, decrypt, encrypt};
use crate::units::{Cpm, Rounding};

/// Padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a price that came cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not base64 of a text.
    #[error("it is not base64 of a text")]
    NotBase64,
    /// Not encrypted as the profile says.
    #[error(transparent)]
    Encrypted(#[from] DecryptError),
    /// The keys are not known.
    #[error("the keys of the exchange's prices are not known")]
    NoKeys,
    /// Beyond every price.
    #[error("it is out of range")]
    OutOfRange,
}

/// The price in `raw`, what came in place of the exchange's macro, as the decimal number that
/// [`event`](crate::notice::event) reads. What is missing, and what is not encoded at all, stays as it is.
///
/// # Errors
///
/// [`Unreadable`].
pub fn clearing_price<'a>(raw: &'a str, notice: &PriceNotice) -> Result<Cow<'a, str>, Unreadable> {
    let trimmed = raw.trim();
    if is_missing(trimmed) || trimmed == notice.name {
        return Ok(Cow::Borrowed(if trimmed == notice.name { "" } else { trimmed }));
    }
    match &notice.encoding {
        PriceEncoding::Plain => Ok(Cow::Borrowed(trimmed)),
        PriceEncoding::Base64 => from_base64(trimmed).map(Cow::Owned),
        PriceEncoding::Google(keys) => {
            let (Some(encryption), Some(integrity)) = (keys.encryption.value(), keys.integrity.value())
            else {
                return Err(Unreadable::NoKeys);
            };
            let number = decrypt(trimmed, encryption, integrity)?;
            let micros = match keys.unit {
                PriceUnit::MicrosPerImpression => number.checked_mul(1_000),
                PriceUnit::MicrosPerThousand => Some(number),
            };
            let price = micros.and_then(|micros| Cpm::from_micros(i64::try_from(micros).ok()?));
            price.map(|price| Cow::Owned(price.to_string())).ok_or(Unreadable::OutOfRange)
        }
    }
}

/// The counterpart of [`clearing_price`]: `price`, a decimal number per thousand, as the exchange writes it in place
/// of its macro. What an encrypted number has no room for is dropped, so that nobody clears above the bid. `vector`
/// must be another one for each price, or two messages together tell what they hide.
///
/// # Errors
///
/// [`Unreadable`]: the keys are not known, or it is no price.
pub fn written_price(price: &str, vector: [u8; 16], notice: &PriceNotice) -> Result<String, Unreadable> {
    match &notice.encoding {
        PriceEncoding::Plain => Ok(price.to_owned()),
        PriceEncoding::Base64 => Ok(URL_SAFE.encode(price)),
        PriceEncoding::Google(keys) => {
            let (Some(encryption), Some(integrity)) = (keys.encryption.value(), keys.integrity.value())
            else {
                return Err(Unreadable::NoKeys);
            };
            let micros = Cpm::from_decimal(price, Rounding::Down).map_err(|_| Unreadable::OutOfRange)?;
            let micros = u64::try_from(micros.micros()).map_err(|_| Unreadable::OutOfRange)?;
            let number = match keys.unit {
                PriceUnit::MicrosPerImpression => micros / 1_000,
                PriceUnit::MicrosPerThousand => micros,
            };
            Ok(encrypt(number, vector, encryption, integrity))
        }
    }
}

/// The text in `raw`, in either alphabet, padded or not.
fn from_base64(raw: &str) -> Result<String, Unreadable> {
    let standard: String = raw
        .chars()
        .map(|sign| match sign {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let bytes = LENIENT.decode(standard).map_err(|_| Unreadable::NotBase64)?;
    String::from_utf8(bytes).map_err(|_| Unreadable::NotBase64)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE;

    use super::{DecryptError, Unreadable, clearing_price, written_price};
    use crate::campaign::{PriceEncoding, PriceKeys, PriceNotice, PriceUnit, Secret, SecretSource};

    fn key(text: &str) -> Secret {
        let mut secret = Secret::at(SecretSource::parse("env:X").unwrap());
        secret.fetched(URL_SAFE.decode(text).unwrap());
        secret
    }

    fn google(unit: PriceUnit) -> PriceEncoding {
        let encryption = key("skU7Ax_NL5pPAFyKdkfZjZz2-VhIN8bjj1rVFOaJ_5o=");
        let integrity = key("arO23ykdNqUQ5LEoQ0FVmPkBd7xB5CO89PDZlSjpFxo=");
        PriceEncoding::Google(PriceKeys { encryption, integrity, unit })
    }

    #[track_caller]
    fn check(raw: &str, encoding: PriceEncoding, want: Result<&str, Unreadable>) {
        let notice = PriceNotice { name: "@@PRICE@@".to_owned(), encoding };
        assert_eq!(clearing_price(raw, &notice).as_deref(), want.as_ref().map(|want| *want), "{raw}");
    }

    #[test]
    fn a_plain_price_stays_as_it_is() {
        check(" 1.25 ", PriceEncoding::Plain, Ok("1.25"));
        check("free", PriceEncoding::Plain, Ok("free"));
    }

    #[test]
    fn a_price_in_base64_is_read_in_either_alphabet_and_with_or_without_padding() {
        for raw in ["MS4yNQ==", "MS4yNQ", "MS4yNQ="] {
            check(raw, PriceEncoding::Base64, Ok("1.25"));
        }
        for raw in ["Pj4+", "Pj4-"] {
            check(raw, PriceEncoding::Base64, Ok(">>>"));
        }
        for raw in ["1.25", "M", "/w=="] {
            check(raw, PriceEncoding::Base64, Err(Unreadable::NotBase64));
        }
    }

    #[test]
    fn an_encrypted_number_counts_what_the_profile_says() {
        let raw = "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCAWJRxOgA";
        check(raw, google(PriceUnit::MicrosPerImpression), Ok("1.90"));
        check(raw, google(PriceUnit::MicrosPerThousand), Ok("0.0019"));
        let forged = Err(DecryptError::Forged.into());
        check("YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCAWJRxOgQ", google(PriceUnit::MicrosPerThousand), forged);
        let malformed = Err(DecryptError::Malformed.into());
        check("1.25", google(PriceUnit::MicrosPerImpression), malformed);
    }

    #[test]
    fn a_price_that_an_exchange_writes_is_read_as_the_same_one() {
        for encoding in [
            PriceEncoding::Plain,
            PriceEncoding::Base64,
            google(PriceUnit::MicrosPerImpression),
            google(PriceUnit::MicrosPerThousand),
        ] {
            let notice = PriceNotice { name: "@@PRICE@@".to_owned(), encoding };
            for price in ["0.001", "1.25", "900.123"] {
                let written = written_price(price, [7; 16], &notice).unwrap();
                assert_eq!(clearing_price(&written, &notice).as_deref(), Ok(price), "{notice:?}");
            }
        }
        let google = PriceNotice { name: String::new(), encoding: google(PriceUnit::MicrosPerImpression) };
        let written = written_price("1.2509", [7; 16], &google).unwrap();
        assert_eq!(clearing_price(&written, &google).as_deref(), Ok("1.25"));
        assert_eq!(written_price("free", [7; 16], &google), Err(Unreadable::OutOfRange));
        assert_eq!(written_price("-1", [7; 16], &google), Err(Unreadable::OutOfRange));
    }

    #[test]
    fn without_keys_no_encrypted_price_is_read() {
        let secret = || Secret::at(SecretSource::parse("env:X").unwrap());
        let unit = PriceUnit::MicrosPerImpression;
        let keys = PriceKeys { encryption: secret(), integrity: secret(), unit };
        let raw = "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCAWJRxOgA";
        check(raw, PriceEncoding::Google(keys), Err(Unreadable::NoKeys));
    }

    #[test]
    fn what_is_missing_stays_missing_whatever_the_encoding() {
        for encoding in [PriceEncoding::Plain, PriceEncoding::Base64, google(PriceUnit::MicrosPerThousand)] {
            for raw in ["", "AUDIT", "${AUCTION_PRICE}", "${AUCTION_PRICE:B64}", "%%WINNING_PRICE%%"] {
                check(raw, encoding.clone(), Ok(raw));
            }
            check("@@PRICE@@", encoding, Ok(""));
        }
    }
}
