//! The kind of an impression, as far as the price to beat depends on it.

use crate::units::{Cpm, Currency, DealId, ExchangeId, UnixMillis};

/// Exchange, size, floor and time of day, as keys: of the segment, of its exchange, and of its currency, from the
/// narrowest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Exchange x currency x size x floor bucket x six hours.
    pub narrow: u64,
    /// Exchange x currency.
    pub exchange: u64,
    /// Currency alone.
    pub all: u64,
}

impl Segment {
    /// The segment of an impression of `size` (width and height; of video and audio its medium) whose floor is `floor`
    /// in `currency`.
    #[must_use]
    pub fn of(
        exchange: ExchangeId,
        currency: Currency,
        size: (u32, u32),
        floor: Cpm,
        at: UnixMillis,
    ) -> Self {
        let all = mix(0, currency.code().bytes().fold(0, |sum, byte| sum << 8 | u64::from(byte)));
        let exchange = mix(all, exchange.raw());
        // A bucket for each doubling of the floor; 0 is no floor.
        let bucket = 64 - u64::from(floor.micros().unsigned_abs().leading_zeros());
        let quarter = at.raw().rem_euclid(86_400_000).unsigned_abs() / 21_600_000;
        let size = u64::from(size.0) << 32 | u64::from(size.1);
        let narrow = mix(mix(exchange, size), bucket << 2 | quarter);
        Self { narrow, exchange, all }
    }

    /// The same on a deal, where others bid than in the open auction: nothing is borrowed from there.
    #[must_use]
    pub fn on_deal(self, deal: DealId) -> Self {
        let on = |key| mix(key, deal.raw());
        Self { narrow: on(self.narrow), exchange: on(self.exchange), all: on(self.all) }
    }
}

/// Two keys to one (the finalizer of splitmix64).
const fn mix(a: u64, b: u64) -> u64 {
    let mut x = a.rotate_left(23) ^ b.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
