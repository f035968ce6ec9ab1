//! What the bidder is shown beside a request: the profile's credentials, and headers that the operator names.

use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};

use crate::campaign::{Access, Credential};

/// A header of `--header`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    name: HeaderName,
    value: HeaderValue,
}

/// Headers that the cases or the connection set.
const OWN: [HeaderName; 7] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::ACCEPT_ENCODING,
];

impl FromStr for Header {
    type Err = String;

    /// Reads `name: value`.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "is not of the form `name: value`".to_owned();
        let (name, value) = text.split_once(':').ok_or_else(form)?;
        let name: HeaderName = name.trim().parse().map_err(|_| form())?;
        let mut value: HeaderValue = value.trim().parse().map_err(|_| form())?;
        if OWN.contains(&name) {
            return Err(format!("`{name}` is set by the requests themselves"));
        }
        value.set_sensitive(true);
        Ok(Self { name, value })
    }
}

/// The headers of every bid request: those of `named`, and by the profile's `access` those that are not named. A secret
/// that was not fetched is left out.
#[must_use]
pub fn headers(named: &[Header], access: &Access) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for Header { name, value } in named {
        headers.append(name, value.clone());
    }
    for credential in &access.credentials {
        let shown = match credential {
            Credential::Basic { user, password } => password.value().map(|password| {
                let pair = [user.as_bytes(), b":", password].concat();
                ("authorization", format!("Basic {}", STANDARD.encode(pair)).into_bytes())
            }),
            Credential::Header { name, value } => value.value().map(|value| (name.as_str(), value.to_vec())),
            Credential::Addresses(_) => None,
        };
        let shown = shown.and_then(|(name, value)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(&value).ok()?))
        });
        if let Some((name, mut value)) = shown
            && !headers.contains_key(&name)
        {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::{Header, headers};
    use crate::campaign::{Access, Credential, Secret, SecretSource};

    fn secret(value: Option<&str>) -> Secret {
        let mut secret = Secret::at(SecretSource::parse("env:X").unwrap());
        if let Some(value) = value {
            secret.fetched(value.as_bytes().to_vec());
        }
        secret
    }

    #[track_caller]
    fn check(named: &[&str], credentials: Vec<Credential>, want: &[(&str, &str)]) {
        let named: Vec<Header> = named.iter().map(|text| text.parse().unwrap()).collect();
        let headers = headers(&named, &Access { credentials, ..Access::default() });
        let shown: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(shown, want);
        assert!(headers.values().all(hyper::header::HeaderValue::is_sensitive));
    }

    #[test]
    fn credentials_of_the_profile_are_shown_unless_the_operator_names_others() {
        let basic = || Credential::Basic { user: "u".to_owned(), password: secret(Some("p:q")) };
        let key = |value| Credential::Header { name: "x-key".to_owned(), value: secret(value) };
        check(
            &["x-a: 1"],
            vec![basic(), key(Some("k"))],
            &[("x-a", "1"), ("authorization", "Basic dTpwOnE="), ("x-key", "k")],
        );
        check(
            &["Authorization: Bearer t:u", "X-KEY: other"],
            vec![basic(), key(Some("k"))],
            &[("authorization", "Bearer t:u"), ("x-key", "other")],
        );
        check(&[], vec![key(None)], &[]);
    }

    #[test]
    fn what_is_no_header_or_belongs_to_the_requests_is_refused() {
        for wrong in ["", "x-key", ": v", "x key: v", "x-key: a\nb", "host: x", "Content-Type: text/html"] {
            assert!(wrong.parse::<Header>().is_err(), "{wrong}");
        }
        assert!("x-openrtb-version: 2.6".parse::<Header>().is_ok());
    }
}
