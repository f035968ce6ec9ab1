//! Bodies of requests: read with limits on their size and their time, inflated with another.

use std::io::Read as _;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::{Request, StatusCode};

use crate::units::limits;

/// The whole body, if it arrives in time and stays below `bytes_max`.
pub(in crate::shell::http) async fn read(
    request: &mut Request<Incoming>,
    bytes_max: usize,
) -> Result<Bytes, StatusCode> {
    let body = request.body_mut();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let wait = Duration::from_millis(limits::BODY_WAIT.raw().unsigned_abs());
    let read = async {
        let mut whole = Bytes::new();
        let mut rest = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(part) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
            if whole.len() + rest.len() + part.len() > bytes_max {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            // Most bodies come in one piece, which is taken as it is.
            if whole.is_empty() && rest.is_empty() {
                whole = part;
            } else {
                if rest.is_empty() {
                    rest.reserve(announced.max(whole.len() + part.len()));
                    rest.extend_from_slice(&std::mem::take(&mut whole));
                }
                rest.extend_from_slice(&part);
            }
        }
        Ok(if rest.is_empty() { whole } else { Bytes::from(rest) })
    };
    tokio::time::timeout(wait, read).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

/// Inflates a body, up to the limit: a bomb is cut off there.
pub(in crate::shell::http) fn inflate(body: &[u8]) -> Result<Bytes, StatusCode> {
    let limit = u64::try_from(limits::BODY_INFLATED_BYTES_MAX).unwrap_or(u64::MAX);
    let mut whole = Vec::with_capacity(body.len().saturating_mul(4).min(limits::BODY_INFLATED_BYTES_MAX));
    let mut decoder = MultiGzDecoder::new(body).take(limit + 1);
    decoder.read_to_end(&mut whole).map_err(|_| StatusCode::BAD_REQUEST)?;
    if whole.len() > limits::BODY_INFLATED_BYTES_MAX {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    Ok(Bytes::from(whole))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use hyper::StatusCode;

    use super::inflate;
    use crate::units::limits::BODY_INFLATED_BYTES_MAX;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_inflated_up_to_the_limit_and_a_bomb_is_cut_off() {
        assert_eq!(inflate(&gzip(b"{}")).unwrap(), &b"{}"[..]);
        let full = vec![b' '; BODY_INFLATED_BYTES_MAX];
        assert_eq!(inflate(&gzip(&full)).unwrap().len(), full.len());
        let bomb = vec![b' '; BODY_INFLATED_BYTES_MAX + 1];
        assert_eq!(inflate(&gzip(&bomb)), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(inflate(b"not gzip"), Err(StatusCode::BAD_REQUEST));
        assert_eq!(inflate(&gzip(b"{}")[..10]), Err(StatusCode::BAD_REQUEST));
    }
}
