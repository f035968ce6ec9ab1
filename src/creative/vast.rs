//! VAST markup of video and audio, versions 2.0 to 4.2: an inline ad of files or an overlay, or a wrapper around
//! a third party's answer; with companions, and trackers for every step.
//!
//! Elements stand in the order that the schema of the version wants. Deliberately absent: interactive and
//! verification files; and the namespace that the schemas name since 4.0, which no player asks for, while
//! exchanges that look for `http:` in secure markup would find it there.

mod beside;
mod linear;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

use std::fmt::{Arguments, Write};

use crate::campaign::{Creative, Wrapper};
use crate::creative::macros::Macros;
use crate::creative::placement::Shown;
use crate::creative::{AvPlacement, Serving, Vast, escape};
use crate::ledger::Playback;

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Video,
    Audio,
}

/// Stands where a tracking URL is required and there is none to call; players disregard it (VAST 4.1,
/// `Impression`).
const NO_URL: &str = "about:blank";

/// One ad to be written.
#[derive(Clone, Copy)]
pub(super) struct Tag<'t, 'a> {
    pub(super) kind: Kind,
    pub(super) creative: &'t Creative,
    pub(super) av: &'t AvPlacement<'a>,
    pub(super) serving: &'t Serving<'a>,
    pub(super) macros: Macros<'a>,
    /// True for the video of a native ad, whose impression and views are counted by the ad around it.
    pub(super) within_native: bool,
}

