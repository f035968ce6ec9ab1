//! Impressions: banners in several sizes, video, audio and native placements, their floors and deals.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};
use smallvec::SmallVec;

use crate::campaign::FormatKind;
use crate::sim::facts::{DealFacts, ImpFacts};
use crate::sim::json::{Json, write_digits, write_integer, write_uuid};
use crate::sim::outlets::OutletKind;
use crate::sim::people::Screen;
use crate::units::{Cpm, Currency, UnixMillis};

/// What the impressions of one request have in common.
pub(crate) struct Placement<'a> {
    pub(crate) outlet: OutletKind,
    pub(crate) screen: Screen,
    pub(crate) rich: bool,
    /// Fields that 2.6 added.
    pub(crate) new_fields: bool,
    /// `None`: floors do not tell, so they are in US dollars.
    pub(crate) floor_currency: Option<Currency>,
    /// Deals to offer; empty for none.
    pub(crate) deals: &'a [String],
    pub(crate) now: UnixMillis,
}

/// Writes the impression number `at`, from 0.
pub(crate) fn write_imp(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    placement: &Placement,
    at: usize,
    scratch: &mut Vec<u8>,
) -> ImpFacts {
    let formats = draw_formats(rng, placement);
    let mut facts = ImpFacts {
        id: (at + 1).to_string(),
        formats,
        floor: draw_floor(rng, placement),
        floor_currency: placement.floor_currency.unwrap_or(Currency::USD),
        private: !placement.deals.is_empty() && rng.random_bool(0.3),
        deals: Vec::new(),
    };
    let instl = placement.screen == Screen::Phone && rng.random_bool(0.06);
    json.open();
    json.text("id", &facts.id);
    for format in facts.formats.clone() {
        match format {
            FormatKind::Banner => write_banner(json, rng, placement, instl),
            FormatKind::Video => {
                if write_video(json, rng, placement, instl) == VideoFloor::PerSecond {
                    facts.floor = Cpm::ZERO;
                }
            }
            FormatKind::Audio => write_audio(json, rng),
            FormatKind::Native => write_native(json, rng, scratch),
        }
    }
    json.flag("instl", instl);
    json.plain("tagid", |out| {
        out.extend_from_slice(b"tag-");
        write_digits(out, rng.next_u64() % 90_000, 5);
    });
    if facts.floor > Cpm::ZERO {
        json.decimal("bidfloor", facts.floor.micros(), 6);
    }
    if let Some(currency) = placement.floor_currency {
        json.text("bidfloorcur", currency.code());
    }
    if rng.random_bool(0.85) {
        json.number("secure", 1);
    }
    write_pmp(json, rng, placement, &mut facts);
    write_rest(json, rng, placement);
    json.close();
    facts
}

fn draw_formats(rng: &mut Xoshiro256PlusPlus, placement: &Placement) -> SmallVec<[FormatKind; 2]> {
    use FormatKind::{Audio, Banner, Native, Video};
    let dice = rng.random_range(0..100);
    let formats: &[FormatKind] = match (placement.outlet, dice) {
        (OutletKind::Tv, 0..96) => &[Video],
        (OutletKind::Tv, _) => &[Audio],
        (OutletKind::Dooh, 0..60) => &[Banner],
        (OutletKind::Dooh, _) => &[Video],
        (_, 0..60) => &[Banner],
        (_, 60..76) => &[Video],
        (_, 76..81) => &[Banner, Video],
        (_, 81..85) => &[Banner, Native],
        (OutletKind::App, 85..91) | (_, 85..87) => &[Audio],
        _ => &[Native],
    };
    SmallVec::from_slice(formats)
}

/// Most floors are low and a few are high; one in ten is absent, and four in five are whole cents.
fn draw_floor(rng: &mut Xoshiro256PlusPlus, placement: &Placement) -> Cpm {
    if rng.random_bool(0.1) {
        return Cpm::ZERO;
    }
    let share: i64 = rng.random_range(0..1_000);
    let (least, span) = match placement.outlet {
        OutletKind::Tv => (4_000_000, 16_000),
        OutletKind::Dooh => (2_000_000, 9_000),
        OutletKind::Site | OutletKind::App => (50_000, 3_500),
    };
    let micros = least + share * share / 1_000 * share / 1_000 * span;
    let grain = if rng.random_bool(0.8) { 10_000 } else { 100 };
    Cpm::from_micros(micros / grain * grain).expect("below 25 units")
}

