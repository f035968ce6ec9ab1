//! Video and audio: durations, pods, floors by duration, skipping.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::sim::banner::write_companions;
use crate::sim::imps::Placement;
use crate::sim::json::Json;
use crate::sim::outlets::OutletKind;
use crate::sim::people::Screen;
use crate::sim::shares;
use crate::units::Cpm;

/// What one imp is in a pod that takes several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PodPart {
    /// One slot of a fixed length.
    Slot {
        /// `slotinpod`.
        place: i64,
        /// Its length.
        seconds: u32,
    },
    /// The dynamic rest of a hybrid pod.
    Rest,
}

/// The parts of a pod of several imps, if this request is for one; else empty.
pub(crate) fn draw_pod(rng: &mut Xoshiro256PlusPlus, placement: &Placement) -> Vec<PodPart> {
    if placement.outlet != OutletKind::Tv || !placement.new_fields || !placement.rich {
        return Vec::new();
    }
    let dice: f64 = rng.random();
    let (slots, rest) = match dice {
        dice if dice < shares::STRUCTURED_POD => (rng.random_range(2..=4), false),
        dice if dice < shares::STRUCTURED_POD + shares::HYBRID_POD => (rng.random_range(1..=2), true),
        _ => return Vec::new(),
    };
    let mut parts: Vec<PodPart> = (0..slots)
        .map(|at| {
            let place = match at {
                0 => [1, 2][rng.random_range(0..2)],
                at if at + 1 == slots && !rest => -1,
                _ => 0,
            };
            PodPart::Slot { place, seconds: [15, 20, 30][rng.random_range(0..3)] }
        })
        .collect();
    parts.extend(rest.then_some(PodPart::Rest));
    parts
}

/// What this offer is as to pods.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pod {
    None,
    Slot { place: i64, seconds: u32 },
    Dynamic,
}

/// Writes `video` of an imp with the floor `floor`, full screen or not; tells the floor that is left for
/// `bidfloor`.
pub(crate) fn write_video(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    placement: &Placement,
    (floor, instl, part): (Cpm, bool, Option<PodPart>),
) -> Cpm {
    let tv = placement.outlet == OutletKind::Tv;
    let pod = match part {
        Some(PodPart::Slot { place, seconds }) => Pod::Slot { place, seconds },
        Some(PodPart::Rest) => Pod::Dynamic,
        None if tv && placement.new_fields && rng.random_bool(shares::DYNAMIC_POD) => Pod::Dynamic,
        None => Pod::None,
    };
    json.object("video");
    json.texts("mimes", if tv { &["video/mp4"] } else { &["video/mp4", "video/webm"] });
    write_durations(json, rng, placement, pod);
    json.numbers("protocols", if placement.rich { &[2, 3, 5, 6, 7, 8] } else { &[2, 3, 5, 6] });
    let (w, h) = match placement.screen {
        Screen::Tv => (1_920, 1_080),
        Screen::Desktop => (640, 360),
        Screen::Tablet | Screen::Phone => [(400, 225), (320, 480), (640, 360)][rng.random_range(0..3)],
    };
    json.number("w", w);
    json.number("h", h);
    write_player(json, rng, placement, instl);
    if !tv {
        json.numbers("api", if placement.outlet == OutletKind::App { &[7] } else { &[2, 7] });
    }
    if placement.rich && rng.random_bool(shares::COMPANIONS) {
        write_companions(json, rng);
    }
    let floor = write_pod(json, rng, placement, (pod, floor));
    json.close();
    floor
}

/// Writes how and where the player plays.
fn write_player(json: &mut Json, rng: &mut Xoshiro256PlusPlus, placement: &Placement, instl: bool) {
    let tv = placement.outlet == OutletKind::Tv;
    let instream = tv || rng.random_bool(0.4);
    json.number("startdelay", [0, 0, -1, 15, -2][rng.random_range(0..5)]);
    json.number("linearity", 1 + i64::from(!tv && rng.random_bool(shares::OVERLAY)));
    if placement.new_fields {
        json.number("plcmt", if instream { 1 } else { 2 + i64::from(instl) });
    }
    if !placement.new_fields || rng.random_bool(shares::PLACEMENT_TOO) {
        json.number("placement", if instream { 1 } else { 3 + 2 * i64::from(instl) });
    }
    let skip = !tv && rng.random_bool(shares::SKIP);
    json.flag("skip", skip);
    if skip && rng.random_bool(shares::SKIPAFTER) {
        json.number("skipmin", [0, 5, 15][rng.random_range(0..3)]);
        json.number("skipafter", [3, 5][rng.random_range(0..2)]);
    }
    json.numbers("playbackmethod", if instream { &[1, 3] } else { &[2, 6] });
    if rng.random_bool(shares::NO_BOXING) {
        json.number("boxingallowed", 0);
    }
    if placement.rich || tv {
        json.number("minbitrate", 300);
        json.number("maxbitrate", if tv { 20_000 } else { 6_000 });
        json.numbers("delivery", &[2]);
        json.numbers("battr", &[13, 14, 17]);
        json.number("pos", 7);
    }
}

