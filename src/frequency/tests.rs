//! The check of contradictions and the caps themselves hold each other: a cap is in the shadow of others exactly
//! if no history makes it the only one that is reached.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use crate::campaign::{CapLevel, CountBy, FrequencyCap, shadow};
use crate::frequency::{Exposure, Exposures, Level, Seen, first_exceeded};
use crate::units::{AdvertiserId, BidId, CampaignId, CreativeId, LineItemId, Millis, UnixMillis};

const NOW: i64 = 1_000;
const OURS: u64 = 1;
const OTHERS: u64 = 2;
/// The most impressions of a cap, and so the longest history that can matter: what a cap does not count, or not
/// any more, could be left out of it.
const IMPRESSIONS_MAX: u32 = 3;

/// Who looks on: the one user who comes again or another for the first time, at home or at an address unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Who {
    Anna,
    AnnaAway,
    Guest,
    NobodyAtHome,
    Nobody,
}

const ALL: [Who; 5] = [Who::Anna, Who::AnnaAway, Who::Guest, Who::NobodyAtHome, Who::Nobody];

impl Who {
    fn is_anna(self) -> bool {
        matches!(self, Self::Anna | Self::AnnaAway)
    }

    fn is_home(self) -> bool {
        matches!(self, Self::Anna | Self::Guest | Self::NobodyAtHome)
    }
}

/// An impression: how long ago, the narrowest level at which it was ours, and to whom.
type Shown = (i64, CapLevel, Who);

fn exposure((age, share, _): Shown, number: usize) -> Exposure {
    let id = |level| if level >= share { OURS } else { OTHERS };
    let number = u128::try_from(number).unwrap();
    Exposure {
        bid: BidId::mint(UnixMillis::from_raw(NOW - age), number),
        creative: CreativeId::from_raw(id(CapLevel::Creative)),
        line_item: LineItemId::from_raw(id(CapLevel::LineItem)),
        campaign: CampaignId::from_raw(id(CapLevel::Campaign)),
        advertiser: AdvertiserId::from_raw(id(CapLevel::Advertiser)),
    }
}

fn level(level: CapLevel) -> Level {
    match level {
        CapLevel::Creative => Level::Creative(CreativeId::from_raw(OURS)),
        CapLevel::LineItem => Level::LineItem(LineItemId::from_raw(OURS)),
        CapLevel::Campaign => Level::Campaign(CampaignId::from_raw(OURS)),
        CapLevel::Advertiser => Level::Advertiser(AdvertiserId::from_raw(OURS)),
    }
}

fn exposures(history: &[Shown], holds: impl Fn(Who) -> bool) -> Exposures {
    let mut exposures = Exposures::new();
    for (number, shown) in history.iter().enumerate().filter(|(_, (_, _, who))| holds(*who)) {
        exposures.record(exposure(*shown, number));
    }
    exposures
}

/// For each cap whether it keeps the impression out, and whether because it is reached.
fn verdicts(
    chain: &[(CapLevel, FrequencyCap)],
    history: &[Shown],
    share: CapLevel,
    who: Who,
) -> Vec<Option<bool>> {
    let (nothing, annas, homes) =
        (Exposures::new(), exposures(history, Who::is_anna), exposures(history, Who::is_home));
    let user = match who {
        Who::Anna | Who::AnnaAway => Some(&annas),
        Who::Guest => Some(&nothing),
        Who::NobodyAtHome | Who::Nobody => None,
    };
    let seen = Seen { user, household: who.is_home().then_some(&homes) };
    let judge = |(of, cap): &(CapLevel, FrequencyCap)| {
        let counts: [(Level, &[FrequencyCap]); 1] = [(level(*of), std::slice::from_ref(cap))];
        let exceeded = first_exceeded(&counts, seen, &[], UnixMillis::from_raw(NOW));
        exceeded.filter(|_| *of >= share).map(|exceeded| exceeded.is_reached)
    };
    chain.iter().map(judge).collect()
}