fn write_banner(json: &mut Json, rng: &mut Xoshiro256PlusPlus, placement: &Placement, instl: bool) {
    let sizes: &[(i64, i64)] = match (placement.outlet, placement.screen) {
        (OutletKind::Dooh, _) => &[(1_080, 1_920), (1_920, 1_080), (3_840, 2_160)],
        (_, Screen::Phone) if instl => &[(320, 480), (480, 320)],
        (_, Screen::Phone) => &[(300, 250), (320, 50), (320, 100), (336, 280), (300, 600)],
        (_, Screen::Tablet) => &[(728, 90), (300, 250), (768, 1_024), (160, 600)],
        (_, Screen::Desktop | Screen::Tv) => &[(300, 250), (728, 90), (970, 250), (300, 600), (160, 600)],
    };
    let first = rng.random_range(0..sizes.len());
    let count = if rng.random_bool(0.5) { 1 } else { rng.random_range(2..=sizes.len().max(2)) };
    let (w, h) = sizes[first];
    json.object("banner");
    if count == 1 || rng.random_bool(0.6) {
        json.number("w", w);
        json.number("h", h);
    }
    if count > 1 || rng.random_bool(0.7) {
        json.list("format");
        for at in 0..count {
            let (w, h) = sizes[(first + at) % sizes.len()];
            json.open();
            json.number("w", w);
            json.number("h", h);
            json.close();
        }
        json.close_list();
    }
    json.number("pos", if instl { 7 } else { [0, 1, 1, 3][rng.random_range(0..4)] });
    if rng.random_bool(0.4) {
        json.numbers("btype", [&[4][..], &[1, 4]][rng.random_range(0..2)]);
    }
    if rng.random_bool(0.5) {
        json.numbers("battr", [&[1, 2, 5, 8, 9, 10, 14][..], &[3, 8], &[8, 13, 17]][rng.random_range(0..3)]);
    }
    if placement.rich {
        json.texts("mimes", &["image/jpeg", "image/png", "image/gif", "text/html", "text/javascript"]);
        json.flag("topframe", rng.random_bool(0.5));
    }
    if rng.random_bool(0.5) {
        json.numbers("api", if placement.outlet == OutletKind::App { &[3, 5, 6, 7] } else { &[7] });
    }
    json.close();
}

/// Where the floor of a video imp stands.
#[derive(PartialEq, Eq)]
enum VideoFloor {
    Imp,
    PerSecond,
}

fn write_video(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    placement: &Placement,
    instl: bool,
) -> VideoFloor {
    let tv = placement.outlet == OutletKind::Tv;
    let instream = tv || rng.random_bool(0.4);
    json.object("video");
    json.texts("mimes", if tv { &["video/mp4"] } else { &["video/mp4", "video/webm"] });
    let (least, most) = [(5, 30), (6, 15), (1, 60), (10, 30), (3, 120)][rng.random_range(0..5)];
    json.number("minduration", least);
    json.number("maxduration", most);
    json.numbers("protocols", if placement.rich { &[2, 3, 5, 6, 7, 8] } else { &[2, 3, 5, 6] });
    let (w, h) = match placement.screen {
        Screen::Tv => (1_920, 1_080),
        Screen::Desktop => (640, 360),
        Screen::Tablet | Screen::Phone => [(400, 225), (320, 480), (640, 360)][rng.random_range(0..3)],
    };
    json.number("w", w);
    json.number("h", h);
    json.number("startdelay", [0, 0, -1, 15, -2][rng.random_range(0..5)]);
    json.number("linearity", 1);
    if placement.new_fields {
        json.number("plcmt", if instream { 1 } else { 2 + i64::from(instl) });
    } else {
        json.number("placement", if instream { 1 } else { 3 + 2 * i64::from(instl) });
    }
    json.flag("skip", !tv && rng.random_bool(0.5));
    json.numbers("playbackmethod", if instream { &[1, 3] } else { &[2, 6] });
    if placement.rich || tv {
        json.number("minbitrate", 300);
        json.number("maxbitrate", if tv { 20_000 } else { 6_000 });
        json.numbers("delivery", &[2]);
        json.numbers("battr", &[13, 14, 17]);
        json.flag("boxingallowed", rng.random_bool(0.9));
        json.number("pos", 7);
    }
    if !tv {
        json.numbers("api", if placement.outlet == OutletKind::App { &[7] } else { &[2, 7] });
    }
    let floor = if placement.new_fields { write_pod(json, rng, placement) } else { VideoFloor::Imp };
    json.close();
    floor
}

