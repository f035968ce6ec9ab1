//! Bid requests from files: the hand-written ones of `fixtures/openrtb`, one behaviour a file, and, where
//! the environment names their folder, the recorded ones.
//!
//! The recorded ones stay outside the project: `ENCAN_SHARED` names the folder that holds
//! `corpus/requests.jsonl` and `corpus/negative.jsonl`, each line `{"src", "lic", "req"}`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use encan::openrtb::{BidRequest, Channel, Imp, ParseError, SizeRange, parse};
use serde_json::value::RawValue;

/// What each accepted fixture is read as.
const ACCEPTED: &[(&str, &str)] = &[
    ("audio_between_songs", "app at=2 | a audio 0.00 USD"),
    ("banner_2_5_with_consent_in_ext", "site at=2 gdpr consent eid | 1 banner 300x250 0.35 EUR secure"),
    (
        "banner_2_6_with_consent_in_its_new_place",
        "site at=1 gdpr consent eid gpp | 1 banner 728x90,970x250 1.10 EUR secure",
    ),
    ("banner_of_a_flexible_size", "site at=2 | 1 banner 16:9 0.00 USD"),
    ("context_that_targeting_reads", "site at=1 eid | 1 banner 300x250 0.20 USD"),
    ("deals_in_a_private_auction", "site at=2 | 1 banner 970x250 4.00 EUR private d-1=6.25EUR d-2=2.00USD"),
    ("dooh_play_counted_as_many", "dooh at=2 | screen banner 1080x1920 10.00 USD plays=14200000"),
    ("escapes_and_other_scripts", "site at=2 | ü/\\ banner 300x250 0.00 USD"),
    ("every_imp_dropped", "site at=2"),
    (
        "fields_of_2_5_that_are_deprecated",
        "site at=2 | 1 banner 300..728x90.. 0.00 USD | 2 video [2] 0.00 USD | 3 banner 970x250 0.00 USD",
    ),
    ("native_request_as_a_wrapped_object", "site at=2 | n native 2 wrapped 0.00 USD"),
    ("native_request_in_a_string", "site at=2 | n native 2 0.00 USD"),
    (
        "restrictions_that_cannot_be_read",
        "site at=2 | 1 banner 300x250 video [4294967295] 0.00 USD secure private d=0.00USD",
    ),
    (
        "several_imps_of_several_media",
        "site at=2 | 1 banner 300x600 video 0.00 USD | 2 banner 320x50 0.20 USD",
    ),
    ("types_that_deviate", "site at=1 | 4 banner 300x250 0.50 USD secure"),
    ("unknown_fields_and_codes", "site at=502 | 1 banner 300x250 0.00 XYZ"),
    ("video_for_connected_tv", "app at=1 | v video 12.50 USD secure"),
    ("video_in_a_pod", "app at=2 | v video pod 0.00 USD"),
    ("video_with_floors_by_duration", "app at=2 | v video 3.00 USD"),
];

/// Why each refused fixture is refused.
const REFUSED: &[(&str, &str)] = &[
    ("id_a_number", "bid request: `id` is missing or not a string"),
    ("id_missing", "bid request: `id` is missing or not a string"),
    ("imp_an_object", "bid request: `imp` is missing or not an array"),
    ("imp_empty", "bid request: `imp` is empty"),
    ("imp_missing", "bid request: `imp` is missing or not an array"),
    ("nested_too_deep", "bid request: nested too deep at byte 182"),
    ("not_json_a_comma_too_many", "bid request: not JSON at byte 46"),
    ("not_json_cut_short", "bid request: not JSON at byte 50"),
    ("not_json_garbage_in_an_unknown_field", "bid request: not JSON at byte 66"),
    ("not_json_something_behind_the_end", "bid request: not JSON at byte 47"),
    ("not_utf8", "bid request: not UTF-8 at byte 11"),
    ("root_is_an_array", "bid request: the root is not an object"),
];

#[test]
fn every_accepted_fixture_is_read_as_told() {
    check("accepted", ACCEPTED);
}

#[test]
fn every_refused_fixture_is_refused_for_its_reason() {
    check("refused", REFUSED);
}

#[test]
fn every_recorded_request_is_read_unless_it_is_none() {
    let Some(folder) = recorded() else {
        println!("ENCAN_SHARED is not set: the recorded requests were not read");
        return;
    };
    for name in ["requests.jsonl", "negative.jsonl"] {
        let lines = std::fs::read_to_string(folder.join(name)).expect("the corpus is a text");
        let mut counts = BTreeMap::<String, usize>::new();
        let mut arena = Bump::new();
        for (at, line) in lines.lines().enumerate() {
            let line: BTreeMap<&str, &RawValue> = serde_json::from_str(line).expect("a line is an object");
            let body = line["req"].get();
            let read = parse(body.as_bytes(), &arena);
            assert_eq!(read.as_ref().err().copied(), reason_to_refuse(body), "{name} line {}", at + 1);
            let outcome = match read {
                Ok(request) if request.imp.is_empty() => "read, no imp left".to_owned(),
                Ok(_) => "read".to_owned(),
                Err(error) => error.to_string(),
            };
            *counts.entry(outcome).or_default() += 1;
            arena.reset();
        }
        println!("{name}: {counts:?}");
    }
}

