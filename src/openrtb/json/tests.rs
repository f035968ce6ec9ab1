//! The reader against `serde_json`, on documents made up, broken and deep.

use bumpalo::Bump;
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::openrtb::json::{Fault, Reader, Scalar, plain_end};
use crate::units::limits::JSON_DEPTH_MAX;

fn skipped(text: &str) -> Result<(), Fault> {
    let arena = Bump::new();
    let mut json = Reader::new(text, &arena);
    json.skip()?;
    json.end()
}

/// Reads `text` as a decoder does: objects, arrays and scalars by name, nothing skipped.
fn walked(text: &str) -> Result<(), Fault> {
    fn walk(json: &mut Reader<'_>) -> Result<(), Fault> {
        match json.peek() {
            Some(b'{') => json.object(|json, _| walk(json)).map(|_| ()),
            Some(b'[') => json.array(usize::MAX, walk).map(|_| ()),
            _ => json.scalar().map(|_| ()),
        }
    }
    let arena = Bump::new();
    let mut json = Reader::new(text, &arena);
    walk(&mut json)?;
    json.end()
}

/// What `serde_json` says. It also refuses numbers beyond a float and halves of surrogate pairs,
/// which the grammar allows: those are `None`.
fn reference(text: &str) -> Option<bool> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(_) => Some(true),
        Err(error) => {
            let message = error.to_string();
            let known = ["number out of range", "surrogate", "hex escape"];
            (!known.iter().any(|known| message.contains(known))).then_some(false)
        }
    }
}

#[track_caller]
fn check(text: &str, want: bool) {
    assert_eq!(skipped(text).is_ok(), want, "skipped {text}");
    assert_eq!(walked(text).is_ok(), want, "walked {text}");
    assert!(reference(text).is_none_or(|reference| reference == want), "serde_json on {text}");
}

#[test]
fn json_is_accepted() {
    for text in [
        "{}",
        "[]",
        "null",
        " [ 1 , -0.5e+10 , \"\" , true , false , null , { } , [ ] ] ",
        r#"{"a":{"b":[{},[[]],{"c":"d"}]},"a":2}"#,
        r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
        "\"\u{7f}é😀\"",
        "-0",
        "1E5",
        "12345678901234567890123456789",
    ] {
        check(text, true);
    }
}

#[test]
fn what_is_not_json_is_refused_wherever_it_stands() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{]",
        "[}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{1:2}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "nul",
        "nulls",
        "True",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "-",
        "--1",
        "0x1",
        "NaN",
        "Infinity",
        "'a'",
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"a\nb\"",
        "\"\u{0}\"",
        "1 2",
        "{} x",
        "[] ]",
        "\u{feff}{}",
        "/* */ 1",
        "\u{a0}1",
        "[1,2}",
        "{\"a\":[1}",
    ] {
        check(text, false);
        check(&format!("[{text}]"), text.trim().is_empty());
    }
}

#[test]
fn half_of_a_surrogate_pair_becomes_the_replacement_character() {
    for (text, want) in [
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ude00x""#, "\u{fffd}x"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\ud83d\n""#, "\u{fffd}\n"),
    ] {
        let arena = Bump::new();
        assert_eq!(Reader::new(text, &arena).scalar(), Ok(Scalar::Text(want)), "{text}");
        assert_eq!(skipped(text), Ok(()), "{text}");
    }
}

#[test]
fn a_string_without_escapes_is_a_piece_of_the_body() {
    let (arena, body) = (Bump::new(), String::from("\"plain é\""));
    let Ok(Scalar::Text(text)) = Reader::new(&body, &arena).scalar() else { panic!("a text") };
    assert_eq!(text.as_ptr(), body[1..].as_ptr());
    assert_eq!(arena.allocated_bytes(), 0);
}

#[test]
fn the_depth_limit_holds_for_every_kind_of_nesting() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let per_round = open.matches(['[', '{']).count();
        for (rounds, fits) in [(JSON_DEPTH_MAX / per_round, true), (JSON_DEPTH_MAX / per_round + 1, false)] {
            let text = format!("{}1{}", open.repeat(rounds), close.repeat(rounds));
            assert_eq!(skipped(&text).is_ok(), fits, "{rounds} of {open}");
            assert_eq!(walked(&text).is_ok(), fits, "{rounds} of {open}");
        }
    }
}

