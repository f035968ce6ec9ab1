//! Who may come in at an exchange's address: by password, by key, by network address.

use core::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::campaign::exchange::AddressRange;
use crate::document::Secret;

/// What a caller must show, and whose word on addresses is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Nobody is asked if there are none.
    pub credentials: Vec<Credential>,
    /// True if one of them is enough, false if all are needed.
    pub any: bool,
    /// Proxies of ours: only what they say in `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
}

/// One thing to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Name and password (RFC 7617).
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A key in a header.
    Header {
        /// The header's name, in lower case.
        name: String,
        /// The key.
        value: Secret,
    },
    /// An address in one of these ranges.
    Addresses(Vec<AddressRange>),
}

/// Who calls: address and headers of a request.
pub trait Caller {
    /// The address at the other end of the connection.
    fn peer(&self) -> IpAddr;
    /// The values of the header `name`, which is in lower case, in their order.
    fn header(&self, name: &str) -> impl Iterator<Item = &[u8]>;
}

/// Why a caller is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 401: name and password would help.
    Unauthorized,
    /// 403: nothing that can be asked for would.
    Forbidden,
}

impl Access {
    /// True if a caller has to show anything.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.credentials.is_empty()
    }

    /// Lets `caller` in, or says why not. Every credential is looked at, so that the time tells nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal`].
    pub fn admit(&self, caller: &impl Caller) -> Result<(), Refusal> {
        if self.credentials.is_empty() {
            return Ok(());
        }
        let (mut shown, mut password_missing) = (0, false);
        for credential in &self.credentials {
            let is_shown = self.is_shown(credential, caller);
            shown += usize::from(is_shown);
            password_missing |= !is_shown && matches!(credential, Credential::Basic { .. });
        }
        let needed = if self.any { 1 } else { self.credentials.len() };
        if shown >= needed {
            return Ok(());
        }
        // With a password the caller would be let in: ask for it. If something else is missing too, it would not.
        let would_help = password_missing && shown + 1 >= needed;
        Err(if would_help { Refusal::Unauthorized } else { Refusal::Forbidden })
    }

    fn is_shown(&self, credential: &Credential, caller: &impl Caller) -> bool {
        match credential {
            Credential::Basic { user, password } => {
                let mut values = caller.header("authorization");
                let pair = values.next().and_then(user_and_password).unwrap_or_default();
                let (name, given) = pair.split_once(':').unwrap_or_default();
                let is_user = blake3::hash(name.as_bytes()) == blake3::hash(user.as_bytes());
                let is_password = password.is(given.as_bytes());
                is_user & is_password & values.next().is_none()
            }
            Credential::Header { name, value } => {
                let mut values = caller.header(name);
                values.next().is_some_and(|given| value.is(given)) && values.next().is_none()
            }
            Credential::Addresses(ranges) => {
                let address = self.address(caller);
                ranges.iter().any(|range| range.holds(address))
            }
        }
    }

    /// The caller's address: the last one in `X-Forwarded-For` that is no proxy of ours, if our proxies
    /// brought it; else the other end of the connection.
    fn address(&self, caller: &impl Caller) -> IpAddr {
        let is_ours = |address: IpAddr| self.trusted_proxies.iter().any(|range| range.holds(address));
        let mut address = caller.peer();
        if !is_ours(address) {
            return address;
        }
        let headers: Vec<&[u8]> = caller.header("x-forwarded-for").collect();
        let words = headers.iter().rev().flat_map(|header| header.rsplit(|byte| *byte == b','));
        for word in words {
            let parsed = core::str::from_utf8(word).ok().and_then(|word| word.trim().parse().ok());
            // What is no address ends it: what stands before it was not written by a proxy that we know.
            let Some(forwarded) = parsed else { break };
            address = forwarded;
            if !is_ours(address) {
                break;
            }
        }
        address
    }

    pub(in crate::campaign::exchange) fn secrets(&mut self) -> Vec<(&'static str, &mut Secret)> {
        let mut secrets = Vec::new();
        for credential in &mut self.credentials {
            match credential {
                Credential::Basic { password, .. } => {
                    secrets.push(("authentication.basic.password", password));
                }
                Credential::Header { value, .. } => secrets.push(("authentication.header.value", value)),
                Credential::Addresses(_) => {}
            }
        }
        secrets
    }
}

