//! The linear ad: its files, or only the trackers where a third party has the files.

use crate::creative::skip::Skip;
use crate::creative::vast::{Clock, Tag, element, put, tracking};
use crate::creative::{Vast, banner, escape};
use crate::ledger::Playback;

/// Seconds of play after which a video can be viewable.
const VIEW_AFTER: u32 = 2;

/// The steps of play, by the names of their events.
const STEPS: [(&str, Playback); 5] = [
    ("start", Playback::Start),
    ("firstQuartile", Playback::FirstQuartile),
    ("midpoint", Playback::Midpoint),
    ("thirdQuartile", Playback::ThirdQuartile),
    ("complete", Playback::Complete),
];

impl Tag<'_, '_> {
    pub(super) fn write_linear(&self, out: &mut String) {
        match self.av.skip {
            Skip::Own(after) => put(out, format_args!("<Linear skipoffset=\"{}\">", Clock(after))),
            Skip::Never | Skip::Player | Skip::Foreign => out.push_str("<Linear>"),
        }
        self.write_icons(out);
        if self.av.vast >= Vast::V4_0 {
            self.write_tracking(out);
            self.write_duration(out);
            self.write_media(out);
            self.write_clicks(out);
        } else {
            self.write_duration(out);
            self.write_tracking(out);
            self.write_clicks(out);
            self.write_media(out);
        }
        out.push_str("</Linear>");
    }

    /// What a wrapper adds to the third party's linear ad. A click leads where that one says; we are told of it.
    pub(super) fn write_wrapped_linear(&self, out: &mut String) {
        out.push_str("<Linear>");
        self.write_icons(out);
        self.write_tracking(out);
        out.push_str("<VideoClicks>");
        element("ClickTracking", &[self.serving.links.click, "?t=1"], out);
        self.write_foreign("ClickTracking", &self.creative.trackers.click, out);
        out.push_str("</VideoClicks></Linear>");
    }

    fn write_duration(&self, out: &mut String) {
        put(out, format_args!("<Duration>{}</Duration>", Clock(self.av.duration)));
    }

    /// The steps; and the view links where the player cannot tell whether the ad is on screen: called after two
    /// seconds of play (or at the end of a shorter ad), or after a quarter where VAST 2.0 has no such event.
    fn write_tracking(&self, out: &mut String) {
        out.push_str("<TrackingEvents>");
        for (event, step) in STEPS {
            if let Some(url) = self.step(step) {
                tracking(event, None, &url, out);
            }
        }
        let since_3 = self.av.vast >= Vast::V3_0;
        if let (true, true, Some(url)) = (since_3, self.av.skip != Skip::Never, self.step(Playback::Skip)) {
            tracking("skip", None, &url, out);
        }
        if !self.player_sees() {
            let (event, offset) = match since_3 {
                true => ("progress", Some(VIEW_AFTER.min(self.av.duration))),
                false => ("firstQuartile", None),
            };
            tracking(event, offset, &[self.serving.links.view], out);
            for address in self.foreign(&self.creative.trackers.view) {
                tracking(event, offset, &[&self.macros.address(address)], out);
            }
        }
        out.push_str("</TrackingEvents>");
    }

    fn write_media(&self, out: &mut String) {
        out.push_str("<MediaFiles>");
        for file in self.av.media() {
            let delivery = if file.streaming { "streaming" } else { "progressive" };
            put(out, format_args!("<MediaFile delivery=\"{delivery}\" type=\""));
            escape::xml(&file.mime, out);
            put(out, format_args!("\" width=\"{}\" height=\"{}\"", file.width, file.height));
            let (least, most) = (*file.bitrate.start(), *file.bitrate.end());
            if least < most && self.av.vast >= Vast::V3_0 {
                put(out, format_args!(" minBitrate=\"{least}\" maxBitrate=\"{most}\""));
            } else if most > 0 {
                put(out, format_args!(" bitrate=\"{most}\""));
            }
            out.push('>');
            escape::cdata(&[&file.url], out);
            out.push_str("</MediaFile>");
        }
        out.push_str("</MediaFiles>");
    }

    fn write_clicks(&self, out: &mut String) {
        let links = &self.serving.links;
        out.push_str("<VideoClicks>");
        if self.av.vast < Vast::V4_0 {
            element("ClickThrough", &[links.click], out);
        }
        self.write_foreign("ClickTracking", &self.creative.trackers.click, out);
        if self.av.vast >= Vast::V4_0 {
            element("ClickThrough", &[links.click], out);
        }
        out.push_str("</VideoClicks>");
    }

    /// Who is behind the ad, as an icon: in the corner where those of the industry's programs stand.
    fn write_icons(&self, out: &mut String) {
        const LINE: usize = 16;
        const WIDTH_MAX: usize = 300;
        let Some(label) = self.serving.label() else { return };
        let wide = 8 + label.chars().count() * 7;
        let (width, height) = (wide.min(WIDTH_MAX), wide.div_ceil(WIDTH_MAX) * LINE);
        put(out, format_args!("<Icons><Icon program=\"DSA\" width=\"{width}\" height=\"{height}\""));
        out.push_str(" xPosition=\"right\" yPosition=\"top\"><HTMLResource>");
        let mut html = String::new();
        banner::write_plain_label(&label, &mut html);
        escape::cdata(&[&html], out);
        out.push_str("</HTMLResource>");
        if let Some(privacy) = &self.creative.privacy_url {
            out.push_str("<IconClicks>");
            element("IconClickThrough", &[privacy], out);
            out.push_str("</IconClicks>");
        }
        out.push_str("</Icon></Icons>");
    }
}
