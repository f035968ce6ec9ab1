//! Cross-origin requests: what browsers are told before and after they call us from a publisher's page.
//!
//! Header bidding asks for bids from the page itself, with credentials, and a landing page may report a
//! conversion by script. Every origin is let in, and told so by its own name, since a browser takes no `*` for
//! a request with credentials. Nothing is given away with that: no answer of ours tells what a cookie holds, so a
//! page learns from us no more than any server does that sends the same bytes. Deliberately absent: the
//! operator's door, which no page may read, and exchanges that ask who calls: there a browser would show a
//! password that it remembers, or its place in a network. Source: the Fetch standard, "CORS protocol".

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

/// Where pages call: bid requests, notices, conversions and events. Servers with a token are no pages.
const CALLED_BY_PAGES: [&str; 4] = ["/openrtb2/", "/n/", "/c/", "/e/pixel.gif"];
/// What they may call with. Which of the two an address takes, it says itself.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
/// Seconds for which a browser need not ask again; a day, which browsers cut to what they keep.
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

/// A page that called us.
#[derive(Debug, Clone)]
pub(in crate::shell::http) struct Page {
    origin: HeaderValue,
}

impl Page {
    /// The page that `request` comes from; `None` if it comes from a server, or goes where no page calls.
    pub(in crate::shell::http) fn of<B>(request: &Request<B>) -> Option<Self> {
        let path = request.uri().path();
        let origin = request.headers().get(header::ORIGIN)?.clone();
        CALLED_BY_PAGES.iter().any(|start| path.starts_with(start)).then_some(Self { origin })
    }

    /// The answer to a browser that asks whether the page may send what it is about to: it may, with whatever
    /// headers it has. `None` if `request` is no such question.
    pub(in crate::shell::http) fn preflight<B>(request: &Request<B>) -> Option<Response<Full<Bytes>>> {
        let asked = request.headers();
        let is_asked = asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if request.method() != Method::OPTIONS || !is_asked || Self::of(request).is_none() {
            return None;
        }
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let told = answer.headers_mut();
        told.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        told.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            told.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        Some(answer)
    }

    /// Lets the page read `answer`, whatever it says: a 400 that nobody can read helps nobody.
    pub(in crate::shell::http) fn admit(self, answer: &mut Response<Full<Bytes>>) {
        let told = answer.headers_mut();
        told.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin);
        told.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        // Answers to servers go without: none says how long it is good for, so no cache keeps one for a page.
        told.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}
