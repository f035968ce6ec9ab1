//! Transport, format and encoding: methods, headers, compression, size.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Cases, JSON, asking};
use crate::certify::rules::http as rule;
use crate::certify::{Case, Rule, Wants};

/// Bytes of a body that nobody sends and everybody must survive.
const OVERSIZE: usize = 3 * 1024 * 1024;

pub(super) fn add(cases: &mut Cases<'_>) {
    for method in ["GET", "PUT", "DELETE"] {
        cases.cases.push(Case {
            name: format!("{method} instead of POST"),
            rule: &rule::METHOD,
            wants: Wants::NotAllowed,
            method,
            headers: vec![],
            body: vec![],
            request: None,
            tmax_ms: None,
        });
    }
    let types: [(&'static Rule, &str, &'static str); 5] = [
        (&rule::TYPE_CHARSET, "content type with a character set", "application/json;charset=utf-8"),
        (&rule::TYPE_CHARSET, "content type with a character set, spaced", "application/json; charset=UTF-8"),
        (&rule::TEXT_PLAIN, "JSON called text", "text/plain"),
        (&rule::TEXT_PLAIN, "JSON called text, with a character set", "text/plain;charset=UTF-8"),
        (&rule::TYPE_CHARSET, "content type in capitals", "Application/JSON"),
    ];
    for (rule, name, content_type) in types {
        push(cases, rule, name, &[("content-type", content_type)]);
    }
    push(cases, &rule::TYPE_MISSING, "no content type", &[]);
    for version in ["2.0", "2.3", "2.5", "2.6", "2.7", "3.0", "2", "junk", ""] {
        let name = format!("`x-openrtb-version: {version}`");
        push(cases, &rule::VERSION_HEADER, &name, &[JSON, ("x-openrtb-version", version)]);
    }
    for accepted in ["gzip", "gzip, deflate, br", "identity"] {
        let name = format!("`accept-encoding: {accepted}`");
        push(cases, &rule::STATUS, &name, &[JSON, ("accept-encoding", accepted)]);
    }
    add_encoded(cases);
    for content_type in ["application/x-protobuf", "application/octet-stream", "avro/binary"] {
        cases.cases.push(Case {
            name: format!("a request of `{content_type}`"),
            rule: &rule::OTHER_FORMAT,
            wants: Wants::OtherFormat,
            headers: vec![("content-type", content_type)],
            body: b"\x0a\x09certify-1\x12\x05\x0a\x011\x20\x01".to_vec(),
            request: None,
            tmax_ms: None,
            ..asking(serde_json::Value::Null)
        });
    }
}

/// The common banner, under other headers.
fn push(cases: &mut Cases<'_>, rule: &'static Rule, name: &str, headers: &[(&'static str, &'static str)]) {
    let case = Case { name: name.to_owned(), rule, headers: headers.to_vec(), ..asking(cases.plain()) };
    cases.cases.push(case);
}

fn add_encoded(cases: &mut Cases<'_>) {
    let gzip = [JSON, ("content-encoding", "gzip")];
    push(cases, &rule::GZIP_REQUEST, "a request in gzip", &gzip);
    if let Some(case) = cases.cases.last_mut() {
        case.body = compressed(&case.body);
    }
    let survive = |name: &str, headers: &[(&'static str, &'static str)], body: Vec<u8>| Case {
        name: name.to_owned(),
        rule: &rule::SURVIVAL,
        wants: Wants::Survival,
        method: "POST",
        headers: headers.to_vec(),
        body,
        request: None,
        tmax_ms: None,
    };
    let plain = cases.plain().to_string().into_bytes();
    let bomb = compressed(&vec![b' '; 16 * 1024 * 1024]);
    let spaced = [vec![b' '; OVERSIZE], plain.clone()].concat();
    cases.cases.extend([
        survive("gzip that is none", &gzip, plain),
        survive("gzip that is cut short", &gzip, compressed(b"{\"id\":\"1\"}")[..12].to_vec()),
        survive("gzip of 16 MiB of spaces", &gzip, bomb),
        survive("an encoding that does not exist", &[JSON, ("content-encoding", "certify")], b"{}".to_vec()),
        survive("a body of 3 MiB", &[JSON], spaced),
    ]);
    // Whoever survived answers the next one.
    push(cases, &rule::STATUS, "a banner after all that", &[JSON]);
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("memory takes every write")
}
