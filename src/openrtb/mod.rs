//! OpenRTB 2.5 and 2.6 (and Native 1.2): bytes to a validated request, a response to bytes.
//!
//! First on the fast path. Tolerant of everything that real exchanges send (types that deviate,
//! unknown fields and codes), strict about what is not OpenRTB at all. The wire shapes stay private.
//! Deliberately absent: OpenRTB 3, protobuf, and any judgement about whether to bid.

mod decode;
mod defaults;
mod floor;
mod json;
mod lenient;
mod offer;
mod request;
mod response;
mod write;

pub use decode::{ParseError, parse};
pub use lenient::{UNKNOWN_CODE, UNREADABLE};
pub use offer::{Av, Banner, DurFloor, Format, Native, NativeAsset, NativeKind, Pod, SizeRange};
pub use request::{
    BidRequest, Channel, Content, Deal, Device, Dsa, Geo, Imp, Outlet, Regs, Segment, Source, SupplyChain,
    SupplyNode, User,
};
pub use response::{Bid, BidDsa, BidResponse, MediaType};
pub use write::{write, write_no_bid};
