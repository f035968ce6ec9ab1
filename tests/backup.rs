//! `encan ledger backup --whole` and `restore`: all of a data folder copied beside a server at work, put back elsewhere, and
//! served on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use encan::ledger::{Conversion, Event, EventKind, Touch};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use support::disk::Disk;
use support::http::Client;
use support::market::{Market, campaign, files};
use support::{Encan, Options, encan, wait_until};

const TOKEN: &str = "an-open-secret";
/// What the campaign may spend where it is scarce, in nanos.
const LIMIT: i64 = 1_000_000_000;

/// A shop with a campaign under `budget` that holds people out, and one below it.
struct Shop {
    market: Market,
}

impl Shop {
    fn new(budget: &Value, held_out: u32) -> Self {
        let market = Market::new("10m");
        std::fs::create_dir(market.path("audiences")).unwrap();
        market.put("token", &format!("{TOKEN}\n"));
        let token = format!("file:{}", market.path("token").display());
        let definition =
            json!({ "advertiser": "acme", "events": ["basket"], "retention": "90d", "token": token });
        market.put("audiences/acme.json", &definition.to_string());
        let mut tested = campaign("tested", 5.0, budget);
        if held_out > 0 {
            tested["holdout"] = json!({ "percent": held_out });
            market.campaign(&campaign("below", 2.0, &json!({ "total": 1_000 })));
        }
        market.campaign(&tested);
        Self { market }
    }

    fn ample() -> Self {
        Self::new(&json!({ "total": 1_000 }), 40)
    }

    fn data(&self) -> PathBuf {
        self.market.data()
    }

    fn start(&self) -> Door {
        let encan = Encan::start(Options {
            campaigns: Some(self.market.path("campaigns")),
            exchanges: Some(self.market.path("exchanges")),
            data: Some(self.data()),
            flags: vec!["--audiences".to_owned(), self.market.path("audiences").display().to_string()],
            ..Options::default()
        });
        wait_until("the audiences", || encan.admin("/readyz").status == 200);
        Door { client: Client::connect(encan.public), encan }
    }