/// Writes `audio` of an imp with the floor `floor`; tells the floor that is left for `bidfloor`.
pub(crate) fn write_audio(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    placement: &Placement,
    floor: Cpm,
) -> Cpm {
    let dynamic = placement.new_fields && rng.random_bool(shares::DYNAMIC_POD);
    let pod = if dynamic { Pod::Dynamic } else { Pod::None };
    json.object("audio");
    json.texts("mimes", &["audio/mpeg", "audio/mp4", "audio/ogg"]);
    write_durations(json, rng, placement, pod);
    json.numbers("protocols", &[2, 3, 7, 9]);
    json.number("startdelay", [0, -1, -2][rng.random_range(0..3)]);
    json.number("minbitrate", 64);
    json.number("maxbitrate", 320);
    json.numbers("delivery", &[1, 2]);
    json.number("feed", rng.random_range(1..=3));
    json.flag("stitched", rng.random_bool(0.2));
    json.number("nvol", 2);
    if placement.rich && rng.random_bool(shares::COMPANIONS) {
        write_companions(json, rng);
    }
    let floor = write_pod(json, rng, placement, (pod, floor));
    json.close();
    floor
}

/// Writes the durations taken: a range, or the only ones.
fn write_durations(json: &mut Json, rng: &mut Xoshiro256PlusPlus, placement: &Placement, pod: Pod) {
    let exact = match pod {
        Pod::None => placement.new_fields && rng.random_bool(shares::RQDDURS),
        Pod::Slot { .. } | Pod::Dynamic => rng.random_bool(0.5),
    };
    let (least, most) = match pod {
        Pod::Slot { seconds, .. } => (seconds, seconds),
        Pod::Dynamic => [(5, 30), (15, 30), (6, 60)][rng.random_range(0..3)],
        Pod::None => [(5, 30), (6, 15), (1, 60), (10, 30), (3, 120)][rng.random_range(0..5)],
    };
    match (pod, exact) {
        (Pod::Slot { seconds, .. }, true) => json.numbers("rqddurs", &[seconds]),
        (_, true) => {
            json.numbers("rqddurs", [&[15, 30][..], &[15, 20, 30], &[6, 15]][rng.random_range(0..3)]);
        }
        (_, false) => {
            json.number("minduration", i64::from(least));
            json.number("maxduration", i64::from(most));
            if rng.random_bool(shares::MAXEXTENDED) {
                json.number("maxextended", [-1, 5, 15, 30][rng.random_range(0..4)]);
            }
        }
    }
}

/// Writes what 2.6 added: pods, and floors by duration. A price per second takes the place of the floor.
fn write_pod(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    placement: &Placement,
    (pod, floor): (Pod, Cpm),
) -> Cpm {
    if pod != Pod::None {
        json.text("podid", "pod-1");
        json.number("podseq", [1, 0, -1][rng.random_range(0..3)]);
        if rng.random_bool(shares::PODDEDUPE) {
            json.numbers("poddedupe", [&[1][..], &[1, 2], &[3, 4], &[5]][rng.random_range(0..4)]);
        }
    }
    match pod {
        Pod::Slot { place, .. } => json.number("slotinpod", place),
        Pod::Dynamic => {
            json.number("poddur", [60, 90, 120][rng.random_range(0..3)]);
            json.number("maxseq", rng.random_range(2..=6));
            if rng.random_bool(shares::MINCPMPERSEC) {
                json.decimal("mincpmpersec", rng.random_range(10..90), 2);
                return Cpm::ZERO;
            }
        }
        Pod::None => {}
    }
    if placement.new_fields && rng.random_bool(shares::DURFLOORS) {
        write_durfloors(json, rng, floor);
    }
    floor
}

/// Writes `durfloors`, none below `floor`: ranges with both ends, with one, and with a gap between them.
pub(crate) fn write_durfloors(json: &mut Json, rng: &mut Xoshiro256PlusPlus, floor: Cpm) {
    let ranges: &[(Option<i64>, Option<i64>)] = [
        &[(Some(1), Some(15)), (Some(16), Some(30))][..],
        &[(None, Some(15)), (Some(16), None)],
        &[(Some(1), Some(10)), (Some(20), Some(30))],
        &[(Some(30), None)],
    ][rng.random_range(0..4)];
    json.list("durfloors");
    for (at, (least, most)) in (1..).zip(ranges) {
        json.open();
        for (name, bound) in [("mindur", least), ("maxdur", most)] {
            if let Some(bound) = bound {
                json.number(name, *bound);
            }
        }
        json.decimal("bidfloor", floor.micros() + at * 1_250_000, 6);
        json.close();
    }
    json.close_list();
}
