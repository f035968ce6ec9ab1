//! Lists of a request: long ones are read in another way than short ones, and must say the same.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, RngExt as _, SeedableRng as _};

use super::{NOON, answer, campaign, check, plan, printed_seed, request};
use crate::bidder::{NoBidReason, Snapshot};
use crate::budget::Book;
use crate::document::Source;

/// Entries that make any list a long one, when they are said again and again.
const LONG: usize = 80;

/// An app of an advertiser, in French, on a deal and off it.
fn campaigns() -> [Source; 2] {
    let app = |id: &str, more: &str| {
        let mut source = campaign(id, "2", more);
        source.text = source.text.replace(r#""language":"#, r#""bundle": "id123456", "language":"#);
        source
    };
    [app("open", ""), app("agreed", r#", "deals": ["d"]"#)]
}

/// Up to four of `words`, as JSON says them.
fn list(words: &[&str], rng: &mut impl Rng) -> Vec<String> {
    (0..rng.random_range(0..=4)).map(|_| format!("{:?}", words.choose(rng).unwrap())).collect()
}

/// One of the lists: the key, and entries that mean the creative or nearly do.
const LISTS: [(&str, &[&str]); 8] = [
    ("badv", &["SHOP.example", "www.shop.example.", "example", "x.example", "", "hop.example"]),
    ("bapp", &["123456", "ID123456 ", "id12345", "", "com.x"]),
    ("bcat", &["iab22", "IAB22-1", "IAB22-2", "IAB25", "", "BSW1", "no id", "473"]),
    ("acat", &["IAB22 ", "iab22-1", "IAB1", "473", ""]),
    ("wlang", &["FR-ca", "fr", "en", "*", "", "f"]),
    ("wlangb", &["fr_BE", "FR", "de-fr", " * ", "fra"]),
    ("wseat", &["seat-1", "seat-2", ""]),
    ("wadomain", &["https://shop.example/", "*.Example", "y.example", "shop.exampl"]),
];

#[test]
fn a_list_that_repeats_itself_says_what_it_said() {
    let mut rng = SmallRng::seed_from_u64(printed_seed());
    let campaigns = campaigns();
    let plan = plan(&campaigns);
    let mut bids = 0;
    for _ in 0..1_500 {
        let lists = LISTS.map(|(key, words)| (key, list(words, &mut rng)));
        let sent = LISTS.map(|_| rng.random_bool(0.25));
        let cattax = [1, 2, 6, 7, 8, 500].choose(&mut rng).unwrap();
        let said = |times: usize| {
            let written = |deals: bool| -> String {
                let lists = lists
                    .iter()
                    .zip(sent)
                    .filter(|((key, _), sent)| *sent && deals == matches!(*key, "wseat" | "wadomain"));
                let texts = lists.map(|((key, list), _)| {
                    format!(
                        r#", "{key}": [{}]"#,
                        vec![list.join(","); times * usize::from(!list.is_empty())].join(",")
                    )
                });
                texts.collect()
            };
            let deals = format!(r#", "pmp": {{"deals": [{{"id": "d"{}}}]}}"#, written(true));
            let text = request(&deals, &format!(r#", "cattax": {cattax}{}"#, written(false)));
            (answer(&Snapshot::new(plan.clone(), &Book::default(), NOON, None), &text, None), text)
        };
        let ((short, text), (long, _)) = (said(1), said(LONG));
        assert_eq!(short, long, "{text}");
        bids += usize::from(short.is_ok());
    }
    println!("{bids} bids");
    assert!((100..1_400).contains(&bids), "{bids} requests of 1,500 had a bid");
}

/// `key` with entries that mean nobody here, and `entry` as the last of them.
fn long(key: &str, entry: &str) -> String {
    let others: Vec<String> = (0..LONG).map(|at| format!(r#""q{at}""#)).collect();
    format!(r#", "{key}": [{}, "{entry}"]"#, others.join(","))
}

#[test]
fn the_last_entry_of_a_long_list_counts_as_the_first_of_a_short_one_does() {
    let one = [campaigns()[0].clone()];
    for (key, entry, other, refused) in [
        ("badv", "shop.example", "x.example", NoBidReason::AdvertiserBlocked),
        ("bapp", "123456", "12345", NoBidReason::AppBlocked),
        ("bcat", "IAB22", "IAB25", NoBidReason::CategoryBlocked),
    ] {
        check(&one, "", &long(key, entry), Err(refused));
        check(&one, "", &long(key, other), Ok("open 2.00 EUR"));
    }
    for (key, entry, other, refused) in [
        ("acat", "IAB22", "IAB25", NoBidReason::CategoryBlocked),
        ("wlang", "fr-CA", "en", NoBidReason::LanguageNotAllowed),
        ("wlangb", "fr", "en", NoBidReason::LanguageNotAllowed),
    ] {
        check(&one, "", &long(key, entry), Ok("open 2.00 EUR"));
        check(&one, "", &long(key, other), Err(refused));
    }
    let agreed = [campaigns()[1].clone()];
    for (key, entry) in [("wadomain", "example"), ("wseat", "seat-1")] {
        let deal = |entry| format!(r#", "pmp": {{"deals": [{{"id": "d"{}}}]}}"#, long(key, entry));
        check(&agreed, &deal(entry), "", Ok("agreed 2.00 EUR d"));
        check(&agreed, &deal("x"), "", Err(NoBidReason::DealNotOffered));
    }
}
