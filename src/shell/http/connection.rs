//! One connection: its socket, its requests one after the other, its end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::shell::http::{Door, route, stopped};
use crate::shell::service::Service;
use crate::units::limits;

/// Answers what comes in on `stream` until the client or the server ends it.
pub(in crate::shell::http) async fn serve(
    stream: TcpStream,
    door: Door,
    service: Arc<Service>,
    mut stop: watch::Receiver<bool>,
) {
    // Without it the kernel holds small answers back for up to 40 ms.
    let _ = stream.set_nodelay(true);
    // A client that takes no answers is cut off by the kernel. A socket without that is as good as before.
    let unread = Duration::from_millis(limits::UNREAD_WAIT.raw().unsigned_abs());
    let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(unread));
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(route(door, request, service).await) }
    });
    let idle = Duration::from_millis(limits::IDLE.raw().unsigned_abs());
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .serve_connection(TokioIo::new(stream), answer);
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
