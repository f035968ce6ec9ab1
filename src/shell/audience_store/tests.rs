//! The file against what was said, over restarts, with the writer and without.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use crate::audience::{Audiences, Happened, Profile};
use crate::shell::audience_store::file::EVERYONE;
use crate::shell::audience_store::{
    AudienceError, AudienceStore, AudienceWriter, AudienceWriterHandle, Change, Name, NameKind,
};
use crate::shell::clock;
use crate::units::{AdvertiserId, EventId, Millis, Nanos, SegmentId, TopicId, UnixMillis, UserKey};

const DAY: i64 = 86_400_000;

fn key(number: u8) -> UserKey {
    // Neighbours in a shard, and others far away.
    UserKey::from_bytes([number % 3 * 80, 0, 0, number, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, number])
}

/// So many days after the last midnight: an instant that is kept exactly.
fn midnight(days: i64) -> UnixMillis {
    UnixMillis::from_raw((clock::now().raw() / DAY + days) * DAY)
}

fn purchase(number: u8, at: UnixMillis) -> Happened {
    Happened {
        advertiser: AdvertiserId::from_slug("acme"),
        event: EventId::from_slug("purchase"),
        topic: number.is_multiple_of(2).then(|| TopicId::from_slug("sofas")),
        at: UnixMillis::from_raw(at.raw() / 1_000 * 1_000),
        value: Nanos::from_raw(i64::from(number) * 10_000_000),
    }
}

/// A server's part of the store.
struct Server {
    audiences: Arc<Audiences>,
    writer: AudienceWriter,
    handle: AudienceWriterHandle,
}

impl Server {
    async fn start(folder: &Path) -> Self {
        Self::start_with(AudienceStore::open(folder).unwrap()).await
    }

    async fn start_with(store: AudienceStore) -> Self {
        let (read, told) = oneshot::channel();
        let audiences = Arc::new(Audiences::unread());
        let (writer, handle) = AudienceWriter::start(store, Arc::clone(&audiences), read);
        told.await.unwrap().unwrap();
        Self { audiences, writer, handle }
    }

    fn profile(&self, key: &UserKey) -> Profile {
        self.audiences.profile(key, clock::now())
    }
}

/// Looks again and again until `holds` does; whoever waits in vain is told so.
async fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed().as_secs() < 30, "waited in vain: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_was_written_is_there_at_once_and_after_every_restart() {
    let seed = rand::random_range(0..1_u64 << 40);
    println!("seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let mut said: BTreeMap<UserKey, Profile> = BTreeMap::new();
    for _ in 0..6 {
        let server = Server::start(folder.path()).await;
        for _ in 0..40 {
            let number = random.random_range(0..12);
            let key = key(number);
            if random.random_bool(0.1) {
                let erased = server.writer.erase(key).await.unwrap();
                assert_eq!(erased, said.remove(&key).is_some());
                continue;
            }
            let segment = SegmentId::from_raw(random.random_range(0..9));
            let expires = midnight(random.random_range(1..50));
            let happened = purchase(random.random_range(0..250), midnight(-random.random_range(0..50)));
            let changes = vec![(key, Change::Segment(segment, expires)), (key, Change::Happened(happened))];
            server.writer.write(changes, vec![]).await.unwrap();
            let person = said.entry(key).or_insert_with(|| Profile::known([]));
            person.segments.retain(|(known, _)| *known != segment);
            person.segments.push((segment, expires));
            if !person.history.contains(&happened) {
                person.history.push(happened);
            }
        }
        for number in 0..12 {
            let key = key(number);
            let wanted = said.get(&key).cloned().unwrap_or_else(|| Profile::known([]));
            let from_file = AudienceStore::open(folder.path()).unwrap().profile(&key, clock::now()).unwrap();
            for found in [server.profile(&key), from_file] {
                assert_eq!(sorted(found), sorted(wanted.clone()), "person {number}");
            }
        }
        assert_eq!(server.audiences.len(), said.len());
        server.handle.join();
    }
}

fn sorted(mut profile: Profile) -> Profile {
    profile.segments.sort_unstable();
    profile.history.sort_by_key(|happened| (happened.at, happened.value.raw()));
    profile
}

