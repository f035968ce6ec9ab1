//! The fixtures' campaigns without a server: the whole path from bytes to bytes, with money that does not run out.

use std::path::Path;
use std::sync::Arc;

use bumpalo::Bump;
use encan::audience::{Profile, UserKeys};
use encan::bidder::{Ask, Composer, Plan, Silent, Snapshot, compose, decide};
use encan::budget::Book;
use encan::campaign::{Budget, Limits};
use encan::frequency::{Exposures, Seen};
use encan::notice::Keys;
use encan::openrtb::{BidRequest, ParseError, parse};
use encan::privacy::Permissions;
use encan::shell::files::{Paths, load};
use encan::units::Nanos;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::allocations::Allocations;
use crate::harness::NOW;

/// The exchange that asks.
const EXCHANGE: &str = "generic";

/// A bidder on the fixtures.
pub struct Bidder {
    snapshot: Snapshot,
    users: UserKeys,
    composer: Composer,
    stranger: (Profile, Exposures),
}

/// What one request cost, and what it brought.
pub struct Answered {
    /// The answer; `None` for no bid.
    pub answer: Option<Vec<u8>>,
    /// Bytes of the arena after it was read.
    pub arena_bytes: usize,
    /// Bytes taken from the heap by the decision and the answer.
    pub heap_bytes: u64,
}

impl Bidder {
    pub fn new() -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let paths = Paths {
            campaigns: vec![fixtures.join("campaigns")],
            exchanges: fixtures.join("exchanges"),
            tax: fixtures.join("tax"),
            currencies: fixtures.join("currencies.json"),
            supply: fixtures.join("supply"),
            geo: fixtures.join("geo/test-ranges.mmdb"),
            audiences: fixtures.join("audiences"),
            lists: fixtures.join("lists"),
        };
        let loaded = load(&paths, NOW);
        let mut catalog = loaded.catalog.expect("the fixtures are sound");
        let budgets = catalog.campaigns.iter_mut().map(|campaign| &mut campaign.budget);
        for budget in budgets.chain(catalog.line_items.iter_mut().map(|item| &mut item.budget)) {
            *budget = endless(budget);
        }
        let plan = Plan::build(1, catalog, loaded.exchanges, loaded.scenarios, loaded.rates);
        Self {
            snapshot: Snapshot::new(Arc::new(plan), &Book::default(), NOW, None),
            users: UserKeys::new([7; 32]),
            composer: Composer::new(Keys::new(&[8; 32], None), "https://bid.example".to_owned()),
            stranger: (Profile::known([]), Exposures::default()),
        }
    }

    /// The answer to the bytes of a request, as the server makes it.
    pub fn answer(&self, body: &[u8]) -> Result<Answered, ParseError> {
        let arena = Bump::new();
        let request = parse(body, &arena)?;
        let arena_bytes = arena.allocated_bytes();
        let mut heap = Allocations::default();
        let answer = heap.add(|| self.decided(&request, &arena));
        Ok(Answered { answer, arena_bytes, heap_bytes: heap.bytes })
    }

    fn decided(&self, request: &BidRequest<'_>, arena: &Bump) -> Option<Vec<u8>> {
        let exchange = self.snapshot.plan.exchange(EXCHANGE).expect("a fixture");
        let permissions = Permissions::of(request, &exchange.privacy);
        let user = self.users.key(request, exchange.id, &permissions);
        let ask = Ask {
            request,
            exchange,
            permissions: &permissions,
            user,
            profile: &self.stranger.0,
            household: None,
            seen: Seen { user: user.map(|_| &self.stranger.1), household: None },
            agent: None,
            located: None,
            secure: true,
            now: NOW,
        };
        let decision = decide(&self.snapshot, &ask, &mut SmallRng::seed_from_u64(1), &mut Silent);
        if decision.bids.is_empty() {
            return None;
        }
        let mut out = Vec::new();
        compose(&self.composer, request.id, exchange, decision.currency, &decision.bids, arena, &mut out);
        Some(out)
    }
}

/// The same limits, each far above what the cases can reserve.
fn endless(budget: &Budget) -> Budget {
    let plenty = Nanos::from_raw(i64::MAX / 1_000);
    let endless = |limit: Option<Nanos>| limit.map(|_| plenty);
    let money = Limits {
        hourly: endless(budget.money.hourly),
        daily: endless(budget.money.daily),
        total: endless(budget.money.total),
    };
    Budget { money, ..Budget::default() }
}