    /// What a verb says of its data folder.
    #[track_caller]
    fn says(&self, verb: &[&str]) -> String {
        let output = encan().args(verb).arg("--data").arg(self.data()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{verb:?}: {}", words(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Everything that is told of its books, its ads' credit and its experiments.
    #[track_caller]
    fn told(&self) -> [String; 5] {
        let configured = |verb: &[&str]| {
            let folder = |name: &str| self.market.path(name).display().to_string();
            let (campaigns, exchanges, audiences) =
                (folder("campaigns"), folder("exchanges"), folder("audiences"));
            let flags = ["--campaigns", &campaigns, "--exchanges", &exchanges, "--audiences", &audiences];
            self.says(&[verb, &flags].concat())
        };
        let accounts: Value = serde_json::from_str(&self.says(&["ledger", "balances", "--json"])).unwrap();
        [
            self.says(&["report", "--json", "--by", "campaign,line-item,exchange,day"]),
            configured(&["conversions", "credit", "--json", "--by", "campaign,exchange"]),
            self.says(&["conversions", "show", "--json"]),
            self.says(&["experiment", "--json", "tested"]),
            accounts["accounts"].to_string(),
        ]
    }

    fn conversions(&self) -> BTreeMap<String, Vec<Conversion>> {
        let mut conversions: BTreeMap<String, Vec<Conversion>> = BTreeMap::new();
        for event in self.market.events() {
            if let EventKind::Conversion(conversion) = event.kind {
                let order = conversion.order.clone().unwrap_or_default();
                conversions.entry(order).or_default().push(conversion);
            }
        }
        conversions
    }

    /// How many impressions each bid has.
    fn billed(&self) -> BTreeMap<String, usize> {
        let mut billed = BTreeMap::new();
        for event in self.market.events() {
            if matches!(event.kind, EventKind::Impression(_)) {
                *billed.entry(event.bid.id.to_string()).or_default() += 1;
            }
        }
        billed
    }

    fn verify(&self) {
        assert!(self.says(&["ledger", "verify"]).contains("all is as it was written"));
    }
}

/// A server and a connection to it.
struct Door {
    client: Client,
    encan: Encan,
}

/// A bid that somebody got.
#[derive(Debug, Clone)]
struct Bid {
    id: String,
    campaign: String,
    billing: String,
    view: String,
    click: String,
}

fn bid_on(client: &mut Client, user: &str) -> Option<Bid> {
    let request = json!({
        "id": "r", "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 } }], "cur": ["EUR"], "tmax": 60_000,
        "user": { "buyeruid": user }, "device": { "geo": { "country": "FRA" } }, "site": { "domain": "news.example" },
    });
    let answer = client.send("POST", "/openrtb2/market", &[], request.to_string().as_bytes());
    if answer.status == 204 {
        return None;
    }
    let bid = answer.json()["seatbid"][0]["bid"][0].clone();
    let markup = bid["adm"].as_str().unwrap();
    let path = |text: &str, start: &str| {
        let rest = &text[text.find(start).unwrap()..];
        let ends = |c: char| !(c.is_ascii_alphanumeric() || "/-_?=&{}$.".contains(c));
        rest[..rest.find(ends).unwrap_or(rest.len())].to_owned()
    };
    let billing = path(bid["burl"].as_str().unwrap(), "/n/");
    let billing = billing.replace("${AUCTION_PRICE}", &bid["price"].to_string());
    Some(Bid {
        id: bid["id"].as_str().unwrap().to_owned(),
        campaign: bid["cid"].as_str().unwrap().to_owned(),
        billing: billing.replace("${AUCTION_CURRENCY}", "EUR"),
        view: path(markup, "/n/view/"),
        click: path(markup, "/n/click/"),
    })
}

fn status(client: &mut Client, path: &str) -> u16 {
    client.send("GET", path, &[], b"").status
}

/// The advertiser's server says that somebody bought something.
fn bought(client: &mut Client, user: &str, order: &str) -> u16 {
    let body = json!({
        "advertiser": "acme", "type": "purchase", "order": order, "value": 20,
        "user": { "id_type": "buyer", "id": user }, "gdpr": "0",
    });
    let authorization = format!("Bearer {TOKEN}");
    client.send("POST", "/c/s2s", &[("authorization", &authorization)], body.to_string().as_bytes()).status
}

fn person(number: usize) -> String {
    format!("person-{number}")
}

/// Somebody comes by, sees an ad, clicks it, puts something into the basket and buys; their bid.
fn visit(client: &mut Client, number: usize) -> Option<Bid> {
    let user = person(number);
    let bid = bid_on(client, &user)?;
    assert_eq!(status(client, &bid.billing), 204);
    assert_eq!(status(client, &bid.view), 200);
    assert_eq!(status(client, &bid.click), 302);
    let event = format!("/e/pixel.gif?a=acme&e=basket&gdpr=0&id_type=buyer&user_id={user}&i=basket-{number}");
    assert_eq!(status(client, &event), 200);
    assert_eq!(bought(client, &user, &format!("order-{number}")), 204);
    Some(bid)
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn backup(data: &Path, to: &Path, flags: &[&str]) -> Output {
    let mut command = encan();
    command.args(["ledger", "backup", "--whole"]).arg(to).args(flags).arg("--data").arg(data);
    command.output().unwrap()
}

/// The manifest of a backup that must come about.
#[track_caller]
fn backed_up(data: &Path, to: &Path, flags: &[&str]) -> Value {
    let output = backup(data, to, &[&["--json"], flags].concat());
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn restore(from: &Path, data: &Path) -> Output {
    encan().args(["ledger", "restore"]).arg(from).arg("--data").arg(data).output().unwrap()
}

#[track_caller]
fn restored(from: &Path, data: &Path) {
    let output = restore(from, data);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
}

#[track_caller]
fn check_refused(output: &Output, code: i32, want: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", words(output));
    assert!(words(output).contains(want), "`{want}` in {}", words(output));
}

/// The answer to a question; `None` as long as the file has no such table.
fn count(file: &Path, question: &str) -> Option<i64> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
    connection.busy_timeout(support::PATIENCE).unwrap();
    connection.query_row(question, [], |row| row.get(0)).ok()
}

/// Waits until what `people` people did, each of whom clicked once, is in the files beside the ledger.
fn settle(data: &Path, people: usize) {
    let people = i64::try_from(people).unwrap();
    for (file, question, want) in [
        ("journeys.sqlite", "SELECT count(*) FROM touch", 2 * people),
        ("experiments.sqlite", "SELECT count(*) FROM met", people),
        ("contexts.sqlite", "SELECT count(*) FROM shown", people),
        ("audience.sqlite", "SELECT count(*) FROM person", people),
        ("events.sqlite", "SELECT count(*) FROM seen", people),
    ] {
        wait_until(file, || count(&data.join(file), question) == Some(want));
    }
}

/// That no file of the backup speaks of an event that its ledger does not have.
fn check_whole(shop: &Shop) {
    let of = |event: &Event| (*event.bid.id.as_bytes(), matches!(event.kind, EventKind::Click));
    let known: BTreeSet<([u8; 16], bool)> = shop
        .market
        .events()
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Click | EventKind::View))
        .map(of)
        .collect();
    let journeys = Connection::open(shop.data().join("journeys.sqlite")).unwrap();
    let mut touches = journeys.prepare("SELECT bid, click FROM touch").unwrap();
    let touches = touches.query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, bool>(1)?)));
    let touches: BTreeSet<_> = touches.unwrap().map(Result::unwrap).collect();
    assert!(touches.is_subset(&known), "{} touches, {} events", touches.len(), known.len());
    let billed = shop.billed();
    let contexts = Connection::open(shop.data().join("contexts.sqlite")).unwrap();
    let mut shown = contexts.prepare("SELECT bid FROM shown").unwrap();
    let shown = shown.query_map([], |row| row.get::<_, [u8; 16]>(0)).unwrap().map(Result::unwrap);
    let shown: Vec<String> = shown.map(|bid| encan::units::BidId::from_bytes(bid).to_string()).collect();
    assert!(shown.iter().all(|bid| billed.contains_key(bid)), "a context without its impression");
}

