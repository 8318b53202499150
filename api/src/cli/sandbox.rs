//! `ayushma sandbox`: confines the process before it reads a document, or becomes a program that gets untrusted input.
//!
//! No setting reaches these commands: neither the file `.env` nor the environment is looked at.

use std::{
    ffi::OsString,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use adapters::{
    launcher::NOT_FOUND,
    reading_process,
    sandbox::{Confinement, program},
};
use clap::Parser;

/// Confines this process: no file but those that it needs, no network, no other process, no privilege
#[derive(Debug, Parser)]
#[command(name = "ayushma sandbox", max_term_width = 110)]
enum Sandbox {
    /// Reads a document from standard input, after a line that says what is known of it, and writes its text as JSON
    Read {
        /// Bytes of memory that it may fill
        #[arg(long)]
        memory: u64,
    },
    /// Becomes another program
    Run(Run),
    /// Says as JSON which parts of the confinement this kernel enforces
    Report,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Bytes of memory that it may fill
    #[arg(long)]
    memory: u64,

    /// Seconds that it may compute
    #[arg(long)]
    cpu_seconds: Option<u64>,

    /// What it may read besides the system's libraries and data
    #[arg(long)]
    read: Vec<PathBuf>,

    /// The program with its arguments
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

/// Runs the command if the process was started with `sandbox`, and returns its exit code; `None` for other commands.
pub(super) fn main() -> Option<ExitCode> {
    if std::env::args_os().nth(1).is_none_or(|command| command != "sandbox") {
        return None;
    }
    Some(match Sandbox::parse_from(std::env::args_os().skip(1)) {
        Sandbox::Read { memory } => reading_process::run(memory),
        Sandbox::Run(run) => run.run(),
        Sandbox::Report => report(),
    })
}

impl Run {
    /// Confines the process and replaces it by the program; returns only if that fails.
    fn run(self) -> ExitCode {
        let Some((name, arguments)) = self.program.split_first() else { return ExitCode::FAILURE };
        let Some(program) = program(Path::new(name)) else {
            eprintln!("error: there is no program {}", name.display());
            return ExitCode::from(NOT_FOUND);
        };
        let keeps_user = !self.read.iter().chain([&program]).all(|path| is_for_everybody(path));
        let confinement = Confinement {
            keeps_user,
            memory: self.memory,
            cpu_seconds: self.cpu_seconds.map(|seconds| (seconds, seconds)),
            readable: self.read,
            programs: vec![program.clone()],
            starts_processes: false,
        };
        if let Err(error) = confinement.apply() {
            eprintln!("error: the process cannot be confined: {error}");
            return ExitCode::FAILURE;
        }
        // A program that is named with a folder is started by that path, not by its absolute one: the folders above may
        // be closed to the user that it runs as.
        let path = if Path::new(name).components().count() > 1 { Path::new(name) } else { &program };
        let error = Command::new(path).args(arguments).env_remove("MIMALLOC_ARENA_RESERVE").exec();
        eprintln!("error: {} cannot be started: {error}", program.display());
        ExitCode::FAILURE
    }
}

/// Whether all users may read the file, or list and enter the folder.
fn is_for_everybody(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|it| it.permissions().mode() & 0o004 != 0 && (!it.is_dir() || it.permissions().mode() & 0o001 != 0))
}

fn report() -> ExitCode {
    let report = reading_process::confinement(u64::MAX).apply().map_err(serde_json::Error::io);
    match report.and_then(|report| serde_json::to_string(&report)) {
        Ok(report) => {
            crate::terminal::say(&report);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
