//! Starts programs that work on what strangers wrote, each [confined](crate::sandbox): without our environment, our files, a
//! network or our user.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use crate::sandbox::{Confinement, Report};

/// Where programs are looked for if nobody says anything else.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// What a program that does not exist ends its launcher with, as a shell has it.
pub const NOT_FOUND: u8 = 127;

/// Starts programs by way of this one, which confines itself and becomes the other.
#[derive(Debug, Clone)]
pub struct Launcher {
    ayushma: Option<PathBuf>,
    path: Option<OsString>,
}

impl Launcher {
    /// `ayushma sandbox …` must do what its help says.
    pub const fn new(ayushma: PathBuf) -> Self {
        Self { ayushma: Some(ayushma), path: None }
    }

    /// Looks for programs in these folders, as they stand in `PATH`.
    #[must_use]
    pub fn looking_in(self, path: Option<OsString>) -> Self {
        Self { path, ..self }
    }

    /// For tests and benches of crates that do not have the program `ayushma`: what it starts has an empty environment, and no more.
    pub const fn unconfined() -> Self {
        Self { ayushma: None, path: None }
    }

    /// A program, to which arguments and pipes can be added. It is killed when its handle is dropped, and when this process ends.
    /// If it does not exist, its launcher ends with [`NOT_FOUND`].
    pub fn program(&self, program: &Path, confinement: &Confinement) -> Command {
        let Some(ayushma) = &self.ayushma else { return self.alone(program) };
        let mut command = self.alone(ayushma);
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

    /// The process in which a document is read: this program, which confines itself and may fill so many bytes of memory.
    pub fn reader(&self, memory: u64) -> io::Result<Command> {
        let ayushma = self.ayushma.as_deref().ok_or_else(|| io::Error::other("there is no program that reads"))?;
        let mut command = self.alone(ayushma);
        command.args(["sandbox", "read", "--memory", &memory.to_string()]);
        Ok(command)
    }

    /// Says in the log how well programs are confined on this machine.
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

    /// Which parts of the confinement hold on this machine.
    ///
    /// # Errors
    /// If no process can be confined.
    pub async fn report(&self) -> io::Result<Report> {
        let ayushma = self.ayushma.as_deref().ok_or_else(|| io::Error::other("nothing is confined"))?;
        let output = self.alone(ayushma).args(["sandbox", "report"]).stdin(Stdio::null()).output().await?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// In a group of its own, which can be killed with whatever it has started.
    fn alone(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", self.path.as_deref().unwrap_or_else(|| OsStr::new(PATH)));
        command.env("LC_ALL", "C.UTF-8").current_dir("/").process_group(0).kill_on_drop(true);
        // Our allocator would take a gigabyte before the limit holds.
        command.env("MIMALLOC_ARENA_RESERVE", "0");
        command
    }
}

/// Kills a child with all that it has started, unless it has ended before.
pub(super) struct KilledGroup(Option<Pid>);

impl KilledGroup {
    pub(super) fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    /// The child has ended, and its number may be another's from now on.
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
