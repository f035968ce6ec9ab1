//! What ad ops asked for: the JSON model, its checks and lints, compiled into an immutable [`Catalog`].
//!
//! Texts come in as [`Source`](crate::document::Source)s, and everything wrong in them comes out at once.
//! Nothing here opens a file or reads a clock.

mod compile;
mod conversion;
mod creative;
mod currency;
mod exchange;
mod experiment;
mod frequency;
mod model;
mod modifier;
mod rates;
mod read;
mod rule;

#[cfg(test)]
mod tests;

pub use crate::document::{Secret, SecretSource};
pub use compile::{Compilation, compile};
pub use conversion::{Attribution, ConversionType, promo_code};
pub use creative::{
    AvAd, BannerAd, BannerBody, Companion, Creative, CreativeContent, Image, MACROS, MediaFile, NativeAd,
    NativeText, Played, Trackers, Wrapper,
};
pub use currency::currency_in_use;
pub use exchange::{
    Access, AddressRange, AnswerForm, Approval, Approvals, Audit, BidLimits, BillsOn, Caller, Credential,
    Exchange, Formats, MissingPrice, NoBidForm, NoticeAge, PriceEncoding, PriceKeys, PriceNotice, PriceUnit,
    Refusal, Reservation,
};
pub use experiment::{Arm, Holdout};
pub use frequency::{CapLevel, CountBy, FrequencyCap, Shadow, shadow};
pub use model::{
    Advertiser, AgreedDeal, Budget, BudgetMode, Campaign, Catalog, Costs, Feedback, Flight, FormatKind, Goal,
    Learning, Limits, LineItem, Pacing, Status, TaxPlan, Transparency,
};
pub use modifier::{Factor, Modifier};
pub use rates::Rates;
pub use read::Surroundings;
pub use read::exchange::{is_exchange, read_approvals, read_exchange};
pub use read::satisfiable::{Conflict, conflict, holds_always};
pub use read::scenario::read_scenario;
pub use rule::{
    Attribute, Circle, HOURS_OF_WEEK, Holds, Kind, PLACEMENTS, Range, Rule, Test, Unfit, ValueList, Wanted,
    number_version, version_number,
};
