//! What becomes of a notice, over HTTP: each order of two notices of a bid, each thing that can be wrong with one, and
//! how late it may come. Ledger, budget and counters are held to the tables of the documentation.
//!
//! The server's keys are known here, so that notices can be signed as no exchange could.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use encan::ledger::EventKind;
use encan::notice::{Keys, NoticeKind, Ticket};
use encan::shell::store::Store;
use encan::units::{BidId, Millis, UnixMillis};
use serde_json::{Value, json};
use support::{Encan, HttpAnswer, Options, wait_until, within_an_hour};
use tempfile::TempDir;

const SECRET: [u8; 32] = [7; 32];
/// What a bid may cost at worst: 9 a thousand for media, 1 for data, in nanos.
const WORST: i64 = 10_000_000;
/// What it costs when 5 a thousand are billed.
const BILLED: i64 = 6_000_000;

/// A campaign with one deal of its own name. We bear the tax, so a budget counts media and data.
fn campaign(id: &str, daily_nanos: i64) -> String {
    let daily = format!("{}.{:09}", daily_nanos / 1_000_000_000, daily_nanos % 1_000_000_000);
    format!(
        r#"{{ "advertiser": {{ "id": "shop", "name": "Shop", "domain": "shop.example", "country": "FR" }},
        "id": "{id}", "name": "{id}", "currency": "EUR", "time_zone": "Europe/Paris",
        "flight": {{ "start": "2025-01-01" }}, "budget": {{ "daily": {daily} }}, "pacing": "asap",
        "tax": {{ "scenario": "hypothesis-fr", "bearer": "absorb" }},
        "conversions": [{{ "type": "purchase", "value": 180 }}],
        "line_items": [{{ "id": "all", "deals": "{id}", "goal": {{ "cpm": 10 }}, "data_cpm": 1 }}],
        "creatives": [{{ "id": "mpu", "landing_page": "https://shop.example/p", "categories": ["IAB3"],
            "banner": {{ "size": "300x250", "image": "https://cdn.shop.example/300x250.png" }} }},
            {{ "id": "film", "landing_page": "https://shop.example/p", "categories": ["IAB3"],
            "video": {{ "duration": "15s", "media": {{ "url": "https://cdn.shop.example/15.mp4", "mime": "video/mp4",
            "size": "640x360", "bitrate": 800 }} }} }}] }}"#
    )
}

/// A server with exchanges that bill in each way.
struct World {
    server: Encan,
    _folder: TempDir,
}

