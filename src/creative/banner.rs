//! Banner markup: a picture in a link, or the advertiser's HTML with our click link in it; and the
//! script that measures whether it was seen.

use std::fmt::{Arguments, Write as _};

use crate::campaign::BannerBody;
use crate::creative::{BannerPlacement, Links, escape};

/// What the advertiser's HTML has where the link goes.
const CLICK_MACRO: &str = "${CLICK_URL}";

/// The script up to what it observes. Media Rating Council, Viewable Ad Impression Measurement
/// Guidelines 2.0: 50 % of the pixels for one continuous second in the page that is in focus; from
/// 242,500 pixels on, 30 %.
const WATCH: &str = "<script>(function(){var d=document,s=d.currentScript,v=false,t=0,e=";
/// From what it observes to the view URL.
const WATCH_URL: &str = ",u=\"";
/// From the view URL on. A browser that cannot observe counts nothing.
const WATCH_END: &str = "\";\
    if(!e||!window.IntersectionObserver)return;\
    var o=new IntersectionObserver(function(n){var r=n[n.length-1],b=r.boundingClientRect;\
    v=r.isIntersecting&&r.intersectionRatio>=(b.width*b.height>=242500?.3:.5);f()},{threshold:[.3,.5]});\
    function f(){if(v&&!d.hidden){t=t||setTimeout(g,1000)}else{clearTimeout(t);t=0}}\
    function g(){o.disconnect();d.removeEventListener(\"visibilitychange\",f);\
    if(!(navigator.sendBeacon&&navigator.sendBeacon(u)))new Image().src=u}\
    d.addEventListener(\"visibilitychange\",f);o.observe(e)})()</script>";
/// The element just before the script.
const ELEMENT_BEFORE: &str = "s&&s.previousElementSibling";
/// A whole document is the ad.
const WHOLE_DOCUMENT: &str = "d.body";

pub(super) fn write(advertiser: &str, banner: &BannerPlacement<'_>, links: &Links<'_>, out: &mut String) {
    let target = match banner.body {
        BannerBody::Image(source) => {
            write_pixel(links, out);
            write_picture(source, advertiser, banner, links, out);
            ELEMENT_BEFORE
        }
        // A tag before the document's own would put the browser into quirks mode.
        BannerBody::Html(html) if is_document(html) => {
            write_html(html, links.click, out);
            write_pixel(links, out);
            WHOLE_DOCUMENT
        }
        BannerBody::Html(html) => {
            write_pixel(links, out);
            out.push_str("<div style=\"");
            write_box(banner, out);
            out.push_str("\">");
            write_html(html, links.click, out);
            out.push_str("</div>");
            ELEMENT_BEFORE
        }
    };
    if banner.script {
        out.push_str(WATCH);
        out.push_str(target);
        out.push_str(WATCH_URL);
        escape::script(links.view, out);
        out.push_str(WATCH_END);
    }
}

fn write_picture(
    source: &str,
    advertiser: &str,
    banner: &BannerPlacement<'_>,
    links: &Links<'_>,
    out: &mut String,
) {
    out.push_str("<a href=\"");
    escape::html(links.click, out);
    out.push_str("\" target=\"_blank\" rel=\"noopener\" style=\"");
    write_box(banner, out);
    out.push_str("\"><img src=\"");
    escape::html(source, out);
    out.push_str("\" alt=\"");
    escape::html(advertiser, out);
    put(out, format_args!("\" width=\"{}\" height=\"{}\" style=\"border:0", banner.width, banner.height));
    if banner.ratio.is_some() {
        out.push_str(";width:100%;height:auto");
    }
    out.push_str("\"></a>");
}

/// The style of the ad's own box: what is measured.
fn write_box(banner: &BannerPlacement<'_>, out: &mut String) {
    match banner.ratio {
        None => put(out, format_args!("display:block;width:{}px;height:{}px", banner.width, banner.height)),
        Some((w, h)) => put(out, format_args!("display:block;width:100%;aspect-ratio:{w}/{h}")),
    }
}

