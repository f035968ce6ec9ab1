//! Faults as text for a terminal: the line, underlined, and the remedy.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use crate::document::{Fault, Place, Severity, Source};

/// Bytes of a line above which it is not shown: a file on one line helps nobody.
const LINE_BYTES_MAX: usize = 4_096;

/// `faults` in their order, each with the line it is about (from the source of that name in `sources`),
/// underlined, and its hint. Colour adds nothing that the words do not say.
#[must_use]
pub fn render(faults: &[Fault], sources: &[Source], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for fault in faults {
        text.push_str(&renderer.render(&report(fault, sources)));
        text.push_str("\n\n");
    }
    text
}

fn report<'a>(fault: &'a Fault, sources: &'a [Source]) -> Vec<Group<'a>> {
    let level = match fault.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(fault.headline()));
    let source = sources.iter().find(|source| source.name == fault.source);
    if let (Some(source), Some(place)) = (source, &fault.place)
        && let Some((line, start)) = line_of(&source.text, place)
    {
        let from = (place.start - start).min(line.len());
        let to = (place.end - start).min(line.len()).max(from);
        let snippet = Snippet::source(line).line_start(place.line).path(&source.name);
        group = group.element(snippet.annotation(AnnotationKind::Primary.span(from..to)));
    }
    let mut groups = vec![group];
    if let Some(hint) = &fault.hint {
        let hint = normalize_untrusted_str(hint);
        groups.push(Group::with_title(Level::HELP.with_name("hint").secondary_title(hint)));
    }
    groups
}

/// The line in which `place` starts, and its first byte.
fn line_of<'t>(text: &'t str, place: &Place) -> Option<(&'t str, usize)> {
    let start = text.get(..place.start)?.rfind('\n').map_or(0, |at| at + 1);
    let rest = &text[start..];
    let line = rest.find('\n').map_or(rest, |end| &rest[..end]).trim_end_matches('\r');
    (line.len() <= LINE_BYTES_MAX).then_some((line, start))
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::document::{Document, Fault, Faults, Source};

    #[track_caller]
    fn check(text: &str, want: &str) {
        let sources = [Source::new("spring.json", text)];
        let mut faults = Faults::new();
        if let Some(document) = Document::parse(&sources[0], &mut faults)
            && let Some(object) = document.root().object(&["daily"], &mut faults)
            && let Some(daily) = object.get("daily")
        {
            let fault = daily.error(format!("must be greater than 0, got {}", daily.echo()));
            faults.push(fault.hint("to stop a campaign, set `\"status\": \"paused\"`"));
        }
        let text = render(&faults.into_vec(), &sources, false);
        assert_eq!(text.trim_end(), want.trim_matches('\n'), "\n{text}");
    }

    #[test]
    fn a_fault_shows_its_line_underlined_and_the_remedy() {
        check(
            "{\n  \"daily\": -5\n}",
            r#"
error: `spring.json` line 2: `daily` must be greater than 0, got -5
 --> spring.json:2:12
  |
2 |   "daily": -5
  |            ^^
  |
hint: to stop a campaign, set `"status": "paused"`
"#,
        );
    }

    #[test]
    fn an_unknown_key_is_underlined_itself() {
        check(
            "{\"dayli\": 5}",
            r#"
error: `spring.json` line 1: `dayli` is not a known key
 --> spring.json:1:2
  |
1 | {"dayli": 5}
  |  ^^^^^^^
  |
hint: did you mean `daily`?
"#,
        );
    }

    #[test]
    fn a_fault_without_a_place_is_its_headline() {
        let fault = Fault::of_file("gone.json", "cannot be read");
        assert_eq!(render(&[fault], &[], false).trim_end(), "error: `gone.json`: cannot be read");
    }

    #[test]
    fn what_is_not_json_is_underlined_where_it_stops_being_json() {
        check(
            "{\n  \"daily\": 5,\n}",
            r#"
error: `spring.json` line 2: not JSON: trailing commas are not allowed
 --> spring.json:2:13
  |
2 |   "daily": 5,
  |             ^
  |
hint: remove the comma
"#,
        );
    }

    #[test]
    fn nothing_that_is_not_json_panics() {
        let deep = "[".repeat(100_000);
        let deep_objects = "{\"a\":".repeat(100_000);
        for text in
            ["", "  ", "nope", "{\"a\":}", "\"\\ud800\"", "[01]", "\u{2003}", "{\"\u{1}\":1}", "1e999", "é"]
                .into_iter()
                .chain([deep.as_str(), deep_objects.as_str()])
        {
            let sources = [Source::new("x.json", text)];
            let mut faults = Faults::new();
            let document = Document::parse(&sources[0], &mut faults);
            assert!(document.is_none(), "{}", &text[..text.len().min(10)]);
            assert!(!render(&faults.into_vec(), &sources, true).is_empty());
        }
    }
}
