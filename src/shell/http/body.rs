//! Bodies of requests: read with limits on their size and their time, inflated with another.

use std::cell::RefCell;
use std::io::Read as _;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::{Body as _, Bytes, Incoming};

use crate::shell::metrics::Turned;
use crate::units::limits;

/// The whole body, if it arrives in time and stays below `bytes_max`.
pub(in crate::shell::http) async fn read(
    request: &mut Request<Incoming>,
    bytes_max: usize,
) -> Result<Bytes, Turned> {
    let body = request.body_mut();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(Turned::TooLarge);
    }
    let read = async {
        let mut whole = Bytes::new();
        let mut rest = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(part) = frame.map_err(|_| Turned::Broken)?.into_data() else { continue };
            if whole.len() + rest.len() + part.len() > bytes_max {
                return Err(Turned::TooLarge);
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
    tokio::time::timeout(wait(), read).await.unwrap_or(Err(Turned::TooLate))
}

/// Reads to the end of a body that nobody wants and keeps nothing of it, up to `bytes_max` and as long as any
/// body may take: the connection can go on then.
pub(in crate::shell::http) async fn discard(request: &mut Request<Incoming>, bytes_max: usize) {
    let body = request.body_mut();
    let discarded = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > bytes_max {
                return;
            }
        }
    };
    // One that is too long or too late costs its connection, as it does where it is wanted.
    let _ = tokio::time::timeout(wait(), discarded).await;
}

fn wait() -> Duration {
    Duration::from_millis(limits::BODY_WAIT.raw().unsigned_abs())
}

/// Inflates a body, up to the limit: a bomb is cut off there.
pub(in crate::shell::http) fn inflate(body: &[u8]) -> Result<Bytes, Turned> {
    let limit = u64::try_from(limits::BODY_INFLATED_BYTES_MAX).unwrap_or(u64::MAX);
    let mut whole = Vec::with_capacity(body.len().saturating_mul(4).min(limits::BODY_INFLATED_BYTES_MAX));
    let mut decoder = MultiGzDecoder::new(body).take(limit + 1);
    decoder.read_to_end(&mut whole).map_err(|_| Turned::Broken)?;
    if whole.len() > limits::BODY_INFLATED_BYTES_MAX {
        return Err(Turned::TooLarge);
    }
    Ok(Bytes::from(whole))
}

/// `body` compressed, if it is long enough to be worth it and becomes shorter.
pub(in crate::shell::http) fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() < limits::COMPRESSED_FROM_BYTES {
        return None;
    }
    // As long as the body and no longer: what does not fit has not become shorter.
    let mut whole = Vec::with_capacity(body.len());
    whole.extend_from_slice(&GZIP_HEAD);
    let status = DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        deflate.compress_vec(body, &mut whole, FlushCompress::Finish)
    });
    let mut sum = Crc::new();
    sum.update(body);
    for number in [sum.sum(), sum.amount()] {
        whole.extend_from_slice(&number.to_le_bytes());
    }
    let is_whole = matches!(status, Ok(Status::StreamEnd));
    (is_whole && whole.len() < body.len()).then_some(whole)
}

/// The head of a gzip file without name, time and system (RFC 1952, 2.3.1).
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

thread_local! {
    /// Its tables are larger than any answer: made once. The fastest level, for exchanges wait.
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{compressed, inflate};
    use crate::shell::metrics::Turned;
    use crate::units::limits::{BODY_INFLATED_BYTES_MAX, COMPRESSED_FROM_BYTES};

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
        assert_eq!(inflate(&gzip(&bomb)), Err(Turned::TooLarge));
        assert_eq!(inflate(b"not gzip"), Err(Turned::Broken));
        assert_eq!(inflate(&gzip(b"{}")[..10]), Err(Turned::Broken));
    }

    #[test]
    fn an_answer_is_compressed_from_the_size_on_at_which_it_is_worth_it() {
        let long = vec![b'a'; COMPRESSED_FROM_BYTES];
        let short = compressed(&long).unwrap();
        assert!(short.len() < long.len());
        assert_eq!(inflate(&short).unwrap(), long);
        assert_eq!(compressed(&long[1..]), None);
        // One after the other, each is whole.
        for round in 1..50 {
            let long = format!("{round} ").repeat(1_000).into_bytes();
            assert_eq!(inflate(&compressed(&long).unwrap()).unwrap(), long);
        }
        // What is compressed already does not become shorter.
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .take(4_096)
        .collect();
        assert_eq!(compressed(&noise), None);
        assert_eq!(inflate(&compressed(&long).unwrap()).unwrap(), long, "what failed leaves nothing behind");
    }
}
