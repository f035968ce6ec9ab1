//! Purposes of a consent framework, as a set.

/// Purposes 1 to 24. Source: TCF, "Transparency and Consent String", the width of its purpose fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purposes(u32);

/// Purposes that a consent string has room for.
const ROOM: u8 = 24;

/// Store and access information on a device: ids and cookies.
pub(in crate::privacy) const STORE: u8 = 1;
/// Select basic advertising.
pub(in crate::privacy) const BASIC_ADS: u8 = 2;
/// Create profiles for personalised advertising.
pub(in crate::privacy) const PROFILE: u8 = 3;
/// Use profiles to select personalised advertising.
pub(in crate::privacy) const PERSONALISED_ADS: u8 = 4;
/// Measure advertising performance.
pub(in crate::privacy) const MEASURE: u8 = 7;

impl Purposes {
    /// No purpose.
    pub const NONE: Self = Self(0);

    /// The set of `purposes`; those that are not 1 to 24 are left out.
    #[must_use]
    pub fn new(purposes: impl IntoIterator<Item = u8>) -> Self {
        let mut set = Self::NONE;
        for purpose in purposes {
            set.insert(purpose);
        }
        set
    }

    /// True if `purpose` is among them.
    #[must_use]
    pub fn has(self, purpose: u8) -> bool {
        bit(purpose).is_some_and(|bit| self.0 & bit != 0)
    }

    /// As a string holds them: the highest of 24 bits is purpose 1.
    pub(in crate::privacy) fn from_field(field: u64) -> Self {
        Self(u32::try_from(field & 0xff_ffff).expect("24 bits fit"))
    }

    /// Adds `purpose`, if it is 1 to 24.
    pub(in crate::privacy) fn insert(&mut self, purpose: u8) {
        self.0 |= bit(purpose).unwrap_or(0);
    }
}

fn bit(purpose: u8) -> Option<u32> {
    (1..=ROOM).contains(&purpose).then(|| 1 << (ROOM - purpose))
}

#[cfg(test)]
mod tests {
    use super::Purposes;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set = Purposes::new([0, 2, 7, 24, 25, 255]);
        let held: Vec<u8> = (0..=255).filter(|purpose| set.has(*purpose)).collect();
        assert_eq!(held, [2, 7, 24]);
        assert_eq!(set, Purposes::from_field(0b0100_0010_0000_0000_0000_0001));
        assert_eq!(Purposes::new([]), Purposes::default());
    }
}
