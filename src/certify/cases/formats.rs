//! Every format: banners, video, audio, native, several at once, pods, screens in the street.

use serde_json::{Value, json};

use super::{Cases, audio, imp, merge, native, video};

pub(super) fn add(cases: &mut Cases<'_>) {
    for (name, imps) in banners().into_iter().chain(videos()).chain(audios()).chain(natives()) {
        cases.ask(name, json!({ "imp": imps }));
    }
    for (name, imps) in several().into_iter().chain(pods()) {
        cases.ask(name, json!({ "imp": imps }));
    }
    add_places(cases);
}

type Named = (&'static str, Value);

fn banners() -> Vec<Named> {
    let banner = |banner: Value| json!([imp(json!({ "banner": banner }))]);
    let sized = |w: u32, h: u32| banner(json!({"w": w, "h": h, "format": [{"w": w, "h": h}]}));
    vec![
        ("banner 300x250", sized(300, 250)),
        ("banner 320x50", sized(320, 50)),
        ("banner 728x90", sized(728, 90)),
        ("banner 160x600", sized(160, 600)),
        ("banner 300x600", sized(300, 600)),
        ("banner 970x250", sized(970, 250)),
        ("banner 320x100", sized(320, 100)),
        ("banner without `format`", banner(json!({"w": 300, "h": 250}))),
        ("banner without `w` and `h`", banner(json!({"format": [{"w": 300, "h": 250}]}))),
        (
            "banner of several sizes",
            banner(json!({"format": [{"w": 970, "h": 90}, {"w": 728, "h": 90}, {"w": 300, "h": 250}]})),
        ),
        (
            "banner of flexible size",
            banner(
                json!({"format": [{"wratio": 16, "hratio": 9, "wmin": 300}, {"wratio": 6, "hratio": 5, "wmin": 240}]}),
            ),
        ),
        ("banner of a size that hardly anyone has", sized(299, 251)),
        ("banner of any size", banner(json!({"pos": 1}))),
        (
            "interstitial banner",
            json!([imp(
                json!({"instl": 1, "banner": {"format": [{"w": 320, "h": 480}, {"w": 480, "h": 320}], "pos": 7}})
            )]),
        ),
        ("banner with APIs", banner(json!({"w": 300, "h": 250, "api": [3, 5, 6, 7]}))),
        (
            "banner with MIME types, expansion and frame",
            banner(
                json!({"w": 300, "h": 250, "mimes": ["image/png", "image/jpeg", "text/html", "text/javascript"],
                "expdir": [1, 2], "topframe": 1}),
            ),
        ),
    ]
}

fn videos() -> Vec<Named> {
    let one = |patch: Value| json!([video(patch)]);
    vec![
        ("video", one(json!({}))),
        ("video up to VAST 3", one(json!({"protocols": [2, 3]}))),
        ("video of VAST 4 only", one(json!({"protocols": [7, 11, 13]}))),
        ("video of wrappers only", one(json!({"protocols": [5, 6, 8]}))),
        ("video without `protocols`", one(json!({"protocols": []}))),
        ("video of 15 s exactly", one(json!({"minduration": 0, "maxduration": 0, "rqddurs": [15]}))),
        (
            "video of 15, 20 or 30 s exactly",
            one(json!({"minduration": 0, "maxduration": 0, "rqddurs": [15, 20, 30]})),
        ),
        ("video of at most 6 s", one(json!({"minduration": 1, "maxduration": 6}))),
        ("video of at least 20 s", one(json!({"minduration": 20, "maxduration": 60}))),
        ("video that may be extended", one(json!({"maxduration": 10, "maxextended": 30}))),
        ("video with a skip button", one(json!({"skip": 1, "skipmin": 10, "skipafter": 5}))),
        ("video without a skip button", one(json!({"skip": 0}))),
        ("non-linear video", one(json!({"linearity": 2}))),
        ("video without letterbox", one(json!({"boxingallowed": 0}))),
        ("upright video without letterbox", one(json!({"boxingallowed": 0, "w": 720, "h": 1280}))),
        ("video of few bits", one(json!({"minbitrate": 100, "maxbitrate": 800}))),
        ("video by progressive download", one(json!({"delivery": [2]}))),
        ("video by streaming", one(json!({"delivery": [1]}))),
        ("video of WebM only", one(json!({"mimes": ["video/webm"]}))),
        (
            "video with APIs and companions",
            one(json!({"api": [7], "companiontype": [1, 2],
            "companionad": [{"id": "c1", "w": 300, "h": 250, "vcm": 0}]})),
        ),
        (
            "outstream video",
            one(json!({"plcmt": 4, "placement": 3, "playbackmethod": [6], "playbackend": 3})),
        ),
    ]
}

fn audios() -> Vec<Named> {
    let one = |patch: Value| json!([audio(patch)]);
    vec![
        ("audio", one(json!({}))),
        ("audio of MP4 only", one(json!({"mimes": ["audio/mp4"]}))),
        (
            "audio of 15 s exactly, stitched",
            one(json!({"minduration": 0, "maxduration": 0, "rqddurs": [15], "stitched": 1})),
        ),
        ("audio of few bits", one(json!({"minbitrate": 32, "maxbitrate": 128, "nvol": 2}))),
    ]
}

fn natives() -> Vec<Named> {
    let one = |patch: Value| json!([native(patch)]);
    let asset =
        |asset: Value| one(json!({"assets": [{"id": 7, "required": 1, "title": {"len": 140}}, asset]}));
    let wrapped = json!({"native": super::native_request()}).to_string();
    vec![
        ("native", one(json!({}))),
        ("native in the frame of version 1.0", json!([imp(json!({"native": {"request": wrapped}}))])),
        (
            "native with a short title",
            one(json!({"assets": [{"id": 1, "required": 1, "title": {"len": 12}}]})),
        ),
        (
            "native with a large image of one size",
            asset(json!({"id": 8, "required": 1, "img": {"type": 3, "w": 1200, "h": 627}})),
        ),
        (
            "native with an icon",
            asset(json!({"id": 8, "required": 1, "img": {"type": 1, "wmin": 64, "hmin": 64}})),
        ),
        (
            "native with a call to action",
            asset(json!({"id": 8, "required": 1, "data": {"type": 12, "len": 15}})),
        ),
        ("native with a price", asset(json!({"id": 8, "required": 1, "data": {"type": 6, "len": 12}}))),
        (
            "native with a video",
            asset(
                json!({"id": 8, "required": 1, "video": {"mimes": ["video/mp4"], "minduration": 5, "maxduration": 30,
                "protocols": [2, 3]}}),
            ),
        ),
        ("native without trackers", one(json!({"eventtrackers": []}))),
        (
            "native with trackers by script only",
            one(json!({"eventtrackers": [{"event": 1, "methods": [2]}]})),
        ),
        (
            "native with trackers of viewable impressions",
            one(json!({"eventtrackers": [{"event": 2, "methods": [1]}]})),
        ),
    ]
}

/// Several media in one imp, several imps in one request.
fn several() -> Vec<Named> {
    let with = |mut first: Value, second: Value, id: &str| {
        merge(&mut first, second);
        first["id"] = id.into();
        first
    };
    let banner = json!({"banner": {"w": 300, "h": 250}});
    vec![
        ("banner or video", json!([with(video(json!({})), banner.clone(), "1")])),
        ("banner or native", json!([with(native(json!({})), banner.clone(), "1")])),
        ("video or audio", json!([with(video(json!({})), audio(json!({})), "1")])),
        (
            "three imps of three media",
            json!([
                imp(json!({"id": "a", "banner": {"w": 728, "h": 90}})),
                with(video(json!({})), json!({}), "b"),
                with(native(json!({})), json!({}), "c")
            ]),
        ),
        (
            "four banners",
            json!([
                imp(json!({"id": "top", "banner": {"w": 970, "h": 250}})),
                imp(json!({"id": "left", "banner": {"w": 160, "h": 600}})),
                imp(json!({"id": "right", "banner": {"w": 300, "h": 600}})),
                imp(json!({"id": "text", "banner": {"w": 300, "h": 250}}))
            ]),
        ),
    ]
}

/// Pods as 7.6 has them: a slot an imp, a break an imp, and both.
fn pods() -> Vec<Named> {
    let slot = |id: &str, patch: Value| {
        let mut imp = video(patch);
        imp["id"] = id.into();
        imp
    };
    let dynamic =
        json!({"podid": "p", "podseq": 1, "poddur": 60, "maxseq": 4, "minduration": 5, "maxduration": 30});
    let mut exact = dynamic.clone();
    merge(&mut exact, json!({"minduration": 0, "maxduration": 0, "rqddurs": [15, 30]}));
    let mut priced = dynamic.clone();
    merge(&mut priced, json!({"mincpmpersec": 0.01, "poddedupe": [1, 3]}));
    vec![
        (
            "structured pod",
            json!([
                slot(
                    "1",
                    json!({"podid": "p", "slotinpod": 1, "rqddurs": [15], "minduration": 0, "maxduration": 0})
                ),
                slot(
                    "2",
                    json!({"podid": "p", "slotinpod": 0, "rqddurs": [15], "minduration": 0, "maxduration": 0})
                )
            ]),
        ),
        (
            "structured pod that repeats nothing",
            json!([
                slot("1", json!({"podid": "p", "slotinpod": 1, "poddedupe": [1, 3]})),
                slot("2", json!({"podid": "p", "slotinpod": -1, "poddedupe": [1, 3]}))
            ]),
        ),
        ("dynamic pod", json!([slot("1", dynamic.clone())])),
        ("dynamic pod of exact durations", json!([slot("1", exact)])),
        ("dynamic pod with a floor a second that repeats nothing", json!([slot("1", priced)])),
        (
            "hybrid pod",
            json!([
                slot(
                    "1",
                    json!({"podid": "p", "slotinpod": 1, "rqddurs": [15], "minduration": 0, "maxduration": 0})
                ),
                slot("2", dynamic)
            ]),
        ),
        (
            "dynamic pod of audio",
            json!([audio(json!({"podid": "a", "poddur": 45, "maxseq": 3, "maxduration": 20}))]),
        ),
    ]
}

/// Apps, televisions and screens in the street.
fn add_places(cases: &mut Cases<'_>) {
    let app = json!({"id": "app", "name": "Puzzle", "bundle": "com.puzzle.example", "storeurl":
        "https://play.google.com/store/apps/details?id=com.puzzle.example", "cat": ["IAB9-30"],
        "publisher": {"id": "publisher-2"}});
    let phone = json!({"devicetype": 4, "os": "Android", "osv": "15", "ifa": "0b4e3c7a-55f1-4a5b-9f6e-3c2b1a099f10",
        "connectiontype": 6, "carrier": "310-005"});
    let in_app = |media: Value| json!({"site": null, "app": app, "device": phone, "imp": [imp(media)]});
    cases.ask("banner in an app", in_app(json!({"banner": {"w": 320, "h": 50, "api": [3, 5, 7]}})));
    cases.ask(
        "rewarded video in an app",
        in_app(json!({"rwdd": 1, "video": {"mimes": ["video/mp4"], "protocols": [2, 3], "minduration": 5,
            "maxduration": 30, "w": 720, "h": 1280, "plcmt": 3}})),
    );
    cases.ask(
        "video on a television",
        json!({"site": null, "app": {"id": "tv", "bundle": "tv.example", "content": {"id": "c", "title": "A film",
            "genre": "drama", "livestream": 0, "len": 5400, "language": "en"}},
            "device": {"devicetype": 3, "os": "tvOS"}, "imp": [video(json!({"w": 1920, "h": 1080}))]}),
    );
    let screen = json!({"id": "screen-1", "venuetype": ["transit.airports"], "venuetypetax": 1,
        "publisher": {"id": "publisher-3"}});
    let device = json!({"devicetype": 8, "geo": {"lat": 48.85, "lon": 2.35}});
    let in_street = |media: Value| json!({"site": null, "dooh": screen, "device": device, "user": null, "imp": [imp(media)]});
    let qty = json!({"multiplier": 14.2, "sourcetype": 1, "vendor": "measure.example"});
    cases.ask(
        "banner on a screen in the street",
        in_street(
            json!({"banner": {"w": 1080, "h": 1920}, "qty": qty, "dt": 1_795_000_000_000_u64, "exp": 7200}),
        ),
    );
    cases.ask(
        "play that less than one person sees",
        in_street(json!({"banner": {"w": 300, "h": 250}, "qty": {"multiplier": 0.25, "sourcetype": 2}})),
    );
}