impl World {
    /// `campaigns` are ids with their daily budgets.
    fn new(campaigns: &[(String, i64)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("in the folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        for (id, daily) in campaigns {
            write(&format!("campaigns/{id}.json"), campaign(id, *daily).as_bytes());
        }
        for bills_on in ["billing", "win", "impression"] {
            for (name, more) in [
                (bills_on.to_owned(), ""),
                (
                    format!("{bills_on}-quick"),
                    r#", "notice_age": { "display": "11m", "av": "61m", "app": "2h", "dooh": "3h" }"#,
                ),
            ] {
                let profile = format!(
                    r#"{{ "name": "x", "bills_on": "{bills_on}", "reservation": {{ "display": "10m", "av": "1h" }},
                    "tmax_ms": 60000, "margin_ms": 10, "price_decimals": 6, "missing_price": "refuse"{more} }}"#
                );
                write(&format!("exchanges/{name}.json"), profile.as_bytes());
            }
        }
        for audit in ["ignore", "as_missing"] {
            for missing in ["refuse", "book_bid"] {
                let profile = format!(
                    r#"{{ "name": "x", "bills_on": "billing", "reservation": {{ "display": "10m", "av": "1h" }},
                    "tmax_ms": 60000, "margin_ms": 10, "price_decimals": 6, "missing_price": "{missing}",
                    "audit": "{audit}" }}"#
                );
                write(&format!("exchanges/{audit}-{missing}.json"), profile.as_bytes());
            }
        }
        write("data/secret", &[SECRET, [9; 32]].concat());
        let at = |name: &str| Some(Path::new(folder.path()).join(name));
        let options = Options {
            campaigns: at("campaigns"),
            exchanges: at("exchanges"),
            data: at("data"),
            ..Options::default()
        };
        Self { server: Encan::start(options), _folder: folder }
    }

    fn ask(&self, exchange: &str, deal: &str) -> HttpAnswer {
        self.ask_with(exchange, deal, &json!({"banner": {"w": 300, "h": 250}}), &json!({"site": {"id": "s"}}))
    }

    fn ask_with(&self, exchange: &str, deal: &str, medium: &Value, channel: &Value) -> HttpAnswer {
        let mut imp = json!({"id": "1", "pmp": {"deals": [{"id": deal}]}});
        let mut request = json!({"id": "r", "cur": ["EUR"], "device": {"geo": {"country": "FRA"}}});
        let add = |to: &mut Value, more: &Value| {
            to.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        };
        add(&mut imp, medium);
        add(&mut request, channel);
        request["imp"] = json!([imp]);
        self.server.post(&format!("/openrtb2/{exchange}"), request.to_string())
    }

    /// What a bid on the deal says of itself.
    fn bid(&self, exchange: &str, deal: &str) -> Ticket {
        ticket(&self.ask(exchange, deal))
    }

    /// Every counter of notices that is not zero, `kind outcome`.
    fn counters(&self) -> BTreeMap<String, u64> {
        let text = self.server.admin("/metrics").text();
        let lines = text.lines().filter_map(|line| line.strip_prefix("encan_notices_total{kind=\""));
        let counters = lines.map(|line| {
            let (kind, rest) = line.split_once("\",outcome=\"").expect("two labels");
            let (outcome, count) = rest.split_once("\"} ").expect("a number");
            (format!("{kind} {outcome}"), count.parse().expect("a number"))
        });
        counters.filter(|(_, count)| *count > 0).collect()
    }

    /// Sends the notice; gives the one outcome that was counted for it.
    #[track_caller]
    fn outcome(&self, notice: &str, ticket: &Ticket) -> String {
        let path = address(notice, ticket, &Keys::new(&SECRET, None));
        let (status, outcome) = self.outcome_of(notice, &path);
        assert!(status < 400, "{notice}: {status}");
        outcome
    }

    /// Calls `path`, which is a notice; gives the answer's status and the one outcome that was counted.
    #[track_caller]
    fn outcome_of(&self, notice: &str, path: &str) -> (u16, String) {
        let mut before = self.counters();
        let answer = self.server.get(path);
        let changed: Vec<_> = self
            .counters()
            .into_iter()
            .filter(|(name, count)| before.remove(name).unwrap_or(0) != *count)
            .map(|(name, _)| name)
            .collect();
        let [changed] = changed.as_slice() else { panic!("one counter for {notice}: {changed:?}") };
        let (kind, outcome) = changed.split_once(' ').expect("two words");
        assert_eq!(kind, name(notice).1.name());
        (answer.status, outcome.to_owned())
    }

    /// The ledger's events, as words, by bid.
    fn events(&self) -> BTreeMap<BidId, Vec<String>> {
        let store = Store::open(&self.server.data).expect("a ledger");
        let mut events: BTreeMap<BidId, Vec<String>> = BTreeMap::new();
        let each = |event: &encan::ledger::Event| {
            let word = match &event.kind {
                EventKind::Win { .. } => "win".to_owned(),
                EventKind::Impression(charge) => {
                    let late = if charge.late { " late" } else { "" };
                    format!("impression {}{late}", charge.budget_share().raw())
                }
                EventKind::Loss { .. } => "loss".to_owned(),
                EventKind::View => "view".to_owned(),
                EventKind::Click => "click".to_owned(),
                EventKind::Playback(step) => step.name().to_owned(),
                EventKind::Conversion(_) => "conversion".to_owned(),
                EventKind::Correction(_) => "correction".to_owned(),
            };
            events.entry(event.bid.id).or_default().push(word);
        };
        store.events(each).expect("a readable ledger");
        events.values_mut().for_each(|events| events.sort());
        events
    }
}

/// What the one bid of an answer says of itself.
#[track_caller]
fn ticket(answer: &HttpAnswer) -> Ticket {
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    let url = json["seatbid"][0]["bid"][0]["nurl"].as_str().expect("a win notice");
    let (_, token) = url.split_once("/n/win/").expect("an address of ours");
    let (token, _) = token.split_once('?').expect("parameters");
    let keys = Keys::new(&SECRET, None);
    keys.verify(NoticeKind::Win, token, now()).expect("signed with the known secret").0
}

