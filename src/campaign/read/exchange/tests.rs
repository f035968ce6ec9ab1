//! Exchange profiles: what each key means, what it means where it is left out, and every fault.

use crate::campaign::{
    Audit, BidLimits, Credential, Exchange, Formats, NoBidForm, PriceEncoding, PriceUnit, is_exchange,
    read_exchange,
};
use crate::document::{Fault, Faults, Source};
use crate::openrtb::{Channel, MediaType, Outlet};
use crate::privacy::{Outcome, Purposes, Unwaivable};
use crate::supply::Check;
use crate::units::Currency;

const PROFILE: &str = r#"{
  "name": "X", "bills_on": "billing", "reservation": {"display": "10m", "av": "1h"},
  "tmax_ms": 120, "margin_ms": 10, "missing_price": "refuse"
}"#;

/// The profile with more keys, and its faults, each `line message (hint)`.
fn read(more: &str) -> (Option<Exchange>, Vec<String>) {
    let comma = if more.is_empty() { "" } else { "," };
    let text = PROFILE.replace("\n}", &format!("{comma}\n{more}\n}}"));
    read_text(&text)
}

fn read_text(text: &str) -> (Option<Exchange>, Vec<String>) {
    let mut faults = Faults::new();
    let exchange = read_exchange(&Source::new("x.json", text), &mut faults);
    let line = |fault: Fault| {
        let line = fault.place.map_or(0, |place| place.line);
        let hint = fault.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{line} {}{hint}", fault.message)
    };
    (exchange, faults.into_vec().into_iter().map(line).collect())
}

/// The profile with more keys, all of them sound.
#[track_caller]
fn sound(more: &str) -> Exchange {
    let (exchange, faults) = read(more);
    assert_eq!(faults, [""; 0], "{more}");
    exchange.unwrap()
}

/// The one fault of the profile with more keys, wherever it lies.
#[track_caller]
fn check(more: &str, want: &str) {
    let faults = read(more).1;
    let messages: Vec<&str> = faults.iter().filter_map(|fault| Some(fault.split_once(' ')?.1)).collect();
    assert_eq!(messages, [want], "{more}");
}

#[test]
fn what_is_left_out_has_its_usual_meaning() {
    let x = sound("");
    assert_eq!((x.audit, x.price_decimals), (Audit::AsMissing, 4));
    assert_eq!((x.price.name.as_str(), &x.price.encoding), ("${AUCTION_PRICE}", &PriceEncoding::Plain));
    assert_eq!((x.answer.no_bid, x.answer.charset, x.answer.gzip), (NoBidForm::Empty, false, true));
    assert_eq!((x.formats, x.limits), (Formats::ALL, BidLimits::default()));
    assert!(x.takes(Currency::EUR) && x.access.credentials.is_empty() && x.approvals.allow("a/b"));
    assert_eq!((x.privacy.vendor_id, x.privacy.gdpr), (None, Outcome::ContextualOnly));
    assert!(x.is_ready());
}

#[test]
fn a_note_may_stand_on_every_object() {
    let note = r#""note": "n""#;
    let more = r#""note": "n", "answer": {NOTE}, "limits": {NOTE}, "privacy": {NOTE}, "creatives": {NOTE},
        "authentication": {NOTE, "basic": {NOTE, "user": "u", "password": "env:P"}}"#;
    sound(&more.replace("NOTE", note));
}

