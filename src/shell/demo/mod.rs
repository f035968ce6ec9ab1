//! The built-in exchange of `encan demo`: asks the server over real HTTP, holds auctions, sends notices,
//! and keeps its own count of what happened.

mod caller;
mod exchange;
mod oracle;

pub use caller::{CallError, Caller};
pub use exchange::{Counts, Demand, Exchange};
pub use oracle::{Disagreement, disagreements};
