//! What a person reads of it: for each impression a summary, then the best candidates, each with what fails and
//! what to change. At most [`COLUMNS`] wide.

use std::fmt::Write as _;

use crate::shell::explaining::line::{BIDS, Failing, Line};

/// What a wide terminal shows.
const COLUMNS: usize = 100;

/// `lines`, which stand by impression; of each impression the first `shown_max`.
pub(in crate::shell) fn text(lines: &[Line], shown_max: usize) -> String {
    if lines.is_empty() {
        return "the request has no impression that can be bid on\n".to_owned();
    }
    let mut out = String::new();
    for of_imp in lines.chunk_by(|one, other| one.imp == other.imp) {
        if !out.is_empty() {
            out.push('\n');
        }
        put(&mut out, 0, &summary(of_imp));
        for line in of_imp.iter().take(shown_max) {
            out.push('\n');
            item(&mut out, line);
        }
        match of_imp.len().saturating_sub(shown_max) {
            0 => {}
            1 => out.push_str("\n1 more is not shown: see `--all`\n"),
            more => {
                write!(out, "\n{more} more are not shown: see `--all`, `--line-item` or `--json`\n")
                    .expect("a String takes every text");
            }
        }
    }
    out
}

/// `imp 1: 1 of 14 line items bids, 3 would bid after one change, 10 need more`
pub(in crate::shell) fn summary(of_imp: &[Line]) -> String {
    let count = |of: &dyn Fn(&Line) -> bool| of_imp.iter().filter(|line| of(line)).count();
    let bidding = count(&|line| line.bids);
    let would = count(&|line| line.then.as_deref() == Some(BIDS));
    let near = count(&|line| line.changes == Some(1)) - would;
    let further = count(&|line| line.changes.is_some_and(|changes| changes > 1));
    let beyond = count(&|line| line.changes.is_none());
    let items = if of_imp.len() == 1 { "line item" } else { "line items" };
    let bids = if bidding == 1 { "bids" } else { "bid" };
    let mut summary = format!("imp {}: {bidding} of {} {items} {bids}", of_imp[0].imp, of_imp.len());
    for (count, one, many) in [
        (would, "would bid after one change", "would bid after one change"),
        (near, "needs one change and perhaps another", "need one change and perhaps another"),
        (further, "needs more", "need more"),
        (beyond, "cannot be helped by a change", "cannot be helped by a change"),
    ] {
        if count > 0 {
            write!(summary, ", {count} {}", if count == 1 { one } else { many })
                .expect("a String takes every text");
        }
    }
    summary
}

/// What it does, or how far it is from that: `bids 2.5 EUR with k`, `3 changes away`.
pub(in crate::shell) fn state(line: &Line) -> String {
    match (&line.bid, line.changes) {
        (Some(bid), _) => {
            let deal = bid.deal.as_ref().map(|deal| format!(" on deal {deal}")).unwrap_or_default();
            format!("bids {} {} with {}{deal}", bid.price, bid.currency, bid.creative)
        }
        (None, Some(1)) => match line.then.as_deref() {
            Some(BIDS) => "would bid after one change".to_owned(),
            Some(_) => "would fit after one change".to_owned(),
            None => "one change away".to_owned(),
        },
        (None, Some(changes)) => format!("{changes} changes away"),
        (None, None) => "no change of it helps".to_owned(),
    }
}

fn item(out: &mut String, line: &Line) {
    put(out, 2, &format!("{}: {}", line.line_item, state(line)));
    if let Some(arm) = &line.arm {
        put(out, 6, &format!("the person is in its arm {arm}"));
    }
    if let Some(factor) = &line.factor {
        let what = if line.arm.is_some() { "its modifiers and its arm" } else { "its modifiers" };
        put(out, 6, &format!("{what} multiply its value by {factor}"));
    }
    if !line.steps.is_empty() {
        let steps: Vec<String> = line.steps.iter().map(|one| format!("{} {}", one.step, one.price)).collect();
        put(out, 6, &steps.join(" -> "));
    }
    // What is not targeting stands first.
    let reasons = line.reasons.len() - line.failures.len();
    line.reasons[..reasons].iter().for_each(|reason| put(out, 6, reason));
    let hint = |out: &mut String| {
        if let Some(hint) = &line.hint {
            put(out, 10, &format!("hint: {hint}"));
        }
    };
    if line.then.is_none() {
        hint(out);
    }
    line.failures.iter().for_each(|failing| failure(out, failing));
    if let Some(then) = line.then.as_deref().filter(|then| *then != BIDS) {
        put(out, 6, &format!("then {then}"));
        hint(out);
    }
}

fn failure(out: &mut String, failing: &Failing) {
    let Failing { attribute, path, seen, wanted, .. } = failing;
    let thing = if path.ends_with(attribute) { path.clone() } else { format!("{path}: {attribute}") };
    let unknown = if failing.absent { " (`unknown`: `exclude`)" } else { "" };
    put(out, 6, &format!("{thing} is {seen}{unknown}, wanted {wanted}"));
    if let Some(edit) = failing.edit.as_ref().filter(|_| failing.needed) {
        put(out, 10, &format!("change: {}", edit.text));
    }
}

/// Adds `words` as a paragraph, `indent` columns from the left, whose further lines stand four deeper. What a
/// request says may hold anything: what would steer a terminal is shown as a replacement character.
fn put(out: &mut String, indent: usize, words: &str) {
    let mut left = indent;
    out.extend(std::iter::repeat_n(' ', left));
    let mut column = left;
    for word in words.split(' ') {
        let mut word: Vec<char> =
            word.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
        if column > left && column + 1 + word.len() > COLUMNS {
            left = indent + 4;
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', left));
            column = left;
        } else if column > left {
            out.push(' ');
            column += 1;
        }
        // A word that no line holds is broken.
        while column + word.len() > COLUMNS {
            let rest = word.split_off(COLUMNS - column);
            out.extend(word);
            left = indent + 4;
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', left));
            (column, word) = (left, rest);
        }
        column += word.len();
        out.extend(word);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, put};

    #[track_caller]
    fn check(words: &str, want: &[&str]) {
        let mut out = String::new();
        put(&mut out, 2, words);
        assert_eq!(out.lines().collect::<Vec<_>>(), want);
        assert!(out.lines().all(|line| line.chars().count() <= COLUMNS));
    }

    #[test]
    fn a_paragraph_is_wrapped_between_words() {
        check("short", &["  short"]);
        let (long, rest) = (["word"; 19].join(" "), "word");
        check(&format!("{long} {rest} {rest}"), &[&format!("  {long}"), "      word word"]);
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken() {
        let words = format!("a {}", "b".repeat(150));
        let (first, second) = ("b".repeat(94), "b".repeat(56));
        check(&words, &["  a", &format!("      {first}"), &format!("      {second}")]);
    }

    #[test]
    fn what_would_steer_a_terminal_is_not_printed() {
        check("a\u{1b}[31m\tb", &["  a\u{fffd}[31m\u{fffd}b"]);
    }
}
