//! The exchanges' door: a bid request in, bids or none out.

use std::net::IpAddr;
use std::time::Instant;

use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};

use crate::campaign::{AnswerForm, Caller, Refusal};
use crate::shell::bidding::{BidReply, Unserved};
use crate::shell::http::{Answer, JSON, body, empty, full, not_allowed};
use crate::shell::metrics::Turned;
use crate::shell::service::Service;
use crate::units::limits;

const OPENRTB_VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");
const JSON_UTF8: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// The answer to a bid request of `exchange` that came from `peer` and whose head arrived at `received`.
pub(in crate::shell::http) async fn answer(
    exchange: &str,
    request: &mut Request<Incoming>,
    service: &Service,
    received: Instant,
    peer: IpAddr,
) -> Answer {
    let mut answer = match bid(exchange, request, service, received, peer).await {
        Ok(answer) => answer,
        Err(turned) => {
            service.metrics.turned(turned);
            turned_away(turned)
        }
    };
    // Ours, whatever the caller's: versions are told and never refused (OpenRTB 2.6, 2.5).
    answer.headers_mut().insert(OPENRTB_VERSION, HeaderValue::from_static("2.6"));
    answer
}

/// The answer to a request that is not served.
pub(in crate::shell::http) fn turned_away(turned: Turned) -> Answer {
    match turned {
        Turned::Unauthorized => {
            let mut answer = empty(StatusCode::UNAUTHORIZED);
            let challenge = HeaderValue::from_static("Basic realm=\"bids\", charset=\"UTF-8\"");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            answer
        }
        Turned::Forbidden => empty(StatusCode::FORBIDDEN),
        Turned::UnknownExchange => empty(StatusCode::NOT_FOUND),
        Turned::Method => not_allowed("POST"),
        Turned::TooLate => empty(StatusCode::REQUEST_TIMEOUT),
        Turned::TooLarge => empty(StatusCode::PAYLOAD_TOO_LARGE),
        Turned::Unspoken => empty(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Turned::Broken => empty(StatusCode::BAD_REQUEST),
    }
}

async fn bid(
    exchange: &str,
    request: &mut Request<Incoming>,
    service: &Service,
    received: Instant,
    peer: IpAddr,
) -> Result<Answer, Turned> {
    if request.method() != Method::POST {
        return Err(Turned::Method);
    }
    let form =
        service.admit(exchange, &Knocking { peer, headers: request.headers() }).map_err(|unserved| {
            match unserved {
                Unserved::UnknownExchange => Turned::UnknownExchange,
                Unserved::Refused(Refusal::Unauthorized) => Turned::Unauthorized,
                Unserved::Refused(Refusal::Forbidden) => Turned::Forbidden,
            }
        })?;
    if is_protobuf(request.headers()) {
        return Err(Turned::Unspoken);
    }
    let encoding = Encoding::of(request.headers()).ok_or(Turned::Unspoken)?;
    let takes_gzip = form.gzip && accepts_gzip(request.headers());
    let mut body = body::read(request, limits::BODY_BYTES_MAX).await?;
    if encoding == Encoding::Gzip {
        body = body::inflate(&body)?;
    }
    match service.bid(exchange, &body, received) {
        BidReply::Bid(body) | BidReply::NoBid(_, Some(body)) => Ok(told(body, form, takes_gzip)),
        BidReply::NoBid(_, None) => Ok(empty(StatusCode::NO_CONTENT)),
        BidReply::Malformed => Ok(empty(StatusCode::BAD_REQUEST)),
        BidReply::UnknownExchange => Err(Turned::UnknownExchange),
    }
}

/// 200 with `body`, compressed if the caller takes that and it is worth it.
fn told(body: Vec<u8>, form: AnswerForm, takes_gzip: bool) -> Answer {
    let content_type = if form.charset { JSON_UTF8 } else { JSON };
    let smaller = if takes_gzip { body::compressed(&body) } else { None };
    let encoded = smaller.is_some();
    let mut answer =
        full(StatusCode::OK, content_type, smaller.map_or_else(|| Bytes::from(body), Bytes::from));
    if form.gzip {
        answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if encoded {
        answer.headers_mut().insert(header::CONTENT_ENCODING, GZIP);
    }
    answer
}

/// Who asks to come in.
struct Knocking<'a> {
    peer: IpAddr,
    headers: &'a HeaderMap,
}

impl Caller for Knocking<'_> {
    fn peer(&self) -> IpAddr {
        self.peer
    }

    fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers.get_all(name).iter().map(HeaderValue::as_bytes)
    }
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
}

impl Encoding {
    /// `None` for one that is not spoken, or several on top of each other.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let name = values.next().map_or(&b""[..], HeaderValue::as_bytes).trim_ascii();
        if values.next().is_some() {
            return None;
        }
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        if name.is_empty() || is(b"identity") {
            Some(Self::Plain)
        } else if is(b"gzip") || is(b"x-gzip") {
            Some(Self::Gzip)
        } else {
            None
        }
    }
}

/// True for the one format of OpenRTB that is named and not spoken. Everything else is tried as JSON:
/// browsers send it as `text/plain`, many servers without any type.
fn is_protobuf(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    ["application/x-protobuf", "application/protobuf", "application/octet-stream"]
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known.as_bytes()))
}

/// True if `Accept-Encoding` lists gzip by name, with a weight above 0 (RFC 9110, 12.5.3).
pub(in crate::shell::http) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut listed = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    listed.any(|coding| {
        let mut parts = coding.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let is_gzip = name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip");
        is_gzip && !parts.any(is_zero_weight)
    })
}

/// True for `q=0`, `q=0.`, `q=0.000`.
fn is_zero_weight(part: &[u8]) -> bool {
    let weight = part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q="));
    weight.is_some_and(|weight| weight.iter().all(|byte| matches!(byte, b'0' | b'.')))
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};

    use super::{Encoding, accepts_gzip, is_protobuf};

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn gzip_is_accepted_where_it_is_listed_and_not_weighed_with_nothing() {
        for (values, want) in [
            (&["gzip"][..], true),
            (&["deflate, GZIP;q=0.5, br"], true),
            (&["br", "x-gzip"], true),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000"], false),
            (&["gzip;q=0.001"], true),
            (&["*"], false),
            (&["gzipped, not-gzip"], false),
            (&[""], false),
            (&[], false),
        ] {
            assert_eq!(accepts_gzip(&headers(&ACCEPT_ENCODING, values)), want, "{values:?}");
        }
    }

    #[test]
    fn one_encoding_is_spoken_and_no_two() {
        for (values, want) in [
            (&[][..], Some(Encoding::Plain)),
            (&[""], Some(Encoding::Plain)),
            (&["identity"], Some(Encoding::Plain)),
            (&["GZip"], Some(Encoding::Gzip)),
            (&["x-gzip"], Some(Encoding::Gzip)),
            (&["gzip, gzip"], None),
            (&["gzip", "gzip"], None),
            (&["deflate"], None),
            (&["zstd"], None),
        ] {
            assert_eq!(Encoding::of(&headers(&CONTENT_ENCODING, values)), want, "{values:?}");
        }
    }

    #[test]
    fn protobuf_is_known_by_its_type_alone() {
        for (value, want) in [
            ("application/x-protobuf", true),
            ("Application/Octet-Stream; x=y", true),
            ("application/x-protobuffer", false),
            ("application/json;charset=utf-8", false),
            ("text/plain", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_protobuf(&headers(&CONTENT_TYPE, &[value])), want, "{value}");
        }
        assert!(!is_protobuf(&HeaderMap::new()));
    }
}
