//! A TCP proxy in front of PostgreSQL that fails on demand.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use parking_lot::Mutex;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// The message that commits a transaction, up to its end: the text alone is also in `READ COMMITTED`.
pub(crate) const COMMIT: &str = "COMMIT\0";

/// What happens to the first message that contains a text, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It reaches the server, but the connection is cut before the answer.
    CutAfter,
    /// It reaches the server, and from then on nothing passes any more on any connection.
    FreezeAfter,
    /// It does not reach the server: the connection is cut.
    CutBefore,
    /// It does not reach the server, and the connection stays open without a sign of life.
    Stall,
}

/// How connections fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    /// Connections are cut, new ones too.
    Down,
    /// Nothing passes.
    Silent,
}

type Trap = Arc<Mutex<Option<(&'static str, Fault)>>>;

/// The proxy; it ends when it is dropped.
pub(crate) struct Proxy {
    pub(crate) options: PgConnectOptions,
    mode: watch::Sender<Mode>,
    trap: Trap,
    refused: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn start(target: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let mode = watch::Sender::new(Mode::Open);
        let trap = Trap::default();
        let server = (target.get_host().to_owned(), target.get_port());
        let mut tasks = JoinSet::new();
        let refused = Arc::<AtomicUsize>::default();
        tasks.spawn(accept(listener, server, mode.clone(), trap.clone(), refused.clone()));
        Self { options: target.clone().host("127.0.0.1").port(port), mode, trap, refused, _tasks: tasks }
    }

    /// The next message with this text suffers the fault.
    pub(crate) fn arm(&self, text: &'static str, fault: Fault) {
        *self.trap.lock() = Some((text, fault));
    }

    /// Nothing will happen any more.
    pub(crate) fn disarm(&self) {
        *self.trap.lock() = None;
    }

    /// Whether the fault has happened.
    pub(crate) fn is_sprung(&self) -> bool {
        self.trap.lock().is_none()
    }

    /// How many connections were cut off because nothing was to be reached.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    pub(crate) fn go_down(&self) {
        self.mode.send_replace(Mode::Down);
    }

    pub(crate) fn go_silent(&self) {
        self.mode.send_replace(Mode::Silent);
    }

    pub(crate) fn come_back(&self) {
        self.mode.send_replace(Mode::Open);
    }
}

async fn accept(
    listener: TcpListener,
    server: (String, u16),
    mode: watch::Sender<Mode>,
    trap: Trap,
    refused: Arc<AtomicUsize>,
) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        if *mode.borrow() != Mode::Down
            && let Ok(server) = TcpStream::connect(&server).await
        {
            connections.spawn(forward(client, server, mode.clone(), trap.clone()));
        } else {
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Forwards until either side ends or the mode changes. A silent connection stays open until the mode changes again.
async fn forward(mut client: TcpStream, mut server: TcpStream, modes: watch::Sender<Mode>, trap: Trap) {
    let mut mode = modes.subscribe();
    let (mut from_client, mut from_server) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut silent = *mode.borrow_and_update() == Mode::Silent;
    loop {
        tokio::select! {
            biased;
            _ = mode.changed() => {
                if silent || *mode.borrow_and_update() == Mode::Down {
                    return;
                }
                silent = *mode.borrow() == Mode::Silent;
            }
            read = client.read(&mut from_client), if !silent => {
                let Ok(1..) = read else { return };
                let message = &from_client[..read.unwrap_or_default()];
                match spring(&trap, message) {
                    Some(Fault::CutBefore) => return,
                    Some(Fault::CutAfter) => {
                        drop(server.write_all(message).await);
                        return;
                    }
                    Some(Fault::FreezeAfter) => {
                        modes.send_replace(Mode::Silent);
                        drop(server.write_all(message).await);
                    }
                    Some(Fault::Stall) => silent = true,
                    None => if server.write_all(message).await.is_err() { return },
                }
            }
            read = server.read(&mut from_server), if !silent => {
                let Ok(1..) = read else { return };
                if client.write_all(&from_server[..read.unwrap_or_default()]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn spring(trap: &Trap, message: &[u8]) -> Option<Fault> {
    let mut trap = trap.lock();
    let (text, fault) = (*trap)?;
    if !message.windows(text.len()).any(|window| window == text.as_bytes()) {
        return None;
    }
    *trap = None;
    Some(fault)
}
