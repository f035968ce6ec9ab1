//! What is no bid request: 400 with no content, and the next request is answered as if nothing had been.

use serde_json::json;

use super::{Cases, JSON, asking};
use crate::certify::rules::http as rule;
use crate::certify::{Case, Wants};

pub(super) fn add(cases: &mut Cases<'_>) {
    let refuse = |name: &str, body: Vec<u8>| Case {
        name: name.to_owned(),
        rule: &rule::MALFORMED,
        wants: Wants::Refusal,
        method: "POST",
        headers: vec![JSON],
        body,
        request: None,
        tmax_ms: None,
    };
    let text = |name: &str, body: &str| refuse(name, body.as_bytes().to_vec());
    let imp = r#""imp":[{"id":"1","banner":{"w":300,"h":250}}]"#;
    let deep = |open: &str, close: &str, times: usize| [open.repeat(times), close.repeat(times)].concat();
    cases.cases.extend([
        text("nothing", ""),
        text("a text that is no JSON", "certify"),
        text("a JSON text that is cut short", &format!("{{\"id\":\"certify\",{imp}")),
        text("something behind the end", &format!("{{\"id\":\"certify\",{imp}}}}}")),
        text("a comma too many", &format!("{{\"id\":\"certify\",{imp},}}")),
        text("a list", "[]"),
        text("null", "null"),
        text("a number", "1"),
        text("a JSON text in a JSON text", "\"{}\""),
        text("a request without id", &format!("{{{imp}}}")),
        text("a request whose id is null", &format!("{{\"id\":null,{imp}}}")),
        text("a request without imps", r#"{"id":"certify"}"#),
        text("a request whose imps are an object", r#"{"id":"certify","imp":{"id":"1"}}"#),
        refuse(
            "bytes that are no UTF-8",
            [b"{\"id\":\"".as_slice(), &[0xff, 0xfe], b"\",", imp.as_bytes(), b"}"].concat(),
        ),
        refuse("zeros", vec![0; 100]),
    ]);
    let survive = |name: &str, body: String| Case {
        rule: &rule::SURVIVAL,
        wants: Wants::Survival,
        ..refuse(name, body.into_bytes())
    };
    cases.cases.extend([
        survive("lists in lists, without end", "[".repeat(100_000)),
        survive("lists in lists", deep("[", "]", 50_000)),
        survive("objects in objects", "{\"a\":".repeat(20_000)),
        survive(
            "an extension of lists in lists",
            format!("{{\"id\":\"certify\",{imp},\"ext\":{}}}", deep("[", "]", 40_000)),
        ),
    ]);
    let request = cases.request(json!({"imp": []}));
    let empty = Case { name: "no imp in the list".to_owned(), rule: &rule::MALFORMED, ..asking(request) };
    cases.cases.push(Case { wants: Wants::RefusalOrNoBid, tmax_ms: None, ..empty });
    let plain = cases.plain();
    cases.cases.push(Case { name: "a banner after all refusals".to_owned(), ..asking(plain) });
}