#[tokio::test]
async fn a_running_server_follows_what_others_write_and_erase() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let shoes = SegmentId::from_slug("shoes");
    let mut beside = AudienceStore::open(folder.path()).unwrap();
    beside.write(&[(key(1), Change::Segment(shoes, midnight(9)))]).unwrap();
    wait_until("the import", || server.profile(&key(1)).has(shoes, clock::now())).await;
    // The server's own change of the same person keeps what the other wrote.
    let happened = Change::Happened(purchase(2, midnight(0)));
    server.writer.write(vec![(key(1), happened)], vec![]).await.unwrap();
    let profile = server.profile(&key(1));
    assert_eq!((profile.segments.len(), profile.history.len()), (1, 1));
    assert_eq!(beside.erase(&[key(1), key(2)]).unwrap(), 1);
    wait_until("the erasure", || server.profile(&key(1)) == Profile::known([])).await;
    server.handle.join();
    let server = Server::start(folder.path()).await;
    assert!(server.audiences.is_empty(), "nobody comes back");
    server.handle.join();
}

#[tokio::test]
async fn a_server_follows_an_import_of_every_shard_and_an_erasure_in_the_middle_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let mut beside = AudienceStore::open(folder.path()).unwrap();
    let everywhere: Vec<_> = (0..Audiences::SHARDS)
        .map(|shard| {
            (Audiences::first_key(shard).unwrap(), Change::Segment(SegmentId::from_raw(1), midnight(9)))
        })
        .collect();
    beside.write(&everywhere).unwrap();
    let (gone, before) = (everywhere[4_000].0, beside.turn().unwrap());
    assert_eq!(beside.erase(&[gone]).unwrap(), 1);
    beside.write(&everywhere[..4_001]).unwrap();
    assert_eq!(beside.erase(&[gone]).unwrap(), 1);
    let touched = beside.touched(before).unwrap();
    assert_eq!((touched.len(), touched[0], touched[1]), (4_001, (4_000, true), (0, false)));
    wait_until("all shards", || server.audiences.len() == everywhere.len() - 1).await;
    assert_eq!(server.profile(&gone), Profile::known([]));
    server.handle.join();
}

#[tokio::test]
async fn a_change_that_is_refused_refuses_nobody_else_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = AudienceStore::open(folder.path()).unwrap();
    let change = |number, days| (key(number), Change::Segment(SegmentId::from_raw(1), midnight(days)));
    store.write(&[change(1, 3), change(2, 3)]).unwrap();
    store.people_max = 3;
    let damage = Connection::open(folder.path().join("audience.sqlite")).unwrap();
    let server = Server::start_with(store).await;
    damage
        .execute("UPDATE person SET segments = x'010203' WHERE user = ?", [key(2).as_bytes().as_slice()])
        .unwrap();
    // Asked at once, so that they share a commit.
    let writes = [
        vec![change(3, 3), change(2, 5)],
        vec![change(1, 5)],
        vec![change(4, 3), change(5, 3)],
        vec![change(6, 3), change(6, 5)],
        vec![change(7, 3)],
    ];
    let [a, b, c, d, e] = writes.map(|changes| server.writer.write(changes, vec![]));
    let (a, b, c, d, e) = tokio::join!(a, b, c, d, e);
    assert_eq!(
        [a, b, c, d, e].map(|outcome| outcome.is_ok()),
        [false, true, false, true, false],
        "damaged, changed, too many, the last, too many"
    );
    assert_eq!(server.audiences.refused(), 2);
    let known = |number| !server.profile(&key(number)).segments.is_empty();
    assert_eq!((1..8).map(known).collect::<Vec<_>>(), [true, true, false, false, false, true, false]);
    let rows: i64 = damage.query_row("SELECT count(*) FROM person", [], |row| row.get(0)).unwrap();
    let total: i64 = damage.query_row("SELECT people FROM total", [], |row| row.get(0)).unwrap();
    assert_eq!((rows, total), (3, 3));
    assert!(server.writer.erase(key(2)).await.unwrap());
    server.writer.write(vec![change(7, 3)], vec![]).await.expect("who is erased makes room");
    server.handle.join();
}

