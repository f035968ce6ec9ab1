//! Text into markup: one function for each kind of place. Macros of the exchange (`${...}`) pass
//! unchanged through all of them. JSON is escaped by serde_json.

/// Appends `text` for an HTML text or a quoted HTML attribute. For a URL in an attribute, too.
pub(super) fn html(text: &str, out: &mut String) {
    each(text, out, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    });
}

/// Appends `text` for a string of any quotes within a `<script>`: JavaScript or JSON.
///
/// No character that ends the string, the script or the line is left, nor one that HTML would read.
pub(super) fn script(text: &str, out: &mut String) {
    each(text, out, |c| match c {
        '"' => Some("\\u0022"),
        '\'' => Some("\\u0027"),
        '`' => Some("\\u0060"),
        '\\' => Some("\\u005c"),
        '<' => Some("\\u003c"),
        '>' => Some("\\u003e"),
        '&' => Some("\\u0026"),
        '\n' => Some("\\u000a"),
        '\r' => Some("\\u000d"),
        '\u{2028}' => Some("\\u2028"),
        '\u{2029}' => Some("\\u2029"),
        c if c.is_ascii_control() => Some("\u{FFFD}"),
        _ => None,
    });
}

/// Appends `text` for an XML text or a quoted XML attribute.
///
/// A character that XML 1.0 cannot hold (section 2.2) becomes U+FFFD.
pub(super) fn xml(text: &str, out: &mut String) {
    each(text, out, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#9;"),
        '\n' => Some("&#10;"),
        '\r' => Some("&#13;"),
        c if !is_xml(c) => Some("\u{FFFD}"),
        _ => None,
    });
}

/// Appends `parts`, one after the other, as a CDATA section: more than one where they hold what would end it.
///
/// A character that XML 1.0 cannot hold (section 2.2) becomes U+FFFD.
pub(super) fn cdata(parts: &[&str], out: &mut String) {
    out.push_str("<![CDATA[");
    // Where the last brackets in a row stand, counted over all parts.
    let mut brackets = 0..0;
    let mut before = 0;
    for part in parts {
        each_at(part, out, |at, c| {
            let at = before + at;
            match c {
                ']' if brackets.end == at => brackets.end += 1,
                ']' => brackets = at..at + 1,
                _ => {}
            }
            match c {
                '>' if brackets.end == at && brackets.len() >= 2 => Some("]]><![CDATA[>"),
                '\r' => Some("]]>&#13;<![CDATA["),
                c if !is_xml(c) => Some("\u{FFFD}"),
                _ => None,
            }
        });
        before += part.len();
    }
    out.push_str("]]>");
}

/// Appends a URL with the characters that no URL may hold percent-encoded: quotes, angle brackets,
/// backslash, backtick, blanks, controls; and parentheses, which end a `url(...)` of a style. It leads to the
/// same place, and is safe within strings that are nested in strings, as in `onclick="open('...')"`, and in
/// styles.
pub(super) fn url(text: &str, out: &mut String) {
    each(text, out, |c| match c {
        '"' => Some("%22"),
        '\'' => Some("%27"),
        '<' => Some("%3C"),
        '>' => Some("%3E"),
        '\\' => Some("%5C"),
        '`' => Some("%60"),
        '(' => Some("%28"),
        ')' => Some("%29"),
        ' ' => Some("%20"),
        '\u{2028}' => Some("%E2%80%A8"),
        '\u{2029}' => Some("%E2%80%A9"),
        c if c.is_ascii_control() => Some(""),
        _ => None,
    });
}

/// Appends `text` as one value of a query: everything but letters, digits and `-._~` is percent-encoded
/// (RFC 3986, 2.3), except for macros of the exchange, which it would not find otherwise.
pub(super) fn component(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let whole = foreign_macro(rest).unwrap_or(c.len_utf8());
        let (piece, behind) = rest.split_at(whole);
        rest = behind;
        if whole > c.len_utf8() || c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~') {
            out.push_str(piece);
            continue;
        }
        for byte in piece.bytes() {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// The length of the macro that `text` starts with, if it does: `${NAME}` or `${NAME:X}`.
fn foreign_macro(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("${")?;
    let of_a_name =
        |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b':');
    let name = inner.bytes().take_while(of_a_name).count();
    (name > 0 && inner.as_bytes().get(name) == Some(&b'}')).then_some(name + 3)
}

/// Appends `text`, each character that `instead` answers for replaced.
fn each(text: &str, out: &mut String, mut instead: impl FnMut(char) -> Option<&'static str>) {
    each_at(text, out, |_, c| instead(c));
}

/// Appends `text`, each character that `instead` answers for replaced; it is told where that stands, and not
/// asked for what is plain everywhere. Copies in runs.
fn each_at(text: &str, out: &mut String, mut instead: impl FnMut(usize, char) -> Option<&'static str>) {
    let (mut copied, mut at) = (0, 0);
    loop {
        at += text.as_bytes()[at..].iter().take_while(|byte| PLAIN[usize::from(**byte)]).count();
        let Some(c) = text[at..].chars().next() else { break };
        if let Some(replacement) = instead(at, c) {
            out.push_str(&text[copied..at]);
            out.push_str(replacement);
            copied = at + c.len_utf8();
        }
        at += c.len_utf8();
    }
    out.push_str(&text[copied..]);
}

