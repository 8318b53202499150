//! The child process that reads a file from standard input and writes its text or its passages to standard output. It
//! confines itself, and is limited in memory and time.

use std::{
    io::{self, BufRead as _, Read as _, Write as _},
    path::Path,
    process::ExitCode,
};

use serde::{Deserialize, Serialize};

use crate::sandbox::{Confinement, extend_cpu_seconds, forbid_programs, program};
use knowledge::extraction::{ExtractionFailure, FileHints, Reading, extract, may_start_programs};
use knowledge::retrieval::passages::{self, PassageText};

/// Seconds of CPU time to read a file, and as many again to cut its text.
pub const CPU_SECONDS: u64 = 30;
const CUTTING_CPU_SECONDS: u64 = 30;

/// The child's output, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Cut { passages: Vec<PassageText>, reading: Reading },
    Read(Reading),
    Unreadable(ExtractionFailure),
}

/// The child's input before the file, as a line of JSON; arguments of a process would be visible to other users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub hints: FileHints,
    /// The size of the file in bytes.
    pub size: u64,
    /// Whether to return passages instead of the text.
    pub cut: bool,
}

/// The confinement of the child, and of `pdftotext` if it starts that: each may fill `memory` bytes.
pub fn confinement(memory: u64) -> Confinement {
    Confinement {
        memory,
        cpu_seconds: Some((CPU_SECONDS, CPU_SECONDS + CUTTING_CPU_SECONDS)),
        programs: program(Path::new("pdftotext")).into_iter().collect(),
        starts_processes: true,
        ..Confinement::default()
    }
}

/// The main function of the child.
pub fn run(memory: u64) -> ExitCode {
    match read_and_write(memory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read_and_write(memory: u64) -> io::Result<()> {
    confinement(memory).apply()?;
    let mut stdin = io::stdin().lock();
    let mut line = String::new();
    stdin.read_line(&mut line)?;
    let Request { hints, size, cut } = serde_json::from_str(&line)?;
    // Allocated at once, because a growing buffer is copied and takes up to twice as much.
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(memory)).unwrap_or(0));
    stdin.read_to_end(&mut bytes)?;
    if !may_start_programs(&bytes, &hints) {
        forbid_programs();
    }
    let outcome = match extract(&bytes, &hints) {
        Ok(reading) if cut => {
            extend_cpu_seconds(CPU_SECONDS + CUTTING_CPU_SECONDS)?;
            Outcome::Cut { passages: passages::cut("", &reading.parts), reading }
        }
        Ok(reading) => Outcome::Read(reading),
        Err(failure) => Outcome::Unreadable(failure),
    };
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut stdout, &outcome)?;
    stdout.flush()
}