/// Writes what 2.6 added to video: pods, exact durations, floors by duration.
fn write_pod(json: &mut Json, rng: &mut Xoshiro256PlusPlus, placement: &Placement) -> VideoFloor {
    match (placement.outlet, rng.random_range(0..100)) {
        (OutletKind::Tv, 0..15) => {
            json.text("podid", "pod-1");
            json.number("podseq", 1);
            json.number("poddur", [60, 90, 120][rng.random_range(0..3)]);
            json.number("maxseq", rng.random_range(2..=6));
            json.decimal("mincpmpersec", rng.random_range(10..90), 2);
            return VideoFloor::PerSecond;
        }
        (OutletKind::Tv, 15..25) => json.numbers("rqddurs", &[15, 20, 30]),
        (_, 25..30) => {
            json.list("durfloors");
            for (least, most, floor) in [(1, 15, 26), (16, 30, 32)] {
                json.open();
                json.number("mindur", least);
                json.number("maxdur", most);
                json.number("bidfloor", floor);
                json.close();
            }
            json.close_list();
        }
        _ => {}
    }
    VideoFloor::Imp
}

fn write_audio(json: &mut Json, rng: &mut Xoshiro256PlusPlus) {
    json.object("audio");
    json.texts("mimes", &["audio/mpeg", "audio/mp4", "audio/ogg"]);
    json.number("minduration", 5);
    json.number("maxduration", [30, 45, 60][rng.random_range(0..3)]);
    json.numbers("protocols", &[2, 3, 7, 9]);
    json.number("startdelay", [0, -1, -2][rng.random_range(0..3)]);
    json.number("minbitrate", 64);
    json.number("maxbitrate", 320);
    json.numbers("delivery", &[1, 2]);
    json.number("feed", rng.random_range(1..=3));
    json.flag("stitched", rng.random_bool(0.2));
    json.number("nvol", 2);
    json.close();
}

/// Writes `native`, whose request is a text that holds JSON.
fn write_native(json: &mut Json, rng: &mut Xoshiro256PlusPlus, scratch: &mut Vec<u8>) {
    scratch.clear();
    write_native_request(&mut Json::new(scratch), rng);
    json.object("native");
    json.text("request", std::str::from_utf8(scratch).expect("written from texts"));
    json.text("ver", "1.2");
    json.numbers("api", &[7]);
    if rng.random_bool(0.4) {
        json.numbers("battr", &[8, 9]);
    }
    json.close();
}

fn write_native_request(json: &mut Json, rng: &mut Xoshiro256PlusPlus) {
    let wrapped = rng.random_bool(0.1);
    json.open();
    if wrapped {
        json.object("native");
    }
    json.text("ver", "1.2");
    json.number("context", rng.random_range(1..=3));
    json.number("plcmttype", rng.random_range(1..=4));
    json.number("plcmtcnt", 1);
    json.list("assets");
    write_asset(json, 1, true, |json| {
        json.object("title");
        json.number("len", [25, 40, 60, 90, 140][rng.random_range(0..5)]);
        json.close();
    });
    write_asset(json, 2, true, |json| {
        json.object("img");
        json.number("type", 3);
        let (w, h) = [(1_200, 627), (300, 250), (600, 600)][rng.random_range(0..3)];
        json.number("wmin", w);
        json.number("hmin", h);
        json.close();
    });
    for (id, kind, len) in [(3, 1, 25), (4, 2, 90), (5, 12, 15), (6, 3, 5)] {
        if rng.random_bool(0.6) {
            let required = kind == 1 && rng.random_bool(0.5);
            write_asset(json, id, required, |json| {
                json.object("data");
                json.number("type", kind);
                json.number("len", len);
                json.close();
            });
        }
    }
    json.close_list();
    json.list("eventtrackers");
    json.open();
    json.number("event", 1);
    json.numbers("methods", &[1, 2]);
    json.close();
    json.close_list();
    json.number("privacy", 1);
    if wrapped {
        json.close();
    }
    json.finish();
}

