//! The secrets that exchange profiles and audience definitions refer to, fetched from the environment and from files.
//!
//! What cannot be had is told, and closes its exchange, or its advertiser's door for servers: nobody is let in whose
//! password is not known, and nothing is bid where its price could not be read.

use std::fs::File;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::audience::Definitions;
use crate::campaign::Exchange;
use crate::document::{Fault, SecretSource, Source};

/// Bytes of a secret's file: far above any key.
const BYTES_MAX: usize = 4_096;
/// Bytes of a key of Google's scheme.
const KEY_BYTES: usize = 32;

/// Fetches every secret that `exchanges` refer to; a warning, in the file of `sources` that it belongs to, for
/// each that cannot be had.
pub fn fetch(exchanges: &mut [Exchange], sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for exchange in exchanges {
        let file = sources.iter().find(|source| source.stem() == exchange.slug);
        let file = file.map_or_else(|| exchange.slug.clone(), |source| source.name.clone());
        for (key, secret) in exchange.secrets() {
            let is_key = key.starts_with("price_keys.");
            let fetched =
                value(secret.source()).and_then(|text| if is_key { key_of(&text) } else { Ok(text) });
            match fetched {
                Ok(value) => secret.fetched(value),
                Err(problem) => {
                    let fault = Fault::of_file(&file, format!("`{key}`: {} {problem}", secret.source()));
                    let hint = if is_key {
                        "nothing is bid there until a reload finds it"
                    } else {
                        "nobody is let in there by it until a reload finds it"
                    };
                    faults.push(fault.as_warning().hint(hint));
                }
            }
        }
    }
    faults
}

/// Fetches the tokens of advertisers' servers; a warning for each that cannot be had.
pub fn fetch_tokens(definitions: &mut Definitions, sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for definition in definitions.iter_mut() {
        let Some(token) = &mut definition.token else { continue };
        match value(token.source()) {
            Ok(value) => token.fetched(value),
            Err(problem) => {
                let source = sources.iter().find(|source| source.stem() == definition.slug);
                let file = source.map_or(&definition.slug, |source| &source.name);
                let fault = Fault::of_file(file, format!("`token`: {} {problem}", token.source()));
                let hint = "no event of the advertiser's server is taken until a reload finds it";
                faults.push(fault.as_warning().hint(hint));
            }
        }
    }
    faults
}

/// The secret's text, without white space around it.
fn value(source: &SecretSource) -> Result<Vec<u8>, String> {
    let bytes = match source {
        SecretSource::Environment(name) => match std::env::var_os(name) {
            Some(value) => value.into_encoded_bytes(),
            None => return Err("is not set".to_owned()),
        },
        SecretSource::File(path) => {
            let mut bytes = Vec::new();
            let opened =
                File::open(path).and_then(|file| file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
            opened.map_err(|error| format!("cannot be read: {error}"))?;
            bytes
        }
    };
    let value = bytes.trim_ascii();
    if value.is_empty() {
        return Err("is empty".to_owned());
    }
    if value.len() > BYTES_MAX {
        return Err(format!("has more than {BYTES_MAX} bytes"));
    }
    Ok(value.to_vec())
}

/// The 32 bytes of a key in base64, web-safe or not, padded or not, or in hexadecimal digits.
fn key_of(text: &[u8]) -> Result<Vec<u8>, String> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
    let from_base64 =
        [URL_SAFE_NO_PAD, STANDARD_NO_PAD].into_iter().find_map(|engine| engine.decode(&text[..end]).ok());
    [from_base64, from_hexadecimal(text)]
        .into_iter()
        .flatten()
        .find(|key| key.len() == KEY_BYTES)
        .ok_or_else(|| format!("is not a key of {KEY_BYTES} bytes in base64"))
}

fn from_hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{fetch, key_of};
    use crate::campaign::read_exchange;
    use crate::document::{Faults, Source};

    const PROFILE: &str = r#"{
      "name": "X", "bills_on": "billing", "reservation": {"display": "10m", "av": "1h"}, "tmax_ms": 120,
      "margin_ms": 10, "missing_price": "refuse", "currencies": "EUR", "price_encoding": "google",
      "price_keys": {"encryption": "file:E", "integrity": "file:I"},
      "authentication": {"header": {"name": "x-key", "value": "env:ENCAN_A_VARIABLE_THAT_NOBODY_SETS"}}
    }"#;
    const KEY: &str = "skU7Ax_NL5pPAFyKdkfZjZz2-VhIN8bjj1rVFOaJ_5o=";

    #[test]
    fn what_cannot_be_fetched_is_told_and_closes_the_exchange() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let text = PROFILE.replace("file:E", &format!("file:{}", path("e")));
        let text = text.replace("file:I", &format!("file:{}", path("i")));
        let source = Source::new("some/x.json", text);
        std::fs::write(path("e"), format!("{KEY}\n")).unwrap();
        std::fs::write(path("i"), "too short").unwrap();
        let mut exchanges = [read_exchange(&source, &mut Faults::new()).unwrap()];
        let told = |exchanges: &mut _| {
            let faults = fetch(exchanges, std::slice::from_ref(&source));
            faults.iter().map(|fault| fault.headline()).collect::<Vec<_>>()
        };
        let unset = "`some/x.json`: `authentication.header.value`: the environment variable \
                     `ENCAN_A_VARIABLE_THAT_NOBODY_SETS` is not set";
        let short = format!(
            "`some/x.json`: `price_keys.integrity`: the file `{}` is not a key of 32 bytes in base64",
            path("i")
        );
        assert_eq!(told(&mut exchanges), [short.as_str(), unset]);
        assert!(!exchanges[0].is_ready());
        std::fs::write(path("i"), KEY).unwrap();
        assert_eq!(told(&mut exchanges), [unset]);
        assert!(exchanges[0].is_ready());
        std::fs::remove_file(path("i")).unwrap();
        assert!(told(&mut exchanges)[0].contains("cannot be read"));
    }

    #[test]
    fn a_key_is_written_in_base64_or_in_hexadecimal() {
        let key = key_of(KEY.as_bytes()).unwrap();
        let hexadecimal: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let standard = KEY.replace('_', "/").replace('-', "+");
        for text in [KEY.trim_end_matches('='), &standard, &hexadecimal, &hexadecimal.to_uppercase()] {
            assert_eq!(key_of(text.as_bytes()), Ok(key.clone()), "{text}");
        }
        for wrong in ["", "=", "AAAA", &hexadecimal[1..], &format!("{KEY}x"), "é"] {
            assert!(key_of(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
