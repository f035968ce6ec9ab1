//! What more than one part of a request depends on, drawn before the first byte is written.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};
use smallvec::SmallVec;

use crate::sim::facts::SizeClass;
use crate::sim::outlets::OutletKind;
use crate::sim::people::{Disclosure, Person, Screen, zipf};
use crate::sim::shares;
use crate::sim::traffic::Mix;
use crate::units::Currency;

/// One request before it is written.
pub(crate) struct Plan {
    pub(crate) size: SizeClass,
    /// Bytes to write, about.
    pub(crate) target: usize,
    pub(crate) person: Person,
    pub(crate) outlet: OutletKind,
    pub(crate) gdpr: Option<bool>,
    pub(crate) granted: bool,
    pub(crate) coppa: bool,
    pub(crate) limited: bool,
    pub(crate) buyeruid: bool,
    pub(crate) ifa: bool,
    /// Fields in the places of 2.6.
    pub(crate) new_fields: bool,
    pub(crate) currencies: SmallVec<[Currency; 2]>,
    pub(crate) tmax_ms: u32,
    pub(crate) deals: bool,
    pub(crate) test: bool,
}

/// What exchanges usually wait.
pub(crate) const USUAL_TMAX: [u32; 8] = [80, 100, 120, 120, 150, 200, 250, 300];

impl Plan {
    /// The plan of the next request of `mix`.
    pub(crate) fn draw(rng: &mut Xoshiro256PlusPlus, mix: &Mix) -> Self {
        let (size, target) = draw_size(rng, mix);
        let person = Person::new(zipf(rng.next_u64(), mix.users));
        let outlet = draw_outlet(rng, mix, &person);
        let gdpr_applies = person.home().gdpr;
        let gdpr = match gdpr_applies && rng.random_bool(mix.gdpr) {
            true => Some(true),
            false => rng.random_bool(0.5).then_some(false),
        };
        let limited = rng.random_bool(0.06);
        let coppa = rng.random_bool(0.005);
        let granted = gdpr != Some(true) || rng.random_bool(0.8);
        let traceable = granted && !coppa && outlet != OutletKind::Dooh;
        Self {
            size,
            target,
            person,
            outlet,
            gdpr,
            granted,
            coppa,
            limited,
            buyeruid: traceable && !limited && rng.random_bool(0.8),
            ifa: traceable && outlet != OutletKind::Site,
            // Screens in the street came with 2.6.
            new_fields: rng.random_bool(mix.version_2_6) || outlet == OutletKind::Dooh,
            currencies: draw_currencies(rng),
            tmax_ms: match rng.random_bool(shares::ODD_TMAX) {
                true => rng.random_range(1..=1_000),
                false => USUAL_TMAX[rng.random_range(0..8)],
            },
            deals: rng.random_bool(mix.deal_share),
            test: rng.random_bool(mix.test),
        }
    }

    /// True if there is room for what few exchanges tell.
    pub(crate) fn rich(&self) -> bool {
        self.size != SizeClass::Small
    }

    pub(crate) fn has_ifa(&self) -> bool {
        self.person.screen() != Screen::Desktop
    }

    /// What of the person may be told, with random bits for what changes from request to request.
    pub(crate) fn disclosure(&self, random: u64) -> Disclosure {
        let outdoor = self.outlet == OutletKind::Dooh;
        Disclosure {
            ifa: self.ifa,
            limited: self.limited,
            outdoor,
            rich: self.rich(),
            new_fields: self.new_fields,
            random,
        }
    }
}

fn draw_size(rng: &mut Xoshiro256PlusPlus, mix: &Mix) -> (SizeClass, usize) {
    let dice: f64 = rng.random();
    let size = if dice < mix.small {
        SizeClass::Small
    } else if dice < mix.small + mix.large {
        SizeClass::Large
    } else {
        SizeClass::Huge
    };
    let (least, spread) = match size {
        SizeClass::Small => (900, 600),
        SizeClass::Large => (2_650, 1_350),
        SizeClass::Huge => (6_100, 2_900),
    };
    (size, least + rng.random_range(0..=spread) + rng.random_range(0..=spread))
}

fn draw_outlet(rng: &mut Xoshiro256PlusPlus, mix: &Mix, person: &Person) -> OutletKind {
    if rng.random_bool(mix.dooh) {
        return OutletKind::Dooh;
    }
    match person.screen() {
        Screen::Tv => OutletKind::Tv,
        Screen::Desktop => OutletKind::Site,
        Screen::Phone | Screen::Tablet if rng.random_bool(0.55) => OutletKind::App,
        Screen::Phone | Screen::Tablet => OutletKind::Site,
    }
}

fn draw_currencies(rng: &mut Xoshiro256PlusPlus) -> SmallVec<[Currency; 2]> {
    let code = |code| Currency::from_code(code).expect("three capital letters");
    if rng.random_bool(shares::OTHER_CURRENCIES) {
        return match rng.random_range(0..3) {
            0 => [Currency::USD, Currency::EUR, code("GBP")].into_iter().collect(),
            1 => [code("GBP")].into_iter().collect(),
            _ => [code("JPY"), Currency::USD, code("AUD")].into_iter().collect(),
        };
    }
    let currencies: &[Currency] = match rng.random_range(0..100) {
        0..50 => &[Currency::EUR],
        50..75 => &[Currency::USD],
        75..85 => &[Currency::EUR, Currency::USD],
        85..88 => &[Currency::USD, Currency::EUR],
        _ => &[],
    };
    SmallVec::from_slice(currencies)
}
