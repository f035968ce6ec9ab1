//! What a request wants to be told about who is behind an ad: IAB Tech Lab, DSA Transparency 1.0, after the
//! Digital Services Act, articles 26 and 39.

use crate::creative::{Misfit, Placement};
use crate::openrtb::Dsa;

/// What a bid has to tell, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disclosure {
    /// True if the markup must show it, since the publisher cannot (`pubrender` 0): `adrender` 1.
    pub in_markup: bool,
    /// True if the publisher takes it as data too (`datatopub`).
    pub as_data: bool,
    /// True if anything known of the person entered the choice of the ad.
    pub personal: bool,
}

impl Disclosure {
    /// What `dsa` wants of a bid; `None` where it requires nothing.
    #[must_use]
    pub const fn wanted(dsa: &Dsa, personal: bool) -> Option<Self> {
        if dsa.required < 2 {
            return None;
        }
        Some(Self { in_markup: dsa.pubrender == 0, as_data: dsa.datatopub >= 1, personal })
    }

    /// Whether a bid of `placement` can tell it.
    ///
    /// # Errors
    ///
    /// [`Misfit::Disclosure`] if the markup would have to show it and cannot.
    pub fn fits(self, placement: &Placement<'_>) -> Result<(), Misfit> {
        if self.in_markup && !placement.can_disclose() {
            return Err(Misfit::Disclosure);
        }
        Ok(())
    }

    /// `dsaparams`: 1 profiling, 2 basic advertising.
    #[must_use]
    pub const fn params(self) -> &'static [u32] {
        if self.personal { &[1] } else { &[2] }
    }
}

#[cfg(test)]
mod tests {
    use crate::creative::Disclosure;
    use crate::openrtb::Dsa;

    #[track_caller]
    fn check((required, pubrender, datatopub): (u32, u32, u32), want: Option<(bool, bool)>) {
        let dsa = Dsa { required, pubrender, datatopub };
        let got = Disclosure::wanted(&dsa, true).map(|wanted| (wanted.in_markup, wanted.as_data));
        assert_eq!(got, want);
    }

    #[test]
    fn only_what_is_required_is_told() {
        check((0, 0, 2), None);
        check((1, 0, 2), None);
        check((2, 0, 0), Some((true, false)));
        check((2, 1, 1), Some((false, true)));
        check((3, 2, 2), Some((false, true)));
    }

    #[test]
    fn a_person_known_is_profiling_and_a_stranger_is_not() {
        let dsa = Dsa { required: 2, ..Dsa::default() };
        assert_eq!(Disclosure::wanted(&dsa, true).unwrap().params(), [1]);
        assert_eq!(Disclosure::wanted(&dsa, false).unwrap().params(), [2]);
    }
}
