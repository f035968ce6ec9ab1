//! The attributes of a scene that are sets of keys: all but coordinates and the hour.

use std::fmt;

/// An attribute that a rule compares by its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the rule language names them; `Predicate` says what they are")]
#[repr(u8)]
pub enum Attribute {
    Country,
    Region,
    City,
    Postcode,
    Metro,
    Channel,
    Domain,
    Bundle,
    Publisher,
    Category,
    Keyword,
    Language,
    Genre,
    Live,
    Device,
    Os,
    Connection,
    Carrier,
    Exchange,
    Segment,
    // Below: of the impression, not of the whole request.
    Format,
    Position,
    Placement,
    Roll,
    Interstitial,
    Rewarded,
    Deal,
}

impl Attribute {
    /// All of them, in order; `ALL[a as usize] == a`.
    pub const ALL: [Self; 27] = [
        Self::Country,
        Self::Region,
        Self::City,
        Self::Postcode,
        Self::Metro,
        Self::Channel,
        Self::Domain,
        Self::Bundle,
        Self::Publisher,
        Self::Category,
        Self::Keyword,
        Self::Language,
        Self::Genre,
        Self::Live,
        Self::Device,
        Self::Os,
        Self::Connection,
        Self::Carrier,
        Self::Exchange,
        Self::Segment,
        Self::Format,
        Self::Position,
        Self::Placement,
        Self::Roll,
        Self::Interstitial,
        Self::Rewarded,
        Self::Deal,
    ];

    /// The attribute's word in the rule language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Region => "region",
            Self::City => "city",
            Self::Postcode => "postcode",
            Self::Metro => "metro",
            Self::Channel => "channel",
            Self::Domain => "domain",
            Self::Bundle => "bundle",
            Self::Publisher => "publisher",
            Self::Category => "category",
            Self::Keyword => "keyword",
            Self::Language => "language",
            Self::Genre => "genre",
            Self::Live => "live",
            Self::Device => "device",
            Self::Os => "os",
            Self::Connection => "connection",
            Self::Carrier => "carrier",
            Self::Exchange => "exchange",
            Self::Segment => "segment",
            Self::Format => "format",
            Self::Position => "position",
            Self::Placement => "placement",
            Self::Roll => "roll",
            Self::Interstitial => "interstitial",
            Self::Rewarded => "rewarded",
            Self::Deal => "deal",
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Attribute;

    #[test]
    fn the_list_is_in_the_order_of_the_numbers() {
        for (number, attribute) in Attribute::ALL.into_iter().enumerate() {
            assert_eq!(attribute as usize, number);
        }
    }
}
