//! The child process: reads a file from standard input, writes its text to standard output, and cannot take more of the machine
//! than it is given.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::{FileHints, Part, Unreadable, extract};

/// Memory that it may fill, in bytes.
pub const MEMORY: u64 = 512 * 1_048_576;
/// Seconds that it may compute.
pub const CPU_SECONDS: u64 = 30;

/// What the child writes, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Parts(Vec<Part>),
    Unreadable(Unreadable),
}

/// All that the child does. The limits hold for it and for whatever it starts.
pub fn run(hints: &FileHints) -> ExitCode {
    match read_and_write(hints) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read_and_write(hints: &FileHints) -> io::Result<()> {
    limit(Resource::Data, MEMORY)?;
    limit(Resource::Cpu, CPU_SECONDS)?;
    limit(Resource::Core, 0)?;
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let outcome = match extract(&bytes, hints) {
        Ok(parts) => Outcome::Parts(parts),
        Err(unreadable) => Outcome::Unreadable(unreadable),
    };
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut stdout, &outcome)?;
    stdout.flush()
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}
