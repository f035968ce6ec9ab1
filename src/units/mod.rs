//! Amounts, prices, rates, times, places, versions and ids: the words every other room speaks.
//!
//! Imports nothing. Every number that leaves this room carries its unit in its type; the field is
//! private, arithmetic is checked, and no float becomes an amount.

mod country;
mod decimal;
mod echo;
mod host;
mod id;
pub mod limits;
mod money;
mod ratio;
mod time;
mod version;

pub use country::{Country, Region};
pub use decimal::{Decimal, DecimalError, Rounding};
pub use echo::echo;
pub use host::{domains_of, host};
pub use id::{
    AdvertiserId, ArmId, BidId, CampaignId, ChangeId, CorrectionId, CreativeId, DealId, Epoch, EventId,
    ExchangeId, HouseholdKey, LineItemId, PublisherId, ScenarioId, SegmentId, TopicId, UserKey,
};
pub use money::{Cpm, Currency, Femtos, FxRate, Multiplier, Nanos, RatePpm};
pub use ratio::Ratio;
pub use time::{Day, Hour, Millis, Steady, UnixMillis};
pub use version::Version;
