//! Heartbeats: each part of a process that works in rounds reports every round, and one task of the process writes the
//! reports to the database every 2 seconds, and at once when a part begins. Without the latter, a process that has just
//! started would look inactive.
//!
//! A part that is stuck, or whose task has died, stops reporting, and a process that has died writes nothing, so
//! neither can look alive.

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

/// How often heartbeats are written to the database.
pub(crate) const BEAT: Duration = Duration::from_secs(2);
/// How often a waiting part reports a heartbeat.
const PULSE: Duration = Duration::from_secs(1);

/// The kind of a part. Kind and name together identify a part.
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
    /// Whether it has reported since its heartbeat was last written.
    has_beaten: AtomicBool,
    /// Whether it has ever reported.
    has_begun: AtomicBool,
    begun: Arc<Notify>,
}

/// The registry of the parts of a process.
#[derive(Clone)]
pub struct HeartbeatRegistry {
    process: Uuid,
    parts: Arc<Mutex<Vec<Arc<Part>>>>,
    /// Notified when a part reports for the first time.
    begun: Arc<Notify>,
}

impl HeartbeatRegistry {
    /// Creates the registry of the process with this id.
    pub fn new(process: Uuid) -> Self {
        Self { process, parts: Arc::default(), begun: Arc::default() }
    }

    /// Registers a part of which the process has one.
    pub fn pulse(&self, kind: Kind, name: impl Into<String>) -> Heartbeat {
        self.pulse_of(kind, name, self.process)
    }

    /// Registers one of several parts with the same name, which has an id of its own.
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

    /// Writes heartbeats until the future is dropped.
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
        // Heartbeats of killed processes are kept for ten minutes, so that their absence is reported. If no other
        // process does their work by then, the missing part is reported instead.
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

    /// Returns the ids of all parts of this process. A worker's id is also the one under which it leases jobs.
    pub fn ids(&self) -> Vec<Uuid> {
        self.parts.lock().iter().map(|part| part.process).collect()
    }

    /// Deletes the heartbeats of this process, so that a process that ends in order is not reported as missing. Must be
    /// called after its parts have ended.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn stop(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let processes = self.ids();
        sqlx::query!("DELETE FROM heartbeats WHERE process = ANY($1)", &processes).execute(pool).await?;
        Ok(())
    }
}

/// The handle with which a part reports its rounds.
pub struct Heartbeat(Arc<Part>);

impl Heartbeat {
    /// Reports a round.
    pub fn beat(&self) {
        self.0.has_beaten.store(true, Ordering::Relaxed);
        if !self.0.has_begun.swap(true, Ordering::Relaxed) {
            self.0.begun.notify_one();
        }
    }

    /// Reports repeatedly while the part waits for work whose duration is bounded.
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

/// Writes the heartbeat of the relay, over the connection that holds the election lock.
pub(crate) async fn beat_of_relay(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    // There is one relay, in whichever process, so it has a fixed id.
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
