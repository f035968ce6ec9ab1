//! Where an address is: lookups of random addresses in a database of more than a million networks, each record of which
//! has names in eight languages, and what reading such a file costs.

#[path = "support/addresses.rs"]
mod addresses;
#[path = "support/figures.rs"]
mod figures;

use core::net::IpAddr;
use std::hint::black_box;
use std::time::Instant;

use encan::geo::{Database, Origin};
use encan::units::UnixMillis;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;

use crate::figures::say;

const NETWORKS: usize = 1_000_000;
const CITIES: usize = 40_000;
const SEED: u64 = 7;
const NOW: UnixMillis = UnixMillis::from_raw(1_780_000_000_000);
/// Lookups whose time is measured together: one alone is not much longer than the clock takes to read.
const BATCH: usize = 16;

fn main() {
    let (bytes, mut addresses) = addresses::database(NETWORKS, CITIES, SEED);
    let megabytes = bytes.len() / 1_000_000;
    let began = Instant::now();
    let database = Database::read(Origin::default(), bytes).expect("it was just made");
    let opened = began.elapsed();
    say(format_args!("geo: {} networks, {megabytes} MB, read in {opened:.2?}", database.networks()));
    addresses.shuffle(&mut SmallRng::seed_from_u64(SEED));
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = addresses.iter().partition(|address| address.is_ipv4());
    for (name, addresses) in [("IPv4", &v4), ("IPv6", &v6)] {
        percentiles(name, &database, addresses);
    }
}

/// The time of one lookup as the mean of a batch, by batches of addresses that were not looked up before.
fn percentiles(name: &str, database: &Database, addresses: &[IpAddr]) {
    let mut nanos = Vec::with_capacity(addresses.len() / BATCH);
    let mut found = 0;
    for batch in addresses.chunks_exact(BATCH) {
        let began = Instant::now();
        for address in batch {
            found += usize::from(black_box(database.at(black_box(*address), NOW)).is_some());
        }
        nanos.push(began.elapsed().as_nanos() / BATCH as u128);
    }
    nanos.sort_unstable();
    let [p50, p99] = [50, 99].map(|percent| nanos[(nanos.len() - 1) * percent / 100]);
    say(format_args!("geo/{name}: p50 {p50} ns, p99 {p99} ns; {found} of {} found", nanos.len() * BATCH));
}