fn now() -> UnixMillis {
    encan::shell::clock::now()
}

/// The short name of a notice in the tables, and its kind.
fn name(notice: &str) -> (&'static str, NoticeKind) {
    let all = [
        ("win", NoticeKind::Win),
        ("bill", NoticeKind::Billing),
        ("loss", NoticeKind::Loss),
        ("shown", NoticeKind::Impression),
        ("view", NoticeKind::View),
        ("click", NoticeKind::Click),
        ("play", NoticeKind::Play),
        ("conv", NoticeKind::Clicked),
    ];
    all.into_iter().find(|(name, _)| *name == notice).unwrap_or_else(|| panic!("no notice `{notice}`"))
}

/// Where a notice is sent, billed at 5 a thousand.
fn address(notice: &str, ticket: &Ticket, keys: &Keys) -> String {
    let (_, kind) = name(notice);
    let mut token = String::new();
    keys.sign(kind, ticket, (kind == NoticeKind::Clicked).then(now), &mut token);
    match kind {
        NoticeKind::Clicked => format!("/c/pixel.gif?click={token}&type=purchase"),
        NoticeKind::Loss => format!("/n/loss/{token}?r=102&m=9.5"),
        NoticeKind::Play => format!("/n/play/{token}?e=start"),
        kind => format!("/n/{}/{token}?p=5&c=EUR", kind.name()),
    }
}

/// The outcome of each notice of a bid that comes first, and of each that follows another.
struct Orders {
    bills_on: &'static str,
    /// The notice that bills.
    bills: &'static str,
    /// The notices that end a reservation.
    closes: &'static [&'static str],
    table: &'static str,
}

const ORDERS: [Orders; 3] = [
    Orders {
        bills_on: "billing",
        bills: "bill",
        closes: &["bill", "loss"],
        table: "
            after  win       bill      loss      shown   view      click     play      conv
            -      booked    booked    booked    nothing early     early     early     early
            win    duplicate booked    booked    nothing early     early     early     early
            bill   booked    duplicate late      nothing booked    booked    booked    booked
            loss   booked    late      duplicate nothing booked    booked    booked    booked
            shown  booked    booked    booked    nothing early     early     early     early
            view   booked    booked    booked    nothing duplicate early     early     early
            click  booked    booked    booked    nothing early     duplicate early     early
            play   booked    booked    booked    nothing early     early     duplicate early
            conv   booked    booked    booked    nothing early     early     early     duplicate",
    },
    Orders {
        bills_on: "win",
        bills: "win",
        closes: &["win", "loss"],
        table: "
            after  win       bill      loss      shown   view      click     play      conv
            -      booked    nothing   booked    nothing early     early     early     early
            win    duplicate nothing   late      nothing booked    booked    booked    booked
            bill   booked    nothing   booked    nothing early     early     early     early
            loss   late      nothing   duplicate nothing booked    booked    booked    booked
            shown  booked    nothing   booked    nothing early     early     early     early
            view   booked    nothing   booked    nothing duplicate early     early     early
            click  booked    nothing   booked    nothing early     duplicate early     early
            play   booked    nothing   booked    nothing early     early     duplicate early
            conv   booked    nothing   booked    nothing early     early     early     duplicate",
    },
    // A page that shows the ad gets no loss notice; one that is sent all the same frees nothing.
    Orders {
        bills_on: "impression",
        bills: "shown",
        closes: &["shown"],
        table: "
            after  win       bill      loss      shown     view      click     play      conv
            -      booked    nothing   booked    booked    early     early     early     early
            win    duplicate nothing   booked    booked    early     early     early     early
            bill   booked    nothing   booked    booked    early     early     early     early
            loss   booked    nothing   duplicate booked    early     early     early     early
            shown  booked    nothing   booked    duplicate booked    booked    booked    booked
            view   booked    nothing   booked    booked    duplicate early     early     early
            click  booked    nothing   booked    booked    early     duplicate early     early
            play   booked    nothing   booked    booked    early     early     duplicate early
            conv   booked    nothing   booked    booked    early     early     early     duplicate",
    },
];

