//! Whether an answer fits its request: an exchange's own check, made on every answer while measuring.

use encan::sim::{ImpFacts, RequestFacts};
use encan::units::{Cpm, Currency, Rounding};
use serde_json::Value;

/// What a right answer holds.
#[derive(Debug, Default, PartialEq)]
pub struct Answer {
    /// Bids; none is a right answer too.
    pub bids: usize,
    /// Addresses the exchange calls if these bids win, macros expanded: for each bid `nurl`, then `burl`.
    pub notices: Vec<Vec<String>>,
}

/// Why an answer is wrong. The order is that of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// Neither 200 nor 204.
    Status(u16),
    /// 204 with a body.
    BodyOfNoBid,
    /// Not a JSON object.
    NotJson,
    /// `id` is not the request's.
    Id,
    /// `cur` is none that the request takes.
    Currency,
    /// A bid or seat is not of the form that OpenRTB gives it.
    Malformed,
    /// `impid` is none of the request's.
    ImpId,
    /// `dealid` is none that the imp offers, or absent where one is needed.
    Deal,
    /// `price` is no price.
    Price,
    /// `price` is below the floor in the same currency.
    BelowFloor,
}

impl Wrong {
    /// A few words for the report.
    pub fn words(self) -> String {
        match self {
            Self::Status(status) => format!("status {status}"),
            Self::BodyOfNoBid => "204 with a body".to_owned(),
            Self::NotJson => "not a JSON object".to_owned(),
            Self::Id => "wrong id".to_owned(),
            Self::Currency => "currency not offered".to_owned(),
            Self::Malformed => "malformed bid".to_owned(),
            Self::ImpId => "wrong impid".to_owned(),
            Self::Deal => "wrong or missing dealid".to_owned(),
            Self::Price => "not a price".to_owned(),
            Self::BelowFloor => "below the floor".to_owned(),
        }
    }
}

/// What the answer to `request` holds: an empty 204, or a 200 with a bid response that fits.
pub fn judge(request: &RequestFacts, status: u16, body: &[u8]) -> Result<Answer, Wrong> {
    match status {
        200 => {}
        204 if body.is_empty() => return Ok(Answer::default()),
        204 => return Err(Wrong::BodyOfNoBid),
        other => return Err(Wrong::Status(other)),
    }
    let response: Value = serde_json::from_slice(body).map_err(|_| Wrong::NotJson)?;
    if !response.is_object() {
        return Err(Wrong::NotJson);
    }
    if response["id"] != request.id.as_str() {
        return Err(Wrong::Id);
    }
    let currency = match &response["cur"] {
        Value::Null => Currency::USD,
        Value::String(code) => Currency::from_code(code).ok_or(Wrong::Currency)?,
        _ => return Err(Wrong::Currency),
    };
    let mut answer = Answer::default();
    for seat in elements(&response["seatbid"])? {
        for bid in elements(&seat["bid"])? {
            judge_bid(request, currency, bid)?;
            answer.bids += 1;
            answer.notices.push(notices(request, currency, bid));
        }
    }
    let offered = request.currencies.is_empty() || request.currencies.contains(&currency);
    if answer.bids > 0 && !offered { Err(Wrong::Currency) } else { Ok(answer) }
}

fn judge_bid(request: &RequestFacts, currency: Currency, bid: &Value) -> Result<(), Wrong> {
    if bid["id"].as_str().is_none_or(str::is_empty) {
        return Err(Wrong::Malformed);
    }
    let impid = bid["impid"].as_str().ok_or(Wrong::ImpId)?;
    let imp = request.imps.iter().find(|imp| imp.id == impid).ok_or(Wrong::ImpId)?;
    let (floor, floor_currency) = floor(imp, bid)?;
    let price = match &bid["price"] {
        Value::Number(number) => Cpm::from_decimal(&number.to_string(), Rounding::Down).ok(),
        _ => None,
    };
    let price = price.filter(|price| *price > Cpm::ZERO).ok_or(Wrong::Price)?;
    if floor_currency == currency && price < floor { Err(Wrong::BelowFloor) } else { Ok(()) }
}

/// The floor in force for `bid`: the deal's if it names one.
fn floor(imp: &ImpFacts, bid: &Value) -> Result<(Cpm, Currency), Wrong> {
    match &bid["dealid"] {
        Value::Null if imp.private => Err(Wrong::Deal),
        Value::Null => Ok((imp.floor, imp.floor_currency)),
        Value::String(id) => {
            let deal = imp.deals.iter().find(|deal| deal.id == *id).ok_or(Wrong::Deal)?;
            Ok((deal.floor, deal.floor_currency))
        }
        _ => Err(Wrong::Deal),
    }
}

