//! Which circles hold a point, however many there are: a grid of cells over the globe.
//!
//! A circle stands in every cell that it touches, so that a point asks the few circles of its own cell only. A
//! circle of more than [`CELLS_MAX`] cells is asked by every point; there are few so large.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use crate::campaign::Circle;
use crate::geo::Spot;
use crate::targeting::key::{CIRCLES_OF_RULE_MAX, circle_key, circles_key};
use crate::targeting::place::{KM_A_DEGREE, is_within};

/// Cells a degree: 0.1 degrees are 11 km on a meridian.
const CELLS_A_DEGREE: f64 = 10.0;
/// Cells that one circle may stand in: those of a circle of about 100 km.
const CELLS_MAX: usize = 1_024;
/// Cells around the globe on a parallel.
const COLUMNS: i32 = 3_600;

/// Circles, each with its key or that of its set.
#[derive(Debug, Clone, Default)]
pub(super) struct Circles {
    circles: Vec<(Circle, u64)>,
    /// Cell to circles.
    cells: HashMap<(i16, i16), Vec<u32>, FixedState>,
    /// Circles that every point asks.
    large: Vec<u32>,
    keys: std::collections::HashSet<u64, FixedState>,
}

impl Circles {
    /// Adds what a rule names: each circle with its key, or all of a long set with one. What is known is not added
    /// again: line items of a campaign often share their places.
    pub(super) fn add(&mut self, circles: &[Circle]) {
        if circles.len() > CIRCLES_OF_RULE_MAX {
            let key = circles_key(circles);
            if self.keys.insert(key) {
                circles.iter().for_each(|circle| self.place(circle, key));
            }
            return;
        }
        for circle in circles {
            let key = circle_key(circle);
            if self.keys.insert(key) {
                self.place(circle, key);
            }
        }
    }

    fn place(&mut self, circle: &Circle, key: u64) {
        let number = u32::try_from(self.circles.len()).expect("files hold fewer than 2^32 circles");
        self.circles.push((*circle, key));
        match cells(circle) {
            Some(cells) => cells.for_each(|cell| self.cells.entry(cell).or_default().push(number)),
            None => self.large.push(number),
        }
    }

    /// Adds the keys of the circles, and of the long sets of them, that hold `spot` to `keys`, each once. A spot that
    /// is known less exactly than a circle is drawn is not held by it.
    pub(super) fn around(&self, spot: Spot, keys: &mut impl Extend<u64>) {
        let point = spot.point;
        let near = self.cells.get(&cell(point.lat, point.lon)).map_or(&[][..], Vec::as_slice);
        let asked = near.iter().chain(&self.large).map(|number| &self.circles[*number as usize]);
        let holding = asked.filter(|(circle, _)| spot.is_exact_to(circle.km) && is_within(point, circle));
        let mut told: SmallVec<[u64; 16]> = holding.map(|(_, key)| *key).collect();
        // Several circles of one set may hold the point.
        told.sort_unstable();
        told.dedup();
        keys.extend(told);
    }
}

/// The cell of a point.
fn cell(lat: f64, lon: f64) -> (i16, i16) {
    (row(lat), i16::try_from(column(lon).rem_euclid(COLUMNS)).expect("3,600 columns"))
}

#[expect(clippy::cast_possible_truncation, reason = "a latitude has at most 1,800 rows")]
fn row(lat: f64) -> i16 {
    (lat * CELLS_A_DEGREE).floor() as i16
}

#[expect(clippy::cast_possible_truncation, reason = "a longitude has at most 3,600 columns")]
fn column(lon: f64) -> i32 {
    (lon * CELLS_A_DEGREE).floor() as i32
}

/// The cells that `circle` touches; `None` if they are too many, or it lies about a pole.
fn cells(circle: &Circle) -> Option<impl Iterator<Item = (i16, i16)>> {
    let degrees = circle.km / KM_A_DEGREE;
    let (south, north) = (circle.lat - degrees, circle.lat + degrees);
    if south <= -89.0 || north >= 89.0 {
        return None;
    }
    // The widest meridians apart: where the circle touches one, not on its own parallel.
    let widest = degrees.to_radians().sin() / circle.lat.to_radians().cos();
    if !(0.0..1.0).contains(&widest) || degrees >= 90.0 {
        return None;
    }
    let side = widest.asin().to_degrees();
    let (rows, columns) = (row(south)..=row(north), column(circle.lon - side)..=column(circle.lon + side));
    let count = rows.clone().count() * columns.clone().count();
    let wrapped = |column: i32| i16::try_from(column.rem_euclid(COLUMNS)).expect("3,600 columns");
    (count <= CELLS_MAX)
        .then(|| rows.flat_map(move |row| columns.clone().map(move |column| (row, wrapped(column)))))
}

#[cfg(test)]
mod tests {
    use super::Circles;
    use crate::campaign::Circle;
    use crate::geo::{Point, Spot};
    use crate::targeting::fixture::Random;
    use crate::targeting::key::{circle_key, circles_key};
    use crate::targeting::place::is_within;

    fn random_degrees(random: &mut Random, most: i32) -> f64 {
        let steps = usize::try_from(most * 2_000 + 1).unwrap();
        f64::from(i32::try_from(random.below(steps)).unwrap()) / 1_000.0 - f64::from(most)
    }

    #[test]
    fn the_grid_finds_exactly_the_circles_that_a_scan_finds() {
        println!("seed 8");
        let random = &mut Random::from_seed(8);
        let mut circles = Circles::default();
        let mut sets = Vec::new();
        for _ in 0..3_000 {
            let circle = Circle {
                lat: random_degrees(random, 90),
                lon: random_degrees(random, 180),
                km: random.pick(&[0.5, 5.0, 30.0, 120.0, 900.0, 9_000.0]),
            };
            sets.push(circle);
        }
        sets.chunks(50).for_each(|some| circles.add(some));
        circles.add(&sets[1_000..]);
        let mut found_any = 0;
        for number in 0..3_000 {
            // Half of the points lie on the edge of a circle or near it.
            let of = sets[number % sets.len()];
            let point = if number % 2 == 0 {
                Point { lat: random_degrees(random, 90), lon: random_degrees(random, 180) }
            } else {
                let lat = (of.lat + of.km / 111.2 * random.pick(&[1.0, -1.0, 0.99, 0.5])).clamp(-90.0, 90.0);
                Point { lat, lon: of.lon }
            };
            let mut found = Vec::new();
            circles.around(Spot { point, accuracy_km: Some(0.0) }, &mut found);
            found.sort_unstable();
            let scan = sets.iter().filter(|circle| is_within(point, circle));
            let mut scan: Vec<u64> = scan.map(circle_key).collect();
            // Two circles in three stand in a long set, too.
            let in_set = |circle: &&Circle| is_within(point, circle);
            scan.extend(sets[1_000..].iter().find(in_set).map(|_| circles_key(&sets[1_000..])));
            scan.sort_unstable();
            assert_eq!(found, scan, "{point:?}");
            found_any += usize::from(!found.is_empty());
        }
        assert!(found_any > 1_000, "{found_any} points in circles prove little");
    }
}
