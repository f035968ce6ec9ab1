//! A server that bids on nearly everything: the fixtures' campaigns, one that takes what they are too choosy for, and
//! by a deal of its own one that has all that a video can have.

use std::path::Path;

use tempfile::TempDir;

use super::{Encan, Options};

/// Audio anywhere, the simulation's deals, an ad in a language.
const EXTRA: &str = r#"{
  "advertiser": { "id": "any", "name": "Any <& Sons>", "domain": "any.example", "country": "FR" },
  "id": "any", "name": "Any", "currency": "EUR", "time_zone": "UTC", "flight": { "start": "2025-01-01" },
  "budget": { "daily": 10000 }, "pacing": "asap",
  "line_items": [
    { "id": "audio", "goal": { "cpm": 20 }, "creatives": ["spot"] },
    { "id": "words", "goal": { "cpm": 4 }, "creatives": ["french"] },
    { "id": "game", "goal": { "cpm": 25 }, "creatives": ["app"], "targeting": { "channel": "app" } },
    { "id": "deals", "goal": { "cpm": 30 }, "creatives": ["html"],
      "deals": ["deal-1", "deal-2", "deal-3", "deal-4", "deal-5", "deal-6", "deal-7", "deal-8"] }
  ],
  "creatives": [
    { "id": "spot", "landing_page": "https://any.example/", "categories": ["IAB3"], "audio": { "duration": "15s",
      "media": [{ "url": "https://cdn.any.example/a.mp3", "mime": "audio/mpeg", "bitrate": 128 },
                { "url": "https://cdn.any.example/a.mp4", "mime": "audio/mp4", "bitrate": 96 }] } },
    { "id": "app", "landing_page": "https://any.example/", "categories": ["IAB9-30"], "bundle": "com.any.game",
      "banner": { "size": "320x50", "image": "https://cdn.any.example/app.png" } },
    { "id": "french", "landing_page": "https://any.example/", "categories": ["IAB3"], "language": "fr",
      "banner": { "size": "300x250", "image": "https://cdn.any.example/a.png" } },
    { "id": "html", "landing_page": "https://any.example/", "categories": ["IAB3"],
      "banner": { "size": "300x250", "html": "<a href=\"${CLICK_URL}\">Any</a>" } }
  ]
}"#;

/// Every form of video with third parties' trackers, companions and a skip button, for who offers `laden`.
const LADEN: &str = r#"{
  "advertiser": { "id": "laden", "name": "Laden <& Co>", "domain": "laden.example", "country": "FR" },
  "id": "laden", "name": "Laden", "currency": "EUR", "time_zone": "UTC", "flight": { "start": "2025-01-01" },
  "budget": { "daily": 10000 }, "pacing": "asap",
  "line_items": [{ "id": "all", "goal": { "cpm": 40 },
    "creatives": ["files", "tag", "picture", "html", "native", "mraid"],
    "deals": ["laden"] }],
  "creatives": [
    { "id": "files", "landing_page": "https://laden.example/", "categories": ["IAB3"],
      "privacy_url": "https://laden.example/why", "trackers": TRACKERS,
      "video": { "duration": "15s", "skippable_after": "5s", "companions": COMPANIONS,
        "media": { "url": "https://cdn.laden.example/a.mp4?a=1&b=2", "mime": "video/mp4", "size": "640x360",
          "bitrate": 900 } } },
    { "id": "mraid", "landing_page": "https://laden.example/", "categories": ["IAB3"], "apis": [5],
      "banner": { "size": "300x250", "html": "<a href=\"${CLICK_URL}\">Laden</a>" } },
    { "id": "native", "landing_page": "https://laden.example/", "categories": ["IAB3"],
      "privacy_url": "https://laden.example/why", "trackers": TRACKERS,
      "native": { "title": "Laden", "video": { "duration": "12s",
        "media": { "url": "https://cdn.laden.example/b.mp4", "mime": "video/mp4", "size": "640x360",
          "bitrate": 900 } } } },
    { "id": "tag", "landing_page": "https://laden.example/", "categories": ["IAB3"], "trackers": TRACKERS,
      "video": { "duration": "15s", "companions": COMPANIONS,
        "wrapper": { "url": "https://tag.laden.example/vast?a=1&b=${CACHEBUSTER}", "mimes": "video/webm" } } },
    { "id": "picture", "landing_page": "https://laden.example/", "categories": ["IAB3"], "trackers": TRACKERS,
      "video": { "duration": "10s", "companions": COMPANIONS,
        "overlay": { "size": "480x70", "image": "https://cdn.laden.example/over.png" } } },
    { "id": "html", "landing_page": "https://laden.example/", "categories": ["IAB3"], "trackers": TRACKERS,
      "video": { "duration": "10s",
        "overlay": { "size": "300x50", "html": "<a href=\"${CLICK_URL}\">Laden</a>" } } }
  ]
}"#;
const TRACKERS: &str = r#"{ "impression": ["https://one.example/i?a=1&b=2", "https://two.example/i"],
  "click": ["https://one.example/c?r=${CACHEBUSTER}", "https://two.example/c"], "view": "https://one.example/v" }"#;