/// By byte: true if it stands for itself in every kind of place. Nearly all of a signed link does.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        plain[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':');
        byte += 1;
    }
    plain
};

/// True if XML 1.0 can hold the character.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, proptest};
    use proptest::string::string_regex;

    use crate::creative::escape;

    type Escape = fn(&str, &mut String);

    fn escaped(escape: Escape, text: &str) -> String {
        let mut out = String::new();
        escape(text, &mut out);
        out
    }

    #[track_caller]
    fn check(escape: Escape, text: &str, want: &str) {
        assert_eq!(escaped(escape, text), want);
    }

    /// Texts rich in what matters to markup.
    fn hostile() -> impl Strategy<Value = String> {
        string_regex("([ -~]|[<>&\"'\\]\\\\`\r\n\t]|\\]\\]>|</script|\\$\\{A\\}|[\u{0}-\u{1f}]|\u{2028}|é|日|😀){0,24}")
            .unwrap()
    }

    /// What a browser reads in an attribute or text.
    fn html_read(markup: &str) -> String {
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        entities.iter().fold(markup.to_owned(), |text, (entity, c)| text.replace(entity, c))
    }

    #[test]
    fn markup_characters_become_entities_and_macros_stay() {
        check(escape::html, "a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;");
        check(
            escape::html,
            "https://a.test/?p=${AUCTION_PRICE}&q=1",
            "https://a.test/?p=${AUCTION_PRICE}&amp;q=1",
        );
        check(escape::script, "</script>${AUCTION_PRICE}&", "\\u003c/script\\u003e${AUCTION_PRICE}\\u0026");
        check(escape::xml, "a&b\u{1}", "a&amp;b\u{FFFD}");
        check(
            escape::url,
            "https://a.test/?p=${AUCTION_PRICE:B64}&q='\n",
            "https://a.test/?p=${AUCTION_PRICE:B64}&q=%27",
        );
    }

    #[test]
    fn a_section_that_would_end_is_split() {
        for (parts, want) in [
            (&["a]]>b"][..], "<![CDATA[a]]]]><![CDATA[>b]]>"),
            (&["a]>b"], "<![CDATA[a]>b]]>"),
            (&["a]b]>"], "<![CDATA[a]b]>]]>"),
            (&["a]", "b]>"], "<![CDATA[a]b]>]]>"),
            (&["]]", ">"], "<![CDATA[]]]]><![CDATA[>]]>"),
            (&["a]", "]", ">b"], "<![CDATA[a]]]]><![CDATA[>b]]>"),
        ] {
            let mut out = String::new();
            escape::cdata(parts, &mut out);
            assert_eq!(out, want);
        }
    }

    proptest! {
        #[test]
        fn html_reads_back(text in hostile()) {
            let markup = escaped(escape::html, &text);
            assert!(!markup.contains(['<', '>', '"', '\'']));
            assert_eq!(html_read(&markup), text);
        }

        #[test]
        fn a_script_string_reads_back_as_json_and_holds_no_quote(text in any::<String>()) {
            let inside = escaped(escape::script, &text);
            assert!(!inside.contains(['<', '>', '&', '"', '\'', '`', '\n', '\r']));
            let read: String = serde_json::from_str(&format!("\"{inside}\"")).unwrap();
            let want: String = text
                .chars()
                .map(|c| if c.is_ascii_control() && c != '\n' && c != '\r' { '\u{FFFD}' } else { c })
                .collect();
            assert_eq!(read, want);
        }

        #[test]
        fn xml_reads_back_in_text_attribute_and_section(text in hostile()) {
            let mut document = String::from("<a b=\"");
            escape::xml(&text, &mut document);
            document.push_str("\"><t>");
            escape::xml(&text, &mut document);
            document.push_str("</t><s>");
            escape::cdata(&[&text], &mut document);
            document.push_str("</s></a>");
            let want: String =
                text.chars().map(|c| if escape::is_xml(c) { c } else { '\u{FFFD}' }).collect();
            let read = roxmltree::Document::parse(&document).unwrap();
            let root = read.root_element();
            assert_eq!(root.attribute("b"), Some(want.as_str()));
            for child in root.children() {
                let own: String = child.children().filter_map(|node| node.text()).collect();
                assert_eq!(own, want);
            }
        }

        #[test]
        fn an_address_is_encoded_once_and_stays_safe_in_nested_strings(text in hostile()) {
            let once = escaped(escape::url, &text);
            assert_eq!(escaped(escape::url, &once), once);
            assert!(!once.contains(['<', '>', '"', '\'', '\\', '`', ' ', '\n', '\r', '(', ')']));
        }

        #[test]
        fn a_component_reads_back_and_ends_nothing(text in hostile()) {
            let encoded = escaped(escape::component, &text);
            let plain = encoded.replace("${A}", "");
            let of_a_value = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'%');
            assert!(plain.bytes().all(of_a_value), "{encoded}");
            let read = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap();
            assert_eq!(read, text);
        }
    }
}
