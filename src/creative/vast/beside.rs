//! What stands beside the content and over it: companions and the overlay of a non-linear ad.

use crate::campaign::{BannerBody, Companion};
use crate::creative::mime::image_mime;
use crate::creative::vast::{Clock, Tag, element, put, text, tracking};
use crate::creative::{Vast, banner, escape};
use crate::ledger::Playback;

impl Tag<'_, '_> {
    pub(super) fn write_companions(&self, out: &mut String) {
        out.push_str("<CompanionAds>");
        for companion in self.av.companions() {
            put(
                out,
                format_args!("<Companion width=\"{}\" height=\"{}\">", companion.width, companion.height),
            );
            self.write_resource(companion, out);
            // The links of HTML are in it.
            if let BannerBody::Image(_) = companion.body {
                self.write_companion_clicks(out);
            }
            out.push_str("</Companion>");
        }
        out.push_str("</CompanionAds>");
    }

    fn write_companion_clicks(&self, out: &mut String) {
        let name = &self.serving.advertiser.name;
        if self.av.vast < Vast::V4_0 {
            element("CompanionClickThrough", &[self.serving.links.click], out);
            text("AltText", name, out);
            return;
        }
        text("AltText", name, out);
        element("CompanionClickThrough", &[self.serving.links.click], out);
        for (at, address) in self.creative.trackers.click.iter().enumerate() {
            put(out, format_args!("<CompanionClickTracking id=\"{at}\">"));
            escape::cdata(&[&self.macros.address(address)], out);
            out.push_str("</CompanionClickTracking>");
        }
    }

    pub(super) fn write_overlay(&self, overlay: &Companion, out: &mut String) {
        out.push_str("<NonLinearAds>");
        self.write_overlay_tracking(out);
        put(
            out,
            format_args!(
                "<NonLinear width=\"{}\" height=\"{}\" minSuggestedDuration=\"{}\">",
                overlay.width,
                overlay.height,
                Clock(self.av.duration)
            ),
        );
        self.write_resource(overlay, out);
        // The links of HTML are in it. VAST 2.0 tells nobody else of a click.
        if let BannerBody::Image(_) = overlay.body {
            let (vast, foreign) = (self.av.vast, &self.creative.trackers.click);
            if vast == Vast::V3_0 {
                self.write_foreign("NonLinearClickTracking", foreign, out);
            }
            element("NonLinearClickThrough", &[self.serving.links.click], out);
            if vast >= Vast::V4_0 {
                self.write_foreign("NonLinearClickTracking", foreign, out);
            }
        }
        out.push_str("</NonLinear></NonLinearAds>");
    }

    /// An overlay is shown, and that is all a player tells of it.
    fn write_overlay_tracking(&self, out: &mut String) {
        out.push_str("<TrackingEvents>");
        if let Some(url) = self.step(Playback::Start) {
            tracking("creativeView", None, &url, out);
        }
        if !self.player_sees() {
            tracking("creativeView", None, &[self.serving.links.view], out);
            for address in &self.creative.trackers.view {
                tracking("creativeView", None, &[&self.macros.address(address)], out);
            }
        }
        out.push_str("</TrackingEvents>");
    }

    fn write_resource(&self, shown: &Companion, out: &mut String) {
        match &shown.body {
            BannerBody::Image(url) => {
                // Most pictures of an address without an extension are photographs.
                let mime = image_mime(url).unwrap_or("image/jpeg");
                put(out, format_args!("<StaticResource creativeType=\"{mime}\">"));
                escape::cdata(&[url], out);
                out.push_str("</StaticResource>");
            }
            BannerBody::Html(html) => {
                let mut expanded = String::with_capacity(html.len());
                banner::write_html(html, &self.macros, &mut expanded);
                out.push_str("<HTMLResource>");
                escape::cdata(&[&expanded], out);
                out.push_str("</HTMLResource>");
            }
        }
    }
}
