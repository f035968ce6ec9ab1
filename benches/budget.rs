//! What a bid's money costs in time: reserving and giving back, alone and on two cores; settling a notice; and
//! one lock around plain numbers beside it, which is the least that it can cost.

#[path = "support/figures.rs"]
mod figures;
#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::Instant;

use encan::budget::{Book, Purse, PurseKey, Reserved, Stakes};
use encan::campaign::{Budget, BudgetMode, Limits};
use encan::ledger::{BidFacts, Measure, Quantity, Setting};
use encan::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, Epoch, ExchangeId, Hour, LineItemId, Nanos,
    UnixMillis,
};

use crate::figures::say;
use crate::measure::criterion;

const WORST: Nanos = Nanos::from_raw(2_345_600);
const KEY: PurseKey = PurseKey {
    campaign: CampaignId::from_slug("c"),
    line_item: LineItemId::from_slug("c/l"),
    day: Day::from_raw(20_000),
    hour: Hour::from_raw(0),
};
/// Bids of each thread in a turn on two cores, and turns: the median of them is told.
const BIDS: u32 = 200_000;
const TURNS: usize = 15;

fn main() {
    let mut criterion = criterion();
    for (name, budget) in [("4", four()), ("8", eight()), ("4 soft", soft())] {
        let book = Book::default();
        let purse = purse(&book, &budget);
        criterion.bench_function(&format!("budget/reserve and give back under {name} caps"), |bencher| {
            bencher.iter(|| drop(purse.hold(black_box(WORST)).expect("there is room")));
        });
    }
    let (few, sums) = (Mutex::new([0_i64; 4]), Mutex::new([0_i64; 8]));
    criterion.bench_function("budget/the same for 4 numbers under one lock", |bencher| {
        bencher.iter(|| take_and_give_back(&few));
    });
    criterion.bench_function("budget/the same for 8 numbers under one lock", |bencher| {
        bencher.iter(|| take_and_give_back(&sums));
    });
    let book = Book::default();
    let purse = purse(&book, &eight());
    let others = fill(&book);
    criterion.bench_function("budget/reserve, then release through the book", |bencher| {
        bencher.iter(|| book.release(&reserved(&purse)));
    });
    criterion.bench_function("budget/the same, each time for another of 10,000 line items", |bencher| {
        let mut at = 0;
        bencher.iter(|| {
            at = (at + 7_919) % others.len();
            let (key, purse) = &others[at];
            book.release(&Reserved { purse: *key, ..reserved(purse) });
        });
    });
    let used = [(Measure::Money, Quantity::from_raw(1_000)), (Measure::Impressions, Quantity::count(1))];
    criterion.bench_function("budget/reserve, then settle a bill", |bencher| {
        bencher.iter(|| book.settle(&facts(), Some(&reserved(&purse)), black_box(&used)));
    });
    criterion.final_summary();
    for (name, budget) in [("4", four()), ("8", eight())] {
        let book = Book::default();
        on_two_cores(&format!("{name} caps"), &{
            let purse = self::purse(&book, &budget);
            move || drop(purse.hold(black_box(WORST)).expect("there is room"))
        });
    }
    on_two_cores("4 numbers under one lock", &|| take_and_give_back(&few));
    on_two_cores("8 numbers under one lock", &|| take_and_give_back(&sums));
    for (name, budget) in [("4", four()), ("8", eight())] {
        let book = Book::default();
        on_two_cores(&format!("{name} caps, given back through the book"), &{
            let purse = self::purse(&book, &budget);
            let book = &book;
            move || book.release(&reserved(&purse))
        });
    }
}

/// Both threads bid for the same line item at the same time; how long one bid takes each of them.
fn on_two_cores(name: &str, bid: &(dyn Fn() + Sync)) {
    let mut nanos: Vec<f64> = (0..TURNS)
        .map(|_| {
            let (barrier, ended) = (Barrier::new(2), AtomicU32::new(0));
            let turn = || {
                barrier.wait();
                let start = Instant::now();
                (0..BIDS).for_each(|_| bid());
                let passed = start.elapsed().as_secs_f64() * 1e9 / f64::from(BIDS);
                // Whoever is done first keeps bidding, so that the other is never alone.
                ended.fetch_add(1, Ordering::Relaxed);
                while ended.load(Ordering::Relaxed) < 2 {
                    bid();
                }
                passed
            };
            std::thread::scope(|scope| {
                let other = scope.spawn(turn);
                turn().max(other.join().expect("a bidder ends"))
            })
        })
        .collect();
    nanos.sort_by(f64::total_cmp);
    say(format_args!("on two cores: {name}: {:.0} ns a bid", nanos[TURNS / 2]));
}

fn take_and_give_back<const N: usize>(sums: &Mutex<[i64; N]>) {
    assert!(locked(sums, black_box(WORST.raw())), "there is room");
    locked(sums, -WORST.raw());
}

/// What a lock costs: every number checked and changed by one holder.
fn locked<const N: usize>(sums: &Mutex<[i64; N]>, amount: i64) -> bool {
    let mut sums = sums.lock().expect("nobody panics");
    let fits = sums.iter().all(|sum| sum.checked_add(amount).is_some_and(|sum| sum <= LIMIT));
    if fits {
        sums.iter_mut().for_each(|sum| *sum += amount);
    }
    fits
}

const LIMIT: i64 = i64::MAX / 4;

fn four() -> [Budget; 2] {
    let limit = Some(Nanos::from_raw(LIMIT));
    let money = Limits { hourly: None, daily: limit, total: limit };
    [Budget { money, ..Budget::default() }; 2]
}

/// Besides money by the day and in total: money by the hour and impressions by the day.
fn eight() -> [Budget; 2] {
    let [four, _] = four();
    let money = Limits { hourly: Some(Nanos::from_raw(LIMIT)), ..four.money };
    let impressions = Limits { hourly: None, daily: Some(u32::MAX), total: None };
    [Budget { money, impressions, ..four }; 2]
}

fn soft() -> [Budget; 2] {
    four().map(|budget| Budget { mode: BudgetMode::Soft { deviations: 300 }, ..budget })
}

fn purse(book: &Book, [campaign, line_item]: &[Budget; 2]) -> Purse {
    book.purse(KEY, [campaign, line_item], Nanos::ZERO)
}

/// As many caps as a catalog of 10,000 line items has.
fn fill(book: &Book) -> Vec<(PurseKey, Purse)> {
    let [campaign, line_item] = four();
    let purse = |at: u64| {
        let key = PurseKey {
            campaign: CampaignId::from_raw(at / 10),
            line_item: LineItemId::from_raw(at + 1),
            ..KEY
        };
        (key, book.purse(key, [&campaign, &line_item], Nanos::ZERO))
    };
    (0..10_000).map(purse).collect()
}

fn reserved(purse: &Purse) -> Reserved {
    let stakes: Stakes = purse.reserve(black_box(WORST)).expect("there is room");
    Reserved { purse: KEY, stakes }
}

fn facts() -> BidFacts {
    BidFacts {
        id: BidId::from_bytes([0; 16]),
        at: UnixMillis::from_raw(0),
        day: KEY.day,
        advertiser: AdvertiserId::from_raw(1),
        campaign: KEY.campaign,
        line_item: KEY.line_item,
        creative: CreativeId::from_raw(1),
        exchange: ExchangeId::from_raw(1),
        deal: None,
        currency: Currency::EUR,
        user: None,
        household: None,
        lease: Epoch::NONE,
        setting: Setting::default(),
    }
}