fn write_asset(json: &mut Json, id: i64, required: bool, kind: impl FnOnce(&mut Json)) {
    json.open();
    json.number("id", id);
    json.flag("required", required);
    kind(json);
    json.close();
}

fn write_pmp(json: &mut Json, rng: &mut Xoshiro256PlusPlus, placement: &Placement, facts: &mut ImpFacts) {
    if placement.deals.is_empty() {
        return;
    }
    json.object("pmp");
    json.flag("private_auction", facts.private);
    json.list("deals");
    let first = rng.random_range(0..placement.deals.len());
    let most = if placement.rich { placement.deals.len().min(3) } else { 1 };
    for at in 0..rng.random_range(1..=most) {
        let id = &placement.deals[(first + at) % placement.deals.len()];
        let floor = Cpm::from_micros(rng.random_range(50..1_200) * 10_000).expect("below 12 units");
        let currency = placement.floor_currency.filter(|_| rng.random_bool(0.7));
        json.open();
        json.text("id", id);
        json.decimal("bidfloor", floor.micros(), 6);
        if let Some(currency) = currency {
            json.text("bidfloorcur", currency.code());
        }
        if rng.random_bool(0.7) {
            json.number("at", [1, 1, 2, 3][rng.random_range(0..4)]);
        }
        if rng.random_bool(0.1) {
            json.texts("wseat", &["seat-1", "42"]);
        }
        if rng.random_bool(0.05) {
            json.texts("wadomain", &["advertiser-1.example", "advertiser-2.example"]);
        }
        if placement.new_fields && rng.random_bool(0.05) {
            json.number("guar", 1);
        }
        json.close();
        let floor_currency = currency.unwrap_or(Currency::USD);
        facts.deals.push(DealFacts { id: id.clone(), floor, floor_currency });
    }
    json.close_list();
    json.close();
}

fn write_rest(json: &mut Json, rng: &mut Xoshiro256PlusPlus, placement: &Placement) {
    if placement.outlet == OutletKind::Dooh {
        json.object("qty");
        json.decimal("multiplier", [500_000, 4_250_000, 12_000_000, 31_500_000][rng.random_range(0..4)], 6);
        json.number("sourcetype", 2);
        json.close();
        json.number("dt", placement.now.raw() + 5_000);
        json.number("exp", 7_200);
        return;
    }
    let rewarded = placement.outlet == OutletKind::App && rng.random_bool(0.05);
    if rewarded && placement.new_fields {
        json.number("rwdd", 1);
    }
    if placement.rich {
        json.list("metric");
        json.open();
        json.text("type", "viewability");
        json.decimal("value", rng.random_range(20..95), 2);
        json.text("vendor", "viewable.example");
        json.close();
        json.close_list();
        json.text(
            "displaymanager",
            if placement.outlet == OutletKind::App { "GoogleMobileAds" } else { "Prebid.js" },
        );
        json.number("exp", 300);
    }
    if placement.rich || rng.random_bool(0.3) {
        json.object("ext");
        json.plain("gpid", |out| {
            out.extend_from_slice(b"/21700000/home/top#");
            write_integer(out, rng.random_range(0..500));
        });
        if placement.rich {
            json.plain("tid", |out| write_uuid(out, rng.next_u64(), rng.next_u64()));
        }
        if rewarded && !placement.new_fields {
            json.object("prebid");
            json.number("is_rewarded_inventory", 1);
            json.close();
        }
        json.close();
    }
}