impl Orders {
    /// `(first, second, outcome of the first, outcome of the second)`, every ordered pair.
    fn pairs(&self) -> Vec<[&'static str; 4]> {
        let rows: Vec<Vec<&str>> = self
            .table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .filter(|row: &Vec<_>| !row.is_empty())
            .collect();
        let (names, first) = (&rows[0], &rows[1]);
        let mut pairs = Vec::new();
        for row in &rows[2..] {
            let of_first = names.iter().position(|name| name == &row[0]).expect("a column");
            pairs
                .extend((1..names.len()).map(|column| [row[0], names[column], first[of_first], row[column]]));
        }
        assert_eq!(pairs.len(), 64);
        pairs
    }

    /// What a billed impression costs: the pixel of a page is not believed.
    fn cost(&self) -> i64 {
        if self.bills_on == "impression" { WORST } else { BILLED }
    }

    /// The ledger's events of a bid whose notices had these outcomes.
    fn events(&self, notices: &[(&str, &str)]) -> Vec<String> {
        let mut events = Vec::new();
        for (notice, outcome) in notices {
            if !["booked", "early", "late"].contains(outcome) {
                continue;
            }
            let late = if *outcome == "late" { " late" } else { "" };
            if *notice == self.bills {
                events.push(format!("impression {}{late}", self.cost()));
            }
            match *notice {
                "bill" | "shown" => {}
                "play" => events.push("start".to_owned()),
                "conv" => events.push("conversion".to_owned()),
                other => events.push(other.to_owned()),
            }
        }
        events.sort();
        events
    }
}

#[test]
fn each_order_of_two_notices_has_one_outcome_for_ledger_budget_and_counters() {
    within_an_hour(|| {
        for orders in &ORDERS {
            // Of each order two: the budget has room for a billed bid beside another, or a nano less.
            let pairs: Vec<_> = orders.pairs().into_iter().flat_map(|pair| [(pair, 0), (pair, 1)]).collect();
            let id = |[first, second, ..]: [&str; 4], short: i64| format!("{first}-{second}-{short}");
            let mut campaigns: Vec<_> = pairs
                .iter()
                .map(|(pair, short)| (id(*pair, *short), WORST + orders.cost() - short))
                .collect();
            campaigns.push(("control".to_owned(), WORST));
            let world = World::new(&campaigns);
            let mut tickets = Vec::new();
            for (pair, short) in &pairs {
                let [first, second, of_first, of_second] = *pair;
                let ticket = world.bid(orders.bills_on, &id(*pair, *short));
                let open = || world.server.metric("encan_reservations_open");
                let before = open();
                let what = format!("{second} after {first}, billed on {}", orders.bills_on);
                assert_eq!(world.outcome(first, &ticket), of_first, "first, {what}");
                assert_eq!(world.outcome(second, &ticket), of_second, "second, {what}");
                let closed = [first, second].iter().any(|notice| orders.closes.contains(notice));
                assert_eq!(before - open(), u64::from(closed), "reservations closed, {what}");
                tickets.push(ticket);
            }
            let events = world.events();
            for (([first, second, of_first, of_second], _), ticket) in pairs.iter().zip(&tickets) {
                let want = orders.events(&[(*first, *of_first), (*second, *of_second)]);
                let found = events.get(&ticket.bid.id).cloned().unwrap_or_default();
                assert_eq!(found, want, "{second} after {first}, billed on {}", orders.bills_on);
            }
            budgets_hold(&world, orders, &pairs, id);
        }
    });
}

