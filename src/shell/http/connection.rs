//! One connection: its socket, its requests one after the other, its end.
//!
//! Exchanges keep connections open for minutes between requests, and no client needs seconds to write the head
//! of one. hyper has one timer for both, which is that of the idle connection; the short one is held here, by a
//! socket that knows whether a head has begun. A head whose first bytes come in one piece with the end of the
//! request before is not seen to begin: it has the time of an idle connection.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::shell::http::{Door, route, stopped};
use crate::shell::service::Service;
use crate::units::{Millis, limits};

/// How long a connection may wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Spans {
    /// For the next request.
    pub idle: Duration,
    /// For the rest of a head that has begun.
    pub head: Duration,
    /// For a client that does not take its answer.
    pub unread: Duration,
}

impl Default for Spans {
    fn default() -> Self {
        let span = |millis: Millis| Duration::from_millis(millis.raw().unsigned_abs());
        Self { idle: span(limits::IDLE), head: span(limits::HEAD_WAIT), unread: span(limits::UNREAD_WAIT) }
    }
}

/// Answers what comes in on `stream` until the client or the server ends it.
pub(in crate::shell::http) async fn serve(
    stream: TcpStream,
    door: Door,
    service: Arc<Service>,
    spans: Spans,
    mut stop: watch::Receiver<bool>,
) {
    // Without it the kernel holds small answers back for up to 40 ms.
    let _ = stream.set_nodelay(true);
    // A client that takes no answers is cut off by the kernel. A socket without that is as good as before.
    let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(spans.unread));
    // A connection that is gone already has no other end: it is nobody's.
    let peer = stream.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    let turn = Arc::new(Turn::default());
    let socket = Socket::new(stream, Arc::clone(&turn), spans.head);
    let answer = service_fn(move |request| {
        let (service, turn) = (Arc::clone(&service), Arc::clone(&turn));
        async move {
            turn.next();
            let answer = route(door, request, service, peer).await;
            turn.next();
            Ok::<_, Infallible>(answer)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(spans.idle)
        .max_header_size(limits::HEAD_BYTES_MAX)
        // A client that ends its side after the request still waits for the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(socket), answer);
    let mut served = pin!(served);
    // A client that hangs up or sends no HTTP is its own affair.
    tokio::select! {
        _ = served.as_mut() => {}
        () = stopped(&mut stop) => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
}

/// Whose turn it is: the client's (even) or ours (odd); counts up.
#[derive(Debug, Default)]
struct Turn(AtomicU64);

impl Turn {
    /// A head is here, or its answer is.
    fn next(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that fails when a head has begun and does not end in time.
#[derive(Debug)]
struct Socket<S> {
    stream: S,
    turn: Arc<Turn>,
    head_wait: Duration,
    /// The turn that `head_ends` is of.
    seen: u64,
    /// Until when the head must be here, once its first byte is.
    head_ends: Option<Instant>,
    /// Set only while a head is waited for: most come whole.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Socket<S> {
    fn new(stream: S, turn: Arc<Turn>, head_wait: Duration) -> Self {
        Self { stream, turn, head_wait, seen: 0, head_ends: None, alarm: None }
    }

    /// Ready when the head that has begun is too late.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(ends) = self.head_ends else { return Poll::Pending };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(ends)));
        if alarm.deadline() != ends {
            alarm.as_mut().reset(ends);
        }
        alarm.as_mut().poll(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        let turn = this.turn.count();
        if this.seen != turn {
            (this.seen, this.head_ends) = (turn, None);
        }
        let is_clients = turn.is_multiple_of(2);
        if is_clients && read.is_ready() && buf.filled().len() > before && this.head_ends.is_none() {
            this.head_ends = Some(Instant::now() + this.head_wait);
        }
        if read.is_pending() {
            ready!(this.poll_late(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
