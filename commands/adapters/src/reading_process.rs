//! The child process: reads a file from standard input, writes its text or its passages to standard output, and can take no more of
//! the machine and see no more of it than it is given.

use std::{
    io::{self, BufRead as _, Read as _, Write as _},
    path::Path,
    process::ExitCode,
};

use serde::{Deserialize, Serialize};

use crate::sandbox::{Confinement, extend_cpu_seconds, forbid_programs, program};
use knowledge::extraction::{FileHints, Reading, Unreadable, extract, may_start_programs};
use knowledge::retrieval::passages::{self, PassageText};

/// Seconds that it may compute to read a file, and to cut its text besides.
pub const CPU_SECONDS: u64 = 30;
const CUTTING_CPU_SECONDS: u64 = 30;

/// What the child writes, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Cut { passages: Vec<PassageText>, reading: Reading },
    Read(Reading),
    Unreadable(Unreadable),
}

/// What the child is given before the file: a line of JSON, because the arguments of a process are seen by everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub hints: FileHints,
    /// Of the file, in bytes.
    pub size: u64,
    /// Whether passages are wanted, and not the text as it is.
    pub cut: bool,
}

/// What holds for the child, and for `pdftotext` if it starts that: each may fill so many bytes of memory.
pub fn confinement(memory: u64) -> Confinement {
    Confinement {
        memory,
        cpu_seconds: Some((CPU_SECONDS, CPU_SECONDS + CUTTING_CPU_SECONDS)),
        programs: program(Path::new("pdftotext")).into_iter().collect(),
        starts_processes: true,
        ..Confinement::default()
    }
}

/// All that the child does.
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
    // At once: a growing one is copied, and takes up to twice as much.
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
        Err(unreadable) => Outcome::Unreadable(unreadable),
    };
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut stdout, &outcome)?;
    stdout.flush()
}
