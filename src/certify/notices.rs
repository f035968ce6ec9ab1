//! Notices of the bids that came: what is called, and what the answers are held to. They move money, so they are sent
//! only where the operator asks for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::Value;

use crate::certify::judge::read::elements;
use crate::certify::rules::http as rule;
use crate::certify::{Case, Judgement, Terms, Wants};

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The address, macros expanded.
    pub url: String,
    /// For the report: method and name.
    pub case: Case,
}

/// The calls for the bids in `response`, which answers `request`; `number` counts bids over the whole run, so that
/// every way of calling has its turn: GET, POST, and macros without a value. `encode` writes a price, a decimal
/// number per thousand, as the exchange does.
#[must_use]
pub fn notices(
    request: &Value,
    response: &Value,
    number: u64,
    (terms, encode): (&Terms, &dyn Fn(&str) -> String),
) -> Vec<Notice> {
    let cur = response["cur"].as_str().unwrap_or("USD");
    let bids = elements(&response["seatbid"]).iter().flat_map(|seat| elements(&seat["bid"]));
    let mut notices = Vec::new();
    for (bid, number) in bids.zip(number..) {
        let plain = bid["price"].to_string();
        let won = Told { price: &encode(&plain), base64: &URL_SAFE.encode(&plain) };
        let nothing = Told { price: "", base64: "" };
        let audit = Told { price: "AUDIT", base64: "AUDIT" };
        let expanded = |field: &str, told: Told<'_>| {
            let url = bid[field].as_str().filter(|url| !url.is_empty())?;
            let url = url.replace(&terms.price_macro, &in_address(told.price));
            Some(expand(&url, request, bid, (told, cur)))
        };
        let mut push = |rule, method, name: &str, url: Option<String>| {
            let name = format!("{name} by {method}, {}", request["id"].as_str().unwrap_or_default());
            notices.extend(url.map(|url| Notice {
                url,
                case: Case {
                    name,
                    rule,
                    wants: Wants::Survival,
                    method,
                    headers: Vec::new(),
                    body: Vec::new(),
                    request: None,
                    tmax_ms: None,
                },
            }));
        };
        if number % 3 == 2 {
            push(&rule::NOTICE_MACROS, "GET", "`burl` with AUDIT", expanded("burl", audit));
            push(&rule::NOTICE_MACROS, "GET", "`burl` without a price", expanded("burl", nothing));
            push(&rule::NOTICE_MACROS, "GET", "`burl` unexpanded", bid["burl"].as_str().map(str::to_owned));
            push(&rule::NOTICE_MACROS, "GET", "`lurl` without values", expanded("lurl", nothing));
            continue;
        }
        let method = if number % 3 == 0 { "GET" } else { "POST" };
        push(&rule::NOTICE_METHODS, method, "`nurl`", expanded("nurl", won));
        push(&rule::NOTICE_METHODS, method, "`burl`", expanded("burl", won));
        push(&rule::NOTICE_REPEATED, method, "`burl` again", expanded("burl", won));
    }
    notices
}

/// What stands in place of the price.
#[derive(Debug, Clone, Copy)]
struct Told<'a> {
    /// As the exchange writes it.
    price: &'a str,
    /// In base64, for who asks for that.
    base64: &'a str,
}

/// `value` as a request target has room for it; the macros themselves know no encoding.
fn in_address(value: &str) -> String {
    let safe = |c: &char| c.is_ascii_graphic() && !matches!(c, '#' | '"' | '<' | '>' | '{' | '}');
    value.chars().filter(safe).collect()
}

/// The macros of a bid that wins at the price `told`; the others are empty.
fn expand(url: &str, request: &Value, bid: &Value, (told, cur): (Told<'_>, &str)) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let values = [
        ("AUCTION_ID", text(&request["id"])),
        ("AUCTION_BID_ID", text(&bid["id"])),
        ("AUCTION_IMP_ID", text(&bid["impid"])),
        ("AUCTION_AD_ID", text(&bid["adid"])),
        ("AUCTION_PRICE", told.price.to_owned()),
        ("AUCTION_PRICE:B64", told.base64.to_owned()),
        ("AUCTION_CURRENCY", cur.to_owned()),
        ("AUCTION_LOSS", "0".to_owned()),
    ];
    let mut url = values
        .iter()
        .fold(url.to_owned(), |url, (name, value)| url.replace(&format!("${{{name}}}"), &in_address(value)));
    while let Some(start) = url.find("${AUCTION_") {
        let Some(length) = url[start..].find('}') else { break };
        url.replace_range(start..=start + length, "");
    }
    url
}

