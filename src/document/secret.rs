//! Secrets that a file refers to and never holds: the shell fetches them from where they are.

use core::fmt;

use crate::document::{Faults, Node};

/// Where a secret is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// `env:NAME`, a variable of the environment.
    Environment(String),
    /// `file:PATH`, the text of a file but for white space around it; a relative path begins at the working folder.
    File(String),
}

impl SecretSource {
    /// The source that `text` names; `None` if it names none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        let name = name.trim();
        match kind {
            "env" if is_variable(name) => Some(Self::Environment(name.to_owned())),
            "file" if !name.is_empty() => Some(Self::File(name.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "the environment variable `{name}`"),
            Self::File(path) => write!(f, "the file `{path}`"),
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A secret: where it is, and its value once it was fetched. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    source: SecretSource,
    value: Option<Vec<u8>>,
}

impl Secret {
    /// A secret that was not fetched yet.
    #[must_use]
    pub fn at(source: SecretSource) -> Self {
        Self { source, value: None }
    }

    /// Where it is.
    #[must_use]
    pub fn source(&self) -> &SecretSource {
        &self.source
    }

    /// What it is, if it was fetched.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    /// Keeps what was fetched.
    pub fn fetched(&mut self, value: Vec<u8>) {
        self.value = Some(value);
    }

    /// True if `presented` is the secret; false if it was not fetched. Takes the same time whatever differs,
    /// and does not tell its length.
    #[must_use]
    pub fn is(&self, presented: &[u8]) -> bool {
        // Hashes of BLAKE3 compare in constant time.
        self.value.as_deref().is_some_and(|value| blake3::hash(value) == blake3::hash(presented))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = if self.value.is_some() { "fetched" } else { "not fetched" };
        write!(f, "Secret({}, {known})", self.source)
    }
}

impl Node<'_> {
    /// The place of a secret. What stands here otherwise may be the secret itself, so it is not repeated.
    pub fn secret(self, faults: &mut Faults) -> Option<Secret> {
        let text = self.text(faults)?;
        SecretSource::parse(text).map(Secret::at).or_else(|| {
            let fault = self.error("must name the place of a secret, and never hold one");
            faults.refuse(fault.hint("as `env:NAME` for a variable of the environment, or `file:PATH`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, SecretSource};

    #[test]
    fn a_secret_is_named_by_its_place_and_never_by_itself() {
        for (text, want) in [
            ("env:GOOGLE_KEY", Some(SecretSource::Environment("GOOGLE_KEY".to_owned()))),
            ("file:/etc/encan/key", Some(SecretSource::File("/etc/encan/key".to_owned()))),
            ("env:", None),
            ("env:A B", None),
            ("file: ", None),
            ("hunter2", None),
            ("vault:x", None),
        ] {
            assert_eq!(SecretSource::parse(text), want, "{text}");
        }
    }

    #[test]
    fn a_secret_that_was_not_fetched_is_nobodys() {
        let mut secret = Secret::at(SecretSource::parse("env:X").unwrap());
        assert!(!secret.is(b""));
        secret.fetched(b"open sesame".to_vec());
        assert!(secret.is(b"open sesame"));
        for wrong in [&b"open sesam"[..], b"", b"open sesame ", b"OPEN SESAME"] {
            assert!(!secret.is(wrong));
        }
        assert_eq!(format!("{secret:?}"), "Secret(the environment variable `X`, fetched)");
    }
}
