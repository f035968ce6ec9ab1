//! Points in circles on the globe.

use crate::campaign::Circle;
use crate::geo::Point;

/// Mean radius of the earth in kilometres. Source: IUGG.
const EARTH_KM: f64 = 6_371.008_8;

/// Kilometres of a degree of latitude on this sphere, rounded down.
pub(super) const KM_A_DEGREE: f64 = 111.0;

/// True if `point` lies in `circle` or on its edge.
pub(super) fn is_within(point: Point, circle: &Circle) -> bool {
    // Most circles end here.
    (point.lat - circle.lat).abs() * KM_A_DEGREE <= circle.km && km_to(point, circle) <= circle.km
}

/// Kilometres from `point` to the centre of `circle`.
pub(super) fn km_to(point: Point, circle: &Circle) -> f64 {
    let (lat, other) = (point.lat.to_radians(), circle.lat.to_radians());
    let rise = ((other - lat) / 2.0).sin();
    let turn = ((circle.lon - point.lon).to_radians() / 2.0).sin();
    let haversine = rise * rise + lat.cos() * other.cos() * turn * turn;
    2.0 * EARTH_KM * haversine.clamp(0.0, 1.0).sqrt().asin()
}
#[cfg(test)]
mod tests {
    use super::is_within;
    use crate::campaign::Circle;
    use crate::geo::Point;

    #[track_caller]
    fn check(lat: f64, lon: f64, circle: (f64, f64, f64), want: bool) {
        let point = Point::new(Some(lat), Some(lon)).unwrap();
        let circle = Circle { lat: circle.0, lon: circle.1, km: circle.2 };
        assert_eq!(is_within(point, &circle), want, "{point:?} {circle:?}");
    }

    #[test]
    fn a_circle_ends_at_its_radius() {
        // Paris to Lyon: 391.5 km.
        check(48.8566, 2.3522, (45.764, 4.8357, 392.0), true);
        check(48.8566, 2.3522, (45.764, 4.8357, 391.0), false);
        check(45.764, 4.8357, (45.764, 4.8357, 0.001), true);
    }

    #[test]
    fn a_circle_may_cross_the_date_line_and_hold_the_pole() {
        check(0.0, 179.9, (0.0, -179.9, 30.0), true);
        check(89.9, 0.0, (89.9, 180.0, 30.0), true);
        check(0.0, 179.0, (0.0, -179.0, 30.0), false);
    }
}