/// Compares what each file of a folder is read as, so that none is forgotten.
#[track_caller]
fn check(folder: &str, want: &[(&str, &str)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/openrtb").join(folder);
    let mut found: Vec<(String, String)> = std::fs::read_dir(&folder)
        .expect("the fixtures are part of the project")
        .map(|entry| {
            let path = entry.expect("a folder is read to its end").path();
            let body = std::fs::read(&path).expect("a fixture is a file");
            let arena = Bump::new();
            let read = parse(&body, &arena).map_or_else(|error| error.to_string(), |r| summary(&r));
            (path.file_stem().expect("a fixture has a name").to_string_lossy().into_owned(), read)
        })
        .collect();
    found.sort();
    let found: Vec<(&str, &str)> = found.iter().map(|(name, read)| (name.as_str(), read.as_str())).collect();
    assert_eq!(found, want);
}

/// One line for what a request offers.
fn summary(request: &BidRequest<'_>) -> String {
    let mut line = String::from(match request.channel {
        Channel::Site(_) => "site",
        Channel::App(_) => "app",
        Channel::Dooh(_) => "dooh",
        Channel::Unknown => "unknown",
    });
    line += &format!(" at={}", request.at);
    for (holds, word) in [
        (request.regs.gdpr == Some(true), " gdpr"),
        (request.user.consent.is_some(), " consent"),
        (!request.user.eids.is_empty(), " eid"),
        (request.regs.gpp.is_some(), " gpp"),
    ] {
        line += if holds { word } else { "" };
    }
    for imp in request.imp {
        line += &format!(" | {}{} {} {}", imp.id, media(imp), imp.bidfloor, imp.bidfloorcur);
        line += if imp.secure == Some(true) { " secure" } else { "" };
        line += if imp.private_auction { " private" } else { "" };
        if imp.multiplier.millionths() != 1_000_000 {
            line += &format!(" plays={}", imp.multiplier.millionths());
        }
        for deal in imp.deals {
            line += &format!(" {}={}{}", deal.id, deal.bidfloor, deal.bidfloorcur);
        }
    }
    line
}

fn media(imp: &Imp<'_>) -> String {
    let mut media = String::new();
    if let Some(banner) = imp.banner {
        let sizes = banner.format.iter().map(|format| match (format.wratio, format.hratio) {
            (0, 0) => format!("{}x{}", format.w, format.h),
            (wratio, hratio) => format!("{wratio}:{hratio}"),
        });
        media += &format!(" banner {}", sizes.collect::<Vec<_>>().join(","));
        if let Some(&SizeRange { wmin, wmax, hmin, hmax }) = banner.range {
            let most = |most: Option<u32>| most.map_or(String::new(), |most| most.to_string());
            media += &format!("{wmin}..{}x{hmin}..{}", most(wmax), most(hmax));
        }
    }
    for (name, av) in [("video", imp.video), ("audio", imp.audio)] {
        if let Some(av) = av {
            media += &format!(" {name}{}", if av.pod.is_some() { " pod" } else { "" });
            // Told where it is a single one.
            if let [protocol] = av.protocols {
                media += &format!(" [{protocol}]");
            }
        }
    }
    if let Some(native) = imp.native {
        let wrapped = if native.wrapped { " wrapped" } else { "" };
        media += &format!(" native {}{wrapped}", native.assets.len());
    }
    media
}

/// Why OpenRTB itself refuses `body`, told by another reader of JSON; `None` if it does not.
fn reason_to_refuse(body: &str) -> Option<ParseError> {
    let root: serde_json::Value = serde_json::from_str(body).expect("the corpus holds JSON");
    let Some(root) = root.as_object() else { return Some(ParseError::RootNotAnObject) };
    if !root.get("id").is_some_and(serde_json::Value::is_string) {
        return Some(ParseError::IdNotAString);
    }
    match root.get("imp").and_then(serde_json::Value::as_array) {
        None => Some(ParseError::ImpNotAnArray),
        Some(imps) if imps.is_empty() => Some(ParseError::ImpEmpty),
        Some(_) => None,
    }
}

/// The folder of the recorded requests, if the environment names one.
fn recorded() -> Option<PathBuf> {
    std::env::var_os("ENCAN_SHARED").map(|shared| Path::new(&shared).join("corpus"))
}
