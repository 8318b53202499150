//! Keeping the server at work: it is looked at as long as it is used, and started again when nobody can get in any more.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::running::Fault;
use super::{ANSWER_TIMEOUT, Answer, EmbeddedPostgres, EmbeddedPostgresError, Refused, SILENCE, start_lock};

/// How soon a death is noticed, or that somebody has told the server to end.
const WATCH_PERIOD: Duration = Duration::from_millis(500);
/// How often the server is asked for a new connection: one that hangs looks alive from outside.
const ASK_PERIOD: Duration = Duration::from_secs(2);
/// How long it is tried to start a server again, with pauses: what stood in the way, such as a full disk, may go.
const REVIVAL_TIMEOUT: Duration = Duration::from_mins(1);
const REVIVAL_PAUSE: Duration = Duration::from_secs(2);

/// When the server was asked the last time, and since when it has said nothing.
struct Asked {
    at: Instant,
    silent_since: Option<Instant>,
}

impl EmbeddedPostgres {
    /// Watches the server as long as the future is polled, and starts it again when it has died, when somebody else has
    /// told it to end, or when it lets nobody in: it recovers. Of several processes that share it, one does. Ends with the
    /// reason if it cannot be started any more.
    pub async fn watch(&self) -> EmbeddedPostgresError {
        let mut asked = Asked { at: Instant::now(), silent_since: None };
        loop {
            sleep(WATCH_PERIOD).await;
            let Some(fault) = self.find_fault(&mut asked).await else { continue };
            tracing::error!("the embedded PostgreSQL {fault}; it is started again");
            let deadline = Instant::now() + REVIVAL_TIMEOUT;
            while let Err(error) = self.revive().await {
                if matches!(error, EmbeddedPostgresError::Refused(_)) || Instant::now() > deadline {
                    return error;
                }
                tracing::error!(error = %error.with_causes(), "the embedded PostgreSQL cannot be started; trying again");
                sleep(REVIVAL_PAUSE).await;
            }
            tracing::info!("the embedded PostgreSQL is back");
            asked = Asked { at: Instant::now(), silent_since: None };
        }
    }

    async fn find_fault(&self, asked: &mut Asked) -> Option<Fault> {
        if !self.place.is_running().await {
            return Some(Fault::Died);
        }
        if let Some(fault) = self.place.fault() {
            return Some(fault);
        }
        if asked.at.elapsed() < ASK_PERIOD {
            return None;
        }
        asked.at = Instant::now();
        match self.ask(&self.socket_dir).await {
            Answer::Nothing => {
                let since = *asked.silent_since.get_or_insert(asked.at);
                (since.elapsed() >= SILENCE).then_some(Fault::Silent)
            }
            // A server that recovers says so, and takes its time. Whoever refuses us for another reason is alive.
            Answer::Connected(_) | Answer::NotNow(_) | Answer::Refusal(_) => {
                asked.silent_since = None;
                None
            }
        }
    }

    pub(super) async fn revive(&self) -> Result<(), EmbeddedPostgresError> {
        let _starting = start_lock(&self.place.data_dir).await?;
        // Another process may have done it meanwhile; one that is silent has been so for long, and is asked once more.
        let socket_dir = self.make_ready(ANSWER_TIMEOUT).await?;
        // The pools cannot follow it. A server whose socket was in another process's temporary folder is the only one that moves.
        if socket_dir == self.socket_dir { Ok(()) } else { Err(Refused::Moved { socket_dir }.into()) }
    }
}