#[test]
fn an_unknown_key_has_a_near_one() {
    check(
        r#""authentification": "none""#,
        "`authentification` is not a known key (did you mean `authentication`?)",
    );
    check(r#""limits": {"bid": 1}"#, "`limits.bid` is not a known key (did you mean `bids`?)");
    let want = "`answer.gzip` must be true or false, got a text";
    check(r#""answer": {"gzip": "no"}"#, want);
}

#[test]
fn no_bid_and_answers_have_the_form_that_the_exchange_wants() {
    let google = r#""answer": {"content_type": "application/json; charset=utf-8", "gzip": false}"#;
    let x = sound(google);
    assert!(x.answer.charset && !x.answer.gzip);
    assert_eq!(sound(r#""no_bid": "nbr""#).answer.no_bid, NoBidForm::Reason);
    check(r#""no_bid": "204""#, "`no_bid` must be one of `empty`, `nbr`, got \"204\"");
    let want = "`answer.content_type` must be one of `application/json`, `application/json; charset=utf-8`, \
                got \"text/html\"";
    check(r#""answer": {"content_type": "text/html"}"#, want);
}

#[test]
fn money_is_held_by_medium() {
    let reservation = |text: &str| {
        let (exchange, faults) = read_text(&PROFILE.replace(r#"{"display": "10m", "av": "1h"}"#, text));
        (exchange.map(|exchange| exchange.reservation), faults)
    };
    let (held, faults) =
        reservation(r#"{"banner": "1m", "native": "2m", "video": "3m", "audio": "4m", "dooh": "5m"}"#);
    assert_eq!(faults, [""; 0]);
    let seconds = |medium, dooh| held.unwrap().of(medium, dooh).raw() / 1_000;
    assert_eq!(seconds(MediaType::Banner, false), 60);
    assert_eq!(seconds(MediaType::Native, false), 120);
    assert_eq!(seconds(MediaType::Video, false), 180);
    assert_eq!(seconds(MediaType::Audio, false), 240);
    assert_eq!(seconds(MediaType::Video, true), 300);
    let (held, faults) = reservation(r#"{"display": "1m", "native": "2m", "av": "3m"}"#);
    assert_eq!(faults, [""; 0]);
    let seconds = |medium, dooh| held.unwrap().of(medium, dooh).raw() / 1_000;
    assert_eq!([MediaType::Banner, MediaType::Native].map(|medium| seconds(medium, false)), [60, 120]);
    assert_eq!([MediaType::Video, MediaType::Audio].map(|medium| seconds(medium, true)), [180, 180]);
    for (text, want) in [
        (r#"{"av": "1h", "banner": "1m"}"#, "2 `reservation.display` is missing"),
        (r#"{"display": "1h"}"#, "2 `reservation.av` is missing"),
        (
            r#"{"display": "1h", "av": "1h", "dooh": "25h"}"#,
            "2 `reservation.dooh` must be at most 24h, got \"25h\"",
        ),
        (
            r#"{"display": "1h", "av": "1h", "video": "1h", "audio": "2h"}"#,
            "2 `reservation.av` has no effect (`video` and `audio` are given)",
        ),
        (
            r#"{"display": "1h", "av": "1h", "vidio": "1h"}"#,
            "2 `reservation.vidio` is not a known key (did you mean `video`?)",
        ),
    ] {
        assert_eq!(reservation(text).1, [want]);
    }
}

#[test]
fn notices_of_money_are_booked_by_where_the_ad_was_shown() {
    let outlet = Outlet::default;
    let ages = |text: &str, reservation: &str| {
        let profile = PROFILE.replace(r#"{"display": "10m", "av": "1h"}"#, reservation);
        let profile = profile.replace("\n}", &format!(",\n{text}\n}}"));
        let (exchange, faults) = read_text(&profile);
        assert_eq!(faults, [""; 0], "{text}");
        let age = exchange.unwrap().notice_age;
        let minutes = |medium, channel| age.of(medium, &channel).raw() / 60_000;
        [
            minutes(MediaType::Banner, Channel::Site(outlet())),
            minutes(MediaType::Native, Channel::Site(outlet())),
            minutes(MediaType::Video, Channel::Site(outlet())),
            minutes(MediaType::Audio, Channel::Site(outlet())),
            minutes(MediaType::Banner, Channel::App(outlet())),
            minutes(MediaType::Video, Channel::App(outlet())),
            minutes(MediaType::Video, Channel::Unknown),
            minutes(MediaType::Banner, Channel::Dooh(outlet())),
        ]
    };
    let short = r#"{"display": "10m", "av": "1h"}"#;
    assert_eq!(ages(r#""notice_age": {}"#, short), [180, 180, 360, 360, 720, 720, 720, 1_440]);
    let given = r#""notice_age": {"display": "10m", "av": "61m", "app": "2h", "dooh": "1h"}"#;
    assert_eq!(ages(given, short), [10, 10, 61, 61, 120, 120, 120, 60]);
    // At least twice as long as it is reserved, never more than a day.
    let long = r#"{"banner": "1m", "native": "2h", "video": "4h", "audio": "13h", "dooh": "24h"}"#;
    assert_eq!(ages(r#""seat": "s""#, long), [240, 240, 1_440, 1_440, 1_440, 1_440, 1_440, 1_440]);
    for (key, span, problem) in [
        (
            "display",
            "599s",
            "must not be shorter than `reservation`, got \"599s\" \
            (or a notice is refused whose money is still held)",
        ),
        (
            "av",
            "59m",
            "must not be shorter than `reservation`, got \"59m\" \
            (or a notice is refused whose money is still held)",
        ),
        (
            "app",
            "59m",
            "must not be shorter than `reservation`, got \"59m\" \
            (or a notice is refused whose money is still held)",
        ),
        ("dooh", "25h", "must be at most 24h, got \"25h\""),
    ] {
        let text = format!(r#""notice_age": {{"{key}": "{span}"}}"#);
        check(&text, &format!("`notice_age.{key}` {problem}"));
    }
    check(
        r#""notice_age": {"displai": "1h"}"#,
        "`notice_age.displai` is not a known key (did you mean `display`?)",
    );
}

#[test]
fn currencies_and_formats_are_those_listed() {
    let x = sound(r#""currencies": ["EUR", "USD"], "formats": ["banner", "video"]"#);
    assert!(x.takes(Currency::USD) && !x.takes(Currency::from_code("GBP").unwrap()));
    assert!(x.formats.allow(MediaType::Video) && !x.formats.allow(MediaType::Native));
    assert!(sound(r#""currencies": "EUR""#).takes(Currency::EUR));
    check(r#""currencies": []"#, "`currencies` must not be an empty list");
    check(r#""currencies": ["EUR", "EUR"]"#, "`currencies[1]` is given twice: \"EUR\"");
    check(
        r#""currencies": ["eur"]"#,
        "`currencies[0]` is not a currency of ISO 4217, got \"eur\" (did you mean `EUR`?)",
    );
    check(
        r#""formats": ["vidoe"]"#,
        "`formats[0]` must be one of `banner`, `native`, `video`, `audio`, got \"vidoe\" (did you mean `video`?)",
    );
    check(r#""formats": ["audio", "audio"]"#, "`formats[1]` is given twice: \"audio\"");
}

#[test]
fn limits_are_above_zero() {
    let limits = sound(r#""limits": {"bids": 15, "crid_bytes": 128, "preview_required": true}"#).limits;
    let want =
        BidLimits { bids: Some(15), crid_bytes: Some(128), preview_required: true, ..BidLimits::default() };
    assert_eq!(limits, want);
    check(r#""limits": {"bids": 0}"#, "`limits.bids` must be from 1 to 1000, got 0");
    check(r#""limits": {"markup_bytes": 1.5}"#, "`limits.markup_bytes` must be a whole number, got 1.5");
}

const KEYS: &str = r#""price_keys": {"encryption": "env:E", "integrity": "file:i.key"}, "currencies": "EUR""#;

#[test]
fn an_encrypted_price_has_keys_a_unit_and_one_currency() {
    let x = sound(&format!(r#""price_encoding": "google", {KEYS}"#));
    let PriceEncoding::Google(keys) = &x.price.encoding else { panic!("{:?}", x.price) };
    assert_eq!((keys.unit, x.price_decimals), (PriceUnit::MicrosPerImpression, 3));
    assert!(!x.is_ready(), "its keys are not fetched");
    let x = sound(&format!(r#""price_encoding": "google", "price_unit": "micros_per_thousand", {KEYS}"#));
    assert_eq!(x.price_decimals, 4);
    check(r#""price_encoding": "google", "currencies": "EUR""#, "`price_keys` is missing");
    check(
        &format!(r#""price_encoding": "google", "price_decimals": 4, {KEYS}"#),
        "`price_decimals` must be at most 3, got 4 (the price of an impression comes back in whole micros, so a \
         longer one may be billed above our bid)",
    );
    for currencies in ["\"seat\": \"s\"", r#""currencies": ["EUR", "USD"]"#] {
        check(
            &format!(r#""price_encoding": "google", {}"#, KEYS.replace(r#""currencies": "EUR""#, currencies)),
            "`price_encoding` needs one currency in `currencies`, for its prices do not tell theirs (the currency \
             of our account there)",
        );
    }
    check(
        r#""price_unit": "micros_per_thousand""#,
        "`price_unit` has no meaning without `\"price_encoding\": \"google\"`",
    );
}

#[test]
fn a_profile_never_holds_a_secret_and_a_fault_never_repeats_one() {
    let want = "must name the place of a secret, and never hold one (as `env:NAME` for a variable of the \
                environment, or `file:PATH`)";
    let keys = KEYS.replace("env:E", "hunter2");
    check(&format!(r#""price_encoding": "google", {keys}"#), &format!("`price_keys.encryption` {want}"));
    check(
        r#""authentication": {"basic": {"user": "u", "password": "hunter2"}}"#,
        &format!("`authentication.basic.password` {want}"),
    );
    check(
        r#""authentication": {"header": {"name": "x-key", "value": "hunter2"}}"#,
        &format!("`authentication.header.value` {want}"),
    );
}

#[test]
fn a_price_macro_can_stand_in_a_query() {
    assert_eq!(sound(r#""price_encoding": "base64""#).price.name, "${AUCTION_PRICE:B64}");
    for name in ["%%WINNING_PRICE%%", "${PRICE_PAID}", "{winning_price}", "${AUCTION_PRICE:OXCRYPT}"] {
        assert_eq!(sound(&format!(r#""price_macro": "{name}""#)).price.name, name);
    }
    for name in ["PRICE", "${A}&b=1", "${A B}", "${A}#", "${é}"] {
        let want = format!(
            "`price_macro` is not a macro, got \"{name}\" (as the exchange writes it: `${{AUCTION_PRICE}}`, \
             `%%WINNING_PRICE%%`)"
        );
        check(&format!(r#""price_macro": "{name}""#), &want);
    }
}

#[test]
fn callers_show_what_the_profile_asks_for() {
    assert!(sound(r#""authentication": "none""#).access.credentials.is_empty());
    let all = r#""authentication": {"basic": {"user": "u", "password": "env:P"},
        "header": {"name": "X-Key", "value": "file:k"}, "addresses": ["10.0.0.0/8", "2001:db8::/32"],
        "require": "any"}, "trusted_proxies": "192.0.2.1""#;
    let access = sound(all).access;
    assert!(access.any && access.trusted_proxies.len() == 1);
    let [Credential::Basic { user, .. }, Credential::Header { name, .. }, Credential::Addresses(ranges)] =
        access.credentials.as_slice()
    else {
        panic!("{access:?}")
    };
    assert_eq!((user.as_str(), name.as_str(), ranges.len()), ("u", "x-key", 2));
    check(r#""authentication": "basic""#, "`authentication` must be one of `none`, got \"basic\"");
    check(
        r#""authentication": {"require": "all"}"#,
        "`authentication` asks for nothing: needs `basic`, `header` or `addresses` (to let everybody in, write \
         `\"authentication\": \"none\"`)",
    );
    check(r#""authentication": {"basic": {"user": "u"}}"#, "`authentication.basic.password` is missing");
    check(
        r#""authentication": {"basic": {"user": "u:v", "password": "env:P"}}"#,
        "`authentication.basic.user` must not contain `:`, which ends it in the header",
    );
    check(
        r#""authentication": {"header": {"name": "X Key", "value": "env:P"}}"#,
        "`authentication.header.name` is not the name of a header, got \"X Key\" (letters, digits, `-`, `_` and \
         `.`, as `X-Exchange-Key`)",
    );
    check(
        r#""trusted_proxies": ["10.0.0.1/8"]"#,
        "`trusted_proxies[0]` is not a range of addresses, got \"10.0.0.1/8\" (as `203.0.113.0/24`, \
         `2001:db8::/32` or `203.0.113.7`, with no bit set behind its length)",
    );
}

#[test]
fn creatives_are_reviewed_one_by_one_or_by_campaign() {
    let approvals = sound(r#""creatives": {"approved": ["a/b", "c/*"], "pending": ["c/d"]}"#).approvals;
    let allowed = ["a/b", "a/c", "c/c", "c/d"].map(|crid| approvals.allow(crid));
    assert_eq!(allowed, [true, false, true, false], "what is not listed waits for its review");
    assert!(sound(r#""creatives": {"default": "approved", "refused": ["a/b"]}"#).approvals.allow("a/c"));
    assert!(sound(r#""creatives": {"bid_pending": true}"#).approvals.allow("a/c"));
    check(
        r#""creatives": {"approved": ["a/b"], "refused": ["a/b"]}"#,
        "`creatives.refused[0]` is given twice: \"a/b\"",
    );
    for wrong in ["a", "a/", "/b", "*/*", "a/b*", "A/b"] {
        let want = format!(
            "`creatives.approved[0]` is not the id of a creative, got \"{wrong}\" (campaign and creative as \
             `spring/mpu`, or `spring/*` for a whole campaign)"
        );
        check(&format!(r#""creatives": {{"approved": ["{wrong}"]}}"#), &want);
    }
    let x = sound(r#""creatives": {"file": "reviews/x.json"}"#);
    assert_eq!(x.approvals_file.as_deref(), Some("reviews/x.json"));
    assert!(!x.approvals.allow("a/b"), "nothing is approved until the file is read");
    check(
        r#""creatives": {"file": "x", "default": "approved"}"#,
        "`creatives.default` is not a known key (known keys: `file`)",
    );
    check(
        r#""creatives": {"default": "refused"}"#,
        "`creatives.default` must be one of `approved`, `pending`, got \"refused\"",
    );
}

#[test]
fn privacy_has_an_outcome_for_each_law() {
    let says = r#""privacy": {"vendor_id": 755, "legitimate_interests": [2, 7], "gdpr": "no_bid", "us": "bid",
        "gpp": "no_bid", "children": "no_bid"}"#;
    let privacy = sound(says).privacy;
    assert_eq!(privacy.vendor_id, Some(755));
    assert_eq!(privacy.legitimate_interests, Purposes::new([2, 7]));
    let outcomes = [privacy.gdpr, privacy.us, privacy.gpp];
    assert_eq!(outcomes, [Outcome::NoBid, Outcome::Bid, Outcome::NoBid]);
    assert_eq!((privacy.children, privacy.devices), (Unwaivable::NoBid, Unwaivable::ContextualOnly));
    check(
        r#""privacy": {"legitimate_interests": [1]}"#,
        "`privacy.legitimate_interests[0]` must be from 2 to 11, got 1",
    );
    check(r#""privacy": {"vendor_id": 65536}"#, "`privacy.vendor_id` must be from 1 to 65535, got 65536");
    check(
        r#""privacy": {"children": "bid"}"#,
        "`privacy.children` must be one of `contextual_only`, `no_bid`, got \"bid\"",
    );
}

#[test]
fn audits_are_ignored_or_count_as_without_a_price() {
    assert_eq!(sound(r#""audit": "ignore""#).audit, Audit::Ignore);
    check(r#""audit": "bill""#, "`audit` must be one of `ignore`, `as_missing`, got \"bill\"");
}

#[test]
fn a_profile_is_known_by_its_keys() {
    assert!(is_exchange(&Source::new("x.json", PROFILE)));
    assert!(is_exchange(&Source::new("x.json", r#"{"bills_on": 1}"#)));
    for other in ["{}", "[]", "{", "", r#"{"id": "c", "line_items": []}"#] {
        assert!(!is_exchange(&Source::new("x.json", other)), "{other}");
    }
}

#[test]
fn no_cut_and_no_other_value_of_a_profile_panics() {
    let full = [
        r#""price_encoding": "google", "price_unit": "micros_per_thousand", "price_decimals": 2,"#,
        KEYS,
        r#", "authentication": {"basic": {"user": "u", "password": "env:P"},
        "header": {"name": "k", "value": "file:k"}, "addresses": ["10.0.0.0/8"], "require": "any"},
        "trusted_proxies": ["::1"], "creatives": {"approved": ["a/b"], "default": "pending", "bid_pending": true},
        "privacy": {"vendor_id": 1, "gdpr": "bid"}, "limits": {"bids": 1, "preview_required": true},
        "answer": {"gzip": true, "content_type": "application/json"}, "no_bid": "nbr", "audit": "ignore",
        "formats": ["banner"], "seat": "s", "price_macro": "${P}""#,
    ]
    .concat();
    sound(&full);
    let text = PROFILE.replace("\n}", &format!(",\n{full}\n}}"));
    for end in 0..text.len() {
        assert!(read_text(&text[..end]).0.is_none());
    }
    let parts: Vec<&str> = text.split('"').collect();
    for value in ["null", "1", "\"x\"", "[]", "{}", "[[]]", "true", "-1e400", "[null]", "[1]"] {
        for at in (1..parts.len()).step_by(2) {
            let quoted = format!("\"{}\"", parts[at]);
            drop(read_text(&text.replacen(&quoted, value, 1)));
        }
    }
}

#[test]
fn supply_has_a_rule_for_chains_sellers_and_lists() {
    let says = r#""supply": {"require_chain": true, "asi": "Exchange.example", "hops_max": 3,
        "sellers_blocked": ["bad.example", "x.example/7"], "ads_txt": "where_known", "sellers_json": "required"}"#;
    let supply = sound(says).supply;
    assert!(supply.require_chain && !supply.require_complete && !supply.require_owner);
    assert_eq!((supply.asi.as_deref(), supply.hops_max), (Some("exchange.example"), Some(3)));
    assert_eq!((supply.ads_txt, supply.sellers_json), (Check::WhereKnown, Check::Required));
    assert!(supply.sellers_blocked.hold("x.example", "7") && supply.sellers_blocked.hold("bad.example", "1"));
    assert!(!supply.sellers_blocked.hold("x.example", "8") && supply.sellers_allowed.is_empty());
    assert_eq!(sound(r#""supply": {"hops_max": 64}"#).supply.hops_max, Some(64));
    check(
        r#""supply": {"sellers_allowed": ["nonsense"]}"#,
        "`supply.sellers_allowed[0]` is not a seller, got \"nonsense\" (an advertising system, as \
         `exchange.example`, or one of its sellers, as `exchange.example/pub-1`)",
    );
    check(
        r#""supply": {"asi": "x.example/7"}"#,
        "`supply.asi` must be a domain alone, got \"x.example/7\" (as `exchange.example`)",
    );
}