/// The win and the billing notice of a bid that pays its own price.
fn notices(request: &RequestFacts, currency: Currency, bid: &Value) -> Vec<String> {
    let text = |field: &str| bid[field].as_str().unwrap_or_default().to_owned();
    let macros = [
        ("${AUCTION_PRICE}", bid["price"].to_string()),
        ("${AUCTION_ID}", request.id.clone()),
        ("${AUCTION_BID_ID}", text("id")),
        ("${AUCTION_IMP_ID}", text("impid")),
        ("${AUCTION_CURRENCY}", currency.code().to_owned()),
        ("${AUCTION_SEAT_ID}", String::new()),
        ("${AUCTION_AD_ID}", text("adid")),
        ("${AUCTION_LOSS}", "0".to_owned()),
    ];
    let addresses = ["nurl", "burl"].into_iter().filter_map(|field| bid[field].as_str());
    addresses
        .map(|address| {
            macros.iter().fold(address.to_owned(), |address, (name, value)| address.replace(name, value))
        })
        .collect()
}

/// The elements of a list; none if it is absent.
fn elements(list: &Value) -> Result<&[Value], Wrong> {
    match list {
        Value::Null => Ok(&[]),
        Value::Array(elements) => Ok(elements),
        _ => Err(Wrong::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use encan::sim::{DealFacts, ImpFacts, Mix, RequestFacts, Traffic};
    use encan::units::{Cpm, Currency, UnixMillis};

    use super::{Wrong, judge};

    /// A request `r` with an imp `1` whose floor is 1.50 EUR, on which a deal `d` starts at 3.00 EUR.
    fn request() -> RequestFacts {
        let mut facts =
            Traffic::new(1, Mix::default()).next(UnixMillis::from_raw(1_795_000_000_000), &mut Vec::new());
        let micros = |micros| Cpm::from_micros(micros).unwrap();
        let deal = DealFacts { id: "d".into(), floor: micros(3_000_000), floor_currency: Currency::EUR };
        facts.id = "r".to_owned();
        facts.currencies = [Currency::EUR, Currency::USD].into_iter().collect();
        facts.imps = vec![ImpFacts {
            id: "1".to_owned(),
            formats: facts.imps[0].formats.clone(),
            floor: micros(1_500_000),
            floor_currency: Currency::EUR,
            private: false,
            deals: vec![deal],
        }];
        facts
    }

    #[track_caller]
    fn check(status: u16, body: &str, want: Result<usize, Wrong>) {
        let answer = judge(&request(), status, body.as_bytes());
        assert_eq!(answer.map(|answer| answer.bids), want, "{status} {body}");
    }

    fn with_bid(bid: &str) -> String {
        format!(r#"{{"id":"r","cur":"EUR","seatbid":[{{"bid":[{bid}]}}]}}"#)
    }

    #[test]
    fn a_bid_at_its_floor_is_right() {
        check(200, &with_bid(r#"{"id":"b","impid":"1","price":1.5}"#), Ok(1));
        check(200, &with_bid(r#"{"id":"b","impid":"1","price":3,"dealid":"d"}"#), Ok(1));
    }

    #[test]
    fn a_floor_in_another_currency_is_not_compared() {
        let body = with_bid(r#"{"id":"b","impid":"1","price":0.1}"#);
        check(200, &body.replace("EUR", "USD"), Ok(1));
        check(200, &body.replace(r#""cur":"EUR","#, ""), Ok(1));
    }

    #[test]
    fn no_bid_is_an_empty_204_or_a_response_without_bids() {
        check(204, "", Ok(0));
        check(200, r#"{"id":"r","nbr":2}"#, Ok(0));
        check(204, "{}", Err(Wrong::BodyOfNoBid));
    }

    #[test]
    fn what_does_not_fit_the_request_is_wrong() {
        check(200, "", Err(Wrong::NotJson));
        check(200, "[]", Err(Wrong::NotJson));
        check(200, r#"{"id":"other"}"#, Err(Wrong::Id));
        check(503, "", Err(Wrong::Status(503)));
        check(200, r#"{"id":"r","seatbid":{}}"#, Err(Wrong::Malformed));
        for (bid, wrong) in [
            (r#"{"impid":"1","price":2}"#, Wrong::Malformed),
            (r#"{"id":"b","impid":"2","price":2}"#, Wrong::ImpId),
            (r#"{"id":"b","impid":"1","price":1.499999}"#, Wrong::BelowFloor),
            (r#"{"id":"b","impid":"1","price":2.99,"dealid":"d"}"#, Wrong::BelowFloor),
            (r#"{"id":"b","impid":"1","price":9,"dealid":"e"}"#, Wrong::Deal),
            (r#"{"id":"b","impid":"1","price":"2"}"#, Wrong::Price),
            (r#"{"id":"b","impid":"1","price":0}"#, Wrong::Price),
        ] {
            check(200, &with_bid(bid), Err(wrong));
        }
        let body = with_bid(r#"{"id":"b","impid":"1","price":2}"#).replace("EUR", "JPY");
        check(200, &body, Err(Wrong::Currency));
    }

    #[test]
    fn notices_carry_the_price_and_the_ids() {
        let body = with_bid(
            r#"{"id":"b","impid":"1","price":2.5,"nurl":"/n?p=${AUCTION_PRICE}&c=${AUCTION_CURRENCY}","burl":"/b?i=${AUCTION_ID}"}"#,
        );
        let answer = judge(&request(), 200, body.as_bytes()).unwrap();
        assert_eq!(answer.notices, [["/n?p=2.5&c=EUR", "/b?i=r"]]);
    }
}
