//! The confinement of processes that work on untrusted input: a parser that is taken over by a hostile file finds no
//! key, no network and no other process to attack.
//!
//! A process confines itself before it reads a byte of its input, and the processes that it starts inherit the
//! confinement. Every part is applied as far as the kernel supports it; the [`Report`] tells which ones hold.

mod calls;
mod files;
mod identity;

use std::{
    env, io,
    path::{Path, PathBuf},
};

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, set_parent_process_death_signal, setrlimit,
};
use serde::{Deserialize, Serialize};

pub use calls::forbid_programs;

/// Open files of a process, not counting sockets.
const FILES: u64 = 64;
/// Processes and threads of a process that has a user of its own.
const PROCESSES: u64 = 64;

/// The limits and rights of a confined process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confinement {
    /// The memory that it may fill, in bytes.
    pub memory: u64,
    /// Seconds of CPU time, and the value up to which it may raise that itself; `None` for a process that serves as
    /// long as its parent lives.
    pub cpu_seconds: Option<(u64, u64)>,
    /// Folders and files that it may read besides the system's libraries and data.
    pub readable: Vec<PathBuf>,
    /// Programs that it may execute.
    pub programs: Vec<PathBuf>,
    /// Whether it may start processes; threads are always allowed.
    pub starts_processes: bool,
    /// Whether root stays root, without capabilities, because no other user may read the files that it needs.
    pub keeps_user: bool,
}

/// The parts of the confinement that this kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Access to files is restricted to those that it needs (landlock).
    pub files: bool,
    /// Sockets, tracing, mounting and the like are blocked (seccomp).
    pub system_calls: bool,
    /// It has another user than its parent, or a user namespace of its own, so that it cannot access the parent's
    /// memory and environment.
    pub user: bool,
}

impl Report {
    pub const fn is_complete(self) -> bool {
        self.files && self.system_calls && self.user
    }
}

impl Confinement {
    /// Confines this process irrevocably. The process must have a single thread.
    ///
    /// # Errors
    /// An error of the operating system if the limits on memory and time cannot be set.
    pub fn apply(&self) -> io::Result<Report> {
        limit(Resource::Data, self.memory, self.memory)?;
        limit(Resource::Core, 0, 0)?;
        limit(Resource::Nofile, FILES, FILES)?;
        if let Some((seconds, most)) = self.cpu_seconds {
            limit(Resource::Cpu, seconds, most)?;
        }
        // The paths are opened while all of them are still accessible.
        let rules = files::rules(self);
        let user = identity::separate(self.keeps_user);
        if user {
            limit(Resource::Nproc, PROCESSES, PROCESSES)?;
        }
        identity::drop_capabilities();
        // After the change of user, which would reset both.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        let files = files::restrict(rules);
        let system_calls = calls::forbid(self.starts_processes);
        Ok(Report { files, system_calls, user })
    }
}

/// The path of a program; a name without a folder is looked for in `PATH`, which the confined process inherits.
pub fn program(name: &Path) -> Option<PathBuf> {
    if name.components().count() > 1 {
        return name.canonicalize().ok();
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).find_map(|folder| folder.join(name).canonicalize().ok())
}

/// Raises the CPU time of this process to `most` seconds in all, up to the limit in its [`Confinement`].
///
/// # Errors
/// An error of the operating system if `most` exceeds that limit.
pub fn extend_cpu_seconds(most: u64) -> io::Result<()> {
    limit(Resource::Cpu, most, most)
}

fn limit(resource: Resource, now: u64, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(now), maximum: Some(most) })?)
}