#[tokio::test]
async fn names_are_kept_with_what_they_name_and_not_without() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let name = |slug: &str| Name { kind: NameKind::Segment, id: 1, slug: slug.to_owned() };
    let beside = Connection::open(folder.path().join("audience.sqlite")).unwrap();
    beside.execute_batch("ALTER TABLE name RENAME TO hidden").unwrap();
    let change = (key(1), Change::Segment(SegmentId::from_raw(1), midnight(3)));
    server.writer.write(vec![change], vec![name("shoes")]).await.unwrap_err();
    assert_eq!(server.profile(&key(1)), Profile::known([]), "what is refused is not half taken");
    beside.execute_batch("ALTER TABLE hidden RENAME TO name").unwrap();
    let rows: i64 = beside.query_row("SELECT count(*) FROM person", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
    server.writer.write(vec![change], vec![name("shoes")]).await.unwrap();
    let person = server.writer.show(key(1)).await.unwrap().unwrap();
    assert_eq!(person.segments[0].segment, "shoes");
    server.handle.join();
}

#[tokio::test]
async fn whoever_holds_the_log_delays_an_erasure_and_no_write() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let change = |number| vec![(key(number), Change::Segment(SegmentId::from_raw(1), midnight(3)))];
    server.writer.write(change(1), vec![]).await.unwrap();
    let reader = Connection::open(folder.path().join("audience.sqlite")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM person").unwrap();
    let writer = server.writer.clone();
    let erased = tokio::spawn(async move { writer.erase(key(1)).await });
    wait_until("the erasure", || server.audiences.is_empty()).await;
    server.writer.write(change(2), vec![]).await.unwrap();
    assert!(!erased.is_finished(), "the log still names who was erased");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(erased.await.unwrap(), Ok(true));
    server.handle.join();
}

#[test]
fn who_was_erased_is_in_no_byte_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = AudienceStore::open(folder.path()).unwrap();
    let people: Vec<UserKey> = (0..20_000_u32)
        .map(|number| {
            UserKey::from_bytes(*blake3::hash(&number.to_le_bytes()).as_bytes().first_chunk().unwrap())
        })
        .collect();
    for segment in 0..4 {
        // Again and again, so that rows move between pages.
        let mut changes: Vec<_> = people
            .iter()
            .map(|user| (*user, Change::Segment(SegmentId::from_raw(segment), midnight(9))))
            .collect();
        changes.sort_unstable_by_key(|(user, _)| *user);
        store.write(&changes).unwrap();
    }
    let gone: Vec<UserKey> = people.iter().step_by(97).copied().collect();
    let left = |users: &[UserKey]| {
        let bytes: Vec<u8> = std::fs::read_dir(folder.path())
            .unwrap()
            .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect();
        let known: std::collections::HashSet<[u8; 16]> =
            bytes.windows(16).map(|at| at.try_into().unwrap()).collect();
        users.iter().filter(|user| known.contains(user.as_bytes())).count()
    };
    assert_eq!(left(&gone), gone.len(), "the search finds who is there");
    assert_eq!(store.erase(&gone).unwrap(), gone.len());
    assert_eq!(left(&gone), 0);
}

#[test]
fn a_file_of_the_first_version_is_taken_over_with_everyone_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let old = Connection::open(folder.path().join("audience.sqlite")).unwrap();
    old.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE IF NOT EXISTS member (
             user BLOB NOT NULL, segment INTEGER NOT NULL, expires INTEGER NOT NULL,
             PRIMARY KEY (user, segment)
         ) WITHOUT ROWID;",
    )
    .unwrap();
    let slugs = ["shoes", "cars", "travel"];
    for number in 0..10_u8 {
        for slug in &slugs[..usize::from(number % 4)] {
            let segment = SegmentId::from_slug(slug).raw().cast_signed();
            old.execute(
                "INSERT INTO member (user, segment, expires) VALUES (?, ?, ?)",
                params![key(number).as_bytes().as_slice(), segment, midnight(3).raw()],
            )
            .unwrap();
        }
    }
    drop(old);
    for _ in 0..2 {
        let mut store = AudienceStore::open(folder.path()).unwrap();
        for number in 0..10_u8 {
            let wanted =
                slugs[..usize::from(number % 4)].iter().map(|slug| (SegmentId::from_slug(slug), midnight(3)));
            let profile = store.profile(&key(number), clock::now()).unwrap();
            assert_eq!(sorted(profile), sorted(Profile::known(wanted)), "person {number}");
        }
    }
}

