//! The advertiser's HTML with our macros replaced, each value escaped for its place.

use crate::creative::escape;
use crate::creative::macros::{Macro, Macros};

/// Appends `html` with every macro of ours replaced: in a script as within a string, in a style as it is (a
/// link has no character left that ends one), elsewhere as in a text or attribute. Where a string is nested in
/// either (`onclick="open('...')"`), it holds too.
pub(in crate::creative) fn write_html(html: &str, macros: &Macros<'_>, out: &mut String) {
    let mut value = String::new();
    let mut place = Place::Markup;
    let mut rest = html;
    while let Some((before, which, after)) = Macro::first(rest) {
        out.push_str(before);
        place = place.past(before);
        value.clear();
        macros.write(which, &mut value);
        match place {
            Place::Script => escape::script(&value, out),
            Place::Style => out.push_str(&value),
            Place::Markup | Place::Comment | Place::Tag(_) => escape::html(&value, out),
        }
        rest = after;
    }
    out.push_str(rest);
}

/// Where in a HTML text one stands, as far as escaping needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Text or a tag.
    Markup,
    /// Within `<!--` and `-->`, where a `<script` starts nothing.
    Comment,
    /// Within the tag `<script ...>` or `<style ...>`.
    Tag(Raw),
    /// Within a script.
    Script,
    /// Within a style.
    Style,
}

/// The elements in which HTML is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Raw {
    Script,
    Style,
}

impl Place {
    /// The place behind `html` if it starts here.
    fn past(mut self, mut html: &str) -> Self {
        loop {
            let step = match self {
                Self::Markup => [
                    ("<!--", Self::Comment),
                    ("<script", Self::Tag(Raw::Script)),
                    ("<style", Self::Tag(Raw::Style)),
                ]
                .into_iter()
                .filter_map(|(tag, next)| Some((find(html, tag)? + tag.len(), next)))
                .min_by_key(|(end, _)| *end),
                Self::Comment => find(html, "-->").map(|at| (at + 3, Self::Markup)),
                Self::Tag(Raw::Script) => find(html, ">").map(|at| (at + 1, Self::Script)),
                Self::Tag(Raw::Style) => find(html, ">").map(|at| (at + 1, Self::Style)),
                Self::Script => find(html, "</script").map(|at| (at + 8, Self::Markup)),
                Self::Style => find(html, "</style").map(|at| (at + 7, Self::Markup)),
            };
            let Some((at, next)) = step else { return self };
            html = &html[at..];
            self = next;
        }
    }
}

/// Where `tag`, which is ASCII, starts in `html`, in any case.
fn find(html: &str, tag: &str) -> Option<usize> {
    html.as_bytes().windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}
