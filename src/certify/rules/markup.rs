//! What is shown: HTML, VAST, native JSON.

use crate::certify::rules::{Rule, rules};

rules! {
    HTML = "banner.html", "4.3.2", "the markup of a banner is HTML";
    XML = "vast.xml", "VAST", "the markup of video and audio is well-formed VAST or DAAST";
    VERSION = "vast.version", "VAST", "the version of the VAST exists";
    PARTS = "vast.parts", "VAST", "one ad, with `AdSystem`, `Impression`, and `AdTitle` or the next tag";
    CLICK = "vast.click", "VAST", "`ClickThrough`, where it is there, is an address";
    MEDIA = "vast.media", "VAST", "every media file has an address, and there is one";
    DURATION_FORM = "vast.duration", "VAST", "`Duration` is `HH:MM:SS`, once for each linear creative";
    PROTOCOLS = "video.protocols", "3.2.7", "the version of the VAST is one of `protocols`";
    LINEARITY = "video.linearity", "3.2.7", "the ad is linear or not as `linearity` asks";
    DURATION = "video.duration", "3.2.7", "the ad lasts as long as the offer takes";
    MIMES = "video.mimes", "3.2.7", "a media file has a type of `mimes`";
    BITRATE = "video.bitrate", "3.2.7", "a media file has a bit rate that is taken";
    ASPECT = "video.aspect", "3.2.7", "a media file has the player's aspect where no boxing is allowed";
    DELIVERY = "video.delivery", "3.2.7", "a media file is delivered as `delivery` asks";
    PROTOCOL = "bid.protocol", "4.2.3", "`protocol` is the version of the VAST";
    DUR = "bid.dur", "4.2.3", "`dur` is the duration of the VAST";
    SKIP = "video.skip", "7.4", "attribute 16 is declared by creatives with a skip button of their own only";
    NATIVE_JSON = "native.json", "Native", "the markup of a native ad is JSON with assets";
    LINK = "native.link", "Native", "`link.url` is an address";
    REQUIRED = "native.required", "Native", "every required asset is answered";
    ASKED = "native.asked", "Native", "every asset was asked for, as what it is";
    ONCE = "native.once", "Native", "no asset is answered twice";
    TEXT = "native.text", "Native", "texts are not empty and not longer than `len`";
    IMAGE = "native.image", "Native", "images have an address and the size asked for";
    VIDEO = "native.video", "Native", "a video asset holds a VAST";
    TRACKERS = "native.trackers", "Native", "event trackers are of the events and methods offered, with an address";
    ASSETS_URL = "native.urls", "Native", "no asset or ad by address where that is not supported";
}
