//! The request to end a process: Ctrl-C, SIGTERM, SIGQUIT or a closed terminal makes it, and a second signal ends the
//! process at once.

use std::{
    fs,
    future::pending,
    process,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// The longest time that a serving process may take from the first signal to its end, whatever it is doing.
pub const LONGEST_END: Duration = Duration::from_secs(10);

/// The request to end the process, which all of its parts share.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    asked: CancellationToken,
    asked_at: Arc<OnceLock<Instant>>,
    is_limited: Arc<AtomicBool>,
}

impl Shutdown {
    /// Starts to listen for signals, in a thread of its own: work that occupies all other threads must not keep the
    /// process from ending.
    ///
    /// # Errors
    /// If the system refuses the signal handlers or the thread.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _here = runtime.enter();
            Signals {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                quit: signal(SignalKind::quit())?,
                hang_up: if ignores(SignalKind::hangup()) { None } else { Some(signal(SignalKind::hangup())?) },
            }
        };
        let asked = shutdown.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let code = runtime.block_on(async {
                signals.next().await;
                tracing::info!("asked to end; a second time ends at once");
                asked.request();
                if asked.is_limited.load(Ordering::Relaxed) {
                    timeout(LONGEST_END, signals.next()).await
                } else {
                    Ok(signals.next().await)
                }
            });
            process::exit(code.unwrap_or_else(|_| {
                tracing::error!(
                    "the end takes too long: ending now; what is not recorded is taken over by other processes"
                );
                1
            }));
        })?;
        Ok(shutdown)
    }

    /// Limits the shutdown: the process is ended by force if it has not ended [`LONGEST_END`] after the first signal.
    /// Commands have no such limit: only a second signal may cut off their work in the middle.
    pub fn limit(&self) {
        self.is_limited.store(true, Ordering::Relaxed);
    }

    /// Asks the process to end.
    pub fn request(&self) {
        self.asked_at.get_or_init(Instant::now);
        self.asked.cancel();
    }

    /// Waits until the process has been asked to end, and `time` has passed since.
    pub async fn requested_before(&self, time: Duration) {
        self.requested().await;
        sleep_until(*self.asked_at.get_or_init(Instant::now) + time).await;
    }

    /// Waits until the process is asked to end.
    pub async fn requested(&self) {
        self.asked.cancelled().await;
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    quit: Signal,
    hang_up: Option<Signal>,
}

impl Signals {
    /// Waits for a signal. Returns the exit code of a process that it ends: 128 and the signal's number.
    async fn next(&mut self) -> i32 {
        let hung_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
            _ = self.quit.recv() => 131,
            _ = hung_up => 129,
        }
    }
}

/// Whether the process was started with this signal ignored, as `nohup` does with SIGHUP, and so must survive it.
fn ignores(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ignored >> (kind.as_raw_value() - 1) & 1 == 1
}
