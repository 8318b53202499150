//! How a process learns that it shall end: Ctrl-C or SIGTERM asks it to, a second one ends it at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Says that the process has been asked to end.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Listens for signals from now on.
    ///
    /// # Errors
    /// If the system lets nobody listen.
    pub fn on_signals() -> std::io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let token = CancellationToken::new();
        let asked = token.clone();
        #[expect(clippy::disallowed_methods, reason = "it ends with the process, and nobody waits for it")]
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = interrupt.recv() => 130,
                    _ = terminate.recv() => 143,
                }
            };
            next().await;
            tracing::info!("asked to end; a second time ends at once");
            asked.cancel();
            let code = next().await;
            std::process::exit(code);
        });
        Ok(Self(token))
    }

    /// Waits until the process is asked to end.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }
}
