//! Supervision of the server: it is watched while it is used, and restarted when it takes no new connections any more.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::running::Fault;
use super::{ANSWER_TIMEOUT, Answer, EmbeddedPostgres, EmbeddedPostgresError, Refused, SILENCE, start_lock};

/// How often the server is looked at from outside, to notice that it has died or was told by somebody else to shut
/// down.
const WATCH_PERIOD: Duration = Duration::from_millis(500);
/// How often the server is asked for a new connection: one that hangs looks alive from outside.
const ASK_PERIOD: Duration = Duration::from_secs(2);
/// The pause between two attempts at a restart. There is no last one: an obstacle such as a full disk may go away, and
/// meanwhile requests are told to come again.
const REVIVAL_PAUSE: Duration = Duration::from_secs(2);
/// How often a state that lasts is logged.
const LOG_PERIOD: Duration = Duration::from_secs(10);

/// The time when the server was last asked for a connection, and the time since which it has not answered.
struct Asked {
    at: Instant,
    silent_since: Option<Instant>,
}

/// When something that lasts was logged.
#[derive(Default)]
struct Seldom(Option<Instant>);

impl Seldom {
    /// Whether it is to be logged now.
    fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|last| last.elapsed() >= LOG_PERIOD);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}

impl EmbeddedPostgres {
    /// Watches the server as long as the future is polled, and restarts it when it has died, when somebody else has
    /// told it to shut down, or when it takes no new connections; the restarted server recovers. Of several processes
    /// that share the server, one restarts it. Returns the reason if the server must not be started again; tries again
    /// as long as it cannot be.
    pub async fn watch(&self) -> EmbeddedPostgresError {
        let mut asked = Asked { at: Instant::now(), silent_since: None };
        let mut blind = Seldom::default();
        loop {
            sleep(WATCH_PERIOD).await;
            let fault = match self.find_fault(&mut asked).await {
                Ok(Some(fault)) => fault,
                Ok(None) => continue,
                Err(error) => {
                    if blind.is_due() {
                        tracing::warn!(error = %error.with_causes(), "the embedded PostgreSQL cannot be watched at the moment");
                    }
                    continue;
                }
            };
            tracing::error!("the embedded PostgreSQL {fault}; it is started again");
            let mut failing = Seldom::default();
            while let Err(error) = self.revive().await {
                if matches!(error, EmbeddedPostgresError::Refused(_)) {
                    return error;
                }
                if failing.is_due() {
                    tracing::error!(error = %error.with_causes(), "the embedded PostgreSQL cannot be started; trying again");
                }
                sleep(REVIVAL_PAUSE).await;
            }
            tracing::info!("the embedded PostgreSQL is back");
            asked = Asked { at: Instant::now(), silent_since: None };
        }
    }

    /// # Errors
    /// If it cannot be told whether the server has a fault.
    async fn find_fault(&self, asked: &mut Asked) -> Result<Option<Fault>, EmbeddedPostgresError> {
        if !self.place.is_running().await? {
            return Ok(Some(Fault::Died));
        }
        if let Some(fault) = self.place.fault()? {
            return Ok(Some(fault));
        }
        if asked.at.elapsed() < ASK_PERIOD {
            return Ok(None);
        }
        asked.at = Instant::now();
        match self.ask(&self.socket_dir).await {
            Answer::Nothing => {
                let since = *asked.silent_since.get_or_insert(asked.at);
                Ok((since.elapsed() >= SILENCE).then_some(Fault::Silent))
            }
            Answer::NotAsked(error) => Err(EmbeddedPostgresError::file(&self.socket_dir)(error)),
            // A server that recovers says so, and takes its time. One that refuses the connection for another reason is
            // alive.
            Answer::Connected(_) | Answer::NotNow(_) | Answer::Refusal(_) => {
                asked.silent_since = None;
                Ok(None)
            }
        }
    }

    pub(super) async fn revive(&self) -> Result<(), EmbeddedPostgresError> {
        let _starting = start_lock(&self.place.data_dir).await?;
        // Another process may have restarted the server meanwhile. A silent server has been so for long, and is asked
        // only once more.
        let socket_dir = self.make_ready(ANSWER_TIMEOUT).await?;
        // Pools cannot follow a server whose socket moves, which happens only if it was in another process's temporary
        // folder.
        if socket_dir == self.socket_dir { Ok(()) } else { Err(Refused::Moved { socket_dir }.into()) }
    }
}