impl Tag<'_, '_> {
    /// Appends the whole document.
    pub(super) fn write(&self, out: &mut String) {
        let vast = self.av.vast;
        put(
            out,
            format_args!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><VAST version=\"{}", vast.version()),
        );
        out.push_str("\"><Ad id=\"");
        escape::xml(&self.creative.crid, out);
        if self.kind == Kind::Audio && vast >= Vast::V4_1 {
            out.push_str("\" adType=\"audio");
        }
        out.push_str("\">");
        match self.av.shown {
            Shown::Wrapper(wrapper) => self.write_wrapper(wrapper, out),
            Shown::Files { .. } | Shown::Overlay(_) => self.write_inline(out),
        }
        out.push_str("</Ad></VAST>");
    }

    fn write_inline(&self, out: &mut String) {
        let vast = self.av.vast;
        let (crid, advertiser) = (&self.creative.crid, &self.serving.advertiser.name);
        out.push_str("<InLine><AdSystem>encan</AdSystem>");
        if vast >= Vast::V4_0 {
            self.write_calls(out);
            if vast >= Vast::V4_1 {
                put(out, format_args!("<AdServingId>{}</AdServingId>", self.serving.links.bid));
            }
            text("AdTitle", crid, out);
            text("Advertiser", advertiser, out);
        } else {
            text("AdTitle", crid, out);
            if vast == Vast::V3_0 {
                text("Advertiser", advertiser, out);
            }
            self.write_calls(out);
        }
        out.push_str("<Creatives>");
        self.open_creative(out);
        match self.av.shown {
            Shown::Overlay(overlay) => self.write_overlay(overlay, out),
            Shown::Files { .. } | Shown::Wrapper(_) => self.write_linear(out),
        }
        self.write_universal_id(out);
        out.push_str("</Creative>");
        if self.av.companions().next().is_some() {
            self.open_creative(out);
            self.write_companions(out);
            self.write_universal_id(out);
            out.push_str("</Creative>");
        }
        out.push_str("</Creatives></InLine>");
    }

    fn write_wrapper(&self, wrapper: &Wrapper, out: &mut String) {
        let tag = self.macros.address(&wrapper.url);
        out.push_str("<Wrapper><AdSystem>encan</AdSystem>");
        if self.av.vast < Vast::V4_0 {
            element("VASTAdTagURI", &[&tag], out);
        }
        self.write_calls(out);
        out.push_str("<Creatives>");
        self.open_creative(out);
        self.write_wrapped_linear(out);
        out.push_str("</Creative>");
        if self.av.companions().next().is_some() {
            self.open_creative(out);
            self.write_companions(out);
            out.push_str("</Creative>");
        }
        out.push_str("</Creatives>");
        if self.av.vast >= Vast::V4_0 {
            element("VASTAdTagURI", &[&tag], out);
        }
        out.push_str("</Wrapper>");
    }

    /// What is called on an error, on the impression, and where the player can tell, when it was viewable.
    fn write_calls(&self, out: &mut String) {
        let links = &self.serving.links;
        if let Some([play, step]) = self.step(Playback::Error { code: None }) {
            element("Error", &[play, step, "&code=[ERRORCODE]"], out);
        }
        let foreign = self.foreign(&self.creative.trackers.impression);
        match links.impression.filter(|_| !self.within_native) {
            Some(own) => element("Impression", &[own], out),
            None if foreign.is_empty() => element("Impression", &[NO_URL], out),
            None => {}
        }
        self.write_foreign("Impression", foreign, out);
        if self.player_sees() {
            out.push_str("<ViewableImpression>");
            element("Viewable", &[links.view], out);
            self.write_foreign("Viewable", self.foreign(&self.creative.trackers.view), out);
            out.push_str("</ViewableImpression>");
        }
    }

    /// True if the player can tell whether the ad is on screen.
    fn player_sees(&self) -> bool {
        self.kind == Kind::Video && self.av.vast >= Vast::V4_0
    }

    /// The parts of the address that counts `step`; `None` where nothing is counted.
    fn step(&self, step: Playback) -> Option<[&str; 2]> {
        let play = self.serving.links.play;
        (!play.is_empty()).then_some([play, step.name()])
    }

    /// Those addresses, unless the ad around calls them.
    fn foreign<'l>(&self, addresses: &'l [String]) -> &'l [String] {
        if self.within_native { &[] } else { addresses }
    }

    /// Elements that hold addresses of third parties.
    fn write_foreign(&self, name: &str, addresses: &[String], out: &mut String) {
        for address in addresses {
            element(name, &[&self.macros.address(address)], out);
        }
    }

    fn open_creative(&self, out: &mut String) {
        out.push_str("<Creative id=\"");
        escape::xml(&self.creative.crid, out);
        out.push_str("\">");
    }

    /// Required in an inline ad from 4.0 on. Our ids are in no registry.
    fn write_universal_id(&self, out: &mut String) {
        let vast = self.av.vast;
        if vast < Vast::V4_0 {
            return;
        }
        out.push_str("<UniversalAdId idRegistry=\"unknown\"");
        if vast == Vast::V4_0 {
            out.push_str(" idValue=\"");
            escape::xml(&self.creative.crid, out);
            out.push('"');
        }
        out.push('>');
        escape::xml(&self.creative.crid, out);
        out.push_str("</UniversalAdId>");
    }
}

/// An element that holds a URL, of these parts.
fn element(name: &str, url: &[&str], out: &mut String) {
    open(name, out);
    escape::cdata(url, out);
    close(name, out);
}

/// An element that holds a text.
fn text(name: &str, text: &str, out: &mut String) {
    open(name, out);
    escape::xml(text, out);
    close(name, out);
}

fn open(name: &str, out: &mut String) {
    ["<", name, ">"].into_iter().for_each(|part| out.push_str(part));
}

fn close(name: &str, out: &mut String) {
    ["</", name, ">"].into_iter().for_each(|part| out.push_str(part));
}

/// A tracking event, with its offset if it has one.
fn tracking(event: &str, offset: Option<u32>, url: &[&str], out: &mut String) {
    ["<Tracking event=\"", event, "\""].into_iter().for_each(|part| out.push_str(part));
    if let Some(seconds) = offset {
        put(out, format_args!(" offset=\"{}\"", Clock(seconds)));
    }
    out.push('>');
    escape::cdata(url, out);
    out.push_str("</Tracking>");
}

/// Seconds as `HH:MM:SS`.
struct Clock(u32);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3_600, self.0 / 60 % 60, self.0 % 60)
    }
}

fn put(out: &mut String, arguments: Arguments<'_>) {
    out.write_fmt(arguments).expect("a String takes every text");
}
