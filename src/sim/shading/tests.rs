//! The study: worlds are their seeds, and nobody reads the future.

use super::market::give_worth;
use super::replay::replay;
use super::{Auction, Strategy, Told, World, auctions};
use crate::units::Cpm;

#[test]
fn the_same_seed_is_the_same_world_and_another_is_not() {
    assert_eq!(auctions(World::Contexts, 500, 3), auctions(World::Contexts, 500, 3));
    assert_ne!(auctions(World::Contexts, 500, 3), auctions(World::Contexts, 500, 4));
}

#[test]
fn no_bid_depends_on_the_truth_of_later_auctions() {
    for told in [Told::MinToWin, Told::Outcome] {
        let mut rows: Vec<Auction> = auctions(World::Contexts, 4_000, 5);
        let before = replay(&rows, (Strategy::Contextual, told), 1.0, (4, 0)).0;
        // The second half changes: the first half's takes must not.
        for row in &mut rows[2_000..] {
            row.to_beat = Cpm::from_micros(row.to_beat.micros() * 3).unwrap();
        }
        let after = replay(&rows, (Strategy::Contextual, told), 1.0, (4, 0)).0;
        assert_eq!(before[..2], after[..2]);
        assert_ne!(before[2..], after[2..]);
    }
}

#[test]
fn hindsight_pays_the_price_to_beat_and_wins_what_no_shading_wins() {
    let mut rows = auctions(World::Alike, 2_000, 6);
    give_worth(&mut rows, Cpm::from_micros(1_200_000).unwrap(), 6);
    let of = |strategy| replay(&rows, (strategy, Told::MinToWin), 1.0, (1, 0)).0[0];
    let (plain, best) = (of(Strategy::Unshaded), of(Strategy::Hindsight));
    assert_eq!(plain.wins, best.wins);
    assert!((plain.value - plain.spend).abs() < 1e-6 && best.spend < plain.spend);
}
