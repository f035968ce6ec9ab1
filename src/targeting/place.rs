//! Where on the globe: coordinates and circles.

use crate::campaign::Circle;

/// Mean radius of the earth in kilometres. Source: IUGG.
const EARTH_KM: f64 = 6_371.008_8;

/// Kilometres of a degree of latitude on this sphere, rounded down.
pub(super) const KM_A_DEGREE: f64 = 111.0;

/// A place by its coordinates, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) lat: f64,
    pub(super) lon: f64,
}

impl Point {
    /// The point, unless it lies off the globe or at exactly 0, 0, which senders write for "unknown".
    pub(super) fn new(lat: Option<f64>, lon: Option<f64>) -> Option<Self> {
        let (lat, lon) = (lat?, lon?);
        let on_globe = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
        let told = lat.abs() > f64::EPSILON || lon.abs() > f64::EPSILON;
        (on_globe && told).then_some(Self { lat, lon })
    }

    /// True if the point lies in `circle` or on its edge.
    pub(super) fn within(self, circle: &Circle) -> bool {
        // Most circles end here.
        if (self.lat - circle.lat).abs() * KM_A_DEGREE > circle.km {
            return false;
        }
        let (lat, other) = (self.lat.to_radians(), circle.lat.to_radians());
        let rise = ((other - lat) / 2.0).sin();
        let turn = ((circle.lon - self.lon).to_radians() / 2.0).sin();
        let haversine = rise * rise + lat.cos() * other.cos() * turn * turn;
        2.0 * EARTH_KM * haversine.clamp(0.0, 1.0).sqrt().asin() <= circle.km
    }
}

#[cfg(test)]
mod tests {
    use super::Point;
    use crate::campaign::Circle;

    #[track_caller]
    fn check(lat: f64, lon: f64, circle: (f64, f64, f64), want: bool) {
        let point = Point::new(Some(lat), Some(lon)).unwrap();
        let circle = Circle { lat: circle.0, lon: circle.1, km: circle.2 };
        assert_eq!(point.within(&circle), want, "{point:?} {circle:?}");
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

    #[test]
    fn what_is_off_the_globe_is_no_place() {
        for (lat, lon) in [(91.0, 0.0), (0.0, 181.0), (f64::NAN, 1.0), (0.0, 0.0)] {
            assert_eq!(Point::new(Some(lat), Some(lon)), None);
        }
        assert_eq!(Point::new(Some(1.0), None), None);
        assert!(Point::new(Some(0.0), Some(1.0)).is_some());
    }
}
