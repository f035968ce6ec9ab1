//! Impressions: in which media, at which floor, under which deals.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};
use smallvec::SmallVec;

use crate::campaign::FormatKind;
use crate::sim::banner::write_banner;
use crate::sim::deals::write_pmp;
use crate::sim::facts::ImpFacts;
use crate::sim::json::{Json, write_digits, write_integer, write_uuid};
use crate::sim::native::write_native;
use crate::sim::outlets::OutletKind;
use crate::sim::people::Screen;
use crate::sim::shares;
use crate::sim::video::{PodPart, write_audio, write_video};
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

/// Writes the impression number `at`, from 0; `part` is its own in a pod of several.
pub(crate) fn write_imp(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    placement: &Placement,
    (at, part): (usize, Option<PodPart>),
    scratch: &mut Vec<u8>,
) -> ImpFacts {
    let formats = match part {
        Some(_) => SmallVec::from_slice(&[FormatKind::Video]),
        None => draw_formats(rng, placement),
    };
    let floor_currency = match placement.floor_currency {
        Some(_) if rng.random_bool(shares::FLOOR_IN_OTHER_CURRENCY) => {
            Currency::from_code(["GBP", "CHF", "SEK", "JPY"][rng.random_range(0..4)])
        }
        currency => currency,
    };
    let mut facts = ImpFacts {
        id: (at + 1).to_string(),
        formats,
        floor: draw_floor(rng, placement),
        floor_currency: floor_currency.unwrap_or(Currency::USD),
        private: !placement.deals.is_empty() && rng.random_bool(shares::PRIVATE),
        deals: Vec::new(),
    };
    let instl = placement.screen == Screen::Phone && rng.random_bool(shares::INSTL);
    json.open();
    json.text("id", &facts.id);
    for format in facts.formats.clone() {
        match format {
            FormatKind::Banner => write_banner(json, rng, placement, instl),
            FormatKind::Video => facts.floor = write_video(json, rng, placement, (facts.floor, instl, part)),
            FormatKind::Audio => facts.floor = write_audio(json, rng, placement, facts.floor),
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
    if let Some(currency) = floor_currency {
        json.text("bidfloorcur", currency.code());
    }
    if rng.random_bool(0.85) {
        json.number("secure", 1);
    }
    write_pmp(json, rng, placement, &mut facts);
    if placement.outlet == OutletKind::Dooh {
        write_plays(json, rng, placement);
    } else {
        write_rest(json, rng, placement, facts.formats.contains(&FormatKind::Video));
    }
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
        (_, 76..80) => &[Banner, Video],
        (_, 80) if placement.rich => &[Banner, Video, Native],
        (_, 80..85) => &[Banner, Native],
        (OutletKind::App, 85..91) | (_, 85..87) => &[Audio],
        _ => &[Native],
    };
    SmallVec::from_slice(formats)
}

/// Most floors are low and a few are high; four in five are whole cents.
fn draw_floor(rng: &mut Xoshiro256PlusPlus, placement: &Placement) -> Cpm {
    if rng.random_bool(shares::NO_FLOOR) {
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

/// Writes what an imp in the street has: how many a play counts as, when it runs, and until when it is billed.
fn write_plays(json: &mut Json, rng: &mut Xoshiro256PlusPlus, placement: &Placement) {
    json.object("qty");
    let millionths = match rng.random_bool(shares::QTY_BELOW_ONE) {
        true => [250_000, 500_000, 812_500][rng.random_range(0..3)],
        false => [4_250_000, 12_000_000, 14_200_000, 31_500_000][rng.random_range(0..4)],
    };
    json.decimal("multiplier", millionths, 6);
    if rng.random_bool(shares::QTY_VENDOR) {
        json.number("sourcetype", 1);
        json.text("vendor", "measurement.example");
    } else {
        json.number("sourcetype", [0, 2, 3][rng.random_range(0..3)]);
    }
    json.close();
    json.number("dt", placement.now.raw() + rng.random_range(1..3_600) * 1_000);
    json.number("exp", rng.random_range(1..=6) * 3_600);
}

fn write_rest(json: &mut Json, rng: &mut Xoshiro256PlusPlus, placement: &Placement, video: bool) {
    let rewarded = placement.outlet == OutletKind::App && rng.random_bool(shares::RWDD);
    if rewarded && placement.new_fields {
        json.number("rwdd", 1);
    }
    if video && placement.outlet == OutletKind::Tv && placement.new_fields && rng.random_bool(shares::SSAI) {
        json.number("ssai", rng.random_range(1..=3));
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
    let rewarded_in_ext = rewarded && (!placement.new_fields || rng.random_bool(shares::RWDD_IN_EXT));
    if placement.rich || rewarded_in_ext || rng.random_bool(0.3) {
        json.object("ext");
        json.plain("gpid", |out| {
            out.extend_from_slice(b"/21700000/home/top#");
            write_integer(out, rng.random_range(0..500));
        });
        if placement.rich {
            json.plain("tid", |out| write_uuid(out, rng.next_u64(), rng.next_u64()));
        }
        if rewarded_in_ext {
            json.object("prebid");
            json.number("is_rewarded_inventory", 1);
            json.close();
        }
        json.close();
    }
}