/// The budgets have room for another bid exactly where the notices left it.
fn budgets_hold(
    world: &World,
    orders: &Orders,
    pairs: &[([&'static str; 4], i64)],
    id: impl Fn([&'static str; 4], i64) -> String,
) {
    // What was freed before is bid again after a beat of the slow loop, which this one waits for. It is billed where
    // a loss frees nothing.
    let control = world.bid(orders.bills_on, "control");
    assert_eq!(world.ask(orders.bills_on, "control").status, 204);
    if orders.closes.contains(&"loss") {
        world.outcome("loss", &control);
        wait_until("the money is back", || world.ask(orders.bills_on, "control").status == 200);
    }
    for (pair, short) in pairs {
        let sent = [pair[0], pair[1]];
        let spent = if sent.contains(&orders.bills) { orders.cost() } else { 0 };
        let reserved = if sent.iter().any(|notice| orders.closes.contains(notice)) { 0 } else { WORST };
        let fits = spent + reserved + WORST <= WORST + orders.cost() - short;
        let asked = || world.ask(orders.bills_on, &id(*pair, *short)).status;
        let what = format!("{} then {}, {spent} spent, {reserved} reserved, {short} short", sent[0], sent[1]);
        if fits {
            wait_until(&what, || asked() == 200);
        } else {
            assert_eq!(asked(), 204, "{what}");
        }
    }
}

/// Everything that a notice could change, but for the counters of notices.
fn all_but_notices(world: &World) -> (Vec<String>, BTreeMap<BidId, Vec<String>>) {
    let text = world.server.admin("/metrics").text();
    // What is counted, and who holds money: clocks, memory and beats go on by themselves.
    let kept = |line: &&str| {
        let name = line.split([' ', '{']).next().unwrap_or_default();
        let is_counted = name.ends_with("_total") && name != "encan_notices_total";
        is_counted || name == "encan_reservations_open"
    };
    (text.lines().filter(kept).map(str::to_owned).collect(), world.events())
}

/// The billing notice `good` with every letter of its token altered, each with what it is then.
fn altered(good: &str) -> Vec<(&'static str, String)> {
    let (start, end) = ("/n/bill/".len(), good.find('?').expect("parameters"));
    let alter = |at: usize| {
        let mut altered = good.as_bytes().to_vec();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let outcome = match at - start {
            0 => "malformed",
            1..=5 => "unknown_key",
            // It has four bits of the key's id and two of what follows.
            6 => "unknown_key or forged",
            // Bits of it are left over.
            last if last == end - 1 - start => "malformed or forged",
            _ => "forged",
        };
        (outcome, String::from_utf8(altered).expect("ASCII"))
    };
    (start..end).map(alter).collect()
}

#[test]
fn a_notice_that_is_not_right_changes_one_counter_and_nothing_else() {
    let world = World::new(&[("one".to_owned(), 1_000_000_000)]);
    let keys = Keys::new(&SECRET, None);
    let ticket = world.bid("billing", "one");
    let old = |hours: i64| {
        let mut old = ticket;
        old.bid.at = now().minus(Millis::from_seconds(hours * 3_600 + 1));
        old
    };
    let good = address("bill", &ticket, &keys);
    let end = good.find('?').expect("parameters");
    let mut wrong = vec![
        ("malformed", "/n/bill/".to_owned()),
        ("malformed", "/n/bill/x?p=5".to_owned()),
        ("malformed", format!("/n/bill/{}?p=5", "A".repeat(5_000))),
        ("malformed", good[..end - 1].to_owned() + "%" + &good[end..]),
        ("unknown_key", address("bill", &ticket, &Keys::new(&[8; 32], None))),
        ("forged", address("view", &ticket, &keys).replace("/n/view/", "/n/bill/")),
        ("forged", address("loss", &ticket, &keys).replace("/n/loss/", "/n/bill/")),
        ("expired", address("bill", &old(3), &keys)),
        ("overpriced", good.replace("p=5", "p=9.000001")),
        ("overpriced", good.replace("p=5", "p=1000000")),
        ("refused", good.replace("p=5", "p=AUDIT")),
        ("refused", good.replace("p=5", "p=")),
        ("refused", good.replace("p=5", "p=${AUCTION_PRICE}")),
        ("refused", good.replace("p=5", "p=-1")),
        ("refused", good.replace("c=EUR", "c=USD")),
        ("expired", address("loss", &old(3), &keys)),
        ("expired", address("win", &old(3), &keys)),
        ("expired", address("view", &old(60 * 24), &keys)),
        ("expired", address("play", &old(60 * 24), &keys)),
        ("refused", address("play", &ticket, &keys).replace("e=start", "e=begin")),
        ("expired", address("click", &old(60 * 24), &keys)),
        ("expired", address("conv", &old(60 * 24), &keys)),
        ("refused", address("conv", &ticket, &keys).replace("type=purchase", "type=refund")),
        ("unknown_key", address("conv", &ticket, &Keys::new(&[8; 32], None))),
    ];
    wrong.extend(altered(&good));
    let before = all_but_notices(&world);
    for (want, path) in wrong {
        for method in ["GET", "POST"] {
            if method == "POST" && path.starts_with("/c/") {
                continue;
            }
            let mut counters = world.counters();
            let answer = world.server.client().send(method, &path, &[], b"");
            assert_eq!(answer.status, 400, "{path}: {answer:?}");
            let changed: Vec<_> = world
                .counters()
                .into_iter()
                .filter(|(name, count)| counters.remove(name).unwrap_or(0) + 1 == *count)
                .collect();
            let [(name, _)] = changed.as_slice() else { panic!("{changed:?} for {want}, {path}") };
            let outcome = name.split(' ').nth(1).expect("two words");
            assert!(want.contains(outcome), "{name}, not {want}: {path}");
        }
    }
    assert_eq!(all_but_notices(&world), before);
    assert_eq!(world.server.get(&good).status, 204, "the right one is taken after all that");
    assert_eq!(world.events()[&ticket.bid.id], [format!("impression {BILLED}")]);
}

/// What each profile makes of macros that were not replaced by what they stand for: `as_missing` and `refuse`,
/// `as_missing` and `book_bid`, `ignore` and `refuse`, `ignore` and `book_bid`.
const MACROS: [(&str, &str, [&str; 4]); 15] = [
    ("bill", "p=AUDIT&c=AUDIT", ["refused", "booked", "audit", "audit"]),
    ("bill", "p=AUDIT", ["refused", "booked", "audit", "audit"]),
    ("bill", "p=5&c=AUDIT", ["booked", "booked", "audit", "audit"]),
    ("bill", "p=&c=", ["refused", "booked", "refused", "booked"]),
    ("bill", "", ["refused", "booked", "refused", "booked"]),
    ("bill", "p=${AUCTION_PRICE}&c=${AUCTION_CURRENCY}", ["refused", "booked", "refused", "booked"]),
    ("bill", "p=$%7BAUCTION_PRICE%7D", ["refused", "booked", "refused", "booked"]),
    ("bill", "p=%%WINNING_PRICE%%", ["refused", "booked", "refused", "booked"]),
    ("bill", "p=five", ["refused", "booked", "refused", "booked"]),
    ("bill", "p=9.000001", ["overpriced", "overpriced", "overpriced", "overpriced"]),
    ("win", "p=AUDIT", ["booked", "booked", "audit", "audit"]),
    ("win", "p=${AUCTION_PRICE}", ["booked", "booked", "booked", "booked"]),
    ("loss", "r=AUDIT&m=AUDIT", ["booked", "booked", "audit", "audit"]),
    ("loss", "r=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}", ["booked", "booked", "booked", "booked"]),
    ("loss", "", ["booked", "booked", "booked", "booked"]),
];

#[test]
fn macros_that_were_not_replaced_do_what_the_profile_says_to_ledger_and_reservation() {
    let world = World::new(&[("one".to_owned(), 10_000_000_000)]);
    let keys = Keys::new(&SECRET, None);
    for (notice, query, outcomes) in MACROS {
        let profiles = ["as_missing-refuse", "as_missing-book_bid", "ignore-refuse", "ignore-book_bid"];
        for (exchange, want) in profiles.into_iter().zip(outcomes) {
            let ticket = world.bid(exchange, "one");
            let open = world.server.metric("encan_reservations_open");
            let path = address(notice, &ticket, &keys);
            let (path, _) = path.split_once('?').expect("parameters");
            let what = format!("{notice}?{query} at {exchange}");
            let (status, outcome) = world.outcome_of(notice, &format!("{path}?{query}"));
            let is_refused = ["refused", "overpriced"].contains(&want);
            assert_eq!((status, outcome.as_str()), (if is_refused { 400 } else { 204 }, want), "{what}");
            let events = world.events().remove(&ticket.bid.id).unwrap_or_default();
            let booked = match notice {
                // At the bid's price where none was told.
                "bill" if query.starts_with("p=5") => format!("impression {BILLED}"),
                "bill" => format!("impression {WORST}"),
                news => news.to_owned(),
            };
            assert_eq!(events, if want == "booked" { vec![booked] } else { vec![] }, "{what}");
            let closed = u64::from(want == "booked" && notice != "win");
            assert_eq!(open - world.server.metric("encan_reservations_open"), closed, "{what}");
        }
    }
}

#[test]
fn an_impression_booked_at_the_bids_price_for_want_of_another_is_counted_once_by_why() {
    let world = World::new(&[("one".to_owned(), 10_000_000_000)]);
    let keys = Keys::new(&SECRET, None);
    let counted = || {
        ["missing", "not_a_price", "currency"]
            .map(|why| world.server.metric(&format!("encan_notices_unpriced_total{{reason=\"{why}\"}}")))
    };
    for (exchange, query, want) in [
        ("as_missing-book_bid", "p=5&c=EUR", [0, 0, 0]),
        ("as_missing-book_bid", "", [1, 0, 0]),
        ("as_missing-book_bid", "p=abc", [1, 1, 0]),
        ("as_missing-book_bid", "p=-1", [1, 2, 0]),
        ("as_missing-book_bid", "p=NaN", [1, 3, 0]),
        ("as_missing-book_bid", "p=5&c=XXX", [1, 3, 1]),
        // Above the bid, and where the profile refuses: nothing is booked.
        ("as_missing-book_bid", "p=99", [1, 3, 1]),
        ("as_missing-refuse", "p=abc", [1, 3, 1]),
    ] {
        let ticket = world.bid(exchange, "one");
        let path = address("bill", &ticket, &keys);
        let (path, _) = path.split_once('?').expect("parameters");
        // The second one is a duplicate.
        for _ in 0..2 {
            let _ = world.server.get(&format!("{path}?{query}"));
            assert_eq!(counted(), want, "{query} at {exchange}");
        }
    }
}

#[test]
fn a_notice_of_money_is_late_behind_its_reservation_and_too_old_behind_the_age_of_its_format() {
    let world = World::new(&[("one".to_owned(), 1_000_000_000)]);
    let keys = Keys::new(&SECRET, None);
    let banner = json!({"banner": {"w": 300, "h": 250}});
    let video = json!({"video": {"mimes": ["video/mp4"], "w": 640, "h": 360, "minduration": 5, "maxduration": 30,
        "protocols": [2, 3, 5, 6]}});
    let (site, app, dooh) =
        (json!({"site": {"id": "s"}}), json!({"app": {"id": "a"}}), json!({"dooh": {"id": "d"}}));
    for (medium, channel, usual_m, own_m) in [
        (&banner, &site, 180, 11),
        (&video, &site, 360, 61),
        (&banner, &app, 720, 120),
        (&video, &app, 720, 120),
        (&banner, &json!({}), 720, 120),
        (&video, &json!({}), 720, 120),
        (&banner, &dooh, 1_440, 180),
        (&video, &dooh, 1_440, 180),
    ] {
        for (exchange, minutes) in [("billing", usual_m), ("billing-quick", own_m)] {
            let made = ticket(&world.ask_with(exchange, "one", medium, channel));
            let age = Millis::from_seconds(minutes * 60);
            assert_eq!(made.honoured_for, age, "{medium} {channel} at {exchange}");
            // Of a bid that was made so long ago, so that its reservation has expired.
            let aged = |age: Millis, random: u128| {
                let at = now().minus(age);
                let mut aged = made;
                (aged.bid.id, aged.bid.at) = (BidId::mint(at, random), at);
                aged
            };
            let last = aged(Millis::from_raw(age.raw() - 30_000), 1);
            assert_eq!(world.outcome("bill", &last), "late", "{medium} {channel} at {exchange}");
            assert_eq!(world.events()[&last.bid.id].len(), 1);
            let older = aged(Millis::from_raw(age.raw() + 1), 2);
            let answer = world.server.get(&address("bill", &older, &keys));
            assert_eq!((answer.status, answer.text().as_str()), (400, "the token is too old\n"));
            assert_eq!(world.events().get(&older.bid.id), None);
            // It is no use to say that it lost, and none to say that it won.
            for notice in ["win", "loss"] {
                assert_eq!(world.server.get(&address(notice, &older, &keys)).status, 400, "{notice}");
            }
            // What an ad brings is counted as long as conversions are.
            assert_eq!(world.outcome("view", &older), "booked");
        }
    }
}
