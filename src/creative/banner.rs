//! Banner markup: a picture in a link, or the advertiser's HTML with our macros replaced; the label that tells
//! who is behind it, and the script that measures whether it was seen.

mod html;
#[cfg(test)]
mod tests;

use std::fmt::{Arguments, Write as _};

use crate::campaign::{BannerBody, Creative};
use crate::creative::macros::Macros;
use crate::creative::{BannerPlacement, Serving, escape};

pub(super) use crate::creative::banner::html::write_html;

/// The script up to what it observes. Media Rating Council, Viewable Ad Impression Measurement
/// Guidelines 2.0: 50 % of the pixels for one continuous second in the page that is in focus; from
/// 242,500 pixels on, 30 %.
const WATCH: &str = "<script>(function(){var d=document,s=d.currentScript,v=false,t=0,e=";
/// From what it observes to the view URL.
const WATCH_URL: &str = ",u=\"";
/// From the view URL to those of third parties: a list of strings.
const WATCH_OTHERS: &str = "\",w=[";
/// From the view URLs on. A browser that cannot observe counts nothing.
const WATCH_END: &str = "];\
    if(!e||!window.IntersectionObserver)return;\
    var o=new IntersectionObserver(function(n){var r=n[n.length-1],b=r.boundingClientRect;\
    v=r.isIntersecting&&r.intersectionRatio>=(b.width*b.height>=242500?.3:.5);f()},{threshold:[.3,.5]});\
    function f(){if(v&&!d.hidden){t=t||setTimeout(g,1000)}else{clearTimeout(t);t=0}}\
    function g(){o.disconnect();d.removeEventListener(\"visibilitychange\",f);\
    if(!(navigator.sendBeacon&&navigator.sendBeacon(u)))new Image().src=u;\
    for(var i=0;i<w.length;i++)new Image().src=w[i]}\
    d.addEventListener(\"visibilitychange\",f);o.observe(e)})()</script>";
/// The element just before the script.
const ELEMENT_BEFORE: &str = "s&&s.previousElementSibling";
/// A whole document is the ad.
const WHOLE_DOCUMENT: &str = "d.body";

pub(super) fn write(
    creative: &Creative,
    banner: &BannerPlacement<'_>,
    serving: &Serving<'_>,
    macros: &Macros<'_>,
    out: &mut String,
) {
    let ad = Ad { creative, banner, serving, macros };
    let target = match banner.body {
        // A tag before the document's own would put the browser into quirks mode.
        BannerBody::Html(html) if is_document(html) => {
            write_html(html, macros, out);
            ad.write_label("position:fixed", out);
            ad.write_pixels(out);
            WHOLE_DOCUMENT
        }
        BannerBody::Html(html) => {
            ad.write_pixels(out);
            ad.write_boxed(|out| write_html(html, macros, out), out);
            ELEMENT_BEFORE
        }
        BannerBody::Image(source) if serving.discloses => {
            ad.write_pixels(out);
            ad.write_boxed(|out| ad.write_picture(source, out), out);
            ELEMENT_BEFORE
        }
        BannerBody::Image(source) => {
            ad.write_pixels(out);
            ad.write_picture(source, out);
            ELEMENT_BEFORE
        }
    };
    if banner.script {
        ad.write_watch(target, out);
    }
}

/// One banner to be written.
#[derive(Clone, Copy)]
struct Ad<'t> {
    creative: &'t Creative,
    banner: &'t BannerPlacement<'t>,
    serving: &'t Serving<'t>,
    macros: &'t Macros<'t>,
}