/// `name:password` of the header's value `Basic ...`.
fn user_and_password(value: &[u8]) -> Option<String> {
    let (scheme, encoded) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    String::from_utf8(STANDARD.decode(encoded.trim_ascii()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use core::net::IpAddr;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{Access, Caller, Credential, Refusal};
    use crate::campaign::exchange::AddressRange;
    use crate::document::{Secret, SecretSource};

    struct Request<'a> {
        peer: &'a str,
        headers: &'a [(&'a str, String)],
    }

    impl Caller for Request<'_> {
        fn peer(&self) -> IpAddr {
            self.peer.parse().unwrap()
        }

        fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
            self.headers.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_bytes())
        }
    }

    fn secret(value: &str) -> Secret {
        let mut secret = Secret::at(SecretSource::parse("env:X").unwrap());
        secret.fetched(value.as_bytes().to_vec());
        secret
    }

    fn basic() -> Credential {
        Credential::Basic { user: "exchange".to_owned(), password: secret("pass:word") }
    }

    fn header() -> Credential {
        Credential::Header { name: "x-key".to_owned(), value: secret("k") }
    }

    fn addresses() -> Credential {
        Credential::Addresses(vec![AddressRange::parse("203.0.113.0/24").unwrap()])
    }

    fn authorization(pair: &str) -> (&'static str, String) {
        ("authorization", format!("Basic {}", STANDARD.encode(pair)))
    }

    #[track_caller]
    fn check(
        credentials: &[Credential],
        any: bool,
        (peer, headers): (&str, &[(&str, String)]),
        want: Result<(), Refusal>,
    ) {
        let trusted_proxies = vec![AddressRange::parse("10.0.0.0/8").unwrap()];
        let access = Access { credentials: credentials.to_vec(), any, trusted_proxies };
        assert_eq!(access.admit(&Request { peer, headers }), want);
    }

    #[test]
    fn nobody_is_asked_where_nothing_is_needed() {
        check(&[], false, ("192.0.2.1", &[]), Ok(()));
    }

    #[test]
    fn name_and_password_must_both_be_right() {
        for (pair, want) in [
            ("exchange:pass:word", Ok(())),
            ("exchange:pass", Err(Refusal::Unauthorized)),
            ("Exchange:pass:word", Err(Refusal::Unauthorized)),
            ("exchange", Err(Refusal::Unauthorized)),
            ("", Err(Refusal::Unauthorized)),
        ] {
            check(&[basic()], false, ("192.0.2.1", &[authorization(pair)]), want);
        }
        let right = authorization("exchange:pass:word");
        for wrong in ["", "Basic", "Basic ", "Basic !!!", "Bearer abc", "Basic\u{e9}abcdef"] {
            let headers = [("authorization", wrong.to_owned())];
            check(&[basic()], false, ("192.0.2.1", &headers), Err(Refusal::Unauthorized));
        }
        let twice = [right.clone(), right];
        check(&[basic()], false, ("192.0.2.1", &twice), Err(Refusal::Unauthorized));
    }

    #[test]
    fn a_key_in_a_header_is_compared_whole() {
        for (value, want) in [("k", Ok(())), ("kk", Err(Refusal::Forbidden)), ("", Err(Refusal::Forbidden))] {
            check(&[header()], false, ("192.0.2.1", &[("x-key", value.to_owned())]), want);
        }
        check(&[header()], false, ("192.0.2.1", &[]), Err(Refusal::Forbidden));
    }

    #[test]
    fn a_secret_that_was_not_fetched_lets_nobody_in() {
        let value = Secret::at(SecretSource::parse("env:X").unwrap());
        let closed = Credential::Header { name: "x-key".to_owned(), value };
        check(&[closed], false, ("192.0.2.1", &[("x-key", String::new())]), Err(Refusal::Forbidden));
    }

    #[test]
    fn a_forwarded_address_is_believed_from_our_own_proxies_only() {
        let forwarded = |text: &str| [("x-forwarded-for", text.to_owned())];
        let refused = Err(Refusal::Forbidden);
        for (peer, header, want) in [
            ("203.0.113.9", "", Ok(())),
            ("::ffff:203.0.113.9", "", Ok(())),
            ("192.0.2.1", "203.0.113.9", refused),
            ("10.0.0.1", "203.0.113.9", Ok(())),
            ("10.0.0.1", "203.0.113.9, 10.0.0.2", Ok(())),
            ("10.0.0.1", "192.0.2.1, 203.0.113.9", Ok(())),
            ("10.0.0.1", "203.0.113.9, 192.0.2.1", refused),
            ("10.0.0.1", "203.0.113.9, unknown", refused),
            ("10.0.0.1", "", refused),
        ] {
            check(&[addresses()], false, (peer, &forwarded(header)), want);
        }
        let two =
            [("x-forwarded-for", "203.0.113.9".to_owned()), ("x-forwarded-for", "192.0.2.1".to_owned())];
        check(&[addresses()], false, ("10.0.0.1", &two), refused);
    }

    #[test]
    fn all_credentials_are_needed_unless_any_will_do() {
        let both = [basic(), addresses()];
        let right = [authorization("exchange:pass:word")];
        check(&both, false, ("203.0.113.9", &right), Ok(()));
        check(&both, false, ("192.0.2.1", &right), Err(Refusal::Forbidden));
        check(&both, false, ("203.0.113.9", &[]), Err(Refusal::Unauthorized));
        check(&both, false, ("192.0.2.1", &[]), Err(Refusal::Forbidden));
        check(&both, true, ("203.0.113.9", &[]), Ok(()));
        check(&both, true, ("192.0.2.1", &right), Ok(()));
        check(&both, true, ("192.0.2.1", &[]), Err(Refusal::Unauthorized));
    }
}
