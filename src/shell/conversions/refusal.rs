//! Why a conversion is refused, in words for whoever sent it.

use crate::notice::TokenError;
use crate::units::limits::{CONVERSION_AGE_MAX, EVENT_AHEAD_MAX, PROMO_CODE_CHARS_MAX, USER_ID_BYTES_MAX};

/// The longest order id or type.
pub(in crate::shell::conversions) const WORD_BYTES_MAX: usize = 128;

/// Why a conversion is refused. It is no use to send it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConversionRefusal {
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A conversion that its campaign does not declare.
    #[error("campaign `{campaign}` declares no conversion of type `{kind}`")]
    UnknownType {
        /// The campaign.
        campaign: String,
        /// The type reported.
        kind: String,
    },
    /// A conversion that no campaign of its advertiser declares.
    #[error("no campaign of advertiser `{advertiser}` declares a conversion of type `{kind}`")]
    NowhereDeclared {
        /// The advertiser.
        advertiser: String,
        /// The type reported.
        kind: String,
    },
    /// Nobody's.
    #[error("it needs a `click`, or an `advertiser` and an `order`")]
    Nobody,
    /// Of an advertiser without campaigns.
    #[error("no campaign is of the advertiser `{0}`")]
    Advertiser(String),
    /// A code that stands in no campaign.
    #[error("no campaign has the promo code `{0}`")]
    UnknownCode(String),
    /// A code of several advertisers, where none is named.
    #[error("several advertisers have the promo code `{0}`: name the `advertiser`")]
    AmbiguousCode(String),
    /// A code of another type than the one reported.
    #[error("the promo code `{code}` is for conversions of type `{of}`, not `{kind}`")]
    CodeOfType {
        /// The code.
        code: String,
        /// Its type.
        of: String,
        /// The type reported.
        kind: String,
    },
    /// A code that nobody can have typed.
    #[error("the code has more than {PROMO_CODE_CHARS_MAX} characters")]
    CodeTooLong,
    /// Without a click or an order it could not be counted once.
    #[error("without a `click` it needs an `order`, to be counted once")]
    NoOrder,
    /// A value that is no amount.
    #[error("the value `{0}` is not an amount")]
    Value(String),
    /// A currency without a rate to the campaign's.
    #[error("there is no exchange rate from `{0}`")]
    Currency(String),
    /// A type that no campaign declares.
    #[error("the type has more than {WORD_BYTES_MAX} bytes")]
    TypeTooLong,
    /// An order id that is not kept.
    #[error("the order has more than {WORD_BYTES_MAX} bytes")]
    OrderTooLong,
    /// Too long after the click.
    #[error("the conversion came after the campaign's click window")]
    OutsideWindow,
    /// No time in any form that is read.
    #[error("the time `{0}` is neither as `2026-01-31T18:00:00Z` nor seconds or milliseconds since 1970")]
    Time(String),
    /// Later than a clock may be ahead.
    #[error("it happens {seconds} seconds from now, and a clock may be ahead by {}", EVENT_AHEAD_MAX.raw() / 1_000)]
    Ahead {
        /// How far ahead.
        seconds: i64,
    },
    /// Before the longest window.
    #[error("it happened {days} days ago, and conversions are taken for {}", CONVERSION_AGE_MAX.raw() / 86_400_000)]
    TooOld {
        /// Its age in whole days.
        days: i64,
    },
    /// Not a kind of id.
    #[error("id_type `{0}` is not `buyer`, `ifa`, `eid:SOURCE` or `exchange:NAME`")]
    IdType(String),
    /// Longer than an id may be.
    #[error("the user's id has {0} bytes, at most {USER_ID_BYTES_MAX} are allowed")]
    UserId(usize),
}
