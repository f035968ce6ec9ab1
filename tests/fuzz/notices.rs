//! Notices: what exchanges put in the place of macros, and tokens that we did not sign.

use encan::campaign::{BillsOn, MissingPrice};
use encan::ledger::{BidFacts, Setting};
use encan::notice::{Keys, NoticeKind, Params, Ticket, event};
use encan::shell::booking::Query;
use encan::ttf::{Bearer, Evidence, Jurisdiction, Others, Place};
use encan::units::{
    AdvertiserId, BidId, CampaignId, Cpm, CreativeId, Currency, Day, DealId, Epoch, ExchangeId, FxRate,
    HouseholdKey, LineItemId, Millis, Multiplier, Nanos, RatePpm, ScenarioId, UserKey,
};
use rand::RngExt as _;
use rand::rngs::SmallRng;

use crate::harness::{Judged, NOW, choose, fuzz, noise};

fn ticket(bills_on: BillsOn, missing_price: MissingPrice) -> Ticket {
    Ticket {
        bid: BidFacts {
            id: BidId::mint(NOW, 42),
            at: NOW,
            day: Day::from_raw(20_775),
            advertiser: AdvertiserId::from_slug("a"),
            campaign: CampaignId::from_slug("c"),
            line_item: LineItemId::from_slug("c/l"),
            creative: CreativeId::from_slug("c/k"),
            exchange: ExchangeId::from_slug("x"),
            deal: Some(DealId::from_slug("d")),
            currency: Currency::EUR,
            user: Some(UserKey::from_bytes([9; 16])),
            household: Some(HouseholdKey::from_raw(9)),
            lease: Epoch::from_raw(7),
            setting: Setting::default(),
        },
        price: Cpm::from_micros(2_000_000).expect("two units"),
        price_currency: Currency::USD,
        fx: FxRate::new(10_000, 10_389).expect("a rate"),
        fx_day: Some(Day::from_raw(20_088)),
        multiplier: Multiplier::from_millionths(2_500_000).expect("two and a half"),
        data: Cpm::from_micros(100_000).expect("a tenth"),
        fee: RatePpm::from_ppm(80_000).expect("8 %"),
        scenario: ScenarioId::from_slug("hypothesis-eu"),
        place: Place { jurisdiction: Jurisdiction::from_code("EU"), evidence: Evidence::ViewerDevice },
        space_rate: RatePpm::from_ppm(1_000).expect("0.1 %"),
        data_rate: RatePpm::from_ppm(500).expect("0.05 %"),
        others: Others::default(),
        bearer: Bearer::Inside,
        billable: true,
        measured: true,
        bills_on,
        missing_price,
        reserved_for: Millis::from_seconds(600),
        honoured_for: Millis::from_seconds(3 * 3_600),
    }
}

/// What stands where a macro stood.
const VALUES: &[&str] = &[
    "",
    "1.5",
    "2",
    "2.000000",
    "2.0000001",
    "0",
    "-1",
    "1e0",
    "1E-9",
    "1e400",
    "NaN",
    "inf",
    "AUDIT",
    "${AUCTION_PRICE}",
    "%24%7BAUCTION_PRICE%7D",
    "$%7BAUCTION_PRICE}",
    "+1.5",
    "%31.5",
    "1,5",
    " 1.5 ",
    "0x1",
    "USD",
    "EUR",
    "usd",
    "XYZ",
    "102",
    "0",
    "99999999999999999999",
    "%",
    "%2",
    "%zz",
    "%ff%fe",
    "\u{e9}",
    "a=b=c",
    "999999999999999999999999999999999999999999.9999999999999999999",
];

#[test]
fn whatever_stands_in_the_place_of_macros_never_costs_more_than_the_bid() {
    let tickets = [
        ticket(BillsOn::Billing, MissingPrice::Refuse),
        ticket(BillsOn::Billing, MissingPrice::BookBid),
        ticket(BillsOn::Win, MissingPrice::Refuse),
        ticket(BillsOn::Win, MissingPrice::BookBid),
        ticket(BillsOn::Impression, MissingPrice::BookBid),
    ];
    let most = most_spent(&tickets[1]);
    fuzz("whatever stands in the place of macros never costs more than the bid", 20_000, query, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let query = Query::parse(&text);
        let params = query.params();
        for (kind, ticket) in
            NoticeKind::ALL.iter().flat_map(|kind| tickets.iter().map(move |ticket| (kind, ticket)))
        {
            let Ok(outcome) = event(*kind, ticket, &params, NOW, None, false) else { continue };
            judge_spent(*kind, ticket, outcome.spent, most)?;
        }
        Ok(())
    });
}

