//! Conversions told beside the load, every other second of the run, as an advertiser's server tells them.
//!
//! The seconds with and those without are measured apart, in one run: what conversions cost the bids is the ratio of the
//! two. Deliberately absent: clicks that lead to conversions; a form may name one, or a promo code, or a person.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request};
use serde_json::{Map, Value};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::client::Connection;
use crate::queue::Queue;
use crate::report::CallTally;
use crate::schedule::{Arrivals, due_nanos};
use crate::target::Target;

/// Where they are told.
const PATH: &str = "/c/s2s";
/// Waiting to be told.
const WAITING_MAX: usize = 16_384;
/// Connections that tell them.
const CONNECTIONS: usize = 4;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// What is told.
#[derive(Debug, Clone)]
pub struct Conversions {
    /// In a second that has any.
    pub rate: f64,
    /// The form of each; an `order` of its own is added.
    pub form: Map<String, Value>,
    /// The advertiser's token.
    pub token: Option<String>,
}

/// True if what is due then comes in a second with conversions: every other one, from the second on.
pub fn is_beside(due_nanos: u64) -> bool {
    due_nanos / NANOS_PER_SECOND % 2 == 1
}

/// Tells conversions from `start` on for `span`; returns once all are answered.
pub async fn tell(
    conversions: Conversions,
    target: Target,
    (start, span): (Instant, Duration),
    (timeout, seed): (Duration, u64),
) -> CallTally {
    let waiting = Arc::new(Queue::new(WAITING_MAX));
    let shared = Arc::new((conversions, target));
    let mut callers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (waiting, shared) = (Arc::clone(&waiting), Arc::clone(&shared));
        callers.spawn(async move {
            let (conversions, target) = &*shared;
            let mut connection = Connection::new(target);
            let mut tally = CallTally::default();
            while let Some(order) = waiting.next().await {
                let request = conversions.request(target, order);
                let answer = connection.exchange(request, Instant::now() + timeout).await;
                tally.count(matches!(answer, Ok((200 | 204, _))));
            }
            tally
        });
    }
    let mut dropped = 0;
    // Orders of one run are not those of another, or they would be known already.
    let run: u64 = rand::random();
    let due = due_nanos(shared.0.rate, span, Arrivals::Poisson, seed.wrapping_add(1));
    for (number, due) in due.into_iter().filter(|due| is_beside(*due)).enumerate() {
        sleep_until(start + Duration::from_nanos(due)).await;
        dropped += u64::from(!waiting.push(format!("load-{run:016x}-{number}")));
    }
    waiting.close();
    let tallies = callers.join_all().await;
    tallies.iter().fold(CallTally { dropped, ..CallTally::default() }, |sum, tally| sum.and(tally))
}

impl Conversions {
    fn request(&self, target: &Target, order: String) -> Request<Full<Bytes>> {
        let mut form = self.form.clone();
        form.insert("order".to_owned(), Value::String(order));
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(PATH)
            .header("host", target.authority.as_str())
            .header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request
            .body(Full::new(Bytes::from(Value::Object(form).to_string())))
            .expect("the token was checked when it was read")
    }
}

#[cfg(test)]
mod tests {
    use super::is_beside;

    #[test]
    fn every_other_second_has_conversions_and_the_first_has_none() {
        let beside = [0, 999, 1_000, 1_999, 2_000, 3_500].map(|millis| is_beside(millis * 1_000_000));
        assert_eq!(beside, [false, false, true, true, false, true]);
    }
}
