//! The confinement of processes that work on what strangers wrote: a parser that is taken over by a hostile file finds no key, no
//! network and nobody to attack.
//!
//! A process confines itself before it reads a byte of its input, and what it starts is confined as well. Every part is applied
//! as far as this kernel has it: the [`Report`] says which ones hold.

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

/// Files, sockets aside, that a process may have open.
const FILES: u64 = 64;
/// Processes and threads of a user of its own.
const PROCESSES: u64 = 64;

/// What a process may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confinement {
    /// Memory that it may fill, in bytes.
    pub memory: u64,
    /// Seconds that it may compute, and how far it may raise that itself; `None` for one that serves as long as its parent lives.
    pub cpu_seconds: Option<(u64, u64)>,
    /// Folders and files that it may read besides the libraries and data of the system.
    pub readable: Vec<PathBuf>,
    /// Programs that it may become or start.
    pub programs: Vec<PathBuf>,
    /// Whether it may start processes; threads it may.
    pub starts_processes: bool,
    /// Whether root stays root, without a privilege: its files are for no other user to read.
    pub keeps_user: bool,
}

/// Which parts of the confinement this kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// No file but those that it needs (landlock).
    pub files: bool,
    /// No sockets, no tracing, no mounting and the like (seccomp).
    pub system_calls: bool,
    /// Another user than its parent, or a namespace of users of its own: the parent's memory and environment are out of reach.
    pub user: bool,
}

impl Report {
    pub const fn is_complete(self) -> bool {
        self.files && self.system_calls && self.user
    }
}

impl Confinement {
    /// Confines this process, for ever. It must have one thread only.
    ///
    /// # Errors
    /// If not even limits on memory and time can be set.
    pub fn apply(&self) -> io::Result<Report> {
        limit(Resource::Data, self.memory, self.memory)?;
        limit(Resource::Core, 0, 0)?;
        limit(Resource::Nofile, FILES, FILES)?;
        if let Some((seconds, most)) = self.cpu_seconds {
            limit(Resource::Cpu, seconds, most)?;
        }
        // What may be read is looked up while everything can be.
        let rules = files::rules(self);
        let user = identity::separate(self.keeps_user);
        if user {
            limit(Resource::Nproc, PROCESSES, PROCESSES)?;
        }
        identity::drop_capabilities();
        // After the change of user, which would undo both.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        let files = files::restrict(rules);
        let system_calls = calls::forbid(self.starts_processes);
        Ok(Report { files, system_calls, user })
    }
}

/// Where a program is; one without a folder is looked for in `PATH`, of which the process that is to be confined was told.
pub fn program(name: &Path) -> Option<PathBuf> {
    if name.components().count() > 1 {
        return name.canonicalize().ok();
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).find_map(|folder| folder.join(name).canonicalize().ok())
}

/// Lets the process compute for so many seconds in all, the most that its [`Confinement`] allows.
pub fn extend_cpu_seconds(most: u64) -> io::Result<()> {
    limit(Resource::Cpu, most, most)
}

fn limit(resource: Resource, now: u64, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(now), maximum: Some(most) })?)
}