/// For each cap whether any history makes it the only one that is reached: all histories are tried.
fn can_bind(chain: &[(CapLevel, FrequencyCap)]) -> Vec<bool> {
    let is_later_twin = |at: usize, other: usize| {
        let ((level, cap), (of, twin)) = (chain[at], chain[other]);
        other > at
            && of == level
            && (twin.by, twin.impressions, twin.per) == (cap.by, cap.impressions, cap.per)
    };
    let longest = chain.iter().map(|(_, cap)| cap.per.raw()).max().unwrap_or(0);
    let shares: HashSet<CapLevel> = chain.iter().map(|(level, _)| *level).collect();
    let mut binds = vec![false; chain.len()];
    let mut known: HashSet<Vec<Shown>> = HashSet::from([Vec::new()]);
    let mut todo: Vec<Vec<Shown>> = vec![Vec::new()];
    while let Some(history) = todo.pop() {
        let mut next: Vec<Vec<Shown>> = Vec::new();
        let older = history.iter().map(|(age, share, who)| (age + 1, *share, *who));
        next.push(older.filter(|(age, _, _)| *age < longest).collect());
        for share in &shares {
            for who in ALL {
                let verdicts = verdicts(chain, &history, *share, who);
                for at in 0..chain.len() {
                    let alone = verdicts
                        .iter()
                        .enumerate()
                        .all(|(other, verdict)| other == at || is_later_twin(at, other) || verdict.is_none());
                    binds[at] |= alone && verdicts[at] == Some(true);
                }
                let is_long = u32::try_from(history.len()).unwrap() >= IMPRESSIONS_MAX;
                if !is_long && verdicts.iter().all(Option::is_none) {
                    next.push([history.as_slice(), &[(0, *share, who)]].concat());
                }
            }
        }
        for mut history in next {
            history.sort_unstable();
            if known.insert(history.clone()) {
                todo.push(history);
            }
        }
        if binds.iter().all(|binds| *binds) {
            break;
        }
    }
    binds
}

fn any_cap() -> impl Strategy<Value = (CapLevel, FrequencyCap)> {
    let level = prop_oneof![2 => Just(CapLevel::LineItem), 1 => Just(CapLevel::Campaign)];
    let by = prop_oneof![2 => Just(CountBy::User), 1 => Just(CountBy::Household)];
    (level, by, 1..=IMPRESSIONS_MAX, 1..=4_i64, any::<bool>()).prop_map(
        |(level, by, impressions, per, include_unknown)| {
            (level, FrequencyCap { by, impressions, per: Millis::from_raw(per), include_unknown })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_cap_is_in_a_shadow_exactly_if_no_history_makes_it_the_only_one_reached(
        chain in vec(any_cap(), 1..=4),
    ) {
        let lit: Vec<bool> = (0..chain.len()).map(|at| shadow(&chain, at).is_none()).collect();
        prop_assert_eq!(lit, can_bind(&chain));
    }

    #[test]
    fn with_as_many_impressions_as_the_remedy_says_a_cap_binds_and_with_one_more_it_does_not(
        chain in vec(any_cap(), 2..=4),
    ) {
        let has_twin = |chain: &[(CapLevel, FrequencyCap)], at: usize| {
            let counts = |(level, cap): &(CapLevel, FrequencyCap)| (*level, cap.by, cap.impressions, cap.per);
            chain.iter().enumerate().any(|(other, twin)| other != at && counts(twin) == counts(&chain[at]))
        };
        for at in 0..chain.len() {
            let Some(shadow_of) = shadow(&chain, at) else { continue };
            let mut changed = chain.clone();
            for impressions in 1..=chain[at].1.impressions {
                changed[at].1.impressions = impressions;
                if !has_twin(&chain, at) && !has_twin(&changed, at) {
                    let binds = shadow(&changed, at).is_none();
                    let want = shadow_of.binds_at.is_some_and(|most| impressions <= most);
                    prop_assert_eq!(binds, want, "{} of {} impressions", at, impressions);
                }
            }
        }
    }
}
