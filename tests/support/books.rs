//! A ledger written without a server, by the server's own writer: for tests of what is read from it.

use std::path::Path;

use encan::ledger::{BidFacts, Event, Setting};
use encan::shell::leasing::terms;
use encan::shell::store::{Name, NameKind, Opened, Writer};
use encan::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, Epoch, ExchangeId, LineItemId, Millis,
    UnixMillis,
};

/// A bid of the campaign `spring` at `north`, made at `at` of a day of UTC; of nobody known, on no deal, under no lease.
///
/// # Panics
///
/// If `at` is millions of years away.
#[must_use]
pub fn facts(id: BidId, at: UnixMillis) -> BidFacts {
    BidFacts {
        id,
        at,
        day: Day::from_raw(i32::try_from(at.raw().div_euclid(86_400_000)).expect("a day")),
        advertiser: AdvertiserId::from_slug("shop"),
        campaign: CampaignId::from_slug("spring"),
        line_item: LineItemId::from_slug("spring/all"),
        creative: CreativeId::from_slug("spring/mpu"),
        exchange: ExchangeId::from_slug("north"),
        deal: None,
        currency: Currency::EUR,
        user: None,
        household: None,
        lease: Epoch::NONE,
        setting: Setting::default(),
    }
}

/// What the id of `kind` is called.
#[must_use]
pub fn name(kind: NameKind, id: u64, slug: &str) -> Name {
    Name { kind, id, slug: slug.to_owned(), fixed_cost: None, aims: Vec::new() }
}

/// Adds `names` and `events`, none of which it has, to the ledger in `data`, a thousand events a commit.
///
/// # Panics
///
/// If the ledger does not take them.
pub fn write(data: &Path, names: &[Name], events: impl IntoIterator<Item = Event>) {
    let mut opened = Opened::open(data, terms(Millis::default())).expect("a ledger");
    opened.remember(names).expect("names");
    let (failure, _failed) = tokio::sync::oneshot::channel();
    let (writer, handle) = Writer::start(opened, failure);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() {
        let chunk = events.by_ref().take(1_000).collect();
        let news = runtime.block_on(writer.append(chunk)).expect("a commit");
        assert!(news.into_iter().all(|is_new| is_new), "an event was there before");
    }
    drop(writer);
    handle.join().expect("a clean end");
}
