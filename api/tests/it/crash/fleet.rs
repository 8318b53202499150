//! The processes: two of every role and one that comes and goes, each behind a proxy of its own to PostgreSQL.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::sync::Mutex;

use super::servers::{Postgres, free_port, signal};
use crate::{
    installation::{Installation, Process},
    proxy::Proxy,
};

/// The roles of each process. The last one is only there now and then, so that the consumer groups are shared out anew.
const ROLES: [&str; 9] =
    ["api", "api", "relay", "relay", "projectors", "projectors", "workers", "workers", "projectors,workers"];
pub(super) const APIS: [usize; 2] = [0, 1];
/// Those that run all the time.
pub(super) const LASTING: usize = 8;
pub(super) const VISITOR: usize = 8;
pub(super) const DATABASE: &str = "ayushma";

pub(super) struct Slot {
    roles: &'static str,
    port: u16,
    database_url: String,
    pub(super) proxy: Proxy,
    /// Held while something is done to the process: one thing at a time.
    process: Mutex<Option<Process>>,
}

pub(super) struct Fleet {
    installation: Installation,
    logs: PathBuf,
    pub(super) slots: Vec<Slot>,
    ended_by_themselves: AtomicUsize,
}

impl Fleet {
    pub(super) async fn new(installation: Installation, folder: &Path, postgres: &Postgres) -> Self {
        let logs = folder.join("logs");
        fs::create_dir_all(&logs).expect("the folder is ours");
        let mut slots = Vec::new();
        for roles in ROLES {
            let proxy = Proxy::start(&postgres.options(DATABASE)).await;
            let database_url = Postgres::url(proxy.options.get_port(), DATABASE);
            slots.push(Slot { roles, port: free_port(), database_url, proxy, process: Mutex::default() });
        }
        Self { installation, logs, slots, ended_by_themselves: AtomicUsize::new(0) }
    }

    pub(super) fn urls(&self) -> Vec<String> {
        APIS.iter().map(|slot| format!("http://127.0.0.1:{}", self.slots[*slot].port)).collect()
    }

    pub(super) fn installation(&self) -> &Installation {
        &self.installation
    }

    fn log(&self, name: &str) -> File {
        let path = self.logs.join(name);
        OpenOptions::new().create(true).append(true).open(path).expect("the folder is ours")
    }

    /// A process with these roles over this database.
    pub(super) fn spawn(&self, name: &str, roles: &str, port: u16, database_url: &str, brokers: &str) -> Process {
        let mut command = self.installation.command();
        for limit in ["LOGIN", "REGISTER", "FORGOT", "VERIFY", "CONVERSE", "UPLOAD"] {
            command.env(format!("LIMIT_{limit}"), "0");
        }
        command.env("DATABASE_URL", database_url).env("KAFKA_BROKERS", brokers).env("TEXT_TO_SPEECH", "none");
        command.env("LOG", "info,http_api::contract=warn").stderr(self.log(name));
        let listen = format!("127.0.0.1:{port}");
        Process(command.args(["serve", "--roles", roles, "--listen", &listen]).spawn().expect("the binary starts"))
    }

    fn start(&self, number: usize) -> Process {
        let slot = &self.slots[number];
        let name = format!("{number}-{}.log", slot.roles);
        self.spawn(&name, slot.roles, slot.port, &slot.database_url, &self.installation.brokers)
    }

    pub(super) async fn start_all(&self) {
        for number in 0..LASTING {
            *self.slots[number].process.lock().await = Some(self.start(number));
        }
    }

    /// Ends the process as a power cut would, and starts it again.
    pub(super) async fn kill(&self, number: usize, down: Duration) {
        let mut process = self.slots[number].process.lock().await;
        drop(process.take());
        tokio::time::sleep(down).await;
        *process = Some(self.start(number));
    }

    /// The process stands still and then goes on as if nothing had been.
    pub(super) async fn pause(&self, number: usize, length: Duration) {
        let process = self.slots[number].process.lock().await;
        let Some(pid) = process.as_ref().map(|process| process.0.id()) else { return };
        signal("-STOP", pid).await;
        tokio::time::sleep(length).await;
        signal("-CONT", pid).await;
    }

    /// The visitor joins the consumer groups, and leaves them in an orderly way or not.
    pub(super) async fn visit(&self, length: Duration, is_orderly: bool) {
        let mut process = self.slots[VISITOR].process.lock().await;
        let mut visitor = self.start(VISITOR);
        tokio::time::sleep(length).await;
        if is_orderly {
            signal("-TERM", visitor.0.id()).await;
            for _ in 0..100 {
                if visitor.0.try_wait().is_ok_and(|ended| ended.is_some()) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        *process = None;
    }

    /// Starts again whoever has ended without being told to, as a service manager would. Runs until it is dropped.
    pub(super) async fn watch(&self) {
        loop {
            for number in 0..LASTING {
                let Ok(mut process) = self.slots[number].process.try_lock() else { continue };
                if process.as_mut().is_some_and(|process| process.0.try_wait().is_ok_and(|ended| ended.is_some())) {
                    self.ended_by_themselves.fetch_add(1, Ordering::Relaxed);
                    *process = Some(self.start(number));
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    pub(super) fn ended_by_themselves(&self) -> usize {
        self.ended_by_themselves.load(Ordering::Relaxed)
    }

    /// Asks all to end, and makes them.
    pub(super) async fn stop_all(&self) {
        for slot in &self.slots {
            if let Some(process) = slot.process.lock().await.as_ref() {
                signal("-TERM", process.0.id()).await;
            }
        }
        for slot in &self.slots {
            let mut process = slot.process.lock().await;
            for _ in 0..300 {
                if process.as_mut().is_none_or(|process| process.0.try_wait().is_ok_and(|ended| ended.is_some())) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            *process = None;
        }
    }

    /// What the program itself finds in the log, with its signed heads.
    pub(super) async fn audit(&self) -> Result<(), String> {
        let mut command = tokio::process::Command::from(self.installation.command());
        let ended = command.args(["audit", "verify"]).stdout(Stdio::piped()).stderr(Stdio::piped()).output().await;
        let ended = ended.expect("the binary starts");
        let said = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
        if ended.status.success() { Ok(()) } else { Err(format!("ayushma audit verify: {said}")) }
    }

    /// Lines of the processes' logs that tell of a bug, whatever happened around them.
    pub(super) fn complaints(&self) -> Vec<String> {
        let files = fs::read_dir(&self.logs).expect("the folder is ours").flatten();
        let texts = files.map(|file| (file.file_name(), fs::read_to_string(file.path()).unwrap_or_default()));
        let complaints = texts.flat_map(|(name, text)| {
            let lines = text.lines().filter(|line| {
                line.contains("panicked")
                    || line.contains("ended by itself")
                    // With the keys out of reach for a moment the consumer starts again; nothing is passed over.
                    || (line.contains("cannot be decoded") && !line.contains("starts again"))
            });
            lines.map(|line| format!("{}: {line}", name.display())).collect::<Vec<_>>()
        });
        complaints.collect()
    }
}
