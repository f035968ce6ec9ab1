//! The frame of a page: its head, its style, its landmarks.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::page::Lang;

/// All of the style: sent with every page, so kept small.
pub const STYLE: &str = include_str!("style.css");

/// A page.
#[derive(Debug)]
pub struct Page<'a> {
    /// Of its texts.
    pub lang: Lang,
    /// In the window's title and as the first head.
    pub title: &'a str,
    /// Below the head: the period, the state. May be empty.
    pub subtitle: &'a str,
    /// The way to other pages, if any: links.
    pub navigation: Option<Markup>,
    /// Load again after so many seconds, without a script.
    pub refresh_seconds: Option<u32>,
    /// What it says.
    pub body: Markup,
}

impl Page<'_> {
    /// The file: one HTML document that needs no other.
    #[must_use]
    pub fn render(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang=(self.lang.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    // No second request for an icon that does not exist.
                    link rel="icon" href="data:,";
                    @if let Some(seconds) = self.refresh_seconds {
                        meta http-equiv="refresh" content=(seconds);
                    }
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (self.title) }
                        @if !self.subtitle.is_empty() { p { (self.subtitle) } }
                    }
                    @if let Some(links) = &self.navigation { nav { (links) } }
                    main { (self.body) }
                }
            }
        };
        page.into_string()
    }
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::{Page, STYLE};
    use crate::page::Lang;

    fn page() -> Page<'static> {
        Page {
            lang: Lang::Fr,
            title: "Rapport <1>",
            subtitle: "",
            navigation: None,
            refresh_seconds: None,
            body: html! { p { "corps" } },
        }
    }

    #[test]
    fn a_page_says_its_language_and_its_title_and_needs_nothing_else() {
        let html = page().render();
        assert!(html.starts_with("<!DOCTYPE html><html lang=\"fr\">"));
        assert!(html.contains("<title>Rapport &lt;1&gt;</title>"));
        for outside in ["<script", "http://", "https://", "@import", "url(", "src="] {
            assert!(!html.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_page_loads_again_only_if_it_is_told_to() {
        assert!(!page().render().contains("refresh"));
        let again = Page { refresh_seconds: Some(5), ..page() }.render();
        assert!(again.contains("<meta http-equiv=\"refresh\" content=\"5\">"));
    }

    #[test]
    fn the_style_is_small_and_knows_light_dark_print_and_phones() {
        assert!(STYLE.len() < 8_000, "{} bytes", STYLE.len());
        for part in ["prefers-color-scheme:dark", "@media print", "max-width", "focus-visible"] {
            assert!(STYLE.contains(part), "{part}");
        }
    }
}