#[test]
fn a_depth_of_a_hundred_thousand_is_refused_without_a_crash() {
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        let text = open.repeat(100_000);
        assert!(matches!(skipped(&text), Err(Fault::TooDeep { .. })));
        assert!(matches!(walked(&text), Err(Fault::TooDeep { .. })));
    }
}

#[test]
fn siblings_do_not_add_to_the_depth() {
    check(&format!("[{}[]]", "[[]],{\"a\":[]},".repeat(1_000)), true);
}

#[test]
fn elements_beyond_the_limit_are_skipped_but_checked() {
    let arena = Bump::new();
    for (text, fits) in [("[1,2,3,[4]]", true), ("[1,2,3,[4}]", false)] {
        let mut json = Reader::new(text, &arena);
        let mut seen = 0;
        let read = json.array(2, |json| {
            seen += 1;
            json.skip()
        });
        assert_eq!((read.is_ok(), seen), (fits, 2), "{text}");
    }
}

/// A string literal of JSON: plain, escaped and astral characters.
fn literal() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => "[ -!#-\\[\\]-~]",
        1 => any::<char>().prop_filter("as it is", |c| *c >= ' ' && *c != '"' && *c != '\\')
            .prop_map(String::from),
        1 => prop_oneof![
            Just("\\\""), Just("\\\\"), Just("\\/"), Just("\\b"), Just("\\f"), Just("\\n"), Just("\\r"),
            Just("\\t"), Just("\\u0000"), Just("\\u00E9"), Just("\\ud83d\\ude00"),
        ].prop_map(String::from),
    ];
    prop::collection::vec(character, 0..20).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn space() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "[ \t\n\r]{1,3}"]
}

fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?",
        literal(),
    ];
    leaf.prop_recursive(8, 64, 6, |inner| {
        let element =
            (space(), inner, space()).prop_map(|(before, value, after)| before + &value + &after).boxed();
        let field = (space(), literal(), space(), element.clone())
            .prop_map(|(before, key, after, value)| before + &key + &after + ":" + &value);
        prop_oneof![
            prop::collection::vec(element, 1..6).prop_map(|elements| format!("[{}]", elements.join(","))),
            prop::collection::vec(field, 1..6).prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn every_document_is_accepted(text in document()) {
        prop_assert_eq!(reference(&text), Some(true));
        prop_assert_eq!(skipped(&text), Ok(()));
        prop_assert_eq!(walked(&text), Ok(()));
    }

    #[test]
    fn a_broken_document_is_judged_as_serde_json_does(
        text in document(),
        at in any::<prop::sample::Index>(),
        with in "[\\[\\]{}\",:\\\\0-9a-f.eE+\\- \u{1}]{0,2}",
        cut in 0usize..3,
    ) {
        let mut broken: Vec<char> = text.chars().collect();
        let at = at.index(broken.len());
        let end = (at + cut).min(broken.len());
        broken.splice(at..end, with.chars());
        let broken: String = broken.into_iter().collect();
        if let Some(want) = reference(&broken) {
            prop_assert_eq!(skipped(&broken).is_ok(), want, "{}", broken);
            prop_assert_eq!(walked(&broken).is_ok(), want, "{}", broken);
        }
    }

    #[test]
    fn a_string_reads_as_serde_json_reads_it(text in literal()) {
        let want: String = serde_json::from_str(&text).unwrap();
        let arena = Bump::new();
        prop_assert_eq!(Reader::new(&text, &arena).scalar(), Ok(Scalar::Text(&want)));
    }

    #[test]
    fn the_plain_part_of_a_string_ends_where_a_byte_by_byte_search_says(
        bytes in prop::collection::vec(prop_oneof![4 => any::<u8>(), 1 => 0x1du8..0x25, 1 => Just(0x5c)], 0..40),
        from in 0usize..8,
    ) {
        let from = from.min(bytes.len());
        let want = bytes[from..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        prop_assert_eq!(plain_end(&bytes, from), want.map_or(bytes.len(), |want| from + want));
        prop_assert!(plain_end(&bytes, bytes.len()) == bytes.len());
    }
}
