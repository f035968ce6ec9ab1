//! The file of secrets: made once, rotated whole, read in each version, refused when damaged.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::shell::secrets::{FILE, NoticeKey, Secrets, SecretsError, UNSEEN, format};
use crate::units::{Millis, UnixMillis, limits};

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn ids(secrets: &Secrets, now: UnixMillis) -> Vec<String> {
    secrets.keys(now).ids().map(|id| id.to_string()).collect()
}

fn days(days: i64) -> Millis {
    Millis::from_seconds(days * 86_400)
}

#[test]
fn secrets_are_made_once_stay_and_are_their_owners_alone() {
    let folder = folder();
    let made = Secrets::open(folder.path(), NOW).unwrap();
    let read = Secrets::open(folder.path(), NOW.plus(days(1))).unwrap();
    assert!(made == read);
    assert_ne!(made.notices[0].secret, made.users);
    let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    Secrets::rotate(folder.path(), NOW).unwrap();
    let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "after a rotation");
}

#[test]
fn a_rotation_keeps_the_former_keys_until_their_last_token_has_expired_and_the_secret_of_ids_for_ever() {
    let folder = folder();
    let first = Secrets::open(folder.path(), NOW).unwrap();
    let rotation = Secrets::rotate(folder.path(), NOW).unwrap();
    assert_eq!(rotation.former, first.notices[0].id());
    assert!(rotation.dropped.is_empty());
    let last = NOW.plus(UNSEEN).plus(limits::CONVERSION_AGE_MAX);
    let second = Secrets::open(folder.path(), NOW).unwrap();
    let both = [rotation.current.to_string(), rotation.former.to_string()];
    assert_eq!(ids(&second, NOW), both);
    assert_eq!(ids(&second, last), both, "to the last moment");
    assert_eq!(
        ids(&second, last.plus(Millis::from_raw(1))),
        both[..1],
        "a server forgets it without a rotation"
    );
    let at_last = Secrets::rotate(folder.path(), last).unwrap();
    assert!(at_last.dropped.is_empty());
    let after = Secrets::rotate(folder.path(), last.plus(Millis::from_raw(1))).unwrap();
    assert_eq!(after.dropped, [rotation.former]);
    let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
    assert_eq!(text.matches("notice ").count(), 3);
    assert_eq!(Secrets::existing(folder.path()).unwrap().users, first.users);
}

#[test]
fn the_first_version_is_read_as_it_is_and_replaced_by_the_first_rotation_only() {
    let folder = folder();
    let old = [[7; 32], [9; 32]].concat();
    std::fs::write(folder.path().join(FILE), &old).unwrap();
    let read = Secrets::open(folder.path(), NOW).unwrap();
    assert_eq!((read.notices.len(), read.notices[0].secret, read.users), (1, [7; 32], [9; 32]));
    assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), old);
    let rotation = Secrets::rotate(folder.path(), NOW).unwrap();
    let read = Secrets::open(folder.path(), NOW).unwrap();
    let former = NoticeKey { secret: [7; 32], made: None, retired: Some(NOW) };
    assert!(read.notices[1] == former && read.users == [9; 32]);
    assert_eq!(rotation.former, former.id());
}

#[test]
fn a_file_of_secrets_with_any_byte_altered_or_cut_is_refused_and_kept() {
    let folder = folder();
    Secrets::open(folder.path(), NOW).unwrap();
    Secrets::rotate(folder.path(), NOW).unwrap();
    let file = folder.path().join(FILE);
    let sound = std::fs::read(&file).unwrap();
    for at in 0..sound.len() {
        let mut altered = sound.clone();
        altered[at] ^= 1;
        for damaged in [&altered[..], &sound[..at]] {
            assert!(format::read(damaged, &file).is_err(), "byte {at}");
        }
    }
    for damaged in [&b"short"[..], b"", &[7; 63], &[7; 65], &sound[..sound.len() - 1]] {
        std::fs::write(&file, damaged).unwrap();
        assert!(matches!(Secrets::open(folder.path(), NOW), Err(SecretsError::Damaged { .. })));
        assert!(matches!(Secrets::rotate(folder.path(), NOW), Err(SecretsError::Damaged { .. })));
        assert_eq!(std::fs::read(&file).unwrap(), damaged);
    }
}

#[test]
fn a_newer_file_and_a_missing_one_are_refused_by_name() {
    let folder = folder();
    let missing = |error| matches!(error, Err(SecretsError::Missing { .. }));
    assert!(missing(Secrets::rotate(folder.path(), NOW).map(|_| ())));
    assert!(missing(Secrets::rotate(Path::new("/nowhere/at/all"), NOW).map(|_| ())));
    assert!(missing(Secrets::existing(folder.path()).map(|_| ())));
    assert!(!folder.path().join(FILE).exists());
    std::fs::write(folder.path().join(FILE), "encan secrets 3\nsomething else\n").unwrap();
    let newer = Secrets::rotate(folder.path(), NOW);
    assert!(matches!(newer, Err(SecretsError::Newer { found: 3, .. })));
    // A version below ours that was text never was.
    std::fs::write(folder.path().join(FILE), "encan secrets 1\n").unwrap();
    assert!(matches!(Secrets::open(folder.path(), NOW), Err(SecretsError::Damaged { .. })));
}

#[test]
fn what_a_crash_left_beside_the_file_is_in_nobodys_way() {
    let folder = folder();
    let before = Secrets::open(folder.path(), NOW).unwrap();
    let draft = folder.path().join("secret.new");
    std::fs::write(&draft, "encan secrets 2\nusers 00").unwrap();
    assert!(Secrets::open(folder.path(), NOW).unwrap() == before);
    let rotation = Secrets::rotate(folder.path(), NOW).unwrap();
    assert_eq!(ids(&Secrets::open(folder.path(), NOW).unwrap(), NOW)[0], rotation.current.to_string());
    assert!(!draft.exists());
}

#[test]
fn rotations_at_the_same_time_lose_no_key() {
    let folder = folder();
    let first = Secrets::open(folder.path(), NOW).unwrap().notices[0].id();
    let made: Vec<_> = std::thread::scope(|scope| {
        let rotate = || Secrets::rotate(folder.path(), NOW).unwrap().current;
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(rotate)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let kept: Vec<_> = Secrets::existing(folder.path()).unwrap().keys(NOW).ids().collect();
    assert_eq!(kept.len(), 9);
    assert!(made.iter().chain([&first]).all(|id| kept.contains(id)));
}

#[test]
fn more_keys_than_a_new_one_a_day_brings_are_refused_until_the_oldest_are_gone() {
    let folder = folder();
    Secrets::open(folder.path(), NOW).unwrap();
    for _ in 1..limits::NOTICE_KEYS_MAX {
        Secrets::rotate(folder.path(), NOW).unwrap();
    }
    let before = std::fs::read(folder.path().join(FILE)).unwrap();
    assert!(matches!(Secrets::rotate(folder.path(), NOW), Err(SecretsError::TooMany { .. })));
    assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), before);
    let later = NOW.plus(days(62));
    assert_eq!(Secrets::rotate(folder.path(), later).unwrap().dropped.len(), limits::NOTICE_KEYS_MAX - 1);
}

#[test]
fn a_key_a_day_never_meets_the_limit() {
    let folder = folder();
    Secrets::open(folder.path(), NOW).unwrap();
    for day in 1..200 {
        Secrets::rotate(folder.path(), NOW.plus(days(day))).unwrap();
    }
}
