//! Disks without space: bidding stops before a notice cannot be kept, says why, and comes back without a restart.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::io::{BufReader, Write as _};
use std::net::TcpStream;

use serde_json::json;

use support::disk::{Disk, FakeDisk, fill};
use support::market::{Buyer, Market, Offer, campaign, half_sent, read_answer, request};
use support::{Encan, wait_until};

fn market() -> Market {
    let market = Market::new("10m");
    market.campaign(&campaign("large", 2.0, &json!({ "total": 1_000_000 })));
    market
}

/// Billing notices of `offers`; how many were taken, the others being told to come again.
fn bill(buyer: &mut Buyer, offers: &[Offer]) -> usize {
    let status = |offer: &Offer| buyer.ask("GET", &offer.billed_at(offer.price), "").unwrap().status;
    let statuses: Vec<u16> = offers.iter().map(status).collect();
    assert!(statuses.iter().all(|status| [204, 503].contains(status)), "{statuses:?}");
    statuses.iter().filter(|status| **status == 204).count()
}

/// So many bids. Leases grow with what is asked of them, so that some requests get none.
fn bids(buyer: &mut Buyer, count: usize) -> Vec<Offer> {
    let mut offers = Vec::new();
    wait_until("bids", || {
        while offers.len() < count
            && let Some(offer) = buyer.bid()
        {
            offers.push(offer);
        }
        offers.len() == count
    });
    offers
}

/// Not ready, and no bids, for want of space.
#[track_caller]
fn check_stopped(encan: &Encan) {
    let ready = encan.admin("/readyz");
    assert_eq!((ready.status, ready.text().as_str()), (503, "the ledger's disk has too little space\n"));
    let reason = "encan_no_bids_total{reason=\"disk_full\"}";
    let before = encan.metric(reason);
    assert!(Buyer::of(encan).bid().is_none());
    assert_eq!(encan.metric(reason), before + 1);
    assert_eq!(encan.metric("encan_ledger_stopped"), 1);
}

/// Waits until it bids again.
fn wait_for_bids(encan: &Encan) {
    wait_until("bids", || encan.admin("/readyz").status == 200);
    bids(&mut Buyer::of(encan), 1);
    assert_eq!(encan.metric("encan_ledger_stopped"), 0);
}

/// Each of `offers` is in the ledger once, and nothing else.
#[track_caller]
fn check_booked(market: &Market, offers: &[Offer]) {
    let mut booked: Vec<String> = market.events().iter().map(|event| event.bid.id.to_string()).collect();
    let mut wanted: Vec<String> = offers.iter().map(|offer| offer.id.clone()).collect();
    booked.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(booked, wanted);
}

#[test]
#[cfg(debug_assertions)]
fn below_the_reserve_nobody_bids_and_notices_are_booked_and_above_it_bidding_is_back() {
    let market = market();
    let disk = FakeDisk::of(&market);
    disk.is(&market, "free 1000000\n");
    // It looks before it opens: not one bid is made.
    let encan = market.start_with(&["--disk-reserve", "1"], &[disk.variable()]);
    check_stopped(&encan);
    assert_eq!(encan.metric("encan_disk_free_bytes"), 1_000_000);
    let mut buyer = Buyer::of(&encan);
    let mut all = Vec::new();
    for _ in 0..2 {
        disk.is(&market, "free 1200000\n");
        wait_for_bids(&encan);
        let offers = bids(&mut buyer, 20);
        disk.is(&market, "free 1048575\n");
        wait_until("the watch", || encan.admin("/readyz").status == 503);
        check_stopped(&encan);
        assert_eq!(bill(&mut buyer, &offers), 20, "there is space for notices");
        all.extend(offers);
        // A little more is not enough to come back.
        disk.is(&market, "free 1048577\n");
        wait_until("the watch", || encan.metric("encan_disk_free_bytes") == 1_048_577);
        check_stopped(&encan);
    }
    let (code, words) = encan.stop();
    assert_eq!(code, Some(0), "{words}");
    for told in ["little disk space is left: bidding has stopped", "there is disk space again"] {
        assert!(words.contains(told), "`{told}` in\n{words}");
    }
    check_booked(&market, &all);
}

