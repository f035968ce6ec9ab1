//! The versions of VAST that we write, and their codes (AdCOM 1.0, List: Creative Subtypes).

/// A version, in order of age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vast {
    /// 2.0.
    V2_0,
    /// 3.0.
    V3_0,
    /// 4.0.
    V4_0,
    /// 4.1.
    V4_1,
    /// 4.2.
    V4_2,
}

impl Vast {
    /// The newest first.
    const ALL: [Self; 5] = [Self::V4_2, Self::V4_1, Self::V4_0, Self::V3_0, Self::V2_0];

    /// The newest version of which `protocols` takes an inline ad; 3.0, which every player reads, if it is empty.
    pub(super) fn newest(protocols: &[u32]) -> Option<Self> {
        Self::newest_by(protocols, Self::protocol)
    }

    /// The newest version of which `protocols` takes a wrapper; 3.0 if it is empty.
    pub(super) fn newest_wrapper(protocols: &[u32]) -> Option<Self> {
        Self::newest_by(protocols, Self::wrapper_protocol)
    }

    fn newest_by(protocols: &[u32], code: impl Fn(Self) -> u32) -> Option<Self> {
        if protocols.is_empty() {
            return Some(Self::V3_0);
        }
        Self::ALL.into_iter().find(|vast| protocols.contains(&code(*vast)))
    }

    /// The code of an inline ad in `bid.protocol`.
    #[must_use]
    pub const fn protocol(self) -> u32 {
        match self {
            Self::V2_0 => 2,
            Self::V3_0 => 3,
            Self::V4_0 => 7,
            Self::V4_1 => 11,
            Self::V4_2 => 13,
        }
    }

    /// The code of a wrapper in `bid.protocol`.
    #[must_use]
    pub const fn wrapper_protocol(self) -> u32 {
        match self {
            Self::V2_0 => 5,
            Self::V3_0 => 6,
            Self::V4_0 => 8,
            Self::V4_1 => 12,
            Self::V4_2 => 14,
        }
    }

    /// Its number, as in `<VAST version="4.2">`.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::V2_0 => "2.0",
            Self::V3_0 => "3.0",
            Self::V4_0 => "4.0",
            Self::V4_1 => "4.1",
            Self::V4_2 => "4.2",
        }
    }
}