const COMPANIONS: &str = r#"[{ "size": "300x250", "image": "https://cdn.laden.example/beside.jpg" },
  { "size": "728x90", "html": "<a href=\"${CLICK_URL}\">Laden</a>" }]"#;

/// Names a seat, so that lists of seats can be tried; there is time, for a machine may be busy.
const SEATED: &str = r#"{
  "name": "An exchange that gave us a seat", "seat": "seat-7", "bills_on": "billing",
  "reservation": { "display": "10m", "av": "1h" }, "tmax_ms": 5000, "margin_ms": 5, "missing_price": "refuse"
}"#;

/// Asks for a password and a key.
const LOCKED: &str = r#"{
  "name": "An exchange that shows who it is", "bills_on": "billing",
  "reservation": { "display": "10m", "av": "1h" }, "tmax_ms": 5000, "margin_ms": 5, "missing_price": "book_bid",
  "authentication": { "basic": { "user": "exchange", "password": "file:PASSWORD" },
    "header": { "name": "x-key", "value": "file:PASSWORD" } }
}"#;

/// The server, and the folder of its configuration: `exchanges/seated.json`, `exchanges/locked.json` and the fixtures'.
#[must_use]
pub fn server() -> (Encan, TempDir) {
    let folder = tempfile::tempdir().expect("a folder for the configuration");
    let laden = LADEN.replace("TRACKERS", TRACKERS).replace("COMPANIONS", COMPANIONS);
    let password = folder.path().join("password");
    std::fs::write(&password, "an open: secret\n").expect("a file");
    let locked = LOCKED.replace("PASSWORD", &password.display().to_string());
    let files = [
        ("exchanges", "locked.json", locked.as_str()),
        ("campaigns", "any.json", EXTRA),
        ("campaigns", "laden.json", laden.as_str()),
        ("exchanges", "seated.json", SEATED),
    ];
    for name in ["campaigns", "exchanges"] {
        let own = folder.path().join(name);
        std::fs::create_dir(&own).expect("a new folder");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        for entry in std::fs::read_dir(fixtures).expect("the fixtures are part of the project") {
            let entry = entry.expect("a folder is read to its end");
            std::fs::copy(entry.path(), own.join(entry.file_name())).expect("a copy");
        }
    }
    for (name, file, text) in files {
        std::fs::write(folder.path().join(name).join(file), text).expect("a file");
    }
    let public_url = Some("https://bid.example".to_owned());
    let campaigns = Some(folder.path().join("campaigns"));
    let exchanges = Some(folder.path().join("exchanges"));
    (Encan::start(Options { campaigns, exchanges, public_url, ..Options::default() }), folder)
}
