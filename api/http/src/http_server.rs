//! The server of connections: limits on their number and their time, and a reserve for monitoring.
//!
//! Connections beyond the caps get into a small reserve, in which only `/health/…` is served and everything else is
//! answered with 503. The newest connections have the reserve, so that no client can hold it. Requests beyond the caps
//! on an admitted connection are answered in the same way.

mod activity;
mod admission;
mod in_work;

use std::{
    collections::VecDeque, convert::Infallible, future::Future, io, net::SocketAddr, pin::pin, sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use commands::counters::Bound;
use hyper::{Request, Response, Version, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use ipnet::IpNet;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream},
    task::AbortHandle,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

pub(crate) use self::in_work::InWork;
use self::{
    activity::{Activity, Counted, Fault, Observed, Patience},
    admission::{Admission, Caps, Place, Refusal},
};
use crate::{client_network::whole_client, config::HttpSettings, open_files};

/// The interval at which each connection is checked for faults.
const ROUND: Duration = Duration::from_secs(1);
/// The pause after the system could not accept a connection.
const REST: Duration = Duration::from_millis(250);
/// The number of connections in the reserve, and the time that each of them has.
const RESERVE: usize = 32;
const RESERVE_TIME: Duration = Duration::from_secs(5);
/// TCP keep-alive, for a client that has vanished while nothing is sent: it is probed after a minute, and the
/// connection is closed after another minute (4 probes, 15 seconds apart).
const KEEP_ALIVE: Duration = Duration::from_mins(1);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEP_ALIVE_RETRIES: u32 = 4;
/// The unsent bytes of a response that the kernel buffers at most (`TCP_NOTSENT_LOWAT`). By default it buffers
/// megabytes, and for minutes it could not be seen whether a slow client reads.
const UNSENT_BYTES: u32 = 65_536;
/// The size of the buffer for a head, and for the parts in which bodies are read and written.
const BUFFER_BYTES: usize = 65_536;
/// The concurrent requests of one HTTP/2 connection: more than a page of the front end sends, and few for a client that
/// opens many connections.
const HTTP2_STREAMS: u32 = 16;
const HTTP2_STREAM_WINDOW: u32 = 65_535;
const HTTP2_CONNECTION_WINDOW: u32 = 262_144;
const HTTP2_HEAD_BYTES: u32 = 32_768;
const HTTP2_PING: Duration = Duration::from_secs(20);

/// The routers that a server serves.
#[derive(Clone)]
pub struct Services {
    pub all: Router,
    /// The router for connections and requests beyond the caps: health checks, and 503 for everything else.
    pub reserve: Router,
}

/// Serves until `ending` completes, then finishes the requests in work; connections without a request are closed at
/// once.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    settings: &HttpSettings,
    ending: impl Future<Output = ()>,
) {
    let server = Server::new(services, settings);
    let mut reserve = VecDeque::new();
    let mut ending = pin!(ending);
    loop {
        let accepted = tokio::select! {
            () = &mut ending => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => server.take(socket, peer, &mut reserve),
            Err(error) => server.wait_out(&error).await,
        }
    }
    drop(listener);
    server.ending.cancel();
    server.tasks.close();
    server.tasks.wait().await;
}

struct Server {
    services: Services,
    admission: Arc<Admission>,
    trusted: Vec<IpNet>,
    patience: Patience,
    ending: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    fn new(services: Services, settings: &HttpSettings) -> Self {
        let limits = &settings.connections;
        let (wanted, affordable) = (limits.max_connections.get(), affordable());
        if affordable < wanted {
            tracing::warn!(
                wanted,
                affordable,
                "fewer connections than MAX_CONNECTIONS: the limit of open files is low"
            );
        }
        Self {
            services,
            admission: Admission::new(Caps {
                total: wanted.min(affordable),
                by_address: limits.max_connections_per_address.get(),
            }),
            trusted: settings.trusted_proxies.clone(),
            patience: Patience {
                head: limits.head_timeout(),
                idle: limits.idle_timeout(),
                least_rate: limits.least_rate(),
            },
            ending: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    fn take(&self, socket: TcpStream, peer: SocketAddr, reserve: &mut VecDeque<AbortHandle>) {
        if let Err(error) = prepare(&socket) {
            tracing::debug!(%error, "a connection's socket cannot be set up");
        }
        let activity = Activity::new();
        let address = peer.ip().to_canonical();
        let is_proxy = self.trusted.iter().any(|network| network.contains(&address));
        let client = (!is_proxy).then(|| whole_client(address));
        match self.admission.admit(client, &activity) {
            Ok((place, evicted)) => {
                tell_evicted(evicted);
                let connection = Connection { peer, activity, services: self.services.clone() };
                self.tasks.spawn(connection.serve(socket, place, self.patience, self.ending.clone()));
            }
            Err(refusal) => {
                match refusal {
                    Refusal::Total => Bound::ConnectionsInAll.met(),
                    Refusal::Address => Bound::ConnectionsOfAddress.met(),
                }
                let connection = Connection { peer, activity, services: self.services.clone() };
                if reserve.len() >= RESERVE
                    && let Some(oldest) = reserve.pop_front()
                {
                    oldest.abort();
                }
                let serving = timeout(RESERVE_TIME, connection.serve_once(socket, self.ending.clone()));
                reserve.push_back(self.tasks.spawn(serving).abort_handle());
            }
        }
    }

    /// Handles a failed `accept`: if the system is out of resources, closes idle connections and pauses.
    async fn wait_out(&self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        // The client has closed the connection before it was accepted: nothing is exhausted.
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
            return;
        }
        Bound::OpenFiles.met();
        tracing::debug!(%error, "no connection can be taken");
        let evicted = self.admission.make_room();
        tell_evicted(evicted);
        sleep(REST).await;
    }
}

/// Returns the number of connections that the limit of open files allows: half of it, because the database, documents
/// and child processes need files, too.
fn affordable() -> usize {
    usize::try_from(open_files::limit() / 2).unwrap_or(usize::MAX).max(1)
}

fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE_INTERVAL);
    socket.set_tcp_keepalive(&keep_alive.with_retries(KEEP_ALIVE_RETRIES))?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // No time-out for heads is set here: `Activity` has one, which needs no timer per request.
    // Half-closed connections are kept: a client may close its sending side after the request and still want the
    // response (`nc -N`, some proxies). A client that is gone is noticed by the next write: on an open stream, that of
    // a comment.
    builder.http1().max_buf_size(BUFFER_BYTES).half_close(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HTTP2_PING)
        .keep_alive_timeout(HTTP2_PING)
        .max_concurrent_streams(HTTP2_STREAMS)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .max_send_buf_size(BUFFER_BYTES)
        .max_header_list_size(HTTP2_HEAD_BYTES);
    builder
}

