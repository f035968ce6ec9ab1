//! What a right bidder does, as rules that a machine can hold any bidder to: cases to send, and a judge of what
//! comes back.
//!
//! It stands outside the bidder and beside its tests: `encan certify` sends the cases over HTTP, the tests judge
//! what the server answers. It shares no judgement with the bidder; what it knows of OpenRTB it reads from JSON
//! by itself. Deliberately absent: HTTP, time, and whatever cannot be told from outside, such as which bid would
//! have been best.

mod cases;
mod exchange;
mod judge;
mod judgement;
mod notices;
mod report;
mod rules;
mod terms;

pub use cases::{Wishes, case_of, cases};
pub use exchange::{Case, Connection, HttpAnswer, Wants, judge_answer};
pub use judge::{faults, judge};
pub use judgement::{Finding, Judgement};
pub use notices::{Notice, judge_notice, notices};
pub use report::{Conclusion, Example, Failure, Line, Report, Verdict, wire_text};
use rules::rules_of_bids;
pub use rules::{Rule, all_rules, rules_of_answers};
pub use terms::{BilledNotice, NoBidForm, Terms};