/// Ends those who buy.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Backs up beside those who buy, and restores: what was answered before is in it, and nothing that is not in the original.
#[expect(clippy::print_stdout, reason = "how much came meanwhile is told")]
fn check_busy(shop: &Shop, to: &Path, orders: &Mutex<Vec<String>>) {
    let told = || orders.lock().unwrap().len();
    let before = orders.lock().unwrap().clone();
    backed_up(&shop.data(), to, &["--with-keys"]);
    let during = told() - before.len();
    wait_until("more orders", || told() > before.len() + during + 10);
    println!("{} orders before the backup, {during} while it was made", before.len());
    let copy = Shop::ample();
    restored(to, &copy.data());
    copy.verify();
    let (all, copied) = (shop.market.events(), copy.market.events());
    let key = |event: &Event| event.key();
    let all: BTreeMap<_, _> = all.iter().map(|event| (key(event), event)).collect();
    assert!(copied.iter().all(|event| all.get(&key(event)) == Some(&event)), "other events");
    let conversions = copy.conversions();
    assert!(before.iter().all(|order| conversions[order].len() == 1), "what was answered is in it");
    check_whole(&copy);
    drop(copy.start());
    copy.verify();
}

#[test]
fn a_backup_beside_bids_and_conversions_is_whole_and_one_of_a_quiet_server_says_all_that_it_said() {
    let shop = Shop::ample();
    let mut door = shop.start();
    let (next, ends, orders) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(Vec::new()));
    let busy = shop.market.path("busy");
    std::fs::create_dir(&busy).unwrap();
    let bids: Vec<Bid> = std::thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut client = Client::connect(door.encan.public);
                let mut bids = Vec::new();
                while !ends.load(Ordering::Acquire) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    bids.push(visit(&mut client, number).unwrap());
                    orders.lock().unwrap().push(format!("order-{number}"));
                }
                bids
            })
        });
        // Also where this panics, or nobody would be told of it.
        let ending = Ending(&ends);
        let contexts = shop.data().join("contexts.sqlite");
        for round in 0..3 {
            // Files beside the ledger are written each second.
            let want = Some(100 * (round + 1));
            wait_until("contexts", || count(&contexts, "SELECT count(*) FROM shown") >= want);
            check_busy(&shop, &busy.join(round.to_string()), &orders);
        }
        drop(ending);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });

    let people = next.load(Ordering::Relaxed);
    settle(&shop.data(), people);
    let out = bid_on(&mut door.client, &person(0)).unwrap();
    let quiet = shop.market.path("quiet");
    let manifest = backed_up(&shop.data(), &quiet, &["--with-keys"]);
    let told = shop.told();
    let knew = door.encan.admin("/v1/audience/buyer/person-3").text();
    assert!(told[1].contains("shapley") && told[3].contains("held_out") && knew.contains("basket"), "{knew}");
    drop(door.encan.kill());
    check_manifest(&manifest, &quiet);

    let copy = Shop::ample();
    restored(&quiet, &copy.data());
    copy.verify();
    assert_eq!(copy.told(), told, "restored");
    let mut door = copy.start();
    assert_eq!(copy.told(), told, "served");
    assert_eq!(door.encan.admin("/v1/audience/buyer/person-3").text(), knew);
    for (number, bid) in bids.iter().enumerate() {
        assert_eq!(status(&mut door.client, &bid.billing), 204);
        assert_eq!(bought(&mut door.client, &person(number), &format!("order-{number}")), 204);
    }
    assert_eq!(copy.told(), told, "what is told again counts once");
    assert_eq!(status(&mut door.client, &out.billing), 204, "a bid that was out is billed");
    assert_eq!(copy.billed().get(&out.id), Some(&1));
    // A new order finds the click of before; people stay in their groups.
    assert_eq!(bought(&mut door.client, &person(3), "after"), 204);
    assert!(matches!(copy.conversions()["after"][0].touch, Touch::Click(_)));
    let before: BTreeMap<&str, &str> =
        bids.iter().map(|bid| (bid.id.as_str(), bid.campaign.as_str())).collect();
    let group = |number: usize| {
        let event = copy.market.events().into_iter().find(|event| {
            matches!(&event.kind, EventKind::Conversion(of) if of.order == Some(format!("order-{number}")))
        });
        before[event.unwrap().bid.id.to_string().as_str()]
    };
    for number in 0..20 {
        let again = bid_on(&mut door.client, &person(number)).unwrap();
        assert_eq!(again.campaign, group(number), "person {number}");
    }
    copy.verify();
}