#[test]
#[cfg(debug_assertions)]
fn a_ledger_that_cannot_grow_refuses_notices_and_takes_them_once_it_can() {
    let market = market();
    let disk = FakeDisk::of(&market);
    let encan = market.start_with(&["--disk-reserve", "0"], &[disk.variable()]);
    let mut buyer = Buyer::of(&encan);
    let mut all = Vec::new();
    for _ in 0..2 {
        let offers = bids(&mut buyer, 400);
        // SQLite bounds it at what it has.
        disk.is(&market, "pages 1\n");
        assert!(bill(&mut buyer, &offers) < 400, "400 rows want more than a page");
        check_stopped(&encan);
        assert!(encan.metric("encan_ledger_full_writes_total") > 0);
        disk.is(&market, "pages 100000\n");
        wait_for_bids(&encan);
        assert_eq!(bill(&mut buyer, &offers), 400, "what was refused comes again");
        all.extend(offers);
    }
    let (code, words) = encan.stop();
    assert_eq!(code, Some(0), "{words}");
    for told in ["the disk is full: bidding has stopped", "the ledger takes notices again"] {
        assert!(words.contains(told), "`{told}` in\n{words}");
    }
    check_booked(&market, &all);
}

#[test]
#[cfg(debug_assertions)]
fn a_moment_without_space_at_any_step_costs_no_money_and_no_restart() {
    for point in ["ledger.begin", "ledger.row", "ledger.commit"] {
        let market = Market::new("10m");
        // 300 impressions at 2 EUR per thousand.
        market.campaign(&campaign("small", 2.0, &json!({ "total": 0.6 })));
        let armed = format!("{point}=enospc@3,{point}=enospc@50,{point}=enospc@51,{point}=enospc@150");
        let encan = market.start_with(&["--disk-reserve", "0"], &[("ENCAN_FAILPOINTS", &armed)]);
        let mut buyer = Buyer::of(&encan);
        let mut all = Vec::new();
        while all.len() < 300 {
            let offer = bids(&mut buyer, 1).remove(0);
            wait_until("space", || bill(&mut buyer, std::slice::from_ref(&offer)) == 1);
            all.push(offer);
        }
        assert!(buyer.bid().is_none(), "{point}: the budget is spent");
        assert_eq!(encan.metric("encan_ledger_full_writes_total"), 4, "{point}");
        assert_eq!(encan.stop().0, Some(0));
        check_booked(&market, &all);
        assert_eq!(market.spent("small"), 600_000_000);
    }
}

#[test]
#[cfg(debug_assertions)]
fn while_the_disk_is_full_notices_are_refused_at_once_and_memory_is_read_again_only_once() {
    let market = market();
    let disk = FakeDisk::of(&market);
    // The first attempt to read it finds no space either; a third one would end the process.
    let revert = ("ENCAN_FAILPOINTS", "ledger.revert=enospc@1,ledger.revert=eio@3..");
    let encan = market.start_with(&["--disk-reserve", "0"], &[disk.variable(), revert]);
    let mut buyer = Buyer::of(&encan);
    let offers = bids(&mut buyer, 400);
    disk.is(&market, "pages 1\n");
    let mut billed = 0;
    wait_until("no space", || {
        billed = bill(&mut buyer, &offers);
        encan.metric("encan_ledger_full_writes_total") > 0
    });
    assert!(billed < 400, "400 rows want more than a page");
    for _ in 0..2 {
        assert_eq!(bill(&mut buyer, &offers), 0, "nothing is written, and so nothing fits");
    }
    check_stopped(&encan);
    disk.is(&market, "pages 100000\n");
    wait_for_bids(&encan);
    assert_eq!(bill(&mut buyer, &offers), 400, "what was refused comes again");
    let (code, words) = encan.stop();
    assert_eq!(code, Some(0), "{words}");
    check_booked(&market, &offers);
}

#[test]
#[cfg(debug_assertions)]
fn a_log_that_cannot_be_folded_stops_bidding_and_an_end_without_space_says_so() {
    let market = market();
    let fold = [("ENCAN_FAILPOINTS", "ledger.checkpoint=enospc@1")];
    let encan = market.start_with(&["--disk-reserve", "0"], &fold);
    let mut buyer = Buyer::of(&encan);
    let mut all = Vec::new();
    while encan.metric("encan_ledger_full_writes_total") == 0 {
        let offers = bids(&mut buyer, 50);
        assert_eq!(bill(&mut buyer, &offers), offers.len(), "the log takes them");
        all.extend(offers);
    }
    wait_for_bids(&encan);
    assert_eq!(encan.stop().0, Some(0));
    let never = [("ENCAN_FAILPOINTS", "ledger.commit=enospc@1..")];
    let (code, words) = market.start_with(&["--disk-reserve", "0"], &never).stop();
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("database or disk is full") && words.contains("hint: free disk space"), "{words}");
    assert_eq!(market.start().stop().0, Some(0));
    check_booked(&market, &all);
}

