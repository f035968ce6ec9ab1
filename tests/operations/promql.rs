//! PromQL as far as it takes to see which series an expression reads. Whether it is right, promtool says.

/// A metric that an expression reads, with the labels that it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    pub metric: String,
    /// Label, operator, value.
    pub matchers: Vec<(String, String, String)>,
}

/// What an expression reads.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reads {
    pub selectors: Vec<Selector>,
    /// What it groups or joins by.
    pub groups: Vec<String>,
}

const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const WORDS: [&str; 5] = ["and", "or", "unless", "offset", "bool"];

/// What `expression` reads.
///
/// # Panics
///
/// If a string, a bracket or a brace does not end.
#[must_use]
pub fn reads(expression: &str) -> Reads {
    let mut reads = Reads::default();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' => &rest[quoted(rest)..],
            '[' => &rest[rest.find(']').expect("the end of a range") + 1..],
            _ if first.is_ascii_digit() => {
                rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.')
            }
            _ if is_of_name(first) => name(rest, &mut reads),
            _ => &rest[first.len_utf8()..],
        }
        .trim_start();
    }
    reads
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

/// Where the string at the beginning of `text` has ended.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    panic!("a string without an end: {text}")
}

/// Reads the name at the beginning of `text` and what belongs to it; what is behind.
fn name<'t>(text: &'t str, reads: &mut Reads) -> &'t str {
    let end = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
    let (name, rest) = (&text[..end], text[end..].trim_start());
    if GROUPING.contains(&name) {
        let Some(inside) = rest.strip_prefix('(') else { return rest };
        let (labels, rest) = inside.split_once(')').expect("the end of a group");
        reads
            .groups
            .extend(labels.split(',').map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()));
        return rest;
    }
    let is_sum = ["by ", "by(", "without ", "without("].iter().any(|word| rest.starts_with(word));
    if WORDS.contains(&name) || rest.starts_with('(') || is_sum {
        return rest;
    }
    let (matchers, rest) = match rest.strip_prefix('{') {
        Some(inside) => matchers(inside),
        None => (Vec::new(), rest),
    };
    reads.selectors.push(Selector { metric: name.to_owned(), matchers });
    rest
}

/// The matchers of a selector, up to its closing brace.
fn matchers(text: &str) -> (Vec<(String, String, String)>, &str) {
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    loop {
        if let Some(behind) = rest.strip_prefix('}') {
            return (found, behind);
        }
        let label = &rest[..rest.find(|c| !is_of_name(c)).expect("an operator")];
        let operator = rest[label.len()..].trim_start();
        let value = operator.find('"').expect("a value");
        let end = value + quoted(&operator[value..]);
        let inside = &operator[value + 1..end - 1];
        found.push((label.to_owned(), operator[..value].trim().to_owned(), inside.to_owned()));
        rest = operator[end..].trim_start().trim_start_matches(',').trim_start();
    }
}

#[test]
fn what_an_expression_reads_is_found_and_nothing_else() {
    let expression = r#"topk(10, sum by (reason, le) (rate(encan_a_total{b="}\"x",c=~"d|e"}[$__rate_interval])) > 0.5e3)
        and on (job) encan:a:ratio offset 1d / ignoring(x) group_left encan_b == bool 5 or f"#;
    let reads = reads(expression);
    let text = |text: &str| text.to_owned();
    let matchers = vec![(text("b"), text("="), text("}\\\"x")), (text("c"), text("=~"), text("d|e"))];
    let selector = |metric: &str, matchers| Selector { metric: text(metric), matchers };
    let none = Vec::new;
    assert_eq!(
        reads.selectors,
        [
            selector("encan_a_total", matchers),
            selector("encan:a:ratio", none()),
            selector("encan_b", none()),
            selector("f", none())
        ]
    );
    assert_eq!(reads.groups, ["reason", "le", "job", "x"]);
}
