//! Prices, floors and deals: integers all through, in billionths of a unit per thousand.

use std::fmt;

use serde_json::Value;

use super::bid::{deal, dur};
use super::read::{elements, flag, side, text, texts, whole};
use super::{Answer, blocks, medium, seat_in_words};
use crate::certify::Judgement;
use crate::certify::rules::{bid as rule, limits};
use crate::units::{Decimal, Rounding};

/// Billionths of a unit, per thousand impressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Price(i64);

impl Price {
    const DECIMALS: i32 = 9;
    const ZERO: Self = Self(0);

    /// What `value` says, in quotes or not; what is behind nine decimals is dropped, on both sides of every
    /// comparison.
    fn read(value: &Value) -> Option<Self> {
        let text = text(value)?;
        Decimal::parse(text.trim())
            .and_then(|price| price.scaled(Self::DECIMALS, Rounding::Down))
            .ok()
            .map(Self)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, rest) = (self.0 / 1_000_000_000, self.0.unsigned_abs() % 1_000_000_000);
        let rest = format!("{rest:09}");
        let rest = rest.trim_end_matches('0');
        write!(f, "{units}.{rest:0<2}")
    }
}

/// Above nothing, of few enough decimals, and not below the floor.
pub(super) fn check(answer: &Answer<'_>, judgement: &mut Judgement) {
    let Answer { bid, cur, terms, .. } = *answer;
    let raw = &bid["price"];
    let price = Price::read(raw).filter(|_| raw.is_number()).unwrap_or(Price::ZERO);
    judgement.must(&rule::PRICE, price > Price::ZERO, format!("`price` is {raw}"));
    // An agreed price has the decimals that were agreed.
    let agreed = deal(answer).is_some_and(|deal| whole(&deal["at"]) == Some(3));
    if let Some(decimals) = terms.price_decimals.filter(|_| !agreed) {
        let told = raw.to_string();
        let scale = i32::try_from(decimals).unwrap_or(Price::DECIMALS);
        let fits = Decimal::parse(&told).and_then(|price| price.scaled(scale, Rounding::Exact)).is_ok();
        let what = format!("`price` {told} has more than {decimals} decimals");
        judgement.must(&rule::PRICE_DECIMALS, fits, what);
    }
    let (floor, currency) = floor(answer);
    if floor <= Price::ZERO {
        return;
    }
    if currency.eq_ignore_ascii_case(cur) {
        let what = format!("`price` {price} {cur} is below the floor of {floor}");
        judgement.must(&limits::FLOOR, price >= floor, what);
    } else if let Some(holds) = may_reach((price, cur), (floor, &currency)) {
        let what = format!("`price` {price} {cur} is below the floor of {floor} {currency} at any rate");
        judgement.must(&limits::FLOOR_CURRENCY, holds, what);
    }
}

/// The floor in force and its currency (7.11): the deal's, by duration or flat; without a deal, or where it sets
/// none, the medium's by duration; else the imp's.
fn floor(answer: &Answer<'_>) -> (Price, String) {
    let Answer { imp, bid, .. } = *answer;
    let currency =
        |value: &Value| text(value).filter(|code| !code.is_empty()).unwrap_or_else(|| "USD".into());
    let of_deal = deal(answer).and_then(|deal| {
        let floor = by_duration(deal, bid).or_else(|| Price::read(&deal["bidfloor"]));
        floor.filter(|floor| *floor > Price::ZERO).map(|floor| (floor, currency(&deal["bidfloorcur"])))
    });
    of_deal.unwrap_or_else(|| {
        let by_duration = medium(imp, bid).and_then(|medium| by_duration(&imp[medium], bid));
        let floor = by_duration.or_else(|| Price::read(&imp["bidfloor"])).unwrap_or(Price::ZERO);
        (floor, currency(&imp["bidfloorcur"]))
    })
}

/// The floor that a deal or an offer sets for the bid's own duration; `None` if it sets none. Of several, the
/// highest.
fn by_duration(offer: &Value, bid: &Value) -> Option<Price> {
    let dur = dur(bid)?;
    let ranges = elements(&offer["durfloors"]).iter().filter(|range| {
        side(range, "mindur").is_none_or(|least| least <= dur)
            && side(range, "maxdur").is_none_or(|most| dur <= most)
    });
    let per_second = Price::read(&offer["mincpmpersec"]).map(|price| Price(price.0.saturating_mul(dur)));
    ranges.filter_map(|range| Price::read(&range["bidfloor"])).chain(per_second).max()
}

