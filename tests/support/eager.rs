//! A server that bids on nearly everything: the fixtures' campaigns, and one that takes what they are too choosy for.

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
    { "id": "deals", "goal": { "cpm": 30 }, "creatives": ["html"],
      "deals": ["deal-1", "deal-2", "deal-3", "deal-4", "deal-5", "deal-6", "deal-7", "deal-8"] }
  ],
  "creatives": [
    { "id": "spot", "landing_page": "https://any.example/", "categories": ["IAB3"], "audio": { "duration": "15s",
      "media": [{ "url": "https://cdn.any.example/a.mp3", "mime": "audio/mpeg", "bitrate": 128 },
                { "url": "https://cdn.any.example/a.mp4", "mime": "audio/mp4", "bitrate": 96 }] } },
    { "id": "french", "landing_page": "https://any.example/", "categories": ["IAB3"], "language": "fr",
      "banner": { "size": "300x250", "image": "https://cdn.any.example/a.png" } },
    { "id": "html", "landing_page": "https://any.example/", "categories": ["IAB3"],
      "banner": { "size": "300x250", "html": "<a href=\"${CLICK_URL}\">Any</a>" } }
  ]
}"#;

/// Names a seat, so that lists of seats can be tried; there is time, for a machine may be busy.
const SEATED: &str = r#"{
  "name": "An exchange that gave us a seat", "seat": "seat-7", "bills_on": "billing",
  "reservation": { "display": "10m", "av": "1h" }, "tmax_ms": 5000, "margin_ms": 5, "missing_price": "book_bid"
}"#;

/// The server, and the folder of its configuration: `exchanges/seated.json` and the fixtures'.
#[must_use]
pub fn server() -> (Encan, TempDir) {
    let folder = tempfile::tempdir().expect("a folder for the configuration");
    for (name, extra, text) in [("campaigns", "any.json", EXTRA), ("exchanges", "seated.json", SEATED)] {
        let own = folder.path().join(name);
        std::fs::create_dir(&own).expect("a new folder");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        for entry in std::fs::read_dir(fixtures).expect("the fixtures are part of the project") {
            let entry = entry.expect("a folder is read to its end");
            std::fs::copy(entry.path(), own.join(entry.file_name())).expect("a copy");
        }
        std::fs::write(own.join(extra), text).expect("a file");
    }
    let public_url = Some("https://bid.example".to_owned());
    let campaigns = Some(folder.path().join("campaigns"));
    let exchanges = Some(folder.path().join("exchanges"));
    (Encan::start(Options { campaigns, exchanges, public_url, ..Options::default() }), folder)
}
