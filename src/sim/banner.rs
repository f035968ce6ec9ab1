//! Banners, alone and as companions of video and audio.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::sim::imps::Placement;
use crate::sim::json::Json;
use crate::sim::outlets::OutletKind;
use crate::sim::people::Screen;
use crate::sim::shares;

/// Writes `banner`.
pub(crate) fn write_banner(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    placement: &Placement,
    instl: bool,
) {
    json.object("banner");
    write_sizes(json, rng, placement, instl);
    json.number("pos", if instl { 7 } else { [0, 1, 1, 3][rng.random_range(0..4)] });
    if rng.random_bool(shares::BTYPE) {
        json.numbers("btype", [&[4][..], &[1, 4], &[3]][rng.random_range(0..3)]);
    }
    if rng.random_bool(shares::BANNER_BATTR) {
        json.numbers("battr", [&[1, 2, 5, 8, 9, 10, 14][..], &[3, 8], &[8, 13, 17]][rng.random_range(0..3)]);
    }
    if rng.random_bool(shares::EXPDIR) {
        json.numbers("expdir", [&[2, 4][..], &[1, 2, 3, 4], &[5]][rng.random_range(0..3)]);
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

fn write_sizes(json: &mut Json, rng: &mut Xoshiro256PlusPlus, placement: &Placement, instl: bool) {
    let sizes: &[(i64, i64)] = match (placement.outlet, placement.screen) {
        (OutletKind::Dooh, _) => &[(1_080, 1_920), (1_920, 1_080), (3_840, 2_160)],
        (_, Screen::Phone) if instl => &[(320, 480), (480, 320)],
        (_, Screen::Phone) => &[(300, 250), (320, 50), (320, 100), (336, 280), (300, 600)],
        (_, Screen::Tablet) => &[(728, 90), (300, 250), (768, 1_024), (160, 600)],
        (_, Screen::Desktop | Screen::Tv) => &[(300, 250), (728, 90), (970, 250), (300, 600), (160, 600)],
    };
    let first = rng.random_range(0..sizes.len());
    let count = if rng.random_bool(0.5) { 1 } else { rng.random_range(2..=sizes.len().max(2)) };
    let flexible = rng.random_bool(shares::FLEXIBLE_SIZE);
    let (w, h) = sizes[first];
    if !flexible && (count == 1 || rng.random_bool(0.6)) {
        json.number("w", w);
        json.number("h", h);
    }
    if flexible || count > 1 || rng.random_bool(0.7) {
        json.list("format");
        for at in 0..count {
            let (w, h) = sizes[(first + at) % sizes.len()];
            json.open();
            json.number("w", w);
            json.number("h", h);
            json.close();
        }
        if flexible {
            let (wratio, hratio) = [(16, 9), (4, 3), (6, 5)][rng.random_range(0..3)];
            json.open();
            json.number("wratio", wratio);
            json.number("hratio", hratio);
            json.number("wmin", 160);
            json.close();
        }
        json.close_list();
    }
}

/// Writes `companionad` and the kinds that are taken.
pub(crate) fn write_companions(json: &mut Json, rng: &mut Xoshiro256PlusPlus) {
    json.list("companionad");
    for at in 0..rng.random_range(1..=2) {
        let (w, h) = [(300, 250), (728, 90), (640, 640)][rng.random_range(0..3)];
        json.open();
        json.plain("id", |out| out.push(b'1' + at));
        json.number("w", w);
        json.number("h", h);
        json.number("vcm", i64::from(at));
        json.texts("mimes", &["image/jpeg", "image/png"]);
        json.close();
    }
    json.close_list();
    json.numbers("companiontype", [&[1][..], &[1, 2], &[1, 2, 3]][rng.random_range(0..3)]);
}
