//! The frame of every page of the console: its landmarks, the way to the other pages, how it refreshes.

use std::fmt::Write as _;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::page::{Lang, STYLE};
use crate::shell::console::view::View;

/// What the console's pages need beside the style of every page.
const OWN_STYLE: &str = include_str!("style.css");
/// Fetches a page again and replaces what changed of it. Without it pages load again whole.
const SCRIPT: &str = include_str!("script.js");
/// Seconds between two looks.
const REFRESH_SECONDS: u32 = 5;

/// One page.
#[derive(Debug)]
pub(in crate::shell::console) struct Sheet {
    /// In the window's title and as the first head.
    pub(in crate::shell::console) title: String,
    /// Below it. May be empty.
    pub(in crate::shell::console) subtitle: String,
    /// What is read aloud of it once in a while, where it refreshes; empty where it does not.
    pub(in crate::shell::console) told: String,
    /// What it says: sections, each with an id of its own.
    pub(in crate::shell::console) body: Markup,
}

/// The file, whose style and script `nonce` allows.
#[must_use]
pub(in crate::shell::console) fn render(view: &View, sheet: &Sheet, nonce: &str) -> String {
    let refreshes = !sheet.told.is_empty();
    let page = html! {
        (DOCTYPE)
        html lang=(view.lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                @if refreshes { noscript { meta http-equiv="refresh" content=(REFRESH_SECONDS); } }
                title { (sheet.title) " · encan" }
                style nonce=(nonce) { (PreEscaped(STYLE)) (PreEscaped(OWN_STYLE)) }
            }
            body {
                a.skip href="#main" { (view.say("Skip to content", "Aller au contenu")) }
                header {
                    div {
                        h1 { (sheet.title) }
                        @if !sheet.subtitle.is_empty() { p { (sheet.subtitle) } }
                    }
                    @if refreshes {
                        button id="stop" type="button" aria-pressed="false" hidden {
                            (view.say("Pause refreshing", "Suspendre l’actualisation"))
                        }
                    }
                }
                (navigation(view))
                p.told id="told" role="status" aria-live="polite" {}
                main id="main" tabindex="-1" data-refresh=[refreshes.then_some(REFRESH_SECONDS)]
                    data-told=[refreshes.then_some(&sheet.told)]
                    data-lost=(view.say("The bidder does not answer.", "L’enchérisseur ne répond pas.")) {
                    (sheet.body)
                }
                footer { p {
                    "encan " (env!("CARGO_PKG_VERSION")) " · "
                    (view.say("figures as of", "chiffres au")) " " (view.time(view.now)) " · "
                    a href=(view.link("/api")) { (view.say("addresses for programs", "adresses pour programmes")) }
                } }
                script nonce=(nonce) { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn navigation(view: &View) -> Markup {
    let pages = [
        ("/", view.say("Overview", "Vue d’ensemble")),
        ("/tax", view.say("Tax", "Taxe")),
        ("/explain", view.say("Explain", "Expliquer")),
    ];
    html! {
        nav aria-label=(view.say("Pages", "Pages")) {
            @for (path, name) in pages {
                a href=(view.link(path)) aria-current=[(path == view.path).then_some("page")] { (name) }
            }
            span.lang { @for lang in Lang::ALL.into_iter().filter(|lang| *lang != view.lang) {
                a href=(in_language(view, lang)) lang=(lang.tag()) hreflang=(lang.tag()) {
                    (match lang { Lang::En => "English", Lang::Fr => "Français" })
                }
            } }
        }
    }
}

/// The address of this page in another language. What was asked for besides stays with the page: a language is changed
/// before, not after.
fn in_language(view: &View, lang: Lang) -> String {
    let mut address = String::new();
    // A String takes every text.
    let _ = write!(address, "{}?lang={}", view.path, lang.tag());
    address
}

/// A bar of `part` of `whole` beside its number, for the eye only; `class` says its colour.
#[must_use]
pub(in crate::shell::console) fn bar(part: u64, whole: u64, class: &str) -> Markup {
    let width = if whole == 0 { 0 } else { (u128::from(part) * 100 / u128::from(whole)).min(100) };
    html! {
        svg.bar viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
            rect.b width="100" height="6" {}
            rect class={ "f " (class) } width=(width) height="6" {}
        }
    }
}
