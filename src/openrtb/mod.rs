//! OpenRTB 2.5 and 2.6 (and Native 1.2): bytes to a validated request, a response to bytes.
//!
//! First on the fast path. Tolerant of everything that real exchanges send (types that deviate,
//! unknown fields and codes), strict about what is not OpenRTB at all. The wire shapes stay private.
//! Deliberately absent: OpenRTB 3, protobuf, and any judgement about whether to bid.

mod decode;
mod defaults;
mod device;
mod floor;
mod id;
mod json;
mod lenient;
mod offer;
mod outlet;
mod request;
mod response;
mod user;
mod write;

pub use decode::{ParseError, parse};
pub use device::{BrandVersion, Device, Geo, Sua};
pub use id::personal_id;
pub use lenient::{UNKNOWN_CODE, UNREADABLE};
pub use offer::{Av, Banner, DurFloor, Format, Native, NativeAsset, NativeKind, Pod, SizeRange};
pub use outlet::{Broadcaster, Channel, Content, Outlet};
pub use request::{BidRequest, Deal, Dsa, Imp, Metric, Regs, Source, SupplyChain, SupplyNode};
pub use response::{Bid, BidDsa, BidResponse, MediaType};
pub use user::{Eid, Gender, Segment, User};
pub use write::{write, write_no_bid};