struct Connection {
    peer: SocketAddr,
    activity: Arc<Activity>,
    services: Services,
}

impl Connection {
    /// Serves requests until the client, a fault, an eviction or the end of the process ends the connection.
    async fn serve(self, socket: TcpStream, place: Arc<Place>, patience: Patience, ending: CancellationToken) {
        let Self { peer, activity, services } = self;
        let builder = builder();
        let socket = TokioIo::new(Observed { socket, activity: activity.clone() });
        let of_service = activity.clone();
        let service = service_fn(move |request| answer(&services, request, peer, &of_service, Some(&place)));
        let mut connection = pin!(builder.serve_connection(socket, service));
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_leaving = false;
        loop {
            tokio::select! {
                _ = connection.as_mut() => return,
                () = ending.cancelled(), if !is_leaving => {
                    is_leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = activity.evicted() => {
                    if activity.quiet_for().is_some() {
                        return;
                    }
                    is_leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                _ = rounds.tick() => match activity.fault(&patience) {
                    None if is_leaving && activity.quiet_for().is_some() => return,
                    None => {}
                    // A graceful shutdown tells an HTTP/2 client, and closes an idle HTTP/1 connection.
                    Some(Fault::Idle) if !is_leaving => {
                        is_leaving = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    Some(Fault::Idle) => return,
                    Some(Fault::Head) => return Bound::LateHeads.met(),
                    Some(Fault::Unread) => return Bound::UnreadAnswers.met(),
                },
            }
        }
    }

    /// Serves one request of a connection in the reserve.
    async fn serve_once(self, socket: TcpStream, ending: CancellationToken) {
        let Self { peer, activity, services } = self;
        let mut builder = builder();
        builder.http1().keep_alive(false);
        let service = service_fn(move |request| answer(&services, request, peer, &activity, None));
        let connection = builder.serve_connection(TokioIo::new(socket), service);
        tokio::select! {
            _ = connection => {}
            () = ending.cancelled() => {}
        }
    }
}

/// Answers a request; with the router of the reserve if its connection has no place, or there is none for the request.
fn answer(
    services: &Services,
    request: Request<Incoming>,
    peer: SocketAddr,
    activity: &Arc<Activity>,
    place: Option<&Arc<Place>>,
) -> impl Future<Output = Result<Response<Counted>, Infallible>> + use<> {
    let is_http2 = request.version() == Version::HTTP_2;
    let in_work = place.map(|place| place.request(is_http2)).transpose();
    let mut request = match &in_work {
        Ok(_) => request.map(Body::new),
        // The body of a refused request is dropped unread, so that it is not waited for and takes no memory.
        Err(_) => request.map(|_| Body::empty()),
    };
    let (mut router, in_work) = match in_work {
        Ok(Some((in_work, evicted))) => {
            tell_evicted(evicted);
            request.extensions_mut().insert(in_work.clone());
            (services.all.clone(), Some(in_work))
        }
        Ok(None) => (services.reserve.clone(), None),
        Err(Refusal::Total | Refusal::Address) => {
            Bound::RequestsInWork.met();
            (services.reserve.clone(), None)
        }
    };
    let answer = activity.request(is_http2, in_work);
    request.extensions_mut().insert(ConnectInfo(peer));
    async move {
        // `poll_ready` is not needed: a router is always ready.
        let response = router.call(request).await?;
        Ok(response.map(|body| Counted::new(body, answer)))
    }
}

fn tell_evicted(evicted: usize) {
    for _ in 0..evicted {
        Bound::ConnectionsEvicted.met();
    }
}
