//! Starts programs that process untrusted input, each [confined](crate::sandbox): without the server's environment,
//! files, network or user.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use crate::sandbox::{Confinement, Report};

/// The default `PATH` of the programs.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// The exit code of the launcher for a program that does not exist, as in a shell.
pub const NOT_FOUND: u8 = 127;

/// Starts programs through the executable `ayushma`, which confines itself and then executes them.
#[derive(Debug, Clone)]
pub struct Launcher {
    ayushma: Option<PathBuf>,
    path: Option<OsString>,
}

impl Launcher {
    /// Uses this executable, which must implement `ayushma sandbox …` as its help says.
    pub const fn new(ayushma: PathBuf) -> Self {
        Self { ayushma: Some(ayushma), path: None }
    }

    /// Looks for programs in these folders, in the syntax of `PATH`.
    #[must_use]
    pub fn looking_in(self, path: Option<OsString>) -> Self {
        Self { path, ..self }
    }

    /// For tests and benches of crates that do not build `ayushma`: programs get an empty environment, but no further
    /// confinement.
    pub const fn unconfined() -> Self {
        Self { ayushma: None, path: None }
    }

    /// A command for the program; arguments and pipes can be added. The process is killed when its handle is dropped
    /// and when this process ends. For a program that does not exist, the launcher exits with [`NOT_FOUND`].
    pub fn program(&self, program: &Path, confinement: &Confinement) -> Command {
        let Some(ayushma) = &self.ayushma else { return self.in_own_group(program) };
        let mut command = self.in_own_group(ayushma);
        command.args(["sandbox", "run", "--memory", &confinement.memory.to_string()]);
        if let Some((seconds, _)) = confinement.cpu_seconds {
            command.args(["--cpu-seconds", &seconds.to_string()]);
        }
        for path in &confinement.readable {
            command.arg("--read").arg(path);
        }
        command.arg("--").arg(program);
        command
    }

    /// The command for the process that reads a document: this executable, confined, with `memory` bytes.
    pub fn reader(&self, memory: u64) -> io::Result<Command> {
        let ayushma = self.ayushma.as_deref().ok_or_else(|| io::Error::other("there is no program that reads"))?;
        let mut command = self.in_own_group(ayushma);
        command.args(["sandbox", "read", "--memory", &memory.to_string()]);
        Ok(command)
    }

    /// Logs how well programs are confined on this machine.
    pub async fn log_report(&self) {
        match self.report().await {
            Ok(report) if report.is_complete() => {
                tracing::info!("programs that read documents and speak are confined (landlock, seccomp, user)");
            }
            Ok(Report { files, system_calls, user }) => tracing::warn!(
                landlock = files,
                seccomp = system_calls,
                user,
                "programs that read documents and speak are confined only in part: this kernel or container lacks the rest"
            ),
            Err(error) => tracing::error!(%error, "programs that read documents and speak cannot be confined"),
        }
    }

    /// Reports which parts of the confinement hold on this machine.
    ///
    /// # Errors
    /// An error of the operating system if no process can be confined.
    pub async fn report(&self) -> io::Result<Report> {
        let ayushma = self.ayushma.as_deref().ok_or_else(|| io::Error::other("nothing is confined"))?;
        let output = self.in_own_group(ayushma).args(["sandbox", "report"]).stdin(Stdio::null()).output().await?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// A command in a process group of its own, which can be killed with all that it has started.
    fn in_own_group(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", self.path.as_deref().unwrap_or_else(|| OsStr::new(PATH)));
        command.env("LC_ALL", "C.UTF-8").current_dir("/").process_group(0).kill_on_drop(true);
        // The allocator would reserve a gigabyte before the limit is set.
        command.env("MIMALLOC_ARENA_RESERVE", "0");
        command
    }
}

/// Kills a child and all that it has started when it is dropped, unless the child has ended before.
pub(super) struct KilledGroup(Option<Pid>);

impl KilledGroup {
    pub(super) fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    /// Prevents the kill: the child has ended, and its process id may be reused.
    pub(super) fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for KilledGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
