//! Native placements: the request inside, of each version and in each of its shapes.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::sim::json::Json;
use crate::sim::shares;

/// Writes `native`, whose request is a text that holds JSON, or the object itself.
pub(crate) fn write_native(json: &mut Json, rng: &mut Xoshiro256PlusPlus, scratch: &mut Vec<u8>) {
    let ver = match rng.random_bool(shares::NATIVE_OLD) {
        true => ["1.0", "1.1"][rng.random_range(0..2)],
        false => "1.2",
    };
    json.object("native");
    if rng.random_bool(shares::NATIVE_OBJECT) {
        json.object("request");
        write_root(json, rng, ver);
        json.close();
    } else {
        scratch.clear();
        let mut inner = Json::new(scratch);
        inner.open();
        write_root(&mut inner, rng, ver);
        inner.finish();
        json.text("request", std::str::from_utf8(scratch).expect("written from texts"));
    }
    json.text("ver", ver);
    json.numbers("api", &[7]);
    if rng.random_bool(0.4) {
        json.numbers("battr", &[8, 9]);
    }
    json.close();
}

/// Writes the members of the root: those of the request, or the one that wraps them.
fn write_root(json: &mut Json, rng: &mut Xoshiro256PlusPlus, ver: &str) {
    let wrapped = rng.random_bool(shares::NATIVE_WRAPPED);
    if wrapped {
        json.object("native");
    }
    json.text("ver", ver);
    if ver == "1.0" {
        json.number("layout", rng.random_range(1..=7));
        json.number("adunit", rng.random_range(1..=5));
    } else {
        json.number("context", rng.random_range(1..=3));
        json.number("plcmttype", rng.random_range(1..=4));
    }
    json.number("plcmtcnt", 1);
    json.list("assets");
    write_assets(json, rng);
    json.close_list();
    if ver == "1.2" {
        json.list("eventtrackers");
        for (event, methods) in [(1, &[1, 2][..]), (2, &[1])] {
            if event == 1 || rng.random_bool(0.3) {
                json.open();
                json.number("event", event);
                json.numbers("methods", methods);
                json.close();
            }
        }
        json.close_list();
        json.number("privacy", 1);
    }
    if wrapped {
        json.close();
    }
}

fn write_assets(json: &mut Json, rng: &mut Xoshiro256PlusPlus) {
    write_asset(json, 1, true, |json| {
        json.object("title");
        json.number("len", [25, 40, 60, 90, 140][rng.random_range(0..5)]);
        json.close();
    });
    write_asset(json, 2, true, |json| {
        json.object("img");
        json.number("type", 3);
        let (w, h) = [(1_200, 627), (300, 250), (600, 600)][rng.random_range(0..3)];
        let least = rng.random_bool(0.8);
        json.number(if least { "wmin" } else { "w" }, w);
        json.number(if least { "hmin" } else { "h" }, h);
        json.close();
    });
    // Sponsored, description, call to action, rating, price, displayed address.
    for (id, kind, len) in [(3, 1, 25), (4, 2, 90), (5, 12, 15), (6, 3, 5), (7, 6, 12), (8, 11, 30)] {
        if rng.random_bool(if id < 7 { 0.5 } else { 0.1 }) {
            let required = kind == 1 && rng.random_bool(0.5);
            write_asset(json, id, required, |json| {
                json.object("data");
                json.number("type", kind);
                json.number("len", len);
                json.close();
            });
        }
    }
    if rng.random_bool(shares::NATIVE_ICON) {
        write_asset(json, 9, false, |json| {
            json.object("img");
            json.number("type", 1);
            json.number("wmin", 50);
            json.number("hmin", 50);
            json.texts("mimes", &["image/png", "image/jpeg"]);
            json.close();
        });
    }
    if rng.random_bool(shares::NATIVE_VIDEO) {
        let required = rng.random_bool(0.3);
        write_asset(json, 10, required, |json| {
            json.object("video");
            json.texts("mimes", &["video/mp4"]);
            json.number("minduration", 5);
            json.number("maxduration", 30);
            json.numbers("protocols", &[2, 3, 5, 6]);
            json.close();
        });
    }
}

fn write_asset(json: &mut Json, id: i64, required: bool, kind: impl FnOnce(&mut Json)) {
    json.open();
    json.number("id", id);
    json.flag("required", required);
    kind(json);
    json.close();
}