/// What the manifest says is what lies there, for its owner only.
fn check_manifest(manifest: &Value, folder: &Path) {
    let text = std::fs::read_to_string(folder.join("MANIFEST.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), *manifest);
    assert_eq!((manifest["has_keys"] == true, manifest["faults"] == json!([])), (true, true));
    let mut named = BTreeSet::from([PathBuf::from("MANIFEST.json")]);
    for file in manifest["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(file["bytes"], json!(bytes.len()), "{name}");
        assert_eq!(file["blake3"], json!(blake3::hash(&bytes).to_hex().as_str()), "{name}");
        let mode = folder.join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        named.insert(PathBuf::from(name));
    }
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let lies = |(path, _)| PathBuf::from(Path::new(&path).file_name().unwrap());
    assert_eq!(files(folder).into_iter().map(lies).collect::<BTreeSet<_>>(), named);
    let wants = ["audience", "events", "journeys", "experiments", "contexts", "ledger"]
        .map(|name| format!("{name}.sqlite"));
    assert!(wants.iter().all(|name| named.contains(Path::new(name))), "{named:?}");
    let unknown = |left: &&Value| left["why"].as_str().unwrap().contains("does not know");
    let left = manifest["left_out"].as_array().unwrap();
    assert_eq!(left.iter().find(unknown), None, "a server made a file that no backup has");
}

#[test]
fn without_its_keys_a_backup_says_so_and_a_server_on_it_takes_no_notice_until_they_are_back() {
    let shop = Shop::ample();
    let mut door = shop.start();
    visit(&mut door.client, 1);
    let out = bid_on(&mut door.client, &person(1)).unwrap();
    let to = shop.market.path("copy");
    let output = backup(&shop.data(), &to, &[]);
    check_refused(&output, 0, "the keys are not in the backup");
    assert!(!to.join("secret").exists());
    let secret = std::fs::read(shop.data().join("secret")).unwrap();
    let found =
        files(&to).into_iter().find(|(_, bytes)| bytes.windows(32).any(|part| secret.ends_with(part)));
    assert_eq!(found.map(|(path, _)| path), None, "nor is it in another file");
    drop(door.encan.kill());

    let copy = Shop::ample();
    check_refused(&restore(&to, &copy.data()), 0, "there are no keys in the backup");
    copy.verify();
    let mut door = copy.start();
    assert_eq!(status(&mut door.client, &out.billing), 400, "signed by a key that is not here");
    assert_eq!(bought(&mut door.client, &person(1), "again"), 204);
    assert_eq!(copy.conversions()["again"][0].touch, Touch::None, "nobody is recognised");
    assert_eq!(door.encan.stop().0, Some(0));
    std::fs::write(copy.data().join("secret"), secret).unwrap();
    let mut door = copy.start();
    assert_eq!(status(&mut door.client, &out.billing), 204);
    assert_eq!(bought(&mut door.client, &person(1), "third"), 204);
    assert!(matches!(copy.conversions()["third"][0].touch, Touch::Click(_)));
}

#[test]
fn a_ledger_among_older_or_newer_files_books_nothing_twice_and_spends_no_more_than_its_budget() {
    let budget = json!({ "total": 1 });
    let shop = Shop::new(&budget, 0);
    let mut door = shop.start();
    let [early, late] = ["early", "late"].map(|name| shop.market.path(name));
    let mut bids: Vec<Bid> = Vec::new();
    let mut come = |door: &mut Door, until: usize| {
        wait_until("people", || {
            // A lease grows with what is asked of it.
            bids.extend(visit(&mut door.client, bids.len()));
            bids.len() == until
        });
    };
    come(&mut door, 12);
    backed_up(&shop.data(), &early, &["--with-keys"]);
    come(&mut door, 20);
    wait_until("the touches", || {
        count(&shop.data().join("journeys.sqlite"), "SELECT count(*) FROM touch") == Some(40)
    });
    // Of the first run, what it leased stays locked up; the second one ended and gave it back.
    assert_eq!(door.encan.stop().0, Some(0));
    backed_up(&shop.data(), &late, &["--with-keys"]);

    for (ledger, others) in [(&early, &late), (&late, &early)] {
        let mixed = Shop::new(&budget, 0);
        restored(others, &mixed.data());
        std::fs::copy(ledger.join("ledger.sqlite"), mixed.data().join("ledger.sqlite")).unwrap();
        mixed.verify();
        let mut door = mixed.start();
        // Orders come before the bills of the ads that led to them, which this ledger may not have.
        for _ in 0..2 {
            for number in 0..bids.len() {
                assert_eq!(bought(&mut door.client, &person(number), &format!("order-{number}")), 204);
            }
            for bid in &bids {
                assert_eq!(status(&mut door.client, &bid.billing), 204);
                assert_eq!(status(&mut door.client, &bid.click), 302);
            }
        }
        let conversions = mixed.conversions();
        assert_eq!((conversions.len(), conversions.values().flatten().count()), (20, 20));
        let billed = mixed.billed();
        assert!(billed.len() == 20 && billed.values().all(|times| *times == 1), "{billed:?}");
        // Then it spends all that it may.
        let mut idle = 0;
        while idle < 200 {
            match bid_on(&mut door.client, &format!("stranger-{idle}")) {
                Some(bid) => {
                    assert_eq!(status(&mut door.client, &bid.billing), 204);
                    idle = 0;
                }
                None => idle += 1,
            }
        }
        let spent = mixed.market.spent("tested");
        assert!(spent <= LIMIT, "{spent} of {LIMIT}");
        assert!(mixed.billed().len() > billed.len(), "it went on");
        println!("{} impressions, {spent} of {LIMIT}", mixed.billed().len());
        assert_eq!(door.encan.stop().0, Some(0));
        mixed.verify();
    }
}

#[test]
fn what_would_write_over_something_or_be_lost_with_the_data_is_refused_and_touches_nothing() {
    let shop = Shop::ample();
    let mut door = shop.start();
    visit(&mut door.client, 1);
    let (data, folder) = (shop.data(), shop.market.path("there"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::create_dir_all(data.join("figures")).unwrap();
    let file = folder.join("diary");
    std::fs::write(&file, "mine").unwrap();
    for (to, want) in [
        (&folder, "exists already"),
        (&file, "exists already"),
        (&folder.join("nowhere/copy"), "cannot be made"),
        (&data.join("copy"), "is inside the data folder"),
        (&data.join("figures/../copy"), "is inside the data folder"),
    ] {
        let code = if want == "cannot be made" { 2 } else { 1 };
        check_refused(&backup(&data, to, &[]), code, want);
    }
    std::os::unix::fs::symlink(&data, shop.market.path("link")).unwrap();
    check_refused(&backup(&data, &shop.market.path("link/copy"), &[]), 1, "is inside the data folder");
    check_refused(&backup(&folder, &shop.market.path("copy"), &[]), 1, "there is no ledger in");
    // What a killed backup left is named, and stays.
    let part = shop.market.path("copy.part");
    std::fs::create_dir(&part).unwrap();
    check_refused(&backup(&data, &shop.market.path("copy"), &[]), 1, "nobody writes it");
    assert!(part.exists() && !data.join("copy").exists() && !shop.market.path("copy").exists());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let alone = encan().args(["ledger", "backup", "x", "--with-keys"]).output().unwrap();
    check_refused(&alone, 1, "--whole");
    drop(door);
}

#[test]
fn on_a_full_disk_nothing_is_left_of_a_backup_and_the_server_goes_on() {
    let shop = Shop::ample();
    let mut door = shop.start();
    visit(&mut door.client, 1);
    let small = shop.market.path("small");
    std::fs::create_dir(&small).unwrap();
    let Some(disk) = Disk::mount(&small, "size=40k") else { return };
    for size in ["size=40k", "size=80k", "size=120k"] {
        let mut command = std::process::Command::new("mount");
        assert!(command.args(["-o", &format!("remount,{size}")]).arg(&small).status().unwrap().success());
        let output = backup(&shop.data(), &small.join("copy"), &["--with-keys"]);
        assert_eq!(output.status.code(), Some(2), "{size}: {}", words(&output));
        assert!(
            words(&output).contains("full") && words(&output).contains("more space"),
            "{}",
            words(&output)
        );
        assert_eq!(std::fs::read_dir(&small).unwrap().count(), 0, "{size}");
    }
    visit(&mut door.client, 2);
    // Nor of what is restored.
    let copy = shop.market.path("copy");
    backed_up(&shop.data(), &copy, &[]);
    check_refused(&restore(&copy, &small.join("data")), 2, "cannot be restored");
    assert_eq!(std::fs::read_dir(&small).unwrap().count(), 0);
    drop(disk);
    shop.verify();
}

#[test]
fn a_damaged_file_beside_the_ledger_is_named_and_left_out_and_the_rest_is_restored() {
    let shop = Shop::ample();
    let mut door = shop.start();
    for number in 0..30 {
        visit(&mut door.client, number);
    }
    settle(&shop.data(), 30);
    assert_eq!(door.encan.stop().0, Some(0));
    let told = shop.told();
    std::fs::write(shop.data().join("experiments.sqlite"), b"Dear diary, ".repeat(99)).unwrap();
    let journeys = shop.data().join("journeys.sqlite");
    let mut bytes = std::fs::read(&journeys).unwrap();
    let last = bytes.len() - 4_096;
    bytes[last..].fill(0xff);
    std::fs::write(&journeys, bytes).unwrap();
    let to = shop.market.path("copy");
    let output = backup(&shop.data(), &to, &["--with-keys", "--json"]);
    check_refused(&output, 2, "the backup is made, but not all of it is sound");
    let manifest: Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = manifest["faults"].as_array().unwrap();
    let named: Vec<&str> = faults.iter().map(|fault| fault["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["journeys.sqlite", "experiments.sqlite"], "{faults:?}");
    assert!(to.join("learned").exists(), "{manifest}");
    assert!(to.join("ledger.sqlite").exists() && !to.join("journeys.sqlite").exists());

    let copy = Shop::ample();
    check_refused(&restore(&to, &copy.data()), 0, "not sound when it was backed up: `journeys.sqlite`");
    copy.verify();
    let mut door = copy.start();
    let now = copy.told();
    assert_eq!([&now[0], &now[1], &now[4]], [&told[0], &told[1], &told[4]], "the books");
    visit(&mut door.client, 40);
    assert_eq!(door.encan.stop().0, Some(0));
    copy.verify();
}

#[test]
fn a_backup_that_is_not_what_was_written_is_refused_and_nothing_is_restored() {
    let shop = Shop::ample();
    let mut door = shop.start();
    visit(&mut door.client, 1);
    let good = shop.market.path("good");
    backed_up(&shop.data(), &good, &["--with-keys"]);
    let data = shop.market.path("elsewhere");
    let spoilt = |spoil: &dyn Fn(&Path)| {
        let bad = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(&good).unwrap() {
            let from = entry.unwrap().path();
            std::fs::copy(&from, bad.path().join(from.file_name().unwrap())).unwrap();
        }
        spoil(bad.path());
        restore(bad.path(), &data)
    };
    let altered = |folder: &Path| {
        let file = folder.join("ledger.sqlite");
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(file, bytes).unwrap();
    };
    let renamed = |folder: &Path| {
        let file = folder.join("MANIFEST.json");
        let text = std::fs::read_to_string(&file).unwrap().replace("\"secret\"", "\"../secret\"");
        std::fs::write(file, text).unwrap();
    };
    let gone = |name: &'static str| move |folder: &Path| std::fs::remove_file(folder.join(name)).unwrap();
    for (output, want) in [
        (spoilt(&altered), "`ledger.sqlite` has other bytes"),
        (spoilt(&gone("events.sqlite")), "`events.sqlite`: No such file"),
        (spoilt(&gone("MANIFEST.json")), "it has no `MANIFEST.json`"),
        (spoilt(&renamed), "does not know its `../secret`"),
    ] {
        check_refused(&output, 1, want);
        assert!(!data.exists() && !shop.market.path("elsewhere.part").exists(), "{want}");
    }
    check_refused(&restore(&good, &shop.data()), 1, "is not empty");
    restored(&good, &data);
    // What is restored belongs to whom the empty folder belonged, where we may give things away.
    let theirs = shop.market.path("theirs");
    std::fs::create_dir(&theirs).unwrap();
    if std::os::unix::fs::chown(&theirs, Some(12_345), None).is_ok() {
        restored(&good, &theirs);
        let owners = ["", "secret", "ledger.sqlite"].map(|name| theirs.join(name).metadata().unwrap().uid());
        assert_eq!(owners, [12_345; 3]);
    } else {
        println!("nothing can be given away here: this part was not tested");
    }
    // By hand it is the same: the files in an empty folder.
    let by_hand = Shop::ample();
    for entry in std::fs::read_dir(&good).unwrap() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, by_hand.data().join(from.file_name().unwrap())).unwrap();
    }
    by_hand.verify();
    drop(by_hand.start());
    drop(door);
}
