//! How an exchange's notices tell the price.

use crate::document::Secret;

/// The macro that stands in our notices, and how to read what comes in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceNotice {
    /// As the exchange knows it: `${AUCTION_PRICE}`.
    pub name: String,
    /// What comes in its place.
    pub encoding: PriceEncoding,
}

/// How a price is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceEncoding {
    /// As a decimal number, per thousand.
    Plain,
    /// The same in base64 (`${AUCTION_PRICE:B64}`, OpenRTB 2.6, 4.4).
    Base64,
    /// Encrypted by Google's scheme, which other exchanges use too.
    Google(PriceKeys),
}

/// What decrypts prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceKeys {
    /// The encryption key: 32 bytes, as base64 where it is kept.
    pub encryption: Secret,
    /// The integrity key: the same.
    pub integrity: Secret,
    /// What the number inside counts.
    pub unit: PriceUnit,
}

/// What an encrypted number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceUnit {
    /// Micros for one impression: 5,000 is 5 currency units per thousand. Google and OpenX.
    /// Source: support.google.com/authorizedbuyers/answer/3187591, `WINNING_PRICE`.
    MicrosPerImpression,
    /// Micros per thousand: 5,000,000 is 5 currency units per thousand.
    MicrosPerThousand,
}

impl PriceNotice {
    /// True if prices can be read: the keys, if there are any, were fetched.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        match &self.encoding {
            PriceEncoding::Plain | PriceEncoding::Base64 => true,
            PriceEncoding::Google(keys) => {
                keys.encryption.value().is_some() && keys.integrity.value().is_some()
            }
        }
    }

    pub(in crate::campaign::exchange) fn secrets(&mut self) -> Vec<(&'static str, &mut Secret)> {
        match &mut self.encoding {
            PriceEncoding::Plain | PriceEncoding::Base64 => Vec::new(),
            PriceEncoding::Google(keys) => vec![
                ("price_keys.encryption", &mut keys.encryption),
                ("price_keys.integrity", &mut keys.integrity),
            ],
        }
    }
}