fn put(out: &mut String, arguments: Arguments<'_>) {
    out.write_fmt(arguments).expect("a String takes every text");
}

fn write_pixel(links: &Links<'_>, out: &mut String) {
    if let Some(impression) = links.impression {
        out.push_str("<img src=\"");
        escape::html(impression, out);
        out.push_str("\" alt=\"\" width=\"1\" height=\"1\" style=\"position:absolute;visibility:hidden\">");
    }
}

fn is_document(html: &str) -> bool {
    let start = html.trim_start().as_bytes();
    ["<!doctype", "<html"]
        .iter()
        .any(|tag| start.get(..tag.len()).is_some_and(|own| own.eq_ignore_ascii_case(tag.as_bytes())))
}

/// Appends `html` with every `${CLICK_URL}` replaced, escaped for its place: a string in a script, or an
/// attribute. Where a string is nested in either (`onclick="open('...')"`), it holds too, for the link
/// has no character left that ends one.
fn write_html(html: &str, click: &str, out: &mut String) {
    let mut link = String::with_capacity(click.len());
    escape::url(click, &mut link);
    let mut place = Place::Markup;
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(CLICK_MACRO) {
        out.push_str(before);
        place = place.past(before);
        match place {
            Place::Script => escape::script(&link, out),
            Place::Markup | Place::Comment | Place::ScriptTag => escape::html(&link, out),
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
    /// Within the tag `<script ...>`.
    ScriptTag,
    /// Within a script.
    Script,
}

impl Place {
    /// The place behind `html` if it starts here.
    fn past(mut self, mut html: &str) -> Self {
        loop {
            let step = match self {
                Self::Markup => match (find(html, "<!--"), find(html, "<script")) {
                    (Some(comment), script) if script.is_none_or(|script| comment < script) => {
                        Some((comment + 4, Self::Comment))
                    }
                    (_, script) => script.map(|at| (at + 7, Self::ScriptTag)),
                },
                Self::Comment => find(html, "-->").map(|at| (at + 3, Self::Markup)),
                Self::ScriptTag => find(html, ">").map(|at| (at + 1, Self::Script)),
                Self::Script => find(html, "</script").map(|at| (at + 8, Self::Markup)),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use crate::campaign::Creative;
    use crate::creative::samples::{banner, html, image, imp, links};
    use crate::creative::{Links, banner as markup, fit, write};
    use crate::openrtb::{Banner, Format, Imp};

    fn written(creative: &Creative, offer: Banner<'_>, links: &Links<'_>) -> String {
        let imp = Imp { banner: Some(offer), ..imp() };
        let mut out = String::new();
        write(creative, "Ponant \"Brest\" & fils", &fit(creative, &imp).unwrap(), links, &mut out);
        out
    }

    /// The markup with the script blocked, as it is plain to compare.
    #[track_caller]
    fn check(creative: &Creative, want: &str) {
        assert_eq!(written(creative, Banner { btype: &[3], ..banner() }, &links()), want);
    }

    #[track_caller]
    fn check_click(html: &str, click: &str, want: &str) {
        let mut out = String::new();
        markup::write_html(html, click, &mut out);
        assert_eq!(out, want);
    }

    #[test]
    fn a_picture_stands_in_a_link() {
        check(
            &image(),
            "<a href=\"https://bid.test/c?t=abc&amp;p=${AUCTION_PRICE}\" target=\"_blank\" rel=\"noopener\" \
             style=\"display:block;width:300px;height:250px\"><img src=\"https://cdn.test/a.png?v=1&amp;w=2\" \
             alt=\"Ponant &quot;Brest&quot; &amp; fils\" width=\"300\" height=\"250\" style=\"border:0\"></a>",
        );
    }

    #[test]
    fn the_script_follows_the_ad_and_names_the_view_link_once() {
        let plain = written(&image(), Banner { btype: &[3], ..banner() }, &links());
        let full = written(&image(), banner(), &links());
        let script = full.strip_prefix(&plain).unwrap();
        assert!(script.starts_with("<script>(function(){") && script.ends_with("})()</script>"));
        assert_eq!(script.matches("u=\"https://bid.test/v?t=abc\\u0026p=${AUCTION_PRICE}\";").count(), 1);
        assert_eq!(script.matches("</script").count(), 1);
    }

    #[test]
    fn a_flexible_banner_fills_its_place() {
        let format = [Format { w: 0, h: 0, wratio: 6, hratio: 5, wmin: 0 }];
        let markup = written(&image(), Banner { format: &format, ..banner() }, &links());
        assert!(markup.contains("style=\"display:block;width:100%;aspect-ratio:6/5\""), "{markup}");
        assert!(markup.contains("width:100%;height:auto"), "{markup}");
    }

    #[test]
    fn an_impression_pixel_is_there_only_if_asked_for() {
        let with = Links { impression: Some("https://bid.test/i?a&b"), ..links() };
        let markup = written(&image(), banner(), &with);
        assert!(markup.starts_with("<img src=\"https://bid.test/i?a&amp;b\""), "{markup}");
        assert_eq!(written(&image(), banner(), &links()).matches("<img").count(), 1);
    }

    #[test]
    fn html_is_wrapped_unless_it_is_a_document() {
        let link = "https://bid.test/c?t=abc&amp;p=${AUCTION_PRICE}";
        check(
            &html("<a href='${CLICK_URL}'>x</a>"),
            &format!("<div style=\"display:block;width:300px;height:250px\"><a href='{link}'>x</a></div>"),
        );
        check(
            &html("<!DOCTYPE html><a href='${CLICK_URL}'>x</a>"),
            &format!("<!DOCTYPE html><a href='{link}'>x</a>"),
        );
        let document = written(&html(" <html>x</html>"), banner(), &links());
        assert!(document.contains("e=d.body,"), "{document}");
        let fragment = written(&html("x"), banner(), &links());
        assert!(fragment.contains("e=s&&s.previousElementSibling,"), "{fragment}");
    }

    #[test]
    fn the_click_link_is_escaped_for_its_place() {
        let click = "https://b.test/?a=1&b=${AUCTION_PRICE}";
        let (attribute, string) =
            ("https://b.test/?a=1&amp;b=${AUCTION_PRICE}", "https://b.test/?a=1\\u0026b=${AUCTION_PRICE}");
        for (before, after, want) in [
            ("<a href=\"", "\">", attribute),
            ("<SCRIPT>var u='", "'</SCRIPT>", string),
            ("<script>a()</script><a href='", "'>", attribute),
            ("<script src=\"", "\"></script>", attribute),
            ("<!-- <script> --><a href='", "'>", attribute),
            ("<script><!-- \nopen('", "')</script>", string),
        ] {
            let html = format!("{before}${{CLICK_URL}}{after}");
            check_click(&html, click, &format!("{before}{want}{after}"));
        }
        check_click("${CLICK_URL}${OTHER}${CLICK_URL}", "u", "u${OTHER}u");
        check_click("<a>", "u", "<a>");
    }

    #[test]
    fn a_hostile_link_leaves_no_string_of_any_nesting() {
        check_click(
            "<a onclick=\"open('${CLICK_URL}')\">",
            "x');//\"><",
            "<a onclick=\"open('x%27);//%22%3E%3C')\">",
        );
    }

    proptest! {
        #[test]
        fn a_click_link_adds_nothing_to_the_markup_around_it(click in "[ -~\n]{0,40}", in_script: bool) {
            let html = if in_script { "<script>u='${CLICK_URL}'</script>" } else { "<a href='${CLICK_URL}'>" };
            let mut out = String::new();
            markup::write_html(html, &click, &mut out);
            for c in ['<', '>', '\'', '"'] {
                assert_eq!(out.matches(c).count(), html.matches(c).count());
            }
        }
    }
}
