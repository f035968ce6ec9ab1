//! What a browser gets, and that nothing of other people breaks out of it.

use proptest::prelude::proptest;
use proptest::string::string_regex;

use crate::campaign::{Creative, Transparency};
use crate::creative::macros::Macros;
use crate::creative::samples::{advertiser, banner, html, html_with, image, imp, links, serving};
use crate::creative::{Links, Serving, banner as markup, fit, write};
use crate::openrtb::{Banner, Format, Imp};

const NAME: &str = "Ponant \"Brest\" & fils";

fn written(creative: &Creative, offer: Banner<'_>, links: &Links<'_>) -> String {
    let ponant = advertiser(NAME);
    served(creative, offer, &serving(&ponant, links))
}

fn served(creative: &Creative, offer: Banner<'_>, serving: &Serving<'_>) -> String {
    let imp = Imp { banner: Some(offer), ..imp() };
    let mut out = String::new();
    write(&fit(creative, &imp).unwrap(), serving, &mut out);
    out
}

/// `html` with its macros replaced, where `click` is our link.
fn expanded(html: &str, click: &str) -> String {
    let ponant = advertiser(NAME);
    let links = Links { click, ..links() };
    let serving = serving(&ponant, &links);
    let (creative, imp) = (image(), Imp { banner: Some(banner()), ..imp() });
    let macros = Macros::of(&fit(&creative, &imp).unwrap(), &serving);
    let mut out = String::new();
    markup::write_html(html, &macros, &mut out);
    out
}

/// The markup with the script blocked, as it is plain to compare.
#[track_caller]
fn check(creative: &Creative, want: &str) {
    assert_eq!(written(creative, Banner { btype: &[3], ..banner() }, &links()), want);
}

#[track_caller]
fn check_click(html: &str, click: &str, want: &str) {
    assert_eq!(expanded(html, click), want);
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
    assert_eq!(script.matches("u=\"https://bid.test/v?t=abc\\u0026p=${AUCTION_PRICE}\",w=[];").count(), 1);
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
        ("<STYLE media=x>a{background:url(", ")}</STYLE>", click),
        ("<style></style><a href='", "'>", attribute),
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
        "<a onclick=\"open('x%27%29;//%22%3E%3C')\">",
    );
}

#[test]
fn every_macro_of_the_html_is_replaced_and_those_of_the_exchange_stay() {
    check_click(
        "<a href=\"https://t.test/?u=${CLICK_URL_ENC}&amp;c=${CACHEBUSTER}\">${WIDTH}x${HEIGHT} ${CREATIVE_ID} \
         ${CAMPAIGN_ID} ${BID_ID} ${AUCTION_PRICE}</a>",
        "https://b.test/?a=1&b",
        "<a href=\"https://t.test/?u=https%3A%2F%2Fb.test%2F%3Fa%3D1%26b&amp;c=504403158265495552\">300x250 a brest \
         00000000000000000000000000000007 ${AUCTION_PRICE}</a>",
    );
}

#[test]
fn third_parties_are_called_for_the_impression_the_click_and_the_view() {
    let mut creative = image();
    creative.trackers.impression = vec!["https://t.test/i?c=${CREATIVE_ID}&x='".into()];
    creative.trackers.click = vec!["https://t.test/k?a&x='".into(), "https://u.test/k".into()];
    creative.trackers.view = vec!["https://t.test/v?a&b".into(), "https://u.test/v".into()];
    let full = written(&creative, banner(), &links());
    assert!(full.starts_with("<img src=\"https://t.test/i?c=a&amp;x=&#39;\" alt=\"\""), "{full}");
    assert!(
        full.contains(
            " onclick=\"new Image().src='https://t.test/k?a&amp;x=%27';new Image().src='https://u.test/k';\""
        ),
        "{full}"
    );
    assert!(full.contains(",w=[\"https://t.test/v?a\\u0026b\",\"https://u.test/v\"];"), "{full}");
    let plain = written(&creative, Banner { btype: &[3], ..banner() }, &links());
    assert!(plain.contains(" ping=\"https://t.test/k?a&amp;x=%27 https://u.test/k\""), "{plain}");
    assert!(!plain.contains("script") && !plain.contains("onclick"), "{plain}");
}

#[test]
fn a_label_tells_who_is_behind_the_ad() {
    let mut ponant = advertiser(NAME);
    ponant.transparency = Transparency { behalf: "A & B".into(), paid: "<C>".into() };
    let links = links();
    let told = Serving { discloses: true, ..serving(&ponant, &links) };
    let label = "Ad: A &amp; B, paid for by &lt;C&gt;</div>";
    for (creative, position) in [
        (image(), "absolute"),
        (html("<b>x</b>"), "absolute"),
        (html("<!doctype html><body>x</body>"), "fixed"),
    ] {
        let markup = served(&creative, banner(), &told);
        assert!(markup.contains(label) && markup.contains(&format!("position:{position};left")), "{markup}");
        assert!(!served(&creative, banner(), &serving(&ponant, &links)).contains("Ad:"));
    }
    let mut linked = image();
    linked.privacy_url = Some("https://ponant.test/why?a&b".into());
    let markup = served(&linked, banner(), &told);
    assert!(markup.contains("<a href=\"https://ponant.test/why?a&amp;b\" target=\"_blank\""), "{markup}");
    ponant.transparency = Transparency::of("A");
    let told = Serving { discloses: true, ..serving(&ponant, &links) };
    assert!(served(&image(), banner(), &told).contains(">Ad: A</div>"));
}

#[test]
fn a_flexible_ad_is_written_in_the_size_of_the_place() {
    let format = [Format { w: 600, h: 500, wratio: 0, hratio: 0, wmin: 0 }];
    let offer = Banner { format: &format, btype: &[3], ..banner() };
    let creative = html_with(|ad| ad.flexible = true);
    let markup = written(&creative, offer, &links());
    assert!(markup.contains("width:600px;height:500px"), "{markup}");
}

proptest! {
    #[test]
    fn a_click_link_adds_nothing_to_the_markup_around_it(click in "[ -~\n]{0,40}", place in 0..4_usize) {
        let html = [
            "<script>u='${CLICK_URL}'</script>",
            "<a href='${CLICK_URL}'>",
            "<style>a{b:url(${CLICK_URL})}</style>",
            "<a href='https://t.test/?u=${CLICK_URL_ENC}'>",
        ][place];
        let out = expanded(html, &click);
        for c in ['<', '>', '\'', '"', '(', ')'] {
            assert_eq!(out.matches(c).count(), html.matches(c).count(), "{out}");
        }
    }

    #[test]
    fn hostile_names_and_addresses_break_out_of_nothing(
        text in string_regex("([ -~]|[<>&\"'\\\\`\n]|</script|-->|\\]\\]>|é){0,24}").unwrap(),
    ) {
        let hostile = |text: &str| {
            let mut creative = image();
            creative.privacy_url = Some(text.into());
            creative.trackers.impression = vec![text.into()];
            creative.trackers.click = vec![text.into()];
            creative.trackers.view = vec![text.into()];
            let mut ponant = advertiser(text);
            ponant.transparency = Transparency { behalf: text.into(), paid: "B".into() };
            let links = Links { click: text, view: text, impression: Some(text), ..links() };
            served(&creative, banner(), &Serving { discloses: true, ..serving(&ponant, &links) })
        };
        let (tame, wild) = (hostile("x"), hostile(&text));
        for c in ['<', '>', '"', '\''] {
            assert_eq!(wild.matches(c).count(), tame.matches(c).count(), "{wild}");
        }
    }
}
