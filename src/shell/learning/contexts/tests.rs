//! What is kept comes back, old impressions are forgotten, and a file that cannot be used is put aside.

use super::{Contexts, ContextsError, FILE, ToKeep, Trial, oldest};
use crate::learning::{Features, Field, Prediction};
use crate::shell::learning::lessons::Shown;
use crate::shell::side_file::SideFileError;
use crate::units::{BidId, CampaignId, ExchangeId, LineItemId, UnixMillis};

const DAY: i64 = 86_400_000;

fn shown(at: i64, random: u128) -> Shown {
    let mut features = Features::default();
    features.0[Field::Outlet as usize] = 7;
    features.0[Field::Creative as usize] = u32::MAX;
    Shown {
        bid: BidId::mint(UnixMillis::from_raw(at), random),
        at: UnixMillis::from_raw(at + 500),
        campaign: CampaignId::from_slug("c"),
        line_item: LineItemId::from_raw(u64::MAX),
        exchange: ExchangeId::from_slug("x"),
        placement: u64::MAX - 1,
        features,
        chances: (random == 1).then_some(Prediction { ctr: 0.001, cvr: 0.05 }),
    }
}

fn keep(shown: Shown) -> ToKeep {
    ToKeep::Shown(Box::new(shown))
}

#[test]
fn an_impression_comes_back_as_it_was_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut contexts = Contexts::open(folder.path()).unwrap();
    let all = [shown(1_000, 1), shown(2_000, 2), shown(3_000, 3)];
    contexts.write(&all.map(keep)).unwrap();
    contexts.write(&[keep(all[1])]).unwrap();
    let read = Contexts::open_to_read(folder.path()).unwrap();
    let until = UnixMillis::from_raw(3_000);
    assert_eq!(read.page(None, until, 10).unwrap(), all[..2], "made before the end");
    assert_eq!(read.page(Some(all[0].bid), until, 10).unwrap(), all[1..2]);
    assert_eq!(read.page(None, until, 1).unwrap(), all[..1]);
    assert_eq!(read.span().unwrap(), Some((3, all[0].bid, all[2].bid)));
    assert_eq!(read.of_bid(all[2].bid).unwrap(), Some(all[2]));
}

#[test]
fn what_is_too_old_is_forgotten_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut contexts = Contexts::open(folder.path()).unwrap();
    contexts.write(&[keep(shown(DAY, 1)), keep(shown(2 * DAY, 2)), keep(shown(3 * DAY, 3))]).unwrap();
    let now = UnixMillis::from_raw(92 * DAY);
    assert_eq!(contexts.forget_before(oldest(now, 90)).unwrap(), 1);
    assert_eq!(
        contexts.span().unwrap().map(|(count, first, _)| (count, first)),
        Some((2, shown(2 * DAY, 2).bid))
    );
    assert_eq!(contexts.forget_before(oldest(now, 90)).unwrap(), 0);
}

#[test]
fn words_and_trials_are_kept_and_trials_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut contexts = Contexts::open(folder.path()).unwrap();
    let word = |hash, text: &str| ToKeep::Word { field: 2, hash, text: text.to_owned() };
    contexts.write(&[word(7, "news.example"), word(7, "other.example"), word(u32::MAX, "x")]).unwrap();
    let words = contexts.words().unwrap();
    assert_eq!(words.get(&(2, 7)).map(String::as_str), Some("news.example"), "the first name stays");
    assert_eq!(words.len(), 2);
    for at in 0..250 {
        let words = format!("trial {at}");
        contexts.remember(&Trial { at, by_server: true, accepted: at % 2 == 0, words }).unwrap();
    }
    let trials = contexts.trials(1_000).unwrap();
    assert_eq!((trials.len(), trials[0].at), (200, 249));
}

#[test]
fn a_field_whose_values_are_without_end_leaves_room_for_the_words_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut contexts = Contexts::open(folder.path()).unwrap();
    let word = |field: Field, hash| ToKeep::Word { field: field as u8, hash, text: "x".to_owned() };
    let random: Vec<_> = (1..=100_001).map(|hash| word(Field::Placement, hash)).collect();
    assert_eq!(contexts.write(&random[..99_999]).unwrap(), 0);
    assert_eq!(contexts.write(&random[99_999..]).unwrap(), 1 << Field::Placement as u32);
    contexts.write(&[word(Field::Outlet, 1)]).unwrap();
    let words = contexts.words().unwrap();
    assert_eq!(words.len(), 100_001, "one too many was left out");
    assert!(words.contains_key(&(Field::Outlet as u8, 1)));
}

#[test]
fn a_file_that_cannot_be_used_is_put_aside_and_none_is_made_by_reading() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Contexts::open_to_read(folder.path()), Err(ContextsError::Missing { .. })));
    assert!(!folder.path().join(FILE).exists());
    for content in
        [b"not a database, and long enough to be looked at".repeat(9), Vec::from(b"SQLite format 3\0")]
    {
        std::fs::write(folder.path().join(FILE), &content).unwrap();
        assert!(Contexts::open(folder.path()).is_err());
        let contexts = Contexts::open_or_begin(
            folder.path(),
            UnixMillis::from_raw(i64::try_from(content.len()).unwrap()),
        )
        .unwrap();
        assert_eq!(contexts.span().unwrap(), None);
        let aside = folder.path().join(format!("{FILE}.unusable-{}", content.len()));
        assert_eq!(std::fs::read(aside).unwrap(), content);
    }
    // Of a newer encan, and somebody else's.
    for pragma in ["user_version = 99", "application_id = 1"] {
        let contexts = Contexts::open(folder.path()).unwrap();
        contexts.0.connection.execute_batch(&format!("PRAGMA {pragma}")).unwrap();
        drop(contexts);
        assert!(
            matches!(Contexts::open(folder.path()), Err(ContextsError::File(SideFileError::Foreign { .. }))),
            "{pragma}"
        );
        Contexts::open_or_begin(folder.path(), UnixMillis::from_raw(1)).unwrap();
    }
}