#[test]
fn a_file_that_is_not_ours_or_from_the_future_is_left_alone() {
    for (made, told) in [
        ("CREATE TABLE other (a)", "does not hold audiences"),
        ("PRAGMA application_id = 7; CREATE TABLE member (a); PRAGMA user_version = 2", "does not hold"),
        ("PRAGMA user_version = 4", "version 4, this encan knows up to 3"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("audience.sqlite");
        Connection::open(&file).unwrap().execute_batch(made).unwrap();
        let before = std::fs::read(&file).unwrap();
        let error = AudienceStore::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains(told), "{made}: {error}");
        assert_eq!(std::fs::read(&file).unwrap(), before, "{made}");
    }
}

#[test]
fn a_shard_is_read_without_looking_at_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = AudienceStore::open(folder.path()).unwrap();
    let plan: String = store
        .connection
        .query_row(&format!("EXPLAIN QUERY PLAN {EVERYONE}"), params![[0_u8; 16], [1_u8; 16]], |row| {
            row.get(3)
        })
        .unwrap();
    assert_eq!(plan, "SEARCH person USING PRIMARY KEY (user>? AND user<?)");
}

#[test]
fn a_damaged_row_is_told_and_not_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = AudienceStore::open(folder.path()).unwrap();
    store.write(&[(key(1), Change::Segment(SegmentId::from_slug("shoes"), midnight(3)))]).unwrap();
    store.connection.execute("UPDATE person SET segments = x'010203'", []).unwrap();
    let error = store.profile(&key(1), clock::now()).unwrap_err();
    assert!(matches!(error, AudienceError::Row { what: "half a word", .. }), "{error}");
    store.connection.execute("UPDATE person SET segments = x'ffffffff'", []).unwrap();
    let error = store.profile(&key(1), clock::now()).unwrap_err();
    assert!(matches!(error, AudienceError::Row { what: "a segment without id", .. }), "{error}");
    store.connection.execute("UPDATE person SET segments = zeroblob(4 * 65536)", []).unwrap();
    let error = store.profile(&key(1), clock::now()).unwrap_err();
    assert!(matches!(error, AudienceError::Row { what: "more than is kept of anybody", .. }), "{error}");
}

#[test]
fn what_no_longer_counts_is_forgotten_on_disk_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = AudienceStore::open(folder.path()).unwrap();
    let segment = |name, days| Change::Segment(SegmentId::from_slug(name), midnight(days));
    store
        .write(&[(key(1), segment("shoes", 2)), (key(1), segment("cars", 5)), (key(3), segment("cars", 1))])
        .unwrap();
    let later = midnight(3).plus(Millis::from_raw(1));
    assert_eq!(store.prune(Audiences::shard_of(&key(3)), later).unwrap(), 1);
    assert_eq!(store.prune(Audiences::shard_of(&key(1)), later).unwrap(), 1);
    let mut left = Vec::new();
    store
        .everyone(None, None, |user, known| {
            left.push((user, known.segments.len()));
            true
        })
        .unwrap();
    assert_eq!(left, [(key(1), 1)]);
}

#[test]
fn a_person_is_shown_by_names_where_they_were_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = AudienceStore::open(folder.path()).unwrap();
    let (shoes, at) = (SegmentId::from_slug("shoes"), midnight(-1));
    store
        .write(&[(key(1), Change::Segment(shoes, midnight(3))), (key(1), Change::Happened(purchase(2, at)))])
        .unwrap();
    let name = |kind, id, slug: &str| Name { kind, id, slug: slug.to_owned() };
    store
        .remember(&[
            name(NameKind::Segment, shoes.raw(), "shoes"),
            name(NameKind::Advertiser, AdvertiserId::from_slug("acme").raw(), "acme"),
            name(NameKind::Event, EventId::from_slug("purchase").raw(), "purchase"),
        ])
        .unwrap();
    let person = store.person(&key(1), clock::now()).unwrap().unwrap();
    assert_eq!((person.segments[0].segment.as_str(), person.segments[0].expires), ("shoes", midnight(3)));
    let event = &person.events[0];
    assert_eq!((event.advertiser.as_str(), event.event.as_str(), event.at), ("acme", "purchase", at));
    assert_eq!(event.topic, Some(TopicId::from_slug("sofas").to_string()), "nobody told its name");
    assert_eq!(event.value.raw(), 20_000_000);
    assert_eq!(store.person(&key(2), clock::now()).unwrap(), None);
}