#[test]
fn a_real_disk_that_fills_while_running_stops_bidding_loses_nothing_and_bidding_comes_back() {
    let market = market();
    let data = market.data();
    let Some(_disk) = Disk::mount(&data, "size=12m") else { return };
    let encan = market.start_with(&["--disk-reserve", "0"], &[]);
    let mut buyer = Buyer::of(&encan);
    let filler = data.join("filler");
    let mut all = Vec::new();
    for _ in 0..2 {
        let mut offers = bids(&mut buyer, 3_000);
        fill(&filler);
        // Some fit into what the log and the file have already, more if one is folded into the other meanwhile.
        let taken = offers.chunks(100).take_while(|some| bill(&mut buyer, some) == some.len()).count() * 100;
        assert!(taken < offers.len(), "the disk is never full");
        offers.truncate(taken + 100);
        check_stopped(&encan);
        std::fs::remove_file(&filler).unwrap();
        wait_for_bids(&encan);
        assert_eq!(bill(&mut buyer, &offers), offers.len());
        all.extend(offers);
    }
    let (code, words) = encan.stop();
    assert_eq!(code, Some(0), "{words}");
    check_booked(&market, &all);
}

#[test]
fn a_real_disk_that_fills_beyond_the_reserve_stops_bidding_while_notices_are_taken() {
    let market = market();
    let data = market.data();
    let Some(_disk) = Disk::mount(&data, "size=16m") else { return };
    let encan = market.start_with(&["--disk-reserve", "6"], &[]);
    let mut buyer = Buyer::of(&encan);
    let offers = bids(&mut buyer, 300);
    let filler = data.join("filler");
    // 300 commits of their own want 4 MiB of the log.
    std::fs::write(&filler, vec![0; 10 << 20]).unwrap();
    wait_until("the watch", || encan.admin("/readyz").status == 503);
    check_stopped(&encan);
    assert_eq!(bill(&mut buyer, &offers), 300, "what is out can be billed");
    std::fs::remove_file(&filler).unwrap();
    wait_for_bids(&encan);
    assert_eq!(encan.stop().0, Some(0));
    check_booked(&market, &offers);
}

#[test]
fn once_the_disk_is_full_requests_in_flight_get_no_bid_and_the_server_is_not_ready() {
    let market = market();
    let data = market.data();
    let Some(_disk) = Disk::mount(&data, "size=1m") else { return };
    let encan = market.start_with(&["--disk-reserve", "0"], &[]);
    let mut buyer = Buyer::of(&encan);
    let offers = bids(&mut buyer, 2_000);
    let mut ready = BufReader::new(TcpStream::connect(encan.admin).unwrap());
    ready.get_mut().write_all(b"GET /readyz HTTP/1.1\r\nhost: encan\r\n").unwrap();
    // Connections are accepted in their order: once this one is answered, the one before is heard too.
    assert_eq!(encan.admin("/readyz").status, 200);
    let filler = data.join("filler");
    fill(&filler);
    let is_refused = |some: &[Offer]| bill(&mut buyer, some) < some.len();
    // Its body may take two seconds.
    let body = request(1);
    let mut bid = half_sent(&encan, &body);
    assert!(offers.chunks(50).any(is_refused), "the disk is never full");
    bid.get_mut().write_all(body.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut bid).unwrap().status, 204, "no bid whose notice could not be kept");
    ready.get_mut().write_all(b"\r\n").unwrap();
    assert_eq!(read_answer(&mut ready).unwrap().status, 503);
}

#[test]
fn a_disk_that_is_full_at_the_end_is_told_and_what_was_acknowledged_is_there() {
    let market = market();
    let data = market.data();
    let Some(_disk) = Disk::mount(&data, "size=8m") else { return };
    let encan = market.start_with(&["--disk-reserve", "0"], &[]);
    let mut buyer = Buyer::of(&encan);
    let billed = bids(&mut buyer, 200);
    assert_eq!(bill(&mut buyer, &billed), billed.len());
    // Bids still out: more than fits into what the log has.
    let _out = bids(&mut buyer, 5_000);
    let filler = data.join("filler");
    fill(&filler);
    let (code, words) = encan.stop();
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("hint: free disk space"), "{words}");
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(market.start().stop().0, Some(0));
    check_booked(&market, &billed);
}
