//! The exchange of `encan certify`: sends the cases to a running bidder over HTTP, and hands what comes back to the
//! judge. Everything is bounded: connections, the time of a request, of the whole run, the bytes of an answer.

mod caller;
mod headers;
mod run;
mod target;

pub use headers::{Header, headers};
pub use run::{Notices, Outcome, Run};
pub use target::{Target, TargetError};