/// Thousandths of a US dollar that one unit was worth, at the least and at the most, since 2005. Wide on purpose:
/// a bidder's own rate is its own business, but one unit taken for another is told.
const WORTH: [(&str, i128, i128); 6] = [
    ("USD", 1_000, 1_000),
    ("EUR", 900, 1_650),
    ("GBP", 1_000, 2_150),
    ("CHF", 700, 1_450),
    ("CAD", 650, 1_150),
    ("JPY", 5, 15),
];

/// False if the price is below the floor at any rate of the last twenty years; `None` for currencies that are not in
/// the table.
fn may_reach((price, cur): (Price, &str), (floor, floor_cur): (Price, &str)) -> Option<bool> {
    let worth = |code: &str| WORTH.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code));
    let ((_, _, most), (_, least, _)) = (worth(cur)?, worth(floor_cur)?);
    Some(i128::from(price.0) * most >= i128::from(floor.0) * least)
}

/// The deal that is named is offered, and its terms are kept; without one, the auction is open.
pub(super) fn check_deal(answer: &Answer<'_>, judgement: &mut Judgement) {
    let Answer { bid, imp, seat, cur, .. } = *answer;
    if flag(&imp["pmp"]["private_auction"]) {
        let what = "an open bid in a private auction";
        judgement.must(&limits::PRIVATE, bid.get("dealid").is_some(), what);
    }
    let Some(id) = bid.get("dealid") else { return };
    let deal = deal(answer);
    judgement.must(&limits::DEAL, deal.is_some(), format!("`dealid` {id} is not offered"));
    let Some(deal) = deal else { return };
    let wseat = texts(&deal["wseat"]);
    if !wseat.is_empty() {
        let holds = wseat.iter().any(|taken| taken == seat);
        judgement.must(&limits::DEAL_SEAT, holds, format!("deal {id} does not take {}", seat_in_words(seat)));
    }
    let wadomain = texts(&deal["wadomain"]);
    if !wadomain.is_empty() {
        let domains = texts(&bid["adomain"]);
        let taken = |domain: &String| wadomain.iter().any(|taken| blocks::is_within(domain, taken));
        let what = format!("deal {id} does not take advertiser {}", bid["adomain"]);
        judgement.must(&limits::DEAL_DOMAIN, domains.iter().any(taken), what);
    }
    let (agreed, currency) = floor(answer);
    if whole(&deal["at"]) == Some(3) && agreed > Price::ZERO && currency.eq_ignore_ascii_case(cur) {
        let price = Price::read(&bid["price"]).unwrap_or(Price::ZERO);
        let what = format!("`price` {price} is not the deal's {agreed}");
        judgement.must(&limits::DEAL_PRICE, price == agreed, what);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Price, may_reach};

    #[track_caller]
    fn check(price: &str, cur: &str, floor: &str, floor_cur: &str, want: Option<bool>) {
        let read = |text: &str| Price::read(&json!(text)).unwrap();
        assert_eq!(may_reach((read(price), cur), (read(floor), floor_cur)), want);
    }

    #[test]
    fn a_floor_in_another_currency_is_missed_only_beyond_any_rate() {
        check("1.00", "USD", "1.00", "EUR", Some(true));
        check("0.89", "USD", "1.00", "EUR", Some(false));
        check("100", "JPY", "1.00", "USD", Some(true));
        check("1.00", "JPY", "1.00", "USD", Some(false));
        check("1.00", "USD", "1.00", "PLN", None);
    }

    #[test]
    fn a_price_is_read_to_nine_decimals_and_shown_as_money() {
        let shown = |text: &str| Price::read(&json!(text)).unwrap().to_string();
        assert_eq!(shown("3"), "3.00");
        assert_eq!(shown("2.999999"), "2.999999");
        assert_eq!(shown("0.1000000009"), "0.10");
        assert_eq!(Price::read(&json!("x")), None);
    }
}
