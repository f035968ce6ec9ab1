//! What ad ops asked for: the JSON model, its checks and lints, compiled into an immutable [`Catalog`].

mod exchange;
mod model;

pub use exchange::{BillsOn, Exchange, MissingPrice, Reservation};
pub use model::{
    Advertiser, Attribution, BannerBody, Budget, Campaign, Catalog, ChannelKind, Circle, Clock,
    ConnectionKind, ConversionType, Costs, Creative, CreativeContent, Daypart, DeviceKind, Flight,
    FormatKind, FrequencyCap, Goal, Image, LineItem, MediaFile, Pacing, Predicate, Rule, Status, TaxPlan,
    Test,
};
