//! A bidder without a server: a generated catalog, compiled, with money that does not run out.

use std::sync::Arc;

use bumpalo::Bump;
use encan::audience::{Profile, UserKeys};
use encan::bidder::{Ask, Composer, Decision, Plan, Silent, Snapshot, compose, decide};
use encan::budget::Book;
use encan::campaign::{Budget, Exchange, Limits, Rates, read_exchange, read_scenario};
use encan::document::{Faults, Source};
use encan::frequency::{Exposures, Seen};
use encan::notice::Keys;
use encan::openrtb::BidRequest;
use encan::privacy::{Permissions, Policy};
use encan::sim;
use encan::ttf::Scenario;
use encan::units::{Nanos, UnixMillis};
use rand::Rng;

/// Everything between a decoded request and the bytes of its answer.
pub struct World {
    /// What it reads.
    pub snapshot: Snapshot,
    exchange: Exchange,
    users: UserKeys,
    composer: Composer,
    /// Nobody was shown anything yet.
    stranger: (Profile, Exposures),
    now: UnixMillis,
}

impl World {
    /// A bidder for `line_items` generated line items, of which one in `live` may bid: the others' budgets
    /// are spent. Every second campaign is taxed.
    pub fn new(line_items: usize, live: usize, now: UnixMillis) -> Self {
        let scenario = scenario();
        let mut catalog = sim::catalog(11, line_items);
        for (at, campaign) in catalog.campaigns.iter_mut().enumerate() {
            campaign.budget = endless(&campaign.budget);
            if at % 2 == 0 {
                campaign.tax.scenario = scenario.id();
            }
        }
        for (at, line_item) in catalog.line_items.iter_mut().enumerate() {
            line_item.budget = endless(&line_item.budget);
            if at % live != 0 {
                line_item.budget.money.total = Some(Nanos::ZERO);
            }
        }
        let exchange = exchange();
        let plan = Plan::build(1, catalog, vec![exchange.clone()], vec![scenario], rates());
        Self {
            snapshot: Snapshot::new(Arc::new(plan), &Book::default(), now, None),
            exchange,
            users: UserKeys::new([7; 32]),
            composer: Composer::new(Keys::new(&[8; 32], None), "https://bid.example".to_owned()),
            stranger: (Profile::known([]), Exposures::default()),
            now,
        }
    }

    /// What is bid on `request`: consent, user key, targeting, fit, frequency, tax, price, reservation.
    pub fn decide<'a>(&'a self, request: &'a BidRequest<'a>, random: &mut impl Rng) -> Decision<'a> {
        let permissions = Permissions::of(request, &self.exchange.privacy);
        let user = self.users.key(request, self.exchange.id, &permissions);
        let ask = Ask {
            request,
            exchange: &self.exchange,
            permissions: &permissions,
            user,
            profile: &self.stranger.0,
            household: None,
            seen: Seen { user: user.map(|_| &self.stranger.1), household: None },
            agent: None,
            located: None,
            secure: true,
            now: self.now,
        };
        decide(&self.snapshot, &ask, random, &mut Silent)
    }

    /// The bytes of the answer to `request` with the bids of `decision`, of which there is at least one.
    pub fn compose(&self, request: &BidRequest<'_>, decision: &Decision<'_>, arena: &Bump) -> Vec<u8> {
        let mut out = Vec::with_capacity(4_096 * decision.bids.len());
        compose(
            &self.composer,
            request.id,
            &self.exchange,
            decision.currency,
            &decision.bids,
            arena,
            &mut out,
        );
        out
    }
}

/// The same limits, each far above what a bench can spend.
fn endless(budget: &Budget) -> Budget {
    let plenty = Nanos::from_raw(i64::MAX / 1_000);
    let Limits { hourly, daily, total } = budget.money;
    let endless = |limit: Option<Nanos>| limit.map(|_| plenty);
    let money = Limits { hourly: endless(hourly), daily: endless(daily), total: endless(total) };
    Budget { money, ..*budget }
}

fn exchange() -> Exchange {
    let source = Source::new("demo.json", include_str!("../../fixtures/exchanges/demo.json"));
    let exchange = read_exchange(&source, &mut Faults::new()).expect("the samples are sound");
    // Some vendor, so that consent strings are read.
    Exchange { privacy: Policy { vendor_id: Some(10), ..exchange.privacy }, ..exchange }
}

fn rates() -> Rates {
    let source = Source::new("currencies.json", include_str!("../../fixtures/currencies.json"));
    Rates::read(&source, &mut Faults::new()).expect("the samples are sound")
}

/// The sample that taxes a union of 27 countries.
fn scenario() -> Scenario {
    let source = Source::new("hypothesis-eu.json", include_str!("../../fixtures/tax/hypothesis-eu.json"));
    let spec = read_scenario(&source, &mut Faults::new()).expect("the samples are sound");
    Scenario::new(spec).expect("the samples are sound")
}
