//! The file of experiments, and what bids tell it.

use crate::campaign::{Campaign, Holdout};
use crate::shell::experiments::file::{ExperimentFile, Met};
use crate::shell::experiments::ghosts::{Design, Enrolment, Ghosts, Inbox, ToKeep, day_of};
use crate::sim;
use crate::units::{AdvertiserId, CampaignId, Currency, Day, RatePpm, UnixMillis, UserKey};

const NOON: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);
const DAY_MS: i64 = 86_400_000;

fn user(number: u8) -> UserKey {
    UserKey::from_bytes([number; 16])
}

fn design(percent: u32) -> Design {
    Design {
        campaign: CampaignId::from_slug("spring"),
        advertiser: AdvertiserId::from_slug("acme"),
        currency: Currency::EUR,
        share: RatePpm::from_ppm(percent * 10_000).unwrap(),
        draw: u64::from(percent),
    }
}

fn enrolment(percent: u32, number: u8, day: i64) -> Enrolment {
    let at = UnixMillis::from_raw(NOON.raw() + day * DAY_MS);
    Enrolment { design: design(percent), user: user(number), held_out: number.is_multiple_of(10), at }
}

fn met(file: &ExperimentFile) -> Vec<Met> {
    let mut all = Vec::new();
    file.each(CampaignId::from_slug("spring"), |met| all.push(met)).unwrap();
    all
}

#[test]
fn a_person_and_day_is_one_row_and_the_first_time_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = ExperimentFile::open(folder.path()).unwrap();
    let later = Enrolment { at: UnixMillis::from_raw(NOON.raw() + 5), ..enrolment(10, 1, 0) };
    file.write(&[enrolment(10, 1, 0), later, enrolment(10, 1, 1), enrolment(10, 20, 0)], 0, day_of(NOON))
        .unwrap();
    // Another process begins anew in memory and tells the same.
    let mut again = ExperimentFile::open(folder.path()).unwrap();
    again.write(&[later], 0, day_of(NOON)).unwrap();
    let rows = met(&again);
    assert_eq!(rows.iter().map(|met| met.user).collect::<Vec<_>>(), [user(1), user(1), user(20)]);
    assert_eq!((rows[0].at, rows[0].held_out, rows[2].held_out), (NOON, false, true));
}

#[test]
fn the_holdout_that_runs_is_the_one_under_which_somebody_was_met_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = ExperimentFile::open(folder.path()).unwrap();
    assert_eq!(file.running().unwrap(), []);
    for (percent, number, day) in [(10, 1, 0), (20, 2, 1), (10, 3, 2)] {
        file.write(&[enrolment(percent, number, day)], 0, day_of(NOON)).unwrap();
    }
    let running = file.running().unwrap();
    assert_eq!((running.len(), running[0].design, running[0].since), (1, design(10), NOON));
    let designs: Vec<i64> = met(&file).iter().map(|met| met.design).collect();
    assert_eq!(designs, [running[0].number, running[0].number + 1, running[0].number]);
}

#[test]
fn what_was_lost_is_told_from_its_day_on_and_old_rows_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = ExperimentFile::open(folder.path()).unwrap();
    let today = day_of(NOON);
    let tomorrow = Day::from_raw(today.raw() + 1);
    file.write(&[], 3, today).unwrap();
    file.write(&[enrolment(10, 1, 0), enrolment(10, 1, 1)], 4, tomorrow).unwrap();
    assert_eq!(file.missed_since(today).unwrap(), 7);
    assert_eq!(file.missed_since(tomorrow).unwrap(), 4);
    assert_eq!(file.forget_before(tomorrow).unwrap(), 1);
    assert_eq!(met(&file).len(), 1);
}

#[test]
fn who_is_erased_is_in_no_byte_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = ExperimentFile::open(folder.path()).unwrap();
    let all: Vec<Enrolment> = (1..100).map(|number| enrolment(10, number, 0)).collect();
    file.write(&all, 0, day_of(NOON)).unwrap();
    let holds = |number: u8| {
        let files = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(16).any(|window| window == [number; 16]))
    };
    assert!(holds(77) && file.erase(user(77)).unwrap());
    assert!(!holds(77) && holds(78));
    assert!(!file.erase(user(77)).unwrap());
}

#[test]
fn a_file_of_something_else_is_put_aside_and_a_folder_without_one_has_no_experiments() {
    let folder = tempfile::tempdir().unwrap();
    assert!(ExperimentFile::open_to_read(folder.path()).unwrap().is_none());
    std::fs::write(
        folder.path().join("experiments.sqlite"),
        b"no database at all, and long enough to be looked at",
    )
    .unwrap();
    assert!(ExperimentFile::open(folder.path()).is_err());
    let file = ExperimentFile::open_or_begin(folder.path(), NOON).unwrap();
    assert_eq!(met(&file), []);
    let aside = std::fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("unusable"));
    assert_eq!(aside.count(), 1);
}

/// A campaign that holds a tenth out.
fn campaign() -> Campaign {
    let campaign = sim::catalog(1, 1).campaigns.remove(0);
    let holdout = Holdout { share: RatePpm::from_ppm(100_000).unwrap(), salt: "spring".into() };
    Campaign { holdout: Some(holdout), ..campaign }
}

fn waiting(Inbox(inbox): &Inbox) -> usize {
    inbox.try_iter().filter(|message| matches!(message, ToKeep::Enrolled(_))).count()
}

#[test]
fn a_person_is_told_once_a_day_and_again_where_there_was_no_room() {
    let (ghosts, inbox) = Ghosts::new();
    let campaign = campaign();
    let acme = AdvertiserId::from_slug("acme");
    let tell = |number: u8, at: UnixMillis| ghosts.tell(&campaign, acme, (user(number), false), at);
    (0..5).for_each(|_| tell(1, NOON));
    tell(2, NOON);
    tell(1, UnixMillis::from_raw(NOON.raw() + DAY_MS));
    assert_eq!(waiting(&inbox), 3);
    // Nobody reads: the queue fills up, what is lost is counted, and is told at the next bid that finds room.
    for number in 0..70_000_u32 {
        let mut key = [9; 16];
        key[..4].copy_from_slice(&number.to_le_bytes());
        ghosts.tell(&campaign, acme, (UserKey::from_bytes(key), true), NOON);
    }
    let lost = ghosts.dropped.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!((waiting(&inbox), lost), (65_536, 70_000 - 65_536));
    let mut last = [9; 16];
    last[..4].copy_from_slice(&69_999_u32.to_le_bytes());
    ghosts.tell(&campaign, acme, (UserKey::from_bytes(last), true), NOON);
    assert_eq!(waiting(&inbox), 1);
    let without = Campaign { holdout: None, ..campaign.clone() };
    ghosts.tell(&without, acme, (user(3), false), NOON);
    assert_eq!(waiting(&inbox), 0);
}