/// Judges the status of a notice's answer; `former` is that of the notice before, of the same bid.
#[must_use]
pub fn judge_notice(notice: &Notice, status: Result<u16, &str>, former: Option<u16>) -> Judgement {
    let mut judgement = Judgement::default();
    let rule = notice.case.rule;
    let status = match status {
        Ok(status) => status,
        Err(why) => {
            judgement.must(rule, false, why);
            return judgement;
        }
    };
    let holds = if rule == &rule::NOTICE_METHODS {
        matches!(status, 200..=299)
    } else if rule == &rule::NOTICE_REPEATED {
        former.is_none_or(|former| former == status)
    } else {
        status < 500
    };
    let before = former.map_or(String::new(), |former| format!(", after {former}"));
    judgement.must(rule, holds, format!("answered with {status}{before}"));
    judgement
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Notice, judge_notice};
    use crate::certify::Terms;

    fn response() -> Value {
        let bid = |id: &str| {
            json!({"id": id, "impid": "1", "price": 1.5, "nurl": "http://b/n?p=${AUCTION_PRICE}&c=${AUCTION_CURRENCY}",
                "burl": "http://b/b?p=${AUCTION_PRICE}&m=${AUCTION_MIN_TO_WIN}"})
        };
        json!({"cur": "EUR", "seatbid": [{"bid": [bid("a"), bid("b"), bid("c")]}]})
    }

    fn notices(request: &Value, response: &Value, number: u64) -> Vec<Notice> {
        super::notices(request, response, number, (&Terms::default(), &str::to_owned))
    }

    #[track_caller]
    fn check(price_macro: &str, encode: &dyn Fn(&str) -> String, url: &str, want: &str) {
        let terms = Terms { price_macro: price_macro.to_owned(), ..Terms::default() };
        let response = json!({"seatbid": [{"bid": [{"id": "a", "price": 1.5, "burl": url}]}]});
        let notices = super::notices(&json!({"id": "r"}), &response, 0, (&terms, encode));
        assert_eq!(notices[0].url, want);
    }

    #[test]
    fn the_price_comes_in_the_macro_and_the_encoding_of_the_exchange() {
        let hidden = |price: &str| format!("<hidden-{price}>");
        check("${PRICE_PAID}", &str::to_owned, "http://b/?p=${PRICE_PAID}", "http://b/?p=1.5");
        check("%%PRICE%%", &hidden, "http://b/?p=%%PRICE%%", "http://b/?p=hidden-1.5");
        check("${AUCTION_PRICE}", &hidden, "http://b/?p=${AUCTION_PRICE}", "http://b/?p=hidden-1.5");
        check("${AUCTION_PRICE}", &str::to_owned, "http://b/?p=${AUCTION_PRICE:B64}", "http://b/?p=MS41");
        check("${AUCTION_PRICE:B64}", &hidden, "http://b/?p=${AUCTION_PRICE:B64}", "http://b/?p=hidden-1.5");
    }

    #[test]
    fn bids_are_notified_by_get_by_post_and_without_values() {
        let notices = notices(&json!({"id": "r"}), &response(), 0);
        let calls: Vec<(&str, &str)> =
            notices.iter().map(|notice| (notice.case.method, notice.url.as_str())).collect();
        assert_eq!(
            calls[..3],
            [
                ("GET", "http://b/n?p=1.5&c=EUR"),
                ("GET", "http://b/b?p=1.5&m="),
                ("GET", "http://b/b?p=1.5&m="),
            ]
        );
        assert_eq!(calls[3].0, "POST");
        assert_eq!(
            calls[6..],
            [
                ("GET", "http://b/b?p=AUDIT&m="),
                ("GET", "http://b/b?p=&m="),
                ("GET", "http://b/b?p=${AUCTION_PRICE}&m=${AUCTION_MIN_TO_WIN}"),
            ]
        );
    }

    #[test]
    fn a_notice_that_is_refused_or_answered_otherwise_the_second_time_is_found() {
        let notices = notices(&json!({"id": "r"}), &response(), 0);
        let faults = |at: usize, status, former| judge_notice(&notices[at], status, former).findings.len();
        assert_eq!(
            (faults(0, Ok(204), None), faults(0, Ok(405), None), faults(0, Err("cut"), None)),
            (0, 1, 1)
        );
        assert_eq!((faults(2, Ok(200), Some(200)), faults(2, Ok(409), Some(200))), (0, 1));
        assert_eq!((faults(6, Ok(400), None), faults(6, Ok(500), None)), (0, 1));
    }
}