/// What the dearest notice takes from the budget: the whole bid.
fn most_spent(ticket: &Ticket) -> Nanos {
    let outcome = event(NoticeKind::Billing, ticket, &Params::default(), NOW, None, false);
    outcome.expect("a missing price is the bid's").spent.expect("an impression is billed")
}

fn judge_spent(kind: NoticeKind, ticket: &Ticket, spent: Option<Nanos>, most: Nanos) -> Judged {
    let Some(spent) = spent else { return Ok(()) };
    let bills = match ticket.bills_on {
        BillsOn::Win => kind == NoticeKind::Win,
        BillsOn::Billing => kind == NoticeKind::Billing,
        BillsOn::Impression => kind == NoticeKind::Impression,
    };
    if !bills {
        return Err(format!("a {} notice moves money", kind.name()));
    }
    let within = (Nanos::from_raw(0)..=most).contains(&spent);
    within.then_some(()).ok_or_else(|| format!("{spent} is spent, the bid was for {most}"))
}

/// A query string: pairs of known names and odd values, or bytes at random.
fn query(random: &mut SmallRng) -> Vec<u8> {
    if random.random_bool(0.1) {
        return noise(random, 100);
    }
    let pairs = (0..random.random_range(0..6)).map(|_| {
        let name = choose(&["p", "c", "r", "m", "q", "e", "code", "p", "", "x", "%70"], random);
        let value = if random.random_bool(0.1) {
            format!("{}.{}", random.random::<u32>(), random.random::<u64>())
        } else {
            choose(VALUES, random).to_owned()
        };
        format!("{name}{}{value}", choose(&["=", "=", "=", "=", "", "=="], random))
    });
    pairs.collect::<Vec<_>>().join(choose(&["&", "&", "&&", ";", "?"], random)).into_bytes()
}

#[test]
fn no_token_is_taken_but_the_one_that_was_signed() {
    let keys = Keys::new(&[7; 32], Some(&[8; 32]));
    let ticket = ticket(BillsOn::Billing, MissingPrice::Refuse);
    let signed: Vec<(NoticeKind, String)> = NoticeKind::ALL
        .map(|kind| {
            let mut token = String::new();
            keys.sign(kind, &ticket, (kind == NoticeKind::Clicked).then_some(NOW), &mut token);
            (kind, token)
        })
        .into();
    fuzz(
        "no token is taken but the one that was signed",
        20_000,
        |random| token(&signed, random),
        |bytes| {
            let text = String::from_utf8_lossy(bytes);
            for (kind, token) in &signed {
                let verified = keys.verify(*kind, &text, NOW);
                let is_ours = text == *token;
                let right = match &verified {
                    Ok((found, touched)) => {
                        is_ours && *found == ticket && touched.is_some() == (*kind == NoticeKind::Clicked)
                    }
                    Err(_) => !is_ours,
                };
                if !right {
                    return Err(format!("as a {} notice: {verified:?}", kind.name()));
                }
            }
            Ok(())
        },
    );
}

/// A token: ours, ours with a few letters changed, cut, grown or of another's parts, or made up.
fn token(signed: &[(NoticeKind, String)], random: &mut SmallRng) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut token = signed[random.random_range(0..signed.len())].1.clone().into_bytes();
    let other = signed[random.random_range(0..signed.len())].1.as_bytes();
    match random.random_range(0..10) {
        0 => {}
        1 => token = noise(random, 300),
        2 => token = (0..random.random_range(0..1_500)).map(|_| choose(LETTERS, random)).collect(),
        3 => token.truncate(random.random_range(0..token.len())),
        4 => token.push(choose(b"A=._%", random)),
        5 => {
            let cut = random.random_range(0..token.len().min(other.len()));
            token = [&token[..cut], &other[cut..]].concat();
        }
        _ => {
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..token.len());
                token[at] = choose(LETTERS, random);
            }
        }
    }
    token
}
