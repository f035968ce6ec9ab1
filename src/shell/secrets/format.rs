//! The file of secrets, as text: what it is and its version, the users' secret, the notice keys, and a hash of all
//! that, for a damaged key would refuse notices without a word.
//!
//! ```text
//! encan secrets 2
//! users <64 hexadecimal digits>
//! notice <64 hexadecimal digits> made <milliseconds since 1970, or -> retired <milliseconds since 1970, or ->
//! check <64 hexadecimal digits: BLAKE3 of the lines before>
//! ```
//!
//! The key that signs comes first, the newest before the older ones. Version 1 was 64 bytes: the key of notices, then
//! the users' secret. It is read as it is, and becomes version 2 at the first rotation: until then, an encan that
//! knows no rotation can be put back in place.

use std::fmt::Write as _;
use std::path::Path;

use crate::shell::secrets::{NoticeKey, Secrets, SecretsError};
use crate::units::UnixMillis;

/// The version that is written.
pub(in crate::shell::secrets) const VERSION: u32 = 2;
const HEAD: &str = "encan secrets ";
/// Of version 1.
const BYTES_OF_VERSION_1: usize = 64;

/// The file of `secrets`.
pub(in crate::shell::secrets) fn written(secrets: &Secrets) -> Vec<u8> {
    let mut out = format!("{HEAD}{VERSION}\nusers {}\n", hex(&secrets.users));
    let moment = |moment: Option<UnixMillis>| moment.map_or("-".to_owned(), |at| at.raw().to_string());
    for key in &secrets.notices {
        let (made, retired) = (moment(key.made), moment(key.retired));
        let _ = writeln!(out, "notice {} made {made} retired {retired}", hex(&key.secret));
    }
    let check = blake3::hash(out.as_bytes());
    let _ = writeln!(out, "check {}", hex(check.as_bytes()));
    out.into_bytes()
}

/// The secrets in the `bytes` of `file`.
pub(in crate::shell::secrets) fn read(bytes: &[u8], file: &Path) -> Result<Secrets, SecretsError> {
    let damaged = |what| SecretsError::Damaged { file: file.to_owned(), what };
    if !bytes.starts_with(HEAD.as_bytes()) {
        return version_1(bytes).ok_or_else(|| damaged("it is neither 64 bytes nor a text of encan's"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is not text"))?;
    let (version, _) = text[HEAD.len()..].split_once('\n').ok_or_else(|| damaged("it ends early"))?;
    let version: u32 = version.parse().map_err(|_| damaged("its version is no number"))?;
    if version > VERSION {
        return Err(SecretsError::Newer { file: file.to_owned(), found: version });
    }
    let checked = checked(text).ok_or_else(|| damaged("its lines do not fit its check"))?;
    fields(checked).ok_or_else(|| damaged("its lines are not those of its version"))
}

fn version_1(bytes: &[u8]) -> Option<Secrets> {
    let bytes: &[u8; BYTES_OF_VERSION_1] = bytes.try_into().ok()?;
    let (secret, users) = (*bytes.first_chunk()?, *bytes.last_chunk()?);
    Some(Secrets { notices: vec![NoticeKey { secret, made: None, retired: None }], users })
}

/// The lines before the check, if it fits them and ends the file.
fn checked(text: &str) -> Option<&str> {
    let last = text.strip_suffix('\n')?.rfind('\n')? + 1;
    let (lines, check) = text.split_at(last);
    let check = bytes(check.strip_prefix("check ")?.strip_suffix('\n')?)?;
    (blake3::hash(lines.as_bytes()) == check).then_some(lines)
}

fn fields(text: &str) -> Option<Secrets> {
    let mut lines = text.lines().skip(1);
    let users = bytes(lines.next()?.strip_prefix("users ")?)?;
    let notices = lines.map(notice).collect::<Option<Vec<_>>>()?;
    let (current, former) = notices.split_first()?;
    let in_order = current.retired.is_none() && former.iter().all(|key| key.retired.is_some());
    in_order.then_some(Secrets { notices, users })
}

fn notice(line: &str) -> Option<NoticeKey> {
    let words: Vec<&str> = line.split(' ').collect();
    let ["notice", secret, "made", made, "retired", retired] = words[..] else { return None };
    let moment = |word: &str| match word {
        "-" => Some(None),
        number => Some(Some(UnixMillis::from_raw(number.parse().ok()?))),
    };
    Some(NoticeKey { secret: bytes(secret)?, made: moment(made)?, retired: moment(retired)? })
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.bytes().all(|sign| sign.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}
