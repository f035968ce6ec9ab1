//! A bidder that bids on almost everything: the fixtures' campaigns, and one that takes the rest.

use std::path::Path;

use tempfile::TempDir;

use super::{Encan, Options};

/// Takes what the fixtures' campaigns are too choosy for: audio anywhere, and the simulation's deals.
const EXTRA: &str = r#"{
  "advertiser": { "id": "any", "name": "Any <& Sons>", "domain": "any.example", "country": "FR" },
  "id": "any", "name": "Any", "currency": "EUR", "time_zone": "UTC", "flight": { "start": "2025-01-01" },
  "budget": { "daily": 10000 }, "pacing": "asap",
  "line_items": [
    { "id": "audio", "goal": { "cpm": 20 }, "creatives": ["spot"] },
    { "id": "deals", "goal": { "cpm": 30 }, "creatives": ["html"],
      "deals": ["deal-1", "deal-2", "deal-3", "deal-4", "deal-5", "deal-6", "deal-7", "deal-8"] }
  ],
  "creatives": [
    { "id": "spot", "landing_page": "https://any.example/", "categories": ["IAB3"], "audio": { "duration": "15s",
      "media": [{ "url": "https://cdn.any.example/a.mp3", "mime": "audio/mpeg", "bitrate": 128 },
                { "url": "https://cdn.any.example/a.mp4", "mime": "audio/mp4", "bitrate": 96 }] } },
    { "id": "html", "landing_page": "https://any.example/", "categories": ["IAB3"],
      "banner": { "size": "300x250", "html": "<a href=\"${CLICK_URL}\">Any</a>" } }
  ]
}"#;

/// A server on the fixtures' campaigns and [`EXTRA`], reachable over HTTPS as far as its bids know.
#[must_use]
pub fn server() -> (Encan, TempDir) {
    let folder = tempfile::tempdir().expect("a folder for campaigns");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/campaigns");
    for entry in std::fs::read_dir(fixtures).expect("the fixtures are part of the project") {
        let entry = entry.expect("a folder is read to its end");
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    std::fs::write(folder.path().join("any.json"), EXTRA).expect("a file");
    let public_url = Some("https://bid.example".to_owned());
    let campaigns = Some(folder.path().to_owned());
    let server = Encan::start(Options { campaigns, public_url, ..Options::default() });
    (server, folder)
}
