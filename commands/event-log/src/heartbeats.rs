//! Signs of life: each part of a process that makes rounds says so, and one task a process writes it down every other second, and
//! at once when a part begins: a process that has just started must not look as if it did nothing.
//!
//! A part that is stuck, or whose task has died, stops saying so; a process that has died writes nothing. Neither can look alive.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

/// How often signs of life are written.
pub(crate) const BEAT: Duration = Duration::from_secs(2);
/// How often a part that waits says that it does.
const PULSE: Duration = Duration::from_secs(1);

/// What a part does; with its name it says which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    Consumer,
    Relay,
    Worker,
    Scheduler,
}

struct Part {
    kind: Kind,
    name: String,
    process: Uuid,
    /// Since it was last written down.
    has_beaten: AtomicBool,
    /// Ever.
    has_begun: AtomicBool,
    begun: Arc<Notify>,
}

/// The parts of a process.
#[derive(Clone)]
pub struct HeartbeatRegistry {
    process: Uuid,
    parts: Arc<Mutex<Vec<Arc<Part>>>>,
    /// A part has given its first sign of life.
    begun: Arc<Notify>,
}

impl HeartbeatRegistry {
    /// Of the process with this id.
    pub fn new(process: Uuid) -> Self {
        Self { process, parts: Arc::default(), begun: Arc::default() }
    }

    /// Of a part that the process has once.
    pub fn pulse(&self, kind: Kind, name: impl Into<String>) -> Heartbeat {
        self.pulse_of(kind, name, self.process)
    }

    /// Of one of several of a name, which has an id of its own.
    pub fn pulse_of(&self, kind: Kind, name: impl Into<String>, id: Uuid) -> Heartbeat {
        let part = Arc::new(Part {
            kind,
            name: name.into(),
            process: id,
            has_beaten: AtomicBool::new(false),
            has_begun: AtomicBool::new(false),
            begun: self.begun.clone(),
        });
        self.parts.lock().push(part.clone());
        Heartbeat(part)
    }

    /// Writes signs of life for ever: until the future is dropped.
    pub(crate) async fn run(&self, pool: &PgPool) {
        let mut ticks = interval(BEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.begun.notified() => {}
            }
            if let Err(error) = self.write(pool).await {
                tracing::debug!(%error, "signs of life were not written");
            }
        }
    }

    async fn write(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut beaten = self.parts.lock().clone();
        beaten.retain(|part| part.has_beaten.swap(false, Ordering::Relaxed));
        if beaten.is_empty() {
            return Ok(());
        }
        let kinds: Vec<String> = beaten.iter().map(|part| <&str>::from(part.kind).to_owned()).collect();
        let names: Vec<String> = beaten.iter().map(|part| part.name.clone()).collect();
        let processes: Vec<Uuid> = beaten.iter().map(|part| part.process).collect();
        // Those that were killed are missed for ten minutes. If nobody does their work by then, that is missed.
        sqlx::query!(
            "WITH forgotten AS (
                 DELETE FROM heartbeats
                 -- Those of the future are from before the clock was set back.
                 WHERE beat_at < now() - interval '10 minutes' OR beat_at > now() + interval '10 seconds'
             )
             INSERT INTO heartbeats (kind, name, process, beat_at)
             SELECT kind, name, process, now() FROM unnest($1::text[], $2::text[], $3::uuid[]) AS beat (kind, name, process)
             ON CONFLICT (kind, name, process) DO UPDATE SET beat_at = excluded.beat_at",
            &kinds,
            &names,
            &processes,
        )
        .execute(pool)
        .await?;
        Ok(())
    }

    /// The ids of all parts of this process: a worker's is the one by which it holds jobs.
    pub fn ids(&self) -> Vec<Uuid> {
        self.parts.lock().iter().map(|part| part.process).collect()
    }

    /// The process ends in good order, and nobody has to miss it. To be called when its parts have ended.
    ///
    /// # Errors
    /// The database's.
    pub async fn stop(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let processes = self.ids();
        sqlx::query!("DELETE FROM heartbeats WHERE process = ANY($1)", &processes).execute(pool).await?;
        Ok(())
    }
}

/// With which a part says that it makes rounds.
pub struct Heartbeat(Arc<Part>);

impl Heartbeat {
    /// Another round.
    pub fn beat(&self) {
        self.0.has_beaten.store(true, Ordering::Relaxed);
        if !self.0.has_begun.swap(true, Ordering::Relaxed) {
            self.0.begun.notify_one();
        }
    }

    /// Says so again and again while the part waits for something whose time is bounded.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut ticks = interval(PULSE);
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = ticks.tick() => self.beat(),
            }
        }
    }
}

/// Writes the sign of life of the relay over the connection that makes it the elected one.
pub(crate) async fn beat_of_relay(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    // There is one, whichever process it is in.
    sqlx::query!(
        "INSERT INTO heartbeats (kind, name, process, beat_at) VALUES ($1, $1, $2, now())
         ON CONFLICT (kind, name, process) DO UPDATE SET beat_at = excluded.beat_at",
        <&str>::from(Kind::Relay),
        Uuid::nil(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
