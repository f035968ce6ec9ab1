//! AdCOM's list of category taxonomies.

/// A taxonomy of AdCOM 1.0, list "Category Taxonomies".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Taxonomy {
    /// 1: `IABn-m`.
    Content1_0 = 1,
    /// 2.
    Content2_0 = 2,
    /// 3.
    AdProduct1_0 = 3,
    /// 4: describes people. Known by name only.
    Audience1_1 = 4,
    /// 5.
    Content2_1 = 5,
    /// 6.
    Content2_2 = 6,
    /// 7.
    Content3_0 = 7,
    /// 8: made for what ads advertise.
    AdProduct2_0 = 8,
    /// 9.
    Content3_1 = 9,
}

impl Taxonomy {
    /// All of them, by code.
    pub const ALL: [Self; 9] = [
        Self::Content1_0,
        Self::Content2_0,
        Self::AdProduct1_0,
        Self::Audience1_1,
        Self::Content2_1,
        Self::Content2_2,
        Self::Content3_0,
        Self::AdProduct2_0,
        Self::Content3_1,
    ];

    /// The taxonomy of `cattax`; `None` for an exchange's own (500 and up) and for codes that are not assigned.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|taxonomy| taxonomy.code() == code)
    }

    /// Its `cattax`.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// Its name in campaign files: `ad_product_2.0`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Content1_0 => "content_1.0",
            Self::Content2_0 => "content_2.0",
            Self::AdProduct1_0 => "ad_product_1.0",
            Self::Audience1_1 => "audience_1.1",
            Self::Content2_1 => "content_2.1",
            Self::Content2_2 => "content_2.2",
            Self::Content3_0 => "content_3.0",
            Self::AdProduct2_0 => "ad_product_2.0",
            Self::Content3_1 => "content_3.1",
        }
    }

    /// The versions that share its table; `None` without one.
    pub(in crate::taxonomy) const fn family(self) -> Option<Family> {
        match self {
            Self::Content1_0 => Some(Family::Content1),
            Self::Content2_0 | Self::Content2_1 | Self::Content2_2 => Some(Family::Content2),
            Self::Content3_0 | Self::Content3_1 => Some(Family::Content3),
            Self::AdProduct1_0 => Some(Family::AdProduct1),
            Self::AdProduct2_0 => Some(Family::AdProduct2),
            Self::Audience1_1 => None,
        }
    }
}

/// Versions of one taxonomy that differ by added rows only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::taxonomy) enum Family {
    Content1,
    Content2,
    Content3,
    AdProduct1,
    AdProduct2,
}

impl Family {
    /// How many there are.
    pub(in crate::taxonomy) const COUNT: usize = 5;
    /// All of them, in the order of their indices.
    pub(in crate::taxonomy) const ALL: [Self; Self::COUNT] =
        [Self::Content1, Self::Content2, Self::Content3, Self::AdProduct1, Self::AdProduct2];

    /// Its place in arrays.
    pub(in crate::taxonomy) const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{Family, Taxonomy};

    #[test]
    fn codes_are_those_of_adcom_and_others_are_unknown() {
        for (code, name) in
            [(1, "content_1.0"), (3, "ad_product_1.0"), (6, "content_2.2"), (9, "content_3.1")]
        {
            assert_eq!(Taxonomy::from_code(code).map(Taxonomy::name), Some(name));
        }
        for code in [0, 10, 20, 500, 501, u32::MAX] {
            assert_eq!(Taxonomy::from_code(code), None, "{code}");
        }
    }

    #[test]
    fn families_stand_where_their_indices_say() {
        for (at, family) in Family::ALL.into_iter().enumerate() {
            assert_eq!(family.index(), at);
        }
    }
}