impl Ad<'_> {
    fn write_picture(&self, source: &str, out: &mut String) {
        let banner = self.banner;
        out.push_str("<a href=\"");
        escape::html(self.serving.links.click, out);
        out.push_str("\" target=\"_blank\" rel=\"noopener\"");
        self.write_click_trackers(out);
        out.push_str(" style=\"");
        write_box(banner, out);
        out.push_str("\"><img src=\"");
        escape::html(source, out);
        out.push_str("\" alt=\"");
        escape::html(&self.serving.advertiser.name, out);
        put(out, format_args!("\" width=\"{}\" height=\"{}\" style=\"border:0", banner.width, banner.height));
        if banner.ratio.is_some() {
            out.push_str(";width:100%;height:auto");
        }
        out.push_str("\"></a>");
    }

    /// Third parties are told of a click by a script, or where scripts are blocked by the browser.
    fn write_click_trackers(&self, out: &mut String) {
        let addresses = &self.creative.trackers.click;
        if addresses.is_empty() {
            return;
        }
        let mut value = String::new();
        out.push_str(if self.banner.script { " onclick=\"" } else { " ping=\"" });
        for (at, address) in addresses.iter().enumerate() {
            value.clear();
            escape::url(&self.macros.address(address), &mut value);
            if self.banner.script {
                out.push_str("new Image().src='");
                escape::html(&value, out);
                out.push_str("';");
            } else {
                out.push_str(if at > 0 { " " } else { "" });
                escape::html(&value, out);
            }
        }
        out.push('"');
    }

    /// `content` in a box of the ad's size, with the label over it.
    fn write_boxed(&self, content: impl Fn(&mut String), out: &mut String) {
        out.push_str("<div style=\"");
        write_box(self.banner, out);
        out.push_str(if self.serving.discloses { ";position:relative\">" } else { "\">" });
        content(out);
        self.write_label("position:absolute", out);
        out.push_str("</div>");
    }

    /// Who is behind the ad, in its corner; with a link to what the viewer may read about it.
    fn write_label(&self, position: &str, out: &mut String) {
        let Some(label) = self.serving.label() else { return };
        put(out, format_args!("<div style=\"{position};left:0;bottom:0;max-width:100%;{LABEL_STYLE}\">"));
        if let Some(privacy) = &self.creative.privacy_url {
            out.push_str("<a href=\"");
            escape::html(privacy, out);
            out.push_str("\" target=\"_blank\" rel=\"noopener\" style=\"color:inherit\">");
            escape::html(&label, out);
            out.push_str("</a>");
        } else {
            escape::html(&label, out);
        }
        out.push_str("</div>");
    }

    fn write_pixels(&self, out: &mut String) {
        if let Some(impression) = self.serving.links.impression {
            write_pixel(impression, out);
        }
        for address in &self.creative.trackers.impression {
            write_pixel(&self.macros.address(address), out);
        }
    }

    fn write_watch(&self, target: &str, out: &mut String) {
        out.push_str(WATCH);
        out.push_str(target);
        out.push_str(WATCH_URL);
        escape::script(self.serving.links.view, out);
        out.push_str(WATCH_OTHERS);
        for (at, address) in self.creative.trackers.view.iter().enumerate() {
            out.push_str(if at > 0 { ",\"" } else { "\"" });
            escape::script(&self.macros.address(address), out);
            out.push('"');
        }
        out.push_str(WATCH_END);
    }
}

/// How a label looks: small, legible on every picture, cut where the ad ends.
const LABEL_STYLE: &str = "overflow:hidden;white-space:nowrap;text-overflow:ellipsis;padding:0 3px;\
    font:10px/14px sans-serif;color:#000;background:#fff";

/// A label for a place of its own, as a player gives to an icon.
pub(super) fn write_plain_label(label: &str, out: &mut String) {
    out.push_str("<div style=\"padding:0 3px;font:10px/14px sans-serif;color:#000;background:#fff\">");
    escape::html(label, out);
    out.push_str("</div>");
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

fn write_pixel(address: &str, out: &mut String) {
    out.push_str("<img src=\"");
    escape::html(address, out);
    out.push_str("\" alt=\"\" width=\"1\" height=\"1\" style=\"position:absolute;visibility:hidden\">");
}

fn is_document(html: &str) -> bool {
    let start = html.trim_start().as_bytes();
    ["<!doctype", "<html"]
        .iter()
        .any(|tag| start.get(..tag.len()).is_some_and(|own| own.eq_ignore_ascii_case(tag.as_bytes())))
}
